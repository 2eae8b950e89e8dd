// A cache of configuration structures, by StreamID and SubstreamID.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/cache_geometry.h"
#include "smmuvp/smmu/node_lists.h"
#include "smmuvp/smmu/way_order.h"

namespace smmuvp::smmuv3 {

/// `Value` is what a structure was decoded to; it has `void visit(Archive&)` that stores enough to decode it
/// again. An entry stands for an aligned range of 2^span streams: it is found from any of them, smallest span
/// first, and dropped by any of them. As in smmu::TaggedStore, lists find entries: neither the ways nor the
/// number of entries matters.
template <class Value>
class ConfigCache {
 public:
  static constexpr unsigned max_span = 32;

  /// @param name  of archives and errors; a literal
  explicit ConfigCache(const smmu::CacheGeometry& geometry, const char* name = "config_cache")
      : m_name(name), m_geometry(checked(geometry, name)), m_slots(geometry.entries()), m_order(geometry) {
    const unsigned bits = smmu::bucket_bits(geometry.entries());
    const std::uint32_t buckets = 1U << bits;
    m_bucket_shift = 64U - bits;
    m_keys = geometry.entries() * nodes;
    m_streams = m_keys + buckets;
    m_all = m_streams + buckets;
    m_lists.reset(m_all + 1);
  }

  /// nullptr on a miss. The pointer is good until the next insertion or invalidation. Counts as a use.
  const Value* lookup(std::uint32_t stream, std::uint32_t substream) {
    const std::uint32_t i = find(stream, substream);
    if (i == none) return nullptr;
    m_order.use(i);
    return &m_slots[i].value;
  }
  /// As lookup(), without being a use.
  const Value* probe(std::uint32_t stream, std::uint32_t substream) const {
    const std::uint32_t i = find(stream, substream);
    return i == none ? nullptr : &m_slots[i].value;
  }
  /// Inserts, in place of the entry of the same range of streams and substream.
  void insert(std::uint32_t stream, std::uint32_t substream, const Value& value, unsigned span = 0) {
    const std::uint64_t range = std::uint64_t{stream} >> span;
    std::uint32_t i = find_in(range, span, substream);
    if (i == none) {
      i = m_order.victim(set_of(range, substream), [this](std::uint32_t s) { return m_slots[s].live; });
      if (m_slots[i].live) unlink(i);
      m_slots[i] = {true, static_cast<std::uint8_t>(span), range, substream, value};
      link(i);
    } else {
      m_slots[i].value = value;
    }
    m_order.fill(i);
  }
  /// Drops entries that stand for a stream with (stream & mask) == (match & mask), of one substream where
  /// `substream` is given. One stream takes the time of what goes; others may look at all entries.
  /// @return how many.
  std::uint64_t invalidate(std::uint32_t match, std::uint32_t mask,
                           std::optional<std::uint32_t> substream = std::nullopt) {
    if (mask != ~0U) {
      return drop_of(m_all, [&](const Slot& s) {
        const std::uint64_t differ = (s.range << s.span ^ match) & mask;
        return differ >> s.span == 0 && (!substream || s.substream == *substream);
      });
    }
    std::uint64_t n = 0;
    for (std::uint64_t spans = m_spans; spans != 0; spans &= spans - 1) {
      const unsigned span = smmu::lowest_bit(spans);
      const std::uint64_t range = std::uint64_t{match} >> span;
      if (substream) {
        const std::uint32_t i = find_in(range, span, *substream);
        if (i == none) continue;
        drop(i);
        ++n;
      } else {
        n += drop_of(head_of(m_streams, smmu::spread(0, range)),
                     [&](const Slot& s) { return s.range == range && s.span == span; });
      }
    }
    return n;
  }
  /// Empties it, as after construction.
  void clear() {
    for (Slot& s : m_slots) s = Slot{};
    m_order.reset();
    m_lists.reset(m_all + 1);
    m_counts.fill(0);
    m_spans = 0;
    m_size = 0;
  }
  std::uint64_t size() const { return m_size; }
  const smmu::CacheGeometry& geometry() const { return m_geometry; }
  /// Calls f(Value&) for each entry, in the order in which they came.
  template <class F>
  void for_each(F f) {
    for (std::uint32_t i = m_lists.next(m_all); i != m_all; i = m_lists.next(i)) f(m_slots[i / nodes].value);
  }
  /// Calls f(first StreamID, span, substream, const Value&) for each entry, in the same order.
  template <class F>
  void for_each_entry(F f) const {
    for (std::uint32_t i = m_lists.next(m_all); i != m_all; i = m_lists.next(i)) {
      const Slot& s = m_slots[i / nodes];
      f(static_cast<std::uint32_t>(s.range << s.span), static_cast<unsigned>(s.span), s.substream, s.value);
    }
  }

