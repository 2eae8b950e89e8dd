#include "smmuvp/tlm/plugin.h"
#include "smmuvp/router/router.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::router_type();
}
}  // namespace

SMMUVP_PLUGIN("router", types)
