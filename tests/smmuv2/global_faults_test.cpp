// Global faults: what causes them, in which order, and what is told (IHI 0062 3.8, 9.6.14 to 9.6.18).
#include "secure_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;
using namespace gfsr_bit;

constexpr std::uint32_t CBAR_type(unsigned type) { return type << 16; }

/// A stream whose bank exists and is on.
class GlobalFaultWorld : public FormatsWorld {
 public:
  explicit GlobalFaultWorld(const Features& f = {}) : FormatsWorld(f) {
    write(sGFSR, ~0U);
    map_stream(0, 9, S2CR_translate | 3);
    start();
  }
  void expect_refused(std::uint32_t GFSR, bool nested) {
    EXPECT_EQ(access(9, 0x1234).outcome, Outcome::abort);
    expect_global(GFSR, 0x1234, nested ? Nested : 0, 9);
    write(sGFSR, ~0U);
  }
};

// ---- invalid contexts (3.8.4)

TEST(InvalidContext, IsOfBanksOfType2) {
  GlobalFaultWorld w;
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(2));
  w.expect_refused(ICF, true);
  w.expect_no_fault(3);
}

// "TYPE selects a stage of translation that is not supported"
TEST(InvalidContext, IsOfStagesThatAreNotSupported) {
  Features no_stage2;
  no_stage2.S2TS = no_stage2.NTS = false;
  Features no_stage1;
  no_stage1.S1TS = no_stage1.NTS = false;
  Features no_nesting;
  no_nesting.NTS = false;
  struct Case {
    Features features;
    unsigned type;
    bool refused;
  };
  for (const Case& c : {Case{no_stage2, 0, true}, Case{no_stage2, 3, true}, Case{no_stage2, 1, false},
                        Case{no_stage1, 1, true}, Case{no_stage1, 3, true}, Case{no_stage1, 0, false},
                        Case{no_nesting, 3, true}, Case{no_nesting, 1, false}, Case{no_nesting, 0, false}}) {
    SCOPED_TRACE(c.type);
    GlobalFaultWorld w(c.features);
    if (c.refused && c.type == 3) w.write(w.gr1(CBAR0 + 4 * 5), 0);
    w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(c.type) | (c.type == 3 ? 5U << 8 : 0));
    EXPECT_EQ(w.read(w.gr1(CBAR0 + 4 * 3)) >> 16 & 3, c.type) << "it is no error of the write (10.2.1)";
    if (c.refused) {
      w.expect_refused(ICF, true);
    } else {
      w.write_cb(3, SCTLR, 0);
      EXPECT_EQ(w.access(9, 0x1234).outcome, Outcome::forward);
    }
  }
}

// 9.6.17: what is recorded, software can clear and restore
TEST(GlobalSyndrome, HasNestedWithoutNestingToo) {
  Features f;
  f.NTS = false;
  GlobalFaultWorld w(f);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(2));
  w.expect_refused(ICF, true);
  w.write(sGFSYNR0, 0);
  EXPECT_EQ(w.read(sGFSYNR0), 0U);
  w.write(sGFSYNR0, 1);
  EXPECT_EQ(w.read(sGFSYNR0), 1U);
}

// 9.6.18: "Unimplemented bits behave as RAZ/WI"
TEST(GlobalSyndrome, HasTheStreamIdBitsThatThereAre) {
  Features f;
  f.EXIDS = false;
  f.NUMSIDB = 8;
  GlobalFaultWorld w(f);
  w.access(0x1a5, 0x1000);
  EXPECT_EQ(w.read(sGFSR), USF);
  EXPECT_EQ(w.read(sGFSYNR1), 0xa5U);
  w.write(sGFSYNR1, ~0U);
  EXPECT_EQ(w.read(sGFSYNR1), 0xffU);
}

TEST(InvalidContext, IsOfBanksOfStage2AloneWithAnotherType) {
  Features f;
  f.NUMS2CB = 4;
  GlobalFaultWorld w(f);
  for (const unsigned type : {1U, 2U, 3U}) {
    w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(type));
    w.expect_refused(ICF, true);
  }
  w.write(w.gr1(CBAR0 + 4 * 3), 0);
  w.write_cb(3, SCTLR, 0);
  EXPECT_EQ(w.access(9, 0x1234).outcome, Outcome::forward);
}

TEST(InvalidContext, IsOfASecondBankThatIsNotOfStage2) {
  GlobalFaultWorld w;
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(3) | 5U << 8);
  for (const unsigned type : {1U, 2U, 3U}) {
    w.write(w.gr1(CBAR0 + 4 * 5), CBAR_type(type));
    w.expect_refused(ICF, true);
  }
}

