#include "smmuvp/tlm/plugin.h"
#include "smmuvp/mali/mali.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::mali_type();
}
}  // namespace

SMMUVP_PLUGIN("mali", types)
