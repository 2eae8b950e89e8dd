#include "smmuvp/smmuv2/context.h"

#include <algorithm>
#include <array>

#include "smmuvp/smmuv2/register_fields.h"
#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::smmuv2 {

namespace {

using pgtable::Granule;

std::uint64_t low(std::uint64_t value, unsigned bits) { return value & low_bits(bits); }

// PASize: Reserved values are 48 bits (16.5.39, 17.3.8).
std::uint8_t size_of(std::uint64_t PASize) {
  constexpr std::array<std::uint8_t, 6> bits{32, 36, 40, 42, 44, 48};
  return PASize < bits.size() ? bits[PASize] : std::uint8_t{48};
}

bool has(const Features& f, Granule granule) {
  switch (granule) {
    case Granule::size_4k:
      return f.PTFSv8_4kB;
    case Granule::size_16k:
      return f.PTFSv8_16kB;
    default:
      return f.PTFSv8_64kB;
  }
}

// 16.5.38: where it is Reserved, or has not been built, the smallest that has been.
Granule granule_or_smallest(std::optional<Granule> wanted, const Features& f) {
  if (wanted && has(f, *wanted)) return *wanted;
  for (const Granule g : {Granule::size_4k, Granule::size_16k}) {
    if (has(f, g)) return g;
  }
  return Granule::size_64k;
}

Granule granule_of_TG0(std::uint64_t TG0, const Features& f) {
  constexpr std::array<Granule, 3> sizes{Granule::size_4k, Granule::size_64k, Granule::size_16k};
  return granule_or_smallest(TG0 < 3 ? std::optional<Granule>(sizes[TG0]) : std::nullopt, f);
}

Granule granule_of_TG1(std::uint64_t TG1, const Features& f) {
  constexpr std::array<Granule, 3> sizes{Granule::size_16k, Granule::size_4k, Granule::size_64k};
  return granule_or_smallest(TG1 != 0 ? std::optional<Granule>(sizes[TG1 - 1]) : std::nullopt, f);
}

template <class T>
T part(std::uint64_t word, const Field& f) {
  return static_cast<T>(get(word, f));
}

/// The registers of one bank.
struct Bank {
  const Banks& banks;
  unsigned n;

