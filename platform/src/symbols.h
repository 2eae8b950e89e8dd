// Names of the guest's functions, for program counters.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console_lines.h"
#include "source_lines.h"
#include "symbol_file.h"

namespace smmuvp::platform {

struct BootConfig;

/// Knows a kernel by an ELF file or a System.map, and modules by their files and by where the bundled guest
/// tells on its console that it has put them.
class Symbols {
 public:
  /// What a configuration boots: kernel.elf beside a kernel that is called Image, and its modules. What is
  /// missing there stays without names.
  void add(const BootConfig& boot);
  /// An AArch64 ELF file of a kernel (vmlinux), a module (.ko), or a System.map.
  /// @throws ConfigError for what is none of these
  void add_file(const std::string& path);

  /// A piece of the console: "module: NAME: loaded, 56 KiB at ADDRESS".
  void put(const ConsolePiece& piece);

  /// Where a program counter is. Functions that headers define are left out where they are inlined: what has
  /// called an accessor tells more.
  struct Place {
    std::string name;  ///< "arm_smmu_v3+0x1234 (arm_smmu_write_ste, arm-smmu-v3-strtab.c:120)", without lines
                       ///< where there is no debug information; empty: not known
    /// The function, and where it was inlined those that hold it, innermost first.
    std::vector<std::string> functions;
    std::vector<std::string> lines;  ///< "arm-smmu-v3-strtab.c:120", one for each; may be empty texts
  };
  Place place(std::uint64_t pc) const;

 private:
  using Table = std::vector<FileSymbol>;
  struct Module {
    std::string path;
    std::optional<Table> table;                              // relative to its beginning; once it was needed
    std::optional<std::unique_ptr<SourceLines>> lines = {};  // likewise
  };
  struct Placed {
    std::string module;
    std::uint64_t end = 0;
  };
  struct Found {
    std::string module;                  // empty: the kernel
    std::uint64_t address = 0;           // in it
    const FileSymbol* symbol = nullptr;  // nullptr: none
  };

  static const FileSymbol* find(const Table& table, std::uint64_t address);
  std::optional<Found> find(std::uint64_t pc) const;
  const SourceLines* lines_of(const Found& found) const;

  Table m_kernel;
  std::string m_kernel_path;
  mutable std::optional<std::unique_ptr<SourceLines>> m_kernel_lines;
  mutable std::map<std::string, Module> m_modules;  // by name
  std::map<std::uint64_t, Placed> m_placed;         // by address
};

}  // namespace smmuvp::platform
