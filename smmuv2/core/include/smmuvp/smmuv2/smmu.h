// The SMMUv2 core: registers, caches and what they share. No SystemC.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/held.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv2/features.h"
#include "smmuvp/smmuv2/parts.h"
#include "smmuvp/smmuv2/programming_interface.h"
#include "smmuvp/smmuv2/statistics.h"

namespace smmuvp::smmuv2 {

/// One SMMUv2. Never waits and keeps nothing on a stack: transactions are Access objects (access.h). Whoever
/// drives it looks at workers() and at the interrupt lines after register writes, accesses, leave() and steps
/// of workers.
class Smmu {
 public:
  /// @throws ConfigError for features or structures that cannot be.
  Smmu(const Features& features, const Structures& structures, const std::string& name = "smmu",
       DiagSink* diag = nullptr, TraceSink* trace = nullptr);
  /// The constructor's checks alone. @throws ConfigError
  static void check(const Features& features, const Structures& structures);
  Smmu(const Smmu&) = delete;
  Smmu& operator=(const Smmu&) = delete;

  ProgrammingInterface& interface() { return m_interface; }
  const ProgrammingInterface& interface() const { return m_interface; }

  // ---- transactions

  /// Answers an access that hits all caches and has the rights it needs; everything else is left to an
  /// Access, and nothing has then changed. @return whether `answer` holds.
  bool translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer);
  /// Transactions enter and leave its in_flight(): TLB synchronisations wait for those in between (5.4.2).
  smmu::Engine& engine() { return m_engine; }
  const smmu::Engine& engine() const { return m_engine; }
  const Parts& parts() const { return m_parts; }

  /// Address translation operations, and overflows of cycle counters. Always the same ones.
  const std::vector<smmu::Worker*>& workers() { return m_workers; }
  const Levels& levels() const { return m_interface.faults().levels(); }

  // ---- the rest

  /// The reset input. Caches are emptied, transactions under way are aborted.
  void reset();
  /// As new, counters and numbers included, and cheaper than a new one: for tests that use many. There are no
  /// transactions.
  void renew();
  /// Power has gone and registers are retained: caches are emptied, transactions under way are aborted.
  void abort_transactions();
  /// Nothing is to happen: the reset input is held, after reset(), or there is no power. @param why  a text
  /// that stays
  void hold(bool held, const char* why = smmu::held_in_reset) { m_interface.hold(held, why); }
  /// Simulated time has reached `now`: bookings before it are forgotten.
  void prune(smmu::TimePs now) { m_engine.prune(now); }
  const Features& features() const { return m_features; }
  smmu::Statistics engine_statistics() const { return m_engine.statistics(); }
  const Statistics& statistics() const { return m_statistics; }
  /// All counters begin again at 0. Caches and everything else stay.
  void reset_statistics() {
    m_engine.reset_statistics();
    m_statistics = {};
  }
  Diag& diag() { return m_diag; }
  /// Saves or restores everything but transactions under way. After it, whoever has some visits their tokens
  /// and Access objects: before, there are none.
  void visit(Archive& archive);

 private:
  bool answer_at_tcu(const smmu::AccessRequest& request, smmu::AccessAnswer& answer);

  Features m_features;
  Structures m_structures;
  Diag m_diag;
  Tracer m_tracer;
  smmu::Engine m_engine;
  Statistics m_statistics;
  Parts m_parts;
  ProgrammingInterface m_interface;
  std::vector<smmu::Worker*> m_workers;
};

}  // namespace smmuvp::smmuv2
