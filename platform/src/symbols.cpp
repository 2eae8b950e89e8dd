#include "symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "config.h"
#include "smmuvp/base/error.h"

namespace smmuvp::platform {

namespace {

// Of a symbol without a size, what is farther away is something else.
constexpr std::uint64_t most_function_bytes = 1U << 16;
// A module of the bundled guest is smaller (sw/kernel/module).
constexpr std::uint64_t most_module_kib = 1U << 16;
constexpr std::size_t most_modules = 4096;

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_number(std::string_view& text, int base, std::uint64_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return true;
}

std::string module_name(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace

void Symbols::add(const BootConfig& boot) {
  std::string error;
  if (boot.kernel) {
    const std::filesystem::path kernel(boot.kernel->path);
    const std::filesystem::path elf =
        kernel.filename() == "Image" ? kernel.parent_path() / "kernel.elf" : kernel;
    if (auto file = read_symbol_file(elf.string(), error); file && !file->module) {
      m_kernel = std::move(file->symbols);
      m_kernel_path = elf.string();
    }
  }
  for (const HostFile& module : boot.modules) m_modules[module_name(module.path)] = {module.path, {}};
}

void Symbols::add_file(const std::string& path) {
  std::string error;
  auto file = read_symbol_file(path, error);
  if (!file) throw ConfigError("symbols", fmt::format("--symbols {}: {}", path, error));
  if (file->module) {
    m_modules[file->module_name] = {path, std::move(file->symbols)};
  } else {
    m_kernel = std::move(file->symbols);
    m_kernel_path = path;
    m_kernel_lines.reset();
  }
}

void Symbols::put(const ConsolePiece& piece) {
  std::string_view text = piece.text;
  if (!piece.first || !piece.last || !take(text, "module: ")) return;
  const std::size_t colon = text.find(": loaded, ");
  if (colon == std::string_view::npos) return;
  const std::string name(text.substr(0, colon));
  std::uint64_t kib = 0;
  std::uint64_t address = 0;
  text.remove_prefix(colon);
  if (!take(text, ": loaded, ") || !take_number(text, 10, kib) || !take(text, " KiB at ")) return;
  take(text, "0x");
  if (!take_number(text, 16, address) || !text.empty() || kib == 0 || kib > most_module_kib) return;
  const std::uint64_t end = address + (kib << 10);
  if (end < address || m_placed.size() >= most_modules) return;
  // What was there before is gone.
  for (auto at = m_placed.begin(); at != m_placed.end();) {
    at = at->first < end && at->second.end > address ? m_placed.erase(at) : std::next(at);
  }
  m_placed[address] = {name, end};
}

const FileSymbol* Symbols::find(const Table& table, std::uint64_t address) {
  auto at = std::upper_bound(table.begin(), table.end(), address,
                             [](std::uint64_t a, const FileSymbol& s) { return a < s.address; });
  if (at == table.begin()) return nullptr;
  --at;
  const std::uint64_t bytes = at->bytes != 0 ? at->bytes : most_function_bytes;
  return address - at->address < bytes ? &*at : nullptr;
}

std::optional<Symbols::Found> Symbols::find(std::uint64_t pc) const {
  auto placed = m_placed.upper_bound(pc);
  if (placed != m_placed.begin() && pc < (--placed)->second.end) {
    const std::string& name = placed->second.module;
    const std::uint64_t offset = pc - placed->first;
    const auto module = m_modules.find(name);
    if (module == m_modules.end()) return Found{name, offset, nullptr};
    if (!module->second.table) {
      std::string error;
      auto file = read_symbol_file(module->second.path, error);
      module->second.table = file ? std::move(file->symbols) : Table();
    }
    return Found{name, offset, find(*module->second.table, offset)};
  }
  const FileSymbol* symbol = find(m_kernel, pc);
  if (symbol == nullptr) return std::nullopt;
  return Found{"", pc, symbol};
}

// The debug information of a module is in a file beside it, where it is not in the module.
const SourceLines* Symbols::lines_of(const Found& found) const {
  if (found.module.empty()) {
    if (!m_kernel_lines) m_kernel_lines = SourceLines::open(m_kernel_path);
    return m_kernel_lines->get();
  }
  const auto module = m_modules.find(found.module);
  if (module == m_modules.end()) return nullptr;
  auto& lines = module->second.lines;
  if (!lines) {
    lines = SourceLines::open(module->second.path + ".debug");
    if (*lines == nullptr) lines = SourceLines::open(module->second.path);
  }
  return lines->get();
}

Symbols::Place Symbols::place(std::uint64_t pc) const {
  Place place;
  const auto found = find(pc);
  if (!found) return place;
  std::vector<SourceFrame> frames;
  if (const SourceLines* lines = lines_of(*found)) frames = lines->find(found->address);
  const auto counts = [](const SourceFrame& f) { return !f.in_header(); };
  const auto first = std::find_if(frames.begin(), frames.end(), counts);
  if (first != frames.end()) frames.erase(frames.begin(), first);
  if (frames.empty() && found->symbol != nullptr) frames.push_back({found->symbol->name, "", 0});
  for (const SourceFrame& f : frames) {
    if (f.function.empty()) continue;
    place.functions.push_back(f.function);
    const std::string file = std::filesystem::path(f.file).filename().string();
    place.lines.push_back(file.empty() ? "" : fmt::format("{}:{}", file, f.line));
  }
  std::string words = place.functions.empty() ? "" : place.functions[0];
  if (!place.lines.empty() && !place.lines[0].empty()) words += ", " + place.lines[0];
  if (found->module.empty()) {
    place.name = fmt::format("{}+{:#x}", found->symbol->name, found->address - found->symbol->address);
    if (words == found->symbol->name) words.clear();
  } else {
    place.name = fmt::format("{}+{:#x}", found->module, found->address);
  }
  if (!words.empty()) place.name += " (" + words + ")";
  return place;
}

}  // namespace smmuvp::platform
