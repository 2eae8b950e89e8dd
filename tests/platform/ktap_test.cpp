#include "ktap.h"

#include <gtest/gtest.h>

#include <csignal>
#include <random>

#include "junit.h"
#include "verdict.h"

namespace smmuvp::platform {
namespace {

using Result = KtapCase::Result;

RunRecord record_of(const KtapReport& ktap, const Verdict& verdict) {
  RunRecord record;
  record.name = "gki";
  record.ktap = ktap;
  record.verdict = verdict;
  return record;
}

TEST(Ktap, AFlatDocumentGivesOneCaseAResult) {
  const KtapReport r =
      parse_ktap("KTAP version 1\n1..3\nok 1 first\n# why\nnot ok 2 - second\nok 3 third # SKIP no device\n");
  ASSERT_EQ(r.cases.size(), 3u);
  EXPECT_EQ(r.cases[0].name, "first");
  EXPECT_EQ(r.cases[0].result, Result::Passed);
  EXPECT_EQ(r.cases[1].name, "second");
  EXPECT_EQ(r.cases[1].result, Result::Failed);
  EXPECT_EQ(r.cases[1].diagnostics, std::vector<std::string>{"why"});
  EXPECT_EQ(r.cases[2].result, Result::Skipped);
  EXPECT_EQ(r.cases[2].reason, "no device");
  EXPECT_TRUE(r.problems.empty());
  EXPECT_FALSE(r.good());
}

TEST(Ktap, NestedResultsCarryTheNamesAboveThem) {
  const KtapReport r = parse_ktap(
      "KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n    KTAP version 1\n    1..1\n    ok 1 leaf\n  ok 1 "
      "inner\n"
      "  ok 2 other\nok 1 outer\n");
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[0].name, "leaf");
  EXPECT_EQ(r.cases[0].suite, "outer.inner");
  EXPECT_EQ(r.cases[1].name, "other");
  EXPECT_EQ(r.cases[1].suite, "outer");
  EXPECT_TRUE(r.good());
}

TEST(Ktap, AMissingResultIsAProblem) {
  const KtapReport r = parse_ktap("KTAP version 1\n1..3\nok 1 a\nok 2 b\n");
  EXPECT_FALSE(r.good());
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_EQ(r.problems[0], "2 of 3 planned tests have a result");
}

TEST(Ktap, AMissingResultOfAnInnerDocumentIsAProblem) {
  EXPECT_FALSE(parse_ktap("KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 a\nok 1 outer\n").good());
}

TEST(Ktap, ADocumentThatStopsAfterItsVersionIsAProblem) {
  EXPECT_FALSE(parse_ktap("KTAP version 1\n").good());
}

TEST(Ktap, ABailOutIsAProblem) {
  EXPECT_FALSE(parse_ktap("KTAP version 1\n1..0\nBail out! no memory\n").good());
}

TEST(Ktap, AFailedParentWithoutAFailedCaseIsAProblem) {
  EXPECT_FALSE(
      parse_ktap("KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  ok 1 a\nnot ok 1 outer\n").good());
}

TEST(Ktap, TimestampsCarriageReturnsAndOtherLinesAreIgnored) {
  const KtapReport r = parse_ktap(
      "boot text\r\n[    0.123456] KTAP version 1\r\n[    0.2] 1..1\r\nnoise\r\n"
      "okay then\r\n[   12.000001] ok 1 real\r\n");
  ASSERT_EQ(r.cases.size(), 1u);
  EXPECT_EQ(r.cases[0].name, "real");
  EXPECT_TRUE(r.good());
}

TEST(Ktap, PrintksTimeAndCallerMayStandBeforeEachLine) {
  for (const char* prefix :
       {"[    2.345678][    T1] ", "[    2.345678][   C0] ", "[   T12] ", "[    C0] ", "[  123.4] ", ""}) {
    std::string text;
    for (const char* line : {"KTAP version 1", "1..1", "    KTAP version 1", "    # Subtest: example",
                             "    1..2", "    ok 1 one", "    # two: EXPECTATION FAILED at lib/kunit/x.c:10",
                             "    not ok 2 two", "not ok 1 example"})
      text += prefix + std::string(line) + "\n";
    const KtapReport r = parse_ktap(text);
    ASSERT_EQ(r.cases.size(), 2u) << prefix;
    EXPECT_EQ(r.cases[1].suite, "example") << prefix;
    EXPECT_EQ(r.cases[1].result, Result::Failed) << prefix;
    EXPECT_TRUE(r.problems.empty()) << prefix;
  }
}

TEST(Ktap, SubtestsOfTap14NeedNoVersionLineAndTheirPlanMayComeLast) {
  const KtapReport r = parse_ktap(
      "TAP version 14\n1..2\n    # Subtest: clock\n    1..2\n    ok 1\n    ok 2 - ticks once a second\nok 1 "
      "- clock\n"
      "    # Subtest: timer\n    ok 1 - fires\n    ok 2 - is cancelled\n    1..2\nok 2 - timer\n");
  ASSERT_EQ(r.cases.size(), 4u);
  EXPECT_EQ(r.cases[1].name, "ticks once a second");
  EXPECT_EQ(r.cases[1].suite, "clock");
  EXPECT_EQ(r.cases[3].suite, "timer");
  EXPECT_TRUE(r.good());
}

TEST(Ktap, SubtestsWithoutAVersionLineThatFailOrAreMissingAreSeen) {
  EXPECT_FALSE(parse_ktap("TAP version 14\n    not ok 1 - a\n    1..1\nok 1 - b\n1..1\n").good());
  EXPECT_FALSE(parse_ktap("TAP version 14\n1..1\n    1..2\n    ok 1 - a\nok 1 - b\n").good());
  EXPECT_FALSE(parse_ktap("TAP version 14\n1..1\n    ok 1 - a\n").good());
}

TEST(Ktap, SubtestsNestWithoutAnyLineBetweenTheirLevels) {
  const KtapReport r = parse_ktap(
      "TAP version 14\n        ok 1 - twice\n        1..1\n    ok 1 - parent\n    1..1\nok 1 - all\n1..1\n");
  ASSERT_EQ(r.cases.size(), 1u);
  EXPECT_EQ(r.cases[0].suite, "all.parent");
  EXPECT_TRUE(r.good());
}

TEST(Ktap, APlanAtTheEndCounts) {
  EXPECT_TRUE(parse_ktap("TAP version 14\nok 1 a\nok 2 b\n1..2\n").good());
  EXPECT_FALSE(parse_ktap("TAP version 14\nok 1 a\nok 2 b\n1..3\n").good());
}

TEST(Ktap, ADocumentIndentedAsAModulesSuiteGetsItsNameFromTheResultThatFollows) {
  const std::string suite = "    KTAP version 1\n    1..1\n    ok 1 a\n";
  const KtapReport r = parse_ktap(suite + "ok 3 first\n" + suite + "ok 4 second\n");
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[0].suite, "first");
  EXPECT_EQ(r.cases[1].suite, "second");
  EXPECT_TRUE(r.good());
  EXPECT_FALSE(parse_ktap(suite + "not ok 1 first\n").good());
}

