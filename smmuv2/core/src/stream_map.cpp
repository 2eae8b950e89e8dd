#include "smmuvp/smmuv2/stream_map.h"

#include <algorithm>

#include "smmuvp/smmuv2/register_fields.h"
#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::smmuv2 {

void StreamMap::refresh(const RegisterFile& registers, const Features& features) {
  m_matches = features.SMS;
  m_secure_from = features.NUMSMRG;
  if (features.SES) {
    m_secure_from = std::min<std::uint32_t>(
        m_secure_from, static_cast<std::uint32_t>(get(registers.get(SMMU_SCR1), SCR1_NSNUMSMRGO)));
  }
  for (const bool secure : {false, true}) {
    const auto side = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
    const bool extended = features.EXIDS && is_set(registers.get(SMMU_sCR0, 0, side), sCR0_EXIDENABLE);
    m_limit[secure ? 1 : 0] = 1U << (extended ? 16U : features.NUMSIDB);
  }
  m_groups.assign(features.NUMSMRG, {});
  for (std::uint32_t n = 0; m_matches && n < m_groups.size(); ++n) {
    const bool secure = n >= m_secure_from;
    const auto side = secure ? AccessSecurity::Secure : AccessSecurity::NonSecure;
    const std::uint64_t SMR = registers.get(SMMU_SMRn, n);
    Group& g = m_groups[n];
    if (features.EXIDS && is_set(registers.get(SMMU_sCR0, 0, side), sCR0_EXIDENABLE)) {
      g.valid = is_set(registers.get(SMMU_S2CRn, n), S2CR_EXIDVALID);
      g.mask = ~static_cast<std::uint32_t>(get(SMR, SMR_EXMASK)) & 0xffffU;
      g.id = static_cast<std::uint32_t>(get(SMR, SMR_EXID)) & g.mask;
    } else {
      g.valid = is_set(SMR, SMR_VALID);
      g.mask = ~static_cast<std::uint32_t>(get(SMR, SMR_MASK)) & 0x7fffU;
      g.id = static_cast<std::uint32_t>(get(SMR, SMR_ID)) & g.mask;
    }
  }
  for (auto& of_state : m_known) of_state.fill({});
}

StreamMatch StreamMap::find(std::uint32_t stream_id, bool secure) const {
  Known& known = m_known[secure ? 1 : 0][stream_id % 64];
  if (known.stream_id != stream_id || stream_id == ~0U) {
    known = {stream_id, search(stream_id, secure)};
  }
  return known.match;
}

template <class F>
void StreamMap::for_each_match(std::uint32_t stream_id, bool secure, F f) const {
  if (stream_id >= m_limit[secure ? 1 : 0]) return;
  const std::uint32_t first = secure ? m_secure_from : 0;
  const auto last = secure ? static_cast<std::uint32_t>(m_groups.size()) : m_secure_from;
  if (!m_matches) {  // 2.3.8
    if (stream_id >= first && stream_id < last) f(static_cast<std::uint16_t>(stream_id));
    return;
  }
  for (std::uint32_t n = first; n < last; ++n) {
    const Group& g = m_groups[n];
    if (g.valid && (stream_id & g.mask) == g.id && !f(static_cast<std::uint16_t>(n))) return;
  }
}

StreamMatch StreamMap::search(std::uint32_t stream_id, bool secure) const {
  StreamMatch match;
  for_each_match(stream_id, secure, [&match](std::uint16_t group) {
    const bool first = match.kind == StreamMatch::Kind::none;
    match.kind = first ? StreamMatch::Kind::unique : StreamMatch::Kind::multiple;
    if (first) match.group = group;
    return first;
  });
  return match;
}

std::vector<std::uint16_t> StreamMap::all(std::uint32_t stream_id, bool secure) const {
  std::vector<std::uint16_t> groups;
  for_each_match(stream_id, secure, [&groups](std::uint16_t group) {
    groups.push_back(group);
    return true;
  });
  return groups;
}

}  // namespace smmuvp::smmuv2
