// The GPU behind an SMMUv2 with split tables, as one elaborated system.
#pragma once

#include <gtest/gtest.h>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include <functional>
#include <string>
#include <utility>

#include "../smmuv2/module_driver.h"
#include "sheet.h"
#include "smmuvp/adreno/adreno.h"
#include "smmuvp/smmuv2/smmuv2.h"
#include "smmuvp/test/bench.h"

namespace smmuvp::adreno_sheet {

using sc_core::sc_time;
using namespace smmuv2::offsets;

/// In front of the SMMU's registers: the GPU reaches them by physical addresses, the driver by offsets.
struct RegisterBus : sc_core::sc_module {
  static constexpr std::uint64_t base = 0x9100000;
  explicit RegisterBus(const sc_core::sc_module_name& name) : sc_module(name), in("in"), out("out") {
    in.register_b_transport(this, &RegisterBus::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_time& delay) {
    const std::uint64_t address = p.get_address();
    if (address < base || address >= base + 0x10000 || broken) {
      p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
      return;
    }
    p.set_address(address - base);
    out->b_transport(p, delay);
    p.set_address(address);
  }
  tlm_utils::simple_target_socket<RegisterBus, platform_buswidth> in;
  tlm_utils::simple_initiator_socket<RegisterBus, platform_buswidth> out;
  bool broken = false;
};

struct SmmuBench : sc_core::sc_module, smmuv2::ModuleDriver {
  static constexpr std::uint64_t kernel = 0xffff'ff80'0000'0000;
  static constexpr std::uint64_t ring = kernel + 0x10000, fences = kernel + 0x20000, rptr = fences + 0x800;
  static constexpr std::uint64_t of_kernel = 0x8000'0000;  // where the kernel's pages are
  static constexpr std::uint32_t BUFSZ = 9;
  static constexpr unsigned bank = 0;

  struct Process {
    pgtable::Builder* tables;
    std::uint16_t asid;
    std::uint64_t memory;  // physical; VA 0 is there
  };

  explicit SmmuBench(const sc_core::sc_module_name& name)
      : sc_module(name),
        ModuleDriver(0x1000, 0x10000, [this](auto& p, auto& delay) { bus.out->b_transport(p, delay); }),
        smmu("smmu0", smmu_params(), host),
        gpu("gpu0", gpu_params(), host) {
    cpu.socket.bind(gpu.registers);
    gpu.dma.bind(smmu.tbu_in[0]);
    gpu.smmu.bind(bus.in);
    bus.out.bind(smmu.registers);
    smmu.tbu_out[0].bind(data_port);
    smmu.walk.bind(walk_port);
    data_port.register_b_transport(this, &SmmuBench::on_data);
    walk_port.register_b_transport(this, &SmmuBench::on_walk);
    gpu.irq.bind(irq);
    gpu.reset.bind(reset);
    smmu.context_irq[bank].bind(fault);
  }
  static Params smmu_params() {
    Params p = SmmuV2<>::default_params();
    p.set("personality", "qcom-adreno-smmu");
    return p;
  }
  static Params gpu_params() {
    Params p(adreno_type().params);
    p.set("smmu_registers", RegisterBus::base);
    return p;
  }

  void transfer(tlm::tlm_generic_payload& p) {
    for (unsigned i = 0; i < p.get_data_length(); ++i) {
      std::uint8_t& byte = memory.at(p.get_address() + i);
      if (p.is_read()) {
        p.get_data_ptr()[i] = byte;
      } else {
        byte = p.get_data_ptr()[i];
      }
    }
    p.set_response_status(tlm::TLM_OK_RESPONSE);
  }
  void on_data(tlm::tlm_generic_payload& p, sc_time& delay) {
    transfer(p);
    delay += sc_time(5, sc_core::SC_NS);
  }
  void on_walk(tlm::tlm_generic_payload& p, sc_time& delay) {
    transfer(p);
    delay += sc_time(20, sc_core::SC_NS);
  }

