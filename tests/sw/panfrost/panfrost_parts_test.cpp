// Parts of the guest's Mali driver that touch no register: regions, address spaces, faults and jobs
// (docs/mali.md).
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <map>
#include <random>
#include <set>
#include <string>

#include "host_gpu.h"

namespace {

struct Region {
  uint64_t base;
  unsigned bits;
};

Region region_of(uint64_t lockaddr) {
  const unsigned bits = static_cast<unsigned>(lockaddr & 0x3f) + 1;
  return {bits == 64 ? 0 : lockaddr & ~0xfffull & ~((1ull << bits) - 1), bits};
}

bool covers(const Region& r, uint64_t first, uint64_t last) {
  return r.bits == 64 || (first >> r.bits == r.base >> r.bits && last >> r.bits == r.base >> r.bits);
}

TEST(LockRegion, IsTheSmallestAlignedPowerOfTwoThatHasTheRangeInIt) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t start = random() >> random() % 64;
    const uint64_t size = 1 + (random() >> (1 + random() % 63));
    const uint64_t last = start + (size - 1) < start ? ~0ull : start + (size - 1);
    const Region r = region_of(host_lock_region(start, size));
    ASSERT_TRUE(covers(r, start, last)) << std::hex << start << " + " << size;
    ASSERT_GE(r.bits, 15u);
    ASSERT_LE(r.bits, 64u);
    if (r.bits > 15) {
      ASSERT_FALSE(covers({start, r.bits - 1}, start, last)) << std::hex << start << " + " << size;
    }
  }
}

TEST(LockRegion, OfAllAddressesIsAllAddresses) {
  EXPECT_EQ(host_lock_region(0, ~0ull), 63u);
  EXPECT_EQ(host_lock_region(0x1000, 0x1000), 14u);
  EXPECT_EQ(host_lock_region(0x8000, 1), 0x8000u | 14);
  EXPECT_EQ(host_lock_region(0x7fff, 2), 15u);
  EXPECT_EQ(host_lock_region(~0ull, 1), 0xffffffffffff8000u | 14);
  EXPECT_EQ(host_lock_region(~0xfffull, ~0ull), ~0x7fffull | 14)
      << "an end behind the last address counts as that";
}

TEST(AddressSpaces, GoToWhoNeedsThemAndAreTakenFromWhoHadTheirsLongestAgo) {
  int evicted = -1;
  host_as_table(0x5);
  EXPECT_EQ(host_as_take(1, &evicted), 0);
  EXPECT_EQ(evicted, 0);
  EXPECT_EQ(host_as_take(2, &evicted), 2) << "1 is not present";
  EXPECT_EQ(host_as_take(3, &evicted), -EBUSY);
  EXPECT_EQ(host_as_take(1, &evicted), 0) << "a second job";
  EXPECT_EQ(evicted, 1);
  host_as_release(0);
  host_as_release(2);
  EXPECT_EQ(host_as_take(3, &evicted), 2) << "a job of 1 still runs";
  EXPECT_EQ(evicted, 2);
  host_as_release(2);
  host_as_release(0);
  EXPECT_EQ(host_as_find(1), 0) << "it keeps it until another needs it";
  EXPECT_EQ(host_as_take(4, &evicted), 0) << "1 took its own before 3 did";
  EXPECT_EQ(evicted, 1);
  host_as_forget(3);
  EXPECT_EQ(host_as_find(3), -ENOENT);
  EXPECT_EQ(host_as_take(5, &evicted), 2);
  EXPECT_EQ(evicted, 0);
}

TEST(AddressSpaces, AreNeverSharedAndNeverTakenWhileJobsRun) {
  std::mt19937 random(2);
  for (const uint32_t present : {0x1u, 0xffu, 0xffffu, 0xa5a50000u, 0x8001u, 0u}) {
    host_as_table(present);
    std::map<int, std::multiset<int>> running;  // by owner
    std::map<int, int> place;
    for (int i = 0; i < 3000; ++i) {
      const int owner = 1 + static_cast<int>(random() % 24);
      if (random() % 2) {
        int evicted = 0;
        const int as = host_as_take(owner, &evicted);
        if (as == -EBUSY) {
          ASSERT_FALSE(place.count(owner));
          for (const auto& [who, where] : place) ASSERT_FALSE(running[who].empty());
          ASSERT_EQ(place.size(), static_cast<size_t>(__builtin_popcount(present & 0xffff)));
          continue;
        }
        ASSERT_TRUE(present >> as & 1);
        ASSERT_LT(as, 16);
        if (evicted && evicted != owner) {
          ASSERT_TRUE(running[evicted].empty());
          ASSERT_EQ(place.at(evicted), as);
          place.erase(evicted);
        }
        for (const auto& [who, where] : place) ASSERT_EQ(where == as, who == owner);
        place[owner] = as;
        running[owner].insert(as);
      } else if (!running[owner].empty()) {
        host_as_release(*running[owner].begin());
        running[owner].erase(running[owner].begin());
      }
    }
  }
}

