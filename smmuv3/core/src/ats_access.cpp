// Translation Requests and Translated transactions of devices with an Address Translation Cache (IHI 0070
// 3.9.1, 13.6, 13.7).
#include <algorithm>
#include <string_view>

#include "ats_errors.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using pgtable::AccessType;
using pgtable::Rights;
using smmu::AtsPhase;
using smmu::AtsStatus;

namespace {

bool grants(Rights rights, AccessType access, bool privileged) {
  return pgtable::check_permission(rights, access, privileged) == pgtable::PermissionCheck::allowed;
}

// A clean page too, which a write marks dirty.
bool is_writable(Rights rights, bool privileged) {
  return pgtable::check_permission(rights, AccessType::write, privileged) != pgtable::PermissionCheck::denied;
}

// 3.9.1: the smallest granule that is implemented.
std::uint8_t smallest_translation_unit(const Features& f) { return f.GRAN4K ? 12 : f.GRAN16K ? 14 : 16; }

const char* status_name(AtsStatus status) {
  switch (status) {
    case AtsStatus::success:
      return "success";
    case AtsStatus::unsupported_request:
      return "UR";
    default:
      return "CA";
  }
}

}  // namespace

// Without IDR0.ATS neither is known, and all are F_UUT.
AtsPhase Access::ats() const {
  const bool known =
      m_parts->features.ATS && m_request.unsupported == smmu::Unsupported::none &&
      (m_request.ats == AtsPhase::translation_request || m_request.ats == AtsPhase::translated);
  return known ? m_request.ats : AtsPhase::none;
}

void Access::start_ats() {
  const bool request = is_ats_request();
  if (counts()) {
    ++(request ? m_parts->statistics.ats_requests : m_parts->statistics.ats_translated);
    m_engine.tell(request ? smmu::MonitoredEvent::ats_request : smmu::MonitoredEvent::ats_translated,
                  m_request, m_time);
  }
  if (!request && !m_parts->features.PASIDTT) {  // 3.9.1.3
    m_request.substream_valid = false;
    m_request.substream_id = 0;
  }
  if (!m_request.substream_valid) {  // 13.7: without a PASID, Data and unprivileged
    m_request.privileged = m_request.instruction = false;
    m_privileged = m_instruction = false;
  }
  // 3.9.1.2, 3.9.1.3: before anything is looked up. 3.9.1: none of a Secure stream
  if (m_interface->sec_sid() == SecSid::secure || !m_interface->enabled(CR0_SMMUEN)) return refuse_ats();
  if (!request && !checks_ats()) {
    m_overrides.data_privileged = m_parts->features.version() >= 4;
    m_mpam.access = m_interface->bypass_mpam();  // 17.3
    return pass_translated();
  }
  find_configuration();
}

void Access::refuse_ats() {
  fail(event_of(is_ats_request() ? EventType::F_BAD_ATS_TREQ : EventType::F_TRANSL_FORBIDDEN));
}

// ---- Translated transactions (3.9.1.3)

// 13.6.2: with the attributes that it came with. 3.9.1.1: one that no physical address is ends in silence
// (IMPLEMENTATION DEFINED).
void Access::pass_translated() {
  if (m_request.address >> m_parts->features.OAS != 0) {
    m_why_not_recorded = "the translated address is beyond IDR5.OAS";
    terminate();
    return;
  }
  bypass();
}

void Access::configured_translated() {
  const Ste& ste = m_config->ste();
  // Table 13.5: memory types are not overridden. 13.7: INSTCFG and PRIVCFG apply; without stage 2 they do
  // where this SMMU says so (IMPLEMENTATION DEFINED), as Arm recommends.
  Overrides permissions;
  permissions.PRIVCFG = m_overrides.PRIVCFG;
  permissions.INSTCFG = m_overrides.INSTCFG;
  permissions.data_privileged = m_parts->features.version() >= 4;
  m_overrides = permissions;
  const auto& fault = m_config->fault();
  if (fault && fault->stage2) {  // of a CD that says what it is labelled with
    fail(event_of(*fault->stage2, true));
  } else if (fault) {
    Event e = event_of(fault->type);
    e.FetchAddr = fault->FetchAddr;
    fail(e);
  } else if (ste.aborts()) {  // 5.2, STE.Config 0b0xx
    m_why_not_recorded = "STE.Config is 0b0xx: accesses are aborted without an event";
    terminate();
  } else if (m_config->ats() == 0) {
    refuse_ats();
  } else if (m_config->ats() == 1) {
    pass_translated();
  } else if (m_request.address >> m_parts->features.ias() != 0) {  // 13.6.3: it is an IPA
    fail(event_of(EventType::F_ADDR_SIZE));
  } else {
    translate(ste.translation);
  }
  m_config.reset();
}

