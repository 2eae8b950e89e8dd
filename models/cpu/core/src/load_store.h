// The virtual address and width of an A64 load or store, worked out from the instruction word.
// libunicorn tells a device call-back only the physical address; an abort needs the virtual one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace smmuvp::cpu {

struct LoadStore {
  uint64_t address = 0;       ///< lowest virtual address accessed, a top-byte tag included
  unsigned bytes = 0;         ///< in total
  unsigned element = 0;       ///< bytes an access must be aligned to on Device memory
  bool zero_block = false;    ///< DC ZVA
  bool unprivileged = false;  ///< LDTR, STTR and their like: checked as EL0
};

/// `x(n)` reads X0..X30, with 31 for SP; `pc` is the instruction's own address. DDI 0487 C4.1.5, "Loads and
/// Stores". None when the word is no instruction that accesses memory.
std::optional<LoadStore> decode_load_store(uint32_t word, uint64_t pc,
                                           const std::function<uint64_t(unsigned)>& x);

}  // namespace smmuvp::cpu
