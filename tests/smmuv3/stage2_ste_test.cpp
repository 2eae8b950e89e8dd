// Validity of the stage 2 fields of an STE (IHI 0070 5.2, 5.2.2).
#include <functional>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

enum Kind : unsigned { stage1_only = 5, stage2_only = 6, both = 7 };

Structure ste_of(Kind kind) {
  const pgtable::Config c = stage2_config();
  Structure s = ste_stage1(World::cds).set(1, 3, kind);
  return add_stage2(s, c.stage2, 7);
}

struct SteCase {
  const char* name;
  unsigned low, width;
  std::uint64_t value;
  std::function<void(Features&)> feature = [](Features&) {};
};
class IllegalStage2 : public ::testing::TestWithParam<SteCase> {};

TEST_P(IllegalStage2, IsCBadSteWhereStage2TranslatesAndIgnoredElsewhere) {
  const SteCase& c = GetParam();
  Features f;
  c.feature(f);
  for (const Kind kind : {stage2_only, both}) {
    Stage2World w(f);
    Structure s = ste_of(kind);
    EXPECT_EQ(Ste::decode(s.words, Features{}).valid, true) << Ste::decode(s.words, Features{}).why;
    w.put_ste(1, s.set(c.low, c.width, c.value));
    EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), (Record{0x04 | 1ULL << 32, 0, 0, 0}));
    EXPECT_EQ(w.diag.all.size(), 1U);
  }
  Structure s = ste_of(stage1_only).set(c.low, c.width, c.value);
  EXPECT_TRUE(Ste::decode(s.words, f).valid) << "S2 fields are IGNORED: " << Ste::decode(s.words, f).why;
  s.set(1, 3, 4);
  EXPECT_TRUE(Ste::decode(s.words, f).valid) << "and so they are in bypass";
}

void little(Features& f) { f.TTENDIAN = 2; }
void big(Features& f) { f.TTENDIAN = 3; }
void three_zero(Features& f) { f.HAD = false; }

INSTANTIATE_TEST_SUITE_P(
    Fields, IllegalStage2,
    ::testing::Values(SteCase{"S2S", 185, 1, 1}, SteCase{"S2AA64", 179, 1, 0}, SteCase{"S2HA", 184, 1, 1},
                      SteCase{"S2HD", 183, 1, 1}, SteCase{"S2TG_64K", 174, 2, 1},
                      SteCase{"S2TG_16K", 174, 2, 2}, SteCase{"S2TG_reserved", 174, 2, 3},
                      SteCase{"S2TTB_beyond_OAS", 192 + 44, 1, 1},
                      SteCase{"S2TTB_beyond_48_bits", 192 + 51, 1, 1}, SteCase{"S2T0SZ_19", 160, 6, 19},
                      SteCase{"S2T0SZ_40", 160, 6, 40}, SteCase{"S2T0SZ_0", 160, 6, 0},
                      SteCase{"S2T0SZ_63", 160, 6, 63}, SteCase{"S2SL0_reserved", 166, 2, 3},
                      SteCase{"S2SL0_level_2", 166, 2, 0}, SteCase{"S2ENDI_big", 180, 1, 1, little},
                      SteCase{"S2ENDI_little", 180, 1, 0, big},
                      SteCase{"S2T0SZ_19_in_SMMUv3_0", 160, 6, 19, three_zero},
                      SteCase{"S2T0SZ_40_in_SMMUv3_0", 160, 6, 40, three_zero}),
    [](const auto& i) { return std::string(i.param.name); });

