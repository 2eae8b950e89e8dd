// SPDX-License-Identifier: MIT
//
// Address translation operations: IHI 0070 chapter 9.
#include "bits.h"
#include "model.h"
#include "walk_memory.h"

namespace naive_smmuv3 {

namespace {

constexpr unsigned INV_REQ = 0xFF;
constexpr unsigned INV_STAGE = 0xFE;
constexpr unsigned INTERNAL_ERR = 0xFD;

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
    const std::optional<Target> target = translate(address, space, naive::Access::read);
    if (!target.has_value()) return std::nullopt;
    m_memory.of_stage(1);
    return m_memory.read(target->address, size, target->space);
  }
  // 3.13.5: the update of a descriptor is a write, which stage 2 must allow
  naive::Swap compare_and_swap(uint64_t address, unsigned size, naive::Space space, const Bytes& expected,
                               const Bytes& desired) override {
    const std::optional<Target> target = translate(address, space, naive::Access::atomic);
    if (!target.has_value()) return naive::Swap::external_abort;
    m_memory.of_stage(1);
    return m_memory.compare_and_swap(target->address, size, target->space, expected, desired);
  }

 private:
  struct Target {
    uint64_t address = 0;
    Space space = Space::non_secure;
  };
  std::optional<Target> translate(uint64_t ipa, Space ipa_space, naive::Access access) {
    naive::Request request;
    request.address = ipa;
    request.input_space = ipa_space;
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
    return Target{answer.translation()->address, answer.translation()->space};
  }

  const naive::Configuration& m_stage2;
  naive::Memory& m_memory;
  bool m_PTW;
  bool m_side_effects;
};

}  // namespace

uint64_t Smmu::atos_lookup(const AtosRequest& request) {
  const uint64_t par = atos_answer(request);
  // 6.3.40: FADDR has the bits of the OAS (ADDR is an address that is truncated to it already)
  return bit(par, 0) ? par & ~keep(~uint64_t{0} << m_features.oas_bits(), 55, 12) : par;
}

// 9.1.2, 9.1.3; Table 13.4, Table 13.5: no overrides; the attributes are the defaults of 13.1.3
Smmu::Transaction Smmu::atos_transaction(const AtosRequest& request) const {
  Transaction transaction;
  transaction.request.address = keep(request.ADDR, 63, 12);
  transaction.request.StreamID = static_cast<uint32_t>(request.SID);
  const bool SSEC = request.interface == Space::secure && bit(request.SID, 53);
  transaction.request.SEC_SID = SSEC ? Space::secure : Space::non_secure;
  transaction.request.SSV = bit(request.SID, 52);
  transaction.request.SubstreamID = field(request.SID, 51, 32);
  transaction.request.type = bit(request.ADDR, 8) ? AccessType::read : AccessType::write;
  set_memory_type(transaction.attributes, transaction.request.attributes);
  transaction.attributes.privileged = bit(request.ADDR, 9);
  transaction.attributes.instruction = bit(request.ADDR, 7) && transaction.reads_only();
  // 6.3.85: NS says the IPA space where stage 2 alone translates. 9.1.3: where nothing does, it is
  // IMPLEMENTATION DEFINED.
  transaction.attributes.NS =
      !SSEC || (request.TYPE() == STAGE_1 ? m_choices.atos_bypass_NS : bit(request.ADDR, 4));
  transaction.side_effects = !bit(request.ADDR, 6);  // HTTUI
  return transaction;
}

// 9.1.3: requests that no configuration can make valid
std::optional<uint64_t> Smmu::atos_invalid(const AtosRequest& request, Space stream) const {
  const unsigned TYPE = request.TYPE();
  if (TYPE == 0) return par_fault(INV_REQ);
  if (request.VMID.has_value() && TYPE != STAGE_1) return par_fault(INV_REQ);
  if ((TYPE & STAGE_1) != 0 && !m_features.S1P) return par_fault(INV_REQ);
  if ((TYPE & STAGE_2) != 0 && !m_features.S2P) return par_fault(INV_REQ);
  if (TYPE == STAGE_2 && bit(request.SID, 52)) return par_fault(INV_REQ);
  // 9.1.5, point A: permitted
  const bool no_stage2 = stream == Space::secure && !m_features.SEL2;
  if (no_stage2 && TYPE != STAGE_1 && m_choices.atos_looks_at_sel2_first) return par_fault(INV_STAGE);
  return std::nullopt;
}

