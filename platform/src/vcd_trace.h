// --vcd: wires, queue levels and slots in use as a value change dump (IEEE 1364-2005 18; docs/traces.md).
#pragma once
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "smmuvp/base/trace.h"
#include "trace_levels.h"

namespace smmuvp::platform {

/// Takes records in the order of their times; one that comes too late is given the time before it. Of several
/// changes of a signal at one time the last counts.
///
/// A dump declares its signals first, and which there are is known at the end: until then changes wait in a
/// temporary file.
class VcdTrace : public TraceSink {
 public:
  using Write = std::function<void(std::string_view)>;

  VcdTrace();
  void set_points(const std::vector<TracePointInfo>& points);
  void set_line_names(LineNames names) { m_levels.set_line_names(std::move(names)); }

  bool wants(std::string_view source, std::string_view point) override;
  void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
              const TraceValue* values, std::size_t count) override;
  /// @param top  the scope of all. @param write  takes the dump, in order.
  /// @return errno of a temporary file that failed, or 0
  int finish(std::uint64_t time_ps, std::string_view top, const Write& write);

 private:
  struct Shown {
    std::uint64_t first;  // the value of the first change
    std::uint64_t value;  // written last
  };
  void write_changes();
  std::string header(std::string_view top) const;
  std::string change(std::size_t signal, std::uint64_t value) const;
  void put(std::string_view text);

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> m_changes;
  int m_error = 0;
  std::set<std::string, std::less<>> m_wanted;
  TraceLevels m_levels;
  std::uint64_t m_time_ps = 0;
  std::uint64_t m_written_ps = 0;                  // the last time in m_changes
  std::map<std::size_t, std::uint64_t> m_at_time;  // what has changed at m_time_ps, and to what
  std::vector<Shown> m_shown;                      // by signal
};

}  // namespace smmuvp::platform
