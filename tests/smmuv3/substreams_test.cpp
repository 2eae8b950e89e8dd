// SubstreamIDs: tables of CDs, and what becomes of accesses with and without one (IHI 0070 5.2, 5.3, 7.3).
#include "smmuvp/smmuv3/explain_access.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

Features with_substreams() {
  Features f;
  f.SSIDSIZE = 20;
  f.CD2L = true;
  return f;
}

enum S1DSS : unsigned { terminate = 0, bypass = 1, use_cd_0 = 2, reserved = 3 };

Structure substreams(Structure ste, unsigned S1CDMax, unsigned S1Fmt = 0, unsigned S1DSS = terminate) {
  return ste.set(59, 5, S1CDMax).set(4, 2, S1Fmt).set(64, 2, S1DSS);
}

smmu::AccessRequest of_substream(std::uint32_t sid, std::uint32_t ssid, std::uint64_t address) {
  auto q = World::request(sid, address);
  q.substream_valid = true;
  q.substream_id = ssid;
  return q;
}

/// An L1CD.
constexpr std::uint64_t valid(std::uint64_t L2Ptr) { return L2Ptr | 1; }

/// The record of an error of configuration, every bit of it (7.3).
Record config_error(std::uint64_t type, std::uint32_t sid, std::optional<std::uint32_t> ssid = {}) {
  return {type | (ssid ? 1ULL << 11 | std::uint64_t{*ssid} << 12 : 0) | std::uint64_t{sid} << 32, 0, 0, 0};
}
/// C_BAD_SUBSTREAMID has no SSV (7.3.9).
Record bad_substream(std::uint32_t sid, std::uint32_t ssid) {
  return {0x08ULL | std::uint64_t{ssid} << 12 | std::uint64_t{sid} << 32, 0, 0, 0};
}

class Substreams : public ::testing::Test {
 protected:
  static constexpr std::uint64_t va = 0x1000;
  static constexpr std::uint64_t l1 = 0x6000'0000;
  static constexpr std::uint64_t l2 = 0x6100'0000;

