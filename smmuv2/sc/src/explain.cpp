#include "explain.h"

#include "smmuvp/smmu_sc/explanation.h"

namespace smmuvp::smmuv2 {

namespace {

Explanation::End end_of(const ExplainedEnd& from) {
  Explanation::End end = smmu::end_of(from);
  end.why = from.why;
  for (const ExplainedFault& f : from.faults) {
    if (end.fault.empty()) end.fault = f.name;
    for (const smmu::RegisterFact& r : f.registers) end.fault_fields.emplace_back(r.name, r.value);
  }
  return end;
}

}  // namespace

Explanation explanation_of(const AccessExplanation& from, bool in_words) {
  Explanation e;
  e.now = end_of(from.now);
  e.memory = end_of(from.memory);
  e.stale = from.stale();
  e.registers = smmu::registers_of(from.registers);
  if (from.translation) {
    e.steps = smmu::steps_of(*from.translation);
    e.walk_fault = smmu::walk_fault_of(*from.translation);
  }
  if (in_words) e.text = to_text(from);
  return e;
}

}  // namespace smmuvp::smmuv2
