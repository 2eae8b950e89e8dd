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

/// Alignment with which an entry is one cache line of the host where its value lets it.
template <class Value>
constexpr std::size_t cache_line_of = sizeof(Value) <= 32 ? 64 : 8;

/// Entries in the sets of a geometry. The host finds them by lists, never by looking through a set: of the
/// name that lookups use, of a page (any ASID), of a context (an ASID), of a group (a VMID), and of all.
/// Nothing is allocated after construction, and the past alone decides the order of everything.
///
/// An Entry is an EntryKey with `value`, which has visit(Archive&), and `next`. One that has_owner is found
/// by `owner` and address (MicroTlb), others by tag and address (TaggedCache).
template <class Entry, Holds holds>
class TaggedStore {
 public:
  /// @return how many entries went.
  std::uint64_t invalidate(const Invalidation& what) {
    if (holds == Holds::tables && what.leaf) return 0;
    if (what.vmid_bits_ignored != 0 && what.vmid) return invalidate_vmids(what);
    if constexpr (!owned) {
      if (what.range && what.asid && what.vmid && what.regime && m_part_kinds == 0 &&
          is_one_page(*what.range)) {
        return drop_address(what);
      }
    }
    return drop_any(what);
  }
  /// Whether invalidate() would drop something. Looks at every entry.
  bool has_any(const Invalidation& what) const {
    if (holds == Holds::tables && what.leaf) return false;
    bool found = false;
    for_each([&](const Entry& e) { found = found || (e.matches(what) && place(e, what)); });
    return found;
  }
  /// Empties it, as after construction.
  void clear() {
    for (Entry& e : m_entries) e = Entry{};
    for (std::uint32_t& front : m_front) front = m_geometry.entries();
    m_order.reset();
    m_lists.reset(m_all + 1);
    m_counts = {};
    m_part_counts = {};
    m_sizes = {};
    m_spans = {};
    m_part_kinds = 0;
    m_all_sizes = m_shown_sizes = 0;
    m_kinds = 0;
    m_size = 0;
  }
  /// What lookup() does besides probe(), for an entry that probe() found.
  void use(const Entry& entry) { m_order.use(slot_of(entry)); }

  /// Where an entry lies: a number below geometry().entries(), its own until it goes.
  std::uint32_t slot_of(const Entry& entry) const {
    return static_cast<std::uint32_t>(&entry - m_entries.data());
  }
  std::uint64_t size() const { return m_size; }
  const CacheGeometry& geometry() const { return m_geometry; }
  /// Calls f(const Entry&) for each entry, in the order in which they came.
  template <class F>
  void for_each(F f) const {
    for (std::uint32_t i = m_lists.next(m_all); i != m_all; i = m_lists.next(i)) f(m_entries[i / nodes]);
  }

