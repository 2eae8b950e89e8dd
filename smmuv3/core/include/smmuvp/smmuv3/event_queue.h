// The Event queue: records wait in order, and are written one after the other (IHI 0070 7.2).
#pragma once

#include <deque>

#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

class EventQueue : public smmu::Worker {
 public:
  EventQueue(const Parts& parts, ProgrammingInterface& interface) : m_parts(parts), m_interface(interface) {}

  /// Whether the internal buffer takes one more record. Whoever has one and finds no room waits: no record is
  /// lost for want of a buffer.
  bool has_room() const { return m_pending.size() < m_parts.structures.event_buffer; }
  /// When the last record was taken out of the buffer.
  smmu::TimePs room_at() const { return m_room_at; }
  /// Takes a record, to be written not before its time. It is discarded at once where the queue is not
  /// writable for another reason than being full (7.2.1).
  void record(const Event& event);
  /// Whether records of up to `time` are still to be written.
  bool holds_until(smmu::TimePs time) const { return !m_pending.empty() && m_pending.front().time <= time; }
  bool empty() const { return m_pending.empty(); }
  /// What would keep a record from being written, as the queue is now; empty: nothing.
  const char* why_not_written() const;

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_op; }
  bool waiting() const override { return m_waiting; }
  void complete(const smmu::MemoryAnswer& answer) override;

  void reset();
  void visit(Archive& archive);

 private:
  bool writable() const;
  void written();
  void write_failed();
  void overflow();

  Parts m_parts;
  ProgrammingInterface& m_interface;
  std::deque<Event> m_pending;  // by time; the first is the one that m_op writes
  bool m_waiting = false;
  smmu::MemoryOp m_op;
  smmu::TimePs m_time = 0;
  smmu::TimePs m_room_at = 0;
};

}  // namespace smmuvp::smmuv3