TEST(InvalidContext, IsOfAarch64Stage1OverAarch32Stage2AndNotTheReverse) {
  GlobalFaultWorld w;
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(3) | 5U << 8);
  w.write(w.gr1(CBAR0 + 4 * 5), 0);
  w.write(w.gr1(CBA2R0 + 4 * 3), CBA2R_VA64);
  w.write_cb(3, SCTLR, 0);
  w.write_cb(5, SCTLR, 0);
  w.expect_refused(ICF, true);
  w.write(w.gr1(CBA2R0 + 4 * 3), 0);
  w.write(w.gr1(CBA2R0 + 4 * 5), CBA2R_VA64);
  EXPECT_EQ(w.access(9, 0x1234).outcome, Outcome::forward);
}

TEST(InvalidContext, IsOfSecureBanksOfAnyTypeBut1) {
  SecureWorld w;
  w.start_both();
  w.map_secure(60, 9, S2CR_translate | 30);
  for (const unsigned type : {0U, 2U, 3U}) {
    w.write(w.gr1(CBAR0 + 4 * 30), CBAR_type(type), 4, true);
    EXPECT_EQ(w.access(SecureWorld::secure_request(9, 0x1234)).outcome, Outcome::abort);
    // Nested is reserved in SGFSYNR0
    w.expect_global(ICF, 0x1234, 0, 9, true);
    w.write(sGFSR, ~0U, 4, true);
  }
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// ---- banks that are not there

TEST(UnimplementedContextBank, IsOneBeyondNumcb) {
  GlobalFaultWorld w;
  w.map_stream(0, 9, S2CR_translate | 32);
  w.expect_refused(UCBF, false);
  w.map_stream(0, 9, S2CR_translate | 0xff);
  w.expect_refused(UCBF, false);
}

TEST(UnimplementedContextBank, IsASecondOneBeyondNumcb) {
  GlobalFaultWorld w;
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(3) | 32U << 8);
  w.expect_refused(UCBF, true);
}

// 2.3.9, 3.8.4
TEST(UnimplementedContextBank, IsOneOfTheOtherSecurityState) {
  SecureWorld w;
  w.start_both();
  w.map_stream(0, 9, S2CR_translate | 30);
  EXPECT_EQ(w.access(9, 0x1234).outcome, Outcome::abort);
  w.expect_global(UCBF, 0x1234, 0, 9);
  w.write(sGFSR, ~0U);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(3) | 30U << 8);
  w.access(9, 0x1234);
  w.expect_global(UCBF, 0x1234, Nested, 9);
  EXPECT_EQ(w.read(sGFSR, 4, true), 0U);
  // The reverse is UNPREDICTABLE by 2.3.9
  w.map_secure(60, 9, S2CR_translate | 3);
  w.access(SecureWorld::secure_request(9, 0x1234));
  w.expect_global(UCBF, 0x1234, 0, 9, true);
}

// ---- the order of checks (3.8.4)

TEST(OrderOfChecks, IsBankThenTypeThenSecondBankThenItsTypeThenTheAddress) {
  Features f;
  f.NUMS2CB = 1;
  GlobalFaultWorld w(f);
  constexpr std::uint64_t too_large = 0x1'0000'0000;
  // the first bank is not there, whatever CBAR would say
  w.map_stream(0, 9, S2CR_translate | 40);
  w.access(9, too_large);
  w.expect_global(UCBF, too_large, 0, 9);
  w.write(sGFSR, ~0U);
  // a type that the bank does not have comes before a second bank that is not there
  w.map_stream(0, 9, S2CR_translate | 0);
  w.write(w.gr1(CBAR0), CBAR_type(3) | 40U << 8);
  w.access(9, too_large);
  w.expect_global(ICF, too_large, Nested, 9);
  w.write(sGFSR, ~0U);
  // which comes before the second bank's type, and that before the address
  w.map_stream(0, 9, S2CR_translate | 3);
  w.write(w.gr1(CBA2R0 + 4 * 3), 0);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(3) | 40U << 8);
  w.access(9, too_large);
  w.expect_global(UCBF, too_large, Nested, 9);
  w.write(sGFSR, ~0U);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(3) | 5U << 8);
  w.write(w.gr1(CBAR0 + 4 * 5), CBAR_type(1));
  w.access(9, too_large);
  w.expect_global(ICF, too_large, Nested, 9);
  w.expect_no_fault(3);
  w.write(sGFSR, ~0U);
  w.write(w.gr1(CBAR0 + 4 * 5), CBAR_type(0));
  w.write_cb(3, SCTLR, SCTLR_CFRE);
  w.write_cb(3, FSR, ~0U);
  w.access(9, too_large);
  EXPECT_EQ(w.read(sGFSR), 0U);
  w.expect_fault(3, fsr_bit::TF, too_large, 1, 9);
}

