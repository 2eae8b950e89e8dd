// Stores to memory that somebody watches, as the CPU core tells of them.
#include <cstring>
#include <string>
#include <vector>

#include "machine.h"
#include "smmuvp/base/page_watch.h"

namespace smmuvp::cpu {
namespace {

/// A machine with the page at Machine::scratch watched, and a log of what changes there.
class CpuStores : public ::testing::TestWithParam<bool> {
 protected:
  CpuStores() : watch([](void* machine) { static_cast<Machine*>(machine)->core->note_store(); }, &m) {
    if (GetParam()) {
      m.map_page(va, Machine::scratch);
      m.map_page(Machine::device, Machine::device, Machine::device_type);
    }
    m.on_access = [this](BusAccess& access) {
      log.push_back("device");
      access.value = 0x55;
      return BusStatus::ok;
    };
    m.on_stores = [this](uint64_t first, uint64_t end) { look(first, end); };
    m.start("store_first");
    if (GetParam()) m.enable_mmu();
    const uint64_t at = GetParam() ? va : Machine::scratch;
    m.set("X0", 7);
    m.set("X1", at);
    m.set("X2", at + 0x100);
    m.set("X3", Machine::device);
  }
  // The RAM of the tests need not begin where a page of the host does.
  void watch_scratch() {
    ASSERT_TRUE(watch.watch(m.ram(Machine::scratch)));
    ASSERT_TRUE(watch.watch(m.ram(Machine::scratch + 0xfff)));
  }
  void look(uint64_t first, uint64_t end) {
    EXPECT_LT(first, end);
    watch.take([&](const std::uint8_t* page, const std::uint8_t* before) {
      for (std::size_t i = 0; i < PageWatch::page_bytes(); ++i) {
        const uint64_t phys = Machine::scratch + static_cast<uint64_t>(page + i - m.ram(Machine::scratch));
        if (page[i] == before[i]) continue;
        const uint64_t site = m.core->store_site(first, end, phys);
        log.push_back(std::to_string(phys - Machine::scratch) + ": " + std::to_string(before[i]) + ">" +
                      std::to_string(page[i]) + name_of(site));
      }
    });
  }
  std::string name_of(uint64_t pc) {
    for (const char* name : {"store_first", "store_second", "store_third", "store_fourth"}) {
      if (m.symbol(name) == pc) return std::string(" by ") + name;
    }
    return " by nobody";
  }

  static constexpr uint64_t va = 0x123456780000;
  Machine m;
  PageWatch watch;
  std::vector<std::string> log;
};

TEST_P(CpuStores, AreToldBehindTheirBlockAndBeforeADeviceIsReached) {
  watch_scratch();
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_EQ(log, (std::vector<std::string>{"0: 0>7 by store_first", "256: 0>8 by store_second", "device",
                                           "16: 0>8 by store_third", "24: 0>85 by store_third",
                                           "0: 7>9 by store_fourth"}));
}

TEST_P(CpuStores, NothingElseChangesByIt) {
  const Stop without = m.run();
  const uint64_t instructions = m.instructions;
  const uint64_t x0 = m.reg("X0");
  m.start("store_first");
  m.set("X0", 7);
  m.set("X2", m.reg("X1") + 0x100);
  m.instructions = 0;
  log.clear();
  watch_scratch();
  const Stop with = m.run();
  EXPECT_EQ(with.instructions, without.instructions);
  EXPECT_EQ(m.instructions, instructions);
  EXPECT_EQ(m.reg("X0"), x0);
}

TEST_P(CpuStores, AreToldAtTheEndOfAQuantum) {
  watch_scratch();
  m.core->run(1);
  EXPECT_EQ(log, std::vector<std::string>{"0: 0>7 by store_first"});
}

TEST_P(CpuStores, OneThatIsNotedWhileTheProcessorDoesNotRunIsTold) {
  m.core->note_store();
  unsigned told = 0;
  m.on_stores = [&](uint64_t, uint64_t) { ++told; };
  m.run();
  EXPECT_EQ(told, 1U);
}

INSTANTIATE_TEST_SUITE_P(Mmu, CpuStores, ::testing::Bool());

}  // namespace
}  // namespace smmuvp::cpu
