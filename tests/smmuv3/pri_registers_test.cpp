// Registers of the PRI queue (IHI 0070 6.3.1, 6.3.2, 6.3.4, 6.3.9.5, 6.3.11, 6.3.16, 6.3.19, 6.3.33
// to 6.3.36, 6.3.97, 6.3.98).
#include <gtest/gtest.h>

#include "pri_world.h"

namespace smmuvp::smmuv3 {
namespace {

TEST(PriRegisters, AreRes0WithoutIdr0Pri) {
  Features f = with_pri();
  f.PRI = false;
  PriWorld w(f);
  for (const std::uint32_t offset : {0xc0U, 0xc4U, 0xd0U, 0xd4U, 0xd8U, 0xdcU, 0x100c8U, 0x100ccU}) {
    w.write(offset, ~0U);
    EXPECT_EQ(w.read(offset), 0U) << std::hex << offset;
  }
  w.write(0x20, CR0_PRIQEN);
  w.write(0x50, IRQ_CTRL_PRIQ_IRQEN);
  w.write(0x64, GERROR_PRIQ_ABT_ERR | GERROR_MSI_PRIQ_ABT_ERR);
  for (const std::uint32_t offset : {0x20U, 0x24U, 0x50U, 0x54U, 0x64U}) EXPECT_EQ(w.read(offset), 0U);
  EXPECT_EQ(w.read(0) >> 16 & 1, 0U);
}

TEST(PriRegisters, AreClaimedByIdr0AndIdr1) {
  Features f = with_pri();
  f.PPS = true;
  f.PRIQS = 19;
  PriWorld w(f);
  EXPECT_EQ(w.read(0) >> 16 & 1, 1U) << "IDR0.PRI";
  EXPECT_EQ(w.read(4) >> 11 & 31, 19U) << "IDR1.PRIQS";
  EXPECT_EQ(w.read(0xc) >> 5 & 1, 1U) << "IDR3.PPS";
}

TEST(PriRegisters, FeaturesThatOthersNeedAreRefusedByName) {
  Features f = with_pri();
  f.ATS = f.ATSRECERR = false;
  EXPECT_EQ(std::string(f.problem()).substr(0, 4), "PRI ");
  f = with_pri();
  f.PRIQS = 20;
  EXPECT_EQ(std::string(f.problem()).substr(0, 6), "PRIQS ");
  f = with_pri();
  f.PPS = true;
  f.SSIDSIZE = 0;
  EXPECT_EQ(std::string(f.problem()).substr(0, 4), "PPS ");
  f = Features();
  f.PPS = true;
  EXPECT_EQ(std::string(f.problem()).substr(0, 4), "PPS ");
}

TEST(PriRegisters, HoldBaseSizeAndIndexes) {
  PriWorld w;
  std::uint64_t base = 0;
  w.write(0xc0, ~0ULL, 8);
  w.smmu.interface().read(0xc0, 8, AccessSecurity::NonSecure, 0, base);
  EXPECT_EQ(base, 1ULL << 62 | 0xfff'ffff'ffe0ULL | 0x1f) << "WA, ADDR within OAS, LOG2SIZE";
  w.write(0xc0, 3, 8);
  w.write(PriWorld::PROD, ~0U);
  w.write(PriWorld::CONS, ~0U);
  EXPECT_EQ(w.read(PriWorld::PROD), QUEUE_OVFLG | 0xfU) << "bits above the wrap bit are RAZ";
  EXPECT_EQ(w.read(PriWorld::CONS), QUEUE_OVFLG | 0xfU);
  w.write(0xdc, ~0U);
  EXPECT_EQ(w.read(0xdc), PRIQ_IRQ_CFG2_LO | 0x3fU);
}

TEST(PriRegisters, AreGuardedByPriqenWhateverItsEffectiveValueIs) {
  for (const std::uint32_t cr0 : {CR0_PRIQEN, CR0_PRIQEN | CR0_SMMUEN}) {
    PriWorld w;
    w.write(0xc0, PriWorld::priq | 2, 8);
    w.write(0x20, cr0);
    w.write(0xc0, 0x1000, 8);
    w.write(PriWorld::PROD, 1);
    EXPECT_EQ(w.read(0xc0), PriWorld::priq | 2);
    EXPECT_EQ(w.read(PriWorld::PROD), 0U);
    EXPECT_EQ(w.diag.all.size(), 2U);
    w.write(PriWorld::CONS, 1);
    EXPECT_EQ(w.read(PriWorld::CONS), 1U) << "RD is software's";
    w.write(0x28, 0xfff);
    EXPECT_EQ(w.read(0x28) & CR1_QUEUE, 0U) << "QUEUE_* are guarded by PRIQEN too";
  }
}

TEST(PriRegisters, OfInterruptsAreGuardedByPriqIrqen) {
  PriWorld w;
  w.write(0x50, IRQ_CTRL_PRIQ_IRQEN);
  EXPECT_EQ(w.read(0x54), IRQ_CTRL_PRIQ_IRQEN);
  w.write(0xd0, 0x1000, 8);
  w.write(0xd8, 1);
  w.write(0xdc, 1);
  EXPECT_EQ(w.read(0xd0) | w.read(0xd8) | w.read(0xdc), 0U);
  w.write(0x50, IRQ_CTRL_implemented);
  w.write(0xd8, 1);
  EXPECT_EQ(w.read(0xd8), 1U);
}

TEST(PriRegisters, Cr0ackPriqenFollowsTheBitItselfAndNotItsEffectiveValue) {
  PriWorld w;
  w.write(0x20, CR0_PRIQEN);
  EXPECT_EQ(w.read(0x24), CR0_PRIQEN);
  w.write(0x20, CR0_PRIQEN | CR0_SMMUEN);
  w.write(0x20, CR0_PRIQEN);
  w.work();
  EXPECT_EQ(w.read(0x24), CR0_PRIQEN);
  w.write(0x20, 0);
  w.work();
  EXPECT_EQ(w.read(0x24), 0U);
}

TEST(PriRegisters, AQueueLargerThanIdr1PriqsIsCappedAndToldAndSoIsAMisalignedOne) {
  PriWorld w;
  w.write(0xc0, 0x3800'0100 | 10, 8);  // IDR1.PRIQS is 8: 4 KiB
  w.write(PriWorld::PROD, ~0U);
  EXPECT_EQ(w.read(PriWorld::PROD) & 0xfffff, 0x1ffU);
  EXPECT_EQ(w.smmu.interface().pri_queue().base, 0x3800'0000U);
  w.write(0x20, CR0_PRIQEN);
  ASSERT_EQ(w.diag.all.size(), 2U);
  EXPECT_NE(w.diag.all[0].text.find("PRIQ_BASE.LOG2SIZE is 10, and IDR1.PRIQS is 8"), std::string::npos);
  EXPECT_NE(w.diag.all[1].text.find("PRIQ_BASE.ADDR"), std::string::npos);
}

TEST(PriRegisters, AnInconsistentRdCountsAsFullAndIsTold) {
  PriWorld w;
  w.start_pri();
  w.write(PriWorld::CONS, 1);
  ASSERT_EQ(w.diag.all.size(), 1U);
  w.ask(PriWorld::page(1, 0));
  EXPECT_TRUE(w.overflowed());
  EXPECT_EQ(w.read(PriWorld::PROD) & ~QUEUE_OVFLG, 0U);
}

TEST(PriRegisters, AreZeroAfterAResetWhichForgetsWhatHasBeenAskedFor) {
  constexpr std::uint32_t offsets[] = {0x20, 0xc0, 0xd0, 0xd8, 0xdc, PriWorld::PROD, PriWorld::CONS};
  PriWorld w;
  w.start_pri();
  w.configure_irq(0x7000'0040, 1, 0x3f);
  w.ask(PriWorld::page(1, 0));
  w.take_all();
  w.only_ask(PriWorld::page(1, 1));
  for (const std::uint32_t offset : offsets) EXPECT_NE(w.read(offset), 0U) << std::hex << offset;
  w.smmu.reset();
  w.work();
  for (const std::uint32_t offset : offsets) EXPECT_EQ(w.read(offset), 0U) << std::hex << offset;
  EXPECT_TRUE(w.messages().empty()) << "a reset forgets what has been asked for";
}

}  // namespace
}  // namespace smmuvp::smmuv3
