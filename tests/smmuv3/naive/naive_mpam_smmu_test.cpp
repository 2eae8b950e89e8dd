// SPDX-License-Identifier: MIT
//
// MPAM labels and the Virtual Machine Structure of the naive SMMU.
#include "test_secure_smmu.h"

using namespace naive_smmuv3_test;

namespace {

constexpr uint64_t VMS = 0x70000;

class NaiveMpam : public SecureSmmu {
 protected:
  NaiveMpam() {
    features.MPAM = true;
    features.MPAM_MAX = {0x34, 0x0F};
    features.S_MPAM_MAX = {0x1F, 0x03};
    features.HAS_MPAM_NS = true;
    request.SEC_SID = Space::non_secure;
    ste[4] |= uint64_t{0x21} << 16;  // PARTID
    ste[5] = VMS | 0x05;             // VMSPtr, PMG
    cd[5] = (uint64_t{0x12} << 32) | (uint64_t{0x06} << 48);
    for (TestMemory* where : {&memory, &secure_memory}) {
      where->put64(VMS + 36, 0x0000'0000'0000'0015);  // PARTID_MAP[0x12]
    }
  }
  void s1mpam() { ste[1] |= one(26); }
  void expect_label(const Forwarded& out, unsigned PARTID, unsigned PMG, bool NS = true) {
    EXPECT_EQ(out.mpam.PARTID, PARTID);
    EXPECT_EQ(out.mpam.PMG, PMG);
    EXPECT_EQ(out.mpam.NS, NS);
    EXPECT_FALSE(out.mpam.unknown);
  }
};

}  // namespace

TEST_F(NaiveMpam, IdentificationFollowsTheFeatures) {
  start_secure();
  EXPECT_EQ(smmu->read(0x0C, 4) & one(7), one(7));
  EXPECT_EQ(smmu->read(0x130, 4), 0x000F0034u);
  EXPECT_EQ(s_read(0x130), 0x0203001Fu);
}

TEST_F(NaiveMpam, AbsentItsRegistersAreZero) {
  features = {};
  start();
  for (uint64_t offset : {0x130u, 0x138u, 0x13Cu}) {
    smmu->write(offset, 4, 0xFFFFFFFF);
    EXPECT_EQ(smmu->read(offset, 4), 0u);
  }
  command(0x07);
  EXPECT_EQ(command_error(), 1u);
}

TEST_F(NaiveMpam, GlobalLabelsChangeByUpdateAndKeepTheirWidths) {
  start_secure();
  for (uint64_t offset : {0x138u, 0x13Cu}) {
    smmu->write(offset, 4, 0x00010001);
    EXPECT_EQ(smmu->read(offset, 4), 0u);
    smmu->write(offset, 4, 0xFFFFFFFF);
    EXPECT_EQ(smmu->read(offset, 4), 0x000F003Fu);
    s_write(offset, 4, 0xFEFFFFFF);
    EXPECT_EQ(s_read(offset), 0x0003001Fu);
    s_write(offset, 4, 0xFFFFFFFF);  // MPAM_NS: the Non-secure widths
    EXPECT_EQ(s_read(offset), 0x010F003Fu);
  }
}

TEST_F(NaiveMpam, DisabledTransactionsHaveTheGlobalLabel) {
  start_secure();
  smmu->write(0x20, 4, 0b1100);
  smmu->write(0x13C, 4, 0x80020011);
  expect_label(forwarded(0x1000), 0x11, 2);
  smmu->write(0x13C, 4, 0x80020035);  // beyond PARTID_MAX
  EXPECT_TRUE(forwarded(0x1000).mpam.unknown);
  s_write(0x20, 4, 0b1100);
  s_write(0x13C, 4, 0x80010007);
  request.SEC_SID = Space::secure;
  expect_label(s_forwarded(0x1000), 7, 1, false);
  s_write(0x13C, 4, 0x81010007);
  expect_label(s_forwarded(0x1000), 7, 1, true);
}

TEST_F(NaiveMpam, MpamNsLendsPartidsToASecureStateThatHasNone) {
  features.S_MPAM_MAX = {};
  start_secure();
  s_write(0x20, 4, 0b1100);
  request.SEC_SID = Space::secure;
  s_write(0x13C, 4, 0x81020011);
  expect_label(s_forwarded(0x1000), 0x11, 2, true);
  s_write(0x13C, 4, 0x80020011);
  expect_label(s_forwarded(0x1000), 0, 0, false);
}

TEST_F(NaiveMpam, AValueBeyondItsMaximumCanBeZero) {
  choices.mpam_beyond_maximum_is_zero = true;
  config(0b100);
  ste[5] |= 0x10;  // PMG
  expect_label(forwarded(0), 0x21, 0);
  ste[4] |= uint64_t{0x16} << 16;  // PARTID 0x37
  ste[5] &= ~uint64_t{0x10};
  expect_label(forwarded(0), 0, 5);
}

TEST_F(NaiveMpam, OwnAccessesHaveTheGlobalLabelThatOfTheSteOrThatOfTheAccess) {
  s1mpam();
  config(0b111);
  start();
  smmu->write(0x138, 4, 0x80010009);  // GMPAM
  expect_label(forwarded(0), 0x15, 6);
  command(0x46);
  config(0b000);
  ste[0] &= ~uint64_t{1};
  expect_abort(0);
  auto expect = [&](uint64_t address, unsigned PARTID, unsigned PMG) {
    ASSERT_EQ(bus.labels.count(address), 1u) << address;
    EXPECT_EQ(bus.labels[address].PARTID, PARTID) << address;
    EXPECT_EQ(bus.labels[address].PMG, PMG) << address;
    EXPECT_TRUE(bus.labels[address].NS);
  };
  expect(STREAM_TABLE + 64 * uint64_t{request.StreamID}, 9, 1);
  expect(COMMANDS, 9, 1);
  expect(EVENTS, 9, 1);
  expect(VMS, 9, 1);
  expect(CDS, 0x21, 5);
  expect(STAGE2, 0x21, 5);
  expect(STAGE1, 0x15, 6);
}

TEST_F(NaiveMpam, LabelsAreOfTheSteUnlessS1mpam) {
  for (unsigned Config : {0b100u, 0b101u, 0b110u, 0b111u}) {
    config(Config);
    expect_label(forwarded(0), 0x21, 5);
  }
  s1mpam();
  for (unsigned Config : {0b100u, 0b110u}) {
    config(Config);
    expect_label(forwarded(0), 0x21, 5);
  }
}

TEST_F(NaiveMpam, WithS1mpamTheyAreOfTheCdAndNestedThroughTheMap) {
  s1mpam();
  config(0b101);
  expect_label(forwarded(0), 0x12, 6);
  config(0b111);
  for (auto choice : {Choices::VmsFetch::with_ste, Choices::VmsFetch::map_when_needed,
                      Choices::VmsFetch::entry_when_needed}) {
    choices.vms_fetch = choice;
    smmu.reset();
    expect_label(forwarded(0), 0x15, 6);
  }
  cd[5] |= uint64_t{0xFFE0} << 32;  // RES0 there
  expect_label(forwarded(0), 0x15, 6);
  memory.put64(VMS + 36, 0x35);
  EXPECT_TRUE(forwarded(0).mpam.unknown);
}

TEST_F(NaiveMpam, S1dssBypassTakesTheLabelOfTheSte) {
  s1mpam();
  config(0b111);
  ste[0] |= uint64_t{3} << 59;
  ste[1] |= 0b01;
  expect_label(forwarded(GIB), 0x21, 5);
}

TEST_F(NaiveMpam, AbortedVmsFetchIsFVmsFetch) {
  s1mpam();
  config(0b111);
  request.SSV = true;
  request.SubstreamID = 5;
  ste[0] |= uint64_t{3} << 59;
  ste[1] |= 0b01;
  put(CDS + 5 * 64, cd);
  memory.aborting = {VMS + 36};
  expect_abort(0);
  EXPECT_EQ(event(0), (Words{0x5825, 0, 0, VMS}));
  choices.vms_fetch = Choices::VmsFetch::entry_when_needed;
  smmu.reset();
  expect_abort(0);
  EXPECT_EQ(event(0), (Words{0x5825, 0, 0, VMS + 32}));
  // Where it is not needed, it is fetched or not
  request.SSV = false;
  forwarded(GIB);
  choices.vms_fetch = Choices::VmsFetch::with_ste;
  smmu.reset();
  expect_abort(GIB);
  EXPECT_EQ(event(0), (Words{0x25, 0, 0, VMS}));
}

TEST_F(NaiveMpam, TheOrderOfTheVmsFetchIsAChoice) {
  s1mpam();
  config(0b111);
  cd[0] &= ~one(31);  // C_BAD_CD
  memory.aborting = {VMS};
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x0Au);
  choices.vms_fetch = Choices::VmsFetch::with_ste;
  smmu.reset();
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x25u);
}

