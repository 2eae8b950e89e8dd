#include "smmuvp/tlm/plugin.h"
#include "smmuvp/virtio/virtio_blk.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::virtio_blk_type();
}
}  // namespace

SMMUVP_PLUGIN("virtio", types)
