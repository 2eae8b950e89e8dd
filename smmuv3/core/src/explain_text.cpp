// An AccessExplanation in words.
#include <string>

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/explain_access.h"

namespace smmuvp::smmuv3 {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

std::string verdict_text(const StructureExplanation& e) {
  if (!e.verdict) return "";
  return ", " + e.verdict->word + (e.verdict->why.empty() ? "" : ": " + e.verdict->why);
}

// The fields in which a structure and its cached copy differ.
void add_differences(const FoundStructure& s, std::string& text) {
  for (const ExplainedField& cached : s.cached_explanation.fields) {
    for (const ExplainedField& memory : s.memory_explanation.fields) {
      if (cached.name != memory.name || cached.low != memory.low || cached.value == memory.value) continue;
      text +=
          "    STALE: cached: " + smmu::field_words(cached) + "; memory: " + smmu::field_words(memory) + "\n";
    }
  }
}

std::string structure_text(const FoundStructure& s) {
  const char* name = kind_info(s.kind).title;
  std::string text = std::string("  ") + name;
  if (s.address) text += " at " + hex(*s.address);
  if (s.aborted) {
    text += ": memory answers with an abort";
  } else if (s.words.empty()) {
    text += ": memory leads to none";
  } else {
    text += verdict_text(s.memory_explanation);
  }
  text += "\n";
  text += smmu::fields_text(s.memory_explanation.fields, "    ");
  if (s.cached.empty()) {
    const bool may_be =
        s.kind == StructureKind::STE || s.kind == StructureKind::CD || s.kind == StructureKind::VMS;
    if (may_be) text += "    not cached\n";
  } else if (!s.stale()) {
    text += "    cached, as in memory\n";
  } else if (s.words.empty()) {
    text += "    STALE: cached" + verdict_text(s.cached_explanation) + ":\n";
    text += smmu::fields_text(s.cached_explanation.fields, "    ");
  } else {
    text += "    STALE: cached" + verdict_text(s.cached_explanation) + ", and differs from memory:\n";
    add_differences(s, text);
  }
  return text;
}

std::string end_text(const ExplainedEnd& end, smmu::AccessKind kind) {
  std::string text = smmu::end_words(end, kind);
  if (!end.event && !end.why_not.empty()) text += ": " + end.why_not;
  text += "\n";
  if (!end.event) return text;
  text += std::string("  event ") + to_string(end.event->type) +
          (end.recorded ? ", recorded:" : ", not recorded: " + end.why_not + ":") + "\n";
  const auto words = end.event->words();
  for (const ExplainedField& f : explain(StructureKind::event, words.data()).fields) {
    if (!f.ignored) text += "    " + f.name + " = " + f.text + "\n";
  }
  return text;
}

}  // namespace

std::string to_text(const AccessExplanation& e) {
  std::string text =
      smmu::request_words(e.request) + "\n\nregisters\n" + smmu::registers_text(e.registers, "  ");
  if (!e.structures.empty()) text += "\nconfiguration\n";
  for (const FoundStructure& s : e.structures) text += structure_text(s);
  for (const CdAddress& a : e.cd_addresses) {
    text += std::string("\naddress of the ") + (a.kind == StructureKind::L1CD ? "L1CD" : "CD") +
            ", by stage 2\n" + smmu::to_text(a.translation, "  ");
  }
  if (e.translation) text += "\ntranslation\n" + smmu::to_text(*e.translation, "  ");
  if (e.tbu) text += "\nTBU\n  " + smmu::tbu_text(*e.tbu, e.request, e.memory.answer);
  const smmu::AccessKind kind = e.request.kind;
  return text + "\n" +
         smmu::ends_text(end_text(e.now, kind), end_text(e.memory, kind), same(e.now, e.memory));
}

}  // namespace smmuvp::smmuv3