TEST(Ktap, AnEscapedHashStartsNoDirectiveAndEscapesGo) {
  struct Row {
    const char* line;
    const char* name;
    const char* reason;
  };
  // The first seven are TAP 14's examples.
  const std::vector<Row> rows = {
      {R"(ok 1 - hello # todo)", "hello", "TODO"},
      {R"(ok 1 - hello \# todo)", "hello # todo", ""},
      {R"(ok 1 - hello # todo hash \# character)", "hello", "TODO hash # character"},
      {R"(ok 1 - hello # todo hash # character)", "hello", "TODO hash # character"},
      {R"(ok 1 - hello \\# todo hash \# character)", R"(hello \)", "TODO hash # character"},
      {R"(ok 1 - hello # description # todo)", "hello", "description # todo"},
      {R"(ok 1 - hello \\\\\\\# todo)", R"(hello \\\# todo)", ""},
      {R"(ok 1 - https://example.com/page.html#skip is a url)", "https://example.com/page.html#skip is a url",
       ""},
      {R"(ok 1 - a\b \n)", R"(a\b \n)", ""},
      {R"(ok 1 - a \ # todo)", R"(a \)", "TODO"},
  };
  for (const Row& row : rows) {
    const KtapReport r = parse_ktap(std::string("TAP version 14\n1..1\n") + row.line + "\n");
    ASSERT_EQ(r.cases.size(), 1u) << row.line;
    EXPECT_EQ(r.cases[0].name, row.name);
    EXPECT_EQ(r.cases[0].reason, row.reason);
  }
  EXPECT_FALSE(parse_ktap("TAP version 14\n1..1\nnot ok 1 - hello \\# TODO\n").good());
}

