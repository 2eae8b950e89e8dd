// docs/mali.md, Job slots and Jobs.
#include "mali_bench.h"

namespace smmuvp::mali_test {
namespace {

class MaliJobs : public WithTables {
 protected:
  std::uint32_t exception(unsigned n) const { return b.load<std::uint32_t>(pa + 64 * n); }
  std::uint64_t fault_pointer(unsigned n) const { return b.load<std::uint64_t>(pa + 64 * n + 8); }
};

TEST_F(MaliJobs, AChainOfWritesIsDoneAndInterrupts) {
  write_job(0, 0x11111111, job_va(1));
  write_job(1, 0x22222222, job_va(2));
  write_job(2, 0x33333333);
  EXPECT_EQ(b.status(1), 0U);
  b.put(js(1, XAFFINITY_NEXT), 0x77);
  b.start(1, job_va(0), 1);
  EXPECT_EQ(b.status(1), ACTIVE);
  EXPECT_EQ(b.get(js(1, COMMAND_NEXT)), 0U);
  EXPECT_EQ(b.get64(js(1, HEAD)), job_va(0));
  EXPECT_EQ(b.get64(js(1, AFFINITY)), 0xfU);
  EXPECT_EQ(b.get(js(1, CONFIG)), 1U);
  EXPECT_EQ(b.get(js(1, XAFFINITY)), 0x77U);
  EXPECT_EQ(b.get(GPU_STATUS) & 9, 9U);
  EXPECT_EQ(b.get(PWRACTIVE + L2), 1U);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(data(0), 0x11111111U);
  EXPECT_EQ(data(1), 0x22222222U);
  EXPECT_EQ(data(2), 0x33333333U);
  for (unsigned n = 0; n < 3; ++n) EXPECT_EQ(exception(n), DONE);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 2U);
  EXPECT_TRUE(b.gpu.irq(MaliCore::Line::Job));
  EXPECT_EQ(b.get64(js(1, TAIL)), 0U);
  EXPECT_EQ(b.gpu.counters().jobs, 3U);
  EXPECT_EQ(b.diag.guest_errors(), 0U);
}

TEST_F(MaliJobs, EachKindOfValueHasItsSize) {
  const std::uint64_t before = 0xa5a5a5a5a5a5a5a5;
  const std::uint64_t value = 0x1122334455667788;
  const std::vector<std::pair<std::uint32_t, std::uint64_t>> kinds{{3, 0xa5a5a5a500000000},
                                                                   {4, 0xa5a5a5a5a5a5a588},
                                                                   {5, 0xa5a5a5a5a5a57788},
                                                                   {6, 0xa5a5a5a555667788},
                                                                   {7, value}};
  for (const auto& [kind, expected] : kinds) {
    b.store(pa + 0x10000, before);
    b.job(pa, WRITE_VALUE, 0, data_va(0), kind, value);
    EXPECT_EQ(run_chain(), DONE);
    EXPECT_EQ(b.load<std::uint64_t>(pa + 0x10000), expected) << "kind " << kind;
  }
}

TEST_F(MaliJobs, CyclesAndTheSystemTimeAreThoseOfTheRegisters) {
  b.put(GPU_CMD, 5);
  b.now += 1'000'000'000'000;
  b.job(pa, WRITE_VALUE, job_va(1), data_va(0), 1);
  b.job(pa + 64, WRITE_VALUE, 0, data_va(1), 2);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_GE(b.load<std::uint64_t>(pa + 0x10000), 500'000'000U);
  EXPECT_LE(b.load<std::uint64_t>(pa + 0x10000), b.get64(GPU_CYCLE_COUNT_LO));
  EXPECT_EQ(b.load<std::uint64_t>(pa + 0x10008), b.get64(GPU_TIMESTAMP_LO));
}

TEST_F(MaliJobs, AValueThatIsNotAlignedToItsSizeIsDataInvalid) {
  b.job(pa, WRITE_VALUE, 0, data_va(0) + 2, 6, 1);
  EXPECT_EQ(run_chain(), DATA_INVALID);
  EXPECT_EQ(exception(0), DATA_INVALID);
  EXPECT_EQ(fault_pointer(0), data_va(0) + 2);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 2U << 16);
  EXPECT_EQ(b.get64(js(1, TAIL)), job_va(0));
}

