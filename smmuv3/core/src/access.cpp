#include "smmuvp/smmuv3/access.h"

#include <algorithm>
#include <string>

#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Outcome;
using smmu::Step;

namespace {

std::uint16_t reason_of(smmu::Unsupported unsupported) {
  switch (unsupported) {
    case smmu::Unsupported::none:  // what AccessRequest::ats says is not there
    case smmu::Unsupported::ats:
      return reason_ats;
    case smmu::Unsupported::identity:
      return reason_identity;
    default:
      return reason_malformed;
  }
}

// 7.3.1: of these no STE.MEV says anything.
bool precedes_ste(EventType type) {
  return type == EventType::F_UUT || type == EventType::C_BAD_STREAMID || type == EventType::F_STE_FETCH ||
         type == EventType::C_BAD_STE;
}

}  // namespace

Access::Access(Smmu& smmu, const smmu::AccessRequest& request)
    : Access(smmu.interface_of(request).parts(), smmu.interface_of(request), request) {}

Access::Access(const Parts& parts, ProgrammingInterface& interface, const smmu::AccessRequest& request)
    : ClientAccess(parts.engine, request), m_parts(&parts), m_interface(&interface) {}

Access::Access(Smmu& smmu)
    : ClientAccess(smmu.engine()),
      m_smmu(&smmu),
      m_parts(&smmu.parts()),
      m_interface(&smmu.interface()),
      m_state(State::done) {}

Access::~Access() {
  if (m_stall != 0) m_interface->stalls().forget(m_stall);
}

Step Access::step() {
  if (m_state != State::done && was_reset()) {
    m_why_not_recorded = "the SMMU has been reset meanwhile";
    m_ats = {};
    terminate();
  }
  while (!m_waiting && m_state != State::done) {
    switch (m_state) {
      case State::start:
        start();
        break;
      case State::config:
        m_waiting = m_config->step() == Step::need;
        m_time = m_config->time();
        if (!m_waiting) configured();
        break;
      case State::translation: {
        const Step step = m_translation->step();
        if (step == Step::waits) return step;
        m_waiting = step == Step::need;
        m_time = m_translation->time();
        if (m_waiting) break;
        if (is_ats_request()) {
          translated_request();
        } else {
          translated();
        }
        break;
      }
      case State::record:
        if (!m_interface->events().has_room()) {
          m_held = true;
          return Step::stalled;
        }
        record();
        break;
      case State::stall:
        if (!stall()) return Step::stalled;
        break;
      case State::page_request:
        if (!request_page()) return Step::stalled;
        break;
      case State::done:
        break;
    }
  }
  return m_waiting ? Step::need : Step::done;
}

void Access::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;
  m_waiting = false;
  trace_answer(op(), answer);
  if (m_state == State::config) {
    m_config->complete(answer);
  } else {
    m_translation->complete(answer);
  }
}

void Access::start() {
  if (counts()) {
    if (answered_at_tbu()) {
      m_state = State::done;
      return;
    }
    m_engine.tell(smmu::MonitoredEvent::access, m_request, m_time);
    pass_port();
    if (m_request.unsupported == smmu::Unsupported::identity) {
      tell_other_identity();
    } else if (m_request.secure_stream && m_interface->sec_sid() != SecSid::secure) {
      m_parts->diag.unimplemented("SEC_SID",
                                  "an access of a Secure stream is treated as Non-secure: S_IDR1.SECURE_IMPL "
                                  "is 0",
                                  "IHI 0070 3.10.1", m_request.stream_id, m_request.address);
    }
  }
  if (m_interface->held()) {
    m_why_not_recorded = m_interface->why_held();
    terminate();
    return;
  }
  m_privileged = m_request.privileged;
  m_instruction = m_request.instruction && !m_request.is_write();
  if (counts() && m_request.unsupported == smmu::Unsupported::none &&
      m_request.ats == smmu::AtsPhase::page_request && m_parts->features.PRI) {
    m_state = State::page_request;
    return;
  }
  if (ats() != smmu::AtsPhase::none) {
    start_ats();
    return;
  }
  if (m_request.unsupported != smmu::Unsupported::none || m_request.ats != smmu::AtsPhase::none) {
    fail(event_of(EventType::F_UUT));  // 7.3.2; permitted with SMMUEN == 0 too
    return;
  }
  if (m_interface->enabled(CR0_SMMUEN)) {
    find_configuration();
    return;
  }
  // 6.3.9.6, 6.3.14
  const std::uint32_t GBPA = m_interface->reg(SMMU_GBPA);
  if ((GBPA & GBPA_ABORT) != 0 || m_request.address >> m_parts->features.OAS != 0) {
    m_why_not_recorded = (GBPA & GBPA_ABORT) != 0 ? "CR0.SMMUEN is 0, and GBPA.ABORT is 1"
                                                  : "CR0.SMMUEN is 0, and the address is beyond IDR5.OAS";
    terminate();  // 3.4: an address beyond OAS aborts without an event
    return;
  }
  m_overrides = Overrides::from_gbpa(GBPA, m_parts->features);
  m_mpam.access = m_interface->bypass_mpam();
  override_attributes();
  if (is_refused_by_SIF()) {  // 6.3.57: no F_PERMISSION is recorded
    m_why_not_recorded = "S_CR0.SMMUEN is 0, and S_CR0.SIF forbids Non-secure instruction fetches";
    terminate();
    return;
  }
  bypass();
}

