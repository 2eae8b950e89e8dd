// SPDX-License-Identifier: MIT
//
// Enhanced Command queues of the naive SMMU.
#include "test_secure_smmu.h"

using namespace naive_smmuv3_test;

namespace {

constexpr uint64_t EN = one(31);
constexpr uint64_t ERR = one(23);
constexpr uint64_t CMD_SYNC = 0x46;
constexpr uint64_t SIG_IRQ = one(12);

/// Two control pages of four queues, and one of one for the Secure state.
class NaiveEcmdq : public SecureSmmu {
 protected:
  static constexpr uint64_t PAGES = 0x80000, S_PAGES = 0xC0000, QUEUES = 0x24000;
  NaiveEcmdq() {
    features.ECMDQ = true;
    features.CMDQ_CONTROL_PAGES = {1, 2, PAGES};
    features.S_ECMDQ = true;
    features.S_CMDQ_CONTROL_PAGES = {0, 0, S_PAGES};
  }
  /// Registers of the n-th Non-secure queue
  static uint64_t at(unsigned n) { return PAGES + 0x4000 * uint64_t{n}; }
  /// Sets the n-th Non-secure queue up, with four entries, and enables it.
  void enable(unsigned n) {
    if (!smmu.has_value()) start_secure();
    smmu->write(at(n), 8, (QUEUES + 0x100 * n) | 2);
    smmu->write(at(n) + 0xC, 4, 0);
    smmu->write(at(n) + 8, 4, EN);
  }
  uint64_t PROD(unsigned n) { return smmu->read(at(n) + 8, 4); }
  uint64_t CONS(unsigned n) { return smmu->read(at(n) + 0xC, 4); }
  void ecmd(unsigned n, uint64_t low, uint64_t high = 0) {
    const uint64_t prod = PROD(n);
    memory.put64(QUEUES + 0x100 * n + 16 * (prod & 3), low);
    memory.put64(QUEUES + 0x100 * n + 16 * (prod & 3) + 8, high);
    smmu->write(at(n) + 8, 4, (prod & (EN | ERR)) | ((prod + 1) & 7));
    smmu->run_commands();
  }
};

}  // namespace

TEST_F(NaiveEcmdq, IdentificationSaysWhereThePagesAre) {
  start_secure();
  EXPECT_EQ(smmu->read(0x04, 4) & EN, EN);
  EXPECT_EQ(smmu->read(0x190, 4), 0x01020000u);
  EXPECT_EQ(smmu->read(0x4000, 8), PAGES | 0b011);
  EXPECT_EQ(smmu->read(0x4020, 8), (PAGES + 0x10000) | 0b011);
  EXPECT_EQ(smmu->read(0x4008, 4), 1u);
  EXPECT_EQ(smmu->read(0x400C, 4), 1u);
  EXPECT_EQ(smmu->read(0x4040, 8), 0u);  // there is no third
  EXPECT_EQ(smmu->read(0x4048, 4), 0u);
  EXPECT_EQ(s_read(0x00) & EN, EN);
  EXPECT_EQ(s_read(0x190), 0u);  // one page, one queue
  EXPECT_EQ(s_read(0x4000, 8), S_PAGES | 0b011);
  smmu->write(0x4000, 8, ~uint64_t{0});
  smmu->write(0x4008, 4, 0);
  EXPECT_EQ(smmu->read(0x4000, 8), PAGES | 0b011);
  EXPECT_EQ(smmu->read(0x4008, 4), 1u);
}

TEST_F(NaiveEcmdq, AbsentItsRegistersAreZero) {
  features.ECMDQ = false;
  features.S_ECMDQ = false;
  start_secure();
  for (uint64_t offset : {0x190ul, 0x4000ul, 0x4008ul, 0x400Cul, 0xC190ul, 0xC000ul, PAGES, PAGES + 8}) {
    smmu->write(offset, 4, 0xFFFFFFFF, Space::secure);
    EXPECT_EQ(smmu->read(offset, 4, Space::secure), 0u) << offset;
  }
  smmu->write(0x64, 4, 0x200);
  EXPECT_EQ(smmu->read(0x64, 4), 0u);
}

TEST_F(NaiveEcmdq, FeaturesThatContradictEachOtherAreRefused) {
  auto refused = [&](const std::function<void(Features&)>& change) {
    Features f = features;
    change(f);
    EXPECT_THROW(f.validate(), std::invalid_argument);
  };
  EXPECT_NO_THROW(features.validate());
  refused([](Features& f) { f.COHACC = false; });
  refused([](Features& f) { f.S_MSI = false; });
  refused([](Features& f) { f.E0PD = false; });  // SMMUv3.2
  refused([](Features& f) { f.CMDQ_CONTROL_PAGES.LOG2NUMP = 9; });
  refused([](Features& f) { f.CMDQ_CONTROL_PAGES.LOG2NUMQ = 9; });
  refused([](Features& f) { f.CMDQ_CONTROL_PAGES.ADDR = 0x10000; });
  refused([](Features& f) { f.CMDQ_CONTROL_PAGES.LOG2NUMP = 3; });  // reaches the Secure page
  refused([](Features& f) {
    f.VATOS = true;
    f.BA_VATOS = 7;
    f.BA_S_VATOS = 1;
  });
}

