// SPDX-License-Identifier: MIT
//
// ATS and page requests of the naive SMMU beside a Secure state, enhanced Command queues and MPAM.
#include "test_ats.h"
#include "test_secure_smmu.h"

using namespace naive_smmuv3_test;

namespace {

class NaiveSecureAts : public SecureSmmu {
 protected:
  NaiveSecureAts() {
    features.ATS = features.PRI = features.ATSRECERR = true;
    features.PRIQS = 10;
    config(0b101);
    ste[1] |= EATS_FULL;
    CR2 = 0b1010;
    treq.SEC_SID = Space::secure;
    page.SEC_SID = Space::secure;
  }
  /// The structures in both spaces, and everything enabled
  void ready() {
    if (!smmu.has_value()) start_secure();
    smmu->write(0xC0, 8, 0x80000 | 2);
    smmu->write(0x20, 4, 0b11111);
    put_structures();
    put(secure_memory, STREAM_TABLE, ste);
    put(secure_memory, CDS, cd);
  }
  TranslationRequest treq;
  PageRequest page;
};

class NaiveMpamAts : public NaiveAts {
 protected:
  NaiveMpamAts() {
    features.MPAM = true;
    features.MPAM_MAX = {0x34, 0x0F};
    config(0b111);
    ste[1] |= one(26);  // S1MPAM
    ste[4] |= uint64_t{0x21} << 16;
    ste[5] = 0x70000 | 0x05;
    cd[5] = (uint64_t{0x12} << 32) | (uint64_t{0x06} << 48);
    request.translated = true;
  }
  Forwarded send() {
    ready();
    request.address = GIB;
    const Outcome outcome = smmu->access(request);
    EXPECT_EQ(outcome.kind, Outcome::Kind::forwarded);
    return outcome.forwarded;
  }
};

}  // namespace

TEST_F(NaiveSecureAts, SecureTranslationRequestsAreUnsupportedAndRecordedThere) {
  ready();
  treq.StreamID = 16;  // before the StreamID is looked at
  EXPECT_EQ(smmu->request_translation(treq).status, Status::unsupported_request);
  EXPECT_EQ(only_s_event(), (Words{0x0000'0010'0000'0005, 0x0000'1008'0000'0000, 0, 0}));
  treq.SEC_SID = Space::non_secure;
  treq.StreamID = 0;
  EXPECT_EQ(smmu->request_translation(treq).address, GIB);
}

TEST_F(NaiveSecureAts, SecureTranslatedTransactionsAreForbidden) {
  ready();
  request.translated = true;
  request.address = 0x1234;
  EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::aborted);
  EXPECT_EQ(only_s_event(), (Words{0x07, one(35), 0x1234, 0}));
}

TEST_F(NaiveSecureAts, EatsIsRes0InASecureSte) {
  ste[2] |= one(57);  // S2S, which Full ATS does not go with
  config(0b110);
  ready();
  request.address = GIB;
  request.NS = true;
  EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::forwarded);
}

TEST_F(NaiveSecureAts, SecureRegistersHaveNothingOfAtsAndPri) {
  ready();
  s_write(0x20, 4, 0b11111);
  EXPECT_EQ(s_read(0x20), 0b1101u);
  s_write(0x50, 4, 0b111);
  EXPECT_EQ(s_read(0x50), 0b101u);
  s_write(0x64, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x64), 0x1B5u);
  for (uint64_t offset : {0xC0u, 0xC8u, 0xCCu, 0xD0u, 0xD8u, 0xDCu}) {
    s_write(offset, 4, 0xFFFFFFFF);
    EXPECT_EQ(s_read(offset), 0u) << offset;
  }
  s_write(0x20, 4, 0);
  s_write(0x2C, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x2C), 0b11u);
}

TEST_F(NaiveSecureAts, SecurePageRequestsAreResponseFailures) {
  ready();
  page.StreamID = 3;
  page.PRGIndex = 7;
  smmu->page_request(page);
  const PrgResponse failure = {3, false, 0, 7, PRG_RESPONSE_FAILURE, Space::secure};
  EXPECT_EQ(smmu->take_prg_responses(), std::vector<PrgResponse>{failure});
  page.SSV = page.Last = true;  // a Stop Marker
  smmu->page_request(page);
  EXPECT_TRUE(smmu->take_prg_responses().empty());
  EXPECT_EQ(smmu->read(0x100C8, 4), 0u);
}