TEST_F(NaiveMpam, AnEnabledVmsptrBeyondTheOutputSizeIsBadSte) {
  ste[5] |= one(50);
  config(0b111);
  forwarded(0);
  s1mpam();
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x04u);
  config(0b101);
  forwarded(0);
  // No PARTID to map to: the VMS is not in use
  config(0b111);
  features.MPAM_MAX.PARTID = 0;
  smmu.reset();
  expect_label(forwarded(0), 0, 6);
}

TEST_F(NaiveMpam, WithoutSupportOfTheStateTheFieldsCountForNothing) {
  features.MPAM_MAX = {};
  s1mpam();
  config(0b111);
  ste[5] |= one(50);
  expect_label(forwarded(0), 0, 0);
}

TEST_F(NaiveMpam, SecureStreamsHaveTheirOwnSpaceUnlessMpamNs) {
  request.SEC_SID = Space::secure;
  config(0b100);
  ste[4] = (ste[4] & ~(uint64_t{0xFFFF} << 16)) | (uint64_t{0x0A} << 16);
  ste[5] = VMS | 0x02;
  expect_label(s_forwarded(0), 0x0A, 2, false);
  ste[5] |= 0x0D;
  EXPECT_TRUE(s_forwarded(0).mpam.unknown);  // PMG beyond the Secure maximum
  ste[5] |= one(8);
  expect_label(s_forwarded(0), 0x0A, 0x0F, true);
  features.HAS_MPAM_NS = false;
  smmu.reset();
  ste[5] &= ~uint64_t{0x0D};
  expect_label(s_forwarded(0), 0x0A, 2, false);
}

