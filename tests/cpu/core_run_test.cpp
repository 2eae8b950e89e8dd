// Quanta, hints, interrupts, timers and firmware calls of the CPU core.
#include <algorithm>
#include <cstring>

#include "machine.h"

namespace smmuvp::cpu {
namespace {

TEST(CpuQuantum, EndsAfterTheInstructionsAskedFor) {
  Machine m;
  m.start("tight_loop");
  const Stop stop = m.core->run(10000);
  EXPECT_EQ(stop.reason, StopReason::quantum);
  EXPECT_EQ(stop.instructions, 10000u);
  EXPECT_EQ(m.reg("X0"), 5000u);
  EXPECT_EQ(m.core->run(1000).instructions, 1000u);
  EXPECT_EQ(m.reg("X0"), 5500u);
}

TEST(CpuQuantum, IsUsedUpByABranchToItself) {
  Machine m;
  m.start("branch_to_self");
  const Stop stop = m.core->run(1000);
  EXPECT_EQ(stop.reason, StopReason::quantum);
  EXPECT_EQ(stop.instructions, 1000u);
  EXPECT_EQ(m.reg("PC"), m.symbol("branch_to_self"));
}

// Leaves NOP and an undefined instruction at the vector of exceptions from EL1.
void start_exceptions_without_end(Machine& m) {
  m.start("undefined_word");
  m.set("VBAR_EL1", Machine::scratch);
  m.at<uint32_t>(Machine::scratch + 0x200) = 0xd503201f;
}

TEST(CpuQuantum, IsUsedUpByExceptions) {
  Machine m;
  start_exceptions_without_end(m);
  const Stop stop = m.core->run(1000);
  EXPECT_EQ(stop.reason, StopReason::quantum);
  EXPECT_GE(stop.instructions, 1000u);
  EXPECT_LT(stop.instructions, 1010u);
}

TEST(CpuQuantum, EndsAtTheExceptionAtWhichThePauseIsRequested) {
  Machine m;
  start_exceptions_without_end(m);
  unsigned asked = 0;
  m.on_exception = [&] { return ++asked == 5; };
  EXPECT_EQ(m.core->run(1000000).reason, StopReason::quantum);
  EXPECT_EQ(m.core->statistics().exceptions, 5u);
}

TEST(CpuQuantum, CanBeShortenedFromADeviceAccess) {
  Machine m;
  m.start("store_word");
  m.at<uint32_t>(m.symbol("store_word") + 4) = 0x14000000;  // B .
  m.core->invalidate_code(m.symbol("store_word"), 8);
  m.set("X1", Machine::device);
  m.on_access = [&](BusAccess&) {
    m.core->limit_quantum(50);
    return BusStatus::ok;
  };
  EXPECT_LE(m.core->run(10000).instructions, 51u);
}

TEST(CpuHints, WfeAndYieldEndTheQuantumAndWfiIdles) {
  Machine m;
  m.start("hints");
  EXPECT_EQ(m.core->run(1000).reason, StopReason::wfe);
  EXPECT_EQ(m.reg("X0"), 0u);
  EXPECT_EQ(m.core->run(1000).reason, StopReason::yield);
  EXPECT_EQ(m.reg("X0"), 1u);
  const Stop stop = m.core->run(1000);
  EXPECT_EQ(stop.reason, StopReason::wfi);
  EXPECT_EQ(stop.instructions, 5u);
  EXPECT_EQ(m.reg("X0"), 3u);
}

TEST(CpuHints, WfiDoesNotIdleWhileAMaskedInterruptIsPending) {
  Machine m;
  m.start("hints");
  m.set("PC", m.symbol("hints") + 7 * 4);
  m.core->set_irq(true);
  EXPECT_EQ(m.core->run(4).reason, StopReason::quantum);
  EXPECT_EQ(m.reg("X0"), 4u);
  EXPECT_TRUE(m.exceptions().empty());
}

TEST(CpuInterrupts, AreTakenBetweenQuantaWithTheStateSaved) {
  Machine m;
  m.start("irq_while_running");
  m.core->run(100);
  const uint64_t pc = m.reg("PC");
  m.core->set_irq(true);
  m.core->run(100);
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].vector, 0x280u);
  EXPECT_EQ(log[0].elr, pc);
  EXPECT_EQ(log[0].spsr & 0x3ffu, 0x305u);  // EL1h, D and A masked
  EXPECT_EQ(m.core->statistics().interrupts, 1u);
}

