// SPDX-License-Identifier: MIT
//
// The naive SMMU at the limits of its fields, and by its choices.
#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {
using Structure = std::array<uint64_t, 8>;

class NaiveLimits : public NaiveSmmu {
 protected:
  /// 0 if the structures are legal, else the number of the event
  unsigned verdict(unsigned Config) {
    config(Config);
    smmu.reset();
    access(0);
    const unsigned number = events() == 0 ? 0 : unsigned(event(0)[0] & 0xFF);
    return number == 0x04 || number == 0x0A ? number : 0;
  }
  void t0sz(unsigned T0SZ) { cd[0] = (cd[0] & ~uint64_t{0x3F}) | T0SZ; }
  void stage2(unsigned S2T0SZ, unsigned S2SL0) {
    ste[2] = (ste[2] & ~(uint64_t{0xFF} << 32)) | (uint64_t{S2T0SZ} << 32) | (uint64_t{S2SL0} << 38);
  }
  void wide_addresses() {
    features.OAS = 6;
    features.VAX = 1;
  }
};

class NaiveChoices : public NaiveSmmu {};
}  // namespace

TEST_F(NaiveLimits, T0szIsLegalUpToItsLimitsAndNotBeyond) {
  for (unsigned T0SZ : {16u, 39u, 48u}) {
    t0sz(T0SZ);
    EXPECT_EQ(verdict(5), 0u) << T0SZ;
  }
  for (unsigned T0SZ : {15u, 49u}) {
    t0sz(T0SZ);
    EXPECT_EQ(verdict(5), 0x0Au) << T0SZ;
  }
  features.STT = false;
  t0sz(39);
  EXPECT_EQ(verdict(5), 0u);
  t0sz(40);
  EXPECT_EQ(verdict(5), 0x0Au);
  features.STT = true;
  cd[0] |= uint64_t{1} << 6;  // 64 KiB
  t0sz(47);
  EXPECT_EQ(verdict(5), 0u);
  t0sz(48);
  EXPECT_EQ(verdict(5), 0x0Au);
}

TEST_F(NaiveLimits, T0szOf12NeedsVaxAndTheRightGranule) {
  cd[0] |= uint64_t{1} << 6;
  t0sz(12);
  EXPECT_EQ(verdict(5), 0x0Au);
  wide_addresses();
  EXPECT_EQ(verdict(5), 0u);
  t0sz(11);
  EXPECT_EQ(verdict(5), 0x0Au);
  cd[0] &= ~(uint64_t{3} << 6);  // 4 KiB
  t0sz(12);
  EXPECT_EQ(verdict(5), 0x0Au);
  cd[2] = one(58);  // DS, which is RES0 still
  EXPECT_EQ(verdict(5), 0x0Au);
  features.DS = true;
  EXPECT_EQ(verdict(5), 0u);
}

TEST_F(NaiveLimits, S2t0szIsLegalUpToItsLimitsAndNotBeyond) {
  stage2(16, 2);
  EXPECT_EQ(verdict(6), 0u);
  stage2(15, 2);
  EXPECT_EQ(verdict(6), 0x04u);
  stage2(39, 0);
  EXPECT_EQ(verdict(6), 0u);
  features.STT = false;
  EXPECT_EQ(verdict(6), 0u);
  features.OAS = 2;  // 40 bits
  stage2(24, 1);
  EXPECT_EQ(verdict(6), 0u);
  stage2(23, 1);
  EXPECT_EQ(verdict(6), 0x04u);
}

TEST_F(NaiveLimits, S2dsAndS2sl02AreRes0WithoutDs) {
  ste[3] |= one(2) | one(3);
  EXPECT_EQ(verdict(6), 0u);
  wide_addresses();
  features.DS = true;
  EXPECT_EQ(verdict(6), 0x04u);  // SL2 with SL0 1 is no level
  // 52 bits from level -1: SL2 1, SL0 0
  ste[2] = (ste[2] & ~(uint64_t{7} << 48)) | (uint64_t{6} << 48);
  stage2(12, 0);
  EXPECT_EQ(verdict(6), 0u);
}

