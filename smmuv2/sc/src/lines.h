// The interrupt outputs of an SMMUv2 (IHI 0062 3.6).
#pragma once

#include <cstddef>
#include <systemc>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu_sc/output_group.h"
#include "smmuvp/smmuv2/faults.h"

namespace smmuvp::smmuv2 {

/// Shows the core's levels, none of them before its time: an initiator that runs ahead records a fault that
/// is still to come, whatever else is shown meanwhile.
class Lines : public sc_core::sc_module {
 public:
  struct Ports {
    LineOut& gfsr;
    LineOut& cfg;
    LineOut& sgfsr;
    LineOut& scfg;
    sc_core::sc_vector<LineOut>& context;
    sc_core::sc_vector<LineOut>& pm;
  };

  /// @param faults  outlives this, as do the ports. @param group  the outputs join it. @param adversity lines
  /// rise late by it
  Lines(const sc_core::sc_module_name& name, Faults& faults, const Ports& ports, smmu::OutputGroup& group,
        const smmu::Adversity& adversity);

  /// Shows what holds, but for faults of accesses that are still to come. What has changed, changed now.
  void show();
  /// An access may have recorded a fault: shows it when simulated time has come to the access's.
  void show_at(smmu::TimePs time);
  /// The core has been reset: the next show() shows all of it.
  void forget() { m_stale = true; }
  /// After the core's visit(): when lines are to rise.
  void visit(Archive& archive);

 private:
  struct Line {
    InterruptOutput* output;
    bool level = false;      // the core's
    smmu::TimePs rises = 0;  // when that shows, if it is high
  };
  void take(smmu::TimePs time);
  void take(Line& line, bool level, smmu::TimePs time);
  void drive();

  Faults& m_faults;
  smmu::Delays m_delays;
  std::vector<Line> m_global;  // as the first four of Levels
  std::vector<Line> m_context;
  std::vector<Line> m_pm;
  bool m_stale = true;  // the outputs show something else than m_faults, or may
  sc_core::sc_event m_due;
};

}  // namespace smmuvp::smmuv2
