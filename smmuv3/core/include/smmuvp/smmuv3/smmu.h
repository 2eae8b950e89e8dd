// The SMMUv3 core: programming interfaces, caches and what they share. No SystemC.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/broadcast_tlbi.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmu/held.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/features.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/pmcgs.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/statistics.h"

namespace smmuvp::smmuv3 {

class EmptyCaches;

/// One SMMUv3. Never waits and keeps nothing on a stack: transactions are Access objects (access.h), and
/// queues are workers. Whoever drives it looks at workers() after register writes, accesses, leave() and
/// steps of other workers.
class Smmu {
 public:
  /// @throws ConfigError for features or structures that cannot be.
  Smmu(const Features& features, const Structures& structures, const std::string& name = "smmu",
       DiagSink* diag = nullptr, TraceSink* trace = nullptr);
  /// The constructor's checks alone. @throws ConfigError
  static void check(const Features& features, const Structures& structures);
  ~Smmu();
  Smmu(const Smmu&) = delete;
  Smmu& operator=(const Smmu&) = delete;

  /// The Non-secure programming interface.
  ProgrammingInterface& interface() { return m_interface; }
  const ProgrammingInterface& interface() const { return m_interface; }
  /// The Secure one; nullptr: S_IDR1.SECURE_IMPL is 0.
  ProgrammingInterface* secure_interface() { return m_secure.get(); }
  const ProgrammingInterface* secure_interface() const { return m_secure.get(); }
  /// The one that serves a stream.
  ProgrammingInterface& interface_of(const smmu::AccessRequest& request) {
    return interface_of(request.secure_stream);
  }
  ProgrammingInterface& interface_of(bool secure_stream) {
    return secure_stream && m_secure ? *m_secure : m_interface;
  }
  /// Performance monitors.
  Pmcgs& pmcgs() { return m_pmcgs; }
  const Pmcgs& pmcgs() const { return m_pmcgs; }
  /// All registers.
  const RegisterWindow& window() const { return m_window; }

  // ---- transactions

  /// Answers an access that hits all caches and has the rights it needs; everything else is left to an
  /// Access, and nothing has then changed. @return whether `answer` holds.
  bool translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer);
  /// Transactions enter and leave its in_flight(): CMD_SYNC waits for those in between (4.7.3).
  smmu::Engine& engine() { return m_engine; }
  const smmu::Engine& engine() const { return m_engine; }
  /// What accesses of Non-secure streams work with.
  const Parts& parts() const { return m_interface.parts(); }
  /// What the accesses of a stream would work with if no cache held anything; debug accesses fill none.
  const Parts& empty_parts(bool secure_stream);

  // ---- processors

  /// TLB maintenance of a processor arrives (3.17). What it names has gone when this returns; whoever
  /// synchronises then waits for a barrier of engine().in_flight().
  void broadcast(const BroadcastTlbi& tlbi, smmu::TimePs now);
  /// Whether what arrives now has an effect on translations of some Security state.
  bool takes_part_in_broadcasts() const {
    return takes_part_in_broadcasts(m_interface) || (m_secure && takes_part_in_broadcasts(*m_secure));
  }
  /// Whether broadcast() may ever do anything.
  bool takes_broadcasts() const { return m_features.BTM || m_structures.tell_tlbi; }

  // ---- queues

  /// Of each interface: the Event queue, the Command queue, what sends MSIs, address translation operations,
  /// prefetches; those of one VM, where there are any; with ATS, messages to devices; Enhanced Command
  /// queues. Then performance monitors. Always the same ones.
  const std::vector<smmu::Worker*>& workers() { return m_workers; }
  Signals take_signals() { return m_interface.take_signals(); }
  /// Whether stalled accesses have answers that they have not asked for yet.
  bool has_stall_answers() const {
    return m_interface.events().stalls().has_answers() ||
           (m_secure && m_secure->events().stalls().has_answers());
  }

  // ---- the rest

  /// The reset input. Caches are emptied, transactions under way are aborted, queues forgotten.
  void reset();
  /// As new, counters and numbers included, and cheaper than a new one: for tests that use many. There are no
  /// transactions, and no checkpoint that changed the registers' policies has been loaded.
  void renew();
  /// Power has gone and registers, queue positions and structures that it has read are retained: caches of
  /// translations are emptied, transactions under way are aborted.
  void abort_transactions();
  /// Nothing is to happen: the reset input is held, after reset(), or there is no power. See
  /// ProgrammingInterface::hold(). @param why  a text that stays
  void hold(bool held, const char* why = smmu::held_in_reset) {
    m_interface.hold(held, why);
    if (m_secure) m_secure->hold(held, why);
  }
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
  Parts parts_by(ConfigCaches& configs) {
    return {m_features, m_structures, m_engine, configs, m_statistics, m_diag, m_tracer};
  }
  void add_workers(ProgrammingInterface& interface);
  void add_vatos_pages();
  // CR2.PTM is about broadcasts of the Non-secure state, S_CR2.PTM about those of the Secure one and of EL3
  // (6.3.12, 6.3.60).
  bool takes_part_in_broadcasts(const ProgrammingInterface& interface) const {
    return m_features.BTM && !interface.held() && (interface.reg(SMMU_CR2) & CR2_PTM) == 0;
  }

  Features m_features;
  Structures m_structures;
  Diag m_diag;
  Tracer m_tracer;
  smmu::Engine m_engine;
  ConfigCaches m_configs;
  std::unique_ptr<ConfigCaches> m_secure_configs;
  Statistics m_statistics;
  ProgrammingInterface m_interface;
  std::unique_ptr<ProgrammingInterface> m_secure;
  Pmcgs m_pmcgs;
  smmu::StallPool m_stall_pool;  // STAGs, of both
  RegisterWindow m_window;
  std::vector<smmu::Worker*> m_workers;
  std::array<std::unique_ptr<EmptyCaches>, 2> m_empty;  // when they have been asked for
};

}  // namespace smmuvp::smmuv3
