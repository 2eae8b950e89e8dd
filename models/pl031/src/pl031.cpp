#include "smmuvp/pl031/pl031.h"

#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<bool> trace_irq{"pl031.irq", "the interrupt line changed", {"level"}};

Pl031Config config(const Params& params) {
  return {static_cast<std::uint32_t>(params.uint("start")), params.flag("firmware_init")};
}

std::uint64_t now() { return to_ps(sc_core::sc_time_stamp()); }

}  // namespace

Pl031::Pl031(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : RegisterDevice(name,
                     {"pl031", "socket", Pl031Core::window, "registers, 4 KiB", "RTCINTR, level",
                      "a rising edge resets the registers", trace_irq},
                     params, host),
      m_core(config(params), diag()) {
  SMMUVP_HAS_PROCESS(Pl031);
  SC_METHOD(match);
  sensitive << m_match;
}

std::uint64_t Pl031::read_register(std::uint32_t offset, unsigned bytes) {
  return m_core.read(now(), offset, bytes);
}

void Pl031::write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  m_core.write(now(), offset, bytes, value);
}

std::uint64_t Pl031::peek_register(std::uint32_t offset, unsigned bytes) const {
  return m_core.peek(offset, bytes);
}

// Follows whatever the core has done: the line, and the time of the next match.
void Pl031::settle() {
  RegisterDevice::settle();
  m_match.cancel();
  if (const auto at = m_core.next_event()) {
    m_match.notify(from_ps(*at - now()));
  }
}

void Pl031::match() {
  m_core.elapsed(now());
  settle();
}

void Pl031::reset_registers() { m_core.reset(now()); }

void Pl031::visit_device(Archive& archive) {
  m_core.visit(archive);
  if (archive.loading()) m_core.resume(now());
}

void Pl031::statistics(StatVisitor& visitor) const {
  visitor.stat("matches", m_core.matches(), "1", "times that the counter reached RTCMR");
  RegisterDevice::statistics(visitor);
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
