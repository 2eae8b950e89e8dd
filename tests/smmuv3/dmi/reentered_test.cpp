// What clients do while they are told that a pointer is void, and calls that do not return.
#include <sstream>
#include <stdexcept>

#include "fixture.h"

namespace smmuvp::dmi {
namespace {

class Ended : public Dmi, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    Dmi::SetUp();
    map();
    if (GetParam()) s.client.access(va, 4, false);
  }
  /// CMD_SYNC completes, and a state can be saved.
  void expect_nothing_under_way() {
    s.ram.on_access = nullptr;
    s.push(0x46);
    test::advance(100'000'000);
    EXPECT_EQ(s.cpu.get(0x9c), s.cpu.get(0x98)) << "CMD_SYNC waits";
    std::stringstream state;
    EXPECT_FALSE(s.smmu.save(state));
  }
};

TEST_P(Ended, AMasterThatIsKilledWithinItsAccessHoldsNoSynchronisation) {
  sc_core::sc_event never;
  s.ram.on_access = [&] { sc_core::wait(never); };
  auto process = sc_core::sc_spawn([&] { s.client.access(va, 4, false); });
  sc_core::sc_spawn([&] {
    sc_core::wait(1, sc_core::SC_NS);
    process.kill();
  });
  test::advance(10'000);
  ASSERT_TRUE(process.terminated());
  expect_nothing_under_way();
}

TEST_P(Ended, ATargetThatThrowsLeavesThePayloadAsItCame) {
  s.ram.on_access = [] { throw std::runtime_error("target"); };
  tlm::tlm_generic_payload p;
  std::uint32_t data = 0;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, va, &data, 4);
  sc_core::sc_time delay;
  EXPECT_THROW(s.client.socket->b_transport(p, delay), std::runtime_error);
  EXPECT_EQ(p.get_address(), va);
  EXPECT_EQ(p.get_extension<AccessExtension>(), nullptr);
  expect_nothing_under_way();
}

INSTANTIATE_TEST_SUITE_P(Accesses, Ended, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "Hit" : "Miss"; });

TEST_F(Dmi, WhoAccessesWhileAResetWithdrawsFindsTheSmmuReset) {
  pgtable::Builder& tables = map();
  ASSERT_TRUE(grant());
  *s.ram.at(pa) = 0x11;
  *s.ram.at(pa + 0x5000) = 0x22;
  Client::Outcome inside;
  s.client.on_withdrawal = [&] { inside = s.client.access(va, 1, false); };
  s.pulse_reset();
  s.client.on_withdrawal = nullptr;
  EXPECT_NE(inside.data, 0x11U) << "translated by what was reset";
  ASSERT_TRUE(tables.unmap(va, 0x1000));
  ASSERT_TRUE(tables.map(va, pa + 0x5000, 0x1000));
  s.start();
  EXPECT_EQ(s.client.access(va, 1, false).data, 0x22U) << "a walk of before the reset filled a cache";
}

TEST_F(Dmi, WhoAccessesWhileTheLossOfPowerWithdrawsIsAborted) {
  map();
  ASSERT_TRUE(grant());
  std::vector<tlm::tlm_response_status> answers;
  s.client.on_withdrawal = [&] { answers.push_back(s.client.access(va, 4, false).status); };
  s.power.write(false);
  test::advance();
  s.client.on_withdrawal = nullptr;
  s.power.write(true);
  test::advance();
  ASSERT_FALSE(answers.empty());
  for (const auto answer : answers) EXPECT_EQ(answer, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(Dmi, WhoAccessesWhileLoadingWithdrawsLeavesNothingThatTheLoadedStateHasNot) {
  map(va, pa + 0x5000);
  *s.ram.at(pa) = 0x11;
  std::stringstream state;
  ASSERT_FALSE(s.smmu.save(state));
  s.world.put_ste(stream_id, smmuv3::ste_bypass());
  s.command(0x3 | of_stream, 1);
  ASSERT_TRUE(grant(pa));
  ASSERT_TRUE(s.world.stream(stream_id).map(va, pa + 0x5000, 0x1000));
  s.client.on_withdrawal = [&] { s.client.access(pa, 1, false); };
  ASSERT_FALSE(s.smmu.load(state));
  s.client.on_withdrawal = nullptr;
  EXPECT_EQ(s.client.access(pa, 1, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE)
      << "bypassed by the STE that was cached before";
}

TEST_F(Dmi, ACommandIsConsumedBeforeADisableOfItsQueueIsAcknowledged) {
  map();
  ASSERT_TRUE(grant());
  bool acknowledged = false;
  s.client.on_withdrawal = [&] {
    s.cpu.put(0x20, smmuv3::CR0_SMMUEN | smmuv3::CR0_EVENTQEN);
    acknowledged = (s.cpu.get(0x24) & smmuv3::CR0_CMDQEN) == 0;
  };
  s.push(0x10);
  test::advance(10'000'000);
  s.client.on_withdrawal = nullptr;
  EXPECT_FALSE(acknowledged) << "6.3.9.3: while it is carried out";
  EXPECT_EQ(s.cpu.get(0x24) & smmuv3::CR0_CMDQEN, 0U) << "and after it";
  EXPECT_EQ(s.cpu.get(0x9c), s.cpu.get(0x98));
}

TEST_F(Dmi, AnotherIdentityAtAFixedPortIsExplainedAsItIsAnswered) {
  map();
  AccessQuestion question;
  question.stream_id = stream_id;
  question.address = va;
  EXPECT_EQ(s.smmu.explain(question).now.outcome, Explanation::End::Outcome::forward);
  question.privileged = true;
  EXPECT_EQ(s.smmu.explain(question).now.outcome, Explanation::End::Outcome::abort);
  EXPECT_EQ(s.smmu.explain(question).now.fault, "F_UUT");
}

TEST_F(Dmi, AnIdentityHookThatIsSetTakesPointersAway) {
  map();
  ASSERT_TRUE(grant());
  bool told = false;
  s.client.on_withdrawal = [&] { told = true; };
  s.smmu.set_identity_hook(0, [](const tlm::tlm_generic_payload&, Identity& who) { who.stream_id = 6; });
  s.client.on_withdrawal = nullptr;
  EXPECT_TRUE(told);
  s.smmu.set_identity_hook(0, nullptr);
}

}  // namespace
}  // namespace smmuvp::dmi
