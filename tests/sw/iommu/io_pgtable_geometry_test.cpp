// Input and output sizes, levels, and addresses at their ends.
#include <gtest/gtest.h>

#include <cerrno>

#include "io_pgtable_tables.h"

using namespace smmuvp::pgtable;

namespace {

constexpr unsigned long k4 = SZ_4K | SZ_2M | SZ_1G;
constexpr unsigned long k16 = SZ_16K | SZ_32M;
constexpr unsigned long k64 = SZ_64K | SZ_512M | 1UL << 42;

struct Range {
  io_pgtable_fmt format;
  unsigned long sizes;
  unsigned first, last, oas;
  unsigned long quirks = 0;
};

TEST(IoPgtableGeometry, EveryLeafSizeReadsBackAtTheEndsOfEveryInputSize) {
  FormatModules modules;
  const Range ranges[] = {
      {ARM_64_LPAE_S1, k4, 25, 48, 48},
      {ARM_64_LPAE_S1, k16, 25, 48, 48},
      {ARM_64_LPAE_S1, k64, 25, 52, 52},
      {ARM_64_LPAE_S1, k4, 25, 48, 48, IO_PGTABLE_QUIRK_ARM_TTBR1},
      {ARM_64_LPAE_S1, k16, 25, 48, 48, IO_PGTABLE_QUIRK_ARM_TTBR1},
      {ARM_64_LPAE_S1, k64, 25, 52, 48, IO_PGTABLE_QUIRK_ARM_TTBR1},
      {ARM_64_LPAE_S2, k4, 25, 48, 48},
      {ARM_64_LPAE_S2, k16, 25, 48, 48},
      {ARM_64_LPAE_S2, k64, 25, 52, 52},
      {ARM_32_LPAE_S1, k4, 25, 32, 40},
      {ARM_32_LPAE_S2, k4, 25, 40, 40},
      {ARM_MALI_LPAE, k4, 25, 48, 40},
      {ARM_V7S, SZ_4K | SZ_64K | SZ_1M | SZ_16M, 25, 32, 40},
  };
  for (const Range& range : ranges) {
    for (unsigned ias = range.first; ias <= range.last; ++ias) {
      const Wanted wanted = {range.format, ias, range.oas, range.sizes, range.quirks};
      Tables tables(wanted);
      ASSERT_EQ(tables.error(), 0) << wanted;
      ASSERT_TRUE(validate(tables.config()).empty()) << wanted << ": " << validate(tables.config())[0].field
                                                     << " " << validate(tables.config())[0].reason;
      for (const std::uint64_t size : tables.sizes()) {
        const std::uint64_t end = tables.base() + (1ULL << ias);
        const std::uint64_t pa = (1ULL << tables.leaf_oas(size)) - size;
        for (const std::uint64_t iova : {tables.base(), end - size}) {
          ASSERT_EQ(tables.map(iova, pa, size), 0) << wanted << " size " << size;
          for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{0x123}, size - 1}) {
            const Result r = tables.walk(iova + offset);
            ASSERT_TRUE(r.ok()) << wanted << " size " << size << ": " << to_string(r.fault.kind);
            EXPECT_EQ(r.output, pa + offset) << wanted;
            EXPECT_EQ(1ULL << r.block_shift, size) << wanted;
            EXPECT_EQ(tables.lookup(iova + offset), pa + offset) << wanted;
          }
          EXPECT_FALSE(tables.walk(iova - 1).ok()) << wanted;
          EXPECT_FALSE(tables.walk(iova + size).ok()) << wanted;
          EXPECT_EQ(tables.unmap(iova, size), size) << wanted;
          EXPECT_FALSE(tables.walk(iova).ok()) << wanted;
        }
      }
    }
  }
}