TEST(Ktap, SubtestsWithoutAResultOfTheirParentAreAProblem) {
  const std::string inner = "  KTAP version 1\n  1..1\n  ok 1 a\n";
  for (const std::string& rest :
       std::vector<std::string>{"", "KTAP version 1\n1..1\nok 1 b\n", inner + "ok 2 c\n"}) {
    const KtapReport r = parse_ktap("KTAP version 1\nok 1 x\n" + inner + rest);
    ASSERT_EQ(r.problems.size(), 1u) << rest;
    EXPECT_EQ(r.problems[0], "a test with subtests has no result of its own");
  }
  EXPECT_EQ(parse_ktap("KTAP version 1\n    1..1\n        1..1\n        ok 1 a\nok 1 b\n").problems.size(),
            2u);
}

TEST(Ktap, EachDirectiveMeansWhatKtapSaysInAnyCase) {
  struct Row {
    const char* line;
    Result result;
    const char* reason;
  };
  const std::vector<Row> rows = {{"ok 1 a # SKIP why", Result::Skipped, "why"},
                                 {"not ok 1 a # skip why", Result::Skipped, "why"},
                                 {"ok 1 a # Skipped: why", Result::Skipped, "why"},
                                 {"ok 1 a #SkIp", Result::Skipped, ""},
                                 {"ok 1 # skip why", Result::Skipped, "why"},
                                 {"not ok 1 a # TODO later", Result::Skipped, "TODO later"},
                                 // TAP 14, "Backwards Compatibility": TODO\S*
                                 {"not ok 1 a # TODOs left: 3", Result::Skipped, "TODO left: 3"},
                                 {"ok 1 a # todo", Result::Passed, "TODO"},
                                 {"not ok 1 a # XFAIL known", Result::Skipped, "XFAIL known"},
                                 {"ok 1 a # xfail known", Result::Passed, "XFAIL known"},
                                 {"not ok 1 a # TIMEOUT 30 seconds", Result::Failed, "TIMEOUT 30 seconds"},
                                 {"ok 1 a # timeout", Result::Failed, "TIMEOUT"},
                                 {"not ok 1 a # ERROR: no memory", Result::Failed, "ERROR no memory"},
                                 {"ok 1 a # Error no memory", Result::Failed, "ERROR no memory"},
                                 {"ok 1 a # rcode=0", Result::Passed, "rcode=0"},
                                 {"ok 1 a # errors=0", Result::Passed, "errors=0"},
                                 {"not ok 1 a # exit=1", Result::Failed, "exit=1"}};
  for (const Row& row : rows) {
    const KtapReport r = parse_ktap(std::string("KTAP version 1\n1..1\n") + row.line + "\n");
    ASSERT_EQ(r.cases.size(), 1u) << row.line;
    EXPECT_EQ(r.cases[0].result, row.result) << row.line;
    EXPECT_EQ(r.cases[0].reason, row.reason) << row.line;
  }
}

TEST(Ktap, ATestWithSubtestsThatIsExpectedToFailNeedsNoFailedOne) {
  EXPECT_TRUE(
      parse_ktap(
          "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  not ok 1 a # TODO\nnot ok 1 outer # TODO\n")
          .good());
}

TEST(Ktap, APlanOfNoTestsSkipsThemAll) {
  const KtapReport whole = parse_ktap("TAP version 13\n1..0 # SKIP no device\n");
  ASSERT_EQ(whole.cases.size(), 1u);
  EXPECT_EQ(whole.cases[0].result, Result::Skipped);
  EXPECT_EQ(whole.cases[0].reason, "no device");
  EXPECT_EQ(whole.ran(), 0u);
  EXPECT_TRUE(whole.good());
  EXPECT_EQ(parse_ktap("TAP version 13\n1..0\nTAP version 13\n1..1\nok 1 a\n").cases.size(), 2u);
  const KtapReport inner = parse_ktap("KTAP version 1\n1..1\n  KTAP version 1\n  1..0\nok 1 outer\n");
  ASSERT_EQ(inner.cases.size(), 1u);
  EXPECT_EQ(inner.cases[0].result, Result::Skipped);
}

