// JUnit XML from test results, for CI systems.
#pragma once
#include <cstdint>
#include <string>

#include "ktap.h"

namespace smmuvp::platform {

/// One <testsuite> named `name`. Besides the guest's cases it has one case "run", which fails with `failure`
/// as its text if that is not empty, so that a crash or a time-out shows. `time_ps` is simulated time.
std::string junit_xml(const std::string& name, const KtapReport& ktap, const std::string& failure,
                      std::uint64_t time_ps);

/// Escapes text for XML 1.0: markup, and bytes that are not UTF-8 or no XML characters (as U+FFFD).
std::string xml_escape(const std::string& text);

}  // namespace smmuvp::platform
