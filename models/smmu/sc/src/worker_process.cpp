#include "smmuvp/smmu_sc/worker_process.h"

#include <algorithm>
#include <utility>

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

WorkerProcess::WorkerProcess(const sc_core::sc_module_name& name, Worker& worker, const Supply& supply,
                             Transport transport, std::function<void()> progressed)
    : sc_core::sc_module(name),
      m_worker(worker),
      m_supply(supply),
      m_transport(std::move(transport)),
      m_progressed(std::move(progressed)) {
  SMMUVP_HAS_PROCESS(WorkerProcess);
  SC_THREAD(run);
}

// What it waits for is data: after loading it looks again. While the transport lasts, nobody waits for
// m_kick.
std::optional<TimePs> WorkerProcess::due() const {
  if (!m_worker.waiting()) return m_worker.due();
  return m_answered ? m_answer.time : m_worker.op().time;
}

// The process is not woken where it would only wait again: a switch to it costs more than this does.
void WorkerProcess::kick(const sc_core::sc_time& delay) {
  const auto due_at = due();
  if (!due_at) return;
  const sc_core::sc_time at = from_ps(*due_at);
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  m_kick.notify(at > now + delay ? at - now : delay);
}

void WorkerProcess::run() {
  while (true) {
    if (!m_supply.runs()) {
      wait(m_supply.changed());
      continue;
    }
    if (!m_worker.waiting()) m_answered = false;  // a reset dropped the operation
    const auto due_at = due();
    const sc_core::sc_time& now = sc_core::sc_time_stamp();
    if (!due_at) {
      wait(m_kick);
    } else if (from_ps(*due_at) > now) {
      wait(from_ps(*due_at) - now, m_kick);
    } else {
      step(to_ps(now));
    }
  }
}

void WorkerProcess::step(TimePs now) {
  if (m_answered) {
    m_answered = false;
    m_answer.time = std::max(m_answer.time, TimePs{m_supply.since()});
    m_worker.complete(m_answer);
  } else if (m_worker.waiting()) {
    return carry_out();
  } else {
    m_worker.step(now);
  }
  m_progressed();
}

void WorkerProcess::carry_out() {
  const MemoryOp op = m_worker.op();
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  const unsigned drops = m_drops;
  MemoryAnswer answer = m_transport(op, delay);
  if (drops != m_drops) return;
  answer.time = to_ps(sc_core::sc_time_stamp() + delay);
  m_answer = answer;
  m_answered = true;
}

void WorkerProcess::visit(Archive& archive) {
  archive.begin("process");
  archive.value("answered", m_answered);
  m_answer.visit(archive);
  if (m_answered && !m_worker.waiting()) archive.fail("answered", "the worker waits for no answer");
  if (!archive.ok()) m_answered = false;
  if (archive.loading()) ++m_drops;
  archive.end();
}

}  // namespace smmuvp::smmu
