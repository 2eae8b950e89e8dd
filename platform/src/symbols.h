// Names of the guest's functions, for program counters.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console_lines.h"
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

  /// "arm_smmu_v3+0x1234 (arm_smmu_write_ste)", "schedule+0x10"; empty: not known.
  std::string name(std::uint64_t pc) const;
  /// "arm_smmu_write_ste"; empty: not known.
  std::string function(std::uint64_t pc) const;

 private:
  using Table = std::vector<FileSymbol>;
  struct Module {
    std::string path;
    std::optional<Table> table;  // relative to its beginning; once it was needed
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

  Table m_kernel;
  mutable std::map<std::string, Module> m_modules;  // by name
  std::map<std::uint64_t, Placed> m_placed;         // by address
};

}  // namespace smmuvp::platform
