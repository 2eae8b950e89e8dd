#include "smmuvp/smmu/translation.h"

#include <algorithm>

#include "smmuvp/pgtable/walk_visit.h"
#include "smmuvp/smmu/convert.h"
#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmu {

std::uint8_t HardwareUse::of(const pgtable::Result& result) const {
  const auto bits = [](const pgtable::Leaf& leaf) { return static_cast<unsigned>(leaf.descriptor >> 59U); };
  const unsigned of_stage2 = result.stage2.valid ? stage2 : 0U;
  const unsigned of_stage1 = result.stage1.valid ? stage1[result.range] & ~of_stage2 : 0U;
  return static_cast<std::uint8_t>((bits(result.stage1) & of_stage1) | (bits(result.stage2) & of_stage2));
}

void HardwareUse::visit(Archive& archive) {
  archive.value("hwu0", stage1[0]);
  archive.value("hwu1", stage1[1]);
  archive.value("s2hwu", stage2);
  for (std::uint8_t* bits : {&stage1[0], &stage1[1], &stage2}) *bits &= 0xfU;
}

Translation::Translation(Engine& engine, const TranslationContext& context, const TranslationRequest& request)
    : m_engine(engine),
      m_request(request),
      m_tag(context.tag),
      m_tag_address(context.tag_address(request.address)),
      m_address_bits(context.address_bits),
      m_split(context.split),
      m_table_attributes(context.table_attributes),
      m_hardware_use(context.hardware_use),
      m_generation(request.generation),
      m_time(request.time) {
  if (m_tag.stages == pgtable::Stages::stage2) m_tag.asid = asid_of_ipas(request.space);
  if (!request.structure && !request.stage1_only) look_up(context.setup);
  if (m_state == State::done) return;
  pgtable::WalkRequest walk;
  walk.va = request.address;
  walk.access = request.access;
  walk.privileged = request.privileged;
  walk.space = request.space;
  walk.table = request.structure;
  walk.side_effects = (!request.debug || request.foresee) && !request.inhibit_updates;
  walk.stage1_only = request.stage1_only;
  walk.DIPAN = request.DIPAN;
  m_walk.emplace(context.setup, walk);
  if (m_state == State::walking) begin_walk();
}

Translation::Translation(Engine& engine, AccessStatistics* counters)
    : m_engine(engine), m_tag_address(0), m_generation(0), m_state(State::done), m_time(0) {
  m_request.counters = counters;
  m_fault.kind = pgtable::FaultKind::configuration;
}

Translation::~Translation() { let_go(); }

void Translation::let_go() {
  if (m_awaited != OpenWalks::none) m_engine.open_walks().leave(m_awaited);
  if (m_open != OpenWalks::none) m_engine.open_walks().end(m_open, m_time);
  m_awaited = m_open = OpenWalks::none;
}

void Translation::look_up(const pgtable::WalkSetup& setup) {
  if (!m_request.debug) m_time = m_engine.pass_tlb(m_time);
  const Tlb::Entry* entry = find();
  const bool merges = m_engine.merge_walks() && !m_request.debug;
  const WalkName name{m_tag, m_tag_address >> 12U, m_generation};
  if (merges && m_request.can_wait && entry == nullptr) {
    m_awaited = m_engine.open_walks().join(name, setup);
    if (m_awaited != OpenWalks::none) {
      m_state = State::waiting;
      return;
    }
  }
  judge(entry);
  if (merges && m_state == State::walking) m_open = m_engine.open_walks().begin(name, setup);
}

const Tlb::Entry* Translation::find() {
  Tlb& tlb = m_engine.tlb();
  return m_request.debug ? tlb.probe(m_tag, m_tag_address) : tlb.lookup(m_tag, m_tag_address);
}

void Translation::judge(const Tlb::Entry* entry) {
  bool serving = entry != nullptr && serves(entry->value, m_request.access, m_request.privileged);
  if (m_request.DIPAN && serving) serving = !entry->value.of_unprivileged;
  if (!m_request.debug && m_request.counters != nullptr) {
    AccessStatistics& s = *m_request.counters;
    ++(entry == nullptr ? s.tlb_misses : serving ? s.tlb_hits : s.tlb_rewalks);
    if (!serving) tell(MonitoredEvent::tlb_miss);
  }
  if (!serving) return;
  m_entry = entry->value;
  m_key = entry->key();
  m_hit = true;
  m_state = State::done;
  if (m_request.debug) return;
  const TimePs there = m_engine.there_in_tlb(*entry, m_request.arrived, m_time);
  if (m_took_walk || there != m_time) ++m_engine.tcu_statistics().walks_merged;
  m_took_walk = m_took_walk || there != m_time;
  m_time = there;
}

