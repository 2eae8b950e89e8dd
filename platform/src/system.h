// The components of a platform, made and wired as the configuration says.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <utility>
#include <vector>

#include "config.h"
#include "plugins.h"
#include "smmuvp/tlm/component.h"

namespace smmuvp {
class ConsoleControl;
class CpuControl;
class DebugControl;
class MemoryControl;
class PciHost;
class TlbiListener;
class TlbiSource;
class RouterControl;
class SemihostingControl;
class WiringRules;
}  // namespace smmuvp

namespace smmuvp::platform {

/// An interrupt as it was wired, for the device tree.
struct WiredInterrupt {
  const Port* port;
  InterruptId id;
};

struct Instance {
  Instance(const ComponentConfig* c, const ComponentType* t) : config(c), type(t), params(t->params) {}

  const ComponentConfig* config;
  const ComponentType* type;
  Params params;
  std::unique_ptr<Component> component;

  // Capabilities; nullptr if the component has not got one.
  CpuControl* cpu = nullptr;
  DebugControl* debug = nullptr;
  MemoryControl* memory = nullptr;
  RouterControl* router = nullptr;
  ConsoleControl* console = nullptr;
  SemihostingControl* semihosting = nullptr;
  const WiringRules* rules = nullptr;
  const PciHost* pci = nullptr;
  TlbiSource* tlbi_source = nullptr;
  TlbiListener* tlbi_listener = nullptr;

  // What wiring found out.
  std::vector<Window> windows;             ///< with port and size filled in, in the order of ports()
  std::vector<WiredInterrupt> interrupts;  ///< in the order of ports()
  const Instance* smmu = nullptr;          ///< the SMMU it is behind

  const Port* port(const std::string& name) const;
};

/// A memory in the CPU's address map.
struct MemoryRange {
  std::string name;  ///< the component's
  MemoryControl* control;
  std::uint64_t base;
  std::uint64_t size;
};

class System {
 public:
  /// Makes and wires everything; simulation can start afterwards. Keeps references to all three.
  /// @throws ConfigError with the place of the mistake
  System(const PlatformConfig& config, PluginCatalogue& plugins, Host& host);
  ~System();

  const PlatformConfig& config() const { return m_config; }
  const std::vector<std::unique_ptr<Instance>>& instances() const { return m_instances; }
  Instance* find(const std::string& name) const;
  /// The component that interrupts go to; nullptr if there are none.
  const Instance* interrupt_controller() const { return m_interrupt_controller; }
  const std::vector<MemoryRange>& memories() const { return m_memories; }
  const std::vector<CpuControl*>& cpus() const { return m_cpus; }
  ConsoleControl* console() const;
  /// Processors that answer semihosting calls.
  std::vector<SemihostingControl*> semihosting() const;
  /// Processors that a debugger can hold, with their names, in the order of the configuration.
  std::vector<std::pair<std::string, DebugControl*>> debug_targets() const;
  /// What the wiring leaves to be wondered at, though the platform runs: a line each, with its place.
  const std::vector<std::string>& remarks() const { return m_remarks; }
  std::uint64_t instructions() const;
  /// Of the processor whose doing it is what happens now: that of its load or store. None where something
  /// else runs, such as an SMMU that works through a queue: a processor is anywhere then.
  std::optional<std::uint64_t> program_counter() const;

 private:
  friend class Wiring;
  void make(const ComponentConfig& config, PluginCatalogue& plugins, Host& host);
  void join_cpus();
  void connect_tlbis();

  const PlatformConfig& m_config;
  std::vector<std::unique_ptr<Instance>> m_instances;
  const Instance* m_interrupt_controller = nullptr;
  std::vector<MemoryRange> m_memories;
  std::vector<CpuControl*> m_cpus;
  std::vector<std::string> m_remarks;
  std::vector<std::shared_ptr<void>> m_parts;  // signals and stubs
};

}  // namespace smmuvp::platform
