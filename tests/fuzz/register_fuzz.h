// Turns fuzzer input into register accesses.
#pragma once
#include <cstddef>
#include <cstdint>

namespace smmuvp::fuzz {

/// Input as a stream; zeros after its end.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : m_data(data), m_size(size) {}
  bool empty() const { return m_at >= m_size; }
  std::uint64_t take(unsigned bytes) {
    std::uint64_t v = 0;
    for (unsigned i = 0; i < bytes && m_at < m_size; ++i) {
      v |= static_cast<std::uint64_t>(m_data[m_at++]) << (8 * i);
    }
    return v;
  }

 private:
  const std::uint8_t* m_data;
  std::size_t m_size;
  std::size_t m_at = 0;
};

/// One access: a byte for direction and width, two for the offset, then the value of a write.
struct Access {
  bool write;
  unsigned bytes;
  std::uint32_t offset;
  std::uint64_t value;
};
inline Access take_access(Input& in, std::uint32_t window) {
  const std::uint64_t head = in.take(1);
  Access a{(head & 4) != 0, 1U << (head & 3), 0, 0};
  a.offset = static_cast<std::uint32_t>(in.take(2)) % window / a.bytes * a.bytes;
  if (a.write) a.value = in.take(a.bytes);
  return a;
}

}  // namespace smmuvp::fuzz
