#include "smmuvp/smmuv3/ecmdq.h"

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv3/programming_interface.h"
#include "trace_queues.h"

namespace smmuvp::smmuv3 {

std::uint32_t Ecmdq::PROD() const { return static_cast<std::uint32_t>(m_registers.get(ECMDQ_PROD, m_n)); }

std::uint32_t Ecmdq::CONS() const { return static_cast<std::uint32_t>(m_registers.get(ECMDQ_CONS, m_n)); }

bool Ecmdq::wanted() const { return (PROD() & ECMDQ_EN) != 0; }

bool Ecmdq::enabled() const { return (CONS() & ECMDQ_EN) != 0; }

// 3.5.6.3: also where software has made them differ (CONSTRAINED UNPREDICTABLE).
bool Ecmdq::stopped() const { return ((PROD() ^ CONS()) & ECMDQ_ERR) != 0; }

// 3.5.6.1
pgtable::Attributes Ecmdq::attributes() const {
  return m_interface.queue_attributes(m_registers.get(ECMDQ_BASE, m_n));
}

std::uint32_t Ecmdq::prod() const { return PROD() & m_queue.index_mask(); }

std::uint32_t Ecmdq::cons() const { return CONS() & m_queue.index_mask(); }

void Ecmdq::set_cons(std::uint32_t index) {
  m_registers.set(ECMDQ_CONS, (CONS() & ~ECMDQ_index) | index, m_n);
}

// 3.5.6.3: RD is at the command already. ERR and why are visible before GERROR tells of them.
void Ecmdq::stop(CommandError error, smmu::TimePs time) {
  const std::uint32_t reason = static_cast<std::uint32_t>(error) << ECMDQ_ERR_REASON_shift;
  m_registers.set(ECMDQ_CONS, ((CONS() & ~ECMDQ_ERR_REASON) | reason) ^ ECMDQ_ERR, m_n);
  m_interface.activate(GERROR_CMDQP_ERR, time);
}

// 3.5.6.2: as CR0ACK.CMDQEN. Errors that are active do not count.
void Ecmdq::update_ack(smmu::TimePs) {
  if (settled()) return;
  m_registers.set(ECMDQ_CONS, CONS() ^ ECMDQ_EN, m_n);
}

void Ecmdq::refresh() {
  m_queue = Queue::from_register(m_registers.get(ECMDQ_BASE, m_n), m_parts.features.CMDQS, 16);
}

void Ecmdq::report(const char* site, const std::string& text, const char* clause) const {
  const char* name = m_interface.secure() ? "S_ECMDQ " : "ECMDQ ";
  m_parts.diag.guest_error(site, name + std::to_string(m_n) + ": " + text, clause);
}

// As of the other queues: told when it is enabled.
void Ecmdq::report_place() const {
  const std::uint64_t BASE = m_registers.get(ECMDQ_BASE, m_n);
  if ((BASE & 0x1f) > m_parts.features.CMDQS) {
    report("ECMDQ_BASE.LOG2SIZE",
           "LOG2SIZE is " + std::to_string(BASE & 0x1f) + ", and IDR1.CMDQS is " +
               std::to_string(m_parts.features.CMDQS) + ", which is used",
           "IHI 0070 6.3.107");
  }
  const std::uint64_t ADDR = BASE & low_bits(56) & ~low_bits(5);
  if (ADDR != m_queue.base) {
    report("ECMDQ_BASE.ADDR",
           "ADDR is " + number_text(ADDR, Notation::Hexadecimal) +
               ", which is not aligned to the size of the queue; " +
               number_text(m_queue.base, Notation::Hexadecimal) + " is used",
           "IHI 0070 6.3.107");
  }
}

void Ecmdq::base_written(std::uint64_t old) {
  if (active()) {
    m_registers.set(ECMDQ_BASE, old, m_n);
    return report("ECMDQ_BASE.guard", "a write of BASE is ignored while EN or ENACK is 1",
                  "IHI 0070 6.3.107");
  }
  refresh();
}

void Ecmdq::prod_written(std::uint32_t old, smmu::TimePs now) {
  const bool was_wanted = (old & ECMDQ_EN) != 0;
  if (was_wanted != enabled()) {
    m_registers.set(ECMDQ_PROD, old, m_n);
    return report("ECMDQ_PROD.guard", "a write of PROD is ignored until ENACK is as EN", "IHI 0070 6.3.108");
  }
  // RES0 bits stay 0 in a larger queue.
  m_registers.set(ECMDQ_PROD, PROD() & visible_bits(ECMDQ_PROD), m_n);
  if (wanted() && !was_wanted) {
    report_place();
    if (stopped()) {
      report("ECMDQ_PROD.ERRACK", "it is enabled while ERRACK and ERR differ: no command is consumed",
             "IHI 0070 3.5.6.3");
    }
  }
  update_ack(now);
  trace_level(m_parts.tracer, now, m_interface.secure(), *this);
  if (enabled() && !m_queue.consistent(prod(), cons())) {
    report("ECMDQ_PROD.inconsistent", "more commands are ready than the queue has entries; none is consumed",
           "IHI 0070 3.5.1");
  }
}

void Ecmdq::cons_written(std::uint32_t old) {
  if (active()) {
    m_registers.set(ECMDQ_CONS, old, m_n);
    return report("ECMDQ_CONS.guard", "a write of CONS is ignored while EN or ENACK is 1",
                  "IHI 0070 6.3.109");
  }
  m_registers.set(ECMDQ_CONS, CONS() & visible_bits(ECMDQ_CONS), m_n);
}

std::uint64_t Ecmdq::visible_bits(std::uint16_t id) const {
  if (id == ECMDQ_PROD) return ECMDQ_EN | ECMDQ_ERR | m_queue.index_mask();
  if (id != ECMDQ_CONS) return ~std::uint64_t{0};
  return ECMDQ_EN | ECMDQ_ERR_REASON | ECMDQ_ERR | m_queue.index_mask();
}

void Ecmdq::reset() {
  refresh();
  m_commands.reset();
}

void Ecmdq::visit(Archive& archive) {
  m_commands.visit(archive);
  if (!archive.loading()) return;
  // An archive may come from anywhere: no address is beyond the output address size.
  for (const std::uint16_t id : {ECMDQ_BASE, ECMDQ_PROD, ECMDQ_CONS}) {
    const std::uint64_t ENACK = id == ECMDQ_CONS ? ECMDQ_EN : 0;
    m_registers.set(id, m_registers.get(id, m_n) & (m_registers.info(id).write_mask | ENACK), m_n);
  }
  refresh();
}

}  // namespace smmuvp::smmuv3
