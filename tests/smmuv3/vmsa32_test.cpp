// VMSAv8-32 long descriptors at either stage (IHI 0070 3.4, 5.2, 5.4, 6.3.1: TTF).
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Format;
using smmu::AccessKind;
using smmu::Outcome;

Features with_ttf(unsigned TTF, unsigned OAS = 44) {
  Features f;
  f.TTF = static_cast<std::uint8_t>(TTF);
  f.OAS = static_cast<std::uint8_t>(OAS);
  return f;
}

pgtable::Config stage1_32(unsigned T0SZ, unsigned T1SZ) {
  pgtable::Config c = Stage2World::stage1_config();
  c.stage1.format = Format::lpae32;
  c.stage1.output_size = 40;
  c.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(T0SZ);
  c.stage1.tables[1].TxSZ = static_cast<std::uint8_t>(T1SZ);
  return c;
}
pgtable::Config stage2_32(int T0SZ = -8, int level = 1) {
  pgtable::Config c = stage2_config(static_cast<std::int8_t>(T0SZ), static_cast<std::int8_t>(level));
  c.stage2.format = Format::lpae32;
  c.stage2.output_size = 40;
  return c;
}

class Vmsa32 : public ::testing::Test {
 protected:
  explicit Vmsa32(unsigned TTF = 3, unsigned OAS = 44) : w(with_ttf(TTF, OAS)) {}
  void stream(std::uint32_t sid, const pgtable::Builder& b) {
    w.put(World::cd_address(sid), cd_for(b.config(), static_cast<std::uint16_t>(sid)));
    w.put_ste(sid, ste_stage1(World::cd_address(sid)));
  }
  Stage2World w;
};

