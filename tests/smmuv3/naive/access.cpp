// SPDX-License-Identifier: MIT
//
// The path of a transaction: IHI 0070 3.3.2, 3.4, 13.2 to 13.4, 7.3.22.
#include <stdexcept>

#include "bits.h"
#include "model.h"
#include "walk_memory.h"

namespace naive_smmuv3 {

// ---- problems

// 7.3: what every record may carry. InD is 0 on writes, since the attributes were made so.
Event Smmu::event_of(const Transaction& transaction, EventNumber number) const {
  Event event;
  event.number = number;
  event.SEC_SID = transaction.stream();
  event.StreamID = transaction.request.StreamID;
  event.SSV = transaction.request.SSV;
  event.SubstreamID = transaction.request.SSV ? transaction.request.SubstreamID : 0;
  event.RnW = transaction.reads_only();  // 13.1.1: 0 for atomics
  event.InD = transaction.attributes.instruction;
  event.PnU = transaction.attributes.privileged;
  event.InputAddr = transaction.request.address;
  return event;
}

// Terminated with an abort, and recorded (5.5)
Smmu::Problem Smmu::problem_of(const Transaction& transaction, EventNumber number) const {
  Problem problem;
  problem.event = event_of(transaction, number);
  return problem;
}

// 5.5: S2S and S2R rule the four Translation-related faults of stage 2; there is no A, as though it were 1
Smmu::Problem Smmu::stage2_problem(const Ste& ste, const Event& event) const {
  Problem problem;
  problem.event = event;
  if (event.translation_related()) {
    problem.stall = ste.S2S;
    problem.record = ste.S2R;
  }
  return problem;
}

uint64_t Smmu::event_ipa(uint64_t ipa) const {
  return m_choices.masks_event_ipa_to_oas ? truncate(ipa, m_features.oas_bits()) : ipa;
}

// The fault of a walk, as an event: 7.3.12 to 7.3.16
Smmu::Problem Smmu::walk_problem(const Transaction& transaction, const Configuration& configuration,
                                 const naive::Configuration& walk, const naive::Answer& answer) {
  const naive::Fault& fault = *answer.fault();
  if (fault.by_configuration) {
    throw std::logic_error("naive_smmuv3: a structure passed 5.2.2 and 5.4.2, but the walk refuses it");
  }
  Event event = event_of(transaction, number_of(fault.kind));
  event.S2 = fault.stage == 2;
  if (event.number == EventNumber::F_WALK_EABT) {
    event.FetchAddr = aborted_address(m_features, answer);
    // 7.3.12: unlike the other faults of stage 1, CLASS is TT
    event.CLASS = !event.S2 || fault.s2fs1walk ? FaultClass::TT : FaultClass::IN;
  } else {
    event.CLASS = event.S2 && fault.s2fs1walk ? FaultClass::TT : FaultClass::IN;
  }
  if (event.S2) {
    event.IPA = event_ipa(*fault.ipa);
    event.NSIPA = transaction.stream() == Space::secure && fault.ipa_space == Space::non_secure;
  }

  WalkMemory memory(m_features, m_memory, walk_labels(transaction, configuration));
  naive::Request again = walk_request(transaction);
  again.side_effects = false;
  if (event.number == EventNumber::F_PERMISSION && event.CLASS == FaultClass::TT) {
    // Without updates only reads of stage 1 descriptors are left: does one of them fault?
    const naive::Answer reads = naive::translate(walk, again, memory);
    const naive::Fault* read_fault = reads.fault();
    event.TTRnW = read_fault != nullptr && read_fault->kind == naive::FaultKind::permission &&
                  read_fault->s2fs1walk && read_fault->ipa == fault.ipa;
  }
  if (event.number == EventNumber::F_PERMISSION && event.CLASS == FaultClass::IN &&
      transaction.request.type == AccessType::atomic) {
    // 13.1.1: write permission is looked at first; RnW is 1 only if that is there, at this stage
    again.access = naive::Access::write;
    const naive::Answer write = naive::translate(walk, again, memory);
    const naive::Fault* write_fault = write.fault();
    const bool write_denied = write_fault != nullptr && write_fault->kind == naive::FaultKind::permission &&
                              !write_fault->s2fs1walk && write_fault->stage == fault.stage;
    event.RnW =
        !write_denied && (m_features.minor_version() >= 1 || m_choices.atomic_read_permission_rnw_v30);
  }

  if (event.S2) return stage2_problem(configuration.ste, event);
  Problem problem;
  problem.event = event;
  if (event.translation_related()) {
    problem.stall = configuration.cd.S;
    problem.record = configuration.cd.R;
    problem.abort = configuration.cd.A;
  }
  return problem;
}

// ---- the path

Smmu::Attempt Smmu::attempt(const AccessRequest& request) {
  Transaction transaction;
  transaction.request = request;
  set_memory_type(transaction.attributes, request.attributes);
  transaction.attributes.SH = request.shareability;
  transaction.attributes.privileged = request.privileged;
  if (transaction.stream() == Space::secure) {
    if (!m_features.SECURE_IMPL)
      throw std::invalid_argument("naive_smmuv3: there is no Secure state (3.10.1)");
    transaction.attributes.NS = request.NS;  // 13.4.4: always Non-secure for other streams
  }
  transaction.attributes.instruction = request.instruction && request.type == AccessType::read;
  if (request.translated) return translated(transaction);
  if (request.unsupported.has_value()) {
    // 7.3.2: recorded with SMMUEN == 0 too (permitted), with the attributes as they came
    Attempt attempt;
    attempt.problem = problem_of(transaction, EventNumber::F_UUT);
    attempt.problem->event->Reason = *request.unsupported;
    return attempt;
  }
  return interface(transaction.stream()).SMMUEN() ? translate(transaction) : bypass_disabled(transaction);
}

// 3.4, 6.3.9.6, 6.3.14, 13.2: SMMUEN == 0
Smmu::Attempt Smmu::bypass_disabled(const Transaction& transaction) {
  Attempt attempt;
  const Interface& regs = interface(transaction.stream());
  const bool ABORT = bit(regs.GBPA, 20);
  if (ABORT || beyond(transaction.request.address, m_features.oas_bits())) {
    attempt.problem = Problem{};  // silent
    return attempt;
  }
  Overrides overrides;
  overrides.NSCFG = regs.secure() ? field(regs.GBPA, 15, 14) : 0;
  overrides.INSTCFG = field(regs.GBPA, 19, 18);
  overrides.PRIVCFG = field(regs.GBPA, 17, 16);
  overrides.SHCFG = field(regs.GBPA, 13, 12);
  overrides.ALLOCCFG = field(regs.GBPA, 11, 8);
  overrides.MTCFG = bit(regs.GBPA, 4);
  overrides.MemAttr = field(regs.GBPA, 3, 0);
  overrides.of_ste = false;
  const Attributes attributes =
      replace_attributes(m_features, m_choices, overrides, transaction.attributes, transaction.reads_only());
  if (SIF_forbids(transaction, attributes)) {
    attempt.problem = Problem{};  // 6.3.57: silent too
    return attempt;
  }
  attempt.forwarded.address = transaction.request.address;
  output_attributes(attributes, attempt.forwarded);
  attempt.forwarded.mpam = bypass_label(regs);
  return attempt;
}

// 6.3.57.2: an instruction fetch of a Secure stream, after the overrides, that is Non-secure where stage 1
// leaves it
bool Smmu::SIF_forbids(const Transaction& transaction, const Attributes& attributes) const {
  const bool SIF = transaction.stream() == Space::secure && interface(Space::secure).SIF();
  return SIF && attributes.instruction && attributes.NS;
}

// 3.12, 6.3.57: where stage 1 is bypassed, an abort whatever the configuration says; of stage 1
Smmu::Problem Smmu::SIF_problem(const Transaction& transaction) const {
  return problem_of(transaction, EventNumber::F_PERMISSION);
}

// 7.3.22: the order of everything that can go wrong
Smmu::Attempt Smmu::translate(Transaction& transaction) {
  Attempt attempt;
  Configuration configuration;
  attempt.problem = find_ste(transaction, configuration.ste);
  if (attempt.problem.has_value()) return attempt;
  if (!configuration.ste.translates()) {
    attempt.problem = Problem{};  // 5.2 Config 0b0xx: abort, no event
    return attempt;
  }
  attempt.problem = vms_after_ste(transaction, configuration);
  if (attempt.problem.has_value()) return attempt;
  configuration.world =
      stream_world(m_features, configuration.ste, bit(interface(transaction.stream()).CR2, 0));
  transaction.attributes = replace_attributes(m_features, m_choices, configuration.ste.overrides(),
                                              transaction.attributes, transaction.reads_only());
  uint32_t index = 0;
  attempt.problem = choose_cd(transaction, configuration, index);
  if (attempt.problem.has_value()) return attempt;
  if (configuration.stage1) {
    attempt.problem = find_cd(transaction, configuration, index);
    if (attempt.problem.has_value()) return attempt;
    attempt.problem = vms_after_cd(transaction, configuration);
    if (attempt.problem.has_value()) return attempt;
  }
  if (configuration.stage1 || configuration.ste.stage2()) return walk(transaction, configuration);
  return bypass(transaction, configuration);
}

// 3.4, 13.3: neither stage translates
Smmu::Attempt Smmu::bypass(const Transaction& transaction, const Configuration& configuration) {
  Attempt attempt;
  const uint64_t address = transaction.request.address;
  const bool whole = configuration.ste.Config == 0b100 || m_choices.s1dss_bypass_checks_oas;
  if (beyond(address, whole ? m_features.oas_bits() : m_features.ias_bits())) {
    attempt.problem =
        problem_of(transaction, EventNumber::F_ADDR_SIZE);  // of stage 1; always an abort (3.12)
    return attempt;
  }
  if (SIF_forbids(transaction, transaction.attributes)) {
    attempt.problem = SIF_problem(transaction);
    return attempt;
  }
  attempt.forwarded.address = truncate(address, m_features.oas_bits());
  output_attributes(transaction.attributes, attempt.forwarded);
  attempt.forwarded.mpam = stream_label(transaction, configuration);
  return attempt;
}

void Smmu::configure_stage1(const Transaction& transaction, const Configuration& configuration,
                            naive::Configuration& walk) const {
  naive_smmuv3::configure_stage1(m_features, configuration.world, configuration.cd, transaction.stream(),
                                 interface(transaction.stream()).SIF(), walk);
}

naive::Request Smmu::walk_request(const Transaction& transaction) const {
  naive::Request request;
  request.address = transaction.request.address;
  switch (transaction.request.type) {
    case AccessType::read:
      request.access = transaction.attributes.instruction ? naive::Access::execute : naive::Access::read;
      break;
    case AccessType::write:
      request.access = naive::Access::write;
      break;
    case AccessType::atomic:
      request.access = naive::Access::atomic;
      break;
  }
  request.privileged = transaction.attributes.privileged;
  request.side_effects = transaction.side_effects;
  request.input_attributes = mair_of(transaction.attributes);
  request.input_shareability = transaction.attributes.SH;
  request.input_space = transaction.attributes.NS ? Space::non_secure : Space::secure;
  return request;
}

// 3.4, 13.4
Smmu::Attempt Smmu::walk(const Transaction& transaction, const Configuration& configuration) {
  Attempt attempt;
  if (!configuration.stage1 && beyond(transaction.request.address, m_features.ias_bits())) {
    attempt.problem = problem_of(transaction, EventNumber::F_ADDR_SIZE);  // of stage 1, in bypass
    return attempt;
  }
  if (!configuration.stage1 && SIF_forbids(transaction, transaction.attributes)) {
    attempt.problem = SIF_problem(transaction);
    return attempt;
  }
  naive::Configuration walk = walker(m_features, m_choices);
  if (configuration.stage1) configure_stage1(transaction, configuration, walk);
  if (configuration.ste.stage2()) configure_stage2(m_features, configuration.ste, walk);
  WalkMemory memory(m_features, m_memory, walk_labels(transaction, configuration));
  const naive::Answer answer = naive::translate(walk, walk_request(transaction), memory);
  const naive::Translation* translation = answer.translation();
  if (translation == nullptr) {
    attempt.problem = walk_problem(transaction, configuration, walk, answer);
    return attempt;
  }
  // A 40-bit output of LPAE tables is truncated to a smaller OAS
  attempt.forwarded.address = truncate(translation->address, m_features.oas_bits());
  bool unpredictable = translation->attributes_unpredictable;
  const Attributes attributes =
      walked_attributes(transaction, configuration.stage1, walk, *translation, unpredictable);
  output_attributes(attributes, attempt.forwarded);
  attempt.forwarded.mpam = stream_label(transaction, configuration);
  attempt.forwarded.attributes_unpredictable = unpredictable;
  attempt.forwarded.lookup = std::make_shared<Lookup>(
      Lookup{configuration.ste, configuration.world, configuration.stage1, configuration.cd, answer});
  return attempt;
}

// 13.4.1 to 13.4.3. The walker has combined the stages; what it cannot know is that the input has hints, and
// MTEPERM (3.23.1).
Attributes Smmu::walked_attributes(const Transaction& transaction, bool stage1,
                                   const naive::Configuration& walk, const naive::Translation& translation,
                                   bool& unpredictable) const {
  Attributes attributes;
  set_memory_type(attributes, translation.attributes);
  attributes.SH = translation.shareability;

  const auto* s2 = std::get_if<naive::Stage2_64>(&walk.stage2);
  if (m_features.MTEPERM && s2 != nullptr && !s2->FWB &&
      field(translation.stage2->descriptor, 5, 2) == 0b0100) {
    // Normal Write-Back: what comes from stage 1 or the input is left as it is
    if (translation.stage1.has_value()) {
      set_memory_type(attributes, translation.stage1->attributes);
      attributes.SH = translation.stage1->shareability;
    } else {
      attributes = transaction.attributes;
    }
    const unsigned sh = s2->DS ? s2->SH0 : field(translation.stage2->descriptor, 9, 8);
    Shareability stage2_sh = Shareability{sh};
    if (sh == 0b01) stage2_sh = s2->DS ? Shareability::non_shareable : m_choices.walk.reserved_shareability;
    attributes.SH = stronger(attributes.SH, stage2_sh);
    unpredictable = false;
  }
  if (stage1) attributes = combine_hints(m_choices, attributes, transaction.attributes);
  attributes.privileged = transaction.attributes.privileged;
  attributes.instruction = transaction.attributes.instruction;
  attributes.NS = translation.space == Space::non_secure;
  return attributes;
}

// 13.4.4, 13.1.2
void Smmu::output_attributes(Attributes attributes, Forwarded& forwarded) const {
  attributes = consistent(attributes);
  if (m_features.minor_version() >= 4 && m_choices.v34_outputs_data_privileged) {
    attributes.privileged = true;
    attributes.instruction = false;
  }
  forwarded.NS = attributes.NS;
  forwarded.attributes = mair_of(attributes);
  forwarded.shareability = attributes.SH;
  forwarded.privileged = attributes.privileged;
  forwarded.instruction = attributes.instruction;
}

}  // namespace naive_smmuv3