TEST(Ktap, ResultsAndPlansOutsideADocumentAreAProblemThatNamesTheFirst) {
  const KtapReport r = parse_ktap("boot\n[    1.0] not ok 1 a\n  ok 2\n1..2 # why\n");
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_EQ(r.problems[0],
            "results outside of a test document, which begins with 'KTAP version 1': 3 lines, first 'not ok "
            "1 a' in line 2");
  EXPECT_FALSE(parse_ktap("ok 1 before\nKTAP version 1\n1..1\nok 1 a\n").good());
}

TEST(Ktap, LinesThatMerelyResembleResultsAreNoProblem) {
  for (const char* line :
       {"ok", "ok then", "okay 1", "ok 3/5 done", "ok 1: x", "not ok", "not ok at all", "1..", "1..x",
        "1..3 and on", "11..2", "virtio ok 1 x", "OK 1 x", "# ok 1 x", "[ok 1] x", "ok1 x"})
    EXPECT_TRUE(parse_ktap(std::string(line) + "\n").good()) << line;
}

TEST(Ktap, ADocumentBehindAnUnknownPrefixIsAProblem) {
  const KtapReport r = parse_ktap("[    2.3][ vp0/x ] KTAP version 1\n[    2.3][ vp0/x ] not ok 1 a\n");
  ASSERT_EQ(r.problems.size(), 2u);
  EXPECT_NE(r.problems[0].find("line 1 begins with something that is no printk prefix"), std::string::npos);
  EXPECT_NE(r.problems[1].find("which are not read: 1 line, first '[ vp0/x ] not ok 1 a' in line 2"),
            std::string::npos);
  for (const char* line : {"# TAP version 13", "+ echo KTAP version 1", "$ echo TAP version 14",
                           "a TAP version 13 reader", "TAP version x"})
    EXPECT_TRUE(parse_ktap(std::string(line) + "\n").good()) << line;
}

TEST(Ktap, ABailOutAndResultsWithADashOutsideADocumentAreProblems) {
  const KtapReport r = parse_ktap("boot\nBail out! broken\nnot ok - foo\nok - bar\n");
  ASSERT_EQ(r.problems.size(), 2u);
  EXPECT_EQ(r.problems[0], "bail out: broken");
  EXPECT_NE(r.problems[1].find("2 lines, first 'not ok - foo' in line 3"), std::string::npos)
      << r.problems[1];
}

// TAP 14, "Description": with and without " - " is the same.
TEST(Ktap, ASubtestNeedsNeitherANumberNorADash) {
  const KtapReport r = parse_ktap("TAP version 14\n1..1\n    not ok my sub\nok 1 - x\n");
  ASSERT_EQ(r.cases.size(), 1u);
  EXPECT_EQ(r.cases[0].name, "my sub");
  EXPECT_EQ(r.cases[0].suite, "x");
  EXPECT_EQ(r.cases[0].result, Result::Failed);
}

// TAP 14, "Test Point ID": unique, and such a line is still a result.
TEST(Ktap, ANumberThatTwoResultsOfADocumentHaveIsAProblem) {
  const KtapReport r = parse_ktap("KTAP version 1\n1..2\nok 1 a\nok 1 b\n");
  EXPECT_EQ(r.cases.size(), 2u);
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_EQ(r.problems[0], "two results have the number 1, the second is 'b'");
  EXPECT_TRUE(parse_ktap("KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  ok 1 a\nok 1 b\n"
                         "KTAP version 1\n1..2\nok 1 c\nok d\n")
                  .good());
}

