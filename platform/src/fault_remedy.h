// What would have made a denied access legal: one table, by the fault and by what decided about it.
#pragma once
#include <string>
#include <string_view>

#include "smmuvp/tlm/explanation.h"

namespace smmuvp::platform {

/// What said no.
enum class Decider {
  access,      ///< the transaction itself
  off,         ///< the SMMU is off, in reset, or aborts by a global register
  range,       ///< the StreamID is beyond the Stream table
  span,        ///< an L1STD that leads to no STE
  structure,   ///< a structure that memory does not answer
  valid,       ///< a structure with V = 0
  legality,    ///< a structure that is ILLEGAL
  setting,     ///< a field of a structure that is legal, or of a register
  descriptor,  ///< of a translation table
  table,       ///< memory does not answer the address of a descriptor
  input_size,  ///< no range of translation tables has the address
  range_off,   ///< EPD
  E0PD,
  first_table,  ///< the address in TTBR or VTTBR
  output_size,  ///< an address that is not translated has too many bits
  cache,        ///< what caches held, and memory has not
  any,          ///< whatever it was
};

/// Of structures: which, as Explanation::Structure::name has it; else empty.
struct Decided {
  Decider by = Decider::any;
  std::string structure;
};

/// @param event  "F_TRANSLATION"; of an SMMUv2 "FSR.TF", "GFSR.USF"
Decided decided_by(std::string_view event, const AccessQuestion& question, const Explanation& explanation);

struct Remedy {
  std::string text;
  std::string clause;
};

/// For each event of IHI 0070 7.3 and each bit of SMMU_CBn_FSR and SMMU_sGFSR of IHI 0062 there is one.
Remedy remedy_for(std::string_view event, const Decided& decided, const AccessQuestion& question,
                  const Explanation& explanation);

/// "FSR.TF" of "SMMU_CB3_FSR.TF", "GFSR.USF" of "SMMU_SGFSR.USF"; an event of an SMMUv3 as it is.
std::string event_key(std::string_view fault);

}  // namespace smmuvp::platform
