// Caches that hold nothing, for the same walk through configuration and tables as any access makes.
#pragma once

#include "smmuvp/smmu/explain_access.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class EmptyCaches {
 public:
  explicit EmptyCaches(const Parts& parts)
      : m_configs(tiny()), m_parts{parts.features, parts.structures, m_empty.engine, m_configs,
                                   m_statistics,   m_empty.diag,     m_empty.tracer} {}
  const Parts& parts() const { return m_parts; }

 private:
  static Structures tiny() {
    Structures s;
    s.ste_sets = s.ste_ways = s.cd_sets = s.cd_ways = s.vms_sets = s.vms_ways = 1;
    return s;
  }
  smmu::EmptyEngine m_empty;
  ConfigCaches m_configs;
  Statistics m_statistics;
  Parts m_parts;
};

}  // namespace smmuvp::smmuv3
