// What one SMMUv2 or SMMUv1 instance has: the values that its ID registers report, and what it does where the
// specification leaves the choice.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/registers.h"
#include "smmuvp/smmuv2/quirks.h"

namespace smmuvp::smmuv2 {

/// A bit that software may write, or that always reads as one value.
enum class FixedBit : std::uint8_t {
  programmable,      ///< resets to 0, or to what Features::reset_fill gives where reset leaves it UNKNOWN
  programmable_one,  ///< resets to 1
  zero,
  one,
};

/// What is wrong with a combination of features.
struct FeatureProblem {
  std::vector<const char*> parameters;  ///< that it is about, the one that the text is about first
  const char* text;                     ///< what must be, beginning with the name of the first
};

/// Features that parameters switch. Names are those of the ID register fields (IHI 0062 9.6.1), values theirs
/// but for sizes of addresses. Extended stream matching, StreamID compressed indexing, E2H contexts and
/// broadcast TLB maintenance are not built: EXSMRGS, EXNUMSMRG, COMPINDEXS, E2HS and BTM read as 0.
struct Features {
  // IDR0
  bool SES = false;           ///< two Security states
  bool S1TS = true;           ///< stage 1 translation
  bool S2TS = true;           ///< stage 2 translation
  bool NTS = true;            ///< stage 1 followed by stage 2
  bool SMS = true;            ///< stream matching; false: stream indexing
  bool ATOSNS = false;        ///< 1: there are no address translation operations
  std::uint8_t PTFS = 0;      ///< AArch32 formats: 0 short and long descriptors, 1 long ones, 2 none
  std::uint8_t NUMIRPT = 1;   ///< context interrupts; in SMMUv2, 1 is one of its own for each bank (3.6.2)
  bool CTTW = true;           ///< coherent table walks
  std::uint8_t NUMSIDB = 15;  ///< StreamID bits, 0 to 15
  bool EXIDS = true;          ///< 16-bit StreamIDs
  std::uint8_t NUMSMRG = 64;  ///< stream mapping register groups, 1 to 128
  // IDR1
  bool PAGESIZE = false;         ///< pages of the register map: 0 4 KiB, 1 64 KiB
  std::uint8_t NUMPAGENDXB = 4;  ///< the register map has 2 * 2^(NUMPAGENDXB + 1) pages
  std::uint8_t HAFDBS = 3;       ///< hardware updates: 0 none, 1 Access flag, 3 dirty state too
  std::uint8_t NUMS2CB = 0;      ///< context banks, from 0 on, for stage 2 alone
  bool SMCD = true;              ///< every stream match conflict is detected
  std::uint8_t SSDTP = 0;        ///< SSD table: 0 none, 1 with NUMSSDNDXB bits, 3 with 16 bits
  std::uint8_t NUMSSDNDXB = 0;   ///< SSD_Index bits
  std::uint8_t NUMCB = 32;       ///< context banks, 0 to 128
  // IDR2
  bool DIPANS = true;       ///< S2CR.PRIVCFG 1 is Data and Instruction Privileged Access Never
  bool HADS = true;         ///< TCR2.HADx
  bool VMID16S = true;      ///< 16-bit VMIDs
  bool PTFSv8_64kB = true;  ///< AArch64 formats with the 64 KiB granule
  bool PTFSv8_16kB = true;  ///< with the 16 KiB granule
  bool PTFSv8_4kB = true;   ///< with the 4 KiB granule
  std::uint8_t UBS = 49;    ///< bits of upstream addresses: 32, 36, 40, 42, 44, 49 or 64
  std::uint8_t OAS = 48;    ///< bits of physical addresses: 32, 36, 40, 42, 44 or 48
  std::uint8_t IAS = 48;    ///< bits of intermediate physical addresses, likewise
  // IDR3 to IDR7
  std::uint32_t IDR4 = 0;  ///< IMPLEMENTATION DEFINED
  std::uint32_t IDR5 = 0;  ///< likewise
  std::uint8_t MAJOR = 0;  ///< revision of the implementation
  std::uint8_t MINOR = 0;
  /// Peripheral and Component ID registers at 0xfd0 to 0xffc of Global Register Space 0; 0: there are none.
  /// PIDR0 is the lowest byte.
  std::uint64_t PIDR = 0;
  std::uint32_t CIDR = 0xb105f00d;  ///< CIDR0 is the lowest byte

