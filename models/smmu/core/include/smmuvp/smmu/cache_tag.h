// What names an entry of a TLB, a walk cache or an IPA cache, and what an invalidation takes away.
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/config.h"

namespace smmuvp::smmu {

/// Whose translations these are (IHI 0070 3.17, IHI 0062 2.5). Fields that a regime has no use for are 0.
struct Tag {
  std::uint8_t regime = 0;  ///< translation regime and Security state, numbered by the SMMU
  pgtable::Stages stages = pgtable::Stages::stage1;  ///< what the entry translates: others never match
  std::uint8_t asid_set = 0;                         ///< 0 or 1; lookups look at it for global entries only
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;  ///< entries of stage 2: asid_of_ipas()

  /// Fails on what no tag can be.
  void visit(Archive& archive);
};

/// Tag::asid of stage 2's entries, which have no ASID: IPAs of the two spaces of a Secure regime are told
/// apart.
constexpr std::uint16_t asid_of_ipas(pgtable::AddressSpace space) {
  return space == pgtable::AddressSpace::secure ? 1 : 0;
}

/// Tag::regime of what no TLB invalidation is about: a bypass.
constexpr std::uint8_t no_regime = 0xff;

/// The name of one entry: of a page, of a block, or, in a walk cache, of the region below a table.
struct CacheKey {
  Tag tag;
  bool global = false;        ///< nG == 0: any ASID of the same asid_set matches
  std::uint8_t shift = 12;    ///< log2 of the size, below 64
  std::int8_t level = 3;      ///< of the leaf (walk cache: of the table), for TtlHint
  std::uint8_t granule = 12;  ///< log2
  std::uint64_t input = 0;    ///< first address, sign-extended
  /// log2 of the page or block that the first stage has there, of which the second may let the entry hold a
  /// part only: an invalidation by any address of it takes the entry, as it does in processors
  /// (IHI 0062 5.4.1, IHI 0070 4.4). Less than `shift`: as `shift`.
  std::uint8_t span = 0;
};

/// Kinds of entries, as a mask.
using StagesMask = std::uint8_t;
constexpr StagesMask mask_of(pgtable::Stages stages) {
  return static_cast<StagesMask>(1U << static_cast<unsigned>(stages));
}
constexpr StagesMask all_stages = 7;
/// Combined entries of both stages are of stage 1, too.
constexpr StagesMask of_stage1 = mask_of(pgtable::Stages::stage1) | mask_of(pgtable::Stages::nested);

/// TG and TTL of an invalidation, as processors have them: entries of other leaves stay, and tables that no
/// leaf of that level lies in or below.
struct TtlHint {
  static constexpr std::int8_t any_level = -128;

  std::uint8_t granule = 12;  ///< log2
  std::int8_t level = any_level;

  /// @param level  of the leaves, 1 to 3, as commands and instructions have it; 0: any
  static constexpr TtlHint of(std::uint8_t granule, std::uint8_t level) {
    return {granule, level == 0 ? any_level : static_cast<std::int8_t>(level)};
  }
};

/// Both ends belong to it. first > last names nothing.
struct AddressRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// What an invalidation takes away. Unset fields match everything. Those that name regime and VMID are found
/// without a search.
struct Invalidation {
  std::optional<std::uint8_t> regime;
  std::optional<std::uint16_t> vmid;
  std::uint8_t vmid_bits_ignored = 0;  ///< so many low bits of `vmid` match any; below 16
  std::optional<std::uint16_t> asid;
  bool asid_spares_global = false;  ///< by ASID alone: global entries stay; by ASID and address: they go
  std::optional<std::uint8_t> spared_asid_set;  ///< entries of this ASID set stay
  StagesMask stages = all_stages;
  /// VA, or IPA for entries of stage 2; every entry goes whose CacheKey::span it touches.
  std::optional<AddressRange> range;
  std::optional<TtlHint> hint;
  bool leaf = false;  ///< tables have not changed: a walk cache keeps everything
};

/// A CacheKey in the form that is compared.
class EntryKey {
 public:
  EntryKey() = default;  ///< of a free slot: matches nothing
  explicit EntryKey(const CacheKey& key)
      : m_word(live | (key.global ? global_word(key.tag) : local_word(key.tag))),
        m_input(key.input >> key.shift << key.shift),
        m_shift(key.shift),
        m_level(key.level),
        m_granule(
            static_cast<std::uint8_t>(key.granule | (key.global ? 0U : unsigned{key.tag.asid_set} << 7U))),
        m_span(key.span < key.shift ? key.shift : key.span) {}

