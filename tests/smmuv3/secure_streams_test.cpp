// Secure streams: whose structures and tables serve them, in which PA space, and what they give (IHI 0070
// 3.3.3, 3.10.1, 3.10.2, 5.2, 5.4, 13.4).
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "secure_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;

constexpr AddressSpace NS = AddressSpace::non_secure;
constexpr AddressSpace S = AddressSpace::secure;
constexpr Origin secure_origin{SecSid::secure, false, false, false};

/// Everything that an access asks of memory, by purpose.
std::multimap<std::string, AddressSpace> fetches(SecureWorld& w, const smmu::AccessRequest& r,
                                                 smmu::AccessAnswer* answer = nullptr) {
  std::multimap<std::string, AddressSpace> all;
  Access access(w.smmu, r);
  while (access.step() == smmu::Step::need) {
    all.emplace(access.op().purpose, access.op().space);
    access.complete(w.memory.carry_out(access.op()));
  }
  if (answer != nullptr) *answer = access.answer();
  return all;
}

TEST(SecureStreams, AreServedByTheSecureStreamTableAlone) {
  SecureWorld w;
  w.start();
  w.s_start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'1000, 0x1000));
  ASSERT_TRUE(w.s_stream(1).map(0x1000, 0x9000'1000, 0x1000));
  w.put_ste(2, ste_bypass());
  w.s_put_ste(3, ste_bypass());
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(w.access(1, 0x1000).output, 0x8000'1000U);
    EXPECT_EQ(w.access(1, 0x1000).space, NS);
    EXPECT_EQ(w.s_access(1, 0x1000).output, 0x9000'1000U);
    EXPECT_EQ(w.s_access(1, 0x1000).space, S);
  }
  EXPECT_EQ(w.s_access(2, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(w.access(3, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(w.pop_event().value()[0], 4U | of_stream(3)) << "C_BAD_STE";
  EXPECT_EQ(w.s_event()[0], 4U | of_stream(2));
  EXPECT_FALSE(w.pop_event());
  EXPECT_FALSE(w.s_pop_event());
}

TEST(SecureStreams, StructuresAndTablesAreFetchedFromSecurePaSpace) {
  SecureWorld w;
  w.start();
  w.s_start();
  ASSERT_TRUE(w.s_stream(1).map(0x1000, 0x9000'1000, 0x1000));
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'1000, 0x1000));
  for (const AddressSpace asked : {NS, S}) {
    const auto all = fetches(w, SecureWorld::s_request(1, asked == S ? 0x1000 : 0x1800, asked));
    for (const auto& [purpose, space] : all) EXPECT_EQ(space, S) << purpose;
  }
  for (const auto& [purpose, space] : fetches(w, World::request(1, 0x1000))) EXPECT_EQ(space, NS) << purpose;
}

TEST(SecureStreams, TwoLevelsOfBothTablesAreSecure) {
  Features f = with_secure();
  f.SSIDSIZE = 8;
  f.CD2L = true;
  SecureWorld w(f);
  w.s_start(8, 0);
  w.s_write(0x8088, 1U << 16 | 6U << 6 | 8U);
  w.s_write(0x8020, CR0_implemented);
  w.memory.write(SecureWorld::secure(World::strtab), 0x1100'0000 | 7);
  pgtable::Builder& b = w.tables_in(S, SecureWorld::s_config());
  ASSERT_TRUE(b.map(0x1000, 0x9000'1000, 0x1000));
  Structure ste = ste_stage1(0x4000'0000).set(4, 2, 1).set(59, 5, 8);
  w.s_put(0x1100'0000 + 64, ste);
  w.memory.write(SecureWorld::secure(0x4000'0000), 0x4100'0000 | 1);
  w.s_put(0x4100'0000 + 64 * 3, cd_for(b.config(), 1));
  smmu::AccessRequest r = SecureWorld::s_request(1, 0x1000);
  r.substream_valid = true;
  r.substream_id = 3;
  smmu::AccessAnswer a;
  const auto all = fetches(w, r, &a);
  EXPECT_EQ(a.output, 0x9000'1000U);
  for (const char* purpose : {"L1STD", "STE", "L1CD", "CD", "TTD"})
    EXPECT_GE(all.count(purpose), 1U) << purpose;
  for (const auto& [purpose, space] : all) EXPECT_EQ(space, S) << purpose;
}

// 3.10.1, 3.10.2.1
TEST(SecureStreams, WithoutASecureStateAStreamIsNonSecure) {
  SecureWorld w{Features{}};
  w.start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'1000, 0x1000));
  const smmu::AccessAnswer a = w.s_access(1, 0x1000);
  EXPECT_EQ(a.output, 0x8000'1000U);
  EXPECT_EQ(a.space, NS);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "SEC_SID");
}

TEST(SecureStreams, HaveAsManyStreamIDsAsSSidsizeSays) {
  Features f = with_secure();
  f.S_SIDSIZE = 4;
  SecureWorld w(f);
  w.s_start(8);
  w.s_put_ste(15, ste_bypass());
  w.s_put_ste(16, ste_bypass());
  EXPECT_EQ(w.s_access(15, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.s_access(16, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(w.s_event()[0], 2U | of_stream(16)) << "C_BAD_STREAMID";
  w.s_write(0x8020, 0);
  w.work();
  w.s_write(0x802c, 0);
  w.s_write(0x8020, CR0_implemented);
  w.s_access(16, 0x1000);
  EXPECT_FALSE(w.s_pop_event()) << "6.3.60: RECINVSID";
}

// 13.4.2, 5.4: NSCFGx, NSTable and NS decide; the NS of the access and NSCFG of the STE do not.
TEST(SecureStreams, TablesDecideAboutTheSpaceOfTheOutput) {
  for (const bool leaf_NS : {false, true}) {
    for (const bool NSCFG0 : {false, true}) {
      for (const bool NSTable : {false, true}) {
        SecureWorld w;
        w.s_start();
        pgtable::Builder& b = w.s_stream(1);
        pgtable::Mapping m;
        m.NS = leaf_NS;
        ASSERT_TRUE(b.map(0x1000, 0x9000'1000, 0x1000, m));
        Structure cd = cd_for(b.config(), 1);
        w.s_put(World::cd_address(1), cd.set(64, 1, NSCFG0));
        if (NSTable) {
          const std::uint64_t at = SecureWorld::secure(*b.descriptor_address(0x1000, 1));
          w.memory.write(at, w.memory.read(at, 8) | 1ULL << 63);
        }
        // The same tables at the same addresses of both spaces.
        for (std::uint64_t a = World::tables; a < World::tables + 0x10000; a += 8) {
          w.memory.write(a, w.memory.read(SecureWorld::secure(a), 8));
        }
        for (const unsigned STE_NSCFG : {0U, 2U, 3U}) {
          w.s_put_ste(1, ste_stage1(World::cd_address(1)).set(110, 2, STE_NSCFG));
          w.s_command(0x04 | SSec, 31);
          w.s_command(0x10);
          for (const AddressSpace asked : {NS, S}) {
            w.s_command(0x10);
            smmu::AccessAnswer a;
            std::vector<AddressSpace> tables;
            for (const auto& [purpose, space] : fetches(w, SecureWorld::s_request(1, 0x1000, asked), &a)) {
              if (purpose == "TTD") tables.push_back(space);
            }
            EXPECT_EQ(a.space, leaf_NS || NSCFG0 || NSTable ? NS : S);
            ASSERT_EQ(tables.size(), 3U);
            EXPECT_EQ(tables[0], NSCFG0 ? NS : S);
            EXPECT_EQ(tables[1], NSCFG0 || NSTable ? NS : S);
            EXPECT_EQ(tables[2], NSCFG0 || NSTable ? NS : S);
          }
        }
      }
    }
  }
}

TEST(SecureStreams, NscfgOfEachRangeIsItsOwn) {
  SecureWorld w;
  w.s_start();
  pgtable::Builder& b = w.tables_in(NS, SecureWorld::s_config());
  const std::uint64_t high = ~std::uint64_t{0} << 39 | 0x1000;
  ASSERT_TRUE(b.map(high, 0x9000'1000, 0x1000));
  Structure cd = cd_for(b.config(), 1).set(128, 1, 1);
  w.s_put(World::cd_address(1), cd);
  w.s_put_ste(1, ste_stage1(World::cd_address(1)));
  EXPECT_EQ(w.s_access(1, high).output, 0x9000'1000U);
  EXPECT_EQ(w.s_access(1, high).space, NS);
  EXPECT_EQ(w.s_access(1, 0x1000).outcome, Outcome::abort) << "NSCFG0 is 0, and nothing is there";
}

TEST(SecureStreams, NscfgOfACdOfANonSecureStreamIsIgnored) {
  SecureWorld w;
  w.start();
  pgtable::Builder& b = w.stream(1);
  ASSERT_TRUE(b.map(0x1000, 0x8000'1000, 0x1000));
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(64, 1, 1).set(128, 1, 1));
  EXPECT_EQ(w.access(1, 0x1000).output, 0x8000'1000U);
}

// 5.2, NSCFG
TEST(SecureStreams, NscfgOfAnSteDecidesWhereNothingIsTranslated) {
  for (const bool OVR : {true, false}) {
    Features f = with_secure();
    f.ATTR_PERMS_OVR = OVR;
    SecureWorld w(f);
    w.start();
    w.s_start();
    for (unsigned NSCFG = 0; NSCFG < 4; ++NSCFG) {
      w.s_put_ste(NSCFG, ste_bypass().set(110, 2, NSCFG));
      w.put_ste(NSCFG, ste_bypass().set(110, 2, NSCFG));
      for (const AddressSpace asked : {NS, S}) {
        const AddressSpace forced = NSCFG == 2 ? S : NS;
        EXPECT_EQ(w.s_access(NSCFG, 0x1000, asked).space, OVR && NSCFG >= 2 ? forced : asked) << NSCFG;
        EXPECT_EQ(w.access(NSCFG, 0x1000).space, NS) << "IGNORED in a Non-secure STE";
      }
    }
  }
}

// ---- StreamWorlds (3.3.3, 5.2)

TEST(SecureWorlds, StrwAndE2hGiveTheStreamWorld) {
  for (const bool SEL2 : {false, true}) {
    for (const bool E2H : {false, true}) {
      for (unsigned STRW = 0; STRW < 4; ++STRW) {
        const Structure s = ste_stage1(0x1000).set(94, 2, STRW);
        const Ste ste = Ste::decode(s.words, SEL2 ? with_sel2() : with_secure(),
                                    Origin{SecSid::secure, E2H, false, false});
        const bool legal = STRW == 0 || STRW == 1 || (STRW == 2 && SEL2);
        EXPECT_EQ(ste.valid, legal) << STRW;
        if (!legal) continue;
        const StreamWorld expected = STRW == 0   ? StreamWorld::Secure
                                     : STRW == 1 ? StreamWorld::EL3
                                     : E2H       ? StreamWorld::S_EL2_E2H
                                                 : StreamWorld::S_EL2;
        EXPECT_EQ(ste.world, expected);
      }
    }
  }
}

TEST(SecureWorlds, StrwCountsWhateverHypSaysAndOnlyWhereStage1TranslatesAlone) {
  Features f = with_secure();
  EXPECT_FALSE(f.Hyp);
  Structure el3 = ste_stage1(0x1000).set(94, 2, 1);
  EXPECT_EQ(Ste::decode(el3.words, f, secure_origin).world, StreamWorld::EL3);
  for (unsigned STRW = 0; STRW < 4; ++STRW) {
    EXPECT_TRUE(Ste::decode(ste_bypass().set(94, 2, STRW).words, f, secure_origin).valid);
    EXPECT_TRUE(Ste::decode(ste_abort().set(94, 2, STRW).words, f, secure_origin).valid);
  }
  EXPECT_FALSE(Ste::decode(el3.words, with_sel2()).valid) << "of a Non-secure STE 0b01 is Reserved";
}

TEST(SecureWorlds, El3AndSEl2HaveOneRangeAndNoUnprivilegedRights) {
  for (const unsigned STRW : {1U, 2U}) {
    SecureWorld w(with_sel2());
    w.s_start();
    pgtable::Config c = SecureWorld::s_config();
    c.regime = STRW == 1 ? pgtable::Regime::el3 : pgtable::Regime::el2;
    pgtable::Builder& b = w.tables_in(S, c);
    ASSERT_TRUE(b.map(0x1000, 0x9000'1000, 0x1000));
    // EPD0, ASID and TTB1's fields are IGNORED or RES0.
    w.s_put(World::cd_address(1), cd_for(b.config(), 0x1234).set(14, 1, 1).set(16, 6, 63).set(30, 1, 0));
    w.s_put_ste(1, ste_stage1(World::cd_address(1)).set(94, 2, STRW));
    EXPECT_EQ(w.s_access(1, 0x1000).output, 0x9000'1000U) << "unprivileged";
    EXPECT_EQ(w.s_access(1, ~0xfffULL).outcome, Outcome::abort);
    EXPECT_EQ(bits(w.s_event(), 7, 0), 0x10U);
    const auto keys = [&] {
      std::vector<smmu::Tag> tags;
      w.smmu.engine().tlb().for_each([&](const auto& e) { tags.push_back(e.tag()); });
      return tags;
    }();
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_EQ(keys[0].regime, static_cast<std::uint8_t>(STRW == 1 ? StreamWorld::EL3 : StreamWorld::S_EL2));
    EXPECT_EQ(keys[0].asid, 0U);
    EXPECT_EQ(keys[0].vmid, 0U);
  }
}

TEST(SecureWorlds, OfVmsav832AreSecureOnly) {
  Features f = with_sel2();
  f.TTF = 3;
  pgtable::Config c;
  c.stage1.format = pgtable::Format::lpae32;
  c.stage1.output_size = 40;
  for (auto& t : c.stage1.tables) t.TxSZ = 0, t.EPD = false;
  const Structure cd = cd_for(c, 1);
  for (const bool E2H : {false, true}) {
    for (const unsigned STRW : {0U, 1U, 2U}) {
      const Ste ste = Ste::decode(ste_stage1(0x1000).set(94, 2, STRW).words, f,
                                  Origin{SecSid::secure, E2H, false, false});
      ASSERT_TRUE(ste.valid);
      EXPECT_EQ(Cd::decode(cd.words, f, ste).valid, STRW == 0) << "5.4, AA64; STRW " << STRW;
    }
  }
}

TEST(SecureWorlds, KeepTheirTranslationsApart) {
  SecureWorld w(with_sel2());
  w.start();
  w.s_start();
  const unsigned STRW[] = {0, 1, 2};
  for (unsigned i = 0; i < 3; ++i) {
    ASSERT_TRUE(w.s_stream(i + 1, 7, STRW[i]).map(0x1000, 0x9000'0000 + 0x10'0000 * i, 0x1000));
  }
  ASSERT_TRUE(w.stream(1, 7).map(0x1000, 0x8000'0000, 0x1000));
  for (int again = 0; again < 2; ++again) {
    for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(w.s_access(i + 1, 0x1000).output, 0x9000'0000 + 0x10'0000 * i);
    EXPECT_EQ(w.access(1, 0x1000).output, 0x8000'0000U);
  }
  EXPECT_EQ(w.smmu.engine().tlb().size(), 4U);
}

// 3.10.2.2: without stage 2 translations of Secure EL1 are tagged with VMID 0, whatever S2VMID says.
TEST(SecureWorlds, AStage1AloneIsOfVmid0) {
  for (const bool SEL2 : {false, true}) {
    Features f = SEL2 ? with_sel2() : with_secure();
    f.VMID16 = false;
    const Structure s = ste_stage1(0x1000).set(128, 16, 0x1234);
    const Ste ste = Ste::decode(s.words, f, secure_origin);
    EXPECT_TRUE(ste.valid) << "S2VMID is IGNORED: " << ste.why;
    EXPECT_EQ(ste.vmid, 0U);
    EXPECT_FALSE(Ste::decode(s.words, f).valid) << "and not so of a Non-secure STE";
  }
}

// 3.17.1
TEST(SecureWorlds, GlobalEntriesFromNonSecureTablesBelongToTheirAsid) {
  for (const bool NSCFG : {false, true}) {
    SecureWorld w;
    w.s_start();
    for (std::uint16_t asid = 1; asid <= 2; ++asid) {
      pgtable::Builder& b = w.tables_in(NSCFG ? NS : S, SecureWorld::s_config());
      pgtable::Mapping m;
      m.nG = false;
      ASSERT_TRUE(b.map(0x1000, 0x9000'0000 + 0x1000 * asid, 0x1000, m));
      w.s_put(World::cd_address(asid), cd_for(b.config(), asid).set(64, 1, NSCFG));
      w.s_put_ste(asid, ste_stage1(World::cd_address(asid)));
    }
    EXPECT_EQ(w.s_access(1, 0x1000).output, 0x9000'1000U);
    EXPECT_EQ(w.s_access(2, 0x1000).output, NSCFG ? 0x9000'2000U : 0x9000'1000U);
  }
}

// ---- SIF (6.3.57.2)

TEST(Sif, OfATranslationIsAPermissionFaultOfStage1) {
  SecureWorld w;
  w.s_start(8, CR0_implemented | CR0_SIF);
  pgtable::Builder& b = w.s_stream(1);
  pgtable::Mapping m;
  m.privileged_execute = m.unprivileged_execute = true;
  m.writable = false;
  ASSERT_TRUE(b.map(0x1000, 0x9000'1000, 0x1000, m));
  m.NS = true;
  ASSERT_TRUE(b.map(0x2000, 0x9000'2000, 0x1000, m));
  EXPECT_EQ(w.s_fetch(1, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.s_access(1, 0x2000).outcome, Outcome::forward) << "data";
  EXPECT_EQ(w.s_fetch(1, 0x2000).outcome, Outcome::abort);
  Expected e;
  e.type = 0x13;
  e.StreamID = 1;
  e.InD = true;
  e.S2 = false;
  e.InputAddr = 0x2000;
  EXPECT_EQ(w.s_event(), e.record());
  // CD.A and CD.R rule.
  w.s_put(World::cd_address(1), cd_for(b.config(), 1).set(45, 2, 0));
  w.s_command(0x04 | SSec, 31);
  EXPECT_EQ(w.s_fetch(1, 0x2000).outcome, Outcome::razwi);
  EXPECT_FALSE(w.s_pop_event());
}

TEST(Sif, IsSeenAfterATlbInvalidation) {
  SecureWorld w;
  w.s_start();
  pgtable::Mapping m;
  m.NS = m.privileged_execute = m.unprivileged_execute = true;
  m.writable = false;
  ASSERT_TRUE(w.s_stream(1).map(0x1000, 0x9000'1000, 0x1000, m));
  EXPECT_EQ(w.s_fetch(1, 0x1000).outcome, Outcome::forward);
  w.s_write(0x8020, CR0_implemented | CR0_SIF);
  EXPECT_EQ(w.s_read(0x8024), CR0_implemented | CR0_SIF);
  w.s_command(0x10);
  EXPECT_EQ(w.s_fetch(1, 0x1000).outcome, Outcome::abort);
  w.s_write(0x8020, CR0_implemented);
  w.s_command(0x10);
  EXPECT_EQ(w.s_fetch(1, 0x1000).outcome, Outcome::forward);
}

TEST(Sif, OfABypassIsAnAbortThatIsRecordedAsOfStage1) {
  SecureWorld w;
  w.start();
  w.s_start(8, CR0_implemented | CR0_SIF);
  w.s_put_ste(1, ste_bypass());
  w.s_put_ste(2, ste_bypass().set(114, 2, 3));  // INSTCFG: all are Instruction
  w.s_put_ste(3, ste_bypass().set(110, 2, 2));  // NSCFG: Secure
  w.put_ste(1, ste_bypass());
  EXPECT_EQ(w.s_fetch(1, 0x1000, S).outcome, Outcome::forward);
  EXPECT_EQ(w.s_access(1, 0x1000, NS).outcome, Outcome::forward);
  EXPECT_EQ(w.s_fetch(1, 0x1000, NS).outcome, Outcome::abort);
  Expected e;
  e.type = 0x13;
  e.StreamID = 1;
  e.InD = true;
  e.S2 = false;
  e.InputAddr = 0x1000;
  EXPECT_EQ(w.s_event(), e.record());
  EXPECT_EQ(w.s_access(2, 0x1000, NS).outcome, Outcome::abort) << "after INSTCFG";
  EXPECT_EQ(w.s_access(2, 0x1000, NS, AccessKind::write).outcome, Outcome::forward) << "writes are Data";
  EXPECT_EQ(w.s_fetch(3, 0x1000, NS).outcome, Outcome::forward) << "after NSCFG";
  smmu::AccessRequest fetch = World::request(1, 0x1000);
  fetch.instruction = true;
  EXPECT_EQ(w.access(fetch).outcome, Outcome::forward) << "Non-secure streams have none";
  EXPECT_EQ(w.s_fetch(1, 1ULL << 50, NS).outcome, Outcome::abort);
  w.s_event();
  EXPECT_EQ(bits(w.s_event(), 7, 0), 0x11U) << "F_ADDR_SIZE comes first";
}

TEST(Sif, WhileSmmuenIs0IsAnAbortThatIsNotRecorded) {
  SecureWorld w;
  w.s_start(8, CR0_EVENTQEN | CR0_SIF);
  EXPECT_EQ(w.s_fetch(1, 0x1000, NS).outcome, Outcome::abort);
  EXPECT_EQ(w.s_fetch(1, 0x1000, S).outcome, Outcome::forward);
  EXPECT_EQ(w.s_access(1, 0x1000, NS).outcome, Outcome::forward);
  w.s_write(0x8044, GBPA_Update | 3U << 18 | 1U << 12);
  EXPECT_EQ(w.s_access(1, 0x1000, NS).outcome, Outcome::abort) << "after GBPA.INSTCFG";
  EXPECT_FALSE(w.s_pop_event());
}

// ---- events and queues

TEST(SecureQueues, LieInSecurePaSpaceAndActByThemselves) {
  SecureWorld w;
  w.start();
  w.s_start();
  w.s_access(5, 0x1000);  // C_BAD_STE
  EXPECT_EQ(w.memory.read(SecureWorld::secure(World::eventq), 8), 4U | of_stream(5));
  EXPECT_EQ(w.memory.read(World::eventq, 8), 0U);
  const Signals s = w.s_interface().take_signals();
  EXPECT_TRUE(s.eventq);
  EXPECT_EQ(w.irqs.eventq, 0);
  // A full, or aborting, Secure queue is nothing to the Non-secure one.
  for (int i = 0; i < 20; ++i) w.s_access(5, 0x1000);
  EXPECT_NE(w.s_read(0x80a8) & EVENTQ_OVFLG, 0U);
  w.access(6, 0x1000);
  EXPECT_EQ(w.pop_event().value()[0], 4U | of_stream(6));
  EXPECT_EQ(w.read(0x100a8) & EVENTQ_OVFLG, 0U);
  w.memory.make_abort(SecureWorld::secure(World::cmdq));
  w.s_push(0x46);
  w.work();
  EXPECT_EQ(w.s_read(0x8060), GERROR_CMDQ_ERR);
  EXPECT_EQ(w.s_read(0x809c) >> 24, 2U) << "CERROR_ABT";
  EXPECT_EQ(w.read(0x60), 0U);
  w.command(0x46);
  EXPECT_TRUE(w.commands_done());
  EXPECT_TRUE(w.s_interface().take_signals().gerror);
}

TEST(SecureQueues, AnAbortOfTheEventQueueIsAnErrorOfTheSecureState) {
  SecureWorld w;
  w.start();
  w.s_start();
  w.memory.make_abort(SecureWorld::secure(World::eventq));
  w.s_access(5, 0x1000);
  EXPECT_EQ(w.s_read(0x8060), GERROR_EVENTQ_ABT_ERR);
  w.s_write(0x8064, GERROR_EVENTQ_ABT_ERR);
  w.memory.make_ok(SecureWorld::secure(World::eventq));
  w.s_access(5, 0x1000);
  EXPECT_TRUE(w.s_pop_event());
}

// 3.18
TEST(SecureQueues, MsisAreSecureWrites) {
  Features f = with_secure();
  f.MSI = true;
  SecureWorld w(f);
  w.start();
  w.s_write(0x80b0, 0x7000'0000, 8);
  w.s_write(0x80b8, 0x51);
  w.s_write(0x8068, 0x7000'0010, 8);
  w.s_write(0x8070, 0x52);
  w.s_start();
  w.s_access(5, 0x1000);
  EXPECT_EQ(w.memory.read(SecureWorld::secure(0x7000'0000), 4), 0x51U);
  w.s_command(0xff);
  EXPECT_EQ(w.memory.read(SecureWorld::secure(0x7000'0010), 4), 0x52U);
  w.s_write(0x8064, 1);
  w.s_write(0x8098, w.s_read(0x809c) & 0xfffff);  // the command is taken back
  w.s_command(0x46 | 1U << 12 | 0x53ULL << 32, 0x7000'0020);
  EXPECT_EQ(w.memory.read(SecureWorld::secure(0x7000'0020), 4), 0x53U);
  for (const std::uint64_t at : {0x7000'0000ULL, 0x7000'0010ULL, 0x7000'0020ULL}) {
    EXPECT_EQ(w.memory.read(at, 4), 0U);
  }
  w.memory.make_abort(SecureWorld::secure(0x7000'1020));  // GERROR's own MSI still goes out
  w.s_command(0x46 | 1U << 12 | 0x54ULL << 32, 0x7000'1020);
  EXPECT_EQ((w.s_read(0x8060) ^ w.s_read(0x8064)) & 0x1f0U, GERROR_MSI_CMDQ_ABT_ERR);
  EXPECT_EQ(w.read(0x60), 0U);
}

// ---- what is counted

TEST(SecureStreams, AreCountedApartFromNonSecureOnesOfTheSameStreamID) {
  SecureWorld w;
  w.start();
  w.s_start();
  w.put_ste(3, ste_bypass());
  w.s_put_ste(3, ste_bypass());
  for (int i = 0; i < 5; ++i) w.access(3, 0x1000);
  for (int i = 0; i < 3; ++i) w.s_access(3, 0x1000);
  smmu::Engine& engine = w.smmu.engine();
  EXPECT_EQ(engine.stream_statistics(engine.streams().find(3)).accesses, 5U);
  EXPECT_EQ(engine.stream_statistics(engine.streams().find(smmu::CountedStreams::secure(3))).accesses, 3U);
}

// TBUs keep nothing of Secure streams, and no Non-secure answer serves one.
TEST(SecureStreams, AreNeverServedByWhatATbuKeepsOfNonSecureOnes) {
  SecureWorld w;
  w.start();
  w.s_start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'1000, 0x1000));
  for (int i = 0; i < 3; ++i) w.access(1, 0x1000);
  EXPECT_EQ(w.smmu.engine().tbus()[0].answers.size(), 1U);
  for (const AddressSpace asked : {NS, S}) EXPECT_EQ(w.s_access(1, 0x1000, asked).outcome, Outcome::abort);
  ASSERT_TRUE(w.s_stream(1).map(0x1000, 0x9000'1000, 0x1000));
  w.s_command(0x04 | SSec, 31);
  for (const AddressSpace asked : {NS, S}) EXPECT_EQ(w.s_access(1, 0x1000, asked).output, 0x9000'1000U);
  EXPECT_EQ(w.smmu.engine().tbus()[0].answers.size(), 1U);
  // While the Non-secure interface lets everything pass, the Secure one does not.
  w.write(0x20, 0);
  w.work();
  EXPECT_EQ(w.access(9, 0x1000).outcome, Outcome::forward);
  EXPECT_EQ(w.s_access(9, 0x1000, NS).outcome, Outcome::abort);
}

}  // namespace
}  // namespace smmuvp::smmuv3
