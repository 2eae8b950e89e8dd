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

std::string untimed_hash(const std::string& text) {
  Console console({false, -1, -1});
  put(console, text);
  console.finish();
  return console.untimed_hash().hex();
}

TEST(Console, TheHashWithoutTimesIgnoresPrintksPrefixAndCommentsAndNothingElse) {
  const std::string hash = untimed_hash("[    1.000000] a\r\n# took 5 us\nb\n");
  EXPECT_EQ(untimed_hash("[   12.345678][    T1] a\r\n  # took 7 us\nb"), hash);
  EXPECT_NE(untimed_hash("[    1.000000] a\nc\n"), hash);
  EXPECT_NE(untimed_hash("[    1.000000]  a\nb\n"), hash);
  EXPECT_NE(untimed_hash("ab\n"), hash);
}

TEST(Console, BytesBeyondTheLimitAreDroppedAndThatIsTold) {
  Console console({false, -1, -1, 30});
  put(console, "KTAP version 1\n1..1\nok 1 ab\n");
  EXPECT_FALSE(console.full());
  put(console, "xyz");
  EXPECT_TRUE(console.full());
  console.finish();
  Sha256 kept;
  kept.update("KTAP version 1\n1..1\nok 1 ab\nxy");
  EXPECT_EQ(console.hash().hex(), kept.hex());
}

TEST(Console, ARunThatEndsTakesNoMoreThanAPiece) {
  for (const bool interactive : {false, true}) {
    bool stopping = false;
    Console console({interactive, -1, -1, ~0ULL, {"xy"}});
    console.set_stopping([&] { return stopping; });
    put(console, "before\n");
    console.flush();
    EXPECT_FALSE(console.cut());
    stopping = true;
    std::string text;
    while (text.size() < 100'000) text += "xy\n";
    put(console, text);
    console.finish();
    Sha256 kept;
    kept.update("before\n" + text.substr(0, Console::piece_bytes));
    EXPECT_EQ(console.hash().hex(), kept.hex());
    EXPECT_EQ(console.watch().count(), (Console::piece_bytes + 1) / 3);
    EXPECT_TRUE(console.cut());
    EXPECT_FALSE(console.full());
  }
}

TEST(ConsoleLines, PrintksPrefixIsATimeACallerOrBothAndOneBlank) {
  const std::vector<std::pair<const char*, const char*>> rows = {{"[    1.234567] a", "a"},
                                                                 {"[    1.234567][    T1] a", "a"},
                                                                 {"[   C12] a", "a"},
                                                                 {"[    1.234567]   a", "  a"},
                                                                 {"[1.2]", ""},
                                                                 {"[ 1.2][T1][C0] a", "[C0] a"},
                                                                 {"[ T] a", "[ T] a"},
                                                                 {"[ X1] a", "[ X1] a"},
                                                                 {"[12] a", "[12] a"},
                                                                 {"[ 1.2", "[ 1.2"},
                                                                 {"[] a", "[] a"},
                                                                 {" [1.2] a", " [1.2] a"},
                                                                 {"[1.2 s] a", "[1.2 s] a"},
                                                                 {"[T1][1.2] a", "[1.2] a"},
                                                                 {"[...] a", "[...] a"}};
  for (const auto& [line, rest] : rows) EXPECT_EQ(without_printk_prefix(line), rest) << line;
}

}  // namespace
}  // namespace smmuvp::platform
