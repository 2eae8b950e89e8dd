// Interrupts and MSIs of the SystemC module, and the CMD_SYNC that tells of them.
#include <sstream>

#include "shell_bench.h"

namespace smmuvp::shell {
namespace {

TEST_F(Shell, CmdSyncSignalsByItsInterruptAndConsumes) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.push(0x46 | 1 << 12);
    EXPECT_EQ(b.reg(0x9c), 0U) << "commands are never executed inside a register write";
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.reg(0x9c), 1U);
  });
  EXPECT_EQ(b.sync_edges, 1);
}

TEST_F(Shell, EachCmdSyncSignalsWhenItCompletesAndNotAfterTheNextCommand) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.push(0x46 | 1 << 12);
    b.push(0x46 | 1 << 12);
    while (b.reg(0x9c) != 1) wait(sc_time(1, sc_core::SC_NS));
    wait(sc_time(1, sc_core::SC_NS));
    EXPECT_EQ(b.sync_edges, 1);
    EXPECT_EQ(b.reg(0x9c), 1U) << "the next is still being fetched";
  });
  EXPECT_EQ(b.sync_edges, 2);
}

TEST_F(Shell, NoEdgeComesAfterIrqCtrlackSaysThatItsSourceIsDisabled) {
  Bench& b = bench();
  b.in_simulation([&] {
    second_interrupt_waits();
    b.set(0x50, smmuv3::IRQ_CTRL_GERROR_IRQEN);
    EXPECT_EQ(b.reg(0x54), smmuv3::IRQ_CTRL_GERROR_IRQEN);
    wait(sc_time(100, sc_core::SC_NS));
  });
  EXPECT_EQ(b.eventq_edges, 1);
}

TEST_F(Shell, AnInterruptThatWaitsIsSavedAndSignalledAfterLoading) {
  Bench& b = bench();
  b.in_simulation([&] {
    second_interrupt_waits();
    std::stringstream saved;
    const auto refused = b.smmu.save(saved);
    ASSERT_FALSE(refused) << to_text(*refused);
    b.reset.write(true);
    wait(sc_time(100, sc_core::SC_NS));
    b.reset.write(false);
    EXPECT_EQ(b.eventq_edges, 1) << "a reset forgets it";
    const auto error = b.smmu.load(saved);
    EXPECT_FALSE(error) << to_text(*error);
    wait(sc_time(100, sc_core::SC_NS));
  });
  EXPECT_EQ(b.eventq_edges, 2);
}

