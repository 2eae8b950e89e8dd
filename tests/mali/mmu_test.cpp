// docs/mali.md, MMU.
#include "mali_bench.h"

namespace smmuvp::mali_test {
namespace {

constexpr std::uint64_t hole = 0x50000000;

class MaliMmu : public WithTables {
 protected:
  using WithTables::WithTables;
  void write_to(std::uint64_t where, std::uint32_t value = 7) { b.job(pa, WRITE_VALUE, 0, where, 6, value); }
  void expect_fault(std::uint32_t status, std::uint64_t address, bool bus = false) {
    EXPECT_EQ(b.get(MMU_INT_RAWSTAT), bus ? 0x20000U : 2U);
    EXPECT_EQ(b.get(as(1, FAULTSTATUS)), status | 1U << 16) << "slot 1 is the source";
    EXPECT_EQ(b.get64(as(1, FAULTADDRESS)), address);
    EXPECT_EQ(b.status(1), ACTIVE) << "the access waits";
    EXPECT_EQ(b.get(GPU_STATUS) & 0x10, 0x10U);
  }
};

TEST_F(MaliMmu, APageFaultIsToldAndAnsweredByMapAndFlush) {
  write_to(hole + 0x123 * 4);
  b.start(1, job_va(0), 1);
  b.run();
  expect_fault(0x3c2, hole + 0x123 * 4);  // nothing at level 1; a write
  EXPECT_TRUE(b.gpu.irq(MaliCore::Line::Mmu));
  // As a growable heap is handled: clear, map, flush.
  b.put(MMU_INT_CLEAR, 2);
  b.map(1, hole, pa + 0x50000, 0x1000);
  b.run();
  EXPECT_EQ(b.status(1), ACTIVE) << "mapping alone wakes nothing";
  b.flush(1, hole, 14);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(b.load<std::uint32_t>(pa + 0x50000 + 0x123 * 4), 7U);
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 0U);
  EXPECT_EQ(b.diag.guest_errors(), 0U);
}

TEST_F(MaliMmu, EachLevelThatMissesHasItsCode) {
  const std::vector<std::pair<std::uint64_t, std::uint32_t>> holes{
      {1ULL << 40, 0xc1}, {1ULL << 31, 0xc2}, {va + (1 << 21), 0xc3}, {va + 0x100000, 0xc4}};
  for (const auto& [where, code] : holes) {
    write_to(where);
    b.start(1, job_va(0), 1);
    b.run();
    expect_fault(0x300 | code, where);
    b.put(js(1, COMMAND), HARD_STOP);
    b.put(JOB_INT_CLEAR, ~0U);
    b.put(MMU_INT_CLEAR, ~0U);
  }
}

TEST_F(MaliMmu, AnAddressBeyond48BitsIsATranslationFaultAtTheFirstLevel) {
  write_to(1ULL << 48);
  b.start(1, job_va(0), 1);
  b.run();
  expect_fault(0x3c1, 1ULL << 48);
}

TEST_F(MaliMmu, AnOutputBeyond40BitsIsAnAddressSizeFault) {
  b.map(1, hole, pa, 0x1000);
  pgtable::WalkRequest request;
  request.va = hole;
  const auto memory = [this](const pgtable::MemoryOp& op) {
    return pgtable::MemoryResponse{pgtable::MemoryStatus::ok, b.load<std::uint64_t>(op.address)};
  };
  const auto found = pgtable::walk(b.tables(1).config(), request, memory);
  ASSERT_TRUE(found.ok());
  const std::uint64_t leaf = found.descriptors[found.descriptors.size() - 1];
  b.store(leaf, b.load<std::uint64_t>(leaf) | 1ULL << 40);
  write_to(hole);
  b.start(1, job_va(0), 1);
  b.run();
  expect_fault(0x3e7, hole);
}

TEST_F(MaliMmu, ReadsAndWritesHaveRightsOfTheirOwn) {
  b.map(1, hole, pa + 0x50000, 0x1000, true, false);
  b.map(1, hole + 0x1000, pa + 0x51000, 0x1000, false, true);
  write_to(hole);
  b.start(1, job_va(0), 1);
  b.run();
  expect_fault(0x3c8, hole);
  b.put(js(1, COMMAND), HARD_STOP);
  b.put(JOB_INT_CLEAR, ~0U);
  b.put(MMU_INT_CLEAR, ~0U);
  b.job(pa, COPY, 0, hole + 0x1000, data_va(0), 4);
  b.start(1, job_va(0), 1);
  b.run();
  expect_fault(0x2c8, hole + 0x1000);
  b.put(js(1, COMMAND), HARD_STOP);
  b.put(JOB_INT_CLEAR, ~0U);
  b.put(MMU_INT_CLEAR, ~0U);
  b.store(pa + 0x50000, 0x12345678U);
  b.job(pa, COPY, 0, hole, hole + 0x1000, 4);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.load<std::uint32_t>(pa + 0x51000), 0x12345678U);
}

