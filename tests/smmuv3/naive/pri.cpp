// SPDX-License-Identifier: MIT
//
// Page requests: IHI 0070 chapter 8, 4.5.2, 6.3.33 to 6.3.36, 6.3.97, 6.3.98.
#include <stdexcept>

#include "bits.h"
#include "model.h"
#include "offsets.h"

namespace naive_smmuv3 {

namespace {

constexpr unsigned PRIQ_ABT_ERR = 3;
constexpr unsigned MSI_PRIQ_ABT_ERR = 6;
constexpr uint32_t OVFLG = 0x80000000;

// The figure of chapter 8 gives the fields; their places are as public drivers decode them
std::vector<uint8_t> encode(const PageRequest& request) {
  uint64_t low = request.StreamID | (uint64_t{request.SubstreamID & 0xFFFFF} << 32);
  low |= (uint64_t{request.Priv} << 58) | (uint64_t{request.X} << 59) | (uint64_t{request.R} << 60);
  low |= (uint64_t{request.W} << 61) | (uint64_t{request.Last} << 62) | (uint64_t{request.SSV} << 63);
  const uint64_t high = keep(request.address, 63, 12) | (request.PRGIndex & 0x1FF);
  std::vector<uint8_t> bytes = little_endian_bytes(low, 8);
  const std::vector<uint8_t> part = little_endian_bytes(high, 8);
  bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

}  // namespace

Smmu::Queue Smmu::pri_queue() const { return queue_at(m_PRIQ_BASE, m_features.PRIQS, 4); }

bool Smmu::pri_queue_full() const {
  const Queue queue = pri_queue();
  const uint32_t used = queue.pointer(m_PRIQ_PROD - m_PRIQ_CONS);
  const uint32_t size = 1u << queue.log2_size;
  if (used > size) return m_choices.inconsistent_pri_queue_is_full;
  return used == size;
}

// Chapter 8, 8.1, 8.2
void Smmu::page_request(PageRequest request) {
  if (!m_features.PRI) throw std::invalid_argument("naive_smmuv3: no PRI, no page requests");
  if (m_features.SSIDSIZE == 0) request.SSV = false;
  if (!request.SSV) {
    request.SubstreamID = 0;
    request.X = request.Priv = false;
  }
  const bool stop_marker = request.SSV && request.Last && !request.W && !request.R;

  const bool secure = request.SEC_SID == Space::secure;
  if (secure && !m_features.SECURE_IMPL)
    throw std::invalid_argument("naive_smmuv3: there is no Secure state");
  Interface& regs = m_non_secure;
  // 8.2. 6.3.9.5: the effective value of PRIQEN is 0 without SMMUEN
  if (secure || !regs.PRIQEN() || !regs.SMMUEN() || error_active(regs, PRIQ_ABT_ERR)) {
    if (!stop_marker) respond(request, false, PRG_RESPONSE_FAILURE);
    return;
  }
  bool overflow = ((m_PRIQ_PROD ^ m_PRIQ_CONS) & OVFLG) != 0;
  if (!overflow && pri_queue_full()) {
    m_PRIQ_PROD ^= OVFLG;
    overflow = true;
  }
  // 6.3.36 LO: a message that is discarded because of an overflow counts
  const bool LO = bit(m_PRIQ_IRQ_CFG2, 31);
  if (overflow) {
    if (request.Last && !stop_marker) respond_to_overflow(request);
    if (LO && request.Last) pri_interrupt();
    return;
  }

  const Queue queue = pri_queue();
  const bool empty = queue.pointer(m_PRIQ_PROD) == queue.pointer(m_PRIQ_CONS);
  const uint64_t address = queue.base + 16 * uint64_t{queue.index(m_PRIQ_PROD)};
  m_memory.labels_next(own_label(regs));
  if (!m_memory.write_to(Space::non_secure, truncate(address, m_features.oas_bits()), encode(request))) {
    activate_error(regs, PRIQ_ABT_ERR);
    if (!m_choices.pri_write_abort_is_asynchronous) {
      if (!stop_marker) respond(request, false, PRG_RESPONSE_FAILURE);
      return;
    }
  }
  m_PRIQ_PROD = (m_PRIQ_PROD & OVFLG) | queue.pointer(m_PRIQ_PROD + 1);
  if (LO ? request.Last : empty) pri_interrupt();
}

void Smmu::respond(const PageRequest& request, bool with_pasid, unsigned ResponseCode) {
  PrgResponse response;
  response.SEC_SID = request.SEC_SID;
  response.StreamID = request.StreamID;
  response.SSV = with_pasid;
  if (with_pasid) response.SubstreamID = request.SubstreamID;
  response.PRGIndex = request.PRGIndex & 0x1FF;
  response.ResponseCode = ResponseCode;
  m_prg_responses.push_back(response);
}

// 8.1
void Smmu::respond_to_overflow(const PageRequest& request) {
  const bool pasids = m_features.SSIDSIZE != 0;
  const bool needs_ste =
      pasids ? request.SSV && !m_features.PPS : m_choices.overflow_checks_ste_without_pasids;
  if (!needs_ste) {
    respond(request, request.SSV, PRG_SUCCESS);
    return;
  }
  Transaction transaction;
  transaction.request.address = request.address;
  transaction.request.StreamID = request.StreamID;
  transaction.request.SSV = request.SSV;
  transaction.request.SubstreamID = request.SubstreamID;
  Configuration configuration;
  std::optional<Problem> problem = find_ste(transaction, configuration.ste);
  if (!problem.has_value()) problem = vms_after_ste(transaction, configuration);
  if (problem.has_value()) {
    record_for_ats(*problem);
    respond(request, false, PRG_RESPONSE_FAILURE);
    return;
  }
  respond(request, request.SSV && configuration.ste.PPAR, PRG_SUCCESS);
}

// 3.18.2
void Smmu::pri_interrupt() {
  if (!bit(m_non_secure.IRQ_CTRL, 1)) return;
  m_non_secure.wires.priq++;
  send_msi(m_non_secure, keep(m_PRIQ_IRQ_CFG0, 55, 2), m_PRIQ_IRQ_CFG1, field(m_PRIQ_IRQ_CFG2, 3, 0),
           field(m_PRIQ_IRQ_CFG2, 5, 4), MSI_PRIQ_ABT_ERR);
}

// 4.5.2: PRGIndex is bits [72:64], Resp [77:76]
void Smmu::respond_to_group(uint64_t low, uint64_t high) {
  PrgResponse response;
  if (!device_addressed(low, response.StreamID, response.SSV, response.SubstreamID)) return;
  static constexpr unsigned codes[] = {PRG_RESPONSE_FAILURE, PRG_INVALID_REQUEST, PRG_SUCCESS, 0};
  response.PRGIndex = field(high, 8, 0);
  response.ResponseCode = codes[field(high, 13, 12)];
  m_prg_responses.push_back(response);
}

std::vector<PrgResponse> Smmu::take_prg_responses() {
  std::vector<PrgResponse> responses;
  responses.swap(m_prg_responses);
  return responses;
}

// ---- registers

uint32_t Smmu::read_priq(uint64_t offset) const {
  switch (offset) {
    case PRIQ_BASE:
    case PRIQ_BASE + 4:
      return half_of(m_PRIQ_BASE, offset);
    case PRIQ_IRQ_CFG0:
    case PRIQ_IRQ_CFG0 + 4:
      return half_of(m_PRIQ_IRQ_CFG0, offset);
    case PRIQ_IRQ_CFG1:
      return m_PRIQ_IRQ_CFG1;
    case PRIQ_IRQ_CFG2:
      return m_PRIQ_IRQ_CFG2;
    case PRIQ_PROD:  // 6.3.97: bits above the wrap flag are RAZ
      return (m_PRIQ_PROD & OVFLG) | pri_queue().pointer(m_PRIQ_PROD);
    case PRIQ_CONS:
      if (m_choices.stores_index_above_wrap) return m_PRIQ_CONS;
      return (m_PRIQ_CONS & OVFLG) | pri_queue().pointer(m_PRIQ_CONS);
    default:
      return 0;
  }
}

void Smmu::write_priq(uint64_t offset, uint32_t value) {
  const bool irq_guarded = bit(m_non_secure.IRQ_CTRL, 1);
  const bool msi = m_features.MSI && !irq_guarded;
  switch (offset) {
    case PRIQ_BASE:
    case PRIQ_BASE + 4:  // 6.3.33: WA, ADDR, LOG2SIZE
      if (!m_non_secure.PRIQEN()) m_PRIQ_BASE = base_register(with_half(m_PRIQ_BASE, offset, value), 5, 0x1F);
      break;
    case PRIQ_IRQ_CFG0:
    case PRIQ_IRQ_CFG0 + 4:
      if (msi) m_PRIQ_IRQ_CFG0 = address_field(with_half(m_PRIQ_IRQ_CFG0, offset, value), 2);
      break;
    case PRIQ_IRQ_CFG1:
      if (msi) m_PRIQ_IRQ_CFG1 = value;
      break;
    case PRIQ_IRQ_CFG2:  // 6.3.36: LO, SH, MemAttr; RES0 without MSIs, though LO is of wired interrupts too
      if (msi) m_PRIQ_IRQ_CFG2 = value & (OVFLG | 0x3Fu);
      break;
    case PRIQ_PROD:
      if (!m_non_secure.PRIQEN()) m_PRIQ_PROD = (value & OVFLG) | pri_queue().pointer(value);
      break;
    case PRIQ_CONS:
      m_PRIQ_CONS = (value & OVFLG) |
                    (m_choices.stores_index_above_wrap ? value & 0xFFFFF : pri_queue().pointer(value));
      break;
    default:
      break;
  }
}

}  // namespace naive_smmuv3
