// Exceptions that the CPU core cannot get out of, and those that look like it.
#include "machine.h"

namespace smmuvp::cpu {
namespace {

constexpr uint32_t undefined = 0, nop = 0xd503201f, load_x1 = 0xf9400020, store_to_stack = 0xf90003e0,
                   branch_to_self = 0x14000000;
constexpr uint64_t el1_vector = Machine::scratch + 0x200;

// Takes an exception from EL1 at `undefined_word`, with vectors at `scratch`, which is zero.
Stop run_with_vectors_at(Machine& m, uint64_t vbar) {
  m.start("undefined_word");
  m.set("VBAR_EL1", vbar);
  return m.core->run(1000);
}

void expect_dead_end(const Stop& stop, const std::vector<std::string>& texts) {
  ASSERT_EQ(stop.reason, StopReason::dead_end);
  EXPECT_LT(stop.instructions, 10u);
  for (const std::string& text : texts) EXPECT_NE(stop.text.find(text), std::string::npos) << stop.text;
}

TEST(CpuDeadEnd, IsAVectorOutsideMemory) {
  Machine m;
  expect_dead_end(
      run_with_vectors_at(m, Machine::nothing),
      {"EL1, PC 0xa000200, ESR 0x86000010 (instruction abort, external abort), ELR 0xa000200, FAR "
       "0xa000200, VBAR 0xa000000",
       "vector 0x200 was entered by ESR 0x02000000 (undefined instruction) with ELR 0x40",
       "VBAR_EL1 must name a vector table"});
}

// A program that jumps to where VBAR_EL1 points, as after a branch to 0 with VBAR_EL1 unset.
TEST(CpuDeadEnd, SaysSoWhereNoExceptionCameBefore) {
  Machine m;
  m.start("call_x1");
  m.set("VBAR_EL1", Machine::nothing);
  m.set("X1", Machine::nothing);
  m.set("ELR_EL1", Machine::nothing);
  expect_dead_end(m.core->run(1000), {"EL1, PC 0xa000200", "no exception had entered a vector"});
}

TEST(CpuDeadEnd, IsAVectorThatIsNotMapped) {
  Machine m;
  m.enable_mmu();
  expect_dead_end(run_with_vectors_at(m, 0x50000000),
                  {"ESR 0x86000006 (instruction abort, translation fault, level 2)", "FAR 0x50000200"});
}

TEST(CpuDeadEnd, IsAVectorThatMayNotBeExecuted) {
  Machine m;
  m.enable_mmu();
  m.map_block(0x50000000, Machine::scratch, Machine::no_exec);
  expect_dead_end(run_with_vectors_at(m, 0x50000000), {"(instruction abort, permission fault, level 2)"});
}

TEST(CpuDeadEnd, IsAnUndefinedInstructionAtItsOwnVector) {
  Machine m;
  expect_dead_end(run_with_vectors_at(m, Machine::scratch),
                  {"PC 0x40e00200, ESR 0x02000000 (undefined instruction), ELR 0x40e00200"});
}

TEST(CpuDeadEnd, IsAStoreToAStackThatIsNotThere) {
  Machine m;
  m.at<uint32_t>(el1_vector) = store_to_stack;
  m.start("undefined_word");
  m.set("VBAR_EL1", Machine::scratch);
  m.set("SP_EL1", 0);
  expect_dead_end(m.core->run(1000), {"ESR 0x960000", "(data abort, external abort)", "FAR 0x0,", "stack"});
}

TEST(CpuDeadEnd, IsFoundBehindAnExceptionFromEl0AndAnInterrupt) {
  Machine m;
  if (!m.takes_exceptions_from_el0()) GTEST_SKIP() << m.core->limitation();
  m.start("undefined_word");
  m.set("VBAR_EL1", Machine::nothing);
  m.set("PSTATE", 0);
  expect_dead_end(m.core->run(1000), {"EL1, PC 0xa000200",
                                      "vector 0x400 was entered by ESR 0x02000000 (undefined instruction)"});
  Machine n;
  n.start("irq_while_running");
  n.core->run(100);
  n.set("VBAR_EL1", Machine::nothing);
  n.core->set_irq(true);
  expect_dead_end(n.core->run(1000),
                  {"EL1, PC 0xa000200", "vector 0x280 was entered by an IRQ with ELR 0x40"});
}

TEST(CpuDeadEnd, IsNotAHandlerThatMeetsTheSameExceptionLater) {
  Machine m;
  m.at<uint32_t>(el1_vector) = nop;
  m.at<uint32_t>(el1_vector + 4) = undefined;
  EXPECT_EQ(run_with_vectors_at(m, Machine::scratch).reason, StopReason::quantum);
}

// Exceptions of EL0 have another vector, whose first instruction may fault into one that works.
TEST(CpuDeadEnd, IsNotAVectorWhoseFaultHasAHandler) {
  Machine m;
  if (!m.takes_exceptions_from_el0()) GTEST_SKIP() << m.core->limitation();
  m.at<uint32_t>(el1_vector) = branch_to_self;
  m.at<uint32_t>(Machine::scratch + 0x400) = undefined;
  m.start("undefined_word");
  m.set("VBAR_EL1", Machine::scratch);
  m.set("PSTATE", 0);
  EXPECT_EQ(m.core->run(1000).reason, StopReason::quantum);
  EXPECT_EQ(m.reg("PC"), el1_vector);
  EXPECT_EQ(m.core->statistics().exceptions, 2u);
}

TEST(CpuDeadEnd, IsNotADeviceThatRefusesTheHandlersFirstAccessForAWhile) {
  Machine m;
  m.at<uint32_t>(el1_vector) = load_x1;
  m.at<uint32_t>(el1_vector + 4) = branch_to_self;
  unsigned asked = 0;
  m.on_access = [&](BusAccess&) { return ++asked < 5 ? BusStatus::slave_error : BusStatus::ok; };
  m.start("undefined_word");
  m.set("X1", Machine::device);
  m.set("VBAR_EL1", Machine::scratch);
  EXPECT_EQ(m.core->run(1000).reason, StopReason::quantum);
  EXPECT_EQ(m.reg("PC"), el1_vector + 4);
  EXPECT_EQ(asked, 5u);
}

TEST(CpuDeadEnd, EndsAStepOfTheDebuggerToo) {
  Machine m;
  m.start("undefined_word");
  m.set("VBAR_EL1", Machine::nothing);
  Stop stop;
  for (int i = 0; i < 5 && stop.reason != StopReason::dead_end; ++i) {
    m.core->step_next();
    stop = m.core->run(1000);
  }
  EXPECT_EQ(stop.reason, StopReason::dead_end);
}

}  // namespace
}  // namespace smmuvp::cpu
