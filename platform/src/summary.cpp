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

// A run that was asked for no tests says so, with or without some.
std::string tests(const RunRecord& record) {
  const KtapReport& ktap = record.ktap;
  std::string text = ktap.cases.empty() ? "none"
                                        : fmt::format("{} passed, {} failed, {} skipped",
                                                      grouped(ktap.count(KtapCase::Result::Passed)),
                                                      grouped(ktap.count(KtapCase::Result::Failed)),
                                                      grouped(ktap.count(KtapCase::Result::Skipped)));
  if (const std::size_t problems = ktap.problems.size(); problems != 0)
    text += fmt::format(", {} problem{}", problems, problems == 1 ? "" : "s");
  return text + (record.min_tests == 0 ? "; none asked for"
                                       : fmt::format("; at least {} asked for", record.min_tests));
}

// What a platform does not need is not in memory, and that is what modules are for.
std::string modules(const std::vector<ModuleFile>& files) {
  constexpr std::size_t most_named = 8;
  const auto kib = [](std::uint64_t bytes) { return fmt::format("{} KiB", grouped((bytes + 1023) / 1024)); };
  const ModuleTotal loaded = total_of(files, true);
  const ModuleTotal others = total_of(files, false);
  std::string text =
      fmt::format("{} of {} loaded, {} in memory", loaded.count, files.size(), kib(loaded.bytes));
  std::size_t named = 0;
  for (const ModuleFile& f : files) {
    if (f.loaded || named == most_named) continue;
    text += fmt::format("{}{} ({})", named++ == 0 ? "; not loaded: " : ", ", printable(f.name), kib(f.bytes));
  }
  if (others.count > named) text += fmt::format(", {} more", others.count - named);
  return others.count == 0 ? text : text + fmt::format("; {} saved", kib(others.bytes));
}

void baseline_rows(const CheckReport& check, std::vector<std::pair<std::string, std::string>>& rows) {
  if (!check.baseline) return;
  constexpr std::size_t most_told = 10;
  std::uint64_t all = 0;
  for (const std::uint64_t n : check.counts) all += n;
  rows.emplace_back("baseline", fmt::format("{} new, {} known, {} stale", grouped(all - check.known_count()),
                                            grouped(check.known_count()), grouped(check.stale_count())));
  std::size_t told = 0;
  for (const auto& [fingerprint, of] : *check.baseline) {
    if (of.found >= of.expected) continue;
    if (told++ == most_told) {
      rows.emplace_back("stale", "and more");
      break;
    }
    rows.emplace_back("stale", fmt::format("{}: {} of {} found", printable(fingerprint.text()),
                                           grouped(of.found), grouped(of.expected)));
  }
}

// Enough for a run without --adverse to be the same.
std::string adverse(const AdverseChoices& choices) {
  std::string text = fmt::format("seed {}; the same by", choices.seed);
  for (const std::string& setting : choices.settings) text += " --set " + setting;
  return printable(text);
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
  if (record.adverse) rows.emplace_back("adverse", adverse(*record.adverse));
  rows.emplace_back("simulated time", duration_text(record.sim_time_ps));
  rows.emplace_back("instructions", grouped(record.instructions));
  rows.emplace_back("wall time", fmt::format("{:.2f} s", record.wall_seconds));
  if (record.instructions != 0 && record.wall_seconds > 0) {
    rows.emplace_back("speed", fmt::format("{:.1f} MIPS", static_cast<double>(record.instructions) /
                                                              record.wall_seconds / 1e6));
  }
  if (record.has("translations")) {
    const std::uint64_t translations = record.total("translations");
    std::string text = grouped(translations);
    const std::uint64_t bypasses = record.has("bypasses") ? record.total("bypasses") : 0;
    if (bypasses != 0) text += fmt::format(", passed untranslated {}", grouped(bypasses));
    // An access is answered by a TBU's micro TLB, which holds that it passes untranslated, too, by the TCU's
    // TLB, or by a walk.
    const std::uint64_t hits = record.total("micro_tlb_hits") + record.total("tlb_hits");
    const std::uint64_t misses = record.total("tlb_misses");
    if (translations != 0 && hits + misses != 0) {
      text += fmt::format(", TLB hits {} ({:.1f} %)", grouped(hits),
                          100.0 * static_cast<double>(hits) / static_cast<double>(hits + misses));
    }
    rows.emplace_back("translations", text);
  }
  // SMMUv2s have fault registers for what an SMMUv3 writes event records of (IHI 0062 3.7.2, 3.8.1).
  const bool faults = record.has("context_faults");
  if (faults) {
    rows.emplace_back(
        "faults", fmt::format("{} recorded in context banks, {} in global registers, {} not recorded",
                              grouped(record.total("context_faults")), grouped(record.total("global_faults")),
                              grouped(record.total("faults_unrecorded"))));
  }
  if (!faults || record.has("events")) {
    rows.emplace_back("events", grouped(host.trace_hub().event_count()));
  }
  const std::string host_errors =
      host.host_errors() == 0 ? "" : fmt::format(", {} host errors", grouped(host.host_errors()));
  rows.emplace_back("diagnostics",
                    fmt::format("{} guest errors, {} unimplemented{}", grouped(host.guest_errors()),
                                grouped(host.unimplemented()), host_errors));
  if (record.check.on) {
    std::string text =
        fmt::format("{} errors, {} warnings, {} notes; {} accesses looked at, {} pages watched",
                    grouped(record.check.count(checker::Severity::error)),
                    grouped(record.check.count(checker::Severity::warn)),
                    grouped(record.check.count(checker::Severity::note)), grouped(record.check.looks),
                    grouped(record.check.pages));
    for (std::size_t i = 0; i < record.check.counts.size(); ++i) {
      if (record.check.counts[i] == 0) continue;
      text += fmt::format("; {} {}", checker::rules[i].id, grouped(record.check.counts[i]));
    }
    rows.emplace_back("checked", text);
    baseline_rows(record.check, rows);
  }
  for (const InjectionRecord& r : record.injections) {
    rows.emplace_back("injected", r.complete()
                                      ? fmt::format("'{}': {} at {}, {} of {} matches", printable(r.name),
                                                    r.kind, r.at, grouped(r.fired), grouped(r.matches))
                                      : printable(shortfall(r)));
  }
  for (const std::string& limitation : host.limitations()) rows.emplace_back("limited", limitation);
  if (!record.modules.empty()) rows.emplace_back("modules", modules(record.modules));
  rows.emplace_back("tests", tests(record));
  if (record.match_count != 0) {
    rows.emplace_back("fail-on", fmt::format("{} line{}, first {}", grouped(record.match_count),
                                             record.match_count == 1 ? "" : "s",
                                             printable(record.matches.front().describe())));
  }
  for (const Waiver& w : record.waivers) {
    const std::string most = w.most ? fmt::format(" of at most {}", *w.most) : "";
    rows.emplace_back("allowed", w.count == 0
                                     ? fmt::format("'{}' matched nothing", printable(w.site))
                                     : fmt::format("{}: {}{}", printable(w.site), grouped(w.count), most));
  }
  if (!record.digest.empty()) {
    rows.emplace_back("digest", record.digest.substr(0, 16));
    rows.emplace_back("untimed digest", record.untimed_digest.substr(0, 16));
  }
  std::size_t width = 0;
  for (const auto& [name, value] : rows) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, value] : rows) text += fmt::format("  {:<{}}  {}\n", name, width, value);
  return text;
}

}  // namespace smmuvp::platform
