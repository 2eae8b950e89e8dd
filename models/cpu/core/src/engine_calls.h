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

}  // namespace smmuvp::cpu
