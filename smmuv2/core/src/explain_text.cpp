// An AccessExplanation in words.
#include "smmuvp/smmuv2/explain_access.h"

namespace smmuvp::smmuv2 {

namespace {

std::string end_text(const ExplainedEnd& end, smmu::AccessKind kind) {
  std::string text = smmu::end_words(end, kind);
  if (!end.why.empty()) text += ": " + end.why;
  if (end.faults.empty() && !end.why_not.empty()) text += ": " + end.why_not;
  text += "\n";
  for (const ExplainedFault& f : end.faults) {
    text += "  fault " + f.name + ", " + f.fate_words + "\n" + smmu::registers_text(f.registers, "    ");
  }
  return text;
}

}  // namespace

std::string to_text(const AccessExplanation& e) {
  std::string text =
      smmu::request_words(e.request) + "\n\nregisters\n" + smmu::registers_text(e.registers, "  ");
  if (!e.mapping.empty()) text += "\nstream\n  " + e.mapping + "\n";
  if (!e.context.empty()) text += "  " + e.context + "\n";
  if (e.translation) text += "\ntranslation\n" + smmu::to_text(*e.translation, "  ");
  if (e.tbu) text += "\nTBU\n  " + smmu::tbu_text(*e.tbu, e.request, e.memory.answer);
  const smmu::AccessKind kind = e.request.kind;
  return text + "\n" +
         smmu::ends_text(end_text(e.now, kind), end_text(e.memory, kind), same(e.now, e.memory));
}

}  // namespace smmuvp::smmuv2
