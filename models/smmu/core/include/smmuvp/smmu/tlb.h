// The translation lookaside buffer of both SMMUs.
#pragma once

#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/tagged_cache.h"

namespace smmuvp::smmu {

/// One cached translation of a page or block, by one stage or both. Of both, it does not hold the IPA, so
/// that invalidations by IPA leave it: software has to follow them with one of stage 1 (IHI 0070 4.4.3, IHI
/// 0062 17.3.4).
struct TlbEntry {
  std::uint64_t output = 0;                     ///< first output address
  pgtable::Rights rights;                       ///< all stages combined
  pgtable::Attributes attributes;               ///< all stages combined
  pgtable::Stage2Attributes stage2_attributes;  ///< for whoever combines them with an input's
  pgtable::AddressSpace space = pgtable::AddressSpace::non_secure;
  bool of_unprivileged = false;  ///< stage 1 lets unprivileged accesses in, whatever stage 2 leaves of that
  std::uint8_t pbha = 0;         ///< of leaves, those that are enabled: HardwareUse::of()

  void visit(Archive& archive);
};

using Tlb = TaggedCache<TlbEntry>;
static_assert(sizeof(Tlb::Entry) <= 64, "key and value of an entry are one cache line");

}  // namespace smmuvp::smmu
