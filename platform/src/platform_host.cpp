#include "platform_host.h"

#include <systemc>

#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::platform {

std::uint64_t now_ps() { return to_ps(sc_core::sc_time_stamp()); }

void PlatformHost::guest_exit(const GuestExit& exit) {
  if (exit.kind == GuestExit::Kind::WarmReset) {
    m_warm_reset = true;
    sc_core::sc_pause();
    return;
  }
  // The first one counts: another CPU may still run to the end of its quantum.
  if (!m_exit) m_exit = exit;
  sc_core::sc_stop();
}

void PlatformHost::internal_error(const std::string& source, const std::string& text) {
  if (m_internal.empty()) m_internal = source + ": " + text;
  sc_core::sc_stop();
}

void PlatformHost::unsupported(const std::string& source, const std::string& text) {
  if (m_unsupported.empty()) m_unsupported = source + ": " + text;
  sc_core::sc_stop();
}

void PlatformHost::limitation(const std::string& source, const std::string& text) {
  m_limitations.push_back(source + ": " + text);
}

bool PlatformHost::pause_requested() {
  if (m_pausing == nullptr || !m_pausing()) return false;
  sc_core::sc_pause();
  return true;
}

void PlatformHost::set_print(std::function<void(const Reported&)> print) {
  m_print = std::move(print);
  for (const Reported& r : m_diagnostics) m_print(r);
}

void PlatformHost::report(const Diagnostic& d) {
  ++(d.kind == DiagKind::GuestError  ? m_guest_errors
     : d.kind == DiagKind::HostError ? m_host_errors
                                     : m_unimplemented);
  if (d.kind == DiagKind::GuestError) ++m_guest_error_sites[{d.source, d.site}];
  Reported reported{d, now_ps(), {}};
  if (m_pc) reported.pc = m_pc();
  if (m_print) m_print(reported);
  if (m_listener) m_listener(reported);
  if (m_diagnostics.size() < most_diagnostics) m_diagnostics.push_back(std::move(reported));
}

}  // namespace smmuvp::platform
