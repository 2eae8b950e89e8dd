#include "smmuvp/smmuv3/pmcgs.h"

namespace smmuvp::smmuv3 {

using smmu::MonitoredEvent;

Pmcgs::Pmcgs(const Parts& parts, const ProgrammingInterface& interface) : m_parts(parts) {
  if (parts.features.pmcg.counters == 0) return;
  for (unsigned i = 0; i <= parts.structures.ports; ++i) {
    m_groups.push_back(std::make_unique<Pmcg>(parts, interface, i, [this] { changed(); }));
  }
}

Pmcgs::~Pmcgs() = default;

void Pmcgs::join(RegisterWindow& window, std::vector<smmu::Worker*>& workers) {
  const PmcgFeatures& f = m_parts.features.pmcg;
  constexpr std::uint32_t last = PmcgFeatures::page_size - 1;
  for (const auto& group : m_groups) {
    const unsigned i = group->group();
    window.add(f.page0(i), f.page0(i) + last, *group);
    if (f.RELOC_CTRS) window.add(f.page1(i), f.page1(i) + last, *group);
    workers.push_back(group.get());
  }
}

// 10.3: a TBU processes transactions, and asks the TCU where it has no answer; those are the TCU's requests.
void Pmcgs::happened(MonitoredEvent event, const smmu::MonitoredCause& cause) {
  // 10.6: groups that do not support Secure state observe Non-secure streams alone. Without Secure state in
  // the SMMU all streams are.
  if (cause.secure_stream && m_parts.features.SECURE_IMPL) return;
  Pmcg& tcu = *m_groups[0];
  Pmcg& tbu = *m_groups[cause.port + 1U < size() ? cause.port + 1U : 1U];
  switch (event) {
    case MonitoredEvent::access:
      return tbu.count(PmcgEvent::transaction, cause);
    case MonitoredEvent::micro_tlb_miss:
      tbu.count(PmcgEvent::tlb_miss, cause);
      return tcu.count(PmcgEvent::transaction, cause);
    case MonitoredEvent::config_miss:
      return tcu.count(PmcgEvent::config_miss, cause);
    case MonitoredEvent::tlb_miss:
      return tcu.count(PmcgEvent::tlb_miss, cause);
    case MonitoredEvent::walk_access:
      return tcu.count(PmcgEvent::walk_access, cause);
    case MonitoredEvent::config_access:
      return tcu.count(PmcgEvent::config_access, cause);
    case MonitoredEvent::ats_request:
      return tcu.count(PmcgEvent::ats_request, cause);
    case MonitoredEvent::ats_translated:
      return tbu.count(PmcgEvent::ats_translated, cause);
  }
}

void Pmcgs::changed() {
  bool events = false;
  bool hits = false;
  for (const auto& group : m_groups) {
    events = events || group->counts_events();
    hits = hits || (group->group() != 0 && group->counts(PmcgEvent::transaction));
  }
  m_parts.engine.set_monitor(events ? this : nullptr, hits);
}

void Pmcgs::reset() {
  for (const auto& group : m_groups) group->reset();
}

void Pmcgs::renew() {
  for (const auto& group : m_groups) group->renew();
}

void Pmcgs::visit(Archive& archive) {
  for (const auto& group : m_groups) group->visit(archive);
}

}  // namespace smmuvp::smmuv3
