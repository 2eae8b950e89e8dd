#include "smmuvp/smmu/client_access.h"

#include <algorithm>
#include <array>

#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmu {

std::string_view kind_name(AccessKind kind, bool instruction) {
  if (kind == AccessKind::write) return "write";
  if (kind == AccessKind::atomic) return "atomic";
  return instruction ? "execute" : "read";
}

namespace {

std::string_view ats_name(AtsPhase phase) {
  return phase == AtsPhase::translation_request ? "request"
         : phase == AtsPhase::translated        ? "translated"
                                                : "none";
}

bool is_secure(const AccessRequest& r) { return r.secure_stream || r.space == AddressSpace::secure; }

}  // namespace

ClientAccess::ClientAccess(Engine& engine, const AccessRequest& request)
    : m_engine(engine),
      m_request(request),
      m_generation(engine.generation()),
      m_time(request.time),
      m_token(engine.in_flight().enter(request.time)),
      m_reset_count(engine.reset_count()) {}

ClientAccess::ClientAccess(Engine& engine)
    : m_engine(engine), m_generation(engine.generation()), m_time(0), m_reset_count(engine.reset_count()) {}

ClientAccess::~ClientAccess() { m_engine.in_flight().leave(m_token, counts() ? m_time : m_token.begin); }

bool ClientAccess::answered_at_tbu() {
  if (!counts() || conflicts_at_tbu() || !m_engine.answer_at_tbu(m_request, m_answer)) return false;
  m_time = m_answer.time;
  m_engine.tracer().emit(m_time, trace_translate, m_request.stream_id, m_request.address, m_answer.output,
                         kind_name(m_request.kind, m_answer.instruction), m_answer.tlb_hit);
  m_engine.trace_access(m_time, m_request, m_answer.instruction);
  return true;
}

// A hit of a TBU is a lookup where it stands for a translation.
bool ClientAccess::conflicts_at_tbu() {
  if (__builtin_expect(m_engine.injector() == nullptr, 1) || !Engine::has_owner(m_request)) return false;
  const Engine::Found found = m_engine.find_any_at_tbu(m_engine.tbu_of(m_request.port), m_request);
  return found.answer != nullptr && found.answer->translated && serves(*found.answer, m_request) &&
         conflicts();
}

bool ClientAccess::conflicts() {
  if (!m_looked_up) m_conflicts = m_engine.injects_conflict(m_request, m_time);
  m_looked_up = true;
  return m_conflicts;
}

void ClientAccess::pass_port() {
  if (counts()) m_time = m_engine.pass_port(m_request.port, m_time);
}

void ClientAccess::go_to_tcu() {
  if (!counts()) return;
  m_at_tcu = true;
  m_time = m_engine.pass_micro_tlb(m_request.port, m_time);
  m_engine.tell(MonitoredEvent::micro_tlb_miss, m_request, m_time);
  m_time = m_engine.pass_to_tcu(m_request.port, m_time);
}

TranslationRequest ClientAccess::translation_request(std::uint64_t address, pgtable::AccessType access,
                                                     bool privileged) const {
  TranslationRequest request;
  request.address = address;
  request.access = access;
  request.privileged = privileged;
  request.debug = m_request.debug;
  request.foresee = m_request.foresee;
  request.can_wait = m_request.can_wait;
  request.time = m_time;
  request.arrived = m_request.time;
  request.generation = m_generation;
  request.stream_id = m_request.stream_id;
  request.secure_stream = m_request.secure_stream;
  request.mpam = m_mpam;
  request.counters = &m_engine.counters(m_request.port, m_counted);
  return request;
}

void ClientAccess::translate(const TranslationContext& context, std::uint64_t address, bool privileged,
                             bool instruction, bool DIPAN, AddressSpace space) {
  TranslationRequest request =
      translation_request(address, access_type(m_request.kind, instruction), privileged);
  request.DIPAN = DIPAN;
  request.space = space;
  m_translation.emplace(m_engine, context, request);
}

void ClientAccess::leave() {
  m_engine.in_flight().leave(m_token, m_time);
  m_token = {};
}

void ClientAccess::enter(TimePs time) {
  m_time = std::max(m_time, time);
  m_token = m_engine.in_flight().enter(m_time);
}

void ClientAccess::begin_again(TimePs time) {
  m_request.time = time;
  m_generation = m_engine.generation();
  m_answer = {};
  m_mpam = {};
  m_translation.reset();
  m_at_tcu = m_looked_up = m_conflicts = false;
}

void ClientAccess::trace_answer(const MemoryOp& op, const MemoryAnswer& answer) {
  if (!counts()) return;
  const TimePs end = std::max(m_time, answer.time);
  m_engine.tracer().emit(end, trace_fetch, std::string_view(op.purpose), m_request.stream_id, op.address,
                         std::uint32_t{op.size}, answer.status == MemoryStatus::ok,
                         end - std::min(end, op.time));
}

void ClientAccess::trace_resumption(TimePs since, StallAnswer answer) {
  constexpr std::array<std::string_view, 3> names{"retry", "abort", "RAZ/WI"};
  m_engine.tracer().emit(m_time, trace_resume, m_request.stream_id, m_request.address,
                         names.at(static_cast<std::size_t>(answer)), m_time - std::min(m_time, since));
}

