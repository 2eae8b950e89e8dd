// Context faults one by one, with every word that they leave (IHI 0062 3.4, 3.5, 3.7.2, 16.5.8 to 16.5.11,
// 17.3.1, 17.3.2), and hardware updates of descriptors.
#include "secure_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using pgtable::Mapping;
using smmu::AccessKind;
using smmu::Outcome;
using namespace fsr_bit;
using namespace fsynr_bit;

class OneStage : public testing::Test {
 protected:
  void SetUp() override {
    b = &w.stream64(9, 3);
    ASSERT_TRUE(b->map(0x1000, 0x8000'0000, 0x1000));
    w.start();
  }
  FormatsWorld w;
  pgtable::Builder* b = nullptr;
};

// ---- each fault of stage 1

// 16.5.11: "the level of translation table that gave the fault"
TEST_F(OneStage, ATranslationFaultHasTheLevelOfItsDescriptor) {
  w.access(9, 0x40'0000'0000);
  w.expect_fault(3, TF | Format_64, 0x40'0000'0000, 1, 9);
  w.clear(3);
  w.access(9, 0x1000'0000);
  w.expect_fault(3, TF | Format_64, 0x1000'0000, 2, 9);
  w.clear(3);
  w.access(9, 0x2000);
  w.expect_fault(3, TF | Format_64, 0x2000, 3, 9);
  w.clear(3);
  ASSERT_EQ(b->set_descriptor(0x3000, 3, 0x8000'0401), pgtable::BuildStatus::ok);  // Reserved at level 3
  w.access(9, 0x3000);
  w.expect_fault(3, TF | Format_64, 0x3000, 3, 9);
}

TEST_F(OneStage, AnAccessFlagFaultHasTheLevelOfItsLeaf) {
  Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b->map(0x2000, 0x9000'0000, 0x1000, m));
  ASSERT_TRUE(b->map(0x20'0000, 0x9020'0000, 0x20'0000, m));
  ASSERT_TRUE(b->map(0x4000'0000, 0xc000'0000, 0x4000'0000, m));
  unsigned level = 3;
  for (const std::uint64_t va : {0x2abcULL, 0x20'1abcULL, 0x4000'0abcULL}) {
    w.access(9, va);
    w.expect_fault(3, AFF | Format_64, va, level--, 9);
    w.clear(3);
  }
  w.change_cb(3, SCTLR, 0, 1U << 3);  // AFFD
  EXPECT_EQ(w.output_of(9, 0x2abc), 0x9000'0abcU);
}

// "including a fault caused by a hierarchical permission, the final level"
TEST_F(OneStage, APermissionFaultHasTheLastLevel) {
  const auto table = b->descriptor_address(0x1000, 1);
  ASSERT_TRUE(table);
  w.memory.write(*table, w.memory.read(*table, 8) | std::uint64_t{1} << 62);
  w.access(9, 0x1004, AccessKind::write);
  w.expect_fault(3, PF | Format_64, 0x1004, 3 | WNR, 9);
}

TEST_F(OneStage, APermissionFaultTellsWhatTheAccessWasAfterItsStreamsOverrides) {
  Mapping m;
  m.unprivileged = false;
  ASSERT_TRUE(b->map(0x2000, 0x9000'0000, 0x1000, m));
  auto r = World::request(9, 0x2004);
  w.access(r);
  w.expect_fault(3, PF | Format_64, 0x2004, 3, 9);
  w.clear(3);
  r.instruction = r.privileged = true;
  w.access(r);  // executable to nobody
  w.expect_fault(3, PF | Format_64, 0x2004, 3 | IND | PNU, 9);
  w.clear(3);
  w.write(S2CR0 + 4 * 9, S2CR_translate | 3 | 2U << 24 | 2U << 26);  // unprivileged, Data
  w.access(r);
  w.expect_fault(3, PF | Format_64, 0x2004, 3, 9);
  w.clear(3);
  w.write(S2CR0 + 4 * 9, S2CR_translate | 3 | 3U << 24 | 1U << 26);  // privileged; Reserved: Instruction
  r.instruction = r.privileged = false;
  w.access(r);
  w.expect_fault(3, PF | Format_64, 0x2004, 3 | IND | PNU, 9);
  w.clear(3);
  r.kind = AccessKind::write;  // INSTCFG is not of writes
  EXPECT_EQ(w.access(r).outcome, Outcome::forward);
}

// 16.5.11: the permission that is missing, read where both are, and read in any other fault
TEST_F(OneStage, AFarAtomicTellsThePermissionThatIsMissing) {
  Mapping m;
  m.writable = false;
  ASSERT_TRUE(b->map(0x2000, 0x9000'0000, 0x1000, m));
  m.unprivileged = false;
  ASSERT_TRUE(b->map(0x3000, 0x9000'0000, 0x1000, m));
  w.access(9, 0x2000, AccessKind::atomic);
  w.expect_fault(3, PF | Format_64, 0x2000, 3 | WNR, 9);
  w.clear(3);
  w.access(9, 0x3000, AccessKind::atomic);
  w.expect_fault(3, PF | Format_64, 0x3000, 3, 9);
  w.clear(3);
  w.access(9, 0x4000, AccessKind::atomic);
  w.expect_fault(3, TF | Format_64, 0x4000, 3, 9);
}

TEST_F(OneStage, AnExternalFaultOfAWalkHasPtwfAndTheLevelOfTheFetch) {
  for (int level = 1; level <= 3; ++level) {
    SCOPED_TRACE(level);
    const auto at = b->descriptor_address(0x1000, level);
    ASSERT_TRUE(at);
    w.memory.make_abort(*at);
    w.access(9, 0x1004, AccessKind::write);
    w.expect_fault(3, EF | Format_64, 0x1004, static_cast<unsigned>(level) | WNR | PTWF, 9);
    w.memory.make_ok(*at);
    w.clear(3);
  }
  EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0004U) << "what faulted is not kept";
}

// 16.5.8: "unmodified by sign extension"
TEST_F(OneStage, FarIsTheInputAddressBeforeSignExtension) {
  w.access(9, 0xffff'ffff'ffff'f123);
  w.expect_fault(3, TF | Format_64, 0x1'ffff'ffff'f123, 1, 9);
}

TEST_F(OneStage, FarIsNotSignExtendedFromSep) {
  w.change_cb(3, TCR2, 7U << 15, 1U << 15);  // SEP: bit 35
  w.access(9, 0xf'ffff'f123);
  w.expect_fault(3, TF | Format_64, 0xf'ffff'f123, 1, 9);
}

// 16.5.9: generated, not stored
TEST_F(OneStage, FormatOfFsrFollowsTheBank) {
  w.access(9, 0x2000);
  EXPECT_EQ(w.read_cb(3, FSR), TF | Format_64);
  w.write(w.gr1(CBA2R0 + 4 * 3), 0);
  w.change_cb(3, TCR, 1U << 31, 0);
  EXPECT_EQ(w.read_cb(3, FSR), TF | Format_short);
  w.change_cb(3, TCR, 0, 1U << 31);
  EXPECT_EQ(w.read_cb(3, FSR), TF | Format_long);
  w.write_cb(3, FSR, Format);
  EXPECT_EQ(w.read_cb(3, FSR), TF | Format_long) << "not clearable";
}

TEST_F(OneStage, BitsOfFsrAreClearedOneByOne) {
  w.write_cb(3, FSRRESTORE, TF | AFF | PF | EF | ASF | UUT | MULTI | SS | Format);
  EXPECT_EQ(w.FSR_of(3), TF | AFF | PF | EF | ASF | UUT | MULTI) << "SS and Format are no part of it";
  w.write_cb(3, FSR, AFF | MULTI);
  EXPECT_EQ(w.FSR_of(3), TF | PF | EF | ASF | UUT);
  w.write_cb(3, FSR, 0);
  EXPECT_EQ(w.FSR_of(3), TF | PF | EF | ASF | UUT);
  w.write_cb(3, FSR, ~0U);
  EXPECT_EQ(w.FSR_of(3), 0U);
}

// 3.7.4
TEST_F(OneStage, AFaultIsReportedWithCfreAndRecordedWithout) {
  w.change_cb(3, SCTLR, SCTLR_CFRE, 0);
  EXPECT_EQ(w.access(9, 0x2000).outcome, Outcome::razwi);
  w.expect_fault(3, TF | Format_64, 0x2000, 3, 9);
}

TEST_F(OneStage, ADebugAccessRecordsNothing) {
  auto r = World::request(9, 0x2000);
  r.debug = true;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  w.expect_no_fault(3);
}

// 10.2.3, 16.5.11: what a Secure bank has, and Non-secure software does not see
TEST(SecureContextFault, HasNsattrAfterNscfgAndTheSsdIndex) {
  Features f = SecureWorld::features();
  f.SSDTP = 1;
  f.NUMSSDNDXB = 4;
  SecureWorld w(f);
  w.write(4 * 0x1000, 0xfffd, 4, true);  // index 1 is Secure
  auto& b = w.builder(World::config64());
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.bank64(30, b.config());
  w.map_secure(60, 0x41, S2CR_translate | 30);
  w.start_both();
  w.access(SecureWorld::secure_request(0x41, 0x2004));
  w.expect_fault(30, TF | Format_64, 0x2004, 3, 1U << 16 | 0x41);
  w.clear(30);
  w.access(0x41, 0x2004);  // the same device, marked Non-secure
  w.expect_fault(30, TF | Format_64, 0x2004, 3 | NSATTR, 1U << 16 | 0x41);
  w.clear(30);
  w.write(S2CR0 + 4 * 60, S2CR_translate | 30 | 3U << 18, 4, true);
  w.access(SecureWorld::secure_request(0x41, 0x2004));
  w.expect_fault(30, TF | Format_64, 0x2004, 3 | NSATTR, 1U << 16 | 0x41);
  w.clear(30);
  w.write(S2CR0 + 4 * 60, S2CR_translate | 30 | 2U << 18, 4, true);
  w.access(0x41, 0x2004);
  w.expect_fault(30, TF | Format_64, 0x2004, 3, 1U << 16 | 0x41);
  // Of a Non-secure bank: SSD_Index is Secure software's
  w.map_stream(0, 0x42, S2CR_translate | 3);
  w.bank64(3, b.config());
  w.access(0x42, 0x2004);
  w.expect_fault(3, TF | Format_64, 0x2004, 3, 0x42);
  EXPECT_EQ(w.read(w.gr1(CBFRSYNRA0 + 4 * 3), 4, true), 2U << 16 | 0x42U);
}

// ---- stage 2

class Stage2Alone : public testing::Test {
 protected:
  void SetUp() override {
    b = &w.builder(World::config_stage2());
    ASSERT_TRUE(b->map(0x1000, 0x8000'0000, 0x1000));
    w.bank_stage2(5, b->config());
    w.map_stream(0, 9, S2CR_translate | 5);
    w.start();
  }
  FormatsWorld w;
  pgtable::Builder* b = nullptr;
};

TEST_F(Stage2Alone, FaultsHaveTheIpaInBothAddressRegisters) {
  Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b->map(0x2000, 0x8000'1000, 0x1000, m));
  m = {};
  m.writable = false;
  ASSERT_TRUE(b->map(0x3000, 0x8000'2000, 0x1000, m));
  w.access(9, 0x4'5678);
  w.expect_fault(5, TF | Format_64, 0x4'5678, 3 | NSATTR, 9, 0x4'5678);
  w.clear(5);
  w.access(9, 0x2678);
  w.expect_fault(5, AFF | Format_64, 0x2678, 3 | NSATTR, 9, 0x2678);
  w.clear(5);
  auto r = World::request(9, 0x3678, AccessKind::write);
  r.privileged = true;
  w.access(r);
  w.expect_fault(5, PF | Format_64, 0x3678, 3 | WNR | PNU | NSATTR, 9);
  w.clear(5);
  const auto at = b->descriptor_address(0x1000, 3);
  ASSERT_TRUE(at);
  w.memory.make_abort(*at);
  w.access(9, 0x1678);
  w.expect_fault(5, EF | Format_64, 0x1678, 3 | PTWF | NSATTR, 9, 0x1678);
}

// 17.3.2
TEST(IpaFar, IsAnAliasOfFarWithoutBothStages) {
  Features f;
  f.NTS = false;
  FormatsWorld w(f);
  auto& b = w.builder(World::config_stage2());
  w.bank_stage2(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  w.access(9, 0x4'5678);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8), 0x4'5678U);
  w.write_cb(5, IPAFAR, 0x1234, 8);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8), 0x4'5678U);
  w.write_cb(5, FAR, 0x9'8765, 8);
  EXPECT_EQ(w.read_cb(5, IPAFAR, 8), 0x9'8765U);
}

class NestedFaults : public testing::Test {
 protected:
  void SetUp() override {
    s1 = &w.nested64(6, 5, s2);
    ASSERT_TRUE(s1->map(0x1000, 0x40'0000, 0x1000));
    ASSERT_TRUE(s1->map(0x2000, 0x50'0000, 0x1000));
    ASSERT_TRUE(s2->map(0x40'0000, 0x9000'0000, 0x1000));
    w.map_stream(0, 9, S2CR_translate | 6);
    w.start();
  }
  static constexpr std::uint32_t nested = NESTED | NSATTR | 6U << 16;
  FormatsWorld w;
  pgtable::Builder* s1 = nullptr;
  pgtable::Builder* s2 = nullptr;
};

// 3.7.2: "a context fault is only recorded for one stage of translation"
TEST_F(NestedFaults, FaultsOfStage1AreOfTheFirstBank) {
  w.access(9, 0x5678);
  w.expect_fault(6, TF | Format_64, 0x5678, 3, 9);
  w.expect_no_fault(5);
}

TEST_F(NestedFaults, FaultsOfStage2AreOfTheSecondBankWithVaAndIpa) {
  w.access(9, 0x2678, AccessKind::write);
  w.expect_fault(5, TF | Format_64, 0x2678, 3 | WNR | nested, 9, 0x50'0678);
  w.clear(5);
  Mapping m;
  m.accessed = false;
  ASSERT_TRUE(s2->map(0x50'0000, 0x9100'0000, 0x1000, m));
  w.access(9, 0x2678);
  w.expect_fault(5, AFF | Format_64, 0x2678, 3 | nested, 9, 0x50'0678);
  w.clear(5);
  m = {};
  m.readable = false;
  ASSERT_TRUE(s2->unmap(0x50'0000, 0x1000));
  ASSERT_TRUE(s2->map(0x50'0000, 0x9100'0000, 0x1000, m));
  w.access(9, 0x2678);
  w.expect_fault(5, PF | Format_64, 0x2678, 3 | nested, 9);
  w.expect_no_fault(6);
}

TEST_F(NestedFaults, FaultsOfStage2OnATableWalkHaveS1ptwfAndTheIpaOfTheDescriptor) {
  const auto at = s1->descriptor_address(0x1000, 3);
  ASSERT_TRUE(at);
  ASSERT_TRUE(s2->unmap(*at & ~0xfffULL, 0x1000, pgtable::Splitting::allowed));
  w.access(9, 0x1678, AccessKind::write);
  w.expect_fault(5, TF | Format_64, 0x1678, 3 | S1PTWF | WNR | nested, 9, *at);
  w.clear(5);
  Mapping m;
  m.accessed = false;
  ASSERT_TRUE(s2->map(*at & ~0xfffULL, *at & ~0xfffULL, 0x1000, m));
  w.access(9, 0x1678);
  w.expect_fault(5, AFF | Format_64, 0x1678, 3 | S1PTWF | nested, 9, *at);
  w.clear(5);
  m = {};
  m.readable = false;
  ASSERT_TRUE(s2->unmap(*at & ~0xfffULL, 0x1000));
  ASSERT_TRUE(s2->map(*at & ~0xfffULL, *at & ~0xfffULL, 0x1000, m));
  w.access(9, 0x1678);
  w.expect_fault(5, PF | Format_64, 0x1678, 3 | S1PTWF | nested, 9, *at);
  w.expect_no_fault(6);
}

// 3.5, 3.10: "for stage 1 followed by stage 2 translation, the stage 2 bank is always used"
TEST_F(NestedFaults, ExternalFaultsAreOfTheSecondBank) {
  const auto leaf2 = s2->descriptor_address(0x40'0000, 3);
  ASSERT_TRUE(leaf2);
  w.memory.make_abort(*leaf2);
  w.access(9, 0x1678);
  w.expect_fault(5, EF | Format_64, 0x1678, 3 | PTWF | nested, 9, 0x40'0678);
  w.memory.make_ok(*leaf2);
  w.clear(5);
  const auto leaf1 = s1->descriptor_address(0x1000, 3);
  ASSERT_TRUE(leaf1);
  w.memory.make_abort(*leaf1);
  w.access(9, 0x1678);
  // 17.3.2: valid of external faults; tables lie at their IPAs
  w.expect_fault(5, EF | Format_64, 0x1678, 3 | S1PTWF | PTWF | nested, 9, *leaf1);
  w.expect_no_fault(6);
  w.memory.make_ok(*leaf1);
  w.clear(5);
  EXPECT_EQ(w.output_of(9, 0x1678), 0x9000'0678U);
}

// 17.3.2: "the IPA of the faulting access", where stage 2 moves tables elsewhere
TEST_F(NestedFaults, AnExternalFaultOfATableHasTheIpaAndNotThePhysicalAddress) {
  const auto leaf1 = s1->descriptor_address(0x1000, 3);
  ASSERT_TRUE(leaf1);
  constexpr std::uint64_t moved = 0x7000'0000;
  ASSERT_TRUE(s2->unmap(*leaf1 & ~0xfffULL, 0x1000, pgtable::Splitting::allowed));
  ASSERT_TRUE(s2->map(*leaf1 & ~0xfffULL, moved, 0x1000));
  w.memory.make_abort(moved | (*leaf1 & 0xfffU));
  w.access(9, 0x1678);
  w.expect_fault(5, EF | Format_64, 0x1678, 3 | S1PTWF | PTWF | nested, 9, *leaf1);
}

TEST_F(NestedFaults, ExternalFaultsUnderAStage2ThatIsOffAreOfTheSecondBankToo) {
  w.change_cb(5, SCTLR, SCTLR_M, 0);
  const auto leaf1 = s1->descriptor_address(0x1000, 3);
  ASSERT_TRUE(leaf1);
  w.memory.make_abort(*leaf1);
  w.access(9, 0x1678);
  w.expect_fault(5, EF | Format_64, 0x1678, 3 | S1PTWF | PTWF | nested, 9, *leaf1);
  w.expect_no_fault(6);
}

// A start level that the size does not go with: whatever comes to stage 2 is a Translation fault there.
TEST_F(NestedFaults, AStage2ThatCannotBeWalkedRefusesStage1sTables) {
  const std::uint64_t first = s1->config().stage1.tables[0].base;
  w.change_cb(5, TCR, 3U << 6, 3U << 6);  // SL0 0b11
  w.access(9, 0x1678, AccessKind::write);
  w.expect_fault(5, TF | Format_64, 0x1678, 0 | S1PTWF | WNR | nested, 9, first);
  w.expect_no_fault(6);
  w.clear(5);
  // what stage 1 refuses does not come to it
  w.access(9, 0x80'0000'0000);
  w.expect_fault(6, TF | Format_64, 0x80'0000'0000, 0, 9);
  w.expect_no_fault(5);
  w.clear(6);
  // with stage 1 off the address itself does
  w.change_cb(6, SCTLR, SCTLR_M, 0);
  w.access(9, 0x1678);
  w.expect_fault(5, TF | Format_64, 0x1678, 0 | nested, 9, 0x1678);
}

// The second bank's CFRE counts (3.7.4)
TEST_F(NestedFaults, TheBankOfTheFaultSaysWhetherItIsReported) {
  w.change_cb(5, SCTLR, SCTLR_CFRE, 0);
  EXPECT_EQ(w.access(9, 0x2678).outcome, Outcome::razwi);
  w.clear(5);
  EXPECT_EQ(w.access(9, 0x5678).outcome, Outcome::abort);
  w.clear(6);
  w.change_cb(5, SCTLR, 0, SCTLR_CFRE);
  w.change_cb(6, SCTLR, SCTLR_CFRE, 0);
  EXPECT_EQ(w.access(9, 0x2678).outcome, Outcome::abort);
  w.clear(5);
  EXPECT_EQ(w.access(9, 0x5678).outcome, Outcome::razwi);
}

// 1.6.6: the VMIDs have to be the same; nothing breaks where they are not
TEST_F(NestedFaults, OfDifferentVmidsTranslateByTheFirst) {
  w.write(w.gr1(CBAR0 + 4 * 5), CBAR_stage2 | 99U);
  EXPECT_EQ(w.output_of(9, 0x1678), 0x9000'0678U);
}

// ---- hardware updates (9.6.1 HAFDBS, 16.5.39, 17.3.8)

TEST(HardwareUpdate, SetsTheAccessFlagOfStage1) {
  for (const int HAFDBS : {0, 1, 3}) {
    SCOPED_TRACE(HAFDBS);
    Features f;
    f.HAFDBS = static_cast<std::uint8_t>(HAFDBS);
    FormatsWorld w(f);
    auto& b = w.stream64(9, 3);
    Mapping m;
    m.accessed = false;
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
    w.change_cb(3, TCR2, 0, 3U << 10);  // HA and HD
    EXPECT_EQ(w.read_cb(3, TCR2) >> 10 & 1, HAFDBS != 0 ? 1U : 0U);
    w.start();
    const auto at = b.descriptor_address(0x1000, 3);
    ASSERT_TRUE(at);
    EXPECT_EQ(w.access(9, 0x1004).outcome, HAFDBS != 0 ? Outcome::forward : Outcome::abort);
    EXPECT_EQ(w.memory.read(*at, 8) >> 10 & 1, HAFDBS != 0 ? 1U : 0U);
    if (HAFDBS == 0) w.expect_fault(3, AFF | Format_64, 0x1004, 3, 9);
  }
}

// HD needs HA; DBM is bit 51, AP[2] bit 7
TEST(HardwareUpdate, MakesWritableCleanPagesDirtyWithHdAndHa) {
  for (unsigned bits = 0; bits < 4; ++bits) {
    for (const int HAFDBS : {1, 3}) {
      SCOPED_TRACE(::testing::Message() << bits << " " << HAFDBS);
      Features f;
      f.HAFDBS = static_cast<std::uint8_t>(HAFDBS);
      FormatsWorld w(f);
      auto& b = w.stream64(9, 3);
      Mapping m;
      m.writable = false;
      m.DBM = true;
      ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
      w.change_cb(3, TCR2, 0, bits << 10);
      w.start();
      const auto at = b.descriptor_address(0x1000, 3);
      ASSERT_TRUE(at);
      EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0004U);
      EXPECT_EQ(w.memory.read(*at, 8) >> 7 & 1, 1U) << "a read makes nothing dirty";
      const bool updates = bits == 3 && HAFDBS == 3;
      EXPECT_EQ(w.access(9, 0x1004, AccessKind::write).outcome, updates ? Outcome::forward : Outcome::abort);
      EXPECT_EQ(w.memory.read(*at, 8) >> 7 & 1, updates ? 0U : 1U);
      if (!updates) w.expect_fault(3, PF | Format_64, 0x1004, 3 | WNR, 9);
    }
  }
}

// 17.3.8: HA and HD are in TCR of stage 2, and count in AArch64 alone
TEST(HardwareUpdate, OfStage2IsSwitchedByItsTcr) {
  FormatsWorld w;
  auto& b = w.builder(World::config_stage2());
  Mapping m;
  m.accessed = false;
  m.writable = false;
  m.DBM = true;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.bank_stage2(5, b.config());
  w.map_stream(0, 9, S2CR_translate | 5);
  w.start();
  const auto at = b.descriptor_address(0x1000, 3);
  ASSERT_TRUE(at);
  EXPECT_EQ(w.access(9, 0x1004).outcome, Outcome::abort);
  w.clear(5);
  w.change_cb(5, TCR, 0, 1U << 21);
  EXPECT_EQ(w.access(9, 0x1004).outcome, Outcome::forward);
  EXPECT_EQ(w.access(9, 0x1004, AccessKind::write).outcome, Outcome::abort);
  w.clear(5);
  w.change_cb(5, TCR, 0, 1U << 22);
  EXPECT_EQ(w.access(9, 0x1004, AccessKind::write).outcome, Outcome::forward);
  EXPECT_EQ(w.memory.read(*at, 8) >> 7 & 1, 1U) << "S2AP[1]: writable";
}

TEST(HardwareUpdate, IsNotOfAarch32) {
  FormatsWorld w;
  auto& b = w.builder(FormatsWorld::config_long());
  Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.bank_long(3, b.config());
  w.change_cb(3, TCR2, 0, 3U << 10);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.access(9, 0x1004).outcome, Outcome::abort);
  w.expect_fault(3, AFF | Format_long, 0x1004, 3, 9);
}

TEST(HardwareUpdate, OnMemoryWithoutCompareAndSwapIsAnExternalFault) {
  FormatsWorld w;
  auto& b = w.stream64(9, 3);
  Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.change_cb(3, TCR2, 0, 1U << 10);
  w.memory.atomics = false;
  w.start();
  EXPECT_EQ(w.access(9, 0x1004).outcome, Outcome::abort);
  w.expect_fault(3, EF | Format_64, 0x1004, 3 | PTWF, 9);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "HAFDBS.atomic");
}

}  // namespace
}  // namespace smmuvp::smmuv2
