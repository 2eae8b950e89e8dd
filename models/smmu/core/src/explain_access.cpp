#include "smmuvp/smmu/explain_access.h"

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmu/client_access.h"

namespace smmuvp::smmu {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

// What memory would answer to a flag update, without one: that it succeeds where it can be read.
MemoryAnswer foreseen(const MemoryOp& op, const DebugMemory& memory) {
  if (op.kind == MemoryOpKind::read) return memory(op);
  MemoryOp look = op;
  look.kind = MemoryOpKind::read;
  return memory(look);
}

}  // namespace

bool same(const AccessAnswer& a, const AccessAnswer& b) {
  if (a.outcome != b.outcome) return false;
  if (a.outcome == Outcome::answered) {
    return a.ats.status == b.ats.status && a.ats.read == b.ats.read && a.ats.write == b.ats.write &&
           a.ats.execute == b.ats.execute && a.ats.translated_address == b.ats.translated_address &&
           a.ats.size_shift == b.ats.size_shift;
  }
  return a.outcome != Outcome::forward ||
         (a.output == b.output && a.space == b.space && a.attributes == b.attributes &&
          a.privileged == b.privileged && a.instruction == b.instruction && a.pbha == b.pbha &&
          a.mpam == b.mpam);
}

void run_foreseen(AccessObject& access, const DebugMemory& memory) {
  while (access.step() == Step::need) access.complete(foreseen(access.op(), memory));
}

std::optional<TbuAnswer> tbu_answer(Engine& engine, const AccessRequest& request) {
  AccessRequest q = request;
  q.debug = false;  // only that TBUs answer no debug accesses
  if (!Engine::has_owner(q)) return std::nullopt;
  const auto found = engine.find_any_at_tbu(engine.tbu_of(q.port), q);
  if (found.entry == nullptr) return std::nullopt;
  const std::uint64_t inside = (std::uint64_t{1} << found.shift) - 1;
  return TbuAnswer{found.answer->output | (q.address & inside), found.shift, *found.answer,
                   serves(*found.answer, q)};
}

AccessAnswer answer_by(const TbuAnswer& tbu, const AccessRequest& request) {
  AccessAnswer answer;
  apply(tbu.answer, request, tbu.shift, answer);
  return answer;
}

EngineStructures EmptyEngine::structures() {
  EngineStructures s;
  s.timing = false;
  s.ports = 1;
  s.micro_tlb_geometry = {1, 1};
  s.tlb_sets = s.tlb_ways = s.walk_cache_sets = s.walk_cache_ways = s.ipa_cache_sets = s.ipa_cache_ways = 1;
  return s;
}

// ---- in words

std::string request_words(const AccessRequest& q) {
  std::string text = "stream " + hex(q.stream_id);
  if (q.substream_valid) text += ", substream " + hex(q.substream_id);
  text += ", address " + hex(q.address) + ": ";
  if (q.space != AddressSpace::non_secure) text += std::string(pgtable::space_words(q.space)) + " ";
  if (q.ats == AtsPhase::translation_request) {
    text += q.no_write ? "Translation Request, not to write" : "Translation Request";
  } else {
    if (q.ats == AtsPhase::translated) text += "Translated ";
    text += q.kind == AccessKind::translate ? "translation alone" : kind_name(q.kind, q.instruction);
  }
  return text + (q.privileged ? ", privileged" : ", unprivileged") + ", by TBU " + std::to_string(q.port);
}

std::string field_words(const ExplainedField& f) {
  std::string text = f.name + " = " + f.text;
  if (!f.meaning.empty()) text += " (" + f.meaning + ")";
  return text + (f.wrong ? " (!)" : "");
}

std::string fields_text(const std::vector<ExplainedField>& fields, const std::string& indent) {
  std::string text;
  for (const ExplainedField& f : fields) {
    if ((f.value == 0 && !f.wrong) || f.ignored) continue;
    text += indent + field_words(f) + "\n";
  }
  return text;
}

std::string registers_text(const std::vector<RegisterFact>& registers, const std::string& indent) {
  std::string text;
  for (const RegisterFact& r : registers) {
    text += indent + r.name + " = " + hex(r.value) + (r.meaning.empty() ? "" : "  " + r.meaning) + "\n" +
            fields_text(r.fields, indent + "  ");
  }
  return text;
}

namespace {

std::string answer_words(const AtsAnswer& a) {
  if (a.status == AtsStatus::unsupported_request) return "is answered UR";
  if (a.status != AtsStatus::success) return "is answered CA";
  if (!a.any()) return "is answered with success and no rights";
  return "is answered with " + hex(a.translated_address) + ", 2^" + std::to_string(a.size_shift) +
         " bytes, " + (a.read ? "R" : "-") + (a.write ? "W" : "-") + (a.execute ? "X" : "-");
}

// Of a system that has labels: any but the one that all start with.
std::string label_words(const MpamLabel& label) {
  if (label == MpamLabel{}) return "";
  return ", " + std::string(pgtable::space_words(label.space)) + " PARTID " + std::to_string(label.partid) +
         ", PMG " + std::to_string(label.pmg);
}

}  // namespace

std::string end_words(const ExplainedEnd& end, AccessKind kind) {
  const AccessAnswer& a = end.answer;
  std::string text = "is aborted";
  if (end.stalls) {
    text = "stalls until software lets it go on or ends it";
  } else if (a.outcome == Outcome::forward) {
    text = "goes on to " + hex(a.output) + ", " + pgtable::memory_words(a.attributes.memory) + ", " +
           pgtable::shareability_words(a.attributes.SH) + ", " + std::string(kind_name(kind, a.instruction)) +
           (a.privileged ? ", privileged" : ", unprivileged") + pbha_words(a.pbha) + label_words(a.mpam);
  } else if (a.outcome == Outcome::answered) {
    text = answer_words(a.ats);
  } else if (a.outcome == Outcome::razwi) {
    text = "is terminated as RAZ/WI";
  }
  return end.at_tbu ? text + " (the micro TLB of its TBU answers)" : text;
}

std::string tbu_text(const TbuAnswer& tbu, const AccessRequest& request, const AccessAnswer& memory) {
  const bool differs = memory.outcome == Outcome::forward
                           ? tbu.output != memory.output || !(tbu.answer.attributes == memory.attributes) ||
                                 tbu.answer.pbha != memory.pbha || !(tbu.answer.mpam == memory.mpam)
                           : tbu.serves;  // it lets through what memory does not
  std::string text = "micro TLB of TBU " + std::to_string(request.port) + ": " +
                     (differs ? "STALE: cached: " : "as in memory: ");
  text += tbu.answer.translated ? translation_words(tbu.output, tbu.shift, tbu.answer.rights,
                                                    tbu.answer.attributes, tbu.answer.pbha)
                                : "bypass to " + hex(tbu.output);
  return text + (tbu.serves ? "" : "; has not the rights: the TCU is asked") + "\n";
}

std::string ends_text(const std::string& now, const std::string& memory, bool same) {
  const std::string text = "now: the access " + now;
  if (same) return text + "caches give the answer that memory gives\n";
  return text + "STALE: caches give another answer than memory\nwith empty caches: the access " + memory;
}

}  // namespace smmuvp::smmu
