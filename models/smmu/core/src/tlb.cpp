#include "smmuvp/smmu/tlb.h"

#include <bit>

#include "smmuvp/base/error.h"

namespace smmuvp::smmu {

namespace {

constexpr std::size_t none = ~std::size_t{0};

bool matches(const TlbEntry& e, const TlbContext& c, std::uint64_t page) {
  if (!e.valid || e.input >> e.shift != page || e.context.regime != c.regime || e.context.vmid != c.vmid)
    return false;
  return e.global ? e.context.aset == c.aset : e.context.asid == c.asid;
}

}  // namespace

Tlb::Tlb(std::uint32_t sets, std::uint32_t ways) : m_sets(sets), m_ways(ways) {
  if (!std::has_single_bit(sets) || ways == 0) {
    throw ConfigError("tlb", "a TLB needs a power of two of sets and at least one way");
  }
  m_entries.resize(static_cast<std::size_t>(sets) * ways);
}

std::size_t Tlb::set_of(std::uint64_t address, unsigned shift) const {
  // Higher bits are folded in, so that buffers at equal offsets of large regions do not share few sets.
  const std::uint64_t page = address >> shift;
  return static_cast<std::size_t>((page ^ (page >> 9) ^ (page >> 18)) & (m_sets - 1)) * m_ways;
}

std::size_t Tlb::find(const TlbContext& context, std::uint64_t address) const {
  for (std::uint64_t sizes = m_sizes; sizes != 0; sizes &= sizes - 1) {
    const auto shift = static_cast<unsigned>(std::countr_zero(sizes));
    const std::size_t first = set_of(address, shift);
    for (std::size_t i = first; i < first + m_ways; ++i) {
      if (m_entries[i].shift == shift && matches(m_entries[i], context, address >> shift)) return i;
    }
  }
  return none;
}

const TlbEntry* Tlb::lookup(const TlbContext& context, std::uint64_t address) {
  const std::size_t i = find(context, address);
  if (i == none) return nullptr;
  m_entries[i].used = ++m_use;
  return &m_entries[i];
}

const TlbEntry* Tlb::probe(const TlbContext& context, std::uint64_t address) const {
  const std::size_t i = find(context, address);
  return i == none ? nullptr : &m_entries[i];
}

void Tlb::count(const TlbEntry& entry, int by) {
  m_size += static_cast<std::uint64_t>(static_cast<std::int64_t>(by));
  std::uint32_t& n = m_of_size[entry.shift];
  n += static_cast<std::uint32_t>(by);
  const std::uint64_t bit = std::uint64_t{1} << entry.shift;
  m_sizes = n != 0 ? m_sizes | bit : m_sizes & ~bit;
}

void Tlb::insert(TlbEntry entry) {
  if (entry.shift >= 64) return;
  const std::size_t first = set_of(entry.input, entry.shift);
  std::size_t victim = first;
  for (std::size_t i = first; i < first + m_ways; ++i) {
    TlbEntry& e = m_entries[i];
    if (e.shift == entry.shift && matches(e, entry.context, entry.input >> entry.shift)) {
      victim = i;
      break;
    }
    if (!m_entries[victim].valid) continue;
    if (!e.valid || e.used < m_entries[victim].used) victim = i;
  }
  if (m_entries[victim].valid) count(m_entries[victim], -1);
  entry.valid = true;
  entry.used = ++m_use;
  m_entries[victim] = entry;
  count(entry, 1);
}

std::uint64_t Tlb::invalidate(const TlbInvalidation& what) {
  std::uint64_t n = 0;
  for (TlbEntry& e : m_entries) {
    if (!e.valid) continue;
    if (what.regime && e.context.regime != *what.regime) continue;
    if (what.vmid && e.context.vmid != *what.vmid) continue;
    if (what.asid) {
      if (e.global ? what.asid_spares_global : e.context.asid != *what.asid) continue;
    }
    if (what.address && (*what.address >> e.shift) != (e.input >> e.shift)) continue;
    count(e, -1);
    e.valid = false;
    ++n;
  }
  return n;
}

void Tlb::clear() {
  m_entries.assign(m_entries.size(), TlbEntry{});
  m_of_size.fill(0);
  m_sizes = m_size = 0;
}

void Tlb::visit(Archive& archive) {
  archive.begin("tlb");
  std::uint64_t entries = m_entries.size();
  archive.value("entries", entries);
  if (entries != m_entries.size()) archive.fail("entries", "another geometry");
  archive.value("use", m_use);
  if (archive.loading()) {
    m_of_size.fill(0);
    m_sizes = m_size = 0;
  }
  for (TlbEntry& e : m_entries) {
    archive.value("valid", e.valid);
    if (!archive.ok()) {
      e.valid = false;
      continue;
    }
    if (!e.valid) continue;
    archive.value("global", e.global);
    archive.value("shift", e.shift);
    archive.value("regime", e.context.regime);
    archive.value("aset", e.context.aset);
    archive.value("vmid", e.context.vmid);
    archive.value("asid", e.context.asid);
    archive.value("input", e.input);
    archive.value("output", e.output);
    archive.value("rights", e.rights.bits);
    archive.value("space", e.space);
    archive.value("memory", e.attributes.memory);
    archive.value("shareability", e.attributes.shareability);
    archive.value("used", e.used);
    if (e.shift >= 64) {
      archive.fail("shift", "out of range");
      e.shift = 0;
    }
    if (!archive.ok()) e.valid = false;
    if (archive.loading() && e.valid) count(e, 1);
  }
  archive.end();
}

}  // namespace smmuvp::smmu
