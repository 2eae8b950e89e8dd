// How accesses to registers are let in.
#include "smmuvp/smmuv2/programming_interface.h"

#include <string>

#include "smmuvp/smmu/trace_points.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

ProgrammingInterface::ProgrammingInterface(const Parts& parts)
    : m_parts(parts),
      m_registers(register_table(parts.features), *this),
      m_faults(parts, m_registers),
      m_stalls(parts),
      m_speculation(parts.structures.adversity.speculation != 0 ? std::make_unique<Speculation>(parts, *this)
                                                                : nullptr),
      m_late(parts.structures.adversity.invalidation_delay != 0
                 ? std::make_unique<LateMaintenance>(parts, *this)
                 : nullptr),
      m_maintenance(parts, m_registers, late_maintenance(), speculation()),
      m_address_translation(parts, *this, m_registers),
      m_monitors(parts, m_registers, m_faults),
      m_contexts(2U * parts.features.NUMCB) {
  prepare(m_registers, parts.features);
  m_monitors.reset();
}

// 9.1, 16.1: registers are accessed at their own size, 64-bit ones by halves too. Whether there are others is
// IMPLEMENTATION DEFINED; here they are RAZ/WI.
bool ProgrammingInterface::legal_access(std::uint32_t offset, unsigned bytes, bool write) {
  const char* what = write ? "write" : "read";
  if ((bytes != 4 && bytes != 8) || offset % bytes != 0) {
    m_parts.diag.guest_error("register.size",
                             std::string("a ") + what + " of " + std::to_string(bytes) +
                                 " bytes is no aligned access of 4 or 8 bytes; it is RAZ/WI",
                             "IHI 0062 9.1, 16.1", {}, offset);
    return false;
  }
  if (bytes == 8 && m_parts.features.quirks.has(Quirk::marvell_582743)) {
    m_parts.diag.guest_error("register.quirk",
                             std::string("a 64-bit ") + what + " is RAZ/WI with the quirk marvell_582743",
                             "IHI 0062 9.1, 16.1", {}, offset);
    return false;
  }
  const std::optional<Located> at = m_registers.locate(offset);
  if (at && !in_format(static_cast<Reg>(at->id), at->index)) return false;
  const bool whole = at && at->bytes == 8;
  if (bytes == 8 && !whole && (at || m_registers.locate(offset + 4))) {
    m_parts.diag.guest_error("register.pair",
                             std::string("a 64-bit ") + what + " of two 32-bit registers is RAZ/WI",
                             "IHI 0062 9.1, 16.1", {}, offset);
    return false;
  }
  return true;
}

// The quirk qcom_last_bank.
bool ProgrammingInterface::answers(std::uint32_t offset) const {
  const Features& f = m_parts.features;
  if (!f.quirks.has(Quirk::qcom_last_bank) || offset < f.window_bytes() / 2) return true;
  return (offset - f.window_bytes() / 2) / f.page_bytes() + 1 != f.NUMCB;
}

// The quirk calxeda_secure_access.
AccessSecurity ProgrammingInterface::taken_as(AccessSecurity security) const {
  return m_parts.features.quirks.has(Quirk::calxeda_secure_access) ? AccessSecurity::Secure : security;
}

// 3.9, 16.1, 17.1: registers of the other format are RAZ/WI, and keep what they hold.
bool ProgrammingInterface::in_format(Reg id, unsigned bank) const {
  const auto stage2 = [&] { return get(reg(SMMU_CBARn, bank), CBAR_TYPE) == 0; };
  switch (id) {
    case SMMU_CBn_TCR2:
    case SMMU_CBn_TTBR1:
    case SMMU_CBn_CONTEXTIDR:
    case SMMU_CBn_PRRR_MAIR0:
    case SMMU_CBn_NMRR_MAIR1:
    case SMMU_CBn_PAR:
    case SMMU_CBn_ATSR:
      return !stage2();
    case SMMU_CBn_IPAFAR:
      return stage2();
    default:
      return true;
  }
}

