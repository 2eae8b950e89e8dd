// Clients that let time pass while they are told that a pointer is void: the Command queue that tells them
// stands still, and nobody else goes on in its place.
#include <cstdint>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "fixture.h"
#include "smmuvp/smmuv3/ecmdq.h"

namespace smmuvp::dmi {
namespace {

using smmuv3::ECMDQ_EN;

constexpr unsigned ecmdqs = 4;
constexpr std::uint64_t CMD_TLBI_NSNH_ALL = 0x30;
constexpr std::uint64_t doorbell = 0x7000'0040;

std::string name_of(int queue) { return queue < 0 ? "SMMU_CMDQ" : "ECMDQ " + std::to_string(queue); }

/// Queues are -1, SMMU_CMDQ_*, and those of control pages from 0 on.
class WaitingClient : public ::testing::Test {
 protected:
  void SetUp() override { restart(); }
  void TearDown() override { s.client.on_withdrawal = nullptr; }
  void restart() {
    s.client.on_withdrawal = nullptr;  // a reset tells it outside of any thread
    s.restart();
    m_sent.assign(ecmdqs + 1, 0);
    enable();
    ASSERT_TRUE(s.world.stream(stream_id).map(va, pa, 0x1000, {}));
    s.client.access(va, 4, false);
    ASSERT_TRUE(s.client.ask(va, false));
    s.client.on_withdrawal = [this] {
      ++m_told;
      sc_core::wait(1, sc_core::SC_US);
      if (on_return) on_return();
    };
    m_told = 0;
    on_return = nullptr;
  }
  void enable() {
    for (unsigned n = 0; n < ecmdqs; ++n) {
      s.cpu.put(place(n), memory_of(static_cast<int>(n)) | 5, 8);
      s.cpu.put(place(n) + 12, 0);
      s.cpu.put(place(n) + 8, ECMDQ_EN);
    }
  }
  static std::uint32_t place(unsigned n) { return 0x20000 + 0x8000 * n; }
  static std::uint64_t memory_of(int n) {
    return n < 0 ? smmuv3::World::cmdq : 0x6000'0000 + 0x1000ULL * static_cast<unsigned>(n);
  }
  unsigned& sent(int n) { return m_sent[static_cast<unsigned>(n + 1)]; }
  /// Without telling the queue.
  void put(int n, std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint64_t at = memory_of(n) + 16ULL * sent(n)++;
    s.world.memory.write(at, word0);
    s.world.memory.write(at + 8, word1);
  }
  /// A CMD_SYNC whose MSI writes this, and not 0.
  void put_sync(int n, std::uint64_t data) {
    put(n, data << 32 | 0xfULL << 24 | 1U << 12 | 0x46, doorbell + 4ULL * static_cast<unsigned>(n + 1));
  }
  std::uint64_t msi(int n) { return s.world.memory.read(doorbell + 4ULL * static_cast<unsigned>(n + 1), 4); }
  void tell(int n) {
    if (n < 0) s.cpu.put(0x98, sent(n));
    if (n >= 0) s.cpu.put(place(static_cast<unsigned>(n)) + 8, ECMDQ_EN | sent(n));
  }
  unsigned consumed(int n) {
    if (n < 0) return static_cast<unsigned>(s.cpu.get(0x9c));
    return static_cast<unsigned>(s.cpu.get(place(static_cast<unsigned>(n)) + 12) & ~ECMDQ_EN);
  }
  void expect_all_consumed_once(std::uint64_t before) {
    std::uint64_t all = 0;
    for (int n = -1; n < static_cast<int>(ecmdqs); ++n) {
      EXPECT_EQ(consumed(n), sent(n)) << name_of(n);
      all += sent(n);
    }
    EXPECT_EQ(s.counted("commands") - before, all);
  }

  System& s = systems().of_ecmdqs;
  int m_told = 0;
  std::function<void()> on_return;

