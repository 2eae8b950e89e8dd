// An AccessExplanation in words.
#include <string>

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv3/access.h"
#include "smmuvp/smmuv3/explain_access.h"

namespace smmuvp::smmuv3 {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

std::string title(const smmu::AccessRequest& q) {
  std::string text = "stream " + hex(q.stream_id);
  if (q.substream_valid) text += ", substream " + hex(q.substream_id);
  text += ", address " + hex(q.address) + ": ";
  text +=
      q.kind == smmu::AccessKind::translate ? "translation alone" : smmu::kind_name(q.kind, q.instruction);
  return text + (q.privileged ? ", privileged" : ", unprivileged") + ", by TBU " + std::to_string(q.port);
}

std::string field_text(const ExplainedField& f) {
  std::string text = f.name + " = " + f.text;
  if (!f.meaning.empty()) text += " (" + f.meaning + ")";
  return text + (f.wrong ? " (!)" : "");
}

void add_fields(const StructureExplanation& e, std::string& text) {
  for (const ExplainedField& f : e.fields) {
    if ((f.value == 0 && !f.wrong) || f.ignored) continue;
    text += "    " + field_text(f) + "\n";
  }
}

std::string verdict_text(const StructureExplanation& e) {
  if (!e.verdict) return "";
  return ", " + e.verdict->word + (e.verdict->why.empty() ? "" : ": " + e.verdict->why);
}

// The fields in which a structure and its cached copy differ.
void add_differences(const FoundStructure& s, std::string& text) {
  for (const ExplainedField& cached : s.cached_explanation.fields) {
    for (const ExplainedField& memory : s.memory_explanation.fields) {
      if (cached.name != memory.name || cached.low != memory.low || cached.value == memory.value) continue;
      text += "    STALE: cached: " + field_text(cached) + "; memory: " + field_text(memory) + "\n";
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
  add_fields(s.memory_explanation, text);
  if (s.cached.empty()) {
    const bool may_be = s.kind == StructureKind::STE || s.kind == StructureKind::CD;
    if (may_be) text += "    not cached\n";
  } else if (!s.stale()) {
    text += "    cached, as in memory\n";
  } else if (s.words.empty()) {
    text += "    STALE: cached" + verdict_text(s.cached_explanation) + ":\n";
    add_fields(s.cached_explanation, text);
  } else {
    text += "    STALE: cached" + verdict_text(s.cached_explanation) + ", and differs from memory:\n";
    add_differences(s, text);
  }
  return text;
}

std::string answer_text(const smmu::AccessAnswer& a, smmu::AccessKind kind) {
  switch (a.outcome) {
    case smmu::Outcome::forward:
      return "goes on to " + hex(a.output) + ", " + pgtable::memory_words(a.attributes.memory) + ", " +
             pgtable::shareability_words(a.attributes.SH) + ", " +
             std::string(smmu::kind_name(kind, a.instruction)) +
             (a.privileged ? ", privileged" : ", unprivileged");
    case smmu::Outcome::razwi:
      return "is terminated as RAZ/WI";
    case smmu::Outcome::abort:
      break;
  }
  return "is aborted";
}

std::string end_text(const char* when, const ExplainedEnd& end, smmu::AccessKind kind) {
  std::string text = std::string(when) + answer_text(end.answer, kind);
  if (end.at_tbu) text += " (the micro TLB of its TBU answers)";
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

bool differs(const TbuAnswer& tbu, const AccessExplanation& e) {
  const smmu::AccessAnswer& memory = e.memory.answer;
  if (memory.outcome == smmu::Outcome::forward) {
    return tbu.output != memory.output || !(tbu.answer.attributes == memory.attributes);
  }
  return tbu.serves;  // it lets through what memory does not
}

std::string tbu_text(const TbuAnswer& tbu, const AccessExplanation& e) {
  std::string text = "  micro TLB of TBU " + std::to_string(e.request.port) + ": " +
                     (differs(tbu, e) ? "STALE: cached: " : "as in memory: ");
  text += tbu.answer.translated
              ? smmu::translation_words(tbu.output, tbu.shift, tbu.answer.rights, tbu.answer.attributes)
              : "bypass to " + hex(tbu.output);
  return text + (tbu.serves ? "" : "; has not the rights: the TCU is asked") + "\n";
}

}  // namespace

std::string to_text(const AccessExplanation& e) {
  std::string text = title(e.request) + "\n\nregisters\n";
  for (const RegisterFact& r : e.registers) {
    text += "  " + r.name + " = " + hex(r.value) + (r.meaning.empty() ? "" : "  " + r.meaning) + "\n";
  }
  if (!e.structures.empty()) text += "\nconfiguration\n";
  for (const FoundStructure& s : e.structures) text += structure_text(s);
  for (const CdAddress& a : e.cd_addresses) {
    text += std::string("\naddress of the ") + (a.kind == StructureKind::L1CD ? "L1CD" : "CD") +
            ", by stage 2\n" + smmu::to_text(a.translation, "  ");
  }
  if (e.translation) text += "\ntranslation\n" + smmu::to_text(*e.translation, "  ");
  if (e.tbu) text += "\nTBU\n" + tbu_text(*e.tbu, e);
  text += "\n" + end_text("now: the access ", e.now, e.request.kind);
  if (same(e.now, e.memory)) return text + "caches give the answer that memory gives\n";
  return text + "STALE: caches give another answer than memory\n" +
         end_text("with empty caches: the access ", e.memory, e.request.kind);
}

}  // namespace smmuvp::smmuv3
