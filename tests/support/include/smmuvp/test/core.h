// Helpers for tests of plain C++ cores.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"

namespace smmuvp::test {

/// Keeps diagnostics.
class CapturingDiag : public DiagSink {
 public:
  void report(const Diagnostic& d) override { diagnostics.push_back(d); }
  /// How many diagnostics named this site since the last clear.
  std::size_t count(const std::string& site) const {
    std::size_t n = 0;
    for (const Diagnostic& d : diagnostics) n += d.site == site ? 1 : 0;
    return n;
  }
  std::vector<Diagnostic> diagnostics;
};

/// What visit() saves of a component.
template <class T>
std::vector<std::uint8_t> save(T& component) {
  ArchiveWriter writer;
  component.visit(writer);
  return writer.data();
}
/// @return empty, or what was wrong.
template <class T>
std::string load(T& component, const std::vector<std::uint8_t>& data) {
  ArchiveReader reader(data);
  component.visit(reader);
  return reader.complete() ? "" : reader.ok() ? "data is left over" : reader.error();
}

/// A repeatable sequence of numbers for random tests (splitmix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : m_state(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (m_state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t n) { return next() % n; }
  /// Numbers as drivers write them: small, all ones, one bit, or anything.
  std::uint64_t likely() {
    switch (below(4)) {
      case 0:
        return below(16);
      case 1:
        return ~0ULL;
      case 2:
        return 1ULL << below(64);
      default:
        return next();
    }
  }

 private:
  std::uint64_t m_state;
};

}  // namespace smmuvp::test