void Access::find_configuration() {
  go_to_tcu();
  ConfigRequest request;
  request.stream_id = m_request.stream_id;
  request.substream_id = m_request.substream_id;
  request.substream_valid = m_request.substream_valid;
  request.debug = m_request.debug;
  request.foresee = m_request.foresee;
  request.of_access = true;
  request.ats = ats();
  request.ATSCHK = checks_ats();
  request.time = m_time;
  m_config.emplace(*m_parts, *m_interface, request);
  m_state = State::config;
}

// 8: accepted whatever the stream's configuration says. @return whether there is room for it
bool Access::request_page() {
  PriQueue& queue = m_interface->page_requests();
  if (!queue.has_room()) {
    m_held = true;
    return false;
  }
  if (m_held) m_time = std::max(m_time, queue.room_at());
  PageRequest p;
  p.StreamID = m_request.stream_id;
  p.SubstreamID = m_request.substream_id;
  p.SSV = m_request.substream_valid;
  p.PRGIndex = m_request.page_request.PRGI;
  p.Last = m_request.page_request.last;
  p.R = m_request.page_request.read;
  p.W = m_request.page_request.write;
  p.X = m_request.instruction;
  p.Priv = m_request.privileged;
  p.PageAddress = m_request.address & ~low_bits(12);
  p.time = m_time;
  queue.receive(p);
  m_answer.outcome = Outcome::razwi;  // posted: nothing goes downstream
  m_answer.time = m_time;
  m_state = State::done;
  return true;
}

// The platform is wrong, or a device: software cannot tell a TBU what comes in there.
void Access::tell_other_identity() {
  const std::string tbu = "tbu" + std::to_string(m_request.port);
  m_parts->diag.guest_error("TBU.identity",
                            "an access at " + tbu + " is not Non-secure, unprivileged data of " + tbu +
                                "_stream_id without SubstreamID, though " + tbu +
                                "_fixed says that all are; it is terminated with F_UUT. Set " + tbu +
                                "_fixed to false for a master like this",
                            "IHI 0070 7.3.2", m_request.stream_id, m_request.address);
}

void Access::override_attributes() {
  m_privileged = m_overrides.privileged().of(m_request.privileged);
  m_instruction = !m_request.is_write() && m_overrides.instruction().of(m_request.instruction);
  // 13.4.4: what a Non-secure stream asks for is Non-secure
  m_space = m_interface->secure() ? m_overrides.space(m_request.space) : smmu::AddressSpace::non_secure;
}

// 6.3.57, where stage 1 does not translate: what it gives is what the access asks for.
bool Access::is_refused_by_SIF() const {
  return m_interface->secure() && m_interface->enabled(CR0_SIF) && m_instruction &&
         m_space == smmu::AddressSpace::non_secure;
}

// Whom it is counted for.
std::uint64_t Access::stream() const {
  return m_interface->secure() ? smmu::CountedStreams::secure(m_request.stream_id) : m_request.stream_id;
}

