#include "wiring.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "smmuvp/base/config_errors.h"
#include "smmuvp/base/number_text.h"
#include "smmuvp/base/params.h"
#include "smmuvp/tlm/cpu_control.h"
#include "smmuvp/tlm/memory_control.h"
#include "smmuvp/tlm/router_control.h"
#include "smmuvp/tlm/wiring_rules.h"
#include "stubs.h"

namespace smmuvp::platform {

namespace {

template <class Object>
bool is(const Port& port) {
  return std::holds_alternative<Object*>(port.object);
}

std::string port_name(const Instance& instance, const Port& port) {
  return instance.config->name + "." + port.name;
}

bool is_interrupt_input(const Port& port) {
  return is<LineIn>(port) && port.name.size() > 3 && port.name.rfind("spi", 0) == 0 &&
         std::all_of(port.name.begin() + 3, port.name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// How many bits StreamIDs have at an SMMU, and what says so.
std::pair<std::uint64_t, std::string> stream_id_width(const Params& smmu) {
  for (const char* parameter : {"SIDSIZE", "NUMSIDB"}) {  // IHI 0070 6.3.2, IHI 0062 9.6.1
    if (!smmu.has(parameter)) continue;
    if (smmu.has("EXIDS") && smmu.flag("EXIDS")) return {16, "EXIDS"};
    return {smmu.uint(parameter), fmt::format("{} {}", parameter, smmu.uint(parameter))};
  }
  return {32, "StreamIDs of 32 bits"};
}

}  // namespace

template <class Object>
const Port& Wiring::need_port(const Instance& instance, const std::string& name, const Place& place,
                              const char* kind) const {
  const Port* port = instance.port(name);
  if (port != nullptr && is<Object>(*port)) return *port;
  const std::string why =
      port == nullptr && instance.rules != nullptr ? instance.rules->missing_port(name) : std::string();
  if (!why.empty())
    config_error(place, name, fmt::format("[{}] has no port '{}': {}", instance.config->name, name, why));
  std::vector<std::string> known;
  std::vector<std::string> unwired;  // one that is wired is not what was meant
  const auto& wired = instance.config->interrupts;
  for (const Port& p : instance.component->ports()) {
    if (!is<Object>(p)) continue;
    known.push_back(p.name);
    if (std::none_of(wired.begin(), wired.end(), [&](const Interrupt& i) { return i.port == p.name; }))
      unwired.push_back(p.name);
  }
  std::string text = port != nullptr
                         ? fmt::format("port '{}' of [{}] is no {}", name, instance.config->name, kind)
                         : fmt::format("[{}] has no port '{}'", instance.config->name, name);
  if (const std::string near = nearest(name, unwired); !near.empty()) {
    text += fmt::format("; did you mean '{}'?", near);
  } else if (known.empty()) {
    text += fmt::format("; it has no {} at all", kind);
  } else if (known.size() <= 16) {
    text += fmt::format(" (each {}: {})", kind, fmt::join(known, ", "));
  }
  config_error(place, name, text);
}

template <class Object>
const Port& Wiring::only_port(const Instance& instance, const Place& place, const char* kind) const {
  const Port* found = nullptr;
  std::vector<std::string> names;
  for (const Port& p : instance.component->ports()) {
    if (!is<Object>(p)) continue;
    found = &p;
    names.push_back(p.name);
  }
  if (names.size() == 1) return *found;
  config_error(place, instance.config->name,
               names.empty() ? fmt::format("[{}] has no {}", instance.config->name, kind)
                             : fmt::format("[{}] has several ports that are a {}; name one of {}",
                                           instance.config->name, kind, fmt::join(names, ", ")));
}

void Wiring::find_interrupt_controller() {
  for (const auto& instance : m_system.m_instances) {
    const auto& ports = instance->component->ports();
    if (!std::any_of(ports.begin(), ports.end(), is_interrupt_input)) continue;
    if (m_system.m_interrupt_controller != nullptr) {
      config_error(instance->config->place, instance->config->name,
                   fmt::format("[{}] and [{}] are both interrupt controllers; one is supported",
                               m_system.m_interrupt_controller->config->name, instance->config->name));
    }
    m_system.m_interrupt_controller = instance.get();
  }
}

Instance& Wiring::bus_of(const Instance& instance, const Place& place) {
  const std::string& name = instance.config->bus;
  if (!name.empty()) {
    Instance* bus = m_system.find(name);
    if (bus == nullptr || bus->router == nullptr) {
      config_error(instance.config->place, "bus",
                   bus == nullptr
                       ? fmt::format("[{}] bus: there is no component '{}'", instance.config->name, name)
                       : fmt::format("[{}] bus: '{}' is no router", instance.config->name, name));
    }
    return *bus;
  }
  Instance* only = nullptr;
  for (const auto& candidate : m_system.m_instances) {
    if (candidate->router == nullptr) continue;
    if (only != nullptr) {
      config_error(place, "bus",
                   fmt::format("[{}] needs a 'bus': there are several routers", instance.config->name));
    }
    only = candidate.get();
  }
  if (only == nullptr)
    config_error(place, "bus",
                 fmt::format("[{}] needs a bus, and there is no router", instance.config->name));
  return *only;
}

// Guests map registers by pages, and a device knows its registers by the low bits of an address.
void Wiring::check_base(const Instance& instance, const Port& port, const Window& window) const {
  constexpr std::uint64_t page = 4 << 10;
  const std::uint64_t multiple = port.size != 0 ? std::min(port.size, page) : page;
  std::string why;
  if (window.base % multiple != 0) {
    why = fmt::format("{:#x} is no multiple of {}", window.base,
                      multiple == page ? std::string("4KiB, the smallest page of a guest")
                                       : fmt::format("{} bytes, the size of its registers", multiple));
  } else if (instance.rules != nullptr) {
    why = instance.rules->refused_base(port.name, window.base);
  }
  if (!why.empty())
    config_error(window.place, port.name, fmt::format("[{}] map: {}", instance.config->name, why));
}

void Wiring::map_targets(Instance& instance) {
  std::vector<Window> windows = instance.config->windows;
  for (Window& w : windows) {
    const Port& port =
        w.port.empty()
            ? only_port<TargetSocket>(instance, w.place, "target port (map = { port = [address, size] })")
            : need_port<TargetSocket>(instance, w.port, w.place, "target port");
    w.port = port.name;
    if (w.size == 0) {
      if (instance.memory == nullptr) {
        config_error(w.place, w.port,
                     fmt::format("[{}] map: the size is missing ([address, size])", instance.config->name));
      }
      w.size = instance.memory->size();
    } else if (instance.memory != nullptr && w.size != instance.memory->size()) {
      config_error(w.place, w.port,
                   fmt::format("[{}] map: size {} differs from the memory's size {}; leave one away",
                               instance.config->name, number_text(w.size, Notation::Size),
                               number_text(instance.memory->size(), Notation::Size)));
    }
    if (w.size < port.size) {
      config_error(w.place, w.port,
                   fmt::format("[{}] map: {} is too small for port '{}' ({}): it takes {}",
                               instance.config->name, number_text(w.size, Notation::Size), w.port, port.doc,
                               number_text(port.size, Notation::Size)));
    }
    if (instance.memory == nullptr) check_base(instance, port, w);
    if (w.base + (w.size - 1) < w.base) {
      config_error(w.place, w.port,
                   fmt::format("[{}] map: {:#x} bytes at {:#x} go beyond 64 bits", instance.config->name,
                               w.size, w.base));
    }
    Instance& bus = bus_of(instance, w.place);
    for (const Mapped& other : m_maps[bus.config->name]) {
      if (w.base <= other.window.base + (other.window.size - 1) &&
          other.window.base <= w.base + (w.size - 1)) {
        config_error(w.place, w.port,
                     fmt::format("region {}.{} ({:#x} to {:#x}) overlaps {}.{} ({:#x} to {:#x}, {})",
                                 instance.config->name, w.port, w.base, w.base + (w.size - 1),
                                 other.instance->config->name, other.window.port, other.window.base,
                                 other.window.base + (other.window.size - 1), other.window.place.text()));
      }
    }
    if (!m_bound.emplace(&port, "the bus").second) {
      config_error(w.place, w.port, fmt::format("{} is mapped twice", port_name(instance, port)));
    }
    try {
      bus.router->add_target(port_name(instance, port), w.base, w.size)
          .bind(*std::get<TargetSocket*>(port.object));
    } catch (const ConfigError& e) {
      config_error(w.place, e.key(), e.what());
    }
    m_maps[bus.config->name].push_back({&instance, w});
  }
  // In the order of ports(), whatever the file's order: device-tree bindings fix the order of reg.
  for (const Port& p : instance.component->ports()) {
    for (const Window& w : windows) {
      if (w.port == p.name) instance.windows.push_back(w);
    }
  }
}

void Wiring::attach_memory(Instance& instance) {
  if (instance.memory == nullptr) return;
  if (instance.windows.size() != 1) {
    config_error(
        instance.config->place, instance.config->name,
        fmt::format("[{}] is a memory and needs an address: map = [address]", instance.config->name));
  }
  const Window& w = instance.windows.front();
  instance.memory->set_base(w.base);
  m_system.m_memories.push_back({instance.config->name, instance.memory, w.base, w.size});
  for (CpuControl* cpu : m_system.m_cpus) {
    try {
      cpu->add_memory(w.base, w.size);
    } catch (const std::exception& e) {
      config_error(w.place, "map", fmt::format("[{}] map: {}", instance.config->name, e.what()));
    }
    if (MemoryWriteListener* listener = cpu->write_listener()) instance.memory->add_write_listener(listener);
  }
}

void Wiring::check_streams(const Instance& device, const Instance& smmu) const {
  const Behind& b = *device.config->behind;
  const std::uint64_t last = std::uint64_t{b.stream} + b.count - 1;
  const auto [bits, words] = stream_id_width(smmu.component->parameters());
  if (last >> bits != 0) {
    config_error(
        b.place, "stream",
        fmt::format("[{}] behind: StreamID {:#x} is out of range; [{}] has {}, so {:#x} is the last one",
                    device.config->name, last, smmu.config->name, words, (std::uint64_t{1} << bits) - 1));
  }
  // `iommus` has an entry a StreamID; the `iommu-map` of a PCI host is one entry of any length.
  const std::uint32_t most_described = device.pci != nullptr ? 65536 : 4096;
  if (b.count > most_described) {
    config_error(b.place, "count",
                 fmt::format("[{}] behind: {} streams; at most {} can be described", device.config->name,
                             b.count, most_described));
  }
  // A list of phandles in a device tree has up to 16 cells behind each, as Linux reads it.
  constexpr std::uint32_t most_listed = 16;
  const bool listed = smmu.params.has("mmu_masters") && smmu.params.flag("mmu_masters");
  if (listed && device.pci != nullptr && b.stream != 0) {
    config_error(
        b.place, "stream",
        fmt::format("[{}] behind: stream {:#x}; mmu_masters of [{}] wants 0 of a PCI host, as StreamIDs "
                    "are its requester IDs",
                    device.config->name, b.stream, smmu.config->name));
  }
  if (listed && device.pci == nullptr && b.count > most_listed) {
    config_error(b.place, "count",
                 fmt::format("[{}] behind: {} streams; mmu_masters of [{}] lists at most {} of a device",
                             device.config->name, b.count, smmu.config->name, most_listed));
  }
  const std::string fixed = fmt::format("tbu{}_fixed", b.tbu);
  const std::string stream = fmt::format("tbu{}_stream_id", b.tbu);
  if (smmu.params.has(fixed) && smmu.params.has(stream) && smmu.params.flag(fixed) &&
      (b.count != 1 || smmu.params.uint(stream) != b.stream)) {
    config_error(b.place, b.count != 1 ? "count" : "stream",
                 fmt::format("[{}] behind: StreamIDs {:#x} to {:#x}, but {} of [{}] says that all accesses "
                             "there are of StreamID {:#x}; leave {} out",
                             device.config->name, b.stream, last, fixed, smmu.config->name,
                             smmu.params.uint(stream), fixed));
  }
  for (const auto& other : m_system.m_instances) {
    if (other.get() == &device || other->smmu != &smmu) continue;
    const Behind& o = *other->config->behind;
    if (b.stream <= std::uint64_t{o.stream} + o.count - 1 && o.stream <= last) {
      config_error(b.place, "stream",
                   fmt::format("[{}] behind: StreamIDs {:#x} to {:#x} overlap those of [{}] ({})",
                               device.config->name, b.stream, last, other->config->name, o.place.text()));
    }
  }
}

void Wiring::check_identity(const Instance& instance) const {
  const std::optional<Identity>& identity = instance.config->behind->identity;
  if (!identity) return;
  if (instance.pci != nullptr) {
    config_error(identity->place, "identity",
                 fmt::format("[{}] behind.identity: memory-region is of one device, and this is a PCI host",
                             instance.config->name));
  }
  const std::string what = fmt::format("[{}] behind.identity: {:#x} bytes at {:#x}", instance.config->name,
                                       identity->size, identity->base);
  constexpr std::uint64_t page = 64 << 10;
  if (identity->base % page != 0 || identity->size % page != 0) {
    config_error(identity->place, "identity",
                 what + " are no multiple of 64 KiB, the largest page that a guest may have");
  }
  const auto& memories = m_system.m_memories;
  if (std::none_of(memories.begin(), memories.end(), [&](const MemoryRange& m) {
        return identity->base >= m.base && identity->base - m.base < m.size &&
               identity->size <= m.size - (identity->base - m.base);
      })) {
    config_error(identity->place, "identity", what + " are in no memory");
  }
  for (const auto& other : m_system.m_instances) {
    if (other.get() == &instance) break;
    if (!other->config->behind || !other->config->behind->identity) continue;
    const Identity& o = *other->config->behind->identity;
    if (identity->base < o.base + o.size && o.base < identity->base + identity->size) {
      config_error(identity->place, "identity",
                   fmt::format("{} overlap those of [{}] ({})", what, other->config->name, o.place.text()));
    }
  }
}

void Wiring::put_behind_smmu(Instance& instance) {
  if (!instance.config->behind) return;
  check_identity(instance);
  const Behind& b = *instance.config->behind;
  Instance* smmu = m_system.find(b.smmu);
  if (smmu == &instance) {
    config_error(b.place, "smmu",
                 fmt::format("[{}] behind: a component cannot be behind itself", instance.config->name));
  }
  if (smmu == nullptr) {
    std::vector<std::string> names;
    for (const auto& i : m_system.m_instances) names.push_back(i->config->name);
    const std::string near = nearest(b.smmu, names);
    config_error(b.place, "smmu",
                 fmt::format("[{}] behind: there is no SMMU '{}'{}", instance.config->name, b.smmu,
                             near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near)));
  }
  const Port& out = b.port.empty() ? only_port<InitiatorSocket>(instance, b.place, "initiator port")
                                   : need_port<InitiatorSocket>(instance, b.port, b.place, "initiator port");
  const Port& in = need_port<TargetSocket>(*smmu, fmt::format("tbu{}_in", b.tbu), b.place, "target port");
  check_streams(instance, *smmu);
  if (!m_bound.emplace(&in, port_name(instance, out)).second) {
    config_error(b.place, "tbu",
                 fmt::format("[{}] behind: {} already serves {}", instance.config->name, port_name(*smmu, in),
                             m_bound[&in]));
  }
  m_bound.emplace(&out, port_name(*smmu, in));
  std::get<InitiatorSocket*>(out.object)->bind(*std::get<TargetSocket*>(in.object));
  instance.smmu = smmu;
}

void Wiring::attach_initiators(Instance& instance) {
  for (const Port& port : instance.component->ports()) {
    // An optional one leads to whoever asks for it, not to memory.
    if (!is<InitiatorSocket>(port) || port.optional || m_bound.count(&port) != 0) continue;
    Instance& bus = bus_of(instance, instance.config->place);
    std::get<InitiatorSocket*>(port.object)->bind(bus.router->add_initiator(port_name(instance, port)));
    m_bound.emplace(&port, bus.config->name);
  }
}

Wiring::Signal& Wiring::signal_of(const Instance& instance, const Port& out) {
  Signal*& signal = m_signals[&out];
  if (signal == nullptr) {
    auto made = std::make_shared<Signal>(fmt::format("wire_{}_{}", instance.config->name, out.name).c_str());
    signal = made.get();
    m_system.m_parts.push_back(std::move(made));
    std::get<LineOut*>(out.object)->bind(*signal);
    m_bound.emplace(&out, "a wire");
  }
  return *signal;
}

void Wiring::connect_line(const Instance& from, const Port& out, const Port& in, const Place& place,
                          const std::string& as) {
  if (!in.taken.empty()) {
    config_error(place, out.name,
                 fmt::format("{} cannot be wired to {}: it is {}", port_name(from, out), as, in.taken));
  }
  if (const auto [found, added] = m_bound.emplace(&in, port_name(from, out)); !added) {
    config_error(place, out.name,
                 fmt::format("{} is wired twice: to {} and to {}", as, found->second, port_name(from, out)));
  }
  std::get<LineIn*>(in.object)->bind(signal_of(from, out));
}

// "spi<n>", or "ppi<cpu>_<n>": each CPU has private interrupts of its own.
std::string Wiring::interrupt_port(const Instance& instance, const Interrupt& interrupt) const {
  if (interrupt.id.kind == InterruptId::Kind::Spi) return fmt::format("spi{}", interrupt.id.number);
  const auto& cpus = m_system.m_cpus;
  const auto found = std::find(cpus.begin(), cpus.end(), instance.cpu);
  if (instance.cpu == nullptr || found == cpus.end()) {
    config_error(interrupt.place, interrupt.port,
                 fmt::format("[{}] interrupts.{}: a PPI is private to a CPU; use an SPI",
                             instance.config->name, interrupt.port));
  }
  return fmt::format("ppi{}_{}", found - cpus.begin(), interrupt.id.number);
}

void Wiring::connect_interrupts(Instance& instance) {
  for (const Interrupt& interrupt : instance.config->interrupts) {
    const Port& out = need_port<LineOut>(instance, interrupt.port, interrupt.place, "line output");
    const Instance* controller = m_system.m_interrupt_controller;
    if (controller == nullptr) {
      config_error(interrupt.place, interrupt.port,
                   fmt::format("[{}] interrupts: there is no interrupt controller", instance.config->name));
    }
    const std::string name = interrupt_port(instance, interrupt);
    const Port* in = controller->port(name);
    if (in == nullptr || !is<LineIn>(*in)) {
      config_error(interrupt.place, interrupt.port,
                   fmt::format("[{}] interrupts.{}: [{}] has no {}", instance.config->name, interrupt.port,
                               controller->config->name, interrupt.id.text()));
    }
    connect_line(instance, out, *in, interrupt.place, interrupt.id.text());
  }
  for (const Port& p : instance.component->ports()) {
    for (const Interrupt& interrupt : instance.config->interrupts) {
      if (interrupt.port == p.name) instance.interrupts.push_back({&p, interrupt.id});
    }
  }
  check_interrupts(instance);
}

void Wiring::check_interrupts(const Instance& instance) {
  // A device tree of the user's own has the list that it has.
  if (instance.rules == nullptr || m_system.m_config.boot.dtb) return;
  std::vector<std::string> wired;
  for (const WiredInterrupt& i : instance.interrupts) wired.push_back(i.port->name);
  std::vector<ConfigError> errors;
  for (const WiringRules::InterruptFinding& f : instance.rules->check_interrupts(wired)) {
    const auto& interrupts = instance.config->interrupts;
    const auto at = std::find_if(interrupts.begin(), interrupts.end(),
                                 [&](const Interrupt& i) { return i.port == f.port; });
    const Place& place = at != interrupts.end() ? at->place : instance.config->place;
    const ConfigError error =
        error_at(place, f.port, fmt::format("[{}] interrupts: {}", instance.config->name, f.text));
    if (f.refused) {
      errors.push_back(error);
    } else {
      m_system.m_remarks.emplace_back(error.what());
    }
  }
  throw_config_errors(std::move(errors));
}

// Messages that go to one component and not over a bus, such as those of an SMMU to devices with an ATC.
void Wiring::connect_messages(const Instance& from, const Port& out, const Instance& to, const Wire& wire) {
  const Port& in = need_port<TargetSocket>(to, wire.component_port, wire.place, "target port");
  for (const auto& [port, peer] :
       {std::pair(&out, port_name(to, in)), std::pair(&in, port_name(from, out))}) {
    if (const auto [found, added] = m_bound.emplace(port, peer); !added) {
      config_error(wire.place, wire.port,
                   fmt::format("{} cannot be wired to {}: one of them leads to {}", port_name(from, out),
                               port_name(to, in), found->second));
    }
  }
  std::get<InitiatorSocket*>(out.object)->bind(*std::get<TargetSocket*>(in.object));
}

void Wiring::connect_wires(Instance& instance) {
  for (const Wire& wire : instance.config->wires) {
    const Port* port = instance.port(wire.port);
    const bool messages = port != nullptr && is<InitiatorSocket>(*port) && port->optional;
    const Port& out = messages ? *port : need_port<LineOut>(instance, wire.port, wire.place, "line output");
    Instance* to = m_system.find(wire.component);
    if (to == nullptr) {
      config_error(
          wire.place, wire.component,
          fmt::format("[{}] wires: there is no component '{}'", instance.config->name, wire.component));
    }
    if (messages) {
      connect_messages(instance, out, *to, wire);
      continue;
    }
    const Port& in = need_port<LineIn>(*to, wire.component_port, wire.place, "line input");
    connect_line(instance, out, in, wire.place, port_name(*to, in));
  }
}

// A device that keeps translations, as its flag of the port's name says, hears of no invalidation by itself.
void Wiring::check_messages(const Instance& device) {
  if (device.smmu == nullptr) return;
  const Instance& smmu = *device.smmu;
  for (const Port& in : device.component->ports()) {
    if (!is<TargetSocket>(in) || !in.optional || m_bound.count(&in) != 0) continue;
    if (!device.params.has(in.name) || device.params.type(in.name) != ParamType::Bool ||
        !device.params.flag(in.name)) {
      continue;
    }
    const Port* out = smmu.port(in.name);
    if (out == nullptr || !is<InitiatorSocket>(*out) || !out->optional) continue;
    const std::string here = port_name(device, in);
    const auto& wires = smmu.config->wires;
    const auto bound = m_bound.find(out);
    const std::string what =
        bound != m_bound.end() ? fmt::format("{} leads to {}; an SMMU of its own can tell [{}]",
                                             port_name(smmu, *out), bound->second, device.config->name)
        : wires.empty()
            ? fmt::format("add wires = {{ {} = \"{}\" }} to [{}]", out->name, here, smmu.config->name)
            : fmt::format("add {} = \"{}\" to these", out->name, here);
    const Place& place = wires.empty() ? smmu.config->place : wires.front().place;
    m_system.m_remarks.emplace_back(
        error_at(place, out->name,
                 fmt::format("[{}] wires: nothing tells [{}], which has {} = true and keeps translations, "
                             "that they are invalid: {}",
                             smmu.config->name, device.config->name, in.name, what))
            .what());
  }
}

void Wiring::close_open_ports(Instance& instance) {
  for (const Port& port : instance.component->ports()) {
    if (m_bound.count(&port) != 0) continue;
    const std::string name = port_name(instance, port);
    if (!port.optional) {
      const char* how = is<TargetSocket>(port) ? "give it an address with 'map', or a master with 'behind'"
                                               : "connect it with 'interrupts' or 'wires'";
      config_error(instance.config->place, port.name,
                   fmt::format("port {} is not wired ({}); {}", name, port.doc, how));
    }
    const std::string part = fmt::format("open_{}_{}", instance.config->name, port.name);
    if (is<TargetSocket>(port)) {
      auto stub = std::make_shared<SilentInitiator>(part.c_str());
      stub->socket.bind(*std::get<TargetSocket*>(port.object));
      m_system.m_parts.push_back(std::move(stub));
    } else if (is<LineOut>(port)) {
      signal_of(instance, port);
    } else if (is<LineIn>(port)) {
      auto level = std::make_shared<Signal>(part.c_str(), port.open_high);
      std::get<LineIn*>(port.object)->bind(*level);
      m_system.m_parts.push_back(std::move(level));
    }
  }
}

void Wiring::wire() {
  find_interrupt_controller();
  for (const auto& i : m_system.m_instances) map_targets(*i);
  for (const auto& i : m_system.m_instances) attach_memory(*i);
  for (const auto& i : m_system.m_instances) put_behind_smmu(*i);
  for (const auto& i : m_system.m_instances) attach_initiators(*i);
  for (const auto& i : m_system.m_instances) connect_interrupts(*i);
  for (const auto& i : m_system.m_instances) connect_wires(*i);
  for (const auto& i : m_system.m_instances) check_messages(*i);
  for (const auto& i : m_system.m_instances) close_open_ports(*i);
}

}  // namespace smmuvp::platform
