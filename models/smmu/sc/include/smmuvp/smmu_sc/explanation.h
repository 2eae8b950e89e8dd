// Explanations in the form that they leave the libraries in: what both SMMUs have of them.
#pragma once

#include <optional>
#include <vector>

#include "smmuvp/smmu/explain.h"
#include "smmuvp/smmu/explain_access.h"
#include "smmuvp/tlm/explanation.h"

namespace smmuvp::smmu {

/// But for the fault.
Explanation::End end_of(const ExplainedEnd& end);
std::vector<Explanation::Register> registers_of(const std::vector<RegisterFact>& registers);
std::vector<Explanation::Step> steps_of(const TranslationExplanation& translation);
/// None: it ends in a translation.
std::optional<Explanation::WalkFault> walk_fault_of(const TranslationExplanation& translation);

/// Of smmuvp::ExplainedField or pgtable::Field.
template <class Fields>
std::vector<Explanation::Field> fields_of(const Fields& from) {
  std::vector<Explanation::Field> fields;
  fields.reserve(from.size());
  for (const auto& f : from) fields.push_back({f.name, f.high, f.low, f.value, f.meaning, f.wrong, false});
  return fields;
}

}  // namespace smmuvp::smmu
