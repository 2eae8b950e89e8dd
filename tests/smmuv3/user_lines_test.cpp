// Resets and interrupts of an SMMUv3 by level.
#include <sstream>

#include "smmuvp/base/archive.h"
#include "user_bench.h"

namespace smmuvp::user {
namespace {

// ---- reset

TEST_F(User, ASavedStateIsLoadedIntoAnSmmuThatIsHeldInResetAndGoesOnWhenItIsReleased) {
  b.run([&] {
    EXPECT_NE(read(b.level_client, 0x90000), tlm::TLM_OK_RESPONSE);
    while (b.level.get(0x100a8) != 1) wait(ns(100));
    EXPECT_NE(read(b.level_client, 0x90000), tlm::TLM_OK_RESPONSE);  // its event is not written yet
    b.level.push(0x46);
    std::stringstream state;
    ASSERT_FALSE(b.level.smmu.save(state));
    b.level_nreset.write(false);
    wait(ns(10));
    b.level.walked.clear();
    ASSERT_FALSE(b.level.smmu.load(state));
    wait(ns(1000));
    EXPECT_EQ(read(b.level_client, 0x10000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_TRUE(b.level.walked.empty()) << "neither a command is read nor an event written";
    EXPECT_FALSE(b.eventq.read());
    std::uint64_t value = 0;
    sc_time delay;
    EXPECT_EQ(b.level.access(false, 0x20, value, 4, delay), tlm::TLM_GENERIC_ERROR_RESPONSE);

    b.level_nreset.write(true);
    wait(ns(10));
    EXPECT_TRUE(b.eventq.read());
    EXPECT_EQ(b.level.get(0x20), smmuv3::CR0_implemented);
    wait(ns(1000));
    EXPECT_EQ(b.level.get(0x9c), 1U);
    EXPECT_EQ(b.level.get(0x100a8), 2U);
  });
}

// ---- interrupts

TEST_F(User, ALevelEventqInterruptIsHighUntilSoftwareHasReadTheEvents) {
  b.run([&] {
    EXPECT_FALSE(b.eventq.read());
    for (std::uint64_t i = 0; i < 2; ++i) EXPECT_NE(read(b.level_client, 0x90000), tlm::TLM_OK_RESPONSE);
    while (b.level.get(0x100a8) != 2) wait(ns(100));
    wait(ns(1000));
    EXPECT_TRUE(b.eventq.read());
    b.level.set(0x100ac, 1);
    wait(ns(10));
    EXPECT_TRUE(b.eventq.read()) << "one is left";
    b.level.set(0x100ac, 2);
    wait(ns(10));
    EXPECT_FALSE(b.eventq.read());
  });
}

TEST_F(User, ALevelInterruptIsLowWhileIrqCtrlDisablesIt) {
  b.run([&] {
    EXPECT_NE(read(b.level_client, 0x90000), tlm::TLM_OK_RESPONSE);
    while (b.level.get(0x100a8) != 1) wait(ns(100));
    b.level.set(0x50, smmuv3::IRQ_CTRL_GERROR_IRQEN);
    wait(ns(10));
    EXPECT_FALSE(b.eventq.read());
    b.level.set(0x50, smmuv3::IRQ_CTRL_implemented);
    wait(ns(10));
    EXPECT_TRUE(b.eventq.read());
  });
}

TEST_F(User, ALevelGerrorInterruptIsHighUntilGerrornAcknowledges) {
  b.run([&] {
    b.level.push(0xff);  // no command
    wait(ns(1000));
    EXPECT_EQ(b.level.get(0x60), smmuv3::GERROR_CMDQ_ERR);
    EXPECT_TRUE(b.gerror.read());
    b.level.set(0x64, smmuv3::GERROR_CMDQ_ERR);
    wait(sc_core::SC_ZERO_TIME);
    wait(sc_core::SC_ZERO_TIME);
    EXPECT_FALSE(b.gerror.read());
  });
}

TEST_F(User, AResetLowersLevelInterruptsAndLoadingRaisesThemAgain) {
  b.run([&] {
    EXPECT_NE(read(b.level_client, 0x90000), tlm::TLM_OK_RESPONSE);
    while (b.level.get(0x100a8) != 1) wait(ns(100));
    std::stringstream state;
    ASSERT_FALSE(b.level.smmu.save(state));
    b.level_nreset.write(false);
    wait(ns(10));
    EXPECT_FALSE(b.eventq.read());
    b.level_nreset.write(true);
    wait(ns(10));
    ASSERT_FALSE(b.level.smmu.load(state));
    wait(ns(10));
    EXPECT_TRUE(b.eventq.read());
  });
}

TEST_F(User, CmdqSyncIsAPulseWhereTheOthersAreLevels) {
  b.run([&] {
    b.level.push(0x46 | 1 << 12);
    wait(ns(1000));
    EXPECT_FALSE(b.cmdq_sync.read());
  });
  EXPECT_EQ(b.syncs, 1);
}

TEST_F(User, PortsTellWhichInterruptsAreEdges) {
  const auto edges = [](const SmmuV3<>& smmu) {
    std::string names;
    for (const Port& p : smmu.ports()) names += p.edge ? p.name + " " : "";
    return names;
  };
  EXPECT_EQ(edges(b.edge.smmu), "eventq_irq gerror_irq cmdq_sync_irq event_out ");
  EXPECT_EQ(edges(b.level.smmu), "cmdq_sync_irq event_out ");
}

}  // namespace
}  // namespace smmuvp::user
