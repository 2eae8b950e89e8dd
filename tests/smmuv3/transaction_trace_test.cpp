// Transactions of TBUs in traces: which have a slot, when.
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../smmu/at/parts.h"
#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"
#include "world.h"

namespace smmuvp::at {
namespace {

constexpr unsigned slots = 3;
constexpr unsigned pages = 16;

class Watch : public Host, private DiagSink, private TraceSink {
 public:
  DiagSink& diag() override { return *this; }
  TraceSink* trace() override { return this; }
  void guest_exit(const GuestExit&) override {}
  void limitation(const std::string&, const std::string&) override {}
  void internal_error(const std::string&, const std::string& text) override { ADD_FAILURE() << text; }
  /// How many have a slot, from each time on; of one time the last.
  std::map<std::uint64_t, int> levels() {
    std::stable_sort(changes.begin(), changes.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::map<std::uint64_t, int> found;
    int level = 0;
    for (const auto& [time, change] : changes) found[time] = level += change;
    return found;
  }
  std::vector<std::pair<std::uint64_t, int>> changes;

 private:
  void report(const Diagnostic& d) override { ADD_FAILURE() << d.text; }
  bool wants(std::string_view, std::string_view point) override { return point == "smmu.transaction"; }
  void record(std::uint64_t time_ps, std::string_view, std::string_view, const TraceValue* values,
              std::size_t count) override {
    EXPECT_EQ(values[0].number, 0U) << "the TBU";
    EXPECT_EQ(values[1].number, 7U) << "the StreamID";
    changes.emplace_back(time_ps, values[count - 1].number != 0 ? 1 : -1);
  }
};

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name),
        smmu("smmu0", params(), watch),
        target("target", world.memory),
        tables("tables", world.memory) {
    master.socket.bind(smmu.tbu_in[0]);
    smmu.tbu_out[0].bind(target.socket);
    smmu.walk.bind(tables.socket);
    cpu.bind(smmu.registers);
    smmu.reset.bind(reset);
    for (Target* t : {&target, &tables}) t->defaults();
    master.defaults();
    SMMUVP_HAS_PROCESS(Bench);
    SC_THREAD(run);
    pgtable::Builder& b = world.stream(7);
    for (unsigned i = 0; i < pages; ++i) b.map(i << 12U, 0x8000'0000 + (i << 12U), 0x1000);
  }
  static Params params() {
    Params p = SmmuV3<>::default_params();
    p.set("slots", std::uint64_t{slots});
    p.set("tbu0_stream_id", std::uint64_t{7});
    return p;
  }
  void run() {
    while (true) {
      wait(go);
      job();
      sc_core::sc_pause();
    }
  }
  void in_simulation(std::function<void()> f) {
    job = std::move(f);
    go.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
  }
  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes) {
    Payload p;
    p.set_write();
    p.set_address(offset);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&value));
    p.set_data_length(bytes);
    p.set_streaming_width(bytes);
    sc_time d;
    cpu->b_transport(p, d);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
  }
  void fresh() {
    reset.write(true);
    wait(ns(1));
    reset.write(false);
    master.defaults();
    set(0x80, smmuv3::World::strtab, 8);
    set(0x88, 8, 4);
    set(0x20, 1, 4);
    wait(ns(100));
    watch.changes.clear();
  }

  Watch watch;
  smmuv3::World world;  // its memory and tables
  SmmuV3<> smmu;
  Master master{"master"};
  Target target, tables;
  tlm_utils::simple_initiator_socket<Bench, 64> cpu{"cpu"};
  sc_core::sc_signal<bool> reset{"reset"};
  sc_core::sc_event go{"go"};
  std::function<void()> job;
};

Bench& bench() {
  static Bench b("bench");
  return b;
}

int most(const std::map<std::uint64_t, int>& levels) {
  int n = 0;
  for (const auto& [time, level] : levels) n = std::max(n, level);
  return n;
}

TEST(TransactionTrace, NonBlockingOnesTakeAllSlotsAndGiveEachBackOnce) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.fresh();
    for (unsigned i = 0; i < pages; ++i) b.master.issue(i << 12U, std::vector<std::uint8_t>(4), false, 0);
    sc_core::wait(ns(100'000));
    EXPECT_TRUE(b.master.all_done());
  });
  EXPECT_EQ(b.watch.changes.size(), 2U * pages);
  const auto levels = b.watch.levels();
  EXPECT_EQ(most(levels), static_cast<int>(slots));
  EXPECT_EQ(levels.rbegin()->second, 0);
}

TEST(TransactionTrace, BlockingOnesThatRunAheadHaveTheirSlotsAtTheirOwnTimes) {
  Bench& b = bench();
  std::vector<std::pair<sc_time, sc_time>> times;
  b.in_simulation([&] {
    b.fresh();
    for (unsigned i = 0; i < pages; ++i) {
      std::uint32_t data = 0;
      Payload p;
      p.set_read();
      p.set_address((pages - 1 - i) << 12U);
      p.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
      p.set_data_length(sizeof data);
      p.set_streaming_width(sizeof data);
      sc_time delay = ns(1'000.0 * i);
      const sc_time begin = sc_core::sc_time_stamp() + delay;
      b.master.socket->b_transport(p, delay);
      times.emplace_back(begin, sc_core::sc_time_stamp() + delay);
    }
    sc_core::wait(ns(100'000));
  });
  ASSERT_EQ(b.watch.changes.size(), 2U * pages);
  for (unsigned i = 0; i < pages; ++i) {
    EXPECT_EQ(b.watch.changes[2 * i], (std::pair{to_ps(times[i].first), 1}));
    EXPECT_EQ(b.watch.changes[2 * i + 1].second, -1);
    EXPECT_EQ(b.watch.changes[2 * i + 1].first, to_ps(times[i].second));
  }
}

TEST(TransactionTrace, WhatAResetAbortsGivesItsSlotBack) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.fresh();
    for (unsigned i = 0; i < slots; ++i) b.master.issue(i << 12U, std::vector<std::uint8_t>(4), false, 0);
    sc_core::wait(ns(20));
    b.reset.write(true);
    sc_core::wait(ns(10));
    b.reset.write(false);
    sc_core::wait(ns(100'000));
  });
  ASSERT_FALSE(b.watch.changes.empty());
  EXPECT_EQ(b.watch.levels().rbegin()->second, 0);
}

}  // namespace
}  // namespace smmuvp::at

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::at::bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
