// SPDX-License-Identifier: MIT
//
// CMD_ATC_INV of the naive SMMU, and how CMD_SYNC tells that one timed out: IHI 0070 4.5.1, 3.9.1.4, 4.7.3.
#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {

class NaiveAtcInvalidation : public NaiveSmmu {
 protected:
  NaiveAtcInvalidation() { features.ATS = true; }
  void listen() {
    if (!smmu.has_value()) start();
    smmu->set_atc_handler([this](const AtcInvalidation& message) {
      messages.push_back(message);
      return answer;
    });
  }
  void invalidate(uint64_t fields, uint64_t high) {
    listen();
    command(0x40 | fields, high);
  }
  unsigned consumed() { return unsigned(smmu->read(0x9C, 4) & 0xF); }
  std::vector<AtcInvalidation> messages;
  AtcAnswer answer = AtcAnswer::completed;
};

constexpr uint64_t SSV = one(11), GLOBAL = one(9);

}  // namespace

TEST_F(NaiveAtcInvalidation, IsIllegalWithoutAts) {
  features.ATS = false;
  command(0x40);
  EXPECT_EQ(command_error(), 1u);
}

TEST_F(NaiveAtcInvalidation, SendsAMessageToTheDevice) {
  invalidate((uint64_t{0xABCD'1234} << 32), 0x1234'5678'9ABC'D000);
  invalidate((uint64_t{5} << 32) | SSV | (uint64_t{0x54321} << 12), 0xFFFF'FFFF'FFFF'F000 | 9);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0], (AtcInvalidation{0xABCD'1234, false, 0, false, 0x1234'5678'9ABC'D000, 12}));
  EXPECT_EQ(messages[1], (AtcInvalidation{5, true, 0x54321, false, 0xFFFF'FFFF'FFE0'0000, 21}));
  EXPECT_EQ(consumed(), 2u);
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaiveAtcInvalidation, GlobalAndSubstreamCountOnlyWithSsv) {
  invalidate(GLOBAL | (uint64_t{7} << 12), 0);
  invalidate(GLOBAL | SSV | (uint64_t{7} << 12), 0);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0], (AtcInvalidation{0, false, 0, false, 0, 12}));
  EXPECT_EQ(messages[1], (AtcInvalidation{0, true, 7, true, 0, 12}));
}

TEST_F(NaiveAtcInvalidation, SizeOf52IsEverything) {
  invalidate(0, 0xFFFF'FFFF'FFFF'F000 | 52);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0], (AtcInvalidation{0, false, 0, false, 0, 64}));
}

TEST_F(NaiveAtcInvalidation, SizeAbove52IsIllegalOrNotByChoice) {
  invalidate(0, 53);
  EXPECT_EQ(command_error(), 1u);
  choices.atc_inv_beyond_52 = Choices::Oversized::invalidates_all;
  smmu.reset();
  invalidate(0, 63);
  EXPECT_EQ(command_error(), 0u);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].shift, 64u);
  choices.atc_inv_beyond_52 = Choices::Oversized::ignored;
  smmu.reset();
  invalidate(0, 53);
  EXPECT_EQ(command_error(), 0u);
  EXPECT_EQ(messages.size(), 1u);
}

TEST_F(NaiveAtcInvalidation, SsvWithoutPasidsIsAsWithoutOrIgnoredByChoice) {
  features.SSIDSIZE = 0;
  invalidate(SSV | GLOBAL | (uint64_t{7} << 12), 0);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0], AtcInvalidation{});
  choices.ssv_without_pasids_is_ignored = true;
  smmu.reset();
  invalidate(SSV, 0);
  EXPECT_EQ(messages.size(), 1u);
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaiveAtcInvalidation, OutOfRangeItHasNoEffect) {
  features.SIDSIZE = 16;
  features.SSIDSIZE = 8;
  invalidate(uint64_t{0x10000} << 32, 0);
  invalidate(SSV | (uint64_t{0x100} << 12), 0);
  EXPECT_TRUE(messages.empty());
  EXPECT_EQ(consumed(), 2u);
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaiveAtcInvalidation, IsIgnoredWhileDisabledUnlessIllegal) {
  listen();
  smmu->write(0x20, 4, 0b1100);
  answer = AtcAnswer::timed_out;
  invalidate(0, 0);
  command(0x46);
  EXPECT_TRUE(messages.empty());
  EXPECT_EQ(command_error(), 0u);
  invalidate(0, 53);
  EXPECT_EQ(command_error(), 1u);
}

TEST_F(NaiveAtcInvalidation, TimeOutIsAnErrorOfTheNextSync) {
  answer = AtcAnswer::timed_out;
  invalidate(0, 0);
  invalidate(uint64_t{1} << 32, 0);
  EXPECT_EQ(command_error(), 0u);
  EXPECT_EQ(consumed(), 2u);
  answer = AtcAnswer::completed;
  invalidate(uint64_t{2} << 32, 0);
  command(0x46 | one(12) | (uint64_t{0xCAFE} << 32), 0x90000);
  EXPECT_EQ(command_error(), 3u);
  EXPECT_EQ(smmu->read(0x9C, 4), 0x0300'0003u);
  EXPECT_EQ(smmu->wires().gerror, 1u);
  EXPECT_EQ(smmu->wires().cmd_sync, 0u);
  EXPECT_EQ(memory.get64(0x90000), 0u);
  smmu->run_commands();
  EXPECT_EQ(consumed(), 3u);
  // Several are told at once; the same CMD_SYNC is fetched again
  acknowledge();
  smmu->run_commands();
  EXPECT_EQ(consumed(), 4u);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
  EXPECT_EQ(memory.get64(0x90000), 0xCAFEu);
  command(0x46);
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaiveAtcInvalidation, IllegalSyncIsThatFirst) {
  answer = AtcAnswer::timed_out;
  invalidate(0, 0);
  command(0x46 | (uint64_t{3} << 12));
  EXPECT_EQ(command_error(), 1u);
  memory.put64(COMMANDS + 16, 0x46);
  acknowledge();
  smmu->run_commands();
  EXPECT_EQ(command_error(), 3u);
}

TEST_F(NaiveAtcInvalidation, OtherCommandsGoOnAfterATimeOut) {
  answer = AtcAnswer::timed_out;
  invalidate(0, 0);
  command(0x30);
  EXPECT_EQ(consumed(), 2u);
  EXPECT_EQ(command_error(), 0u);
}
