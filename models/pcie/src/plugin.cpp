#include "smmuvp/tlm/plugin.h"
#include "smmuvp/pcie/pcie.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::pcie_type();
}
}  // namespace

SMMUVP_PLUGIN("pcie", types)
