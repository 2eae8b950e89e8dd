// SPDX-License-Identifier: MIT
//
// ATS Translated transactions of the naive SMMU: IHI 0070 3.9.1.3.
#include "test_ats.h"

using namespace naive_smmuv3_test;

namespace {

class NaiveTranslated : public NaiveAts {
 protected:
  NaiveTranslated() { request.translated = true; }
  Outcome send(uint64_t address, AccessType type = AccessType::read) {
    ready();
    request.address = address;
    request.type = type;
    return smmu->access(request);
  }
  Forwarded passed(uint64_t address, AccessType type = AccessType::read) {
    const Outcome outcome = send(address, type);
    EXPECT_EQ(outcome.kind, Outcome::Kind::forwarded);
    EXPECT_EQ(events(), 0u);
    return outcome.forwarded;
  }
  void aborted(uint64_t address, unsigned number_of_events, AccessType type = AccessType::read) {
    EXPECT_EQ(send(address, type).kind, Outcome::Kind::aborted);
    EXPECT_EQ(events(), number_of_events);
  }
  const Words forbidden = {0x07, one(35), 0x1234, 0};
};

class NaiveSplitTranslated : public NaiveTranslated {
 protected:
  NaiveSplitTranslated() {
    config(0b111);
    ste[1] = (ste[1] & ~EATS_FULL) | EATS_SPLIT;
    CR2 = 0;
  }
};

}  // namespace

TEST_F(NaiveTranslated, DisabledTheyAreForbidden) {
  CR0 = 0b11100;
  aborted(0x1234, 1);
  EXPECT_EQ(only_event(), forbidden);
  CR0 = 0b01100;
  aborted(0x1234, 2, AccessType::atomic);
  EXPECT_EQ(event(1), (Words{0x07, 0, 0x1234, 0}));
  choices.records_translated_while_disabled = false;
  smmu.reset();
  aborted(0x1234, 0);
}

TEST_F(NaiveTranslated, WithoutAtschkTheyPassUnchecked) {
  CR0 = ATSCHK_0;
  ste[0] = 0;
  request.StreamID = 16;
  request.SSV = true;
  request.privileged = request.instruction = true;
  request.attributes = 0xBB;
  request.shareability = Shareability::inner_shareable;
  const Forwarded out = passed(GIB + 0x1234);
  EXPECT_EQ(out.address, GIB + 0x1234);
  EXPECT_EQ(out.attributes, 0xBB);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
  EXPECT_FALSE(out.privileged);
  EXPECT_FALSE(out.instruction);
}

TEST_F(NaiveTranslated, FullAtsPassesThemWithoutTranslation) {
  for (const unsigned Config : {0b101u, 0b110u, 0b111u}) {
    config(Config);
    EXPECT_EQ(passed(0x1234).address, 0x1234u);
  }
}

TEST_F(NaiveTranslated, BeyondTheOutputSizeTheyAreAbortedInSilenceOrTruncated) {
  for (const uint32_t value : {ATSCHK_0, ATSCHK_1}) {
    CR0 = value;
    smmu.reset();
    choices.translated_beyond_oas_aborts = true;
    aborted(one(48), 0);
    smmu.reset();
    choices.translated_beyond_oas_aborts = false;
    EXPECT_EQ(passed(one(48) + 0x10).address, 0x10u);
  }
}

TEST_F(NaiveTranslated, OverridesOfTypesDoNotApplyAndThoseOfPermissionsByChoice) {
  ste[1] = EATS_FULL | (uint64_t{0x5} << 32) | one(36) | (uint64_t{0b10} << 44) | (uint64_t{0xA} << 37) |
           (uint64_t{0b11} << 48) | (uint64_t{0b11} << 50);
  Forwarded out = passed(0);
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_EQ(out.shareability, Shareability::non_shareable);
  EXPECT_TRUE(out.privileged);
  EXPECT_TRUE(out.instruction);
  choices.translated_permission_overrides_apply = false;
  choices.translated_alloccfg_applies = true;  // no read-allocate, write-allocate
  smmu.reset();
  out = passed(0);
  EXPECT_EQ(out.attributes, 0xDD);
  EXPECT_FALSE(out.privileged);
  EXPECT_FALSE(out.instruction);
}

