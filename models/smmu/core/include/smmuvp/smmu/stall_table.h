// Accesses that wait until software says how they go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/error.h"

namespace smmuvp::smmu {

/// How a stalled access goes on.
enum class StallAnswer : std::uint8_t {
  retry,      ///< is translated again
  abort,      ///< ends with a bus error
  terminate,  ///< ends without one: reads give zero, writes are ignored
};

/// Tags that several tables have together: no more of them are given out at a time.
struct StallPool {
  std::size_t most = 0;
  std::size_t used = 0;
};

/// Holds stalled accesses as data, never on a caller's stack. An access has an owner, which is whatever
/// software resolves it by, and a tag. Tags are unique among accesses that wait with one, and are given out
/// in turn, so that an answer that comes too late seldom meets another access. An access that finds no tag
/// waits for one, first come, first served among owners that may have one more. Where an answer to the one
/// with the tag is one to retry for all that wait behind it, resolve() is followed by resolve_all() of the
/// owner, before admit().
///
/// `Payload` is the access's state: copyable, with a default, and with void visit(Archive&).
template <class Payload>
class StallTable {
 public:
  using Owner = std::uint32_t;
  using Tag = std::uint32_t;

  struct Resolved {
    std::optional<Tag> tag;  ///< none: it still waited for one
    Owner owner = 0;
    StallAnswer answer = StallAnswer::retry;
    Payload payload{};
  };

  /// @param capacity   tags: 0 to capacity - 1; at most 65536
  /// @param per_owner  tags that one owner can have at a time; 0: all
  /// @throws ConfigError if there is no tag, or there are more than 65536
  explicit StallTable(std::uint32_t capacity, std::uint32_t per_owner = 0)
      : m_slots(checked(capacity)), m_per_owner(per_owner == 0 ? capacity : per_owner) {
    clear();
  }

  /// From now on its tags are some of the pool's, which outlives it. Who waits for one is given it by admit()
  /// when another table has given one back, too.
  void share(StallPool& pool) { m_pool = &pool; }

  /// An access stalls. @return its tag; none: it waits for one, until admit() gives it or it is resolved.
  std::optional<Tag> insert(Owner owner, Payload payload) {
    auto& queue = m_queue[owner];
    queue.push_back({m_next++, std::move(payload)});
    ++m_queued;
    ready(owner);
    // Who came before and could have a tag is given it by admit(), whose caller has to learn of it.
    const bool first = m_ready.size() == 1 && m_ready.begin()->second == owner && queue.size() == 1;
    return first ? admit() : std::nullopt;
  }
  /// Gives a free tag to the access that has waited longest for one. @return it; none: nobody can have one.
  /// To be called until it gives none, after accesses have been resolved.
  std::optional<Tag> admit() {
    if (m_free.empty() || m_ready.empty() || !in_pool(1)) return {};
    const Owner owner = m_ready.begin()->second;
    m_ready.erase(m_ready.begin());
    const auto queue = m_queue.find(owner);
    const Tag tag = m_free.front();
    m_free.pop_front();
    Slot& slot = m_slots[tag];
    slot.used = true;
    slot.owner = owner;
    slot.order = queue->second.front().order;
    slot.payload = std::move(queue->second.front().payload);
    queue->second.pop_front();
    --m_queued;
    if (queue->second.empty()) m_queue.erase(queue);
    m_waiting[owner].emplace(slot.order, tag);
    count(1);
    ready(owner);
    return tag;
  }
  /// Who waits with `tag`, and with what; nullptr: nobody.
  const Payload* find(Tag tag) const { return valid(tag) ? &m_slots[tag].payload : nullptr; }
  std::optional<Owner> owner(Tag tag) const {
    return valid(tag) ? std::optional<Owner>(m_slots[tag].owner) : std::nullopt;
  }

