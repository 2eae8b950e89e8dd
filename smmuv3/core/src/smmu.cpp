#include "smmuvp/v3/smmu.h"

#include <bit>
#include <string>

#include "smmuvp/base/error.h"
#include "smmuvp/smmu/attributes.h"
#include "smmuvp/v3/access.h"
#include "smmuvp/v3/trace_points.h"

namespace smmuvp::v3 {

namespace {

const Features& checked(const Features& features) {
  if (const char* problem = features.problem()) {
    const std::string text = problem;  // begins with the name of a parameter
    throw ConfigError(text.substr(0, text.find(' ')), text);
  }
  return features;
}

const Structures& checked(const Structures& s) {
  const auto geometry = [](const std::string& cache, std::uint32_t sets, std::uint32_t ways) {
    const std::string key = cache + "_sets";
    if (!std::has_single_bit(sets)) throw ConfigError(key, key + " is a power of two");
    if (ways == 0) throw ConfigError(cache + "_ways", cache + "_ways is 1 or more");
  };
  geometry("tlb", s.tlb_sets, s.tlb_ways);
  geometry("config", s.ste_sets, s.ste_ways);
  geometry("config", s.cd_sets, s.cd_ways);
  if (s.ports == 0) throw ConfigError("ports", "an SMMU has at least one TBU");
  return s;
}

smmu::MemoryAttributes structure_attributes(std::uint32_t CR1, unsigned at) {
  const auto two = [CR1](unsigned bit) {
    const auto v = static_cast<std::uint8_t>((CR1 >> bit) & 3U);
    return static_cast<std::uint8_t>(v == 3 ? 0 : v);  // *_IC and *_OC: 0b11 is treated as 0b00 (6.3.11)
  };
  return smmu::structure_attributes(two(at), two(at + 2), static_cast<std::uint8_t>((CR1 >> (at + 4)) & 3U));
}

}  // namespace

Smmu::Smmu(const Features& features, const Structures& structures, const std::string& name, DiagSink* diag,
           TraceSink* trace)
    : m_features(checked(features)),
      m_structures(checked(structures)),
      m_diag(diag, name),
      m_tracer(trace, name),
      m_registers(register_table(m_features), *this),
      m_tlb(structures.tlb_sets, structures.tlb_ways),
      m_stes(structures.ste_sets, structures.ste_ways),
      m_cds(structures.cd_sets, structures.cd_ways),
      m_port_calendars(structures.ports, smmu::Calendar(structures.port)),
      m_tlb_calendar(structures.tlb),
      m_config_calendar(structures.config),
      m_walker_calendar(structures.walker),
      m_walk_port_calendar(structures.walk_port) {
  refresh();
}

void Smmu::refresh() {
  m_cr0ack = reg(SMMU_CR0ACK);
  m_stream_table =
      StreamTable::from_registers(m_registers.get(SMMU_STRTAB_BASE), reg(SMMU_STRTAB_BASE_CFG), m_features);
  const std::uint32_t CR1 = reg(SMMU_CR1);
  // RA of what the SMMU reads and WA of what it writes are hints for cacheable types only (6.3.11).
  const auto hinted = [this](smmu::MemoryAttributes a, Reg BASE) {
    if ((m_registers.get(BASE) & BASE_hint) == 0) a.memory = smmu::with_hints(a.memory, 0);
    return a;
  };
  m_table_attributes = hinted(structure_attributes(CR1, 6), SMMU_STRTAB_BASE);
  m_cmdq_attributes = hinted(structure_attributes(CR1, 0), SMMU_CMDQ_BASE);
  m_eventq_attributes = hinted(structure_attributes(CR1, 0), SMMU_EVENTQ_BASE);
  m_cmdq = Queue::from_register(m_registers.get(SMMU_CMDQ_BASE), m_features.CMDQS, 16);
  m_eventq = Queue::from_register(m_registers.get(SMMU_EVENTQ_BASE), m_features.EVENTQS, 32);
}

bool Smmu::translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer) {
  if (!enabled(CR0_SMMUEN) || request.substream_valid || request.unsupported || request.debug) return false;
  if (!m_stream_table.in_range(request.stream_id)) return false;
  const Ste* ste = m_stes.probe(request.stream_id, 0);
  if (ste == nullptr || !ste->valid || !ste->stage1()) return false;
  const Cd* cd = m_cds.probe(request.stream_id, 0);
  if (cd == nullptr || !cd->valid) return false;
  const smmu::TlbContext context{0, cd->ASET, 0, cd->ASID};
  const smmu::TlbEntry* entry = m_tlb.probe(context, cd->tag_address(request.address));
  if (entry == nullptr) return false;
  const bool privileged = ste->overrides.privileged(request);
  const bool instruction = ste->overrides.instruction(request);
  if (pgtable::check_permission(entry->rights, access_type(request.kind, instruction), privileged) !=
      pgtable::PermissionCheck::allowed) {
    return false;
  }
  // It holds: count the uses, which a failed attempt must not.
  m_stes.lookup(request.stream_id, 0);
  m_cds.lookup(request.stream_id, 0);
  m_tlb.lookup(context, cd->tag_address(request.address));
  smmu::TimePs time = request.time;
  if (m_structures.timing) {
    time = m_port_calendars[request.port % m_port_calendars.size()].book(time);
    time = m_config_calendar.book(time);
    time = m_tlb_calendar.book(time);
  }
  const std::uint64_t offset = request.address & ((std::uint64_t{1} << entry->shift) - 1);
  answer = {smmu::Outcome::forward,
            entry->output | offset,
            entry->shift,
            entry->space,
            entry->attributes,
            privileged,
            instruction,
            true,
            time};
  ++m_statistics.accesses;
  ++m_statistics.translations;
  ++m_statistics.tlb_hits;
  m_statistics.config_hits += 2;
  m_statistics.translation_time += time - request.time;
  m_tracer.emit(time, trace_translate, request.stream_id, request.address, answer.output,
                kind_name(request.kind, instruction), true);
  return true;
}

