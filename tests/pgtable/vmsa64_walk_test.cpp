// VMSAv8-64 stage 1, 4 KiB granule: addresses, levels, address ranges and faults (DDI 0487 D8).
#include <gtest/gtest.h>

#include "table_memory.h"

namespace smmuvp::pgtable::test {
namespace {

void expect_fault(const Result& r, FaultKind kind, int level) {
  EXPECT_STREQ(to_string(r.fault.kind), to_string(kind));
  EXPECT_EQ(r.fault.level, level);
  EXPECT_EQ(r.fault.stage, Stage::stage1);
  EXPECT_EQ(r.fault.va, r.va);
}

TEST(Vmsa64Walk, PageIsFoundThroughFourLevels) {
  TableBench bench;
  const std::uint64_t va = 0x0000123456789000;
  ASSERT_TRUE(bench.builder.map(va, 0x89abcd000, KiB4));
  const Result r = bench.translate(va + 0xabc);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x89abcdabcU);
  EXPECT_EQ(r.block_output(), 0x89abcd000U);
  EXPECT_EQ(r.stage1.level, 3);
  EXPECT_EQ(r.block_shift, 12);
  ASSERT_EQ(r.descriptors.size(), 4U);
  // Index of each level: VA[47:39], [38:30], [29:21], [20:12]
  EXPECT_EQ(r.descriptors[0], bench.config.stage1.tables[0].base + ((va >> 39) & 0x1ff) * 8);
  EXPECT_EQ(r.descriptors[1] & 0xfff, ((va >> 30) & 0x1ff) * 8);
  EXPECT_EQ(r.descriptors[2] & 0xfff, ((va >> 21) & 0x1ff) * 8);
  EXPECT_EQ(r.descriptors[3] & 0xfff, ((va >> 12) & 0x1ff) * 8);
}

TEST(Vmsa64Walk, Level2BlockIs2MiB) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0x40000000, 0x80200000, MiB2));
  const Result r = bench.translate(0x40000000 + 0x1fffff);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x803fffffU);
  EXPECT_EQ(r.stage1.level, 2);
  EXPECT_EQ(r.block_shift, 21);
  EXPECT_EQ(r.descriptors.size(), 3U);
}

TEST(Vmsa64Walk, Level1BlockIs1GiB) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(GiB1, 5 * GiB1, GiB1));
  const Result r = bench.translate(GiB1 + 0x2345678);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 5 * GiB1 + 0x2345678);
  EXPECT_EQ(r.stage1.level, 1);
  EXPECT_EQ(r.block_shift, 30);
  EXPECT_EQ(r.descriptors.size(), 2U);
}

TEST(Vmsa64Walk, RES0BitsOfABlockAddressAreIgnored) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x80200000, MiB2));
  bench.change_descriptor(0, 2, 0, 0x1ff000);
  EXPECT_EQ(bench.translate(0x123456).output, 0x80323456U);
}

TEST(Vmsa64Walk, AddressBits51To48OfADescriptorAreIgnored) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  for (int level = 0; level <= 3; ++level) bench.change_descriptor(0, level, 0, std::uint64_t{0xf} << 48);
  EXPECT_EQ(bench.translate(8).output, 0x5008U);
}

TEST(Vmsa64Walk, Level0BlockEncodingIsReservedAndFaults) {
  TableBench bench;
  ASSERT_EQ(bench.builder.set_descriptor(0, 0, bit(10) | 1), BuildStatus::ok);
  expect_fault(bench.translate(0), FaultKind::translation, 0);
}

TEST(Vmsa64Walk, Level3BlockEncodingIsReservedAndFaults) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  bench.change_descriptor(0, 3, 2, 0);
  expect_fault(bench.translate(0), FaultKind::translation, 3);
}

TEST(Vmsa64Walk, InvalidDescriptorFaultsAtItsLevel) {
  for (int level = 0; level <= 3; ++level) {
    for (const std::uint64_t type : {0U, 2U}) {
      TableBench bench;
      ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
      bench.change_descriptor(0, level, 3, type);
      const Result r = bench.translate(0x10);
      expect_fault(r, FaultKind::translation, level);
      EXPECT_EQ(r.fault.fault_class, FaultClass::input);
      EXPECT_EQ(r.descriptors.size(), static_cast<std::size_t>(level) + 1);
    }
  }
}

