// Removal, replacement and splitting, with the TLB invalidations that they ask for.
#include <gtest/gtest.h>

#include <cerrno>

#include "io_pgtable_tables.h"

namespace {

constexpr unsigned long k4 = SZ_4K | SZ_2M | SZ_1G;

struct Recorder : Tlb {
  void flush_all() override { ++all; }
  void flush_walk(std::uint64_t iova, std::uint64_t size, std::uint64_t) override {
    walks.emplace_back(iova, size);
  }
  void add_page(std::uint64_t iova, std::uint64_t size) override { pages.emplace_back(iova, size); }
  void forget() {
    walks.clear();
    pages.clear();
  }
  using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  Ranges walks, pages;
  unsigned all = 0;
};

TEST(IoPgtableUnmap, WhatIsMappedIsNotReplaced) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    Tables tables(wanted);
    const std::uint64_t page = tables.smallest();
    for (const std::uint64_t size : tables.sizes()) {
      if (size == page || 2 * size > 1ULL << wanted.ias) continue;
      const std::uint64_t iova = tables.base() + size;
      if (size < 1ULL << tables.leaf_oas(size)) {
        ASSERT_EQ(tables.map(iova, 0, size), 0) << wanted;
        EXPECT_EQ(tables.map(iova, 0, size), -EEXIST);
        EXPECT_EQ(tables.map(iova + size - page, 0, page), -EEXIST);
        EXPECT_EQ(tables.mapped(), 0U);
        ASSERT_EQ(tables.unmap(iova, size), size);
      }
      ASSERT_EQ(tables.map(iova + size - page, page, page), 0);
      if (size < 1ULL << tables.leaf_oas(size)) {
        EXPECT_EQ(tables.map(iova, 0, size), -EEXIST) << wanted;
      }
      EXPECT_EQ(tables.walk(iova + size - page).output, page);
      ASSERT_EQ(tables.unmap(iova + size - page, page), page);
    }
  }
}

TEST(IoPgtableUnmap, RemovalOfABlockOverPagesEndsAtTheHole) {
  FormatModules modules;
  Recorder tlb;
  Tables tables({ARM_64_LPAE_S1, 48, 48, k4}, &tlb);
  ASSERT_EQ(tables.map(SZ_2M, 0, SZ_4K, 512), 0);
  ASSERT_EQ(tables.unmap(2 * SZ_2M - SZ_4K, SZ_4K), SZ_4K);
  tlb.forget();
  EXPECT_EQ(tables.unmap(SZ_2M, SZ_2M), 511 * SZ_4K) << "511 of 512 pages were there";
  EXPECT_EQ(tlb.pages.size(), 511U);
  EXPECT_FALSE(tables.walk(SZ_2M).ok());

  ASSERT_EQ(tables.map(SZ_2M, 0, SZ_4K, 512), 0);
  ASSERT_EQ(tables.unmap(SZ_2M + 3 * SZ_4K, SZ_4K), SZ_4K);
  EXPECT_EQ(tables.unmap(SZ_2M, SZ_2M), 3 * SZ_4K);
  EXPECT_TRUE(tables.walk(SZ_2M + 4 * SZ_4K).ok()) << "what lies behind the hole stays";
}

TEST(IoPgtableUnmap, RemovalOfPagesOverBlocksTakesThemWhole) {
  FormatModules modules;
  Recorder tlb;
  Tables tables({ARM_64_LPAE_S1, 48, 48, k4}, &tlb);
  ASSERT_EQ(tables.map(SZ_2M, 0, SZ_2M, 2), 0);
  EXPECT_EQ(tables.unmap(SZ_2M, SZ_4K, 1024), 2 * SZ_2M);
  EXPECT_EQ(tlb.pages, (Recorder::Ranges{{SZ_2M, SZ_2M}, {2 * SZ_2M, SZ_2M}}));
  EXPECT_TRUE(tlb.walks.empty()) << "nothing was split";
}

