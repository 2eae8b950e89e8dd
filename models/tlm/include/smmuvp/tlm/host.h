// What a component may ask of the program that runs it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/export.h"
#include "smmuvp/base/trace.h"

namespace smmuvp {

/// How a guest ended the run.
struct GuestExit {
  enum class Kind : std::uint8_t {
    PowerOff,
    Reset,
    WarmReset,  ///< the processors are to begin again, and everything else goes on
    Status,
    DeadEnd,  ///< it did not mean to: a processor can execute nothing any more, `via` says where and why
  } kind = Kind::PowerOff;
  std::uint64_t status = 0;  ///< Kind::Status: what the guest said; 0 is success
  std::string via;           ///< "PSCI SYSTEM_OFF", "semihosting SYS_EXIT", …
};

class HostLink;

/// Services of the surrounding program. The platform has its own; components used in somebody else's SystemC
/// program get default_host(). A Host outlives the components that it is given to, or is reported by them
/// (see host_link.h).
class SMMUVP_EXPORT Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host();
  virtual DiagSink& diag() = 0;
  virtual TraceSink* trace() = 0;  ///< asked when a component is made. nullptr: it never traces
  /// The guest ended the run. Simulation stops at the end of the current evaluation. With Kind::WarmReset it
  /// may pause instead: who loads what boots, calls CpuControl::restart() of each processor and goes on has
  /// reset the processors alone.
  virtual void guest_exit(const GuestExit& exit) = 0;
  /// A component met an error of our own that it cannot go on from, for example a CPU engine failure.
  virtual void internal_error(const std::string& source, const std::string& text) = 0;
  /// The guest needs what a component cannot do on this machine, so it cannot go on. Not the guest's fault.
  virtual void unsupported(const std::string& source, const std::string& text) {
    internal_error(source, text);
  }
  /// A component can do less on this machine than elsewhere; to be said once.
  virtual void limitation(const std::string& source, const std::string& text) = 0;
  /// Asked by a component that computes for long: true if it should return to the kernel soon, after which
  /// simulation pauses. For the host's own reasons, such as a limit of wall clock time; it cuts a run short,
  /// and has no part in what a run does before.
  virtual bool pause_requested() { return false; }

 private:
  friend class HostLink;
  std::vector<HostLink*> m_links;  // of the components that use it
};

/// Diagnostics become SystemC warnings of type "/smmu-vp/<source>"; guest_exit calls sc_stop; no trace. It is
/// never destroyed.
SMMUVP_EXPORT Host& default_host();

}  // namespace smmuvp
