// Stores to watched pages are noticed, whoever makes them, and nothing else changes.
#include "smmuvp/base/page_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace smmuvp {
namespace {

class PageWatchTest : public ::testing::Test {
 protected:
  static constexpr std::size_t pages = 64;
  PageWatchTest()
      : memory(
            static_cast<std::uint8_t*>(::mmap(nullptr, pages * PageWatch::page_bytes(),
                                              PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {}
  ~PageWatchTest() override { ::munmap(memory, pages * PageWatch::page_bytes()); }
  volatile std::uint8_t& byte(std::size_t page, std::size_t offset = 0) {
    return memory[page * PageWatch::page_bytes() + offset];
  }
  /// "page:offset before>now", of each byte that differs.
  std::vector<std::string> take(PageWatch& watch) {
    std::vector<std::string> told;
    watch.take([&](const std::uint8_t* page, const std::uint8_t* before) {
      const auto n = static_cast<std::size_t>(page - memory) / PageWatch::page_bytes();
      for (std::size_t i = 0; i < PageWatch::page_bytes(); ++i) {
        if (page[i] == before[i]) continue;
        told.push_back(std::to_string(n) + ":" + std::to_string(i) + " " + std::to_string(before[i]) + ">" +
                       std::to_string(page[i]));
      }
    });
    return told;
  }
  std::uint8_t* memory;
};

using Told = std::vector<std::string>;

TEST_F(PageWatchTest, TellsWhatHasChangedAndWatchesAgain) {
  byte(3, 7) = 1;
  PageWatch watch;
  ASSERT_TRUE(watch.watch(&memory[3 * PageWatch::page_bytes() + 100]));
  EXPECT_FALSE(watch.pending());
  for (std::uint8_t value = 2; value < 5; ++value) {
    byte(3, 7) = value;
    EXPECT_TRUE(watch.pending());
    byte(3, 8) = value;
    EXPECT_EQ(byte(3, 7), value);
    const std::string was = std::to_string(value - 1);
    EXPECT_EQ(take(watch),
              (Told{"3:7 " + was + ">" + std::to_string(value),
                    "3:8 " + std::string(value == 2 ? "0" : was) + ">" + std::to_string(value)}));
    EXPECT_FALSE(watch.pending());
  }
  EXPECT_EQ(watch.noticed_count(), 3U);
}

TEST_F(PageWatchTest, PagesAreToldInTheOrderOfTheirFirstStores) {
  PageWatch watch;
  for (const std::size_t page : {1U, 2U, 5U}) watch.watch(memory + page * PageWatch::page_bytes());
  byte(5) = 1;
  byte(1) = 2;
  byte(4) = 3;  // not watched
  byte(5) = 4;
  byte(2) = 0;  // as it was: nothing differs
  EXPECT_EQ(take(watch), (Told{"5:0 0>4", "1:0 0>2"}));
}

TEST_F(PageWatchTest, ReadsAndOtherPagesAreNotNoticed) {
  PageWatch watch;
  watch.watch(memory);
  EXPECT_EQ(byte(0, 5), 0);
  byte(1) = 1;
  std::memset(memory + PageWatch::page_bytes(), 3, PageWatch::page_bytes());
  EXPECT_EQ(watch.noticed_count(), 0U);
}

TEST_F(PageWatchTest, WhatIsNoLongerWatchedIsAsBefore) {
  PageWatch watch;
  watch.watch(memory);
  byte(0) = 1;
  watch.unwatch(memory);
  EXPECT_FALSE(watch.pending());
  byte(0) = 2;
  EXPECT_TRUE(take(watch).empty());
  EXPECT_EQ(watch.pages(), 0U);
  watch.unwatch(memory);
  {
    PageWatch other;
    EXPECT_TRUE(other.watch(memory));
    EXPECT_FALSE(watch.watch(memory)) << "another one has it";
  }
  byte(0) = 3;  // its end has let it go
  EXPECT_TRUE(watch.watch(memory));
}

TEST_F(PageWatchTest, TellsAtOnceThatThereIsSomething) {
  unsigned noticed = 0;
  PageWatch watch([](void* context) { ++*static_cast<unsigned*>(context); }, &noticed);
  watch.watch(memory);
  watch.watch(memory + PageWatch::page_bytes());
  byte(0) = 1;
  byte(0) = 2;
  EXPECT_EQ(noticed, 1U);
  byte(1) = 1;
  EXPECT_EQ(noticed, 2U);
  take(watch);
  byte(0) = 3;
  EXPECT_EQ(noticed, 3U);
}

TEST_F(PageWatchTest, PagesMayBeWatchedAndLetGoWhileItTells) {
  PageWatch watch;
  watch.watch(memory);
  watch.watch(memory + PageWatch::page_bytes());
  byte(0) = 1;
  byte(1) = 1;
  unsigned told = 0;
  watch.take([&](const std::uint8_t*, const std::uint8_t*) {
    ++told;
    watch.unwatch(memory + PageWatch::page_bytes());
    watch.watch(memory + 2 * PageWatch::page_bytes());
  });
  EXPECT_EQ(told, 1U);
  byte(2) = 1;
  EXPECT_EQ(take(watch), Told{"2:0 0>1"});
}

TEST_F(PageWatchTest, ManyPagesComeAndGo) {
  PageWatch watch;
  std::mt19937 random(1);
  std::set<std::size_t> watched;
  for (unsigned step = 0; step < 20000; ++step) {
    const std::size_t page = random() % pages;
    std::uint8_t* at = memory + page * PageWatch::page_bytes();
    switch (random() % 3) {
      case 0:
        ASSERT_TRUE(watch.watch(at));
        watched.insert(page);
        break;
      case 1:
        watch.unwatch(at);
        watched.erase(page);
        break;
      default: {
        byte(page, 9) = static_cast<std::uint8_t>(byte(page, 9) + 1);
        ASSERT_EQ(take(watch).size(), watched.count(page));
      }
    }
    ASSERT_EQ(watch.pages(), watched.size());
  }
}

using PageWatchDeathTest = PageWatchTest;

TEST_F(PageWatchDeathTest, OtherFaultsEndTheProcessAsBefore) {
  const auto store_to_nothing = [this] {
    PageWatch watch;
    watch.watch(memory);
    ::mprotect(memory + PageWatch::page_bytes(), PageWatch::page_bytes(), PROT_READ);
    byte(1) = 1;
  };
  EXPECT_DEATH(store_to_nothing(), "");
}

TEST_F(PageWatchDeathTest, OtherFaultsGoToTheHandlerThatWasThereBefore) {
  const auto store_to_nothing = [this] {
    std::signal(SIGSEGV, [](int) { ::_exit(7); });
    PageWatch watch;
    watch.watch(memory);
    byte(0) = 1;
    ::mprotect(memory + PageWatch::page_bytes(), PageWatch::page_bytes(), PROT_READ);
    byte(1) = 1;
  };
  EXPECT_EXIT(store_to_nothing(), ::testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace smmuvp
