// SMMUs as a program of somebody else has them: masters that know no AccessExtension, buses of several
// widths, a processor that runs ahead, resets and interrupts of all kinds.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/smmuv3/smmuv3.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/width_adapter.h"
#include "world.h"

namespace smmuvp::user {

using Payload = tlm::tlm_generic_payload;
using sc_core::sc_time;

inline sc_time ns(double n) { return {n, sc_core::SC_NS}; }

/// What this program's masters say of themselves, which no SMMU has heard of.
struct MasterTag : tlm::tlm_extension<MasterTag> {
  unsigned device = 0;
  bool kernel = false;
  bool fetch = false;
  tlm_extension_base* clone() const override { return new MasterTag(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const MasterTag&>(other); }
};

/// What this program's bus asks of whoever masters it; all that are made are counted.
struct BusTag : tlm::tlm_extension<BusTag> {
  explicit BusTag(std::string w) : what(std::move(w)) { ++live; }
  BusTag(const BusTag& other) : tlm::tlm_extension<BusTag>(other), what(other.what) { ++live; }
  ~BusTag() override { --live; }
  BusTag& operator=(const BusTag&) = default;
  tlm_extension_base* clone() const override { return new BusTag(*this); }
  void copy_from(const tlm_extension_base& other) override { *this = static_cast<const BusTag&>(other); }
  std::string what;
  static inline int live = 0;
};

/// One SMMU, with a processor and 64-bit buses at TBU 0; all accesses end in one memory.
struct Soc : sc_core::sc_module {
  Soc(const sc_core::sc_module_name& name, const Params& params, Host& host, smmuv3::TestMemory& m)
      : sc_module(name), smmu("smmu", params, host), memory(m) {
    cpu.bind(smmu.registers);
    smmu.walk.bind(walks);
    walks.register_b_transport(this, &Soc::on_walk);
    walks.register_transport_dbg(this, &Soc::on_walk_debug);
  }
  void on_walk(Payload& p, sc_time& delay) {
    const auto* tag = p.get_extension<BusTag>();
    walked.push_back(tag != nullptr ? tag->what : "");
    transfer(p);
    delay += ns(20);
  }
  unsigned on_walk_debug(Payload& p) {
    sc_time delay;
    on_walk(p, delay);
    return p.get_data_length();
  }
  void on_data(Payload& p, sc_time& delay) {
    arrived.push_back(*p.get_extension<AccessExtension>());
    lengths.push_back(p.get_data_length());
    transfer(p);
    delay += ns(5);
  }
  unsigned on_data_debug(Payload& p) {
    transfer(p);
    return p.get_data_length();
  }
  void transfer(Payload& p) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      std::uint8_t& byte = memory.at(p.get_address() + i);
      (p.is_read() ? p.get_data_ptr()[i] : byte) = p.is_read() ? byte : p.get_data_ptr()[i];
    }
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  // ---- the processor
  tlm::tlm_response_status access(bool write, std::uint32_t offset, std::uint64_t& value, unsigned bytes,
                                  sc_time& delay) {
    Payload p;
    test::Master::fill(p, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, offset, &value, bytes);
    cpu->b_transport(p, delay);
    return p.get_response_status();
  }
  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    sc_time delay;
    EXPECT_EQ(access(true, offset, value, bytes, delay), tlm::TLM_OK_RESPONSE);
  }
  std::uint32_t get(std::uint32_t offset) {
    std::uint64_t value = 0;
    sc_time delay;
    EXPECT_EQ(access(false, offset, value, 4, delay), tlm::TLM_OK_RESPONSE);
    return static_cast<std::uint32_t>(value);
  }
  /// As World::start(), through the register socket.
  void start() {
    set(0x28, 0xd75);
    set(0x2c, smmuv3::CR2_RECINVSID);
    set(0x80, smmuv3::World::strtab, 8);
    set(0x88, 8);
    set(0x90, smmuv3::World::cmdq | smmuv3::World::log2_cmds, 8);
    set(0xa0, smmuv3::World::eventq | smmuv3::World::log2_events, 8);
    set(0x50, smmuv3::IRQ_CTRL_implemented);
    set(0x20, smmuv3::CR0_implemented);
  }
  void push(std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint32_t prod = get(0x98);
    memory.write(smmuv3::World::cmdq + 16ULL * (prod & 31U), word0);
    memory.write(smmuv3::World::cmdq + 16ULL * (prod & 31U) + 8, word1);
    set(0x98, (prod + 1) & 63U);
  }
  /// CMD_SYNC; returns when it is complete.
  void sync() {
    push(0x46);
    while (get(0x9c) != get(0x98)) wait(ns(100));
  }

  SmmuV3<> smmu;
  tlm_utils::simple_initiator_socket<Soc, 64> cpu{"cpu"};
  tlm_utils::simple_target_socket<Soc, 64> walks{"walks"};
  smmuv3::TestMemory& memory;
  std::vector<std::string> walked;       ///< the tags that came by `walk`
  std::vector<AccessExtension> arrived;  ///< at the memory
  std::vector<unsigned> lengths;
};

