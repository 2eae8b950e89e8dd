// --perfetto: what trace records show on the tracks of a Perfetto trace (docs/traces.md).
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "perfetto_writer.h"
#include "platform_host.h"
#include "smmuvp/base/trace.h"
#include "trace_levels.h"

namespace smmuvp::platform {

/// Takes records in the order of their times. A point whose last field is took_ps becomes slices, one whose
/// last field is level a counter, others that are known instants: so do those of components that are no part
/// of this program.
class PerfettoTrace : public TraceSink {
 public:
  /// Streams of a TBU that have tracks of their own; the others share one.
  static constexpr std::size_t most_streams = 128;

  /// @param write  takes the bytes of the trace, in order
  explicit PerfettoTrace(std::function<void(std::string_view)> write) : m_writer(std::move(write)) {}

  /// What components can tell. Until then nothing is wanted.
  void set_points(const std::vector<TracePointInfo>& points);
  void set_line_names(const LineNames& names);

  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;
  void diagnostic(const Reported& reported);
  /// Ends all slices that are open.
  void finish(std::uint64_t time_ps);

 private:
  using Track = PerfettoWriter::Track;
  using Arguments = PerfettoWriter::Arguments;
  struct Record {
    std::uint64_t time_ps;
    std::string_view source, point;
    const TraceValue* values;
    std::size_t count;
    const TraceValue* find(std::string_view name) const;
    std::uint64_t number(std::string_view name) const;
    std::string_view text(std::string_view name) const;
    Arguments arguments() const;
  };
  /// Tracks of one name that side by side have room for slices that overlap.
  struct Lanes {
    Track parent = 0;
    std::string name;
    std::vector<std::pair<Track, std::uint64_t>> tracks = {};  // and when the last slice of each ends, in ns
  };
  /// What an access was answered, told just before the access itself.
  struct Answer {
    std::uint64_t time_ps = 0, sid = 0, address = 0;
    std::vector<std::pair<TraceValue, std::string>> values = {};
  };
  struct Open {
    std::uint64_t begin_ps;
    std::string track, name;
    std::vector<std::pair<TraceValue, std::string>> values;
  };
  struct Handling {
    std::string name;
    std::uint64_t value;
  };

  Track process(std::string_view source);
  Track track(std::string_view source, std::string_view name);
  Lanes& lanes(std::string_view source, std::string_view name);
  Lanes& stream_lanes(const Record& r);
  void slice(Lanes& lanes, std::uint64_t begin_ps, std::uint64_t end_ps, std::string_view category,
             std::string_view name, const Arguments& arguments);
  void level(const Record& r);
  void access(const Record& r);
  void answer(const Record& r);
  void stall(const Record& r);
  void resume(const Record& r);
  void command(const Record& r);
  void sync(const Record& r);
  void interrupt(const Record& r);
  void instant(const Record& r, std::string_view track_name, std::string_view name);
  static Open opened(const Record& r, std::uint64_t begin_ps, std::string_view track, std::string_view name);

  PerfettoWriter m_writer;
  LineNames m_line_names;
  std::set<std::string, std::less<>> m_wanted;
  TraceLevels m_levels;
  std::vector<Track> m_counters;                           // of the levels' signals
  std::unordered_map<std::string, Track> m_processes;      // by component
  std::unordered_map<std::string, Track> m_tracks;         // by component and name
  std::unordered_map<std::string, Lanes> m_lanes;          // likewise
  std::unordered_map<std::string, std::size_t> m_streams;  // how many, by component and TBU
  std::unordered_map<std::string, Answer> m_answers;       // by component
  // By component, StreamID, address; in the order in which they began.
  std::multimap<std::tuple<std::string, std::uint64_t, std::uint64_t>, Open> m_stalls;
  std::map<std::pair<std::string, std::string>, Open> m_syncs;  // by component and queue
  std::map<std::pair<std::string, std::uint64_t>, std::vector<Handling>> m_handling;  // by controller and CPU
};

}  // namespace smmuvp::platform
