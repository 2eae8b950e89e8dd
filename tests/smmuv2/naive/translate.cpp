// SPDX-License-Identifier: MIT
//
// DoTranslation(): input and output checks, walks, protection, and attributes. IHI 0062 1.6, 2.4, 2.7, 3.7.
#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

namespace {

constexpr unsigned TF = 1;
constexpr unsigned AFF = 2;
constexpr unsigned PF = 3;
constexpr unsigned EF = 4;
constexpr unsigned ASF = 7;
constexpr unsigned UUT = 8;

unsigned fsr_bit(naive::FaultKind kind) {
  switch (kind) {
    case naive::FaultKind::translation:
      return TF;
    case naive::FaultKind::access_flag:
      return AFF;
    case naive::FaultKind::permission:
    case naive::FaultKind::domain:
      return PF;
    case naive::FaultKind::address_size:
      return ASF;
    default:
      return EF;
  }
}

naive::Access access_of(AccessType type, bool instruction) {
  switch (type) {
    case AccessType::write:
      return naive::Access::write;
    case AccessType::atomic:
      return naive::Access::atomic;
    default:
      return instruction ? naive::Access::execute : naive::Access::read;
  }
}

}  // namespace

/// Refuses addresses that stage 2 with M = 0 would (Table 3-4).
class Smmu::WalkMemory : public Memory {
 public:
  WalkMemory(Memory& memory, unsigned limit) : m_memory(memory), m_limit(limit) {}
  std::optional<Bytes> read(uint64_t address, unsigned size, naive::Space space) override {
    if (refused(address)) return std::nullopt;
    return m_memory.read(address, size, space);
  }
  naive::Swap compare_and_swap(uint64_t address, unsigned size, naive::Space space, const Bytes& expected,
                               const Bytes& desired) override {
    if (refused(address)) return naive::Swap::external_abort;
    return m_memory.compare_and_swap(address, size, space, expected, desired);
  }
  std::optional<uint64_t> refused_address;

 private:
  bool refused(uint64_t address) {
    if (!beyond(address, m_limit)) return false;
    refused_address = address;
    return true;
  }
  Memory& m_memory;
  unsigned m_limit;
};

// 3.8.4: zero-extended, or sign-extended by some SEP, from what the bus can carry
bool Smmu::representable(unsigned n, uint64_t address) const {
  if (!VA64(n)) return true;  // an AArch32 bank has the check of 32 bits instead
  const unsigned N = m_parameters.ubs_bits();
  if (N >= 64) return true;
  const bool upper = bit(address, 55);
  const bool TBI = bit(m_banks[n].TCR2, upper ? 6 : 5);
  uint64_t checked = address;
  if (TBI) checked = merge(checked, upper ? ~uint64_t{0} : 0, keep(~uint64_t{0}, 63, 56));
  if (!beyond(checked, N)) return true;
  if (HYPC(n) || MONC(n)) return false;
  unsigned SEP = field(m_banks[n].TCR2, 17, 15);
  static constexpr unsigned position[6] = {31, 35, 39, 41, 43, 47};
  unsigned sign = 48;
  if (SEP < 6) {
    sign = position[SEP];
  } else if (m_parameters.UBS != 5) {
    return false;  // zero-extended
  }
  if (sign >= N) return false;
  return bits(checked, 63, sign) == ones(64 - sign);
}

