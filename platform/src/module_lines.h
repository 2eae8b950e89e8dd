// What the bundled guest tells of its module files: which are loaded, and how much memory each takes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "console_lines.h"

namespace smmuvp::platform {

struct ModuleFile {
  std::string name;
  std::uint64_t bytes = 0;  ///< in memory; of one that is not loaded: if it were
  bool loaded = false;
};

/// Number and bytes of modules.
struct ModuleTotal {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  bool operator==(const ModuleTotal& other) const { return count == other.count && bytes == other.bytes; }
};

ModuleTotal total_of(const std::vector<ModuleFile>& files, bool loaded);

/// Reads a console as it comes, in bounded memory, for the lines of the guest's "lsmod -a" (docs/report.md).
/// They inform only: no verdict depends on them, as any guest can print them.
class ModuleLines {
 public:
  static constexpr std::size_t most_files = 1000;
  static constexpr std::size_t most_name_bytes = 64;
  static constexpr std::uint64_t most_module_bytes = std::uint64_t{1} << 40;

  void put(const ConsolePiece& piece);
  /// Of the last list that is whole: behind its lines stands what they add up to. Empty: there was none.
  const std::vector<ModuleFile>& files() const { return m_files; }

 private:
  bool entry(std::string_view text);
  void end(std::string_view text);

  std::vector<ModuleFile> m_coming;
  std::vector<ModuleFile> m_files;
};

}  // namespace smmuvp::platform
