#include "explain_registers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "smmuvp/base/number_text.h"
#include "smmuvp/smmuv2/explain_register.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {

namespace {

std::string hex(std::uint64_t value) { return number_text(value, Notation::Hexadecimal); }

smmu::RegisterFact fact(std::string name, std::uint64_t value, const StructureInfo& format) {
  return {std::move(name), value, "", explain_register(format, value)};
}

const StructureInfo& S2CR_format(std::uint64_t S2CR) {
  constexpr std::array<const StructureInfo*, 4> formats{&S2CR_translation_format, &S2CR_bypass_format,
                                                        &S2CR_fault_format, &S2CR_fault_format};
  return *formats[get(S2CR, S2CR_TYPE)];
}

const StructureInfo& CBAR_format(BankType TYPE) {
  constexpr std::array<const StructureInfo*, 4> formats{&CBAR_stage2_format, &CBAR_stage1_format,
                                                        &CBAR_stage1_fault_format, &CBAR_nested_format};
  return *formats[static_cast<unsigned>(TYPE)];
}

const char* scheme_words(const BankState& s) {
  return s.VA64 ? "AArch64" : s.EAE ? "AArch32 long descriptors" : "AArch32 short descriptors";
}

class Collection {
 public:
  Collection(ProgrammingInterface& interface, const Features& features, const smmu::AccessRequest& request,
             bool secure)
      : m_interface(interface), m_features(features), m_request(request), m_secure(secure) {}

  Decided decide() {
    if (m_interface.held()) {
      m_decided.registers.push_back(
          {"reset", 1, std::string(m_interface.why_held()) + ": everything is aborted", {}});
      return std::move(m_decided);
    }
    add_security();
    if (m_secure && !m_features.SES) {
      m_decided.mapping = "a Secure access, where there is no Secure state: it passes";
      return std::move(m_decided);
    }
    const std::uint32_t CR0 = m_interface.CR0(m_secure);
    m_decided.registers.push_back(
        fact(m_secure ? SCR0_format.name : CR0_format.name, CR0, m_secure ? SCR0_format : CR0_format));
    if (is_set(CR0, sCR0_CLIENTPD)) {
      m_decided.mapping = "CLIENTPD is 1: everything bypasses";
    } else {
      map(CR0);
    }
    return std::move(m_decided);
  }

 private:
  // What software reads that sees all.
  std::uint64_t value_of(Reg id, unsigned index) const {
    const RegisterInfo& info = m_interface.registers().info(id);
    const std::uint32_t stride = info.stride == 0 ? info.bytes : info.stride;
    std::uint64_t value = 0;
    m_interface.peek(info.offset + index * stride, info.bytes, AccessSecurity::Secure, value);
    return value;
  }
  void add(Reg id, unsigned index, std::string name, const StructureInfo& format) {
    m_decided.registers.push_back(fact(std::move(name), value_of(id, index), format));
  }
  void add_in_bank(unsigned bank, Reg id, const char* what, const StructureInfo& format) {
    add(id, bank, bank_name(bank, what), format);
  }

  // 2.2, 2.3.9
  void add_security() {
    if (!m_features.SES) return;
    add(SMMU_SCR1, 0, SCR1_format.name, SCR1_format);
    if (m_features.SSDTP == 0) return;
    const auto index = static_cast<unsigned>(m_request.stream_id & low_bits(m_features.ssd_index_bits()));
    m_decided.registers.push_back({"SMMU_SSDR" + std::to_string(index / 32),
                                   value_of(SMMU_SSDRn, index / 32),
                                   "SSD_Index " + hex(index) + " is " + (m_secure ? "Secure" : "Non-secure"),
                                   {}});
  }

