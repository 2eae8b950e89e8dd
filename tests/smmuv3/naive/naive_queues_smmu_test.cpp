// SPDX-License-Identifier: MIT
//
// Registers, queues, commands, interrupts and stalls of the naive SMMU.
#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {
class NaiveRegisters : public NaiveSmmu {};
class NaiveEventQueue : public NaiveSmmu {
 protected:
  /// Every access is C_BAD_STE, told apart by its StreamID
  void fault(uint32_t StreamID) {
    if (!smmu.has_value()) start();
    request.StreamID = StreamID;
    EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::aborted);
  }
  bool overflow() { return ((smmu->read(0x100A8, 4) ^ smmu->read(0x100AC, 4)) >> 31) != 0; }
};
class NaiveCommands : public NaiveSmmu {};
class NaiveStalls : public NaiveSmmu {
 protected:
  NaiveStalls() {
    config(0b101);
    cd[0] |= one(44);  // S
  }
  /// An access that finds no translation
  Outcome stall(uint64_t offset = 0) { return access(GIB + offset); }
  void map() { memory.put64(STAGE1 + 8, block(2 * GIB, AF | USER)); }
  void resume(uint16_t STAG, uint64_t action, uint32_t StreamID = 0) {
    command(0x44 | (action << 12) | (uint64_t{StreamID} << 32), STAG);
  }
};
constexpr uint64_t TERMINATE = 0, RETRY = 1, ABORT = 2;
}  // namespace

// ---- registers

TEST_F(NaiveRegisters, IdentificationFollowsTheFeatures) {
  features.ProductID = 0x123;
  features.Implementer = 0x43B;
  start();
  // IDR0: ST_LEVEL 1, CD2L, VMID16, ATOS, SEV, MSI, ASID16, Hyp, HTTU 2, COHACC, TTF 3, S1P, S2P
  EXPECT_EQ(smmu->read(0x00, 4), 0x080CF29Fu);
  // IDR1: ATTR_TYPES_OVR, ATTR_PERMS_OVR, CMDQS 19, EVENTQS 19, SSIDSIZE 20, SIDSIZE 32
  EXPECT_EQ(smmu->read(0x04, 4), 0x0E730520u);
  EXPECT_EQ(smmu->read(0x08, 4), 0u);
  // IDR3: PTWNNC, E0PD, BBML 2, RIL, STT, FWB, XNX, HAD
  EXPECT_EQ(smmu->read(0x0C, 4), 0x00007714u);
  // IDR5: STALL_MAX 8, all granules, OAS 48
  EXPECT_EQ(smmu->read(0x14, 4), 0x00080075u);
  EXPECT_EQ(smmu->read(0x18, 4), 0x1230043Bu);
  EXPECT_EQ(smmu->read(0x1C, 4), 3u);
}

TEST_F(NaiveRegisters, VersionIsTheHighestWhoseMandatoryFeaturesAreThere) {
  Features f;
  f.EPAN = f.MTEPERM = true;
  EXPECT_EQ(f.aidr(), 4u);
  f.MTEPERM = false;
  EXPECT_EQ(f.aidr(), 3u);
  f.E0PD = false;
  EXPECT_EQ(f.aidr(), 2u);
  f.RIL = false;
  EXPECT_EQ(f.aidr(), 1u);
  f.XNX = false;
  EXPECT_EQ(f.aidr(), 0u);
}

TEST_F(NaiveRegisters, FeaturesThatAreNotModelledAreRefused) {
  features.PASIDTT = true;
  EXPECT_THROW(start(), std::invalid_argument);
}

TEST_F(NaiveRegisters, ControlRegistersKeepOnlyWhatExists) {
  smmu.emplace(features, memory, choices);
  smmu->write(0x20, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x20, 4), 0xDu);
  EXPECT_EQ(smmu->read(0x24, 4), 0xDu);
  smmu->write(0x50, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x50, 4), 5u);
  EXPECT_EQ(smmu->read(0x54, 4), 5u);
  smmu->write(0x20, 4, 0);
  smmu->write(0x28, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x28, 4), 0xFFFu);
  smmu->write(0x2C, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x2C, 4), 3u);
}

