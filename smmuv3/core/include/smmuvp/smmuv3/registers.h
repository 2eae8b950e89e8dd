// The SMMUv3 registers, declared once.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

/// Ids of the rows of register_table().
enum Reg : std::uint16_t {
  SMMU_IDR0,
  SMMU_IDR1,
  SMMU_IDR2,
  SMMU_IDR3,
  SMMU_IDR4,
  SMMU_IDR5,
  SMMU_IIDR,
  SMMU_AIDR,
  SMMU_CR0,
  SMMU_CR0ACK,
  SMMU_CR1,
  SMMU_CR2,
  SMMU_STATUSR,
  SMMU_GBPA,
  SMMU_AGBPA,
  SMMU_IRQ_CTRL,
  SMMU_IRQ_CTRLACK,
  SMMU_GERROR,
  SMMU_GERRORN,
  SMMU_GERROR_IRQ_CFG0,
  SMMU_GERROR_IRQ_CFG1,
  SMMU_GERROR_IRQ_CFG2,
  SMMU_STRTAB_BASE,
  SMMU_STRTAB_BASE_CFG,
  SMMU_CMDQ_BASE,
  SMMU_CMDQ_PROD,
  SMMU_CMDQ_CONS,
  SMMU_EVENTQ_BASE,
  SMMU_EVENTQ_IRQ_CFG0,
  SMMU_EVENTQ_IRQ_CFG1,
  SMMU_EVENTQ_IRQ_CFG2,
  SMMU_PRIQ_BASE,
  SMMU_PRIQ_IRQ_CFG0,
  SMMU_PRIQ_IRQ_CFG1,
  SMMU_PRIQ_IRQ_CFG2,
  SMMU_EVENTQ_PROD,
  SMMU_EVENTQ_CONS,
  SMMU_PRIQ_PROD,
  SMMU_PRIQ_CONS,
  SMMU_GATOS_CTRL,
  SMMU_GATOS_SID,
  SMMU_GATOS_ADDR,
  SMMU_GATOS_PAR,
  SMMU_VATOS_SEL,  ///< this and the next ones where Features::has_vatos() says so
  SMMU_VATOS_CTRL,
  SMMU_VATOS_SID,
  SMMU_VATOS_ADDR,
  SMMU_VATOS_PAR,
  SMMU_IDR6,  ///< with Enhanced Command queues
  SMMU_MPAMIDR,
  SMMU_GMPAM,
  SMMU_GBPMPAM,
  SMMU_S_INIT,   ///< of the Secure bank only
  SMMU_S_first,  ///< ids of what of the Secure bank is RES0 follow
};

/// Bytes of the register window without optional pages: Page 0 and Page 1 (IHI 0070 6.1).
constexpr std::uint32_t window_size = 0x20000;

/// The Secure registers (IHI 0070 6.3.42 to 6.3.94).
constexpr std::uint32_t secure_first = 0x8000;
constexpr std::uint32_t secure_last = 0xffff;

/// The registers of one programming interface of an SMMU with these features. Those of the Secure one have
/// the ids of their Non-secure counterparts. Without it, its registers are declared in the Non-secure table,
/// as RES0 (IHI 0070 6.2).
std::vector<RegisterInfo> register_table(const Features& features, SecSid sec_sid = SecSid::non_secure);

