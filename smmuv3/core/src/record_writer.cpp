#include "smmuvp/smmuv3/record_writer.h"

#include "smmuvp/smmuv3/programming_interface.h"
#include "trace_queues.h"

namespace smmuvp::smmuv3 {

bool RecordWriter::full() const {
  return (m_interface.*m_where.queue)().full(m_interface.reg(m_where.PROD), m_interface.reg(m_where.CONS));
}

bool RecordWriter::empty() const {
  return (m_interface.*m_where.queue)().empty(m_interface.reg(m_where.PROD), m_interface.reg(m_where.CONS));
}

bool RecordWriter::overflowed() const {
  return ((m_interface.reg(m_where.PROD) ^ m_interface.reg(m_where.CONS)) & QUEUE_OVFLG) != 0;
}

void RecordWriter::overflow() {
  if (!overflowed()) m_interface.set(m_where.PROD, m_interface.reg(m_where.PROD) ^ QUEUE_OVFLG);
}

smmu::TimePs RecordWriter::write(const std::uint64_t* words, smmu::TimePs now) {
  const Queue& queue = (m_interface.*m_where.queue)();
  m_op = {};
  m_op.kind = smmu::MemoryOpKind::write;
  m_op.purpose = m_where.purpose;
  m_op.size = queue.entry_size;
  m_op.space = m_interface.space();
  m_op.address = queue.address(m_interface.reg(m_where.PROD));
  m_op.mpam = m_interface.own_mpam();
  m_op.attributes = (m_interface.*m_where.attributes)();
  for (unsigned i = 0; i < queue.entry_size / 8U; ++i) smmu::store_word(m_op.data, i, words[i]);
  m_op.time = m_parts.engine.pass_walk_port(now);
  m_waiting = true;
  return m_op.time;
}

bool RecordWriter::answered() {
  const bool was = m_waiting;
  m_waiting = false;
  return was;
}

bool RecordWriter::advance() {
  const bool was_empty = empty();
  const std::uint32_t prod = m_interface.reg(m_where.PROD);
  m_interface.set(m_where.PROD, (prod & QUEUE_OVFLG) | (m_interface.*m_where.queue)().next(prod));
  return was_empty;
}

void RecordWriter::trace_level(smmu::TimePs time) {
  smmuv3::trace_level(m_parts.tracer, time, m_where.name, 0, m_interface.secure(),
                      (m_interface.*m_where.queue)(), m_interface.reg(m_where.PROD),
                      m_interface.reg(m_where.CONS));
}

std::uint32_t RecordWriter::index() const { return m_interface.reg(m_where.PROD) & ~QUEUE_OVFLG; }

void RecordWriter::reset() {
  m_waiting = false;
  m_op = {};
}

void RecordWriter::visit(Archive& archive) {
  archive.value("waiting", m_waiting);
  m_op.visit(archive);
}

void RecordWriter::restored(Archive& archive, bool has_record) {
  m_op.purpose = m_where.purpose;
  if (m_waiting && (!has_record || m_op.size != (m_interface.*m_where.queue)().entry_size ||
                    m_op.kind != smmu::MemoryOpKind::write)) {
    archive.fail("waiting", "no record that is written");
  }
  if (m_waiting) m_op.space = m_interface.space();
  if (!archive.ok()) m_waiting = false;
}

}  // namespace smmuvp::smmuv3
