// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "mpam.h"
#include "naive.h"

namespace naive_smmuv3 {

/// The Command queue control pages of a state (6.3.45, 6.3.49).
struct ControlPages {
  unsigned LOG2NUMP = 0;
  unsigned LOG2NUMQ = 0;
  uint64_t ADDR = 0x40000;  ///< of the first, from that of Page 0

  [[nodiscard]] uint64_t bytes() const { return uint64_t{0x10000} << LOG2NUMP; }
};

/// What the implementation has: one member for each field of IDR0, IDR1, IDR3, IDR5 and IIDR, with the
/// field's name and encoding (IHI 0070 6.3.1, 6.3.2, 6.3.4, 6.3.6, 6.3.7), and the reset values that are
/// IMPLEMENTATION DEFINED. Fields of features that this model lacks must stay zero; validate() says so.
struct Features {
  // IDR0
  bool RME_IMPL = false;
  unsigned ST_LEVEL = 1;
  bool TERM_MODEL = false;
  unsigned STALL_MODEL = 0;
  bool ATSRECERR = false;
  unsigned TTENDIAN = 0;
  bool VATOS = false;
  bool CD2L = true;
  bool VMID16 = true;
  bool VMW = false;
  bool PRI = false;
  bool ATOS = true;
  bool SEV = true;
  bool MSI = true;
  bool ASID16 = true;
  bool NS1ATS = false;
  bool ATS = false;
  bool Hyp = true;
  bool DORMHINT = false;
  unsigned HTTU = 2;
  bool BTM = false;
  bool COHACC = true;
  unsigned TTF = 3;
  bool S1P = true;
  bool S2P = true;
  // IDR1
  bool ECMDQ = false;
  bool TABLES_PRESET = false;
  bool QUEUES_PRESET = false;
  bool REL = false;
  bool ATTR_TYPES_OVR = true;
  bool ATTR_PERMS_OVR = true;
  unsigned CMDQS = 19;
  unsigned EVENTQS = 19;
  unsigned PRIQS = 0;
  unsigned SSIDSIZE = 20;
  unsigned SIDSIZE = 32;
  // IDR3
  bool AIE = false;
  bool MTEPERM = false;
  bool THE = false;
  bool S2PO = false;
  bool S2PI = false;
  bool S1PI = false;
  bool EPAN = false;
  bool PASIDTT = false;
  bool DPT = false;
  bool PTWNNC = true;
  bool E0PD = true;
  unsigned BBML = 2;
  bool RIL = true;
  bool STT = true;
  bool FWB = true;
  bool MPAM = false;
  bool PPS = false;
  bool XNX = true;
  bool PBHA = false;
  bool HAD = true;
  // IDR5
  unsigned STALL_MAX = 8;
  unsigned VAX = 0;
  bool D128 = false;
  bool DS = false;
  bool GRAN64K = true;
  bool GRAN16K = true;
  bool GRAN4K = true;
  unsigned OAS = 5;
  // IIDR
  unsigned ProductID = 0;
  unsigned Variant = 0;
  unsigned Revision = 0;
  unsigned Implementer = 0;
  // S_IDR0 to S_IDR3 (6.3.52 to 6.3.55). S_IDR0.STALL_MODEL is STALL_MODEL: with a Secure state that of IDR0
  // follows from it and S_CR0.NSSTALLD (3.12).
  bool SECURE_IMPL = false;
  bool SEL2 = false;
  bool S_MSI = false;
  bool S_ECMDQ = false;
  unsigned S_SIDSIZE = 0;
  bool SAMS = false;
  // MPAMIDR, S_MPAMIDR (6.3.41, 6.3.87)
  MpamMax MPAM_MAX, S_MPAM_MAX;
  bool HAS_MPAM_NS = false;
  // IDR6, S_IDR6
  ControlPages CMDQ_CONTROL_PAGES;
  ControlPages S_CMDQ_CONTROL_PAGES;
  // IDR2, S_IDR2 (6.3.3, 6.3.54)
  unsigned BA_VATOS = 0;
  unsigned BA_S_VATOS = 0;

  uint32_t IDR4 = 0;    ///< IMPLEMENTATION DEFINED (6.3.5)
  uint32_t S_IDR4 = 0;  ///< IMPLEMENTATION DEFINED (6.3.56)
  /// ArchMinorRev; without a value it is the highest minor version whose mandatory features are all there.
  std::optional<unsigned> ArchMinorRev;

  // Reset values (6.3.14)
  bool GBPA_ABORT = false;
  /// The other fields of GBPA, at their places. Reset is SHCFG 0b01, "use incoming".
  uint32_t GBPA_ATTRIBUTES = 0x00001000;
  bool S_GBPA_ABORT = false;
  uint32_t S_GBPA_ATTRIBUTES = 0x00001000;  ///< of S_GBPA (6.3.63), which has NSCFG too

  [[nodiscard]] uint32_t idr0() const;
  [[nodiscard]] uint32_t idr1() const;
  [[nodiscard]] uint32_t idr2() const;
  [[nodiscard]] uint32_t idr3() const;
  [[nodiscard]] uint32_t idr5() const;
  [[nodiscard]] uint32_t idr6() const;
  [[nodiscard]] uint32_t iidr() const;
  [[nodiscard]] uint32_t s_idr0() const;
  [[nodiscard]] uint32_t s_idr1() const;
  [[nodiscard]] uint32_t s_idr2() const;
  [[nodiscard]] uint32_t s_idr3() const;
  [[nodiscard]] uint32_t s_idr6() const;
  [[nodiscard]] uint32_t aidr() const;
  [[nodiscard]] unsigned minor_version() const;

  /// Bits of a physical address (IDR5.OAS)
  [[nodiscard]] unsigned oas_bits() const;
  /// Bits of an IPA (3.4, IAS)
  [[nodiscard]] unsigned ias_bits() const;
  /// GranuleSupported(), for log2 of the granule's bytes
  [[nodiscard]] bool granule_supported(unsigned log2_bytes) const;
  /// The size that IPS or S2PS encodes, capped to the OAS (5.2 STE.S2PS, 5.4 CD.IPS)
  [[nodiscard]] unsigned effective_output_bits(unsigned encoded) const;
  /// Does this state have MPAM, and a VMS?
  [[nodiscard]] bool mpam_supported(naive::Space state) const;
  [[nodiscard]] bool vms_supported(naive::Space state) const;
  [[nodiscard]] const MpamMax& mpam_max(naive::Space state, bool MPAM_NS) const;
  /// 6.2.4
  [[nodiscard]] bool secure_vatos() const { return VATOS && SEL2; }
  [[nodiscard]] bool lpae_tables() const { return (TTF & 1) != 0; }
  [[nodiscard]] bool vmsa64_tables() const { return (TTF & 2) != 0; }

  /// Throws std::invalid_argument for what this model cannot be, and for fields that contradict each other.
  void validate() const;

 private:
  void validate_secure() const;
  void validate_pages() const;
};

}  // namespace naive_smmuv3
