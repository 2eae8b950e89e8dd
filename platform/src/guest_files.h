// Files of the host that a configuration names.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace smmuvp::platform {

/// The folder of this program's file.
std::string program_directory();

/// "guest:Image" is the file Image of the bundled guest: <build>/sw in a build tree,
/// <prefix>/share/smmu-vp/guest when installed. Anything else is relative to `directory`.
std::string resolve_path(const std::string& written, const std::string& directory);

/// @return false, and why, if the file cannot be read or has more than `most` bytes.
bool read_file(const std::string& path, std::uint64_t most, std::vector<std::uint8_t>& data,
               std::string& error);

}  // namespace smmuvp::platform
