// Kernels that come compressed: gzip files, and EFI zboot images (a PE program around a compressed arm64
// Image).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace smmuvp::platform {

/// What a kernel may unpack to where there are so many bytes of memory. A bound of this machine, too: what
/// unpacks to a large guest memory need not be a large file.
std::uint64_t most_unpacked_bytes(std::uint64_t memory_bytes);

/// Replaces a compressed kernel by what is in it; a file that is neither gzip nor EFI zboot stays as it is.
/// zboot payloads may be gzip or zstd. All members or frames are unpacked; behind the last one only zeros may
/// follow, and the unpacked size that Linux's build puts there. What is behind a zboot payload is not looked
/// at. Reads inside `file` only, whatever it says.
/// @param most  a kernel that is larger is refused, in bytes
/// @param error  what is wrong, if false is returned; `file` is then unchanged
bool unpack_kernel(std::vector<std::uint8_t>& file, std::uint64_t most, std::string& error);

}  // namespace smmuvp::platform
