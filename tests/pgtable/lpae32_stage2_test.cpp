// VMSAv8-32 Long-descriptor format, stage 2 (DDI 0487 G5.5.6, G5.5.7).
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "table_memory.h"
#include "word_memory.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t VTTBR = 0x7000000000;
constexpr std::uint64_t AF = bit(10);
constexpr std::uint64_t S2AP_read = bit(6);
constexpr std::uint64_t S2AP_write = bit(7);
constexpr std::uint64_t write_back = 0xfU << 2;
constexpr std::uint64_t free_block = AF | S2AP_read | S2AP_write | write_back | 1;
constexpr std::uint64_t free_page = free_block | 2;

struct Stage2Bench {
  Stage2Bench() {
    config.stages = Stages::stage2;
    Stage2Config& s2 = config.stage2;
    s2.format = Format::lpae32;
    s2.base = VTTBR;
    s2.T0SZ = -8;
    s2.start_level = 1;
    s2.output_size = 40;
  }
  Result translate(std::uint64_t ipa, AccessType access = AccessType::read, bool privileged = true) {
    memory.forget();
    WalkRequest request;
    request.va = ipa;
    request.access = access;
    request.privileged = privileged;
    return walk(config, request, memory);
  }
  // A page at IPA 0 with the given leaf
  void set_page(std::uint64_t leaf) {
    memory.store64(VTTBR, 0x10000000 | 3);
    memory.store64(0x10000000, 0x10001000 | 3);
    memory.store64(0x10001000, leaf);
  }

  Config config;
  WordMemory memory;
};

void expect_fault(const Result& r, FaultKind kind, int level) {
  EXPECT_STREQ(to_string(r.fault.kind), to_string(kind));
  EXPECT_EQ(r.fault.level, level);
  EXPECT_EQ(r.fault.stage, Stage::stage2);
  EXPECT_EQ(r.fault.ipa, r.va);
  EXPECT_EQ(r.fault.fault_class, FaultClass::input);
}

// Table G5-5: SL0 0b00 is level 2, 0b01 is level 1.
bool is_legal(int T0SZ, int level) {
  if (level == 2) return T0SZ >= -2 && T0SZ <= 7;
  if (level == 1) return T0SZ >= -8 && T0SZ <= 1;
  return false;
}

TEST(Lpae32Stage2, SL0HasToFitT0SZ) {
  for (int T0SZ = -128; T0SZ < 128; ++T0SZ) {
    for (int level = -2; level <= 4; ++level) {
      Stage2Bench bench;
      bench.config.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
      bench.config.stage2.start_level = static_cast<std::int8_t>(level);
      EXPECT_EQ(is_walkable(bench.config), is_legal(T0SZ, level)) << T0SZ << " " << level;
    }
  }
}

// Table G5-4 and Figure G5-14: concatenated tables make one table of more than 512 entries.
TEST(Lpae32Stage2, FirstLookupIsAtSL0WithUpTo16ConcatenatedTables) {
  for (int T0SZ = -8; T0SZ <= 7; ++T0SZ) {
    for (const int level : {1, 2}) {
      if (!is_legal(T0SZ, level)) continue;
      SCOPED_TRACE(testing::Message() << T0SZ << " " << level);
      Stage2Bench bench;
      bench.config.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
      bench.config.stage2.start_level = static_cast<std::int8_t>(level);
      const unsigned bits = static_cast<unsigned>(32 - T0SZ);
      const unsigned shift = level == 1 ? 30 : 21;
      const std::uint64_t last = bit(bits) - 1;
      const std::uint64_t entry = VTTBR + (last >> shift) * 8;
      bench.memory.store64(entry, 0x8000000000 | free_block);
      const Result r = bench.translate(last);
      ASSERT_TRUE(r.ok());
      EXPECT_EQ(r.output, 0x8000000000 | (last & (bit(shift) - 1)));
      EXPECT_EQ(r.descriptors[0], entry);
      EXPECT_EQ(r.stage2.level, level);
      EXPECT_EQ(r.block_shift, shift);
      expect_fault(bench.translate(last + 1), FaultKind::translation, 1);
      EXPECT_TRUE(bench.memory.ops().empty());
    }
  }
}

