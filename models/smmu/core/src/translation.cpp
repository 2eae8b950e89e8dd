#include "smmuvp/smmu/translation.h"

#include <algorithm>

#include "smmuvp/smmu/attributes.h"
#include "smmuvp/smmu/convert.h"
#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmu {

Translation::Translation(Engine& engine, const TranslationContext& context, const TranslationRequest& request)
    : m_engine(engine),
      m_request(request),
      m_tag(context.tag),
      m_tag_address(context.tag_address(request.address)),
      m_generation(request.generation),
      m_time(request.time) {
  look_up();
  if (m_state == State::done) return;
  pgtable::WalkRequest walk;
  walk.va = request.address;
  walk.access = request.access;
  walk.privileged = request.privileged;
  walk.side_effects = !request.debug;
  m_walk.emplace(context.setup, walk);
  begin_walk();
}

void Translation::look_up() {
  if (!m_request.debug) m_time = m_engine.pass_tlb(m_time);
  Tlb& tlb = m_engine.tlb();
  const Tlb::Entry* entry =
      m_request.debug ? tlb.probe(m_tag, m_tag_address) : tlb.lookup(m_tag, m_tag_address);
  const bool serving = entry != nullptr && serves(entry->value, m_request.access, m_request.privileged);
  if (!m_request.debug) {
    Statistics& s = m_engine.statistics();
    ++(entry == nullptr ? s.tlb_misses : serving ? s.tlb_hits : s.tlb_rewalks);
  }
  if (!serving) return;
  m_entry = entry->value;
  m_shift = entry->shift();
  m_hit = true;
  m_state = State::done;
}

void Translation::begin_walk() {
  if (m_request.debug) return;
  ++m_engine.statistics().walks;
  m_walk_begin = m_engine.walker_free(m_time);
  m_time = m_walk_begin + m_engine.walker_latency();
}

Step Translation::step() {
  if (!m_waiting && m_state == State::walking) walk();
  return m_waiting ? Step::need : Step::done;
}

void Translation::complete(const MemoryAnswer& answer) {
  if (!m_waiting) return;
  m_waiting = false;
  m_time = std::max(m_time, answer.time);
  m_walk->complete(walk_response(m_walk->op(), answer));
}

void Translation::walk() {
  if (m_walk->step() == pgtable::Step::done) {
    if (!m_request.debug) m_engine.walker_done(m_walk_begin, m_time);
    m_state = State::done;
    walked(m_walk->result());
    return;
  }
  m_op = memory_op_of(m_walk->op());
  if (!m_request.debug) {
    if (m_op.kind == MemoryOpKind::read) ++m_engine.statistics().walk_reads;
    m_time = m_engine.pass_walk_port(m_time);
  }
  m_op.time = m_time;
  m_waiting = true;
}

void Translation::walked(const pgtable::Result& result) {
  m_fault = result.fault;
  if (!result.ok()) return;
  m_shift = result.block_shift;
  m_entry.output = result.block_output();
  m_entry.rights = m_entry.stage1_rights = result.rights;
  m_entry.space = result.space;
  const MemoryAttributes attributes = consistent({result.attributes.memory, result.attributes.SH});
  m_entry.attributes = {attributes.memory, attributes.shareability};
  if (m_request.debug) return;
  // What an invalidation overtook may have been read before the change that it announces.
  if (overtaken()) {
    ++m_engine.statistics().tlb_fills_dropped;
    return;
  }
  CacheKey key;
  key.tag = m_tag;
  key.global = !result.nG;
  key.shift = m_shift;
  key.level = result.stage1.level;
  key.input = m_tag_address >> m_shift << m_shift;
  m_engine.tlb().insert(key, m_entry);
  ++m_engine.statistics().tlb_fills;
  m_engine.tracer().emit(m_time, trace_tlb_fill, key.input, m_entry.output, std::uint32_t{m_shift},
                         std::uint32_t{m_tag.asid});
}

}  // namespace smmuvp::smmu
