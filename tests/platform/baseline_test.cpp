#include "baseline.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <sstream>

#include "checks.h"
#include "junit.h"
#include "smmuvp/base/error.h"

namespace smmuvp::platform {
namespace {

checker::Finding finding(checker::RuleId rule, const std::string& text, std::uint32_t stream_id = 0x100) {
  checker::Finding f;
  f.rule = rule;
  f.smmu = "smmu0";
  f.text = text;
  f.stream_id = stream_id;
  return f;
}

std::string refusal(const std::string& text) {
  try {
    parse_baseline(text, "known.json");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

const char* one = R"({"rule": "tlbi.leaf", "smmu": "smmu0", "count": 2})";
std::string with(const std::string& findings) {
  return R"({"schema": "smmu-vp-baseline-1", "findings": [)" + findings + "]}";
}

TEST(Fingerprint, IsTheSameWhereADriverIsRebuiltAndMemoryIsLaidOutOtherwise) {
  const auto of = [](const std::string& text, const std::string& function) {
    checker::Finding f = finding(checker::RuleId::tlbi_leaf, text);
    f.writer = checker::Writer{"cpu0", text.size(), text.size()};
    f.writer->place = "arm_smmu_v3+" + std::to_string(text.size());
    if (!function.empty()) f.writer->functions = {function, "caller"};
    return fingerprint_of(f);
  };
  const Fingerprint a =
      of("descriptor of stage 1, level 3, of VMID 0x0, ASID 0x1, at 0x4f000: it becomes 0x1",
         "arm_smmu_tlb_inv");
  EXPECT_EQ(a, of("descriptor of stage 1, level 3, of VMID 0x2, ASID 0x33, at 0x5f008: it becomes 0x2",
                  "arm_smmu_tlb_inv"));
  EXPECT_EQ(a.what, "descriptor of stage 1, level 3");
  EXPECT_EQ(a.function, "arm_smmu_tlb_inv");
  EXPECT_EQ(a.text(),
            "tlbi.leaf, smmu0, StreamID 0x100, descriptor of stage 1, level 3, by arm_smmu_tlb_inv");
  EXPECT_FALSE(a == of("descriptor of stage 1, level 2, of VMID 0x0, at 0x4f000: x", "arm_smmu_tlb_inv"));
  EXPECT_FALSE(a == of("descriptor of stage 1, level 3, of VMID 0x0, at 0x4f000: x", "other"));
  EXPECT_EQ(of("STE at 0x1000: x", "").function, "");
  checker::Finding of_register = finding(checker::RuleId::end_gerror, "x");
  of_register.issuer = checker::Writer{"cpu0", 1, 1};
  of_register.issuer->functions = {"arm_smmu_init"};
  EXPECT_EQ(fingerprint_of(of_register).function, "arm_smmu_init");
  EXPECT_EQ(of("STE at 0x1000: x", "").what, "STE");
  EXPECT_EQ(of("EVENTQ_PROD is 0x3 and EVENTQ_CONS 0x1", "").what, "");
}

TEST(Baseline, IsReadAsItWasWritten) {
  FingerprintCounts counts;
  counts[{"tlbi.leaf", "smmu0", 0x100, "STE", "f\"\n"}] = 3;
  counts[{"end.cmdq", "smmu1", std::nullopt, "", ""}] = 1;
  counts[{"tlbi.leaf", "smmu0", 0x20, "STE", ""}] = 7;
  const std::string text = baseline_text(counts);
  EXPECT_EQ(parse_baseline(text, "x"), counts);
  EXPECT_EQ(text, R"({
  "schema": "smmu-vp-baseline-1",
  "findings": [
    {"rule": "end.cmdq", "smmu": "smmu1", "count": 1},
    {"rule": "tlbi.leaf", "smmu": "smmu0", "stream_id": "0x20", "what": "STE", "count": 7},
    {"rule": "tlbi.leaf", "smmu": "smmu0", "stream_id": "0x100", "what": "STE", "function": "f\"\n", "count": 3}
  ]
}
)");
  EXPECT_TRUE(parse_baseline(baseline_text({}), "x").empty());
}

TEST(Baseline, ThatIsMalformedIsRefusedWithItsPlace) {
  for (const auto& [text, said] : std::vector<std::pair<std::string, std::string>>{
           {"", "known.json:1:1: syntax error"},
           {"[]", "known.json:1:1: a list does not belong here (expected an object"},
           {"{}", "known.json:1:2: schema: there is no \"schema\""},
           {R"({"schema": "other"})", "schema: 'other' is not 'smmu-vp-baseline-1'"},
           {R"({"schema": "smmu-vp-baseline-1"})", "findings: there is no list"},
           {with("") + "x", "known.json:1:49: syntax error"},
           {with("\n  " + std::string(one) + ",\n  7"),
            "known.json:3:4: findings[1]: a number does not belong"},
           {with("\n  {\"rul\": 1}"),
            "known.json:2:4: findings[0].rul: there is no key 'rul' here; did you mean 'rule'?"},
           {with(R"({"rule": "tlbi.leef"})"), "there is no rule 'tlbi.leef'; did you mean 'tlbi.leaf'?"},
           {with(R"({"rule": "tlbi.leaf"})"), "findings[0]: this finding has no \"smmu\""},
           {with(R"({"rule": "tlbi.leaf", "smmu": "a"})"), "findings[0]: this finding has no \"count\""},
           {with(R"({"smmu": "a", "count": 1})"), "findings[0]: this finding has no \"rule\""},
           {with(R"({"smmu": "a", "smmu": "b"})"), "findings[0].smmu: 'smmu' is there twice"},
           {with(std::string(one) + "," + one), "findings[1]: this finding is there twice: add up"},
           {with(R"({"count": 0})"), "findings[0].count: 0 is no count"},
           {with(R"({"count": -1})"), "findings[0].count: a negative number does not belong"},
           {with(R"({"count": "1"})"), "findings[0].count: a text does not belong"},
           {with(R"({"stream_id": "0x100000000"})"), "findings[0].stream_id: '0x100000000' is no StreamID"},
           {with(R"({"stream_id": 1})"), "findings[0].stream_id: a number does not belong"},
           {with(R"({"what": {}})"), "findings[0].what: an object does not belong"},
       }) {
    EXPECT_NE(refusal(text).find(said), std::string::npos) << text << "\n" << refusal(text);
  }
  try {
    read_baseline("/nowhere/x.json", true);
    ADD_FAILURE();
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(),
                 "--baseline: cannot read /nowhere/x.json: No such file or directory; "
                 "--baseline-update writes one");
  }
  EXPECT_TRUE(read_baseline("/nowhere/x.json", false).empty());
}

TEST(Baseline, WhateverIsInItIsReadOrRefused) {
  std::mt19937 random(1);
  const std::string good = with(
      "\n" + std::string(one) + ",\n" +
      R"({"rule": "end.cmdq", "smmu": "s", "stream_id": "0x1", "what": "w", "function": "f", "count": 1})");
  for (int i = 0; i < 20000; ++i) {
    std::string text = good;
    for (unsigned changes = random() % 4 + 1; changes != 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.erase(at, random() % 8);
      } else {
        text[at] = random() % 2 == 0 ? "{}[]\",:0\\"[random() % 9] : static_cast<char>(random());
      }
      if (text.empty()) text = "{";
    }
    refusal(text);
  }
  EXPECT_NE(refusal(std::string(100000, '[')), "");
  EXPECT_NE(refusal(std::string(17U << 20, ' ')), "");
}

TEST(Baseline, IsReplacedAsAWhole) {
  char folder[] = "/tmp/baseline-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string file = std::string(folder) + "/known.json";
  std::ofstream(file) << "old";
  const FingerprintCounts counts{{{"end.cmdq", "smmu0", std::nullopt, "", ""}, 1}};
  EXPECT_EQ(write_baseline(file, counts), 0);
  EXPECT_EQ(read_baseline(file, true), counts);
  EXPECT_EQ(write_baseline(std::string(folder) + "/nowhere/known.json", counts), ENOENT);
  unlink(file.c_str());
  EXPECT_EQ(rmdir(folder), 0);  // nothing else was left
}

CheckReport report_of(std::vector<checker::Finding> findings, std::vector<bool> known) {
  CheckReport report;
  report.on = true;
  report.smmus = {"smmu0"};
  report.counts.resize(std::size(checker::rules));
  report.known_counts.resize(std::size(checker::rules));
  for (std::size_t i = 0; i < findings.size(); ++i) {
    ++report.counts[static_cast<std::size_t>(findings[i].rule)];
    if (known[i]) ++report.known_counts[static_cast<std::size_t>(findings[i].rule)];
  }
  report.findings = std::move(findings);
  report.known = std::move(known);
  return report;
}

TEST(CheckReport, KnownFindingsFailNoRun) {
  const auto a = finding(checker::RuleId::tlbi_leaf, "first");
  const auto b = finding(checker::RuleId::tlbi_asid, "second");
  EXPECT_EQ(report_of({a, b}, {true, true}).failures(), 0U);
  EXPECT_EQ(report_of({a, b}, {true, true}).first_failure(), "");
  EXPECT_EQ(report_of({a, b}, {true, false}).failures(), 1U);
  EXPECT_EQ(report_of({a, b}, {true, false}).first_failure().substr(0, 9), "tlbi.asid");
}

TEST(Junit, HasACaseForEachRuleOfEachSmmuThatIsChecked) {
  RunRecord record;
  record.name = "nightly";
  record.verdict = {ExitCode::Check, "x"};
  record.check = report_of(
      {finding(checker::RuleId::tlbi_leaf, "level <3>"), finding(checker::RuleId::tlbi_leaf, "again"),
       finding(checker::RuleId::tlbi_asid, "old"), finding(checker::RuleId::tlbi_lazy, "told")},
      {false, true, true, false});
  const std::string xml = junit_xml(record);
  const auto has = [&xml](const std::string& text) { return xml.find(text) != std::string::npos; };
  EXPECT_TRUE(
      has("tests=\"" + std::to_string(std::size(checker::rules) + 1) + "\" failures=\"2\" skipped=\"1\""))
      << xml;
  EXPECT_TRUE(has("<testcase classname=\"nightly.check.smmu0\" name=\"tlbi.missing\"/>")) << xml;
  EXPECT_TRUE(
      has("name=\"tlbi.leaf\"><failure type=\"error\" message=\"a TLB invalidation of leaves follows the "
          "change of a table: 2 findings, 1 known\">"))
      << xml;
  EXPECT_TRUE(has("level &lt;3&gt; (StreamID 0x100) [IHI 0070 4.4.1]\n")) << xml;
  EXPECT_TRUE(has("name=\"tlbi.asid\"><skipped message=\"1 known finding: --baseline\"/>")) << xml;
  EXPECT_TRUE(has("name=\"tlbi.lazy\"><system-out>")) << xml;  // a note, and errors fail
}

}  // namespace
}  // namespace smmuvp::platform