bool ProgrammingInterface::is_stage2_32(unsigned bank) const {
  return get(reg(SMMU_CBARn, bank), CBAR_TYPE) == 0 && !is_set(reg(SMMU_CBA2Rn, bank), CBA2R_VA64);
}

// 2.3.3, 2.6.1, 3.9, 8.2, 9.6.24
ProgrammingInterface::Permission ProgrammingInterface::permission(std::uint32_t offset,
                                                                  AccessSecurity security) const {
  const Features& f = m_parts.features;
  if (!f.SES || security == AccessSecurity::Secure) return Permission::allowed;
  const bool GASRAE = is_set(reg(SMMU_SCR1), SCR1_GASRAE);
  const Permission refused = f.CAF ? Permission::faults : Permission::raz_wi;
  if (offset >= f.window_bytes() / 2) {
    // Inside a bank nothing raises a configuration access fault (3.9).
    const unsigned bank = (offset - f.window_bytes() / 2) / f.page_bytes();
    if (bank >= f.NUMCB) return Permission::allowed;
    const bool stage2 = get(reg(SMMU_CBARn, bank), CBAR_TYPE) == 0;
    return banks().is_secure(bank) || (GASRAE && stage2) ? Permission::raz_wi : Permission::allowed;
  }
  if (GASRAE) return refused;
  const std::optional<Located> at = m_registers.locate(offset);
  if (!at) return Permission::allowed;
  switch (at->id) {
    case SMMU_SMRn:
    case SMMU_S2CRn:
      return at->index >= get(reg(SMMU_SCR1), SCR1_NSNUMSMRGO) ? refused : Permission::allowed;
    case SMMU_CBARn:
    case SMMU_CBA2Rn:
    case SMMU_CBFRSYNRAn:
      return banks().is_secure(at->index) ? refused : Permission::allowed;
    case SMMU_SSDRn:  // 13.1: UNKNOWN, and writes are ignored
      return Permission::raz_wi;
    default:
      return m_registers.info(at->id).bank == SecurityBank::SecureOnly ? refused : Permission::allowed;
  }
}

// 3.8.1, 3.9. @return false: it is terminated with an error
bool ProgrammingInterface::configuration_fault(std::uint32_t offset, bool write, AccessSecurity security,
                                               const AccessMarks& marks) {
  GlobalFault fault;
  fault.bit = gfsr::CAF;
  fault.secure = !is_set(reg(SMMU_SCR1), SCR1_NSCAFRO);
  fault.of_non_secure = fault.non_secure_attr = security == AccessSecurity::NonSecure;
  fault.privileged = marks.privileged;
  fault.instruction = marks.instruction && !write;
  fault.write = write;
  fault.address = offset;
  m_faults.record(fault);
  return !is_set(CR0(fault.secure), sCR0_GCFGFRE);
}

bool ProgrammingInterface::read(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                smmu::TimePs now, std::uint64_t& value, const AccessMarks& marks) {
  value = 0;
  m_now = now;
  if (!answers(offset)) return false;
  security = taken_as(security);
  const Permission permitted = permission(offset, security);
  if (permitted == Permission::faults) return configuration_fault(offset, false, security, marks);
  if (permitted == Permission::raz_wi || !legal_access(offset, bytes, false)) return true;
  m_monitors.advance(now);
  m_reader = security;
  m_registers.read(offset, bytes, security, value);
  if (m_parts.tracer.on()) {
    m_parts.tracer.emit(now, smmu::trace_register_read, m_registers.name_at(offset), value);
  }
  return true;
}