  std::uint64_t reg(Reg id) const { return banks.registers.get(id, n); }
  std::uint32_t SCTLR() const { return static_cast<std::uint32_t>(reg(SMMU_CBn_SCTLR)); }
  std::uint64_t TCR() const { return reg(SMMU_CBn_TCR); }
  std::uint64_t TCR2() const { return reg(SMMU_CBn_TCR2); }
};

pgtable::WalkAttributes walk_attributes(std::uint64_t TCR, const Field& IRGN, const Field& ORGN,
                                        const Field& SH) {
  pgtable::WalkAttributes a;
  a.IRGN = part<std::uint8_t>(TCR, IRGN);
  a.ORGN = part<std::uint8_t>(TCR, ORGN);
  a.SH = part<pgtable::Shareability>(TCR, SH);
  return a;
}

// ---- stage 1 by format

// TTBRm of the Short-descriptor format (16.5.40)
pgtable::WalkAttributes short_walk_attributes(std::uint64_t TTBR) {
  pgtable::WalkAttributes a;
  a.IRGN = static_cast<std::uint8_t>((TTBR & 1U) << 1U | (TTBR >> 6U & 1U));
  a.ORGN = static_cast<std::uint8_t>(TTBR >> 3U & 3U);
  const bool S = (TTBR >> 1U & 1U) != 0;
  const bool NOS = (TTBR >> 5U & 1U) != 0;
  a.SH = !S    ? pgtable::Shareability::non_shareable
         : NOS ? pgtable::Shareability::inner
               : pgtable::Shareability::outer;
  return a;
}

void decode_short(const Bank& bank, bool secure, std::uint8_t output, pgtable::Stage1Config& s1) {
  const std::uint64_t TCR = bank.TCR();
  s1.format = pgtable::Format::v7s;
  s1.output_size = output;
  s1.v7s.N = part<std::uint8_t>(TCR, TCR_T0SZ_short);
  s1.v7s.DACR = 0x5555'5555;  // 2.7.2: there are no domains
  s1.v7s.AFE = is_set(bank.SCTLR(), SCTLR_AFE);
  s1.v7s.TRE = is_set(bank.SCTLR(), SCTLR_TRE);
  s1.v7s.PRRR = static_cast<std::uint32_t>(bank.reg(SMMU_CBn_PRRR_MAIR0));
  s1.v7s.NMRR = static_cast<std::uint32_t>(bank.reg(SMMU_CBn_NMRR_MAIR1));
  const std::array<std::uint64_t, 2> TTBR{bank.reg(SMMU_CBn_TTBR0), bank.reg(SMMU_CBn_TTBR1)};
  for (unsigned i = 0; i < 2; ++i) {
    s1.tables[i].base = low(TTBR[i], 32);
    s1.tables[i].walk_attributes = short_walk_attributes(TTBR[i]);
  }
  s1.tables[0].EPD = is_set(TCR, TCR_PD0);
  s1.tables[1].EPD = is_set(TCR, TCR_PD1);
  s1.tables[0].NS = secure && is_set(TCR, TCR_NSCFG0);
  s1.tables[1].NS = secure && is_set(TCR, TCR_NSCFG1);
}

void decode_long(const Bank& bank, const BankState& state, std::uint8_t output, pgtable::Stage1Config& s1) {
  const std::uint64_t TCR = bank.TCR();
  s1.format = pgtable::Format::lpae32;
  s1.output_size = output;
  pgtable::TableConfig& t0 = s1.tables[0];
  pgtable::TableConfig& t1 = s1.tables[1];
  t0.base = low(bank.reg(SMMU_CBn_TTBR0), 40);
  t1.base = low(bank.reg(SMMU_CBn_TTBR1), 40);
  t0.TxSZ = part<std::uint8_t>(TCR, TCR_T0SZ_short);
  t1.TxSZ = part<std::uint8_t>(TCR, TCR_T1SZ_long);
  t0.NS = state.secure && is_set(TCR, TCR_NSCFG0);
  t1.NS = state.secure && is_set(TCR, TCR_NSCFG1);
}

void decode_64(const Bank& bank, const BankState& state, std::uint8_t effective_ipa_size, bool with_tags,
               pgtable::Stage1Config& s1) {
  const Features& f = bank.banks.features;
  const std::uint64_t TCR = bank.TCR();
  const std::uint64_t TCR2 = bank.TCR2();
  s1.format = pgtable::Format::vmsa64;
  s1.output_size = std::min(size_of(get(TCR2, TCR2_PASize)), effective_ipa_size);
  s1.HA = f.HAFDBS != 0 && is_set(TCR2, TCR2_HA);
  s1.HD = f.HAFDBS == 3 && s1.HA && is_set(TCR2, TCR2_HD);
  pgtable::TableConfig& t0 = s1.tables[0];
  pgtable::TableConfig& t1 = s1.tables[1];
  t0.base = low(bank.reg(SMMU_CBn_TTBR0), 48);
  t1.base = low(bank.reg(SMMU_CBn_TTBR1), 48);
  t0.TxSZ = part<std::uint8_t>(TCR, TCR_T0SZ);
  t1.TxSZ = part<std::uint8_t>(TCR, TCR_T1SZ);
  t0.granule = granule_of_TG0(get(TCR, TCR_TG0), f);
  t1.granule = granule_of_TG1(get(TCR, TCR_TG1), f);
  t0.TBI = with_tags && is_set(TCR2, TCR2_TBI0);
  t1.TBI = with_tags && is_set(TCR2, TCR2_TBI1);
  t0.HPD = f.HADS && is_set(TCR2, TCR2_HAD0);
  t1.HPD = f.HADS && is_set(TCR2, TCR2_HAD1);
  t0.NS = state.secure && is_set(TCR2, TCR2_NSCFG0);
  t1.NS = state.secure && is_set(TCR2, TCR2_NSCFG1);
}

std::uint16_t asid_of(const Bank& bank, const BankState& state) {
  if (state.regime == Regime::Hyp || state.regime == Regime::Monitor) return 0;
  if (!state.EAE) return static_cast<std::uint16_t>(low(bank.reg(SMMU_CBn_CONTEXTIDR), 8));
  const bool A1 = is_set(bank.TCR(), TCR_A1);
  const std::uint64_t ASID = bank.reg(A1 ? SMMU_CBn_TTBR1 : SMMU_CBn_TTBR0) >> 48;
  return static_cast<std::uint16_t>(low(ASID, bank.banks.wide_ASID(bank.n) ? 16 : 8));
}

// 16.5.39: from which bit addresses are sign-extended; none: they are zero-extended.
std::optional<std::uint8_t> sign_bit_of(std::uint64_t SEP, const Features& f) {
  constexpr std::array<std::uint8_t, 6> bits{31, 35, 39, 41, 43, 47};
  if (SEP < bits.size()) {
    return bits[SEP] < f.UBS ? std::optional<std::uint8_t>(bits[SEP]) : std::nullopt;
  }
  return f.UBS == 49 ? std::optional<std::uint8_t>(48) : std::nullopt;
}

void decode_stage1(const Bank& bank, bool with_tags, Context& c) {
  const Features& f = bank.banks.features;
  const BankState& state = c.state;
  const std::uint32_t SCTLR = bank.SCTLR();
  // 1.6.1: the effective IPA size
  const std::uint8_t ipa_size = c.nested ? f.IAS : std::min(f.IAS, f.OAS);
  c.stage1_output = state.VA64 ? ipa_size : std::min<std::uint8_t>(40, ipa_size);
  if (!is_set(SCTLR, SCTLR_M)) {
    c.stage1_off = Override::from_SCTLR(SCTLR);
    if (!state.secure) c.stage1_off->NSCFG = 0;
    return;
  }
  c.stage1_on = true;
  const bool one_range = state.HYPC || state.MONC;
  pgtable::Stage1Config& s1 = c.config.stage1;
  c.config.space = state.secure ? pgtable::AddressSpace::secure : pgtable::AddressSpace::non_secure;
  c.config.regime = state.MONC   ? pgtable::Regime::el3
                    : state.HYPC ? pgtable::Regime::el2
                                 : pgtable::Regime::el1_0;
  s1.WXN = is_set(SCTLR, SCTLR_WXN);
  s1.UWXN = !state.VA64 && is_set(SCTLR, SCTLR_UWXN);
  s1.big_endian = is_set(SCTLR, SCTLR_E);
  s1.AFFD = is_set(SCTLR, SCTLR_AFFD);
  s1.MAIR = bank.reg(SMMU_CBn_NMRR_MAIR1) << 32 | bank.reg(SMMU_CBn_PRRR_MAIR0);
  if (!state.EAE) {
    c.short_descriptors = true;
    decode_short(bank, state.secure, c.stage1_output, s1);
  } else {
    const std::uint64_t TCR = bank.TCR();
    if (state.VA64) {
      decode_64(bank, state, ipa_size, with_tags, s1);
      if (!one_range) c.sign_bit = sign_bit_of(get(bank.TCR2(), TCR2_SEP), f);
    } else {
      decode_long(bank, state, c.stage1_output, s1);
    }
    s1.tables[0].EPD = is_set(TCR, TCR_EPD0);
    s1.tables[1].EPD = is_set(TCR, TCR_EPD1);
    s1.tables[0].walk_attributes = walk_attributes(TCR, TCR_IRGN0, TCR_ORGN0, TCR_SH0);
    s1.tables[1].walk_attributes = walk_attributes(TCR, TCR_IRGN1, TCR_ORGN1, TCR_SH1);
  }
  if (state.EAE && !state.VA64 && !one_range) {
    const std::uint64_t end = std::uint64_t{1} << 32;
    const unsigned T0SZ = s1.tables[0].TxSZ;
    const unsigned T1SZ = s1.tables[1].TxSZ;
    if (T1SZ == 0 && T0SZ != 0) c.translation.split = end >> T0SZ;
    if (T0SZ == 0 && T1SZ != 0) c.translation.split = end - (end >> T1SZ);
  }
  if (state.VA64) {  // the walker knows VAs of 52 bits, and small tables, too
    for (pgtable::TableConfig& t : s1.tables) t.EPD = t.EPD || t.TxSZ < 16 || t.TxSZ > 39;
  }
  pgtable::Config alone = c.config;
  alone.stages = pgtable::Stages::stage1;
  if (!pgtable::is_walkable(alone)) {
    // What one range asks for that cannot be is no matter of the other (16.5.38).
    for (unsigned i = 0; i < 2; ++i) {
      alone.stage1.tables = s1.tables;
      alone.stage1.tables[1 - i].EPD = true;
      if (!pgtable::is_walkable(alone)) s1.tables[i].EPD = true;
    }
    alone.stage1.tables = s1.tables;
    c.stage1_unwalkable = !pgtable::is_walkable(alone);
  }
  c.EPD0 = one_range && s1.tables[0].EPD;  // which the walker does not ask for there
}

// ---- stage 2

void decode_stage2(const Bank& bank, Context& c) {
  const Features& f = bank.banks.features;
  const std::uint32_t SCTLR = bank.SCTLR();
  const bool VA64 = is_set(bank.reg(SMMU_CBA2Rn), CBA2R_VA64);
  c.second_VA64 = VA64;
  c.stage2_output = VA64 ? f.OAS : std::min<std::uint8_t>(40, f.OAS);
  if (!is_set(SCTLR, SCTLR_M)) {
    c.stage2_attributes = stage2_attributes_of_SCTLR(SCTLR);
    return;
  }
  c.stage2_on = true;
  pgtable::Stage2Config& s2 = c.config.stage2;
  const std::uint64_t TCR = bank.TCR();
  const auto SL0 = part<std::int8_t>(TCR, TCR_SL0);
  if (VA64) {
    s2.format = pgtable::Format::vmsa64;
    s2.base = low(bank.reg(SMMU_CBn_TTBR0), 48);
    s2.T0SZ = part<std::int8_t>(TCR, TCR_T0SZ);
    s2.granule = granule_of_TG0(get(TCR, TCR_TG0), f);
    s2.start_level = static_cast<std::int8_t>((s2.granule == Granule::size_4k ? 2 : 3) - SL0);
    s2.output_size = std::min(size_of(get(TCR, TCR_PASize)), f.OAS);
    s2.HA = f.HAFDBS != 0 && is_set(TCR, TCR_HA);
    s2.HD = f.HAFDBS == 3 && s2.HA && is_set(TCR, TCR_HD);
  } else {
    s2.format = pgtable::Format::lpae32;
    s2.base = low(bank.reg(SMMU_CBn_TTBR0), 40);
    const auto T0SZ = part<int>(TCR, TCR_T0SZ_stage2_32);
    s2.T0SZ = static_cast<std::int8_t>(T0SZ < 8 ? T0SZ : T0SZ - 16);
    s2.start_level = static_cast<std::int8_t>(2 - SL0);
    s2.output_size = c.stage2_output;
  }
  s2.big_endian = is_set(SCTLR, SCTLR_E);
  s2.AFFD = is_set(SCTLR, SCTLR_AFFD);
  s2.PTW = f.NTS && is_set(SCTLR, SCTLR_PTW);
  s2.SMMUv2 = true;
  s2.walk_attributes = walk_attributes(TCR, TCR_IRGN0, TCR_ORGN0, TCR_SH0);
  pgtable::Config alone = c.config;
  alone.stages = pgtable::Stages::stage2;
  alone.regime = pgtable::Regime::el1_0;
  // Tables 2-9 to 2-11: the walker knows small tables, too.
  c.stage2_unwalkable = (VA64 && s2.T0SZ > 39) || !pgtable::is_walkable(alone);
}

// 3.8.4, CheckBankValidityAndRecordFaults. @return false: it is refused
bool check(const Banks& banks, bool secure, Context& c) {
  const Features& f = banks.features;
  const auto refuse = [&c](Refusal what, bool nested, const char* why) {
    c.refusal = what;
    c.refused_nested = nested;
    c.refused_why = why;
    return false;
  };
  if (!banks.exists(c.first)) return refuse(Refusal::UCBF, false, "there is no such context bank");
  if (banks.is_secure(c.first) != secure) {
    return refuse(Refusal::UCBF, false, "the context bank is of the other Security state");
  }
  c.state = banks.state(c.first);
  const BankType TYPE = c.state.TYPE;
  const bool unsupported = (TYPE == BankType::nested && !f.NTS) || (TYPE == BankType::stage1 && !f.S1TS) ||
                           (TYPE == BankType::stage2 && !f.S2TS) ||
                           (c.first < f.NUMS2CB && TYPE != BankType::stage2);
  if (unsupported) return refuse(Refusal::ICF, true, "CBAR.TYPE is one that this bank cannot have");
  if (TYPE == BankType::fault) return refuse(Refusal::ICF, true, "CBAR.TYPE has stage 2 fault");
  if (secure && TYPE != BankType::stage1) {
    return refuse(Refusal::ICF, true, "CBAR.TYPE of a Secure bank has a stage 2");
  }
  c.stage1 = TYPE != BankType::stage2;
  c.nested = TYPE == BankType::nested;
  if (!c.nested) return true;
  c.second = part<unsigned>(banks.registers.get(SMMU_CBARn, c.first), CBAR_CBNDX);
  if (!banks.exists(c.second)) return refuse(Refusal::UCBF, true, "CBAR.CBNDX names no context bank");
  if (banks.is_secure(c.second)) return refuse(Refusal::UCBF, true, "CBAR.CBNDX names a Secure bank");
  const BankState second = banks.state(c.second);
  if (second.TYPE != BankType::stage2) {
    return refuse(Refusal::ICF, true, "CBAR.CBNDX names a bank that is not of stage 2");
  }
  if (c.state.VA64 && !second.VA64) {
    return refuse(Refusal::ICF, true, "stage 1 is AArch64, and stage 2 is not");
  }
  return true;
}

}  // namespace

