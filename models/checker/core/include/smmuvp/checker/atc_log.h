// What devices with an Address Translation Cache may keep (IHI 0070 3.9).
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "smmuvp/smmuv3/commands.h"

namespace smmuvp::checker {

/// Of one SMMU. SubstreamIDs are not told apart: an invalidation for one counts for all.
class AtcLog {
 public:
  /// A Translation Request was answered by 2^log2size bytes around an address.
  void granted(std::uint32_t stream_id, std::uint64_t address, unsigned log2size, std::uint64_t now);
  /// CMD_ATC_INV
  void invalidated(const smmuv3::Command& command);
  /// Whether a device may keep some of [first, last], from before `until`.
  bool holds(std::uint32_t stream_id, std::uint64_t first, std::uint64_t last, std::uint64_t until) const;

 private:
  struct Grant {
    std::uint64_t last = 0;
    std::uint64_t at = 0;
  };
  std::map<std::pair<std::uint32_t, std::uint64_t>, Grant> m_grants;  // by StreamID and first address
};

}  // namespace smmuvp::checker
