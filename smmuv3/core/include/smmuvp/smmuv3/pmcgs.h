// The performance monitor counter groups of one SMMUv3: that of the TCU, and one of each TBU (IHI 0070 10.2).
#pragma once

#include <memory>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/monitor.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/pmcg.h"
#include "smmuvp/smmuv3/register_window.h"

namespace smmuvp::smmuv3 {

/// Asks the engine for events while an enabled counter counts some, and for those of accesses that TBUs have
/// finished answers for while a TBU's counter counts transactions: else they cost nothing.
class Pmcgs : private smmu::Monitor {
 public:
  Pmcgs(const Parts& parts, const ProgrammingInterface& interface);
  ~Pmcgs() override;
  Pmcgs(const Pmcgs&) = delete;
  Pmcgs& operator=(const Pmcgs&) = delete;

  /// How many there are; 0 without PmcgFeatures::counters.
  unsigned size() const { return static_cast<unsigned>(m_groups.size()); }
  /// @param i  0: of the TCU, n + 1: of TBU n
  Pmcg& group(unsigned i) { return *m_groups[i]; }
  const Pmcg& group(unsigned i) const { return *m_groups[i]; }
  /// Their pages join the window, and they the workers.
  void join(RegisterWindow& window, std::vector<smmu::Worker*>& workers);

  void reset();
  /// As new, after reset().
  void renew();
  /// After the engine's.
  void visit(Archive& archive);

 private:
  void happened(smmu::MonitoredEvent event, const smmu::MonitoredCause& cause) override;
  void changed();

  Parts m_parts;
  std::vector<std::unique_ptr<Pmcg>> m_groups;
};

}  // namespace smmuvp::smmuv3
