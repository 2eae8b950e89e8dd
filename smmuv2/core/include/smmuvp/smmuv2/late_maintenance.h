// TLB maintenance that takes effect later than it is asked for: by the end of a synchronisation at last
// (IHI 0062 5.4.2).
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv2/parts.h"

namespace smmuvp::smmuv2 {

class ProgrammingInterface;

/// Takes operations, and carries them out in their order, each at a time that is drawn.
class LateMaintenance : public smmu::Worker {
 public:
  LateMaintenance(const Parts& parts, ProgrammingInterface& interface);

  bool any() const { return m_delays.any(); }
  /// @param name  of the operation, for traces
  void add(const smmu::Invalidation& what, std::string_view name, smmu::TimePs now);
  /// Operations that have been added so far.
  std::uint64_t added() const { return m_done + m_late.size(); }
  /// Whether one of the first `count` is still to be carried out, or accesses of before it are under way.
  /// Those that are due by `now` have been carried out then.
  bool busy(std::uint64_t count, smmu::TimePs now);

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_op; }
  bool waiting() const override { return false; }
  void complete(const smmu::MemoryAnswer&) override {}

  void reset();
  void visit(Archive& archive);

 private:
  struct Late {
    smmu::Invalidation what;
    std::string name;
    smmu::TimePs time = 0;
  };

  void carry_out(smmu::TimePs now);

  Parts m_parts;
  ProgrammingInterface& m_interface;
  smmu::Delays m_delays;
  std::deque<Late> m_late;      // by time
  std::uint64_t m_done = 0;     // that have been carried out
  std::uint64_t m_barrier = 0;  // of the last one
  smmu::MemoryOp m_op;          // none is ever asked for
};

}  // namespace smmuvp::smmuv2