  /// @return whether an access of that owner waits with that tag; else nothing has happened.
  bool resolve(Owner owner, Tag tag, StallAnswer answer) {
    if (!valid(tag) || m_slots[tag].owner != owner) return false;
    const auto waiting = m_waiting.find(owner);
    waiting->second.erase(m_slots[tag].order);
    if (waiting->second.empty()) m_waiting.erase(waiting);
    give_back(tag, answer);
    ready(owner);
    return true;
  }
  /// All of an owner that wait at this moment, with a tag or for one, in the order in which they stalled.
  /// @return how many
  std::size_t resolve_all(Owner owner, StallAnswer answer) {
    std::size_t n = 0;
    const auto waiting = m_waiting.find(owner);
    if (waiting != m_waiting.end()) {
      for (const auto& [order, tag] : waiting->second) give_back(tag, answer);
      n += waiting->second.size();
      m_waiting.erase(waiting);
    }
    const auto queue = m_queue.find(owner);
    if (queue != m_queue.end()) {
      m_ready.erase(queue->second.front().order);
      for (Queued& q : queue->second) m_resolved.push_back({{}, owner, answer, std::move(q.payload)});
      n += queue->second.size();
      m_queued -= queue->second.size();
      m_queue.erase(queue);
    }
    return n;
  }
  /// Likewise of all owners (reset, or the SMMU is disabled).
  std::size_t resolve_all(StallAnswer answer) {
    std::map<std::uint64_t, Tag> tags;
    for (const auto& [owner, waiting] : m_waiting) tags.insert(waiting.begin(), waiting.end());
    for (const auto& [order, tag] : tags) give_back(tag, answer);
    std::map<std::uint64_t, std::pair<Owner, Queued*>> queued;
    for (auto& [owner, queue] : m_queue) {
      for (Queued& q : queue) queued[q.order] = {owner, &q};
    }
    for (auto& [order, q] : queued) m_resolved.push_back({{}, q.first, answer, std::move(q.second->payload)});
    m_waiting.clear();
    m_queue.clear();
    m_ready.clear();
    m_queued = 0;
    return tags.size() + queued.size();
  }
  /// The accesses that have been resolved, once each, in that order.
  std::optional<Resolved> take_resolved() {
    if (m_resolved.empty()) return {};
    std::optional<Resolved> r(std::move(m_resolved.front()));
    m_resolved.pop_front();
    return r;
  }

  std::uint32_t capacity() const { return static_cast<std::uint32_t>(m_slots.size()); }
  /// Accesses that wait with a tag.
  std::size_t size() const { return m_size; }
  /// Accesses that wait for a tag.
  std::size_t queued() const { return m_queued; }

  /// Forgets all accesses, as if there had been none: who waits for one must not be left.
  void clear() {
    m_waiting.clear();
    m_queue.clear();
    m_ready.clear();
    m_resolved.clear();
    m_free.clear();
    discount(m_size);
    m_queued = 0;
    m_next = 0;
    for (Tag tag = 0; tag < capacity(); ++tag) {
      m_slots[tag] = {};
      m_free.push_back(tag);
    }
  }

  /// A damaged archive fails, and leaves no accesses.
  void visit(Archive& archive) {
    constexpr std::uint64_t most = 1U << 16;
    Image image;
    if (!archive.loading()) image = save();
    archive.begin("stall_table");
    std::uint64_t tags = capacity();
    archive.value("tags", tags);
    if (tags != capacity()) archive.fail("tags", "another geometry");
    archive.value("next", image.next);
    archive.list("free", image.free, most, [&](Tag& tag) { archive.value("tag", tag); });
    const auto entry = [&](Entry& e) {
      archive.value("owner", e.owner);
      archive.value("order", e.order);
      archive.value("tag", e.tag);
      e.payload.visit(archive);
    };
    archive.list("waiting", image.waiting, most, entry);
    archive.list("queued", image.queued, most, entry);
    archive.list("resolved", image.resolved, most, [&](Resolved& r) {
      bool tagged = r.tag.has_value();
      Tag tag = r.tag.value_or(0);
      archive.value("tagged", tagged);
      archive.value("tag", tag);
      r.tag = tagged ? std::optional<Tag>(tag) : std::nullopt;
      archive.value("owner", r.owner);
      archive.value("answer", r.answer);
      if (r.answer > StallAnswer::terminate) archive.fail("answer", "no such answer");
      r.payload.visit(archive);
    });
    archive.end();
    if (!archive.loading()) return;
    clear();
    if (archive.ok() && !load(std::move(image))) {
      archive.fail("stall_table", "tags and accesses that cannot be together");
      clear();
    }
  }

 private:
  struct Slot {
    bool used = false;
    Owner owner = 0;
    std::uint64_t order = 0;
    Payload payload{};
  };
  struct Queued {
    std::uint64_t order = 0;
    Payload payload{};
  };
  struct Entry {
    Owner owner = 0;
    std::uint64_t order = 0;
    Tag tag = 0;
    Payload payload{};
  };
  struct Image {
    std::uint64_t next = 0;
    std::deque<Tag> free;
    std::vector<Entry> waiting;
    std::vector<Entry> queued;
    std::deque<Resolved> resolved;
  };

