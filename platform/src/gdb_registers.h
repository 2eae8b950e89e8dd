// The registers that GDB sees, and their description as GDB's standard AArch64 features.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smmuvp/tlm/debug_control.h"

namespace smmuvp::platform {

/// One register: its number for GDB is its place in gdb_registers().
struct GdbRegister {
  std::string name;                ///< GDB's
  unsigned bytes;                  ///< 4, 8 or 16
  std::vector<std::string> parts;  ///< DebugControl's names, the low half first
};

const std::vector<GdbRegister>& gdb_registers();

/// The answer to qXfer:features:read:target.xml.
const std::string& gdb_target_description();

/// Bytes in the target's order, as hexadecimal digits; 'x' for each digit of a register that cannot be read.
std::string read_gdb_register(const DebugControl& cpu, const GdbRegister& reg);

/// @param value  as many bytes as the register has. False if the processor cannot take the value: a PC that
/// is no multiple of 4, a PSTATE that is not AArch64 at EL0 or EL1.
bool write_gdb_register(DebugControl& cpu, const GdbRegister& reg, std::string_view value);

}  // namespace smmuvp::platform
