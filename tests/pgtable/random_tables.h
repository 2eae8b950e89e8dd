// Deterministic random registers and tables. The content of memory is a function of seed and address: every
// address holds a descriptor, so any walk finds tables, and nothing has to be stored.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable::test {

/// SplitMix64's mixing function: a bijection whose output bits look independent.
inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

class Random {
 public:
  explicit Random(std::uint64_t seed) : m_state(mix(seed)) {}
  std::uint64_t bits() { return mix(m_state++); }
  unsigned below(unsigned n) { return static_cast<unsigned>(bits() % n); }
  /// True once in n.
  bool once_in(unsigned n) { return below(n) == 0; }

 private:
  std::uint64_t m_state;
};

/// What kind of tables a round meets.
struct TableStyle {
  std::uint64_t seed = 0;
  unsigned output_size = 48;
  bool legal = false;  ///< no reserved encoding, no RES0 bit, no address beyond output_size
  bool big_endian = false;
};

inline std::uint64_t byte_swap(std::uint64_t v) { return __builtin_bswap64(v); }

/// The descriptor at an address, byte order undone.
inline std::uint64_t random_descriptor(const TableStyle& style, std::uint64_t address) {
  Random random(style.seed ^ mix(address));
  std::uint64_t d = random.bits();
  const unsigned kind = random.below(20);
  d &= ~std::uint64_t{3};
  if (kind < 14) {
    d |= 3;  // table or page
  } else if (kind < 18) {
    d |= 1;  // block, or reserved
  } else {
    d |= kind == 18 ? 2U : 0U;  // invalid
  }
  // Mostly what lets a walk go on: accessed, no hierarchical restriction, an address that fits.
  if (!random.once_in(8)) d |= std::uint64_t{1} << 10;
  if (!random.once_in(3)) d &= ~(std::uint64_t{0xf} << 59);
  if (style.legal || !random.once_in(16)) {
    d &= ~(std::uint64_t{0xffff} << 48) | (std::uint64_t{0xf878} << 48);  // keeps [63:59], [54:51]
    const std::uint64_t beyond =
        ((std::uint64_t{1} << 48) - 1) & ~((std::uint64_t{1} << style.output_size) - 1);
    d &= ~beyond;
  }
  // RES0 bits of a block: unknown level, so those of a 1 GiB block, which a 2 MiB block has too in part.
  if (style.legal && (d & 3) == 1) d &= ~std::uint64_t{0x3ffff000};
  return d;
}

/// What the bytes at an address hold, read as a little-endian number.
inline std::uint64_t random_memory(const TableStyle& style, std::uint64_t address) {
  const std::uint64_t d = random_descriptor(style, address);
  return style.big_endian ? byte_swap(d) : d;
}

inline unsigned random_output_size(Random& random) {
  static constexpr std::uint8_t sizes[] = {48, 48, 48, 44, 42, 40, 36, 32};
  return sizes[random.below(8)];
}

/// Walkable registers.
inline Config random_config(Random& random, TableStyle& style) {
  style.seed = random.bits();
  style.output_size = random_output_size(random);
  style.legal = random.once_in(2);
  style.big_endian = random.once_in(8);
  Config config;
  config.stage1.output_size = static_cast<std::uint8_t>(style.output_size);
  config.stage1.MAIR = random.bits();
  config.stage1.WXN = random.once_in(4);
  config.stage1.big_endian = style.big_endian;
  for (TableConfig& t : config.stage1.tables) {
    t.TxSZ = static_cast<std::uint8_t>(16 + random.below(24));
    t.EPD = random.once_in(16);
    t.TBI = random.once_in(2);
    t.HPD = random.once_in(4);
    // Any alignment; beyond the output size now and then.
    const unsigned base_bits = !style.legal && random.once_in(16) ? 48U : style.output_size;
    t.base = random.bits() & ((std::uint64_t{1} << base_bits) - 1) & ~std::uint64_t{1};
  }
  return config;
}

/// Mostly inside a range, else at its edge, or anywhere.
inline std::uint64_t random_va(Random& random, const Config& config) {
  const unsigned range = random.below(2);
  const TableConfig& t = config.stage1.tables[range];
  const std::uint64_t inside = (std::uint64_t{1} << (64U - t.TxSZ)) - 1;
  std::uint64_t va = random.bits();
  const unsigned kind = random.below(16);
  if (kind == 0) return va;
  va = range != 0 ? va | ~inside : va & inside;
  if (kind == 1) va ^= inside + 1;                                  // just outside
  if (kind == 2) va ^= std::uint64_t{1} << (56 + random.below(8));  // one tag bit
  if (kind == 3) va = (va & ~(std::uint64_t{0xff} << 56)) | random.bits() << 56;
  return va;
}

}  // namespace smmuvp::pgtable::test
