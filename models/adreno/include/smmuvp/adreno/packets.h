// Packets that the command processor knows, as docs/adreno.md lists them, and their headers.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace smmuvp::adreno {

/// Type-7 packets (adreno_pm4.xml).
enum Opcode : std::uint8_t {
  CP_NOP = 0x10,
  CP_WAIT_MEM_WRITES = 0x12,
  CP_WAIT_FOR_ME = 0x13,
  CP_WAIT_FOR_IDLE = 0x26,
  CP_WAIT_REG_MEM = 0x3c,
  CP_MEM_WRITE = 0x3d,
  CP_REG_TO_MEM = 0x3e,
  CP_INDIRECT_BUFFER = 0x3f,
  CP_MEM_TO_REG = 0x42,
  CP_EVENT_WRITE = 0x46,
  CP_ME_INIT = 0x48,
  CP_SMMU_TABLE_UPDATE = 0x53,
  CP_SET_PROTECTED_MODE = 0x5f,
  CP_WHERE_AM_I = 0x62,
  CP_MEM_TO_MEM = 0x73,
  CP_MEMCPY = 0x75,
};

/// Words that may follow a header at most: COUNT of type 7 has 14 bits.
constexpr std::uint32_t max_words = 0x3fff;

struct PacketInfo {
  Opcode opcode;
  const char* name;
  std::uint16_t min;   ///< words that follow the header
  std::uint16_t max;   ///< the same
  std::uint16_t step;  ///< min, min + step … are allowed
  bool ring_only;      ///< an opcode error in an indirect buffer
};

/// Sorted by opcode.
const std::vector<PacketInfo>& packets();

/// A header, taken apart.
struct PacketHeader {
  const PacketInfo* info = nullptr;  ///< of type 7; nullptr for type 4
  std::uint32_t words = 0;           ///< that follow
  std::uint32_t reg = 0;             ///< of type 4: the first register's word
  std::string wrong;                 ///< why it is none; empty if it is one
};
PacketHeader parse_header(std::uint32_t header);

/// Bit of RBBM_INT_0_STATUS that an event of CP_EVENT_WRITE with IRQ sets; 0 if it has none.
std::uint32_t event_interrupt(std::uint32_t event);

}  // namespace smmuvp::adreno
