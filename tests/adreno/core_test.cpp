// Ring, privilege, protection, faults, hangs and resets, by docs/adreno.md.
#include "world.h"

namespace smmuvp {
namespace {

using namespace adreno_sheet;

constexpr std::uint64_t buffer = 0x10'0000;
constexpr std::uint64_t sign = std::uint64_t{1} << 48;

class AdrenoCoreTest : public testing::Test {
 protected:
  World w;
};

// ---- ring

TEST_F(AdrenoCoreTest, NothingRunsBeforeTheEngineIsStarted) {
  w.start();
  w.set(SQE_CNTL, 0);
  w.submit(mem_write(buffer, {1}));
  EXPECT_EQ(w.run(), 0U);
  w.set(SQE_CNTL, 3);
  EXPECT_EQ(w.run(), 0U);
  w.set(SQE_CNTL, 1);
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 1U);
}

TEST_F(AdrenoCoreTest, AHaltStopsBeforeTheNextAccessAndLosesNothing) {
  w.start();
  w.submit(join({mem_write(buffer, {1}), mem_write(buffer + 0x1000, {2})}));
  w.step();  // the packets
  w.step();
  w.set(SQE_CNTL, 3);
  EXPECT_EQ(w.run(), 0U);
  EXPECT_EQ(w.memory.get(buffer + 0x1000), 0U);
  w.set(SQE_CNTL, 1);
  w.run();
  EXPECT_EQ(w.memory.get(buffer + 0x1000), 2U);
}

TEST_F(AdrenoCoreTest, TheReadPointerIsWrittenToMemoryWhenTheRingIsEmptyAndEachBlock) {
  w.start(World::BUFSZ | 3U << 8);  // each 64 bytes
  w.submit(packet(NOP, Words(15)));
  w.submit(packet(NOP, Words(15)));
  w.submit(packet(NOP, Words(3)));
  std::vector<std::uint32_t> written;
  w.before_answer = [&](Port, const DmaOperation& op) {
    if (op.write && op.address == World::shadow)
      written.push_back(static_cast<std::uint32_t>(w.get(RB_RPTR)));
  };
  w.run();
  EXPECT_EQ(written, (std::vector<std::uint32_t>{16, 32, 36}));
  EXPECT_EQ(w.memory.get(World::shadow), 36U);
  EXPECT_EQ(w.get(STATUS), 0U);
}

TEST_F(AdrenoCoreTest, AWritePointerBeyondTheRingCountsModuloItsSize) {
  w.start();
  w.put(mem_write(buffer, {5}));
  w.set(RB_WPTR, 1024 + w.tail);
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 5U);
  EXPECT_EQ(w.get(STATUS), 0U);
  EXPECT_EQ(w.sink.count("CP_RB_WPTR"), 1U);
}

TEST_F(AdrenoCoreTest, PacketsAreReadAheadButNeverBeyondTheWritePointer) {
  w.start();
  w.put(packet(NOP, Words(99)));
  w.put(packet(NOP, Words(99)));
  w.set(RB_WPTR, 100);
  w.run();
  for (const Made& m : w.made) {
    EXPECT_LE(m.op.length, 256U);
    EXPECT_LE(m.op.address + m.op.length, World::ring + 400);
  }
}

// ---- who accesses, and where

TEST_F(AdrenoCoreTest, Bit48OfAnAddressIsItsSign) {
  w.start();
  w.memory.put(~(sign - 1) | 0x5000, 77);
  w.submit(packet(MEMCPY, {1, 0x5000, 0xabcd'0000 | high(sign), low(buffer), 0xffff'0000 & ~high(sign)}));
  w.set(RB_BASE, World::ring & (2 * sign - 1), 8);
  w.run();
  EXPECT_EQ(w.memory.get(buffer & (sign - 1)), 77U);
  for (const Made& m : w.made) {
    EXPECT_TRUE(m.op.address >> 48 == 0 || m.op.address >> 48 == 0xffff) << std::hex << m.op.address;
  }
  EXPECT_EQ(w.made[0].op.address, World::ring);
}

