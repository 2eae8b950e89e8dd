// Breakpoints, single steps and the quantum that they interrupt.
#include "machine.h"

namespace smmuvp::cpu {
namespace {

TEST(CpuBreakpoint, StopsBeforeTheInstructionInsideABlock) {
  Machine m;
  m.start("tight_loop");
  const uint64_t branch = m.symbol("tight_loop") + 4;
  m.core->run(100);  // the block is translated before the breakpoint is set
  ASSERT_TRUE(m.core->set_breakpoint(branch));
  const Stop stop = m.core->run(1000);
  EXPECT_EQ(stop.reason, StopReason::debug);
  EXPECT_EQ(stop.instructions, 1u);
  EXPECT_EQ(m.reg("PC"), branch);
  EXPECT_EQ(m.reg("X0"), 51u);
}

TEST(CpuBreakpoint, DoesNotChangeTheMemoryThatTheProgramReads) {
  Machine m;
  m.start("tight_loop");
  const auto word = m.at<uint32_t>(m.symbol("tight_loop"));
  ASSERT_TRUE(m.core->set_breakpoint(m.symbol("tight_loop")));
  EXPECT_EQ(m.core->run(1000).reason, StopReason::debug);
  EXPECT_EQ(m.at<uint32_t>(m.symbol("tight_loop")), word);
}

TEST(CpuBreakpoint, LeavesTheQuantumAsItWouldHaveBeen) {
  Machine m;
  m.start("tight_loop");
  const uint64_t branch = m.symbol("tight_loop") + 4;
  ASSERT_TRUE(m.core->set_breakpoint(branch));
  Stop stop = m.core->run(1000);
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(stop.reason, StopReason::debug);
    ASSERT_EQ(m.reg("X0"), static_cast<uint64_t>(i + 1));
    m.core->step_next();
    stop = m.core->resume();
    ASSERT_EQ(stop.reason, StopReason::debug);
    ASSERT_EQ(m.reg("PC"), m.symbol("tight_loop"));
    stop = m.core->resume();
  }
  m.core->clear_breakpoint(branch);
  stop = m.core->resume();
  EXPECT_EQ(stop.reason, StopReason::quantum);
  EXPECT_EQ(stop.instructions, 1000u);
  EXPECT_EQ(m.reg("X0"), 500u);
  EXPECT_EQ(m.core->statistics().instructions, 1000u);
}

TEST(CpuBreakpoint, IsHitAgainInABlockThatWasChained) {
  Machine m;
  m.start("tight_loop");
  ASSERT_TRUE(m.core->set_breakpoint(m.symbol("tight_loop") + 0x1000));
  // A breakpoint elsewhere does not disturb where a quantum ends.
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(m.core->run(1000).instructions, 1000u);
    EXPECT_EQ(m.reg("X0"), 500u * static_cast<unsigned>(i));
    EXPECT_EQ(m.reg("PC"), m.symbol("tight_loop"));
  }
}

TEST(CpuBreakpoint, IsGoneWhenCleared) {
  Machine m;
  m.start("tight_loop");
  ASSERT_TRUE(m.core->set_breakpoint(m.symbol("tight_loop")));
  ASSERT_EQ(m.core->run(1000).reason, StopReason::debug);
  m.core->clear_breakpoint(m.symbol("tight_loop"));
  EXPECT_EQ(m.core->resume().reason, StopReason::quantum);
  EXPECT_EQ(m.core->run(1000).reason, StopReason::quantum);
}

TEST(CpuBreakpoint, AtAnAddressThatIsNoInstructionsIsRefused) {
  Machine m;
  m.start("tight_loop");
  EXPECT_FALSE(m.core->set_breakpoint(m.symbol("tight_loop") + 2));
  EXPECT_TRUE(m.core->set_breakpoint(~uint64_t{3}));
}

TEST(CpuStep, ExecutesOneInstruction) {
  Machine m;
  m.start("tight_loop");
  for (uint64_t i = 1; i <= 20; ++i) {
    m.core->step_next();
    const Stop stop = m.core->run(1000);
    ASSERT_EQ(stop.reason, StopReason::debug);
    ASSERT_EQ(stop.instructions, 1u);
    ASSERT_EQ(m.reg("X0"), (i + 1) / 2);
    ASSERT_EQ(m.reg("PC"), m.symbol("tight_loop") + 4 * (i % 2));
  }
  EXPECT_EQ(m.core->run(1000).instructions, 1000u);
  EXPECT_EQ(m.reg("X0"), 510u);
}

TEST(CpuStep, OfABranchToItselfEnds) {
  Machine m;
  m.start("branch_to_self");
  m.core->step_next();
  EXPECT_EQ(m.core->run(1000).reason, StopReason::debug);
  EXPECT_EQ(m.reg("PC"), m.symbol("branch_to_self"));
}

TEST(CpuStep, OfAFaultingInstructionStopsAtTheVector) {
  Machine m;
  m.start("undefined_word");
  m.core->step_next();
  EXPECT_EQ(m.core->run(1000).reason, StopReason::debug);
  EXPECT_EQ(m.reg("PC"), m.reg("VBAR_EL1") + 0x200);
  EXPECT_EQ(m.reg("ELR_EL1"), m.symbol("undefined_word"));
}

TEST(CpuStep, TakesNoInterruptAndTheNextQuantumDoes) {
  Machine m;
  m.start("irq_while_running");
  m.core->step_next();
  ASSERT_EQ(m.core->run(1000).reason, StopReason::debug);
  m.core->set_irq(true);
  for (unsigned i = 1; i <= 3; ++i) {
    m.core->step_next();
    ASSERT_EQ(m.core->run(1000).reason, StopReason::debug);
  }
  EXPECT_EQ(m.reg("X0"), 2u);
  EXPECT_TRUE(m.exceptions().empty());
  m.core->set_breakpoint(m.reg("VBAR_EL1") + 0x280);
  EXPECT_EQ(m.core->run(1000).reason, StopReason::debug);
  EXPECT_EQ(m.reg("PC"), m.reg("VBAR_EL1") + 0x280);
}

TEST(CpuStep, OverAWaitDoesNotIdle) {
  Machine m;
  m.start("hints");
  for (unsigned i = 1; i <= 8; ++i) {
    m.core->step_next();
    ASSERT_EQ(m.core->run(1000).reason, StopReason::debug) << i;
    ASSERT_EQ(m.reg("PC"), m.symbol("hints") + 4 * i);
  }
  EXPECT_EQ(m.reg("X0"), 3u);
}

TEST(CpuStep, OfAStoreToADeviceMakesOneAccess) {
  Machine m;
  m.start("irq_from_store");
  m.set("X1", Machine::device);
  m.on_access = [&](BusAccess&) {
    m.core->set_irq(true);
    return BusStatus::ok;
  };
  for (unsigned i = 1; i <= 2; ++i) {
    m.core->step_next();
    ASSERT_EQ(m.core->run(1000).reason, StopReason::debug) << i;
    ASSERT_EQ(m.reg("PC"), m.symbol("irq_from_store") + 4 * i);
  }
  EXPECT_EQ(m.accesses.size(), 1u);
  EXPECT_TRUE(m.exceptions().empty());
}

}  // namespace
}  // namespace smmuvp::cpu
