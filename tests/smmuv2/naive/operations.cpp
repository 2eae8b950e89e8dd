// SPDX-License-Identifier: MIT
//
// Address translation operations: IHI 0062 chapter 4, 9.6.5 to 9.6.12, 9.6.20, 16.5.2 to 16.5.5, 16.5.14.
#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

namespace {

constexpr uint64_t F = 1;
constexpr uint64_t ICF = uint64_t{1} << 29;
constexpr uint64_t UCBF = uint64_t{1} << 30;
constexpr uint64_t ATOT = uint64_t{1} << 31;
constexpr uint64_t STAGE = uint64_t{1} << 35;

// 16.5.14
uint64_t inner_code(const Half& half) {
  switch (half.type) {
    case MemoryType::nGnRnE:
      return 0b001;
    case MemoryType::nGnRE:
    case MemoryType::nGRE:
    case MemoryType::GRE:
      return 0b011;
    case MemoryType::non_cacheable:
      return 0b000;
    case MemoryType::write_through:
      return 0b110;
    default:
      return half.write_allocate ? 0b101 : 0b111;
  }
}

// 16.5.14 and 9.6.20 differ in 01 and 10
uint64_t outer_code(const Half& half, bool as_GPAR) {
  switch (half.type) {
    case MemoryType::write_through:
      return as_GPAR ? 0b10 : 0b01;
    case MemoryType::write_back:
      if (!half.write_allocate) return 0b00;
      return as_GPAR ? 0b01 : 0b10;
    default:
      return 0b11;
  }
}

}  // namespace

// Table 4-1, Table 4-2: PR, PW, UR, UW in a bank, UR, UW, PR, PW in the global space
Smmu::Question Smmu::operation_question(const Banks& banks, unsigned offset, uint64_t address) const {
  const bool global = offset < 0x800;
  Question question;
  question.banks = banks;
  question.secure = bank_secure(banks.first);
  question.address = address & ~uint64_t{0xFFF};
  const bool write = (offset & 8) != 0;
  question.type = write ? AccessType::write : AccessType::read;
  question.attributes.privileged = ((offset & 0x10) != 0) == global;
  question.operation = true;
  question.global = global;
  question.stage1_only = !(global && offset >= 0x120);
  // Table 2-3: Write-Back, allocate, Non-shareable, non-transient, Non-secure, data
  set_memory_type(question.attributes, 0xFF);
  return question;
}

// The successful formats
uint64_t Smmu::success(const Question& question, const Lookup& lookup, bool global) const {
  const Attributes& attributes = lookup.attributes;
  const unsigned n = question.banks.first;
  const bool two_stages = question.banks.second.has_value() && !question.stage1_only;
  const uint64_t NS = question.secure && attributes.NS ? uint64_t{1} << 9 : 0;
  if (format(n) == 0 && !two_stages) {
    uint64_t PAR = keep(lookup.address, 31, 12) | NS;
    if (lookup.supersection) {
      PAR = keep(lookup.address, 31, 24) | (bits(lookup.address, 39, 32) << 16) | 2 | NS;
    }
    const bool shareable = attributes.shareability != Shareability::non_shareable;
    if (attributes.shareability != Shareability::outer_shareable) PAR |= uint64_t{1} << 10;
    if (shareable) PAR |= uint64_t{1} << 7;
    return PAR | (inner_code(attributes.inner) << 4) |
           (outer_code(attributes.outer, global || m_choices.PAR_outer_as_GPAR) << 2);
  }
  const uint64_t one = m_parameters.version == 1 ? 0 : uint64_t{1} << 11;  // 16.5.14
  return (uint64_t{mair_of(attributes)} << 56) | keep(lookup.address, 47, 12) | one | NS |
         (uint64_t(attributes.shareability) << 7);
}

// 9.6.20, 16.5.14: ICF is reserved in SMMUv1, which has nothing else for it.
uint64_t Smmu::invalid_context() const { return m_parameters.version == 1 ? 0 : ICF; }

// The fault format
uint64_t Smmu::failure(const ContextFault& fault) const {
  uint64_t PAR = F | (uint64_t{1} << fault.bit) | (uint64_t{shown_format(fault.bank)} << 8);
  PAR |= uint64_t{fault.PLVL} << 32;
  if (fault.stage2) PAR |= STAGE;
  return PAR;
}

// 4.2
void Smmu::bank_operation(unsigned n, unsigned offset, uint64_t value) {
  if (m_banks[n].ats_active) return;
  Pending pending;
  pending.id = m_next_id++;
  pending.request.address = value;
  pending.secure = bank_secure(n);
  pending.operation_bank = n;
  pending.operation_offset = offset;
  if (!process_operation(pending).has_value()) {
    m_banks[n].ats_active = true;
    m_waiting.push_back(pending);
  }
}

std::optional<Outcome> Smmu::process_operation(Pending& pending) {
  const unsigned n = *pending.operation_bank;
  Bank& bank = m_banks[n];
  const uint64_t scheme = uint64_t{shown_format(n)} << 8;
  bank.ats_active = true;
  Banks banks{n, std::nullopt};
  std::optional<Outcome> outcome = Outcome{};
  if (const auto fault = check_banks(banks, bank_secure(n))) {
    const bool of_second = names_second(n) && fault->nested;
    if (of_second) {
      // 4.2.4: recorded for the stage 2 bank, never stalled
      uint32_t syndrome = (1u << 6) | 1u;
      if (m_choices.operation_sets_reserved_syndrome) syndrome |= (1u << 5) | (1u << 4);
      record_global(bank_secure(n) ? secure_state : non_secure, fault->bit, 0, syndrome, 0);
      set_PAR(n, ATOT | scheme | F);
    } else {
      set_PAR(n, invalid_context() | scheme | F);
    }
  } else {
    outcome =
        request_buffer(pending, operation_question(banks, pending.operation_offset, pending.request.address));
    if (!outcome.has_value()) return outcome;
    if (outcome->kind != Outcome::Kind::forwarded) set_PAR(n, ATOT | scheme | F);
  }
  bank.ats_active = false;
  return outcome;
}

// 4.3: never stalls, and touches no FSR
void Smmu::global_operation(Security which, unsigned offset, uint64_t value) {
  Global& global = m_global[which];
  Banks banks{field(value, 7, 0), std::nullopt};
  const unsigned n = banks.first;
  global.GPAR_attributes_unpredictable = false;
  const bool invalid = n >= m_parameters.NUMCB || (which == non_secure && bank_secure(n)) || stage2_format(n);
  if (invalid) {
    global.GPAR = UCBF | F;
    if (m_choices.bad_index_in_GFSR) record_global(which, 3, 0, 0, 0);
    return;
  }
  if (const auto fault = check_banks(banks, bank_secure(n))) {
    // Bit 0 of GFSR is ICF, bit 3 UCBF
    const bool of_second = names_second(n) && fault->nested;
    const uint64_t invalid = invalid_context() | (uint64_t{shown_format(n)} << 8);
    global.GPAR = (fault->bit == 0 ? invalid : UCBF) | (of_second ? STAGE : 0) | F;
    return;
  }
  const Question question = operation_question(banks, offset, value);
  const Lookup lookup = translate(question);
  global.GPAR_attributes_unpredictable = !lookup.fault.has_value() && lookup.attributes_unpredictable;
  global.GPAR = lookup.fault.has_value() ? failure(*lookup.fault) : success(question, lookup, true);
}

}  // namespace naive_smmuv2
