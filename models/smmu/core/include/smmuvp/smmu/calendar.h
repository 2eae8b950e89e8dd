// Bookings of a structure's time: contention without an event queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/timeline.h"

namespace smmuvp::smmu {

/// How long a structure takes, and how many requests it takes at once.
struct StructureTiming {
  TimePs latency = 0;       ///< from the start of a request to its answer
  TimePs occupancy = 0;     ///< how long a request keeps its lane; at most `latency` where it is pipelined
  std::uint32_t width = 1;  ///< lanes, 1 to 65535
};

/// A structure's bookings. A request is given the earliest interval at or after its own time in which fewer
/// than `width` others are served at any moment, so initiators that run ahead of each other do not invent
/// contention. Lanes have no names: no request waits because others were put in unlucky ones.
/// Times near 2^64 - 1 are all that time.
///
/// From the latest booking on, the ends of the last `width` bookings say all. What was before is kept as it
/// came, and written down in a Timeline when somebody asks for it or much has come together.
class Calendar {
 public:
  explicit Calendar(const StructureTiming& timing = {});

  /// Books a request that arrives at `at`. @return when its answer is there.
  TimePs book(TimePs at) {
    if (at < m_in_order_from) return book_any(at);
    TimePs& end = m_ends[m_head];
    const TimePs start = end > at ? end : at;
    if (start > m_latest_start) return book_any(at);
    if (end <= at) {  // else the lane goes on without a gap: m_ends says all from m_last on, as before
      if (m_journal_size == m_journal_room) return book_any(at);
      m_journal[m_journal_size++] = {end, at};
      m_last = m_in_order_from = at;
    }
    end = m_latest_end = start + m_timing.occupancy;
    m_head = m_head + 1 == m_width ? 0 : m_head + 1;
    return start + m_timing.latency;
  }
  /// When a request that arrives at `at` finds a free lane, for one whose length is known only at its end:
  /// nothing is booked before occupy(). Gaps between bookings that are shorter than `occupancy` are none.
  TimePs earliest(TimePs at) { return at >= m_last && m_ends[m_head] <= at ? at : find(at, 1); }
  /// Books [begin, end), where `begin` came from earliest(): together with what has been booked there since.
  void occupy(TimePs begin, TimePs end) {
    TimePs& first = m_ends[m_head];
    if (begin < m_last || begin >= end || first > begin || m_latest_end > end ||
        m_journal_size == m_journal_room) {
      occupy_any(begin, end);
      return;
    }
    m_journal[m_journal_size++] = {first, begin};
    first = m_latest_end = end;
    m_head = m_head + 1 == m_width ? 0 : m_head + 1;
    m_last = begin;
    m_in_order_from = in_order_from(end);
  }
  /// Forgets bookings that ended at or before `now`: nothing will be asked for an earlier time.
  void prune(TimePs now) {
    if (m_last <= now) {
      m_floor = now;
      m_journal_size = 0;
      if (!m_past.empty()) m_past.clear();
    } else {
      prune_past(now);
    }
  }
  void clear();

  const StructureTiming& timing() const { return m_timing; }
  /// Stretches of time kept in which the same number of requests is served; with one lane, runs of bookings.
  std::size_t size();
  /// Memory in use.
  std::size_t bytes() const;
  void visit(Archive& archive);

 private:
  struct Change {
    TimePs end;    // of the booking whose lane is taken over; 0: none, or written down
    TimePs begin;  // of the next one
  };
  static constexpr std::size_t journal_start = 32;
  static constexpr std::size_t journal_most = 1024;  // more bookings than a usual quantum has; 16 KiB
  TimePs book_any(TimePs at);
  void make_room();
  void prune_past(TimePs now);
  void forget_journal(TimePs now);
  void occupy_any(TimePs begin, TimePs end);
  TimePs in_order_from(TimePs latest) const {
    if (m_timing.occupancy == 0) return ~TimePs{0};  // nothing is booked then
    const TimePs begin = latest - (latest < m_timing.occupancy ? latest : m_timing.occupancy);
    return begin > m_last ? begin : m_last;
  }
  TimePs find(TimePs at, TimePs length);
  void occupy_in_order(TimePs begin, TimePs end);
  void set_in_order_from();
  void write_journal();
  std::size_t lane(std::size_t i) const {
    return m_head + i < m_ends.size() ? m_head + i : m_head + i - m_ends.size();
  }
  std::size_t ended(TimePs at) const;

  StructureTiming m_timing;
  std::size_t m_width;
  // Bookings from here on end after all others: they are made in a few instructions. At least m_last.
  TimePs m_in_order_from;
  TimePs m_last = 0;  // m_past and m_journal are about the time before, m_ends about the time after it
  TimePs m_latest_start = 0;   // a booking that starts later ends at the end of time
  TimePs m_latest_end = 0;     // the last of m_ends
  std::size_t m_head = 0;      // of m_ends: the earliest
  std::vector<TimePs> m_ends;  // a ring of `width` in order; 0: none, or written down
  std::size_t m_journal_size = 0;
  std::size_t m_journal_room = journal_start;
  std::vector<Change> m_journal{journal_start};  // both times rise
  Timeline m_past;
  TimePs m_floor = 0;  // where m_past begins, if it is empty
};

}  // namespace smmuvp::smmu
