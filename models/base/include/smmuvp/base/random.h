// Pseudo-random numbers that are the same on every host and with every library.
#pragma once

#include <cstdint>
#include <string_view>

#include "smmuvp/base/archive.h"

namespace smmuvp {

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
class Random {
 public:
  Random() = default;
  explicit Random(std::uint64_t seed) : m_state(seed) {}
  /// A stream of its own for a name: who else has one makes no difference to it.
  Random(std::uint64_t seed, std::string_view name) : m_state(mixed(seed) ^ hash(name)) {}

  std::uint64_t next() {
    m_state += 0x9e37'79b9'7f4a'7c15;
    return mixed(m_state);
  }
  /// 0 to bound - 1; 0 where bound is 0.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

  void visit(Archive& archive) { archive.value("random", m_state); }

 private:
  static std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ z >> 30U) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ z >> 27U) * 0x94d0'49bb'1331'11eb;
    return z ^ z >> 31U;
  }
  static std::uint64_t hash(std::string_view name) {  // FNV-1a
    std::uint64_t h = 0xcbf2'9ce4'8422'2325;
    for (const char c : name) h = (h ^ static_cast<std::uint8_t>(c)) * 0x100'0000'01b3;
    return h;
  }

  std::uint64_t m_state = 0;
};

}  // namespace smmuvp
