// Cuts a transaction into the parts that one translation each covers.
#pragma once

#include <algorithm>
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// A part of a transaction, in order: bytes [offset, offset + length) of its data.
struct Part {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool whole = false;  ///< all of the transaction, streaming included

  void visit(Archive& archive) {
    archive.value("offset", offset);
    archive.value("length", length);
    archive.value("whole", whole);
  }
};

/// Where a transaction has been cut so far. Addresses repeat after `window` bytes (the streaming width).
class Splitter {
 public:
  Splitter() = default;
  /// @param window  1 to `length`; addresses [address, address + window) do not wrap
  Splitter(std::uint64_t address, std::uint64_t length, std::uint64_t window)
      : m_address(address), m_length(length), m_window(window) {}

  bool done() const { return m_done >= m_length; }
  /// Bytes that parts have been taken of.
  std::uint64_t offset() const { return m_done; }
  /// Address of the next part's first byte.
  std::uint64_t address() const { return m_address + m_in_window; }
  /// Whether a translation that holds for the aligned 2^region_shift bytes around address() covers all of the
  /// transaction.
  bool covered_by(std::uint8_t region_shift) const {
    return m_done == 0 && covered(region_shift) >= m_window;
  }
  /// Takes the next part: as much as that translation covers.
  Part take(std::uint8_t region_shift) {
    Part part{m_done, m_length, covered_by(region_shift)};
    if (!part.whole) {
      part.length = std::min({covered(region_shift), m_window - m_in_window, m_length - m_done});
    }
    m_done += part.length;
    m_in_window += part.length;
    if (m_in_window >= m_window) m_in_window = 0;
    return part;
  }
  /// Whether it cuts such a transaction.
  bool fits(std::uint64_t length, std::uint64_t window) const {
    return m_length == length && m_window == window && m_in_window == in_window(m_done);
  }
  /// Undoes the last take(), of `part`.
  void put_back(const Part& part) {
    m_done = part.offset;
    m_in_window = in_window(m_done);
  }
  void visit(Archive& archive) {
    archive.begin("splitter");
    archive.value("address", m_address);
    archive.value("length", m_length);
    archive.value("window", m_window);
    archive.value("done", m_done);
    archive.value("in_window", m_in_window);
    archive.end();
    if (m_window <= m_length && m_in_window <= m_window && m_done <= m_length) return;
    archive.fail("splitter", "parts beyond the transaction");
    *this = {};
  }

 private:
  std::uint64_t in_window(std::uint64_t done) const { return m_window == 0 ? 0 : done % m_window; }
  // Bytes from address() on.
  std::uint64_t covered(std::uint8_t region_shift) const {
    if (region_shift >= 64) return ~std::uint64_t{0};
    const std::uint64_t size = std::uint64_t{1} << region_shift;
    return size - (address() & (size - 1));
  }

  std::uint64_t m_address = 0;
  std::uint64_t m_length = 0;
  std::uint64_t m_window = 0;
  std::uint64_t m_done = 0;
  std::uint64_t m_in_window = 0;
};

}  // namespace smmuvp::smmu
