// Short-descriptor format: addresses, levels, ranges, attributes and faults (DDI 0487 G5.4, G5.7).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "short_tables.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/walk_visit.h"

namespace smmuvp::pgtable::test {
namespace {

using namespace short_bits;

constexpr std::uint32_t section_free = section | section_AP(0b011);
constexpr std::uint32_t small_free = small | page_AP(0b011);

void expect_fault(const Result& r, FaultKind kind, int level) {
  EXPECT_STREQ(to_string(r.fault.kind), to_string(kind));
  EXPECT_EQ(r.fault.level, level);
  EXPECT_EQ(r.fault.stage, Stage::stage1);
  EXPECT_EQ(r.fault.va, r.va);
}

TEST(V7sWalk, SmallPageIsFoundThroughTwoLevels) {
  ShortBench bench;
  const std::uint64_t va = 0x123d5678;
  bench.level2(va, 0x9abcd000U | small_free);
  const Result r = bench.translate(va);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x9abcd678U);
  EXPECT_EQ(r.block_shift, 12);
  EXPECT_EQ(r.range_shift, 12);
  EXPECT_EQ(r.stage1.level, 2);
  EXPECT_TRUE(r.stage1.valid);
  EXPECT_EQ(r.stage1.descriptor, 0x9abcd000U | small_free);
  ASSERT_EQ(r.descriptors.size(), 2U);
  EXPECT_EQ(r.descriptors[0], short_TTBR0 + 0x123 * 4);
  EXPECT_EQ(r.descriptors[1], short_level2 + 0x123 * 0x400 + 0xd5 * 4);
}

TEST(V7sWalk, LargePageIs64KiB) {
  ShortBench bench;
  bench.level2(0x12345678, 0x9abcd000U | large | page_AP(0b011));  // bits [15:12] are XN and TEX
  const Result r = bench.translate(0x12345678, AccessType::write);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x9abc5678U);
  EXPECT_EQ(r.block_shift, 16);
  EXPECT_EQ(r.stage1.level, 2);
}

TEST(V7sWalk, SectionIs1MiB) {
  ShortBench bench;
  bench.level1(0x12345678, 0x9ab00000U | section_free);
  const Result r = bench.translate(0x12345678);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x9ab45678U);
  EXPECT_EQ(r.block_shift, 20);
  EXPECT_EQ(r.stage1.level, 1);
  EXPECT_EQ(r.descriptors.size(), 1U);
}

TEST(V7sWalk, SupersectionIs16MiBWithA40BitOutput) {
  ShortBench bench;
  // PA[31:24] = 0x9a, PA[35:32] = bits [23:20] = 0x3, PA[39:36] = bits [8:5] = 0xc
  bench.level1(0x12345678, 0x9a300000U | super | section_AP(0b011) | 0xcU << 5);
  const Result r = bench.translate(0x12345678);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0xc39a345678U);
  EXPECT_EQ(r.block_output(), 0xc39a000000U);
  EXPECT_EQ(r.block_shift, 24);
  EXPECT_EQ(r.stage1.level, 1);
}

TEST(V7sWalk, Level1Type3IsASectionWithPXN) {
  for (const std::uint32_t kind : {section_free, section_free | super}) {
    ShortBench bench;
    bench.level1(0, kind | section_PXN);
    EXPECT_TRUE(bench.translate(0).ok());
    EXPECT_TRUE(bench.translate(0, AccessType::execute, false).ok());
    expect_fault(bench.translate(0, AccessType::execute, true), FaultKind::permission, 1);
  }
}

TEST(V7sWalk, InvalidDescriptorIsATranslationFaultAtItsLevel) {
  for (const std::uint32_t ignored : {0U, 0xfffffffcU}) {
    ShortBench bench;
    bench.level1(0x300000, ignored);
    Result r = bench.translate(0x300000);
    expect_fault(r, FaultKind::translation, 1);
    EXPECT_EQ(r.descriptors.size(), 1U);
    EXPECT_EQ(r.fault.domain, 0);
    bench.level2(0x300000, ignored, domain(9));
    r = bench.translate(0x300000);
    expect_fault(r, FaultKind::translation, 2);
    EXPECT_EQ(r.descriptors.size(), 2U);
    EXPECT_EQ(r.fault.domain, 9);
  }
}

