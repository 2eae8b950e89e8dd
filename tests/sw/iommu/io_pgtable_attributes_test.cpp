// What rights, attributes and quirks become in descriptors, as the walker of pgtable/ decodes them.
#include <gtest/gtest.h>

#include "io_pgtable_tables.h"

using namespace smmuvp::pgtable;

namespace {

constexpr unsigned long k4 = SZ_4K | SZ_2M | SZ_1G;

// Every mapping that can be asked for, in every size of every kind of tables.
TEST(IoPgtableAttributes, RightsAndMemoryAreThoseThatWereAskedFor) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    Tables tables(wanted);
    ASSERT_EQ(tables.error(), 0) << wanted;
    for (const std::uint64_t size : tables.sizes()) {
      if (size >= 1ULL << (wanted.ias - 1)) continue;
      for (int prot = 1; prot < 64; ++prot) {
        if ((prot & (IOMMU_READ | IOMMU_WRITE)) == 0) continue;
        const std::uint64_t iova = tables.base() + size;
        ASSERT_EQ(tables.map(iova, 0, size, 1, prot), 0) << wanted;
        const Result r = tables.walk(iova + size - 1);
        ASSERT_TRUE(r.ok()) << wanted << " size " << size << ": " << to_string(r.fault.kind);
        EXPECT_EQ(r.output, size - 1);
        EXPECT_EQ(1ULL << r.block_shift, size);
        EXPECT_EQ(difference(tables, r, prot), "") << wanted << " size " << size << " prot " << prot;
        ASSERT_EQ(tables.unmap(iova, size), size);
      }
    }
  }
}

// Rights survive when a block is split, down to the smallest page.
TEST(IoPgtableAttributes, PartsOfABlockAreAsTheBlockWas) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    Tables tables(wanted);
    for (const std::uint64_t size : tables.sizes()) {
      if (size == tables.smallest() || size >= 1ULL << (wanted.ias - 1)) continue;
      if (size >= 1ULL << tables.leaf_oas(tables.smallest())) continue;
      for (int prot = 1; prot < 64; ++prot) {
        if ((prot & (IOMMU_READ | IOMMU_WRITE)) == 0) continue;
        const std::uint64_t iova = tables.base() + size;
        ASSERT_EQ(tables.map(iova, 0, size, 1, prot), 0);
        ASSERT_EQ(tables.unmap(iova, tables.smallest()), tables.smallest());
        for (const std::uint64_t at : {tables.smallest(), size / 2, size - 1}) {
          const Result r = tables.walk(iova + at);
          ASSERT_TRUE(r.ok()) << wanted << " size " << size;
          EXPECT_EQ(r.output, at);
          EXPECT_EQ(difference(tables, r, prot), "") << wanted << " size " << size << " prot " << prot;
        }
        EXPECT_FALSE(tables.walk(iova).ok());
        ASSERT_EQ(tables.unmap(iova + tables.smallest(), tables.smallest(), size / tables.smallest() - 1),
                  size - tables.smallest());
      }
    }
  }
}

TEST(IoPgtableAttributes, SecureTablesGiveNonSecureAddressesByQuirkOnly) {
  FormatModules modules;
  for (const io_pgtable_fmt format : {ARM_64_LPAE_S1, ARM_32_LPAE_S1, ARM_V7S}) {
    for (const unsigned long quirk : {0UL, IO_PGTABLE_QUIRK_ARM_NS}) {
      Tables tables({format, 32, 40, SZ_4K | SZ_64K | SZ_1M | SZ_2M, quirk});
      ASSERT_EQ(tables.error(), 0);
      Config config = tables.config();
      config.space = AddressSpace::secure;
      for (const std::uint64_t size : tables.sizes()) {
        ASSERT_EQ(tables.map(size, size, size), 0);
        WalkRequest request;
        request.va = size;
        const Result r = walk(config, request, read_tables);
        ASSERT_TRUE(r.ok());
        EXPECT_EQ(r.space, quirk != 0 ? AddressSpace::non_secure : AddressSpace::secure)
            << format << " " << size;
        ASSERT_EQ(tables.unmap(size, size), size);
      }
    }
  }
}

// NSTable: the tables behind the first lie where the guest that made them is.
TEST(IoPgtableAttributes, SecureWalkersReadTablesOfTheQuirkAsNonSecure) {
  FormatModules modules;
  for (const io_pgtable_fmt format : {ARM_64_LPAE_S1, ARM_32_LPAE_S1}) {
    Tables tables({format, 32, 40, k4, IO_PGTABLE_QUIRK_ARM_NS});
    ASSERT_EQ(tables.map(SZ_4K, SZ_4K, SZ_4K), 0);
    WalkRequest request;
    request.va = SZ_4K;
    std::vector<AddressSpace> spaces;
    walk(tables.config(), request, [&](const MemoryOp& op) {
      spaces.push_back(op.space);
      return read_tables(op);
    });
    EXPECT_EQ(spaces,
              (std::vector{AddressSpace::secure, AddressSpace::non_secure, AddressSpace::non_secure}));
  }
}

