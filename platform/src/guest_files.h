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

/// Opens a regular file for reading, and no other kind: a pipe or a device might block, or never end.
/// @return a descriptor, which the caller closes; or -1, and why
int open_regular_file(const std::string& path, std::string& error);

/// @return false, and why, if it is no regular file, cannot be read, or has more than `most` bytes.
bool read_file(const std::string& path, std::uint64_t most, std::vector<std::uint8_t>& data,
               std::string& error);

}  // namespace smmuvp::platform
