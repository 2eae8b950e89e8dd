// The Host that components of this program talk to.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/tlm/host.h"
#include "trace_hub.h"
#include "waivers.h"

namespace smmuvp::platform {

/// A diagnostic with where the run was.
struct Reported {
  Diagnostic diagnostic;
  std::uint64_t time_ps = 0;
  std::optional<std::uint64_t> pc;  ///< guest program counter, where it is known whose doing it was
};

class PlatformHost : public Host, private DiagSink {
 public:
  /// Diagnostics beyond this many are counted, not kept.
  static constexpr std::size_t most_diagnostics = 10000;

  DiagSink& diag() override { return *this; }
  TraceSink* trace() override { return &m_trace; }
  void guest_exit(const GuestExit& exit) override;
  void internal_error(const std::string& source, const std::string& text) override;
  void unsupported(const std::string& source, const std::string& text) override;
  void limitation(const std::string& source, const std::string& text) override;
  bool pause_requested() override;

  TraceHub& trace_hub() { return m_trace; }
  const TraceHub& trace_hub() const { return m_trace; }

  /// Where the guest is, for diagnostics.
  void set_program_counter(std::function<std::optional<std::uint64_t>()> pc) { m_pc = std::move(pc); }
  /// Whether simulation should come back soon; asked very often.
  void set_pausing(bool (*pausing)()) { m_pausing = pausing; }
  /// Called for each diagnostic as it comes, for the terminal; at once for those that came before this call.
  void set_print(std::function<void(const Reported&)> print);

  /// Called besides for each diagnostic from now on.
  void set_diagnostic_listener(std::function<void(const Reported&)> f) { m_listener = std::move(f); }

  const std::optional<GuestExit>& exit() const { return m_exit; }
  /// Whether the guest has asked for a reset of the processors since the last call. Simulation has paused.
  bool take_warm_reset() { return std::exchange(m_warm_reset, false); }
  const std::string& internal() const { return m_internal; }
  const std::string& unsupported() const { return m_unsupported; }
  /// What components can do less of on this machine, a line each.
  const std::vector<std::string>& limitations() const { return m_limitations; }
  const std::vector<Reported>& diagnostics() const { return m_diagnostics; }
  std::uint64_t guest_errors() const { return m_guest_errors; }
  const SiteCounts& guest_error_sites() const { return m_guest_error_sites; }
  std::uint64_t unimplemented() const { return m_unimplemented; }
  std::uint64_t host_errors() const { return m_host_errors; }

 private:
  void report(const Diagnostic& d) override;

  TraceHub m_trace;
  bool (*m_pausing)() = nullptr;
  std::function<std::optional<std::uint64_t>()> m_pc;
  std::function<void(const Reported&)> m_print;
  std::function<void(const Reported&)> m_listener;
  std::optional<GuestExit> m_exit;
  bool m_warm_reset = false;
  std::string m_internal, m_unsupported;
  std::vector<std::string> m_limitations;
  std::vector<Reported> m_diagnostics;
  std::uint64_t m_guest_errors = 0;
  SiteCounts m_guest_error_sites;
  std::uint64_t m_unimplemented = 0;
  std::uint64_t m_host_errors = 0;
};

/// Simulated time in picoseconds, whatever SystemC's resolution is.
std::uint64_t now_ps();

}  // namespace smmuvp::platform
