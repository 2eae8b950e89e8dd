// What TLB, walk cache, IPA cache and micro TLB have in common: entries with a tag, and their invalidation.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/cache_geometry.h"
#include "smmuvp/smmu/cache_tag.h"
#include "smmuvp/smmu/node_lists.h"
#include "smmuvp/smmu/way_order.h"

namespace smmuvp::smmu {

/// What entries of a cache lead to.
enum class Holds : std::uint8_t {
  leaves,
  tables,  ///< a walk cache
};

/// Entries in the sets of a geometry. The host finds them by lists, never by looking through a set: of the
/// whole key, of a page (any ASID), of a context (an ASID), of a group (a VMID), and of all. Nothing is
/// allocated after construction, and the past alone decides the order of everything.
///
/// An Entry is an EntryKey with a `value`, which has visit(Archive&); one that has_owner is found by
/// owner and address (MicroTlb), others by tag and address (TaggedCache).
template <class Entry, Holds holds>
class TaggedStore {
 public:
  /// @return how many entries went.
  std::uint64_t invalidate(const Invalidation& what) {
    if (m_size == 0 || (holds == Holds::tables && what.leaf)) return 0;
    if (what.range && what.range->first > what.range->last) return 0;
    if (!what.regime || !what.vmid) {
      return drop_of(m_all, [&](const Entry& e) { return e.matches(what) && place(e, what); });
    }
    std::uint64_t n = 0;
    for (unsigned kind = 0; kind < kinds; ++kind) {
      if ((what.stages >> kind & 1U) == 0 || (m_sizes[kind][0] | m_sizes[kind][1]) == 0) continue;
      const std::uint64_t group = EntryKey::group_word(*what.regime, kind, *what.vmid);
      n += what.range ? drop_range(group, kind, what) : drop_group(group, what);
    }
    return n;
  }
  /// Empties it, as after construction.
  void clear() {
    for (Entry& e : m_entries) e = Entry{};
    m_order.reset();
    m_lists.reset(m_all + 1);
    m_counts = {};
    m_sizes = {};
    m_all_sizes = 0;
    m_size = 0;
  }

  /// What lookup() does besides probe(), for an entry that probe() found.
  void use(const Entry& entry) { m_order.use(static_cast<std::uint32_t>(&entry - m_entries.data())); }

  std::uint64_t size() const { return m_size; }
  const CacheGeometry& geometry() const { return m_geometry; }
  /// Calls f(const Entry&) for each entry, in the order in which they came.
  template <class F>
  void for_each(F f) const {
    for (std::uint32_t i = m_lists.next(m_all); i != m_all; i = m_lists.next(i)) f(m_entries[slot_of(i)]);
  }

  /// Saves, or loads into the same geometry; what comes after is the same. Damaged data leaves it empty.
  void visit(Archive& archive) {
    archive.begin(m_name);
    visit_geometry(archive, m_geometry);
    std::uint64_t count = m_size;
    archive.value("count", count);
    if (count > m_entries.size()) archive.fail("count", "more than the entries");
    if (archive.loading()) {
      clear();
      if (archive.ok()) load(archive, static_cast<std::uint32_t>(count));
    } else {
      for (std::uint32_t i = m_lists.next(m_all); i != m_all; i = m_lists.next(i)) {
        std::uint32_t slot = slot_of(i);
        archive.value("slot", slot);
        visit_entry(archive, m_entries[slot]);
      }
    }
    m_order.visit(archive);
    if (archive.ok() && !m_order.is_consistent([this](std::uint32_t i) { return is_live(i); })) {
      archive.fail("order", "free entries after others");
    }
    archive.end();
    if (archive.loading() && !archive.ok()) clear();
  }

 protected:
  static constexpr std::uint32_t none = ~0U;
  static constexpr bool owned = Entry::has_owner;
  // Lists that an entry is in; where it has an owner, found by and of its owner too
  enum List : std::uint32_t { by_key, by_page, by_context, by_group, by_owner_key, by_owner };

