// Reads test results in the Kernel Test Anything Protocol from a console's output.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// Reads a console as it comes, in bounded memory: names, suites, reasons and diagnostics keep 256 bytes,
/// lines 4096; at most 100000 cases and 100 problems are kept, and what is beyond is itself a problem. Lines
/// that are no KTAP are ignored, as is a "[    1.234567] " before one, and results outside a KTAP document
/// (before its version line).
class KtapParser {
 public:
  /// @param bytes  the next ones of the console, cut anywhere
  void put(std::string_view bytes);
  /// The report of all of it; once, at the end.
  KtapReport finish();

 private:
  // One nested document: its plan, its results so far, and where its cases start.
  struct Level {
    std::size_t indent = 0;
    std::optional<std::uint64_t> planned;
    std::uint64_t results = 0;
    std::size_t first_case = 0;
  };
  void line(std::string_view text);
  void end_line();
  void close(const Level& level);
  void result(std::size_t indent, bool ok, std::string_view rest);
  void problem(std::string_view text);

  KtapReport m_report;
  std::vector<Level> m_levels;
  std::vector<std::string> m_diagnostics;
  std::size_t m_diagnostics_kept = 0;
  std::string m_line;
  bool m_cut = false;  // m_line is the start of a longer one
};

/// The report of a whole console.
KtapReport parse_ktap(std::string_view console);

}  // namespace smmuvp::platform
