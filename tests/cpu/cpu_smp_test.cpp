// Three processors with a GICv2 and shared RAM, one elaboration, a reset before each test. Their quanta are
// 10000, 100 and 1 instructions, so that they meet in every way.
#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "guest_program.h"
#include "smmuvp/cpu/cpu.h"
#include "smmuvp/gic/gic.h"
#include "smmuvp/tlm/console.h"

// libunicorn does not free what it notes about pages of code that were written to.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libunicorn.so"; }

namespace smmuvp {
namespace {

constexpr unsigned cpus = 3;
constexpr std::uint64_t ram_base = 0x40000000, ram_size = 2 << 20;
constexpr std::uint64_t distributor = 0x08000000, cpu_interface = 0x08010000;
constexpr std::uint64_t wfe_ticks = 62'500;  // 1 ms, in ticks of the system counter

// DEN 0022 5.1, 5.2.2
constexpr std::uint64_t CPU_SUSPEND = 0xc4000001, CPU_OFF = 0x84000002, CPU_ON = 0xc4000003,
                        AFFINITY_INFO = 0xc4000004, PSCI_FEATURES = 0x8400000a;
constexpr std::uint64_t SUCCESS = 0, INVALID_PARAMETERS = ~std::uint64_t{1}, DENIED = ~std::uint64_t{2},
                        ALREADY_ON = ~std::uint64_t{3}, ON_PENDING = ~std::uint64_t{4},
                        INVALID_ADDRESS = ~std::uint64_t{8};
constexpr std::uint64_t ON = 0, OFF = 1, PENDING = 2;

struct QuietSink : DiagSink {
  std::vector<Diagnostic> seen;
  void report(const Diagnostic& d) override { seen.push_back(d); }
};

struct TestHost : Host {
  QuietSink sink;
  std::vector<GuestExit> exits;
  std::vector<std::string> errors;
  DiagSink& diag() override { return sink; }
  TraceSink* trace() override { return nullptr; }
  void guest_exit(const GuestExit& e) override {
    exits.push_back(e);
    sc_core::sc_pause();
  }
  void limitation(const std::string&, const std::string&) override {}
  void unsupported(const std::string&, const std::string& text) override { errors.push_back(text); }
  void internal_error(const std::string&, const std::string& text) override { errors.push_back(text); }
};

struct Screen : ConsoleBackend {
  std::string written;
  void put(std::uint8_t byte) override { written += static_cast<char>(byte); }
  int get() override { return -1; }
  bool has_input() const override { return false; }
};

struct Debugger : DebugClient {
  std::function<void(DebugControl&, Reason)> at_stop;
  void stopped(DebugControl& cpu, Reason reason) override {
    if (at_stop) at_stop(cpu, reason);
  }
};

struct Bench : sc_core::sc_module {
  TestHost host;
  Screen screen;
  Debugger debugger;
  std::vector<std::unique_ptr<Cpu>> cpu;
  std::unique_ptr<Gic> gic;
  tlm_utils::simple_target_socket_tagged<Bench, platform_buswidth> from_cpu[cpus];
  tlm_utils::simple_initiator_socket<Bench, platform_buswidth> to_distributor, to_interface, to_v2m;
  sc_core::sc_signal<bool> irq[cpus], fiq[cpus], virt[cpus], phys[cpus], sec[cpus], hyp[cpus];
  sc_core::sc_signal<bool> event, reset, low;
  std::vector<std::uint8_t> ram = std::vector<std::uint8_t>(ram_size);
  std::map<std::string, std::uint64_t> symbols;

