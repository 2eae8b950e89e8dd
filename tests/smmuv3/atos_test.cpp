// Address translation operations: SMMU_GATOS_* (IHI 0070 6.3.37 to 6.3.40, chapter 9).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "atos_world.h"
#include "smmuvp/base/archive.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Step;

// ---- registers

TEST(AtosRegisters, AreRes0WithoutIdr0Atos) {
  World w;
  w.start();
  EXPECT_EQ(w.read(0) >> 15 & 1, 0U);
  for (std::uint32_t i = 0; i < 0x20; i += 4) {
    w.write(CTRL + i, ~0U);
    EXPECT_EQ(w.read(CTRL + i), 0U) << i;
  }
  EXPECT_FALSE(w.smmu.interface().atos().running());
}

TEST(AtosRegisters, HaveTheBitsOfTheirFields) {
  AtosWorld w;
  EXPECT_EQ(w.read(0) >> 15 & 1, 1U);
  w.write(SID, ~0ULL, 8);
  EXPECT_EQ(w.read64(SID), 0xffffU) << "SIDSIZE 16, SSIDSIZE 0";
  w.write(ADDR, ~0ULL, 8);
  EXPECT_EQ(w.read64(ADDR), ~0x3fULL);
  w.write(PAR, ~0ULL, 8);
  EXPECT_EQ(w.read64(PAR), 0U) << "read-only";
  w.write(CTRL, ~1U);
  EXPECT_EQ(w.read(CTRL), 0U);
}

TEST(AtosRegisters, IgnoreRunWhileSmmuenIs0) {
  AtosWorld w;
  w.three_streams();
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.begin(1, va | TYPE_stage1 | RnW);
  EXPECT_EQ(w.read(CTRL), 0U);
  w.work();
  EXPECT_EQ(w.read64(PAR), 0U);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "GATOS_CTRL.SMMUEN");
}

TEST(AtosRegisters, AreGuardedByRun) {
  AtosWorld w;
  w.three_streams();
  w.begin(1, va | TYPE_stage1 | RnW);
  w.write(SID, 7, 8);
  w.write(ADDR, 0x5000, 8);
  w.write(CTRL, 0);
  EXPECT_EQ(w.read64(SID), 1U);
  EXPECT_EQ(w.read64(ADDR), va | TYPE_stage1 | RnW);
  EXPECT_EQ(w.read(CTRL), 1U);
  EXPECT_EQ(w.diag.all.size(), 3U);
  w.work();
  EXPECT_EQ(w.read64(PAR), success(pa, 0xff, 3));
  w.write(SID, 7, 8);
  EXPECT_EQ(w.read64(SID), 7U);
}

TEST(AtosRegisters, SmmuenIsAcknowledgedOffWhenTheOperationIsOver) {
  AtosWorld w;
  w.three_streams();
  w.begin(3, va | TYPE_both | RnW);
  ASSERT_EQ(w.atos().step(w.now), Step::need);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_implemented);
  w.work();
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(CTRL), 0U);
  EXPECT_EQ(w.read64(PAR), success(pa, 0xff, 3)) << "it has completed normally";
}

TEST(AtosRegisters, StalledAccessesEndWhenSmmuenIsAcknowledgedOff) {
  Features f = with_atos();
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  AtosWorld w(f);
  w.memory.latency = 20'000;
  w.three_streams();
  pgtable::Builder& empty = w.space();
  w.put(World::cd_address(5), cd_for(empty.config(), 5).set(44, 1, 1).set(46, 1, 0));  // CD.S
  w.put_ste(5, ste_stage1(World::cd_address(5)));
  Access access(w.smmu, World::request(5, va));
  while (access.step() == Step::need) access.complete(w.memory.carry_out(access.op()));
  w.work();
  ASSERT_EQ(access.step(), Step::stalled);
  w.now += 100'000;
  w.begin(3, va | TYPE_both | RnW);
  ASSERT_EQ(w.atos().step(w.now), Step::need);
  const std::uint64_t written = w.now;
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(access.step(), Step::stalled);
  w.work();
  ASSERT_EQ(access.step(), Step::done);
  EXPECT_EQ(access.answer().outcome, smmu::Outcome::abort);
  EXPECT_GE(access.time(), written + 20'000) << "not before the operation that it waits for has ended";
  EXPECT_EQ(access.time(), w.now);
}

// ---- requests that cannot be

TEST(AtosRequest, OfAReservedTypeIsInvReq) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(1, va | RnW), fault(0xff));
}

