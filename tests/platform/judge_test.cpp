#include <gtest/gtest.h>

#include <csignal>

#include "report.h"
#include "run_limits.h"
#include "smmuvp/base/error.h"
#include "stop_signals.h"
#include "verdict.h"
#include "waivers.h"

namespace smmuvp::platform {
namespace {

RunFacts powered_off() {
  RunFacts facts;
  facts.reason = StopReason::GuestExit;
  facts.exit = GuestExit{GuestExit::Kind::PowerOff, 0, "test"};
  return facts;
}

TEST(Verdict, TooFewTestsFailARunAndSkippedOnesDoNotCount) {
  RunFacts facts = powered_off();
  const KtapReport one = parse_ktap("KTAP version 1\n1..2\nok 1 a\nok 2 b # SKIP\n");
  EXPECT_EQ(judge(facts, {}).code, ExitCode::Pass);
  facts.min_tests = 1;
  EXPECT_EQ(judge(facts, one).code, ExitCode::Pass);
  EXPECT_EQ(judge(facts, {}).code, ExitCode::Fail);
  EXPECT_EQ(judge(facts, {}).reason,
            "no test ran, and at least 1 must (--min-tests, or min_tests of the configuration)");
  facts.min_tests = 2;
  const Verdict verdict = judge(facts, one);
  EXPECT_EQ(verdict.code, ExitCode::Fail);
  EXPECT_EQ(verdict.reason.rfind("1 test ran, and at least 2 must", 0), 0u) << verdict.reason;
}

TEST(Verdict, AForbiddenLineFailsARunThatWouldPassAndNamesItself) {
  RunFacts facts = powered_off();
  facts.match = ConsoleMatch{12, "BUG: ", "BUG: x"};
  const Verdict verdict = judge(facts, {});
  EXPECT_EQ(verdict.code, ExitCode::Fail);
  EXPECT_EQ(verdict.reason, "'BUG: x' in line 12 of the console, which --fail-on 'BUG: ' matches");
  facts.oops = "f+0x10/0x20 [mydma]";
  EXPECT_EQ(
      judge(facts, {}).reason,
      "Oops in f+0x10/0x20 [mydma]: 'BUG: x' in line 12 of the console, which --fail-on 'BUG: ' matches");
}

TEST(Verdict, AMistakeOfADriverComesBeforeWhatTheGuestSays) {
  RunFacts facts = powered_off();
  facts.check_failures = 2;
  facts.first_check_failure = "tlbi.missing: smmu0: ...";
  facts.match = ConsoleMatch{12, "BUG: ", "BUG: x"};
  const Verdict verdict = judge(facts, {});
  EXPECT_EQ(verdict.code, ExitCode::Check);
  EXPECT_EQ(verdict.reason, "--check: 2 mistakes of a driver, first tlbi.missing: smmu0: ...");
}

TEST(CheckReport, CountsBySeverityWhatFails) {
  CheckReport report;
  report.counts.resize(std::size(checker::rules));
  EXPECT_EQ(report.failures(), 0u);
  report.counts[static_cast<std::size_t>(checker::RuleId::tlbi_lazy)] = 3;
  report.counts[static_cast<std::size_t>(checker::RuleId::end_eventq)] = 2;
  report.counts[static_cast<std::size_t>(checker::RuleId::tlbi_asid)] = 1;
  for (const auto& [from, failures] : {std::pair{checker::Severity::error, 1u},
                                       {checker::Severity::warn, 3u},
                                       {checker::Severity::note, 6u}}) {
    report.fails_from = from;
    EXPECT_EQ(report.failures(), failures);
  }
  checker::Finding f;
  f.rule = checker::RuleId::tlbi_lazy;
  f.smmu = "smmu0";
  f.text = "x";
  report.fails_from = checker::Severity::error;
  report.findings.push_back(f);
  EXPECT_EQ(report.first_failure(), "");
  f.rule = checker::RuleId::tlbi_asid;
  f.stream_id = 0x100;
  f.writer = checker::Writer{"cpu0", 0x1234, 1'500'000'000};
  report.findings.push_back(f);
  EXPECT_EQ(report.first_failure(),
            "tlbi.asid: smmu0: a TLB invalidation names another ASID: x (StreamID 0x100; last stored to by "
            "cpu0, pc "
            "0x1234, at 1.5 ms) [IHI 0070 4.4.2]");
}

TEST(Verdict, ATimeOutThatNobodyAskedForSaysHowToRaiseIt) {
  RunFacts facts;
  facts.reason = StopReason::WallTimeout;
  EXPECT_EQ(judge(facts, {}).reason.find("raises"), std::string::npos);
  facts.default_wall_limit_ps = default_wall_limit_ps;
  const Verdict verdict = judge(facts, {});
  EXPECT_EQ(verdict.code, ExitCode::WallTimeout);
  EXPECT_NE(verdict.reason.find("--timeout-wall TIME raises it"), std::string::npos);
}

TEST(Verdict, AConsoleThatIsFullHasItsOwnCode) {
  RunFacts facts;
  facts.reason = StopReason::ConsoleLimit;
  facts.console_limit = 10;
  EXPECT_EQ(judge(facts, {}).code, ExitCode::ConsoleLimit);
  EXPECT_STREQ(info(ExitCode::ConsoleLimit).name, "console-limit");
}

TEST(ConsoleWatch, AMatchThatAPieceOfALongLineEndsWithIsShownWithWhatIsBeforeIt) {
  struct Row {
    std::string pattern, line;
  };
  const std::string pad(ConsoleLines::most_bytes - 4, 'x');
  for (const Row& row :
       {Row{"OOPS\\b", pad + "OOPS and more"}, Row{"OOPS", pad + "OOPS and more"},
        Row{"OOPS", pad + "xxOOPS"}, Row{"OOPS$", pad + "xxxOOPS"}, Row{"OOPS$", pad + "OOPS"}}) {
    ConsoleWatch watch({row.pattern});
    ConsoleLines lines([&watch](const ConsolePiece& piece) { watch.put(piece); });
    lines.put("OOP\n" + row.line + "\n");
    lines.finish();
    ASSERT_EQ(watch.matches().size(), 1u) << row.pattern;
    const std::string& text = watch.matches()[0].text;
    EXPECT_EQ(text.size(), 256u);
    EXPECT_EQ(text.substr(0, 4), "...x");
    EXPECT_EQ(text.substr(text.size() - 6).find("OOPS"), 2u) << text;
  }
}

TEST(Limits, ARunAwayFromATerminalHasAWallTimeLimitUnlessOneIsGiven) {
  RunOptions options;
  RunConfig config;
  EXPECT_FALSE(wall_limit(options, config, true));
  ASSERT_TRUE(wall_limit(options, config, false));
  EXPECT_EQ(wall_limit(options, config, false)->ps, default_wall_limit_ps);
  EXPECT_TRUE(wall_limit(options, config, false)->is_default);
  config.timeout_wall_ps = 7;
  EXPECT_EQ(wall_limit(options, config, false)->ps, 7u);
  EXPECT_FALSE(wall_limit(options, config, false)->is_default);
  EXPECT_EQ(wall_limit(options, config, true)->ps, 7u);
  options.gdb = "1234";
  EXPECT_FALSE(wall_limit(options, config, false));
  options.timeout_wall_ps = 5;
  EXPECT_EQ(wall_limit(options, config, false)->ps, 5u);
}

TEST(Limits, WhatAConfigurationPromisesToTestIsNotAskedOfAnInteractiveRun) {
  RunOptions options;
  RunConfig config;
  EXPECT_EQ(min_tests(options, config), 0u);
  config.min_tests = 3;
  EXPECT_EQ(min_tests(options, config), 3u);
  options.console = true;
  EXPECT_EQ(min_tests(options, config), 0u);
  options.min_tests = 2;
  EXPECT_EQ(min_tests(options, config), 2u);
}

TEST(StopSignals, ComeOneAtATime) {
  StopSignals signals;
  signals.arm_wall_limit(3'600'000'000'000'000, 1);
  for (const int one : {SIGINT, SIGTERM, SIGHUP, SIGALRM}) {
    struct sigaction action {};
    ASSERT_EQ(sigaction(one, nullptr, &action), 0);
    for (const int other : {SIGINT, SIGTERM, SIGHUP, SIGALRM})
      EXPECT_EQ(sigismember(&action.sa_mask, other), 1) << one << " " << other;
  }
}

TEST(Waivers, ASiteIsWaivedByItsNameWithOrWithoutItsComponentUpToItsNumber) {
  const SiteCounts sites = {
      {{"dma0", "RING_ERROR"}, 3}, {{"dma1", "RING_ERROR"}, 2}, {{"smmu0", "CMDQ.opcode"}, 1}};
  struct Row {
    std::vector<std::string> allow;
    std::uint64_t left;
    std::string named;
    std::vector<std::uint64_t> counts;
  };
  const std::vector<Row> rows = {
      {{}, 6, "dma0:RING_ERROR (3), dma1:RING_ERROR (2), smmu0:CMDQ.opcode (1)", {}},
      {{"RING_ERROR"}, 1, "smmu0:CMDQ.opcode (1)", {5}},
      {{"RING_ERROR=4", "CMDQ.opcode"}, 1, "dma1:RING_ERROR (1)", {4, 1}},
      {{"dma1:RING_ERROR", "dma0:RING_ERROR=2", "x"},
       2,
       "dma0:RING_ERROR (1), smmu0:CMDQ.opcode (1)",
       {2, 2, 0}},
      {{"dma0:RING_ERROR=2", "RING_ERROR", "CMDQ.opcode=1"}, 0, "", {2, 3, 1}}};
  for (const Row& row : rows) {
    std::vector<Waiver> waivers;
    for (const std::string& text : row.allow) waivers.push_back(parse_waiver(text));
    const Unwaived left = apply_waivers(sites, waivers);
    EXPECT_EQ(left.count, row.left);
    EXPECT_EQ(left.sites, row.named);
    ASSERT_EQ(waivers.size(), row.counts.size());
    for (std::size_t i = 0; i < waivers.size(); ++i)
      EXPECT_EQ(waivers[i].count, row.counts[i]) << waivers[i].site;
  }
}

TEST(Waivers, APatternIsRefusedBecauseSitesAreNamed) {
  for (const char* text : {"cpu0:*", "dma0:RING_?RROR", "*=3"})
    EXPECT_THROW(parse_waiver(text), ConfigError) << text;
}

TEST(Waivers, ANumberThatReportsCannotTellApartIsRefused) {
  for (const char* text : {"", "=1", "a=", "a=0", "a=10", "a=x", "a=-1"})
    EXPECT_THROW(parse_waiver(text), ConfigError) << text;
  EXPECT_EQ(parse_waiver("a=9").most, 9u);
}

}  // namespace
}  // namespace smmuvp::platform
