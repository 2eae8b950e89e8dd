// Caches that hold nothing, for the same walk through configuration and tables as any access makes.
#pragma once

#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class EmptyCaches {
 public:
  explicit EmptyCaches(const Parts& parts)
      : m_diag(nullptr, ""),
        m_tracer(nullptr, ""),
        m_engine(tiny(), m_tracer),
        m_configs(tiny()),
        m_parts{parts.features, parts.structures, m_engine, m_configs, m_statistics, m_diag, m_tracer} {}
  const Parts& parts() const { return m_parts; }

 private:
  static Structures tiny() {
    Structures s;
    s.timing = false;
    s.ports = 1;
    s.micro_tlb_geometry = {1, 1};
    s.tlb_sets = s.tlb_ways = s.walk_cache_sets = s.walk_cache_ways = s.ipa_cache_sets = s.ipa_cache_ways = 1;
    s.ste_sets = s.ste_ways = s.cd_sets = s.cd_ways = 1;
    return s;
  }
  Diag m_diag;
  Tracer m_tracer;
  smmu::Engine m_engine;
  ConfigCaches m_configs;
  Statistics m_statistics;
  Parts m_parts;
};

}  // namespace smmuvp::smmuv3