TEST(Ktap, AResultBehindWhatATerminalDoesNotShowOrALogAddsIsAProblem) {
  for (const char* document : {"TAP version 14\nok 1 - x\n", "boot\n"}) {
    for (const char* line :
         {"\x1b[31mnot ok 2 - y", "\rnot ok 2", "<3>not ok 2", "\x1b[0;1m\x1b[31m not ok 2 - y\x1b[0m",
          "50 %\rnot ok 2 - y", "[    2.3][ vp0/x ] not ok 2", "\x1b[?2004l\rnot ok 2", "<3>Bail out! why",
          "\x07"
          "1..2"}) {
      const KtapReport r = parse_ktap(std::string(document) + line + "\n");
      ASSERT_EQ(r.problems.size(), 1u) << document << line;
      EXPECT_NE(r.problems[0].find("results"), std::string::npos) << r.problems[0];
      EXPECT_NE(r.problems[0].find("line " + std::string(document[0] == 'b' ? "2" : "3")), std::string::npos);
    }
    for (const char* line : {"echo: not ok 2", "+ echo not ok 2", "<3>okay 2", "\x1b[31mred", "\r", "[x] [y]",
                             "<x>not ok 2", "\x1b[31"})
      EXPECT_TRUE(parse_ktap(std::string(document) + line + "\n").problems.empty()) << document << line;
  }
}

// TAP 14, "Plan": begins with 1.
TEST(Ktap, APlanThatBeginsWithAnotherNumberOrIsBeyondAllNumbersIsAProblem) {
  const KtapReport r = parse_ktap("TAP version 14\n2..3\nok 2\nok 3\n");
  ASSERT_FALSE(r.problems.empty());
  EXPECT_EQ(r.problems[0], "the plan '2..3' does not begin with 1");
  EXPECT_EQ(parse_ktap("TAP version 14\n1..99999999999999999999\nok 1\n").problems,
            std::vector<std::string>{"1 of 18446744073709551615 planned tests have a result"});
  EXPECT_FALSE(parse_ktap("1..99999999999999999999\n").good());
  EXPECT_FALSE(parse_ktap("ok 18446744073709551616 - x\n").good());
}

TEST(Ktap, MoreThanOneBlankMayStandInAVersionLine) {
  const KtapReport r = parse_ktap("TAP  version \t14\nok\nnot ok second\n");
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[1].result, Result::Failed);
}

TEST(Ktap, ANumberBeyondWhatWasSeenShowsThatAResultIsLost) {
  EXPECT_FALSE(parse_ktap("KTAP version 1\nok 1 a\nok 3 c\n").good());
  EXPECT_FALSE(parse_ktap("KTAP version 1\n1..2\nok 1 a\nok 3 c\n").good());
  EXPECT_TRUE(parse_ktap("TAP version 14\n1..3\nok 2\nok 3\nok 1\n").good());
}

TEST(Ktap, ABailOutIsReadInAnyCaseAndWithItsEscapes) {
  const KtapReport r = parse_ktap("TAP version 14\n1..0\nbail out! \\# is no memory\n");
  ASSERT_EQ(r.problems.size(), 1u);
  EXPECT_EQ(r.problems[0], "bail out: # is no memory");
}

TEST(Ktap, ATabIndentsSubtestsAsOlderKernelsDo) {
  const KtapReport r =
      parse_ktap("TAP version 14\n1..1\n\t# Subtest: s\n\t1..2\n\tok 1 - a\n\tnot ok 2 - b\nnot ok 1 - s\n");
  ASSERT_EQ(r.cases.size(), 2u);
  EXPECT_EQ(r.cases[1].suite, "s");
  EXPECT_EQ(r.cases[1].result, Result::Failed);
  EXPECT_TRUE(r.problems.empty());
}

TEST(Ktap, AnExpectedFailureDoesNotFail) {
  EXPECT_TRUE(parse_ktap("KTAP version 1\n1..1\nnot ok 1 later # TODO\n").good());
}

TEST(Ktap, AConsoleWithoutTestsIsGood) {
  const KtapReport r = parse_ktap("hello\n");
  EXPECT_TRUE(r.good());
  EXPECT_TRUE(r.cases.empty());
}

