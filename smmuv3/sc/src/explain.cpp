#include "explain.h"

namespace smmuvp::smmuv3 {

namespace {

Explanation::End end_of(const ExplainedEnd& from) {
  using Outcome = Explanation::End::Outcome;
  Explanation::End end;
  switch (from.answer.outcome) {
    case smmu::Outcome::forward:
      end.outcome = Outcome::forward;
      end.output = from.answer.output;
      end.memory_type = from.answer.attributes.memory;
      end.shareability = from.answer.attributes.SH;
      end.privileged = from.answer.privileged;
      end.instruction = from.answer.instruction;
      break;
    case smmu::Outcome::razwi:
      end.outcome = Outcome::razwi;
      break;
    case smmu::Outcome::abort:
      end.outcome = Outcome::abort;
      break;
  }
  if (!from.event) return end;
  end.event = to_string(from.event->type);
  end.recorded = from.recorded;
  end.why_not_recorded = from.why_not;
  const auto words = from.event->words();
  for (const ExplainedField& f : explain(StructureKind::event, words.data()).fields) {
    if (!f.ignored) end.event_fields.emplace_back(f.name, f.value);
  }
  return end;
}

// Of smmuv3::ExplainedField or pgtable::Field.
template <class Fields>
std::vector<Explanation::Field> fields_of(const Fields& from) {
  std::vector<Explanation::Field> fields;
  fields.reserve(from.size());
  for (const auto& f : from) fields.push_back({f.name, f.high, f.low, f.value, f.meaning});
  return fields;
}

Explanation::Structure structure_of(const FoundStructure& from) {
  Explanation::Structure to;
  const StructureExplanation& memory = from.memory_explanation;
  to.name = memory.title.empty() ? from.cached_explanation.title : memory.title;
  to.address = from.address;
  to.memory = from.words;
  to.fields = fields_of(memory.fields);
  to.legal = !from.words.empty() && (!memory.verdict || memory.verdict->legal);
  if (memory.verdict) to.why = memory.verdict->why;
  to.cached = from.cached;
  to.cached_fields = fields_of(from.cached_explanation.fields);
  return to;
}

std::vector<Explanation::Step> steps_of(const std::optional<smmu::TranslationExplanation>& from) {
  std::vector<Explanation::Step> steps;
  if (!from) return steps;
  for (const pgtable::ExplainedStep& s : from->walk.steps) {
    Explanation::Step to;
    to.stage = s.op.stage == pgtable::Stage::stage1 ? 1 : 2;
    to.level = s.op.level;
    to.input = s.input;
    to.address = s.op.address;
    to.aborted = s.response.status != pgtable::MemoryStatus::ok;
    if (!to.aborted) to.descriptor = s.response.data;
    if (s.explanation) {
      to.meaning = s.explanation->title;
      to.fields = fields_of(s.explanation->fields);
    }
    steps.push_back(std::move(to));
  }
  return steps;
}

}  // namespace

smmu::AccessRequest request_of(const AccessQuestion& question) {
  using Kind = AccessQuestion::Kind;
  smmu::AccessRequest q;
  q.stream_id = question.stream_id;
  q.substream_valid = question.substream_id.has_value();
  q.substream_id = question.substream_id.value_or(0);
  q.address = question.address;
  if (question.kind == Kind::write) q.kind = smmu::AccessKind::write;
  if (question.kind == Kind::atomic) q.kind = smmu::AccessKind::atomic;
  q.instruction = question.kind == Kind::execute;
  q.privileged = question.privileged;
  q.port = static_cast<std::uint8_t>(question.tbu);
  return q;
}

Explanation explanation_of(const AccessExplanation& from) {
  Explanation e;
  e.now = end_of(from.now);
  e.memory = end_of(from.memory);
  e.stale = from.stale();
  for (const FoundStructure& s : from.structures) e.structures.push_back(structure_of(s));
  for (const CdAddress& a : from.cd_addresses) {
    for (Explanation::Step& s : steps_of(a.translation)) e.cd_steps.push_back(std::move(s));
  }
  e.steps = steps_of(from.translation);
  e.text = to_text(from);
  return e;
}

}  // namespace smmuvp::smmuv3
