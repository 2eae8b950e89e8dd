#include "smmuvp/smmuv3/stalls.h"

#include <algorithm>

namespace smmuvp::smmuv3 {

using smmu::StallAnswer;
using smmu::TimePs;

Stalls::Stalls(const Parts& parts)
    : m_parts(parts),
      m_table(std::max<std::uint32_t>(parts.features.STALL_MAX, 1)),
      m_delays(parts.structures.adversity, "stalls", parts.structures.adversity.event_delay) {}

Stalls::Id Stalls::enter(const Event& event, std::uint64_t generation) {
  const Id id = m_next++;
  Entry& e = m_entries[id];
  e.event = event;
  e.generation = generation;
  ++m_parts.statistics.stalls;
  if (const auto tag = m_table.insert(event.StreamID, {id})) admitted(*tag, event.time);
  return id;
}

// An access has its tag: now software can be told of it.
void Stalls::admitted(Tag tag, TimePs now) {
  const Id id = m_table.find(tag)->id;
  Entry& e = m_entries[id];
  e.event.STAG = static_cast<std::uint16_t>(tag);
  e.tagged = true;
  e.event.time = std::max(e.event.time, now) + m_delays.draw();
  e.event.order = next_order();
  const auto behind =
      std::upper_bound(m_records.begin(), m_records.end(), e.event.time,
                       [this](TimePs time, Id other) { return time < m_entries.at(other).event.time; });
  m_records.insert(behind, id);
}

void Stalls::admit(TimePs now) {
  while (const auto tag = m_table.admit()) {
    const Id id = m_table.find(*tag)->id;
    if (m_entries.at(id).gone) {
      m_table.resolve(*m_table.owner(*tag), *tag, StallAnswer::abort);
      m_table.take_resolved();
      m_entries.erase(id);
    } else {
      admitted(*tag, now);
    }
  }
}

void Stalls::collect(TimePs now) {
  while (const auto resolved = m_table.take_resolved()) {
    const auto at = m_entries.find(resolved->payload.id);
    Entry& e = at->second;
    m_records.erase(std::remove(m_records.begin(), m_records.end(), at->first), m_records.end());
    if (e.gone) {
      m_entries.erase(at);
      continue;
    }
    e.tagged = e.visible = false;
    ++m_answers;
    e.answer = Answer{resolved->answer, std::max(now, e.event.time)};
  }
  admit(now);
  if (m_other != nullptr) m_other->admit(now);
}

std::optional<Stalls::Answer> Stalls::answer(Id id) {
  const auto at = m_entries.find(id);
  if (at == m_entries.end() || !at->second.answer) return std::nullopt;
  const Answer a = *at->second.answer;
  m_entries.erase(at);
  --m_answers;
  if (a.what == StallAnswer::retry) ++m_parts.statistics.stalls_retried;
  return a;
}

void Stalls::forget(Id id) {
  const auto at = m_entries.find(id);
  if (at == m_entries.end()) return;
  Entry& e = at->second;
  if (e.answer) {
    m_entries.erase(at);
    --m_answers;
    return;
  }
  e.gone = true;  // one that waits for a tag goes when it gets it
  if (!e.tagged) return;
  m_table.resolve(e.event.StreamID, e.event.STAG, StallAnswer::abort);
  collect(e.event.time);
}

bool Stalls::resume(std::uint32_t StreamID, std::uint16_t STAG, StallAnswer answer, TimePs now) {
  const Name* name = m_table.find(STAG);
  // 4.7.1: before its record is visible nobody can know the STAG; it is then not affected (CONSTRAINED
  // UNPREDICTABLE).
  if (name == nullptr || !m_entries.at(name->id).visible || !m_table.resolve(StreamID, STAG, answer)) {
    return false;
  }
  collect(now);
  return true;
}

std::size_t Stalls::terminate(std::uint32_t StreamID, TimePs now) {
  const std::size_t n = m_table.resolve_all(StreamID, StallAnswer::abort);
  collect(now);
  return n;
}

std::size_t Stalls::terminate_all(TimePs now) {
  const std::size_t n = m_table.resolve_all(StallAnswer::abort);
  collect(now);
  return n;
}

const Event* Stalls::first_record() const {
  return m_records.empty() ? nullptr : &m_entries.at(m_records.front()).event;
}

std::optional<Event> Stalls::take_record(TimePs now) {
  while (!m_records.empty()) {
    const Id id = m_records.front();
    const Entry& e = m_entries.at(id);
    if (e.event.time > now) break;
    if (e.generation == m_parts.engine.generation()) {
      m_records.pop_front();
      m_taken = id;
      return e.event;
    }
    m_table.resolve(e.event.StreamID, e.event.STAG, StallAnswer::retry);
    collect(now);
  }
  return std::nullopt;
}

void Stalls::recorded(bool visible) {
  const auto at = m_entries.find(m_taken);
  m_taken = 0;
  if (at != m_entries.end() && at->second.tagged) at->second.visible = visible;
}

void Stalls::reset() {
  m_table.clear();
  m_entries.clear();
  m_records.clear();
  m_answers = 0;
  m_taken = 0;
}

// After loading: table, entries and records tell of the same accesses.
bool Stalls::sane() const {
  std::size_t tagged = 0;
  for (const auto& [id, e] : m_entries) {
    if (id == 0 || id >= m_next || (e.answer && e.answer->what > StallAnswer::terminate)) return false;
    if (e.tagged && e.answer) return false;
    if (!e.tagged) continue;
    ++tagged;
    const Name* name = m_table.find(e.event.STAG);
    if (name == nullptr || name->id != id || m_table.owner(e.event.STAG) != e.event.StreamID) return false;
  }
  std::size_t waiting = 0;
  for (const auto& [id, e] : m_entries) waiting += e.answer ? 0U : 1U;
  if (tagged != m_table.size() || waiting != m_table.size() + m_table.queued()) return false;
  TimePs last = 0;
  for (std::size_t i = 0; i < m_records.size(); ++i) {
    const auto at = m_entries.find(m_records[i]);
    if (at == m_entries.end() || !at->second.tagged || at->second.visible || at->second.event.time < last ||
        std::count(m_records.begin(), m_records.end(), m_records[i]) != 1) {
      return false;
    }
    last = at->second.event.time;
  }
  return true;
}

void Stalls::visit(Archive& archive) {
  constexpr std::uint64_t most = 1U << 17;
  struct Saved {
    Id id = 0;
    Entry entry;
  };
  std::deque<Saved> entries;
  if (!archive.loading()) {
    for (const auto& [id, e] : m_entries) entries.push_back({id, e});
  }
  archive.begin("stalls");
  m_table.visit(archive);
  archive.value("next", m_next);
  archive.value("order", m_order);
  archive.value("taken", m_taken);
  archive.list("entries", entries, most, [&](Saved& s) {
    archive.value("id", s.id);
    s.entry.event.visit(archive);
    m_parts.engine.visit_generation(archive, s.entry.generation);
    archive.value("tagged", s.entry.tagged);
    archive.value("visible", s.entry.visible);
    archive.value("gone", s.entry.gone);
    archive.optional("answer", s.entry.answer, [&](Answer& a) {
      archive.value("what", a.what);
      archive.time("time", a.time);
    });
  });
  archive.list("records", m_records, most, [&](Id& id) { archive.value("id", id); });
  m_delays.visit(archive);
  if (archive.loading()) {
    m_entries.clear();
    m_answers = 0;
    for (Saved& s : entries) {
      m_entries.emplace(s.id, s.entry);
      m_answers += s.entry.answer ? 1U : 0U;
    }
    if (m_entries.size() != entries.size() || !sane()) {
      archive.fail("stalls", "accesses, tags and records that cannot be together");
    }
    if (!archive.ok()) reset();
  }
  archive.end();
}

}  // namespace smmuvp::smmuv3
