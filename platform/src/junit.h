// JUnit XML from test results, for CI systems.
#pragma once
#include <string>

#include "report.h"

namespace smmuvp::platform {

/// One <testsuite> with the run's name. Besides the guest's cases it has one case "run", which fails with the
/// verdict's reason unless that is pass, so that a crash or a time-out shows. Times are simulated.
std::string junit_xml(const RunRecord& record);

/// Escapes text for XML 1.0: markup, and bytes that are not UTF-8 or no XML characters (as U+FFFD).
std::string xml_escape(const std::string& text);

}  // namespace smmuvp::platform
