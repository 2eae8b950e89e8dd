// The command "run": one simulation, from configuration to exit code.
#pragma once
#include <string>

#include "config.h"
#include "exit_codes.h"
#include "options.h"

namespace smmuvp::platform {

/// The configuration with what the command line changes in it. @throws ConfigError
PlatformConfig configured(const std::string& config_path, const RunOptions& options);

/// @throws ConfigError for what is wrong before simulation starts
ExitCode run(const std::string& config, const RunOptions& options);

}  // namespace smmuvp::platform
