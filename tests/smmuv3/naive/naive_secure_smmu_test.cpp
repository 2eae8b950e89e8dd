// SPDX-License-Identifier: MIT
//
// The Secure interface of the naive SMMU: registers, bypass, configuration and stage 1.
#include "test_secure_smmu.h"

using namespace naive_smmuv3_test;

namespace {
class NaiveSecureRegisters : public SecureSmmu {};
class NaiveSecureStreams : public SecureSmmu {};
class NaiveSecureStage1 : public SecureSmmu {
 protected:
  NaiveSecureStage1() { config(0b101); }
};
}  // namespace

// ---- registers

TEST_F(NaiveSecureRegisters, AreZeroAndIgnoreWritesForNonSecureAccesses) {
  start_secure();
  for (uint64_t offset = S; offset < 0x10000; offset += 4) {
    EXPECT_EQ(smmu->read(offset, 4), 0u) << offset;
    smmu->write(offset, 4, 0xFFFFFFFF);
  }
  EXPECT_EQ(s_read(0x20), 0b1101u);
  EXPECT_EQ(s_read(0x80, 8), STREAM_TABLE);
  EXPECT_EQ(s_read(0x64), 0u);
}

TEST_F(NaiveSecureRegisters, AreZeroForAllWithoutASecureState) {
  features = {};
  start();
  for (uint64_t offset = S; offset < 0x10000; offset += 4) {
    smmu->write(offset, 4, 0xFFFFFFFF, Space::secure);
    EXPECT_EQ(smmu->read(offset, 4, Space::secure), 0u) << offset;
  }
}

TEST_F(NaiveSecureRegisters, LeaveTheNonSecureOnesToSecureAccessesToo) {
  start_secure();
  smmu->write(0x2C, 4, 0, Space::secure);  // Guarded by CR0.SMMUEN
  EXPECT_EQ(smmu->read(0x2C, 4, Space::secure), 0b10u);
  smmu->write(0x20, 4, 0b1100, Space::secure);
  EXPECT_EQ(smmu->read(0x20, 4), 0b1100u);
  EXPECT_EQ(s_read(0x20), 0b1101u);
}

TEST_F(NaiveSecureRegisters, IdentificationFollowsTheFeatures) {
  features.STALL_MODEL = 2;
  features.S_IDR4 = 0x12345678;
  start_secure();
  EXPECT_EQ(s_read(0x00), 0x02002000u);  // STALL_MODEL, MSI
  EXPECT_EQ(s_read(0x04), 0xA0000010u);  // SECURE_IMPL, SEL2, S_SIDSIZE
  EXPECT_EQ(s_read(0x08), 0u);
  EXPECT_EQ(s_read(0x0C), 0u);
  EXPECT_EQ(s_read(0x10), 0x12345678u);
  EXPECT_EQ(s_read(0x14), 0u);
}

TEST_F(NaiveSecureRegisters, FeaturesThatContradictEachOtherAreRefused) {
  auto refused = [&] { EXPECT_THROW(smmu.emplace(features, bus, choices), std::invalid_argument); };
  features.SECURE_IMPL = false;
  refused();
  features.SECURE_IMPL = true;
  features.RIL = false;  // SMMUv3.1
  refused();
  features.RIL = true;
  features.MSI = false;
  refused();
}

TEST_F(NaiveSecureRegisters, ControlRegistersKeepOnlyWhatExists) {
  S_CR0 = 0;
  start_secure();
  s_write(0x2C, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x2C), 0b11u);  // E2H with SEL2
  s_write(0x44, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x44), 0x001FFF1Fu);  // NSCFG too
  s_write(0x50, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x54), 0b101u);
  s_write(0x3C, 4, 1);
  EXPECT_EQ(s_read(0x3C), 0u);
  s_write(0x64, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x64), 0x1B5u);
  s_write(0x20, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x20), 0x22Du);  // NSSTALLD, SIF
  EXPECT_EQ(s_read(0x24), 0x22Du);

  features.SEL2 = false;
  features.STALL_MODEL = 2;
  features.ATTR_PERMS_OVR = false;
  start_secure();
  s_write(0x2C, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x2C), 0b10u);
  s_write(0x44, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x44), 0x00103F1Fu);
  s_write(0x20, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x20), 0x2Du);
}

