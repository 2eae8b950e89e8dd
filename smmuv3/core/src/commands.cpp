#include "smmuvp/v3/commands.h"

#include "bits.h"

namespace smmuvp::v3 {

namespace {

constexpr std::uint64_t field(unsigned high, unsigned low) { return low_bits(high + 1) & ~low_bits(low); }

constexpr std::uint64_t opcode = field(7, 0);
constexpr std::uint64_t SSec = field(10, 10);
constexpr std::uint64_t SSV = field(11, 11);
constexpr std::uint64_t SubstreamID = field(31, 12);
constexpr std::uint64_t StreamID = field(63, 32);
constexpr std::uint64_t VMID = field(47, 32);
constexpr std::uint64_t ASID = field(63, 48);
constexpr std::uint64_t Leaf = field(0, 0);
constexpr std::uint64_t address_field = field(63, 12);

// Without range invalidation (IDR3.RIL == 0) NUM, SCALE, TG and TTL are RES0.
constexpr CommandInfo table[] = {
    {"CMD_PREFETCH_CONFIG",
     "IHI 0070 4.2.1",
     {opcode | SSec | SSV | SubstreamID | StreamID, 0},
     Opcode::CMD_PREFETCH_CONFIG,
     true},
    {"CMD_PREFETCH_ADDR",
     "IHI 0070 4.2.2",
     {opcode | SSec | SSV | SubstreamID | StreamID, address_field | field(9, 0)},
     Opcode::CMD_PREFETCH_ADDR,
     true},
    {"CMD_CFGI_STE", "IHI 0070 4.3.1", {opcode | SSec | StreamID, Leaf}, Opcode::CMD_CFGI_STE, true},
    {"CMD_CFGI_STE_RANGE",
     "IHI 0070 4.3.2",
     {opcode | SSec | StreamID, field(4, 0)},
     Opcode::CMD_CFGI_STE_RANGE,
     true},
    {"CMD_CFGI_CD",
     "IHI 0070 4.3.3",
     {opcode | SSec | SubstreamID | StreamID, Leaf},
     Opcode::CMD_CFGI_CD,
     true},
    {"CMD_CFGI_CD_ALL", "IHI 0070 4.3.4", {opcode | SSec | StreamID, 0}, Opcode::CMD_CFGI_CD_ALL, true},
    {"CMD_TLBI_NH_ALL", "IHI 0070 4.4.2.1", {opcode | VMID, 0}, Opcode::CMD_TLBI_NH_ALL, false},
    {"CMD_TLBI_NH_ASID", "IHI 0070 4.4.2.2", {opcode | VMID | ASID, 0}, Opcode::CMD_TLBI_NH_ASID, false},
    {"CMD_TLBI_NH_VA",
     "IHI 0070 4.4.2.4",
     {opcode | VMID | ASID, Leaf | address_field},
     Opcode::CMD_TLBI_NH_VA,
     false},
    {"CMD_TLBI_NH_VAA",
     "IHI 0070 4.4.2.3",
     {opcode | VMID, Leaf | address_field},
     Opcode::CMD_TLBI_NH_VAA,
     false},
    {"CMD_TLBI_NSNH_ALL", "IHI 0070 4.4.4.1", {opcode, 0}, Opcode::CMD_TLBI_NSNH_ALL, false},
    {"CMD_SYNC",
     "IHI 0070 4.7.3",
     {opcode | field(13, 12) | field(27, 22) | field(63, 32), field(51, 2)},
     Opcode::CMD_SYNC,
     false},
};

struct Refused {
  std::uint8_t opcode;
  const char* name;
};
constexpr Refused refused[] = {
    {0x07, "CMD_CFGI_VMS_PIDM, with IDR3.MPAM == 0"},
    {0x18, "CMD_TLBI_EL3_ALL, on the Non-secure queue"},
    {0x1a, "CMD_TLBI_EL3_VA, on the Non-secure queue"},
    {0x20, "CMD_TLBI_EL2_ALL, with IDR0.Hyp == 0"},
    {0x21, "CMD_TLBI_EL2_ASID, with IDR0.Hyp == 0"},
    {0x22, "CMD_TLBI_EL2_VA, with IDR0.Hyp == 0"},
    {0x23, "CMD_TLBI_EL2_VAA, with IDR0.Hyp == 0"},
    {0x28, "CMD_TLBI_S12_VMALL, with IDR0.S2P == 0"},
    {0x2a, "CMD_TLBI_S2_IPA, with IDR0.S2P == 0"},
    {0x40, "CMD_ATC_INV, with IDR0.ATS == 0"},
    {0x41, "CMD_PRI_RESP, with IDR0.PRI == 0"},
    {0x44, "CMD_RESUME, with IDR0.STALL_MODEL == 0b01"},
    {0x45, "CMD_STALL_TERM, with IDR0.STALL_MODEL == 0b01"},
    {0x50, "CMD_TLBI_S_EL2_ALL, on the Non-secure queue"},
    {0x51, "CMD_TLBI_S_EL2_ASID, on the Non-secure queue"},
    {0x52, "CMD_TLBI_S_EL2_VA, on the Non-secure queue"},
    {0x53, "CMD_TLBI_S_EL2_VAA, on the Non-secure queue"},
    {0x58, "CMD_TLBI_S_S12_VMALL, on the Non-secure queue"},
    {0x5a, "CMD_TLBI_S_S2_IPA, on the Non-secure queue"},
    {0x60, "CMD_TLBI_SNH_ALL, on the Non-secure queue"},
    {0x70, "CMD_DPTI_ALL, with IDR3.DPT == 0"},
    {0x73, "CMD_DPTI_PA, with IDR3.DPT == 0"},
};

}  // namespace

Command Command::decode(const std::array<std::uint64_t, 2>& words) {
  Command c;
  c.words = words;
  c.opcode = static_cast<std::uint8_t>(words[0]);
  c.SSec = ((words[0] >> 10) & 1) != 0;
  c.StreamID = static_cast<std::uint32_t>(words[0] >> 32);
  c.SubstreamID = static_cast<std::uint32_t>(words[0] >> 12) & 0xfffff;
  c.Range = static_cast<std::uint8_t>(words[1] & 0x1f);
  c.ASID = static_cast<std::uint16_t>(words[0] >> 48);
  c.Address = words[1] & address_field;
  c.CS = static_cast<std::uint8_t>((words[0] >> 12) & 3);
  return c;
}

const CommandInfo* command_info(std::uint8_t opcode_value) {
  for (const CommandInfo& info : table) {
    if (static_cast<std::uint8_t>(info.opcode) == opcode_value) return &info;
  }
  return nullptr;
}

const char* opcode_name(std::uint8_t opcode_value) {
  if (const CommandInfo* info = command_info(opcode_value)) return info->name;
  for (const Refused& r : refused) {
    if (r.opcode == opcode_value) return r.name;
  }
  return "a Reserved opcode";
}

CommandError check_command(const Command& command, const char*& why) {
  const CommandInfo* info = command_info(command.opcode);
  if (info == nullptr) {
    why = opcode_name(command.opcode);
    return CommandError::CERROR_ILL;
  }
  // 4.1.6: whether or not there is a Secure state
  if (info->has_SSec && command.SSec) {
    why = "SSec is 1 on the Non-secure Command queue";
    return CommandError::CERROR_ILL;
  }
  if (info->opcode == Opcode::CMD_SYNC && command.CS == 3) {
    why = "CMD_SYNC.CS is 0b11, which is Reserved";
    return CommandError::CERROR_ILL;
  }
  return CommandError::CERROR_NONE;
}

}  // namespace smmuvp::v3