  std::uint64_t input() const { return m_input; }
  std::uint8_t shift() const { return m_shift; }
  std::uint8_t span() const { return m_span; }
  /// Whether it holds a part of a page or block.
  bool is_part() const { return m_span > m_shift; }
  std::int8_t level() const { return m_level; }
  std::uint8_t granule() const { return m_granule & 0x7fU; }
  bool global() const { return (m_word & global_bit) != 0; }
  unsigned kind() const { return static_cast<unsigned>(m_word >> 40U) & 3U; }
  std::uint8_t asid_set() const {
    return global() ? static_cast<std::uint8_t>(m_word >> 43U) : static_cast<std::uint8_t>(m_granule >> 7U);
  }
  /// Of global entries without an ASID.
  Tag tag() const {
    return {static_cast<std::uint8_t>(m_word >> 32U), static_cast<pgtable::Stages>(kind()), asid_set(),
            static_cast<std::uint16_t>(m_word >> 16U), static_cast<std::uint16_t>(m_word)};
  }
  CacheKey key() const { return {tag(), global(), m_shift, m_level, granule(), m_input, m_span}; }

  std::uint64_t page() const { return m_input >> m_shift; }

  bool is_live() const { return m_word != 0; }
  void free() { m_word = 0; }
  std::uint64_t word() const { return m_word & ~live; }
  /// Regime, stages and VMID.
  std::uint64_t group() const { return m_word & group_mask; }
  /// Group and ASID, or that it is global.
  std::uint64_t context() const { return m_word & context_mask; }
  bool is(std::uint64_t word, std::uint64_t address, unsigned shift) const {
    return m_word == (word | live) && m_input == address && m_shift == shift;
  }
  bool covers(std::uint64_t address, unsigned shift) const { return m_input == address && m_shift == shift; }
  /// Everything that `what` says, one by one.
  bool matches(const Invalidation& what) const;
  /// Whether it stays whatever the rest of `what` says.
  bool is_spared(const Invalidation& what) const {
    return what.spared_asid_set && *what.spared_asid_set == asid_set();
  }
  /// Range and hint of `what`. @param tables  this is the key of a table
  bool matches_place(const Invalidation& what, bool tables) const {
    if (what.range) {
      const std::uint64_t inside = (std::uint64_t{1} << m_span) - 1;
      if (what.range->first > (m_input | inside) || what.range->last < (m_input & ~inside)) return false;
    }
    return matches_hint(what, tables);
  }
  bool matches_hint(const Invalidation& what, bool tables) const {
    if (!what.hint) return true;
    if (what.hint->granule != granule()) return false;
    if (what.hint->level == TtlHint::any_level) return true;
    return tables ? m_level <= what.hint->level : m_level == what.hint->level;
  }
  /// Fails on what no entry can have.
  void visit(Archive& archive);

  static std::uint64_t group_word(std::uint8_t regime, unsigned kind, std::uint16_t vmid) {
    return std::uint64_t{vmid} << 16U | std::uint64_t{regime} << 32U | std::uint64_t{kind} << 40U;
  }
  static std::uint64_t local_word(const Tag& tag) {
    return group_word(tag.regime, static_cast<unsigned>(tag.stages), tag.vmid) | tag.asid;
  }
  static std::uint64_t global_word(const Tag& tag) {
    return group_word(tag.regime, static_cast<unsigned>(tag.stages), tag.vmid) | global_bit |
           std::uint64_t{tag.asid_set} << 43U;
  }
  /// The context of a word: the asid_set is compared, but takes no part in any hash, so that an invalidation,
  /// which names none, finds entries of all.
  static std::uint64_t context_of(std::uint64_t word) { return word & context_mask; }
  static constexpr std::uint64_t global_bit = std::uint64_t{1} << 42U;

 private:
  // ASID [15:0], VMID [31:16], regime [39:32], stages [41:40], global [42], live [63]; of global entries
  // asid_set [50:43]. Others have it beside the granule, since no lookup compares it.
  static constexpr std::uint64_t live = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t group_mask = 0x3ff'ffff'0000;
  static constexpr std::uint64_t context_mask = 0x7ff'ffff'ffff;

  std::uint64_t m_word = 0;
  std::uint64_t m_input = 0;
  std::uint8_t m_shift = 0;
  std::int8_t m_level = 0;
  std::uint8_t m_granule = 0;
  std::uint8_t m_span = 0;
};

}  // namespace smmuvp::smmu
