// The GPU and a real SMMUv2: split tables, TTBR0 switched by a packet, stalls (docs/adreno.md, IHI 0062).
#include "smmu_bench.h"

#include <array>
#include <sstream>

#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

using namespace adreno_sheet;

constexpr std::uint32_t FSR_TF = 1U << 1, FSR_PF = 1U << 3, FSR_SS = 1U << 30;
constexpr std::uint32_t TCR_EPD0 = 1U << 7, TCR_EPD1 = 1U << 23;
constexpr std::uint64_t ib = 0x1000;        // of packets, in a process
constexpr std::uint64_t data = 0x4000;      // in a process
constexpr std::uint64_t nowhere = 0x40000;  // beyond what is mapped

class AdrenoBehindSmmu : public testing::Test {
 protected:
  /// In a thread, after a reset of everything.
  template <class F>
  void run(F f) {
    b.runner.run([&] {
      b.host.diagnostics.clear();
      b.start();
      f();
    });
  }
  std::uint64_t in(unsigned process, std::uint64_t at) {
    return b.memory.read(b.processes[process].memory + at, 4);
  }
  /// A buffer of a process that writes a value to an address.
  Words writes(unsigned process, std::uint64_t at, std::uint32_t value) {
    return b.buffer_of(b.processes[process], ib, mem_write(at, {value}));
  }
  SmmuBench& b = smmu_bench();
};

TEST_F(AdrenoBehindSmmu, TheRingWorksInTheKernelsHalf) {
  run([&] {
    b.submit(b.signal(7));
    b.wait_us(10);
    EXPECT_EQ(b.fence_value(), 7U);
    EXPECT_EQ(b.interrupts(), INT_CACHE_FLUSH_TS);
    EXPECT_TRUE(b.irq.read());
    EXPECT_EQ(b.memory.read(b.of_kernel + 0x20800, 4), b.tail) << "CP_RB_RPTR in memory";
    b.cpu.put(INT_CLEAR_CMD, ~0U);
    wait(sc_core::SC_ZERO_TIME);
    wait(sc_core::SC_ZERO_TIME);
    EXPECT_FALSE(b.irq.read());
  });
}

TEST_F(AdrenoBehindSmmu, APacketInTheRingSwitchesProcessesThatUseTheSameAddresses) {
  run([&] {
    for (unsigned round = 0; round < 3; ++round) {
      Words all;
      for (unsigned p = 0; p < 2; ++p) {
        all = join({all, b.switch_to(b.processes[p]), writes(p, data, 0x100 * p + round)});
      }
      b.submit(join({all, b.signal(round)}));
      b.wait_us(50);
      EXPECT_EQ(b.fence_value(), round);
      EXPECT_EQ(in(0, data), round);
      EXPECT_EQ(in(1, data), 0x100 + round);
    }
    EXPECT_FALSE(b.fault.read());
    EXPECT_EQ(test::Statistics(b.gpu)["table_updates"], 6U);
  });
}

// Linux gives all processes of a bank one ASID: what TLBs hold must go with the tables.
TEST_F(AdrenoBehindSmmu, ASwitchDropsWhatTheTlbHoldsOfTheSameAsid) {
  run([&] {
    for (SmmuBench::Process& p : b.processes) p.asid = 0;
    b.submit(join({b.switch_to(b.processes[0]), writes(0, data, 1), b.switch_to(b.processes[1]),
                   writes(1, data, 2), b.signal(1)}));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 1U);
    EXPECT_EQ(in(0, data), 1U);
    EXPECT_EQ(in(1, data), 2U);
  });
}

