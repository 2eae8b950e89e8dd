// Counters by TBU and by stream, beside those of the whole SMMU.
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

#include "smmuvp/test/core.h"
#include "smmuvp/test/edited_archive.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

/// What a component reports: "translations", "tbu 0/translations", "stream 0x1/translations".
class Report : public StatVisitor {
 public:
  void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
    values[prefix + std::string(name)] = value;
  }
  StatVisitor* part(std::string_view kind, std::string_view name) override {
    prefix = std::string(kind) + " " + std::string(name) + "/";
    parts.push_back(std::string(kind) + " " + std::string(name));
    return this;
  }
  std::uint64_t operator[](const std::string& name) const {
    const auto at = values.find(name);
    EXPECT_NE(at, values.end()) << name;
    return at == values.end() ? ~0ULL : at->second;
  }
  /// The sum over all parts of a kind.
  std::uint64_t sum(const std::string& kind, const std::string& name) const {
    std::uint64_t n = 0;
    for (const std::string& part : parts) {
      if (part.compare(0, kind.size(), kind) == 0) n += (*this)[part + "/" + name];
    }
    return n;
  }
  std::string prefix;
  std::map<std::string, std::uint64_t> values;
  std::vector<std::string> parts;
};

Report report_of(Smmu& smmu) {
  Report r;
  smmu.engine_statistics().report(r);
  smmu.engine().report_parts(r);
  return r;
}

Structures two_tbus() {
  Structures s;
  s.ports = 2;
  s.port = {10, 10, 1};
  s.micro_tlb = {4, 4, 1};
  return s;
}

smmu::AccessAnswer access_by(World& w, std::uint8_t port, std::uint32_t sid, std::uint64_t address,
                             std::uint64_t time) {
  smmu::AccessRequest q = World::request(sid, address);
  q.port = port;
  q.time = time;
  return w.access(q);
}

