#include "load_store.h"

namespace smmuvp::cpu {
namespace {

constexpr uint32_t bits(uint32_t word, unsigned high, unsigned low) {
  return (word >> low) & ((2u << (high - low)) - 1u);
}

constexpr uint64_t sign_extend(uint64_t value, unsigned width) {
  const uint64_t sign = uint64_t{1} << (width - 1);
  return (value ^ sign) - sign;
}

// DDI 0487 C6.2, the extend of a register offset: UXTW, LSL (UXTX), SXTW, SXTX.
uint64_t extend(uint64_t value, unsigned option, unsigned shift) {
  switch (option) {
    case 2:
      value &= 0xffffffffu;
      break;
    case 6:
      value = sign_extend(value & 0xffffffffu, 32);
      break;
    default:
      break;
  }
  return value << shift;
}

// Bytes of one register transfer of the "register" classes: size is bits 31:30, and for SIMD opc<1> makes it
// 128 bits.
unsigned register_bytes(uint32_t word) {
  const bool simd = bits(word, 26, 26) != 0;
  const unsigned size = bits(word, 31, 30);
  if (simd && bits(word, 23, 23) != 0) return 16;
  return 1u << size;
}

LoadStore whole(uint64_t address, unsigned bytes) { return {address, bytes, bytes, false, false}; }

}  // namespace

std::optional<LoadStore> decode_load_store(uint32_t word, uint64_t pc,
                                           const std::function<uint64_t(unsigned)>& x) {
  const unsigned rn = bits(word, 9, 5);

  // SYS #3, C7, C4, #1: DC ZVA; the block of a Cortex-A72 is 64 bytes (DCZID_EL0.BS = 4).
  if ((word & 0xffffffe0u) == 0xd50b7420u) {
    const unsigned rt = bits(word, 4, 0);
    const uint64_t address = rt == 31 ? 0 : x(rt);
    return LoadStore{address & ~uint64_t{63}, 64, 64, true, false};
  }
  if (bits(word, 27, 27) != 1 || bits(word, 25, 25) != 0) return std::nullopt;  // not in "Loads and Stores"

  const unsigned op = bits(word, 29, 27);
  const unsigned v = bits(word, 26, 26);
  const unsigned mid = bits(word, 25, 23);

  if (op == 1 && v == 1) {  // Advanced SIMD structures, single or multiple: up to 64 bytes from Rn
    return LoadStore{x(rn), 64, 1, false, false};
  }
  if (op == 1) {  // exclusive, acquire and release, compare-and-swap
    const unsigned element = 1u << bits(word, 31, 30);
    const bool pair = bits(word, 23, 23) == 0 && bits(word, 21, 21) != 0;
    return whole(x(rn), pair ? 2 * element : element);
  }
  if (op == 3 && bits(word, 25, 24) == 0) {  // literal
    const unsigned opc = bits(word, 31, 30);
    const unsigned bytes = v != 0 ? 4u << opc : (opc == 1 ? 8u : 4u);
    return whole(pc + (sign_extend(bits(word, 23, 5), 19) << 2), bytes);
  }
  if (op == 5) {  // pair
    const unsigned opc = bits(word, 31, 30);
    const unsigned element = v != 0 ? 4u << opc : (opc == 2 ? 8u : 4u);
    const uint64_t offset = sign_extend(bits(word, 21, 15), 7) * element;
    const uint64_t address = mid == 1 ? x(rn) : x(rn) + offset;  // post-index uses the base alone
    return LoadStore{address, 2 * element, element, false, false};
  }
  if (op == 7 && bits(word, 25, 24) == 1) {  // unsigned immediate
    const unsigned bytes = register_bytes(word);
    return whole(x(rn) + uint64_t{bits(word, 21, 10)} * bytes, bytes);
  }
  if (op == 7 && bits(word, 25, 24) == 0) {
    const unsigned bytes = register_bytes(word);
    const unsigned form = bits(word, 11, 10);
    if (bits(word, 21, 21) == 0) {  // unscaled, post-index, unprivileged, pre-index
      const uint64_t offset = sign_extend(bits(word, 20, 12), 9);
      LoadStore result = whole(form == 1 ? x(rn) : x(rn) + offset, bytes);
      result.unprivileged = form == 2;
      return result;
    }
    if (form == 2) {  // register offset
      unsigned shift = 0;
      while ((1u << shift) < bytes) ++shift;
      const unsigned rm = bits(word, 20, 16);
      const uint64_t index = rm == 31 ? 0 : x(rm);
      return whole(x(rn) + extend(index, bits(word, 15, 13), bits(word, 12, 12) != 0 ? shift : 0), bytes);
    }
    if (form == 0) return whole(x(rn), bytes);  // atomic memory operations
  }
  return std::nullopt;
}

}  // namespace smmuvp::cpu
