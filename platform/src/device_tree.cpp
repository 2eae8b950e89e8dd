#include "device_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <map>

#include "fdt_writer.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/pci_host.h"

namespace smmuvp::platform {

namespace {

using Cells = std::vector<std::uint32_t>;

constexpr std::uint32_t clock_hz = 24'000'000;
// Interrupt specifiers: bindings/interrupt-controller/arm,gic.yaml.
constexpr std::uint32_t gic_spi = 0;
constexpr std::uint32_t gic_ppi = 1;
constexpr std::uint32_t edge_rising = 1;
constexpr std::uint32_t level_high = 4;
constexpr const char* global_interrupts = "#global-interrupts";
// The SMMU names its masters, instead of these the SMMU: bindings/iommu/arm,smmu, before `iommus`. One that
// wants to says so by the empty property.
constexpr const char* mmu_masters = "mmu-masters";

void add64(Cells& cells, std::uint64_t value) {
  cells.push_back(static_cast<std::uint32_t>(value >> 32));
  cells.push_back(static_cast<std::uint32_t>(value));
}

bool has(const DtNode& node, const std::string& name) {
  return std::any_of(node.properties().begin(), node.properties().end(),
                     [&](const DtNode::Property& p) { return p.name == name; });
}

const DtNode::Strings* texts(const DtNode& node, const std::string& name) {
  for (const auto& p : node.properties()) {
    if (p.name == name) return std::get_if<DtNode::Strings>(&p.value);
  }
  return nullptr;
}

// 0 where there is no such property.
std::uint32_t first_cell(const DtNode& node, const std::string& name) {
  for (const auto& p : node.properties()) {
    const auto* cells = std::get_if<Cells>(&p.value);
    if (p.name == name && cells != nullptr && !cells->empty()) return cells->front();
  }
  return 0;
}

// How many interrupts are of the first `outputs` outputs of a component.
std::uint32_t wired_of_first(const Instance& instance, std::uint32_t outputs) {
  std::uint32_t wired = 0;
  for (const Port& port : instance.component->ports()) {
    if (!std::holds_alternative<LineOut*>(port.object)) continue;
    if (outputs-- == 0) break;
    wired += static_cast<std::uint32_t>(
        std::count_if(instance.interrupts.begin(), instance.interrupts.end(),
                      [&](const WiredInterrupt& i) { return i.port->name == port.name; }));
  }
  return wired;
}

bool compatible_with(const DtNode& node, const std::string& word) {
  const DtNode::Strings* all = texts(node, "compatible");
  return all != nullptr && std::find(all->begin(), all->end(), word) != all->end();
}

class Builder {
 public:
  Builder(const System& system, const ChosenNode& chosen) : m_system(system), m_chosen(chosen) {}
  std::vector<std::uint8_t> build();

 private:
  void assign_phandles();
  void chosen();
  void memory();
  void reserved_memory();
  void cpus();
  void timer();
  void clock();
  void device(const Instance& instance);
  void child(const DtNode& node, const Window* window);
  bool has_msi_frame() const;
  void properties(const DtNode& node, const std::vector<std::string>& except = {});
  void add_interrupt(Cells& to, const WiredInterrupt& interrupt) const;
  void beside(const Instance& instance, const DtNode& node);
  void interrupts(const Instance& instance, const DtNode& node);
  bool lists_masters(const Instance& smmu) const { return has(m_nodes.at(smmu.config->name), mmu_masters); }
  void masters(const Instance& smmu);
  void streams(const Instance& instance, const DtNode& node);
  void pci_host(const Instance& instance);
  std::uint32_t address_cells(const Instance& instance) const;
  std::string node_name(const Instance& instance) const;
  Cells ppi(std::uint32_t number) const;
  std::uint32_t wired_timer(const std::string& dt_name, std::uint32_t otherwise) const;

