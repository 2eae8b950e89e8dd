// SPDX-License-Identifier: MIT
//
// Recording of global and context faults: IHI 0062 3.4, 3.7.2, 3.8.
#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

// 3.8.1
void Smmu::record_global(Security where, unsigned fault, uint64_t address, uint32_t GFSYNR0,
                         uint32_t GFSYNR1) {
  Global& global = m_global[where];
  if (global.GFSR != 0) {
    global.GFSR |= 1u << 31;
    return;
  }
  global.GFSR = 1u << fault;
  global.GFAR = address & far_mask();
  global.GFSYNR0 = GFSYNR0 & gfsynr0_mask(where);
  global.GFSYNR1 = GFSYNR1 & syndrome_mask(true);
  global.GFSYNR1_unknown = fault == 5 || bit(GFSYNR0, 6);  // CAF; ATS
}

// 3.4, 9.6.17: IND, PNU and NSATTR as they came in; far atomics are reads
uint32_t Smmu::raw_syndrome(const AccessRequest& request, bool secure) const {
  uint32_t syndrome = 0;
  if (request.type == AccessType::write) syndrome |= 1u << 1;
  if (request.privileged) syndrome |= 1u << 2;
  if (request.instruction) syndrome |= 1u << 3;
  if (secure && request.NS) syndrome |= 1u << 5;
  return syndrome;
}

// 9.6.18, 10.2.3
uint32_t Smmu::stream_syndrome(const AccessRequest& request) const {
  return static_cast<uint32_t>((uint64_t{request.SSD_Index} << 16) |
                               truncate(request.StreamID, m_parameters.stream_id_bits())) &
         syndrome_mask(true);
}

// 3.8.2, 3.8.3
Outcome Smmu::global_fault(const Pending& pending, const GlobalFault& fault) {
  const Security where = pending.secure ? secure_state : non_secure;
  uint32_t syndrome = raw_syndrome(pending.request, pending.secure);
  if (fault.nested) syndrome |= 1u;
  record_global(where, fault.bit, pending.request.address, syndrome, stream_syndrome(pending.request));
  bool report = bit(m_global[where].CR0, 1);  // GFRE
  if (fault.bit == 8) {
    switch (m_choices.unsupported_reports) {
      case Choices::Report::never:
        report = false;
        break;
      case Choices::Report::GCFGFRE:
        report = bit(m_global[where].CR0, 4);
        break;
      case Choices::Report::GFRE:
        break;
    }
  }
  Outcome outcome;
  outcome.kind = report ? Outcome::Kind::aborted : Outcome::Kind::razwi;
  return outcome;
}

// 3.7.2, 16.5.8, 16.5.11, 17.3.1, 17.3.2, 10.2.3
void Smmu::record_context(const Pending& pending, const Question& question, const ContextFault& fault,
                          bool SS) {
  Bank& bank = m_banks[fault.bank];
  bank.FSR = (1u << fault.bit) | (SS ? 1u << 30 : 0);

  unsigned low = 12;  // of the smallest granule
  if (!m_parameters.aarch32() && !m_parameters.PTFSv8_4KB) low = m_parameters.PTFSv8_16KB ? 14 : 16;
  bank.FAR = question.address & far_mask();
  if (!m_choices.FAR_has_low_bits) bank.FAR &= ~ones(low);

  const Attributes& attributes = question.attributes;
  uint32_t syndrome = fault.PLVL;
  if (fault.WNR) syndrome |= 1u << 4;
  if (attributes.privileged) syndrome |= 1u << 5;
  if (attributes.instruction) syndrome |= 1u << 6;
  if (fault.PTWF) syndrome |= 1u << 10;
  if (fault.stage2) {
    if (fault.nested) syndrome |= 1u << 2;
    if (fault.S1PTWF) syndrome |= 1u << 3;
    if (attributes.NS) syndrome |= 1u << 8;
    if (question.operation) syndrome |= 1u << 9;
    if (fault.nested) syndrome |= question.banks.first << 16;
    const bool permission = fault.bit == 3;
    if (fault.ipa.has_value() && (!permission || fault.S1PTWF)) {
      bank.IPAFAR = *fault.ipa & ipafar_mask();
      if (!m_choices.IPAFAR_has_low_bits) bank.IPAFAR &= ~ones(low);
    }
  } else if (question.secure && attributes.NS) {
    syndrome |= 1u << 8;
  }
  bank.FSYNR0 = syndrome & fsynr0_mask();
  m_CBFRSYNRA[fault.bank] = question.operation ? 0 : stream_syndrome(pending.request);
  check_interrupt_index(pending, fault);
}

// 3.6.2: where lines are assignable
void Smmu::check_interrupt_index(const Pending& pending, const ContextFault& fault) {
  const unsigned n = fault.bank;
  if (m_parameters.dedicated_interrupts() || !bit(m_banks[n].SCTLR, 6)) return;
  const bool secure = bank_secure(n);
  unsigned lines = m_parameters.NUMIRPT;
  if (m_parameters.SES && !secure) lines = minimum(lines, field(m_SCR1, 23, 16));
  if (m_CBAR[n] >> 24 < lines) return;
  uint32_t syndrome = raw_syndrome(pending.request, secure);
  if (fault.stage2 && fault.nested) syndrome |= 1u;
  if (pending.operation_bank.has_value()) syndrome = (syndrome & 1u) | (1u << 6);
  record_global(secure ? secure_state : non_secure, 4, pending.request.address, syndrome,
                stream_syndrome(pending.request));
}

}  // namespace naive_smmuv2
