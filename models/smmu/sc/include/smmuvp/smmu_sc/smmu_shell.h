// What the SystemC modules of both SMMUs share: the walk port, workers, and what TBUs ask for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <systemc>
#include <tlm>
#include <utility>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/dump.h"
#include "smmuvp/base/injection.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmu_sc/at_walks.h"
#include "smmuvp/smmu_sc/ports.h"
#include "smmuvp/smmu_sc/supply.h"
#include "smmuvp/smmu_sc/transaction.h"
#include "smmuvp/smmu_sc/worker_process.h"
#include "smmuvp/tlm/smmu_hooks.h"

namespace smmuvp::smmu {

class TbuShell;

/// Carries out an SMMU's own operations, runs its workers, and tells who waits of progress. The walk socket's
/// way back leads here.
class SmmuShell : public sc_core::sc_module, public tlm::tlm_bw_transport_if<> {
 public:
  struct Core {
    Engine& engine;
    Translator& translator;
    std::vector<Worker*> workers;
    std::function<void()> progressed;  ///< signals may have to be raised
  };
  /// @param walk  to structures, translation tables and queues; bound to this by whoever has the socket
  SmmuShell(const sc_core::sc_module_name& name, Core core, ForwardPort& walk);

  Engine& engine() { return m_core.engine; }
  Translator& translator() { return *m_translator; }
  const Supply& supply() const { return m_supply; }
  /// Power and clock are there or not; whoever withdraws power resets the core besides. @return whether
  /// anything has changed
  bool set_supply(bool power, bool clock);

  /// Whom to ask for faults that are to be injected; nullptr: nobody.
  void set_injector(Injector* injector);
  /// Who is to be asked what a client's access meets at a point; nullptr: nobody.
  Injector* injector_at(InjectionPoint point) const {
    Injector* injector = m_core.engine.injector();
    return injector != nullptr && injector->wants(point) ? injector : nullptr;
  }
  /// Whether accesses that hit a TBU may meet injected faults, too.
  bool injects_into_hits() const {
    return injector_at(InjectionPoint::lookup) != nullptr ||
           injector_at(InjectionPoint::transaction) != nullptr;
  }

  /// Operations of approximately-timed accesses.
  AtWalks& walks() { return m_walks; }
  /// Sends an operation at its time, for a caller that may be blocked. @param delay  of the caller ahead of
  /// simulated time; grows to the answer's. @param client  for whose access, if it is for one
  MemoryAnswer carry_out(const MemoryOp& op, sc_core::sc_time& delay, const AccessRequest* client = nullptr);
  /// As carry_out(), by transport_dbg.
  MemoryAnswer carry_out_debug(const MemoryOp& op, const AccessRequest* client = nullptr);
  /// Sees each of these operations, and those of walks(), before it is sent.
  void set_own_access_hook(OwnAccessHook hook) { m_hook = std::move(hook); }
  /// Notified when an access that is stalled may get on.
  const sc_core::sc_event& progress() const { return m_progress; }
  /// Whether a queue has something to do, now or later.
  bool has_work() const;
  /// Something may have become due, not before `delay` from now.
  void kick(const sc_core::sc_time& delay);
  /// Waits until all accesses that are under way have ended, if it is not known when they will. @param delay
  /// of the caller ahead of simulated time; grows to their end. @return false: it gave up, since the SMMU has
  /// no power or no clock, without which they do not end
  bool wait_for_accesses(sc_core::sc_time& delay);
  /// Lets transactions go on that wait for walks which have ended. kick() does too.
  void tell_walk_ends() {
    if (m_core.engine.open_walks().take_awaited_end()) m_progress.notify(sc_core::SC_ZERO_TIME);
  }
  /// To be told of resets, and saved.
  void add(TbuShell& tbu) { m_tbus.push_back(&tbu); }
  /// After a reset of the workers: what they had sent is answered to nobody.
  void drop_operations();
  /// After a reset of the core, or an end of all transactions.
  void was_reset();
  /// What an access or a worker waits for may have come from elsewhere than a worker: from a register that
  /// resumes stalled accesses.
  void may_progress();
  /// Before the core's visit(). Loading forgets what is open. @return false: a blocking transaction is under
  /// way, which lives on its caller's stack; the archive says so, and nothing has changed
  bool begin_visit(Archive& archive);
  /// After it: saves or restores what is under way at TBUs and workers.
  void visit(Archive& archive);
  /// Adds a section of the transactions that are under way at TBUs.
  void add_dump(DumpSection& to) const;

  tlm::tlm_sync_enum nb_transport_bw(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase,
                                     sc_core::sc_time& delay) override {
    return m_walks.nb_transport_bw(payload, phase, delay);
  }
  void invalidate_direct_mem_ptr(sc_dt::uint64, sc_dt::uint64) override {}  // none is asked for

 private:
  /// One that makes an object of each access, which can ask for faults.
  class PatientTranslator : public Translator {
   public:
    explicit PatientTranslator(Translator& translator) : m_translator(translator) {}
    bool translate_fast(const AccessRequest&, AccessAnswer&) override { return false; }
    std::unique_ptr<AccessObject> translate(const AccessRequest& request) override {
      return m_translator.translate(request);
    }
    std::unique_ptr<AccessObject> blank() override { return m_translator.blank(); }

   private:
    Translator& m_translator;
  };
  void worker_progressed();
  std::optional<MemoryAnswer> inject(OpPayload& payload, const MemoryOp& op, const Injection& injection);
  void tag(OpPayload& payload, const MemoryOp& op, const AccessRequest* client, bool debug) const;

  Core m_core;
  ForwardPort& m_walk;
  OwnAccessHook m_hook;
  Supply m_supply;
  AtWalks m_walks;
  Translator* m_translator;
  PatientTranslator m_patient;
  sc_core::sc_event m_progress;
  sc_core::sc_event m_kicked;
  unsigned m_waits = 0;  // of wait_for_accesses()
  std::vector<std::unique_ptr<WorkerProcess>> m_workers;
  std::vector<TbuShell*> m_tbus;
};

}  // namespace smmuvp::smmu
