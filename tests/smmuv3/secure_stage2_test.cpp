// Stage 2 of Secure streams: two spaces of IPAs (IHI 0070 3.10.2.2, 5.2, 7.3).
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "secure_stage2_world.h"
#include "smmuvp/smmuv3/explain.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;

constexpr Origin secure_origin{SecSid::secure, false, false, false};

// ---- legality (5.2.2)

TEST(SecureStage2Ste, NeedsSel2AndVmsav864) {
  SecureStage2World w;
  for (const unsigned Config : {6U, 7U}) {
    Structure s = w.ste(Config);
    EXPECT_TRUE(Ste::decode(s.words, with_sel2(), secure_origin).valid);
    Features without = with_sel2();
    without.SEL2 = false;
    EXPECT_FALSE(Ste::decode(s.words, without, secure_origin).valid);
    EXPECT_TRUE(Ste::decode(s.words, without).valid) << "a Non-secure one";
    Features both = with_sel2();
    both.TTF = 3;
    EXPECT_FALSE(Ste::decode(s.set(179, 1, 0).words, both, secure_origin).valid) << "S2AA64";
  }
}

TEST(SecureStage2Ste, FieldsOfTheSecureTableAreChecked) {
  SecureStage2World w;
  struct Case {
    unsigned low, width;
    std::uint64_t value;
  };
  constexpr Case cases[] = {{302, 2, 3},                                   // S_S2TG: Reserved
                            {302, 2, 1},                                   // 64 KiB is not there
                            {288, 6, 50},                                  // S_S2T0SZ
                            {288, 6, 10}, {294, 2, 0}, {388 + 44, 1, 1}};  // S_S2TTB beyond S2PS
  for (const Case& c : cases) {
    Structure s = w.ste(6).set(c.low, c.width, c.value);
    EXPECT_FALSE(Ste::decode(s.words, with_sel2(), secure_origin).valid) << c.low << " " << c.value;
    EXPECT_TRUE(Ste::decode(s.words, with_sel2()).valid) << "RES0 in a Non-secure STE";
    s.set(1, 3, 4);
    EXPECT_TRUE(Ste::decode(s.words, with_sel2(), secure_origin).valid) << "IGNORED without stage 2";
  }
}

TEST(SecureStage2Ste, S2vmidCountsWhereStage2Translates) {
  SecureStage2World w;
  Features f = with_sel2();
  f.VMID16 = false;
  for (const unsigned Config : {6U, 7U}) {
    EXPECT_FALSE(Ste::decode(w.ste(Config, 0x107).words, f, secure_origin).valid);
    const Ste ste = Ste::decode(w.ste(Config, 0x7).words, f, secure_origin);
    ASSERT_TRUE(ste.valid);
    EXPECT_EQ(ste.vmid, 7U);
    EXPECT_EQ(ste.world, StreamWorld::Secure) << "STRW is IGNORED";
  }
}

// 5.2: one granule of 64 KiB makes S2DS RES0 for the other tables, too.
TEST(SecureStage2Ste, S2dsIsRes0WhereAGranuleIs64KiB) {
  SecureStage2World w;
  Features f = with_sel2();
  f.DS = f.GRAN64K = true;
  f.OAS = 52;
  f.VAX = 1;
  for (unsigned which = 0; which < 4; ++which) {
    const unsigned S2TG = which & 1;
    const unsigned S_S2TG = which >> 1;
    Structure s = w.ste(6).set(174, 2, S2TG).set(302, 2, S_S2TG).set(195, 1, 1);
    s.set(160, 6, 24).set(166, 2, 1).set(288, 6, 24).set(294, 2, 1);  // 40 bits, by either granule
    const Ste ste = Ste::decode(s.words, f, secure_origin);
    ASSERT_TRUE(ste.valid) << ste.why;
    EXPECT_EQ(ste.stage2.DS, which == 0) << which;
    EXPECT_EQ(Ste::decode(s.words, f).stage2.DS, S2TG == 0) << "S_S2TG is RES0 in a Non-secure STE";
    Ste asked;
    asked.origin = secure_origin;
    const StructureExplanation e = explain(StructureKind::STE, s.words.data(), f, asked);
    for (const ExplainedField& field : e.fields) {
      if (field.name != "S2DS" || which == 0) continue;
      EXPECT_EQ(field.meaning, S2TG != 0 ? "RES0: S2TG is 64 KiB" : "RES0: S_S2TG is 64 KiB");
      EXPECT_TRUE(field.wrong);
    }
  }
}

