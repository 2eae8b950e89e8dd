// The Virtual Machine Structure: fetches, caches and CMD_CFGI_VMS_PIDM (IHI 0070 4.3.5, 5.2, 5.6, 7.3.20).
#include "mpam_world.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/explain.h"
#include "smmuvp/smmuv3/explain_access.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

constexpr std::uint64_t va = MpamWorld::va;
constexpr std::uint64_t vms = MpamWorld::vms;
const MpamLabel of_ste = label(0x21, 5);

TEST(Vms, EachEntryOfPartidMapIsThatOfItsPartid) {
  MpamWorld w;
  for (unsigned i = 0; i < 32; ++i) w.map(i, 0x34 - i);
  w.nested(1, of_ste, label(0, 0), true);
  for (unsigned i = 0; i < 32; ++i) {
    w.memory.write(World::cd_address(1) + 40, std::uint64_t{i} << 32 | std::uint64_t{i & 15} << 48);
    w.command(cfgi_ste(1), 1);
    w.expect_label(1, label(0x34 - i, i & 15));
  }
  EXPECT_EQ(w.fetches("VMS"), 1U);
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(Vms, UpperBitsOfTheVirtualPartidAreRes0AndCountForNothing) {
  MpamWorld w;
  w.map(31, 0x17);
  w.nested(1, of_ste, label(0xffff, 6), true);
  w.expect_label(1, label(0x17, 6));
}

TEST(Vms, IsReadWholeAndWithTheAttributesOfStes) {
  MpamWorld w;
  w.nested(1, of_ste, label(2, 6), true);
  w.access(1, va);
  const smmu::MemoryOp* ste = nullptr;
  const smmu::MemoryOp* map = nullptr;
  for (const smmu::MemoryOp& op : w.seen) {
    if (std::string(op.purpose) == "STE") ste = &op;
    if (std::string(op.purpose) == "VMS") map = &op;
  }
  ASSERT_TRUE(ste != nullptr && map != nullptr);
  EXPECT_EQ(map->address, vms);
  EXPECT_EQ(map->size, 64U);
  EXPECT_TRUE(map->attributes == ste->attributes);
  EXPECT_EQ(map->space, AddressSpace::non_secure);
}

TEST(Vms, AtAddress0IsOne) {
  MpamWorld w;
  w.map(2, 0x17, 0);
  w.nested(1, of_ste, label(2, 6), true, 7, 0);
  w.expect_label(1, label(0x17, 6));
}

TEST(Vms, IsNotFetchedWhereItIsNotRequired) {
  Features f = with_mpam();
  f.SSIDSIZE = 4;
  MpamWorld w(f);
  w.nested(1, of_ste, label(2, 6), false);
  w.stage1(2, of_ste, label(2, 6), true);
  w.stage2(3, of_ste, true);
  w.nested(4, of_ste, label(2, 6), true);  // bypasses stage 1
  const std::uint64_t ste = World::strtab + 64 * 4;
  w.memory.write(ste, w.memory.read(ste, 8) | std::uint64_t{1} << 59);
  w.memory.write(ste + 8, w.memory.read(ste + 8, 8) | 1);
  for (std::uint32_t sid = 1; sid < 4; ++sid) EXPECT_EQ(w.access(sid, va).outcome, Outcome::forward) << sid;
  EXPECT_EQ(w.access(4, MpamWorld::ipa).mpam, of_ste);
  EXPECT_EQ(w.fetches("VMS"), 0U);
}

TEST(Vms, DoesNotExistWherePartid0IsTheOnlyOne) {
  Features f = with_mpam();
  f.PARTID_MAX = 0;
  MpamWorld w(f);
  w.nested(1, label(0, 5), label(2, 6), true, 7, std::uint64_t{1} << 50);
  w.expect_label(1, label(0, 6));
  EXPECT_EQ(w.fetches("VMS"), 0U);
  w.command(cfgi_vms_pidm(7));
  EXPECT_EQ(w.read(0x9c) >> 24 & 0x7f, 1U) << "CERROR_ILL";
}

// 5.2, VMSPtr
TEST(Vms, APointerBeyondTheOasIsBadSteWhereItIsEnabled) {
  for (const unsigned bit : {44U, 51U, 55U}) {
    MpamWorld w;
    const std::uint64_t beyond = std::uint64_t{1} << bit;
    w.nested(1, of_ste, label(2, 6), false, 7, beyond);
    EXPECT_EQ(w.access(1, va).outcome, Outcome::forward) << "IGNORED";
    w.nested(2, of_ste, label(2, 6), true, 7, beyond);
    EXPECT_EQ(w.access(2, va).outcome, Outcome::abort);
    EXPECT_EQ(w.event(), (Record{0x04 | std::uint64_t{2} << 32, 0, 0, 0}));
  }
}

// 7.3.20
TEST(Vms, AnAbortOfItsFetchIsFVmsFetchAndIsNotCached) {
  Features f = with_mpam();
  f.SSIDSIZE = 4;
  MpamWorld w(f);
  w.nested(1, of_ste, label(2, 6), true);
  w.map(2, 0x17);
  w.memory.make_abort(vms);
  EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), (Record{0x25 | std::uint64_t{1} << 32, 0, 0, vms}));
  const std::uint64_t ste = World::strtab + 64;
  w.memory.write(ste, w.memory.read(ste, 8) | std::uint64_t{1} << 59);
  w.command(cfgi_ste(1), 1);
  w.put(World::cd_address(1) + 64, Structure());
  for (unsigned i = 0; i < 64; i += 8) {
    w.memory.write(World::cd_address(2) + i, w.memory.read(World::cd_address(1) + i, 8));
  }
  smmu::AccessRequest r = World::request(1, va);
  r.substream_valid = true;
  r.substream_id = 1;
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), (Record{0x25 | 1 << 11 | 1 << 12 | std::uint64_t{1} << 32, 0, 0, vms}));
  w.memory.make_ok(vms);
  EXPECT_EQ(w.access(r).mpam, label(0x17, 6)) << "without an invalidation";
}