TEST_F(MaliMmu, ATableThatCannotBeReadIsABusErrorOfTheAddressSpace) {
  write_to(data_va(0));
  b.bad_address = b.tables(1).config().stage1.tables[0].base;
  b.start(1, job_va(0), 1);
  b.run();
  expect_fault(0x2d1, job_va(0), true);
  b.bad_address = 0;
  b.put(MMU_INT_CLEAR, ~0U);
  b.flush(1, 0, 63);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
}

TEST_F(MaliMmu, BlocksAreTranslated) {
  b.map(2, 0x40000000, Bench::base, 0x200000);
  b.enable(2);
  b.job(pa + 0x40, WRITE_VALUE, 0, 0x40000000 + 0x70000, 7, 0x1234);
  b.start(0, 0x40000040, 2);
  b.run();
  EXPECT_EQ(b.status(0), DONE);
  EXPECT_EQ(b.load<std::uint64_t>(pa + 0x70000), 0x1234U);
}

TEST_F(MaliMmu, IdentityModeTakesAddressesAsTheyAre) {
  b.put64(as(0, TRANSTAB), 2);
  b.command(0, UPDATE);
  b.job(pa, WRITE_VALUE, job_va(0), pa + 0x10000, 6, 9);
  b.store(pa + 24, pa + 64);
  b.job(pa + 64, WRITE_VALUE, 0, 1ULL << 40, 6, 9);
  b.start(0, pa, 0);
  b.run();
  EXPECT_EQ(data(0), 9U);
  EXPECT_EQ(b.get(as(0, FAULTSTATUS)), 0x3e4U) << "the second is beyond 40 bits";
  EXPECT_EQ(b.gpu.counters().walks, 0U);
}

TEST_F(MaliMmu, AnUnmappedAddressSpaceEndsItsJobsAtOnce) {
  write_to(data_va(0));
  b.start(0, job_va(0), 5);
  b.run();
  EXPECT_EQ(b.status(0), READ_FAULT);
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 0U);
}

TEST_F(MaliMmu, DisablingTheAddressSpaceKillsWhatWaits) {
  write_to(hole);
  b.start(1, job_va(0), 1);
  b.run();
  EXPECT_EQ(b.status(1), ACTIVE);
  // As a driver kills: clear, flush all, unmap, update.
  b.put(MMU_INT_CLEAR, 2);
  b.flush(1, 0, 63, FLUSH_MEM);
  b.disable(1);
  b.run();
  EXPECT_EQ(b.status(1), WRITE_FAULT);
  EXPECT_EQ(b.get(JOB_INT_RAWSTAT), 2U << 16);
  EXPECT_EQ(b.get64(js(1, TAIL)), job_va(0));
}

TEST_F(MaliMmu, UpdateTakesOverWhatTheRegistersHold) {
  b.map(2, va, pa + 0x80000, 0x10000);
  write_job(0, 1);
  b.put64(as(1, TRANSTAB), b.tables(2).config().stage1.tables[0].base | 3);
  EXPECT_EQ(run_chain(), DONE) << "not before";
  EXPECT_EQ(data(0), 1U);
  b.flush(1, 0, 63);
  b.command(1, UPDATE);
  b.job(pa + 0x80000, NULL_JOB, 0);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.load<std::uint32_t>(pa + 0x80000), DONE);
}

