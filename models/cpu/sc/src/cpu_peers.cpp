// What a processor does because there are others: turns, PSCI between processors, events, maintenance.
#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/cpu/cpu.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr std::size_t most_processors = 8;  // those of a GICv2 (IHI 0048B 1.2)

}  // namespace

void Cpu::join(const std::vector<CpuControl*>& all, unsigned number) {
  if (all.size() > most_processors) {
    throw ConfigError("type",
                      fmt::format("{} processors; a GICv2 serves {} at most", all.size(), most_processors));
  }
  std::vector<Cpu*> cpus;
  cpus.reserve(all.size());
  for (CpuControl* control : all) cpus.push_back(dynamic_cast<Cpu*>(control));
  if (std::find(cpus.begin(), cpus.end(), nullptr) != cpus.end())
    throw ConfigError("type", "processors of different types do not work together");
  m_number = number;
  m_core->join(number, static_cast<unsigned>(all.size()), *cpus.front()->m_core);
  if (cpus.size() > 1) m_all = std::move(cpus);
}

bool Cpu::is_running() const { return sc_core::sc_get_current_process_handle() == m_thread; }

// DEN 0022 6.4: at a reset, one processor starts, and the others are off.
void Cpu::reset_core() {
  m_core->reset(m_start_pc, m_start_x);
  m_event_register = m_send_event = false;
  m_power = m_number == 0 ? cpu::Power::on : cpu::Power::off;
  m_idle = m_number == 0 ? Idle::no : Idle::off;
}

// ---- Turns

// Processors that go on in the same delta cycle do so in the order that precedes() gives, one in a delta
// cycle, whatever the order in which SystemC runs processes that are ready together. To be called wherever
// instructions may follow a wait.
void Cpu::take_turn() {
  if (m_all.empty()) return;
  m_waits_for_turn = true;
  m_turn_delta = sc_core::sc_delta_count();
  do {
    sc_core::wait(sc_core::SC_ZERO_TIME);
  } while (!m_reset_pending && std::any_of(m_all.begin(), m_all.end(),
                                           [&](const Cpu* c) { return c->precedes(*this) && is_ahead(*c); }));
  m_waits_for_turn = false;
  m_turn_delta = sc_core::sc_delta_count();
}

// By their numbers; with a seed, that of the first one, by an order of each point in time.
bool Cpu::precedes(const Cpu& other) const {
  const std::uint64_t seed = m_all.front()->m_adverse_seed;
  if (seed == 0) return m_number < other.m_number;
  const auto place = [&](unsigned number) {
    return Random(seed + to_ps(sc_core::sc_time_stamp()) * most_processors + number, "turn").next();
  };
  const std::uint64_t own = place(m_number);
  const std::uint64_t others = place(other.m_number);
  return own != others ? own < others : m_number < other.m_number;
}

// What changes in this delta cycle must not count: some processes have run in it and others have not.
bool Cpu::is_ahead(const Cpu& other) const {
  const std::uint64_t now = sc_core::sc_delta_count();
  return other.m_waits_for_turn ? other.m_turn_delta < now : other.m_turn_delta == now;
}

// ---- Power

std::optional<cpu::Power> Cpu::power(std::uint64_t affinity) {
  if (m_all.empty()) return CpuHost::power(affinity);
  if (affinity >= m_all.size()) return std::nullopt;
  return m_all[affinity]->m_power;
}

// It counts as off from now on, so that of two that ask at the same time the second is refused.
bool Cpu::power_off() {
  const bool others = std::any_of(m_all.begin(), m_all.end(),
                                  [&](const Cpu* c) { return c != this && c->m_power != cpu::Power::off; });
  if (others) m_power = cpu::Power::off;
  return others;
}

// The caller's time is ahead of simulated time by what it has executed of its quantum.
void Cpu::power_on(std::uint64_t affinity, std::uint64_t entry, std::uint64_t context) {
  Cpu& target = *m_all.at(affinity);
  target.m_power = cpu::Power::on_pending;
  target.m_on_ps = local_time_ps();
  target.m_on_entry = entry;
  target.m_on_context = context;
  target.m_wake.notify(sc_core::SC_ZERO_TIME);
}

// DEN 0022 5.6.3: the entry point with the MMU off, context_id in X0.
void Cpu::begin_pending() {
  const std::uint64_t now = to_ps(sc_core::sc_time_stamp());
  if (now < m_on_ps) {
    sc_core::wait(from_ps(m_on_ps - now), m_wake);
    return;
  }
  m_core->reset(m_on_entry, {m_on_context, 0, 0, 0});
  m_event_register = false;
  m_power = cpu::Power::on;
  m_idle = Idle::no;
}

// ---- Events and maintenance

void Cpu::event_arrives() {
  m_event_register = true;
  m_wake.notify();
}

void Cpu::add_tlbi_listener(TlbiListener& listener) {
  m_tlbi_listeners.push_back(&listener);
  m_core->broadcast_tlbis();
}

bool Cpu::broadcast(const cpu::Maintenance& maintenance, std::uint64_t pc) {
  for (Cpu* other : m_all) {
    if (other != this) other->m_core->receive(maintenance);
  }
  if (m_tlbi_listeners.empty() || maintenance.kind != cpu::Maintenance::Kind::translations) return false;
  m_access_pc = pc;
  m_in_access = true;
  const bool waited = tell_tlbi(maintenance);
  m_in_access = false;
  return waited;
}

// The engine tells of no DSB, so each TLBI completes at once, as it may (DDI 0487 D5.10.2). VTTBR_EL2.VMID is
// 0: there is no EL2 that could have set it.
bool Cpu::tell_tlbi(const cpu::Maintenance& maintenance) {
  const auto tlbi = decode_tlbi(0, 8, 3, maintenance.tlbi_op2, maintenance.operand, {});
  if (!tlbi) return false;
  for (TlbiListener* listener : m_tlbi_listeners) listener->tlbi_arrives(*tlbi);
  const std::uint64_t executed = m_core->quantum_instructions();
  const sc_dt::uint64 since = sc_core::sc_time_stamp().value();
  sc_core::sc_time delay =
      from_ps((executed - m_synchronised) * m_period_ps + std::exchange(m_latency_ps, 0));
  m_synchronised = executed;
  const std::uint64_t delta = sc_core::sc_delta_count();
  for (TlbiListener* listener : m_tlbi_listeners) listener->complete_tlbis(delay);
  m_latency_ps = to_ps(delay);
  const bool waited = sc_core::sc_time_stamp().value() != since || sc_core::sc_delta_count() != delta;
  if (waited) take_turn();
  return waited;
}

}  // namespace smmuvp
