// Enhanced Command queues of the Secure state (IHI 0070 3.5.6, 3.10).
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "ecmdq_world.h"
#include "smmuvp/base/error.h"

namespace smmuvp::smmuv3 {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(SecureEcmdq, PagesAreBehindTheNonSecureOnesAndRazWiForNonSecureSoftware) {
  EcmdqWorld w(with_secure_ecmdqs());
  EXPECT_EQ(w.s_read(0x8000) >> 31, 1U);
  EXPECT_EQ(w.s_read(0x8190), 1U << 24 | 2U << 16);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0xc000, 8), 0x40003U);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0xc020, 8), 0x50003U);
  EXPECT_EQ(w.s_read(0xc008), 1U);
  EXPECT_EQ(w.s_read(0xc00c), 1U);
  EXPECT_EQ(w.at(0xc000, 8), 0U);
  w.put_at(0x40000, 0x1000, 8);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0x40000, 8), 0U);
  w.s_write(0x40000, 0x1000, 8);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0x40000, 8), 0x1000U);
  EXPECT_EQ(w.at(0x40000, 8), 0U);
}

TEST(SecureEcmdq, IsReadFromSecurePaSpaceAndHasErrorsOfItsOwn) {
  EcmdqWorld w(with_secure_ecmdqs());
  w.s_start();
  w.s_write(0x40000, w.memory_of(0) | 3, 8);
  w.memory.write(World::cmdq, 0);
  w.memory.write(SecureWorld::secure(w.memory_of(0)), 0x50);  // CMD_TLBI_S_EL2_ALL: not there
  w.memory.write(w.memory_of(0), CMD_SYNC);
  w.s_write(0x40008, ECMDQ_EN | 1);
  w.work();
  EXPECT_EQ(w.s_read(0x4000c), ECMDQ_EN | ECMDQ_ERR | 1U << 24) << "illegal without SEL2";
  EXPECT_EQ(w.s_read(0x8060), CMDQP_ERR);
  EXPECT_EQ(w.at(0x60), 0U);
  w.memory.write(SecureWorld::secure(w.memory_of(0)), 3 | SSec, 1);  // CMD_CFGI_STE of a Secure stream
  w.s_write(0x40008, ECMDQ_EN | ECMDQ_ERR | 1);
  w.work();
  EXPECT_EQ(w.s_read(0x4000c) & 0xfffff, 1U);
}

TEST(SecureEcmdq, CommandsWithSsecAreIllegalOnANonSecureOne) {
  EcmdqWorld w(with_secure_ecmdqs());
  w.enable(0);
  w.push_to(0, 3 | SSec, 1);
  w.work();
  EXPECT_EQ(w.cons(0), ECMDQ_EN | ECMDQ_ERR | 1U << 24);
}

TEST(SecureEcmdq, EachStateHasItsOwnNumberOfPagesAndQueues) {
  Features f = with_secure_ecmdqs();
  f.s_ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP = 0;
  f.s_ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ = 0;
  f.s_ecmdq.offset = 0x20000;
  EcmdqWorld w(f);
  EXPECT_EQ(w.s_read(0x8190), 0U) << "one page with one queue";
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0xc000, 8), 0x20003U);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0xc020, 8), 0U);
  EXPECT_EQ(w.at(0x190), 1U << 24 | 2U << 16);
  EXPECT_EQ(w.place(0), 0x30000U) << "behind those that have a place";
  EXPECT_EQ(w.smmu.secure_interface()->control_pages()->size(), 1U);
  f.ecmdq.offset = 0x20000;
  try {
    Smmu::check(f, World::untimed());
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.key(), "s_ecmdq_offset");
  }
}

TEST(SecureEcmdq, OneStateMayHaveThemAlone) {
  Features f = with_secure_ecmdqs();
  f.ecmdq.ECMDQ = false;
  EcmdqWorld w(f);
  EXPECT_EQ(w.at(4) >> 31, 0U);
  EXPECT_EQ(w.at(0x190), 0U);
  EXPECT_EQ(w.at(0x4000, 8), 0U);
  EXPECT_EQ(w.s_read(0x8000) >> 31, 1U);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0xc000, 8), 0x20003U);
  EXPECT_EQ(w.smmu.interface().control_pages(), nullptr);
  w.put_at(0x64, CMDQP_ERR);
  EXPECT_EQ(w.at(0x64), 0U);
  w.s_write(0x8064, CMDQP_ERR);
  EXPECT_EQ(w.s_read(0x8064), CMDQP_ERR);
}

TEST(SecureEcmdq, NonSecureOnesAreThereForSecureSoftwareAsWell) {
  EcmdqWorld w(with_secure_ecmdqs());
  w.enable(3);
  EXPECT_EQ(w.s_read(w.place(3) + 12), ECMDQ_EN);
  w.s_write(w.place(3) + 8, 0);
  EXPECT_EQ(w.cons(3), 0U);
}

TEST(SecureEcmdq, TracesTellTheQueuesOfTheTwoStatesApart) {
  std::string out;
  TextTraceSink sink{{"smmu.command", "smmu.command_error", "smmu.event", "smmu.msi"},
                     [](void* to, std::string_view line) { static_cast<std::string*>(to)->append(line); },
                     &out};
  EcmdqWorld w(with_secure_ecmdqs(), &sink);
  w.start();
  w.s_start();
  // The records of one point since the last call: what begins with the field, of each.
  const auto told = [&](const std::string& point, const std::string& from) {
    std::string found;
    for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
      const std::string line = out.substr(at, out.find('\n', at) - at);
      if (contains(line, " " + point + " ")) found += line.substr(line.find(" " + from + "=") + 1) + "; ";
    }
    out.clear();
    return found;
  };
  w.command(0x30);
  w.s_command(0x30);
  w.enable(2);
  w.push_to(2, 0x30);
  w.work();
  w.s_write(0x40000, w.memory_of(0) | 3, 8);
  w.memory.write(SecureWorld::secure(w.memory_of(0)), sync_with_msi(1));
  w.memory.write(SecureWorld::secure(w.memory_of(0)) + 8, doorbell);
  w.s_write(0x40008, ECMDQ_EN | 1);
  w.work();
  const std::string all = out;
  EXPECT_EQ(
      told("smmu.command", "queue"),
      "queue=0x0 secure=0x0 took_ps=0x0; queue=0x0 secure=0x1 took_ps=0x0; queue=0x3 secure=0x0 took_ps=0x0; "
      "queue=0x1 secure=0x1 took_ps=0x0; ");
  out = all;
  EXPECT_EQ(told("smmu.msi", "ok"), "ok=0x1 secure=0x1; ");
  w.s_command(illegal_command);
  w.command(illegal_command);
  EXPECT_EQ(told("smmu.command_error", "queue"), "queue=0x0 secure=0x1; queue=0x0 secure=0x0; ");
  EXPECT_TRUE(contains(w.diag.all.at(0).text, "illegal command of S_CMDQ: ")) << w.diag.all.at(0).text;
  EXPECT_TRUE(contains(w.diag.all.at(1).text, "illegal command: ")) << w.diag.all.at(1).text;
  w.s_access(1, 0x1000);
  w.work();
  w.access(1, 0x1000);
  w.work();
  EXPECT_EQ(told("smmu.event", "prod"), "prod=0x1 secure=0x1; prod=0x1 secure=0x0; ");
}

}  // namespace
}  // namespace smmuvp::smmuv3
