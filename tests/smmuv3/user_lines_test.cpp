// Resets and interrupts by level, and resets that are active low.
#include <sstream>

#include "smmuvp/base/archive.h"
#include "user_bench.h"

namespace smmuvp::user {
namespace {

tlm::tlm_response_status read(Client<64>& client, std::uint64_t address, bool blocking = true) {
  std::uint32_t v = 0;
  Payload p;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, address, &v, 4);
  return client.send(p, blocking);
}

// ---- reset

TEST_F(User, AResetThatIsActiveFromTheStartHolds) { EXPECT_EQ(b.at_start, tlm::TLM_ADDRESS_ERROR_RESPONSE); }

TEST_F(User, WhileAResetIsHeldAccessesAreAbortedAndRegistersAnswerErrors) {
  b.map(7, 0x10000, 0x8000'0000);
  b.run([&] {
    EXPECT_EQ(read(b.level_client, 0x10000), tlm::TLM_OK_RESPONSE);
    b.level_nreset.write(false);
    wait(ns(10));
    b.level.walked.clear();
    for (const bool blocking : {true, false}) {
      EXPECT_EQ(read(b.level_client, 0x10000, blocking), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_EQ(read(b.level_client, 0x8000'0000, blocking), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    std::uint32_t v = 0;
    Payload p;
    test::Master::fill(p, tlm::TLM_READ_COMMAND, 0x8000'0000, &v, 4);
    EXPECT_EQ(b.level_client.socket->transport_dbg(p), 0U);
    EXPECT_TRUE(b.level.walked.empty());

    std::uint64_t value = smmuv3::CR0_implemented;
    sc_time delay;
    EXPECT_EQ(b.level.access(true, 0x20, value, 4, delay), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.level.access(false, 0x20, value, 4, delay), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("register.reset"), 2U);

    b.level_nreset.write(true);
    wait(ns(10));
    EXPECT_EQ(b.level.get(0x20), 0U) << "what was written meanwhile is lost";
    EXPECT_EQ(b.level.get(0x100a8), 0U) << "nothing was recorded";
    for (const bool blocking : {true, false}) {
      EXPECT_EQ(read(b.level_client, 0x8000'0000, blocking), tlm::TLM_OK_RESPONSE) << "GBPA: bypass";
    }
  });
}

TEST_F(User, AnExplanationTellsThatTheSmmuIsHeldInReset) {
  b.run([&] {
    b.level_nreset.write(false);
    wait(ns(10));
    const Explanation e = b.level.smmu.explain(7, std::nullopt, 0x1000);
    EXPECT_EQ(e.now.outcome, Explanation::End::Outcome::abort);
    EXPECT_NE(e.text.find("held in reset"), std::string::npos) << e.text;
    EXPECT_EQ(e.text.find("bypasses"), std::string::npos) << e.text;
    b.level_nreset.write(true);
    wait(ns(10));
  });
}

TEST_F(User, AnActiveLowResetByEdgeResetsOnceWhenItFalls) {
  b.run([&] {
    b.nreset.write(false);
    wait(ns(10));
    EXPECT_EQ(b.edge.get(0x20), 0U);
    b.edge.set(0x20, smmuv3::CR0_CMDQEN);  // still low
    b.nreset.write(true);
    wait(ns(10));
    EXPECT_EQ(b.edge.get(0x20), smmuv3::CR0_CMDQEN);
  });
}

TEST_F(User, AnActiveLowResetThatNothingIsBoundToDoesNotHold) {
  b.run([&] {
    b.free.set(0x20, 0);
    wait(ns(100));
    EXPECT_EQ(read(b.free_client, 0x8000'0000), tlm::TLM_OK_RESPONSE);
  });
}

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