  /// A CD at `address` whose only page, `va`, has the output address output_of(asid).
  void put_cd(std::uint64_t address, std::uint16_t asid) {
    pgtable::Builder& b = w.space();
    ASSERT_TRUE(b.map(va, output_of(asid), 0x1000));
    w.put(address, cd_for(b.config(), asid));
  }
  static std::uint64_t output_of(std::uint16_t asid) { return 0x8000'0000ULL + 0x1000ULL * asid; }
  /// Stream 1 with a linear table of 2^3 CDs; the ASID of each is its index plus 1.
  void linear(unsigned S1DSS = terminate) {
    for (std::uint16_t i = 0; i < 8; ++i) put_cd(l2 + 64ULL * i, static_cast<std::uint16_t>(i + 1));
    w.put_ste(1, substreams(ste_stage1(l2), 3, 0, S1DSS));
  }
  std::uint64_t output(std::uint32_t ssid) { return w.access(of_substream(1, ssid, va)).output; }

  Stage2World w{with_substreams()};
};

TEST_F(Substreams, EachIndexOfEachTableFormatHasItsCd) {
  struct Case {
    unsigned S1Fmt, S1CDMax, leaf_bits;
    std::vector<std::uint32_t> indexes;
  };
  const Case cases[] = {
      {0, 1, 20, {0, 1}},
      {0, 12, 20, {0, 1, 63, 64, 4095}},
      {0, 20, 20, {0, 0xfffff}},
      {3, 3, 20, {0, 7}},  // behaves as 0
      {1, 1, 6, {0, 1}},
      {1, 6, 6, {0, 63}},
      {1, 8, 6, {0, 63, 64, 255}},
      {1, 20, 6, {0, 0x3f, 0x40, 0xfffff}},
      {2, 2, 10, {0, 3}},
      {2, 10, 10, {0, 1023}},
      {2, 12, 10, {0, 1023, 1024, 4095}},
      {2, 20, 10, {0, 0x3ff, 0x400, 0xfffff}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(::testing::Message() << "S1Fmt " << c.S1Fmt << ", S1CDMax " << c.S1CDMax);
    w.clear();
    w.put_ste(1, substreams(ste_stage1(c.leaf_bits == 20 ? l2 << 4 : l1), c.S1CDMax, c.S1Fmt));
    w.command(0x4, 31);
    w.command(0x30);
    std::uint16_t asid = 0;
    for (const std::uint32_t index : c.indexes) {
      const std::uint32_t table = index >> c.leaf_bits;
      const std::uint64_t at = c.leaf_bits == 20 ? l2 << 4 : l2 + 0x10000ULL * (table & 0xff);
      if (c.leaf_bits != 20) w.memory.write(l1 + 8ULL * table, valid(at));
      put_cd(at + 64ULL * (index & ((1U << c.leaf_bits) - 1)), ++asid);
    }
    asid = 0;
    for (const std::uint32_t index : c.indexes) {
      const auto a = w.access(of_substream(1, index, va));
      EXPECT_EQ(a.outcome, Outcome::forward) << index;
      EXPECT_EQ(a.output, output_of(++asid)) << index;
    }
    const std::uint32_t beyond = 1U << c.S1CDMax;
    if (beyond > 0xfffff) continue;
    EXPECT_EQ(w.access(of_substream(1, beyond, va)).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), bad_substream(1, beyond));
  }
}

TEST_F(Substreams, TablesAreAlignedToTheirSizeWhateverTheirPointersSay) {
  // S1ContextPtr[S1CDMax + 5:6] of a linear table, [S1CDMax - 4:6] and [S1CDMax - 8:6] of level 1
  put_cd(l2, 1);
  w.put_ste(1, substreams(ste_stage1(l2 | 0x1c0), 3));
  EXPECT_EQ(output(0), output_of(1));
  w.memory.write(l1, valid(l2));
  w.put_ste(2, substreams(ste_stage1(l1 | 0x40), 10, 1));
  EXPECT_EQ(w.access(of_substream(2, 0, va)).output, output_of(1));
  w.put_ste(3, substreams(ste_stage1(l1 | 0x40), 14, 2));
  EXPECT_EQ(w.access(of_substream(3, 0, va)).output, output_of(1));
  // L1CD.L2Ptr[15:12] with tables of 64 KiB
  w.memory.write(l1, valid(l2 | 0xf000));
  w.put_ste(4, substreams(ste_stage1(l1), 11, 2));
  EXPECT_EQ(w.access(of_substream(4, 0, va)).output, output_of(1));
  // Small level 1 tables are aligned to 64 bytes alone, level 2 tables of 4 KiB to themselves.
  w.memory.write(l1 + 0x40, valid(l2 + 0x1000));
  put_cd(l2 + 0x1000, 2);
  w.put_ste(5, substreams(ste_stage1(l1 + 0x40), 9, 1));
  EXPECT_EQ(w.access(of_substream(5, 0, va)).output, output_of(2));
}

TEST_F(Substreams, WithoutOneS1dssDecides) {
  for (const unsigned S1DSS : {terminate, bypass, use_cd_0, reserved}) {
    SCOPED_TRACE(S1DSS);
    w.clear();
    linear(S1DSS);
    w.command(0x3 | 1ULL << 32);
    const auto a = w.access(1, va + 0x10);
    if (S1DSS == bypass) {
      EXPECT_EQ(a.outcome, Outcome::forward);
      EXPECT_EQ(a.output, va + 0x10) << "as though Config were 0b100";
    } else if (S1DSS == use_cd_0) {
      EXPECT_EQ(a.output, output_of(1) + 0x10);
    } else {
      EXPECT_EQ(a.outcome, Outcome::abort);
      EXPECT_EQ(w.event(), config_error(0x06, 1));
    }
    EXPECT_EQ(output(1), output_of(2)) << "others are translated all the same";
    EXPECT_FALSE(w.pop_event());
  }
}

TEST_F(Substreams, SubstreamID0IsRefusedWhereCd0IsForAccessesWithoutOne) {
  for (const unsigned S1DSS : {terminate, bypass, use_cd_0, reserved}) {
    SCOPED_TRACE(S1DSS);
    w.clear();
    linear(S1DSS);
    w.command(0x3 | 1ULL << 32);
    w.access(1, va);
    w.pop_event();
    const auto a = w.access(of_substream(1, 0, va));
    if (S1DSS == use_cd_0) {
      EXPECT_EQ(a.outcome, Outcome::abort);
      EXPECT_EQ(w.event(), config_error(0x06, 1)) << "7.3.7: no SubstreamID";
    } else {
      EXPECT_EQ(a.output, output_of(1));
    }
  }
}

TEST_F(Substreams, ABypassByS1dssHasTheAttributesOfTheSteAndEndsAtTheOas) {
  w.put_ste(1, substreams(ste_stage1(0x7000'0000), 3, 0, bypass).set(96, 4, 1).set(100, 1, 1).set(112, 2, 3));
  w.memory.make_abort(0x7000'0000);  // no CD is fetched
  const auto a = w.access(1, 0x12'3456'7000);
  EXPECT_EQ(a.output, 0x12'3456'7000U);
  EXPECT_EQ(a.attributes.memory, 0x04U);
  EXPECT_TRUE(a.privileged);
  EXPECT_EQ(w.access(1, 1ULL << 44).outcome, Outcome::abort);
  Expected e;
  e.type = 0x11;
  e.StreamID = 1;
  e.PnU = true;
  e.S2 = false;
  e.InputAddr = 1ULL << 44;
  EXPECT_EQ(w.event(), e.record()) << "7.3.14";
}

TEST_F(Substreams, AreRefusedWithOneCdAlone) {
  put_cd(l2, 1);
  for (const unsigned S1DSS : {terminate, bypass, use_cd_0, reserved}) {
    w.put_ste(S1DSS, substreams(ste_stage1(l2), 0, 1, S1DSS));
    EXPECT_EQ(w.access(S1DSS, va).output, output_of(1)) << "S1Fmt and S1DSS are IGNORED with S1CDMax 0";
    EXPECT_EQ(w.access(of_substream(S1DSS, 0, va)).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), bad_substream(S1DSS, 0));
  }
}

TEST_F(Substreams, ATranslationFaultIsRecordedWithItsSubstreamID) {
  linear(use_cd_0);
  EXPECT_EQ(w.access(of_substream(1, 5, 0x5000)).outcome, Outcome::abort);
  Expected e;
  e.StreamID = 1;
  e.S2 = false;
  e.InputAddr = 0x5000;
  Record expected = e.record();
  expected[0] |= 1ULL << 11 | 5ULL << 12;
  EXPECT_EQ(w.event(), expected);
  EXPECT_EQ(w.access(1, 0x5000).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), e.record()) << "without a SubstreamID, though CD 0 is used";
}

// ---- L1CDs

TEST_F(Substreams, AnInvalidL1cdIsCBadSubstreamID) {
  for (const std::uint64_t l1cd : {std::uint64_t{l2}, valid(1ULL << 44), valid(1ULL << 55)}) {
    w.memory.write(l1 + 8, l1cd);  // V 0; L2Ptr beyond OAS
    w.put_ste(1, substreams(ste_stage1(l1), 8, 1));
    EXPECT_EQ(w.access(of_substream(1, 64, va)).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), bad_substream(1, 64));
  }
}

TEST_F(Substreams, AnInvalidL1cdOfCd0IsRecordedWithSubstreamID0) {
  auto q = World::request(1, va);
  q.substream_id = 0x77;  // not valid
  w.put_ste(1, substreams(ste_stage1(l1), 8, 1, use_cd_0));
  EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), bad_substream(1, 0)) << "7.3.9";
}