TEST_F(NaiveTranslated, WithoutAtsForTheStreamTheyAreForbidden) {
  CR2 = 0;
  ste[1] &= ~EATS_FULL;
  aborted(0x1234, 1);
  EXPECT_EQ(only_event(), forbidden);
  ste[1] |= EATS_FULL | EATS_SPLIT;
  aborted(0x1234, 2);
  EXPECT_EQ(event(1), forbidden);
  ste[1] &= ~EATS_SPLIT;
  config(0b100);
  aborted(0x1234, 3);
  EXPECT_EQ(event(2), forbidden);
  config(0b000);
  aborted(0x1234, 3);
}

TEST_F(NaiveTranslated, ConfigurationErrorsAreRecordedOnlyWithRecCfgAts) {
  CR2 = 0b1000;  // RECINVSID does not matter
  request.StreamID = 16;
  aborted(0, 1);
  EXPECT_EQ(event(0), (Words{0x0000'0010'0000'0002, 0, 0, 0}));
  request.StreamID = 0;
  memory.aborting = {STREAM_TABLE};
  aborted(0, 2);
  EXPECT_EQ(event(1), (Words{0x03, 0, 0, STREAM_TABLE}));
  memory.aborting.clear();
  ste[0] &= ~one(0);
  aborted(0, 3);
  EXPECT_EQ(event(2), (Words{0x04, 0, 0, 0}));
  CR2 = 0b0010;
  smmu.reset();
  aborted(0, 0);
  request.StreamID = 16;
  aborted(0, 0);
}

TEST_F(NaiveTranslated, UnsupportedOnesAreAbortedInSilence) {
  request.unsupported = 1;
  aborted(0, 0);
  CR0 = ATSCHK_0;
  aborted(0, 0);
}

TEST_F(NaiveTranslated, WithoutAPasidTheyAreFreeOfS1dssByChoice) {
  ste[0] |= PASIDS;
  EXPECT_EQ(passed(0x10).address, 0x10u);
  choices.translated_without_pasid_may_be_disabled = true;
  smmu.reset();
  aborted(0x10, 1);
  EXPECT_EQ(only_event(), (Words{0x06, 0, 0, 0}));
  ste[1] |= 0b01;
  smmu.reset();
  EXPECT_EQ(passed(0x10).address, 0x10u);
}

TEST_F(NaiveSplitTranslated, GoThroughStage2) {
  const Forwarded out = passed(GIB + 0x77);
  EXPECT_EQ(out.address, 3 * GIB + 0x77);
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
  memory.aborting = {CDS, STAGE1};  // nothing of stage 1 is looked at
  EXPECT_EQ(passed(GIB).address, 3 * GIB);
}

TEST_F(NaiveSplitTranslated, FaultsAreRecordedAsOfOrdinaryTransactions) {
  aborted(2 * GIB + 0x123, 1);
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0288'0000'0000, 0x8000'0123, 0x8000'0000}));
  memory.put64(STAGE2 + 8, block(3 * GIB, AF | S2_READ | S2_WB));
  aborted(GIB, 2, AccessType::write);
  EXPECT_EQ(event(1), (Words{0x13, 0x0000'0280'0000'0000, 0x4000'0000, 0x4000'0000}));
  ste[2] &= ~one(58);  // S2R
  aborted(2 * GIB, 2);
  aborted(one(48), 3);  // the IAS, at stage 1
  EXPECT_EQ(event(2), (Words{0x11, 0x0000'0208'0000'0000, one(48), 0}));
}

TEST_F(NaiveSplitTranslated, OverridesOfPermissionsAreInputToStage2) {
  stage2_page(AF | S2_READ | S2_WB | one(53));  // executable at EL0 only
  request.privileged = true;                    // does not count
  ste[1] |= 0b11ull << 50;
  EXPECT_TRUE(passed(GIB).instruction);
  ste[1] |= 0b11ull << 48;
  aborted(GIB, 1);
  EXPECT_EQ(only_event()[1], 0x0000'028E'0000'0000u);
  ste[1] &= ~(0b11ull << 50);
  EXPECT_EQ(send(GIB).kind, Outcome::Kind::forwarded);
}

TEST_F(NaiveSplitTranslated, UpdateTheFlagsOfStage2) {
  ste[2] |= one(55) | one(56);
  stage2_page(S2_READ | S2_WB | DBM);
  passed(GIB, AccessType::write);
  EXPECT_EQ(memory.get64(STAGE2 + 8), block(3 * GIB, AF | S2_READ | S2_WRITE | S2_WB | DBM));
}

TEST_F(NaiveSplitTranslated, WithoutAtschkTheIpaPassesAsAPhysicalAddress) {
  CR0 = ATSCHK_0;
  EXPECT_EQ(passed(GIB).address, GIB);
}
