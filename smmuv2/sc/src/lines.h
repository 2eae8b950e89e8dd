// The interrupt outputs of an SMMUv2 (IHI 0062 3.6).
#pragma once

#include <systemc>
#include <vector>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu_sc/output_group.h"
#include "smmuvp/smmuv2/faults.h"

namespace smmuvp::smmuv2 {

/// Shows the core's levels.
class Lines : public sc_core::sc_module {
 public:
  struct Ports {
    LineOut& gfsr;
    LineOut& cfg;
    LineOut& sgfsr;
    LineOut& scfg;
    sc_core::sc_vector<LineOut>& context;
    sc_core::sc_vector<LineOut>& pm;
  };

  /// @param faults  outlives this, as do the ports. @param group  the outputs join it
  Lines(const sc_core::sc_module_name& name, Faults& faults, const Ports& ports, smmu::OutputGroup& group);

  /// Shows what holds, at once.
  void show();
  /// An access may have recorded a fault: shows it when simulated time has come to the access's.
  void show_at(smmu::TimePs time);
  /// The core has another state: the next show() shows all of it.
  void forget() { m_stale = true; }

 private:
  Faults& m_faults;
  InterruptOutput& m_gfsr;
  InterruptOutput& m_cfg;
  InterruptOutput& m_sgfsr;
  InterruptOutput& m_scfg;
  std::vector<InterruptOutput*> m_context;
  std::vector<InterruptOutput*> m_pm;
  bool m_stale = true;  // the outputs show something else than m_faults, or may
  sc_core::sc_event m_due;
};

}  // namespace smmuvp::smmuv2