TEST_F(NaiveRegisters, GuardedRegistersKeepTheirValue) {
  start();
  for (uint64_t offset : std::initializer_list<uint64_t>{0x28, 0x2C, 0x80, 0x88, 0x90, 0x9C, 0xA0, 0x68, 0x70,
                                                         0x74, 0xB0, 0xB8, 0xBC, 0x100A8}) {
    const uint64_t before = smmu->read(offset, 4);
    smmu->write(offset, 4, ~before);
    EXPECT_EQ(smmu->read(offset, 4), before) << std::hex << offset;
  }
}

TEST_F(NaiveRegisters, AddressesKeepTheirFieldsUpToTheOutputSize) {
  smmu.emplace(features, memory, choices);
  for (uint64_t offset : std::initializer_list<uint64_t>{0x80, 0x90, 0xA0, 0x68, 0xB0})
    smmu->write(offset, 8, ~uint64_t{0});
  EXPECT_EQ(smmu->read(0x80, 8), 0x4000'FFFF'FFFF'FFC0u);
  EXPECT_EQ(smmu->read(0x90, 8), 0x4000'FFFF'FFFF'FFFFu);
  EXPECT_EQ(smmu->read(0xA0, 8), 0x4000'FFFF'FFFF'FFFFu);
  EXPECT_EQ(smmu->read(0x68, 8), 0x0000'FFFF'FFFF'FFFCu);
  EXPECT_EQ(smmu->read(0xB0, 8), 0x0000'FFFF'FFFF'FFFCu);
  smmu->write(0x84, 4, 0);
  EXPECT_EQ(smmu->read(0x80, 8), 0x0000'0000'FFFF'FFC0u);
}

TEST_F(NaiveRegisters, IndicesKeepTheWrapFlagAndNothingAboveIt) {
  smmu.emplace(features, memory, choices);
  smmu->write(0x90, 8, COMMANDS | 3);
  smmu->write(0xA0, 8, EVENTS | 2);
  for (uint64_t offset : std::initializer_list<uint64_t>{0x98, 0x9C, 0x100A8, 0x100AC})
    smmu->write(offset, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x98, 4), 0xFu);
  EXPECT_EQ(smmu->read(0x9C, 4), 0xFu);
  EXPECT_EQ(smmu->read(0x100A8, 4), 0x80000007u);
  EXPECT_EQ(smmu->read(0x100AC, 4), 0x80000007u);
  EXPECT_EQ(smmu->read(0xA8, 4), 0u);
}

TEST_F(NaiveRegisters, StallMessagesNeedMsi) {
  features.MSI = false;
  smmu.emplace(features, memory, choices);
  for (uint64_t offset : std::initializer_list<uint64_t>{0x68, 0x70, 0x74, 0xB0, 0xB8, 0xBC}) {
    smmu->write(offset, 4, 0xFFFFFFFF);
    EXPECT_EQ(smmu->read(offset, 4), 0u);
  }
  smmu->write(0x64, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x64, 4), 0x105u);
}

// ---- Event queue

TEST_F(NaiveEventQueue, OverflowsOnceUntilAcknowledgedAndGoesOnWithSpace) {
  for (uint32_t n = 0; n < 8; n++) fault(n);
  EXPECT_FALSE(overflow());
  fault(8);
  fault(9);
  EXPECT_TRUE(overflow());
  EXPECT_EQ(smmu->read(0x100A8, 4), 0x80000008u);
  smmu->write(0x100AC, 4, 1);  // one consumed, not acknowledged
  fault(10);
  EXPECT_EQ(event(0)[0], 0x0000'000A'0000'0004u);
  smmu->write(0x100AC, 4, 0x80000001);
  fault(11);
  EXPECT_EQ(smmu->read(0x100A8, 4), 0x00000009u);  // toggled back: a second overflow
}

TEST_F(NaiveEventQueue, DisabledItDiscardsWithoutOverflow) {
  start();
  smmu->write(0x20, 4, 0b1001);
  fault(1);
  EXPECT_EQ(events(), 0u);
  EXPECT_FALSE(overflow());
}

TEST_F(NaiveEventQueue, AbortedWriteIsAGlobalErrorAndStopsRecording) {
  memory.aborting = {EVENTS + 31};
  fault(1);
  EXPECT_EQ(smmu->read(0x60, 4), 4u);
  EXPECT_EQ(smmu->wires().gerror, 1u);
  EXPECT_EQ(smmu->wires().event, 0u);
  memory.aborting.clear();
  fault(2);
  EXPECT_EQ(events(), 0u);
  acknowledge();
  fault(3);
  EXPECT_EQ(only_event()[0], 0x0000'0003'0000'0004u);
}

TEST_F(NaiveEventQueue, InterruptsWhenItIsNoLongerEmpty) {
  start();
  smmu->write(0x50, 4, 0);
  smmu->write(0xB0, 8, 0x90000);
  smmu->write(0xB8, 4, 0x1234);
  smmu->write(0x50, 4, 0b101);
  fault(1);
  fault(2);
  EXPECT_EQ(smmu->wires().event, 1u);
  EXPECT_EQ(memory.get64(0x90000), 0x1234u);
  smmu->write(0x100AC, 4, 2);
  fault(3);
  EXPECT_EQ(smmu->wires().event, 2u);
}

TEST_F(NaiveEventQueue, AbortedMessagesAreErrorsOfTheirOwn) {
  start();
  smmu->write(0x50, 4, 0);
  smmu->write(0xB0, 8, 0x90000);
  smmu->write(0x68, 8, 0x90008);
  smmu->write(0x50, 4, 0b101);
  memory.aborting = {0x90000, 0x90008};
  fault(1);
  EXPECT_EQ(smmu->read(0x60, 4), 0xA0u);  // MSI_EVENTQ_ABT_ERR, and of its message MSI_GERROR_ABT_ERR
  EXPECT_EQ(smmu->wires().gerror, 1u);
}

TEST_F(NaiveEventQueue, MessagesHaveTheTypeThatTheirRegistersSay) {
  smmu.emplace(features, memory, choices);
  const std::map<uint32_t, std::pair<unsigned, Shareability>> types = {
      {0x3F, {0xFF, Shareability::inner_shareable}},   // Write-Back, SH 0b11
      {0x1A, {0xBB, Shareability::non_shareable}},     // Write-Through, SH 0b01 as 0b00
      {0x05, {0x44, Shareability::outer_shareable}},   // Non-cacheable, whatever SH says
      {0x33, {0x0C, Shareability::outer_shareable}}};  // Device-GRE
  for (const auto& [CFG2, expected] : types) {
    memory.messages.clear();
    start();
    smmu->write(0x50, 4, 0);
    smmu->write(0xB0, 8, 0x90000);
    smmu->write(0xBC, 4, CFG2);
    smmu->write(0x50, 4, 0b101);
    fault(1);
    ASSERT_EQ(memory.messages.size(), 1u);
    EXPECT_EQ(memory.messages[0], expected) << CFG2;
  }
  memory.messages.clear();
  command(0x46 | one(12) | (uint64_t{0b10} << 22) | (uint64_t{0xF} << 24), 0x90010);
  ASSERT_EQ(memory.messages.size(), 1u);
  EXPECT_EQ(memory.messages[0], std::pair(0xFFu, Shareability::outer_shareable));
}

TEST_F(NaiveEventQueue, ToldOfUnsupportedTransactionsWithSmmuenClearToo) {
  request.unsupported = 2;
  request.privileged = request.instruction = true;
  for (const uint32_t CR0 : {0b1101u, 0b1100u}) {
    start();
    smmu->write(0x20, 4, CR0);
    expect_abort(0x1234);
    const Words words = only_event();
    EXPECT_EQ(words, (Words{0x01, 0xE'0000'0002, 0x1234, 0})) << CR0;
  }
}

// ---- commands

TEST_F(NaiveCommands, EveryOpcodeIsKnownOrIllegal) {
  const std::set<unsigned> known = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x10, 0x11, 0x12, 0x13,
                                    0x20, 0x21, 0x22, 0x23, 0x28, 0x2A, 0x30, 0x44, 0x45, 0x46};
  for (unsigned opcode = 0; opcode < 256; opcode++) {
    smmu.reset();
    command(opcode);
    EXPECT_EQ(command_error(), known.count(opcode) != 0 ? 0u : 1u) << opcode;
    EXPECT_EQ(smmu->read(0x9C, 4) & 0xF, known.count(opcode) != 0 ? 1u : 0u) << opcode;
  }
}

TEST_F(NaiveCommands, OpcodesOfAbsentStagesAreIllegal) {
  features.S1P = features.Hyp = features.HAD = false;
  features.STALL_MODEL = 1;
  features.STALL_MAX = 0;
  for (unsigned opcode :
       {0x05u, 0x06u, 0x10u, 0x11u, 0x12u, 0x13u, 0x20u, 0x21u, 0x22u, 0x23u, 0x44u, 0x45u}) {
    smmu.reset();
    command(opcode);
    EXPECT_EQ(command_error(), 1u) << opcode;
  }
  features = {};
  features.S2P = features.Hyp = features.PTWNNC = false;
  for (unsigned opcode : {0x20u, 0x28u, 0x2Au}) {
    smmu.reset();
    command(opcode);
    EXPECT_EQ(command_error(), 1u) << opcode;
  }
}

TEST_F(NaiveCommands, SsecIsIllegalWhereThereIsSuchAField) {
  for (unsigned opcode : {0x01u, 0x02u, 0x03u, 0x04u, 0x05u, 0x06u, 0x44u, 0x45u}) {
    smmu.reset();
    command(opcode | one(10));
    EXPECT_EQ(command_error(), 1u) << opcode;
  }
  for (unsigned opcode : {0x10u, 0x30u, 0x46u}) {
    smmu.reset();
    command(opcode | one(10));
    EXPECT_EQ(command_error(), 0u) << opcode;
  }
}

TEST_F(NaiveCommands, GranuleWithoutRangeOrLevelIsReserved) {
  for (unsigned opcode : {0x12u, 0x13u, 0x22u, 0x23u, 0x2Au}) {
    for (uint64_t TG : std::initializer_list<uint64_t>{0, 1, 2, 3}) {
      smmu.reset();
      command(opcode, TG << 10);
      EXPECT_EQ(command_error(), TG == 0 ? 0u : 1u) << opcode;
    }
    smmu.reset();
    command(opcode, (uint64_t{1} << 10) | (uint64_t{1} << 8));
    EXPECT_EQ(command_error(), 0u);
    smmu.reset();
    command(opcode | one(12), uint64_t{1} << 10);
    EXPECT_EQ(command_error(), 0u);
    smmu.reset();
    command(opcode, (uint64_t{2} << 10) | (uint64_t{1} << 8));  // level 1 of 16 KiB is reserved without DS
    EXPECT_EQ(command_error(), 1u);
  }
  features.DS = true;
  features.VAX = 1;
  smmu.reset();
  command(0x12, (uint64_t{2} << 10) | (uint64_t{1} << 8));
  EXPECT_EQ(command_error(), 0u);
  features.RIL = false;
  smmu.reset();
  command(0x12, uint64_t{1} << 10);
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaiveCommands, ErrorStopsAtTheCommandUntilItIsAcknowledged) {
  command(0x30);
  command(0xFF);
  EXPECT_EQ(smmu->read(0x9C, 4), 0x01000001u);
  EXPECT_EQ(smmu->wires().gerror, 1u);
  command(0x30);
  EXPECT_EQ(smmu->read(0x9C, 4) & 0xF, 1u);
  memory.put64(COMMANDS + 16, 0x30);
  acknowledge();
  smmu->run_commands();
  EXPECT_EQ(smmu->read(0x9C, 4) & 0xF, 3u);
}

TEST_F(NaiveCommands, AbortedFetchIsCerrorAbt) {
  memory.aborting = {COMMANDS};
  command(0x30);
  EXPECT_EQ(smmu->read(0x9C, 4), 0x02000000u);
  memory.aborting.clear();
  acknowledge();
  memory.put64(COMMANDS, 0x30);
  smmu->run_commands();
  EXPECT_EQ(smmu->read(0x9C, 4) & 0xF, 1u);
}

TEST_F(NaiveCommands, SyncSignalsAsItIsAsked) {
  command(0x46);
  EXPECT_EQ(smmu->wires().cmd_sync, 0u);
  command(0x46 | (uint64_t{1} << 12) | (uint64_t{0xCAFE} << 32), 0x90000);
  EXPECT_EQ(smmu->wires().cmd_sync, 1u);
  EXPECT_EQ(memory.get64(0x90000), 0xCAFEu);
  command(0x46 | (uint64_t{2} << 12));
  EXPECT_EQ(smmu->wires().sev, 1u);
  memory.aborting = {0x90000};
  command(0x46 | (uint64_t{1} << 12), 0x90000);
  EXPECT_EQ(smmu->read(0x60, 4), 0x10u);
  EXPECT_EQ(smmu->read(0x9C, 4) & 0xF, 4u);
  command(0x46 | (uint64_t{3} << 12));
  EXPECT_EQ(command_error(), 1u);
}

TEST_F(NaiveCommands, QueueThatIsNoLongerFullIsAnEvent) {
  start();
  smmu->write(0x20, 4, 0b0101);
  for (unsigned n = 0; n < 8; n++) memory.put64(COMMANDS + 16 * n, 0x30);
  smmu->write(0x98, 4, 8);
  smmu->run_commands();
  EXPECT_EQ(smmu->read(0x9C, 4), 0u);  // disabled
  smmu->write(0x20, 4, 0b1101);
  smmu->run_commands();
  EXPECT_EQ(smmu->read(0x9C, 4), 8u);
  EXPECT_EQ(smmu->wires().sev, 1u);
}

// ---- stalls

TEST_F(NaiveStalls, RecordsTheStallAndRetriesOnResume) {
  cd[0] &= ~one(45);  // R does not matter
  const Outcome outcome = stall(0x123);
  EXPECT_EQ(outcome.kind, Outcome::Kind::stalled);
  EXPECT_EQ(outcome.STAG, 0);
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0208'8000'0000, 0x4000'0123, 0}));
  EXPECT_EQ(stall().STAG, 1);
  EXPECT_EQ(event(1)[1], 0x0000'0208'8000'0001u);
  map();
  resume(0, RETRY);
  const auto finished = smmu->take_finished();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].first, outcome.id);
  EXPECT_EQ(finished[0].second.kind, Outcome::Kind::forwarded);
  EXPECT_EQ(finished[0].second.forwarded.address, 2 * GIB + 0x123);
  EXPECT_EQ(smmu->stalled().size(), 1u);
}

TEST_F(NaiveStalls, RetriedItMayStallAgainUnderANewTag) {
  smmu.emplace(features, memory, choices);
  smmu.reset();
  stall();
  resume(0, RETRY);
  EXPECT_TRUE(smmu->take_finished().empty());
  EXPECT_EQ(events(), 2u);
  EXPECT_EQ(smmu->stalled().size(), 1u);
}

TEST_F(NaiveStalls, ResumeTerminatesAsItSays) {
  stall();
  stall();
  resume(0, TERMINATE);
  resume(1, ABORT);
  const auto finished = smmu->take_finished();
  ASSERT_EQ(finished.size(), 2u);
  EXPECT_EQ(finished[0].second.kind, Outcome::Kind::razwi);
  EXPECT_EQ(finished[1].second.kind, Outcome::Kind::aborted);
}

TEST_F(NaiveStalls, WithTermModelEveryTerminationIsAnAbort) {
  features.TERM_MODEL = true;
  stall();
  resume(0, TERMINATE);
  EXPECT_EQ(smmu->take_finished().at(0).second.kind, Outcome::Kind::aborted);
}

TEST_F(NaiveStalls, ResumeOfAnotherStreamOrTagDoesNothing) {
  stall();
  resume(0, TERMINATE, 1);
  resume(1, TERMINATE);
  EXPECT_TRUE(smmu->take_finished().empty());
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaiveStalls, StallTermEndsAStreamAndClearingSmmuenAll) {
  stall();
  request.StreamID = 1;
  stall();
  command(0x45);
  auto finished = smmu->take_finished();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].second.kind, Outcome::Kind::aborted);
  smmu->write(0x20, 4, 0b1100);
  finished = smmu->take_finished();
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_EQ(finished[0].first, 1u);
  EXPECT_TRUE(smmu->stalled().empty());
}

TEST_F(NaiveStalls, BeyondStallMaxTheyWaitForATag) {
  features.STALL_MAX = 1;
  stall(1);
  const Outcome second = stall(2);
  EXPECT_EQ(second.kind, Outcome::Kind::stalled);
  EXPECT_FALSE(second.STAG.has_value());
  EXPECT_EQ(events(), 1u);
  resume(0, TERMINATE);
  EXPECT_EQ(events(), 2u);
  EXPECT_EQ(event(1), (Words{0x10, 0x0000'0208'8000'0000, 0x4000'0002, 0}));
}

TEST_F(NaiveStalls, FullQueueKeepsThemUntilThereIsSpace) {
  features.STALL_MAX = 16;
  for (unsigned n = 0; n < 9; n++) stall(n);
  EXPECT_EQ(smmu->read(0x100A8, 4), 8u);  // no overflow either
  EXPECT_FALSE(smmu->stalled().back().STAG.has_value());
  smmu->write(0x100AC, 4, 1);
  EXPECT_EQ(event(0), (Words{0x10, 0x0000'0208'8000'0008, 0x4000'0008, 0}));
}

TEST_F(NaiveStalls, UnrecordedTheyAreRetriedAndMaySucceed) {
  start();
  smmu->write(0x20, 4, 0b1001);
  stall();
  map();
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(smmu->take_finished().at(0).second.kind, Outcome::Kind::forwarded);
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveStalls, UnrecordedTheyMayKeepTheirFirstEventUnlessInvalidated) {
  choices.retries_unrecorded_stalls = false;
  start();
  smmu->write(0x20, 4, 0b1001);
  stall();
  stall();
  map();
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(events(), 2u);
  smmu->write(0x20, 4, 0b1001);
  memory.put64(STAGE1 + 8, 0);
  stall();
  map();
  command(0x30);
  command(0x46);
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(events(), 2u);
  EXPECT_EQ(smmu->take_finished().size(), 1u);
}

TEST_F(NaiveStalls, AllocatorNamesTheTags) {
  start();
  smmu->set_stag_allocator([](uint64_t id, const std::set<uint16_t>&) { return uint16_t(0xBE00 + id); });
  EXPECT_EQ(stall().STAG, 0xBE00);
  EXPECT_EQ(event(0)[1], 0x0000'0208'8000'BE00u);
}

TEST_F(NaiveStalls, Stage2StallsByS2s) {
  config(0b110);
  ste[2] |= one(57);
  EXPECT_EQ(access(2 * GIB).kind, Outcome::Kind::stalled);
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0288'8000'0000, 0x8000'0000, 0x8000'0000}));
}

