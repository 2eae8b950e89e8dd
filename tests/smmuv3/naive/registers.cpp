// SPDX-License-Identifier: MIT
//
// Registers: IHI 0070 6.2, 6.3.
#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

Smmu::Smmu(const Features& features, Memory& memory, const Choices& choices)
    : m_features(features), m_memory(memory), m_choices(choices) {
  m_features.validate();
  m_non_secure.GBPA = (m_features.GBPA_ABORT ? uint32_t{1} << 20 : 0) |
                      gbpa_attributes(Space::non_secure, m_features.GBPA_ATTRIBUTES);
  m_secure.GBPA = (m_features.S_GBPA_ABORT ? uint32_t{1} << 20 : 0) |
                  gbpa_attributes(Space::secure, m_features.S_GBPA_ATTRIBUTES);
}

// 6.3.1, 6.3.52: may the interface send MSIs?
bool Smmu::has_msi(const Interface& regs) const { return regs.secure() ? m_features.S_MSI : m_features.MSI; }

uint32_t Smmu::read_secure_id(uint64_t offset) const {
  switch (offset) {
    case IDR0:
      return m_features.s_idr0();
    case IDR1:
      return m_features.s_idr1();
    case IDR2:
      return m_features.s_idr2();
    case IDR4:
      return m_features.S_IDR4;
    case IDR3:
      return m_features.s_idr3();
    default:
      return 0;  // there are no S_IDR5, S_IIDR and S_AIDR
  }
}

uint32_t Smmu::read_id(uint64_t offset) const {
  switch (offset) {
    case IDR0:
      return seen_by(Space::non_secure).idr0();
    case IDR1:
      return m_features.idr1();
    case IDR2:
      return m_features.idr2();
    case IDR3:
      return m_features.idr3();
    case IDR4:
      return m_features.IDR4;
    case IDR5:
      return m_features.idr5();
    case IIDR:
      return m_features.iidr();
    case AIDR:
      return m_features.aidr();
    default:
      return 0;
  }
}

uint32_t Smmu::read_interface(const Interface& regs, uint64_t offset) const {
  if (offset <= AIDR) return regs.secure() ? read_secure_id(offset) : read_id(offset);
  if (offset >= CONTROL_PAGES && offset < CONTROL_PAGES_END) return read_control_page(regs, offset);
  if (offset >= GATOS && offset < GATOS_END) {
    return m_features.ATOS ? read_atos(regs, regs.GATOS, offset - GATOS) : 0;
  }
  auto half = [offset](uint64_t value) { return half_of(value, offset); };
  switch (offset) {
    case CR0:
    case CR0ACK:  // an Update completes with the write (6.3.10)
      return regs.CR0;
    case CR1:
      return regs.CR1;
    case CR2:
      return regs.CR2;
    case STATUSR:
      return !regs.secure() && m_features.DORMHINT && m_choices.dormant ? 1 : 0;
    case GBPA:
      return regs.GBPA;
    case IRQ_CTRL:
    case IRQ_CTRLACK:
      return regs.IRQ_CTRL;
    case GERROR:
      return regs.GERROR;
    case GERRORN:
      return regs.GERRORN;
    case GERROR_IRQ_CFG0:
    case GERROR_IRQ_CFG0 + 4:
      return half(regs.GERROR_IRQ_CFG0);
    case GERROR_IRQ_CFG1:
      return regs.GERROR_IRQ_CFG1;
    case GERROR_IRQ_CFG2:
      return regs.GERROR_IRQ_CFG2;
    case STRTAB_BASE:
    case STRTAB_BASE + 4:
      return half(regs.STRTAB_BASE);
    case STRTAB_BASE_CFG:
      return regs.STRTAB_BASE_CFG;
    case CMDQ_BASE:
    case CMDQ_BASE + 4:
      return half(regs.CMDQ_BASE);
    case CMDQ_PROD:
      return m_choices.stores_index_above_wrap ? regs.CMDQ_PROD : command_queue(regs).pointer(regs.CMDQ_PROD);
    case CMDQ_CONS:  // 6.3.28: bits above the wrap flag are RAZ
      return (regs.CMDQ_CONS & (0x7Fu << 24)) | command_queue(regs).pointer(regs.CMDQ_CONS);
    case EVENTQ_BASE:
    case EVENTQ_BASE + 4:
      return half(regs.EVENTQ_BASE);
    case EVENTQ_IRQ_CFG0:
    case EVENTQ_IRQ_CFG0 + 4:
      return half(regs.EVENTQ_IRQ_CFG0);
    case EVENTQ_IRQ_CFG1:
      return regs.EVENTQ_IRQ_CFG1;
    case EVENTQ_IRQ_CFG2:
      return regs.EVENTQ_IRQ_CFG2;
    case MPAMIDR:
    case GMPAM:
    case GBPMPAM:
      return read_mpam(regs, offset);
    case VATOS_SEL:
      return regs.VATOS_SEL;
    case IDR6:
      return regs.secure() ? m_features.s_idr6() : m_features.idr6();
    case EVENTQ_PROD:  // 6.3.95: bits above the wrap flag are RAZ
      return (regs.EVENTQ_PROD & 0x80000000) | event_queue(regs).pointer(regs.EVENTQ_PROD);
    case EVENTQ_CONS:
      if (m_choices.stores_index_above_wrap) return regs.EVENTQ_CONS;
      return (regs.EVENTQ_CONS & 0x80000000) | event_queue(regs).pointer(regs.EVENTQ_CONS);
    default:
      // AGBPA, MPAM, IDR6, DPT and others: RES0 (6.2 and their descriptions)
      return m_features.PRI && !regs.secure() ? read_priq(offset) : 0;
  }
}

