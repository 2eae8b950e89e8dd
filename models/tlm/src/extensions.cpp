// Gives the extension types one home, so that their ids are the same in every plugin.
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/ats_extension.h"
#include "smmuvp/tlm/compare_swap_extension.h"
#include "smmuvp/tlm/resume_extension.h"

template class tlm::tlm_extension<smmuvp::AccessExtension>;
template class tlm::tlm_extension<smmuvp::AtsExtension>;
template class tlm::tlm_extension<smmuvp::AtsMessageExtension>;
template class tlm::tlm_extension<smmuvp::CompareSwapExtension>;
template class tlm::tlm_extension<smmuvp::ResumeExtension>;

namespace smmuvp {

tlm::tlm_extension_base* AccessExtension::clone() const { return new AccessExtension(*this); }
tlm::tlm_extension_base* AtsExtension::clone() const { return new AtsExtension(*this); }
tlm::tlm_extension_base* AtsMessageExtension::clone() const { return new AtsMessageExtension(*this); }
tlm::tlm_extension_base* CompareSwapExtension::clone() const { return new CompareSwapExtension(*this); }
tlm::tlm_extension_base* ResumeExtension::clone() const { return new ResumeExtension(*this); }

}  // namespace smmuvp