TEST(CpuInterrupts, FiqHasItsOwnVectorAndGoesFirst) {
  Machine m;
  m.start("irq_while_running");
  m.core->run(100);
  m.core->set_irq(true);
  m.core->set_fiq(true);
  m.core->run(8);
  const auto log = m.exceptions();
  ASSERT_GE(log.size(), 1u);
  EXPECT_EQ(log[0].vector, 0x300u);
}

TEST(CpuInterrupts, PendingOnesAreTakenAsSoonAsTheyAreUnmasked) {
  Machine m;
  m.start("irq_masked_then_unmasked");
  m.core->set_irq(true);
  EXPECT_EQ(m.run().reason, StopReason::quantum);  // the line stays high, so the WFI does not idle
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].elr, m.symbol("irq_masked_then_unmasked") + 5 * 4);
}

TEST(CpuInterrupts, RaisedByAStoreToADeviceAreTakenAtTheNextBlock) {
  Machine m;
  m.start("irq_from_store");
  m.set("X1", Machine::device);
  m.on_access = [&](BusAccess&) {
    m.core->set_irq(true);
    return BusStatus::ok;
  };
  m.core->run(10000);
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].vector, 0x280u);
  EXPECT_EQ(log[0].elr, m.symbol("irq_from_store") + 3 * 4);
}

TEST(CpuTimers, VirtualTimerFiresAtItsCompareValueAndEndsWfi) {
  Machine m;
  m.start("timer_wait");
  m.set("X1", 1000);
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_EQ(m.reg("X5"), 1u) << "enabled, not expired";
  EXPECT_FALSE(m.outputs[Timer::virt]);
  const uint64_t deadline = m.core->timer_deadline().value();
  EXPECT_EQ(deadline, m.reg("X3"));
  m.instructions = deadline * 16 - 16;
  m.core->update_timers();
  EXPECT_FALSE(m.outputs[Timer::virt]);
  m.instructions = deadline * 16;
  m.core->update_timers();
  EXPECT_TRUE(m.outputs[Timer::virt]);
  m.run(1, 100);
  const auto log = m.exceptions();
  ASSERT_EQ(log.size(), 1u);
  EXPECT_EQ(log[0].vector, 0x280u);
  EXPECT_EQ(m.reg("X6"), 5u) << "enabled and ISTATUS";
  EXPECT_GE(m.reg("X7"), deadline);
}

TEST(CpuTimers, PhysicalTimerInterruptsABusyLoopOnTime) {
  Machine m;
  m.start("timer_spin");
  m.set("X1", 5000);
  m.core->set_irq(false);
  m.run(1000, 10000);
  EXPECT_EQ(m.reg("X3"), m.reg("X2") + 5000);
  EXPECT_GE(m.reg("X6"), m.reg("X3"));
  EXPECT_LE(m.reg("X6"), m.reg("X3") + 4) << "a quantum ends at the deadline";
  EXPECT_GE(m.reg("X7"), 0xfffffff0u) << "TVAL is a 32-bit view of what is now negative";
  EXPECT_EQ(m.reg("X8"), 62500000u);
}

TEST(CpuTimers, CounterIsTrappedFromEl0UnlessEnabled) {
  for (const bool enabled : {false, true}) {
    Machine m;
    if (!m.takes_exceptions_from_el0()) GTEST_SKIP() << m.core->limitation();
    m.start("enter_el0");
    m.set("X20", m.symbol("el0_register"));
    m.set("CNTKCTL_EL1", enabled ? 2 : 0);
    m.run(1, 60);
    const auto log = m.exceptions();
    ASSERT_GE(log.size(), 1u);
    EXPECT_EQ(log[0].vector, 0x400u);
    EXPECT_EQ(log[0].ec(), enabled ? 0x15u : 0x18u);
  }
}

