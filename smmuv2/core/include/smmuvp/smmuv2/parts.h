// What the parts of one SMMUv2 share.
#pragma once

#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmuv2/features.h"
#include "smmuvp/smmuv2/statistics.h"

namespace smmuvp::smmuv2 {

/// Sizes and times of the structures that a request passes.
struct Structures : smmu::EngineStructures {
  smmu::StructureTiming maintenance;  ///< processing of one TLB maintenance operation
  smmu::TimePs clock = 1000;          ///< period of the clock whose cycles performance monitors count
};

/// References to what lives as long as the SMMU.
struct Parts {
  const Features& features;
  const Structures& structures;
  smmu::Engine& engine;
  Statistics& statistics;
  Diag& diag;
  Tracer& tracer;
};

}  // namespace smmuvp::smmuv2
