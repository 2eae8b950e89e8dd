#include "systemc_reports.h"

#include <systemc>

#include "messages.h"

namespace smmuvp::platform {

namespace {

void handle(const sc_core::sc_report& report, const sc_core::sc_actions& actions) {
  if ((actions & sc_core::SC_DISPLAY) != 0) tell("{}\n", sc_core::sc_report_compose_message(report));
  if ((actions & sc_core::SC_STOP) != 0) sc_core::sc_stop();
  if ((actions & sc_core::SC_THROW) != 0) throw report;
  if ((actions & sc_core::SC_ABORT) != 0) std::abort();
}

}  // namespace

void redirect_systemc_reports() {
  sc_core::sc_report_handler::set_handler(handle);
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
}

}  // namespace smmuvp::platform