void Access::configured() {
  const Ste& ste = m_config->ste();
  const auto& fault = m_config->fault();
  if (counts()) {
    smmu::CountedStreams& streams = m_parts->engine.streams();
    m_counted = ste.valid ? streams.add(stream()) : streams.find(stream());
  }
  // 13.1.4; C_BAD_* events have no field that this changes
  if (ste.valid && !ste.aborts()) {
    m_overrides = ste.overrides;
    override_attributes();
    m_stage2_recorded = ste.S2R;
    m_stage2_stalls = ste.S2S;
    m_force_write_back = ste.stage2.FWB;
    m_merges = ste.MEV;
    m_mpam = m_config->mpam();
  }
  if (ats() == smmu::AtsPhase::translation_request) return configured_request();
  if (ats() == smmu::AtsPhase::translated) return configured_translated();
  if (fault && fault->stage2) {
    fail(event_of(*fault->stage2, true));
  } else if (fault) {
    Event e = event_of(fault->type);
    e.FetchAddr = fault->FetchAddr;
    fail(e);
  } else if (ste.aborts()) {  // 5.2, STE.Config 0b0xx: no event
    m_why_not_recorded = "STE.Config is 0b0xx: accesses are aborted without an event";
    terminate();
  } else if (m_config->stage1()) {
    const Cd& cd = m_config->cd();
    m_stage1 = true;
    m_abort = cd.A;
    m_recorded = cd.R;
    m_stalls = cd.S;
    translate(cd.translation);
  } else if (m_request.address >> (ste.stage2_enabled() ? m_parts->features.ias() : m_parts->features.OAS) !=
             0) {
    // 3.4, 7.3.14: bypass of stage 1 is a fault of it beyond the IAS, and bypass of both stages beyond the
    // OAS
    fail(event_of(EventType::F_ADDR_SIZE));
  } else if (is_refused_by_SIF()) {
    fail(event_of(EventType::F_PERMISSION));
  } else if (ste.stage2_enabled()) {
    translate(ste.translation);
  } else {
    bypass();
  }
  m_config.reset();
}

void Access::translate(const smmu::TranslationContext& context) {
  if (ats() == smmu::AtsPhase::none && counts() && conflicts()) {  // 7.3.17
    fail(event_of(EventType::F_TLB_CONFLICT));
    return;
  }
  ClientAccess::translate(context, m_request.address, m_privileged, m_instruction, false, m_space);
  m_state = State::translation;
}

void Access::translated() {
  if (Speculation* s = m_interface->speculation(); s != nullptr && counts()) s->accessed(m_request, m_time);
  if (!m_translation->ok()) {
    fail(event_of(m_translation->fault()));
    return;
  }
  const smmu::TlbEntry& entry = m_translation->entry();
  smmu::FinishedAnswer answer;
  answer.output = entry.output;
  answer.space = entry.space;
  answer.rights = entry.rights;
  answer.pbha = entry.pbha & 0xfU;
  // 13.4.2: stage 1's attributes replace the incoming ones and their overrides, but for allocation hints,
  // which are combined. Stage 2 alone combines all.
  const pgtable::Attributes incoming = m_overrides.attributes(m_request.attributes);
  answer.of_default_attributes = true;
  answer.attributes = m_stage1 ? with_input_hints(entry.attributes, incoming)
                               : pgtable::combine(incoming, entry.stage2_attributes, m_force_write_back);
  forward(m_translation->key(), answer);
}

void Access::bypass() {
  // Bypass ends where the output address size does: a part beyond it is an access of its own. No TLB command
  // is about it: it is of no regime.
  smmu::CacheKey key;
  key.tag.regime = smmu::no_regime;
  key.shift = m_parts->features.OAS;
  forward(key, bypass_answer(m_overrides, m_request.attributes, m_space));
}

void Access::forward(const smmu::CacheKey& key, smmu::FinishedAnswer answer) {
  m_overrides.finish(answer);
  answer.mpam = m_mpam.access;
  ClientAccess::forward(key, answer);
  m_state = State::done;
}

Event Access::event_of(EventType type) const {
  Event e;
  e.type = type;
  e.StreamID = m_request.stream_id;
  e.SubstreamID = m_request.substream_valid ? m_request.substream_id : 0;  // 7.3.9: 0 where CD 0 is used
  e.SSV = m_request.substream_valid;
  e.RnW = !m_request.is_write();
  e.InD = m_instruction;
  e.PnU = m_privileged;
  e.InputAddr = m_request.address;
  e.time = m_time;
  if (type == EventType::F_UUT) {
    e.Reason = reason_of(m_request.unsupported);
  }
  return e;
}

// The platform is wrong: IDR0.HTTU promises what its memory, or what leads there, cannot do.
void Access::tell_no_atomics(const pgtable::Fault& fault) const {
  m_parts->diag.guest_error("HTTU.atomic",
                            "a descriptor has to be updated, and the memory behind the walk port did not "
                            "compare and swap it; F_WALK_EABT is recorded. Set HTTU to 0, or let the memory "
                            "answer CompareSwapExtension",
                            "IHI 0070 6.3.1, 7.3.12", m_request.stream_id, fault.table_address);
}