  TaggedStore(const CacheGeometry& geometry, const char* name)
      : m_name(name), m_geometry(checked(geometry, name)), m_entries(geometry.entries()), m_order(geometry) {
    const unsigned bits = bucket_bits(geometry.entries());
    const std::uint32_t buckets = 1U << bits;
    m_bucket_shift = 64U - bits;
    m_heads = geometry.entries() * nodes;
    for (std::uint32_t list = 0; list < m_head.size(); ++list) m_head[list] = m_heads + list * buckets;
    m_all = m_heads + static_cast<std::uint32_t>(m_head.size()) * buckets;
    m_lists.reset(m_all + 1);
  }

  /// The first entry of a bucket for which match(const Entry&).
  template <class Match>
  std::uint32_t find_in(std::uint32_t head, Match match) const {
    for (std::uint32_t i = m_lists.next(head); i < m_heads; i = m_lists.next(i)) {
      if (match(m_entries[slot_of(i)])) return slot_of(i);
    }
    return none;
  }
  std::uint32_t head_of(List list, std::uint64_t hash) const {
    return m_head[list] + static_cast<std::uint32_t>(hash >> m_bucket_shift);
  }
  std::uint32_t find_key(std::uint64_t word, std::uint64_t page, unsigned shift) const {
    const std::uint64_t input = page << shift;
    return find_in(head_of(by_key, spread(EntryKey::context_of(word), page)),
                   [&](const Entry& e) { return e.is(word, input, shift); });
  }
  std::uint32_t find_owner(std::uint64_t owner, std::uint64_t page, unsigned shift) const {
    const std::uint64_t input = page << shift;
    return find_in(head_of(by_owner_key, spread(owner, page)),
                   [&](const Entry& e) { return e.owner == owner && e.covers(input, shift); });
  }
  /// Where an entry of the same name is, or none.
  std::uint32_t find_same(const Entry& entry) const {
    const std::uint64_t page = entry.input() >> entry.shift();
    if constexpr (owned) {
      return find_owner(entry.owner, page, entry.shift());
    } else {
      return find_in(head_of(by_key, spread(entry.context(), page)),
                     [&](const Entry& e) { return e.is_same(entry); });
    }
  }
  /// Puts `entry` in the place of that of the same name, or in that of the next to go in its set.
  const Entry& put(const Entry& entry) {
    std::uint32_t slot = find_same(entry);
    if (slot != none) {
      // Its tag may be another where owners tell entries apart.
      unlink(slot);
    } else {
      slot = m_order.victim(set_of(entry), [this](std::uint32_t i) { return is_live(i); });
      if (is_live(slot)) unlink(slot);
    }
    m_entries[slot] = entry;
    link(slot);
    m_order.fill(slot);
    return m_entries[slot];
  }
  void drop(std::uint32_t slot) {
    unlink(slot);
    m_entries[slot] = Entry{};
    m_order.release(slot);
  }
  /// Drops entries of a list for which match(const Entry&). @return how many.
  template <class Match>
  std::uint64_t drop_of(std::uint32_t head, Match match) {
    std::uint64_t n = 0;
    for (std::uint32_t i = m_lists.next(head); i < m_heads;) {
      const std::uint32_t slot = slot_of(i);
      i = m_lists.next(i);
      if (!match(m_entries[slot])) continue;
      drop(slot);
      ++n;
    }
    return n;
  }

  std::uint32_t all() const { return m_all; }
  std::uint64_t sizes(pgtable::Stages stages, bool global) const {
    return m_sizes[static_cast<unsigned>(stages)][global ? 1 : 0];
  }
  std::uint64_t sizes() const { return m_all_sizes; }
  void use_slot(std::uint32_t slot) { m_order.use(slot); }
  const Entry& at(std::uint32_t slot) const { return m_entries[slot]; }

