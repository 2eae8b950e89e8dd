#include <fmt/format.h>

#include <algorithm>

#include "duration.h"
#include "report.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::platform {

namespace {

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, " ");
  return digits;
}

}  // namespace

std::string summary(const RunRecord& record, const PlatformHost& host, bool colour) {
  std::vector<std::pair<std::string, std::string>> rows;
  const bool pass = record.verdict.code == ExitCode::Pass;
  std::string verdict = info(record.verdict.code).name;
  if (colour) verdict = fmt::format("\033[{}m{}\033[0m", pass ? "1;32" : "1;31", verdict);
  rows.emplace_back("verdict",
                    fmt::format("{} (exit code {}): {}", verdict, static_cast<int>(record.verdict.code),
                                printable(record.verdict.reason, "\n")));
  rows.emplace_back("simulated time", duration_text(record.sim_time_ps));
  rows.emplace_back("instructions", grouped(record.instructions));
  rows.emplace_back("wall time", fmt::format("{:.2f} s", record.wall_seconds));
  if (record.instructions != 0 && record.wall_seconds > 0) {
    rows.emplace_back("speed", fmt::format("{:.1f} MIPS", static_cast<double>(record.instructions) /
                                                              record.wall_seconds / 1e6));
  }
  if (record.has("translations")) {
    std::string text = grouped(record.total("translations"));
    if (const std::uint64_t hits = record.total("tlb_hits"), misses = record.total("tlb_misses");
        hits + misses != 0) {
      text += fmt::format(", TLB hits {} ({:.1f} %)", grouped(hits),
                          100.0 * static_cast<double>(hits) / static_cast<double>(hits + misses));
    }
    rows.emplace_back("translations", text);
  }
  rows.emplace_back("events", grouped(host.trace_hub().event_count()));
  const std::string host_errors =
      host.host_errors() == 0 ? "" : fmt::format(", {} host errors", grouped(host.host_errors()));
  rows.emplace_back("diagnostics",
                    fmt::format("{} guest errors, {} unimplemented{}", grouped(host.guest_errors()),
                                grouped(host.unimplemented()), host_errors));
  for (const std::string& limitation : host.limitations()) rows.emplace_back("limited", limitation);
  if (!record.ktap.cases.empty()) {
    rows.emplace_back(
        "tests", fmt::format("{} passed, {} failed, {} skipped", record.ktap.count(KtapCase::Result::Passed),
                             record.ktap.count(KtapCase::Result::Failed),
                             record.ktap.count(KtapCase::Result::Skipped)));
  }
  if (!record.digest.empty()) rows.emplace_back("digest", record.digest.substr(0, 16));
  std::size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : rows) text += fmt::format("  {:<{}}  {}\n", name, width, value);
  return text;
}

}  // namespace smmuvp::platform