void Smmu::write_interface(Interface& regs, uint64_t offset, uint32_t value) {
  if (offset >= GATOS && offset < GATOS_END) {
    if (m_features.ATOS) write_atos(regs, regs.GATOS, offset - GATOS, value);
    return;
  }
  auto half = [offset, value](uint64_t old) { return with_half(old, offset, value); };
  const bool gerror_msi = has_msi(regs) && !bit(regs.IRQ_CTRL, 0);  // 6.3.21: present, and not Guarded
  const bool event_msi = has_msi(regs) && !bit(regs.IRQ_CTRL, 2);
  const bool pri = m_features.PRI && !regs.secure();
  switch (offset) {
    case CR0:
      write_cr0(regs, value);
      break;
    case CR1:
      write_cr1(regs, value);
      break;
    case CR2: {  // 6.3.12, 6.3.60: RECINVSID, E2H with Hyp or SEL2, Non-secure REC_CFG_ATS with ATSRECERR
      const uint32_t E2H = (regs.secure() ? m_features.SEL2 : m_features.Hyp) ? 1 : 0;
      const uint32_t REC_CFG_ATS = !regs.secure() && m_features.ATSRECERR ? 8 : 0;
      if (!regs.SMMUEN()) regs.CR2 = value & (2 | E2H | REC_CFG_ATS);
      break;
    }
    case GBPA:
      write_gbpa(regs, value);
      break;
    case IRQ_CTRL:  // 6.3.16
      regs.IRQ_CTRL = value & (pri ? 0b111 : 0b101);
      break;
    case GERRORN:  // 6.3.20: CMDQP_ERR with ECMDQ; SFM_ERR, EVENTQ_ABT_ERR, CMDQ_ERR; with MSI,
                   // MSI_{GERROR,EVENTQ,CMDQ}_ABT_ERR; with PRI, PRIQ_ABT_ERR and MSI_PRIQ_ABT_ERR
      regs.GERRORN = value & ((has_msi(regs) ? 0x1B5u : 0x105u) | (has_ecmdq(regs) ? 0x200u : 0u) |
                              (pri ? 0x08u : 0u) | (has_msi(regs) && pri ? 0x40u : 0u));
      break;
    case GERROR_IRQ_CFG0:
    case GERROR_IRQ_CFG0 + 4:
      if (gerror_msi) regs.GERROR_IRQ_CFG0 = address_field(half(regs.GERROR_IRQ_CFG0), 2);
      break;
    case GERROR_IRQ_CFG1:
      if (gerror_msi) regs.GERROR_IRQ_CFG1 = value;
      break;
    case GERROR_IRQ_CFG2:
      if (gerror_msi) regs.GERROR_IRQ_CFG2 = value & 0x3F;
      break;
    case STRTAB_BASE:
    case STRTAB_BASE + 4:  // 6.3.24: RA, ADDR
      if (!regs.SMMUEN()) regs.STRTAB_BASE = base_register(half(regs.STRTAB_BASE), 6, 0);
      break;
    case STRTAB_BASE_CFG:  // 6.3.25: FMT and SPLIT with two-level tables only
      if (!regs.SMMUEN()) regs.STRTAB_BASE_CFG = value & (m_features.ST_LEVEL != 0 ? 0x307FFu : 0x3Fu);
      break;
    case CMDQ_BASE:
    case CMDQ_BASE + 4:  // 6.3.26: RA, ADDR, LOG2SIZE
      if (!regs.CMDQEN()) regs.CMDQ_BASE = base_register(half(regs.CMDQ_BASE), 5, 0x1F);
      break;
    case CMDQ_PROD:  // 6.3.27
      regs.CMDQ_PROD =
          m_choices.stores_index_above_wrap ? value & 0xFFFFF : command_queue(regs).pointer(value);
      break;
    case CMDQ_CONS:  // 6.3.28
      if (!regs.CMDQEN()) {
        const uint32_t ERR = (m_choices.writes_cmdq_cons_err ? value : regs.CMDQ_CONS) & (0x7Fu << 24);
        regs.CMDQ_CONS = ERR | command_queue(regs).pointer(value);
      }
      break;
    case EVENTQ_BASE:
    case EVENTQ_BASE + 4:  // 6.3.29: WA, ADDR, LOG2SIZE
      if (!regs.EVENTQEN()) regs.EVENTQ_BASE = base_register(half(regs.EVENTQ_BASE), 5, 0x1F);
      break;
    case EVENTQ_IRQ_CFG0:
    case EVENTQ_IRQ_CFG0 + 4:
      if (event_msi) regs.EVENTQ_IRQ_CFG0 = address_field(half(regs.EVENTQ_IRQ_CFG0), 2);
      break;
    case EVENTQ_IRQ_CFG1:
      if (event_msi) regs.EVENTQ_IRQ_CFG1 = value;
      break;
    case EVENTQ_IRQ_CFG2:
      if (event_msi) regs.EVENTQ_IRQ_CFG2 = value & 0x3F;
      break;
    case GMPAM:
    case GBPMPAM:
      write_mpam(regs, offset, value);
      break;
    case VATOS_SEL:  // 6.3.44
      if (has_vatos(regs) && regs.VATOS.CTRL == 0)
        regs.VATOS_SEL = value & (m_features.VMID16 ? 0xFFFFu : 0xFFu);
      break;
    case EVENTQ_PROD:  // 6.3.95
      if (!regs.EVENTQEN()) regs.EVENTQ_PROD = (value & 0x80000000) | event_queue(regs).pointer(value);
      break;
    case EVENTQ_CONS:  // 6.3.96
      regs.EVENTQ_CONS =
          (value & 0x80000000) |
          (m_choices.stores_index_above_wrap ? value & 0xFFFFF : event_queue(regs).pointer(value));
      break;
    default:
      if (pri) write_priq(offset, value);
      break;
  }
}

