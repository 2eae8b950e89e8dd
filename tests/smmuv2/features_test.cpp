// What features go together, and what the ID registers say of them.
#include "smmuvp/smmuv2/features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "smmuvp/smmuv2/id_fields.h"

namespace smmuvp::smmuv2 {
namespace {

constexpr AccessSecurity NonSecure = AccessSecurity::NonSecure;
constexpr AccessSecurity Secure = AccessSecurity::Secure;

Features smmuv1() {
  Features f;
  f.version = 1;
  f.EXIDS = f.DIPANS = f.HADS = f.VMID16S = f.PTFSv8_64kB = f.PTFSv8_16kB = f.PTFSv8_4kB = false;
  f.HAFDBS = 0;
  f.UBS = f.IAS = f.OAS = 40;
  return f;
}

Features two_states() {
  Features f;
  f.SES = true;
  f.SSDTP = 1;
  f.NUMSSDNDXB = 8;
  return f;
}

/// Which parameter the complaint begins with; "" if there is none.
std::string complaint(const Features& base, const std::function<void(Features&)>& change) {
  Features f = base;
  change(f);
  const char* problem = f.problem();
  if (problem == nullptr) return "";
  const std::string text = problem;
  return text.substr(0, text.find(' '));
}
std::string complaint(const std::function<void(Features&)>& change) { return complaint(Features{}, change); }

TEST(Features, WhatIsThereByDefaultGoesTogether) {
  EXPECT_EQ(Features{}.problem(), nullptr);
  EXPECT_EQ(smmuv1().problem(), nullptr);
  EXPECT_EQ(two_states().problem(), nullptr);
}

TEST(Features, OneStageOfTranslationIsThereAndNestingNeedsBoth) {
  EXPECT_EQ(complaint([](Features& f) { f.S1TS = f.S2TS = f.NTS = false; }), "S1TS");
  EXPECT_EQ(complaint([](Features& f) { f.S1TS = false, f.UBS = 49; }), "NTS");
  EXPECT_EQ(complaint([](Features& f) { f.S2TS = false; }), "NTS");
  EXPECT_EQ(complaint([](Features& f) { f.NTS = false; }), "");
}

TEST(Features, WithoutStage1AtosnsIs0AndUpstreamAddressesHaveTheSizeOfIpas) {
  const auto stage2 = [](Features& f) { f.S1TS = f.NTS = false; };
  EXPECT_EQ(complaint(stage2), "");  // 49 bits and 48 have one code
  EXPECT_EQ(complaint([&](Features& f) { stage2(f), f.ATOSNS = true; }), "ATOSNS");
  EXPECT_EQ(complaint([&](Features& f) { stage2(f), f.UBS = 64; }), "UBS");
  EXPECT_EQ(complaint([&](Features& f) { stage2(f), f.UBS = f.IAS = 40; }), "");
}

TEST(Features, WithoutStage2IpasAreAsLargeAsPhysicalAddressesAndNoBankIsForItAlone) {
  const auto stage1 = [](Features& f) { f.S2TS = f.NTS = false; };
  EXPECT_EQ(complaint(stage1), "");
  EXPECT_EQ(complaint([&](Features& f) { stage1(f), f.IAS = 40; }), "IAS");
  EXPECT_EQ(complaint([&](Features& f) { stage1(f), f.NUMS2CB = 1; }), "NUMS2CB");
}

TEST(Features, ReservedCodesAreRefused) {
  EXPECT_EQ(complaint([](Features& f) { f.PTFS = 3; }), "PTFS");
  EXPECT_EQ(complaint([](Features& f) { f.HAFDBS = 2; }), "HAFDBS");
  EXPECT_EQ(complaint([](Features& f) { f.HAFDBS = 4; }), "HAFDBS");
  EXPECT_EQ(complaint(two_states(), [](Features& f) { f.SSDTP = 2; }), "SSDTP");
  EXPECT_EQ(complaint([](Features& f) { f.OAS = 52; }), "OAS");
  EXPECT_EQ(complaint([](Features& f) { f.IAS = 49; }), "IAS");
  EXPECT_EQ(complaint([](Features& f) { f.UBS = 48; }), "UBS");
  EXPECT_EQ(complaint([](Features& f) { f.version = 3; }), "version");
}

TEST(Features, OneTableFormatIsThere) {
  const auto none = [](Features& f) {
    f.PTFSv8_4kB = f.PTFSv8_16kB = f.PTFSv8_64kB = f.HADS = false;
    f.HAFDBS = 0;
  };
  EXPECT_EQ(complaint(none), "");
  EXPECT_EQ(complaint([&](Features& f) { none(f), f.PTFS = 2; }), "PTFS");
  EXPECT_EQ(complaint([](Features& f) { f.PTFS = 2; }), "");
  EXPECT_EQ(complaint([&](Features& f) { none(f), f.HADS = true; }), "HADS");
  EXPECT_EQ(complaint([&](Features& f) { none(f), f.HAFDBS = 1; }), "HAFDBS");
}

TEST(Features, ExtendedStreamIdsNeedNumsidb15AndStreamMatching) {
  EXPECT_EQ(complaint([](Features& f) { f.NUMSIDB = 14; }), "EXIDS");
  EXPECT_EQ(complaint([](Features& f) { f.NUMSIDB = 14, f.EXIDS = false; }), "");
  EXPECT_EQ(complaint([](Features& f) { f.NUMSIDB = 16; }), "NUMSIDB");
  EXPECT_EQ(complaint([](Features& f) { f.SMS = false; }), "EXIDS");
}

TEST(Features, StreamIndexingHasStreamIdsOf7BitsAtMost) {
  const auto indexing = [](Features& f) { f.SMS = f.EXIDS = false; };
  EXPECT_EQ(complaint([&](Features& f) { indexing(f), f.NUMSIDB = 8; }), "NUMSIDB");
  EXPECT_EQ(complaint([&](Features& f) { indexing(f), f.NUMSIDB = 7; }), "");
  EXPECT_EQ(complaint([&](Features& f) { indexing(f), f.NUMSIDB = f.NUMSMRG = 0; }), "NUMSMRG") << "no S2CR0";
  EXPECT_EQ(complaint([&](Features& f) { indexing(f), f.NUMSIDB = 0, f.NUMSMRG = 1; }), "");
}

TEST(Features, CountsAreAtMost128AndBanksFitIntoTheirHalfOfTheMap) {
  EXPECT_EQ(complaint([](Features& f) { f.NUMSMRG = 129; }), "NUMSMRG");
  EXPECT_EQ(complaint([](Features& f) { f.NUMCB = 129; }), "NUMCB");
  EXPECT_EQ(complaint([](Features& f) { f.NUMIRPT = 129; }), "NUMIRPT");
  EXPECT_EQ(complaint([](Features& f) { f.NUMS2CB = 33; }), "NUMS2CB");
  EXPECT_EQ(complaint([](Features& f) { f.NUMS2CB = 32; }), "");
  for (unsigned n = 0; n <= 7; ++n) {
    const unsigned pages = 1U << (n + 1);
    const auto with = [&](unsigned banks) {
      return complaint([&](Features& f) {
        f.NUMPAGENDXB = static_cast<std::uint8_t>(n);
        f.NUMCB = static_cast<std::uint8_t>(banks);
      });
    };
    EXPECT_EQ(with(std::min(pages, 128U)), "") << n;
    if (pages < 128) {
      EXPECT_EQ(with(pages + 1), "NUMCB") << n;
    }
  }
  EXPECT_EQ(complaint([](Features& f) { f.NUMPAGENDXB = 8; }), "NUMPAGENDXB");
  EXPECT_EQ(complaint([](Features& f) { f.CBNDX_bits = 4; }), "CBNDX_bits");
  EXPECT_EQ(complaint([](Features& f) { f.CBNDX_bits = 5; }), "");
}

// 3.6.2
TEST(Features, SmmuV2HasOneContextInterruptAtLeast) {
  EXPECT_EQ(complaint([](Features& f) { f.NUMIRPT = 0; }), "NUMIRPT");
  EXPECT_EQ(complaint([](Features& f) { f.NUMIRPT = 129; }), "NUMIRPT");
}

TEST(Features, AnSsdTableOf16BitsHasNumssdndxb15AndNeedsTwoSecurityStates) {
  EXPECT_EQ(complaint(two_states(), [](Features& f) { f.SSDTP = 3; }), "SSDTP");
  EXPECT_EQ(complaint(two_states(), [](Features& f) { f.SSDTP = 3, f.NUMSSDNDXB = 15; }), "");
  EXPECT_EQ(complaint(two_states(), [](Features& f) { f.SES = false; }), "SSDTP");
  const auto small = [](Features& f) { f.NUMPAGENDXB = 1, f.NUMCB = 4; };
  EXPECT_EQ(complaint(two_states(), small), "SSDTP");
}

TEST(Features, WhatSmmuv1HasNotGotIsRefusedInIt) {
  const struct {
    const char* name;
    void (*change)(Features&);
  } news[] = {
      {"EXIDS", [](Features& f) { f.EXIDS = true; }},
      {"ATOSNS", [](Features& f) { f.ATOSNS = true; }},
      {"PTFS", [](Features& f) { f.PTFS = 2; }},
      {"SSDTP", [](Features& f) { f.SES = true, f.SSDTP = 3, f.NUMSSDNDXB = 15; }},
      {"HAFDBS", [](Features& f) { f.HAFDBS = 1; }},
      {"DIPANS", [](Features& f) { f.DIPANS = true; }},
      {"HADS", [](Features& f) { f.HADS = true; }},
      {"VMID16S", [](Features& f) { f.VMID16S = true; }},
      {"PTFSv8_4kB", [](Features& f) { f.PTFSv8_4kB = true; }},
      {"PTFSv8_16kB", [](Features& f) { f.PTFSv8_16kB = true; }},
      {"PTFSv8_64kB", [](Features& f) { f.PTFSv8_64kB = true; }},
      {"OAS", [](Features& f) { f.OAS = 48; }},
      {"IAS", [](Features& f) { f.IAS = 48; }},
      {"UBS", [](Features& f) { f.UBS = 49; }},
  };
  for (const auto& n : news) EXPECT_EQ(complaint(smmuv1(), n.change), n.name) << n.name;
  EXPECT_EQ(complaint(smmuv1(), [](Features& f) { f.aarch64_in_v1 = f.PTFSv8_64kB = true; }), "");
  EXPECT_EQ(complaint([](Features& f) { f.aarch64_in_v1 = true; }), "aarch64_in_v1");
}

TEST(Features, ChoicesThatNeedOthersAreRefusedWithoutThem) {
  EXPECT_EQ(complaint([](Features& f) { f.stalls = false; }), "GSE");
  EXPECT_EQ(complaint([](Features& f) { f.stalls = f.GSE = false; }), "STALLD");
  EXPECT_EQ(complaint([](Features& f) { f.stalls = f.GSE = f.STALLD = false; }), "");
  EXPECT_EQ(complaint([](Features& f) { f.CAF = false, f.SCR1_NSCAFRO = FixedBit::one; }), "SCR1_NSCAFRO");
  EXPECT_EQ(complaint([](Features& f) { f.counter_groups = 1; }), "CGNC");
  EXPECT_EQ(complaint([](Features& f) { f.counter_groups = 1, f.CGNC = 16; }), "CGNC");
  EXPECT_EQ(complaint([](Features& f) { f.counter_groups = 18, f.CGNC = 15; }), "counter_groups");
  EXPECT_EQ(complaint([](Features& f) { f.counter_groups = 17, f.CGNC = 15; }), "");
  EXPECT_EQ(complaint([](Features& f) { f.counter_groups = 128, f.CGNC = 2; }), "");
  EXPECT_EQ(complaint([](Features& f) { f.counter_groups = 129, f.CGNC = 1; }), "counter_groups");
  EXPECT_EQ(complaint([](Features& f) { f.CGNC = 4; }), "CGNC");
  EXPECT_EQ(complaint([](Features& f) { f.MAJOR = 16; }), "MAJOR");
  EXPECT_EQ(complaint([](Features& f) { f.MINOR = 16; }), "MINOR");
}

TEST(Features, NoStreamIsMappedWithoutAGroup) {
  EXPECT_EQ(complaint([](Features& f) { f.NUMSMRG = 0; }), "NUMSMRG");
  EXPECT_EQ(complaint([](Features& f) { f.NUMSMRG = 1; }), "");
}

TEST(Features, AllThatIsWrongIsToldWithTheParametersThatItIsAbout) {
  Features f;
  f.S2TS = false;
  f.IAS = 40;
  f.NUMSIDB = 8;
  const std::vector<FeatureProblem> problems = f.problems();
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_EQ(std::string(problems[0].text).rfind("NTS needs both", 0), 0U);
  EXPECT_STREQ(problems[1].parameters.at(0), "IAS");
  EXPECT_STREQ(problems[1].parameters.at(1), "OAS");
  EXPECT_STREQ(problems[2].parameters.at(0), "EXIDS");
  EXPECT_STREQ(problems[2].parameters.at(1), "NUMSIDB");
  EXPECT_TRUE(Features{}.problems().empty());
}

TEST(IdRegisters, EachFieldHasTheBitsOf961) {
  const struct {
    const char* reg;
    const char* name;
    unsigned high, low;
  } bits[] = {
      {"IDR0", "SES", 31, 31},         {"IDR0", "S1TS", 30, 30},        {"IDR0", "S2TS", 29, 29},
      {"IDR0", "NTS", 28, 28},         {"IDR0", "SMS", 27, 27},         {"IDR0", "ATOSNS", 26, 26},
      {"IDR0", "PTFS", 25, 24},        {"IDR0", "NUMIRPT", 23, 16},     {"IDR0", "EXSMRGS", 15, 15},
      {"IDR0", "CTTW", 14, 14},        {"IDR0", "BTM", 13, 13},         {"IDR0", "NUMSIDB", 12, 9},
      {"IDR0", "EXIDS", 8, 8},         {"IDR0", "NUMSMRG", 7, 0},       {"IDR1", "PAGESIZE", 31, 31},
      {"IDR1", "NUMPAGENDXB", 30, 28}, {"IDR1", "HAFDBS", 25, 24},      {"IDR1", "NUMS2CB", 23, 16},
      {"IDR1", "SMCD", 15, 15},        {"IDR1", "SSDTP", 13, 12},       {"IDR1", "NUMSSDNDXB", 11, 8},
      {"IDR1", "NUMCB", 7, 0},         {"IDR2", "DIPANS", 30, 30},      {"IDR2", "COMPINDEXS", 29, 29},
      {"IDR2", "HADS", 28, 28},        {"IDR2", "E2HS", 27, 27},        {"IDR2", "EXNUMSMRG", 26, 16},
      {"IDR2", "VMID16S", 15, 15},     {"IDR2", "PTFSv8_64kB", 14, 14}, {"IDR2", "PTFSv8_16kB", 13, 13},
      {"IDR2", "PTFSv8_4kB", 12, 12},  {"IDR2", "UBS", 11, 8},          {"IDR2", "OAS", 7, 4},
      {"IDR2", "IAS", 3, 0},           {"IDR7", "MAJOR", 7, 4},         {"IDR7", "MINOR", 3, 0},
  };
  ASSERT_EQ(id_fields().size(), std::size(bits));
  for (std::size_t i = 0; i < std::size(bits); ++i) {
    const IdField& f = id_fields()[i];
    EXPECT_STREQ(f.register_name, bits[i].reg);
    EXPECT_STREQ(f.name(), bits[i].name);
    EXPECT_EQ(f.field->high, bits[i].high) << f.name();
    EXPECT_EQ(f.field->low, bits[i].low) << f.name();
  }
}

// Setting a parameter moves the bits of its field and no others.
TEST(IdRegisters, EachParameterIsReadInItsFieldAlone) {
  Features base = two_states();
  const IdRegisters before = id_registers(base);
  for (const IdField& field : id_fields()) {
    if (field.set == nullptr) {
      EXPECT_EQ(field.get(before), 0U) << field.name() << " is not built";
      continue;
    }
    const std::string name = field.name();
    const bool size = name == "UBS" || name == "OAS" || name == "IAS";
    const std::uint32_t most = size ? 5 : static_cast<std::uint32_t>(field.field->mask());
    for (std::uint32_t value = 0; value <= most; ++value) {
      Features f = base;
      field.set(f, value);
      const IdRegisters id = id_registers(f);
      EXPECT_EQ(field.get(id), value) << name;
      for (const IdField& other : id_fields()) {
        if (&other == &field) continue;
        EXPECT_EQ(other.get(id), other.get(before)) << name << ", " << other.name();
      }
    }
  }
  base.UBS = 64;
  EXPECT_EQ(id_registers(base).IDR2 >> 8 & 0xf, 15U);
}

TEST(IdRegisters, NonSecureSoftwareSeesTheCountsThatScr1LeavesToIt) {
  const Features f = two_states();
  const std::uint32_t SCR1 = 3U << 16 | 5U << 8 | 7U;  // NSNUMIRPTO, NSNUMSMRGO, NSNUMCBO
  const IdRegisters seen = id_registers(f, NonSecure, SCR1);
  const IdRegisters all = id_registers(f, Secure, SCR1);
  EXPECT_EQ(seen.IDR0 >> 16 & 0xff, 3U);
  EXPECT_EQ(seen.IDR0 & 0xff, 5U);
  EXPECT_EQ(seen.IDR1 & 0xff, 7U);
  EXPECT_EQ(all.IDR0 >> 16 & 0xff, f.NUMIRPT);
  EXPECT_EQ(all.IDR0 & 0xff, f.NUMSMRG);
  EXPECT_EQ(all.IDR1 & 0xff, f.NUMCB);
}

TEST(IdRegisters, NonSecureSoftwareSeesNeitherSesNorTheSsdTable) {
  const Features f = two_states();
  const IdRegisters seen = id_registers(f, NonSecure, SCR1_reset(f));
  const IdRegisters all = id_registers(f);
  EXPECT_EQ(all.IDR0 ^ seen.IDR0, 1U << 31);
  EXPECT_EQ(all.IDR1 ^ seen.IDR1, 1U << 12 | 8U << 8);
  EXPECT_EQ(all.IDR2, seen.IDR2);
}

TEST(IdRegisters, WithOneSecurityStateScr1HasNoSay) {
  const Features f;
  EXPECT_EQ(SCR1_reset(f), 0U);
  for (const AccessSecurity reader : {NonSecure, Secure}) {
    const IdRegisters id = id_registers(f, reader, 0);
    EXPECT_EQ(id.IDR0, id_registers(f).IDR0);
    EXPECT_EQ(id.IDR1, id_registers(f).IDR1);
  }
}

TEST(IdRegisters, Scr1ResetsToTheImplementedNumbers) {
  Features f = two_states();
  EXPECT_EQ(SCR1_reset(f), 1U << 16 | 64U << 8 | 32U);
  f.SCR1_NSCAFRO = FixedBit::one;
  f.SCR1_GEFRO = FixedBit::programmable_one;
  EXPECT_EQ(SCR1_reset(f), 1U << 28 | 1U << 25 | 1U << 16 | 64U << 8 | 32U);
}

TEST(IdRegisters, Smmuv1ReadsWhatItHasNotGotAs0) {
  Features f = smmuv1();
  f.aarch64_in_v1 = f.PTFSv8_64kB = true;
  const IdRegisters id = id_registers(f);
  EXPECT_EQ(id.IDR2, 0x22U);  // OAS and IAS alone
}

TEST(IdRegisters, ContextInterruptsAreOneABankInSmmuv2WithNumirpt1) {
  Features f;
  EXPECT_TRUE(f.dedicated_interrupts());
  EXPECT_EQ(f.context_interrupts(), f.NUMCB);
  f.NUMIRPT = 4;
  EXPECT_FALSE(f.dedicated_interrupts());
  EXPECT_EQ(f.context_interrupts(), 4U);
  f = smmuv1();
  EXPECT_FALSE(f.dedicated_interrupts());
  EXPECT_EQ(f.context_interrupts(), 1U);
}

TEST(IdRegisters, TheMapHasTwoHalvesOfNumpagePages) {
  Features f;
  f.NUMPAGENDXB = 3;
  EXPECT_EQ(f.pages(), 16U);
  EXPECT_EQ(f.window_bytes(), 2U * 16 * 0x1000);
  f.PAGESIZE = true;
  f.NUMPAGENDXB = 7;
  EXPECT_EQ(f.window_bytes(), 2U * 256 * 0x10000);
}

}  // namespace
}  // namespace smmuvp::smmuv2