  // 2.3
  void map(std::uint32_t CR0) {
    const StreamMatch match = m_interface.streams().find(m_request.stream_id, m_secure);
    const bool extended = m_features.EXIDS && is_set(CR0, sCR0_EXIDENABLE);
    const std::vector<std::uint16_t> groups = m_interface.streams().all(m_request.stream_id, m_secure);
    for (const std::uint16_t group : groups) {
      const std::string n = std::to_string(group);
      if (m_features.SMS) add(SMMU_SMRn, group, "SMMU_SMR" + n, extended ? SMR_extended_format : SMR_format);
      add(SMMU_S2CRn, group, "SMMU_S2CR" + n, S2CR_format(value_of(SMMU_S2CRn, group)));
    }
    if (match.kind == StreamMatch::Kind::none) {
      m_decided.mapping = std::string("no group has the StreamID: USFCFG ") +
                          (is_set(CR0, sCR0_USFCFG) ? "1, a fault" : "0, a bypass");
      return;
    }
    std::string& text = m_decided.mapping;
    for (const std::uint16_t group : groups) text += (text.empty() ? "group " : ", ") + std::to_string(group);
    if (match.kind == StreamMatch::Kind::multiple && m_features.SMCD) {
      text += std::string(" match: SMCFCFG ") + (is_set(CR0, sCR0_SMCFCFG) ? "1, a fault" : "0, a bypass");
      return;
    }
    if (match.kind == StreamMatch::Kind::multiple) text += " match: the first counts";
    m_decided.S2CR = m_interface.reg(SMMU_S2CRn, match.group);
    const std::uint64_t TYPE = get(m_decided.S2CR, S2CR_TYPE);
    if (TYPE == 0) {
      enter(static_cast<unsigned>(get(m_decided.S2CR, S2CR_CBNDX)));
    } else {
      text += TYPE == 1 ? ": bypass" : ": fault context";
    }
  }

  void enter(unsigned bank) {
    m_decided.mapping += ": context bank " + std::to_string(bank);
    const Banks banks = m_interface.banks();
    const Context& c = m_interface.context(bank, m_secure);
    m_decided.bank = &c;
    if (!banks.exists(bank)) return;
    add_bank(bank);
    const bool two = get(value_of(SMMU_CBARn, bank), CBAR_TYPE) == static_cast<unsigned>(BankType::nested);
    const auto second = static_cast<unsigned>(get(value_of(SMMU_CBARn, bank), CBAR_CBNDX));
    if (two && banks.exists(second)) add_bank(second);
    if (c.refusal != Refusal::none) return;
    describe(c);
  }

  void add_bank(unsigned bank) {
    const BankState s = m_interface.banks().state(bank);
    const std::string n = std::to_string(bank);
    add(SMMU_CBARn, bank, "SMMU_CBAR" + n, CBAR_format(s.TYPE));
    add(SMMU_CBA2Rn, bank, "SMMU_CBA2R" + n, CBA2R_format);
    const bool stage2 = s.TYPE == BankType::stage2;
    add_in_bank(bank, SMMU_CBn_SCTLR, "SCTLR", stage2 ? SCTLR_stage2_format : SCTLR_stage1_format);
    if (m_interface.faults().FSR(bank) != 0) add_in_bank(bank, SMMU_CBn_FSR, "FSR", FSR_format);
    if (!is_set(m_interface.reg(SMMU_CBn_SCTLR, bank), SCTLR_M)) return;
    if (stage2) {
      add_in_bank(bank, SMMU_CBn_TCR, "TCR", s.VA64 ? TCR_stage2_64_format : TCR_stage2_32_format);
      add_in_bank(bank, SMMU_CBn_TTBR0, "TTBR0", TTBR0_stage2_format);
    } else {
      add_stage1(bank, s);
    }
  }

