#include "smmuvp/pcie/hierarchy.h"

#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/base/error.h"

namespace smmuvp::pcie {

namespace {

constexpr int none = -2;
constexpr int bus0 = FunctionInfo::bus0;
constexpr const char* sheet = "docs/pcie.md";
constexpr std::uint32_t extended_config = 0x100;

}  // namespace

Hierarchy::Hierarchy(const HierarchyConfig& config, Diag& diag) : m_config(config), m_diag(diag) {
  const auto& functions = m_config.functions;
  if (const unsigned needed = buses_of(functions); needed > m_config.buses) {
    throw ConfigError("topology",
                      fmt::format("the topology needs {} buses, and the configuration space has {}", needed,
                                  m_config.buses));
  }
  m_on_bus.resize(functions.size() + 1);
  for (std::size_t i = 0; i < functions.size(); ++i) {
    m_functions.push_back(std::make_unique<Function>(functions[i], m_config.ats));
    m_endpoints.push_back(functions[i].is_bridge()
                              ? nullptr
                              : std::make_unique<Endpoint>(*m_functions[i], m_diag, m_config.ats));
    m_on_bus[static_cast<std::size_t>(functions[i].parent) + 1].push_back(static_cast<int>(i));
  }
}

// ---- configuration space

// Base 7.3.3. The function that an offset of the window names; `none` if nobody answers.
int Hierarchy::find(std::uint32_t offset) const {
  const std::uint32_t bus = offset >> 20;
  int bridge = bus0;
  while (bridge == bus0 ? bus != 0 : at(bridge).secondary_bus() != bus) {
    const auto& here = on_bus_of(bridge);
    const auto next = std::find_if(here.begin(), here.end(), [&](int i) {
      const Function& f = at(i);
      return f.secondary_bus() != 0 && f.secondary_bus() <= bus && bus <= f.subordinate_bus();
    });
    if (next == here.end() || at(*next).in_secondary_reset()) return none;
    bridge = *next;
  }
  for (const int i : on_bus_of(bridge)) {
    const FunctionInfo& info = at(i).info();
    if (info.device != (offset >> 15 & 31) || info.function != (offset >> 12 & 7)) continue;
    // PCI Express to PCI/PCI-X Bridge: a request with extended register bits is not passed on.
    return info.conventional && (offset & 0xfff) >= extended_config ? none : i;
  }
  return none;
}

std::uint64_t Hierarchy::config_read(std::uint32_t offset, unsigned bytes) {
  if (bytes == 8) return config_read(offset, 4) | config_read(offset + 4, 4) << 32;
  ++m_counters.config_reads;
  const int i = find(offset);
  if (i != none) return m_functions[static_cast<std::size_t>(i)]->read(offset & 0xfff, bytes);
  ++m_counters.config_unsupported;
  return 0xffffffffU >> (32 - 8 * bytes);
}

void Hierarchy::config_write(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  if (bytes == 8) {
    config_write(offset, 4, value & 0xffffffff);
    config_write(offset + 4, 4, value >> 32);
    return;
  }
  ++m_counters.config_writes;
  const int i = find(offset);
  if (i == none) {
    ++m_counters.config_unsupported;
    return;
  }
  const auto index = static_cast<std::size_t>(i);
  switch (m_functions[index]->write(offset & 0xfff, bytes, static_cast<std::uint32_t>(value))) {
    case ConfigEffect::FunctionReset:
      m_endpoints[index]->reset();
      break;
    case ConfigEffect::SecondaryBusReset:
      reset_below(i);
      break;
    case ConfigEffect::PageRequestReset:
      m_endpoints[index]->reset_page_requests();
      break;
    default:
      if (m_endpoints[index]) m_endpoints[index]->update();
      break;
  }
}

std::uint64_t Hierarchy::config_peek(std::uint32_t offset, unsigned bytes) const {
  if (bytes == 8) return config_peek(offset, 4) | config_peek(offset + 4, 4) << 32;
  const int i = find(offset);
  return i != none ? at(i).peek(offset & 0xfff, bytes) : 0xffffffffU >> (32 - 8 * bytes);
}

void Hierarchy::reset_below(int bridge) {
  for (const int i : on_bus_of(bridge)) {
    const auto index = static_cast<std::size_t>(i);
    m_functions[index]->reset();
    if (m_endpoints[index]) {
      m_endpoints[index]->reset();
    } else {
      reset_below(i);
    }
  }
}

// ---- memory

// What an address meets on the bus below a bridge, and further down. @param without  a function that does not
// answer: the requester, or the bridge that a request came up through. @param deepest  the last bridge passed
std::optional<Hierarchy::Down> Hierarchy::decode(int bridge, std::uint64_t address, std::uint32_t length,
                                                 int without, int& deepest) const {
  deepest = bridge;
  for (const int i : on_bus_of(bridge)) {
    if (i == without) continue;
    if (at(i).forwards_memory(address, length)) return decode(i, address, length, none, deepest);
    if (const auto hit = at(i).bar_hit(address, length)) return Down{static_cast<std::size_t>(i), *hit};
  }
  return std::nullopt;
}

void Hierarchy::memory_access(std::uint64_t offset, bool write, std::uint8_t* data, std::uint32_t length) {
  ++m_counters.memory_accesses;
  const std::uint64_t address = m_config.mmio_base + offset;
  int deepest = bus0;
  if (const auto found = decode(bus0, address, length, none, deepest)) {
    m_endpoints[found->function]->access(found->hit, write, data, length);
    return;
  }
  ++m_counters.memory_unsupported;
  if (deepest != bus0) m_functions[static_cast<std::size_t>(deepest)]->set_secondary_aborted();
  if (!write) std::fill_n(data, length, std::uint8_t{0xff});
  m_diag.guest_error("memory",
                     fmt::format("{} of {} bytes that no function answers", write ? "write" : "read", length),
                     sheet, {}, address);
}

bool Hierarchy::memory_peek(std::uint64_t offset, std::uint8_t* data, std::uint32_t length) const {
  int deepest = bus0;
  const auto found = decode(bus0, m_config.mmio_base + offset, length, none, deepest);
  if (!found) return false;
  m_endpoints[found->function]->peek(found->hit, data, length);
  return true;
}

// ---- requests

std::uint32_t Hierarchy::requester_id(int function) const {
  const FunctionInfo& info = at(function).info();
  std::uint32_t id = static_cast<std::uint32_t>(info.device) << 3 | info.function;
  if (info.parent != bus0) id |= static_cast<std::uint32_t>(at(info.parent).secondary_bus()) << 8;
  // PCI Express to PCI/PCI-X Bridge 2.3: the bridge takes ownership of what comes from below.
  for (int above = info.parent; above != bus0; above = at(above).info().parent) {
    if (at(above).info().kind == Kind::ExpressToPciBridge)
      id = static_cast<std::uint32_t>(at(above).secondary_bus()) << 8;
  }
  return id;
}

Routed Hierarchy::down(int bridge, std::uint64_t address, std::uint32_t length, int without,
                       std::uint32_t requester) const {
  Routed routed;
  routed.requester_id = requester;
  int deepest = bus0;
  if (const auto found = decode(bridge, address, length, without, deepest)) {
    routed.way = Routed::Way::Peer;
    routed.function = found->function;
    routed.hit = found->hit;
  } else {
    routed.why = "no function answers the address inside the window of a bridge";
  }
  return routed;
}

// Base 2.2.8: messages that are routed to the root, which neither Bus Master Enable nor ACS concerns.
Routed Hierarchy::message(int function) const {
  Routed routed;
  routed.requester_id = requester_id(function);
  if (!at(function).ats().awake) {
    routed.why = "the power state is D3hot";
  } else if (routed.requester_id >= m_config.stream_count) {
    routed.why = "the requester ID is none of the host's";
  } else if (!m_config.ats.upstream) {
    routed.why = "no SMMU upstream knows page requests";
  } else {
    routed.way = Routed::Way::Host;
  }
  return routed;
}

Routed Hierarchy::route(std::size_t function, std::uint64_t address, std::uint32_t length,
                        DmaAts type) const {
  if (type == DmaAts::PageRequest) return message(static_cast<int>(function));
  const Function& from = *m_functions[function];
  const FunctionInfo& info = from.info();
  int here = static_cast<int>(function);
  Routed routed;
  routed.requester_id = requester_id(here);
  const auto unsupported = [&](const char* why) {
    routed.why = why;
    return routed;
  };
  if (!from.makes_requests()) return unsupported("Bus Master Enable is 0, or the power state is D3hot");

  // Base 6.12.3: P2P Request Redirect leaves a translated request alone where Direct Translated P2P is set.
  const auto redirects = [type](const Function& f) {
    return f.acs(acs_request_redirect) && !(type == DmaAts::Translated && f.acs(acs_direct_translated));
  };

  // Base 6.12.1.2: between functions of one device.
  if (info.multifunction && !redirects(from)) {
    for (const int i : on_bus_of(info.parent)) {
      if (i == here || at(i).info().device != info.device) continue;
      if (const auto hit = at(i).bar_hit(address, length)) {
        routed.way = Routed::Way::Peer;
        routed.function = static_cast<std::size_t>(i);
        routed.hit = *hit;
        return routed;
      }
    }
  }

  bool redirected = false;  // by an ACS bit of a downstream port of the switch that the request is in
  for (int bridge = info.parent; bridge != bus0; here = bridge, bridge = at(bridge).info().parent) {
    const Function& b = at(bridge);
    const bool inside = b.forwards_memory(address, length);
    // Base 6.12.1.1: what comes up with an address type of its own.
    if (type != DmaAts::None && b.acs(acs_translation_blocking)) {
      routed.way = Routed::Way::Blocked;
      routed.why = "ACS Translation Blocking of a port above";
      return routed;
    }
    switch (b.info().kind) {
      case Kind::DownstreamPort: {
        if (inside && !b.acs(acs_upstream_forwarding))
          return down(bridge, address, length, none, routed.requester_id);
        redirected = inside;
        const auto& ports = on_bus_of(b.info().parent);
        const auto peer = std::find_if(ports.begin(), ports.end(), [&](int i) {
          return i != bridge && at(i).forwards_memory(address, length);
        });
        if (inside || peer == ports.end()) break;
        if (!redirects(b)) return down(*peer, address, length, none, routed.requester_id);
        redirected = true;
        break;
      }
      case Kind::UpstreamPort:
        if (inside && !redirected)
          return unsupported("no port of the switch has the address inside its window");
        break;
      case Kind::RootPort:
        if (inside && !b.acs(acs_upstream_forwarding))
          return down(bridge, address, length, none, routed.requester_id);
        break;
      default: {
        // A conventional bus: whoever decodes the address has it, and the bridge what is outside its windows.
        const Routed peer = down(bridge, address, length, here, routed.requester_id);
        if (peer.way == Routed::Way::Peer || inside) return peer;
        break;
      }
    }
    if (!b.makes_requests()) return unsupported("Bus Master Enable of a bridge above is 0");
  }
  if (routed.requester_id >= m_config.stream_count)
    return unsupported("the requester ID is none of the host's");
  if (type != DmaAts::None && !m_config.ats.upstream) return unsupported("no SMMU upstream knows ATS");
  routed.way = Routed::Way::Host;
  return routed;
}

void Hierarchy::peer_access(const Routed& to, bool write, std::uint8_t* data, std::uint32_t length) {
  ++m_counters.to_peers;
  m_endpoints[to.function]->access(to.hit, write, data, length);
}

void Hierarchy::refused(std::size_t function, const Routed& routed, std::uint64_t address, bool write) {
  ++m_counters.unsupported;
  const bool blocked = routed.way == Routed::Way::Blocked;
  m_functions[function]->set_aborted(!blocked);
  m_diag.guest_error("request",
                     fmt::format("{} by {}: {}: {}", write ? "write" : "read", name_of(function),
                                 blocked ? "completer abort" : "unsupported request", routed.why),
                     sheet, {}, address);
}

Hierarchy::Addressee Hierarchy::addressee(std::uint32_t requester_id) const {
  const int i = find((requester_id & 0xffff) << 12);
  return i == none ? Addressee{} : Addressee{true, static_cast<std::size_t>(i)};
}

std::string Hierarchy::name_of(std::size_t function) const {
  const FunctionInfo& info = m_functions[function]->info();
  return fmt::format("{:02x}:{:02x}.{}", info.parent == bus0 ? 0 : at(info.parent).secondary_bus(),
                     info.device, info.function);
}

// PCI-to-PCI Bridge 9.1, Base 2.2.8.1: each bridge turns the pins by the device number below it.
unsigned Hierarchy::intx() const {
  unsigned lines = 0;
  for (std::size_t i = 0; i < m_functions.size(); ++i) {
    if (!m_endpoints[i] || !m_endpoints[i]->intx()) continue;
    unsigned pin = m_functions[i]->interrupt_pin() - 1;
    for (const FunctionInfo* f = &m_functions[i]->info(); f->parent != bus0; f = &at(f->parent).info())
      pin += f->device;
    lines |= 1U << pin % 4;
  }
  return lines;
}

void Hierarchy::reset() { reset_below(bus0); }

void Hierarchy::visit(Archive& archive) {
  archive.begin("pcie");
  for (const auto& f : m_functions) f->visit(archive);
  for (const auto& e : m_endpoints) {
    if (e) e->visit(archive);
  }
  archive.value("config_reads", m_counters.config_reads);
  archive.value("config_writes", m_counters.config_writes);
  archive.value("config_unsupported", m_counters.config_unsupported);
  archive.value("memory_accesses", m_counters.memory_accesses);
  archive.value("memory_unsupported", m_counters.memory_unsupported);
  archive.value("to_host", m_counters.to_host);
  archive.value("to_peers", m_counters.to_peers);
  archive.value("unsupported", m_counters.unsupported);
  archive.end();
}

}  // namespace smmuvp::pcie
