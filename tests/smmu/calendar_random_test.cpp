// Random operations on a Calendar, beside calendars that are too simple to be wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "smmuvp/smmu/calendar.h"

namespace smmuvp::smmu {
namespace {

class Random {
 public:
  explicit Random(std::uint64_t seed) : m_x(seed * 2 + 1) {}
  std::uint64_t operator()(std::uint64_t n) {
    m_x = m_x * 6364136223846793005ULL + 1442695040888963407ULL;
    return (m_x >> 33) % n;
  }

 private:
  std::uint64_t m_x;
};

// Counts the requests in each picosecond.
class Counted {
 public:
  explicit Counted(const StructureTiming& t) : m_timing(t) {}
  TimePs find(TimePs at, TimePs length) {
    TimePs start = at;
    for (TimePs t = at; t < start + length; ++t) {
      if (count(t) >= m_timing.width) start = t + 1;
    }
    return start;
  }
  TimePs book(TimePs at) {
    const TimePs start = find(at, m_timing.occupancy);
    occupy(start, start + m_timing.occupancy);
    return start + m_timing.latency;
  }
  void occupy(TimePs begin, TimePs end) {
    for (TimePs t = begin; t < end; ++t) ++count(t);
  }

 private:
  std::uint32_t& count(TimePs t) {
    if (m_count.size() <= t) m_count.resize(t + 1000);
    return m_count[t];
  }
  StructureTiming m_timing;
  std::vector<std::uint32_t> m_count;
};

// Lanes with a list of bookings each, searched one by one.
class Lanes {
 public:
  explicit Lanes(const StructureTiming& t) : m_timing(t), m_lanes(t.width) {}
  TimePs book(TimePs at) {
    TimePs best = ~TimePs{0};
    std::vector<TimePs>* lane = nullptr;
    for (auto& l : m_lanes) {
      TimePs start = at;
      for (bool again = true; again;) {
        again = false;
        for (const TimePs other : l) {
          if (other < start + m_timing.occupancy && start < other + m_timing.occupancy) {
            start = other + m_timing.occupancy;
            again = true;
          }
        }
      }
      if (start < best) {
        best = start;
        lane = &l;
      }
    }
    lane->push_back(best);
    return best + m_timing.latency;
  }

 private:
  StructureTiming m_timing;
  std::vector<std::vector<TimePs>> m_lanes;
};

struct Case {
  std::uint32_t width;
  TimePs occupancy;
  TimePs horizon;
};

class CalendarAgainst : public testing::TestWithParam<Case> {
 protected:
  StructureTiming timing() const { return {7, GetParam().occupancy, GetParam().width}; }
};

TEST_P(CalendarAgainst, ACountOfRequestsForBookingsInAnyOrder) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    Random random(seed);
    Calendar c(timing());
    Counted naive(timing());
    TimePs now = 0;
    for (int i = 0; i < 1500; ++i) {
      if (random(40) == 0) {
        now += random(GetParam().horizon / 8);
        c.prune(now);
      }
      const TimePs at = now + random(random(3) == 0 ? 20 : GetParam().horizon);
      ASSERT_EQ(c.book(at), naive.book(at)) << "seed " << seed << ", booking " << i << " at " << at;
    }
  }
}

TEST_P(CalendarAgainst, ACountOfRequestsForInitiatorsThatRunAheadOfEachOther) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    Random random(seed);
    Calendar c(timing());
    Counted naive(timing());
    TimePs at[3] = {};
    TimePs now = 0;
    const TimePs quantum = 10 + random(GetParam().horizon);
    for (int i = 0; i < 40; ++i) {
      now += quantum;
      for (TimePs& t : at) {
        while (t < now) {
          const TimePs done = c.book(t);
          ASSERT_EQ(done, naive.book(t)) << "seed " << seed << ", at " << t;
          t = done + random(3 * GetParam().occupancy);
        }
      }
      c.prune(now);
    }
  }
}

TEST_P(CalendarAgainst, ACountOfRequestsForBookingsOfAnyLength) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    Random random(seed);
    const StructureTiming t{7, seed % 2, GetParam().width};
    Calendar c(t);
    Counted naive(t);
    TimePs now = 0;
    for (int i = 0; i < 1000; ++i) {
      if (random(40) == 0) {
        now += random(GetParam().horizon / 8);
        c.prune(now);
      }
      const TimePs at = now + random(random(3) == 0 ? 20 : GetParam().horizon);
      if (t.occupancy != 0 && random(3) == 0) {
        ASSERT_EQ(c.book(at), naive.book(at));
        continue;
      }
      const TimePs begin = c.earliest(at);
      ASSERT_EQ(begin, naive.find(at, 1)) << "seed " << seed << ", request " << i << " at " << at;
      const TimePs end = begin + random(4 * GetParam().occupancy);
      c.occupy(begin, end);
      naive.occupy(begin, end);
    }
  }
}

TEST_P(CalendarAgainst, LanesForBookingsInOrder) {
  Random random(1);
  Calendar c(timing());
  Lanes naive(timing());
  TimePs at = 0;
  for (int i = 0; i < 1000; ++i) {
    at += random(2 * GetParam().occupancy / GetParam().width + 2);
    ASSERT_EQ(c.book(at), naive.book(at)) << at;
  }
}

TEST_P(CalendarAgainst, OneLaneMoreNeverMakesABookingInOrderLater) {
  Random random(2);
  Calendar narrow(timing());
  StructureTiming more = timing();
  ++more.width;
  Calendar wide(more);
  TimePs at = 0;
  for (int i = 0; i < 5000; ++i) {
    at += random(2 * GetParam().occupancy / GetParam().width + 2);
    ASSERT_LE(wide.book(at), narrow.book(at)) << at;
  }
}

TEST_P(CalendarAgainst, ItselfFromAnArchive) {
  Random random(3);
  Calendar c(timing());
  for (int i = 0; i < 20; ++i) {
    for (int k = 0; k < 30; ++k) c.book(random(GetParam().horizon));
    ArchiveWriter w;
    c.visit(w);
    Calendar copy(timing());
    copy.book(17);
    ArchiveReader r(w.data());
    copy.visit(r);
    ASSERT_TRUE(r.complete()) << r.error();
    ArchiveWriter again;
    copy.visit(again);
    ASSERT_EQ(again.data(), w.data());
    Calendar other = c;
    for (int k = 0; k < 30; ++k) {
      const TimePs at = random(GetParam().horizon);
      ASSERT_EQ(copy.book(at), other.book(at));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, CalendarAgainst,
                         testing::Values(Case{1, 10, 40000}, Case{1, 10, 3000}, Case{1, 1, 3000},
                                         Case{2, 10, 20000}, Case{3, 30, 9000}, Case{16, 25, 3000},
                                         Case{16, 100, 3000}, Case{300, 1000, 2000}),
                         [](const auto& info) {
                           return std::to_string(info.param.width) + "x" +
                                  std::to_string(info.param.occupancy) + "in" +
                                  std::to_string(info.param.horizon);
                         });

TEST(CalendarAgainst, LanesForOneLaneInAnyOrder) {
  Random random(4);
  const StructureTiming t{7, 10, 1};
  Calendar c(t);
  Lanes naive(t);
  for (int i = 0; i < 1200; ++i) {
    const TimePs at = random(20000);
    ASSERT_EQ(c.book(at), naive.book(at)) << at;
  }
}

}  // namespace
}  // namespace smmuvp::smmu
