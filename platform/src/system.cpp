#include "system.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "guest_files.h"
#include "smmuvp/base/config_errors.h"
#include "smmuvp/tlm/console.h"
#include "smmuvp/tlm/cpu_control.h"
#include "smmuvp/tlm/debug_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "smmuvp/tlm/pci_host.h"
#include "smmuvp/tlm/router_control.h"
#include "smmuvp/tlm/semihosting.h"
#include "smmuvp/tlm/tlbi_broadcast.h"
#include "smmuvp/tlm/wiring_rules.h"
#include "wiring.h"

namespace smmuvp::platform {

namespace {

// A value that follows from elsewhere in the configuration, unless it is given.
void preset(Params& params, const ComponentConfig& config, const std::string& name, std::uint64_t value,
            const Place& place) {
  const auto given = [&](const ParamSetting& s) { return s.name == name; };
  if (!params.has(name) || std::any_of(config.params.begin(), config.params.end(), given)) return;
  try {
    params.preset(name, value);
  } catch (const ConfigError& e) {
    config_error(place, e.key(), fmt::format("[{}] behind: {}", config.name, e.text()));
  }
}

// Everything that is wrong with what was set, before anything else is.
void set_params(Params& params, const ComponentConfig& config, const PlatformConfig& platform) {
  std::vector<ConfigError> errors;
  for (const ParamSetting& setting : config.params) {
    try {
      const auto* text = std::get_if<std::string>(&setting.value);
      // Paths of the command line start at the working directory, as the shell's words do.
      if (text != nullptr && !text->empty() && setting.place.line != 0 && params.has(setting.name) &&
          params.type(setting.name) == ParamType::Path) {
        params.set(setting.name, resolve_path(*text, platform.directory));
      } else {
        std::visit([&](const auto& value) { params.set(setting.name, value); }, setting.value);
      }
    } catch (const ConfigError& e) {
      errors.push_back(error_at(setting.place, e.key(), fmt::format("[{}] {}", config.name, e.text())));
    }
  }
  throw_config_errors(std::move(errors));
  if (config.behind) {
    preset(params, config, "stream_base", config.behind->stream, config.behind->place);
    preset(params, config, "stream_count", config.behind->count, config.behind->place);
  }
  // An SMMU's TBU takes masters that give no StreamID for their first stream.
  for (const ComponentConfig& other : platform.components) {
    if (!other.behind || other.behind->smmu != config.name) continue;
    preset(params, config, fmt::format("tbu{}_stream_id", other.behind->tbu), other.behind->stream,
           other.behind->place);
  }
}

// The combination of values that is refused: points at the value, if the configuration gives it. The last one
// given is the one that counts.
ConfigError refused_values(const ConfigError& e, const Instance& instance, const BootConfig& boot) {
  const ComponentConfig& config = *instance.config;
  const auto at = std::find_if(config.params.rbegin(), config.params.rend(),
                               [&](const ParamSetting& setting) { return setting.name == e.key(); });
  std::string text = fmt::format("[{}] {}", config.name, e.text());
  const bool of_command_line = at != config.params.rend() && at->place.line == 0;
  if (!of_command_line && instance.params.has(e.key()) && instance.params.type(e.key()) == ParamType::Path) {
    text = boot.with_hint(fmt::format("{}; --set {}.{}=FILE names another file", text, config.name, e.key()));
  }
  return error_at(at != config.params.rend() ? at->place : config.place, e.key(), text);
}

}  // namespace

const Port* Instance::port(const std::string& name) const {
  for (const Port& p : component->ports()) {
    if (p.name == name) return &p;
  }
  return nullptr;
}

void System::make(const ComponentConfig& config, PluginCatalogue& plugins, Host& host) {
  const ComponentType* type = nullptr;
  try {
    type = &plugins.find(config.type);
  } catch (const ConfigError& e) {
    config_error(config.type_place, e.key(), fmt::format("[{}] {}", config.name, e.what()));
  }
  auto instance = std::make_unique<Instance>(&config, type);
  set_params(instance->params, config, m_config);
  std::vector<ConfigError> errors;
  try {
    errors = config_errors_of(
        [&] { instance->component = type->create(config.name.c_str(), instance->params, host); });
  } catch (const std::bad_alloc&) {
    config_error(config.place, config.name,
                 fmt::format("[{}] this machine has not enough memory for it", config.name));
  } catch (const std::exception& e) {
    config_error(config.place, config.name, fmt::format("[{}] {}", config.name, e.what()));
  } catch (...) {
    config_error(
        config.place, config.name,
        fmt::format("[{}] type '{}' threw something that is no std::exception", config.name, config.type));
  }
  for (ConfigError& e : errors) e = refused_values(e, *instance, m_config.boot);
  throw_config_errors(std::move(errors));
  if (!instance->component) {
    config_error(config.place, config.name,
                 fmt::format("[{}] type '{}' could not make a component", config.name, config.type));
  }
  instance->cpu = dynamic_cast<CpuControl*>(instance->component.get());
  instance->debug = dynamic_cast<DebugControl*>(instance->component.get());
  instance->memory = dynamic_cast<MemoryControl*>(instance->component.get());
  instance->router = dynamic_cast<RouterControl*>(instance->component.get());
  instance->console = dynamic_cast<ConsoleControl*>(instance->component.get());
  instance->semihosting = dynamic_cast<SemihostingControl*>(instance->component.get());
  instance->rules = dynamic_cast<WiringRules*>(instance->component.get());
  instance->pci = dynamic_cast<PciHost*>(instance->component.get());
  instance->tlbi_source = dynamic_cast<TlbiSource*>(instance->component.get());
  instance->tlbi_listener = dynamic_cast<TlbiListener*>(instance->component.get());
  if (instance->cpu != nullptr) m_cpus.push_back(instance->cpu);
  m_instances.push_back(std::move(instance));
}

void System::join_cpus() {
  unsigned number = 0;
  for (const auto& instance : m_instances) {
    if (instance->cpu == nullptr) continue;
    try {
      instance->cpu->join(m_cpus, number++);
    } catch (const ConfigError& e) {
      config_error(instance->config->type_place, e.key(),
                   fmt::format("[{}] {}", instance->config->name, e.text()));
    }
  }
}

// One Inner Shareable domain: what a processor broadcasts concerns everybody.
void System::connect_tlbis() {
  for (const auto& source : m_instances) {
    if (source->tlbi_source == nullptr) continue;
    for (const auto& other : m_instances) {
      if (other->tlbi_listener != nullptr && other->tlbi_listener->listens_to_tlbi())
        source->tlbi_source->add_tlbi_listener(*other->tlbi_listener);
    }
  }
}

System::System(const PlatformConfig& config, PluginCatalogue& plugins, Host& host) : m_config(config) {
  for (const ComponentConfig& c : config.components) make(c, plugins, host);
  join_cpus();
  connect_tlbis();
  Wiring(*this).wire();
}

System::~System() = default;

Instance* System::find(const std::string& name) const {
  for (const auto& instance : m_instances) {
    if (instance->config->name == name) return instance.get();
  }
  return nullptr;
}

ConsoleControl* System::console() const {
  for (const auto& instance : m_instances) {
    if (instance->console != nullptr) return instance->console;
  }
  return nullptr;
}

std::vector<SemihostingControl*> System::semihosting() const {
  std::vector<SemihostingControl*> found;
  for (const auto& instance : m_instances) {
    if (instance->semihosting != nullptr) found.push_back(instance->semihosting);
  }
  return found;
}

std::vector<std::pair<std::string, DebugControl*>> System::debug_targets() const {
  std::vector<std::pair<std::string, DebugControl*>> found;
  for (const auto& instance : m_instances) {
    if (instance->debug != nullptr) found.emplace_back(instance->config->name, instance->debug);
  }
  return found;
}

std::optional<std::uint64_t> System::program_counter() const {
  for (const CpuControl* cpu : m_cpus) {
    if (cpu->is_running()) return cpu->program_counter();
  }
  return {};
}

std::uint64_t System::instructions() const {
  std::uint64_t total = 0;
  for (const CpuControl* cpu : m_cpus) total += cpu->instructions();
  return total;
}

}  // namespace smmuvp::platform