TEST(Ktap, TheReportDoesNotDependOnHowTheConsoleIsCut) {
  const std::string text = "boot\nKTAP version 1\n1..2\nok 1 first\n# why\nnot ok 2 second\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    KtapParser parser;
    ConsoleLines lines([&parser](const ConsolePiece& piece) { parser.put(piece); });
    lines.put(text.substr(0, cut));
    lines.put(text.substr(cut));
    lines.finish();
    const KtapReport r = parser.finish();
    ASSERT_EQ(r.cases.size(), 2u) << cut;
    EXPECT_EQ(r.cases[1].name, "second") << cut;
    EXPECT_EQ(r.cases[1].diagnostics, std::vector<std::string>{"why"}) << cut;
    EXPECT_TRUE(r.problems.empty()) << cut;
  }
}

std::size_t text_bytes(const KtapReport& r) {
  std::size_t bytes = 0;
  for (const KtapCase& c : r.cases) {
    bytes += c.name.size() + c.suite.size() + c.reason.size();
    for (const std::string& d : c.diagnostics) bytes += d.size();
  }
  for (const std::string& p : r.problems) bytes += p.size();
  return bytes;
}

TEST(Ktap, ALongNameOfAParentIsNotRepeatedWholeInEveryCase) {
  std::string text = "KTAP version 1\n1..1\n  KTAP version 1\n";
  for (int i = 0; i < 1000; ++i) text += "  ok\n";
  const KtapReport r = parse_ktap(text + "ok 1 " + std::string(100000, 'x') + "\n");
  EXPECT_EQ(r.cases.size(), 1000u);
  EXPECT_LE(text_bytes(r), 1000u * 512);
}

TEST(Ktap, LongDiagnosticsReasonsAndSuitesAreCut) {
  const std::string much(100000, 'x');
  std::string text;
  for (int i = 0; i < 8; ++i) text += std::string(static_cast<std::size_t>(i), ' ') + "KTAP version 1\n";
  text += "        # " + much + "\n       ok 1 a # SKIP " + much + "\n";
  for (int i = 6; i >= 0; --i) text += std::string(static_cast<std::size_t>(i), ' ') + "ok 1 " + much + "\n";
  const KtapReport r = parse_ktap(text);
  ASSERT_EQ(r.cases.size(), 1u);
  EXPECT_EQ(r.cases[0].result, Result::Skipped);
  EXPECT_LE(text_bytes(r), 1024u);
}

TEST(Ktap, ProblemsBeyondAHundredAreNotListedAndTheReportStaysBad) {
  std::string text = "KTAP version 1\n";
  for (int i = 0; i < 1000; ++i) text += "Bail out! " + std::to_string(i) + "\n";
  for (int i = 0; i < 1000; ++i) text += std::string(20, ' ') + "KTAP version 1\n";
  const KtapReport r = parse_ktap(text);
  EXPECT_EQ(r.problems.size(), 101u);
  EXPECT_NE(r.problems.back().find("more problems"), std::string::npos);
  EXPECT_FALSE(r.good());
}

TEST(Ktap, AResultBehindMoreBlanksThanALineKeepsIsAProblem) {
  EXPECT_FALSE(parse_ktap("KTAP version 1\nok 1 a\n" + std::string(5000, ' ') + "not ok 2 b\n").good());
}

TEST(Ktap, AnyBytesAreTaken) {
  std::mt19937 random(1);
  const std::vector<std::string> words = {
      "KTAP version 1\n", "1..",  "999999999999999999999", "\n",      "ok ",       "not ok ", "  ",
      "# SKIP",           "\xff", std::string(1, '\0'),    "[ 1.0] ", "Bail out!", "-"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (auto i = random() % 60; i > 0; --i) text += words[random() % words.size()];
    const KtapReport r = parse_ktap(text);
    EXPECT_LE(r.cases.size(), text.size());
    junit_xml(record_of(r, {ExitCode::Fail, "y"}));
  }
}

TEST(Junit, CountsAndEscapes) {
  const KtapReport r =
      parse_ktap("KTAP version 1\n1..2\n# <why>\nnot ok 1 a<b>&\"c\"\x01\nok 2 d # SKIP e\n");
  RunRecord record = record_of(r, {ExitCode::Fail, "the <end>"});
  record.sim_time_ps = 1'500'000'000'000;
  const std::string xml = junit_xml(record);
  EXPECT_NE(xml.find("tests=\"3\" failures=\"2\" skipped=\"1\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("name=\"a&lt;b&gt;&amp;&quot;c&quot;\xef\xbf\xbd\""), std::string::npos) << xml;
  EXPECT_NE(xml.find("&lt;why&gt;"), std::string::npos);
  EXPECT_NE(xml.find("<skipped message=\"e\"/>"), std::string::npos);
  EXPECT_NE(xml.find("message=\"the &lt;end&gt;\""), std::string::npos);
  EXPECT_NE(xml.find("time=\"1.500000\""), std::string::npos);
}

