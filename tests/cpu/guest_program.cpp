#include "guest_program.h"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

namespace smmuvp::cpu {

std::map<std::string, uint64_t> load_guest_program(const char* path,
                                                   const std::function<uint8_t*(uint64_t)>& memory) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> image{std::istreambuf_iterator<char>(file), {}};
  if (image.size() < sizeof(Elf64_Ehdr)) throw std::runtime_error(std::string("cannot read ") + path);
  const auto* header = reinterpret_cast<const Elf64_Ehdr*>(image.data());
  const auto* segments = reinterpret_cast<const Elf64_Phdr*>(image.data() + header->e_phoff);
  for (unsigned i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type != PT_LOAD) continue;
    std::memcpy(memory(segments[i].p_paddr), image.data() + segments[i].p_offset, segments[i].p_filesz);
  }
  std::map<std::string, uint64_t> found;
  const auto* sections = reinterpret_cast<const Elf64_Shdr*>(image.data() + header->e_shoff);
  for (unsigned i = 0; i < header->e_shnum; ++i) {
    if (sections[i].sh_type != SHT_SYMTAB) continue;
    const auto* symbols = reinterpret_cast<const Elf64_Sym*>(image.data() + sections[i].sh_offset);
    const char* names = image.data() + sections[sections[i].sh_link].sh_offset;
    for (uint64_t s = 0; s < sections[i].sh_size / sizeof(Elf64_Sym); ++s) {
      found[names + symbols[s].st_name] = symbols[s].st_value;
    }
  }
  return found;
}

}  // namespace smmuvp::cpu