TEST(Stage2Ste, FieldsOfFeaturesThatAreNotBuiltAreRes0AndIgnored) {
  // S2HWU59 to S2HWU62, S2FWB, STRW, EATS, S2HAFT, S2PIE, S2POE, DPT_VMATCH, S2NSW, S2NSA, S2SL0_2, S2DS,
  // S2TTB[55:52], S2SKL, the IMPLEMENTATION DEFINED ones, and all of the Secure stage 2.
  for (const Kind kind : {stage2_only, both}) {
    Stage2World w;
    pgtable::Builder& ipas = w.guest();
    ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000));
    ASSERT_TRUE(w.nested_stream(1, ipas).map(0x1000, 0x7000'0000, 0x1000));
    Structure s = ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2);
    s.set(1, 3, kind).set(72, 4, 15).set(89, 1, 1).set(94, 2, 3).set(92, 2, 3).set(187, 5, 31);
    s.set(192, 4, 15).set(192 + 52, 4, 15).set(253, 2, 3).set(116, 12, ~0ULL).set(144, 16, ~0ULL);
    s.words[4] = s.words[5] = s.words[6] = s.words[7] = ~0ULL;
    w.put_ste(1, s);
    const auto a = w.access(1, kind == both ? 0x1234 : 0x7000'0234);
    EXPECT_EQ(a.outcome, Outcome::forward);
    EXPECT_EQ(a.output, 0x8000'0234U);
    EXPECT_TRUE(w.diag.all.empty());
  }
}

TEST(Stage2Ste, Stage1FieldsAreIgnoredWhereStage2AloneTranslates) {
  Stage2World w;
  pgtable::Builder& ipas = w.ipa_space();
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000));
  Structure s = ste_stage2(ipas.config().stage2);
  // S1Fmt, S1ContextPtr, S1CDMax, S1DSS, S1CIR, S1COR, S1CSH, S1PIE, S1MPAM, S1STALLD
  s.set(4, 2, 3).set(6, 50, ~0ULL).set(59, 5, 31).set(64, 8, 255).set(88, 1, 1).set(90, 2, 3);
  w.put_ste(1, s);
  EXPECT_EQ(w.access(1, 0x7000'0000).output, 0x8000'0000U);
}

