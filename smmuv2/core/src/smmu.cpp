#include "smmuvp/smmuv2/smmu.h"

#include <bit>
#include <string>

#include "smmuvp/base/error.h"
#include "smmuvp/smmu/client_access.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/path.h"
#include "smmuvp/smmuv2/register_fields.h"
#include "smmuvp/smmuv2/trace_points.h"

namespace smmuvp::smmuv2 {

namespace {

const Features& checked(const Features& features) {
  if (const char* problem = features.problem()) {
    const std::string text = problem;  // begins with the name of a parameter
    throw ConfigError(text.substr(0, text.find_first_of(" ,")), text);
  }
  return features;
}

const Structures& checked(const Structures& s) {
  if (!std::has_single_bit(s.tlb_sets)) throw ConfigError("tlb_sets", "tlb_sets is a power of two");
  if (s.tlb_ways == 0) throw ConfigError("tlb_ways", "tlb_ways is 1 or more");
  if (s.clock == 0) throw ConfigError("clock", "clock is 1 or more picoseconds");
  return s;
}

}  // namespace

Smmu::Smmu(const Features& features, const Structures& structures, const std::string& name, DiagSink* diag,
           TraceSink* trace)
    : m_features(checked(features)),
      m_structures(checked(structures)),
      m_diag(diag, name),
      m_tracer(trace, name),
      m_engine(m_structures, m_tracer),
      m_parts{m_features, m_structures, m_engine, m_statistics, m_diag, m_tracer},
      m_interface(m_parts),
      m_workers{&m_interface.address_translation()} {
  if (m_features.counters() != 0) m_workers.push_back(&m_interface.monitors());
  if (m_interface.late_maintenance() != nullptr) m_workers.push_back(m_interface.late_maintenance());
  if (m_interface.speculation() != nullptr) m_workers.push_back(m_interface.speculation());
}

void Smmu::check(const Features& features, const Structures& structures) {
  checked(features);
  checked(structures);
}

bool Smmu::translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) {
  if (!m_engine.answer_at_tbu(request, answer) && !answer_at_tcu(request, answer)) return false;
  m_tracer.emit(answer.time, smmu::trace_translate, request.stream_id, request.address, answer.output,
                smmu::kind_name(request.kind, answer.instruction), answer.tlb_hit);
  m_engine.trace_access(answer.time, request, answer.instruction);
  return true;
}

// What the main TLB hits, of a stage 1 whose attributes are those of its tables.
bool Smmu::answer_at_tcu(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) {
  if (m_interface.held() || m_features.SES || !smmu::Engine::has_owner(request)) return false;
  if (m_interface.monitors().counts_accesses()) return false;
  const std::uint32_t CR0 = m_interface.CR0(false);
  if (is_set(CR0, sCR0_CLIENTPD) || is_set(CR0, sCR0_GSE)) return false;
  const StreamMatch match = m_interface.streams().find(request.stream_id, false);
  if (match.kind != StreamMatch::Kind::unique) return false;
  const std::uint32_t S2CR = m_interface.reg(SMMU_S2CRn, match.group);
  if (get(S2CR, S2CR_TYPE) != 0) return false;
  const Context& c = m_interface.context(static_cast<unsigned>(get(S2CR, S2CR_CBNDX)), false);
  if (c.refusal != Refusal::none || !c.stage1_on || c.short_descriptors || c.EPD0) return false;
  if (c.stage2_limit < 64) return false;
  if (m_interface.blocks(c.first) || (c.nested && m_interface.blocks(c.second))) return false;
  std::uint64_t address = request.address;
  if (check_address(c, m_features, address).bit != 0) return false;
  const smmu::Tlb::Entry* entry = m_engine.tlb().probe(c.translation.tag, address);
  if (entry == nullptr) return false;
  Path path;
  path.take_stream(S2CR, m_features);
  path.take(c);
  const smmu::FinishedAnswer finished = path.answer(request, &entry->value, 0);
  if (!smmu::serves(finished, request)) return false;
  smmu::apply(finished, request, entry->shift(), answer);
  // It holds: count the uses, which a failed attempt must not.
  m_engine.tlb().use(*entry);
  const std::uint8_t port = request.port;
  smmu::TimePs time = m_engine.pass_micro_tlb(port, m_engine.pass_port(port, request.time));
  time = m_engine.pass_tlb(m_engine.pass_to_tcu(port, time));
  const smmu::TimePs there = m_engine.there_in_tlb(*entry, request.time, time);
  answer.time = m_engine.pass_from_tcu(port, there);
  const std::uint16_t slot = m_engine.streams().add(request.stream_id);
  if (address == request.address) {
    m_interface.kept();
    m_engine.finish_at_tbu(request, entry->key(), finished, slot, there == time ? 0 : answer.time);
  }
  m_engine.tcu_statistics().walks_merged += there == time ? 0 : 1;
  smmu::AccessStatistics& s = m_engine.counters(port, slot);
  ++s.accesses;
  s.translation_time += answer.time - request.time;
  ++s.micro_tlb_misses;
  ++s.tlb_hits;
  ++s.translations;
  return true;
}

void Smmu::reset() {
  // The engine at last: it tells clients that their pointers are void, and whoever accesses then finds the
  // SMMU as it is after the reset.
  m_interface.reset();
  m_engine.reset();
}

void Smmu::abort_transactions() {
  m_interface.stalls().reset();
  m_engine.reset();
}

void Smmu::renew() {
  reset();
  m_engine.renew();
  m_interface.stalls().renew();
  m_interface.monitors().renew();
  m_statistics = {};
}

void Smmu::visit(Archive& archive) {
  // While all is as it was before: clients that are told may access.
  if (archive.loading()) m_engine.withdraw_grants();
  archive.begin("smmuv2");
  m_interface.visit(archive);
  m_engine.visit(archive);
  if (archive.loading()) {
    m_engine.in_flight().abandon();
    m_interface.kept();  // TBUs have answers again, which the next change of configuration takes away
  }
  m_interface.visit_stalls(archive);
  m_statistics.visit(archive);
  archive.end();
}

}  // namespace smmuvp::smmuv2
