#include "hits.h"

namespace smmuvp::smmuv3::invalidation {
namespace {

template <class Map>
void forget(Map& map, Config of, const Command& i) {
  for (auto it = map.begin(); it != map.end();) {
    Coverage c;
    c.kind = static_cast<std::uint8_t>(of);
    c.sid = it->first;
    it = i.covers(c) ? map.erase(it) : std::next(it);
  }
}
}  // namespace

std::optional<EntryTag> Hits::tag_of(std::uint32_t sid) const {
  using Stages = EntryTag::Stages;
  const StructureWords* ste = cached(m_stes, sid);
  if (ste == nullptr) return std::nullopt;
  EntryTag t;
  t.vmid = static_cast<std::uint16_t>((*ste)[2]);
  switch ((*ste)[0] >> 1U & 7U) {
    case 5:
      t.stages = Stages::stage1;
      if (((*ste)[1] >> 30U & 3U) == 2) {  // STRW
        t.regime = static_cast<std::uint8_t>(StreamWorld::el2_e2h);
        t.vmid = 0;
      }
      break;
    case 6:
      t.stages = Stages::stage2;
      return t;
    case 7:
      t.stages = Stages::nested;
      break;
    default:
      return t;
  }
  const StructureWords* cd = cached(m_cds, sid);
  if (cd == nullptr) return std::nullopt;
  t.asid = static_cast<std::uint16_t>((*cd)[0] >> 48U);
  t.asid_set = ((*cd)[0] >> 47U & 1U) != 0;
  return t;
}

Known Hits::at_begin(const AccessId& access, Tick now) const {
  Known known;
  const std::optional<EntryTag> tag = tag_of(access.sid);
  if (!tag) return known;
  known.config = true;
  known.tables = m_translations.at_begin(*tag, access, now);
  return known;
}

std::optional<std::string> Hits::needless(const Known& known, const AccessId& access,
                                          const Read& read) const {
  if (!known.config) return std::nullopt;
  if (read.kind <= StepKind::cd && !known.tables.leaf) {
    return "the configuration of stream " + std::to_string(access.sid);
  }
  const EntryTag tag = tag_of(access.sid).value_or(EntryTag{});
  return m_translations.needless(known.tables, tag, access, table_read(read.address), read.address);
}

void Hits::structure_read(std::uint32_t sid, const Read& read) {
  const auto [found, added] =
      (read.kind == StepKind::ste ? m_stes : m_cds).insert({sid, {read.structure, false, true}});
  if (found->second.words != read.structure) found->second.settled = false;
}

const StructureWords* Hits::cached(const Structures& in, std::uint32_t sid) {
  const auto found = in.find(sid);
  const bool is = found != in.end() && found->second.cached && found->second.settled;
  return is ? &found->second.words : nullptr;
}

void Hits::learn(const AccessId& access, const std::vector<Read>& reads, Tick now) {
  for (const Read& r : reads) {
    if (r.kind == StepKind::ste) m_stes[access.sid].cached = true;
    if (r.kind == StepKind::cd) m_cds[access.sid].cached = true;
  }
  const std::optional<EntryTag> tag = tag_of(access.sid);
  if (!tag) {
    // Whose entry it has put there, and what that has replaced, is not known.
    m_translations.disturbed(access.address);
    return;
  }
  std::vector<DescriptorRead> descriptors;
  for (const Read& r : reads) {
    if (r.kind > StepKind::cd) descriptors.push_back({table_read(r.address), r.address, r.value});
  }
  m_translations.learn(*tag, access, descriptors, now);
}

void Hits::consumed(const Command& i) {
  forget(m_stes, Config::ste, i);
  forget(m_cds, Config::cd, i);
  m_translations.invalidated([&](const Coverage& piece) { return i.covers(piece); });
}

}  // namespace smmuvp::smmuv3::invalidation