TEST_F(NaiveLimits, TablesMayLieUpToTheOutputSize) {
  cd[0] &= ~(uint64_t{7} << 32);  // 32 bits
  cd[1] = 0xFFFF'F000;
  EXPECT_EQ(verdict(5), 0u);
  ste[2] &= ~(uint64_t{7} << 48);
  ste[3] = 0xFFFF'F000;
  EXPECT_EQ(verdict(6), 0u);
  wide_addresses();
  cd[0] |= uint64_t{6} << 32;
  cd[1] = one(48);  // 4 KiB without DS: 48 bits
  EXPECT_EQ(verdict(5), 0x0Au);
  ste[2] |= uint64_t{6} << 48;
  ste[3] = one(48);
  EXPECT_EQ(verdict(6), 0x04u);
}

TEST_F(NaiveLimits, S1cdmaxMayBeSsidsize) {
  features.SSIDSIZE = 5;
  ste[0] |= uint64_t{5} << 59;
  EXPECT_EQ(verdict(5), 0u);
  features.SSIDSIZE = 0;  // then it is ignored
  ste[0] |= uint64_t{31} << 59;
  EXPECT_EQ(verdict(5), 0u);
}

TEST_F(NaiveLimits, EndiannessIsFreeOrFixed) {
  cd[0] |= one(15);
  ste[2] |= one(52);
  EXPECT_EQ(verdict(5), 0u);
  EXPECT_EQ(verdict(6), 0u);
  features.TTENDIAN = 3;
  EXPECT_EQ(verdict(5), 0u);
  EXPECT_EQ(verdict(6), 0u);
  cd[0] &= ~one(15);
  ste[2] &= ~one(52);
  features.TTENDIAN = 2;
  EXPECT_EQ(verdict(5), 0u);
  EXPECT_EQ(verdict(6), 0u);
}

TEST_F(NaiveLimits, StrwIsIgnoredWhereItSelectsNothing) {
  ste[1] |= one(30);
  EXPECT_EQ(verdict(5), 0x04u);
  for (unsigned Config : {4u, 6u, 7u}) EXPECT_EQ(verdict(Config), 0u) << Config;
  features.Hyp = false;
  EXPECT_EQ(verdict(5), 0u);
}

TEST_F(NaiveLimits, S2vmidIsIgnoredWhereItTagsNothing) {
  features.VMID16 = false;
  ste[2] |= 0xFF00;
  for (unsigned Config : {0u, 4u}) EXPECT_EQ(verdict(Config), 0u) << Config;
  for (unsigned Config : {5u, 6u, 7u}) EXPECT_EQ(verdict(Config), 0x04u) << Config;
  ste[1] |= uint64_t{2} << 30;  // EL2
  EXPECT_EQ(verdict(5), 0u);
  ste[1] ^= uint64_t{2} << 30;
  features.S2P = features.Hyp = features.PTWNNC = false;
  EXPECT_EQ(verdict(5), 0u);
}

