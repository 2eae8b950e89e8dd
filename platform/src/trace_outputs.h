// What --trace, --trace-ring, --perfetto and --vcd write.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options.h"
#include "output_file.h"
#include "perfetto_trace.h"
#include "platform_host.h"
#include "system.h"
#include "trace_ring.h"
#include "vcd_trace.h"
#include "verdict.h"

namespace smmuvp::platform {

/// One for a run. It is made before the system is, since components ask for the trace sink when they are
/// made, and goes after it. Of what is not asked for, no point is switched on.
class TraceOutputs {
 public:
  /// @param options  outlives this
  explicit TraceOutputs(const RunOptions& options);

  /// @param before_text  called before text goes to standard error
  void join(TraceHub& hub, std::function<void()> before_text);
  std::vector<OutputFile*> files() { return {&m_text_file, &m_perfetto_file, &m_vcd_file}; }
  /// The system is there. @throws ConfigError for a filter of --trace that nothing can match
  void choose_points(const System& system);
  /// Simulation begins: the files may be written from here on.
  void begin();
  void diagnostic(const Reported& reported);
  /// Nothing else comes from the hub. What could not be written is told by the files' flush().
  /// @return errno of a temporary file that failed, or 0
  int finish(std::uint64_t time_ps, const std::string& platform, const Verdict& verdict);

 private:
  void write_text(std::string_view text);

  const RunOptions& m_options;
  std::function<void()> m_before_text;
  OutputFile m_text_file, m_perfetto_file, m_vcd_file;
  std::optional<TraceRing> m_ring;
  std::optional<PerfettoTrace> m_perfetto;
  std::optional<VcdTrace> m_vcd;
  bool m_begun = false;
  std::string m_early;  // of the Perfetto trace, from before
};

}  // namespace smmuvp::platform