TEST_F(Substreams, AnAbortOfAnL1cdOrCdIsRecordedWithItsAddressAndCachesNothing) {
  w.memory.write(l1 + 8, valid(l2));
  put_cd(l2 + 64, 1);
  w.put_ste(1, substreams(ste_stage1(l1), 8, 1));
  for (const std::uint64_t at : {l1 + 8, l2 + 64}) {
    w.memory.make_abort(at);
    EXPECT_EQ(w.access(of_substream(1, 65, va)).outcome, Outcome::abort);
    Record expected = config_error(0x09, 1, 65);
    expected[3] = at;
    EXPECT_EQ(w.event(), expected);
    w.memory.make_ok(at);
  }
  EXPECT_EQ(output(65), output_of(1));
}

TEST_F(Substreams, AnL1cdIsFetchedInOneOperationOf8BytesWithTheAttributesOfTheSte) {
  w.put_ste(1, substreams(ste_stage1(l1), 8, 1).set(66, 2, 1).set(68, 2, 2).set(70, 2, 3));
  Access a(w.smmu, of_substream(1, 64, va));
  ASSERT_EQ(a.step(), smmu::Step::need);
  a.complete(w.memory.carry_out(a.op()));
  ASSERT_EQ(a.step(), smmu::Step::need);
  EXPECT_STREQ(a.op().purpose, "L1CD");
  EXPECT_EQ(a.op().address, l1 + 8);
  EXPECT_EQ(a.op().size, 8);
  EXPECT_EQ(a.op().attributes.SH, smmu::Shareability::inner);
  EXPECT_EQ(a.op().attributes.memory >> 4, 0xaU) << "S1COR: Write-Through, Read-Allocate";
  EXPECT_EQ(a.op().attributes.memory & 0xe, 0xeU) << "S1CIR: Write-Back, Read-Allocate";
}

