#include "smmuvp/pl011/pl011.h"

#include <algorithm>

#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint8_t> trace_tx{"pl011.tx", "a character left the UART", {"byte"}};
constexpr TracePoint<std::uint8_t> trace_rx{"pl011.rx", "a character came in", {"byte"}};
constexpr TracePoint<bool> trace_irq{"pl011.irq", "the interrupt line changed", {"level"}};

Pl011Config config(const Params& params) {
  Pl011Config c;
  c.r1p5 = params.text("revision") == "r1p5";
  c.baud_timing = params.text("timing") == "baud";
  c.firmware_init = params.flag("firmware_init");
  c.clock_hz = params.uint("clock_hz");
  return c;
}

}  // namespace

Pl011::Pl011(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : CoreDevice(name,
                 {"pl011", "socket", Pl011Core::window, "registers, 4 KiB",
                  "UARTINTR, the combined interrupt, level", "a rising edge resets the registers", trace_irq},
                 params, host, m_core),
      m_core(config(params), *this, diag()),
      m_baud_timing(params.text("timing") == "baud"),
      m_poll_period(from_ps(params.uint("poll_ns") * 1000)) {
  SMMUVP_HAS_PROCESS(Pl011);
  SC_METHOD(poll);
  SC_METHOD(character_sent);
  sensitive << m_character_sent;
  dont_initialize();
  SC_METHOD(receive_timeout);
  sensitive << m_receive_timeout;
  dont_initialize();
}

void Pl011::transmit(std::uint8_t byte) {
  if (m_backend != nullptr) m_backend->put(byte);
  tracer().emit(to_ps(sc_core::sc_time_stamp()), trace_tx, byte);
}

std::uint64_t Pl011::read_register(std::uint32_t offset, unsigned bytes) {
  m_used = true;
  return CoreDevice::read_register(offset, bytes);
}

void Pl011::write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  m_used = true;
  CoreDevice::write_register(offset, bytes, value);
}

// Follows whatever the core has done: the line, the sender and the receive timer.
void Pl011::settle() {
  CoreDevice::settle();
  if (m_core.transmitting() && !m_sending) {
    m_sending = true;
    m_character_sent.notify(from_ps(m_core.character_time_ps()));
  }
  if (m_core.received() != m_seen_received) {
    m_seen_received = m_core.received();
    m_receive_timeout.cancel();
    // Without baud timing characters come one a poll, so that two polls without one are a pause.
    m_receive_timeout.notify(m_baud_timing ? from_ps(32 * m_core.bit_time_ps()) : 2 * m_poll_period);
  }
}

void Pl011::poll() {
  if (m_backend == nullptr || !m_backend->has_input()) return;
  if (m_used && m_core.wants_input()) {
    const int byte = m_backend->get();
    if (byte >= 0) {
      m_core.receive(static_cast<std::uint8_t>(byte));
      tracer().emit(to_ps(sc_core::sc_time_stamp()), trace_rx, static_cast<std::uint8_t>(byte));
      settle();
    }
  }
  next_trigger(m_baud_timing ? std::max(m_poll_period, from_ps(m_core.character_time_ps())) : m_poll_period);
}

void Pl011::character_sent() {
  m_sending = false;
  m_core.character_sent();
  settle();
}

void Pl011::receive_timeout() {
  m_core.receive_timeout();
  settle();
}

void Pl011::reset_registers() {
  m_character_sent.cancel();
  m_receive_timeout.cancel();
  m_sending = false;
  m_used = false;
  m_core.reset();
}

void Pl011::visit_device(Archive& archive) {
  m_core.visit(archive);
  archive.value("used", m_used);
  if (!archive.loading()) return;
  // Timers start anew: a character on the line and the receive time-out take their full time again.
  m_character_sent.cancel();
  m_sending = false;
  m_seen_received = m_core.received() - 1;
}

void Pl011::statistics(StatVisitor& visitor) const {
  visitor.stat("tx_bytes", m_core.transmitted(), "bytes", "characters sent");
  visitor.stat("rx_bytes", m_core.received(), "bytes", "characters received, those of loopback included");
  visitor.stat("rx_overruns", m_core.overruns(), "1", "characters lost because the receive FIFO was full");
  visitor.stat("tx_lost", m_core.lost(), "1", "characters written while the transmit FIFO was full");
  CoreDevice::statistics(visitor);
}

// The binding is Linux's arm,pl011; the platform makes the fixed clock that clock-names asks for.
void Pl011::describe(DtNode& node) const {
  node.set_name("serial");
  node.strings("compatible", {"arm,pl011", "arm,primecell"});
  node.strings("clock-names", {"uartclk", "apb_pclk"});
}

const ComponentType& pl011_type() {
  static const ComponentType type{
      "pl011",
      "PL011 UART",
      {{"revision",
        ParamType::Choice,
        "r1p5",
        "r1p5 has 32-deep FIFOs, r1p4 16-deep ones.",
        0,
        ~0ULL,
        {"r1p4", "r1p5"}},
       {"clock_hz", ParamType::Uint, "24000000", "UARTCLK in Hz.", 1'000'000, 1'000'000'000},
       {"timing",
        ParamType::Choice,
        "none",
        "none: characters leave at once. baud: each takes the time that the baud rate says.",
        0,
        ~0ULL,
        {"none", "baud"}},
       {"poll_ns", ParamType::Uint, "10000", "How often input is looked for, in ns of simulated time.", 100,
        1'000'000'000},
       {"firmware_init", ParamType::Bool, "true",
        "Reset leaves the UART switched on (115200 8N1, FIFOs), as firmware would have done."}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Pl011>(name, params, host);
      },
      {trace_tx, trace_rx, trace_irq}};
  return type;
}

}  // namespace smmuvp
