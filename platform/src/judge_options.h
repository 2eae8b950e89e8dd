// Options of "run" that say what a run must show to pass, and what its reports call it.
#pragma once
#include <boost/program_options.hpp>

#include "options.h"

namespace smmuvp::platform {

/// @throws ConfigError that names the option and an example
std::uint64_t number_option(const boost::program_options::variables_map& map, const char* name,
                            const char* example);

/// Their group of --help.
boost::program_options::options_description judge_options();

/// @throws ConfigError for a value that means nothing
void take_judge_options(const boost::program_options::variables_map& map, RunOptions& run);

}  // namespace smmuvp::platform
