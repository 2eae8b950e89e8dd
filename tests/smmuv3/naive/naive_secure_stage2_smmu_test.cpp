// SPDX-License-Identifier: MIT
//
// Secure stage 2, commands and stalls of the naive SMMU.
#include "test_secure_smmu.h"

using namespace naive_smmuv3_test;

namespace {
class NaiveSecureStage2 : public SecureSmmu {};
class NaiveSecureCommands : public SecureSmmu {};
class NaiveSecureStalls : public SecureSmmu {
 protected:
  NaiveSecureStalls() {
    config(0b101);
    cd[0] |= one(44);
  }
};
}  // namespace

// ---- stage 2

TEST_F(NaiveSecureStage2, NscfgChoosesTheIpaSpaceOfStage2Alone) {
  config(0b110);
  Forwarded out = s_forwarded(GIB);
  EXPECT_EQ(out.address, 3 * GIB);
  EXPECT_FALSE(out.NS);
  request.NS = true;
  out = s_forwarded(GIB);
  EXPECT_EQ(out.address, 5 * GIB);
  EXPECT_FALSE(out.NS);  // S2NSA is 0
  nscfg(0b10);
  EXPECT_EQ(s_forwarded(GIB).address, 3 * GIB);
}

TEST_F(NaiveSecureStage2, OutputsGoWhereTheSteSays) {
  config(0b110);
  request.NS = true;
  ste[3] |= one(1);  // S2NSA
  EXPECT_TRUE(s_forwarded(GIB).NS);
  request.NS = false;
  EXPECT_FALSE(s_forwarded(GIB).NS);
  ste[3] &= ~one(1);
  ste[6] |= one(1);  // S2SA
  EXPECT_TRUE(s_forwarded(GIB).NS);
  request.NS = true;
  EXPECT_TRUE(s_forwarded(GIB).NS);
}

TEST_F(NaiveSecureStage2, WalksGoWhereTheSteSays) {
  config(0b110);
  memory.put64(SECURE_STAGE2 + 8, block(6 * GIB, AF | S2_READ | S2_WB));
  ste[6] |= one(0);  // S2SW
  Forwarded out = s_forwarded(GIB);
  EXPECT_EQ(out.address, 6 * GIB);
  EXPECT_TRUE(out.NS);
  ste[6] &= ~one(0);
  ste[3] |= one(0);  // S2NSW
  memory.put64(STAGE2 + 8, block(7 * GIB, AF | S2_READ | S2_WB));
  request.NS = true;
  out = s_forwarded(GIB);
  EXPECT_EQ(out.address, 7 * GIB);
  EXPECT_TRUE(out.NS);
  request.NS = false;
  out = s_forwarded(GIB);
  EXPECT_EQ(out.address, 3 * GIB);
  EXPECT_FALSE(out.NS);
}

TEST_F(NaiveSecureStage2, NestedStage1ChoosesTheIpaSpace) {
  config(0b111);
  EXPECT_EQ(s_forwarded(0).address, 3 * GIB);
  secure_memory.put64(STAGE1, block(GIB, AF | USER | TTD_NS));
  EXPECT_EQ(s_forwarded(0).address, 5 * GIB);
}

TEST_F(NaiveSecureStage2, CdsAreFetchedThroughSecureIpas) {
  config(0b111);
  // The Secure IPA space maps the first GiB elsewhere, and the CD and the tables follow
  secure_memory.put64(SECURE_STAGE2, block(8 * GIB, AF | S2_READ | S2_WRITE | S2_WB));
  put(secure_memory, 8 * GIB + CDS, cd);
  secure_memory.put64(8 * GIB + STAGE1, block(GIB, AF | USER));
  s_forwarded(0);
  put(secure_memory, 8 * GIB + CDS, {});
  expect_s_abort(0);
  EXPECT_EQ(only_s_event()[0], 0x0Au);
  ste[6] |= one(1);  // S2SA: from Non-secure memory
  put(memory, 8 * GIB + CDS, cd);
  memory.put64(8 * GIB + STAGE1, block(GIB, AF | USER));
  EXPECT_TRUE(s_forwarded(0).NS);
}

