// The guest's allocator of device addresses against a model that looks at every page.
extern "C" {
#include <iova.h>
}

#include "host_kernel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace {

constexpr u64 k4K = 0x1000;
constexpr u64 k4G = 1ULL << 32;
constexpr u64 kAll = ~0ULL;

struct Iova : ::testing::Test {
  void init(u64 start, u64 last, u64 granule = k4K) { iova_init(&iovad, granule, start, last); }
  void SetUp() override { objects = host_objects; }
  void TearDown() override {
    iova_destroy(&iovad);
    EXPECT_EQ(host_objects, objects) << "ranges are left behind";
  }
  iova_domain iovad{};
  int objects = 0;
};

TEST_F(Iova, IsTakenFromTheTopDownBelow4GiB) {
  init(0, kAll);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4G - k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4G - 2 * k4K);
}

TEST_F(Iova, Above4GiBComesOnceThereIsNoRoomBelow) {
  init(k4G - 2 * k4K, k4G + 4 * k4K - 1);
  EXPECT_EQ(iova_alloc(&iovad, 2 * k4K, kAll), k4G - 2 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4G + 3 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, k4G - 1), IOVA_NONE) << "for a device of 32 bits";
}

TEST_F(Iova, ComesBackBelow4GiBOnceSomethingIsFreedThere) {
  init(k4G - 2 * k4K, k4G + 4 * k4K - 1);
  ASSERT_EQ(iova_alloc(&iovad, 2 * k4K, kAll), k4G - 2 * k4K);
  ASSERT_EQ(iova_alloc(&iovad, k4K, kAll), k4G + 3 * k4K);
  EXPECT_EQ(iova_free(&iovad, k4G - 2 * k4K, 2 * k4K), 0);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4G - k4K);
}

TEST_F(Iova, IsAlignedToThePowerOfTwoAtOrAboveItsSize) {
  init(0, kAll);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4G - k4K);
  EXPECT_EQ(iova_alloc(&iovad, 3 * k4K, kAll), k4G - 4 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, 5 * k4K, kAll), k4G - 16 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4G / 4, kAll), k4G / 2);
}

TEST_F(Iova, StaysInTheAperture) {
  init(k4K * 16, k4K * 18 - 1);
  EXPECT_EQ(iova_alloc(&iovad, 2 * k4K, kAll), 16 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), IOVA_NONE);
}

TEST_F(Iova, StaysInReachOfTheDevice) {
  init(0, kAll);
  EXPECT_EQ(iova_alloc(&iovad, k4K, 0xffff), 0xf000U);
  EXPECT_EQ(iova_alloc(&iovad, k4K, 0xfffe), 0xe000U) << "a page whose last byte is out of reach";
  EXPECT_EQ(iova_alloc(&iovad, k4K, k4K), IOVA_NONE);
}

TEST_F(Iova, ReachesTheLastByteOfAll) {
  init(k4G, kAll);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), kAll - k4K + 1);
  EXPECT_EQ(iova_alloc(&iovad, 1ULL << 63, kAll), IOVA_NONE) << "the upper half has one page less";
  EXPECT_EQ(iova_alloc(&iovad, 1ULL << 62, kAll), 1ULL << 63);
  EXPECT_EQ(iova_free(&iovad, kAll - k4K + 1, k4K), 0);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), kAll - k4K + 1);
}

TEST_F(Iova, ZeroIsNoAddress) {
  init(0, 4 * k4K - 1);
  EXPECT_EQ(iova_alloc(&iovad, 4 * k4K, kAll), IOVA_NONE);
  EXPECT_EQ(iova_alloc(&iovad, 2 * k4K, kAll), 2 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), IOVA_NONE);
}