struct Call {
  uint64_t x0, x1, x2;
  int64_t answer;
};
constexpr Call firmware_calls[] = {
    {0x84000000, 0, 0, 0x10001},     {0x8400000a, 0x84000008, 0, 0},  {0x8400000a, 0x84000099, 0, -1},
    {0x84000006, 0, 0, 2},           {0xc4000003, 0, 0x40080000, -4}, {0xc4000003, 1, 0x40080000, -2},
    {0xc4000004, 0, 0, 0},           {0xc4000004, 1, 0, -2},          {0x84000002, 0, 0, -3},
    {0x8400000a, 0x84000012, 0, 0},  {0x8400000a, 0xc4000012, 0, 0},  {0x84000012, 1, 0, -2},
    {0xc4000012, 0x80000000, 0, -2}, {0x84000055, 0, 0, -1},          {0x80000000, 0, 0, 0x10001},
    {0x12345678, 0, 0, -1},
};

TEST(CpuFirmware, AnswersPsciForASingleCore) {
  Machine m;
  m.start("firmware_hvc");
  uint64_t address = Machine::scratch;
  for (const Call& c : firmware_calls) {
    m.at<Call>(address) = c;
    address += 24;
  }
  m.set("X20", std::size(firmware_calls));
  m.set("X21", Machine::scratch);
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  address = Machine::scratch;
  for (const Call& c : firmware_calls) {
    EXPECT_EQ(m.at<int64_t>(address), c.answer) << std::hex << c.x0;
    address += 24;
  }
  EXPECT_TRUE(m.exceptions().empty());
}

TEST(CpuFirmware, SystemOffAndResetEndTheRunByHvcAndSmc) {
  for (const char* conduit : {"firmware_hvc", "firmware_smc"}) {
    for (const bool off : {false, true}) {
      Machine m;
      m.start(conduit);
      m.at<Call>(Machine::scratch) = {off ? 0x84000008u : 0x84000009u, 0, 0, 0};
      m.set("X0", off ? 0x84000008 : 0x84000009);
      m.set("X21", Machine::scratch);
      EXPECT_EQ(m.run().reason, off ? StopReason::power_off : StopReason::reset) << conduit;
    }
  }
}

TEST(CpuFirmware, AWarmResetIsToldApartFromAReset) {
  for (const uint64_t function : {0x84000012u, 0xc4000012u}) {
    Machine m;
    m.start("firmware_hvc");
    m.at<Call>(Machine::scratch) = {function, 0, 0, 0};
    m.set("X20", 1);
    m.set("X21", Machine::scratch);
    EXPECT_EQ(m.run().reason, StopReason::warm_reset);
  }
}

TEST(CpuFirmware, SemihostingExitGivesTheStatus) {
  for (const uint64_t operation : {0x18u, 0x20u}) {
    Machine m;
    m.start("semihosting");
    m.at<uint64_t>(Machine::scratch) = 0x20026;
    m.at<uint64_t>(Machine::scratch + 8) = 7;
    m.set("X0", operation);
    m.set("X1", Machine::scratch);
    const Stop stop = m.run();
    EXPECT_EQ(stop.reason, StopReason::exit);
    EXPECT_EQ(stop.status, 7u);
  }
}

TEST(CpuFirmware, SemihostingExitForAnotherReasonIsAFailure) {
  Machine m;
  m.start("semihosting");
  m.at<uint64_t>(Machine::scratch) = 0x20023;
  m.set("X0", 0x18);
  m.set("X1", Machine::scratch);
  EXPECT_EQ(m.run().status, 1u);
  m.start("semihosting");
  m.set("X0", 0x18);
  m.set("X1", Machine::nothing);
  const Stop stop = m.run();
  EXPECT_EQ(stop.reason, StopReason::exit);
  EXPECT_EQ(stop.status, 1u);
  EXPECT_EQ(m.diagnostics.size(), 1u);
}