TEST_F(AdrenoBehindSmmu, NoProcessReachesWhatAnotherAloneHas) {
  run([&] {
    ASSERT_TRUE(b.processes[0].tables->map(nowhere, 0xa000'0000, 0x1000));
    b.memory.write(0xa000'0000, 0x5ec7e7, 4);
    const Words steal =
        join({packet(MEMCPY, {1, low(nowhere), 0, low(data), 0}), mem_write(nowhere, {0xbad})});
    b.submit(join({b.switch_to(b.processes[0]), writes(0, nowhere + 4, 1), b.switch_to(b.processes[1]),
                   b.buffer_of(b.processes[1], ib, steal), b.signal(1)}));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 1U) << "the GPU goes on";
    EXPECT_EQ(b.memory.read(0xa000'0000, 4), 0x5ec7e7U);
    EXPECT_EQ(b.memory.read(0xa000'0004, 4), 1U);
    EXPECT_EQ(in(1, data), 0U);
    EXPECT_TRUE(b.fault.read());
    EXPECT_EQ(b.reg(b.cb(0, FAR), 8), nowhere);
    EXPECT_EQ(b.interrupts(), INT_HW_ERROR | INT_CACHE_FLUSH_TS);
    EXPECT_EQ(b.cpu.get(INTERRUPT_STATUS), HW_FAULT_ERROR);
  });
}

TEST_F(AdrenoBehindSmmu, TheKernelsMemoryIsForPrivilegedAccessesAlone) {
  run([&] {
    const std::uint64_t secret = b.kernel + 0x30000;
    b.memory.write(b.of_kernel + 0x30000, 0x5ec7e7, 4);
    const Words steal =
        join({packet(MEMCPY, {1, low(secret), high(secret), low(data), 0}), mem_write(secret, {0xbad})});
    b.submit(join({b.switch_to(b.processes[0]), b.buffer_of(b.processes[0], ib, steal), b.signal(1)}));
    b.wait_us(50);
    EXPECT_EQ(b.memory.read(b.of_kernel + 0x30000, 4), 0x5ec7e7U);
    EXPECT_EQ(in(0, data), 0U);
    EXPECT_EQ(b.reg(b.cb(0, FSR)) & (FSR_PF | FSR_TF), FSR_PF);
    EXPECT_EQ(b.reg(b.cb(0, FAR), 8), secret & ((std::uint64_t{1} << 49) - 1)) << "49 bits (16.5.7)";
    EXPECT_EQ(b.fence_value(), 1U);
  });
}

TEST_F(AdrenoBehindSmmu, AStalledAccessWaitsUntilItsPageIsMapped) {
  run([&] {
    b.change_cb(SCTLR, 0, SCTLR_CFCFG);
    b.cpu.put(HANG_INT_CNTL, 1U << 30 | 10'000);  // 20 us
    b.memory.write(0xa000'0000, 77, 4);
    b.submit(join({b.switch_to(b.processes[0]),
                   b.buffer_of(b.processes[0], ib, packet(MEMCPY, {1, low(nowhere), 0, low(data), 0})),
                   b.signal(1)}));
    b.wait_us(100);
    EXPECT_TRUE(b.fault.read());
    EXPECT_EQ(b.reg(b.cb(0, FSR)) & (FSR_TF | FSR_SS), FSR_TF | FSR_SS);
    EXPECT_EQ(b.reg(b.cb(0, FAR), 8), nowhere);
    EXPECT_EQ(b.reg(b.cb(0, TTBR0), 8) >> 48, b.processes[0].asid) << "whose it is";
    EXPECT_EQ(b.cpu.get(STATUS3), STALLED);
    EXPECT_EQ(b.cpu.get(STATUS), GPU_BUSY | CP_BUSY | VBIF_BUSY);
    EXPECT_EQ(b.cpu.get(IB1_BASE, 8), ib);
    EXPECT_EQ(b.interrupts(), INT_HANG) << "a driver sees by RBBM_STATUS3 that it is none";
    EXPECT_EQ(b.fence_value(), 0U);
    ASSERT_TRUE(b.processes[0].tables->map(nowhere, 0xa000'0000, 0x1000));
    b.write_cb(0, FSR, ~0U);
    b.write_cb(0, RESUME, 0);
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 1U);
    EXPECT_EQ(in(0, data), 77U);
    EXPECT_EQ(b.cpu.get(STATUS3), 0U);
    EXPECT_EQ(b.interrupts(), INT_HANG | INT_CACHE_FLUSH_TS);
  });
}

TEST_F(AdrenoBehindSmmu, AStalledAccessThatIsTerminatedReadsZeroAndTheGpuGoesOn) {
  run([&] {
    b.change_cb(SCTLR, 0, SCTLR_CFCFG);
    b.memory.write(b.processes[0].memory + data, 5, 4);
    b.submit(join({b.switch_to(b.processes[0]),
                   b.buffer_of(b.processes[0], ib, packet(MEMCPY, {1, low(nowhere), 0, low(data), 0})),
                   b.signal(1)}));
    b.wait_us(100);
    EXPECT_EQ(b.fence_value(), 0U);
    // The next fault is not to stall: CFCFG is taken when a fault is recorded.
    b.change_cb(SCTLR, SCTLR_CFCFG, 0);
    b.write_cb(0, FSR, ~0U);
    b.write_cb(0, RESUME, 1);
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 1U);
    EXPECT_EQ(in(0, data), 0U);
    EXPECT_EQ(b.interrupts(), INT_HW_ERROR | INT_CACHE_FLUSH_TS);
    b.submit(join({b.buffer_of(b.processes[0], ib, mem_write(nowhere, {1})), b.signal(2)}));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 2U);
    EXPECT_EQ(b.reg(b.cb(0, FSR)) & (FSR_TF | FSR_SS), FSR_TF);
  });
}

TEST_F(AdrenoBehindSmmu, AResetWhileAnAccessStallsWorksAgainWhenThatIsTerminated) {
  run([&] {
    b.change_cb(SCTLR, 0, SCTLR_CFCFG);
    b.submit(join({b.switch_to(b.processes[0]), writes(0, nowhere, 1), b.signal(1)}));
    b.wait_us(100);
    b.cpu.put(SQE_CNTL, 3);
    b.cpu.put(SW_RESET_CMD, 1);
    EXPECT_EQ(b.cpu.get(STATUS), VBIF_BUSY);
    b.cpu.put(SW_RESET_CMD, 0);
    b.start_gpu();
    b.submit(b.signal(2));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 0U) << "the old access keeps its port";
    b.write_cb(0, FSR, ~0U);
    b.write_cb(0, RESUME, 1);
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 2U);
    EXPECT_EQ(b.interrupts(), INT_CACHE_FLUSH_TS);
  });
}

TEST_F(AdrenoBehindSmmu, WithoutAProcessTheLowerHalfFaultsAndTheKernelGoesOn) {
  run([&] {
    b.change_cb(TCR, 0, TCR_EPD0);
    b.submit(join({mem_write(data, {1}), b.signal(1)}));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 1U);
    EXPECT_EQ(b.reg(b.cb(0, FAR), 8), data);
    b.write_cb(0, FSR, ~0U);
    b.change_cb(TCR, TCR_EPD0, 0);
    b.submit(join({b.switch_to(b.processes[1]), mem_write(data, {1}), b.signal(2)}));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 2U);
    EXPECT_EQ(in(1, data), 1U);
  });
}

// EPD1 forbids walks, not hits (16.5.38): the ring is lost with the TLB's entries.
TEST_F(AdrenoBehindSmmu, WithoutTheKernelsTablesTheRingIsLost) {
  run([&] {
    b.submit(b.signal(1));
    b.wait_us(50);
    b.change_cb(TCR, 0, TCR_EPD1);
    b.write_cb(0, TLBIALL, 0);
    b.submit(b.signal(2));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 1U);
    EXPECT_EQ(b.cpu.get(INTERRUPT_STATUS), HW_FAULT_ERROR);
    EXPECT_EQ(b.cpu.get(HW_FAULT), 0x102U) << "a fetch from the ring";
    EXPECT_NE(b.cpu.get(STATUS), 0U);
    b.change_cb(TCR, TCR_EPD1, 0);
    b.write_cb(0, FSR, ~0U);
    b.cpu.put(SW_RESET_CMD, 1);
    b.cpu.put(SW_RESET_CMD, 0);
    b.start_gpu();
    b.submit(b.signal(3));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 3U);
  });
}

TEST_F(AdrenoBehindSmmu, AnErrorAtTheSmmusRegistersIsTold) {
  run([&] {
    b.bus.broken = true;
    b.submit(b.switch_to(b.processes[0]));
    b.wait_us(50);
    EXPECT_EQ(b.interrupts(), INT_AHB_ERROR | INT_HW_ERROR);
    EXPECT_EQ(b.cpu.get(INTERRUPT_STATUS), AHB_ERROR);
  });
}

TEST_F(AdrenoBehindSmmu, BadPacketsAreRecoveredFromByASoftReset) {
  run([&] {
    b.submit(join({b.switch_to(b.processes[0]), b.buffer_of(b.processes[0], ib, {0xdeadbeef}), b.signal(1)}));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 0U);
    EXPECT_EQ(b.cpu.get(INTERRUPT_STATUS), OPCODE_ERROR);
    b.cpu.put(SW_RESET_CMD, 1);
    b.cpu.put(SW_RESET_CMD, 0);
    b.start_gpu();
    b.submit(join({b.switch_to(b.processes[1]), writes(1, data, 3), b.signal(2)}));
    b.wait_us(50);
    EXPECT_EQ(b.fence_value(), 2U);
    EXPECT_EQ(in(1, data), 3U);
  });
}

