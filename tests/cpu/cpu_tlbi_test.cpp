// What others learn of TLBI instructions: which are broadcast, when, and that the processor waits for their
// completion. One elaboration, a reset before each test. With CPU_TEST_PUBLIC in the environment by the
// library's public interface alone.
#include <gtest/gtest.h>
#include <tlm_utils/simple_target_socket.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "smmuvp/cpu/cpu.h"

// libunicorn does not free what it notes about pages of code that were written to.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libunicorn.so"; }

namespace smmuvp {
namespace {

using sc_core::sc_time;

constexpr std::uint64_t ram_base = 0x40000000, ram_size = 1 << 20;

struct Listener : TlbiListener {
  struct Message {
    BroadcastTlbi tlbi;
    std::uint64_t pc;
    bool running;
    sc_time time;
  };
  Cpu* cpu = nullptr;
  std::vector<Message> messages;
  unsigned completions = 0;
  sc_time known, unknown;  // how long completion takes, told or waited for
  bool listens_to_tlbi() const override { return true; }
  void tlbi_arrives(const BroadcastTlbi& t) override {
    messages.push_back({t, cpu->program_counter(), cpu->is_running(), sc_core::sc_time_stamp()});
  }
  void complete_tlbis(sc_time& delay) override {
    ++completions;
    if (unknown != sc_core::SC_ZERO_TIME) {
      sc_core::wait(delay + unknown);
      delay = sc_core::SC_ZERO_TIME;
    }
    delay += known;
  }
};

struct Bench : sc_core::sc_module {
  Params params;
  Listener listener;
  Cpu cpu;
  tlm_utils::simple_target_socket<Bench, platform_buswidth> target;
  sc_core::sc_signal<bool> irq, fiq, event, reset, virt, phys, sec, hyp;
  std::vector<std::uint8_t> ram = std::vector<std::uint8_t>(ram_size);
  std::vector<sc_time> accesses;

  static Params make_params() {
    Params p(cpu_type().params);
    if (std::getenv("CPU_TEST_PUBLIC") != nullptr) p.set("libunicorn", std::string("public"));
    return p;
  }

  explicit Bench(const sc_core::sc_module_name& name)
      : sc_module(name), params(make_params()), cpu("cpu", params, default_host()), target("target") {
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
    listener.cpu = &cpu;
    cpu.add_tlbi_listener(listener);
  }

