// Sizes of input and output addresses (IHI 0062 1.6, Tables 3-1 to 3-4, 16.5.39).
#include "formats_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using pgtable::Mapping;
using smmu::AccessKind;
using smmu::Outcome;
using namespace fsr_bit;

// 49-bit addresses: -0x1000 as the bus has it
constexpr std::uint64_t high_page = 0x1'ffff'ffff'f000;

Features sizes(std::uint8_t UBS, std::uint8_t IAS, std::uint8_t OAS) {
  Features f;
  f.UBS = UBS;
  f.IAS = IAS;
  f.OAS = OAS;
  return f;
}

void set_SEP(FormatsWorld& w, unsigned bank, unsigned SEP) { w.change_cb(bank, TCR2, 7U << 15, SEP << 15); }
void set_PASize(FormatsWorld& w, unsigned bank, unsigned PASize) { w.change_cb(bank, TCR2, 7, PASize); }

// ---- sign extension

TEST(SignExtension, IsFromTheBitThatSepNames) {
  const unsigned bits[] = {31, 35, 39, 41, 43, 47};
  for (unsigned SEP = 0; SEP < 6; ++SEP) {
    SCOPED_TRACE(SEP);
    FormatsWorld w;
    auto& b = w.stream64(9, 3);
    ASSERT_TRUE(b.map(0 - 0x1000ULL, 0x8000'0000, 0x1000));
    ASSERT_TRUE(b.map(0x1000, 0x9000'0000, 0x1000));
    set_SEP(w, 3, SEP);
    w.start();
    const std::uint64_t above = std::uint64_t{2} << bits[SEP];
    EXPECT_EQ(w.output_of(9, above - 0x1000 + 4), 0x8000'0004U);
    EXPECT_EQ(w.output_of(9, 0x1004), 0x9000'0004U);
    // bits above it that are not zero
    for (const std::uint64_t address : {above | 0x1000, above | (above - 0x1000), high_page}) {
      w.access(9, address);
      w.expect_fault(3, TF | Format_64, address, 0, 9);
      w.clear(3);
    }
  }
}

TEST(SignExtension, IsOfTheSignOfA49BitBusWithSep6And7) {
  for (const unsigned SEP : {6U, 7U}) {
    FormatsWorld w;
    auto& b = w.stream64(9, 3);
    ASSERT_TRUE(b.map(0 - 0x1000ULL, 0x8000'0000, 0x1000));
    set_SEP(w, 3, SEP);
    w.start();
    EXPECT_EQ(w.read_cb(3, TCR2) >> 15 & 7, SEP);
    EXPECT_EQ(w.output_of(9, high_page | 4), 0x8000'0004U);
    w.access(9, 0xffff'ffff'f000);  // bit 48 is 0
    w.expect_fault(3, TF | Format_64, 0xffff'ffff'f000, 0, 9);
  }
}

TEST(SignExtension, IsNotNeededOfA64BitBusWithSep7) {
  FormatsWorld w(sizes(64, 48, 48));
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0 - 0x1000ULL, 0x8000'0000, 0x1000));
  w.start();
  EXPECT_EQ(w.output_of(9, 0 - 0x1000ULL), 0x8000'0000U);
  w.access(9, high_page);
  w.expect_fault(3, TF | Format_64, high_page, 0, 9);
  w.clear(3);
  set_SEP(w, 3, 5);
  EXPECT_EQ(w.output_of(9, 0xffff'ffff'f000), 0x8000'0000U);
}

// A bit that the bus does not have, and SEP 7 of other buses
TEST(SignExtension, IsNoneWhereTheBusEndsBelow) {
  for (const unsigned SEP : {2U, 5U, 7U}) {
    SCOPED_TRACE(SEP);
    FormatsWorld w(sizes(36, 36, 36));
    auto& b = w.stream64(9, 3);
    ASSERT_TRUE(b.map(0xf'ffff'f000, 0x8000'0000, 0x1000));
    set_PASize(w, 3, 1);
    set_SEP(w, 3, SEP);
    w.start();
    EXPECT_EQ(w.output_of(9, 0xf'ffff'f004), 0x8000'0004U);
  }
}

// 1.6.4: only of AArch64 stage 1 that is on
TEST(SignExtension, IsNoneOfAarch32NorWithMZero) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_long(0, 1));
  ASSERT_TRUE(b.map(0xffff'f000, 0x8000'0000, 0x1000));
  w.bank_long(3, b.config());
  set_SEP(w, 3, 0);
  w.map_stream(0, 9, S2CR_translate | 3);
  auto& b64 = w.stream64(10, 4);
  ASSERT_TRUE(b64.map(0x1000, 0x9000'0000, 0x1000));
  set_SEP(w, 4, 0);
  w.change_cb(4, SCTLR, SCTLR_M, 0);
  w.start();
  EXPECT_EQ(w.output_of(9, 0xffff'f004), 0x8000'0004U);
  EXPECT_EQ(w.output_of(10, 0xffff'f004), 0xffff'f004U);
}

// 16.5.39: TBI is of address translation operations alone
TEST(TopByteIgnore, IsNotOfTransactions) {
  FormatsWorld w(sizes(64, 48, 48));
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.change_cb(3, TCR2, 0, 3U << 5);
  w.start();
  const std::uint64_t tagged = std::uint64_t{0x5a} << 56 | 0x1000;
  w.access(9, tagged);
  w.expect_fault(3, TF | Format_64, tagged, 0, 9);
  w.write_cb(3, ATS1PR, tagged, 8);
  w.work();
  EXPECT_EQ(w.read_cb(3, PAR, 8) & 0xffff'ffff'f001, 0x8000'0000U);
}

// 3.7.2: an address that the upstream bus cannot carry
TEST(UnsupportedTransactions, OfABankAreToldThere) {
  FormatsWorld w(sizes(40, 40, 40));
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.start();
  EXPECT_EQ(w.access(9, 0x100'0000'1000).outcome, Outcome::abort);
  w.expect_fault(3, UUT | Format_64, 0x1000, 0, 9);
}

// ---- inputs: Tables 3-1 and 3-2

TEST(InputSize, OfAarch32Stage1Is32BitsWhetherItIsOnOrOff) {
  for (const bool M : {true, false}) {
    for (const bool is_long : {true, false}) {
      SCOPED_TRACE(::testing::Message() << M << is_long);
      FormatsWorld w;
      auto& b = w.builder(is_long ? FormatsWorld::config_long() : FormatsWorld::config_short());
      if (is_long) {
        w.bank_long(3, b.config());
      } else {
        w.bank_short(3, b.config());
      }
      if (!M) w.change_cb(3, SCTLR, SCTLR_M, 0);
      w.map_stream(0, 9, S2CR_translate | 3);
      w.start();
      EXPECT_EQ(w.access(9, 0x1'0000'0000).outcome, Outcome::abort);
      w.expect_fault(3, TF | (is_long ? Format_long : Format_short), 0x1'0000'0000, 1, 9);
      w.clear(3);
      EXPECT_EQ(w.access(9, 0xffff'fffc).outcome == Outcome::forward, !M);
    }
  }
}

TEST(InputSize, OfAarch64Stage1ThatIsOffIsThatOfItsOutput) {
  FormatsWorld w(sizes(49, 40, 40));
  w.stream64(9, 3, 1, 0);
  w.change_cb(3, SCTLR, SCTLR_M, 0);
  w.start();
  EXPECT_EQ(w.output_of(9, 0xff'ffff'fffc), 0xff'ffff'fffcU);
  EXPECT_EQ(w.access(9, 0x100'0000'0000).outcome, Outcome::abort);
  w.expect_fault(3, ASF | Format_64, 0x100'0000'0000, 0, 9);
}

TEST(InputSize, OfStage2IsIas) {
  FormatsWorld w(sizes(49, 40, 48));
  auto config = World::config_stage2();
  config.stage2.T0SZ = 16;
  config.stage2.start_level = 0;
  auto& b = w.builder(config);
  ASSERT_TRUE(b.map(0xff'ffff'f000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(b.map(0x100'0000'0000, 0x9000'0000, 0x1000));
  w.bank_stage2(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  EXPECT_EQ(w.output_of(9, 0xff'ffff'f004), 0x8000'0004U);
  w.access(9, 0x100'0000'0004);
  w.expect_fault(5, TF | Format_64, 0x100'0000'0004, fsynr_bit::NSATTR, 9, 0x100'0000'0004);
  // Off, AArch64 looks at the output alone
  w.clear(5);
  w.change_cb(5, SCTLR, SCTLR_M, 0);
  EXPECT_EQ(w.output_of(9, 0x100'0000'0004), 0x100'0000'0004U);
  w.access(9, 0x1'0000'0000'0004);
  w.expect_fault(5, ASF | Format_64, 0x1'0000'0000'0004, fsynr_bit::NSATTR, 9, 0x1'0000'0000'0004);
}

// 3.8.4: AArch32 stage 2 alone; Table 3-2 for the sizes below
TEST(InputSize, OfAarch32Stage2AloneIs40Bits) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_stage2_32());
  ASSERT_TRUE(b.map(0xff'ffff'f000, 0x8000'0000, 0x1000));
  w.bank_stage2_32(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  EXPECT_EQ(w.output_of(9, 0xff'ffff'f004), 0x8000'0004U);
  w.access(9, 0x100'0000'0004);
  w.expect_fault(5, TF | Format_long, 0x100'0000'0004, 1 | fsynr_bit::NSATTR, 9);
  w.clear(5);
  w.change_cb(5, SCTLR, SCTLR_M, 0);
  EXPECT_EQ(w.output_of(9, 0xff'ffff'f004), 0xff'ffff'f004U);
  w.access(9, 0x100'0000'0004);
  w.expect_fault(5, ASF | Format_long, 0x100'0000'0004, 1 | fsynr_bit::NSATTR, 9);
}

TEST(InputSize, OfAarch32Stage2ThatIsOffIsIas) {
  FormatsWorld w(sizes(49, 36, 40));
  auto& b = w.builder(FormatsWorld::config_stage2_32(-4));
  w.bank_stage2_32(5, b.config());
  w.change_cb(5, SCTLR, SCTLR_M, 0);
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  EXPECT_EQ(w.output_of(9, 0xf'ffff'fffc), 0xf'ffff'fffcU);
  w.access(9, 0x10'0000'0000);
  w.expect_fault(5, TF | Format_long, 0x10'0000'0000, 1 | fsynr_bit::NSATTR, 9);
}

// ---- outputs: Tables 3-3 and 3-4

TEST(OutputSize, OfAarch64Stage1IsPasizeForLeavesTablesAndTtbr) {
  FormatsWorld w;
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0x1000, 0xffff'f000, 0x1000));
  ASSERT_TRUE(b.map(0x2000, 0x1'0000'0000, 0x1000));
  ASSERT_TRUE(b.map(0x4000'0000, 0x1'4000'0000, 0x4000'0000));
  set_PASize(w, 3, 0);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1004), 0xffff'f004U);
  w.access(9, 0x2004);
  w.expect_fault(3, ASF | Format_64, 0x2004, 3, 9);
  w.clear(3);
  w.access(9, 0x4000'2004);
  w.expect_fault(3, ASF | Format_64, 0x4000'2004, 1, 9);
  w.clear(3);
  const auto table = b.descriptor_address(0x1000, 2);
  ASSERT_TRUE(table);
  const std::uint64_t descriptor = w.memory.read(*table, 8);
  w.memory.write(*table, descriptor | std::uint64_t{1} << 32);
  w.write_cb(3, TLBIALL, 0);
  w.access(9, 0x1004);
  w.expect_fault(3, ASF | Format_64, 0x1004, 2, 9);
  w.clear(3);
  w.memory.write(*table, descriptor);
  w.write_cb(3, TTBR0, b.config().stage1.tables[0].base | std::uint64_t{1} << 40, 8);
  w.write_cb(3, TLBIALL, 0);
  w.access(9, 0x1004);
  w.expect_fault(3, ASF | Format_64, 0x1004, 0, 9);
}

TEST(OutputSize, WithReservedValuesOfPasizeIs48Bits) {
  for (const unsigned PASize : {5U, 6U, 7U}) {
    FormatsWorld w;
    auto& b = w.stream64(9, 3);
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000'0000, 0x1000));
    set_PASize(w, 3, PASize);
    w.start();
    EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0000'0004U) << PASize;
  }
}

TEST(OutputSize, OfEachValueOfPasize) {
  const unsigned bits[] = {32, 36, 40, 42, 44};
  for (unsigned PASize = 0; PASize < 5; ++PASize) {
    SCOPED_TRACE(PASize);
    FormatsWorld w;
    auto& b1 = w.stream64(9, 3);
    auto& b2 = w.builder(World::config_stage2());
    const std::uint64_t end = std::uint64_t{1} << bits[PASize];
    for (auto* b : {&b1, &b2}) {
      ASSERT_TRUE(b->map(0x1000, end - 0x1000, 0x1000));
      ASSERT_TRUE(b->map(0x2000, end, 0x1000));
    }
    w.bank_stage2(5, b2.config());
    w.map_stream(0, 10, S2CR_translate | 5);
    set_PASize(w, 3, PASize);
    w.change_cb(5, TCR, 7U << 16, PASize << 16);
    w.start();
    EXPECT_EQ(w.output_of(9, 0x1000), end - 0x1000);
    EXPECT_EQ(w.output_of(10, 0x1000), end - 0x1000);
    w.access(9, 0x2000);
    w.expect_fault(3, ASF | Format_64, 0x2000, 3, 9);
    w.access(10, 0x2000);
    w.expect_fault(5, ASF | Format_64, 0x2000, 3 | fsynr_bit::NSATTR, 10, 0x2000);
  }
}

// 1.6.1: the effective IPA size is the smaller of IAS and OAS, where stage 2 is bypassed
TEST(OutputSize, OfStage1IsTheSmallerOfIasAndOas) {
  for (const bool small_IAS : {true, false}) {
    FormatsWorld w(small_IAS ? sizes(49, 36, 48) : sizes(49, 48, 36));
    auto config = World::config64();
    auto& b = w.builder(config);
    ASSERT_TRUE(b.map(0x1000, 0xf'ffff'f000, 0x1000));
    ASSERT_TRUE(b.map(0x2000, 0x10'0000'0000, 0x1000));
    w.bank64(3, b.config());
    w.map_stream(0, 9, S2CR_translate | 3);
    w.start();
    EXPECT_EQ(w.output_of(9, 0x1000), 0xf'ffff'f000U);
    w.access(9, 0x2000);
    w.expect_fault(3, ASF | Format_64, 0x2000, 3, 9);
  }
}

TEST(OutputSize, OfAarch32Stage1IsTheSmallerOf40BitsAndIas) {
  FormatsWorld w(sizes(49, 36, 36));
  auto& bl = w.builder(FormatsWorld::config_long());
  auto& bs = w.builder(FormatsWorld::config_short());
  ASSERT_TRUE(bl.map(0x1000, 0xf'ffff'f000, 0x1000));
  ASSERT_TRUE(bl.map(0x2000, 0x10'0000'0000, 0x1000));
  Mapping super;
  super.AttrIndx = 3;
  super.contiguous = true;
  ASSERT_TRUE(bs.map(0x100'0000, 0xf'0000'0000, 0x100'0000, super));
  ASSERT_TRUE(bs.map(0x200'0000, 0x10'0000'0000, 0x100'0000, super));
  w.bank_long(3, bl.config());
  w.bank_short(4, bs.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.map_stream(1, 10, S2CR_translate | 4);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0xf'ffff'f000U);
  w.access(9, 0x2000);
  w.expect_fault(3, ASF | Format_long, 0x2000, 3, 9);
  EXPECT_EQ(w.output_of(10, 0x100'0010), 0xf'0000'0010U);
  EXPECT_EQ(w.access(10, 0x200'0010).outcome, Outcome::abort);
  w.expect_fault(4, ASF | Format_short, 0x200'0010, 1, 10);
  w.clear(4);
  EXPECT_EQ(w.access(10, 0x200'0010).outcome, Outcome::abort) << "what faulted is not kept";
}

TEST(OutputSize, OfASupersectionBehindAStage2IsIas) {
  FormatsWorld w(sizes(49, 36, 48));
  auto& s2 = w.builder(World::config_stage2());
  ASSERT_TRUE(s2.map(World::tables, World::tables, 0x20'0000));
  ASSERT_TRUE(s2.map(0xf'0000'0000, 0x8000'0000, 0x100'0000));
  ASSERT_TRUE(s2.map(0x10'0000'0000, 0x9000'0000, 0x100'0000));
  auto& s1 = w.builder(FormatsWorld::config_short());
  Mapping super;
  super.AttrIndx = 3;
  super.contiguous = true;
  ASSERT_TRUE(s1.map(0x100'0000, 0xf'0000'0000, 0x100'0000, super));
  ASSERT_TRUE(s1.map(0x200'0000, 0x10'0000'0000, 0x100'0000, super));
  w.bank_stage2(5, s2.config());
  w.bank_short(6, s1.config(), 1, 0, 0, CBAR_nested | 5U << 8);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x100'0010), 0x8000'0010U);
  w.access(9, 0x200'0010);
  w.expect_fault(6, ASF | Format_short, 0x200'0010, 1, 9);
  w.expect_no_fault(5);
}

TEST(OutputSize, OfStage2IsOasForLeavesTablesAndTtbr) {
  FormatsWorld w(sizes(49, 40, 36));
  auto& b = w.builder(World::config_stage2());
  ASSERT_TRUE(b.map(0x1000, 0xf'ffff'f000, 0x1000));
  ASSERT_TRUE(b.map(0x2000, 0x10'0000'0000, 0x1000));
  w.bank_stage2(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0xf'ffff'f000U);
  w.access(9, 0x2000);
  w.expect_fault(5, ASF | Format_64, 0x2000, 3 | fsynr_bit::NSATTR, 9, 0x2000);
  w.clear(5);
  const auto table = b.descriptor_address(0x1000, 2);
  ASSERT_TRUE(table);
  const std::uint64_t descriptor = w.memory.read(*table, 8);
  w.memory.write(*table, descriptor | std::uint64_t{1} << 36);
  w.write_cb(5, TLBIIPAS2, 1, 8);
  w.access(9, 0x1000);
  w.expect_fault(5, ASF | Format_64, 0x1000, 2 | fsynr_bit::NSATTR, 9, 0x1000);
  w.clear(5);
  w.memory.write(*table, descriptor);
  w.write_cb(5, TTBR0, b.config().stage2.base | std::uint64_t{1} << 36, 8);
  w.write_cb(5, TLBIIPAS2, 1, 8);
  w.access(9, 0x1000);
  w.expect_fault(5, ASF | Format_64, 0x1000, fsynr_bit::NSATTR, 9, 0x1000);
}

TEST(OutputSize, OfAarch32Stage2IsTheSmallerOf40BitsAndOas) {
  FormatsWorld w(sizes(49, 40, 36));
  auto& b = w.builder(FormatsWorld::config_stage2_32());
  ASSERT_TRUE(b.map(0x1000, 0xf'ffff'f000, 0x1000));
  ASSERT_TRUE(b.map(0x2000, 0x10'0000'0000, 0x1000));
  w.bank_stage2_32(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0xf'ffff'f000U);
  w.access(9, 0x2000);
  w.expect_fault(5, ASF | Format_long, 0x2000, 3 | fsynr_bit::NSATTR, 9, 0x2000);
}

// Tables 3-3 and 3-4, AArch32: "an IPA that is the result of a translation table walk", and TTBR
TEST(OutputSize, OfAarch32IsThatOfTablesAndTtbrToo) {
  for (const bool stage1 : {true, false}) {
    SCOPED_TRACE(stage1);
    FormatsWorld w(stage1 ? sizes(49, 36, 40) : sizes(49, 40, 36));
    auto& b = w.builder(stage1 ? FormatsWorld::config_long() : FormatsWorld::config_stage2_32());
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    if (stage1) {
      w.bank_long(3, b.config());
    } else {
      w.bank_stage2_32(3, b.config());
    }
    w.map_stream(0, 9, S2CR_translate | 3);
    w.start();
    constexpr std::uint64_t too_large = std::uint64_t{1} << 36;
    const std::uint32_t NSATTR = stage1 ? 0 : fsynr_bit::NSATTR;
    const auto at = b.descriptor_address(0x1000, 2);
    ASSERT_TRUE(at);
    const std::uint64_t descriptor = w.memory.read(*at, 8);
    w.memory.write(*at, descriptor | too_large);
    w.access(9, 0x1004);
    w.expect_fault(3, ASF | Format_long, 0x1004, 2 | NSATTR, 9);
    w.clear(3);
    w.memory.write(*at, descriptor);
    EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0004U);
    w.write(TLBIALLNSNH, 0);
    w.write_cb(3, TTBR0, w.read_cb(3, TTBR0, 8) | too_large, 8);
    w.access(9, 0x1004);
    w.expect_fault(3, ASF | Format_long, 0x1004, 0 | NSATTR, 9);
  }
}

// 1.6.1: with both stages, stage 1 may give what OAS does not hold. Table 3-4: a stage 2 that is off looks at
// it.
TEST(OutputSize, OfBothStagesWithStage2OffIsAFaultOfStage2) {
  FormatsWorld w(sizes(49, 48, 36));
  pgtable::Builder* s2 = nullptr;
  auto& s1 = w.nested64(6, 5, s2);
  ASSERT_TRUE(s1.map(0x1000, 0xf'ffff'f000, 0x1000));
  ASSERT_TRUE(s1.map(0x2000, 0x10'0000'0000, 0x1000));
  w.change_cb(5, SCTLR, SCTLR_M, 0);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1004), 0xf'ffff'f004U);
  for (int i = 0; i < 2; ++i) {  // by a walk, and by what caches hold
    EXPECT_EQ(w.access(9, 0x2004).outcome, Outcome::abort);
    w.expect_no_fault(6);
    w.expect_fault(5, ASF | Format_64, 0x2004, fsynr_bit::NESTED | fsynr_bit::NSATTR | 6U << 16, 9,
                   0x10'0000'0004);
    w.clear(5);
  }
  // the address of a table, too
  w.write_cb(6, TTBR0, s1.config().stage1.tables[0].base | std::uint64_t{1} << 40 | std::uint64_t{1} << 48,
             8);
  w.write_cb(6, TLBIALL, 0);
  EXPECT_EQ(w.access(9, 0x1004).outcome, Outcome::abort);
  w.expect_no_fault(6);
  EXPECT_EQ(w.read_cb(5, FSR), ASF | Format_64);
  EXPECT_EQ(w.read_cb(5, FSYNR0), fsynr_bit::NESTED | fsynr_bit::S1PTWF | fsynr_bit::NSATTR | 6U << 16);
}

TEST(OutputSize, OfBothStagesWithStage1OffIsIasThenOas) {
  FormatsWorld w(sizes(49, 40, 36));
  pgtable::Builder* s2 = nullptr;
  w.nested64(6, 5, s2);
  ASSERT_TRUE(s2->map(0x12'0000'0000, 0x9000'0000, 0x1000));
  w.change_cb(6, SCTLR, SCTLR_M, 0);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x12'0000'0004), 0x9000'0004U);
  w.access(9, 0x100'0000'0004);
  w.expect_no_fault(5);
  w.expect_fault(6, ASF | Format_64, 0x100'0000'0004, 0, 9);
  w.clear(6);
  w.change_cb(5, SCTLR, SCTLR_M, 0);
  w.access(9, 0x12'0000'0004);
  w.expect_no_fault(6);
  w.expect_fault(5, ASF | Format_64, 0x12'0000'0004, fsynr_bit::NESTED | fsynr_bit::NSATTR | 6U << 16, 9,
                 0x12'0000'0004);
}

}  // namespace
}  // namespace smmuvp::smmuv2
