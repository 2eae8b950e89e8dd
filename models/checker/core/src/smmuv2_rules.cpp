#include "smmuvp/checker/smmuv2_rules.h"

#include <charconv>
#include <utility>

#include "finding_words.h"
#include "smmuvp/smmuv2/bank_fields.h"
#include "smmuvp/smmuv2/global_fields.h"
#include "smmuvp/smmuv2/stream_fields.h"

namespace smmuvp::checker {

namespace {

using Translations = Invalidation::Translations;

// FSR: faults, without Format, SS and MULTI (IHI 0062 16.5.9).
constexpr std::uint64_t faults_of_FSR = 0x1fe;

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_number(std::string_view& text, unsigned& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  return true;
}

// 16.5.32: VA[55:12] is in bits [43:0], and above are copies of the uppermost bit.
std::uint64_t address_64(std::uint64_t value) {
  const std::uint64_t address = (value & low_bits(44)) << 12;
  return (address >> 55 & 1) != 0 ? address | ~low_bits(56) : address;
}

// What of TCR counts: not that of a range without walks (16.5.38).
std::uint64_t walked_bits(std::uint64_t TCR, bool VA64) {
  if (!VA64) return ~std::uint64_t{0};
  return (is_set(TCR, smmuv2::TCR_EPD0) ? 0U : low_bits(16)) |
         (is_set(TCR, smmuv2::TCR_EPD1) ? 0U : low_bits(32) & ~low_bits(16));
}

}  // namespace

std::uint64_t Smmuv2Rules::Bank::value(std::string_view name) const {
  const auto at = values.find(name);
  return at == values.end() ? 0 : at->second;
}

void Smmuv2Rules::tell(Surroundings& surroundings, RuleId rule, std::string text, const char* clause,
                       const Writer& writer) const {
  Finding f;
  f.rule = rule;
  f.smmu = m_name;
  f.text = std::move(text);
  f.clause = clause;
  f.time_ps = writer.time_ps;
  f.issuer = writer;
  surroundings.tell(f);
}

void Smmuv2Rules::written(Surroundings& surroundings, CommandLog& log, Sequence now, std::string_view name,
                          std::uint64_t value, const Writer& writer) {
  if (!take(name, "SMMU_")) return;
  unsigned n = 0;
  std::string_view rest = name;
  if (take(rest, "CB") && take_number(rest, n) && take(rest, "_")) {
    return written_bank(surroundings, log, now, n, rest, value, writer);
  }
  for (const std::string_view attribute : {"CBAR", "CBA2R"}) {
    rest = name;
    if (take(rest, attribute) && take_number(rest, n) && rest.empty())
      return written_bank(surroundings, log, now, n, attribute, value, writer);
  }
  written_global(surroundings, log, now, name, value, writer);
}

// ---- global registers

bool Smmuv2Rules::is_valid(const Group& group) const {
  if (!group.SMR) return false;
  if (is_set(m_cr0, smmuv2::sCR0_EXIDENABLE))
    return group.S2CR && is_set(*group.S2CR, smmuv2::S2CR_EXIDVALID);
  return is_set(*group.SMR, smmuv2::SMR_VALID);
}

// 2.3.7
void Smmuv2Rules::check_overlap(Surroundings& surroundings, unsigned n, const Writer& writer) const {
  const auto mine = m_groups.find(n);
  if (!m_sizes.stream_matching || mine == m_groups.end() || !is_valid(mine->second)) return;
  const bool extended = is_set(m_cr0, smmuv2::sCR0_EXIDENABLE);
  const auto id = [extended](std::uint64_t SMR) {
    return get(SMR, extended ? smmuv2::SMR_EXID : smmuv2::SMR_ID);
  };
  const auto mask = [extended](std::uint64_t SMR) {
    return get(SMR, extended ? smmuv2::SMR_EXMASK : smmuv2::SMR_MASK);
  };
  const std::uint64_t SMR = *mine->second.SMR;
  for (const auto& [m, other] : m_groups) {
    if (m == n || !is_valid(other)) continue;
    if (((id(SMR) ^ id(*other.SMR)) & ~(mask(SMR) | mask(*other.SMR))) != 0) continue;
    return tell(surroundings, RuleId::smr_overlap,
                "SMR" + std::to_string(n) + ", " + number(SMR) + ", and SMR" + std::to_string(m) + ", " +
                    number(*other.SMR) + ", match the same StreamIDs, such as " + number(id(SMR)),
                "IHI 0062 2.3.7", writer);
  }
}

void Smmuv2Rules::written_global(Surroundings& surroundings, CommandLog& log, Sequence now,
                                 std::string_view name, std::uint64_t value, const Writer& writer) {
  unsigned n = 0;
  std::string_view rest = name;
  if (take(rest, "SMR") && take_number(rest, n) && rest.empty()) {
    Group& group = m_groups[n];
    const bool was_valid = is_valid(group) && !is_set(m_cr0, smmuv2::sCR0_CLIENTPD);
    const std::optional<std::uint64_t> before = std::exchange(group.SMR, value);
    if (was_valid && is_valid(group) && *before != value) {
      tell(surroundings, RuleId::smr_live,
           "SMR" + std::to_string(n) + " becomes " + number(value) + " from " + number(*before) +
               " while it is valid; take its validity away first",
           "IHI 0062 9.6.25", writer);
    }
    return check_overlap(surroundings, n, writer);
  }
  rest = name;
  if (take(rest, "S2CR") && take_number(rest, n) && rest.empty()) {
    m_groups[n].S2CR = value;
    return check_overlap(surroundings, n, writer);
  }
  if (name == "sCR0" || name == "CR0") {
    const std::uint64_t before = std::exchange(m_cr0, value);
    if (is_set(value, smmuv2::sCR0_GFIE) && !m_gfsr_written) {
      tell(surroundings, RuleId::enable_unknown,
           "sCR0.GFIE is set, and sGFSR, which a reset leaves unknown, was not cleared", "IHI 0062 9.2",
           writer);
      m_gfsr_written = true;
    }
    if (is_set(before, smmuv2::sCR0_CLIENTPD) && !is_set(value, smmuv2::sCR0_CLIENTPD)) {
      enter(surroundings, 0, writer);
      if (!is_set(value, smmuv2::sCR0_USFCFG)) {
        tell(surroundings, RuleId::bypass_open,
             "sCR0 becomes " + number(value) + ": USFCFG is 0, and streams that no group matches pass",
             "IHI 0062 2.3.6", writer);
      }
      if (!log.all_translations()) {
        tell(surroundings, RuleId::enable_caches,
             "sCR0.CLIENTPD is cleared, and TLBIALLNSNH with a TLBGSYNC that is complete did not come before",
             "IHI 0062 2.5.2", writer);
      }
    }
    return;
  }
  if (name == "sGFSR" || name == "GFSR") {
    m_gfsr_written = true;
    return;
  }
  if (name == "sTLBGSYNC" || name == "TLBGSYNC") return log.sync_all(now);
  Translations what;
  what.stages = 3;
  if (name == "TLBIALLNSNH") {
  } else if (name == "TLBIVMID") {
    what.vmid = static_cast<std::uint16_t>(value);
  } else if (name == "TLBIVMIDS1") {
    what.vmid = static_cast<std::uint16_t>(value);
    what.stages = 1;
  } else if (name == "TLBIALLH") {
    what.regime = Regime::EL2;
  } else if (name == "TLBIVAH" || name == "TLBIVAH64" || name == "TLBIVALH64") {
    what.regime = Regime::EL2;
    what.by_address = true;
    what.leaf = name == "TLBIVALH64";
    what.address = name == "TLBIVAH" ? value & 0xffff'f000U : address_64(value);
  } else {
    return;
  }
  ask(log, now, 0, what, name, value, writer);
}

// Groups that nobody has written since a reset may be valid, and match any StreamID (9.2).
void Smmuv2Rules::enter(Surroundings& surroundings, unsigned n, const Writer& writer) {
  for (; n < m_sizes.groups; ++n) {
    const auto group = m_groups.find(n);
    const bool known =
        group != m_groups.end() &&
        (m_sizes.stream_matching && !is_set(m_cr0, smmuv2::sCR0_EXIDENABLE) ? group->second.SMR.has_value()
                                                                            : group->second.S2CR.has_value());
    if (known) continue;
    return tell(surroundings, RuleId::enable_unknown,
                std::string("sCR0.CLIENTPD is cleared, and ") + (m_sizes.stream_matching ? "SMR" : "S2CR") +
                    std::to_string(n) + ", which a reset leaves unknown, was not written",
                "IHI 0062 9.2", writer);
  }
}

void Smmuv2Rules::ask(CommandLog& log, Sequence now, unsigned queue, Translations what, std::string_view name,
                      std::uint64_t value, const Writer& writer) const {
  Invalidation i;
  i.translations = what;
  i.words = (queue == 0 ? "SMMU_" : "SMMU_CB" + std::to_string(queue - 1) + "_") + std::string(name) + " " +
            number(value);
  if (what.vmid) i.words += ", VMID " + number(*what.vmid);
  if (what.asid) i.words += ", ASID " + number(*what.asid);
  if (what.by_address) i.words += ", address " + number(what.address);
  log.asked(std::move(i), queue, now, std::make_shared<const Writer>(writer));
}

// ---- context banks

// 10.2.1, 10.2.2: nested, the VMID is that of the bank of stage 2.
std::uint16_t Smmuv2Rules::vmid(const Bank& bank) const {
  const Bank* of = &bank;
  if (get(bank.value("CBAR"), smmuv2::CBAR_TYPE) == 3) {
    const auto second = m_banks.find(static_cast<unsigned>(get(bank.value("CBAR"), smmuv2::CBAR_CBNDX)));
    if (second != m_banks.end()) of = &second->second;
  }
  const bool wide = is_set(m_cr0, smmuv2::CR0_VMID16EN);
  return static_cast<std::uint16_t>(wide ? get(of->value("CBA2R"), smmuv2::CBA2R_VMID16)
                                         : get(of->value("CBAR"), smmuv2::CBAR_VMID));
}

void Smmuv2Rules::written_bank(Surroundings& surroundings, CommandLog& log, Sequence now, unsigned n,
                               std::string_view name, std::uint64_t value, const Writer& writer) {
  constexpr std::size_t most_banks = 256;
  if (n >= most_banks) return;
  Bank& bank = m_banks[n];
  const std::string who = "SMMU_CB" + std::to_string(n) + "_";
  if (name == "TLBSYNC") return log.sync(n + 1, now);

  const bool VA64 = is_set(bank.value("CBA2R"), smmuv2::CBA2R_VA64);
  const std::uint64_t TYPE = get(bank.value("CBAR"), smmuv2::CBAR_TYPE);
  const bool hyp = TYPE == 1 && is_set(bank.value("CBAR"), smmuv2::CBAR_HYPC);
  Translations what;
  what.regime = hyp ? Regime::EL2 : Regime::EL1;
  if (!hyp) what.vmid = vmid(bank);
  const auto by_address = [&](bool asid, bool leaf) {
    what.by_address = true;
    what.leaf = leaf;
    what.address = VA64 ? address_64(value) : value & 0xffff'f000U;
    if (asid && !hyp) what.asid = static_cast<std::uint16_t>(VA64 ? value >> 48 : value & 0xff);
    ask(log, now, n + 1, what, name, value, writer);
  };
  if (name == "TLBIVA") return by_address(true, false);
  if (name == "TLBIVAL") return by_address(true, true);
  if (name == "TLBIVAA") return by_address(false, false);
  if (name == "TLBIVAAL") return by_address(false, true);
  if (name == "TLBIIPAS2" || name == "TLBIIPAS2L") {
    what.stages = 2;
    what.by_address = true;
    what.leaf = name == "TLBIIPAS2L";
    what.address = (value & low_bits(VA64 ? 36 : 28)) << 12;
    return ask(log, now, n + 1, what, name, value, writer);
  }
  if (name == "TLBIASID") {
    what.asid = static_cast<std::uint16_t>(VA64 ? value : value & 0xff);
    return ask(log, now, n + 1, what, name, value, writer);
  }
  if (name == "TLBIALL") return ask(log, now, n + 1, what, name, value, writer);

  if (name == "FSR") {
    // Ones clear (16.5.9): what was read and is not among them stays.
    if (bank.knows("FSR") && bank.FSR != 0 && (bank.FSR & faults_of_FSR & ~value) != 0) {
      tell(surroundings, RuleId::fsr_kept,
           who + "FSR was read as " + number(bank.FSR) + ", and " + number(value) +
               " is written, which leaves " + number(bank.FSR & faults_of_FSR & ~value) + " set",
           "IHI 0062 16.5.9", writer);
    }
    if (bank.knows("FSR") && (bank.FSR & faults_of_FSR) != 0 && !bank.fault_read) bank.cleared = writer;
    bank.values["FSR"] = value;
    bank.FSR = 0;
    return;
  }
  const bool enabled = is_set(bank.value("SCTLR"), smmuv2::SCTLR_M);
  const auto before = bank.values.find(name);
  if (enabled && before != bank.values.end() && before->second != value &&
      (name != "TCR" || ((before->second ^ value) & walked_bits(before->second | value, VA64)) != 0)) {
    for (const std::string_view fixed : {"CBAR", "CBA2R", "TCR", "TCR2"}) {
      if (name != fixed) continue;
      tell(surroundings, RuleId::bank_live,
           who + std::string(name) + " becomes " + number(value) + " from " + number(before->second) +
               " while SCTLR.M is 1",
           "IHI 0062 5.1", writer);
    }
  }
  if (name == "CBAR") bank.early_TTBR.reset();
  if ((name == "TTBR0" || name == "TTBR1") && VA64 && value >> 48 != 0 && !bank.knows("TCR2")) {
    bank.early_TTBR = value;
  }
  // 16.5.39, 16.5.40: ASID[15:8] is reserved until AS is 1. An ASID of 8 bits is right in either order as
  // long as AS stays 0.
  if (name == "TCR2" && bank.early_TTBR && (is_set(value, smmuv2::TCR2_AS) || *bank.early_TTBR >> 56 != 0)) {
    tell(surroundings, RuleId::bank_order,
         "TTBR0 or TTBR1 of context bank " + std::to_string(n) + " became " + number(*bank.early_TTBR) +
             " before TCR2.AS said how many bits of its ASID count",
         "IHI 0062 16.5.40", writer);
  }
  if (name == "TCR2") bank.early_TTBR.reset();
  if (name == "SCTLR") {
    if (is_set(value, smmuv2::SCTLR_CFIE) && !bank.knows("FSR")) {
      tell(surroundings, RuleId::enable_unknown,
           who + "SCTLR.CFIE is set, and FSR, which a reset leaves unknown, was not cleared", "IHI 0062 16.2",
           writer);
      bank.values["FSR"] = 0;
    }
    if (!enabled && is_set(value, smmuv2::SCTLR_M) && !is_set(value, smmuv2::SCTLR_CFIE)) {
      tell(surroundings, RuleId::bank_interrupt,
           who + "SCTLR becomes " + number(value) +
               ": the bank translates, and CFIE is 0: nobody is told of "
               "its faults",
           "IHI 0062 16.5.29", writer);
    }
  }
  bank.values[std::string(name)] = value;
}

void Smmuv2Rules::read(Surroundings& surroundings, CommandLog& log, Sequence now, std::string_view name,
                       std::uint64_t value) {
  if (!take(name, "SMMU_")) return;
  if (name == "sTLBGSTATUS" || name == "TLBGSTATUS") {
    if ((value & 1) == 0) log.synchronised_all(now);
    return;
  }
  unsigned n = 0;
  if (!take(name, "CB") || !take_number(name, n) || !take(name, "_")) return;
  if (name == "TLBSTATUS" && (value & 1) == 0) log.synchronised(n + 1, now, true);
  const auto at = m_banks.find(n);
  if (at == m_banks.end()) return;
  Bank& bank = at->second;
  if (name == "FSR") {
    bank.FSR = value;
    bank.fault_read = false;
    bank.cleared.reset();
  } else if (name == "FAR") {
    bank.fault_read = true;
    if (!bank.cleared) return;
    // The next fault writes FAR and FSYNR as soon as FSR is clear.
    tell(surroundings, RuleId::fsr_order,
         "SMMU_CB" + std::to_string(n) + "_FSR is cleared before SMMU_CB" + std::to_string(n) +
             "_FAR is read, which may be that of another fault by then",
         "IHI 0062 16.5.9", *bank.cleared);
    bank.cleared.reset();
  }
}

void Smmuv2Rules::ended(Surroundings& surroundings, const std::map<std::string, std::uint64_t>& values,
                        std::uint64_t time_ps) const {
  for (const auto& [n, bank] : m_banks) {
    const std::string name = "SMMU_CB" + std::to_string(n) + "_FSR";
    const auto FSR = values.find(name);
    if (FSR == values.end() || (FSR->second & faults_of_FSR) == 0 || !bank.knows("SCTLR")) continue;
    Finding f;
    f.rule = RuleId::end_fsr;
    f.smmu = m_name;
    f.text = name + " is " + number(FSR->second);
    f.clause = "IHI 0062 16.5.9";
    f.time_ps = time_ps;
    surroundings.tell(f);
  }
}

}  // namespace smmuvp::checker