bool Banks::is_secure(unsigned bank) const {
  return features.SES && bank >= get(registers.get(SMMU_SCR1), SCR1_NSNUMCBO);
}

BankState Banks::state(unsigned bank) const {
  BankState s;
  const std::uint64_t CBAR = registers.get(SMMU_CBARn, bank);
  const std::uint64_t CBA2R = registers.get(SMMU_CBA2Rn, bank);
  s.TYPE = static_cast<BankType>(get(CBAR, CBAR_TYPE));
  s.secure = is_secure(bank);
  s.VA64 = is_set(CBA2R, CBA2R_VA64);
  s.HYPC = s.TYPE == BankType::stage1 && is_set(CBAR, CBAR_HYPC);
  // 10.2.2; with HYPC UNPREDICTABLE: HYPC counts
  s.MONC = s.TYPE == BankType::stage1 && s.secure && s.VA64 && !s.HYPC && is_set(CBA2R, CBA2R_MONC);
  s.EAE = s.VA64 || s.TYPE == BankType::stage2 || s.HYPC || features.PTFS != 0 ||
          is_set(registers.get(SMMU_CBn_TCR, bank), TCR_EAE);
  s.regime = s.HYPC ? Regime::Hyp : s.MONC ? Regime::Monitor : s.secure ? Regime::Secure : Regime::NonSecure;
  if (s.regime == Regime::NonSecure) {
    const bool wide = features.VMID16S && is_set(registers.get(SMMU_sCR0), CR0_VMID16EN);
    s.VMID = static_cast<std::uint16_t>(wide ? get(CBA2R, CBA2R_VMID16) : get(CBAR, CBAR_VMID));
  }
  return s;
}