  const System& m_system;
  const ChosenNode& m_chosen;
  FdtWriter m_fdt;
  std::map<std::string, std::uint32_t> m_phandles;  // component -> phandle
  std::map<std::string, std::uint32_t> m_regions;   // component -> phandle of its reserved memory
  std::map<std::string, DtNode> m_nodes;            // component -> what it says of itself
  std::uint32_t m_clock_phandle = 0;
  std::uint32_t m_msi_phandle = 0;  // of the controller of messages; 0: nobody sends any, or there is none
  std::string m_console_path;
};

void Builder::assign_phandles() {
  std::uint32_t next = 1;
  const auto give = [&](const Instance* instance) {
    if (instance != nullptr && m_phandles.emplace(instance->config->name, next).second) ++next;
  };
  give(m_system.interrupt_controller());
  for (const auto& i : m_system.instances()) give(i->smmu);
  for (const auto& i : m_system.instances()) {
    if (i->smmu != nullptr && lists_masters(*i->smmu)) give(i.get());
  }
  for (const auto& i : m_system.instances()) {
    if (!i->config->behind || !i->config->behind->identity) continue;
    give(i.get());
    m_regions.emplace(i->config->name, next++);
  }
  const bool sends =
      std::any_of(m_nodes.begin(), m_nodes.end(), [](const auto& n) { return has(n.second, "msi-parent"); });
  const bool pci = std::any_of(m_system.instances().begin(), m_system.instances().end(),
                               [](const auto& i) { return i->pci != nullptr; });
  if ((sends || pci) && has_msi_frame()) m_msi_phandle = next++;
  m_clock_phandle = next;
}

// A frame that the configuration left out of the map is not there.
bool Builder::has_msi_frame() const {
  const Instance* gic = m_system.interrupt_controller();
  if (gic == nullptr) return false;
  const auto& children = m_nodes.at(gic->config->name).children();
  return std::any_of(children.begin(), children.end(), [&](const DtNode& c) {
    return has(c, "msi-controller") && std::any_of(gic->windows.begin(), gic->windows.end(),
                                                   [&](const Window& w) { return w.port == c.name(); });
  });
}

// Components that a child node stands for do not appear in reg of their own node.
std::vector<const Window*> own_windows(const Instance& instance, const DtNode& node) {
  std::vector<const Window*> own;
  for (const Window& w : instance.windows) {
    const bool in_child = std::any_of(node.children().begin(), node.children().end(),
                                      [&](const DtNode& c) { return c.name() == w.port; });
    const bool in_ranges = instance.pci != nullptr && w.port != instance.pci->config_port();
    if (!in_child && !in_ranges) own.push_back(&w);
  }
  return own;
}

// Whether an interrupt is that of a node beside.
bool is_beside(const DtNode& node, const std::string& port) {
  const auto& others = node.nodes_beside();
  return std::any_of(others.begin(), others.end(), [&port](const DtNode& other) {
    const auto& ports = other.interrupt_ports();
    return std::find(ports.begin(), ports.end(), port) != ports.end();
  });
}

// Of a node's children: what it says itself, or what it is given if some of its windows are those of
// children.
std::uint32_t Builder::address_cells(const Instance& instance) const {
  const DtNode& node = m_nodes.at(instance.config->name);
  if (has(node, "#address-cells")) return first_cell(node, "#address-cells");
  return own_windows(instance, node).size() != instance.windows.size() ? 2 : 0;
}

std::string Builder::node_name(const Instance& instance) const {
  const DtNode& node = m_nodes.at(instance.config->name);
  const auto windows = own_windows(instance, node);
  return windows.empty() ? node.name() : fmt::format("{}@{:x}", node.name(), windows.front()->base);
}

void Builder::properties(const DtNode& node, const std::vector<std::string>& except) {
  for (const DtNode::Property& p : node.properties()) {
    if (std::find(except.begin(), except.end(), p.name) != except.end()) continue;
    if (const auto* cells = std::get_if<DtNode::Cells>(&p.value)) {
      m_fdt.cells(p.name, *cells);
    } else if (const auto* strings = std::get_if<DtNode::Strings>(&p.value)) {
      m_fdt.texts(p.name, *strings);
    } else {
      m_fdt.flag(p.name);
    }
  }
}

void Builder::add_interrupt(Cells& to, const WiredInterrupt& interrupt) const {
  if (interrupt.id.kind == InterruptId::Kind::Spi) {
    to.insert(to.end(), {gic_spi, interrupt.id.number, interrupt.port->edge ? edge_rising : level_high});
  } else {
    const Cells one = ppi(interrupt.id.number);
    to.insert(to.end(), one.begin(), one.end());
  }
}

void Builder::beside(const Instance& instance, const DtNode& node) {
  const bool sends_messages = m_msi_phandle != 0 && has(node, "msi-parent");
  Cells interrupts;
  for (const WiredInterrupt& i : instance.interrupts) {
    const auto& ports = node.interrupt_ports();
    if (std::find(ports.begin(), ports.end(), i.port->name) != ports.end()) add_interrupt(interrupts, i);
  }
  Cells reg;
  std::uint64_t base = 0;
  for (const DtNode::Reg& r : node.regs()) {
    for (const Window& w : instance.windows) {
      if (w.port != r.port || r.offset + r.size > w.size) continue;
      if (reg.empty()) base = w.base + r.offset;
      add64(reg, w.base + r.offset);
      add64(reg, r.size);
    }
  }
  if (reg.empty() || (interrupts.empty() && !sends_messages)) return;
  m_fdt.begin(fmt::format("{}@{:x}", node.name(), base));
  properties(node, {"msi-parent"});
  m_fdt.cells("reg", reg);
  if (!interrupts.empty()) m_fdt.cells("interrupts", interrupts);
  if (sends_messages) m_fdt.cells("msi-parent", {m_msi_phandle});
  m_fdt.end();
}

void Builder::interrupts(const Instance& instance, const DtNode& node) {
  // bindings/iommu/arm,smmu.yaml: global interrupts stand first in `interrupts`. A component says how many of
  // its outputs are such, and the tree how many of them are wired.
  if (const std::uint32_t outputs = first_cell(node, global_interrupts); outputs != 0) {
    m_fdt.cells(global_interrupts, {wired_of_first(instance, outputs)});
  }
  if (instance.interrupts.empty() || instance.pci != nullptr || has(node, "interrupts")) return;
  Cells cells;
  DtNode::Strings names;
  bool named = false;
  for (const WiredInterrupt& i : instance.interrupts) {
    if (is_beside(node, i.port->name)) continue;
    add_interrupt(cells, i);
    named = named || !i.port->dt_name.empty();
    names.push_back(i.port->dt_name.empty() ? i.port->name : i.port->dt_name);
  }
  if (cells.empty()) return;
  m_fdt.cells("interrupts", cells);
  if (named) m_fdt.texts("interrupt-names", names);
}

// bindings/pci/host-generic-pci, pci-iommu, pci-msi: what of a host's node depends on the wiring.
void Builder::pci_host(const Instance& instance) {
  Cells ranges;
  for (const PciWindow& space : instance.pci->windows()) {
    for (const Window& w : instance.windows) {
      if (w.port != space.port) continue;
      ranges.push_back(space.space);
      add64(ranges, space.address);
      add64(ranges, w.base);
      add64(ranges, w.size);
    }
  }
  m_fdt.cells("ranges", ranges);
  if (instance.smmu != nullptr) {
    const Behind& b = *instance.config->behind;
    if (lists_masters(*instance.smmu)) {
      m_fdt.cells("#stream-id-cells", {1});
    } else {
      m_fdt.cells("iommu-map", {0, m_phandles.at(instance.smmu->config->name), b.stream, b.count});
    }
  }
  // Each function is known to the frame by its requester ID, which GICv2m has no use for.
  if (m_msi_phandle != 0) m_fdt.cells("msi-map", {0, m_msi_phandle, 0, instance.pci->requester_ids()});

  // IEEE 1275 PCI binding: a child's unit address is three cells, of which the mask leaves nothing.
  Cells map;
  const std::vector<std::string> pins = instance.pci->interrupt_pins();
  for (const WiredInterrupt& i : instance.interrupts) {
    const auto pin = std::find(pins.begin(), pins.end(), i.port->name);
    if (pin == pins.end()) continue;
    const Instance& gic = *m_system.interrupt_controller();
    map.insert(map.end(), {0, 0, 0, static_cast<std::uint32_t>(pin - pins.begin()) + 1});
    map.push_back(m_phandles.at(gic.config->name));
    map.resize(map.size() + address_cells(gic), 0);
    map.insert(map.end(), {gic_spi, i.id.number, level_high});
  }
  if (map.empty()) return;
  m_fdt.cells("#interrupt-cells", {1});
  m_fdt.cells("interrupt-map-mask", {0, 0, 0, 7});
  m_fdt.cells("interrupt-map", map);
}

// A PPI's third cell carries the CPUs it goes to in bits 15:8.
Cells Builder::ppi(std::uint32_t number) const {
  const std::uint32_t cpus = (1u << std::min<std::size_t>(m_system.cpus().size(), 8)) - 1;
  return {gic_ppi, number, cpus << 8 | level_high};
}

void Builder::chosen() {
  m_fdt.begin("chosen");
  if (!m_chosen.bootargs.empty()) m_fdt.text("bootargs", m_chosen.bootargs);
  if (!m_console_path.empty()) m_fdt.text("stdout-path", m_console_path);
  if (m_chosen.initrd_end > m_chosen.initrd_start) {
    Cells start;
    Cells end;
    add64(start, m_chosen.initrd_start);
    add64(end, m_chosen.initrd_end);
    m_fdt.cells("linux,initrd-start", start);
    m_fdt.cells("linux,initrd-end", end);
  }
  m_fdt.end();
}

void Builder::memory() {
  for (const MemoryRange& m : m_system.memories()) {
    m_fdt.begin(fmt::format("memory@{:x}", m.base));
    m_fdt.text("device_type", "memory");
    Cells reg;
    add64(reg, m.base);
    add64(reg, m.size);
    m_fdt.cells("reg", reg);
    m_fdt.end();
  }
}

// bindings/reserved-memory/reserved-memory.yaml: iommu-addresses that equal reg are mapped one to one.
void Builder::reserved_memory() {
  if (m_regions.empty()) return;
  m_fdt.begin("reserved-memory");
  m_fdt.cells("#address-cells", {2});
  m_fdt.cells("#size-cells", {2});
  m_fdt.flag("ranges");
  for (const auto& instance : m_system.instances()) {
    const std::string& name = instance->config->name;
    if (m_regions.count(name) == 0) continue;
    const Identity& identity = *instance->config->behind->identity;
    m_fdt.begin(fmt::format("{}@{:x}", m_nodes.at(name).name(), identity.base));
    Cells reg;
    add64(reg, identity.base);
    add64(reg, identity.size);
    m_fdt.cells("reg", reg);
    Cells addresses{m_phandles.at(name)};
    addresses.insert(addresses.end(), reg.begin(), reg.end());
    m_fdt.cells("iommu-addresses", addresses);
    m_fdt.flag("no-map");
    m_fdt.cells("phandle", {m_regions.at(name)});
    m_fdt.end();
  }
  m_fdt.end();
}

void Builder::cpus() {
  if (m_system.cpus().empty()) return;
  m_fdt.begin("cpus");
  m_fdt.cells("#address-cells", {1});
  m_fdt.cells("#size-cells", {0});
  std::uint32_t number = 0;
  for (const auto& instance : m_system.instances()) {
    if (instance->cpu == nullptr) continue;
    const DtNode& node = m_nodes.at(instance->config->name);
    m_fdt.begin(fmt::format("cpu@{:x}", number));
    m_fdt.text("device_type", "cpu");
    if (!has(node, "compatible")) m_fdt.text("compatible", "arm,armv8");
    properties(node, {"device_type", "reg", "enable-method"});
    m_fdt.cells("reg", {number});
    m_fdt.text("enable-method", "psci");
    m_fdt.end();
    ++number;
  }
  m_fdt.end();

  // bindings/arm/psci.yaml
  m_fdt.begin("psci");
  m_fdt.texts("compatible", {"arm,psci-1.0", "arm,psci-0.2"});
  m_fdt.text("method", "hvc");
  m_fdt.end();
}

// CPUs name their timer outputs as the binding's interrupt-names do.
std::uint32_t Builder::wired_timer(const std::string& dt_name, std::uint32_t otherwise) const {
  for (const auto& instance : m_system.instances()) {
    if (instance->cpu == nullptr) continue;
    for (const WiredInterrupt& i : instance->interrupts) {
      if (i.port->dt_name == dt_name && i.id.kind == InterruptId::Kind::Ppi) return i.id.number;
    }
  }
  return otherwise;
}

// bindings/timer/arm,arch_timer.yaml: secure physical, non-secure physical, virtual, hypervisor.
void Builder::timer() {
  if (m_system.cpus().empty() || m_system.interrupt_controller() == nullptr) return;
  // Numbers of Arm's Base System Architecture, unless the configuration wires a timer elsewhere.
  struct Timer {
    const char* dt_name;
    std::uint32_t number;
  };
  Cells cells;
  for (const Timer& t :
       {Timer{"sec-phys", 13}, Timer{"phys", 14}, Timer{"virt", 11}, Timer{"hyp-phys", 10}}) {
    const Cells one = ppi(wired_timer(t.dt_name, t.number));
    cells.insert(cells.end(), one.begin(), one.end());
  }
  m_fdt.begin("timer");
  m_fdt.text("compatible", "arm,armv8-timer");
  m_fdt.cells("interrupts", cells);
  m_fdt.flag("always-on");
  m_fdt.end();
}

void Builder::clock() {
  const bool wanted = std::any_of(m_nodes.begin(), m_nodes.end(), [](const auto& n) {
    return compatible_with(n.second, "arm,primecell") || has(n.second, "clock-names");
  });
  if (!wanted) return;
  m_fdt.begin("clock");
  m_fdt.text("compatible", "fixed-clock");
  m_fdt.cells("#clock-cells", {0});
  m_fdt.cells("clock-frequency", {clock_hz});
  m_fdt.cells("phandle", {m_clock_phandle});
  m_fdt.end();
}

void Builder::child(const DtNode& node, const Window* window) {
  m_fdt.begin(window != nullptr ? fmt::format("{}@{:x}", node.name(), window->base) : node.name());
  properties(node);
  if (window != nullptr) {
    Cells reg;
    add64(reg, window->base);
    add64(reg, window->size);
    m_fdt.cells("reg", reg);
    if (m_msi_phandle != 0 && has(node, "msi-controller")) m_fdt.cells("phandle", {m_msi_phandle});
  }
  for (const DtNode& c : node.children()) child(c, nullptr);
  m_fdt.end();
}

// Each master by its phandle, and as many StreamIDs as its node says.
void Builder::masters(const Instance& smmu) {
  Cells list;
  for (const auto& master : m_system.instances()) {
    if (master->smmu != &smmu) continue;
    const Behind& b = *master->config->behind;
    list.push_back(m_phandles.at(master->config->name));
    // Of a PCI host Linux takes no more than that it is in the list: StreamIDs are requester IDs.
    const std::uint32_t count = master->pci != nullptr ? 1 : b.count;
    for (std::uint32_t i = 0; i < count; ++i) list.push_back(b.stream + i);
  }
  m_fdt.cells(mmu_masters, list);
}

// What the node of a master says of the SMMU it is behind.
void Builder::streams(const Instance& instance, const DtNode& node) {
  const Behind& b = *instance.config->behind;
  if (lists_masters(*instance.smmu)) {
    m_fdt.cells("#stream-id-cells", {b.count});
  } else {
    Cells iommus;
    for (std::uint32_t i = 0; i < b.count; ++i) {
      iommus.push_back(m_phandles.at(instance.smmu->config->name));
      iommus.push_back(b.stream + i);
    }
    m_fdt.cells("iommus", iommus);
  }
  if (!has(node, "dma-coherent") && !has(node, "dma-noncoherent")) m_fdt.flag("dma-coherent");
  if (const auto found = m_regions.find(instance.config->name); found != m_regions.end()) {
    m_fdt.cells("memory-region", {found->second});
  }
}

void Builder::device(const Instance& instance) {
  if (instance.cpu != nullptr || instance.memory != nullptr) return;
  const DtNode& node = m_nodes.at(instance.config->name);
  if (node.name() == "device") return;

  m_fdt.begin(node_name(instance));
  properties(node, {"msi-parent", global_interrupts, mmu_masters});
  if (has(node, mmu_masters)) masters(instance);
  // bindings/interrupt-controller/msi.yaml; a component that sends messages says so by the empty property.
  if (m_msi_phandle != 0 && has(node, "msi-parent")) m_fdt.cells("msi-parent", {m_msi_phandle});
  Cells reg;
  for (const Window* w : own_windows(instance, node)) {
    add64(reg, w->base);
    add64(reg, w->size);
  }
  if (!reg.empty()) m_fdt.cells("reg", reg);
  interrupts(instance, node);

  if (compatible_with(node, "arm,primecell") || has(node, "clock-names")) {
    // bindings/serial/pl011.yaml: the UART's clock, then the bus clock. All are the one fixed clock.
    const DtNode::Strings* names = texts(node, "clock-names");
    const std::size_t count = names != nullptr ? names->size() : 2;
    m_fdt.cells("clocks", Cells(count, m_clock_phandle));
    if (names == nullptr) m_fdt.texts("clock-names", {"uartclk", "apb_pclk"});
  }
  if (instance.pci != nullptr) {
    pci_host(instance);
  } else if (instance.smmu != nullptr) {
    streams(instance, node);
  }
  if (const auto found = m_phandles.find(instance.config->name); found != m_phandles.end()) {
    m_fdt.cells("phandle", {found->second});
  }
  const bool mapped_child =
      instance.pci == nullptr && own_windows(instance, node).size() != instance.windows.size();
  if (mapped_child) {
    if (!has(node, "#address-cells")) m_fdt.cells("#address-cells", {2});
    if (!has(node, "#size-cells")) m_fdt.cells("#size-cells", {2});
    if (!has(node, "ranges")) m_fdt.flag("ranges");
  }
  for (const DtNode& c : node.children()) {
    const Window* window = nullptr;
    for (const Window& w : instance.windows) {
      if (w.port == c.name()) window = &w;
    }
    // A frame that the configuration left out of the map is not there.
    const bool is_port = instance.port(c.name()) != nullptr;
    if (window != nullptr || !is_port) child(c, window);
  }
  m_fdt.end();
  for (const DtNode& other : node.nodes_beside()) beside(instance, other);
}

std::vector<std::uint8_t> Builder::build() {
  for (const auto& instance : m_system.instances()) {
    DtNode node("device");
    instance->component->describe(node);
    m_nodes.emplace(instance->config->name, node);
    if (instance->console != nullptr && m_console_path.empty() && node.name() != "device") {
      m_console_path = "/" + node_name(*instance);
    }
  }
  assign_phandles();

  m_fdt.begin("");
  m_fdt.text("model", m_system.config().name);
  m_fdt.texts("compatible", {"smmu-vp,platform", "linux,dummy-virt"});
  m_fdt.cells("#address-cells", {2});
  m_fdt.cells("#size-cells", {2});
  if (const Instance* gic = m_system.interrupt_controller()) {
    m_fdt.cells("interrupt-parent", {m_phandles.at(gic->config->name)});
  }
  chosen();
  if (!m_console_path.empty()) {
    m_fdt.begin("aliases");
    m_fdt.text("serial0", m_console_path);
    m_fdt.end();
  }
  memory();
  reserved_memory();
  cpus();
  timer();
  clock();
  for (const auto& instance : m_system.instances()) device(*instance);
  m_fdt.end();
  return m_fdt.finish();
}

}  // namespace

std::vector<std::uint8_t> make_device_tree(const System& system, const ChosenNode& chosen) {
  return Builder(system, chosen).build();
}

}  // namespace smmuvp::platform