TEST(Vmsa64Walk, StartLevelAndFirstTableSizeFollowTxSZ) {
  for (unsigned TxSZ = 16; TxSZ <= 39; ++TxSZ) {
    SCOPED_TRACE(TxSZ);
    Config config = two_range_config();
    config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
    TableBench bench(config);
    const std::uint64_t va = bit(64 - TxSZ) - KiB4;  // the last page: every index is all ones
    ASSERT_TRUE(bench.builder.map(va, 0x5000, KiB4));
    const Result r = bench.translate(va + 7);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.output, 0x5007U);
    // 48 to 40 bits start at level 0, 39 to 31 at level 1, 30 to 25 at level 2
    const unsigned expected = TxSZ <= 24 ? 4 : TxSZ <= 33 ? 3 : 2;
    ASSERT_EQ(r.descriptors.size(), expected);
    const unsigned first_index_bits = (64 - TxSZ) - 12 - 9 * (expected - 1);
    EXPECT_EQ(r.descriptors[0] - bench.config.stage1.tables[0].base, (bit(first_index_bits) - 1) * 8);
  }
}

TEST(Vmsa64Walk, FirstTableBitsBelowItsAlignmentAreIgnored) {
  Config config = two_range_config();
  config.stage1.tables[0].TxSZ = 34;  // 30 bits: level 2 first, 512 entries
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(MiB2, 0x80000000, MiB2));
  bench.config.stage1.tables[0].base |= 0xfff;
  const Result r = bench.translate(MiB2);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.descriptors[0], (bench.config.stage1.tables[0].base & ~std::uint64_t{0xfff}) + 8);
}

TEST(Vmsa64Walk, SmallFirstTableNeedsOnlyItsOwnAlignment) {
  Config config = two_range_config();
  config.stage1.tables[0].TxSZ = 33;  // 31 bits: level 1 first, 2 entries, 16 bytes
  TableBench bench(config);
  bench.config.stage1.tables[0].base = 0x50000010;
  bench.memory.store(0x50000018, 3 * GiB1 | bit(10) | 1);
  const Result r = bench.translate(GiB1 + 4);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 3 * GiB1 + 4);
}

TEST(Vmsa64Walk, Bit55SelectsTheRange) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0x1000, 0x10000, KiB4));
  ASSERT_TRUE(bench.builder.map(0xffff000000001000, 0x20000, KiB4));
  EXPECT_EQ(bench.translate(0x1000).output, 0x10000U);
  EXPECT_EQ(bench.translate(0x1000).range, 0);
  EXPECT_EQ(bench.translate(0xffff000000001000).output, 0x20000U);
  EXPECT_EQ(bench.translate(0xffff000000001000).range, 1);
}

TEST(Vmsa64Walk, EachRangeHasItsOwnSize) {
  Config config = two_range_config();
  config.stage1.tables[0].TxSZ = 25;
  config.stage1.tables[1].TxSZ = 34;
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(bit(39) - KiB4, 0x10000, KiB4));
  ASSERT_TRUE(bench.builder.map(~std::uint64_t{0} << 30, 0x20000, KiB4));
  EXPECT_EQ(bench.translate(bit(39) - KiB4).output, 0x10000U);
  EXPECT_EQ(bench.translate(~std::uint64_t{0} << 30).output, 0x20000U);
  expect_fault(bench.translate(bit(39)), FaultKind::translation, 0);
  expect_fault(bench.translate((~std::uint64_t{0} << 30) - 1), FaultKind::translation, 0);
}

TEST(Vmsa64Walk, AddressOutsideItsRangeFaultsAtLevel0WithoutAnyRead) {
  TableBench bench;
  for (const std::uint64_t va :
       {bit(48), bit(54), bit(63), bit(55), 0xfffe000000000000, std::uint64_t{0x7fff000000000000}}) {
    const Result r = bench.translate(va);
    expect_fault(r, FaultKind::translation, 0);
    EXPECT_TRUE(r.descriptors.empty());
    EXPECT_TRUE(bench.memory.ops().empty());
  }
}

TEST(Vmsa64Walk, TBIIgnoresTheTopByteOfItsRangeOnly) {
  Config config = two_range_config();
  config.stage1.tables[0].TBI = true;
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(0x1000, 0x10000, KiB4));
  ASSERT_TRUE(bench.builder.map(0xffff000000001000, 0x20000, KiB4));
  const Result tagged = bench.translate(0xa500000000001008);
  ASSERT_TRUE(tagged.ok());
  EXPECT_EQ(tagged.output, 0x10008U);
  EXPECT_EQ(tagged.va, 0xa500000000001008U);
  expect_fault(bench.translate(0xa501000000001000), FaultKind::translation, 0);  // bit 48 is no tag
  expect_fault(bench.translate(0x00ff000000001000), FaultKind::translation, 0);  // high range, no TBI
  bench.config.stage1.tables[1].TBI = true;
  EXPECT_EQ(bench.translate(0x00ff000000001000).output, 0x20000U);
}

