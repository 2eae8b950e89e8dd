#include "smmuvp/smmuv3/config_fetch.h"

#include <algorithm>
#include <array>
#include <string>

#include "smmuvp/pgtable/walk_visit.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"
#include "words_told.h"

namespace smmuvp::smmuv3 {

using smmu::MemoryStatus;
using smmu::Step;

namespace {

std::array<std::uint64_t, 8> words_of(const smmu::MemoryAnswer& answer) {
  std::array<std::uint64_t, 8> words{};
  for (unsigned i = 0; i < words.size(); ++i) words[i] = smmu::load_word(answer.data, i);
  return words;
}

// 9.1.3: by STE.Config alone.
bool has_stages(const Ste& ste, AtosType type) {
  const auto wants = static_cast<unsigned>(type);
  return ((wants & 1U) == 0 || ste.stage1_enabled()) && ((wants & 2U) == 0 || ste.stage2_enabled());
}

}  // namespace

ConfigFetch::ConfigFetch(const Parts& parts, const ProgrammingInterface& interface,
                         const ConfigRequest& request)
    : m_parts(parts),
      m_interface(&interface),
      m_request(request),
      m_secure(interface.sec_sid() == SecSid::secure),
      m_table(interface.stream_table()),
      m_table_attributes(interface.table_attributes()),
      m_origin(interface.origin()),
      m_space(interface.space()),
      m_table_bits(interface.stream_table().LOG2SIZE),
      m_generation(parts.engine.generation()),
      m_time(request.time) {}

Step ConfigFetch::step() {
  while (!m_waiting && m_state != State::done) {
    switch (m_state) {
      case State::start:
        find_ste();
        break;
      case State::level1:
        got_level1();
        break;
      case State::ste:
        got_ste();
        break;
      case State::l1cd:
        got_l1cd();
        break;
      case State::l1cd_address:
      case State::cd_address:
        m_waiting = m_translation->step() == Step::need;
        m_time = m_translation->time();
        if (!m_waiting) got_address();
        break;
      case State::cd:
        got_cd();
        break;
      case State::vms:
        got_vms();
        break;
      case State::done:
        break;
    }
  }
  return m_waiting ? Step::need : Step::done;
}

void ConfigFetch::complete(const smmu::MemoryAnswer& answer) {
  if (!m_waiting) return;
  m_waiting = false;
  if (m_translation) {
    m_translation->complete(answer);
    return;
  }
  m_memory = answer;
  m_time = std::max(m_time, answer.time);
}

void ConfigFetch::need(const char* what, std::uint64_t address, std::uint8_t size,
                       const pgtable::Attributes& attributes, smmu::AddressSpace space,
                       const smmu::MpamLabel& mpam) {
  m_op = {};
  m_op.purpose = what;
  m_op.address = address;
  m_op.size = size;
  m_op.space = space;
  m_op.attributes = attributes;
  m_op.mpam = mpam;
  if (!m_request.debug) {
    m_time = m_parts.engine.pass_walk_port(m_time);
    tell(smmu::MonitoredEvent::config_access);
  }
  m_op.time = m_time;
  m_waiting = true;
}

void ConfigFetch::trace_read(unsigned words) {
  if (m_request.debug || !m_parts.tracer.on()) return;
  std::array<std::uint64_t, 8> w{};
  for (unsigned i = 0; i < words; ++i) w[i] = smmu::load_word(m_memory.data, i);
  m_parts.tracer.emit(m_time, trace_structure, std::string_view(m_op.purpose), m_request.stream_id, m_secure,
                      w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]);
}

void ConfigFetch::tell(smmu::MonitoredEvent event) {
  m_parts.engine.tell(event, {0, m_request.stream_id, m_secure, m_time});
}

void ConfigFetch::count_lookup(bool hit) {
  ++(hit ? m_parts.statistics.config_hits : m_parts.statistics.config_misses);
  if (hit) return;
  // 10.3: once an access, whatever it misses
  if (m_request.of_access && !m_missed) tell(smmu::MonitoredEvent::config_miss);
  m_missed = true;
}

void ConfigFetch::fail(EventType type, std::uint64_t address) {
  m_fault = {type, address, std::nullopt};
  m_state = State::done;
}