TEST_F(Iova, SizesOfNothingAndOfMoreThanThereIsAreRefused) {
  init(0, kAll);
  EXPECT_EQ(iova_alloc(&iovad, 0, kAll), IOVA_NONE);
  EXPECT_EQ(iova_alloc(&iovad, kAll, kAll), IOVA_NONE);
  EXPECT_EQ(iova_alloc(&iovad, kAll - k4K, kAll), IOVA_NONE);
  EXPECT_EQ(iova_alloc(&iovad, (1ULL << 63) + 1, kAll), IOVA_NONE);
  EXPECT_EQ(iova_alloc(&iovad, 1ULL << 63, kAll), 1ULL << 63);
}

TEST_F(Iova, ApertureThatNoPageFitsInGivesNothing) {
  init(kAll - 10, kAll);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), IOVA_NONE);
}

TEST_F(Iova, SizesAreRoundedUpToTheGranule) {
  init(0, kAll, 0x10000);
  EXPECT_EQ(iova_alloc(&iovad, 1, kAll), k4G - 0x10000);
  EXPECT_EQ(iova_alloc(&iovad, 1, kAll), k4G - 0x20000);
  EXPECT_EQ(iova_free(&iovad, k4G - 0x10000, 1), 0);
}

TEST_F(Iova, OnlyWhatIsTakenIsFreed) {
  init(0, kAll);
  const u64 at = iova_alloc(&iovad, 2 * k4K, kAll);
  EXPECT_EQ(iova_free(&iovad, at + k4K, k4K), -ENOENT) << "a part";
  EXPECT_EQ(iova_free(&iovad, at, k4K), -ENOENT) << "another size";
  EXPECT_EQ(iova_free(&iovad, at, 0), -ENOENT);
  EXPECT_EQ(iova_free(&iovad, at, 2 * k4K), 0);
  EXPECT_EQ(iova_free(&iovad, at, 2 * k4K), -ENOENT) << "twice";
}

TEST_F(Iova, WhatIsReservedIsNotHandedOut) {
  init(0, kAll);
  EXPECT_EQ(iova_reserve(&iovad, k4G - k4K, k4G - 1), 0);
  EXPECT_EQ(iova_reserve(&iovad, k4G - 3 * k4K + 8, k4G - 3 * k4K + 9), 0) << "whole pages";
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4G - 2 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4G - 4 * k4K);
  EXPECT_EQ(iova_free(&iovad, k4G - k4K, k4K), -ENOENT) << "it is nobody's to free";
}

TEST_F(Iova, ReservedRangesMayOverlapAndLieOutside) {
  init(16 * k4K, 32 * k4K - 1);
  EXPECT_EQ(iova_reserve(&iovad, 20 * k4K, 22 * k4K - 1), 0);
  EXPECT_EQ(iova_reserve(&iovad, 24 * k4K, 25 * k4K - 1), 0);
  EXPECT_EQ(iova_reserve(&iovad, 17 * k4K, 30 * k4K - 1), 0);
  EXPECT_EQ(iova_reserve(&iovad, 17 * k4K, 30 * k4K - 1), 0) << "twice";
  EXPECT_EQ(iova_reserve(&iovad, 0, k4K - 1), 0);
  EXPECT_EQ(iova_reserve(&iovad, kAll - k4K, kAll), 0);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), 31 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), 30 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), 16 * k4K);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), IOVA_NONE);
}

TEST_F(Iova, WhatIsHandedOutIsNotReserved) {
  init(16 * k4K, 32 * k4K - 1);
  ASSERT_EQ(iova_alloc(&iovad, k4K, kAll), 31 * k4K);
  EXPECT_EQ(iova_reserve(&iovad, 30 * k4K, 32 * k4K - 1), -EBUSY);
  EXPECT_EQ(iova_free(&iovad, 31 * k4K, k4K), 0);
  EXPECT_EQ(iova_reserve(&iovad, 30 * k4K, 32 * k4K - 1), 0);
}

TEST_F(Iova, TheLastByteOfAllCanBeReserved) {
  init(k4G, kAll);
  EXPECT_EQ(iova_reserve(&iovad, 0, kAll), 0);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), IOVA_NONE);
}

