// Which CDs a stream has, as memory says: all of a table, linear or of two levels, are looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "empty_caches.h"
#include "smmuvp/smmu/explain.h"
#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

/// Looks through the CD tables of any number of streams, and looks at no more than it is told to of them all.
class CdSearch {
 public:
  /// @param most  reads, and structures that no address leads to
  CdSearch(Smmu& smmu, const smmu::DebugMemory& memory, std::uint64_t most)
      : m_empty(smmu.parts()), m_memory(memory), m_left(most) {}

  /// The indexes whose CD has V = 1. Those of memory that cannot be reached or read are left out.
  std::set<std::uint32_t> valid(const Ste& ste);
  /// Whether it has given up before the end of a table.
  bool given_up() const { return m_given_up; }

 private:
  std::optional<std::uint64_t> word_at(const Ste& ste, std::uint64_t address,
                                       const pgtable::Attributes& attributes);
  struct Place {
    std::uint64_t address = 0;
    smmu::AddressSpace space = smmu::AddressSpace::non_secure;
  };
  std::optional<Place> physical(const Ste& ste, std::uint64_t address);
  smmu::MemoryAnswer read(const smmu::MemoryOp& op);
  bool may_look();

  EmptyCaches m_empty;
  const smmu::DebugMemory& m_memory;
  std::uint64_t m_left;
  bool m_given_up = false;
  // The page that was translated last, of the table at hand.
  std::optional<std::uint64_t> m_page;
  std::optional<Place> m_output;
};

}  // namespace smmuvp::smmuv3
