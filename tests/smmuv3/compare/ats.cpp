// What devices with an Address Translation Cache do, and what software does for them.
#include <algorithm>

#include "places.h"
#include "program.h"

namespace smmuvp::compare {

void Programs::request_translation() {
  Random& r = m_random;
  smmu::AccessRequest a = draw_access();
  if (!m_own->known.empty() && r.one_in(2))
    a = m_own->known[r.below(static_cast<std::uint32_t>(m_own->known.size()))];
  a.kind = smmu::AccessKind::read;
  a.unsupported = smmu::Unsupported::none;
  a.ats = smmu::AtsPhase::translation_request;
  a.no_write = r.one_in(2);
  a.instruction = r.one_in(2);
  a.privileged = r.one_in(2);
  a.attributes = smmu::default_attributes;
  separate_el2_contexts(a.stream_id, a.substream_valid ? a.substream_id : 0);
  const std::optional<smmu::AtsAnswer> answer = m_pair.request_translation(a);
  if (!answer || a.stream_id >= streams) return;
  const Granted granted{a.stream_id, *answer};
  if (m_own->granted.size() < 4) {
    m_own->granted.push_back(granted);
  } else {
    m_own->granted[r.below(4)] = granted;
  }
}

// Of an address that was answered, by the device or by another one, or of any.
void Programs::access_translated() {
  Random& r = m_random;
  smmu::AccessRequest a = draw_access();
  if (!m_own->granted.empty() && !r.one_in(4)) {
    const Granted& g = m_own->granted[r.below(static_cast<std::uint32_t>(m_own->granted.size()))];
    const unsigned bits = std::min<unsigned>(g.answer.size_shift, 24);
    a.address = g.answer.translated_address | (a.address & ((1ULL << bits) - 1));
    if (!r.one_in(8)) a.stream_id = g.stream_id;
  } else if (r.one_in(4)) {
    a.address = r.any() >> r.below(32);
  }
  a.unsupported = r.one_in(40) ? smmu::Unsupported::malformed : smmu::Unsupported::none;
  a.ats = smmu::AtsPhase::translated;
  m_pair.access(a);
}

void Programs::invalidate_atc() {
  Random& r = m_random;
  if ((m_own->cr0 & 8) == 0) return;  // CMDQEN
  for (unsigned n = r.below(3) + 1; n > 0; --n) {
    const std::uint64_t sid = r.one_in(8) ? r.any() >> 32 >> r.below(32) : r.below(streams);
    std::uint64_t word0 = 0x40 | sid << 32;
    if (r.one_in(2)) word0 |= 1ULL << 11 | std::uint64_t{r.below(1U << r.below(21))} << 12;  // SSV
    if (r.one_in(4)) word0 |= 1ULL << 9;                                                     // Global
    const std::uint64_t Size = r.one_in(16) ? r.below(64) : r.one_in(4) ? 52 : r.below(20);
    command(word0, (r.any() & ~0xfffULL & (r.one_in(2) ? ~0ULL : 0xffff'f000)) | Size);
  }
  sync();
}

void Programs::request_page() {
  Random& r = m_random;
  for (unsigned n = r.below(3) + 1; n > 0; --n) {
    smmu::AccessRequest a = draw_access();
    a.kind = smmu::AccessKind::read;
    a.unsupported = smmu::Unsupported::none;
    a.ats = smmu::AtsPhase::page_request;
    a.page_request.last = r.one_in(2);
    a.page_request.read = r.one_in(2);
    a.page_request.write = r.one_in(2);
    a.page_request.PRGI = static_cast<std::uint16_t>(r.below(512));
    a.privileged = r.one_in(2);
    a.instruction = r.one_in(2);
    a.address = r.any() >> r.below(40);
    a.attributes = smmu::default_attributes;
    m_pair.request_page(a);
  }
}

void Programs::respond_to_page_request() {
  Random& r = m_random;
  if ((m_own->cr0 & 8) == 0) return;  // CMDQEN
  const std::uint64_t sid = r.one_in(8) ? r.any() >> 32 >> r.below(32) : r.below(streams);
  std::uint64_t word0 = 0x41 | sid << 32;
  if (r.one_in(2)) word0 |= 1ULL << 11 | std::uint64_t{r.below(1U << r.below(21))} << 12;  // SSV
  command(word0, r.below(512) | std::uint64_t{r.one_in(12) ? 3U : r.below(3)} << 12);
}

void Programs::read_page_requests() {
  const std::uint64_t prod = m_pair.read(0x100c8);
  const std::uint64_t cons = m_pair.read(0x100cc);
  const std::uint64_t mask = (2U << m_own->log2_requests) - 1;
  m_tally.pri_records += (prod - cons) & mask;
  m_tally.pri_overflows += (prod ^ cons) >> 31 & 1;
  // All of it, or some; an overflow is acknowledged, or not.
  const std::uint64_t read = m_random.one_in(3) ? m_random.below(2) : (prod - cons) & mask;
  const std::uint64_t OVACKFLG = (m_random.one_in(4) ? cons : prod) & 0x8000'0000;
  if (read > ((prod - cons) & mask)) return;
  m_pair.write(0x100cc, ((cons + read) & mask) | OVACKFLG);
}

}  // namespace smmuvp::compare
