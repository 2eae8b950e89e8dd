// What registers do beyond storing values.
#include "smmuvp/smmuv2/programming_interface.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

void ProgrammingInterface::register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                                            std::uint64_t old, std::uint64_t value, std::uint64_t written,
                                            std::uint64_t lanes) {
  const Reg which = static_cast<Reg>(id);
  if (m_maintenance.written(which, index, security, written, lanes, m_now)) return;
  if (m_address_translation.written(which, index, security, written, lanes, m_now)) return;
  if (m_monitors.written(which, index, old, value, written)) return;
  if (bank_written(which, index, old, value, written)) return;
  global_written(which, index, security, old, value, written);
}

// @return whether the register is a bank's
bool ProgrammingInterface::bank_written(Reg id, std::uint32_t bank, std::uint64_t old, std::uint64_t value,
                                        std::uint64_t written) {
  switch (id) {
    case SMMU_CBn_SCTLR:
      if (stalls_disabled(bank)) {  // 3.7.3: CFCFG is RAZ/WI
        const std::uint64_t CFCFG = SCTLR_CFCFG.in_word();
        m_registers.set(SMMU_CBn_SCTLR, (value & ~CFCFG) | (old & CFCFG), bank);
      }
      configuration_changed();
      m_faults.update_bank(bank);
      return true;
    case SMMU_CBn_FSR:
      m_faults.update_bank(bank);
      return true;
    case SMMU_CBn_FSRRESTORE: {  // 16.5.10: all but SS and Format
      const std::uint32_t kept = fsr::SS | fsr::Format;
      m_registers.set(
          SMMU_CBn_FSR,
          (written & m_registers.info(SMMU_CBn_FSR).write_mask & ~kept) | (m_faults.FSR(bank) & fsr::SS),
          bank);
      m_faults.update_bank(bank);
      configuration_changed();  // it may block
      return true;
    }
    case SMMU_CBn_RESUME:  // 16.5.28: ignored where nothing is stalled
      if (!m_faults.stalled(bank)) return true;
      m_faults.clear_SS(bank);
      m_stalls.resume(bank, (written & 1U) != 0 ? smmu::StallAnswer::terminate : smmu::StallAnswer::retry,
                      m_now);
      return true;
    case SMMU_CBn_ACTLR:
      // MMU-500: locked while sACR.CACHE_LOCK of either Security state is 1.
      if (m_parts.features.mmu500_registers && mmu500_locked()) m_registers.set(SMMU_CBn_ACTLR, old, bank);
      return true;
    case SMMU_CBn_TCR:
      if (is_stage2_32(bank)) {  // 17.3.8: writes of EAE and of bit 4 are ignored
        const std::uint64_t kept = TCR_EAE.in_word() | TCR_PD0.in_word();
        m_registers.set(SMMU_CBn_TCR, (value & ~kept) | (old & kept), bank);
      }
      if (old != value) configuration_changed();
      return true;
    case SMMU_CBn_TCR2:
    case SMMU_CBn_TTBR0:
    case SMMU_CBn_TTBR1:
    case SMMU_CBn_PRRR_MAIR0:
    case SMMU_CBn_NMRR_MAIR1:
    case SMMU_CBn_CONTEXTIDR:
      if (old != value) configuration_changed();
      return true;
    default:
      return false;
  }
}

bool ProgrammingInterface::mmu500_locked() const {
  const auto locked = [this](AccessSecurity s) {
    return is_set(m_registers.get(SMMU_sACR, 0, s), sACR_CACHE_LOCK);
  };
  return locked(AccessSecurity::NonSecure) || (m_parts.features.SES && locked(AccessSecurity::Secure));
}

void ProgrammingInterface::global_written(Reg id, std::uint32_t index, AccessSecurity security,
                                          std::uint64_t old, std::uint64_t value, std::uint64_t written) {
  switch (id) {
    case SMMU_sCR0:
      // 9.6.3: STALLD makes GSE RAZ/WI.
      if (is_set(value, sCR0_STALLD)) m_registers.set(SMMU_sCR0, value & ~sCR0_GSE.in_word(), 0, security);
      m_streams_old = true;
      configuration_changed();
      m_faults.update_global();
      break;
    case SMMU_SCR1:
      m_streams_old = true;
      configuration_changed();
      m_faults.update_all();
      break;
    case SMMU_SMRn:
    case SMMU_SSDRn:
      m_streams_old = true;
      configuration_changed();
      break;
    case SMMU_S2CRn:
      if (m_parts.features.quirks.has(Quirk::qcom_s2cr_bypass_faults) && get(value, S2CR_TYPE) == 1) {
        m_registers.set(SMMU_S2CRn, (value & ~S2CR_TYPE.in_word()) | std::uint64_t{2} << S2CR_TYPE.low,
                        index);
      }
      m_streams_old = true;
      configuration_changed();
      break;
    case SMMU_CBARn:
    case SMMU_CBA2Rn:
      configuration_changed();
      m_faults.update_bank(index);
      break;
    case SMMU_sGFSR:
      m_faults.update_global();
      break;
    case SMMU_sGFSRRESTORE:  // 9.6.16
      m_registers.set(SMMU_sGFSR, written & m_registers.policy(SMMU_sGFSR, 0, security).write_mask, 0,
                      security);
      m_faults.update_global();
      break;
    default:
      break;
  }
  (void)old;
}

}  // namespace smmuvp::smmuv2
