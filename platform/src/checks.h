// --check: what the checker of drivers finds in a run.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "baseline.h"
#include "smmuvp/checker/driver_checker.h"
#include "symbols.h"

namespace smmuvp::platform {

class System;

/// What reports say of it.
struct CheckReport {
  /// Findings beyond this many are counted, not kept.
  static constexpr std::size_t most = 10000;

  bool on = false;
  checker::Severity fails_from = checker::Severity::error;   ///< the least severity that fails a run
  std::vector<checker::Finding> findings;                    ///< in order
  std::vector<bool> known;                                   ///< of each of these: --baseline has it
  std::vector<std::uint64_t> counts;                         ///< by rule, as checker::rules
  std::vector<checker::Severity> severities = by_default();  ///< likewise
  std::vector<std::uint64_t> known_counts;                   ///< of these, those that --baseline has
  std::vector<std::string> smmus;                            ///< that are watched
  std::uint64_t looks = 0;                                   ///< accesses that were looked at
  std::uint64_t pages = 0;                                   ///< of tables and structures that are watched

  /// What --baseline expects and what was found of it, where there is one.
  struct Known {
    std::uint64_t expected = 0;
    std::uint64_t found = 0;  ///< up to `expected`
  };
  std::optional<std::map<Fingerprint, Known>> baseline;
  FingerprintCounts found;  ///< with a baseline: all of them

  /// Of each rule, where nobody says otherwise.
  static std::vector<checker::Severity> by_default();
  std::uint64_t count(checker::Severity severity) const;
  checker::Severity severity(checker::RuleId rule) const {
    return severities[static_cast<std::size_t>(rule)];
  }
  std::uint64_t known_count() const;
  /// Findings that --baseline expects and that do not occur any more.
  std::uint64_t stale_count() const;
  bool is_known(std::size_t finding) const { return finding < known.size() && known[finding]; }
  /// Of those that fail a run: known ones do not.
  std::uint64_t failures() const;
  /// The first finding that does, in a line; empty: none does.
  std::string first_failure() const;
};

/// "cpu0 in arm_smmu_v3+0x1234 (arm_smmu_write_ste), called by arm_smmu_attach_dev, at 1.5 ms"
std::string to_text(const checker::Writer& writer);
/// "smmu0: a descriptor has changed ...: descriptor of ... (StreamID 0x100; IOVA 0x1000; last stored to by
/// cpu0 ...; asked for by cpu0 ...) [IHI 0070 3.17]"
std::string to_text(const checker::Finding& finding);

/// Of the finding, or of its rule.
std::string clause_of(const checker::Finding& finding);

/// One for a run. Made before the system is, since components ask for trace sinks when they are made.
class Checks {
 public:
  /// Called for each finding. @param known  --baseline has it
  using Print = std::function<void(const checker::Finding&, checker::Severity, bool known)>;
  using Rules = std::vector<std::pair<std::size_t, checker::Severity>>;
  /// @param fails_from  the least severity that fails a run
  /// @param symbols  names functions; outlives it
  /// @param rules  which count otherwise than by default; of several of one rule the last one does
  /// @param baseline  none: nothing is known
  Checks(checker::Severity fails_from, const Rules& rules, const Symbols& symbols,
         const std::optional<FingerprintCounts>& baseline, Print print);

  TraceSink& sink() { return m_checker; }
  /// Before simulation, when memory has been loaded.
  void connect(const System& system);
  /// A diagnostic of a component.
  void diagnosed(const Diagnostic& diagnostic, std::uint64_t time_ps) {
    m_checker.diagnosed(diagnostic, time_ps);
  }
  /// As DriverChecker has it.
  const checker::Writer* last_writer(std::uint64_t physical) const { return m_checker.last_writer(physical); }
  /// After it: what is still open is found, too.
  CheckReport finish();

 private:
  void found(const checker::Finding& finding);
  void name(std::optional<checker::Writer>& writer) const;
  void name(checker::Finding& finding) const;
  bool expect(const Fingerprint& fingerprint);
  bool is_known(const checker::Finding& finding);

  const Symbols& m_symbols;
  Print m_print;
  CheckReport m_report;
  DriverChecker m_checker;
};

}  // namespace smmuvp::platform