TEST_F(NaiveEcmdq, QueuesAreSpacedEvenlyAndNothingLiesBetween) {
  enable(0);
  for (unsigned n : {0u, 3u, 4u, 7u}) {
    smmu->write(at(n) + 8, 4, 0);
    smmu->write(at(n), 8, QUEUES | n);
    EXPECT_EQ(smmu->read(at(n), 8), QUEUES | n);
    smmu->write(at(n) + 0x10, 8, ~uint64_t{0});
    EXPECT_EQ(smmu->read(at(n) + 0x10, 8), 0u);
    EXPECT_EQ(smmu->read(at(n) + 0x1000, 8), 0u);
  }
  smmu->write(at(8), 8, QUEUES);
  EXPECT_EQ(smmu->read(at(8), 8), 0u);
}

TEST_F(NaiveEcmdq, SecureQueuesAreOutOfReachOfNonSecureAccesses) {
  start_secure();
  smmu->write(S_PAGES, 8, QUEUES | 2, Space::secure);
  EXPECT_EQ(smmu->read(S_PAGES, 8, Space::secure), QUEUES | 2);
  EXPECT_EQ(smmu->read(S_PAGES, 8), 0u);
  smmu->write(S_PAGES, 8, 0);
  EXPECT_EQ(smmu->read(S_PAGES, 8, Space::secure), QUEUES | 2);
}

TEST_F(NaiveEcmdq, EnackFollowsEnAndGuardsBaseAndCons) {
  enable(1);
  EXPECT_EQ(CONS(1), EN);
  smmu->write(at(1), 8, 0x5000 | 3);
  smmu->write(at(1) + 0xC, 4, 2);
  EXPECT_EQ(smmu->read(at(1), 8), (QUEUES + 0x100) | 2);
  EXPECT_EQ(CONS(1), EN);
  smmu->write(at(1) + 8, 4, 3);
  EXPECT_EQ(CONS(1), 0u);
  EXPECT_EQ(PROD(1), 3u);
  smmu->write(at(1), 8, 0x5000 | 3);
  smmu->write(at(1) + 0xC, 4, EN | ERR | 0xF2);
  EXPECT_EQ(smmu->read(at(1), 8), 0x5003u);
  EXPECT_EQ(CONS(1), ERR | 2);
}

TEST_F(NaiveEcmdq, ConsumesCommandsWithOrWithoutTheOtherQueue) {
  enable(0);
  smmu->write(0x20, 4, 0b0101);  // CMDQEN == 0
  ecmd(0, CMD_SYNC | SIG_IRQ | (uint64_t{0x33} << 32), 0x9000);
  EXPECT_EQ(CONS(0), EN | 1);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
  EXPECT_EQ(memory.get64(0x9000), 0x33u);
  smmu->write(at(0) + 8, 4, 1);
  ecmd(0, CMD_SYNC | SIG_IRQ);
  EXPECT_EQ(CONS(0), 1u);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
}

TEST_F(NaiveEcmdq, ErrorsAreOfTheQueueAndOfCmdqpErr) {
  enable(2);
  ecmd(2, 0xFF);
  EXPECT_EQ(CONS(2), EN | ERR | one(24));  // CERROR_ILL, RD at the command
  EXPECT_EQ(smmu->read(0x60, 4), one(9));
  EXPECT_EQ(smmu->wires().gerror, 1u);
  EXPECT_EQ(s_read(0x60), 0u);
  // The other queues go on, and this one does not, whatever GERRORN says
  smmu->write(0x64, 4, one(9));
  command(CMD_SYNC | SIG_IRQ);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
  enable(3);
  ecmd(3, CMD_SYNC | SIG_IRQ);
  EXPECT_EQ(smmu->wires().cmd_sync, 2u);
  memory.put64(QUEUES + 0x200, CMD_SYNC | SIG_IRQ);
  smmu->run_commands();
  EXPECT_EQ(smmu->wires().cmd_sync, 2u);
  smmu->write(at(2) + 8, 4, EN | ERR | 1);  // ERRACK
  smmu->run_commands();
  EXPECT_EQ(smmu->wires().cmd_sync, 3u);
  EXPECT_EQ(CONS(2) & ~(uint64_t{7} << 24), EN | ERR | 1);
  // The next one toggles back
  ecmd(2, 0xFF);
  EXPECT_EQ(CONS(2) & (EN | ERR), EN);
}

