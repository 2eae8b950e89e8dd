// PL011 UART as a component (ARM DDI 0183).
//
// Parameters  revision       "r1p5" (32-deep FIFOs) or "r1p4" (16-deep)
//             clock_hz       UARTCLK; Linux reads it from the device tree's clock
//             timing         "none": characters leave at once; "baud": they take the time of the baud rate
//             poll_ns        how often input is looked for
//             firmware_init  reset leaves the UART on (115200 8N1), as firmware would
// Ports       socket  target, 4 KiB
//             irq     UARTINTR, level
//             reset   optional; a rising edge resets the registers
#pragma once
#include "smmuvp/pl011/pl011_core.h"
#include "smmuvp/tlm/console.h"
#include "smmuvp/tlm/register_device.h"

namespace smmuvp {

/// Input is taken from the backend one character a poll, while has_input() and only when the receiver has
/// room; nothing typed is lost before the guest has switched the receiver on. While UARTIMSC masks both RXIM
/// and RTIM only an empty FIFO is fed: drivers empty the FIFO before they unmask, and input that waits
/// outside outlives that. Before the guest's first access to a register none is taken: a program that never
/// looks at the UART may read the console by semihosting.
class Pl011 : public CoreDevice<Pl011Core>, public ConsoleControl, private Pl011Client {
 public:
  Pl011(const sc_core::sc_module_name& name, const Params& params, Host& host);

  void statistics(StatVisitor& visitor) const override;
  void describe(DtNode& node) const override;
  void set_backend(ConsoleBackend* backend) override { m_backend = backend; }

 private:
  std::uint64_t read_register(std::uint32_t offset, unsigned bytes) override;
  void write_register(std::uint32_t offset, unsigned bytes, std::uint64_t value) override;
  void reset_registers() override;
  void visit_device(Archive& archive) override;
  void settle() override;
  void transmit(std::uint8_t byte) override;
  void poll();
  void character_sent();
  void receive_timeout();

  Pl011Core m_core;
  bool m_baud_timing;
  sc_core::sc_time m_poll_period;
  ConsoleBackend* m_backend = nullptr;
  sc_core::sc_event m_character_sent;
  sc_core::sc_event m_receive_timeout;
  bool m_used = false;                // a register was accessed
  bool m_sending = false;             // m_character_sent is on its way
  std::uint64_t m_seen_received = 0;  // for which m_receive_timeout was set
};

/// Type "pl011".
const ComponentType& pl011_type();

}  // namespace smmuvp
