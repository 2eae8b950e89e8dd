// What the HTML report shows of the course of a run (docs/html-report.md).
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "smmuvp/base/dump.h"
#include "smmuvp/base/trace.h"
#include "timeline.h"

namespace smmuvp {
class DumpControl;
}  // namespace smmuvp

namespace smmuvp::platform {

class System;
struct Instance;

/// Keeps the console's beginning and end.
class ConsoleText {
 public:
  static constexpr std::size_t most_head = 128 << 10;
  static constexpr std::size_t most_tail = 128 << 10;
  void put(std::string_view bytes);
  const std::string& head() const { return m_head; }
  /// What follows head(), behind left_out() bytes.
  std::string tail() const;
  std::uint64_t left_out() const;

 private:
  std::string m_head, m_tail;  // m_tail: up to twice what is wanted
  std::uint64_t m_bytes = 0;
};

/// What an SMMU held at one time.
struct Snapshot {
  std::string smmu;
  std::string when;  ///< "first fault"
  std::uint64_t time_ps = 0;
  DumpSection contents;
};

/// A fault or a stall, as the trace has it.
struct RecordedFault {
  std::uint64_t time_ps = 0;
  std::string source;
  std::uint64_t sid = 0, address = 0;
  std::string event, outcome, record;  ///< `record`: "recorded", or what keeps software from being told
};

/// A record of an Event queue, as it stood in memory when it was written.
using EventWords = std::array<std::uint64_t, 4>;

/// Counts of a whole SMMU, a TBU, or a stream, over time.
struct Scope {
  /// The counters of components that it follows.
  static constexpr std::array<std::string_view, 7> counters = {
      "accesses", "aborts",     "micro_tlb_hits",  "micro_tlb_misses",
      "tlb_hits", "tlb_misses", "translation_time"};
  std::string smmu;
  std::string kind;                                   ///< empty: the whole SMMU
  std::string name;                                   ///< of the TBU or stream
  std::array<std::size_t, counters.size()> series{};  ///< of timeline()
  std::array<std::uint64_t, counters.size()> last{};  ///< what the counters said last
};

/// Follows a run by its trace, and by the counters of its SMMUs, which it reads between two slices of
/// simulation. Nothing of the run changes by it. Its memory is bounded, whatever runs for however long.
class Recorder : public TraceSink {
 public:
  /// Faults beyond this many are counted, not kept.
  static constexpr std::size_t most_faults = 10000;
  /// Times of a kind of commands beyond this many series are not counted.
  static constexpr std::size_t most_command_series = 1000;

  /// Before simulation.
  void connect(const System& system);
  /// Simulated time is now_ps. @return how long the next slice is to be at most
  std::uint64_t sample(std::uint64_t now_ps);
  /// The run has ended.
  void finish(std::uint64_t now_ps);

  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;
  ConsoleText& console() { return m_console; }

  const ConsoleText& console() const { return m_console; }
  const System* system() const { return m_system; }
  const Timeline& timeline() const { return m_timeline; }
  const std::vector<Scope>& scopes() const { return m_scopes; }
  /// By SMMU and name; their series of timeline().
  const std::map<std::pair<std::string, std::string>, std::size_t>& commands() const { return m_commands; }
  const std::vector<RecordedFault>& faults() const { return m_faults; }
  std::uint64_t fault_count() const { return m_fault_count; }
  /// Of the first TraceHub::most_events events; of one whose record was not found none.
  const std::vector<std::optional<EventWords>>& event_words() const { return m_event_words; }
  /// In the order of SMMUs and times.
  std::vector<Snapshot> snapshots() const;

 private:
  struct Smmu {
    const Instance* instance;
    const DumpControl* dump;
    bool has_events = false;  // SMMUv3
    bool on = false;          // since software has switched it on
    bool changed = false;     // what it is set up to, since the last look
    std::uint64_t next_look_ps = 0;
    unsigned looks_before_off = 0;
    std::optional<Snapshot> first_fault = {}, fullest = {}, end = {};
    std::size_t structures = 0;                     // of `fullest`
    bool queues_known = false;                      // the next two are right
    std::array<std::uint64_t, 2> eventq_base = {};  // of the Non-secure and the Secure interface
  };
  class Counters;
  class Parts;

  /// The number of a scope, made if need be. @param last  that of the scope that came before it
  std::size_t next_scope(std::size_t last, const std::string& smmu, std::string_view kind,
                         std::string_view name);
  void take(Scope& scope, std::string_view counter, std::uint64_t value);
  Snapshot look(const Smmu& smmu, const char* when, std::uint64_t time_ps) const;
  void keep_fullest(Smmu& smmu, Snapshot snapshot);
  void faulted(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values);
  void written(Smmu& smmu, std::uint64_t time_ps, const TraceValue* values);
  std::optional<EventWords> words_of_event(Smmu& smmu, std::uint64_t prod, bool secure);

  const System* m_system = nullptr;
  std::map<std::string, Smmu, std::less<>> m_smmus;  // by name
  std::vector<std::string> m_order;                  // of the configuration
  Timeline m_timeline;
  std::vector<Scope> m_scopes;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> m_scope_of;
  std::uint64_t m_sampled_ps = 0;
  std::map<std::pair<std::string, std::string>, std::size_t> m_commands;
  std::vector<RecordedFault> m_faults;
  std::uint64_t m_fault_count = 0;
  std::vector<std::optional<EventWords>> m_event_words;
  ConsoleText m_console;
};

}  // namespace smmuvp::platform
