// A cache of translations, tables or parts of them, found by tag and address.
#pragma once

#include "smmuvp/smmu/tagged_store.h"

namespace smmuvp::smmu {

template <class Value>
struct TaggedEntry : EntryKey {
  static constexpr bool has_owner = false;
  Value value{};
};

/// Entries of all sizes share it, and a lookup tries the sizes that are there of its kind, smallest first; of
/// one size, what is of its ASID before what is global.
template <class Value, Holds holds = Holds::leaves>
class TaggedCache : public TaggedStore<TaggedEntry<Value>, holds> {
  using Store = TaggedStore<TaggedEntry<Value>, holds>;

 public:
  using Entry = TaggedEntry<Value>;

  /// @param name  of archives and errors; a literal
  explicit TaggedCache(const CacheGeometry& geometry, const char* name = "tlb") : Store(geometry, name) {}

  /// The entry for `address`, or nullptr. Counts as a use. Good until the next insertion or invalidation.
  const Entry* lookup(const Tag& tag, std::uint64_t address) {
    const std::uint32_t i = find(tag, address);
    if (i == Store::none) return nullptr;
    Store::use_slot(i);
    return &Store::at(i);
  }
  /// As lookup(), without being a use.
  const Entry* probe(const Tag& tag, std::uint64_t address) const {
    const std::uint32_t i = find(tag, address);
    return i == Store::none ? nullptr : &Store::at(i);
  }
  /// Inserts, in place of what is there for the same tag, address and size, global or not.
  const Entry& insert(const CacheKey& key, const Value& value) {
    const Entry entry{EntryKey(key), value};  // before anything goes: `value` may be an entry's
    const std::uint64_t other = key.global ? EntryKey::local_word(key.tag) : EntryKey::global_word(key.tag);
    if ((Store::sizes(key.tag.stages, !key.global) >> key.shift & 1U) != 0) {
      const std::uint32_t i = Store::find_key(other, key.input >> key.shift, key.shift);
      if (i != Store::none) Store::drop(i);
    }
    return Store::put(entry);
  }

 private:
  std::uint32_t find(const Tag& tag, std::uint64_t address) const {
    const std::uint64_t locals = Store::sizes(tag.stages, false);
    const std::uint64_t globals = Store::sizes(tag.stages, true);
    for (std::uint64_t sizes = locals | globals; sizes != 0; sizes &= sizes - 1) {
      const unsigned shift = lowest_bit(sizes);
      const std::uint64_t page = address >> shift;
      if ((locals >> shift & 1U) != 0) {
        const std::uint32_t i = Store::find_key(EntryKey::local_word(tag), page, shift);
        if (i != Store::none) return i;
      }
      if ((globals >> shift & 1U) != 0) {
        const std::uint32_t i = Store::find_key(EntryKey::global_word(tag), page, shift);
        if (i != Store::none) return i;
      }
    }
    return Store::none;
  }
};

/// What tables a walk has passed: `level` and `shift` of a key are those of the region below the table.
template <class Table>
using WalkCache = TaggedCache<Table, Holds::tables>;

}  // namespace smmuvp::smmu