TEST(Lpae32Stage2, FirstTableIsAlignedToItsSize) {
  for (int T0SZ = -8; T0SZ <= 7; ++T0SZ) {
    for (const int level : {1, 2}) {
      if (!is_legal(T0SZ, level)) continue;
      Stage2Bench bench;
      bench.config.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
      bench.config.stage2.start_level = static_cast<std::int8_t>(level);
      const unsigned x = static_cast<unsigned>((level == 1 ? 5 : 14) - T0SZ);
      bench.config.stage2.base = VTTBR + bit(x) + bit(x) - 1;
      EXPECT_EQ(bench.translate(0).descriptors[0], VTTBR + bit(x)) << T0SZ << " " << level;
    }
  }
}

TEST(Lpae32Stage2, PageIsFoundThroughThreeLevels) {
  Stage2Bench bench;
  bench.memory.store64(VTTBR + 0x3ff * 8, 0x10000000 | 3);  // the second concatenated table
  bench.memory.store64(0x10000000 + 0x1fe * 8, 0x10001000 | 3);
  bench.memory.store64(0x10001000 + 0x1fd * 8, 0xab12345000 | free_page);
  const Result r = bench.translate(0xffffdfd678);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0xab12345678U);
  EXPECT_EQ(r.stage2.level, 3);
  EXPECT_EQ(r.block_shift, 12);
  EXPECT_EQ(r.ipa, 0xffffdfd678U);
}

TEST(Lpae32Stage2, AddressBits47To40AreAnAddressSizeFaultAtTheirLevel) {
  for (unsigned n = 40; n < 48; ++n) {
    Stage2Bench bench;
    bench.set_page(bit(n) | free_page);
    expect_fault(bench.translate(0), FaultKind::address_size, 3);
    bench.memory.store64(0x10000000, bit(n) | free_block);
    expect_fault(bench.translate(0), FaultKind::address_size, 2);
    bench.memory.store64(VTTBR, bit(n) | 3);
    expect_fault(bench.translate(0), FaultKind::address_size, 1);
    bench.config.stage2.base = VTTBR | bit(n);
    expect_fault(bench.translate(0), FaultKind::address_size, 0);
    EXPECT_TRUE(bench.memory.ops().empty());
  }
}

TEST(Lpae32Stage2, InvalidReservedAndUnaccessedDescriptorsFaultAtTheirLevel) {
  Stage2Bench bench;
  for (const std::uint64_t type : {0U, 1U, 2U}) {
    bench.set_page((free_page & ~std::uint64_t{3}) | type);
    expect_fault(bench.translate(0), FaultKind::translation, 3);
  }
  bench.set_page(free_page & ~AF);
  expect_fault(bench.translate(0), FaultKind::access_flag, 3);
  bench.config.stage2.AFFD = true;
  EXPECT_TRUE(bench.translate(0).ok());
  bench.memory.store64(0x10000000, 0);
  expect_fault(bench.translate(0), FaultKind::translation, 2);
  bench.memory.store64(VTTBR, 2);
  expect_fault(bench.translate(0), FaultKind::translation, 1);
}

// G5.6.3, Table G5-10
TEST(Lpae32Stage2, ExecutionNeedsTheRightToReadAndXNClear) {
  for (unsigned S2AP = 0; S2AP < 4; ++S2AP) {
    for (unsigned xn = 0; xn < 4; ++xn) {
      for (const bool XNX : {false, true}) {
        Stage2Bench bench;
        bench.config.stage2.XNX = XNX;
        bench.set_page(AF | write_back | 3 | std::uint64_t{S2AP} << 6 | std::uint64_t{xn} << 53);
        const bool r = (S2AP & 1) != 0;
        const bool w = (S2AP & 2) != 0;
        const bool XN1 = (xn & 2) != 0;
        const bool XN0 = (xn & 1) != 0;
        const bool px = r && (XNX ? xn == 0 || xn == 3 : !XN1);
        const bool ux = r && !XN1;
        SCOPED_TRACE(testing::Message() << S2AP << " " << XN1 << XN0 << " " << XNX);
        for (const bool privileged : {true, false}) {
          EXPECT_EQ(bench.translate(0, AccessType::read, privileged).ok(), r);
          EXPECT_EQ(bench.translate(0, AccessType::write, privileged).ok(), w);
          const Result x = bench.translate(0, AccessType::execute, privileged);
          EXPECT_EQ(x.ok(), privileged ? px : ux);
          if (!x.ok()) expect_fault(x, FaultKind::permission, 3);
        }
      }
    }
  }
}

