// What a processor that a debugger can hold can do, and whom it calls.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "smmuvp/base/export.h"

namespace smmuvp {

class DebugControl;

/// Whom a processor calls when it stops for a debugger.
class SMMUVP_EXPORT DebugClient {
 public:
  enum class Reason : std::uint8_t {
    Break,       ///< DebugControl::request_break()
    Breakpoint,  ///< the instruction at PC has a breakpoint, or step() has been done
  };
  virtual ~DebugClient() = default;
  /// `cpu` stands between two instructions, and so does simulated time, until this returns.
  virtual void stopped(DebugControl& cpu, Reason reason) = 0;
};

/// A processor that a debugger can hold. Without a client, nothing here has an effect on a run.
class SMMUVP_EXPORT DebugControl {
 public:
  virtual ~DebugControl() = default;
  /// Called before simulation. `client` outlives the simulation.
  virtual void set_debug_client(DebugClient* client) = 0;
  /// Stops at the next quantum, or soon if the processor idles. Before simulation or between two sc_start().
  virtual void request_break() = 0;

  // From DebugClient::stopped() only, for the processor that stopped:
  /// Stop again after one instruction. A processor that waits for an interrupt or event waits no longer; nor
  /// does one whose PC is set.
  virtual void step() = 0;
  /// By name: X0 to X30, SP, PC, PSTATE, V0_LO, V0_HI to V31_HI, FPSR, FPCR. None if there is no such.
  virtual std::optional<std::uint64_t> debug_register(const std::string& name) const = 0;
  virtual bool set_debug_register(const std::string& name, std::uint64_t value) = 0;
  /// RAM by virtual address, as translated now, without side effects; devices are not reached. @return how
  /// many bytes could be copied.
  virtual std::size_t debug_read(std::uint64_t address, void* data, std::size_t length) = 0;
  virtual std::size_t debug_write(std::uint64_t address, const void* data, std::size_t length) = 0;
  /// By virtual address; memory is not changed. False if it is not possible there, or there are too many.
  virtual bool set_breakpoint(std::uint64_t address) = 0;
  virtual void clear_breakpoint(std::uint64_t address) = 0;
};

}  // namespace smmuvp
