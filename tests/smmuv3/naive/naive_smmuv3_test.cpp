// SPDX-License-Identifier: MIT
//
// Configuration lookup of the naive SMMU: bypass, Stream table, STE, CD and substreams.
#include "test_smmu.h"

using namespace naive_smmuv3_test;

namespace {
class NaiveConfiguration : public NaiveSmmu {};
class NaiveCd : public NaiveSmmu {
 protected:
  NaiveCd() { config(0b101); }
};
class NaiveSubstreams : public NaiveSmmu {
 protected:
  /// Eight CDs behind one pointer; the one under test is the third
  NaiveSubstreams() {
    config(0b101);
    ste[0] |= uint64_t{3} << 59;
    request.SSV = true;
    request.SubstreamID = 2;
  }
  Outcome with_cd(uint64_t where) {
    put(where, cd);
    put(STREAM_TABLE, ste);
    if (!smmu.has_value()) start();
    return smmu->access(request);
  }
};
}  // namespace

// ---- SMMUEN == 0

TEST_F(NaiveConfiguration, DisabledItPassesAddressesThrough) {
  start();
  smmu->write(0x20, 4, 0b1100);
  request.attributes = 0x44;
  request.privileged = true;
  const Forwarded out = forwarded(0x123456789ABC);
  EXPECT_EQ(out.address, 0x123456789ABCu);
  EXPECT_EQ(out.attributes, 0x44);
  EXPECT_EQ(out.shareability, Shareability::outer_shareable);
  EXPECT_TRUE(out.privileged);
}

TEST_F(NaiveConfiguration, DisabledItRefusesAddressesBeyondTheOutputSizeSilently) {
  start();
  smmu->write(0x20, 4, 0b1100);
  expect_abort(one(48));
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveConfiguration, GbpaAbortsOrOverridesAndOnlyWithUpdate) {
  features.GBPA_ABORT = true;
  start();
  smmu->write(0x20, 4, 0b1100);
  EXPECT_EQ(smmu->read(0x44, 4), 0x00101000u);
  expect_abort(0x1000);
  smmu->write(0x44, 4, 0x00001000);  // without Update
  expect_abort(0x1000);
  // SHCFG ISH, ALLOCCFG RA only, MTCFG with MemAttr 0b1111, PRIVCFG privileged, INSTCFG instruction
  smmu->write(0x44, 4, 0x800F3C1F);
  EXPECT_EQ(smmu->read(0x44, 4), 0x000F3C1Fu);
  request.attributes = 0x04;
  Forwarded out = forwarded(0x1000);
  EXPECT_EQ(out.attributes, 0xEE);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
  EXPECT_TRUE(out.privileged);
  EXPECT_TRUE(out.instruction);
  out = forwarded(0x1000, AccessType::write);
  EXPECT_FALSE(out.instruction);
}

// ---- Stream table

