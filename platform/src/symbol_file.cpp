#include "symbol_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>

namespace smmuvp::platform {

namespace {

// Lines of a System.map are shorter; what is longer is none.
constexpr std::size_t most_line_bytes = 4096;
constexpr std::size_t most_symbols = std::size_t{1} << 22;

struct Descriptor {
  int number = -1;
  Descriptor(const Descriptor&) = delete;
  explicit Descriptor(const std::string& path) : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfFile = std::unique_ptr<Elf, ElfEnd>;

// Where each section with code goes, relative to the first.
std::map<std::size_t, std::uint64_t> places_of_code(Elf* elf) {
  std::map<std::size_t, std::uint64_t> places;
  std::uint64_t at = 0;
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if ((header.sh_flags & SHF_ALLOC) == 0 || (header.sh_flags & SHF_EXECINSTR) == 0) continue;
    if (const std::uint64_t align = header.sh_addralign; align > 1 && (align & (align - 1)) == 0)
      at = (at + align - 1) & ~(align - 1);
    places[elf_ndxscn(section)] = at;
    at += header.sh_size;
  }
  return places;
}

// "name=..." of .modinfo
std::string name_in_modinfo(Elf* elf) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return "";
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name == nullptr || std::strcmp(name, ".modinfo") != 0) continue;
    const Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr || data->d_buf == nullptr) continue;
    const std::string_view all(static_cast<const char*>(data->d_buf), data->d_size);
    constexpr std::string_view key = "name=";
    for (std::size_t at = 0; at < all.size();) {
      const std::string_view entry = all.substr(at, all.find('\0', at) - at);
      if (entry.substr(0, key.size()) == key) return std::string(entry.substr(key.size()));
      at += entry.size() + 1;
    }
  }
  return "";
}

std::string name_of_file(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  name = name.substr(0, name.find('.'));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

void take_symbols(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, SymbolFile& file) {
  const std::map<std::size_t, std::uint64_t> places =
      file.module ? places_of_code(elf) : std::map<std::size_t, std::uint64_t>();
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || header.sh_entsize == 0) return;
  const std::size_t count = std::min<std::uint64_t>(header.sh_size / header.sh_entsize, most_symbols);
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
    if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
    const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr || *name == 0) continue;
    std::uint64_t address = symbol.st_value;
    if (file.module) {
      const auto place = places.find(symbol.st_shndx);
      if (place == places.end()) continue;
      address += place->second;
    }
    file.symbols.push_back({address, symbol.st_size, name});
  }
}

std::optional<SymbolFile> read_elf(Elf* elf, const std::string& path, std::string& error) {
  GElf_Ehdr header;
  if (gelf_getehdr(elf, &header) == nullptr || gelf_getclass(elf) != ELFCLASS64 ||
      header.e_machine != EM_AARCH64) {
    error = "no ELF file of AArch64";
    return std::nullopt;
  }
  SymbolFile file;
  file.module = header.e_type == ET_REL;
  if (file.module) {
    file.module_name = name_in_modinfo(elf);
    if (file.module_name.empty()) file.module_name = name_of_file(path);
  }
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr;
       section = elf_nextscn(elf, section)) {
    GElf_Shdr of_section;
    if (gelf_getshdr(section, &of_section) == nullptr || of_section.sh_type != SHT_SYMTAB) continue;
    take_symbols(elf, section, of_section, file);
  }
  if (file.symbols.empty()) {
    error = "it has no symbols of functions";
    return std::nullopt;
  }
  return file;
}

// "ffff800080010000 T primary_entry"
std::optional<SymbolFile> read_map(const std::string& path, std::string& error) {
  SymbolFile file;
  std::ifstream in(path, std::ios::binary);
  std::string line;
  while (file.symbols.size() < most_symbols && std::getline(in, line)) {
    if (line.size() > most_line_bytes) break;
    FileSymbol symbol;
    const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), symbol.address, 16);
    const auto rest = std::string_view(line).substr(static_cast<std::size_t>(end - line.data()));
    if (problem != std::errc() || rest.size() < 4 || rest[0] != ' ' || rest[2] != ' ') break;
    if (std::string_view("tTwW").find(rest[1]) == std::string_view::npos) continue;
    symbol.name = rest.substr(3, rest.find_first_of(" \t\r", 3) - 3);
    file.symbols.push_back(std::move(symbol));
  }
  if (!in.eof() || file.symbols.empty()) {
    error = "neither an ELF file nor a System.map (expected lines such as 'ffff800080010000 T _text')";
    return std::nullopt;
  }
  return file;
}

}  // namespace

std::optional<SymbolFile> read_symbol_file(const std::string& path, std::string& error) {
  const Descriptor descriptor(path);
  struct stat about {};
  if (descriptor.number < 0 || ::fstat(descriptor.number, &about) != 0) {
    error = std::strerror(errno);
    return std::nullopt;
  }
  if (!S_ISREG(about.st_mode)) {
    error = "it is no file";
    return std::nullopt;
  }
  std::optional<SymbolFile> file;
  elf_version(EV_CURRENT);
  const ElfFile elf(elf_begin(descriptor.number, ELF_C_READ, nullptr));
  if (elf && elf_kind(elf.get()) == ELF_K_ELF) {
    file = read_elf(elf.get(), path, error);
  } else {
    file = read_map(path, error);
  }
  if (file) {
    std::sort(file->symbols.begin(), file->symbols.end(), [](const FileSymbol& a, const FileSymbol& b) {
      return std::tie(a.address, a.name) < std::tie(b.address, b.name);
    });
  }
  return file;
}

}  // namespace smmuvp::platform
