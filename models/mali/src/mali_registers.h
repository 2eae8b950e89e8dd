// The registers of docs/mali.md as a table.
#pragma once
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/mali/mali_config.h"

namespace smmuvp::mali {

constexpr const char* sheet = "docs/mali.md";

enum Id : std::uint16_t {
  GPU_ID,
  GPU_L2_FEATURES,
  GPU_CORE_FEATURES,
  GPU_TILER_FEATURES,
  GPU_MEM_FEATURES,
  GPU_MMU_FEATURES,
  GPU_AS_PRESENT,
  GPU_JS_PRESENT,
  GPU_INT_RAWSTAT,
  GPU_INT_CLEAR,
  GPU_INT_MASK,
  GPU_INT_STAT,
  GPU_CMD,
  GPU_STATUS,
  GPU_LATEST_FLUSH_ID,
  GPU_FAULT_STATUS,
  GPU_FAULT_ADDRESS_LO,
  GPU_FAULT_ADDRESS_HI,
  GPU_PWR_KEY,
  GPU_PWR_OVERRIDE,
  GPU_PERFCNT_BASE_LO,
  GPU_PERFCNT_BASE_HI,
  GPU_PERFCNT_CFG,
  GPU_PRFCNT_EN,
  GPU_PRFCNT_MMU_L2_EN,
  GPU_CYCLE_COUNT_LO,
  GPU_CYCLE_COUNT_HI,
  GPU_TIMESTAMP_LO,
  GPU_TIMESTAMP_HI,
  GPU_THREAD_MAX_THREADS,
  GPU_THREAD_MAX_WORKGROUP_SIZE,
  GPU_THREAD_MAX_BARRIER_SIZE,
  GPU_THREAD_FEATURES,
  GPU_TEXTURE_FEATURES,
  GPU_JS_FEATURES,
  // By power domain: SHADER, TILER, L2
  PRESENT_LO,
  PRESENT_HI,
  READY_LO,
  READY_HI,
  PWRON_LO,
  PWRON_HI,
  PWROFF_LO,
  PWROFF_HI,
  PWRTRANS_LO,
  PWRTRANS_HI,
  PWRACTIVE_LO,
  PWRACTIVE_HI,
  GPU_COHERENCY_FEATURES,
  GPU_THREAD_TLS_ALLOC,
  GPU_CONFIG,  // JM, SHADER, TILER, L2_MMU
  JOB_INT_RAWSTAT,
  JOB_INT_CLEAR,
  JOB_INT_MASK,
  JOB_INT_STAT,
  JOB_INT_JS_STATE,
  JOB_INT_THROTTLE,
  JS_HEAD_LO,
  JS_HEAD_HI,
  JS_TAIL_LO,
  JS_TAIL_HI,
  JS_AFFINITY_LO,
  JS_AFFINITY_HI,
  JS_CONFIG,
  JS_XAFFINITY,
  JS_COMMAND,
  JS_STATUS,
  JS_HEAD_NEXT_LO,
  JS_HEAD_NEXT_HI,
  JS_AFFINITY_NEXT_LO,
  JS_AFFINITY_NEXT_HI,
  JS_CONFIG_NEXT,
  JS_XAFFINITY_NEXT,
  JS_COMMAND_NEXT,
  JS_FLUSH_ID_NEXT,
  MMU_INT_RAWSTAT,
  MMU_INT_CLEAR,
  MMU_INT_MASK,
  MMU_INT_STAT,
  AS_TRANSTAB_LO,
  AS_TRANSTAB_HI,
  AS_MEMATTR_LO,
  AS_MEMATTR_HI,
  AS_LOCKADDR_LO,
  AS_LOCKADDR_HI,
  AS_COMMAND,
  AS_FAULTSTATUS,
  AS_FAULTADDRESS_LO,
  AS_FAULTADDRESS_HI,
  AS_STATUS,
  AS_TRANSCFG_LO,
  AS_TRANSCFG_HI,
};

// GPU_INT bits
constexpr std::uint32_t GPU_FAULT = 1U << 0;
constexpr std::uint32_t MULTIPLE_GPU_FAULTS = 1U << 7;
constexpr std::uint32_t RESET_COMPLETED = 1U << 8;
constexpr std::uint32_t POWER_CHANGED_SINGLE = 1U << 9;
constexpr std::uint32_t POWER_CHANGED_ALL = 1U << 10;
constexpr std::uint32_t PRFCNT_SAMPLE_COMPLETED = 1U << 16;
constexpr std::uint32_t CLEAN_CACHES_COMPLETED = 1U << 17;

// JS_CONFIG
constexpr std::uint32_t CONFIG_AS = 0xf;
constexpr std::uint32_t CONFIG_START_MMU = 1U << 10;
constexpr std::uint32_t CONFIG_JOB_CHAIN_FLAG = 1U << 11;
constexpr std::uint32_t CONFIG_DISABLE_DESCRIPTOR_WR_BK = 1U << 15;

/// Exception codes (Linux, panfrost_device.h).
enum Code : std::uint32_t {
  DONE = 0x01,
  STOPPED = 0x03,
  TERMINATED = 0x04,
  ACTIVE = 0x08,
  JOB_CONFIG_FAULT = 0x40,
  JOB_POWER_FAULT = 0x41,
  JOB_READ_FAULT = 0x42,
  JOB_WRITE_FAULT = 0x43,
  JOB_AFFINITY_FAULT = 0x44,
  JOB_BUS_FAULT = 0x48,
  DATA_INVALID_FAULT = 0x58,
  DELAYED_BUS_FAULT = 0x80,
};

/// Types of jobs (Mesa, genxml), and one of our own.
enum JobType : unsigned {
  NULL_JOB = 1,
  WRITE_VALUE = 2,
  CACHE_FLUSH = 3,
  last_of_a_real_GPU = 11,
  COPY = 31,
};
/// GPU_JS_FEATURES of a slot.
constexpr std::uint32_t job_types = 1U << NULL_JOB | 1U << WRITE_VALUE | 1U << CACHE_FLUSH | 1U << COPY;

/// The table. Slots, address spaces and AS_TRANSCFG that are not there have no rows.
std::vector<RegisterInfo> registers(const MaliConfig& config);

/// Values that follow parameters.
void configure(RegisterFile& registers, const MaliConfig& config);

/// A value in two registers.
inline std::uint64_t get64(const RegisterFile& registers, Id low, std::uint32_t index = 0) {
  return registers.get(low, index) | registers.get(static_cast<std::uint16_t>(low + 1), index) << 32;
}
inline void set64(RegisterFile& registers, Id low, std::uint64_t value, std::uint32_t index = 0) {
  registers.set(low, value & 0xffffffff, index);
  registers.set(static_cast<std::uint16_t>(low + 1), value >> 32, index);
}

}  // namespace smmuvp::mali