TEST_F(NaiveConfiguration, StreamIdBeyondTheTableIsBadStreamId) {
  request.StreamID = 16;
  request.SSV = true;
  request.SubstreamID = 0x12345;
  expect_abort(0x1000);
  EXPECT_EQ(only_event(), (Words{0x0000'0010'1234'5802, 0, 0, 0}));
}

TEST_F(NaiveConfiguration, BadStreamIdIsRecordedOnlyWithRecinvsid) {
  CR2 = 0;
  request.StreamID = 16;
  expect_abort(0x1000);
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveConfiguration, AbortedSteFetchTellsItsAddress) {
  request.StreamID = 3;
  memory.aborting = {STREAM_TABLE + 3 * 64 + 8};
  expect_abort(0x1000);
  EXPECT_EQ(only_event(), (Words{0x0000'0003'0000'0003, 0, 0, 0x100C0}));
}

TEST_F(NaiveConfiguration, InvalidSteIsBadSte) {
  ste[0] = ~uint64_t{1};
  request.StreamID = 2;
  expect_abort(0x1000);
  EXPECT_EQ(only_event(), (Words{0x0000'0002'0000'0004, 0, 0, 0}));
}

TEST_F(NaiveConfiguration, ConfigBelow4AbortsSilently) {
  for (unsigned Config = 0; Config < 4; Config++) {
    config(Config);
    expect_abort(0x1000);
  }
  EXPECT_EQ(events(), 0u);
}

TEST_F(NaiveConfiguration, TwoLevelTableFollowsSpanAndSplit) {
  config(0b100);
  start();
  smmu->write(0x20, 4, 0b1100);
  smmu->write(0x88, 4, 0x10000 | (8 << 6) | 10);
  smmu->write(0x20, 4, 0b1101);
  memory.put64(STREAM_TABLE + 8, 0x70000 | 3);  // StreamIDs 256 to 259
  put(0x70000 + 64, ste);
  request.address = 0x1000;
  request.StreamID = 257;
  EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::forwarded);
  request.StreamID = 260;  // beyond the Span
  EXPECT_EQ(smmu->access(request).kind, Outcome::Kind::aborted);
  EXPECT_EQ(only_event()[0], 0x0000'0104'0000'0002u);
  request.StreamID = 0;  // Span 0
  smmu->access(request);
  EXPECT_EQ(event(1)[0], 0x0000'0000'0000'0002u);
  memory.put64(STREAM_TABLE + 16, 0x70000 | 10);  // Span > SPLIT + 1
  request.StreamID = 512;
  smmu->access(request);
  EXPECT_EQ(event(2)[0], 0x0000'0200'0000'0002u);
  memory.aborting = {STREAM_TABLE + 24};
  request.StreamID = 768;
  smmu->access(request);
  EXPECT_EQ(event(3), (Words{0x0000'0300'0000'0003, 0, 0, STREAM_TABLE + 24}));
}

TEST_F(NaiveConfiguration, LinearTableIsAlignedToItsWholeSize) {
  config(0b100);
  start();
  smmu->write(0x20, 4, 0b1100);
  smmu->write(0x80, 8, STREAM_TABLE + 0x3C0);  // sixteen entries are 1 KiB
  smmu->write(0x20, 4, 0b1101);
  EXPECT_EQ(forwarded(0x1000).address, 0x1000u);
}

// ---- STE

TEST_F(NaiveConfiguration, BypassAppliesTheOverrides) {
  config(0b100);
  // SHCFG OSH, ALLOCCFG WA, MTCFG with iWT-oNC, PRIVCFG unprivileged, INSTCFG data
  ste[1] = (uint64_t{2} << 44) | (uint64_t{0b1010} << 37) | one(36) | (uint64_t{0b0110} << 32) |
           (uint64_t{2} << 48) | (uint64_t{2} << 50);
  request.privileged = true;
  request.instruction = true;
  const Forwarded out = forwarded(0x1000);
  EXPECT_EQ(out.attributes, 0x49);  // outer NC, inner WT WA
  EXPECT_EQ(out.shareability, Shareability::outer_shareable);
  EXPECT_FALSE(out.privileged);
  EXPECT_FALSE(out.instruction);
}

TEST_F(NaiveConfiguration, OverridesNeedTheirFeature) {
  features.ATTR_TYPES_OVR = false;
  features.ATTR_PERMS_OVR = false;
  config(0b100);
  ste[1] =
      (uint64_t{3} << 44) | (uint64_t{0b1000} << 37) | one(36) | (uint64_t{3} << 48) | (uint64_t{3} << 50);
  const Forwarded out = forwarded(0x1000);
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_EQ(out.shareability, Shareability::non_shareable);
  EXPECT_FALSE(out.privileged);
  EXPECT_FALSE(out.instruction);
}

TEST_F(NaiveConfiguration, BypassBeyondTheOutputSizeIsAnAddressSizeFaultOfStage1) {
  config(0b100);
  expect_abort(one(48) + 0x1234, AccessType::write);
  // CLASS IN, S2 0, RnW 0
  EXPECT_EQ(only_event(), (Words{0x11, 0x0000'0200'0000'0000, 0x0001'0000'0000'1234, 0}));
}

TEST_F(NaiveConfiguration, SubstreamWithoutStage1IsBadSubstreamId) {
  config(0b100);
  request.SSV = true;
  request.SubstreamID = 5;
  expect_abort(0x1000);
  EXPECT_EQ(only_event(), (Words{0x0000'0000'0000'5008, 0, 0, 0}));
}

struct IllegalSte {
  const char* name;
  unsigned Config;
  std::function<void(Features&, std::array<uint64_t, 8>&)> change;
};
void PrintTo(const IllegalSte& entry, std::ostream* os) { *os << entry.name; }
class NaiveIllegalSte : public NaiveSmmu, public testing::WithParamInterface<IllegalSte> {};

TEST_P(NaiveIllegalSte, IsBadSte) {
  config(GetParam().Config);
  GetParam().change(features, ste);
  expect_abort(0x1000);
  EXPECT_EQ(only_event()[0], 0x04u);
}

using F = Features;
using S = std::array<uint64_t, 8>;
const IllegalSte illegal_stes[] = {
    {"Stage1Absent", 5,
     [](F& f, S&) {
       f.S1P = false;
       f.Hyp = false;
       f.HAD = false;
     }},
    {"Stage2Absent", 6,
     [](F& f, S&) {
       f.S2P = false;
       f.Hyp = false;
       f.PTWNNC = false;
     }},
    {"StrwReserved", 5, [](F&, S& s) { s[1] |= one(30); }},
    {"S1stalldWithoutTheChoice", 5,
     [](F& f, S& s) {
       f.STALL_MODEL = 2;
       s[1] |= one(27);
     }},
    {"S1cdmaxAboveSsidsize", 5,
     [](F& f, S& s) {
       f.SSIDSIZE = 4;
       s[0] |= uint64_t{5} << 59;
     }},
    {"TwoLevelCdsAbsent", 5,
     [](F& f, S& s) {
       f.CD2L = false;
       s[0] |= (uint64_t{5} << 59) | one(4);
     }},
    {"S1contextptrBeyondOas", 5, [](F&, S& s) { s[0] |= one(50); }},
    {"FwbWithLpae", 6,
     [](F&, S& s) {
       s[1] |= one(25);
       s[2] &= ~one(51);
     }},
    {"S2sWithoutStalls", 6,
     [](F& f, S& s) {
       f.STALL_MODEL = 1;
       f.STALL_MAX = 0;
       s[2] |= one(57);
     }},
    {"S2sClearWithForcedStalls", 6, [](F& f, S&) { f.STALL_MODEL = 2; }},
    {"LpaeAbsent", 6,
     [](F& f, S& s) {
       f.TTF = 2;
       s[2] &= ~one(51);
     }},
    {"Vmsa64Absent", 6, [](F& f, S&) { f.TTF = 1; }},
    {"S2haWithoutHttu", 6,
     [](F& f, S& s) {
       f.HTTU = 0;
       s[2] |= one(56);
     }},
    {"S2hdWithoutDirtyState", 6,
     [](F& f, S& s) {
       f.HTTU = 1;
       s[2] |= one(55);
     }},
    {"GranuleReserved", 6, [](F&, S& s) { s[2] |= uint64_t{3} << 46; }},
    {"GranuleAbsent", 6,
     [](F& f, S& s) {
       f.GRAN64K = false;
       s[2] |= uint64_t{1} << 46;
     }},
    {"S2ttbBeyondS2ps", 6,
     [](F&, S& s) {
       s[2] &= ~(uint64_t{7} << 48);
       s[3] = one(32);
     }},
    {"S2t0szTooLarge", 6,
     [](F& f, S& s) {
       f.STT = false;
       s[2] |= uint64_t{40} << 32;
     }},
    {"S2sl0DoesNotFit", 6, [](F&, S& s) { s[2] |= uint64_t{2} << 38; }},
    {"BigEndianAbsent", 6,
     [](F& f, S& s) {
       f.TTENDIAN = 2;
       s[2] |= one(52);
     }},
    {"LittleEndianAbsent", 6, [](F& f, S&) { f.TTENDIAN = 3; }},
    {"VmidOf16Bits", 6,
     [](F& f, S& s) {
       f.VMID16 = false;
       s[2] |= 0x100;
     }},
    {"VmidOf16BitsWithStage1", 5,
     [](F& f, S& s) {
       f.VMID16 = false;
       s[2] |= 0x100;
     }},
};
INSTANTIATE_TEST_SUITE_P(All, NaiveIllegalSte, testing::ValuesIn(illegal_stes),
                         [](const auto& info) { return info.param.name; });

TEST_F(NaiveConfiguration, FieldsOfAStageThatIsOffAreIgnored) {
  config(0b100);
  ste[0] |= (uint64_t{31} << 59) | (uint64_t{3} << 4) | keep(~uint64_t{0}, 55, 6);
  ste[2] = ~uint64_t{0};
  ste[3] = ~uint64_t{0};
  features.VMID16 = false;
  EXPECT_EQ(forwarded(0x1000).address, 0x1000u);
}

// ---- CD

TEST_F(NaiveCd, TranslatesThroughTheCd) {
  const Forwarded out = forwarded(0x1234);
  EXPECT_EQ(out.address, GIB + 0x1234);
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_EQ(out.shareability, Shareability::inner_shareable);
  EXPECT_TRUE(out.NS);
}

TEST_F(NaiveCd, AbortedCdFetchTellsItsAddress) {
  memory.aborting = {CDS};
  request.SSV = false;
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x09, 0, 0, 0x40000}));
}

TEST_F(NaiveCd, InvalidCdIsBadCd) {
  cd[0] &= ~one(31);
  request.StreamID = 1;
  expect_abort(0);
  EXPECT_EQ(only_event(), (Words{0x0000'0001'0000'000A, 0, 0, 0}));
}

struct IllegalCd {
  const char* name;
  std::function<void(Features&, S& ste, S& cd)> change;
};
void PrintTo(const IllegalCd& entry, std::ostream* os) { *os << entry.name; }
class NaiveIllegalCd : public NaiveSmmu, public testing::WithParamInterface<IllegalCd> {};

TEST_P(NaiveIllegalCd, IsBadCd) {
  config(0b101);
  GetParam().change(features, ste, cd);
  expect_abort(0x1000);
  EXPECT_EQ(only_event()[0], 0x0Au);
}

const IllegalCd illegal_cds[] = {
    {"StallWithS1stalld",
     [](F&, S& s, S& c) {
       s[1] |= one(27);
       c[0] |= one(44);
     }},
    {"RazwiWithTermModel",
     [](F& f, S&, S& c) {
       f.TERM_MODEL = true;
       c[0] &= ~one(46);
     }},
    {"StallWithoutStalls",
     [](F& f, S&, S& c) {
       f.STALL_MODEL = 1;
       f.STALL_MAX = 0;
       c[0] |= one(44);
     }},
    {"NoStallWithForcedStalls", [](F& f, S&, S&) { f.STALL_MODEL = 2; }},
    {"BigEndianAbsent",
     [](F& f, S&, S& c) {
       f.TTENDIAN = 2;
       c[0] |= one(15);
     }},
    {"LittleEndianAbsent", [](F& f, S&, S&) { f.TTENDIAN = 3; }},
    {"LpaeAbsent",
     [](F& f, S&, S& c) {
       f.TTF = 2;
       c[0] &= ~one(41);
     }},
    {"Vmsa64Absent", [](F& f, S&, S&) { f.TTF = 1; }},
    {"HaWithoutHttu",
     [](F& f, S&, S& c) {
       f.HTTU = 0;
       c[0] |= one(43);
     }},
    {"HdWithoutDirtyState",
     [](F& f, S&, S& c) {
       f.HTTU = 1;
       c[0] |= one(42);
     }},
    {"AsidOf16Bits",
     [](F& f, S&, S& c) {
       f.ASID16 = false;
       c[0] |= one(56);
     }},
    {"T0szTooSmall", [](F&, S&, S& c) { c[0] = (c[0] & ~uint64_t{0x3F}) | 15; }},
    {"T0szTooLarge",
     [](F& f, S&, S& c) {
       f.STT = false;
       c[0] = (c[0] & ~uint64_t{0x3F}) | 40;
     }},
    {"Tg0Reserved", [](F&, S&, S& c) { c[0] |= uint64_t{3} << 6; }},
    {"Tg1Reserved", [](F&, S&, S& c) { c[0] = (c[0] & ~one(30)) | (uint64_t{25} << 16); }},
    {"GranuleAbsent",
     [](F& f, S&, S& c) {
       f.GRAN16K = false;
       c[0] |= uint64_t{2} << 6;
     }},
    {"Ttb0BeyondIps",
     [](F&, S&, S& c) {
       c[0] &= ~(uint64_t{7} << 32);
       c[1] = one(32);
     }},
};
INSTANTIATE_TEST_SUITE_P(All, NaiveIllegalCd, testing::ValuesIn(illegal_cds),
                         [](const auto& info) { return info.param.name; });

TEST_F(NaiveCd, EpdHidesTheFieldsOfItsHalf) {
  cd[0] |= uint64_t{63} << 16;  // T1SZ; TG1 is reserved anyway
  cd[2] = keep(~uint64_t{0}, 55, 4);
  EXPECT_EQ(forwarded(0).address, GIB);
}

// ---- substreams

TEST_F(NaiveSubstreams, SubstreamIdIndexesALinearTable) {
  EXPECT_EQ(with_cd(CDS + 128).forwarded.address, GIB);
}

TEST_F(NaiveSubstreams, SubstreamIdAtTheLimitIsBad) {
  request.SubstreamID = 8;
  EXPECT_EQ(with_cd(CDS + 8 * 64).kind, Outcome::Kind::aborted);
  EXPECT_EQ(only_event(), (Words{0x8008, 0, 0, 0}));
}

TEST_F(NaiveSubstreams, NoSubstreamTerminatesByDefault) {
  request.SSV = false;
  request.StreamID = 0;
  EXPECT_EQ(with_cd(CDS).kind, Outcome::Kind::aborted);
  EXPECT_EQ(only_event(), (Words{0x06, 0, 0, 0}));
}

TEST_F(NaiveSubstreams, NoSubstreamMayBypassStage1) {
  ste[1] |= 0b01;
  request.SSV = false;
  request.address = 0x5000;
  EXPECT_EQ(with_cd(CDS).forwarded.address, 0x5000u);
}

TEST_F(NaiveSubstreams, NoSubstreamMayUseCd0WhichThenIsNoSubstream) {
  ste[1] |= 0b10;
  request.SSV = false;
  EXPECT_EQ(with_cd(CDS).forwarded.address, GIB);
  request.SSV = true;
  request.SubstreamID = 0;
  EXPECT_EQ(with_cd(CDS).kind, Outcome::Kind::aborted);
  EXPECT_EQ(only_event(), (Words{0x06, 0, 0, 0}));
}

TEST_F(NaiveSubstreams, TwoLevelTablesSplitAt64OrAt1024) {
  ste[0] = (ste[0] & ~(uint64_t{31} << 59)) | (uint64_t{12} << 59) | one(4);
  request.SubstreamID = 64 + 3;
  memory.put64(CDS + 8, 0x80000 | 1);
  EXPECT_EQ(with_cd(0x80000 + 3 * 64).forwarded.address, GIB);
  ste[0] ^= uint64_t{3} << 4;  // S1Fmt 0b10
  request.SubstreamID = 1024 + 5;
  memory.put64(CDS + 8, 0x90000 | 1);
  EXPECT_EQ(with_cd(0x90000 + 5 * 64).forwarded.address, GIB);
}

TEST_F(NaiveSubstreams, InvalidL1CdIsBadSubstreamIdAndSaysWhichCd) {
  ste[0] |= one(4);
  memory.put64(CDS, 0x80000);
  EXPECT_EQ(with_cd(0x80000 + 128).kind, Outcome::Kind::aborted);
  EXPECT_EQ(only_event(), (Words{0x2008, 0, 0, 0}));
  ste[1] |= 0b10;  // the CD of Substream 0
  request.SSV = false;
  with_cd(0x80000);
  EXPECT_EQ(event(1), (Words{0x0008, 0, 0, 0}));
  memory.put64(CDS, one(50) | 1);  // L2Ptr beyond the OAS
  with_cd(0x80000);
  EXPECT_EQ(event(2), (Words{0x0008, 0, 0, 0}));
}

TEST_F(NaiveSubstreams, PointersOf64KTablesAreAlignedAndThoseOf4KAreNot) {
  ste[0] |= one(4);
  memory.put64(CDS, 0x81000 | 1);
  EXPECT_EQ(with_cd(0x81000 + 128).forwarded.address, GIB);
  ste[0] ^= uint64_t{3} << 4;
  EXPECT_EQ(with_cd(0x80000 + 128).forwarded.address, GIB);
  cd[0] = 0;  // of the unaligned table, which is not used
  EXPECT_EQ(with_cd(0x81000 + 128).forwarded.address, GIB);
}

TEST_F(NaiveConfiguration, OverrideToACacheableTypeAllocatesWhereTheInputHadNoHints) {
  config(0b100);
  ste[1] |= one(36) | (uint64_t{0xF} << 32);  // MTCFG, Write-Back
  request.attributes = 0xC4;                  // outer without hints, inner not cacheable
  EXPECT_EQ(forwarded(0).attributes, 0xCF);
}
