// The memory of a platform in a file, with what its SMMUs are set up to: for `smmu-vp walk`.
#pragma once
#include "output_file.h"
#include "system.h"

namespace smmuvp::platform {

/// Writes an ELF core file (platform/tables/memory_image.h): a segment a memory, by physical address. Pages
/// of zeros are holes. @return errno of what could not be written, or 0
int write_memory_dump(OutputFile& file, const System& system);

}  // namespace smmuvp::platform
