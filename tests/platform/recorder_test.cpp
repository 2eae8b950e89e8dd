// What is recorded of a run: bounded, and dependent on nothing but times and counts.
#include "recorder.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "trace_hub.h"

namespace smmuvp::platform {
namespace {

std::uint64_t sum(const std::vector<std::uint64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

TEST(Timeline, CountsGoIntoTheBucketOfTheirTime) {
  Timeline t;
  const std::size_t series = t.add();
  t.count(series, 0);
  t.count(series, Timeline::first_width_ps - 1, 2);
  t.count(series, Timeline::first_width_ps, 4);
  EXPECT_EQ(t.values(series), (std::vector<std::uint64_t>{3, 4}));
  EXPECT_EQ(t.bucket_end(0), Timeline::first_width_ps);
  EXPECT_EQ(t.bucket_end(Timeline::first_width_ps), 2 * Timeline::first_width_ps);
}

TEST(Timeline, BucketsDoubleWhenTheyDoNotReachAndLoseNothing) {
  Timeline t;
  const std::size_t early = t.add(), late = t.add();
  for (std::uint64_t i = 0; i < Timeline::most_buckets; ++i) t.count(early, i * Timeline::first_width_ps, i);
  EXPECT_EQ(t.width_ps(), Timeline::first_width_ps);
  t.count(late, Timeline::most_buckets * Timeline::first_width_ps);
  EXPECT_EQ(t.width_ps(), 2 * Timeline::first_width_ps);
  EXPECT_EQ(t.values(early).size(), Timeline::most_buckets / 2);
  EXPECT_EQ(t.values(early)[1], 2U + 3U);
  EXPECT_EQ(t.values(late)[Timeline::most_buckets / 2], 1U);
  EXPECT_EQ(sum(t.values(early)), Timeline::most_buckets * (Timeline::most_buckets - 1) / 2);
}

TEST(Timeline, AnHourAndTheLastOfAllTimesTakeNoMoreRoom) {
  Timeline t;
  const std::size_t series = t.add();
  t.count(series, 5);
  for (const std::uint64_t time : {std::uint64_t{3'600'000'000'000'000}, ~std::uint64_t{0}}) {
    t.count(series, time);
    EXPECT_LE(t.values(series).size(), Timeline::most_buckets);
    EXPECT_GT(t.bucket_end(time), time - 1);
  }
  EXPECT_EQ(sum(t.values(series)), 3U);
}

// What is counted first decides nothing: the sums are those of buckets that had the last width at once.
TEST(Timeline, BucketsAreAlignedToMultiplesOfTheirWidth) {
  Timeline grown, at_once;
  const std::size_t a = grown.add(), b = at_once.add();
  const std::uint64_t end = 37 * Timeline::most_buckets * Timeline::first_width_ps;
  at_once.count(b, end);
  for (std::uint64_t time = 0; time < end; time += end / 999) {
    grown.count(a, time);
    at_once.count(b, time);
  }
  grown.count(a, end);
  EXPECT_EQ(grown.width_ps(), at_once.width_ps());
  EXPECT_EQ(grown.values(a), at_once.values(b));
}

TEST(ConsoleText, AShortConsoleIsKeptWhole) {
  ConsoleText text;
  text.put("one\n");
  text.put("two\n");
  EXPECT_EQ(text.head() + text.tail(), "one\ntwo\n");
  EXPECT_EQ(text.left_out(), 0U);
}

TEST(ConsoleText, OfALongOneBeginningAndEndAreKeptAndTheRestIsCounted) {
  ConsoleText text;
  text.put("begin");
  std::uint64_t bytes = 5;
  for (int i = 0; i < 3000; ++i) {
    text.put(std::string(997, 'x'));
    bytes += 997;
  }
  text.put("end");
  bytes += 3;
  EXPECT_EQ(text.head().substr(0, 6), "beginx");
  EXPECT_EQ(text.head().size(), ConsoleText::most_head);
  EXPECT_EQ(text.tail().size(), ConsoleText::most_tail);
  EXPECT_EQ(text.tail().substr(text.tail().size() - 4), "xend");
  EXPECT_EQ(text.left_out(), bytes - ConsoleText::most_head - ConsoleText::most_tail);
}

TEST(Recorder, AsksForWhatIsRareAndForNoAccess) {
  Recorder recorder;
  EXPECT_TRUE(recorder.wants("smmu0", "smmu.fault"));
  EXPECT_TRUE(recorder.wants("smmu0", event_point));
  EXPECT_TRUE(recorder.wants("smmu0", "smmu.command"));
  for (const char* often : {"smmu.access", "smmu.translate", "smmu.fetch", "router.access"})
    EXPECT_FALSE(recorder.wants("smmu0", often)) << often;
}

// The n-th of event_words() is of the n-th event of the hub, whoever tells of it and with whatever values.
TEST(Recorder, EventsOfWhateverSourceHaveAPlaceEach) {
  Recorder recorder;
  TraceHub hub;
  hub.add_observer(recorder);
  const TraceValue value{"sid", 1, {}, false};
  for (std::size_t i = 0; i < TraceHub::most_events + 3; ++i) hub.record(i, "nobody", event_point, &value, 1);
  EXPECT_EQ(recorder.event_words().size(), hub.events().size());
  EXPECT_EQ(recorder.fault_count(), 0U);
}

}  // namespace
}  // namespace smmuvp::platform