  void add_stage1(unsigned bank, const BankState& s) {
    add_in_bank(bank, SMMU_CBn_TCR, "TCR",
                s.VA64  ? TCR_64_format
                : s.EAE ? TCR_long_format
                        : TCR_short_format);
    if (s.VA64) add_in_bank(bank, SMMU_CBn_TCR2, "TCR2", TCR2_format);
    const StructureInfo& TTBR = s.VA64 ? TTBR_64_format : s.EAE ? TTBR_long_format : TTBR_short_format;
    add_in_bank(bank, SMMU_CBn_TTBR0, "TTBR0", TTBR);
    if (!s.HYPC && !s.MONC) add_in_bank(bank, SMMU_CBn_TTBR1, "TTBR1", TTBR);
    if (s.EAE) {
      add_in_bank(bank, SMMU_CBn_PRRR_MAIR0, "MAIR0", MAIR0_format);
      add_in_bank(bank, SMMU_CBn_NMRR_MAIR1, "MAIR1", MAIR1_format);
      return;
    }
    add_in_bank(bank, SMMU_CBn_CONTEXTIDR, "CONTEXTIDR", CONTEXTIDR_short_format);
    if (!is_set(m_interface.reg(SMMU_CBn_SCTLR, bank), SCTLR_TRE)) return;
    add_in_bank(bank, SMMU_CBn_PRRR_MAIR0, "PRRR", PRRR_format);
    add_in_bank(bank, SMMU_CBn_NMRR_MAIR1, "NMRR", NMRR_format);
  }

  // What entries of TLBs are named by (Table 2-5), among others.
  void describe(const Context& c) {
    constexpr std::array<const char*, 4> regimes{"Non-secure", "Secure", "Hyp", "Monitor"};
    const auto stage = [](bool on) { return on ? "" : " (off)"; };
    std::string& text = m_decided.context;
    text = "context bank " + std::to_string(c.first) + ": " + (c.stage1 ? "stage 1" : "stage 2") +
           stage(c.stage1 ? c.stage1_on : c.stage2_on) + ", " + scheme_words(c.state) + ", " +
           regimes[static_cast<unsigned>(c.state.regime)];
    if (c.state.regime == Regime::NonSecure) text += ", VMID " + hex(c.state.VMID);
    if (c.stage1_on && (c.state.regime == Regime::NonSecure || c.state.regime == Regime::Secure)) {
      text += ", ASID " + hex(c.translation.tag.asid);
    }
    if (c.nested) text += "; context bank " + std::to_string(c.second) + ": stage 2" + stage(c.stage2_on);
    if (c.EPD0) text += "; EPD0 is 1: entries of the TLB alone translate";
  }

  ProgrammingInterface& m_interface;
  const Features& m_features;
  const smmu::AccessRequest& m_request;
  bool m_secure;
  Decided m_decided;
};

}  // namespace

std::string bank_name(unsigned bank, const char* what) {
  return "SMMU_CB" + std::to_string(bank) + "_" + what;
}

Decided deciding_registers(ProgrammingInterface& interface, const Features& features,
                           const smmu::AccessRequest& request, const Path& path) {
  return Collection(interface, features, request, path.secure).decide();
}

std::vector<smmu::RegisterFact> registers_of(const GlobalFault& f, const Features& features) {
  const std::string prefix = f.secure ? "SMMU_S" : "SMMU_";
  return {fact(prefix + "GFSR", f.bit, f.secure ? SGFSR_format : GFSR_format),
          {prefix + "GFAR", GFAR_of(f, features), "", {}},
          fact(prefix + "GFSYNR0", GFSYNR0_of(f), f.secure ? SGFSYNR0_format : GFSYNR0_format),
          fact(prefix + "GFSYNR1", GFSYNR1_of(f), sGFSYNR1_format)};
}

std::vector<smmu::RegisterFact> registers_of(const ContextFault& f, const Faults& faults,
                                             const BankState& bank, bool stalls) {
  const std::uint32_t FSR = f.bit | faults.Format(f.bank) | (stalls ? fsr::SS : 0U);
  const bool stage2 = bank.TYPE == BankType::stage2;
  std::vector<smmu::RegisterFact> all{
      fact(bank_name(f.bank, "FSR"), FSR, FSR_format),
      {bank_name(f.bank, "FAR"), f.FAR, "", {}},
      fact(bank_name(f.bank, "FSYNR0"), f.FSYNR0, stage2 ? FSYNR0_stage2_format : FSYNR0_stage1_format),
      fact("SMMU_CBFRSYNRA" + std::to_string(f.bank), f.CBFRSYNRA, CBFRSYNRA_format)};
  if (faults.has_IPAFAR(f.bank)) all.push_back({bank_name(f.bank, "IPAFAR"), f.IPAFAR, "", {}});
  return all;
}

}  // namespace smmuvp::smmuv2