TEST_F(NaiveLimits, EachHalfHasItsOwnFields) {
  config(0b101);
  // T1SZ 25, TG1 4 KiB, EPD0; HAD1 and E0PD1
  cd[0] = (cd[0] & ~one(30)) | one(14) | (uint64_t{25} << 16) | (uint64_t{2} << 22);
  cd[1] = 0;
  cd[2] = 0x70000 | one(1);
  memory.put64(0x70000, 0x71000 | 3 | one(61));  // APTable: no EL0 access
  memory.put64(0x71000, 0x4020'0000 | AF | USER | 1);
  const uint64_t top = ~(one(39) - 1);
  EXPECT_EQ(forwarded(top + 0x10).address, 0x4020'0010u);
  cd[2] = 0x70000;
  expect_abort(top);
  EXPECT_EQ(event(0)[0], 0x13u);
  cd[2] = 0x70000 | one(1) | one(2);
  expect_abort(top);
  EXPECT_EQ(event(1)[0], 0x10u);
  expect_abort(0);  // EPD0
  EXPECT_EQ(event(2)[0], 0x10u);
}

TEST_F(NaiveLimits, TopByteIsIgnoredByHalf) {
  config(0b101);
  expect_abort(0xAB00'0000'0000'0000);
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0208'0000'0000, 0xAB00'0000'0000'0000, 0}));
  cd[0] |= one(38);
  EXPECT_EQ(forwarded(0xAB00'0000'0000'0012).address, GIB + 0x12);
}

TEST_F(NaiveLimits, LpaeOfEl2HasOneTable) {
  config(0b101);
  ste[1] |= uint64_t{2} << 30;
  cd[0] =
      (cd[0] & ~one(41) & ~uint64_t{0x3F} & ~one(30)) | one(40) | (uint64_t{7} << 16);  // PAN does not count
  memory.put64(STAGE1 + 24, block(GIB, AF | USER));
  request.privileged = true;
  EXPECT_EQ(forwarded(0xC000'0004).address, GIB + 4);
}

TEST_F(NaiveLimits, SplitIs6WhereItIsReserved) {
  config(0b100);
  start();
  smmu->write(0x20, 4, 0b1100);
  for (uint64_t SPLIT : std::initializer_list<uint64_t>{7, 10}) {
    smmu->write(0x88, 4, 0x10000 | (SPLIT << 6) | 12);
    smmu->write(0x20, 4, 0b1101);
    memory.put64(STREAM_TABLE + 8, 0x70000 | 2);
    put(0x70000, ste);
    request.StreamID = SPLIT == 7 ? 64 : 1024;
    EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::forwarded) << SPLIT;
    smmu->write(0x20, 4, 0b1100);
  }
}

TEST_F(NaiveLimits, SecondLevelStreamTablesAreAlignedToTheirSpan) {
  config(0b100);
  start();
  smmu->write(0x20, 4, 0b1100);
  smmu->write(0x88, 4, 0x10000 | (6 << 6) | 8);
  smmu->write(0x20, 4, 0b1101);
  memory.put64(STREAM_TABLE, 0x700C0 | 3);  // four STEs: 256 bytes
  put(0x70000, ste);
  EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::forwarded);
}

TEST_F(NaiveLimits, EveryMemAttrIsATypeOrDeviceNgnrne) {
  config(0b100);
  static constexpr unsigned mair[] = {0x00, 0x04, 0x08, 0x0C, 0x00, 0x44, 0x4B, 0x4F,
                                      0x00, 0xB4, 0xBB, 0xBF, 0x00, 0xF4, 0xFB, 0xFF};
  for (unsigned MemAttr = 0; MemAttr < 16; MemAttr++) {
    ste[1] = one(44) | one(36) | (uint64_t{MemAttr} << 32);
    EXPECT_EQ(forwarded(0).attributes, mair[MemAttr]) << MemAttr;
  }
}

TEST_F(NaiveLimits, PanDeniesWhatUsersMayRead) {
  config(0b101);
  cd[0] |= one(40);
  request.privileged = true;
  expect_abort(0);
  cd[0] &= ~one(41) & ~uint64_t{0x3F};  // LPAE
  expect_abort(0);
  EXPECT_EQ(event(0)[0], 0x13u);
  EXPECT_EQ(event(1)[0], 0x13u);
}

TEST_F(NaiveLimits, QueueAttributesAreGuardedByEachQueue) {
  start();
  for (uint64_t CR0 : std::initializer_list<uint64_t>{0b0101, 0b1001}) {
    smmu->write(0x20, 4, CR0);
    smmu->write(0x28, 4, 0x3F);
    EXPECT_EQ(smmu->read(0x28, 4), 0u);
  }
  smmu->write(0x20, 4, 0b0001);
  smmu->write(0x28, 4, 0xFFF);
  EXPECT_EQ(smmu->read(0x28, 4), 0x3Fu);
}

TEST_F(NaiveLimits, IllegalRegisterWritesAreIgnored) {
  start();
  smmu->write(0x52, 4, 0);
  smmu->write(0x50, 2, 0);
  smmu->write(0x4C, 8, 0);
  EXPECT_EQ(smmu->read(0x50, 4), 5u);
}

TEST_F(NaiveLimits, ContradictingFeaturesAreRefused) {
  const std::function<void(Features&)> changes[] = {
      [](Features& f) { f.S1P = f.S2P = false; },
      [](Features& f) { f.Hyp = true, f.S2P = f.PTWNNC = false; },
      [](Features& f) { f.ST_LEVEL = 2; },
      [](Features& f) { f.STALL_MODEL = 3; },
      [](Features& f) { f.TTENDIAN = 1; },
      [](Features& f) { f.TTF = 0; },
      [](Features& f) { f.HTTU = 3; },
      [](Features& f) { f.CMDQS = 20; },
      [](Features& f) { f.EVENTQS = 20; },
      [](Features& f) { f.SSIDSIZE = 21; },
      [](Features& f) { f.SIDSIZE = 33; },
      [](Features& f) { f.ST_LEVEL = 0; },
      [](Features& f) { f.BBML = 3; },
      [](Features& f) { f.HAD = false, f.PBHA = true; },
      [](Features& f) { f.OAS = 7; },
      [](Features& f) { f.DS = true; },
      [](Features& f) { f.DS = true, f.VAX = 1, f.GRAN4K = f.GRAN16K = false; },
      [](Features& f) { f.VAX = 1, f.GRAN64K = false; },
      [](Features& f) { f.OAS = 6, f.GRAN64K = false; },
      [](Features& f) { f.GRAN4K = false; },
      [](Features& f) { f.STALL_MODEL = 1; },
      [](Features& f) { f.STALL_MAX = 0; },
      [](Features& f) { f.ArchMinorRev = 5; },
      [](Features& f) { f.ArchMinorRev = 0; },
      [](Features& f) { f.PRI = true; },
      [](Features& f) { f.MPAM = true; },  // with nothing to label
      [](Features& f) { f.MPAM_MAX.PARTID = 1; },
      [](Features& f) { f.D128 = true; },
  };
  unsigned n = 0;
  for (const auto& change : changes) {
    Features f;
    change(f);
    EXPECT_THROW(f.validate(), std::invalid_argument) << n;
    n++;
  }
  EXPECT_NO_THROW(Features{}.validate());
}

// ---- choices

TEST_F(NaiveChoices, PagesMayAlias) {
  start();
  EXPECT_EQ(smmu->read(0x10004, 4), 0u);
  choices.page1_aliases_page0 = choices.page0_shows_event_indices = true;
  start();
  EXPECT_EQ(smmu->read(0x10004, 4), 0x0E730520u);
  smmu->write(0xAC, 4, 3);
  EXPECT_EQ(smmu->read(0x100AC, 4), 3u);
}

TEST_F(NaiveChoices, WideAccessesMayReachTwoRegistersOrNone) {
  start();
  EXPECT_EQ(smmu->read(0x20, 8), 0x0000'000D'0000'000Du);
  choices.wide_access_reaches_both = false;
  start();
  EXPECT_EQ(smmu->read(0x20, 8), 0u);
  EXPECT_EQ(smmu->read(0x80, 8), STREAM_TABLE);
  EXPECT_EQ(smmu->read(0x22, 4), 0u);
  EXPECT_EQ(smmu->read(0x20, 2), 0u);
}

TEST_F(NaiveChoices, AtosRunMayBeStoredUntilTranslationIsEnabled) {
  features.ArchMinorRev = 1;
  choices.stores_atos_run_while_disabled = true;
  start();
  smmu->write(0x20, 4, 0b1100);
  smmu->write(0x100, 4, 1);
  EXPECT_EQ(smmu->read(0x100, 4), 1u);
  smmu->write(0x108, 8, 5);
  EXPECT_EQ(smmu->read(0x108, 8), 0u);
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(smmu->read(0x100, 4), 0u);
}

TEST_F(NaiveChoices, AlloccfgMayNeedMtcfg) {
  config(0b100);
  ste[1] |= uint64_t{0b1000} << 37;
  EXPECT_EQ(forwarded(0).attributes, 0xCC);
  choices.alloccfg_without_mtcfg = false;
  smmu.reset();
  EXPECT_EQ(forwarded(0).attributes, 0xFF);
  ste[1] |= one(36) | (uint64_t{0xF} << 32);
  EXPECT_EQ(forwarded(0).attributes, 0xCC);
}

TEST_F(NaiveChoices, IncomingDeviceMayKeepTheShareabilityItWasPresentedWith) {
  config(0b100);
  ste[1] |= one(36) | (uint64_t{0xF} << 32);
  request.attributes = 0x00;
  EXPECT_EQ(forwarded(0).shareability, Shareability::outer_shareable);
  choices.incoming_uncached_is_outer_shareable = false;
  smmu.reset();
  EXPECT_EQ(forwarded(0).shareability, Shareability::non_shareable);
}

TEST_F(NaiveChoices, TypeThatIsCacheableAtOneLevelKeepsItsShareability) {
  config(0b100);
  request.attributes = 0x4F;
  request.shareability = Shareability::inner_shareable;
  EXPECT_EQ(forwarded(0).shareability, Shareability::inner_shareable);
}

TEST_F(NaiveChoices, AbortedEventWriteMayBeAsynchronous) {
  choices.event_write_abort_is_asynchronous = true;
  memory.aborting = {EVENTS};
  ste[0] = 0;
  expect_abort(0);
  EXPECT_EQ(events(), 1u);
  EXPECT_EQ(smmu->read(0x60, 4), 4u);
}

TEST_F(NaiveChoices, StallBeyondStallMaxMayTerminate) {
  choices.at_stall_max = Choices::AtStallMax::terminate;
  features.STALL_MAX = 1;
  config(0b101);
  cd[0] |= one(44);
  access(GIB);
  expect_abort(GIB);
  EXPECT_EQ(event(1)[1], 0x0000'0208'0000'0000u);
}

TEST_F(NaiveChoices, InconsistentQueuesStopOrGoOn) {
  start();
  smmu->write(0x20, 4, 0b0101);
  for (unsigned n = 0; n < 8; n++) memory.put64(COMMANDS + 16 * n, 0x30);
  smmu->write(0x9C, 4, 2);
  smmu->write(0x98, 4, 11);  // nine entries of eight
  smmu->write(0x20, 4, 0b1101);
  smmu->run_commands();
  EXPECT_EQ(smmu->read(0x9C, 4), 2u);
  smmu->write(0x100AC, 4, 7);  // PROD 0: nine entries
  ste[0] = 0;
  expect_abort(0);
  EXPECT_EQ(smmu->read(0x100A8, 4), 0x8000'0000u);
}

TEST_F(NaiveChoices, StreamTableBeyondTheOutputSizeFaultsOrIsTruncated) {
  features.OAS = 0;
  config(0b100);
  put(0x70000, ste);
  memory.put64(STREAM_TABLE, one(32) | 0x70000 | 1);
  for (bool faults : {true, false}) {
    choices.ste_beyond_oas_faults = faults;
    start();
    smmu->write(0x20, 4, 0b1100);
    smmu->write(0x88, 4, 0x10000 | (6 << 6) | 8);
    smmu->write(0x20, 4, 0b1101);
    const Outcome outcome = smmu->access(request);
    EXPECT_EQ(outcome.kind, faults ? Outcome::Kind::aborted : Outcome::Kind::forwarded);
    if (faults) {
      EXPECT_EQ(only_event(), (Words{0x03, 0, 0, 0x70000}));
    }
  }
}

TEST_F(NaiveChoices, ContextPointersBeyondTheIasAreBadOrFaultAtStage2) {
  config(0b111);
  ste[0] |= one(50);
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x04u);
  choices.s1contextptr_beyond_ias_is_bad = false;
  smmu.reset();
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x10, 0x0000'0088'0000'0000, 0, one(50) | CDS}));
}

TEST_F(NaiveChoices, ContextPointersBeyondTheOasHaveThreeEndsInVersion30) {
  features.ArchMinorRev = 0;
  features.XNX = false;
  config(0b101);
  ste[0] |= one(50);
  choices.s1contextptr_beyond_oas_v30 = Choices::Beyond::bad_structure;
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x04u);
  smmu.reset();
  choices.s1contextptr_beyond_oas_v30 = Choices::Beyond::fetch_fault;
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x09, 0, 0, CDS}));
  smmu.reset();
  choices.s1contextptr_beyond_oas_v30 = Choices::Beyond::truncated;
  EXPECT_EQ(forwarded(0).address, GIB);
}

TEST_F(NaiveChoices, SecondLevelCdPointersBeyondTheOasHaveThreeEndsInVersion30) {
  features.ArchMinorRev = 0;
  features.XNX = false;
  config(0b101);
  ste[0] |= (uint64_t{3} << 59) | one(4);
  request.SSV = true;
  request.SubstreamID = 1;
  put(0x80040, cd);
  cd[0] = one(50) | 0x80000 | 1;  // the L1CD stands where the fixture has its CD
  choices.l2ptr_beyond_oas_v30 = Choices::Beyond::bad_structure;
  expect_abort(0);
  EXPECT_EQ(only_event()[0], 0x1008u);
  smmu.reset();
  choices.l2ptr_beyond_oas_v30 = Choices::Beyond::fetch_fault;
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x1809, 0, 0, 0x80040}));
  smmu.reset();
  choices.l2ptr_beyond_oas_v30 = Choices::Beyond::truncated;
  EXPECT_EQ(forwarded(0).address, GIB);
}