TEST(V7sWalk, AddressBeyond32BitsIsATranslationFaultAtLevel1WithoutAnyRead) {
  ShortBench bench;
  for (const std::uint64_t va : {std::uint64_t{1} << 32, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const Result r = bench.translate(va);
    expect_fault(r, FaultKind::translation, 1);
    EXPECT_TRUE(bench.memory.ops().empty());
  }
}

// Table G5-1
TEST(V7sWalk, NSplitsTheAddressesBetweenTTBR0AndTTBR1) {
  for (unsigned N = 0; N <= 7; ++N) {
    SCOPED_TRACE(N);
    ShortBench bench;
    bench.config.stage1.v7s.N = static_cast<std::uint8_t>(N);
    const std::uint64_t boundary = std::uint64_t{1} << (32 - N);
    const std::uint64_t last_low = boundary - 1;
    bench.memory.store32(short_TTBR0 + (last_low >> 20) * 4, 0x100000U | section_free);
    Result r = bench.translate(last_low);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.range, 0);
    EXPECT_EQ(r.output, 0x1fffffU);
    EXPECT_EQ(r.descriptors[0] - short_TTBR0, (0x4000U >> N) - 4);  // the last of 2^(12-N) entries
    for (const std::uint64_t va : {boundary, std::uint64_t{0xffffffff}}) {
      if (N == 0) break;
      // TTBR1's table is always 16 KiB, indexed by all of VA[31:20].
      bench.memory.store32(short_TTBR1 + (va >> 20) * 4, 0x200000U | section_free);
      r = bench.translate(va);
      ASSERT_TRUE(r.ok());
      EXPECT_EQ(r.range, 1);
      EXPECT_EQ(r.output, 0x200000U | (va & 0xfffff));
    }
  }
}

TEST(V7sWalk, NZeroUsesTTBR0Alone) {
  ShortBench bench;
  bench.config.stage1.tables[1].EPD = true;
  bench.level1(0xfff00000, section_free);
  const Result r = bench.translate(0xffffffff);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.range, 0);
}

TEST(V7sWalk, FirstTableBitsBelowItsAlignmentAreIgnored) {
  for (unsigned N = 0; N <= 7; ++N) {
    ShortBench bench;
    bench.config.stage1.v7s.N = static_cast<std::uint8_t>(N);
    const std::uint64_t size = 0x4000U >> N;
    bench.config.stage1.tables[0].base = 0x40008000 + size + (size - 1);
    bench.config.stage1.tables[1].base = short_TTBR1 + 0x3fff;
    EXPECT_EQ(bench.translate(0).descriptors[0], 0x40008000 + size);
    if (N != 0) {
      EXPECT_EQ(bench.translate(0xfff00000).descriptors[0], short_TTBR1 + 0x3ffc);
    }
  }
}

TEST(V7sWalk, FirstTableIsBelow4GiB) {
  ShortBench bench;
  bench.config.stage1.tables[0].base |= std::uint64_t{0xab} << 32;
  EXPECT_EQ(bench.translate(0).descriptors[0], short_TTBR0);
}

TEST(V7sWalk, PD0AndPD1DisableWalksOfTheirRange) {
  ShortBench bench;
  bench.config.stage1.v7s.N = 1;
  bench.level1(0, section_free);
  bench.memory.store32(short_TTBR1 + 0x800 * 4, section_free);
  ASSERT_TRUE(bench.translate(0).ok());
  ASSERT_TRUE(bench.translate(0x80000000).ok());
  bench.config.stage1.tables[0].EPD = true;
  expect_fault(bench.translate(0), FaultKind::translation, 1);
  EXPECT_TRUE(bench.memory.ops().empty());
  EXPECT_TRUE(bench.translate(0x80000000).ok());
  bench.config.stage1.tables[0].EPD = false;
  bench.config.stage1.tables[1].EPD = true;
  EXPECT_TRUE(bench.translate(0).ok());
  expect_fault(bench.translate(0x80000000), FaultKind::translation, 1);
}

