#include "smmuvp/tlm/plugin.h"
#include "smmuvp/adreno/adreno.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::adreno_type();
}
}  // namespace

SMMUVP_PLUGIN("adreno", types)
