#include "write_masks.h"

#include <algorithm>
#include <initializer_list>

#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2::mask {

namespace {

std::uint64_t bits(std::initializer_list<const Field*> fields) {
  std::uint64_t all = 0;
  for (const Field* f : fields) all |= f->in_word();
  return all;
}
std::uint64_t bits_if(bool there, std::initializer_list<const Field*> fields) {
  return there ? bits(fields) : 0;
}

bool is_v1(const Features& f) { return f.version == 1; }
bool is_programmable(FixedBit bit) {
  return bit == FixedBit::programmable || bit == FixedBit::programmable_one;
}
unsigned address_bits(const Features& f) { return std::max(f.IAS, f.OAS); }

}  // namespace

// 9.6.3. The attributes that bypasses may be given are all there.
std::uint64_t sCR0(const Features& f, AccessSecurity copy) {
  const bool secure = f.SES && copy == AccessSecurity::Secure;
  return bits({&sCR0_CLIENTPD, &sCR0_GFRE, &sCR0_GFIE, &sCR0_TRANSIENTCFG, &sCR0_USFCFG, &sCR0_PTM, &sCR0_FB,
               &sCR0_BSU, &sCR0_MemAttr, &sCR0_MTCFG, &sCR0_SHCFG, &sCR0_RACFG, &sCR0_WACFG}) |
         bits_if(is_programmable(f.SMCFCFG), {&sCR0_SMCFCFG}) | bits_if(f.STALLD, {&sCR0_STALLD}) |
         bits_if(f.GSE, {&sCR0_GSE}) | bits_if(f.CAF, {&sCR0_GCFGFRE, &sCR0_GCFGFIE}) |
         bits_if(f.EXIDS && f.SMS, {&sCR0_EXIDENABLE}) | bits_if(secure, {&SCR0_NSCFG}) |
         bits_if(!secure, {&CR0_VMIDPNE}) | bits_if(!secure && f.VMID16S, {&CR0_VMID16EN});
}

// 9.6.24. Interrupts of their own leave NSNUMIRPTO nothing to say.
std::uint64_t SCR1(const Features& f) {
  if (!f.SES) return 0;
  return bits({&SCR1_NSNUMSMRGO, &SCR1_GASRAE, &SCR1_SIF, &SCR1_SPMEN}) |
         bits_if(!f.NSNUMCBO_fixed, {&SCR1_NSNUMCBO}) |
         bits_if(!f.NSNUMCBO_fixed && !f.dedicated_interrupts(), {&SCR1_NSNUMIRPTO}) |
         bits_if(is_programmable(f.SCR1_GEFRO), {&SCR1_GEFRO}) |
         bits_if(f.CAF && !is_v1(f) && is_programmable(f.SCR1_NSCAFRO), {&SCR1_NSCAFRO});
}

// PAGESIZE would move the register map: it is not writable here.
std::uint64_t sACR(const Features& f) {
  return bits_if(f.mmu500_registers,
                 {&sACR_S1WC2EN, &sACR_S2WC2EN, &sACR_IPA2PA_CEN, &sACR_SMTNMB_TLBEN, &sACR_MMUDISB_TLBEN,
                  &sACR_S2CRB_TLBEN, &sACR_DP4K_TCUDISB, &sACR_DP4K_TBUDISB, &sACR_CACHE_LOCK});
}

// 9.6.14
std::uint64_t sGFAR(const Features& f) { return low_bits(is_v1(f) ? f.IAS : f.UBS); }

// 9.6.15
std::uint64_t sGFSR(const Features& f, AccessSecurity copy) {
  return bits({&sGFSR_ICF, &sGFSR_USF, &sGFSR_SMCF, &sGFSR_UCBF, &sGFSR_MULTI}) |
         bits_if(!f.dedicated_interrupts(), {&sGFSR_UCIF}) | bits_if(f.CAF, {&sGFSR_CAF}) |
         bits_if(f.EF || is_v1(f), {&sGFSR_EF}) |
         bits_if(f.SES && copy == AccessSecurity::Secure, {&sGFSR_PF}) | bits_if(!is_v1(f), {&sGFSR_UUT});
}