const char* Access::why_not_recorded_of_translated(EventType type) const {
  switch (type) {
    case EventType::C_BAD_STREAMID:
    case EventType::C_BAD_SUBSTREAMID:
    case EventType::F_STE_FETCH:
    case EventType::C_BAD_STE:
    case EventType::F_STREAM_DISABLED:
    case EventType::F_CD_FETCH:
    case EventType::C_BAD_CD:
    case EventType::F_VMS_FETCH:
      // 3.9.1.3: C_BAD_STREAMID too, whatever CR2.RECINVSID is
      return why_ats_error_is_silent(type, m_interface->reg(SMMU_CR2) | CR2_RECINVSID);
    default:
      return "";
  }
}

// ---- Translation Requests (3.9.1.2)

void Access::configured_request() {
  const Ste& ste = m_config->ste();
  const auto& fault = m_config->fault();
  m_ats.privileged = m_request.privileged;  // 13.7.1: as it was asked for
  if (fault && fault->stage2) {
    fail(event_of(*fault->stage2, true));
  } else if (fault) {
    Event e = event_of(fault->type);
    e.FetchAddr = fault->FetchAddr;
    fail(e);
  } else if (ste.aborts()) {  // 5.2, STE.Config 0b0xx
    m_ats.status = AtsStatus::unsupported_request;
    m_why_not_recorded = "STE.Config is 0b0xx: Translation Requests are refused without an event";
    terminate();
  } else if (m_config->ats() == 0) {
    refuse_ats();
  } else if (!m_config->stage1() &&
             m_request.address >> (ste.stage2_enabled() ? m_parts->features.ias() : m_parts->features.OAS) !=
                 0) {
    fail(event_of(EventType::F_ADDR_SIZE));
  } else if (m_config->stage1() || ste.stage2_enabled()) {
    translate_request(AtsPass::read);
  } else {  // 13.6.4: S1DSS lets it skip the only stage; whatever has this configuration is answered alike
    m_ats.status = AtsStatus::success;
    m_ats.read = m_ats.write = true;
    m_ats.size_shift = m_parts->features.OAS;
    terminate();
  }
}

void Access::translate_request(AtsPass pass) {
  m_pass = pass;
  const smmu::TranslationContext& context =
      m_config->stage1() ? m_config->cd().translation : m_config->ste().translation;
  AccessType access = AccessType::none;
  if (pass == AtsPass::write) access = AccessType::write;
  // 13.7: a request reads. What INSTCFG makes an instruction fetch of is checked as one.
  if (pass == AtsPass::read) access = m_overrides.INSTCFG == 3 ? AccessType::execute : AccessType::read;
  smmu::TranslationRequest request = translation_request(m_request.address, access, m_privileged);
  request.stage1_only = pass == AtsPass::stage1_rights || pass == AtsPass::ipa;
  request.inhibit_updates = pass == AtsPass::any_rights || pass == AtsPass::stage1_rights;
  ClientAccess::translate(context, request);
  m_state = State::translation;
}

// Rights are found by asking for a read; where that is denied and others may be granted, by asking for none;
// and a page is marked dirty by asking for a write (13.7).
void Access::translated_request() {
  if (!m_translation->ok()) {
    const pgtable::Fault& fault = m_translation->fault();
    const bool denied =
        fault.kind == pgtable::FaultKind::permission && fault.fault_class == pgtable::FaultClass::input;
    const bool nothing = fault.stage == pgtable::Stage::stage1 && !is_writable(fault.rights, m_privileged);
    if (denied && m_pass == AtsPass::read && !nothing) return translate_request(AtsPass::any_rights);
    if (denied && m_pass == AtsPass::write) {  // the page has changed meanwhile
      m_rights.bits |= Rights::write_needs_update;
      return finish_request();
    }
    return fail(event_of(fault));
  }
  if (m_pass == AtsPass::ipa) {
    m_ats.size_shift = std::min(m_ats.size_shift, m_translation->shift());
    m_ats.translated_address = m_translation->output();
    terminate();
    return;
  }
  const Rights rights = m_translation->entry().rights;
  if (m_pass == AtsPass::stage1_rights) {
    if (!rights.has(Rights::write_needs_update)) count_as_dirty();
    return finish_request();
  }
  if (m_pass == AtsPass::mark) return finish_request();
  m_ats.size_shift = m_translation->shift();
  m_ats.translated_address = m_translation->output();
  found_rights(rights);
}