TEST(AtosRequest, OfAStageThatTheSmmuHasNotIsInvReqBeforeTheStreamIsLookedAt) {
  Features f = with_atos();
  f.S2P = f.VMID16 = false;
  AtosWorld w(f);
  for (const std::uint64_t type : {TYPE_stage2, TYPE_both}) {
    EXPECT_EQ(w.ask(0xffff, va | type | RnW), fault(0xff)) << "a StreamID beyond the Stream table";
  }
  EXPECT_EQ(w.ask(0xffff, va | TYPE_stage1 | RnW), fault(0x02));
}

TEST(AtosRequest, OfAStageThatTheStreamHasNotIsInvStage) {
  AtosWorld w;
  w.three_streams();
  w.put_ste(4, ste_bypass());
  w.put_ste(5, ste_abort());
  const auto of = [&w](std::uint32_t sid, std::uint64_t type) { return w.ask(sid, ipa | type | RnW); };
  EXPECT_EQ(of(1, TYPE_stage2), fault(0xfe));
  EXPECT_EQ(of(1, TYPE_both), fault(0xfe));
  EXPECT_EQ(of(2, TYPE_stage1), fault(0xfe));
  EXPECT_EQ(of(2, TYPE_both), fault(0xfe));
  for (const std::uint64_t type : {TYPE_stage1, TYPE_stage2, TYPE_both}) {
    EXPECT_EQ(of(4, type), fault(0xfe)) << "Config 0b100";
    EXPECT_EQ(of(5, type), fault(0xfe)) << "Config 0b000";
  }
}

TEST(AtosRequest, InvStageComesAfterBadStesAndBeforeCds) {
  AtosWorld w;
  w.three_streams();
  w.memory.make_abort(World::cds);
  EXPECT_EQ(w.ask(1, va | TYPE_both | RnW), fault(0xfe)) << "the CD is not fetched";
  EXPECT_EQ(w.ask(9, va | TYPE_both | RnW), fault(0x04)) << "C_BAD_STE";
}

// ---- answers

TEST(AtosAnswer, OfStage1IsTheOutputOfStage1InAnyStreamThatHasOne) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), success(pa, 0xff, 3));
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), success(ipa, 0xff, 3));
  w.command(0x30);
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), success(ipa, 0xff, 3)) << "from memory again";
}

