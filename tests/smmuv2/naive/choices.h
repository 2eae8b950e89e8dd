// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "naive.h"

namespace naive_smmuv2 {

/// What IHI 0062 leaves to the implementation, calls UNPREDICTABLE, or says in two ways. One member for each
/// choice, with its clause; the comparison sets them as the model under test decided.
///
/// Left out, since only one behaviour is modelled (and the clauses permit it):
/// - Sizes and places (9.1, 16.1): aligned 32-bit accesses, to halves of 64-bit registers too, and aligned
/// 64-bit
///   accesses to 64-bit registers. All others are RAZ/WI. SSDR takes words only (13.1).
/// - Above the last bank: RAZ/WI (8.3 against 2.6.1). Inside a bank: RAZ/WI where nothing is (3.9).
/// - A register of the other bank format (TCR2, TTBR1, CONTEXTIDR, MAIR, PAR and the operations in stage 2;
///   IPAFAR, TLBIIPAS2 in stage 1) is RAZ/WI and keeps its contents (17.1, 3.9).
/// - Storage of multi-format registers is the union of the formats (9.5, 16.4): S2CR, CBAR, TCR, SCTLR,
/// FSYNR0,
///   TTBR, PAR. A field that an ID bit takes away in the current format has no effect there.
/// - sACR, ACTLR, GFSYNR2, FSYNR1, IDR3 to IDR6, IMPLEMENTATION DEFINED pages and bits: RAZ/WI. So are places
///   of the page of performance monitors that have no register.
/// - SCR0, CR0: TRANSIENTCFG, BSU, FB, PTM and VMIDPNE are stored, whatever IDR0.BTM says.
/// - NSCFG of S2CR and SCTLR is stored in Non-secure registers too, where SES is 1; without effect (9.6.23).
/// - SCR1 counts are stored in full; what exceeds the implementation counts as the implementation (9.6.24),
/// but
///   IDRs show what was written. NSNUMIRPTO is 1 and read-only with dedicated lines (3.6.2).
/// - CBAR.TYPE and every other field of CBAR are writable in all banks (10.2.1); IRPTNDX is 0 with dedicated
///   lines. VMID and VMID16 read back what was written, whatever VMID16EN says (1.6.6).
/// - A change of NSNUMCBO leaves VA64 as it is (2.6.1, 9.6.24). VA64 is RAO where there is no AArch32 scheme
///   (10.2.2), and RES0 where there is no AArch64 scheme.
/// - TCR.EAE is RAO in an AArch32 stage 1 bank without short descriptors (PTFS 01).
/// - Stage 2, AArch32: TCR[31] reads 1; writes of TCR[31] and TCR[4] are ignored (17.3.8).
/// - With STALLD, CFCFG reads 0 and ignores writes; what it held comes back afterwards (3.7.3). GSE is
/// written as
///   the STALLD of the same write says (9.6.3).
/// - Input addresses lose what is above the upstream bus (1.6.4). StreamIDs lose what is above their width.
/// - ID bits under a MASK bit of 1 are kept and ignored (9.6.25).
/// - Writes and atomics leave as data, and are data for permission checks (2.4.2, 9.6.23).
/// - Bypassed transactions: INSTCFG and PRIVCFG do not exist there (Table 2-2), and the address is cut to
/// OAS.
/// - UWXN is the Arm architecture's: what unprivileged software may write, privileged software may not
/// execute
///   (2.7.1; 16.5.29 speaks of any instruction fetch). AArch64 has that always.
/// - The checks of 3.8.4 that end in a context fault (an AArch32 VA above 32 bits, an AArch32 IPA above 40
/// bits)
///   come after the look at old faults (3.7.3), like every other context fault.
/// - Input above 40 bits in an AArch32 stage 2 bank with M=0 is an ASF (3.8.4), above the IPA size a TF
/// (Table
///   3-2).
/// - Two stages need no equal VMIDs (1.6.6). HYPC and MONC together count as MONC (2.9).
/// - GSE holds transactions that have a context bank (3.7.3, pseudocode), while any bank of either state is
///   stalled; each state obeys its own GSE (3.7.5). STALLD acts on the GSE of its own register only.
/// - What waits is taken up again in this order: the resumed one, then the others, oldest first.
/// - A register write of CBAR, CBA2R or SCR1 does not retry a stalled transaction (10.2.1).
/// - Barriers and cache maintenance by clients do not occur. Aborts of client accesses go upstream (3.10): EF
/// of
///   GFSR and GEFRO are RAZ/WI. TLBMCF and TLBLKF never occur and are RAZ/WI.
/// - PNU of FSYNR0 is that after S2CR, in HYPC and MONC banks too (2.8.5).
/// - TLB maintenance and synchronisation complete at once: GSACTIVE and SACTIVE read 0.
/// - Address translation operations: incoming attributes are those of Table 2-3 (unsupported markings). GATS1
/// and
///   ATS1 give the attributes of stage 1, GATS12 those combined with stage 2, CBAR of TYPE 01 included (4.3).
///   NS of a Non-secure bank is 0. The format is that of the stage 1 bank; GATS12 through a second bank is
///   long. A fault has the Format of the bank that it belongs to; ATOT and ICF that of the stage 1 bank, UCBF
///   0.
/// - ATS1 of a bank that is TYPE 10, or of a TYPE that does not exist, or Secure and not 01: ICF in PAR
/// (16.5.14).
/// - A second start while an operation is active is ignored (4.2.1).
/// - An external abort of a walk of a global operation has the STAGE of the descriptor (4.3.2).
/// - IDR1.NUMSSDNDXB is 0 without an SSD table, and so is SSD_Index everywhere (9.6.1, 9.6.18).
/// - SGFSYNR0.NSSTATE is RAZ/WI unless configuration access faults are raised, since external faults go
/// upstream
///   (3.10). Nested is RAZ/WI in SGFSYNR0, NSSTATE and NSATTR in GFSYNR0 (9.6.17).
/// - IPAFAR of a permission fault without S1PTWF is UNKNOWN, and keeps what it had (17.3.2).
/// - What is UNKNOWN is zero: GFSYNR1 of a configuration access fault, S1CBNDX of stage 2 alone, CBFRSYNRA
/// and
///   GFAR of an operation, SSD_Index where there is no SSD table.
struct Choices {
  Choices() {
    // Table 2-4: reserved MemAttr of a stage 2 descriptor is nGnRnE
    walk.reserved_s2_cacheability = 0;
  }
  /// Choices of the translation itself: TxSZ out of range, the Contiguous bit, reserved encodings.
  naive::Choices walk;