/// A master of any width at a TBU, and the memory behind it, of the same width.
template <unsigned WIDTH>
struct Client : sc_core::sc_module {
  Client(const sc_core::sc_module_name& name, Soc& s, unsigned tbu) : sc_module(name), soc(s) {
    socket.bind(in.in);
    in.out.bind(soc.smmu.tbu_in[tbu]);
    soc.smmu.tbu_out[tbu].bind(out.in);
    out.out.bind(memory);
    socket.register_nb_transport_bw(this, &Client::on_backward);
    memory.register_b_transport(this, &Client::on_data);
    memory.register_transport_dbg(this, &Client::on_debug);
  }
  void on_data(Payload& p, sc_time& delay) { soc.on_data(p, delay); }
  unsigned on_debug(Payload& p) { return soc.on_data_debug(p); }
  tlm::tlm_sync_enum on_backward(Payload& p, tlm::tlm_phase& phase, sc_time&) {
    if (phase == tlm::END_REQ) accepted.notify();
    if (phase != tlm::BEGIN_RESP) return tlm::TLM_ACCEPTED;
    order.push_back(&p);
    accepted.notify();
    ended.notify();
    return tlm::TLM_COMPLETED;
  }
  /// BEGIN_REQ; returns with END_REQ.
  void begin(Payload& p) {
    tlm::tlm_phase phase = tlm::BEGIN_REQ;
    sc_time delay;
    socket->nb_transport_fw(p, phase, delay);
    wait(accepted);
  }
  /// By b_transport or nb_transport.
  tlm::tlm_response_status send(Payload& p, bool blocking) {
    p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    if (blocking) {
      sc_time delay;
      socket->b_transport(p, delay);
      wait(delay);
    } else {
      order.clear();
      begin(p);
      if (order.empty()) wait(ended);
    }
    return p.get_response_status();
  }

  Soc& soc;
  tlm_utils::simple_initiator_socket<Client, WIDTH> socket{"socket"};
  WidthAdapter<WIDTH, 64> in{"in"};
  WidthAdapter<64, WIDTH> out{"out"};
  tlm_utils::simple_target_socket<Client, WIDTH> memory{"memory"};
  sc_core::sc_event accepted, ended;
  std::vector<const Payload*> order;  ///< of their responses
};

inline Params soc_params(std::initializer_list<std::pair<const char*, const char*>> values) {
  Params p = SmmuV3<>::default_params();
  for (const auto& [name, value] : values) p.set(name, value);
  return p;
}

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name),
        edge("edge",
             soc_params({{"tbus", "2"},
                         {"tbu0_stream_id", "7"},
                         {"tbu1_stream_id", "8"},
                         {"reset_active_low", "true"}}),
             host, world.memory),
        level("level",
              soc_params({{"irq", "level"},
                          {"reset", "level"},
                          {"reset_active_low", "true"},
                          {"tbu0_stream_id", "7"}}),
              host, world.memory),
        free("free",
             soc_params({{"reset", "level"}, {"reset_active_low", "true"}, {"sync_registers", "false"}}),
             host, world.memory),
        untimed("untimed",
                soc_params({{"timing", "false"}, {"reset", "level"}, {"reset_active_low", "true"}}), host,
                world.memory),
        wide("wide", edge, 0),
        narrow("narrow", edge, 1),
        level_client("level_client", level, 0),
        free_client("free_client", free, 0),
        untimed_client("untimed_client", untimed, 0) {
    edge.smmu.reset.bind(nreset);
    level.smmu.reset.bind(level_nreset);
    level.smmu.eventq_irq.bind(eventq);
    level.smmu.gerror_irq.bind(gerror);
    level.smmu.cmdq_sync_irq.bind(cmdq_sync);
    SMMUVP_HAS_PROCESS(Bench);
    SC_METHOD(count_sync);
    sensitive << cmdq_sync.posedge_event();
    dont_initialize();
    SC_THREAD(first);
  }
  void count_sync() { ++syncs; }
  /// At the start of simulation.
  void first() {
    std::uint32_t v = 0;
    Payload p;
    test::Master::fill(p, tlm::TLM_READ_COMMAND, 0x8000'0000, &v, 4);
    at_start = level_client.send(p, true);
  }
  /// Runs `job` in a thread.
  void run(std::function<void()> job) { runner.run(std::move(job)); }
  /// Resets all, and starts the SMMUs with empty tables.
  void restart() {
    run([this] {
      nreset.write(false);
      level_nreset.write(false);
      wait(ns(10));
      nreset.write(true);
      level_nreset.write(true);
      wait(ns(10));
      world.memory = {};
      for (Soc* soc : {&edge, &level, &free, &untimed}) soc->start();
      wait(ns(10));
    });
    for (Soc* soc : {&edge, &level, &free, &untimed}) {
      soc->smmu.set_own_access_hook({});
      soc->smmu.set_identity_hook(0, {});
      soc->smmu.set_order_hook(0, {});
      soc->walked.clear();
      soc->arrived.clear();
      soc->lengths.clear();
    }
    wide.order.clear();
    syncs = 0;
    host.diagnostics.clear();
  }
  pgtable::Builder& map(std::uint32_t stream, std::uint64_t va, std::uint64_t pa) {
    pgtable::Builder& builder = world.stream(stream, static_cast<std::uint16_t>(stream));
    EXPECT_TRUE(builder.map(va, pa, 0x1000));
    return builder;
  }

  test::CapturingHost host;
  smmuv3::World world;  // its memory and builders; its own core is not used
  Soc edge, level, free, untimed;
  Client<128> wide;
  Client<32> narrow;
  Client<64> level_client, free_client, untimed_client;
  test::Runner runner{"runner"};
  sc_core::sc_signal<bool> nreset{"nreset", true};
  sc_core::sc_signal<bool> level_nreset{"level_nreset", false};
  sc_core::sc_signal<bool> eventq{"eventq"}, gerror{"gerror"}, cmdq_sync{"cmdq_sync"};
  std::optional<tlm::tlm_response_status> at_start;
  int syncs = 0;
};

inline Bench& bench() {
  static Bench b("bench");
  static const bool started = (test::advance(), true);  // its threads wait for what they are told
  (void)started;
  return b;
}

/// A test that starts after a reset, with nothing mapped.
class User : public ::testing::Test {
 protected:
  void SetUp() override { b.restart(); }
  Bench& b = bench();
};

}  // namespace smmuvp::user
