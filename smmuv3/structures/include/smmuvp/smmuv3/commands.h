// Commands (IHI 0070 chapter 4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "smmuvp/smmuv3/command_fields.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

/// Opcodes (4.1.1), also of commands that are not built.
enum class Opcode : std::uint8_t {
  CMD_PREFETCH_CONFIG = 0x01,
  CMD_PREFETCH_ADDR = 0x02,
  CMD_CFGI_STE = 0x03,
  CMD_CFGI_STE_RANGE = 0x04,  ///< Range 31 is CMD_CFGI_ALL
  CMD_CFGI_CD = 0x05,
  CMD_CFGI_CD_ALL = 0x06,
  CMD_CFGI_VMS_PIDM = 0x07,
  CMD_TLBI_NH_ALL = 0x10,
  CMD_TLBI_NH_ASID = 0x11,
  CMD_TLBI_NH_VA = 0x12,
  CMD_TLBI_NH_VAA = 0x13,
  CMD_TLBI_EL3_ALL = 0x18,
  CMD_TLBI_EL3_VA = 0x1a,
  CMD_TLBI_EL2_ALL = 0x20,
  CMD_TLBI_EL2_ASID = 0x21,
  CMD_TLBI_EL2_VA = 0x22,
  CMD_TLBI_EL2_VAA = 0x23,
  CMD_TLBI_S12_VMALL = 0x28,
  CMD_TLBI_S2_IPA = 0x2a,
  CMD_TLBI_NSNH_ALL = 0x30,
  CMD_ATC_INV = 0x40,
  CMD_PRI_RESP = 0x41,
  CMD_RESUME = 0x44,
  CMD_STALL_TERM = 0x45,
  CMD_SYNC = 0x46,
  CMD_TLBI_S_EL2_ALL = 0x50,
  CMD_TLBI_S_EL2_ASID = 0x51,
  CMD_TLBI_S_EL2_VA = 0x52,
  CMD_TLBI_S_EL2_VAA = 0x53,
  CMD_TLBI_S_S12_VMALL = 0x58,
  CMD_TLBI_S_S2_IPA = 0x5a,
  CMD_TLBI_SNH_ALL = 0x60,
  CMD_DPTI_ALL = 0x70,
  CMD_DPTI_PA = 0x73,
};

/// Error codes of CMDQ_CONS.ERR (7.1).
enum class CommandError : std::uint8_t {
  CERROR_NONE = 0,
  CERROR_ILL = 1,
  CERROR_ABT = 2,
  CERROR_ATC_INV_SYNC = 3
};

/// One row a command.
struct CommandInfo {
  const char* name;
  const char* clause;
  Opcode opcode;
  FieldList fields;
  std::array<std::uint64_t, 2> defined;  ///< bits of fields that are there whatever the features
  bool has_SSec;
  bool has_range;  ///< NUM, SCALE, TTL and TG (4.4.1.1)
  /// nullptr: always legal. Else why an SMMU that does not allow it answers CERROR_ILL, from the name on.
  const char* refused;
  /// nullptr where `refused` is given: by no SMMU that can be built. @param queue  that it is on
  bool (*allowed)(const Features&, const Origin& queue);
  /// Where a Secure queue refuses it too: why.
  const char* refused_by_secure = nullptr;
};

struct Command {
  std::array<std::uint64_t, 2> words{};
  std::uint8_t opcode = 0;
  // Fields, meaningful for the commands that have them.
  bool SSec = false;
  bool SSV = false;
  std::uint32_t StreamID = 0;
  std::uint32_t SubstreamID = 0;
  std::uint8_t Range = 0;
  std::uint8_t Size = 0;    ///< CMD_PREFETCH_ADDR: log2 of the translations
  std::uint8_t Stride = 0;  ///< CMD_PREFETCH_ADDR: as written; see stride_shift()
  std::uint16_t VMID = 0;
  std::uint16_t ASID = 0;
  bool Leaf = false;
  std::uint64_t Address = 0;
  std::uint8_t NUM = 0;
  std::uint8_t SCALE = 0;
  std::uint8_t TTL = 0;
  std::uint8_t TG = 0;
  std::uint16_t STAG = 0;
  bool Action = false;  ///< CMD_RESUME: retry
  bool Abort = false;   ///< CMD_RESUME that terminates: with an abort
  std::uint8_t CS = 0;
  bool Global = false;        ///< CMD_ATC_INV
  std::uint8_t ATC_Size = 0;  ///< CMD_ATC_INV: log2 of the span, in units of 4 KiB
  std::uint16_t PRGIndex = 0;
  std::uint8_t Resp = 0;

  /// CMD_PREFETCH_ADDR: log2 of the distance of its addresses; 4 KiB in SMMUv3.0 (4.2.2).
  unsigned stride_shift(const Features& features) const {
    return features.version() == 0 ? 12U : 12U + Stride;
  }

  static Command decode(const std::array<std::uint64_t, 2>& words);
};

/// The entries that a TLB invalidation by address is about where TG is not 0 (4.4.1.1).
struct CommandRange {
  std::uint8_t granule = 12;      ///< log2, of their tables
  std::uint8_t level = 0;         ///< of the leaves; 0: any
  std::uint64_t bytes = 0;        ///< from the command's address on
  bool one_of_any_level = false;  ///< NUM, SCALE and TTL are all 0: Reserved

  /// log2 of what the command's address has to be aligned to.
  std::uint8_t alignment() const {
    const unsigned below = level == 0 ? 0U : 3U - level;
    return static_cast<std::uint8_t>(granule + (granule - 3U) * below);
  }
};
/// nullopt: the command names one address, of any granule and level. @param command  one with has_range
std::optional<CommandRange> range_of(const Command& command, const Features& features);

// CMD_SYNC.CS
constexpr std::uint8_t SIG_NONE = 0;
constexpr std::uint8_t SIG_IRQ = 1;
constexpr std::uint8_t SIG_SEV = 2;

// CMD_PRI_RESP.Resp
constexpr std::uint8_t RESP_ResponseFailure = 0;
constexpr std::uint8_t RESP_InvalidRequest = 1;
constexpr std::uint8_t RESP_Success = 2;

/// The row of any command of the specification, or nullptr where the opcode is Reserved.
const CommandInfo* find_command(std::uint8_t opcode);
/// The row of a command that this SMMU executes, or nullptr where it is Reserved or belongs to a feature that
/// is not built.
const CommandInfo* command_info(std::uint8_t opcode, const Features& features, const Origin& queue = {});
/// Bits that are set and belong to no field that this SMMU has: RES0, and ignored (4.1.5).
std::array<std::uint64_t, 2> reserved_bits(const Command& command, const CommandInfo& info,
                                           const Features& features);
/// What an opcode is: its name, or "a Reserved opcode".
const char* opcode_name(std::uint8_t opcode);
/// Checks parameters. @param why  what is wrong, for diagnostics. @param queue  whose Command queue it is on
CommandError check_command(const Command& command, const Features& features, const char*& why,
                           const Origin& queue = {});

/// Calls visit(row) for each command of the specification.
template <typename Visitor>
void for_each_command(Visitor visit) {
  for (unsigned opcode = 0; opcode < 256; ++opcode) {
    if (const CommandInfo* info = find_command(static_cast<std::uint8_t>(opcode))) visit(*info);
  }
}

}  // namespace smmuvp::smmuv3