TEST(IoPgtableUnmap, ATableOfWhichNothingStaysGoesAsOne) {
  FormatModules modules;
  for (const Wanted& wanted : {Wanted{ARM_64_LPAE_S1, 48, 48, k4}, Wanted{ARM_V7S, 32, 32, SZ_4K | SZ_1M}}) {
    Recorder tlb;
    Tables tables(wanted, &tlb);
    const std::uint64_t size = tables.sizes()[1];
    ASSERT_EQ(tables.map(size, 0, SZ_4K), 0);
    ASSERT_EQ(tables.unmap(size, SZ_4K), SZ_4K);
    const std::size_t pages = host_pages_in_use();
    ASSERT_EQ(tables.map(size, 0, SZ_4K, size / SZ_4K), 0);
    tlb.forget();
    EXPECT_EQ(tables.unmap(size, size), size);
    EXPECT_EQ(tlb.walks, (Recorder::Ranges{{size, size}}));
    EXPECT_TRUE(tlb.pages.empty());
    EXPECT_EQ(host_pages_in_use(), pages - 1);
  }
}

// Tables of short descriptors share pages: one that is used again has nothing of before.
TEST(IoPgtableUnmap, ATableThatIsUsedAgainIsEmpty) {
  FormatModules modules;
  Tables tables({ARM_V7S, 32, 32, SZ_4K | SZ_1M});
  ASSERT_EQ(tables.map(0, SZ_4K, SZ_4K), 0);  // holds the page
  ASSERT_EQ(tables.map(SZ_1M, 0, SZ_4K, 256), 0);
  const std::size_t pages = host_pages_in_use();
  ASSERT_EQ(tables.unmap(SZ_1M, SZ_1M), SZ_1M);
  ASSERT_EQ(tables.map(SZ_1M, SZ_4K, SZ_4K), 0);
  EXPECT_FALSE(tables.walk(SZ_1M + SZ_4K).ok());
  EXPECT_EQ(host_pages_in_use(), pages);
}

TEST(IoPgtableUnmap, NothingIsCachedOfTablesThatAreFreed) {
  FormatModules modules;
  Recorder tlb;
  { const Tables tables({ARM_64_LPAE_S1, 48, 48, k4}, &tlb); }
  EXPECT_EQ(tlb.all, 1U);
}

TEST(IoPgtableUnmap, AnEmptyTableYieldsToABlock) {
  FormatModules modules;
  for (const Wanted& wanted : {Wanted{ARM_64_LPAE_S1, 48, 48, k4}, Wanted{ARM_V7S, 32, 32, SZ_4K | SZ_1M}}) {
    Recorder tlb;
    Tables tables(wanted, &tlb);
    const std::uint64_t size = tables.sizes()[1];
    ASSERT_EQ(tables.map(size, 0, SZ_4K), 0);
    ASSERT_EQ(tables.unmap(size, SZ_4K), SZ_4K);
    const std::size_t pages = host_pages_in_use();
    tlb.forget();
    ASSERT_EQ(tables.map(size, 0, size), 0);
    EXPECT_EQ(tlb.walks, (Recorder::Ranges{{size, size}})) << "the walker still has the table";
    EXPECT_EQ(host_pages_in_use(), pages - 1);
  }
}