// 7.3.22: IMPLEMENTATION DEFINED, behind the CD
TEST(Vms, ABadCdIsReportedBeforeItsFetch) {
  MpamWorld w;
  w.nested(1, of_ste, label(2, 6), true);
  w.memory.make_abort(vms);
  w.put(World::cd_address(1), Structure());
  w.access(1, va);
  EXPECT_EQ(w.event()[0] & 0xff, 0x0aU);
}

TEST(Vms, AddressTranslationOperationsTellOfAnAbort) {
  Features f = with_mpam();
  f.ATOS = true;
  MpamWorld w(f);
  w.nested(1, of_ste, label(2, 6), true);
  w.memory.make_abort(vms);
  const auto ask = [&w](unsigned TYPE) {
    w.write(0x108, 1, 8);
    w.write(0x110, MpamWorld::ipa | std::uint64_t{TYPE} << 10 | 1 << 8, 8);
    w.write(0x100, 1);
    w.work();
    return w.read(0x118);
  };
  EXPECT_EQ(ask(3), 0x25U << 4 | 1U);
  EXPECT_EQ(ask(1), 0x25U << 4 | 1U);
  EXPECT_EQ(ask(2) & 1, 0U) << "stage 2 needs none";
}

TEST(Vms, AMappedPartidBeyondTheMaximumIsTakenAs0AndTold) {
  MpamWorld w;
  w.nested(1, of_ste, label(2, 6), true);
  w.map(2, 0x35);
  w.expect_label(1, label(0, 6));
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "VMS.PARTID");
}

// ---- caches (5.6.2)

TEST(Vms, IsCachedByVmidForAllStreamsOfAVirtualMachine) {
  MpamWorld w;
  w.map(2, 0x17);
  w.nested(1, of_ste, label(2, 6), true);
  w.nested(2, of_ste, label(2, 1), true);
  w.nested(3, of_ste, label(2, 1), true, 8);
  w.expect_label(1, label(0x17, 6));
  w.expect_label(2, label(0x17, 1));
  EXPECT_EQ(w.fetches("VMS"), 1U);
  w.expect_label(3, label(0x17, 1));
  EXPECT_EQ(w.fetches("VMS"), 2U) << "of another VMID";
}

// 4.3.5.1: a change of PARTID_MAP needs both.
TEST(Vms, AChangeNeedsInvalidationByVmidAndByStreamid) {
  for (const bool by_vmid : {false, true}) {
    for (const bool by_stream : {false, true}) {
      MpamWorld w;
      w.map(2, 0x17);
      w.nested(1, of_ste, label(2, 6), true);
      w.expect_label(1, label(0x17, 6));
      w.map(2, 0x18);
      if (by_vmid) w.command(cfgi_vms_pidm(7));
      if (by_stream) w.command(cfgi_ste(1), 1);
      w.command(0x46);
      EXPECT_EQ(w.access(1, va).mpam.partid, by_vmid && by_stream ? 0x18 : 0x17);
    }
  }
}

TEST(Vms, CfgiAllTakesThoseOfItsSecurityState) {
  MpamWorld w;
  w.map(2, 0x17);
  w.nested(1, of_ste, label(2, 6), true);
  w.expect_label(1, label(0x17, 6));
  w.map(2, 0x18);
  w.command(cfgi_all, 30);  // all StreamIDs that a table can have, and no VMID
  EXPECT_EQ(w.access(1, va).mpam.partid, 0x17);
  w.command(cfgi_all, 31);
  EXPECT_EQ(w.access(1, va).mpam.partid, 0x18);
}

TEST(Vms, CfgiVmsPidmTakesItsVmidAloneWhateverVmwIs) {
  Features f = with_mpam();
  f.VMW = true;
  MpamWorld w(f);
  w.write(0x20, CR0_implemented | 4U << CR0_VMW_shift);
  w.work();
  w.map(2, 0x17);
  for (const std::uint32_t sid : {6U, 7U, 8U}) {
    w.nested(sid, of_ste, label(2, 6), true, static_cast<std::uint16_t>(sid));
    w.expect_label(sid, label(0x17, 6));
  }
  w.command(cfgi_vms_pidm(7));
  const auto before = w.fetches("VMS");
  for (const std::uint32_t sid : {6U, 7U, 8U}) {
    w.command(cfgi_ste(sid), 1);
    w.access(sid, va);
    EXPECT_EQ(w.fetches("VMS") - before, sid >= 7 ? 1U : 0U) << sid;
  }
  EXPECT_TRUE(w.commands_done());
}

