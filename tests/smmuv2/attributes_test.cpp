// Memory types, shareability, allocation hints, privilege and instruction of what leaves (IHI 0062 2.4, 9.4).
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using pgtable::Shareability;
using smmu::AccessKind;
using smmu::Outcome;

constexpr auto outer = Shareability::outer, inner = Shareability::inner, non = Shareability::non_shareable;
constexpr std::uint8_t WB = 0xff, WT = 0xbb,
                       NC = 0x44;  // as MAIR has them; cacheable: Read- and Write-Allocate

/// Fields at the places of an S2CR.
constexpr std::uint32_t MTCFG(std::uint32_t MemAttr) { return 1U << 11 | MemAttr << 12; }
constexpr std::uint32_t SHCFG(std::uint32_t v) { return v << 8; }
constexpr std::uint32_t RACFG(std::uint32_t v) { return v << 20; }
constexpr std::uint32_t WACFG(std::uint32_t v) { return v << 22; }
constexpr std::uint32_t TRANSIENTCFG(std::uint32_t v) { return v << 28; }
constexpr std::uint32_t INSTCFG(std::uint32_t v) { return v << 26; }
constexpr std::uint32_t PRIVCFG(std::uint32_t v) { return v << 24; }

smmu::AccessRequest incoming(std::uint8_t memory, Shareability SH, AccessKind kind = AccessKind::read) {
  auto r = World::request(9, 0x1000, kind);
  r.attributes = {memory, SH};
  return r;
}

/// A bypass by an S2CR.
struct Bypass : World {
  explicit Bypass(std::uint32_t S2CR, const Features& f = {}) : World(f) {
    map_stream(0, 9, S2CR_bypass | S2CR);
    start();
  }
  pgtable::Attributes of(std::uint8_t memory, Shareability SH) {
    return access(incoming(memory, SH)).attributes;
  }
};

// Tables 9-3 to 9-5, 2-4: outer level, inner level; without a cacheable level before nothing is allocated
// (2.4.2)
TEST(MemAttr, HasSixteenValues) {
  const std::uint8_t expected[16] = {0x00, 0x04, 0x08, 0x0c, 0x00, 0x44, 0x48, 0x4c,
                                     0x00, 0x84, 0x88, 0x8c, 0x00, 0xc4, 0xc8, 0xcc};
  for (std::uint32_t MemAttr = 0; MemAttr < 16; ++MemAttr) {
    Bypass w(MTCFG(MemAttr));
    const pgtable::Attributes a = w.of(NC, outer);
    EXPECT_EQ(a.memory, expected[MemAttr]) << MemAttr;
    EXPECT_EQ(a.SH, outer) << MemAttr;
    EXPECT_EQ(w.read(S2CR0) >> 12 & 0xfU, MemAttr);  // 2.4.1: Reserved values read back
  }
}

// 2.4: Device and Non-cacheable memory is Outer Shareable whatever SHCFG says
TEST(MemAttr, DeviceAndNonCacheableMemoryIsOuterShareable) {
  for (const std::uint32_t MemAttr : {0U, 1U, 2U, 3U, 5U}) {
    Bypass w(MTCFG(MemAttr) | SHCFG(3));
    EXPECT_EQ(w.of(WB, non).SH, outer) << MemAttr;
  }
  Bypass half(MTCFG(6) | SHCFG(3));  // one level is cacheable
  EXPECT_EQ(half.of(WB, outer).SH, non);
}

// 2.4.2
TEST(MTCFG, CacheableToCacheableKeepsTheHintsOfEachLevel) {
  Bypass w(MTCFG(10));  // Write-Through
  EXPECT_EQ(w.of(WB, inner).memory, WT);
  EXPECT_EQ(w.of(0xee, inner).memory, 0xaa);  // Read-Allocate
  EXPECT_EQ(w.of(0xdc, inner).memory, 0x98);  // outer Write-Allocate, inner none
  EXPECT_EQ(w.of(0x77, inner).memory, 0x33);  // transient
  EXPECT_EQ(w.of(0xf4, inner).memory, 0xb8);  // inner Non-cacheable before: no hints
  EXPECT_EQ(w.of(0x04, inner).memory, 0x88);  // Device before
}