TEST_F(NaiveStalls, OtherEventsNeverStall) {
  memory.aborting = {STAGE1 + 8};
  expect_abort(GIB);
  EXPECT_EQ(only_event()[1], 0x0000'0108'0000'0000u);
}

TEST_F(NaiveStalls, DuplicatesMayBeSuppressedUntilTheFirstIsResumed) {
  choices.suppresses_duplicate_stalls = true;
  stall(0x10);
  EXPECT_FALSE(stall(0x20).STAG.has_value());   // the same page
  EXPECT_TRUE(stall(0x1020).STAG.has_value());  // another page
  EXPECT_TRUE(access(GIB, AccessType::write).STAG.has_value());
  request.privileged = true;
  EXPECT_TRUE(stall(0x10).STAG.has_value());
  EXPECT_EQ(events(), 4u);
  resume(0, TERMINATE);
  EXPECT_EQ(smmu->take_finished().size(), 1u);
  EXPECT_EQ(events(), 5u);  // that of the duplicate
  EXPECT_EQ(event(4), (Words{0x10, 0x0000'0208'8000'0000, 0x4000'0020, 0}));
}

TEST_F(NaiveStalls, DuplicatesEndWithTheirStream) {
  choices.suppresses_duplicate_stalls = true;
  stall();
  stall();
  command(0x45);
  EXPECT_EQ(smmu->take_finished().size(), 2u);
}