TEST(Vms, AFetchThatCfgiVmsPidmOvertakesFillsNothing) {
  MpamWorld w;
  w.map(2, 0x17);
  w.nested(1, of_ste, label(2, 6), true);
  Access access(w.smmu, World::request(1, va));
  while (access.step() == smmu::Step::need && std::string(access.op().purpose) != "VMS") {
    access.complete(w.memory.carry_out(access.op()));
  }
  const smmu::MemoryAnswer old = w.memory.carry_out(access.op());
  w.map(2, 0x18);
  w.command(cfgi_vms_pidm(7));
  w.command(cfgi_ste(1), 1);
  access.complete(old);
  w.finish(access);
  EXPECT_EQ(access.answer().mpam.partid, 0x17) << "it had been read before";
  w.expect_label(1, label(0x18, 6));
}

TEST(Vms, APrefetchFillsTheCache) {
  MpamWorld w;
  w.map(2, 0x17);
  w.nested(1, of_ste, label(2, 6), true);
  w.command(0x01 | std::uint64_t{1} << 32);
  EXPECT_EQ(w.fetches("VMS"), 1U);
  w.expect_label(1, label(0x17, 6));
  EXPECT_EQ(w.fetches("VMS"), 1U);
}

TEST(Vms, LooksUpAreCountedAsThoseOfConfiguration) {
  MpamWorld w;
  w.nested(1, of_ste, label(2, 6), true);
  w.access(1, va);
  EXPECT_EQ(w.smmu.statistics().config_misses, 3U) << "STE, CD, VMS";
  w.command(0x30);
  w.access(1, va);
  EXPECT_EQ(w.smmu.statistics().config_hits, 3U);
}

// ---- CMD_CFGI_VMS_PIDM (4.3.5)

TEST(Vms, CfgiVmsPidmIsIllegalWhereTheStateThatSsecNamesHasNone) {
  const auto legal = [](const Features& f, bool secure_queue, bool with_SSec) {
    const Command c = Command::decode({cfgi_vms_pidm(7) | (with_SSec ? SSec : 0), 0});
    const char* why = "";
    Origin queue;
    queue.sec_sid = secure_queue ? SecSid::secure : SecSid::non_secure;
    return check_command(c, f, why, queue) == CommandError::CERROR_NONE;
  };
  Features f = with_secure_mpam();
  EXPECT_TRUE(legal(f, false, false));
  EXPECT_FALSE(legal(f, false, true));
  EXPECT_TRUE(legal(f, true, false));
  EXPECT_TRUE(legal(f, true, true));
  f.S_PARTID_MAX = 0;
  EXPECT_TRUE(legal(f, true, true)) << "by Non-secure PARTIDs";
  f.HAS_MPAM_NS = false;
  EXPECT_FALSE(legal(f, true, true));
  EXPECT_TRUE(legal(f, true, false));
  f = with_secure_mpam();
  f.SEL2 = false;
  EXPECT_FALSE(legal(f, true, true)) << "no Secure stage 2";
  f = with_secure_mpam();
  f.PARTID_MAX = 0;
  EXPECT_FALSE(legal(f, false, false));
  EXPECT_FALSE(legal(f, true, false));
  EXPECT_TRUE(legal(f, true, true));
  EXPECT_FALSE(legal(with_sel2(), true, false)) << "IDR3.MPAM";
}

// ---- for people

TEST(Vms, IsShownByDumpsExplanationsAndDecoding) {
  MpamWorld w;
  w.map(2, 0x17);
  w.nested(1, of_ste, label(2, 6), true);
  w.access(1, va);
  const smmu::DebugMemory memory = [&w](const smmu::MemoryOp& op) { return w.memory.carry_out(op); };
  std::string text = to_text(dump(w.smmu, "smmu0", memory));
  EXPECT_NE(text.find("VMS cache"), std::string::npos) << text;
  AccessExplanation e = explain(w.smmu, World::request(1, va), memory);
  EXPECT_FALSE(e.stale()) << to_text(e);
  EXPECT_NE(to_text(e).find("PARTID 23, PMG 6"), std::string::npos) << to_text(e);
  w.map(2, 0x18);
  e = explain(w.smmu, World::request(1, va), memory);
  EXPECT_TRUE(e.stale());
  EXPECT_NE(to_text(e).find("STALE: cached: PARTID_MAP[2] = 0x17"), std::string::npos) << to_text(e);
  const std::uint64_t words[8] = {std::uint64_t{0x17} << 32};
  const StructureExplanation decoded = explain(StructureKind::VMS, words);
  ASSERT_EQ(decoded.fields.size(), 32U);
  EXPECT_EQ(decoded.fields[2].text, "0x17");
}

}  // namespace
}  // namespace smmuvp::smmuv3