  /// Saves, or loads into the same geometry; what comes after is the same. Damaged data leaves it empty.
  void visit(Archive& archive) {
    archive.begin(m_name);
    visit_geometry(archive, m_geometry);
    std::uint64_t count = m_size;
    archive.value("count", count);
    if (count > m_geometry.entries()) archive.fail("count", "more than the entries");
    if (archive.loading()) {
      clear();
      if (archive.ok()) load(archive, static_cast<std::uint32_t>(count));
    } else {
      for (std::uint32_t i = m_lists.next(m_all); i != m_all; i = m_lists.next(i)) {
        std::uint32_t slot = i / nodes;
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
  TaggedStore(const CacheGeometry& geometry, const char* name)
      : m_entries(checked(geometry, name).entries() + 1),  // one more, free for ever: the end of each chain
        m_order(geometry),
        m_name(name),
        m_geometry(geometry) {
    const unsigned bits = bucket_bits(geometry.entries());
    const std::uint32_t buckets = 1U << bits;
    m_bucket_shift = 64U - bits;
    m_name_shift = 63U - bits;  // more of them, since lookups are most of the work
    m_front.assign(std::size_t{2} * buckets, geometry.entries());
    m_heads = geometry.entries() * nodes;
    for (std::uint32_t list = 0; list < lists; ++list) m_head[list] = m_heads + list * buckets;
    m_all = m_heads + lists * buckets;
    m_lists.reset(m_all + 1);
  }

  /// Where a search for a name begins: a chain of entries, which ends with one that matches nothing.
  /// @param name  the owner, or the word of an EntryKey
  const Entry& front(std::uint64_t name, std::uint64_t page) const {
    if constexpr (!owned) name = EntryKey::context_of(name);
    return m_entries[m_front[spread(name, page) >> m_name_shift]];
  }
  const Entry* find(std::uint64_t name, std::uint64_t page, unsigned shift) const {
    const std::uint64_t input = page << shift;
    for (const Entry* e = &front(name, page); e->is_live(); e = &m_entries[e->next]) {
      if constexpr (owned) {
        if (e->owner == name && e->covers(input, shift)) return e;
      } else {
        if (e->is(name, input, shift)) return e;
      }
    }
    return nullptr;
  }
  /// Puts `entry` in the place of that of the same name, or in that of the next to go in its set.
  const Entry& put(const Entry& entry) {
    std::uint32_t slot = 0;
    if (const Entry* same = find_same(entry)) {
      slot = slot_of(*same);
      unlink(slot);  // where owners are names its tag may be another
    } else {
      slot = m_order.victim(set_of(entry), [this](std::uint32_t i) { return is_live(i); });
      if (is_live(slot)) unlink(slot);
    }
    m_entries[slot] = entry;
    link(slot);
    m_order.fill(slot);
    return m_entries[slot];
  }
  __attribute__((noinline)) void drop(const Entry& entry) {
    const std::uint32_t slot = slot_of(entry);
    unlink(slot);
    m_entries[slot].free();
    m_order.release(slot);
  }
  /// Drops the entries of a list for which match(const Entry&). @return how many.
  template <class Match>
  std::uint64_t drop_of(std::uint32_t head, Match match) {
    std::uint64_t n = 0;
    for (std::uint32_t i = m_lists.next(head); i < m_heads;) {
      const Entry& e = m_entries[i / nodes];
      i = m_lists.next(i);
      if (!match(e)) continue;
      drop(e);
      ++n;
    }
    return n;
  }
  std::uint32_t all() const { return m_all; }
  /// Of all owners with the same lower half.
  std::uint32_t list_of_stream(std::uint64_t owner) const {
    return head_of(by_owner, spread(static_cast<std::uint32_t>(owner), 0));
  }

  std::uint64_t sizes(pgtable::Stages stages, bool global) const {
    return m_sizes[static_cast<unsigned>(stages)][global ? 1 : 0];
  }
  /// Of all entries; of none while they are hidden.
  std::uint64_t sizes() const { return m_shown_sizes; }
  std::uint64_t sizes_of_all() const { return m_all_sizes; }
  void set_hidden(bool hidden) {
    m_hidden = hidden;
    m_shown_sizes = hidden ? 0 : m_all_sizes;
  }

 private:
  static constexpr bool owned = Entry::has_owner;
  static constexpr unsigned kinds = 3;
  // Lists of entries by hash. Where names are owners, by_tag finds what else names do: a tag and a page.
  enum List : std::uint32_t { by_page, by_context, by_group, by_tag, by_owner };
  static constexpr std::uint32_t lists = owned ? 5 : 3;
  static constexpr std::uint32_t nodes = owned ? 8 : 4;  // a slot: one for each List, the last for m_all
  static constexpr std::uint32_t all_node = nodes - 1;

  static bool place(const Entry& e, const Invalidation& what) {
    return e.matches_place(what, holds == Holds::tables) && !e.is_spared(what);
  }
  bool is_live(std::uint32_t slot) const { return m_entries[slot].is_live(); }
  std::uint32_t head_of(List list, std::uint64_t hash) const {
    return m_head[list] + static_cast<std::uint32_t>(hash >> m_bucket_shift);
  }
  static std::uint64_t name_hash(const Entry& e) {
    if constexpr (owned) {
      return spread(e.owner, e.page());
    } else {
      return spread(e.context(), e.page());
    }
  }
  std::uint32_t set_of(const Entry& e) const { return m_geometry.set_of(e.page(), name_hash(e)); }
  const Entry* find_same(const Entry& e) const {
    if constexpr (owned) {
      return find(e.owner, e.page(), e.shift());
    } else {
      return find(e.word(), e.page(), e.shift());
    }
  }

  void link(std::uint32_t slot) {
    Entry& e = m_entries[slot];
    std::uint32_t& front = m_front[name_hash(e) >> m_name_shift];
    e.next = front;
    front = slot;
    const std::uint32_t node = slot * nodes;
    m_lists.push_front(head_of(by_page, spread(e.group(), e.page())), node + by_page);
    m_lists.push_front(head_of(by_context, spread(e.context(), 0)), node + by_context);
    m_lists.push_front(head_of(by_group, spread(e.group(), 0)), node + by_group);
    if constexpr (owned) {
      m_lists.push_front(head_of(by_tag, spread(e.context(), e.page())), node + by_tag);
      m_lists.push_front(list_of_stream(e.owner), node + by_owner);
    }
    m_lists.push_back(m_all, node + all_node);
    ++m_size;
    if (e.is_part() && m_part_counts[e.kind()][e.span()]++ == 0) count_spans(e);
    if (m_counts[e.kind()][e.global() ? 1 : 0][e.shift()]++ == 0) count_sizes(e);
  }
  __attribute__((always_inline)) void unlink(std::uint32_t slot) {
    const Entry& e = m_entries[slot];
    std::uint32_t* at = &m_front[name_hash(e) >> m_name_shift];
    while (*at != slot) at = &m_entries[*at].next;
    *at = e.next;
    const std::uint32_t node = slot * nodes;
    m_lists.unlink(node + by_page);
    m_lists.unlink(node + by_context);
    m_lists.unlink(node + by_group);
    if constexpr (owned) {
      m_lists.unlink(node + by_tag);
      m_lists.unlink(node + by_owner);
    }
    m_lists.unlink(node + all_node);
    --m_size;
    if (e.is_part() && --m_part_counts[e.kind()][e.span()] == 0) count_spans(e);
    if (--m_counts[e.kind()][e.global() ? 1 : 0][e.shift()] == 0) count_sizes(e);
  }
  /// The first entry of this kind and size has come, or the last has gone.
  __attribute__((noinline)) void count_sizes(const Entry& e) {
    m_sizes[e.kind()][e.global() ? 1 : 0] ^= std::uint64_t{1} << e.shift();
    m_all_sizes = 0;
    m_kinds = 0;
    for (unsigned kind = 0; kind < kinds; ++kind) {
      const std::uint64_t of_kind = m_sizes[kind][0] | m_sizes[kind][1];
      m_all_sizes |= of_kind;
      if (of_kind != 0) m_kinds |= 1U << kind;
    }
    m_shown_sizes = m_hidden ? 0 : m_all_sizes;
  }

  /// Likewise of parts of pages or blocks.
  __attribute__((noinline)) void count_spans(const Entry& e) {
    m_spans[e.kind()] ^= std::uint64_t{1} << e.span();
    m_part_kinds = 0;
    for (unsigned kind = 0; kind < kinds; ++kind) m_part_kinds |= m_spans[kind] != 0 ? 1U << kind : 0U;
  }

  /// Of each VMID of a group of them, none of which needs a search.
  __attribute__((noinline)) std::uint64_t invalidate_vmids(const Invalidation& what) {
    Invalidation one = what;
    one.vmid_bits_ignored = 0;
    const std::uint32_t last = (1U << what.vmid_bits_ignored) - 1;
    std::uint64_t n = 0;
    for (std::uint32_t i = 0; i <= last; ++i) {
      one.vmid = static_cast<std::uint16_t>((*what.vmid & ~last) | i);
      n += invalidate(one);
    }
    return n;
  }
  std::uint64_t drop_group(std::uint64_t group, const Invalidation& what) {
    if (!what.asid) {
      return drop_of(head_of(by_group, spread(group, 0)),
                     [&](const Entry& e) { return e.group() == group && place(e, what); });
    }
    std::uint64_t n = drop_context(group | *what.asid, what);
    if (!what.asid_spares_global) n += drop_context(group | EntryKey::global_bit, what);
    return n;
  }
  std::uint64_t drop_context(std::uint64_t context, const Invalidation& what) {
    return drop_of(head_of(by_context, spread(context, 0)),
                   [&](const Entry& e) { return e.context() == context && place(e, what); });
  }

  /// Whether a range is within one page of each size that is there.
  bool is_one_page(const AddressRange& range) const {
    constexpr std::uint64_t largest = std::uint64_t{1} << 63U;
    return (range.first ^ range.last) >> lowest_bit(m_all_sizes | largest) == 0 && range.first <= range.last;
  }
  /// What most invalidations are: of one page and ASID, whose entries have the name of a lookup.
  __attribute__((noinline)) std::uint64_t drop_address(const Invalidation& what) {
    std::uint64_t n = 0;
    for (unsigned present = m_kinds & what.stages; present != 0; present &= present - 1) {
      const unsigned kind = lowest_bit(present);
      const std::uint64_t group = EntryKey::group_word(*what.regime, kind, *what.vmid);
      for (std::uint64_t sizes = m_sizes[kind][0]; sizes != 0; sizes &= sizes - 1) {
        const unsigned shift = lowest_bit(sizes);
        const Entry* e = find(group | *what.asid, what.range->first >> shift, shift);
        if (e == nullptr || !e->matches_hint(what, holds == Holds::tables) || e->is_spared(what)) continue;
        drop(*e);
        ++n;
      }
      if (m_sizes[kind][1] == 0 || what.asid_spares_global) continue;
      n += drop_pages<by_tag>(group | EntryKey::global_bit, m_sizes[kind][1], *what.range, what);
    }
    return n;
  }
  __attribute__((noinline)) std::uint64_t drop_any(const Invalidation& what) {
    if (what.range && what.range->first > what.range->last) return 0;
    if (!what.regime || !what.vmid) {
      return drop_of(m_all, [&](const Entry& e) { return e.matches(what) && place(e, what); });
    }
    std::uint64_t n = 0;
    for (unsigned present = m_kinds & what.stages; present != 0; present &= present - 1) {
      const unsigned kind = lowest_bit(present);
      const std::uint64_t group = EntryKey::group_word(*what.regime, kind, *what.vmid);
      n += what.range ? drop_range(group, kind, what) : drop_group(group, what);
    }
    return n;
  }
  /// Where entries can lie that `range` takes: all over the largest page or block of which a part is there.
  AddressRange reach(unsigned kind, const AddressRange& range) const {
    if (m_spans[kind] == 0) return range;
    const std::uint64_t inside = (std::uint64_t{1} << highest_bit(m_spans[kind])) - 1;
    return {range.first & ~inside, range.last | inside};
  }
  /// Page by page, or, where fewer entries are there than pages in the range, entry by entry.
  std::uint64_t drop_range(std::uint64_t group, unsigned kind, const Invalidation& what) {
    const std::uint64_t locals = m_sizes[kind][0];
    const std::uint64_t globals = m_sizes[kind][1];
    const AddressRange where = reach(kind, *what.range);
    if (!what.asid) {
      if (is_short(by_group, group, where, locals | globals)) return drop_group(group, what);
      return drop_pages<by_page>(group, locals | globals, where, what);
    }
    std::uint64_t n = drop_range_of_context(group | *what.asid, locals, where, what);
    if (globals != 0 && !what.asid_spares_global) {
      n += drop_range_of_context(group | EntryKey::global_bit, globals, where, what);
    }
    return n;
  }
  std::uint64_t drop_range_of_context(std::uint64_t context, std::uint64_t present, const AddressRange& where,
                                      const Invalidation& what) {
    if (is_short(by_context, context, where, present)) return drop_context(context, what);
    return drop_pages<by_tag>(context, present, where, what);
  }
  /// @param word  by_page: a group; by_tag: a context
  template <List list>
  __attribute__((noinline)) std::uint64_t drop_pages(std::uint64_t word, std::uint64_t present,
                                                     const AddressRange& where, const Invalidation& what) {
    std::uint64_t n = 0;
    for (; present != 0; present &= present - 1) {
      const unsigned shift = lowest_bit(present);
      std::uint64_t page = where.first >> shift;
      const std::uint64_t last = where.last >> shift;
      n += drop_page<list>(word, page, shift, what);
      while (page != last) n += drop_page<list>(word, ++page, shift, what);
    }
    return n;
  }
  template <List list>
  std::uint64_t drop_page(std::uint64_t word, std::uint64_t page, unsigned shift, const Invalidation& what) {
    const auto match = [word, input = page << shift, shift, &what](const Entry& e) {
      return (list == by_page ? e.group() : e.context()) == word && e.covers(input, shift) && place(e, what);
    };
    if constexpr (list == by_page || owned) {
      return drop_of(head_of(list, spread(word, page)), match);
    } else {  // names are tags
      std::uint64_t n = 0;
      for (const Entry* e = &front(word, page); e->is_live();) {
        const Entry& at = *e;
        e = &m_entries[e->next];
        if (!match(at)) continue;
        drop(at);
        ++n;
      }
      return n;
    }
  }
  /// Whether the list of a context or group has fewer entries than there are pages of the sizes `present` in
  /// a range. Looks at no more entries than that.
  bool is_short(List list, std::uint64_t word, const AddressRange& range, std::uint64_t present) const {
    return (range.first ^ range.last) >> smallest_page != 0 && is_shorter(list, word, range, present);
  }
  __attribute__((noinline)) bool is_shorter(List list, std::uint64_t word, const AddressRange& range,
                                            std::uint64_t present) const {
    std::uint64_t pages = 0;
    for (; present != 0; present &= present - 1) {
      const unsigned shift = lowest_bit(present);
      pages += (range.last >> shift) - (range.first >> shift) + 1;
      if (pages - 1 >= m_size) return true;  // 2^64 included, which is 0 here
    }
    for (std::uint32_t i = m_lists.next(head_of(list, spread(word, 0))); i < m_heads; i = m_lists.next(i)) {
      if (--pages == 0) return false;
    }
    return true;
  }
  static constexpr unsigned smallest_page = 12;  // a range within one names few pages

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
      if (slot >= m_geometry.entries() || is_live(slot) || m_order.set_of(slot) != set_of(entry)) {
        archive.fail("slot", "cannot hold this entry");
        return;
      }
      if (find_same(entry) != nullptr) {
        archive.fail("slot", "holds an entry that another slot has");
        return;
      }
      m_entries[slot] = entry;
      link(slot);  // in the order of the past, which all lists then have
    }
  }

  // What a hit needs comes first.
  std::uint64_t m_shown_sizes = 0;                            // m_all_sizes, or 0 while they are hidden
  std::array<std::array<std::uint64_t, 2>, kinds> m_sizes{};  // likewise, by stages, not global and global
  unsigned m_name_shift = 0;
  unsigned m_kinds = 0;                // bit n: entries of stages n are there
  std::vector<std::uint32_t> m_front;  // the chain of each bucket of names, linked by Entry::next
  std::vector<Entry> m_entries;        // set after set
  WayOrder m_order;
  unsigned m_bucket_shift = 0;
  bool m_hidden = false;                      // not saved: whoever hides them does so again
  NodeLists m_lists;                          // nodes: `nodes` a slot, then the heads
  std::array<std::uint32_t, lists> m_head{};  // first head of each List
  std::uint32_t m_heads = 0;                  // the first of all
  std::uint32_t m_all = 0;                    // head of the list of all entries, oldest first
  std::uint64_t m_size = 0;
  std::array<std::array<std::array<std::uint32_t, 64>, 2>, kinds> m_counts{};
  unsigned m_part_kinds = 0;                   // as m_kinds, of parts alone
  std::array<std::uint64_t, kinds> m_spans{};  // bit n: parts of span n are there
  std::array<std::array<std::uint32_t, 64>, kinds> m_part_counts{};
  std::uint64_t m_all_sizes = 0;  // bit n: entries of shift n are there
  const char* m_name;
  CacheGeometry m_geometry;
};

}  // namespace smmuvp::smmu
