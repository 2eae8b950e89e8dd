// Reads test results in the Kernel Test Anything Protocol, and in TAP 13 and 14, from a console's output.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "console_lines.h"
#include "ktap_line.h"

namespace smmuvp::platform {

struct KtapCase {
  enum class Result { Passed, Failed, Skipped } result = Result::Passed;
  std::string suite;                     ///< names of the tests above it, joined by '.'; may be empty
  std::string name;                      ///< description, or "test <number>" if there is none
  std::string reason;                    ///< what follows '#'; of "# SKIP why" only "why"
  std::vector<std::string> diagnostics;  ///< lines starting with '#' before the result
};

struct KtapReport {
  std::vector<KtapCase> cases;        ///< leaves only; a test with subtests counts by them
  std::vector<std::string> problems;  ///< whatever forbids to trust the cases; docs/report.md lists it

  std::uint64_t count(KtapCase::Result result) const;
  /// Tests that were not skipped.
  std::uint64_t ran() const;
  /// True if nothing failed and nothing is missing; true for a console without KTAP.
  bool good() const;
};

/// Reads a console as it comes, in bounded memory: names, suites, reasons and diagnostics keep 256 bytes,
/// lines 4096; at most 100000 cases and 100 problems are kept, and what is beyond is itself a problem. Lines
/// that are no KTAP are ignored. Results with a number or a dash, and plans, outside a document (before its
/// version line) are a problem, for they show that the reader has missed something.
class KtapParser {
 public:
  void put(const ConsolePiece& piece);
  /// The report of all of it; once, at the end.
  KtapReport finish();

 private:
  // One nested document: its plan, its results so far, and where its cases start.
  struct Level {
    std::size_t indent = 0;
    std::size_t first_case = 0;
    std::optional<std::uint64_t> planned;
    std::string plan_reason;
    std::uint64_t results = 0;
    std::uint64_t highest = 0;     // number of a result
    std::set<std::uint64_t> seen;  // numbers of results
    bool from_the_middle = false;  // its beginning was not seen, so numbers tell nothing
  };
  void line(std::string_view text, std::uint64_t number);
  void version(std::size_t indent);
  void plan(const KtapLine& line);
  void result(const KtapLine& line);
  void end_of_subtests(const KtapLine& line, const std::string& name, const Level& child);
  void add_case(const KtapLine& line, const std::string& name, const Level* child);
  bool open(std::size_t indent, std::size_t first_case);
  void close_from(std::size_t indent, std::optional<Level>& outermost);
  void close(const Level& level);
  void end_of_document(const Level& level);
  void hidden_version(std::string_view text, std::uint64_t number);
  bool hidden_result(std::string_view text, std::uint64_t number);
  void problem(std::string_view text);

  KtapReport m_report;
  std::vector<Level> m_levels;
  std::vector<std::string> m_diagnostics;
  std::size_t m_diagnostics_kept = 0;
  std::uint64_t m_strays = 0;  // results and plans outside a document
  std::string m_first_stray;
  std::uint64_t m_hidden = 0;  // results and plans behind what is no prefix
  std::string m_first_hidden;
};

/// The report of a whole console.
KtapReport parse_ktap(std::string_view console);

}  // namespace smmuvp::platform
