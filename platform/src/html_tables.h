// Tables of the HTML report that need no script.
#pragma once
#include <string>

#include "platform_host.h"
#include "report.h"

namespace smmuvp::platform {

/// Rows beyond this many are told by their number; the scripts have all that the JSON report has.
constexpr std::size_t most_static_rows = 500;

std::string findings_table(const RunRecord& record);
std::string events_table(const PlatformHost& host);
/// What failed or is in doubt.
std::string tests_table(const RunRecord& record);
std::string diagnostics_table(const PlatformHost& host);
std::string matches_table(const RunRecord& record);

}  // namespace smmuvp::platform