 private:
  static constexpr unsigned kinds = 3;
  static constexpr std::uint32_t nodes = 8;  // a slot: one for each List, and `all_node`
  static constexpr std::uint32_t all_node = nodes - 1;
  static constexpr std::uint32_t lists = owned ? 6 : 4;

  static std::uint32_t slot_of(std::uint32_t node) { return node / nodes; }
  static bool place(const Entry& e, const Invalidation& what) {
    return e.matches_place(what, holds == Holds::tables);
  }
  bool is_live(std::uint32_t slot) const { return m_entries[slot].is_live(); }
  std::uint32_t set_of(const Entry& entry) const {
    const std::uint64_t page = entry.input() >> entry.shift();
    if constexpr (owned) {
      return m_geometry.set_of(page, spread(entry.owner, page));
    } else {
      return m_geometry.set_of(page, spread(entry.context(), page));
    }
  }

  void link(std::uint32_t slot) {
    const Entry& e = m_entries[slot];
    const std::uint64_t page = e.input() >> e.shift();
    const std::uint32_t node = slot * nodes;
    m_lists.push_front(head_of(by_key, spread(e.context(), page)), node + by_key);
    m_lists.push_front(head_of(by_page, spread(e.group(), page)), node + by_page);
    m_lists.push_front(head_of(by_context, spread(e.context(), 0)), node + by_context);
    m_lists.push_front(head_of(by_group, spread(e.group(), 0)), node + by_group);
    if constexpr (owned) {
      m_lists.push_front(head_of(by_owner_key, spread(e.owner, page)), node + by_owner_key);
      m_lists.push_front(head_of(by_owner, spread(e.owner, 0)), node + by_owner);
    }
    m_lists.push_back(m_all, node + all_node);
    ++m_size;
    if (m_counts[e.kind()][e.global() ? 1 : 0][e.shift()]++ == 0) count_sizes(e);
  }
  void unlink(std::uint32_t slot) {
    const Entry& e = m_entries[slot];
    const std::uint32_t node = slot * nodes;
    for (std::uint32_t list = 0; list < lists; ++list) m_lists.unlink(node + list);
    m_lists.unlink(node + all_node);
    --m_size;
    if (--m_counts[e.kind()][e.global() ? 1 : 0][e.shift()] == 0) count_sizes(e);
  }
  /// The first entry of this kind and size has come, or the last has gone.
  void count_sizes(const Entry& e) {
    m_sizes[e.kind()][e.global() ? 1 : 0] ^= std::uint64_t{1} << e.shift();
    m_all_sizes = 0;
    for (const auto& of_kind : m_sizes) m_all_sizes |= of_kind[0] | of_kind[1];
  }

  std::uint64_t drop_group(std::uint64_t group, const Invalidation& what) {
    if (!what.asid) {
      return drop_of(head_of(by_group, spread(group, 0)),
                     [&](const Entry& e) { return e.group() == group && place(e, what); });
    }
    const auto drop_context = [&](std::uint64_t context) {
      return drop_of(head_of(by_context, spread(context, 0)),
                     [&](const Entry& e) { return e.context() == context && place(e, what); });
    };
    std::uint64_t n = drop_context(group | *what.asid);
    if (!what.asid_spares_global) n += drop_context(group | EntryKey::global_bit);
    return n;
  }

