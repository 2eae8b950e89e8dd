// "walk --sid" of an SMMUv2: from its registers to the output of both stages, in a dump of memory.
#pragma once

#include <istream>

#include "command_line.h"
#include "stream_request.h"

namespace smmuvp::tables {

/// @param input  where "-" reads addresses from
/// @return whether every access goes on
/// @throws ConfigError that says what is wrong with the request or the SMMU and how to mend it
bool walk_stream_smmuv2(const SavedSmmu& saved, const StreamRequest& request, const DumpMemory& memory,
                        std::istream& input, const Output& output);

}  // namespace smmuvp::tables
