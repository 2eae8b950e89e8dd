// Resets of either SMMU by level and by edge, that are active low.
#include "user_bench.h"  // of the SMMU at hand

namespace smmuvp::user {
namespace {

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

    std::uint64_t value = Soc::CR0_on;
    sc_time delay;
    EXPECT_EQ(b.level.access(true, Soc::CR0, value, 4, delay), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.level.access(false, Soc::CR0, value, 4, delay), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.host.count("register.reset"), 2U);

    b.level_nreset.write(true);
    wait(ns(10));
    EXPECT_EQ(b.level.get(Soc::CR0), Soc::CR0_after_reset) << "what was written meanwhile is lost";
    EXPECT_FALSE(b.level.has_recorded());
    for (const bool blocking : {true, false}) {
      EXPECT_EQ(read(b.level_client, 0x8000'0000, blocking), tlm::TLM_OK_RESPONSE) << "all passes";
    }
  });
}

TEST_F(User, AnExplanationTellsThatTheSmmuIsHeldInReset) {
  b.run([&] {
    b.level_nreset.write(false);
    wait(ns(10));
    const Explanation e = b.level.smmu.explain(AccessQuestion{});
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
    EXPECT_EQ(b.edge.get(Soc::CR0), Soc::CR0_after_reset);
    b.edge.set(Soc::CR0, Soc::CR0_on);  // still low
    b.nreset.write(true);
    wait(ns(10));
    EXPECT_EQ(b.edge.get(Soc::CR0), Soc::CR0_on);
  });
}

TEST_F(User, AnActiveLowResetThatNothingIsBoundToDoesNotHold) {
  b.run([&] {
    b.free.set(Soc::CR0, Soc::CR0_after_reset);
    wait(ns(100));
    EXPECT_EQ(read(b.free_client, 0x8000'0000), tlm::TLM_OK_RESPONSE);
  });
}

}  // namespace
}  // namespace smmuvp::user
