#include "explain.h"

#include "smmuvp/smmu_sc/explanation.h"
#include "smmuvp/smmuv3/cd_fields.h"
#include "smmuvp/smmuv3/ste_fields.h"
#include "smmuvp/smmuv3/vms_fields.h"

namespace smmuvp::smmuv3 {

namespace {

Explanation::End end_of(const ExplainedEnd& from) {
  Explanation::End end = smmu::end_of(from);
  if (!from.event) return end;
  end.fault = to_string(from.event->type);
  const auto words = from.event->words();
  for (const ExplainedField& f : explain(StructureKind::event, words.data()).fields) {
    if (!f.ignored) end.fault_fields.emplace_back(f.name, f.value);
  }
  return end;
}

const char* name_of(StructureKind kind) {
  switch (kind) {
    case StructureKind::L1STD:
      return L1STD_structure.name;
    case StructureKind::STE:
      return STE_structure.name;
    case StructureKind::L1CD:
      return L1CD_structure.name;
    case StructureKind::VMS:
      return VMS_structure.name;
    default:
      return CD_structure.name;
  }
}

Explanation::Structure structure_of(const FoundStructure& from) {
  Explanation::Structure to;
  const StructureExplanation& memory = from.memory_explanation;
  to.name = name_of(from.kind);
  to.address = from.address;
  to.memory = from.words;
  to.fields = smmu::fields_of(memory.fields);
  to.legal = !from.words.empty() && (!memory.verdict || memory.verdict->legal);
  if (memory.verdict) to.why = memory.verdict->why;
  to.aborted = from.aborted;
  to.cached = from.cached;
  to.cached_fields = smmu::fields_of(from.cached_explanation.fields);
  return to;
}

}  // namespace

Explanation explanation_of(const AccessExplanation& from, bool in_words) {
  Explanation e;
  e.now = end_of(from.now);
  e.memory = end_of(from.memory);
  e.stale = from.stale();
  e.registers = smmu::registers_of(from.registers);
  for (const FoundStructure& s : from.structures) e.structures.push_back(structure_of(s));
  for (const CdAddress& a : from.cd_addresses) {
    for (Explanation::Step& s : smmu::steps_of(a.translation)) e.structure_steps.push_back(std::move(s));
    if (!e.structure_walk_fault) e.structure_walk_fault = smmu::walk_fault_of(a.translation);
  }
  if (from.translation) {
    e.steps = smmu::steps_of(*from.translation);
    e.walk_fault = smmu::walk_fault_of(*from.translation);
  }
  if (in_words) e.text = to_text(from);
  return e;
}

}  // namespace smmuvp::smmuv3
