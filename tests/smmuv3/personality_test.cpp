// The personality arm-mmu-600, word by word and bit by bit, and what Arm's BSA and SBSA ask of an SMMU
// (docs/personalities.md).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "smmuvp/smmuv3/id_fields.h"

namespace smmuvp::smmuv3 {
namespace {

IdRegisters registers_of(const char* personality) {
  const Personality* p = find_personality(personality);
  EXPECT_NE(p, nullptr) << personality;
  return p == nullptr ? IdRegisters{} : id_registers(features_of(*p));
}

// Intel, Agilex 5, smmu_tcu Address Map and SMMU_S_IDR0, SMMU_S_IDR1.
TEST(PersonalityWords, OfAnMmu600AreThoseOfTheRegisterMapOfAgilex5) {
  const IdRegisters is = registers_of("arm-mmu-600");
  EXPECT_EQ(is.IDR0, 0x080f7e3fU);
  EXPECT_EQ(is.IDR1, 0x0e739d18U);
  EXPECT_EQ(is.IDR2, 0U);
  EXPECT_EQ(is.IDR3, 0x0000003cU);
  EXPECT_EQ(is.IDR4, 0U);
  EXPECT_EQ(is.IDR5, 0x00400075U);
  EXPECT_EQ(is.IIDR, 0x4832243bU);
  EXPECT_EQ(is.AIDR, 1U);
  EXPECT_EQ(is.S_IDR0, 0x00002000U);
  EXPECT_EQ(is.S_IDR1, 0x80000018U);
}

TEST(PersonalityWords, OfIntelsNpuAreThoseThatItsDriverExpects) {
  const IdRegisters is = registers_of("intel-npu");
  EXPECT_EQ(is.IDR0, 0x080f3e0fU);
  EXPECT_EQ(is.IDR1, 0x0e739d18U);
  EXPECT_EQ(is.IDR3, 0x0000003cU);
  EXPECT_EQ(is.IDR5, 0x00040070U);
}

/// A field that arm-mmu-600 claims, and a test that uses what it stands for.
struct Use {
  const char* field;
  const char* test;
};
constexpr Use uses[] = {
    {"ST_LEVEL", "TwoLevel.FindsAnSteThroughItsL1std"},
    {"CD2L", "Substreams.EachIndexOfEachTableFormatHasItsCd"},
    {"VMID16", "Stage2Ste.AWideS2vmidIsIllegalWithoutIdr0Vmid16UnlessItIsIgnored"},
    {"VMW", "Vmw.GroupsVmidsForEachInvalidationThatNamesOne"},
    {"PRI", "PriRequest.IsAcceptedWhateverTheStreamsConfigurationSays"},
    {"SEV", "CommandQueue.AFullQueueThatBecomesNonFullGivesAWakeUpEvent"},
    {"MSI", "SyncMsi.IsOne32BitWriteAfterConsShowsTheCommandConsumed"},
    {"ASID16", "TlbiScopes.OfWideAsidsAreNothingWithoutAsid16"},
    {"NS1ATS", "AtsSte.EatsIsCheckedAsTheSpecificationSays"},
    {"ATS", "AtsRequest.IsAnsweredWithTheTranslationAndItsSizeAndRights"},
    {"Hyp", "StreamWorlds.FollowFromStrwAndE2hWhereStage1AloneTranslates"},
    {"BTM", "Broadcast.OfEachInstructionTakesExactlyWhatItNames"},
    {"COHACC", "IdRegisters.FollowTheFeatures"},
    {"TTF", "Vmsa32.Stage1TranslatesOverEitherStage2"},
    {"S1P", "Translation.BothRangesTranslateBothSizes"},
    {"S2P", "Stage2.TranslatesIpas"},
    {"ATTR_TYPES_OVR", "OverridesOfFeatures.OfAnSteHaveNoEffectWithoutThem"},
    {"ATTR_PERMS_OVR", "OverridesOfFeatures.OfAnSteDecideNoRightsWithoutThem"},
    {"CMDQS", "QueueBases.OfEverySizeFillAndWrap"},
    {"EVENTQS", "QueueBases.OfEverySizeFillAndWrap"},
    {"PRIQS", "PriRegisters.AQueueLargerThanIdr1PriqsIsCappedAndToldAndSoIsAMisalignedOne"},
    {"SSIDSIZE", "Substreams.EachIndexOfEachTableFormatHasItsCd"},
    {"SIDSIZE", "StreamTables.AreReadWhereFmtSplitAndLog2sizeSay"},
    {"PPS", "PriOverflowAnswer.HasThePasidWithPpsAndReadsNoSte"},
    {"XNX", "Stage2Permissions.S2apAndXnGrantByPrivilegeWhatTheirTableSays"},
    {"PBHA", "Pbha.OfStage1GoesOnWhereItsBitOfTheRangeIsEnabled"},
    {"HAD", "Vmsa32.HadDisablesTableBits"},
    {"STALL_MAX", "Stall.WhoFindsNoTagWaitsUnrecordedForOne"},
    {"GRAN64K", "Granules.EachRangeIsWalkedByItsOwn"},
    {"GRAN16K", "Granules.EachRangeIsWalkedByItsOwn"},
    {"GRAN4K", "Granules.EachRangeIsWalkedByItsOwn"},
    {"OAS", "Translation.BypassOfAnAddressBeyondOasIsAnAddressSizeFault"},
    {"SECURE_IMPL", "SecureStreams.AreServedByTheSecureStreamTableAlone"},
    {"S_SIDSIZE", "SecureStreams.HaveAsManyStreamIDsAsSSidsizeSays"},
};

/// "Suite.Name" of the tests beside this one.
std::set<std::string> names_of_tests() {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(SMMUVP_SMMUV3_TESTS)) {
    if (file.path().extension() != ".cpp") continue;
    std::ifstream in(file.path());
    for (std::string line; std::getline(in, line);) {
      const std::size_t open = line.find('(');
      if (line.rfind("TEST", 0) != 0 || open == std::string::npos) continue;
      const std::size_t comma = line.find(", ", open);
      const std::size_t end = line.find_first_of(",)", comma + 2);
      if (comma == std::string::npos || end == std::string::npos) continue;
      names.insert(line.substr(open + 1, comma - open - 1) + "." + line.substr(comma + 2, end - comma - 2));
    }
  }
  return names;
}

TEST(PersonalityUses, EachFieldThatAnMmu600ClaimsHasATestThatUsesIt) {
  const std::set<std::string> tests = names_of_tests();
  ASSERT_GT(tests.size(), 500U);
  std::set<std::string> told;
  for (const Use& use : uses) {
    EXPECT_TRUE(told.insert(use.field).second) << use.field;
    EXPECT_EQ(tests.count(use.test), 1U) << use.field << ": there is no " << use.test;
  }
  const IdRegisters is = registers_of("arm-mmu-600");
  for (const IdField& field : id_fields()) {
    EXPECT_EQ(told.count(field.name), field.get(is) != 0 ? 1U : 0U) << field.name << " is " << field.get(is);
  }
}

// Whatever is 1 in a word belongs to a field of the table.
TEST(PersonalityUses, EachBitThatAnMmu600ClaimsBelongsToAField) {
  const IdRegisters is = registers_of("arm-mmu-600");
  IdRegisters left = is;
  for (const IdField& field : id_fields()) left.*field.reg &= ~(field.get(is) << field.low);
  EXPECT_EQ(left.IDR0 | left.IDR1 | left.IDR2 | left.IDR3 | left.IDR4 | left.IDR5 | left.S_IDR1, 0U);
}

// ---- SBSA (DEN0029F 7.0), which includes BSA (DEN0094C 1.0C): rules that ID registers answer

std::uint32_t value(const IdRegisters& is, const char* name) {
  for (const IdField& field : id_fields()) {
    if (std::string(field.name) == name) return field.get(is);
  }
  ADD_FAILURE() << name;
  return 0;
}

struct Rule {
  const char* name;
  unsigned level;  ///< of SBSA that asks for it first
  bool (*met)(const IdRegisters&);
};
const Rule rules[] = {
    {"SMMU_01", 3, [](const IdRegisters& is) { return value(is, "COHACC") == 1; }},
    {"B_SMMU_16", 3, [](const IdRegisters& is) { return value(is, "S2P") == 1; }},
    {"S_L4SM_01", 4, [](const IdRegisters& is) { return value(is, "S1P") == 1; }},
    {"S_L4SM_02", 4, [](const IdRegisters& is) { return value(is, "S2P") == 1; }},
    {"S_L5SM_01", 5, [](const IdRegisters& is) { return is.AIDR >= 2; }},
    {"S_L5SM_02", 5, [](const IdRegisters& is) { return value(is, "BBML") >= 1; }},
    {"S_L6SM_01", 6, [](const IdRegisters& is) { return value(is, "COHACC") == 1; }},
    {"S_L6SM_02", 6, [](const IdRegisters& is) { return value(is, "HTTU") == 2; }},
    {"S_L6SM_03", 6, [](const IdRegisters& is) { return value(is, "MSI") == 1; }},
};

std::set<std::string> unmet_by(const IdRegisters& is) {
  std::set<std::string> names;
  for (const Rule& rule : rules) {
    if (!rule.met(is)) names.insert(rule.name);
  }
  return names;
}

/// The highest level whose rules, as far as ID registers answer them, are met; 0: not that of level 3.
unsigned level_of(const IdRegisters& is) {
  unsigned level = 7;
  for (const Rule& rule : rules) {
    if (!rule.met(is) && rule.level <= level) level = rule.level - 1;
  }
  return level < 3 ? 0 : level;
}

TEST(PersonalitySbsa, LevelsAreThoseOfTheTable) {
  EXPECT_EQ(level_of(registers_of("arm-mmu-600")), 4U);
  EXPECT_EQ(level_of(registers_of("intel-npu")), 0U);
  EXPECT_EQ(level_of(registers_of("minimal")), 0U);
  EXPECT_EQ(level_of(registers_of("maximal")), 7U);
}

TEST(PersonalitySbsa, RulesThatAreNotMetAreThoseOfTheTable) {
  using Names = std::set<std::string>;
  EXPECT_EQ(unmet_by(registers_of("arm-mmu-600")), (Names{"S_L5SM_01", "S_L5SM_02", "S_L6SM_02"}));
  EXPECT_EQ(unmet_by(registers_of("intel-npu")),
            (Names{"SMMU_01", "S_L5SM_01", "S_L5SM_02", "S_L6SM_01", "S_L6SM_02"}));
  EXPECT_EQ(unmet_by(registers_of("minimal")), (Names{"SMMU_01", "B_SMMU_16", "S_L4SM_02", "S_L5SM_01",
                                                      "S_L5SM_02", "S_L6SM_01", "S_L6SM_02", "S_L6SM_03"}));
  EXPECT_EQ(unmet_by(registers_of("maximal")), Names{});
}

}  // namespace
}  // namespace smmuvp::smmuv3