TEST_F(Iova, WithoutMemoryNothingIsReserved) {
  init(k4K, 2 * k4K - 1);
  host_fail_countdown = 1;
  EXPECT_EQ(iova_reserve(&iovad, k4K, 2 * k4K - 1), -ENOMEM);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4K);
}

TEST_F(Iova, WithoutMemoryNothingIsTaken) {
  init(k4K, 2 * k4K - 1);
  host_fail_countdown = 1;
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), IOVA_NONE);
  EXPECT_EQ(iova_alloc(&iovad, k4K, kAll), k4K);
}

TEST_F(Iova, ManyRangesAreFoundInTheTimeOfFew) {
  init(0, kAll);
  // Quadratic, this takes minutes.
  for (int i = 1; i <= 400000; ++i) ASSERT_EQ(iova_alloc(&iovad, k4K, kAll), k4G - k4K * i);
  // And once the lower area is full, each is told so at once.
  ASSERT_NE(iova_alloc(&iovad, k4G / 2, kAll), IOVA_NONE);
  for (int i = 1; i <= 20000; ++i) ASSERT_GE(iova_alloc(&iovad, k4G / 2, kAll), k4G);
}

// Every page of a small space around 4 GiB.
class Model {
 public:
  Model(u64 start, u64 pages) : m_start(start), m_taken(pages) {}
  bool is_free(u64 at, u64 pages) const {
    for (u64 i = 0; i < pages; ++i) {
      if (m_taken[(at - m_start) / k4K + i]) return false;
    }
    return true;
  }
  void set(u64 at, u64 pages, bool taken) {
    for (u64 i = 0; i < pages; ++i) m_taken[(at - m_start) / k4K + i] = taken;
  }
  bool fits(u64 pages, u64 limit) const {
    u64 align = 1;
    while (align < pages) align *= 2;
    for (u64 i = 0; i + pages <= m_taken.size(); ++i) {
      const u64 at = m_start + i * k4K;
      if (at % (align * k4K) == 0 && at + pages * k4K - 1 <= limit && is_free(at, pages)) return true;
    }
    return false;
  }

 private:
  u64 m_start;
  std::vector<bool> m_taken;
};

TEST_F(Iova, FindsRoomExactlyWhenThereIsSome) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    const u64 below = random() % 40, above = random() % 40 + 1;
    const u64 start = k4G - below * k4K, last = k4G + above * k4K - 1;
    Model model(start, below + above);
    std::map<u64, u64> ranges;
    init(start, last);
    for (int n = round % 4; n; --n) {
      const u64 at = random() % (below + above), pages = random() % std::min<u64>(5, below + above - at) + 1;
      ASSERT_EQ(iova_reserve(&iovad, start + at * k4K, start + (at + pages) * k4K - 1), 0);
      model.set(start + at * k4K, pages, true);
    }
    for (int step = 0; step < 3000; ++step) {
      if (random() % 5 < 2 && !ranges.empty()) {
        const auto it = std::next(ranges.begin(), static_cast<long>(random() % ranges.size()));
        ASSERT_EQ(iova_free(&iovad, it->first, it->second * k4K), 0);
        model.set(it->first, it->second, false);
        ranges.erase(it);
        continue;
      }
      const u64 pages = random() % (random() % 8 ? 4 : 20) + 1;
      const u64 limit = random() % 3 ? kAll : start + random() % ((below + above) * k4K);
      const u64 at = iova_alloc(&iovad, pages * k4K, limit);
      if (at == IOVA_NONE) {
        ASSERT_FALSE(model.fits(pages, limit)) << pages << " pages below " << std::hex << limit;
        continue;
      }
      ASSERT_GE(at, start);
      ASSERT_LE(at + pages * k4K - 1, std::min(limit, last));
      ASSERT_TRUE(model.is_free(at, pages)) << "handed out twice";
      if (at + pages * k4K > k4G) {
        ASSERT_FALSE(model.fits(pages, std::min(limit, k4G - 1))) << "there is room below 4 GiB";
      }
      model.set(at, pages, true);
      ranges[at] = pages;
    }
    iova_destroy(&iovad);
  }
}

}  // namespace
