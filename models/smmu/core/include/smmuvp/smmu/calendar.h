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
  /// Books a lane for `length`. @return when it starts.
  TimePs reserve(TimePs at, TimePs length);
  /// Earliest start of a booking of `length` at or after `at`, without booking.
  TimePs earliest(TimePs at, TimePs length) const;
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
  static TimePs earliest_in(const Lane& lane, TimePs at, TimePs length);
  static void insert(Lane& lane, TimePs begin, TimePs end);

  StructureTiming m_timing;
  std::vector<Lane> m_lanes;
};

}  // namespace smmuvp::smmu