EventType event_type_of(pgtable::FaultKind kind) {
  switch (kind) {
    case pgtable::FaultKind::translation:
      return EventType::F_TRANSLATION;
    case pgtable::FaultKind::address_size:
      return EventType::F_ADDR_SIZE;
    case pgtable::FaultKind::access_flag:
      return EventType::F_ACCESS;
    case pgtable::FaultKind::permission:
      return EventType::F_PERMISSION;
    case pgtable::FaultKind::external_abort:
    case pgtable::FaultKind::unsupported_atomic:
      return EventType::F_WALK_EABT;
    default:
      return EventType::C_BAD_CD;  // a Config that the walker refuses; decoding lets none through
  }
}

Event Access::event_of(const pgtable::Fault& fault, bool cd) const {
  const EventType type = event_type_of(fault.kind);
  if (fault.kind == pgtable::FaultKind::unsupported_atomic && counts()) tell_no_atomics(fault);
  const bool of_structure = cd || fault.fault_class == pgtable::FaultClass::table;
  Event e = event_of(type);
  if (fault.stage == pgtable::Stage::stage2) {  // 7.3.13
    e.S2 = true;
    e.IPA = fault.ipa;
    e.NSIPA = m_interface->secure() && fault.ipa_space == smmu::AddressSpace::non_secure;
    e.CLASS = cd ? EventClass::CD : of_structure ? EventClass::TTD : EventClass::IN;
    // 7.3.16: what was done to the table. An update needs both rights, and of an atomic write permission is
    // checked first (13.1.1).
    e.TTRnW = !fault.table_update || pgtable::check_permission(fault.rights, pgtable::AccessType::write,
                                                               true) != pgtable::PermissionCheck::denied;
  }
  if (type == EventType::F_WALK_EABT) {
    // 7.3.12: of stage 1 with CLASS TT, unlike the other faults of stage 1
    if (!e.S2) e.CLASS = EventClass::TTD;
    e.FetchAddr = fault.table_address;
  }
  // 13.1.1: write permission is checked first; an atomic that lacks only the read right is reported as a
  // read. Where a table or CD may not be read, that is not the atomic's right.
  if (type == EventType::F_PERMISSION && m_request.kind == smmu::AccessKind::atomic && !of_structure) {
    e.RnW = pgtable::check_permission(fault.rights, pgtable::AccessType::write, fault.privileged) !=
            pgtable::PermissionCheck::denied;
  }
  return e;
}

void Access::fail(const Event& event) {
  if (is_ats_request()) return fail_request(event);
  m_event = event;
  bool stalls = false;
  switch (event.type) {
    case EventType::C_BAD_STREAMID:  // 6.3.12
      if (ats() == smmu::AtsPhase::none && (m_interface->reg(SMMU_CR2) & CR2_RECINVSID) == 0)
        m_why_not_recorded = "CR2.RECINVSID is 0";
      break;
    case EventType::F_UUT:  // 3.9.1.3
      if (m_parts->features.ATS && m_request.ats == smmu::AtsPhase::translated) {
        m_why_not_recorded = "no F_UUT is recorded of Translated transactions";
      }
      break;
    case EventType::F_TRANSLATION:
    case EventType::F_ADDR_SIZE:
    case EventType::F_ACCESS:
    case EventType::F_PERMISSION:
      // 5.5: of stage 2, STE.S2R; of a stage 1 that translates, CD.A and CD.R; unless they stall
      stalls = event.S2 ? m_stage2_stalls : m_stage1 && m_stalls;
      if (stalls) break;
      if (event.S2) {
        if (!m_stage2_recorded) m_why_not_recorded = "STE.S2R is 0";
      } else if (m_stage1) {
        if (!m_recorded) m_why_not_recorded = "CD.R is 0";
        m_razwi = !m_abort;
      }
      break;
    default:
      break;
  }
  if (ats() == smmu::AtsPhase::translated && *m_why_not_recorded == '\0') {
    m_why_not_recorded = why_not_recorded_of_translated(event.type);
  }
  m_event->Stall = stalls;
  m_event->mergeable = m_merges || precedes_ste(event.type);
  if (stalls && !m_interface->enabled(CR0_SMMUEN)) {  // 6.3.9.6: none can become stalled any more
    m_event->Stall = stalls = false;
    m_why_not_recorded = "CR0.SMMUEN has been cleared before the access could stall";
  }
  if (counts() && stalls) {
    m_state = State::stall;
  } else {
    tell();
  }
}

// It ends when its event is recorded, if that is.
void Access::tell() {
  if (counts() && *m_why_not_recorded == '\0') {
    m_state = State::record;
  } else {
    terminate();
  }
}

void Access::record() {
  if (m_held) m_time = std::max(m_time, m_interface->events().room_at());
  m_why_not_recorded = m_interface->events().why_not_written();
  if (!m_interface->events().record(*m_event))
    m_why_not_recorded = "merged with the record before it (STE.MEV)";
  terminate();
}

