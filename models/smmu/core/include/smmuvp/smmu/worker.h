// What an SMMU does by itself, beside its accesses: a queue that it reads or writes.
#pragma once

#include <optional>

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

/// A resumable that has no end: it goes on whenever there is something to do.
///
///     if (worker.due() <= now) while (worker.step(now) == Step::need) worker.complete(memory(worker.op()));
class Worker {
 public:
  virtual ~Worker() = default;

  /// When step() would get on, or nothing while it would not: there is nothing to do, or op() is unanswered.
  /// Changes with register writes, accesses, and steps of other workers.
  virtual std::optional<TimePs> due() const = 0;
  /// Goes on until memory is needed. `done`: nothing to do, or not before due(). `stalled`: waits for
  /// accesses that are under way, or for another worker.
  virtual Step step(TimePs now) = 0;
  /// The operation to carry out; meaningful after step() answered `need`, and until complete() or a reset.
  virtual const MemoryOp& op() const = 0;
  /// Whether op() is still to be answered: a reset drops it.
  virtual bool waiting() const = 0;
  /// Ignored when nothing is waiting.
  virtual void complete(const MemoryAnswer& answer) = 0;
};

}  // namespace smmuvp::smmu