// Fields.
constexpr std::uint32_t CR0_SMMUEN = 1U << 0;
constexpr std::uint32_t CR0_PRIQEN = 1U << 1;
constexpr std::uint32_t CR0_EVENTQEN = 1U << 2;
constexpr std::uint32_t CR0_CMDQEN = 1U << 3;
constexpr std::uint32_t CR0_ATSCHK = 1U << 4;
constexpr unsigned CR0_VMW_shift = 6;
constexpr std::uint32_t CR0_VMW = 7U << CR0_VMW_shift;
/// Fields that are there whatever the features.
constexpr std::uint32_t CR0_implemented = CR0_SMMUEN | CR0_EVENTQEN | CR0_CMDQEN;
constexpr std::uint32_t CR0_SIF = 1U << 5;       ///< S_CR0 only
constexpr std::uint32_t CR0_NSSTALLD = 1U << 9;  ///< S_CR0 only
constexpr std::uint32_t S_INIT_INV_ALL = 1U << 0;
/// Fields of CR0, or S_CR0. ATS and PRI are of Non-secure streams only (IHI 0070 3.9.1, 8.2); 6.3.57:
/// NSSTALLD is RES0 where Stall and Terminate model are not both there.
constexpr std::uint32_t cr0_fields(const Features& f, SecSid sec_sid = SecSid::non_secure) {
  const std::uint32_t common = CR0_implemented | (f.VMW ? CR0_VMW : 0U);
  if (sec_sid == SecSid::secure) return common | CR0_SIF | (f.STALL_MODEL == 0 ? CR0_NSSTALLD : 0U);
  return common | (f.ATS ? CR0_ATSCHK : 0U) | (f.PRI ? CR0_PRIQEN : 0U);
}
constexpr std::uint32_t CR1_TABLE = 0xfc0;
constexpr std::uint32_t CR1_QUEUE = 0x03f;
constexpr std::uint32_t CR2_E2H = 1U << 0;
constexpr std::uint32_t CR2_RECINVSID = 1U << 1;
constexpr std::uint32_t CR2_PTM = 1U << 2;
constexpr std::uint32_t CR2_REC_CFG_ATS = 1U << 3;
constexpr std::uint32_t GBPA_Update = 1U << 31;
constexpr std::uint32_t GBPA_ABORT = 1U << 20;
constexpr std::uint32_t IRQ_CTRL_GERROR_IRQEN = 1U << 0;
constexpr std::uint32_t IRQ_CTRL_PRIQ_IRQEN = 1U << 1;
constexpr std::uint32_t IRQ_CTRL_EVENTQ_IRQEN = 1U << 2;
/// Those that every SMMU has.
constexpr std::uint32_t IRQ_CTRL_implemented = IRQ_CTRL_GERROR_IRQEN | IRQ_CTRL_EVENTQ_IRQEN;
constexpr std::uint32_t irq_ctrl_fields(const Features& features) {
  return IRQ_CTRL_implemented | (features.PRI ? IRQ_CTRL_PRIQ_IRQEN : 0U);
}
constexpr std::uint32_t GERROR_CMDQ_ERR = 1U << 0;
constexpr std::uint32_t GERROR_EVENTQ_ABT_ERR = 1U << 2;
constexpr std::uint32_t GERROR_PRIQ_ABT_ERR = 1U << 3;
constexpr std::uint32_t GERROR_MSI_CMDQ_ABT_ERR = 1U << 4;
constexpr std::uint32_t GERROR_MSI_EVENTQ_ABT_ERR = 1U << 5;
constexpr std::uint32_t GERROR_MSI_PRIQ_ABT_ERR = 1U << 6;
constexpr std::uint32_t GERROR_MSI_GERROR_ABT_ERR = 1U << 7;
constexpr std::uint32_t GERROR_SFM_ERR = 1U << 8;
constexpr std::uint32_t GERROR_CMDQP_ERR = 1U << 9;  ///< with Enhanced Command queues of the interface
/// The fields of GERROR and GERRORN that are there. The model has no service failure mode, yet its field is
/// (IHI 0070 6.3.19).
constexpr std::uint32_t gerror_fields(const Features& features) {
  constexpr std::uint32_t always = GERROR_CMDQ_ERR | GERROR_EVENTQ_ABT_ERR | GERROR_SFM_ERR;
  constexpr std::uint32_t of_msis =
      GERROR_MSI_CMDQ_ABT_ERR | GERROR_MSI_EVENTQ_ABT_ERR | GERROR_MSI_GERROR_ABT_ERR;
  const std::uint32_t of_pri =
      features.PRI ? GERROR_PRIQ_ABT_ERR | (features.MSI ? GERROR_MSI_PRIQ_ABT_ERR : 0U) : 0U;
  return always | of_pri | (features.MSI ? of_msis : 0U);
}
constexpr std::uint32_t CMDQ_CONS_ERR_shift = 24;
constexpr std::uint32_t CMDQ_CONS_ERR = 0x7fU << CMDQ_CONS_ERR_shift;
constexpr std::uint32_t QUEUE_OVFLG = 1U << 31;  ///< and OVACKFLG, of CONS
constexpr std::uint32_t EVENTQ_OVFLG = QUEUE_OVFLG;
constexpr std::uint32_t PRIQ_IRQ_CFG2_LO = 1U << 31;
constexpr std::uint32_t GATOS_CTRL_RUN = 1U << 0;  ///< and of the other groups
constexpr std::uint32_t GMPAM_Update = 1U << 31;   ///< and that of GBPMPAM
constexpr std::uint32_t GMPAM_MPAM_NS = 1U << 24;
constexpr unsigned GMPAM_PMG_shift = 16;
constexpr std::uint64_t BASE_hint = std::uint64_t{1} << 62;  ///< RA, WA

}  // namespace smmuvp::smmuv3
