// SPDX-License-Identifier: MIT
//
// Where a configuration access lands (IHI 0062 chapter 8), configuration access faults (3.9), reset
// (9.2, 16.2), and what several registers mean together.
#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

Smmu::Smmu(const Parameters& parameters, Memory& memory, const Choices& choices)
    : m_parameters(parameters), m_memory(memory), m_choices(choices) {
  check(m_parameters);
  reset();
}

// 9.2, 16.2
void Smmu::reset() {
  for (Pending& pending : m_waiting) {
    if (pending.operation_bank.has_value()) continue;
    Outcome outcome;
    outcome.kind = Outcome::Kind::razwi;
    finish(pending, outcome);
  }
  m_waiting.clear();

  const uint32_t unknown = m_parameters.unknown;
  const uint64_t unknown64 = (uint64_t{unknown} << 32) | unknown;
  for (Security which : {non_secure, secure_state}) {
    Global& global = m_global[which];
    // SMCFCFG, MemAttr, BSU, FB, PTM, VMIDPNE, USFCFG and VMID16EN are UNKNOWN
    uint32_t known = 0xFFFFFFFF;
    for (unsigned n : {31u, 21u, 19u, 18u, 17u, 16u, 15u, 14u, 13u, 12u, 11u, 10u}) known &= ~(1u << n);
    if (!(m_parameters.stall && m_parameters.SES)) known &= ~(1u << 8);  // STALLD, 9.6.3
    global.CR0 = (unknown & cr0_mask(which) & ~known) | 1u;              // CLIENTPD
    if (m_choices.fixed_SMCFCFG.has_value()) {
      global.CR0 = (global.CR0 & ~(1u << 21)) | (unsigned(*m_choices.fixed_SMCFCFG) << 21);
    }
    global.CR2 = unknown & cr2_mask();
    global.ACR = global.GFSYNR2 = 0;
    global.GFAR = unknown64 & far_mask();
    global.GPAR = unknown64 & par_mask();
    global.GFSR = unknown & gfsr_mask(which);
    global.GFSYNR0 = unknown & gfsynr0_mask(which);
    global.GFSYNR1 = unknown & syndrome_mask(true);
  }
  m_SCR1 = m_parameters.NUMCB | (m_parameters.NUMSMRG << 8) | (m_parameters.NUMIRPT << 16);
  if (m_choices.fixed_NSCAFRO.value_or(false)) m_SCR1 |= 1u << 28;
  for (unsigned n = 0; n < MAX; n++) {
    m_SMR[n] = unknown & smr_mask();
    m_S2CR[n] = unknown & s2cr_mask();
    m_CBAR[n] = unknown & cbar_mask();
    m_CBA2R[n] = unknown & cba2r_mask();
    if (m_parameters.aarch32()) m_CBA2R[n] &= ~1u;  // 10.2.2
    if (!m_parameters.aarch32()) m_CBA2R[n] |= 1u;
    m_CBFRSYNRA[n] = unknown & syndrome_mask(true);
    Bank& bank = m_banks[n];
    bank = Bank{};
    bank.SCTLR = unknown & 0x7FFFF7FF & ~0x60u;  // CFIE, CFRE
    bank.TCR = bank.CONTEXTIDR = bank.MAIR0 = bank.MAIR1 = unknown;
    bank.TCR2 = unknown & tcr2_mask();
    bank.TTBR0 = bank.TTBR1 = unknown64;
    bank.PAR = unknown64 & par_mask();
    bank.FAR = unknown64 & far_mask();
    bank.IPAFAR = unknown64 & ipafar_mask();
    bank.FSR = unknown & fsr_mask();
    bank.FSYNR0 = unknown & fsynr0_mask();
  }
  reset_monitors();
  for (unsigned n = 0; n < m_SSDR.size(); n++) m_SSDR[n] = unknown & ssdr_mask(n);
}

Response Smmu::read(uint64_t offset, unsigned bytes, bool secure) {
  return configure({offset, secure && m_parameters.SES, false}, bytes, 0);
}
Response Smmu::write(uint64_t offset, unsigned bytes, bool secure, uint64_t value) {
  return configure({offset, secure && m_parameters.SES, true}, bytes, value);
}

uint64_t Smmu::peek(uint64_t offset, unsigned bytes, bool secure) {
  m_peeks = true;
  const uint64_t value = read(offset, bytes, secure).value;
  m_peeks = false;
  return value;
}