TEST_F(NaiveSecureRegisters, MessagesNeedSMsi) {
  features.S_MSI = false;
  start_secure();
  s_write(0x50, 4, 0);
  s_write(0x68, 8, 0x1000);
  s_write(0xB0, 8, 0x1000);
  EXPECT_EQ(s_read(0x68, 8), 0u);
  EXPECT_EQ(s_read(0xB0, 8), 0u);
  s_write(0x64, 4, 0xFFFFFFFF);
  EXPECT_EQ(s_read(0x64), 0x105u);
}

TEST_F(NaiveSecureRegisters, NsstalldTakesStallsFromTheNonSecureInterface) {
  start_secure();
  EXPECT_EQ(smmu->read(0x00, 4) & 0x03000000, 0u);
  s_write(0x20, 4, 0x20D);
  EXPECT_EQ(smmu->read(0x00, 4) & 0x03000000, 0x01000000u);
  EXPECT_EQ(s_read(0x00) & 0x03000000, 0u);
  // CD.S is ILLEGAL there, and legal in the Secure state
  cd[0] |= one(44);
  config(0b101);
  s_access(GIB);
  EXPECT_EQ(s_event(0)[0] & 0xFF, 0x10u);
  EXPECT_EQ(smmu->stalled().size(), 1u);
  request.SEC_SID = Space::non_secure;
  expect_abort(GIB);
  EXPECT_EQ(event(0)[0] & 0xFF, 0x0Au);
  // So is CMD_RESUME
  command(0x44);
  EXPECT_EQ(command_error(), 1u);
  s_command(0x44 | SSEC | one(12));
  EXPECT_EQ(s_command_error(), 0u);
}

TEST_F(NaiveSecureRegisters, WhetherNsstalldConcernsSecureStage2IsAChoice) {
  config(0b110);
  ste[2] |= one(57);  // S2S
  S_CR0 = 0x20D;
  expect_s_abort(GIB);
  EXPECT_EQ(only_s_event()[0], 0x04u);
  choices.nsstalld_refuses_secure_s2s = false;
  smmu.reset();
  EXPECT_EQ(s_forwarded(GIB).address, 3 * GIB);
}

// ---- bypass

TEST_F(NaiveSecureStreams, DisabledTheyFollowSGbpaAndNonSecureOnesGbpa) {
  S_CR0 = 0b1100;
  EXPECT_FALSE(s_forwarded(0x1000).NS);
  request.NS = true;
  EXPECT_TRUE(s_forwarded(0x1000).NS);
  s_write(0x44, 4, 0x80009000);  // NSCFG Secure
  EXPECT_FALSE(s_forwarded(0x1000).NS);
  request.NS = false;
  s_write(0x44, 4, 0x8000D000);  // Non-secure
  EXPECT_TRUE(s_forwarded(0x1000).NS);
  s_write(0x44, 4, 0x80005000);  // reserved, as incoming
  EXPECT_FALSE(s_forwarded(0x1000).NS);
  s_write(0x44, 4, 0x80101000);
  expect_s_abort(0x1000);
  EXPECT_EQ(s_events(), 0u);
  // The other interface neither passes nor aborts by it
  request.SEC_SID = Space::non_secure;
  smmu->write(0x20, 4, 0b1100);
  const Forwarded out = forwarded(0x1000);
  EXPECT_TRUE(out.NS);
}