TEST_F(NaiveSecureStage2, FaultsOfTheNonSecureIpaSpaceSetNsipa) {
  config(0b111);
  secure_memory.put64(STAGE2 + 8, 0);
  secure_memory.put64(SECURE_STAGE2 + 8, 0);
  expect_s_abort(0x1000);
  // RnW, S2, CLASS IN
  EXPECT_EQ(s_event(0), (Words{0x10, 0x0000'0288'0000'0000, 0x1000, GIB + 0x1000}));
  secure_memory.put64(STAGE1, block(GIB, AF | USER | TTD_NS));
  expect_s_abort(0x1000);
  EXPECT_EQ(s_event(1), (Words{0x10, 0x0000'02C8'0000'0000, 0x1000, GIB + 0x1000}));
  // A table in the Non-secure IPA space: CLASS TT
  secure_memory.put64(STAGE2, 0);
  cd[1] |= 1;
  expect_s_abort(0x1000);
  EXPECT_EQ(s_event(2), (Words{0x10, 0x0000'01C8'0000'0000, 0x1000, STAGE1 & ~uint64_t{0xFFF}}));
  // The CD, always a Secure IPA: CLASS CD
  secure_memory.put64(SECURE_STAGE2, 0);
  expect_s_abort(0x1000);
  EXPECT_EQ(s_event(3), (Words{0x10, 0x0000'0088'0000'0000, 0x1000, CDS}));
}

TEST_F(NaiveSecureStage2, SifLooksAtTheIpaSpace) {
  config(0b111);
  S_CR0 = 0x2D;
  request.instruction = true;
  request.privileged = true;
  // All of Secure IPAs is Non-secure memory, which does not matter
  ste[6] |= one(1);
  put(memory, CDS, cd);
  memory.put64(STAGE1, block(GIB, AF));
  s_forwarded(0);
  memory.put64(STAGE1, block(GIB, AF | TTD_NS));
  expect_s_abort(0);
  EXPECT_EQ(only_s_event()[0], 0x13u);
  EXPECT_EQ(s_event(0)[1], 0x0000'020E'0000'0000u);
}

TEST_F(NaiveSecureStage2, SifLooksAtTheInputOfStage2Alone) {
  config(0b110);
  S_CR0 = 0x2D;
  request.instruction = true;
  request.NS = true;
  ste[2] |= one(57);  // S2S does not make it stall
  expect_s_abort(GIB);
  EXPECT_EQ(only_s_event()[0], 0x13u);
  EXPECT_EQ(s_event(0)[1], 0x0000'020C'0000'0000u);
  // An address beyond the size comes first
  expect_s_abort(one(48));
  EXPECT_EQ(s_event(1)[0], 0x11u);
}

TEST_F(NaiveSecureStage2, DescriptorUpdatesGoWhereTheWalkGoes) {
  config(0b110);
  ste[2] |= one(56);  // S2HA
  secure_memory.put64(SECURE_STAGE2 + 8, block(3 * GIB, S2_READ | S2_WB));
  s_forwarded(GIB);
  EXPECT_EQ(secure_memory.get64(SECURE_STAGE2 + 8) & AF, AF);
  EXPECT_EQ(memory.get64(SECURE_STAGE2 + 8), 0u);
}

// ---- commands

TEST_F(NaiveSecureCommands, EveryOpcodeIsKnownOrIllegal) {
  const std::set<unsigned> known = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13,
                                    0x18, 0x1A, 0x20, 0x21, 0x22, 0x23, 0x28, 0x2A, 0x30, 0x44,
                                    0x45, 0x46, 0x50, 0x51, 0x52, 0x53, 0x58, 0x5A, 0x60};
  start_secure();
  for (unsigned opcode = 0; opcode < 256; opcode++) {
    s_command(opcode);
    EXPECT_EQ(s_command_error(), known.count(opcode) != 0 ? 0u : 1u) << opcode;
    s_write(0x98, 4, s_read(0x9C));
    s_acknowledge();
  }
  EXPECT_EQ(smmu->read(0x60, 4), 0u);
}

TEST_F(NaiveSecureCommands, OfSecureRegimesAreIllegalInTheNonSecureQueue) {
  start_secure();
  for (unsigned opcode : {0x18u, 0x1Au, 0x50u, 0x51u, 0x52u, 0x53u, 0x58u, 0x5Au, 0x60u}) {
    command(opcode);
    EXPECT_EQ(command_error(), 1u) << opcode;
    smmu->write(0x98, 4, smmu->read(0x9C, 4));
    acknowledge();
  }
}

TEST_F(NaiveSecureCommands, OfSecureEl2NeedIt) {
  features.SEL2 = false;
  start_secure();
  for (unsigned opcode : {0x50u, 0x51u, 0x52u, 0x53u, 0x58u, 0x5Au, 0x60u}) {
    s_command(opcode);
    EXPECT_EQ(s_command_error(), 1u) << opcode;
    s_write(0x98, 4, s_read(0x9C));
    s_acknowledge();
  }
  s_command(0x18);
  EXPECT_EQ(s_command_error(), 0u);
}

TEST_F(NaiveSecureCommands, SsecIsLegalInTheSecureQueueAlone) {
  start_secure();
  for (unsigned opcode : {0x01u, 0x02u, 0x03u, 0x04u, 0x05u, 0x06u, 0x44u, 0x45u}) {
    s_command(opcode | SSEC);
    EXPECT_EQ(s_command_error(), 0u) << opcode;
    s_command(opcode);
    EXPECT_EQ(s_command_error(), 0u) << opcode;
    command(opcode | SSEC);
    EXPECT_EQ(command_error(), 1u) << opcode;
    smmu->write(0x98, 4, smmu->read(0x9C, 4));
    acknowledge();
  }
}

TEST_F(NaiveSecureCommands, GranuleWithoutRangeOrLevelIsReserved) {
  start_secure();
  for (unsigned opcode : {0x1Au, 0x52u, 0x53u, 0x5Au}) {
    s_command(opcode, one(10));
    EXPECT_EQ(s_command_error(), 1u) << opcode;
    s_write(0x98, 4, s_read(0x9C));
    s_acknowledge();
    s_command(opcode, one(10) | one(8));
    EXPECT_EQ(s_command_error(), 0u) << opcode;
  }
}

TEST_F(NaiveSecureCommands, AnErrorStopsItsOwnQueueAlone) {
  start_secure();
  s_command(0);
  EXPECT_EQ(s_command_error(), 1u);
  EXPECT_EQ(smmu->wires(Space::secure).gerror, 1u);
  command(0x46 | one(12));
  EXPECT_EQ(command_error(), 0u);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
}

TEST_F(NaiveSecureCommands, SyncSendsASecureMessage) {
  start_secure();
  s_command(0x46 | one(12) | (uint64_t{0x77} << 32), 0x9000);
  EXPECT_EQ(smmu->wires(Space::secure).cmd_sync, 1u);
  EXPECT_EQ(smmu->wires().cmd_sync, 0u);
  EXPECT_EQ(secure_memory.get64(0x9000), 0x77u);
  secure_memory.aborting = {0x9000};
  s_command(0x46 | one(12), 0x9000);
  EXPECT_EQ(s_read(0x60), 1u << 4);
}

// ---- stalls

TEST_F(NaiveSecureStalls, AreResumedBySsecOfTheSecureQueueAlone) {
  const Outcome outcome = s_access(GIB);
  EXPECT_EQ(outcome.kind, Outcome::Kind::stalled);
  EXPECT_EQ(s_event(0)[1], 0x0000'0208'8000'0000u);
  command(0x44 | one(13));
  s_command(0x44 | one(13));  // a Non-secure StreamID
  EXPECT_TRUE(smmu->take_finished().empty());
  s_command(0x44 | SSEC | one(13));
  const auto finished = smmu->take_finished();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].second.kind, Outcome::Kind::aborted);
}

TEST_F(NaiveSecureStalls, TheSecureQueueResumesNonSecureStreamsToo) {
  start_secure();
  request.SEC_SID = Space::non_secure;
  EXPECT_EQ(access(GIB).kind, Outcome::Kind::stalled);
  s_command(0x44 | SSEC);
  EXPECT_TRUE(smmu->take_finished().empty());
  s_command(0x44);
  EXPECT_EQ(smmu->take_finished().size(), 1u);
}

TEST_F(NaiveSecureStalls, BothStatesMayUseTheSameTagAndShareTheRoom) {
  features.STALL_MAX = 2;
  EXPECT_EQ(s_access(GIB).STAG, 0);
  request.SEC_SID = Space::non_secure;
  EXPECT_EQ(access(GIB).STAG, 0);
  EXPECT_EQ(access(GIB).STAG, std::nullopt);
  s_command(0x44 | SSEC | one(13));
  EXPECT_EQ(events(), 2u);
  EXPECT_EQ(smmu->stalled().size(), 2u);
}

TEST_F(NaiveSecureStalls, AFullQueueOfOneStateDoesNotHoldTheOther) {
  start_secure();
  s_write(0x20, 4, 0b1001);  // EVENTQEN == 0
  EXPECT_EQ(s_access(GIB).STAG, std::nullopt);
  request.SEC_SID = Space::non_secure;
  smmu->write(0x20, 4, 0b1001);
  EXPECT_EQ(access(GIB).STAG, std::nullopt);
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(events(), 1u);
  EXPECT_EQ(s_events(), 0u);
  s_write(0x20, 4, 0b1101);
  EXPECT_EQ(s_events(), 1u);
}

TEST_F(NaiveSecureStalls, StallTermAndSmmuenEndThoseOfTheirState) {
  s_access(GIB);
  request.SEC_SID = Space::non_secure;
  access(GIB);
  command(0x45);
  EXPECT_EQ(smmu->stalled().size(), 1u);
  access(GIB);
  s_command(0x45 | SSEC);
  EXPECT_EQ(smmu->stalled().size(), 1u);
  s_write(0x20, 4, 0b1100);
  EXPECT_EQ(smmu->stalled().size(), 1u);
  smmu->write(0x20, 4, 0b1100);
  EXPECT_TRUE(smmu->stalled().empty());
}

TEST_F(NaiveSecureStalls, InvalidationsOfOneQueueMakeEventsOfTheirStateStale) {
  choices.retries_unrecorded_stalls = false;
  start_secure();
  s_write(0x20, 4, 0b1001);
  s_access(GIB);
  secure_memory.put64(STAGE1 + 8, block(GIB, AF | USER));
  command(0x10);
  command(0x46);
  s_command(0x30);  // CMD_TLBI_NSNH_ALL: Non-secure entries
  s_command(0x46);
  s_write(0x20, 4, 0b1101);
  EXPECT_EQ(s_events(), 1u);  // the event of before
  s_command(0x44 | SSEC | one(13));
  secure_memory.put64(STAGE1 + 8, 0);
  s_write(0x20, 4, 0b1001);
  s_access(GIB);
  secure_memory.put64(STAGE1 + 8, block(GIB, AF | USER));
  s_write(0x20, 4, 0b1001);
  smmu->take_finished();
  s_command(0x10);  // of the Secure regime
  s_command(0x46);
  s_write(0x20, 4, 0b1101);
  EXPECT_EQ(s_events(), 1u);
  EXPECT_EQ(smmu->take_finished().size(), 1u);
}
