// MPAMIDR, GMPAM, GBPMPAM and those of the Secure state (IHI 0070 6.3.41 to 6.3.43, 6.3.87 to 6.3.89, 17.1).
#include "mpam_world.h"

namespace smmuvp::smmuv3 {
namespace {

TEST(MpamRegisters, Idr3AndTheMaximaSayWhatThereIs) {
  World w(with_mpam());
  EXPECT_EQ(w.read(0xc) >> 7 & 1, 1U);
  EXPECT_EQ(w.read(MPAMIDR), 0x000f'0034U);
  w.write(MPAMIDR, ~0U);
  EXPECT_EQ(w.read(MPAMIDR), 0x000f'0034U);
  EXPECT_EQ(w.read(S_MPAMIDR), 0U);
  SecureWorld s(with_secure_mpam());
  EXPECT_EQ(s.s_read(S_MPAMIDR), 0x0203'001fU);
  EXPECT_EQ(s.read_as(AccessSecurity::NonSecure, S_MPAMIDR), 0U);
  Features f = with_secure_mpam();
  f.HAS_MPAM_NS = false;
  EXPECT_EQ(SecureWorld(f).s_read(S_MPAMIDR), 0x0003'001fU);
}

TEST(MpamRegisters, AreRes0WithoutIdr3Mpam) {
  SecureWorld w(with_sel2());
  EXPECT_EQ(w.read(0xc) >> 7 & 1, 0U);
  for (const std::uint32_t at : {MPAMIDR, GMPAM, GBPMPAM, S_MPAMIDR, S_GMPAM, S_GBPMPAM}) {
    w.s_write(at, ~0U);
    EXPECT_EQ(w.s_read(at), 0U) << std::hex << at;
  }
}

TEST(MpamRegisters, ChangeByAWriteWithUpdateWhichIsCompleteAtOnce) {
  for (const std::uint32_t at : {GMPAM, GBPMPAM}) {
    World w(with_mpam());
    w.write(at, gmpam(0x12, 3));
    EXPECT_EQ(w.read(at), 0x0003'0012U);
    EXPECT_TRUE(w.diag.all.empty());
    w.write(at, 0x0004'0013U);
    EXPECT_EQ(w.read(at), 0x0003'0012U);
    ASSERT_EQ(w.diag.all.size(), 1U);
    EXPECT_EQ(w.diag.all[0].site, at == GMPAM ? "GMPAM.Update" : "GBPMPAM.Update");
    w.smmu.reset();
    EXPECT_EQ(w.read(at), 0U);
  }
}

TEST(MpamRegisters, HaveTheBitsThatTheMaximaHave) {
  SecureWorld w(with_secure_mpam());
  for (const std::uint32_t at : {GMPAM, GBPMPAM}) {
    w.write(at, ~0U);
    EXPECT_EQ(w.read(at), 0x000f'003fU) << "6 and 4 bits, and no MPAM_NS";
    w.s_write(at | 0x8000, ~MPAM_NS);
    EXPECT_EQ(w.s_read(at | 0x8000), 0x0003'001fU);
    w.s_write(at | 0x8000, ~0U);
    EXPECT_EQ(w.s_read(at | 0x8000), 0x010f'003fU) << "MPAM_NS: those of Non-secure PARTIDs";
  }
  Features f = with_secure_mpam();
  f.HAS_MPAM_NS = false;
  SecureWorld without(f);
  without.s_write(S_GMPAM, ~0U);
  EXPECT_EQ(without.s_read(S_GMPAM), 0x0003'001fU);
  f.S_PARTID_MAX = 0;
  SecureWorld none(f);
  none.s_write(S_GMPAM, ~0U);
  EXPECT_EQ(none.s_read(S_GMPAM), 0x0003'0000U) << "a maximum of 0 has no bits";
}

TEST(MpamRegisters, AValueBeyondTheMaximumIsKeptAndTold) {
  World w(with_mpam());
  w.write(GBPMPAM, gmpam(0x35, 1));
  EXPECT_EQ(w.read(GBPMPAM), 0x0001'0035U);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "GBPMPAM.max");
  EXPECT_EQ(w.access(1, 0x1000).mpam, label(0, 1)) << "UNKNOWN: 0 here";
}

TEST(MpamRegisters, FeaturesThatCannotBeAreRefusedByName) {
  struct Row {
    const char* parameter;
    void (*make)(Features&);
  };
  for (const Row& row :
       {Row{"MPAM ", [](Features& f) { f.RIL = f.SEL2 = false; }},
        Row{"MPAM ",
            [](Features& f) {
              f.PARTID_MAX = f.S_PARTID_MAX = 0;
              f.PMG_MAX = f.S_PMG_MAX = 0;
            }},
        Row{"PARTID_MAX ", [](Features& f) { f.MPAM = false; }},
        Row{"HAS_MPAM_NS ", [](Features& f) { f.E0PD = false; }},
        Row{"S_PARTID_MAX ", [](Features& f) { f.SECURE_IMPL = f.SEL2 = f.HAS_MPAM_NS = false; }},
        Row{"HAS_MPAM_NS ", [](Features& f) {
              f.SECURE_IMPL = f.SEL2 = false;
              f.S_PARTID_MAX = 0;
              f.S_PMG_MAX = 0;
            }}}) {
    Features f = with_secure_mpam();
    ASSERT_EQ(f.problem(), nullptr) << f.problem();
    row.make(f);
    ASSERT_NE(f.problem(), nullptr) << row.parameter;
    EXPECT_EQ(std::string(f.problem()).rfind(row.parameter, 0), 0U) << f.problem();
  }
  Features f = with_secure_mpam();
  f.PARTID_MAX = 0;
  f.PMG_MAX = 0;
  EXPECT_EQ(f.problem(), nullptr) << "17.1: in one Security state alone";
}

}  // namespace
}  // namespace smmuvp::smmuv3
