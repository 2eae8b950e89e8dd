// The guest's SMMUv2 driver on registers that behave: in which order it writes them (IHI
// 0062 2.3.10, 9.2, 16.5.28, 17.3.4).
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "host_smmu.h"

namespace {

constexpr uint32_t kCr0 = 0x0;
constexpr uint32_t kClientpd = 1;
constexpr uint32_t kFsrSs = 1u << 30;
constexpr uint32_t kTf = 2;

// The places where a register was written.
std::vector<size_t> writes_of(uint32_t offset) {
  std::vector<size_t> places;
  for (size_t i = 0; i < host_writes(); ++i)
    if (host_write_at(i)->offset == offset) places.push_back(i);
  return places;
}

size_t last_write(uint32_t offset) {
  const std::vector<size_t> places = writes_of(offset);
  EXPECT_FALSE(places.empty()) << "nothing is written at " << std::hex << offset;
  return places.empty() ? 0 : places.back();
}

size_t first_write(uint32_t offset) {
  const std::vector<size_t> places = writes_of(offset);
  EXPECT_FALSE(places.empty()) << "nothing is written at " << std::hex << offset;
  return places.empty() ? 0 : places.front();
}

class Driver : public ::testing::Test {
 protected:
  void start(host_options options = {
                 .smr_bits = 0x7fff, .found_cr0 = kClientpd, .sync_reads = 3, .stalls = true}) {
    host_start(&options);
  }
  void ready() {
    start();
    ASSERT_EQ(host_driver_reset(), 0);
    ASSERT_EQ(host_driver_enable(), 0);
    host_forget_writes();
  }
};

TEST_F(Driver, WritesEverythingThatATransactionMeetsBeforeItLetsOneIn) {
  start();
  ASSERT_EQ(host_driver_reset(), 0);
  EXPECT_EQ(host_read(kCr0) & kClientpd, kClientpd) << "let in by the reset";
  ASSERT_EQ(host_driver_enable(), 0);
  EXPECT_EQ(host_read(kCr0) & kClientpd, 0u);
  const size_t in = last_write(kCr0);
  EXPECT_EQ(in, host_writes() - 1);
  for (uint32_t n = 0; n < host_streams; ++n) {
    EXPECT_LT(last_write(0xc00 + 4 * n), in);
    EXPECT_EQ(host_read(0xc00 + 4 * n), 2u << 16) << "S2CR" << n;
    EXPECT_LT(first_write(0xc00 + 4 * n), first_write(0x800 + 4 * n))
        << "an SMR is invalid before its S2CR is known";
    EXPECT_EQ(host_read(0x800 + 4 * n) >> 31, 0u) << "SMR" << n;
  }
  for (unsigned n = 0; n < host_banks; ++n) {
    EXPECT_LT(last_write(host_bank(n)), in);
    EXPECT_EQ(host_read(host_bank(n)), 0u) << "SCTLR of " << n;
    EXPECT_EQ(host_read(host_bank(n) + 0x58) & 0x800001feu, 0u) << "FSR of " << n;
  }
  EXPECT_EQ(host_read(0x48), 0u) << "GFSR";
  const size_t sync = last_write(0x70);
  EXPECT_LT(last_write(0x6c), sync) << "TLBIALLH";
  EXPECT_LT(last_write(0x68), sync) << "TLBIALLNSNH";
  EXPECT_LT(sync, in);
}

TEST_F(Driver, KeepsInterruptsOffUntilFaultsOfTheResetAreCleared) {
  start();
  ASSERT_EQ(host_driver_reset(), 0);
  for (const size_t i : writes_of(kCr0)) EXPECT_EQ(host_write_at(i)->value & 0x24, 0u);
  ASSERT_EQ(host_driver_enable(), 0);
  EXPECT_EQ(host_read(kCr0) & 0x24, 0x24u);
}

TEST_F(Driver, EndsAccessesThatWaitSinceBefore) {
  start();
  host_poke(host_bank(1) + 0x58, kFsrSs | kTf);
  ASSERT_EQ(host_driver_reset(), 0);
  EXPECT_EQ(host_read(host_bank(1) + 0x58) & kFsrSs, 0u);
  EXPECT_LT(first_write(host_bank(1) + 0x58), first_write(host_bank(1) + 0x08))
      << "RESUME before FSR is cleared";
  EXPECT_EQ(host_write_at(first_write(host_bank(1) + 0x08))->value, 1u);
}

TEST_F(Driver, LetsNothingPassInBetweenWhereTransactionsWereTranslatedBefore) {
  start({.smr_bits = 0x7fff, .found_cr0 = 0, .sync_reads = 1, .stalls = true});
  ASSERT_EQ(host_driver_reset(), 0);
  ASSERT_EQ(host_driver_enable(), 0);
  ASSERT_EQ(host_driver_close(), 0);
  for (const size_t i : writes_of(kCr0)) EXPECT_EQ(host_write_at(i)->value & kClientpd, 0u);
}

TEST_F(Driver, RefusesEverythingWhenItGoes) {
  ready();
  ASSERT_EQ(host_driver_close(), 0);
  EXPECT_EQ(host_read(kCr0) & kClientpd, 0u);
  EXPECT_EQ(host_read(kCr0) & 0x24, 0u) << "interrupts";
  EXPECT_EQ(host_read(kCr0) & 0x400, 0x400u) << "USFCFG";
  for (uint32_t n = 0; n < host_streams; ++n) EXPECT_EQ(host_read(0xc00 + 4 * n), 2u << 16);
}

TEST_F(Driver, ProbesTheBitsThatMasksHave) {
  start({.smr_bits = 0xff, .found_cr0 = kClientpd, .sync_reads = 1, .stalls = true});
  ASSERT_EQ(host_driver_reset(), 0);
  EXPECT_EQ(host_driver_smr_mask(), 0xffu);
}

TEST_F(Driver, TurnsToExtendedStreamIDsBeforeItProbesMasksAndAfterEntriesAreInvalid) {
  start({.smr_bits = 0xffff, .found_cr0 = kClientpd, .sync_reads = 1, .stalls = true, .exid = true});
  ASSERT_EQ(host_driver_reset(), 0);
  EXPECT_EQ(host_driver_smr_mask(), 0xffffu);
  const size_t turned = first_write(kCr0);
  EXPECT_EQ(host_write_at(turned)->value & 8, 8u);
  for (uint32_t n = 0; n < host_streams; ++n) EXPECT_LT(first_write(0x800 + 4 * n), turned);
  EXPECT_GT(last_write(0x800), turned);
}

TEST_F(Driver, FindsOutWhetherAccessesCanWait) {
  start();
  ASSERT_EQ(host_driver_reset(), 0);
  EXPECT_EQ(host_driver_stall_model(), 1);
  start({.smr_bits = 0x7fff, .found_cr0 = kClientpd, .sync_reads = 1, .stalls = false});
  ASSERT_EQ(host_driver_reset(), 0);
  EXPECT_EQ(host_driver_stall_model(), 0);
}

TEST_F(Driver, UnlocksTheActlrsOfAnMmu500BeforeItClearsThePrefetch) {
  start({.smr_bits = 0x7fff,
         .found_cr0 = kClientpd,
         .sync_reads = 1,
         .stalls = true,
         .exid = false,
         .mmu500 = true});
  host_poke(0x10, 1u << 26);
  for (unsigned n = 0; n < host_banks; ++n) host_poke(host_bank(n) + 4, 3);
  ASSERT_EQ(host_driver_reset(), 0);
  for (unsigned n = 0; n < host_banks; ++n) EXPECT_EQ(host_read(host_bank(n) + 4), 1u);
  EXPECT_EQ(host_read(0x10) & (1u << 8 | 1u << 10 | 1u << 26), 1u << 8 | 1u << 10);
  EXPECT_STREQ(host_messages(), "");
}

TEST_F(Driver, GivesUpAnSmmuThatIsBusyForEver) {
  start({.smr_bits = 0x7fff, .found_cr0 = kClientpd, .sync_reads = ~0u, .stalls = true});
  EXPECT_EQ(host_driver_reset(), -110);
  EXPECT_NE(std::string(host_messages()).find("TLBGSYNC does not end"), std::string::npos);
}

// CBA2R says what format the others have, TCR2.AS how long an ASID is, and SCTLR that all is there.
TEST_F(Driver, WritesABankInTheOrderInWhichItIsUnderstood) {
  for (int format = 0; format < 3; ++format) {
    ready();
    const int n = host_driver_open(1, format);
    ASSERT_GE(n, 0);
    const uint32_t cb = host_bank(static_cast<unsigned>(n));
    const uint32_t index = 4 * static_cast<uint32_t>(n);
    const std::vector<uint32_t> order = {cb,        0x1800 + index, 0x1000 + index, cb + 0x10,
                                         cb + 0x30, cb + 0x20,      cb + 0x38};
    for (size_t i = 1; i < order.size(); ++i)
      EXPECT_LT(first_write(order[i - 1]), first_write(order[i])) << "format " << format;
    for (const uint32_t reg : {0x28u, 0x34u, 0x3cu}) EXPECT_EQ(writes_of(cb + reg).size(), 1u);
    EXPECT_EQ(last_write(cb), host_writes() - 1);
    EXPECT_EQ(host_write_at(first_write(cb))->value, 0u) << "enabled while it changes";
    EXPECT_EQ(host_read(cb) & 1, 1u);
    EXPECT_EQ(host_write_at(first_write(cb + 0x20))->size, 8u) << "a TTBR in two halves";
  }
}

TEST_F(Driver, ClosesABankBeforeItInvalidatesAndWaits) {
  ready();
  const int n = host_driver_open(1, 0);
  const uint32_t cb = host_bank(static_cast<unsigned>(n));
  host_forget_writes();
  host_driver_shut(n);
  EXPECT_EQ(host_read(cb), 0u);
  EXPECT_LT(first_write(cb), first_write(cb + 0x610)) << "TLBIASID";
  EXPECT_LT(first_write(cb + 0x610), first_write(cb + 0x7f0)) << "TLBSYNC";
}

TEST_F(Driver, ClearsAFaultThatIsOverAndTellsIt) {
  ready();
  const int n = host_driver_open(1, 0);
  const uint32_t cb = host_bank(static_cast<unsigned>(n));
  host_poke(0x1400 + 4 * static_cast<uint32_t>(n), 7);
  host_poke(cb + 0x58, kTf | 0x400);
  EXPECT_TRUE(host_driver_handle(n));
  EXPECT_EQ(host_driver_told(), 1u);
  EXPECT_EQ(host_read(cb + 0x58) & ~0x600u, 0u);
  EXPECT_TRUE(writes_of(cb + 0x08).empty()) << "RESUME of nothing";
  EXPECT_FALSE(host_driver_handle(n));
}

TEST_F(Driver, EndsAnAccessThatWaitsForNobody) {
  ready();
  const int n = host_driver_open(1, 0);
  const uint32_t cb = host_bank(static_cast<unsigned>(n));
  host_driver_stall(n, true);
  host_poke(0x1400 + 4 * static_cast<uint32_t>(n), 7);
  host_poke(cb + 0x58, kFsrSs | kTf);
  host_forget_writes();
  EXPECT_TRUE(host_driver_handle(n));
  EXPECT_EQ(host_write_at(first_write(cb + 0x08))->value, 1u);
  EXPECT_LT(first_write(cb + 0x58), first_write(cb + 0x08)) << "RESUME before FSR is cleared";
  EXPECT_EQ(host_read(cb) & 0xc0, 0xc0u) << "CFIE and CFCFG are back";
}

// 16.5.28: what is cleared after the retry would be a second fault. 3.6.3: SS alone may raise the interrupt.
TEST_F(Driver, LetsAnAccessWaitWithoutInterruptsUntilItIsAnswered) {
  for (const bool retry : {true, false}) {
    ready();
    const int n = host_driver_open(1, 0);
    const uint32_t cb = host_bank(static_cast<unsigned>(n));
    host_driver_stall(n, true);
    host_driver_takes(true);
    host_poke(0x1400 + 4 * static_cast<uint32_t>(n), 7);
    host_poke(cb + 0x58, kFsrSs | kTf);
    host_forget_writes();
    EXPECT_TRUE(host_driver_handle(n));
    EXPECT_EQ(host_driver_told(), 0u);
    EXPECT_EQ(host_read(cb) & 0x40, 0u) << "CFIE";
    EXPECT_EQ(host_read(cb + 0x58), kFsrSs);
    EXPECT_TRUE(writes_of(cb + 0x08).empty());
    host_driver_answer(retry);
    EXPECT_EQ(host_write_at(first_write(cb + 0x08))->value, retry ? 0u : 1u);
    EXPECT_EQ(host_read(cb) & 0x40, 0x40u) << "CFIE";
  }
}

TEST_F(Driver, DropsAnAnswerThatComesAfterTheBankWasClosed) {
  ready();
  const int n = host_driver_open(1, 0);
  const uint32_t cb = host_bank(static_cast<unsigned>(n));
  host_driver_stall(n, true);
  host_driver_takes(true);
  host_poke(0x1400 + 4 * static_cast<uint32_t>(n), 7);
  host_poke(cb + 0x58, kFsrSs | kTf);
  EXPECT_TRUE(host_driver_handle(n));
  host_driver_shut(n);
  EXPECT_EQ(host_read(cb + 0x58) & kFsrSs, 0u) << "it waits for ever";
  ASSERT_EQ(host_driver_open(1, 0), n);
  host_forget_writes();
  host_driver_answer(true);
  EXPECT_EQ(host_writes(), 0u);
  // Nor is it for what waits there by then.
  host_driver_stall(n, true);
  host_poke(cb + 0x58, kFsrSs | kTf);
  EXPECT_TRUE(host_driver_handle(n));
  host_forget_writes();
  host_driver_answer_late();
  EXPECT_EQ(host_writes(), 0u);
}

// 16.5.38: EPD0 keeps TTBR0 from walks while it is not known.
TEST_F(Driver, LetsTtbr0OfAGpuTranslateOnlyWhileItSaysSomething) {
  constexpr uint32_t kEpd0 = 0x80, kEpd1 = 0x800000;
  ready();
  host_driver_gpu();
  const uint32_t tcr = host_bank(0) + 0x30, ttbr0 = host_bank(0) + 0x20;
  EXPECT_EQ(host_read(tcr) & (kEpd0 | kEpd1), kEpd0);
  EXPECT_EQ(host_read(ttbr0 + 8), 0x41000000u) << "TTBR1";
  host_forget_writes();
  ASSERT_EQ(host_gpu_ttbr0(0x42000000, 1, 1, 0x105), 0);
  EXPECT_EQ(host_read(tcr) & (kEpd0 | kEpd1), 0u);
  EXPECT_EQ(host_write_at(first_write(ttbr0))->value, 0x0105000042000000u);
  EXPECT_LT(last_write(ttbr0), first_write(tcr));
  EXPECT_TRUE(writes_of(ttbr0 + 8).empty()) << "TTBR1 is in use";
  host_forget_writes();
  ASSERT_EQ(host_gpu_no_ttbr0(), 0);
  EXPECT_EQ(host_read(tcr) & kEpd0, kEpd0);
  EXPECT_LT(last_write(tcr), first_write(ttbr0));
}

TEST_F(Driver, RefusesTablesOfTtbr0ThatNeedOtherRegistersThanTtbr1) {
  ready();
  host_driver_gpu();
  host_forget_writes();
  EXPECT_EQ(host_gpu_ttbr0(0x42000000, 2, 1, 0x105), -EINVAL) << "MAIR";
  EXPECT_EQ(host_gpu_ttbr0(0x42000000, 1, 2, 0x105), -EINVAL) << "IPS";
  EXPECT_EQ(host_gpu_ttbr0(0x42000000, 1, 1, 0x10000), -EINVAL) << "ASID";
  EXPECT_EQ(host_writes(), 0u);
}

TEST_F(Driver, KnowsNoTtbr1OfADeviceThatIsNoGpuOrHasNoDomain) {
  uint64_t ttbr = 0;
  ready();
  EXPECT_EQ(host_gpu_ttbr1(&ttbr), -EOPNOTSUPP);
  EXPECT_EQ(host_gpu_asid(), -EOPNOTSUPP);
  host_driver_gpu();
  ASSERT_EQ(host_gpu_ttbr1(&ttbr), 0);
  EXPECT_EQ(ttbr, 0x41000000u);
}

// An ASID of a bank would find its entries: all have VMID 0.
TEST_F(Driver, GivesEachProcessOfAGpuATagThatNobodyElseHas) {
  ready();
  host_driver_gpu();
  std::vector<int> tags;
  for (int tag = host_gpu_asid(); tag >= 0; tag = host_gpu_asid()) tags.push_back(tag);
  ASSERT_EQ(tags.size(), 256u);
  std::sort(tags.begin(), tags.end());
  EXPECT_EQ(std::unique(tags.begin(), tags.end()), tags.end());
  EXPECT_GT(tags.front(), 255) << "banks have up to 8 bits";
  EXPECT_LE(tags.back(), 0xffff);
  EXPECT_EQ(host_gpu_asid(), -ENOSPC);
  host_gpu_asid_free(static_cast<uint32_t>(tags[7]));
  EXPECT_EQ(host_gpu_asid(), tags[7]);
  host_forget_writes();
  EXPECT_EQ(host_gpu_forget(0x107), 0);
  EXPECT_EQ(host_write_at(first_write(host_bank(0) + 0x610))->value, 0x107u);
  EXPECT_LT(first_write(host_bank(0) + 0x610), first_write(host_bank(0) + 0x7f0)) << "TLBSYNC";
}

TEST_F(Driver, TellsWhatTtbr0SaidWhenTheGpuFaulted) {
  uint64_t ttbr0 = 0, far = 0;
  ready();
  host_driver_gpu();
  EXPECT_EQ(host_gpu_fault(&ttbr0, &far), 0u);
  host_poke(host_bank(0) + 0x20, 0x0123000043000000u);
  host_poke(host_bank(0) + 0x60, 0x7654321000u);
  host_poke(host_bank(0) + 0x58, kTf);
  EXPECT_TRUE(host_driver_handle(0));
  host_poke(host_bank(0) + 0x20, 0x0124000043001000u);
  EXPECT_EQ(host_gpu_fault(&ttbr0, &far), 1u);
  EXPECT_EQ(ttbr0, 0x0123000043000000u);
  EXPECT_EQ(far, 0x7654321000u);
}

// The list has no names: its interrupts are of the first banks.
TEST_F(Driver, GivesTheFirstBanksTheInterruptsThereAreAndNamesTheFirstThatHasNone) {
  start();
  ASSERT_EQ(host_driver_irqs(2, 5), 0);
  EXPECT_EQ(host_irq_of(0), 2);
  EXPECT_EQ(host_irq_of(2), 4);
  EXPECT_EQ(host_irq_of(3), -1);
  EXPECT_STREQ(host_messages(),
               "3 context interrupts for 4 context banks: faults of banks from 3 on are not reported\n");
  start();
  ASSERT_EQ(host_driver_irqs(1, 5), 0);
  EXPECT_EQ(host_irq_of(3), 4);
  EXPECT_STREQ(host_messages(), "");
}

TEST_F(Driver, SaysOnceThatThereAreNoGlobalInterrupts) {
  start();
  ASSERT_EQ(host_driver_irqs(0, 4), 0);
  EXPECT_EQ(host_irq_of(0), 0);
  EXPECT_STREQ(host_messages(), "no global interrupts: global faults are not reported\n");
  start();
  ASSERT_EQ(host_driver_irqs(-1, 0), 0);
  EXPECT_STREQ(host_messages(),
               "has no #global-interrupts: 0 is assumed\n"
               "no global interrupts: global faults are not reported\n"
               "0 context interrupts for 4 context banks: faults of banks from 0 on are not reported\n");
}

TEST_F(Driver, LetsNoAccessWaitInABankThatHasNoInterrupt) {
  ready();
  ASSERT_EQ(host_driver_irqs(1, 2), 0);
  for (const int n : {0, 1}) {
    ASSERT_EQ(host_driver_open(1, 0), n);
    host_driver_stall(n, true);
    EXPECT_EQ(host_read(host_bank(static_cast<unsigned>(n))) & 0x80, n == 0 ? 0x80U : 0U) << "CFCFG of " << n;
  }
}

// S1TS, S2TS and NTS, IDR0.PTFS 0, CTTW, SMS, 8 groups; 4 banks in 8 pages; 48 bits of each, 4 KiB.
constexpr uint32_t kIdr0 = 1u << 30 | 1u << 29 | 1u << 28 | 1u << 27 | 1u << 14 | 8;
constexpr uint32_t kIdr1 = 2u << 28 | host_banks;
constexpr uint32_t kIdr2 = 5u << 8 | 5u << 4 | 5 | 1u << 12;

TEST_F(Driver, KnowsNoStage1WhereAllBanksAreForStage2Alone) {
  host_features found{};
  start();
  ASSERT_EQ(host_driver_features(kIdr0, kIdr1 | 3u << 16, kIdr2, nullptr, &found), 0);
  EXPECT_TRUE(found.stage1 && found.stage2 && found.nested);
  EXPECT_STREQ(host_messages(), "");
  start();
  ASSERT_EQ(host_driver_features(kIdr0, kIdr1 | 4u << 16, kIdr2, "aarch32-s", &found), 0);
  EXPECT_TRUE(!found.stage1 && found.stage2 && !found.nested);
  EXPECT_STREQ(found.format, "aarch32-l") << "stage 2 has no short descriptors";
  EXPECT_NE(std::string(host_messages()).find("(IDR1.NUMS2CB): there is no stage 1"), std::string::npos);
}

TEST_F(Driver, TellsTheAddressSizesOfTheFormatsInUse) {
  struct Row {
    const char* format;
    uint32_t idr0, idr2;
    unsigned input, ipa, output;
  };
  constexpr uint32_t kNoStage1 = 1u << 30 | 1u << 28, kNoStage2 = 1u << 29 | 1u << 28;
  constexpr uint32_t kSmall = 3u << 8 | 1u << 4 | 2 | 1u << 12;  // UBS 42, OAS 36, IAS 40
  const std::vector<Row> rows = {
      {"aarch64", kIdr0, kIdr2, 48, 48, 48},
      {"aarch32-l", kIdr0, kIdr2, 32, 40, 40},
      {"aarch32-s", kIdr0, kIdr2, 32, 40, 40},
      {"aarch64", kIdr0 & ~kNoStage1, kIdr2, 48, 48, 48},
      {"aarch32-l", kIdr0 & ~kNoStage1, kIdr2, 40, 40, 40},
      {"aarch32-s", kIdr0 & ~kNoStage2, kIdr2, 32, 40, 40},
      {"aarch64", kIdr0, kSmall, 42, 40, 36},
      {"aarch32-s", kIdr0 & ~kNoStage2, kSmall, 32, 36, 36},
  };
  for (const Row& row : rows) {
    host_features found{};
    start();
    ASSERT_EQ(host_driver_features(row.idr0, kIdr1, row.idr2, row.format, &found), 0) << row.format;
    EXPECT_EQ(found.input, row.input) << row.format << std::hex << row.idr0;
    EXPECT_EQ(found.ipa, row.ipa) << row.format << std::hex << row.idr0;
    EXPECT_EQ(found.output, row.output) << row.format << std::hex << row.idr0;
  }
}

}  // namespace
