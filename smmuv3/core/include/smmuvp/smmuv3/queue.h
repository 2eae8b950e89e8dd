// Index arithmetic of the circular queues (IHI 0070 3.5.1).
#pragma once

#include <algorithm>
#include <cstdint>

namespace smmuvp::smmuv3 {

/// A queue as its BASE register describes it.
struct Queue {
  std::uint64_t base = 0;     ///< address of entry 0, aligned to the queue's size or 32 bytes
  std::uint8_t log2size = 0;  ///< entries; capped at the implemented maximum
  std::uint8_t entry_size = 16;

  /// @param max_log2size  IDR1.CMDQS or IDR1.EVENTQS
  static Queue from_register(std::uint64_t BASE, std::uint8_t max_log2size, std::uint8_t entry_size) {
    Queue q;
    q.entry_size = entry_size;
    q.log2size = static_cast<std::uint8_t>(std::min<std::uint64_t>(BASE & 0x1f, max_log2size));
    // ADDR is [55:5], and aligned to the larger of the size and 32 bytes.
    const std::uint64_t bytes = std::max<std::uint64_t>(std::uint64_t{entry_size} << q.log2size, 32);
    q.base = BASE & 0x00ff'ffff'ffff'ffe0ULL & ~(bytes - 1);
    return q;
  }

  std::uint32_t entries() const { return 1U << log2size; }
  /// The index bits, wrap bit included. Bits above are RAZ (6.3.28).
  std::uint32_t index_mask() const { return (2U << log2size) - 1; }
  std::uint32_t used(std::uint32_t prod, std::uint32_t cons) const { return (prod - cons) & index_mask(); }
  /// Both indexes can be: not more entries are used than there are.
  bool consistent(std::uint32_t prod, std::uint32_t cons) const { return used(prod, cons) <= entries(); }
  bool empty(std::uint32_t prod, std::uint32_t cons) const { return used(prod, cons) == 0; }
  /// Inconsistent indexes count as full, one of the permitted behaviours (3.5.1).
  bool full(std::uint32_t prod, std::uint32_t cons) const { return used(prod, cons) >= entries(); }
  std::uint32_t next(std::uint32_t index) const { return (index + 1) & index_mask(); }
  std::uint64_t address(std::uint32_t index) const {
    return base + std::uint64_t{index & (entries() - 1)} * entry_size;
  }
};

}  // namespace smmuvp::smmuv3