// Tables 3-1 and 3-2, 1.6.4, 3.8.4
std::optional<Smmu::ContextFault> Smmu::input_address(const Question& question, uint64_t& address) const {
  const unsigned n = question.banks.first;
  const bool M = bit(m_banks[n].SCTLR, 0);
  ContextFault fault;
  fault.bank = n;
  fault.bit = TF;
  fault.WNR = question.type == AccessType::write;
  fault.PLVL = VA64(n) ? 0 : 1;

  if (stage2_format(n)) {
    fault.stage2 = true;
    fault.ipa = address;
    if (!VA64(n)) {
      if (beyond(address, 40)) {
        fault.bit = M ? TF : ASF;
        return fault;
      }
      if (beyond(address, m_parameters.ias_bits())) return fault;
    } else if (M && beyond(address, m_parameters.ias_bits())) {
      fault.PLVL = m_choices.aarch64_stage2_range_fault_level;
      return fault;
    }
    return std::nullopt;
  }

  if (question.operation && !representable(n, address)) return fault;
  if (!VA64(n)) {
    if (beyond(address, 32)) return fault;
    return std::nullopt;
  }
  if (question.operation || !M || HYPC(n) || MONC(n)) return std::nullopt;

  const unsigned N = m_parameters.ubs_bits();
  const unsigned SEP = field(m_banks[n].TCR2, 17, 15);
  if (SEP >= 6) {
    if (m_parameters.UBS == 5 && bit(address, 48)) address |= ~ones(49);
    return std::nullopt;
  }
  static constexpr unsigned position[6] = {31, 35, 39, 41, 43, 47};
  const unsigned sign = position[SEP];
  if (sign >= N) return std::nullopt;
  if (sign + 1 < N) {
    const uint64_t above = bits(address, N - 1, sign + 1);
    const uint64_t copies = bit(address, sign) ? ones(N - 1 - sign) : 0;
    if (above != 0 && !(m_choices.SEP_accepts_extended_bits && above == copies)) return fault;
  }
  if (bit(address, sign)) address |= ~ones(sign + 1);
  return std::nullopt;
}

// 2.4.2 Stage2Attributes(); `descriptor` is the leaf of stage 2, where it translates
Stage2Attributes Smmu::second_attributes(const Question& question, std::optional<uint64_t> descriptor) const {
  Stage2Attributes result;
  const unsigned n = question.banks.first;
  if (bank_type(n) == 1) {
    const uint32_t CBAR = m_CBAR[n];  // 10.2.1
    result.MemAttr = field(CBAR, 15, 12);
    result.shareability = shareability_of(field(CBAR, 9, 8), Shareability::outer_shareable);
    result.RACFG = field(CBAR, 21, 20);
    result.WACFG = field(CBAR, 23, 22);
    return result;
  }
  if (descriptor.has_value()) {  // Table 2-12
    result.MemAttr = field(*descriptor, 5, 2);
    const unsigned SH = field(*descriptor, 9, 8);
    result.shareability = SH == 1 ? m_choices.walk.reserved_shareability : Shareability{SH};
    result.WACFG = field(*descriptor, 63, 62);
    result.RACFG = field(*descriptor, 61, 60);
    return result;
  }
  const uint32_t SCTLR = m_banks[question.banks.second.value_or(n)].SCTLR;  // 17.3.3
  if (!m_choices.stage2_SCTLR_has_MTCFG || bit(SCTLR, 20)) result.MemAttr = field(SCTLR, 19, 16);
  result.shareability = shareability_of(field(SCTLR, 23, 22), Shareability::non_shareable);
  result.RACFG = field(SCTLR, 25, 24);
  result.WACFG = field(SCTLR, 27, 26);
  return result;
}

Smmu::Lookup Smmu::translate(const Question& question) {
  Lookup lookup;
  const Banks& banks = question.banks;
  ContextFault unsupported;
  unsupported.bit = UUT;
  unsupported.WNR = question.type == AccessType::write;
  if (question.unsupported == Unsupported::in_context) {
    unsupported.bank = banks.first;
    unsupported.stage2 = stage2_format(banks.first);
    lookup.fault = unsupported;
    return lookup;
  }
  uint64_t address = question.address;
  lookup.fault = input_address(question, address);
  if (!lookup.fault.has_value()) walk(question, address, lookup);
  if (lookup.fault.has_value()) {
    // 3.7: an address that is too large, of SMMUv1
    if (m_parameters.version == 1 && lookup.fault->bit == ASF) lookup.fault->bit = TF;
    return lookup;
  }
  if (question.unsupported == Unsupported::after_translation) {
    unsupported.bank = banks.second.value_or(banks.first);
    unsupported.stage2 = stage2_format(unsupported.bank);
    unsupported.nested = banks.second.has_value();
    lookup.fault = unsupported;
  }
  return lookup;
}

