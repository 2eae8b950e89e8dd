// What a Command queue goes by, and where it tells of errors.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/queue.h"

namespace smmuvp::smmuv3 {

/// The registers of one Command queue: SMMU_CMDQ_* (IHI 0070 3.5.1), or SMMU_ECMDQ_* of a control page
/// (3.5.6).
class CommandQueueRegisters {
 public:
  virtual ~CommandQueueRegisters() = default;

  /// 0: SMMU_CMDQ_*, n + 1: SMMU_ECMDQ_*n. The CMD_SYNCs of each queue have MSIs of their own.
  virtual unsigned number() const = 0;
  /// Whether software has it enabled, and whether that is acknowledged.
  virtual bool wanted() const = 0;
  virtual bool enabled() const = 0;
  /// Whether an error is active: no command is consumed (7.1, 3.5.6.3).
  virtual bool stopped() const = 0;

  virtual const Queue& queue() const = 0;
  /// Of its accesses.
  virtual pgtable::Attributes attributes() const = 0;
  /// Indexes, wrap bits included.
  virtual std::uint32_t prod() const = 0;
  virtual std::uint32_t cons() const = 0;
  virtual void set_cons(std::uint32_t index) = 0;
  /// An error becomes active at `time`; cons() is the command that has caused it.
  virtual void stop(CommandError error, smmu::TimePs time) = 0;
  /// Acknowledges what has become complete by `now`.
  virtual void update_ack(smmu::TimePs now) = 0;
  /// This queue is about to go on at `now`: those that are due by then too, and come before it, go on first.
  virtual void let_others_before(smmu::TimePs now) = 0;
};

}  // namespace smmuvp::smmuv3
