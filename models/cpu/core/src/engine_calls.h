// Registers by the public calls of libunicorn, as values.
#pragma once

#include <unicorn/unicorn.h>

#include <cstdint>

#include "engine_access.h"

namespace smmuvp::cpu {

inline uint64_t read_engine(uc_engine* engine, int reg) {
  uint64_t value = 0;
  uc_reg_read(engine, reg, &value);
  return value;
}
inline void write_engine(uc_engine* engine, int reg, uint64_t value) { uc_reg_write(engine, reg, &value); }

inline uint64_t read_engine(uc_engine* engine, const SystemRegister& r) {
  uc_arm64_cp_reg cp{r.crn, r.crm, r.op0, r.op1, r.op2, 0};
  uc_reg_read(engine, UC_ARM64_REG_CP_REG, &cp);
  return cp.val;
}
inline void write_engine(uc_engine* engine, const SystemRegister& r, uint64_t value) {
  uc_arm64_cp_reg cp{r.crn, r.crm, r.op0, r.op1, r.op2, value};
  uc_reg_write(engine, UC_ARM64_REG_CP_REG, &cp);
}

/// TLBI <op2> for this processor alone: C5.5 of DDI 0487 has it at CRm 7, its Inner Shareable form at CRm 3.
constexpr SystemRegister local_tlbi(unsigned op2) { return {1, 0, 8, 7, op2}; }

/// What the library has for the address of an exclusive monitor that is open.
constexpr uint64_t monitor_open = ~uint64_t{0};

}  // namespace smmuvp::cpu
