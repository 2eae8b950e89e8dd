// The one C entry point of a plugin, and the record that is compared before any C++ crosses the border.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <systemc>

#include "smmuvp/base/export.h"
#include "smmuvp/tlm/component.h"

namespace smmuvp {

/// Plain data; its layout never changes, only grows at the end (`size` tells).
struct PluginAbi {
  char magic[8];                ///< "SMMU-VP\0"
  std::uint32_t size;           ///< sizeof(PluginAbi) of the plugin
  std::uint32_t abi;            ///< plugin_abi_version
  std::uint32_t systemc;        ///< SYSTEMC_VERSION, the release date as a number
  std::uint32_t cxx_level;      ///< __cplusplus
  std::uint32_t libstdcxx_abi;  ///< _GLIBCXX_USE_CXX11_ABI, or 2 for another library
  std::uint32_t pointer_bytes;
  const char* description;  ///< for messages, may be empty
  /// The plugin's types. Called only if all of the above agrees.
  const ComponentType* (*types)(std::size_t* count);
};

/// Changes whenever a class in this folder or in models/base changes its layout or virtual functions.
constexpr std::uint32_t plugin_abi_version = 10;
/// Name of the C entry point: `const PluginAbi* smmuvp_plugin(void)`.
constexpr const char* plugin_entry = "smmuvp_plugin";

constexpr std::uint32_t libstdcxx_abi() {
#ifdef _GLIBCXX_USE_CXX11_ABI
  return _GLIBCXX_USE_CXX11_ABI;
#else
  return 2;
#endif
}

/// The record of the code that includes this header.
constexpr PluginAbi make_plugin_abi(const char* description, const ComponentType* (*types)(std::size_t*)) {
  return {{'S', 'M', 'M', 'U', '-', 'V', 'P', '\0'},
          static_cast<std::uint32_t>(sizeof(PluginAbi)),
          plugin_abi_version,
          static_cast<std::uint32_t>(SYSTEMC_VERSION),
          static_cast<std::uint32_t>(__cplusplus),
          libstdcxx_abi(),
          static_cast<std::uint32_t>(sizeof(void*)),
          description,
          types};
}

/// Compares a plugin's record with ours. @return empty if they agree, else what differs and both values.
SMMUVP_EXPORT std::string compare_abi(const PluginAbi& plugin, const PluginAbi& ours);

}  // namespace smmuvp

/// Defines the entry point. `types_function` is `const smmuvp::ComponentType* f(std::size_t* count)`.
#define SMMUVP_PLUGIN(description, types_function)                                                 \
  extern "C" SMMUVP_EXPORT const ::smmuvp::PluginAbi* smmuvp_plugin() {                            \
    static const ::smmuvp::PluginAbi abi = ::smmuvp::make_plugin_abi(description, types_function); \
    return &abi;                                                                                   \
  }