// ---- with stage 2

class NestedSubstreams : public Substreams {
 protected:
  static constexpr std::uint64_t offset = Stage2World::offset;
  NestedSubstreams() : ipas(w.guest()) {
    EXPECT_TRUE(ipas.map(offset + l1, l1, 0x1000));
    EXPECT_TRUE(ipas.map(offset + l2, l2, 0x1000));
    EXPECT_TRUE(ipas.map(0x7000'0000, 0x9000'0000, 0x1000));
    w.memory.write(l1 + 8, valid(offset + l2));
    pgtable::Builder& b = w.nested_space(Stage2World::stage1_config());
    EXPECT_TRUE(b.map(va, 0x7000'0000, 0x1000));
    w.put(l2 + 64, cd_for(b.config(), 1));
    w.put_ste(1, substreams(ste_nested(offset + l1, ipas.config().stage2), 8, 1, bypass));
  }
  Record cd_fault(std::uint64_t ipa) {
    Expected e;
    e.StreamID = 1;
    e.CLASS = 0;
    e.InputAddr = va;
    e.IPA = ipa;
    Record r = e.record();
    r[0] |= 1ULL << 11 | 65ULL << 12;
    return r;
  }
  pgtable::Builder& ipas;
};

TEST_F(NestedSubstreams, PointersToCdsAreIpas) {
  const auto a = w.access(of_substream(1, 65, va + 8));
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x9000'0008U);
}

TEST_F(NestedSubstreams, AFaultOnTheAddressOfAnL1cdOrCdIsOfStage2AndOfClassCd) {
  for (const std::uint64_t at : {l1, l2}) {
    const std::uint64_t leaf = w.descriptor(ipas, offset + at);
    const std::uint64_t before = w.memory.read(leaf, 8);
    w.memory.write(leaf, 0);
    w.command(0x3 | 1ULL << 32);
    w.command(0x30);
    EXPECT_EQ(w.access(of_substream(1, 65, va)).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), cd_fault(offset + at));
    w.memory.write(leaf, before);
  }
  w.command(0x30);
  EXPECT_EQ(w.access(of_substream(1, 65, va)).outcome, Outcome::forward) << "no failure is cached";
}

TEST_F(NestedSubstreams, AnL2ptrBeyondTheIasIsCBadSubstreamID) {
  w.memory.write(l1 + 8, valid(1ULL << 44));
  EXPECT_EQ(w.access(of_substream(1, 65, va)).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), bad_substream(1, 65));
}

