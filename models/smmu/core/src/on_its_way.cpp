#include "smmuvp/smmu/on_its_way.h"

#include <algorithm>

namespace smmuvp::smmu {

void OnItsWay::visit(Archive& archive, TimePs now, std::uint32_t slots) {
  struct Saved {
    std::uint32_t slot = 0;
    Span span;
  };
  std::vector<Saved> saved;
  for (std::uint32_t slot = 0; slot < m_spans.size(); ++slot) {
    const Span& s = m_spans[slot];
    if (s.length != 0 && s.until > now) saved.push_back({slot, s});
  }
  archive.list("on_its_way", saved, slots, [&](Saved& s) {
    archive.value("slot", s.slot);
    archive.value("length", s.span.length);
    archive.time("until", s.span.until);
  });
  if (!archive.loading()) return;
  clear();
  std::uint32_t next = 0;
  for (const Saved& s : saved) {
    if (s.slot < next || s.slot >= slots || s.span.length == 0) {
      archive.fail("on_its_way", "no further slot of the cache, or nothing on its way");
    }
    if (!archive.ok()) return clear();
    m_spans.resize(s.slot + 1);
    m_spans[s.slot] = s.span;
    m_latest = std::max(m_latest, s.span.until);
    next = s.slot + 1;
  }
}

}  // namespace smmuvp::smmu
