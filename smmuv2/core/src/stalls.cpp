#include "smmuvp/smmuv2/stalls.h"

#include <vector>

namespace smmuvp::smmuv2 {

using smmu::StallAnswer;

Stalls::Id Stalls::enter(unsigned bank, bool recorded) {
  const Id id = m_next++;
  m_entries[id] = {bank, recorded, std::nullopt};
  ++m_parts.statistics.stalls;
  return id;
}

std::optional<StallOutcome> Stalls::answer(Id id) {
  const auto at = m_entries.find(id);
  if (at == m_entries.end() || !at->second.answer) return std::nullopt;
  const StallOutcome outcome = *at->second.answer;
  m_entries.erase(at);
  --m_answers;
  if (outcome.what == StallAnswer::retry) ++m_parts.statistics.stalls_retried;
  return outcome;
}

void Stalls::forget(Id id) {
  const auto at = m_entries.find(id);
  if (at == m_entries.end()) return;
  if (at->second.answer) --m_answers;
  m_entries.erase(at);
}

void Stalls::resume(unsigned bank, StallAnswer recorded, smmu::TimePs now) {
  for (auto& [id, e] : m_entries) {
    if (e.bank != bank || e.answer) continue;
    e.answer = StallOutcome{e.recorded ? recorded : StallAnswer::retry, now};
    ++m_answers;
  }
}

void Stalls::reset() {
  m_entries.clear();
  m_answers = 0;
}

void Stalls::visit(Archive& archive) {
  constexpr std::uint64_t most = 1U << 17;
  struct Saved {
    Id id = 0;
    Entry entry;
  };
  std::vector<Saved> entries;
  for (const auto& [id, e] : m_entries) entries.push_back({id, e});
  archive.begin("stalls");
  archive.value("next", m_next);
  archive.list("entries", entries, most, [&](Saved& s) {
    archive.value("id", s.id);
    archive.value("bank", s.entry.bank);
    archive.value("recorded", s.entry.recorded);
    archive.optional("answer", s.entry.answer, [&](StallOutcome& a) {
      archive.value("what", a.what);
      archive.time("time", a.time);
      if (a.what > StallAnswer::terminate) archive.fail("what", "no such answer");
    });
  });
  archive.end();
  if (!archive.loading()) return;
  reset();
  for (const Saved& s : entries) {
    if (s.id == 0 || s.id >= m_next || s.entry.bank >= m_parts.features.NUMCB) {
      archive.fail("stalls", "an access that cannot wait");
      break;
    }
    if (m_entries.emplace(s.id, s.entry).second && s.entry.answer) ++m_answers;
  }
  if (!archive.ok()) reset();
}

}  // namespace smmuvp::smmuv2
