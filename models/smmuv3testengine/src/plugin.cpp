#include "smmuvp/tlm/plugin.h"
#include "smmuvp/smmuv3testengine/smmuv3testengine.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::smmuv3testengine_type();
}
}  // namespace

SMMUVP_PLUGIN("smmuv3testengine", types)
