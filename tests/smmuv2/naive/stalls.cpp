// SPDX-License-Identifier: MIT
//
// The context fault model: IHI 0062 3.7.3, RequestBufferStateMachine(), and 16.5.28.
#include <algorithm>
#include <utility>

#include "bits.h"
#include "model.h"

namespace naive_smmuv2 {

static constexpr uint32_t SS = 1u << 30;

// InTerminateMode(); imp_def_option_0 is not taken
bool Smmu::terminate_mode(unsigned n) const { return (m_banks[n].SCTLR & sctlr_mask(n) & (1u << 7)) == 0; }

// ClientAbort()
Outcome Smmu::client_abort(unsigned n) const {
  Outcome outcome;
  outcome.kind = bit(m_banks[n].SCTLR, 5) ? Outcome::Kind::aborted : Outcome::Kind::razwi;
  return outcome;
}

// CheckForFaultsInBank()
Smmu::Checked Smmu::check_for_faults(unsigned n) const {
  const Bank& bank = m_banks[n];
  if (bank.FSR == 0) return Checked::passed;  // Format has no storage
  const bool HUPCF = bit(bank.SCTLR, 8);
  if (HUPCF) return Checked::passed;
  // With SS the transactions that stalled by an earlier CFCFG are waited for; without it the new CFCFG has
  // not taken effect yet.
  return (bank.FSR & SS) != 0 ? Checked::waits : Checked::aborted;
}

void Smmu::wait_for(Pending& pending, unsigned n, bool recorded) {
  pending.bank = n;
  pending.recorded = recorded;
}

// RequestBufferStateMachine() from `start` to its end or its next wait (nullopt)
std::optional<Outcome> Smmu::request_buffer(Pending& pending, const Question& question) {
  const bool operation = question.operation;
  // 3.7.5; operations are held by their second bank alone (4.2.4)
  const Security which = question.secure ? secure_state : non_secure;
  if (GSE(which) && !operation) {
    for (unsigned n = 0; n < m_parameters.NUMCB; n++) {
      if ((m_banks[n].FSR & SS) == 0) continue;
      wait_for(pending, n, false);
      return std::nullopt;
    }
  }
  std::vector<unsigned> banks;
  if (!operation) banks.push_back(question.banks.first);  // 4.2.2
  if (question.banks.second.has_value()) banks.push_back(*question.banks.second);
  for (unsigned n : banks) {
    switch (check_for_faults(n)) {
      case Checked::passed:
        break;
      case Checked::aborted:
        return client_abort(n);
      case Checked::waits:
        wait_for(pending, n, false);
        return std::nullopt;
    }
  }

  Lookup lookup = translate(question);
  pending.fetches = lookup.fetches;
  Outcome outcome;
  if (!lookup.fault.has_value()) {
    outcome.kind = Outcome::Kind::forwarded;
    outcome.forwarded = {lookup.address,
                         lookup.attributes.NS,
                         mair_of(lookup.attributes),
                         lookup.attributes.shareability,
                         lookup.attributes.privileged,
                         lookup.attributes.instruction,
                         lookup.attributes_unpredictable};
    if (operation) {
      set_PAR(question.banks.first, success(question, lookup, false), lookup.attributes_unpredictable);
    }
    outcome.fetches = std::move(lookup.fetches);
    return outcome;
  }

  const ContextFault& fault = *lookup.fault;
  if (operation && !fault.stage2) {
    set_PAR(question.banks.first, failure(fault));
    outcome.kind = Outcome::Kind::forwarded;  // PAR has its value
    return outcome;
  }
  const unsigned n = fault.bank;
  Bank& bank = m_banks[n];
  if (bank.FSR != 0) {
    if ((bank.FSR & SS) != 0) {
      wait_for(pending, n, false);
      return std::nullopt;
    }
    if (bit(bank.SCTLR, 8)) bank.FSR |= 1u << 31;  // MULTI
    outcome = client_abort(n);
  } else if (terminate_mode(n)) {
    record_context(pending, question, fault, false);
    outcome = client_abort(n);
  } else {
    record_context(pending, question, fault, true);
    wait_for(pending, n, true);
    return std::nullopt;
  }
  outcome.fetches = std::move(lookup.fetches);
  return outcome;
}

void Smmu::finish(const Pending& pending, Outcome outcome) {
  outcome.id = pending.id;
  m_finished.emplace_back(pending.id, std::move(outcome));
}

/// Takes up a transaction that waited, or an operation.
void Smmu::settle(Pending pending) {
  pending.recorded = false;
  const std::optional<Outcome> outcome =
      pending.operation_bank.has_value() ? process_operation(pending) : process(pending);
  if (!outcome.has_value()) {
    m_waiting.push_back(pending);
  } else if (!pending.operation_bank.has_value()) {
    finish(pending, *outcome);
  }
}

// 16.5.28: a write of RESUME while FSR.SS is 1
void Smmu::resume(unsigned n, bool terminate) {
  m_banks[n].FSR &= ~SS;
  std::deque<Pending> woken, still;
  for (const Pending& pending : m_waiting) {
    if (pending.bank != n) {
      still.push_back(pending);
    } else if (pending.recorded) {
      woken.push_front(pending);
    } else {
      woken.push_back(pending);
    }
  }
  m_waiting = still;
  for (const Pending& pending : woken) {
    if (!pending.recorded || !terminate) {
      settle(pending);
    } else if (pending.operation_bank.has_value()) {
      Bank& bank = m_banks[*pending.operation_bank];
      const unsigned of = *pending.operation_bank;
      set_PAR(of, (uint64_t{1} << 31) | (uint64_t{shown_format(of)} << 8) | 1);  // ATOT
      bank.ats_active = false;
    } else {
      finish(pending, client_abort(n));
    }
  }
  std::stable_sort(m_waiting.begin(), m_waiting.end(),
                   [](const Pending& a, const Pending& b) { return a.id < b.id; });
}

std::vector<std::pair<uint64_t, Outcome>> Smmu::take_finished() { return std::exchange(m_finished, {}); }

std::vector<Waiting> Smmu::waiting() const {
  std::vector<Waiting> result;
  for (const Pending& pending : m_waiting) {
    result.push_back(
        {pending.id, pending.bank, pending.recorded, pending.operation_bank.has_value(), pending.fetches});
  }
  return result;
}

}  // namespace naive_smmuv2