TEST_F(Shell, TheMsiOfACmdSyncIsOne32BitWriteAtTheWalkPortAfterConsAndTheNextWaitsForIt) {
  Bench& b = bench();
  const std::uint64_t msi = 1ULL << 32 | 0xfU << 24 | 3U << 22 | 1U << 12 | 0x46;
  b.in_simulation([&] {
    b.push(msi, 0x7000'0044);
    b.push(msi + (1ULL << 32), 0x7000'0044);
  });
  ASSERT_EQ(b.written.size(), 2U);
  EXPECT_EQ(b.written[0].address, 0x7000'0044U);
  EXPECT_EQ(b.written[0].length, 4U);
  EXPECT_EQ(b.written[0].extension.memory_type, 0xffU);
  EXPECT_EQ(b.written[0].extension.shareability, Shareability::inner);
  EXPECT_EQ(b.written[0].extension.address_space, AddressSpace::non_secure);
  EXPECT_GE(b.written_at[1] - b.written_at[0], b.walk_time);
  EXPECT_EQ(b.world.memory.read(0x7000'0044, 4), 2U);
  EXPECT_EQ(b.sync_edges, 2);
}

TEST_F(Shell, AnEventqMsiFollowsTheRecordAndThePulse) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.set(0x50, 0);
    b.set(0xb0, 0x7000'0080, 8);
    b.set(0xb8, 0x21);
    b.set(0xbc, 1);
    b.set(0x50, smmuv3::IRQ_CTRL_implemented);
    std::uint32_t v = 0;
    b.transport(0x10000, &v, 4, false);
  });
  ASSERT_EQ(b.written.size(), 2U);
  EXPECT_EQ(b.written[0].length, 32U) << "the record";
  EXPECT_EQ(b.written[1].address, 0x7000'0080U);
  EXPECT_EQ(b.written[1].extension.memory_type, 0x04U);
  EXPECT_GE(b.written_at[1] - b.written_at[0], b.walk_time);
  EXPECT_EQ(b.world.memory.read(0x7000'0080, 4), 0x21U);
  EXPECT_EQ(b.eventq_edges, 1);
}

TEST_F(Shell, AnMsiThatIsDueWhenItsStateIsSavedIsSentAfterLoading) {
  Bench& b = bench();
  std::stringstream state;
  b.in_simulation([&] {
    b.push(5ULL << 32 | 1U << 12 | 0x46, 0x7000'0044);
    while (b.reg(0x9c) == 0) wait(sc_time(100, sc_core::SC_PS));  // the walk port takes a clock after that
    EXPECT_TRUE(b.written.empty());
    EXPECT_FALSE(b.smmu.save(state));
  });
  ASSERT_EQ(b.written.size(), 1U);
  b.in_simulation([&] { EXPECT_FALSE(b.smmu.load(state)); });
  ASSERT_EQ(b.written.size(), 2U);
  EXPECT_EQ(b.written[1].address, 0x7000'0044U);
}

TEST_F(Shell, CmdSyncWaitsForATransactionThatIsDownstream) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  sc_core::sc_event release;
  b.in_simulation([&] {
    b.hold = &release;
    bool finished = false;
    sc_core::sc_spawn([&] {
      std::uint32_t v = 0;
      b.transport(0x10000, &v, 4, false);
      finished = true;
    });
    wait(sc_time(1, sc_core::SC_US));
    b.push(0x30);
    b.push(0x46);
    wait(sc_time(10, sc_core::SC_US));
    EXPECT_EQ(b.reg(0x9c), 1U);
    EXPECT_FALSE(finished);
    release.notify();
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_TRUE(finished);
    EXPECT_EQ(b.reg(0x9c), 2U);
    b.hold = nullptr;
  });
}

constexpr std::uint64_t sync_with_msi(std::uint32_t data) {
  return std::uint64_t{data} << 32 | 1U << 12 | 0x46;
}

TEST_F(Shell, AnMsiToTheSmmusOwnCommandQueueLetsItGoOn) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.world.memory.write(smmuv3::World::cmdq + 16, 0x46);
    b.world.memory.write(smmuv3::World::cmdq + 32, 0x46 | 1U << 12);
    b.push(sync_with_msi(3), Bench::own_registers + 0x98);
  });
  EXPECT_EQ(b.sync_edges, 2);
  b.in_simulation([&] { EXPECT_EQ(b.reg(0x9c), 3U); });
}

TEST_F(Shell, AnMsiMayDisableWhatSendsIt) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.push(sync_with_msi(0), Bench::own_registers + 0x20);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.reg(0x24), 0U);
    b.set(0x50, 0);
    b.set(0xb0, Bench::own_registers + 0x50, 8);  // IRQ_CTRL
    b.set(0x50, smmuv3::IRQ_CTRL_implemented);
    b.set(0x20, smmuv3::CR0_implemented);
    std::uint32_t v = 0;
    b.transport(0x10000, &v, 4, false);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.reg(0x50), 0U);
    EXPECT_EQ(b.reg(0x54), 0U) << "the MSI is complete";
  });
}

TEST_F(Shell, AnMsiThatIsDownstreamDuringAResetTellsNothingAndTheNextFollowsIt) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.on_own_access = [](const tlm::tlm_generic_payload& p) {
      if (p.get_address() == 0x7000'0044) wait(sc_time(5, sc_core::SC_US));
    };
    b.push(sync_with_msi(1), 0x7000'0044);
    wait(sc_time(1, sc_core::SC_US));
    b.reset.write(true);
    wait(sc_time(10, sc_core::SC_NS));
    b.reset.write(false);
    wait(sc_time(10, sc_core::SC_NS));
    b.start();
    b.push(sync_with_msi(2), 0x7000'0048);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.reg(0x9c), 1U);
    EXPECT_EQ(b.world.memory.read(0x7000'0048, 4), 0U) << "one write at a time";
    wait(sc_time(10, sc_core::SC_US));
    EXPECT_EQ(b.world.memory.read(0x7000'0048, 4), 2U);
    EXPECT_EQ(b.reg(0x60), 0U);
  });
}

}  // namespace
}  // namespace smmuvp::shell
