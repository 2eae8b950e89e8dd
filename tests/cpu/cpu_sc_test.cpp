// The processor as a component: time, interrupts, the bus and DMI. One elaboration, a reset before each test.
#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstring>
#include <functional>
#include <vector>

#include "smmuvp/cpu/cpu.h"
#include "smmuvp/tlm/console.h"
#include "smmuvp/tlm/process.h"

// libunicorn does not free what it notes about pages of code that were written to.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libunicorn.so"; }

namespace smmuvp {
namespace {

using sc_core::sc_time;

constexpr std::uint64_t ram_base = 0x40000000, ram_size = 1 << 20, device = 0x09000000;

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
  void internal_error(const std::string&, const std::string& text) override {
    errors.push_back(text);
    sc_core::sc_pause();
  }
};

struct Access {
  bool write;
  std::uint64_t address, value;
  unsigned size;
  sc_time time;
  bool privileged;
};

// A console at which somebody types after some time.
struct Typist : ConsoleBackend {
  std::string written;
  sc_time at;
  int typed = -1;  // -1: nothing is to come
  void put(std::uint8_t byte) override { written += static_cast<char>(byte); }
  int get() override { return sc_core::sc_time_stamp() < at ? -1 : std::exchange(typed, -1); }
  bool has_input() const override { return typed >= 0; }
};

// A debugger: counts the stops, and does at each what the test wants.
struct Debugger : DebugClient {
  std::vector<Reason> stops;
  std::function<void(DebugControl&)> at_stop;
  void stopped(DebugControl& cpu, Reason reason) override {
    stops.push_back(reason);
    if (at_stop) at_stop(cpu);
  }
};

// RAM with DMI, one device page, and an interrupt line that follows the virtual timer or a store to the
// device.
struct Bench : sc_core::sc_module {
  SMMUVP_HAS_PROCESS(Bench);
  TestHost host;
  Debugger debugger;
  Typist typist;
  Params params;
  Cpu cpu;
  tlm_utils::simple_target_socket<Bench, platform_buswidth> target;
  sc_core::sc_signal<bool> irq, fiq, event, reset, virt, phys, sec, hyp;
  std::vector<std::uint8_t> ram = std::vector<std::uint8_t>(ram_size);
  std::vector<Access> accesses;
  sc_time latency = sc_core::SC_ZERO_TIME;
  bool raise_on_write = false;
  sc_core::sc_event changed;

  static Params make_params() {
    Params p(cpu_type().params);
    p.set("quantum", std::uint64_t{10000});
    return p;
  }

  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name), params(make_params()), cpu("cpu", params, host), target("target") {
    cpu.bus.bind(target);
    cpu.irq(irq);
    cpu.fiq(fiq);
    cpu.event(event);
    cpu.reset(reset);
    cpu.timer_virt(virt);
    cpu.timer_phys(phys);
    cpu.timer_sec_phys(sec);
    cpu.timer_hyp(hyp);
    target.register_b_transport(this, &Bench::transport);
    target.register_get_direct_mem_ptr(this, &Bench::dmi);
    cpu.add_memory(ram_base, ram_size);
    cpu.set_start(ram_base, 0, 0, 0, 0);
    cpu.set_debug_client(&debugger);
    SemihostingControl::Surroundings surroundings;
    surroundings.console = &typist;
    cpu.set_surroundings(surroundings);
    SC_METHOD(drive_irq);
    sensitive << virt << changed;
    dont_initialize();
  }

  void drive_irq() { irq.write(virt.read() || raised); }
  bool raised = false;

