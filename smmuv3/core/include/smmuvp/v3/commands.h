// Commands (IHI 0070 chapter 4).
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/v3/features.h"

namespace smmuvp::v3 {

enum class Opcode : std::uint8_t {
  CMD_PREFETCH_CONFIG = 0x01,
  CMD_PREFETCH_ADDR = 0x02,
  CMD_CFGI_STE = 0x03,
  CMD_CFGI_STE_RANGE = 0x04,  ///< Range 31 is CMD_CFGI_ALL
  CMD_CFGI_CD = 0x05,
  CMD_CFGI_CD_ALL = 0x06,
  CMD_TLBI_NH_ALL = 0x10,
  CMD_TLBI_NH_ASID = 0x11,
  CMD_TLBI_NH_VA = 0x12,
  CMD_TLBI_NH_VAA = 0x13,
  CMD_TLBI_NSNH_ALL = 0x30,
  CMD_SYNC = 0x46,
};

/// Error codes of CMDQ_CONS.ERR (7.1).
enum class CommandError : std::uint8_t { CERROR_NONE = 0, CERROR_ILL = 1, CERROR_ABT = 2 };

/// One row a command that this SMMU executes; everything else is CERROR_ILL.
struct CommandInfo {
  const char* name;
  const char* clause;
  std::array<std::uint64_t, 2> defined;  ///< bits of defined fields; others are RES0, and ignored (4.1.5)
  Opcode opcode;
  bool has_SSec;
};

struct Command {
  std::array<std::uint64_t, 2> words{};
  std::uint8_t opcode = 0;
  // Fields, meaningful for the commands that have them.
  bool SSec = false;
  std::uint32_t StreamID = 0;
  std::uint32_t SubstreamID = 0;
  std::uint8_t Range = 0;
  std::uint16_t ASID = 0;
  std::uint64_t Address = 0;
  std::uint8_t CS = 0;

  static Command decode(const std::array<std::uint64_t, 2>& words);
};

// CMD_SYNC.CS
constexpr std::uint8_t SIG_NONE = 0;
constexpr std::uint8_t SIG_IRQ = 1;
constexpr std::uint8_t SIG_SEV = 2;

/// The row of a command, or nullptr where it is Reserved or belongs to a feature that is not built.
const CommandInfo* command_info(std::uint8_t opcode);
/// What an opcode is, also for those that are refused: "CMD_RESUME", or "a Reserved opcode".
const char* opcode_name(std::uint8_t opcode);
/// Checks parameters. @param why  what is wrong, for diagnostics
CommandError check_command(const Command& command, const char*& why);

}  // namespace smmuvp::v3