// 3.13.7.1: of split stages, a page that stage 2 alone holds for clean is writable, whatever NW is.
void Access::found_rights(Rights rights) {
  m_rights = rights;
  const bool clean = rights.has(Rights::write_needs_update) && is_writable(rights, m_privileged);
  if (clean && m_pass != AtsPass::write) {
    if (!m_request.no_write) return translate_request(AtsPass::write);
    const bool split = m_config->ats() == 2;
    if (split && m_config->stage1()) return translate_request(AtsPass::stage1_rights);
    if (split) count_as_dirty();
  }
  finish_request();
}

void Access::count_as_dirty() {
  m_rights.bits &= static_cast<std::uint8_t>(~unsigned{Rights::write_needs_update});
}

// 13.7.1
void Access::finish_request() {
  m_ats.status = AtsStatus::success;
  const bool reads = grants(m_rights, AccessType::read, m_privileged);
  const bool executes = grants(m_rights, AccessType::execute, m_privileged);
  const bool instruction = m_overrides.INSTCFG == 3;
  m_ats.write = grants(m_rights, AccessType::write, m_privileged);
  m_ats.read = instruction ? executes : reads;
  const bool executable = m_overrides.INSTCFG == 2 || executes;  // as data, whatever can be read
  m_ats.execute = m_request.instruction && m_ats.read && executable;
  // 3.13.7.1: as a direct access would, which marks no page that it is denied
  const bool unmarked = m_pass == AtsPass::any_rights || m_pass == AtsPass::stage1_rights;
  if (m_ats.any() && unmarked) return translate_request(AtsPass::mark);
  if (!m_ats.any() || m_config->ats() == 1) return terminate();
  // 13.6.3, 13.6.5: split-stage. The answer is an IPA, the input itself where stage 1 is skipped.
  if (m_config->stage1()) return translate_request(AtsPass::ipa);
  m_ats.translated_address = m_request.address;
  terminate();
}

// 3.9.1.2: an answer without rights has the size of the STU, and no address.
void Access::end_request() {
  const bool success = m_ats.status == AtsStatus::success;
  if (success && m_ats.any()) {
    m_ats.translated_address = m_ats.size_shift >= m_parts->features.OAS
                                   ? 0
                                   : m_ats.translated_address >> m_ats.size_shift << m_ats.size_shift;
  } else {
    m_ats.size_shift = smallest_translation_unit(m_parts->features);
    m_ats.translated_address = 0;
  }
  m_config.reset();
  answer_request(m_ats);
  if (!counts()) return;
  if (!success) {
    trace_fault(status_name(m_ats.status), m_event ? to_string(m_event->type) : "none",
                *m_why_not_recorded == '\0' ? "recorded" : m_why_not_recorded);
  }
  m_parts->tracer.emit(m_time, trace_ats_request, m_request.stream_id, m_request.address,
                       std::string_view(status_name(m_ats.status)), m_ats.translated_address,
                       std::uint32_t{m_ats.size_shift},
                       (m_ats.read ? 1U : 0U) | (m_ats.write ? 2U : 0U) | (m_ats.execute ? 4U : 0U));
}

void Access::fail_request(const Event& event) {
  m_ats.status = AtsStatus::completer_abort;
  switch (event.type) {
    case EventType::F_ADDR_SIZE:
    case EventType::F_ACCESS:
    case EventType::F_TRANSLATION:
    case EventType::F_PERMISSION:  // of what is not the input itself: that has its rights
      m_ats.status = AtsStatus::success;
      m_ats.read = m_ats.write = m_ats.execute = false;
      m_why_not_recorded = "the answer to a Translation Request tells of it";
      terminate();
      return;
    case EventType::F_BAD_ATS_TREQ:
      m_ats.status = AtsStatus::unsupported_request;
      break;
    default:
      m_why_not_recorded = why_ats_error_is_silent(event.type, m_interface->reg(SMMU_CR2));
      break;
  }
  m_event = event;
  m_event->mergeable = m_merges || event.type == EventType::C_BAD_STREAMID ||
                       event.type == EventType::F_STE_FETCH || event.type == EventType::C_BAD_STE;
  tell();
}

}  // namespace smmuvp::smmuv3
