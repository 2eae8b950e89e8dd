#include "wired_outputs.h"

#include <string>

namespace smmuvp::smmuv3 {

namespace {

// The quirk cavium_126.
Signals by_one_line(Signals s) {
  s.eventq = s.eventq || s.gerror || s.cmdq_sync || s.priq;
  s.gerror = s.cmdq_sync = s.priq = false;
  return s;
}

Levels by_one_line(Levels l) {
  l.eventq = l.eventq || l.gerror || l.priq;
  l.gerror = l.priq = false;
  return l;
}

}  // namespace

WiredOutputs::WiredOutputs(const Ports& ports, bool level, bool shared, const sc_core::sc_time& clock,
                           smmu::OutputGroup& group, const std::string& prefix, WiredOutputs* first)
    : m_level(level),
      m_shared(shared),
      m_eventq(level ? group.add_level(prefix + "eventq", ports.eventq)
                     : group.add_pulse(prefix + "eventq", ports.eventq, clock)),
      m_gerror(level ? group.add_level(prefix + "gerror", ports.gerror)
                     : group.add_pulse(prefix + "gerror", ports.gerror, clock)),
      m_cmdq_sync(group.add_pulse(prefix + "cmdq_sync", ports.cmdq_sync, clock)),
      m_event(first != nullptr ? first->m_event : group.add_pulse("event", ports.event, clock)) {
  if (ports.priq != nullptr) {
    m_priq = level ? &group.add_level(prefix + "priq", *ports.priq)
                   : &group.add_pulse(prefix + "priq", *ports.priq, clock);
  }
  for (LineOut* port : ports.pmcg) {
    const std::string name = "pmcg" + std::to_string(m_pmcg.size());
    m_pmcg.push_back(&group.add_pulse(name, *port, clock));
  }
}

void WiredOutputs::update(Pmcgs& pmcgs) {
  for (unsigned i = 0; i < pmcgs.size(); ++i) {
    if (pmcgs.group(i).take_edge()) m_pmcg[i]->request();
  }
}

void WiredOutputs::update(ProgrammingInterface& interface) {
  Signals s = interface.take_signals();
  if (m_shared) s = by_one_line(s);
  if (s.eventq) m_eventq.request();
  if (s.gerror) m_gerror.request();
  if (s.cmdq_sync) m_cmdq_sync.request();
  if (s.event) m_event.request();
  if (s.priq && m_priq != nullptr) m_priq->request();
  if (!m_level) return;
  Levels levels = interface.levels();
  if (m_shared) levels = by_one_line(levels);
  m_eventq.set(levels.eventq);
  m_gerror.set(levels.gerror);
  if (m_priq != nullptr) m_priq->set(levels.priq);
}

// What waits for the end of a pulse must not follow when the lack of an enable is acknowledged (6.3.16,
// 10.5.2.19).
void WiredOutputs::cancel_disabled(const Pmcgs& pmcgs) {
  for (unsigned i = 0; i < pmcgs.size(); ++i) {
    if (!pmcgs.group(i).irq_enabled()) m_pmcg[i]->cancel();
  }
}

void WiredOutputs::cancel_disabled(const ProgrammingInterface& interface) {
  const std::uint32_t enabled = interface.reg(SMMU_IRQ_CTRL);
  if (m_shared) return;  // a pulse that waits may be a CMD_SYNC's, which nothing disables
  if ((enabled & IRQ_CTRL_EVENTQ_IRQEN) == 0) m_eventq.cancel();
  if ((enabled & IRQ_CTRL_GERROR_IRQEN) == 0) m_gerror.cancel();
  if ((enabled & IRQ_CTRL_PRIQ_IRQEN) == 0 && m_priq != nullptr) m_priq->cancel();
}

}  // namespace smmuvp::smmuv3
