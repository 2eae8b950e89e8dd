#include "smmuvp/tlm/plugin.h"
#include "smmuvp/pl031/pl031.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::pl031_type();
}
}  // namespace

SMMUVP_PLUGIN("pl031", types)
