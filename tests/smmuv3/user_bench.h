// SMMUv3s as a program of somebody else has them, with a processor that runs ahead, resets and interrupts of
// all kinds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "../smmu/user/parts.h"
#include "smmuvp/smmuv3/smmuv3.h"
#include "world.h"

namespace smmuvp::user {

struct Soc : SocOf<SmmuV3<>> {
  /// What a program switches the SMMU on by, for tests of both kinds.
  static constexpr std::uint32_t CR0 = 0x20;
  static constexpr std::uint64_t CR0_on = smmuv3::CR0_implemented, CR0_after_reset = 0;

  using SocOf::SocOf;
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
  /// In the simulation: nothing is cached of a stream.
  void invalidate(std::uint64_t stream) {
    push(0x03 | stream << 32, 1);  // CMD_CFGI_STE
    push(0x30);                    // CMD_TLBI_NSNH_ALL
    sync();
  }
  bool has_recorded() { return get(0x100a8) != get(0x100ac); }
};
template <unsigned WIDTH>
using Client = ClientOf<Soc, WIDTH>;
/// What a miss of an unknown stream reads, by OwnAccess::purpose.
inline const std::vector<std::string> own_accesses{"STE", "CD", "TTD", "TTD", "TTD"};

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name),
        edge("edge",
             params_of<SmmuV3<>>({{"tbus", "2"},
                                  {"tbu0_stream_id", "7"},
                                  {"tbu1_stream_id", "8"},
                                  {"reset_active_low", "true"}}),
             host, world.memory),
        level("level",
              params_of<SmmuV3<>>({{"irq", "level"},
                                   {"reset", "level"},
                                   {"reset_active_low", "true"},
                                   {"retention", "true"},
                                   {"tbu0_stream_id", "7"}}),
              host, world.memory),
        free("free",
             params_of<SmmuV3<>>(
                 {{"reset", "level"}, {"reset_active_low", "true"}, {"sync_registers", "false"}}),
             host, world.memory),
        untimed("untimed",
                params_of<SmmuV3<>>({{"timing", "false"}, {"reset", "level"}, {"reset_active_low", "true"}}),
                host, world.memory),
        wide("wide", edge, 0),
        narrow("narrow", edge, 1),
        level_client("level_client", level, 0),
        free_client("free_client", free, 0),
        untimed_client("untimed_client", untimed, 0) {
    edge.smmu.reset.bind(nreset);
    level.smmu.reset.bind(level_nreset);
    edge.smmu.power.bind(power);
    edge.smmu.clock.bind(clock);
    level.smmu.power.bind(level_power);
    level.smmu.clock.bind(level_clock);
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
      for (auto* on : {&power, &clock, &level_power, &level_clock}) on->write(true);
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
    for (Soc* soc : {&edge, &level, &free, &untimed}) soc->forget();
    wide.order.clear();
    syncs = 0;
    host.diagnostics.clear();
  }
  pgtable::Builder& map(std::uint32_t stream, std::uint64_t va, std::uint64_t pa,
                        const pgtable::Mapping& mapping = {}) {
    pgtable::Builder& builder = world.stream(stream, static_cast<std::uint16_t>(stream));
    EXPECT_TRUE(builder.map(va, pa, 0x1000, mapping));
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
  sc_core::sc_signal<bool> power{"power", true}, clock{"clock", true};  // state is lost
  sc_core::sc_signal<bool> level_power{"level_power", true}, level_clock{"level_clock", true};  // is retained
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