// ---- translations

TEST(SecureStage2Streams, TheInputNsAndNscfgChooseTheSpaceOfIpas) {
  for (unsigned controls = 0; controls < 16; ++controls) {
    SecureStage2World w(controls);
    for (unsigned NSCFG = 0; NSCFG < 4; ++NSCFG) {
      w.s_put_ste(1, w.ste(6).set(110, 2, NSCFG));
      for (const AddressSpace asked : spaces) {
        w.s_command(0x04 | SSec, 31);
        w.s_command(0x60);  // CMD_TLBI_SNH_ALL
        const AddressSpace ipa = NSCFG == 2 ? S : NSCFG == 3 ? NS : asked;
        smmu::AccessAnswer a;
        for (const auto& [purpose, space] : w.run(SecureWorld::s_request(1, 0x1234, asked), a)) {
          EXPECT_EQ(space, purpose == "TTD" ? w.table_space(ipa) : S) << purpose;
        }
        ASSERT_EQ(a.outcome, Outcome::forward) << controls << " " << NSCFG;
        EXPECT_EQ(a.output, (ipa == S ? SecureStage2World::s_page : SecureStage2World::ns_page) + 0x234);
        EXPECT_EQ(a.space, w.output_space(ipa));
      }
    }
  }
}

TEST(SecureStage2Streams, CachesTellTheSpacesOfIpasApart) {
  SecureStage2World w;
  w.s_put_ste(1, w.ste(6));
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(w.s_access(1, 0x1000, S).output, SecureStage2World::s_page);
    EXPECT_EQ(w.s_access(1, 0x1000, NS).output, SecureStage2World::ns_page);
  }
  EXPECT_EQ(w.smmu.engine().tlb().size(), 2U);
  EXPECT_EQ(w.smmu.engine().ipa_cache().size(), 2U);
  EXPECT_EQ(w.smmu.engine_statistics().walks, 2U);
  // 4.4.3.3: S_S2_IPA takes the one that NS names.
  for (const AddressSpace gone : spaces) {
    w.s_access(1, 0x1000, S);
    w.s_access(1, 0x1000, NS);
    const std::uint64_t walks = w.smmu.engine_statistics().walks;
    w.s_command(0x5a | 7ULL << 32, 0x1000 | (gone == NS ? 1ULL << 63 : 0));
    w.s_access(1, 0x1000, gone == S ? NS : S);
    EXPECT_EQ(w.smmu.engine_statistics().walks, walks);
    w.s_access(1, 0x1000, gone);
    EXPECT_EQ(w.smmu.engine_statistics().walks, walks + 1);
  }
}

