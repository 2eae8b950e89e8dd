// Runs what an SMMU does by itself, in simulated time.
#pragma once

#include <functional>
#include <optional>
#include <systemc>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmu_sc/supply.h"

namespace smmuvp::smmu {

/// Carries out one worker's operations, one after the other, each at its time.
class WorkerProcess : public sc_core::sc_module {
 public:
  /// Sends an operation; annotates the time it takes.
  using Transport = std::function<MemoryAnswer(const MemoryOp& op, sc_core::sc_time& delay)>;

  /// @param supply  the worker stands still unless it runs. @param progressed  called after each step
  WorkerProcess(const sc_core::sc_module_name& name, Worker& worker, const Supply& supply,
                Transport transport, std::function<void()> progressed);

  /// To be called whenever due() may have changed; looks at it again after this delay at the earliest.
  void kick(const sc_core::sc_time& delay);

  /// After a reset of the worker: the answer of what is under way is not its answer any more.
  void drop() {
    ++m_drops;
    m_answered = false;
  }

  /// Saves or restores an operation that is under way, after its worker. One that is in the transport, whose
  /// target waits, is saved as one that is still to be sent. To be followed by `kick`.
  void visit(Archive& archive);

 private:
  void run();
  std::optional<TimePs> due() const;
  void step(TimePs now);
  void carry_out();

  Worker& m_worker;
  const Supply& m_supply;
  sc_core::sc_event m_kick;
  Transport m_transport;
  std::function<void()> m_progressed;
  bool m_answered = false;  // m_answer is there, and counts from its time on
  MemoryAnswer m_answer;
  unsigned m_drops = 0;  // what is in the transport while this changes is of before
};

}  // namespace smmuvp::smmu
