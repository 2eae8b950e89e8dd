#include "image.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace smmuvp::platform {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t ram_base = 0x40000000;
constexpr std::uint64_t ram_size = 0x1000000;
const ImageMemory ram{"ram", ram_base, ram_size};

template <class T>
void put(Bytes& to, std::size_t at, const T& value) {
  if (to.size() < at + sizeof value) to.resize(at + sizeof value);
  std::memcpy(to.data() + at, &value, sizeof value);
}

// Two segments; linked high, loaded at ram_base + 0x80000.
Bytes good_elf() {
  Bytes file(0x300, 0xaa);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_EXEC;
  header.e_machine = EM_AARCH64;
  header.e_entry = 0xffff800000000010;
  header.e_phoff = 64;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  put(file, 0, header);
  Elf64_Phdr text{};
  text.p_type = PT_LOAD;
  text.p_offset = 0x100;
  text.p_vaddr = 0xffff800000000000;
  text.p_paddr = ram_base + 0x80000;
  text.p_filesz = 0x100;
  text.p_memsz = 0x100;
  put(file, 64, text);
  Elf64_Phdr data = text;
  data.p_offset = 0x200;
  data.p_vaddr += 0x1000;
  data.p_paddr += 0x1000;
  data.p_memsz = 0x2000;
  put(file, 64 + sizeof text, data);
  return file;
}

Bytes good_image() {
  Bytes file(0x1000);
  put(file, 8, std::uint64_t{0x80000});  // text_offset
  put(file, 16, std::uint64_t{0x4000});  // image_size
  put(file, 24, std::uint64_t{0xa});     // flags: 4 KiB pages, anywhere
  put(file, 56, std::uint32_t{0x644d5241});
  return file;
}

std::uint64_t address_in_memory_from(std::uint64_t base) {
  const Bytes file = good_image();
  KernelImage image;
  std::string error;
  EXPECT_TRUE(parse_kernel(file.data(), file.size(), {{"ram", base, ram_size}}, image, error)) << error;
  EXPECT_EQ(image.end_in({"ram", base, ram_size}), image.entry + 0x4000);
  return image.entry;
}

std::string refusal(const Bytes& file) {
  KernelImage image;
  std::string error;
  return parse_kernel(file.data(), file.size(), {ram}, image, error) ? "" : error;
}

template <class Header, class Field, class Value>
Bytes changed(std::size_t at, Field Header::*field, Value value) {
  Bytes file = good_elf();
  Header header;
  std::memcpy(&header, file.data() + at, sizeof header);
  header.*field = static_cast<Field>(value);
  std::memcpy(file.data() + at, &header, sizeof header);
  return file;
}

TEST(KernelElf, SegmentsGoToTheirPhysicalAddressesAndTheEntryIsPhysical) {
  const Bytes file = good_elf();
  KernelImage image;
  std::string error;
  ASSERT_TRUE(parse_kernel(file.data(), file.size(), {ram}, image, error)) << error;
  ASSERT_EQ(image.segments.size(), 2u);
  EXPECT_EQ(image.segments[1].address, ram_base + 0x81000);
  EXPECT_EQ(image.segments[1].file_offset, 0x200u);
  EXPECT_EQ(image.entry, ram_base + 0x80010);
  EXPECT_EQ(image.end_in(ram), ram_base + 0x83000);
}

TEST(KernelElf, AnEntryPointMayBePhysical) {
  const Bytes file = changed(0, &Elf64_Ehdr::e_entry, ram_base + 0x81004);
  KernelImage image;
  std::string error;
  ASSERT_TRUE(parse_kernel(file.data(), file.size(), {ram}, image, error)) << error;
  EXPECT_EQ(image.entry, ram_base + 0x81004);
}

TEST(KernelElf, AnotherMachineClassOrderOrTypeIsRefused) {
  EXPECT_NE(refusal(changed(0, &Elf64_Ehdr::e_machine, EM_X86_64)).find("machine 62"), std::string::npos);
  EXPECT_NE(refusal(changed(0, &Elf64_Ehdr::e_type, ET_REL)).find("executable"), std::string::npos);
  Bytes file = good_elf();
  file[EI_CLASS] = ELFCLASS32;
  EXPECT_NE(refusal(file).find("64-bit"), std::string::npos);
  file = good_elf();
  file[EI_DATA] = ELFDATA2MSB;
  EXPECT_NE(refusal(file).find("little-endian"), std::string::npos);
}

