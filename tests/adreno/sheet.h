// Registers and packets by hand from docs/adreno.md, so that tests and the model can disagree.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace smmuvp::adreno_sheet {

constexpr std::uint32_t HANG_INT_CNTL = 0x07c, INT_CLEAR_CMD = 0x0dc, INT_0_MASK = 0x0e0,
                        SW_RESET_CMD = 0x10c;
constexpr std::uint32_t INT_0_STATUS = 0x804, STATUS = 0x840, STATUS3 = 0x84c;
constexpr std::uint32_t SRAM_INIT_STATUS = 0x143c;
constexpr std::uint32_t RB_BASE = 0x2000, RB_CNTL = 0x2008, RB_RPTR_ADDR = 0x2010, RB_RPTR = 0x2018,
                        RB_WPTR = 0x201c;
constexpr std::uint32_t SQE_CNTL = 0x2020, HW_FAULT = 0x2084, INTERRUPT_STATUS = 0x208c,
                        PROTECT_STATUS = 0x2090;
constexpr std::uint32_t APRIV_CNTL = 0x2110, PROTECT_CNTL = 0x213c, PROTECT = 0x2140, SCRATCH = 0x220c;
constexpr std::uint32_t SQE_STAT_ADDR = 0x2420, SQE_STAT_DATA = 0x2424;
constexpr std::uint32_t IB1_BASE = 0x24a0, IB1_REM_SIZE = 0x24a8, IB2_BASE = 0x24ac, IB2_BASE_HI = 0x24b0,
                        IB2_REM_SIZE = 0x24b4, ALWAYS_ON = 0x2600;

constexpr std::uint32_t scratch_word = SCRATCH / 4;  // of the first of eight

constexpr std::uint32_t INT_AHB_ERROR = 1U << 1, INT_HW_ERROR = 1U << 9, INT_CACHE_FLUSH_TS = 1U << 20,
                        INT_HANG = 1U << 23;
constexpr std::uint32_t OPCODE_ERROR = 1, HW_FAULT_ERROR = 4, PROTECTION_ERROR = 0x10, AHB_ERROR = 0x20;
constexpr std::uint32_t CP_BUSY = 1U << 2, VBIF_BUSY = 1U << 4, GPU_BUSY = 1U << 23, STALLED = 1U << 24;
constexpr std::uint32_t NO_UPDATE = 1U << 27;

constexpr std::uint32_t NOP = 0x10, WAIT_MEM_WRITES = 0x12, WAIT_FOR_ME = 0x13, WAIT_FOR_IDLE = 0x26,
                        WAIT_REG_MEM = 0x3c, MEM_WRITE = 0x3d, REG_TO_MEM = 0x3e, INDIRECT_BUFFER = 0x3f,
                        MEM_TO_REG = 0x42, EVENT_WRITE = 0x46, ME_INIT = 0x48, SMMU_TABLE_UPDATE = 0x53,
                        SET_PROTECTED_MODE = 0x5f, WHERE_AM_I = 0x62, MEM_TO_MEM = 0x73, MEMCPY = 0x75;
constexpr std::uint32_t CACHE_FLUSH_TS = 4, EVENT_IRQ = 1U << 31, EVENT_TIMESTAMP = 1U << 30;

using Words = std::vector<std::uint32_t>;

constexpr std::uint32_t low(std::uint64_t address) { return static_cast<std::uint32_t>(address); }
constexpr std::uint32_t high(std::uint64_t address) { return static_cast<std::uint32_t>(address >> 32); }

/// 1 if the field has an even number of ones: with it they are odd.
constexpr std::uint32_t parity(std::uint32_t field) {
  std::uint32_t ones = 0;
  for (; field != 0; field &= field - 1) ++ones;
  return ones % 2 == 0 ? 1 : 0;
}
constexpr std::uint32_t header7(std::uint32_t opcode, std::uint32_t count) {
  return 7U << 28 | parity(opcode) << 23 | opcode << 16 | parity(count) << 15 | count;
}
constexpr std::uint32_t header4(std::uint32_t reg, std::uint32_t count) {
  return 4U << 28 | parity(reg) << 27 | reg << 8 | parity(count) << 7 | count;
}
inline Words packet(std::uint32_t opcode, const Words& words = {}) {
  Words p{header7(opcode, static_cast<std::uint32_t>(words.size()))};
  p.insert(p.end(), words.begin(), words.end());
  return p;
}
inline Words set_registers(std::uint32_t reg, const Words& values) {
  Words p{header4(reg, static_cast<std::uint32_t>(values.size()))};
  p.insert(p.end(), values.begin(), values.end());
  return p;
}
inline Words mem_write(std::uint64_t address, const Words& values) {
  Words w{low(address), high(address)};
  w.insert(w.end(), values.begin(), values.end());
  return packet(MEM_WRITE, w);
}
inline Words indirect_buffer(std::uint64_t address, std::size_t words) {
  return packet(INDIRECT_BUFFER, {low(address), high(address), static_cast<std::uint32_t>(words)});
}
inline Words fence(std::uint64_t address, std::uint32_t value) {
  return packet(EVENT_WRITE, {CACHE_FLUSH_TS | EVENT_IRQ, low(address), high(address), value});
}
inline Words table_update(std::uint64_t ttbr0, std::uint16_t asid, std::uint32_t bank = 0,
                          std::uint32_t contextidr = 0) {
  return packet(SMMU_TABLE_UPDATE,
                {low(ttbr0), (high(ttbr0) & 0xffff) | std::uint32_t{asid} << 16, contextidr, bank});
}
inline Words join(std::initializer_list<Words> all) {
  Words out;
  for (const Words& w : all) out.insert(out.end(), w.begin(), w.end());
  return out;
}

}  // namespace smmuvp::adreno_sheet