TEST(SecureStage2Streams, SecureVmidsAreNotNonSecureOnes) {
  SecureStage2World w;
  pgtable::Builder& other = w.builder(stage2_config());
  ASSERT_TRUE(other.map(0x1000, 0xb000'1000, 0x1000));
  w.put_ste(1, ste_stage2(other.config().stage2, 7));
  w.s_put_ste(1, w.ste(6, 7));
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(w.access(1, 0x1000).output, 0xb000'1000U);
    EXPECT_EQ(w.s_access(1, 0x1000, NS).output, SecureStage2World::ns_page);
  }
  EXPECT_EQ(w.smmu.engine().tlb().size(), 2U);
}

TEST(SecureStage2Streams, ANestedStreamReadsItsCdAndTablesThroughSecureIpas) {
  for (unsigned controls = 0; controls < 16; ++controls) {
    for (const bool leaf_NS : {false, true}) {
      SecureStage2World w(controls);
      // What stage 2 makes of Secure IPAs says where the CD and the tables are.
      const AddressSpace there = w.output_space(S);
      pgtable::Builder& b = w.tables_in(there, SecureWorld::s_config());
      pgtable::Mapping m;
      m.NS = leaf_NS;
      ASSERT_TRUE(b.map(0x5000, 0x1000, 0x1000, m));
      w.put(SecureWorld::in(there, World::cd_address(1)), cd_for(b.config(), 1));
      w.s_put_ste(1, w.ste(7));
      const AddressSpace ipa = leaf_NS ? NS : S;
      smmu::AccessAnswer a;
      const auto all = w.run(SecureWorld::s_request(1, 0x5678, NS), a);
      ASSERT_EQ(a.outcome, Outcome::forward) << controls;
      EXPECT_EQ(a.output, (leaf_NS ? SecureStage2World::ns_page : SecureStage2World::s_page) + 0x678);
      EXPECT_EQ(a.space, w.output_space(ipa));
      for (const auto& [purpose, space] : all) {
        if (purpose == "STE") {
          EXPECT_EQ(space, S);
        } else if (purpose == "CD") {
          EXPECT_EQ(space, there);
        }
      }
    }
  }
}

TEST(SecureStage2Streams, NscfgOfTheCdReadsTablesThroughNonSecureIpas) {
  SecureStage2World w(8);  // NSA: what Non-secure IPAs give is Non-secure
  pgtable::Builder& b = w.tables_in(NS, SecureWorld::s_config());
  ASSERT_TRUE(b.map(0x5000, 0x1000, 0x1000));
  w.s_put(World::cd_address(1), cd_for(b.config(), 1).set(64, 1, 1));
  w.s_put_ste(1, w.ste(7));
  EXPECT_EQ(w.s_access(1, 0x5000).output, SecureStage2World::ns_page);
  EXPECT_EQ(w.s_access(1, 0x5000).space, NS);
  bool global = false;
  w.smmu.engine().tlb().for_each([&](const auto& e) { global = global || e.key().global; });
  EXPECT_FALSE(global) << "3.17.1";
}

TEST(SecureStage2Streams, S1dssBypassGoesToStage2WithTheInputNs) {
  Features f = with_sel2();
  f.SSIDSIZE = 4;
  SecureStage2World w(0, f);
  w.s_put_ste(1, w.ste(7).set(59, 5, 1).set(64, 2, 1));
  EXPECT_EQ(w.s_access(1, 0x1000, S).output, SecureStage2World::s_page);
  EXPECT_EQ(w.s_access(1, 0x1000, NS).output, SecureStage2World::ns_page);
}

// ---- events (7.3): NSIPA is the NS that stage 1 has given

Record record_of(std::uint64_t CLASS, std::uint64_t input, std::uint64_t IPA, bool NSIPA) {
  Expected e;
  e.StreamID = 1;
  e.CLASS = CLASS;
  e.InputAddr = input;
  e.IPA = IPA;
  Record r = e.record();
  r[1] |= std::uint64_t{NSIPA} << 38;
  return r;
}

TEST(SecureStage2Faults, NsipaTellsTheSpaceOfTheIpaOfTheInput) {
  SecureStage2World w;
  w.s_put_ste(1, w.ste(6));
  for (const AddressSpace asked : spaces) {
    EXPECT_EQ(w.s_access(1, 0x7000, asked).outcome, Outcome::abort);
    EXPECT_EQ(w.s_event(), record_of(2, 0x7000, 0x7000, asked == NS));
  }
  EXPECT_EQ(Event::decode(record_of(2, 0x7000, 0x7000, true)).NSIPA, true);
}

TEST(SecureStage2Faults, OfNestedStreamsOnTheCdOnTablesAndOnTheOutput) {
  SecureStage2World w;
  pgtable::Builder& b = w.tables_in(S, SecureWorld::s_config());
  pgtable::Mapping m;
  ASSERT_TRUE(b.map(0x5000, 0x7000, 0x1000, m));
  m.NS = true;
  ASSERT_TRUE(b.map(0x6000, 0x7000, 0x1000, m));
  w.s_put(World::cd_address(1), cd_for(b.config(), 1));
  w.s_put_ste(1, w.ste(7));
  w.s_access(1, 0x5000);
  EXPECT_EQ(w.s_event(), record_of(2, 0x5000, 0x7000, false));
  w.s_access(1, 0x6000);
  EXPECT_EQ(w.s_event(), record_of(2, 0x6000, 0x7000, true));
  // A table of stage 1 whose descriptor has NSTable, at an IPA that is not mapped.
  const std::uint64_t level1 = SecureWorld::secure(*b.descriptor_address(0x5000, 1));
  const std::uint64_t table = w.memory.read(level1, 8);
  for (const bool NSTable : {false, true}) {
    w.memory.write(level1, 0x7000 | 3 | (NSTable ? 1ULL << 63 : 0));
    w.s_command(0x58 | 7ULL << 32);
    w.s_access(1, 0x5000);
    EXPECT_EQ(w.s_event(), record_of(1, 0x5000, 0x7000, NSTable));
  }
  w.memory.write(level1, table);
  w.s_put_ste(1, w.ste(7).set(6, 50, 0x7000 >> 6));  // S1ContextPtr
  w.s_command(0x04 | SSec, 31);
  w.s_access(1, 0x5000);
  EXPECT_EQ(w.s_event(), record_of(0, 0x5000, 0x7000, false)) << "CDs have Secure IPAs";
}

TEST(SecureStage2Faults, NsipaOfANonSecureStreamAndOfStage1Is0) {
  SecureStage2World w;
  w.put_ste(1, ste_stage2(w.builder(stage2_config()).config().stage2));
  w.access(1, 0x7000);
  EXPECT_EQ(bits(*w.pop_event(), 102, 102), 0U);
  Event e;
  e.type = EventType::F_TRANSLATION;
  e.NSIPA = true;
  EXPECT_EQ(bits(e.words(), 102, 102), 0U) << "S2 is 0";
}

// ---- commands

TEST(SecureStage2Streams, APrefetchGoesByItsNs) {
  for (const AddressSpace asked : spaces) {
    SecureStage2World w;
    w.s_put_ste(1, w.ste(6));
    w.s_command(0x02 | of_stream(1) | SSec, 0x1000 | (asked == NS ? 1U << 11 : 0U));
    ASSERT_TRUE(w.s_commands_done());
    EXPECT_TRUE(w.diag.all.empty());
    ASSERT_EQ(w.smmu.engine().tlb().size(), 1U);
    const std::uint64_t walks = w.smmu.engine_statistics().walks;
    w.s_access(1, 0x1000, asked);
    EXPECT_EQ(w.smmu.engine_statistics().walks, walks);
    w.s_access(1, 0x1000, asked == S ? NS : S);
    EXPECT_EQ(w.smmu.engine_statistics().walks, walks + 1);
  }
}

TEST(SecureStage2Streams, SifCountsBeforeStage2) {
  SecureStage2World w;
  w.s_write(0x8020, CR0_implemented | CR0_SIF);
  w.s_put_ste(1, w.ste(6));
  EXPECT_EQ(w.s_fetch(1, 0x1000, NS).outcome, Outcome::abort);
  Expected e;
  e.type = 0x13;
  e.StreamID = 1;
  e.InD = true;
  e.S2 = false;
  e.InputAddr = 0x1000;
  EXPECT_EQ(w.s_event(), e.record());
}

}  // namespace
}  // namespace smmuvp::smmuv3
