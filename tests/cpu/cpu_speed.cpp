// Prints how fast guest code runs: `cpu_speed [rounds]`. Not a test: wall-clock time decides nothing in the
// suite.
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <unicorn/unicorn.h>

#include "machine.h"

namespace {

using smmuvp::cpu::Machine;
using smmuvp::cpu::StopReason;

// Processor time, so that a busy machine disturbs less.
double seconds(std::clock_t since) { return static_cast<double>(std::clock() - since) / CLOCKS_PER_SEC; }

void loop(const char* what, std::uint64_t rounds, std::uint64_t quantum, bool mmu, std::uint64_t x1) {
  Machine m;
  m.start("speed_loop");
  if (mmu) {
    m.map_page(0xffff800080000000, Machine::scratch);
    m.enable_mmu();
  }
  if (!m.core->write_register("X0", rounds) || !m.core->write_register("X1", x1)) return;
  const auto start = std::clock();
  std::uint64_t executed = 0;
  for (;;) {
    const auto stop = m.core->run(quantum);
    executed += stop.instructions;
    if (stop.reason != StopReason::quantum) break;
  }
  const double t = seconds(start);
  std::printf("%-44s quantum %-7llu %7.1f MIPS\n", what, static_cast<unsigned long long>(quantum),
              static_cast<double>(executed) / t / 1e6);
}

// The same loop on libunicorn alone, without any hook: what the CPU core is to be compared with.
void bare(std::uint64_t rounds) {
  Machine m;
  uc_engine* uc = nullptr;
  if (uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc) != UC_ERR_OK) return;
  uc_mem_map_ptr(uc, Machine::ram_base, Machine::ram_size, UC_PROT_ALL, m.ram(Machine::ram_base));
  const std::uint64_t x1 = Machine::scratch, begin = m.symbol("speed_loop");
  uc_reg_write(uc, UC_ARM64_REG_X0, &rounds);
  uc_reg_write(uc, UC_ARM64_REG_X1, &x1);
  const auto start = std::clock();
  uc_emu_start(uc, begin, begin + 11 * 4, 0, 0);  // up to the WFI
  std::printf("%-60s %7.1f MIPS\n", "the same loop on bare libunicorn",
              static_cast<double>(rounds) * 10 / seconds(start) / 1e6);
  uc_close(uc);
}

void device_loads(std::uint64_t rounds) {
  Machine m;
  m.start("copy_words");
  // The bus is called directly; in the platform a load also passes the router and waits for simulated time.
  m.on_access = [&](smmuvp::cpu::BusAccess&) {
    m.accesses.clear();
    return smmuvp::cpu::BusStatus::ok;
  };
  const std::uint64_t n = rounds / 100;
  m.at<std::uint32_t>(m.symbol("copy_words")) = 0xb9400003;  // LDR W3, [X0]
  m.at<std::uint32_t>(m.symbol("copy_words") + 4) = 0xd503201f;
  m.core->invalidate_code(m.symbol("copy_words"), 8);
  m.core->write_register("X0", Machine::device);
  m.core->write_register("X2", n);
  const auto start = std::clock();
  while (m.core->run(10000).reason == StopReason::quantum) {
  }
  std::printf("%-44s %25.2f M/s\n", "loads from a device (no bus model)",
              static_cast<double>(n) / seconds(start) / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t rounds = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 30'000'000;
  for (const std::uint64_t quantum : {1000u, 10000u, 100000u}) {
    loop("loop with loads and stores, MMU off", rounds, quantum, false, Machine::scratch);
  }
  bare(rounds);
  loop("loop with loads and stores, MMU on", rounds, 10000, true, Machine::scratch);
  loop("same, data at a high virtual address", rounds, 10000, true, 0xffff800080000000);
  device_loads(rounds);
}
