// "walk --sid": from the Stream table of an SMMUv3, or the registers of an SMMUv2, to the output of both
// stages, in a dump of memory.
#pragma once

#include <string>
#include <vector>

#include "command_line.h"

namespace smmuvp::tables {

/// Whether the command line of "walk" asks for a stream.
bool asks_for_stream(const std::vector<std::string>& arguments);

/// @param arguments  what follows "walk" on the command line
/// @param input      where "-" reads addresses from
/// @return whether every access goes on
/// @throws ConfigError that says what is wrong with arguments or dumps and how to mend it
bool walk_stream(const std::vector<std::string>& arguments, std::istream& input, const Output& output);

}  // namespace smmuvp::tables
