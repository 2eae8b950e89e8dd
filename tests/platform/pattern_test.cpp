#include "pattern.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "console_watch.h"
#include "smmuvp/base/error.h"

namespace smmuvp::platform {
namespace {

bool found(const std::string& pattern, const std::string& line) {
  const Pattern p(pattern, "--fail-on");
  PatternMatcher matcher(p);
  matcher.begin_line();
  return matcher.feed(line) != std::string::npos || matcher.end_line();
}

std::string mistake(const std::string& pattern) {
  try {
    const Pattern p(pattern, "--fail-on");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(Pattern, EachPartOfTheSyntaxMatchesWhatItSays) {
  struct Row {
    const char* pattern;
    std::vector<std::string> matches;
    std::vector<std::string> others;
  };
  const std::vector<Row> rows = {
      {"abc", {"abc", "xabcx"}, {"ab", "abxc"}},
      {"^abc", {"abc", "abcd"}, {"xabc"}},
      {"abc$", {"abc", "xabc"}, {"abcx"}},
      {"^a.c$", {"abc", "a.c"}, {"ac", "abbc"}},
      {"^ab*c$", {"ac", "abbbc"}, {"abb"}},
      {"^ab+c$", {"abc", "abbc"}, {"ac"}},
      {"^ab?c$", {"ac", "abc"}, {"abbc"}},
      {"^ab+?c$", {"abc", "abbc"}, {"ac"}},
      {"^a{3}$", {"aaa"}, {"aa", "aaaa"}},
      {"^a{2,}$", {"aa", "aaaaa"}, {"a"}},
      {"^a{2,3}$", {"aa", "aaa"}, {"a", "aaaa"}},
      {"a{x}", {"a{x}"}, {"ax"}},
      {"^(ab|cd)+$", {"ab", "cdab"}, {"abc", ""}},
      {"^(?:a|b|)c$", {"ac", "bc", "c"}, {"abc"}},
      {"[abc]1", {"a1", "c1"}, {"d1"}},
      {"[^a-c]1", {"d1"}, {"a1", "1"}},
      {"[]x-]1", {"]1", "x1", "-1"}, {"y1"}},
      {"[[:digit:]_]x", {"1x", "_x"}, {"ax"}},
      {"0x[0-9a-f]{4}\\b", {"0x12ab", "at 0x0000."}, {"0x12abc", "0x1"}},
      {"\\d\\D\\s\\S\\w\\W", {"1a bc."}, {"aa bc."}},
      {"\\bBUG: ", {"BUG: x", "watchdog: BUG: x"}, {"DEBUG: x", "BUG:"}},
      {"a\\.b\\[\\\\", {"a.b[\\"}, {"axb[\\"}},
      {"(?i)PaNiC", {"kernel panic", "PANIC"}, {"pan ic"}},
      {"(?i)[^a]1", {"b1"}, {"a1", "A1"}},
      {"\xc3\xbc+$", {"\xc3\xbc\xc3\xbc"}, {"\xc3"}},
      {"a\\tb", {"a\tb"}, {"atb"}},
  };
  for (const Row& row : rows) {
    for (const std::string& text : row.matches)
      EXPECT_TRUE(found(row.pattern, text)) << row.pattern << " in " << text;
    for (const std::string& text : row.others)
      EXPECT_FALSE(found(row.pattern, text)) << row.pattern << " in " << text;
  }
}

TEST(Pattern, AMistakeIsToldWithItsColumn) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"ab(cd", "column 3: the group has no ')'"},
      {"ab)", "column 3: a ')' without a '('"},
      {"x[ab", "column 2: the set has no ']'"},
      {"*a", "column 1: there is nothing to repeat"},
      {"a|+", "column 3: there is nothing to repeat"},
      {"a**", "column 3: a repetition of a repetition"},
      {"a{3,2}", "column 2: the upper bound"},
      {"a{1001}", "column 3: more than 1000"},
      {"[z-a]", "column 2: this range"},
      {"[[:no:]]", "column 2: no such set"},
      {"a\\", "column 2: nothing follows"},
      {"\\1", "column 1: '\\1' is not known"},
      {"(?=a)", "column 1: only (?:...)"},
      {"(a{1000}){1000}", "column 1: too large"},
      {std::string(60, '(') + "a", "column 51: more than 50 groups"}};
  for (const auto& [pattern, text] : rows)
    EXPECT_NE(mistake(pattern).find(text), std::string::npos) << pattern << ": " << mistake(pattern);
}

TEST(Pattern, WhatMatchesAnEmptyLineIsRefused) {
  for (const char* pattern : {"", "a*", "^$", "a|", "(x?)"})
    EXPECT_NE(mistake(pattern).find("matches an empty line"), std::string::npos) << pattern;
}

TEST(Pattern, WhatMakesOthersBacktrackTakesTimeByTheLengthAlone) {
  // Engines that try one way after the other need 2^50 steps and more for these.
  const std::string text(100000, 'a');
  for (const char* pattern : {"^(a+)+$.", "(a|a)*b", "(a|aa)+$x", "(a*)*b", "(.*)(.*)(.*)(.*)(.*)x"})
    EXPECT_FALSE(found(pattern, text)) << pattern;
}

std::vector<ConsoleMatch> watch(const std::vector<std::string>& patterns, const std::string& console,
                                std::size_t cut = 1000000) {
  ConsoleWatch watch(patterns);
  ConsoleLines lines([&watch](const ConsolePiece& piece) { watch.put(piece); });
  for (std::size_t at = 0; at < console.size(); at += cut)
    lines.put(std::string_view(console).substr(at, cut));
  lines.finish();
  return watch.matches();
}

TEST(ConsoleWatch, ALineIsFoundWithItsNumberAndTheFirstPatternThatMatches) {
  const auto matches = watch({"nothing", "b+", "abc"}, "one\r\n[    1.0][    T1] xabcx\r\nabc");
  ASSERT_EQ(matches.size(), 2u);
  EXPECT_EQ(matches[0].line, 2u);
  EXPECT_EQ(matches[0].pattern, "b+");
  EXPECT_EQ(matches[0].text, "xabcx");
  EXPECT_EQ(matches[1].line, 3u);
}

TEST(ConsoleWatch, LineStartAndEndAreThoseWithoutPrefixAndCarriageReturn) {
  EXPECT_EQ(watch({"^abc$"}, "[    1.0] abc\r\n").size(), 1u);
  EXPECT_EQ(watch({"^abc$"}, "[    1.0]  abc\r\n").size(), 0u);
}

TEST(ConsoleWatch, AMatchAnywhereInALineWithoutAnEndIsFoundHoweverTheConsoleIsCut) {
  for (const std::size_t at : {4090u, 4095u, 4096u, 8190u, 50000u}) {
    const std::string console = std::string(at, 'x') + "panic!" + std::string(5000, 'y');
    for (const std::size_t cut : {1u, 7u, 4096u, 100000u}) {
      const auto matches = watch({"panic!"}, console, cut);
      ASSERT_EQ(matches.size(), 1u) << at;
      EXPECT_EQ(matches[0].line, 1u);
      EXPECT_LE(matches[0].text.size(), 256u);
    }
  }
}

TEST(ConsoleWatch, MatchesBeyondAHundredAreCounted) {
  ConsoleWatch watch({"x"});
  for (int i = 0; i < 300; ++i) watch.put({"x", 1, true, true});
  EXPECT_EQ(watch.matches().size(), ConsoleWatch::most_matches);
  EXPECT_EQ(watch.count(), 300u);
}

TEST(ConsoleWatch, AnOopsIsWhereTheProgramCounterOfTheFirstInternalErrorIs) {
  struct Row {
    const char* console;
    const char* oops;
  };
  for (const Row& row : std::initializer_list<Row>{
           // The bundled guest; Linux, with a program's text before it and a pstate line between.
           {"[    1.0] Unable to handle kernel NULL\n[    1.0] Internal error: Oops: 1\n[    1.0] CPU: 0\n"
            "[    1.0] pc : f+0x10/0x20 [mydma]\n[    1.0] lr : g+0x4/0x8 [mydma]\n",
            "f+0x10/0x20 [mydma]"},
           {"x[    1.0] Internal error: Oops: 0000000096000004 [#1] SMP\r\n[    1.0] pstate: 60400005\r\n"
            "[    1.0] pc : __arm_lpae_map+0x10/0x20\r\n",
            "__arm_lpae_map+0x10/0x20"},
           // The first of two; a warning's registers; a line that only looks like it.
           {"Internal error: a\npc : first\nInternal error: b\npc : second\n", "first"},
           {"WARNING: CPU: 0 PID: 1 at x.c:1 f+0x1/0x2\npc : f+0x1/0x2\n", ""},
           {"Internal error: a\nthe pc : f\n", ""}}) {
    ConsoleWatch watch(default_fail_on());
    ConsoleLines lines([&watch](const ConsolePiece& piece) { watch.put(piece); });
    lines.put(row.console);
    lines.finish();
    EXPECT_EQ(watch.oops(), row.oops) << row.console;
  }
}

TEST(ConsoleWatch, WhereAnOopsIsHasABound) {
  ConsoleWatch watch({});
  watch.put({"Internal error: ", 1, true, true});
  watch.put({"pc : " + std::string(3000, 'x'), 2, true, true});
  EXPECT_LE(watch.oops().size(), 256u);
}

TEST(ConsoleWatch, TheDefaultFindsCrashesOfLinuxAndOfTheBundledGuest) {
  for (const char* line :
       {"[    1.2] Internal error: Oops: 0000000096000004 [#1] SMP",
        "Internal error: Oops - BUG: 00000000f2000800 [#1] SMP",
        "[    1.0][    T1] Unable to handle kernel NULL pointer dereference at virtual address "
        "0000000000000000",
        "[    1.0] Kernel panic - not syncing: VFS: Unable to mount root fs",
        "[    1.0] Kernel panic: no valid device tree at 0x0", "[    1.0] kernel BUG at mm/slub.c:1!",
        "[    1.0] BUG: KASAN: slab-out-of-bounds in f+0x1/0x2",
        "[    1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!",
        "[   60.0] rcu: INFO: rcu_preempt self-detected stall on CPU",
        "[   60.0] rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
        "[    2.0] UBSAN: array-index-out-of-bounds in fs/x.c:12:3",
        "[    1.0] WARNING: CPU: 0 PID: 1 at drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c:10 f+0x1/0x2",
        "[    1.0] WARNING: drivers/base/core.c:10 at f+0x1/0x2, CPU#0: sh/1",
        "[    1.0] WARNING: at mm/vmalloc.c:147: !r",
        "[    1.0] WARNING: possible circular locking dependency detected",
        "test 7 ... [    1.2] Internal error: Oops: 1"})
    EXPECT_EQ(watch(default_fail_on(), std::string(line) + "\n").size(), 1u) << line;
}

TEST(ConsoleWatch, TheDefaultFindsNothingInOrdinaryLines) {
  for (const char* line :
       {"WARNING: no configuration file", "DEBUG: x", "Kernel command line: panic=-1 oops=panic",
        "[    0.0] random: crng init done", "rcu: INFO: x", "mke2fs WARNING: at least 10 blocks", "BUG_ON",
        "ok 3 - a panic is caught"})
    EXPECT_EQ(watch(default_fail_on(), std::string(line) + "\n").size(), 0u) << line;
}

}  // namespace
}  // namespace smmuvp::platform
