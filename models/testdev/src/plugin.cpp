#include "smmuvp/tlm/plugin.h"
#include "smmuvp/testdev/testdev.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::testdev_type();
}
}  // namespace

SMMUVP_PLUGIN("testdev", types)
