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

constexpr std::uint64_t size_16M = 0x100'0000, size_1M = 0x10'0000;

Mapping normal() {
  Mapping m;
  m.AttrIndx = 3;  // of config_short(): Write-Back Write-Allocate
  return m;
}

// ---- AArch32 Short-descriptor

TEST(ShortDescriptors, MapPagesLargePagesSectionsAndSupersectionsOf40Bits) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_short());
  Mapping m = normal();
  ASSERT_TRUE(b.map(0x1000, 0x8765'4000, 0x1000, m));
  ASSERT_TRUE(b.map(0x30'0000, 0x9230'0000, size_1M, m));
  m.contiguous = true;
  ASSERT_TRUE(b.map(0x5'0000, 0xa123'0000, 0x1'0000, m));
  ASSERT_TRUE(b.map(0x4000'0000, 0x8a'1200'0000, size_16M, m));
  w.bank_short(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1abc, AccessKind::write), 0x8765'4abcU);
  EXPECT_EQ(w.output_of(9, 0x3f'fffc), 0x923f'fffcU);
  EXPECT_EQ(w.output_of(9, 0x5'f123), 0xa123'f123U);
  EXPECT_EQ(w.output_of(9, 0x40ab'cdef), 0x8a'12ab'cdefU);
}

// 16.5.40: TTBR0's table shrinks with T0SZ; TTBR1's has 16 KiB
TEST(ShortDescriptors, T0szSplitsTheAddressesBetweenTheTables) {
  for (const int N : {1, 2, 3, 7}) {
    SCOPED_TRACE(N);
    FormatsWorld w;
    auto& b = w.builder(FormatsWorld::config_short(static_cast<std::uint8_t>(N)));
    const std::uint64_t split = std::uint64_t{1} << (32 - N);
    ASSERT_TRUE(b.map(split - 0x1000, 0x8000'0000, 0x1000, normal()));
    ASSERT_TRUE(b.map(split, 0x9000'0000, 0x1000, normal()));
    ASSERT_TRUE(b.map(0xffff'f000, 0xa000'0000, 0x1000, normal()));
    w.bank_short(3, b.config());
    w.map_stream(0, 9, S2CR_translate | 3);
    w.start();
    EXPECT_EQ(w.output_of(9, split - 4), 0x8000'0ffcU);
    EXPECT_EQ(w.output_of(9, split), 0x9000'0000U);
    EXPECT_EQ(w.output_of(9, 0xffff'f010), 0xa000'0010U);
    // 16.5.38: the table of each half alone can be disabled
    w.change_cb(3, TCR, 0, 1U << 5);
    w.write_cb(3, TLBIALL, 0);
    EXPECT_EQ(w.output_of(9, split - 4), 0x8000'0ffcU);
    EXPECT_EQ(w.access(9, split).outcome, Outcome::abort);
    w.expect_fault(3, TF | Format_short, split, 1, 9);
    w.clear(3);
    w.change_cb(3, TCR, 1U << 5, 1U << 4);
    w.write_cb(3, TLBIALL, 0);
    EXPECT_EQ(w.output_of(9, split), 0x9000'0000U);
    EXPECT_EQ(w.access(9, split - 4).outcome, Outcome::abort);
    w.expect_fault(3, TF | Format_short, split - 4, 1, 9);
  }
}

TEST(ShortDescriptors, HaveNoDomains) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_short());
  for (std::uint8_t domain = 0; domain < 16; ++domain) {
    Mapping m = normal();
    m.domain = domain;
    ASSERT_TRUE(
        b.map(std::uint64_t{domain} * size_1M, 0x8000'0000 + std::uint64_t{domain} * size_1M, size_1M, m));
  }
  w.bank_short(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  for (std::uint64_t domain = 0; domain < 16; ++domain) {
    EXPECT_EQ(w.output_of(9, domain * size_1M), 0x8000'0000U + domain * size_1M) << domain;
  }
}

TEST(ShortDescriptors, GiveTheLevelOfTheFault) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_short());
  ASSERT_TRUE(b.map(0x1000, 0x8765'4000, 0x1000, normal()));
  Mapping read_only = normal();
  read_only.writable = false;
  ASSERT_TRUE(b.map(0x30'0000, 0x9230'0000, size_1M, read_only));
  w.bank_short(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  w.access(9, 0x20'0010);
  w.expect_fault(3, TF | Format_short, 0x20'0010, 1, 9);
  w.clear(3);
  w.access(9, 0x2010);
  w.expect_fault(3, TF | Format_short, 0x2010, 2, 9);
  w.clear(3);
  w.access(9, 0x30'0010, AccessKind::write);
  w.expect_fault(3, PF | Format_short, 0x30'0010, 1 | fsynr_bit::WNR, 9);
}

// 16.5.29, AFE and AFFD
TEST(ShortDescriptors, HaveAnAccessFlagWithAfe) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_short());
  Mapping m = normal();
  m.accessed = false;
  ASSERT_TRUE(b.map(0x1000, 0x8765'4000, 0x1000, m));
  w.bank_short(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  w.access(9, 0x1010);
  w.expect_fault(3, AFF | Format_short, 0x1010, 2, 9);
  w.clear(3);
  w.change_cb(3, SCTLR, 0, 1U << 3);  // AFFD
  EXPECT_EQ(w.output_of(9, 0x1010), 0x8765'4010U);
}

// Without AFE, AP[2:0] is a permission: 0b010 is privileged write, unprivileged read. AFFD does not count.
TEST(ShortDescriptors, HaveThreeBitsOfPermissionsWithoutAfe) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_short(0, true, false));
  ASSERT_TRUE(b.map(0x1000, 0x8765'4000, 0x1000, normal()));
  const auto at = b.descriptor_address(0x1000, 2);
  ASSERT_TRUE(at);
  w.bank_short(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  struct Case {
    unsigned AP;
    bool read, write, privileged_read, privileged_write;
  };
  for (const Case c : {Case{0, false, false, false, false}, Case{1, false, false, true, true},
                       Case{2, true, false, true, true}, Case{3, true, true, true, true},
                       Case{5, false, false, true, false}, Case{7, true, false, true, false}}) {
    SCOPED_TRACE(c.AP);
    const std::uint64_t page = w.memory.read(*at, 4) & ~0x230ULL;
    w.memory.write(*at, page | (c.AP & 3U) << 4 | (c.AP >> 2) << 9, 4);
    for (unsigned i = 0; i < 4; ++i) {
      const bool expected[] = {c.read, c.write, c.privileged_read, c.privileged_write};
      w.clear(3);
      w.write_cb(3, TLBIALL, 0);
      auto r = World::request(9, 0x1000, i % 2 == 0 ? AccessKind::read : AccessKind::write);
      r.privileged = i >= 2;
      EXPECT_EQ(w.access(r).outcome == Outcome::forward, expected[i]) << i;
    }
  }
}

// 16.5.27, 16.5.13: cacheability and type by {TEX[0], C, B}, at each level of cache
TEST(ShortDescriptors, HaveAttributesByPrrrAndNmrrWithTexRemap) {
  struct Case {
    std::uint8_t n, outer_inner_type;
    bool device;
  };
  FormatsWorld w;
  auto config = FormatsWorld::config_short();
  config.stage1.v7s.NMRR = 0x0e40'ce40U;  // OR7 is Non-cacheable, IR7 is not
  auto& b = w.builder(config);
  w.map_stream(0, 9, S2CR_translate | 3);
  for (std::uint8_t n = 0; n < 8; ++n) {
    Mapping m;
    m.AttrIndx = n;
    ASSERT_TRUE(b.map(0x1000U * n, 0x8000'0000 + 0x1000U * n, 0x1000, m));
  }
  w.bank_short(3, b.config());
  w.start();
  const auto memory = [&](std::uint8_t n) { return w.access(9, 0x1000U * n).attributes.memory; };
  EXPECT_EQ(memory(0), 0x00);  // TR0: Strongly-ordered
  EXPECT_EQ(memory(1), 0x04);  // TR1: Device
  EXPECT_EQ(memory(2), 0x44);
  EXPECT_EQ(memory(3) & 0xdd, 0xdd) << "Write-Back, Write-Allocate";
  EXPECT_EQ(memory(4) & 0xdd, 0x88) << "Write-Through, no Write-Allocate";
  EXPECT_EQ(memory(5) & 0xdd, 0xcc) << "Write-Back, no Write-Allocate";
  EXPECT_EQ(memory(7) & 0xfd, 0x4c) << "outer Non-cacheable";
  EXPECT_EQ(w.access(9, 0x3000).attributes.SH, pgtable::Shareability::inner);
  // NOS3 0: not Inner, but Outer Shareable; NS1 0: S says nothing
  w.write_cb(3, PRRR, w.read_cb(3, PRRR) & ~(1ULL << 27));
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.access(9, 0x3000).attributes.SH, pgtable::Shareability::outer);
  w.write_cb(3, PRRR, w.read_cb(3, PRRR) & ~(1ULL << 19));
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.access(9, 0x3000).attributes.SH, pgtable::Shareability::non_shareable);
}

// DDI 0406 B3.8.2: TEX, C, B without remap
TEST(ShortDescriptors, HaveAttributesByTexCAndBWithoutTexRemap) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_short(0, false));
  w.map_stream(0, 9, S2CR_translate | 3);
  for (const unsigned code : {0U, 1U, 2U, 3U, 4U, 7U, 8U, 0x15U, 0x1aU}) {
    Mapping m;
    m.AttrIndx = static_cast<std::uint8_t>(code);
    ASSERT_TRUE(b.map(0x1000U * code, 0x8000'0000, 0x1000, m));
  }
  w.bank_short(3, b.config());
  w.start();
  const auto memory = [&](unsigned code) { return w.access(9, 0x1000U * code).attributes.memory; };
  EXPECT_EQ(memory(0), 0x00);
  EXPECT_EQ(memory(1), 0x04);
  EXPECT_EQ(memory(2) & 0xdd, 0x88) << "Write-Through, no Write-Allocate";
  EXPECT_EQ(memory(3) & 0xdd, 0xcc) << "Write-Back, no Write-Allocate";
  EXPECT_EQ(memory(4), 0x44);
  EXPECT_EQ(memory(7) & 0xdd, 0xdd) << "Write-Back, Write-Allocate";
  EXPECT_EQ(memory(8), 0x04) << "Device, Non-shareable";
  // TEX 0b1BB, AA: outer 0b01 Write-Back Write-Allocate; inner 0b01 and, next, outer 0b10, inner 0b10
  EXPECT_EQ(memory(0x15) & 0xdd, 0xdd);
  EXPECT_EQ(memory(0x1a) & 0xdd, 0x88);
}

// 1.5.2
TEST(ShortDescriptors, TakeTheTransientHintFromTheTransaction) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_short());
  ASSERT_TRUE(b.map(0x1000, 0x8765'4000, 0x1000, normal()));
  w.bank_short(3, b.config());
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  auto r = World::request(9, 0x1000);
  EXPECT_EQ(w.access(r).attributes.memory & 0x88, 0x88);
  r.attributes.memory = 0x77;  // Write-Back transient
  EXPECT_EQ(w.access(r).attributes.memory & 0x88, 0x00);
  // S2CR.TRANSIENTCFG 0b10 and 0b11 override it
  w.write(S2CR0, S2CR_translate | 3 | 2U << 28);
  EXPECT_EQ(w.access(r).attributes.memory & 0x88, 0x88);
  w.write(S2CR0, S2CR_translate | 3 | 3U << 28);
  EXPECT_EQ(w.access(9, 0x1000).attributes.memory & 0x88, 0x00);
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