// Waits for software. @return whether it goes on
bool Access::stall() {
  Stalls& stalls = m_interface->stalls();
  if (m_stall == 0) {
    trace_stall(to_string(m_event->type));
    m_stall = stalls.enter(*m_event, m_generation);
    // CMD_SYNC does not wait for it (4.7.3).
    leave();
  }
  const auto answer = stalls.answer(m_stall);
  if (!answer) return false;
  m_stall = 0;
  const smmu::TimePs since = m_time;
  enter(answer->time);
  trace_resumption(since, answer->what);
  if (answer->what == smmu::StallAnswer::retry) {
    retry(m_time);
  } else {
    m_razwi = answer->what == smmu::StallAnswer::terminate;
    terminate();
  }
  return true;
}

// 4.7.1: as though it had just arrived.
void Access::retry(smmu::TimePs time) {
  begin_again(time);
  m_state = State::start;
  m_event.reset();
  m_config.reset();
  m_overrides = {};
  m_why_not_recorded = "";
  m_space = smmu::AddressSpace::non_secure;
  for (bool* flag : {&m_stage1, &m_abort, &m_recorded, &m_stalls, &m_stage2_recorded, &m_stage2_stalls,
                     &m_force_write_back, &m_merges, &m_razwi, &m_held}) {
    *flag = false;
  }
}

void Access::terminate() {
  m_stall = 0;  // of before a reset, which has forgotten it
  m_state = State::done;
  if (m_ats.status != smmu::AtsStatus::none) return end_request();
  ClientAccess::terminate(m_razwi ? Outcome::razwi : Outcome::abort, m_event.has_value(),
                          m_event ? to_string(m_event->type) : "none",
                          *m_why_not_recorded == '\0' ? "recorded" : m_why_not_recorded);
}

void Access::visit(Archive& archive) {
  archive.begin("access");
  archive.value("state", m_state);
  archive.optional("event", m_event, [&archive](Event& e) { e.visit(archive); });
  visit_base(archive, m_state == State::translation);
  bool configures = m_config.has_value();
  archive.value("configures", configures);
  if (archive.loading()) {
    if (m_smmu != nullptr) {
      m_interface = &m_smmu->interface_of(m_request);
      m_parts = &m_interface->parts();
    }
    m_config.reset();
    if (configures) m_config.emplace(*m_parts, *m_interface, ConfigRequest());
  }
  if (configures) m_config->visit(archive);
  m_overrides.visit(archive);
  // A reset has forgotten the stall, and this access has not seen that yet.
  if (!archive.loading() && !m_interface->stalls().known(m_stall)) m_stall = 0;
  archive.value("stall", m_stall);
  archive.value("space", m_space);
  for (bool* flag : {&m_stage1, &m_abort, &m_recorded, &m_stalls, &m_stage2_recorded, &m_stage2_stalls,
                     &m_force_write_back, &m_merges, &m_razwi, &m_privileged, &m_instruction, &m_held}) {
    archive.value("flag", *flag);
  }
  m_ats.visit(archive);
  archive.value("pass", m_pass);
  archive.value("rights", m_rights.bits);
  archive.end();
  if (archive.loading()) restored(archive);
}

void Access::restored(Archive& archive) {
  bool sane = m_state <= State::done && ((m_state != State::record && m_state != State::stall) || m_event);
  sane = sane && (m_state != State::page_request || m_parts->features.PRI);
  sane = sane && (m_stall == 0 || (m_state == State::stall && m_interface->stalls().known(m_stall)));
  sane = sane && (m_state == State::config || is_ats_request() || !m_config);
  sane = sane && (m_state != State::config || m_config) && m_pass <= AtsPass::ipa;
  if (m_state == State::translation && is_ats_request()) {
    sane = sane && m_config && m_config->step() == Step::done && !m_config->fault() &&
           (m_config->stage1() || m_config->ste().stage2_enabled());
  }
  sane = sane && (!m_waiting || (m_state == State::config && m_config->step() == Step::need) ||
                  (m_translation && m_translation->step() == Step::need));
  sane = sane && sane_base();
  sane = sane && (!m_event || find_event(static_cast<std::uint8_t>(m_event->type)) != nullptr);
  if (!sane) archive.fail("access", "no access can be in this state");
  if (archive.ok()) return;
  give_up();
  m_config.reset();
  m_event.reset();
  m_ats = {};
  m_stall = 0;
  m_state = State::done;
}

}  // namespace smmuvp::smmuv3
