#include "smmuvp/pl011/pl011_core.h"

#include <fmt/format.h>

#include <algorithm>

namespace smmuvp {

namespace {

enum Id : std::uint16_t {
  UARTDR,
  UARTRSR,
  UARTFR,
  UARTILPR,
  UARTIBRD,
  UARTFBRD,
  UARTLCR_H,
  UARTCR,
  UARTIFLS,
  UARTIMSC,
  UARTRIS,
  UARTMIS,
  UARTICR,
  UARTDMACR,
  UARTPeriphID0,
  UARTPeriphID1,
  UARTPeriphID2,
  UARTPeriphID3,
  UARTPCellID0,
  UARTPCellID1,
  UARTPCellID2,
  UARTPCellID3,
};

// UARTDR, DDI 0183 3.3.1
constexpr std::uint64_t DR_OE = 1U << 11;
// UARTRSR, 3.3.2
constexpr std::uint64_t RSR_OE = 1U << 3;
// UARTFR, 3.3.3
constexpr std::uint64_t FR_CTS = 1U << 0;
constexpr std::uint64_t FR_DSR = 1U << 1;
constexpr std::uint64_t FR_DCD = 1U << 2;
constexpr std::uint64_t FR_BUSY = 1U << 3;
constexpr std::uint64_t FR_RXFE = 1U << 4;
constexpr std::uint64_t FR_TXFF = 1U << 5;
constexpr std::uint64_t FR_RXFF = 1U << 6;
constexpr std::uint64_t FR_TXFE = 1U << 7;
constexpr std::uint64_t FR_RI = 1U << 8;
// UARTLCR_H, 3.3.7
constexpr std::uint64_t LCR_BRK = 1U << 0;
constexpr std::uint64_t LCR_PEN = 1U << 1;
constexpr std::uint64_t LCR_STP2 = 1U << 3;
constexpr std::uint64_t LCR_FEN = 1U << 4;
constexpr unsigned LCR_WLEN_SHIFT = 5;
// UARTCR, 3.3.8
constexpr std::uint64_t CR_UARTEN = 1U << 0;
constexpr std::uint64_t CR_SIREN = 1U << 1;
constexpr std::uint64_t CR_LBE = 1U << 7;
constexpr std::uint64_t CR_TXE = 1U << 8;
constexpr std::uint64_t CR_RXE = 1U << 9;
constexpr std::uint64_t CR_DTR = 1U << 10;
constexpr std::uint64_t CR_RTS = 1U << 11;
constexpr std::uint64_t CR_Out1 = 1U << 12;
constexpr std::uint64_t CR_Out2 = 1U << 13;
constexpr std::uint64_t CR_CTSEn = 1U << 15;
// UARTRIS and the other interrupt registers, 3.3.10 to 3.3.13
constexpr std::uint64_t INT_RI = 1U << 0;
constexpr std::uint64_t INT_CTS = 1U << 1;
constexpr std::uint64_t INT_DCD = 1U << 2;
constexpr std::uint64_t INT_DSR = 1U << 3;
constexpr std::uint64_t INT_RX = 1U << 4;
constexpr std::uint64_t INT_TX = 1U << 5;
constexpr std::uint64_t INT_RT = 1U << 6;
constexpr std::uint64_t INT_OE = 1U << 10;

std::vector<RegisterInfo> table() {
  return {
      {UARTDR, "UARTDR", 0x000, 4, Access::RW, 0, 0, "DDI 0183 3.3.1"},
      {UARTRSR, "UARTRSR/UARTECR", 0x004, 4, Access::RW, 0, 0, "DDI 0183 3.3.2"},
      {UARTFR, "UARTFR", 0x018, 4, Access::RO, FR_TXFE | FR_RXFE, 0, "DDI 0183 3.3.3"},
      {UARTILPR, "UARTILPR", 0x020, 4, Access::RW, 0, 0xff, "DDI 0183 3.3.4"},
      {UARTIBRD, "UARTIBRD", 0x024, 4, Access::RW, 0, 0xffff, "DDI 0183 3.3.5"},
      {UARTFBRD, "UARTFBRD", 0x028, 4, Access::RW, 0, 0x3f, "DDI 0183 3.3.6"},
      {UARTLCR_H, "UARTLCR_H", 0x02c, 4, Access::RW, 0, 0xff, "DDI 0183 3.3.7"},
      {UARTCR, "UARTCR", 0x030, 4, Access::RW, CR_TXE | CR_RXE, 0xff87, "DDI 0183 3.3.8"},
      {UARTIFLS, "UARTIFLS", 0x034, 4, Access::RW, 0x12, 0x3f, "DDI 0183 3.3.9"},
      {UARTIMSC, "UARTIMSC", 0x038, 4, Access::RW, 0, 0x7ff, "DDI 0183 3.3.10"},
      {UARTRIS, "UARTRIS", 0x03c, 4, Access::RO, 0, 0, "DDI 0183 3.3.11"},
      {UARTMIS, "UARTMIS", 0x040, 4, Access::RO, 0, 0, "DDI 0183 3.3.12"},
      {UARTICR, "UARTICR", 0x044, 4, Access::WO, 0, 0, "DDI 0183 3.3.13"},
      {UARTDMACR, "UARTDMACR", 0x048, 4, Access::RW, 0, 0x7, "DDI 0183 3.3.14"},
      // Part number 0x011, designer 0x41, revision, configuration 0.
      {UARTPeriphID0, "UARTPeriphID0", 0xfe0, 4, Access::RO, 0x11, 0, "DDI 0183 3.3.15"},
      {UARTPeriphID1, "UARTPeriphID1", 0xfe4, 4, Access::RO, 0x10, 0, "DDI 0183 3.3.15"},
      {UARTPeriphID2, "UARTPeriphID2", 0xfe8, 4, Access::RO, 0x34, 0, "DDI 0183 3.3.15"},
      {UARTPeriphID3, "UARTPeriphID3", 0xfec, 4, Access::RO, 0x00, 0, "DDI 0183 3.3.15"},
      {UARTPCellID0, "UARTPCellID0", 0xff0, 4, Access::RO, 0x0d, 0, "DDI 0183 3.3.16"},
      {UARTPCellID1, "UARTPCellID1", 0xff4, 4, Access::RO, 0xf0, 0, "DDI 0183 3.3.16"},
      {UARTPCellID2, "UARTPCellID2", 0xff8, 4, Access::RO, 0x05, 0, "DDI 0183 3.3.16"},
      {UARTPCellID3, "UARTPCellID3", 0xffc, 4, Access::RO, 0xb1, 0, "DDI 0183 3.3.16"},
  };
}

// UARTIFLS selections: 1/8, 1/4, 1/2, 3/4, 7/8 of the FIFO; the others are reserved (3.3.9) and act as 7/8.
std::size_t trigger(std::size_t depth, std::uint64_t selection) {
  constexpr std::size_t eighths[] = {1, 2, 4, 6, 7, 7, 7, 7};
  return depth * eighths[selection & 7] / 8;
}

template <class Fifo>
void visit_fifo(Archive& archive, const char* name, Fifo& fifo, std::size_t max) {
  archive.list(name, fifo, max, [&](auto& item) { archive.value("", item); });
}

}  // namespace

Pl011Core::Pl011Core(const Pl011Config& config, Pl011Client& client, Diag& diag)
    : m_config(config), m_client(client), m_diag(diag), m_registers(table(), *this) {
  m_registers.set_reset(UARTPeriphID2, m_config.r1p5 ? 0x34 : 0x24);
  reset();
}

void Pl011Core::reset() {
  m_registers.reset();
  m_tx.clear();
  m_rx.clear();
  m_shifting = false;
  m_tx_at_level = true;
  m_rx_at_level = false;
  m_overrun = false;
  m_divisor = 64;
  if (m_config.firmware_init) {
    m_divisor = std::max<std::uint64_t>(m_config.clock_hz * 4 / 115200, 64);
    m_registers.set(UARTIBRD, m_divisor / 64);
    m_registers.set(UARTFBRD, m_divisor % 64);
    m_registers.set(UARTLCR_H, LCR_FEN | 3U << LCR_WLEN_SHIFT);
    m_registers.set(UARTCR, CR_UARTEN | CR_TXE | CR_RXE);
  }
  m_modem = modem_inputs();
  update();
}

std::uint64_t Pl011Core::read(std::uint32_t offset, unsigned bytes) {
  std::uint64_t value = 0;
  m_registers.read(offset, bytes, AccessSecurity::NonSecure, value);
  update();
  return value;
}

void Pl011Core::write(std::uint32_t offset, unsigned bytes, std::uint64_t value) {
  m_registers.write(offset, bytes, AccessSecurity::NonSecure, value);
  pump();
  update();
}

std::uint64_t Pl011Core::peek(std::uint32_t offset, unsigned bytes) const {
  std::uint64_t value = 0;
  m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
  return value;
}

bool Pl011Core::irq() const { return m_registers.get(UARTMIS) != 0; }

void Pl011Core::raise(std::uint64_t bits) { m_registers.set(UARTRIS, m_registers.get(UARTRIS) | bits); }
void Pl011Core::clear(std::uint64_t bits) { m_registers.set(UARTRIS, m_registers.get(UARTRIS) & ~bits); }

std::size_t Pl011Core::depth() const {
  if (!flag(UARTLCR_H, LCR_FEN)) return 1;
  return m_config.r1p5 ? 32 : 16;
}

std::size_t Pl011Core::transmit_trigger() const {
  return flag(UARTLCR_H, LCR_FEN) ? trigger(depth(), m_registers.get(UARTIFLS)) : 0;
}
std::size_t Pl011Core::receive_trigger() const {
  return flag(UARTLCR_H, LCR_FEN) ? trigger(depth(), m_registers.get(UARTIFLS) >> 3) : 1;
}

// Without loopback the modem inputs are tied active (CTS, DSR, DCD) and RI inactive; with it the modem
// outputs come back (3.3.8, UARTCR.LBE).
std::uint64_t Pl011Core::modem_inputs() const {
  const std::uint64_t cr = m_registers.get(UARTCR);
  if ((cr & CR_LBE) == 0) return FR_CTS | FR_DSR | FR_DCD;
  return ((cr & CR_RTS) != 0 ? FR_CTS : 0) | ((cr & CR_DTR) != 0 ? FR_DSR : 0) |
         ((cr & CR_Out1) != 0 ? FR_DCD : 0) | ((cr & CR_Out2) != 0 ? FR_RI : 0);
}

bool Pl011Core::can_transmit() const {
  const std::uint64_t cr = m_registers.get(UARTCR);
  const bool clear_to_send = (cr & CR_CTSEn) == 0 || (modem_inputs() & FR_CTS) != 0;
  return (cr & CR_UARTEN) != 0 && (cr & CR_TXE) != 0 && clear_to_send;
}

bool Pl011Core::can_receive() const {
  const std::uint64_t cr = m_registers.get(UARTCR);
  return (cr & CR_UARTEN) != 0 && (cr & CR_RXE) != 0 && (cr & CR_LBE) == 0 && m_rx.size() < depth();
}

bool Pl011Core::wants_input() const {
  return can_receive() && (m_rx.empty() || flag(UARTIMSC, INT_RX | INT_RT));
}

void Pl011Core::receive(std::uint8_t byte) {
  const std::uint64_t cr = m_registers.get(UARTCR);
  if ((cr & CR_UARTEN) == 0 || (cr & CR_RXE) == 0 || (cr & CR_LBE) != 0) return;
  take(byte);
  update();
}

void Pl011Core::take(std::uint8_t byte) {
  ++m_received;
  if (m_rx.size() >= depth()) {
    // The FIFO's content stays; the character is lost (3.3.2, OE).
    m_overrun = true;
    ++m_overruns;
    m_registers.set(UARTRSR, m_registers.get(UARTRSR) | RSR_OE);
    raise(INT_OE);
    return;
  }
  // DDI 0183 2.4.3: the next character that finds room carries the overrun, as bit 11 of the FIFO.
  m_rx.push_back(static_cast<std::uint16_t>(word(byte) | (m_overrun ? DR_OE : 0)));
  m_overrun = false;
}

void Pl011Core::receive_timeout() {
  if (!m_rx.empty()) raise(INT_RT);
  update();
}

// Word lengths below 8 leave the upper bits 0 (3.3.7, UARTLCR_H.WLEN).
std::uint8_t Pl011Core::word(std::uint8_t byte) const {
  const unsigned bits = 5 + static_cast<unsigned>(m_registers.get(UARTLCR_H) >> LCR_WLEN_SHIFT & 3);
  return static_cast<std::uint8_t>(byte & ((1U << bits) - 1));
}

void Pl011Core::emit(std::uint8_t character) {
  ++m_transmitted;
  const std::uint8_t byte = word(character);
  if (flag(UARTCR, CR_LBE)) {
    if (flag(UARTCR, CR_RXE)) take(byte);
  } else {
    m_client.transmit(byte);
  }
}

void Pl011Core::pump() {
  while (!m_tx.empty() && !m_shifting && can_transmit()) {
    const std::uint8_t byte = m_tx.front();
    m_tx.pop_front();
    if (m_config.baud_timing) {
      m_shift = byte;
      m_shifting = true;
    } else {
      m_tx_at_level = false;
      emit(byte);
    }
  }
}

void Pl011Core::character_sent() {
  if (!m_shifting) return;
  m_shifting = false;
  emit(m_shift);
  pump();
  update();
}

std::uint64_t Pl011Core::bit_time_ps() const {
  // One bit is 16 divided UARTCLK periods (3.3.6): 16 * (divisor / 64) / clock.
  return m_divisor * (1'000'000'000'000 / 4) / m_config.clock_hz;
}

std::uint64_t Pl011Core::character_time_ps() const {
  const std::uint64_t lcr = m_registers.get(UARTLCR_H);
  const std::uint64_t bits = 1 + 5 + (lcr >> LCR_WLEN_SHIFT & 3) + ((lcr & LCR_PEN) != 0 ? 1 : 0) + 1 +
                             ((lcr & LCR_STP2) != 0 ? 1 : 0);
  return bits * bit_time_ps();
}

// Brings the flags and interrupts into line with the FIFOs. The transmit and receive interrupts come from
// the transition through a level, not from the level (DDI 0183, UARTTXINTR and UARTRXINTR).
void Pl011Core::update() {
  const bool tx_at_level = m_tx.size() <= transmit_trigger();
  if (tx_at_level && !m_tx_at_level) raise(INT_TX);
  if (!tx_at_level) clear(INT_TX);
  m_tx_at_level = tx_at_level;

  const bool rx_at_level = m_rx.size() >= receive_trigger();
  if (rx_at_level && !m_rx_at_level) raise(INT_RX);
  if (!rx_at_level) clear(INT_RX);
  m_rx_at_level = rx_at_level;
  if (m_rx.empty()) clear(INT_RT);

  const std::uint64_t modem = modem_inputs();
  const std::uint64_t changed = modem ^ m_modem;
  m_modem = modem;
  raise(((changed & FR_RI) != 0 ? INT_RI : 0) | ((changed & FR_CTS) != 0 ? INT_CTS : 0) |
        ((changed & FR_DCD) != 0 ? INT_DCD : 0) | ((changed & FR_DSR) != 0 ? INT_DSR : 0));

  m_registers.set(UARTFR, modem | (m_shifting || !m_tx.empty() ? FR_BUSY : 0) | (m_rx.empty() ? FR_RXFE : 0) |
                              (m_tx.size() >= depth() ? FR_TXFF : 0) |
                              (m_rx.size() >= depth() ? FR_RXFF : 0) | (m_tx.empty() ? FR_TXFE : 0));
  m_registers.set(UARTDR, m_rx.empty() ? 0U : m_rx.front());
  m_registers.set(UARTMIS, m_registers.get(UARTRIS) & m_registers.get(UARTIMSC));
}

std::uint64_t Pl011Core::register_read(std::uint16_t id, std::uint32_t, AccessSecurity,
                                       std::uint64_t stored) {
  if (id == UARTDR && !m_rx.empty()) {
    // The status of the character goes to RSR's framing, parity and break bits, which never occur here. OE is
    // not part of it: the overrun sets it, UARTECR alone clears it (3.3.2).
    m_rx.pop_front();
  }
  return stored;
}

void Pl011Core::register_written(std::uint16_t id, std::uint32_t, AccessSecurity, std::uint64_t old,
                                 std::uint64_t value, std::uint64_t written, std::uint64_t lanes) {
  switch (id) {
    case UARTDR:
      if ((lanes & 0xff) != 0) write_data(static_cast<std::uint8_t>(written));
      break;
    case UARTRSR:  // UARTECR: any value clears the errors
      m_registers.set(UARTRSR, 0);
      break;
    case UARTIBRD:
    case UARTFBRD:
      if (old != value && flag(UARTCR, CR_UARTEN)) {
        m_diag.guest_error("UARTIBRD.enabled", "the baud rate was changed while UARTCR.UARTEN is 1",
                           "DDI 0183 3.3.6");
      }
      break;
    case UARTLCR_H:
      write_line_control(old, value);
      break;
    case UARTCR:
      write_control(value);
      break;
    case UARTIFLS:
      if ((value & 7) > 4 || (value >> 3 & 7) > 4) {
        m_diag.guest_error("UARTIFLS.reserved",
                           fmt::format("reserved trigger level in UARTIFLS {:#x}", value), "DDI 0183 3.3.9");
      }
      break;
    case UARTICR:
      clear(written & 0x7ff);
      break;
    case UARTDMACR:
      if (value != 0) {
        m_diag.unimplemented("UARTDMACR", "DMA requests are not modelled; UARTDMACR was set",
                             "DDI 0183 3.3.14");
      }
      break;
    default:
      break;
  }
}

void Pl011Core::write_data(std::uint8_t byte) {
  if (!flag(UARTCR, CR_UARTEN) || !flag(UARTCR, CR_TXE)) {
    m_diag.guest_error("UARTDR.disabled",
                       "UARTDR was written while the transmitter is off; the character waits in the FIFO",
                       "DDI 0183 3.3.8");
  }
  if (m_tx.size() >= depth()) {
    ++m_lost;
    m_diag.guest_error("UARTDR.full", "UARTDR was written while UARTFR.TXFF is 1; the character is lost",
                       "DDI 0183 3.3.3");
    return;
  }
  m_tx.push_back(byte);
}

void Pl011Core::write_line_control(std::uint64_t old, std::uint64_t value) {
  if (old != value && flag(UARTCR, CR_UARTEN)) {
    m_diag.guest_error("UARTLCR_H.enabled", "UARTLCR_H was changed while UARTCR.UARTEN is 1",
                       "DDI 0183 3.3.7");
  }
  if ((value & LCR_BRK) != 0) {
    m_diag.unimplemented("UARTLCR_H.BRK", "sending a break is not modelled", "DDI 0183 3.3.7");
  }
  if (((old ^ value) & LCR_FEN) != 0) {
    // Switching the FIFOs off or on empties them: one holds what the other cannot.
    m_tx.clear();
    m_rx.clear();
    m_overrun = false;
  }
  // The divisor takes effect with a write of UARTLCR_H (3.3.7).
  m_divisor = m_registers.get(UARTIBRD) * 64 + m_registers.get(UARTFBRD);
  if (m_registers.get(UARTIBRD) == 0) {
    m_divisor = 64;
    if (m_config.baud_timing) {
      m_diag.guest_error("UARTIBRD.zero", "a baud rate divisor of 0 is invalid; 1 is used", "DDI 0183 3.3.6");
    }
  } else if (m_registers.get(UARTIBRD) == 0xffff) {
    m_divisor = 0xffffULL * 64;  // UARTFBRD is ignored then (3.3.6)
  }
}

void Pl011Core::write_control(std::uint64_t value) {
  if ((value & CR_SIREN) != 0) {
    m_diag.unimplemented("UARTCR.SIREN", "the IrDA encoder is not modelled", "DDI 0183 3.3.8");
  }
}

void Pl011Core::visit(Archive& archive) {
  archive.begin("pl011");
  m_registers.visit(archive);
  visit_fifo(archive, "tx", m_tx, 32);
  visit_fifo(archive, "rx", m_rx, 32);
  archive.value("shift", m_shift);
  archive.value("shifting", m_shifting);
  archive.value("tx_at_level", m_tx_at_level);
  archive.value("rx_at_level", m_rx_at_level);
  archive.value("overrun", m_overrun);
  archive.value("divisor", m_divisor);
  archive.value("modem", m_modem);
  archive.value("received", m_received);
  archive.value("transmitted", m_transmitted);
  archive.value("overruns", m_overruns);
  archive.value("lost", m_lost);
  archive.end();
  if (archive.loading() && (m_divisor < 64 || m_divisor > 0xffffULL * 64 + 63)) {
    archive.fail("divisor", "out of range");
    m_divisor = 64;
  }
}

}  // namespace smmuvp
