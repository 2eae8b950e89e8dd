// What packets do to registers.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "adreno_registers.h"
#include "smmuvp/adreno/adreno_core.h"
#include "smmuvp/base/little_endian.h"

namespace smmuvp {

using namespace adreno;

namespace {

constexpr std::uint32_t REG_TO_MEM_ACCUMULATE = 1U << 31;
constexpr std::uint32_t MEM_TO_REG_SHIFT_BY_2 = 1U << 30;

// Bits 17:0 first register, 30:18 how many follow it (a6xx_gpu.h).
bool covers(std::uint32_t span, bool infinite, std::uint32_t reg) {
  const std::uint32_t first = span & 0x3ffff;
  return reg >= first && (infinite || reg - first <= (span >> 18 & 0x1fff));
}

}  // namespace

// Protected mode. Raises the error of what it refuses.
bool AdrenoCore::allowed(std::uint32_t reg_word, bool read) {
  const std::uint32_t cntl = reg(CP_PROTECT_CNTL);
  if (!m_protected || (cntl & PROTECT_ACCESS_PROT_EN) == 0) return true;
  const bool infinite = (cntl & PROTECT_LAST_SPAN_INF_RANGE) != 0;
  for (std::uint32_t i = 0; i < PROTECT_COUNT; ++i) {
    const auto span = static_cast<std::uint32_t>(m_registers.get(CP_PROTECTn, i));
    if (!covers(span, infinite && i == PROTECT_COUNT - 1, reg_word)) continue;
    if (read && span >> 31 == 0) continue;
    m_registers.set(CP_PROTECT_STATUS, reg_word | (read ? PROTECT_STATUS_READ : 0));
    m_diag.guest_error(
        "CP_PROTECT",
        fmt::format("a packet {} the protected register {:#x}", read ? "reads" : "writes", reg_word), sheet,
        {}, packet_address());
    if ((cntl & PROTECT_ACCESS_FAULT_ON_VIOL_EN) != 0) {
      stop(CP_REGISTER_PROTECTION_ERROR, {});
    } else {
      ++m_counters.errors;
      raise(INT_CP_HW_ERROR, CP_REGISTER_PROTECTION_ERROR);
    }
    return false;
  }
  return true;
}

// @return false if the CP does not go on with the packet.
bool AdrenoCore::read_from_packet(std::uint32_t reg_word, std::uint32_t& value) {
  value = 0;
  if (!allowed(reg_word, true)) return !m_stopped;
  publish();
  std::uint64_t v = 0;
  m_registers.read(4 * reg_word, 4, AccessSecurity::NonSecure, v);
  value = static_cast<std::uint32_t>(v);
  return true;
}

bool AdrenoCore::write_from_packet(std::uint32_t reg_word, std::uint32_t value) {
  if (!allowed(reg_word, false)) return !m_stopped;
  const std::uint64_t epoch = m_epoch;
  m_registers.write(4 * reg_word, 4, AccessSecurity::NonSecure, value);
  return epoch == m_epoch;  // else it has reset everything, this packet included
}

void AdrenoCore::write_registers() {
  const PacketHeader h = header();
  for (std::uint32_t i = 0; i < h.words; ++i) {
    if (!write_from_packet((h.reg + i) & 0x3ffff, word(i))) return;
  }
  finish();
}

void AdrenoCore::reg_to_mem() {
  if ((word(0) & REG_TO_MEM_ACCUMULATE) != 0) {
    stop(CP_OPCODE_ERROR, "CP_REG_TO_MEM has ACCUMULATE set");
    return;
  }
  const std::uint64_t left = packet_bytes() - m_done;
  if (left == 0) {
    finish();
    return;
  }
  const std::uint64_t address = canonical(address_at(1) + m_done);
  const std::uint64_t n = std::min(left, dma_burst_bytes - address % dma_burst_bytes);
  const auto first = static_cast<std::uint32_t>((word(0) & 0x3ffff) + m_done / 4);
  for (std::uint32_t i = 0; i < n / 4; ++i) {
    std::uint32_t value = 0;
    if (!read_from_packet((first + i) & 0x3ffff, value)) return;
    store_little_endian(&m_data[std::size_t{4} * i], value, 4);
  }
  access_memory(true, address, n);
}

void AdrenoCore::mem_to_reg() {
  if (m_step != 0) {
    const auto first = static_cast<std::uint32_t>((word(0) & 0x3ffff) + (m_done - m_operation.length) / 4);
    const unsigned shift = (word(0) & MEM_TO_REG_SHIFT_BY_2) != 0 ? 2 : 0;
    m_step = 0;
    for (std::uint32_t i = 0; i < m_operation.length / 4; ++i) {
      const auto value =
          static_cast<std::uint32_t>(load_little_endian(&m_data[std::size_t{4} * i], 4) << shift);
      if (!write_from_packet((first + i) & 0x3ffff, value)) return;
    }
  }
  const std::uint64_t left = packet_bytes() - m_done;
  if (left == 0) {
    finish();
    return;
  }
  const std::uint64_t address = canonical(address_at(1) + m_done);
  access_memory(false, address, std::min(left, dma_burst_bytes - address % dma_burst_bytes));
}

}  // namespace smmuvp
