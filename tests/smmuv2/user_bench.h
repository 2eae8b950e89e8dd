// SMMUv2s as a program of somebody else has them, with resets and interrupt lines of all kinds.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../smmu/user/parts.h"
#include "module_driver.h"
#include "smmuvp/smmuv2/smmuv2.h"

namespace smmuvp::user {

using namespace smmuv2::offsets;

/// A base, to be there before the rest: its memory has the tables.
struct WithDriver {
  static constexpr std::uint32_t page = 0x1000;
  static constexpr std::uint32_t window = 0x10000;  // NUMPAGENDXB 2

  explicit WithDriver(smmuv2::ModuleDriver::Send send) : regs(page, window, std::move(send)) {}
  smmuv2::ModuleDriver regs;
};

struct Soc : WithDriver, SocOf<SmmuV2<>> {
  /// What a program switches the SMMU on by, for tests of both kinds.
  static constexpr std::uint32_t CR0 = sCR0;
  static constexpr std::uint64_t CR0_on = CR0_GFRE, CR0_after_reset = CR0_CLIENTPD;

  Soc(const sc_core::sc_module_name& name, const Params& params, Host& host)
      : WithDriver([this](auto& p, auto& delay) { cpu->b_transport(p, delay); }),
        SocOf(name, params, host, regs.memory) {}
  /// A stream of a bank and a group of its own.
  pgtable::Builder& stream(unsigned bank, std::uint32_t id) {
    pgtable::Builder& tables = regs.builder(smmuv2::Driver::config64());
    regs.bank64(bank, tables.config(), static_cast<std::uint16_t>(id));
    regs.map_stream(bank, id, S2CR_translate | bank);
    return tables;
  }
  void start() {
    regs.forget_tables();
    regs.start();
  }
  /// In the simulation: nothing is cached of a stream.
  void invalidate(std::uint64_t) {
    regs.set(TLBIALLNSNH, 0);
    regs.set(sTLBGSYNC, 0);
    while (regs.reg(sTLBGSTATUS) != 0) wait(ns(100));
  }
  bool has_recorded() { return regs.reg(sGFSR) != 0; }
};
template <unsigned WIDTH>
using Client = ClientOf<Soc, WIDTH>;
/// What a miss of an unknown stream reads, by OwnAccess::purpose.
inline const std::vector<std::string> own_accesses{"TTD", "TTD", "TTD"};

/// @param more  besides eight banks of two Security states
inline Params soc_params(std::initializer_list<std::pair<const char*, const char*>> more) {
  Params p = params_of<SmmuV2<>>({{"SES", "true"},
                                  {"NUMCB", "8"},
                                  {"NUMSMRG", "16"},
                                  {"NUMPAGENDXB", "2"},
                                  {"reset_active_low", "true"},
                                  {"tbu0_stream_id", "7"}});
  for (const auto& [name, value] : more) p.set(name, value);
  return p;
}

struct Bench : sc_core::sc_module {
  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name),
        edge("edge", soc_params({{"tbus", "2"}, {"tbu1_stream_id", "8"}}), host),
        level("level",
              soc_params({{"reset", "level"},
                          {"retention", "true"},
                          {"NUMIRPT", "3"},
                          {"counter_groups", "2"},
                          {"CGNC", "1"}}),
              host),
        free("free", soc_params({{"reset", "level"}, {"SES", "false"}}), host),
        wide("wide", edge, 0),
        narrow("narrow", edge, 1),
        level_client("level_client", level, 0),
        free_client("free_client", free, 0) {
    edge.smmu.reset.bind(nreset);
    level.smmu.reset.bind(level_nreset);
    edge.smmu.power.bind(power);
    edge.smmu.clock.bind(clock);
    level.smmu.power.bind(level_power);
    level.smmu.clock.bind(level_clock);
    for (std::size_t i = 0; i < context.size(); ++i) level.smmu.context_irq[i].bind(context[i]);
    for (std::size_t i = 0; i < pm.size(); ++i) level.smmu.pm_irq[i].bind(pm[i]);
    level.smmu.gfsr_irq.bind(gfsr);
    SMMUVP_HAS_PROCESS(Bench);
    SC_THREAD(first);
  }
  /// At the start of simulation.
  void first() { at_start = read(level_client, 0x8000'0000); }
  /// Runs `job` in a thread.
  void run(std::function<void()> job) { runner.run(std::move(job)); }
  /// Resets all, and starts the SMMUs without any stream.
  void restart() {
    run([this] {
      for (auto* on : {&power, &clock, &level_power, &level_clock}) on->write(true);
      nreset.write(false);
      level_nreset.write(false);
      wait(ns(10));
      nreset.write(true);
      level_nreset.write(true);
      wait(ns(10));
      for (Soc* soc : {&edge, &level, &free}) soc->start();
      wait(ns(10));
    });
    for (Soc* soc : {&edge, &level, &free}) soc->forget();
    wide.order.clear();
    host.diagnostics.clear();
  }
  /// At each SMMU whose clients have that stream. @return tables of `edge`
  pgtable::Builder& map(std::uint32_t stream, std::uint64_t va, std::uint64_t pa,
                        const pgtable::Mapping& mapping = {}) {
    const unsigned bank = stream - 7;
    EXPECT_TRUE(level.stream(bank, stream).map(va, pa, 0x1000, mapping));
    pgtable::Builder& tables = edge.stream(bank, stream);
    EXPECT_TRUE(tables.map(va, pa, 0x1000, mapping));
    return tables;
  }

  test::CapturingHost host;
  Soc edge, level, free;
  Client<128> wide;
  Client<32> narrow;
  Client<64> level_client, free_client;
  test::Runner runner{"runner"};
  sc_core::sc_signal<bool> nreset{"nreset", true};
  sc_core::sc_signal<bool> level_nreset{"level_nreset", false};
  sc_core::sc_signal<bool> power{"power", true}, clock{"clock", true};  // state is lost
  sc_core::sc_signal<bool> level_power{"level_power", true}, level_clock{"level_clock", true};  // is retained
  sc_core::sc_signal<bool> gfsr{"gfsr"};
  sc_core::sc_vector<sc_core::sc_signal<bool>> context{"context", 2};  // the third is tied off
  sc_core::sc_vector<sc_core::sc_signal<bool>> pm{"pm", 2};
  std::optional<tlm::tlm_response_status> at_start;
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