TEST_F(MaliJobs, AKindOfValueThatDoesNotExistIsAConfigFault) {
  for (const std::uint32_t kind : {0U, 8U}) {
    b.job(pa, WRITE_VALUE, 0, data_va(0), kind, 1);
    EXPECT_EQ(run_chain(), CONFIG_FAULT);
    b.put(JOB_INT_CLEAR, ~0U);
  }
  EXPECT_EQ(b.told("WRITE_VALUE"), 2U);
}

TEST_F(MaliJobs, NullAndCacheFlushJobsDoNothing) {
  b.job(pa, NULL_JOB, job_va(1));
  b.job(pa + 64, CACHE_FLUSH, 0, 0x301030000000007);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(exception(0), DONE);
  EXPECT_EQ(exception(1), DONE);
  EXPECT_EQ(b.gpu.counters().written_bytes, 32U);
}

TEST_F(MaliJobs, ACopyMovesBytesThroughTheMmu) {
  b.map(1, 0x20000000, pa + 0x40000, 0x1000);
  b.map(1, 0x20001000, pa + 0x80000, 0x1000);  // the next page is elsewhere
  for (unsigned i = 0; i < 0x2000; ++i) b.store(pa + 0x20000 + i, static_cast<std::uint8_t>(i * 7));
  const std::uint64_t source = va + 0x20003, destination = 0x20000f01, length = 0x234;
  b.job(pa, COPY, 0, source, destination, length);
  EXPECT_EQ(run_chain(), DONE);
  for (unsigned i = 0; i < length; ++i) {
    const std::uint64_t to = i < 0xff ? pa + 0x40f01 + i : pa + 0x80000 + i - 0xff;
    ASSERT_EQ(b.load<std::uint8_t>(to), static_cast<std::uint8_t>((i + 3) * 7)) << i;
  }
  EXPECT_EQ(b.load<std::uint8_t>(pa + 0x40f00), 0U);
  EXPECT_EQ(b.load<std::uint8_t>(pa + 0x80000 + length - 0xff), 0U);
  EXPECT_EQ(b.gpu.counters().copied_bytes, length);
  for (const DmaOperation& a : b.accesses) EXPECT_EQ(a.address / 4096, (a.address + a.length - 1) / 4096);
}

TEST_F(MaliJobs, CopiesFollowEachOther) {
  b.store(pa + 0x10000, 0x1122334455667788ULL);
  b.job(pa, COPY, job_va(1), data_va(0), data_va(1), 8);
  b.job(pa + 64, COPY, 0, data_va(1), data_va(2), 8);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.load<std::uint64_t>(pa + 0x10010), 0x1122334455667788ULL);
}

TEST_F(MaliJobs, ACopyThatWrapsOrIsEmptyOrTooLongIsAConfigFault) {
  const std::vector<std::array<std::uint64_t, 3>> bad{{data_va(0), data_va(8), 0},
                                                      {data_va(0), data_va(8), (1ULL << 32) + 1},
                                                      {~0ULL - 3, data_va(8), 5},
                                                      {data_va(0), ~0ULL - 3, 5}};
  for (const auto& [source, destination, length] : bad) {
    b.job(pa, COPY, 0, source, destination, length);
    EXPECT_EQ(run_chain(), CONFIG_FAULT);
    b.put(JOB_INT_CLEAR, ~0U);
  }
}

TEST_F(MaliJobs, JobsOfShadersAreToldAsNotModelled) {
  for (const std::uint32_t type : {4U, 5U, 7U, 9U, 11U}) {
    b.job(pa, type, 0);
    EXPECT_EQ(run_chain(), CONFIG_FAULT);
    b.put(JOB_INT_CLEAR, ~0U);
  }
  EXPECT_EQ(b.diag.guest_errors(), 0U);
  EXPECT_EQ(b.told("JOB.Type"), 1U) << "once a site";
}

