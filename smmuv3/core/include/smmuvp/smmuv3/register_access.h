// Which accesses registers take (IHI 0070 6.2, and 10.5 for counter groups).
#pragma once

#include <cstdint>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"

namespace smmuvp::smmuv3 {

/// Whether registers answer: 4 bytes, or 8 bytes at a 64-bit register, aligned. All others are RAZ/WI, and
/// diagnosed; so are writes to Reserved locations, which are legal. @param clause  that says so
/// @param base  where in the window the registers begin, for diagnostics
bool legal_register_access(const RegisterFile& registers, Diag& diag, std::uint32_t offset, unsigned bytes,
                           bool write, std::uint64_t value, const char* clause, std::uint32_t base = 0);

}  // namespace smmuvp::smmuv3
