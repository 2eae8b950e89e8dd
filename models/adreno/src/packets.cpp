#include "smmuvp/adreno/packets.h"

#include <fmt/format.h>

#include "adreno_registers.h"

namespace smmuvp::adreno {

namespace {

// The field and its bit together have an odd number of ones (freedreno_pm4.h).
bool odd(std::uint32_t field, std::uint32_t parity) {
  std::uint32_t v = field ^ parity;
  for (unsigned shift = 16; shift != 0; shift /= 2) v ^= v >> shift;
  return (v & 1) != 0;
}

PacketHeader wrong(std::string why) {
  PacketHeader h;
  h.wrong = std::move(why);
  return h;
}

PacketHeader type4(std::uint32_t header) {
  PacketHeader h;
  h.words = header & 0x7f;
  h.reg = header >> 8 & 0x3ffff;
  if ((header >> 26 & 1) != 0) return wrong("a type-4 header has bit 26 set");
  if (!odd(h.words, header >> 7 & 1)) return wrong("a type-4 header has a wrong parity of its count");
  if (!odd(h.reg, header >> 27 & 1)) return wrong("a type-4 header has a wrong parity of its register");
  return h;
}

PacketHeader type7(std::uint32_t header) {
  PacketHeader h;
  h.words = header & max_words;
  const std::uint32_t opcode = header >> 16 & 0x7f;
  if ((header >> 24 & 0xf) != 0 || (header >> 14 & 1) != 0)
    return wrong("a type-7 header has a reserved bit set");
  if (!odd(h.words, header >> 15 & 1)) return wrong("a type-7 header has a wrong parity of its count");
  if (!odd(opcode, header >> 23 & 1)) return wrong("a type-7 header has a wrong parity of its opcode");
  for (const PacketInfo& info : packets()) {
    if (info.opcode == opcode) h.info = &info;
  }
  if (h.info == nullptr) return wrong(fmt::format("opcode {:#x} is unknown", opcode));
  const PacketInfo& i = *h.info;
  if (h.words < i.min || h.words > i.max || (h.words - i.min) % i.step != 0) {
    return wrong(fmt::format("{} has {} words", i.name, h.words));
  }
  return h;
}

}  // namespace

const std::vector<PacketInfo>& packets() {
  static const std::vector<PacketInfo> all = {
      {CP_NOP, "CP_NOP", 0, max_words, 1, false},
      {CP_WAIT_MEM_WRITES, "CP_WAIT_MEM_WRITES", 0, max_words, 1, false},
      {CP_WAIT_FOR_ME, "CP_WAIT_FOR_ME", 0, max_words, 1, false},
      {CP_WAIT_FOR_IDLE, "CP_WAIT_FOR_IDLE", 0, max_words, 1, false},
      {CP_WAIT_REG_MEM, "CP_WAIT_REG_MEM", 6, 6, 1, false},
      {CP_MEM_WRITE, "CP_MEM_WRITE", 3, max_words, 1, false},
      {CP_REG_TO_MEM, "CP_REG_TO_MEM", 3, 3, 1, false},
      {CP_INDIRECT_BUFFER, "CP_INDIRECT_BUFFER", 3, 3, 1, false},
      {CP_MEM_TO_REG, "CP_MEM_TO_REG", 3, 3, 1, false},
      {CP_EVENT_WRITE, "CP_EVENT_WRITE", 1, 4, 3, false},
      {CP_ME_INIT, "CP_ME_INIT", 0, max_words, 1, false},
      {CP_SMMU_TABLE_UPDATE, "CP_SMMU_TABLE_UPDATE", 4, 4, 1, true},
      {CP_SET_PROTECTED_MODE, "CP_SET_PROTECTED_MODE", 1, 1, 1, true},
      {CP_WHERE_AM_I, "CP_WHERE_AM_I", 2, 2, 1, true},
      {CP_MEM_TO_MEM, "CP_MEM_TO_MEM", 5, 9, 2, false},
      {CP_MEMCPY, "CP_MEMCPY", 5, 5, 1, false},
  };
  return all;
}

PacketHeader parse_header(std::uint32_t header) {
  switch (header >> 28) {
    case 4:
      return type4(header);
    case 7:
      return type7(header);
    default:
      return wrong(fmt::format("{:#010x} is no header of type 4 or 7", header));
  }
}

std::uint32_t event_interrupt(std::uint32_t event) {
  switch (event) {
    case 0x04:
      return INT_CP_CACHE_FLUSH_TS;
    case 0x08:
      return INT_CP_WT_DONE_TS;
    case 0x16:
      return INT_CP_RB_DONE_TS;
    case 0x1a:
      return INT_CP_CCU_RESOLVE_TS;
    case 0x1c:
      return INT_CP_CCU_FLUSH_DEPTH_TS;
    case 0x1d:
      return INT_CP_CCU_FLUSH_COLOR_TS;
    default:
      return 0;
  }
}

}  // namespace smmuvp::adreno
