// Walks by Short descriptors (IHI 0062 1.5.1, 2.7.2, 16.5.13, 16.5.27, 16.5.29, 16.5.40).
#include "formats_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
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

}  // namespace
}  // namespace smmuvp::smmuv2