TEST(KernelElf, SegmentsOutsideFileOrMemoryAreRefused) {
  EXPECT_NE(refusal(changed(64, &Elf64_Phdr::p_offset, ~0ULL)).find("truncated"), std::string::npos);
  EXPECT_EQ(refusal(changed(64, &Elf64_Phdr::p_filesz, 0x80)), "");
  EXPECT_NE(refusal(changed(64, &Elf64_Phdr::p_filesz, 0x101)).find("larger in the file"), std::string::npos);
  EXPECT_NE(refusal(changed(64, &Elf64_Phdr::p_paddr, ram_base - 1))
                .find("is in no memory; link it into one of: ram 0x40000000 to 0x40ffffff"),
            std::string::npos);
  EXPECT_NE(refusal(changed(64, &Elf64_Phdr::p_paddr, ~0ULL)).find("wraps around"), std::string::npos);
  EXPECT_NE(refusal(changed(64, &Elf64_Phdr::p_memsz, ~0ULL)).find("begins in ram and does not end there"),
            std::string::npos);
  EXPECT_NE(refusal(changed(64, &Elf64_Phdr::p_memsz, 0x1001)).find("overlaps"), std::string::npos);
  EXPECT_NE(refusal(changed(0, &Elf64_Ehdr::e_entry, 0x10)).find("entry"), std::string::npos);
  EXPECT_NE(refusal(changed(0, &Elf64_Ehdr::e_phnum, 0)).find("no program headers"), std::string::npos);
  EXPECT_NE(refusal(changed(0, &Elf64_Ehdr::e_phnum, 60000)).find("corrupt"), std::string::npos);
  EXPECT_NE(refusal(changed(0, &Elf64_Ehdr::e_phoff, ~0ULL)).find("truncated"), std::string::npos);
}

TEST(KernelElf, EachSegmentGoesToTheMemoryThatHoldsIt) {
  const ImageMemory low{"rom", 0x0, 0x10000};
  const ImageMemory next{"sram", ram_base + ram_size, 0x2000};
  const std::size_t second = 64 + sizeof(Elf64_Phdr);
  const auto parse = [&](std::uint64_t address, KernelImage& image) {
    const Bytes file = changed(second, &Elf64_Phdr::p_paddr, address);
    std::string error;
    return parse_kernel(file.data(), file.size(), {ram, low, next}, image, error) ? "" : error;
  };
  KernelImage image;
  for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{0xe000}, next.base}) {
    EXPECT_EQ(parse(address, image), "");
    EXPECT_EQ(image.segments.at(1).address, address);
    EXPECT_EQ(image.end_in(ram), ram_base + 0x80100);
  }
  EXPECT_EQ(image.end_in(next), next.base + 0x2000);
  EXPECT_EQ(image.end_in(low), 0u);
  EXPECT_EQ(
      parse(0x20000, image),
      "segment 1 of the ELF file, 0x2000 bytes from 0x20000 to 0x21fff (p_paddr), is in no memory; link it "
      "into one of: ram 0x40000000 to 0x40ffffff, rom 0x0 to 0xffff, sram 0x41000000 to 0x41001fff");
  // Two memories that touch are still two.
  EXPECT_NE(parse(next.base - 0x1000, image).find("begins in ram and does not end there"), std::string::npos);
}

// Linux's booting document: text_offset bytes from a base that is a multiple of 2 MiB.
TEST(KernelImage, GoesToItsOffsetFromAMultipleOf2MiB) {
  EXPECT_EQ(address_in_memory_from(0x40000000), 0x40080000u);
  EXPECT_EQ(address_in_memory_from(0x40100000), 0x40280000u);
  EXPECT_EQ(address_in_memory_from(0x40001000), 0x40280000u);
  const Bytes file = good_image();
  KernelImage image;
  std::string error;
  EXPECT_FALSE(parse_kernel(file.data(), file.size(), {{"ram", 0x40001000, 0x1ff000}}, image, error))
      << "no such base";
  EXPECT_NE(error.find("first memory is ram 0x40001000 to 0x401fffff"), std::string::npos) << error;
  EXPECT_FALSE(parse_kernel(file.data(), file.size(), {{"ram", 0xffffffffffe01000, 0x1ff000}}, image, error));
}