TEST_F(MaliMmu, ATranslationStaysUntilItIsFlushed) {
  write_job(0, 1);
  EXPECT_EQ(run_chain(), DONE);
  // The page of the data moves; nobody tells the GPU.
  b.unmap(1, data_va(0) & ~0xfffULL, 0x1000);
  b.map(1, data_va(0) & ~0xfffULL, pa + 0x60000, 0x1000);
  write_job(0, 2);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(data(0), 2U) << "the old page";
  EXPECT_EQ(b.load<std::uint32_t>(pa + 0x60000), 0U);
  b.flush(1, data_va(0) & ~0x7fffULL, 14);
  write_job(0, 3);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(data(0), 2U);
  EXPECT_EQ(b.load<std::uint32_t>(pa + 0x60000), 3U);
}

TEST_F(MaliMmu, AFlushTakesOutItsRegionOnly) {
  write_job(0, 1);
  EXPECT_EQ(run_chain(), DONE);
  const std::uint64_t walks = b.gpu.counters().walks;
  b.flush(1, data_va(0) + 0x8000, 14);  // the next 32 KiB
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.gpu.counters().walks, walks);
  b.flush(1, data_va(0) + 0x8000, 15);  // 64 KiB, aligned down
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.gpu.counters().walks, walks + 1) << "the data's page; the jobs' is elsewhere";
  b.flush(1, data_va(0) | 0x3000, 3);  // less than the least size
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.gpu.counters().walks, walks + 2);
  b.flush(2, 0, 63);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.gpu.counters().walks, walks + 2) << "another address space";
}

TEST_F(MaliMmu, StartMmuEmptiesTheTlbBeforeAChain) {
  write_job(0, 1);
  EXPECT_EQ(run_chain(), DONE);
  const std::uint64_t walks = b.gpu.counters().walks;
  EXPECT_EQ(run_chain(1 | 1U << 10), DONE);
  EXPECT_EQ(b.gpu.counters().walks, walks + 2) << "the job's page and the data's";
}

TEST_F(MaliMmu, ALockedRegionHoldsAccessesBack) {
  write_job(0, 1);
  b.put64(as(1, LOCKADDR), data_va(0) | 14);
  b.command(1, LOCK);
  b.start(1, job_va(0), 1);
  b.run();
  EXPECT_EQ(b.status(1), ACTIVE);
  EXPECT_EQ(data(0), 0U);
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 0U) << "it is no fault";
  b.command(1, UNLOCK);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(data(0), 1U);
}

TEST_F(MaliMmu, AWalkThatACommandOvertakesIsBegunAnew) {
  write_job(0, 1);
  b.start(1, job_va(0), 1);
  // Before the walk of the job's page reads the last level, its table is replaced by a copy, and the old one
  // leads elsewhere.
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(b.step());
  const std::uint64_t entry = b.accesses.back().address;
  const std::uint64_t old = b.load<std::uint64_t>(entry) & ~0xfffULL;
  const std::uint64_t fresh = pa + 0x2ff000;
  std::memcpy(&b.memory[fresh - pa], &b.memory[old - pa], 0x1000);
  b.store(entry, fresh | (b.load<std::uint64_t>(entry) & 0xfff));
  for (unsigned i = 0; i < 512; ++i) b.store<std::uint64_t>(old + 8 * i, (pa + 0x90000) | 0x2c1);
  b.flush(1, 0, 63);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(data(0), 1U);
}

TEST_F(MaliMmu, TheTlbKeepsAsManyPagesAsItHasEntries) {
  for (const std::uint32_t entries : {0U, 2U, 3U}) {
    MaliConfig c = Bench::quick();
    c.tlb_entries = entries;
    Bench other(c);
    other.map(1, va, pa, 0x10000);
    other.enable(1);
    // Three pages in turn: the jobs', and two of data.
    other.job(pa, WRITE_VALUE, va + 64, va + 0x1000, 6, 1);
    other.job(pa + 64, WRITE_VALUE, va + 128, va + 0x2000, 6, 1);
    other.job(pa + 128, WRITE_VALUE, 0, va + 0x1000, 6, 1);
    other.start(0, va, 1);
    other.run();
    EXPECT_EQ(other.status(0), DONE);
    // Oldest out first. With 2: jobs, 0x1000, (jobs hits), 0x2000 puts jobs out, jobs puts 0x1000 out, 0x1000
    // puts 0x2000 out.
    EXPECT_EQ(other.gpu.counters().walks, entries == 0 ? 9U : (entries == 2 ? 5U : 3U)) << entries;
  }
}

