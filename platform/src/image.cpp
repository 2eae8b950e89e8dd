#include "image.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace smmuvp::platform {

namespace {

struct Bytes {
  const std::uint8_t* data;
  std::size_t size;

  bool has(std::uint64_t offset, std::uint64_t count) const {
    return offset <= size && count <= size - offset;
  }
  template <class T>
  bool read(std::uint64_t offset, T& value) const {
    if (!has(offset, sizeof value)) return false;
    std::memcpy(&value, data + offset, sizeof value);
    return true;
  }
};

using Memories = std::vector<ImageMemory>;

std::string list(const Memories& memories) {
  std::string text;
  for (const ImageMemory& m : memories) {
    text +=
        fmt::format("{}{} {:#x} to {:#x}", text.empty() ? "" : ", ", m.name, m.base, m.base + (m.size - 1));
  }
  return text;
}

// Why a segment is in none of the memories.
std::string misplaced(std::uint64_t i, const Elf64_Phdr& segment, const Memories& memories) {
  const std::uint64_t last = segment.p_paddr + (segment.p_memsz - 1);
  std::string where = "is in no memory";
  if (last < segment.p_paddr) where = "wraps around the end of the address space";
  for (const ImageMemory& m : memories) {
    if (m.holds(segment.p_paddr, 1)) where = "begins in " + m.name + " and does not end there";
  }
  return fmt::format(
      "segment {} of the ELF file, {:#x} bytes from {:#x} to {:#x} (p_paddr), {}; link it into one of: {}", i,
      segment.p_memsz, segment.p_paddr, last, where, list(memories));
}

bool fail(std::string& error, std::string text) {
  error = std::move(text);
  return false;
}

// Offsets of the header are those of Linux's Documentation/arch/arm64/booting.rst.
constexpr std::uint32_t image_magic = 0x644d5241;
constexpr std::uint64_t image_header_bytes = 64;
// "The Image must be placed text_offset bytes from a 2MB aligned base address" (the same document).
constexpr std::uint64_t image_base_alignment = 2 << 20;
constexpr std::uint64_t page = 4096;

// A kernel with an EFI stub has a PE header: its section table tells how long the file must be, which the
// Image header does not.
bool pe_sections_present(const Bytes& file, std::string& error) {
  std::uint16_t mz = 0;
  std::uint32_t pe = 0;
  std::uint32_t signature = 0;
  if (!file.read(0, mz) || mz != 0x5a4d || !file.read(60, pe) || !file.read(pe, signature) ||
      signature != 0x4550) {
    return true;
  }
  std::uint16_t sections = 0;
  std::uint16_t optional_bytes = 0;
  if (!file.read(std::uint64_t{pe} + 6, sections) || !file.read(std::uint64_t{pe} + 20, optional_bytes)) {
    return fail(error, "truncated arm64 Image: its PE header is cut off");
  }
  const std::uint64_t table = std::uint64_t{pe} + 24 + optional_bytes;
  for (std::uint64_t i = 0; i < sections; ++i) {
    std::uint32_t raw_bytes = 0;
    std::uint32_t raw_offset = 0;
    if (!file.read(table + 40 * i + 16, raw_bytes) || !file.read(table + 40 * i + 20, raw_offset) ||
        !file.has(raw_offset, raw_bytes)) {
      return fail(error, fmt::format("truncated arm64 Image: section {} ends at {:#x}, the file at {:#x}", i,
                                     std::uint64_t{raw_offset} + raw_bytes, file.size));
    }
  }
  return true;
}

bool parse_image(const Bytes& file, const ImageMemory& ram, KernelImage& image, std::string& error) {
  std::uint64_t text_offset = 0;
  std::uint64_t image_size = 0;
  std::uint64_t flags = 0;
  if (!file.read(8, text_offset) || !file.read(16, image_size) || !file.read(24, flags)) {
    return fail(error, "truncated arm64 Image: the header needs 64 bytes");
  }
  if ((flags & 1) != 0)
    return fail(error, "the arm64 Image is big-endian; only little-endian kernels run here");
  if (image_size == 0) return fail(error, "the arm64 Image does not say its size (image_size is 0)");
  if (image_size < file.size) {
    return fail(error, fmt::format("corrupt arm64 Image: image_size is {:#x}, the file has {:#x} bytes",
                                   image_size, file.size));
  }
  if (!pe_sections_present(file, error)) return false;
  // Linux had 0x80000 here for long, or with CONFIG_ARM64_RANDOMIZE_TEXT_OFFSET any page of these 2 MiB.
  if (text_offset % page != 0 || text_offset >= image_base_alignment) {
    return fail(error,
                fmt::format("corrupt arm64 Image: text_offset is {:#x}; a multiple of {:#x} below {:#x} "
                            "is expected",
                            text_offset, page, image_base_alignment));
  }
  const std::uint64_t gap = (image_base_alignment - ram.base % image_base_alignment) % image_base_alignment;
  if (gap >= ram.size || !ram.holds(ram.base + gap + text_offset, image_size)) {
    return fail(error, fmt::format("the arm64 Image needs {:#x} bytes from a multiple of {:#x} plus {:#x}; "
                                   "the first memory is {}",
                                   image_size, image_base_alignment, text_offset, list({ram})));
  }
  const std::uint64_t base = ram.base + gap + text_offset;
  image.format = KernelImage::Format::Image;
  image.segments = {{base, 0, file.size, image_size}};
  image.entry = base;
  return true;
}

bool parse_elf(const Bytes& file, const Memories& memories, KernelImage& image, std::string& error) {
  Elf64_Ehdr header;
  if (file.size > EI_DATA && file.data[EI_CLASS] != ELFCLASS64) {
    return fail(error, "the ELF file is not a 64-bit one");
  }
  if (file.size > EI_DATA && file.data[EI_DATA] != ELFDATA2LSB) {
    return fail(error, "the ELF file is not little-endian");
  }
  if (!file.read(0, header)) return fail(error, "truncated ELF file: the header is cut off");
  if (header.e_machine != EM_AARCH64) {
    return fail(error, fmt::format("the ELF file is for machine {}, not for AArch64 ({})", header.e_machine,
                                   EM_AARCH64));
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return fail(error, fmt::format("the ELF file is of type {}, not an executable", header.e_type));
  }
  if (header.e_phnum == 0) return fail(error, "the ELF file has no program headers");
  // Far above any kernel; keeps the overlap check below short on a corrupt file.
  constexpr unsigned most_segments = 256;
  if (header.e_phnum > most_segments) {
    return fail(error, fmt::format("corrupt ELF file: {} program headers", header.e_phnum));
  }
  if (header.e_phentsize != sizeof(Elf64_Phdr)) {
    return fail(error, fmt::format("corrupt ELF file: program headers of {} bytes", header.e_phentsize));
  }
  bool entry_found = false;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (!file.has(header.e_phoff, 0) || !file.read(header.e_phoff + i * sizeof segment, segment)) {
      return fail(error, fmt::format("truncated ELF file: program header {} is cut off", i));
    }
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    if (segment.p_filesz > segment.p_memsz) {
      return fail(error, fmt::format("corrupt ELF file: segment {} is larger in the file than in memory", i));
    }
    if (!file.has(segment.p_offset, segment.p_filesz)) {
      return fail(error, fmt::format("truncated ELF file: segment {} ends at {:#x}, the file at {:#x}", i,
                                     segment.p_offset + segment.p_filesz, file.size));
    }
    if (std::none_of(memories.begin(), memories.end(),
                     [&](const ImageMemory& m) { return m.holds(segment.p_paddr, segment.p_memsz); })) {
      return fail(error, misplaced(i, segment, memories));
    }
    for (const ImageSegment& other : image.segments) {
      if (segment.p_paddr < other.address + other.memory_bytes &&
          other.address < segment.p_paddr + segment.p_memsz) {
        return fail(
            error, fmt::format("corrupt ELF file: segment {} at {:#x} overlaps another", i, segment.p_paddr));
      }
    }
    image.segments.push_back({segment.p_paddr, segment.p_offset, segment.p_filesz, segment.p_memsz});
    // A kernel linked at a high address has a virtual entry point; it starts with the MMU off.
    if (!entry_found && header.e_entry >= segment.p_vaddr &&
        header.e_entry - segment.p_vaddr < segment.p_memsz) {
      image.entry = header.e_entry - segment.p_vaddr + segment.p_paddr;
      entry_found = true;
    }
  }
  if (image.segments.empty()) return fail(error, "the ELF file has nothing to load");
  // Other linker scripts give the physical address itself.
  for (const ImageSegment& segment : image.segments) {
    if (!entry_found && header.e_entry >= segment.address &&
        header.e_entry - segment.address < segment.memory_bytes) {
      image.entry = header.e_entry;
      entry_found = true;
    }
  }
  if (!entry_found) {
    return fail(error,
                fmt::format("the ELF file's entry point {:#x} is in none of its segments", header.e_entry));
  }
  image.format = KernelImage::Format::Elf;
  return true;
}

}  // namespace

std::uint64_t KernelImage::end_in(const ImageMemory& memory) const {
  std::uint64_t end = memory.base;
  for (const ImageSegment& s : segments) {
    if (memory.holds(s.address, s.memory_bytes)) end = std::max(end, s.address + s.memory_bytes);
  }
  return end;
}

bool parse_kernel(const std::uint8_t* data, std::size_t bytes, const std::vector<ImageMemory>& memories,
                  KernelImage& image, std::string& error) {
  image = {};
  const Bytes file{data, bytes};
  if (bytes == 0) return fail(error, "the file is empty");
  if (bytes >= SELFMAG && std::memcmp(data, ELFMAG, SELFMAG) == 0)
    return parse_elf(file, memories, image, error);
  std::uint32_t magic = 0;
  if (file.has(0, image_header_bytes) && file.read(56, magic) && magic == image_magic) {
    return parse_image(file, memories.front(), image, error);
  }
  if (bytes < image_header_bytes) {
    return fail(
        error, fmt::format("the file has {} bytes: too short for an AArch64 ELF file or arm64 Image", bytes));
  }
  return fail(error, "the file is neither an AArch64 ELF executable nor an arm64 Image");
}

}  // namespace smmuvp::platform
