// SPDX-License-Identifier: MIT
//
// ATS: Translation Requests, Translated transactions and ATS Invalidation. IHI
// 0070 3.9.1, 3.13.7, 4.5.1, 13.6, 13.7.
#include <algorithm>
#include <stdexcept>

#include "bits.h"
#include "model.h"
#include "walk_memory.h"

namespace naive_smmuv3 {

namespace {

constexpr unsigned DATA = 0b10;
constexpr unsigned INST = 0b11;

using Status = TranslationCompletion::Status;

TranslationCompletion completion(Status status) {
  TranslationCompletion result;
  result.status = status;
  return result;
}

/// R, W and Exe of a Completion (13.7.1)
struct Grant {
  bool R = false, W = false, Exe = false;
  [[nodiscard]] bool any() const { return R || W || Exe; }
};

// 13.7.1. `writable`: W may be granted, as far as flags are concerned
Grant granted(const TranslationRequest& request, unsigned INSTCFG, const naive::Rights& ttd, bool writable) {
  Grant grant;
  grant.W = ttd.write && writable;
  switch (INSTCFG) {
    case INST:
      grant.R = ttd.execute;
      grant.Exe = request.Exe && ttd.execute;
      break;
    case DATA:
      grant.R = ttd.read;
      grant.Exe = request.Exe && ttd.read;
      break;
    default:
      grant.R = ttd.read;
      grant.Exe = request.Exe && ttd.read && ttd.execute;
      break;
  }
  return grant;
}

bool is_clean(const std::optional<naive::StageResult>& stage) {
  return stage.has_value() && stage->writable_clean;
}

}  // namespace

// 5.2 EATS
unsigned effective_eats(const Ste& ste, bool ATSCHK) {
  if (ste.Config == 0b100) return 0b00;
  if (ste.EATS == 0b10 && !ATSCHK) return 0b00;
  if (ste.EATS == 0b11) return 0b00;  // without DPT
  return ste.EATS;
}

// 3.9.1: the smallest granule
unsigned Smmu::stu_bits() const { return m_features.GRAN4K ? 12 : m_features.GRAN16K ? 14 : 16; }

// 3.9.1.2: the Completion is for the requester alone: R == W == 0, of the size of an STU
TranslationCompletion Smmu::no_access(const TranslationRequest& request) const {
  TranslationCompletion result = completion(Status::success);
  result.Priv = request.Priv;
  result.shift = stu_bits();
  return result;
}

// 3.9.1.2, the second table; CR2.REC_CFG_ATS. C_BAD_STREAMID comes without an event where RECINVSID is clear.
void Smmu::record_for_ats(const Problem& problem) {
  if (bit(m_non_secure.CR2, 3) && problem.event.has_value()) record_or_discard(*problem.event);
}

TranslationCompletion Smmu::failed(const TranslationRequest& request, const Problem& problem) {
  if (problem.event.has_value() && problem.event->translation_related()) return no_access(request);
  record_for_ats(problem);
  return completion(Status::completer_abort);
}

// 7.3.6
TranslationCompletion Smmu::refused(const TranslationRequest& request, const Transaction& transaction) {
  Event event = event_of(transaction, EventNumber::F_BAD_ATS_TREQ);
  event.RnW = request.NW;
  event.InD = request.Exe;
  event.PnU = request.Priv;
  event.Span = request.span;
  record_or_discard(event);
  return completion(Status::unsupported_request);
}

// 3.9.1.2: the configuration, in the order of 7.3.22, with ATS itself looked at once there is an STE
TranslationCompletion Smmu::request_translation(TranslationRequest request) {
  if (!m_features.ATS)
    throw std::invalid_argument("naive_smmuv3: no ATS, no Translation Requests (5.2 EATS)");
  if (!request.SSV) {
    request.SubstreamID = 0;
    request.Exe = request.Priv = false;
  }
  Transaction transaction;
  transaction.request.address = request.address;
  transaction.request.SEC_SID = request.SEC_SID;
  transaction.request.StreamID = request.StreamID;
  transaction.request.SSV = request.SSV;
  transaction.request.SubstreamID = request.SubstreamID;
  set_memory_type(transaction.attributes, transaction.request.attributes);
  transaction.attributes.privileged = request.Priv;
  transaction.attributes.instruction = request.Exe;

  // 3.9.1: before the StreamID or the configuration is looked at
  const bool secure = transaction.stream() == Space::secure;
  if (secure && !m_features.SECURE_IMPL)
    throw std::invalid_argument("naive_smmuv3: there is no Secure state");
  if (secure || !m_non_secure.SMMUEN()) return refused(request, transaction);
  Configuration configuration;
  if (const auto problem = find_ste(transaction, configuration.ste)) return failed(request, *problem);
  if (!configuration.ste.translates()) return completion(Status::unsupported_request);
  if (effective_eats(configuration.ste, m_non_secure.ATSCHK()) == 0b00) return refused(request, transaction);
  if (const auto problem = vms_after_ste(transaction, configuration)) return failed(request, *problem);
  configuration.world = stream_world(m_features, configuration.ste, bit(m_non_secure.CR2, 0));
  // Table 13.4: PRIVCFG and INSTCFG apply. Memory types do not show.
  transaction.attributes = replace_attributes(m_features, m_choices, configuration.ste.overrides(),
                                              transaction.attributes, transaction.reads_only());
  uint32_t index = 0;
  if (const auto problem = choose_cd(transaction, configuration, index)) return failed(request, *problem);
  if (configuration.stage1) {
    if (const auto problem = find_cd(transaction, configuration, index)) return failed(request, *problem);
    if (const auto problem = vms_after_cd(transaction, configuration)) return failed(request, *problem);
  }
  if (!configuration.stage1 && !configuration.ste.stage2())
    return identity(request, transaction, configuration);
  if (!configuration.stage1 && beyond(request.address, m_features.ias_bits())) {
    return no_access(request);  // 3.4, 13.6.5: an Address size fault of stage 1, in bypass
  }
  return answer_request(request, transaction, configuration);
}

// 13.6.4: S1DSS skips the only stage
TranslationCompletion Smmu::identity(const TranslationRequest& request, const Transaction& transaction,
                                     const Configuration& configuration) {
  const Attempt attempt = bypass(transaction, configuration);
  if (attempt.problem.has_value()) return failed(request, *attempt.problem);
  TranslationCompletion result = completion(Status::success);
  result.R = result.W = true;
  result.shift = std::max(stu_bits(), std::min(m_choices.ats_bypass_shift, m_features.oas_bits()));
  result.address = align_down(attempt.forwarded.address, result.shift);
  return result;
}

// 3.9.1.2, 13.6.3, 13.7: permissions first, without an update of a flag; then the updates that they call for
TranslationCompletion Smmu::answer_request(const TranslationRequest& request, const Transaction& transaction,
                                           const Configuration& configuration) {
  const Ste& ste = configuration.ste;
  const bool split = effective_eats(ste, m_non_secure.ATSCHK()) == 0b10;
  const unsigned INSTCFG = m_features.ATTR_PERMS_OVR ? ste.INSTCFG : 0;
  naive::Configuration walk = walker(m_features, m_choices);
  if (configuration.stage1) configure_stage1(transaction, configuration, walk);
  if (ste.stage2()) configure_stage2(m_features, ste, walk);
  WalkMemory memory(m_features, m_memory, walk_labels(transaction, configuration));

  auto grant_of = [&](const naive::Answer& answer) {
    const naive::Translation* translation = answer.translation();
    if (translation == nullptr) return Grant{};
    naive::Rights rights = transaction.attributes.privileged ? translation->permissions.privileged
                                                             : translation->permissions.unprivileged;
    for (const auto* stage : {&translation->stage1, &translation->stage2}) {
      const bool device = stage->has_value() && is_device((*stage)->attributes);
      if (device && m_choices.walk.execute_from_device_faults) rights.execute = false;
    }
    // 13.7, 3.13.7.1: what is clean is not writable for NW, except at stage 2 of Split-stage ATS, which a
    // Translated transaction goes through
    const bool clean = is_clean(translation->stage1) || (!split && is_clean(translation->stage2));
    const bool writable = !request.NW || (m_choices.grants_write_with_nw && !clean);
    return granted(request, INSTCFG, rights, writable);
  };

  naive::Request look = walk_request(transaction);
  look.access = naive::Access::none;
  look.side_effects = false;
  naive::Answer answer = naive::translate(walk, look, memory);
  m_memory.reads_again();
  const Grant grant = grant_of(answer);

  // The same once more, as the access that was granted. Where nothing was, it is a read that stage 1 denies
  // before it gets to the IPA, so that no fault of stage 2 shows (3.9.1.2); tables that were read are marked
  // accessed.
  naive::Request touch = walk_request(transaction);
  const naive::Access reading = INSTCFG == INST ? naive::Access::execute : naive::Access::read;
  touch.access = reading;
  if (grant.W && (!request.NW || !grant.R)) touch.access = naive::Access::write;
  if (!split || configuration.stage1) {
    touch.stage2_for_walks_only = split;
    const naive::Answer touched = naive::translate(walk, touch, memory);
    if (touched.fault() != nullptr || !split) answer = touched;
  }
  if (answer.fault() == nullptr && grant.any() && split &&
      m_choices.split_request_flags != Choices::SplitFlags::none) {
    // 3.13.7.1: flags of the final IPA's descriptor, here or with the Translated transaction
    naive::Configuration stage2 = walker(m_features, m_choices);
    configure_stage2(m_features, ste, stage2);
    touch.stage2_for_walks_only = false;
    if (configuration.stage1) touch.address = answer.translation()->stage1->output;
    const bool dirty = m_choices.split_request_flags == Choices::SplitFlags::access_and_dirty;
    if (touch.access == naive::Access::write && (!dirty || request.NW)) touch.access = reading;
    if (touch.access == naive::Access::write || grant.R) {
      const naive::Answer touched = naive::translate(stage2, touch, memory);
      if (touched.fault() != nullptr) answer = touched;
    }
  }
  if (const naive::Fault* fault = answer.fault()) {
    if (number_of(fault->kind) == EventNumber::F_WALK_EABT) {
      return failed(request, walk_problem(transaction, configuration, walk, answer));
    }
    if (fault->by_configuration) {
      throw std::logic_error("naive_smmuv3: a structure passed 5.2.2 and 5.4.2, but the walk refuses it");
    }
    return no_access(request);
  }
  if (!grant.any()) return no_access(request);

  const naive::Translation& translation = *answer.translation();
  TranslationCompletion result = completion(Status::success);
  result.R = grant.R;
  result.W = grant.W;
  result.Exe = grant.Exe;
  result.Priv = request.Priv;
  uint64_t address = truncate(translation.address, m_features.oas_bits());
  if (split) address = configuration.stage1 ? translation.stage1->output : request.address;
  result.shift = translation.shift;
  if (m_choices.ats_size_is_contiguous) {
    result.shift = 64;
    for (const auto* stage : {&translation.stage1, &translation.stage2}) {
      if (stage->has_value()) result.shift = std::min(result.shift, (*stage)->contiguous_shift);
    }
  }
  // 5.4 IPS, 5.2 S2PS: the rest of a larger block does not translate
  if (configuration.stage1 && configuration.cd.AA64) {
    result.shift = std::min(result.shift, m_features.effective_output_bits(configuration.cd.IPS));
  }
  if (ste.stage2() && ste.S2AA64) {
    result.shift = std::min(result.shift, m_features.effective_output_bits(ste.S2PS));
  }
  if (configuration.stage1 && m_choices.ats_size_is_within_range) {
    result.shift = within_range(configuration.cd, configuration.world, request.address, result.shift);
  }
  result.address = align_down(address, result.shift);
  result.lookup = std::make_shared<Lookup>(
      Lookup{ste, configuration.world, configuration.stage1, configuration.cd, answer});
  return result;
}

// 3.9.1.3
Smmu::Attempt Smmu::translated(Transaction transaction) {
  Attempt attempt;
  attempt.problem = Problem{};  // silent
  if (transaction.request.unsupported.has_value()) return attempt;
  // Without PASIDTT
  transaction.request.SSV = false;
  transaction.request.SubstreamID = 0;
  transaction.attributes.privileged = transaction.attributes.instruction = false;
  const Problem forbidden = problem_of(transaction, EventNumber::F_TRANSL_FORBIDDEN);
  if (transaction.stream() == Space::secure) {
    attempt.problem = forbidden;
    return attempt;
  }
  if (!m_non_secure.SMMUEN()) {
    if (m_choices.records_translated_while_disabled) attempt.problem = forbidden;
    return attempt;
  }
  if (!m_non_secure.ATSCHK()) return pass_translated(transaction, bypass_label(m_non_secure));

  auto configuration_error = [&](Problem problem) {
    // Of C_BAD_STREAMID, which does not depend on RECINVSID here
    if (!problem.event.has_value()) problem = problem_of(transaction, EventNumber::C_BAD_STREAMID);
    if (bit(m_non_secure.CR2, 3)) attempt.problem = problem;
    return attempt;
  };
  Configuration configuration;
  const Ste& ste = configuration.ste;
  if (const auto problem = find_ste(transaction, configuration.ste)) return configuration_error(*problem);
  if (!ste.translates()) return attempt;
  const unsigned EATS = effective_eats(ste, true);
  if (EATS == 0b00) {
    attempt.problem = forbidden;
    return attempt;
  }
  if (m_choices.translated_without_pasid_may_be_disabled && substreams_enabled(m_features, ste) &&
      ste.S1DSS != 0b01 && ste.S1DSS != 0b10) {
    return configuration_error(problem_of(transaction, EventNumber::F_STREAM_DISABLED));
  }
  // Table 13.4, Table 13.5
  Overrides overrides;
  overrides.of_ste = false;
  if (m_choices.translated_alloccfg_applies) overrides.ALLOCCFG = ste.ALLOCCFG;
  if (EATS == 0b10 || m_choices.translated_permission_overrides_apply) {
    overrides.PRIVCFG = ste.PRIVCFG;
    overrides.INSTCFG = ste.INSTCFG;
  }
  transaction.attributes =
      replace_attributes(m_features, m_choices, overrides, transaction.attributes, transaction.reads_only());
  // 17.3: without PASIDTT there is no CD, and so no VMS
  configuration.stage1 = false;
  if (EATS != 0b10) return pass_translated(transaction, stream_label(transaction, configuration));
  // 13.6.3: an IPA, which stage 2 translates. 3.4: against the IAS first
  configuration.world = stream_world(m_features, ste, bit(m_non_secure.CR2, 0));
  return walk(transaction, configuration);
}

// 3.9.1.1: a physical address
Smmu::Attempt Smmu::pass_translated(const Transaction& transaction, const MpamLabel& mpam) const {
  Attempt attempt;
  const uint64_t address = transaction.request.address;
  if (m_choices.translated_beyond_oas_aborts && beyond(address, m_features.oas_bits())) {
    attempt.problem = Problem{};
    return attempt;
  }
  attempt.forwarded.address = truncate(address, m_features.oas_bits());
  output_attributes(transaction.attributes, attempt.forwarded);
  attempt.forwarded.mpam = mpam;
  return attempt;
}

// 4.5.1: legality that depends on parameters
bool Smmu::atc_inv_illegal(uint64_t high) const {
  return field(high, 5, 0) > 52 && m_choices.atc_inv_beyond_52 == Choices::Oversized::illegal;
}

// 4.5.1, 3.9.1.4, 3.9.1.5: false where it will never complete
bool Smmu::invalidate_atc(uint64_t low, uint64_t high) {
  AtcInvalidation message;
  if (!device_addressed(low, message.StreamID, message.SSV, message.SubstreamID)) return true;
  unsigned Size = field(high, 5, 0);
  if (Size > 52) {
    if (m_choices.atc_inv_beyond_52 == Choices::Oversized::ignored) return true;
    Size = 52;
  }
  message.Global = message.SSV && bit(low, 9);
  message.shift = 12 + Size;
  message.address = align_down(keep(high, 63, 12), message.shift);
  return !m_atc_handler || m_atc_handler(message) == AtcAnswer::completed;
}

// 4.5: StreamID [63:32], SubstreamID [31:12] and SSV 11 of both commands, as public drivers write
// them. 4.1.7: out of range there is no effect
bool Smmu::device_addressed(uint64_t low, uint32_t& StreamID, bool& SSV, uint32_t& SubstreamID) const {
  StreamID = field(low, 63, 32);
  if (beyond(StreamID, m_features.SIDSIZE)) return false;
  SSV = bit(low, 11);
  SubstreamID = 0;
  if (SSV && m_features.SSIDSIZE == 0) {
    if (m_choices.ssv_without_pasids_is_ignored) return false;
    SSV = false;
  }
  if (SSV) SubstreamID = field(low, 31, 12);
  return !beyond(SubstreamID, m_features.SSIDSIZE);
}

}  // namespace naive_smmuv3
