// Caches that hold nothing, for the same walk through tables as any access makes.
#pragma once

#include "smmuvp/smmu/explain_access.h"
#include "smmuvp/smmuv2/parts.h"

namespace smmuvp::smmuv2 {

class EmptyCaches {
 public:
  explicit EmptyCaches(const Parts& parts)
      : m_parts{parts.features, parts.structures, m_empty.engine,
                m_statistics,   m_empty.diag,     m_empty.tracer} {}
  const Parts& parts() const { return m_parts; }

 private:
  smmu::EmptyEngine m_empty;
  Statistics m_statistics;
  Parts m_parts;
};

}  // namespace smmuvp::smmuv2
