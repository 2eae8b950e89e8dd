#include "smmuvp/tlm/plugin.h"
#include "smmuvp/pl011/pl011.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::pl011_type();
}
}  // namespace

SMMUVP_PLUGIN("pl011", types)
