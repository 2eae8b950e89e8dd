// Runs what an SMMU does by itself, in simulated time.
#pragma once

#include <functional>
#include <systemc>

#include "smmuvp/smmu/worker.h"

namespace smmuvp::smmu {

/// Carries out one worker's operations, one after the other, each at its time.
class WorkerProcess : public sc_core::sc_module {
 public:
  /// Sends an operation; annotates the time it takes.
  using Transport = std::function<MemoryAnswer(const MemoryOp& op, sc_core::sc_time& delay)>;

  /// @param progressed  called after each step
  WorkerProcess(const sc_core::sc_module_name& name, Worker& worker, Transport transport,
                std::function<void()> progressed);

  /// To be called whenever due() may have changed; looks at it again after this delay at the earliest.
  void kick(const sc_core::sc_time& delay);

 private:
  void run();
  void carry_out();

  Worker& m_worker;
  sc_core::sc_event m_kick;
  Transport m_transport;
  std::function<void()> m_progressed;
};

}  // namespace smmuvp::smmu