TEST(Stage2Ste, S2ptwIsIgnoredWhereStage2AloneTranslates) {
  Stage2World w;
  pgtable::Builder& ipas = w.ipa_space();
  pgtable::Mapping device;
  device.MemAttr = 1;
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000, device));
  w.put_ste(1, ste_stage2(ipas.config().stage2).set(182, 1, 1));
  EXPECT_EQ(w.access(1, 0x7000'0000).outcome, Outcome::forward);
}

TEST(Stage2Ste, S1ContextPtrIsAnIpaWithinTheIas) {
  Structure s = ste_of(both);
  EXPECT_TRUE(Ste::decode(s.set(43, 1, 1).words, Features{}).valid);
  EXPECT_FALSE(Ste::decode(s.set(44, 1, 1).words, Features{}).valid) << "3.4: the IAS is the OAS";
}

TEST(Stage2Ste, WithoutIdr0S2pItIsIllegalToTranslateByStage2) {
  Features f;
  f.S2P = f.VMID16 = false;
  for (const Kind kind : {stage1_only, stage2_only, both}) {
    EXPECT_EQ(Ste::decode(ste_of(kind).words, f).valid, kind == stage1_only);
  }
  // S2VMID is IGNORED, and tags nothing.
  Structure s = ste_of(stage1_only).set(128, 16, 0xffff);
  EXPECT_TRUE(Ste::decode(s.words, f).valid);
  EXPECT_EQ(Ste::decode(s.words, f).vmid, 0U);
}

TEST(Stage2Ste, WithoutIdr0S1pItIsIllegalToTranslateByStage1) {
  Features f;
  f.S1P = false;
  EXPECT_EQ(f.problem(), nullptr);
  EXPECT_EQ(id_registers(f).IDR0 & 3, 1U) << "S1P, S2P";
  EXPECT_EQ(id_registers(f).IDR3 >> 2 & 1, 0U) << "HAD is of stage 1";
  for (const Kind kind : {stage1_only, stage2_only, both}) {
    EXPECT_EQ(Ste::decode(ste_of(kind).words, f).valid, kind == stage2_only);
  }
  Stage2World w(f);
  pgtable::Builder& ipas = w.ipa_space();
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000));
  w.stage2_stream(1, ipas);
  EXPECT_EQ(w.access(1, 0x7000'0000).output, 0x8000'0000U);
  w.put_ste(2, ste_bypass());
  EXPECT_EQ(w.access(2, 0x7000'0000).output, 0x7000'0000U);
  f.S2P = f.VMID16 = false;
  EXPECT_NE(f.problem(), nullptr) << "one of them is there";
}

TEST(Stage2Ste, AWideS2vmidIsIllegalWithoutIdr0Vmid16UnlessItIsIgnored) {
  Features f;
  f.VMID16 = false;
  for (const unsigned Config : {0U, 4U, 5U, 6U, 7U}) {
    Structure s = ste_of(both).set(1, 3, Config).set(128, 16, 0x00ff);
    EXPECT_TRUE(Ste::decode(s.words, f).valid) << Config;
    EXPECT_EQ(Ste::decode(s.set(136, 1, 1).words, f).valid, Config < 5) << Config;
    EXPECT_TRUE(Ste::decode(s.words, Features{}).valid) << Config;
  }
}

TEST(Stage2Ste, S2psIsCappedAtOas) {
  constexpr std::uint8_t expected[8] = {32, 36, 40, 42, 44, 44, 44, 44};
  for (unsigned S2PS = 0; S2PS < 8; ++S2PS) {
    Structure s = ste_of(stage2_only).set(176, 3, S2PS);
    EXPECT_EQ(Ste::decode(s.words, Features{}).stage2.output_size, expected[S2PS]);
  }
}

TEST(Stage2Ste, AnS2ttbIsCheckedAgainstTheEffectiveS2ps) {
  Structure s = ste_of(stage2_only).set(176, 3, 0).set(192 + 31, 1, 1);
  EXPECT_TRUE(Ste::decode(s.words, Features{}).valid);
  EXPECT_FALSE(Ste::decode(s.set(192 + 32, 1, 1).words, Features{}).valid);
}

TEST(Stage2Ste, EachStartLevelGoesWithItsInputSizesOnly) {
  // DDI 0487 D8.2: the first lookup resolves 1 bit at least, and one table and 16 concatenated ones at most.
  // Level 0 is Reserved where physical addresses have less than 44 bits.
  for (const unsigned OAS : {32U, 36U, 40U, 42U, 44U, 48U}) {
    Features f;
    f.OAS = static_cast<std::uint8_t>(OAS);
    for (unsigned T0SZ = 0; T0SZ < 64; ++T0SZ) {
      for (unsigned SL0 = 0; SL0 < 4; ++SL0) {
        const unsigned bits = 64 - T0SZ;
        bool legal = T0SZ >= std::max(16U, 64 - OAS) && T0SZ <= 39;
        if (SL0 == 0) legal = legal && bits >= 22 && bits <= 34;
        if (SL0 == 1) legal = legal && bits >= 31 && bits <= 43;
        if (SL0 == 2) legal = legal && bits >= 40 && bits <= 52 && OAS >= 44;
        if (SL0 == 3) legal = false;
        Structure s = ste_of(stage2_only).set(160, 6, T0SZ).set(166, 2, SL0);
        EXPECT_EQ(Ste::decode(s.words, f).valid, legal)
            << "OAS " << OAS << " T0SZ " << T0SZ << " SL0 " << SL0;
      }
    }
  }
}

TEST(Stage2Ste, ASubstreamIDIsRefusedWithStage2Too) {
  for (const Kind kind : {stage2_only, both}) {
    Stage2World w;
    w.put_ste(1, ste_of(kind));
    auto q = World::request(1, 0x1000);
    q.substream_valid = true;
    q.substream_id = 5;
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), (Record{0x08 | 5 << 12 | 1ULL << 32, 0, 0, 0}));
  }
}

TEST(Stage2Ste, TheIdRegistersSayWhatStage2Has) {
  Features f;
  EXPECT_EQ(id_registers(f).IDR0 & 1, 1U) << "S2P";
  EXPECT_EQ(id_registers(f).IDR0 >> 18 & 1, 1U) << "VMID16";
  EXPECT_EQ(id_registers(f).IDR3 >> 4 & 1, 1U) << "XNX";
  f.VMID16 = false;
  EXPECT_EQ(id_registers(f).IDR0 >> 18 & 1, 0U);
  f.S2P = false;
  EXPECT_EQ(id_registers(f).IDR0 & 1, 0U);
  EXPECT_EQ(id_registers(f).IDR3 >> 4 & 1, 0U) << "XNX is RES0 without stage 2";
  f.VMID16 = true;
  EXPECT_NE(f.problem(), nullptr);
}

}  // namespace
}  // namespace smmuvp::smmuv3
