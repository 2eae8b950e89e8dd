// What one SMMUv3 instance has: the values its ID registers report, and the sizes of its structures.
#pragma once

#include <cstdint>
#include <string>

#include "smmuvp/smmu/engine.h"
#include "smmuvp/smmuv3/quirks.h"

namespace smmuvp::smmuv3 {

/// The Security state of a stream, and of the programming interface that serves it (IHI 0070 3.10.1).
enum class SecSid : std::uint8_t { non_secure, secure };

/// Performance monitor counter groups (IHI 0070 chapter 10): that of the TCU, then one of each TBU. All are
/// alike. Offsets are those of the register window.
struct PmcgFeatures {
  std::uint8_t counters = 0;           ///< of each group, 4 to 64; 0: there are no groups
  std::uint8_t bits = 32;              ///< of a counter: 32, 36, 40, 44, 48 or 64 (CFGR.SIZE + 1)
  bool RELOC_CTRS = true;              ///< counters, overflow status and capture are in a Page 1
  bool MSI = false;                    ///< groups can send MSIs
  bool CAPTURE = true;                 ///< SVRn and CAPR
  bool SID_FILTER_TYPE = false;        ///< true: the filter of counter 0 is that of all
  std::uint32_t tcu = 0x20000;         ///< Page 0 of the TCU's group
  std::uint32_t tcu_page1 = 0x10000;   ///< from there to its Page 1
  std::uint32_t tbu = 0x40000;         ///< Page 0 of TBU 0's group
  std::uint32_t tbu_page1 = 0x10000;   ///< from the Page 0 of a TBU's group to its Page 1
  std::uint32_t tbu_stride = 0x20000;  ///< from one TBU's group to the next

  static constexpr std::uint32_t page_size = 0x1000;
  /// @param group  0: of the TCU, n + 1: of TBU n
  std::uint32_t page0(unsigned group) const { return group == 0 ? tcu : tbu + (group - 1) * tbu_stride; }
  std::uint32_t page1(unsigned group) const { return page0(group) + (group == 0 ? tcu_page1 : tbu_page1); }
  /// As Features::problem().
  const char* problem() const;
};

/// Enhanced Command queues of a programming interface (IHI 0070 3.5.6). Names are those of IDR1 and IDR6, or
/// of S_IDR0 and S_IDR6.
struct EcmdqFeatures {
  bool ECMDQ = false;                           ///< there are some; needs COHACC and MSI
  std::uint8_t CMDQ_CONTROL_PAGE_LOG2NUMP = 0;  ///< log2 of the Command queue control pages
  std::uint8_t CMDQ_CONTROL_PAGE_LOG2NUMQ = 2;  ///< log2 of the queues of a page
  std::uint32_t offset = 0;  ///< of the first page in the register window; 0: behind all that is there

