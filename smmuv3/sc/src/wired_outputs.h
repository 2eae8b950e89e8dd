// The wired interrupts and the event output of an SMMUv3.
#pragma once

#include <string>
#include <systemc>
#include <vector>

#include "smmuvp/smmu_sc/output_group.h"
#include "smmuvp/smmuv3/pmcgs.h"
#include "smmuvp/smmuv3/programming_interface.h"

namespace smmuvp::smmuv3 {

class WiredOutputs {
 public:
  struct Ports {
    LineOut& eventq;
    LineOut& gerror;
    LineOut& cmdq_sync;
    LineOut& event;
    LineOut* priq = nullptr;       ///< none of a Secure interface
    std::vector<LineOut*> pmcg{};  ///< of each counter group
  };

  /// @param level   eventq, gerror and priq show what holds, and not that it has begun
  /// @param group   they join it
  /// @param prefix  of their names there
  /// @param shared  all interrupts of an SMMU leave by eventq (the quirk cavium_126)
  /// @param first   another interface's, which has the event output; nullptr: these have it
  WiredOutputs(const Ports& ports, bool level, bool shared, const sc_core::sc_time& clock,
               smmu::OutputGroup& group, const std::string& prefix = {}, WiredOutputs* first = nullptr);

  /// Shows what has happened since the last call, and what holds.
  void update(ProgrammingInterface& interface);
  void update(Pmcgs& pmcgs);
  /// After a write of a register: IRQ_CTRL, or one of a counter group, may have been it.
  void cancel_disabled(const ProgrammingInterface& interface);
  void cancel_disabled(const Pmcgs& pmcgs);

 private:
  bool m_level;
  bool m_shared;
  InterruptOutput& m_eventq;
  InterruptOutput& m_gerror;
  InterruptOutput& m_cmdq_sync;
  InterruptOutput& m_event;
  InterruptOutput* m_priq = nullptr;
  std::vector<InterruptOutput*> m_pmcg;
};

}  // namespace smmuvp::smmuv3
