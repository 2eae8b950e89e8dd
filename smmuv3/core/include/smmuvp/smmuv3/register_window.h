// The register window: what answers at which offset (IHI 0070 6.1).
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmuv3 {

/// Registers that stand together. Offsets are those of the whole window. Accesses of other sizes and
/// alignments than a block's registers have are its own matter (IHI 0070 6.2).
class RegisterBlock {
 public:
  virtual ~RegisterBlock() = default;
  virtual void read(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
                    std::uint64_t& value) = 0;
  virtual void write(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
                     std::uint64_t value) = 0;
  /// A debugger's read, without side effects, of any Security state.
  virtual void peek(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const = 0;
};

class RegisterWindow {
 public:
  /// @param rest  answers where no other block does
  RegisterWindow(RegisterBlock& rest, std::uint32_t size) : m_rest(rest), m_size(size) {}

  /// Offsets `first` to `last` are the block's, but for those that another one has already. It outlives the
  /// window.
  void add(std::uint32_t first, std::uint32_t last, RegisterBlock& block) {
    m_entries.push_back({first, last, &block});
    if (last >= m_size) m_size = last + 1;
  }
  /// Bytes, up to the last block's end.
  std::uint32_t size() const { return m_size; }
  RegisterBlock& at(std::uint32_t offset) const {
    for (const Entry& e : m_entries) {
      if (offset >= e.first && offset <= e.last) return *e.block;
    }
    return m_rest;
  }

 private:
  struct Entry {
    std::uint32_t first;
    std::uint32_t last;
    RegisterBlock* block;
  };

  RegisterBlock& m_rest;
  std::uint32_t m_size;
  std::vector<Entry> m_entries;
};

}  // namespace smmuvp::smmuv3
