// Counters of an SMMUv2 beside the engine's.
#pragma once

#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/stats.h"

namespace smmuvp::smmuv2 {

struct Statistics {
  std::uint64_t context_faults = 0;
  std::uint64_t global_faults = 0;
  std::uint64_t faults_unrecorded = 0;
  std::uint64_t stalls = 0;
  std::uint64_t stalls_retried = 0;
  std::uint64_t tlbi = 0;
  std::uint64_t syncs = 0;
  std::uint64_t address_translations = 0;

  void report(StatVisitor& visitor) const;
  void visit(Archive& archive);
};

}  // namespace smmuvp::smmuv2