TEST(Vmsa64Walk, EPDDisablesWalksOfItsRange) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0x1000, 0x10000, KiB4));
  ASSERT_TRUE(bench.builder.map(0xffff000000001000, 0x20000, KiB4));
  bench.config.stage1.tables[0].EPD = true;
  expect_fault(bench.translate(0x1000), FaultKind::translation, 0);
  EXPECT_TRUE(bench.memory.ops().empty());
  EXPECT_TRUE(bench.translate(0xffff000000001000).ok());
  bench.config.stage1.tables[0].EPD = false;
  bench.config.stage1.tables[1].EPD = true;
  EXPECT_TRUE(bench.translate(0x1000).ok());
  expect_fault(bench.translate(0xffff000000001000), FaultKind::translation, 0);
}

TEST(Vmsa64Walk, FirstTableBeyondTheOutputSizeIsAnAddressSizeFaultAtLevel0) {
  for (const unsigned size : {32U, 36U, 40U, 42U, 44U, 48U}) {
    TableBench bench;
    bench.config.stage1.output_size = static_cast<std::uint8_t>(size);
    bench.config.stage1.tables[0].TxSZ = 30;  // starts at level 1: the fault is at level 0 all the same
    bench.config.stage1.tables[0].base = bit(size);
    const Result r = bench.translate(0);
    expect_fault(r, FaultKind::address_size, 0);
    EXPECT_TRUE(r.descriptors.empty());
    bench.config.stage1.tables[0].base = bit(size - 1);
    expect_fault(bench.translate(0), FaultKind::translation, 1);
  }
}

TEST(Vmsa64Walk, DescriptorAddressBeyondTheOutputSizeIsAnAddressSizeFaultAtItsLevel) {
  for (const unsigned size : {32U, 36U, 40U, 42U, 44U}) {
    for (int level = 0; level <= 3; ++level) {
      Config config = two_range_config();
      config.stage1.output_size = static_cast<std::uint8_t>(size);
      TableBench bench(config);
      ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
      bench.change_descriptor(0, level, 0, bit(size));
      expect_fault(bench.translate(0), FaultKind::address_size, level);
      bench.change_descriptor(0, level, bit(size), 0);
      EXPECT_TRUE(bench.translate(0).ok());
    }
    for (const int level : {1, 2}) {  // blocks
      Config config = two_range_config();
      config.stage1.output_size = static_cast<std::uint8_t>(size);
      TableBench bench(config);
      ASSERT_EQ(bench.builder.set_descriptor(0, level, bit(size) | bit(10) | 1), BuildStatus::ok);
      expect_fault(bench.translate(0), FaultKind::address_size, level);
    }
  }
}

TEST(Vmsa64Walk, ClearAccessFlagFaultsAtTheLeaf) {
  for (const int level : {1, 2, 3}) {
    TableBench bench;
    ASSERT_EQ(bench.builder.set_descriptor(0, level, level == 3 ? 3 : 1), BuildStatus::ok);
    expect_fault(bench.translate(0), FaultKind::access_flag, level);
  }
}

TEST(Vmsa64Walk, AccessFlagFaultsAreOffWithAFFD) {
  TableBench bench;
  Mapping mapping;
  mapping.accessed = false;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4, mapping));
  bench.config.stage1.AFFD = true;
  EXPECT_EQ(bench.translate(0).output, 0x5000U);
}

TEST(Vmsa64Walk, AddressSizeFaultComesBeforeAccessFlagFaultBeforePermissionFault) {
  Config config = two_range_config();
  config.stage1.output_size = 40;
  TableBench bench(config);
  Mapping mapping;
  mapping.writable = false;
  mapping.accessed = false;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4, mapping));
  bench.change_descriptor(0, 3, 0, bit(45));
  expect_fault(bench.translate(0, AccessType::write), FaultKind::address_size, 3);
  bench.change_descriptor(0, 3, bit(45), 0);
  expect_fault(bench.translate(0, AccessType::write), FaultKind::access_flag, 3);
  bench.change_descriptor(0, 3, 0, bit(10));
  expect_fault(bench.translate(0, AccessType::write), FaultKind::permission, 3);
  bench.change_descriptor(0, 3, bit(7), 0);
  EXPECT_TRUE(bench.translate(0, AccessType::write).ok());
}

