// What a Mali is made with.
#pragma once
#include <cstdint>

namespace smmuvp {

/// docs/mali.md, Parameters. Times are in picoseconds.
struct MaliConfig {
  static constexpr std::uint32_t max_slots = 16;
  static constexpr std::uint32_t max_address_spaces = 16;

  std::uint32_t gpu_id = 0x08602000;        ///< register GPU_ID
  std::uint32_t slots = 3;                  ///< job slots, 1 to max_slots
  std::uint32_t address_spaces = 8;         ///< 1 to max_address_spaces
  std::uint32_t shader_cores = 4;           ///< 1 to 32
  std::uint32_t tlb_entries = 64;           ///< of each address space; 0: every access is walked
  std::uint64_t clock_hz = 500'000'000;     ///< of the cycle counter, 1 to 10^12
  std::uint64_t timestamp_hz = 24'000'000;  ///< of the system timestamp, 1 to 10^12
  std::uint64_t reset_ps = 1'000'000;       ///< until RESET_COMPLETED
  std::uint64_t power_ps = 1'000'000;       ///< of a power transition
  std::uint64_t mmu_command_ps = 100'000;   ///< of a command of AS_COMMAND
  std::uint32_t stream_id = 0;              ///< StreamID of all accesses

  /// Whether AS_TRANSCFG is there: products from Bifrost on (Linux, panfrost_model_is_bifrost()).
  bool has_TRANSCFG() const { return (gpu_id >> 28) != 0; }
};

}  // namespace smmuvp