bool ProgrammingInterface::write(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                 smmu::TimePs now, std::uint64_t value, const AccessMarks& marks) {
  m_now = now;
  if (!answers(offset)) return false;
  security = taken_as(security);
  const Permission permitted = permission(offset, security);
  if (permitted == Permission::faults) return configuration_fault(offset, true, security, marks);
  if (permitted == Permission::raz_wi || !legal_access(offset, bytes, true)) return true;
  if (m_parts.tracer.on()) {
    m_parts.tracer.emit(now, smmu::trace_register_write, m_registers.name_at(offset), value);
  }
  m_monitors.advance(now);
  m_registers.write(offset, bytes, security, value);
  return true;
}

void ProgrammingInterface::peek(std::uint32_t offset, unsigned bytes, AccessSecurity security,
                                std::uint64_t& value) const {
  value = 0;
  if (permission(offset, security) != Permission::allowed) return;
  const std::optional<Located> at = m_registers.locate(offset);
  if (!at || (bytes != 4 && bytes != 8) || offset % bytes != 0 || (bytes == 8 && at->bytes != 8)) return;
  if (!in_format(static_cast<Reg>(at->id), at->index)) return;
  m_registers.peek(offset, bytes, security, value);
  const unsigned shift = 8U * at->offset;
  value = shown(at->id, at->index, security, value << shift) >> shift;
  if (bytes == 4) value &= 0xffff'ffffU;
}

std::uint64_t ProgrammingInterface::register_read(std::uint16_t id, std::uint32_t index,
                                                  AccessSecurity security, std::uint64_t stored) {
  switch (id) {
    case SMMU_CBn_TLBSTATUS:
      return m_maintenance.SACTIVE(index, m_now) ? 1U : 0U;
    case SMMU_sTLBGSTATUS:
      return m_maintenance.GSACTIVE(security, m_now) ? 1U : 0U;
    case SMMU_sGFSYNR1:  // by who reads, not by whose copy it is: aliases show all (9.6.18)
      return shown(id, index, m_reader, stored);
    default:
      return shown(id, index, security, stored);
  }
}

std::uint64_t ProgrammingInterface::id_register(std::uint16_t id, AccessSecurity security,
                                                std::uint64_t stored) const {
  const Features& f = m_parts.features;
  if (!f.SES || security == AccessSecurity::Secure) return stored;
  // 9.6.1: what Non-secure software sees
  const IdRegisters ids = id_registers(f, security, reg(SMMU_SCR1));
  return id == SMMU_IDR0 ? ids.IDR0 : ids.IDR1;
}

/// What reads give of the stored value.
std::uint64_t ProgrammingInterface::shown(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                                          std::uint64_t stored) const {
  const Features& f = m_parts.features;
  switch (id) {
    case SMMU_IDR0:
    case SMMU_IDR1:
      return id_register(id, security, stored);
    case SMMU_CBn_SCTLR:  // 3.7.3: STALLD forces CFCFG to be RAZ/WI
      return stalls_disabled(index) ? stored & ~SCTLR_CFCFG.in_word() : stored;
    case SMMU_CBn_FSR:
      return (stored & ~std::uint64_t{fsr::Format}) | m_faults.Format(index);
    case SMMU_CBn_IPAFAR:  // 17.3.2: without both stages it is an alias; SMMUv1 has none
      return f.NTS || f.version == 1 ? stored : m_registers.get(SMMU_CBn_FAR, index);
    case SMMU_CBn_TCR:  // 17.3.8: EAE of a stage 2 format bank
      return is_stage2_32(index) ? stored | TCR_EAE.in_word() : stored;
    case SMMU_CBFRSYNRAn:
    case SMMU_sGFSYNR1:  // 9.6.18, 10.2.3: SSD_Index is Secure software's
      return f.SES && security == AccessSecurity::NonSecure ? stored & 0xffffU : stored;
    default:
      if (const auto value = m_monitors.shown(static_cast<Reg>(id), index)) return *value;
      return stored;
  }
}

void ProgrammingInterface::restore(Reg id, unsigned index, std::uint64_t value) {
  m_registers.set(id, value, index);
  m_streams_old = true;
  configuration_changed();
  m_faults.update_all();
}

// ---- what accesses go by