// 9.6.17
std::uint64_t sGFSYNR0(const Features& f, AccessSecurity copy) {
  const bool secure = f.SES && copy == AccessSecurity::Secure;
  return bits({&sGFSYNR0_WNR, &sGFSYNR0_PNU, &sGFSYNR0_IND}) | bits_if(secure, {&sGFSYNR0_NSATTR}) |
         bits_if(secure && (f.CAF || f.EF), {&sGFSYNR0_NSSTATE}) |  // 3.10
         bits_if(!secure, {&sGFSYNR0_Nested}) |
         bits_if(f.NTS && f.address_translation_operations(), {&sGFSYNR0_ATS});
}

// 9.6.18, 10.2.3
std::uint64_t stream_syndrome(const Features& f, bool all) {
  const std::uint64_t StreamID = low_bits(f.stream_id_bits());
  return all ? StreamID | low_bits(f.ssd_index_bits()) << sGFSYNR1_SSD_Index.low : StreamID;
}

// 9.6.20, 16.5.14
std::uint64_t PAR(const Features& f) {
  if (!f.address_translation_operations()) return 0;
  return low_bits(std::max(36U, address_bits(f))) | PAR_MATTR.in_word();
}

// 9.6.25: with 16-bit StreamIDs the bits of both formats
std::uint64_t SMR(const Features& f) {
  if (!f.SMS) return 0;
  const std::uint64_t ID = low_bits(f.stream_id_bits());
  return SMR_VALID.in_word() | ID << SMR_MASK.low | ID;
}

// 9.6.23. Bits [7:0] are CBNDX: there is no VMID of bypasses.
std::uint64_t S2CR(const Features& f) {
  return low_bits(f.CBNDX_bits) | bits_if(f.EXIDS, {&S2CR_EXIDVALID}) | bits_if(f.SES, {&S2CR_NSCFG}) |
         bits({&S2CR_SHCFG, &S2CR_MTCFG, &S2CR_MemAttr, &S2CR_TYPE, &S2CR_RACFG, &S2CR_WACFG, &S2CR_PRIVCFG,
               &S2CR_INSTCFG, &S2CR_TRANSIENTCFG});
}

// 10.2.1. CBNDX shares its bits with attributes, which are there as soon as stage 1 is.
std::uint64_t CBAR(const Features& f) {
  const bool fixed_TYPE = f.CBFIXED && f.S1TS != f.S2TS;
  return CBAR_VMID.in_word() | bits_if(!f.dedicated_interrupts(), {&CBAR_IRPTNDX}) |
         bits_if(!fixed_TYPE, {&CBAR_TYPE}) |
         bits_if(f.S1TS,
                 {&CBAR_BPSHCFG, &CBAR_HYPC, &CBAR_FB, &CBAR_MemAttr, &CBAR_BSU, &CBAR_RACFG, &CBAR_WACFG});
}

// 10.2.2
std::uint64_t CBA2R(const Features& f) {
  return bits_if(f.VMID16S, {&CBA2R_VMID16}) | bits_if(f.SES && !is_v1(f), {&CBA2R_MONC}) |
         bits_if(f.aarch64() && f.aarch32(), {&CBA2R_VA64});
}

// 16.5.29, 17.3.3
std::uint64_t SCTLR(const Features& f) {
  return bits({&SCTLR_M, &SCTLR_TRE, &SCTLR_AFE, &SCTLR_AFFD, &SCTLR_E, &SCTLR_CFRE, &SCTLR_CFIE,
               &SCTLR_HUPCF, &SCTLR_TRANSIENTCFG, &SCTLR_MemAttr, &SCTLR_SHCFG, &SCTLR_RACFG, &SCTLR_WACFG}) |
         bits_if(f.stalls, {&SCTLR_CFCFG}) |
         bits_if(f.S1TS, {&SCTLR_WXN, &SCTLR_UWXN, &SCTLR_ASIDPNE, &SCTLR_MTCFG}) |
         bits_if(f.NTS, {&SCTLR_PTW}) | bits_if(f.S2TS, {&SCTLR_FB}) | bits_if(f.SES, {&SCTLR_NSCFG}) |
         bits_if(f.S1TS && !is_v1(f) && f.aarch64(), {&SCTLR_UCI});
}

