// Configuration lookup, translation, faults and their event records.
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using Record = std::array<std::uint64_t, 4>;

std::uint64_t type(const Record& r) { return bits(r, 7, 0); }

/// All bits of a record outside the given fields are zero.
void expect_res0(const Record& r, std::initializer_list<std::pair<unsigned, unsigned>> fields) {
  Record left = r;
  for (auto [high, low] : fields) {
    for (unsigned b = low; b <= high; ++b) left[b / 64] &= ~(1ULL << (b % 64));
  }
  EXPECT_EQ(left, Record{}) << "RES0 bits of event " << std::hex << type(r);
}

class Translation : public ::testing::Test {
 protected:
  Translation() { w.start(); }
  Record event() {
    const auto e = w.pop_event();
    EXPECT_TRUE(e.has_value());
    return e.value_or(Record{});
  }
  bool no_event() { return !w.pop_event().has_value(); }
  World w;
};

// ---- Stream table

TEST_F(Translation, AStreamIDOutOfRangeAbortsAndIsRecordedWithRecinvsid) {
  EXPECT_EQ(w.access(256, 0x1234).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x02U);
  EXPECT_EQ(bits(r, 63, 32), 256U);
  expect_res0(r, {{7, 0}, {63, 32}});
  EXPECT_EQ(w.access(0xffff'ffff, 0).outcome, Outcome::abort);
  EXPECT_EQ(bits(event(), 63, 32), 0xffff'ffffU);
}

TEST_F(Translation, AStreamIDOutOfRangeIsNotRecordedWithoutRecinvsid) {
  w.write(0x20, 0);
  w.write(0x2c, 0);
  w.write(0x20, CR0_implemented);
  EXPECT_EQ(w.access(256, 0x1234).outcome, Outcome::abort);
  EXPECT_TRUE(no_event());
}

TEST_F(Translation, AStreamIDBeyondSidsizeIsToldWhetherItIsRecordedOrNot) {
  for (const std::uint32_t CR2 : {std::uint32_t{CR2_RECINVSID}, std::uint32_t{0}}) {
    World v;
    v.start();
    v.write(0x20, 0);
    v.write(0x2c, CR2);
    v.write(0x20, CR0_implemented);
    EXPECT_EQ(v.access(256, 0x1234).outcome, Outcome::abort);
    EXPECT_TRUE(v.diag.all.empty()) << "software may give it a table that is larger";
    EXPECT_EQ(v.access(0x10000, 0x1234).outcome, Outcome::abort);
    ASSERT_EQ(v.diag.all.size(), 1U);
    EXPECT_EQ(v.diag.all[0].site, "StreamID.SIDSIZE");
    EXPECT_EQ(v.diag.all[0].stream_id, 0x10000U);
  }
}

TEST_F(Translation, TheStreamTableIsNotLargerThanSidsize) {
  Features f;
  f.SIDSIZE = 6;
  f.ST_LEVEL = 0;
  World v(f);
  v.start(10);
  v.put_ste(63, ste_bypass());
  v.put_ste(64, ste_bypass());
  EXPECT_EQ(v.access(63, 0).outcome, Outcome::forward);
  EXPECT_EQ(v.access(64, 0).outcome, Outcome::abort);
}

TEST_F(Translation, TheTableBaseIsAlignedToItsSize) {
  w.write(0x20, 0);
  w.write(0x80, World::strtab + 0x1040, 8);
  w.write(0x20, CR0_implemented);
  w.put_ste(1, ste_bypass());
  EXPECT_EQ(w.access(1, 0).outcome, Outcome::forward);
}

TEST_F(Translation, AnSteFetchAbortIsRecordedWithItsAddressAndCachesNothing) {
  w.memory.make_abort(World::strtab);
  EXPECT_EQ(w.access(5, 0x1234).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x03U);
  EXPECT_EQ(bits(r, 63, 32), 5U);
  EXPECT_EQ(bits(r, 247, 195) << 3, World::strtab + 5 * 64);
  expect_res0(r, {{7, 0}, {63, 32}, {247, 195}});
  w.memory.make_ok(World::strtab);
  w.put_ste(5, ste_bypass());
  EXPECT_EQ(w.access(5, 0x1234).outcome, Outcome::forward);
}

TEST_F(Translation, AnSteIsFetchedInOneOperationOf64Bytes) {
  w.put_ste(5, ste_bypass());
  Access a(w.smmu, World::request(5, 0));
  ASSERT_EQ(a.step(), smmu::Step::need);
  EXPECT_EQ(a.op().size, 64);
  EXPECT_EQ(a.op().address, World::strtab + 5 * 64);
  EXPECT_EQ(a.op().attributes.memory, 0xccU) << "CR1.TABLE_*: Write-Back; STRTAB_BASE.RA: no Read-Allocate";
  EXPECT_EQ(a.op().attributes.SH, smmu::Shareability::inner);
}

class TwoLevel : public Translation {
 protected:
  static constexpr std::uint64_t level2 = 0x6000'0000;
  TwoLevel() {
    w.write(0x20, 0);
    w.write(0x88, 12 | 8 << 6 | 1 << 16);
    w.write(0x20, CR0_implemented);
  }
  void level1(unsigned index, std::uint64_t l1std) { w.memory.write(World::strtab + 8 * index, l1std); }
};

TEST_F(TwoLevel, FindsAnSteThroughItsL1std) {
  level1(3, level2 | 9);
  w.put(level2 + 64 * 0x21, ste_bypass());
  EXPECT_EQ(w.access(0x321, 0x1000).outcome, Outcome::forward);
}

TEST_F(TwoLevel, TheLevel2TableIsAlignedToItsSize) {
  level1(3, (level2 + 0x1040) | 9);  // 16 KiB
  w.put(level2 + 64 * 0x21, ste_bypass());
  EXPECT_EQ(w.access(0x321, 0x1000).outcome, Outcome::forward);
}

TEST_F(TwoLevel, AReservedSplitBehavesAs6Bits) {
  for (const std::uint32_t SPLIT : {0U, 5U, 7U, 9U, 11U, 31U}) {
    World v;
    v.start();
    v.write(0x20, 0);
    v.write(0x88, 12 | SPLIT << 6 | 1 << 16);
    v.write(0x20, CR0_implemented);
    v.memory.write(World::strtab + 8 * 0xc, level2 | 7);  // of StreamIDs 0x300 to 0x33f
    v.put(level2 + 64 * 0x21, ste_bypass());
    EXPECT_EQ(v.access(0x321, 0x1000).outcome, Outcome::forward) << SPLIT;
  }
}

TEST_F(TwoLevel, AnInvalidSpanIsABadStreamID) {
  for (std::uint64_t span : {0U, 10U, 12U, 31U}) {  // invalid; beyond SPLIT + 1; reserved
    level1(3, level2 | span);
    EXPECT_EQ(w.access(0x321, 0x1000).outcome, Outcome::abort);
    EXPECT_EQ(type(event()), 0x02U) << span;
  }
  level1(3, level2 | 5);  // 16 STEs
  EXPECT_EQ(w.access(0x310, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(type(event()), 0x02U);
}

TEST_F(TwoLevel, AnL1stdFetchAbortIsFSteFetch) {
  w.memory.make_abort(World::strtab);
  EXPECT_EQ(w.access(0x321, 0x1000).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x03U);
  EXPECT_EQ(bits(r, 247, 195) << 3, World::strtab + 24);
}

TEST_F(TwoLevel, AnL2ptrBeyondOasIsFSteFetch) {
  level1(3, 0x0080'0000'0000'0000 | 9);
  EXPECT_EQ(w.access(0x321, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(type(event()), 0x03U);
}

// ---- STE

TEST_F(Translation, AnInvalidSteIsRecordedWithTheSubstreamID) {
  auto q = World::request(5, 0x1234);
  q.substream_valid = true;
  q.substream_id = 0xabcde;
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x04U);
  EXPECT_EQ(bits(r, 11, 11), 1U);
  EXPECT_EQ(bits(r, 31, 12), 0xabcdeU);
  expect_res0(r, {{7, 0}, {31, 11}, {63, 32}});
  EXPECT_TRUE(w.diag.all.empty()) << "V == 0 is no mistake of the driver's";
}

struct BadSte {
  const char* name;
  Structure ste;
};
class IllegalSte : public ::testing::TestWithParam<BadSte> {};
TEST_P(IllegalSte, IsCBadSte) {
  World w;
  w.start();
  w.stream(1);
  w.put_ste(1, GetParam().ste);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort);
  const auto e = w.pop_event();
  ASSERT_TRUE(e);
  EXPECT_EQ(type(*e), 0x04U);
  EXPECT_EQ(w.diag.all.size(), 1U);
}
INSTANTIATE_TEST_SUITE_P(Fields, IllegalSte,
                         ::testing::Values(BadSte{"Config_0b110", ste_bypass().set(1, 3, 6)},
                                           BadSte{"Config_0b111", ste_stage1(World::cds).set(1, 3, 7)},
                                           BadSte{"S1STALLD", ste_stage1(World::cds).set(91, 1, 1)},
                                           BadSte{"S1ContextPtr", ste_stage1(World::cds).set(44, 1, 1)}),
                         [](const auto& i) { return std::string(i.param.name); });

TEST_F(Translation, SteFieldsOfFeaturesThatAreNotBuiltAreIgnored) {
  // EATS, STRW, S1Fmt, S1CDMax, S1DSS, CONT, MEV, S2VMID
  w.stream(1).map(0x1000, 0x8000'0000, 0x1000);
  Structure s = ste_stage1(World::cd_address(1));
  s.set(92, 2, 2).set(94, 2, 3).set(4, 2, 2).set(59, 5, 31).set(64, 2, 2).set(77, 4, 3).set(83, 1, 1);
  w.put_ste(1, s.set(128, 16, 0xffff));
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
}

TEST_F(Translation, Config0AbortsWithoutAnEvent) {
  for (unsigned config = 0; config < 4; ++config) {
    w.put_ste(config, ste_abort().set(1, 3, config));
    EXPECT_EQ(w.access(config, 0x1000).outcome, Outcome::abort);
    EXPECT_TRUE(no_event()) << "Config " << config;
  }
}

TEST_F(Translation, AnEntryOfAnotherStreamIsUsedWithTheAllocationHintsOfTheOwnSte) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(b.map(0x2000, 0x8000'1000, 0x1000));
  w.put_ste(2, ste_stage1(World::cd_address(1)).set(101, 4, 0b1100));  // ALLOCCFG: Read-Allocate alone
  EXPECT_EQ(w.access(1, 0x1000).attributes.memory, 0xffU);
  EXPECT_EQ(w.access(2, 0x2000).attributes.memory, 0xeeU) << "of a walk";
  const auto a = w.access(2, 0x1000);
  EXPECT_TRUE(a.tlb_hit);
  EXPECT_EQ(a.attributes.memory, 0xeeU);
}

TEST_F(Translation, BypassKeepsTheAddress) {
  w.put_ste(1, ste_bypass());
  const auto a = w.access(1, 0x123'4567'8abc);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x123'4567'8abcU);
}

TEST_F(Translation, BypassOfAnAddressBeyondOasIsAnAddressSizeFault) {
  w.put_ste(1, ste_bypass());
  EXPECT_EQ(w.access(1, 1ULL << 44).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x11U);
  EXPECT_EQ(bits(r, 103, 103), 0U);
  EXPECT_EQ(bits(r, 105, 104), 2U) << "CLASS IN";
  EXPECT_EQ(bits(r, 191, 128), 1ULL << 44);
}

TEST_F(Translation, SteOverridesReplaceAttributesOfABypass) {
  w.put_ste(1, ste_bypass().set(96, 4, 1).set(100, 1, 1).set(112, 2, 3).set(114, 2, 3));
  const auto a = w.access(1, 0x1000);
  EXPECT_EQ(a.attributes.memory, 0x04U) << "Device-nGnRE";
  EXPECT_EQ(a.attributes.SH, smmu::Shareability::outer);
  EXPECT_TRUE(a.privileged);
  EXPECT_TRUE(a.instruction);
  EXPECT_FALSE(w.access(1, 0x1000, AccessKind::write).instruction) << "writes are Data";
}

TEST_F(Translation, AnOverriddenTypeKeepsTheHintsOfEachLevelThatHasThem) {
  w.put_ste(1, ste_bypass().set(96, 4, 0xf).set(100, 1, 1));  // MTCFG, MemAttr: Write-Back at both levels
  struct Case {
    std::uint8_t incoming, expected;
  };
  // IHI 0070 13.1.3: a level that supplies no hints has Read- and Write-Allocate.
  for (const Case c : {Case{0x4f, 0xff}, Case{0x4c, 0xfc}, Case{0xc4, 0xcf}, Case{0xed, 0xed},
                       Case{0x44, 0xff}, Case{0x04, 0xff}, Case{0xbb, 0xff}}) {
    auto q = World::request(1, 0x1000);
    q.attributes.memory = c.incoming;
    EXPECT_EQ(w.access(q).attributes.memory, c.expected) << std::hex << int{c.incoming};
  }
}

TEST_F(Translation, ShcfgSelectsTheShareability) {
  for (unsigned shcfg = 0; shcfg < 4; ++shcfg) {
    w.put_ste(shcfg, ste_bypass().set(108, 2, shcfg));
    const auto expected = shcfg == 1 ? 0U : shcfg;
    EXPECT_EQ(static_cast<unsigned>(w.access(shcfg, 0).attributes.SH), expected);
  }
}

// ---- SubstreamIDs

TEST_F(Translation, ASubstreamIDIsRefusedWithSsidsize0) {
  w.stream(1).map(0x1000, 0x8000'0000, 0x1000);
  w.put_ste(2, ste_bypass());
  for (std::uint32_t s : {1U, 2U}) {
    auto q = World::request(s, 0x1000);
    q.substream_valid = true;
    q.substream_id = 7;
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    const Record r = event();
    EXPECT_EQ(type(r), 0x08U);
    EXPECT_EQ(bits(r, 31, 12), 7U);
    EXPECT_EQ(bits(r, 63, 32), s);
    expect_res0(r, {{7, 0}, {31, 12}, {63, 32}});
  }
}

TEST_F(Translation, ASubstreamIDOnAnAbortingStreamGivesNoEvent) {
  w.put_ste(1, ste_abort());
  auto q = World::request(1, 0x1000);
  q.substream_valid = true;
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  EXPECT_TRUE(no_event());
}

// ---- CD

TEST_F(Translation, ACdFetchAbortIsRecordedWithItsAddress) {
  w.stream(1);
  w.memory.make_abort(World::cds);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x09U);
  EXPECT_EQ(bits(r, 247, 195) << 3, World::cd_address(1));
  expect_res0(r, {{7, 0}, {63, 32}, {247, 195}});
  w.memory.make_ok(World::cds);
  w.access(1, 0x1000);
  EXPECT_EQ(type(event()), 0x10U);
}

TEST_F(Translation, ACdIsFetchedInOneOperationOf64Bytes) {
  w.stream(1);
  Access a(w.smmu, World::request(1, 0));
  ASSERT_EQ(a.step(), smmu::Step::need);
  a.complete(w.memory.carry_out(a.op()));
  ASSERT_EQ(a.step(), smmu::Step::need);
  EXPECT_STREQ(a.op().purpose, "CD");
  EXPECT_EQ(a.op().size, 64);
}

struct CdCase {
  const char* name;
  unsigned low, width;
  std::uint64_t value;
};
class IllegalCd : public ::testing::TestWithParam<CdCase> {};
TEST_P(IllegalCd, IsCBadCdForBothRanges) {
  for (std::uint64_t va : {0x1000ULL, 0xffff'ffff'ffff'f000ULL}) {
    World w;
    w.start();
    pgtable::Builder& b = w.stream(1);
    const CdCase& c = GetParam();
    w.put(World::cd_address(1), cd_for(b.config(), 1).set(c.low, c.width, c.value));
    EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
    const auto e = w.pop_event();
    ASSERT_TRUE(e);
    EXPECT_EQ(type(*e), 0x0aU);
    expect_res0(*e, {{7, 0}, {63, 32}});
    EXPECT_EQ(w.diag.all.size(), c.low == 31 ? 0U : 1U);
  }
}
INSTANTIATE_TEST_SUITE_P(Fields, IllegalCd,
                         ::testing::Values(CdCase{"V", 31, 1, 0}, CdCase{"T0SZ_15", 0, 6, 15},
                                           CdCase{"T0SZ_40", 0, 6, 40}, CdCase{"T1SZ_15", 16, 6, 15},
                                           CdCase{"T1SZ_40", 16, 6, 40}, CdCase{"TG0_64K", 6, 2, 1},
                                           CdCase{"TG0_16K", 6, 2, 2}, CdCase{"TG0_reserved", 6, 2, 3},
                                           CdCase{"TG1_reserved", 22, 2, 0}, CdCase{"TG1_16K", 22, 2, 1},
                                           CdCase{"TG1_64K", 22, 2, 3}, CdCase{"AA64", 41, 1, 0},
                                           CdCase{"HD", 42, 1, 1}, CdCase{"HA", 43, 1, 1},
                                           CdCase{"S", 44, 1, 1}, CdCase{"TTB0_beyond_IPS", 64 + 44, 1, 1},
                                           CdCase{"TTB1_beyond_IPS", 128 + 50, 1, 1}),
                         [](const auto& i) { return std::string(i.param.name); });

TEST(Cd, IsIllegalAsTheFeaturesSay) {
  struct Case {
    void (*feature)(Features&);
    unsigned bit;
    bool value;
  };
  const Case cases[] = {
      {[](Features& f) { f.TERM_MODEL = true; }, 46, false},  // A == 0
      {[](Features& f) { f.TTENDIAN = 2; }, 15, true},        // ENDI == 1
      {[](Features& f) { f.TTENDIAN = 3; }, 15, false},       // ENDI == 0
      {[](Features& f) { f.ASID16 = false; }, 63, true},      // ASID[15:8]
  };
  for (const Case& c : cases) {
    Features f;
    c.feature(f);
    World w;
    const Structure cd = cd_for(w.space().config(), 1).set(c.bit, 1, c.value);
    EXPECT_TRUE(Cd::decode(cd.words, Features{}).valid);
    EXPECT_FALSE(Cd::decode(cd.words, f).valid) << c.bit;
  }
}

TEST(Cd, FieldsThatEpdDisablesAreIgnored) {
  World w;
  Structure cd = cd_for(w.space().config(), 1);
  cd.set(30, 1, 1).set(16, 6, 0).set(22, 2, 0).set(132, 52, ~0ULL);
  const Cd d = Cd::decode(cd.words, Features{});
  EXPECT_TRUE(d.valid) << d.why;
  cd.set(14, 1, 1).set(0, 6, 63).set(6, 2, 3).set(68, 52, ~0ULL).set(15, 1, 1);
  Features little;
  little.TTENDIAN = 2;
  EXPECT_TRUE(Cd::decode(cd.words, little).valid) << "ENDI is IGNORED with both EPDs";
}

TEST(Cd, AVmsav832RangeThatEpdDisablesDividesNothing) {
  for (const unsigned disabled : {0U, 1U, 2U}) {  // none, EPD0, EPD1
    World w;
    Structure cd = cd_for(w.space().config(), 1).set(41, 1, 0);
    cd.set(0, 6, disabled == 1 ? 3 : 0).set(16, 6, disabled == 1 ? 0 : 3);
    if (disabled != 0) cd.set(14 + 16 * (disabled - 1), 1, 1);
    Features f;
    f.TTF = 3;
    const Cd d = Cd::decode(cd.words, f);
    ASSERT_TRUE(d.valid) << d.why;
    EXPECT_EQ(d.translation.split, disabled == 0 ? 0xe000'0000U : 0U) << disabled;
  }
}

TEST(Cd, IpsIsCappedAtOas) {
  World w;
  const Structure cd = cd_for(w.space().config(), 1);
  constexpr std::uint8_t expected[8] = {32, 36, 40, 42, 44, 44, 44, 44};
  for (unsigned ips = 0; ips < 8; ++ips) {
    Structure c = cd;
    EXPECT_EQ(Cd::decode(c.set(32, 3, ips).words, Features{}).config.stage1.output_size, expected[ips]);
  }
}

TEST(Cd, ATtbIsCheckedAgainstTheEffectiveIps) {
  World w;
  Structure cd = cd_for(w.space().config(), 1, 0).set(64 + 31, 1, 1);  // IPS 32 bits
  EXPECT_TRUE(Cd::decode(cd.words, Features{}).valid);
  EXPECT_FALSE(Cd::decode(cd.set(64 + 32, 1, 1).words, Features{}).valid);
}

TEST(Cd, HadIsIgnoredWithoutIdr3Had) {
  World w;
  Structure cd = cd_for(w.space().config(), 1).set(65, 1, 1).set(129, 1, 1);
  Features f;
  EXPECT_TRUE(Cd::decode(cd.words, f).config.stage1.tables[0].HPD);
  f.HAD = false;
  EXPECT_FALSE(Cd::decode(cd.words, f).config.stage1.tables[1].HPD);
}

// ---- translation

TEST_F(Translation, BothRangesTranslateBothSizes) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'3000, 0x1000));
  ASSERT_TRUE(b.map(0x4000'0000, 0xc000'0000, 0x4000'0000));
  ASSERT_TRUE(b.map(0xffff'ffff'ffe0'0000, 0x9020'0000, 0x20'0000));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(w.access(1, 0x1234).output, 0x8000'3234U);
    EXPECT_EQ(w.access(1, 0x4567'89ab).output, 0xc567'89abU);
    EXPECT_EQ(w.access(1, 0xffff'ffff'fff1'2345).output, 0x9031'2345U);
  }
  EXPECT_EQ(w.smmu.engine_statistics().walks, 3U);
}

TEST_F(Translation, AHitAtAnotherOffsetGoesToItsOwnAddress) {
  ASSERT_TRUE(w.stream(1).map(0x20'0000, 0x8020'0000, 0x20'0000));
  w.access(1, 0x20'0008);
  for (std::uint64_t offset : {0ULL, 0x7ULL, 0x1000ULL, 0x1f'ffffULL}) {
    const auto a = w.access(1, 0x20'0000 + offset);
    EXPECT_EQ(a.output, 0x8020'0000 + offset);
    EXPECT_TRUE(a.tlb_hit);
  }
}

TEST_F(Translation, TheRangeIsChosenByBit55AndCheckedByTxsz) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0, 0x8000'0000, 0x1000));
  for (std::uint64_t va : {1ULL << 39, 1ULL << 55, 1ULL << 63, 0xffff'ff7f'ffff'f000ULL}) {
    EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
    EXPECT_EQ(type(event()), 0x10U) << std::hex << va;
  }
}

TEST_F(Translation, TbiIgnoresTheTopByteButReportsIt) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(38, 1, 1));
  EXPECT_EQ(w.access(1, 0xa500'0000'0000'1010).output, 0x8000'0010U);
  EXPECT_TRUE(w.access(1, 0x1010).tlb_hit) << "tags share an entry";
  EXPECT_EQ(w.access(1, 0xa500'0000'0000'2010).outcome, Outcome::abort);
  EXPECT_EQ(bits(event(), 191, 128), 0xa500'0000'0000'2010U);
}

TEST_F(Translation, EpdFaultsOnAMiss) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(14, 1, 1));
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(type(event()), 0x10U);
}

TEST_F(Translation, BigEndianTablesAreRead) {
  pgtable::Builder& b = w.space(true);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.put(World::cd_address(1), cd_for(b.config(), 1));
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  EXPECT_EQ(w.access(1, 0x1008).output, 0x8000'0008U);
}

TEST_F(Translation, AttributesOfTheTableReplaceIncomingOnes) {
  pgtable::Builder& b = w.stream(1);
  pgtable::Mapping m;
  m.AttrIndx = 1;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(192, 64, 0x44ff));
  w.put_ste(1, ste_stage1(World::cd_address(1)).set(96, 4, 0).set(100, 1, 1).set(108, 2, 3));
  const auto a = w.access(1, 0x1000);
  EXPECT_EQ(a.attributes.memory, 0x44U);
  EXPECT_EQ(a.attributes.SH, smmu::Shareability::outer);
}

struct FaultCase {
  const char* name;
  std::uint64_t type;
  std::uint64_t set, clear;  // bits of the leaf descriptor
  AccessKind kind;
  bool privileged, instruction;
  std::uint64_t RnW, InD;
};
class TranslationFault : public ::testing::TestWithParam<FaultCase> {};

TEST_P(TranslationFault, IsRecordedWithEveryFieldAtItsBits) {
  const FaultCase& c = GetParam();
  World w;
  w.start();
  pgtable::Builder& b = w.stream(0x5a);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  const auto at = b.descriptor_address(0x1000, 3);
  ASSERT_TRUE(at);
  w.memory.write(*at, (w.memory.read(*at, 8) | c.set) & ~c.clear);
  auto q = World::request(0x5a, 0x1678, c.kind);
  q.privileged = c.privileged;
  q.instruction = c.instruction;
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  const auto e = w.pop_event();
  ASSERT_TRUE(e);
  const Record& r = *e;
  EXPECT_EQ(type(r), c.type);
  EXPECT_EQ(bits(r, 11, 11), 0U) << "SSV";
  EXPECT_EQ(bits(r, 63, 32), 0x5aU) << "StreamID";
  EXPECT_EQ(bits(r, 97, 97), c.privileged ? 1U : 0U) << "PnU";
  EXPECT_EQ(bits(r, 98, 98), c.InD) << "InD";
  EXPECT_EQ(bits(r, 99, 99), c.RnW) << "RnW";
  EXPECT_EQ(bits(r, 103, 103), 0U) << "S2";
  EXPECT_EQ(bits(r, 105, 104), 2U) << "CLASS IN";
  EXPECT_EQ(bits(r, 191, 128), 0x1678U) << "InputAddr";
  expect_res0(r, {{7, 0}, {63, 32}, {99, 97}, {105, 104}, {191, 128}});
}

constexpr std::uint64_t valid = 1, AF = 1 << 10, AP1 = 1 << 6, AP2 = 1 << 7, UXN = 1ULL << 54,
                        PXN = 1ULL << 53;
INSTANTIATE_TEST_SUITE_P(
    Kinds, TranslationFault,
    ::testing::Values(
        FaultCase{"F_TRANSLATION_read", 0x10, 0, valid, AccessKind::read, false, false, 1, 0},
        FaultCase{"F_TRANSLATION_write", 0x10, 0, valid, AccessKind::write, true, true, 0, 0},
        FaultCase{"F_TRANSLATION_fetch", 0x10, 0, valid, AccessKind::read, true, true, 1, 1},
        FaultCase{"F_TRANSLATION_atomic", 0x10, 0, valid, AccessKind::atomic, false, false, 0, 0},
        FaultCase{"F_ADDR_SIZE", 0x11, 1ULL << 44, 0, AccessKind::read, false, false, 1, 0},
        FaultCase{"F_ACCESS", 0x12, 0, AF, AccessKind::write, false, false, 0, 0},
        FaultCase{"F_PERMISSION_write_to_read_only", 0x13, AP2, 0, AccessKind::write, true, false, 0, 0},
        FaultCase{"F_PERMISSION_unprivileged", 0x13, 0, AP1, AccessKind::read, false, false, 1, 0},
        FaultCase{"F_PERMISSION_fetch", 0x13, UXN | PXN, 0, AccessKind::read, false, true, 1, 1},
        FaultCase{"F_PERMISSION_atomic_no_write", 0x13, AP2, 0, AccessKind::atomic, false, false, 0, 0}),
    [](const auto& i) { return std::string(i.param.name); });

TEST_F(Translation, AHitThatLacksTheRightIsWalkedAgainAndTheWalkersFaultIsReported) {
  pgtable::Builder& b = w.stream(1);
  pgtable::Mapping m;
  m.writable = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.access(1, 0x1000, AccessKind::write).outcome, Outcome::abort);
  EXPECT_EQ(type(event()), 0x13U);
  EXPECT_EQ(w.smmu.engine_statistics().walks, 2U);
  EXPECT_EQ(w.smmu.engine_statistics().tlb_rewalks, 1U);
  // The table has changed without an invalidation: what the walker finds holds.
  ASSERT_TRUE(b.unmap(0x1000, 0x1000));
  EXPECT_EQ(w.access(1, 0x1000, AccessKind::write).outcome, Outcome::abort);
  EXPECT_EQ(type(event()), 0x10U);
}

TEST_F(Translation, PrivilegeIsKnownAndOverridden) {
  pgtable::Builder& b = w.stream(1);
  pgtable::Mapping m;
  m.unprivileged = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  auto q = World::request(1, 0x1000);
  q.privileged = true;
  EXPECT_EQ(w.access(q).outcome, Outcome::forward);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort);
  w.put_ste(1, ste_stage1(World::cd_address(1)).set(112, 2, 3));  // PRIVCFG: Privileged
  w.command(0x03 | 1ULL << 32);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
}

TEST_F(Translation, EventsReportTheAttributesAfterTheOverrides) {
  w.stream(1);
  w.put_ste(1, ste_stage1(World::cd_address(1)).set(112, 2, 3).set(114, 2, 3));
  w.access(1, 0x1000);
  const Record r = event();
  EXPECT_EQ(bits(r, 97, 97), 1U);
  EXPECT_EQ(bits(r, 98, 98), 1U);
  w.access(1, 0x1000, AccessKind::write);
  EXPECT_EQ(bits(event(), 98, 98), 0U) << "writes are Data";
}

TEST_F(Translation, PanAndWxnAreChecked) {
  pgtable::Builder& b = w.stream(1);
  pgtable::Mapping m;
  m.unprivileged_execute = true;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(40, 1, 1).set(36, 1, 1));
  auto q = World::request(1, 0x1000);
  EXPECT_EQ(w.access(q).outcome, Outcome::forward);
  q.privileged = true;
  EXPECT_EQ(w.access(q).outcome, Outcome::abort) << "PAN";
  q.privileged = false;
  q.instruction = true;
  EXPECT_EQ(w.access(q).outcome, Outcome::abort) << "WXN";
}

TEST_F(Translation, AffdSparesTheAccessFlagFault) {
  pgtable::Builder& b = w.stream(1);
  pgtable::Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(35, 1, 1));
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
}

TEST_F(Translation, AWalkAbortIsRecordedWithClassTtAndTheDescriptorsAddress) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  const std::uint64_t at = b.descriptor_address(0x1000, 3).value();
  w.memory.make_abort(at);
  EXPECT_EQ(w.access(1, 0x1234, AccessKind::write).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x0bU);
  EXPECT_EQ(bits(r, 99, 99), 0U) << "RnW of the input transaction";
  EXPECT_EQ(bits(r, 103, 103), 0U);
  EXPECT_EQ(bits(r, 105, 104), 1U) << "CLASS TT";
  EXPECT_EQ(bits(r, 191, 128), 0x1234U);
  EXPECT_EQ(bits(r, 247, 195) << 3, at);
  expect_res0(r, {{7, 0}, {63, 32}, {99, 97}, {105, 104}, {191, 128}, {247, 195}});
}

TEST_F(Translation, AWalkAbortIsRecordedAndAbortsWhateverCdAAndRSay) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.memory.make_abort(b.descriptor_address(0x1000, 3).value());
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(45, 2, 0));
  EXPECT_EQ(w.access(1, 0x1234).outcome, Outcome::abort);
  EXPECT_EQ(type(event()), 0x0bU);
}

TEST_F(Translation, CdAAndRDecideHowAFaultEnds) {
  for (unsigned a = 0; a < 2; ++a) {
    for (unsigned r = 0; r < 2; ++r) {
      World v;
      v.start();
      pgtable::Builder& b = v.stream(1);
      v.put(World::cd_address(1), cd_for(b.config(), 1).set(46, 1, a).set(45, 1, r));
      EXPECT_EQ(v.access(1, 0x1000).outcome, a != 0 ? Outcome::abort : Outcome::razwi);
      EXPECT_EQ(v.pop_event().has_value(), r != 0);
    }
  }
}

TEST_F(Translation, AnUnsupportedTransactionIsFUutEvenWhileDisabled) {
  w.write(0x20, CR0_EVENTQEN);
  auto q = World::request(1, 0x1000, AccessKind::write);
  q.unsupported = smmu::Unsupported::malformed;
  q.privileged = true;
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  const Record r = event();
  EXPECT_EQ(type(r), 0x01U);
  EXPECT_EQ(bits(r, 79, 64), 1U);
  EXPECT_EQ(bits(r, 99, 97), 1U);
  expect_res0(r, {{7, 0}, {63, 32}, {79, 64}, {99, 97}, {191, 128}});
}

TEST_F(Translation, ADebugAccessLeavesNoTrace) {
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  const std::vector<std::uint8_t> before = [&] {
    ArchiveWriter a;
    w.smmu.visit(a);
    return a.data();
  }();
  for (std::uint64_t va : {0x1000ULL, 0x9000ULL}) {
    auto q = World::request(1, va, AccessKind::translate);
    q.debug = true;
    EXPECT_EQ(w.access(q).outcome, va == 0x1000 ? Outcome::forward : Outcome::abort);
  }
  ArchiveWriter a;
  w.smmu.visit(a);
  EXPECT_EQ(a.data(), before);
  EXPECT_TRUE(w.diag.all.empty());
}

}  // namespace
}  // namespace smmuvp::smmuv3
