// Which transactions a synchronisation command has to wait for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// Counts transactions that are being translated or are downstream. A barrier stands for all that entered
/// before it, and is a value: any number can be open, held by whoever waits. A transaction ends at a time
/// that may lie ahead of the simulated one; a barrier is done once all of its transactions have left, at the
/// latest of their end times. It does not wait for initiators that run ahead, whose transactions begin after
/// it although they were made before: no end counts that lies further ahead of it than the longest of its
/// transactions takes.
///
/// An access that stalls leaves, and enters again when it goes on: software that waits for a synchronisation
/// before it resumes the access must not wait for ever.
class InFlight {
 public:
  /// The generation of transactions that entered last before it.
  using Barrier = std::uint64_t;

  InFlight() = default;
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  /// @param begin  when the transaction begins, which may lie ahead of the simulated time
  FlightToken enter(TimePs begin) {
    ++m_last->open;
    return {m_last_number, begin};
  }
  /// The transaction ends at `time`, not before its begin. Tokens from before a clear() are ignored.
  /// @return whether a barrier may wait for it
  bool leave(FlightToken token, TimePs time) {
    Generation& last = *m_last;
    if (__builtin_expect(token.generation == m_last_number && last.open != 0, 1)) {
      --last.open;
      if (time > last.end) last.end = time;
      last.lasted(token, time);
      return false;
    }
    leave_earlier(token, time);
    return true;
  }
  /// Whether a token is from before a clear().
  bool is_void(FlightToken token) const { return token.generation < m_first; }
  /// Stands for the transactions that have entered so far.
  Barrier barrier() {
    const Generation& last = m_generations.back();
    if (last.open != 0 || last.end != 0) {  // else the barrier before stands for the same
      m_generations.emplace_back();
      find_last();
      count_left();
    }
    return m_first + m_generations.size() - 2;
  }
  /// Whether all transactions that entered before `barrier` have left. A value that barrier() never gave (of
  /// a damaged archive) stands for none.
  bool done(Barrier barrier) {
    if (m_abandoned) {
      m_abandoned = false;
      count_left();
    }
    return barrier < m_first + m_left || barrier - m_first >= m_generations.size() - 1;
  }
  /// When the last of them ended, or any time before the last prune(). Meaningful once it is done.
  /// @param since  the barrier's own time: what begins later does not count
  TimePs done_at(Barrier barrier, TimePs since) const {
    if (barrier < m_first) return m_end;
    const std::uint64_t i = barrier - m_first;
    if (i >= m_left) return 0;
    const Generation& g = m_generations[i];
    return g.end > since && g.end - since > g.longest ? since + g.longest : g.end;
  }
  /// Transactions under way.
  std::uint64_t all() const {
    std::uint64_t n = 0;
    for (const Generation& g : m_generations) n += g.open;
    return n;
  }
  /// Forgets end times up to `now`: to whoever asks from then on, they are all in the past.
  void prune(TimePs now) {
    while (m_left > 0 && m_generations.front().end <= now) {
      m_end = m_generations.front().end;
      m_generations.pop_front();
      ++m_first;
      --m_left;
    }
  }
  /// Forgets all of them (reset). Barriers from before are done.
  void clear() {
    m_first += m_generations.size();
    m_generations.assign(1, {});
    find_last();
    m_left = 0;
    m_end = 0;
  }
  /// As new: numbers that have been given out are given out again, so there must be nobody who holds one.
  void renew() {
    clear();
    m_first = 1;
    find_last();
  }
  /// After visit() has loaded: none is under way before visit() of its token says so.
  void abandon() {
    for (Generation& g : m_generations) g.open = 0;
    m_abandoned = true;
  }
  void visit(Archive& archive);
  /// Saves or restores a token. The transaction of one that is restored is under way again: to be called
  /// after visit() and abandon(). One that stands for nothing stays that.
  void visit(Archive& archive, FlightToken& token);

 private:
  struct Generation {
    std::uint64_t open = 0;
    // Of those that all have left: of the generations before as well.
    TimePs end = 0;      // the latest
    TimePs longest = 0;  // from its begin to its end

    // One that has waited for software began anew, and may have got no further than before: it counts as 0.
    void lasted(FlightToken token, TimePs time) {
      const auto length = static_cast<std::int64_t>(time - token.begin);
      if (length > static_cast<std::int64_t>(longest)) longest = static_cast<TimePs>(length);
    }
  };
  void leave_earlier(FlightToken token, TimePs time);
  void find_last() {
    m_last = &m_generations.back();
    m_last_number = m_first + m_generations.size() - 1;
  }
  // A generation ends with a barrier; the last one is open. Those of which all have left are done in order.
  void count_left() {
    for (; m_left + 1 < m_generations.size() && m_generations[m_left].open == 0; ++m_left) {
      Generation& g = m_generations[m_left];
      g.end = std::max(g.end, m_left == 0 ? m_end : m_generations[m_left - 1].end);
      if (m_left != 0) g.longest = std::max(g.longest, m_generations[m_left - 1].longest);
    }
  }

  std::uint64_t m_first = 1;  // the number of m_generations.front()
  std::deque<Generation> m_generations{1};
  Generation* m_last = &m_generations.back();
  std::uint64_t m_last_number = 1;
  std::size_t m_left = 0;  // so many of m_generations have left, and so have all before
  TimePs m_end = 0;        // of those before m_first
  // Since then nobody has asked: whoever is restored until somebody does is under way all the time.
  bool m_abandoned = false;
};

}  // namespace smmuvp::smmu