// ---- syndromes

// 3.4: IND, PNU and NSATTR as they came in; 9.6.17: far atomics are reads
TEST(GlobalSyndrome, HasAttributesAsTheyCameIn) {
  GlobalFaultWorld w;
  // INSTCFG Data, PRIVCFG unprivileged
  w.write(S2CR0, S2CR_translate | 3 | 2U << 26 | 2U << 24);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_type(2));
  auto r = World::request(9, 0x1234);
  r.instruction = r.privileged = true;
  w.access(r);
  w.expect_global(ICF, 0x1234, Nested | IND | PNU, 9);
  w.write(sGFSR, ~0U);
  r.kind = AccessKind::write;
  w.access(r);
  w.expect_global(ICF, 0x1234, Nested | WNR | PNU, 9);
  w.write(sGFSR, ~0U);
  r.kind = AccessKind::atomic;
  w.access(r);
  w.expect_global(ICF, 0x1234, Nested | PNU, 9);
}

TEST(GlobalSyndrome, OfASecureDeviceHasNsattrAndNoNsstate) {
  Features f = SecureWorld::features();
  f.SSDTP = 1;
  f.NUMSSDNDXB = 4;
  SecureWorld w(f);
  w.start_both();
  w.write(4 * 0x1000, 0xfffe, 4, true);   // SSDR0: index 0 is Secure
  auto r = World::request(0x40, 0x1234);  // its SSD_Index is 0
  w.access(r);
  w.expect_global(USF, 0x1234, NSATTR, 0x40, true);
  w.write(sGFSR, ~0U, 4, true);
  r.space = pgtable::AddressSpace::secure;
  w.access(r);
  w.expect_global(USF, 0x1234, 0, 0x40, true);
  // 9.6.17: NSSTATE and NSATTR are reserved in GFSYNR0
  r.stream_id = 0x47;
  w.access(r);
  w.expect_global(USF, 0x1234, 0, 0x47);
  // 9.6.18: SSD_Index is seen by NSGFSYNR1 alone
  EXPECT_EQ(w.read(0x400 + sGFSYNR1, 4, true), 7U << 16 | 0x47U);
}

