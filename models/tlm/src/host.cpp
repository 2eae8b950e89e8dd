#include "smmuvp/tlm/host.h"

#include <systemc>

namespace smmuvp {

namespace {

class ReportSink : public DiagSink {
 public:
  void report(const Diagnostic& d) override {
    SC_REPORT_WARNING(("/smmu-vp/" + d.source).c_str(), to_text(d).c_str());
  }
};

class DefaultHost : public Host {
 public:
  DiagSink& diag() override { return m_sink; }
  TraceSink* trace() override { return nullptr; }
  void guest_exit(const GuestExit&) override { sc_core::sc_stop(); }
  void internal_error(const std::string& source, const std::string& text) override {
    SC_REPORT_ERROR(("/smmu-vp/" + source).c_str(), text.c_str());
  }
  void limitation(const std::string& source, const std::string& text) override {
    SC_REPORT_WARNING(("/smmu-vp/" + source).c_str(), text.c_str());
  }

 private:
  ReportSink m_sink;
};

}  // namespace

Host& default_host() {
  static DefaultHost host;
  return host;
}

}  // namespace smmuvp