TEST_F(AdrenoCoreTest, PrivilegeFollowsTheLevelAndAprivCntl) {
  struct Case {
    std::uint32_t apriv;
    bool fetch, data, shadow;
  };
  for (const Case& c :
       {Case{0, false, false, false}, Case{2, true, false, false}, Case{4, false, true, false},
        Case{8, false, false, true}, Case{0x6e, true, true, true}}) {
    World v;
    v.start(World::BUFSZ);
    v.set(APRIV_CNTL, c.apriv);
    const Words ib = mem_write(buffer + 0x800, {1});
    v.memory.put(buffer, ib);
    v.submit(join({indirect_buffer(buffer, ib.size()), mem_write(buffer + 0x804, {1})}));
    v.run();
    for (const Made& m : v.made) {
      EXPECT_EQ(m.op.stream_id, 0x21U);
      EXPECT_FALSE(m.op.instruction);
      EXPECT_FALSE(m.op.secure);
      const bool of_ib = m.op.address == buffer || m.op.address == buffer + 0x800;
      const bool expected = of_ib                           ? false
                            : m.op.address == World::shadow ? c.shadow
                            : m.op.write                    ? c.data
                                                            : c.fetch;
      EXPECT_EQ(m.op.privileged, expected) << std::hex << m.op.address << " with " << c.apriv;
    }
    EXPECT_EQ(v.memory.get(World::shadow), v.tail);
  }
}

// ---- protected mode

TEST_F(AdrenoCoreTest, ProtectedModeRefusesWritesAndWhereItSaysSoReads) {
  w.start();
  w.set(PROTECT_CNTL, 1);
  w.set(PROTECT, scratch_word | 1U << 18);            // two registers, reads allowed
  w.set(PROTECT + 4, (scratch_word + 4) | 1U << 31);  // one, no reads
  w.set(SCRATCH, 5);
  w.set(SCRATCH + 16, 6);
  const Words accesses =
      join({set_registers(scratch_word + 1, {1, 2}), packet(REG_TO_MEM, {scratch_word, low(buffer), 0}),
            packet(REG_TO_MEM, {scratch_word + 4, low(buffer + 4), 0})});
  w.memory.put(buffer + 4, 9);
  w.submit(join({packet(SET_PROTECTED_MODE, {1}), accesses}));
  w.run();
  EXPECT_EQ(w.get(SCRATCH + 4), 0U);
  EXPECT_EQ(w.get(SCRATCH + 8), 2U);
  EXPECT_EQ(w.memory.get(buffer), 5U);
  EXPECT_EQ(w.memory.get(buffer + 4), 0U);
  EXPECT_EQ(w.get(PROTECT_STATUS), (scratch_word + 4) | 1U << 20);
  EXPECT_EQ(w.interrupts(), INT_HW_ERROR);
  EXPECT_EQ(w.get(INTERRUPT_STATUS), PROTECTION_ERROR);
  EXPECT_EQ(w.get(INTERRUPT_STATUS), 0U) << "a read clears it";
  EXPECT_EQ(w.get(STATUS), 0U) << "it goes on";
  w.submit(join({packet(SET_PROTECTED_MODE, {0}), accesses}));
  w.run();
  EXPECT_EQ(w.get(SCRATCH + 4), 1U);
  EXPECT_EQ(w.memory.get(buffer + 4), 6U);
}

TEST_F(AdrenoCoreTest, AViolationStopsTheProcessorIfItIsToldSo) {
  w.start();
  w.set(PROTECT_CNTL, 3);
  w.set(PROTECT, scratch_word);
  w.submit(join({packet(SET_PROTECTED_MODE, {1}), set_registers(scratch_word, {1}), mem_write(buffer, {1})}));
  w.run();
  EXPECT_EQ(w.get(INTERRUPT_STATUS), PROTECTION_ERROR);
  EXPECT_EQ(w.get(PROTECT_STATUS), scratch_word);
  EXPECT_EQ(w.memory.get(buffer), 0U);
  EXPECT_NE(w.get(STATUS), 0U);
}