  static constexpr std::uint32_t page_size = 0x10000;
  /// Where the registers that tell of them begin, SMMU_(S_)CMDQ_CONTROL_PAGE_* (6.2.1): so many bytes of each
  /// page.
  static constexpr std::uint32_t told(SecSid sec_sid) { return sec_sid == SecSid::secure ? 0xc000 : 0x4000; }
  static constexpr std::uint32_t told_stride = 32;
  static constexpr unsigned most_queues_log2 = 8;  ///< of all pages: the model's limit
  unsigned pages() const { return ECMDQ ? 1U << CMDQ_CONTROL_PAGE_LOG2NUMP : 0; }
  unsigned queues() const { return pages() << CMDQ_CONTROL_PAGE_LOG2NUMQ; }
};

/// Features that parameters switch. What is not here is not built: its ID field reads as "not supported".
/// Names are those of the ID register fields (IHI 0070 6.3.1 to 6.3.8), values theirs.
struct Features {
  // IDR0
  bool S2P = true;               ///< stage 2 translation
  bool S1P = true;               ///< stage 1 translation
  std::uint8_t TTF = 2;          ///< table formats; bit 0: VMSAv8-32 LPAE, bit 1: VMSAv8-64
  bool COHACC = true;            ///< coherent access to structures, queues and tables
  bool BTM = false;              ///< takes part in TLB maintenance that processors broadcast
  std::uint8_t HTTU = 0;         ///< hardware updates: 0 none, 1 Access flag, 2 dirty state too
  bool Hyp = false;              ///< stage 1 contexts of EL2; needs S1P and S2P
  bool ASID16 = true;            ///< 16-bit ASIDs
  bool MSI = false;              ///< message signalled interrupts
  bool SEV = true;               ///< wake-up events are wired to the processors
  bool PRI = false;              ///< page requests of PCIe (PRI queue); needs ATS
  bool ATOS = false;             ///< address translation operations (SMMU_GATOS_*)
  bool VATOS = false;            ///< those of one VM, by a page of their own; needs ATOS and both stages
  bool VMID16 = true;            ///< 16-bit VMIDs; needs S2P
  bool VMW = false;              ///< CR0.VMW: invalidations of a group of VMIDs; needs S2P
  bool CD2L = false;             ///< two-level tables of CDs
  std::uint8_t TTENDIAN = 0;     ///< 0 mixed-endian, 2 little-endian, 3 big-endian translation tables
  std::uint8_t STALL_MODEL = 1;  ///< 0 stall and terminate, 1 terminate only, 2 every fault stalls
  bool TERM_MODEL = false;       ///< true: terminated transactions always abort, CD.A must be 1
  bool ATS = false;              ///< Address Translation Services of PCIe
  bool NS1ATS = false;           ///< split-stage ATS is not supported; with ATS and both stages only
  bool ATSRECERR = false;        ///< configuration errors of ATS can be recorded (CR2.REC_CFG_ATS); needs ATS
  std::uint8_t ST_LEVEL = 1;     ///< 0: linear Stream tables only; IDR1 requires 1 with SIDSIZE of 7 or more
  // IDR1
  std::uint8_t SIDSIZE = 16;   ///< StreamID bits, 0 to 32
  std::uint8_t SSIDSIZE = 0;   ///< SubstreamID bits, 0 to 20
  std::uint8_t EVENTQS = 16;   ///< log2 of the most events in the queue, 0 to 19
  std::uint8_t PRIQS = 0;      ///< log2 of the most page requests in the queue, 0 to 19
  std::uint8_t CMDQS = 16;     ///< log2 of the most commands in the queue, 0 to 19
  bool ATTR_PERMS_OVR = true;  ///< privilege and instruction/data can be overridden
  bool ATTR_TYPES_OVR = true;  ///< memory type, shareability and hints can be overridden
  // IDR2, S_IDR2
  std::uint16_t BA_VATOS = 0;    ///< place of the VATOS page, in units of 64 KiB from 0x20000 on
  std::uint16_t BA_S_VATOS = 1;  ///< likewise of the S_VATOS page, with SEL2
  // IDR3
  bool HAD = true;    ///< CD.HADx; mandatory from SMMUv3.1 with stage 1
  bool PBHA = false;  ///< Page-Based Hardware Attributes, CD.HWUnnn and STE.S2HWUnn; needs HAD
  bool XNX = true;    ///< stage 2 forbids execution by privilege; mandatory from 3.1 with stage 2
  bool FWB = false;   ///< STE.S2FWB; from 3.2 on
  bool MPAM = false;  ///< PARTIDs and PMGs of accesses; from 3.2 on, and needs a maximum that is not 0
  bool PPS = false;   ///< automatic responses to page requests have PASIDs whatever STE.PPAR says; needs PRI
  bool STT = false;   ///< small translation tables
  bool RIL = false;   ///< range invalidation and level hints; from 3.2 on
  std::uint8_t BBML = 0;  ///< break-before-make level; 1 or 2 from 3.2 on
  bool E0PD = false;      ///< CD.E0PDx; from 3.3 on
  bool PTWNNC = false;    ///< STE.S2PTW 0 makes table walks Non-cacheable; from 3.3 on with stage 2
  bool PASIDTT = false;   ///< Translated transactions have PASIDs; needs ATS and SSIDSIZE
  bool EPAN = false;      ///< CD.EPAN; from 3.4 on
  // IDR5
  bool GRAN4K = true;           ///< 4 KiB granule
  bool GRAN16K = false;         ///< 16 KiB granule
  bool GRAN64K = false;         ///< 64 KiB granule
  bool DS = false;              ///< 52-bit addresses with 4 and 16 KiB granules
  std::uint8_t VAX = 0;         ///< 1: VAs of up to 52 bits
  std::uint8_t OAS = 44;        ///< physical address bits: 32, 36, 40, 42, 44, 48 or 52
  std::uint16_t STALL_MAX = 0;  ///< the most stall records that wait for an answer; 0 with STALL_MODEL 1
  // S_IDR1
  bool SECURE_IMPL = false;     ///< Secure state: a second programming interface; needs S1P
  bool SEL2 = false;            ///< Secure EL2 and stage 2 of the Secure state; from 3.2 on with both stages
  std::uint8_t S_SIDSIZE = 16;  ///< bits of StreamIDs of Secure streams, 0 to 32; with SECURE_IMPL
  // IDR1, IDR6; S_IDR0, S_IDR6
  EcmdqFeatures ecmdq;
  EcmdqFeatures s_ecmdq;
  // MPAMIDR, S_MPAMIDR
  std::uint16_t PARTID_MAX = 0;    ///< the largest Non-secure PARTID; with MPAM
  std::uint8_t PMG_MAX = 0;        ///< the largest Non-secure PMG; with MPAM
  bool HAS_MPAM_NS = false;        ///< Secure accesses can have Non-secure PARTIDs; from 3.3 on
  std::uint16_t S_PARTID_MAX = 0;  ///< the largest Secure PARTID; with MPAM and SECURE_IMPL
  std::uint8_t S_PMG_MAX = 0;      ///< the largest Secure PMG; with MPAM and SECURE_IMPL
  // others
  PmcgFeatures pmcg;
  std::uint32_t register_window = 0x20000;  ///< least bytes of the register window; Pages 0 and 1 need these
  bool GBPA_ABORT = false;                  ///< reset value of GBPA.ABORT (IMPLEMENTATION DEFINED)
  std::uint32_t IIDR = 0;                   ///< as the register; 0 is no Arm implementation
  Quirks quirks;  ///< departures from the architecture; none is the SMMU of IHI 0070