TEST(Faults, AreToldByTheirNames) {
  EXPECT_STREQ(host_exception_name(0x01), "DONE");
  EXPECT_STREQ(host_exception_name(0x43), "JOB_WRITE_FAULT");
  for (uint32_t level = 0xc1; level <= 0xc4; ++level)
    EXPECT_STREQ(host_exception_name(level), "TRANSLATION_FAULT");
  EXPECT_STREQ(host_exception_name(0xc8), "PERMISSION_FAULT");
  EXPECT_STREQ(host_exception_name(0xd2), "TRANSTAB_BUS_FAULT");
  EXPECT_STREQ(host_exception_name(0xe0), "ADDRESS_SIZE_FAULT_IN");
  EXPECT_STREQ(host_exception_name(0xe4), "ADDRESS_SIZE_FAULT_OUT");
  EXPECT_STREQ(host_exception_name(0x7e), "UNKNOWN");
  for (uint32_t e = 0; e < 0x200; ++e) EXPECT_NE(host_exception_name(e), nullptr);
  EXPECT_STREQ(host_fault_text(false, 0x000203c3, 0x123456789000),
               "page fault: TRANSLATION_FAULT 0xc3, write of 0x123456789000 by source 0x2");
  EXPECT_STREQ(host_fault_text(true, 0x000102d1, 8),
               "bus error: TRANSTAB_BUS_FAULT 0xd1, read of 0x8 by source 0x1");
  EXPECT_STREQ(host_fault_text(false, 0xffff00d8, 0),
               "page fault: ACCESS_FLAG_FAULT 0xd8, atomic of 0 by source 0xffff");
}

TEST(Faults, OfTheTranslationAloneAreHolesThatAHeapFills) {
  for (uint32_t e = 0; e < 0x100; ++e) {
    EXPECT_EQ(host_is_hole(false, 0x300 | e), e >= 0xc0 && e <= 0xc6) << std::hex << e;
    EXPECT_FALSE(host_is_hole(true, 0x300 | e));
  }
}

TEST(Jobs, HaveTheWordsOfTheDataSheet) {
  host_desc d;
  host_desc_value(&d, 0x1234, 0x1122334455667788, 7, 0xa1a2a3a4b1b2b3b4);
  const std::array<uint32_t, 16> value = {0, 0,          0,          0, 0x12340005, 0,          0,
                                          0, 0x55667788, 0x11223344, 7, 0,          0xb1b2b3b4, 0xa1a2a3a4};
  for (size_t i = 0; i < value.size(); ++i) EXPECT_EQ(d.word[i], value[i]) << "word " << i;

  ASSERT_EQ(host_desc_copy(&d, 1, 0x2222000011110000, 0x4444000033330000, 0x100000000), 0);
  const std::array<uint32_t, 16> copy = {0, 0,          0,          0,          0x0001003f, 0, 0,
                                         0, 0x33330000, 0x44440000, 0x11110000, 0x22220000, 0, 1};
  for (size_t i = 0; i < copy.size(); ++i) EXPECT_EQ(d.word[i], copy[i]) << "word " << i;

  ASSERT_EQ(host_desc_link(&d, 0x7777000066660040), 0);
  EXPECT_EQ(d.word[6], 0x66660040u);
  EXPECT_EQ(d.word[7], 0x77770000u);
}

TEST(Jobs, ThatCannotBeAreNotBuilt) {
  host_desc d{};
  EXPECT_EQ(host_desc_link(&d, 0x20), -EINVAL);
  EXPECT_EQ(d.word[6], 0u);
  EXPECT_EQ(host_desc_copy(&d, 1, 0, 0, 0), -EINVAL);
  EXPECT_EQ(host_desc_copy(&d, 1, 0, 0, 0x100000001), -EINVAL);
  EXPECT_EQ(host_desc_copy(&d, 1, ~0ull, 0, 2), -EINVAL);
  EXPECT_EQ(host_desc_copy(&d, 1, 0, ~0ull - 7, 9), -EINVAL);
  EXPECT_EQ(host_desc_copy(&d, 1, ~0ull, ~0ull - 7, 1), 0);
  const unsigned sizes[] = {0, 8, 8, 4, 1, 2, 4, 8, 0};
  for (int kind = 0; kind <= 8; ++kind) EXPECT_EQ(host_value_size(kind), sizes[kind]) << kind;
}

}  // namespace
