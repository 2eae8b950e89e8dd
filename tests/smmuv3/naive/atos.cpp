// SPDX-License-Identifier: MIT
//
// Address translation operations: IHI 0070 chapter 9, 6.3.37 to 6.3.40.
#include "bits.h"
#include "model.h"
#include "walk_memory.h"

namespace naive_smmuv3 {

namespace {

constexpr unsigned INV_REQ = 0xFF;
constexpr unsigned INV_STAGE = 0xFE;

// TYPE of ATOS_ADDR (9.1.3)
constexpr unsigned STAGE_1 = 0b01;
constexpr unsigned STAGE_2 = 0b10;
constexpr unsigned BOTH = 0b11;

// 6.3.40, FAULT == 1
uint64_t par_fault(unsigned FAULTCODE, unsigned REASON = 0, uint64_t FADDR = 0) {
  return keep(FADDR, 55, 12) | (uint64_t{FAULTCODE} << 4) | (uint64_t{REASON} << 1) | 1;
}

// 6.3.40, FAULT == 0: the size is that of the lowest bit set in ADDR
uint64_t par_success(uint64_t address, unsigned shift, uint8_t attributes, Shareability shareability) {
  uint64_t par = (uint64_t{attributes} << 56) | (uint64_t{unsigned(shareability)} << 8);
  if (shift <= 12) return par | keep(address, 55, 12);
  return par | keep(align_down(address, shift), 55, 12) | (uint64_t{1} << (shift - 1)) | (uint64_t{1} << 11);
}

/// The memory that stage 1 of a nested configuration sees, where its output is not translated further: every
/// access to a descriptor goes through stage 2, and its faults look like aborts (9.1.4: synthetic
/// F_WALK_EABT).
class Stage2Memory : public naive::Memory {
 public:
  Stage2Memory(const naive::Configuration& stage2, naive::Memory& memory, bool PTW, bool side_effects)
      : m_stage2(stage2), m_memory(memory), m_PTW(PTW), m_side_effects(side_effects) {}

  std::optional<Bytes> read(uint64_t address, unsigned size, naive::Space space) override {
    const std::optional<uint64_t> pa = translate(address, naive::Access::read);
    if (!pa.has_value()) return std::nullopt;
    return m_memory.read(*pa, size, space);
  }
  // 3.13.5: the update of a descriptor is a write, which stage 2 must allow
  naive::Swap compare_and_swap(uint64_t address, unsigned size, naive::Space space, const Bytes& expected,
                               const Bytes& desired) override {
    const std::optional<uint64_t> pa = translate(address, naive::Access::atomic);
    if (!pa.has_value()) return naive::Swap::external_abort;
    return m_memory.compare_and_swap(*pa, size, space, expected, desired);
  }

 private:
  std::optional<uint64_t> translate(uint64_t ipa, naive::Access access) {
    naive::Request request;
    request.address = ipa;
    request.access = access;
    request.side_effects = false;
    const naive::Answer peek = naive::translate(m_stage2, request, m_memory);
    // 5.2 S2PTW
    const bool to_device = peek.translation() != nullptr && is_device(peek.translation()->stage2->attributes);
    const bool protected_walk = m_PTW && to_device;
    if (protected_walk && !m_stage2.choices.permission_fault_updates_access_flag) return std::nullopt;
    request.side_effects = m_side_effects;
    const naive::Answer answer = naive::translate(m_stage2, request, m_memory);
    if (answer.translation() == nullptr || protected_walk) return std::nullopt;
    return answer.translation()->address;
  }