TEST(MTCFG, WhatWasNotCacheableIsAllocatedOnlyAsOverridesSay) {
  Bypass w(MTCFG(15) | RACFG(2));
  EXPECT_EQ(w.of(NC, inner).memory, 0xee);
  Bypass write(MTCFG(15) | WACFG(2));
  EXPECT_EQ(write.of(NC, inner).memory, 0xdd);
  Bypass both(MTCFG(15) | RACFG(2) | WACFG(2) | TRANSIENTCFG(3));
  EXPECT_EQ(both.of(NC, inner).memory, 0x77);
}

// 2.4, 2.4.2: Outer Shareable is what takes effect of such memory, and no attribute that an override starts
// from
TEST(MTCFG, WhatWasNotCacheableKeepsTheShareabilityThatCameIn) {
  Bypass w(MTCFG(15));
  for (const std::uint8_t memory : {NC, std::uint8_t{0x04}}) {
    for (const Shareability SH : {non, inner, outer}) EXPECT_EQ(w.of(memory, SH).SH, SH);
    EXPECT_EQ(Bypass(0).of(memory, non).SH, outer);
  }
}

TEST(MTCFG, Of0LeavesTheType) {
  Bypass w(0x5U << 12);
  for (const std::uint8_t memory : {WB, WT, std::uint8_t{0x4f}, std::uint8_t{0xf4}}) {
    EXPECT_EQ(w.of(memory, inner).memory, memory);
  }
  EXPECT_EQ(w.of(NC, inner).memory, NC);
  EXPECT_EQ(w.of(0x04, inner).memory, 0x04);
}

// Table 2-4 and 9.6.23; of Device and Non-cacheable memory hints say nothing
TEST(Hints, AreOverriddenBy0b10And0b11Only) {
  const std::uint8_t by_RACFG[4] = {WB, WB, WB, 0xdd};
  const std::uint8_t by_WACFG[4] = {WB, WB, WB, 0xee};
  const std::uint8_t by_TRANSIENTCFG[4] = {WB, WB, WB, 0x77};
  const std::uint8_t of_none_by_RACFG[4] = {0xcc, 0xcc, 0xee, 0xcc};
  const std::uint8_t of_transient[4] = {0x77, 0x77, WB, 0x77};
  for (std::uint32_t v = 0; v < 4; ++v) {
    EXPECT_EQ(Bypass(RACFG(v)).of(WB, inner).memory, by_RACFG[v]) << v;
    EXPECT_EQ(Bypass(WACFG(v)).of(WB, inner).memory, by_WACFG[v]) << v;
    EXPECT_EQ(Bypass(TRANSIENTCFG(v)).of(WB, inner).memory, by_TRANSIENTCFG[v]) << v;
    EXPECT_EQ(Bypass(RACFG(v)).of(0xcc, inner).memory, of_none_by_RACFG[v]) << v;
    EXPECT_EQ(Bypass(TRANSIENTCFG(v)).of(0x77, inner).memory, of_transient[v]) << v;
    EXPECT_EQ(Bypass(RACFG(v) | WACFG(v) | TRANSIENTCFG(v)).of(NC, inner).memory, NC);
    EXPECT_EQ(Bypass(RACFG(v) | WACFG(v) | TRANSIENTCFG(v)).of(0x0c, inner).memory, 0x0c);
  }
}

TEST(SHCFG, OverridesTheShareability) {
  const Shareability expected[4] = {inner, outer, inner, non};
  for (std::uint32_t v = 0; v < 4; ++v) EXPECT_EQ(Bypass(SHCFG(v)).of(WB, inner).SH, expected[v]);
}

// 2.4: what bypasses the Stream mapping table has the attributes of sCR0
TEST(BypassOfTheStreamMappingTable, HasTheAttributesOfSCR0) {
  const std::uint32_t fields = 1U << 20 | 0xaU << 16 | 1U << 22 | 3U << 24 | 2U << 26;
  for (const std::uint32_t how : {CR0_CLIENTPD, 0U, 2U}) {
    World w;
    if (how == 2) {  // a conflict
      w.map_stream(0, 9, S2CR_fault);
      w.map_stream(1, 9, S2CR_fault);
    }
    w.write(sCR0, fields | (how & 1U) | 3U << 6);
    const auto a = w.access(incoming(WB, inner));
    EXPECT_EQ(a.outcome, Outcome::forward);
    EXPECT_EQ(a.attributes.memory, 0x11);  // Write-Through, no Read-Allocate, Write-Allocate, transient
    EXPECT_EQ(a.attributes.SH, outer);
  }
}

