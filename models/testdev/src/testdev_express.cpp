// What a testdev does that is a PCI function with ATS or PASID: docs/pcie.md, Jobs with PASID and ATS.
#include <algorithm>

#include "testdev_rows.h"

namespace smmuvp {

using namespace testdev_rows;

void testdev_rows::add_express(std::vector<RegisterInfo>& table, const TestdevConfig& config) {
  const std::uint32_t caps = (config.ats ? 1U : 0U) | (config.pasid ? 2U : 0U) | (config.pri ? 4U : 0U) |
                             (config.pasid ? config.pasid_bits : 0) << 8 | config.atc_entries << 16;
  table.push_back({ATS_CAPS, "ATS_CAPS", 0x040, 4, Access::RO, caps, 0, pci_sheet});
  table.push_back({ATS_CTRL, "ATS_CTRL", 0x044, 4, Access::RW, 0,
                   ATS_NO_FILL | ATS_NO_COMPLETION | ATS_RING | ATS_GROUP, pci_sheet});
  table.push_back({ATC_LIMIT, "ATC_LIMIT", 0x048, 4, Access::RW, config.atc_entries, 0xffffffff, pci_sheet});
  table.push_back({ATC_USED, "ATC_USED", 0x04c, 4, Access::RO, 0, 0, pci_sheet});
  table.push_back({PAGES_OUTSTANDING, "PAGES_OUTSTANDING", 0x050, 4, Access::RO, 0, 0, pci_sheet});
}

const char* TestdevCore::wrong_with_flags() const {
  const Descriptor& d = m_descriptor;
  const auto type = (d.FLAGS & FLAGS_TYPE) >> 12;
  std::uint32_t reserved = FLAGS_reserved;
  if (m_config.express) {
    if (m_config.ats) reserved &= ~FLAGS_TYPE;
    if (m_config.pri && op() <= CHECK) reserved &= ~FLAGS_PAGES;
    if (m_config.pri && op() == PASID_STOP) reserved &= ~FLAGS_MARKER;
    if (op() == TRANSLATE) reserved &= ~FLAGS_NO_WRITE;
    if (op() > CHECK) reserved &= ~(FLAGS_TYPE | FLAGS_PAGES);  // not used
  }
  if ((d.FLAGS & reserved) != 0) return "a descriptor has a reserved bit of FLAGS set";
  if (!m_config.express) return nullptr;
  if (op() <= CHECK && type == 3) return "a descriptor's TYPE is 3";
  if (op() <= CHECK && type != 0 && (d.FLAGS & FLAGS_PAGES) != 0)
    return "a descriptor has PAGES set, and its TYPE is not 0";
  const bool pasid = (d.FLAGS & FLAGS_SSV) != 0;
  if (!pasid && (d.FLAGS & (FLAGS_PRIV | FLAGS_INST)) != 0)
    return "a descriptor has PRIV or INST set, and SSV is not";
  if (pasid && d.SUBSTREAM >> m_config.pasid_bits != 0) return "a descriptor's PASID is too wide";
  if (op() == PASID_STOP && !pasid) return "PASID_STOP has no PASID";
  return nullptr;
}

// What the descriptor could have, and software has not enabled in configuration space.
const char* TestdevCore::not_enabled() const {
  if (!m_config.express) return nullptr;
  const std::uint32_t flags = m_descriptor.FLAGS;
  if ((flags & FLAGS_SSV) != 0 && !m_enables.pasid) return "a descriptor has SSV set, and PASID Enable is 0";
  if ((flags & FLAGS_PRIV) != 0 && !m_enables.privileged)
    return "a descriptor has PRIV set, and Privileged Mode Enable is 0";
  if ((flags & FLAGS_INST) != 0 && !m_enables.execute)
    return "a descriptor has INST set, and Execute Permission Enable is 0";
  const bool translated = op() <= CHECK && (flags & FLAGS_TYPE) >> 12 == 2;
  if ((translated || op() == TRANSLATE) && !m_enables.ats)
    return "a descriptor wants translations, and ATS Enable is 0";
  return nullptr;
}

TestdevJob TestdevCore::job() const {
  TestdevJob job;
  job.ring = m_state != State::Read && m_state != State::Write && m_state != State::Translate;
  if (job.ring) return job;
  job.type = static_cast<TestdevJob::Type>((m_descriptor.FLAGS & FLAGS_TYPE) >> 12);
  job.pages = (m_descriptor.FLAGS & FLAGS_PAGES) != 0;
  job.bytes_left = m_state == State::Translate ? 1 : m_descriptor.LENGTH - m_done;
  return job;
}

void TestdevCore::refuse(const DmaOperation& access, TestdevRefusal why, DmaResponse response) {
  if (access.epoch != m_epoch) return;
  switch (m_state) {
    case State::Read:
    case State::Write:
    case State::Translate:
      finish(
          static_cast<Status>(static_cast<unsigned>(Status::TranslationError) + static_cast<unsigned>(why)),
          response);
      break;
    case State::Idle:
    case State::Stop:
      break;
    default:
      ring_error("a descriptor lies where there is no translation", m_slot);
      break;
  }
}

// docs/pcie.md, OP TRANSLATE
void TestdevCore::take_translation(const DmaTranslation& t) {
  m_result = (t.address & ~0xfffULL) | (t.read ? 1U : 0U) | (t.write ? 2U : 0U) | (t.execute ? 4U : 0U) |
             (t.privileged ? 8U : 0U) | (t.global ? 0x10U : 0U) | (t.untranslated_only ? 0x20U : 0U) |
             (t.no_snoop ? 0x40U : 0U);
  m_done = t.size_shift < 64 ? 1ULL << t.size_shift : 0;
  finish(Status::Ok, DmaResponse::Ok);
}

std::optional<TestdevStop> TestdevCore::stopping() const {
  if (m_state != State::Stop) return std::nullopt;
  return TestdevStop{m_descriptor.SUBSTREAM & 0xfffff, (m_descriptor.FLAGS & FLAGS_MARKER) != 0};
}

void TestdevCore::stopped(DmaResponse response) {
  if (m_state != State::Stop) return;
  finish(response == DmaResponse::Ok ? Status::Ok : Status::PageFailure, response);
}

bool TestdevCore::keeps_answers() const {
  return !m_config.express || (m_registers.get(ATS_CTRL) & ATS_NO_FILL) == 0;
}
bool TestdevCore::completes_invalidations() const {
  return !m_config.express || (m_registers.get(ATS_CTRL) & ATS_NO_COMPLETION) == 0;
}
bool TestdevCore::translates_ring() const {
  return m_config.express && (m_registers.get(ATS_CTRL) & ATS_RING) != 0;
}
std::uint32_t TestdevCore::page_group() const {
  if (!m_config.express) return 1;
  return std::max(1U, static_cast<std::uint32_t>((m_registers.get(ATS_CTRL) & ATS_GROUP) >> 8));
}
std::uint32_t TestdevCore::atc_limit() const {
  return m_config.express ? static_cast<std::uint32_t>(m_registers.get(ATC_LIMIT)) : 0;
}

bool TestdevCore::take_flush() {
  const bool flush = m_flush;
  m_flush = false;
  return flush;
}

void TestdevCore::set_ats_counts(std::size_t used, std::uint32_t outstanding) {
  if (!m_config.express) return;
  m_registers.set(ATC_USED, used);
  m_registers.set(PAGES_OUTSTANDING, outstanding);
}

}  // namespace smmuvp
