// SPDX-License-Identifier: MIT
//
// Stage 1 of the naive SMMU: translation, its faults, rights, updates and attributes.
#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {
class NaiveStage1 : public NaiveSmmu {
 protected:
  NaiveStage1() { config(0b101); }
};
}  // namespace

TEST_F(NaiveStage1, TranslationFaultTellsTheAccess) {
  request.privileged = true;
  request.instruction = true;
  request.SSV = false;
  expect_abort(GIB + 0xABC);
  // RnW 99, InD 98, PnU 97, CLASS IN 105
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'020E'0000'0000, 0x4000'0ABC, 0}));
  expect_abort(GIB, AccessType::write);
  EXPECT_EQ(event(1), (Words{0x10, 0x0000'0202'0000'0000, 0x4000'0000, 0}));
}

TEST_F(NaiveStage1, AddressSizeFaultForAnOutputBeyondIps) {
  memory.put64(STAGE1, block(one(47), AF | USER));
  cd[0] &= ~(uint64_t{7} << 32);
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x11, 0x0000'0208'0000'0000, 0, 0}));
}

TEST_F(NaiveStage1, AccessFlagFaultUnlessAffd) {
  memory.put64(STAGE1, block(GIB, USER));
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x12, 0x0000'0208'0000'0000, 0, 0}));
  cd[0] |= one(35);
  EXPECT_EQ(forwarded(0).address, GIB);
}

