// SPDX-License-Identifier: MIT
//
// The Event queue, global errors and interrupts: IHI 0070 3.5, 3.18, 7.2, 7.4, 7.5.
#include "bits.h"
#include "model.h"

namespace naive_smmuv3 {

// 3.5.1, 6.3.26, 6.3.29. The base is aligned to the queue's size in bytes, or 32; 3.4.3 (6): truncated to the
// OAS.
Smmu::Queue Smmu::command_queue() const {
  Queue queue;
  const unsigned LOG2SIZE = field(m_CMDQ_BASE, 4, 0);
  queue.log2_size = LOG2SIZE < m_features.CMDQS ? LOG2SIZE : m_features.CMDQS;
  const unsigned bytes = queue.log2_size + 4;
  queue.base = truncate(align_down(keep(m_CMDQ_BASE, 55, 5), bytes > 5 ? bytes : 5), m_features.oas_bits());
  return queue;
}

Smmu::Queue Smmu::event_queue() const {
  Queue queue;
  const unsigned LOG2SIZE = field(m_EVENTQ_BASE, 4, 0);
  queue.log2_size = LOG2SIZE < m_features.EVENTQS ? LOG2SIZE : m_features.EVENTQS;
  queue.base = truncate(align_down(keep(m_EVENTQ_BASE, 55, 5), queue.log2_size + 5), m_features.oas_bits());
  return queue;
}

// 7.4, 3.5.1
bool Smmu::event_queue_full() const {
  const Queue queue = event_queue();
  const uint32_t used = queue.pointer(m_EVENTQ_PROD - m_EVENTQ_CONS);
  const uint32_t size = 1u << queue.log2_size;
  if (used > size) return m_choices.inconsistent_event_queue_is_full;
  return used == size;
}

// 7.2.1
bool Smmu::event_queue_writable() const { return EVENTQEN() && !event_queue_full() && !error_active(2); }

// 7.2.1, 7.2.2, 3.18.2: the record, then PROD, then the interrupt
Smmu::Recorded Smmu::record(const Event& event) {
  if (!event_queue_writable()) return Recorded::not_writable;
  const Queue queue = event_queue();
  const bool empty = queue.pointer(m_EVENTQ_PROD) == queue.pointer(m_EVENTQ_CONS);
  const uint64_t address = queue.base + 32 * uint64_t{queue.index(m_EVENTQ_PROD)};
  const bool written = m_memory.write(truncate(address, m_features.oas_bits()), event.encode());
  if (!written) {
    activate_error(2);  // EVENTQ_ABT_ERR
    if (!m_choices.event_write_abort_is_asynchronous) return Recorded::lost;
  }
  m_EVENTQ_PROD = (m_EVENTQ_PROD & 0x80000000) | queue.pointer(m_EVENTQ_PROD + 1);
  if (empty) event_interrupt();
  return written ? Recorded::written : Recorded::lost;
}

// 7.4: overflow, where the queue is enabled and full
void Smmu::record_or_discard(const Event& event) {
  if (record(event) != Recorded::not_writable) return;
  if (!EVENTQEN() || !event_queue_full()) return;
  if (error_active(2) && !m_choices.overflow_while_abort_is_active) return;
  const bool present = ((m_EVENTQ_PROD ^ m_EVENTQ_CONS) & 0x80000000) != 0;
  if (!present) m_EVENTQ_PROD ^= 0x80000000;
}

// 7.5
bool Smmu::error_active(unsigned n) const { return bit(m_GERROR ^ m_GERRORN, n); }

// 7.5, 7.5.1: bit 7, MSI_GERROR_ABT_ERR, makes no interrupt
void Smmu::activate_error(unsigned n) {
  if (error_active(n)) return;
  m_GERROR ^= 1u << n;
  if (n == 7 || !bit(m_IRQ_CTRL, 0)) return;
  m_wires.gerror++;
  send_msi(keep(m_GERROR_IRQ_CFG0, 55, 2), m_GERROR_IRQ_CFG1, field(m_GERROR_IRQ_CFG2, 3, 0),
           field(m_GERROR_IRQ_CFG2, 5, 4), 7);
}

void Smmu::event_interrupt() {
  if (!bit(m_IRQ_CTRL, 2)) return;
  m_wires.event++;
  send_msi(keep(m_EVENTQ_IRQ_CFG0, 55, 2), m_EVENTQ_IRQ_CFG1, field(m_EVENTQ_IRQ_CFG2, 3, 0),
           field(m_EVENTQ_IRQ_CFG2, 5, 4), 5);
}

// 3.18, 3.4.3 (6), 4.7.3: an address of zero, before it is truncated, means none. `error` is the bit of
// GERROR for an abort. MemAttr is that of an STE, SH 0b01 counts as Non-shareable (6.3.23).
void Smmu::send_msi(uint64_t address, uint32_t data, unsigned MemAttr, unsigned SH, unsigned error) {
  if (!m_features.MSI || address == 0) return;
  Attributes attributes = memory_type_of(MemAttr);
  attributes.SH = SH == 0b01 ? Shareability::non_shareable : Shareability{SH};
  attributes = consistent(attributes);
  const bool written = m_memory.write_msi(truncate(address, m_features.oas_bits()),
                                          little_endian_bytes(data, 4), mair_of(attributes), attributes.SH);
  if (!written) activate_error(error);
}

}  // namespace naive_smmuv3
