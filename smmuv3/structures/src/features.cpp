#include "smmuvp/smmuv3/features.h"

#include <algorithm>

namespace smmuvp::smmuv3 {

namespace {

constexpr std::uint32_t bit(bool value, unsigned at) { return static_cast<std::uint32_t>(value) << at; }
constexpr std::uint32_t field(std::uint32_t value, unsigned at) { return value << at; }

// 6.3.45, 6.3.91
std::uint32_t idr6(const EcmdqFeatures& f) {
  if (!f.ECMDQ) return 0;
  return field(f.CMDQ_CONTROL_PAGE_LOG2NUMP, 24) | field(f.CMDQ_CONTROL_PAGE_LOG2NUMQ, 16);
}

unsigned log2_queues(const EcmdqFeatures& f) {
  return unsigned{f.CMDQ_CONTROL_PAGE_LOG2NUMP} + f.CMDQ_CONTROL_PAGE_LOG2NUMQ;
}

}  // namespace

std::uint8_t Features::oas_code() const {
  switch (OAS) {
    case 32:
      return 0;
    case 36:
      return 1;
    case 40:
      return 2;
    case 42:
      return 3;
    case 44:
      return 4;
    case 48:
      return 5;
    default:
      return 6;
  }
}

const char* Features::problem() const {
  if (SIDSIZE > 32) return "SIDSIZE is 0 to 32";
  if (SSIDSIZE > 20) return "SSIDSIZE is 0 to 20";
  if (ST_LEVEL > 1) return "ST_LEVEL is 0 or 1";
  // IHI 0070 6.3.2, IDR1.SIDSIZE
  if (SIDSIZE >= 7 && ST_LEVEL == 0) return "SIDSIZE of 7 or more needs two-level Stream tables (ST_LEVEL 1)";
  if (CMDQS > 19 || EVENTQS > 19) return "CMDQS and EVENTQS are 0 to 19";
  if (PRIQS > 19) return "PRIQS is 0 to 19";
  // 6.3.1, 6.3.4: RES0 without
  if (PRI && !ATS) return "PRI needs ATS";
  if (PPS && (!PRI || SSIDSIZE == 0)) return "PPS needs PRI, and substreams";
  if (OAS != 32 && OAS != 36 && OAS != 40 && OAS != 42 && OAS != 44 && OAS != 48 && OAS != 52) {
    return "OAS is 32, 36, 40, 42, 44, 48 or 52";
  }
  if (TTF == 0 || TTF > 3) return "TTF is 1, 2 or 3";
  if (HTTU > 2) return "HTTU is 0, 1 or 2";
  if (BBML > 2) return "BBML is 0, 1 or 2";
  // 6.3.4: of an SMMU whose IDR3.HAD is 1, and RES0 in SMMUv3.0
  if (PBHA && !(S1P && HAD)) return "PBHA needs HAD, and so stage 1 (S1P)";
  if (PBHA && version() == 0) return "PBHA needs SMMUv3.1 (XNX with stage 2)";
  // 6.3.4, 6.3.41, 6.3.87, 17.1: in one Security state at least. 2.5: MPAM_NS is of SMMUv3.3
  if (!MPAM && (PARTID_MAX != 0 || PMG_MAX != 0)) return "PARTID_MAX and PMG_MAX need MPAM";
  if (!(MPAM && SECURE_IMPL) && (S_PARTID_MAX != 0 || S_PMG_MAX != 0)) {
    return "S_PARTID_MAX and S_PMG_MAX need MPAM and SECURE_IMPL";
  }
  if (HAS_MPAM_NS && !(MPAM && SECURE_IMPL)) return "HAS_MPAM_NS needs MPAM and SECURE_IMPL";
  if (MPAM && version() < 2) return "MPAM needs SMMUv3.2 (RIL, BBML, FWB and Hyp)";
  if (HAS_MPAM_NS && version() < 3) return "HAS_MPAM_NS needs SMMUv3.3 (E0PD and PTWNNC)";
  if (MPAM && !has_mpam(SecSid::non_secure) && !has_mpam(SecSid::secure)) {
    return "MPAM needs a maximum that is not 0: PARTID_MAX, PMG_MAX, S_PARTID_MAX or S_PMG_MAX";
  }
  // 6.3.6: sizes need formats that can have them.
  if ((TTF & 1U) != 0 && !GRAN4K) return "TTF with VMSAv8-32 LPAE needs the 4 KiB granule (GRAN4K)";
  if (VAX > 1) return "VAX is 0 or 1";
  if (DS && !GRAN4K && !GRAN16K) return "DS needs a granule of 4 or 16 KiB (GRAN4K, GRAN16K)";
  if (DS && VAX == 0) return "DS needs virtual addresses of 52 bits (VAX 1)";
  if (VAX != 0 && !GRAN64K && !DS) return "VAX 1 needs the 64 KiB granule (GRAN64K) or DS";
  if (OAS == 52 && !GRAN64K && !DS) return "OAS of 52 needs the 64 KiB granule (GRAN64K) or DS";
  if ((OAS == 52 || VAX != 0) && version() == 0) {
    return "OAS of 52 and VAX 1 need SMMUv3.1 (HAD with stage 1, XNX with stage 2)";
  }
  if (PTWNNC && !S2P) return "PTWNNC needs stage 2 translation (S2P)";
  if (!S1P && !S2P) return "S1P or S2P has to be 1: an SMMU translates by one stage at least";
  if (Hyp && !(S1P && S2P)) return "Hyp needs both stages of translation (S1P and S2P)";
  if (VMID16 && !S2P) return "VMID16 needs stage 2 translation (S2P)";
  if (VMW && !S2P) return "VMW needs stage 2 translation (S2P)";               // 6.3.1
  if (VATOS && !(ATOS && S1P && S2P)) return "VATOS needs ATOS, S1P and S2P";  // 6.3.1
  if (BA_VATOS > 0x3ff) return "BA_VATOS is 0 to 1023";
  if (BA_S_VATOS > 0x3ff) return "BA_S_VATOS is 0 to 1023";
  // 6.3.6 asks for none by name, but a granule that no table can have translates nothing.
  if (!GRAN4K && !GRAN16K && !GRAN64K) return "GRAN4K, GRAN16K or GRAN64K has to be 1";
  if (SECURE_IMPL && !S1P) return "SECURE_IMPL needs stage 1 translation (S1P)";  // 6.3.53
  if (SEL2 && !SECURE_IMPL) return "SEL2 needs a Secure state (SECURE_IMPL)";
  if (SEL2 && !S2P) return "SEL2 needs both stages of translation (S1P and S2P)";
  if (SEL2 && version() < 2) return "SEL2 needs SMMUv3.2 (RIL, BBML, FWB and Hyp)";
  if (S_SIDSIZE > 32) return "S_SIDSIZE is 0 to 32";
  if (SECURE_IMPL && S_SIDSIZE >= 7 && ST_LEVEL == 0) {
    return "S_SIDSIZE of 7 or more needs two-level Stream tables (ST_LEVEL 1)";
  }
  if (ecmdq.ECMDQ && !(COHACC && MSI)) return "ECMDQ needs COHACC and MSI";  // 6.3.2
  if (s_ecmdq.ECMDQ && !SECURE_IMPL) return "S_ECMDQ needs a Secure state (SECURE_IMPL)";
  if (s_ecmdq.ECMDQ && !(COHACC && MSI)) return "S_ECMDQ needs COHACC and MSI";  // 6.3.52
  // An SMMU may have 256 pages of 256 queues each: more than anybody would simulate.
  if (log2_queues(ecmdq) > EcmdqFeatures::most_queues_log2) {
    return "CMDQ_CONTROL_PAGE_LOG2NUMP and CMDQ_CONTROL_PAGE_LOG2NUMQ together are 8 at most, 256 queues";
  }
  if (log2_queues(s_ecmdq) > EcmdqFeatures::most_queues_log2) {
    return "S_CMDQ_CONTROL_PAGE_LOG2NUMP and S_CMDQ_CONTROL_PAGE_LOG2NUMQ together are 8 at most, 256 queues";
  }
  if (TTENDIAN != 0 && TTENDIAN != 2 && TTENDIAN != 3) return "TTENDIAN is 0, 2 or 3";
  // 6.3.1, 6.3.4: RES0 without what they are about
  if (!ATS && ATSRECERR) return "ATSRECERR needs ATS";
  if (NS1ATS && !(ATS && S1P && S2P)) return "NS1ATS needs ATS, S1P and S2P";
  if (PASIDTT && !ATS) return "PASIDTT needs ATS";
  if (PASIDTT && SSIDSIZE == 0) return "PASIDTT needs SubstreamIDs (SSIDSIZE of 1 or more)";
  if (ATS && STALL_MODEL == 2) return "STALL_MODEL 2 does not go with PCI, and so not with ATS";
  // 6.3.6: STALL_MAX is RES0 without stalls
  if (STALL_MODEL > 2) return "STALL_MODEL is 0, 1 or 2";
  if (STALL_MODEL == 1 && STALL_MAX != 0) return "STALL_MAX is 0 with STALL_MODEL 1, which never stalls";
  if (STALL_MODEL != 1 && STALL_MAX == 0) return "STALL_MAX is 1 or more with STALL_MODEL 0 and 2";
  if (const char* p = pmcg.problem()) return p;
  return quirk_problem(*this);
}

const char* PmcgFeatures::problem() const {
  if (counters == 0) return nullptr;
  if (counters < 4 || counters > 64) return "pmcg_counters is 4 to 64";
  if (bits != 32 && bits != 36 && bits != 40 && bits != 44 && bits != 48 && bits != 64) {
    return "pmcg_bits is 32, 36, 40, 44, 48 or 64";
  }
  constexpr std::uint32_t furthest = 0x0100'0000;
  for (const std::uint32_t offset : {tcu, tcu_page1, tbu, tbu_page1, tbu_stride}) {
    if (offset % page_size != 0 || offset > furthest) {
      return "pmcg_offset, pmcg_page1, pmcg_tbu_offset, pmcg_tbu_page1 and pmcg_tbu_stride are multiples of "
             "4 KiB, of 16 MiB at most";
    }
  }
  return nullptr;
}

// What each version asks for: 2.3 to 2.5, 2.8, and IDR0 and IDR3 (6.3.1, 6.3.4).
unsigned Features::version() const {
  if ((S1P && !HAD) || (S2P && !XNX)) return 0;
  if (!RIL || BBML == 0 || !FWB || (S1P && S2P && !Hyp)) return 1;
  if (!E0PD || (S2P && !PTWNNC)) return 2;
  // SMMUv3.4 asks for EPAN, and with stage 2 for MTEPERM, which is not built.
  return EPAN && !S2P ? 4 : 3;
}

// VMSAv8-32 tables have IPAs of 40 bits, VMSAv8-64 ones as many bits as physical addresses have (3.4).
unsigned Features::ias() const { return std::max((TTF & 1U) != 0 ? 40U : 0U, (TTF & 2U) != 0 ? OAS : 0U); }

bool Features::has_mpam(SecSid sec_sid) const {
  if (!MPAM) return false;
  return sec_sid == SecSid::secure ? S_PARTID_MAX != 0 || S_PMG_MAX != 0 : PARTID_MAX != 0 || PMG_MAX != 0;
}

bool Features::has_vms(SecSid sec_sid) const {
  if (!has_mpam(sec_sid) || !S1P || !S2P) return false;
  if (sec_sid == SecSid::non_secure) return PARTID_MAX != 0;
  return SEL2 && (S_PARTID_MAX != 0 || (HAS_MPAM_NS && PARTID_MAX != 0));
}

// Fields that are not set here belong to features that are not built, or are RES0 without them: RME_IMPL,
// DORMHINT.
IdRegisters id_registers(const Features& f) {
  IdRegisters id;
  id.IDR0 = field(f.ST_LEVEL, 27) | bit(f.TERM_MODEL, 26) | field(f.STALL_MODEL, 24) | bit(f.ATSRECERR, 23) |
            field(f.TTENDIAN, 21) | bit(f.VATOS, 20) | bit(f.CD2L, 19) | bit(f.VMID16, 18) | bit(f.VMW, 17) |
            bit(f.PRI, 16) | bit(f.ATOS, 15) | bit(f.SEV, 14) | bit(f.MSI, 13) | bit(f.ASID16, 12) |
            bit(f.NS1ATS, 11) | bit(f.ATS, 10) | bit(f.Hyp, 9) | field(f.HTTU, 6) | bit(f.BTM, 5) |
            bit(f.COHACC, 4) | field(f.TTF, 2) | bit(f.S1P, 1) | bit(f.S2P, 0);
  id.IDR1 = bit(f.ecmdq.ECMDQ, 31) | bit(f.ATTR_TYPES_OVR, 27) | bit(f.ATTR_PERMS_OVR, 26) |
            field(f.CMDQS, 21) | field(f.EVENTQS, 16) | field(f.PRIQS, 11) | field(f.SSIDSIZE, 6) | f.SIDSIZE;
  id.IDR2 = f.VATOS ? f.BA_VATOS : 0U;
  id.IDR3 = bit(f.EPAN, 17) | bit(f.PASIDTT, 16) | bit(f.PTWNNC && f.S2P, 14) | bit(f.E0PD, 13) |
            field(f.BBML, 11) | bit(f.RIL, 10) | bit(f.STT, 9) | bit(f.FWB, 8) | bit(f.PPS, 5) |
            bit(f.has_xnx(), 4) | bit(f.PBHA, 3) | bit(f.HAD && f.S1P, 2);
  id.IDR5 = field(f.STALL_MAX, 16) | field(f.VAX, 10) | bit(f.DS, 7) | bit(f.GRAN64K, 6) | bit(f.GRAN16K, 5) |
            bit(f.GRAN4K, 4) | f.oas_code();
  id.IDR6 = idr6(f.ecmdq);
  id.IIDR = f.IIDR;
  id.AIDR = f.version();
  if (f.MPAM) id.IDR3 |= bit(true, 7);
  id.MPAMIDR = field(f.PMG_MAX, 16) | f.PARTID_MAX;
  if (!f.SECURE_IMPL) return id;
  // 6.3.52 to 6.3.55. SAMS: no ATS maintenance on the Secure Command queues.
  id.S_IDR0 = bit(f.s_ecmdq.ECMDQ, 31) | field(f.STALL_MODEL, 24) | bit(f.MSI, 13);
  id.S_IDR1 = bit(f.SECURE_IMPL, 31) | bit(f.SEL2, 29) | f.S_SIDSIZE;
  id.S_IDR2 = f.has_vatos(SecSid::secure) ? f.BA_S_VATOS : 0U;
  id.S_IDR3 = bit(f.ATS, 6);
  id.S_IDR6 = idr6(f.s_ecmdq);
  id.S_MPAMIDR = bit(f.HAS_MPAM_NS, 25) | field(f.S_PMG_MAX, 16) | f.S_PARTID_MAX;
  return id;
}

}  // namespace smmuvp::smmuv3
