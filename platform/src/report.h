// What a run leaves behind: JSON, JUnit XML, and a summary for people.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "boot.h"
#include "checks.h"
#include "config.h"
#include "fault_record.h"
#include "injections.h"
#include "ktap.h"
#include "module_lines.h"
#include "platform_host.h"
#include "verdict.h"

namespace smmuvp::platform {

struct Statistic {
  std::string name;
  std::uint64_t value;
  std::string unit;
  std::string doc;
};

/// What a component counts of one of its parts.
struct PartStatistics {
  std::string kind;  ///< "tbu", "stream"
  std::string name;
  std::vector<Statistic> counters;
};

/// Everything reports are made from. Components are in the configuration's order.
struct RunRecord {
  std::string name;  ///< --name, or the platform's
  std::string platform;
  std::string config_file;
  Verdict verdict;
  std::uint64_t sim_time_ps = 0;
  std::uint64_t instructions = 0;
  double wall_seconds = 0;
  std::string digest;                                             ///< empty: not computed
  std::string untimed_digest;                                     ///< likewise
  std::vector<std::pair<std::string, std::string>> digest_parts;  ///< what the digest is of; empty: likewise
  std::vector<std::string> words;                                 ///< of the command line
  std::vector<std::string> settings;                              ///< --set
  std::optional<AdverseChoices> adverse;
  std::uint64_t min_tests = 0;
  std::vector<ConsoleMatch> matches;        ///< lines of the console that must not be there
  std::uint64_t match_count = 0;            ///< with those that are not kept
  std::vector<Waiver> waivers;              ///< of --strict
  CheckReport check;                        ///< of --check
  std::vector<InjectionRecord> injections;  ///< of --inject, in the plan's order
  std::vector<FaultRecord> faults;          ///< of SMMUs, with why; of --json alone
  std::uint64_t fault_count = 0;            ///< with those that are not kept
  KtapReport ktap;
  std::vector<BootPart> boot;       ///< empty: nothing was booted
  std::vector<ModuleFile> modules;  ///< that the guest told of
  std::vector<std::pair<std::string, std::vector<Statistic>>> statistics;
  std::vector<std::pair<std::string, std::vector<PartStatistics>>> parts;  ///< of components that have any

  /// Sum of a statistic over all components that have it.
  std::uint64_t total(const std::string& name) const;
  bool has(const std::string& name) const;
};

/// As --version tells it.
const char* program_version();

/// The document of docs/report.md, with a line end.
std::string json_report(const RunRecord& record, const PlatformHost& host);

/// A few aligned lines. @param colour  terminal colours for the verdict
std::string summary(const RunRecord& record, const PlatformHost& host, bool colour);

}  // namespace smmuvp::platform
