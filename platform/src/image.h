// Finds out what a kernel file is and where its parts go in physical memory.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace smmuvp::platform {

/// A part of the file that is copied to memory. The rest of `memory_bytes` is zeroed.
struct ImageSegment {
  std::uint64_t address = 0;  ///< physical
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t memory_bytes = 0;
};

struct KernelImage {
  enum class Format { Elf, Image } format = Format::Elf;
  std::vector<ImageSegment> segments;
  std::uint64_t entry = 0;  ///< physical
  std::uint64_t end = 0;    ///< first byte above all segments
};

/// Parses an uncompressed kernel: an AArch64 ELF executable (ELF64, little-endian) or an arm64 Image. Reads
/// inside [data, data + bytes) only, whatever the file says, and checks every segment against memory.
/// @param ram_base, ram_size  where memory is; an Image goes to ram_base + text_offset
/// @param error  what is wrong, if false is returned
bool parse_kernel(const std::uint8_t* data, std::size_t bytes, std::uint64_t ram_base, std::uint64_t ram_size,
                  KernelImage& image, std::string& error);

}  // namespace smmuvp::platform
