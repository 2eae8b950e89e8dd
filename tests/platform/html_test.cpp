// The HTML report: whatever texts a run leaves stay texts.
#include "html_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "html_data.h"
#include "register_words.h"

namespace smmuvp::platform {
namespace {

// Ends elements, comments and attributes, has marks of the page's own template, and controls.
const std::string hostile =
    "</script></style></title><script>alert(1)</script><!-- ]]> --!> <!--@DATA@--> \" onclick='x' & \x1b[31m "
    "\xe2\x80\xa8 &lt;";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

RunRecord record_of(const std::string& text) {
  RunRecord r;
  r.name = r.platform = r.config_file = r.verdict.reason = r.digest = text;
  r.words = {"run", text};
  r.settings = {text};
  r.verdict.code = ExitCode::Fail;
  r.ktap.problems = {text};
  r.ktap.cases = {{KtapCase::Result::Failed, text, text, text, {text}}};
  r.matches = {{1, text, text}};
  r.match_count = 1;
  r.statistics = {{"smmu0", {{"accesses", 1, text, text}}}};
  checker::Finding finding;
  finding.smmu = "smmu0";
  finding.text = text;
  finding.writer = checker::Writer{text, {}, 1};
  r.check.on = true;
  r.check.findings = {finding};
  r.check.counts.resize(std::size(checker::rules), 1);
  r.check.severities.resize(std::size(checker::rules), checker::Severity::error);
  return r;
}

void fill(PlatformHost& host, const std::string& text) {
  Diagnostic d;
  d.source = d.site = d.text = d.clause = text;
  host.diag().report(d);
  const TraceValue value{"event", 0, text, true};
  host.trace_hub().record(1, text, event_point, &value, 1);
}

TEST(Html, TextsOfARunBecomeNoMarkup) {
  PlatformHost plain_host, hostile_host;
  fill(plain_host, "plain");
  fill(hostile_host, hostile);
  const std::string plain = html_report(record_of("plain"), plain_host, nullptr);
  const std::string page = html_report(record_of(hostile), hostile_host, nullptr);
  // As many tags and comments as with harmless texts. Scripts and styles are the page's own, the same in
  // both.
  for (const char* tag : {"<script", "</script", "</style", "</title", "<!--", "<td", "<img"})
    EXPECT_EQ(count(page, tag), count(plain, tag)) << tag;
  EXPECT_EQ(count(page, "<"), count(plain, "<"));
  EXPECT_NE(page.find("&lt;/script&gt;&lt;/style&gt;"), std::string::npos) << "it is shown";
  EXPECT_NE(page.find("\\x1b[31m"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
}

TEST(Html, TheDataAreAsciiThatNoScriptElementEndsIn) {
  PlatformHost host;
  fill(host, hostile);
  const std::string data = html_data(record_of(hostile), host, nullptr);
  EXPECT_EQ(data.find_first_of("<>&"), std::string::npos);
  EXPECT_TRUE(std::all_of(data.begin(), data.end(), [](char c) { return c >= ' ' && c < '\x7f'; }));
  EXPECT_NE(data.find("\\u003c/script\\u003e"), std::string::npos);
}

TEST(Html, ThePageOfARunThatIsRefusedSaysWhy) {
  RunRecord record;
  record.verdict = {ExitCode::Config, "a.toml:3:1: no such key"};
  const std::string page = html_report(record, PlatformHost(), nullptr);
  EXPECT_NE(page.find("config (exit code 64)"), std::string::npos);
  EXPECT_NE(page.find("a.toml:3:1: no such key"), std::string::npos);
  EXPECT_LT(page.find(html_report_mark), 4096U) << "where an earlier report is looked for";
  EXPECT_EQ(page.find("<!--@"), std::string::npos) << "every mark is filled";
}

TEST(Html, TablesEndAndTellHowManyRowsTheyLack) {
  PlatformHost host;
  const TraceValue value{"event", 0, "F_TRANSLATION", true};
  for (int i = 0; i < 507; ++i) host.trace_hub().record(1, "smmu0", event_point, &value, 1);
  const std::string page = html_report({}, host, nullptr);
  EXPECT_EQ(count(page, "<td>F_TRANSLATION</td>"), 500U);
  EXPECT_NE(page.find("7 more are not in this table"), std::string::npos);
}

// IHI 0062 9.6.23, 9.6.25: a group is valid by SMRn.VALID, or with Extended IDs by S2CRn.EXIDVALID.
TEST(Html, GroupsOfAnSmmuv2AreShownWithTheirContextBanks) {
  DumpSection contents;
  DumpSection& registers = contents.add("registers", {"register", "offset", "value"});
  registers.rows = {{"SMMU_sCR0", "0x0", "0x0"},           {"SMMU_SMR0", "0x800", "0x800000ff"},
                    {"SMMU_SMR1", "0x804", "0x10"},        {"SMMU_SMR2", "0x808", "0x80030020"},
                    {"SMMU_S2CR0", "0xc00", "0x1"},        {"SMMU_S2CR2", "0xc08", "0x10000"},
                    {"SMMU_CBAR1", "0x1004", "0x1f300"},   {"SMMU_CBA2R1", "0x1804", "0x1"},
                    {"SMMU_CB1_TCR", "0x11030", "0x3510"}, {"SMMU_CB2_TCR", "0x12030", "0x1"}};
  const DumpSection mapping = tables::stream_mapping_of(contents);
  ASSERT_EQ(mapping.sections.size(), 3U);
  EXPECT_EQ(mapping.sections[0].title, "stream mapping group 0: StreamID 0xff, context bank 1");
  EXPECT_EQ(mapping.sections[1].title, "stream mapping group 2: StreamID 0x20 but for bits 0x3, bypass");
  EXPECT_EQ(mapping.sections[2].title, "context bank 1");
  ASSERT_EQ(mapping.sections[2].sections.size(), 3U);
  EXPECT_EQ(mapping.sections[2].sections[2].title,
            "SMMU_CB1_TCR = 0x3510: Translation Control Register, AArch64");

  registers.rows[0][2] = "0x80000000";  // EXIDENABLE
  registers.rows[4][2] = "0x401";
  const DumpSection extended = tables::stream_mapping_of(contents);
  ASSERT_EQ(extended.sections.size(), 2U);
  EXPECT_EQ(extended.sections[0].title,
            "stream mapping group 0: StreamID 0xff but for bits 0x8000, context bank 1");
}

TEST(Html, ContentsWithoutStreamMappingGroupsHaveNone) {
  DumpSection contents;
  contents.add("registers", {"register", "offset", "value"}).rows = {{"SMMU_CR0", "0x20", "0xd"}, {"x"}, {}};
  EXPECT_TRUE(tables::stream_mapping_of(contents).sections.empty());
  EXPECT_TRUE(tables::stream_mapping_of({}).sections.empty());
}

}  // namespace
}  // namespace smmuvp::platform
