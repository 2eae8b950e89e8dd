// The command "walk": translation tables in dumps of memory, walked step by step.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "command_line.h"

namespace smmuvp::tables {

/// @param arguments  what follows "walk" on the command line
/// @param input      where "-" reads addresses from
/// @return whether every address was translated
/// @throws ConfigError that says what is wrong with arguments, dumps or configuration and how to mend it
bool walk(const std::vector<std::string>& arguments, std::istream& input, const Output& output);

}  // namespace smmuvp::tables
