#include "hits.h"

#include <algorithm>

namespace smmuvp::smmuv3::invalidation {
namespace {

bool is_table(const Read& r) { return level_of(r.kind) < 3 && (r.value & 3U) == 3U; }
bool same_region(std::uint64_t a, std::uint64_t b, unsigned shift) { return a >> shift == b >> shift; }

template <class Map>
void forget(Map& map, Config of, const Command& i) {
  for (auto it = map.begin(); it != map.end();) {
    Coverage c;
    c.kind = static_cast<std::uint8_t>(of);
    c.sid = it->first;
    it = i.covers(c) ? map.erase(it) : std::next(it);
  }
}
template <class List>
void forget(List& list, const Command& i) {
  list.erase(std::remove_if(list.begin(), list.end(), [&](const auto& e) { return i.covers(e.coverage); }),
             list.end());
}

// The IPA that the level 2 or 3 descriptor at `address` translates.
std::uint64_t ipa_of(StepKind kind, std::uint64_t address) {
  const std::uint64_t index = (address & 0xfff) / 8;
  const std::uint64_t table = (address - stage2_base) % 0x2'0000 / 0x1000;
  switch (kind) {
    case StepKind::stage2_level1_structure:
    case StepKind::stage2_level1_output:
      return index << 30U;
    case StepKind::stage2_level2_cd:
    case StepKind::stage2_level2_table:
      return std::uint64_t{1} << 30U | index << 21U;
    case StepKind::stage2_level2_output:
      return (table / 2) << 30U | index << 21U;  // tables 4 and 5: 2; 6 and 7: 3
    case StepKind::stage2_level3_cd:
      return cd_base | index << 12U;
    case StepKind::stage2_level3_table:
      return stage1_base | index << 12U;
    default:
      return (2 + (table - 8) / 4) << 30U | ((table - 8) / 2 % 2) << 21U | index << 12U;
  }
}

bool of_output(StepKind kind) {
  return kind == StepKind::stage2_level1_output || kind == StepKind::stage2_level2_output ||
         kind == StepKind::stage2_level3_output;
}

}  // namespace

std::optional<Hits::Tag> Hits::tag_of(std::uint32_t sid) const {
  const StructureWords* ste = cached(m_stes, sid);
  if (ste == nullptr) return std::nullopt;
  Tag t;
  t.vmid = static_cast<std::uint16_t>((*ste)[2]);
  switch ((*ste)[0] >> 1U & 7U) {
    case 5:
      t.stages = Stages::stage1;
      t.el2 = ((*ste)[1] >> 30U & 3U) == 2;  // STRW
      if (t.el2) t.vmid = 0;
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
  t.aset = ((*cd)[0] >> 47U & 1U) != 0;
  return t;
}

Known Hits::at_begin(const AccessId& access, Tick now) const {
  Known known;
  known.since = now;
  const std::optional<Tag> tag = tag_of(access.sid);
  if (!tag) return known;
  known.config = true;
  const auto matches = [&](const Entry& e) {
    return e.tag.stages == tag->stages && e.tag.el2 == tag->el2 && e.tag.vmid == tag->vmid &&
           (e.coverage.global ? e.tag.aset == tag->aset : e.tag.asid == tag->asid);
  };
  for (const Entry& e : m_leaves) {
    if (matches(e) && e.address == access.address >> 12U && !access.write) known.leaf = true;
  }
  for (const Entry& e : m_tables) {
    if (matches(e) && same_region(e.address, access.address, e.coverage.shift)) {
      known.table = std::max(known.table, e.level);
    }
  }
  return known;
}

std::optional<std::string> Hits::needless(const Known& known, const AccessId& access,
                                          const Read& read) const {
  if (!known.config) return std::nullopt;
  if (known.leaf) return "the translation of " + hex(access.address);
  if (read.kind <= StepKind::cd) return "the configuration of stream " + std::to_string(access.sid);
  if (is_stage1(read.kind) && level_of(read.kind) <= known.table) {
    return "the stage 1 table below level " + std::to_string(known.table) + " of " + hex(access.address);
  }
  const std::optional<Tag> tag = tag_of(access.sid);
  if (access.write && of_output(read.kind)) return std::nullopt;
  if (!is_stage2(read.kind) || !tag || tag->stages != Stages::nested) return std::nullopt;
  for (const Stage2Leaf& e : m_stage2) {
    if (e.descriptor == read.address && e.coverage.vmid == tag->vmid && e.since < known.since) {
      return "the stage 2 translation of " + hex(e.coverage.address);
    }
  }
  return std::nullopt;
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
  const std::optional<Tag> tag = tag_of(access.sid);
  if (!tag) {
    // Whose entry it has put there, and what that has replaced, is not known.
    m_leaves.erase(
        std::remove_if(m_leaves.begin(), m_leaves.end(),
                       [&](const Entry& e) { return same_region(e.coverage.address, access.address, 30); }),
        m_leaves.end());
    return;
  }
  if (tag->stages == Stages::none) return;
  Entry leaf;
  leaf.tag = *tag;
  leaf.address = access.address >> 12U;
  bool found = false;
  for (const Read& r : reads) {
    if (r.kind <= StepKind::cd) continue;
    Entry e;
    e.tag = *tag;
    e.level = level_of(r.kind);
    e.coverage.regime = static_cast<std::uint8_t>(tag->el2 ? StreamWorld::el2_e2h : StreamWorld::el1);
    e.coverage.vmid = tag->vmid;
    e.coverage.asid = tag->asid;
    e.coverage.shift = static_cast<std::uint8_t>(shift_of(e.level));
    e.coverage.last_level = !is_table(r);
    if (is_stage1(r.kind)) {
      e.address = e.coverage.address = access.address;
      e.coverage.of = Coverage::Of::stage1;
      e.coverage.global = e.coverage.last_level && (r.value >> 11U & 1U) == 0;
      if (e.coverage.last_level) {
        leaf.coverage = e.coverage;
        found = true;
      } else {
        m_tables.push_back(e);
      }
      continue;
    }
    e.coverage.of = Coverage::Of::stage2;
    e.coverage.address = ipa_of(r.kind, r.address);
    if (!e.coverage.last_level) continue;
    if (tag->stages == Stages::stage2) {
      leaf.coverage = e.coverage;
      found = true;
    } else {
      m_stage2.push_back({e.coverage, r.address, now});
    }
  }
  if (!found) return;
  // A global entry takes the place of one that is not, and the other way round.
  m_leaves.erase(std::remove_if(m_leaves.begin(), m_leaves.end(),
                                [&](const Entry& e) {
                                  const Coverage& a = e.coverage;
                                  const Coverage& b = leaf.coverage;
                                  return a.regime == b.regime && a.vmid == b.vmid && a.global != b.global &&
                                         same_region(a.address, b.address, std::max(a.shift, b.shift));
                                }),
                 m_leaves.end());
  m_leaves.push_back(leaf);
}

void Hits::consumed(const Command& i) {
  forget(m_stes, Config::ste, i);
  forget(m_cds, Config::cd, i);
  forget(m_leaves, i);
  forget(m_tables, i);
  forget(m_stage2, i);
}

}  // namespace smmuvp::smmuv3::invalidation
