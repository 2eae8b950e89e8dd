// What every component of a platform is: a SystemC module that names its ports, so that a configuration can
// wire it.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <systemc>
#include <tlm>
#include <variant>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/export.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/stats.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/host.h"
#include "smmuvp/tlm/host_link.h"

namespace smmuvp {

class DtNode;

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
  bool open_high = false;    ///< LineIn: where nothing is wired to it, it reads high

  /// A target port with registers. @param bytes  how much of the address map they take
  static Port registers(std::string name, TargetSocket* socket, std::string doc, std::uint64_t bytes,
                        bool optional = false) {
    Port port{std::move(name), socket, std::move(doc), optional};
    port.size = bytes;
    return port;
  }
};

/// A component. Its constructor makes everything; ports() does not change afterwards. What only one kind of
/// component can do is a capability, an interface in a header of its own (cpu_control.h, debug_control.h,
/// semihosting.h, memory_control.h, router_control.h, console.h), which the platform finds by dynamic_cast.
class SMMUVP_EXPORT Component : public sc_core::sc_module {
 public:
  /// @param type  as in ComponentType; outlives the component. @param params  copied. @param host  outlives
  /// the component: one that does not is reported when simulation starts and whenever it would be used.
  Component(const sc_core::sc_module_name& name, const char* type, const Params& params, Host& host);
  ~Component() override;

  virtual const std::vector<Port>& ports() const = 0;
  /// The values it was made with.
  const Params& parameters() const { return m_parameters; }
  /// The type, as in ComponentType.
  const char* kind() const override { return m_type; }
  /// Saves or restores all state (see archive.h). Called between CPU quanta with no access in flight.
  virtual void visit(Archive& archive) = 0;
  /// Reports counters, always the same ones in the same order, and then parts, if it has any (stats.h).
  virtual void statistics(StatVisitor& visitor) const { (void)visitor; }
  /// All counters begin again at 0, so that one phase of a run can be measured. Nothing else changes: caches
  /// stay as they are. Called when visit() may be called, or between two sc_start().
  virtual void reset_statistics() {}
  /// statistics(), after whose they are: the full hierarchical name and the type.
  void report_statistics(StatVisitor& visitor) const;
  /// Writes all state to a stream, or reads one saved state from it; several may follow each other. Called
  /// when visit() may be called. What was saved by another version, type or configuration is refused, and so
  /// is what is truncated or damaged, before anything has changed. @return what went wrong; throws nothing.
  /// See saved_state.h.
  [[nodiscard]] std::optional<ArchiveError> save(std::ostream& out);
  [[nodiscard]] std::optional<ArchiveError> load(std::istream& in);
  /// Adds to the device tree what a configuration cannot know. `node` starts with the name "device"; a
  /// component that sets no name is not described. Called after construction. See device_tree.h.
  virtual void describe(DtNode& node) const { (void)node; }

 protected:
  /// The host, for all that a component asks of it: safe where the program's own has been destroyed.
  Host& host() { return m_host; }
  /// A component that overrides it calls this one.
  void start_of_simulation() override;

 private:
  const char* m_type;
  Params m_parameters;
  HostLink m_host;
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