TEST_F(Vmsa32, Stage1HasTwoRangesOf32Bits) {
  pgtable::Builder& b = w.builder(stage1_32(1, 2));  // 2 GiB and 1 GiB
  ASSERT_TRUE(b.map(0xffff'f000, 0xab'8000'0000, 0x1000));
  ASSERT_TRUE(b.map(0x4000'0000, 0xab'c000'0000, 0x4000'0000));
  stream(1, b);
  EXPECT_EQ(w.access(1, 0xffff'f123).output, 0xab'8000'0123U);
  const auto block = w.access(1, 0x7fff'ffff);
  EXPECT_EQ(block.output, 0xab'ffff'ffffU);
  EXPECT_EQ(block.region_shift, 30);
  EXPECT_TRUE(w.access(1, 0x4000'0000).tlb_hit);
  // Between the ranges, and beyond 32 bits, sign extension or not (3.4.1).
  for (const std::uint64_t va :
       {0x8000'0000ULL, 0xbfff'ffffULL, 0x1'0000'0000ULL, 0xffff'ffff'c000'0000ULL}) {
    EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
    Expected e{0x10, 1};
    e.S2 = false;
    e.InputAddr = va;
    EXPECT_EQ(w.event(), e.record());
  }
}

// DDI 0487 G5.4: where one TxSZ is 0 and the other is not, the other's range is taken out of the whole.
TEST_F(Vmsa32, ABlockOfOneRangeEndsWhereTheOtherBegins) {
  const auto block = [this](const pgtable::Builder& b, unsigned range, unsigned entry, std::uint64_t output) {
    w.memory.write(b.config().stage1.tables[range].base + 8 * entry, output | 0x441U);  // AF, AP[1]
  };
  pgtable::Builder& low = w.builder(stage1_32(3, 0));  // of TTB0: the lowest 512 MiB
  ASSERT_TRUE(low.map(0x1000'0000, 0xab'0000'0000, 0x1000));
  block(low, 1, 0, 0xcd'4000'0000);
  stream(1, low);
  EXPECT_EQ(w.access(1, 0x3000'0123).output, 0xcd'7000'0123U);
  EXPECT_EQ(w.access(1, 0x1000'0123).output, 0xab'0000'0123U);
  pgtable::Builder& high = w.builder(stage1_32(0, 3));  // of TTB1: the highest 512 MiB
  ASSERT_TRUE(high.map(0xf000'0000, 0xab'0000'0000, 0x1000));
  block(high, 0, 3, 0xcd'c000'0000);
  stream(2, high);
  EXPECT_EQ(w.access(2, 0xc000'0123).output, 0xcd'c000'0123U);
  EXPECT_EQ(w.access(2, 0xf000'0123).output, 0xab'0000'0123U);
}

TEST_F(Vmsa32, TxSZHasThreeBitsAndTgxIpsHaAndHdAreIgnored) {
  pgtable::Builder& b = w.builder(stage1_32(2, 7));
  ASSERT_TRUE(b.map(0x1000, 0xab'8000'0000, 0x1000));
  ASSERT_TRUE(b.map(0xffff'f000, 0x8000'1000, 0x1000));
  Structure cd = cd_for(b.config(), 1, 0);  // IPS: 32 bits
  cd.set(3, 3, 7).set(19, 3, 7).set(6, 2, 3).set(22, 2, 0).set(42, 2, 3).set(38, 2, 3);
  cd.set(66, 1, 1).set(130, 1, 1).set(123, 1, 1).set(186, 1, 1);  // E0PDx, EPAN and DS are RES0
  w.put(World::cd_address(1), cd);
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  EXPECT_EQ(w.access(1, 0x1000).output, 0xab'8000'0000U);
  EXPECT_EQ(w.access(1, 0xffff'f000).output, 0x8000'1000U);
  EXPECT_EQ(w.access(1, 0x5a00'0000'0000'1000).outcome, Outcome::abort) << "no TBI";
}

TEST_F(Vmsa32, OutputsHave40Bits) {
  pgtable::Builder& b = w.builder(stage1_32(0, 0));
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  stream(1, b);
  const std::uint64_t at = w.descriptor(b, 0x1000);
  w.change(at, 1ULL << 40, 0);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::abort);
  Expected e{0x11, 1};
  e.S2 = false;
  e.InputAddr = 0x1000;
  EXPECT_EQ(w.event(), e.record());
  Structure cd = cd_for(b.config(), 1);
  EXPECT_FALSE(Cd::decode(cd.set(64 + 40, 1, 1).words, with_ttf(3)).valid);
  cd = cd_for(b.config(), 1);
  EXPECT_FALSE(Cd::decode(cd.set(128 + 47, 1, 1).words, with_ttf(3)).valid);
  cd = cd_for(b.config(), 1, 0);
  EXPECT_TRUE(Cd::decode(cd.set(64 + 39, 1, 1).words, with_ttf(3)).valid) << "whatever IPS says";
}

TEST_F(Vmsa32, UwxnTakesExecutionFromPrivilegedCode) {
  for (const bool UWXN : {false, true}) {
    pgtable::Config c = stage1_32(0, 0);
    c.stage1.UWXN = UWXN;
    pgtable::Builder& b = w.builder(c);
    pgtable::Mapping m;
    m.unprivileged = m.privileged_execute = m.unprivileged_execute = true;
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
    stream(1, b);
    w.command(0x04, 31);
    w.command(0x30);
    auto q = World::request(1, 0x1000);
    q.instruction = q.privileged = true;
    EXPECT_EQ(w.access(q).outcome == Outcome::abort, UWXN);
    q.privileged = false;
    EXPECT_EQ(w.access(q).outcome, Outcome::forward);
  }
}

TEST_F(Vmsa32, HadDisablesTableBits) {
  for (const bool HAD : {false, true}) {
    pgtable::Config c = stage1_32(0, 0);
    c.stage1.tables[0].HPD = HAD;
    pgtable::Builder& b = w.builder(c);
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    w.change(w.descriptor(b, 0x1000, 2), 1ULL << 62, 0);  // APTable: read-only
    stream(1, b);
    w.command(0x04, 31);
    w.command(0x30);
    EXPECT_EQ(w.access(1, 0x1000, AccessKind::write).outcome == Outcome::forward, HAD);
  }
}

TEST_F(Vmsa32, Stage2HasInputsOf25To40Bits) {
  for (int T0SZ = -8; T0SZ <= 7; ++T0SZ) {
    for (int level = 1; level <= 2; ++level) {
      const int bits = 32 - T0SZ;
      const int below = 12 + 9 * (3 - level);
      if (bits <= below || bits > below + 13) continue;
      Stage2World v(with_ttf(3));
      pgtable::Builder& b = v.builder(stage2_32(T0SZ, level));
      const std::uint64_t last = (1ULL << bits) - 0x1000;
      ASSERT_TRUE(b.map(last, 0xab'8000'0000, 0x1000));
      // S2T0SZ[5:4] and S2PS are IGNORED, S2TG is RES0.
      v.put_ste(1, ste_stage2(b.config().stage2).set(164, 2, 2).set(176, 3, 0).set(174, 2, 3));
      EXPECT_EQ(v.access(1, last + 0x10).output, 0xab'8000'0010U) << T0SZ << " from level " << level;
      EXPECT_EQ(v.access(1, 1ULL << bits).outcome, Outcome::abort);
      Expected e{0x10, 1};
      e.InputAddr = e.IPA = 1ULL << bits;
      EXPECT_EQ(v.event(), e.record());
    }
  }
}

TEST_F(Vmsa32, EachStage2StartLevelGoesWithItsInputSizesOnly) {
  for (int T0SZ = -8; T0SZ <= 7; ++T0SZ) {
    for (unsigned SL0 = 0; SL0 < 4; ++SL0) {
      const int bits = 32 - T0SZ;
      const bool legal = SL0 == 0 ? bits >= 22 && bits <= 34 : SL0 == 1 && bits >= 31;
      Structure s = ste_stage2(stage2_32().stage2);
      s.set(160, 6, static_cast<std::uint64_t>(T0SZ)).set(166, 2, SL0);
      EXPECT_EQ(Ste::decode(s.words, with_ttf(3)).valid, legal) << T0SZ << " SL0 " << SL0;
    }
  }
}

TEST_F(Vmsa32, CombinationsThat522And542MakeIllegal) {
  const Structure ste32 = ste_stage2(stage2_32().stage2);
  const Structure ste64 = ste_stage2(stage2_config().stage2);
  const Structure cd32 = cd_for(stage1_32(0, 0), 1);
  const Structure cd64 = cd_for(Stage2World::stage1_config(), 1);
  for (unsigned TTF = 1; TTF <= 3; ++TTF) {
    const Features f = with_ttf(TTF, 40);
    EXPECT_EQ(f.problem(), nullptr);
    EXPECT_EQ(Ste::decode(ste32.words, f).valid, (TTF & 1) != 0) << TTF;
    EXPECT_EQ(Ste::decode(ste64.words, f).valid, (TTF & 2) != 0) << TTF;
    EXPECT_EQ(Cd::decode(cd32.words, f).valid, (TTF & 1) != 0) << TTF;
    EXPECT_EQ(Cd::decode(cd64.words, f).valid, (TTF & 2) != 0) << TTF;
    EXPECT_EQ(id_registers(f).IDR0 >> 2 & 3, TTF);
  }
  Features f = with_ttf(3);
  f.HTTU = 2;
  f.FWB = true;
  EXPECT_TRUE(Ste::decode(ste32.words, f).valid);
  for (const unsigned bit : {183U, 184U, 89U}) {  // S2HD, S2HA, S2FWB
    Structure s = ste32;
    EXPECT_FALSE(Ste::decode(s.set(bit, 1, 1).words, f).valid) << bit;
  }
  Structure s = ste32;
  EXPECT_FALSE(Ste::decode(s.set(192 + 40, 1, 1).words, f).valid) << "S2TTB beyond 40 bits";
  // A 64-bit stage 1 on a 32-bit stage 2.
  const Ste over32 = Ste::decode(ste_nested(0x1000, stage2_32().stage2).words, f);
  const Ste over64 = Ste::decode(ste_nested(0x1000, stage2_config().stage2).words, f);
  ASSERT_TRUE(over32.valid && over64.valid);
  EXPECT_FALSE(Cd::decode(cd64.words, f, over32).valid);
  EXPECT_TRUE(Cd::decode(cd32.words, f, over32).valid);
  EXPECT_TRUE(Cd::decode(cd32.words, f, over64).valid);
  Features without = with_ttf(1);
  without.GRAN4K = false;
  without.GRAN64K = true;
  EXPECT_NE(without.problem(), nullptr);
}

TEST_F(Vmsa32, Stage1TranslatesOverEitherStage2) {
  for (const bool both32 : {false, true}) {
    Stage2World v(with_ttf(3));
    pgtable::Builder& ipas = v.guest(both32 ? stage2_32() : stage2_config());
    ASSERT_TRUE(ipas.map(0xcd'7000'0000, 0xab'8000'0000, 0x1000));
    pgtable::Builder& vas = v.nested_space(stage1_32(0, 0));
    ASSERT_TRUE(vas.map(0x1000, 0xcd'7000'0000, 0x1000));
    v.put(World::cd_address(1), cd_for(vas.config(), 1));
    v.put_ste(1, ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2));
    EXPECT_EQ(v.access(1, 0x1ff8).output, 0xab'8000'0ff8U);
  }
}

// ---- sizes of IPAs and of physical addresses (3.4)

TEST_F(Vmsa32, MakesIpasOf40BitsWhateverTheOas) {
  for (const unsigned TTF : {2U, 3U}) {
    Stage2World v(with_ttf(TTF, 36));
    EXPECT_EQ(with_ttf(TTF, 36).ias(), TTF == 3 ? 40U : 36U);
    const Structure nested = ste_nested(0, stage2_config(28, 1).stage2).set(176, 3, 1);
    Structure at_39 = nested, at_40 = nested;
    EXPECT_EQ(Ste::decode(at_39.set(39, 1, 1).words, with_ttf(TTF, 36)).valid, TTF == 3) << "S1ContextPtr";
    EXPECT_FALSE(Ste::decode(at_40.set(40, 1, 1).words, with_ttf(TTF, 36)).valid);
    Structure ste = ste_stage2(stage2_config(24, 1).stage2).set(176, 3, 1);
    EXPECT_EQ(Ste::decode(ste.words, with_ttf(TTF, 36)).valid, TTF == 3) << "S2T0SZ of 64 - 40";
    if (TTF == 2) continue;
    pgtable::Config c = stage2_config(24, 1);
    c.stage2.output_size = 36;
    pgtable::Builder& b = v.ipa_space(c);
    ASSERT_TRUE(b.map(0xff'0000'0000, 0x8000'0000, 0x1000));
    v.put_ste(1, ste_stage2(b.config().stage2).set(176, 3, 1));
    EXPECT_EQ(v.access(1, 0xff'0000'0000).output, 0x8000'0000U);
    // Stage 1 that does not translate is limited by the IAS where stage 2 does, and by the OAS elsewhere.
    EXPECT_EQ(v.access(1, 0x100'0000'0000).outcome, Outcome::abort);
    Expected e{0x11, 1};
    e.S2 = false;
    e.InputAddr = 0x100'0000'0000;
    EXPECT_EQ(v.event(), e.record());
    v.put_ste(2, ste_bypass());
    EXPECT_EQ(v.access(2, 0x10'0000'0000).outcome, Outcome::abort);
    e = {0x11, 2};
    e.S2 = false;
    e.InputAddr = 0x10'0000'0000;
    EXPECT_EQ(v.event(), e.record());
  }
  EXPECT_EQ(with_ttf(1, 48).ias(), 40U);
  EXPECT_EQ(with_ttf(3, 48).ias(), 48U);
}

TEST_F(Vmsa32, OutputsAndTablesBeyondTheOasAreTruncated) {
  Stage2World v(with_ttf(3, 36));
  pgtable::Builder& b = v.builder(stage1_32(0, 0));
  ASSERT_TRUE(b.map(0x1000, 0xa5'8000'0000, 0x1000));
  Structure cd = cd_for(b.config(), 1).set(64 + 38, 1, 1);
  v.put(World::cd_address(1), cd);
  v.put_ste(1, ste_stage1(World::cd_address(1)));
  EXPECT_EQ(v.access(1, 0x1010).output, 0x5'8000'0010U);
  EXPECT_EQ(v.access(1, 0x1020).output, 0x5'8000'0020U) << "a hit";
  v.memory.make_abort(b.config().stage1.tables[0].base);
  v.command(0x30);
  EXPECT_EQ(v.access(1, 0x1000).outcome, Outcome::abort);
  Expected e{0x0b, 1};
  e.S2 = false;
  e.CLASS = 1;
  e.InputAddr = 0x1000;
  e.FetchAddr = b.config().stage1.tables[0].base;
  EXPECT_EQ(v.event(), e.record());
  pgtable::Builder& ipas = v.ipa_space(stage2_32());
  ASSERT_TRUE(ipas.map(0x1000, 0xa5'9000'0000, 0x1000));
  v.put_ste(2, ste_stage2(ipas.config().stage2));
  EXPECT_EQ(v.access(2, 0x1000).output, 0x5'9000'0000U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