TEST(V7sWalk, nGIsTakenFromTheLeaf) {
  for (const ShortLeafKind kind : all_short_leaves) {
    for (const bool nG : {false, true}) {
      ShortBench bench;
      ShortFields f;
      f.nG = nG;
      map_short(bench, kind, 0, f);
      EXPECT_EQ(bench.translate(0).nG, nG);
    }
  }
}

// Table G5-12
TEST(V7sWalk, TEXCAndBNameTheMemoryTypeWithoutTRE) {
  const struct {
    unsigned TEXCB;
    std::uint8_t memory;
  } rows[] = {
      {0b00000, 0x00},                                                     // Device-nGnRnE
      {0b00001, 0x04},                                                     // Device-nGnRE
      {0b00010, 0xaa},                                                     // Write-Through, no Write-Allocate
      {0b00011, 0xee},                                                     // Write-Back, no Write-Allocate
      {0b00100, 0x44},                                                     // Non-cacheable
      {0b00111, 0xff},                                                     // Write-Back, Write-Allocate
      {0b01000, 0x04},                                                     // Device-nGnRE
      {0b10000, 0x44}, {0b10001, 0x4f}, {0b10010, 0x4a}, {0b10011, 0x4e},  // outer Non-cacheable
      {0b10100, 0xf4}, {0b10101, 0xff}, {0b10110, 0xfa}, {0b10111, 0xfe},  // outer WBWA
      {0b11000, 0xa4}, {0b11001, 0xaf}, {0b11010, 0xaa}, {0b11011, 0xae},  // outer WT
      {0b11100, 0xe4}, {0b11101, 0xef}, {0b11110, 0xea}, {0b11111, 0xee},  // outer WB
  };
  for (const ShortLeafKind kind : all_short_leaves) {
    for (const auto& row : rows) {
      for (const bool S : {false, true}) {
        ShortBench bench;
        ShortFields f;
        f.TEXCB = row.TEXCB;
        f.S = S;
        map_short(bench, kind, 0, f);
        const Result r = bench.translate(0);
        EXPECT_EQ(r.attributes.memory, row.memory) << row.TEXCB;
        // Device and Non-cacheable memory is Outer Shareable whatever S says.
        const bool normal = row.memory > 0x0f && row.memory != 0x44;
        EXPECT_EQ(r.attributes.SH, S || !normal ? Shareability::outer : Shareability::non_shareable);
      }
    }
  }
}

TEST(V7sWalk, ReservedMemoryTypesAreTheStrictest) {
  for (const unsigned TEXCB :
       {0b00101U, 0b00110U, 0b01001U, 0b01010U, 0b01011U, 0b01100U, 0b01101U, 0b01110U, 0b01111U}) {
    ShortBench bench;
    ShortFields f;
    f.TEXCB = TEXCB;
    map_short(bench, ShortLeafKind::small, 0, f);
    EXPECT_EQ(bench.translate(0).attributes.memory, 0x00);
    EXPECT_EQ(bench.translate(0).attributes.SH, Shareability::outer);
  }
}

