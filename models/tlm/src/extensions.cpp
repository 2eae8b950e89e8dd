// Gives the extension types one home, so that their ids are the same in every plugin.
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/compare_swap_extension.h"

template class tlm::tlm_extension<smmuvp::AccessExtension>;
template class tlm::tlm_extension<smmuvp::CompareSwapExtension>;

namespace smmuvp {

tlm::tlm_extension_base* AccessExtension::clone() const { return new AccessExtension(*this); }
tlm::tlm_extension_base* CompareSwapExtension::clone() const { return new CompareSwapExtension(*this); }

}  // namespace smmuvp
