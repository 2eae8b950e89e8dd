#include "psci.h"

namespace smmuvp::cpu {
namespace {

// DEN 0022, 5.2.2: return codes.
constexpr uint64_t SUCCESS = 0;
constexpr uint64_t NOT_SUPPORTED = ~uint64_t{0};
constexpr uint64_t INVALID_PARAMETERS = ~uint64_t{1};
constexpr uint64_t DENIED = ~uint64_t{2};
constexpr uint64_t ALREADY_ON = ~uint64_t{3};
constexpr uint64_t ON_PENDING = ~uint64_t{4};
constexpr uint64_t INVALID_ADDRESS = ~uint64_t{8};

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
  SYSTEM_RESET2_32 = 0x84000012,
  CPU_SUSPEND_64 = 0xc4000001,
  CPU_ON_64 = 0xc4000003,
  AFFINITY_INFO_64 = 0xc4000004,
  SYSTEM_RESET2_64 = 0xc4000012,
};

constexpr uint64_t VERSION_1_1 = 0x10001;
constexpr uint64_t SYSTEM_WARM_RESET = 0;  // reset_type; with bit 31 they are a vendor's, and none is known
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
    case SYSTEM_RESET2_32:
    case SYSTEM_RESET2_64:
    case CPU_SUSPEND_64:
    case CPU_ON_64:
    case AFFINITY_INFO_64:
      return true;
    default:
      return false;
  }
}

// DEN 0022 5.6, CPU_ON: target_cpu, entry_point_address, context_id.
uint64_t cpu_on(const FirmwareCall& call, CpuHost& host, const std::function<bool(uint64_t)>& executable) {
  const uint64_t target = call.x1 & AFFINITY;
  const auto power = host.power(target);
  if (!power) return INVALID_PARAMETERS;
  if (*power == Power::on) return ALREADY_ON;
  if (*power == Power::on_pending) return ON_PENDING;
  if (!executable(call.x2)) return INVALID_ADDRESS;
  host.power_on(target, call.x2, call.x3);
  return SUCCESS;
}

// DEN 0022 5.7, AFFINITY_INFO: target_affinity, lowest_affinity_level. Levels above 0 need not be answered
// since PSCI 1.0 (5.7.1).
uint64_t affinity_info(const FirmwareCall& call, CpuHost& host) {
  const auto power = host.power(call.x1 & AFFINITY);
  if (!power || call.x2 != 0) return INVALID_PARAMETERS;
  return static_cast<uint64_t>(*power);  // ON 0, OFF 1, ON_PENDING 2
}

}  // namespace

FirmwareAnswer answer_firmware_call(FirmwareCall call, CpuHost& host,
                                    const std::function<bool(uint64_t)>& executable) {
  using Action = FirmwareAnswer::Action;
  const auto function = static_cast<uint32_t>(call.x0);
  // The 32-bit forms look at W registers only (DEN 0028, 2.5.1).
  const bool wide = (function & 0x40000000u) != 0;
  if (!wide) {
    for (uint64_t* x : {&call.x1, &call.x2, &call.x3}) *x &= 0xffffffffu;
  }
  switch (function) {
    case SMCCC_VERSION:
      return {Action::none, VERSION_1_1};
    case SMCCC_ARCH_FEATURES:
      return {Action::none,
              call.x1 == SMCCC_VERSION || call.x1 == SMCCC_ARCH_FEATURES ? SUCCESS : NOT_SUPPORTED};
    case PSCI_VERSION:
      return {Action::none, VERSION_1_1};
    // Every power state is treated as standby: the architecture lets a deeper one be demoted.
    case CPU_SUSPEND_32:
    case CPU_SUSPEND_64:
      return {Action::standby, SUCCESS};
    case CPU_OFF:
      // Nobody would be left to call CPU_ON.
      if (!host.power_off()) return {Action::none, DENIED};
      return {Action::cpu_off, SUCCESS};
    case CPU_ON_32:
    case CPU_ON_64:
      return {Action::none, cpu_on(call, host, executable)};
    case AFFINITY_INFO_32:
    case AFFINITY_INFO_64:
      return {Action::none, affinity_info(call, host)};
    case MIGRATE_INFO_TYPE:
      return {Action::none, 2};  // no Trusted OS that needs migration
    case SYSTEM_OFF:
      return {Action::power_off, SUCCESS};
    case SYSTEM_RESET:
      return {Action::reset, SUCCESS};
    // DEN 0022, SYSTEM_RESET2: what main memory holds stays.
    case SYSTEM_RESET2_32:
    case SYSTEM_RESET2_64:
      if (static_cast<uint32_t>(call.x1) != SYSTEM_WARM_RESET) return {Action::none, INVALID_PARAMETERS};
      return {Action::warm_reset, SUCCESS};
    case PSCI_FEATURES:
      return {Action::none, is_known(static_cast<uint32_t>(call.x1)) ? SUCCESS : NOT_SUPPORTED};
    default:
      return {Action::none, NOT_SUPPORTED};
  }
}

}  // namespace smmuvp::cpu