// The walk that it has waited for is over: that found nothing, what does not serve, or what does.
void Translation::look_again() {
  m_time = std::max(m_time, m_engine.open_walks().leave(m_awaited));
  m_awaited = OpenWalks::none;
  m_took_walk = true;
  m_state = State::walking;
  judge(find());
  if (m_state == State::walking) begin_walk();
}

void Translation::begin_walk() {
  if (m_request.debug) return;
  ++m_engine.tcu_statistics().walks;
  m_took_walk = true;
  m_walk_begin = m_engine.walker_free(m_time);
  m_engine.tracer().emit(m_walk_begin, trace_walk_begin, m_request.stream_id, m_request.address);
  m_time = m_walk_begin + m_engine.walker_latency();
}

Step Translation::step() {
  if (m_state == State::waiting) {
    if (m_engine.open_walks().is_open(m_awaited)) return Step::waits;
    look_again();
  }
  if (!m_waiting && m_state == State::walking) walk();
  return m_waiting ? Step::need : Step::done;
}

void Translation::complete(const MemoryAnswer& answer) {
  if (!m_waiting) return;
  m_waiting = false;
  m_time = std::max(m_time, answer.time);
  m_walk->complete(walk_response(m_walk->op(), answer));
  keep_found();
}

void Translation::walk() {
  while (const auto question = m_walk->question()) {
    if (!know(*question)) m_walk->start_at_base();
  }
  if (m_walk->step() == Step::done) {
    if (!m_request.debug) {
      m_engine.walker_done(m_walk_begin, m_time);
      m_engine.tracer().emit(m_time, trace_walk, m_request.stream_id, m_request.address,
                             m_walk->result().ok(), m_time - std::min(m_time, m_walk_begin));
    }
    m_state = State::done;
    walked(m_walk->result());
    m_engine.open_walks().end(m_open, m_time);
    m_open = OpenWalks::none;
    m_walk.reset();
    return;
  }
  m_op = op_of_walk();
  if (!m_request.debug) {
    if (m_op.kind == MemoryOpKind::read) ++m_engine.tcu_statistics().walk_reads;
    m_time = m_engine.pass_walk_port(m_time);
    tell(MonitoredEvent::walk_access);
  }
  m_op.time = m_time;
  m_waiting = true;
}

MemoryOp Translation::op_of_walk() const {
  MemoryOp op = memory_op_of(m_walk->op(), m_address_bits);
  // Stage 1 is read for the access itself.
  op.mpam = m_walk->op().stage == pgtable::Stage::stage1 ? m_request.mpam.access : m_request.mpam.structures;
  if (m_table_attributes) {
    op.attributes = pgtable::with_allocation(pgtable::combine(op.attributes, *m_table_attributes, false),
                                             m_table_attributes->allocation);
  }
  return op;
}

// Tables and IPAs of stage 2 belong to a VMID and a space of IPAs, whatever stage 1 is in front.
Tag Translation::tag_of(const Tag& tag, pgtable::Stage stage, AddressSpace space) {
  if (stage == pgtable::Stage::stage1) return tag;
  Tag of_stage2;
  of_stage2.regime = tag.regime;
  of_stage2.stages = pgtable::Stages::stage2;
  of_stage2.vmid = tag.vmid;
  of_stage2.asid = asid_of_ipas(space);
  return of_stage2;
}

// What caches know of a lookup that is about to begin.
bool Translation::know(const pgtable::WalkQuestion& question) {
  TcuStatistics& s = m_engine.tcu_statistics();
  const bool counts = !m_request.debug;
  const Tag tag = tag_of(m_tag, question.stage, question.space);
  m_granule[question.stage == pgtable::Stage::stage1 ? 0 : 1] = question.granule_shift;
  if (question.stage == pgtable::Stage::stage2) {
    if (counts) m_time = m_engine.pass_ipa_cache(m_time);
    IpaCache& cache = m_engine.ipa_cache();
    const auto* entry = counts ? cache.lookup(tag, question.input) : cache.probe(tag, question.input);
    const bool serving = entry != nullptr && m_walk->use(entry->value.translation);
    if (counts) ++(serving ? s.ipa_hits : s.ipa_misses);
    if (serving) return true;
  }
  if (counts) m_time = m_engine.pass_walk_cache(m_time);
  TableCache& cache = m_engine.walk_cache();
  const auto* entry = counts ? cache.lookup(tag, question.input) : cache.probe(tag, question.input);
  const bool serving = entry != nullptr && m_walk->start_at(entry->value.table);
  if (counts) ++(serving ? s.walk_cache_hits : s.walk_cache_misses);
  return serving;
}