TEST_F(NaiveSecureAts, CommandsOfTheSecureQueueAddressNonSecureStreams) {
  ready();
  unsigned messages = 0;
  smmu->set_atc_handler([&](const AtcInvalidation& message) {
    messages++;
    EXPECT_EQ(message.StreamID, 5u);
    return AtcAnswer::timed_out;
  });
  s_command(0x40 | (uint64_t{5} << 32));
  s_command(0x41 | (uint64_t{5} << 32), 2 << 12);
  EXPECT_EQ(messages, 1u);
  EXPECT_EQ(smmu->take_prg_responses(), (std::vector<PrgResponse>{{5, false, 0, 0, PRG_SUCCESS}}));
  command(0x46);  // of another queue
  EXPECT_EQ(command_error(), 0u);
  s_command(0x46);
  EXPECT_EQ(s_command_error(), 3u);
}

TEST_F(NaiveSecureAts, SmmuenOfTheQueuesStateCounts) {
  ready();
  smmu->write(0x20, 4, 0b11110);
  s_command(0x41, 2 << 12);
  EXPECT_EQ(smmu->take_prg_responses().size(), 1u);
  command(0x41, 2 << 12);
  s_write(0x20, 4, 0b1100);
  s_command(0x41, 2 << 12);
  EXPECT_TRUE(smmu->take_prg_responses().empty());
}

TEST_F(NaiveSecureAts, WithSamsTheSecureQueueHasNoCommandsOfAts) {
  features.SAMS = true;
  for (unsigned opcode : {0x40u, 0x41u}) {
    smmu.reset();
    ready();
    EXPECT_EQ(s_read(0x0C), one(6));
    s_command(opcode);
    EXPECT_EQ(s_command_error(), 1u);
    command(opcode);
    EXPECT_EQ(command_error(), 0u);
  }
  features.ATS = features.PRI = features.ATSRECERR = false;
  EXPECT_THROW(features.validate(), std::invalid_argument);
}

TEST_F(NaiveSecureAts, TimeOutIsAnErrorOfTheEnhancedQueueThatAsked) {
  features.ECMDQ = true;
  features.CMDQ_CONTROL_PAGES = {0, 0, 0x80000};
  ready();
  smmu->set_atc_handler([](const AtcInvalidation&) { return AtcAnswer::timed_out; });
  memory.put64(0x24000, 0x40);
  memory.put64(0x24010, 0x46);
  smmu->write(0x80000, 8, 0x24000 | 2);
  smmu->write(0x80008, 4, one(31) | 2);
  smmu->run_commands();
  // ENACK, ERR_REASON, ERR
  EXPECT_EQ(smmu->read(0x8000C, 4), one(31) | (uint64_t{3} << 24) | one(23) | 1);
  EXPECT_EQ(smmu->read(0x60, 4), one(9));
  smmu->write(0x80008, 4, one(31) | one(23) | 2);
  smmu->run_commands();
  EXPECT_EQ(smmu->read(0x8000C, 4) & 7, 2u);
}

// ---- MPAM (17.3)

TEST_F(NaiveMpamAts, TranslatedTransactionsHaveTheLabelOfTheSte) {
  MpamLabel label = send().mpam;
  EXPECT_EQ(label.PARTID, 0x21u);
  EXPECT_EQ(label.PMG, 5u);
  ste[1] = (ste[1] & ~EATS_FULL) | EATS_SPLIT;
  label = send().mpam;
  EXPECT_EQ(label.PARTID, 0x21u);
  EXPECT_EQ(label.PMG, 5u);
}

TEST_F(NaiveMpamAts, WithoutAtschkTheLabelIsThatOfBypass) {
  CR0 = ATSCHK_0;
  start();
  smmu->write(0x13C, 4, one(31) | 0x0003'0011);
  const MpamLabel label = send().mpam;
  EXPECT_EQ(label.PARTID, 0x11u);
  EXPECT_EQ(label.PMG, 3u);
}

TEST_F(NaiveMpamAts, AbortedVmsIsACompleterAbort) {
  memory.aborting = {0x70000 + 36};
  expect(Status::completer_abort, 1, 0);
  EXPECT_EQ(event(0)[0], 0x25u);
  send();  // needs no VMS
}
