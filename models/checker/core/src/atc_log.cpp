#include "smmuvp/checker/atc_log.h"

#include <algorithm>

#include "smmuvp/base/fields.h"

namespace smmuvp::checker {

void AtcLog::granted(std::uint32_t stream_id, std::uint64_t address, unsigned log2size, std::uint64_t now) {
  constexpr std::size_t most = 1U << 18;
  if (m_grants.size() >= most) m_grants.clear();
  const std::uint64_t span = low_bits(std::min(log2size, 63U));
  m_grants[{stream_id, address & ~span}] = {address | span, now};
}

// 4.5.1: 52 and more is everything.
void AtcLog::invalidated(const smmuv3::Command& command) {
  const std::uint64_t span = command.ATC_Size >= 52 ? ~std::uint64_t{0} : low_bits(command.ATC_Size + 12U);
  const std::uint64_t first = command.Address & ~span;
  const std::uint64_t last = command.Address | span;
  const std::uint32_t sid = command.StreamID;
  auto at = m_grants.lower_bound({sid, 0});
  while (at != m_grants.end() && at->first.first == sid && at->first.second <= last) {
    at = at->second.last >= first ? m_grants.erase(at) : std::next(at);
  }
}

bool AtcLog::holds(std::uint32_t stream_id, std::uint64_t first, std::uint64_t last,
                   std::uint64_t until) const {
  for (auto at = m_grants.lower_bound({stream_id, 0});
       at != m_grants.end() && at->first.first == stream_id && at->first.second <= last; ++at) {
    if (at->second.last >= first && at->second.at <= until) return true;
  }
  return false;
}

}  // namespace smmuvp::checker
