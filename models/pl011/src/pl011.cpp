#include "smmuvp/pl011/pl011.h"

#include <algorithm>

#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
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

sc_core::sc_time picoseconds(std::uint64_t ps) {
  return sc_core::sc_time(static_cast<double>(ps), sc_core::SC_PS);
}

}  // namespace

Pl011::Pl011(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name),
      socket("socket"),
      irq("irq"),
      reset("reset"),
      m_diag(&host.diag(), this->name()),
      m_tracer(host.trace(), this->name()),
      m_core(config(params), *this, m_diag),
      m_baud_timing(params.text("timing") == "baud"),
      m_poll_period(picoseconds(params.uint("poll_ns") * 1000)),
      m_irq_driver("irq_driver", irq),
      m_ports{Port::registers("socket", &socket, "registers, 4 KiB", Pl011Core::window),
              {"irq", &irq, "UARTINTR, the combined interrupt, level"},
              {"reset", &reset, "a rising edge resets the registers", true}} {
  socket.register_b_transport(this, &Pl011::b_transport);
  socket.register_transport_dbg(this, &Pl011::transport_dbg);
  SMMUVP_HAS_PROCESS(Pl011);
  SC_METHOD(poll);
  SC_METHOD(character_sent);
  sensitive << m_character_sent;
  dont_initialize();
  SC_METHOD(receive_timeout);
  sensitive << m_receive_timeout;
  dont_initialize();
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

void Pl011::transmit(std::uint8_t byte) {
  if (m_backend != nullptr) m_backend->put(byte);
  m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_tx, byte);
}

void Pl011::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  RegisterAccess access;
  if (!begin_register_access(payload, Pl011Core::window, access)) return;
  m_used = true;
  std::uint64_t value = 0;
  if (access.write) {
    m_core.write(access.offset, access.bytes, access.value);
  } else {
    value = m_core.read(access.offset, access.bytes);
  }
  end_register_access(payload, access, value);
  settle();
}

unsigned Pl011::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, Pl011Core::window, [this](std::uint32_t offset, unsigned bytes) {
    return m_core.peek(offset, bytes);
  });
}

// Follows whatever the core has done: the line, the sender and the receive timer.
void Pl011::settle() {
  if (m_core.irq() != m_irq_driver.level()) {
    m_irq_driver.set(m_core.irq());
    if (m_core.irq()) ++m_interrupts;
    m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_irq, m_core.irq());
  }
  if (m_core.transmitting() && !m_sending) {
    m_sending = true;
    m_character_sent.notify(picoseconds(m_core.character_time_ps()));
  }
  if (m_core.received() != m_seen_received) {
    m_seen_received = m_core.received();
    m_receive_timeout.cancel();
    // Without baud timing characters come one a poll, so that two polls without one are a pause.
    m_receive_timeout.notify(m_baud_timing ? picoseconds(32 * m_core.bit_time_ps()) : 2 * m_poll_period);
  }
}

void Pl011::poll() {
  if (m_backend == nullptr || !m_backend->has_input()) return;
  if (m_used && m_core.wants_input()) {
    const int byte = m_backend->get();
    if (byte >= 0) {
      m_core.receive(static_cast<std::uint8_t>(byte));
      m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_rx, static_cast<std::uint8_t>(byte));
      settle();
    }
  }
  next_trigger(m_baud_timing ? std::max(m_poll_period, picoseconds(m_core.character_time_ps()))
                             : m_poll_period);
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

void Pl011::reset_rises() {
  m_character_sent.cancel();
  m_receive_timeout.cancel();
  m_sending = false;
  m_used = false;
  m_core.reset();
  settle();
}

void Pl011::visit(Archive& archive) {
  m_core.visit(archive);
  archive.value("used", m_used);
  archive.value("interrupts", m_interrupts);
  if (!archive.loading()) return;
  // Timers start anew: a character on the line and the receive time-out take their full time again.
  m_character_sent.cancel();
  m_sending = false;
  m_seen_received = m_core.received() - 1;
  m_irq_driver.set(m_core.irq());
  settle();
}

void Pl011::statistics(StatVisitor& visitor) const {
  visitor.stat("tx_bytes", m_core.transmitted(), "bytes", "characters sent");
  visitor.stat("rx_bytes", m_core.received(), "bytes", "characters received, those of loopback included");
  visitor.stat("rx_overruns", m_core.overruns(), "1", "characters lost because the receive FIFO was full");
  visitor.stat("tx_lost", m_core.lost(), "1", "characters written while the transmit FIFO was full");
  visitor.stat("interrupts", m_interrupts, "1", "rising edges of the interrupt line");
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
