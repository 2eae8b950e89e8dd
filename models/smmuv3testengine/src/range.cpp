#include "smmuvp/smmuv3testengine/range.h"

#include <algorithm>

namespace smmuvp {

namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint32_t element_bytes = 8;
constexpr std::uint32_t ascending = 0;
constexpr std::uint32_t descending = ~0U;
constexpr std::uint32_t longest_random = 512;

}  // namespace

std::uint64_t TestEngineRandom::step() {
  m_state = (m_state * 0x5deece66d + 0xb) & 0xffff'ffff'ffff;
  return m_state;
}

// The generator gives 31 bits a step; bit 31 of the state after a second step becomes the topmost one.
std::uint32_t TestEngineRandom::next() {
  const auto low = static_cast<std::uint32_t>(step() >> 17 & 0x7fff'ffff);
  return low | static_cast<std::uint32_t>(step() & 0x8000'0000);
}

const char* TestEngineRange::wrong(std::uint64_t begin, std::uint64_t end_incl, std::uint64_t stride) {
  if (stride == 0) return "stride is 0";
  if (stride != 1 && stride % element_bytes != 0) return "stride is neither 1 nor a multiple of 8";
  if (end_incl < begin) return "end_incl is below begin";
  if ((begin & ~7ULL) == 0 && (end_incl | 7) == ~0ULL) return "the range is the whole address space";
  return nullptr;
}

TestEngineRange::TestEngineRange(std::uint64_t begin, std::uint64_t end_incl, std::uint64_t stride,
                                 std::uint32_t seed)
    : m_base(begin), m_stride(stride), m_seed(seed), m_order(seed) {
  if (stride == 1) {
    m_units = end_incl - begin + 1;
  } else {
    m_base = begin & ~7ULL;
    m_units = (end_incl - m_base) / stride + 1;  // all multiples of 8: to end_incl | 7 there is no other
  }
  m_left = m_units;
}

std::uint64_t TestEngineRange::last() const {
  return strided() ? (m_units - 1) * m_stride + (element_bytes - 1) : m_units - 1;
}

TestEnginePiece TestEngineRange::take(std::uint64_t other) {
  bool from_back = m_seed == descending;
  std::uint64_t n = page;
  if (m_seed != ascending && m_seed != descending) {
    const std::uint32_t random = m_order.next();
    from_back = (random & 1U) != 0;
    n = 1 + (random >> 1) % longest_random;
  }
  if (strided()) {
    n = 1;
  } else {
    n = std::min(n, m_left);
    const std::uint64_t end = m_first + (from_back ? m_left - 1 : 0);
    for (const std::uint64_t address : {m_base + end, other + end}) {
      const std::uint64_t in_page = address & (page - 1);
      n = std::min(n, from_back ? in_page + 1 : page - in_page);
    }
  }
  m_left -= n;
  TestEnginePiece piece;
  piece.offset = (from_back ? m_first + m_left : m_first) * m_stride;
  piece.bytes = strided() ? element_bytes : static_cast<std::uint32_t>(n);
  if (!from_back) m_first += n;
  return piece;
}

bool TestEngineRange::visit(Archive& archive) {
  archive.value("first", m_first);
  archive.value("left", m_left);
  m_order.visit(archive);
  return m_first <= m_units && m_left <= m_units - m_first && m_order.possible();
}

void fill_rand48(std::uint8_t* data, std::uint64_t address, std::uint32_t bytes, std::uint64_t start,
                 std::uint32_t seed) {
  const auto seed_at = [seed](std::uint64_t at) {
    return seed ^ static_cast<std::uint32_t>(at >> 32) ^ static_cast<std::uint32_t>(at);
  };
  const std::uint64_t from = std::max(start, address & ~(page - 1));
  TestEngineRandom random(seed_at(from));
  for (std::uint64_t skip = address - from; skip != 0; --skip) random.next();
  for (std::uint32_t i = 0; i < bytes; ++i) {
    if (i != 0 && ((address + i) & (page - 1)) == 0) random = TestEngineRandom(seed_at(address + i));
    data[i] = static_cast<std::uint8_t>(random.next());
  }
}

}  // namespace smmuvp
