// SPDX-License-Identifier: MIT
//
// Enhanced Command queues: IHI 0070 3.5.6, 6.2.5, 6.3.45, 6.3.49 to 6.3.51, 6.3.91 to 6.3.94, 6.3.107
// to 6.3.109.
#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

namespace {

constexpr uint32_t EN = 1u << 31;   // PROD.EN, CONS.ENACK
constexpr uint32_t ERR = 1u << 23;  // PROD.ERRACK, CONS.ERR
constexpr uint32_t ERR_REASON = 7u << 24;

}  // namespace

bool Smmu::has_ecmdq(const Interface& regs) const {
  return regs.secure() ? m_features.S_ECMDQ : m_features.ECMDQ;
}

const ControlPages& Smmu::control_pages(const Interface& regs) const {
  return regs.secure() ? m_features.S_CMDQ_CONTROL_PAGES : m_features.CMDQ_CONTROL_PAGES;
}

// 6.2.5: the queues of a page are spaced evenly
std::optional<Smmu::Place> Smmu::locate_ecmdq(const Interface& regs, uint64_t offset) const {
  const ControlPages& pages = control_pages(regs);
  if (!has_ecmdq(regs) || offset < pages.ADDR || offset >= pages.ADDR + pages.bytes()) return std::nullopt;
  const unsigned log2_spacing = 16 - pages.LOG2NUMQ;
  const uint64_t within = truncate(offset - pages.ADDR, log2_spacing);
  if (within >= ECMDQ_END) return std::nullopt;
  const auto n = static_cast<unsigned>((offset - pages.ADDR) >> log2_spacing);
  return Place{regs.space, Place::Block::ecmdq, within, n};
}

// 6.3.49 to 6.3.51
uint32_t Smmu::read_control_page(const Interface& regs, uint64_t offset) const {
  const uint64_t n = (offset - CONTROL_PAGES) / 32;
  const ControlPages& pages = control_pages(regs);
  if (!has_ecmdq(regs) || n >= (uint64_t{1} << pages.LOG2NUMP)) return 0;
  const uint64_t BASE = (pages.ADDR + n * 0x10000) | (0b01 << 1) | 1;  // CMDQGS 64 KiB, PRESET
  switch (offset % 32) {
    case CONTROL_PAGE_BASE:
    case CONTROL_PAGE_BASE + 4:
      return half_of(BASE, offset);
    case CONTROL_PAGE_CFG:
    case CONTROL_PAGE_STATUS:
      return 1;  // EN, ENACK
    default:
      return 0;
  }
}

Smmu::Queue Smmu::ecmdq_queue(const Ecmdq& ecmdq) const { return queue_at(ecmdq.BASE, m_features.CMDQS, 4); }

uint32_t Smmu::read_ecmdq(const Ecmdq& ecmdq, uint64_t offset) const {
  const Queue queue = ecmdq_queue(ecmdq);
  switch (offset) {
    case ECMDQ_BASE:
    case ECMDQ_BASE + 4:
      return half_of(ecmdq.BASE, offset);
    case ECMDQ_PROD:
      if (m_choices.stores_index_above_wrap) return ecmdq.PROD;
      return (ecmdq.PROD & (EN | ERR)) | queue.pointer(ecmdq.PROD);
    case ECMDQ_CONS:
      return (ecmdq.CONS & (EN | ERR | ERR_REASON)) | queue.pointer(ecmdq.CONS);
    default:
      return 0;
  }
}

void Smmu::write_ecmdq(Ecmdq& ecmdq, uint64_t offset, uint32_t value) const {
  switch (offset) {
    case ECMDQ_BASE:
    case ECMDQ_BASE + 4:  // 6.3.107
      if (!ecmdq.enabled()) ecmdq.BASE = base_register(with_half(ecmdq.BASE, offset, value), 5, 0x1F);
      break;
    case ECMDQ_PROD: {  // 6.3.108. 3.5.6.2: ENACK follows at once, errors or not
      const uint32_t WR =
          m_choices.stores_index_above_wrap ? value & 0xFFFFF : ecmdq_queue(ecmdq).pointer(value);
      ecmdq.PROD = (value & (EN | ERR)) | WR;
      ecmdq.CONS = (ecmdq.CONS & ~EN) | (value & EN);
      break;
    }
    case ECMDQ_CONS:  // 6.3.109. ENACK is the SMMU's
      if (!ecmdq.enabled()) {
        const uint32_t reason = m_choices.writes_cmdq_cons_err ? value : ecmdq.CONS;
        const uint32_t error = m_choices.writes_ecmdq_cons_err ? value : ecmdq.CONS;
        ecmdq.CONS = (reason & ERR_REASON) | (error & ERR) | ecmdq_queue(ecmdq).pointer(value);
      }
      break;
    default:
      break;
  }
}

// 3.5.6.3: ERR_REASON, then ERR, then GERROR.CMDQP_ERR
void Smmu::run_ecmdq(Interface& regs, Ecmdq& ecmdq) {
  auto running = [&] { return ecmdq.enabled() && !ecmdq.error_active(); };
  auto stop = [&](unsigned CERROR) {
    ecmdq.CONS = ((ecmdq.CONS & ~ERR_REASON) | (CERROR << 24)) ^ ERR;
    activate_error(regs, 9);
  };
  consume(regs, {ecmdq_queue(ecmdq), ecmdq.PROD, ecmdq.CONS, ecmdq.invalidated, running, stop});
}

}  // namespace naive_smmuv3
