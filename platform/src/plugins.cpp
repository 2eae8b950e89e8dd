#include "plugins.h"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "guest_files.h"
#include "smmuvp/base/params.h"

namespace smmuvp::platform {

namespace fs = std::filesystem;

namespace {

constexpr const char* file_prefix = "libsmmuvp-";
constexpr const char* file_suffix = ".so";

const ComponentType* no_types(std::size_t* count) {
  *count = 0;
  return nullptr;
}

// Reads `bytes` at `offset`; false if the file has not got them.
bool read_at(int file, void* to, std::size_t bytes, std::uint64_t offset) {
  return pread(file, to, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

// The loader maps what the program headers say, and a page beyond the file's end is a SIGBUS in this process.
std::string wrong_elf(int file) {
  struct stat status = {};
  if (fstat(file, &status) != 0) return "it cannot be read";
  const auto size = static_cast<std::uint64_t>(status.st_size);
  Elf64_Ehdr header;
  if (!read_at(file, header.e_ident, SELFMAG, 0) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return "it is no ELF shared object";
  if (!read_at(file, &header, sizeof header, 0)) return "it is truncated: the ELF header is not whole";
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_type != ET_DYN)
    return "it is no 64-bit ELF shared object";
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return "its program headers have another size";
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    if (header.e_phoff > size ||
        !read_at(file, &segment, sizeof segment, header.e_phoff + i * sizeof segment))
      return "it is truncated: the program headers are not whole";
    if (segment.p_offset > size || segment.p_filesz > size - segment.p_offset) {
      return fmt::format("it is truncated: segment {} needs {:#x} bytes from {:#x}, the file has {:#x}", i,
                         segment.p_filesz, segment.p_offset, size);
    }
  }
  return "";
}

// The loader's own words for such files are obscure; empty if the file looks right.
std::string wrong_file(const std::string& path) {
  std::string refusal;
  const int file = open_regular_file(path, refusal);
  if (file < 0) return refusal;
  refusal = wrong_elf(file);
  close(file);
  return refusal;
}

}  // namespace

std::vector<std::string> plugin_directories(const std::vector<HostFile>& extra) {
  std::vector<std::string> all;
  const auto add = [&](const fs::path& path) {
    const std::string text = path.lexically_normal().string();
    if (!text.empty() && std::find(all.begin(), all.end(), text) == all.end()) all.push_back(text);
  };
  const fs::path bin = program_directory();
  add(bin / "../lib/smmu-vp");
  add(bin / ".." / SMMUVP_INSTALL_LIBDIR / "smmu-vp");
  if (const char* path = std::getenv("SMMU_VP_PLUGIN_PATH")) {
    std::string rest = path;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(':'), rest.size());
      if (end != 0) add(rest.substr(0, end));
      rest.erase(0, std::min(end + 1, rest.size()));
    }
  }
  for (const HostFile& directory : extra) {
    std::error_code error;
    if (!fs::is_directory(directory.path, error)) {
      config_error(directory.place, "plugins", fmt::format("plugins: no such folder: {}", directory.path));
    }
    add(directory.path);
  }
  return all;
}

PluginCatalogue::PluginCatalogue(std::vector<std::string> directories)
    : m_directories(std::move(directories)) {}

PluginFile& PluginCatalogue::load(const std::string& path) {
  for (const auto& file : m_files) {
    if (file->path == path) return *file;
  }
  PluginFile& file = *m_files.emplace_back(std::make_unique<PluginFile>());
  file.path = path;
  file.refusal = wrong_file(path);
  if (!file.refusal.empty()) return file;

  // Local: a plugin's private libraries must not answer for anybody else's symbols. What is shared, the
  // payload extensions and SystemC, is linked by this program and therefore found first, once.
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    file.refusal = why != nullptr ? why : "it cannot be loaded";
    return file;
  }
  using Entry = const PluginAbi* (*)();
  const auto entry = reinterpret_cast<Entry>(dlsym(handle, plugin_entry));
  if (entry == nullptr) {
    file.refusal = fmt::format("it has no '{}': it is no plugin", plugin_entry);
    return file;
  }
  const PluginAbi* abi = entry();
  if (abi == nullptr) {
    file.refusal = "it gives no ABI record";
    return file;
  }
  file.refusal = compare_abi(*abi, make_plugin_abi("", no_types));
  if (!file.refusal.empty()) return file;
  if (abi->description != nullptr) file.description = abi->description;
  file.types = abi->types != nullptr ? abi->types(&file.type_count) : nullptr;
  if (file.types == nullptr) file.type_count = 0;
  return file;
}

std::vector<std::string> PluginCatalogue::candidates(const std::string& directory) const {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const std::size_t fixed = std::strlen(file_prefix) + std::strlen(file_suffix);
    if (name.size() > fixed && name.rfind(file_prefix, 0) == 0 &&
        name.compare(name.size() - std::strlen(file_suffix), std::string::npos, file_suffix) == 0) {
      paths.push_back(it->path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

const ComponentType& PluginCatalogue::find(const std::string& type) {
  const auto offered = [&](const PluginFile& file) -> const ComponentType* {
    for (std::size_t i = 0; i < file.type_count; ++i) {
      if (file.types[i].type == type) return &file.types[i];
    }
    return nullptr;
  };
  std::error_code error;
  for (const std::string& directory : m_directories) {
    const fs::path direct = fs::path(directory) / (file_prefix + type + file_suffix);
    if (type.find('/') != std::string::npos || !fs::exists(direct, error)) continue;
    PluginFile& file = load(direct.string());
    if (!file.refusal.empty()) {
      throw ConfigError(
          type, fmt::format("the plugin {} for type '{}' cannot be used: {}", file.path, type, file.refusal));
    }
    if (const ComponentType* found = offered(file)) return *found;
  }
  for (const std::string& directory : m_directories) {
    for (const std::string& path : candidates(directory)) {
      if (const ComponentType* found = offered(load(path))) return *found;
    }
  }
  std::string text = fmt::format("no plugin offers the type '{}'", type);
  std::vector<std::string> known;
  std::string refused;
  for (const auto& file : m_files) {
    for (std::size_t i = 0; i < file->type_count; ++i) known.push_back(file->types[i].type);
    if (!file->refusal.empty()) refused += fmt::format("\n  refused {}: {}", file->path, file->refusal);
  }
  const std::string near = nearest(type, known);
  if (!near.empty()) text += fmt::format("; did you mean '{}'?", near);
  text += "\n  looked in " + fmt::format("{}", fmt::join(m_directories, ", "));
  if (!known.empty()) {
    std::sort(known.begin(), known.end());
    text += fmt::format("\n  known types: {}", fmt::join(known, ", "));
  }
  throw ConfigError(type, text + refused);
}

void PluginCatalogue::load_all() {
  for (const std::string& directory : m_directories) {
    for (const std::string& path : candidates(directory)) load(path);
  }
}

}  // namespace smmuvp::platform
