// Whatever bytes a kernel file has: the parser reads inside it, and what it accepts lies in file and memory.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "image.h"
#include "unpack.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t base = 0x40000000;
  constexpr std::uint64_t bytes = 0x1000000;
  smmuvp::platform::KernelImage image;
  std::string error;
  std::vector<std::uint8_t> file(data, data + size);
  if (!smmuvp::platform::unpack_kernel(file, bytes, error)) {
    if (error.empty()) std::abort();
    return 0;
  }
  if (file.size() > bytes && file.size() != size) std::abort();
  data = file.data();
  size = file.size();
  if (!smmuvp::platform::parse_kernel(data, size, {{"ram", base, bytes}}, image, error)) {
    if (error.empty()) std::abort();
    return 0;
  }
  for (const auto& s : image.segments) {
    if (s.file_offset > size || s.file_bytes > size - s.file_offset || s.file_bytes > s.memory_bytes)
      std::abort();
    if (s.address < base || s.address - base > bytes || s.memory_bytes > bytes - (s.address - base))
      std::abort();
  }
  return 0;
}