TEST(IoPgtableUnmap, ABlockIsBrokenBeforeItsPartsAreMade) {
  FormatModules modules;
  Recorder tlb;
  Tables lpae({ARM_64_LPAE_S1, 48, 48, k4}, &tlb);
  ASSERT_EQ(lpae.map(SZ_2M, 0, SZ_2M), 0);
  ASSERT_EQ(lpae.unmap(SZ_2M + SZ_4K, SZ_4K), SZ_4K);
  EXPECT_EQ(tlb.walks, (Recorder::Ranges{{SZ_2M, SZ_2M}}));
  EXPECT_EQ(tlb.pages, (Recorder::Ranges{{SZ_2M + SZ_4K, SZ_4K}}));

  tlb.forget();
  Tables v7s({ARM_V7S, 32, 32, SZ_4K | SZ_64K | SZ_1M | SZ_16M}, &tlb);
  ASSERT_EQ(v7s.map(SZ_16M, 0, SZ_16M), 0);
  ASSERT_EQ(v7s.unmap(SZ_16M + SZ_4K, SZ_4K), SZ_4K);
  EXPECT_EQ(tlb.walks, (Recorder::Ranges{{SZ_16M, SZ_16M}, {SZ_16M, SZ_1M}}));
  ASSERT_EQ(v7s.map(0, 0, SZ_64K), 0);
  tlb.forget();
  ASSERT_EQ(v7s.unmap(SZ_4K, SZ_4K), SZ_4K);
  EXPECT_EQ(tlb.walks, (Recorder::Ranges{{0, SZ_64K}}));
}

TEST(IoPgtableUnmap, ABlockThatCannotBeSplitStaysWhole) {
  FormatModules modules;
  Tables lpae({ARM_64_LPAE_S1, 48, 48, k4});
  ASSERT_EQ(lpae.map(SZ_2M, 0, SZ_2M), 0);
  host_fail_allocation(1);
  EXPECT_EQ(lpae.unmap(SZ_2M, SZ_4K), 0U);
  EXPECT_EQ(lpae.walk(SZ_2M + 5).output, 5U);
  EXPECT_EQ(lpae.unmap(SZ_2M, SZ_4K), SZ_4K);

  Tables v7s({ARM_V7S, 32, 40, SZ_4K | SZ_16M});
  ASSERT_EQ(v7s.map(SZ_16M, 1ULL << 32, SZ_16M), 0);
  EXPECT_EQ(v7s.unmap(SZ_16M, SZ_4K), 0U) << "sections cannot point above 4 GiB";
  EXPECT_EQ(v7s.walk(SZ_16M + 5).output, (1ULL << 32) + 5);
}

TEST(IoPgtableUnmap, TablesAreMadeAsTheCallerCanWait) {
  FormatModules modules;
  for (const Wanted& wanted : every_kind()) {
    Tables tables(wanted);
    const std::uint64_t page = tables.smallest();
    host_forget_gfp();
    ASSERT_EQ(tables.map(tables.base(), 0, page, 1, IOMMU_READ, GFP_ATOMIC), 0);
    EXPECT_EQ(host_gfp_seen() & GFP_KERNEL, 0U) << wanted << ": slept under the caller's lock";
    for (const std::uint64_t size : tables.sizes()) {
      if (2 * size > 1ULL << wanted.ias || size >= 1ULL << tables.leaf_oas(page)) continue;
      if (size == page) continue;
      ASSERT_EQ(tables.map(tables.base() + size, 0, size), 0);
      host_forget_gfp();
      ASSERT_EQ(tables.unmap(tables.base() + size, page), page);
      EXPECT_EQ(host_gfp_seen() & GFP_KERNEL, 0U) << wanted << ": removal does not sleep";
      ASSERT_EQ(tables.unmap(tables.base() + size + page, page, size / page - 1), size - page);
    }
  }
}

TEST(IoPgtableUnmap, LackOfMemoryLeavesWhatWasMapped) {
  FormatModules modules;
  Tables tables({ARM_64_LPAE_S1, 48, 48, k4});
  host_fail_allocation(4);  // a table each for levels 1, 2, 3; then the second of level 3
  EXPECT_EQ(tables.map(SZ_2M - 2 * SZ_4K, 0, SZ_4K, 4), -ENOMEM);
  EXPECT_EQ(tables.mapped(), 2 * SZ_4K);
  EXPECT_TRUE(tables.walk(SZ_2M - SZ_4K).ok());
  EXPECT_FALSE(tables.walk(SZ_2M).ok());
  EXPECT_EQ(tables.unmap(SZ_2M - 2 * SZ_4K, SZ_4K, 2), 2 * SZ_4K);
}

}  // namespace
