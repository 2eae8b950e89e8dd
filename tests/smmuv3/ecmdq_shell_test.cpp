// The SystemC module with Enhanced Command queues: their pages in the register window, and queues that work
// at the same time.
#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "shell_bench.h"
#include "smmuvp/smmuv3/ecmdq.h"

namespace smmuvp::shell {
namespace {

using smmuv3::ECMDQ_EN;
using smmuv3::ECMDQ_ERR;

constexpr unsigned queues = 4;
constexpr std::uint64_t CMD_SYNC = 0x46;
constexpr std::uint64_t doorbell = 0x7000'0040;

struct EcmdqBench : Bench {
  explicit EcmdqBench(const sc_core::sc_module_name& name) : Bench(name, parameters()) {}
  static Params parameters() {
    Params p = Bench::parameters();
    p.set("ECMDQ", true);
    p.set("CMDQ_CONTROL_PAGE_LOG2NUMP", 1);
    p.set("CMDQ_CONTROL_PAGE_LOG2NUMQ", 1);
    return p;
  }
  static std::uint32_t place(unsigned n) { return 0x20000 + 0x8000 * n; }
  static std::uint64_t memory_of(unsigned n) { return 0x6000'0000 + 0x1000ULL * n; }
  void enable(unsigned n) {
    set(place(n), memory_of(n) | 4, 8);
    set(place(n) + 12, 0);
    set(place(n) + 8, ECMDQ_EN);
  }
  void put(unsigned n, unsigned slot, std::uint64_t word0, std::uint64_t word1 = 0) {
    world.memory.write(memory_of(n) + 16ULL * slot, word0);
    world.memory.write(memory_of(n) + 16ULL * slot + 8, word1);
  }
  /// Tells the queues of so many commands, all at one time. @return when all are consumed.
  sc_time run_commands(const std::vector<unsigned>& numbers, std::uint32_t count) {
    const sc_time begin = sc_core::sc_time_stamp();
    for (const unsigned n : numbers) set(place(n) + 8, ECMDQ_EN | count);
    const auto done = [&](unsigned n) { return reg(place(n) + 12) == (ECMDQ_EN | count); };
    while (!std::all_of(numbers.begin(), numbers.end(), done)) wait(sc_time(1, sc_core::SC_NS));
    return sc_core::sc_time_stamp() - begin;
  }
};

EcmdqBench& ecmdq_bench() {
  static EcmdqBench b("bench");
  return b;
}

class EcmdqShell : public ::testing::Test {
 protected:
  void SetUp() override {
    b.in_simulation([&] {
      b.reset.write(true);
      wait(sc_time(1, sc_core::SC_NS));
      b.reset.write(false);
      wait(sc_time(1, sc_core::SC_NS));
      b.world.memory = {};
      b.start();
      for (unsigned n = 0; n < queues; ++n) b.enable(n);
    });
    b.written.clear();
    b.written_at.clear();
  }
  EcmdqBench& b = ecmdq_bench();
};

TEST_F(EcmdqShell, PagesAreInTheRegisterWindowWhichEndsBehindThem) {
  b.in_simulation([&] {
    EXPECT_EQ(b.reg(0x4 /* IDR1 */) >> 31, 1U);
    EXPECT_EQ(b.reg(0x4020, false, 0, 8), 0x30003U);
    EXPECT_EQ(b.reg(0x3fffc), 0U);
    tlm::tlm_generic_payload p;
    std::uint32_t data = 0;
    p.set_command(tlm::TLM_READ_COMMAND);
    p.set_address(0x40000);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
    p.set_data_length(4);
    p.set_streaming_width(4);
    sc_time d;
    b.cpu->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
  const auto& ports = b.smmu.ports();
  EXPECT_TRUE(std::any_of(ports.begin(), ports.end(), [](const Port& p) { return p.size == 0x40000; }));
}

TEST_F(EcmdqShell, QueuesWorkBesideOneAnother) {
  b.in_simulation([&] {
    for (unsigned n = 0; n < queues; ++n) {
      for (unsigned i = 0; i < 12; ++i) b.put(n, i, 0x30);  // CMD_TLBI_NSNH_ALL
    }
    const sc_time alone = b.run_commands({0}, 6);
    for (const unsigned n : {1U, 2U, 3U}) b.run_commands({n}, 6);
    const sc_time together = b.run_commands({0, 1, 2, 3}, 12);
    EXPECT_GT(alone, sc_time(6 * 20, sc_core::SC_NS)) << "six fetches";
    EXPECT_LT(together, alone + sc_time(30, sc_core::SC_NS));
  });
}

TEST_F(EcmdqShell, MsisOfQueuesThatSyncAtOneTimeAreSentInTheOrderOfTheirNumbers) {
  b.in_simulation([&] {
    for (unsigned n = 0; n < queues; ++n) {
      b.put(n, 0, (0x100ULL + n) << 32 | 0xfULL << 24 | 1U << 12 | CMD_SYNC, doorbell + 4ULL * n);
    }
    b.run_commands({3, 1, 0, 2}, 1);
  });
  ASSERT_EQ(b.written.size(), queues);
  for (unsigned n = 0; n < queues; ++n) {
    EXPECT_EQ(b.written[n].address, doorbell + 4ULL * n);
    EXPECT_EQ(b.world.memory.read(doorbell + 4ULL * n, 4), 0x100U + n);
  }
}

TEST_F(EcmdqShell, AStateIsSavedWhileCommandsAreUnderWay) {
  std::stringstream saved;
  b.in_simulation([&] {
    for (unsigned n = 0; n < queues; ++n) {
      for (unsigned i = 0; i < 4; ++i) b.put(n, i, i == 2 && n == 1 ? 0xff : 0x30);
      b.set(b.place(n) + 8, ECMDQ_EN | 4);
    }
    wait(sc_time(10, sc_core::SC_NS));
    const auto refused = b.smmu.save(saved);
    ASSERT_FALSE(refused) << to_text(*refused);
    b.reset.write(true);
    wait(sc_time(100, sc_core::SC_NS));
    b.reset.write(false);
    wait(sc_time(1, sc_core::SC_NS));
    EXPECT_EQ(b.reg(b.place(0) + 12), 0U);
    const auto error = b.smmu.load(saved);
    EXPECT_FALSE(error) << to_text(*error);
    EXPECT_EQ(b.reg(b.place(0) + 12), ECMDQ_EN) << "nothing is consumed yet";
  });
  b.in_simulation([&] {
    for (unsigned n = 0; n < queues; ++n) {
      const std::uint64_t CONS = n == 1 ? ECMDQ_EN | ECMDQ_ERR | 1U << 24 | 2U : ECMDQ_EN | 4U;
      EXPECT_EQ(b.reg(b.place(n) + 12), CONS) << n;
    }
    EXPECT_EQ(b.reg(0x60), 1U << 9) << "GERROR.CMDQP_ERR";
  });
}

TEST_F(EcmdqShell, AnAnswerOfBeforeAResetIsNoneToACommandOfAfterIt) {
  std::vector<std::uint64_t> fetched;
  bool first = true;
  b.on_own_access = [&](tlm::tlm_generic_payload& p) {
    if (p.is_read()) fetched.push_back(p.get_address());
    if (std::exchange(first, false)) wait(sc_time(10, sc_core::SC_US));  // a slow target
  };
  const std::uint64_t elsewhere = b.memory_of(0) + 0x800;
  b.in_simulation([&] {
    b.put(0, 0, 0xbadULL << 32 | 0xfULL << 24 | 1U << 12 | CMD_SYNC, doorbell);  // with an MSI
    b.set(b.place(0) + 8, ECMDQ_EN | 1);
    wait(sc_time(100, sc_core::SC_NS));
    b.reset.write(true);
    wait(sc_time(100, sc_core::SC_NS));
    b.reset.write(false);
    wait(sc_time(1, sc_core::SC_NS));
    b.start();
    b.world.memory.write(elsewhere, 0x30);  // CMD_TLBI_NSNH_ALL
    b.world.memory.write(elsewhere + 8, 0);
    b.set(b.place(0), elsewhere | 4, 8);
    b.set(b.place(0) + 8, ECMDQ_EN);
    b.set(b.place(0) + 8, ECMDQ_EN | 1);
    b.enable(1);
    b.put(1, 0, 0x30);
    b.set(b.place(1) + 8, ECMDQ_EN | 1);
    wait(sc_time(100, sc_core::SC_US));
    EXPECT_EQ(b.reg(b.place(0) + 12), ECMDQ_EN | 1);
  });
  EXPECT_TRUE(b.written.empty()) << "the MSI of before";
  EXPECT_NE(std::find(fetched.begin(), fetched.end(), elsewhere), fetched.end());
  b.on_own_access = nullptr;
}

}  // namespace
}  // namespace smmuvp::shell

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::shell::ecmdq_bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
