// The commands "params", "components" and "trace-points": what plugins offer, as tables.
#pragma once
#include <string>

#include "plugins.h"

namespace smmuvp::platform {

/// @param type  only this one, or all if empty. @throws ConfigError if there is no such type
std::string params_table(PluginCatalogue& plugins, const std::string& type);
std::string components_table(PluginCatalogue& plugins);
/// As params_table.
std::string trace_table(PluginCatalogue& plugins, const std::string& type);

}  // namespace smmuvp::platform
