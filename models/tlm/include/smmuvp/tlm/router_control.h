// What a component that is an interconnect can do.
#pragma once
#include <cstdint>
#include <string>

#include "smmuvp/base/export.h"
#include "smmuvp/tlm/component.h"

namespace smmuvp {

/// An interconnect that is told its address map. Both calls make a port of the router; the socket stays its
/// own.
class SMMUVP_EXPORT RouterControl {
 public:
  virtual ~RouterControl() = default;
  /// A port for an initiator to bind to. @param name  the initiator's, for messages.
  virtual TargetSocket& add_initiator(const std::string& name) = 0;
  /// A port that leads to a target. Addresses are passed on relative to `base`.
  /// @throws ConfigError if the range is empty, wraps, or overlaps another one (both are named).
  virtual InitiatorSocket& add_target(const std::string& name, std::uint64_t base, std::uint64_t size) = 0;
};

}  // namespace smmuvp
