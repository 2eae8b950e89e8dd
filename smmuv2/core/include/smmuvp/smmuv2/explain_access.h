// What becomes of an access and why, from the registers that decide to the fault that would be told, with
// what caches hold and what memory says: for whoever debugs a driver. Nothing is changed by asking.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "smmuvp/smmu/explain.h"
#include "smmuvp/smmu/explain_access.h"
#include "smmuvp/smmuv2/faults.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2 {

/// A fault that an access ends or stalls with.
struct ExplainedFault {
  std::string name;  ///< "SMMU_CB3_FSR.TF", "SMMU_GFSR.USF"
  FaultFate fate = FaultFate::recorded;
  std::string fate_words;  ///< whether it is told, and why not; why the access does not stall
  std::vector<smmu::RegisterFact> registers;  ///< of status and syndrome, as a record of it reads
};

/// How an access ends.
struct ExplainedEnd : smmu::ExplainedEnd {
  /// None, or that of a bank or of the global registers; behind one of a bank the UCIF that comes with it
  /// where its interrupt is not there (3.6.2).
  std::vector<ExplainedFault> faults;
  std::string why;  ///< what about registers or the address makes the fault; empty: the walk tells
};
/// Whether a client and software see the same: outcome, output, attributes, faults.
bool same(const ExplainedEnd& a, const ExplainedEnd& b);

struct AccessExplanation {
  smmu::AccessRequest request;
  std::vector<smmu::RegisterFact> registers;  ///< that decide, in the order in which they do
  std::string mapping;  ///< "group 3: context bank 2"; what sCR0, SMRs and S2CR make of the stream
  std::string context;  ///< "context bank 2: stage 1, AArch64, ..."; empty: nothing is translated
  /// By the context; none where no walk is made.
  std::optional<smmu::TranslationExplanation> translation;
  std::optional<smmu::TbuAnswer> tbu;
  ExplainedEnd now;     ///< of the access, sent now
  ExplainedEnd memory;  ///< of the access, if no cache held anything

  /// Whether a cache holds something else than memory.
  bool stale() const;
};

/// Explains what would become of an access: no fault, no statistics, no cache is changed, and `memory` is
/// asked for reads only. `debug` and `time` of the request are ignored.
AccessExplanation explain(Smmu& smmu, const smmu::AccessRequest& request, const smmu::DebugMemory& memory);

/// Lines for people; "STALE" marks what differs from memory.
std::string to_text(const AccessExplanation& explanation);

}  // namespace smmuvp::smmuv2
