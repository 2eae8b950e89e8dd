#include "wired_outputs.h"

namespace smmuvp::smmuv3 {

WiredOutputs::WiredOutputs(const Ports& ports, bool level, const sc_core::sc_time& clock,
                           smmu::OutputGroup& group)
    : m_level(level),
      m_eventq(level ? group.add_level("eventq", ports.eventq)
                     : group.add_pulse("eventq", ports.eventq, clock)),
      m_gerror(level ? group.add_level("gerror", ports.gerror)
                     : group.add_pulse("gerror", ports.gerror, clock)),
      m_cmdq_sync(group.add_pulse("cmdq_sync", ports.cmdq_sync, clock)),
      m_event(group.add_pulse("event", ports.event, clock)),
      m_priq(level ? group.add_level("priq", ports.priq) : group.add_pulse("priq", ports.priq, clock)) {}

void WiredOutputs::update(ProgrammingInterface& interface) {
  const Signals s = interface.take_signals();
  if (s.eventq) m_eventq.request();
  if (s.gerror) m_gerror.request();
  if (s.cmdq_sync) m_cmdq_sync.request();
  if (s.event) m_event.request();
  if (s.priq) m_priq.request();
  if (!m_level) return;
  const Levels levels = interface.levels();
  m_eventq.set(levels.eventq);
  m_gerror.set(levels.gerror);
  m_priq.set(levels.priq);
}

// What waits for the end of a pulse must not follow when the lack of an enable is acknowledged (6.3.16).
void WiredOutputs::cancel_disabled(const ProgrammingInterface& interface) {
  const std::uint32_t enabled = interface.reg(SMMU_IRQ_CTRL);
  if ((enabled & IRQ_CTRL_EVENTQ_IRQEN) == 0) m_eventq.cancel();
  if ((enabled & IRQ_CTRL_GERROR_IRQEN) == 0) m_gerror.cancel();
  if ((enabled & IRQ_CTRL_PRIQ_IRQEN) == 0) m_priq.cancel();
}

}  // namespace smmuvp::smmuv3
