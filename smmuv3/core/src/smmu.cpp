#include "smmuvp/smmuv3/smmu.h"
#include "empty_caches.h"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <string>

#include "smmuvp/base/error.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

namespace {

const Features& checked(const Features& features) {
  if (const char* problem = features.problem()) {
    const std::string text = problem;  // begins with the name of a parameter
    throw ConfigError(text.substr(0, text.find_first_of(" ,")), text);
  }
  return features;
}

const Structures& checked(const Features& features, const Structures& s) {
  const auto geometry = [](const std::string& cache, std::uint32_t sets, std::uint32_t ways) {
    const std::string key = cache + "_sets";
    if (!std::has_single_bit(sets)) throw ConfigError(key, key + " is a power of two");
    if (ways == 0) throw ConfigError(cache + "_ways", cache + "_ways is 1 or more");
  };
  geometry("tlb", s.tlb_sets, s.tlb_ways);
  geometry("config", s.ste_sets, s.ste_ways);
  geometry("config", s.cd_sets, s.cd_ways);
  geometry("vms", s.vms_sets, s.vms_ways);
  if (s.page_request_buffer == 0) {
    throw ConfigError("page_request_buffer", "page_request_buffer is 1 or more");
  }
  if (s.event_buffer == 0) throw ConfigError("event_buffer", "event_buffer is 1 or more");
  const std::string places = features.window_problem(s.ports + 1);
  if (!places.empty()) throw ConfigError(places.substr(0, places.find_first_of(" :")), places);
  return s;
}

}  // namespace

Smmu::Smmu(const Features& features, const Structures& structures, const std::string& name, DiagSink* diag,
           TraceSink* trace)
    : m_features(checked(features)),
      m_structures(checked(features, structures)),
      m_diag(diag, name),
      m_tracer(trace, name),
      m_engine(m_structures, m_tracer),
      m_configs(m_structures),
      m_interface(parts_by(m_configs), SecSid::non_secure),
      m_pmcgs(m_interface.parts(), m_interface),
      m_window(m_interface, std::max(window_size, m_features.register_window)) {
  add_workers(m_interface);
  if (m_features.SECURE_IMPL) {
    m_secure_configs = std::make_unique<ConfigCaches>(m_structures);
    m_secure =
        std::make_unique<ProgrammingInterface>(parts_by(*m_secure_configs), SecSid::secure, &m_interface);
    // 6.3.6: IDR5.STALL_MAX is of all Event queues together.
    m_stall_pool.most = m_features.STALL_MAX;
    m_interface.stalls().share(m_stall_pool, m_secure->stalls());
    m_secure->stalls().share(m_stall_pool, m_interface.stalls());
    add_workers(*m_secure);  // some of whose control pages' registers are among the others
    m_window.add(secure_first, secure_last, *m_secure);
  }
  add_vatos_pages();
  m_pmcgs.join(m_window, m_workers);
}

void Smmu::add_workers(ProgrammingInterface& interface) {
  for (smmu::Worker* worker :
       std::initializer_list<smmu::Worker*>{&interface.events(), &interface.commands(), &interface.msis(),
                                            &interface.atos(), &interface.prefetch()}) {
    m_workers.push_back(worker);
  }
  if (interface.vatos() != nullptr) m_workers.push_back(interface.vatos());
  if (interface.speculation() != nullptr) m_workers.push_back(interface.speculation());
  if (m_features.ATS) m_workers.push_back(&interface.atc_messages());
  if (m_features.PRI) m_workers.push_back(&interface.page_requests());
  if (ControlPages* pages = interface.control_pages()) pages->join(m_window, m_workers);
}

// 6.2.3, 6.2.4: they make the window as long as they need.
void Smmu::add_vatos_pages() {
  const auto add = [this](ProgrammingInterface& interface) {
    if (interface.vatos() == nullptr) return;
    const std::uint32_t page = m_features.vatos_page(interface.sec_sid());
    m_window.add(page, page + Features::vatos_page_size - 1, interface);
  };
  add(m_interface);
  if (m_secure) add(*m_secure);
}

Smmu::~Smmu() = default;

const Parts& Smmu::empty_parts(bool secure_stream) {
  const bool secure = secure_stream && m_secure;
  std::unique_ptr<EmptyCaches>& empty = m_empty[secure ? 1 : 0];
  if (!empty) empty = std::make_unique<EmptyCaches>(interface_of(secure).parts());
  return empty->parts();
}

void Smmu::check(const Features& features, const Structures& structures) {
  checked(features);
  checked(features, structures);
}

bool Smmu::translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) {
  if (!m_engine.answer_at_tbu(request, answer) && !answer_at_tcu(request, answer)) return false;
  m_tracer.emit(answer.time, smmu::trace_translate, request.stream_id, request.address, answer.output,
                smmu::kind_name(request.kind, answer.instruction), answer.tlb_hit);
  m_engine.trace_access(answer.time, request, answer.instruction);
  return true;
}

