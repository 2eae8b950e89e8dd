#include "smmuvp/smmuv2/registers.h"

#include "smmuvp/smmuv2/register_fields.h"
#include "table_builder.h"
#include "write_masks.h"

namespace smmuvp::smmuv2 {

namespace {

constexpr AccessSecurity both[] = {AccessSecurity::NonSecure, AccessSecurity::Secure};

/// Registers that only the stage 1 format has (17.1).
constexpr Reg stage1_only[] = {
    SMMU_CBn_TTBR1,   SMMU_CBn_CONTEXTIDR, SMMU_CBn_TCR2,    SMMU_CBn_PRRR_MAIR0, SMMU_CBn_NMRR_MAIR1,
    SMMU_CBn_PAR,     SMMU_CBn_ATS1PR,     SMMU_CBn_ATS1PW,  SMMU_CBn_ATS1UR,     SMMU_CBn_ATS1UW,
    SMMU_CBn_ATSR,    SMMU_CBn_TLBIVA,     SMMU_CBn_TLBIVAA, SMMU_CBn_TLBIASID,   SMMU_CBn_TLBIALL,
    SMMU_CBn_TLBIVAL, SMMU_CBn_TLBIVAAL,
};

/// Different for each seed, register and element, and the same in every run.
std::uint64_t scramble(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

void set_mask(RegisterFile& registers, Reg id, std::uint32_t index, AccessSecurity s, std::uint64_t mask) {
  RegisterPolicy policy = registers.policy(id, index, s);
  policy.write_mask = mask;
  registers.set_policy(id, index, s, policy);
}

// 17.1: banks for stage 2 alone have no others.
void hide_stage1(RegisterFile& registers, const Features& f) {
  for (std::uint32_t bank = 0; bank < f.NUMS2CB; ++bank) {
    for (const Reg id : stage1_only) {
      for (const AccessSecurity s : both) registers.set_policy(id, bank, s, {Access::RO, 0, false});
    }
  }
}

// The last one of a row of words with a bit for each counter (12.2).
void trim_counters(RegisterFile& registers, const Features& f) {
  if (f.counters() % 32 == 0) return;
  for (const Reg id : {PMCNTENSETx, PMCNTENCLRx, PMINTENSETx, PMINTENCLRx, PMOVSCLRx, PMOVSSETx}) {
    for (const AccessSecurity s : both) {
      set_mask(registers, id, registers.info(id).count - 1, s, low_bits(f.counters() % 32));
    }
  }
}

void fill_unknown(RegisterFile& registers, const Features& f) {
  for (const RegisterInfo& row : registers.table()) {
    const bool stored = row.access == Access::RW || row.access == Access::W1C;
    if (!stored || row.alias_of != RegisterInfo::no_alias) continue;
    for (std::uint32_t k = 0; k < row.count; ++k) {
      for (const AccessSecurity s : both) {
        if (s == AccessSecurity::Secure && row.bank != SecurityBank::Banked) continue;
        const std::uint64_t unknown =
            registers.policy(row.id, k, row.bank == SecurityBank::Banked ? s : AccessSecurity::Secure)
                .write_mask &
            ~known_at_reset(static_cast<Reg>(row.id), f);
        const std::uint64_t which =
            std::uint64_t{row.id} << 32 | k << 1 | (s == AccessSecurity::Secure ? 1 : 0);
        const std::uint64_t fill = scramble(f.reset_fill ^ scramble(which));
        registers.set_reset(row.id, (row.reset & ~unknown) | (fill & unknown), k, s);
      }
    }
  }
}

}  // namespace

std::vector<RegisterInfo> register_table(const Features& features) {
  std::vector<RegisterInfo> table;
  add_global_registers(features, table);
  add_monitor_registers(features, table);
  add_bank_registers(features, table);
  return table;
}

void prepare(RegisterFile& registers, const Features& f) {
  if (f.SES) {
    const AccessSecurity s = AccessSecurity::Secure;
    set_mask(registers, SMMU_sCR0, 0, s, mask::sCR0(f, s));
    set_mask(registers, SMMU_sGFSR, 0, s, mask::sGFSR(f, s));
    set_mask(registers, SMMU_sGFSYNR0, 0, s, mask::sGFSYNR0(f, s));
    set_mask(registers, SMMU_sGFSYNR1, 0, s, mask::stream_syndrome(f, true));
    for (std::uint32_t bank = 0; bank < f.NUMCB; ++bank) {  // 10.2.3: SSD_Index is Secure software's
      set_mask(registers, SMMU_CBFRSYNRAn, bank, AccessSecurity::NonSecure, mask::stream_syndrome(f, false));
    }
    if (f.mmu500_registers) {  // of the Secure copy, only S1WC2EN of the caches resets to 1
      const std::uint64_t off = sACR_S2WC2EN.in_word() | sACR_IPA2PA_CEN.in_word();
      registers.set_reset(SMMU_sACR, registers.reset_value(SMMU_sACR) & ~off, 0, s);
    }
  }
  hide_stage1(registers, f);
  if (f.counters() != 0) trim_counters(registers, f);
  if (f.reset_fill != 0) fill_unknown(registers, f);
}

std::uint64_t known_at_reset(Reg id, const Features& f) {
  switch (id) {
    case SMMU_sCR0:  // Table 9-2
      return sCR0_CLIENTPD.in_word() | sCR0_GFIE.in_word() | sCR0_GFRE.in_word() | sCR0_GCFGFIE.in_word() |
             sCR0_GCFGFRE.in_word() | sCR0_GSE.in_word() | sCR0_MTCFG.in_word() | sCR0_SHCFG.in_word() |
             sCR0_RACFG.in_word() | sCR0_WACFG.in_word() | sCR0_TRANSIENTCFG.in_word() |
             sCR0_EXIDENABLE.in_word() | SCR0_NSCFG.in_word() |
             (f.SES ? sCR0_STALLD.in_word() : 0) |  // 9.6.3: with two Security states
             (f.SMCFCFG == FixedBit::programmable ? 0 : sCR0_SMCFCFG.in_word());
    case SMMU_SCR1:
    case SMMU_sACR:  // MMU-500 gives both a value, and HUPCF and CBAR.TYPE below
    case SMMU_CBn_ACTLR:
      return ~std::uint64_t{0};
    case SMMU_CBARn:
      return f.mmu500_registers ? CBAR_TYPE.in_word() : 0;
    case SMMU_CBA2Rn:  // 9.2, 10.2.2
      return CBA2R_VA64.in_word();
    case SMMU_CBn_FSR:  // Table 16-2
      return FSR_SS.in_word();
    case SMMU_CBn_SCTLR:
      return SCTLR_CFIE.in_word() | SCTLR_CFRE.in_word() | (f.mmu500_registers ? SCTLR_HUPCF.in_word() : 0);
    case SMMU_SSDRn:
      return f.SSDR_non_secure ? ~std::uint64_t{0} : 0;
    default:
      return 0;
  }
}

std::uint32_t window_size(const Features& features) { return features.window_bytes(); }

}  // namespace smmuvp::smmuv2
