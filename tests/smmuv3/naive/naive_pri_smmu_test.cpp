// SPDX-License-Identifier: MIT
//
// The PRI queue of the naive SMMU and its responses: IHI 0070 chapter 8, 4.5.2.
#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {

constexpr uint64_t REQUESTS = 0x80000;
constexpr uint32_t OVFLG = 0x80000000;

class NaivePri : public NaiveSmmu {
 protected:
  NaivePri() {
    features.ATS = features.PRI = features.ATSRECERR = true;
    features.PRIQS = 10;
    CR2 = 0b1010;
    page.StreamID = 3;
    page.address = 0xFFFF'0000'1234'5678;
    page.PRGIndex = 0x1A5;
    page.R = true;
  }
  /// Four entries
  void ready() {
    start();
    smmu->write(0xC0, 8, REQUESTS | 2);
    smmu->write(0x50, 4, 0b111);
    smmu->write(0x20, 4, 0b1111);
  }
  void send(bool Last = false) {
    if (!smmu.has_value()) ready();
    page.Last = Last;
    smmu->page_request(page);
  }
  void stop_marker() {
    const PageRequest before = page;
    page.SSV = true;
    page.R = page.W = false;
    send(true);
    page = before;
  }
  void fill() {
    for (unsigned n = 0; n < 4; n++) send();
  }
  void with_pasid() {
    page.SSV = true;
    page.SubstreamID = 0x54321;
  }
  uint32_t PROD() { return uint32_t(smmu->read(0x100C8, 4)); }
  uint32_t CONS() { return uint32_t(smmu->read(0x100CC, 4)); }
  bool overflow() { return ((PROD() ^ CONS()) & OVFLG) != 0; }
  unsigned queued() { return (PROD() - CONS()) & 7; }
  void respond(uint64_t low, uint64_t high) { command(0x41 | low, high); }
  /// The only response since the last look; ResponseCode 0x100 is none
  PrgResponse response() {
    const std::vector<PrgResponse> responses = smmu->take_prg_responses();
    EXPECT_LE(responses.size(), 1u);
    return responses.empty() ? PrgResponse{0, false, 0, 0, 0x100} : responses[0];
  }
  bool answered() { return !smmu->take_prg_responses().empty(); }

  PageRequest page;
};

}  // namespace

// ---- registers

TEST_F(NaivePri, RegistersAreRes0WithoutPri) {
  features.PRI = false;
  smmu.emplace(features, memory, choices);
  for (uint64_t offset :
       std::initializer_list<uint64_t>{0xC0, 0xC4, 0xD0, 0xD4, 0xD8, 0xDC, 0x100C8, 0x100CC}) {
    smmu->write(offset, 4, 0xFFFFFFFF);
    EXPECT_EQ(smmu->read(offset, 4), 0u) << std::hex << offset;
  }
  smmu->write(0x20, 4, 0xFFFFFFFF);
  smmu->write(0x50, 4, 0xFFFFFFFF);
  smmu->write(0x64, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x20, 4), 0b11101u);
  EXPECT_EQ(smmu->read(0x54, 4), 0b101u);
  EXPECT_EQ(smmu->read(0x64, 4), 0x1B5u);
  EXPECT_THROW(smmu->page_request(page), std::invalid_argument);
}

TEST_F(NaivePri, RegistersKeepWhatExists) {
  features.PPS = true;
  smmu.emplace(features, memory, choices);
  EXPECT_EQ(smmu->read(0x04, 4), 0x0E735520u);
  EXPECT_EQ(smmu->read(0x0C, 4), 0x00007734u);
  smmu->write(0x64, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x64, 4), 0x1FDu);
  smmu->write(0xC0, 8, ~uint64_t{0});
  EXPECT_EQ(smmu->read(0xC0, 8), 0x4000'FFFF'FFFF'FFFFu);
  smmu->write(0xD0, 8, ~uint64_t{0});
  EXPECT_EQ(smmu->read(0xD0, 8), 0x0000'FFFF'FFFF'FFFCu);
  smmu->write(0xD8, 4, 0x12345678);
  EXPECT_EQ(smmu->read(0xD8, 4), 0x12345678u);
  smmu->write(0xDC, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0xDC, 4), 0x8000003Fu);
  smmu->write(0xC0, 8, REQUESTS | 2);
  smmu->write(0x100C8, 4, 0xFFFFFFFF);
  smmu->write(0x100CC, 4, 0xFFFFFFFF);
  EXPECT_EQ(PROD(), 0x80000007u);
  EXPECT_EQ(CONS(), 0x80000007u);
  EXPECT_EQ(smmu->read(0xC8, 4), 0u);
}

