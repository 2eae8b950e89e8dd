// SPDX-License-Identifier: MIT
//
// What an implementation has: the fields of the identification registers (IHI 0062 9.6.1), and what no
// register tells.
#pragma once

#include <cstdint>

namespace naive_smmuv2 {

/// Names and encodings are those of IDR0, IDR1, IDR2 and IDR7, as Secure software reads them. Absent, and
/// zero in the registers: EXSMRGS, COMPINDEXS, E2HS, EXNUMSMRG.
struct Parameters {
  unsigned version = 2;  ///< 1: SMMUv1 (1.1.4), whose fields that version 2 added are zero

  // IDR0
  bool SES = true;
  bool S1TS = true, S2TS = true, NTS = true;
  bool SMS = true;
  bool ATOSNS = false;
  unsigned PTFS = 0;     ///< 0 short and long, 1 long, 2 none
  unsigned NUMIRPT = 1;  ///< 1: each context bank of an SMMUv2 has a line of its own (3.6.2)
  bool CTTW = true, BTM = false;
  unsigned NUMSIDB = 15;
  bool EXIDS = false;
  unsigned NUMSMRG = 32;
  // IDR1
  unsigned PAGESIZE = 0;  ///< 0: 4 KiB, 1: 64 KiB
  unsigned NUMPAGENDXB = 4;
  unsigned HAFDBS = 3;
  unsigned NUMS2CB = 0;
  bool SMCD = true;
  unsigned SSDTP = 1;  ///< 0 none, 1 NUMSSDNDXB bits, 3 sixteen bits
  unsigned NUMSSDNDXB = 8;
  unsigned NUMCB = 16;
  // IDR2
  bool DIPANS = true, HADS = true, VMID16S = true;
  bool PTFSv8_64KB = true, PTFSv8_16KB = true, PTFSv8_4KB = true;
  unsigned UBS = 5;  ///< 0 to 5: 32, 36, 40, 42, 44, 49 bits; 15: 64
  unsigned OAS = 5, IAS = 5;
  // IDR7
  unsigned MAJOR = 2, MINOR = 0;

  bool stall = true;  ///< the Stall fault model (3.7.3)
  bool GSE = true;    ///< global stall (3.7.5); counts only with stall
  /// Performance monitors (6.5): counter groups, none or more, and the counters of each.
  unsigned counter_groups = 0, CGNC = 0;
  /// What reset leaves UNKNOWN (9.2, 16.2): each 32-bit word of it, as far as it has storage.
  uint32_t unknown = 0;

  [[nodiscard]] unsigned ubs_bits() const;
  [[nodiscard]] unsigned oas_bits() const;
  [[nodiscard]] unsigned ias_bits() const;
  [[nodiscard]] bool aarch32() const { return PTFS != 2; }
  [[nodiscard]] bool aarch64() const { return PTFSv8_4KB || PTFSv8_16KB || PTFSv8_64KB; }
  [[nodiscard]] uint64_t page_bytes() const { return PAGESIZE == 0 ? 0x1000 : 0x10000; }
  [[nodiscard]] unsigned pages() const { return 2u << NUMPAGENDXB; }  ///< NUMPAGE (8.1.1)
  [[nodiscard]] unsigned stream_id_bits() const { return EXIDS ? 16 : NUMSIDB; }
  [[nodiscard]] unsigned counters() const { return counter_groups * CGNC; }
  /// Zero where there is no SSD address space
  [[nodiscard]] unsigned ssd_index_bits() const;
  /// One interrupt line a bank, rather than assignable ones (3.6.2)
  [[nodiscard]] bool dedicated_interrupts() const { return version != 1 && NUMIRPT == 1; }
  [[nodiscard]] bool address_translation_operations() const { return S1TS && !ATOSNS; }  // 4.1.1
};

/// Throws std::invalid_argument where the text forbids the combination (1.6.1, 9.6.1).
void check(const Parameters& parameters);

}  // namespace naive_smmuv2