// 9.1.3, 9.1.5, 9.1.6: the order of what can go wrong, up to the configuration
uint64_t Smmu::atos_answer(const AtosRequest& request) {
  const unsigned TYPE = request.TYPE();
  const bool wants_stage1 = (TYPE & STAGE_1) != 0;
  const bool wants_stage2 = (TYPE & STAGE_2) != 0;
  const Transaction transaction = atos_transaction(request);
  const Interface& stream = interface(transaction.stream());
  if (const auto invalid = atos_invalid(request, stream.space)) return *invalid;
  // 9.1.1: a Secure request for a Non-secure stream, whose interface is disabled
  if (!stream.SMMUEN() && m_choices.secure_atos_needs_smmuen_of_stream) return par_fault(INTERNAL_ERR);

  Configuration configuration;
  if (const auto problem = find_ste(transaction, configuration.ste)) {
    // Without RECINVSID there is no event, but there is this error
    const EventNumber number =
        problem->event.has_value() ? problem->event->number : EventNumber::C_BAD_STREAMID;
    return par_fault(unsigned(number));
  }
  const Ste& ste = configuration.ste;
  if (request.VMID.has_value() && vmid_tag(m_features, ste) != request.VMID) {
    return par_fault(unsigned(EventNumber::C_BAD_STE));  // 9.1.6
  }
  if (const auto problem = vms_after_ste(transaction, configuration)) {
    return par_fault(unsigned(problem->event->number));
  }
  if (!ste.translates()) return par_fault(INV_STAGE);
  if (wants_stage1 && !ste.stage1()) return par_fault(INV_STAGE);
  if (wants_stage2 && !ste.stage2()) return par_fault(INV_STAGE);
  configuration.world = stream_world(m_features, ste, bit(stream.CR2, 0));
  if (!wants_stage1) return atos_translate(request, transaction, configuration);

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
    if (const auto problem = vms_after_cd(transaction, configuration)) {
      return par_fault(unsigned(problem->event->number));
    }
  }
  return atos_translate(request, transaction, configuration);
}

// 9.1.3, 9.1.4
uint64_t Smmu::atos_translate(const AtosRequest& request, const Transaction& transaction,
                              const Configuration& configuration) {
  const Ste& ste = configuration.ste;
  const unsigned TYPE = request.TYPE();
  const uint64_t address = transaction.request.address;
  // 6.3.86: NS is of the PAR of the Secure interface alone
  auto with_NS = [&](uint64_t par, bool NS) {
    return par | (request.interface == Space::secure && NS ? uint64_t{1} << 10 : 0);
  };
  const unsigned oas = m_features.oas_bits();

  // Stage 1 is bypassed, or is not asked for: 3.4
  if (!configuration.stage1) {
    const bool whole = !ste.stage2() && m_choices.s1dss_bypass_checks_oas;
    if (beyond(address, whole ? oas : m_features.ias_bits())) {
      return par_fault(unsigned(EventNumber::F_ADDR_SIZE));
    }
    // 9.1.3. 9.1.4 has no F_PERMISSION of stage 1 where stage 2 alone is asked for.
    if (TYPE != STAGE_2 && SIF_forbids(transaction, transaction.attributes)) {
      return par_fault(unsigned(EventNumber::F_PERMISSION));
    }
    if (TYPE == STAGE_1) {
      return with_NS(par_success(truncate(address, oas), m_choices.atos_bypass_shift,
                                 m_choices.atos_bypass_attributes, m_choices.atos_bypass_shareability),
                     transaction.attributes.NS);
    }
  }

  naive::Configuration walk = walker(m_features, m_choices);
  if (configuration.stage1) configure_stage1(transaction, configuration, walk);
  if (TYPE != STAGE_1) configure_stage2(m_features, ste, walk);
  WalkMemory memory(m_features, m_memory, walk_labels(transaction, configuration));
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
    const bool NSIPA = with_address && ste.secure && fault->ipa_space == Space::non_secure;  // 6.3.86
    return par_fault(unsigned(number), REASON, with_address ? event_ipa(*fault->ipa) : 0) | (NSIPA ? 8 : 0);
  }

  const naive::Translation& translation = *answer.translation();
  unsigned shift = translation.shift;
  if (m_choices.atos_size_is_contiguous) {
    shift = 64;
    for (const auto* stage : {&translation.stage1, &translation.stage2}) {
      if (stage->has_value() && (*stage)->contiguous_shift < shift) shift = (*stage)->contiguous_shift;
    }
  }
  if (configuration.stage1 && m_choices.atos_size_is_within_range) {
    shift = within_range(configuration.cd, configuration.world, address, shift);
  }
  bool unpredictable = false;
  const Attributes attributes =
      consistent(walked_attributes(transaction, configuration.stage1, walk, translation, unpredictable));
  return with_NS(par_success(truncate(translation.address, oas), shift, mair_of(attributes), attributes.SH),
                 attributes.NS);
}

}  // namespace naive_smmuv3
