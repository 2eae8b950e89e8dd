#include "known.h"

#include <algorithm>

namespace smmuvp::smmu::invalidation {
namespace {

using Of = TableRead::Of;
using Stages = EntryTag::Stages;

bool same_region(std::uint64_t a, std::uint64_t b, unsigned shift) { return a >> shift == b >> shift; }

template <class List, class Goes>
void erase_if(List& list, Goes goes) {
  list.erase(std::remove_if(list.begin(), list.end(), goes), list.end());
}

// The IPA that the stage 2 descriptor at `address` translates.
std::uint64_t ipa_of(const TableRead& read, std::uint64_t address) {
  const std::uint64_t index = (address & 0xfff) / 8;
  const std::uint64_t table = (address - stage2_base) % 0x2'0000 / 0x1000;
  if (read.level == 1) return index << 30U;
  if (read.level == 2) {
    // Tables 4 and 5: 2; 6 and 7: 3
    return (read.of == Of::output ? table / 2 : std::uint64_t{1}) << 30U | index << 21U;
  }
  if (read.of == Of::structure) return structures_base | index << 12U;
  if (read.of == Of::table) return stage1_base | index << 12U;
  return (2 + (table - 8) / 4) << 30U | ((table - 8) / 2 % 2) << 21U | index << 12U;
}

}  // namespace

KnownTables KnownTranslations::at_begin(const EntryTag& tag, const AccessId& access, Tick now) const {
  KnownTables known;
  known.since = now;
  const auto matches = [&](const Entry& e) {
    return e.tag.stages == tag.stages && e.tag.regime == tag.regime && e.tag.vmid == tag.vmid &&
           (e.coverage.global ? e.tag.asid_set == tag.asid_set : e.tag.asid == tag.asid);
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

std::optional<std::string> KnownTranslations::needless(const KnownTables& known, const EntryTag& tag,
                                                       const AccessId& access, const TableRead& read,
                                                       std::uint64_t descriptor) const {
  if (known.leaf) return "the translation of " + hex(access.address);
  if (read.stage == 1) {
    if (read.level > known.table) return std::nullopt;
    return "the stage 1 table below level " + std::to_string(known.table) + " of " + hex(access.address);
  }
  if (access.write && read.of == Of::output) return std::nullopt;
  if (tag.stages != Stages::nested) return std::nullopt;
  for (const Stage2Leaf& e : m_stage2) {
    if (e.descriptor == descriptor && e.coverage.vmid == tag.vmid && e.since < known.since) {
      return "the stage 2 translation of " + hex(e.coverage.address);
    }
  }
  return std::nullopt;
}

void KnownTranslations::disturbed(std::uint64_t address) {
  erase_if(m_leaves, [&](const Entry& e) { return same_region(e.coverage.address, address, 30); });
}

void KnownTranslations::learn(const EntryTag& tag, const AccessId& access,
                              const std::vector<DescriptorRead>& reads, Tick now) {
  if (tag.stages == Stages::none) return;
  Entry leaf;
  leaf.tag = tag;
  leaf.address = access.address >> 12U;
  bool found = false;
  for (const DescriptorRead& r : reads) {
    const Format format = r.of.stage == 1 ? tag.format : Format::long_descriptors;
    const Descriptor d = Descriptor::decode(format, r.of.stage, r.of.level, r.value);
    Entry e;
    e.tag = tag;
    e.level = r.of.level;
    e.coverage.regime = tag.regime;
    e.coverage.vmid = tag.vmid;
    e.coverage.asid = tag.asid;
    e.coverage.shift = d.shift;
    e.coverage.last_level = !d.table;
    if (r.of.stage == 1) {
      e.address = e.coverage.address = access.address;
      e.coverage.of = Coverage::Of::stage1;
      e.coverage.global = e.coverage.last_level && d.global;
      if (e.coverage.last_level) {
        leaf.coverage = e.coverage;
        found = true;
      } else {
        m_tables.push_back(e);
      }
      continue;
    }
    e.coverage.of = Coverage::Of::stage2;
    e.coverage.address = ipa_of(r.of, r.address);
    if (!e.coverage.last_level) continue;
    if (tag.stages == Stages::stage2) {
      leaf.coverage = e.coverage;
      found = true;
    } else {
      m_stage2.push_back({e.coverage, r.address, now});
    }
  }
  if (!found) return;
  // A global entry takes the place of one that is not, and the other way round.
  erase_if(m_leaves, [&](const Entry& e) {
    const Coverage& a = e.coverage;
    const Coverage& b = leaf.coverage;
    return a.regime == b.regime && a.vmid == b.vmid && a.global != b.global &&
           same_region(a.address, b.address, std::max(a.shift, b.shift));
  });
  m_leaves.push_back(leaf);
}

void KnownTranslations::invalidated(const std::function<bool(const Coverage&)>& covers) {
  const auto goes = [&](const auto& e) { return covers(e.coverage); };
  erase_if(m_leaves, goes);
  erase_if(m_tables, goes);
  erase_if(m_stage2, goes);
}

}  // namespace smmuvp::smmu::invalidation
