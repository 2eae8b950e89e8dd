// --baseline: findings of the checker that are known, and fail no run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "smmuvp/checker/finding.h"

namespace smmuvp::platform {

/// What says that a finding of this build is one of another: nothing that moves when a driver is rebuilt or
/// memory is laid out otherwise.
struct Fingerprint {
  std::string rule;                        ///< "tlbi.missing"
  std::string smmu;                        ///< instance name
  std::optional<std::uint32_t> stream_id;  ///< none: the finding is about no stream
  std::string what;      ///< "descriptor of stage 1, level 3", "STE"; empty: the rule says it
  std::string function;  ///< as fingerprint_of() has it; empty: no symbol is known

  bool operator<(const Fingerprint& other) const { return tie() < other.tie(); }
  bool operator==(const Fingerprint& other) const { return tie() == other.tie(); }
  /// In a line, for messages.
  std::string text() const;

 private:
  std::tuple<const std::string&, const std::string&, const std::optional<std::uint32_t>&, const std::string&,
             const std::string&>
  tie() const {
    return {rule, smmu, stream_id, what, function};
  }
};

/// With the function that stored last, or else that asked for the command or wrote the register, if it has
/// been named.
Fingerprint fingerprint_of(const checker::Finding& finding);

/// How often each may be found.
using FingerprintCounts = std::map<Fingerprint, std::uint64_t>;

/// The file's content, as baseline_text() makes it. @param file  its name, for messages
/// @throws ConfigError with file, line and column
FingerprintCounts parse_baseline(const std::string& text, const std::string& file);
/// @throws ConfigError; also if there is no such file and `must_exist`
FingerprintCounts read_baseline(const std::string& file, bool must_exist);

/// A line a fingerprint, sorted, so that two versions differ in the lines that mean something.
std::string baseline_text(const FingerprintCounts& counts);
/// All of it or nothing, whatever happens meanwhile. @return errno, or 0
int write_baseline(const std::string& file, const FingerprintCounts& counts);

}  // namespace smmuvp::platform
