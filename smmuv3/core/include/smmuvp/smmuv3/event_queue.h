// The Event queue: records wait in order, and are written one after the other (IHI 0070 7.2).
#pragma once

#include <deque>

#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/record_writer.h"
#include "smmuvp/smmuv3/stalls.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

class EventQueue : public smmu::Worker {
 public:
  EventQueue(const Parts& parts, ProgrammingInterface& interface);

  /// Stalled accesses: their records are written in turn with the others.
  Stalls& stalls() { return m_stalls; }
  const Stalls& stalls() const { return m_stalls; }

  /// Whether the internal buffer takes one more record. Whoever has one and finds no room waits: no record is
  /// lost for want of a buffer.
  bool has_room() const { return m_pending.size() < m_parts.structures.event_buffer; }
  /// When the last record was taken out of the buffer.
  smmu::TimePs room_at() const { return m_room_at; }
  /// Takes a record, to be written not before its time. It is discarded at once where the queue is not
  /// writable for another reason than being full (7.2.1).
  /// @return false: the record before it stands for it, too (7.3.1)
  bool record(const Event& event);
  /// Whether records of up to `time` are still to be written.
  bool holds_until(smmu::TimePs time) const { return !m_pending.empty() && m_pending.front().time <= time; }
  /// Neither is a record being written, nor one still to be that does not wait for a writable queue.
  bool empty() const { return m_pending.empty() && !m_writer.waiting(); }
  /// Records that wait to be written, by time; the first may be on its way.
  const std::deque<Event>& pending() const { return m_pending; }
  /// What would keep a record from being written, as the queue is now; empty: nothing.
  const char* why_not_written() const;

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_writer.op(); }
  bool waiting() const override { return m_writer.waiting(); }
  void complete(const smmu::MemoryAnswer& answer) override;

  /// Traces how full it is in memory.
  void trace_level(smmu::TimePs time) { m_writer.trace_level(time); }
  void reset();
  void visit(Archive& archive);

 private:
  bool writable() const;
  const Event* stall_record() const;
  const Event* last_record() const;
  bool merges(const Event& event) const;
  void write(const Event& event, smmu::TimePs now);
  void written();
  void write_failed();

  Parts m_parts;
  ProgrammingInterface& m_interface;
  Stalls m_stalls;
  std::deque<Event> m_pending;  // by time
  Event m_written;  // that m_writer writes, or wrote: the first of m_pending, or of m_stalls with Stall
  RecordWriter m_writer;
  smmu::Delays m_delays;
  smmu::TimePs m_time = 0;
  smmu::TimePs m_room_at = 0;
};

}  // namespace smmuvp::smmuv3
