#include "smmuvp/smmu/timeline.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace smmuvp::smmu {
namespace {

constexpr TimePs max_time = std::numeric_limits<TimePs>::max();
constexpr TimePs block_span = TimePs{1} << 32;  // offsets are 32 bits

TimePs saturating_add(TimePs a, TimePs b) { return a > max_time - b ? max_time : a + b; }

}  // namespace

void Timeline::clear() {
  m_blocks.clear();
  m_fingers = {};
}

void Timeline::advance(Position& p) {
  if (++p.i < p.block->second.n) return;
  ++p.block;
  p.i = 0;
}

// The block with the last key that is not after `time`; end() if all are after it.
Timeline::Blocks::iterator Timeline::block_of(TimePs time) {
  for (unsigned f = 0; f < m_fingers.used; ++f) {
    const Finger& finger = m_fingers.at[f];
    if (finger.from <= time && time <= finger.to) return finger.block;
  }
  const auto next = m_blocks.upper_bound(time);
  if (next == m_blocks.begin()) return m_blocks.end();
  const auto block = std::prev(next);
  Finger& finger = m_fingers.at[m_fingers.next++ % m_fingers.at.size()];
  finger = {block->first, next == m_blocks.end() ? max_time : next->first - 1, block};
  m_fingers.used = std::min(m_fingers.next, static_cast<unsigned>(m_fingers.at.size()));
  return block;
}

// The last step at or before `time`. @return false if there is none.
bool Timeline::locate(TimePs time, Position& p) {
  p.block = block_of(time);
  if (p.block == m_blocks.end()) return false;
  const Block& b = p.block->second;
  const TimePs offset = time - p.block->first;
  const auto* end = b.offset.data() + b.n;
  const auto* after =
      std::upper_bound(b.offset.data(), end, offset, [](TimePs o, std::uint32_t s) { return o < s; });
  if (after == b.offset.data()) {
    if (p.block == m_blocks.begin()) return false;
    --p.block;
    p.i = p.block->second.n - 1;
    return true;
  }
  p.i = static_cast<std::uint32_t>(after - b.offset.data()) - 1;
  return true;
}

void Timeline::append(TimePs time, std::uint16_t value) {
  if (m_blocks.empty()) {
    if (value != 0) insert({time, value});
    return;
  }
  auto block = std::prev(m_blocks.end());
  Block* b = &block->second;
  if (b->value[b->n - 1] == value) return;
  if (block->first + b->offset[b->n - 1] == time) {
    // Taken back, and written again below unless it is what was before it.
    pop_back();
    append(time, value);
    return;
  }
  if (value == m_full && m_shortest > 1) {
    // Back to where it was last full: is that too near?
    Position p{block, b->n - 1};
    std::size_t steps = 1;
    while (time - step(p).time < m_shortest) {
      if (p.i == 0) {
        if (p.block == m_blocks.begin()) break;
        --p.block;
        p.i = p.block->second.n;
      }
      --p.i;
      if (p.block->second.value[p.i] == m_full) {
        while (steps-- > 0) pop_back();
        return;
      }
      ++steps;
    }
  }
  if (b->n < block_steps && time - block->first < block_span) {
    b->offset[b->n] = static_cast<std::uint32_t>(time - block->first);
    b->value[b->n] = value;
    ++b->n;
    return;
  }
  b = &make_block(time)->second;  // blocks of what comes in order are full
  b->n = 1;
  b->value[0] = value;
}

TimePs Timeline::find(TimePs at, TimePs length) {
  Position p;
  TimePs start = at;
  if (!locate(at, p)) {
    p = {m_blocks.begin(), 0};
  } else if (p.block->second.value[p.i] != m_full) {
    advance(p);
  }
  // Here and below, p is the first step that matters after `start`, or a full one that `start` is in.
  while (!at_end(p)) {
    const Step s = step(p);
    if (s.time >= saturating_add(start, length)) return start;
    advance(p);
    if (s.value != m_full) continue;
    if (at_end(p)) return max_time;
    start = step(p).time;
    advance(p);
  }
  return start;
}

bool Timeline::becomes_full(TimePs begin, TimePs end) {
  if (m_full == 1) return true;
  Position p;
  if (!locate(begin, p)) p = {m_blocks.begin(), 0};
  for (; !at_end(p) && step(p).time < end; advance(p)) {
    if (p.block->second.value[p.i] + 1 == m_full) return true;
  }
  return false;
}