TEST_F(MaliJobs, JobsThatNoGpuHasAreAConfigFault) {
  for (const std::uint32_t type : {0U, 12U, 30U, 32U, 127U}) {
    b.job(pa, type, 0);
    EXPECT_EQ(run_chain(), CONFIG_FAULT);
    EXPECT_EQ(exception(0), CONFIG_FAULT);
    b.put(JOB_INT_CLEAR, ~0U);
  }
  EXPECT_EQ(b.diag.guest_errors(), 5U);
}

TEST_F(MaliJobs, AJobThatIsNotAlignedIsAConfigFault) {
  b.start(1, job_va(0) + 32, 1);
  b.run();
  EXPECT_EQ(b.status(1), CONFIG_FAULT);
  EXPECT_TRUE(b.accesses.empty());
}

TEST_F(MaliJobs, AnAddressSpaceThatIsNotThereIsAConfigFault) {
  EXPECT_EQ(run_chain(9), CONFIG_FAULT);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 2U << 16);
}

TEST_F(MaliJobs, WithoutL2PowerAChainIsAPowerFault) {
  write_job(0, 1);
  b.put(PWROFF + L2, 1);
  b.settle();
  EXPECT_EQ(run_chain(), POWER_FAULT);
  b.put(JOB_INT_CLEAR, ~0U);
  b.put(PWRON + L2, 1);
  b.settle();
  b.start(1, job_va(0), 1);
  b.step();
  b.put(PWROFF + L2, 1);
  b.settle();
  EXPECT_EQ(b.status(1), POWER_FAULT) << "while it runs";
}

TEST_F(MaliJobs, AJobThatFailsKeepsItsCodeWhateverItsWriteBackMeets) {
  b.job(pa, 99, 0);
  b.start(1, job_va(0), 1);
  while (b.gpu.counters().read_bytes == 0) ASSERT_TRUE(b.step());
  b.disable(1);
  b.run();
  EXPECT_EQ(b.status(1), CONFIG_FAULT) << "an address space that is unmapped";
  b.put(JOB_INT_CLEAR, ~0U);
  b.enable(1);
  b.start(1, job_va(0), 1);
  const std::uint64_t read = b.gpu.counters().read_bytes;
  while (b.gpu.counters().read_bytes == read) ASSERT_TRUE(b.step());
  b.bad_address = pa;
  b.run();
  EXPECT_EQ(b.status(1), CONFIG_FAULT) << "a bus error";
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 1U);
}

TEST_F(MaliJobs, EachAccessCarriesTheStreamID) {
  MaliConfig c = Bench::quick();
  c.stream_id = 0x345;
  Bench other(c);
  other.map(1, va, pa, 0x10000);
  other.enable(1);
  other.job(pa, WRITE_VALUE, 0, va + 0x1000, 6, 1);
  other.start(0, va, 1);
  other.run();
  EXPECT_EQ(other.status(0), DONE);
  for (const DmaOperation& a : other.accesses) EXPECT_EQ(a.stream_id, 0x345U);
}

TEST_F(MaliJobs, AffinityToNoPresentCoreIsAnAffinityFault) {
  b.put64(js(1, HEAD_NEXT), job_va(0));
  b.put64(js(1, AFFINITY_NEXT), 0xf0);
  b.put(js(1, CONFIG_NEXT), 1);
  b.put(js(1, COMMAND_NEXT), 1);
  EXPECT_EQ(b.status(1), AFFINITY_FAULT);
}

TEST_F(MaliJobs, AJobWithShortPointersUsesOneWordOfNext) {
  write_job(0, 1, 0xdead000000000000 | job_va(1));
  b.store<std::uint32_t>(pa + 16, WRITE_VALUE << 1);
  write_job(1, 2);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(data(1), 2U);
}

