#include "mali_registers.h"

#include <array>

namespace smmuvp::mali {

namespace {

constexpr std::uint64_t all = 0xffffffff;
constexpr const char* regs = "Linux panfrost_regs.h";
constexpr std::uint32_t slot_stride = 0x80;
constexpr std::uint32_t as_stride = 0x40;

RegisterInfo array(RegisterInfo info, std::uint32_t count, std::uint32_t stride) {
  info.count = count;
  info.stride = stride;
  return info;
}

void add_gpu(std::vector<RegisterInfo>& t) {
  const auto ro = [&](Id id, const char* name, std::uint32_t offset, std::uint64_t reset = 0) {
    t.push_back({id, name, offset, 4, Access::RO, reset, 0, regs});
  };
  const auto rw = [&](Id id, const char* name, std::uint32_t offset) {
    t.push_back({id, name, offset, 4, Access::RW, 0, all, regs});
  };
  const auto wo = [&](Id id, const char* name, std::uint32_t offset) {
    t.push_back({id, name, offset, 4, Access::WO, 0, all, regs});
  };
  ro(GPU_ID, "GPU_ID", 0x000);
  ro(GPU_L2_FEATURES, "GPU_L2_FEATURES", 0x004, 0x07120206);
  ro(GPU_CORE_FEATURES, "GPU_CORE_FEATURES", 0x008);
  ro(GPU_TILER_FEATURES, "GPU_TILER_FEATURES", 0x00c, 0x809);
  ro(GPU_MEM_FEATURES, "GPU_MEM_FEATURES", 0x010, 1);
  ro(GPU_MMU_FEATURES, "GPU_MMU_FEATURES", 0x014, 0x2830);
  ro(GPU_AS_PRESENT, "GPU_AS_PRESENT", 0x018);
  ro(GPU_JS_PRESENT, "GPU_JS_PRESENT", 0x01c);
  rw(GPU_INT_RAWSTAT, "GPU_INT_RAWSTAT", 0x020);
  wo(GPU_INT_CLEAR, "GPU_INT_CLEAR", 0x024);
  rw(GPU_INT_MASK, "GPU_INT_MASK", 0x028);
  ro(GPU_INT_STAT, "GPU_INT_STAT", 0x02c);
  wo(GPU_CMD, "GPU_CMD", 0x030);
  ro(GPU_STATUS, "GPU_STATUS", 0x034);
  ro(GPU_LATEST_FLUSH_ID, "GPU_LATEST_FLUSH_ID", 0x038);
  ro(GPU_FAULT_STATUS, "GPU_FAULT_STATUS", 0x03c);
  ro(GPU_FAULT_ADDRESS_LO, "GPU_FAULT_ADDRESS_LO", 0x040);
  ro(GPU_FAULT_ADDRESS_HI, "GPU_FAULT_ADDRESS_HI", 0x044);
  wo(GPU_PWR_KEY, "GPU_PWR_KEY", 0x050);
  t.push_back(array({GPU_PWR_OVERRIDE, "GPU_PWR_OVERRIDEn", 0x054, 4, Access::RW, 0, all, regs}, 2, 4));
  rw(GPU_PERFCNT_BASE_LO, "GPU_PERFCNT_BASE_LO", 0x060);
  rw(GPU_PERFCNT_BASE_HI, "GPU_PERFCNT_BASE_HI", 0x064);
  rw(GPU_PERFCNT_CFG, "GPU_PERFCNT_CFG", 0x068);
  t.push_back(array({GPU_PRFCNT_EN, "GPU_PRFCNT_ENn", 0x06c, 4, Access::RW, 0, all, regs}, 3, 4));
  rw(GPU_PRFCNT_MMU_L2_EN, "GPU_PRFCNT_MMU_L2_EN", 0x07c);
  ro(GPU_CYCLE_COUNT_LO, "GPU_CYCLE_COUNT_LO", 0x090);
  ro(GPU_CYCLE_COUNT_HI, "GPU_CYCLE_COUNT_HI", 0x094);
  ro(GPU_TIMESTAMP_LO, "GPU_TIMESTAMP_LO", 0x098);
  ro(GPU_TIMESTAMP_HI, "GPU_TIMESTAMP_HI", 0x09c);
  ro(GPU_THREAD_MAX_THREADS, "GPU_THREAD_MAX_THREADS", 0x0a0, 0x100);
  ro(GPU_THREAD_MAX_WORKGROUP_SIZE, "GPU_THREAD_MAX_WORKGROUP_SIZE", 0x0a4, 0x100);
  ro(GPU_THREAD_MAX_BARRIER_SIZE, "GPU_THREAD_MAX_BARRIER_SIZE", 0x0a8, 0x100);
  ro(GPU_THREAD_FEATURES, "GPU_THREAD_FEATURES", 0x0ac, 0x0a040400);
  t.push_back(array({GPU_TEXTURE_FEATURES, "GPU_TEXTURE_FEATURESn", 0x0b0, 4, Access::RO, 0, 0, regs}, 4, 4));
  t.push_back(array({GPU_JS_FEATURES, "GPU_JS_FEATURESn", 0x0c0, 4, Access::RO, 0, 0, regs}, 16, 4));
  const auto domains = [&](Id low, const char* low_name, const char* high_name, std::uint32_t offset,
                           Access access) {
    const std::uint64_t mask = access == Access::RO ? 0 : all;
    t.push_back(array({low, low_name, offset, 4, access, 0, mask, regs}, 3, 0x10));
    t.push_back(array({static_cast<std::uint16_t>(low + 1), high_name, offset + 4, 4, access, 0, mask, regs},
                      3, 0x10));
  };
  domains(PRESENT_LO, "GPU_PRESENT_LOn", "GPU_PRESENT_HIn", 0x100, Access::RO);
  domains(READY_LO, "READY_LOn", "READY_HIn", 0x140, Access::RO);
  domains(PWRON_LO, "PWRON_LOn", "PWRON_HIn", 0x180, Access::WO);
  domains(PWROFF_LO, "PWROFF_LOn", "PWROFF_HIn", 0x1c0, Access::WO);
  domains(PWRTRANS_LO, "PWRTRANS_LOn", "PWRTRANS_HIn", 0x200, Access::RO);
  domains(PWRACTIVE_LO, "PWRACTIVE_LOn", "PWRACTIVE_HIn", 0x240, Access::RO);
  ro(GPU_COHERENCY_FEATURES, "GPU_COHERENCY_FEATURES", 0x300);
  ro(GPU_THREAD_TLS_ALLOC, "GPU_THREAD_TLS_ALLOC", 0x310);
  t.push_back(array({GPU_CONFIG, "GPU_CONFIGn", 0xf00, 4, Access::RW, 0, all, regs}, 4, 4));
}

void add_interrupts(std::vector<RegisterInfo>& t, Id first, std::uint32_t offset,
                    const std::array<const char*, 4>& names) {
  constexpr std::array<Access, 4> access{Access::RW, Access::WO, Access::RW, Access::RO};
  for (std::uint32_t i = 0; i < 4; ++i) {
    t.push_back({static_cast<std::uint16_t>(first + i), names[i], offset + 4 * i, 4, access[i], 0,
                 access[i] == Access::RO ? 0 : all, regs});
  }
}

void add_slots(std::vector<RegisterInfo>& t, std::uint32_t slots) {
  const auto add = [&](Id id, const char* name, std::uint32_t offset, Access access,
                       const char* clause = regs) {
    t.push_back(array({id, name, 0x1800 + offset, 4, access, 0, access == Access::RO ? 0 : all, clause},
                      slots, slot_stride));
  };
  add(JS_HEAD_LO, "JSn_HEAD_LO", 0x00, Access::RO);
  add(JS_HEAD_HI, "JSn_HEAD_HI", 0x04, Access::RO);
  add(JS_TAIL_LO, "JSn_TAIL_LO", 0x08, Access::RO);
  add(JS_TAIL_HI, "JSn_TAIL_HI", 0x0c, Access::RO);
  add(JS_AFFINITY_LO, "JSn_AFFINITY_LO", 0x10, Access::RO);
  add(JS_AFFINITY_HI, "JSn_AFFINITY_HI", 0x14, Access::RO);
  add(JS_CONFIG, "JSn_CONFIG", 0x18, Access::RO);
  add(JS_XAFFINITY, "JSn_XAFFINITY", 0x1c, Access::RO);
  add(JS_COMMAND, "JSn_COMMAND", 0x20, Access::WO);
  add(JS_STATUS, "JSn_STATUS", 0x24, Access::RO);
  add(JS_HEAD_NEXT_LO, "JSn_HEAD_NEXT_LO", 0x40, Access::RW);
  add(JS_HEAD_NEXT_HI, "JSn_HEAD_NEXT_HI", 0x44, Access::RW);
  add(JS_AFFINITY_NEXT_LO, "JSn_AFFINITY_NEXT_LO", 0x50, Access::RW);
  add(JS_AFFINITY_NEXT_HI, "JSn_AFFINITY_NEXT_HI", 0x54, Access::RW);
  add(JS_CONFIG_NEXT, "JSn_CONFIG_NEXT", 0x58, Access::RW);
  add(JS_XAFFINITY_NEXT, "JSn_XAFFINITY_NEXT", 0x5c, Access::RW, "kbase mali_kbase_gpu_regmap.h");
  add(JS_COMMAND_NEXT, "JSn_COMMAND_NEXT", 0x60, Access::RW);
  add(JS_FLUSH_ID_NEXT, "JSn_FLUSH_ID_NEXT", 0x70, Access::RW);
}

void add_address_spaces(std::vector<RegisterInfo>& t, std::uint32_t spaces, bool has_TRANSCFG) {
  const auto add = [&](Id id, const char* name, std::uint32_t offset, Access access) {
    t.push_back(array({id, name, 0x2400 + offset, 4, access, 0, access == Access::RO ? 0 : all, regs}, spaces,
                      as_stride));
  };
  add(AS_TRANSTAB_LO, "ASn_TRANSTAB_LO", 0x00, Access::RW);
  add(AS_TRANSTAB_HI, "ASn_TRANSTAB_HI", 0x04, Access::RW);
  add(AS_MEMATTR_LO, "ASn_MEMATTR_LO", 0x08, Access::RW);
  add(AS_MEMATTR_HI, "ASn_MEMATTR_HI", 0x0c, Access::RW);
  add(AS_LOCKADDR_LO, "ASn_LOCKADDR_LO", 0x10, Access::RW);
  add(AS_LOCKADDR_HI, "ASn_LOCKADDR_HI", 0x14, Access::RW);
  add(AS_COMMAND, "ASn_COMMAND", 0x18, Access::WO);
  add(AS_FAULTSTATUS, "ASn_FAULTSTATUS", 0x1c, Access::RO);
  add(AS_FAULTADDRESS_LO, "ASn_FAULTADDRESS_LO", 0x20, Access::RO);
  add(AS_FAULTADDRESS_HI, "ASn_FAULTADDRESS_HI", 0x24, Access::RO);
  add(AS_STATUS, "ASn_STATUS", 0x28, Access::RO);
  if (!has_TRANSCFG) return;
  add(AS_TRANSCFG_LO, "ASn_TRANSCFG_LO", 0x30, Access::RW);
  add(AS_TRANSCFG_HI, "ASn_TRANSCFG_HI", 0x34, Access::RW);
}

std::uint64_t ones(std::uint32_t n) { return (std::uint64_t{1} << n) - 1; }

}  // namespace

std::vector<RegisterInfo> registers(const MaliConfig& config) {
  std::vector<RegisterInfo> t;
  add_gpu(t);
  add_interrupts(t, JOB_INT_RAWSTAT, 0x1000,
                 {"JOB_INT_RAWSTAT", "JOB_INT_CLEAR", "JOB_INT_MASK", "JOB_INT_STAT"});
  t.push_back({JOB_INT_JS_STATE, "JOB_INT_JS_STATE", 0x1010, 4, Access::RO, 0, 0, regs});
  t.push_back({JOB_INT_THROTTLE, "JOB_INT_THROTTLE", 0x1014, 4, Access::RW, 0, all, regs});
  add_slots(t, config.slots);
  add_interrupts(t, MMU_INT_RAWSTAT, 0x2000,
                 {"MMU_INT_RAWSTAT", "MMU_INT_CLEAR", "MMU_INT_MASK", "MMU_INT_STAT"});
  add_address_spaces(t, config.address_spaces, config.has_TRANSCFG());
  return t;
}

void configure(RegisterFile& registers, const MaliConfig& config) {
  registers.set_reset(GPU_ID, config.gpu_id);
  registers.set_reset(GPU_AS_PRESENT, ones(config.address_spaces));
  registers.set_reset(GPU_JS_PRESENT, ones(config.slots));
  for (const AccessSecurity s : {AccessSecurity::NonSecure, AccessSecurity::Secure}) {
    for (std::uint32_t i = 0; i < config.slots; ++i) registers.set_reset(GPU_JS_FEATURES, job_types, i, s);
    registers.set_reset(PRESENT_LO, ones(config.shader_cores), 0, s);
    registers.set_reset(PRESENT_LO, 1, 1, s);
    registers.set_reset(PRESENT_LO, 1, 2, s);
  }
}

}  // namespace smmuvp::mali