TEST(IoPgtableGeometry, LeafSizesAreThoseOfTheGranuleThatTheLookupHolds) {
  FormatModules modules;
  const auto sizes = [](const Wanted& w) { return Tables(w).cfg().pgsize_bitmap; };
  const unsigned long all = k4 | k16 | k64;
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 48, 48, all}), k4) << "the smallest granule";
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 48, 48, k16 | k64}), k16);
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 48, 48, k64}), SZ_64K | SZ_512M) << "4 TiB needs outputs of 52 bits";
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 48, 52, k64}), k64);
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 42, 52, k64}), SZ_64K | SZ_512M) << "no level 1";
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 30, 48, k4}), SZ_4K | SZ_2M) << "no level 1";
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 31, 48, k4}), k4);
  EXPECT_EQ(sizes({ARM_64_LPAE_S1, 48, 48, SZ_4K | SZ_1G}), SZ_4K | SZ_1G) << "no more than was offered";
  EXPECT_EQ(sizes({ARM_V7S, 32, 32, SZ_4K | SZ_2M | SZ_16M}), SZ_4K | SZ_16M);
}

TEST(IoPgtableGeometry, OutputSizeIsThatOfTheFormatAtMost) {
  FormatModules modules;
  const auto oas = [](const Wanted& w) { return Tables(w).cfg().oas; };
  EXPECT_EQ(oas({ARM_64_LPAE_S1, 48, 52, k4}), 48U);
  EXPECT_EQ(oas({ARM_64_LPAE_S2, 48, 52, k16}), 48U);
  EXPECT_EQ(oas({ARM_64_LPAE_S2, 48, 52, k64}), 52U);
  EXPECT_EQ(oas({ARM_32_LPAE_S1, 32, 48, k4}), 40U);
  EXPECT_EQ(oas({ARM_32_LPAE_S2, 40, 48, k4}), 40U);
  EXPECT_EQ(oas({ARM_MALI_LPAE, 48, 48, k4}), 40U);
  EXPECT_EQ(oas({ARM_V7S, 32, 48, SZ_4K}), 40U);
}

// DDI 0487 D8.2: a stage 2 of 40 bits starts at level 1, with two tables side by side; level 0 is only for
// outputs of 44 bits and more.
TEST(IoPgtableGeometry, Stage2PutsTablesSideBySideBeforeItTakesAnotherLevel) {
  FormatModules modules;
  const auto start = [](const Wanted& w) { return int{Tables(w).config().stage2.start_level}; };
  EXPECT_EQ(start({ARM_64_LPAE_S2, 34, 48, k4}), 2);  // 16 tables
  EXPECT_EQ(start({ARM_64_LPAE_S2, 35, 48, k4}), 1);
  EXPECT_EQ(start({ARM_64_LPAE_S2, 40, 40, k4}), 1);
  EXPECT_EQ(start({ARM_64_LPAE_S2, 43, 48, k4}), 1);
  EXPECT_EQ(start({ARM_64_LPAE_S2, 44, 48, k4}), 0);
  EXPECT_EQ(start({ARM_64_LPAE_S2, 40, 40, k16}), 2);
  EXPECT_EQ(start({ARM_64_LPAE_S2, 48, 48, k16}), 1);
  EXPECT_EQ(start({ARM_64_LPAE_S2, 46, 48, k64}), 2);
  EXPECT_EQ(start({ARM_64_LPAE_S2, 47, 48, k64}), 1);
  EXPECT_EQ(start({ARM_32_LPAE_S2, 40, 40, k4}), 1);
}

TEST(IoPgtableGeometry, FirstTablesAreAlignedToTheirSize) {
  FormatModules modules;
  // Another page in use before: alignment is no accident.
  const Tables other({ARM_64_LPAE_S1, 39, 48, k4});
  EXPECT_EQ(Tables({ARM_64_LPAE_S2, 43, 48, k4}).cfg().arm_lpae_s2_cfg.vttbr & 0xffff, 0U);
  EXPECT_EQ(Tables({ARM_64_LPAE_S2, 46, 48, k64}).cfg().arm_lpae_s2_cfg.vttbr & 0xfffff, 0U);
  EXPECT_EQ(Tables({ARM_64_LPAE_S1, 47, 48, SZ_16K}).cfg().arm_lpae_s1_cfg.ttbr & 0x3fff, 0U);
  EXPECT_EQ(Tables({ARM_V7S, 32, 32, SZ_4K}).cfg().arm_v7s_cfg.ttbr & 0x3f80, 0U);
}

