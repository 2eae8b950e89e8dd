// The interrupt and event outputs of a module, as one.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu_sc/injectable_output.h"
#include "smmuvp/tlm/pulse_output.h"

namespace smmuvp::smmu {

class OutputGroup {
 public:
  /// @param adversity  pulses come late by it
  explicit OutputGroup(const Adversity& adversity) : m_adversity(adversity) {}
  OutputGroup(const OutputGroup&) = delete;
  OutputGroup& operator=(const OutputGroup&) = delete;

  /// @param port  outlives the group. @return  one of the group's
  InterruptOutput& add_pulse(const std::string& name, LineOut& port, const sc_core::sc_time& clock);
  InterruptOutput& add_level(const std::string& name, LineOut& port);

  /// Whom each asks for faults that are to be injected; before simulation. nullptr: nobody
  void set_injector(Injector* injector);
  /// A reset: what is not on a line yet never is.
  void cancel();
  std::uint64_t coalesced() const;
  void reset_statistics();
  void visit(Archive& archive);

 private:
  InterruptOutput& add(std::unique_ptr<InterruptOutput> output, const LineOut& port);

  Adversity m_adversity;
  std::deque<Delays> m_delays;  // of pulses, in their order; where there are any
  std::vector<std::unique_ptr<InjectableOutput>> m_outputs;
};

}  // namespace smmuvp::smmu
