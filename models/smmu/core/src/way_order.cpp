#include "smmuvp/smmu/way_order.h"

#include <bit>
#include <string>

#include "smmuvp/base/error.h"

namespace smmuvp::smmu {

const CacheGeometry& checked(const CacheGeometry& geometry, const char* cache) {
  const std::string name = cache;
  if (!std::has_single_bit(geometry.sets)) {
    throw ConfigError(name, name + " has " + std::to_string(geometry.sets) +
                                " sets: choose a power of two, from which an index is made");
  }
  if (geometry.ways == 0) throw ConfigError(name, name + " has no ways: choose 1 or more");
  if (std::uint64_t{geometry.sets} * geometry.ways > CacheGeometry::max_entries) {
    throw ConfigError(name, name + " has " + std::to_string(std::uint64_t{geometry.sets} * geometry.ways) +
                                " entries: choose sets and ways with " +
                                std::to_string(CacheGeometry::max_entries) + " or fewer");
  }
  return geometry;
}

WayOrder::WayOrder(const CacheGeometry& geometry)
    : m_entries(geometry.entries()),
      m_ways(geometry.ways),
      m_replacement(geometry.replacement),
      m_used_below(geometry.replacement == Replacement::lru ? geometry.entries() : 0),
      m_head(geometry.entries()) {
  for (std::uint32_t i = 0; i < m_entries; ++i) m_head[i] = m_entries + i / m_ways;
  reset();
}

void WayOrder::reset() {
  m_random = seed;
  m_lists.reset(m_entries + m_entries / m_ways);
  for (std::uint32_t i = 0; i < m_entries; ++i) m_lists.push_back(m_head[i], i);
}

void WayOrder::visit(Archive& archive) {
  archive.begin("order");
  archive.value("random", m_random);
  std::vector<bool> seen(m_entries);
  for (std::uint32_t set = 0; set < m_entries / m_ways && archive.ok(); ++set) {
    const std::uint32_t head = m_entries + set;
    std::uint32_t slot = head;
    for (std::uint32_t n = 0; n < m_ways; ++n) {
      if (!archive.loading()) slot = m_lists.next(slot);
      std::uint32_t way = slot - set * m_ways;
      archive.value("way", way);
      if (!archive.loading()) continue;
      if (archive.ok() && (way >= m_ways || seen[set * m_ways + way])) {
        archive.fail("way", "not once each of a set");
      }
      if (!archive.ok()) break;
      seen[set * m_ways + way] = true;
      // Each goes to the end, so that after all of them have they are in the order of the archive.
      m_lists.unlink(set * m_ways + way);
      m_lists.push_back(head, set * m_ways + way);
    }
  }
  archive.end();
}

void visit_geometry(Archive& archive, const CacheGeometry& geometry) {
  const auto same = [&archive](const char* name, auto own) {
    auto found = own;
    archive.value(name, found);
    if (archive.ok() && found != own) archive.fail(name, "another geometry");
  };
  same("sets", geometry.sets);
  same("ways", geometry.ways);
  same("replacement", geometry.replacement);
  same("index", geometry.index);
}

}  // namespace smmuvp::smmu
