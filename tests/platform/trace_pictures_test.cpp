// The writers behind --trace-ring, --vcd and --perfetto, by records that are made up.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "perfetto_trace.h"
#include "proto_message.h"
#include "trace_order.h"
#include "trace_ring.h"
#include "vcd_trace.h"

namespace smmuvp::platform {
namespace {

constexpr TracePoint<std::uint32_t> note{"test.note", "a note", {"n"}};
constexpr TracePoint<std::string_view, bool> line{"test.line", "a line changed", {"name", "level"}};
constexpr TracePoint<std::string_view> fault{"smmu.fault", "a fault", {"event"}};
constexpr TracePoint<std::uint32_t, std::uint32_t, std::uint64_t, bool> transaction{
    "smmu.transaction", "a slot", {"tbu", "sid", "address", "begins"}};
constexpr TracePoint<bool, std::uint64_t> burst{"test.burst", "a burst", {"write", "took_ps"}};
const std::vector<TracePointInfo> all{note, line, fault, transaction, burst};

// ---- order

std::uint64_t simulated_ps = 0;
std::uint64_t simulated() { return simulated_ps; }

TEST(OrderedTraces, TextsAndNumbersOfARecordThatWaitsOutliveIt) {
  std::string text;
  TextTraceSink sink(
      {}, [](void* to, std::string_view s) { static_cast<std::string*>(to)->append(s); }, &text);
  OrderedTrace order(simulated);
  order.add(sink);
  constexpr TracePoint<std::string_view, std::uint32_t, std::string_view> point{
      "test.point", "", {"a", "n", "b"}};
  {
    const std::string first = "one";
    std::string second(100, 'x');
    const std::string source = "a component that goes";
    Tracer(&order, source).emit(5, point, first, 7u, second);
    second.assign(100, 'y');
  }
  EXPECT_EQ(text, "");
  order.flush();
  EXPECT_EQ(text, "5 a component that goes test.point a=one n=0x7 b=" + std::string(100, 'x') + "\n");
}

TEST(OrderedTraces, ReadersThatAreAddedLaterAreAskedByComponentsThatKnewNone) {
  std::string text;
  TextTraceSink sink(
      {}, [](void* to, std::string_view s) { static_cast<std::string*>(to)->append(s); }, &text);
  OrderedTrace order(simulated);
  Tracer tracer(&order, "c");
  tracer.emit(0, note, 1u);
  order.add(sink);
  tracer.emit(0, note, 2u);
  EXPECT_EQ(text, "0 c test.note n=0x2\n");
}

// ---- the ring

struct Ring : testing::Test {
  TraceRing make(std::uint64_t lines) {
    return TraceRing({"test.note"}, lines, [this](std::string_view s) { text += s; });
  }
  std::string text;
};

TEST_F(Ring, NothingIsWrittenOfARunInWhichNothingGoesWrong) {
  TraceRing ring = make(3);
  Tracer tracer(&ring, "c");
  for (unsigned i = 0; i < 10; ++i) tracer.emit(i, note, i);
  ring.finish(10, "");
  EXPECT_EQ(text, "");
}

TEST_F(Ring, AFaultWritesTheLastLinesOnceWithThoseOfTheMicrosecondAfterIt) {
  TraceRing ring = make(3);
  Tracer tracer(&ring, "smmu0");
  for (unsigned i = 0; i < 5; ++i) tracer.emit(i, note, i);
  tracer.emit(5, fault, "F_TRANSLATION");
  tracer.emit(5, fault, "F_TRANSLATION");
  tracer.emit(1'000'005, note, 7u);
  EXPECT_EQ(text, "") << "that microsecond is not over";
  tracer.emit(1'000'006, note, 8u);
  const std::string first =
      "# 5 ps: smmu.fault of smmu0: F_TRANSLATION: the last 3 lines; 3 before them were not kept\n"
      "3 smmu0 test.note n=0x3\n4 smmu0 test.note n=0x4\n1000005 smmu0 test.note n=0x7\n";
  EXPECT_EQ(text, first);
  ring.finish(2'000'000, "the run ends as fail: 1 test failed");
  EXPECT_EQ(text, first +
                      "# 2000000 ps: the run ends as fail: 1 test failed: the last 1 lines\n"
                      "1000006 smmu0 test.note n=0x8\n");
}

TEST_F(Ring, AfterTenTimesOnlyTheEndOfARunThatDoesNotPassIsWritten) {
  TraceRing ring = make(1);
  Tracer tracer(&ring, "smmu0");
  for (std::uint64_t i = 0; i < 20; ++i) {
    tracer.emit(i * 10'000'000, note, static_cast<std::uint32_t>(i));
    ring.went_wrong(i * 10'000'000, "site of smmu0");
  }
  ring.finish(200'000'000, "the run ends as fail: no");
  std::size_t headers = 0;
  for (std::size_t at = 0; (at = text.find("# ", at)) != std::string::npos; at += 2) ++headers;
  EXPECT_EQ(headers, TraceRing::most_times + 2U) << text;
  EXPECT_NE(text.find("# 100000000 ps: site of smmu0: this and what else goes wrong is not written"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.substr(text.rfind("# ")),
            "# 200000000 ps: the run ends as fail: no: the last 1 lines; 9 before them were not kept\n"
            "190000000 smmu0 test.note n=0x13\n");
}

TEST_F(Ring, PointsThatNobodyFiltersAreWantedOnlyIfTheyTellOfSomethingWrong) {
  TraceRing ring = make(1);
  EXPECT_TRUE(ring.wants("smmu0", "smmu.fault"));
  EXPECT_TRUE(ring.wants("smmu0", "test.note"));
  EXPECT_FALSE(ring.wants("smmu0", "test.line"));
}

// ---- value change dumps

struct Vcd : testing::Test {
  Vcd() { vcd.set_points(all); }
  std::string body(std::uint64_t end_ps) {
    std::string text;
    EXPECT_EQ(vcd.finish(end_ps, "top level", [&](std::string_view s) { text += s; }), 0);
    head = text.substr(0, text.find("#0\n"));
    return text.substr(text.find("#0\n"));
  }
  VcdTrace vcd;
  Tracer tracer{&vcd, "c"};
  std::string head;
};

TEST_F(Vcd, WiresBeginAsTheOppositeOfTheirFirstChangeAndLevelsAtZero) {
  tracer.emit(10, line, "up", true);
  tracer.emit(20, line, "down", false);
  tracer.emit(20, transaction, 1u, 0u, 0u, true);
  EXPECT_EQ(body(30), "#0\n$dumpvars\n0!\n1\"\nb0 #\n$end\n#10\n1!\n#20\n0\"\nb1 #\n#30\n");
  EXPECT_NE(head.find("$timescale 1 ps $end\n$scope module top_level $end\n$scope module c $end\n"
                      "$var wire 1 ! line_up $end\n$var wire 1 \" line_down $end\n"
                      "$scope module transactions $end\n$var integer 32 # TBU1 $end\n"),
            std::string::npos)
      << head;
}

TEST_F(Vcd, OfSeveralChangesAtOneTimeTheLastCountsAndNoChangeIsNone) {
  tracer.emit(10, line, "a", true);
  tracer.emit(10, line, "a", false);
  tracer.emit(10, line, "b", true);
  tracer.emit(12, line, "b", true);
  EXPECT_EQ(body(10), "#0\n$dumpvars\n0!\n0\"\n$end\n#10\n1\"\n");
}

TEST_F(Vcd, ALineThatIsFoundLowWhenSimulationBeginsIsNoSignalUntilItChanges) {
  tracer.emit(0, line, "a", false);
  tracer.emit(0, line, "b", false);
  tracer.emit(5, line, "b", true);
  EXPECT_EQ(body(5), "#0\n$dumpvars\n0!\n$end\n#5\n1!\n");
}

TEST_F(Vcd, ARecordThatComesTooLateGetsTheTimeBeforeIt) {
  tracer.emit(10, line, "a", true);
  tracer.emit(5, line, "b", true);
  EXPECT_EQ(body(10), "#0\n$dumpvars\n0!\n0\"\n$end\n#10\n1!\n1\"\n");
}

TEST_F(Vcd, WhatEndsWithoutHavingBegunDoesNotGoBelowZero) {
  tracer.emit(1, transaction, 0u, 0u, 0u, false);
  tracer.emit(2, transaction, 0u, 0u, 0u, true);
  EXPECT_EQ(body(2), "#0\n$dumpvars\nb0 !\n$end\n#2\nb1 !\n");
}

TEST_F(Vcd, NothingElseIsSwitchedOn) {
  EXPECT_TRUE(vcd.wants("c", "test.line"));
  EXPECT_FALSE(vcd.wants("c", "test.note"));
  EXPECT_FALSE(VcdTrace().wants("c", "test.line")) << "nobody has said which there are";
}

TEST_F(Vcd, ThousandsOfSignalsHaveCodesOfTheirOwn) {
  for (unsigned i = 0; i < 9000; ++i) tracer.emit(1, line, "l" + std::to_string(i), true);
  const std::string text = body(1);
  std::set<std::string> codes;
  const std::string changes = text.substr(text.find("$end\n#1\n") + 8);
  for (std::size_t at = 0; at < changes.size(); at = changes.find('\n', at) + 1)
    codes.insert(changes.substr(at + 1, changes.find('\n', at) - at - 1));
  EXPECT_EQ(codes.size(), 9000U);
}

// ---- Perfetto

TEST(ProtoMessages, FieldsAreAsTheEncodingSays) {
  ProtoMessage m;
  m.add_number(1, 150);
  m.add_text(2, "testing");
  m.add_number(60, ~std::uint64_t{0});
  EXPECT_EQ(m.bytes(),
            std::string("\x08\x96\x01\x12\x07testing\xe0\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

struct Perfetto : testing::Test {
  Perfetto() { trace.set_points(all); }
  /// How often a text is in what was written.
  std::size_t count(const std::string& text) const {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = bytes.find(text, at)) != std::string::npos; ++at) ++n;
    return n;
  }
  std::string bytes;
  PerfettoTrace trace{[this](std::string_view s) { bytes += s; }};
  Tracer tracer{&trace, "dma0"};
};

TEST_F(Perfetto, APointOfAnyComponentWithADurationMakesSlicesOnLanesThatAreAsManyAsOverlap) {
  tracer.emit(10'000, burst, true, 8'000u);   // 2 to 10 ns
  tracer.emit(12'000, burst, false, 1'000u);  // 11 to 12 ns: after it
  EXPECT_EQ(count("burst"), 1U) << "one lane";
  tracer.emit(13'000, burst, true, 11'000u);  // 2 to 13 ns
  EXPECT_EQ(count("burst"), 2U);
  tracer.emit(14'000, burst, true, 0u);
  tracer.emit(14'000, burst, true, 1'000u);
  EXPECT_EQ(count("burst"), 2U);
}

TEST_F(Perfetto, NamesAreWrittenOnce) {
  for (unsigned i = 0; i < 5; ++i) tracer.emit(i, burst, true, 0u);
  EXPECT_EQ(count("write"), 2U) << "the slices' name, and their argument's";
  EXPECT_EQ(count("dma0"), 1U);
}

TEST_F(Perfetto, NothingElseIsSwitchedOn) {
  EXPECT_TRUE(trace.wants("c", "test.burst"));
  EXPECT_TRUE(trace.wants("c", "test.line"));
  EXPECT_FALSE(trace.wants("c", "test.note"));
  EXPECT_FALSE(PerfettoTrace([](std::string_view) {}).wants("c", "test.burst"));
}

}  // namespace
}  // namespace smmuvp::platform