TEST_F(NaiveStage1, PermissionFaultOfAWrite) {
  memory.put64(STAGE1, block(GIB, AF | USER | READ_ONLY));
  expect_abort(0x10, AccessType::write);
  EXPECT_EQ(only_event(), (Words{0x13, 0x0000'0200'0000'0000, 0x10, 0}));
}

TEST_F(NaiveStage1, PrivilegeOfTheSteDecides) {
  memory.put64(STAGE1, block(GIB, AF));  // EL1 only
  ste[1] |= uint64_t{3} << 48;           // PRIVCFG
  EXPECT_EQ(forwarded(0).address, GIB);
  ste[1] ^= uint64_t{1} << 48;
  expect_abort(0);
}

TEST_F(NaiveStage1, EpanDeniesWhatUsersMayExecute) {
  features.EPAN = true;
  cd[0] |= one(40);
  memory.put64(STAGE1, block(GIB, AF));  // EL0 may execute only
  request.privileged = true;
  EXPECT_EQ(forwarded(0).address, GIB);
  cd[1] |= one(59);
  expect_abort(0);
}

TEST_F(NaiveStage1, AbortedWalkTellsTheDescriptor) {
  memory.aborting = {STAGE1 + 8};
  expect_abort(GIB + 4, AccessType::write);
  // CLASS TT, S2 0
  EXPECT_EQ(only_event(), (Words{0x0B, 0x0000'0100'0000'0000, 0x4000'0004, 0x50008}));
}

TEST_F(NaiveStage1, CdABetweenAbortAndRazwiAndRSilences) {
  cd[0] &= ~one(46);
  EXPECT_EQ(access(GIB).kind, Outcome::Kind::razwi);
  EXPECT_EQ(events(), 1u);
  cd[0] &= ~one(45);
  EXPECT_EQ(access(GIB).kind, Outcome::Kind::razwi);
  EXPECT_EQ(events(), 1u);
}

TEST_F(NaiveStage1, AtomicNeedsBothRightsAndCountsAsAWrite) {
  request.instruction = true;
  EXPECT_EQ(forwarded(0, AccessType::atomic).instruction, false);
  memory.put64(STAGE1, block(GIB, AF | USER | READ_ONLY));
  expect_abort(0, AccessType::atomic);
  EXPECT_EQ(only_event(), (Words{0x13, 0x0000'0200'0000'0000, 0, 0}));
}

TEST_F(NaiveStage1, El2HasOneTableAndNoAsid) {
  ste[1] |= uint64_t{2} << 30;
  cd[0] = (cd[0] & ~one(30)) | (uint64_t{63} << 16) | one(56);
  features.ASID16 = false;
  memory.put64(STAGE1, block(GIB, AF));  // AP[1] counts as 1
  EXPECT_EQ(forwarded(0).address, GIB);
  CR2 = 0b11;  // with E2H both halves and the ASID count
  smmu.reset();
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x0Au);
}

TEST_F(NaiveStage1, LpaeTranslates32Bits) {
  cd[0] &= ~one(41);
  cd[0] &= ~uint64_t{0x3F};
  memory.put64(STAGE1, block(GIB, AF | USER));
  EXPECT_EQ(forwarded(0x1234).address, GIB + 0x1234);
  expect_abort(one(32));
  EXPECT_EQ(only_event()[0], 0x10u);
}

TEST_F(NaiveStage1, HardwareSetsAfAndDirtyState) {
  cd[0] |= one(43) | one(42);
  memory.put64(STAGE1, block(GIB, USER | READ_ONLY | DBM));
  EXPECT_EQ(forwarded(0).address, GIB);
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | READ_ONLY | DBM));
  EXPECT_EQ(forwarded(0, AccessType::write).address, GIB);
  EXPECT_EQ(memory.get64(STAGE1), block(GIB, AF | USER | DBM));
}

TEST_F(NaiveStage1, HintsOfTheInputCombineWithThoseOfTheTable) {
  request.attributes = 0xEC;  // outer RA, inner none
  EXPECT_EQ(forwarded(0).attributes, 0xEC);
  request.attributes = 0x77;  // outer and inner transient
  EXPECT_EQ(forwarded(0).attributes, 0x77);
  request.attributes = 0x44;  // no hints to combine
  EXPECT_EQ(forwarded(0).attributes, 0xFF);
  memory.put64(STAGE1, block(GIB, AF | USER | (uint64_t{1} << 2)));
  EXPECT_EQ(forwarded(0).attributes, 0x04);
  EXPECT_EQ(forwarded(0).shareability, Shareability::outer_shareable);
}

TEST_F(NaiveStage1, Version34LeavesAsDataPrivileged) {
  features.ArchMinorRev = 4;
  request.instruction = true;
  const Forwarded out = forwarded(0);
  EXPECT_TRUE(out.privileged);
  EXPECT_FALSE(out.instruction);
}

TEST_F(NaiveStage1, Granule64KReaches52Bits) {
  features.OAS = 6;
  features.VAX = 1;
  // T0SZ 12, TG0 64 KiB, IPS 52: level 1, whose blocks are 4 TiB
  cd[0] = (cd[0] & ~uint64_t{0xFF} & ~(uint64_t{7} << 32)) | 12 | (uint64_t{1} << 6) | (uint64_t{6} << 32);
  memory.put64(STAGE1 + 8 * 512, (uint64_t{0xF} << 12) | AF | USER | 1);
  EXPECT_EQ(forwarded(one(51) + 0x123).address, 0x000F'0000'0000'0123u);
}

TEST_F(NaiveStage1, DsReaches52BitsWith4KAndTakesShareabilityFromTheCd) {
  features.OAS = 6;
  features.VAX = 1;
  features.DS = true;
  cd[0] = (cd[0] & ~uint64_t{0x3F} & ~(uint64_t{7} << 32)) | 12 | (uint64_t{2} << 12) | (uint64_t{6} << 32);
  cd[2] = one(58);
  memory.put64(STAGE1, 0x70000 | 3);                          // level -1
  memory.put64(0x70000, (uint64_t{3} << 8) | AF | USER | 1);  // level 0: 512 GiB, bits [51:50] at [9:8]
  const Forwarded out = forwarded(0x1234);
  EXPECT_EQ(out.address, 0x000C'0000'0000'1234u);
  EXPECT_EQ(out.shareability, Shareability::outer_shareable);
}

TEST_F(NaiveStage1, SmallTablesNeedStt) {
  // T0SZ 40 is 24 bits: 4 KiB tables start at level 2
  cd[0] = (cd[0] & ~uint64_t{0x3F}) | 40;
  memory.put64(STAGE1, block(GIB, AF | USER));
  EXPECT_EQ(forwarded(0x12).address, GIB + 0x12);
  features.STT = false;
  smmu.reset();
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x0Au);
}

TEST_F(NaiveStage1, OutOfRangeTxszMayBeClampedInVersion30) {
  features.ArchMinorRev = 0;
  features.XNX = false;
  choices.txsz_out_of_range_is_illegal_v30 = false;
  features.STT = false;
  cd[0] = (cd[0] & ~uint64_t{0x3F}) | 63;  // counts as 39: level 2
  memory.put64(STAGE1, block(GIB, AF | USER));
  EXPECT_EQ(forwarded(0x12).address, GIB + 0x12);
  expect_abort(one(25));
  EXPECT_EQ(only_event()[0], 0x10u);
}
