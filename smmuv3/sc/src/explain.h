// Explanations in the form that they leave the library in.
#pragma once

#include "smmuvp/smmuv3/explain_access.h"
#include "smmuvp/smmuv3/explanation.h"

namespace smmuvp::smmuv3 {

smmu::AccessRequest request_of(const AccessQuestion& question);
Explanation explanation_of(const AccessExplanation& from);

}  // namespace smmuvp::smmuv3
