// --inject: faults that a run injects, and the proof that it has.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "injection_plan.h"
#include "smmuvp/base/injection.h"
#include "smmuvp/base/trace.h"

namespace smmuvp::platform {

class System;

/// What an injection hit.
struct InjectionHit {
  std::uint64_t time_ps = 0;
  std::string smmu;
  std::string of;
  std::optional<std::uint32_t> stream;
  std::optional<std::uint32_t> substream;
  std::optional<std::uint64_t> iova;
  std::optional<std::uint64_t> address;
};

/// What reports say of one [[inject]].
struct InjectionRecord {
  /// Hits beyond this many are counted, not kept.
  static constexpr std::size_t most = 1000;

  std::string name;
  std::string at;
  std::string kind;
  std::uint64_t fired = 0;
  std::uint64_t required = 1;    ///< as often at least, or the run shows nothing
  std::uint64_t nth = 1;         ///< the first match that is injected into
  std::uint64_t every = 1;       ///< and each so many after it
  std::uint64_t candidates = 0;  ///< sites at its place
  std::uint64_t matches = 0;     ///< those that all conditions hold for
  /// In order: how many sites got past each condition.
  std::vector<std::pair<std::string, std::uint64_t>> passed;
  std::vector<InjectionHit> hits;

  bool complete() const { return fired >= required; }
};

/// "at 1.5 ms: abort of STE, stream 0x100, at 0x40230000 (smmu0)"
std::string to_text(const InjectionRecord& record, const InjectionHit& hit);
/// Of one that is not complete: what it lacked, "fired 0 times of 1: of 12 at STE 3 were of stream 0x100,
/// ..."
std::string shortfall(const InjectionRecord& record);

/// Of those that are not complete, the first's shortfall, and how many more there are; empty: all are.
std::string missing(const std::vector<InjectionRecord>& records);

/// One for a run.
class Injections {
 public:
  using Print = std::function<void(const InjectionRecord&, const InjectionHit&)>;

  /// @param print  called for each that fires
  Injections(std::vector<InjectionRule> rules, Print print);
  ~Injections();

  /// Before simulation. @param trace  for inject.fired; nullptr: nowhere
  /// @throws ConfigError where a plan names what the platform has not got, with the place
  void connect(const System& system, TraceSink* trace);
  std::vector<InjectionRecord> records() const;

 private:
  class OfSmmu;
  struct State {
    InjectionRule rule;
    InjectionRecord record;
  };

  std::vector<State> m_states;  // as in the plan
  std::vector<std::unique_ptr<OfSmmu>> m_smmus;
  Print m_print;
};

}  // namespace smmuvp::platform