TEST(Lpae32Stage2, MemAttrIsReported) {
  Stage2Bench bench;
  bench.set_page(AF | S2AP_read | 3 | 0x5U << 2 | 3U << 8);  // Non-cacheable, Inner Shareable
  const Result r = bench.translate(0);
  EXPECT_EQ(r.stage2_attributes.MemAttr, 5);
  EXPECT_EQ(r.stage2_attributes.SH, Shareability::inner);
  EXPECT_EQ(r.attributes.memory, 0x44);
}

TEST(Lpae32Stage2, BigEndianTablesAreReadAsSuch) {
  Stage2Bench bench;
  bench.config.stage2.big_endian = true;
  bench.memory.store64(VTTBR, __builtin_bswap64(0x8000000000 | free_block));
  EXPECT_EQ(bench.translate(0x1234).output, 0x8000001234U);
}

// Stage 1 tables at IPA 1 GiB, which stage 2 puts at 5 GiB.
struct NestedBench : Stage2Bench {
  NestedBench() {
    config.stages = Stages::nested;
    config.stage1.format = Format::lpae32;
    config.stage1.output_size = 40;
    config.stage1.MAIR = 0xff;
    config.stage1.tables[0].EPD = false;
    config.stage1.tables[0].TxSZ = 0;
    config.stage1.tables[0].base = 0x40000000;
    memory.store64(VTTBR + 8, 0x140000000 | free_block);
    memory.store64(0x140000000, 0x40001000 | 3);
    memory.store64(0x140001000, 0xffc0000000 | AF | bit(6) | 1);  // IPA of the last GiB, 2 MiB block
    memory.store64(VTTBR + 0x3ff * 8, 0x200000000 | free_block);
  }
};

TEST(Lpae32Stage2, Stage1TablesAndOutputsAreIPAsOf40Bits) {
  NestedBench bench;
  const Result r = bench.translate(0x12345);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.ipa, 0xffc0012345U);
  EXPECT_EQ(r.output, 0x200012345U);
  EXPECT_EQ(r.block_shift, 21);
  const std::vector<std::uint64_t> read(r.descriptors.begin(), r.descriptors.end());
  EXPECT_EQ(read,
            (std::vector<std::uint64_t>{VTTBR + 8, 0x140000000, VTTBR + 8, 0x140001000, VTTBR + 0x3ff * 8}));
}

TEST(Lpae32Stage2, IPABeyondTheInputSizeIsATranslationFaultAtLevel1) {
  NestedBench bench;
  bench.config.stage2.T0SZ = -7;  // 39 bits
  const Result r = bench.translate(0x12345);
  EXPECT_EQ(r.fault.kind, FaultKind::translation);
  EXPECT_EQ(r.fault.stage, Stage::stage2);
  EXPECT_EQ(r.fault.level, 1);
  EXPECT_EQ(r.fault.ipa, 0xffc0012345U);
  EXPECT_FALSE(r.fault.on_table_walk);
}

TEST(Lpae32Stage2, TableInDeviceMemoryIsAPermissionFaultWithPTW) {
  NestedBench bench;
  bench.config.stage2.PTW = true;
  EXPECT_TRUE(bench.translate(0).ok());
  bench.memory.store64(VTTBR + 8, 0x140000000 | (free_block & ~write_back) | 1U << 2);
  const Result r = bench.translate(0);
  EXPECT_EQ(r.fault.kind, FaultKind::permission);
  EXPECT_TRUE(r.fault.on_table_walk);
  bench.config.stage2.PTW = false;
  EXPECT_TRUE(bench.translate(0).ok());
}

}  // namespace
}  // namespace smmuvp::pgtable::test
