// What an SMMU's explanation of an access is to the checker.
#pragma once

#include "smmuvp/checker/look.h"
#include "smmuvp/tlm/explanation.h"

namespace smmuvp {

/// @param E2H  CR2.E2H
checker::Look look_of(const Explanation& explanation, const AccessQuestion& question, bool E2H);

}  // namespace smmuvp
