// The modelled shape of a cache: sets, ways, replacement, index.
#pragma once

#include <cstdint>

namespace smmuvp::smmu {

enum class Replacement : std::uint8_t {
  lru,     ///< least recently used, by order of use, never by time
  fifo,    ///< the entry that was filled first
  random,  ///< pseudo-random from a fixed seed: the same history replaces the same entries
};

enum class SetIndex : std::uint8_t {
  hashed,  ///< of the whole key: contexts that use the same addresses do not share few sets
  modulo,  ///< the lowest bits of the page number (or of what else a key counts), nothing else
};

/// What is modelled. It decides which entries are there, not how fast the host finds them.
struct CacheGeometry {
  static constexpr std::uint32_t max_entries = 1U << 24;

  std::uint32_t sets = 1;  ///< a power of two
  std::uint32_t ways = 1;  ///< 1 or more
  Replacement replacement = Replacement::lru;
  SetIndex index = SetIndex::hashed;

  std::uint32_t entries() const { return sets * ways; }
  /// The set of a key. @param number  what modulo looks at. @param hash  of the whole key, best in its top
  /// bits
  std::uint32_t set_of(std::uint64_t number, std::uint64_t hash) const {
    if (index == SetIndex::modulo) return static_cast<std::uint32_t>(number) & (sets - 1);
    return static_cast<std::uint32_t>(hash >> 32U) >> (31U - set_bits()) >> 1U;
  }

 private:
  unsigned set_bits() const { return 31U - static_cast<unsigned>(__builtin_clz(sets)); }
};

/// @return `geometry`, or throws a ConfigError that names `cache`.
const CacheGeometry& checked(const CacheGeometry& geometry, const char* cache);

}  // namespace smmuvp::smmu
