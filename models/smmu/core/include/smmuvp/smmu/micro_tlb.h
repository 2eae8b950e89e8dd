// The first TLB that a transaction meets, one a TBU.
#pragma once

#include "smmuvp/smmu/tagged_store.h"

namespace smmuvp::smmu {

/// Called when a value's entry is dropped, not when another takes its place; overloaded for values that tell.
template <class Value>
void entry_dropped(Value&) {}

template <class Value>
struct alignas(cache_line_of<Value>) OwnedEntry : EntryKey {
  static constexpr bool has_owner = true;

  std::uint32_t next = 0;  ///< of the store
  std::uint64_t owner = 0;
  Value value{};

  void free() {
    EntryKey::free();
    entry_dropped(value);
  }
};

/// Entries are found by their owner (a stream in the lower half, a substream in the upper one) and address:
/// no configuration is needed to look one up. Their tags are for invalidations.
template <class Value>
class MicroTlb : public TaggedStore<OwnedEntry<Value>, Holds::leaves> {
  using Store = TaggedStore<OwnedEntry<Value>, Holds::leaves>;

 public:
  using Entry = OwnedEntry<Value>;

  /// @param name  of archives and errors; a literal
  explicit MicroTlb(const CacheGeometry& geometry, const char* name = "micro_tlb") : Store(geometry, name) {}

  /// The entry for `address`, smallest first, or nullptr. Counts as a use. Good until the next insertion or
  /// invalidation.
  const Entry* lookup(std::uint64_t owner, std::uint64_t address) {
    const Entry* e = first(owner, address);
    if (__builtin_expect(e == nullptr, 0)) return lookup_further(owner, address);
    Store::use(*e);
    return e;
  }
  /// As lookup(), without being a use.
  __attribute__((always_inline)) const Entry* probe(std::uint64_t owner, std::uint64_t address) const {
    const Entry* e = first(owner, address);
    return __builtin_expect(e != nullptr, 1) ? e : find(owner, address);
  }
  /// While they are hidden, lookup() and probe() find no entry, at no cost while they are not.
  void hide(bool hidden) { Store::set_hidden(hidden); }
  /// As probe(), of hidden entries too.
  const Entry* probe_hidden(std::uint64_t owner, std::uint64_t address) const {
    return find_among(Store::sizes_of_all(), owner, address);
  }
  /// Inserts, in place of what is there for the same owner, address and size.
  const Entry& insert(std::uint64_t owner, const CacheKey& key, const Value& value) {
    return Store::put(Entry{EntryKey(key), 0, owner, value});
  }
  /// Drops entries with (owner & mask) == match. With a mask that names one stream, alone or with all its
  /// substreams, it takes the time of what goes. @return how many.
  std::uint64_t drop_owner(std::uint64_t match, std::uint64_t mask = ~std::uint64_t{0}) {
    const bool one = static_cast<std::uint32_t>(mask) == ~std::uint32_t{0};
    return Store::drop_of(one ? Store::list_of_stream(match) : Store::all(),
                          [&](const Entry& e) { return (e.owner & mask) == match; });
  }

 private:
  /// The entry if it is the first that a search meets, as it mostly is.
  __attribute__((always_inline)) const Entry* first(std::uint64_t owner, std::uint64_t address) const {
    const std::uint64_t sizes = Store::sizes();
    if (sizes == 0) return nullptr;
    const unsigned shift = lowest_bit(sizes);
    const Entry& e = Store::front(owner, address >> shift);
    return e.owner == owner && e.covers(address >> shift << shift, shift) ? &e : nullptr;
  }
  __attribute__((noinline)) const Entry* find(std::uint64_t owner, std::uint64_t address) const {
    return find_among(Store::sizes(), owner, address);
  }
  const Entry* find_among(std::uint64_t sizes, std::uint64_t owner, std::uint64_t address) const {
    for (; sizes != 0; sizes &= sizes - 1) {
      const unsigned shift = lowest_bit(sizes);
      if (const Entry* e = Store::find(owner, address >> shift, shift)) return e;
    }
    return nullptr;
  }
  __attribute__((noinline)) const Entry* lookup_further(std::uint64_t owner, std::uint64_t address) {
    const Entry* e = find(owner, address);
    if (e != nullptr) Store::use(*e);
    return e;
  }
};

}  // namespace smmuvp::smmu