// Table 2-3
TEST(Attributes, ThatNoMasterMarksAreTheDefaults) {
  World w;
  const auto a = w.access(9, 0x1000);
  EXPECT_EQ(a.attributes.memory, WB);
  EXPECT_EQ(a.attributes.SH, non);
  EXPECT_FALSE(a.privileged);
  EXPECT_FALSE(a.instruction);
  EXPECT_EQ(a.space, pgtable::AddressSpace::non_secure);
}

/// A stage 1 bank, on or off.
struct OneStage : World {
  explicit OneStage(const Features& f = {}) : World(f) {
    builder_of = &stream64(9, 3);
    builder_of->map(0x1000, 0x2000, 0x1000);
    pgtable::Mapping device;
    device.AttrIndx = 1;  // 0x00
    builder_of->map(0x3000, 0x4000, 0x1000, device);
    start();
  }
  void S2CR_is(std::uint32_t fields) { write(S2CR0 + 4 * 9, S2CR_translate | 3 | fields); }
  void CBAR_is(std::uint32_t fields) { write(gr1(CBAR0 + 4 * 3), 1U << 16 | fields); }
  pgtable::Attributes of(std::uint64_t address, std::uint8_t memory = WB, Shareability SH = non) {
    auto r = incoming(memory, SH);
    r.address = address;
    return access(r).attributes;
  }
  pgtable::Builder* builder_of;
};

// 2.4: with stage 1 on, only INSTCFG and PRIVCFG of S2CR survive
TEST(Stage1On, HasTheAttributesOfItsDescriptors) {
  OneStage w;
  w.S2CR_is(MTCFG(5) | SHCFG(1) | RACFG(3) | WACFG(3) | TRANSIENTCFG(3));
  EXPECT_EQ(w.of(0x1000).memory, WB);
  EXPECT_EQ(w.of(0x1000).SH, inner);  // the Mapping's
  EXPECT_EQ(w.of(0x1000, NC, outer).memory, WB);
  EXPECT_EQ(w.of(0x3000).memory, 0x00);
  EXPECT_EQ(w.of(0x3000).SH, outer);
}

// 2.4, 16.5.29: input, S2CR, SCTLR in this order
TEST(Stage1Off, HasThoseOfS2crAndThenOfItsSctlr) {
  OneStage w;
  w.S2CR_is(MTCFG(10) | SHCFG(1) | RACFG(3));
  w.write_cb(3, SCTLR, 0);
  EXPECT_EQ(w.of(0x1000).memory, 0x99);
  EXPECT_EQ(w.of(0x1000).SH, outer);
  w.write_cb(3, SCTLR, 3U << 22 | 2U << 24 | 3U << 26);  // SHCFG, RACFG, WACFG
  EXPECT_EQ(w.of(0x1000).memory, 0xaa);
  EXPECT_EQ(w.of(0x1000).SH, non);
  w.write_cb(3, SCTLR, 1U << 20 | 0xfU << 16 | 3U << 14);  // MTCFG, TRANSIENTCFG
  EXPECT_EQ(w.of(0x1000).memory, 0x55);
}

// Table 2-2, note d: fields of SCTLR say nothing where stage 1 translates
TEST(Stage1On, IgnoresTheAttributesOfItsSctlr) {
  OneStage w;
  w.write_cb(3, SCTLR, w.read_cb(3, SCTLR) | 1U << 20 | 0x1U << 16 | 1U << 22 | 3U << 24);
  EXPECT_EQ(w.of(0x1000).memory, WB);
  EXPECT_EQ(w.of(0x1000).SH, inner);
}

