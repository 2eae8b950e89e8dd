// Trace records in the order of their times, for readers that need it.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/base/trace.h"

namespace smmuvp::platform {

/// Passes records on when simulated time has reached them, in the order of their times, and of one time in
/// the order in which they came: an access that runs ahead of simulated time is recorded before others that
/// are earlier. A record that comes later than its time is passed on at once, behind later ones.
class OrderedTrace : public TraceSink {
 public:
  /// @param now  simulated time in picoseconds
  explicit OrderedTrace(std::uint64_t (*now)()) : m_now(now) {}

  /// Gets all that it wants; several do in the order in which they were added. Outlives this one's use.
  void add(TraceSink& reader);
  bool empty() const { return m_readers.empty(); }

  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;
  /// Passes on all that is held back: no earlier records will come.
  void flush() { release(~std::uint64_t{0}); }

 private:
  struct Held {
    std::string source;
    std::string_view point;          // names of points and fields are constants (TracePoint)
    std::string texts;               // those of the values, one behind the other
    std::vector<TraceValue> values;  // a text's number is where it ends in texts
  };

  void release(std::uint64_t until_ps);
  void pass_on(std::uint64_t time_ps, std::string_view source, std::string_view point,
               const TraceValue* values, std::size_t count);

  std::uint64_t (*m_now)();
  std::vector<TraceSink*> m_readers;
  std::multimap<std::uint64_t, Held> m_held;
};

}  // namespace smmuvp::platform
