// MPAM: PARTID and PMG of accesses, and of what the SMMU reads and writes for itself (IHI 0070 5.2, 5.4, 17).
#include <set>

#include "ats_world.h"
#include "mpam_world.h"
#include "smmuvp/base/archive.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

const MpamLabel of_ste = label(0x21, 5);
const MpamLabel of_cd = label(0x12, 6);
const MpamLabel own = label(0x30, 9);

// ---- accesses (17.2)

TEST(Mpam, ThatOfTheSteGoesOnInEachConfig) {
  MpamWorld w;
  w.put_ste(1, ste_labelled(ste_bypass(), 0x21, 5));
  w.stage1(2, of_ste, of_cd, false);
  w.stage2(3, of_ste);
  w.nested(4, of_ste, of_cd, false);
  for (std::uint32_t sid = 1; sid < 5; ++sid) w.expect_label(sid, of_ste);
  EXPECT_EQ(w.fetches("VMS"), 0U);
}

TEST(Mpam, WithS1mpamThatOfTheCdGoesOnWhereStage1AloneTranslates) {
  MpamWorld w;
  w.put_ste(1, ste_labelled(ste_bypass(), 0x21, 5, true));
  w.stage1(2, of_ste, of_cd, true);
  w.stage2(3, of_ste, true);
  w.expect_label(1, of_ste);
  w.expect_label(2, of_cd);
  w.expect_label(3, of_ste);
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(Mpam, S1dssThatBypassesStage1TakesThatOfTheSte) {
  Features f = with_mpam();
  f.SSIDSIZE = 4;
  MpamWorld w(f);
  w.stage1(2, of_ste, of_cd, true);
  Structure s = ste_labelled(ste_stage1(World::cd_address(2)), 0x21, 5, true);
  w.put_ste(2, s.set(59, 5, 1).set(64, 2, 1));
  w.expect_label(2, of_ste);
  smmu::AccessRequest r = World::request(2, MpamWorld::va);
  r.substream_valid = true;
  EXPECT_EQ(w.access(r).mpam, of_cd) << "SubstreamID 0";
}

TEST(Mpam, GbpmpamIsThatOfAccessesWhileSmmuenIs0) {
  MpamWorld w;
  w.write(0x20, 0);
  w.work();
  EXPECT_EQ(w.access(1, 0x1000).mpam, label(0, 0));
  w.write(GBPMPAM, gmpam(0x11, 2));
  w.expect_label(1, label(0x11, 2));
  w.write(GBPMPAM, gmpam(0x10, 3));
  w.expect_label(1, label(0x10, 3));
  w.put_ste(1, ste_labelled(ste_bypass(), 0x21, 5));
  w.write(0x20, CR0_implemented);
  w.work();
  w.expect_label(1, of_ste);
}

TEST(Mpam, ValuesBeyondTheMaximaAreTakenAs0AndTold) {
  MpamWorld w;
  w.put_ste(1, ste_labelled(ste_bypass(), 0x35, 5));
  w.expect_label(1, label(0, 5));
  w.put_ste(2, ste_labelled(ste_bypass(), 0x34, 0x10));
  w.expect_label(2, label(0x34, 0));
  w.stage1(3, of_ste, label(0xffff, 0xff), true);
  w.expect_label(3, label(0, 0));
  std::set<std::string> sites;
  for (const Diagnostic& d : w.diag.all) sites.insert(d.site);
  EXPECT_EQ(sites, (std::set<std::string>{"STE.PARTID", "CD.PARTID"}));
}

TEST(Mpam, FieldsAreRes0WithoutIt) {
  Features f = with_mpam();
  f.MPAM = false;
  f.PARTID_MAX = 0;
  f.PMG_MAX = 0;
  MpamWorld w(f);
  w.stage1(1, of_ste, of_cd, true);
  w.nested(2, of_ste, of_cd, true, 7, std::uint64_t{1} << 50);
  w.expect_label(1, label(0, 0));
  w.expect_label(2, label(0, 0));
  for (const smmu::MemoryOp& op : w.seen) EXPECT_EQ(op.mpam, MpamLabel{}) << op.purpose;
}

// 5.4.1: not in TLBs
TEST(Mpam, StreamsThatShareTranslationsHaveEachTheirOwn) {
  MpamWorld w;
  w.stage1(1, of_ste, of_cd, true);
  const std::uint64_t cd2 = World::cd_address(2);
  for (unsigned i = 0; i < 64; i += 8) w.memory.write(cd2 + i, w.memory.read(World::cd_address(1) + i, 8));
  w.memory.write(cd2 + 40, std::uint64_t{0x15} << 32 | std::uint64_t{2} << 48);
  w.put_ste(2, ste_labelled(ste_stage1(cd2), 0, 0, true));
  w.expect_label(1, of_cd);
  const auto walked = w.fetches("TTD");
  w.expect_label(2, label(0x15, 2));
  EXPECT_EQ(w.fetches("TTD"), walked) << "the TLB has it";
  w.expect_label(1, of_cd);
}

TEST(Mpam, AChangeOfTheSteOrCdIsSeenAfterItsInvalidation) {
  MpamWorld w;
  w.stage1(1, of_ste, of_cd, true);
  w.expect_label(1, of_cd);
  w.put_ste(1, ste_labelled(ste_stage1(World::cd_address(1)), 3, 1, false));
  w.expect_label(1, of_cd);
  w.command(cfgi_ste(1), 1);
  w.expect_label(1, label(3, 1));
  EXPECT_EQ(w.fetches("TTD"), 3U) << "no translation went";
}

TEST(Mpam, IsInASavedState) {
  const auto prepare = [](MpamWorld& w) {
    w.write(GMPAM, gmpam(0x30, 9));
    w.write(GBPMPAM, gmpam(0x11, 2));
    w.nested(1, of_ste, of_cd, true);
    w.map(0x12, 0x17);
  };
  MpamWorld w;
  prepare(w);
  w.expect_label(1, label(0x17, 6));
  ArchiveWriter writer;
  w.smmu.visit(writer);
  ASSERT_TRUE(writer.ok()) << writer.error();
  MpamWorld v;
  ArchiveReader reader(writer.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  v.expect_label(1, label(0x17, 6));  // it has no memory: what it knows is all that there is
  v.write(0x20, 0);
  v.work();
  v.expect_label(1, label(0x11, 2));
}

// At each moment of an access.
TEST(Mpam, AnAccessThatIsSavedGoesOnWithItsLabels) {
  for (unsigned steps = 0; steps < 40; ++steps) {
    MpamWorld w;
    w.write(GMPAM, gmpam(0x30, 9));
    w.nested(1, of_ste, of_cd, true);
    w.map(0x12, 0x17);
    Access access(w.smmu, World::request(1, MpamWorld::va));
    unsigned done = 0;
    while (done < steps && access.step() == smmu::Step::need) {
      access.complete(w.memory.carry_out(access.op()));
      ++done;
    }
    if (done < steps) break;
    ArchiveWriter writer;
    w.smmu.visit(writer);
    access.visit(writer);
    ASSERT_TRUE(writer.ok()) << writer.error();
    ArchiveReader reader(writer.data());
    Smmu other(with_mpam(), World::untimed());
    other.visit(reader);
    Access restored(other, smmu::AccessRequest{});
    restored.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error() << " after " << steps;
    while (access.step() == smmu::Step::need) {
      ASSERT_EQ(restored.step(), smmu::Step::need);
      EXPECT_EQ(restored.op().mpam, access.op().mpam) << access.op().purpose;
      EXPECT_EQ(restored.op().address, access.op().address);
      EXPECT_STREQ(restored.op().purpose, access.op().purpose);
      const smmu::MemoryAnswer answer = w.memory.carry_out(access.op());
      access.complete(answer);
      restored.complete(answer);
    }
    EXPECT_EQ(restored.step(), smmu::Step::done);
    EXPECT_EQ(restored.answer().mpam, label(0x17, 6));
  }
}

// ---- ATS (17.3)

struct MpamAts : ::testing::Test {
  static Features features() {
    Features f = with_mpam();
    f.ATS = f.ATSRECERR = f.PASIDTT = true;
    f.SSIDSIZE = 4;
    return f;
  }
  MpamAts() {
    w.memory.seen = &seen;
    w.write(GBPMPAM, gmpam(0x11, 2));
    EXPECT_TRUE(b.map(MpamWorld::va, MpamWorld::page, 0x1000));
    for (unsigned i = 0; i < 4; ++i) {
      w.put(cds + 64ULL * i, cd_labelled(cd_for(b.config(), 1), 0x10 + i, i));
    }
  }
  void put(unsigned EATS, bool S1MPAM = true) {
    Structure s = ste_labelled(ste_stage1(cds), 0x21, 5, S1MPAM).set(59, 5, 2).set(64, 2, 1);
    w.put_ste(1, with_ats(s, EATS));
    w.command(cfgi_ste(1), 1);
  }
  smmu::AccessAnswer pass(std::optional<unsigned> pasid = {}) {
    smmu::AccessRequest r = AtsWorld::translated(1, 0x8000'0000);
    r.substream_valid = pasid.has_value();
    r.substream_id = pasid.value_or(0);
    return w.access(r);
  }
  static constexpr std::uint64_t cds = 0x4100'0000;
  AtsWorld w{features()};
  std::vector<smmu::MemoryOp> seen;
  pgtable::Builder& b = w.space();
};

TEST_F(MpamAts, ATranslatedTransactionHasGbpmpamWithoutAtschk) {
  put(full_ats);
  w.write(0x20, AtsWorld::enabled & ~CR0_ATSCHK);
  EXPECT_EQ(pass().mpam, label(0x11, 2));
  EXPECT_EQ(pass(2).mpam, label(0x11, 2));
}

TEST_F(MpamAts, ATranslatedTransactionHasThatOfTheSteWithoutPasid) {
  put(full_ats);
  EXPECT_EQ(pass().mpam, of_ste);
  EXPECT_TRUE(labels_of(seen, "CD").empty());
}

TEST_F(MpamAts, ATranslatedTransactionWithAPasidHasThatOfItsCdWithPasidttAndS1mpam) {
  put(full_ats);
  EXPECT_EQ(pass(2).mpam, label(0x12, 2));
  EXPECT_EQ(labels_of(seen, "CD"), times(1, of_ste));
  put(full_ats, false);
  EXPECT_EQ(pass(2).mpam, of_ste);
  EXPECT_EQ(labels_of(seen, "CD").size(), 1U) << "no CD is needed";
}

TEST_F(MpamAts, ErrorsOfThatCdAbortTheTransactionAndAreRecordedByRecCfgAts) {
  put(full_ats);
  for (const bool recorded : {false, true}) {
    w.set_cr2(recorded ? CR2_RECINVSID | CR2_REC_CFG_ATS : CR2_RECINVSID);
    w.put(cds + 64 * 3, Structure());
    w.command(cfgi_ste(1), 1);
    EXPECT_EQ(pass(3).outcome, Outcome::abort);
    const auto bad = w.pop_event();
    EXPECT_EQ(bad ? (*bad)[0] & 0xff : 0, recorded ? 0x0aU : 0U) << "C_BAD_CD";
    w.memory.make_abort(cds);
    w.command(cfgi_ste(1), 1);
    EXPECT_EQ(pass(3).outcome, Outcome::abort);
    const auto fetch = w.pop_event();
    EXPECT_EQ(fetch ? (*fetch)[0] & 0xff : 0, recorded ? 0x09U : 0U) << "F_CD_FETCH";
    w.memory.make_ok(cds);
  }
}

TEST_F(MpamAts, ATranslationRequestReadsTablesAsAnAccessDoes) {
  put(full_ats);
  smmu::AccessRequest r = AtsWorld::translation_request(1, MpamWorld::va);
  r.substream_valid = true;
  r.substream_id = 3;
  EXPECT_EQ(w.ask(r).status, AtsStatus::success);
  EXPECT_EQ(labels_of(seen, "TTD"), times(3, label(0x13, 3)));
}

// ---- the SMMU's own accesses (17.4)

TEST(MpamOwn, StreamTableQueuesAndMsisHaveGmpam) {
  Features f = with_mpam();
  f.MSI = true;
  MpamWorld w(f);
  w.write(0x20, 0);
  w.work();
  constexpr std::uint64_t level2 = 0x1100'0000;
  w.memory.write(World::strtab, level2 | 7);
  w.put(level2 + 64, ste_labelled(ste_bypass(), 0x21, 5));
  w.write(0x88, 8 | 6 << 6 | 1 << 16);
  w.write(0x50, 0);
  w.write(0xb0, 0xa000'0000, 8);
  w.write(0x50, IRQ_CTRL_implemented);
  w.write(GMPAM, gmpam(own.partid, own.pmg));
  w.write(0x20, CR0_implemented);
  w.work();
  w.access(1, 0x1000);
  w.access(2, 0x1000);  // C_BAD_STE
  w.command(0x46);
  for (const char* purpose : {"L1STD", "STE", "event", "MSI", "command"}) {
    const auto labels = labels_of(w.seen, purpose);
    EXPECT_FALSE(labels.empty()) << purpose;
    EXPECT_EQ(labels, times(labels.size(), own)) << purpose;
  }
}

TEST(MpamOwn, AChangeOfGmpamIsThatOfTheNextAccess) {
  MpamWorld w;
  w.write(0x20, 0);
  w.work();
  w.memory.write(World::strtab, 0x1100'0000 | 7);
  w.write(0x88, 8 | 6 << 6 | 1 << 16);
  w.write(0x20, CR0_implemented);
  w.work();
  Access access(w.smmu, World::request(1, 0x1000));
  ASSERT_EQ(access.step(), smmu::Step::need);
  EXPECT_EQ(access.op().mpam, label(0, 0));
  w.write(GMPAM, gmpam(own.partid, own.pmg));
  access.complete(w.memory.carry_out(access.op()));
  ASSERT_EQ(access.step(), smmu::Step::need);
  EXPECT_EQ(access.op().mpam, own);
  w.finish(access);
}

TEST(MpamOwn, CdsHaveThatOfTheSteAndTablesOfStage1ThatOfTheAccess) {
  MpamWorld w;
  w.write(GMPAM, gmpam(own.partid, own.pmg));
  w.stage1(1, of_ste, of_cd, true);
  w.access(1, MpamWorld::va);
  EXPECT_EQ(labels_of(w.seen, "STE"), times(1, own));
  EXPECT_EQ(labels_of(w.seen, "CD"), times(1, of_ste));
  EXPECT_EQ(labels_of(w.seen, "TTD"), times(3, of_cd));
  w.seen.clear();
  w.stage1(2, of_ste, of_cd, false);
  w.access(2, MpamWorld::va);
  EXPECT_EQ(labels_of(w.seen, "TTD"), times(3, of_ste));
  w.seen.clear();
  w.stage2(3, label(4, 4));
  w.access(3, MpamWorld::va);
  EXPECT_EQ(labels_of(w.seen, "TTD"), times(labels_of(w.seen, "TTD").size(), label(4, 4)));
}

TEST(MpamOwn, InANestedStreamTablesOfStage2HaveThatOfTheSteAndThoseOfStage1TheMappedOne) {
  MpamWorld w;
  w.write(GMPAM, gmpam(own.partid, own.pmg));
  pgtable::Builder& vas = w.nested(1, of_ste, of_cd, true);
  w.map(0x12, 0x17);
  w.access(1, MpamWorld::va);
  std::set<std::uint64_t> stage1;
  for (int level = 1; level < 4; ++level) {
    stage1.insert(vas.descriptor_address(MpamWorld::va, level).value_or(0) - Stage2World::offset);
  }
  unsigned of_stage1 = 0, of_stage2 = 0;
  for (const smmu::MemoryOp& op : w.seen) {
    if (std::string(op.purpose) != "TTD") continue;
    const bool first = stage1.count(op.address) != 0;
    ++(first ? of_stage1 : of_stage2);
    EXPECT_EQ(op.mpam, first ? label(0x17, 6) : of_ste) << std::hex << op.address;
  }
  EXPECT_EQ(of_stage1, 3U);
  EXPECT_GT(of_stage2, 3U);
  EXPECT_EQ(labels_of(w.seen, "CD"), times(1, of_ste));
  EXPECT_EQ(labels_of(w.seen, "VMS"), times(1, own)) << "5.6: as those of STEs";
}

TEST(MpamOwn, UpdatesOfDescriptorsHaveThatOfTheirTables) {
  Features f = with_mpam();
  f.HTTU = 2;
  MpamWorld w(f);
  pgtable::Config c = Stage2World::stage1_config();
  c.stage1.HA = true;
  pgtable::Builder& b = w.builder(c);
  pgtable::Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b.map(MpamWorld::va, MpamWorld::page, 0x1000, m));
  w.put(World::cd_address(1), cd_labelled(cd_for(b.config(), 1), 0x12, 6));
  w.put_ste(1, ste_labelled(ste_stage1(World::cd_address(1)), 0x21, 5, true));
  EXPECT_EQ(w.access(1, MpamWorld::va).outcome, Outcome::forward);
  ASSERT_EQ(w.seen.back().kind, smmu::MemoryOpKind::compare_and_swap);
  EXPECT_EQ(w.seen.back().mpam, of_cd);
}

TEST(MpamOwn, AddressTranslationOperationsAndPrefetchesReadAsAccessesDo) {
  Features f = with_mpam();
  f.ATOS = true;
  for (const bool prefetch : {false, true}) {
    MpamWorld w(f);
    w.stage1(1, of_ste, of_cd, true);
    if (prefetch) {
      w.command(0x02 | std::uint64_t{1} << 32, MpamWorld::va);
    } else {
      w.write(0x108, 1, 8);
      w.write(0x110, MpamWorld::va | 1 << 10 | 1 << 8, 8);
      w.write(0x100, 1);
      w.work();
    }
    EXPECT_EQ(labels_of(w.seen, "CD"), times(1, of_ste));
    EXPECT_EQ(labels_of(w.seen, "TTD"), times(3, of_cd));
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
