// The guest's Mali driver under random schedules: clients come and go, buffers, chains, faults, failures of
// memory, resets, GPUs that do not stop, and unbinding. The harness ends the test where the driver breaks a
// rule of the GPU, of the kernel or of its own locks.
#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "host_gpu.h"

namespace {

constexpr uint64_t kVa = 0x2000000;
constexpr unsigned kSteps = 250, kMaxClients = 12;

class Schedule {
 public:
  explicit Schedule(unsigned seed, unsigned lies = 0) : m_random(seed), m_lies(lies) {
    m_options = {.as_present = draw(3) ? 0xffu : 0x3u,
                 .js_present = draw(3) ? 7u : 0x11u,
                 .as_reads = draw(4),
                 .lies = lies};
    host_start(&m_options);
    m_bound = host_probe() == 0;
  }

  void step() {
    switch (draw(16)) {
      case 0:
        open();
        break;
      case 1:
        if (!m_clients.empty() && !draw(3)) close(pick_client());
        break;
      case 2:
      case 3:
        create();
        break;
      case 4:
        destroy();
        break;
      case 5:
      case 6:
      case 7:
        submit();
        break;
      case 8:
      case 9:
        chain_ends();
        break;
      case 10:
      case 11:
        fault();
        break;
      case 12:
        host_pump();
        nothing_waits_for_nothing();
        break;
      case 13:
        host_advance(draw(60));
        break;
      case 14:
        if (!draw(3)) host_fail_allocation(1 + draw(6));
        break;
      default:
        rarely();
    }
    look();
  }

  void abandon() {
    host_fail_allocation(0);
    m_options.deaf = false;
    // From now on the truth, but for what it has said of itself.
    m_options.lies = ~0u;
    host_set(&m_options);
    while (!m_clients.empty()) close(pick_client());
    for (const int job : m_jobs)
      ASSERT_NE(host_result(job), -EINPROGRESS) << "job " << job << " has never ended";
    if (m_bound) host_remove();
    host_abandon();
  }

  void finish() {
    host_fail_allocation(0);
    m_options.deaf = false;
    host_set(&m_options);
    while (!m_clients.empty()) close(pick_client());
    host_pump();
    for (const int job : m_jobs)
      ASSERT_NE(host_result(job), -EINPROGRESS) << "job " << job << " has never ended";
    if (m_bound) host_remove();
    host_end_of_test(0, 0);
  }

 private:
  unsigned draw(unsigned limit) { return static_cast<unsigned>(m_random() % limit); }
  int pick_client() {
    auto it = m_clients.begin();
    std::advance(it, draw(static_cast<unsigned>(m_clients.size())));
    return it->first;
  }

  void open() {
    if (m_clients.size() == kMaxClients) return;
    const int c = host_open();
    if (c >= 0) m_clients[c] = {};
    if (!m_bound) {
      EXPECT_EQ(c, -ENODEV);
    }
  }

  void close(int c) {
    host_close(c);
    m_clients.erase(c);
  }

  void create() {
    if (m_clients.empty()) return;
    const int c = pick_client();
    const size_t chunk = 0x1000u << draw(3);
    const uint64_t addr = draw(2) ? kVa + 0x4000 * draw(32) : 0;
    const int b = host_buffer(c, addr, chunk * (1 + draw(4)), chunk, draw(4));
    if (b >= 0) m_clients[c].insert(b);
  }

  void destroy() {
    if (m_clients.empty()) return;
    std::set<int>& buffers = m_clients[pick_client()];
    if (buffers.empty()) return;
    host_destroy(*buffers.begin());
    buffers.erase(buffers.begin());
  }

  void submit() {
    if (m_clients.empty()) return;
    const int c = pick_client();
    const int job = host_submit(c, kVa + 64 * draw(1000), draw(5), 10 + draw(50));
    if (job < 0) return;
    m_jobs.push_back(job);
  }

  int running_slot() {
    std::vector<int> slots;
    for (int n = 0; n < 16; ++n)
      if (host_running(static_cast<unsigned>(n))) slots.push_back(n);
    return slots.empty() ? -1 : slots[draw(static_cast<unsigned>(slots.size()))];
  }

  void chain_ends() {
    static constexpr uint32_t ends[] = {1, 1, 1, 1, 0x40, 0x42, 0x43, 0x48, 0x58, 0x04};
    const int slot = running_slot();
    if (slot < 0) return;
    host_chain_ends(static_cast<unsigned>(slot), ends[draw(10)], kVa + 64 * draw(1000));
  }

  void fault() {
    static constexpr uint32_t faults[] = {0x3c4, 0x3c3, 0x2c2, 0x3c8, 0x2d1, 0x3e0, 0x1c4};
    const int slot = running_slot();
    if (slot < 0) return;
    const uint32_t source = static_cast<uint32_t>(slot) << 16;
    host_fault(host_as(static_cast<unsigned>(slot)), !draw(8), source | faults[draw(7)],
               kVa + 0x1000 * draw(200));
  }

  void rarely() {
    switch (draw(8)) {
      case 0:
        if (m_bound)
          host_remove(), m_bound = false;
        else
          m_bound = host_probe() == 0;
        break;
      case 1:
        if (m_bound) host_reset_gpu();
        break;
      case 2:
        m_options.deaf = !m_options.deaf;
        host_set(&m_options);
        break;
      case 3:
        m_options.as_reads = draw(6);
        host_set(&m_options);
        break;
      default:
        host_chain_is_at(0, kVa + 64 * draw(1000));
    }
  }

  void nothing_waits_for_nothing() {
    if (m_lies) return;
    bool runs = false, waits = false;
    for (unsigned n = 0; n < 16; ++n) runs |= host_running(n), waits |= host_waits(n);
    ASSERT_TRUE(runs || !waits) << "a chain waits although none runs";
  }

  // A chain runs in no address space but its client's; that may be off.
  void look() {
    if (m_lies) return;
    for (unsigned n = 0; n < 16; ++n) {
      if (!host_running(n)) continue;
      const int owner = host_transtab_owner(host_as(n));
      const int client = host_client_of(n);
      if (owner >= 0) {
        ASSERT_EQ(owner, client) << "slot " << n;
      }
    }
  }

  std::mt19937 m_random;
  unsigned m_lies;
  host_options m_options{};
  bool m_bound = false;
  std::map<int, std::set<int>> m_clients;
  std::vector<int> m_jobs;
};

TEST(RandomSchedules, BreakNoRuleAndLoseNothing) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule(seed);
    for (unsigned i = 0; i < kSteps && !::testing::Test::HasFatalFailure(); ++i) schedule.step();
    if (::testing::Test::HasFatalFailure()) return;
    schedule.finish();
    if (::testing::Test::HasFailure()) return;
  }
}

// Its registers say anything from time to time. What the driver makes of it is not worth much, but it is no
// harm to the kernel, and every job ends.
TEST(RandomSchedules, SurviveAGpuThatLies) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule(seed, 2 + seed % 40);
    for (unsigned i = 0; i < kSteps; ++i) schedule.step();
    schedule.abandon();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
