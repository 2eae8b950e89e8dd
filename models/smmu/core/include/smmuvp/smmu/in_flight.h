// Which transactions a synchronisation command has to wait for.
#pragma once

#include <cstdint>

#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// Counts transactions that are being translated or are downstream. A barrier splits them into those before
/// and those after it; one barrier is open at a time.
class InFlight {
 public:
  FlightToken enter() {
    ++m_young;
    return {m_generation};
  }
  /// Tokens from before a clear() are ignored.
  void leave(FlightToken token) {
    if (token.generation == m_generation) {
      if (m_young > 0) --m_young;
    } else if (token.generation >= m_oldest && m_old > 0) {
      --m_old;
    }
  }
  /// From now on, older transactions are those that entered before.
  void barrier() {
    m_old += m_young;
    m_young = 0;
    ++m_generation;
  }
  /// Transactions from before the last barrier.
  std::uint64_t older() const { return m_old; }
  std::uint64_t all() const { return m_old + m_young; }
  /// Forgets all of them (reset).
  void clear() {
    m_old = m_young = 0;
    m_oldest = ++m_generation;
  }

 private:
  std::uint64_t m_generation = 1;
  std::uint64_t m_oldest = 1;
  std::uint64_t m_young = 0;
  std::uint64_t m_old = 0;
};

}  // namespace smmuvp::smmu
