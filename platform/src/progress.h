// A line on the terminal that shows a long run is alive.
#pragma once
#include <cstdint>

namespace smmuvp::platform {

/// Writes to standard error, at most five times a second, after the first two seconds, and only if enabled.
class Progress {
 public:
  explicit Progress(bool enabled) : m_enabled(enabled) {}
  ~Progress() { clear(); }
  void show(double wall_seconds, std::uint64_t sim_ps, std::uint64_t instructions);
  /// Takes the line away, so that other output starts on an empty one.
  void clear();

 private:
  bool m_enabled;
  bool m_shown = false;
  double m_next = 2.0;
};

}  // namespace smmuvp::platform
