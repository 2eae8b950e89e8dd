// How long what is traced has taken, and how full the queues are meanwhile.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "smmuvp/smmuv3/trace_points.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t page = 0x1234'5000;
constexpr smmu::TimePs memory_ps = 700;

struct Record {
  std::uint64_t time_ps;
  std::map<std::string, std::uint64_t, std::less<>> numbers;
  std::map<std::string, std::string, std::less<>> texts;
};

class Recorder : public TraceSink {
 public:
  bool wants(std::string_view, std::string_view) override { return true; }
  void record(std::uint64_t time_ps, std::string_view, std::string_view point, const TraceValue* values,
              std::size_t count) override {
    Record r{time_ps, {}, {}};
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name(values[i].name);
      if (values[i].is_text) {
        r.texts[name] = values[i].text;
      } else {
        r.numbers[name] = values[i].number;
      }
    }
    records[std::string(point)].push_back(r);
  }
  std::map<std::string, std::vector<Record>> records;
};

struct TraceTimes : testing::Test {
  static Structures timed() {
    Structures s;
    s.timing = true;
    s.port = {100, 100, 1};
    s.walker = {5'000, 0, 2};
    return s;
  }
  static Features stalling() {
    Features f;
    f.STALL_MODEL = 0;
    f.STALL_MAX = 4;
    return f;
  }
  TraceTimes() {
    w.start();
    trace.records.clear();
  }
  /// To its end or until it waits for software, with a memory that takes its time.
  smmu::Step go_on(Access& access) {
    for (;;) {
      const smmu::Step step = access.step();
      if (step != smmu::Step::need) return step;
      smmu::MemoryAnswer answer = w.memory.carry_out(access.op());
      answer.time = access.op().time + memory_ps;
      access.complete(answer);
    }
  }
  const std::vector<Record>& of(const std::string& point) { return trace.records[point]; }
  Recorder trace;
  World w{stalling(), timed(), &trace};
};

TEST_F(TraceTimes, AnAccessIsTracedWithTheTimeFromItsArrivalAndItsWalkAndFetchesWithin) {
  EXPECT_TRUE(w.stream(1).map(page, 0x8000'0000, 0x1000));
  smmu::AccessRequest request = World::request(1, page);
  request.time = 10'000;
  Access access(w.smmu, request);
  ASSERT_EQ(go_on(access), smmu::Step::done);
  ASSERT_EQ(of("smmu.access").size(), 1U);
  const Record& told = of("smmu.access")[0];
  EXPECT_EQ(told.time_ps, access.answer().time);
  EXPECT_EQ(told.numbers.at("took_ps"), access.answer().time - 10'000);
  ASSERT_EQ(of("smmu.walk_begin").size(), 1U);
  ASSERT_EQ(of("smmu.walk").size(), 1U);
  const Record& walk = of("smmu.walk")[0];
  EXPECT_EQ(walk.time_ps - walk.numbers.at("took_ps"), of("smmu.walk_begin")[0].time_ps);
  EXPECT_GE(walk.numbers.at("took_ps"), 5'000 + 3 * memory_ps) << "three levels";
  EXPECT_EQ(walk.numbers.at("ok"), 1U);
  ASSERT_EQ(of("smmu.fetch").size(), 5U) << "STE, CD and three descriptors";
  for (const Record& fetch : of("smmu.fetch")) {
    EXPECT_EQ(fetch.numbers.at("took_ps"), memory_ps);
    EXPECT_GE(fetch.time_ps - memory_ps, 10'000U);
    EXPECT_LE(fetch.time_ps, told.time_ps);
  }
  // A hit is short.
  request.time = 1'000'000;
  EXPECT_EQ(w.access(request).output, 0x8000'0000U);
  ASSERT_EQ(of("smmu.access").size(), 2U);
  EXPECT_LT(of("smmu.access")[1].numbers.at("took_ps"), 5'000U);
  EXPECT_EQ(of("smmu.walk").size(), 1U);
}

TEST_F(TraceTimes, AWalkThatFindsNothingHasEndedToo) {
  w.stream(1);
  Access access(w.smmu, World::request(1, page));
  ASSERT_EQ(go_on(access), smmu::Step::done);
  ASSERT_EQ(of("smmu.walk").size(), 1U);
  EXPECT_EQ(of("smmu.walk")[0].numbers.at("ok"), 0U);
  ASSERT_EQ(of("smmu.access").size(), 1U);
  EXPECT_GT(of("smmu.access")[0].numbers.at("took_ps"), 5'000U) << "one that is terminated has a duration";
}

TEST_F(TraceTimes, AStallIsResumedWithTheTimeThatItHasWaited) {
  pgtable::Builder& space = w.space();
  w.put(World::cd_address(1), cd_for(space.config(), 1).set(44, 1, 1).set(46, 1, 0));  // CD.S
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  for (const bool retry : {true, false}) {
    trace.records.clear();
    smmu::AccessRequest request = World::request(1, page);
    request.time = w.now;
    Access access(w.smmu, request);
    ASSERT_EQ(go_on(access), smmu::Step::stalled);
    ASSERT_EQ(of("smmu.stall").size(), 1U);
    EXPECT_TRUE(of("smmu.resume").empty());
    w.work();
    const auto event = w.pop_event();
    ASSERT_TRUE(event);
    w.now += 1'000'000;
    if (retry) {
      EXPECT_TRUE(space.map(page, 0x8000'0000, 0x1000));
    }
    const std::uint64_t stag = (*event)[1] & 0xffff;
    w.command(0x44 | std::uint64_t{retry} << 12 | std::uint64_t{!retry} << 13 | std::uint64_t{1} << 32, stag);
    ASSERT_EQ(go_on(access), smmu::Step::done);
    ASSERT_EQ(of("smmu.resume").size(), 1U);
    const Record& resume = of("smmu.resume")[0];
    EXPECT_EQ(resume.texts.at("answer"), retry ? "retry" : "abort");
    EXPECT_GE(resume.numbers.at("took_ps"), 1'000'000U);
    EXPECT_EQ(resume.time_ps - resume.numbers.at("took_ps"), of("smmu.stall")[0].time_ps);
    if (!retry) break;
    EXPECT_LT(of("smmu.access").back().numbers.at("took_ps"), 1'000'000U) << "it has arrived anew";
    ASSERT_TRUE(space.unmap(page, 0x1000));
    w.command(0x30);  // CMD_TLBI_NSNH_ALL
  }
}

TEST_F(TraceTimes, TheLevelOfTheCommandQueueFollowsPRODAndCONS) {
  for (unsigned i = 0; i < 3; ++i) w.push(0x46);  // CMD_SYNC
  w.work();
  std::vector<std::uint64_t> used;
  for (const Record& r : of("smmu.queue")) {
    EXPECT_EQ(r.texts.at("queue"), "CMDQ");
    EXPECT_EQ((r.numbers.at("prod") - r.numbers.at("cons")) & 0x3f, r.numbers.at("used"));
    used.push_back(r.numbers.at("used"));
  }
  EXPECT_EQ(used, (std::vector<std::uint64_t>{1, 2, 3, 2, 1, 0}));
  ASSERT_EQ(of("smmu.command").size(), 3U);
  EXPECT_EQ(of("smmu.sync").size(), 3U);
}

TEST_F(TraceTimes, TheLevelWrapsAsTheIndexesDo) {
  for (unsigned i = 0; i < 3U << World::log2_cmds; ++i) w.command(0x46);
  for (const Record& r : of("smmu.queue")) EXPECT_LE(r.numbers.at("used"), 1U);
  EXPECT_EQ(of("smmu.queue").size(), 6U << World::log2_cmds);
}

TEST_F(TraceTimes, TheLevelOfTheEventQueueFollowsRecordsAndSoftware) {
  w.put_ste(1, Structure());  // V = 0: C_BAD_STE
  w.access(1, page);
  w.access(1, page);
  ASSERT_TRUE(w.pop_event());
  std::vector<std::uint64_t> used;
  for (const Record& r : of("smmu.queue")) {
    EXPECT_EQ(r.texts.at("queue"), "EVENTQ");
    used.push_back(r.numbers.at("used"));
  }
  EXPECT_EQ(used, (std::vector<std::uint64_t>{1, 2, 1}));
}

TEST_F(TraceTimes, ACommandIsTracedWithTheTimeSinceItsFetch) {
  w.push(0x30);
  w.now = 50'000;
  ASSERT_EQ(w.commands().step(w.now), smmu::Step::need);
  smmu::MemoryAnswer answer = w.memory.carry_out(w.commands().op());
  answer.time = w.now + memory_ps;
  w.commands().complete(answer);
  w.work();
  ASSERT_EQ(of("smmu.command").size(), 1U);
  EXPECT_GE(of("smmu.command")[0].numbers.at("took_ps"), memory_ps);
  EXPECT_EQ(of("smmu.command")[0].time_ps - of("smmu.command")[0].numbers.at("took_ps"), 50'000U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
