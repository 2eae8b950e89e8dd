// A component's way to the program that runs it.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "smmuvp/base/export.h"
#include "smmuvp/tlm/host.h"

namespace smmuvp {

/// A Host that passes everything on to another one and may outlive it, which is a mistake of the program:
/// whoever uses it then gets an SC_REPORT_ERROR that names the component, in place of memory that is gone.
/// Where reports do not throw, diagnostics go to default_host(), and traces nowhere.
class SMMUVP_EXPORT HostLink final : public Host {
 public:
  /// @param user  whose link it is, for messages: "top.smmu0 (smmuv3)"
  HostLink(Host& host, std::string user);
  ~HostLink() override;

  DiagSink& diag() override;
  TraceSink* trace() override;
  void guest_exit(const GuestExit& exit) override;
  void internal_error(const std::string& source, const std::string& text) override;
  void unsupported(const std::string& source, const std::string& text) override;
  void limitation(const std::string& source, const std::string& text) override;
  bool pause_requested() override;

  /// Reports the mistake if the host is gone.
  void check();

 private:
  friend class Host;
  class Diagnostics;
  class Traces;

  /// The host, or the default one.
  Host& target();

  Host* m_host;  // nullptr once it is gone
  std::string m_user;
  std::unique_ptr<Diagnostics> m_diagnostics;
  std::unique_ptr<Traces> m_traces;  // none without a sink
};

}  // namespace smmuvp
