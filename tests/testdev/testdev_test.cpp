#include "smmuvp/testdev/testdev.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "smmuvp/memory/memory.h"
#include "smmuvp/test/bench.h"
#include "smmuvp/tlm/access_extension.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp {
namespace {

constexpr std::uint64_t CTRL = 0x008, STATUS = 0x00c, RING_BASE = 0x010, RING_SIZE = 0x018, PROD = 0x01c,
                        CONS = 0x020, IRQ_STATUS = 0x024, IRQ_ENABLE = 0x028, SID_COUNT = 0x02c;
constexpr std::uint64_t WRITE = 2, COPY = 3, IRQ = 1 << 8;
constexpr std::uint64_t ring = 0x1000;

/// Between device and memory: keeps what each access said of itself.
struct Wire : sc_core::sc_module {
  explicit Wire(const sc_core::sc_module_name& n) : sc_core::sc_module(n), in("in"), out("out") {
    in.register_b_transport(this, &Wire::b_transport);
  }
  void b_transport(tlm::tlm_generic_payload& p, sc_core::sc_time& delay) {
    const auto* e = p.get_extension<AccessExtension>();
    EXPECT_NE(e, nullptr);
    if (e != nullptr) seen.push_back(*e);
    if (stall != sc_core::SC_ZERO_TIME) wait(stall);
    out->b_transport(p, delay);
  }
  tlm_utils::simple_target_socket<Wire, platform_buswidth> in;
  tlm_utils::simple_initiator_socket<Wire, platform_buswidth> out;
  std::vector<AccessExtension> seen;
  sc_core::sc_time stall = sc_core::SC_ZERO_TIME;
};

struct Bench {
  Bench() {
    cpu.socket.bind(dev.registers);
    dev.dma.bind(wire.in);
    wire.out.bind(memory.socket);
    dev.irq(irq);
    dev.reset(reset);
    test::advance();
  }
  static Params memory_params() {
    Params p(memory_type().params);
    p.set("size", std::uint64_t{1} << 33);
    p.set("latency_ps", std::uint64_t{1000});
    return p;
  }
  static Params params() {
    Params p(testdev_type().params);
    p.set("stream_base", std::uint64_t{0x40});
    p.set("stream_count", std::uint64_t{2});
    p.set("bytes_per_us", std::uint64_t{1000});  // a byte a nanosecond
    return p;
  }
  void put(unsigned slot, std::uint64_t flags, std::uint64_t src, std::uint64_t dst, std::uint64_t length) {
    std::uint8_t* d = memory.data() + ring + 64 * slot;
    std::memset(d, 0, 64);
    std::memcpy(d, &flags, 4);
    std::memcpy(d + 0x10, &src, 8);
    std::memcpy(d + 0x18, &dst, 8);
    std::memcpy(d + 0x20, &length, 8);
  }
  std::uint32_t status(unsigned slot) {
    std::uint32_t v = 0;
    std::memcpy(&v, memory.data() + ring + 64 * slot + 0x28, 4);
    return v;
  }
  test::CapturingHost host;
  Testdev dev{"dev", params(), host};
  Memory memory{"memory", memory_params(), host};
  Wire wire{"wire"};
  test::Master cpu{"cpu"};
  sc_core::sc_signal<bool> irq, reset;
};

/// Reset, ring of 8 descriptors, enabled.
Bench& bench() {
  static Bench b;
  b.wire.stall = sc_core::SC_ZERO_TIME;
  b.reset.write(true);
  test::advance(100'000'000);
  b.reset.write(false);
  test::advance();
  b.wire.seen.clear();
  b.cpu.put(RING_BASE, ring, 8);
  b.cpu.put(RING_SIZE, 8);
  b.cpu.put(IRQ_ENABLE, 7);
  b.cpu.put(CTRL, 1);
  return b;
}

TEST(Testdev, ACopyGoesThroughMemoryAndInterrupts) {
  Bench& b = bench();
  std::memset(b.memory.data() + 0x10000, 0x5a, 8192);
  b.put(0, COPY | IRQ, 0x10000, 0x20000, 8192);
  b.cpu.put(PROD, 1);
  EXPECT_EQ(b.status(0), 0U);
  test::advance(100'000'000);
  EXPECT_EQ(b.status(0), 1U);
  EXPECT_EQ(std::memcmp(b.memory.data() + 0x10000, b.memory.data() + 0x20000, 8192), 0);
  EXPECT_TRUE(b.irq.read());
  b.cpu.put(IRQ_STATUS, 1);
  test::advance();
  EXPECT_FALSE(b.irq.read());
  EXPECT_EQ(b.cpu.get(CONS), 1U);
  EXPECT_EQ(b.cpu.get(SID_COUNT), 2U);
}

TEST(Testdev, EachAccessTakesTheTimeOfItsBytesAndOfTheBus) {
  Bench& b = bench();
  b.put(0, WRITE | IRQ, 0, 0x20000, 4096);
  b.cpu.put(PROD, 1);
  // Descriptor 64 bytes, data 4096, write-back 20 and 4; 1 ns a byte and 1 ns of memory an access.
  const std::uint64_t total = (64 + 4096 + 20 + 4 + 4) * 1000;
  test::advance(total - 1000);
  EXPECT_FALSE(b.irq.read());
  test::advance(2000);
  EXPECT_TRUE(b.irq.read());
}

TEST(Testdev, EachAccessCarriesItsStream) {
  Bench& b = bench();
  b.put(0, WRITE | 1 << 9 | 1 << 10, 0, 0x20000, 8);
  b.memory.data()[ring + 4] = 1;
  b.memory.data()[ring + 8] = 7;
  b.cpu.put(PROD, 1);
  test::advance(100'000'000);
  ASSERT_EQ(b.wire.seen.size(), 4U);
  EXPECT_TRUE(b.wire.seen[0].stream_valid);
  EXPECT_EQ(b.wire.seen[0].stream_id, 0x40U);
  EXPECT_FALSE(b.wire.seen[0].privileged);
  EXPECT_EQ(b.wire.seen[1].stream_id, 0x41U);
  EXPECT_TRUE(b.wire.seen[1].substream_valid);
  EXPECT_EQ(b.wire.seen[1].substream_id, 7U);
  EXPECT_TRUE(b.wire.seen[1].privileged);
  EXPECT_EQ(b.wire.seen[1].address_space, AddressSpace::non_secure);
}

TEST(Testdev, AHugeTransferLetsTimePassAndStopsWhenDisabled) {
  Bench& b = bench();
  b.put(0, WRITE, 0, 0x20000, 1ULL << 32);
  b.cpu.put(PROD, 1);
  const sc_core::sc_time before = sc_core::sc_time_stamp();
  test::advance(50'000'000);
  EXPECT_EQ(sc_core::sc_time_stamp() - before, sc_core::sc_time(50, sc_core::SC_US));
  EXPECT_EQ(b.cpu.get(STATUS), 1U);
  EXPECT_LT(b.wire.seen.size(), 20U);
  b.cpu.put(CTRL, 0);
  EXPECT_EQ(b.cpu.get(STATUS), 0U);
  const std::size_t made = b.wire.seen.size();
  test::advance(100'000'000);
  EXPECT_EQ(b.wire.seen.size(), made);
  b.put(0, WRITE | IRQ, 0, 0x20000, 8);
  b.cpu.put(CTRL, 1);
  b.cpu.put(PROD, 1);
  test::advance(100'000'000);
  EXPECT_EQ(b.status(0), 1U);
}

TEST(Testdev, ATargetThatWaitsIsWaitedForAndAResetMeanwhileWins) {
  Bench& b = bench();
  b.wire.stall = sc_core::sc_time(1, sc_core::SC_MS);
  b.put(0, WRITE | IRQ, 0, 0x20000, 8);
  b.cpu.put(PROD, 1);
  test::advance(1'500'000'000);
  EXPECT_EQ(b.wire.seen.size(), 2U);
  b.cpu.put(CTRL, 2);
  test::advance(10'000'000'000);
  EXPECT_EQ(b.wire.seen.size(), 2U);
  EXPECT_EQ(b.status(0), 0U);
  EXPECT_FALSE(b.irq.read());
}

TEST(Testdev, AnAddressWithoutMemoryEndsInReadError) {
  Bench& b = bench();
  b.put(0, COPY, 1ULL << 40, 0x20000, 8);
  b.cpu.put(PROD, 1);
  test::advance(100'000'000);
  EXPECT_EQ(b.status(0), 2U);
  EXPECT_TRUE(b.irq.read());
  b.cpu.put(RING_BASE, 0, 8);
  EXPECT_EQ(b.host.count("enabled"), 1U);
}

TEST(Testdev, AccessesOfOtherShapesReadZeroAndAreIgnored) {
  Bench& b = bench();
  std::array<std::uint8_t, 16> data;
  data.fill(0xee);
  EXPECT_EQ(b.cpu.read(0x000, data.data(), 16), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(data, (std::array<std::uint8_t, 16>{}));
  data.fill(0xff);
  EXPECT_EQ(b.cpu.write(0x026, data.data(), 4), tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(b.cpu.get(IRQ_ENABLE), 7U);
  EXPECT_EQ(b.cpu.read(0x1000, data.data(), 4), tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST(Testdev, TheDeviceTreeNodeIsThatOfTheSheet) {
  Bench& b = bench();
  DtNode node("device");
  b.dev.describe(node);
  EXPECT_EQ(node.name(), "dma");
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value), DtNode::Strings{"smmu-vp,testdev"});
}

TEST(Testdev, AnArchiveTakenDuringATransferContinuesIt) {
  Bench& b = bench();
  std::memset(b.memory.data() + 0x10000, 0x77, 0x8000);
  b.put(0, COPY | IRQ, 0x10000, 0x40000, 0x8000);
  b.cpu.put(PROD, 1);
  test::advance(20'000'000);
  EXPECT_EQ(b.cpu.get(STATUS), 1U);
  const auto saved = test::save(b.dev);
  test::advance(200'000'000);
  EXPECT_TRUE(b.irq.read());
  std::memset(b.memory.data() + 0x42000, 0, 0x6000);
  b.put(0, COPY | IRQ, 0x10000, 0x40000, 0x8000);
  EXPECT_EQ(test::load(b.dev, saved), "");
  test::advance();
  EXPECT_FALSE(b.irq.read());
  test::advance(200'000'000);
  EXPECT_TRUE(b.irq.read());
  EXPECT_EQ(b.status(0), 1U);
  EXPECT_EQ(std::memcmp(b.memory.data() + 0x10000, b.memory.data() + 0x40000, 0x8000), 0);
}

TEST(Testdev, AnAccessThatWaitedForItsTargetWhenSavedIsMadeAgainOnceAndTheRestGoesOn) {
  Bench& b = bench();
  b.wire.stall = sc_core::sc_time(1, sc_core::SC_MS);
  b.put(0, WRITE | IRQ, 0, 0x20000, 8);
  b.cpu.put(PROD, 1);
  test::advance(1'500'000'000);
  EXPECT_EQ(b.wire.seen.size(), 2U);
  const auto saved = test::save(b.dev);
  b.cpu.put(CTRL, 2);
  test::advance(10'000'000'000);
  EXPECT_EQ(b.wire.seen.size(), 2U);
  EXPECT_EQ(b.status(0), 0U);

  b.wire.stall = sc_core::SC_ZERO_TIME;
  EXPECT_EQ(test::load(b.dev, saved), "");
  test::advance(100'000'000);
  EXPECT_EQ(b.wire.seen.size(), 2U + 3U) << "data, write-back, status";
  EXPECT_EQ(b.status(0), 1U);
  EXPECT_TRUE(b.irq.read());
}

}  // namespace
}  // namespace smmuvp
