// Places of injections that an SMMUv2 has.
#pragma once

#include <string>
#include <vector>

#include "smmuvp/base/injection.h"
#include "smmuvp/smmu/injection.h"

namespace smmuvp::smmuv2 {

/// All of them: it has no structures and no queues in memory. @param lines  the ports of wired interrupts
inline std::vector<InjectionPlace> injection_places(const std::vector<std::string>& lines) {
  return {smmu::place_descriptor, smmu::place_lookup, smmu::place_transaction,
          smmu::with_sources(smmu::place_interrupt, lines),
          smmu::with_sources(smmu::place_sync, {"TLBSYNC", "TLBGSYNC", "STLBGSYNC"})};
}

}  // namespace smmuvp::smmuv2
