#include "smmuvp/pcie/translator.h"

#include <algorithm>

namespace smmuvp::pcie {

namespace {

constexpr std::uint64_t everything = ~std::uint64_t{0};

AtcContext context_of(const DmaOperation& o) {
  return {o.substream_valid, o.substream_valid ? o.substream_id : 0, o.privileged};
}

AtcRights rights_of(const DmaOperation& o) { return {!o.write, o.write, o.instruction && !o.write}; }

std::uint64_t mask_below(unsigned shift) { return shift >= 64 ? everything : (1ULL << shift) - 1; }

// Base 10.2.3. What no answer may say; nullptr: nothing is wrong.
const char* wrong_with(const DmaTranslation& t, const DmaOperation& request, const AtsControl& control) {
  if (t.size_shift < control.smallest_shift || t.size_shift > 64)
    return "a Translation Completion's region is smaller than the Smallest Translation Unit, or has no size";
  if ((t.address & mask_below(t.size_shift)) != 0)
    return "a Translation Completion's address is not aligned to its region";
  if (t.privileged && !request.privileged)
    return "a Translation Completion has Priv, and Privileged Mode was not requested";
  return nullptr;
}

AtcEntry entry_of(const DmaTranslation& t, const DmaOperation& request) {
  AtcEntry e;
  const std::uint64_t below = mask_below(t.size_shift);
  e.context = context_of(request);
  e.first = request.address & ~below;
  e.last = e.first | below;
  e.translated = t.address;
  e.rights = {t.read, t.write, request.instruction && t.execute && t.read};
  e.global = t.global && request.substream_valid;
  e.untranslated_only = t.untranslated_only;
  return e;
}

// A restored translator may have been told of another transfer than its device has.
bool same_transfer(const DmaOperation& a, const DmaOperation& b) {
  return a.epoch == b.epoch && a.write == b.write && a.address == b.address && a.length == b.length;
}

}  // namespace

void Translator::begin(const DmaOperation& wanted) {
  m_wanted = wanted;
  m_begun = true;
  m_phase = Phase::Lookup;
  m_retried = false;
}

void Translator::abandon() {
  m_begun = false;
  m_phase = Phase::Lookup;
}

void Translator::refuse(Refusal why, DmaResponse response) {
  m_phase = Phase::Refused;
  m_refusal = why;
  m_refusal_response = response;
}

Translator::Step Translator::next(const DmaOperation& wanted, const AccessPlan& plan,
                                  const AtsControl& control, DmaOperation& out) {
  if (!m_begun || !same_transfer(wanted, m_wanted)) begin(wanted);
  if (m_phase == Phase::Refused) {
    m_begun = false;
    return Step::Refused;
  }
  if (wanted.ats == DmaAts::TranslationRequest) {
    translation_request(control, out);
    return Step::Operation;
  }
  if (!plan.through_atc) {
    m_phase = Phase::Lookup;  // it may have waited for pages when ATS was disabled
    out = wanted;
    if (plan.translated) {
      out.ats = DmaAts::Translated;
      out.substream_valid = out.privileged = out.instruction = false;
      out.substream_id = 0;
      ++m_counters.translated;
    }
    m_out = Out::Access;
    m_uses = false;
    return Step::Operation;
  }
  if (m_phase == Phase::Waiting) return Step::Wait;
  if (m_phase == Phase::Lacking) {
    if (!plan.pages || !control.page_requests || control.allocation == 0 || m_pages.failed() || m_retried) {
      m_begun = false;
      m_refusal = Refusal::NoRights;
      m_refusal_response = DmaResponse::Ok;
      return Step::Refused;
    }
    if (open_group(plan, control)) next_page_request(out);
    return m_out == Out::Page ? Step::Operation : Step::Wait;
  }
  if (m_phase == Phase::Lookup) {
    const auto hit = m_atc.find(context_of(wanted), wanted.address, rights_of(wanted));
    if (!hit) {
      ++m_counters.misses;
      translation_request(control, out);
      return Step::Operation;
    }
    ++m_counters.hits;
    m_answer = *hit;
  }
  access(out);
  return Step::Operation;
}

// Base 10.2.2: the address is aligned to the unit in which answers come.
void Translator::translation_request(const AtsControl& control, DmaOperation& out) {
  out = m_wanted;
  out.ats = DmaAts::TranslationRequest;
  out.ats_fields = {};
  out.ats_fields.no_write =
      m_wanted.ats == DmaAts::TranslationRequest ? m_wanted.ats_fields.no_write : !m_wanted.write;
  out.write = false;
  out.address = m_wanted.address & ~mask_below(control.smallest_shift);
  out.length = 8;
  out.instruction = m_wanted.instruction && !m_wanted.write;
  m_out = Out::Translation;
  m_asked = context_of(out);
  m_overtaken = false;
  ++m_counters.requests;
}

void Translator::access(DmaOperation& out) {
  out = m_wanted;
  m_out = Out::Access;
  m_uses = !m_answer.untranslated_only;
  if (!m_uses) return;
  // Base 10.1.3: a translated request has no PASID.
  out.ats = DmaAts::Translated;
  out.address = m_answer.translate(m_wanted.address);
  out.substream_valid = out.privileged = out.instruction = false;
  out.substream_id = 0;
  ++m_begun_uses;
  ++m_counters.translated;
}

bool Translator::open_group(const AccessPlan& plan, const AtsControl& control) {
  const std::uint32_t outstanding = m_pages.outstanding();
  if (outstanding >= control.allocation) return false;
  const std::uint64_t page = m_wanted.address & ~(PageRequests::page_bytes - 1);
  const std::uint64_t last = (m_wanted.address + (plan.bytes_left - 1)) & ~(PageRequests::page_bytes - 1);
  PageGroup group;
  group.pasid_valid = m_wanted.substream_valid;
  group.pasid = m_wanted.substream_id;
  group.privileged = m_wanted.privileged;
  group.execute = m_wanted.instruction && !m_wanted.write;
  group.read = !m_wanted.write;
  group.write = m_wanted.write;
  group.address = page;
  group.requests = static_cast<std::uint32_t>(
      std::min<std::uint64_t>({std::max(plan.group, 1U), control.allocation - outstanding,
                               (last - page) / PageRequests::page_bytes + 1}));
  m_prgi = m_pages.open(group);
  m_phase = Phase::Waiting;
  return true;
}

bool Translator::next_page_request(DmaOperation& out) {
  const PageGroup* group = m_pages.sending();
  if (group == nullptr) return false;
  out = {};
  out.epoch = m_wanted.epoch;
  out.ats = DmaAts::PageRequest;
  out.write = true;
  out.length = 8;
  out.address = group->address + group->sent * PageRequests::page_bytes;
  out.substream_valid = group->pasid_valid;
  out.substream_id = group->pasid;
  out.privileged = group->privileged;
  out.instruction = group->execute;
  out.ats_fields.PRGI = group->PRGI;
  out.ats_fields.last = group->sent + 1 == group->requests;
  out.ats_fields.wants_read = group->read;
  out.ats_fields.wants_write = group->write;
  m_out = Out::Page;
  return true;
}

bool Translator::complete(const DmaOperation& operation, DmaResponse response, const AtsControl& control,
                          bool keep) {
  const Out out = m_out;
  m_out = Out::None;
  if (out == Out::Access) {
    if (m_uses) ++m_ended;
    m_uses = false;
  }
  switch (out) {
    case Out::Access:
      m_begun = false;
      return true;
    case Out::Translation:
      return take_answer(operation, control, keep);
    case Out::Page:
      if (response == DmaResponse::Ok) {
        ++m_counters.page_requests;
        m_pages.sent(operation.ats_fields.PRGI);
        return false;
      }
      m_pages.drop(operation.ats_fields.PRGI);
      if (m_phase == Phase::Waiting && m_prgi == operation.ats_fields.PRGI)
        refuse(Refusal::PageFailure, response);
      return false;
    default:
      return false;
  }
}

// @return whether the device had wanted the answer for itself
bool Translator::take_answer(const DmaOperation& operation, const AtsControl& control, bool keep) {
  const bool for_itself = m_wanted.ats == DmaAts::TranslationRequest;
  const DmaTranslation& t = operation.ats_fields.translation;
  m_phase = Phase::Lookup;
  if (t.status != DmaTranslationStatus::Success) {
    ++m_counters.errors;
    refuse(Refusal::TranslationError,
           t.status == DmaTranslationStatus::CompleterAbort ? DmaResponse::Generic : DmaResponse::Address);
    return false;
  }
  const AtcEntry entry = entry_of(t, operation);
  // What an invalidation meanwhile has meant may be anywhere in the region, which nobody knew then.
  const bool overtaken = m_overtaken && m_over_first <= entry.last && entry.first <= m_over_last;
  if (!overtaken) {
    if (const char* wrong = wrong_with(t, operation, control)) {
      ++m_counters.errors;
      m_complaint = wrong;
      refuse(Refusal::TranslationError, DmaResponse::Generic);
      return false;
    }
    // Base 10.2.3.5: without R and W there is no translation.
    if (keep && (t.read || t.write)) m_atc.fill(entry);
  }
  if (for_itself) {
    m_begun = false;
    return true;
  }
  if (overtaken) return false;
  m_answer = entry;
  m_phase = entry.allows(rights_of(m_wanted)) ? Phase::Ready : Phase::Lacking;
  return false;
}

void Translator::overtake(std::uint64_t first, std::uint64_t last) {
  m_over_first = m_overtaken ? std::min(m_over_first, first) : first;
  m_over_last = m_overtaken ? std::max(m_over_last, last) : last;
  m_overtaken = true;
}

std::uint64_t Translator::invalidate(const AtcInvalidation& invalidation) {
  ++m_counters.invalidations;
  m_atc.invalidate(invalidation);
  if (m_phase == Phase::Ready && m_out != Out::Access && invalidation.hits(m_answer)) m_phase = Phase::Lookup;
  if (m_out == Out::Translation && invalidation.concerns(m_asked, false))
    overtake(invalidation.first, invalidation.last);
  return m_out == Out::Access && m_uses && invalidation.hits(m_answer) ? m_begun_uses : 0;
}

void Translator::drop_entries() {
  m_atc.clear();
  if ((m_phase == Phase::Ready && m_out != Out::Access) || m_phase == Phase::Lacking) m_phase = Phase::Lookup;
  if (m_out == Out::Translation) overtake(0, everything);
}

void Translator::drop_pasids() {
  m_atc.clear_pasids();
  if (m_phase == Phase::Ready && m_out != Out::Access && m_answer.context.pasid_valid)
    m_phase = Phase::Lookup;
  if (m_out == Out::Translation && m_asked.pasid_valid) overtake(0, everything);
}

PageAnswer Translator::page_response(std::uint16_t PRGI, bool pasid_valid, std::uint32_t pasid, unsigned code,
                                     bool takes_pasid) {
  ++m_counters.page_responses;
  const PageAnswer answer = m_pages.respond(PRGI, pasid_valid, pasid, code, takes_pasid);
  if (m_phase != Phase::Waiting) return answer;
  if (answer == PageAnswer::Failure) {
    refuse(Refusal::PageFailure, DmaResponse::Ok);
  } else if (PRGI == m_prgi && answer == PageAnswer::Invalid) {
    refuse(Refusal::PageInvalid, DmaResponse::Ok);
  } else if (PRGI == m_prgi && answer == PageAnswer::Success) {
    m_phase = Phase::Lookup;
    m_retried = true;
  }
  return answer;
}

void Translator::reset_page_requests() {
  m_pages.clear();
  if (m_phase == Phase::Waiting) refuse(Refusal::PageFailure, DmaResponse::Ok);
}

void Translator::reset() {
  m_atc.clear();
  m_pages.reset();
  m_begun = false;
  m_phase = Phase::Lookup;
  m_complaint = nullptr;
  // What is out is not called back: its answer comes, and changes nothing.
  if (m_out == Out::Translation) overtake(0, everything);
}

void Translator::visit(Archive& archive) {
  archive.begin("translator");
  m_atc.visit(archive);
  m_pages.visit(archive);
  m_wanted.visit(archive);
  archive.value("begun", m_begun);
  archive.value("phase", m_phase);
  archive.value("retried", m_retried);
  m_answer.visit(archive);
  archive.value("PRGI", m_prgi);
  archive.value("refusal", m_refusal);
  archive.value("refusal_response", m_refusal_response);
  archive.value("out", m_out);
  archive.value("uses", m_uses);
  m_asked.visit(archive);
  archive.value("overtaken", m_overtaken);
  archive.value("over_first", m_over_first);
  archive.value("over_last", m_over_last);
  archive.value("begun_uses", m_begun_uses);
  archive.value("ended", m_ended);
  archive.value("hits", m_counters.hits);
  archive.value("misses", m_counters.misses);
  archive.value("requests", m_counters.requests);
  archive.value("errors", m_counters.errors);
  archive.value("translated", m_counters.translated);
  archive.value("invalidations", m_counters.invalidations);
  archive.value("page_requests", m_counters.page_requests);
  archive.value("page_responses", m_counters.page_responses);
  archive.end();
  if (!archive.loading()) return;
  m_complaint = nullptr;
  const bool possible = m_phase <= Phase::Refused && m_out <= Out::Page &&
                        m_refusal <= Refusal::PageFailure && m_refusal_response <= DmaResponse::Generic &&
                        m_ended <= m_begun_uses && archive.ok();
  if (possible) return;
  archive.fail("translator", "the state of the access is impossible");
  m_out = Out::None;
  m_uses = false;
  m_ended = m_begun_uses;
  reset();
}

}  // namespace smmuvp::pcie
