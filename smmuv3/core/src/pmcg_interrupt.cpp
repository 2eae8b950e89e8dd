#include "smmuvp/smmuv3/pmcg_interrupt.h"

#include <algorithm>
#include <string_view>

#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

void PmcgInterrupt::raise(TimePs time, const Msi& msi) {
  m_edge = std::min(m_edge.value_or(time), time);
  if (!m_parts.features.pmcg.MSI || msi.address == 0) return;  // 10.5.2.21
  m_msi = PmcgMsi{msi, m_msi ? std::min(m_msi->time, time) : time};
}

std::optional<TimePs> PmcgInterrupt::due() const {
  std::optional<TimePs> first = m_edge;
  if (m_msi && !m_sending) {
    const TimePs at = std::max(m_time, m_msi->time);
    first = std::min(first.value_or(at), at);
  }
  return first;
}

Step PmcgInterrupt::step(TimePs now) {
  if (m_edge && *m_edge <= now) {
    m_edge.reset();
    m_signal = true;
  }
  if (m_sending) return Step::need;
  if (!m_msi || std::max(m_time, m_msi->time) > now) return Step::done;
  m_op = msi_op(m_msi->msi, m_parts.features);
  m_op.source = "pmcg";
  m_time = m_parts.engine.pass_walk_port(now);
  m_op.time = m_time;
  m_msi.reset();
  m_sending = true;
  return Step::need;
}

bool PmcgInterrupt::complete(const smmu::MemoryAnswer& answer) {
  m_sending = false;
  m_time = std::max(m_time, answer.time);
  ++m_parts.statistics.msis;
  const bool ok = answer.status == smmu::MemoryStatus::ok;
  m_parts.tracer.emit(m_time, trace_msi, std::string_view("pmcg"), m_op.address,
                      smmu::load_word(m_op.data, 0), ok, false);
  return ok;
}

void PmcgInterrupt::reset() {
  drop_edge();
  m_msi.reset();
  m_sending = false;
  m_op = {};
  m_time = 0;
}

void PmcgInterrupt::visit(Archive& archive) {
  archive.begin("pmcg_interrupt");
  archive.optional("edge", m_edge, [&archive](TimePs& time) { archive.time("time", time); });
  archive.value("signal", m_signal);
  archive.optional("msi", m_msi, [&archive](PmcgMsi& due) {
    due.msi.visit(archive);
    archive.time("time", due.time);
  });
  archive.value("sending", m_sending);
  archive.time("time", m_time);
  m_op.visit(archive);
  archive.end();
  if (!archive.loading()) return;
  restore_msi_op(archive, m_op, m_parts.features, m_sending);
  if (!archive.ok()) reset();
}

}  // namespace smmuvp::smmuv3