  static Params cpu_params(unsigned n) {
    constexpr std::uint64_t quanta[cpus] = {10000, 100, 1};
    Params p(cpu_type().params);
    p.set("quantum", quanta[n]);
    p.set("wfe_ps", wfe_ticks * 16'000);
    if (std::getenv("CPU_TEST_PUBLIC") != nullptr) p.set("libunicorn", std::string("public"));
    return p;
  }

  explicit Bench(const sc_core::sc_module_name& name) : sc_module(name) {
    Params p(gic_type().params);
    p.set("cpus", std::uint64_t{cpus});
    gic = std::make_unique<Gic>("gic", p, host);
    to_distributor.bind(gic->distributor);
    to_interface.bind(gic->cpu_interface);
    to_v2m.bind(gic->v2m);
    gic->reset(reset);
    std::vector<CpuControl*> all;
    for (unsigned n = 0; n < cpus; ++n) {
      cpu.push_back(std::make_unique<Cpu>(("cpu" + std::to_string(n)).c_str(), cpu_params(n), host));
      connect(n);
      all.push_back(cpu[n].get());
    }
    for (unsigned n = 0; n < cpus; ++n) cpu[n]->join(all, n);
    for (const Port& port : gic->ports()) {
      auto* const* in = std::get_if<LineIn*>(&port.object);
      const bool wired =
          port.name == "reset" || (port.name.size() > 3 && port.name.compare(4, 3, "_11") == 0);
      if (in != nullptr && !wired) (*in)->bind(low);
      if (auto* const* out = std::get_if<LineOut*>(&port.object)) {
        const unsigned n = static_cast<unsigned>(port.name.back() - '0');
        (*out)->bind(port.name[0] == 'i' ? irq[n] : fiq[n]);
      }
    }
  }

  void connect(unsigned n) {
    Cpu& c = *cpu[n];
    c.bus.bind(from_cpu[n]);
    from_cpu[n].register_b_transport(this, &Bench::transport, static_cast<int>(n));
    from_cpu[n].register_get_direct_mem_ptr(this, &Bench::dmi, static_cast<int>(n));
    c.irq(irq[n]);
    c.fiq(fiq[n]);
    c.event(event);
    c.reset(reset);
    c.timer_virt(virt[n]);
    c.timer_phys(phys[n]);
    c.timer_sec_phys(sec[n]);
    c.timer_hyp(hyp[n]);
    for (const Port& port : gic->ports()) {
      if (port.name == "ppi" + std::to_string(n) + "_11") std::get<LineIn*>(port.object)->bind(virt[n]);
    }
    c.add_memory(ram_base, ram_size);
    c.set_debug_client(&debugger);
    SemihostingControl::Surroundings surroundings;
    surroundings.console = &screen;
    c.set_surroundings(surroundings);
  }

  void transport(int, tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const std::uint64_t address = p.get_address();
    auto forward = [&](auto& socket, std::uint64_t base) {
      p.set_address(address - base);
      socket->b_transport(p, delay);
      p.set_address(address);
    };
    if (address - distributor < 0x1000) return forward(to_distributor, distributor);
    if (address - cpu_interface < 0x2000) return forward(to_interface, cpu_interface);
    p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  }

  bool dmi(int, tlm::tlm_generic_payload& p, tlm::tlm_dmi& d) {
    if (p.get_address() - ram_base >= ram_size) return false;
    d.set_dmi_ptr(ram.data());
    d.set_start_address(ram_base);
    d.set_end_address(ram_base + ram_size - 1);
    d.allow_read_write();
    return true;
  }

  std::uint8_t* memory(std::uint64_t address) { return ram.data() + (address - ram_base); }
  /// The `index`th doubleword behind a symbol.
  std::uint64_t& word(const std::string& symbol, unsigned index = 0) {
    return reinterpret_cast<std::uint64_t*>(memory(symbols.at(symbol)))[index];
  }
  std::uint64_t report(unsigned n, unsigned index) { return word("reports", 8 * n + index); }
  std::uint64_t reg(unsigned n, const std::string& name) {
    return cpu[n]->core().read_register(name).value();
  }

  /// Resets all, and prepares processor 0 to begin at a symbol.
  void prepare(const std::string& symbol) {
    reset.write(true);
    sc_core::sc_start(1, sc_core::SC_US);
    host.exits.clear();
    host.errors.clear();
    host.sink.seen.clear();
    screen.written.clear();
    debugger.at_stop = nullptr;
    std::fill(ram.begin(), ram.end(), std::uint8_t{0});
    symbols = cpu::load_guest_program(CPU_TEST_SMP_GUEST,
                                      [this](std::uint64_t address) { return memory(address); });
    for (const auto& c : cpu) c->set_start(symbols.at(symbol), 0, 0, 0, 0);
  }
  void run(double us) {
    reset.write(false);
    sc_core::sc_start(us, sc_core::SC_US);
  }
  void run(const std::string& symbol, double us) {
    prepare(symbol);
    run(us);
    EXPECT_EQ(host.errors, std::vector<std::string>());
  }

  /// What PSCI answers to calls of processor 0, made one after the other in one quantum.
  std::vector<std::uint64_t> psci(const std::vector<std::array<std::uint64_t, 4>>& calls) {
    prepare("psci_calls");
    for (unsigned i = 0; i < calls.size(); ++i) std::memcpy(&word("call_table", 5 * i), &calls[i], 32);
    run(100);
    std::vector<std::uint64_t> results;
    for (unsigned i = 0; i < calls.size(); ++i) results.push_back(word("call_table", 5 * i + 4));
    return results;
  }
  std::uint64_t address(const std::string& symbol) {
    if (symbols.empty()) prepare("idle");
    return symbols.at(symbol);
  }
};

Bench& bench() {
  static Bench b("bench");
  return b;
}

using Results = std::vector<std::uint64_t>;

// ---- Power

TEST(SmpPower, OnlyTheFirstProcessorRunsAfterAReset) {
  Bench& b = bench();
  b.run("report", 100);
  EXPECT_EQ(b.report(0, 6), 1u);
  EXPECT_EQ(b.report(1, 6), 0u);
  EXPECT_EQ(b.report(2, 6), 0u);
}

TEST(SmpPower, CpuOnBeginsAtTheEntryPointWithTheContextIdAndNothingElseOn) {
  Bench& b = bench();
  EXPECT_EQ(b.psci({{CPU_ON, 2, b.address("report"), 0x123456789abcdef0}}), Results{SUCCESS});
  EXPECT_EQ(b.report(2, 6), 1u) << "began once";
  EXPECT_EQ(b.report(2, 0), 0x123456789abcdef0u) << "DEN 0022 5.6: context_id in X0";
  EXPECT_EQ(b.report(2, 1), 0x80000002u) << "MPIDR_EL1: Aff0, and no uniprocessor";
  EXPECT_EQ(b.report(2, 2), 1u << 2) << "CurrentEL is that of the caller";
  EXPECT_EQ(b.report(2, 3) & 0x1005, 0u) << "MMU and caches are off";
  EXPECT_EQ(b.report(2, 4), 0x3c0u) << "interrupts are masked";
  EXPECT_EQ(b.report(1, 6), 0u);
}

TEST(SmpPower, CpuOnOfAProcessorThatIsOnIsRefused) {
  EXPECT_EQ(bench().psci({{CPU_ON, 0, bench().address("report"), 0}}), Results{ALREADY_ON});
}

TEST(SmpPower, CpuOnOfAProcessorThatIsAboutToBeOnIsRefused) {
  Bench& b = bench();
  const std::uint64_t entry = b.address("report");
  EXPECT_EQ(b.psci({{CPU_ON, 1, entry, 7}, {CPU_ON, 1, entry, 8}}), (Results{SUCCESS, ON_PENDING}));
  EXPECT_EQ(b.report(1, 0), 7u);
}

TEST(SmpPower, CpuOnOfNoProcessorIsRefused) {
  const std::uint64_t entry = bench().address("report");
  EXPECT_EQ(bench().psci({{CPU_ON, 3, entry, 0}, {CPU_ON, 0x100, entry, 0}, {CPU_ON, 1ull << 32, entry, 0}}),
            Results(3, INVALID_PARAMETERS));
}

TEST(SmpPower, CpuOnToWhereNothingCanBeExecutedIsRefused) {
  Bench& b = bench();
  EXPECT_EQ(b.psci({{CPU_ON, 1, distributor, 0}, {CPU_ON, 1, b.address("report") + 2, 0}}),
            Results(2, INVALID_ADDRESS));
}

TEST(SmpPower, AffinityInfoTellsOnOffAndPending) {
  Bench& b = bench();
  EXPECT_EQ(b.psci({{AFFINITY_INFO, 0, 0, 0},
                    {AFFINITY_INFO, 2, 0, 0},
                    {CPU_ON, 2, b.address("report"), 0},
                    {AFFINITY_INFO, 2, 0, 0},
                    {AFFINITY_INFO, 3, 0, 0},
                    {AFFINITY_INFO, 0, 1, 0}}),
            (Results{ON, OFF, SUCCESS, PENDING, INVALID_PARAMETERS, INVALID_PARAMETERS}));
}

TEST(SmpPower, FeaturesHasTheCallsForSeveralProcessors) {
  EXPECT_EQ(bench().psci({{PSCI_FEATURES, CPU_ON, 0, 0},
                          {PSCI_FEATURES, CPU_OFF, 0, 0},
                          {PSCI_FEATURES, AFFINITY_INFO, 0, 0},
                          {PSCI_FEATURES, CPU_SUSPEND, 0, 0}}),
            Results(4, SUCCESS));
}

TEST(SmpPower, AProcessorThatSwitchedItselfOffIsSwitchedOnAgainAndTheLastOneStaysOn) {
  Bench& b = bench();
  b.run("off_and_on_again", 200);
  EXPECT_EQ(b.report(1, 6), 2u) << "began twice";
  EXPECT_EQ(b.word("results"), 0u) << "CPU_OFF does not return";
  EXPECT_EQ(b.word("results", 1), DENIED);
}

TEST(SmpPower, AResetSwitchesAllButTheFirstOff) {
  Bench& b = bench();
  b.run("call_for_ever", 100);
  EXPECT_EQ(b.report(1, 0), 1u);
  EXPECT_EQ(b.psci({{AFFINITY_INFO, 1, 0, 0}, {AFFINITY_INFO, 2, 0, 0}}), (Results{OFF, OFF}));
}

TEST(SmpPower, AnyProcessorSwitchesTheSystemOff) {
  Bench& b = bench();
  b.run("started_switches_all_off", 200);
  ASSERT_EQ(b.host.exits.size(), 1u);
  EXPECT_EQ(b.host.exits[0].kind, GuestExit::Kind::PowerOff);
}

// ---- Exclusives

TEST(SmpExclusives, CountToAnExactTotalWhateverTheQuanta) {
  Bench& b = bench();
  b.run("contend", 1000);
  EXPECT_EQ(b.word("finished"), cpus);
  EXPECT_EQ(b.word("counter"), cpus * 1000u);
}

TEST(SmpExclusives, AStoreByAnotherFailsTheStoreExclusiveThoughTheValueIsTheSameAgain) {
  Bench& b = bench();
  b.run("change_and_change_back", 200);
  EXPECT_NE(b.word("flag2"), 0u);
  EXPECT_EQ(b.word("results"), 1u) << "DDI 0487 B2.9.2";
  EXPECT_EQ(b.word("counter"), 0u);
}

// ---- Interrupts

TEST(SmpInterrupts, SoftwareInterruptsGoToTheProcessorNamedAndTellTheirSender) {
  Bench& b = bench();
  b.run("ping_pong", 1000);
  EXPECT_EQ(b.word("results", 1), 100u) << "received by processor 0";
  EXPECT_EQ(b.word("results", 3), 100u) << "received by processor 1";
  EXPECT_EQ(b.word("results", 0), 1u << 10 | 3) << "GICC_IAR of processor 0: sender and SGI";
  EXPECT_EQ(b.word("results", 2), 0u << 10 | 5) << "GICC_IAR of processor 1";
}

TEST(SmpInterrupts, EachProcessorsTimerInterruptsItAlone) {
  Bench& b = bench();
  b.run("own_timers", 200);
  for (unsigned n = 0; n < cpus; ++n) {
    EXPECT_EQ(b.report(n, 0), 27u) << n;
    EXPECT_GE(b.report(n, 2), b.report(n, 1)) << n;
    EXPECT_LE(b.report(n, 2) - b.report(n, 1), 10u) << n;
  }
}

// ---- Order

Results woken_together() {
  Bench& b = bench();
  b.run("wake_together", 300);
  const std::uint64_t* log = &b.word("log");
  return {log, log + b.word("log_end")};
}

TEST(SmpOrder, QuantaThatAreDueAtTheSameTimeRunInTheOrderOfTheNumbers) {
  EXPECT_EQ(woken_together(), (Results{0, 1, 2, 0, 1, 2}));
}

TEST(SmpOrder, TwoRunsAreTheSame) {
  Bench& b = bench();
  const auto once = [&] {
    Results all = woken_together();
    b.run("contend", 500);
    for (unsigned n = 0; n < cpus; ++n) {
      for (const char* name : {"X5", "X7", "X8", "PC"}) all.push_back(b.reg(n, name));
      all.push_back(b.cpu[n]->instructions());
    }
    return all;
  };
  Results first = once();
  Results second = once();
  // Instructions are counted from the start of the process.
  const Results third = once();
  for (unsigned n = 0; n < cpus; ++n) {
    const unsigned at = 6 + 5 * n + 4;
    EXPECT_EQ(second[at] - first[at], third[at] - second[at]) << n;
    first[at] = second[at] = 0;
  }
  EXPECT_EQ(first, second);
}

// ---- Events

TEST(SmpEvents, SevWakesAllThatWaitInWfe) {
  Bench& b = bench();
  b.run("send_event", 500);
  for (unsigned n = 1; n < cpus; ++n) {
    EXPECT_LT(b.report(n, 0), b.word("results")) << "waited before";
    EXPECT_GE(b.report(n, 1), b.word("results")) << "woken by nothing earlier";
    EXPECT_LE(b.report(n, 1) - b.word("results"), 10u) << "ticks after SEV";
  }
}

TEST(SmpEvents, SevlAndSevLetTheNextWfeOfTheProcessorItselfPassAndNoMore) {
  Bench& b = bench();
  b.run("own_events", 3000);
  for (unsigned turn = 0; turn < 2; ++turn) {
    const std::uint64_t* t = &b.word("results", 4 * turn);
    EXPECT_LE(t[1] - t[0], 10u) << "behind SEVL";
    EXPECT_LE(t[2] - t[1], 10u) << "behind SEV";
    EXPECT_NEAR(static_cast<double>(t[3] - t[2]), wfe_ticks, 10) << "no event is left";
  }
}

TEST(SmpEvents, TheEventInputReachesAll) {
  Bench& b = bench();
  b.prepare("send_event");
  b.run(20);
  ASSERT_NE(b.report(1, 0), 0u);
  ASSERT_NE(b.report(2, 0), 0u);
  EXPECT_EQ(b.report(1, 1), 0u) << "waits";
  b.event.write(true);
  b.run(1);
  b.event.write(false);
  b.run(1);
  EXPECT_NE(b.report(1, 1), 0u);
  EXPECT_NE(b.report(2, 1), 0u);
}

// ---- Maintenance

TEST(SmpMaintenance, ATlbiOfTheInnerShareableDomainMakesAnotherSeeTheNewMapping) {
  Bench& b = bench();
  b.prepare("remap");
  constexpr std::uint64_t access_flag = 1 << 10, inner_shareable = 3 << 8, device_type = 1 << 2;
  b.word("tables", 0) = access_flag | device_type | 1;
  b.word("tables", 1) = ram_base | access_flag | inner_shareable | 1;
  b.word("tables", 2) = b.address("second_table") | 3;
  b.word("second_table") = b.address("page_table") | 3;
  b.word("page_table") = b.address("old_page") | access_flag | inner_shareable | 3;
  b.word("new_descriptor") = b.address("new_page") | access_flag | inner_shareable | 3;
  b.run(200);
  EXPECT_EQ(b.word("results", 0), 0x01du);
  EXPECT_EQ(b.word("results", 1), 0x4e3u) << "DDI 0487 D5.10.2";
}

TEST(SmpMaintenance, CodeThatAnotherPatchedIsExecutedAnewAfterIcByAddress) {
  Bench& b = bench();
  b.run("patch_by_address", 200);
  EXPECT_EQ(b.word("results", 0), 1u);
  EXPECT_EQ(b.word("results", 1), 2u) << "DDI 0487 B2.4.4, IC IVAU";
}

TEST(SmpMaintenance, CodeThatAnotherPatchedIsExecutedAnewAfterIcOfAll) {
  Bench& b = bench();
  b.run("patch_all", 200);
  EXPECT_EQ(b.word("results", 0), 1u);
  EXPECT_EQ(b.word("results", 1), 2u) << "DDI 0487 B2.4.4, IC IALLUIS";
}

TEST(SmpMaintenance, CodeThatAnotherMasterReplacedIsExecutedAnewByAll) {
  Bench& b = bench();
  b.run("call_for_ever", 100);
  const std::uint32_t move_2 = 0xd2800040;  // MOV X0, #2
  std::memcpy(b.memory(b.address("victim")), &move_2, 4);
  for (const auto& c : b.cpu) c->memory_written(b.address("victim"), 4);
  for (unsigned n = 0; n < cpus; ++n) EXPECT_EQ(b.report(n, 0), 1u) << n;
  b.run(100);
  for (unsigned n = 0; n < cpus; ++n) EXPECT_EQ(b.report(n, 0), 2u) << n;
}

// ---- Semihosting, debugging, state

TEST(SmpSemihosting, AnyProcessorEndsTheRunWithItsStatus) {
  Bench& b = bench();
  b.run("exit_of_another", 100);
  ASSERT_EQ(b.host.exits.size(), 1u);
  EXPECT_EQ(b.host.exits[0].kind, GuestExit::Kind::Status);
  EXPECT_EQ(b.host.exits[0].status, 7u);
}

TEST(SmpSemihosting, AFileThatOneProcessorOpenedIsOpenForAll) {
  Bench& b = bench();
  b.run("write_to_what_another_opened", 100);
  EXPECT_EQ(b.screen.written, "hello");
  EXPECT_EQ(b.word("results"), 0u) << "all bytes were written";
}

TEST(SmpDebug, ABreakpointStopsWhicheverProcessorComesToIt) {
  Bench& b = bench();
  b.prepare("call_for_ever");
  const std::uint64_t victim = b.address("victim");
  b.run(100);
  std::vector<DebugControl*> stopped;
  b.debugger.at_stop = [&](DebugControl& cpu, DebugClient::Reason) {
    EXPECT_EQ(cpu.debug_register("PC"), victim);
    stopped.push_back(&cpu);
    if (stopped.size() == 10) {
      for (const auto& c : b.cpu) c->clear_breakpoint(victim);
    }
  };
  for (const auto& c : b.cpu) EXPECT_TRUE(c->set_breakpoint(victim));
  b.run(100);
  EXPECT_EQ(stopped.size(), 10u);
  EXPECT_GT(std::count(stopped.begin(), stopped.end(), b.cpu[0].get()), 0);
}

TEST(SmpDebug, NothingStartsAProcessorThatIsOff) {
  Bench& b = bench();
  b.prepare("report");
  unsigned stops = 0;
  b.run(20);
  b.debugger.at_stop = [&](DebugControl& cpu, DebugClient::Reason) {
    if (stops++ != 0) return;
    cpu.set_debug_register("PC", b.address("report"));
    cpu.step();
  };
  b.cpu[1]->request_break();
  b.run(20);
  EXPECT_EQ(stops, 1u);
  EXPECT_EQ(b.report(1, 6), 0u);
}

std::vector<std::vector<std::uint8_t>> save(Bench& b) {
  std::vector<std::vector<std::uint8_t>> saved;
  for (const auto& c : b.cpu) {
    ArchiveWriter writer;
    c->visit(writer);
    saved.push_back(writer.data());
  }
  return saved;
}
void load(Bench& b, const std::vector<std::vector<std::uint8_t>>& saved) {
  for (unsigned n = 0; n < cpus; ++n) {
    ArchiveReader reader(saved[n]);
    b.cpu[n]->visit(reader);
    EXPECT_TRUE(reader.complete()) << n;
  }
}

TEST(SmpState, AProcessorThatWasOffWhenTheStateWasSavedIsOff) {
  Bench& b = bench();
  b.run("ask_for_ever", 100);
  const auto saved = save(b);
  b.run("call_for_ever", 100);
  load(b, saved);
  const std::uint64_t executed = b.cpu[1]->instructions();
  b.run(100);
  EXPECT_EQ(b.cpu[1]->instructions(), executed);
  EXPECT_EQ(b.word("results"), OFF);
}

TEST(SmpState, AProcessorThatRanWhenTheStateWasSavedGoesOn) {
  Bench& b = bench();
  b.run("call_for_ever", 100);
  const auto saved = save(b);
  b.run("ask_for_ever", 100);
  load(b, saved);
  const std::uint64_t executed = b.cpu[1]->instructions();
  b.run(100);
  EXPECT_GE(b.cpu[1]->instructions(), executed + 50'000);
  EXPECT_EQ(b.report(1, 0), 1u) << "the function's result";
}

TEST(SmpLimits, MoreProcessorsThanAGicv2ServesAreRefused) {
  Bench& b = bench();
  std::vector<CpuControl*> nine(9, b.cpu[0].get());
  EXPECT_THROW(b.cpu[0]->join(nine, 0), ConfigError);
}

}  // namespace
}  // namespace smmuvp
