#include "smmuvp/smmuv3/commands.h"

#include <algorithm>

#include "smmuvp/base/check_fields.h"

namespace smmuvp::smmuv3 {

namespace {

// Physical addresses end at bit 51 in SMMUv3.1 to 3.3; bits [55:52] of the fields are RES0 (4.1.6).
constexpr unsigned physical_top = 55;
constexpr unsigned built_top = 51;

constexpr std::uint64_t built_bits(const Field& f) {
  if (f.when != nullptr) return 0;  // of a feature: see reserved_bits()
  if (f.use == FieldUse::address && f.shift + f.width() - 1 == physical_top) {
    return low_bits(f.width() - (physical_top - built_top)) << (f.low % 64U);
  }
  return f.in_word();
}

constexpr CommandInfo row(const char* name, const char* clause, Opcode opcode, FieldList fields,
                          const char* refused = nullptr,
                          bool (*allowed)(const Features&, const Origin&) = nullptr,
                          const char* refused_by_secure = nullptr) {
  CommandInfo info{name, clause, opcode, fields, {}, false, false, refused, allowed, refused_by_secure};
  for (const Field* f : fields) {
    info.defined[f->word()] |= built_bits(*f);
    if (same_text(f->name, CMD_SSec.name)) info.has_SSec = true;
    if (same_text(f->name, CMD_TG.name)) info.has_range = true;
  }
  return info;
}

constexpr const Field* opcode_only[] = {&CMD_Opcode};
constexpr const Field* prefetch_config[] = {&CMD_Opcode, &CMD_SSec, &CMD_SSV, &CMD_SubstreamID,
                                            &CMD_StreamID};
constexpr const Field* prefetch_addr[] = {&CMD_Opcode,   &CMD_SSec, &CMD_SSV,    &CMD_SubstreamID,
                                          &CMD_StreamID, &CMD_Size, &CMD_Stride, &CMD_PREFETCH_ADDR_NS,
                                          &CMD_Address};
constexpr const Field* cfgi_ste[] = {&CMD_Opcode, &CMD_SSec, &CMD_StreamID, &CMD_Leaf};
constexpr const Field* cfgi_ste_range[] = {&CMD_Opcode, &CMD_SSec, &CMD_StreamID, &CMD_Range};
constexpr const Field* cfgi_cd[] = {&CMD_Opcode, &CMD_SSec, &CMD_SubstreamID, &CMD_StreamID, &CMD_Leaf};
constexpr const Field* cfgi_cd_all[] = {&CMD_Opcode, &CMD_SSec, &CMD_StreamID};
constexpr const Field* cfgi_vms_pidm[] = {&CMD_Opcode, &CMD_SSec, &CMD_VMID};
constexpr const Field* tlbi_vmid[] = {&CMD_Opcode, &CMD_VMID};
constexpr const Field* tlbi_asid[] = {&CMD_Opcode, &CMD_ASID};
constexpr const Field* tlbi_vmid_asid[] = {&CMD_Opcode, &CMD_VMID, &CMD_ASID};
constexpr const Field* tlbi_vmid_asid_va[] = {&CMD_Opcode, &CMD_NUM,    &CMD_SCALE, &CMD_VMID, &CMD_ASID,
                                              &CMD_Leaf,   &CMD_TTL128, &CMD_TTL,   &CMD_TG,   &CMD_Address};
constexpr const Field* tlbi_vmid_va[] = {&CMD_Opcode, &CMD_NUM, &CMD_SCALE, &CMD_VMID,   &CMD_Leaf,
                                         &CMD_TTL128, &CMD_TTL, &CMD_TG,    &CMD_Address};
constexpr const Field* tlbi_asid_va[] = {&CMD_Opcode, &CMD_NUM, &CMD_SCALE, &CMD_ASID,   &CMD_Leaf,
                                         &CMD_TTL128, &CMD_TTL, &CMD_TG,    &CMD_Address};
constexpr const Field* tlbi_va[] = {&CMD_Opcode, &CMD_NUM, &CMD_SCALE, &CMD_Leaf,
                                    &CMD_TTL128, &CMD_TTL, &CMD_TG,    &CMD_Address};
constexpr const Field* tlbi_ipa[] = {&CMD_Opcode, &CMD_NUM, &CMD_SCALE, &CMD_VMID,           &CMD_Leaf,
                                     &CMD_TTL128, &CMD_TTL, &CMD_TG,    &CMD_PhysicalAddress};
constexpr const Field* tlbi_secure_ipa[] = {
    &CMD_Opcode, &CMD_NUM, &CMD_SCALE,           &CMD_VMID,   &CMD_Leaf, &CMD_TTL128,
    &CMD_TTL,    &CMD_TG,  &CMD_PhysicalAddress, &CMD_TLBI_NS};
constexpr const Field* atc_inv[] = {&CMD_Opcode,   &CMD_Global,       &CMD_SSV,    &CMD_SubstreamID,
                                    &CMD_StreamID, &CMD_ATC_INV_Size, &CMD_Address};
constexpr const Field* pri_resp[] = {&CMD_Opcode,   &CMD_SSV,      &CMD_SubstreamID,
                                     &CMD_StreamID, &CMD_PRGIndex, &CMD_Resp};
constexpr const Field* dpti_pa[] = {&CMD_Opcode, &CMD_DPTI_SIZE_low, &CMD_Leaf, &CMD_DPTI_SIZE_high,
                                    &CMD_PhysicalAddress};
constexpr const Field* resume[] = {&CMD_Opcode, &CMD_SSec, &CMD_Action, &CMD_Abort, &CMD_StreamID, &CMD_STAG};
constexpr const Field* stall_term[] = {&CMD_Opcode, &CMD_SSec, &CMD_StreamID};
constexpr const Field* sync[] = {&CMD_Opcode,  &CMD_CS,         &CMD_MSH,   &CMD_MSIAttr,
                                 &CMD_MSIData, &CMD_MSIAddress, &CMD_MSI_NS};

constexpr std::uint64_t top_of_SCALE = std::uint64_t{1} << CMD_SCALE.high;

bool with_stage1(const Features& f, const Origin&) { return f.S1P; }
bool with_stage2(const Features& f, const Origin&) { return f.S2P; }
bool with_el2(const Features& f, const Origin&) { return f.S1P && f.Hyp; }
bool with_stalls(const Features& f, const Origin& queue) { return queue.stall_model(f) != 1; }
bool on_secure_queue(const Features&, const Origin& queue) { return queue.secure(); }
bool with_secure_el2(const Features& f, const Origin& queue) { return queue.secure() && f.SEL2; }
// The state that SSec names has to have one: see check_command().
bool with_vms(const Features& f, const Origin& queue) {
  return f.has_vms(SecSid::non_secure) || (queue.secure() && f.has_vms(SecSid::secure));
}
// With S_IDR3.SAMS 1 they are not for the Secure queue (6.3.53).
bool with_ats(const Features& f, const Origin& queue) { return f.ATS && !queue.secure(); }
bool with_pri(const Features& f, const Origin& queue) { return f.PRI && !queue.secure(); }

constexpr CommandInfo table[] = {
    row("CMD_PREFETCH_CONFIG", "IHI 0070 4.2.1", Opcode::CMD_PREFETCH_CONFIG, prefetch_config),
    row("CMD_PREFETCH_ADDR", "IHI 0070 4.2.2", Opcode::CMD_PREFETCH_ADDR, prefetch_addr),
    row("CMD_CFGI_STE", "IHI 0070 4.3.1", Opcode::CMD_CFGI_STE, cfgi_ste),
    row("CMD_CFGI_STE_RANGE", "IHI 0070 4.3.2", Opcode::CMD_CFGI_STE_RANGE, cfgi_ste_range),
    row("CMD_CFGI_CD", "IHI 0070 4.3.3", Opcode::CMD_CFGI_CD, cfgi_cd, "CMD_CFGI_CD, with IDR0.S1P == 0",
        with_stage1),
    row("CMD_CFGI_CD_ALL", "IHI 0070 4.3.4", Opcode::CMD_CFGI_CD_ALL, cfgi_cd_all,
        "CMD_CFGI_CD_ALL, with IDR0.S1P == 0", with_stage1),
    row("CMD_CFGI_VMS_PIDM", "IHI 0070 4.3.5", Opcode::CMD_CFGI_VMS_PIDM, cfgi_vms_pidm,
        "CMD_CFGI_VMS_PIDM, with IDR3.MPAM == 0, or no Security state that has a VMS", with_vms),
    row("CMD_TLBI_NH_ALL", "IHI 0070 4.4.2.1", Opcode::CMD_TLBI_NH_ALL, tlbi_vmid,
        "CMD_TLBI_NH_ALL, with IDR0.S1P == 0", with_stage1),
    row("CMD_TLBI_NH_ASID", "IHI 0070 4.4.2.2", Opcode::CMD_TLBI_NH_ASID, tlbi_vmid_asid,
        "CMD_TLBI_NH_ASID, with IDR0.S1P == 0", with_stage1),
    row("CMD_TLBI_NH_VA", "IHI 0070 4.4.2.4", Opcode::CMD_TLBI_NH_VA, tlbi_vmid_asid_va,
        "CMD_TLBI_NH_VA, with IDR0.S1P == 0", with_stage1),
    row("CMD_TLBI_NH_VAA", "IHI 0070 4.4.2.3", Opcode::CMD_TLBI_NH_VAA, tlbi_vmid_va,
        "CMD_TLBI_NH_VAA, with IDR0.S1P == 0", with_stage1),
    row("CMD_TLBI_EL3_ALL", "IHI 0070 4.4.2.5", Opcode::CMD_TLBI_EL3_ALL, opcode_only,
        "CMD_TLBI_EL3_ALL, on the Non-secure queue", on_secure_queue),
    row("CMD_TLBI_EL3_VA", "IHI 0070 4.4.2.6", Opcode::CMD_TLBI_EL3_VA, tlbi_va,
        "CMD_TLBI_EL3_VA, on the Non-secure queue", on_secure_queue),
    row("CMD_TLBI_EL2_ALL", "IHI 0070 4.4.2.7", Opcode::CMD_TLBI_EL2_ALL, opcode_only,
        "CMD_TLBI_EL2_ALL, with IDR0.Hyp == 0", with_el2),
    row("CMD_TLBI_EL2_ASID", "IHI 0070 4.4.2.10", Opcode::CMD_TLBI_EL2_ASID, tlbi_asid,
        "CMD_TLBI_EL2_ASID, with IDR0.Hyp == 0", with_el2),
    row("CMD_TLBI_EL2_VA", "IHI 0070 4.4.2.8", Opcode::CMD_TLBI_EL2_VA, tlbi_asid_va,
        "CMD_TLBI_EL2_VA, with IDR0.Hyp == 0", with_el2),
    row("CMD_TLBI_EL2_VAA", "IHI 0070 4.4.2.9", Opcode::CMD_TLBI_EL2_VAA, tlbi_va,
        "CMD_TLBI_EL2_VAA, with IDR0.Hyp == 0", with_el2),
    row("CMD_TLBI_S12_VMALL", "IHI 0070 4.4.3.2", Opcode::CMD_TLBI_S12_VMALL, tlbi_vmid,
        "CMD_TLBI_S12_VMALL, with IDR0.S2P == 0", with_stage2),
    row("CMD_TLBI_S2_IPA", "IHI 0070 4.4.3.1", Opcode::CMD_TLBI_S2_IPA, tlbi_ipa,
        "CMD_TLBI_S2_IPA, with IDR0.S2P == 0", with_stage2),
    row("CMD_TLBI_NSNH_ALL", "IHI 0070 4.4.4.1", Opcode::CMD_TLBI_NSNH_ALL, opcode_only),
    row("CMD_ATC_INV", "IHI 0070 4.5.1", Opcode::CMD_ATC_INV, atc_inv, "CMD_ATC_INV, with IDR0.ATS == 0",
        with_ats),
    row("CMD_PRI_RESP", "IHI 0070 4.5.2", Opcode::CMD_PRI_RESP, pri_resp, "CMD_PRI_RESP, with IDR0.PRI == 0",
        with_pri),
    row("CMD_RESUME", "IHI 0070 4.7.1", Opcode::CMD_RESUME, resume,
        "CMD_RESUME, with IDR0.STALL_MODEL == 0b01", with_stalls),
    row("CMD_STALL_TERM", "IHI 0070 4.7.2", Opcode::CMD_STALL_TERM, stall_term,
        "CMD_STALL_TERM, with IDR0.STALL_MODEL == 0b01", with_stalls),
    row("CMD_SYNC", "IHI 0070 4.7.3", Opcode::CMD_SYNC, sync),
    row("CMD_TLBI_S_EL2_ALL", "IHI 0070 4.4.2.11", Opcode::CMD_TLBI_S_EL2_ALL, opcode_only,
        "CMD_TLBI_S_EL2_ALL, on the Non-secure queue", with_secure_el2,
        "CMD_TLBI_S_EL2_ALL, with S_IDR1.SEL2 == 0"),
    row("CMD_TLBI_S_EL2_ASID", "IHI 0070 4.4.2.14", Opcode::CMD_TLBI_S_EL2_ASID, tlbi_asid,
        "CMD_TLBI_S_EL2_ASID, on the Non-secure queue", with_secure_el2,
        "CMD_TLBI_S_EL2_ASID, with S_IDR1.SEL2 == 0"),
    row("CMD_TLBI_S_EL2_VA", "IHI 0070 4.4.2.12", Opcode::CMD_TLBI_S_EL2_VA, tlbi_asid_va,
        "CMD_TLBI_S_EL2_VA, on the Non-secure queue", with_secure_el2,
        "CMD_TLBI_S_EL2_VA, with S_IDR1.SEL2 == 0"),
    row("CMD_TLBI_S_EL2_VAA", "IHI 0070 4.4.2.13", Opcode::CMD_TLBI_S_EL2_VAA, tlbi_va,
        "CMD_TLBI_S_EL2_VAA, on the Non-secure queue", with_secure_el2,
        "CMD_TLBI_S_EL2_VAA, with S_IDR1.SEL2 == 0"),
    row("CMD_TLBI_S_S12_VMALL", "IHI 0070 4.4.3.4", Opcode::CMD_TLBI_S_S12_VMALL, tlbi_vmid,
        "CMD_TLBI_S_S12_VMALL, on the Non-secure queue", with_secure_el2,
        "CMD_TLBI_S_S12_VMALL, with S_IDR1.SEL2 == 0"),
    row("CMD_TLBI_S_S2_IPA", "IHI 0070 4.4.3.3", Opcode::CMD_TLBI_S_S2_IPA, tlbi_secure_ipa,
        "CMD_TLBI_S_S2_IPA, on the Non-secure queue", with_secure_el2,
        "CMD_TLBI_S_S2_IPA, with S_IDR1.SEL2 == 0"),
    row("CMD_TLBI_SNH_ALL", "IHI 0070 4.4.4.2", Opcode::CMD_TLBI_SNH_ALL, opcode_only,
        "CMD_TLBI_SNH_ALL, on the Non-secure queue", with_secure_el2,
        "CMD_TLBI_SNH_ALL, with S_IDR1.SEL2 == 0"),
    row("CMD_DPTI_ALL", "IHI 0070 4.6.1", Opcode::CMD_DPTI_ALL, opcode_only,
        "CMD_DPTI_ALL, with IDR3.DPT == 0"),
    row("CMD_DPTI_PA", "IHI 0070 4.6.2", Opcode::CMD_DPTI_PA, dpti_pa, "CMD_DPTI_PA, with IDR3.DPT == 0"),
};

constexpr bool rows_are_well_formed() {
  for (const CommandInfo& a : table) {
    if (!well_formed(a.fields, sizeof(Command::words))) return false;
    if (a.refused != nullptr && !begins_with(a.refused, a.name)) return false;
    if (a.refused_by_secure != nullptr && !begins_with(a.refused_by_secure, a.name)) return false;
    for (const CommandInfo& b : table) {
      if (&a != &b && (a.opcode == b.opcode || same_text(a.name, b.name))) return false;
    }
  }
  return true;
}
static_assert(rows_are_well_formed());

}  // namespace

Command Command::decode(const std::array<std::uint64_t, 2>& words) {
  Command c;
  c.words = words;
  c.opcode = get_as<std::uint8_t>(words, CMD_Opcode);
  c.SSec = is_set(words, CMD_SSec);
  c.SSV = is_set(words, CMD_SSV);
  c.StreamID = get_as<std::uint32_t>(words, CMD_StreamID);
  c.SubstreamID = get_as<std::uint32_t>(words, CMD_SubstreamID);
  c.Range = get_as<std::uint8_t>(words, CMD_Range);
  c.Size = get_as<std::uint8_t>(words, CMD_Size);
  c.Stride = get_as<std::uint8_t>(words, CMD_Stride);
  c.VMID = get_as<std::uint16_t>(words, CMD_VMID);
  c.ASID = get_as<std::uint16_t>(words, CMD_ASID);
  c.Leaf = is_set(words, CMD_Leaf);
  c.Address = get_address(words, CMD_Address);
  c.NUM = get_as<std::uint8_t>(words, CMD_NUM);
  c.SCALE = get_as<std::uint8_t>(words, CMD_SCALE);
  c.TTL = get_as<std::uint8_t>(words, CMD_TTL);
  c.TG = get_as<std::uint8_t>(words, CMD_TG);
  c.STAG = get_as<std::uint16_t>(words, CMD_STAG);
  c.Action = is_set(words, CMD_Action);
  c.Abort = is_set(words, CMD_Abort);
  c.CS = get_as<std::uint8_t>(words, CMD_CS);
  c.Global = is_set(words, CMD_Global);
  c.ATC_Size = get_as<std::uint8_t>(words, CMD_ATC_INV_Size);
  c.PRGIndex = get_as<std::uint16_t>(words, CMD_PRGIndex);
  c.Resp = get_as<std::uint8_t>(words, CMD_Resp);
  return c;
}

const CommandInfo* find_command(std::uint8_t opcode) {
  for (const CommandInfo& info : table) {
    if (static_cast<std::uint8_t>(info.opcode) == opcode) return &info;
  }
  return nullptr;
}

const CommandInfo* command_info(std::uint8_t opcode, const Features& features, const Origin& queue) {
  const CommandInfo* info = find_command(opcode);
  if (info == nullptr || info->refused == nullptr) return info;
  return info->allowed != nullptr && info->allowed(features, queue) ? info : nullptr;
}

// 4.4.1.1. Bit 25 is part of SCALE with IDR5.DS alone, and TTL128 is RES0 without 128-bit descriptors. 4.2.2:
// so is Stride in SMMUv3.0.
std::array<std::uint64_t, 2> reserved_bits(const Command& command, const CommandInfo& info,
                                           const Features& features) {
  std::array<std::uint64_t, 2> defined = info.defined;
  if (info.opcode == Opcode::CMD_PREFETCH_ADDR && features.version() == 0)
    defined[1] &= ~CMD_Stride.in_word();
  if (info.opcode == Opcode::CMD_PREFETCH_ADDR && features.SEL2 && command.SSec) {
    defined[1] |= CMD_PREFETCH_ADDR_NS.in_word();  // 4.2.2
  }
  if (info.has_range && features.RIL) {
    defined[1] |= CMD_TG.in_word();
    if (command.TG != 0) {
      defined[0] |= CMD_NUM.in_word() | (CMD_SCALE.in_word() & ~(features.DS ? 0 : top_of_SCALE));
      defined[1] |= CMD_TTL.in_word();
    }
  }
  return {command.words[0] & ~defined[0], command.words[1] & ~defined[1]};
}

std::optional<CommandRange> range_of(const Command& command, const Features& features) {
  if (!features.RIL || command.TG == 0) return std::nullopt;
  CommandRange range;
  range.granule = static_cast<std::uint8_t>(10 + 2 * command.TG);
  range.level = command.TTL;
  if (command.TG == 2 && command.TTL == 1 && !features.DS) range.level = 0;  // Reserved
  const unsigned scale = features.DS ? std::min<unsigned>(command.SCALE, 39) : command.SCALE & 31U;
  range.bytes = (command.NUM + std::uint64_t{1}) << scale << range.granule;
  range.one_of_any_level = command.NUM == 0 && scale == 0 && range.level == 0;
  return range;
}

const char* opcode_name(std::uint8_t opcode) {
  const CommandInfo* info = find_command(opcode);
  return info == nullptr ? "a Reserved opcode" : info->name;
}

CommandError check_command(const Command& command, const Features& features, const char*& why,
                           const Origin& queue) {
  const CommandInfo* info = command_info(command.opcode, features, queue);
  if (info == nullptr) {
    const CommandInfo* refused = find_command(command.opcode);
    why = refused != nullptr ? refused->refused : "a Reserved opcode";
    if (refused != nullptr && queue.secure() && refused->refused_by_secure != nullptr) {
      why = refused->refused_by_secure;
    }
    return CommandError::CERROR_ILL;
  }
  if (features.quirks.has(Quirk::hisilicon_161010701) && info->opcode <= Opcode::CMD_PREFETCH_ADDR) {
    why = "CMD_PREFETCH_*, with the quirk hisilicon_161010701";
    return CommandError::CERROR_ILL;
  }
  // 4.1.6: whether or not there is a Secure state
  if (info->has_SSec && command.SSec && !queue.secure()) {
    why = "SSec is 1 on the Non-secure Command queue";
    return CommandError::CERROR_ILL;
  }
  if (info->opcode == Opcode::CMD_CFGI_VMS_PIDM &&
      !features.has_vms(command.SSec ? SecSid::secure : SecSid::non_secure)) {  // 4.3.5
    why = "CMD_CFGI_VMS_PIDM names a Security state that has no VMS";
    return CommandError::CERROR_ILL;
  }
  if (info->opcode == Opcode::CMD_SYNC && command.CS == 3) {
    why = "CMD_SYNC.CS is 0b11, which is Reserved";
    return CommandError::CERROR_ILL;
  }
  if (info->opcode == Opcode::CMD_ATC_INV && command.ATC_Size > 52) {  // permitted (4.5.1)
    why = "CMD_ATC_INV.Size is greater than 52";
    return CommandError::CERROR_ILL;
  }
  if (info->opcode == Opcode::CMD_PRI_RESP && command.Resp == 3) {  // 4.5.2
    why = "CMD_PRI_RESP.Resp is 0b11, which is Reserved";
    return CommandError::CERROR_ILL;
  }
  if (info->has_range) {
    const std::optional<CommandRange> range = range_of(command, features);
    if (range && range->one_of_any_level) {  // 4.4.1.1
      why = "TG is not 0, and NUM, SCALE and TTL are all 0, which is Reserved";
      return CommandError::CERROR_ILL;
    }
  }
  return CommandError::CERROR_NONE;
}

}  // namespace smmuvp::smmuv3
