#include "console.h"

#include <gtest/gtest.h>

namespace smmuvp::platform {
namespace {

void put(Console& console, const std::string& text) {
  for (const char c : text) console.put(static_cast<std::uint8_t>(c));
}

TEST(Console, ResultsAndHashCoverAllBytesHoweverManyCameBefore) {
  const std::string line(1024 * 1024 - 1, 'x');
  const auto hash_after = [&](const std::string& end, KtapReport& report) {
    Console console({false, -1, -1});
    for (int i = 0; i < 65; ++i) put(console, line + "\n");
    put(console, end);
    console.flush();
    report = console.ktap();
    return console.hash().hex();
  };
  KtapReport bad;
  KtapReport good;
  const std::string bad_hash = hash_after("KTAP version 1\n1..1\nnot ok 1 the only test\n", bad);
  const std::string good_hash = hash_after("KTAP version 1\n1..1\nok 1 the only test\n", good);
  ASSERT_EQ(bad.cases.size(), 1u);
  EXPECT_FALSE(bad.good());
  EXPECT_TRUE(good.good());
  EXPECT_NE(bad_hash, good_hash);
}

}  // namespace
}  // namespace smmuvp::platform