TEST(AtosAnswer, OfStage1NeedsNoStage2TranslationOfItsOutput) {
  AtosWorld w;
  w.three_streams();
  ASSERT_TRUE(w.both->map(va + 0x1000, 0x60'0000, 0x1000));
  EXPECT_EQ(w.ask(3, (va + 0x1000) | TYPE_stage1 | RnW), success(0x60'0000, 0xff, 3));
}

TEST(AtosAnswer, OfStage2IsThatOfAnIpaInAnyStreamThatHasOne) {
  AtosWorld w;
  w.three_streams();
  for (const std::uint32_t sid : {2U, 3U}) {
    EXPECT_EQ(w.ask(sid, ipa | TYPE_stage2 | RnW), success(pa, 0xff, 3)) << sid;
  }
}

TEST(AtosAnswer, OfBothStagesIsThatOfAnAccess) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(3, va | TYPE_both | RnW), success(pa, 0xff, 3));
  EXPECT_EQ(w.access(3, va).output, pa);
}

TEST(AtosAnswer, TellsTheSizeByTheLowest1OfTheAddress) {
  AtosWorld w;
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x4020'0000, 0x8020'0000, 0x20'0000));
  ASSERT_TRUE(b.map(0x8000'0000, 0xc000'0000, 0x4000'0000));
  EXPECT_EQ(w.ask(1, 0x4023'4000 | TYPE_stage1 | RnW), success(0x8020'0000 | 0x10'0000, 0xff, 3, true));
  EXPECT_EQ(w.ask(1, 0x9234'5000 | TYPE_stage1 | RnW), success(0xc000'0000 | 0x2000'0000, 0xff, 3, true));
  EXPECT_EQ(w.ask(1, 0x9234'5000 | TYPE_stage1 | RnW), success(0xc000'0000 | 0x2000'0000, 0xff, 3, true))
      << "from the TLB";
}

TEST(AtosAnswer, OfBothStagesHasTheSmallerSize) {
  AtosWorld w;
  pgtable::Builder& ipas = w.guest();
  ASSERT_TRUE(ipas.map(0x4000'0000, 0x8000'0000, 0x20'0000));
  pgtable::Builder& b = w.nested_stream(3, ipas);
  ASSERT_TRUE(b.map(0x8000'0000, 0x4000'0000, 0x4000'0000));
  EXPECT_EQ(w.ask(3, 0x8000'3000 | TYPE_both | RnW), success(0x8000'0000 | 0x10'0000, 0xff, 3, true));
  EXPECT_EQ(w.ask(3, 0x8000'3000 | TYPE_stage1 | RnW), success(0x4000'0000 | 0x2000'0000, 0xff, 3, true));
}

TEST(AtosAnswer, HasTheAttributesOfTheTablesAndNotOfTheSte) {
  AtosWorld w;
  w.three_streams();
  pgtable::Mapping device;
  device.AttrIndx = 1;  // MAIR byte 1 is 0: Device-nGnRnE
  ASSERT_TRUE(w.both->map(va + 0x1000, ipa, 0x1000, device));
  Structure ste = ste_nested(Stage2World::ipa_of(World::cd_address(3)), w.ipas->config().stage2);
  ste.set(108, 2, 2).set(96, 4, 5).set(100, 1, 1);  // SHCFG, MemAttr, MTCFG
  w.put_ste(3, ste);
  EXPECT_EQ(w.ask(3, (va + 0x1000) | TYPE_stage1 | RnW), success(ipa, 0x00, 2))
      << "Device is Outer Shareable";
  EXPECT_EQ(w.ask(3, (va + 0x1000) | TYPE_both | RnW), success(pa, 0x00, 2));
  EXPECT_EQ(w.ask(3, va | TYPE_both | RnW), success(pa, 0xff, 3));
}

TEST(AtosAnswer, OfStage2HasItsOwnTypeWithBothHintsAndNoTransience) {
  AtosWorld w;
  w.three_streams();
  struct Row {
    std::uint8_t MemAttr;
    std::uint64_t ATTR, SH;
  };
  w.change(w.descriptor(*w.ipas, ipa), 0, 0x3c);
  for (const Row& row : {Row{0xf, 0xff, 3}, Row{0xa, 0xbb, 3}, Row{0x5, 0x44, 2}, Row{0x1, 0x04, 2}}) {
    w.change(w.descriptor(*w.ipas, ipa), std::uint64_t{row.MemAttr} << 2, 0);
    w.command(0x30);
    EXPECT_EQ(w.ask(2, ipa | TYPE_stage2 | RnW), success(pa, row.ATTR, row.SH)) << int{row.MemAttr};
    w.change(w.descriptor(*w.ipas, ipa), 0, 0x3c);
  }
}

TEST(AtosAnswer, IgnoresTheTopByteWhereTheCdDoes) {
  AtosWorld w;
  w.three_streams();
  Structure cd = cd_for(w.builders.front().config(), 1);
  EXPECT_EQ(w.ask(1, 0x5a00'0000'0000'0000 | va | TYPE_stage1 | RnW), fault(0x10));
  cd.set(38, 1, 1);  // TBI0
  w.put(World::cd_address(1), cd);
  w.command(0x04, 31);
  EXPECT_EQ(w.ask(1, 0x5a00'0000'0000'0000 | va | TYPE_stage1 | RnW), success(pa, 0xff, 3));
}

// ---- substreams

/// AtosWorld with streams of 2^1 CDs: `va` leads to `pa` by CD 0 and to `pa` + 0x1000 by CD 1.
class AtosSubstreams : public ::testing::Test {
 protected:
  static constexpr std::uint64_t bypass = 1, use_cd_0 = 2;
  static constexpr std::uint64_t SSID(std::uint64_t ssid) { return 1ULL << 52 | ssid << 32; }

  static Features features(bool small = true) {
    Features f = with_atos();
    f.SSIDSIZE = 4;
    f.TTF = 3;  // an IAS of 40 bits, an OAS of less
    if (small) f.OAS = 36;
    return f;
  }
  void stream(std::uint32_t sid, std::uint64_t S1DSS) {
    w.put_ste(sid, two_cds(sid, ste_stage1(World::cd_address(sid)), S1DSS));
  }
  /// IPAs of `ipa` and of CDs and tables are translated.
  void nested(std::uint32_t sid, std::uint64_t S1DSS) {
    pgtable::Config c = stage2_config();
    c.stage2.output_size = 36;
    pgtable::Builder& ipas = w.ipa_space(c);
    ASSERT_TRUE(ipas.map(World::cds, World::cds, 0x1000));
    ASSERT_TRUE(ipas.map(World::tables, World::tables, 0x10'0000));
    ASSERT_TRUE(ipas.map(pa, pa + 0x10'0000, 0x2000));
    ASSERT_TRUE(ipas.map(va, pa + 0x20'0000, 0x1000));
    Structure ste = ste_nested(World::cd_address(sid), ipas.config().stage2);
    w.put_ste(sid, two_cds(sid, ste, S1DSS).set(176, 3, 1));
  }
  Structure two_cds(std::uint32_t sid, Structure ste, std::uint64_t S1DSS) {
    for (std::uint16_t i = 0; i < 2; ++i) {
      pgtable::Config c = Stage2World::stage1_config();
      c.stage1.output_size = 36;
      pgtable::Builder& b = w.builder(c);
      EXPECT_TRUE(b.map(va, pa + 0x1000U * i, 0x1000));
      w.put(World::cd_address(sid) + 64U * i, cd_for(b.config(), static_cast<std::uint16_t>(i + 1)));
    }
    return ste.set(59, 5, 1).set(64, 2, S1DSS);
  }
  AtosWorld w{features()};
};

TEST_F(AtosSubstreams, ChooseTheCd) {
  stream(2, use_cd_0);
  EXPECT_EQ(w.ask(2, va | TYPE_stage1 | RnW), success(pa, 0xff, 3));
  EXPECT_EQ(w.ask(2 | SSID(1), va | TYPE_stage1 | RnW), success(pa + 0x1000, 0xff, 3));
  EXPECT_EQ(w.ask(2 | SSID(2), va | TYPE_stage1 | RnW), fault(0x08)) << "C_BAD_SUBSTREAMID";
  EXPECT_EQ(w.ask(2 | SSID(0), va | TYPE_stage1 | RnW), fault(0x06)) << "F_STREAM_DISABLED";
  stream(4, 0);
  EXPECT_EQ(w.ask(4, va | TYPE_stage1 | RnW), fault(0x06)) << "F_STREAM_DISABLED";
}

TEST_F(AtosSubstreams, WithoutOneS1DSSLetsBypassAndStage1AnswersWithTheInput) {
  stream(2, bypass);
  EXPECT_EQ(w.ask(2, 0x1234'5000 | TYPE_stage1 | RnW), success(0x1234'5000, 0xff, 0));
  EXPECT_EQ(w.ask(2, 0xf'ffff'f000 | TYPE_stage1), success(0xf'ffff'f000, 0xff, 0));
  EXPECT_EQ(w.ask(2, 0x10'0000'0000 | TYPE_stage1), fault(0x11)) << "beyond the OAS";
  EXPECT_EQ(w.ask(2 | SSID(1), va | TYPE_stage1 | RnW), success(pa + 0x1000, 0xff, 3));
  EXPECT_EQ(w.ask(2, va | TYPE_both | RnW), fault(0xfe)) << "INV_STAGE";
}

TEST_F(AtosSubstreams, WithoutOneS1DSSLetsBypassAndBothStagesAnswerWithStage2) {
  nested(2, bypass);
  EXPECT_EQ(w.ask(2, va | TYPE_both | RnW), success(pa + 0x20'0000, 0xff, 3));
  EXPECT_EQ(w.ask(2, va | TYPE_stage1 | RnW), success(va, 0xff, 0));
  EXPECT_EQ(w.ask(2, (va + 0x1000) | TYPE_both | RnW), fault(0x10, 3, va + 0x1000)) << "F_TRANSLATION";
  EXPECT_EQ(w.ask(2, 0x100'0000'0000 | TYPE_both | RnW), fault(0x11)) << "beyond the IAS, of stage 1";
  EXPECT_EQ(w.ask(2 | SSID(1), va | TYPE_both | RnW), success(pa + 0x10'1000, 0xff, 3));
}

TEST_F(AtosSubstreams, AnAnswerOfABypassHasNoBitsAboveTheOas) {
  nested(2, bypass);
  EXPECT_EQ(w.ask(2, 0x10'0000'1000 | TYPE_stage1 | RnW), success(0x1000, 0xff, 0)) << "within the IAS";
  EXPECT_EQ(w.ask(2, 0x100'0000'0000 | TYPE_stage1 | RnW), fault(0x11)) << "beyond the IAS";
}

TEST_F(AtosSubstreams, AnAnswerOfABypassHasTheSizeOfTheSmallestGranule) {
  for (const unsigned shift : {14U, 16U}) {
    Features f = features(false);
    f.TTF = 2;
    f.GRAN4K = false, f.GRAN16K = shift == 14, f.GRAN64K = true;
    AtosWorld other(f);
    other.put_ste(2, ste_stage1(World::cd_address(2)).set(59, 5, 1).set(64, 2, bypass));
    const std::uint64_t block = 0x1234'0000;
    EXPECT_EQ(other.ask(2, block | 0x3000 | TYPE_stage1 | RnW),
              success(block | 1U << (shift - 1), 0xff, 0, true));
  }
}

// ---- rights

TEST(AtosRights, AreCheckedForTheAccessThatAddrNames) {
  AtosWorld w;
  w.three_streams();
  pgtable::Mapping attributes;
  attributes.writable = false;
  attributes.unprivileged = false;
  attributes.privileged_execute = true;
  pgtable::Builder& b = w.builders.front();
  ASSERT_TRUE(b.map(va + 0x1000, pa, 0x1000, attributes));
  const std::uint64_t at = (va + 0x1000) | TYPE_stage1;
  const std::uint64_t ok = success(pa, 0xff, 3), denied = fault(0x13);
  EXPECT_EQ(w.ask(1, at | PnU | RnW), ok);
  EXPECT_EQ(w.ask(1, at | RnW), denied) << "unprivileged";
  EXPECT_EQ(w.ask(1, at | PnU), denied) << "a write";
  EXPECT_EQ(w.ask(1, at | PnU | RnW | InD), ok) << "a privileged fetch";
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | InD), w.ask(1, va | TYPE_stage1)) << "InD is IGNORED for a write";
}

TEST(AtosRights, AreNotThoseOfTheOverridesOfTheSte) {
  AtosWorld w;
  w.three_streams();
  pgtable::Mapping attributes;
  attributes.unprivileged = false;
  ASSERT_TRUE(w.builders.front().map(va + 0x1000, pa, 0x1000, attributes));
  w.put_ste(1, ste_stage1(World::cd_address(1)).set(112, 2, 3));  // PRIVCFG: privileged
  EXPECT_EQ(w.access(1, va + 0x1000).outcome, smmu::Outcome::forward);
  EXPECT_EQ(w.ask(1, (va + 0x1000) | TYPE_stage1 | RnW), fault(0x13));
}

TEST(AtosRights, AreThoseOfTheStageThatIsAskedFor) {
  AtosWorld w;
  w.three_streams();
  w.change(w.descriptor(*w.ipas, ipa), 0, 0x80);  // S2AP: read only
  EXPECT_EQ(w.ask(3, va | TYPE_stage1), success(ipa, 0xff, 3)) << "a write, by stage 1";
  EXPECT_EQ(w.ask(3, ipa | TYPE_stage2), fault(0x13, 3));
  EXPECT_EQ(w.ask(3, va | TYPE_both), fault(0x13, 3, ipa));
}

// ---- faults

TEST(AtosFault, OfTheConfigurationIsTheNumberOfItsEvent) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(0x100, va | TYPE_stage1 | RnW), fault(0x02)) << "C_BAD_STREAMID";
  EXPECT_EQ(w.ask(9, va | TYPE_stage1 | RnW), fault(0x04)) << "C_BAD_STE";
  w.memory.make_abort(World::cd_address(1));
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0x09)) << "F_CD_FETCH";
  EXPECT_EQ(w.ask(3, va | TYPE_both | RnW), fault(0x09));
  w.memory.make_ok(World::cd_address(1));
  w.put(World::cd_address(1), Structure());
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0x0a)) << "C_BAD_CD";
  w.command(0x04, 31);
  w.memory.make_abort(World::strtab);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0x03)) << "F_STE_FETCH";
}

// 6.3.40: REASON is 0b00 of all that is no fault of a translation. 9.1.4's table would have 0b11 of TYPE
// stage 2.
TEST(AtosFault, OfTheConfigurationHasReason0WhateverIsAskedFor) {
  for (const std::uint64_t TYPE : {TYPE_stage1, TYPE_stage2, TYPE_both}) {
    AtosWorld w;
    w.three_streams();
    const std::uint64_t address = TYPE == TYPE_stage2 ? ipa : va;
    EXPECT_EQ(w.ask(0x100, address | TYPE | RnW), fault(0x02)) << "C_BAD_STREAMID";
    w.put_ste(3, Structure());
    EXPECT_EQ(w.ask(3, address | TYPE | RnW), fault(0x04)) << "C_BAD_STE";
    w.memory.make_abort(World::strtab);
    w.command(0x04, 31);
    EXPECT_EQ(w.ask(3, address | TYPE | RnW), fault(0x03)) << "F_STE_FETCH";
  }
}

TEST(AtosFault, OfStage1HasReason0AndNoAddress) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(1, 0x9000 | TYPE_stage1 | RnW), fault(0x10));
  EXPECT_EQ(w.ask(3, 0x9000 | TYPE_stage1 | RnW), fault(0x10));
  EXPECT_EQ(w.ask(3, 0x9000 | TYPE_both | RnW), fault(0x10));
  const auto at = w.builders.front().descriptor_address(va, 3);
  ASSERT_TRUE(at);
  w.change(*at, 0, 1 << 10);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0x12)) << "F_ACCESS";
  w.change(*at, 1ULL << 46 | 1 << 10, 0);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0x11)) << "F_ADDR_SIZE";
  w.memory.make_abort(*at);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0x0b)) << "F_WALK_EABT";
}

TEST(AtosFault, OfStage2OnTheInputHasReasonInAndTheIpaWithBothStagesOnly) {
  AtosWorld w;
  w.three_streams();
  ASSERT_TRUE(w.both->map(va + 0x1000, 0x60'0000, 0x1000));
  EXPECT_EQ(w.ask(3, (va + 0x1000) | TYPE_both | RnW), fault(0x10, 3, 0x60'0000));
  EXPECT_EQ(w.ask(3, 0x60'0000 | TYPE_stage2 | RnW), fault(0x10, 3));
  w.change(w.descriptor(*w.ipas, ipa), 0, 1 << 10);
  EXPECT_EQ(w.ask(3, va | TYPE_both | RnW), fault(0x12, 3, ipa));
  EXPECT_EQ(w.ask(2, ipa | TYPE_stage2 | RnW), fault(0x12, 3));
}

TEST(AtosFault, OfAnInputOfStage2BeyondTheIasIsAnAddressSizeFaultOfStage1) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(2, 1ULL << 44 | TYPE_stage2 | RnW), fault(0x11, 0));
  EXPECT_EQ(w.ask(2, 1ULL << 43 | TYPE_stage2 | RnW), fault(0x10, 3)) << "within the IAS: S2T0SZ decides";
}

TEST(AtosFault, OfStage2OnACdOrATableHasItsReasonAndAddressWithBothStagesOnly) {
  {
    AtosWorld w;
    w.three_streams();
    const std::uint64_t cd = Stage2World::ipa_of(World::cds);
    w.change(w.descriptor(*w.ipas, cd), 0, 1);
    EXPECT_EQ(w.ask(3, va | TYPE_both | RnW), fault(0x10, 1, cd));
    EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x09)) << "a fetch that failed, of stage 1";
  }
  AtosWorld w;
  w.three_streams();
  const auto table = w.both->descriptor_address(va, 3);
  ASSERT_TRUE(table);
  w.change(w.descriptor(*w.ipas, *table & ~0xfffULL), 0, 1);
  EXPECT_EQ(w.ask(3, va | TYPE_both | RnW), fault(0x10, 2, *table & ~0xfffULL));
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x0b)) << "a fetch that failed, of stage 1";
}

TEST(AtosFault, OfAFetchThatStage2MakesHasAReasonAndNoAddress) {
  AtosWorld w;
  w.three_streams();
  const std::uint64_t leaf = w.descriptor(*w.ipas, ipa);
  w.memory.make_abort(leaf);
  EXPECT_EQ(w.ask(3, ipa | TYPE_stage2 | RnW), fault(0x0b, 3));
  EXPECT_EQ(w.ask(3, va | TYPE_both | RnW), fault(0x0b, 3));
}

TEST(AtosFault, RecordsNoEventAndNeedsNoFaultConfiguration) {
  AtosWorld w;
  w.three_streams();
  w.ask(9, va | TYPE_stage1 | RnW);
  w.ask(1, 0x9000 | TYPE_stage1 | RnW);
  w.ask(3, 0x9000 | TYPE_both | RnW);
  EXPECT_FALSE(w.pop_event());
  EXPECT_EQ(w.irqs.eventq, 0);
  Structure cd = cd_for(w.builders.front().config(), 1);
  cd.set(45, 1, 0).set(46, 1, 0);  // R and A
  w.put(World::cd_address(1), cd);
  w.command(0x04, 31);
  EXPECT_EQ(w.ask(1, 0x9000 | TYPE_stage1 | RnW), fault(0x10));
}

TEST(AtosFault, OfASubstreamIDWithoutSubstreamsCannotBeAskedFor) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(1ULL << 52 | 1, va | TYPE_stage1 | RnW), success(pa, 0xff, 3)) << "SSID_VALID is RES0";
}

// ---- hardware updates

/// Stream 3 translates by both stages, which update flags. Nothing has been accessed yet, the page is clean.
class AtosFlags : public ::testing::Test {
 protected:
  static constexpr std::uint64_t AF = 1 << 10, AP2 = 1 << 7, S2AP_write = 1 << 7, DBM = 1ULL << 51;
  static Features with_httu() {
    Features f = with_atos();
    f.HTTU = 2;
    return f;
  }
  AtosFlags() : w(with_httu()) {
    pgtable::Config two = stage2_config();
    two.stage2.HA = two.stage2.HD = true;
    ipas = &w.guest(two);
    EXPECT_TRUE(ipas->map(ipa, pa, 0x1000));
    pgtable::Config one = Stage2World::stage1_config();
    one.stage1.HA = one.stage1.HD = true;
    pgtable::Builder& vas = w.nested_space(one);
    pgtable::Mapping m;
    m.unprivileged = true;
    EXPECT_TRUE(vas.map(va, ipa, 0x1000, m));
    w.put(World::cd_address(3), cd_for(vas.config(), 3));
    w.put_ste(3, ste_nested(Stage2World::ipa_of(World::cd_address(3)), ipas->config().stage2));
    page = w.descriptor(vas, va) - Stage2World::offset;
    w.change(page, DBM | AP2, AF);
    table = w.descriptor(*ipas, page + Stage2World::offset);
    cd = w.descriptor(*ipas, Stage2World::ipa_of(World::cds));
    output = w.descriptor(*ipas, ipa);
    for (const std::uint64_t at : {table, cd, output}) w.change(at, DBM, AF | S2AP_write);
  }
  std::vector<std::uint64_t> flags() {
    std::vector<std::uint64_t> all;
    for (const std::uint64_t at : {page, table, cd, output}) {
      all.push_back(w.memory.read(at, 8) & (AF | S2AP_write));
    }
    return all;
  }
  AtosWorld w;
  pgtable::Builder* ipas = nullptr;
  std::uint64_t page = 0, table = 0, cd = 0, output = 0;
};

TEST_F(AtosFlags, AreUpdatedAsForAnAccess) {
  EXPECT_EQ(w.ask(3, va | TYPE_both), success(pa, 0xff, 3));
  const std::vector<std::uint64_t> updated{AF, AF | S2AP_write, AF, AF | S2AP_write};
  EXPECT_EQ(flags(), updated) << "of the page, of its table, of the CD, of the output";
}

TEST_F(AtosFlags, AreLeftAloneAtBothStagesByHttuiAndCountAsSet) {
  const std::vector<std::uint64_t> before = flags();
  for (const std::uint64_t type : {TYPE_stage1, TYPE_both}) {
    for (const std::uint64_t direction : {std::uint64_t{0}, RnW}) {
      EXPECT_EQ(w.ask(3, va | type | direction | HTTUI), success(type == TYPE_both ? pa : ipa, 0xff, 3));
      EXPECT_EQ(flags(), before) << "TYPE " << (type >> 10) << ", of the page, its table, the CD, the output";
    }
  }
  EXPECT_EQ(w.ask(3, ipa | TYPE_stage2 | HTTUI), success(pa, 0xff, 3));
  EXPECT_EQ(flags(), before);
}

// ---- beside accesses and commands

TEST(AtosCaches, AreUsedAndFilledButForStage1OfBoth) {
  AtosWorld w;
  w.three_streams();
  w.ask(1, va | TYPE_stage1 | RnW);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 1U);
  const auto walks = w.smmu.engine_statistics().walks;
  w.access(1, va);
  w.ask(1, va | TYPE_stage1 | RnW);
  EXPECT_EQ(w.smmu.engine_statistics().walks, walks);
  w.ask(3, va | TYPE_stage1 | RnW);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 1U) << "entries of both stages lead to PAs";
  w.ask(3, va | TYPE_both | RnW);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 2U);
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), success(ipa, 0xff, 3));
}

TEST(AtosCaches, AreNotFilledWhereUpdatesAreInhibited) {
  AtosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW | HTTUI), success(pa, 0xff, 3));
  EXPECT_EQ(w.smmu.engine().tlb().size(), 0U);
}

TEST(AtosCaches, AnOldTranslationIsNotTheAnswerAfterItsInvalidation) {
  AtosWorld w;
  w.three_streams();
  w.ask(1, va | TYPE_stage1 | RnW);
  w.change(*w.builders.front().descriptor_address(va, 3), 0x1000, 0);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), success(pa, 0xff, 3)) << "caches sit in the path";
  w.command(0x30);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), success(pa | 0x1000, 0xff, 3));
}

TEST(AtosCaches, AnInvalidationThatOvertakesItKeepsItFromFillingThemAndSyncWaits) {
  AtosWorld w;
  w.three_streams();
  w.begin(1, va | TYPE_stage1 | RnW);
  ASSERT_EQ(w.atos().step(w.now), Step::need);
  w.push(0x30);
  w.push(0x46);
  while (w.work_on(w.commands())) {
  }
  EXPECT_EQ(w.read(0x9c), 1U) << "4.7.3";
  w.work();
  EXPECT_EQ(w.read(0x9c), 2U);
  EXPECT_EQ(w.read64(PAR), success(pa, 0xff, 3));
  EXPECT_EQ(w.smmu.engine().tlb().size(), 0U);
}

TEST(AtosTime, IsThatOfItsLookupsAndFetches) {
  Structures s;
  s.walk_port = {1000, 1000, 1};
  s.config = s.tlb = {3000, 1000, 1};
  s.walk_cache = {4000, 1000, 1};
  s.walker = {2000, 0, 2};
  AtosWorld w(with_atos(), s);
  w.memory.latency = 20'000;
  w.three_streams();
  w.begin(1, va | TYPE_stage1 | RnW);
  w.work();
  // configuration 3, STE and CD 21 each, TLB 3, walker 2, walk cache 4, three levels of 21
  EXPECT_EQ(w.now, 3'000U + 2 * 21'000U + 3'000U + 2'000U + 4'000U + 3 * 21'000U);
  const std::uint64_t at = w.now;
  w.begin(1, va | TYPE_stage1 | RnW);
  EXPECT_EQ(w.atos().step(w.now), Step::done);
  EXPECT_EQ(w.read(CTRL), 1U) << "a hit takes time, too";
  w.work();
  EXPECT_EQ(w.now, at + 6'000U);
}

TEST(AtosReset, EndsAnOperation) {
  AtosWorld w;
  w.three_streams();
  w.begin(3, va | TYPE_both | RnW);
  ASSERT_EQ(w.atos().step(w.now), Step::need);
  w.smmu.reset();
  EXPECT_EQ(w.read(CTRL), 0U);
  EXPECT_FALSE(w.smmu.interface().atos().running());
  EXPECT_EQ(w.smmu.engine().in_flight().all(), 0U);
  w.work();
  EXPECT_EQ(w.read64(PAR), 0U);
}

TEST(AtosArchive, GoesOnFromEachOfItsFetches) {
  Structures s;
  s.walk_port = {1000, 1000, 1};
  s.config = s.tlb = s.walk_cache = {3000, 1000, 1};
  for (const std::uint64_t type : {TYPE_stage1, TYPE_stage2, TYPE_both}) {
    for (unsigned fetches = 0;; ++fetches) {
      SCOPED_TRACE(std::to_string(type >> 10) + " " + std::to_string(fetches));
      AtosWorld w(with_atos(), s);
      w.memory.latency = 20'000;
      w.three_streams();
      w.begin(3, (type == TYPE_stage2 ? ipa : va) | type | RnW);
      for (unsigned i = 0; i < fetches && w.work_on(w.atos()); ++i) {
      }
      if (w.atos().due()) w.atos().step(std::max(w.now, *w.atos().due()));
      if (!w.smmu.interface().atos().running()) {
        EXPECT_GT(fetches, 2U);
        break;
      }
      AtosWorld v(with_atos(), s);
      v.memory = w.memory;
      v.now = w.now;
      ArchiveReader reader(saved(w.smmu));
      v.smmu.visit(reader);
      ASSERT_TRUE(reader.complete()) << reader.error();
      EXPECT_EQ(saved(v.smmu), saved(w.smmu));
      EXPECT_EQ(v.smmu.engine().in_flight().all(), w.smmu.engine().in_flight().all());
      w.work();
      v.work();
      EXPECT_EQ(v.read64(PAR), success(type == TYPE_stage1 ? ipa : pa, 0xff, 3));
      EXPECT_EQ(v.now, w.now);
      EXPECT_EQ(saved(v.smmu), saved(w.smmu));
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
