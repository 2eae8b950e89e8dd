// SPDX-License-Identifier: MIT
//
// From a client's transaction to its context banks: security state, stream mapping, bypass, and the checks of
// banks. IHI 0062 2.1 to 2.4, 3.8.
#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

// 2.2, 13.1
bool Smmu::ssd_secure(const AccessRequest& request) const {
  if (m_parameters.SSDTP == 0) return request.secure;
  const uint64_t index = truncate(request.SSD_Index, m_parameters.ssd_index_bits());
  return !bit(m_SSDR[index / 32], unsigned(index % 32));
}

// 2.4, Table 2-3 is the caller's: all markings are there. 2.3.9: each state matches its own groups alone.
Attributes Smmu::incoming(const AccessRequest& request, bool secure) const {
  Attributes attributes;
  set_memory_type(attributes, request.attributes);
  attributes.shareability = request.shareability;
  attributes.NS = !secure || request.NS;
  attributes.instruction = request.instruction && request.type == AccessType::read;
  attributes.privileged = request.privileged;
  return attributes;
}

// 9.6.3
Transformation Smmu::of_CR0(Security which) const {
  const uint32_t CR0 = m_global[which].CR0;
  Transformation result;
  result.MTCFG = bit(CR0, 20);
  result.MemAttr = field(CR0, 19, 16);
  result.SHCFG = field(CR0, 23, 22);
  result.RACFG = field(CR0, 25, 24);
  result.WACFG = field(CR0, 27, 26);
  result.TRANSIENTCFG = field(CR0, 7, 6);
  if (which == secure_state) result.NSCFG = field(CR0, 29, 28);
  return result;
}

// 9.6.23
Transformation Smmu::of_S2CR(uint32_t S2CR, bool secure) const {
  Transformation result;
  result.MTCFG = bit(S2CR, 11);
  result.MemAttr = field(S2CR, 15, 12);
  result.SHCFG = field(S2CR, 9, 8);
  result.RACFG = field(S2CR, 21, 20);
  result.WACFG = field(S2CR, 23, 22);
  result.TRANSIENTCFG = field(S2CR, 29, 28);
  if (secure) result.NSCFG = field(S2CR, 19, 18);
  if (field(S2CR, 17, 16) == 0) {
    result.INSTCFG = field(S2CR, 27, 26);
    result.PRIVCFG = field(S2CR, 25, 24);
  }
  return result;
}

// 2.3.7, 2.3.8, 9.6.25: the groups that match, lowest first
std::vector<unsigned> Smmu::match(const AccessRequest& request, bool secure) const {
  const unsigned begin = secure ? ns_groups() : 0;
  const unsigned end = secure ? m_parameters.NUMSMRG : ns_groups();
  const uint64_t StreamID = truncate(request.StreamID, m_parameters.stream_id_bits());
  std::vector<unsigned> groups;
  if (!m_parameters.SMS) {
    if (StreamID >= begin && StreamID < end) groups.push_back(unsigned(StreamID));
    return groups;
  }
  const bool EXIDENABLE = bit(m_global[secure ? secure_state : non_secure].CR0, 3);
  for (unsigned n = begin; n < end; n++) {
    const uint32_t SMR = m_SMR[n];
    if (EXIDENABLE) {
      if (!bit(m_S2CR[n], 10)) continue;  // EXIDVALID
      if (((StreamID ^ bits(SMR, 15, 0)) & ~bits(SMR, 31, 16)) == 0) groups.push_back(n);
    } else {
      if (!bit(SMR, 31)) continue;  // VALID
      // 2.3.1: sixteen bits only with EXIDENABLE
      const uint64_t significant = ones(m_parameters.NUMSIDB) & ~bits(SMR, 30, 16);
      if (((StreamID ^ bits(SMR, 14, 0)) & significant) == 0) groups.push_back(n);
    }
  }
  return groups;
}

// 1.6.2, 2.3.5, 2.1.1
Outcome Smmu::bypass(const Pending& pending, const Transformation& transformation) {
  const AccessRequest& request = pending.request;
  const Attributes attributes =
      transform(transformation, incoming(request, pending.secure), request.type == AccessType::read,
                pending.secure, m_parameters.DIPANS);
  if (pending.secure && bit(m_SCR1, 26) && attributes.instruction && attributes.NS) {
    return global_fault(pending, {7, false});  // SIF
  }
  Outcome outcome;
  outcome.kind = Outcome::Kind::forwarded;
  Forwarded& forwarded = outcome.forwarded;
  forwarded.address = truncate(request.address, m_parameters.oas_bits());
  forwarded.NS = attributes.NS;
  forwarded.attributes = mair_of(attributes);
  forwarded.shareability = attributes.shareability;
  forwarded.privileged = attributes.privileged;
  forwarded.instruction = attributes.instruction;
  return outcome;
}

