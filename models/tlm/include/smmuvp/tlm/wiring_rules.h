// What a component knows of how a platform may wire it, beyond what its ports say.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// Asked before simulation starts. Texts go behind the component's name and, of a port, its own.
class SMMUVP_EXPORT WiringRules {
 public:
  /// What is wrong with the interrupts of a component.
  struct InterruptFinding {
    bool refused;      ///< false: told, and the platform runs
    std::string port;  ///< a wired one, at whose line of the configuration it is told
    std::string text;
  };

  virtual ~WiringRules() = default;
  /// Why a window of a target port cannot begin at an address; empty if it can.
  virtual std::string refused_base(const std::string& port, std::uint64_t base) const = 0;
  /// Why there is no port of a name that other parameters would make; empty if none would.
  virtual std::string missing_port(const std::string& name) const = 0;
  /// @param wired  line outputs that the platform's device tree lists as interrupts, in the order of ports()
  virtual std::vector<InterruptFinding> check_interrupts(const std::vector<std::string>& wired) const = 0;
};

}  // namespace smmuvp