void ConfigFetch::find_ste() {
  if (!m_table.in_range(m_request.stream_id)) {
    tell_impossible_stream_id();
    return fail(EventType::C_BAD_STREAMID);
  }
  ConfigCaches& caches = m_parts.configs;
  const Ste* cached = nullptr;
  if (m_request.debug) {
    cached = caches.stes.probe(m_request.stream_id, 0);
  } else {
    m_time = m_parts.engine.pass_config(m_time);
    cached = caches.stes.lookup(m_request.stream_id, 0);
    count_lookup(cached != nullptr);
  }
  if (cached != nullptr) {
    m_ste = *cached;
    return use_ste();
  }
  if (!m_table.two_level) return fetch_ste(m_table.address(m_request.stream_id));
  m_state = State::level1;
  need("L1STD", m_table.address(m_request.stream_id), 8, m_table_attributes, m_space,
       m_interface->own_mpam());
}

// The platform is wrong, or a device: software has no table that could take it.
void ConfigFetch::tell_impossible_stream_id() {
  const unsigned bits = m_parts.features.sidsize(m_origin.sec_sid);
  if (m_request.debug || m_request.atos != AtosType::none) return;
  if ((std::uint64_t{m_request.stream_id} >> bits) == 0) return;
  m_parts.diag.guest_error("StreamID.SIDSIZE",
                           std::string("a StreamID has more bits than ") +
                               (m_origin.secure() ? "S_SIDSIZE" : "SIDSIZE") + ", which is " +
                               std::to_string(bits) +
                               "; the access is terminated, and recorded only if CR2.RECINVSID is 1",
                           "IHI 0070 6.3.2, 6.3.12", m_request.stream_id);
}

void ConfigFetch::fetch_ste(std::uint64_t address) {
  m_state = State::ste;
  need("STE", address, ste_size, m_table_attributes, m_space, m_interface->own_mpam());
}

void ConfigFetch::got_level1() {
  if (m_memory.status != MemoryStatus::ok) return fail(EventType::F_STE_FETCH, m_op.address);
  trace_read(1);
  std::uint64_t address = 0;
  if (!ste_address(smmu::load_word(m_memory.data, 0), m_table, m_request.stream_id, address)) {
    return fail(EventType::C_BAD_STREAMID);
  }
  const std::uint64_t reachable = (std::uint64_t{1} << m_parts.features.OAS) - 1;
  if ((address & ~reachable) != 0) {  // 7.3.4: out of range as in 3.4.3; FetchAddr is within OAS
    return fail(EventType::F_STE_FETCH, address & reachable);
  }
  m_table_bits = level2_bits(smmu::load_word(m_memory.data, 0));
  fetch_ste(address);
}

void ConfigFetch::got_ste() {
  if (m_memory.status != MemoryStatus::ok) {  // 5.2: a failed fetch caches nothing
    return fail(EventType::F_STE_FETCH, m_op.address);
  }
  trace_read(ste_size / 8);
  m_ste = Ste::decode(words_of(m_memory), m_parts.features, m_origin);
  // 5.2, STE.CONT: no span reaches beyond its table.
  const unsigned span = std::min(m_ste.CONT, m_table_bits);
  if (!m_request.debug && !overtaken()) m_parts.configs.stes.insert(m_request.stream_id, 0, m_ste, span);
  m_fetched = m_op.address;
  use_ste();
}

