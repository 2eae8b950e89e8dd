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

/// A memory that parts of a kernel may go to.
struct ImageMemory {
  std::string name;  ///< for messages
  std::uint64_t base = 0;
  std::uint64_t size = 0;

  bool holds(std::uint64_t address, std::uint64_t count) const {
    return address >= base && address - base <= size && count <= size - (address - base);
  }
};

struct KernelImage {
  enum class Format { Elf, Image } format = Format::Elf;
  std::vector<ImageSegment> segments;
  std::uint64_t entry = 0;  ///< physical

  /// First byte above the segments in this memory; its base if there are none.
  std::uint64_t end_in(const ImageMemory& memory) const;
};

/// Parses an uncompressed kernel: an AArch64 ELF executable (ELF64, little-endian) or an arm64 Image. Reads
/// inside [data, data + bytes) only, whatever the file says. Every segment lies in one of the memories.
/// @param memories  at least one; segments of an ELF file go to any, an Image to the first
/// @param error  what is wrong, if false is returned
bool parse_kernel(const std::uint8_t* data, std::size_t bytes, const std::vector<ImageMemory>& memories,
                  KernelImage& image, std::string& error);

}  // namespace smmuvp::platform
