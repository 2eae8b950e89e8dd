// Trace points of the SMMUv2 core.
#pragma once

#include <vector>

#include "smmuvp/base/injection.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmuv2 {

/// All that the core of an SMMUv2 emits, the engine included.
inline std::vector<TracePointInfo> trace_points() {
  return {smmu::trace_translate,      smmu::trace_access,   smmu::trace_fault,
          smmu::trace_stall,          smmu::trace_resume,   smmu::trace_fetch,
          smmu::trace_walk_begin,     smmu::trace_walk,     smmu::trace_register_write,
          smmu::trace_register_read,  smmu::trace_tlb_fill, smmu::trace_leaf,
          smmu::trace_tlb_invalidate, trace_injected};
}

}  // namespace smmuvp::smmuv2
