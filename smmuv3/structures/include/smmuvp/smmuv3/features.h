// What one SMMUv3 instance has: the values its ID registers report, and the sizes of its structures.
#pragma once

#include <cstdint>

#include "smmuvp/smmu/engine.h"

namespace smmuvp::smmuv3 {

/// Features that parameters switch. What is not here is not built: its ID field reads as "not supported".
/// Names are those of the ID register fields (IHI 0070 6.3.1 to 6.3.8).
struct Features {
  std::uint8_t SIDSIZE = 16;   ///< StreamID bits, 0 to 32
  std::uint8_t ST_LEVEL = 1;   ///< 0: linear Stream tables only; IDR1 requires 1 with SIDSIZE of 7 or more
  std::uint8_t CMDQS = 16;     ///< log2 of the most commands in the queue, 0 to 19
  std::uint8_t EVENTQS = 16;   ///< log2 of the most events in the queue, 0 to 19
  std::uint8_t OAS = 44;       ///< physical address bits: 32, 36, 40, 42, 44 or 48
  std::uint8_t TTENDIAN = 0;   ///< 0 mixed-endian, 2 little-endian, 3 big-endian translation tables
  bool COHACC = true;          ///< coherent access to structures, queues and tables
  bool S2P = true;             ///< stage 2 translation
  bool ASID16 = true;          ///< 16-bit ASIDs
  bool VMID16 = true;          ///< 16-bit VMIDs; needs S2P
  bool SEV = true;             ///< wake-up events are wired to the processors
  bool TERM_MODEL = false;     ///< true: terminated transactions always abort, CD.A must be 1
  bool HAD = true;             ///< CD.HADx; mandatory from SMMUv3.1 with stage 1
  bool ATTR_TYPES_OVR = true;  ///< memory type, shareability and hints can be overridden
  bool ATTR_PERMS_OVR = true;  ///< privilege and instruction/data can be overridden
  bool GBPA_ABORT = false;     ///< reset value of GBPA.ABORT (IMPLEMENTATION DEFINED)
  std::uint32_t IIDR = 0;      ///< as the register; 0 is no Arm implementation

  /// Empty if the combination is legal, else what is wrong.
  const char* problem() const;
  /// Encoding of OAS in IDR5.OAS and CD.IPS.
  std::uint8_t oas_code() const;
  /// Stage 2 can forbid execution by privileged and by unprivileged code apart (IDR3.XNX): mandatory with
  /// stage 2 from SMMUv3.1, which HAD makes of this.
  bool has_xnx() const { return S2P && HAD; }
};

/// Translation regimes that TLB entries are tagged with, Security state included.
enum class StreamWorld : std::uint8_t { NS_EL1 };

/// Sizes and times of the structures that a request passes.
struct Structures : smmu::EngineStructures {
  std::uint32_t ste_sets = 16;
  std::uint32_t ste_ways = 4;
  std::uint32_t cd_sets = 16;
  std::uint32_t cd_ways = 4;
  std::uint32_t event_buffer = 16;  ///< records that wait to be written; 1 or more
  smmu::StructureTiming command;    ///< processing of one command
};

/// ID registers, computed from what is built and switched on.
struct IdRegisters {
  std::uint32_t IDR0 = 0;
  std::uint32_t IDR1 = 0;
  std::uint32_t IDR2 = 0;
  std::uint32_t IDR3 = 0;
  std::uint32_t IDR4 = 0;
  std::uint32_t IDR5 = 0;
  std::uint32_t IIDR = 0;
  std::uint32_t AIDR = 0;
};
IdRegisters id_registers(const Features& features);

}  // namespace smmuvp::smmuv3
