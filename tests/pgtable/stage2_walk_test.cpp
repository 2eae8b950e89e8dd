// VMSAv8-64 stage 2 alone: start levels, rights, faults (DDI 0487 D8).
#include <gtest/gtest.h>

#include "hand_tables.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr AccessType accesses[] = {AccessType::read, AccessType::write, AccessType::read_write,
                                   AccessType::execute};

TEST(Stage2Walk, IPAIsTranslatedPageByPage) {
  Stage2Bench bench;
  const Result r = bench.translate(0x5678);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, Stage2Bench::offset + 0x5678);
  EXPECT_EQ(r.ipa, 0x5678U);
  EXPECT_FALSE(r.stage1.valid);
  EXPECT_EQ(r.stage2.level, 3);
  EXPECT_EQ(r.block_shift, 12);
  ASSERT_EQ(bench.memory.ops.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(bench.memory.ops[i].stage, Stage::stage2);
    EXPECT_EQ(bench.memory.ops[i].level, static_cast<int>(i) + 1);
  }
}

TEST(Stage2Walk, S2APGrantsDataAccess) {
  for (unsigned S2AP = 0; S2AP < 4; ++S2AP) {
    Stage2Bench bench;
    bench.memory[Stage2Bench::page_of(0)] = 0x5000 | AF | std::uint64_t{S2AP} << 6 | page_type;
    const bool r = (S2AP & 1) != 0;
    const bool w = (S2AP & 2) != 0;
    for (const bool privileged : {false, true}) {
      const bool expected[] = {r, w, r && w, true};
      for (unsigned i = 0; i < 4; ++i) {
        const Result result = bench.translate(0, accesses[i], privileged);
        EXPECT_EQ(result.ok(), expected[i]) << S2AP << " access " << i;
        if (!expected[i]) expect_fault(result, FaultKind::permission, Stage::stage2, 3);
      }
    }
    EXPECT_TRUE(bench.translate(0, AccessType::none).ok());
  }
}

// Which of EL1 and EL0 may execute, by XN[1:0]
void expect_execution(bool XNX, unsigned XN, bool privileged, bool unprivileged) {
  Stage2Bench bench;
  bench.config.stage2.XNX = XNX;
  bench.memory[Stage2Bench::page_of(0)] = 0x5000 | AF | std::uint64_t{XN} << 53 | page_type;
  EXPECT_EQ(bench.translate(0, AccessType::execute, true).ok(), privileged) << XNX << XN;
  EXPECT_EQ(bench.translate(0, AccessType::execute, false).ok(), unprivileged) << XNX << XN;
  const Result r = bench.translate(0, AccessType::none);
  EXPECT_EQ(r.rights.has(Rights::privileged_execute), privileged);
  EXPECT_EQ(r.rights.has(Rights::unprivileged_execute), unprivileged);
}

TEST(Stage2Walk, XN1ForbidsAllExecutionWithoutXNX) {
  expect_execution(false, 0b00, true, true);
  expect_execution(false, 0b01, true, true);
  expect_execution(false, 0b10, false, false);
  expect_execution(false, 0b11, false, false);
}

TEST(Stage2Walk, XNTellsPrivilegedFromUnprivilegedExecutionWithXNX) {
  expect_execution(true, 0b00, true, true);
  expect_execution(true, 0b01, false, true);
  expect_execution(true, 0b10, false, false);
  expect_execution(true, 0b11, true, false);
}

// IHI 0062 9.4, Table 2-4: Normal memory with an inner 0b00
TEST(Stage2Walk, ReservedMemAttrIsDeviceInAnSMMUv2) {
  for (unsigned MemAttr = 0; MemAttr < 16; ++MemAttr) {
    for (const bool SMMUv2 : {false, true}) {
      Stage2Bench bench;
      bench.config.stage2.SMMUv2 = SMMUv2;
      bench.memory[Stage2Bench::page_of(0)] = 0x5000 | AF | 3U << 6 | MemAttr << 2 | page_type;
      const Result r = bench.translate(0);
      ASSERT_TRUE(r.ok());
      const bool reserved = MemAttr >= 4 && (MemAttr & 3) == 0;
      EXPECT_EQ(r.stage2_attributes.MemAttr, SMMUv2 && reserved ? 0 : MemAttr);
      EXPECT_EQ(is_device(r.attributes.memory), MemAttr < 4 || (SMMUv2 && reserved));
    }
  }
}

