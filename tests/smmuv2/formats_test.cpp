// Walks by each translation table format (IHI 0062 1.5, 2.6.4, 2.7, 16.5.38, 17.3.8).
#include "formats_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using pgtable::Granule;
using pgtable::Mapping;
using smmu::AccessKind;
using smmu::Outcome;
using namespace fsr_bit;

Mapping normal() {
  Mapping m;
  m.AttrIndx = 3;  // of config_short(): Write-Back Write-Allocate
  return m;
}

TEST(Tables, AreBigEndianWithSctlrE) {
  for (const bool big : {false, true}) {
    SCOPED_TRACE(big);
    FormatsWorld w;
    auto c64 = World::config64();
    auto clong = FormatsWorld::config_long();
    auto c2 = World::config_stage2();
    c64.stage1.big_endian = clong.stage1.big_endian = c2.stage2.big_endian = big;
    auto& b64 = w.builder(c64);
    auto& blong = w.builder(clong);
    auto& b2 = w.builder(c2);
    for (auto* b : {&b64, &blong, &b2}) ASSERT_TRUE(b->map(0x1000, 0x8765'4000, 0x1000));
    w.bank64(3, b64.config());
    w.bank_long(4, blong.config());
    w.bank_stage2(5, b2.config(), 0, std::uint32_t{big} << 4);
    for (const std::uint32_t bank : {3U, 4U, 5U}) w.map_stream(bank, bank, S2CR_translate | bank);
    w.start();
    for (const std::uint32_t bank : {3U, 4U, 5U}) EXPECT_EQ(w.output_of(bank, 0x1010), 0x8765'4010U) << bank;
    for (const std::uint32_t bank : {3U, 4U, 5U})
      w.change_cb(bank, SCTLR, big ? SCTLR_E : 0, big ? 0 : SCTLR_E);
    w.write_cb(3, TLBIALL, 0);
    w.write_cb(4, TLBIALL, 0);
    w.write_cb(5, TLBIIPAS2, 1, 8);
    for (const std::uint32_t bank : {3U, 4U, 5U}) {
      EXPECT_EQ(w.access(bank, 0x1010).outcome, Outcome::abort) << bank;
    }
  }
}

TEST(Tables, OfShortDescriptorsAreBigEndianWithSctlrE) {
  FormatsWorld w;
  auto config = FormatsWorld::config_short();
  config.stage1.big_endian = true;
  auto& b = w.builder(config);
  ASSERT_TRUE(b.map(0x1000, 0x8765'4000, 0x1000, normal()));
  w.bank_short(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1010), 0x8765'4010U);
  w.change_cb(3, SCTLR, SCTLR_E, 0);
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.access(9, 0x1010).outcome, Outcome::abort);
}

// ---- AArch32 Long-descriptor

// 1.5.1, Table 1-7
TEST(LongDescriptors, T0szAndT1szDivideTheAddresses) {
  struct Case {
    std::uint8_t T0SZ, T1SZ;
    std::uint64_t end0, begin1;  // of TTBR0's region, and of TTBR1's
  };
  for (const Case c : {Case{1, 1, 0x8000'0000, 0x8000'0000}, Case{2, 0, 0x4000'0000, 0x4000'0000},
                       Case{0, 2, 0xc000'0000, 0xc000'0000}, Case{2, 1, 0x4000'0000, 0x8000'0000},
                       Case{7, 7, 0x200'0000, 0xfe00'0000}, Case{7, 0, 0x200'0000, 0x200'0000}}) {
    SCOPED_TRACE(::testing::Message() << int{c.T0SZ} << ", " << int{c.T1SZ});
    FormatsWorld w;
    auto& b = w.builder(FormatsWorld::config_long(c.T0SZ, c.T1SZ));
    ASSERT_TRUE(b.map(c.end0 - 0x1000, 0x12'8000'0000, 0x1000));
    ASSERT_TRUE(b.map(c.begin1, 0x12'9000'0000, 0x1000));
    ASSERT_TRUE(b.map(0xffff'f000, 0x12'a000'0000, 0x1000));
    w.bank_long(3, b.config());
    w.map_stream(0, 9, S2CR_translate | 3);
    w.start();
    EXPECT_EQ(w.output_of(9, c.end0 - 4), 0x12'8000'0ffcU);
    EXPECT_EQ(w.output_of(9, c.begin1), 0x12'9000'0000U);
    EXPECT_EQ(w.output_of(9, 0xffff'f010), 0x12'a000'0010U);
    if (c.end0 == c.begin1) continue;
    w.access(9, c.end0);
    w.expect_fault(3, TF | Format_long, c.end0, 1, 9);
    w.clear(3);
    w.access(9, c.begin1 - 4);
    w.expect_fault(3, TF | Format_long, c.begin1 - 4, 1, 9);
  }
}

TEST(LongDescriptors, GiveTheLevelOfTheFault) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_long());
  Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b.map(0x1000, 0x8765'4000, 0x1000));
  ASSERT_TRUE(b.map(0x4000'0000, 0x8000'0000, 0x4000'0000, m));
  ASSERT_TRUE(b.map(0x20'0000, 0x9000'0000, 0x20'0000, m));
  w.bank_long(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  w.access(9, 0x8000'0000);
  w.expect_fault(3, TF | Format_long, 0x8000'0000, 1, 9);
  w.clear(3);
  w.access(9, 0x40'0000);
  w.expect_fault(3, TF | Format_long, 0x40'0000, 2, 9);
  w.clear(3);
  w.access(9, 0x2000);
  w.expect_fault(3, TF | Format_long, 0x2000, 3, 9);
  w.clear(3);
  w.access(9, 0x4000'1000);
  w.expect_fault(3, AFF | Format_long, 0x4000'1000, 1, 9);
  w.clear(3);
  w.access(9, 0x20'1000);
  w.expect_fault(3, AFF | Format_long, 0x20'1000, 2, 9);
}

// ---- AArch64

// Tables 2-9 to 2-11
TEST(Aarch64Tables, OfStage1BeginAtTheLevelOfTheGranuleAndTxsz) {
  struct Case {
    Granule granule;
    std::uint8_t TxSZ;
  };
  const Case cases[] = {{Granule::size_4k, 16},  {Granule::size_4k, 24},  {Granule::size_4k, 25},
                        {Granule::size_4k, 33},  {Granule::size_4k, 34},  {Granule::size_4k, 39},
                        {Granule::size_16k, 16}, {Granule::size_16k, 17}, {Granule::size_16k, 27},
                        {Granule::size_16k, 28}, {Granule::size_16k, 38}, {Granule::size_16k, 39},
                        {Granule::size_64k, 16}, {Granule::size_64k, 21}, {Granule::size_64k, 22},
                        {Granule::size_64k, 34}, {Granule::size_64k, 35}, {Granule::size_64k, 39}};
  for (const Case& c : cases) {
    SCOPED_TRACE(::testing::Message() << int(c.granule) << " " << int{c.TxSZ});
    FormatsWorld w;
    auto config = World::config64();
    for (auto& t : config.stage1.tables) {
      t.TxSZ = c.TxSZ;
      t.granule = c.granule;
    }
    auto& b = w.builder(config);
    ASSERT_EQ(b.status(), pgtable::BuildStatus::ok);
    const std::uint64_t page = std::uint64_t{1} << int(c.granule);
    const std::uint64_t end = std::uint64_t{1} << (64 - c.TxSZ);
    ASSERT_TRUE(b.map(end - page, 0x8000'0000'0000 + page, page));
    ASSERT_TRUE(b.map(0, 0x9000'0000, page));
    ASSERT_TRUE(b.map(0 - page, 0xa000'0000, page));
    ASSERT_TRUE(b.map(0 - end, 0xb000'0000, page));
    w.bank64(3, b.config());
    w.map_stream(0, 9, S2CR_translate | 3);
    w.start();
    EXPECT_EQ(w.output_of(9, end - 4), 0x8000'0000'0000U + 2 * page - 4);
    EXPECT_EQ(w.output_of(9, 0x10), 0x9000'0010U);
    EXPECT_EQ(w.output_of(9, 0 - page), 0xa000'0000U);
    EXPECT_EQ(w.output_of(9, 0 - end), 0xb000'0000U);
    EXPECT_EQ(w.output_of(9, 0x1'ffff'ffff'ffff), 0xa000'0000U + page - 1) << "as a bus of 49 bits has it";
    if (c.TxSZ == 16) continue;
    w.access(9, end);
    w.expect_fault(3, TF | Format_64, end, 0, 9);
    w.clear(3);
    w.access(9, 0 - end - 4);
    w.expect_fault(3, TF | Format_64, (0 - end - 4) & 0x1'ffff'ffff'ffff, 0, 9);
  }
}

// Tables 2-9 to 2-11, 17.3.8: SL0 means another level with each granule
TEST(Aarch64Tables, OfStage2BeginAtTheLevelOfSl0AndAreConcatenated) {
  struct Case {
    Granule granule;
    std::int8_t T0SZ, start_level;
  };
  const Case cases[] = {{Granule::size_4k, 16, 0},  {Granule::size_4k, 24, 0},  {Granule::size_4k, 21, 1},
                        {Granule::size_4k, 33, 1},  {Granule::size_4k, 30, 2},  {Granule::size_4k, 39, 2},
                        {Granule::size_16k, 16, 1}, {Granule::size_16k, 27, 1}, {Granule::size_16k, 24, 2},
                        {Granule::size_16k, 38, 2}, {Granule::size_16k, 35, 3}, {Granule::size_16k, 39, 3},
                        {Granule::size_64k, 16, 1}, {Granule::size_64k, 21, 1}, {Granule::size_64k, 18, 2},
                        {Granule::size_64k, 34, 2}, {Granule::size_64k, 31, 3}, {Granule::size_64k, 39, 3}};
  for (const Case& c : cases) {
    SCOPED_TRACE(::testing::Message() << int(c.granule) << " " << int{c.T0SZ} << " " << int{c.start_level});
    FormatsWorld w;
    auto config = World::config_stage2();
    config.stage2.granule = c.granule;
    config.stage2.T0SZ = c.T0SZ;
    config.stage2.start_level = c.start_level;
    auto& b = w.builder(config);
    ASSERT_EQ(b.status(), pgtable::BuildStatus::ok);
    const std::uint64_t page = std::uint64_t{1} << int(c.granule);
    const std::uint64_t end = std::uint64_t{1} << (64 - c.T0SZ);
    ASSERT_TRUE(b.map(end - page, 0x8000'0000'0000 + page, page));
    ASSERT_TRUE(b.map(0, 0x9000'0000, page));
    w.bank_stage2(5, b.config());
    w.map_stream(0, 9, S2CR_translate | 5);
    w.start();
    EXPECT_EQ(w.output_of(9, end - 4), 0x8000'0000'0000U + 2 * page - 4);
    EXPECT_EQ(w.output_of(9, 0x10), 0x9000'0010U);
    w.access(9, end);
    w.expect_fault(5, TF | Format_64, end, 0 | fsynr_bit::NSATTR, 9, end);
  }
}

TEST(Aarch64Tables, OfStage2OfAarch32HaveASignedT0sz) {
  struct Case {
    std::int8_t T0SZ, start_level;
  };
  for (const Case c : {Case{-8, 1}, Case{-2, 1}, Case{1, 1}, Case{-2, 2}, Case{0, 2}, Case{7, 2}}) {
    SCOPED_TRACE(::testing::Message() << int{c.T0SZ} << " " << int{c.start_level});
    FormatsWorld w;
    auto& b = w.builder(FormatsWorld::config_stage2_32(c.T0SZ, c.start_level));
    ASSERT_EQ(b.status(), pgtable::BuildStatus::ok);
    const std::uint64_t end = std::uint64_t{1} << (32 - c.T0SZ);
    ASSERT_TRUE(b.map(end - 0x1000, 0x12'3456'7000, 0x1000));
    w.bank_stage2_32(5, b.config());
    w.map_stream(0, 9, S2CR_translate | 5);
    w.start();
    EXPECT_EQ(w.read_cb(5, TCR) >> 31, 1U) << "17.3.8: EAE is 1";
    EXPECT_EQ(w.output_of(9, end - 4), 0x12'3456'7ffcU);
    w.access(9, end);
    w.expect_fault(5, TF | Format_long, end, 1 | fsynr_bit::NSATTR, 9, end);
  }
}

// 17.3.8: EAE "always reads as the value 1. Writes are ignored", but bit 31 is RES0 with VA64 1
TEST(Aarch64Tables, OfStage2AloneHaveEaeInAarch32BanksOnly) {
  Features f;
  f.S1TS = f.NTS = false;
  f.reset_fill = 7;
  FormatsWorld w(f);
  for (const std::uint32_t written : {0U, ~0U}) {
    w.write(w.gr1(CBAR0 + 4 * 5), CBAR_stage2);
    w.write(w.gr1(CBA2R0 + 4 * 5), 0);
    w.write_cb(5, TCR, written);
    EXPECT_EQ(w.read_cb(5, TCR) >> 31, 1U);
    w.write(w.gr1(CBA2R0 + 4 * 5), CBA2R_VA64);
    w.write_cb(5, TCR, written);
    EXPECT_EQ(w.read_cb(5, TCR) >> 31, 0U);
  }
}

// 16.5.38, 17.3.8: a size that is Reserved, or not there, is one that is
TEST(Aarch64Tables, OfAReservedGranuleAreOfTheSmallestImplemented) {
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    SCOPED_TRACE(int(granule));
    Features f;
    f.PTFSv8_4kB = granule == Granule::size_4k;
    f.PTFSv8_16kB = granule != Granule::size_64k;
    FormatsWorld w(f);
    auto config = World::config64();
    auto config2 = World::config_stage2();
    for (auto& t : config.stage1.tables) t.granule = granule;
    config2.stage2.granule = granule;
    config2.stage2.start_level = granule == Granule::size_4k ? 1 : 2;
    auto& b = w.builder(config);
    auto& b2 = w.builder(config2);
    const std::uint64_t page = std::uint64_t{1} << int(granule);
    ASSERT_TRUE(b.map(page, 0x8000'0000, page));
    ASSERT_TRUE(b.map(0 - page, 0x9000'0000, page));
    ASSERT_TRUE(b2.map(page, 0xa000'0000, page));
    w.bank64(3, b.config());
    w.bank_stage2(5, b2.config());
    w.map_stream(0, 9, S2CR_translate | 3);
    w.map_stream(1, 10, S2CR_translate | 5);
    w.start();
    w.change_cb(3, TCR, 3U << 30, 3U << 14);  // TG1 0b00, TG0 0b11
    w.change_cb(5, TCR, 0, 3U << 14);
    EXPECT_EQ(w.read_cb(3, TCR) >> 14 & 3, 3U) << "what was programmed is read back";
    EXPECT_EQ(w.output_of(9, page + 4), 0x8000'0004U);
    EXPECT_EQ(w.output_of(9, 4 - page), 0x9000'0004U);
    EXPECT_EQ(w.output_of(10, page + 4), 0xa000'0004U);
    if (granule == Granule::size_4k) continue;
    w.change_cb(3, TCR, 3U << 14, 2U << 30);  // both 4 KiB, which is not there
    w.write_cb(3, TLBIALL, 0);
    EXPECT_EQ(w.output_of(9, page + 4), 0x8000'0004U);
    EXPECT_EQ(w.output_of(9, 4 - page), 0x9000'0004U);
  }
}

// 17.3.8: start levels that there are not, and that the size does not go with: faults of the first level
TEST(Aarch64Tables, OfStage2WithAnImpossibleStartLevelAreTranslationFaults) {
  for (const std::uint32_t TG0 : {0U, 1U, 2U}) {
    SCOPED_TRACE(TG0);
    FormatsWorld w;
    auto& b = w.builder(World::config_stage2());
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    w.bank_stage2(5, b.config());
    w.map_stream(0, 9, S2CR_translate | 5);
    w.start();
    for (const std::uint32_t SL0 :
         {3U, 0U}) {  // for 16 KiB, 0b11 is level 0, which stage 2 has not (Table 2-10)
      w.change_cb(5, TCR, 3U << 14 | 3U << 6, TG0 << 14 | SL0 << 6);  // 40 bits are too many for SL0 0b00
      w.access(9, 0x1004);
      w.expect_fault(5, TF | Format_64, 0x1004, 0 | fsynr_bit::NSATTR, 9, 0x1004);
      w.clear(5);
    }
  }
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_stage2_32());
  w.bank_stage2_32(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  for (const std::uint32_t SL0 : {2U, 3U}) {
    w.change_cb(5, TCR, 3U << 6, SL0 << 6);
    w.access(9, 0x1004);
    w.expect_fault(5, TF | Format_long, 0x1004, 1 | fsynr_bit::NSATTR, 9, 0x1004);
    w.clear(5);
  }
}

// Sizes that no table has are UNPREDICTABLE: here Translation faults.
TEST(Aarch64Tables, OfImpossibleSizesAreTranslationFaults) {
  FormatsWorld w;
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.start();
  for (const std::uint32_t T0SZ : {0U, 11U, 15U, 40U, 48U, 63U}) {
    w.clear(3);
    w.change_cb(3, TCR, 0x3f, T0SZ);
    w.access(9, 0x1000);
    EXPECT_EQ(w.read_cb(3, FSR), TF | Format_64) << T0SZ;
  }
}

// Tables 2-9 to 2-11 end with T0SZ 39.
TEST(Aarch64Tables, OfImpossibleSizesOfStage2AreTranslationFaultsToo) {
  FormatsWorld w;
  pgtable::Config c = World::config_stage2();
  c.stage2.granule = pgtable::Granule::size_64k;
  c.stage2.start_level = 3;
  c.stage2.T0SZ = 39;
  auto& b = w.builder(c);
  ASSERT_TRUE(b.map(0x1'0000, 0x8000'0000, 0x1'0000));
  w.bank_stage2(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1'0000), 0x8000'0000U);
  for (const std::uint32_t T0SZ : {0U, 15U, 40U, 46U, 48U, 63U}) {
    w.clear(5);
    w.change_cb(5, TCR, 0x3f, T0SZ);
    w.write(TLBIALLNSNH, 0);
    w.access(9, 0x1'0000);
    EXPECT_EQ(w.read_cb(5, FSR), TF | Format_64) << T0SZ;
  }
}

// ---- bits of TCR2 and SCTLR

// 16.5.39, HAD0 and HAD1; APTable[1] is bit 62
TEST(HierarchicalAttributes, AreIgnoredWithHad) {
  for (const bool HADS : {false, true}) {
    SCOPED_TRACE(HADS);
    Features f;
    f.HADS = HADS;
    FormatsWorld w(f);
    auto& b = w.stream64(9, 3);
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    ASSERT_TRUE(b.map(0 - 0x1000ULL, 0x9000'0000, 0x1000));
    for (const std::uint64_t va : {0x1000ULL, 0 - 0x1000ULL}) {
      const auto at = b.descriptor_address(va, 1);
      ASSERT_TRUE(at);
      w.memory.write(*at, w.memory.read(*at, 8) | std::uint64_t{1} << 62);
    }
    w.start();
    w.access(9, 0x1000, AccessKind::write);
    w.expect_fault(3, PF | Format_64, 0x1000, 3 | fsynr_bit::WNR, 9);
    w.clear(3);
    w.change_cb(3, TCR2, 0, 1U << 8);
    EXPECT_EQ(w.read_cb(3, TCR2) >> 8 & 1, HADS ? 1U : 0U);
    w.write_cb(3, TLBIALL, 0);
    EXPECT_EQ(w.access(9, 0x1000, AccessKind::write).outcome, HADS ? Outcome::forward : Outcome::abort);
    w.clear(3);
    EXPECT_EQ(w.access(9, 0 - 0x1000ULL, AccessKind::write).outcome, Outcome::abort);
    w.clear(3);
    w.change_cb(3, TCR2, 0, 1U << 9);
    w.write_cb(3, TLBIALL, 0);
    EXPECT_EQ(w.access(9, 0 - 0x1000ULL, AccessKind::write).outcome,
              HADS ? Outcome::forward : Outcome::abort);
  }
}

TEST(WritableExecuteNever, ForbidsFetchesOfWritableMemory) {
  FormatsWorld w;
  auto& b = w.stream64(9, 3);
  Mapping m;
  m.unprivileged = false;
  m.privileged_execute = true;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.start();
  auto r = World::request(9, 0x1000);
  r.instruction = r.privileged = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  w.change_cb(3, SCTLR, 0, 1U << 9);  // WXN
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_fault(3, PF | Format_64, 0x1000, 3 | fsynr_bit::IND | fsynr_bit::PNU, 9);
  w.clear(3);
  w.change_cb(3, SCTLR, SCTLR_M, 0);  // 16.5.29: only of translated transactions
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
}

TEST(WritableExecuteNever, OfUnprivilegedWritesIsOfAarch32) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_long());
  Mapping m;
  m.privileged_execute = m.unprivileged_execute = true;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.bank_long(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  auto r = World::request(9, 0x1000);
  r.instruction = r.privileged = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  w.change_cb(3, SCTLR, 0, 1U << 10);  // UWXN
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_fault(3, PF | Format_long, 0x1000, 3 | fsynr_bit::IND | fsynr_bit::PNU, 9);
}

// 16.5.38: of a TLB miss only
TEST(DisabledWalks, AreFaultsOfMissesAndNotOfHits) {
  FormatsWorld w;
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(b.map(0x2000, 0x9000'0000, 0x1000));
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
  w.change_cb(3, TCR, 0, 1U << 7);  // EPD0
  EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
  w.access(9, 0x2000);
  w.expect_fault(3, TF | Format_64, 0x2000, 0, 9);
  w.clear(3);
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::abort);
}

// 16.5.40, 16.5.38: how tables are fetched
TEST(WalkAttributes, AreThoseOfTtbrAndTcr) {
  FormatsWorld w;
  auto& bs = w.builder(FormatsWorld::config_short());
  auto& b64 = w.builder(World::config64());
  ASSERT_TRUE(bs.map(0x1000, 0x8000'0000, 0x1000, normal()));
  ASSERT_TRUE(b64.map(0x1000, 0x8000'0000, 0x1000));
  w.bank_short(3, bs.config());
  w.bank64(4, b64.config());
  w.map_stream(0, 3, S2CR_translate | 3);
  w.map_stream(1, 4, S2CR_translate | 4);
  w.start();
  const auto fetch = [&](std::uint32_t sid) {
    Access a(w.smmu, World::request(sid, 0x1000));
    EXPECT_EQ(a.step(), smmu::Step::need);
    const pgtable::Attributes attributes = a.op().attributes;
    w.run(a);
    w.write_cb(sid, TLBIALL, 0);
    return attributes;
  };
  EXPECT_EQ(fetch(3), (pgtable::Attributes{0xff, pgtable::Shareability::inner}));
  w.write_cb(3, TTBR0, bs.config().stage1.tables[0].base | 0x4b, 8);  // NOS 0; RGN 1; S; IRGN 0b11
  EXPECT_EQ(fetch(3).SH, pgtable::Shareability::outer);
  w.write_cb(3, TTBR0, bs.config().stage1.tables[0].base | 0x50, 8);  // RGN 2, IRGN 0b01, not Shareable
  EXPECT_EQ(fetch(3).memory & 0xdd, 0x8d);
  EXPECT_EQ(fetch(3).SH, pgtable::Shareability::non_shareable);
  EXPECT_EQ(fetch(4), (pgtable::Attributes{0xff, pgtable::Shareability::inner}));
  w.change_cb(4, TCR, 0x3f00, 0U << 8 | 2U << 10 | 2U << 12);  // inner Non-cacheable, outer Write-Through
  EXPECT_EQ(fetch(4).memory & 0xdf, 0x84);
  EXPECT_EQ(fetch(4).SH, pgtable::Shareability::outer);
}

}  // namespace
}  // namespace smmuvp::smmuv2