TEST_F(MaliJobs, NothingIsWrittenBackWhereTheConfigurationSaysSo) {
  write_job(0, 7);
  EXPECT_EQ(run_chain(1 | no_write_back), DONE);
  EXPECT_EQ(data(0), 7U);
  EXPECT_EQ(exception(0), 0U);
}

TEST_F(MaliJobs, ABusErrorOfAJobsAccessEndsItsChain) {
  write_job(0, 7, job_va(1));
  b.bad_address = pa + 0x10000;
  EXPECT_EQ(run_chain(), BUS_FAULT);
  EXPECT_EQ(exception(0), BUS_FAULT);
  EXPECT_EQ(fault_pointer(0), data_va(0));
  EXPECT_EQ(b.get64(js(1, TAIL)), job_va(0));
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 0U);
}

TEST_F(MaliJobs, ABusErrorOfTheWriteBackIsAGpuFault) {
  b.job(pa, NULL_JOB, 0);
  b.start(1, job_va(0), 1);
  while (b.gpu.counters().read_bytes == 0) ASSERT_TRUE(b.step());
  b.bad_address = pa;
  b.run();
  EXPECT_EQ(b.status(1), BUS_FAULT);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 1U);
  EXPECT_EQ(b.get(GPU_FAULT_STATUS), 0x380U);
  EXPECT_EQ(b.get64(GPU_FAULT_ADDRESS_LO), pa);
  b.put(JOB_INT_CLEAR, ~0U);
  b.bad_address = 0;
  b.start(1, job_va(0), 1);
  b.step();
  b.bad_address = pa;
  b.run();
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0x81U) << "a second one before the first is cleared";
}

TEST_F(MaliJobs, TheNextChainFollowsAtOnceAfterDone) {
  write_job(0, 1);
  write_job(1, 2);
  b.start(1, job_va(0), 1);
  b.start(1, job_va(1), 1);
  EXPECT_EQ(b.get(js(1, COMMAND_NEXT)), 1U) << "it waits";
  EXPECT_EQ(b.get64(js(1, HEAD)), job_va(0));
  b.run();
  EXPECT_EQ(data(0), 1U);
  EXPECT_EQ(data(1), 2U);
  EXPECT_EQ(b.get64(js(1, HEAD)), job_va(1));
  EXPECT_EQ(b.get(js(1, COMMAND_NEXT)), 0U);
}

TEST_F(MaliJobs, AfterAFailureTheNextChainWaitsUntilTheInterruptIsCleared) {
  b.job(pa, 0, 0);
  write_job(1, 2);
  b.start(1, job_va(0), 1);
  b.start(1, job_va(1), 1);
  b.run();
  EXPECT_EQ(b.status(1), CONFIG_FAULT);
  EXPECT_EQ(b.get(js(1, COMMAND_NEXT)), 1U);
  b.put(JOB_INT_CLEAR, 2);
  b.run();
  EXPECT_EQ(b.status(1), CONFIG_FAULT) << "that is the bit of another end";
  b.put(JOB_INT_CLEAR, 2U << 16);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(data(1), 2U);
}

TEST_F(MaliJobs, AChainThatHasNotStartedCanBeTakenBack) {
  b.job(pa, 0, 0);
  write_job(1, 2);
  b.start(1, job_va(0), 1);
  b.start(1, job_va(1), 1);
  b.run();
  b.put(js(1, COMMAND_NEXT), 0);
  b.put(JOB_INT_CLEAR, ~0U);
  b.run();
  EXPECT_EQ(data(1), 0U);
}

TEST_F(MaliJobs, NextRegistersAreHeldWhileAChainWaitsInThem) {
  write_job(0, 1);
  b.start(1, job_va(0), 1);
  b.start(1, job_va(1), 1);
  b.put64(js(1, HEAD_NEXT), 0x77000);
  EXPECT_EQ(b.get64(js(1, HEAD_NEXT)), job_va(1));
  EXPECT_EQ(b.told("JS_NEXT"), 2U);
}

