// --trace-ring: the last lines of a trace, written when something goes wrong.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/base/trace.h"

namespace smmuvp::platform {

/// Keeps the last lines that filters let through, and writes them, in the order of their times, when
/// - a record says that an SMMU has terminated an access, written an event record, or stopped a Command
/// queue,
/// - a diagnostic is reported, or
/// - the run does not pass.
/// That happens once a microsecond of simulated time has passed, with the lines of that time: what follows is
/// told, and all that goes wrong meanwhile is told together. What has been written is forgotten: no line
/// comes twice. After most_times only the end of a run that does not pass is written.
class TraceRing : public TraceSink {
 public:
  static constexpr unsigned most_times = 10;
  static constexpr std::uint64_t settle_ps = 1'000'000;
  static constexpr std::uint64_t most_lines = 1'000'000;
  using Write = std::function<void(std::string_view)>;

  /// @param filters  points whose lines are kept, as of TextTraceSink. @param lines  1 to most_lines
  TraceRing(std::vector<std::string> filters, std::uint64_t lines, Write write);

  bool wants(std::string_view source, std::string_view point) override;
  /// In the order of their times.
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;
  /// Something else has gone wrong.
  void went_wrong(std::uint64_t time_ps, const std::string& what);
  /// Nothing else comes. @param what  why the run does not pass; empty: it does
  void finish(std::uint64_t time_ps, const std::string& what);

 private:
  static void keep(void* self, std::string_view line);
  void settle(std::uint64_t time_ps);
  void write(bool at_the_end);

  std::uint64_t m_most;
  Write m_write;
  TextTraceSink m_text;
  std::deque<std::string> m_lines;
  std::uint64_t m_gone = 0;            // lines that were pushed out since the last time
  std::vector<std::string> m_reasons;  // what has gone wrong since m_wrong_ps, and is not written yet
  std::uint64_t m_wrong_ps = 0;
  unsigned m_times = 0;
};

}  // namespace smmuvp::platform
