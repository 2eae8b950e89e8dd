// An access that is on its way, whatever the SMMU.
#pragma once

#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

/// What hits cannot answer. Each SMMU has its own.
///
///     Step step = access.step();
///     while (step != Step::done) {
///       if (step == Step::need) access.complete(memory(access.op()));
///       else ...  // stalled, waits: let simulated time pass, until the SMMU tells of progress
///       step = access.step();
///     }
class AccessObject {
 public:
  virtual ~AccessObject() = default;

  /// Goes on until memory is needed, something else has to happen first, or the access is over. Without a
  /// complete() in between it repeats its answer.
  virtual Step step() = 0;
  /// The operation to carry out; meaningful after step() answered `need`.
  virtual const MemoryOp& op() const = 0;
  /// Answers op(). Ignored when none is waiting.
  virtual void complete(const MemoryAnswer& answer) = 0;
  /// Meaningful after step() answered `done`.
  virtual const AccessAnswer& answer() const = 0;
  /// Saves it wherever it is between two calls, or restores it over one that has not begun
  /// (Translator::blank()). It goes on as it would have done.
  virtual void visit(Archive& archive) = 0;
};

}  // namespace smmuvp::smmu