  /// Page by page, or, where fewer entries are there than pages in the range, entry by entry.
  std::uint64_t drop_range(std::uint64_t group, unsigned kind, const Invalidation& what) {
    const std::uint64_t locals = m_sizes[kind][0];
    const std::uint64_t globals = m_sizes[kind][1];
    if (!what.asid) {
      if (is_short(head_of(by_group, spread(group, 0)), *what.range, locals | globals)) {
        return drop_group(group, what);
      }
      return drop_pages(by_page, group, locals | globals, what,
                        [group](const Entry& e) { return e.group() == group; });
    }
    const auto drop_context = [&](std::uint64_t context, std::uint64_t present) -> std::uint64_t {
      if (present == 0) return 0;
      const auto match = [context](const Entry& e) { return e.context() == context; };
      const std::uint32_t head = head_of(by_context, spread(context, 0));
      if (is_short(head, *what.range, present)) {
        return drop_of(head, [&](const Entry& e) { return match(e) && place(e, what); });
      }
      return drop_pages(by_key, context, present, what, match);
    };
    std::uint64_t n = drop_context(group | *what.asid, locals);
    if (!what.asid_spares_global) n += drop_context(group | EntryKey::global_bit, globals);
    return n;
  }
  template <class Match>
  std::uint64_t drop_pages(List list, std::uint64_t word, std::uint64_t present, const Invalidation& what,
                           Match match) {
    std::uint64_t n = 0;
    for (; present != 0; present &= present - 1) {
      const unsigned shift = lowest_bit(present);
      const std::uint64_t last = what.range->last >> shift;
      for (std::uint64_t page = what.range->first >> shift;; ++page) {
        const std::uint64_t input = page << shift;
        n += drop_of(head_of(list, spread(word, page)), [&](const Entry& e) {
          return e.covers(input, shift) && match(e) && e.matches_hint(what, holds == Holds::tables);
        });
        if (page == last) break;
      }
    }
    return n;
  }
  /// Whether a list has fewer entries than there are pages of the sizes `present` in a range. Looks at no
  /// more entries than that.
  bool is_short(std::uint32_t head, const AddressRange& range, std::uint64_t present) const {
    constexpr std::uint64_t few = 4;  // finding a page takes no longer than going on along a list
    std::uint64_t pages = 0;
    for (; present != 0; present &= present - 1) {
      const unsigned shift = lowest_bit(present);
      pages += (range.last >> shift) - (range.first >> shift) + 1;
      if (pages - 1 > m_size) return true;  // 2^64 included, which is 0 here
    }
    if (pages <= few) return false;
    for (std::uint32_t i = m_lists.next(head); i < m_heads; i = m_lists.next(i)) {
      if (--pages == 0) return false;
    }
    return true;
  }

  static void visit_entry(Archive& archive, Entry& entry) {
    if constexpr (owned) archive.value("owner", entry.owner);
    entry.EntryKey::visit(archive);
    entry.value.visit(archive);
  }
  void load(Archive& archive, std::uint32_t count) {
    for (; count != 0; --count) {
      std::uint32_t slot = 0;
      archive.value("slot", slot);
      Entry entry{};
      visit_entry(archive, entry);
      if (!archive.ok()) return;
      if (slot >= m_entries.size() || is_live(slot) || m_order.set_of(slot) != set_of(entry)) {
        archive.fail("slot", "cannot hold this entry");
        return;
      }
      if (find_same(entry) != none) {
        archive.fail("slot", "holds an entry that another slot has");
        return;
      }
      m_entries[slot] = entry;
      link(slot);  // in the order of the past, which all lists then have
    }
  }

  const char* m_name;
  CacheGeometry m_geometry;
  std::vector<Entry> m_entries;  // set after set
  WayOrder m_order;
  NodeLists m_lists;                          // nodes: `nodes` a slot, then the heads
  std::array<std::uint32_t, lists> m_head{};  // first head of each List
  std::uint32_t m_heads = 0;                  // the first of all
  std::uint32_t m_all = 0;                    // head of the list of all entries, oldest first
  unsigned m_bucket_shift = 0;
  std::uint64_t m_all_sizes = 0;                              // bit n: entries of shift n are there
  std::array<std::array<std::uint64_t, 2>, kinds> m_sizes{};  // likewise, by stages, not global and global
  std::array<std::array<std::array<std::uint32_t, 64>, 2>, kinds> m_counts{};
  std::uint64_t m_size = 0;
};

}  // namespace smmuvp::smmu
