#include "smmuvp/smmu/calendar.h"

#include <algorithm>
#include <limits>

namespace smmuvp::smmu {
namespace {

constexpr TimePs max_time = std::numeric_limits<TimePs>::max();
constexpr std::uint32_t max_width = 65535;  // values of a Timeline are 16 bits

TimePs saturating_add(TimePs a, TimePs b) { return a > max_time - b ? max_time : a + b; }

}  // namespace

Calendar::Calendar(const StructureTiming& timing)
    : m_timing(timing),
      m_width(std::clamp(timing.width, 1U, max_width)),
      m_ends(m_width),
      m_past(static_cast<std::uint16_t>(m_ends.size()), std::max<TimePs>(timing.occupancy, 1)) {
  clear();
}

void Calendar::clear() {
  std::fill(m_ends.begin(), m_ends.end(), 0);
  m_past.clear();
  m_head = m_journal_size = 0;
  m_last = m_floor = 0;
  m_latest_start = max_time - std::max(m_timing.latency, m_timing.occupancy);
  set_in_order_from();
}

// Bookings of m_ends that end at or before `at`.
std::size_t Calendar::ended(TimePs at) const {
  std::size_t low = 0;
  std::size_t high = m_ends.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (m_ends[lane(middle)] <= at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

TimePs Calendar::find(TimePs at, TimePs length) {
  if (at < m_last) {
    write_journal();
    const TimePs start = m_past.find(at, length);
    if (start != max_time) return start;
    at = m_last;
  }
  return std::max(at, m_ends[m_head]);
}

TimePs Calendar::book_any(TimePs at) {
  if (m_timing.occupancy != 0) {
    at = find(at, m_timing.occupancy);
    occupy(at, saturating_add(at, m_timing.occupancy));
  }
  return saturating_add(at, m_timing.latency);
}

void Calendar::occupy_any(TimePs begin, TimePs end) {
  if (begin >= end) return;
  if (begin < m_last) {
    write_journal();
    m_past.add(begin, std::min(end, m_last));
    begin = m_last;
    if (begin >= end) return;
  }
  occupy_in_order(begin, end);
}

// begin >= m_last
void Calendar::occupy_in_order(TimePs begin, TimePs end) {
  const TimePs before = m_ends[m_head];
  if (before <= begin) {
    if (m_journal_size == m_journal_room) make_room();
    m_journal[m_journal_size++] = {m_ends[m_head], begin};
    m_last = begin;
  } else if (end <= before) {
    return;  // requests that overlapped this one took all lanes
  }
  std::size_t i = m_ends.size() - 1;
  m_head = lane(1);  // the first becomes the last, and sinks to its place
  for (; i > 0 && m_ends[lane(i - 1)] > end; --i) m_ends[lane(i)] = m_ends[lane(i - 1)];
  m_ends[lane(i)] = end;
  set_in_order_from();
}

// What has been booked long before is let go of now and then, and not at each call.
void Calendar::prune_past(TimePs now) {
  if (m_journal_size != 0 && m_journal[m_journal_size / 2].begin <= now) {
    if (m_past.empty()) {
      forget_journal(now);
    } else {
      write_journal();
    }
  }
  if (!m_past.empty()) m_past.prune(now);
}

// Nobody has asked for the past: a change that lies behind is forgotten without having been written down. It
// has ended one booking, none later than it began the next, or taken a free lane, which the number of lanes
// in use at the floor, as write_journal() has it, counts from then on.
void Calendar::forget_journal(TimePs now) {
  std::size_t first = 0;
  while (first < m_journal_size && m_journal[first].begin <= now) ++first;
  const auto begin = m_journal.begin();
  std::copy(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(m_journal_size),
            begin);
  m_journal_size -= first;
  m_floor = now;
}

void Calendar::make_room() {
  if (m_journal_room == journal_most) {
    write_journal();
  } else {
    m_journal_room *= 2;
    m_journal.resize(m_journal_room);
  }
}

void Calendar::set_in_order_from() {
  m_latest_end = m_ends[lane(m_ends.size() - 1)];
  m_in_order_from = in_order_from(m_latest_end);
}

// Brings m_past up to m_last.
void Calendar::write_journal() {
  const std::size_t written = ended(0);
  const std::size_t running = ended(m_last);
  if (m_journal_size == 0 && written == running) return;
  // Two sequences in order: begins; and ends, those of the journal first, and then those in m_ends.
  std::size_t begin = 0;
  std::size_t end = 0;
  while (end < m_journal_size && m_journal[end].end == 0) ++end;
  std::size_t in_lane = written;
  const auto next_begin = [&] { return begin < m_journal_size ? m_journal[begin].begin : max_time; };
  const auto next_end = [&] {
    if (end < m_journal_size) return m_journal[end].end;
    return in_lane < running ? m_ends[lane(in_lane)] : max_time;
  };
  std::size_t value = m_ends.size() - written - end;
  if (m_past.empty()) m_past.append(m_floor, static_cast<std::uint16_t>(value));
  while (true) {
    const TimePs time = std::min(next_begin(), next_end());
    if (time == max_time) break;
    while (next_end() == time) {
      --value;
      if (end < m_journal_size) {
        ++end;
      } else {
        m_ends[lane(in_lane++)] = 0;
      }
    }
    for (; next_begin() == time; ++begin) ++value;
    m_past.append(std::max(time, m_floor), static_cast<std::uint16_t>(value));
  }
  m_journal_size = 0;
}

std::size_t Calendar::size() {
  write_journal();
  return m_past.size();
}

std::size_t Calendar::bytes() const {
  return sizeof *this + m_ends.size() * sizeof(TimePs) + m_journal.size() * sizeof(Change) + m_past.bytes();
}

void Calendar::visit(Archive& archive) {
  archive.begin("calendar");
  write_journal();
  if (!archive.loading()) prune(archive.now());
  std::uint64_t lanes = m_ends.size();
  archive.value("lanes", lanes);
  if (lanes != m_ends.size()) archive.fail("lanes", "another geometry");
  if (archive.loading()) clear();
  archive.time("last", m_last);
  archive.time("floor", m_floor);
  TimePs before = 0;
  for (std::size_t i = 0; i < m_ends.size() && archive.ok(); ++i) {
    TimePs& end = m_ends[lane(i)];
    archive.time("end", end);
    if (end <= m_last && end != archive.now() && end != 0) {
      archive.fail("end", "ends must rise from the last booking on");
    }
    if (end < before) archive.fail("end", "ends must rise");
    before = end;
    if (archive.loading() && end <= m_last) end = 0;  // it lies behind
  }
  m_past.visit(archive);
  archive.end();
  if (!archive.loading()) return;
  if (!archive.ok()) clear();
  set_in_order_from();
}

}  // namespace smmuvp::smmu
