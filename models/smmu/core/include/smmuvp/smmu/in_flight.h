// Which transactions a synchronisation command has to wait for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// Counts transactions that are being translated or are downstream, by generation. A barrier ends a
/// generation; any number of barriers can be open.
class InFlight {
 public:
  FlightToken enter() {
    ++m_generations.back().open;
    return {m_first + m_generations.size() - 1};
  }
  /// The transaction ends at `time`, which may be ahead. Tokens from before a clear() are ignored.
  void leave(FlightToken token, TimePs time) {
    if (token.generation < m_first) return;
    Generation& g = m_generations[token.generation - m_first];
    if (g.open == 0) return;
    --g.open;
    g.end = std::max(g.end, time);
  }
  /// Stands for what has entered so far. To be closed.
  std::uint64_t barrier() {
    m_generations.emplace_back();
    ++m_barriers;
    return m_first + m_generations.size() - 2;
  }
  void close(std::uint64_t) {
    if (m_barriers == 0 || --m_barriers != 0) return;
    Generation all;
    for (const Generation& g : m_generations) {
      all.open += g.open;
      all.end = std::max(all.end, g.end);
    }
    if (all.open != m_generations.back().open) return;
    m_first += m_generations.size() - 1;
    m_generations.assign(1, all);
  }
  /// Whether everything of before the barrier has left.
  bool done(std::uint64_t barrier) const {
    for (std::uint64_t i = m_first; i <= barrier; ++i) {
      if (m_generations[i - m_first].open != 0) return false;
    }
    return true;
  }
  /// When the last of it ended.
  TimePs done_at(std::uint64_t barrier) const {
    TimePs end = 0;
    for (std::uint64_t i = m_first; i <= barrier; ++i) end = std::max(end, m_generations[i - m_first].end);
    return end;
  }
  std::uint64_t all() const {
    std::uint64_t n = 0;
    for (const Generation& g : m_generations) n += g.open;
    return n;
  }
  /// Forgets all of them (reset).
  void clear() {
    m_first += m_generations.size();
    m_generations.assign(1, {});
    m_barriers = 0;
  }

 private:
  struct Generation {
    std::uint64_t open = 0;
    TimePs end = 0;
  };
  std::uint64_t m_first = 1;
  std::uint64_t m_barriers = 0;
  std::deque<Generation> m_generations{1};
};

}  // namespace smmuvp::smmu