  /// nullptr if the combination is legal, else what is wrong, beginning with a parameter's name.
  const char* problem() const;
  /// The same of what lies where in the register window; empty: nothing overlaps. @param groups  performance
  /// monitor counter groups
  std::string window_problem(unsigned groups) const;
  /// Encoding of OAS in IDR5.OAS and CD.IPS.
  std::uint8_t oas_code() const;
  /// The architecture's minor version, AIDR.ArchMinorRev: the highest whose mandatory features are all there.
  unsigned version() const;
  /// The largest IPA, in bits (IHI 0070 3.4).
  unsigned ias() const;
  /// Enhanced Command queues of a programming interface.
  const EcmdqFeatures& ecmdqs(SecSid sec_sid) const { return sec_sid == SecSid::secure ? s_ecmdq : ecmdq; }
  /// Where in the register window its control pages begin. @param groups  performance monitor counter groups
  std::uint32_t control_pages(SecSid sec_sid, unsigned groups) const;
  /// StreamID bits of the streams of a Security state.
  unsigned sidsize(SecSid sec_sid) const { return sec_sid == SecSid::secure ? S_SIDSIZE : SIDSIZE; }
  /// Whether there is a stage 2 in a Security state.
  bool has_stage2(SecSid sec_sid) const { return sec_sid == SecSid::secure ? SEL2 : S2P; }
  /// Whether a Security state has address translation operations of one VM (IHI 0070 6.2.3, 6.2.4).
  bool has_vatos(SecSid sec_sid) const { return VATOS && has_stage2(sec_sid); }
  /// Where their page begins in the register window.
  std::uint32_t vatos_page(SecSid sec_sid) const {
    return 0x20000 + 0x10000 * (sec_sid == SecSid::secure ? BA_S_VATOS : std::uint32_t{BA_VATOS});
  }
  static constexpr std::uint32_t vatos_page_size = 0x10000;
  /// Whether accesses of a Security state have PARTIDs or PMGs that software chooses (IHI 0070 17.1).
  bool has_mpam(SecSid sec_sid) const;
  /// Whether a Security state has Virtual Machine Structures (IHI 0070 5.6.1).
  bool has_vms(SecSid sec_sid) const;
  /// Stage 2 can forbid execution by privileged and by unprivileged code apart (IDR3.XNX).
  bool has_xnx() const { return XNX && S2P && version() >= 1; }
};

/// Translation regimes that TLB entries are tagged with, Security state included (IHI 0070 3.3.3).
enum class StreamWorld : std::uint8_t {
  NS_EL1,      ///< by VMID and ASID
  NS_EL2,      ///< neither: one address space
  NS_EL2_E2H,  ///< by ASID
  Secure,      ///< by ASID, and with S_IDR1.SEL2 by Secure VMID
  S_EL2,       ///< as NS_EL2
  S_EL2_E2H,   ///< as NS_EL2_E2H
  EL3,         ///< one address space
};
/// EL2 without E2H, or EL3: one range of addresses, and neither ASIDs nor unprivileged accesses.
constexpr bool has_one_range(StreamWorld world) {
  return world == StreamWorld::NS_EL2 || world == StreamWorld::S_EL2 || world == StreamWorld::EL3;
}

/// The programming interface that a structure or command belongs to, with those fields of registers that say
/// what it means, as they were when it was read: they are cached with it (IHI 0070 6.3.12, 6.3.57, 6.3.60).
struct Origin {
  SecSid sec_sid = SecSid::non_secure;
  bool E2H = false;       ///< CR2.E2H, or S_CR2.E2H
  bool SIF = false;       ///< S_CR0.SIF, of Secure ones
  bool NSSTALLD = false;  ///< S_CR0.NSSTALLD, whosesoever it is

