#include "smmuvp/smmuv2/faults.h"

namespace smmuvp::smmuv2 {

std::uint32_t bit_of(pgtable::FaultKind kind) {
  switch (kind) {
    case pgtable::FaultKind::address_size:
      return fsr::ASF;
    case pgtable::FaultKind::access_flag:
      return fsr::AFF;
    case pgtable::FaultKind::permission:
    case pgtable::FaultKind::domain:
      return fsr::PF;
    case pgtable::FaultKind::external_abort:
    case pgtable::FaultKind::unsupported_atomic:
      return fsr::EF;
    default:
      return fsr::TF;
  }
}

std::string_view fsr_name(std::uint32_t bit) {
  switch (bit) {
    case fsr::TF:
      return "TF";
    case fsr::AFF:
      return "AFF";
    case fsr::PF:
      return "PF";
    case fsr::EF:
      return "EF";
    case fsr::ASF:
      return "ASF";
    case fsr::UUT:
      return "UUT";
    default:
      return "none";
  }
}

std::string_view gfsr_name(std::uint32_t bit) {
  switch (bit) {
    case gfsr::ICF:
      return "ICF";
    case gfsr::USF:
      return "USF";
    case gfsr::SMCF:
      return "SMCF";
    case gfsr::UCBF:
      return "UCBF";
    case gfsr::UCIF:
      return "UCIF";
    case gfsr::CAF:
      return "CAF";
    case gfsr::EF:
      return "EF";
    case gfsr::PF:
      return "PF";
    case gfsr::UUT:
      return "UUT";
    default:
      return "none";
  }
}

}  // namespace smmuvp::smmuv2
