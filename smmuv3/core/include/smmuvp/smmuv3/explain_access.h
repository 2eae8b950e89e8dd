// What becomes of an access and why, step by step, with what caches hold and what memory says: for whoever
// debugs a driver. Nothing is changed by asking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "smmuvp/pgtable/explain_walk.h"
#include "smmuvp/smmu/explain.h"
#include "smmuvp/smmu/explain_access.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/explain.h"
#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

/// An L1STD, STE, L1CD or CD, in memory and in its cache.
struct FoundStructure {
  StructureKind kind = StructureKind::STE;
  std::optional<std::uint64_t> address;     ///< physical; none: memory leads to no such structure
  bool aborted = false;                     ///< memory answers its address with an abort
  std::vector<std::uint64_t> words;         ///< in memory; empty: not read
  std::vector<std::uint64_t> cached;        ///< what accesses use; empty: nothing is cached
  StructureExplanation memory_explanation;  ///< of `words`
  StructureExplanation cached_explanation;  ///< of `cached`
  bool stale() const { return !cached.empty() && cached != words; }
};

/// The structures by which memory says how accesses of a request's identity are translated, and what the
/// caches hold instead, explained. Changes nothing.
std::vector<FoundStructure> find_structures(Smmu& smmu, const smmu::AccessRequest& request,
                                            const smmu::DebugMemory& memory, bool in_words = true);

/// How an access ends.
struct ExplainedEnd : smmu::ExplainedEnd {
  std::optional<Event> event;  ///< the fault or error; `recorded` in the Event queue, as that is now
};
/// Whether a client and software see the same: outcome, output, attributes, event.
bool same(const ExplainedEnd& a, const ExplainedEnd& b);

/// How stage 2 translates the address of an L1CD or CD.
struct CdAddress {
  StructureKind kind = StructureKind::CD;
  std::uint64_t ipa = 0;
  smmu::TranslationExplanation translation;
};

struct AccessExplanation {
  smmu::AccessRequest request;
  std::vector<smmu::RegisterFact> registers;
  std::vector<FoundStructure> structures;  ///< L1STD, STE, L1CD, CD, as far as there are any
  std::vector<CdAddress> cd_addresses;     ///< nested: of the L1CD, if any, and of the CD
  /// By the configuration in use, cached or not; none where nothing is translated.
  std::optional<smmu::TranslationExplanation> translation;
  std::optional<smmu::TbuAnswer> tbu;
  ExplainedEnd now;     ///< of the access, sent now
  ExplainedEnd memory;  ///< of the access, if no cache held anything

  /// Whether a cache holds something else than memory.
  bool stale() const;
};

/// Explains what would become of an access: no event, no statistics, no cache is changed, and `memory` is
/// asked for reads only. `debug` and `time` of the request are ignored.
/// @param in_words  false: without fields, meanings and registers
AccessExplanation explain(Smmu& smmu, const smmu::AccessRequest& request, const smmu::DebugMemory& memory,
                          bool in_words = true);

/// Lines for people; "STALE" marks what differs from memory.
std::string to_text(const AccessExplanation& explanation);

}  // namespace smmuvp::smmuv3