// Tables G5-14 and G5-15
TEST(V7sWalk, TEX0CAndBIndexPRRRAndNMRRWithTRE) {
  const std::uint8_t nibble[4] = {0x4, 0xf, 0xa, 0xe};
  for (const ShortLeafKind kind : all_short_leaves) {
    for (unsigned n = 0; n < 8; ++n) {
      for (unsigned choice = 0; choice < 4 * 4 * 4 * 16; ++choice) {
        const unsigned TR = choice & 3;
        const unsigned IR = (choice >> 2) & 3;
        const unsigned OR = (choice >> 4) & 3;
        const bool NOS = (choice & 0x40) != 0;
        const bool NS0 = (choice & 0x80) != 0;
        const bool NS1 = (choice & 0x100) != 0;
        const bool S = (choice & 0x200) != 0;
        ShortBench bench;
        V7sConfig& c = bench.config.stage1.v7s;
        c.TRE = true;
        // All fields of the other seven encodings differ.
        c.PRRR = (~(TR << (2 * n)) & ~(3U << (2 * n)) & 0xffffU) | TR << (2 * n);
        c.PRRR |= (NOS ? 1U << (24 + n) : 0xff000000U & ~(1U << (24 + n)));
        c.PRRR |= (NS0 ? 1U << 18 : 0U) | (NS1 ? 1U << 19 : 0U);
        c.NMRR = (~(IR * 0x5555U) & 0xffffU & ~(3U << (2 * n))) | IR << (2 * n);
        c.NMRR |= ((~(OR * 0x5555U) & 0xffffU & ~(3U << (2 * n))) | OR << (2 * n)) << 16;
        ShortFields f;
        f.TEXCB = n | (choice & 3) << 3;  // TEX[2:1] are the operating system's
        f.S = S;
        map_short(bench, kind, 0, f);
        const Result r = bench.translate(0);
        const std::uint8_t normal = static_cast<std::uint8_t>(nibble[OR] << 4 | nibble[IR]);
        const std::uint8_t memory = TR == 2 ? normal : TR == 1 ? 0x04 : 0x00;
        ASSERT_EQ(r.attributes.memory, memory) << n << " " << choice;
        Shareability SH = NOS ? Shareability::inner : Shareability::outer;
        if (!(S ? NS1 : NS0)) SH = Shareability::non_shareable;
        if (TR != 2 || memory == 0x44) SH = Shareability::outer;
        ASSERT_EQ(r.attributes.SH, SH) << n << " " << choice;
      }
    }
  }
}

TEST(V7sWalk, SecureWalkReadsSecureTablesAndNSChoosesTheOutputsAddressSpace) {
  for (const ShortLeafKind kind : all_short_leaves) {
    for (const bool NS : {false, true}) {
      ShortBench bench;
      bench.config.space = AddressSpace::secure;
      ShortFields f;
      f.NS = NS;
      map_short(bench, kind, 0, f);
      const Result r = bench.translate(0);
      EXPECT_EQ(r.space, NS ? AddressSpace::non_secure : AddressSpace::secure);
      EXPECT_FALSE(r.nG);
      // NS says nothing about the table.
      for (const MemoryOp& op : bench.memory.ops()) EXPECT_EQ(op.space, AddressSpace::secure);
      bench.config.space = AddressSpace::non_secure;
      EXPECT_EQ(bench.translate(0).space, AddressSpace::non_secure);
    }
  }
}

TEST(V7sWalk, TableAccessesAre4BytesWideAndCarryTheWalkAttributesOfTheirRange) {
  ShortBench bench;
  bench.config.stage1.v7s.N = 1;
  bench.config.stage1.tables[0].walk_attributes = {1, 2, Shareability::inner};
  bench.config.stage1.tables[1].walk_attributes = {3, 3, Shareability::outer};
  bench.level2(0x1000, small_free);
  ASSERT_TRUE(bench.translate(0x1000).ok());
  ASSERT_EQ(bench.memory.ops().size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const MemoryOp& op = bench.memory.ops()[i];
    EXPECT_EQ(op.kind, MemoryOpKind::read);
    EXPECT_EQ(op.size, 4);
    EXPECT_EQ(op.level, static_cast<int>(i) + 1);
    EXPECT_EQ(op.stage, Stage::stage1);
    EXPECT_EQ(op.attributes.IRGN, 1);
    EXPECT_EQ(op.attributes.ORGN, 2);
    EXPECT_EQ(op.attributes.SH, Shareability::inner);
  }
  bench.translate(0x80000000);
  EXPECT_EQ(bench.memory.ops()[0].attributes.SH, Shareability::outer);
}

TEST(V7sWalk, BigEndianTablesAreReadAsSuch) {
  ShortBench bench;
  bench.config.stage1.big_endian = true;
  const std::uint32_t table = static_cast<std::uint32_t>(short_level2) | 1U;
  bench.memory.store32(short_TTBR0, __builtin_bswap32(table));
  bench.memory.store32(short_level2 + 4, __builtin_bswap32(0x12345000U | small_free));
  const Result r = bench.translate(0x1abc);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x12345abcU);
  for (const MemoryOp& op : bench.memory.ops()) EXPECT_TRUE(op.big_endian);
}

