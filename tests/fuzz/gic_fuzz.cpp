// Register accesses of several processors and input changes of a GICv2, in any order.
#include "register_fuzz.h"
#include "smmuvp/gic/gic_core.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using smmuvp::GicCore;
  smmuvp::fuzz::Input in(data, size);
  smmuvp::GicConfig config;
  config.cpus = static_cast<unsigned>(1 + in.take(1) % 8);
  config.num_spis = in.take(1) % 2 != 0 ? 988 : 64;
  config.priority_bits = static_cast<unsigned>(4 + in.take(1) % 5);
  config.v2m_spi_base = 8;
  config.v2m_spi_count = 16;
  smmuvp::Diag diag(nullptr, "gic");
  GicCore gic(config, diag);
  while (!in.empty()) {
    const auto what = in.take(1);
    const auto cpu = static_cast<unsigned>(what / 8 % config.cpus);
    if (what % 8 == 0) {
      gic.set_line(static_cast<unsigned>(in.take(2) % 1100), (what & 0x80) != 0, cpu);
      continue;
    }
    const auto frame = static_cast<GicCore::Frame>(what % 3);
    const auto a = smmuvp::fuzz::take_access(in, GicCore::cpu_interface_window);
    if (a.write) {
      gic.write(frame, cpu, a.offset, a.bytes, a.value);
    } else {
      gic.read(frame, cpu, a.offset, a.bytes);
    }
    if (gic.irq(cpu) && gic.fiq(cpu)) __builtin_trap();
  }
  return 0;
}
