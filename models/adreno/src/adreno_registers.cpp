#include "adreno_registers.h"

namespace smmuvp::adreno {

namespace {

constexpr std::uint64_t all = 0xffffffff;

// Offsets count words, as the public tables do.
RegisterInfo ro(Register id, const char* name, std::uint32_t word, std::uint64_t reset = 0) {
  return {id, name, 4 * word, 4, Access::RO, reset, 0, sheet};
}
RegisterInfo rw(Register id, const char* name, std::uint32_t word, std::uint64_t mask = all,
                std::uint32_t count = 1) {
  RegisterInfo info{id, name, 4 * word, 4, Access::RW, 0, mask, sheet};
  info.count = count;
  return info;
}
RegisterInfo wo(Register id, const char* name, std::uint32_t word, std::uint64_t mask) {
  return {id, name, 4 * word, 4, Access::WO, 0, mask, sheet};
}

constexpr std::uint64_t interrupts = INT_CP_AHB_ERROR | INT_CP_HW_ERROR | INT_CP_CCU_FLUSH_DEPTH_TS |
                                     INT_CP_CCU_FLUSH_COLOR_TS | INT_CP_CCU_RESOLVE_TS | INT_CP_RB_DONE_TS |
                                     INT_CP_WT_DONE_TS | INT_CP_CACHE_FLUSH_TS | INT_RBBM_HANG_DETECT;

}  // namespace

std::vector<RegisterInfo> register_table() {
  std::vector<RegisterInfo> t{
      rw(RBBM_INTERFACE_HANG_INT_CNTL, "RBBM_INTERFACE_HANG_INT_CNTL", 0x001f, HANG_ENABLE | HANG_CYCLES),
      wo(RBBM_INT_CLEAR_CMD, "RBBM_INT_CLEAR_CMD", 0x0037, interrupts),
      rw(RBBM_INT_0_MASK, "RBBM_INT_0_MASK", 0x0038),
      rw(RBBM_SW_RESET_CMD, "RBBM_SW_RESET_CMD", 0x0043, SW_RESET),
      ro(RBBM_INT_0_STATUS, "RBBM_INT_0_STATUS", 0x0201),
      ro(RBBM_STATUS, "RBBM_STATUS", 0x0210),
      ro(RBBM_STATUS3, "RBBM_STATUS3", 0x0213),
      wo(RBBM_PERFCTR_SRAM_INIT_CMD, "RBBM_PERFCTR_SRAM_INIT_CMD", 0x050e, 1),
      ro(RBBM_PERFCTR_SRAM_INIT_STATUS, "RBBM_PERFCTR_SRAM_INIT_STATUS", 0x050f, 1),
      rw(CP_RB_BASE, "CP_RB_BASE", 0x0800, all & ~3ULL),
      rw(CP_RB_BASE_HI, "CP_RB_BASE_HI", 0x0801),
      rw(CP_RB_CNTL, "CP_RB_CNTL", 0x0802, RB_CNTL_NO_UPDATE | 0x3f3f),
      rw(CP_RB_RPTR_ADDR, "CP_RB_RPTR_ADDR", 0x0804, all & ~3ULL),
      rw(CP_RB_RPTR_ADDR_HI, "CP_RB_RPTR_ADDR_HI", 0x0805),
      ro(CP_RB_RPTR, "CP_RB_RPTR", 0x0806),
      rw(CP_RB_WPTR, "CP_RB_WPTR", 0x0807),
      rw(CP_SQE_CNTL, "CP_SQE_CNTL", 0x0808, 3),
      ro(CP_HW_FAULT, "CP_HW_FAULT", 0x0821),
      ro(CP_INTERRUPT_STATUS, "CP_INTERRUPT_STATUS", 0x0823),
      ro(CP_PROTECT_STATUS, "CP_PROTECT_STATUS", 0x0824),
      rw(CP_ADDR_MODE_CNTL, "CP_ADDR_MODE_CNTL", 0x0842, 1),
      rw(CP_APRIV_CNTL, "CP_APRIV_CNTL", 0x0844, 0x6f),
      rw(CP_PROTECT_CNTL, "CP_PROTECT_CNTL", 0x084f, 0xb),
      rw(CP_PROTECTn, "CP_PROTECTn", 0x0850, all, PROTECT_COUNT),
      rw(CP_SCRATCHn, "CP_SCRATCHn", 0x0883, all, 8),
      rw(CP_SQE_STAT_ADDR, "CP_SQE_STAT_ADDR", 0x0908, 0xff),
      ro(CP_SQE_STAT_DATA, "CP_SQE_STAT_DATA", 0x0909),
      ro(CP_IB1_BASE, "CP_IB1_BASE", 0x0928),
      ro(CP_IB1_BASE_HI, "CP_IB1_BASE_HI", 0x0929),
      ro(CP_IB1_REM_SIZE, "CP_IB1_REM_SIZE", 0x092a),
      ro(CP_IB2_BASE, "CP_IB2_BASE", 0x092b),
      ro(CP_IB2_BASE_HI, "CP_IB2_BASE_HI", 0x092c),
      ro(CP_IB2_REM_SIZE, "CP_IB2_REM_SIZE", 0x092d),
      ro(CP_ALWAYS_ON_COUNTER, "CP_ALWAYS_ON_COUNTER", 0x0980),
      ro(CP_ALWAYS_ON_COUNTER_HI, "CP_ALWAYS_ON_COUNTER_HI", 0x0981),
  };
  for (RegisterInfo& info : t) {
    if (info.id == RBBM_SW_RESET_CMD) continue;
    info.guard = RBBM_SW_RESET_CMD;
    info.guard_mask = SW_RESET;
  }
  return t;
}

}  // namespace smmuvp::adreno
