#include "smmuvp/tlm/plugin.h"

#include <cstring>

namespace smmuvp {

std::string compare_abi(const PluginAbi& plugin, const PluginAbi& ours) {
  const auto differs = [](const char* what, std::uint64_t theirs, std::uint64_t mine) {
    return std::string(what) + " " + std::to_string(theirs) + ", this program needs " + std::to_string(mine);
  };
  if (std::memcmp(plugin.magic, ours.magic, sizeof ours.magic) != 0)
    return "its record is not that of a smmu-vp plugin";
  if (plugin.abi != ours.abi) return differs("it has plugin ABI", plugin.abi, ours.abi);
  if (plugin.size < ours.size) return differs("it has a record of size", plugin.size, ours.size);
  if (plugin.pointer_bytes != ours.pointer_bytes) {
    return differs("it has pointers of bytes", plugin.pointer_bytes, ours.pointer_bytes);
  }
  if (plugin.systemc != ours.systemc)
    return differs("it was built with SystemC", plugin.systemc, ours.systemc);
  if (plugin.cxx_level != ours.cxx_level)
    return differs("it was built with C++ level", plugin.cxx_level, ours.cxx_level);
  if (plugin.libstdcxx_abi != ours.libstdcxx_abi) {
    return differs("it was built with _GLIBCXX_USE_CXX11_ABI", plugin.libstdcxx_abi, ours.libstdcxx_abi);
  }
  return "";
}

}  // namespace smmuvp
