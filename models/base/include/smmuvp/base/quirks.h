// Departures from its architecture that a device shows when it is asked to, so that drivers can test what
// they do about them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace smmuvp {

/// One of them, as data.
struct QuirkInfo {
  const char* name;    ///< lower_case: what it does, or whose erratum it is and its number
  const char* what;    ///< what the device does, in a few words
  const char* source;  ///< who tells of it
  /// By what a device tree tells a driver of it: a property without a value, and a string of `compatible`
  /// before the others. nullptr: none.
  const char* property = nullptr;
  const char* compatible = nullptr;
};

/// Which are on. Quirk enumerates them from 0.
template <class Quirk>
class QuirkSet {
 public:
  bool has(Quirk quirk) const { return (m_bits & bit(quirk)) != 0; }
  bool any() const { return m_bits != 0; }
  void add(Quirk quirk) { m_bits |= bit(quirk); }

 private:
  static std::uint32_t bit(Quirk quirk) { return std::uint32_t{1} << static_cast<unsigned>(quirk); }

  std::uint32_t m_bits = 0;
};

// Of a device's table: its rows have `quirk`, a Quirk, and `info`, its QuirkInfo.

/// Whether the rows are in the order of Quirk, so that its enumerators are their indexes.
template <class Row, std::size_t n>
constexpr bool quirks_in_order(const Row (&rows)[n]) {
  for (std::size_t i = 0; i < n; ++i) {
    if (static_cast<std::size_t>(rows[i].quirk) != i) return false;
  }
  return true;
}

/// The infos alone, in the rows' order.
template <class Row, std::size_t n>
std::vector<QuirkInfo> quirk_infos_of(const Row (&rows)[n]) {
  std::vector<QuirkInfo> infos;
  infos.reserve(n);
  for (const Row& row : rows) infos.push_back(row.info);
  return infos;
}

}  // namespace smmuvp