  void transport(tlm::tlm_generic_payload& p, sc_time&) {
    accesses.push_back(sc_core::sc_time_stamp());
    std::memset(p.get_data_ptr(), 0, p.get_data_length());
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  bool dmi(tlm::tlm_generic_payload& p, tlm::tlm_dmi& d) {
    if (p.get_address() - ram_base >= ram_size) return false;
    d.set_dmi_ptr(ram.data());
    d.set_start_address(ram_base);
    d.set_end_address(ram_base + ram_size - 1);
    d.allow_read_write();
    return true;
  }

  /// Runs a program from a reset on, with X1.
  void run(std::initializer_list<std::uint32_t> words, std::uint64_t x1 = 0) {
    reset.write(true);
    sc_core::sc_start(1, sc_core::SC_US);
    listener.messages.clear();
    listener.completions = 0;
    accesses.clear();
    std::fill(ram.begin(), ram.end(), std::uint8_t{0});
    std::copy(words.begin(), words.end(), reinterpret_cast<std::uint32_t*>(ram.data()));
    for (const std::size_t vector : {0x200U, 0x280U}) {
      const std::uint32_t self = 0x14000000;
      std::memcpy(ram.data() + 0x800 + vector, &self, sizeof self);
    }
    cpu.memory_written(ram_base, 0x1000);
    cpu.set_start(ram_base, ram_base + 0x800, x1, 0, 0);
    reset.write(false);
    sc_core::sc_start(100, sc_core::SC_US);
  }
  std::uint64_t reg(const std::string& name) { return cpu.core().read_register(name).value(); }
};

Bench& bench() {
  static Bench b("bench");
  b.listener.known = b.listener.unknown = sc_core::SC_ZERO_TIME;
  return b;
}

constexpr std::uint32_t msr_vbar_el1_x0 = 0xd518c000, dsb_ish = 0xd5033b9f, self = 0x14000000,
                        nop = 0xd503201f;
constexpr std::uint32_t mrs_x5_cntvct = 0xd53be045, mrs_x6_cntvct = 0xd53be046;

/// TLBI with X1, or with XZR.
std::uint32_t tlbi(unsigned op1, unsigned crm, unsigned op2, unsigned rt = 1) {
  return 0xd5088000U | op1 << 16U | crm << 8U | op2 << 5U | rt;
}

TEST(CpuTlbi, EachInnerShareableOneOfEl1IsToldWithItsOperand) {
  Bench& b = bench();
  constexpr std::uint64_t operand = 0x0042'0000'0001'2345;
  b.run({tlbi(0, 3, 0, 31), tlbi(0, 3, 1), tlbi(0, 3, 2), tlbi(0, 3, 3), tlbi(0, 3, 5), tlbi(0, 3, 7),
         dsb_ish, self},
        operand);
  const auto& m = b.listener.messages;
  ASSERT_EQ(m.size(), 6U);
  const char* names[] = {"VMALLE1IS", "VAE1IS", "ASIDE1IS", "VAAE1IS", "VALE1IS", "VAALE1IS"};
  for (unsigned i = 0; i < 6; ++i) {
    EXPECT_STREQ(m[i].tlbi.instruction, names[i]);
    EXPECT_TRUE(m[i].running);
    EXPECT_EQ(m[i].tlbi.vmid, 0);
    EXPECT_FALSE(m[i].tlbi.secure);
  }
  EXPECT_EQ(m[1].tlbi.first, 0x1234'5000U);
  EXPECT_EQ(m[1].tlbi.asid, 0x42);
  EXPECT_TRUE(m[4].tlbi.leaf);
  EXPECT_EQ(b.listener.completions, 6U);
}

TEST(CpuTlbi, OfTheProcessorAloneIsNotTold) {
  Bench& b = bench();
  b.run({tlbi(0, 7, 0, 31), tlbi(0, 7, 1), tlbi(0, 7, 2), tlbi(0, 7, 3), tlbi(0, 7, 5), tlbi(0, 7, 7), self});
  EXPECT_EQ(b.reg("PC"), ram_base + 24);
  EXPECT_TRUE(b.listener.messages.empty());
}

// A Cortex-A72 has neither FEAT_TLBIOS nor FEAT_TLBIRANGE, and EL1 has not the instructions of EL2.
TEST(CpuTlbi, ThatIsUndefinedIsNotTold) {
  Bench& b = bench();
  for (const std::uint32_t undefined : {tlbi(0, 1, 1), tlbi(0, 2, 1), tlbi(0, 3, 4), tlbi(4, 3, 4),
                                        tlbi(4, 0, 1), tlbi(4, 3, 6), tlbi(6, 3, 0)}) {
    b.run({msr_vbar_el1_x0, undefined, self});
    EXPECT_EQ(b.reg("PC"), ram_base + 0xa00) << std::hex << undefined;
    EXPECT_EQ(b.reg("ELR_EL1"), ram_base + 4);
    EXPECT_TRUE(b.listener.messages.empty()) << std::hex << undefined;
  }
}

TEST(CpuTlbi, OfEl0IsUndefinedAndNotTold) {
  Bench& b = bench();
  if (b.cpu.core().limitation().find("no exceptions from EL0") != std::string::npos)
    GTEST_SKIP() << b.cpu.core().limitation();
  // MSR VBAR_EL1, X0; MSR SPSR_EL1, XZR; ADR X2, .+12; MSR ELR_EL1, X2; ERET; TLBI VMALLE1IS; B .
  b.run({msr_vbar_el1_x0, 0xd518401f, 0x10000062, 0xd5184022, 0xd69f03e0, tlbi(0, 3, 0, 31), self});
  EXPECT_TRUE(b.listener.messages.empty());
  EXPECT_NE(b.reg("PC"), ram_base + 24);
}

// Whatever completion takes passes before the instruction behind it.
TEST(CpuTlbi, IsCompleteBeforeTheNextInstruction) {
  Bench& b = bench();
  for (const bool waits : {false, true}) {
    (waits ? b.listener.unknown : b.listener.known) = sc_time(10, sc_core::SC_US);
    // MRS X5, CNTVCT; TLBI VAE1IS, X1; MRS X6, CNTVCT; MOV X2, #0x09000000; LDR W3, [X2]; B .
    b.run({nop, mrs_x5_cntvct, tlbi(0, 3, 1), mrs_x6_cntvct, 0xd2a12002, 0xb9400043, self});
    const auto ticks = static_cast<double>(b.reg("X6") - b.reg("X5"));
    EXPECT_NEAR(ticks, 625, 2) << "10 us at 62.5 MHz";
    ASSERT_EQ(b.accesses.size(), 1U);
    ASSERT_EQ(b.listener.messages.size(), 1U);
    EXPECT_GE(b.accesses[0] - b.listener.messages[0].time, sc_time(10, sc_core::SC_US));
    EXPECT_LE(b.accesses[0] - b.listener.messages[0].time, sc_time(10100, sc_core::SC_NS));
    b.listener.known = b.listener.unknown = sc_core::SC_ZERO_TIME;
  }
}

TEST(CpuTlbi, IsToldWithTheAddressOfTheInstruction) {
  Bench& b = bench();
  b.run({nop, nop, tlbi(0, 3, 1), nop, tlbi(0, 3, 3), self});
  ASSERT_EQ(b.listener.messages.size(), 2U);
  EXPECT_EQ(b.listener.messages[0].pc, ram_base + 8);
  EXPECT_EQ(b.listener.messages[1].pc, ram_base + 16);
}

TEST(CpuTlbi, ALoopOfThemLetsTimeAdvance) {
  Bench& b = bench();
  const sc_time before = sc_core::sc_time_stamp();
  b.run({tlbi(0, 3, 0, 31), 0x17ffffff});  // B .-4
  EXPECT_EQ(sc_core::sc_time_stamp() - before, sc_time(101, sc_core::SC_US));
  EXPECT_GE(b.listener.messages.size(), 40000U);
}

}  // namespace
}  // namespace smmuvp