TEST_F(MaliMmu, ATlbEntryGivesNoRightThatItsPageDoesNotHave) {
  b.map(1, hole, pa + 0x50000, 0x1000, true, false);
  b.job(pa, COPY, job_va(1), hole, data_va(0), 4);
  b.job(pa + 64, WRITE_VALUE, 0, hole, 6, 7);
  b.start(1, job_va(0), 1);
  b.run();
  expect_fault(0x3c8, hole);
}

TEST_F(MaliMmu, AFlushWithoutALockedRegionIsTold) {
  write_job(0, 1);
  EXPECT_EQ(run_chain(), DONE);
  const std::uint64_t walks = b.gpu.counters().walks;
  b.command(1, FLUSH_PT);
  EXPECT_EQ(b.told("FLUSH"), 1U);
  EXPECT_EQ(run_chain(), DONE);
  EXPECT_EQ(b.gpu.counters().walks, walks);
  b.command(1, UNLOCK);
  EXPECT_EQ(b.diag.guest_errors(), 1U) << "UNLOCK may be written at any time";
}

TEST_F(MaliMmu, OneFaultOfAnAddressSpaceIsToldAtATime) {
  b.job(pa, WRITE_VALUE, 0, hole, 6, 1);
  b.job(pa + 64, WRITE_VALUE, 0, hole + 0x1000, 6, 2);
  b.start(0, job_va(0), 1);
  b.start(1, job_va(1), 1);
  b.run();
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 2U);
  EXPECT_EQ(b.get64(as(1, FAULTADDRESS)), hole);
  EXPECT_EQ(b.get(as(1, FAULTSTATUS)) >> 16, 0U);
  b.put(MMU_INT_CLEAR, 2);
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 2U) << "now the other one";
  EXPECT_EQ(b.get64(as(1, FAULTADDRESS)), hole + 0x1000);
  EXPECT_EQ(b.get(as(1, FAULTSTATUS)) >> 16, 1U);
  b.put(MMU_INT_CLEAR, 2);
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 0U);
  b.map(1, hole, pa + 0x50000, 0x2000);
  b.flush(1, hole, 14);
  b.run();
  EXPECT_EQ(b.status(0), DONE);
  EXPECT_EQ(b.status(1), DONE);
}

TEST_F(MaliMmu, AFaultThatIsNotRepairedIsToldAgainAfterAFlush) {
  write_to(hole);
  b.start(1, job_va(0), 1);
  b.run();
  b.put(MMU_INT_CLEAR, 2);
  b.flush(1, hole, 14);
  b.run();
  expect_fault(0x3c2, hole);
  EXPECT_EQ(b.gpu.counters().page_faults, 2U);
}

TEST_F(MaliMmu, TheSecondOfTwoAddressSpacesGoesOnWhileTheFirstWaits) {
  b.map(2, va, pa, 0x100000);
  b.enable(2);
  b.job(pa, WRITE_VALUE, 0, hole, 6, 1);
  write_job(1, 2);
  b.start(0, job_va(0), 1);
  b.start(1, job_va(1), 2);
  b.run();
  EXPECT_EQ(b.status(0), ACTIVE);
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(data(1), 2U);
}

TEST_F(MaliMmu, CommandsThatDoNotExistAreTold) {
  b.put(as(1, AS_COMMAND), 6);
  b.put(as(1, AS_COMMAND), 0);
  EXPECT_EQ(b.told("AS_COMMAND"), 1U);
}

class MaliMmuInTime : public MaliMmu {
 protected:
  static MaliConfig slow() {
    MaliConfig c = Bench::quick();
    c.mmu_command_ps = 100'000;
    return c;
  }
  MaliMmuInTime() : MaliMmu(slow()) {}
};