Signals Smmu::take_signals() {
  const Signals s = m_signals;
  m_signals = {};
  return s;
}

void Smmu::reset() {
  m_registers.reset();
  m_tlb.clear();
  m_stes.clear();
  m_cds.clear();
  ++m_epoch;
  ++m_reset_count;
  m_in_flight.clear();
  m_pending.clear();
  m_overflow = false;
  m_work = Work::idle;
  m_work_waiting = false;
  m_signals = {};
  refresh();
}

void Smmu::prune(smmu::TimePs now) {
  if (now == m_pruned) return;
  m_pruned = now;
  for (smmu::Calendar& c : m_port_calendars) c.prune(now);
  m_tlb_calendar.prune(now);
  m_config_calendar.prune(now);
  m_walker_calendar.prune(now);
  m_walk_port_calendar.prune(now);
}

void Smmu::visit(Archive& archive) {
  archive.begin("smmuv3");
  if (m_in_flight.all() != 0) archive.fail("in_flight", "transactions are under way");
  m_registers.visit(archive);
  m_tlb.visit(archive);
  m_stes.visit(archive);
  m_cds.visit(archive);
  for (smmu::Calendar& c : m_port_calendars) c.visit(archive);
  m_tlb_calendar.visit(archive);
  m_config_calendar.visit(archive);
  m_walker_calendar.visit(archive);
  m_walk_port_calendar.visit(archive);
  // A queue operation under way is not saved: it is made again, from the same entry.
  archive.list("pending", m_pending, 1U << 20, [&](Event& e) { e.visit(archive); });
  archive.value("overflow", m_overflow);
  bool sync = m_work == Work::sync;
  archive.value("sync", sync);
  archive.value("word", m_command.words[0]);
  archive.value("word", m_command.words[1]);
  archive.value("work_time", m_work_time);
  archive.value("eventq", m_signals.eventq);
  archive.value("gerror", m_signals.gerror);
  archive.value("cmdq_sync", m_signals.cmdq_sync);
  archive.value("event", m_signals.event);
  m_statistics.visit(archive);
  archive.end();
  if (!archive.loading()) return;
  m_command = Command::decode(m_command.words);
  m_work = sync ? Work::sync : Work::idle;
  m_work_waiting = false;
  ++m_epoch;
  refresh();
  const auto decode_ste = [this](Ste& s) { s = Ste::decode(s.words, m_features); };
  const auto decode_cd = [this](Cd& c) { c = Cd::decode(c.words, m_features); };
  m_stes.for_each(decode_ste);
  m_cds.for_each(decode_cd);
}

}  // namespace smmuvp::v3
