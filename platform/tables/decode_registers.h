// The kind "smmuv2" of the command "decode": registers of the SMMUv2, from the command line or out of a log.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "command_line.h"

namespace smmuvp::tables {

/// The word that asks for registers of an SMMUv2.
constexpr const char* register_kind = "smmuv2";

/// What `decode --help` says of it.
std::string register_help();

/// @param arguments  what follows "decode" on the command line, the kind's own word included
/// @throws ConfigError that says what is wrong with the arguments and how to mend it
void decode_registers(const std::vector<std::string>& arguments, std::istream& input, const Output& output);

}  // namespace smmuvp::tables
