// PL011 UART without SystemC (ARM DDI 0183): registers, FIFOs, interrupts.
#pragma once
#include <cstdint>
#include <deque>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/diag.h"
#include "smmuvp/base/registers.h"

namespace smmuvp {

/// Bytes that leave the UART.
class Pl011Client {
 public:
  virtual ~Pl011Client() = default;
  virtual void transmit(std::uint8_t byte) = 0;
};

struct Pl011Config {
  bool r1p5 = true;                     ///< 32-deep FIFOs and revision 3; false: r1p4, 16-deep, revision 2
  bool baud_timing = false;             ///< characters take their time; false: they leave at once
  bool firmware_init = false;           ///< reset leaves the UART on: 115200 8N1, FIFOs, UARTEN
  std::uint64_t clock_hz = 24'000'000;  ///< UARTCLK
};

/// The owner calls character_sent() a character_time_ps() after transmitting() became true, and
/// receive_timeout() 32 bit_time_ps() after received() last changed.
/// With characters that leave at once, each write to UARTDR of an enabled transmitter counts as filling the
/// FIFO above its trigger level and draining it again, so that each raises UARTTXINTR.
class Pl011Core : private RegisterObserver {
 public:
  static constexpr std::uint32_t window = 0x1000;

  Pl011Core(const Pl011Config& config, Pl011Client& client, Diag& diag);

  // ---- software's side; see RegisterFile
  std::uint64_t read(std::uint32_t offset, unsigned bytes);
  void write(std::uint32_t offset, unsigned bytes, std::uint64_t value);
  std::uint64_t peek(std::uint32_t offset, unsigned bytes) const;
  const RegisterFile& registers() const { return m_registers; }

  // ---- the line's side
  /// Level of UARTINTR, the combined interrupt.
  bool irq() const;
  /// True if a character from outside can be taken now.
  bool can_receive() const;
  /// True if a character that can wait outside is better taken now: the receiver has room, and software has a
  /// receive interrupt unmasked or has read all there was. A driver that starts up throws away what it finds
  /// in the FIFO, which is then one character at most.
  bool wants_input() const;
  /// A character from outside; an overrun if the FIFO is full, ignored while the receiver is off or looped
  /// back.
  void receive(std::uint8_t byte);
  void receive_timeout();
  /// Count of characters received, those of loopback included.
  std::uint64_t received() const { return m_received; }
  bool transmitting() const { return m_shifting; }
  void character_sent();
  std::uint64_t bit_time_ps() const;
  std::uint64_t character_time_ps() const;

  void reset();
  void visit(Archive& archive);

  std::uint64_t transmitted() const { return m_transmitted; }
  std::uint64_t overruns() const { return m_overruns; }
  std::uint64_t lost() const { return m_lost; }

 private:
  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity security,
                              std::uint64_t stored) override;
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity security, std::uint64_t old,
                        std::uint64_t value, std::uint64_t written, std::uint64_t lanes) override;

  bool flag(std::uint16_t id, std::uint64_t bits) const { return (m_registers.get(id) & bits) != 0; }
  void raise(std::uint64_t bits);
  void clear(std::uint64_t bits);
  std::size_t depth() const;
  std::size_t transmit_trigger() const;
  std::size_t receive_trigger() const;
  bool can_transmit() const;
  std::uint64_t modem_inputs() const;
  void take(std::uint8_t byte);
  std::uint8_t word(std::uint8_t byte) const;
  void emit(std::uint8_t character);
  void pump();
  void update();
  void write_data(std::uint8_t byte);
  void write_line_control(std::uint64_t old, std::uint64_t value);
  void write_control(std::uint64_t value);

  Pl011Config m_config;
  Pl011Client& m_client;
  Diag& m_diag;
  RegisterFile m_registers;

  std::deque<std::uint8_t> m_tx;
  std::deque<std::uint16_t> m_rx;  // as UARTDR shows them, with OE
  std::uint8_t m_shift = 0;        // the character on the line
  bool m_shifting = false;
  bool m_tx_at_level = true;     // the FIFO is at or below its trigger level: interrupts are transitions
  bool m_rx_at_level = false;    // the FIFO is at or above its trigger level
  bool m_overrun = false;        // a character was lost since the last one in the FIFO
  std::uint64_t m_divisor = 64;  // in 1/64, as UARTLCR_H's last write took it
  std::uint64_t m_modem = 0;

  std::uint64_t m_received = 0;
  std::uint64_t m_transmitted = 0;
  std::uint64_t m_overruns = 0;
  std::uint64_t m_lost = 0;
};

}  // namespace smmuvp
