// The SMMUv3 core: registers, caches, queues and the worker that processes them. No SystemC.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/calendar.h"
#include "smmuvp/smmu/config_cache.h"
#include "smmuvp/smmu/in_flight.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu/statistics.h"
#include "smmuvp/smmu/tlb.h"
#include "smmuvp/v3/cd.h"
#include "smmuvp/v3/commands.h"
#include "smmuvp/v3/events.h"
#include "smmuvp/v3/features.h"
#include "smmuvp/v3/queue.h"
#include "smmuvp/v3/registers.h"
#include "smmuvp/v3/ste.h"

namespace smmuvp::v3 {

class Access;

/// Edges on the wired outputs since they were last taken.
struct Signals {
  bool eventq = false;
  bool gerror = false;
  bool cmdq_sync = false;
  bool event = false;  ///< wake-up event for WFE (IDR0.SEV)
  bool any() const { return eventq || gerror || cmdq_sync || event; }
};

/// One SMMUv3. Never waits and keeps nothing on a stack: transactions are Access objects (access.h), and
/// the queues are worked by work_step(), work_op() and work_complete(). Whoever drives it calls work_step()
/// whenever work_pending() says so: after register writes, accesses and leave().
class Smmu : private RegisterObserver {
 public:
  /// @throws ConfigError for features or structures that cannot be.
  Smmu(const Features& features, const Structures& structures, const std::string& name = "smmu",
       DiagSink* diag = nullptr, TraceSink* trace = nullptr);

  // ---- programming interface

  /// Software's accesses. 4 bytes, or 8 bytes at a 64-bit register, aligned; all others are RAZ/WI, and
  /// diagnosed (IHI 0070 6.2). @param now  simulated time, for traces
  void read_register(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
                     std::uint64_t& value);
  void write_register(std::uint32_t offset, unsigned bytes, AccessSecurity security, smmu::TimePs now,
                      std::uint64_t value);
  /// A debugger's read, without side effects.
  void peek_register(std::uint32_t offset, unsigned bytes, std::uint64_t& value) const;
  const RegisterFile& registers() const { return m_registers; }

  // ---- transactions

  /// Answers an access that hits all caches and has the rights it needs; everything else is left to an
  /// Access, and nothing has then changed. @return whether `answer` holds.
  bool translate_fast(const smmu::AccessRequest& request, smmu::AccessAnswer& answer);
  /// A transaction begins, and ends: CMD_SYNC waits for those in between (4.7.3).
  smmu::FlightToken enter() { return m_in_flight.enter(); }
  void leave(smmu::FlightToken token) { m_in_flight.leave(token); }

  // ---- queues

  /// Goes on with event records and commands. done: nothing to do. stalled: a CMD_SYNC waits for
  /// transactions to leave().
  smmu::Step work_step(smmu::TimePs now);
  const smmu::MemoryOp& work_op() const { return m_work_op; }
  void work_complete(const smmu::MemoryAnswer& answer);
  /// Whether work_step() would get on.
  bool work_pending() const;
  /// When the worker is ready for its next step.
  smmu::TimePs work_time() const { return m_work_time; }
  Signals take_signals();

  // ---- the rest

  /// The reset input. Caches are emptied, transactions under way are aborted, queues forgotten.
  void reset();
  /// Simulated time has reached `now`: bookings before it are forgotten.
  void prune(smmu::TimePs now);
  const Features& features() const { return m_features; }
  const smmu::Statistics& statistics() const { return m_statistics; }
  Diag& diag() { return m_diag; }
  /// Saves or restores everything but transactions under way: there must be none.
  void visit(Archive& archive);

 private:
  friend class Access;

  enum class Work : std::uint8_t { idle, event, command, sync };

  // registers (smmu_registers.cpp)
  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                              std::uint64_t stored) override;
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;
  void register_write_ignored(std::uint16_t id, std::uint32_t index) override;
  bool legal_access(std::uint32_t offset, unsigned bytes, bool write, std::uint64_t value);
  std::uint64_t visible_bits(std::uint16_t id) const;
  void update_acks();
  void refresh();
  std::uint32_t reg(Reg id) const { return static_cast<std::uint32_t>(m_registers.get(id)); }
  bool enabled(std::uint32_t cr0_bit) const { return (m_cr0ack & cr0_bit) != 0; }
  bool active(std::uint32_t gerror_bit) const {
    return ((reg(SMMU_GERROR) ^ reg(SMMU_GERRORN)) & gerror_bit) != 0;
  }
  void activate(std::uint32_t gerror_bit);

  // queues (worker.cpp)
  void record(const Event& event);
  void raise_overflow();
  bool commands_ready() const;
  void start_op(smmu::MemoryPurpose purpose, std::uint64_t address, std::uint8_t size);
  void event_written(bool ok);
  void command_read(const smmu::MemoryAnswer& answer);
  void finish_sync();
  void consume_command();
  void stop_commands(CommandError error);

  // commands (execute.cpp)
  void execute(const Command& command);
  void invalidate_config(std::uint32_t match, std::uint32_t mask, const std::uint32_t* substream, bool ste);
  void invalidate_tlb(const smmu::TlbInvalidation& what, const char* command);

  Features m_features;
  Structures m_structures;
  Diag m_diag;
  Tracer m_tracer;
  RegisterFile m_registers;
  smmu::TimePs m_now = 0;  // of the last call, for traces

  // Copies of registers in the form that accesses need; refresh() makes them.
  std::uint32_t m_cr0ack = 0;
  StreamTable m_stream_table;
  smmu::MemoryAttributes m_table_attributes;
  smmu::MemoryAttributes m_cmdq_attributes;
  smmu::MemoryAttributes m_eventq_attributes;
  Queue m_cmdq;
  Queue m_eventq;

  smmu::Tlb m_tlb;
  smmu::ConfigCache<Ste> m_stes;
  smmu::ConfigCache<Cd> m_cds;
  std::uint64_t m_epoch = 0;        // invalidations so far: a walk that sees it change fills no cache
  std::uint64_t m_reset_count = 0;  // accesses of before a reset are aborted
  smmu::InFlight m_in_flight;

  std::vector<smmu::Calendar> m_port_calendars;
  smmu::Calendar m_tlb_calendar;
  smmu::Calendar m_config_calendar;
  smmu::Calendar m_walker_calendar;
  smmu::Calendar m_walk_port_calendar;
  smmu::TimePs m_pruned = 0;

  std::deque<Event> m_pending;  // committed, not yet written
  bool m_overflow = false;      // a record was discarded, and the queue has not been seen full since
  Work m_work = Work::idle;
  bool m_work_waiting = false;  // m_work_op is unanswered
  smmu::MemoryOp m_work_op;
  Command m_command;  // of Work::sync
  smmu::TimePs m_work_time = 0;

  Signals m_signals;
  smmu::Statistics m_statistics;
};

}  // namespace smmuvp::v3