TEST_F(NestedSubstreams, ABypassByS1dssGoesThroughStage2) {
  w.memory.write(w.descriptor(ipas, offset + l1), 0);  // no CD is fetched
  EXPECT_EQ(w.access(1, 0x7000'0010).output, 0x9000'0010U);
  EXPECT_EQ(w.access(1, 0x7100'0000).outcome, Outcome::abort);
  Expected e;
  e.StreamID = 1;
  e.InputAddr = e.IPA = 0x7100'0000;
  EXPECT_EQ(w.event(), e.record());
  // Its entries are those of stage 2 alone, by VMID.
  w.memory.write(w.descriptor(ipas, 0x7000'0000), 0);
  w.command(0x12);  // CMD_TLBI_NH_VA of VMID 0
  EXPECT_EQ(w.access(1, 0x7000'0010).outcome, Outcome::forward);
  w.command(0x2a | 7ULL << 32, 0x7000'0000);  // CMD_TLBI_S2_IPA
  EXPECT_EQ(w.access(1, 0x7000'0010).outcome, Outcome::abort);
}

TEST_F(NestedSubstreams, EachPointerIsExplained) {
  const AccessExplanation e = explain(w.smmu, of_substream(1, 65, va),
                                      [this](const smmu::MemoryOp& op) { return w.memory.carry_out(op); });
  ASSERT_EQ(e.structures.size(), 3U);
  EXPECT_EQ(e.structures[1].kind, StructureKind::L1CD);
  EXPECT_EQ(e.structures[1].address, l1 + 8);
  EXPECT_EQ(e.structures[2].address, l2 + 64);
  ASSERT_EQ(e.cd_addresses.size(), 2U);
  EXPECT_EQ(e.cd_addresses[0].kind, StructureKind::L1CD);
  EXPECT_EQ(e.cd_addresses[0].ipa, offset + l1 + 8);
  EXPECT_EQ(e.cd_addresses[1].ipa, offset + l2 + 64);
  EXPECT_NE(to_text(e).find("address of the L1CD, by stage 2"), std::string::npos) << to_text(e);
}

// ---- caches

TEST_F(Substreams, CfgiCdTakesTheCdOfItsIndexAlone) {
  linear(use_cd_0);
  for (std::uint32_t i = 1; i < 8; ++i) output(i);
  w.access(1, va);
  for (std::uint16_t i = 0; i < 8; ++i) put_cd(l2 + 64ULL * i, static_cast<std::uint16_t>(i + 11));
  w.command(0x5 | 1ULL << 11 | 3ULL << 12 | 1ULL << 32);
  for (std::uint16_t i = 1; i < 8; ++i) EXPECT_EQ(output(i), output_of(i == 3 ? 14 : i + 1)) << i;
  EXPECT_EQ(w.access(1, va).output, output_of(1));
  w.command(0x5 | 1ULL << 32);
  EXPECT_EQ(w.access(1, va).output, output_of(11)) << "4.3.3: index 0 is the CD of accesses without one";
  EXPECT_EQ(output(4), output_of(5));
  w.command(0x6 | 1ULL << 32);  // CMD_CFGI_CD_ALL
  for (std::uint16_t i = 1; i < 8; ++i) EXPECT_EQ(output(i), output_of(i + 11)) << i;
}

TEST_F(Substreams, AnL1cdIsReadAnewForEachCd) {
  w.memory.write(l1, valid(l2));
  put_cd(l2 + 64, 1);
  put_cd(l2 + 0x1000 + 128, 2);
  w.put_ste(1, substreams(ste_stage1(l1), 8, 1));
  EXPECT_EQ(output(1), output_of(1));
  w.memory.write(l1, valid(l2 + 0x1000));
  EXPECT_EQ(output(2), output_of(2)) << "permitted: L1CDs are not cached";
  EXPECT_EQ(output(1), output_of(1)) << "the CD is";
}

TEST_F(Substreams, ATbuKeepsAnAnswerForEachAndCfgiTakesThemAll) {
  linear(use_cd_0);
  const auto hits = [this] { return w.smmu.engine_statistics().micro_tlb_hits; };
  for (std::uint16_t i = 1; i < 8; ++i) EXPECT_EQ(output(i), output_of(i + 1));
  EXPECT_EQ(w.access(1, va).output, output_of(1));
  EXPECT_EQ(hits(), 0U) << "no answer is another's";
  for (std::uint16_t i = 1; i < 8; ++i) EXPECT_EQ(output(i), output_of(i + 1));
  EXPECT_EQ(w.access(1, va).output, output_of(1));
  EXPECT_EQ(hits(), 8U);
  w.command(0x3 | 2ULL << 32);  // CMD_CFGI_STE of another stream
  EXPECT_EQ(output(7), output_of(8));
  EXPECT_EQ(hits(), 9U);
  w.command(0x3 | 1ULL << 32);
  for (std::uint16_t i = 1; i < 8; ++i) EXPECT_EQ(output(i), output_of(i + 1));
  EXPECT_EQ(hits(), 9U);
  w.command(0x4 | 0ULL << 32, 0);  // CMD_CFGI_STE_RANGE: streams 0 and 1
  output(7);
  EXPECT_EQ(hits(), 9U);
}

TEST_F(Substreams, OfEqualAsidsShareTheirTlbEntries) {
  linear();
  pgtable::Builder& b = w.space();
  ASSERT_TRUE(b.map(va, 0x9000'0000, 0x1000));
  for (const std::uint32_t i : {2U, 3U}) w.put(l2 + 64ULL * i, cd_for(b.config(), 99));
  output(2);
  w.memory.write(b.descriptor_address(va, 3).value_or(0), 0);
  EXPECT_EQ(output(3), 0x9000'0000U) << "3.3.3: translations have no SubstreamID";
}

// ---- legality

TEST(SubstreamsSte, S1cdmaxIsAtMostSsidsizeAndIgnoredWithoutSubstreams) {
  for (unsigned SSIDSIZE = 0; SSIDSIZE <= 20; ++SSIDSIZE) {
    Features f;
    f.SSIDSIZE = static_cast<std::uint8_t>(SSIDSIZE);
    EXPECT_EQ(f.problem(), nullptr);
    for (unsigned S1CDMax = 0; S1CDMax < 32; ++S1CDMax) {
      const Ste s = Ste::decode(substreams(ste_stage1(World::cds), S1CDMax).words, f);
      EXPECT_EQ(s.valid, SSIDSIZE == 0 || S1CDMax <= SSIDSIZE) << SSIDSIZE << ", " << S1CDMax;
      if (SSIDSIZE == 0) {
        EXPECT_EQ(s.cds.S1CDMax, 0U);
      }
      Structure off = substreams(ste_bypass(), S1CDMax, 1);
      EXPECT_TRUE(Ste::decode(off.words, f).valid) << "IGNORED where stage 1 bypasses";
    }
  }
  Features f;
  f.SSIDSIZE = 21;
  EXPECT_NE(f.problem(), nullptr);
}

TEST(SubstreamsSte, TwoLevelsOfCdsNeedCd2lUnlessS1fmtIsIgnored) {
  for (const bool CD2L : {false, true}) {
    for (const unsigned SSIDSIZE : {0U, 8U}) {
      for (const unsigned S1CDMax : {0U, 5U}) {
        for (unsigned S1Fmt = 0; S1Fmt < 4; ++S1Fmt) {
          Features f;
          f.CD2L = CD2L;
          f.SSIDSIZE = static_cast<std::uint8_t>(SSIDSIZE);
          const bool two = S1Fmt == 1 || S1Fmt == 2;
          const bool ignored = SSIDSIZE == 0 || S1CDMax == 0;
          const Ste s = Ste::decode(substreams(ste_stage1(World::cds), S1CDMax, S1Fmt).words, f);
          EXPECT_EQ(s.valid, ignored || !two || CD2L) << SSIDSIZE << S1CDMax << S1Fmt;
          if (s.valid) {
            EXPECT_EQ(s.cds.two_level(), two && !ignored);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