TEST(Vmsa64Walk, AttrIndxSelectsAMAIRByteAndSHIsReported) {
  for (unsigned i = 0; i < 8; ++i) {
    TableBench bench;
    Mapping mapping;
    mapping.AttrIndx = static_cast<std::uint8_t>(i);
    mapping.SH = static_cast<Shareability>(i & 3);
    ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4, mapping));
    const Result r = bench.translate(0);
    EXPECT_EQ(r.attributes.memory, 0x11 + i);
    EXPECT_EQ(r.attributes.SH, static_cast<Shareability>(i & 3));
  }
}

// A level 0 block holds 512 GiB, of which 36 output bits reach 64.
TEST(Vmsa64Walk, BlockLargerThanTheOutputSizeTranslatesOnlyWhatFits) {
  Config config = two_range_config();
  config.stage1.DS = true;
  config.stage1.output_size = 36;
  config.stage1.tables[0].base = 0x1000;
  const auto block_at_0 = [](const MemoryOp&) { return MemoryResponse{MemoryStatus::ok, bit(10) | 1}; };
  WalkRequest request;
  request.va = 0xf'ffff'f000;
  const Result fits = walk(config, request, block_at_0);
  ASSERT_TRUE(fits.ok());
  EXPECT_EQ(fits.output, 0xf'ffff'f000U);
  EXPECT_EQ(fits.block_shift, 36U);
  EXPECT_EQ(fits.stage1.block_shift, 39U);
  request.va = 0x10'0000'0000;
  const Result beyond = walk(config, request, block_at_0);
  EXPECT_EQ(beyond.fault.kind, FaultKind::address_size);
  EXPECT_EQ(beyond.fault.level, 0);
}

TEST(Vmsa64Walk, DeviceAndNonCacheableMemoryIsOuterShareable) {
  EXPECT_EQ(effective_shareability({0x04, Shareability::non_shareable}), Shareability::outer);
  EXPECT_EQ(effective_shareability({0x44, Shareability::inner}), Shareability::outer);
  EXPECT_EQ(effective_shareability({0xff, Shareability::inner}), Shareability::inner);
  EXPECT_EQ(effective_shareability({0xff, Shareability::non_shareable}), Shareability::non_shareable);
}

TEST(Vmsa64Walk, nGIsTakenFromTheLeaf) {
  TableBench bench;
  Mapping mapping;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4, mapping));
  mapping.nG = false;
  ASSERT_TRUE(bench.builder.map(0x1000, 0x6000, KiB4, mapping));
  EXPECT_TRUE(bench.translate(0).nG);
  EXPECT_FALSE(bench.translate(0x1000).nG);
}

TEST(Vmsa64Walk, ContiguousBitIsAHintOf16Entries) {
  TableBench bench;
  Mapping mapping;
  mapping.contiguous = true;
  ASSERT_TRUE(bench.builder.map(0, 0x10000, 16 * KiB4, mapping));
  const Result r = bench.translate(0x5008);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x15008U);
  EXPECT_EQ(r.block_shift, 12);
  EXPECT_EQ(r.range_shift, 16);
  ASSERT_TRUE(bench.builder.map(0x2000000, 0x4000000, 16 * MiB2, mapping));
  EXPECT_EQ(bench.translate(0x2000000).range_shift, 25);
}

TEST(Vmsa64Walk, ContiguousHintLargerThanTheRangeIsDropped) {
  Config config = two_range_config();
  config.stage1.tables[0].TxSZ = 31;  // 33 bits; 16 level 1 blocks are 34
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(0, 0, GiB1));
  bench.change_descriptor(0, 1, 0, bit(52));
  EXPECT_EQ(bench.translate(0).range_shift, 30);
}

TEST(Vmsa64Walk, ContiguousHintBeyondTheOutputSizeIsDropped) {
  TableBench bench;
  Mapping mapping;
  mapping.contiguous = true;
  ASSERT_TRUE(bench.builder.map(0, 0, 16 * GiB1, mapping));
  EXPECT_EQ(bench.translate(0).range_shift, 34);
  bench.config.stage1.output_size = 32;
  EXPECT_EQ(bench.translate(0).range_shift, 30);
  EXPECT_TRUE(bench.translate(0).ok());
}