const StreamMap& ProgrammingInterface::streams() {
  if (m_streams_old) {
    m_streams.refresh(m_registers, m_parts.features);
    m_streams_old = false;
  }
  return m_streams;
}

const Context& ProgrammingInterface::context(unsigned bank, bool secure) {
  if (bank >= m_parts.features.NUMCB) {
    m_other = decode_context(banks(), bank, secure, false);
    return m_other;
  }
  Decoded& d = m_contexts[2U * bank + (secure ? 1U : 0U)];
  if (d.epoch != m_epoch) {
    d.context = decode_context(banks(), bank, secure, false);
    d.epoch = m_epoch;
  }
  return d.context;
}

bool ProgrammingInterface::blocks(unsigned bank) const {
  return m_faults.FSR(bank) != 0 && !is_set(reg(SMMU_CBn_SCTLR, bank), SCTLR_HUPCF);
}

FaultFate ProgrammingInterface::fate(unsigned bank) const {
  if (m_faults.FSR(bank) == 0) return first_fate(bank);
  if (m_faults.stalled(bank)) return FaultFate::waits;
  return is_set(reg(SMMU_CBn_SCTLR, bank), SCTLR_HUPCF) ? FaultFate::merged : FaultFate::lost;
}

FaultFate ProgrammingInterface::first_fate(unsigned bank) const {
  return stalls_at(bank) ? FaultFate::stalls : FaultFate::recorded;
}

bool ProgrammingInterface::stalls_at(unsigned bank) const {
  return m_parts.features.stalls && is_set(reg(SMMU_CBn_SCTLR, bank), SCTLR_CFCFG) && !stalls_disabled(bank);
}

// 3.7.3. CR0.STALLD does not apply to Secure banks (IMPLEMENTATION DEFINED).
bool ProgrammingInterface::stalls_disabled(unsigned bank) const {
  if (m_parts.features.SES && is_set(CR0(true), sCR0_STALLD)) return true;
  return !banks().is_secure(bank) && is_set(CR0(false), sCR0_STALLD);
}

std::optional<unsigned> ProgrammingInterface::global_stall(bool secure) const {
  if (!m_parts.features.GSE || !is_set(CR0(secure), sCR0_GSE)) return std::nullopt;
  for (unsigned bank = 0; bank < m_parts.features.NUMCB; ++bank) {
    if (m_faults.stalled(bank)) return bank;
  }
  return std::nullopt;
}

// GSE of either state is about stalls of both.
void ProgrammingInterface::hold_back(unsigned bank) {
  if (blocks(bank) || global_stall(false) || global_stall(true)) m_parts.engine.forget_answers(0, 0);
}

bool ProgrammingInterface::ssd_secure(std::uint32_t SSD_Index) const {
  return (m_registers.get(SMMU_SSDRn, SSD_Index / 32) >> SSD_Index % 32 & 1U) == 0;
}

// ---- state

void ProgrammingInterface::configuration_changed() {
  ++m_epoch;
  m_parts.engine.overtake();  // what is under way may go by what was before: no TBU keeps its answer
  if (!m_kept) return;
  m_kept = false;
  m_parts.engine.forget_answers(0, 0);
}

void ProgrammingInterface::reset() {
  m_registers.reset();
  m_stalls.reset();
  m_maintenance.reset();
  if (m_late) m_late->reset();
  if (m_speculation) m_speculation->reset();
  m_address_translation.reset();
  m_streams_old = true;
  configuration_changed();
  m_faults.update_all();
  m_monitors.reset();
}

void ProgrammingInterface::visit(Archive& archive) {
  archive.begin("registers");
  m_registers.visit(archive);
  archive.end();
  m_maintenance.visit(archive);
  if (m_late) m_late->visit(archive);
  m_monitors.visit(archive);
  if (!archive.loading()) return;
  m_streams_old = true;
  m_kept = true;
  configuration_changed();
  m_faults.update_all();
}

}  // namespace smmuvp::smmuv2
