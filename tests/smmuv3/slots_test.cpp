// SMMUs that differ in the slots of their TBUs, one behind each of several equal masters.
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../smmu/at/parts.h"
#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/test/core.h"
#include "world.h"

namespace smmuvp::at {
namespace {

constexpr unsigned pages = 16;

struct System : sc_core::sc_module {
  System(const sc_core::sc_module_name& name, smmu::TestMemory& memory, const Params& params)
      : sc_module(name), smmu("smmu0", params), target("target", memory), tables("tables", memory) {
    master.socket.bind(smmu.tbu_in[0]);
    smmu.tbu_out[0].bind(target.socket);
    smmu.walk.bind(tables.socket);
    cpu.bind(smmu.registers);
    smmu.reset.bind(reset);
    for (Target* t : {&target, &tables}) t->defaults();
    master.defaults();
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
  SmmuV3<> smmu;
  Master master{"master"};
  Target target, tables;
  tlm_utils::simple_initiator_socket<System, 64> cpu{"cpu"};
  sc_core::sc_signal<bool> reset{"reset"};
};

struct Sent {
  std::uint64_t address;
  sc_time gap;  ///< after the one before
};

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name) : sc_module(name) {
    for (const std::uint64_t slots : {1, 2, 3, 4, 8, 16}) {
      Params p = SmmuV3<>::default_params();
      p.set("slots", slots);
      p.set("tbu0_stream_id", std::uint64_t{7});
      systems.push_back(std::make_unique<System>(("slots" + std::to_string(slots)).c_str(), world.memory, p));
    }
    SMMUVP_HAS_PROCESS(Bench);
    SC_THREAD(run);
    pgtable::Builder& b = world.stream(7);
    for (unsigned i = 0; i < pages; ++i) b.map(i << 12U, 0x8000'0000 + (i << 12U), 0x1000);
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
  /// Caches are empty, the SMMU is on.
  void fresh() {
    for (auto& s : systems) s->reset.write(true);
    wait(ns(1));
    for (auto& s : systems) {
      s->reset.write(false);
      s->master.defaults();
      s->set(0x80, smmuv3::World::strtab, 8);
      s->set(0x88, 8, 4);
      s->set(0x20, 1, 4);
    }
    wait(ns(100));
  }
  /// What each access of a trace takes, from its time on until it is answered, of each system: a master that
  /// waits for END_REQ is late with the next.
  std::vector<std::vector<sc_time>> take(const std::vector<Sent>& trace, bool blocking) {
    std::vector<std::vector<sc_time>> all;
    in_simulation([&] {
      fresh();
      const sc_time begin = sc_time_stamp();
      std::vector<sc_time> times;
      sc_time at;
      for (const Sent& s : trace) times.push_back(at += s.gap);
      if (blocking) {
        for (auto& s : systems) {
          all.emplace_back();
          for (std::size_t i = 0; i < trace.size(); ++i) all.back().push_back(send(*s, trace[i], times[i]));
        }
        wait(ns(100'000));
        return;
      }
      for (std::size_t i = 0; i < trace.size(); ++i) {
        if (begin + times[i] > sc_time_stamp()) wait(begin + times[i] - sc_time_stamp());
        for (auto& s : systems) s->master.issue(trace[i].address, std::vector<std::uint8_t>(4), false, 0);
      }
      wait(ns(100'000));
      for (auto& s : systems) {
        all.emplace_back();
        EXPECT_TRUE(s->master.all_done());
        for (std::size_t i = 0; i < trace.size(); ++i) {
          all.back().push_back(s->master.operations[i].answered - begin - times[i]);
        }
      }
    });
    return all;
  }
  static sc_time send(System& s, const Sent& what, const sc_time& at) {
    std::uint32_t data = 0;
    Payload p;
    p.set_read();
    p.set_address(what.address);
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&data));
    p.set_data_length(sizeof data);
    p.set_streaming_width(sizeof data);
    sc_time delay = at;
    s.master.socket->b_transport(p, delay);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    return delay - at;
  }

  smmuv3::World world;  // its memory and tables
  std::vector<std::unique_ptr<System>> systems;
  sc_core::sc_event go{"go"};
  std::function<void()> job;
};

Bench& bench() {
  static Bench b("bench");
  return b;
}

class Slots : public ::testing::TestWithParam<bool> {
 protected:
  /// Compares what the trace takes with some slots and with more.
  void grow(const std::vector<Sent>& trace) {
    const std::vector<std::vector<sc_time>> all = bench().take(trace, GetParam());
    for (std::size_t k = 1; k < all.size(); ++k) {
      sc_time at;
      std::array<sc_time, 2> last;
      for (std::size_t i = 0; i < trace.size(); ++i) {
        ++m_accesses;
        at += trace[i].gap;
        for (const std::size_t n : {0U, 1U}) last[n] = std::max(last[n], at + all[k - 1 + n][i]);
        m_slower += all[k][i] > all[k - 1][i] ? 1U : 0U;
        m_faster += all[k][i] < all[k - 1][i] ? 1U : 0U;
      }
      m_later += last[1] > last[0] ? 1U : 0U;
    }
  }
  unsigned m_accesses = 0;
  unsigned m_slower = 0;
  unsigned m_faster = 0;
  unsigned m_later = 0;  // traces whose last answer comes later
};

// Where a blocking one is served, those after it are not there yet; of non-blocking ones more that are under
// way share the walk port, and the stream ends no later.
TEST_P(Slots, MoreOfThemNeverMakeAStreamInOrderSlower) {
  for (const unsigned a_page : {1U, 4U, 50U}) {
    for (const double gap : {0.0, 2.0, 7.0, 30.0}) {
      std::vector<Sent> trace;
      for (unsigned i = 0; i < 200; ++i) {
        trace.push_back({(std::uint64_t{i / a_page % pages} << 12U) + i % a_page * 64, ns(gap)});
      }
      grow(trace);
      EXPECT_EQ(m_later, 0U) << a_page << " a page, " << gap << " ns apart";
      EXPECT_TRUE(!GetParam() || m_slower == 0) << a_page << " a page, " << gap << " ns apart";
    }
  }
  EXPECT_GT(m_faster, 1000U);
}

TEST_P(Slots, MoreOfThemMakeFewerThanOneInAHundredRandomAccessesSlower) {
  test::Random random(1);
  for (int n = 0; n < 20; ++n) {
    std::vector<Sent> trace(200);
    for (Sent& s : trace) {
      s.address = random.below(pages) << 12U | random.below(1024) << 2U;
      s.gap = ns(static_cast<double>(random.below(1 + 40 * (n % 3))));
    }
    grow(trace);
  }
  RecordProperty("inversions", std::to_string(m_slower) + " of " + std::to_string(m_accesses));
  EXPECT_LT(100 * m_slower, m_accesses) << m_slower;
  EXPECT_GT(m_faster, 1000U);
}

INSTANTIATE_TEST_SUITE_P(Styles, Slots, ::testing::Values(true, false),
                         [](const auto& info) { return info.param ? "Blocking" : "NonBlocking"; });

}  // namespace
}  // namespace smmuvp::at

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::at::bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
