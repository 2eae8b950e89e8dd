#include <iterator>

#include "smmuvp/base/check_fields.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr const StructureInfo* formats[] = {
    &SCR0_format,
    &CR0_format,
    &SCR1_format,
    &sCR2_format,
    &sACR_mmu500_format,
    &IDR0_format,
    &IDR1_format,
    &IDR2_format,
    &IDR7_format,
    &SGFSR_format,
    &GFSR_format,
    &SGFSYNR0_format,
    &GFSYNR0_format,
    &sGFSYNR1_format,
    &sGATS_format,
    &sGATSR_format,
    &sTLBGSTATUS_format,
    &sGPAR_short_format,
    &sGPAR_long_format,
    &sGPAR_fault_format,
    &PAR_short_format,
    &PAR_long_format,
    &PAR_fault_format,
    &TLBIVMID_format,
    &TLBIVAH_format,
    &TLBIVAH64_format,
    &SMR_format,
    &SMR_extended_format,
    &S2CR_translation_format,
    &S2CR_bypass_format,
    &S2CR_fault_format,
    &CBAR_stage2_format,
    &CBAR_stage1_format,
    &CBAR_stage1_fault_format,
    &CBAR_nested_format,
    &CBA2R_format,
    &CBFRSYNRA_format,
    &SCTLR_stage1_format,
    &SCTLR_stage2_format,
    &ACTLR_mmu500_format,
    &RESUME_format,
    &TCR_short_format,
    &TCR_long_format,
    &TCR_64_format,
    &TCR_stage2_32_format,
    &TCR_stage2_64_format,
    &TCR2_format,
    &TTBR_short_format,
    &TTBR_long_format,
    &TTBR_64_format,
    &TTBR0_stage2_format,
    &MAIR0_format,
    &MAIR1_format,
    &PRRR_format,
    &NMRR_format,
    &CONTEXTIDR_short_format,
    &CONTEXTIDR_long_format,
    &ATS1_format,
    &ATSR_format,
    &FSR_format,
    &FSYNR0_stage1_format,
    &FSYNR0_stage2_format,
    &TLBIVA_64_format,
    &TLBIVA_32_format,
    &TLBIVAA_64_format,
    &TLBIVAA_32_format,
    &TLBIASID_format,
    &TLBIIPAS2_format,
    &TLBSTATUS_format,
    &PMCFGR_format,
    &PMCR_format,
    &PMCGCR_format,
    &PMCGSMR_format,
    &PMEVTYPER_format,
    &PMCEID0_format,
    &PMAUTHSTATUS_format,
    &PMDEVTYPE_format,
};

constexpr bool all_well_formed() {
  for (const StructureInfo* f : formats) {
    if (!well_formed(*f)) return false;
  }
  return true;
}
static_assert(all_well_formed());

}  // namespace

const std::vector<const StructureInfo*>& register_formats() {
  static const std::vector<const StructureInfo*> all(std::begin(formats), std::end(formats));
  return all;
}

}  // namespace smmuvp::smmuv2
