#include "smmuvp/v3/access.h"

#include <algorithm>

#include "smmuvp/smmu/attributes.h"
#include "smmuvp/v3/trace_points.h"

namespace smmuvp::v3 {

using smmu::MemoryPurpose;
using smmu::Outcome;
using smmu::Step;

std::string_view kind_name(smmu::AccessKind kind, bool instruction) {
  if (kind == smmu::AccessKind::write) return "write";
  if (kind == smmu::AccessKind::atomic) return "atomic";
  return instruction ? "execute" : "read";
}

pgtable::AccessType access_type(smmu::AccessKind kind, bool instruction) {
  switch (kind) {
    case smmu::AccessKind::write:
      return pgtable::AccessType::write;
    case smmu::AccessKind::atomic:
      return pgtable::AccessType::read_write;
    case smmu::AccessKind::translate:
      return pgtable::AccessType::none;
    case smmu::AccessKind::read:
      break;
  }
  return instruction ? pgtable::AccessType::execute : pgtable::AccessType::read;
}

Access::Access(Smmu& smmu, const smmu::AccessRequest& request)
    : m_smmu(smmu),
      m_request(request),
      m_token(smmu.m_in_flight.enter()),
      m_epoch(smmu.m_epoch),
      m_reset_count(smmu.m_reset_count),
      m_time(request.time),
      m_table(smmu.m_stream_table) {}

Access::~Access() { m_smmu.m_in_flight.leave(m_token); }

Step Access::step() {
  if (m_state == State::done) return Step::done;
  if (m_reset_count != m_smmu.m_reset_count) {
    terminate();
    return Step::done;
  }
  while (!m_waiting && m_state != State::done) {
    switch (m_state) {
      case State::start:
        start();
        break;
      case State::level1:
        got_level1();
        break;
      case State::ste:
        got_ste();
        break;
      case State::cd:
        got_cd();
        break;
      case State::walk:
        walk();
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
  m_memory = answer;
  m_time = std::max(m_time, answer.time);
  if (counts()) {
    m_smmu.m_tracer.emit(m_time, trace_fetch, std::string_view(to_string(m_op.purpose)), m_request.stream_id,
                         m_op.address, std::uint32_t{m_op.size}, answer.status == smmu::MemoryStatus::ok);
  }
}

void Access::need(MemoryPurpose purpose, std::uint64_t address, std::uint8_t size,
                  const smmu::MemoryAttributes& attributes) {
  m_op = {};
  m_op.purpose = purpose;
  m_op.address = address;
  m_op.size = size;
  m_op.attributes = attributes;
  take_time(m_smmu.m_walk_port_calendar);
  m_op.time = m_time;
  m_waiting = true;
}

void Access::take_time(smmu::Calendar& calendar) {
  if (m_smmu.m_structures.timing && counts()) m_time = calendar.book(m_time);
}

void Access::start() {
  if (counts()) ++m_smmu.m_statistics.accesses;
  take_time(m_smmu.m_port_calendars[m_request.port % m_smmu.m_port_calendars.size()]);
  m_privileged = m_request.privileged;
  m_instruction = m_request.instruction && !m_request.is_write();
  if (m_request.unsupported) {
    // 7.3.2; permitted with SMMUEN == 0 too
    fail(event_of(EventType::F_UUT));
    return;
  }
  if (m_smmu.enabled(CR0_SMMUEN)) {
    find_ste();
    return;
  }
  // 6.3.9.6, 6.3.14
  const std::uint32_t GBPA = m_smmu.reg(SMMU_GBPA);
  if ((GBPA & GBPA_ABORT) != 0 || m_request.address >> m_smmu.m_features.OAS != 0) {
    terminate();  // 3.4: an address beyond OAS aborts without an event (unverified clause)
    return;
  }
  bypass(Overrides::from_gbpa(GBPA, m_smmu.m_features));
}

void Access::find_ste() {
  if (!m_table.in_range(m_request.stream_id)) {
    fail(event_of(EventType::C_BAD_STREAMID));
    return;
  }
  take_time(m_smmu.m_config_calendar);
  const Ste* cached =
      counts() ? m_smmu.m_stes.lookup(m_request.stream_id, 0) : m_smmu.m_stes.probe(m_request.stream_id, 0);
  if (cached != nullptr) {
    if (counts()) ++m_smmu.m_statistics.config_hits;
    m_ste = *cached;
    use_ste();
    return;
  }
  if (counts()) ++m_smmu.m_statistics.config_misses;
  if (m_table.two_level) {
    m_state = State::level1;
    need(MemoryPurpose::stream_table_level1, m_table.address(m_request.stream_id), 8,
         m_smmu.m_table_attributes);
    return;
  }
  fetch_ste(m_table.address(m_request.stream_id));
}

void Access::fetch_ste(std::uint64_t address) {
  m_state = State::ste;
  need(MemoryPurpose::stream_table_entry, address, ste_size, m_smmu.m_table_attributes);
}

void Access::got_level1() {
  if (m_memory.status != smmu::MemoryStatus::ok) {
    fail_fetch(EventType::F_STE_FETCH, m_op.address);
    return;
  }
  std::uint64_t address = 0;
  if (!ste_address(smmu::load_word(m_memory.data, 0), m_table, m_request.stream_id, address)) {
    fail(event_of(EventType::C_BAD_STREAMID));
    return;
  }
  if (address >> m_smmu.m_features.OAS != 0) {  // 7.3.4: out of range as in 3.4.3; FetchAddr is within OAS
    fail_fetch(EventType::F_STE_FETCH, address & ((std::uint64_t{1} << m_smmu.m_features.OAS) - 1));
    return;
  }
  fetch_ste(address);
}

void Access::got_ste() {
  if (m_memory.status != smmu::MemoryStatus::ok) {  // 5.2: a failed fetch caches nothing
    fail_fetch(EventType::F_STE_FETCH, m_op.address);
    return;
  }
  std::array<std::uint64_t, 8> words{};
  for (unsigned i = 0; i < words.size(); ++i) words[i] = smmu::load_word(m_memory.data, i);
  m_ste = Ste::decode(words, m_smmu.m_features);
  if (counts() && !overtaken()) m_smmu.m_stes.insert(m_request.stream_id, 0, m_ste);
  use_ste();
}

void Access::use_ste() {
  if (!m_ste.valid) {
    if (counts() && (m_ste.words[0] & 1) != 0) {
      m_smmu.m_diag.guest_error("STE.ILLEGAL", m_ste.why, "IHI 0070 5.2.2", m_request.stream_id);
    }
    fail(event_of(EventType::C_BAD_STE));
    return;
  }
  if (m_ste.aborts()) {  // 5.2, STE.Config 0b0xx: no event
    terminate();
    return;
  }
  // 13.1.4; C_BAD_* events have no field that this changes
  m_privileged = m_ste.overrides.privileged(m_request);
  m_instruction = m_ste.overrides.instruction(m_request);
  // 7.3.9: stage 1 is off, or IDR1.SSIDSIZE == 0
  if (m_request.substream_valid) {
    fail(event_of(EventType::C_BAD_SUBSTREAMID));
    return;
  }
  if (!m_ste.stage1()) {
    // 7.3.14: stage 1 bypass of an address beyond the IAS, which is OAS without VMSAv8-32 (3.4)
    if (m_request.address >> m_smmu.m_features.OAS != 0) {
      fail(event_of(EventType::F_ADDR_SIZE));
      return;
    }
    bypass(m_ste.overrides);
    return;
  }
  const Cd* cached =
      counts() ? m_smmu.m_cds.lookup(m_request.stream_id, 0) : m_smmu.m_cds.probe(m_request.stream_id, 0);
  if (cached != nullptr) {
    if (counts()) ++m_smmu.m_statistics.config_hits;
    m_cd = *cached;
    use_cd();
    return;
  }
  if (counts()) ++m_smmu.m_statistics.config_misses;
  m_state = State::cd;
  need(MemoryPurpose::context_descriptor, m_ste.S1ContextPtr, cd_size, m_ste.cd_attributes);
}

void Access::got_cd() {
  if (m_memory.status != smmu::MemoryStatus::ok) {
    fail_fetch(EventType::F_CD_FETCH, m_op.address);
    return;
  }
  std::array<std::uint64_t, 8> words{};
  for (unsigned i = 0; i < words.size(); ++i) words[i] = smmu::load_word(m_memory.data, i);
  m_cd = Cd::decode(words, m_smmu.m_features);
  if (counts() && !overtaken()) m_smmu.m_cds.insert(m_request.stream_id, 0, m_cd);
  use_cd();
}

void Access::use_cd() {
  if (!m_cd.valid) {
    if (counts() && (m_cd.words[0] >> 31 & 1) != 0) {
      m_smmu.m_diag.guest_error("CD.ILLEGAL", m_cd.why, "IHI 0070 5.4.2", m_request.stream_id);
    }
    fail(event_of(EventType::C_BAD_CD));
    return;
  }
  translate();
}

smmu::TlbContext Access::tlb_context() const { return {0, m_cd.ASET, 0, m_cd.ASID}; }

void Access::translate() {
  take_time(m_smmu.m_tlb_calendar);
  const std::uint64_t tag = m_cd.tag_address(m_request.address);
  const smmu::TlbEntry* entry =
      counts() ? m_smmu.m_tlb.lookup(tlb_context(), tag) : m_smmu.m_tlb.probe(tlb_context(), tag);
  if (entry != nullptr) {
    if (counts()) ++m_smmu.m_statistics.tlb_hits;
    m_answer.tlb_hit = true;
    const auto check =
        pgtable::check_permission(entry->rights, access_type(m_request.kind, m_instruction), m_privileged);
    if (check == pgtable::PermissionCheck::denied) {
      permission_fault(entry->rights);
      return;
    }
    const std::uint64_t offset = m_request.address & ((std::uint64_t{1} << entry->shift) - 1);
    m_answer.space = entry->space;
    finish(entry->output | offset, entry->shift, entry->attributes);
    return;
  }
  if (counts()) {
    ++m_smmu.m_statistics.tlb_misses;
    ++m_smmu.m_statistics.walks;
    if (m_smmu.m_structures.timing) {
      m_walk_begin = m_smmu.m_walker_calendar.earliest(m_time);
      m_time = m_walk_begin + m_smmu.m_walker_calendar.timing().latency;
    }
  }
  // Permissions are checked here, on the rights that the walk finds, so that one entry serves all kinds.
  pgtable::WalkRequest request;
  request.va = m_request.address;
  request.access = pgtable::AccessType::none;
  request.privileged = m_privileged;
  request.side_effects = counts();
  m_walk.emplace(m_cd.config, request);
  m_state = State::walk;
  m_memory.status = smmu::MemoryStatus::ok;
  m_walk_started = false;
}

void Access::walk() {
  if (m_walk_started) {
    pgtable::MemoryResponse response;
    if (m_memory.status != smmu::MemoryStatus::ok) {
      response.status = pgtable::MemoryStatus::external_abort;
    } else {
      response.data = smmu::load_word(m_memory.data, 0);
      if (m_walk->op().big_endian) response.data = __builtin_bswap64(response.data);
    }
    m_walk->complete(response);
  }
  m_walk_started = true;
  if (m_walk->step() == pgtable::Step::done) {
    if (counts() && m_smmu.m_structures.timing) m_smmu.m_walker_calendar.occupy(m_walk_begin, m_time);
    walked(m_walk->result());
    return;
  }
  const pgtable::MemoryOp& op = m_walk->op();
  if (counts()) ++m_smmu.m_statistics.walk_reads;
  const auto sh = static_cast<std::uint8_t>(op.attributes.SH);
  need(MemoryPurpose::translation_table, op.address, op.size,
       smmu::structure_attributes(op.attributes.IRGN, op.attributes.ORGN, sh, 0xe));
}

void Access::walked(const pgtable::Result& result) {
  if (!result.ok()) {
    translation_fault(result.fault);
    return;
  }
  smmu::TlbEntry entry;
  entry.global = !result.nG;
  entry.shift = result.block_shift;
  entry.context = tlb_context();
  entry.input = m_cd.tag_address(m_request.address) & ~((std::uint64_t{1} << entry.shift) - 1);
  entry.output = result.block_output();
  entry.rights = result.rights;
  entry.space = result.space;
  // A translation's attributes replace the incoming ones and their overrides (13.1.4).
  entry.attributes = smmu::consistent({result.attributes.memory, result.attributes.SH});
  if (counts()) {
    // 3.21.1: what an invalidation overtook may have been read before the change that it announces.
    if (overtaken()) {
      ++m_smmu.m_statistics.tlb_fills_dropped;
    } else {
      m_smmu.m_tlb.insert(entry);
      ++m_smmu.m_statistics.tlb_fills;
      m_smmu.m_tracer.emit(m_time, trace_tlb_fill, entry.input, entry.output, std::uint32_t{entry.shift},
                           std::uint32_t{entry.context.asid});
    }
  }
  const auto check =
      pgtable::check_permission(entry.rights, access_type(m_request.kind, m_instruction), m_privileged);
  if (check == pgtable::PermissionCheck::denied) {
    permission_fault(entry.rights);
    return;
  }
  m_answer.space = entry.space;
  finish(result.output, entry.shift, entry.attributes);
}

void Access::permission_fault(pgtable::Rights rights) {
  Event e = event_of(EventType::F_PERMISSION);
  // 13.1.1: write permission is checked first; an atomic that lacks only the read right is reported as one.
  if (m_request.kind == smmu::AccessKind::atomic) {
    e.RnW = pgtable::check_permission(rights, pgtable::AccessType::write, m_privileged) ==
            pgtable::PermissionCheck::allowed;
  }
  fail(e);
}

void Access::translation_fault(const pgtable::Fault& fault) {
  EventType type = EventType::C_BAD_CD;  // a Config that the walker refuses; decoding lets none through
  switch (fault.kind) {
    case pgtable::FaultKind::translation:
      type = EventType::F_TRANSLATION;
      break;
    case pgtable::FaultKind::address_size:
      type = EventType::F_ADDR_SIZE;
      break;
    case pgtable::FaultKind::access_flag:
      type = EventType::F_ACCESS;
      break;
    case pgtable::FaultKind::permission:
      type = EventType::F_PERMISSION;
      break;
    case pgtable::FaultKind::external_abort:
    case pgtable::FaultKind::unsupported_atomic:
      type = EventType::F_WALK_EABT;
      break;
    default:
      break;
  }
  Event e = event_of(type);
  if (type == EventType::F_WALK_EABT) {
    // 7.3.12: of stage 1 with CLASS TT, unlike the other faults of stage 1
    e.CLASS = EventClass::TTD;
    e.FetchAddr = fault.table_address;
  }
  fail(e);
}

Event Access::event_of(EventType type) const {
  Event e;
  e.type = type;
  e.StreamID = m_request.stream_id;
  e.SubstreamID = m_request.substream_id;
  e.SSV = m_request.substream_valid;
  e.RnW = !m_request.is_write();
  e.InD = m_instruction;
  e.PnU = m_privileged;
  e.InputAddr = m_request.address;
  e.time = m_time;
  if (type == EventType::F_UUT) e.Reason = m_request.unsupported_reason;
  return e;
}

void Access::fail_fetch(EventType type, std::uint64_t address) {
  Event e = event_of(type);
  e.FetchAddr = address;
  fail(e);
}

void Access::fail(Event event) {
  m_event = event;
  if (counts()) ++m_smmu.m_statistics.faults;
  bool recorded = counts();
  bool razwi = false;
  switch (event.type) {
    case EventType::C_BAD_STREAMID:  // 6.3.12
      recorded = recorded && (m_smmu.reg(SMMU_CR2) & CR2_RECINVSID) != 0;
      break;
    case EventType::F_TRANSLATION:
    case EventType::F_ADDR_SIZE:
    case EventType::F_ACCESS:
    case EventType::F_PERMISSION:
      // 5.5: CD.A and CD.R, where there is a CD
      if (m_cd.valid) {
        recorded = recorded && m_cd.R;
        razwi = !m_cd.A;
      }
      break;
    default:
      break;
  }
  if (recorded) m_smmu.record(event);
  terminate(razwi);
}

void Access::terminate(bool razwi) {
  m_answer.outcome = razwi ? Outcome::razwi : Outcome::abort;
  m_answer.time = m_time;
  m_waiting = false;
  m_state = State::done;
  if (!counts()) return;
  ++(razwi ? m_smmu.m_statistics.razwi : m_smmu.m_statistics.aborts);
  m_smmu.m_statistics.translation_time += m_time - m_request.time;
  m_smmu.m_tracer.emit(m_time, trace_fault, m_request.stream_id, m_request.address,
                       std::string_view(m_event ? to_string(m_event->type) : "none"),
                       std::string_view(razwi ? "RAZ/WI" : "abort"));
}

void Access::bypass(const Overrides& overrides) {
  m_privileged = overrides.privileged(m_request);
  m_instruction = overrides.instruction(m_request);
  if (counts()) ++m_smmu.m_statistics.bypasses;
  // Without a Secure state every access goes to Non-secure PA space (13.1.2).
  m_answer.space = smmu::AddressSpace::non_secure;
  m_bypassed = true;
  // Bypass ends where the output address size does: a part beyond it is an access of its own.
  finish(m_request.address, m_smmu.m_features.OAS, overrides.attributes(m_request.attributes));
}

void Access::finish(std::uint64_t output, std::uint8_t region_shift,
                    const smmu::MemoryAttributes& attributes) {
  m_answer.outcome = Outcome::forward;
  m_answer.output = output;
  m_answer.region_shift = region_shift;
  m_answer.attributes = attributes;
  m_answer.privileged = m_privileged;
  m_answer.instruction = m_instruction;
  m_answer.time = m_time;
  m_state = State::done;
  if (!counts()) return;
  if (!m_bypassed) ++m_smmu.m_statistics.translations;
  m_smmu.m_statistics.translation_time += m_time - m_request.time;
  m_smmu.m_tracer.emit(m_time, trace_translate, m_request.stream_id, m_request.address, output,
                       kind_name(m_request.kind, m_instruction), m_answer.tlb_hit);
}

}  // namespace smmuvp::v3
