// SPDX-License-Identifier: MIT
//
// Offsets of registers: IHI 0070 6.2.1. Those of a programming interface count from its IDR0, and the indices
// of the Event queue stand where those of the Secure one do, whatever page shows them; those of the PRI queue
// alike.
#pragma once

#include <cstdint>

namespace naive_smmuv3 {

constexpr uint64_t PAGE_1 = 0x10000;
constexpr uint64_t SECURE = 0x8000;  // of S_IDR0
constexpr uint64_t OPTIONAL_PAGES = 0x20000;

enum Offset : uint64_t {
  IDR0 = 0x00,
  IDR1 = 0x04,
  IDR2 = 0x08,
  IDR3 = 0x0C,
  IDR4 = 0x10,
  IDR5 = 0x14,
  IIDR = 0x18,
  AIDR = 0x1C,
  CR0 = 0x20,
  CR0ACK = 0x24,
  CR1 = 0x28,
  CR2 = 0x2C,
  INIT = 0x3C,
  STATUSR = 0x40,
  GBPA = 0x44,
  IRQ_CTRL = 0x50,
  IRQ_CTRLACK = 0x54,
  GERROR = 0x60,
  GERRORN = 0x64,
  GERROR_IRQ_CFG0 = 0x68,
  GERROR_IRQ_CFG1 = 0x70,
  GERROR_IRQ_CFG2 = 0x74,
  STRTAB_BASE = 0x80,
  STRTAB_BASE_CFG = 0x88,
  CMDQ_BASE = 0x90,
  CMDQ_PROD = 0x98,
  CMDQ_CONS = 0x9C,
  EVENTQ_BASE = 0xA0,
  EVENTQ_PROD = 0xA8,
  EVENTQ_CONS = 0xAC,
  EVENTQ_IRQ_CFG0 = 0xB0,
  EVENTQ_IRQ_CFG1 = 0xB8,
  EVENTQ_IRQ_CFG2 = 0xBC,
  PRIQ_BASE = 0xC0,
  PRIQ_PROD = 0xC8,
  PRIQ_CONS = 0xCC,
  PRIQ_IRQ_CFG0 = 0xD0,
  PRIQ_IRQ_CFG1 = 0xD8,
  PRIQ_IRQ_CFG2 = 0xDC,
  GATOS = 0x100,
  GATOS_END = 0x120,
  MPAMIDR = 0x130,
  GMPAM = 0x138,
  GBPMPAM = 0x13C,
  VATOS_SEL = 0x180,
  IDR6 = 0x190,
  CONTROL_PAGES = 0x4000,
  CONTROL_PAGES_END = 0x6000
};

/// Within a group of ATOS registers
// Of the registers of a control page (6.3.49 to 6.3.51), which stand 32 bytes apart, and of an ECMDQ (6.2.5)
constexpr uint64_t CONTROL_PAGE_BASE = 0x00, CONTROL_PAGE_CFG = 0x08, CONTROL_PAGE_STATUS = 0x0C;
constexpr uint64_t ECMDQ_BASE = 0x00, ECMDQ_PROD = 0x08, ECMDQ_CONS = 0x0C, ECMDQ_END = 0x10;

constexpr uint64_t VATOS_GROUP = 0xA00;  // 6.2.3

constexpr uint64_t ATOS_CTRL = 0x00, ATOS_SID = 0x08, ATOS_ADDR = 0x10, ATOS_PAR = 0x18, ATOS_END = 0x20;

// 32-bit halves of a 64-bit register
inline uint32_t half_of(uint64_t value, uint64_t offset) {
  return static_cast<uint32_t>(offset % 8 == 4 ? value >> 32 : value);
}
inline uint64_t with_half(uint64_t old, uint64_t offset, uint32_t half) {
  if (offset % 8 == 4) return (old & 0xFFFFFFFF) | (uint64_t{half} << 32);
  return (old & ~uint64_t{0xFFFFFFFF}) | half;
}

}  // namespace naive_smmuv3