// Every legal combination: the last page of the input, whose indices are all ones.
TEST(Stage2Walk, EveryStartLevelAndConcatenationFindsTheLastPage) {
  unsigned legal = 0;
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    const int page = static_cast<int>(granule);
    const int stride = page - 3;
    for (const bool wide : {false, true}) {
      for (int T0SZ = 12; T0SZ <= 48; ++T0SZ) {
        for (int level = -1; level <= 3; ++level) {
          HandBench bench;
          Config& c = bench.config;
          c.stages = Stages::stage2;
          c.stage2.granule = granule;
          c.stage2.LPA = c.stage2.DS = wide;
          c.stage2.output_size = wide ? 52 : 48;
          c.stage2.T0SZ = static_cast<std::int8_t>(T0SZ);
          c.stage2.start_level = static_cast<std::int8_t>(level);
          const int first_bits = 64 - T0SZ - page - stride * (3 - level);
          const bool exists = granule == Granule::size_4k
                                  ? level >= (wide ? -1 : 0)
                                  : level >= (granule == Granule::size_16k && wide ? 0 : 1);
          const bool size = T0SZ >= (wide ? 12 : 16) && T0SZ <= (granule == Granule::size_64k ? 47 : 48);
          const bool fits = first_bits >= 1 && first_bits <= stride + 4;
          ASSERT_EQ(is_walkable(c), exists && size && fits) << page << " " << T0SZ << " " << level;
          if (!is_walkable(c)) continue;
          ++legal;
          // The first tables are aligned to them all; low bits of the base are ignored.
          const std::uint64_t first_size = std::uint64_t{8} << first_bits;
          const std::uint64_t base = std::uint64_t{1} << 40;
          c.stage2.base = base + (first_size < 64 ? 0 : 8);
          std::uint64_t table = base + first_size - 8;
          for (int l = level; l < 3; ++l) {
            const std::uint64_t next = (std::uint64_t{1} << 41) + (static_cast<std::uint64_t>(l + 1) << 20);
            bench.memory[table] = next | table_type;
            table = next + (std::uint64_t{8} << stride) - 8;
          }
          bench.memory[table] = 0x1230000 | AF | S2R | page_type;
          const std::uint64_t ipa = (std::uint64_t{1} << (64 - T0SZ)) - 1;
          const Result r = bench.translate(ipa);
          ASSERT_TRUE(r.ok()) << page << " " << T0SZ << " " << level << " " << to_string(r.fault.kind);
          EXPECT_EQ(r.output, 0x1230000U + (ipa & ((std::uint64_t{1} << page) - 1)));
          EXPECT_EQ(r.descriptors.size(), static_cast<std::size_t>(4 - level));
          expect_fault(bench.translate(ipa + 1), FaultKind::translation, Stage::stage2, 0);
          EXPECT_TRUE(bench.memory.ops.empty());
        }
      }
    }
  }
  EXPECT_GT(legal, 250U);
}

TEST(Stage2Walk, InputsOf52BitsNeedLPAWith64KiB) {
  Config c;
  c.stages = Stages::stage2;
  c.stage2.granule = Granule::size_64k;
  c.stage2.start_level = 1;
  c.stage2.T0SZ = 15;
  EXPECT_FALSE(is_walkable(c));
  c.stage2.LPA = true;
  EXPECT_TRUE(is_walkable(c));
}

