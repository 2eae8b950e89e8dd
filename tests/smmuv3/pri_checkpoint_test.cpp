// Saving and restoring the PRI queue wherever it is, and what tools show of it (IHI 0070 chapter 8).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pri_world.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/base/dump.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/explain.h"

namespace smmuvp::smmuv3 {
namespace {

std::vector<std::uint8_t> saved(Smmu& smmu) {
  ArchiveWriter a;
  smmu.visit(a);
  EXPECT_TRUE(a.ok());
  return a.data();
}

// A course with all that the queue does: entries, an overflow with look-ups that succeed and fail, answers.
void prepare(PriWorld& w) {
  w.start_pri(0);
  w.write(0x2c, CR2_REC_CFG_ATS | CR2_RECINVSID);
  w.write(0x20, PriWorld::all);
  w.put_ste(1, ste_bypass().set(82, 1, 1));
  for (std::uint16_t i = 0; i < 4; ++i) w.only_ask(PriWorld::page(1, i, i == 3, 5));
  w.only_ask(PriWorld::page(1, 4, true, 5));
  w.only_ask(PriWorld::page(0x300, 5, true, 5));
  w.only_ask(PriWorld::page(1, 6));
}

struct Ending {
  std::vector<AtcMessage> told;
  std::vector<std::uint64_t> words;
  int irqs = 0;
  explicit Ending(PriWorld& w) {
    w.work();
    told = w.messages();
    while (const auto e = w.pop()) words.insert(words.end(), e->begin(), e->end());
    while (const auto e = w.pop_event()) words.insert(words.end(), e->begin(), e->end());
    words.push_back(w.read(PriWorld::PROD));
    irqs = w.irqs.priq;
  }
  void expect_same(const Ending& other) const {
    EXPECT_EQ(words, other.words);
    EXPECT_EQ(irqs, other.irqs);
    ASSERT_EQ(told.size(), other.told.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
      EXPECT_EQ(told[i].PRGI, other.told[i].PRGI);
      EXPECT_EQ(told[i].SSV, other.told[i].SSV);
      EXPECT_EQ(told[i].response, other.told[i].response);
    }
  }
};

TEST(PriCheckpoint, RestoresTheQueueAtEachMoment) {
  PriWorld straight;
  prepare(straight);
  const Ending expected(straight);
  EXPECT_EQ(expected.told.size(), 3U);
  EXPECT_EQ(expected.words.size(), 4U * 2 + 4 + 1);
  for (unsigned steps = 0; steps < 20; ++steps) {
    SCOPED_TRACE(steps);
    PriWorld w;
    prepare(w);
    PriQueue& q = w.smmu.interface().page_requests();
    for (unsigned i = 0; i < steps; ++i) {  // halves: begun, answered
      if (q.waiting()) {
        q.complete(w.memory.carry_out(q.op()));
      } else if (q.due()) {
        q.step(w.now);
      }
    }
    const std::vector<std::uint8_t> state = saved(w.smmu);
    PriWorld other;
    other.memory = w.memory;
    other.now = w.now;
    ArchiveReader r(state);
    other.smmu.visit(r);
    ASSERT_TRUE(r.complete());
    EXPECT_EQ(saved(other.smmu), state);
    Ending(other).expect_same(expected);
  }
}

TEST(PriCheckpoint, ADamagedStateIsRefusedOrWorks) {
  PriWorld w;
  prepare(w);
  w.work_on(w.smmu.interface().page_requests());
  const std::vector<std::uint8_t> state = saved(w.smmu);
  PriWorld other;
  for (std::size_t at = 0; at < state.size(); at += 23) {
    std::vector<std::uint8_t> damaged = state;
    damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ 1U << at / 23 % 8);
    ArchiveReader r(damaged);
    other.smmu.visit(r);
    for (unsigned i = 0; i < 60; ++i) other.work_on(other.smmu.interface().page_requests());
    other.smmu.reset();
  }
}

TEST(PriCheckpoint, ARequestThatWaitsForRoomGoesOnAfterwards) {
  Structures s = World::untimed();
  s.page_request_buffer = 1;
  PriWorld w(with_pri(), s), other(with_pri(), s);
  w.start_pri();
  w.only_ask(PriWorld::page(1, 1));
  Access a(w.smmu, w.request_of(PriWorld::page(1, 2, true, 7)));
  ASSERT_EQ(a.step(), smmu::Step::stalled);
  ArchiveWriter writer;
  w.smmu.visit(writer);
  a.visit(writer);
  ArchiveReader reader(writer.data());
  other.smmu.visit(reader);
  Access b(other.smmu);
  b.visit(reader);
  ASSERT_TRUE(reader.complete());
  other.finish(b);
  EXPECT_EQ(b.answer().outcome, smmu::Outcome::razwi);
  other.work();
  EXPECT_EQ(other.used(), 2U);
  other.pop();
  EXPECT_EQ(bits(*other.pop(), 51, 32), 7U);
}

TEST(PriExplain, ARequestIsShownInTheWordsOfTheSpecification) {
  const PageRequest p = PriWorld::page(0x12, 5, true, 3);
  const StructureExplanation e = explain(StructureKind::page_request, p.words().data());
  EXPECT_EQ(e.title, "page request");
  EXPECT_EQ(e.clause, "IHI 0070 8");
  EXPECT_FALSE(e.verdict);
  EXPECT_EQ(explain(StructureKind::page_request, PriWorld::stop_marker(1, 2).words().data()).title,
            "Stop PASID marker");
  const std::uint64_t without[] = {1ULL << 62 | 1ULL << 59 | 7ULL << 32, 0};
  for (const ExplainedField& f : explain(StructureKind::page_request, without).fields) {
    if (f.name == "SubstreamID") {
      EXPECT_TRUE(f.ignored);
    }
    if (f.name == "X") {
      EXPECT_TRUE(f.wrong) << "X is 0 without SSV";
    }
  }
  EXPECT_EQ(kind_of_word("pri"), StructureKind::page_request);
}

TEST(PriDump, ShowsTheQueueAndWhatWaits) {
  PriWorld w;
  w.start_pri();
  w.ask(PriWorld::page(0x12, 5, true, 3));
  w.only_ask(PriWorld::page(0x13, 6));
  const auto memory = [&w](const smmu::MemoryOp& op) { return w.memory.carry_out(op); };
  const std::string text = to_text(dump(w.smmu, "smmu0", memory));
  EXPECT_NE(text.find("PRI queue"), std::string::npos);
  EXPECT_NE(text.find("entry 0x0 at 0x38000000: page request"), std::string::npos) << text;
  EXPECT_NE(text.find("page requests that wait to be recorded or answered"), std::string::npos);
  EXPECT_NE(text.find("SMMU_PRIQ_PROD"), std::string::npos);
}

TEST(PriTrace, TellsOfEachRequestWhatBecameOfIt) {
  std::string out;
  TextTraceSink sink{{"smmu.page_request"},
                     [](void* to, std::string_view line) { static_cast<std::string*>(to)->append(line); },
                     &out};
  PriWorld w(with_pri(), World::untimed(), &sink);
  w.start_pri();
  w.ask(PriWorld::page(0x12, 5));
  w.write(PriWorld::CONS, QUEUE_OVFLG);
  w.ask(PriWorld::page(0x13, 6));
  w.write(0x20, 0);
  w.work();
  w.ask(PriWorld::page(0x14, 7));
  for (const char* words : {"recorded", "overflow", "not enabled", "0x12", "0x13", "0x14"}) {
    EXPECT_NE(out.find(words), std::string::npos) << out;
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
