#include "smmuvp/smmuv2/late_maintenance.h"

#include <algorithm>

#include "smmuvp/smmuv2/programming_interface.h"

namespace smmuvp::smmuv2 {

using smmu::TimePs;

namespace {

constexpr std::size_t most_late = 256;  // the oldest takes effect when there is one more

void visit_invalidation(Archive& archive, smmu::Invalidation& what) {
  const auto value = [&archive](auto& v) { archive.value("value", v); };
  archive.optional("regime", what.regime, value);
  archive.optional("vmid", what.vmid, value);
  archive.optional("asid", what.asid, value);
  archive.value("asid_spares_global", what.asid_spares_global);
  archive.value("stages", what.stages);
  archive.optional("range", what.range, [&archive](smmu::AddressRange& range) {
    archive.value("first", range.first);
    archive.value("last", range.last);
  });
  archive.optional("hint", what.hint, [&archive](smmu::TtlHint& hint) {
    archive.value("granule", hint.granule);
    archive.value("level", hint.level);
  });
  archive.value("leaf", what.leaf);
}

}  // namespace

LateMaintenance::LateMaintenance(const Parts& parts, ProgrammingInterface& interface)
    : m_parts(parts),
      m_interface(interface),
      m_delays(parts.structures.adversity, "maintenance", parts.structures.adversity.invalidation_delay) {}

void LateMaintenance::add(const smmu::Invalidation& what, std::string_view name, TimePs now) {
  const TimePs time = now + m_delays.draw();
  m_late.push_back({what, std::string(name), m_late.empty() ? time : std::max(time, m_late.back().time)});
  if (m_late.size() > most_late) carry_out(m_late.front().time);
}

// Clients whose pointers go are told meanwhile, and may reset the SMMU.
void LateMaintenance::carry_out(TimePs now) {
  while (!m_late.empty() && m_late.front().time <= now) {
    const Late late = std::move(m_late.front());
    m_late.pop_front();
    ++m_done;
    m_parts.engine.invalidate(late.what, late.name, std::max(late.time, now));
    m_barrier = m_parts.engine.in_flight().barrier();
    if (Speculation* speculation = m_interface.speculation()) speculation->invalidated(now);
  }
}

bool LateMaintenance::busy(std::uint64_t count, TimePs now) {
  carry_out(now);
  return m_done < count || !m_parts.engine.in_flight().done(m_barrier);
}

std::optional<TimePs> LateMaintenance::due() const {
  if (m_late.empty() || m_interface.held()) return std::nullopt;
  return m_late.front().time;
}

smmu::Step LateMaintenance::step(TimePs now) {
  m_parts.engine.prune(now);
  if (!m_interface.held()) carry_out(now);
  return smmu::Step::done;
}

// A reset empties all caches.
void LateMaintenance::reset() {
  m_done += m_late.size();
  m_late.clear();
  m_barrier = 0;
}

void LateMaintenance::visit(Archive& archive) {
  if (!any()) return;
  archive.begin("late_maintenance");
  m_delays.visit(archive);
  archive.list("late", m_late, most_late, [&archive](Late& late) {
    visit_invalidation(archive, late.what);
    archive.text("name", late.name);
    archive.time("time", late.time);
  });
  archive.value("done", m_done);
  archive.value("barrier", m_barrier);
  archive.end();
}

}  // namespace smmuvp::smmuv2
