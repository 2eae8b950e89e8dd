// Registers of Enhanced Command queues (IHI 0070 6.2.5, 6.3.45, 6.3.49 to 6.3.51, 6.3.107 to 6.3.109).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "ecmdq_world.h"
#include "smmuvp/base/error.h"

namespace smmuvp::smmuv3 {
namespace {

TEST(EcmdqPages, AreAbsentWithoutIdr1Ecmdq) {
  EcmdqWorld w{Features{}};
  EXPECT_EQ(w.at(4) >> 31, 0U);
  EXPECT_EQ(w.at(0x190), 0U);
  for (const std::uint32_t offset : {0x4000U, 0x4008U, 0x400cU, 0x20000U, 0x20008U, 0x2000cU}) {
    w.put_at(offset, ~0U);
    EXPECT_EQ(w.at(offset), 0U) << std::hex << offset;
  }
  w.put_at(0x64, CMDQP_ERR);
  EXPECT_EQ(w.at(0x64), 0U) << "GERRORN.CMDQP_ERR is RES0";
  EXPECT_EQ(w.smmu.window().size(), 0x20000U);
}

TEST(EcmdqPages, AreContiguousAndTheirQueuesEvenlySpaced) {
  EcmdqWorld w(with_ecmdqs(1, 2));
  EXPECT_EQ(w.at(4) >> 31, 1U);
  EXPECT_EQ(w.at(0x190), 1U << 24 | 2U << 16);
  for (std::uint32_t page = 0; page < 2; ++page) {
    EXPECT_EQ(w.at(0x4000 + 32 * page, 8), 0x20000U + 0x10000 * page + 3) << "ADDR, CMDQGS 64 KiB, PRESET";
    EXPECT_EQ(w.at(0x4008 + 32 * page), 1U) << "EN is RES1";
    EXPECT_EQ(w.at(0x400c + 32 * page), 1U) << "ENACK is RES1";
    w.put_at(0x4008 + 32 * page, 0);
    EXPECT_EQ(w.at(0x4008 + 32 * page), 1U);
  }
  EXPECT_EQ(w.at(0x4040, 8), 0U) << "there is no third page";
  EXPECT_EQ(w.smmu.window().size(), 0x40000U);
  for (unsigned n = 0; n < 8; ++n) {
    w.put_at(w.place(n), 0x1000'0000U + 0x1000 * n, 8);
    EXPECT_EQ(w.place(n), 0x20000U + 0x4000 * n);
  }
  for (unsigned n = 0; n < 8; ++n) EXPECT_EQ(w.at(0x20000 + 0x4000 * n, 8), 0x1000'0000U + 0x1000 * n);
  for (const std::uint32_t between : {0x10U, 0x100U, 0x3ff8U}) EXPECT_EQ(w.at(0x20000 + between, 8), 0U);
}

TEST(EcmdqPages, CanHave256Queues) {
  EcmdqWorld w(with_ecmdqs(0, 8));
  EXPECT_EQ(w.place(255), 0x20000U + 0xff00);
  w.enable(255);
  w.push_to(255, CMD_SYNC);
  w.work();
  EXPECT_TRUE(w.done(255));
}

struct Refusal {
  std::string key, text;
};
Refusal refused(const Features& f, std::uint32_t tbus = 1) {
  Structures s = World::untimed();
  s.ports = tbus;
  try {
    Smmu::check(f, s);
  } catch (const ConfigError& e) {
    return {e.key(), e.what()};
  }
  return {};
}
bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(EcmdqPages, NeedWhatIdr1AndSIdr0AskFor) {
  EXPECT_EQ(refused(with_ecmdqs()).key, "");
  Features f = with_ecmdqs();
  f.MSI = false;
  EXPECT_EQ(refused(f).key, "ECMDQ");
  f = with_ecmdqs();
  f.COHACC = false;
  EXPECT_EQ(refused(f).key, "ECMDQ");
  f = with_ecmdqs();
  f.s_ecmdq.ECMDQ = true;
  EXPECT_EQ(refused(f).key, "S_ECMDQ") << "without a Secure state";
  f = with_secure_ecmdqs();
  f.ecmdq.ECMDQ = f.MSI = false;
  EXPECT_EQ(refused(f).key, "S_ECMDQ");
  EXPECT_EQ(refused(with_ecmdqs(8, 0)).key, "");
  EXPECT_EQ(refused(with_ecmdqs(4, 5)).key, "CMDQ_CONTROL_PAGE_LOG2NUMP");
}

TEST(EcmdqPages, AreBehindEverythingElseUnlessTheyHaveAPlace) {
  Features f = with_ecmdqs();
  const auto place = [&f] { return EcmdqWorld(f).place(0); };
  EXPECT_EQ(place(), 0x20000U);
  f.pmcg.counters = 4;
  EXPECT_EQ(place(), 0x60000U) << "Page 1 of TBU 0's counter group is at 0x50000";
  f.ATOS = f.VATOS = true;
  f.BA_VATOS = 8;
  EXPECT_EQ(place(), 0xb0000U) << "the VATOS page is at 0xa0000";
  f.ecmdq.offset = 0x100'0000;
  EXPECT_EQ(place(), 0x100'0000U);
  EXPECT_EQ(EcmdqWorld(f).smmu.window().size(), 0x102'0000U);
}

TEST(EcmdqPages, ThatMeetOtherRegistersAreRefusedByName) {
  Features f = with_ecmdqs();
  for (const std::uint32_t offset : {0x28000U, 0x10000U, 0x101'0000U}) {
    f.ecmdq.offset = offset;
    EXPECT_EQ(refused(f).key, "ecmdq_offset") << std::hex << offset;
  }
  f.pmcg.counters = 4;
  f.ecmdq.offset = 0x30000;
  EXPECT_EQ(refused(f).key, "ecmdq_offset");
  EXPECT_TRUE(contains(refused(f).text, "Page 1 of the performance monitors of the TCU (0x30000 to 0x30fff)"))
      << refused(f).text;
  f.ecmdq.offset = 0x60000;
  EXPECT_EQ(refused(f, 1).key, "");
  EXPECT_TRUE(contains(refused(f, 2).text, "Page 0 of the performance monitors of TBU 1"))
      << refused(f, 2).text;
  f.ATOS = f.VATOS = true;
  f.BA_VATOS = 5;  // the second page
  EXPECT_TRUE(contains(refused(f).text, "the VATOS page (0x70000 to 0x7ffff)")) << refused(f).text;
  f.VATOS = false;
  f.ecmdq.offset = 0;
  f.pmcg.tcu = 0x4000;
  f.pmcg.tcu_page1 = 0x20000;
  EXPECT_EQ(refused(f).key, "pmcg_offset");
  EXPECT_EQ(refused(f).text,
            "pmcg_offset: Page 0 of the performance monitors of the TCU (0x4000 to 0x4fff) and "
            "SMMU_CMDQ_CONTROL_PAGE_* (0x4000 to 0x403f) overlap");
  f.ecmdq.ECMDQ = false;
  EXPECT_EQ(refused(f).key, "") << "without control pages nothing is there";
}

TEST(EcmdqPages, KeepTheFieldsOfTheirRegistersAndNothingElse) {
  EcmdqWorld w;
  const std::uint32_t base = w.place(3);
  w.put_at(base, ~0ULL, 8);
  EXPECT_EQ(w.at(base, 8), 1ULL << 62 | (((1ULL << 44) - 1) & ~0x1fULL) | 0x1f);
  w.put_at(base, 19, 8);  // capped at IDR1.CMDQS: indexes of 17 bits
  w.put_at(base + 12, ~0U);
  EXPECT_EQ(w.cons(3), 7U << 24 | ECMDQ_ERR | 0x1ffffU) << "ENACK is the SMMU's";
  w.put_at(base + 12, 0);
  w.put_at(base + 8, ~ECMDQ_EN);
  EXPECT_EQ(w.prod(3), ECMDQ_ERR | 0x1ffffU);
  for (const std::uint32_t offset : {0U, 8U}) {
    w.put_at(base + offset, ~0U, 1);
    EXPECT_EQ(w.at(base + offset, 1), 0U) << "bytes are RAZ/WI";
  }
  EXPECT_EQ(w.at(base + 8, 8), 0U) << "two registers at once are RAZ/WI";
}

}  // namespace
}  // namespace smmuvp::smmuv3
