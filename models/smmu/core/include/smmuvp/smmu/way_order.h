// Which slot of a set is filled next.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/cache_geometry.h"
#include "smmuvp/smmu/node_lists.h"

namespace smmuvp::smmu {

/// The slots of each set in order: free ones first, then the next to be replaced. Each call takes the same
/// time whatever the ways.
class WayOrder {
 public:
  explicit WayOrder(const CacheGeometry& geometry);

  /// As after construction.
  void reset();
  std::uint32_t set_of(std::uint32_t slot) const { return m_head[slot] - m_entries; }
  /// A lookup hit `slot`.
  void use(std::uint32_t slot) {
    if (m_lists.next(slot) < m_used_below) fill(slot);
  }
  /// `slot` has been filled.
  void fill(std::uint32_t slot) {
    m_lists.unlink(slot);
    m_lists.push_back(m_head[slot], slot);
  }
  /// `slot` has become free.
  void release(std::uint32_t slot) {
    m_lists.unlink(slot);
    m_lists.push_front(m_head[slot], slot);
  }
  /// The slot to fill in `set`. @param is_live  bool(slot)
  template <class IsLive>
  std::uint32_t victim(std::uint32_t set, IsLive is_live) {
    const std::uint32_t first = m_lists.next(m_entries + set);
    if (m_replacement != Replacement::random || !is_live(first)) return first;
    m_random = m_random * 6364136223846793005U + 1442695040888963407U;
    return set * m_ways + static_cast<std::uint32_t>((m_random >> 32U) * m_ways >> 32U);
  }

  /// Fails on an order that is none of these slots.
  void visit(Archive& archive);
  /// Whether all free slots of each set come before its live ones, as loaded data might not have it.
  template <class IsLive>
  bool is_consistent(IsLive is_live) const {
    for (std::uint32_t set = 0; set < m_entries / m_ways; ++set) {
      bool live = false;
      for (std::uint32_t i = m_lists.next(m_entries + set); i < m_entries; i = m_lists.next(i)) {
        if (live && !is_live(i)) return false;
        live = is_live(i);
      }
    }
    return true;
  }

 private:
  static constexpr std::uint64_t seed = 0x853c49e6748fea9bU;

  std::uint32_t m_entries;
  std::uint32_t m_ways;
  Replacement m_replacement;
  std::uint32_t m_used_below;  // lru: m_entries, so that all but the last of a set move; else 0
  std::uint64_t m_random = seed;
  NodeLists m_lists;                  // nodes: slots, then a head a set
  std::vector<std::uint32_t> m_head;  // of each slot: its set's
};

/// Visits a geometry; loading another one fails with the name of the first difference.
void visit_geometry(Archive& archive, const CacheGeometry& geometry);

}  // namespace smmuvp::smmu
