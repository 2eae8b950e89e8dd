// What a component that is a processor can do.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "smmuvp/base/error.h"
#include "smmuvp/base/export.h"

namespace smmuvp {

class MemoryWriteListener;

/// A processor.
class SMMUVP_EXPORT CpuControl {
 public:
  virtual ~CpuControl() = default;
  /// A range that is memory: the CPU asks for DMI on it when simulation starts. Called before simulation.
  virtual void add_memory(std::uint64_t base, std::uint64_t size) = 0;
  /// Start state: program counter, X0 to X3. Called before simulation.
  virtual void set_start(std::uint64_t pc, std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                         std::uint64_t x3) = 0;
  /// Begins again as at the start of simulation, and nothing else does. Called while simulation is paused,
  /// for each of the processors, after GuestExit::Kind::WarmReset.
  virtual void restart() {}
  virtual MemoryWriteListener* write_listener() = 0;
  /// For messages: where the processor is now, or was last.
  virtual std::uint64_t program_counter() const = 0;
  /// For messages: where the functions that are not over would return to, the innermost first, as their frame
  /// records tell (AAPCS64, "The Frame Pointer"). Of a function without one its caller may be missing, or be
  /// named twice. Changes nothing. Empty: not known.
  virtual std::vector<std::uint64_t> return_addresses(std::size_t most) {
    (void)most;
    return {};
  }
  virtual std::uint64_t instructions() const = 0;
  /// Tells a processor of several which one it is: `all` of the system, in the order of the configuration,
  /// itself included. All but the first are off until they are switched on. Called before simulation.
  /// @throws ConfigError if they cannot work together
  virtual void join(const std::vector<CpuControl*>& all, unsigned number) {
    (void)number;
    if (all.size() > 1)
      throw ConfigError("type", "this type of processor does not work together with others");
  }
  /// Whether the process that runs now is this processor's: what happens then is its doing.
  virtual bool is_running() const { return false; }
};

}  // namespace smmuvp
