#include "plugins.h"

#include <dlfcn.h>
#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

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

// The loader's own words for such files are obscure; empty if the file looks right.
std::string wrong_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return "it cannot be read";
  std::array<char, SELFMAG> magic{};
  file.read(magic.data(), magic.size());
  if (file.gcount() != SELFMAG || std::memcmp(magic.data(), ELFMAG, SELFMAG) != 0) {
    return "it is no ELF shared object";
  }
  return "";
}

}  // namespace

std::vector<std::string> plugin_directories(const std::vector<std::string>& extra) {
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
  for (const std::string& directory : extra) add(directory);
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