TEST_F(AdrenoCoreTest, TheLastSpanHasNoEndIfItIsToldSo) {
  for (const std::uint32_t infinite : {0U, 8U}) {
    World v;
    v.start();
    v.set(PROTECT_CNTL, 1 | infinite);
    v.set(PROTECT + 4 * 47, scratch_word - 100);
    v.submit(join({packet(SET_PROTECTED_MODE, {1}), set_registers(scratch_word, {1})}));
    v.run();
    EXPECT_EQ(v.get(SCRATCH), infinite != 0 ? 0U : 1U);
  }
}

// ---- faults

TEST_F(AdrenoCoreTest, AFaultOfDataIsToldAndTheProcessorGoesOn) {
  w.start();
  w.memory.put(buffer, 5);
  w.memory.put(buffer + 0x1000, 6);
  w.errors[buffer] = DmaResponse::Address;
  w.submit(join(
      {packet(MEM_TO_MEM, {0, low(buffer + 0x1000), 0, low(buffer), 0}), mem_write(buffer + 0x2000, {1})}));
  w.run();
  EXPECT_EQ(w.interrupts(), INT_HW_ERROR);
  EXPECT_EQ(w.get(HW_FAULT), 0x100U) << "a read of the ring's packet, address error";
  EXPECT_EQ(w.get(INTERRUPT_STATUS), HW_FAULT_ERROR);
  EXPECT_EQ(w.memory.get(buffer + 0x1000), 0U) << "what was read is 0";
  EXPECT_EQ(w.memory.get(buffer + 0x2000), 1U);
  EXPECT_EQ(w.get(STATUS), 0U);
}

TEST_F(AdrenoCoreTest, AnEventWhoseWriteFaultsDoesNotInterrupt) {
  w.start();
  w.errors[buffer] = DmaResponse::Generic;
  w.submit(fence(buffer, 1));
  w.run();
  EXPECT_EQ(w.interrupts(), INT_HW_ERROR);
  EXPECT_EQ(w.get(HW_FAULT), 0x501U);
}

TEST_F(AdrenoCoreTest, AFaultOfAFetchStopsTheProcessor) {
  w.start();
  w.errors[buffer] = DmaResponse::Address;
  w.submit(join({indirect_buffer(buffer, 4), mem_write(buffer + 0x1000, {1})}));
  w.run();
  EXPECT_EQ(w.get(INTERRUPT_STATUS), HW_FAULT_ERROR);
  EXPECT_EQ(w.get(HW_FAULT), 0x112U) << "a fetch, at level IB1";
  EXPECT_EQ(w.memory.get(buffer + 0x1000), 0U);
  EXPECT_NE(w.get(STATUS), 0U);
}

TEST_F(AdrenoCoreTest, AnAccessWithoutAnswerIsToldAsStalled) {
  w.start();
  w.submit(mem_write(buffer, {1}));
  DmaOperation op;
  DmaBuffer data;
  ASSERT_TRUE(w.core.next(Port::Memory, op, data));
  EXPECT_EQ(w.get(STATUS), GPU_BUSY | CP_BUSY | VBIF_BUSY);
  w.core.advance(9'999'999);
  EXPECT_EQ(w.get(STATUS3), 0U);
  w.core.advance(w.now = 10'000'000);
  EXPECT_EQ(w.get(STATUS3), STALLED);
  w.core.complete(Port::Memory, op, w.answer(Port::Memory, op, data), data);
  EXPECT_EQ(w.get(STATUS3), 0U);
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 1U);
}

// ---- hangs

TEST_F(AdrenoCoreTest, AHangIsToldOnceUntilThereIsProgress) {
  w.start();
  w.set(HANG_INT_CNTL, 1U << 30 | 1000);  // 2 us
  w.submit(packet(WAIT_REG_MEM, {3, scratch_word, 0, 1, 1, 0}));
  w.run();
  const std::uint64_t begin = w.now;
  while (w.now - begin < 20'000'000) {
    w.run();
    const auto at = w.core.next_event();
    ASSERT_TRUE(at);
    w.core.advance(w.now = *at);
    if (w.now - begin < 1'900'000) {
      EXPECT_EQ(w.interrupts(), 0U);
    }
  }
  EXPECT_EQ(w.interrupts(), INT_HANG);
  EXPECT_EQ(w.core.counters().hangs, 1U);
  w.set(SCRATCH, 1);
  w.run_on();
  EXPECT_EQ(w.get(STATUS), 0U);
  w.submit(packet(WAIT_REG_MEM, {3, scratch_word, 0, 2, 3, 0}));
  for (int i = 0; i < 20; ++i) {
    w.run();
    w.core.advance(w.now = *w.core.next_event());
  }
  EXPECT_EQ(w.core.counters().hangs, 2U);
}