TEST(GlobalFaultAddress, IsTheInputAddressOfUbsBits) {
  Features f;
  f.UBS = 64;
  GlobalFaultWorld w(f);
  w.access(0x55, 0xfedc'ba98'7654'3210);
  EXPECT_EQ(w.read(sGFAR, 8), 0xfedc'ba98'7654'3210U);
  EXPECT_EQ(w.read(sGFAR), 0x7654'3210U);
  EXPECT_EQ(w.read(sGFAR + 4), 0xfedc'ba98U);
  GlobalFaultWorld narrow;
  narrow.access(0x55, 0xffff'ffff'ffff'f000);
  EXPECT_EQ(narrow.read(sGFAR, 8), 0x1'ffff'ffff'f000U);
}

// 3.8.1: even MULTI alone blocks recording
TEST(GlobalFaults, BehindAnotherAreMultiAlone) {
  GlobalFaultWorld w;
  w.access(0x55, 0x1000);
  w.access(0x56, 0x2000, AccessKind::write);
  w.expect_global(USF | MULTI, 0x1000, 0, 0x55);
  w.write(sGFSR, USF);
  EXPECT_EQ(w.read(sGFSR), MULTI);
  w.access(0x57, 0x3000);
  w.expect_global(MULTI, 0x1000, 0, 0x55);
  w.write(sGFSR, MULTI);
  w.access(0x57, 0x3000);
  w.expect_global(USF, 0x3000, 0, 0x57);
}

// 9.6.16
TEST(GlobalFaults, AreRestoredAndBlockRecording) {
  GlobalFaultWorld w;
  w.write(sGFSRRESTORE, SMCF);
  EXPECT_EQ(w.read(sGFSR), SMCF);
  EXPECT_TRUE(w.smmu.levels().NSgIrpt);
  w.access(0x57, 0x3000);
  EXPECT_EQ(w.read(sGFSR), SMCF | MULTI);
  w.write(sGFSRRESTORE, 0);
  EXPECT_EQ(w.read(sGFSR), 0U);
  EXPECT_FALSE(w.smmu.levels().NSgIrpt);
}

// 3.8.2, 3.8.3
TEST(GlobalFaults, AreReportedWithGfreAndRecordedWithout) {
  GlobalFaultWorld w;
  w.write(sCR0, CR0_USFCFG);
  EXPECT_EQ(w.access(0x55, 0x1000).outcome, Outcome::razwi);
  w.expect_global(USF, 0x1000, 0, 0x55);
  w.write(sCR0, CR0_USFCFG | CR0_GFRE);
  EXPECT_EQ(w.access(0x55, 0x1000).outcome, Outcome::abort);
}

// 3.7.2: after the Security state is determined, before there is a bank
TEST(UnsupportedTransaction, IsAGlobalFault) {
  GlobalFaultWorld w;
  auto r = World::request(9, 0x1234);
  r.unsupported = smmu::Unsupported::malformed;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_global(UUT, 0x1234, 0, 9);
}

// 3.7.2: no SMMUv2 knows what a device with an Address Translation Cache asks for.
TEST(UnsupportedTransaction, IsWhatADeviceWithAnAtcAsksForWithoutAts) {
  for (const auto phase : {smmu::AtsPhase::translation_request, smmu::AtsPhase::translated}) {
    GlobalFaultWorld w;
    auto r = World::request(9, 0x1234);
    r.ats = phase;
    EXPECT_EQ(w.access(r).outcome, Outcome::abort);
    w.expect_global(UUT, 0x1234, 0, 9);
  }
}

// A debugger's access leaves no trace.
TEST(GlobalFaults, OfDebugAccessesAreNotRecorded) {
  GlobalFaultWorld w;
  auto r = World::request(0x55, 0x1000);
  r.debug = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// ---- Secure instruction fetches (3.7.1, 3.8.1)

TEST(SecureInstructionFetch, ThatLeavesNonSecureIsAPermissionFaultOfBypasses) {
  SecureWorld w;
  w.more_SCR1(1U << 26);  // SIF
  auto fetch = SecureWorld::secure_request(9, 0x1234);
  fetch.instruction = true;
  // 2.3.5: with CLIENTPD 1 too
  w.write(sCR0, 1U | CR0_GFRE | 3U << 28, 4, true);  // NSCFG: Non-secure
  EXPECT_EQ(w.access(fetch).outcome, Outcome::abort);
  w.expect_global(gfsr_bit::PF, 0x1234, IND, 9, true);
  w.write(sGFSR, ~0U, 4, true);
  auto data = fetch;
  data.instruction = false;
  EXPECT_EQ(w.access(data).outcome, Outcome::forward);
  EXPECT_EQ(w.access(data).space, pgtable::AddressSpace::non_secure);
  w.write(sCR0, 1U | CR0_GFRE, 4, true);
  EXPECT_EQ(w.access(fetch).outcome, Outcome::forward) << "it leaves Secure";
  w.start_both();
  w.map_secure(60, 9, S2CR_bypass | 3U << 18);
  EXPECT_EQ(w.access(fetch).outcome, Outcome::abort);
  w.expect_global(gfsr_bit::PF, 0x1234, IND, 9, true);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

TEST(SecureInstructionFetch, ThatLeavesNonSecureIsAPermissionFaultOfItsBank) {
  SecureWorld w;
  auto& b = w.builder(World::config64());
  pgtable::Mapping m;
  m.unprivileged_execute = true;
  m.NS = true;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  m.NS = false;
  ASSERT_TRUE(b.map(0x2000, 0x9000'0000, 0x1000, m));
  w.bank64(30, b.config());
  w.map_secure(60, 9, S2CR_translate | 30);
  w.start_both();
  auto r = SecureWorld::secure_request(9, 0x1010);
  r.instruction = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::forward) << "without SIF";
  w.more_SCR1(1U << 26);
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_fault(30, fsr_bit::PF | fsr_bit::Format_64, 0x1010, 3 | fsynr_bit::IND, 9);
  EXPECT_EQ(w.read(sGFSR, 4, true), 0U);
  w.clear(30);
  r.address = 0x2010;
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  // judged after INSTCFG
  w.write(S2CR0 + 4 * 60, S2CR_translate | 30 | 2U << 26, 4, true);
  r.address = 0x1010;
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
  // no walk: PLVL 0 with AArch64, 1 with AArch32
  w.write(S2CR0 + 4 * 60, S2CR_translate | 30, 4, true);
  w.change_cb(30, SCTLR, SCTLR_M, 3U << 28);
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_fault(30, fsr_bit::PF | fsr_bit::Format_64, 0x1010, 0 | fsynr_bit::IND, 9);
  w.clear(30);
  w.write(w.gr1(CBA2R0 + 4 * 30), 0, 4, true);
  w.access(r);
  EXPECT_EQ(w.read_cb(30, FSYNR0), 1U | fsynr_bit::IND);
}

}  // namespace
}  // namespace smmuvp::smmuv2