// 3.8.4, CheckBankValidityAndRecordFaults(); `secure` is the state of whoever names the first bank
std::optional<Smmu::GlobalFault> Smmu::check_banks(Banks& banks, bool secure) const {
  constexpr unsigned ICF = 0;
  constexpr unsigned UCBF = 3;
  const Parameters& p = m_parameters;
  const unsigned first = banks.first;
  if (first >= p.NUMCB || bank_secure(first) != secure) return GlobalFault{UCBF, false};

  const unsigned type = bank_type(first);
  const GlobalFault invalid{ICF, m_choices.first_bank_ICF_is_nested};
  const bool stage2_only_bank = first < p.NUMS2CB;
  if ((type == 3 && !p.NTS) || (type == 1 && !p.S1TS) || (type == 0 && !p.S2TS) ||
      (stage2_only_bank && type != 0)) {
    return invalid;
  }
  if (type == 2 || (secure && type != 1)) return invalid;
  if (type != 3) return std::nullopt;

  const unsigned second = field(m_CBAR[first], 15, 8) & unsigned(ones(m_choices.nested_CBNDX_bits));
  if (second >= p.NUMCB || bank_secure(second) != secure) return GlobalFault{UCBF, true};
  if (bank_type(second) != 0 || (VA64(first) && !VA64(second))) return GlobalFault{ICF, true};
  banks.second = second;
  return std::nullopt;
}

// 2.1.1, 2.4.2 data_attribute_transformations(): nullopt where the transaction stalls or waits
std::optional<Outcome> Smmu::process(Pending& pending) {
  const AccessRequest& request = pending.request;
  const bool secure = pending.secure;
  const Security which = secure ? secure_state : non_secure;
  const uint32_t CR0 = m_global[which].CR0;

  if (!pending.S2CR.has_value() || m_choices.retries_from_stream_mapping) {
    if (request.unsupported == Unsupported::before_context) return global_fault(pending, {8, false});
    if (bit(CR0, 0)) return bypass(pending, of_CR0(which));  // CLIENTPD
    const std::vector<unsigned> groups = match(request, secure);
    if (groups.empty()) {
      if (bit(CR0, 10)) return global_fault(pending, {1, false});  // USFCFG: USF
      return bypass(pending, of_CR0(which));
    }
    const bool undetected = !m_parameters.SMCD && m_choices.undetected_conflict_takes_lowest;
    if (groups.size() > 1 && !undetected) {
      if (bit(CR0, 21)) return global_fault(pending, {2, false});  // SMCFCFG: SMCF
      return bypass(pending, of_CR0(which));
    }
    pending.S2CR = m_S2CR[groups.front()];
  }
  const uint32_t S2CR = *pending.S2CR;
  switch (field(S2CR, 17, 16)) {
    case 0:
      break;
    case 1:
      return bypass(pending, of_S2CR(S2CR, secure));
    default:
      return global_fault(pending, {0, false});  // ICF
  }

  Question question;
  question.banks.first = field(S2CR, 7, 0) & unsigned(ones(m_choices.CBNDX_bits));
  question.secure = secure;
  if (const auto fault = check_banks(question.banks, secure)) return global_fault(pending, *fault);
  pending.banks = question.banks;
  question.address = request.address;
  question.type = request.type;
  question.attributes = transform(of_S2CR(S2CR, secure), incoming(request, secure),
                                  request.type == AccessType::read, secure, m_parameters.DIPANS);
  question.DIPAN = m_parameters.DIPANS && field(S2CR, 25, 24) == 0b01;
  question.unsupported = request.unsupported;
  return request_buffer(pending, question);
}

Outcome Smmu::access(const AccessRequest& request) {
  Pending pending;
  pending.id = m_next_id++;
  pending.request = request;
  pending.request.address = truncate(request.address, m_parameters.ubs_bits());
  if (!m_parameters.SES) {
    if (request.secure) {
      // 7.2: such a transaction bypasses all processing
      Outcome outcome;
      outcome.kind = Outcome::Kind::forwarded;
      Attributes attributes;
      set_memory_type(attributes, request.attributes);
      outcome.forwarded = {truncate(pending.request.address, m_parameters.oas_bits()),
                           request.NS,
                           mair_of(attributes),
                           request.shareability,
                           request.privileged,
                           request.instruction,
                           false};
      return outcome;
    }
  } else {
    pending.secure = ssd_secure(request);
  }
  const std::optional<Outcome> ended = process(pending);
  count_access(pending);
  if (ended.has_value()) return *ended;
  Outcome outcome;
  outcome.kind = Outcome::Kind::stalled;
  outcome.id = pending.id;
  outcome.fetches = pending.fetches;
  m_waiting.push_back(pending);
  return outcome;
}

}  // namespace naive_smmuv2