TEST(IoPgtableAttributes, WalksAreCachedAsTheWalkerSnoops) {
  FormatModules modules;
  // IRGN, ORGN, SH of TCR and VTCR: 1 is Write-Back, 2 and 3 are Outer and Inner Shareable.
  for (const io_pgtable_fmt format : {ARM_64_LPAE_S1, ARM_32_LPAE_S1}) {
    const Tables snooping({format, 32, 40, k4});
    const auto& s = snooping.cfg().arm_lpae_s1_cfg.tcr;
    EXPECT_EQ(s.irgn, 1U);
    EXPECT_EQ(s.orgn, 1U);
    EXPECT_EQ(s.sh, 3U);
    const Tables blind({format, 32, 40, k4, 0, false});
    const auto& b = blind.cfg().arm_lpae_s1_cfg.tcr;
    EXPECT_EQ(b.irgn, 0U);
    EXPECT_EQ(b.orgn, 0U);
    EXPECT_EQ(b.sh, 2U);
    const Tables outer({format, 32, 40, k4, IO_PGTABLE_QUIRK_ARM_OUTER_WBWA, false});
    const auto& o = outer.cfg().arm_lpae_s1_cfg.tcr;
    EXPECT_EQ(o.irgn, 0U);
    EXPECT_EQ(o.orgn, 1U);
    EXPECT_EQ(o.sh, 2U);
  }
  for (const io_pgtable_fmt format : {ARM_64_LPAE_S2, ARM_32_LPAE_S2}) {
    const Tables snooping({format, 40, 40, k4});
    const auto& s = snooping.cfg().arm_lpae_s2_cfg.vtcr;
    EXPECT_EQ(s.irgn, 1U);
    EXPECT_EQ(s.orgn, 1U);
    EXPECT_EQ(s.sh, 3U);
    const Tables blind({format, 40, 40, k4, 0, false});
    const auto& b = blind.cfg().arm_lpae_s2_cfg.vtcr;
    EXPECT_EQ(b.irgn, 0U);
    EXPECT_EQ(b.orgn, 0U);
    EXPECT_EQ(b.sh, 2U);
  }
  // TTBR0 of short descriptors: IRGN[0] at 6, NOS at 5, RGN at [4:3], S at 1, IRGN[1] at 0
  EXPECT_EQ(Tables({ARM_V7S, 32, 32, SZ_4K}).cfg().arm_v7s_cfg.ttbr & 0x7f, 0x6aU);
  EXPECT_EQ(Tables({ARM_V7S, 32, 32, SZ_4K, 0, false}).cfg().arm_v7s_cfg.ttbr & 0x7f, 0U);
  // AS_TRANSTAB: table mode, reads are inner, outer shareable
  EXPECT_EQ(Tables({ARM_MALI_LPAE, 48, 40, k4}).cfg().arm_mali_lpae_cfg.transtab & 0xfff, 0x17U);
  EXPECT_EQ(Tables({ARM_MALI_LPAE, 48, 40, k4, 0, false}).cfg().arm_mali_lpae_cfg.transtab & 0xfff, 0x07U);
}

// SCTLR.AFE and SCTLR.TRE are the driver's: rights and memory types are the same with either value of AFE,
// and types without TRE, where shareability has no inner.
TEST(IoPgtableAttributes, ShortDescriptorsMeanTheSameWithoutRemapAndWithAccessFlag) {
  FormatModules modules;
  Tables tables({ARM_V7S, 32, 32, SZ_4K | SZ_64K | SZ_1M | SZ_16M});
  for (const std::uint64_t size : tables.sizes()) {
    for (int prot = 1; prot < 64; ++prot) {
      if ((prot & (IOMMU_READ | IOMMU_WRITE)) == 0) continue;
      ASSERT_EQ(tables.map(size, size, size, 1, prot), 0);
      const Result with = tables.walk(size);
      WalkRequest request;
      request.va = size;
      request.access = AccessType::none;
      Config config = tables.config();
      config.stage1.v7s.AFE = true;
      EXPECT_EQ(walk(config, request, read_tables).rights, with.rights);
      config.stage1.v7s.TRE = false;
      EXPECT_EQ(walk(config, request, read_tables).attributes.memory, with.attributes.memory) << prot;
      ASSERT_EQ(tables.unmap(size, size), size);
    }
  }
}

}  // namespace
