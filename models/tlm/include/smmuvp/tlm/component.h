// What every component of a platform is: a SystemC module that names its ports, so that a configuration can
// wire it.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <tlm>
#include <variant>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/stats.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/console.h"
#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/host.h"

namespace smmuvp {

/// Width of the buses that a platform wires, in bits. Models are templates on it; their plugins use this one.
constexpr unsigned platform_buswidth = 64;

using InitiatorSocket = tlm::tlm_base_initiator_socket<platform_buswidth>;
using TargetSocket = tlm::tlm_base_target_socket<platform_buswidth>;
/// An interrupt, reset or event line. Level-sensitive unless the component's documentation says edge.
using LineOut = sc_core::sc_out<bool>;
using LineIn = sc_core::sc_in<bool>;

/// A port that a configuration can wire, by name.
struct Port {
  std::string name;  ///< for example "registers", "tbu0_in", "walk", "irq", "eventq_irq"
  std::variant<InitiatorSocket*, TargetSocket*, LineOut*, LineIn*> object;
  std::string doc;
  bool optional = false;     ///< may stay unwired; the platform then ties it off
  std::string dt_name = {};  ///< entry of interrupt-names, for a LineOut that is one of several
  bool edge = false;         ///< LineOut: a pulse whose rising edge counts
  std::uint64_t size = 0;    ///< TargetSocket: bytes that a window in an address map has at least; 0: any
  std::string taken = {};    ///< LineIn: why nothing may be wired to it; empty if it is free

  /// A target port with registers. @param bytes  how much of the address map they take
  static Port registers(std::string name, TargetSocket* socket, std::string doc, std::uint64_t bytes,
                        bool optional = false) {
    Port port{std::move(name), socket, std::move(doc), optional};
    port.size = bytes;
    return port;
  }
};

/// A component. Its constructor makes everything; ports() does not change afterwards.
class Component : public sc_core::sc_module {
 public:
  explicit Component(const sc_core::sc_module_name& name) : sc_core::sc_module(name) {}
  virtual const std::vector<Port>& ports() const = 0;
  /// Saves or restores all state (see archive.h). Called between CPU quanta with no access in flight.
  virtual void visit(Archive& archive) = 0;
  /// Reports counters, always the same ones in the same order.
  virtual void statistics(StatVisitor& visitor) const { (void)visitor; }
  /// Adds to the device tree what a configuration cannot know. `node` starts with the name "device"; a
  /// component that sets no name is not described. Called after construction.
  virtual void describe(DtNode& node) const { (void)node; }
};

// ---- Capabilities. The platform finds them with dynamic_cast; each is for one kind of component.

/// Notified of writes to memory that come over a bus, so that translated code can be dropped.
class MemoryWriteListener {
 public:
  virtual ~MemoryWriteListener() = default;
  /// @param address  physical address of the first byte
  virtual void memory_written(std::uint64_t address, std::uint64_t length) = 0;
};

/// A memory: one buffer that CPUs and models share.
class MemoryControl {
 public:
  virtual ~MemoryControl() = default;
  virtual std::uint8_t* data() = 0;
  virtual std::uint64_t size() const = 0;  ///< bytes
  /// Where the configuration put it in the CPU's address map. Called once, before simulation.
  virtual void set_base(std::uint64_t base) = 0;
  /// `writer` is called for writes through sockets (not for a CPU's own stores through the shared buffer).
  virtual void add_write_listener(MemoryWriteListener* listener) = 0;
};

/// A processor.
class CpuControl {
 public:
  virtual ~CpuControl() = default;
  /// A range that is memory: the CPU asks for DMI on it when simulation starts. Called before simulation.
  virtual void add_memory(std::uint64_t base, std::uint64_t size) = 0;
  /// Start state: program counter, X0 to X3. Called before simulation.
  virtual void set_start(std::uint64_t pc, std::uint64_t x0, std::uint64_t x1, std::uint64_t x2,
                         std::uint64_t x3) = 0;
  virtual MemoryWriteListener* write_listener() = 0;
  /// For messages: where the processor is now, or was last.
  virtual std::uint64_t program_counter() const = 0;
  virtual std::uint64_t instructions() const = 0;
};

class DebugControl;

/// Whom a processor calls when it stops for a debugger.
class DebugClient {
 public:
  enum class Reason : std::uint8_t {
    Break,       ///< DebugControl::request_break()
    Breakpoint,  ///< the instruction at PC has a breakpoint, or step() has been done
  };
  virtual ~DebugClient() = default;
  /// `cpu` stands between two instructions, and so does simulated time, until this returns.
  virtual void stopped(DebugControl& cpu, Reason reason) = 0;
};

/// A processor that a debugger can hold. Without a client, nothing here has an effect on a run.
class DebugControl {
 public:
  virtual ~DebugControl() = default;
  /// Called before simulation. `client` outlives the simulation.
  virtual void set_debug_client(DebugClient* client) = 0;
  /// Stops at the next quantum, or soon if the processor idles. Before simulation or between two sc_start().
  virtual void request_break() = 0;

