#include "smmuvp/smmuv3/msi_writer.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "smmuvp/smmu/attributes.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

namespace {

struct SourceInfo {
  const char* name;
  std::uint32_t aborted;  // its bit in GERROR (6.3.19)
};
constexpr SourceInfo infos[] = {{"eventq", GERROR_MSI_EVENTQ_ABT_ERR},
                                {"gerror", GERROR_MSI_GERROR_ABT_ERR},
                                {"cmdq_sync", GERROR_MSI_CMDQ_ABT_ERR},
                                {"priq", GERROR_MSI_PRIQ_ABT_ERR}};

const SourceInfo& info_of(MsiSource source) { return infos[static_cast<unsigned>(source)]; }

// 3.18: what comes out is consistent; Device and Non-cacheable types are Outer Shareable.
pgtable::Attributes attributes_of(const Msi& msi) {
  return pgtable::effective(
      {smmu::mair_of_mem_attr(msi.MemAttr), static_cast<pgtable::Shareability>(msi.SH)});
}

}  // namespace

smmu::MemoryOp msi_op(const Msi& msi, const Features& features) {
  smmu::MemoryOp op;
  op.kind = smmu::MemoryOpKind::write;
  op.purpose = "MSI";
  op.size = msi_bytes(features);
  op.address = msi.address & low_bits(features.OAS) & ~std::uint64_t{op.size - 1U};
  op.attributes = attributes_of(msi);
  smmu::store_word(op.data, 0, msi.data);
  return op;
}

void restore_msi_op(Archive& archive, smmu::MemoryOp& op, const Features& features, bool sending) {
  op.purpose = "MSI";
  if (sending && (op.size != msi_bytes(features) || op.kind != smmu::MemoryOpKind::write)) {
    archive.fail("sending", "no MSI that is written");
  }
}

void Msi::visit(Archive& archive) {
  archive.value("address", address);
  archive.value("data", data);
  archive.value("MemAttr", MemAttr);
  archive.value("SH", SH);
  MemAttr &= 0xfU;
  SH &= 3U;
}

MsiWriter::MsiWriter(const Parts& parts, ProgrammingInterface& interface, unsigned queues)
    : m_parts(parts),
      m_interface(interface),
      m_slots(sources + queues - 1),
      m_delays(parts.structures.adversity, interface.secure() ? "s_msi" : "msi",
               parts.structures.adversity.interrupt_delay) {}

void MsiWriter::send(MsiSource source, const Msi& msi, TimePs time, unsigned queue) {
  if (!m_parts.features.MSI || msi.address == 0) return;
  Slot& s = m_slots[slot_of(source, queue)];
  time += m_delays.draw();
  s.time = s.due ? std::min(s.time, time) : time;
  s.msi = msi;
  if (!s.due) ++m_due;
  s.due = true;
}

std::optional<unsigned> MsiWriter::next() const {
  std::optional<unsigned> first;
  if (m_due == 0) return first;
  for (unsigned i = 0; i < m_slots.size(); ++i) {
    if (m_slots[i].due && (!first || m_slots[i].time < m_slots[*first].time)) first = i;
  }
  return first;
}

std::optional<TimePs> MsiWriter::due() const {
  if (m_sending || m_interface.held()) return std::nullopt;
  const std::optional<unsigned> slot = next();
  if (!slot) return std::nullopt;
  return std::max(m_time, m_slots[*slot].time);
}

Step MsiWriter::step(TimePs now) {
  if (m_sending) return Step::need;
  m_parts.engine.prune(now);
  const std::optional<TimePs> at = due();
  if (!at || *at > now) return Step::done;
  const unsigned slot = *next();
  m_op = msi_op(m_slots[slot].msi, m_parts.features);
  m_op.source = info_of(source_of(slot)).name;
  m_op.space = m_interface.space();
  m_op.mpam = m_interface.own_mpam();
  m_time = m_parts.engine.pass_walk_port(now);
  m_op.time = m_time;
  m_slots[slot].due = false;
  --m_due;
  m_sending = slot;
  return Step::need;
}

void MsiWriter::complete(const smmu::MemoryAnswer& answer) {
  if (!m_sending) return;  // of before a reset
  const SourceInfo& info = info_of(source_of(*m_sending));
  Slot& slot = m_slots[*m_sending];
  m_sending.reset();
  m_time = std::max(m_time, answer.time);
  slot.completed = m_time;
  ++m_parts.statistics.msis;
  const bool ok = answer.status == smmu::MemoryStatus::ok;
  m_parts.tracer.emit(m_time, trace_msi, std::string_view(info.name), m_op.address,
                      smmu::load_word(m_op.data, 0), ok, m_interface.secure());
  if (!ok) {
    m_parts.diag.guest_error("MSI.abort", std::string("an MSI of ") + info.name + " met an external abort",
                             "IHI 0070 7.5", {}, m_op.address);
    m_interface.activate(info.aborted, m_time);
  }
  m_interface.update_irq_acks();
}

void MsiWriter::reset() {
  m_slots.assign(m_slots.size(), {});
  m_due = 0;
  m_sending.reset();
  m_op = {};
  m_time = 0;
}

void MsiWriter::visit(Archive& archive) {
  archive.begin("msi_writer");
  for (Slot& s : m_slots) {
    archive.value("due", s.due);
    s.msi.visit(archive);
    archive.time("time", s.time);
    archive.time("completed", s.completed);
  }
  archive.optional("sending", m_sending, [&](unsigned& slot) {
    archive.value("source", slot);
    if (slot >= m_slots.size()) {
      archive.fail("source", "no source of MSIs");
      slot = 0;
    }
  });
  archive.time("time", m_time);
  m_op.visit(archive);
  m_delays.visit(archive);
  archive.end();
  if (!archive.loading()) return;
  m_due = static_cast<unsigned>(
      std::count_if(m_slots.begin(), m_slots.end(), [](const Slot& s) { return s.due; }));
  restore_msi_op(archive, m_op, m_parts.features, m_sending.has_value());
  if (m_sending) m_op.space = m_interface.space();
  if (!archive.ok()) reset();
}

}  // namespace smmuvp::smmuv3
