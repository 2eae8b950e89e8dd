// Distributes trace records: events to the report, and whatever --trace asks for to a text file.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sha256.h"
#include "smmuvp/base/trace.h"
#include "trace_order.h"

namespace smmuvp::platform {

/// The trace point of an SMMU that has recorded an event.
constexpr std::string_view event_point = "smmu.event";

struct Event {
  std::uint64_t time_ps = 0;
  std::string source;
  std::vector<std::pair<std::string, std::string>> fields;  ///< numbers as "0x…"
};

class TraceHub : public TraceSink {
 public:
  /// Events beyond this many are counted and hashed, not kept.
  static constexpr std::size_t most_events = 10000;

  TraceHub();

  /// Takes what TextTraceSink takes. Lines come in the order of their times, as records of add_ordered() do.
  void add_text(std::vector<std::string> filters, TextTraceSink::Write write, void* context);

  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;

  /// Gets all that it wants, at once, besides; several do in the order in which they were added. Outlives the
  /// hub's use.
  void add_observer(TraceSink& observer);

  /// Gets all that it wants in the order of their times: a record is held back until simulated time has
  /// reached it, or until flush(). Outlives the hub's use.
  void add_ordered(TraceSink& observer);

  /// Passes on all that is held back: nothing earlier will come.
  void flush() { m_ordered.flush(); }

  const std::vector<Event>& events() const { return m_events; }
  std::uint64_t event_count() const { return m_event_count; }
  /// Over all events, in order.
  const Sha256& event_hash() const { return m_hash; }
  /// Over the events of each source, in order, without their times.
  const std::map<std::string, Sha256>& untimed_event_hashes() const { return m_untimed_hashes; }

 private:
  std::vector<TraceSink*> m_observers;
  std::optional<TextTraceSink> m_text;
  OrderedTrace m_ordered;
  std::vector<Event> m_events;
  std::uint64_t m_event_count = 0;
  Sha256 m_hash;
  std::map<std::string, Sha256> m_untimed_hashes;
};

}  // namespace smmuvp::platform