TEST_F(NaiveSecureStreams, NscfgOfTheSteReplacesTheInput) {
  config(0b100);
  for (bool NS : {false, true}) {
    request.NS = NS;
    nscfg(0b00);
    EXPECT_EQ(s_forwarded(0x1000).NS, NS);
    nscfg(0b01);
    EXPECT_EQ(s_forwarded(0x1000).NS, NS);
    nscfg(0b10);
    EXPECT_FALSE(s_forwarded(0x1000).NS);
    nscfg(0b11);
    EXPECT_TRUE(s_forwarded(0x1000).NS);
  }
  features.ATTR_PERMS_OVR = false;
  smmu.reset();
  request.NS = false;
  EXPECT_FALSE(s_forwarded(0x1000).NS);
}

TEST_F(NaiveSecureStreams, NonSecureStreamsIgnoreNscfgAndTheInput) {
  config(0b100);
  nscfg(0b10);
  start_secure();
  request.SEC_SID = Space::non_secure;
  EXPECT_TRUE(forwarded(0x1000).NS);
}

TEST_F(NaiveSecureStreams, TheTwoStreamTablesAreApart) {
  config(0b100);
  start_secure();
  s_access(0x1000);
  request.SEC_SID = Space::non_secure;
  request.address = 0x1000;
  EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::aborted);  // there is no STE
  EXPECT_EQ(event(0), (Words{0x04, 0, 0, 0}));
  EXPECT_EQ(s_events(), 0u);
}

