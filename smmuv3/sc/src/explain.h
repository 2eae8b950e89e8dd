// Explanations in the form that they leave the library in.
#pragma once

#include "smmuvp/smmuv3/explain_access.h"
#include "smmuvp/tlm/explanation.h"

namespace smmuvp::smmuv3 {

Explanation explanation_of(const AccessExplanation& from, bool in_words);

}  // namespace smmuvp::smmuv3