TEST_F(NaiveEcmdq, AbortedFetchIsCerrorAbt) {
  enable(0);
  memory.aborting = {QUEUES};
  ecmd(0, CMD_SYNC);
  EXPECT_EQ(CONS(0), EN | ERR | (uint64_t{2} << 24));
}

TEST_F(NaiveEcmdq, DisablingItIsAcknowledgedInErrorToo) {
  enable(0);
  ecmd(0, 0xFF);
  smmu->write(at(0) + 8, 4, 1);
  EXPECT_EQ(CONS(0) & (EN | ERR), ERR);
  smmu->write(at(0) + 0xC, 4, 0);  // made consistent
  smmu->write(at(0) + 8, 4, EN);
  EXPECT_EQ(CONS(0) & (EN | ERR), EN);
  ecmd(0, CMD_SYNC | SIG_IRQ);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
}

TEST_F(NaiveEcmdq, CmdqErrDoesNotStopIt) {
  enable(0);
  command(0xFF);
  EXPECT_EQ(command_error(), 1u);
  ecmd(0, CMD_SYNC | SIG_IRQ);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
}

TEST_F(NaiveEcmdq, AnAbortedMessageOfASyncIsMsiCmdqAbtErr) {
  enable(0);
  memory.aborting = {0x9000};
  ecmd(0, CMD_SYNC | SIG_IRQ, 0x9000);
  EXPECT_EQ(smmu->read(0x60, 4), one(4));
  EXPECT_EQ(CONS(0), EN | 1);
}

TEST_F(NaiveEcmdq, CommandsAreThoseOfItsState) {
  enable(0);
  ecmd(0, 0x18);  // CMD_TLBI_EL3_ALL
  EXPECT_EQ(CONS(0) & ERR, ERR);
  smmu->write(S_PAGES, 8, QUEUES | 2, Space::secure);
  secure_memory.put64(QUEUES, 0x18);
  secure_memory.put64(QUEUES + 16, 0x03 | SSEC);
  secure_memory.put64(QUEUES + 32, 0xFF);
  smmu->write(S_PAGES + 8, 4, EN | 3, Space::secure);
  smmu->run_commands();
  EXPECT_EQ(smmu->read(S_PAGES + 0xC, 4, Space::secure), EN | ERR | one(24) | 2);
  EXPECT_EQ(s_read(0x60), one(9));
  EXPECT_EQ(smmu->wires(Space::secure).gerror, 1u);
}

TEST_F(NaiveEcmdq, ResumesStalls) {
  config(0b101);
  cd[0] |= one(44);
  request.SEC_SID = Space::non_secure;
  enable(0);
  EXPECT_EQ(access(GIB).kind, Outcome::Kind::stalled);
  ecmd(0, 0x44 | one(13));
  EXPECT_EQ(smmu->take_finished().size(), 1u);
}

TEST_F(NaiveEcmdq, ASyncConcernsTheInvalidationsOfItsOwnQueue) {
  choices.retries_unrecorded_stalls = false;
  config(0b101);
  cd[0] |= one(44);
  request.SEC_SID = Space::non_secure;
  enable(0);
  enable(1);
  smmu->write(0x20, 4, 0b1001);
  access(GIB);
  memory.put64(STAGE1 + 8, block(GIB, AF | USER));
  ecmd(0, 0x10);
  ecmd(1, CMD_SYNC);
  command(CMD_SYNC);
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(events(), 1u);  // not out of date
  smmu->write(0x20, 4, 0b1001);
  memory.put64(STAGE1 + 8, 0);
  access(GIB);
  memory.put64(STAGE1 + 8, block(GIB, AF | USER));
  ecmd(0, CMD_SYNC);
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(events(), 1u);
  EXPECT_EQ(smmu->take_finished().size(), 1u);
}

TEST_F(NaiveEcmdq, QueueAttributesAreReadOnlyWhileOneIsEnabled) {
  enable(5);
  smmu->write(0x20, 4, 0);
  smmu->write(0x28, 4, 0x3F);
  EXPECT_EQ(smmu->read(0x28, 4), 0u);
  smmu->write(at(5) + 8, 4, 0);
  smmu->write(0x28, 4, 0x3F);
  EXPECT_EQ(smmu->read(0x28, 4), 0x3Fu);
}

TEST_F(NaiveEcmdq, QueueThatIsNoLongerFullIsAnEvent) {
  enable(0);
  for (unsigned n = 0; n < 4; n++) memory.put64(QUEUES + 16 * n, 0x10);
  smmu->write(at(0) + 8, 4, EN | 4);
  smmu->run_commands();
  EXPECT_EQ(smmu->wires().sev, 1u);
  EXPECT_EQ(CONS(0), EN | 4);
}