TEST_F(NaiveChoices, BypassByS1dssChecksTheOasOrTheIas) {
  features.OAS = 1;  // 36 bits; the IAS is 40
  cd[0] &= ~(uint64_t{7} << 32);
  config(0b101);
  ste[0] |= uint64_t{3} << 59;
  ste[1] |= 0b01;
  expect_abort(one(38));
  EXPECT_EQ(only_event()[0], 0x11u);
  choices.s1dss_bypass_checks_oas = false;
  smmu.reset();
  EXPECT_EQ(forwarded(one(38) + 8).address, 8u);  // truncated
  expect_abort(one(40));
}

TEST_F(NaiveChoices, HintsCombineByLevelOrOnlyIfBothAreCacheable) {
  config(0b101);
  request.attributes = 0xC4;  // outer without hints, inner not cacheable
  EXPECT_EQ(forwarded(0).attributes, 0xCF);
  choices.combines_hints_by_level = false;
  smmu.reset();
  EXPECT_EQ(forwarded(0).attributes, 0xFF);
}

TEST_F(NaiveChoices, GbpaFieldsWithoutEffectMayReadBack) {
  features.ATTR_TYPES_OVR = features.ATTR_PERMS_OVR = false;
  start();
  smmu->write(0x44, 4, 0x800F3F1F);
  EXPECT_EQ(smmu->read(0x44, 4), 0u);
  choices.stores_ineffective_gbpa = true;
  start();
  smmu->write(0x44, 4, 0x800F3F1F);
  EXPECT_EQ(smmu->read(0x44, 4), 0x000F3F1Fu);
}