TEST_F(NaivePri, RegistersAreGuarded) {
  ready();
  for (uint64_t offset : std::initializer_list<uint64_t>{0xC0, 0xC4, 0xD0, 0xD8, 0xDC, 0x100C8}) {
    const uint64_t before = smmu->read(offset, 4);
    smmu->write(offset, 4, ~before);
    EXPECT_EQ(smmu->read(offset, 4), before) << std::hex << offset;
  }
  smmu->write(0x20, 4, 0b0010);  // by PRIQEN itself, with SMMUEN clear too
  smmu->write(0xC0, 4, 0);
  EXPECT_EQ(smmu->read(0xC0, 4), REQUESTS | 2);
  smmu->write(0x28, 4, 0x3F);
  EXPECT_EQ(smmu->read(0x28, 4), 0u);  // QUEUE_* of CR1
  smmu->write(0x20, 4, 0);
  smmu->write(0x28, 4, 0x3F);
  EXPECT_EQ(smmu->read(0x28, 4), 0x3Fu);
}

TEST_F(NaivePri, WithoutMsiThereIsNoConfigurationOfTheInterrupt) {
  features.MSI = false;
  smmu.emplace(features, memory, choices);
  smmu->write(0xD0, 8, ~uint64_t{0});
  smmu->write(0xD8, 8, ~uint64_t{0});
  EXPECT_EQ(smmu->read(0xD0, 8), 0u);
  EXPECT_EQ(smmu->read(0xD8, 8), 0u);
  smmu->write(0x64, 4, 0xFFFFFFFF);
  EXPECT_EQ(smmu->read(0x64, 4), 0x10Du);
}

// ---- records