  bool secure() const { return sec_sid == SecSid::secure; }
  /// IDR0.STALL_MODEL (IHI 0070 3.12).
  unsigned idr0_stall_model(const Features& f) const {
    return f.STALL_MODEL == 0 && NSSTALLD ? 1U : f.STALL_MODEL;
  }
  /// STALL_MODEL of the interface: S_IDR0 or IDR0.
  unsigned stall_model(const Features& f) const { return secure() ? f.STALL_MODEL : idr0_stall_model(f); }
};

/// Sizes and times of the structures that a request passes.
struct Structures : smmu::EngineStructures {
  std::uint32_t ste_sets = 16;
  std::uint32_t ste_ways = 4;
  std::uint32_t cd_sets = 16;
  std::uint32_t cd_ways = 4;
  std::uint32_t vms_sets = 1;  ///< of the cache of PARTID_MAPs, by VMID
  std::uint32_t vms_ways = 8;
  std::uint32_t event_buffer = 16;         ///< records that wait to be written; 1 or more
  std::uint32_t page_request_buffer = 16;  ///< page requests that wait to be recorded; 1 or more
  /// Picoseconds within which an event is merged with an identical one before it (7.3.1); 0: none is.
  std::uint64_t event_merge_window = 0;
  /// Picoseconds within which a device has to complete an ATS invalidation (3.9.1.4).
  std::uint64_t atc_timeout = 1'000'000'000;
  /// Tells, once a kind, of broadcast TLB maintenance that leaves a translation which it names.
  bool tell_tlbi = false;
  smmu::StructureTiming command;  ///< processing of one command
  std::uint64_t clock = 1000;     ///< picoseconds of what performance monitors count as a cycle
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
  std::uint32_t IIDR = 0;
  std::uint32_t AIDR = 0;
  std::uint32_t S_IDR0 = 0;
  std::uint32_t S_IDR1 = 0;
  std::uint32_t S_IDR2 = 0;
  std::uint32_t S_IDR3 = 0;
  std::uint32_t S_IDR6 = 0;
  std::uint32_t MPAMIDR = 0;
  std::uint32_t S_MPAMIDR = 0;
};
IdRegisters id_registers(const Features& features);

}  // namespace smmuvp::smmuv3
