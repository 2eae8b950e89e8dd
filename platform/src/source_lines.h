// Lines of source for addresses of code, by a file's debug information.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace smmuvp::platform {

struct SourceFrame {
  std::string function;  ///< empty: not known
  std::string file;      ///< as the compiler was given it; empty: not known
  unsigned line = 0;     ///< in that function
  bool in_header() const { return file.size() > 2 && file.compare(file.size() - 2, 2, ".h") == 0; }
};

/// An ELF file with DWARF: a kernel, or a module, whose code is laid out as SymbolFile says.
class SourceLines {
 public:
  /// nullptr: the file is not there, or has nothing to tell.
  static std::unique_ptr<SourceLines> open(const std::string& path);
  ~SourceLines();
  SourceLines(const SourceLines&) = delete;
  SourceLines& operator=(const SourceLines&) = delete;

  /// Where an address is: innermost first what was inlined, then who holds it.
  /// @param address  of a kernel as it is linked; of a module relative to where its code begins
  std::vector<SourceFrame> find(std::uint64_t address) const;

 private:
  struct Impl;
  explicit SourceLines(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

}  // namespace smmuvp::platform
