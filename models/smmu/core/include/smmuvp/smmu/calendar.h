// Bookings of a structure's time: contention without an event queue.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// How long a structure takes, and how many requests it takes at once.
struct StructureTiming {
  TimePs latency = 0;       ///< from the start of a request to its answer
  TimePs occupancy = 0;     ///< how long a request keeps its lane; at most `latency` where it is pipelined
  std::uint32_t width = 1;  ///< lanes
};

/// A structure's bookings. A request is given the earliest free interval at or after its own time, so
/// initiators that run ahead of each other do not invent contention.
class Calendar {
 public:
  explicit Calendar(const StructureTiming& timing = {});

  /// Books a request that arrives at `at`. @return when its answer is there.
  TimePs book(TimePs at) { return reserve(at, m_timing.occupancy) + m_timing.latency; }
  /// When a request that arrives at `at` finds a free lane, for one whose length is known only at its end:
  /// nothing is booked before occupy().
  TimePs earliest(TimePs at) const;
  /// Books [begin, end), where `begin` came from earliest(): in a lane that is free all the time, or else in
  /// one that was free at `begin`, together with what has been booked there since.
  void occupy(TimePs begin, TimePs end);
  /// Forgets bookings that ended at or before `now`: nothing will be asked for an earlier time.
  void prune(TimePs now);
  void clear();

  const StructureTiming& timing() const { return m_timing; }
  /// Intervals kept, all lanes.
  std::size_t size() const;
  void visit(Archive& archive);

 private:
  struct Interval {
    TimePs begin = 0;
    TimePs end = 0;
  };
  using Lane = std::vector<Interval>;  // sorted, disjoint, neighbours merged
  TimePs reserve(TimePs at, TimePs length);
  static TimePs earliest_in(const Lane& lane, TimePs at, TimePs length);
  static void insert(Lane& lane, TimePs begin, TimePs end);

  StructureTiming m_timing;
  std::vector<Lane> m_lanes;
};

}  // namespace smmuvp::smmu
