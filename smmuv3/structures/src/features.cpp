#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr std::uint32_t bit(bool value, unsigned at) { return static_cast<std::uint32_t>(value) << at; }
constexpr std::uint32_t field(std::uint32_t value, unsigned at) { return value << at; }

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
    default:
      return 5;
  }
}

const char* Features::problem() const {
  if (SIDSIZE > 32) return "SIDSIZE is 0 to 32";
  if (ST_LEVEL > 1) return "ST_LEVEL is 0 or 1";
  // IHI 0070 6.3.2, IDR1.SIDSIZE
  if (SIDSIZE >= 7 && ST_LEVEL == 0) return "SIDSIZE of 7 or more needs two-level Stream tables (ST_LEVEL 1)";
  if (CMDQS > 19 || EVENTQS > 19) return "CMDQS and EVENTQS are 0 to 19";
  if (OAS != 32 && OAS != 36 && OAS != 40 && OAS != 42 && OAS != 44 && OAS != 48) {
    return "OAS is 32, 36, 40, 42, 44 or 48";
  }
  if (VMID16 && !S2P) return "VMID16 needs stage 2 translation (S2P)";
  if (TTENDIAN != 0 && TTENDIAN != 2 && TTENDIAN != 3) return "TTENDIAN is 0, 2 or 3";
  return nullptr;
}

// Fields that are not set here belong to features that are not built, or are RES0 without them: RME_IMPL,
// ATSRECERR, VATOS, CD2L, VMW, PRI, ATOS, MSI, NS1ATS, ATS, Hyp, DORMHINT, HTTU, BTM.
IdRegisters id_registers(const Features& f) {
  IdRegisters id;
  id.IDR0 = field(f.ST_LEVEL, 27) | bit(f.TERM_MODEL, 26) | field(1, 24) |  // STALL_MODEL: no stalls
            field(f.TTENDIAN, 21) | bit(f.VMID16, 18) | bit(f.SEV, 14) | bit(f.ASID16, 12) |
            bit(f.COHACC, 4) | field(2, 2) |  // TTF: VMSAv8-64
            bit(true, 1) | bit(f.S2P, 0);     // S1P
  id.IDR1 = bit(f.ATTR_TYPES_OVR, 27) | bit(f.ATTR_PERMS_OVR, 26) | field(f.CMDQS, 21) |
            field(f.EVENTQS, 16) | f.SIDSIZE;  // SSIDSIZE 0: no SubstreamIDs
  id.IDR3 = bit(f.has_xnx(), 3) | bit(f.HAD, 2);
  id.IDR5 = bit(true, 4) | f.oas_code();  // GRAN4K
  id.IIDR = f.IIDR;
  // SMMUv3.1: its mandatory HAD and XNX are there; 3.2 asks for RIL, BBML and FWB, which are not built.
  // Without HAD it is 3.0.
  id.AIDR = f.HAD ? 1 : 0;
  return id;
}

}  // namespace smmuvp::smmuv3
