// Page requests of PCIe, and the entries of the PRI queue that they become (IHI 0070 chapter 8).
#pragma once

#include <array>
#include <cstdint>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/page_request_fields.h"

namespace smmuvp::smmuv3 {

struct PageRequest {
  std::uint32_t StreamID = 0;
  std::uint32_t SubstreamID = 0;
  bool SSV = false;
  bool Last = false;
  bool W = false;
  bool R = false;
  bool X = false;
  bool Priv = false;
  std::uint16_t PRGIndex = 0;     ///< 9 bits
  std::uint64_t PageAddress = 0;  ///< bits [63:12]
  std::uint64_t time = 0;         ///< picoseconds; not part of the entry

  /// A Stop PASID marker asks for nothing, and nobody answers it. Without a PASID it is a page request.
  bool stop_marker() const { return SSV && Last && !W && !R; }

  /// The 16-byte entry as two little-endian words. Without SSV, X and Priv are 0, and so is the SubstreamID,
  /// which is UNKNOWN.
  std::array<std::uint64_t, 2> words() const;
  static PageRequest decode(const std::array<std::uint64_t, 2>& words);
  void visit(Archive& archive);
};

}  // namespace smmuvp::smmuv3