  /// Saves, or loads into the same geometry; what comes after is the same. Damaged data leaves it empty.
  void visit(Archive& archive) {
    archive.begin(m_name);
    visit_geometry(archive, m_geometry);
    std::uint64_t count = m_size;
    archive.value("count", count);
    if (count > m_slots.size()) archive.fail("count", "more than the entries");
    if (archive.loading()) {
      clear();
      if (archive.ok()) load(archive, static_cast<std::uint32_t>(count));
    } else {
      for (std::uint32_t i = m_lists.next(m_all); i != m_all; i = m_lists.next(i)) {
        std::uint32_t slot = i / nodes;
        archive.value("slot", slot);
        visit_slot(archive, m_slots[slot]);
      }
    }
    m_order.visit(archive);
    if (archive.ok() && !m_order.is_consistent([this](std::uint32_t i) { return m_slots[i].live; })) {
      archive.fail("order", "free entries after others");
    }
    archive.end();
    if (archive.loading() && !archive.ok()) clear();
  }

 private:
  static constexpr std::uint32_t none = ~0U;
  enum Node : std::uint32_t { by_key, by_stream, all_node, nodes = 4 };  // of a slot, in m_lists

  struct Slot {
    bool live = false;
    std::uint8_t span = 0;
    std::uint64_t range = 0;  // StreamID >> span
    std::uint32_t substream = 0;
    Value value{};
  };

  std::uint32_t head_of(std::uint32_t first, std::uint64_t hash) const {
    return first + static_cast<std::uint32_t>(hash >> m_bucket_shift);
  }
  std::uint32_t set_of(std::uint64_t range, std::uint32_t substream) const {
    return m_geometry.set_of(range, smmu::spread(substream, range));
  }
  std::uint32_t find_in(std::uint64_t range, unsigned span, std::uint32_t substream) const {
    const std::uint32_t head = head_of(m_keys, smmu::spread(substream, range));
    for (std::uint32_t i = m_lists.next(head); i < m_keys; i = m_lists.next(i)) {
      const Slot& s = m_slots[i / nodes];
      if (s.range == range && s.substream == substream && s.span == span) return i / nodes;
    }
    return none;
  }
  std::uint32_t find(std::uint32_t stream, std::uint32_t substream) const {
    for (std::uint64_t spans = m_spans; spans != 0; spans &= spans - 1) {
      const unsigned span = smmu::lowest_bit(spans);
      const std::uint32_t i = find_in(std::uint64_t{stream} >> span, span, substream);
      if (i != none) return i;
    }
    return none;
  }
  void link(std::uint32_t slot) {
    const Slot& s = m_slots[slot];
    const std::uint32_t node = slot * nodes;
    m_lists.push_front(head_of(m_keys, smmu::spread(s.substream, s.range)), node + by_key);
    m_lists.push_front(head_of(m_streams, smmu::spread(0, s.range)), node + by_stream);
    m_lists.push_back(m_all, node + all_node);
    ++m_size;
    if (m_counts[s.span]++ == 0) m_spans |= std::uint64_t{1} << s.span;
  }
  void unlink(std::uint32_t slot) {
    for (const Node node : {by_key, by_stream, all_node}) m_lists.unlink(slot * nodes + node);
    --m_size;
    const unsigned span = m_slots[slot].span;
    if (--m_counts[span] == 0) m_spans &= ~(std::uint64_t{1} << span);
  }
  void drop(std::uint32_t slot) {
    unlink(slot);
    m_slots[slot] = Slot{};
    m_order.release(slot);
  }
  template <class Match>
  std::uint64_t drop_of(std::uint32_t head, Match match) {
    std::uint64_t n = 0;
    for (std::uint32_t i = m_lists.next(head); i < m_keys;) {
      const std::uint32_t slot = i / nodes;
      i = m_lists.next(i);
      if (!match(m_slots[slot])) continue;
      drop(slot);
      ++n;
    }
    return n;
  }

  static void visit_slot(Archive& archive, Slot& s) {
    archive.value("span", s.span);
    archive.value("range", s.range);
    archive.value("substream", s.substream);
    s.value.visit(archive);
  }
  void load(Archive& archive, std::uint32_t count) {
    for (; count != 0; --count) {
      std::uint32_t slot = 0;
      archive.value("slot", slot);
      Slot s;
      s.live = true;
      visit_slot(archive, s);
      if (!archive.ok()) return;
      if (s.span > max_span || s.range > 0xffff'ffffU >> s.span) {
        archive.fail("range", "no StreamID is in it");
      } else if (slot >= m_slots.size() || m_slots[slot].live ||
                 m_order.set_of(slot) != set_of(s.range, s.substream)) {
        archive.fail("slot", "cannot hold this entry");
      } else if (find_in(s.range, s.span, s.substream) != none) {
        archive.fail("slot", "holds an entry that another slot has");
      }
      if (!archive.ok()) return;
      m_slots[slot] = s;
      link(slot);  // in the order of the past, which all lists then have
    }
  }

  const char* m_name;
  smmu::CacheGeometry m_geometry;
  std::vector<Slot> m_slots;  // set after set
  smmu::WayOrder m_order;
  smmu::NodeLists m_lists;      // nodes: `nodes` a slot, then the heads
  std::uint32_t m_keys = 0;     // first head of the lists of range, span and substream
  std::uint32_t m_streams = 0;  // first head of the lists of range and span
  std::uint32_t m_all = 0;      // head of the list of all entries, oldest first
  unsigned m_bucket_shift = 0;
  std::uint64_t m_spans = 0;  // bit n: entries of span n are there
  std::array<std::uint32_t, max_span + 1> m_counts{};
  std::uint64_t m_size = 0;
};

}  // namespace smmuvp::smmuv3
