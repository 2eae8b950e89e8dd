#include "smmuvp/pcie/page_requests.h"

#include <algorithm>

namespace smmuvp::pcie {

void PageGroup::visit(Archive& archive) {
  archive.begin("group");
  archive.value("PRGI", PRGI);
  archive.value("pasid_valid", pasid_valid);
  archive.value("pasid", pasid);
  archive.value("privileged", privileged);
  archive.value("execute", execute);
  archive.value("read", read);
  archive.value("write", write);
  archive.value("address", address);
  archive.value("requests", requests);
  archive.value("sent", sent);
  archive.end();
}

std::uint32_t PageRequests::outstanding() const {
  std::uint32_t sum = 0;
  for (const PageGroup& g : m_groups) sum += g.requests;
  return sum;
}

bool PageRequests::waits_for(bool pasid_valid, std::uint32_t pasid) const {
  return std::any_of(m_groups.begin(), m_groups.end(),
                     [&](const PageGroup& g) { return g.pasid_valid == pasid_valid && g.pasid == pasid; });
}

std::uint16_t PageRequests::open(PageGroup group) {
  const auto taken = [&](std::uint16_t index) {
    return std::any_of(m_groups.begin(), m_groups.end(), [&](const PageGroup& g) { return g.PRGI == index; });
  };
  // There are more indices than requests that may be outstanding.
  while (taken(m_next)) m_next = static_cast<std::uint16_t>((m_next + 1U) % indices);
  group.PRGI = m_next;
  group.sent = 0;
  m_next = static_cast<std::uint16_t>((m_next + 1U) % indices);
  m_groups.push_back(group);
  return group.PRGI;
}

const PageGroup* PageRequests::sending() const {
  const auto found =
      std::find_if(m_groups.begin(), m_groups.end(), [](const PageGroup& g) { return !g.complete(); });
  return found == m_groups.end() ? nullptr : &*found;
}

void PageRequests::sent(std::uint16_t PRGI) {
  for (PageGroup& g : m_groups) {
    if (g.PRGI == PRGI && !g.complete()) ++g.sent;
  }
}

void PageRequests::drop(std::uint16_t PRGI) {
  m_groups.erase(
      std::remove_if(m_groups.begin(), m_groups.end(), [&](const PageGroup& g) { return g.PRGI == PRGI; }),
      m_groups.end());
}

void PageRequests::forget(std::uint32_t pasid) {
  m_groups.erase(
      std::remove_if(m_groups.begin(), m_groups.end(),
                     [&](const PageGroup& g) { return g.pasid_valid && g.pasid == pasid && g.complete(); }),
      m_groups.end());
}

PageAnswer PageRequests::respond(std::uint16_t PRGI, bool pasid_valid, std::uint32_t pasid, unsigned code,
                                 bool takes_pasid) {
  if (m_failed) return PageAnswer::Ignored;
  const auto found = std::find_if(m_groups.begin(), m_groups.end(), [&](const PageGroup& g) {
    // Base 10.4.2.2
    const bool same = !takes_pasid || (g.pasid_valid == pasid_valid && (!pasid_valid || g.pasid == pasid));
    return g.PRGI == PRGI && g.complete() && same;
  });
  if (found == m_groups.end()) return PageAnswer::Unexpected;
  m_groups.erase(found);
  if (code == 0) return PageAnswer::Success;
  if (code == 1) return PageAnswer::Invalid;
  m_failed = true;
  m_groups.clear();
  return PageAnswer::Failure;
}

void PageRequests::reset() {
  m_groups.clear();
  m_next = 0;
  m_failed = false;
}

void PageRequests::visit(Archive& archive) {
  archive.begin("page_requests");
  archive.list("groups", m_groups, indices - 1, [&](PageGroup& g) { g.visit(archive); });
  archive.value("next", m_next);
  archive.value("failed", m_failed);
  archive.end();
  if (!archive.loading()) return;
  bool possible = m_next < indices;
  unsigned incomplete = 0;
  for (const PageGroup& g : m_groups) {
    possible =
        possible && g.PRGI < indices && g.requests != 0 && g.requests <= indices && g.sent <= g.requests;
    if (!g.complete()) ++incomplete;
  }
  if (possible && incomplete <= 1) return;
  archive.fail("page_requests", "the groups are impossible");
  reset();
}

}  // namespace smmuvp::pcie
