// The format of Mali GPUs. There is no public Arm document: facts are how Linux's io-pgtable-arm makes
// tables.
#include <gtest/gtest.h>

#include "hand_tables.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr std::uint64_t read_bit = bit(6);
constexpr std::uint64_t write_bit = bit(7);
constexpr std::uint64_t XN = bit(54);
constexpr std::uint64_t mali_leaf = 1;

struct MaliBench : HandBench {
  static constexpr std::uint64_t addresses[] = {0x10000, 0x11000, 0x12000, 0x13000};  // by level
  explicit MaliBench(unsigned TxSZ = 16) {
    Stage1Config& s1 = config.stage1;
    s1.format = Format::mali_lpae;
    s1.output_size = 40;
    s1.MAIR = 0x8877665544332211;
    s1.tables[0].EPD = false;
    s1.tables[0].TxSZ = static_cast<std::uint8_t>(TxSZ);
    s1.tables[0].base = addresses[0];
    for (unsigned i = 0; i < 3; ++i) memory[addresses[i]] = addresses[i + 1] | table_type;
    memory[addresses[3]] = 0x50000 | read_bit | write_bit | mali_leaf;
  }
};

TEST(MaliWalk, FourLevelsWhateverTheInputSize) {
  for (unsigned TxSZ = 16; TxSZ <= 39; ++TxSZ) {
    MaliBench bench(TxSZ);
    const Result r = bench.translate(0x123);
    ASSERT_TRUE(r.ok()) << TxSZ;
    EXPECT_EQ(r.output, 0x50123U);
    ASSERT_EQ(r.descriptors.size(), 4U);
    for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(r.descriptors[i], MaliBench::addresses[i]);
    expect_fault(bench.translate(bit(64 - TxSZ)), FaultKind::translation, Stage::stage1, 0);
  }
}

TEST(MaliWalk, PageHasTheTypeOfABlock) {
  MaliBench bench;
  std::uint64_t& d = bench.memory[MaliBench::addresses[3]];
  d |= 2;
  expect_fault(bench.translate(0), FaultKind::translation, Stage::stage1, 3);
  d &= ~std::uint64_t{3};
  expect_fault(bench.translate(0), FaultKind::translation, Stage::stage1, 3);
}

TEST(MaliWalk, BlocksAreAtLevels1And2) {
  for (const int level : {0, 1, 2}) {
    MaliBench bench;
    const std::uint64_t output = std::uint64_t{1} << 39;
    bench.memory[MaliBench::addresses[level]] = output | read_bit | mali_leaf;
    const Result r = bench.translate(0x1ff0f0);
    if (level == 0) {
      expect_fault(r, FaultKind::translation, Stage::stage1, 0);
      continue;
    }
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r.output, output + 0x1ff0f0);
    EXPECT_EQ(r.block_shift, level == 1 ? 30 : 21);
  }
}

TEST(MaliWalk, RightsAreThoseOfAStage2Descriptor) {
  for (unsigned combination = 0; combination < 4; ++combination) {
    const bool r = (combination & 1) != 0;
    const bool w = (combination & 2) != 0;
    for (const bool privileged : {false, true}) {
      MaliBench bench;
      bench.memory[MaliBench::addresses[3]] =
          0x50000 | (r ? read_bit : 0) | (w ? write_bit : 0) | XN | mali_leaf;
      EXPECT_EQ(bench.translate(0, AccessType::read, privileged).ok(), r);
      EXPECT_EQ(bench.translate(0, AccessType::write, privileged).ok(), w);
      expect_fault(bench.translate(0, AccessType::execute, privileged), FaultKind::permission, Stage::stage1,
                   3);
      bench.memory[MaliBench::addresses[3]] &= ~XN;
      EXPECT_TRUE(bench.translate(0, AccessType::execute, privileged).ok());
    }
  }
}

TEST(MaliWalk, HasNoAccessFlagAndNoHierarchicalRights) {
  MaliBench bench;
  for (unsigned i = 0; i < 3; ++i) bench.memory[MaliBench::addresses[i]] |= std::uint64_t{0xf} << 59;
  EXPECT_TRUE(bench.translate(0, AccessType::write, false).ok());  // AF is clear as well
  EXPECT_TRUE(bench.translate(0, AccessType::execute, false).ok());
}

TEST(MaliWalk, AttrIndxSelectsAMEMATTRByteAsItIs) {
  for (unsigned i = 0; i < 8; ++i) {
    MaliBench bench;
    bench.config.stage1.MAIR = 0x70605040302010ff >> 8;
    bench.memory[MaliBench::addresses[3]] |= std::uint64_t{i} << 2;
    const Result r = bench.translate(0);
    EXPECT_EQ(unsigned{r.attributes.memory}, (bench.config.stage1.MAIR >> (8 * i)) & 0xff);
    EXPECT_FALSE(r.nG);
  }
}

TEST(MaliWalk, AddressBeyond40BitsIsAnAddressSizeFault) {
  for (int level = 0; level <= 3; ++level) {
    MaliBench bench;
    bench.memory[MaliBench::addresses[level]] |= bit(40);
    expect_fault(bench.translate(0), FaultKind::address_size, Stage::stage1, level);
  }
}

TEST(MaliWalk, ExternalAbortAtEachLevelIsReportedThere) {
  for (int level = 0; level <= 3; ++level) {
    MaliBench bench;
    bench.memory.aborts.insert(MaliBench::addresses[level]);
    expect_fault(bench.translate(0), FaultKind::external_abort, Stage::stage1, level);
  }
}

}  // namespace
}  // namespace smmuvp::pgtable::test
