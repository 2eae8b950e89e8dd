#include "lines.h"

#include <algorithm>
#include <string>

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmuv2 {

namespace {

void show(const std::vector<InterruptOutput*>& outputs, const std::vector<bool>& levels) {
  const std::size_t n = std::min(outputs.size(), levels.size());
  for (std::size_t i = 0; i < n; ++i) outputs[i]->set(levels[i]);
}

}  // namespace

Lines::Lines(const sc_core::sc_module_name& name, Faults& faults, const Ports& ports,
             smmu::OutputGroup& group)
    : sc_core::sc_module(name),
      m_faults(faults),
      m_gfsr(group.add_level("gfsr", ports.gfsr)),
      m_cfg(group.add_level("cfg", ports.cfg)),
      m_sgfsr(group.add_level("sgfsr", ports.sgfsr)),
      m_scfg(group.add_level("scfg", ports.scfg)) {
  for (std::size_t i = 0; i < ports.context.size(); ++i) {
    m_context.push_back(&group.add_level("context" + std::to_string(i), ports.context[i]));
  }
  for (std::size_t i = 0; i < ports.pm.size(); ++i) {
    m_pm.push_back(&group.add_level("pm" + std::to_string(i), ports.pm[i]));
  }
  SMMUVP_HAS_PROCESS(Lines);
  SC_METHOD(show);
  sensitive << m_due;
  dont_initialize();
}

void Lines::show() {
  if (!m_faults.take_changed() && !m_stale) return;
  m_stale = false;
  const Levels& levels = m_faults.levels();
  m_gfsr.set(levels.NSgIrpt);
  m_cfg.set(levels.NSgCfgIrpt);
  m_sgfsr.set(levels.gIrpt);
  m_scfg.set(levels.gCfgIrpt);
  smmuv2::show(m_context, levels.context);
  smmuv2::show(m_pm, levels.pm);
}

void Lines::show_at(smmu::TimePs time) {
  if (!m_faults.take_changed()) return;
  m_stale = true;
  const sc_core::sc_time at = from_ps(time);
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  m_due.notify(at > now ? at - now : sc_core::SC_ZERO_TIME);
}

}  // namespace smmuvp::smmuv2