// What an invalidation overtook may have been read before the change that it announces: it fills nothing.
void Translation::keep_found() {
  if (m_request.debug || overtaken()) return;
  CacheKey key;
  if (const auto table = m_walk->found_table()) {
    key.tag = tag_of(m_tag, table->stage, m_walk->stage2_space());
    key.shift =
        table->stage == pgtable::Stage::stage1 ? within_range(table->region_shift) : table->region_shift;
    key.level = table->level;
    key.granule = m_granule[table->stage == pgtable::Stage::stage1 ? 0 : 1];
    key.input = table->stage == pgtable::Stage::stage1 ? m_tag_address : m_walk->stage2_input();
    m_engine.walk_cache().insert(key, {*table});
  }
  if (const auto stage2 = m_walk->found_stage2()) {
    key.tag = tag_of(m_tag, pgtable::Stage::stage2, m_walk->stage2_space());
    key.shift = stage2->block_shift;
    key.level = stage2->level;
    key.granule = m_granule[1];
    key.input = m_walk->stage2_input();
    m_engine.ipa_cache().insert(key, {*stage2});
  }
}

void Translation::walked(const pgtable::Result& result) {
  m_fault = result.fault;
  m_fault.table_address = physical(m_fault.table_address, m_address_bits);
  if (!result.ok()) return;
  name_entry(result);
  // An IPA may have more bits than physical addresses have.
  const unsigned bits = m_request.stage1_only ? 64U : m_address_bits;
  m_entry.output = physical(result.output, bits) >> m_key.shift << m_key.shift;
  m_entry.rights = result.rights;
  m_entry.space = result.space;
  m_entry.of_unprivileged = result.stage1.valid && pgtable::lets_unprivileged_in(result.stage1_rights);
  m_entry.attributes = pgtable::effective(result.attributes);
  m_entry.stage2_attributes = result.stage2_attributes;
  m_entry.pbha = m_hardware_use.of(result);
  if (m_request.debug || m_request.structure || m_request.stage1_only || m_request.inhibit_updates) return;
  if (overtaken()) {
    ++m_engine.tcu_statistics().tlb_fills_dropped;
    return;
  }
  m_engine.filled_tlb(m_engine.tlb().insert(m_key, m_entry), m_request.arrived, m_time);
  ++m_engine.tcu_statistics().tlb_fills;
  m_engine.tracer().emit(m_time, trace_tlb_fill, m_key.input, m_entry.output, std::uint32_t{m_key.shift},
                         std::uint32_t{m_tag.asid});
  trace_leaves(result);
}

void Translation::trace_leaves(const pgtable::Result& result) {
  if (!m_engine.tracer().on()) return;
  constexpr std::array<std::string_view, 3> stages{"stage1", "stage2", "nested"};
  constexpr std::array<std::string_view, 4> formats{"vmsa64", "lpae32", "v7s", "mali_lpae"};
  for (const unsigned stage : {1U, 2U}) {
    const pgtable::Leaf& leaf = stage == 1 ? result.stage1 : result.stage2;
    if (!leaf.valid) continue;
    const pgtable::Format format =
        m_walk->format(stage == 1 ? pgtable::Stage::stage1 : pgtable::Stage::stage2);
    m_engine.tracer().emit(m_time, trace_leaf, stages[static_cast<std::size_t>(m_tag.stages)], stage,
                           formats[static_cast<std::size_t>(format)], std::uint32_t{m_granule[stage - 1]},
                           static_cast<std::uint32_t>(leaf.level), leaf.range_shift != leaf.block_shift);
  }
}

