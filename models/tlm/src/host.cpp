#include "smmuvp/tlm/host.h"

#include <systemc>

#include "smmuvp/tlm/report.h"

namespace smmuvp {

void report_warning(const std::string& source, const std::string& text) {
  sc_core::sc_report_handler::report(sc_core::SC_WARNING, ("/smmu-vp/" + source).c_str(), text.c_str(),
                                     "smmuvp/tlm/host.h", 0);
}

void report_error(const std::string& source, const std::string& text) {
  sc_core::sc_report_handler::report(sc_core::SC_ERROR, ("/smmu-vp/" + source).c_str(), text.c_str(),
                                     "smmuvp/tlm/host.h", 0);
}

namespace {

class ReportSink : public DiagSink {
 public:
  void report(const Diagnostic& d) override { report_warning(d.source, to_text(d)); }
};

class DefaultHost : public Host {
 public:
  DiagSink& diag() override { return m_sink; }
  TraceSink* trace() override { return nullptr; }
  void guest_exit(const GuestExit&) override { sc_core::sc_stop(); }
  void internal_error(const std::string& source, const std::string& text) override {
    report_error(source, text);
  }
  void limitation(const std::string& source, const std::string& text) override {
    report_warning(source, text);
  }

 private:
  ReportSink m_sink;
};

}  // namespace

Host& default_host() {
  static DefaultHost& host = *new DefaultHost;  // components may be static as well
  return host;
}

}  // namespace smmuvp