  static std::uint32_t checked(std::uint32_t capacity) {
    if (capacity == 0 || capacity > 65536) throw ConfigError("stalls", "a stall table has 1 to 65536 tags");
    return capacity;
  }
  bool in_pool(std::size_t more) const { return m_pool == nullptr || m_pool->used + more <= m_pool->most; }
  void count(std::size_t n) {
    m_size += n;
    if (m_pool != nullptr) m_pool->used += n;
  }
  void discount(std::size_t n) {
    m_size -= n;
    if (m_pool != nullptr) m_pool->used -= n;
  }
  bool valid(Tag tag) const { return tag < m_slots.size() && m_slots[tag].used; }
  // Puts the owner's first that waits for a tag among those that could have one.
  void ready(Owner owner) {
    const auto queue = m_queue.find(owner);
    if (queue == m_queue.end()) return;
    const auto waiting = m_waiting.find(owner);
    if (waiting != m_waiting.end() && waiting->second.size() >= m_per_owner) return;
    m_ready.emplace(queue->second.front().order, owner);
  }
  void give_back(Tag tag, StallAnswer answer) {
    Slot& slot = m_slots[tag];
    m_resolved.push_back({tag, slot.owner, answer, std::move(slot.payload)});
    slot = {};
    m_free.push_back(tag);
    discount(1);
  }
  Image save() const {
    Image image;
    image.next = m_next;
    image.free = m_free;
    image.resolved = m_resolved;
    std::map<std::uint64_t, Entry> sorted;  // the order of hash tables is nobody's business
    for (Tag tag = 0; tag < capacity(); ++tag) {
      const Slot& s = m_slots[tag];
      if (s.used) sorted[s.order] = {s.owner, s.order, tag, s.payload};
    }
    for (auto& [order, e] : sorted) image.waiting.push_back(std::move(e));
    sorted.clear();
    for (const auto& [owner, queue] : m_queue) {
      for (const Queued& q : queue) sorted[q.order] = {owner, q.order, 0, q.payload};
    }
    for (auto& [order, e] : sorted) image.queued.push_back(std::move(e));
    return image;
  }
  bool load(Image image) {
    std::vector<bool> seen(capacity());
    std::map<std::uint64_t, bool> orders;
    const auto take = [&](Tag tag) {
      if (tag >= capacity() || seen[tag]) return false;
      seen[tag] = true;
      return true;
    };
    for (const Tag tag : image.free) {
      if (!take(tag)) return false;
    }
    if (!in_pool(image.waiting.size())) return false;
    if (image.free.size() + image.waiting.size() != capacity() || image.next > ~std::uint64_t{0} / 2)
      return false;
    for (Entry& e : image.waiting) {
      if (!take(e.tag) || e.order >= image.next || !orders.emplace(e.order, true).second) return false;
      auto& waiting = m_waiting[e.owner];
      waiting.emplace(e.order, e.tag);
      if (waiting.size() > m_per_owner) return false;
      m_slots[e.tag] = {true, e.owner, e.order, std::move(e.payload)};
    }
    std::uint64_t last = 0;
    for (Entry& e : image.queued) {
      if (e.order < last || e.order >= image.next || !orders.emplace(e.order, true).second) return false;
      last = e.order;
      m_queue[e.owner].push_back({e.order, std::move(e.payload)});
    }
    for (const auto& [owner, queue] : m_queue) ready(owner);
    count(image.waiting.size());
    m_queued = image.queued.size();
    m_next = image.next;
    m_free = std::move(image.free);
    m_resolved = std::move(image.resolved);
    return true;
  }

  std::vector<Slot> m_slots;  // by tag
  std::uint32_t m_per_owner;
  std::uint64_t m_next = 0;     // accesses so far: their order
  StallPool* m_pool = nullptr;  // none: all tags are its own
  std::size_t m_size = 0;
  std::size_t m_queued = 0;
  std::deque<Tag> m_free;                                             // in turn
  std::unordered_map<Owner, std::map<std::uint64_t, Tag>> m_waiting;  // by order
  std::unordered_map<Owner, std::deque<Queued>> m_queue;
  std::map<std::uint64_t, Owner> m_ready;  // owners whose first could have a tag, by its order
  std::deque<Resolved> m_resolved;
};

}  // namespace smmuvp::smmu