TEST(V7sWalk, ExternalAbortAtEachLevelIsReportedThere) {
  for (const int level : {1, 2}) {
    ShortBench bench;
    bench.level2(0x1000, small_free, domain(7));
    const std::uint64_t address = level == 1 ? short_TTBR0 : short_level2 + 4;
    bench.memory.abort_at(address);
    const Result r = bench.translate(0x1000);
    expect_fault(r, FaultKind::external_abort, level);
    EXPECT_EQ(r.fault.fault_class, FaultClass::table);
    EXPECT_EQ(r.fault.table_address, address);
    EXPECT_EQ(r.fault.domain, level == 1 ? 0 : 7);
  }
}

TEST(V7sWalk, RegimeIsPL10Only) {
  for (const Regime regime : {Regime::el2, Regime::el2_0, Regime::el3}) {
    Config config = short_config();
    config.regime = regime;
    EXPECT_FALSE(is_walkable(config));
  }
  EXPECT_TRUE(is_walkable(short_config()));
}

TEST(V7sWalk, NIs0To7) {
  for (unsigned N = 0; N < 256; ++N) {
    Config config = short_config();
    config.stage1.v7s.N = static_cast<std::uint8_t>(N);
    EXPECT_EQ(is_walkable(config), N <= 7);
    const auto problems = validate(config);
    ASSERT_EQ(problems.size(), N <= 7 ? 0U : 1U);
    if (N > 7) {
      EXPECT_EQ(std::string(problems[0].field), "stage1.v7s.N");
    }
  }
}

// Stage 2 with 1 GiB blocks from level 1: IPA n GiB lies at PA (n + 4) GiB.
class NestedShortBench : public ShortBench {
 public:
  explicit NestedShortBench(Format stage2_format = Format::vmsa64) {
    config.stages = Stages::nested;
    Stage2Config& s2 = config.stage2;
    s2.format = stage2_format;
    s2.base = stage2_table;
    s2.T0SZ = stage2_format == Format::lpae32 ? -8 : 24;  // 40 bits, two concatenated tables
    s2.start_level = 1;
    s2.output_size = 40;
    for (unsigned i = 0; i < 1024; ++i) {
      const std::uint64_t output = std::uint64_t{(i + 4) & 1023} << 30;
      memory.store64(stage2_table + std::uint64_t{8} * i, output | stage2_block);
    }
    // Stage 1 tables, where stage 2 puts them
    memory.store32(0x140000000, 0x60000000U | 1U);
    memory.store32(0x160000004, 0x12345000U | small_free);
    memory.store32(0x140000004, 0x9a300000U | super | section_AP(0b011) | 0xcU << 5);
  }
  static constexpr std::uint64_t stage2_table = 0x7000000000;
  static constexpr std::uint64_t stage2_block = 1U << 10 | 3U << 6 | 0xfU << 2 | 1;  // AF, S2AP, Write-Back
};

TEST(V7sWalk, TablesAndOutputsAreIPAsBeforeAStage2) {
  for (const Format format : {Format::vmsa64, Format::lpae32}) {
    NestedShortBench bench(format);
    Result r = bench.translate(0x1abc);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.ipa, 0x12345abcU);
    EXPECT_EQ(r.output, 0x112345abcU);
    EXPECT_EQ(r.block_shift, 12);
    const std::vector<std::uint64_t> read(r.descriptors.begin(), r.descriptors.end());
    const std::uint64_t t = NestedShortBench::stage2_table;
    EXPECT_EQ(read, (std::vector<std::uint64_t>{t + 8, 0x140000000, t + 8, 0x160000004, t}));
    const std::vector<MemoryOp>& ops = bench.memory.ops();
    for (const MemoryOp& op : ops) EXPECT_EQ(op.size, op.stage == Stage::stage1 ? 4 : 8);
    r = bench.translate(0x123456);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.ipa, 0xc39a123456U);
    EXPECT_EQ(r.output, 0xc49a123456U);
    EXPECT_EQ(r.block_shift, 24);
  }
}