void Timeline::add(TimePs begin, TimePs end) {
  const TimePs reach = m_shortest > 1 && becomes_full(begin, end) ? m_shortest : 0;
  const TimePs low = begin > reach ? begin - reach : 0;
  const TimePs high = saturating_add(end, reach);
  // From a step before all that may change, so that what precedes it need not be known.
  Position first;
  const bool preceded = low > 0 && locate(low - 1, first);
  if (!preceded) first = {m_blocks.begin(), 0};
  m_old.clear();
  m_new.clear();
  std::uint16_t before = 0;  // without the addition
  bool begun = false;
  bool ended = false;
  const auto put = [this](TimePs time, std::uint16_t value) { m_new.push_back({time, value}); };
  const auto more = [this](std::uint16_t v) { return v == m_full ? v : static_cast<std::uint16_t>(v + 1); };
  const auto edges = [&](TimePs until) {  // the addition's own steps up to there
    if (!begun && begin < until) {
      begun = true;
      put(begin, more(before));
    }
    if (begun && !ended && end < until) {
      ended = true;
      put(end, before);
    }
  };
  for (Position p = first; !at_end(p); advance(p)) {
    const Step s = step(p);
    if (s.time > high) break;
    edges(s.time);
    m_old.push_back(s);
    before = s.value;
    begun = begun || s.time == begin;
    ended = ended || s.time == end;
    put(s.time, begun && !ended ? more(s.value) : s.value);
  }
  edges(max_time);
  if (reach != 0) fill_short_stretches();

  std::size_t kept = 0;
  bool known = !preceded;
  std::uint16_t last = 0;
  for (const Step& s : m_new) {
    if (known && s.value == last) continue;
    known = true;
    last = s.value;
    m_new[kept++] = s;
  }
  m_new.resize(kept);
  std::size_t same = 0;
  while (same < m_old.size() && same < m_new.size() && m_old[same] == m_new[same]) {
    ++same;
    advance(first);
  }
  std::size_t removed = m_old.size() - same;
  std::size_t inserted = m_new.size() - same;
  while (removed > 0 && inserted > 0 && m_old[same + removed - 1] == m_new[same + inserted - 1]) {
    --removed;
    --inserted;
  }
  replace(first, same, removed, inserted);
}

// In m_new.
void Timeline::fill_short_stretches() {
  std::size_t end_of_full = m_new.size();  // the step that ended the last full stretch
  bool full = false;
  for (std::size_t i = 0; i < m_new.size(); ++i) {
    if (m_new[i].value == m_full) {
      if (!full && end_of_full < i && m_new[i].time - m_new[end_of_full].time < m_shortest) {
        for (std::size_t k = end_of_full; k < i; ++k) m_new[k].value = m_full;
      }
      full = true;
    } else if (full) {
      full = false;
      end_of_full = i;
    }
  }
}

// m_old[first .. +removed], which begin at p, by m_new[first .. +inserted].
void Timeline::replace(Position p, std::size_t first, std::size_t removed, std::size_t inserted) {
  if (removed == 0 && inserted == 0) return;
  const Step* old = m_old.data() + first;
  const Step* add = m_new.data() + first;
  const bool before_block = p.block == m_blocks.end() || (p.i == 0 && add[0].time < p.block->first);
  if (removed == 0 && before_block && p.block != m_blocks.begin()) {  // goes to the end of the one before
    --p.block;
    p.i = p.block->second.n;
  }
  if (p.block != m_blocks.end()) {
    Block& b = p.block->second;
    const auto next = std::next(p.block);
    const TimePs key = p.block->first;
    const TimePs limit = next == m_blocks.end() ? max_time : next->first;
    const bool here =
        p.i + removed <= b.n && b.n - removed + inserted <= block_steps && b.n - removed + inserted > 0 &&
        (inserted == 0 ||
         (add[0].time >= key && add[inserted - 1].time < limit && add[inserted - 1].time - key < block_span));
    if (here) {
      const std::size_t from = p.i + removed;
      const std::size_t to = p.i + inserted;
      if (to > from) {
        std::copy_backward(b.offset.begin() + from, b.offset.begin() + b.n,
                           b.offset.begin() + b.n + (to - from));
        std::copy_backward(b.value.begin() + from, b.value.begin() + b.n,
                           b.value.begin() + b.n + (to - from));
      } else if (to < from) {
        std::copy(b.offset.begin() + from, b.offset.begin() + b.n, b.offset.begin() + to);
        std::copy(b.value.begin() + from, b.value.begin() + b.n, b.value.begin() + to);
      }
      for (std::size_t k = 0; k < inserted; ++k) {
        b.offset[p.i + k] = static_cast<std::uint32_t>(add[k].time - key);
        b.value[p.i + k] = add[k].value;
      }
      b.n = static_cast<std::uint32_t>(b.n - removed + inserted);
      if (to < from) merge(p.block);
      return;
    }
  }
  for (std::size_t k = 0; k < removed; ++k) erase(old[k].time);
  for (std::size_t k = 0; k < inserted; ++k) insert(add[k]);
}

