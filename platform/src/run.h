// The command "run": one simulation, from configuration to exit code.
#pragma once
#include <string>

#include "exit_codes.h"
#include "options.h"

namespace smmuvp::platform {

/// @throws ConfigError for what is wrong before simulation starts
ExitCode run(const std::string& config, const RunOptions& options);

}  // namespace smmuvp::platform
