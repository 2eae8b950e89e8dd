// Register accesses, received characters and timers of a PL011, in any order.
#include "register_fuzz.h"
#include "smmuvp/pl011/pl011_core.h"

namespace {
struct Sink : smmuvp::Pl011Client {
  void transmit(std::uint8_t) override {}
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  smmuvp::fuzz::Input in(data, size);
  const std::uint64_t options = in.take(1);
  smmuvp::Pl011Config config;
  config.r1p5 = (options & 1) != 0;
  config.baud_timing = (options & 2) != 0;
  config.firmware_init = (options & 4) != 0;
  Sink sink;
  smmuvp::Diag diag(nullptr, "uart");
  smmuvp::Pl011Core uart(config, sink, diag);
  while (!in.empty()) {
    switch (in.take(1) % 8) {
      case 0:
        uart.receive(static_cast<std::uint8_t>(in.take(1)));
        break;
      case 1:
        uart.character_sent();
        break;
      case 2:
        uart.receive_timeout();
        break;
      default: {
        const auto a = smmuvp::fuzz::take_access(in, smmuvp::Pl011Core::window);
        if (a.write) {
          uart.write(a.offset, a.bytes, a.value);
        } else {
          uart.read(a.offset, a.bytes);
        }
      }
    }
    if (uart.character_time_ps() == 0) __builtin_trap();
  }
  return 0;
}
