// SPDX-License-Identifier: MIT
//
// Performance monitors of the naive SMMUv2: IHI 0062 chapters 6 and 12.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveMonitorsV2 : public NaiveSmmuv2 {
 protected:
  NaiveMonitorsV2() {
    parameters.counter_groups = 2;
    parameters.CGNC = 3;
  }
  /// All counters count accesses.
  void count(uint32_t PMEVTYPER = 0x10) {
    if (!smmu.has_value()) start();
    for (unsigned n = 0; n < 6; n++) write(pm(0x400 + 4 * n), PMEVTYPER);
    write(pm(0xC00), 0x3F);
    write(pm(0xE04), 1);
  }
  [[nodiscard]] uint64_t pm(unsigned offset) const { return 3 * page() + offset; }
  uint64_t counter(unsigned n) { return read(pm(4 * n)); }
  static constexpr unsigned PMCGCR0 = 0x800;
  static constexpr unsigned PMCGSMR0 = 0xA00;
};

TEST_F(NaiveMonitorsV2, RegistersTellTheirNumbers) {
  build();
  EXPECT_EQ(read(pm(0xE00)), 0x01001F05u);
  EXPECT_EQ(read(pm(PMCGCR0)), 0x03000000u);
  EXPECT_EQ(read(pm(PMCGCR0 + 8)), 0u);
  write(pm(0xC00), ~0u);
  EXPECT_EQ(read(pm(0xC20)), 0x3Fu);
  write(pm(0xC20), 0x11);
  EXPECT_EQ(read(pm(0xC00)), 0x2Eu);
  write(pm(0xCC0), 0x7F);
  write(pm(0xC80), 0x02);
  EXPECT_EQ(read(pm(0xCC0)), 0x3Du);
  EXPECT_EQ(read(pm(0xFCC)), 0x56u);
  EXPECT_EQ(read(pm(0xFB8)), 0x8Cu);
}

TEST_F(NaiveMonitorsV2, AccessesCountOnceAsReadsOrWrites) {
  count();
  write(pm(0x404), 0x11);
  write(pm(0x408), 0x12);
  access(0);
  access(0, AccessType::atomic);
  access(0, AccessType::write);
  access(GIB);  // a fault
  request.StreamID = 0x7FFF;
  access(0);  // and one that has no bank
  EXPECT_EQ(counter(0), 5u);
  EXPECT_EQ(counter(1), 4u);
  EXPECT_EQ(counter(2), 1u);
  write(pm(0xC20), 1);
  access(0);
  EXPECT_EQ(counter(0), 5u);
  write(pm(0xE04), 0);
  access(0);
  EXPECT_EQ(counter(1), 5u);
  write(pm(0xE04), 2);
  EXPECT_EQ(counter(1), 0u);
}

TEST_F(NaiveMonitorsV2, AStalledAccessIsNotNewWhenItIsRetried) {
  SCTLR |= CFCFG;
  count();
  EXPECT_EQ(access(GIB).kind, Kind::stalled);
  write(cb(4, 0x58), ~0u);
  write(cb(4, 0x08), 0);
  EXPECT_EQ(counter(0), 1u);
}

TEST_F(NaiveMonitorsV2, GroupsFilterByStreamOrBank) {
  count();
  write(pm(PMCGCR0), 0x100);
  write(pm(PMCGSMR0), 0x00010004);
  write(pm(PMCGCR0 + 4), 0x203);
  access(0);
  EXPECT_EQ(counter(0), 1u);
  EXPECT_EQ(counter(3), 0u);
  request.StreamID = 6;
  access(0);
  EXPECT_EQ(counter(0), 1u);
  write(pm(PMCGCR0 + 4), 0x204);
  request.StreamID = 5;
  access(0);
  EXPECT_EQ(counter(3), 1u);
}

TEST_F(NaiveMonitorsV2, TheBankOfStage2CountsToo) {
  nest();
  count();
  write(pm(PMCGCR0), 0x203);
  access(0);
  EXPECT_EQ(counter(0), 1u);
}

TEST_F(NaiveMonitorsV2, SecureAccessesCountWithSPMENOnly) {
  count();
  request.secure = true;
  access(0);
  EXPECT_EQ(counter(0), 0u);
  write(4, read(4, 4, true) | (1u << 27), 4, true);
  access(0);
  EXPECT_EQ(counter(0), 1u);
}

TEST_F(NaiveMonitorsV2, PrivilegeIsFilteredByEquality) {
  count();
  write(pm(0x400), 0x40000010);  // U
  write(pm(0x404), 0x50000010);  // U, NSU
  write(pm(0x408), 0x80000010);  // P
  access(0);
  EXPECT_EQ(counter(0), 0u);
  EXPECT_EQ(counter(1), 1u);
  EXPECT_EQ(counter(2), 1u);
  request.privileged = true;
  access(0);
  EXPECT_EQ(counter(0), 1u);
  EXPECT_EQ(counter(1), 2u);
  EXPECT_EQ(counter(2), 1u);
}

TEST_F(NaiveMonitorsV2, AnOverflowInterruptsWhileCountersAreEnabled) {
  count();
  write(pm(0x10), 0xFFFFFFFF);  // counter 4, of group 1
  write(pm(0xC40), 0x10);
  access(0);
  EXPECT_EQ(counter(4), 0u);
  EXPECT_EQ(read(pm(0xC80)), 0x10u);
  EXPECT_EQ(smmu->interrupts().monitors, (std::vector<bool>{false, true}));
  write(pm(0xE04), 0);
  EXPECT_FALSE(smmu->interrupts().monitors[1]);
  write(pm(0xE04), 1);
  write(pm(0xC80), 0x10);
  EXPECT_FALSE(smmu->interrupts().monitors[1]);
}

TEST_F(NaiveMonitorsV2, ABankShowsTheGroupThatItIsGiven) {
  count();
  EXPECT_EQ(read(cb(4, 0xF00)), 0u);
  write(pm(PMCGCR0 + 4), 0x604);  // CBAEN, by bank 4
  EXPECT_EQ(read(cb(4, 0xF00)), 0x1F02u);
  EXPECT_EQ(read(cb(5, 0xF00)), 0u);
  access(0);
  EXPECT_EQ(counter(3), 0u);  // PMCR is not of this group
  write(cb(4, 0xF04), 1);
  EXPECT_EQ(read(pm(PMCGCR0 + 4)), 0x03000E04u);
  access(0);
  EXPECT_EQ(read(cb(4, 0xE00)), 1u);
  EXPECT_EQ(counter(3), 1u);
  write(cb(4, 0xF44), 2);
  EXPECT_EQ(read(pm(0xC00)), 0x2Fu);
  write(cb(4, 0xF04), 3);
  EXPECT_EQ(counter(3), 0u);
  EXPECT_EQ(counter(0), 2u);
}

TEST_F(NaiveMonitorsV2, WithoutMonitorsThePageIsRazWi) {
  parameters.counter_groups = parameters.CGNC = 0;
  build();
  write(pm(0xE04), 1);
  EXPECT_EQ(read(pm(0xE04)), 0u);
  EXPECT_EQ(read(pm(0xE00)), 0u);
}

}  // namespace
