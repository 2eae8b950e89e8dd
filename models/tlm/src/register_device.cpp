#include "smmuvp/tlm/register_device.h"

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

RegisterDevice::RegisterDevice(const sc_core::sc_module_name& name, const Sheet& sheet, const Params& params,
                               Host& host)
    : Component(name, sheet.type, params, host),
      registers(sheet.socket),
      irq("irq"),
      reset("reset"),
      m_window(sheet.window),
      m_other_shapes_are_raz_wi(sheet.other_shapes_are_raz_wi),
      m_irq_changed(sheet.irq_changed),
      m_diag(&this->host().diag(), this->name()),
      m_tracer(this->host().trace(), this->name()),
      m_irq_driver("irq_driver", irq),
      m_ports{Port::registers(sheet.socket, &registers, sheet.registers, sheet.window),
              {"irq", &irq, sheet.irq},
              {"reset", &reset, sheet.reset, true}} {
  registers.register_b_transport(this, &RegisterDevice::b_transport);
  registers.register_transport_dbg(this, &RegisterDevice::transport_dbg);
  SMMUVP_HAS_PROCESS(RegisterDevice);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

void RegisterDevice::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const bool done = register_transport(payload, m_window, [this](const RegisterAccess& access) {
    if (!access.write) return read_register(access.offset, access.bytes);
    write_register(access.offset, access.bytes, access.value);
    return access.value;
  });
  if (done) {
    settle();
  } else if (m_other_shapes_are_raz_wi) {
    make_other_shape_raz_wi(payload);
  }
}

unsigned RegisterDevice::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, m_window, [this](std::uint32_t offset, unsigned bytes) {
    return peek_register(offset, bytes);
  });
}

void RegisterDevice::settle() {
  const bool level = interrupt_level();
  if (level == m_irq_driver.level()) return;
  m_irq_driver.set(level);
  if (level) ++m_interrupts;
  m_tracer.emit(to_ps(sc_core::sc_time_stamp()), m_irq_changed, level);
}

void RegisterDevice::reset_rises() {
  reset_registers();
  settle();
}

void RegisterDevice::visit(Archive& archive) {
  visit_device(archive);
  archive.value("interrupts", m_interrupts);
  if (!archive.loading()) return;
  m_irq_driver.set(interrupt_level());  // no interrupt of its own: it has been counted when it came
  settle();
}

void RegisterDevice::statistics(StatVisitor& visitor) const {
  visitor.stat("interrupts", m_interrupts, "1", "rising edges of the interrupt line");
}

}  // namespace smmuvp
