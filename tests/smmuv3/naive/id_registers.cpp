// SPDX-License-Identifier: MIT
//
// ID registers: IHI 0070 6.3.1 to 6.3.8.
#include "id_registers.h"

#include <stdexcept>
#include <string>
#include <vector>

#include "bits.h"

namespace naive_smmuv3 {

namespace {

uint32_t at(unsigned lsb, unsigned value) { return uint32_t{value} << lsb; }

void need(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(std::string("naive_smmuv3: ") + what);
}

}  // namespace

// 6.3.1
uint32_t Features::idr0() const {
  return at(30, RME_IMPL) | at(27, ST_LEVEL) | at(26, TERM_MODEL) | at(24, STALL_MODEL) | at(23, ATSRECERR) |
         at(21, TTENDIAN) | at(20, VATOS) | at(19, CD2L) | at(18, VMID16) | at(17, VMW) | at(16, PRI) |
         at(15, ATOS) | at(14, SEV) | at(13, MSI) | at(12, ASID16) | at(11, NS1ATS) | at(10, ATS) |
         at(9, Hyp) | at(8, DORMHINT) | at(6, HTTU) | at(5, BTM) | at(4, COHACC) | at(2, TTF) | at(1, S1P) |
         at(0, S2P);
}

// 6.3.2
uint32_t Features::idr1() const {
  return at(31, ECMDQ) | at(30, TABLES_PRESET) | at(29, QUEUES_PRESET) | at(28, REL) |
         at(27, ATTR_TYPES_OVR) | at(26, ATTR_PERMS_OVR) | at(21, CMDQS) | at(16, EVENTQS) | at(11, PRIQS) |
         at(6, SSIDSIZE) | at(0, SIDSIZE);
}

// 6.3.3
uint32_t Features::idr2() const { return at(0, BA_VATOS); }

// 6.3.4
uint32_t Features::idr3() const {
  return at(23, AIE) | at(22, MTEPERM) | at(21, THE) | at(20, S2PO) | at(19, S2PI) | at(18, S1PI) |
         at(17, EPAN) | at(16, PASIDTT) | at(15, DPT) | at(14, PTWNNC) | at(13, E0PD) | at(11, BBML) |
         at(10, RIL) | at(9, STT) | at(8, FWB) | at(7, MPAM) | at(5, PPS) | at(4, XNX) | at(3, PBHA) |
         at(2, HAD);
}

// 6.3.6
uint32_t Features::idr5() const {
  return at(16, STALL_MAX) | at(10, VAX) | at(8, D128) | at(7, DS) | at(6, GRAN64K) | at(5, GRAN16K) |
         at(4, GRAN4K) | at(0, OAS);
}

// 6.3.45
uint32_t Features::idr6() const {
  return ECMDQ ? at(24, CMDQ_CONTROL_PAGES.LOG2NUMP) | at(16, CMDQ_CONTROL_PAGES.LOG2NUMQ) : 0;
}

// 6.3.91
uint32_t Features::s_idr6() const {
  return S_ECMDQ ? at(24, S_CMDQ_CONTROL_PAGES.LOG2NUMP) | at(16, S_CMDQ_CONTROL_PAGES.LOG2NUMQ) : 0;
}

// 6.3.7
uint32_t Features::iidr() const {
  return at(20, ProductID) | at(16, Variant) | at(12, Revision) | at(0, Implementer);
}

// 6.3.52
uint32_t Features::s_idr0() const { return at(31, S_ECMDQ) | at(24, STALL_MODEL) | at(13, S_MSI); }

// 6.3.53
uint32_t Features::s_idr1() const { return at(31, SECURE_IMPL) | at(29, SEL2) | at(0, S_SIDSIZE); }

// 6.3.54
uint32_t Features::s_idr2() const { return at(0, BA_S_VATOS); }

// 6.3.55
uint32_t Features::s_idr3() const { return at(6, SAMS); }

// 6.3.8
uint32_t Features::aidr() const { return minor_version(); }

// The version that a feature is mandatory in stands in the description of its field (6.3.1, 6.3.4); the
// tables of 2.5 and 2.8 name E0PD, PTWNNC and MTE_PERM.
unsigned Features::minor_version() const {
  if (ArchMinorRev.has_value()) return *ArchMinorRev;
  const bool v1 = (XNX || !S2P) && (HAD || !S1P);
  if (!v1) return 0;
  const bool v2 = (Hyp || !S1P || !S2P) && FWB && RIL && BBML != 0;
  if (!v2) return 1;
  const bool v3 = E0PD && (PTWNNC || !S2P);
  if (!v3) return 2;
  const bool v4 = EPAN && (MTEPERM || !S2P);
  return v4 ? 4 : 3;
}

unsigned Features::oas_bits() const {
  static constexpr unsigned sizes[] = {32, 36, 40, 42, 44, 48, 52};
  return sizes[OAS];
}

// 3.4: IAS = MAX(TTF[0] ? 40 : 0, TTF[1] ? OAS : 0)
unsigned Features::ias_bits() const {
  const unsigned lpae = lpae_tables() ? 40 : 0;
  const unsigned vmsa64 = vmsa64_tables() ? oas_bits() : 0;
  return lpae > vmsa64 ? lpae : vmsa64;
}

bool Features::granule_supported(unsigned log2_bytes) const {
  switch (log2_bytes) {
    case 12:
      return GRAN4K;
    case 14:
      return GRAN16K;
    case 16:
      return GRAN64K;
    default:
      return false;  // Reserved encoding
  }
}

// Reserved encodings count as the largest: 48 bits in SMMUv3.0, 52 later. The cap hides the difference.
unsigned Features::effective_output_bits(unsigned encoded) const {
  static constexpr unsigned sizes[] = {32, 36, 40, 42, 44, 48, 52, 52};
  const unsigned size = sizes[encoded & 7];
  return size < oas_bits() ? size : oas_bits();
}

void Features::validate() const {
  // Not in this model
  need(!RME_IMPL && !BTM, "RME and BTM are not modelled");
  need(!TABLES_PRESET && !QUEUES_PRESET && !REL, "preset tables or queues are not modelled");
  need(!AIE && !THE && !S2PO && !S2PI && !S1PI && !PASIDTT && !DPT && !D128,
       "AIE, THE, S2PO, S2PI, S1PI, PASIDTT, DPT and D128 are not modelled");
  need(HTTU <= 2, "HAFT (HTTU 3) is not modelled");
  need(VAX <= 1, "56-bit addresses are not modelled");
  // 6.3.1
  need(S1P || S2P, "an SMMU has at least one stage (3.3.2)");
  need(ST_LEVEL <= 1 && STALL_MODEL <= 2 && TTENDIAN != 1 && TTENDIAN <= 3 && TTF >= 1 && TTF <= 3,
       "reserved value in IDR0");
  need(!Hyp || (S1P && S2P), "Hyp is RES0 without both stages");
  need((!ATSRECERR && !PRI) || ATS, "ATSRECERR and PRI are RES0 without ATS");
  need(!NS1ATS || (ATS && S1P && S2P), "NS1ATS is RES0 without ATS or with one stage");
  need(!SAMS || (ATS && SECURE_IMPL), "SAMS is RES0 without ATS, or without a Secure state");
  // 6.3.2
  need(CMDQS <= 19 && EVENTQS <= 19 && PRIQS <= 19 && SSIDSIZE <= 20 && SIDSIZE <= 32, "IDR1 out of range");
  need(SIDSIZE < 7 || ST_LEVEL != 0, "SIDSIZE >= 7 needs two-level stream tables");
  need(!VATOS || (ATOS && S1P && S2P), "VATOS needs ATOS and both stages");
  need(!VMW || S2P, "VMW is RES0 without stage 2");
  // 6.3.4
  need(BBML <= 2, "reserved value in IDR3");
  need(!PPS || (PRI && SSIDSIZE != 0), "PPS is RES0 without PRI or substreams");
  need(!PBHA || HAD, "PBHA needs HAD");
  need(!HAD || S1P, "HAD is 0 without stage 1");
  need((!PTWNNC && !MTEPERM) || S2P, "PTWNNC and MTEPERM are RES0 without stage 2");
  // 6.3.6
  need(OAS <= 6, "reserved value in IDR5.OAS");
  need(STALL_MODEL != 1 || STALL_MAX == 0, "STALL_MAX is RES0 without the Stall model");
  need(STALL_MODEL == 1 || STALL_MAX != 0, "without room for one, stalled transactions would wait for ever");
  need(STALL_MAX <= 0xFFFF, "STALL_MAX out of range");
  need(!DS || ((GRAN4K || GRAN16K) && VAX >= 1), "DS needs a 4 or 16 KiB granule and 52-bit VAs");
  need(VAX == 0 || GRAN64K || (DS && (GRAN4K || GRAN16K)), "VAX needs a format with 52-bit addresses");
  need(OAS != 6 || GRAN64K || DS, "an OAS of 52 needs a format with 52-bit addresses");
  need(!lpae_tables() || GRAN4K, "VMSAv8-32 LPAE needs the 4 KiB granule");
  need(minor_version() <= 4, "reserved value in AIDR");
  // 6.3.41, 6.3.87, 17.1
  need(!MPAM || minor_version() >= 2, "MPAM needs SMMUv3.2");
  need(MPAM_MAX.PARTID <= 0xFFFF && MPAM_MAX.PMG <= 0xFF && S_MPAM_MAX.PARTID <= 0xFFFF &&
           S_MPAM_MAX.PMG <= 0xFF,
       "MPAMIDR out of range");
  need(MPAM || (MPAM_MAX.PARTID == 0 && MPAM_MAX.PMG == 0), "MPAMIDR without MPAM");
  need((MPAM && SECURE_IMPL) || (S_MPAM_MAX.PARTID == 0 && S_MPAM_MAX.PMG == 0 && !HAS_MPAM_NS),
       "S_MPAMIDR without MPAM or a Secure state");
  need(!MPAM || mpam_supported(naive::Space::non_secure) || mpam_supported(naive::Space::secure),
       "MPAM is supported in no state");
  need(!HAS_MPAM_NS || minor_version() >= 3, "MPAM_NS needs SMMUv3.3");
  validate_secure();
  validate_pages();
  need(minor_version() > 0 || (OAS <= 5 && VAX == 0 && !XNX && !PBHA),
       "SMMUv3.0 has no XNX, PBHA or 52 bits");
}

void Features::validate_secure() const {
  // 6.3.52, 6.3.53
  need(SECURE_IMPL || (!SEL2 && !S_MSI && !S_ECMDQ && S_SIDSIZE == 0), "Secure features need a Secure state");
  need(!SECURE_IMPL || S1P, "a Secure state needs stage 1");
  need(!SEL2 || (S1P && S2P && vmsa64_tables() && minor_version() >= 2),
       "Secure EL2 needs SMMUv3.2, both stages and VMSAv8-64");
  need(S_SIDSIZE <= 32 && (S_SIDSIZE < 7 || ST_LEVEL != 0), "S_SIDSIZE out of range");
  need(!S_MSI || MSI, "Secure MSIs without Non-secure ones are not modelled (3.18 recommends against them)");
}

// 6.1: the optional pages
void Features::validate_pages() const {
  // 6.3.3, 6.3.54
  need(BA_VATOS <= 0x3FF && (VATOS || BA_VATOS == 0), "BA_VATOS out of range, or without VATOS");
  need(BA_S_VATOS <= 0x3FF && (secure_vatos() || BA_S_VATOS == 0),
       "BA_S_VATOS out of range, or without S_VATOS");
  // 6.3.2, 6.3.52, 6.3.45, 6.3.49
  need((!ECMDQ && !S_ECMDQ) || minor_version() >= 3, "ECMDQ needs SMMUv3.3");
  need(!ECMDQ || (COHACC && MSI), "ECMDQ needs COHACC and MSI");
  need(!S_ECMDQ || (COHACC && S_MSI), "ECMDQ of the Secure state needs COHACC and S_MSI");
  struct Range {
    uint64_t begin, end;
  };
  std::vector<Range> pages;
  constexpr uint64_t PAGE = 0x10000;
  if (VATOS) pages.push_back({0x20000 + PAGE * BA_VATOS, 0x30000 + PAGE * BA_VATOS});
  if (secure_vatos()) pages.push_back({0x20000 + PAGE * BA_S_VATOS, 0x30000 + PAGE * BA_S_VATOS});
  auto add = [&](const ControlPages& control) {
    need(control.LOG2NUMP <= 8 && control.LOG2NUMQ <= 8, "IDR6 out of range");
    need(control.ADDR % PAGE == 0 && control.ADDR >= 0x20000, "a control page is 64 KiB, behind Page 1");
    pages.push_back({control.ADDR, control.ADDR + control.bytes()});
  };
  if (ECMDQ) add(CMDQ_CONTROL_PAGES);
  if (S_ECMDQ) add(S_CMDQ_CONTROL_PAGES);
  for (size_t a = 0; a < pages.size(); a++) {
    for (size_t b = a + 1; b < pages.size(); b++) {
      need(pages[a].end <= pages[b].begin || pages[b].end <= pages[a].begin, "register pages overlap");
    }
  }
}

}  // namespace naive_smmuv3