void ClientAccess::forward(const CacheKey& key, const FinishedAnswer& answer, bool keep) {
  apply(answer, m_request, key.shift, m_answer);
  m_answer.tlb_hit = m_translation && m_translation->hit();
  if (counts()) {
    if (m_at_tcu) {
      m_time = m_engine.pass_from_tcu(m_request.port, m_time);
      if (keep) keep_at_tbu(key, answer);
    }
    AccessStatistics& s = count();
    ++(answer.translated ? s.translations : s.bypasses);
    m_engine.tracer().emit(m_time, trace_translate, m_request.stream_id, m_request.address, m_answer.output,
                           kind_name(m_request.kind, m_answer.instruction), m_answer.tlb_hit);
    m_engine.trace_access(m_time, m_request, m_answer.instruction);
  }
  m_answer.time = m_time;
}

void ClientAccess::keep_at_tbu(const CacheKey& key, const FinishedAnswer& answer) {
  if (m_generation != m_engine.generation()) return;
  if (answer.of_default_attributes && !(m_request.attributes == default_attributes)) return;
  // What configuration makes another address of is kept only as TLB entries name it: invalidations are by
  // that name.
  if (m_request.address >> key.shift != key.input >> key.shift) return;
  const bool took_walk = m_translation && m_translation->took_walk();
  m_engine.finish_at_tbu(m_request, key, answer, m_counted, took_walk ? m_time : 0);
}

// What is counted of each access that is over.
AccessStatistics& ClientAccess::count() {
  AccessStatistics& s = m_engine.counters(m_request.port, m_counted);
  ++s.accesses;
  if (m_at_tcu) ++s.micro_tlb_misses;
  s.translation_time += m_time - m_request.time;
  return s;
}

void ClientAccess::terminate(Outcome outcome, bool counts_as_fault, std::string_view fault,
                             std::string_view told) {
  if (m_at_tcu) m_time = m_engine.pass_from_tcu(m_request.port, m_time);
  m_answer.outcome = outcome;
  m_answer.time = m_time;
  m_waiting = false;
  if (!counts()) return;
  AccessStatistics& s = count();
  if (counts_as_fault) ++s.faults;
  const bool razwi = outcome == Outcome::razwi;
  ++(razwi ? s.razwi : s.aborts);
  trace_fault(razwi ? "RAZ/WI" : "abort", fault, told);
  m_engine.trace_access(m_time, m_request, m_request.instruction);
}

std::string_view ClientAccess::walk_name() const {
  if (!m_translation || m_translation->ok()) return "none";
  return place_words(m_translation->fault());
}

void ClientAccess::trace_fault(std::string_view outcome, std::string_view fault, std::string_view told) {
  const AccessRequest& r = m_request;
  m_engine.tracer().emit(m_time, smmu::trace_fault, r.stream_id, r.address, fault, outcome, told, walk_name(),
                         r.substream_valid, r.substream_id, kind_name(r.kind, r.instruction), r.privileged,
                         is_secure(r), std::uint32_t{r.port}, ats_name(r.ats));
}

void ClientAccess::trace_stall(std::string_view fault) {
  const AccessRequest& r = m_request;
  m_engine.tracer().emit(m_time, smmu::trace_stall, r.stream_id, r.address, fault, walk_name(),
                         r.substream_valid, r.substream_id, kind_name(r.kind, r.instruction), r.privileged,
                         is_secure(r), std::uint32_t{r.port}, ats_name(r.ats));
}

void ClientAccess::answer_request(const AtsAnswer& ats) {
  if (m_at_tcu) m_time = m_engine.pass_from_tcu(m_request.port, m_time);
  m_answer.outcome = Outcome::answered;
  m_answer.ats = ats;
  m_answer.time = m_time;
  m_waiting = false;
  if (!counts()) return;
  AccessStatistics& s = count();
  ++(ats.status == AtsStatus::success ? s.translations : s.aborts);
}

void ClientAccess::visit_base(Archive& archive, bool translates) {
  m_request.visit(archive);
  m_engine.in_flight().visit(archive, m_token);
  m_engine.visit_reset_count(archive, m_reset_count);
  m_engine.visit_generation(archive, m_generation);
  archive.value("waiting", m_waiting);
  archive.time("time", m_time);
  m_answer.visit(archive);
  m_mpam.visit(archive);
  archive.value("counted", m_counted);
  archive.value("at_tcu", m_at_tcu);
  if (archive.loading()) {
    m_translation.reset();
    if (translates) {
      const std::uint16_t slot = m_counted < CountedStreams::slots ? m_counted : CountedStreams::other;
      m_translation.emplace(m_engine, &m_engine.counters(m_request.port, slot));
    }
  }
  if (translates) m_translation->visit(archive);
}

void ClientAccess::give_up() {
  m_translation.reset();
  m_counted = CountedStreams::other;
  m_waiting = false;
  m_answer = {};
}

}  // namespace smmuvp::smmu
