// The guest's Mali driver on registers that behave: in which order it writes them, and what it makes of
// faults, of jobs that do not end, and of a GPU that hangs (docs/mali.md).
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "host_gpu.h"

namespace {

constexpr uint64_t kVa = 0x2000000;
constexpr uint32_t kMasks[] = {0x028, 0x1008, 0x2008};
constexpr uint32_t kTranslation = 0x3c3;  // a write, level 2
constexpr unsigned kHeap = 2, kReadonly = 1;

constexpr uint32_t as_reg(unsigned as, uint32_t reg) { return 0x2400 + 0x40 * as + reg; }
constexpr uint32_t js_reg(unsigned slot, uint32_t reg) { return 0x1800 + 0x80 * slot + reg; }

std::vector<size_t> writes_of(uint32_t offset) {
  std::vector<size_t> places;
  for (size_t i = 0; i < host_writes(); ++i)
    if (host_write_at(i)->offset == offset) places.push_back(i);
  return places;
}

std::vector<uint32_t> values_of(uint32_t offset) {
  std::vector<uint32_t> values;
  for (const size_t i : writes_of(offset)) values.push_back(host_write_at(i)->value);
  return values;
}

size_t last_write(uint32_t offset) {
  const std::vector<size_t> places = writes_of(offset);
  EXPECT_FALSE(places.empty()) << "nothing is written at " << std::hex << offset;
  return places.empty() ? 0 : places.back();
}

bool says(const std::string& text) { return std::string(host_messages()).find(text) != std::string::npos; }

class Gpu : public ::testing::Test {
 protected:
  host_options options{.as_present = 0xff, .js_present = 7, .as_reads = 2};
  bool bound = false;