// The upper range begins where all address bits above the input size are ones.
TEST(IoPgtableGeometry, UpperRangeTakesOnlyAddressesThatAreSignExtended) {
  FormatModules modules;
  Tables tables({ARM_64_LPAE_S1, 39, 48, k4, IO_PGTABLE_QUIRK_ARM_TTBR1});
  EXPECT_EQ(tables.map(0, SZ_4K, SZ_4K), -ERANGE);
  EXPECT_EQ(tables.map(0x7ffffff000, SZ_4K, SZ_4K), -ERANGE);
  EXPECT_EQ(tables.map(tables.base() - SZ_4K, SZ_4K, SZ_4K, 2), -ERANGE);
  EXPECT_EQ(tables.map(~0xfffULL, SZ_4K, SZ_4K, 2), -ERANGE);
  EXPECT_EQ(tables.map(~0xfffULL, SZ_4K, SZ_4K), 0);
  EXPECT_EQ(tables.lookup(~0ULL), 0x1fffU);
  EXPECT_EQ(tables.lookup(0x7fffffffff), 0U);
}

TEST(IoPgtableGeometry, AddressesOutOfRangeAreRefused) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    Tables tables(wanted);
    const std::uint64_t end = tables.base() + (1ULL << wanted.ias);
    for (const std::uint64_t size : tables.sizes()) {
      const std::uint64_t limit = 1ULL << tables.leaf_oas(size);
      EXPECT_EQ(tables.map(end, 0, size), -ERANGE) << wanted;
      EXPECT_EQ(tables.map(end - size, 0, size, 2), -ERANGE) << wanted;
      EXPECT_EQ(tables.map(tables.base(), limit, size), -ERANGE) << wanted;
      EXPECT_EQ(tables.map(tables.base(), ~(size - 1), size), -ERANGE) << wanted;
      EXPECT_EQ(tables.map(tables.base(), 0, size, UINT64_MAX / size), -ERANGE) << wanted;
      EXPECT_EQ(tables.map(tables.base(), 0, size, UINT64_MAX), -ERANGE) << wanted;
      if (2 * size <= 1ULL << wanted.ias) {
        EXPECT_EQ(tables.map(tables.base(), limit - size, size, 2), -ERANGE) << wanted;
        EXPECT_EQ(tables.map(tables.base(), ~(size - 1), size, 2), -ERANGE) << wanted << ": wraps";
      }
      EXPECT_EQ(tables.map(tables.base() + 1, 0, size), -EINVAL);
      EXPECT_EQ(tables.map(tables.base(), size / 2, size), -EINVAL);
      EXPECT_EQ(tables.map(tables.base(), 0, size, 0), -EINVAL);
      EXPECT_EQ(tables.map(tables.base(), 0, size, 1, IOMMU_CACHE), -EINVAL);
      EXPECT_EQ(tables.mapped(), 0U);
      EXPECT_EQ(tables.unmap(end, size), 0U);
      EXPECT_EQ(tables.unmap(tables.base(), size, UINT64_MAX / size), 0U);
    }
    EXPECT_EQ(tables.map(tables.base(), 0, 0), -EINVAL);
    EXPECT_EQ(tables.map(tables.base(), 0, tables.cfg().pgsize_bitmap | 1), -EINVAL);
    EXPECT_EQ(tables.map(tables.base(), 0, 2 * tables.smallest()), -EINVAL);
    EXPECT_EQ(tables.lookup(end), 0U) << wanted;
  }
}

// Pages and sections have 32 bits of address, supersections 40.
TEST(IoPgtableGeometry, OnlySupersectionsReachAbove4GiB) {
  FormatModules modules;
  Tables wide({ARM_V7S, 32, 40, SZ_4K | SZ_64K | SZ_1M | SZ_16M});
  for (const std::uint64_t size : {SZ_4K, SZ_64K, SZ_1M}) EXPECT_EQ(wide.map(0, 1ULL << 32, size), -ERANGE);
  ASSERT_EQ(wide.map(SZ_16M, 0xab12000000, SZ_16M), 0);
  EXPECT_EQ(wide.walk(SZ_16M + 0x123456).output, 0xab12123456U);
  EXPECT_EQ(wide.lookup(SZ_16M + 0x123456), 0xab12123456U);
  Tables narrow({ARM_V7S, 32, 32, SZ_4K | SZ_64K | SZ_1M | SZ_16M});
  EXPECT_EQ(narrow.map(0, 1ULL << 32, SZ_16M), -ERANGE);
}

}  // namespace
