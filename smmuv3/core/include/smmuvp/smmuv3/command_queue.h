// A Command queue: commands are fetched, checked and executed one after the other (IHI 0070 chapter 4).
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/command_queue_registers.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/invalidation_race.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;
class Stalls;

/// Clients are told of pointers that go while a command is carried out, and may let time pass. The queue
/// stands still until they return, whoever steps it: due() gives nothing, and step() does nothing.
class CommandQueue : public smmu::Worker {
 public:
  /// @param interface  whose commands they are
  /// @param registers  of this queue; outlive it
  CommandQueue(const Parts& parts, ProgrammingInterface& interface, CommandQueueRegisters& registers);

  /// Whether a command is being fetched, or a CMD_SYNC waits.
  bool busy() const { return m_state != State::idle; }

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  /// The same, where those that come before have been let go on.
  smmu::Step go_on(smmu::TimePs now);
  const smmu::MemoryOp& op() const override { return m_op; }
  bool waiting() const override { return m_state == State::fetch; }
  void complete(const smmu::MemoryAnswer& answer) override;

  /// Traces how many commands it has.
  void trace_level(smmu::TimePs time);
  void reset();
  void visit(Archive& archive);

 private:
  /// messages: a CMD_SYNC waits for devices to complete ATS invalidations, and then, as sync, for accesses.
  /// executed, synchronised: software does not see yet that a command, or a CMD_SYNC, is consumed.
  enum class State : std::uint8_t { idle, fetch, execute, messages, sync, executed, synchronised };
  /// A command that is consumed, and takes effect later.
  struct Late {
    Command command;
    smmu::TimePs time = 0;
  };

  std::optional<smmu::TimePs> next_due() const;
  void visit_adversity(Archive& archive);
  bool ready() const;
  bool waits_for_room() const;
  std::optional<smmu::TimePs> messages_done() const;
  std::optional<smmu::TimePs> sync_done() const;
  void fetched(const smmu::MemoryAnswer& answer);
  void report_wide_tags(const Command& command, const CommandInfo& info);
  void report_out_of_range(const Command& command, const CommandInfo& info);
  void report_misaligned_range(const Command& command, const CommandInfo& info);
  bool execute(const Command& command);
  smmu::TimePs draw_delay();
  bool defers(const Command& command) const;
  bool carry_out_checked(const Command& command);
  bool carry_out_late(smmu::TimePs until, smmu::TimePs now);
  void carry_out(const Command& command);
  void invalidate_config(ProgrammingInterface& of, std::uint32_t match, std::uint32_t mask,
                         std::optional<std::uint32_t> substream, bool ste);
  void invalidate_tlb(const smmu::Invalidation& what, const char* command);
  void invalidate_atc(const Command& command);
  void respond_to_page_requests(const Command& command);
  void invalidate_el2(const Command& command, smmu::Invalidation what);
  void resume(const Command& command, Stalls& stalls);
  void finish_sync();
  void consume();
  void stop(CommandError error);
  std::string place() const;

  Parts m_parts;
  ProgrammingInterface& m_interface;
  CommandQueueRegisters& m_registers;
  State m_state = State::idle;
  smmu::MemoryOp m_op;
  Command m_command;             // of State::execute and State::sync
  std::uint64_t m_barrier = 0;   // of State::sync
  std::uint64_t m_messages = 0;  // of State::messages: AtcMessages::barrier()
  smmu::TimePs m_time = 0;
  unsigned m_executing = 0;  // 1 within execute(); not saved: a state that is saved then carries it out anew
  unsigned m_renewals = 0;   // by reset() and loading: what is carried out meanwhile is of before
  std::optional<InvalidationRace> m_race;  // with the quirk
  smmu::Delays m_delays;
  smmu::Delays m_consumption_delays;
  smmu::Delays m_late_delays;
  Random m_bursts;
  std::uint32_t m_burst = 0;  // commands that come without delay
  std::deque<Late> m_late;    // by time
};

}  // namespace smmuvp::smmuv3
