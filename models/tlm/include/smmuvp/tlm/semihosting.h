// What a processor that answers semihosting calls can do.
#pragma once
#include <cstdint>
#include <string>

#include "smmuvp/base/export.h"

namespace smmuvp {

class ConsoleBackend;

/// A processor that answers the semihosting calls of its program.
class SMMUVP_EXPORT SemihostingControl {
 public:
  /// What the program finds. Addresses are 0 where they are not known.
  struct Surroundings {
    ConsoleBackend* console = nullptr;  ///< outlives the simulation
    std::string command_line;
    std::uint64_t heap_base = 0, heap_limit = 0, stack_base = 0, stack_limit = 0;
  };
  virtual ~SemihostingControl() = default;
  /// Called before simulation. Without it, output is lost and input has ended.
  virtual void set_surroundings(const Surroundings& surroundings) = 0;
};

}  // namespace smmuvp