TEST_F(MaliMmuInTime, AnAddressSpaceIsActiveWhileACommandIsWorkedOn) {
  b.put64(as(1, LOCKADDR), va | 14);
  b.put(as(1, AS_COMMAND), LOCK);
  EXPECT_EQ(b.get(as(1, AS_STATUS)), 1U);
  EXPECT_EQ(b.get(as(2, AS_STATUS)), 0U);
  b.put(as(1, AS_COMMAND), FLUSH_PT);
  EXPECT_EQ(b.told("AS_COMMAND"), 1U) << "it is ignored";
  b.now += 99'999;
  EXPECT_EQ(b.get(as(1, AS_STATUS)), 1U);
  b.now += 1;
  EXPECT_EQ(b.get(as(1, AS_STATUS)), 0U);
}

TEST_F(MaliMmuInTime, FlushMemWaitsForAnAccessOnItsWay) {
  write_job(0, 1);
  b.start(1, job_va(0), 1);
  DmaOperation a;
  DmaBuffer d{};
  ASSERT_TRUE(b.gpu.next(b.now, a, d));
  b.put64(as(1, LOCKADDR), 63);
  b.command(1, LOCK);
  b.put(as(1, AS_COMMAND), FLUSH_MEM);
  b.now += 1'000'000;
  EXPECT_EQ(b.get(as(1, AS_STATUS)), 1U);
  EXPECT_FALSE(b.gpu.next_event()) << "it is not time that it waits for";
  b.gpu.complete(b.now, a, b.answer(a, d), d);
  EXPECT_EQ(b.gpu.peek(as(1, AS_STATUS), 4), 0U);
}

TEST_F(MaliMmuInTime, FlushPtWaitsForNoAccess) {
  write_job(0, 1);
  b.start(1, job_va(0), 1);
  DmaOperation a;
  DmaBuffer d{};
  ASSERT_TRUE(b.gpu.next(b.now, a, d));
  b.flush(1, 0, 63, FLUSH_PT);
  EXPECT_EQ(b.get(as(1, AS_STATUS)), 0U);
}

/// A Bifrost, which has AS_TRANSCFG.
class MaliBifrostMmu : public MaliMmu {
 protected:
  static MaliConfig bifrost() {
    MaliConfig c = Bench::quick();
    c.gpu_id = 0x70030000;
    return c;
  }
  MaliBifrostMmu() : MaliMmu(bifrost()) {}

  void enable64(pgtable::Granule granule, std::uint64_t TRANSCFG_bits, const pgtable::Mapping& mapping,
                unsigned va_bits = 48) {
    pgtable::Config config;
    config.stage1.tables[0].EPD = false;
    config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(64 - va_bits);
    config.stage1.tables[0].granule = granule;
    config.stage1.output_size = 40;
    pgtable::Builder builder = b.builder(config);
    ASSERT_TRUE(builder.map(va, pa, 0x100000, mapping));
    b.put64(as(3, TRANSTAB), builder.config().stage1.tables[0].base);
    b.put64(as(3, TRANSCFG),
            (granule == pgtable::Granule::size_4k ? 6U : 8U) | (55 - va_bits) << 6 | TRANSCFG_bits);
    b.command(3, UPDATE);
  }
  std::uint32_t run64() {
    write_job(0, 0x64);
    b.start(1, job_va(0), 3);
    b.run();
    return b.status(1);
  }
};

TEST_F(MaliBifrostMmu, AArch64TablesOf4And64KiBAreWalked) {
  for (const auto granule : {pgtable::Granule::size_4k, pgtable::Granule::size_64k}) {
    for (const unsigned va_bits : {48U, 33U}) {
      enable64(granule, 0, {}, va_bits);
      b.flush(3, 0, 63);
      b.store(pa + 0x10000, 0U);
      EXPECT_EQ(run64(), DONE);
      EXPECT_EQ(data(0), 0x64U);
    }
  }
}

TEST_F(MaliBifrostMmu, LevelsOfAArch64FaultsCountFromZero) {
  enable64(pgtable::Granule::size_4k, 0, {});
  write_to(1ULL << 40);
  b.start(1, job_va(0), 3);
  b.run();
  EXPECT_EQ(b.get(as(3, FAULTSTATUS)), 0x103c0U);
}