  // ---- registers

  /// 2.3.3, 2.6.2, 3.9: Secure registers raise configuration access faults for Non-secure software, rather
  /// than being RAZ/WI. Without it GFSR.CAF, GCFGFIE, GCFGFRE and NSCAFRO are RAZ/WI (9.6.3, 9.6.15, 9.6.24).
  bool configuration_access_faults = false;
  /// With it: so do registers of the global spaces that are not there, for all software (2.3.3, 3.9, 4.1.1),
  bool absent_registers_fault = true;
  /// and banks that Non-secure software may not access (3.9), whose places never raise one otherwise,
  bool secure_banks_fault = true;
  /// and, for Non-secure software, places of Secure registers that this SMMU lacks: those that version 2
  /// added, and aliases of address translation registers (3.9),
  bool absent_secure_places_fault = false;
  /// and SSDR (3.9), which are UNKNOWN and ignore writes for Non-secure software (13.1).
  bool SSDR_fault = false;
  /// 9.6.24: SCR1.NSCAFRO is a fixed 0 or 1, rather than programmable.
  std::optional<bool> fixed_NSCAFRO;
  /// 9.6.23, 10.2.1: bits of S2CR[7:0], which is CBNDX or VMID, that are stored; bits of CBAR.CBNDX that
  /// count.
  unsigned CBNDX_bits = 8;
  unsigned nested_CBNDX_bits = 8;
  /// 9.6.4: CR2.BPVMID is stored. It has no effect.
  bool stores_BPVMID = false;
  /// 9.6.3: without the Stall fault model STALLD is stored, rather than RAZ/WI.
  bool stores_STALLD_without_stall = false;
  /// 9.6.3: SMCFCFG is a fixed 0 or 1, rather than configurable.
  std::optional<bool> fixed_SMCFCFG;
  /// 16.5.39: stage 1 HD is RES0 where HAFDBS is 1, as it is in stage 2 (17.3.8), rather than stored. Either
  /// way it has no effect.
  bool stage1_HD_is_RES0_without_support = true;
  /// 16.5.40: TTBR bits above the larger of IAS and OAS are stored, and give an address size fault, rather
  /// than RAZ/WI.
  bool stores_TTBR_above_sizes = true;
  /// 16.5.40: TTBR[47:40] of an AArch32 stage 1 bank count, and give an address size fault (Table 3-3),
  /// rather than being taken as zero (the note of 16.5.40). Stage 2: 17.3.9 takes them as zero.
  bool aarch32_stage1_TTBR_47_40_counts = true;
  bool aarch32_stage2_TTBR_47_40_counts = false;
  /// 17.3.2: the bits of IPAFAR below the smallest granule are recorded, rather than zero.
  bool IPAFAR_has_low_bits = true;
  /// 16.5.8: FAR has the bits below the smallest granule, rather than zero.
  bool FAR_has_low_bits = true;

