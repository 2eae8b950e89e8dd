// Fields of registers and of structures in memory, declared once: decoding, checks, dumps and tools read the
// same rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace smmuvp {

/// Bits [n-1:0].
constexpr std::uint64_t low_bits(unsigned n) { return n >= 64 ? ~0ULL : (1ULL << n) - 1; }

/// How the value of a field reads.
enum class FieldUse : std::uint8_t {
  number,                  ///< a count or a flag
  identifier,              ///< a number that is written in hexadecimal
  code,                    ///< one of the named values, or bits with a meaning each
  address,                 ///< bits of an address from Field::shift on
  region_size,             ///< TxSZ: 64 less the bits of an input address
  log2,                    ///< the logarithm of a count
  memory_types,            ///< bytes of MAIR
  implementation_defined,  ///< the specification gives it no meaning
  software,                ///< left to software
  unplaced,                ///< holds fields whose places the specification has in a drawing only
};

/// A value that the specification names.
struct FieldValue {
  std::uint16_t value;
  const char* meaning;
  bool reserved = false;  ///< Reserved, whatever it behaves as
};

/// Neighbouring bits of a structure. They never cross a 64-bit word.
struct Field {
  const char* name;  ///< as in the specification
  std::uint16_t high;
  std::uint16_t low;
  const char* clause;
  const char* meaning;
  FieldUse use = FieldUse::number;
  std::uint8_t shift = 0;              ///< address: number of its lowest bit
  std::uint8_t elements = 1;           ///< more than 1: an array of so many equal parts
  std::uint8_t value_count = 0;        ///< of `values`; values that are not among them are Reserved
  const FieldValue* values = nullptr;  ///< what each value, or element of an array, means
  const char* when = nullptr;  ///< what must hold for the field to be there; else it is RES0 or another

  constexpr unsigned width() const { return high - low + 1U; }
  constexpr std::uint64_t mask() const { return low_bits(width()); }
  constexpr unsigned word() const { return low / 64U; }
  /// The bits of the field within its word.
  constexpr std::uint64_t in_word() const { return mask() << (low % 64U); }
  /// Whether bits of both are the same; only fields with different conditions may.
  constexpr bool overlaps(const Field& other) const { return low <= other.high && other.low <= high; }

  // To declare with: the same field, with more said about it.
  template <std::size_t N>
  constexpr Field one_of(const FieldValue (&named)[N], FieldUse read_as = FieldUse::code) const {
    Field f = *this;
    f.values = named;
    f.value_count = static_cast<std::uint8_t>(N);
    f.use = read_as;
    return f;
  }
  constexpr Field address_from(std::uint8_t bit) const {
    Field f = as(FieldUse::address);
    f.shift = bit;
    return f;
  }
  constexpr Field as(FieldUse read_as) const {
    Field f = *this;
    f.use = read_as;
    return f;
  }
  constexpr Field array_of(std::uint8_t count) const {
    Field f = *this;
    f.elements = count;
    return f;
  }
  constexpr Field only_when(const char* condition) const {
    Field f = *this;
    f.when = condition;
    return f;
  }
};

/// A structure's fields, from the least significant on.
class FieldList {
 public:
  constexpr FieldList() = default;
  template <std::size_t N>
  constexpr FieldList(const Field* const (&fields)[N]) : m_first(fields), m_count(N) {}
  constexpr const Field* const* begin() const { return m_first; }
  constexpr const Field* const* end() const { return m_first + m_count; }
  constexpr std::size_t size() const { return m_count; }

 private:
  const Field* const* m_first = nullptr;
  std::size_t m_count = 0;
};

/// A structure in memory.
struct StructureInfo {
  const char* name;
  const char* title;
  const char* clause;
  std::uint16_t bytes;
  FieldList fields;
};

constexpr std::uint64_t get(std::uint64_t word, const Field& f) { return (word >> (f.low % 64U)) & f.mask(); }
/// The value of a field, shifted down.
template <std::size_t N>
constexpr std::uint64_t get(const std::array<std::uint64_t, N>& words, const Field& f) {
  return get(words[f.word()], f);
}
/// The same for fields whose type is narrower than a word.
template <typename T, typename Words>
constexpr T get_as(const Words& words, const Field& f) {
  return static_cast<T>(get(words, f));
}
/// Whether a field of one bit is 1, or any bit of a longer one.
template <typename Words>
constexpr bool is_set(const Words& words, const Field& f) {
  return get(words, f) != 0;
}
/// The address that an address field holds; bits outside of the field are 0.
template <typename Words>
constexpr std::uint64_t get_address(const Words& words, const Field& f) {
  return get(words, f) << f.shift;
}

/// Bits of `value` beyond the field are lost.
template <std::size_t N>
constexpr void set(std::array<std::uint64_t, N>& words, const Field& f, std::uint64_t value) {
  std::uint64_t& word = words[f.word()];
  word = (word & ~f.in_word()) | (value & f.mask()) << (f.low % 64U);
}
template <std::size_t N>
constexpr void set_address(std::array<std::uint64_t, N>& words, const Field& f, std::uint64_t address) {
  set(words, f, address >> f.shift);
}

}  // namespace smmuvp
