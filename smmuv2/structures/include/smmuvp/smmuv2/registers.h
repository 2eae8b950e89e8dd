// The registers of an SMMU (IHI 0062 8, 9.1, 10.1, 12.1, 13.1, 16.1, 17.2), as a table for a RegisterFile.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv2/features.h"

namespace smmuvp::smmuv2 {

/// Ids of registers, named as the specification names them; "s" stands for the Secure and the Non-secure
/// copy. Rows of context banks have one element a bank, whose index is the bank's number.
enum Reg : std::uint16_t {
  // Global Register Space 0
  SMMU_sCR0,
  SMMU_SCR1,
  SMMU_sCR2,
  SMMU_sACR,
  SMMU_IDR0,
  SMMU_IDR1,
  SMMU_IDR2,
  SMMU_IDR3,
  SMMU_IDR4,
  SMMU_IDR5,
  SMMU_IDR6,
  SMMU_IDR7,
  SMMU_sGFAR,
  SMMU_sGFSR,
  SMMU_sGFSRRESTORE,
  SMMU_sGFSYNR0,
  SMMU_sGFSYNR1,
  SMMU_sGFSYNR2,
  SMMU_STLBIALL,
  SMMU_TLBIVMID,
  SMMU_TLBIALLNSNH,
  SMMU_TLBIALLH,
  SMMU_sTLBGSYNC,
  SMMU_sTLBGSTATUS,
  SMMU_TLBIVAH,
  SMMU_STLBIVALM,
  SMMU_STLBIVAM,
  SMMU_TLBIVALH64,
  SMMU_TLBIVMIDS1,
  SMMU_STLBIALLM,
  SMMU_TLBIVAH64,
  SMMU_sGATS1UR,
  SMMU_sGATS1UW,
  SMMU_sGATS1PR,
  SMMU_sGATS1PW,
  SMMU_sGATS12UR,
  SMMU_sGATS12UW,
  SMMU_sGATS12PR,
  SMMU_sGATS12PW,
  SMMU_sGPAR,
  SMMU_sGATSR,
  SMMU_SMRn,
  SMMU_S2CRn,
  SMMU_PIDR0,
  SMMU_PIDR1,
  SMMU_PIDR2,
  SMMU_PIDR3,
  SMMU_PIDR4,
  SMMU_PIDR5,
  SMMU_PIDR6,
  SMMU_PIDR7,
  SMMU_CIDR0,
  SMMU_CIDR1,
  SMMU_CIDR2,
  SMMU_CIDR3,
  // MMU-500 (ARM DDI 0517 3.5.2)
  SMMU_DBGRPTRTBU,
  SMMU_DBGRDATATBU,
  SMMU_DBGRPTRTCU,
  SMMU_DBGRDATATCU,
  // Secure aliases of Non-secure copies (9.3)
  SMMU_NSCR0,
  SMMU_NSCR2,
  SMMU_NSACR,
  SMMU_NSGFAR,
  SMMU_NSGFSR,
  SMMU_NSGFSRRESTORE,
  SMMU_NSGFSYNR0,
  SMMU_NSGFSYNR1,
  SMMU_NSGFSYNR2,
  SMMU_NSTLBGSYNC,
  SMMU_NSTLBGSTATUS,
  SMMU_NSGATS1UR,
  SMMU_NSGATS1UW,
  SMMU_NSGATS1PR,
  SMMU_NSGATS1PW,
  SMMU_NSGATS12UR,
  SMMU_NSGATS12UW,
  SMMU_NSGATS12PR,
  SMMU_NSGATS12PW,
  SMMU_NSGPAR,
  SMMU_NSGATSR,
  // Global Register Space 1
  SMMU_CBARn,
  SMMU_CBFRSYNRAn,
  SMMU_CBA2Rn,
  // Performance monitors
  PMEVCNTRn,
  PMEVTYPERn,
  PMCGCRn,
  PMCGSMRn,
  PMCNTENSETx,
  PMCNTENCLRx,
  PMINTENSETx,
  PMINTENCLRx,
  PMOVSCLRx,
  PMOVSSETx,
  PMCFGR,
  PMCR,
  PMCEID0,
  PMCEID1,
  PMAUTHSTATUS,
  PMDEVTYPE,
  // Security state determination
  SMMU_SSDRn,
  // Translation context banks. Both formats of stage 1 and 2 are one row; so are registers that share an
  // offset by format: PRRR and MAIR0, NMRR and MAIR1.
  SMMU_CBn_SCTLR,
  SMMU_CBn_ACTLR,
  SMMU_CBn_RESUME,
  SMMU_CBn_TCR2,
  SMMU_CBn_TTBR0,
  SMMU_CBn_TTBR1,
  SMMU_CBn_TCR,
  SMMU_CBn_CONTEXTIDR,
  SMMU_CBn_PRRR_MAIR0,
  SMMU_CBn_NMRR_MAIR1,
  SMMU_CBn_PAR,
  SMMU_CBn_FSR,
  SMMU_CBn_FSRRESTORE,
  SMMU_CBn_FAR,
  SMMU_CBn_FSYNR0,
  SMMU_CBn_FSYNR1,
  SMMU_CBn_IPAFAR,
  SMMU_CBn_TLBIVA,
  SMMU_CBn_TLBIVAA,
  SMMU_CBn_TLBIASID,
  SMMU_CBn_TLBIALL,
  SMMU_CBn_TLBIVAL,
  SMMU_CBn_TLBIVAAL,
  SMMU_CBn_TLBIIPAS2,
  SMMU_CBn_TLBIIPAS2L,
  SMMU_CBn_TLBSYNC,
  SMMU_CBn_TLBSTATUS,
  SMMU_CBn_ATS1PR,
  SMMU_CBn_ATS1PW,
  SMMU_CBn_ATS1UR,
  SMMU_CBn_ATS1UW,
  SMMU_CBn_ATSR,
  SMMU_CBn_PMEVCNTR0,                             // counter m of a bank is + m, up to 14
  SMMU_CBn_PMEVTYPER0 = SMMU_CBn_PMEVCNTR0 + 15,  // likewise
  SMMU_CBn_PMCFGR = SMMU_CBn_PMEVTYPER0 + 15,
  SMMU_CBn_PMCR,
  SMMU_CBn_PMCEID0,
  SMMU_CBn_PMCEID1,
  SMMU_CBn_PMCNTENSET,
  SMMU_CBn_PMCNTENCLR,
  SMMU_CBn_PMINTENSET,
  SMMU_CBn_PMINTENCLR,
  SMMU_CBn_PMOVSCLR,
  SMMU_CBn_PMOVSSET,
  SMMU_CBn_PMAUTHSTATUS,
  reg_count,
};

/// Every register of an instance. What an instance has not got is there and RAZ/WI, so that get() of any id
/// works; left out are only arrays of no elements, pages that the register map has no room for, aliases and
/// debug registers.
///
/// It knows nothing of the values of registers. With two Security states, accesses go by SCR1 as well:
/// Non-secure ones see no SMR or S2CR from NSNUMSMRGO on, and no CBAR, CBA2R, CBFRSYNRA or bank from NSNUMCBO
/// on; with GASRAE neither the global address space nor banks of TYPE 00; and IDR0 and IDR1 as
/// id_registers(features, NonSecure, SCR1) has them, which are stored here as Secure software reads them. In
/// GFSYNR1 and CBFRSYNRA, SSD_Index is RAZ to them. FSR.Format, TCR.EAE of stage 2, CBAR.VMID against
/// CBA2R.VMID16 and all that STALLD changes follow other registers too.
std::vector<RegisterInfo> register_table(const Features& features);

/// Makes of the table's registers those of the instance, once: what the copies of Banked registers may differ
/// in, registers of stage 1 in banks for stage 2 alone, and what reset() gives where the specification leaves
/// it UNKNOWN (Features::reset_fill).
void prepare(RegisterFile& registers, const Features& features);

/// Bits that reset gives a value by the specification (9.2, 16.2) or by the instance, or that have one only.
std::uint64_t known_at_reset(Reg id, const Features& features);

/// Bytes of the register map.
std::uint32_t window_size(const Features& features);

}  // namespace smmuvp::smmuv2