TEST_F(MaliJobs, CommandsThatDoNotExistAreTold) {
  b.put(js(0, COMMAND_NEXT), 2);
  EXPECT_EQ(b.get(js(0, COMMAND_NEXT)), 0U);
  b.put(js(0, COMMAND), 1);
  b.put(js(0, COMMAND), 8);
  EXPECT_EQ(b.told("JS_COMMAND_NEXT"), 1U);
  EXPECT_EQ(b.told("JS_COMMAND"), 2U);
  EXPECT_TRUE(b.accesses.empty());
}

TEST_F(MaliJobs, JsStateIsSampledWhenAnInterruptIsCleared) {
  write_job(0, 1);
  b.start(1, job_va(0), 1);
  b.start(1, job_va(0), 1);
  EXPECT_EQ(b.get(JOB_INT_JS_STATE), 0U);
  b.put(JOB_INT_CLEAR, 0x2);
  EXPECT_EQ(b.get(JOB_INT_JS_STATE), 0x2U);
  b.put(JOB_INT_CLEAR, 0x20002);
  EXPECT_EQ(b.get(JOB_INT_JS_STATE), 0x20002U);
  b.run();
  EXPECT_EQ(b.get(JOB_INT_JS_STATE), 0x20002U) << "what was sampled stays";
  b.put(JOB_INT_CLEAR, 0x10001);
  EXPECT_EQ(b.get(JOB_INT_JS_STATE), 0x20002U) << "other slots' bits";
  b.put(JOB_INT_CLEAR, 0x20002);
  EXPECT_EQ(b.get(JOB_INT_JS_STATE), 0U);
}

TEST_F(MaliJobs, ASoftStopLetsTheJobInWorkFinish) {
  write_job(0, 1, job_va(1));
  write_job(1, 2);
  b.start(1, job_va(0), 1);
  b.step();
  b.put(js(1, COMMAND), SOFT_STOP);
  b.run();
  EXPECT_EQ(b.status(1), STOPPED);
  EXPECT_EQ(data(0), 1U);
  EXPECT_EQ(data(1), 0U);
  EXPECT_EQ(b.get64(js(1, TAIL)), job_va(1)) << "from here it goes on";
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 2U << 16);
  b.put(JOB_INT_CLEAR, ~0U);
  b.start(1, b.get64(js(1, TAIL)), 1);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(data(1), 2U);
}

TEST_F(MaliJobs, ASoftStopInTheLastJobIsNotSeen) {
  write_job(0, 1);
  b.start(1, job_va(0), 1);
  b.step();
  b.put(js(1, COMMAND), SOFT_STOP);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
}

TEST_F(MaliJobs, ASoftStopTakesBackAnAccessThatWaits) {
  b.job(pa, WRITE_VALUE, 0, 0x50000000, 6, 1);
  b.start(1, job_va(0), 1);
  b.run();
  EXPECT_EQ(b.status(1), ACTIVE);
  b.put(js(1, COMMAND), SOFT_STOP);
  EXPECT_EQ(b.status(1), STOPPED);
  EXPECT_EQ(b.get64(js(1, TAIL)), job_va(0));
  b.put(JOB_INT_CLEAR, ~0U);
  b.start(1, job_va(0), 1);
  b.step();
  b.put(js(1, COMMAND), SOFT_STOP);
  b.run();
  EXPECT_EQ(b.status(1), STOPPED) << "one that comes to wait after the stop, too";
}

