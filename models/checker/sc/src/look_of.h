// What an SMMU's explanation of an access is to the checker.
#pragma once

#include "smmuvp/checker/look.h"
#include "smmuvp/tlm/explanation.h"

namespace smmuvp {

/// @param E2H  CR2.E2H
checker::Look look_of(const Explanation& explanation, const AccessQuestion& question, bool E2H);
/// Of an SMMUv2.
checker::Look look_of_smmuv2(const Explanation& explanation, const AccessQuestion& question);

/// "goes on to 0x80001000", "is aborted with F_TRANSLATION"
std::string words_of_end(const Explanation::End& end);
/// Whether a client and software see the same.
bool same_end(const Explanation::End& a, const Explanation::End& b);

}  // namespace smmuvp
