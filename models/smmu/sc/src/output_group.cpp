#include "smmuvp/smmu_sc/output_group.h"

#include <utility>

namespace smmuvp::smmu {

InterruptOutput& OutputGroup::add_pulse(const std::string& name, LineOut& port,
                                        const sc_core::sc_time& clock) {
  auto pulse = std::make_unique<PulseOutput>((name + "_pulse").c_str(), port, clock);
  if (m_adversity.interrupt_delay != 0) {
    Delays& delays = m_delays.emplace_back(m_adversity, name, m_adversity.interrupt_delay);
    pulse->set_delay([&delays] { return delays.draw(); });
  }
  return add(std::move(pulse), port);
}

InterruptOutput& OutputGroup::add_level(const std::string& name, LineOut& port) {
  return add(std::make_unique<LevelOutput>((name + "_level").c_str(), port), port);
}

InterruptOutput& OutputGroup::add(std::unique_ptr<InterruptOutput> output, const LineOut& port) {
  m_outputs.push_back(std::make_unique<InjectableOutput>(std::move(output), port.basename()));
  return *m_outputs.back();
}

void OutputGroup::set_injector(Injector* injector) {
  for (const auto& output : m_outputs) output->set_injector(injector);
}

void OutputGroup::cancel() {
  for (const auto& output : m_outputs) output->cancel();
}

std::uint64_t OutputGroup::coalesced() const {
  std::uint64_t n = 0;
  for (const auto& output : m_outputs) n += output->coalesced();
  return n;
}

void OutputGroup::reset_statistics() {
  for (const auto& output : m_outputs) output->reset_statistics();
}

void OutputGroup::visit(Archive& archive) {
  for (const auto& output : m_outputs) output->visit(archive);
  for (Delays& delays : m_delays) delays.visit(archive);
}

}  // namespace smmuvp::smmu