  // ---- set-up

  /// Resets both, and gives the kernel 256 KiB in TTBR1's half, which is for privileged accesses alone, and
  /// two processes 64 KiB each at address 0.
  void start() {
    reset.write(true);
    wait(sc_time(1, sc_core::SC_NS));
    reset.write(false);
    forget_tables();
    bus.broken = false;
    tail = 0;
    pgtable::Config c = config64();
    c.stage1.output_size = 36;
    kernel_tables = &builder(c);
    pgtable::Mapping privileged;
    privileged.unprivileged = false;
    EXPECT_TRUE(kernel_tables->map(kernel, of_kernel, 0x40000, privileged));
    bank64(bank, kernel_tables->config(), 0, 0, SCTLR_HUPCF);  // else the ring would fault with a process
    map_stream(0, 0, S2CR_translate | bank);
    write(TLBIALLNSNH, 0);
    ModuleDriver::start();
    for (unsigned i = 0; i < 2; ++i) {
      processes[i] = {&builder(c), static_cast<std::uint16_t>(i + 1), 0x9000'0000 + 0x100'0000 * i};
      EXPECT_TRUE(processes[i].tables->map(0, processes[i].memory, 0x10000));
    }
    start_gpu();
  }
  void start_gpu() {
    cpu.put(RB_BASE, ring, 8);
    cpu.put(RB_CNTL, BUFSZ);
    cpu.put(RB_RPTR_ADDR, rptr, 8);
    cpu.put(APRIV_CNTL, 0x6e);
    cpu.put(INT_0_MASK, 0xffffffff);
    cpu.put(SQE_CNTL, 1);
    tail = 0;
  }

  // ---- what a driver does

  void submit(const Words& words) {
    for (const std::uint32_t w : words) {
      memory.write(of_kernel + 0x10000 + 4ULL * tail, w, 4);
      tail = (tail + 1) % 1024;
    }
    cpu.put(RB_WPTR, tail);
  }
  Words switch_to(const Process& p) {
    return table_update(p.tables->config().stage1.tables[0].base, p.asid, bank);
  }
  /// Puts a buffer of packets into a process. @return the packet that leads there
  Words buffer_of(const Process& p, std::uint64_t at, const Words& words) {
    for (std::size_t i = 0; i < words.size(); ++i) memory.write(p.memory + at + 4 * i, words[i], 4);
    return indirect_buffer(at, words.size());
  }
  std::uint32_t fence_value() { return static_cast<std::uint32_t>(memory.read(of_kernel + 0x20000, 4)); }
  Words signal(std::uint32_t value) { return fence(fences, value); }
  void wait_us(double us) { wait(sc_time(us, sc_core::SC_US)); }
  std::uint32_t interrupts() { return static_cast<std::uint32_t>(cpu.get(INT_0_STATUS)); }
  void change_cb(std::uint32_t offset, std::uint32_t clear, std::uint32_t set_bits) {
    write_cb(bank, offset, (reg(cb(bank, offset)) & ~std::uint64_t{clear}) | set_bits);
  }

  test::CapturingHost host;
  SmmuV2<> smmu;
  Adreno gpu;
  RegisterBus bus{"bus"};
  test::Master cpu{"cpu"};
  test::Runner runner{"runner"};
  tlm_utils::simple_target_socket<SmmuBench, platform_buswidth> data_port;
  tlm_utils::simple_target_socket<SmmuBench, platform_buswidth> walk_port;
  sc_core::sc_signal<bool> irq, reset, fault;
  pgtable::Builder* kernel_tables = nullptr;
  Process processes[2]{};
  std::uint32_t tail = 0;
};

inline SmmuBench& smmu_bench() {
  static SmmuBench b("bench");
  static const bool ready = [] {
    test::advance();
    return true;
  }();
  (void)ready;
  return b;
}

}  // namespace smmuvp::adreno_sheet