  // From DebugClient::stopped() only, for the processor that stopped:
  /// Stop again after one instruction. A processor that waits for an interrupt or event waits no longer; nor
  /// does one whose PC is set.
  virtual void step() = 0;
  /// By name: X0 to X30, SP, PC, PSTATE, V0_LO, V0_HI to V31_HI, FPSR, FPCR. None if there is no such.
  virtual std::optional<std::uint64_t> debug_register(const std::string& name) const = 0;
  virtual bool set_debug_register(const std::string& name, std::uint64_t value) = 0;
  /// RAM by virtual address, as translated now, without side effects; devices are not reached. @return how
  /// many bytes could be copied.
  virtual std::size_t debug_read(std::uint64_t address, void* data, std::size_t length) = 0;
  virtual std::size_t debug_write(std::uint64_t address, const void* data, std::size_t length) = 0;
  /// By virtual address; memory is not changed. False if it is not possible there, or there are too many.
  virtual bool set_breakpoint(std::uint64_t address) = 0;
  virtual void clear_breakpoint(std::uint64_t address) = 0;
};

/// An interconnect that is told its address map. Both calls make a port of the router; the socket stays its
/// own.
class RouterControl {
 public:
  virtual ~RouterControl() = default;
  /// A port for an initiator to bind to. @param name  the initiator's, for messages.
  virtual TargetSocket& add_initiator(const std::string& name) = 0;
  /// A port that leads to a target. Addresses are passed on relative to `base`.
  /// @throws ConfigError if the range is empty, wraps, or overlaps another one (both are named).
  virtual InitiatorSocket& add_target(const std::string& name, std::uint64_t base, std::uint64_t size) = 0;
};

/// A processor that answers the semihosting calls of its program.
class SemihostingControl {
 public:
  /// What the program finds. Addresses are 0 where they are not known.
  struct Surroundings {
    ConsoleBackend* console = nullptr;  ///< outlives the simulation
    std::string command_line;
    std::uint64_t heap_base = 0, heap_limit = 0, stack_base = 0, stack_limit = 0;
  };
  virtual ~SemihostingControl() = default;
  /// Called before simulation. Without it, output is lost and input has ended.
  virtual void set_surroundings(const Surroundings& surroundings) = 0;
};

/// What a plugin offers: one entry a type of component.
struct ComponentType {
  std::string type;  ///< as in the configuration, for example "smmuv3"
  std::string doc;   ///< one sentence
  std::vector<ParamInfo> params;
  /// @param params  values of `params`, all checked. @throws ConfigError for combinations that make no sense.
  std::unique_ptr<Component> (*create)(const char* name, const Params& params, Host& host);
  std::vector<TracePointInfo> trace_points = {};  ///< all that its components emit
};

}  // namespace smmuvp
