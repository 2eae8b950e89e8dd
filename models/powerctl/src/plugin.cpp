#include "smmuvp/tlm/plugin.h"
#include "smmuvp/powerctl/powerctl.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::powerctl_type();
}
}  // namespace

SMMUVP_PLUGIN("powerctl", types)