TEST(CpuFirmware, SemihostingWritesToTheConsoleByTheCallersAddresses) {
  Machine m;
  constexpr uint64_t va = 0xffff000000000000;
  m.map_page(va, Machine::scratch);
  m.enable_mmu();
  std::strcpy(reinterpret_cast<char*>(m.ram(Machine::scratch)), "from the high half\n");
  m.start("semihosting");
  m.set("X0", 0xabcd000000000004);  // SYS_WRITE0; the upper half of X0 says nothing
  m.set("X1", va);
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_EQ(m.written, "from the high half\n");
  EXPECT_EQ(m.reg("X19"), 1u);
  EXPECT_TRUE(m.diagnostics.empty());
}

TEST(CpuFirmware, OtherSemihostingOperationsAreAnsweredWithMinusOneAndADiagnostic) {
  Machine m;
  m.start("semihosting");
  m.set("X0", 0x12);
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_EQ(m.reg("X0"), ~uint64_t{0});
  EXPECT_EQ(m.reg("X19"), 1u);
  ASSERT_EQ(m.diagnostics.size(), 1u);
  EXPECT_EQ(m.diagnostics[0].kind, DiagKind::Unimplemented);
  EXPECT_NE(m.diagnostics[0].text.find("SYS_SYSTEM"), std::string::npos);
}

TEST(CpuFirmware, AResetAndACheckpointKnowTheOpenFilesOfSemihosting) {
  Machine m;
  const auto call = [&](uint64_t operation, std::array<uint64_t, 3> block) {
    std::memcpy(m.ram(Machine::scratch), block.data(), sizeof block);
    std::strcpy(reinterpret_cast<char*>(m.ram(Machine::scratch + 0x100)), ":tt");
    m.start("semihosting");
    m.set("X0", operation);
    m.set("X1", Machine::scratch);
    m.run();
    return m.reg("X0");
  };
  const uint64_t handle = call(0x01, {Machine::scratch + 0x100, 4, 3});
  EXPECT_EQ(call(0x09, {handle}), 1u);
  ArchiveWriter saved;
  m.core->visit(saved);
  m.core->reset(m.symbol("_start"), {});
  EXPECT_EQ(call(0x09, {handle}), ~uint64_t{0});
  ArchiveReader loaded(saved.data());
  m.core->visit(loaded);
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_EQ(call(0x09, {handle}), 1u);
}

TEST(CpuFirmware, SemihostingIsUndefinedAtEl0) {
  Machine m;
  if (!m.takes_exceptions_from_el0()) GTEST_SKIP() << m.core->limitation();
  m.start("enter_el0");
  m.set("X20", m.symbol("el0_semihosting"));
  m.run(1, 30);
  ASSERT_GE(m.exceptions().size(), 1u);
  EXPECT_EQ(m.exceptions()[0].ec(), 0u);
}

TEST(CpuHost, AnExceptionInTheBusCallBackEndsTheRunWithItsText) {
  Machine m;
  m.start("load_word");
  m.set("X1", Machine::device);
  m.on_access = [](BusAccess&) -> BusStatus { throw std::runtime_error("the bus broke"); };
  const Stop stop = m.run();
  EXPECT_EQ(stop.reason, StopReason::error);
  EXPECT_EQ(stop.text, "the bus broke");
}

TEST(CpuState, RunsTwiceAlikeToTheInstruction) {
  auto digest = [] {
    Machine m;
    m.start("timer_spin");
    m.set("X1", 777);
    m.run(50, 1234);
    std::string text = std::to_string(m.instructions);
    for (const auto& name : m.core->register_names()) text += "," + std::to_string(m.reg(name));
    return text;
  };
  EXPECT_EQ(digest(), digest());
}