TEST_F(NaivePri, RecordsThePageRequest) {
  send();
  EXPECT_EQ(memory.get64(REQUESTS), 0x1000'0000'0000'0003u);
  EXPECT_EQ(memory.get64(REQUESTS + 8), 0xFFFF'0000'1234'51A5u);
  EXPECT_EQ(PROD(), 1u);
  with_pasid();
  page.W = page.X = page.Priv = true;
  send(true);
  EXPECT_EQ(memory.get64(REQUESTS + 16), 0xFC05'4321'0000'0003u);
  EXPECT_FALSE(answered());
}

TEST_F(NaivePri, WithoutAPasidThereIsNoPrivilegeAndNoExecution) {
  page.SubstreamID = 0x54321;
  page.X = page.Priv = true;
  send();
  EXPECT_EQ(memory.get64(REQUESTS), 0x1000'0000'0000'0003u);
  features.SSIDSIZE = 0;
  smmu.reset();
  with_pasid();
  send();
  EXPECT_EQ(memory.get64(REQUESTS), 0x1000'0000'0000'0003u);
}

TEST_F(NaivePri, AcceptsRequestsWhateverTheStreamAndAtschkSay) {
  ste = {};
  put_structures();
  ready();
  smmu->write(0x20, 4, 0b11111);
  send();
  EXPECT_EQ(queued(), 1u);
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaivePri, StopMarkerIsRecorded) {
  stop_marker();
  EXPECT_EQ(memory.get64(REQUESTS), 0xC000'0000'0000'0003u);
  EXPECT_FALSE(answered());
}

TEST_F(NaivePri, QueueIsCappedAndAligned) {
  ready();
  smmu->write(0x20, 4, 0b1101);
  features.PRIQS = 0;
  smmu.emplace(features, memory, choices);
  smmu->write(0xC0, 8, (REQUESTS + 0x20) | 5);  // one entry, aligned to 32 bytes
  smmu->write(0x20, 4, 0b1111);
  send();
  EXPECT_EQ(memory.get64(REQUESTS + 0x20), 0x1000'0000'0000'0003u);
  EXPECT_EQ(PROD(), 1u);
  smmu->write(0x100CC, 4, 1);
  send();
  EXPECT_EQ(PROD(), 0u);
  EXPECT_EQ(smmu->read(0xC0, 8), (REQUESTS + 0x20) | 5);
}

// ---- interrupts

TEST_F(NaivePri, InterruptsWhenTheQueueIsNoLongerEmpty) {
  start();
  smmu->write(0xC0, 8, REQUESTS | 2);
  smmu->write(0xD0, 8, 0x90000);
  smmu->write(0xD8, 4, 0x1234);
  smmu->write(0xDC, 4, 0x3F);
  smmu->write(0x50, 4, 0b111);
  smmu->write(0x20, 4, 0b1111);
  send();
  send(true);
  EXPECT_EQ(smmu->wires().priq, 1u);
  EXPECT_EQ(memory.get64(0x90000), 0x1234u);
  ASSERT_EQ(memory.messages.size(), 1u);
  EXPECT_EQ(memory.messages[0], std::pair(0xFFu, Shareability::inner_shareable));
  smmu->write(0x100CC, 4, 2);
  smmu->write(0x50, 4, 0b101);
  send();
  EXPECT_EQ(smmu->wires().priq, 1u);
}

TEST_F(NaivePri, WithLoOnlyTheLastOfAGroupInterrupts) {
  start();
  smmu->write(0xC0, 8, REQUESTS | 2);
  smmu->write(0xDC, 4, OVFLG);
  smmu->write(0x50, 4, 0b111);
  smmu->write(0x20, 4, 0b1111);
  send();
  EXPECT_EQ(smmu->wires().priq, 0u);
  send(true);
  send(true);
  EXPECT_EQ(smmu->wires().priq, 2u);
  stop_marker();
  EXPECT_EQ(smmu->wires().priq, 3u);
  send();  // discarded by overflow
  EXPECT_EQ(smmu->wires().priq, 3u);
  send(true);
  EXPECT_EQ(smmu->wires().priq, 4u);
  smmu->write(0x20, 4, 0b1101);  // discarded for another reason
  send(true);
  EXPECT_EQ(smmu->wires().priq, 4u);
}

TEST_F(NaivePri, AbortedMessageIsAnErrorOfItsOwn) {
  start();
  smmu->write(0xC0, 8, REQUESTS | 2);
  smmu->write(0xD0, 8, 0x90000);
  smmu->write(0x50, 4, 0b111);
  smmu->write(0x20, 4, 0b1111);
  memory.aborting = {0x90000};
  send();
  EXPECT_EQ(smmu->read(0x60, 4), 0x40u);
  EXPECT_EQ(smmu->wires().gerror, 1u);
  EXPECT_EQ(queued(), 1u);
}

// ---- overflow

TEST_F(NaivePri, OverflowDiscardsAndAnswersTheLastOfAGroup) {
  fill();
  EXPECT_FALSE(overflow());
  send();
  EXPECT_TRUE(overflow());
  EXPECT_EQ(PROD(), OVFLG | 4);
  EXPECT_FALSE(answered());
  send(true);
  EXPECT_EQ(response(), (PrgResponse{3, false, 0, 0x1A5, PRG_SUCCESS}));
  EXPECT_EQ(PROD(), OVFLG | 4);
}

TEST_F(NaivePri, TheRequestThatOverflowsIsAnsweredToo) {
  fill();
  send(true);
  EXPECT_TRUE(overflow());
  EXPECT_EQ(response().ResponseCode, PRG_SUCCESS);
}

TEST_F(NaivePri, OverflowLastsUntilItIsAcknowledgedWithSpaceToo) {
  fill();
  send();
  smmu->write(0x100CC, 4, 4);
  send(true);
  EXPECT_EQ(response().ResponseCode, PRG_SUCCESS);
  EXPECT_EQ(queued(), 0u);
  smmu->write(0x100CC, 4, OVFLG | 4);
  send(true);
  EXPECT_EQ(queued(), 1u);
  EXPECT_FALSE(answered());
  for (unsigned n = 0; n < 4; n++) send();
  EXPECT_TRUE(overflow());
  EXPECT_EQ(PROD() & OVFLG, 0u);
}

TEST_F(NaivePri, StopMarkersAreNeverAnswered) {
  fill();
  stop_marker();
  EXPECT_TRUE(overflow());
  stop_marker();
  smmu->write(0x20, 4, 0b1101);
  stop_marker();
  smmu->write(0x20, 4, 0b1110);
  stop_marker();
  EXPECT_FALSE(answered());
}

TEST_F(NaivePri, LastWithoutAPasidReadAndWriteIsNoStopMarker) {
  page.R = false;
  fill();
  send(true);
  EXPECT_EQ(response().ResponseCode, PRG_SUCCESS);
}

TEST_F(NaivePri, PparSaysWhetherAnOverflowIsAnsweredWithThePasid) {
  request.StreamID = 3;
  put_structures();
  with_pasid();
  fill();
  send(true);
  EXPECT_EQ(response(), (PrgResponse{3, false, 0, 0x1A5, PRG_SUCCESS}));
  ste[1] |= one(18);
  put_structures();
  send(true);
  EXPECT_EQ(response(), (PrgResponse{3, true, 0x54321, 0x1A5, PRG_SUCCESS}));
  page.SSV = false;
  send(true);
  EXPECT_EQ(response(), (PrgResponse{3, false, 0, 0x1A5, PRG_SUCCESS}));
}

TEST_F(NaivePri, WithPpsThePasidIsAlwaysThereAndTheSteIsNotLookedAt) {
  features.PPS = true;
  with_pasid();
  fill();
  send(true);
  EXPECT_EQ(response(), (PrgResponse{3, true, 0x54321, 0x1A5, PRG_SUCCESS}));
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaivePri, OverflowWithoutAValidSteIsAResponseFailure) {
  with_pasid();
  fill();
  send(true);  // V == 0
  const PrgResponse failure = {3, false, 0, 0x1A5, PRG_RESPONSE_FAILURE};
  EXPECT_EQ(response(), failure);
  EXPECT_EQ(event(0), (Words{0x0000'0003'5432'1804, 0, 0, 0}));
  memory.aborting = {STREAM_TABLE + 3 * 64};
  send(true);
  EXPECT_EQ(response(), failure);
  EXPECT_EQ(event(1), (Words{0x0000'0003'5432'1803, 0, 0, STREAM_TABLE + 3 * 64}));
  page.StreamID = 16;
  send(true);
  EXPECT_EQ(response(), (PrgResponse{16, false, 0, 0x1A5, PRG_RESPONSE_FAILURE}));
  EXPECT_EQ(event(2), (Words{0x0000'0010'5432'1802, 0, 0, 0}));
  send();  // not the last: no look-up
  EXPECT_EQ(events(), 3u);
  page.SSV = false;  // nor without a PASID
  send(true);
  EXPECT_EQ(response().ResponseCode, PRG_SUCCESS);
  EXPECT_EQ(events(), 3u);
}

TEST_F(NaivePri, ErrorsOfThePparLookUpAreRecordedOnlyAsCr2Says) {
  with_pasid();
  CR2 = 0b0010;
  fill();
  send(true);
  EXPECT_EQ(response().ResponseCode, PRG_RESPONSE_FAILURE);
  EXPECT_EQ(events(), 0u);
  CR2 = 0b1000;
  smmu.reset();
  page.StreamID = 16;
  fill();
  send(true);
  EXPECT_EQ(response().ResponseCode, PRG_RESPONSE_FAILURE);
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaivePri, WithoutPasidsTheSteIsLookedUpByChoice) {
  features.SSIDSIZE = 0;
  with_pasid();
  fill();
  send(true);
  EXPECT_EQ(response(), (PrgResponse{3, false, 0, 0x1A5, PRG_SUCCESS}));
  choices.overflow_checks_ste_without_pasids = true;
  smmu.reset();
  fill();
  send(true);
  EXPECT_EQ(response(), (PrgResponse{3, false, 0, 0x1A5, PRG_RESPONSE_FAILURE}));
}

TEST_F(NaivePri, InconsistentQueueIsFullByChoice) {
  ready();
  smmu->write(0x100CC, 4, 2);  // beyond PROD
  send();
  EXPECT_TRUE(overflow());
  choices.inconsistent_pri_queue_is_full = false;
  smmu.reset();
  ready();
  smmu->write(0x100CC, 4, 2);
  send();
  EXPECT_FALSE(overflow());
}

// ---- the queue out of service

TEST_F(NaivePri, DisabledEveryRequestIsAResponseFailureWithoutPasid) {
  ready();
  with_pasid();
  for (const uint32_t CR0 : {0b1101u, 0b1110u, 0b1100u}) {
    smmu->write(0x20, 4, CR0);
    for (const bool Last : {false, true}) {
      send(Last);
      EXPECT_EQ(response(), (PrgResponse{3, false, 0, 0x1A5, PRG_RESPONSE_FAILURE})) << CR0;
    }
  }
  EXPECT_EQ(queued(), 0u);
  EXPECT_FALSE(overflow());
}

TEST_F(NaivePri, AbortedWriteIsAGlobalErrorAndStopsTheQueue) {
  memory.aborting = {REQUESTS + 15};
  with_pasid();
  send();
  const PrgResponse failure = {3, false, 0, 0x1A5, PRG_RESPONSE_FAILURE};
  EXPECT_EQ(response(), failure);
  EXPECT_EQ(smmu->read(0x60, 4), 8u);
  EXPECT_EQ(smmu->wires().gerror, 1u);
  EXPECT_EQ(smmu->wires().priq, 0u);
  EXPECT_EQ(PROD(), 0u);
  memory.aborting.clear();
  send();
  EXPECT_EQ(response(), failure);
  EXPECT_EQ(queued(), 0u);
  acknowledge();
  send();
  EXPECT_FALSE(answered());
  EXPECT_EQ(queued(), 1u);
}

TEST_F(NaivePri, AbortedWriteOfAStopMarkerIsNotAnswered) {
  memory.aborting = {REQUESTS};
  stop_marker();
  EXPECT_FALSE(answered());
  EXPECT_EQ(smmu->read(0x60, 4), 8u);
}

TEST_F(NaivePri, AsynchronousAbortMovesProdAndAnswersNothing) {
  choices.pri_write_abort_is_asynchronous = true;
  memory.aborting = {REQUESTS};
  send(true);
  EXPECT_FALSE(answered());
  EXPECT_EQ(PROD(), 1u);
  EXPECT_EQ(smmu->wires().priq, 1u);
  EXPECT_EQ(smmu->read(0x60, 4), 8u);
}

// ---- CMD_PRI_RESP

TEST_F(NaivePri, CommandIsIllegalWithoutPri) {
  features.PRI = false;
  respond(0, 0);
  EXPECT_EQ(command_error(), 1u);
}

TEST_F(NaivePri, CommandAnswersAGroup) {
  ready();
  const uint64_t stream = uint64_t{0xABCD'1234} << 32;
  respond(stream, 0x1FF);
  EXPECT_EQ(response(), (PrgResponse{0xABCD'1234, false, 0, 0x1FF, PRG_RESPONSE_FAILURE}));
  respond(stream | (uint64_t{0x54321} << 12), 5 | (1 << 12));
  EXPECT_EQ(response(), (PrgResponse{0xABCD'1234, false, 0, 5, PRG_INVALID_REQUEST}));
  respond(stream | (uint64_t{0x54321} << 12) | one(11), 2 << 12);
  EXPECT_EQ(response(), (PrgResponse{0xABCD'1234, true, 0x54321, 0, PRG_SUCCESS}));
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaivePri, ReservedResponseIsIllegalWhileDisabledToo) {
  ready();
  smmu->write(0x20, 4, 0b1110);
  respond(0, 3 << 12);
  EXPECT_EQ(command_error(), 1u);
  EXPECT_FALSE(answered());
}

TEST_F(NaivePri, CommandIsIgnoredWhileDisabledAndMovesNoIndex) {
  send(true);
  respond(uint64_t{3} << 32, 0x1A5 | (2 << 12));
  EXPECT_TRUE(answered());
  EXPECT_EQ(queued(), 1u);
  smmu->write(0x20, 4, 0b1110);
  respond(0, 0);
  EXPECT_FALSE(answered());
  EXPECT_EQ(command_error(), 0u);
}

TEST_F(NaivePri, CommandWithSsvWithoutPasidsIsAsWithoutOrIgnoredByChoice) {
  features.SSIDSIZE = 0;
  ready();
  respond(one(11) | (uint64_t{7} << 12), 0);
  EXPECT_EQ(response(), (PrgResponse{0, false, 0, 0, PRG_RESPONSE_FAILURE}));
  choices.ssv_without_pasids_is_ignored = true;
  smmu.reset();
  ready();
  respond(one(11), 0);
  EXPECT_FALSE(answered());
}
