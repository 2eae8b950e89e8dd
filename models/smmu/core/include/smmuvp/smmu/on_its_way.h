// Entries of a cache that are known before they are there.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// An access that runs ahead of simulated time fills a cache as soon as its walk is known, although that ends
/// later. This keeps from when to when an entry has been on its way, from the arrival of the access on: one
/// that arrives within that time waits for its end. One that arrives earlier, and has been overtaken by the
/// first, is not made to wait: initiators that run ahead of each other invent no contention.
class OnItsWay {
 public:
  /// What is in `slot` has been asked for since `since`, and is there from `until` on; until <= since: at
  /// once.
  void put(std::uint32_t slot, TimePs since, TimePs until) {
    if (slot >= m_spans.size()) {
      if (until <= since) return;
      m_spans.resize(slot + 1);
    }
    m_spans[slot] = {until > since ? until - since : 0, until};
    if (until > since && until > m_latest) m_latest = until;
  }
  /// Whoever asks from here on finds everything there.
  TimePs latest() const { return m_latest; }
  /// When what is in `slot` is there for whoever asks at `at`: not before `at`.
  TimePs there(std::uint32_t slot, TimePs at) const {
    if (at >= m_latest || slot >= m_spans.size()) return at;
    const Span& s = m_spans[slot];
    return at < s.until && s.until - at <= s.length ? s.until : at;
  }
  void clear() {
    m_spans.clear();
    m_latest = 0;
  }
  /// Saves what is not there by `now`, or loads. @param slots  of the cache
  void visit(Archive& archive, TimePs now, std::uint32_t slots);

 private:
  struct Span {
    TimePs length = 0;  // until `until`: where that is loaded early, the beginning may lie before all time
    TimePs until = 0;
  };
  std::vector<Span> m_spans;  // by slot, as far as there has been one
  TimePs m_latest = 0;
};

}  // namespace smmuvp::smmu
