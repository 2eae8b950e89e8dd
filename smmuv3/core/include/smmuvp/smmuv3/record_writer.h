// What Event queue and PRI queue have in common: records are written one at a time, and PROD follows
// (IHI 0070 3.5.1, 7.2, 7.4, 8.1).
#pragma once

#include <cstdint>

#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/queue.h"
#include "smmuvp/smmuv3/registers.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// A queue that the SMMU writes, and where software finds it.
struct WrittenQueue {
  Reg PROD, CONS;
  const Queue& (ProgrammingInterface::*queue)() const;
  const pgtable::Attributes& (ProgrammingInterface::*attributes)() const;
  const char* purpose;  ///< of the writes, in traces
  const char* name;     ///< likewise, of the queue
};

class RecordWriter {
 public:
  RecordWriter(const Parts& parts, ProgrammingInterface& interface, const WrittenQueue& where)
      : m_parts(parts), m_interface(interface), m_where(where) {}

  bool full() const;
  bool empty() const;
  /// Whether an overflow is to be acknowledged yet: PROD.OVFLG and CONS.OVACKFLG differ.
  bool overflowed() const;
  /// Toggles OVFLG, unless that is so.
  void overflow();

  /// Begins a write at PROD. @return when it leaves
  smmu::TimePs write(const std::uint64_t* words, smmu::TimePs now);
  bool waiting() const { return m_waiting; }
  const smmu::MemoryOp& op() const { return m_op; }
  /// The write has an answer. @return false: none is under way; it is of before a reset
  bool answered();
  /// Moves PROD behind the record that has been written. @return whether the queue was empty before
  bool advance();
  /// Traces how full the queue is.
  void trace_level(smmu::TimePs time);
  /// PROD without its flag.
  std::uint32_t index() const;

  void reset();
  void visit(Archive& archive);
  /// After loading. @param has_record  whether there is a record that may be the one being written
  void restored(Archive& archive, bool has_record);

 private:
  Parts m_parts;
  ProgrammingInterface& m_interface;
  WrittenQueue m_where;
  bool m_waiting = false;
  smmu::MemoryOp m_op;
};

}  // namespace smmuvp::smmuv3
