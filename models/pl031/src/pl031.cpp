#include "smmuvp/pl031/pl031.h"

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<bool> trace_irq{"pl031.irq", "the interrupt line changed", {"level"}};

Pl031Config config(const Params& params) {
  return {static_cast<std::uint32_t>(params.uint("start")), params.flag("firmware_init")};
}

std::uint64_t now() { return sc_core::sc_time_stamp().value(); }

}  // namespace

Pl031::Pl031(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name),
      socket("socket"),
      irq("irq"),
      reset("reset"),
      m_diag(&host.diag(), this->name()),
      m_tracer(host.trace(), this->name()),
      m_core(config(params), m_diag),
      m_irq_driver("irq_driver", irq),
      m_ports{Port::registers("socket", &socket, "registers, 4 KiB", Pl031Core::window),
              {"irq", &irq, "RTCINTR, level"},
              {"reset", &reset, "a rising edge resets the registers", true}} {
  socket.register_b_transport(this, &Pl031::b_transport);
  socket.register_transport_dbg(this, &Pl031::transport_dbg);
  SMMUVP_HAS_PROCESS(Pl031);
  SC_METHOD(match);
  sensitive << m_match;
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

void Pl031::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  RegisterAccess access;
  if (!begin_register_access(payload, Pl031Core::window, access)) return;
  std::uint64_t value = 0;
  if (access.write) {
    m_core.write(now(), access.offset, access.bytes, access.value);
  } else {
    value = m_core.read(now(), access.offset, access.bytes);
  }
  end_register_access(payload, access, value);
  settle();
}

unsigned Pl031::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, Pl031Core::window, [this](std::uint32_t offset, unsigned bytes) {
    return m_core.peek(offset, bytes);
  });
}

// Follows whatever the core has done: the line, and the time of the next match.
void Pl031::settle() {
  if (m_core.irq() != m_irq_driver.level()) {
    m_irq_driver.set(m_core.irq());
    if (m_core.irq()) ++m_interrupts;
    m_tracer.emit(now(), trace_irq, m_core.irq());
  }
  m_match.cancel();
  if (const auto at = m_core.next_event()) {
    m_match.notify(from_ps(*at - now()));
  }
}

void Pl031::match() {
  m_core.elapsed(now());
  settle();
}

void Pl031::reset_rises() {
  m_core.reset(now());
  settle();
}

void Pl031::visit(Archive& archive) {
  m_core.visit(archive);
  archive.value("interrupts", m_interrupts);
  if (!archive.loading()) return;
  m_core.resume(now());
  m_irq_driver.set(m_core.irq());
  settle();
}

void Pl031::statistics(StatVisitor& visitor) const {
  visitor.stat("matches", m_core.matches(), "1", "times that the counter reached RTCMR");
  visitor.stat("interrupts", m_interrupts, "1", "rising edges of the interrupt line");
}

// The binding is Linux's bindings/rtc/arm,pl031.yaml; the platform makes the clock.
void Pl031::describe(DtNode& node) const {
  node.set_name("rtc");
  node.strings("compatible", {"arm,pl031", "arm,primecell"});
  node.strings("clock-names", {"apb_pclk"});
}

const ComponentType& pl031_type() {
  static const ComponentType type{
      "pl031",
      "PL031 real time clock",
      {{"start", ParamType::Uint, "1735689600",
        "Time when simulation starts, in seconds since 1970 (the default is 2025-01-01 00:00:00 UTC).", 0,
        0xffffffff},
       {"firmware_init", ParamType::Bool, "true",
        "Reset leaves the clock running and set, as firmware would have done; else it is off and 0."}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Pl031>(name, params, host);
      },
      {trace_irq}};
  return type;
}

}  // namespace smmuvp