 private:
  std::vector<unsigned> m_sent;  // commands so far
};

TEST_F(WaitingClient, HoldsUpTheQueueWhoseCommandTellsItWhicheverQueuesAreDueMeanwhile) {
  for (int a = -1; a < static_cast<int>(ecmdqs); ++a) {
    SCOPED_TRACE(name_of(a));
    restart();
    const std::uint64_t before = s.counted("commands");
    put(a, CMD_TLBI_NSNH_ALL);
    put_sync(a, 1);
    put_sync(a, 2);
    tell(a);
    test::advance(100'000);
    ASSERT_EQ(m_told, 1);
    // At once, and then one after the other.
    for (unsigned i = 1; i <= 8; ++i) {
      for (int n = -1; n < static_cast<int>(ecmdqs); ++n) {
        if (n == a) continue;
        put_sync(n, i);
        tell(n);
        if (i > 1) test::advance(7'000);
      }
      EXPECT_EQ(consumed(a), 0U);
    }
    test::advance(100'000);
    EXPECT_EQ(consumed(a), 0U) << "it waits still";
    EXPECT_EQ(msi(a), 0U);
    test::advance(100'000'000);
    EXPECT_EQ(m_told, 1);
    expect_all_consumed_once(before);
    for (int n = -1; n < static_cast<int>(ecmdqs); ++n) EXPECT_EQ(msi(n), n == a ? 2U : 8U) << name_of(n);
  }
}

TEST_F(WaitingClient, HoldsUpNoneForGoodWhereAllAreDueAtOneTime) {
  for (int a = -1; a < static_cast<int>(ecmdqs); ++a) {
    SCOPED_TRACE(name_of(a));
    restart();
    const std::uint64_t before = s.counted("commands");
    for (int n = static_cast<int>(ecmdqs) - 1; n >= -1; --n) {
      put(n, n == a ? CMD_TLBI_NSNH_ALL : 0x28 | of_vmid);  // CMD_TLBI_S12_VMALL of another VMID
      for (unsigned i = 1; i <= 4; ++i) put_sync(n, i);
      tell(n);
    }
    test::advance(100'000'000);
    EXPECT_EQ(m_told, 1);
    expect_all_consumed_once(before);
    for (int n = -1; n < static_cast<int>(ecmdqs); ++n) EXPECT_EQ(msi(n), 4U) << name_of(n);
  }
}

TEST_F(WaitingClient, MaySeeAResetAndReturnToAQueueThatSoftwareUsesAgain) {
  put(0, CMD_TLBI_NSNH_ALL);
  put_sync(0, 0xbad);
  tell(0);
  test::advance(100'000);
  ASSERT_EQ(m_told, 1);
  s.pulse_reset();
  s.start();
  enable();
  sent(0) = 0;
  put_sync(0, 1);
  put_sync(0, 2);
  tell(0);
  const std::uint64_t before = s.counted("commands");
  const std::uint64_t syncs = s.counted("syncs");
  for (unsigned i = 1; i <= 4; ++i) {
    put_sync(1, i);
    tell(1);
    test::advance(50'000);
  }
  test::advance(100'000'000);
  expect_all_consumed_once(before);
  EXPECT_EQ(s.counted("syncs") - syncs, 6U) << "each is carried out";
  EXPECT_EQ(msi(0), 2U);
}

TEST_F(WaitingClient, LeavesACommandThatAStateHasSavedMeanwhileToBeCarriedOutAnew) {
  put(0, CMD_TLBI_NSNH_ALL);
  put_sync(0, 1);
  tell(0);
  test::advance(100'000);
  ASSERT_EQ(m_told, 1);
  std::stringstream state;
  ASSERT_FALSE(s.smmu.save(state));
  ASSERT_FALSE(s.smmu.load(state)) << "before the client has returned";
  EXPECT_EQ(consumed(0), 0U);
  s.client.access(va, 4, false);
  const std::uint64_t before = s.counted("commands");
  const std::uint64_t invalidated = s.counted("tlb_invalidated");
  bool consumed_before_return = true;
  on_return = [&] { consumed_before_return = consumed(0) != 0; };
  test::advance(100'000'000);
  EXPECT_FALSE(consumed_before_return);
  expect_all_consumed_once(before);
  EXPECT_EQ(s.counted("tlb_invalidated"), invalidated + 1);
  EXPECT_EQ(msi(0), 1U);
}

}  // namespace
}  // namespace smmuvp::dmi