// So much of the aligned 2^shift bytes around the address as one range has.
std::uint8_t Translation::within_range(std::uint8_t shift) const {
  while (m_split != 0) {
    const std::uint64_t base = m_tag_address >> shift << shift;
    if (m_split <= base || m_split - base >= std::uint64_t{1} << shift) break;
    --shift;
  }
  return shift;
}

void Translation::name_entry(const pgtable::Result& result) {
  m_key.tag = m_tag;
  m_key.global = m_tag.stages != pgtable::Stages::stage2 && !result.nG;
  m_key.shift = within_range(result.block_shift);
  const pgtable::Leaf& leaf = result.stage1.valid ? result.stage1 : result.stage2;
  m_key.span = leaf.block_shift;
  m_key.level = leaf.level;
  m_key.granule = m_granule[result.stage1.valid ? 0 : 1];
  m_key.input = m_tag_address >> m_key.shift << m_key.shift;
}

void Translation::visit(Archive& archive) {
  archive.begin("translation");
  archive.value("address", m_request.address);
  archive.value("access", m_request.access);
  archive.value("privileged", m_request.privileged);
  archive.value("space", m_request.space);
  archive.value("structure", m_request.structure);
  archive.value("stage1_only", m_request.stage1_only);
  archive.value("DIPAN", m_request.DIPAN);
  archive.value("inhibit_updates", m_request.inhibit_updates);
  archive.value("debug", m_request.debug);
  archive.value("can_wait", m_request.can_wait);
  archive.moment("arrived", m_request.arrived);
  archive.value("stream_id", m_request.stream_id);
  archive.value("secure_stream", m_request.secure_stream);
  m_request.mpam.visit(archive);
  m_tag.visit(archive);
  archive.value("tag_address", m_tag_address);
  archive.value("address_bits", m_address_bits);
  archive.value("split", m_split);
  archive.optional("table_attributes", m_table_attributes, [&archive](pgtable::Stage2Attributes& a) {
    archive.value("MemAttr", a.MemAttr);
    archive.value("SH", a.SH);
    archive.value("allocation", a.allocation);
  });
  m_hardware_use.visit(archive);
  m_engine.visit_generation(archive, m_generation);
  archive.value("state", m_state);
  archive.value("waiting", m_waiting);
  archive.value("hit", m_hit);
  archive.value("took_walk", m_took_walk);
  archive.time("time", m_time);
  archive.time("walk_begin", m_walk_begin);
  for (std::uint8_t& granule : m_granule) archive.value("granule", granule);
  m_entry.visit(archive);
  EntryKey key(m_key);
  key.visit(archive);
  pgtable::visit(archive, m_fault);
  bool walks = m_walk.has_value();
  archive.value("walks", walks);
  if (archive.loading()) {
    m_key = key.key();
    m_walk.reset();
    if (walks) m_walk.emplace(pgtable::WalkSetup(), pgtable::WalkRequest());
  }
  if (m_walk) m_walk->visit(archive);
  archive.time("op_time", m_op.time);
  OpenWalks::Saved walk = m_engine.open_walks().saved(m_awaited, m_open);
  walk.visit(archive);
  archive.end();
  if (archive.loading()) restored(archive, walk);
}

void Translation::restored(Archive& archive, const OpenWalks::Saved& walk) {
  const bool walks = m_state != State::done;
  bool sane = m_state <= State::done && m_request.access <= pgtable::AccessType::none;
  sane = sane && walks == m_walk.has_value() && (m_state == State::walking || !m_waiting);
  sane = sane && (m_state == State::waiting) == (walk.awaited != OpenWalks::none);
  sane = sane && (m_state == State::walking || walk.own == OpenWalks::none);
  if (sane && walks && archive.ok()) {
    sane = m_engine.open_walks().restore(walk, {m_tag, m_tag_address >> 12U, m_generation});
    if (sane) {
      m_awaited = walk.awaited;
      m_open = walk.own;
    }
  }
  sane = sane && (!m_waiting || (!m_walk->question() && m_walk->step() == Step::need));
  if (!sane) archive.fail("translation", "no translation can be in this state");
  if (!archive.ok()) {
    let_go();
    m_walk.reset();
    m_state = State::done;
    m_waiting = false;
    m_fault = {};
    m_fault.kind = pgtable::FaultKind::configuration;
    return;
  }
  if (!m_waiting) return;
  const TimePs time = m_op.time;
  m_op = op_of_walk();
  m_op.time = time;
}

}  // namespace smmuvp::smmu