TEST_F(MaliBifrostMmu, PrivilegedPagesAreOutOfReach) {
  pgtable::Mapping mapping;
  mapping.unprivileged = false;
  enable64(pgtable::Granule::size_4k, 0, mapping);
  EXPECT_EQ(run64(), ACTIVE);
  EXPECT_EQ(b.get(as(3, FAULTSTATUS)), 0x102cbU);
}

TEST_F(MaliBifrostMmu, TheAccessFlagFaultsUnlessItIsDisabled) {
  pgtable::Mapping mapping;
  mapping.accessed = false;
  enable64(pgtable::Granule::size_4k, 0, mapping);
  EXPECT_EQ(run64(), ACTIVE);
  EXPECT_EQ(b.get(as(3, FAULTSTATUS)), 0x102dbU);
  b.put(js(1, COMMAND), HARD_STOP);
  b.put(JOB_INT_CLEAR, ~0U);
  enable64(pgtable::Granule::size_4k, 1ULL << 34, mapping);
  EXPECT_EQ(run64(), DONE);
}

TEST_F(MaliBifrostMmu, RightsOfTablesCountUnlessTheyAreDisabled) {
  enable64(pgtable::Granule::size_4k, 0, {});
  // APTable[0]: no unprivileged access below this table.
  const std::uint64_t first = b.get64(as(3, TRANSTAB));
  b.store(first, b.load<std::uint64_t>(first) | 1ULL << 61);
  EXPECT_EQ(run64(), ACTIVE);
  EXPECT_EQ(b.get(as(3, FAULTSTATUS)), 0x102cbU);
  b.put64(as(3, TRANSCFG), b.get64(as(3, TRANSCFG)) | 1ULL << 33);
  b.command(3, UPDATE);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
}

TEST_F(MaliBifrostMmu, AnAArch64TableThatCannotBeReadIsABusError) {
  enable64(pgtable::Granule::size_4k, 0, {});
  b.bad_address = b.get64(as(3, TRANSTAB));
  EXPECT_EQ(run64(), ACTIVE);
  EXPECT_EQ(b.get(as(3, FAULTSTATUS)), 0x102d0U);
  EXPECT_EQ(b.get(MMU_INT_RAWSTAT), 8U << 16);
}

TEST_F(MaliBifrostMmu, TranscfgHasUnmappedAndIdentityModesToo) {
  b.put64(as(3, TRANSCFG), 2);
  b.command(3, UPDATE);
  b.job(pa, WRITE_VALUE, 0, pa + 0x10000, 6, 5);
  b.start(1, pa, 3);
  b.run();
  EXPECT_EQ(b.status(1), DONE);
  EXPECT_EQ(data(0), 5U);
  b.put64(as(3, TRANSTAB), 2);
  b.put64(as(3, TRANSCFG), 1);
  b.command(3, UPDATE);
  b.start(1, pa, 3);
  b.run();
  EXPECT_EQ(b.status(1), READ_FAULT);
}

TEST_F(MaliBifrostMmu, AReservedModeOrSizeIsUnmappedAndTold) {
  b.put64(as(3, TRANSCFG), 5);
  b.command(3, UPDATE);
  EXPECT_EQ(b.told("UPDATE"), 1U);
  b.put64(as(3, TRANSCFG), 6 | 0x1f << 6 | 0);
  b.put64(as(3, TRANSCFG), 6);  // 55 bits
  b.command(3, UPDATE);
  EXPECT_EQ(b.told("UPDATE"), 2U);
  b.start(1, pa, 3);
  b.run();
  EXPECT_EQ(b.status(1), READ_FAULT);
}

TEST_F(MaliMmu, AMidgardHasNoTranscfg) {
  b.put64(as(1, TRANSCFG), 2);
  EXPECT_EQ(b.get64(as(1, TRANSCFG)), 0U);
  b.command(1, UPDATE);
  write_job(0, 4);
  EXPECT_EQ(run_chain(), DONE);
}

}  // namespace
}  // namespace smmuvp::mali_test
