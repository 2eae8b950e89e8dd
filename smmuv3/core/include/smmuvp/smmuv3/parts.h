// What the parts of one SMMUv3 share.
#pragma once

#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmuv3/cd.h"
#include "smmuvp/smmuv3/config_cache.h"
#include "smmuvp/smmuv3/features.h"
#include "smmuvp/smmuv3/statistics.h"
#include "smmuvp/smmuv3/ste.h"
#include "smmuvp/smmuv3/vms.h"

namespace smmuvp::smmuv3 {

/// Configuration caches (IHI 0070 3.17), those of one Security state.
struct ConfigCaches {
  explicit ConfigCaches(const Structures& s)
      : stes({s.ste_sets, s.ste_ways}, "ste_cache"),
        cds({s.cd_sets, s.cd_ways}, "cd_cache"),
        vmss({s.vms_sets, s.vms_ways}, "vms_cache") {}

  void clear() {
    stes.clear();
    cds.clear();
    vmss.clear();
  }
  /// Loads what was decoded from, and decodes it.
  void visit(Archive& archive, const Features& features) {
    stes.visit(archive);
    cds.visit(archive);
    vmss.visit(archive);
    if (!archive.loading()) return;
    stes.for_each([&features](Ste& s) { s.decode_again(features); });
    cds.for_each([&features](Cd& c) { c.decode_again(features); });
  }

  ConfigCache<Ste> stes;
  ConfigCache<Cd> cds;
  ConfigCache<Vms> vmss;  ///< by VMID, in place of the StreamID
};

/// References to what lives as long as the SMMU: `configs` are those of one Security state.
struct Parts {
  const Features& features;
  const Structures& structures;
  smmu::Engine& engine;
  ConfigCaches& configs;
  Statistics& statistics;
  Diag& diag;
  Tracer& tracer;
};

}  // namespace smmuvp::smmuv3