  // What no ID register says
  std::uint8_t version = 2;  ///< 1: SMMUv1, 2: SMMUv2
  /// SMMUv1 with AArch64 contexts of the 64 KiB granule, as MMU-401 has; PTFSv8_64kB then reads as 0.
  bool aarch64_in_v1 = false;
  bool stalls = true;           ///< the Stall fault model; false: SCTLR.CFCFG is RAZ/WI
  bool STALLD = true;           ///< sCR0.STALLD is there; needs `stalls`
  bool GSE = true;              ///< global stalling; needs `stalls`
  std::uint8_t CBNDX_bits = 8;  ///< of S2CR.CBNDX and CBAR.CBNDX; those above are RAZ/WI
  bool CBFIXED = false;         ///< banks of one stage have CBAR.TYPE read-only (10.2.1)
  bool NSNUMCBO_fixed = false;  ///< SCR1.NSNUMCBO and NSNUMIRPTO are read-only (9.6.24)
  bool CAF = true;              ///< configuration access faults; false: such accesses are RAZ/WI
  /// GFSR.EF can be written. SMMUv2 never sets it: what the memory system aborts goes back to the client, in
  /// which case EF and GEFRO are RAZ/WI (3.10).
  bool EF = false;
  FixedBit SMCFCFG = FixedBit::programmable;       ///< sCR0[21]
  FixedBit SCR1_NSCAFRO = FixedBit::programmable;  ///< SCR1[28], also NSCAFnFS; needs CAF
  FixedBit SCR1_GEFRO = FixedBit::zero;            ///< SCR1[25], also GEFFS
  /// SSDRn reset to Non-secure, as the SSD_Index values of a system without Secure software would be fixed
  /// (13.1); false: as reset_fill says.
  bool SSDR_non_secure = true;
  /// Performance monitors (6): groups of counters, 0 to 128, and counters of each, 1 to 15, or 0 without
  /// groups.
  std::uint16_t counter_groups = 0;
  std::uint8_t CGNC = 0;
  bool mmu500_registers = false;  ///< sACR, ACTLR and debug registers of MMU-500
  /// What registers read that reset leaves UNKNOWN: 0 zeros, else a seed.
  std::uint64_t reset_fill = 0;
  Quirks quirks;  ///< departures from the architecture; none is the SMMU of IHI 0062

  /// All that is wrong with the combination; empty if it is legal.
  std::vector<FeatureProblem> problems() const;
  /// The first of these, or nullptr.
  const char* problem() const;

  // ---- what follows from the others

  /// Codes of IDR2.
  std::uint8_t UBS_code() const;
  std::uint8_t OAS_code() const;
  std::uint8_t IAS_code() const;
  bool aarch32() const { return PTFS != 2; }
  bool aarch64() const { return PTFSv8_4kB || PTFSv8_16kB || PTFSv8_64kB; }
  bool address_translation_operations() const { return S1TS && !ATOSNS; }  // 4.1.1
  std::uint32_t page_bytes() const { return PAGESIZE ? 0x10000 : 0x1000; }
  /// NUMPAGE: pages of each half of the register map (8.1.1).
  std::uint32_t pages() const { return 2U << NUMPAGENDXB; }
  std::uint32_t window_bytes() const { return 2 * pages() * page_bytes(); }
  unsigned stream_id_bits() const { return EXIDS ? 16 : NUMSIDB; }
  /// S2CRs, and SMRs where there are any; with stream indexing one a StreamID (2.3.2).
  unsigned stream_groups() const { return NUMSMRG; }
  /// 0: there is no SSD table.
  unsigned ssd_index_bits() const { return SSDTP == 0 ? 0 : SSDTP == 3 ? 16 : NUMSSDNDXB; }
  /// A line for each bank, rather than lines that CBAR.IRPTNDX assigns (3.6.2).
  bool dedicated_interrupts() const { return version != 1 && NUMIRPT == 1; }
  unsigned context_interrupts() const { return dedicated_interrupts() ? NUMCB : NUMIRPT; }
  unsigned counters() const { return unsigned{counter_groups} * CGNC; }
};

/// ID registers, computed from what is built and switched on.
struct IdRegisters {
  std::uint32_t IDR0 = 0;
  std::uint32_t IDR1 = 0;
  std::uint32_t IDR2 = 0;
  std::uint32_t IDR3 = 0;
  std::uint32_t IDR4 = 0;
  std::uint32_t IDR5 = 0;
  std::uint32_t IDR6 = 0;
  std::uint32_t IDR7 = 0;
  std::uint8_t PIDR[8] = {};  ///< PIDR0 first
  std::uint8_t CIDR[4] = {};
};
/// What the only Security state reads, or Secure software.
IdRegisters id_registers(const Features& features);
/// What software of either Security state reads while SCR1 has a value. Without SES, both read the same.
IdRegisters id_registers(const Features& features, AccessSecurity reader, std::uint32_t SCR1);
/// SCR1 after reset; 0 without SES.
std::uint32_t SCR1_reset(const Features& features);

}  // namespace smmuvp::smmuv2
