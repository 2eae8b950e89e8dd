// Numbers of a program: the same seed gives the same ones everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace smmuvp::compare {

class Random {
 public:
  explicit Random(std::uint64_t seed) : m_state(seed) {}
  /// splitmix64
  std::uint64_t any() {
    m_state += 0x9e3779b97f4a7c15;
    std::uint64_t z = m_state;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  /// 0 to n - 1
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((any() >> 32) * n >> 32); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  template <typename T>
  T of(std::initializer_list<T> list) {
    return *(list.begin() + below(static_cast<std::uint32_t>(list.size())));
  }

 private:
  std::uint64_t m_state;
};

}  // namespace smmuvp::compare
