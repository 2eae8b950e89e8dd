// What an endpoint has to do with ATS, PASID and PRI: docs/pcie.md.
#include "smmuvp/pcie/endpoint.h"

namespace smmuvp::pcie {

namespace {

constexpr const char* sheet = "docs/pcie.md, ATS, PASID and PRI";

}  // namespace

AccessPlan Endpoint::plan() const {
  const TestdevJob job = m_core.job();
  AccessPlan plan;
  plan.pages = job.pages;
  plan.group = m_core.page_group();
  plan.bytes_left = job.bytes_left;
  plan.through_atc =
      m_control.enabled && (job.ring ? m_core.translates_ring() : job.type == TestdevJob::Type::Automatic);
  plan.translated = m_control.enabled && !job.ring && job.type == TestdevJob::Type::Translated;
  return plan;
}

// A job that has begun may outlive what it was allowed.
bool Endpoint::may_have(const DmaOperation& access) const {
  if (access.ats == DmaAts::TranslationRequest && !m_control.enabled) return false;
  if (m_core.job().type == TestdevJob::Type::Translated && !m_control.enabled) return false;
  return (!access.substream_valid || m_control.pasid) && (!access.privileged || m_control.privileged) &&
         (!access.instruction || m_control.execute);
}

bool Endpoint::next_access(DmaOperation& operation, DmaBuffer& data) {
  DmaOperation wanted;
  while (m_core.next(wanted, data)) {
    if (!may_have(wanted)) {
      m_translator.abandon();
      if (wanted.ats == DmaAts::TranslationRequest) {
        m_core.refuse(wanted, TestdevRefusal::TranslationError, DmaResponse::Address);
      } else {
        m_core.complete(wanted, DmaResponse::Address, data);
      }
      continue;
    }
    const AccessPlan what = plan();
    switch (m_translator.next(wanted, what, m_control, operation)) {
      case Translator::Step::Operation:
        return true;
      case Translator::Step::Wait:
        return false;
      case Translator::Step::Refused:
        if (m_translator.refusal() == Refusal::NoRights && what.pages && !m_control.page_requests) {
          m_diag.guest_error("pages", "a job has PAGES set, and page requests are not enabled", sheet, {},
                             wanted.address);
        }
        m_core.refuse(wanted, static_cast<TestdevRefusal>(m_translator.refusal()),
                      m_translator.refusal_response());
        break;
    }
  }
  return false;
}

// Base 6.20.2 and 10.4.1.2: how a function stops to use a PASID.
bool Endpoint::next_stop(DmaOperation& operation, DmaBuffer& data) {
  const auto stop = m_core.stopping();
  if (!stop) return false;
  PageRequests& pages = m_translator.page_requests();
  if (stop->marker && m_control.page_requests && !pages.failed()) {
    pages.forget(stop->pasid);
    operation = {};
    operation.write = true;
    operation.length = 8;
    operation.ats = DmaAts::PageRequest;
    operation.substream_valid = true;
    operation.substream_id = stop->pasid;
    operation.ats_fields.last = true;
    m_out = Out::Marker;
    return true;
  }
  if (pages.waits_for(true, stop->pasid) && !stop->marker) return false;
  m_core.stopped(DmaResponse::Ok);
  // What follows is the end of the descriptor.
  return next_access(operation, data);
}

Endpoint::Invalidating Endpoint::invalidate(AtcInvalidation invalidation) {
  const FunctionInfo& info = m_function.info();
  if (!info.ats || !m_control.awake) {
    m_diag.guest_error("invalidation",
                       !info.ats ? "an Invalidate Request for a function without ATS: unsupported request"
                                 : "an Invalidate Request for a function in D3hot: unsupported request",
                       sheet, {}, invalidation.first);
    return {true, 0};
  }
  // Base 10.3.8: without Global Invalidate Supported the bit has no meaning.
  if (!takes_global()) invalidation.global = false;
  Invalidating result;
  result.use = m_translator.invalidate(invalidation);
  result.lost = !m_core.completes_invalidations();
  update();
  return result;
}

bool Endpoint::page_response(std::uint16_t PRGI, bool pasid_valid, std::uint32_t pasid, unsigned code) {
  const FunctionInfo& info = m_function.info();
  if (!info.pri || !m_control.awake) {
    m_diag.guest_error("response", "a Page Response for a function that takes none: unsupported request",
                       sheet);
    return false;
  }
  switch (m_translator.page_response(PRGI, pasid_valid, pasid, code, info.pri_takes_pasid)) {
    case PageAnswer::Unexpected:
      m_function.set_unexpected_response();
      m_diag.guest_error("PRGI", "a Page Response that no group waits for", sheet);
      break;
    case PageAnswer::Failure:
      m_function.set_response_failure();
      break;
    default:
      break;
  }
  update();
  return true;
}

// Follows the capabilities, and shows what has become of them.
void Endpoint::follow_ats() {
  const AtsControl now = m_function.ats();
  // Base 10.3.7; a function in D3hot does not hear of invalidations.
  if (now.enabled != m_control.enabled || !now.awake) {
    m_translator.drop_entries();
  } else if (now.pasid != m_control.pasid) {
    m_translator.drop_pasids();
  }
  if (now.page_requests && !m_control.page_requests) m_translator.page_requests().enable_rises();
  m_control = now;
  m_core.set_enables({now.pasid, now.privileged, now.execute, now.enabled});
  if (m_core.take_flush()) m_translator.drop_entries();
  if (m_function.info().ats) m_translator.atc().set_limit(m_core.atc_limit());
  const std::uint32_t outstanding = m_translator.page_requests().outstanding();
  m_core.set_ats_counts(m_translator.atc().used(), outstanding);
  m_function.set_page_request_status(!now.page_requests && outstanding == 0);
  complain();
}

void Endpoint::complain() {
  if (const char* complaint = m_function.take_complaint())
    m_diag.guest_error("capabilities", complaint, sheet);
  if (const char* complaint = m_translator.take_complaint())
    m_diag.guest_error("translation", complaint, sheet);
}

void Endpoint::reset_page_requests() {
  m_translator.reset_page_requests();
  update();
}

}  // namespace smmuvp::pcie
