// What packets do, by docs/adreno.md.
#include "world.h"

namespace smmuvp {
namespace {

using namespace adreno_sheet;

constexpr std::uint64_t buffer = 0x10'0000;

class AdrenoPackets : public testing::Test {
 protected:
  void SetUp() override { w.start(); }
  /// The packet is refused, and the processor stands still in it.
  void expect_opcode_error(const Words& packet) {
    const std::uint64_t at = w.get(RB_RPTR);
    w.submit(packet);
    w.run_on();
    EXPECT_EQ(w.interrupts() & INT_HW_ERROR, INT_HW_ERROR);
    EXPECT_EQ(w.get(INTERRUPT_STATUS), OPCODE_ERROR);
    EXPECT_EQ(w.get(RB_RPTR), at);
    EXPECT_EQ(w.get(STATUS), GPU_BUSY | CP_BUSY);
  }
  World w;
};

// adreno_pm4.xml shows these two headers in an example.
TEST_F(AdrenoPackets, ParityIsAsInThePublicExample) {
  EXPECT_EQ(header7(0x39, 1), 0x70b90001U);
  EXPECT_EQ(header7(0x47, 2), 0x70c70002U);
}

TEST_F(AdrenoPackets, AMemWriteWritesItsWordsAndMovesTheReadPointerPastIt) {
  w.submit(mem_write(buffer, {1, 2, 3}));
  EXPECT_EQ(w.get(STATUS), GPU_BUSY | CP_BUSY);
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 1U);
  EXPECT_EQ(w.memory.get(buffer + 8), 3U);
  EXPECT_EQ(w.get(RB_RPTR), 6U);
  EXPECT_EQ(w.get(STATUS), 0U);
  EXPECT_EQ(w.interrupts(), 0U);
}

TEST_F(AdrenoPackets, ALongMemWriteCrossesPages) {
  Words values;
  for (std::uint32_t i = 0; i < 900; ++i) values.push_back(i * 7);
  w.submit(mem_write(buffer + 0xf00, values));
  w.run();
  for (std::uint32_t i = 0; i < 900; ++i) ASSERT_EQ(w.memory.get(buffer + 0xf00 + 4 * i), i * 7);
}

TEST_F(AdrenoPackets, APacketOfTheRingWaitsForItsLastWord) {
  const Words packet = mem_write(buffer, {1, 2});
  w.put({packet.begin(), packet.end() - 1});
  w.ring_doorbell();
  w.run();
  EXPECT_EQ(w.get(RB_RPTR), 0U);
  EXPECT_EQ(w.memory.get(buffer), 0U);
  EXPECT_EQ(w.get(STATUS), GPU_BUSY | CP_BUSY);
  w.submit({packet.back()});
  w.run();
  EXPECT_EQ(w.memory.get(buffer + 4), 2U);
  EXPECT_EQ(w.get(STATUS), 0U);
}

TEST_F(AdrenoPackets, PacketsGoOnAcrossTheEndOfTheRing) {
  for (std::uint32_t i = 0; i < 1000; ++i) {
    w.submit(mem_write(buffer + 4 * i, {i}));
    w.run();
  }
  for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(w.memory.get(buffer + 4 * i), i);
  EXPECT_EQ(w.get(RB_RPTR), 4000U % 1024);
}

TEST_F(AdrenoPackets, NopsAndWaitsDoNothing) {
  w.submit(join({packet(NOP, {1, 2, 3}), packet(NOP), packet(WAIT_MEM_WRITES), packet(WAIT_FOR_ME),
                 packet(WAIT_FOR_IDLE), packet(ME_INIT, {0x2f, 3, 0x20000000, 0, 0, 0, 0, 0})}));
  w.run();
  EXPECT_EQ(w.get(RB_RPTR), w.tail);
  for (const Made& m : w.made) EXPECT_FALSE(m.op.write);
}

TEST_F(AdrenoPackets, Type4WritesRegistersInOrder) {
  w.submit(
      join({set_registers(scratch_word, {5, 6, 7}), set_registers(scratch_word + 7, {9}), {header4(0, 0)}}));
  w.run();
  EXPECT_EQ(w.get(SCRATCH), 5U);
  EXPECT_EQ(w.get(SCRATCH + 8), 7U);
  EXPECT_EQ(w.get(SCRATCH + 28), 9U);
  EXPECT_EQ(w.get(RB_RPTR), w.tail);
}

TEST_F(AdrenoPackets, RegToMemAndMemToRegCopyAsManyAsTheySay) {
  w.memory.put(buffer, Words{11, 22, 33});
  w.submit(join({packet(MEM_TO_REG, {scratch_word | 3U << 19, low(buffer), high(buffer)}),
                 packet(REG_TO_MEM, {scratch_word | 3U << 18, low(buffer + 0x100), 0}),
                 packet(REG_TO_MEM, {scratch_word | 1U << 30, low(buffer + 0x200), 0}),
                 packet(MEM_TO_REG, {(scratch_word + 4) | 1U << 30, low(buffer + 4), 0})}));
  w.run();
  EXPECT_EQ(w.memory.get(buffer + 0x100), 11U);
  EXPECT_EQ(w.memory.get(buffer + 0x108), 33U);
  EXPECT_EQ(w.memory.get(buffer + 0x200), 11U) << "a count of 0 is one";
  EXPECT_EQ(w.memory.get(buffer + 0x204), 0U);
  EXPECT_EQ(w.get(SCRATCH + 16), 88U) << "shifted left by 2";
}

TEST_F(AdrenoPackets, MemToMemAddsAndNegates) {
  w.memory.put(buffer, Words{100, 7, 0, 1});
  const auto a = [&](std::uint64_t at) { return low(buffer + at); };
  w.submit(join({packet(MEM_TO_MEM, {0, a(0x10), 0, a(0), 0}),
                 packet(MEM_TO_MEM, {2, a(0x14), 0, a(0), 0, a(4), 0}),
                 packet(MEM_TO_MEM, {1U << 29, a(0x20), 0, a(0), 0, a(8), 0, a(8), 0})}));
  w.run();
  EXPECT_EQ(w.memory.get(buffer + 0x10), 100U);
  EXPECT_EQ(w.memory.get(buffer + 0x14), 93U);
  EXPECT_EQ(w.memory.get(buffer + 0x20), 100U);
  EXPECT_EQ(w.memory.get(buffer + 0x24), 9U);
}

TEST_F(AdrenoPackets, AMemcpyCopiesAcrossPagesOfBothSides) {
  Words data;
  for (std::uint32_t i = 0; i < 3000; ++i) data.push_back(i * 0x9e3779b9);
  w.memory.put(buffer + 0x804, data);
  w.submit(packet(MEMCPY, {3000, low(buffer + 0x804), 0, low(buffer + 0x10'0128), 0}));
  w.run();
  for (std::uint32_t i = 0; i < 3000; ++i) ASSERT_EQ(w.memory.get(buffer + 0x10'0128 + 4 * i), data[i]);
  EXPECT_EQ(w.memory.get(buffer + 0x10'0128 + 4 * 3000), 0U);
}

TEST_F(AdrenoPackets, AnEventWritesItsValueAndThenInterrupts) {
  w.submit(fence(buffer, 0x1234));
  w.before_answer = [&](Port, const DmaOperation& op) {
    if (op.write) {
      EXPECT_FALSE(w.core.irq()) << "before its value is there";
    }
  };
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 0x1234U);
  EXPECT_EQ(w.interrupts(), INT_CACHE_FLUSH_TS);
  EXPECT_TRUE(w.core.irq());
  w.set(INT_0_MASK, 0);
  EXPECT_FALSE(w.core.irq());
  w.set(INT_CLEAR_CMD, INT_CACHE_FLUSH_TS);
  EXPECT_EQ(w.interrupts(), 0U);
}

TEST_F(AdrenoPackets, AnEventOfOneWordWritesNothing) {
  w.submit(join({packet(EVENT_WRITE, {0x31}), packet(EVENT_WRITE, {0x16 | EVENT_IRQ}),
                 packet(EVENT_WRITE, {0x31 | EVENT_IRQ})}));
  w.run();
  EXPECT_EQ(w.interrupts(), 1U << 17) << "RB_DONE_TS alone has an interrupt";
}

TEST_F(AdrenoPackets, ATimestampIsTheAlwaysOnCounter) {
  w.core.advance(w.now = 10'000'000'000);  // 10 ms at 19.2 MHz
  w.submit(packet(EVENT_WRITE, {CACHE_FLUSH_TS | EVENT_TIMESTAMP, low(buffer), 0, 0xffffffff}));
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 192'000U);
  EXPECT_EQ(w.memory.get(buffer + 4), 0U);
  EXPECT_EQ(w.get(ALWAYS_ON, 8), 192'000U);
}

TEST_F(AdrenoPackets, WhereAmIWritesTheReadPointerBehindItself) {
  w.submit(join({packet(NOP), packet(WHERE_AM_I, {low(buffer), 0}), packet(NOP)}));
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 4U);
}

TEST_F(AdrenoPackets, WaitRegMemWaitsForMemory) {
  w.memory.put(buffer, 0xff01);
  w.submit(join({packet(WAIT_REG_MEM, {3 | 1 << 4, low(buffer), 0, 0x0002, 0x00ff, 1000}),
                 mem_write(buffer + 8, {1})}));
  w.run();
  EXPECT_EQ(w.memory.get(buffer + 8), 0U);
  EXPECT_EQ(w.core.next_event(), w.now + 2'000'000) << "1000 cycles at 500 MHz";
  w.core.advance(w.now += 2'000'000);
  w.memory.put(buffer, 0xff02);
  w.run();
  EXPECT_EQ(w.memory.get(buffer + 8), 1U);
}

TEST_F(AdrenoPackets, WaitRegMemComparesAsItSays) {
  struct Case {
    std::uint32_t function;
    std::uint32_t value, ref;
    bool holds;
  };
  const Case cases[] = {{0, 1, 2, true},  {1, 1, 2, true},           {1, 2, 2, false},
                        {2, 2, 2, true},  {2, 3, 2, false},          {3, 2, 2, true},
                        {3, 1, 2, false}, {4, 1, 2, true},           {4, 2, 2, false},
                        {5, 2, 2, true},  {5, 1, 2, false},          {6, 3, 2, true},
                        {6, 2, 2, false}, {1, 0xffffffff, 0, false}, {1 | 8, 0xffffffff, 0, true}};
  for (const Case& c : cases) {
    World v;
    v.start();
    v.set(SCRATCH, c.value);
    v.submit(packet(WAIT_REG_MEM, {c.function, scratch_word, 0, c.ref, 0xffffffff, 0}));
    v.run();
    EXPECT_EQ(v.get(STATUS) == 0, c.holds) << c.function << " " << c.value << " " << c.ref;
  }
}

TEST_F(AdrenoPackets, PollsThatGoOnForLongComeMoreSeldom) {
  w.submit(packet(WAIT_REG_MEM, {3, scratch_word, 0, 1, 1, 0}));
  unsigned polls = 0;
  const std::uint64_t begin = w.now;
  for (; w.now - begin < 1'000'000'000'000; ++polls) {  // a second
    w.run();
    w.core.advance(w.now = *w.core.next_event());
  }
  EXPECT_LT(polls, 40'000U);
  EXPECT_GT(polls, 25'000U);  // every 256 * 64 cycles at last
}

TEST_F(AdrenoPackets, IndirectBuffersNestTwice) {
  const std::uint64_t ib1 = 0x20'0000, ib2 = 0x30'0000;
  const Words inner = join({packet(NOP), mem_write(buffer + 4, {2})});
  w.memory.put(ib2, inner);
  const Words outer =
      join({mem_write(buffer, {1}), indirect_buffer(ib2, inner.size()), mem_write(buffer + 8, {3})});
  w.memory.put(ib1, outer);
  w.submit(join({indirect_buffer(ib1, outer.size()), indirect_buffer(ib1, 0), mem_write(buffer + 12, {4})}));
  w.before_answer = [&](Port, const DmaOperation& op) {
    if (!op.write || op.address != buffer + 4) return;
    EXPECT_EQ(w.get(RB_RPTR), 0U);
    EXPECT_EQ(w.get(IB1_BASE, 8), ib1 + 16) << "the packet that leads to IB2";
    EXPECT_EQ(w.get(IB1_REM_SIZE), outer.size() - 4);
    EXPECT_EQ(w.get(IB2_BASE) | w.get(IB2_BASE_HI) << 32, ib2 + 4);
    EXPECT_EQ(w.get(IB2_REM_SIZE), inner.size() - 1);
  };
  w.run();
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(w.memory.get(buffer + 4 * i), i + 1);
  EXPECT_EQ(w.get(RB_RPTR), w.tail);
  EXPECT_EQ(w.get(IB1_REM_SIZE), 0U);
}

TEST_F(AdrenoPackets, AThirdLevelIsAnOpcodeError) {
  w.memory.put(buffer, indirect_buffer(buffer + 0x1000, 4));
  w.memory.put(buffer + 0x1000, indirect_buffer(buffer + 0x2000, 4));
  expect_opcode_error(indirect_buffer(buffer, 4));
}

TEST_F(AdrenoPackets, AnIndirectBufferThatEndsInsideAPacketIsAnOpcodeError) {
  w.memory.put(buffer, mem_write(buffer + 0x100, {1, 2, 3}));
  expect_opcode_error(indirect_buffer(buffer, 5));
  EXPECT_EQ(w.memory.get(buffer + 0x100), 0U);
}

TEST_F(AdrenoPackets, WhatIsForTheRingAloneIsRefusedInAnIndirectBuffer) {
  for (const Words& p :
       {table_update(0x8000'0000, 1), packet(SET_PROTECTED_MODE, {0}), packet(WHERE_AM_I, {0, 0})}) {
    World v;
    v.start();
    v.memory.put(buffer, p);
    v.submit(indirect_buffer(buffer, p.size()));
    v.run();
    EXPECT_EQ(v.get(INTERRUPT_STATUS), OPCODE_ERROR) << p[0];
    EXPECT_TRUE(v.smmu_writes.empty());
  }
}

TEST_F(AdrenoPackets, WhatIsNoPacketIsAnOpcodeErrorThatTellsTheHeader) {
  const std::uint32_t nop = header7(NOP, 1);
  const std::uint32_t write = header4(scratch_word, 1);
  for (const std::uint32_t header :
       {0U, 0x80000000U, 0xc0001000U, 0xffffffffU, nop ^ 1U << 15, nop ^ 1U << 23, nop ^ 1U << 14,
        nop ^ 1U << 26, write ^ 1U << 7, write ^ 1U << 27, write ^ 1U << 26, header7(0x7f, 0),
        header7(MEM_WRITE, 2), header7(EVENT_WRITE, 2), header7(MEM_TO_MEM, 6), header7(MEMCPY, 4),
        header7(INDIRECT_BUFFER, 2)}) {
    World v;
    v.start();
    v.submit({header, 0, 0, 0, 0, 0, 0});
    v.run_on();
    EXPECT_EQ(v.get(INTERRUPT_STATUS), OPCODE_ERROR) << std::hex << header;
    EXPECT_EQ(v.get(SQE_STAT_DATA), 0U);
    v.set(SQE_STAT_ADDR, 1);
    EXPECT_EQ(v.get(SQE_STAT_DATA), header);
    EXPECT_EQ(v.get(SCRATCH), 0U);
    EXPECT_EQ(v.sink.count("packet"), 1U);
  }
}

TEST_F(AdrenoPackets, ReservedOperandsAreOpcodeErrors) {
  for (const Words& p :
       {packet(WAIT_REG_MEM, {7, 0, 0, 0, 0, 0}), packet(WAIT_REG_MEM, {2U << 4, 0, 0, 0, 0, 0}),
        packet(REG_TO_MEM, {1U << 31, 0, 0})}) {
    World v;
    v.start();
    v.submit(p);
    v.run_on();
    EXPECT_EQ(v.get(INTERRUPT_STATUS), OPCODE_ERROR) << p[1];
  }
}

}  // namespace
}  // namespace smmuvp
