// Reads test results in the Kernel Test Anything Protocol from a console's output.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace smmuvp::platform {

struct KtapCase {
  enum class Result { Passed, Failed, Skipped } result = Result::Passed;
  std::string suite;                     ///< names of the tests above it, joined by '.'; may be empty
  std::string name;                      ///< description, or "test <number>" if there is none
  std::string reason;                    ///< what follows "# SKIP"; else empty
  std::vector<std::string> diagnostics;  ///< lines starting with '#' before the result
};

struct KtapReport {
  std::vector<KtapCase> cases;        ///< leaves only; a test with subtests counts by them
  std::vector<std::string> problems;  ///< missing results, bail-outs, failed parents without a failed case
  bool seen = false;                  ///< a KTAP or TAP version line was there

  std::uint64_t count(KtapCase::Result result) const;
  /// True if nothing failed and nothing is missing; true for a console without KTAP.
  bool good() const;
};

/// @param console  raw bytes; lines that are no KTAP are ignored, as is a "[    1.234567] " before one.
/// Results outside a KTAP document (before its version line) are ignored.
KtapReport parse_ktap(std::string_view console);

}  // namespace smmuvp::platform
