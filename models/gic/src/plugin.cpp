#include "smmuvp/tlm/plugin.h"
#include "smmuvp/gic/gic.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::gic_type();
}
}  // namespace

SMMUVP_PLUGIN("gicv2", types)
