// An SMMU of either kind between masters, targets and checkers, for tests of non-blocking transactions.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../test_memory.h"
#include "parts.h"
#include "smmuvp/smmu_sc/tbu_shell.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/host.h"

namespace smmuvp::at {

constexpr unsigned slots = 4;
/// What a hit takes: port, micro TLB; memory.
inline sc_time hit_time() { return ns(1 + 1 + 20); }

class BenchHost : public Host {
 public:
  DiagSink& diag() override { return sink; }
  TraceSink* trace() override { return nullptr; }
  void guest_exit(const GuestExit&) override {}
  void limitation(const std::string&, const std::string&) override {}
  void internal_error(const std::string&, const std::string& text) override { ADD_FAILURE() << text; }
  smmu::TestDiag sink;
};

/// TBU 0 and 1: masters of both styles (checkers let blocking calls through), targets of both styles.
/// TBU 2: a target whose socket knows b_transport only.
template <class Module>
struct SystemOf : sc_core::sc_module {
  /// @param m  of targets, and of what the SMMU reads; outlives this
  SystemOf(const sc_core::sc_module_name& name, Params params, smmu::TestMemory& m)
      : sc_module(name),
        memory(m),
        smmu("smmu0", with_ports(std::move(params)), host),
        target("target", m),
        target1("target1", m),
        tables("tables", m) {
    wire(master, above, 0);
    wire(master1, above1, 1);
    wire(master2, above2, 2);
    smmu.tbu_out[0].bind(below.in);
    below.out.bind(target.socket);
    smmu.tbu_out[1].bind(below1.in);
    below1.out.bind(target1.socket);
    smmu.tbu_out[2].bind(below2.in);
    below2.out.bind(plain);
    plain.register_b_transport(this, &SystemOf::on_plain);
    smmu.walk.bind(walks.in);
    walks.out.bind(tables.socket);
    cpu.bind(smmu.registers);
    smmu.reset.bind(reset);
    SMMUVP_HAS_PROCESS(SystemOf);
    SC_THREAD(run);
  }
  static Params with_ports(Params p) {
    p.set("tbus", std::uint64_t{3});
    p.set("slots", std::uint64_t{slots});
    p.set("tbu0_stream_id", std::uint64_t{7});
    return p;
  }
  void wire(Master& m, Checker& checker, unsigned tbu) {
    m.socket.bind(checker.in);
    checker.out.bind(smmu.tbu_in[tbu]);
  }
  void on_plain(Payload& p, sc_time& delay) {
    delay += target.latency(p);
    Target::transfer(memory, p);
  }
  void run() {
    while (true) {
      wait(go);
      job();
      sc_core::sc_pause();
    }
  }
  /// Runs `f` in a thread, and then all that follows from it.
  void in_simulation(std::function<void()> f) {
    job = std::move(f);
    go.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
    sc_core::sc_start(sc_time(1, sc_core::SC_MS));
  }
  /// In the simulation.
  void pulse_reset() {
    reset.write(true);
    wait(ns(1));
    reset.write(false);
    wait(ns(1));
  }
  struct Blocking {
    tlm::tlm_response_status status;
    sc_time delay;
  };
  Blocking blocking(Master& m, Operation& op, sc_time delay = {}) {
    Payload p;
    AccessExtension e;
    e.stream_id = op.stream_id;
    e.stream_valid = true;
    p.set_command(op.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    p.set_address(op.address);
    p.set_data_ptr(op.data.data());
    p.set_data_length(static_cast<unsigned>(op.data.size()));
    p.set_streaming_width(static_cast<unsigned>(op.data.size()));
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    p.set_extension(&e);
    struct Lent {  // also from a process that is killed
      Payload& p;
      AccessExtension& e;
      ~Lent() { p.clear_extension(&e); }
    };
    const Lent lent{p, e};
    m.socket->b_transport(p, delay);
    return {p.get_response_status(), delay};
  }
  std::uint64_t statistic(const std::string& name) const {
    struct Find : StatVisitor {
      void stat(std::string_view n, std::uint64_t v, std::string_view, std::string_view) override {
        if (n == wanted) value = v;
      }
      std::string wanted;
      std::uint64_t value = ~0ULL;
    } find;
    find.wanted = name;
    smmu.statistics(find);
    EXPECT_NE(find.value, ~0ULL) << name;
    return find.value;
  }
  smmu::TbuShell& tbu(unsigned i) {
    const std::string path = std::string(name()) + ".smmu0.tbu_" + std::to_string(i);
    return dynamic_cast<smmu::TbuShell&>(*sc_core::sc_find_object(path.c_str()));
  }
  std::vector<Checker*> checkers() { return {&above, &above1, &above2, &below, &below1, &below2, &walks}; }

  smmu::TestMemory& memory;
  BenchHost host;
  Module smmu;
  Master master{"master"}, master1{"master1"}, master2{"master2"};
  Checker above{"above"}, above1{"above1"}, above2{"above2"};
  Checker below{"below"}, below1{"below1"}, below2{"below2"}, walks{"walks"};
  Target target, target1, tables;
  tlm_utils::simple_target_socket<SystemOf, 64> plain{"plain"};
  tlm_utils::simple_initiator_socket<SystemOf, 64> cpu{"cpu"};
  sc_core::sc_signal<bool> reset{"reset"};
  sc_core::sc_event go{"go"};
  std::function<void()> job;
};

/// Each test starts from an SMMU that is on and has no streams, and ends with nothing open anywhere.
/// @tparam Bench  a SystemOf, with fresh()
template <class Bench>
class AtOf : public ::testing::Test {
 protected:
  explicit AtOf(Bench& bench) : b(bench) {}
  void SetUp() override {
    for (Target* t : {&b.target, &b.target1, &b.tables}) t->defaults();
    for (Master* m : {&b.master, &b.master1, &b.master2}) m->defaults();
    b.in_simulation([this] { b.fresh(); });
    for (Target* t : {&b.target, &b.target1, &b.tables}) t->seen.clear();
    for (Checker* c : b.checkers()) c->clear();
    b.host.sink.all.clear();
  }
  void TearDown() override {
    for (const Checker* c : b.checkers()) c->expect_idle();
    for (const Master* m : {&b.master, &b.master1, &b.master2}) {
      EXPECT_TRUE(m->all_done());
      EXPECT_EQ(m->references(), 0) << "a reference that is not given back";
    }
  }
  /// In the simulation: a translation that hits from now on.
  void warm(std::uint64_t va, std::uint32_t sid = 7) {
    Operation op;
    op.address = va;
    op.data.resize(4);
    op.stream_id = sid;
    EXPECT_EQ(b.blocking(b.master, op).status, tlm::TLM_OK_RESPONSE);
    wait(ns(1000));
    b.target.seen.clear();
    for (Checker* c : b.checkers()) c->clear();
  }
  std::vector<std::uint64_t> seen(const Target& target) const {
    std::vector<std::uint64_t> addresses;
    for (const Target::Seen& s : target.seen) addresses.push_back(s.address);
    return addresses;
  }

  Bench& b;
};

}  // namespace smmuvp::at
