// Registers of performance monitor counter groups (IHI 0070 10.5).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "pmcg_world.h"
#include "smmuvp/base/error.h"

namespace smmuvp::smmuv3 {
namespace {

struct Row {
  std::uint32_t offset;
  unsigned bytes;
  std::uint64_t reset;
  std::uint64_t writable;  // of the bits that come back
};

/// As 10.5.1 and 10.5.2 have them, of a group of four counters of 32 bits with Page 1, without MSIs.
std::vector<Row> rows_of(std::uint64_t CEID0) {
  std::vector<Row> rows = {
      {0xdf8, 4, 0, 0},     {0xe00, 4, 0x0050'1f03, 0}, {0xe04, 4, 0, 1},    {0xe08, 4, 0, 0},
      {0xe20, 8, CEID0, 0}, {0xe28, 8, 0, 0},           {0xe48, 4, 0, 0},    {0xe50, 4, 0, 1},
      {0xe58, 8, 0, 0},     {0xe60, 4, 0, 0},           {0xe64, 4, 0, 0},    {0xe68, 4, 0, 0},
      {0xe6c, 4, 0, 0},     {0xe70, 4, 1, 0},           {0xe74, 4, 0, 0},    {0xe78, 4, 0, 0},
      {0xfb8, 4, 0, 0},     {0xfbc, 4, 0x4770'2a56, 0}, {0xfcc, 4, 0x56, 0}, {0xff0, 4, 0x0d, 0},
      {0xff4, 4, 0x90, 0},  {0xff8, 4, 0x05, 0},        {0xffc, 4, 0xb1, 0},
  };
  for (std::uint32_t n = 0; n < 4; ++n) {
    rows.push_back({4 * n, 4, 0, 0xffff'ffff});
    rows.push_back({0x400 + 4 * n, 4, 0, 0xa000'ffff});
    rows.push_back({0x600 + 4 * n, 4, 0, 0});
    rows.push_back({0xa00 + 4 * n, 4, 0, 0xffff});
  }
  return rows;
}

TEST(PmcgRegisters, HaveTheResetValuesAndWritableBitsOfTheirDescriptions) {
  for (const unsigned group : {PmcgWorld::tcu, PmcgWorld::tbu0}) {
    for (const Row& row : rows_of(group == PmcgWorld::tcu ? 0x3f : 0x7)) {
      PmcgWorld w;
      EXPECT_EQ(w.pmcg(group, row.offset, row.bytes), row.reset) << std::hex << row.offset;
      w.set_pmcg(group, row.offset, ~std::uint64_t{0}, row.bytes);
      EXPECT_EQ(w.pmcg(group, row.offset, row.bytes), (row.reset & ~row.writable) | row.writable)
          << std::hex << row.offset;
    }
  }
}

TEST(PmcgRegisters, AreNotThereWithoutGroups) {
  World w;
  EXPECT_EQ(w.smmu.pmcgs().size(), 0U);
  EXPECT_EQ(w.smmu.window().size(), 0x20000U);
  EXPECT_EQ(w.smmu.workers().size(), 5U);
}

TEST(PmcgRegisters, SetsAndClearsAreTwoViewsOfTheSameBits) {
  for (const auto& [set, clear] :
       std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0xc00, 0xc20}, {0xc40, 0xc60}, {0xcc0, 0xc80}}) {
    PmcgWorld w;
    w.set_pmcg(0, set, 0xb, 8);
    EXPECT_EQ(w.pmcg(0, set, 8), 0xbU);
    EXPECT_EQ(w.pmcg(0, clear, 8), 0xbU);
    w.set_pmcg(0, clear, 0x9);
    EXPECT_EQ(w.pmcg(0, set), 0x2U) << "by a half of the register";
    w.set_pmcg(0, set, 0x4);
    EXPECT_EQ(w.pmcg(0, clear), 0x6U) << "a 0 changes nothing";
    EXPECT_TRUE(w.diag.all.empty());
  }
}

TEST(PmcgRegisters, OfCountersThatAreNotThereAreRes0AndDiagnosed) {
  PmcgWorld w;
  w.set_pmcg(0, 0xc00, ~std::uint64_t{0}, 8);
  EXPECT_EQ(w.pmcg(0, 0xc00, 8), 0xfU);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_NE(w.diag.all[0].text.find("counters that the group does not have"), std::string::npos);
  for (const std::uint32_t offset : {0x10U, 0x410U, 0x610U, 0xa10U}) {
    w.set_pmcg(0, offset, ~0U);
    EXPECT_EQ(w.pmcg(0, offset), 0U) << std::hex << offset;
  }
}

TEST(PmcgRegisters, OfPage1AreRes0InPage0WithRelocCtrsAndInPage0Without) {
  PmcgWorld moved;
  moved.set_counter(0, 1, 77);
  EXPECT_EQ(moved.window_read(0x30004), 77U);
  for (const std::uint32_t offset : {0x4U, 0x604U, 0xc80U, 0xcc0U, 0xd88U}) {
    moved.window_write(0x20000 + offset, ~0U);
    EXPECT_EQ(moved.window_read(0x20000 + offset), 0U) << std::hex << offset;
  }
  EXPECT_EQ(moved.counter(0, 1), 77U);

  PmcgFeatures f;
  f.RELOC_CTRS = false;
  PmcgWorld w(PmcgWorld::with(f));
  w.set_counter(0, 1, 77);
  EXPECT_EQ(w.window_read(0x20004), 77U);
  EXPECT_EQ(w.pmcg(0, 0xe00) >> 20 & 1, 0U);
  EXPECT_EQ(w.window_read(0x30004), 0U) << "there is no Page 1";
}

TEST(PmcgRegisters, CfgrTellsSizeNumberAndAbilities) {
  for (const unsigned bits : {32U, 36U, 40U, 44U, 48U, 64U}) {
    for (const unsigned counters : {4U, 17U, 64U}) {
      PmcgFeatures f;
      f.bits = static_cast<std::uint8_t>(bits);
      f.counters = static_cast<std::uint8_t>(counters);
      f.MSI = f.SID_FILTER_TYPE = counters == 17;
      f.CAPTURE = f.RELOC_CTRS = counters == 64;
      PmcgWorld w(PmcgWorld::with(f));
      const std::uint64_t CFGR = w.pmcg(0, 0xe00);
      EXPECT_EQ(CFGR & 0x3f, counters - 1U);
      EXPECT_EQ(CFGR >> 8 & 0x3f, bits - 1U);
      EXPECT_EQ(CFGR >> 20 & 0xf, (f.RELOC_CTRS ? 1U : 0U) | (f.MSI ? 2U : 0U) | (f.CAPTURE ? 4U : 0U) |
                                      (f.SID_FILTER_TYPE ? 8U : 0U));
      EXPECT_EQ(CFGR >> 24, 0U) << "neither MPAM nor filters by it";
      const unsigned last = counters - 1U;
      w.set_counter(0, last, ~std::uint64_t{0});
      EXPECT_EQ(w.counter(0, last), bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1);
    }
  }
}

TEST(PmcgRegisters, SvrAndCaprAreRes0WithoutCapture) {
  PmcgFeatures f;
  f.CAPTURE = false;
  PmcgWorld w(PmcgWorld::with(f));
  w.set_counter(0, 0, 5);
  w.set_pmcg(0, 0xd88, 1);
  EXPECT_EQ(w.captured(0, 0), 0U);
  w.set_pmcg(0, 0x400, ~0U);
  EXPECT_EQ(w.pmcg(0, 0x400) >> 31, 0U) << "EVTYPER.OVFCAP";
}

TEST(PmcgRegisters, IidrAndPeripheralIdsTellTheSamePart) {
  Features f = PmcgWorld::with_groups();
  f.IIDR = 0x4832'243b;
  PmcgWorld w(f);
  EXPECT_EQ(w.pmcg(0, 0xe08), 0x4832'243bU);
  EXPECT_EQ(w.pmcg(0, 0xfe0), 0x83U);  // PART_0
  EXPECT_EQ(w.pmcg(0, 0xfe4), 0xb4U);  // DES_0, PART_1
  EXPECT_EQ(w.pmcg(0, 0xfe8), 0x2bU);  // REVISION, JEDEC, DES_1
  EXPECT_EQ(w.pmcg(0, 0xfec), 0x20U);  // REVAND
  EXPECT_EQ(w.pmcg(0, 0xfd0), 0x04U);  // DES_2
  for (const std::uint32_t offset : {0xfd4U, 0xfd8U, 0xfdcU}) EXPECT_EQ(w.pmcg(0, offset), 0U);
}

TEST(PmcgRegisters, TakeTheAccessesThatTheSmmusTake) {
  PmcgWorld w;
  w.set_pmcg(0, 0xe58, 0, 8);
  EXPECT_TRUE(w.diag.all.empty());
  w.set_counter(0, 0, 3);
  EXPECT_EQ(w.pmcg(0, 0, 8), 0U) << "two 32-bit counters at once";
  EXPECT_EQ(w.pmcg(0, 0xe00, 2), 0U);
  EXPECT_EQ(w.window_read(0x20e02), 0U);
  EXPECT_EQ(w.diag.all.size(), 3U);
  w.set_pmcg(0, 0xe80, 1);  // IMPLEMENTATION DEFINED, and nothing is there
  ASSERT_EQ(w.diag.all.size(), 4U);
  EXPECT_NE(w.diag.all[3].text.find("Reserved location"), std::string::npos);
}

TEST(PmcgRegisters, ArePresentForBothSecurityStates) {
  PmcgWorld w;
  std::uint64_t v = 0;
  w.smmu.window().at(0x20e00).write(0x20e04, 4, AccessSecurity::Secure, 0, 1);
  w.smmu.window().at(0x20e00).read(0x20e04, 4, AccessSecurity::Secure, 0, v);
  EXPECT_EQ(v, 1U);
  EXPECT_EQ(w.pmcg(0, 0xe04), 1U);
}

// 10.5.2.12: SCR is RES0 where groups do not support Secure state, so that READS_AS_ONE tells Secure software
// that; 0xe40 is an alias of it with ROOTCR alone. 10.5.2.2: FILTER_SEC_SID is RES0, and FILTER_REALM_SID.
TEST(PmcgRegisters, OfSecureStateAreRes0ForBothSecurityStatesBesideASecureSmmu) {
  Features f = PmcgWorld::with_groups();
  f.SECURE_IMPL = true;
  PmcgWorld w(f);
  for (const AccessSecurity security : {AccessSecurity::NonSecure, AccessSecurity::Secure}) {
    for (const unsigned group : {PmcgWorld::tcu, PmcgWorld::tbu0}) {
      const auto written = [&](std::uint32_t offset) {
        RegisterBlock& block = w.smmu.window().at(w.at(group, offset));
        std::uint64_t v = ~std::uint64_t{0};
        block.write(w.at(group, offset), 4, security, w.now, 0xffff'ffff);
        block.read(w.at(group, offset), 4, security, w.now, v);
        return v;
      };
      for (const std::uint32_t offset : {0xdf8U, 0xe40U, 0xe48U, 0xe78U}) {
        EXPECT_EQ(written(offset), 0U) << std::hex << offset;
      }
      EXPECT_EQ(written(0x400), 0xa000'ffffU) << "EVTYPER0";
      EXPECT_EQ(written(0xc00), 0xfU) << "CNTENSET0: there is no SCR.NSRA";
    }
  }
}

TEST(PmcgRegisters, StandWhereArmsSmmusHaveThem) {
  PmcgFeatures f;
  f.tcu = 0x2000;
  f.tcu_page1 = 0x20000;
  f.tbu = 0x42000;
  PmcgWorld w(PmcgWorld::with(f), PmcgWorld::tbus(3));
  EXPECT_EQ(w.window_read(0x2e00), 0x0050'1f03U);
  EXPECT_EQ(w.window_read(0x82e20), 0x7U) << "TBU 2";
  w.window_write(0x92004, 9);
  EXPECT_EQ(w.counter(3, 1), 9U);
  EXPECT_EQ(w.smmu.window().size(), 0x93000U);
  w.write(0x20, 1);
  EXPECT_EQ(w.read(0x20), 1U) << "SMMU_CR0";
}

TEST(PmcgRegisters, ThatMeetOthersAreRefused) {
  const auto refused = [](auto change) {
    Features f = PmcgWorld::with_groups();
    change(f.pmcg);
    try {
      Smmu::check(f, PmcgWorld::tbus(2));
    } catch (const ConfigError& e) {
      return std::string(e.key());
    }
    return std::string();
  };
  EXPECT_EQ(refused([](PmcgFeatures&) {}), "");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.tcu = 0; }), "pmcg_offset");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.tcu = 0x10000; }), "pmcg_offset");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.tcu = 0x8000; }), "pmcg_offset");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.tcu = 0x20800; }), "pmcg_offset");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.tbu_stride = 0; }), "pmcg_offset");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.tbu_page1 = 0; }), "pmcg_offset");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.counters = 3; }), "pmcg_counters");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.counters = 65; }), "pmcg_counters");
  EXPECT_EQ(refused([](PmcgFeatures& p) { p.bits = 33; }), "pmcg_bits");
}

