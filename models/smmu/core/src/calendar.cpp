#include "smmuvp/smmu/calendar.h"

#include <algorithm>

namespace smmuvp::smmu {

Calendar::Calendar(const StructureTiming& timing) : m_timing(timing), m_lanes(std::max(1U, timing.width)) {}

TimePs Calendar::earliest_in(const Lane& lane, TimePs at, TimePs length) {
  TimePs start = at;
  // The first interval that ends after the wanted time; those before it do not matter.
  auto it = std::partition_point(lane.begin(), lane.end(), [&](const Interval& i) { return i.end <= at; });
  for (; it != lane.end() && it->begin < start + length; ++it) start = std::max(start, it->end);
  return start;
}

void Calendar::insert(Lane& lane, TimePs begin, TimePs end) {
  auto it = std::partition_point(lane.begin(), lane.end(), [&](const Interval& i) { return i.end < begin; });
  if (it != lane.end() && it->begin <= end) {  // touches: grow, and swallow what it now reaches
    it->begin = std::min(it->begin, begin);
    it->end = std::max(it->end, end);
    auto next = it + 1;
    while (next != lane.end() && next->begin <= it->end) {
      it->end = std::max(it->end, next->end);
      next = lane.erase(next);
    }
    return;
  }
  lane.insert(it, Interval{begin, end});
}

TimePs Calendar::reserve(TimePs at, TimePs length) {
  if (length == 0) return at;
  std::size_t best = 0;
  TimePs start = earliest_in(m_lanes[0], at, length);
  for (std::size_t i = 1; i < m_lanes.size() && start > at; ++i) {
    const TimePs other = earliest_in(m_lanes[i], at, length);
    if (other < start) {
      start = other;
      best = i;
    }
  }
  insert(m_lanes[best], start, start + length);
  return start;
}

TimePs Calendar::earliest(TimePs at) const {
  TimePs start = earliest_in(m_lanes[0], at, 1);
  for (const Lane& lane : m_lanes) start = std::min(start, earliest_in(lane, at, 1));
  return start;
}

void Calendar::occupy(TimePs begin, TimePs end) {
  if (begin >= end) return;
  const auto free_for = [&](TimePs length) {
    return std::find_if(m_lanes.begin(), m_lanes.end(),
                        [&](const Lane& lane) { return earliest_in(lane, begin, length) == begin; });
  };
  auto lane = free_for(end - begin);
  if (lane == m_lanes.end()) lane = free_for(1);
  if (lane == m_lanes.end()) lane = m_lanes.begin();  // requests that overlapped this one took them all
  insert(*lane, begin, end);
}

void Calendar::prune(TimePs now) {
  for (Lane& lane : m_lanes) {
    if (lane.empty() || lane.front().end > now) continue;
    lane.erase(lane.begin(), std::partition_point(lane.begin(), lane.end(),
                                                  [&](const Interval& i) { return i.end <= now; }));
  }
}

void Calendar::clear() {
  for (Lane& lane : m_lanes) lane.clear();
}

std::size_t Calendar::size() const {
  std::size_t n = 0;
  for (const Lane& lane : m_lanes) n += lane.size();
  return n;
}

void Calendar::visit(Archive& archive) {
  archive.begin("calendar");
  std::uint64_t lanes = m_lanes.size();
  archive.value("lanes", lanes);
  if (lanes != m_lanes.size()) archive.fail("lanes", "another geometry");
  for (Lane& lane : m_lanes) {
    archive.list("lane", lane, 1U << 20, [&](Interval& i) {
      archive.value("begin", i.begin);
      archive.value("end", i.end);
    });
  }
  archive.end();
}

}  // namespace smmuvp::smmu