TEST_F(NaiveSecureStreams, EventsAreOfTheSecureQueueAndInterrupt) {
  start_secure();
  s_write(0x50, 4, 0);
  s_write(0xB0, 8, 0x9000);
  s_write(0xB8, 4, 0x55);
  s_write(0x50, 4, 0b100);
  request.StreamID = 16;
  expect_s_abort(0x1000);
  EXPECT_EQ(only_s_event(), (Words{0x0000'0010'0000'0002, 0, 0, 0}));
  EXPECT_EQ(smmu->wires(Space::secure).event, 1u);
  EXPECT_EQ(smmu->wires().event, 0u);
  EXPECT_EQ(secure_memory.get64(0x9000), 0x55u);
  EXPECT_EQ(memory.get64(0x9000), 0u);
}

TEST_F(NaiveSecureStreams, SsidsizeLimitsTheTable) {
  features.S_SIDSIZE = 2;
  config(0b100);
  request.StreamID = 3;
  s_forwarded(0x1000);
  request.StreamID = 4;
  expect_s_abort(0x1000);
  EXPECT_EQ(only_s_event()[0], 0x0000'0004'0000'0002u);
}

TEST_F(NaiveSecureStreams, AnAbortedSecureQueueIsAnErrorOfTheSecureInterface) {
  start_secure();
  secure_memory.aborting = {EVENTS};
  request.StreamID = 16;
  expect_s_abort(0x1000);
  EXPECT_EQ(s_read(0x60), 0b100u);
  EXPECT_EQ(smmu->read(0x60, 4), 0u);
  EXPECT_EQ(smmu->wires(Space::secure).gerror, 1u);
}

TEST_F(NaiveSecureStreams, SifAbortsNonSecureFetchesInBypass) {
  config(0b100);
  S_CR0 = 0x2D;
  request.instruction = true;
  s_forwarded(0x1000);
  request.NS = true;
  expect_s_abort(0x1000);
  // F_PERMISSION, RnW, InD, CLASS IN, of stage 1
  EXPECT_EQ(only_s_event(), (Words{0x13, 0x0000'020C'0000'0000, 0x1000, 0}));
  s_forwarded(0x1000, AccessType::write);
  ste[1] |= uint64_t{2} << 50;  // INSTCFG Data
  s_forwarded(0x1000);
  nscfg(0b10);
  ste[1] |= uint64_t{3} << 50;
  s_forwarded(0x1000);
}

TEST_F(NaiveSecureStreams, SifAbortsSilentlyWhileDisabled) {
  S_CR0 = 0x2C;
  request.instruction = true;
  request.NS = true;
  expect_s_abort(0x1000);
  EXPECT_EQ(s_events(), 0u);
  request.NS = false;
  s_forwarded(0x1000);
}

TEST_F(NaiveSecureStreams, SifDoesNotConcernNonSecureStreams) {
  config(0b100);
  S_CR0 = 0x2D;
  start_secure();
  request.SEC_SID = Space::non_secure;
  request.instruction = true;
  EXPECT_TRUE(forwarded(0x1000).NS);
}

// ---- stage 1

TEST_F(NaiveSecureStage1, OutputsWhatItsDescriptorsSay) {
  request.NS = true;  // without effect
  EXPECT_FALSE(s_forwarded(0).NS);
  secure_memory.put64(STAGE1, block(GIB, AF | USER | TTD_NS));
  EXPECT_TRUE(s_forwarded(0).NS);
  EXPECT_EQ(s_events(), 0u);
}

TEST_F(NaiveSecureStage1, NscfgOfTheCdMovesTheTables) {
  cd[1] |= 1;
  memory.put64(STAGE1, block(2 * GIB, AF | USER));
  const Forwarded out = s_forwarded(0);
  EXPECT_EQ(out.address, 2 * GIB);
  EXPECT_TRUE(out.NS);
}

TEST_F(NaiveSecureStage1, NsTableMovesWhatLiesBelow) {
  secure_memory.put64(STAGE1, 0x51000 | 3 | one(63));
  memory.put64(0x51000, block(4 * GIB, AF | USER));
  const Forwarded out = s_forwarded(0);
  EXPECT_EQ(out.address, 4 * GIB);
  EXPECT_TRUE(out.NS);
}

TEST_F(NaiveSecureStage1, LpaeHasTheSameBits) {
  cd[0] = one(30) | one(31) | one(45) | one(46);
  secure_memory.put64(STAGE1, block(GIB, AF | USER | TTD_NS));
  EXPECT_TRUE(s_forwarded(0).NS);
  cd[1] |= 1;
  memory.put64(STAGE1, block(2 * GIB, AF | USER));
  EXPECT_EQ(s_forwarded(0).address, 2 * GIB);
}

TEST_F(NaiveSecureStage1, SifFaultsAsTheCdSays) {
  S_CR0 = 0x2D;
  request.instruction = true;
  request.privileged = true;
  secure_memory.put64(STAGE1, block(GIB, AF));
  s_forwarded(0);
  secure_memory.put64(STAGE1, block(GIB, AF | TTD_NS));
  expect_s_abort(0);
  EXPECT_EQ(only_s_event(), (Words{0x13, 0x0000'020E'0000'0000, 0, 0}));
  cd[0] = (cd[0] & ~(one(45) | one(46)));  // neither R nor A
  EXPECT_EQ(s_access(0).kind, Outcome::Kind::razwi);
  EXPECT_EQ(s_events(), 1u);
  cd[0] |= one(44);
  EXPECT_EQ(s_access(0).kind, Outcome::Kind::stalled);
}

TEST_F(NaiveSecureStage1, El3AndEl2HaveOneTableWithoutPrivilege) {
  // Only privileged reads, and TTB1 is out of reach
  cd[0] &= ~one(30);
  for (unsigned STRW : {0b01u, 0b10u}) {
    strw(STRW);
    secure_memory.put64(STAGE1, block(GIB, AF));
    EXPECT_EQ(s_forwarded(0x1234).address, GIB + 0x1234) << STRW;
    expect_s_abort(~uint64_t{0xFFF});
  }
  // S-EL2-E2H has two, and looks at AP[1]
  S_CR2 = 0b11;
  smmu.reset();
  expect_s_abort(0x1234);
  EXPECT_EQ(s_event(0)[0] & 0xFF, 0x0Au);  // T1SZ of zero
}

struct IllegalSecure {
  const char* name;
  std::function<void(Features&, std::array<uint64_t, 8>&, std::array<uint64_t, 8>&)> change;
  unsigned event;  ///< 0: legal
};
void PrintTo(const IllegalSecure& entry, std::ostream* os) { *os << entry.name; }
class NaiveSecureLegality : public SecureSmmu, public testing::WithParamInterface<IllegalSecure> {};

TEST_P(NaiveSecureLegality, IsAsTheClauseSays) {
  config(0b101);
  GetParam().change(features, ste, cd);
  s_access(0);
  EXPECT_EQ(s_events() == 0 ? 0 : s_event(0)[0] & 0xFF, GetParam().event);
}

using F = Features;
using W = std::array<uint64_t, 8>;
const IllegalSecure legality[] = {
    {"StrwOf3", [](F&, W& s, W&) { s[1] |= uint64_t{3} << 30; }, 0x04},
    {"El3", [](F&, W& s, W&) { s[1] |= uint64_t{1} << 30; }, 0},
    {"El3WithoutHyp",
     [](F& f, W& s, W&) {
       f.Hyp = false;
       f.SEL2 = false;
       s[1] |= uint64_t{1} << 30;
     },
     0},
    {"SecureEl2", [](F&, W& s, W&) { s[1] |= uint64_t{2} << 30; }, 0},
    {"SecureEl2Absent",
     [](F& f, W& s, W&) {
       f.SEL2 = false;
       s[1] |= uint64_t{2} << 30;
     },
     0x04},
    {"SecureStage2Absent",
     [](F& f, W& s, W&) {
       f.SEL2 = false;
       s[0] |= 0xE;
     },
     0x04},
    {"Stage2OfLpae",
     [](F&, W& s, W&) {
       s[0] |= 0xE;
       s[2] &= ~one(51);
     },
     0x04},
    {"El3OfLpae",
     [](F&, W& s, W& c) {
       s[1] |= uint64_t{1} << 30;
       c[0] &= ~(one(41) | 0xFF);
     },
     0x0A},
    {"SecureEl2OfLpae",
     [](F&, W& s, W& c) {
       s[1] |= uint64_t{2} << 30;
       c[0] &= ~(one(41) | 0xFF);
     },
     0x0A},
    {"SecureEl1OfLpae", [](F&, W&, W& c) { c[0] &= ~(one(41) | 0xFF); }, 0},
    {"AsidOf16BitsInEl3",
     [](F& f, W& s, W& c) {
       f.ASID16 = false;
       s[1] |= uint64_t{1} << 30;
       c[0] |= uint64_t{1} << 56;
     },
     0},
    {"AsidOf16BitsInSecureEl1",
     [](F& f, W&, W& c) {
       f.ASID16 = false;
       c[0] |= uint64_t{1} << 56;
     },
     0x0A},
    {"VmidOf16BitsWithoutStage2",
     [](F& f, W& s, W&) {
       f.VMID16 = false;
       s[2] |= 0x100;
     },
     0},
    {"VmidOf16BitsWithStage2",
     [](F& f, W& s, W&) {
       f.VMID16 = false;
       s[0] |= 0xE;
       s[2] |= 0x100;
     },
     0x04},
    {"SecureGranuleReserved",
     [](F&, W& s, W&) {
       s[0] |= 0xE;
       s[4] |= uint64_t{3} << 46;
     },
     0x04},
    {"SecureT0szTooLarge",
     [](F&, W& s, W&) {
       s[0] |= 0xE;
       s[4] |= uint64_t{63} << 32;
     },
     0x04},
    {"SecureStartLevelInconsistent",
     [](F&, W& s, W&) {
       s[0] |= 0xE;
       s[4] |= uint64_t{2} << 38;
     },
     0x04},
    {"SecureTtbBeyondTheOutputSize",
     [](F&, W& s, W&) {
       s[0] |= 0xE;
       s[6] |= one(50);
     },
     0x04},
    {"SecureTablesIgnoredWithoutStage2",
     [](F&, W& s, W&) {
       s[4] = ~uint64_t{0};
       s[6] = ~uint64_t{0};
     },
     0},
};
INSTANTIATE_TEST_SUITE_P(All, NaiveSecureLegality, testing::ValuesIn(legality),
                         [](const auto& info) { return info.param.name; });
