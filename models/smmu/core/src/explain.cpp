#include "smmuvp/smmu/explain.h"

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmu/convert.h"

namespace smmuvp::smmu {

namespace {

using pgtable::Stage;

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

// Walks memory, and asks caches at each lookup what they would have answered.
class Comparison {
 public:
  Comparison(Engine& engine, const Tag& tag, TranslationExplanation& to)
      : m_engine(engine), m_tag(tag), m_to(to) {}

  pgtable::Result walk(const pgtable::WalkSetup& setup, const pgtable::WalkRequest& request,
                       const DebugMemory& memory, unsigned address_bits) {
    pgtable::Walk w(setup, request);
    for (std::size_t step = 0;; ++step) {
      while (const auto question = w.question()) {
        ask(*question, step);
        w.start_at_base();
      }
      if (w.step() == Step::done) return w.result();
      w.complete(walk_response(w.op(), memory(memory_op_of(w.op(), address_bits))));
      if (const auto table = w.found_table()) {
        found(*table, table->stage == Stage::stage1 ? request.va : w.stage2_input(), w.stage2_space());
      }
      if (const auto translation = w.found_stage2()) found(*translation, w.stage2_input(), w.stage2_space());
    }
  }

 private:
  void ask(const pgtable::WalkQuestion& question, std::size_t step) {
    const Tag tag = Translation::tag_of(m_tag, question.stage, question.space);
    if (question.stage == Stage::stage2) {
      if (const auto* entry = m_engine.ipa_cache().probe(tag, question.input)) {
        m_to.ipas.push_back({step, question.input, question.space, entry->value.translation, std::nullopt});
      }
    }
    if (const auto* entry = m_engine.walk_cache().probe(tag, question.input)) {
      m_to.tables.push_back({step, question.input, question.space, entry->value.table, std::nullopt});
    }
  }
  void found(const pgtable::TablePointer& table, std::uint64_t input, AddressSpace space) {
    for (auto& part : m_to.tables) {
      const pgtable::TablePointer& cached = part.cached;
      if (cached.stage != table.stage || cached.region_shift != table.region_shift) continue;
      const bool same_ipa = part.input == input && part.space == space;
      if (table.stage == Stage::stage1 || same_ipa) part.memory = table;
    }
  }
  void found(const pgtable::Stage2Translation& translation, std::uint64_t input, AddressSpace space) {
    for (auto& part : m_to.ipas) {
      if (part.input == input && part.space == space) part.memory = translation;
    }
  }

