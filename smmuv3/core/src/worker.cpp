// Event records and commands, one memory operation at a time.
#include <algorithm>

#include "smmuvp/v3/smmu.h"
#include "smmuvp/v3/trace_points.h"

namespace smmuvp::v3 {

using smmu::Step;

// 7.2.1, 7.4: whether there is room is seen when a record is written. Until then as many wait as the queue
// has entries, so that no stream of faults takes memory without bound.
void Smmu::record(const Event& event) {
  if (!enabled(CR0_EVENTQEN) || (reg(SMMU_CR0) & CR0_EVENTQEN) == 0 || active(GERROR_EVENTQ_ABT_ERR)) {
    ++m_statistics.events_lost;
    return;
  }
  if (m_pending.size() >= m_eventq.entries()) {
    ++m_statistics.events_lost;
    m_overflow = true;  // 7.4: not to be seen before the queue is seen to be full
    return;
  }
  m_pending.push_back(event);
}

void Smmu::raise_overflow() {
  m_overflow = false;
  const std::uint32_t prod = reg(SMMU_EVENTQ_PROD);
  if (((prod ^ reg(SMMU_EVENTQ_CONS)) & EVENTQ_OVFLG) == 0)
    m_registers.set(SMMU_EVENTQ_PROD, prod ^ EVENTQ_OVFLG);
}

// 4.1.2
bool Smmu::commands_ready() const {
  return enabled(CR0_CMDQEN) && (reg(SMMU_CR0) & CR0_CMDQEN) != 0 && !active(GERROR_CMDQ_ERR) &&
         !m_cmdq.empty(reg(SMMU_CMDQ_PROD), reg(SMMU_CMDQ_CONS)) &&
         m_cmdq.consistent(reg(SMMU_CMDQ_PROD), reg(SMMU_CMDQ_CONS));
}

bool Smmu::work_pending() const {
  if (m_work_waiting) return false;  // somebody is carrying out work_op()
  if (!m_pending.empty()) return true;
  if (m_work == Work::sync) return m_in_flight.older() == 0;
  return commands_ready() || reg(SMMU_CR0) != m_cr0ack;
}

Step Smmu::work_step(smmu::TimePs now) {
  if (m_work_waiting) return Step::need;
  prune(now);  // the worker may be all that runs
  m_now = now;
  m_work_time = std::max(m_work_time, now);
  while (true) {
    if (m_work != Work::sync) m_work = Work::idle;
    update_acks();
    if (!m_pending.empty()) {  // before commands: CMD_SYNC makes events visible
      const std::uint32_t prod = reg(SMMU_EVENTQ_PROD);
      if (m_eventq.full(prod, reg(SMMU_EVENTQ_CONS)) || active(GERROR_EVENTQ_ABT_ERR)) {
        const bool overflow = !active(GERROR_EVENTQ_ABT_ERR);
        m_statistics.events_lost += m_pending.size();
        m_pending.clear();
        m_overflow = false;
        if (overflow) raise_overflow();
        continue;
      }
      const bool in_sync = m_work == Work::sync;
      if (!in_sync) m_work = Work::event;
      start_op(smmu::MemoryPurpose::event, m_eventq.address(prod), 32);
      const auto words = m_pending.front().words();
      for (unsigned i = 0; i < 4; ++i) smmu::store_word(m_work_op.data, i, words[i]);
      return Step::need;
    }
    if (m_work == Work::sync) {
      if (m_in_flight.older() != 0) return Step::stalled;
      finish_sync();
      continue;
    }
    if (!commands_ready()) return Step::done;
    m_work = Work::command;
    start_op(smmu::MemoryPurpose::command, m_cmdq.address(reg(SMMU_CMDQ_CONS)), 16);
    return Step::need;
  }
}

void Smmu::start_op(smmu::MemoryPurpose purpose, std::uint64_t address, std::uint8_t size) {
  const bool event = purpose == smmu::MemoryPurpose::event;
  m_work_op = {};
  m_work_op.kind = event ? smmu::MemoryOpKind::write : smmu::MemoryOpKind::read;
  m_work_op.purpose = purpose;
  m_work_op.size = size;
  m_work_op.address = address;
  m_work_op.attributes = event ? m_eventq_attributes : m_cmdq_attributes;
  if (m_structures.timing) m_work_time = m_walk_port_calendar.book(m_work_time);
  m_work_op.time = m_work_time;
  m_work_waiting = true;
}

void Smmu::work_complete(const smmu::MemoryAnswer& answer) {
  if (!m_work_waiting) return;  // of before a reset
  m_work_waiting = false;
  m_work_time = std::max(m_work_time, answer.time);
  m_now = m_work_time;
  if (m_work_op.purpose == smmu::MemoryPurpose::event) {
    event_written(answer.status == smmu::MemoryStatus::ok);
  } else {
    command_read(answer);
  }
  if (m_work != Work::sync) m_work = Work::idle;
  update_acks();
}

void Smmu::event_written(bool ok) {
  if (m_pending.empty()) return;
  const Event event = m_pending.front();
  m_pending.pop_front();
  if (!ok) {  // 7.2.2, a synchronous abort: PROD stays, records in progress are lost
    m_statistics.events_lost += 1 + m_pending.size();
    m_pending.clear();
    m_overflow = false;
    m_diag.guest_error("EVENTQ.abort", "the Event queue cannot be written: external abort", "IHI 0070 7.2.2",
                       {}, m_work_op.address);
    activate(GERROR_EVENTQ_ABT_ERR);
    return;
  }
  const std::uint32_t prod = reg(SMMU_EVENTQ_PROD);
  const bool was_empty = m_eventq.empty(prod, reg(SMMU_EVENTQ_CONS));
  const std::uint32_t next = m_eventq.next(prod);
  m_registers.set(SMMU_EVENTQ_PROD, (prod & EVENTQ_OVFLG) | next);
  ++m_statistics.events;
  m_tracer.emit(m_now, trace_event, std::string_view(to_string(event.type)), event.StreamID, event.InputAddr,
                event.RnW, next);
  // 3.18: on the transition from empty to non-empty
  if (was_empty && (reg(SMMU_IRQ_CTRLACK) & IRQ_CTRL_EVENTQ_IRQEN) != 0) m_signals.eventq = true;
  if (m_overflow && m_eventq.full(next, reg(SMMU_EVENTQ_CONS))) raise_overflow();
}

void Smmu::command_read(const smmu::MemoryAnswer& answer) {
  m_work = Work::idle;
  // Disabled meanwhile: what was fetched is discarded (3.21.2).
  if ((reg(SMMU_CR0) & CR0_CMDQEN) == 0) return;
  if (answer.status != smmu::MemoryStatus::ok) {
    m_diag.guest_error("CMDQ.abort", "a command cannot be read: external abort", "IHI 0070 7.1", {},
                       m_work_op.address);
    stop_commands(CommandError::CERROR_ABT);
    return;
  }
  const Command command = Command::decode({smmu::load_word(answer.data, 0), smmu::load_word(answer.data, 1)});
  const char* why = "";
  const CommandError error = check_command(command, why);
  if (error != CommandError::CERROR_NONE) {
    m_diag.guest_error("CMDQ.CERROR_ILL", std::string("illegal command: ") + why, "IHI 0070 4.1.3", {},
                       m_work_op.address);
    stop_commands(error);
    return;
  }
  const CommandInfo& info = *command_info(command.opcode);
  if (((command.words[0] & ~info.defined[0]) | (command.words[1] & ~info.defined[1])) != 0) {
    m_diag.guest_error(std::string(info.name) + ".reserved", "Reserved bits of a command are not zero",
                       "IHI 0070 4.1.5", {}, m_work_op.address);
  }
  m_tracer.emit(m_now, trace_command, std::string_view(info.name), command.words[0], command.words[1],
                reg(SMMU_CMDQ_CONS) & m_cmdq.index_mask());
  if (m_structures.timing) m_work_time += m_structures.command.latency;
  if (info.opcode == Opcode::CMD_SYNC) {
    m_command = command;
    m_work = Work::sync;
    m_in_flight.barrier();  // waits for everything that is under way, a superset of what 4.7.3 asks for
    return;
  }
  execute(command);
  consume_command();
}

void Smmu::finish_sync() {
  m_work = Work::idle;
  ++m_statistics.syncs;
  consume_command();
  switch (m_command.CS) {  // 4.7.3
    case SIG_IRQ:          // IDR0.MSI == 0: MSIAddress and MSIData are IGNORED
      m_signals.cmdq_sync = true;
      break;
    case SIG_SEV:
      if (m_features.SEV) m_signals.event = true;
      break;
    default:
      break;
  }
}

void Smmu::consume_command() {
  const std::uint32_t cons = reg(SMMU_CMDQ_CONS);
  // 4.1.2: an event when a full queue becomes non-full
  if (m_features.SEV && m_cmdq.full(reg(SMMU_CMDQ_PROD), cons)) m_signals.event = true;
  m_registers.set(SMMU_CMDQ_CONS, (cons & 0x7f00'0000U) | m_cmdq.next(cons));
  ++m_statistics.commands;
}

// 7.1: RD stays at the command, ERR tells why, then GERROR makes it visible.
void Smmu::stop_commands(CommandError error) {
  const std::uint32_t cons = reg(SMMU_CMDQ_CONS);
  m_registers.set(SMMU_CMDQ_CONS, (cons & 0xfffffU) | static_cast<std::uint32_t>(error)
                                                          << CMDQ_CONS_ERR_shift);
  m_tracer.emit(m_now, trace_command_error,
                std::string_view(error == CommandError::CERROR_ABT ? "CERROR_ABT" : "CERROR_ILL"),
                cons & m_cmdq.index_mask());
  activate(GERROR_CMDQ_ERR);
}

}  // namespace smmuvp::v3
