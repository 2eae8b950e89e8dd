// What the SystemC modules of both SMMUs share: the walk port, workers, and what TBUs ask for.
#pragma once

#include <functional>
#include <memory>
#include <systemc>
#include <tlm>
#include <vector>

#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmu_sc/transaction.h"
#include "smmuvp/smmu_sc/worker_process.h"

namespace smmuvp::smmu {

/// A socket as an initiator calls it, whatever its width.
using ForwardPort = sc_core::sc_port<tlm::tlm_fw_transport_if<>>;

/// Carries out an SMMU's own operations, runs its workers, and tells who waits of progress.
class SmmuShell : public sc_core::sc_module {
 public:
  struct Core {
    Engine& engine;
    Translator& translator;
    std::vector<Worker*> workers;
    std::function<void()> progressed;  ///< signals may have to be raised
  };
  /// @param walk  to structures, translation tables and queues
  SmmuShell(const sc_core::sc_module_name& name, Core core, ForwardPort& walk);

  Engine& engine() { return m_core.engine; }
  Translator& translator() { return m_core.translator; }

  /// Sends an operation at its time. @param delay  of the caller ahead of simulated time; grows to the
  /// answer's
  MemoryAnswer carry_out(const MemoryOp& op, sc_core::sc_time& delay);
  /// As carry_out(), by transport_dbg.
  MemoryAnswer carry_out_debug(const MemoryOp& op);
  /// Notified when an access that is stalled may get on.
  const sc_core::sc_event& progress() const { return m_progress; }
  /// Something may have become due, not before `delay` from now.
  void kick(const sc_core::sc_time& delay);
  /// After a reset of the core.
  void was_reset();

 private:
  void worker_progressed();

  Core m_core;
  ForwardPort& m_walk;
  sc_core::sc_event m_kick;
  sc_core::sc_event m_progress;
  std::vector<std::unique_ptr<WorkerProcess>> m_workers;
};

}  // namespace smmuvp::smmu