void ConfigFetch::use_ste() {
  m_state = State::done;
  if (!m_ste.valid) {
    if (!m_request.debug && !m_request.speculative && (m_ste.words[0] & 1) != 0) {
      m_parts.diag.guest_error("STE.ILLEGAL", m_ste.why + words_told("STE", m_ste.words), "IHI 0070 5.2.2",
                               m_request.stream_id, m_fetched);
    }
    return fail(EventType::C_BAD_STE);
  }
  if (m_request.vmid && m_request.vmid != m_ste.vmid_tag()) return fail(EventType::C_BAD_STE);
  m_mpam = {m_ste.mpam, m_ste.mpam};
  if (m_fetched && !m_ste.aborts()) {
    tell_beyond("STE", get_as<std::uint16_t>(m_ste.words, STE_PARTID),
                get_as<std::uint8_t>(m_ste.words, STE_PMG));
  }
  m_lacks_stage = !has_stages(m_ste, m_request.atos);
  if (m_lacks_stage || m_ste.aborts() || m_request.ste_alone || m_request.atos == AtosType::stage2) {
    return;
  }
  const bool translated = m_request.ats == smmu::AtsPhase::translated;
  // 3.9.1.3: EATS comes before whatever the SubstreamID leads to, which only PASIDTT gives a Translated one
  if (m_request.ats != smmu::AtsPhase::none && ats() == 0) return;
  if (translated && !m_parts.features.PASIDTT) return;
  m_choice = m_ste.choose(m_request.substream_valid, m_request.substream_id);
  switch (m_choice.kind) {
    case ContextChoice::Kind::bypass:
      return;
    case ContextChoice::Kind::cd:
      // 17.3: by the CD of its PASID, if that says what it is labelled with
      return translated && !(m_ste.S1MPAM && m_request.substream_valid) ? void() : find_cd();
    case ContextChoice::Kind::bad_substream:
      return fail(EventType::C_BAD_SUBSTREAMID);
    case ContextChoice::Kind::disabled:
      return fail(EventType::F_STREAM_DISABLED);
  }
}

void ConfigFetch::find_cd() {
  const Cd* cached = nullptr;
  if (m_request.debug) {
    cached = m_parts.configs.cds.probe(m_request.stream_id, m_choice.index);
  } else {
    cached = m_parts.configs.cds.lookup(m_request.stream_id, m_choice.index);
    count_lookup(cached != nullptr);
  }
  m_fetched.reset();
  if (cached != nullptr) {
    m_cd = *cached;
    return use_cd();
  }
  reach(m_ste.cds.two_level() ? State::l1cd : State::cd, m_ste.cds.address(m_choice.index));
}

// 5.2, STE.S1ContextPtr, and 5.3, L1CD.L2Ptr: IPAs where stage 2 is enabled.
void ConfigFetch::reach(State structure, std::uint64_t address) {
  if (!m_ste.stage2_enabled()) return fetch_reached(structure, address, m_ste.cd_attributes, m_ste.space());
  smmu::TranslationRequest request;
  request.address = address;
  request.access = pgtable::AccessType::read;
  request.privileged = true;  // 13.1.2: SMMU-originated accesses are Data, Privileged
  request.structure = true;
  request.space = m_ste.space();  // 3.10.2.2: of a Secure stream a Secure IPA
  request.debug = m_request.debug;
  request.inhibit_updates = m_request.inhibit_updates;
  request.stream_id = m_request.stream_id;
  request.secure_stream = m_secure;
  request.mpam = m_mpam;  // 17.4: of the STE, as that of the CD
  request.foresee = m_request.foresee;
  request.time = m_time;
  request.generation = m_generation;
  m_translation.emplace(m_parts.engine, m_ste.translation, request);
  m_state = structure == State::l1cd ? State::l1cd_address : State::cd_address;
}

void ConfigFetch::got_address() {
  if (!m_translation->ok()) {
    m_fault = {EventType::F_CD_FETCH, 0, m_translation->fault()};
    m_state = State::done;
  } else {
    // 5.2, STE.S1CIR: combined with the attributes that stage 2 gives.
    const auto attributes = pgtable::combine_for_table(
        m_ste.cd_attributes, m_translation->entry().stage2_attributes, m_ste.stage2.FWB, m_ste.stage2.PTWNNC);
    const State structure = m_state == State::l1cd_address ? State::l1cd : State::cd;
    fetch_reached(structure, m_translation->output(), attributes, m_translation->entry().space);
  }
  m_translation.reset();
}

void ConfigFetch::fetch_reached(State structure, std::uint64_t address, const pgtable::Attributes& attributes,
                                smmu::AddressSpace space) {
  m_state = structure;
  if (structure == State::l1cd) {
    need("L1CD", address, L1CD_structure.bytes, attributes, space, m_ste.mpam);
  } else {
    need("CD", address, cd_size, attributes, space, m_ste.mpam);
  }
}

