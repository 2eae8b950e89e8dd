#include "progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "duration.h"

namespace smmuvp::platform {

void Progress::show(double wall_seconds, std::uint64_t sim_ps, std::uint64_t instructions) {
  if (!m_enabled || wall_seconds < m_next) return;
  m_next = wall_seconds + 0.2;
  const std::string line = fmt::format("\r\033[K  {} simulated, {:.0f} M instructions, {:.0f} s, {:.0f} MIPS",
                                       duration_text(sim_ps / 1000'000'000 * 1000'000'000),
                                       static_cast<double>(instructions) / 1e6, wall_seconds,
                                       static_cast<double>(instructions) / wall_seconds / 1e6);
  std::fwrite(line.data(), 1, line.size(), stderr);
  m_shown = true;
}

void Progress::clear() {
  if (!m_shown) return;
  m_shown = false;
  std::fputs("\r\033[K", stderr);
}

}  // namespace smmuvp::platform
