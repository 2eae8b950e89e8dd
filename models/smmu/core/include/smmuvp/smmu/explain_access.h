// What explanations of accesses have in common, whichever SMMU gives them: what becomes of an access and why,
// with what caches hold and what memory says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/field_text.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/access_object.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/explain.h"

namespace smmuvp::smmu {

/// A register that decides about accesses, now.
struct RegisterFact {
  std::string name;
  std::uint64_t value = 0;
  std::string meaning;                 ///< may be empty
  std::vector<ExplainedField> fields;  ///< may be empty, where `meaning` says it all
};

/// What the micro TLB of the access's TBU holds for its address.
struct TbuAnswer {
  std::uint64_t output = 0;
  std::uint8_t shift = 0;
  FinishedAnswer answer;
  bool serves = false;  ///< it has the rights that the access needs
};

/// How an access ends. What software is told is each SMMU's.
struct ExplainedEnd {
  AccessAnswer answer;
  bool at_tbu = false;    ///< the TBU answers it by itself
  bool stalls = false;    ///< it waits for software, and goes no further before
  bool recorded = false;  ///< software would be told, as things are now
  std::string why_not;    ///< where it would not, or where there is nothing to tell though the access ends
};

/// Whether a client sees the same: outcome, output, attributes.
bool same(const AccessAnswer& a, const AccessAnswer& b);

/// Runs an access of a request with `debug` and `foresee` until it ends: flag updates are only foreseen, to
/// succeed where memory can be read.
void run_foreseen(AccessObject& access, const DebugMemory& memory);

/// None: the TBU holds nothing for the request's address, or answers no such request. `debug` is ignored.
std::optional<TbuAnswer> tbu_answer(Engine& engine, const AccessRequest& request);
/// The end of an access that its TBU serves.
AccessAnswer answer_by(const TbuAnswer& tbu, const AccessRequest& request);

/// An engine whose caches hold nothing, for the same way as any access goes; it tells nobody anything.
struct EmptyEngine {
  EmptyEngine() : diag(nullptr, ""), tracer(nullptr, ""), engine(structures(), tracer) {}
  EmptyEngine(const EmptyEngine&) = delete;
  EmptyEngine& operator=(const EmptyEngine&) = delete;

  Diag diag;
  Tracer tracer;
  Engine engine;

 private:
  static EngineStructures structures();
};

// ---- in words

/// "stream 0x5, address 0x1000: read, unprivileged, by TBU 0".
std::string request_words(const AccessRequest& request);
/// "E = 1 (big-endian tables)"; "(!)" marks what is wrong.
std::string field_words(const ExplainedField& field);
/// Lines of those that are neither 0 nor without effect.
std::string fields_text(const std::vector<ExplainedField>& fields, const std::string& indent);
/// Lines: each register, and its fields below it.
std::string registers_text(const std::vector<RegisterFact>& registers, const std::string& indent);
/// "goes on to 0x80000010, Normal, ..."; "is aborted (the micro TLB of its TBU answers)".
std::string end_words(const ExplainedEnd& end, AccessKind kind);
/// A line of the micro TLB. @param memory  how the access ends with empty caches
std::string tbu_text(const TbuAnswer& tbu, const AccessRequest& request, const AccessAnswer& memory);
/// Both ends, in lines of their own, and whether caches tell something else than memory.
std::string ends_text(const std::string& now, const std::string& memory, bool same);

}  // namespace smmuvp::smmu
