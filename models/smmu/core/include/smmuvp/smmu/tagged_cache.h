// A cache of translations, tables or parts of them, found by tag and address.
#pragma once

#include "smmuvp/smmu/tagged_store.h"

namespace smmuvp::smmu {

template <class Value>
struct alignas(cache_line_of<Value>) TaggedEntry : EntryKey {
  static constexpr bool has_owner = false;

  std::uint32_t next = 0;  ///< of the store
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
    const Entry* e = first(tag, address);
    if (__builtin_expect(e == nullptr, 0)) return lookup_further(tag, address);
    Store::use(*e);
    return e;
  }
  /// As lookup(), without being a use.
  const Entry* probe(const Tag& tag, std::uint64_t address) const {
    const Entry* e = first(tag, address);
    return e != nullptr ? e : find(tag, address);
  }
  /// Inserts, in place of what is there for the same tag, address and size, global or not.
  const Entry& insert(const CacheKey& key, const Value& value) {
    const Entry entry{EntryKey(key), 0, value};  // before anything goes: `value` may be an entry's
    const std::uint64_t other = key.global ? EntryKey::local_word(key.tag) : EntryKey::global_word(key.tag);
    if ((Store::sizes(key.tag.stages, !key.global) >> key.shift & 1U) != 0) {
      if (const Entry* e = Store::find(other, key.input >> key.shift, key.shift)) Store::drop(*e);
    }
    return Store::put(entry);
  }

 private:
  /// The entry if it is the first that a search meets, as it mostly is.
  const Entry* first(const Tag& tag, std::uint64_t address) const {
    const std::uint64_t sizes = Store::sizes(tag.stages, false) | Store::sizes(tag.stages, true);
    if (sizes == 0) return nullptr;
    const unsigned shift = lowest_bit(sizes);
    const std::uint64_t word = EntryKey::local_word(tag);
    const Entry& e = Store::front(word, address >> shift);
    return e.is(word, address >> shift << shift, shift) ? &e : nullptr;
  }
  const Entry* find(const Tag& tag, std::uint64_t address) const {
    const std::uint64_t locals = Store::sizes(tag.stages, false);
    const std::uint64_t globals = Store::sizes(tag.stages, true);
    for (std::uint64_t sizes = locals | globals; sizes != 0; sizes &= sizes - 1) {
      const unsigned shift = lowest_bit(sizes);
      const std::uint64_t page = address >> shift;
      if ((locals >> shift & 1U) != 0) {
        if (const Entry* e = Store::find(EntryKey::local_word(tag), page, shift)) return e;
      }
      if ((globals >> shift & 1U) != 0) {
        if (const Entry* e = Store::find(EntryKey::global_word(tag), page, shift)) return e;
      }
    }
    return nullptr;
  }
  __attribute__((noinline)) const Entry* lookup_further(const Tag& tag, std::uint64_t address) {
    const Entry* e = find(tag, address);
    if (e != nullptr) Store::use(*e);
    return e;
  }
};

/// What tables a walk has passed: `level` and `shift` of a key are those of the region below the table.
template <class Table>
using WalkCache = TaggedCache<Table, Holds::tables>;

}  // namespace smmuvp::smmu
