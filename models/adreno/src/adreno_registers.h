// Registers of the command processor and their bits (docs/adreno.md).
#pragma once
#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"

namespace smmuvp::adreno {

constexpr const char* sheet = "docs/adreno.md";

enum Register : std::uint16_t {
  RBBM_INTERFACE_HANG_INT_CNTL,
  RBBM_INT_CLEAR_CMD,
  RBBM_INT_0_MASK,
  RBBM_SW_RESET_CMD,
  RBBM_INT_0_STATUS,
  RBBM_STATUS,
  RBBM_STATUS3,
  RBBM_PERFCTR_SRAM_INIT_CMD,
  RBBM_PERFCTR_SRAM_INIT_STATUS,
  CP_RB_BASE,
  CP_RB_BASE_HI,
  CP_RB_CNTL,
  CP_RB_RPTR_ADDR,
  CP_RB_RPTR_ADDR_HI,
  CP_RB_RPTR,
  CP_RB_WPTR,
  CP_SQE_CNTL,
  CP_HW_FAULT,
  CP_INTERRUPT_STATUS,
  CP_PROTECT_STATUS,
  CP_ADDR_MODE_CNTL,
  CP_APRIV_CNTL,
  CP_PROTECT_CNTL,
  CP_PROTECTn,
  CP_SCRATCHn,
  CP_SQE_STAT_ADDR,
  CP_SQE_STAT_DATA,
  CP_IB1_BASE,
  CP_IB1_BASE_HI,
  CP_IB1_REM_SIZE,
  CP_IB2_BASE,
  CP_IB2_BASE_HI,
  CP_IB2_REM_SIZE,
  CP_ALWAYS_ON_COUNTER,
  CP_ALWAYS_ON_COUNTER_HI,
};

// RBBM_INT_0_STATUS, RBBM_INT_0_MASK, RBBM_INT_CLEAR_CMD
constexpr std::uint32_t INT_CP_AHB_ERROR = 1U << 1;
constexpr std::uint32_t INT_CP_HW_ERROR = 1U << 9;
constexpr std::uint32_t INT_CP_CCU_FLUSH_DEPTH_TS = 1U << 10;
constexpr std::uint32_t INT_CP_CCU_FLUSH_COLOR_TS = 1U << 11;
constexpr std::uint32_t INT_CP_CCU_RESOLVE_TS = 1U << 12;
constexpr std::uint32_t INT_CP_RB_DONE_TS = 1U << 17;
constexpr std::uint32_t INT_CP_WT_DONE_TS = 1U << 18;
constexpr std::uint32_t INT_CP_CACHE_FLUSH_TS = 1U << 20;
constexpr std::uint32_t INT_RBBM_HANG_DETECT = 1U << 23;

// CP_INTERRUPT_STATUS
constexpr std::uint32_t CP_OPCODE_ERROR = 1U << 0;
constexpr std::uint32_t CP_HW_FAULT_ERROR = 1U << 2;
constexpr std::uint32_t CP_REGISTER_PROTECTION_ERROR = 1U << 4;
constexpr std::uint32_t CP_AHB_ERROR = 1U << 5;

constexpr std::uint32_t STATUS_CP_BUSY = 1U << 2;
constexpr std::uint32_t STATUS_VBIF_BUSY = 1U << 4;
constexpr std::uint32_t STATUS_GPU_BUSY_IGN_AHB = 1U << 23;
constexpr std::uint32_t STATUS3_SMMU_STALLED_ON_FAULT = 1U << 24;

constexpr std::uint32_t RB_CNTL_NO_UPDATE = 1U << 27;
constexpr std::uint32_t SQE_CNTL_RUN = 1;  // as a whole value: bit 1 halts
constexpr std::uint32_t SW_RESET = 1;
constexpr std::uint32_t HANG_ENABLE = 1U << 30;
constexpr std::uint32_t HANG_CYCLES = HANG_ENABLE - 1;

constexpr std::uint32_t APRIV_RBFETCH = 1U << 1;
constexpr std::uint32_t APRIV_RBPRIVLEVEL = 1U << 2;
constexpr std::uint32_t APRIV_RBRPWB = 1U << 3;

constexpr std::uint32_t PROTECT_COUNT = 48;
constexpr std::uint32_t PROTECT_ACCESS_PROT_EN = 1U << 0;
constexpr std::uint32_t PROTECT_ACCESS_FAULT_ON_VIOL_EN = 1U << 1;
constexpr std::uint32_t PROTECT_LAST_SPAN_INF_RANGE = 1U << 3;
constexpr std::uint32_t PROTECT_STATUS_READ = 1U << 20;

std::vector<RegisterInfo> register_table();

}  // namespace smmuvp::adreno