TEST(PmcgRegisters, ThatOverlapOthersAreToldWithBothPlaces) {
  Features f = PmcgWorld::with_groups();
  f.pmcg.tbu_page1 = 0;
  EXPECT_EQ(f.window_problem(2),
            "pmcg_offset: Page 1 of the performance monitors of TBU 0 (0x40000 to 0x40fff) and Page 0 of the "
            "performance monitors of TBU 0 (0x40000 to 0x40fff) overlap");
  f.pmcg.tcu = 0xc000;
  EXPECT_EQ(
      f.window_problem(2),
      "pmcg_offset: Page 0 of the performance monitors of the TCU (0xc000 to 0xcfff) and registers of the "
      "SMMU (0x8000 to 0x1ffff) overlap");
}

TEST(PmcgRegisters, AreClearAfterReset) {
  PmcgWorld w;
  w.set_counter(0, 0, 9);
  w.count(0, 0, PmcgEvent::walk_access);
  EXPECT_TRUE(w.smmu.engine().monitored());
  w.smmu.reset();
  EXPECT_FALSE(w.smmu.engine().monitored());
  for (const std::uint32_t offset : {0U, 0x400U, 0xa00U, 0xc00U, 0xe04U}) {
    EXPECT_EQ(w.pmcg(0, offset), 0U) << std::hex << offset;
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