// 8.1, 8.2, 8.3
Response Smmu::configure(const Place& place, unsigned bytes, uint64_t value) {
  if ((bytes != 4 && bytes != 8) || place.offset % bytes != 0) return {};
  const uint64_t page_bytes = m_parameters.page_bytes();
  const uint64_t half = m_parameters.pages() * page_bytes;
  const bool restricted = m_parameters.SES && !place.secure;
  const bool GASRAE = bit(m_SCR1, 24);
  if (place.offset >= 2 * half) return {};
  if (place.offset >= half) {
    const uint64_t n = (place.offset - half) / page_bytes;
    if (n >= m_parameters.NUMCB) return {};
    const unsigned index = unsigned(n);
    if (restricted && (bank_secure(index) || (GASRAE && stage2_format(index)))) {
      return m_choices.secure_banks_fault ? refuse(place, true) : Response{};
    }
    return {bank_access(index, unsigned(place.offset % page_bytes), bytes, place, value), false};
  }

  if (restricted && GASRAE) return refuse(place, true);
  Found found = Found::here;
  uint64_t result = value;
  switch (place.offset / page_bytes) {
    case 0:
      found = global0(place, bytes, result);
      break;
    case 1:
      found = global1(place, bytes, result);
      break;
    case 3:
      found = monitor_registers(place, bytes, result);
      break;
    case 4:
    case 5:
      found = ssd(place, bytes, result);
      break;
    default:
      result = 0;  // IMPLEMENTATION DEFINED
      break;
  }
  if (found != Found::here) return refuse(place, found == Found::secure_only);
  return {place.write ? 0 : result, false};
}

// 3.9, 3.8.1
Response Smmu::refuse(const Place& place, bool secure_resource) {
  if (!m_choices.configuration_access_faults || m_peeks) return {};
  if (!secure_resource && !m_choices.absent_registers_fault) return {};
  Security where = place.secure ? secure_state : non_secure;
  const bool NSCAFRO = bit(m_SCR1, 28);
  if (!place.secure && secure_resource && m_parameters.SES && !NSCAFRO) where = secure_state;
  uint32_t GFSYNR0 = place.write ? 1u << 1 : 0;  // WNR
  if (where == secure_state && !place.secure) GFSYNR0 |= (1u << 5) | (1u << 4);
  const bool error = bit(m_global[where].CR0, 4);  // GCFGFRE
  record_global(where, 5, place.offset, GFSYNR0, 0);
  return {0, error};
}

// ---- what registers mean

// 9.6.24
unsigned Smmu::ns_banks() const {
  if (!m_parameters.SES) return m_parameters.NUMCB;
  return minimum(field(m_SCR1, 7, 0), m_parameters.NUMCB);
}
unsigned Smmu::ns_groups() const {
  if (!m_parameters.SES) return m_parameters.NUMSMRG;
  return minimum(field(m_SCR1, 15, 8), m_parameters.NUMSMRG);
}

// 10.2.1: bit 10 of TYPE 01 alone
bool Smmu::HYPC(unsigned n) const { return bank_type(n) == 1 && bit(m_CBAR[n], 10); }

// 10.2.2
bool Smmu::MONC(unsigned n) const {
  return bank_type(n) == 1 && VA64(n) && bank_secure(n) && bit(m_CBA2R[n], 1);
}

// 16.5.38
bool Smmu::EAE(unsigned n) const {
  return stage2_format(n) || VA64(n) || HYPC(n) || m_parameters.PTFS == 1 || bit(m_banks[n].TCR, 31);
}

// 16.5.9
unsigned Smmu::format(unsigned n) const {
  if (VA64(n)) return 2;
  return EAE(n) ? 1 : 0;
}
uint32_t Smmu::fsr(unsigned n) const { return m_banks[n].FSR | (shown_format(n) << 9); }

// 9.6.3, 3.7.5
bool Smmu::STALLD(Security which) const { return bit(m_global[which].CR0, 8); }
bool Smmu::GSE(Security which) const { return bit(m_global[which].CR0, 9) && !STALLD(which); }

// 3.6.3
Interrupts Smmu::interrupts() const {
  Interrupts lines;
  const uint32_t CAF = 1u << 5;
  auto global = [this, CAF](Security which) {
    return bit(m_global[which].CR0, 2) && (m_global[which].GFSR & ~CAF) != 0;
  };
  auto configuration = [this, CAF](Security which) {
    return bit(m_global[which].CR0, 5) && (m_global[which].GFSR & CAF) != 0;
  };
  lines.NSgIrpt = global(non_secure);
  lines.NSgCfgIrpt = configuration(non_secure);
  if (m_parameters.SES) {
    lines.gIrpt = global(secure_state);
    lines.gCfgIrpt = configuration(secure_state);
  }
  const bool dedicated = m_parameters.dedicated_interrupts();
  lines.context.resize(dedicated ? m_parameters.NUMCB : m_parameters.NUMIRPT);
  const uint32_t SS = 1u << 30;
  for (unsigned n = 0; n < m_parameters.NUMCB; n++) {
    uint32_t faults = m_banks[n].FSR;
    if (!m_choices.SS_interrupts) faults &= ~SS;
    if (!bit(m_banks[n].SCTLR, 6) || faults == 0) continue;
    const unsigned line = dedicated ? n : m_CBAR[n] >> 24;
    if (!dedicated && !bank_secure(n) && m_parameters.SES && line >= field(m_SCR1, 23, 16)) continue;
    if (line < lines.context.size()) lines.context[line] = true;
  }
  for (unsigned group = 0; group < m_parameters.counter_groups; group++) {
    lines.monitors.push_back(monitor_interrupt(group));
  }
  return lines;
}

}  // namespace naive_smmuv2