TEST_F(NaiveMpam, TheVmsOfASecureSteIsSecure) {
  request.SEC_SID = Space::secure;
  s1mpam();
  config(0b111);
  cd[5] = (uint64_t{0x12} << 32) | (uint64_t{0x01} << 48);
  memory.aborting = {VMS};
  expect_label(s_forwarded(0), 0x15, 1, false);
  secure_memory.aborting = {VMS};
  expect_s_abort(0);
  EXPECT_EQ(only_s_event(), (Words{0x25, 0, 0, VMS}));
}

TEST_F(NaiveMpam, CfgiVmsPidmNeedsAVmsOfTheStateThatItNames) {
  auto verdict = [&](bool secure_queue, uint64_t low) {
    smmu.reset();
    start_secure();
    if (secure_queue) {
      s_command(low);
      return s_command_error();
    }
    command(low);
    return command_error();
  };
  EXPECT_EQ(verdict(false, 0x07), 0u);
  EXPECT_EQ(verdict(false, 0x07 | SSEC), 1u);
  EXPECT_EQ(verdict(true, 0x07), 0u);
  EXPECT_EQ(verdict(true, 0x07 | SSEC), 0u);
  features.S_MPAM_MAX.PARTID = 0;  // still by way of MPAM_NS
  EXPECT_EQ(verdict(true, 0x07 | SSEC), 0u);
  features.S_MPAM_MAX.PMG = 0;  // there is no MPAM, whatever its VMS
  EXPECT_EQ(verdict(true, 0x07 | SSEC), 1u);
  features.S_MPAM_MAX.PMG = 3;
  features.HAS_MPAM_NS = false;
  EXPECT_EQ(verdict(true, 0x07 | SSEC), 1u);
  features.S_MPAM_MAX.PARTID = 1;
  features.SEL2 = false;
  EXPECT_EQ(verdict(true, 0x07 | SSEC), 1u);
  features.MPAM_MAX.PARTID = 0;
  EXPECT_EQ(verdict(false, 0x07), 1u);
}

TEST_F(NaiveMpam, AddressTranslationOperationsTellOfTheVms) {
  s1mpam();
  config(0b111);
  put_structures();
  memory.aborting = {VMS};
  start();
  smmu->write(0x110, 8, one(10) | one(11) | one(8));
  smmu->write(0x100, 4, 1);
  EXPECT_EQ(smmu->read(0x118, 8), (0x25u << 4) | 1);
}