TEST(Junit, WhatIsNoCharacterOfXmlIsReplaced) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(xml_escape("a\xef\xbf\xbe"
                       "b\xef\xbf\xbf"
                       "c\xef\xbf\xbd\xef\xbf\xb0"),
            "a" + r + "b" + r + "c" + r + "\xef\xbf\xb0");
}

RunFacts exited(GuestExit::Kind kind, std::uint64_t status = 0) {
  RunFacts facts;
  facts.reason = StopReason::GuestExit;
  facts.exit = GuestExit{kind, status, "test"};
  return facts;
}

TEST(Verdict, PowerOffAndStatusZeroPass) {
  EXPECT_EQ(judge(exited(GuestExit::Kind::PowerOff), {}).code, ExitCode::Pass);
  EXPECT_EQ(judge(exited(GuestExit::Kind::Status), {}).code, ExitCode::Pass);
}

TEST(Verdict, AStatusOtherThanZeroFails) {
  EXPECT_EQ(judge(exited(GuestExit::Kind::Status, 3), {}).code, ExitCode::Fail);
}

TEST(Verdict, AResetFailsUnlessTheConfigurationSaysPass) {
  RunFacts facts = exited(GuestExit::Kind::Reset);
  EXPECT_EQ(judge(facts, {}).code, ExitCode::Fail);
  facts.reset_passes = true;
  EXPECT_EQ(judge(facts, {}).code, ExitCode::Pass);
}

TEST(Verdict, AFailedOrMissingTestFailsARunThatPowersOff) {
  const RunFacts facts = exited(GuestExit::Kind::PowerOff);
  EXPECT_EQ(judge(facts, parse_ktap("KTAP version 1\n1..1\nnot ok 1 a\n")).code, ExitCode::Fail);
  EXPECT_EQ(judge(facts, parse_ktap("KTAP version 1\n1..2\nok 1 a\n")).code, ExitCode::Fail);
  EXPECT_EQ(judge(facts, parse_ktap("KTAP version 1\n1..1\nok 1 a\n")).code, ExitCode::Pass);
}

TEST(Verdict, StrictTurnsAPassWithDiagnosticsIntoItsOwnCodeAndLeavesAFailureAlone) {
  RunFacts facts = exited(GuestExit::Kind::PowerOff);
  facts.guest_errors = {1, "dma0:site (1)"};
  EXPECT_EQ(judge(facts, {}).code, ExitCode::Pass);
  facts.strict = true;
  EXPECT_EQ(judge(facts, {}).code, ExitCode::Strict);
  facts.exit->kind = GuestExit::Kind::Status;
  facts.exit->status = 1;
  EXPECT_EQ(judge(facts, {}).code, ExitCode::Fail);
}

TEST(Verdict, EveryOtherEndHasItsCode) {
  const std::vector<std::pair<StopReason, ExitCode>> table = {
      {StopReason::SimTimeout, ExitCode::SimTimeout},
      {StopReason::WallTimeout, ExitCode::WallTimeout},
      {StopReason::Interrupted, ExitCode::Interrupted},
      {StopReason::Standstill, ExitCode::Fail},
      {StopReason::InternalError, ExitCode::Internal}};
  for (const auto& [reason, code] : table) {
    RunFacts facts;
    facts.reason = reason;
    EXPECT_EQ(judge(facts, {}).code, code);
  }
}

TEST(Verdict, ARunThatASignalEndedHasTheCodeThatAShellGivesIt) {
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) {
    RunFacts facts;
    facts.reason = StopReason::Interrupted;
    facts.signal = signal;
    const ExitCode code = judge(facts, {}).code;
    EXPECT_EQ(static_cast<int>(code), 128 + signal);
    EXPECT_STREQ(info(code).name, "interrupted");
  }
}

}  // namespace
}  // namespace smmuvp::platform