TEST(V7sWalk, Stage2FaultOnATableNamesItsIPA) {
  NestedShortBench bench;
  bench.memory.store64(NestedShortBench::stage2_table + 8, 0);
  const Result r = bench.translate(0x1abc);
  EXPECT_EQ(r.fault.kind, FaultKind::translation);
  EXPECT_EQ(r.fault.stage, Stage::stage2);
  EXPECT_EQ(r.fault.level, 1);
  EXPECT_TRUE(r.fault.on_table_walk);
  EXPECT_EQ(r.fault.ipa, 0x40000000U);
}

std::vector<std::uint8_t> saved(Walk& w) {
  ArchiveWriter writer;
  w.visit(writer);
  return writer.data();
}

TEST(V7sWalk, WalkRestoredAtAnyStepEndsAsIfItHadNeverStopped) {
  NestedShortBench bench;
  bench.config.stage1.v7s.TRE = true;
  bench.config.stage1.v7s.PRRR = 0xff0aaaaa;
  bench.config.stage1.v7s.NMRR = 0x12345678;
  for (const std::uint64_t va : {0x1abcU, 0x123456U, 0x200000U}) {
    WalkRequest request;
    request.va = va;
    Walk undisturbed(bench.config, request);
    Walk w(bench.config, request);
    for (;;) {
      Walk restored{Config(), WalkRequest()};
      ArchiveReader reader(saved(w));
      restored.visit(reader);
      ASSERT_TRUE(reader.complete()) << reader.error();
      w = restored;
      const Step step = w.step();
      ASSERT_EQ(step, undisturbed.step());
      if (step == Step::done) break;
      w.complete(bench.memory(w.op()));
      undisturbed.complete(bench.memory(undisturbed.op()));
    }
    EXPECT_EQ(saved(w), saved(undisturbed));
  }
}

// As in the Long-descriptor format: what a Secure walk reads in a Non-secure table is non-global.
TEST(V7sWalk, SecureWalkOfANonSecureTableIsNonSecureAndNonGlobal) {
  for (const bool NS : {false, true}) {
    Config config = short_config();
    config.space = AddressSpace::secure;
    config.stage1.tables[0].NS = NS;
    ShortBench bench(config);
    bench.level1(0x100000, 0x40000000U | 1U << 10 | 2U);
    const Result r = bench.translate(0x100000);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.space, NS ? AddressSpace::non_secure : AddressSpace::secure);
    EXPECT_EQ(r.nG, NS);
  }
}

TEST(V7sWalk, DamagedArchiveIsRefusedOrLeavesAWalkThatEnds) {
  for (const bool nested : {false, true}) {
    ShortBench simple;
    NestedShortBench both;
    ShortBench& bench = nested ? both : simple;
    WalkRequest request;
    request.va = 0x1abc;
    Walk w(bench.config, request);
    unsigned refused = 0;
    for (unsigned step = 0; step < 3 && w.step() == Step::need; ++step) {
      const std::vector<std::uint8_t> good = saved(w);
      for (std::size_t i = 0; i < good.size(); ++i) {
        for (const unsigned value : {0x00U, 0x01U, 0x02U, 0x03U, 0x04U, 0x40U, 0xcfU, 0xffU}) {
          std::vector<std::uint8_t> bad = good;
          bad[i] = static_cast<std::uint8_t>(value);
          ArchiveReader reader(bad);
          Walk restored{Config(), WalkRequest()};
          restored.visit(reader);
          if (!reader.complete()) ++refused;
          unsigned operations = 0;
          while (restored.step() == Step::need && operations < 100) {
            ++operations;
            ASSERT_EQ(restored.op().address & (restored.op().size - 1U), 0U);
            ASSERT_EQ(restored.op().kind, MemoryOpKind::read);
            restored.complete(
                {MemoryStatus::ok, restored.op().stage == Stage::stage1 ? 0x60000001U : 0x7c1U});
          }
          ASSERT_LE(operations, DescriptorTrace::capacity);
        }
      }
      w.complete(bench.memory(w.op()));
    }
    EXPECT_GT(refused, 1000U);
  }
}

}  // namespace
}  // namespace smmuvp::pgtable::test
