// The command "decode": descriptors of translation tables, structures of the SMMUv3 and registers of the
// SMMUv2, field by field.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "command_line.h"

namespace smmuvp::tables {

/// @param arguments  what follows "decode" on the command line
/// @param input      where "-" reads from
/// @throws ConfigError that says what is wrong with the arguments and how to mend it
void decode(const std::vector<std::string>& arguments, std::istream& input, const Output& output);

}  // namespace smmuvp::tables
