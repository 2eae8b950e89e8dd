#include "smmuvp/smmu_sc/explanation.h"

#include <utility>

namespace smmuvp::smmu {

namespace {

Explanation::End::Answer answer_of(AtsStatus status) {
  using To = Explanation::End::Answer;
  switch (status) {
    case AtsStatus::success:
      return To::success;
    case AtsStatus::unsupported_request:
      return To::unsupported_request;
    case AtsStatus::completer_abort:
      return To::completer_abort;
    case AtsStatus::none:
      break;
  }
  return To::none;
}

}  // namespace

Explanation::End end_of(const ExplainedEnd& from) {
  using To = Explanation::End::Outcome;
  Explanation::End end;
  end.recorded = from.recorded;
  end.why_not_recorded = from.why_not;
  if (from.stalls) {
    end.outcome = To::stall;
    return end;
  }
  switch (from.answer.outcome) {
    case Outcome::forward:
      end.outcome = To::forward;
      end.output = from.answer.output;
      end.memory_type = from.answer.attributes.memory;
      end.shareability = from.answer.attributes.SH;
      end.privileged = from.answer.privileged;
      end.instruction = from.answer.instruction;
      end.pbha = from.answer.pbha;
      break;
    case Outcome::razwi:
      end.outcome = To::razwi;
      break;
    case Outcome::answered:
      end.outcome = To::answered;
      end.answer = answer_of(from.answer.ats.status);
      end.output = from.answer.ats.translated_address;
      end.privileged = from.answer.ats.privileged;
      end.read = from.answer.ats.read;
      end.write = from.answer.ats.write;
      end.execute = from.answer.ats.execute;
      end.size_shift = from.answer.ats.size_shift;
      break;
    case Outcome::abort:
      end.outcome = To::abort;
      break;
  }
  return end;
}

std::vector<Explanation::Register> registers_of(const std::vector<RegisterFact>& from) {
  std::vector<Explanation::Register> registers;
  registers.reserve(from.size());
  for (const RegisterFact& r : from) registers.push_back({r.name, r.value, r.meaning, fields_of(r.fields)});
  return registers;
}

std::vector<Explanation::Step> steps_of(const TranslationExplanation& from) {
  std::vector<Explanation::Step> steps;
  for (const pgtable::ExplainedStep& s : from.walk.steps) {
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
  for (const pgtable::DecidingField& d : pgtable::deciding_fields(from.walk)) {
    const auto& fields = from.walk.steps[d.step].explanation->fields;
    steps[d.step].fields[static_cast<std::size_t>(d.of - fields.data())].decides = true;
  }
  const pgtable::FaultCause cause = pgtable::fault_cause(from.walk);
  if (!steps.empty() && (cause == pgtable::FaultCause::descriptor || cause == pgtable::FaultCause::memory))
    steps.back().decides = true;
  return steps;
}

std::optional<Explanation::WalkFault> walk_fault_of(const TranslationExplanation& from) {
  using Cause = Explanation::WalkFault::Cause;
  const pgtable::Fault& f = from.walk.result.fault;
  if (f.kind == pgtable::FaultKind::none) return std::nullopt;
  Explanation::WalkFault to;
  to.kind = pgtable::to_string(f.kind);
  to.stage = f.stage == pgtable::Stage::stage1 ? 1 : 2;
  to.level = f.level;
  to.of_table = f.on_table_walk;
  to.ipa = f.ipa;
  to.place = pgtable::place_words(f);
  to.reason = pgtable::fault_reason(from.walk);
  switch (pgtable::fault_cause(from.walk)) {
    case pgtable::FaultCause::descriptor:
      to.cause = Cause::descriptor;
      break;
    case pgtable::FaultCause::memory:
      to.cause = Cause::memory;
      break;
    case pgtable::FaultCause::input_size:
      to.cause = Cause::input_size;
      break;
    case pgtable::FaultCause::range_off:
      to.cause = Cause::range_off;
      break;
    case pgtable::FaultCause::E0PD:
      to.cause = Cause::E0PD;
      break;
    case pgtable::FaultCause::first_table:
      to.cause = Cause::first_table;
      break;
    case pgtable::FaultCause::none:
    case pgtable::FaultCause::other:
      break;
  }
  return to;
}

}  // namespace smmuvp::smmu
