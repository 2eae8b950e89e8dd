#include "smmuvp/smmuv2/faults.h"

#include "smmuvp/smmuv2/register_fields.h"
#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::smmuv2 {

namespace {

AccessSecurity side(bool secure) { return secure ? AccessSecurity::Secure : AccessSecurity::NonSecure; }

std::uint32_t flag(bool value, unsigned bit) { return value ? 1U << bit : 0U; }

}  // namespace

std::uint64_t GFAR_of(const GlobalFault& f, const Features& features) {
  return f.bit == gfsr::CAF ? f.address : f.address & low_bits(features.UBS);
}

// IND, PNU and NSATTR as they came in (3.4). Nested is reserved in SGFSYNR0, NSSTATE and NSATTR in GFSYNR0.
std::uint32_t GFSYNR0_of(const GlobalFault& f) {
  return flag(f.nested && !f.secure, 0) | flag(f.write, 1) | flag(f.privileged, 2) | flag(f.instruction, 3) |
         flag(f.secure && f.of_non_secure, 4) | flag(f.secure && f.non_secure_attr, 5) | flag(f.ats, 6);
}

std::uint32_t GFSYNR1_of(const GlobalFault& f) { return std::uint32_t{f.SSD_Index} << 16U | f.StreamID; }

Faults::Faults(const Parts& parts, RegisterFile& registers)
    : m_parts(parts), m_registers(registers), m_banks{registers, parts.features} {
  m_levels.context.resize(parts.features.context_interrupts());
  m_levels.pm.resize(parts.features.counter_groups);
}

std::uint32_t Faults::FSR(unsigned bank) const {
  return static_cast<std::uint32_t>(m_registers.get(SMMU_CBn_FSR, bank)) & ~fsr::Format;
}

std::uint32_t Faults::GFSR(bool secure) const {
  return static_cast<std::uint32_t>(m_registers.get(SMMU_sGFSR, 0, side(secure)));
}

std::uint32_t Faults::Format(unsigned bank) const {
  if (m_parts.features.version == 1) return 0;
  const BankState state = m_banks.state(bank);
  return (state.VA64 ? 2U : state.EAE ? 1U : 0U) << 9U;
}

void Faults::record(const GlobalFault& f) {
  const AccessSecurity s = side(f.secure);
  const std::uint32_t before = GFSR(f.secure);
  if (fate(f.secure) == FaultFate::merged) {
    m_registers.set(SMMU_sGFSR, before | gfsr::MULTI, 0, s);
    ++m_parts.statistics.faults_unrecorded;
    update_global();
    return;
  }
  ++m_parts.statistics.global_faults;
  m_registers.set(SMMU_sGFSR, f.bit, 0, s);
  m_registers.set(SMMU_sGFAR, GFAR_of(f, m_parts.features), 0, s);
  m_registers.set(SMMU_sGFSYNR0, GFSYNR0_of(f), 0, s);
  m_registers.set(SMMU_sGFSYNR1, GFSYNR1_of(f), 0, s);
  update_global();
}

void Faults::record(const ContextFault& f, bool stalls) {
  ++m_parts.statistics.context_faults;
  m_registers.set(SMMU_CBn_FSR, f.bit | (stalls ? fsr::SS : 0U), f.bank);
  m_registers.set(SMMU_CBn_FAR, f.FAR, f.bank);
  m_registers.set(SMMU_CBn_FSYNR0, f.FSYNR0, f.bank);
  m_registers.set(SMMU_CBFRSYNRAn, f.CBFRSYNRA, f.bank);
  if (has_IPAFAR(f.bank)) m_registers.set(SMMU_CBn_IPAFAR, f.IPAFAR, f.bank);
  update_bank(f.bank);
}

bool Faults::has_IPAFAR(unsigned bank) const {
  const bool stage2 = m_banks.state(bank).TYPE == BankType::stage2;
  return stage2 && m_parts.features.NTS && m_parts.features.version != 1;
}

void Faults::record_another(unsigned bank) {
  ++m_parts.statistics.faults_unrecorded;
  m_registers.set(SMMU_CBn_FSR, FSR(bank) | fsr::MULTI, bank);
  update_bank(bank);
}

void Faults::clear_SS(unsigned bank) {
  m_registers.set(SMMU_CBn_FSR, FSR(bank) & ~fsr::SS, bank);
  update_bank(bank);
}

// ---- lines

unsigned Faults::line_of(unsigned bank) const {
  if (m_parts.features.dedicated_interrupts()) return bank;
  return static_cast<unsigned>(get(m_registers.get(SMMU_CBARn, bank), CBAR_IRPTNDX));
}

// 3.6.2: of an interrupt that is not there, or not this Security state's, a fault is told globally (UCIF).
bool Faults::has_line(unsigned bank) const {
  const Features& f = m_parts.features;
  if (f.dedicated_interrupts()) return true;
  const unsigned line = line_of(bank);
  if (line >= f.NUMIRPT) return false;
  if (!f.SES || m_banks.is_secure(bank)) return true;
  return line < get(m_registers.get(SMMU_SCR1), SCR1_NSNUMIRPTO);
}

bool Faults::interrupts(unsigned bank) const {
  return is_set(static_cast<std::uint32_t>(m_registers.get(SMMU_CBn_SCTLR, bank)), SCTLR_CFIE);
}

// 3.6.3: SS alone is no fault here.
bool Faults::wants(unsigned bank) const { return interrupts(bank) && (FSR(bank) & ~fsr::SS) != 0; }

void Faults::update_bank(unsigned bank) {
  if (!m_parts.features.dedicated_interrupts()) {
    update_all();
    return;
  }
  const bool level = wants(bank);
  if (m_levels.context[bank] == level) return;
  m_levels.context[bank] = level;
  m_changed = true;
}

void Faults::update_global() {
  Levels now = m_levels;
  for (const bool secure : {false, true}) {
    if (secure && !m_parts.features.SES) continue;
    const std::uint32_t GFSR_now = GFSR(secure);
    const auto CR0 = static_cast<std::uint32_t>(m_registers.get(SMMU_sCR0, 0, side(secure)));
    const bool fault = is_set(CR0, sCR0_GFIE) && (GFSR_now & ~gfsr::CAF) != 0;
    const bool config = is_set(CR0, sCR0_GCFGFIE) && (GFSR_now & gfsr::CAF) != 0;
    (secure ? now.gIrpt : now.NSgIrpt) = fault;
    (secure ? now.gCfgIrpt : now.NSgCfgIrpt) = config;
  }
  const bool same = now.gIrpt == m_levels.gIrpt && now.NSgIrpt == m_levels.NSgIrpt &&
                    now.gCfgIrpt == m_levels.gCfgIrpt && now.NSgCfgIrpt == m_levels.NSgCfgIrpt;
  if (same) return;
  m_levels = std::move(now);
  m_changed = true;
}

void Faults::update_all() {
  std::vector<bool> context(m_levels.context.size());
  for (unsigned bank = 0; bank < m_parts.features.NUMCB; ++bank) {
    if (wants(bank) && has_line(bank)) context[line_of(bank)] = true;
  }
  if (context != m_levels.context) {
    m_levels.context = std::move(context);
    m_changed = true;
  }
  update_global();
}

void Faults::set_monitor_line(unsigned group, bool level) {
  if (m_levels.pm[group] == level) return;
  m_levels.pm[group] = level;
  m_changed = true;
}

bool Faults::take_changed() {
  const bool changed = m_changed;
  m_changed = false;
  return changed;
}

}  // namespace smmuvp::smmuv2