void ConfigFetch::got_l1cd() {
  if (m_memory.status != MemoryStatus::ok) return fail(EventType::F_CD_FETCH, m_op.address);
  trace_read(1);
  const unsigned address_bits = m_ste.stage2_enabled() ? m_parts.features.ias() : m_parts.features.OAS;
  std::uint64_t address = 0;
  if (!cd_address(smmu::load_word(m_memory.data, 0), m_ste.cds, m_choice.index, address_bits, address)) {
    return fail(EventType::C_BAD_SUBSTREAMID);
  }
  reach(State::cd, address);
}

void ConfigFetch::got_cd() {
  if (m_memory.status != MemoryStatus::ok) return fail(EventType::F_CD_FETCH, m_op.address);
  trace_read(cd_size / 8);
  m_cd = Cd::decode(words_of(m_memory), m_parts.features, m_ste);
  if (!m_request.debug && !overtaken()) m_parts.configs.cds.insert(m_request.stream_id, m_choice.index, m_cd);
  m_fetched = m_op.address;
  use_cd();
}

void ConfigFetch::use_cd() {
  m_state = State::done;
  if (m_cd.valid) {
    m_mpam.access = m_cd.mpam;
    if (m_fetched && m_ste.S1MPAM) {
      const auto PARTID = get_as<std::uint16_t>(m_cd.words, CD_PARTID);
      tell_beyond("CD", m_ste.stage2_enabled() ? std::uint16_t{0} : PARTID,
                  get_as<std::uint8_t>(m_cd.words, CD_PMG));
    }
    if (m_ste.has_vms) find_vms();
    return;
  }
  if (!m_request.debug && !m_request.speculative && (m_cd.words[0] >> 31 & 1) != 0) {
    m_parts.diag.guest_error("CD.ILLEGAL", m_cd.why + words_told("CD", m_cd.words), "IHI 0070 5.4.2",
                             m_request.stream_id, m_fetched);
  }
  fail(EventType::C_BAD_CD);
}

// 5.6: where it is required; 7.3.22: its place among the events behind C_BAD_STE is IMPLEMENTATION DEFINED.
void ConfigFetch::find_vms() {
  const Vms* cached = nullptr;
  if (m_request.debug) {
    cached = m_parts.configs.vmss.probe(m_ste.vmid, 0);
  } else {
    cached = m_parts.configs.vmss.lookup(m_ste.vmid, 0);
    count_lookup(cached != nullptr);
  }
  if (cached != nullptr) return use_vms(*cached);
  m_state = State::vms;
  // 5.6: in the space and with the attributes of STEs. 17.7: STE.MPAM_NS does not apply
  need("VMS", m_ste.VMSPtr, vms_size, m_table_attributes, m_space, m_interface->own_mpam());
}

void ConfigFetch::got_vms() {
  if (m_memory.status != MemoryStatus::ok) return fail(EventType::F_VMS_FETCH, m_op.address);
  trace_read(vms_size / 8);
  const Vms vms{words_of(m_memory)};
  if (!m_request.debug && !overtaken()) m_parts.configs.vmss.insert(m_ste.vmid, 0, vms);
  m_fetched = m_op.address;
  tell_beyond("VMS", vms.PARTID(m_cd.virtual_PARTID), 0);
  use_vms(vms);
}

void ConfigFetch::use_vms(const Vms& vms) {
  m_state = State::done;
  m_mpam.access.partid = m_ste.mpam_space.label(vms.PARTID(m_cd.virtual_PARTID), 0).partid;
}

// Of a structure that has been fetched.
void ConfigFetch::tell_beyond(const char* structure, std::uint16_t PARTID, std::uint8_t PMG) {
  if (m_request.debug || !m_parts.features.has_mpam(m_origin.sec_sid) || m_ste.mpam_space.has(PARTID, PMG))
    return;
  const std::string name = structure;
  m_parts.diag.guest_error(name + ".PARTID",
                           "PARTID or PMG of a " + name + " is greater than MPAMIDR says: UNKNOWN, here 0",
                           "IHI 0070 5.2, 5.4, 5.6", m_request.stream_id, m_fetched);
}