TEST_F(AdrenoBehindSmmu, WhatIsSavedGoesOnAlikeInThePast) {
  std::stringstream saved;
  std::vector<std::uint64_t> at_the_end;
  run([&] {
    b.submit(join({b.switch_to(b.processes[0]), packet(MEMCPY, {3000, 0, 0, low(data), 0}),
                   packet(WAIT_REG_MEM, {3, scratch_word, 0, 1, 1, 0}), b.signal(9)}));
    b.wait_us(0.7);
    EXPECT_NE(b.cpu.get(STATUS), 0U);
    const auto error = b.gpu.save(saved);
    ASSERT_FALSE(error) << to_text(*error);
    b.wait_us(20);
    b.cpu.put(SCRATCH, 1);
    b.wait_us(200);
    EXPECT_EQ(b.fence_value(), 9U);
    b.memory.write(b.of_kernel + 0x20000, 0, 4);
    const auto failed = b.gpu.load(saved);
    ASSERT_FALSE(failed) << to_text(*failed);
    EXPECT_EQ(b.cpu.get(SCRATCH), 0U);
    b.wait_us(20);
    EXPECT_EQ(b.fence_value(), 0U);
    b.cpu.put(SCRATCH, 1);
    b.wait_us(200);
    EXPECT_EQ(b.fence_value(), 9U);
    EXPECT_EQ(b.cpu.get(STATUS), 0U);
  });
}

TEST_F(AdrenoBehindSmmu, AnIdleGpuLeavesNothingToDo) {
  run([&] { b.submit(b.signal(1)); });
  sc_core::sc_start(sc_time(100, sc_core::SC_US));
  EXPECT_FALSE(sc_core::sc_pending_activity());
}

TEST_F(AdrenoBehindSmmu, TheDeviceTreeFollowsLinuxBinding) {
  DtNode node("device");
  b.gpu.describe(node);
  EXPECT_EQ(node.name(), "gpu");
  ASSERT_FALSE(node.properties().empty());
  EXPECT_EQ(node.properties()[0].name, "compatible");
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value),
            (DtNode::Strings{"qcom,adreno-650.2", "qcom,adreno"}));
}

}  // namespace
}  // namespace smmuvp
