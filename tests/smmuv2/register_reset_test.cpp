// What registers read after reset (IHI 0062 9.2, 16.2).
#include <gtest/gtest.h>

#include <map>
#include <utility>

#include "registers_fixture.h"

namespace smmuvp::smmuv2 {
namespace {

TEST(Reset, GivesTheValuesOfTable92And162) {
  for (std::uint64_t seed : {0ULL, 1ULL, 0x1234567890ULL}) {
    Features f = two_states();
    f.reset_fill = seed;
    Registers r(f);
    r.file.reset();
    for (const AccessSecurity s : {NonSecure, Secure}) {
      // CLIENTPD 1; WACFG, RACFG, SHCFG, MTCFG, GSE, STALLD, TRANSIENTCFG, GCFGFIE, GCFGFRE, EXIDENABLE,
      // GFIE, GFRE and NSCFG 0
      EXPECT_EQ(r.read(0x0, s) & (s == Secure ? 0x3fd003ffU : 0x0fd003ffU), 1U) << seed;
    }
    EXPECT_EQ(r.read(0x4, Secure), 0x00014020U) << seed;
    for (std::uint32_t n = 0; n < f.NUMCB; ++n) {
      const std::uint32_t base = f.window_bytes() / 2 + n * 0x1000;
      EXPECT_EQ(r.read(base) & 0x60, 0U) << "CFIE, CFRE";
      EXPECT_EQ(r.read(base + 0x58) & 1U << 30, 0U) << "FSR.SS";
      EXPECT_EQ(r.read(base + 0x7f4), 0U) << "TLBSTATUS";
      EXPECT_EQ(r.read(base + 0x8f0), 0U) << "ATSR";
      EXPECT_EQ(r.read(0x1800 + 4 * n) & 1U, 0U) << "VA64";
    }
    EXPECT_EQ(r.read(0x74), 0U) << "GSACTIVE";
  }
}

TEST(Reset, LeavesZerosWithoutASeed) {
  Registers r(two_states());
  EXPECT_EQ(r.read(0x0), 1U);
  for (const RegisterInfo& row : r.file.table()) {
    if (row.access != Access::RW && row.access != Access::W1C) continue;
    if (row.alias_of != RegisterInfo::no_alias || row.id == SMMU_sCR0 || row.id == SMMU_SCR1) continue;
    if (row.id == SMMU_SSDRn) continue;
    EXPECT_EQ(r.file.get(row.id), 0U) << row.name;
  }
}

TEST(Reset, ASeedFillsWhatIsUnknownTheSameWayEachTime) {
  Features f = two_states();
  f.SSDR_non_secure = false;
  f.reset_fill = 7;
  Registers a(f);
  Registers b(f);
  f.reset_fill = 8;
  Registers c(f);
  unsigned same = 0;
  unsigned all = 0;
  for (const RegisterInfo& row : a.file.table()) {
    if (row.alias_of != RegisterInfo::no_alias) continue;
    for (std::uint32_t k = 0; k < row.count; ++k) {
      EXPECT_EQ(a.file.get(row.id, k), b.file.get(row.id, k)) << row.name;
      if (row.write_mask == 0 || (row.access != Access::RW && row.access != Access::W1C)) continue;
      ++all;
      same += a.file.get(row.id, k) == c.file.get(row.id, k) ? 1U : 0U;
    }
  }
  EXPECT_LT(same * 20, all) << "another seed gives other values";
}

// 9.2: SMR, S2CR, CBAR, TTBR, TCR, SCTLR.M and others: over many seeds each of their bits is 0 and 1.
TEST(Reset, EveryBitThatResetLeavesUnknownTakesBothValues) {
  std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> seen;  // offset: ones, zeros
  const std::uint32_t base = two_states().window_bytes() / 2;
  const struct {
    std::uint32_t offset;
    std::uint64_t unknown;
  } registers[] = {
      {0x000, 0x802ffc00},       {0x048, 0x8000012f},       {0x800, 0xffffffff}, {0xc00, 0x3fffffff},
      {0x1000, 0x00ffffff},      {0x1800, 0xffff0002},      {base, 0x7ffff79f},  {base + 0x30, 0xffffffff},
      {base + 0x58, 0x800001fe}, {base + 0x68, 0x00ff0f7f},
  };
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    Features f = two_states();
    f.reset_fill = seed;
    Registers r(f);
    for (const auto& x : registers) {
      const std::uint64_t value = r.read(x.offset);
      seen[x.offset].first |= value;
      seen[x.offset].second |= ~value;
    }
  }
  for (const auto& x : registers) {
    EXPECT_EQ(seen[x.offset].first & x.unknown, x.unknown) << std::hex << x.offset;
    EXPECT_EQ(seen[x.offset].second & x.unknown, x.unknown) << std::hex << x.offset;
  }
}

TEST(Reset, ASeedLeavesWhatTheInstanceGives) {
  for (std::uint64_t seed = 1; seed <= 16; ++seed) {
    Features f;
    f.reset_fill = seed;
    f.mmu500_registers = true;
    f.SMCFCFG = FixedBit::programmable_one;
    Registers r(f);
    EXPECT_EQ(r.read(0x0) >> 21 & 1U, 1U) << "SMCFCFG";
    for (std::uint32_t n = 0; n < f.NUMCB; ++n) {
      EXPECT_EQ(r.read(0x1000 + 4 * n) >> 16 & 3U, 2U) << "CBAR.TYPE of MMU-500";
      EXPECT_EQ(r.read(f.window_bytes() / 2 + n * 0x1000) >> 8 & 1U, 1U) << "HUPCF of MMU-500";
    }
  }
}

TEST(Reset, StalldIsUnknownWithOneSecurityState) {
  std::uint64_t ones = 0;
  for (std::uint64_t seed = 1; seed <= 64; ++seed) {
    Features f;
    f.reset_fill = seed;
    ones |= Registers(f).read(0x0);
  }
  EXPECT_NE(ones & 0x100, 0U);  // 9.6.3
  EXPECT_EQ(ones & 0x2ff, 1U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