  void transport(tlm::tlm_generic_payload& p, sc_time& delay) {
    const auto* x = p.get_extension<AccessExtension>();
    std::uint64_t value = 0;
    if (p.is_write()) std::memcpy(&value, p.get_data_ptr(), p.get_data_length());
    accesses.push_back({p.is_write(), p.get_address(), value, p.get_data_length(), sc_core::sc_time_stamp(),
                        x != nullptr && x->privileged});
    delay += latency;
    if ((p.get_address() & ~std::uint64_t{0xfff}) != device) {
      p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return;
    }
    if (p.is_read()) {
      value = accesses.size();
      std::memcpy(p.get_data_ptr(), &value, p.get_data_length());
    } else if (raise_on_write) {
      raised = true;
      changed.notify(sc_core::SC_ZERO_TIME);
    }
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  bool dmi(tlm::tlm_generic_payload& p, tlm::tlm_dmi& d) {
    if (p.get_address() < ram_base || p.get_address() >= ram_base + ram_size) return false;
    d.set_dmi_ptr(ram.data());
    d.set_start_address(ram_base);
    d.set_end_address(ram_base + ram_size - 1);
    d.allow_read_write();
    return true;
  }

  void program(std::initializer_list<std::uint32_t> words, std::uint64_t offset = 0) {
    std::copy(words.begin(), words.end(), reinterpret_cast<std::uint32_t*>(ram.data() + offset));
    cpu.memory_written(ram_base + offset, words.size() * 4);
  }
  std::uint64_t reg(const std::string& name) { return cpu.core().read_register(name).value(); }

  // Holds the processor in reset, loads a program, and lets it go.
  void restart(std::initializer_list<std::uint32_t> words, std::uint64_t x1 = device) {
    reset.write(true);
    sc_core::sc_start(1, sc_core::SC_US);
    accesses.clear();
    host.exits.clear();
    host.errors.clear();
    debugger.stops.clear();
    debugger.at_stop = nullptr;
    raised = false;
    std::fill(ram.begin(), ram.end(), std::uint8_t{0});
    program(words);
    program({0x14000000}, 0x200);
    program({0x14000000}, 0x280);
    cpu.set_start(ram_base, 0, x1, 0, 0);
    changed.notify(sc_core::SC_ZERO_TIME);
    reset.write(false);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    started = sc_core::sc_time_stamp();
  }
  sc_time started;
  void run(double us) { sc_core::sc_start(us, sc_core::SC_US); }
};

Bench& bench() {
  static Bench b("bench");
  return b;
}

constexpr std::uint32_t nop = 0xd503201f, wfi = 0xd503207f, wfe = 0xd503205f, self = 0x14000000;
constexpr std::uint32_t vbar_0 = 0xd2a80009, vbar_1 = 0xd518c009;  // MOV X9, #0x40000000; MSR VBAR_EL1, X9

TEST(CpuComponent, OneInstructionTakesOneCycle) {
  Bench& b = bench();
  b.restart({0x91000400, 0x17ffffff});  // ADD X0, X0, #1; B .-4
  b.run(100);
  EXPECT_NEAR(static_cast<double>(b.reg("X0")), 50000, 5001) << "100 us at 1 GHz, two instructions a turn";
}

TEST(CpuComponent, AnAccessHappensAtTheTimeOfItsInstruction) {
  Bench& b = bench();
  b.latency = sc_time(100, sc_core::SC_NS);
  b.restart({nop, nop, 0xb9400020, 0xb9400022, wfi});  // LDR W0, [X1]; LDR W2, [X1]
  b.run(10);
  b.latency = sc_core::SC_ZERO_TIME;
  ASSERT_EQ(b.accesses.size(), 2u);
  EXPECT_LE(b.accesses[0].time - b.started, sc_time(10, sc_core::SC_NS));
  EXPECT_GE(b.accesses[1].time - b.accesses[0].time, sc_time(100, sc_core::SC_NS))
      << "the first one's latency";
  EXPECT_TRUE(b.accesses[0].privileged);
  EXPECT_EQ(b.accesses[0].size, 4u);
  EXPECT_EQ(b.reg("X0"), 1u);
  EXPECT_EQ(b.reg("X2"), 2u);
}

TEST(CpuComponent, APollingLoopLetsTimeAdvance) {
  Bench& b = bench();
  b.restart({0xb9400020, 0x17ffffff});  // LDR W0, [X1]; B .-4
  const sc_time before = sc_core::sc_time_stamp();
  b.run(20);
  EXPECT_EQ(sc_core::sc_time_stamp() - before, sc_time(20, sc_core::SC_US));
  EXPECT_NEAR(static_cast<double>(b.accesses.size()), 10000, 100);
}

constexpr std::uint32_t hlt = 0xd45e0000, readc = 0x528000e0, write0 = 0x52800080;  // MOV W0, #7 or #4

TEST(CpuComponent, SemihostingWritesToTheConsole) {
  Bench& b = bench();
  b.typist.written.clear();
  b.restart({write0, hlt, self}, ram_base + 0x1000);
  std::memcpy(b.ram.data() + 0x1000, "text", 5);
  b.run(1);
  EXPECT_EQ(b.typist.written, "text");
}

TEST(CpuComponent, AReadByWayOfSemihostingWaitsInSimulatedTimeUntilSomebodyTypes) {
  Bench& b = bench();
  b.typist.at = sc_core::sc_time_stamp() + sc_time(500, sc_core::SC_US);
  b.typist.typed = 'k';
  // MRS X5, CNTVCT; READC; MOV X6, X0; MRS X7, CNTVCT; READC; B .
  b.restart({0xd53be045, readc, hlt, 0xaa0003e6, 0xd53be047, readc, hlt, self});
  b.run(1000);
  EXPECT_EQ(b.reg("X6"), std::uint64_t{'k'});
  EXPECT_NEAR(static_cast<double>(b.reg("X7") - b.reg("X5")) / 62.5, 500, 15) << "microseconds";
  EXPECT_EQ(b.reg("X0"), ~std::uint64_t{0}) << "the end of the input";
  EXPECT_EQ(b.reg("PC"), ram_base + 7 * 4);
}

TEST(CpuComponent, AResetEndsAWaitForInput) {
  Bench& b = bench();
  b.typist.at = sc_core::sc_max_time();
  b.typist.typed = 'k';
  b.restart({readc, hlt, self});
  b.run(100);
  b.restart({self});
  b.run(10);
  b.typist.typed = -1;
  EXPECT_EQ(b.reg("PC"), ram_base);
}

TEST(CpuComponent, AnErrorResponseIsAnExternalAbort) {
  Bench& b = bench();
  b.restart({vbar_0, vbar_1, 0xb9400020, wfi}, 0x0a000000);
  b.run(20);
  EXPECT_EQ(b.reg("ESR_EL1"), 0x96000010u);
  EXPECT_EQ(b.reg("FAR_EL1"), 0x0a000000u);
  EXPECT_EQ(b.reg("ELR_EL1"), ram_base + 8);
}

TEST(CpuComponent, WfiSleepsUntilTheVirtualTimerFires) {
  Bench& b = bench();
  // MRS X2, CNTVCT; ADD X2, X2, #1000; MSR CNTV_CVAL, X2; MOV X3, #1; MSR CNTV_CTL, X3; WFI; MRS X4, CNTVCT;
  // WFI; B .
  b.restart({0xd53be042, 0x910fa042, 0xd51be342, 0xd2800023, 0xd51be323, wfi, 0xd53be044, self});
  const std::uint64_t before = b.cpu.instructions();
  b.run(50);
  EXPECT_EQ(b.reg("X4") - b.reg("X2"), 0u) << "awake in the tick of the deadline";
  EXPECT_TRUE(b.virt.read());
  EXPECT_GE(b.cpu.instructions() - before, 30000u) << "16 us asleep, the rest of the time in the loop";
  EXPECT_LE(b.cpu.instructions() - before, 45000u);
}

TEST(CpuComponent, AStoreThatRaisesAnInterruptIsFollowedByIt) {
  Bench& b = bench();
  // MSR DAIFCLR, #2; STR W1, [X1]; B .+4; MOV X5, #1; B .
  b.raise_on_write = true;
  b.restart({vbar_0, vbar_1, 0xd50342ff, 0xb9000021, 0x14000001, 0xd2800025, self});
  b.run(20);
  EXPECT_EQ(b.reg("PC"), ram_base + 0x280);
  EXPECT_EQ(b.reg("ELR_EL1"), ram_base + 20);
  EXPECT_EQ(b.reg("X5"), 0u);
  EXPECT_EQ(b.accesses.size(), 1u) << "the store is made once";
  b.raise_on_write = false;
}

TEST(CpuComponent, WfeWaitsForAnEventOrAWhile) {
  Bench& b = bench();
  b.restart({wfe, 0x91000400, 0x17fffffe});  // WFE; ADD X0, X0, #1; B .-8
  b.run(100);
  EXPECT_NEAR(static_cast<double>(b.reg("X0")), 100, 2) << "a turn each microsecond";
  const std::uint64_t before = b.reg("X0");
  for (int i = 0; i < 10; ++i) {
    b.event.write(true);
    b.run(0.05);
    b.event.write(false);
    b.run(0.05);
  }
  EXPECT_GE(b.reg("X0") - before, 9u) << "ten events in one microsecond";
}

TEST(CpuComponent, PowerOffIsReportedToTheHost) {
  Bench& b = bench();
  b.restart({0xd2a00000 | (0x8400u << 5), 0xf2800100, 0xd4000002, self});  // MOV X0, #0x84000008; HVC #0
  b.run(20);
  ASSERT_EQ(b.host.exits.size(), 1u);
  EXPECT_EQ(b.host.exits[0].kind, GuestExit::Kind::PowerOff);
}

TEST(CpuComponent, CodeThatAnotherMasterReplacedIsExecutedAnew) {
  Bench& b = bench();
  b.restart({0xd2800020, 0x17ffffff});  // MOV X0, #1; B .-4
  b.run(20);
  EXPECT_EQ(b.reg("X0"), 1u);
  b.program({0xd2800040});  // MOV X0, #2
  b.run(20);
  EXPECT_EQ(b.reg("X0"), 2u);
}

using Reason = DebugClient::Reason;

TEST(CpuDebug, ABreakStopsAProcessorThatWaitsForAnInterruptThatNeverComes) {
  Bench& b = bench();
  b.restart({wfi, self});
  b.run(10);
  b.cpu.request_break();
  b.run(1);
  EXPECT_EQ(b.debugger.stops, std::vector<Reason>{Reason::Break});
  const std::uint64_t executed = b.cpu.instructions();
  b.run(10);
  EXPECT_EQ(b.cpu.instructions(), executed) << "it goes on waiting";
  EXPECT_EQ(b.reg("PC"), ram_base + 4);
}

TEST(CpuDebug, AStepDoesNotWaitInWfiOrWfe) {
  for (const std::uint32_t wait : {wfi, wfe}) {
    Bench& b = bench();
    b.restart({wait, 0xd28000e0, self});  // MOV X0, #7
    b.run(0.1);
    std::vector<std::uint64_t> pcs;
    b.debugger.at_stop = [&](DebugControl& cpu) {
      pcs.push_back(cpu.debug_register("PC").value());
      if (pcs.size() == 1) cpu.step();
    };
    b.cpu.request_break();
    b.run(0.1);
    EXPECT_EQ(b.debugger.stops, (std::vector<Reason>{Reason::Break, Reason::Breakpoint}));
    EXPECT_EQ(pcs, (std::vector<std::uint64_t>{ram_base + 4, ram_base + 8}));
    EXPECT_EQ(b.reg("X0"), 7u);
  }
}

TEST(CpuDebug, AProcessorThatWaitsGoesOnWhereADebuggerSendsIt) {
  Bench& b = bench();
  b.restart({wfi, self, 0xd28000e0, wfi, self});  // MOV X0, #7
  b.run(10);
  b.debugger.at_stop = [](DebugControl& cpu) {
    cpu.clear_breakpoint(ram_base + 8);
    if (cpu.debug_register("PC") != ram_base + 4) return;
    EXPECT_TRUE(cpu.set_breakpoint(ram_base + 8));
    EXPECT_TRUE(cpu.set_debug_register("PC", ram_base + 8));
  };
  b.cpu.request_break();
  b.run(10);
  EXPECT_EQ(b.debugger.stops, (std::vector<Reason>{Reason::Break, Reason::Breakpoint}));
  EXPECT_EQ(b.reg("X0"), 7u);
  EXPECT_EQ(b.reg("PC"), ram_base + 16) << "waits in the second WFI";
}

TEST(CpuDebug, NothingStartsAProcessorThatIsOff) {
  Bench& b = bench();
  b.restart({0xd2a00000 | (0x8400u << 5), 0xf2800100, 0xd4000002, self});  // MOV X0, #0x84000008; HVC #0
  b.run(10);
  b.debugger.at_stop = [&](DebugControl& cpu) {
    if (b.debugger.stops.size() > 1) return;
    cpu.set_debug_register("PC", ram_base + 12);
    cpu.step();
  };
  const std::uint64_t executed = b.cpu.instructions();
  b.cpu.request_break();
  b.run(10);
  EXPECT_EQ(b.debugger.stops, std::vector<Reason>{Reason::Break});
  EXPECT_EQ(b.cpu.instructions(), executed);
}

TEST(CpuComponent, IsFoundWithItsParametersByType) {
  EXPECT_EQ(cpu_type().type, "cpu");
  Params p(cpu_type().params);
  EXPECT_EQ(p.uint("clock_hz"), 1'000'000'000u);
  EXPECT_THROW(p.set("quantum", std::uint64_t{0}), ConfigError);
}

}  // namespace
}  // namespace smmuvp