// What all caches of the TCU hit, stage 1 enabled.
bool Smmu::answer_at_tcu(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) {
  if (request.secure_stream || m_interface.held() || !m_interface.enabled(CR0_SMMUEN) ||
      !smmu::Engine::has_owner(request) || !m_interface.stream_table().in_range(request.stream_id)) {
    return false;
  }
  const Ste* ste = m_configs.stes.probe(request.stream_id, 0);
  if (ste == nullptr || !ste->valid || !ste->stage1_enabled()) return false;
  const ContextChoice choice = ste->choose(request.substream_valid, request.substream_id);
  if (choice.kind != ContextChoice::Kind::cd) return false;
  const Cd* cd = m_configs.cds.probe(request.stream_id, choice.index);
  if (cd == nullptr || !cd->valid) return false;
  const std::uint64_t tag_address = cd->translation.tag_address(request.address);
  const smmu::Tlb::Entry* entry = m_engine.tlb().probe(cd->translation.tag, tag_address);
  if (entry == nullptr) return false;
  const Vms* vms = ste->has_vms ? m_configs.vmss.probe(ste->vmid, 0) : nullptr;
  if (ste->has_vms && vms == nullptr) return false;
  smmu::FinishedAnswer finished;
  finished.mpam = cd->mpam;
  if (vms != nullptr) {
    finished.mpam.partid = ste->mpam_space.label(vms->PARTID(cd->virtual_PARTID), 0).partid;
  }
  finished.output = entry->value.output;
  finished.space = entry->value.space;
  finished.rights = entry->value.rights;
  finished.pbha = entry->value.pbha & 0xfU;
  finished.attributes = entry->value.attributes;
  finished.of_default_attributes = true;
  if (ste->overrides.changes_hints()) {
    finished.attributes =
        with_input_hints(finished.attributes, ste->overrides.attributes(smmu::default_attributes));
  }
  ste->overrides.finish(finished);
  if (!smmu::serves(finished, request)) return false;
  smmu::apply(finished, request, entry->shift(), answer);
  // It holds: count the uses, which a failed attempt must not.
  m_configs.stes.lookup(request.stream_id, 0);
  m_configs.cds.lookup(request.stream_id, choice.index);
  if (vms != nullptr) m_configs.vmss.lookup(ste->vmid, 0);
  m_engine.tlb().use(*entry);
  const std::uint8_t port = request.port;
  m_engine.tell(smmu::MonitoredEvent::access, request, request.time);
  smmu::TimePs time = m_engine.pass_micro_tlb(port, m_engine.pass_port(port, request.time));
  m_engine.tell(smmu::MonitoredEvent::micro_tlb_miss, request, time);
  time = m_engine.pass_config(m_engine.pass_to_tcu(port, time));
  time = m_engine.pass_tlb(time);
  const smmu::TimePs there = m_engine.there_in_tlb(*entry, request.time, time);
  answer.time = m_engine.pass_from_tcu(port, there);
  const std::uint16_t slot = m_engine.streams().add(request.stream_id);
  if (tag_address == request.address) {
    m_engine.finish_at_tbu(request, entry->key(), finished, slot, there == time ? 0 : answer.time);
  }
  m_engine.tcu_statistics().walks_merged += there == time ? 0 : 1;
  smmu::AccessStatistics& s = m_engine.counters(port, slot);
  ++s.accesses;
  s.translation_time += answer.time - request.time;
  ++s.micro_tlb_misses;
  ++s.tlb_hits;
  ++s.translations;
  m_statistics.config_hits += vms != nullptr ? 3 : 2;
  return true;
}

void Smmu::reset() {
  // The engine at last: it tells clients that their pointers are void, and whoever accesses then finds the
  // SMMU as it is after the reset.
  m_configs.clear();
  m_interface.reset();
  if (m_secure) {
    m_secure_configs->clear();
    m_secure->reset();
  }
  m_pmcgs.reset();
  m_engine.reset();
}

void Smmu::abort_transactions() {
  m_interface.stalls().reset();
  if (m_secure) m_secure->stalls().reset();
  m_engine.reset();
}

void Smmu::renew() {
  reset();
  m_engine.renew();
  m_interface.stalls().renew();
  if (m_secure) m_secure->stalls().renew();
  m_pmcgs.renew();
  m_statistics = {};
}

void Smmu::visit(Archive& archive) {
  // While all is as it was before: clients that are told may access.
  if (archive.loading()) m_engine.withdraw_grants();
  archive.begin("smmuv3");
  m_interface.visit(archive);
  if (m_secure) m_secure->visit(archive);
  m_engine.visit(archive);
  if (archive.loading()) {
    m_engine.in_flight().abandon();
    m_interface.stalls().reset();  // whose STAGs those of the other may be
    if (m_secure) m_secure->stalls().reset();
  }
  m_interface.visit_lookups(archive);
  if (m_secure) m_secure->visit_lookups(archive);
  m_configs.visit(archive, m_features);
  if (m_secure) m_secure_configs->visit(archive, m_features);
  m_statistics.visit(archive);
  m_pmcgs.visit(archive);
  archive.end();
}

}  // namespace smmuvp::smmuv3
