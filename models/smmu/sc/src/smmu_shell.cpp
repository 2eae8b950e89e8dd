#include "smmuvp/smmu_sc/smmu_shell.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "smmuvp/smmu/counted.h"
#include "smmuvp/smmu_sc/injection.h"
#include "smmuvp/smmu_sc/payload.h"
#include "smmuvp/smmu_sc/tbu_shell.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

SmmuShell::SmmuShell(const sc_core::sc_module_name& name, Core core, ForwardPort& walk)
    : sc_core::sc_module(name),
      m_core(std::move(core)),
      m_walk(walk),
      m_walks(
          m_supply, walk,
          [this](OpPayload& payload, const MemoryOp& op, const AccessRequest& client) {
            tag(payload, op, &client, false);
          },
          [this](OpPayload& payload, const MemoryOp& op, const AccessRequest& client) {
            Injector* injector = m_core.engine.injector();
            if (__builtin_expect(injector == nullptr, 1)) return TimePs{0};
            const Injection injection = ask(*injector, op, &client);
            payload.inject(injection);
            return TimePs{injection.delay_ps};
          }),
      m_translator(&m_core.translator),
      m_patient(m_core.translator) {
  unsigned i = 0;
  for (Worker* worker : m_core.workers) {
    const std::string process = "worker" + std::to_string(i++);
    m_workers.push_back(std::make_unique<WorkerProcess>(
        process.c_str(), *worker, m_supply,
        [this](const MemoryOp& op, sc_core::sc_time& delay) { return carry_out(op, delay); },
        [this] { worker_progressed(); }));
  }
}

void SmmuShell::tag(OpPayload& payload, const MemoryOp& op, const AccessRequest* client, bool debug) const {
  if (!m_hook) return;
  OwnAccess access{op.purpose};
  access.debug = debug;
  if (client != nullptr) {
    access.tbu = client->port;
    access.client = identity_of(*client);
  }
  m_hook(payload.payload_to_tag(), access);
}

MemoryAnswer SmmuShell::carry_out(const MemoryOp& op, sc_core::sc_time& delay, const AccessRequest* client) {
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  const sc_core::sc_time at = from_ps(op.time);
  if (at > now) delay = at - now;
  OpPayload p(op);
  tag(p, op, client, false);
  if (Injector* injector = m_core.engine.injector(); __builtin_expect(injector != nullptr, 0)) {
    const Injection injection = ask(*injector, op, client);
    if (injection.kind == InjectionKind::delay && client == nullptr) {
      // It has left the SMMU: a reset does not take it back.
      wait(delay + from_ps(injection.delay_ps));
      delay = sc_core::SC_ZERO_TIME;
    } else {
      delay += from_ps(injection.delay_ps);
    }
    if (const auto answer = inject(p, op, injection)) return *answer;
  }
  m_walk->b_transport(p.payload(), delay);
  return p.answer(op.size, to_ps(sc_core::sc_time_stamp() + delay));
}

// @return the answer to what is not sent
std::optional<MemoryAnswer> SmmuShell::inject(OpPayload& payload, const MemoryOp& op,
                                              const Injection& injection) {
  payload.inject(injection);
  const bool aborted = injection.kind == InjectionKind::abort;
  const bool sent = injection.kind != InjectionKind::drop && (!aborted || payload.payload().is_read());
  if (sent) return std::nullopt;
  MemoryAnswer answer;
  answer.status = aborted ? MemoryStatus::external_abort : MemoryStatus::ok;
  answer.time = op.time;
  return answer;
}

MemoryAnswer SmmuShell::carry_out_debug(const MemoryOp& op, const AccessRequest* client) {
  OpPayload p(op);
  tag(p, op, client, true);
  const unsigned n = m_walk->transport_dbg(p.payload());
  if (n == op.size) p.payload().set_response_status(tlm::TLM_OK_RESPONSE);
  return p.answer(n, op.time);
}

void SmmuShell::set_injector(Injector* injector) {
  m_core.engine.set_injector(injector);
  const bool of_hits = injector != nullptr && injector->wants(InjectionPoint::lookup);
  m_translator = of_hits ? &m_patient : &m_core.translator;
  for (TbuShell* tbu : m_tbus) tbu->follow_supply();
  m_core.engine.withdraw_grants();
}

bool SmmuShell::set_supply(bool power, bool clock) {
  if (!m_supply.set(power, clock)) return false;
  for (TbuShell* tbu : m_tbus) tbu->follow_supply();
  return true;
}

bool SmmuShell::has_work() const {
  return std::any_of(m_core.workers.begin(), m_core.workers.end(),
                     [](const Worker* worker) { return worker->waiting() || worker->due(); });
}

void SmmuShell::kick(const sc_core::sc_time& delay) {
  tell_walk_ends();
  if (m_waits != 0) m_kicked.notify(sc_core::SC_ZERO_TIME);
  for (const auto& worker : m_workers) worker->kick(delay);
}

// Whoever leaves kicks.
bool SmmuShell::wait_for_accesses(sc_core::sc_time& delay) {
  InFlight& in_flight = m_core.engine.in_flight();
  const InFlight::Barrier barrier = in_flight.barrier();
  const TimePs since = to_ps(sc_core::sc_time_stamp() + delay);
  if (!in_flight.done(barrier)) {
    const Counted counted(m_waits);
    if (delay != sc_core::SC_ZERO_TIME) sc_core::wait(delay);
    delay = sc_core::SC_ZERO_TIME;
    while (!in_flight.done(barrier)) {
      if (!m_supply.runs()) return false;
      sc_core::wait(m_kicked);
    }
  }
  const sc_core::sc_time end = from_ps(in_flight.done_at(barrier, since));
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  if (end > now + delay) delay = end - now;
  return true;
}

void SmmuShell::drop_operations() {
  for (const auto& worker : m_workers) worker->drop();
}

void SmmuShell::was_reset() {
  m_walks.drop();
  for (TbuShell* tbu : m_tbus) tbu->was_reset();
  may_progress();
}

void SmmuShell::may_progress() {
  kick(sc_core::SC_ZERO_TIME);
  m_progress.notify(sc_core::SC_ZERO_TIME);
}

bool SmmuShell::begin_visit(Archive& archive) {
  if (m_waits != 0) archive.fail("accesses", "somebody waits for their end");
  archive.begin("tbus");
  for (const TbuShell* tbu : m_tbus) tbu->check_idle(archive);
  archive.end();
  if (!archive.ok()) return false;
  if (!archive.loading()) return true;
  for (TbuShell* tbu : m_tbus) tbu->forget();
  m_walks.forget();
  return true;
}

void SmmuShell::visit(Archive& archive) {
  archive.begin("shell");
  m_walks.visit(archive);
  for (TbuShell* tbu : m_tbus) tbu->visit(archive);
  for (const auto& worker : m_workers) worker->visit(archive);
  archive.end();
  if (archive.loading()) may_progress();
}

void SmmuShell::worker_progressed() {
  m_core.progressed();
  may_progress();
}

}  // namespace smmuvp::smmu
