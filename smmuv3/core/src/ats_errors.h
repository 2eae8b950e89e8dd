// Which errors of configuration that messages of ATS meet software is told of.
#pragma once

#include <cstdint>

#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/registers.h"

namespace smmuvp::smmuv3 {

/// Why no event is recorded of an error that a Translation Request or the answer to a page request meets
/// (IHI 0070 3.9.1.2, 6.3.12, 8.1); nothing where one is.
inline const char* why_ats_error_is_silent(EventType type, std::uint32_t CR2) {
  if ((CR2 & CR2_REC_CFG_ATS) == 0) return "CR2.REC_CFG_ATS is 0";
  if (type == EventType::C_BAD_STREAMID && (CR2 & CR2_RECINVSID) == 0) return "CR2.RECINVSID is 0";
  return "";
}

}  // namespace smmuvp::smmuv3
