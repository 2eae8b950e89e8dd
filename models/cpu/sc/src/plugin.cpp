#include "smmuvp/tlm/plugin.h"

#include "smmuvp/cpu/cpu.h"

namespace {
const smmuvp::ComponentType* types(std::size_t* count) {
  *count = 1;
  return &smmuvp::cpu_type();
}
}  // namespace

SMMUVP_PLUGIN("AArch64 processor on libunicorn (GPL-2.0)", types)
