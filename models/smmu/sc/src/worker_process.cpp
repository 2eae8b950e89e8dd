#include "smmuvp/smmu_sc/worker_process.h"

#include <utility>

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

WorkerProcess::WorkerProcess(const sc_core::sc_module_name& name, Worker& worker, Transport transport,
                             std::function<void()> progressed)
    : sc_core::sc_module(name),
      m_worker(worker),
      m_transport(std::move(transport)),
      m_progressed(std::move(progressed)) {
  SMMUVP_HAS_PROCESS(WorkerProcess);
  SC_THREAD(run);
}

// The process is not woken where it would only wait again: a switch to it costs more than this does.
void WorkerProcess::kick(const sc_core::sc_time& delay) {
  const auto due = m_worker.due();
  if (!due) return;
  const sc_core::sc_time at = from_ps(*due);
  const sc_core::sc_time& now = sc_core::sc_time_stamp();
  m_kick.notify(at > now + delay ? at - now : delay);
}

void WorkerProcess::run() {
  while (true) {
    const auto due = m_worker.due();
    if (!due) {
      wait(m_kick);
      continue;
    }
    const sc_core::sc_time at = from_ps(*due);
    const sc_core::sc_time& now = sc_core::sc_time_stamp();
    if (at > now) {
      wait(at - now, m_kick);
      continue;
    }
    const Step step = m_worker.step(to_ps(now));
    m_progressed();
    if (step == Step::need) carry_out();
  }
}

void WorkerProcess::carry_out() {
  const MemoryOp op = m_worker.op();
  const sc_core::sc_time at = from_ps(op.time);
  if (at > sc_core::sc_time_stamp()) wait(at - sc_core::sc_time_stamp());
  if (!m_worker.waiting()) return;  // a reset dropped it: nothing of before is sent after it
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  MemoryAnswer answer = m_transport(op, delay);
  if (delay != sc_core::SC_ZERO_TIME) wait(delay);
  answer.time = to_ps(sc_core::sc_time_stamp());
  m_worker.complete(answer);
  m_progressed();
}

}  // namespace smmuvp::smmu