TEST_F(MaliJobs, AHardStopEndsAtOnceWhatIsOnItsWay) {
  write_job(0, 1, job_va(1));
  b.start(1, job_va(0), 1);
  DmaOperation a;
  DmaBuffer data_{};
  ASSERT_TRUE(b.gpu.next(b.now, a, data_));
  b.put(js(1, COMMAND), HARD_STOP);
  EXPECT_EQ(b.status(1), TERMINATED);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 2U << 16);
  b.put(JOB_INT_CLEAR, ~0U);
  write_job(4, 5);
  b.start(1, job_va(4), 1);
  // The new chain's first access goes out before the old answer comes: a descriptor, which must not be taken
  // for it.
  DmaOperation second;
  DmaBuffer good{};
  ASSERT_TRUE(b.gpu.next(b.now, second, good));
  b.gpu.complete(b.now, a, DmaResponse::Address, data_);
  b.gpu.complete(b.now, second, b.answer(second, good), good);
  b.run();
  EXPECT_EQ(b.status(1), DONE) << "the old answer belongs to nobody";
  EXPECT_EQ(data(4), 5U);
  EXPECT_EQ(data(0), 0U);
}

TEST_F(MaliJobs, StopsCanBeForOneJobChainFlagOnly) {
  constexpr std::uint32_t flag = 1U << 11;
  for (const std::uint32_t chain : {0U, flag}) {
    for (const std::uint32_t command : {5U, 7U}) {
      write_job(0, 1);
      b.start(1, job_va(0), 1 | chain);
      b.put(js(1, COMMAND), command);
      const bool meant = (command == 7) == (chain != 0);
      EXPECT_EQ(b.status(1), meant ? TERMINATED : ACTIVE);
      b.run();
      b.put(JOB_INT_CLEAR, ~0U);
    }
    for (const std::uint32_t command : {4U, 6U}) {
      write_job(0, 1, job_va(1));
      write_job(1, 1);
      b.start(1, job_va(0), 1 | chain);
      b.put(js(1, COMMAND), command);
      b.run();
      const bool meant = (command == 6) == (chain != 0);
      EXPECT_EQ(b.status(1), meant ? STOPPED : DONE);
      b.put(JOB_INT_CLEAR, ~0U);
    }
  }
}

TEST_F(MaliJobs, StopsOfAFreeSlotDoNothing) {
  b.put(js(1, COMMAND), SOFT_STOP);
  b.put(js(1, COMMAND), HARD_STOP);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 0U);
  write_job(0, 1, job_va(1));
  write_job(1, 2);
  EXPECT_EQ(run_chain(), DONE);
}

TEST_F(MaliJobs, SlotsWorkSideBySideInTurn) {
  b.job(pa, COPY, 0, data_va(0), va + 0x20000, 0x1000);
  b.job(pa + 64, COPY, 0, data_va(0), va + 0x30000, 0x1000);
  b.start(0, job_va(0), 1);
  b.start(2, job_va(1), 1);
  b.run();
  std::size_t changes = 0;
  for (std::size_t i = 1; i < b.accesses.size(); ++i) {
    changes += ((b.accesses[i].epoch ^ b.accesses[i - 1].epoch) & 0xf) != 0 ? 1 : 0;
  }
  EXPECT_EQ(changes, b.accesses.size() - 1);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 5U);
}

TEST_F(MaliJobs, AResetInTheMiddleDropsEverything) {
  write_job(0, 1, job_va(1));
  b.start(1, job_va(0), 1);
  DmaOperation a;
  DmaBuffer d{};
  ASSERT_TRUE(b.gpu.next(b.now, a, d));
  b.put(GPU_CMD, 1);
  b.settle();
  b.gpu.complete(b.now, a, DmaResponse::Ok, d);
  b.run();
  EXPECT_EQ(b.status(1), 0U);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 0U);
  EXPECT_EQ(b.get(GPU_INT_RAWSTAT), 0x100U);
  EXPECT_TRUE(b.accesses.empty());
}

TEST_F(MaliJobs, AChainThatLeadsToItselfCanBeStopped) {
  write_job(0, 1, job_va(0));
  b.start(1, job_va(0), 1);
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(b.step());
  EXPECT_EQ(b.status(1), ACTIVE);
  b.put(js(1, COMMAND), HARD_STOP);
  EXPECT_FALSE(b.step());
}

}  // namespace
}  // namespace smmuvp::mali_test
