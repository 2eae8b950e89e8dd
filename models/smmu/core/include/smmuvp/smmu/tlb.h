// The translation lookaside buffer of both SMMUs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/access.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// Whose translations these are (IHI 0070 3.17). Fields that a regime has no use for are 0.
struct TlbContext {
  std::uint8_t regime = 0;  ///< translation regime, numbered by the SMMU
  std::uint8_t aset = 0;    ///< CD.ASET: looked at for global entries only (IHI 0070 3.17.1)
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;
};

/// One cached translation of a page or block.
struct TlbEntry {
  bool valid = false;
  bool global = false;     ///< nG == 0: any ASID matches
  std::uint8_t shift = 0;  ///< log2 of the size
  TlbContext context;
  std::uint64_t input = 0;   ///< first input address, sign-extended
  std::uint64_t output = 0;  ///< first output address
  pgtable::Rights rights;
  AddressSpace space = AddressSpace::non_secure;
  MemoryAttributes attributes;
  std::uint64_t used = 0;  ///< order of use, for replacement
};

/// What an invalidation takes away. Unset fields match everything.
struct TlbInvalidation {
  std::optional<std::uint8_t> regime;
  std::optional<std::uint16_t> vmid;
  std::optional<std::uint16_t> asid;
  bool asid_spares_global = false;       ///< by ASID alone: global entries stay; by ASID and address: they go
  std::optional<std::uint64_t> address;  ///< any address in the page or block, sign-extended
};

/// Set-associative; entries of all sizes share it, and a lookup tries every size that is present.
/// Replacement is least recently used by order of use, never by time.
class Tlb {
 public:
  /// @param sets  a power of two. @param ways  1 or more.
  Tlb(std::uint32_t sets, std::uint32_t ways);

  /// The entry that translates `address`, or nullptr. Counts as a use.
  const TlbEntry* lookup(const TlbContext& context, std::uint64_t address);
  /// As lookup(), without being a use.
  const TlbEntry* probe(const TlbContext& context, std::uint64_t address) const;
  /// Inserts, in place of an entry for the same page where there is one. `input` must be aligned.
  void insert(TlbEntry entry);
  /// @return how many entries went.
  std::uint64_t invalidate(const TlbInvalidation& what);
  void clear();

  std::uint64_t size() const { return m_size; }
  std::uint32_t sets() const { return m_sets; }
  std::uint32_t ways() const { return m_ways; }
  void visit(Archive& archive);

 private:
  std::size_t find(const TlbContext& context, std::uint64_t address) const;
  std::size_t set_of(std::uint64_t address, unsigned shift) const;
  void count(const TlbEntry& entry, int by);

  std::uint32_t m_sets;
  std::uint32_t m_ways;
  std::vector<TlbEntry> m_entries;            // set after set
  std::array<std::uint32_t, 64> m_of_size{};  // entries of each shift
  std::uint64_t m_sizes = 0;                  // bit n: m_of_size[n] is not 0
  std::uint64_t m_size = 0;
  std::uint64_t m_use = 0;
};

}  // namespace smmuvp::smmu
