// Physical memory made of dump files: raw bytes, each file at an address.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "memory_image.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::tables {

/// Files are read where a walk looks, never as a whole, and never written: what a walk stores is kept beside
/// them until forget_writes().
class DumpMemory {
 public:
  /// @throws ConfigError if the file cannot be read, is empty or no regular file, ends beyond the last
  /// address, or overlaps one that is there
  void add(const std::string& path, std::uint64_t base);
  /// The same of a part of the file, such as a segment of a memory image.
  void add(const std::string& path, const MemoryImage::Range& range);

  /// Answers with an external abort where no dump holds all of the bytes.
  pgtable::MemoryResponse access(const pgtable::MemoryOp& op);
  /// Makes memory what the files hold.
  void forget_writes() { m_written.clear(); }

  struct Dump {
    std::string path;
    std::uint64_t base = 0;
    std::uint64_t last = 0;     ///< address of the last byte
    std::uint64_t offset = 0;   ///< of the first byte in the file
    std::shared_ptr<int> file;  ///< descriptor, closed with the last copy
  };
  const std::vector<Dump>& dumps() const { return m_dumps; }
  /// What the files hold. @return whether one of them holds all of the bytes
  bool read(std::uint64_t address, unsigned size, unsigned char* to) const;

 private:
  void add(Dump dump, std::uint64_t size);

  std::vector<Dump> m_dumps;
  std::map<std::uint64_t, unsigned char> m_written;
};

}  // namespace smmuvp::tables
