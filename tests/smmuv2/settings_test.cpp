// What parameters of the SMMUv2 mean, and what they refuse.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "smmuv2_settings.h"
#include "smmuvp/base/config_errors.h"
#include "smmuvp/smmuv2/id_fields.h"

namespace smmuvp::smmuv2 {
namespace {

Settings settings_with(const char* name, std::uint64_t value) {
  Params p(smmuv2_params(), "smmu0");
  p.set(name, value);
  return settings_of(with_defaults(p));
}

template <class Value>
std::string refused(const char* name, Value value) {
  Params p(smmuv2_params(), "smmu0");
  p.set(name, value);
  try {
    settings_of(with_defaults(p));
  } catch (const ConfigError& e) {
    return e.key();
  }
  return {};
}

TEST(Settings, DefaultsOfParametersAreThoseOfTheFeatures) {
  const Settings s = settings_of(with_defaults(Params(smmuv2_params())));
  const Features f;
  EXPECT_EQ(s.features.problem(), nullptr);
  const IdRegisters is = id_registers(s.features);
  const IdRegisters expected = id_registers(f);
  EXPECT_EQ(is.IDR0, expected.IDR0);
  EXPECT_EQ(is.IDR1, expected.IDR1);
  EXPECT_EQ(is.IDR2, expected.IDR2);
  EXPECT_EQ(is.IDR7, expected.IDR7);
  EXPECT_EQ(s.features.stalls, f.stalls);
  EXPECT_EQ(s.features.GSE, f.GSE);
  EXPECT_EQ(s.features.CIDR, f.CIDR);
  EXPECT_EQ(s.features.CBNDX_bits, f.CBNDX_bits);
}

TEST(Settings, EachParameterHasANameOfItsOwnAndAMeaning) {
  std::set<std::string> names;
  for (const ParamInfo& info : smmuv2_params()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.doc.empty()) << info.name;
  }
}

TEST(Settings, AFeatureReachesItsIdRegister) {
  EXPECT_EQ(id_registers(settings_with("NUMSMRG", 5).features).IDR0 & 0xff, 5U);
  EXPECT_EQ(id_registers(settings_with("NUMCB", 9).features).IDR1 & 0xff, 9U);
  EXPECT_EQ(settings_with("NUMPAGENDXB", 5).features.window_bytes(), 2U * 64 * 4096);
}

TEST(Settings, ABitIsProgrammableOrFixedAsItsWordSays) {
  const auto bit_of = [](const char* word) {
    Params p(smmuv2_params(), "smmu0");
    p.set("SCR1_GEFRO", word);
    return settings_of(with_defaults(p)).features.SCR1_GEFRO;
  };
  EXPECT_EQ(bit_of("programmable"), FixedBit::programmable);
  EXPECT_EQ(bit_of("programmable_one"), FixedBit::programmable_one);
  EXPECT_EQ(bit_of("zero"), FixedBit::zero);
  EXPECT_EQ(bit_of("one"), FixedBit::one);
}

TEST(Settings, LatenciesAreInClocks) {
  Params p(smmuv2_params(), "smmu0");
  p.set("clock_ps", 500);
  p.set("tlb_latency", 4);
  p.set("maintenance_latency", 6);
  const Settings s = settings_of(with_defaults(p));
  EXPECT_EQ(s.structures.tlb.latency, 2000U);
  EXPECT_EQ(s.structures.maintenance.latency, 3000U);
}

TEST(Settings, APersonalityGivesWhatIsNotSet) {
  Params p(smmuv2_params(), "smmu0");
  p.set("personality", "arm-mmu-500");
  const Settings s = settings_of(with_defaults(p));
  EXPECT_EQ(id_registers(s.features).IDR2 & 0xfff, 0x555U);
  EXPECT_TRUE(s.features.mmu500_registers);
  EXPECT_EQ(compatible_of(with_defaults(p)), (std::vector<std::string>{"arm,mmu-500", "arm,smmu-v2"}));
  p.set("NUMCB", 16);
  p.set("mmu500_registers", false);
  const Settings other = settings_of(with_defaults(p));
  EXPECT_EQ(other.features.NUMCB, 16U);
  EXPECT_FALSE(other.features.mmu500_registers);
  EXPECT_EQ(other.features.IAS, s.features.IAS);
}

TEST(Settings, EveryPersonalityCanBeAndIsAllThereButForBroadcastTlbMaintenance) {
  for (const Personality& personality : personalities()) {
    Params p(smmuv2_params(), "smmu0");
    p.set("personality", personality.name);
    const Params all = with_defaults(p);
    const Settings s = settings_of(all);
    const std::uint32_t BTM = 1U << 13;
    EXPECT_EQ(personality_difference(all), (personality.id.IDR0 & BTM) != 0 ? "IDR0.BTM 0 instead of 1" : "")
        << personality.name;
    EXPECT_EQ(id_registers(s.features).IDR0, personality.id.IDR0 & ~BTM) << personality.name;
    EXPECT_EQ(id_registers(s.features).IDR1, personality.id.IDR1) << personality.name;
    EXPECT_EQ(compatible_of(all).front(), personality.compatible);
  }
}

TEST(Settings, WhatIsSetOtherwiseThanAPartHasItIsTold) {
  Params p(smmuv2_params(), "smmu0");
  p.set("personality", "arm-mmu-401");
  p.set("NUMSMRG", 8);
  p.set("CBFIXED", false);
  p.set("NUMCB", 4);  // as it is
  p.set("reset_fill", 1);
  EXPECT_EQ(personality_difference(with_defaults(p)),
            "NUMSMRG 8 instead of 32 (set so), CBFIXED false instead of true (set so)");
  p.set("personality", "generic-smmuv2");
  EXPECT_EQ(personality_difference(with_defaults(p)), "") << "no part";
  p.set("personality", "none");
  EXPECT_EQ(personality_difference(with_defaults(p)), "");
}

TEST(Settings, AllThatIsWrongIsToldAtOnceByTheParameterThatWasSet) {
  Params p(smmuv2_params(), "smmu0");
  p.set("personality", "arm-mmu-400");
  p.set("NUMCB", 2);
  p.set("HADS", true);
  p.set("BTM", true);
  p.set("tbu1_fixed", true);
  try {
    settings_of(with_defaults(p));
    FAIL() << "not refused";
  } catch (const ConfigErrors& e) {
    std::vector<std::string> keys;
    for (const ConfigError& one : e.all()) keys.push_back(one.key());
    EXPECT_EQ(keys, (std::vector<std::string>{"BTM", "HADS", "NUMCB", "tbu1_fixed"}));
    EXPECT_STREQ(e.all()[2].text(), "NUMS2CB is at most NUMCB (NUMS2CB = 4 by personality, NUMCB = 2)");
    EXPECT_EQ(e.key(), "BTM");
  }
}

TEST(Settings, BroadcastTlbMaintenanceIsRefused) {
  EXPECT_EQ(refused("BTM", true), "BTM");
  EXPECT_EQ(refused("BTM", false), "");
}

TEST(Settings, ExtendedStreamMatchingAndCompressedIndexingAreRefused) {
  for (const char* name : {"EXSMRGS", "COMPINDEXS"}) {
    EXPECT_EQ(refused(name, true), name);
    EXPECT_EQ(refused(name, false), "");
  }
}

TEST(Settings, WhatIsNoPersonalityIsCompatibleByItsVersion) {
  Params p(smmuv2_params(), "smmu0");
  EXPECT_EQ(compatible_of(p), std::vector<std::string>{"arm,smmu-v2"});
  p.set("version", 1);
  EXPECT_EQ(compatible_of(p), std::vector<std::string>{"arm,smmu-v1"});
}

TEST(Settings, WhatCannotBeIsRefusedByTheNameOfItsParameter) {
  EXPECT_EQ(refused("tbu1_stream_id", 3), "tbu1_stream_id") << "there is one TBU";
  EXPECT_EQ(refused("tbu0_stream_id", 0x1'0000), "tbu0_stream_id") << "StreamIDs have 16 bits";
  EXPECT_EQ(refused("tbu0_stream_id", 0xffff), "");
  EXPECT_NE(refused("S2TS", false), "") << "NTS needs both stages";
}

}  // namespace
}  // namespace smmuvp::smmuv2
