// Explanations of accesses: what they tell, and that asking changes nothing.
#include "smmuvp/smmuv3/explain_access.h"

#include <gtest/gtest.h>

#include <string>

#include "smmuvp/test/core.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

constexpr std::uint64_t page = 0x12'3456'7000;

AccessExplanation explain_in(World& w, const smmu::AccessRequest& q) {
  return explain(w.smmu, q, [&w](const smmu::MemoryOp& op) {
    EXPECT_EQ(op.kind, smmu::MemoryOpKind::read);
    return w.memory.carry_out(op);
  });
}
AccessExplanation explain_in(World& w, std::uint32_t sid, std::uint64_t address) {
  return explain_in(w, World::request(sid, address));
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct Explain : testing::Test {
  Explain() {
    w.start();
    EXPECT_TRUE(vas.map(page, 0x8000'0000, 0x1000));
  }
  std::uint64_t leaf() { return vas.descriptor_address(page, 3).value_or(0); }
  World w;
  pgtable::Builder& vas = w.stream(1);
};

TEST_F(Explain, AColdAccessIsExplainedFromRegistersToOutput) {
  const AccessExplanation e = explain_in(w, 1, page + 0x10);
  ASSERT_EQ(e.structures.size(), 2U);
  EXPECT_EQ(e.structures[0].kind, StructureKind::STE);
  EXPECT_EQ(e.structures[0].address, World::strtab + 64);
  EXPECT_TRUE(e.structures[0].memory_explanation.verdict->legal);
  EXPECT_EQ(e.structures[1].address, World::cd_address(1));
  ASSERT_TRUE(e.translation);
  ASSERT_EQ(e.translation->walk.steps.size(), 3U) << "T0SZ 25: levels 1 to 3";
  EXPECT_EQ(e.translation->walk.steps[2].op.address, leaf());
  EXPECT_EQ(e.now.answer.outcome, Outcome::forward);
  EXPECT_EQ(e.now.answer.output, 0x8000'0010U);
  EXPECT_FALSE(e.stale());
  const std::string text = to_text(e);
  EXPECT_TRUE(has(text, "SMMUEN 1")) << text;
  EXPECT_TRUE(has(text, "Stream Table Entry at 0x10000040, legal")) << text;
  EXPECT_TRUE(has(text, "stage 1 level 3, VA 0x1234567010: descriptor at")) << text;
  EXPECT_TRUE(has(text, "now: the access goes on to 0x80000010")) << text;
  EXPECT_FALSE(has(text, "STALE")) << text;
}

TEST_F(Explain, WhatIsCachedAsInMemoryIsNotStale) {
  w.access(1, page);
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_TRUE(e.now.at_tbu);
  ASSERT_TRUE(e.translation && e.translation->tlb);
  EXPECT_FALSE(e.translation->tlb_stale);
  EXPECT_EQ(e.translation->tables.size(), 1U);
  EXPECT_FALSE(e.structures[0].cached.empty());
  EXPECT_FALSE(e.stale()) << to_text(e);
}

TEST_F(Explain, AStaleTlbEntryIsShownBesideWhatMemorySays) {
  w.access(1, page);
  w.memory.write(leaf(), w.memory.read(leaf(), 8) ^ 0x1'0000);  // another page, without an invalidation
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_TRUE(e.translation->tlb_stale);
  EXPECT_EQ(e.now.answer.output, 0x8000'0000U);
  EXPECT_EQ(e.memory.answer.output, 0x8001'0000U);
  ASSERT_TRUE(e.tbu);
  const std::string text = to_text(e);
  EXPECT_TRUE(has(text, "TLB: STALE: cached: 0x80000000")) << text;
  EXPECT_TRUE(has(text, "; memory: 0x80010000")) << text;
  EXPECT_TRUE(has(text, "memory translates to 0x80010000")) << text;
  EXPECT_TRUE(has(text, "micro TLB of TBU 0: STALE: cached: 0x80000000")) << text;
  EXPECT_TRUE(has(text, "STALE: caches give another answer than memory")) << text;
}

TEST_F(Explain, AnUnmappedPageThatIsStillCachedIsStale) {
  w.access(1, page);
  w.memory.write(leaf(), 0);
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_TRUE(e.translation->tlb_stale);
  EXPECT_EQ(e.now.answer.outcome, Outcome::forward);
  EXPECT_FALSE(e.now.event);
  ASSERT_TRUE(e.memory.event);
  EXPECT_EQ(e.memory.event->type, EventType::F_TRANSLATION);
  EXPECT_TRUE(has(to_text(e), "the descriptor is invalid")) << to_text(e);
}

TEST_F(Explain, AStalePointerOfTheWalkCacheIsShownWithTheTableThatMemoryHas) {
  w.access(1, page);
  const std::uint64_t level2 = vas.descriptor_address(page, 2).value_or(0);
  const std::uint64_t copy = w.allocate(0x1000);
  for (unsigned i = 0; i < 512; ++i) {
    w.memory.write(copy + 8 * i, w.memory.read((leaf() & ~0xfffULL) + 8 * i, 8));
  }
  const std::uint64_t old_table = leaf() & ~0xfffULL;
  w.memory.write(level2, copy | 3);
  const AccessExplanation e = explain_in(w, 1, page + 0x1000);
  ASSERT_EQ(e.translation->tables.size(), 1U);
  EXPECT_TRUE(e.translation->tables[0].stale());
  EXPECT_EQ(e.translation->tables[0].cached.address, old_table);
  ASSERT_TRUE(e.translation->tables[0].memory);
  EXPECT_EQ(e.translation->tables[0].memory->address, copy);
  EXPECT_TRUE(has(to_text(e), "walk cache for 0x1234568000: STALE: cached: table of level 3 at"))
      << to_text(e);
}

TEST_F(Explain, AStaleSteIsInUseAndDiffersByField) {
  w.access(1, page);
  w.put_ste(1, ste_bypass());
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_TRUE(e.structures[0].stale());
  EXPECT_EQ(e.now.answer.output, 0x8000'0000U);
  EXPECT_EQ(e.memory.answer.output, page);
  const std::string text = to_text(e);
  EXPECT_TRUE(has(text, "STALE: cached: Config = 0b101")) << text;
  EXPECT_TRUE(has(text, "memory: Config = 0b100")) << text;
}

TEST_F(Explain, AStaleCdIsWalkedAsItIsInUse) {
  w.access(1, page);
  pgtable::Builder& other = w.space();
  ASSERT_TRUE(other.map(page, 0x9000'0000, 0x1000));
  w.put(World::cd_address(1), cd_for(other.config(), 1));
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_TRUE(e.structures[1].stale());
  EXPECT_EQ(e.translation->walk.result.output, 0x8000'0000U);
  EXPECT_EQ(e.memory.answer.output, 0x9000'0000U);
}

TEST_F(Explain, ACachedSteThatMemoryNoLongerLeadsToIsShown) {
  w.access(1, page);
  w.memory.make_abort(World::strtab);
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_TRUE(e.structures[0].aborted);
  EXPECT_TRUE(e.structures[0].stale());
  ASSERT_TRUE(e.memory.event);
  EXPECT_EQ(e.memory.event->type, EventType::F_STE_FETCH);
  EXPECT_EQ(e.now.answer.outcome, Outcome::forward);
  EXPECT_TRUE(has(to_text(e), "at 0x10000040: memory answers with an abort")) << to_text(e);
}

TEST_F(Explain, AnActiveErrorIsToldByItsRegister) {
  w.command(0xff);  // CERROR_ILL
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_TRUE(has(to_text(e), "SMMU_GERROR = 0x1  active: 0x1")) << to_text(e);
}

TEST_F(Explain, AFaultIsToldWithTheEventThatTheAccessThenRecords) {
  auto q = World::request(1, page + 0x5000, smmu::AccessKind::write);
  q.privileged = true;
  const AccessExplanation e = explain_in(w, q);
  ASSERT_TRUE(e.now.event);
  EXPECT_TRUE(e.now.recorded);
  EXPECT_TRUE(has(to_text(e), "event F_TRANSLATION, recorded")) << to_text(e);
  EXPECT_TRUE(has(to_text(e), "InputAddr = 0x123456c000")) << to_text(e);
  w.access(q);
  const auto record = w.pop_event();
  ASSERT_TRUE(record);
  EXPECT_EQ(*record, e.now.event->words());
}

TEST_F(Explain, AnEventThatIsNotRecordedIsToldWithWhatKeepsIt) {
  Structure cd = cd_for(vas.config(), 1);
  w.put(World::cd_address(1), cd.set(45, 1, 0));  // CD.R
  const AccessExplanation e = explain_in(w, 1, page + 0x5000);
  ASSERT_TRUE(e.now.event);
  EXPECT_FALSE(e.now.recorded);
  EXPECT_EQ(e.now.why_not, "CD.R is 0");
  EXPECT_TRUE(has(to_text(e), "not recorded: CD.R is 0")) << to_text(e);
}

TEST_F(Explain, AnEventThatAFullQueueDoesNotTakeIsToldAsNotRecorded) {
  for (unsigned i = 0; i < 1U << World::log2_events; ++i) {
    EXPECT_TRUE(explain_in(w, 1, page + 0x5000).now.recorded);
    w.access(1, page + 0x5000);
  }
  const AccessExplanation e = explain_in(w, 1, page + 0x5000);
  EXPECT_FALSE(e.now.recorded);
  EXPECT_EQ(e.now.why_not, "the Event queue is full");
  w.write(0x20, CR0_SMMUEN);
  EXPECT_EQ(explain_in(w, 1, page + 0x5000).now.why_not, "CR0.EVENTQEN is 0");
}

TEST_F(Explain, ADeniedAccessIsToldWithTheFieldsThatDenyIt) {
  w.memory.write(leaf(), w.memory.read(leaf(), 8) | 0x80);  // AP[2]: read-only
  const AccessExplanation e = explain_in(w, World::request(1, page, smmu::AccessKind::write));
  ASSERT_TRUE(e.now.event);
  EXPECT_EQ(e.now.event->type, EventType::F_PERMISSION);
  EXPECT_TRUE(has(to_text(e), "Permission fault, stage 1, level 3: AP")) << to_text(e);
}

TEST_F(Explain, AnIllegalSteIsToldWithWhatIsWrong) {
  w.put_ste(2, Structure());
  const AccessExplanation e = explain_in(w, 2, page);
  EXPECT_EQ(e.now.event->type, EventType::C_BAD_STE);
  EXPECT_TRUE(has(to_text(e), "invalid: STE.V is 0")) << to_text(e);
  EXPECT_FALSE(e.translation);
}

TEST_F(Explain, AStreamBeyondTheTableIsABadStreamId) {
  const AccessExplanation e = explain_in(w, 0xffff'ffff, page);
  ASSERT_TRUE(e.now.event);
  EXPECT_EQ(e.now.event->type, EventType::C_BAD_STREAMID);
  EXPECT_TRUE(e.structures.empty());
}

TEST_F(Explain, ADisabledSmmuIsToldByItsGbpa) {
  w.write(0x20, 0);
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_EQ(e.now.answer.output, page);
  EXPECT_TRUE(has(to_text(e), "ABORT 0: everything bypasses")) << to_text(e);
}

TEST_F(Explain, AskingChangesNothing) {
  w.access(1, page);
  w.memory.write(leaf(), 0);
  const auto before = test::save(w.smmu);
  for (const std::uint64_t address : {page, page + 0x1000, std::uint64_t{0}, ~std::uint64_t{0}}) {
    for (const std::uint32_t sid : {1U, 2U, 0xffff'ffffU}) to_text(explain_in(w, sid, address));
  }
  EXPECT_EQ(test::save(w.smmu), before);
  EXPECT_FALSE(w.pop_event());
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(ExplainTraced, AskingIsNotTraced) {
  struct Sink : TraceSink {
    bool wants(std::string_view, std::string_view) override { return true; }
    void record(std::uint64_t, std::string_view, std::string_view, const TraceValue*, std::size_t) override {
      ++records;
    }
    unsigned records = 0;
  } sink;
  World w({}, World::untimed(), &sink);
  w.start();
  ASSERT_TRUE(w.stream(1).map(page, 0x8000'0000, 0x1000));
  w.access(1, page);
  const unsigned before = sink.records;
  EXPECT_GT(before, 0U);
  for (const std::uint64_t address : {page, page + 0x1000}) explain_in(w, 1, address);
  EXPECT_EQ(sink.records, before);
}

// ---- nested

struct ExplainNested : testing::Test {
  ExplainNested() {
    EXPECT_TRUE(ipas.map(ipa, 0x8000'0000, 0x1000));
    EXPECT_TRUE(vas.map(page, ipa, 0x1000));
  }
  static constexpr std::uint64_t ipa = 0x7000'0000;
  Stage2World w;
  pgtable::Builder& ipas = w.guest();
  pgtable::Builder& vas = w.nested_stream(2, ipas);
};

TEST_F(ExplainNested, EveryDescriptorOfBothStagesIsAStep) {
  const AccessExplanation e = explain_in(w, 2, page);
  ASSERT_EQ(e.cd_addresses.size(), 1U);
  EXPECT_EQ(e.cd_addresses[0].translation.walk.result.output, World::cd_address(2));
  ASSERT_TRUE(e.translation);
  EXPECT_EQ(e.translation->walk.result.ipa, ipa);
  EXPECT_EQ(e.translation->walk.steps.size(), 3U + 3U * 4U)
      << "three levels, each by three of stage 2, and the IPA";
  EXPECT_EQ(e.now.answer.output, 0x8000'0000U);
  EXPECT_TRUE(has(to_text(e), "stage 2 level 3, IPA 0x70000000")) << to_text(e);
}

TEST_F(ExplainNested, AStaleIpaCacheEntryIsShownBesideWhatMemorySays) {
  w.access(2, page);
  ASSERT_FALSE(explain_in(w, 2, page).stale()) << to_text(explain_in(w, 2, page));
  w.change(w.descriptor(ipas, ipa), 0x1'0000, 0);
  const AccessExplanation e = explain_in(w, 2, page);
  bool found = false;
  for (const auto& part : e.translation->ipas) {
    if (part.input != ipa) continue;
    found = true;
    EXPECT_TRUE(part.stale());
    EXPECT_EQ(part.cached.output, 0x8000'0000U);
    ASSERT_TRUE(part.memory);
    EXPECT_EQ(part.memory->output, 0x8001'0000U);
  }
  EXPECT_TRUE(found);
  EXPECT_TRUE(has(to_text(e), "IPA cache for 0x70000000: STALE")) << to_text(e);
}

TEST_F(ExplainNested, AFaultOfStage2IsToldWithItsIpaAndClass) {
  w.memory.write(w.descriptor(ipas, ipa), 0);
  const AccessExplanation e = explain_in(w, 2, page);
  ASSERT_TRUE(e.now.event);
  EXPECT_TRUE(e.now.event->S2);
  EXPECT_EQ(e.now.event->IPA, ipa);
  EXPECT_EQ(e.now.event->CLASS, EventClass::IN);
  EXPECT_TRUE(has(to_text(e), "Translation fault, stage 2, level 3, IPA 0x70000000")) << to_text(e);
}

TEST_F(ExplainNested, AFaultOnTheAddressOfTheCdIsTold) {
  w.memory.write(w.descriptor(ipas, Stage2World::ipa_of(World::cds)), 0);
  const AccessExplanation e = explain_in(w, 2, page);
  ASSERT_TRUE(e.now.event);
  EXPECT_EQ(e.now.event->CLASS, EventClass::CD);
  ASSERT_EQ(e.cd_addresses.size(), 1U);
  EXPECT_FALSE(e.cd_addresses[0].translation.walk.result.ok());
  EXPECT_FALSE(e.translation);
}

// 3.13.5: an update of a descriptor of stage 1 is a write, which stage 2 may refuse.
TEST(ExplainUpdates, AFlagUpdateThatStage2RefusesIsForeseen) {
  constexpr std::uint64_t AF = 1 << 10, S2AP_write = 1 << 7;
  Features f;
  f.HTTU = 2;
  Stage2World w(f);
  pgtable::Builder& ipas = w.guest();
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x9000'0000, 0x1000));
  pgtable::Config one = Stage2World::stage1_config();
  one.stage1.HA = true;
  pgtable::Builder& vas = w.nested_space(one);
  ASSERT_TRUE(vas.map(page, 0x7000'0000, 0x1000));
  w.put(World::cd_address(1), cd_for(vas.config(), 1));
  w.put_ste(1, ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2));
  const std::uint64_t leaf = w.descriptor(vas, page) - Stage2World::offset;
  w.change(leaf, 0, AF);
  EXPECT_EQ(explain_in(w, 1, page).now.answer.outcome, Outcome::forward);
  EXPECT_EQ(w.memory.read(leaf, 8) & AF, 0U) << "only foreseen";
  w.change(w.descriptor(ipas, Stage2World::ipa_of(leaf)), 0, S2AP_write);
  const AccessExplanation e = explain_in(w, 1, page);
  EXPECT_EQ(e.now.answer.outcome, Outcome::abort);
  ASSERT_TRUE(e.now.event);
  EXPECT_EQ(w.access(1, page).outcome, Outcome::abort);
  EXPECT_EQ(w.event(), e.now.event->words()) << "as the access then ends";
}

TEST(ExplainUpdates, ADescriptorWhoseUpdateWouldBeMadeIsOnlyRead) {
  Features f;
  f.HTTU = 2;
  World w(f);
  w.start();
  pgtable::Config one = Stage2World::stage1_config();
  one.stage1.HA = one.stage1.HD = true;
  pgtable::Builder& vas = w.builder(one);
  ASSERT_TRUE(vas.map(page, 0x7000'0000, 0x1000));
  w.put(World::cd_address(1), cd_for(vas.config(), 1));
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  const std::uint64_t leaf = vas.descriptor_address(page, 3).value_or(0);
  constexpr std::uint64_t DBM = 1ULL << 51, AP2 = 1 << 7, AF = 1 << 10;
  w.memory.write(leaf, (w.memory.read(leaf, 8) | DBM | AP2) & ~AF);
  const std::uint64_t before = w.memory.read(leaf, 8);
  const AccessExplanation e = explain_in(w, World::request(1, page, smmu::AccessKind::write));
  EXPECT_EQ(e.now.answer.outcome, Outcome::forward);
  EXPECT_EQ(w.memory.read(leaf, 8), before);
  EXPECT_EQ(w.memory.swaps, 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
