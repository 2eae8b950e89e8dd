// The command "decode" for structures of the SMMUv3: stream table, context descriptors, commands, events.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "command_line.h"
#include "smmuvp/smmuv3/explain.h"

namespace smmuvp::tables {

/// Their words on the command line: "ste, cd, ...".
std::string structure_kinds();
/// What "decode --help" says about them: a line a kind, and the options.
std::string structure_help();
/// The option names, for suggestions.
std::vector<std::string> structure_option_names();

/// @param arguments  what follows "decode", the kind's word among them
/// @param input      where "-" and "--file -" read from
/// @throws ConfigError that says what is wrong with the arguments and how to mend it
void decode_structures(smmuv3::StructureKind kind, const std::vector<std::string>& arguments,
                       std::istream& input, const Output& output);

}  // namespace smmuvp::tables
