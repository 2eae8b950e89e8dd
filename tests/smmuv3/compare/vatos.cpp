// Address translation operations of one VM: SMMU_VATOS_*, SMMU_S_VATOS_* (IHI 0070 chapter 9).
#include "places.h"
#include "program.h"

namespace smmuvp::compare {

// Mostly of a stream that translates by stage 1, with its VMID.
void Programs::translate_for_a_vm() {
  Random& r = m_random;
  const smmuv3::SecSid sec_sid = m_secure ? smmuv3::SecSid::secure : smmuv3::SecSid::non_secure;
  if (!m_features.has_vatos(sec_sid)) return;
  ++(m_secure ? m_tally.s_vatos : m_tally.vatos);
  smmu::AccessRequest a = draw_access();
  const auto has_stage1 = [this](std::uint32_t sid) {
    return sid < streams && (field(m_own->stes[sid], 1, 3) & 5) == 5;
  };
  for (unsigned n = 0; n < 3 && !has_stage1(a.stream_id); ++n) a = draw_access();
  if (!m_own->known.empty() && r.one_in(2)) {
    a = m_own->known[r.below(static_cast<std::uint32_t>(m_own->known.size()))];
  }
  separate_el2_contexts(a.stream_id, a.substream_valid ? a.substream_id : 0);
  // 9.1.6: a Secure stage 1 alone is tagged with 0.
  const bool tagged =
      a.stream_id < streams && (!m_secure || (field(m_own->stes[a.stream_id], 1, 3) & 2) != 0);
  const unsigned S2VMID = tagged ? field(m_own->stes[a.stream_id], 128, 16) : 0;
  const std::uint32_t page = m_features.vatos_page(sec_sid) + 0xa00;
  m_pair.write(0x180, r.one_in(8) ? r.any() & 0xffff'ffff : S2VMID);
  m_pair.read(0x180);
  m_pair.write(
      page + 8,
      std::uint64_t{a.stream_id} | std::uint64_t{a.substream_id} << 32 | (a.substream_valid ? 1ULL << 52 : 0),
      8);
  const std::uint64_t TYPE = r.one_in(8) ? r.below(4) : 1;
  m_pair.write(page + 0x10, (a.address & ~0xfffULL) | TYPE << 10 | (r.any() & 0x3c0), 8);
  if (r.one_in(16)) m_pair.write(page + r.of({0x8U, 0x10U, 0x18U}), r.any(), 8);
  m_pair.write(page, 1);
  for (const std::uint32_t offset : {0x0U, 0x8U, 0xcU, 0x10U, 0x14U, 0x20U}) m_pair.read(page + offset);
  const std::uint64_t PAR = m_pair.read(page + 0x18, 8);
  if ((PAR & 1) != 0) {
    ++m_tally.vatos_faults[PAR >> 4 & 0xff];
  } else {
    ++m_tally.vatos_successes;
  }
}

}  // namespace smmuvp::compare