std::uint64_t ACTLR(const Features& f) { return bits_if(f.mmu500_registers, {&ACTLR_CMTLB, &ACTLR_CPRE}); }

// 16.5.38, 17.3.8: the bits of all formats that the instance has
std::uint64_t TCR(const Features& f) {
  std::uint64_t all = 0;
  const auto add = [&all](FieldList fields) {
    for (const Field* field : fields) all |= field->in_word();
  };
  if (f.S1TS && f.PTFS == 0) add(TCR_short_format.fields);
  if (f.S1TS && f.aarch32()) add(TCR_long_format.fields);
  if (f.S1TS && f.aarch64()) add(TCR_64_format.fields);
  if (f.S2TS && f.aarch32()) add(TCR_stage2_32_format.fields);
  if (f.S2TS && f.aarch64()) add(TCR_stage2_64_format.fields);
  // Bits of hardware updates that no format has otherwise are RES0 without them.
  if (!f.S1TS && f.HAFDBS == 0) all &= ~TCR_HA.in_word();
  if (!f.S1TS && f.HAFDBS != 3) all &= ~TCR_HD.in_word();
  // 17.3.8: EAE of stage 2 alone is fixed; of both stages it is stage 1's
  return f.S1TS ? all : all & ~TCR_EAE.in_word();
}

// 16.5.39
std::uint64_t TCR2(const Features& f) {
  if (!f.S1TS || is_v1(f)) return 0;
  return bits({&TCR2_PASize, &TCR2_AS, &TCR2_TBI0, &TCR2_TBI1, &TCR2_SEP}) |
         bits_if(f.HADS, {&TCR2_HAD0, &TCR2_HAD1}) | bits_if(f.HAFDBS != 0, {&TCR2_HA, &TCR2_HD}) |
         bits_if(f.SES, {&TCR2_NSCFG0, &TCR2_NSCFG1});
}

// 16.5.40, 17.3.9
std::uint64_t TTBR(const Features& f) {
  const Field& field = f.aarch64() ? TTBR_ASID : TTBR_ASID_long;
  const std::uint64_t ASID = f.S1TS ? field.in_word() : 0;
  return ASID | low_bits(address_bits(f));
}

// 16.5.9: SS and Format are read-only
std::uint64_t FSR(const Features& f) {
  return bits({&FSR_TF, &FSR_AFF, &FSR_PF, &FSR_EF, &FSR_TLBMCF, &FSR_TLBLKF, &FSR_MULTI}) |
         bits_if(!is_v1(f), {&FSR_ASF, &FSR_UUT});
}

// 16.5.8
std::uint64_t FAR(const Features& f) { return low_bits(is_v1(f) ? std::max<unsigned>(f.IAS, 32) : f.UBS); }

// 16.5.11, 17.3.1
std::uint64_t FSYNR0(const Features& f) {
  return bits({&FSYNR0_PLVL, &FSYNR0_WNR, &FSYNR0_PNU, &FSYNR0_IND, &FSYNR0_PTWF, &FSYNR0_AFR}) |
         bits_if(f.SES || f.S2TS, {&FSYNR0_NSATTR}) |
         bits_if(f.S2TS && f.address_translation_operations(), {&FSYNR0_ATOF}) |
         bits_if(f.NTS, {&FSYNR0_NESTED, &FSYNR0_S1PTWF, &FSYNR0_S1CBNDX});
}

// 17.3.2: bits below the smallest granule are kept as well
std::uint64_t IPAFAR(const Features& f) {
  return is_v1(f) || !f.S2TS ? 0 : low_bits(std::max<unsigned>(f.UBS, f.IAS));
}

}  // namespace smmuvp::smmuv2::mask
