#include "smmuvp/smmuv3/command_queue.h"

#include <algorithm>
#include <string>

#include "smmuvp/smmu/counted.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "smmuvp/smmuv3/trace_points.h"
#include "trace_queues.h"
#include "words_told.h"

namespace smmuvp::smmuv3 {

using smmu::Step;
using smmu::TimePs;

namespace {

constexpr std::size_t most_late = 256;  // the oldest takes effect when there is one more

// 4.7.3; whether the address is 0 is asked before it is truncated.
Msi msi_of(const Command& sync) {
  return {get_address(sync.words, CMD_MSIAddress), get_as<std::uint32_t>(sync.words, CMD_MSIData),
          get_as<std::uint8_t>(sync.words, CMD_MSIAttr), get_as<std::uint8_t>(sync.words, CMD_MSH)};
}

const char* error_name(CommandError error) {
  switch (error) {
    case CommandError::CERROR_ABT:
      return "CERROR_ABT";
    case CommandError::CERROR_ATC_INV_SYNC:
      return "CERROR_ATC_INV_SYNC";
    default:
      return "CERROR_ILL";
  }
}

}  // namespace

CommandQueue::CommandQueue(const Parts& parts, ProgrammingInterface& interface,
                           CommandQueueRegisters& registers)
    : m_parts(parts), m_interface(interface), m_registers(registers) {
  const smmu::Adversity& a = parts.structures.adversity;
  const std::string name = (interface.secure() ? "s_cmdq" : "cmdq") + std::to_string(registers.number());
  m_delays = {a, name + "/delay", a.command_delay};
  m_consumption_delays = {a, name + "/consumption", a.consumption_delay};
  m_late_delays = {a, name + "/late", a.invalidation_delay};
  m_bursts = Random(a.seed, name + "/burst");
  if (parts.features.quirks.has(Quirk::nvidia_invalidation_race)) m_race.emplace(parts.engine.in_flight());
}

// 4.1.2
bool CommandQueue::ready() const {
  const std::uint32_t prod = m_registers.prod();
  const std::uint32_t cons = m_registers.cons();
  const Queue& queue = m_registers.queue();
  return m_registers.enabled() && m_registers.wanted() && !m_registers.stopped() &&
         !queue.empty(prod, cons) && queue.consistent(prod, cons);
}

// The first of a burst is delayed.
TimePs CommandQueue::draw_delay() {
  if (!m_delays.any()) return 0;
  if (m_burst != 0) {
    --m_burst;
    return 0;
  }
  m_burst = static_cast<std::uint32_t>(m_bursts.below(m_parts.structures.adversity.command_burst + 1U));
  return m_delays.draw();
}

// 3.21.1, 4.1.4: of what invalidates nothing can be concluded before a CMD_SYNC is complete. Effects of the
// others may be seen by their consumption, or by those who wait for it.
bool CommandQueue::defers(const Command& command) const {
  if (!m_late_delays.any()) return false;
  const auto is = [&](Opcode first, Opcode last) {
    return command.opcode >= static_cast<std::uint8_t>(first) &&
           command.opcode <= static_cast<std::uint8_t>(last);
  };
  return is(Opcode::CMD_CFGI_STE, Opcode::CMD_TLBI_NSNH_ALL) ||
         is(Opcode::CMD_TLBI_S_EL2_ALL, Opcode::CMD_TLBI_SNH_ALL);
}

// 4.7.3: transactions of before have ended, and their events are visible; the MSI of the CMD_SYNC before,
// from the same queue, is written or reported.
std::optional<TimePs> CommandQueue::sync_done() const {
  smmu::InFlight& in_flight = m_parts.engine.in_flight();
  if (!in_flight.done(m_barrier)) return std::nullopt;
  const MsiWriter& msis = m_interface.msis();
  const unsigned queue = m_registers.number();
  const TimePs at = std::max(
      {m_time, in_flight.done_at(m_barrier, m_time), msis.completed_at(MsiSource::cmdq_sync, queue)});
  // A command of a Secure queue may have been about Non-secure streams.
  const bool held = m_interface.events().holds_until(at) || m_interface.non_secure().events().holds_until(at);
  if (held || msis.incomplete(MsiSource::cmdq_sync, queue)) return std::nullopt;
  return at;
}

// 4.5.1: ATS invalidations of before have completed, or failed.
std::optional<TimePs> CommandQueue::messages_done() const {
  const AtcMessages& messages = m_interface.atc_messages();
  if (!messages.done(m_messages)) return std::nullopt;
  return std::max(m_time, messages.done_at(m_registers.number()));
}

// One that prefetches is consumed when the one before has ended: there is room for one. In an Enhanced
// Command queue it is a hint that is not taken then (4.2), so that queues do not wait for each other. One
// that is a message to a device waits for room too, among those of its queue.
bool CommandQueue::waits_for_room() const {
  if (m_state != State::execute) return false;
  if (Prefetch::is_prefetch(m_command)) {
    return m_registers.number() == 0 && m_interface.named_by(m_command.SSec).prefetch().running();
  }
  const auto opcode = static_cast<Opcode>(m_command.opcode);
  return (opcode == Opcode::CMD_ATC_INV || opcode == Opcode::CMD_PRI_RESP) &&
         !m_interface.atc_messages().has_room(m_registers.number());
}

std::optional<TimePs> CommandQueue::due() const {
  if (m_interface.held() || m_executing != 0 || m_state == State::fetch) return std::nullopt;
  const std::optional<TimePs> next = next_due();
  if (m_late.empty()) return next;
  return next ? std::min(*next, m_late.front().time) : m_late.front().time;
}

std::optional<TimePs> CommandQueue::next_due() const {
  switch (m_state) {
    case State::fetch:
      return std::nullopt;
    case State::execute:
      if (waits_for_room()) return std::nullopt;
      return m_time;
    case State::executed:
    case State::synchronised:
      return m_time;
    case State::messages:
      return messages_done();
    case State::sync:
      return sync_done();
    case State::idle:
      break;
  }
  if (ready() || m_registers.wanted() != m_registers.enabled()) return m_time;
  return std::nullopt;
}

Step CommandQueue::step(TimePs now) {
  if (m_state == State::fetch) return Step::need;
  m_parts.engine.prune(now);
  m_registers.let_others_before(now);
  return go_on(now);
}

Step CommandQueue::go_on(TimePs now) {
  if (m_state == State::fetch) return Step::need;
  if (m_executing != 0) return Step::stalled;
  if (!m_late.empty() && !carry_out_late(now, now)) return Step::done;
  while (true) {
    m_registers.update_ack(now);
    if (m_time > now) return Step::done;
    if (m_state == State::execute) {
      if (waits_for_room()) return Step::stalled;
      m_time = now;
      if (!execute(m_command)) return Step::done;
      continue;
    }
    if (m_state == State::messages) {
      const auto done = messages_done();
      if (!done) return Step::stalled;
      m_time = *done;
      if (m_time > now) return Step::done;
      m_time = now;
      // 3.9.1.4; told once, and retried
      if (m_interface.atc_messages().take_failure(m_messages, m_registers.number())) {
        m_state = State::idle;
        stop(CommandError::CERROR_ATC_INV_SYNC);
        continue;
      }
      m_state = State::sync;
      // Waits for everything that is under way, a superset of what 4.7.3 asks for: what used an entry of an
      // ATC was so before the device completed its invalidation.
      m_barrier = m_parts.engine.in_flight().barrier();
      m_time += m_parts.engine.injected_sync_delay("CMD_SYNC", m_time);
      continue;
    }
    if (m_state == State::sync) {
      const auto done = sync_done();
      if (!done) return Step::stalled;
      m_time = *done;
      if (m_time > now) return Step::done;
      m_time = now + m_consumption_delays.draw();
      m_state = State::synchronised;
      continue;
    }
    if (m_state == State::synchronised) {
      finish_sync();
      continue;
    }
    if (m_state == State::executed) {
      m_state = State::idle;
      consume();
      continue;
    }
    if (!ready()) return Step::done;
    m_time = now;
    m_op = {};
    m_op.purpose = "command";
    m_op.size = 16;
    m_op.space = m_interface.space();
    m_op.address = m_registers.queue().address(m_registers.cons());
    m_op.attributes = m_registers.attributes();
    m_op.mpam = m_interface.own_mpam();
    m_time = m_parts.engine.pass_walk_port(m_time);
    m_op.time = m_time;
    m_state = State::fetch;
    return Step::need;
  }
}

void CommandQueue::complete(const smmu::MemoryAnswer& answer) {
  if (m_state != State::fetch) return;  // of before a reset
  m_state = State::idle;
  m_time = std::max(m_time, answer.time);
  fetched(answer);
  m_registers.update_ack(m_time);
}

void CommandQueue::fetched(const smmu::MemoryAnswer& answer) {
  // Disabled meanwhile: what was fetched is discarded (3.21.2).
  if (!m_registers.wanted()) return;
  if (answer.status != smmu::MemoryStatus::ok) {
    m_parts.diag.guest_error("CMDQ.abort", "a command" + place() + " cannot be read: external abort",
                             "IHI 0070 7.1", {}, m_op.address);
    stop(CommandError::CERROR_ABT);
    return;
  }
  const Command command = Command::decode({smmu::load_word(answer.data, 0), smmu::load_word(answer.data, 1)});
  const char* why = "";
  const CommandError error = check_command(command, m_parts.features, why, m_interface.origin());
  if (error != CommandError::CERROR_NONE) {
    m_parts.diag.guest_error("CMDQ.CERROR_ILL",
                             "illegal command" + place() + ": " + why + words_told("command", command.words),
                             "IHI 0070 4.1.3", {}, m_op.address);
    stop(error);
    return;
  }
  const CommandInfo& info = *find_command(command.opcode);
  const auto reserved = reserved_bits(command, info, m_parts.features);
  if ((reserved[0] | reserved[1]) != 0) {
    m_parts.diag.guest_error(std::string(info.name) + ".reserved",
                             "Reserved bits of a command are not zero" + words_told("command", command.words),
                             "IHI 0070 4.1.5", {}, m_op.address);
  }
  report_wide_tags(command, info);
  report_misaligned_range(command, info);
  report_out_of_range(command, info);
  m_command = command;
  m_state = State::execute;
  if (m_parts.engine.timing()) m_time += m_parts.structures.command.latency + draw_delay();
}

// 4.4: it need not affect entries, and here it does not: none has such a tag.
void CommandQueue::report_wide_tags(const Command& command, const CommandInfo& info) {
  const auto report = [&](const char* field, const char* feature) {
    m_parts.diag.guest_error(std::string(info.name) + "." + field,
                             std::string(info.name) + " has " + field + "[15:8] that is not 0, and " +
                                 feature + " is 0: it affects nothing" + words_told("command", command.words),
                             "IHI 0070 4.4", {}, m_op.address);
  };
  // 4.4.2.8: IGNORED
  const bool no_asid = (info.opcode == Opcode::CMD_TLBI_EL2_VA && !m_interface.non_secure().origin().E2H) ||
                       (info.opcode == Opcode::CMD_TLBI_S_EL2_VA && !m_interface.origin().E2H);
  for (const Field* f : info.fields) {
    if (f == &CMD_ASID && !no_asid && !m_parts.features.ASID16 && command.ASID > 0xff) {
      report("ASID", "IDR0.ASID16");
    }
    const bool named = info.opcode == Opcode::CMD_CFGI_VMS_PIDM;  // by SSec, a state that has stage 2
    if (f == &CMD_VMID && (named || m_parts.features.has_stage2(m_interface.sec_sid())) &&
        !m_parts.features.VMID16 && command.VMID > 0xff) {
      report("VMID", "IDR0.VMID16");
    }
  }
}

// 4.1.7: it has no effect, since nothing is cached of what is out of range. Prefetches are hints (4.2).
void CommandQueue::report_out_of_range(const Command& command, const CommandInfo& info) {
  const Features& f = m_parts.features;
  const auto report = [&](const char* field, const char* feature, unsigned bits) {
    m_parts.diag.guest_error(std::string(info.name) + "." + field,
                             std::string(info.name) + " has a " + field + " of more than " +
                                 std::to_string(bits) + " bits, which is " + feature + ": it affects nothing",
                             "IHI 0070 4.1.7", command.StreamID, m_op.address);
  };
  if (Prefetch::is_prefetch(command)) return;
  const SecSid named = m_interface.named_by(command.SSec).sec_sid();
  const unsigned bits = f.sidsize(named);
  for (const Field* field : info.fields) {
    // 4.3.2: the bottom Range + 1 bits of a StreamID are IGNORED
    const unsigned ignored = info.opcode == Opcode::CMD_CFGI_STE_RANGE ? command.Range + 1U : 0U;
    if (field == &CMD_StreamID && std::uint64_t{command.StreamID} >> std::max(bits, ignored) != 0) {
      report("StreamID", named == SecSid::secure ? "S_IDR1.S_SIDSIZE" : "IDR1.SIDSIZE", bits);
    }
    const bool no_substream = (info.opcode == Opcode::CMD_ATC_INV || info.opcode == Opcode::CMD_PRI_RESP) &&
                              (!command.SSV || f.SSIDSIZE == 0);  // 4.5.1, 4.5.2: IGNORED
    if (field == &CMD_SubstreamID && !no_substream && command.SubstreamID >> f.SSIDSIZE != 0) {
      report("SubstreamID", "IDR1.SSIDSIZE", f.SSIDSIZE);
    }
  }
}

// 4.4.1.1: UNPREDICTABLE which range is invalidated. Here it is that from the address on.
void CommandQueue::report_misaligned_range(const Command& command, const CommandInfo& info) {
  if (!info.has_range) return;
  const std::optional<CommandRange> range = range_of(command, m_parts.features);
  if (!range || (command.Address & low_bits(range->alignment())) == 0) return;
  m_parts.diag.guest_error(std::string(info.name) + ".Address",
                           std::string(info.name) + " has an Address that is not aligned to 2^" +
                               std::to_string(range->alignment()) +
                               ", the size of the entries that TG and TTL name: align it, or let TTL be 0",
                           "IHI 0070 4.4.1.1", {}, m_op.address);
}

// @return whether the queue is still what it was.
bool CommandQueue::execute(const Command& command) {
  m_parts.tracer.emit(m_time, trace_command, std::string_view(opcode_name(command.opcode)), command.words[0],
                      command.words[1], m_registers.cons(), m_registers.number(), m_interface.secure(),
                      m_time - std::min(m_time, m_op.time));
  if (static_cast<Opcode>(command.opcode) == Opcode::CMD_SYNC) {
    if (!m_late.empty() && !carry_out_late(~TimePs{0}, m_time)) return false;
    m_state = State::messages;
    m_messages = m_interface.atc_messages().barrier(m_registers.number());
    return true;
  }
  // 6.3.9.3: until it is consumed the queue is not disabled.
  if (defers(command)) {
    const TimePs after = m_late.empty() ? m_time : std::max(m_time, m_late.back().time);
    m_late.push_back({command, std::max(after, m_time + m_late_delays.draw())});
    if (m_late.size() > most_late && !carry_out_late(m_late.front().time, m_time)) return false;
  } else if (!carry_out_checked(command)) {
    return false;
  }
  if (m_consumption_delays.any()) {
    m_time += m_consumption_delays.draw();
    m_state = State::executed;
    return true;
  }
  m_state = State::idle;
  consume();
  return true;
}

// Clients whose pointers go are told meanwhile, and may reset the SMMU. @return whether the queue is still
// what it was.
bool CommandQueue::carry_out_checked(const Command& command) {
  const unsigned renewals = m_renewals;
  {
    const smmu::Counted executing(m_executing);
    if (!m_race || !m_race->loses(command)) carry_out(command);
  }
  if (renewals != m_renewals) return false;
  if (Speculation* speculation = m_interface.speculation()) speculation->invalidated(m_time);
  return true;
}

// In the order of the queue. @return as carry_out_checked()
bool CommandQueue::carry_out_late(TimePs until, TimePs now) {
  while (!m_late.empty() && m_late.front().time <= until) {
    const Command command = m_late.front().command;
    m_late.pop_front();
    const TimePs time = m_time;  // the command that is in turn may be further on
    m_time = now;
    if (!carry_out_checked(command)) return false;
    m_time = time;
  }
  return true;
}

void CommandQueue::finish_sync() {
  m_state = State::idle;
  if (m_race) m_race->synchronised();
  ++m_parts.statistics.syncs;
  m_parts.tracer.emit(m_time, trace_sync, m_registers.cons(), m_registers.number(), m_interface.secure());
  consume();
  switch (m_command.CS) {  // 4.7.3
    case SIG_IRQ:          // wired whatever MSIAddress says
      m_interface.signals().cmdq_sync = true;
      m_interface.msis().send(MsiSource::cmdq_sync, msi_of(m_command), m_time, m_registers.number());
      break;
    case SIG_SEV:
      if (m_parts.features.SEV) m_interface.signals().event = true;
      break;
    default:
      break;
  }
}

void CommandQueue::consume() {
  const std::uint32_t cons = m_registers.cons();
  const Queue& queue = m_registers.queue();
  // 4.1.2, 3.5.6.1: an event when a full queue becomes non-full
  if (m_parts.features.SEV && queue.full(m_registers.prod(), cons)) {
    if (!m_parts.features.quirks.has(Quirk::arm_1076982)) m_interface.signals().event = true;
  }
  m_registers.set_cons(queue.next(cons));
  trace_level(m_time);
  ++m_parts.statistics.commands;
}

void CommandQueue::trace_level(TimePs time) {
  smmuv3::trace_level(m_parts.tracer, time, m_interface.secure(), m_registers);
}

// 7.1, 3.5.6.3: RD stays at the command.
void CommandQueue::stop(CommandError error) {
  m_parts.tracer.emit(m_time, trace_command_error, std::string_view(error_name(error)), m_registers.cons(),
                      m_registers.number(), m_interface.secure());
  m_registers.stop(error, m_time);
}

// For software that has several queues.
std::string CommandQueue::place() const {
  const unsigned number = m_registers.number();
  const bool secure = m_interface.secure();
  if (number == 0) return secure ? " of S_CMDQ" : "";
  return (secure ? " of S_ECMDQ " : " of ECMDQ ") + std::to_string(number - 1);
}

void CommandQueue::reset() {
  m_state = State::idle;
  m_command = {};
  m_barrier = m_messages = 0;
  m_op = {};
  m_time = 0;
  m_late.clear();
  ++m_renewals;
  if (m_race) m_race->reset();
}

// Where there is none, states are as they were without it.
void CommandQueue::visit_adversity(Archive& archive) {
  m_delays.visit(archive);
  m_consumption_delays.visit(archive);
  m_late_delays.visit(archive);
  if (m_delays.any()) {
    m_bursts.visit(archive);
    archive.value("burst", m_burst);
  }
  if (!m_late_delays.any()) return;
  archive.list("late", m_late, most_late, [&](Late& late) {
    archive.value("words", late.command.words);
    archive.time("time", late.time);
    if (!archive.loading()) return;
    late.command = Command::decode(late.command.words);
    const char* why = "";
    Origin origin;
    origin.sec_sid = m_interface.sec_sid();
    if (!defers(late.command) ||
        check_command(late.command, m_parts.features, why, origin) != CommandError::CERROR_NONE) {
      archive.fail("words", "no command that takes effect late");
    }
  });
  if (!archive.ok()) m_late.clear();
}

void CommandQueue::visit(Archive& archive) {
  archive.begin("command_queue");
  State state = m_state;
  archive.value("state", state);
  archive.value("words", m_command.words);
  archive.value("barrier", m_barrier);
  archive.value("messages", m_messages);
  archive.time("time", m_time);
  m_op.visit(archive);
  if (m_race) m_race->visit(archive);
  visit_adversity(archive);
  archive.end();
  if (!archive.loading()) return;
  ++m_renewals;
  m_op.purpose = "command";
  const bool fetches = state == State::fetch;
  if (state > State::synchronised ||
      (fetches && (m_op.size != 16 || m_op.kind != smmu::MemoryOpKind::read))) {
    archive.fail("state", "no state of a Command queue");
  }
  m_state = archive.ok() ? state : State::idle;
  m_command = Command::decode(m_command.words);
  if (fetches) m_op.space = m_interface.space();
  const char* why = "";
  Origin origin;  // of when it was fetched, as far as it is known
  origin.sec_sid = m_interface.sec_sid();
  if (m_state != State::idle && !fetches &&
      check_command(m_command, m_parts.features, why, origin) != CommandError::CERROR_NONE) {
    archive.fail("words", "no command that is executed");
    m_state = State::idle;
  }
}

}  // namespace smmuvp::smmuv3