void ConfigFetch::visit(Archive& archive) {
  archive.begin("config_fetch");
  archive.value("stream_id", m_request.stream_id);
  archive.value("substream_id", m_request.substream_id);
  archive.value("substream_valid", m_request.substream_valid);
  archive.value("debug", m_request.debug);
  archive.value("atos", m_request.atos);
  archive.optional("vmid", m_request.vmid, [&archive](std::uint16_t& vmid) { archive.value("vmid", vmid); });
  archive.value("ats", m_request.ats);
  archive.value("ATSCHK", m_request.ATSCHK);
  archive.value("ste_alone", m_request.ste_alone);
  archive.value("inhibit_updates", m_request.inhibit_updates);
  archive.value("of_access", m_request.of_access);
  archive.value("missed", m_missed);
  archive.value("lacks_stage", m_lacks_stage);
  m_table.visit(archive);
  archive.value("memory", m_table_attributes.memory);
  archive.value("SH", m_table_attributes.SH);
  smmuv3::visit(archive, m_origin);
  archive.value("table_bits", m_table_bits);
  m_parts.engine.visit_generation(archive, m_generation);
  archive.value("state", m_state);
  archive.value("waiting", m_waiting);
  archive.time("time", m_time);
  m_op.visit(archive);
  m_memory.visit(archive);
  m_ste.visit(archive);
  archive.value("choice", m_choice.kind);
  archive.value("cd_index", m_choice.index);
  m_cd.visit(archive);
  m_mpam.visit(archive);
  bool translates = m_translation.has_value();
  archive.value("translates", translates);
  if (archive.loading()) {
    m_translation.reset();
    if (translates) m_translation.emplace(m_parts.engine, nullptr);
  }
  if (m_translation) m_translation->visit(archive);
  archive.optional("fault", m_fault, [&archive](ConfigFault& fault) {
    archive.value("type", fault.type);
    archive.value("FetchAddr", fault.FetchAddr);
    archive.optional("stage2", fault.stage2, [&archive](pgtable::Fault& f) { pgtable::visit(archive, f); });
    if (find_event(static_cast<std::uint8_t>(fault.type)) == nullptr) archive.fail("type", "no such event");
  });
  archive.end();
  if (archive.loading()) restored(archive);
}

void ConfigFetch::restored(Archive& archive) {
  const bool small = m_state == State::level1 || m_state == State::l1cd;
  const bool fetches = small || m_state == State::ste || m_state == State::cd || m_state == State::vms;
  const bool reaches = m_state == State::l1cd_address || m_state == State::cd_address;
  bool sane = m_state <= State::done && m_translation.has_value() == reaches;
  sane = sane && m_request.atos <= AtosType::both && m_request.ats <= smmu::AtsPhase::page_request;
  sane = sane && m_choice.kind <= ContextChoice::Kind::disabled && m_table_bits <= 32;
  sane = sane && (!m_waiting || fetches || m_translation);
  sane = sane && (!m_waiting || !fetches || (m_op.size == (small ? 8 : 64)));
  if (m_translation && m_waiting) sane = sane && m_translation->step() == Step::need;
  m_ste.decode_again(m_parts.features);
  m_cd.decode_again(m_parts.features);
  // What follows the STE needs one that leads to it.
  if (m_state >= State::l1cd_address && m_state < State::done) sane = sane && m_ste.valid && stage1();
  if (m_state == State::l1cd) sane = sane && m_ste.cds.two_level();
  if (m_state == State::vms) sane = sane && m_ste.has_vms && m_cd.valid;
  if (!sane) archive.fail("config_fetch", "no fetch of a configuration can be in this state");
  if (!archive.ok()) {
    m_translation.reset();
    m_waiting = false;
    return fail(EventType::C_BAD_STE);
  }
  m_op.purpose = m_state == State::level1 ? "L1STD"
                 : m_state == State::ste  ? "STE"
                 : m_state == State::l1cd ? "L1CD"
                 : m_state == State::vms  ? "VMS"
                                          : "CD";
  const bool of_interface = m_state == State::level1 || m_state == State::ste || m_state == State::vms;
  if (m_waiting && of_interface) m_op.space = m_interface->space();
}

}  // namespace smmuvp::smmuv3
