#include "report.h"

#include "digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

namespace smmuvp::platform {
namespace {

TEST(Report, ListsThatAreCutTellHowMuchIsMissing) {
  PlatformHost host;
  const TraceValue value{"sid", 1, {}, false};
  Diagnostic diagnostic;
  diagnostic.text = "t";
  for (std::size_t i = 0; i < TraceHub::most_events + 3; ++i)
    host.trace_hub().record(i, "smmu0", event_point, &value, 1);
  for (std::size_t i = 0; i < PlatformHost::most_diagnostics + 2; ++i) host.diag().report(diagnostic);
  const std::string json = json_report({}, host);
  EXPECT_NE(json.find("\"events_dropped\": 3"), std::string::npos);
  EXPECT_NE(json.find("\"diagnostics_dropped\": 2"), std::string::npos);
}

// An SMMUv2 has fault registers, and no event records.
TEST(Report, TheSummaryCountsFaultsOfAnSmmuv2AndEventsOfOthers) {
  const std::pair<std::string, std::vector<Statistic>> v2{
      "smmu0",
      {{"context_faults", 1234, "1", ""}, {"global_faults", 2, "1", ""}, {"faults_unrecorded", 3, "1", ""}}};
  const std::pair<std::string, std::vector<Statistic>> v3{"smmu1", {{"events", 0, "1", ""}}};
  const auto summary_of = [](const std::vector<std::pair<std::string, std::vector<Statistic>>>& statistics) {
    RunRecord record;
    record.statistics = statistics;
    return summary(record, PlatformHost(), false);
  };
  const char* faults = "1 234 recorded in context banks, 2 in global registers, 3 not recorded\n";
  EXPECT_NE(summary_of({v2}).find(faults), std::string::npos);
  EXPECT_EQ(summary_of({v2}).find("events"), std::string::npos);
  EXPECT_NE(summary_of({v2, v3}).find(faults), std::string::npos);
  EXPECT_NE(summary_of({v2, v3}).find("  events "), std::string::npos);
  EXPECT_EQ(summary_of({v3}).find("faults"), std::string::npos);
  EXPECT_NE(summary_of({v3}).find("  events "), std::string::npos);
  EXPECT_NE(summary_of({}).find("  events "), std::string::npos);
}

TEST(Report, TheSummaryHasTlbHitsOnlyWhereSomethingWasTranslated) {
  const auto summary_of = [](std::uint64_t translations, std::uint64_t bypasses, std::uint64_t hits) {
    RunRecord record;
    record.statistics = {{"smmu0",
                          {{"translations", translations, "1", ""},
                           {"bypasses", bypasses, "1", ""},
                           {"micro_tlb_hits", hits, "1", ""},
                           {"tlb_hits", 1, "1", ""},
                           {"tlb_misses", 1, "1", ""}}}};
    return summary(record, PlatformHost(), false);
  };
  EXPECT_NE(summary_of(0, 1145, 1145).find("translations    0, passed untranslated 1 145\n"),
            std::string::npos);
  EXPECT_NE(summary_of(10, 90, 98).find("translations    10, passed untranslated 90, TLB hits 99 (99.0 %)\n"),
            std::string::npos);
  EXPECT_NE(summary_of(100, 0, 98).find("translations    100, TLB hits 99 (99.0 %)\n"), std::string::npos);
}

TEST(Report, PartsOfAComponentAreGroupedByTheirKind) {
  RunRecord record;
  record.statistics = {{"smmu0", {{"faults", 3, "1", ""}}}};
  record.parts = {{"smmu0",
                   {{"tbu", "0", {{"faults", 3, "1", ""}}},
                    {"stream", "0x10", {{"faults", 1, "1", ""}}},
                    {"stream", "other", {{"faults", 2, "1", ""}}}}}};
  std::string json = json_report(record, PlatformHost());
  json.erase(std::remove_if(json.begin(), json.end(), [](char c) { return c == ' ' || c == '\n'; }),
             json.end());
  EXPECT_NE(json.find(R"("statistics":{"smmu0":{"faults":3}})"), std::string::npos);
  EXPECT_NE(json.find(R"("statistics_by_part":{"smmu0":{"tbu":{"0":{"faults":3}},)"
                      R"("stream":{"0x10":{"faults":1},"other":{"faults":2}}}})"),
            std::string::npos);
}

std::string untimed(const std::vector<std::tuple<std::uint64_t, std::string, std::uint64_t>>& events) {
  TraceHub hub;
  for (const auto& [time, source, sid] : events) {
    const TraceValue value{"sid", sid, {}, false};
    hub.record(time, source, event_point, &value, 1);
  }
  return untimed_digest({}, hub.untimed_event_hashes());
}

TEST(Digest, WithoutTimesItSeesEachSourcesEventsAndTheirOrder) {
  const std::string digest = untimed({{1, "smmu0", 1}, {2, "smmu1", 1}, {3, "smmu0", 2}});
  EXPECT_EQ(untimed({{5, "smmu0", 1}, {6, "smmu0", 2}, {9, "smmu1", 1}}), digest);
  EXPECT_NE(untimed({{1, "smmu0", 2}, {2, "smmu1", 1}, {3, "smmu0", 1}}), digest);
  EXPECT_NE(untimed({{1, "smmu0", 1}, {2, "smmu1", 1}}), digest);
  EXPECT_NE(untimed({{1, "smmu0", 1}, {2, "smmu0", 1}, {3, "smmu1", 2}}), digest);
}

}  // namespace
}  // namespace smmuvp::platform
