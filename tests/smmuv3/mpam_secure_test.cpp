// MPAM of Secure streams: PARTID spaces, and VMSs in Secure PA space (IHI 0070 5.2, 5.6, 17.7).
#include "mpam_world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr AddressSpace NS = AddressSpace::non_secure;
constexpr AddressSpace S = AddressSpace::secure;
constexpr std::uint64_t va = 0x4000;
constexpr std::uint64_t ipa = 0x7000'0000;
constexpr std::uint64_t page = 0x9000'0000;
constexpr std::uint64_t vms = 0x6000'0000;

Structure ste_ns(Structure s, bool value) { return s.set(328, 1, value); }

struct SecureMpam : ::testing::Test {
  explicit SecureMpam(const Features& f = with_secure_mpam()) : w(f) {
    w.memory.seen = &seen;
    w.start();
    w.s_start();
  }
  void expect_s_label(std::uint32_t sid, const MpamLabel& expected, std::uint64_t address = va) {
    for (unsigned n = 0; n < 2; ++n) {
      const smmu::AccessAnswer a = w.s_access(sid, address);
      ASSERT_EQ(a.outcome, smmu::Outcome::forward);
      EXPECT_EQ(a.mpam, expected);
    }
  }
  /// A nested Secure stream whose IPAs are all Secure.
  void nested(std::uint32_t sid, bool MPAM_NS_of_ste) {
    pgtable::Builder& sipas = w.tables_in(S, stage2_config());
    pgtable::Builder& nsipas = w.tables_in(S, stage2_config());
    ASSERT_TRUE(sipas.map(World::cds, World::cds, 0x1000));
    ASSERT_TRUE(sipas.map(World::tables, World::tables, 0x10'0000));
    ASSERT_TRUE(sipas.map(ipa, page, 0x1000));
    pgtable::Builder& vas = w.tables_in(S, SecureWorld::s_config());
    ASSERT_TRUE(vas.map(va, ipa, 0x1000));
    w.s_put(World::cd_address(sid), cd_labelled(cd_for(vas.config(), 1), 2, 1));
    const pgtable::Stage2Config& c = sipas.config().stage2;
    Structure s = ste_nested(World::cd_address(sid), nsipas.config().stage2);
    s.set(288, 6, static_cast<std::uint64_t>(c.T0SZ))
        .set(294, 2, S2SL0_of(c) & 3)
        .set(302, 2, TG0_of(c.granule));
    s.words[6] |= c.base;
    w.s_put_ste(sid, ste_ns(with_vms(ste_labelled(s, 0x0a, 2, true), vms), MPAM_NS_of_ste));
  }
  SecureWorld w;
  std::vector<smmu::MemoryOp> seen;
};
struct SecureMpamWithoutNs : SecureMpam {
  static Features features() {
    Features f = with_secure_mpam();
    f.HAS_MPAM_NS = false;
    return f;
  }
  SecureMpamWithoutNs() : SecureMpam(features()) {}
};

TEST_F(SecureMpam, StreamsHaveTheSpaceOfTheirStateUnlessMpamNs) {
  w.s_put_ste(1, ste_labelled(ste_bypass(), 0x0a, 2));
  w.put_ste(1, ste_ns(ste_labelled(ste_bypass(), 0x21, 5), true));
  expect_s_label(1, label(0x0a, 2, S));
  EXPECT_EQ(w.access(1, va).mpam, label(0x21, 5, NS));
  w.s_put_ste(2, ste_labelled(ste_bypass(), 0x20, 4));
  expect_s_label(2, label(0, 0, S));  // beyond the Secure maxima
  w.s_put_ste(3, ste_ns(ste_labelled(ste_bypass(), 0x34, 0xf), true));
  expect_s_label(3, label(0x34, 0xf, NS));
}

TEST_F(SecureMpamWithoutNs, MpamNsIsRes0) {
  w.s_put_ste(1, ste_ns(ste_labelled(ste_bypass(), 0x0a, 2), true));
  expect_s_label(1, label(0x0a, 2, S));
}

TEST_F(SecureMpam, SGbpmpamIsThatOfSecureStreamsThatBypass) {
  w.s_write(0x8020, 0);
  w.work();
  w.s_write(S_GBPMPAM, gmpam(0x07, 1));
  w.write(GBPMPAM, gmpam(0x11, 2));
  expect_s_label(1, label(0x07, 1, S));
  w.s_write(S_GBPMPAM, gmpam(0x27, 9) | MPAM_NS);
  expect_s_label(1, label(0x27, 9, NS));
  w.write(0x20, 0);
  w.work();
  EXPECT_EQ(w.access(1, va).mpam, label(0x11, 2, NS));
}

TEST_F(SecureMpam, TheInterfaceReadsAndWritesWithSGmpam) {
  w.write(GMPAM, gmpam(0x30, 9));
  for (const bool ns : {false, true}) {
    seen.clear();
    w.s_write(S_GMPAM, gmpam(0x13, 3) | (ns ? MPAM_NS : 0));
    w.s_command(0x46);
    w.s_put_ste(1, ste_labelled(ste_bypass(), 0x0a, 2));
    w.s_command(cfgi_ste(1) | SSec, 1);
    w.s_access(1, va);
    for (const char* purpose : {"command", "STE"}) {
      const auto labels = labels_of(seen, purpose);
      EXPECT_FALSE(labels.empty());
      EXPECT_EQ(labels, times(labels.size(), label(0x13, 3, ns ? NS : S))) << purpose;
    }
  }
}

TEST_F(SecureMpam, AVmsIsReadFromSecurePaSpaceByTheSpaceOfItsInterface) {
  for (const bool ns : {false, true}) {
    const std::uint32_t sid = ns ? 2 : 1;
    seen.clear();
    w.s_write(S_GMPAM, gmpam(0x13, 3));
    w.memory.write(SecureWorld::secure(vms) + 4, 0x17, 2);
    w.memory.write(vms + 4, 0x08, 2);
    w.s_command(cfgi_all | SSec, 31);
    nested(sid, ns);
    expect_s_label(sid, label(0x17, 1, ns ? NS : S));
    const MpamLabel of_ste = label(0x0a, 2, ns ? NS : S);
    EXPECT_EQ(labels_of(seen, "CD"), times(1, of_ste)) << "MPAM_NS goes for it";
    EXPECT_EQ(labels_of(seen, "VMS"), times(1, label(0x13, 3, S))) << "and not for the VMS";
    for (const smmu::MemoryOp& op : seen) {
      EXPECT_TRUE(std::string(op.purpose) != "VMS" || op.space == S);
    }
  }
}

TEST_F(SecureMpam, CfgiVmsPidmIsOfTheStateThatSsecNames) {
  w.memory.write(SecureWorld::secure(vms) + 4, 0x17, 2);
  nested(1, false);
  expect_s_label(1, label(0x17, 1, S));
  w.memory.write(SecureWorld::secure(vms) + 4, 0x18, 2);
  const auto seen_after = [&](std::uint64_t command) {
    w.s_command(command);
    w.s_command(cfgi_ste(1) | SSec, 1);
    return w.s_access(1, va).mpam.partid;
  };
  EXPECT_EQ(seen_after(cfgi_vms_pidm(7)), 0x17) << "of the Non-secure state";
  EXPECT_EQ(seen_after(cfgi_vms_pidm(8) | SSec), 0x17) << "another VMID";
  EXPECT_EQ(seen_after(cfgi_vms_pidm(7) | SSec), 0x18);
  EXPECT_TRUE(w.s_commands_done());
}

TEST_F(SecureMpam, SInitInvAllTakesVmss) {
  w.memory.write(SecureWorld::secure(vms) + 4, 0x17, 2);
  nested(1, false);
  expect_s_label(1, label(0x17, 1, S));
  w.memory.write(SecureWorld::secure(vms) + 4, 0x18, 2);
  w.s_write(0x803c, 1);
  expect_s_label(1, label(0x18, 1, S));
}

TEST_F(SecureMpam, AnAbortOfAVmsIsRecordedByTheSecureQueue) {
  nested(1, false);
  w.memory.make_abort(SecureWorld::secure(vms));
  EXPECT_EQ(w.s_access(1, va).outcome, smmu::Outcome::abort);
  EXPECT_EQ(w.s_event(), (Record{0x25 | std::uint64_t{1} << 32, 0, 0, vms}));
}

}  // namespace
}  // namespace smmuvp::smmuv3
