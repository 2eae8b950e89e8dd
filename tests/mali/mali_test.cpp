// The component: time, ports, interrupts, the device tree, saved state.
#include "smmuvp/mali/mali.h"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "smmuvp/memory/memory.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

constexpr std::uint64_t js0 = 0x1800, as0 = 0x2400;

struct Bench {
  Bench() {
    cpu.socket.bind(gpu.registers);
    gpu.dma.bind(memory.socket);
    gpu.job(job);
    gpu.mmu(mmu);
    gpu.gpu(gpu_line);
    gpu.reset(reset);
    test::advance();
  }
  static Params memory_params() {
    Params p(memory_type().params);
    p.set("size", std::uint64_t{1} << 20);
    return p;
  }
  static Params params() {
    Params p(mali_type().params);
    p.set("bytes_per_us", std::uint64_t{1000});  // a byte a nanosecond
    p.set("job_ns", std::uint64_t{500});
    return p;
  }
  void power_on() {
    cpu.put(0x028, 0x700);
    cpu.put(0x1008, 0xffffffff);
    cpu.put(0x2008, 0xffffffff);
    cpu.put(0x1a0, 1);
    cpu.put(0x180, 0xf);
    test::advance(2'000'000);
    cpu.put(0x024, 0xffffffff);
    // Address space 0 in identity mode.
    cpu.put(as0, 2);
    cpu.put(as0 + 0x18, 1);
    test::advance(200'000);
  }
  /// WRITE_VALUE of 32 bits.
  void put_job(std::uint32_t at, std::uint32_t where, std::uint32_t value) {
    const std::uint32_t words[16] = {0, 0, 0, 0, 1 | 2 << 1, 0, 0, 0, where, 0, 6, 0, value};
    std::memcpy(memory.data() + at, words, 64);
  }
  void start(std::uint32_t job_at) {
    cpu.put(js0 + 0x40, job_at);
    cpu.put(js0 + 0x50, 0xf);
    cpu.put(js0 + 0x58, 0);
    cpu.put(js0 + 0x60, 1);
  }
  std::uint32_t word(std::uint32_t at) {
    std::uint32_t v = 0;
    std::memcpy(&v, memory.data() + at, 4);
    return v;
  }
  test::CapturingHost host;
  Mali gpu{"gpu", params(), host};
  Memory memory{"memory", memory_params(), host};
  test::Master cpu{"cpu"};
  sc_core::sc_signal<bool> job, mmu, gpu_line, reset;
};

Bench& bench() {
  static Bench b;
  b.reset.write(true);
  test::advance(100'000'000);
  b.reset.write(false);
  test::advance();
  b.power_on();
  return b;
}

TEST(Mali, AJobTakesItsTimeAndRaisesTheJobInterrupt) {
  Bench& b = bench();
  b.put_job(0x1000, 0x2000, 0x55aa);
  b.start(0x1000);
  // 64 bytes and 500 ns of the job, 4 of its value, 16 written back.
  test::advance((64 + 500 + 4 + 16) * 1000 - 1000);
  EXPECT_FALSE(b.job.read());
  EXPECT_EQ(b.cpu.get(js0 + 0x24), 8U);
  test::advance(2000);
  EXPECT_TRUE(b.job.read());
  EXPECT_FALSE(b.mmu.read());
  EXPECT_EQ(b.word(0x2000), 0x55aaU);
  EXPECT_EQ(b.word(0x1000), 1U);
  b.cpu.put(0x1004, 1);
  test::advance();
  EXPECT_FALSE(b.job.read());
}

TEST(Mali, AResetIsToldByTheGpuInterruptWhenItsTimeHasPassed) {
  Bench& b = bench();
  b.cpu.put(0x030, 1);
  b.cpu.put(0x028, 0x100);
  test::advance(999'000);
  EXPECT_FALSE(b.gpu_line.read());
  test::advance(2000);
  EXPECT_TRUE(b.gpu_line.read());
}

TEST(Mali, APageFaultRaisesTheMmuInterruptAndACommandWakesTheAccess) {
  Bench& b = bench();
  std::memset(b.memory.data() + 0x8000, 0, 0x4000);
  const auto put64 = [&](std::uint32_t at, std::uint64_t v) { std::memcpy(b.memory.data() + at, &v, 8); };
  // Four levels, the last one of them with the page of the job only.
  put64(0x8000, 0x9003);
  put64(0x9000, 0xa003);
  put64(0xa000, 0xb003);
  put64(0xb008, 0x10c1);
  b.cpu.put(as0, 0x8003);
  b.cpu.put(as0 + 0x18, 1);
  test::advance(200'000);
  b.put_job(0x1000, 0x2000, 0x77);
  b.memory.data()[0x2000] = 0;
  b.start(0x1000);
  test::advance(10'000'000);
  EXPECT_TRUE(b.mmu.read());
  EXPECT_EQ(b.cpu.get(as0 + 0x1c), 0x3c4U);
  EXPECT_EQ(b.cpu.get(as0 + 0x20), 0x2000U);
  b.cpu.put(0x2004, 1);
  put64(0xb010, 0x20c1);
  b.cpu.put(as0 + 0x10, 14);
  b.cpu.put(as0 + 0x18, 2);
  test::advance(200'000);
  b.cpu.put(as0 + 0x18, 4);
  test::advance(10'000'000);
  EXPECT_TRUE(b.job.read());
  EXPECT_EQ(b.word(0x2000), 0x77U);
}

TEST(Mali, SavedStateGoesOnInTheMiddleOfAJob) {
  Bench& b = bench();
  b.put_job(0x1000, 0x2000, 0x1111);
  b.start(0x1000);
  test::advance(100'000);
  std::stringstream saved;
  ASSERT_FALSE(b.gpu.save(saved));
  test::advance(10'000'000);
  EXPECT_TRUE(b.job.read());
  b.cpu.put(0x1004, 1);
  std::memset(b.memory.data() + 0x2000, 0, 4);
  ASSERT_FALSE(b.gpu.load(saved));
  EXPECT_EQ(b.cpu.get(js0 + 0x24), 8U);
  test::advance(10'000'000);
  EXPECT_TRUE(b.job.read());
  EXPECT_EQ(b.word(0x2000), 0x1111U);
}

TEST(Mali, TheDeviceTreeFollowsTheBinding) {
  Bench& b = bench();
  DtNode node("device");
  b.gpu.describe(node);
  EXPECT_EQ(node.name(), "gpu");
  ASSERT_EQ(node.properties().size(), 3U);
  EXPECT_EQ(node.properties()[0].name, "compatible");
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value),
            (DtNode::Strings{"smmu-vp,mali", "arm,mali-t860"}));
  EXPECT_EQ(node.properties()[1].name, "clock-names");
  EXPECT_EQ(node.properties()[2].name, "dma-coherent");
  std::vector<std::string> names;
  for (const Port& port : b.gpu.ports()) {
    if (!port.dt_name.empty()) names.push_back(port.dt_name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"job", "mmu", "gpu"}));
}

TEST(Mali, AccessesOfOtherShapesReadZero) {
  Bench& b = bench();
  EXPECT_EQ(b.cpu.get(0x000), 0x08602000U);
  EXPECT_EQ(b.cpu.get(0x000, 8), 0U);
  EXPECT_EQ(b.cpu.get(0x3ff8, 4), 0U);
}

}  // namespace
}  // namespace smmuvp
