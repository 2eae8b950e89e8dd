#include "dumps.h"

#include <fmt/format.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "dump_json.h"
#include "duration.h"
#include "smmuvp/base/dump.h"
#include "smmuvp/tlm/dump_control.h"

namespace smmuvp::platform {

namespace {

using Json = nlohmann::ordered_json;

volatile std::sig_atomic_t requested = 0;

void on_signal(int) { requested = 1; }

void handle(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;  // unlike a request to stop, it must interrupt nothing
  sigaction(SIGUSR1, &action, nullptr);
}

}  // namespace

DumpSignal::DumpSignal() {
  requested = 0;
  handle(on_signal);
}

DumpSignal::~DumpSignal() { handle(SIG_DFL); }

void DumpSignal::request() { requested = 1; }

bool DumpSignal::take() {
  const bool was = requested != 0;
  requested = 0;
  return was;
}

std::string dump_of(const System& system, const std::string& reason, std::uint64_t time_ps, bool json) {
  std::string text = fmt::format("==== dump at {} ({})\n", duration_text(time_ps), reason);
  Json components = Json::array();
  bool any = false;
  for (const auto& instance : system.instances()) {
    const auto* control = dynamic_cast<const DumpControl*>(instance->component.get());
    if (control == nullptr) continue;
    any = true;
    const DumpSection section = control->contents();
    if (json) {
      Json component = {{"name", instance->config->name}, {"type", instance->config->type}};
      component.update(tables::json_of(section));
      components.push_back(std::move(component));
    } else {
      text += to_text(section);
    }
  }
  if (json) {
    const Json document = {{"time_ps", time_ps}, {"reason", reason}, {"components", std::move(components)}};
    return document.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
  }
  return any ? text : text + "no component of this platform shows what it holds\n";
}

}  // namespace smmuvp::platform