  const naive::Configuration& m_stage2;
  naive::Memory& m_memory;
  bool m_PTW;
  bool m_side_effects;
};

}  // namespace

uint64_t Smmu::atos_lookup(const Interface& regs) {
  const uint64_t par = atos_answer(regs);
  // 6.3.40: FADDR has the bits of the OAS (ADDR is an address that is truncated to it already)
  return bit(par, 0) ? par & ~keep(~uint64_t{0} << m_features.oas_bits(), 55, 12) : par;
}

// 9.1.3, 9.1.5: the order of what can go wrong, up to the configuration
uint64_t Smmu::atos_answer(const Interface& regs) {
  const AtosRegisters& atos = regs.GATOS;
  const unsigned TYPE = field(atos.ADDR, 11, 10);
  const bool SSID_VALID = bit(atos.SID, 52);
  const bool wants_stage1 = (TYPE & STAGE_1) != 0;
  const bool wants_stage2 = (TYPE & STAGE_2) != 0;
  if (TYPE == 0) return par_fault(INV_REQ);
  if (wants_stage1 && !m_features.S1P) return par_fault(INV_REQ);
  if (wants_stage2 && !m_features.S2P) return par_fault(INV_REQ);
  if (TYPE == STAGE_2 && SSID_VALID) return par_fault(INV_REQ);

  // Table 13.4, Table 13.5: no overrides; the attributes are the defaults of 13.1.3
  Transaction transaction;
  transaction.request.address = keep(atos.ADDR, 63, 12);
  transaction.request.StreamID = static_cast<uint32_t>(atos.SID);
  transaction.request.SSV = SSID_VALID;
  transaction.request.SubstreamID = field(atos.SID, 51, 32);
  transaction.request.type = bit(atos.ADDR, 8) ? AccessType::read : AccessType::write;
  set_memory_type(transaction.attributes, transaction.request.attributes);
  transaction.attributes.privileged = bit(atos.ADDR, 9);
  transaction.attributes.instruction = bit(atos.ADDR, 7) && transaction.reads_only();
  transaction.side_effects = !bit(atos.ADDR, 6);  // HTTUI

  Configuration configuration;
  if (const auto problem = find_ste(transaction, configuration.ste)) {
    // Without RECINVSID there is no event, but there is this error
    const EventNumber number =
        problem->event.has_value() ? problem->event->number : EventNumber::C_BAD_STREAMID;
    return par_fault(unsigned(number));
  }
  const Ste& ste = configuration.ste;
  if (!ste.translates()) return par_fault(INV_STAGE);
  if (wants_stage1 && !ste.stage1()) return par_fault(INV_STAGE);
  if (wants_stage2 && !ste.stage2()) return par_fault(INV_STAGE);
  configuration.world = stream_world(m_features, ste, bit(regs.CR2, 0));
  if (!wants_stage1) return atos_translate(transaction, configuration, TYPE);

  uint32_t index = 0;
  if (const auto problem = choose_cd(transaction, configuration, index)) {
    return par_fault(unsigned(problem->event->number));
  }
  if (configuration.stage1) {
    if (const auto problem = find_cd(transaction, configuration, index)) {
      const Event& event = *problem->event;
      if (!event.S2) return par_fault(unsigned(event.number));
      // A stage 2 fault of the CD fetch
      if (TYPE == STAGE_1) return par_fault(unsigned(EventNumber::F_CD_FETCH));
      return par_fault(unsigned(event.number), 0b01, event.translation_related() ? event.IPA : 0);
    }
  }
  return atos_translate(transaction, configuration, TYPE);
}

// 9.1.3, 9.1.4
uint64_t Smmu::atos_translate(const Transaction& transaction, const Configuration& configuration,
                              unsigned TYPE) {
  const Ste& ste = configuration.ste;
  const uint64_t address = transaction.request.address;
  const unsigned oas = m_features.oas_bits();

  // Stage 1 is bypassed, or is not asked for: 3.4
  if (!configuration.stage1) {
    const bool whole = !ste.stage2() && m_choices.s1dss_bypass_checks_oas;
    if (beyond(address, whole ? oas : m_features.ias_bits())) {
      return par_fault(unsigned(EventNumber::F_ADDR_SIZE));
    }
    if (TYPE == STAGE_1) {
      return par_success(truncate(address, oas), m_choices.atos_bypass_shift,
                         m_choices.atos_bypass_attributes, m_choices.atos_bypass_shareability);
    }
  }

  naive::Configuration walk = walker(m_features, m_choices);
  if (configuration.stage1) configure_stage1(m_features, configuration.world, configuration.cd, walk);
  if (TYPE != STAGE_1) configure_stage2(m_features, ste, walk);
  WalkMemory memory(m_features, m_memory);
  naive::Configuration stage2 = walker(m_features, m_choices);
  if (ste.stage2()) configure_stage2(m_features, ste, stage2);
  Stage2Memory nested(stage2, memory, ste.S2PTW, transaction.side_effects);
  naive::Memory& seen = TYPE == STAGE_1 && ste.stage2() ? static_cast<naive::Memory&>(nested) : memory;

  const naive::Answer answer = naive::translate(walk, walk_request(transaction), seen);
  if (const naive::Fault* fault = answer.fault()) {
    const EventNumber number = number_of(fault->kind);
    if (fault->stage == 1) return par_fault(unsigned(number));
    const unsigned REASON = fault->s2fs1walk ? 0b10 : 0b11;
    const bool with_address = TYPE == BOTH && number != EventNumber::F_WALK_EABT;
    return par_fault(unsigned(number), REASON, with_address ? event_ipa(*fault->ipa) : 0);
  }

  const naive::Translation& translation = *answer.translation();
  unsigned shift = translation.shift;
  if (m_choices.atos_size_is_contiguous) {
    shift = 64;
    for (const auto* stage : {&translation.stage1, &translation.stage2}) {
      if (stage->has_value() && (*stage)->contiguous_shift < shift) shift = (*stage)->contiguous_shift;
    }
  }
  if (configuration.stage1 && !configuration.cd.AA64 && m_choices.atos_size_is_within_range) {
    const Cd::Half& low = configuration.cd.half[0];
    const Cd::Half& high = configuration.cd.half[1];
    const uint64_t all = uint64_t{1} << 32;
    const unsigned T0SZ = low.TSZ & 7, T1SZ = high.TSZ & 7;
    const uint64_t split = T0SZ != 0 ? all >> T0SZ : all - (all >> T1SZ);
    // With both sizes set the ranges do not touch, and no block is larger than its range
    const bool ranges = configuration.world != StreamWorld::el2 && (T0SZ != 0) != (T1SZ != 0);
    auto begins_outside = [&] { return (align_down(address, shift) < split) != (address < split); };
    auto ends_outside = [&] {
      return (align_down(address, shift) + (uint64_t{1} << shift) - 1 < split) != (address < split);
    };
    while (ranges && (begins_outside() || ends_outside())) shift--;
  }
  bool unpredictable = false;
  const Attributes attributes =
      consistent(walked_attributes(transaction, configuration.stage1, walk, translation, unpredictable));
  return par_success(truncate(translation.address, oas), shift, mair_of(attributes), attributes.SH);
}

}  // namespace naive_smmuv3