/// Streams 1 and 2 translate, 3 bypasses, 4 has no valid STE.
struct StatisticsByPart : testing::Test {
  StatisticsByPart() {
    w.start();
    EXPECT_TRUE(w.stream(1, 1).map(0x1000, 0x8000'0000, 0x2000));
    EXPECT_TRUE(w.stream(2, 2).map(0x1000, 0x9000'0000, 0x1000));
    w.put_ste(3, ste_bypass());
  }
  World w{{}, two_tbus()};
};

TEST_F(StatisticsByPart, EachTbuCountsWhatCameByIt) {
  for (std::uint64_t i = 0; i < 4; ++i) access_by(w, 0, 1, 0x1000, 1000 * (i + 1));
  access_by(w, 1, 1, 0x1000, 10'000);
  access_by(w, 1, 3, 0x5000, 11'000);
  access_by(w, 1, 3, 0x5000, 12'000);
  access_by(w, 1, 1, 0x7000, 13'000);  // a translation fault
  const Report r = report_of(w.smmu);
  EXPECT_EQ(r["tbu 0/accesses"], 4U);
  EXPECT_EQ(r["tbu 0/translations"], 4U);
  EXPECT_EQ(r["tbu 0/micro_tlb_hits"], 3U);
  EXPECT_EQ(r["tbu 0/micro_tlb_misses"], 1U);
  EXPECT_EQ(r["tbu 0/tlb_misses"], 1U);
  EXPECT_EQ(r["tbu 1/accesses"], 4U);
  EXPECT_EQ(r["tbu 1/translations"], 1U);
  EXPECT_EQ(r["tbu 1/bypasses"], 2U);
  EXPECT_EQ(r["tbu 1/micro_tlb_hits"], 1U);
  EXPECT_EQ(r["tbu 1/micro_tlb_misses"], 3U);
  EXPECT_EQ(r["tbu 1/faults"], 1U);
  EXPECT_EQ(r["tbu 1/aborts"], 1U);
}

TEST_F(StatisticsByPart, EachStreamCountsWhatItSentByAnyTbu) {
  for (std::uint64_t i = 0; i < 3; ++i) access_by(w, i % 2, 1, 0x1000, 1000 * (i + 1));
  access_by(w, 0, 2, 0x1000, 10'000);
  access_by(w, 0, 2, 0x6000, 11'000);  // a translation fault
  access_by(w, 0, 3, 0x5000, 12'000);
  const Report r = report_of(w.smmu);
  EXPECT_EQ(r["stream 0x1/accesses"], 3U);
  EXPECT_EQ(r["stream 0x1/translations"], 3U);
  EXPECT_EQ(r["stream 0x1/micro_tlb_hits"], 1U);
  EXPECT_EQ(r["stream 0x1/tlb_misses"], 1U);
  EXPECT_EQ(r["stream 0x1/tlb_hits"], 1U) << "by the other TBU";
  EXPECT_EQ(r["stream 0x1/faults"], 0U);
  EXPECT_EQ(r["stream 0x2/accesses"], 2U);
  EXPECT_EQ(r["stream 0x2/faults"], 1U);
  EXPECT_EQ(r["stream 0x2/tlb_misses"], 2U);
  EXPECT_EQ(r["stream 0x3/bypasses"], 1U);
}

TEST_F(StatisticsByPart, TheTimeOfAHitIsCountedForItsTbuAndStream) {
  access_by(w, 0, 1, 0x1000, 1000);
  const Report before = report_of(w.smmu);
  access_by(w, 0, 1, 0x1000, 50'000);
  const Report after = report_of(w.smmu);
  for (const char* part : {"", "tbu 0/", "stream 0x1/"}) {
    const std::string name = part + std::string("translation_time");
    EXPECT_EQ(after[name] - before[name], 10U + 4U) << name;
  }
}

TEST_F(StatisticsByPart, TheWholeIsTheSumOfTbusAndThatOfStreams) {
  test::Random random(1);
  for (std::uint64_t i = 1; i <= 500; ++i) {
    access_by(w, static_cast<std::uint8_t>(random.below(2)), static_cast<std::uint32_t>(random.below(6)),
              random.below(8) << 12, 100 * i);
  }
  const Report r = report_of(w.smmu);
  for (const char* name :
       {"accesses", "translations", "bypasses", "aborts", "razwi", "faults", "micro_tlb_hits",
        "micro_tlb_misses", "tlb_hits", "tlb_misses", "tlb_rewalks", "translation_time"}) {
    EXPECT_EQ(r[name], r.sum("tbu", name)) << name;
    EXPECT_EQ(r[name], r.sum("stream", name)) << name;
  }
  EXPECT_EQ(r["accesses"], 500U);
  EXPECT_EQ(r["accesses"], r["translations"] + r["bypasses"] + r["aborts"] + r["razwi"]);
}

TEST_F(StatisticsByPart, AStreamWithoutAValidConfigurationIsCountedWithTheOthers) {
  w.put_ste(4, Structure());
  access_by(w, 0, 4, 0x1000, 1000);
  access_by(w, 0, 0xffff'ffff, 0x1000, 2000);
  const Report r = report_of(w.smmu);
  EXPECT_EQ(r["stream other/accesses"], 2U);
  EXPECT_EQ(r["stream other/aborts"], 2U);
  EXPECT_EQ(r.values.count("stream 0x4/accesses"), 0U);
}

TEST_F(StatisticsByPart, AnAccessThatPassesADisabledSmmuIsOfNoStreamAndNoMicroTlbHit) {
  w.write(0x20, 0);
  access_by(w, 1, 1, 0x1000, 1000);
  access_by(w, 1, 1, 0x1000, 2000);
  const Report r = report_of(w.smmu);
  EXPECT_EQ(r["stream other/bypasses"], 2U);
  EXPECT_EQ(r["tbu 1/bypasses"], 2U);
  EXPECT_EQ(r["micro_tlb_hits"], 0U);
  EXPECT_EQ(r["translation_time"], 2U * 10U);
}

TEST(StatisticsByStream, OfMoreStreamsThanAreCountedEachTheRestIsCountedTogether) {
  World w;
  w.start();
  constexpr std::uint32_t most = smmu::CountedStreams::most;
  for (std::uint32_t sid = 0; sid < most + 20; ++sid) w.put_ste(sid, ste_bypass());
  for (unsigned round = 0; round < 2; ++round) {
    for (std::uint32_t sid = 0; sid < most + 20; ++sid) w.access(sid, 0x1000);
  }
  const Report r = report_of(w.smmu);
  EXPECT_EQ(r["stream other/accesses"], 2U * 20U);
  EXPECT_EQ(r["stream 0x7f/accesses"], 2U);
  EXPECT_EQ(r.parts.size(), 1U + most + 1U) << "one TBU, the streams, the others";
}

TEST_F(StatisticsByPart, StreamsAreReportedByNumberWhateverCameFirst) {
  access_by(w, 0, 3, 0x1000, 1000);
  access_by(w, 0, 1, 0x1000, 2000);
  EXPECT_EQ(report_of(w.smmu).parts,
            (std::vector<std::string>{"tbu 0", "tbu 1", "stream 0x1", "stream 0x3"}));
}

TEST_F(StatisticsByPart, CountersGoOnAfterLoadingWhereTheyWere) {
  for (std::uint64_t i = 1; i < 4; ++i) access_by(w, 0, 1, 0x1000, 1000 * i);
  access_by(w, 1, 3, 0x1000, 9000);
  World v({}, two_tbus());
  ASSERT_EQ(test::load(v.smmu, test::save(w.smmu)), "");
  v.memory = w.memory;
  EXPECT_EQ(report_of(v.smmu).values, report_of(w.smmu).values);
  for (World* world : {&v, &w}) {
    access_by(*world, 0, 1, 0x1000, 20'000);  // by an entry that was loaded
    access_by(*world, 0, 2, 0x1000, 30'000);
  }
  EXPECT_EQ(report_of(v.smmu).values, report_of(w.smmu).values);
  EXPECT_EQ(report_of(v.smmu)["stream 0x1/micro_tlb_hits"], 3U);
}

TEST_F(StatisticsByPart, AStateThatCountsAStreamTwiceIsRefused) {
  access_by(w, 0, 1, 0x1000, 0);
  access_by(w, 0, 2, 0x1000, 0);
  World other{{}, two_tbus()};
  test::EditedReader reader(test::save(w.smmu), {{"counted_streams/stream", 1, 1}});
  other.smmu.visit(reader);
  EXPECT_TRUE(reader.edited());
  EXPECT_NE(reader.error().find("a stream is there twice"), std::string::npos) << reader.error();
}

// Their buckets are the upper bits of a product: 1 and so many more meet.
TEST_F(StatisticsByPart, StreamsThatShareABucketAreToldApart) {
  const auto bucket = [](std::uint32_t sid) { return sid * 0x9e3779b9U >> 24U; };
  std::uint32_t same = 5;
  while (bucket(same) != bucket(1)) ++same;
  ASSERT_LT(same, 256U);
  w.put_ste(same, ste_bypass());
  access_by(w, 0, 1, 0x1000, 0);
  access_by(w, 0, same, 0x1000, 0);
  const Report r = report_of(w.smmu);
  std::ostringstream name;
  name << "stream 0x" << std::hex << same;
  EXPECT_EQ(r["stream 0x1/translations"], 1U);
  EXPECT_EQ(r[name.str() + "/bypasses"], 1U);
}

TEST_F(StatisticsByPart, DebugAccessesAreNotCounted) {
  smmu::AccessRequest q = World::request(1, 0x1000);
  q.debug = true;
  w.access(q);
  EXPECT_EQ(report_of(w.smmu)["accesses"], 0U);
}

TEST_F(StatisticsByPart, AResetOfStatisticsMeasuresOnePhase) {
  for (std::uint64_t i = 1; i < 4; ++i) access_by(w, 0, 1, 0x1000, 1000 * i);
  access_by(w, 0, 2, 0x7000, 9000);
  w.smmu.reset_statistics();
  for (const auto& [name, value] : report_of(w.smmu).values) EXPECT_EQ(value, 0U) << name;
  access_by(w, 0, 1, 0x1000, 20'000);
  const Report r = report_of(w.smmu);
  EXPECT_EQ(r["micro_tlb_hits"], 1U) << "caches stay as they are";
  EXPECT_EQ(r["stream 0x1/accesses"], 1U);
  EXPECT_EQ(r.values.count("stream 0x2/accesses"), 0U);
  EXPECT_EQ(w.smmu.statistics().config_misses, 0U);
  EXPECT_EQ(w.smmu.statistics().events, 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
