// A plugin whose record is of another plugin ABI; its types would crash whoever called them.
#include "smmuvp/tlm/plugin.h"

namespace {
const smmuvp::ComponentType* types(std::size_t*) { __builtin_trap(); }
}  // namespace

extern "C" __attribute__((visibility("default"))) const smmuvp::PluginAbi* smmuvp_plugin() {
  static const smmuvp::PluginAbi abi = [] {
    smmuvp::PluginAbi other = smmuvp::make_plugin_abi("from another time", types);
    other.abi += 7;
    return other;
  }();
  return &abi;
}