  /// 6.3: the events of Table 6-1 that there are. Accesses alone are counted here.
  uint32_t PMCEID0 = 7u << 16;

  // ---- stream mapping

  /// 2.3.7, IDR1.SMCD == 0: a conflict is not detected, the lowest group that matches is used.
  bool undetected_conflict_takes_lowest = false;
  /// 2.3.8: with Stream indexing, a StreamID beyond the groups of its state is an unidentified stream.
  /// (The text is silent; there is no other behaviour here.)

  // ---- global faults

  /// 3.8.1: a global UUT fault aborts if GCFGFRE (the text), if GFRE, or never.
  enum class Report { never, GCFGFRE, GFRE };
  Report unsupported_reports = Report::never;
  /// 3.8.4 against 9.6.17: an ICF of the initial bank (TYPE 10, unsupported TYPE, Secure) has Nested 1.
  bool first_bank_ICF_is_nested = true;
  /// 4.2.4 against 9.6.17: a fault of an operation sets NSSTATE and NSATTR in GFSYNR0, which has them
  /// reserved.
  bool operation_sets_reserved_syndrome = false;

  // ---- context faults

  /// 3.6.3: FSR.SS alone asserts the interrupt.
  bool SS_interrupts = false;
  /// 16.5.11: PLVL of an address size fault of TTBR itself in an AArch32 bank. (AArch64: 0.)
  unsigned aarch32_TTBR_size_fault_level = 1;
  /// 17.3.1: PLVL of an out-of-range input of an AArch64 stage 2 bank. The clause says 1 for all of stage 2,
  /// 16.5.11 says 0 for AArch64. (AArch32: 1.)
  unsigned aarch64_stage2_range_fault_level = 0;
  /// 3.10: an external abort on the fetch of a stage 1 descriptor, where there are two stages, is recorded in
  /// the stage 2 bank.
  bool nested_external_fault_in_stage2 = true;
  /// 17.3.1: such a fault has S1PTWF 1.
  bool nested_external_fault_has_S1PTWF = true;
  /// 16.5.28: a transaction that is taken up again starts after SSD, rather than with the S2CR that it had.
  bool retries_from_stream_mapping = true;

  // ---- translation

  /// 1.6.4: bits above SEP may also be copies of the bit at SEP, rather than zero alone.
  bool SEP_accepts_extended_bits = false;
  /// 16.5.39 against 1.5.1: TBI acts on client transactions too, rather than on operations alone.
  bool TBI_for_transactions = false;
  /// 16.5.38: a granule that is reserved or not there is taken as 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB; where
  /// that is not there either, as the smallest that is.
  unsigned granule_instead = 0;
  /// Table 2-2 against 17.3.3: SCTLR[20] of stage 2 is MTCFG, and MemAttr counts only with it.
  bool stage2_SCTLR_has_MTCFG = false;

  // ---- address translation operations

  /// 4.1.1: operations update access flags, as an access would. They never set dirty state.
  bool operations_update_flags = false;
  /// 4.3 against 4.3.2: a bad NDX is recorded as UCBF in GFSR too.
  bool bad_index_in_GFSR = false;
  /// 16.5.14 against 9.6.20: PAR.Outer has the codes of GPAR (01 Write-Back Write-Allocate, 10
  /// Write-Through).
  bool PAR_outer_as_GPAR = false;
};

}  // namespace naive_smmuv2