  int probe() {
    host_start(&options);
    const int ret = host_probe();
    bound = ret == 0;
    return ret;
  }
  int ready() {
    EXPECT_EQ(probe(), 0);
    const int c = host_open();
    EXPECT_GE(c, 0);
    host_forget_writes();
    return c;
  }
  void remove() {
    host_remove();
    bound = false;
  }
  void finish(int c, unsigned lost_blocks = 0, unsigned lost_tables = 0) {
    host_close(c);
    if (bound) remove();
    host_end_of_test(lost_blocks, lost_tables);
  }
};

TEST_F(Gpu, IsResetPoweredAndOpenedToInterruptsInThatOrder) {
  ASSERT_EQ(probe(), 0);
  const size_t reset = last_write(0x030) ? writes_of(0x030).front() : 0;
  EXPECT_EQ(host_write_at(reset)->value, 1u) << "a soft reset";
  EXPECT_LT(writes_of(0x028).front(), reset) << "no interrupt of the reset";
  const size_t l2 = last_write(0x1a0);
  EXPECT_LT(reset, l2);
  EXPECT_LT(l2, last_write(0x180)) << "shader cores behind the L2 cache";
  EXPECT_LT(l2, last_write(0x190)) << "the tiler behind the L2 cache";
  EXPECT_EQ(host_read(0x160), 1u);
  EXPECT_EQ(host_read(0x140), 0xfu);
  EXPECT_EQ(host_read(0x1008), 0x70007u);
  EXPECT_EQ(host_read(0x2008), 0xff00ffu);
  EXPECT_LT(l2, last_write(0x1008));
  EXPECT_TRUE(says("Mali T860, id 0x860 r2p0: 8 address spaces of 48 bits, 3 job slots, 4 shader cores"));
  EXPECT_EQ(host_tables(), 1u) << "the driver's own, by which it holds the format";
  remove();
  for (const uint32_t mask : kMasks) EXPECT_EQ(host_read(mask), 0u);
  EXPECT_EQ(host_read(0x160) | host_read(0x140) | host_read(0x150), 0u) << "power is left on";
  EXPECT_EQ(host_tables(), 0u);
  host_end_of_test(0, 0);
}

TEST_F(Gpu, WaitsForThePageTableFormat) {
  options.no_format = true;
  EXPECT_EQ(probe(), -517) << "EPROBE_DEFER";
  EXPECT_TRUE(says("ARM_MALI_LPAE is not registered: modprobe io-pgtable-fmt-5"));
  options.no_format = false;
  host_set(&options);
  EXPECT_EQ(host_probe(), 0);
  remove();
  host_end_of_test(0, 0);
}

TEST_F(Gpu, IsRefusedWithAReasonWhereItCannotWork) {
  options.behind_iommu = true;
  EXPECT_EQ(probe(), -EINVAL);
  EXPECT_TRUE(says("behind an IOMMU"));
  options = {.as_present = 0xff, .js_present = 7, .window = 0x1000};
  EXPECT_EQ(probe(), -EINVAL);
  EXPECT_TRUE(says("0x1000 bytes of registers"));
  options = {.as_present = 0, .js_present = 7};
  EXPECT_EQ(probe(), -ENODEV);
  options = {.as_present = 0xffff0000, .js_present = 7};
  EXPECT_EQ(probe(), -ENODEV);
  options = {.as_present = 1, .js_present = 0};
  EXPECT_EQ(probe(), -ENODEV);
  options = {.as_present = 1, .js_present = 0xffff0000};
  EXPECT_EQ(probe(), -ENODEV);
  for (const uint32_t bits : {0x2820u, 0x2831u, 0x28ffu, 0x30u, 0xff30u}) {
    options = {.as_present = 1, .js_present = 1, .mmu_features = bits};
    EXPECT_EQ(probe(), -ENODEV) << std::hex << bits;
    EXPECT_TRUE(says("no GPU that can work"));
  }
  options = {.as_present = 1, .js_present = 1, .no_power = true};
  EXPECT_EQ(probe(), -ETIMEDOUT);
  EXPECT_TRUE(says("the L2 cache does not power up"));
  options = {.as_present = 1, .js_present = 1, .reset = host_reset_never};
  EXPECT_EQ(probe(), -ETIMEDOUT);
  EXPECT_TRUE(says("no reset ends"));
  host_end_of_test(0, 0);
}

TEST_F(Gpu, ThatDoesNotObeyASoftResetGetsAHardOne) {
  options.reset = host_reset_hard_only;
  ASSERT_EQ(probe(), 0);
  const std::vector<uint32_t> commands = values_of(0x030);
  ASSERT_GE(commands.size(), 2u);
  EXPECT_EQ(commands[0], 1u);
  EXPECT_EQ(commands[1], 2u);
  remove();
  host_end_of_test(0, 0);
}

TEST_F(Gpu, LosesNothingWhateverAllocationFailsAsItIsBound) {
  options.js_present = 1;
  host_start(&options);
  unsigned n = 1;
  for (; n < 40; ++n) {
    host_fail_allocation(n);
    const int ret = host_probe();
    if (ret == 0) break;
    ASSERT_EQ(ret, -ENOMEM) << "allocation " << n;
    ASSERT_EQ(host_tables(), 0u);
  }
  host_fail_allocation(0);
  EXPECT_GT(n, 6u);
  EXPECT_LT(n, 40u);
  remove();
  host_end_of_test(0, 0);
}

TEST_F(Gpu, GetsAClientsTablesBeforeItsFirstJob) {
  const int c = ready();
  const int job = host_submit(c, kVa, 1, 0);
  ASSERT_GE(job, 0);
  ASSERT_TRUE(host_running(1));
  EXPECT_EQ(host_head(1), kVa);
  EXPECT_EQ(host_as(1), 0u);
  EXPECT_EQ(host_transtab_owner(0), c);
  EXPECT_EQ(host_read(js_reg(1, 0x10)), 0xfu) << "JS_AFFINITY";
  const std::vector<uint32_t> commands = values_of(as_reg(0, 0x18));
  EXPECT_EQ(commands, (std::vector<uint32_t>{1, 2, 5, 1})) << "unmapped, emptied, and then the tables";
  EXPECT_LT(last_write(as_reg(0, 0x04)), last_write(as_reg(0, 0x18))) << "TRANSTAB_HI before UPDATE";
  EXPECT_LT(last_write(as_reg(0, 0x0c)), last_write(as_reg(0, 0x18))) << "MEMATTR_HI before UPDATE";
  EXPECT_LT(last_write(as_reg(0, 0x18)), last_write(js_reg(1, 0x60))) << "and all before START";
  EXPECT_LT(last_write(js_reg(1, 0x58)), last_write(js_reg(1, 0x60)));
  EXPECT_EQ(host_result(job), -EINPROGRESS);
  host_chain_ends(1, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(job), 0);

  host_forget_writes();
  const int again = host_submit(c, kVa + 64, 0, 0);
  EXPECT_TRUE(writes_of(as_reg(0, 0x18)).empty()) << "they are in place";
  host_chain_ends(0, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(again), 0);
  finish(c);
}

TEST_F(Gpu, WorksThroughTheQueueOfEachSlot) {
  const int c = ready();
  std::vector<int> jobs;
  for (unsigned i = 0; i < 9; ++i) jobs.push_back(host_submit(c, kVa + 64 * i, i % 3, 0));
  for (unsigned round = 0; round < 3; ++round) {
    for (unsigned slot = 0; slot < 3; ++slot) {
      ASSERT_TRUE(host_running(slot));
      EXPECT_EQ(host_head(slot), kVa + 64 * (3 * round + slot));
      host_chain_ends(slot, 1, 0);
    }
    host_pump();
  }
  for (const int job : jobs) EXPECT_EQ(host_result(job), 0);
  EXPECT_FALSE(host_running(0));
  finish(c);
}

TEST_F(Gpu, TellsWhichJobHasFailedAndGoesOn) {
  const int c = ready();
  const int bad = host_submit(c, kVa, 0, 0);
  const int good = host_submit(c, kVa + 0x1000, 0, 0);
  host_chain_ends(0, 0x58, kVa + 0x80);
  host_pump();
  EXPECT_EQ(host_result(bad), -EIO);
  EXPECT_EQ(host_status(bad), 0x58u);
  EXPECT_EQ(host_stopped_at(bad), kVa + 0x80);
  EXPECT_TRUE(says("DATA_INVALID_FAULT 0x58, job at 0x2000080 of the chain at 0x2000000"));
  ASSERT_TRUE(host_running(0));
  host_chain_ends(0, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(good), 0);
  finish(c);
}

TEST_F(Gpu, RefusesWhatCanBeNoChain) {
  const int c = ready();
  EXPECT_EQ(host_submit(c, 0, 0, 0), -EINVAL);
  EXPECT_EQ(host_submit(c, kVa + 32, 0, 0), -EINVAL);
  EXPECT_EQ(host_submit(c, kVa, 3, 0), -EINVAL);
  EXPECT_EQ(host_submit(c, kVa, ~0u, 0), -EINVAL);
  EXPECT_EQ(host_writes(), 0u);
  finish(c);
}

TEST_F(Gpu, LetsClientsWaitForAnAddressSpace) {
  options.as_present = 2;
  const int a = ready(), b = host_open();
  const int first = host_submit(a, kVa, 0, 0);
  const int second = host_submit(b, kVa, 1, 0);
  EXPECT_TRUE(host_running(0));
  EXPECT_FALSE(host_running(1)) << "the only address space is in use";
  host_chain_ends(0, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(first), 0);
  ASSERT_TRUE(host_running(1));
  EXPECT_EQ(host_as(1), 1u);
  EXPECT_EQ(host_transtab_owner(1), b);
  host_chain_ends(1, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(second), 0);
  host_close(b);
  EXPECT_EQ(host_transtab_owner(1), -1);
  finish(a);
}

TEST_F(Gpu, ForgetsABufferBeforeItsMemoryIsFreed) {
  const int c = ready();
  const int b = host_buffer(c, kVa, 0x3000, 0x1000, 0);
  ASSERT_GE(b, 0);
  EXPECT_TRUE(host_mapped(c, kVa + 0x2fff, nullptr));
  host_submit(c, kVa, 0, 0);
  host_forget_writes();
  host_destroy(b);
  EXPECT_FALSE(host_mapped(c, kVa, nullptr));
  EXPECT_EQ(values_of(as_reg(0, 0x18)), (std::vector<uint32_t>{2, 5})) << "LOCK and FLUSH_MEM";
  EXPECT_EQ(values_of(as_reg(0, 0x10)), std::vector<uint32_t>{0x200000e}) << "32 KiB from 32 MiB on";
  host_chain_ends(0, 1, 0);
  host_pump();
  finish(c);
}

TEST_F(Gpu, MapsWithTheRightsThatABufferHas) {
  const int c = ready();
  int prot = 0;
  ASSERT_GE(host_buffer(c, kVa, 0x1000, 0, kReadonly), 0);
  ASSERT_TRUE(host_mapped(c, kVa, &prot));
  EXPECT_EQ(prot & 3, 1);
  ASSERT_GE(host_buffer(c, kVa + 0x1000, 0x1000, 0, 0), 0);
  ASSERT_TRUE(host_mapped(c, kVa + 0x1000, &prot));
  EXPECT_EQ(prot & 3, 3);
  finish(c);
}

TEST_F(Gpu, GrowsAHeapWhereAFaultLies) {
  const int c = ready();
  const int heap = host_buffer(c, kVa, 0x100000, 0x10000, kHeap);
  ASSERT_GE(heap, 0);
  EXPECT_EQ(host_buffer_present(heap), 0u);
  host_submit(c, kVa, 2, 0);
  host_forget_writes();
  host_fault(0, false, 0x20000 | kTranslation, kVa + 0x34567);
  host_pump();
  EXPECT_EQ(host_buffer_present(heap), 1u);
  EXPECT_TRUE(host_mapped(c, kVa + 0x30000, nullptr));
  EXPECT_TRUE(host_mapped(c, kVa + 0x3ffff, nullptr));
  EXPECT_FALSE(host_mapped(c, kVa + 0x40000, nullptr));
  EXPECT_EQ(values_of(as_reg(0, 0x18)), (std::vector<uint32_t>{2, 4}))
      << "LOCK and FLUSH_PT let the access go on";
  EXPECT_LT(last_write(0x2004), last_write(as_reg(0, 0x18))) << "a fault of the access anew is another";
  EXPECT_EQ(host_read(0x2000), 0u);
  EXPECT_EQ(host_read(0x2008), 0xff00ffu) << "the mask is back";
  EXPECT_TRUE(host_running(2));
  EXPECT_EQ(host_faults(c), 0u);

  host_forget_writes();
  host_fault(0, false, 0x20000 | kTranslation, kVa + 0x30000);
  host_pump();
  EXPECT_EQ(host_buffer_present(heap), 1u) << "it is there";
  EXPECT_EQ(values_of(as_reg(0, 0x18)), (std::vector<uint32_t>{2, 4}));
  host_chain_ends(2, 1, 0);
  host_pump();
  finish(c);
}

TEST_F(Gpu, EndsTheJobsOfAnAddressSpaceByAFaultThatNobodyAnswers) {
  const int c = ready(), other = host_open();
  ASSERT_GE(host_buffer(c, kVa, 0x1000, 0, 0), 0);
  const int a = host_submit(c, kVa, 0, 0);
  const int b = host_submit(c, kVa, 1, 0);
  const int good = host_submit(other, kVa, 2, 0);
  host_forget_writes();
  host_fault(0, false, kTranslation, 0x40000000);
  host_pump();
  EXPECT_EQ(host_result(a), -EIO);
  EXPECT_EQ(host_status(a), 0x43u);
  EXPECT_EQ(host_faults(c), 1u);
  EXPECT_TRUE(says("client 1, address space 0: page fault: TRANSLATION_FAULT 0xc3, write of 0x40000000"));
  EXPECT_EQ(host_transtab_owner(0), -1);
  EXPECT_EQ(values_of(as_reg(0, 0x18)).front(), 1u) << "unmapped before the flush lets the access try again";
  EXPECT_TRUE(host_running(2));
  EXPECT_EQ(host_transtab_owner(1), other);

  const int next = host_submit(c, kVa, 0, 0);
  EXPECT_FALSE(host_running(0)) << "the tables do not come back under a job that has to end";
  host_fault(0, false, 0x10000 | kTranslation, kVa);
  host_pump();
  EXPECT_EQ(host_result(b), -EIO);
  EXPECT_EQ(host_faults(c), 1u) << "what follows from the first is not told";
  ASSERT_TRUE(host_running(0));
  EXPECT_EQ(host_transtab_owner(0), c) << "its next job finds its tables";
  host_chain_ends(0, 1, 0);
  host_chain_ends(2, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(next), 0);
  EXPECT_EQ(host_result(good), 0);
  host_close(other);
  finish(c);
}

TEST_F(Gpu, GrowsNothingForOtherFaults) {
  const int c = ready();
  const int heap = host_buffer(c, kVa, 0x10000, 0x1000, kHeap);
  const struct {
    bool bus;
    uint32_t status;
    uint64_t addr;
  } faults[] = {
      {false, 0x3c8, kVa}, {true, 0x3d1, kVa}, {false, kTranslation, kVa + 0x10000}, {false, 0x3c7, kVa}};
  for (const auto& f : faults) {
    const int job = host_submit(c, kVa, 0, 0);
    host_fault(0, f.bus, f.status, f.addr);
    host_pump();
    EXPECT_EQ(host_result(job), -EIO) << std::hex << f.status;
    EXPECT_EQ(host_buffer_present(heap), 0u);
  }
  EXPECT_EQ(host_faults(c), 4u);
  finish(c);
}

TEST_F(Gpu, EndsAJobWhoseHeapFindsNoMemory) {
  const int c = ready();
  const int heap = host_buffer(c, kVa, 0x10000, 0x1000, kHeap);
  const int job = host_submit(c, kVa, 0, 0);
  host_fail_allocation(1);
  host_fault(0, false, kTranslation, kVa);
  host_pump();
  EXPECT_EQ(host_result(job), -EIO);
  EXPECT_EQ(host_buffer_present(heap), 0u);
  finish(c);
}

TEST_F(Gpu, ForgetsWhatWasMappedOfAChunkForWhichThereIsTooLittleMemory) {
  const int c = ready();
  ASSERT_GE(host_buffer(c, kVa, 0x10000, 0x4000, kHeap), 0);
  const int job = host_submit(c, kVa, 0, 0);
  host_forget_writes();
  host_fail_allocation(4);  // the memory, two leaves, and not the third
  host_fault(0, false, kTranslation, kVa);
  host_pump();
  EXPECT_EQ(values_of(as_reg(0, 0x18)), (std::vector<uint32_t>{2, 5, 1, 2, 5}))
      << "LOCK and FLUSH_MEM, and then the end of the address space";
  EXPECT_FALSE(host_mapped(c, kVa, nullptr));
  host_fault(0, false, kTranslation, kVa);  // the access is tried again
  host_pump();
  EXPECT_EQ(host_result(job), -EIO);
  finish(c);
}

TEST_F(Gpu, KeepsTheMemoryOfAChunkThatItDoesNotForget) {
  const int c = ready();
  ASSERT_GE(host_buffer(c, kVa, 0x10000, 0x4000, kHeap), 0);
  const int job = host_submit(c, kVa, 0, 0);
  options.as_reads = ~0u;
  host_set(&options);
  host_fail_allocation(4);
  host_fault(0, false, kTranslation, kVa);
  host_pump();
  EXPECT_EQ(host_result(job), -EIO);
  EXPECT_TRUE(says("16384 bytes of client 1 stay allocated"));
  options.as_reads = 1;
  host_set(&options);
  finish(c, 1);
}

TEST_F(Gpu, IsNotConfusedByAFaultOfAJobThatWasStopped) {
  options.as_present = 1;
  const int a = ready(), b = host_open();
  const int job = host_submit(a, kVa, 0, 0);
  const int next = host_submit(b, kVa, 1, 0);
  // The fault is told while the chain ends by itself: the thread of the jobs runs first.
  host_fault(0, false, kTranslation, kVa);
  host_chain_ends(0, 4, kVa);
  host_pump();
  EXPECT_EQ(host_result(job), -EIO);
  EXPECT_TRUE(host_running(1)) << "the other's job goes on";
  EXPECT_EQ(host_faults(b), 0u);
  host_chain_ends(1, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(next), 0);
  host_close(b);
  finish(a);
}

TEST_F(Gpu, LetsNoFaultOfAJobThatWasStoppedEndTheNextOneOfItsClient) {
  const int c = ready();
  const int job = host_submit(c, kVa, 0, 0);
  const int next = host_submit(c, kVa + 64, 0, 0);
  host_fault(0, false, kTranslation, kVa);
  host_chain_ends(0, 4, kVa);
  host_pump();
  EXPECT_EQ(host_result(job), -EIO);
  EXPECT_EQ(host_faults(c), 0u);
  ASSERT_TRUE(host_running(0));
  EXPECT_EQ(host_transtab_owner(0), c);
  host_chain_ends(0, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(next), 0);
  finish(c);
}

TEST_F(Gpu, StopsAChainThatDoesNotEnd) {
  const int c = ready();
  const int job = host_submit(c, kVa, 0, 20);
  const int other = host_submit(c, kVa + 64, 1, 500);
  const int next = host_submit(c, kVa + 128, 0, 500);
  host_advance(19);
  EXPECT_EQ(host_result(job), -EINPROGRESS);
  EXPECT_TRUE(values_of(js_reg(0, 0x20)).empty());
  host_advance(2);
  EXPECT_EQ(values_of(js_reg(0, 0x20)), std::vector<uint32_t>{3}) << "HARD_STOP";
  EXPECT_EQ(host_result(job), -ETIMEDOUT);
  EXPECT_TRUE(says("does not end"));
  EXPECT_TRUE(values_of(0x030).empty()) << "no reset";
  ASSERT_TRUE(host_running(0));
  EXPECT_EQ(host_head(0), kVa + 128);
  EXPECT_TRUE(host_running(1));
  host_chain_ends(0, 1, 0);
  host_chain_ends(1, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(next), 0);
  EXPECT_EQ(host_result(other), 0);
  finish(c);
}

TEST_F(Gpu, IsResetWhereAStopDoesNotHelp) {
  const int c = ready(), other = host_open();
  options.deaf = true;
  host_set(&options);
  const int job = host_submit(c, kVa, 0, 20);
  const int good = host_submit(other, kVa, 1, 500);
  const int next = host_submit(c, kVa + 128, 0, 500);
  host_chain_is_at(1, kVa + 0x180);
  host_advance(21);
  EXPECT_EQ(host_result(job), -EINPROGRESS) << "it has been told to stop";
  host_advance(60);
  EXPECT_EQ(host_result(job), -ETIMEDOUT);
  EXPECT_EQ(values_of(js_reg(1, 0x20)), std::vector<uint32_t>{2})
      << "others are stopped behind what they are at";
  EXPECT_EQ(values_of(0x030).front(), 1u);
  ASSERT_TRUE(host_running(1));
  EXPECT_EQ(host_head(1), kVa + 0x180) << "and go on where they were";
  ASSERT_TRUE(host_running(0));
  EXPECT_EQ(host_head(0), kVa + 128);
  EXPECT_EQ(host_read(0x1008), 0x70007u);
  EXPECT_EQ(host_read(0x2008), 0xff00ffu);
  host_chain_ends(0, 1, 0);
  host_chain_ends(1, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(next), 0);
  EXPECT_EQ(host_result(good), 0);
  host_close(other);
  finish(c);
}

TEST_F(Gpu, LosesNoResultThatComesWithTheReset) {
  const int c = ready();
  const int done = host_submit(c, kVa, 0, 0);
  const int failed = host_submit(c, kVa + 64, 1, 0);
  const int going = host_submit(c, kVa + 128, 2, 0);
  host_chain_is_at(2, kVa + 0x1000);
  host_chain_ends(0, 1, 0);
  host_chain_ends(1, 0x40, kVa + 64);
  host_reset_gpu();
  EXPECT_EQ(host_result(done), 0);
  EXPECT_EQ(host_result(failed), -EIO);
  EXPECT_EQ(host_result(going), -EINPROGRESS);
  ASSERT_TRUE(host_running(2));
  EXPECT_EQ(host_head(2), kVa + 0x1000);
  host_chain_ends(2, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(going), 0);
  finish(c);
}

TEST_F(Gpu, GivesUpAJobThatIsStartedAgainAndAgain) {
  const int c = ready();
  const int job = host_submit(c, kVa, 0, 0);
  for (int i = 0; i < 10; ++i) host_reset_gpu();
  EXPECT_EQ(host_result(job), -EIO);
  EXPECT_FALSE(host_running(0));
  finish(c);
}

TEST_F(Gpu, IsResetWhereACommandOfAnAddressSpaceDoesNotEnd) {
  const int c = ready();
  const int b = host_buffer(c, kVa, 0x1000, 0, 0);
  const int job = host_submit(c, kVa, 0, 0);
  options.as_reads = ~0u;
  host_set(&options);
  host_destroy(b);
  EXPECT_TRUE(says("does not end: AS_STATUS 0x1"));
  EXPECT_TRUE(says("4096 bytes of client 1 stay allocated")) << "the GPU may have them";
  host_pump();
  EXPECT_FALSE(values_of(0x030).empty());
  options.as_reads = 1;
  host_set(&options);
  host_advance(100);
  EXPECT_EQ(host_result(job), -EIO) << "no address space could be had for it";
  finish(c, 1);
}

TEST_F(Gpu, KeepsTheTablesOfAClientThatWasToLeaveAnAddressSpaceUntilTheReset) {
  options.as_present = 1;
  const int a = ready(), b = host_open();
  const int buffer = host_buffer(a, kVa, 0x1000, 0, 0);
  host_submit(a, kVa, 0, 0);
  host_chain_ends(0, 1, 0);
  host_pump();
  ASSERT_EQ(host_transtab_owner(0), a);
  options.as_reads = ~0u;
  host_set(&options);
  const int job = host_submit(b, kVa, 0, 0);
  ASSERT_EQ(host_transtab_owner(0), a) << "the command that was to take them away hangs";
  host_destroy(buffer);
  EXPECT_TRUE(says("4096 bytes of client 1 stay allocated"));
  host_forget_writes();
  options.as_reads = 1;
  host_set(&options);
  host_close(a);
  EXPECT_FALSE(values_of(0x030).empty()) << "a reset";
  ASSERT_TRUE(host_running(0));
  EXPECT_EQ(host_transtab_owner(0), b);
  host_chain_ends(0, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(job), 0);
  finish(b, 1);
}

TEST_F(Gpu, IsResetWhereACommandDoesNotEndAsItIsUnbound) {
  const int c = ready();
  host_buffer(c, kVa, 0x1000, 0, 0);
  host_submit(c, kVa, 0, 0);
  host_chain_ends(0, 1, 0);
  host_pump();
  options.as_reads = ~0u;
  host_set(&options);
  host_forget_writes();
  remove();
  EXPECT_EQ(values_of(0x030), (std::vector<uint32_t>{1, 8})) << "a soft reset, and the caches";
  EXPECT_EQ(host_tables(), 0u) << "behind the reset nothing has them";
  finish(c);
}

TEST_F(Gpu, IsResetAsItIsUnboundWhereAnEarlierCommandHasNotEnded) {
  options.as_present = 1;
  const int a = ready(), b = host_open();
  host_submit(a, kVa, 0, 0);
  host_chain_ends(0, 1, 0);
  host_pump();
  options.as_reads = ~0u;
  host_set(&options);
  const int job = host_submit(b, kVa, 0, 0);
  ASSERT_EQ(host_transtab_owner(0), a);
  host_forget_writes();
  remove();
  EXPECT_EQ(values_of(0x030), (std::vector<uint32_t>{1, 8})) << "a soft reset, and the caches";
  EXPECT_EQ(host_result(job), -ENODEV);
  EXPECT_EQ(host_tables(), 0u);
  host_close(b);
  finish(a);
}

TEST_F(Gpu, IsLostWhereNoResetEndsAsItIsUnbound) {
  const int c = ready();
  const int b = host_buffer(c, kVa, 0x1000, 0, 0);
  host_submit(c, kVa, 0, 0);
  options.reset = host_reset_never;
  host_set(&options);
  remove();
  EXPECT_EQ(host_tables(), 2u) << "the GPU may have them";
  host_destroy(b);
  EXPECT_TRUE(says("4096 bytes of client 1 stay allocated"));
  // Two sets of tables, the client, and the page.
  finish(c, 4, 2);
}

TEST_F(Gpu, ThatIsLostKeepsTheMemoryOfBuffersThatGo) {
  const int c = ready();
  const int early = host_buffer(c, kVa, 0x2000, 0x1000, 0);
  const int late = host_buffer(c, kVa + 0x10000, 0x3000, 0x1000, 0);
  host_submit(c, kVa, 0, 10);
  options.deaf = true;
  options.reset = host_reset_never;
  host_set(&options);
  host_advance(200);
  ASSERT_TRUE(says("the GPU is lost"));
  EXPECT_EQ(host_buffer(c, 0, 0x1000, 0, 0), -ENODEV);
  host_destroy(early);
  EXPECT_TRUE(says("8192 bytes of client 1 stay allocated"));
  host_forget_writes();
  remove();
  EXPECT_EQ(values_of(0x030), std::vector<uint32_t>{8}) << "no further reset";
  EXPECT_TRUE(values_of(as_reg(0, 0x18)).empty()) << "it would not answer";
  host_destroy(late);
  EXPECT_TRUE(says("12288 bytes of client 1 stay allocated"));
  // Two sets of tables, the client, and five pages.
  finish(c, 8, 2);
}

TEST_F(Gpu, ThatNoResetHelpsIsLostAndSaysSo) {
  const int c = ready();
  const int job = host_submit(c, kVa, 0, 10);
  const int queued = host_submit(c, kVa, 0, 10);
  options.deaf = true;
  options.reset = host_reset_never;
  host_set(&options);
  host_advance(200);
  EXPECT_EQ(host_result(job), -ETIMEDOUT);
  EXPECT_EQ(host_result(queued), -ENODEV);
  EXPECT_TRUE(says("the GPU is lost"));
  EXPECT_EQ(host_submit(c, kVa, 0, 0), -ENODEV);
  EXPECT_EQ(host_open(), -ENODEV);
  host_forget_writes();
  host_close(c);
  EXPECT_EQ(host_writes(), 0u) << "it would not answer";
  remove();
  // Two sets of tables, and the client.
  host_end_of_test(3, 2);
}

TEST_F(Gpu, TakesTheJobsOfAClientThatCloses) {
  const int c = ready(), other = host_open();
  const int a = host_submit(c, kVa, 0, 0);
  const int b = host_submit(c, kVa, 0, 0);
  const int theirs = host_submit(other, kVa, 0, 0);
  host_close(c);
  EXPECT_EQ(host_result(a), -ECANCELED);
  EXPECT_EQ(host_result(b), -ECANCELED);
  ASSERT_TRUE(host_running(0));
  host_chain_ends(0, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(theirs), 0);
  finish(other);
}

TEST_F(Gpu, StartsWhatHasWaitedBehindTheJobsOfAClientThatCloses) {
  options.as_present = 1;
  const int a = ready(), b = host_open();
  host_submit(b, kVa, 1, 0);
  const int waits = host_submit(a, kVa, 0, 0);
  const int behind = host_submit(b, kVa + 64, 0, 0);
  ASSERT_FALSE(host_running(0)) << "the only address space is in use";
  host_close(a);
  EXPECT_EQ(host_result(waits), -ECANCELED);
  ASSERT_TRUE(host_running(0)) << "that address space is its client's";
  EXPECT_EQ(host_head(0), kVa + 64);
  host_chain_ends(0, 1, 0);
  host_chain_ends(1, 1, 0);
  host_pump();
  EXPECT_EQ(host_result(behind), 0);
  finish(b);
}

TEST_F(Gpu, LeavesOpenClientsWithNothingWhenItIsUnbound) {
  const int c = ready();
  const int b = host_buffer(c, kVa, 0x3000, 0x1000, 0);
  const int running = host_submit(c, kVa, 0, 0);
  const int queued = host_submit(c, kVa, 0, 0);
  host_forget_writes();
  remove();
  EXPECT_TRUE(values_of(as_reg(0, 0x18)).empty()) << "the reset has made it forget the tables";
  EXPECT_EQ(host_result(running), -ENODEV);
  EXPECT_EQ(host_result(queued), -ENODEV);
  EXPECT_EQ(host_tables(), 0u) << "the format may go";
  EXPECT_EQ(host_holders(), 1u) << "the driver may not";
  EXPECT_EQ(host_submit(c, kVa, 0, 0), -ENODEV);
  EXPECT_EQ(host_buffer(c, 0, 0x1000, 0, 0), -ENODEV);
  ASSERT_EQ(host_probe(), 0) << "it can be bound again meanwhile";
  bound = true;
  const int fresh = host_open();
  ASSERT_GE(fresh, 0);
  EXPECT_EQ(host_submit(c, kVa, 0, 0), -ENODEV) << "and is not the old client's";
  host_destroy(b);
  host_close(fresh);
  finish(c);
}

TEST_F(Gpu, WaitsForTheTimerOfItsSlotsWhenItIsUnbound) {
  const int c = ready();
  const int job = host_submit(c, kVa, 0, 20);
  host_timer_runs();
  remove();
  EXPECT_EQ(host_result(job), -ENODEV);
  finish(c);
}

TEST_F(Gpu, FindsRoomForBuffersAndNeverLetsThemOverlap) {
  const int c = ready();
  const int a = host_buffer(c, kVa + 0x200000, 0x4000, 0x1000, 0);
  EXPECT_EQ(host_buffer_addr(a), kVa + 0x200000);
  EXPECT_EQ(host_buffer(c, kVa + 0x203000, 0x2000, 0x1000, 0), -EEXIST);
  EXPECT_EQ(host_buffer(c, kVa, 0x400000, 0x200000, 0), -EEXIST);
  EXPECT_EQ(host_buffer(c, kVa + 1, 0x1000, 0x1000, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, 0x1000, 0x1000, 0x1000, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, 0xfffff000, 0x2000, 0x1000, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, ~0ull - 0xfff, 0x1000, 0x1000, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, 0, 0, 0, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, 0, ~size_t{0}, 0, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, 0, 0x1000, 0x1800, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, 0, 0x1000, 0x400000, 0), -EINVAL);
  EXPECT_EQ(host_buffer(c, 0, 0x1000, 0x1000, 4), -EINVAL);
  const int low = host_buffer(c, 0, 0x200000, 0x1000, kHeap);
  EXPECT_EQ(host_buffer_addr(low), kVa);
  const int block = host_buffer(c, 0, 0x200000, 0, kHeap);
  EXPECT_EQ(host_buffer_addr(block), kVa + 0x400000) << "aligned to its leaf";
  const int small = host_buffer(c, 0, 0x1000, 0x1000, kHeap);
  EXPECT_EQ(host_buffer_addr(small), kVa + 0x204000);
  EXPECT_EQ(host_buffer(c, 0, 0xfe000000, 0x1000, kHeap), -ENOSPC);
  finish(c);
}

TEST_F(Gpu, KeepsNothingOfABufferForWhichThereIsTooLittleMemory) {
  const int c = ready();
  int b = -1;
  unsigned n = 1;
  for (; n < 40 && b < 0; ++n) {
    host_fail_allocation(n);
    b = host_buffer(c, kVa, 0x5000, 0x1000, 0);
    if (b < 0) {
      ASSERT_EQ(b, -ENOMEM);
      ASSERT_FALSE(host_mapped(c, kVa, nullptr));
    }
  }
  host_fail_allocation(0);
  EXPECT_GT(n, 11u) << "each page, and each leaf";
  EXPECT_GE(b, 0);
  finish(c);
}

}  // namespace
