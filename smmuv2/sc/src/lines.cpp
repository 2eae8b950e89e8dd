#include "lines.h"

#include <algorithm>
#include <string>

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmuv2 {

using smmu::TimePs;

namespace {

TimePs now_ps() { return to_ps(sc_core::sc_time_stamp()); }

}  // namespace

Lines::Lines(const sc_core::sc_module_name& name, Faults& faults, const Ports& ports,
             smmu::OutputGroup& group, const smmu::Adversity& adversity)
    : sc_core::sc_module(name), m_faults(faults), m_delays(adversity, "lines", adversity.interrupt_delay) {
  const auto add = [&group](std::vector<Line>& lines, const std::string& line, LineOut& port) {
    lines.push_back({&group.add_level(line, port)});
  };
  add(m_global, "gfsr", ports.gfsr);
  add(m_global, "cfg", ports.cfg);
  add(m_global, "sgfsr", ports.sgfsr);
  add(m_global, "scfg", ports.scfg);
  for (std::size_t i = 0; i < ports.context.size(); ++i) {
    add(m_context, "context" + std::to_string(i), ports.context[i]);
  }
  for (std::size_t i = 0; i < ports.pm.size(); ++i) add(m_pm, "pm" + std::to_string(i), ports.pm[i]);
  SMMUVP_HAS_PROCESS(Lines);
  SC_METHOD(show);
  sensitive << m_due;
  dont_initialize();
}

void Lines::show() {
  if (!m_faults.take_changed() && !m_stale) return;
  take(now_ps());
  drive();
}

void Lines::show_at(TimePs time) {
  if (!m_faults.take_changed()) return;
  take(time);
  m_stale = true;
  const sc_core::sc_time at = from_ps(time);
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  m_due.notify(at > now ? at - now : sc_core::SC_ZERO_TIME);  // an earlier notification stays
}

// Levels have changed at `time`.
void Lines::take(TimePs time) {
  const Levels& levels = m_faults.levels();
  const bool global[] = {levels.NSgIrpt, levels.NSgCfgIrpt, levels.gIrpt, levels.gCfgIrpt};
  for (std::size_t i = 0; i < m_global.size(); ++i) take(m_global[i], global[i], time);
  const std::size_t contexts = std::min(m_context.size(), levels.context.size());
  for (std::size_t i = 0; i < contexts; ++i) take(m_context[i], levels.context[i], time);
  const std::size_t groups = std::min(m_pm.size(), levels.pm.size());
  for (std::size_t i = 0; i < groups; ++i) take(m_pm[i], levels.pm[i], time);
}

void Lines::take(Line& line, bool level, TimePs time) {
  if (level && !line.level) line.rises = time + m_delays.draw();
  line.level = level;
}

void Lines::drive() {
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  m_stale = false;
  for (std::vector<Line>* lines : {&m_global, &m_context, &m_pm}) {
    for (const Line& line : *lines) {
      const sc_core::sc_time at = from_ps(line.rises);
      const bool early = line.level && at > now;
      line.output->set(line.level && !early);
      if (!early) continue;
      m_stale = true;
      m_due.notify(at - now);
    }
  }
}

void Lines::visit(Archive& archive) {
  m_stale = true;
  if (archive.loading()) take(now_ps());
  archive.begin("lines");
  for (std::vector<Line>* lines : {&m_global, &m_context, &m_pm}) {
    for (Line& line : *lines) archive.time("rises", line.rises);
  }
  m_delays.visit(archive);
  archive.end();
}

}  // namespace smmuvp::smmuv2