TEST(Stage2Walk, AddressBeyondTheOutputSizeIsAnAddressSizeFaultAtItsLevel) {
  for (const unsigned size : {32U, 36U, 40U, 42U, 44U}) {
    const std::uint64_t beyond = bit(size);
    const std::uint64_t descriptors[] = {0x100000, 0x101000, Stage2Bench::page_of(0)};
    for (unsigned i = 0; i < 3; ++i) {
      Stage2Bench bench;
      bench.config.stage2.output_size = static_cast<std::uint8_t>(size);
      EXPECT_TRUE(bench.translate(0).ok());
      bench.memory[descriptors[i]] |= beyond;
      const Result r = bench.translate(0);
      expect_fault(r, FaultKind::address_size, Stage::stage2, static_cast<int>(i) + 1);
      EXPECT_EQ(r.descriptors.size(), i + 1);
    }
    for (const unsigned level : {1U, 2U}) {  // blocks
      Stage2Bench bench;
      bench.config.stage2.output_size = static_cast<std::uint8_t>(size);
      bench.memory[descriptors[level - 1]] = beyond | AF | S2R | block_type;
      expect_fault(bench.translate(0), FaultKind::address_size, Stage::stage2, static_cast<int>(level));
    }
    Stage2Bench bench;
    bench.config.stage2.output_size = static_cast<std::uint8_t>(size);
    bench.config.stage2.base |= beyond;
    expect_fault(bench.translate(0), FaultKind::address_size, Stage::stage2, 0);
    EXPECT_TRUE(bench.memory.ops.empty());
    expect_fault(bench.translate(bit(39)), FaultKind::translation, Stage::stage2, 0);
  }
}

TEST(Stage2Walk, FaultsOfADescriptorComeInOrder) {
  Stage2Bench bench;
  std::uint64_t& d = bench.memory[Stage2Bench::page_of(0x3000)];
  bench.config.stage2.output_size = 40;
  d = bit(44);
  expect_fault(bench.translate(0x3000), FaultKind::translation, Stage::stage2, 3);
  d |= page_type;
  expect_fault(bench.translate(0x3000), FaultKind::address_size, Stage::stage2, 3);
  d &= ~bit(44);
  expect_fault(bench.translate(0x3000), FaultKind::access_flag, Stage::stage2, 3);
  d |= AF;
  const Result r = bench.translate(0x3008);
  expect_fault(r, FaultKind::permission, Stage::stage2, 3);
  EXPECT_EQ(r.fault.ipa, 0x3008U);
  d |= S2R;
  EXPECT_TRUE(bench.translate(0x3000).ok());
}

TEST(Stage2Walk, AccessFlagFaultsAreOffWithS2AFFD) {
  Stage2Bench bench;
  bench.memory[Stage2Bench::page_of(0)] &= ~AF;
  bench.config.stage2.AFFD = true;
  EXPECT_TRUE(bench.translate(0).ok());
}

TEST(Stage2Walk, BlocksAre1GiBAnd2MiBWith4KiB) {
  Stage2Bench bench;
  bench.memory[0x100008] = 7 * GiB1 | AF | S2R | block_type;
  Result r = bench.translate(GiB1 + 0x12345678);
  EXPECT_EQ(r.output, 7 * GiB1 + 0x12345678);
  EXPECT_EQ(r.block_shift, 30);
  bench.memory[0x101008] = 9 * MiB2 | AF | S2R | block_type;
  r = bench.translate(MiB2 + 0x1abcd);
  EXPECT_EQ(r.output, 9 * MiB2 + 0x1abcd);
  EXPECT_EQ(r.block_shift, 21);
  bench.memory[Stage2Bench::page_of(0)] &= ~bit(1);
  expect_fault(bench.translate(0), FaultKind::translation, Stage::stage2, 3);
}

TEST(Stage2Walk, TableAccessesCarryTheWalkAttributesOfVTCR) {
  Stage2Bench bench;
  bench.config.stage2.walk_attributes = {1, 2, Shareability::inner};
  ASSERT_TRUE(bench.translate(0).ok());
  for (const MemoryOp& op : bench.memory.ops) {
    EXPECT_EQ(op.attributes.IRGN, 1);
    EXPECT_EQ(op.attributes.ORGN, 2);
    EXPECT_EQ(op.attributes.SH, Shareability::inner);
    EXPECT_EQ(op.space, AddressSpace::non_secure);
    EXPECT_FALSE(op.big_endian);
  }
  bench.config.stage2.big_endian = true;
  bench.translate(0);
  EXPECT_TRUE(bench.memory.ops[0].big_endian);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
