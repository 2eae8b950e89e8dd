// SPDX-License-Identifier: MIT
//
// How a transaction ends or stalls: IHI 0070 3.12, 4.7.1, 4.7.2, 5.5, 7.2.1.
#include <stdexcept>

#include "model.h"

namespace naive_smmuv3 {

Outcome Smmu::access(const AccessRequest& request) {
  const uint64_t id = m_next_id++;
  return conclude(id, request, attempt(request));
}

// 5.5
Outcome Smmu::conclude(uint64_t id, const AccessRequest& request, const Attempt& attempt) {
  Outcome outcome;
  outcome.id = id;
  if (!attempt.problem.has_value()) {
    outcome.kind = Outcome::Kind::forwarded;
    outcome.forwarded = attempt.forwarded;
    return outcome;
  }
  const Problem& problem = *attempt.problem;
  if (problem.event.has_value() && problem.stall) return stall(id, request, *problem.event);
  if (problem.event.has_value() && problem.record) record_or_discard(*problem.event);
  outcome.kind = problem.abort ? Outcome::Kind::aborted : Outcome::Kind::razwi;
  return outcome;
}

// 3.12.2, 6.3.6 STALL_MAX
Outcome Smmu::stall(uint64_t id, const AccessRequest& request, const Event& event) {
  Outcome outcome;
  outcome.id = id;
  Stalled stalled;
  stalled.id = id;
  stalled.request = request;
  stalled.event = event;
  stalled.suppressed_by = duplicate_of(stalled);
  const bool duplicate = stalled.suppressed_by.has_value();
  if (m_choices.at_stall_max == Choices::AtStallMax::terminate && !duplicate && !room_to_stall()) {
    record_or_discard(event);  // with Stall == 0
    outcome.kind = Outcome::Kind::aborted;
    return outcome;
  }
  m_stalled.push_back(stalled);
  if (!duplicate) record_stall(m_stalled.back());
  outcome.kind = Outcome::Kind::stalled;
  outcome.STAG = m_stalled.back().STAG;
  return outcome;
}

// 3.12, EffectiveSMMU_IDR0_STALL_MODEL() in 5.2.2
unsigned Smmu::stall_model(Space space) const {
  if (space == Space::non_secure && m_secure.NSSTALLD()) return 1;
  return m_features.STALL_MODEL;
}

// 4.7.1: the tags of the Security states are independent
std::set<uint16_t> Smmu::tags_in_use(Space stream) const {
  std::set<uint16_t> tags;
  for (const Stalled& stalled : m_stalled) {
    if (stalled.request.SEC_SID == stream && stalled.STAG.has_value()) tags.insert(*stalled.STAG);
  }
  return tags;
}

/// May one more stalled transaction record its event? 6.3.6 STALL_MAX counts the records of all Event queues.
bool Smmu::room_to_stall() const {
  return tags_in_use(Space::non_secure).size() + tags_in_use(Space::secure).size() < m_features.STALL_MAX;
}

/// Records the event of a stalled transaction, if the queue is writable and STALL_MAX allows it.
void Smmu::record_stall(Stalled& stalled) {
  const Space stream = stalled.request.SEC_SID;
  if (!event_queue_writable(interface(stream)) || !room_to_stall()) return;
  const std::set<uint16_t> in_use = tags_in_use(stream);
  uint16_t STAG = 0;
  if (m_stag_allocator) {
    STAG = m_stag_allocator(stalled.id, in_use);
    if (in_use.count(STAG) != 0) throw std::invalid_argument("naive_smmuv3: the STAG is in use (3.12.2)");
  } else {
    while (in_use.count(STAG) != 0) STAG++;
  }
  stalled.event.Stall = true;
  stalled.event.STAG = STAG;
  const bool written = record(stalled.event) == Recorded::written;
  if (written || m_choices.event_write_abort_loses_stall_record) stalled.STAG = STAG;
  stalled.lost = !written;
}

// 3.12.2.1: the same stream and substream, page, privilege, Inst/Data and type
std::optional<uint64_t> Smmu::duplicate_of(const Stalled& stalled) const {
  if (!m_choices.suppresses_duplicate_stalls) return std::nullopt;
  const unsigned page = m_choices.duplicate_page_bits;
  const Event& event = stalled.event;
  for (const Stalled& first : m_stalled) {
    const Event& recorded = first.event;
    if (!first.STAG.has_value() || recorded.SEC_SID != event.SEC_SID) continue;
    if (recorded.StreamID != event.StreamID || recorded.SSV != event.SSV) continue;
    if (recorded.SubstreamID != event.SubstreamID) continue;
    if (recorded.InputAddr >> page != event.InputAddr >> page) continue;
    if (recorded.PnU != event.PnU || recorded.InD != event.InD || recorded.RnW != event.RnW) continue;
    return first.id;
  }
  return std::nullopt;
}

/// Stalled transactions that have not recorded their event do so, or are retried, as soon as they can
/// (7.2.1).
void Smmu::serve_waiting(std::vector<Stalled> retried) {
  while (true) {
    auto can_record = [this](const Stalled& stalled) {
      if (stalled.STAG.has_value() || stalled.suppressed_by.has_value()) return false;
      return event_queue_writable(interface(stalled.request.SEC_SID));
    };
    size_t place = 0;
    while (place < m_stalled.size() && !can_record(m_stalled[place])) place++;
    if (place == m_stalled.size() || !room_to_stall()) break;
    if (!m_choices.retries_unrecorded_stalls && !m_stalled[place].stale) {
      record_stall(m_stalled[place]);
      continue;
    }
    const Stalled stalled = m_stalled[place];
    m_stalled.erase(m_stalled.begin() + std::ptrdiff_t(place));
    if (m_choices.waiting_stalls_come_before_retried) {
      retried.push_back(stalled);
    } else {
      retry(stalled);
    }
  }
  for (const Stalled& stalled : retried) retry(stalled);
}

/// As though it had just arrived (3.12.2)
void Smmu::retry(const Stalled& stalled) {
  const Outcome outcome = conclude(stalled.id, stalled.request, attempt(stalled.request));
  if (outcome.kind != Outcome::Kind::stalled) finish(outcome);
}

// CMD_RESUME, 4.7.1
void Smmu::resume(Space stream, uint32_t StreamID, uint16_t STAG, bool retry_it, bool abort) {
  for (size_t place = 0; place < m_stalled.size(); place++) {
    const AccessRequest& request = m_stalled[place].request;
    if (request.SEC_SID != stream || request.StreamID != StreamID || m_stalled[place].STAG != STAG) continue;
    // 4.7.1: its event is not visible to software, so that it is CONSTRAINED UNPREDICTABLE
    if (m_stalled[place].lost && !m_choices.resumes_lost_stalls) continue;
    const Stalled stalled = m_stalled[place];
    m_stalled.erase(m_stalled.begin() + std::ptrdiff_t(place));
    // 3.12.2.1: those that it has suppressed are retried after it
    std::deque<Stalled> duplicates, others;
    for (const Stalled& other : m_stalled) {
      (other.suppressed_by == stalled.id ? duplicates : others).push_back(other);
    }
    m_stalled = others;
    if (retry_it) {
      if (m_choices.waiting_stalls_come_before_retried) return serve_waiting({stalled});
      retry(stalled);
    } else {
      Outcome outcome;
      outcome.id = stalled.id;
      // TERM_MODEL == 1: Ab is ignored
      outcome.kind = abort || m_features.TERM_MODEL ? Outcome::Kind::aborted : Outcome::Kind::razwi;
      finish(outcome);
    }
    for (const Stalled& duplicate : duplicates) retry(duplicate);
    break;
  }
  serve_waiting();
}

// CMD_STALL_TERM of a stream (4.7.2), or SMMUEN cleared (6.3.9.6): with an abort, recorded or not
void Smmu::terminate_stalls(Space stream, std::optional<uint32_t> StreamID) {
  std::deque<Stalled> left;
  for (const Stalled& stalled : m_stalled) {
    const bool of_stream = !StreamID.has_value() || stalled.request.StreamID == *StreamID;
    if (stalled.request.SEC_SID != stream || !of_stream) {
      left.push_back(stalled);
      continue;
    }
    Outcome outcome;
    outcome.id = stalled.id;
    finish(outcome);
  }
  m_stalled = left;
  serve_waiting();
}

void Smmu::finish(const Outcome& outcome) { m_finished.emplace_back(outcome.id, outcome); }

std::vector<std::pair<uint64_t, Outcome>> Smmu::take_finished() {
  std::vector<std::pair<uint64_t, Outcome>> finished;
  finished.swap(m_finished);
  return finished;
}

std::vector<Outcome> Smmu::stalled() const {
  std::vector<Outcome> outcomes;
  for (const Stalled& stalled : m_stalled) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::stalled;
    outcome.id = stalled.id;
    outcome.STAG = stalled.STAG;
    outcomes.push_back(outcome);
  }
  return outcomes;
}

}  // namespace naive_smmuv3
