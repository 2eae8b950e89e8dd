#include "psci.h"

namespace smmuvp::cpu {
namespace {

// DEN 0022, 5.2.2: return codes.
constexpr uint64_t SUCCESS = 0;
constexpr uint64_t NOT_SUPPORTED = ~uint64_t{0};
constexpr uint64_t INVALID_PARAMETERS = ~uint64_t{1};
constexpr uint64_t DENIED = ~uint64_t{2};
constexpr uint64_t ALREADY_ON = ~uint64_t{3};

// DEN 0022, 5.1: function identifiers; those with bit 30 are the SMC64 forms. DEN 0028, 7: SMCCC_*.
enum Function : uint32_t {
  SMCCC_VERSION = 0x80000000,
  SMCCC_ARCH_FEATURES = 0x80000001,
  PSCI_VERSION = 0x84000000,
  CPU_SUSPEND_32 = 0x84000001,
  CPU_OFF = 0x84000002,
  CPU_ON_32 = 0x84000003,
  AFFINITY_INFO_32 = 0x84000004,
  MIGRATE_INFO_TYPE = 0x84000006,
  SYSTEM_OFF = 0x84000008,
  SYSTEM_RESET = 0x84000009,
  PSCI_FEATURES = 0x8400000a,
  CPU_SUSPEND_64 = 0xc4000001,
  CPU_ON_64 = 0xc4000003,
  AFFINITY_INFO_64 = 0xc4000004,
};

constexpr uint64_t VERSION_1_1 = 0x10001;
constexpr uint64_t AFFINITY = 0xff00ffffffu;  // MPIDR_EL1.Aff3..Aff0

bool is_known(uint32_t function) {
  switch (function) {
    case SMCCC_VERSION:
    case PSCI_VERSION:
    case CPU_SUSPEND_32:
    case CPU_OFF:
    case CPU_ON_32:
    case AFFINITY_INFO_32:
    case MIGRATE_INFO_TYPE:
    case SYSTEM_OFF:
    case SYSTEM_RESET:
    case PSCI_FEATURES:
    case CPU_SUSPEND_64:
    case CPU_ON_64:
    case AFFINITY_INFO_64:
      return true;
    default:
      return false;
  }
}

}  // namespace

FirmwareAnswer answer_firmware_call(uint64_t x0, uint64_t x1, uint64_t x2) {
  using Action = FirmwareAnswer::Action;
  const auto function = static_cast<uint32_t>(x0);
  // The 32-bit forms look at W registers only (DEN 0028, 2.5.1).
  const bool wide = (function & 0x40000000u) != 0;
  if (!wide) {
    x1 &= 0xffffffffu;
    x2 &= 0xffffffffu;
  }
  switch (function) {
    case SMCCC_VERSION:
      return {Action::none, VERSION_1_1};
    case SMCCC_ARCH_FEATURES:
      return {Action::none, x1 == SMCCC_VERSION || x1 == SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED};
    case PSCI_VERSION:
      return {Action::none, VERSION_1_1};
    // Every power state is treated as standby: the architecture lets a deeper one be demoted.
    case CPU_SUSPEND_32:
    case CPU_SUSPEND_64:
      return {Action::standby, SUCCESS};
    case CPU_OFF:
      return {Action::none, DENIED};  // nobody would be left to call CPU_ON
    case CPU_ON_32:
    case CPU_ON_64:
      return {Action::none, (x1 & AFFINITY) == 0 ? ALREADY_ON : INVALID_PARAMETERS};
    case AFFINITY_INFO_32:
    case AFFINITY_INFO_64:
      return {Action::none, (x1 & AFFINITY) == 0 && x2 == 0 ? SUCCESS : INVALID_PARAMETERS};  // 0 is ON
    case MIGRATE_INFO_TYPE:
      return {Action::none, 2};  // no Trusted OS that needs migration
    case SYSTEM_OFF:
      return {Action::power_off, SUCCESS};
    case SYSTEM_RESET:
      return {Action::reset, SUCCESS};
    case PSCI_FEATURES:
      return {Action::none, is_known(static_cast<uint32_t>(x1)) ? SUCCESS : NOT_SUPPORTED};
    default:
      return {Action::none, NOT_SUPPORTED};
  }
}

}  // namespace smmuvp::cpu
