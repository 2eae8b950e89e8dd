// Reads functions' names from files.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace smmuvp::platform {

struct FileSymbol {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;  ///< 0: not known
  std::string name;
};

struct SymbolFile {
  bool module = false;              ///< relocatable: addresses are relative to where the code begins
  std::string module_name;          ///< by its .modinfo, or by the file's name
  std::vector<FileSymbol> symbols;  ///< of functions, in order of address and name
};

/// An AArch64 ELF file or a System.map. Sections with code of a module follow each other in the order of the
/// file, each aligned as it says, as the bundled guest puts them.
/// @param error  what is wrong, where nullopt is returned
std::optional<SymbolFile> read_symbol_file(const std::string& path, std::string& error);

}  // namespace smmuvp::platform
