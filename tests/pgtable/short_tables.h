// Short-descriptor tables made by hand.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk.h"
#include "word_memory.h"

namespace smmuvp::pgtable::test {

constexpr std::uint64_t short_TTBR0 = 0x40000000;
constexpr std::uint64_t short_TTBR1 = 0x50000000;
constexpr std::uint64_t short_level2 = 0x60000000;  // table of VA[31:20] = n is n KiB further

/// Both ranges enabled, N = 0, all domains are clients.
inline Config short_config() {
  Config config;
  config.stage1.format = Format::v7s;
  config.stage1.output_size = 40;
  config.stage1.v7s.DACR = 0x55555555;
  config.stage1.tables[0].EPD = false;
  config.stage1.tables[0].base = short_TTBR0;
  config.stage1.tables[1].EPD = false;
  config.stage1.tables[1].base = short_TTBR1;
  return config;
}

class ShortBench {
 public:
  explicit ShortBench(const Config& c = short_config()) : config(c) {}

  /// Stores the level 1 descriptor of va in TTBR0's table.
  void level1(std::uint64_t va, std::uint32_t descriptor) {
    memory.store32(short_TTBR0 + (va >> 20) * 4, descriptor);
  }
  /// Stores the level 2 descriptor of va, and the level 1 descriptor with `table_bits`.
  void level2(std::uint64_t va, std::uint32_t descriptor, std::uint32_t table_bits = 0) {
    const std::uint64_t table = short_level2 + (va >> 20) * 0x400;
    level1(va, static_cast<std::uint32_t>(table) | 1U | table_bits);
    memory.store32(table + ((va >> 12) & 0xff) * 4, descriptor);
  }
  Result translate(std::uint64_t va, AccessType access = AccessType::read, bool privileged = true) {
    memory.forget();
    WalkRequest request;
    request.va = va;
    request.access = access;
    request.privileged = privileged;
    return walk(config, request, memory);
  }

  Config config;
  WordMemory memory;
};

// Descriptor bits by name (DDI 0487 G5.4.1), apart from the addresses
namespace short_bits {
constexpr std::uint32_t domain(unsigned n) { return n << 5; }
constexpr std::uint32_t table_PXN = 1U << 2;
constexpr std::uint32_t table_NS = 1U << 3;
constexpr std::uint32_t section = 0b10;
constexpr std::uint32_t section_PXN = 1U << 0;
constexpr std::uint32_t section_XN = 1U << 4;
constexpr std::uint32_t section_S = 1U << 16;
constexpr std::uint32_t section_nG = 1U << 17;
constexpr std::uint32_t section_NS = 1U << 19;
constexpr std::uint32_t super = section | 1U << 18;
constexpr std::uint32_t large = 0b01;
constexpr std::uint32_t large_XN = 1U << 15;
constexpr std::uint32_t small = 0b10;
constexpr std::uint32_t small_XN = 1U << 0;
constexpr std::uint32_t page_S = 1U << 10;
constexpr std::uint32_t page_nG = 1U << 11;
constexpr std::uint32_t section_AP(unsigned AP) { return (AP & 3U) << 10 | (AP >> 2) << 15; }
constexpr std::uint32_t page_AP(unsigned AP) { return (AP & 3U) << 4 | (AP >> 2) << 9; }
constexpr std::uint32_t section_TEXCB(unsigned v) { return (v >> 2) << 12 | (v & 3U) << 2; }
constexpr std::uint32_t large_TEXCB(unsigned v) { return (v >> 2) << 12 | (v & 3U) << 2; }
constexpr std::uint32_t small_TEXCB(unsigned v) { return (v >> 2) << 6 | (v & 3U) << 2; }
}  // namespace short_bits

/// A leaf that grants everything to everybody, at VA 0 or wherever `va` says.
enum class ShortLeafKind { small, large, section, super };

struct ShortFields {
  unsigned AP = 0b011;
  unsigned TEXCB = 0;
  bool S = false, nG = false, XN = false, PXN = false, NS = false;
  unsigned domain = 0;
};

inline std::uint64_t map_short(ShortBench& bench, ShortLeafKind kind, std::uint64_t va,
                               const ShortFields& f = {}) {
  using namespace short_bits;
  switch (kind) {
    case ShortLeafKind::small:
    case ShortLeafKind::large: {
      const bool is_small = kind == ShortLeafKind::small;
      const std::uint32_t type =
          is_small ? small | 0x89abc000U | small_TEXCB(f.TEXCB) : large | 0x89ab0000U | large_TEXCB(f.TEXCB);
      const std::uint32_t xn = f.XN ? (is_small ? small_XN : large_XN) : 0;
      bench.level2(va, type | xn | page_AP(f.AP) | (f.S ? page_S : 0) | (f.nG ? page_nG : 0),
                   domain(f.domain) | (f.PXN ? table_PXN : 0) | (f.NS ? table_NS : 0));
      return is_small ? 0x89abc000 : 0x89ab0000;
    }
    case ShortLeafKind::section:
    case ShortLeafKind::super: {
      const bool is_super = kind == ShortLeafKind::super;
      // Supersection: PA[35:32] = 0x5 in [23:20], PA[39:36] = 0xa in [8:5]
      const std::uint32_t address = is_super ? super | 0x89500000U | 0xaU << 5 : section | 0x89a00000U;
      bench.level1(va, address | section_AP(f.AP) | section_TEXCB(f.TEXCB) | (f.S ? section_S : 0) |
                           (f.nG ? section_nG : 0) | (f.XN ? section_XN : 0) | (f.PXN ? section_PXN : 0) |
                           (f.NS ? section_NS : 0) | (is_super ? 0 : domain(f.domain)));
      return is_super ? 0xa589000000 : 0x89a00000;
    }
  }
  return 0;
}

constexpr ShortLeafKind all_short_leaves[] = {ShortLeafKind::small, ShortLeafKind::large,
                                              ShortLeafKind::section, ShortLeafKind::super};
constexpr int level_of(ShortLeafKind kind) {
  return kind == ShortLeafKind::small || kind == ShortLeafKind::large ? 2 : 1;
}

}  // namespace smmuvp::pgtable::test