// 2.4.2
TEST(CbarAttributes, AreCombinedWithThoseOfStage1) {
  OneStage w;
  struct {
    std::uint32_t CBAR;
    std::uint8_t memory;
    Shareability SH;
  } const cases[] = {
      {0xfU << 12 | 3U << 8, WB, inner},  // neutral: Write-Back, Non-shareable
      {0xfU << 12 | 2U << 8, WB, inner},
      {0xfU << 12 | 1U << 8, WB, outer},
      {0xfU << 12 | 0U << 8, WB, outer},  // Table 2-4: 0b00 is Outer Shareable
      {0xaU << 12 | 3U << 8, WT, inner},
      {0xbU << 12 | 3U << 8, 0xbf, inner},
      {0x5U << 12 | 3U << 8, NC, outer},
      {0x7U << 12 | 3U << 8, 0x4f, inner},
      {0x1U << 12 | 3U << 8, 0x04, outer},
      {0x3U << 12 | 3U << 8, 0x0c, outer},
      {0x0U << 12 | 3U << 8, 0x00, outer},
      {0x4U << 12 | 3U << 8, 0x00, outer},             // Reserved
      {0xfU << 12 | 3U << 8 | 3U << 20, 0xdd, inner},  // RACFG, WACFG: stage 2 wins unless 0b00
      {0xfU << 12 | 3U << 8 | 3U << 22, 0xee, inner},
      {0xfU << 12 | 3U << 8 | 1U << 20 | 1U << 22, WB, inner},
  };
  for (const auto& c : cases) {
    w.CBAR_is(c.CBAR);
    const pgtable::Attributes a = w.of(0x1000);
    EXPECT_EQ(a.memory, c.memory) << std::hex << c.CBAR;
    EXPECT_EQ(a.SH, c.SH) << std::hex << c.CBAR;
    EXPECT_EQ(w.of(0x3000).memory, 0x00);  // the stronger
  }
  w.CBAR_is(0xfU << 12 | 3U << 8 | 2U << 20 | 2U << 22);
  w.builder_of->map(0x5000, 0x6000, 0x1000);
  w.write_cb(3, MAIR0, 0xcc);
  w.write(TLBIALLNSNH, 0);
  EXPECT_EQ(w.of(0x5000).memory, WB);
}

TEST(CbarAttributes, AreCombinedWithAStage1ThatIsOffToo) {
  OneStage w;
  w.write_cb(3, SCTLR, 0);
  w.CBAR_is(0xaU << 12 | 1U << 8);
  EXPECT_EQ(w.of(0x1000).memory, WT);
  EXPECT_EQ(w.of(0x1000).SH, outer);
}

// 1.5.2, 2.4.2
TEST(CbarAttributes, ApplyToTheTableWalksOfTheirBank) {
  for (const bool device : {false, true}) {
    OneStage w;
    w.CBAR_is(device ? 3U << 8 : 0xfU << 12 | 3U << 8);
    Access a(w.smmu, incoming(WB, non));
    ASSERT_EQ(a.step(), smmu::Step::need);
    // TCR of the bank: Write-Back, Inner Shareable
    EXPECT_EQ(a.op().attributes.memory == 0x00, device);
    EXPECT_EQ(a.op().attributes.SH, device ? outer : inner);
    w.run(a);
    EXPECT_EQ(a.answer().output, 0x2000U);
  }
}

/// Of the first descriptor that an access reads.
std::uint8_t memory_of_first_table(World& w) {
  Access a(w.smmu, World::request(9, 0x2000));
  EXPECT_EQ(a.step(), smmu::Step::need);
  const std::uint8_t memory = a.op().attributes.memory;
  w.run(a);
  EXPECT_EQ(a.answer().outcome, Outcome::forward);
  return memory;
}

TEST(CbarAttributes, SayHowTheTablesOfTheirBankAreAllocated) {
  OneStage w;
  w.builder_of->map(0x2000, 0x3000, 0x1000);
  const std::uint8_t by_RACFG[4] = {WB, WB, WB, 0xdd};
  const std::uint8_t by_WACFG[4] = {WB, WB, WB, 0xee};
  for (std::uint32_t v = 0; v < 4; ++v) {
    w.CBAR_is(0xfU << 12 | 3U << 8 | RACFG(v));
    w.write(TLBIALLNSNH, 0);
    EXPECT_EQ(memory_of_first_table(w), by_RACFG[v]) << v;
    w.CBAR_is(0xfU << 12 | 3U << 8 | WACFG(v));
    w.write(TLBIALLNSNH, 0);
    EXPECT_EQ(memory_of_first_table(w), by_WACFG[v]) << v;
  }
}

