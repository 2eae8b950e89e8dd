// Perfetto's trace format: tracks, and what happens on them. The messages are those of Perfetto's
// TracePacket reference (perfetto.dev/docs/reference/trace-packet-proto).
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto_message.h"
#include "smmuvp/base/trace.h"

namespace smmuvp::platform {

/// Writes packets as they come. On a track, times never go back: an earlier one becomes that of the event
/// before it. Tracks among each other are in no order, which readers of the format sort.
class PerfettoWriter {
 public:
  /// What a track is known by: above 0, in the order in which they were made.
  using Track = std::uint64_t;
  using Arguments = std::vector<TraceValue>;

  /// @param write  takes the bytes of the trace, in order
  explicit PerfettoWriter(std::function<void(std::string_view)> write) : m_write(std::move(write)) {}

  Track add_process(std::string_view name);
  Track add_track(Track parent, std::string_view name);
  Track add_counter(Track parent, std::string_view name);

  /// Times in nanoseconds. Slices of a track are nested; each that begins is to end.
  void begin_slice(Track track, std::uint64_t ns, std::string_view category, std::string_view name,
                   const Arguments& arguments);
  void end_slice(Track track, std::uint64_t ns);
  void instant(Track track, std::uint64_t ns, std::string_view category, std::string_view name,
               const Arguments& arguments);
  void count(Track track, std::uint64_t ns, std::uint64_t value);

 private:
  /// Texts that are written once, and stood for by a number from then on.
  struct Interned {
    unsigned field;  // of InternedData
    std::unordered_map<std::string, std::uint64_t> numbers = {};
  };

  Track add(Track parent, std::string_view name, unsigned field, const ProtoMessage& kind);
  std::uint64_t intern(Interned& table, std::string_view text, ProtoMessage& interned);
  void event(std::uint64_t type, Track track, std::uint64_t ns, std::string_view category,
             std::string_view name, const Arguments& arguments);
  void put(const ProtoMessage& event, Track track, std::uint64_t ns, const ProtoMessage& interned);
  void packet(ProtoMessage& packet, std::uint64_t flags);

  std::function<void(std::string_view)> m_write;
  bool m_first = true;
  std::uint64_t m_processes = 0;
  std::vector<std::uint64_t> m_last_ns{0};  // of the tracks
  Interned m_categories{1}, m_names{2}, m_argument_names{3};
};

}  // namespace smmuvp::platform