  Engine& m_engine;
  Tag m_tag;
  TranslationExplanation& m_to;
};

bool same_answer(const Tlb::Entry& entry, const pgtable::Result& memory, const TranslationContext& context) {
  const unsigned address_bits = context.address_bits;
  const std::uint64_t inside = (std::uint64_t{1} << entry.shift()) - 1;
  return memory.ok() &&
         (entry.value.output | (memory.va & inside)) == physical(memory.output, address_bits) &&
         entry.value.rights == memory.rights && entry.value.space == memory.space &&
         entry.value.of_unprivileged ==
             (memory.stage1.valid && pgtable::lets_unprivileged_in(memory.stage1_rights)) &&
         entry.value.attributes == pgtable::effective(memory.attributes) &&
         entry.value.pbha == context.hardware_use.of(memory);
}

}  // namespace

bool same(const pgtable::TablePointer& a, const pgtable::TablePointer& b) {
  return a.address == b.address && a.level == b.level && a.permissions == b.permissions &&
         a.space == b.space && a.v7s_descriptor == b.v7s_descriptor;
}

bool same(const pgtable::Stage2Translation& a, const pgtable::Stage2Translation& b) {
  return a.block_shift == b.block_shift && a.output == b.output && a.rights == b.rights &&
         a.attributes.MemAttr == b.attributes.MemAttr && a.attributes.SH == b.attributes.SH;
}

bool TranslationExplanation::stale() const {
  bool any = tlb_stale;
  for (const auto& part : tables) any = any || part.stale();
  for (const auto& part : ipas) any = any || part.stale();
  return any;
}

TranslationExplanation explain_translation(Engine& engine, const pgtable::Config& config,
                                           const TranslationContext& context,
                                           const TranslationRequest& request, const DebugMemory& memory,
                                           bool in_words) {
  TranslationExplanation e;
  pgtable::WalkRequest walk;
  walk.va = request.address;
  walk.access = request.access;
  walk.privileged = request.privileged;
  walk.space = request.space;
  walk.table = request.structure;
  walk.DIPAN = request.DIPAN;
  walk.side_effects = false;
  const unsigned address_bits = context.address_bits;
  const auto read = [&memory, address_bits](const pgtable::MemoryOp& op) {
    return walk_response(op, memory(memory_op_of(op, address_bits)));
  };
  e.walk = pgtable::explain_walk(config, walk, read, in_words);
  e.pbha = context.hardware_use.of(e.walk.result);
  Tag tag = context.tag;
  if (tag.stages == pgtable::Stages::stage2) tag.asid = asid_of_ipas(request.space);
  // Caches hold what is there, whoever asks and whatever the access may do with it.
  walk.access = pgtable::AccessType::none;
  walk.privileged = true;
  walk.DIPAN = false;
  const pgtable::Result there = Comparison(engine, tag, e).walk(context.setup, walk, memory, address_bits);
  if (request.structure) return e;
  if (const auto* entry = engine.tlb().probe(tag, context.tag_address(request.address))) {
    e.tlb = *entry;
    e.tlb_stale = !same_answer(*entry, there, context);
  }
  return e;
}

std::string translation_words(std::uint64_t output, unsigned shift, pgtable::Rights rights,
                              const pgtable::Attributes& attributes, unsigned pbha) {
  const std::uint64_t inside = (std::uint64_t{1} << shift) - 1;
  return hex(output) + ", " + pgtable::size_words(shift) + " at " + hex(output & ~inside) + ", " +
         pgtable::rights_words(rights) + ", " + pgtable::memory_words(attributes.memory) + ", " +
         pgtable::shareability_words(pgtable::effective_shareability(attributes)) + pbha_words(pbha);
}

std::string pbha_words(unsigned pbha) { return pbha == 0 ? "" : ", PBHA " + hex(pbha); }

namespace {

std::string words(const pgtable::TablePointer& t) {
  return "table of level " + std::to_string(t.level) + " at " + hex(t.address);
}

std::string words(const pgtable::Stage2Translation& t) {
  return pgtable::size_words(t.block_shift) + " at " + hex(t.output) + ", " +
         pgtable::rights_words(t.rights) + ", " + pgtable::stage2_memory_words(t.attributes.MemAttr, false) +
         ", " + pgtable::shareability_words(t.attributes.SH);
}

template <class Value>
std::string cached_text(const CachedPart<Value>& part, const char* cache) {
  std::string text = std::string(cache) + " for " + hex(part.input) + ": ";
  if (!part.stale()) return text + words(part.cached) + ", as in memory";
  return text + "STALE: cached: " + words(part.cached) +
         "; memory: " + (part.memory ? words(*part.memory) : "nothing of the kind");
}

const char* ipa_word(AddressSpace space) { return space == AddressSpace::secure ? "Secure IPA " : "IPA "; }

std::string step_text(const pgtable::ExplainedStep& s) {
  std::string text = std::string("stage ") + (s.op.stage == Stage::stage1 ? "1" : "2") + " level " +
                     std::to_string(s.op.level) + ", " +
                     (s.op.stage == Stage::stage1 ? "VA " : ipa_word(s.space)) + hex(s.input) +
                     ": descriptor at " + hex(s.op.address) + ": ";
  if (s.response.status != pgtable::MemoryStatus::ok) return text + "memory answers with an abort";
  text += hex(s.response.data);
  if (s.explanation) text += ", " + s.explanation->title;
  if (s.explanation && s.explanation->wrong()) text += " (reserved bits or values are set)";
  return text;
}

std::string memory_text(const TranslationExplanation& e) {
  const pgtable::Result& r = e.walk.result;
  if (!r.ok()) return pgtable::fault_words(r.fault);
  return translation_words(r.output, r.block_shift, r.rights, pgtable::effective(r.attributes), e.pbha);
}

std::string end_text(const TranslationExplanation& e) {
  const pgtable::ExplainedWalk& walk = e.walk;
  const pgtable::Result& r = walk.result;
  if (r.ok()) {
    std::string text = "memory translates to " + memory_text(e);
    if (walk.config.stages == pgtable::Stages::nested) text += "; IPA " + hex(r.ipa);
    return text;
  }
  std::string text = "memory gives a fault: " + pgtable::fault_words(r.fault);
  if (r.fault.stage == Stage::stage2) {
    text += std::string(", ") + ipa_word(r.fault.ipa_space) + hex(r.fault.ipa);
    if (r.fault.on_table_walk) text += ", the address of a stage 1 descriptor";
  }
  const std::string reason = pgtable::fault_reason(walk);
  return reason.empty() ? text : text + ": " + reason;
}

}  // namespace

std::string to_text(const TranslationExplanation& e, const std::string& indent) {
  std::string text;
  const auto add = [&](const std::string& line) { text += indent + line + "\n"; };
  for (std::size_t i = 0; i <= e.walk.steps.size(); ++i) {
    const bool last = i == e.walk.steps.size();
    for (const auto& part : e.ipas) {
      if (part.step == i || (last && part.step > i)) add("  " + cached_text(part, "IPA cache"));
    }
    for (const auto& part : e.tables) {
      if (part.step == i || (last && part.step > i)) add("  " + cached_text(part, "walk cache"));
    }
    if (!last) add(step_text(e.walk.steps[i]));
  }
  add(end_text(e));
  if (e.tlb) {
    const TlbEntry& value = e.tlb->value;
    const std::uint64_t inside = (std::uint64_t{1} << e.tlb->shift()) - 1;
    const std::string cached = translation_words(value.output | (e.walk.request.va & inside), e.tlb->shift(),
                                                 value.rights, value.attributes, value.pbha);
    add(e.tlb_stale ? "TLB: STALE: cached: " + cached + "; memory: " + memory_text(e)
                    : "TLB: as in memory: " + cached);
  } else if (!e.walk.request.table) {
    add("TLB: no entry");
  }
  return text;
}

}  // namespace smmuvp::smmu
