#include "smmuvp/pcie/atc.h"

#include <algorithm>

namespace smmuvp::pcie {

void AtcContext::visit(Archive& archive) {
  archive.begin("context");
  archive.value("pasid_valid", pasid_valid);
  archive.value("pasid", pasid);
  archive.value("privileged", privileged);
  archive.end();
}

void AtcEntry::visit(Archive& archive) {
  archive.begin("translation");
  context.visit(archive);
  archive.value("first", first);
  archive.value("last", last);
  archive.value("translated", translated);
  archive.value("read", rights.read);
  archive.value("write", rights.write);
  archive.value("execute", rights.execute);
  archive.value("global", global);
  archive.value("untranslated_only", untranslated_only);
  archive.end();
}

// Base 10.3.8. Entries of all PASIDs go with any of them: more than is asked for, never less.
bool AtcInvalidation::concerns(const AtcContext& context, bool global_entry) const {
  if (global) return true;
  if (!pasid_valid) return !context.pasid_valid;
  return context.pasid_valid && (context.pasid == pasid || global_entry);
}

std::optional<AtcEntry> Atc::find(const AtcContext& who, std::uint64_t address,
                                  const AtcRights& wanted) const {
  const auto found = std::find_if(m_entries.begin(), m_entries.end(), [&](const AtcEntry& e) {
    return e.holds(address) && e.serves(who) && e.allows(wanted);
  });
  if (found == m_entries.end()) return std::nullopt;
  return *found;
}

void Atc::fill(const AtcEntry& entry) {
  m_entries.erase(std::remove_if(m_entries.begin(), m_entries.end(),
                                 [&](const AtcEntry& e) {
                                   return e.context == entry.context && e.first <= entry.last &&
                                          entry.first <= e.last;
                                 }),
                  m_entries.end());
  if (m_entries.size() >= m_limit) m_entries.erase(m_entries.begin());
  m_entries.push_back(entry);
}

void Atc::invalidate(const AtcInvalidation& invalidation) {
  m_entries.erase(std::remove_if(m_entries.begin(), m_entries.end(),
                                 [&](const AtcEntry& e) { return invalidation.hits(e); }),
                  m_entries.end());
}

void Atc::clear_pasids() {
  m_entries.erase(std::remove_if(m_entries.begin(), m_entries.end(),
                                 [](const AtcEntry& e) { return e.context.pasid_valid; }),
                  m_entries.end());
}

void Atc::set_limit(std::size_t limit) {
  m_limit = std::clamp<std::size_t>(limit, 1, m_size);
  if (m_entries.size() <= m_limit) return;
  m_entries.erase(m_entries.begin(),
                  m_entries.begin() + static_cast<std::ptrdiff_t>(m_entries.size() - m_limit));
}

void Atc::visit(Archive& archive) {
  archive.begin("atc");
  archive.list("entries", m_entries, m_size, [&](AtcEntry& e) { e.visit(archive); });
  archive.end();
  if (!archive.loading()) return;
  const bool possible =
      m_entries.size() <= m_size &&
      std::all_of(m_entries.begin(), m_entries.end(), [](const AtcEntry& e) { return e.first <= e.last; });
  if (possible) return;
  archive.fail("atc", "the entries are impossible");
  m_entries.clear();
}

}  // namespace smmuvp::pcie
