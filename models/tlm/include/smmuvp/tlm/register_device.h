// The shell of any device with one register window, one interrupt line and a reset.
#pragma once
#include <cstdint>
#include <vector>

#include <tlm_utils/simple_target_socket.h>
#include "smmuvp/base/diag.h"
#include "smmuvp/base/export.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/tlm/component.h"
#include "smmuvp/tlm/line_driver.h"

namespace smmuvp {

/// Accesses to the registers take no time. The interrupt line follows interrupt_level() after each of them,
/// after a reset and whenever the device calls settle().
class SMMUVP_EXPORT RegisterDevice : public Component {
 public:
  const std::vector<Port>& ports() const override { return m_ports; }
  void visit(Archive& archive) override;
  /// Counts the interrupts; a device with counters of its own reports them first.
  void statistics(StatVisitor& visitor) const override;

  tlm_utils::simple_target_socket<RegisterDevice, platform_buswidth> registers;
  LineOut irq;
  LineIn reset;

 protected:
  /// What differs between devices; `registers`, `irq` and `reset` are the ports' descriptions.
  struct Sheet {
    const char* type;      ///< of the component
    const char* socket;    ///< name of the port with the registers
    std::uint32_t window;  ///< bytes
    const char* registers;
    const char* irq;
    const char* reset;
    const TracePoint<bool>& irq_changed;
    /// Accesses of shapes that no register has read zero and are ignored, in place of an error.
    bool other_shapes_are_raz_wi = false;
  };

  RegisterDevice(const sc_core::sc_module_name& name, const Sheet& sheet, const Params& params, Host& host);

  // ---- the device. `offset` and `bytes` are as RegisterAccess has them.
  virtual std::uint64_t read_register(std::uint32_t offset, unsigned bytes) = 0;
  virtual void write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) = 0;
  /// Without side effects, for debuggers.
  virtual std::uint64_t peek_register(std::uint32_t offset, unsigned bytes) const = 0;
  virtual bool interrupt_level() const = 0;
  virtual void reset_registers() = 0;
  /// All state but that of the line; after loading, timers and threads of the device are set up again.
  virtual void visit_device(Archive& archive) = 0;
  /// Follows what the device has done; one that has timers follows with them too, after the line.
  virtual void settle();

  Diag& diag() { return m_diag; }
  Tracer& tracer() { return m_tracer; }
  void add_port(Port port) { m_ports.push_back(std::move(port)); }

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  void reset_rises();

  const std::uint32_t m_window;
  const bool m_other_shapes_are_raz_wi;
  const TracePoint<bool>& m_irq_changed;
  Diag m_diag;
  Tracer m_tracer;
  LineDriver m_irq_driver;
  std::vector<Port> m_ports;
  std::uint64_t m_interrupts = 0;
};

/// A RegisterDevice whose core has the usual calls: read, write, peek, irq, reset, visit. The device owns the
/// core and overrides what it does beside.
template <class Core>
class CoreDevice : public RegisterDevice {
 protected:
  /// @param core  a member of the derived class; not used before the first access
  CoreDevice(const sc_core::sc_module_name& name, const Sheet& sheet, const Params& params, Host& host,
             Core& core)
      : RegisterDevice(name, sheet, params, host), m_core_of_device(core) {}

  std::uint64_t read_register(std::uint32_t offset, unsigned bytes) override {
    return m_core_of_device.read(offset, bytes);
  }
  void write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) override {
    m_core_of_device.write(offset, bytes, value);
  }
  std::uint64_t peek_register(std::uint32_t offset, unsigned bytes) const override {
    return m_core_of_device.peek(offset, bytes);
  }
  bool interrupt_level() const override { return m_core_of_device.irq(); }
  void reset_registers() override { m_core_of_device.reset(); }
  void visit_device(Archive& archive) override { m_core_of_device.visit(archive); }

 private:
  Core& m_core_of_device;
};

}  // namespace smmuvp