// 6.3.24 and others: bits of an address field above the OAS are RES0, and need not be stored
uint64_t Smmu::address_field(uint64_t value, unsigned lsb) const {
  const uint64_t address = keep(value, 55, lsb);
  return m_choices.stores_addresses_above_oas ? address : truncate(address, m_features.oas_bits());
}

/// *_BASE: the hint in bit 62, the address, and fields below it
uint64_t Smmu::base_register(uint64_t value, unsigned lsb, uint64_t low_fields) const {
  return (value & (uint64_t{1} << 62)) | address_field(value, lsb) | (value & low_fields);
}

// 6.3.9: VMW, ATSCHK, CMDQEN, EVENTQEN, PRIQEN, SMMUEN; the rest is RES0 here. 6.3.57: SIF, and NSSTALLD
// where there is a choice
void Smmu::write_cr0(Interface& regs, uint32_t value) {
  const bool was_enabled = regs.SMMUEN();
  uint32_t present = 0b1101 | (m_features.VMW ? 0x1C0u : 0u);
  if (!regs.secure()) present |= (m_features.ATS ? 0x10u : 0u) | (m_features.PRI ? 0x02u : 0u);
  if (regs.secure()) present |= 0x20u | (m_features.STALL_MODEL == 0 ? 0x200u : 0u);
  const bool redirects = ((regs.CR0 ^ (value & present)) & (regs.secure() ? 0x21u : 0x01u)) != 0;
  regs.CR0 = value & present;
  if (redirects && m_choices.retries_unrecorded_stalls_of_both_states) {
    for (Stalled& stalled : m_stalled) stalled.stale = true;
  }
  if (was_enabled && !regs.SMMUEN()) terminate_stalls(regs.space, std::nullopt);  // 6.3.9.6
  if (!was_enabled && regs.SMMUEN()) regs.GATOS.CTRL = regs.VATOS.CTRL = 0;       // 6.3.37
}

// 6.3.11: TABLE_* are Guarded by SMMUEN, QUEUE_* by EVENTQEN, CMDQEN, PRIQEN and the ECMDQs (3.5.6.1)
void Smmu::write_cr1(Interface& regs, uint32_t value) const {
  constexpr uint32_t TABLE = 0xFC0;
  constexpr uint32_t QUEUE = 0x03F;
  if (!regs.SMMUEN()) regs.CR1 = (regs.CR1 & ~TABLE) | (value & TABLE);
  if (!regs.EVENTQEN() && !regs.CMDQEN() && !regs.PRIQEN() && !regs.ecmdq_enabled())
    regs.CR1 = (regs.CR1 & ~QUEUE) | (value & QUEUE);
}

// 6.3.14, 6.3.63: without ATTR_TYPES_OVR or ATTR_PERMS_OVR some fields have no effect
uint32_t Smmu::gbpa_attributes(Space space, uint32_t value) const {
  constexpr uint32_t types = 0x3F1F;
  const uint32_t perms = space == Space::secure ? 0xFC000 : 0xF0000;  // with NSCFG, without
  uint32_t mask = types | perms;
  if (!m_choices.stores_ineffective_gbpa) {
    if (!m_features.ATTR_TYPES_OVR) mask &= ~types;
    if (!m_features.ATTR_PERMS_OVR) mask &= ~perms;
  }
  return value & mask;
}

// 6.3.14.1: only a write with Update set counts, and the Update is complete at once
void Smmu::write_gbpa(Interface& regs, uint32_t value) const {
  if (!bit(value, 31)) return;
  regs.GBPA = (value & (uint32_t{1} << 20)) | gbpa_attributes(regs.space, value);
}

}  // namespace naive_smmuv3
