#include <gtest/gtest.h>

#include <set>

#include <nlohmann/json.hpp>

#include "coverage.h"

namespace smmuvp::coverage {
namespace {

using Json = nlohmann::json;

struct Counted {
  Coverage coverage;

  Counted() {
    coverage.add("smmu0", "smmuv3");
    coverage.add("smmu1", "smmuv2");
    coverage.add("dma0", "testdev");
  }
  void emit(const char* source, const char* point, const std::vector<TraceValue>& values) {
    ASSERT_TRUE(coverage.wants(source, point)) << point;
    coverage.record(0, source, point, values.data(), values.size());
  }
  static TraceValue number(std::uint64_t n) { return {"", n, {}, false}; }
  static TraceValue text(std::string_view t) { return {"", 0, t, true}; }
  void structure(const char* name, std::vector<std::uint64_t> words) {
    words.resize(8);
    std::vector<TraceValue> values{text(name), number(1), number(0)};
    for (const std::uint64_t w : words) values.push_back(number(w));
    emit("smmu0", "smmu.structure", values);
  }
  void command(std::uint64_t word0, std::uint64_t word1) {
    emit("smmu0", "smmu.command", {text(""), number(word0), number(word1), number(0), number(0), number(0)});
  }
  void write(const char* source, const char* name, std::uint64_t value) {
    emit(source, "smmu.register_write", {text(name), number(value)});
  }
  void leaf(const char* source, const char* stages, unsigned stage, const char* format, unsigned granule,
            unsigned level) {
    emit(source, "smmu.leaf",
         {text(stages), number(stage), text(format), number(granule), number(level), number(0)});
  }
  Json hits() const { return Json::parse(coverage.json("r", "v"))["hits"]; }
};

TEST(CoveragePoints, HaveNamesOfTheirOwnAndClauses) {
  const Json points = Json::parse(points_json("v"));
  std::set<std::string> names;
  for (const Json& p : points["list"]) {
    EXPECT_TRUE(names.insert(p["name"]).second) << p["name"];
    EXPECT_NE(p["clause"], "") << p["name"];
  }
  for (const char* name :
       {"smmuv3/STE/Config=5", "smmuv3/CD/TG0=2", "smmuv3/L1STD/Span=9", "smmuv3/command/CMD_SYNC/CS=2",
        "smmuv3/command/CMD_TLBI_NH_VA/TG=3", "smmuv3/event/F_TRANSLATION/CLASS=1",
        "smmuv3/fault/F_ACCESS/RAZ-WI", "smmuv3/leaf/vmsa64/stage2/64KiB/level1",
        "smmuv3/invalidation/CMD_TLBI_S2_IPA/some", "smmuv3/register/SMMU_S_CR0/write",
        "smmuv2/field/SMMU_S2CRn[bypass mode]/TYPE=1", "smmuv2/leaf/v7s/stage1/4KiB/level1",
        "smmuv2/register/SMMU_CBn_SCTLR/write", "smmuv2/invalidation/TLBIVAL/none",
        "smmuv2/fault/USF/abort"}) {
    EXPECT_EQ(names.count(name), 1U) << name;
  }
  // What is Reserved, of no SMMU that can be built, or read-only.
  for (const char* name : {"smmuv3/STE/Config=1", "smmuv3/command/CMD_DPTI_ALL", "smmuv3/CD/PIIU",
                           "smmuv3/leaf/vmsa64/stage1/64KiB/level0", "smmuv3/register/SMMU_IDR0/write",
                           "smmuv2/leaf/vmsa64/stage1/4KiB/level0"}) {
    EXPECT_EQ(names.count(name), 0U) << name;
  }
}

TEST(CoverageOfAnSmmuv3, CountsFieldsWhereTheirStructureGivesThemAMeaning) {
  Counted bypass;
  bypass.structure("STE", {1 | 4 << 1});
  EXPECT_EQ(bypass.hits()["smmuv3/STE/Config=4"], 1);
  EXPECT_FALSE(bypass.hits().contains("smmuv3/STE/S1Fmt=0"));
  EXPECT_FALSE(bypass.hits().contains("smmuv3/STE/S2TG=0"));
  Counted stage1;
  stage1.structure("STE", {1 | 5 << 1});
  stage1.structure("STE", {1 | 5 << 1 | 1 << 4});
  EXPECT_EQ(stage1.hits()["smmuv3/STE/S1Fmt=1"], 1);
  EXPECT_EQ(stage1.hits()["smmuv3/STE/V=1"], 2);
  EXPECT_FALSE(stage1.hits().contains("smmuv3/STE/S2TG=0"));
  Counted invalid;
  invalid.structure("STE", {5 << 1});
  EXPECT_EQ(invalid.hits().size(), 1U) << invalid.hits();
  EXPECT_EQ(invalid.hits()["smmuv3/STE/V=0"], 1);
  Counted cd;
  cd.structure("CD", {std::uint64_t{1} << 31 | std::uint64_t{1} << 30 | 2 << 6});  // V, EPD1, TG0
  EXPECT_EQ(cd.hits()["smmuv3/CD/TG0=2"], 1);
  EXPECT_EQ(cd.hits()["smmuv3/CD/EPD1=1"], 1);
  EXPECT_FALSE(cd.hits().contains("smmuv3/CD/SH1=0"));
}

TEST(CoverageOfAnSmmuv3, CountsCommandsEventsAndFaultsWithTheirOperands) {
  Counted c;
  c.command(0x12 | 3 << 12, 1 | 1 << 8 | 2 << 10);  // NUM 3, Leaf, TTL 1, TG 2
  c.command(0x46 | 1 << 12, 0);
  c.command(0xff, 0);
  c.structure("event", {0x10, std::uint64_t{1} << 39});  // S2
  c.emit("smmu0", "smmu.fault",
         {Counted::number(0), Counted::number(0), Counted::text("F_ACCESS"), Counted::text("RAZ/WI"),
          Counted::text("recorded")});
  c.emit("smmu0", "smmu.tlb_invalidate", {Counted::text("CMD_TLBI_NH_VA"), Counted::number(2)});
  const Json hits = c.hits();
  for (const char* name : {"smmuv3/command/CMD_TLBI_NH_VA", "smmuv3/command/CMD_TLBI_NH_VA/NUM!=0",
                           "smmuv3/command/CMD_TLBI_NH_VA/Leaf=1", "smmuv3/command/CMD_TLBI_NH_VA/TTL=1",
                           "smmuv3/command/CMD_TLBI_NH_VA/TG=2", "smmuv3/command/CMD_SYNC/CS=1",
                           "smmuv3/event/F_TRANSLATION", "smmuv3/event/F_TRANSLATION/S2=1",
                           "smmuv3/fault/F_ACCESS/RAZ-WI", "smmuv3/invalidation/CMD_TLBI_NH_VA/some"}) {
    EXPECT_EQ(hits.value(name, 0), 1) << name;
  }
}

TEST(CoverageOfAnSmmuv3, CountsLeavesOfEachStageAndANestedWalkOnce) {
  Counted c;
  c.leaf("smmu0", "nested", 1, "vmsa64", 16, 2);
  c.leaf("smmu0", "nested", 2, "lpae32", 12, 3);
  c.leaf("smmu1", "stage1", 1, "v7s", 12, 1);
  c.leaf("dma0", "stage1", 1, "v7s", 12, 2);
  EXPECT_EQ(c.hits(), Json({{"smmuv3/leaf/vmsa64/stage1/64KiB/level2", 1},
                            {"smmuv3/leaf/lpae32/stage2/4KiB/level3", 1},
                            {"smmuv3/walk/nested", 1},
                            {"smmuv2/leaf/v7s/stage1/4KiB/level1", 1},
                            {"smmuv2/walk/stage1", 1}}));
}

TEST(CoverageOfAnSmmuv2, CountsFieldsByTheFormatThatTheBankHas) {
  Counted c;
  c.write("smmu1", "SMMU_CBAR3", 1 << 16);
  c.write("smmu1", "SMMU_CBA2R3", 1);
  c.write("smmu1", "SMMU_CB3_TCR", 0);
  c.write("smmu1", "SMMU_CB4_TCR", 0);  // of stage 2
  c.write("smmu1", "SMMU_S2CR12", 1 << 16);
  const Json hits = c.hits();
  const auto any = [&hits](const std::string& prefix) {
    for (const auto& [name, count] : hits.items()) {
      if (name.rfind(prefix, 0) == 0) return true;
    }
    return false;
  };
  EXPECT_TRUE(any("smmuv2/field/SMMU_CBn_TCR[AArch64]")) << hits;
  EXPECT_TRUE(any("smmuv2/field/SMMU_CBn_TCR[stage 2, AArch32]")) << hits;
  EXPECT_FALSE(any("smmuv2/field/SMMU_CBn_TCR[short descriptors]")) << hits;
  EXPECT_EQ(hits.value("smmuv2/field/SMMU_S2CRn[bypass mode]/TYPE=1", 0), 1) << hits;
  EXPECT_EQ(hits.value("smmuv2/field/SMMU_CBARn[stage 1 with stage 2 bypass]/TYPE=1", 0), 1) << hits;
  EXPECT_EQ(hits.value("smmuv2/register/SMMU_CBn_TCR/write", 0), 2);
  EXPECT_EQ(hits.value("smmuv2/register/SMMU_CBA2Rn/write", 0), 1);
}

}  // namespace
}  // namespace smmuvp::coverage