// At a time where no step is.
void Timeline::insert(const Step& s) {
  auto block = block_of(s.time);
  if (block == m_blocks.end() || s.time - block->first >= block_span) {
    // The key leaves room for what comes before this step.
    TimePs key = s.time > block_span / 2 ? s.time - block_span / 2 : 0;
    if (block != m_blocks.end()) key = std::max(key, block->first + block_span);
    block = make_block(key);
  }
  if (block->second.n == block_steps) {
    Block& b = block->second;
    constexpr unsigned half = block_steps / 2;
    const TimePs key = block->first + b.offset[half];
    const auto next = make_block(key);
    Block& upper = next->second;
    for (unsigned i = half; i < block_steps; ++i) {
      upper.offset[i - half] = b.offset[i] - b.offset[half];
      upper.value[i - half] = b.value[i];
    }
    upper.n = block_steps - half;
    b.n = half;
    if (s.time >= key) block = next;
  }
  Block& b = block->second;
  const auto offset = static_cast<std::uint32_t>(s.time - block->first);
  std::uint32_t i = b.n++;
  for (; i > 0 && b.offset[i - 1] > offset; --i) {
    b.offset[i] = b.offset[i - 1];
    b.value[i] = b.value[i - 1];
  }
  b.offset[i] = offset;
  b.value[i] = s.value;
}

void Timeline::erase(TimePs time) {
  Position p;
  if (!locate(time, p) || step(p).time != time) return;
  Block& b = p.block->second;
  std::copy(b.offset.begin() + p.i + 1, b.offset.begin() + b.n, b.offset.begin() + p.i);
  std::copy(b.value.begin() + p.i + 1, b.value.begin() + b.n, b.value.begin() + p.i);
  if (--b.n == 0) drop(p.block);
}

void Timeline::pop_back() {
  const auto block = std::prev(m_blocks.end());
  if (--block->second.n == 0) drop(block);
}

Timeline::Blocks::iterator Timeline::make_block(TimePs key) {
  m_fingers = {};
  return m_blocks.try_emplace(key).first;
}

void Timeline::drop(Blocks::iterator block) {
  m_fingers = {};
  m_blocks.erase(block);
}

// With the next one, where both are rather empty.
void Timeline::merge(Blocks::iterator block) {
  const auto next = std::next(block);
  if (next == m_blocks.end()) return;
  Block& b = block->second;
  const Block& c = next->second;
  const TimePs distance = next->first - block->first;
  if (b.n + c.n > block_steps / 2 || distance + c.offset[c.n - 1] >= block_span) return;
  for (std::uint32_t i = 0; i < c.n; ++i) {
    b.offset[b.n + i] = static_cast<std::uint32_t>(distance + c.offset[i]);
    b.value[b.n + i] = c.value[i];
  }
  b.n += c.n;
  drop(next);
}

void Timeline::prune(TimePs now) {
  while (!m_blocks.empty()) {
    const auto block = m_blocks.begin();
    Block& b = block->second;
    const auto next = std::next(block);
    if (next != m_blocks.end() && next->first + next->second.offset[0] <= now) {
      drop(block);
      continue;
    }
    // The step before `now` says what the value is at `now`.
    std::uint32_t dead = 0;
    while (dead + 1 < b.n && block->first + b.offset[dead + 1] <= now) ++dead;
    if (b.value[dead] == 0 && block->first + b.offset[dead] <= now) ++dead;
    if (dead == b.n) {
      drop(block);
    } else if (dead > 0) {
      std::copy(b.offset.begin() + dead, b.offset.begin() + b.n, b.offset.begin());
      std::copy(b.value.begin() + dead, b.value.begin() + b.n, b.value.begin());
      b.n -= dead;
    }
    return;
  }
}

std::size_t Timeline::size() const {
  std::size_t n = 0;
  for (const auto& [key, b] : m_blocks) {
    n += b.n - static_cast<std::size_t>(std::count(b.value.begin(), b.value.begin() + b.n, 0));
  }
  return n;
}

std::size_t Timeline::bytes() const {
  constexpr std::size_t tree_node = 4 * sizeof(void*);
  return m_blocks.size() * (sizeof(Blocks::value_type) + tree_node);
}

void Timeline::visit(Archive& archive) {
  // In parts, so that a damaged count asks for little memory.
  constexpr std::size_t part = 4096;
  std::vector<Step> steps;
  archive.begin("timeline");
  if (archive.loading()) clear();
  Position p{m_blocks.begin(), 0};
  TimePs last = 0;
  bool first = true;
  do {
    steps.clear();
    if (!archive.loading()) {
      for (; !at_end(p) && steps.size() < part; advance(p)) steps.push_back(step(p));
    }
    archive.list("steps", steps, part, [&](Step& s) {
      archive.time("time", s.time);
      archive.value("value", s.value);
    });
    if (!archive.loading()) continue;
    for (const Step& s : steps) {
      if (!archive.ok()) break;
      if (s.value > m_full || (!first && s.time <= last)) {
        archive.fail("steps", "times must rise, and values not exceed the width");
        break;
      }
      append(s.time, s.value);
      last = s.time;
      first = false;
    }
  } while (archive.ok() && steps.size() == part);
  archive.end();
}

}  // namespace smmuvp::smmu
