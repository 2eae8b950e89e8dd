#include "report.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace smmuvp::platform