/// A stage 2 bank alone, or behind stage 1.
struct TwoStages : World {
  explicit TwoStages(bool nested) {
    auto& s2 = builder(config_stage2());
    s2.map(tables, tables, 0x20'0000);
    s2.map(0x2000, 0x8000, 0x1000);
    pgtable::Mapping m;
    m.MemAttr = 0xa;
    m.SH = non;
    s2.map(0x3000, 0x9000, 0x1000, m);
    config = s2.config();
    bank_stage2(5, config, 0);
    if (nested) {
      auto& s1 = builder(config64());
      s1.map(0x2000, 0x2000, 0x1000);
      s1.map(0x3000, 0x3000, 0x1000);
      first_table = s1.config().stage1.tables[0].base;
      bank64(6, s1.config(), 1, 0, 0, CBAR_nested | 5U << 8);
    }
    map_stream(0, 9, S2CR_translate | (nested ? 6 : 5));
    start();
  }
  pgtable::Attributes of(std::uint64_t address, std::uint8_t memory = WB, Shareability SH = non) {
    auto r = incoming(memory, SH);
    r.address = address;
    return access(r).attributes;
  }
  /// Bits of a leaf of stage 2.
  void leaf(std::uint64_t output, std::uint64_t bits) {
    const std::uint64_t at = find(output);
    memory.write(at, (memory.read(at, 8) & ~(0xfULL << 60)) | bits);
    write(TLBIALLNSNH, 0);
  }
  /// MemAttr and hints of what stage 2 makes of the tables of stage 1.
  void map_tables_with(std::uint64_t bits) {
    const std::uint64_t at = find(tables, 1);
    memory.write(at, (memory.read(at, 8) & ~(0xfULL << 60 | 0x3cU)) | bits);
    write(TLBIALLNSNH, 0);
  }
  std::uint64_t find(std::uint64_t output, unsigned type = 3) {
    for (std::uint64_t a = tables; a < tables + 0x20'000; a += 8) {
      const std::uint64_t d = memory.read(a, 8);
      if ((d & 3U) == type && (d & 0x400U) != 0 && (d & 0x0000'ffff'ffff'f000ULL) == output) return a;
    }
    return 0;
  }
  pgtable::Config config;
  std::uint64_t first_table = 0;  ///< of stage 1
};

// 2.4: input and S2CR are what stage 1 is to a stage 2 alone
TEST(Stage2Attributes, AreCombinedWithTheInputAfterS2cr) {
  TwoStages w(false);
  EXPECT_EQ(w.of(0x2000).memory, WB);
  EXPECT_EQ(w.of(0x2000, NC).memory, NC);
  EXPECT_EQ(w.of(0x3000).memory, WT);
  EXPECT_EQ(w.of(0x3000, WB, outer).SH, outer);
  w.write(S2CR0, S2CR_translate | 5 | MTCFG(5));
  EXPECT_EQ(w.of(0x2000).memory, NC);
  EXPECT_EQ(w.of(0x2000).SH, outer);
}

TEST(Stage2Attributes, AreCombinedWithThoseOfStage1) {
  TwoStages w(true);
  EXPECT_EQ(w.of(0x2000, NC).memory, WB);
  EXPECT_EQ(w.of(0x3000).memory, WT);
  EXPECT_EQ(w.of(0x3000).SH, inner);  // the stronger
}

// 2.7.1, Table 2-12: [63:62] WACFG, [61:60] RACFG
TEST(Stage2Attributes, OfADescriptorHaveAllocationHints) {
  for (const bool nested : {false, true}) {
    TwoStages w(nested);
    w.leaf(0x8000, 3ULL << 62);
    EXPECT_EQ(w.of(0x2000).memory, 0xee);
    w.leaf(0x8000, 3ULL << 60);
    EXPECT_EQ(w.of(0x2000).memory, 0xdd);
    w.leaf(0x8000, 2ULL << 62 | 2ULL << 60);
    EXPECT_EQ(w.of(0x2000, 0xcc).memory, WB);
    w.leaf(0x8000, 1ULL << 62 | 1ULL << 60);  // Reserved
    EXPECT_EQ(w.of(0x2000).memory, WB);
  }
}

// 2.4, Table 2-4: in descriptors, too, and of tables
TEST(Stage2Attributes, OfADescriptorThatAreReservedAreDevice) {
  for (const std::uint64_t MemAttr : {4U, 8U, 12U}) {
    for (const bool nested : {false, true}) {
      TwoStages w(nested);
      const std::uint64_t at = w.find(0x8000);
      w.memory.write(at, (w.memory.read(at, 8) & ~0x3cULL) | MemAttr << 2);
      EXPECT_EQ(w.of(0x2000).memory, 0x00) << MemAttr;
      EXPECT_EQ(w.of(0x2000).SH, outer) << MemAttr;
    }
    TwoStages w(true);
    w.map_tables_with(MemAttr << 2);
    EXPECT_EQ(w.of(0x2000).memory, WB);
    w.write(TLBIALLNSNH, 0);
    w.write_cb(5, SCTLR, w.read_cb(5, SCTLR) | 1U << 13);  // PTW
    EXPECT_EQ(w.access(9, 0x2000).outcome, Outcome::abort);
    EXPECT_EQ(w.read_cb(5, FSR), 1U << 3 | 2U << 9);
  }
}

// 2.4, 2.7.1
TEST(Stage2Attributes, SayHowTheTablesOfStage1AreAllocated) {
  TwoStages w(true);
  const auto of_table = [&] {
    w.write(TLBIALLNSNH, 0);
    Access a(w.smmu, World::request(9, 0x2000));
    std::uint8_t memory = 0;
    while (a.step() == smmu::Step::need) {
      if (a.op().address >> 12U == w.first_table >> 12U) memory = a.op().attributes.memory;
      a.complete(w.memory.carry_out(a.op()));
    }
    return memory;
  };
  w.map_tables_with(0xfU << 2);
  EXPECT_EQ(of_table(), WB);
  w.map_tables_with(0xfU << 2 | 3ULL << 60);
  EXPECT_EQ(of_table(), 0xdd);
  w.map_tables_with(0xfU << 2 | 3ULL << 62);
  EXPECT_EQ(of_table(), 0xee);
  w.write_cb(5, SCTLR, 0xfU << 16 | 3U << 24);  // off
  EXPECT_EQ(of_table(), 0xdd);
}

// 17.3.3: SHCFG 0b00 is Non-shareable; both are combined; bit 20 is reserved
TEST(Stage2Attributes, OfAStage2ThatIsOffAreThoseOfItsSctlr) {
  for (const bool nested : {false, true}) {
    TwoStages w(nested);
    const auto with = [&](std::uint32_t SCTLR_bits) {
      w.write_cb(5, SCTLR, SCTLR_bits);
      return w.of(0x2000);
    };
    const Shareability before = nested ? inner : non;
    EXPECT_EQ(with(0xfU << 16).memory, WB);
    EXPECT_EQ(with(0xfU << 16).SH, before);
    EXPECT_EQ(with(0xfU << 16 | 2U << 22).SH, inner);
    EXPECT_EQ(with(0xfU << 16 | 1U << 22).SH, outer);
    EXPECT_EQ(with(0xfU << 16 | 3U << 22).SH, before);
    EXPECT_EQ(with(0xaU << 16).memory, WT);
    EXPECT_EQ(with(0x5U << 16).memory, NC);
    EXPECT_EQ(with(0x0U << 16).memory, 0x00);
    EXPECT_EQ(with(0xfU << 16 | 3U << 24).memory, 0xdd);
    EXPECT_EQ(with(0xfU << 16 | 3U << 26).memory, 0xee);
  }
}

// 2.4, Table 2-2 note c: "all writes are forced to 0b10, indicating data"
TEST(INSTCFG, AppliesToReadsOnly) {
  OneStage w;
  pgtable::Mapping m;
  m.writable = false;
  m.unprivileged_execute = m.privileged_execute = true;
  w.builder_of->map(0x7000, 0x8000, 0x1000, m);
  const bool expected_data[4] = {false, true, false, true};  // 0b01 is Instruction (Table 2-4)
  for (std::uint32_t v = 0; v < 4; ++v) {
    w.S2CR_is(INSTCFG(v));
    auto r = World::request(9, 0x7000);
    EXPECT_EQ(w.access(r).instruction, expected_data[v]) << v;
    r.instruction = true;
    EXPECT_EQ(w.access(r).instruction, v != 2) << v;
    r = World::request(9, 0x1000, AccessKind::write);
    r.instruction = true;
    const auto a = w.access(r);
    EXPECT_EQ(a.outcome, Outcome::forward);
    EXPECT_FALSE(a.instruction) << v;
  }
}

// Table 2-2: no INSTCFG and PRIVCFG in bypass mode
TEST(INSTCFG, DoesNotExistInBypassMode) {
  Bypass w(INSTCFG(3) | PRIVCFG(3));
  const auto a = w.access(incoming(WB, inner));
  EXPECT_FALSE(a.instruction);
  EXPECT_FALSE(a.privileged);
}

TEST(PRIVCFG, OverridesThePrivilegeThatIsChecked) {
  OneStage w;
  pgtable::Mapping m;
  m.unprivileged = false;
  w.builder_of->map(0x7000, 0x8000, 0x1000, m);
  for (std::uint32_t v : {0U, 2U, 3U}) {
    for (const bool privileged : {false, true}) {
      w.write_cb(3, FSR, ~0U);
      w.S2CR_is(PRIVCFG(v));
      auto r = World::request(9, 0x7000);
      r.privileged = privileged;
      const bool is = v == 0 ? privileged : v == 3;
      EXPECT_EQ(w.access(r).outcome, is ? Outcome::forward : Outcome::abort) << v << privileged;
      r.address = 0x1000;
      w.write_cb(3, FSR, ~0U);
      EXPECT_EQ(w.access(r).privileged, is);
    }
  }
}

// 9.6.1, IDR2.DIPANS
TEST(PRIVCFG, Of0b01IsPrivilegedAccessNever) {
  OneStage w;
  pgtable::Mapping m;
  m.unprivileged = false;
  w.builder_of->map(0x7000, 0x8000, 0x1000, m);
  w.S2CR_is(PRIVCFG(1));
  EXPECT_EQ(w.read(offsets::IDR2) >> 30 & 1U, 1U);
  const auto a = w.access(9, 0x7000);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_TRUE(a.privileged);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(3, FSR), 1U << 3 | 2U << 9);
  EXPECT_EQ(w.read_cb(3, FSYNR0), 3U | 1U << 5);
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, SCTLR, SCTLR_CFRE);  // a bank that is off: as 0b11
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
  EXPECT_TRUE(w.access(9, 0x1000).privileged);
}

// Of what the TLB has of other streams, too; and nothing is updated for an access that it refuses
TEST(PRIVCFG, Of0b01IsRefusedByAnEntryOfTheTlb) {
  OneStage w;
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
  w.S2CR_is(PRIVCFG(1));
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(w.read_cb(3, FSR), 1U << 3 | 2U << 9);
}

TEST(PRIVCFG, Of0b01IsUnprivilegedWithoutDipans) {
  Features f;
  f.DIPANS = false;
  OneStage w(f);
  w.S2CR_is(PRIVCFG(1));
  auto r = World::request(9, 0x1000);
  r.privileged = true;
  const auto a = w.access(r);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_FALSE(a.privileged);
}

// 2.4.2, 9.6.23
TEST(HypervisorContext, IsPrivilegedDownstreamWhateverPrivcfgSays) {
  for (const std::uint32_t v : {0U, 1U, 2U}) {
    OneStage w;
    w.CBAR_is(0xfU << 12 | 3U << 8 | CBAR_HYPC);
    w.S2CR_is(PRIVCFG(v));
    const auto a = w.access(9, 0x1000);
    EXPECT_EQ(a.outcome, Outcome::forward) << v;
    EXPECT_TRUE(a.privileged) << v;
  }
}

// 2.4.2: "for V7S the transient attribute is not transformed": it is that of input and S2CR
TEST(ShortDescriptors, HaveTheTransientHintOfTheInputAndS2cr) {
  World w;
  pgtable::Config c;
  c.stage1.format = pgtable::Format::v7s;
  c.stage1.output_size = 40;
  c.stage1.v7s.DACR = 0x5555'5555;
  c.stage1.v7s.AFE = true;
  c.stage1.tables[0].EPD = false;
  c.stage1.tables[1].EPD = true;
  auto& b = w.builder(c);
  pgtable::Mapping m;
  m.AttrIndx = 0b00111;  // TEX 1, C, B: Write-Back, Write-Allocate
  ASSERT_TRUE(b.map(0x10'0000, 0x20'0000, 0x10'0000, m));
  w.write(w.gr1(CBA2R0 + 4 * 3), 0);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  w.write_cb(3, TCR, 1U << 5);
  w.write_cb(3, TTBR0, b.config().stage1.tables[0].base, 8);
  w.write_cb(3, FSR, ~0U);
  w.write_cb(3, SCTLR, SCTLR_M | SCTLR_AFE | SCTLR_CFRE);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  auto r = incoming(WB, non);
  r.address = 0x10'0000;
  EXPECT_EQ(w.access(r).attributes.memory >> 4 & 8U, 8U);
  r.attributes.memory = 0x77;
  EXPECT_EQ(w.access(r).attributes.memory >> 4 & 8U, 0U);
  w.write(S2CR0, S2CR_translate | 3 | TRANSIENTCFG(2));
  EXPECT_EQ(w.access(r).attributes.memory >> 4 & 8U, 8U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