bool Banks::wide_ASID(unsigned bank) const {
  return is_set(registers.get(SMMU_CBA2Rn, bank), CBA2R_VA64) &&
         is_set(registers.get(SMMU_CBn_TCR2, bank), TCR2_AS);
}

Context decode_context(const Banks& banks, unsigned bank, bool secure, bool with_tags) {
  Context c;
  c.first = bank;
  c.ipa_size = banks.features.IAS;
  if (!check(banks, secure, c)) return c;
  const Bank first{banks, c.first};
  if (c.stage1) decode_stage1(first, with_tags, c);
  if (c.nested) {
    decode_stage2({banks, c.second}, c);
  } else if (!c.stage1) {
    decode_stage2(first, c);
  } else {
    c.stage2_attributes =
        stage2_attributes_of_CBAR(static_cast<std::uint32_t>(banks.registers.get(SMMU_CBARn, c.first)));
  }
  if (c.nested && !c.stage2_on) c.stage2_limit = c.stage2_output;  // Table 3-4
  if (!c.translates()) return c;
  c.config.stages = c.stage1_on && c.stage2_on ? pgtable::Stages::nested
                    : c.stage1_on              ? pgtable::Stages::stage1
                                               : pgtable::Stages::stage2;
  c.translation.tag.regime = static_cast<std::uint8_t>(c.state.regime);
  c.translation.tag.stages = c.config.stages;
  c.translation.tag.vmid = c.state.VMID;
  if (c.stage1_on) {
    c.translation.tag.asid = asid_of(first, c.state);
    c.translation.table_attributes = c.stage2_attributes;
    for (unsigned i = 0; i < 2; ++i) c.translation.TBI[i] = c.config.stage1.tables[i].TBI;
  }
  if (c.stage1_unwalkable) return c;
  pgtable::Config walked = c.config;
  if (c.stage2_unwalkable) {
    if (!c.stage1_on) return c;
    walked.stages = pgtable::Stages::stage1;  // as far as to its first descriptor
  }
  c.translation.setup = pgtable::WalkSetup(walked);
  return c;
}

}  // namespace smmuvp::smmuv2