void Smmu::walk(const Question& question, uint64_t address, Lookup& lookup) {
  const Banks& banks = question.banks;
  const unsigned n = banks.first;
  const Bank& first = m_banks[n];
  const bool stage2_alone = stage2_format(n);
  const unsigned last = banks.second.value_or(n);  // the stage 2 bank, if there is one
  const bool has_stage2 = stage2_alone || banks.second.has_value();
  const bool stage1_on = !stage2_alone && bit(first.SCTLR, 0);
  const bool stage2_on = has_stage2 && bit(m_banks[last].SCTLR, 0);
  const bool through_stage2 = has_stage2 && !question.stage1_only;

  ContextFault fault;
  fault.bank = n;
  fault.WNR = question.type == AccessType::write;
  auto fault_of_stage2 = [&fault, &banks, last](uint64_t ipa) {
    fault.bank = last;
    fault.stage2 = true;
    fault.nested = banks.second.has_value();
    fault.ipa = ipa;
  };

  // 1.5.2: HYPC and MONC banks obey EPD0
  const bool EPD0 = bit(first.TCR, 7);
  if (stage1_on && (HYPC(n) || MONC(n)) && EPD0) {
    fault.bit = TF;
    fault.PLVL = VA64(n) ? 0 : 1;
    lookup.fault = fault;
    return;
  }
  // Table 3-3, M = 0
  if (!stage2_alone && !stage1_on) {
    const unsigned ias = m_parameters.ias_bits();
    const unsigned limit = banks.second.has_value() ? ias : minimum(ias, m_parameters.oas_bits());
    if (beyond(address, limit)) {
      fault.bit = ASF;
      fault.PLVL = VA64(n) ? 0 : 1;
      lookup.fault = fault;
      return;
    }
  }

  uint64_t output = address;
  Attributes attributes = question.attributes;
  std::optional<uint64_t> stage2_descriptor;
  std::optional<unsigned> leaf_level;
  const bool walks = stage1_on || (stage2_on && through_stage2);
  if (walks) {
    naive::Configuration configuration;
    configuration.system = {48, false, false, true};
    configuration.choices = m_choices.walk;
    if (stage1_on) configure_stage1(question, address, configuration);
    if (stage2_on) configure_stage2(last, configuration);
    naive::Request request;
    request.address = address;
    request.access = access_of(question.type, attributes.instruction);
    request.privileged = attributes.privileged;
    request.side_effects = !question.operation || m_choices.operations_update_flags;
    request.stage2_for_walks_only = question.stage1_only;
    unsigned oas = m_parameters.oas_bits();
    if (has_stage2 && !stage2_on && !VA64(last)) oas = minimum(oas, 40);
    WalkMemory memory(m_memory, oas);
    const naive::Answer answer = naive::translate(configuration, request, memory);
    list_fetches(question, address, answer, lookup);

    if (const naive::Fault* walked = answer.fault()) {
      fault.bit = fsr_bit(walked->kind);
      fault.PLVL = unsigned(walked->level);
      fault.WNR = walked->write;
      fault.PTWF = fault.bit == EF;
      fault.S1PTWF = walked->s2fs1walk;
      const bool stage2_read = !answer.reads.empty() && answer.reads.back().stage == 2;
      if (walked->stage == 2) {
        fault_of_stage2(*walked->ipa);
        if (fault.bit == TF && !stage2_read && VA64(last)) {
          fault.PLVL = m_choices.aarch64_stage2_range_fault_level;
        }
      } else if (memory.refused_address.has_value() && has_stage2) {
        // Stage 2 with M = 0 does not pass the address of a descriptor
        fault_of_stage2(*memory.refused_address);
        fault.bit = ASF;
        fault.PTWF = false;
        fault.S1PTWF = true;
        fault.PLVL = VA64(last) ? 0 : 1;
      } else if (fault.bit == EF && banks.second.has_value() && !question.global &&
                 m_choices.nested_external_fault_in_stage2) {
        const bool on_read = !answer.reads.empty() && answer.reads.back().aborted;
        const uint64_t physical = on_read ? answer.reads.back().address : answer.updates.back().address;
        const std::optional<uint64_t> ipa = on_read ? answer.reads.back().ipa : answer.updates.back().ipa;
        fault_of_stage2(ipa.value_or(physical));
        fault.S1PTWF = m_choices.nested_external_fault_has_S1PTWF;
      }
      if (fault.bit == ASF && walked->by_configuration && !VA64(fault.bank)) {
        fault.PLVL = m_choices.aarch32_TTBR_size_fault_level;
      }
      lookup.fault = fault;
      return;
    }

    const naive::Translation& translation = *answer.translation();
    output = translation.address;
    lookup.attributes_unpredictable = translation.attributes_unpredictable;
    if (translation.stage1.has_value()) {
      const naive::StageResult& stage1 = *translation.stage1;
      const Attributes before = attributes;
      set_memory_type(attributes, stage1.attributes);
      attributes.shareability = stage1.shareability;
      // 16.3: UNPREDICTABLE in ARMv7
      const bool of_v8 =
          attributes.inner.type == MemoryType::nGRE || attributes.inner.type == MemoryType::GRE;
      if (m_parameters.version == 1 && of_v8) lookup.attributes_unpredictable = true;
      if (format(n) == 0) {
        // 1.5.2: short descriptors have no transient hint
        if (attributes.inner.cacheable()) attributes.inner.transient = before.inner.transient;
        if (attributes.outer.cacheable()) attributes.outer.transient = before.outer.transient;
      }
      if (question.secure) attributes.NS = translation.space == naive::Space::non_secure;
      lookup.supersection = stage1.shift == 24 && format(n) == 0;
      leaf_level = unsigned(stage1.leaf_level);
    }
    if (translation.stage2.has_value()) stage2_descriptor = translation.stage2->descriptor;
  }
  if (!stage2_alone && !stage1_on) {
    const uint32_t SCTLR = first.SCTLR;  // 16.5.29
    Transformation transformation;
    transformation.MTCFG = bit(SCTLR, 20);
    transformation.MemAttr = field(SCTLR, 19, 16);
    transformation.SHCFG = field(SCTLR, 23, 22);
    transformation.RACFG = field(SCTLR, 25, 24);
    transformation.WACFG = field(SCTLR, 27, 26);
    transformation.TRANSIENTCFG = field(SCTLR, 15, 14);
    if (question.secure) transformation.NSCFG = field(SCTLR, 29, 28);
    attributes = transform(transformation, attributes, question.type == AccessType::read, question.secure,
                           m_parameters.DIPANS);
  }
  // Table 3-4, M = 0
  if (through_stage2 && !stage2_on) {
    const unsigned oas = m_parameters.oas_bits();
    if (beyond(output, VA64(last) ? oas : minimum(oas, 40))) {
      fault_of_stage2(output);
      fault.bit = ASF;
      fault.PLVL = VA64(last) ? 0 : 1;
      lookup.fault = fault;
      return;
    }
  }
  // 2.8.5, 2.9.4
  if (HYPC(n) || MONC(n)) attributes.privileged = true;
  if (!question.stage1_only) attributes = combine(attributes, second_attributes(question, stage2_descriptor));

  // 3.7.1
  if (question.secure && bit(m_SCR1, 26) && attributes.instruction && attributes.NS && !question.operation) {
    fault.bit = PF;
    fault.PLVL = leaf_level.value_or(VA64(n) ? 0 : 1);
    lookup.fault = fault;
    return;
  }
  lookup.address = output;
  lookup.attributes = attributes;
}

}  // namespace naive_smmuv2