TEST_F(AdrenoCoreTest, NeitherAnIdleNorABusyProcessorHangs) {
  w.start();
  w.set(HANG_INT_CNTL, 1U << 30 | 1000);
  EXPECT_EQ(w.core.next_event(), std::nullopt);
  w.core.advance(w.now = 1'000'000'000);
  w.submit(packet(MEMCPY, {1'000'000, low(buffer), 0, low(buffer + 0x100'0000), 0}));
  w.run(10'000);
  EXPECT_GT(w.now, 1'000'000'000U + 1'900'000);
  EXPECT_EQ(w.interrupts(), 0U);
  EXPECT_EQ(w.get(STATUS), 0U);
}

TEST_F(AdrenoCoreTest, AStoppedProcessorHangs) {
  w.start();
  w.set(HANG_INT_CNTL, 1U << 30 | 1000);
  w.submit({0});
  w.run_on();
  EXPECT_EQ(w.interrupts(), INT_HANG | INT_HW_ERROR);
}

// ---- table updates

TEST_F(AdrenoCoreTest, ATableUpdateWritesTheBankAndWaitsForItsInvalidation) {
  w.start();
  w.sync_polls = 2;
  w.submit(join({table_update(0x12'3456'7000, 0xabc, 5, 0x77), mem_write(buffer, {1})}));
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 0U) << "before the invalidation is complete";
  w.run_on();
  EXPECT_EQ(w.memory.get(buffer), 1U);
  const std::uint64_t bank = (8 + 5) * 0x1000;  // NUMPAGENDXB 2: 8 pages
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> expected = {
      {bank + 0x20, std::uint64_t{0xabc} << 48 | 0x12'3456'7000},
      {bank + 0x34, 0x77},
      {bank + 0x618, 0},
      {bank + 0x7f0, 0}};
  EXPECT_EQ(w.smmu_writes, expected);
  unsigned polls = 0;
  for (const Made& m : w.made) {
    if (m.port != Port::Smmu) continue;
    EXPECT_TRUE(m.op.privileged);
    EXPECT_EQ(m.op.length, m.op.address == World::smmu + bank + 0x20 ? 8U : 4U);
    polls += m.op.address == World::smmu + bank + 0x7f4 ? 1 : 0;
  }
  EXPECT_EQ(polls, 3U);
  EXPECT_EQ(w.core.counters().table_updates, 1U);
}

TEST_F(AdrenoCoreTest, BanksOfLargePagesAreFoundByIdr1) {
  w.start();
  w.IDR1 = 1U << 31 | 16;  // 64 KiB, two pages before the banks
  w.submit(table_update(0x1000, 0, 15));
  w.run_on();
  ASSERT_FALSE(w.smmu_writes.empty());
  EXPECT_EQ(w.smmu_writes[0].first, (2 + 15) * 0x10000U + 0x20);
}

TEST_F(AdrenoCoreTest, ABankThatIsNotThereIsAnOpcodeError) {
  w.start();
  w.submit(table_update(0x1000, 0, 8));
  w.run_on();
  EXPECT_EQ(w.get(INTERRUPT_STATUS), OPCODE_ERROR);
  EXPECT_TRUE(w.smmu_writes.empty());
}

TEST_F(AdrenoCoreTest, ATableUpdateWithoutAnSmmuIsAnOpcodeError) {
  World v(AdrenoConfig{0, {}, 1'000'000});
  v.start();
  v.submit(table_update(0x1000, 0));
  v.run_on();
  EXPECT_EQ(v.get(INTERRUPT_STATUS), OPCODE_ERROR);
}

TEST_F(AdrenoCoreTest, AnErrorAtTheSmmuIsAnAhbErrorThatStops) {
  w.start();
  w.smmu_error = true;
  w.submit(join({table_update(0x1000, 0), mem_write(buffer, {1})}));
  w.run_on();
  EXPECT_EQ(w.interrupts(), INT_AHB_ERROR | INT_HW_ERROR);
  EXPECT_EQ(w.get(INTERRUPT_STATUS), AHB_ERROR);
  EXPECT_EQ(w.memory.get(buffer), 0U);
}

// ---- resets

TEST_F(AdrenoCoreTest, ASoftResetForgetsTheWorkAndHoldsTheRegisters) {
  w.start();
  w.submit(join({packet(SET_PROTECTED_MODE, {1}), {0}}));
  w.run_on();
  EXPECT_NE(w.get(STATUS), 0U);
  w.set(SW_RESET_CMD, 1);
  EXPECT_EQ(w.get(STATUS), 0U);
  EXPECT_FALSE(w.core.irq());
  EXPECT_EQ(w.get(RB_WPTR), 0U);
  w.set(SCRATCH, 1);
  w.set(SQE_CNTL, 1);
  EXPECT_EQ(w.get(SCRATCH), 0U);
  w.set(SW_RESET_CMD, 0);
  w.tail = 0;
  w.start();
  w.submit(mem_write(buffer, {3}));
  w.run();
  EXPECT_EQ(w.memory.get(buffer), 3U);
}

TEST_F(AdrenoCoreTest, TheAnswerToAnAccessFromBeforeAResetIsIgnored) {
  w.start();
  w.submit(mem_write(buffer, {3}));
  DmaOperation op;
  DmaBuffer data;
  ASSERT_TRUE(w.core.next(Port::Memory, op, data));
  w.set(SW_RESET_CMD, 1);
  w.set(SW_RESET_CMD, 0);
  EXPECT_EQ(w.get(STATUS), VBIF_BUSY) << "it is still on its way";
  w.start();
  w.core.complete(Port::Memory, op, DmaResponse::Generic, data);
  EXPECT_EQ(w.get(STATUS), 0U);
  EXPECT_EQ(w.interrupts(), 0U);
}

TEST_F(AdrenoCoreTest, APacketThatResetsEverythingEndsThere) {
  w.start();
  w.submit(join({set_registers(SW_RESET_CMD / 4, {1, 1}), mem_write(buffer, {3})}));
  w.run();
  EXPECT_EQ(w.get(SW_RESET_CMD), 1U);
  EXPECT_EQ(w.get(STATUS), 0U);
  EXPECT_EQ(w.memory.get(buffer), 0U);
}

// ---- saving

/// Work of all kinds, with a fault, waits and two levels.
Words much_work(World& w) {
  const std::uint64_t ib = 0x20'0000;
  Words values(600);
  for (std::uint32_t i = 0; i < values.size(); ++i) values[i] = i * 31;
  const Words inner = mem_write(buffer + 0x4000, values);
  w.memory.put(ib + 0x8000, inner);
  const Words outer = join({indirect_buffer(ib + 0x8000, inner.size()),
                            packet(MEMCPY, {600, low(buffer + 0x4000), 0, low(buffer + 0x8f00), 0}),
                            set_registers(scratch_word, {1, 2, 3})});
  w.memory.put(ib, outer);
  w.errors[buffer + 0x9000] = DmaResponse::Address;
  return join({packet(SET_PROTECTED_MODE, {1}), indirect_buffer(ib, outer.size()), table_update(0x5000, 3, 1),
               packet(WAIT_REG_MEM, {3 | 1 << 4, low(buffer + 0x4000), 0, 0, 0xffffffff, 400}),
               packet(REG_TO_MEM, {scratch_word | 3U << 18, low(buffer), 0}),
               packet(MEM_TO_MEM, {0, low(buffer + 0x20), 0, low(buffer), 0, low(buffer + 4), 0}),
               packet(MEM_TO_REG, {(scratch_word + 4) | 2U << 19, low(buffer), 0}), fence(buffer + 0x40, 9)});
}

std::vector<std::uint8_t> save(AdrenoCore& core, std::uint64_t now) {
  ArchiveWriter writer;
  writer.set_now(now);
  core.visit(writer);
  return writer.data();
}
std::string load(AdrenoCore& core, std::uint64_t now, const std::vector<std::uint8_t>& data) {
  ArchiveReader reader(data);
  reader.set_now(now);
  core.visit(reader);
  return reader.complete() ? "" : reader.error();
}

TEST_F(AdrenoCoreTest, WhatIsSavedAnywhereInAPacketGoesOnAlike) {
  World through;
  through.start(World::BUFSZ);
  through.sync_polls = 3;
  through.submit(much_work(through));
  ASSERT_TRUE(through.run_on());
  const std::size_t accesses = through.made.size();
  ASSERT_GT(accesses, 30U);
  for (std::size_t at = 0; at < accesses; ++at) {
    World first;
    first.start(World::BUFSZ);
    first.sync_polls = 3;
    first.submit(much_work(first));
    while (first.made.size() < at) {
      if (first.step()) continue;
      first.core.advance(first.now = *first.core.next_event());
    }
    // In the middle of the next access, in a core that has seen something else.
    DmaOperation op;
    DmaBuffer data{};
    Port port = Port::Memory;
    const auto begin = [&] {
      for (const Port p : {Port::Memory, Port::Smmu}) {
        port = p;
        if (first.core.next(p, op, data)) return true;
      }
      return false;
    };
    while (!begin()) first.core.advance(first.now = *first.core.next_event());
    World second;
    second.start();
    second.submit({0});
    second.run_on();
    second.now = first.now + 5'000'000;
    second.core.advance(second.now);
    ASSERT_EQ(load(second.core, second.now, save(first.core, first.now)), "") << at;
    EXPECT_EQ(save(second.core, second.now), save(first.core, first.now));
    second.memory = first.memory;
    second.errors = first.errors;
    second.smmu_writes = first.smmu_writes;
    second.sync_polls = first.sync_polls;
    second.made = first.made;
    second.made.push_back({port, op});
    second.core.advance(second.now += 1000);
    const DmaResponse response = second.answer(port, op, data);
    second.core.complete(port, op, response, data);
    ASSERT_TRUE(second.run_on());
    ASSERT_EQ(second.made.size(), accesses) << at;
    for (std::size_t i = 0; i < accesses; ++i)
      EXPECT_EQ(second.made[i].op.address, through.made[i].op.address) << at;
    EXPECT_EQ(second.smmu_writes, through.smmu_writes);
    for (std::uint32_t i = 0; i < 0x6000; i += 4) {
      ASSERT_EQ(second.memory.get(buffer + i), through.memory.get(buffer + i)) << at << " " << i;
    }
    EXPECT_EQ(second.interrupts(), through.interrupts());
    EXPECT_EQ(second.get(SCRATCH + 16), through.get(SCRATCH + 16));
  }
}

TEST_F(AdrenoCoreTest, WhatIsSavedBetweenTwoPollsPollsWhenItWouldHave) {
  w.start();
  w.submit(packet(WAIT_REG_MEM, {3, scratch_word, 0, 1, 1, 1000}));
  w.run();
  const std::uint64_t left = *w.core.next_event() - w.now;
  World second;
  second.core.advance(second.now = 77'000'000);
  ASSERT_EQ(load(second.core, second.now, save(w.core, w.now)), "");
  EXPECT_EQ(second.core.next_event(), second.now + left);
  EXPECT_EQ(second.get(ALWAYS_ON, 8), w.get(ALWAYS_ON, 8));
}

TEST_F(AdrenoCoreTest, DamagedStateIsRefusedOrRunsOnWithoutHarm) {
  World first;
  first.start(World::BUFSZ);
  first.submit(much_work(first));
  test::Random random(7);
  std::vector<std::vector<std::uint8_t>> states;
  for (int i = 0; i < 40 && first.step(); ++i) states.push_back(save(first.core, first.now));
  unsigned refused = 0;
  for (int i = 0; i < 4000; ++i) {
    std::vector<std::uint8_t> data = states[random.below(states.size())];
    for (std::uint64_t n = 1 + random.below(3); n != 0; --n) {
      data[random.below(data.size())] = static_cast<std::uint8_t>(random.next());
    }
    World second;
    if (!load(second.core, 0, data).empty()) ++refused;
    for (int k = 0; k < 50; ++k) second.step();
  }
  EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace smmuvp