TEST(Vmsa64Walk, ContiguousHintOnAMisplacedOutputIsDropped) {
  TableBench bench;
  for (const std::uint64_t va : {std::uint64_t{0x3000}, std::uint64_t{0x5000}}) {
    ASSERT_TRUE(bench.builder.map(va, 0x15000, KiB4));
    bench.change_descriptor(va, 3, 0, bit(52));
  }
  EXPECT_EQ(bench.translate(0x3000).range_shift, 12);
  EXPECT_EQ(bench.translate(0x3000).output, 0x15000U);
  EXPECT_EQ(bench.translate(0x5000).range_shift, 16);
}

TEST(Vmsa64Walk, BigEndianTablesAreReadAsSuch) {
  Config config = two_range_config();
  config.stage1.big_endian = true;
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(0x1000, 0x10000, KiB4));
  const Result r = bench.translate(0x1000);
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(r.output, 0x10000U);
  EXPECT_EQ(__builtin_bswap64(bench.memory.load(r.descriptors[3])), r.stage1.descriptor);
  for (const MemoryOp& op : bench.memory.ops()) EXPECT_TRUE(op.big_endian);
  bench.config.stage1.big_endian = false;
  EXPECT_FALSE(bench.translate(0x1000).ok());
}

TEST(Vmsa64Walk, TableAccessesCarryTheWalkAttributesOfTheirRange) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  bench.config.stage1.tables[0].walk_attributes = {1, 2, Shareability::inner};
  bench.config.stage1.tables[1].walk_attributes = {3, 3, Shareability::outer};
  ASSERT_TRUE(bench.translate(0).ok());
  ASSERT_EQ(bench.memory.ops().size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const MemoryOp& op = bench.memory.ops()[i];
    EXPECT_EQ(op.kind, MemoryOpKind::read);
    EXPECT_EQ(op.size, 8);
    EXPECT_EQ(op.level, static_cast<int>(i));
    EXPECT_EQ(op.stage, Stage::stage1);
    EXPECT_EQ(op.attributes.IRGN, 1);
    EXPECT_EQ(op.attributes.ORGN, 2);
    EXPECT_EQ(op.attributes.SH, Shareability::inner);
  }
}

TEST(Vmsa64Walk, NonSecureWalkIgnoresNSAndNSTable) {
  TableBench bench;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  bench.change_descriptor(0, 0, 0, bit(63));
  bench.change_descriptor(0, 3, bit(11), bit(5));
  const Result r = bench.translate(0);
  EXPECT_EQ(r.space, AddressSpace::non_secure);
  EXPECT_FALSE(r.nG);
}

TEST(Vmsa64Walk, SecureLeafChoosesItsAddressSpaceByNS) {
  Config config = two_range_config();
  config.space = AddressSpace::secure;
  TableBench bench(config);
  Mapping mapping;
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4, mapping));
  mapping.NS = true;
  ASSERT_TRUE(bench.builder.map(0x1000, 0x5000, KiB4, mapping));
  EXPECT_EQ(bench.translate(0).space, AddressSpace::secure);
  EXPECT_EQ(bench.translate(0x1000).space, AddressSpace::non_secure);
  for (const MemoryOp& op : bench.memory.ops()) EXPECT_EQ(op.space, AddressSpace::secure);
}

TEST(Vmsa64Walk, NSTableMakesAllThatFollowsNonSecureAndNonGlobal) {
  for (const bool HPD : {false, true}) {
    Config config = two_range_config();
    config.space = AddressSpace::secure;
    config.stage1.tables[0].HPD = HPD;
    TableBench bench(config);
    Mapping mapping;
    mapping.nG = false;
    ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4, mapping));
    bench.change_descriptor(0, 1, 0, bit(63));
    const Result r = bench.translate(0);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.space, AddressSpace::non_secure);
    EXPECT_TRUE(r.nG);
    ASSERT_EQ(bench.memory.ops().size(), 4U);
    EXPECT_EQ(bench.memory.ops()[1].space, AddressSpace::secure);
    EXPECT_EQ(bench.memory.ops()[2].space, AddressSpace::non_secure);
    EXPECT_EQ(bench.memory.ops()[3].space, AddressSpace::non_secure);
  }
}

TEST(Vmsa64Walk, SecureWalkMayStartInANonSecureTable) {
  Config config = two_range_config();
  config.space = AddressSpace::secure;
  config.stage1.tables[0].NS = true;
  TableBench bench(config);
  ASSERT_TRUE(bench.builder.map(0, 0x5000, KiB4));
  const Result r = bench.translate(0);
  EXPECT_EQ(r.space, AddressSpace::non_secure);
  EXPECT_EQ(bench.memory.ops()[0].space, AddressSpace::non_secure);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
