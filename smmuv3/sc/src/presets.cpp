#include "presets.h"

namespace smmuvp::smmuv3 {

// Arm's SMMUs are configured when a chip is built, so that a preset is one configuration that a public
// document shows. Those documents give no cycles: no preset has latencies.
const smmu::Presets& presets() {
  static const smmu::Presets all = {
      {"gem5",
       "gem5's SMMUv3 model (src/dev/arm/SMMUv3.py); ours where a meaning says that there is no source",
       {}},
      // Four ways each: Arm 101412_0100_07, 2.2. Eight walk caches, of a stage and a level each, have 256
      // entries. Level 3 holds no pointers to tables: that of stage 1 stands for the main TLB, that of stage
      // 2 for the IPA cache, and the other six make one walk cache, with as many ways to a set as they have.
      {"mmu-600",
       "caches of the TCU as in Intel's Agilex 5 (HPS TRM 814346 of 2025-01-24, 4.3.4.4.1, table 90), ways "
       "of Arm's MMU-600AE TRM (101412_0100_07, 2.2); their roles ours, all else as gem5",
       {{"tlb_sets", 64},  // TCUCFG_WCS1L3_DEPTH 256
        {"tlb_ways", 4},
        {"walk_cache_sets", 64},  // TCUCFG_WCS1L0_DEPTH to WCS1L2 and WCS2L0 to WCS2L2, 256 each
        {"walk_cache_ways", 24},
        {"ipa_cache_sets", 64},  // TCUCFG_WCS2L3_DEPTH 256
        {"ipa_cache_ways", 4},
        {"config_sets", 64},  // TCUCFG_CC_DEPTH 256
        {"config_ways", 4}}},
      // One walk cache of 1,024 entries in 8 ways holds translations and pointers of both stages: half of it
      // stands for the main TLB, a quarter each for walk cache and IPA cache. The TBU's main TLB stands for
      // the micro TLB; the four entries in front of it are not modelled.
      {"mmu-700",
       "the configuration of the reset values in Arm's MMU-700 TRM (101542_0102_09, tables 3-11 and 3-16), "
       "with the MMU-600AE's ways of the configuration cache (101412_0100_07, 2.2); division of the one walk "
       "cache ours, all else as gem5",
       {{"slots", 64},           // TBUCFG_XLATE_SLOTS, TBU_SYSDISC4
        {"micro_tlb_sets", 16},  // TBUCFG_MTLB_DEPTH 64, TBU_SYSDISC0
        {"micro_tlb_ways", 4},   // TBUCFG_MTLB_WAYS, TBU_SYSDISC2
        {"tlb_sets", 64},        // TCUCFG_WC_DEPTH 1024, TCU_SYSDISC0
        {"tlb_ways", 8},         // TCUCFG_WC_WAYS, TCU_SYSDISC2
        {"walk_cache_sets", 32},
        {"walk_cache_ways", 8},
        {"ipa_cache_sets", 32},
        {"ipa_cache_ways", 8},
        {"config_sets", 128},  // TCUCFG_CC_DEPTH 512, TCU_SYSDISC1
        {"config_ways", 4},
        {"walker_slots", 64}}},  // TCUCFG_PTW_SLOTS, TCU_SYSDISC5
  };
  return all;
}

}  // namespace smmuvp::smmuv3