TEST(CpuState, SavedAndRestoredContinuesAlike) {
  Machine a;
  a.start("timer_spin");
  a.set("X1", 2000);
  a.set("V3_LO", 0x1111);
  a.set("V3_HI", 0x2222);
  a.run(1, 3000);
  ArchiveWriter saved;
  a.core->visit(saved);
  Machine b;
  std::copy_n(a.ram(Machine::ram_base), Machine::ram_size, b.ram(Machine::ram_base));
  b.instructions = a.instructions;
  ArchiveReader reader(saved.data());
  b.core->visit(reader);
  EXPECT_TRUE(reader.complete()) << reader.error();
  a.run(100, 1000);
  b.run(100, 1000);
  EXPECT_EQ(a.instructions, b.instructions);
  for (const auto& name : a.core->register_names()) EXPECT_EQ(a.reg(name), b.reg(name)) << name;
  EXPECT_EQ(b.reg("V3_HI"), 0x2222u);
  EXPECT_EQ(a.exceptions().size(), 1u);
  EXPECT_EQ(b.exceptions().size(), 1u);
}

TEST(CpuState, StackPointersFollowTheSelectedBank) {
  Machine m;
  m.set("SP_EL1", 0x1000);
  m.set("SP_EL0", 0x2000);
  m.set("PSTATE", 0x3c4);  // EL1t
  EXPECT_EQ(m.reg("SP_EL1"), 0x1000u);
  EXPECT_EQ(m.reg("SP_EL0"), 0x2000u);
  m.set("PSTATE", 0);  // EL0
  EXPECT_EQ(m.reg("SP_EL1"), 0x1000u);
  EXPECT_EQ(m.reg("SP_EL0"), 0x2000u);
}

TEST(CpuState, ResetPutsEverythingBack) {
  Machine m;
  m.start("tight_loop");
  m.enable_mmu();
  m.run(1, 100);
  m.core->reset(m.symbol("hints"), {1, 2, 3, 4});
  EXPECT_EQ(m.reg("PC"), m.symbol("hints"));
  EXPECT_EQ(m.reg("X0"), 1u);
  EXPECT_EQ(m.reg("X3"), 4u);
  EXPECT_EQ(m.reg("SCTLR_EL1") & 1, 0u);
  EXPECT_EQ(m.reg("PSTATE"), 0x3c5u);
  EXPECT_EQ(m.core->run(100).reason, StopReason::wfe);
}

TEST(CpuState, HardwareBreakpointsAreKeptAndNeverMatch) {
  Machine m;
  m.start("set_breakpoints");
  EXPECT_EQ(m.run(10, 1000).reason, StopReason::wfi);
  EXPECT_EQ(m.reg("X2"), 0x1e7u);
  EXPECT_TRUE(m.exceptions().empty());
  ASSERT_EQ(m.diagnostics.size(), 1u);
  EXPECT_EQ(m.diagnostics[0].kind, DiagKind::Unimplemented);
}

TEST(CpuState, IdentifiesItselfAsACortexA72WithWhatIsBuilt) {
  Machine m;
  m.start("read_id_registers");
  EXPECT_EQ(m.run().reason, StopReason::wfi);
  EXPECT_EQ(m.reg("X0"), 0x410fd083u);      // MIDR_EL1
  EXPECT_EQ(m.reg("X1") & 0xffffff, 0u);    // MPIDR_EL1.Aff0..2
  EXPECT_EQ(m.reg("X2") & 0xff, 0x22u);     // EL0 and EL1
  EXPECT_EQ((m.reg("X3") >> 8) & 0xf, 0u);  // no PMU
  EXPECT_EQ(m.reg("X4"), 0x11120u);         // AES, SHA, CRC32
  EXPECT_EQ(m.reg("X5"), 0x1124u);          // 44-bit addresses
  EXPECT_EQ(m.reg("X7") & 0x1f, 4u);        // DC ZVA of 64 bytes
  EXPECT_EQ(m.reg("X8"), 62500000u);
  EXPECT_EQ(m.reg("X9"), 4u);  // CurrentEL
}

}  // namespace
}  // namespace smmuvp::cpu
