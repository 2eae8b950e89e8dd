#include "wired_outputs.h"

namespace smmuvp::smmuv3 {

WiredOutputs::WiredOutputs(const Ports& ports, bool level, const sc_core::sc_time& clock)
    : m_level(level),
      m_eventq(output("eventq", ports.eventq, clock)),
      m_gerror(output("gerror", ports.gerror, clock)),
      m_cmdq_sync("cmdq_sync_pulse", ports.cmdq_sync, clock),
      m_event("event_pulse", ports.event, clock) {}

std::unique_ptr<InterruptOutput> WiredOutputs::output(const std::string& name, LineOut& port,
                                                      const sc_core::sc_time& clock) const {
  if (m_level) return std::make_unique<LevelOutput>((name + "_level").c_str(), port);
  return std::make_unique<PulseOutput>((name + "_pulse").c_str(), port, clock);
}

void WiredOutputs::update(ProgrammingInterface& interface) {
  const Signals s = interface.take_signals();
  if (s.eventq) m_eventq->request();
  if (s.gerror) m_gerror->request();
  if (s.cmdq_sync) m_cmdq_sync.request();
  if (s.event) m_event.request();
  if (!m_level) return;
  const Levels levels = interface.levels();
  m_eventq->set(levels.eventq);
  m_gerror->set(levels.gerror);
}

// What waits for the end of a pulse must not follow when the lack of an enable is acknowledged (6.3.16).
void WiredOutputs::cancel_disabled(const ProgrammingInterface& interface) {
  const std::uint32_t enabled = interface.reg(SMMU_IRQ_CTRL);
  if ((enabled & IRQ_CTRL_EVENTQ_IRQEN) == 0) m_eventq->cancel();
  if ((enabled & IRQ_CTRL_GERROR_IRQEN) == 0) m_gerror->cancel();
}

void WiredOutputs::cancel() {
  m_eventq->cancel();
  m_gerror->cancel();
  m_cmdq_sync.cancel();
  m_event.cancel();
}

std::uint64_t WiredOutputs::coalesced() const {
  return m_eventq->coalesced() + m_gerror->coalesced() + m_cmdq_sync.coalesced() + m_event.coalesced();
}

void WiredOutputs::reset_statistics() {
  m_eventq->reset_statistics();
  m_gerror->reset_statistics();
  m_cmdq_sync.reset_statistics();
  m_event.reset_statistics();
}

void WiredOutputs::visit(Archive& archive) {
  m_eventq->visit(archive);
  m_gerror->visit(archive);
  m_cmdq_sync.visit(archive);
  m_event.visit(archive);
}

}  // namespace smmuvp::smmuv3
