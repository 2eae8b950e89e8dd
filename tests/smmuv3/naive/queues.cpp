// SPDX-License-Identifier: MIT
//
// The Event queue, global errors and interrupts: IHI 0070 3.5, 3.18, 7.2, 7.4, 7.5.
#include "bits.h"
#include "model.h"

namespace naive_smmuv3 {

// 3.5.1, 6.3.26, 6.3.29. The base is aligned to the queue's size in bytes, or 32; 3.4.3 (6): truncated to the
// OAS.
Smmu::Queue Smmu::queue_at(uint64_t BASE, unsigned max_log2_size, unsigned log2_entry) const {
  Queue queue;
  const unsigned LOG2SIZE = field(BASE, 4, 0);
  queue.log2_size = LOG2SIZE < max_log2_size ? LOG2SIZE : max_log2_size;
  const unsigned bytes = queue.log2_size + log2_entry;
  queue.base = truncate(align_down(keep(BASE, 55, 5), bytes > 5 ? bytes : 5), m_features.oas_bits());
  return queue;
}

Smmu::Queue Smmu::command_queue(const Interface& regs) const {
  return queue_at(regs.CMDQ_BASE, m_features.CMDQS, 4);
}

Smmu::Queue Smmu::event_queue(const Interface& regs) const {
  return queue_at(regs.EVENTQ_BASE, m_features.EVENTQS, 5);
}

// 7.4, 3.5.1
bool Smmu::event_queue_full(const Interface& regs) const {
  const Queue queue = event_queue(regs);
  const uint32_t used = queue.pointer(regs.EVENTQ_PROD - regs.EVENTQ_CONS);
  const uint32_t size = 1u << queue.log2_size;
  if (used > size) return m_choices.inconsistent_event_queue_is_full;
  return used == size;
}

// 7.2.1
bool Smmu::event_queue_writable(const Interface& regs) const {
  return regs.EVENTQEN() && !event_queue_full(regs) && !error_active(regs, 2);
}

// 7.2.1, 7.2.2, 3.18.2: the record, then PROD, then the interrupt
Smmu::Recorded Smmu::record(const Event& event) {
  Interface& regs = interface(event.SEC_SID);
  if (!event_queue_writable(regs)) return Recorded::not_writable;
  const Queue queue = event_queue(regs);
  const bool empty = queue.pointer(regs.EVENTQ_PROD) == queue.pointer(regs.EVENTQ_CONS);
  const uint64_t address = queue.base + 32 * uint64_t{queue.index(regs.EVENTQ_PROD)};
  m_memory.labels_next(own_label(regs));
  const bool written =
      m_memory.write_to(regs.space, truncate(address, m_features.oas_bits()), event.encode());
  if (!written) {
    activate_error(regs, 2);  // EVENTQ_ABT_ERR
    if (!m_choices.event_write_abort_is_asynchronous) return Recorded::lost;
  }
  regs.EVENTQ_PROD = (regs.EVENTQ_PROD & 0x80000000) | queue.pointer(regs.EVENTQ_PROD + 1);
  if (empty) event_interrupt(regs);
  return written ? Recorded::written : Recorded::lost;
}

// 7.4: overflow, where the queue is enabled and full
void Smmu::record_or_discard(const Event& event) {
  if (record(event) != Recorded::not_writable) return;
  Interface& regs = interface(event.SEC_SID);
  if (!regs.EVENTQEN() || !event_queue_full(regs)) return;
  if (error_active(regs, 2) && !m_choices.overflow_while_abort_is_active) return;
  const bool present = ((regs.EVENTQ_PROD ^ regs.EVENTQ_CONS) & 0x80000000) != 0;
  if (!present) regs.EVENTQ_PROD ^= 0x80000000;
}

// 7.5
bool Smmu::error_active(const Interface& regs, unsigned n) { return bit(regs.GERROR ^ regs.GERRORN, n); }

// 7.5, 7.5.1: bit 7, MSI_GERROR_ABT_ERR, makes no interrupt
void Smmu::activate_error(Interface& regs, unsigned n) {
  if (error_active(regs, n)) return;
  regs.GERROR ^= 1u << n;
  if (n == 7 || !bit(regs.IRQ_CTRL, 0)) return;
  regs.wires.gerror++;
  send_msi(regs, keep(regs.GERROR_IRQ_CFG0, 55, 2), regs.GERROR_IRQ_CFG1, field(regs.GERROR_IRQ_CFG2, 3, 0),
           field(regs.GERROR_IRQ_CFG2, 5, 4), 7);
}

void Smmu::event_interrupt(Interface& regs) {
  if (!bit(regs.IRQ_CTRL, 2)) return;
  regs.wires.event++;
  send_msi(regs, keep(regs.EVENTQ_IRQ_CFG0, 55, 2), regs.EVENTQ_IRQ_CFG1, field(regs.EVENTQ_IRQ_CFG2, 3, 0),
           field(regs.EVENTQ_IRQ_CFG2, 5, 4), 5);
}

// 3.18, 3.4.3 (6), 4.7.3: an address of zero, before it is truncated, means none. `error` is the bit of
// GERROR for an abort. MemAttr is that of an STE, SH 0b01 counts as Non-shareable (6.3.23).
void Smmu::send_msi(Interface& regs, uint64_t address, uint32_t data, unsigned MemAttr, unsigned SH,
                    unsigned error) {
  if (!has_msi(regs) || address == 0) return;
  Attributes attributes = memory_type_of(MemAttr);
  attributes.SH = SH == 0b01 ? Shareability::non_shareable : Shareability{SH};
  attributes = consistent(attributes);
  m_memory.labels_next(own_label(regs));
  const bool written =
      m_memory.write_msi_to(regs.space, truncate(address, m_features.oas_bits()),
                            little_endian_bytes(data, 4), mair_of(attributes), attributes.SH);
  if (!written) activate_error(regs, error);
}

}  // namespace naive_smmuv3
