// The first TLB that a transaction meets, one a TBU.
#pragma once

#include "smmuvp/smmu/tagged_store.h"

namespace smmuvp::smmu {

template <class Value>
struct OwnedEntry : EntryKey {
  static constexpr bool has_owner = true;
  std::uint64_t owner = 0;
  Value value{};
};

/// Entries are found by their owner (a stream and substream, packed by the user) and address: no
/// configuration is needed to look one up. Their tags are for invalidations.
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
    const std::uint32_t i = find(owner, address);
    if (i == Store::none) return nullptr;
    Store::use_slot(i);
    return &Store::at(i);
  }
  /// As lookup(), without being a use.
  const Entry* probe(std::uint64_t owner, std::uint64_t address) const {
    const std::uint32_t i = find(owner, address);
    return i == Store::none ? nullptr : &Store::at(i);
  }
  /// Inserts, in place of what is there for the same owner, address and size.
  const Entry& insert(std::uint64_t owner, const CacheKey& key, const Value& value) {
    return Store::put(Entry{EntryKey(key), owner, value});
  }
  /// Drops entries with (owner & mask) == match. @return how many.
  std::uint64_t drop_owner(std::uint64_t match, std::uint64_t mask = ~std::uint64_t{0}) {
    const bool one = mask == ~std::uint64_t{0};
    return Store::drop_of(one ? Store::head_of(Store::by_owner, spread(match, 0)) : Store::all(),
                          [&](const Entry& e) { return (e.owner & mask) == match; });
  }

 private:
  std::uint32_t find(std::uint64_t owner, std::uint64_t address) const {
    for (std::uint64_t sizes = Store::sizes(); sizes != 0; sizes &= sizes - 1) {
      const unsigned shift = lowest_bit(sizes);
      const std::uint32_t i = Store::find_owner(owner, address >> shift, shift);
      if (i != Store::none) return i;
    }
    return Store::none;
  }
};

}  // namespace smmuvp::smmu
