// The registers of a performance monitor counter group, declared once (IHI 0070 10.5).
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/fields.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

/// Ids of the rows of pmcg_register_table().
enum PmcgReg : std::uint16_t {
  SMMU_PMCG_EVCNTRn,
  SMMU_PMCG_EVTYPERn,
  SMMU_PMCG_SVRn,
  SMMU_PMCG_SMRn,
  SMMU_PMCG_CNTENSET0,
  SMMU_PMCG_CNTENCLR0,
  SMMU_PMCG_INTENSET0,
  SMMU_PMCG_INTENCLR0,
  SMMU_PMCG_OVSCLR0,
  SMMU_PMCG_OVSSET0,
  SMMU_PMCG_CAPR,
  SMMU_PMCG_SCR,
  SMMU_PMCG_CFGR,
  SMMU_PMCG_CR,
  SMMU_PMCG_IIDR,
  SMMU_PMCG_CEID0,
  SMMU_PMCG_CEID1,
  SMMU_PMCG_ROOTCR,
  SMMU_PMCG_IRQ_CTRL,
  SMMU_PMCG_IRQ_CTRLACK,
  SMMU_PMCG_IRQ_CFG0,
  SMMU_PMCG_IRQ_CFG1,
  SMMU_PMCG_IRQ_CFG2,
  SMMU_PMCG_IRQ_STATUS,
  SMMU_PMCG_GMPAM,
  SMMU_PMCG_AIDR,
  SMMU_PMCG_MPAMIDR,
  SMMU_PMCG_S_MPAMIDR,
  SMMU_PMCG_PMAUTHSTATUS,
  SMMU_PMCG_PMDEVARCH,
  SMMU_PMCG_PMDEVTYPE,
  SMMU_PMCG_PIDRs,  ///< PIDR4 to PIDR7, then PIDR0 to PIDR3
  SMMU_PMCG_CIDRn = SMMU_PMCG_PIDRs + 8,
};

/// Architected events (IHI 0070 10.3).
enum class PmcgEvent : std::uint16_t {
  cycle = 0,
  transaction = 1,
  tlb_miss = 2,
  config_miss = 3,
  walk_access = 4,
  config_access = 5,
  ats_request = 6,
  ats_translated = 7,
};
const char* to_string(PmcgEvent event);
/// Bits of CEID0: what a group can count. Translation Requests are the TCU's, Translated transactions a
/// TBU's.
/// @param of_tcu  else of a TBU. A TBU has no configuration caches and no walker
constexpr std::uint64_t countable_events(const Features& f, bool of_tcu) {
  return of_tcu ? 0x3fU | (f.ATS ? 1U << 6 : 0U) : 0x7U | (f.ATS ? 1U << 7 : 0U);
}

/// Where the page of counters is in the offsets of pmcg_register_table(), with RELOC_CTRS.
constexpr std::uint32_t pmcg_page1 = PmcgFeatures::page_size;

/// Every register of a group, those too that are RES0 because what they are for is not built.
std::vector<RegisterInfo> pmcg_register_table(const Features& features, bool of_tcu);

inline constexpr Field PMCG_EVTYPER_EVENT{"EVENT", 15, 0, "IHI 0070 10.5.2.2", "what is counted"};
inline constexpr Field PMCG_EVTYPER_FILTER_SID_SPAN{"FILTER_SID_SPAN", 29, 29, "IHI 0070 10.5.2.2",
                                                    "SMRn names a span of StreamIDs"};
inline constexpr Field PMCG_EVTYPER_OVFCAP{"OVFCAP", 31, 31, "IHI 0070 10.5.2.2",
                                           "an overflow captures all counters"};
constexpr std::uint32_t PMCG_CAPR_CAPTURE = 1U << 0;
constexpr std::uint32_t PMCG_CR_E = 1U << 0;
constexpr std::uint32_t PMCG_IRQEN = 1U << 0;  ///< of IRQ_CTRL and IRQ_CTRLACK
constexpr std::uint32_t PMCG_IRQ_ABT = 1U << 0;

}  // namespace smmuvp::smmuv3
