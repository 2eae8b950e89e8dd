// Faults of SMMUs with why: each is asked about when it happens, while memory is as the access saw it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "fault_story.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/explain_control.h"

namespace smmuvp::platform {

struct FaultRecord {
  std::uint64_t time_ps = 0;
  std::string source;  ///< the SMMU's name
  FaultTrace trace;
  std::string kind;  ///< fault_name()
  Story story;
  std::uint64_t more = 0;              ///< later ones that are like it and are not kept
  std::uint64_t last_time_ps = 0;      ///< of the last of these
  std::optional<std::uint64_t> event;  ///< its record in the Event queue, counted from 0 over all of the run
  bool ended = false;                  ///< it stalled, and was terminated later
  std::uint64_t waiting = 0;           ///< it and those like it that stall and have not been terminated
};

/// Why no event stands beside a fault: what the SMMU said, or what became of it.
std::string why_no_event(const FaultRecord& fault);

/// Keeps the first faults, then the first of each SMMU, StreamID, SubstreamID, fault, kind of access and 4
/// KiB page; counts the rest. Made before the system is, since components ask for trace sinks when they are
/// made. Asking changes nothing in the run.
class FaultRecorder : public TraceSink {
 public:
  struct Limits {
    std::size_t first = 16;  ///< kept whatever they are
    std::size_t most = 256;  ///< kept at all
  };

  FaultRecorder() : FaultRecorder(Limits()) {}
  explicit FaultRecorder(const Limits& limits) : m_limits(limits) {}

  /// Faults of others are not looked at. `smmu` outlives the recorder's use.
  void add(const std::string& name, const ExplainControl& smmu);
  /// Who stored to structures and descriptors; nullptr: nobody knows. Outlives the recorder's use.
  void set_writers(const WriterSource* writers) { m_writers = writers; }

  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;

  /// In order.
  const std::vector<FaultRecord>& faults() const { return m_faults; }
  /// With those that are not kept. A stall that is terminated counts once.
  std::uint64_t count() const { return m_count; }
  /// Of the last one, its place in faults(), or that of the one it is like; none: it is like none that is
  /// kept.
  std::optional<std::size_t> last() const { return m_last; }

 private:
  // SMMU, StreamID, SubstreamID + 1 or 0, name of the event, kind of access with ATS and whether it stalls,
  // page.
  using Key =
      std::tuple<std::size_t, std::uint64_t, std::uint64_t, std::size_t, std::uint64_t, std::uint64_t>;
  struct Smmu {
    std::string name;
    const ExplainControl* explain;
  };

  void fault(std::uint64_t time_ps, const Smmu& smmu, const FaultTrace& trace, const Key& key);
  void event(const Smmu& smmu, const TraceValue* values, std::size_t count);
  std::size_t name_number(std::string_view event);

  Limits m_limits;
  std::vector<Smmu> m_smmus;
  const WriterSource* m_writers = nullptr;
  std::vector<FaultRecord> m_faults;
  std::map<Key, std::size_t> m_known;  // the last that is kept of each: its place in m_faults
  std::vector<std::string> m_names;    // of events
  std::vector<std::size_t> m_told;     // places of those whose event is to come
  std::uint64_t m_count = 0;
  std::uint64_t m_events = 0;
  std::optional<std::size_t> m_last;
};

}  // namespace smmuvp::platform
