#include "smmuvp/tlm/plugin.h"
#include "smmuvp/memory/memory.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::memory_type();
}
}  // namespace

SMMUVP_PLUGIN("memory", types)