TEST(KernelImage, WithAnOffsetThatIsNoPageOfThe2MiBIsRefused) {
  for (const std::uint64_t offset : {0x3ull, 0x800ull, 0x80001ull, 0x200000ull, 0xfffffffffffff000ull}) {
    Bytes file = good_image();
    put(file, 8, offset);
    EXPECT_NE(refusal(file).find("text_offset"), std::string::npos) << std::hex << offset;
  }
  for (const std::uint64_t offset : {0x0ull, 0x1000ull, 0x1ff000ull}) {
    Bytes file = good_image();
    put(file, 8, offset);
    EXPECT_EQ(refusal(file), "") << std::hex << offset;
  }
}

TEST(KernelImage, GoesToItsTextOffset) {
  const Bytes file = good_image();
  KernelImage image;
  std::string error;
  ASSERT_TRUE(parse_kernel(file.data(), file.size(), {ram}, image, error)) << error;
  EXPECT_EQ(image.entry, ram_base + 0x80000);
  EXPECT_EQ(image.end_in(ram), ram_base + 0x84000);
}

TEST(KernelImage, WrongHeadersAreRefused) {
  Bytes file = good_image();
  put(file, 24, std::uint64_t{1});
  EXPECT_NE(refusal(file).find("big-endian"), std::string::npos);
  file = good_image();
  put(file, 16, std::uint64_t{0});
  EXPECT_NE(refusal(file).find("size"), std::string::npos);
  put(file, 16, ~std::uint64_t{0});
  EXPECT_NE(refusal(file).find("memory is"), std::string::npos);
}

TEST(KernelImage, APeSectionBeyondTheFileIsATruncation) {
  Bytes file = good_image();
  put(file, 0, std::uint16_t{0x5a4d});
  put(file, 60, std::uint32_t{64});
  put(file, 64, std::uint32_t{0x4550});
  put(file, 64 + 6, std::uint16_t{1});
  put(file, 64 + 20, std::uint16_t{0});
  put(file, 64 + 24 + 16, std::uint32_t{0x800});
  put(file, 64 + 24 + 20, std::uint32_t{0x800});
  EXPECT_EQ(refusal(file), "");
  file.pop_back();
  EXPECT_NE(refusal(file).find("truncated"), std::string::npos);
}

TEST(Kernel, OtherFilesAreRefused) {
  EXPECT_NE(refusal({}).find("empty"), std::string::npos);
  EXPECT_NE(refusal({'h', 'i'}).find("too short"), std::string::npos);
  EXPECT_NE(refusal(Bytes(4096, 'x')).find("neither"), std::string::npos);
}

// Whatever the parser accepts, it has checked: the loader copies without a further look.
void expect_inside(const Bytes& file) {
  // A copy of exact size, so that AddressSanitizer sees a read behind its end.
  const Bytes exact(file.begin(), file.end());
  KernelImage image;
  std::string error;
  if (!parse_kernel(exact.data(), exact.size(), {ram}, image, error)) {
    EXPECT_NE(error, "");
    return;
  }
  for (const ImageSegment& s : image.segments) {
    EXPECT_LE(s.file_offset + s.file_bytes, exact.size());
    EXPECT_LE(s.file_bytes, s.memory_bytes);
    EXPECT_GE(s.address, ram_base);
    EXPECT_LE(s.address - ram_base + s.memory_bytes, ram_size);
  }
}

TEST(Kernel, TruncationAnywhereIsSafe) {
  for (const Bytes& file : {good_elf(), good_image()}) {
    for (std::size_t n = 0; n < file.size(); ++n)
      expect_inside(Bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n)));
  }
}

TEST(Kernel, CorruptionAnywhereIsSafe) {
  std::mt19937_64 random(1);
  const std::vector<std::uint64_t> nasty = {0,      1,          0x7f,       0x80,  0xff,
                                            0xffff, 0x7fffffff, 0x80000000, ~0ULL, 1ULL << 63};
  for (const Bytes& good : {good_elf(), good_image()}) {
    for (int round = 0; round < 20000; ++round) {
      Bytes file = good;
      for (std::uint64_t n = 1 + random() % 4; n > 0; --n) {
        const std::size_t at = random() % 192;
        const std::uint64_t value = random() % 2 == 0 ? nasty[random() % nasty.size()] : random();
        std::memcpy(file.data() + at, &value, 1u << random() % 4);
      }
      expect_inside(file);
    }
  }
}

}  // namespace
}  // namespace smmuvp::platform
