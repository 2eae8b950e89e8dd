// What a walk asks, which answers it takes, and what it offers to caches.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "hand_tables.h"
#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/walk_visit.h"

namespace smmuvp::pgtable::test {
namespace {

WalkRequest request_of(std::uint64_t va) {
  WalkRequest request;
  request.va = va;
  return request;
}

// Goes on without caches until the next question.
void go_to_question(Walk& w, HandMemory& memory) {
  while (!w.question() && w.step() == Step::need) w.complete(memory(w.op()));
}

TEST(WalkQuestion, IsAskedOfStage1OnceAndOfStage2ForEachIPA) {
  NestedBench bench;
  Walk w(bench.config, request_of(0x123));
  std::vector<WalkQuestion> asked;
  for (go_to_question(w, bench.memory); w.question(); go_to_question(w, bench.memory)) {
    asked.push_back(*w.question());
    w.start_at_base();
  }
  ASSERT_EQ(asked.size(), 5U);
  EXPECT_EQ(asked[0].stage, Stage::stage1);
  EXPECT_EQ(asked[0].input, 0x123U);
  EXPECT_EQ(asked[0].start_level, 1);
  EXPECT_EQ(asked[0].block_shift(3), 12U);
  EXPECT_EQ(asked[0].region_shift(2), 30U);
  constexpr std::uint64_t ipas[] = {0x10000, 0x11000, 0x12000, 0x20123};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(asked[i + 1].stage, Stage::stage2);
    EXPECT_EQ(asked[i + 1].input, ipas[i]);
    EXPECT_EQ(asked[i + 1].use, i < 3 ? LookupUse::table_read : LookupUse::input);
  }
  EXPECT_TRUE(w.result().ok());
}

TEST(WalkQuestion, IsAskedOfTheUpdateOfAStage1Descriptor) {
  NestedBench bench;
  bench.config.stage1.HA = true;
  bench.memory[NestedBench::leaf] &= ~AF;
  Walk w(bench.config, request_of(0));
  unsigned updates = 0;
  for (go_to_question(w, bench.memory); w.question(); go_to_question(w, bench.memory)) {
    if (w.question()->use == LookupUse::table_update) {
      EXPECT_EQ(w.question()->input, 0x12000U);
      ++updates;
    }
    w.start_at_base();
  }
  EXPECT_EQ(updates, 1U);
}

TEST(WalkQuestion, IsNotAskedOfAnAddressThatCannotBeLookedUp) {
  Stage1Bench stage1;
  EXPECT_FALSE(Walk(stage1.config, request_of(bit(39))).question());
  stage1.config.stage1.tables[0].EPD = true;
  EXPECT_FALSE(Walk(stage1.config, request_of(0)).question());
  Stage2Bench stage2;
  EXPECT_FALSE(Walk(stage2.config, request_of(bit(39))).question());
  stage2.config.stage2.output_size = 32;
  stage2.config.stage2.base = bit(40);
  EXPECT_FALSE(Walk(stage2.config, request_of(0)).question());
}

TEST(WalkQuestion, InputHasCopiesOfBit55InPlaceOfAnIgnoredTag) {
  Stage1Bench bench;
  bench.config.stage1.tables[0].TBI = true;
  bench.config.stage1.tables[1] = bench.config.stage1.tables[0];
  const std::uint64_t tag = std::uint64_t{0xa5} << 56;
  EXPECT_EQ(Walk(bench.config, request_of(tag | 0x1000)).question()->input, 0x1000U);
  const std::uint64_t high = ~std::uint64_t{0} << 39;
  EXPECT_EQ(Walk(bench.config, request_of((high & ~(std::uint64_t{0xff} << 56)) | tag)).question()->input,
            high);
}

TEST(WalkQuestion, LevelsOfShortDescriptorsAreOneAndTwo) {
  Config config;
  config.stage1.format = Format::v7s;
  config.stage1.output_size = 40;
  config.stage1.tables[0].EPD = false;
  const auto q = Walk(config, request_of(0x12345678)).question();
  ASSERT_TRUE(q);
  EXPECT_EQ(q->start_level, 1);
  EXPECT_EQ(q->last_level, 2);
  EXPECT_EQ(q->block_shift(1), 20U);
  EXPECT_EQ(q->block_shift(2), 12U);
  EXPECT_EQ(q->region_shift(2), 20U);
}

// The bench's walk with the deepest table and the translation that it finds of a stage.
struct Found {
  TablePointer table;
  Stage2Translation translation;
};
Found found_by(HandBench& bench, Stage stage) {
  Found found;
  Walk w(bench.config, request_of(0));
  while (w.step() == Step::need) {
    w.complete(bench.memory(w.op()));
    const auto table = w.found_table();
    if (table && table->stage == stage) found.table = *table;
    if (const auto t = w.found_stage2()) found.translation = *t;
  }
  EXPECT_TRUE(w.result().ok());
  return found;
}

TEST(WalkQuestion, IsAnsweredByATableThatOnlyTheLeafIsReadFrom) {
  Stage1Bench bench;
  const TablePointer table = found_by(bench, Stage::stage1).table;
  EXPECT_EQ(table.level, 3);
  EXPECT_EQ(table.region_shift, 21);
  EXPECT_EQ(table.address, 0x12000U);
  bench.memory[0x12008] = 0x30000 | AF | page_type;
  Walk w(bench.config, request_of(0x1234));
  ASSERT_TRUE(w.start_at(table));
  EXPECT_FALSE(w.question());
  ASSERT_EQ(w.step(), Step::need);
  EXPECT_EQ(w.op().address, 0x12008U);
  w.complete(bench.memory(w.op()));
  ASSERT_EQ(w.step(), Step::done);
  EXPECT_EQ(w.result().output, 0x30234U);
  EXPECT_EQ(w.result().descriptors.size(), 1U);
}

TEST(WalkQuestion, RefusesATableThatNoWalkFinds) {
  for (const Stage stage : {Stage::stage1, Stage::stage2}) {
    Stage1Bench stage1;
    Stage2Bench stage2;
    HandBench& bench = stage == Stage::stage1 ? static_cast<HandBench&>(stage1) : stage2;
    const TablePointer good = found_by(bench, stage).table;
    const auto refused = [&](const TablePointer& table) {
      Walk w(bench.config, request_of(0));
      return !w.start_at(table) && w.question();
    };
    EXPECT_FALSE(refused(good));
    TablePointer bad = good;
    bad.stage = stage == Stage::stage1 ? Stage::stage2 : Stage::stage1;
    EXPECT_TRUE(refused(bad));
    for (const int level : {-128, -1, 0, 1, 4, 127}) {  // the first table is of level 1
      bad = good;
      bad.level = static_cast<std::int8_t>(level);
      EXPECT_TRUE(refused(bad)) << level;
    }
    bad = good;
    bad.region_shift = 30;
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.permissions = 0x10;
    EXPECT_TRUE(refused(bad));
    bad = good;
    bad.space = AddressSpace::secure;
    EXPECT_TRUE(refused(bad));
    for (const std::uint64_t address : {good.address + 8, good.address | bit(48)}) {
      bad = good;
      bad.address = address;
      EXPECT_TRUE(refused(bad)) << address;
    }
  }
}

TEST(WalkQuestion, RefusesATranslationThatNoWalkFinds) {
  Stage2Bench bench;
  const Stage2Translation good = found_by(bench, Stage::stage2).translation;
  EXPECT_EQ(good.output, Stage2Bench::offset);
  EXPECT_EQ(good.block_shift, 12);
  const auto refused = [&](const Stage2Translation& translation) {
    Walk w(bench.config, request_of(0));
    return !w.use(translation) && w.question();
  };
  EXPECT_FALSE(refused(good));
  Stage2Translation bad = good;
  for (const int level : {-128, -1, 0, 4, 127}) {
    bad.level = static_cast<std::int8_t>(level);
    EXPECT_TRUE(refused(bad)) << level;
  }
  for (const unsigned shift : {0U, 11U, 16U, 21U, 64U, 255U}) {
    bad = good;
    bad.block_shift = static_cast<std::uint8_t>(shift);
    EXPECT_TRUE(refused(bad)) << shift;
    bad = good;
    bad.range_shift = static_cast<std::uint8_t>(shift);
    EXPECT_TRUE(refused(bad)) << shift;
  }
  for (const std::uint64_t output : {good.output + 8, good.output | bit(48)}) {
    bad = good;
    bad.output = output;
    EXPECT_TRUE(refused(bad)) << output;
  }
}

TEST(WalkQuestion, TakesNoAnswerWhereNoneIsPending) {
  Stage2Bench bench;
  const Found found = found_by(bench, Stage::stage2);
  Walk w(bench.config, request_of(0));
  ASSERT_EQ(w.step(), Step::need);
  EXPECT_FALSE(w.start_at(found.table));
  EXPECT_FALSE(w.use(found.translation));
  w.start_at_base();
  EXPECT_EQ(w.op().address, 0x100000U);
  Stage1Bench stage1;
  Walk of_stage1(stage1.config, request_of(0));
  EXPECT_FALSE(of_stage1.use(found.translation));
  EXPECT_TRUE(of_stage1.question());
}

// D8.7.1: one entry may serve the whole range.
TEST(WalkQuestion, TranslationOfAContiguousRangeServesTheBlocksBeside) {
  Stage2Bench bench;
  for (std::uint64_t ipa = 0; ipa < 0x10000; ipa += KiB4) bench.memory[Stage2Bench::page_of(ipa)] |= bit(52);
  const Stage2Translation translation = found_by(bench, Stage::stage2).translation;
  EXPECT_EQ(translation.range_shift, 16);
  Walk w(bench.config, request_of(0x5678));
  ASSERT_TRUE(w.use(translation));
  ASSERT_EQ(w.step(), Step::done);
  EXPECT_EQ(w.result().output, Stage2Bench::offset + 0x5678);
  EXPECT_EQ(w.result().range_shift, 16);
  EXPECT_TRUE(w.result().descriptors.empty());
}

TEST(WalkQuestion, FoundTableStaysUntilTheNextAnswer) {
  NestedBench bench;
  Walk w(bench.config, request_of(0));
  for (unsigned reads = 0; reads < 4; ++reads) {  // stage 2 of the first table, and its descriptor
    ASSERT_EQ(w.step(), Step::need);
    w.complete(bench.memory(w.op()));
  }
  ASSERT_TRUE(w.question());
  ASSERT_TRUE(w.found_table());
  EXPECT_EQ(w.found_table()->address, 0x11000U);
  w.start_at_base();
  EXPECT_FALSE(w.found_table());
}

template <class T>
std::vector<std::uint8_t> saved(T& value) {
  ArchiveWriter writer;
  if constexpr (std::is_same_v<T, Walk>) {
    value.visit(writer);
  } else {
    visit(writer, value);
  }
  return writer.data();
}

TEST(WalkQuestion, IsSavedWithWhatWasFound) {
  NestedBench bench;
  Walk w(bench.config, request_of(0x123));
  unsigned questions = 0;
  for (;;) {
    Walk restored{Config(), WalkRequest()};
    ArchiveReader reader(saved(w));
    restored.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    ASSERT_EQ(saved(restored), saved(w));
    ASSERT_EQ(restored.found_table().has_value(), w.found_table().has_value());
    ASSERT_EQ(restored.found_stage2().has_value(), w.found_stage2().has_value());
    ASSERT_EQ(restored.question().has_value(), w.question().has_value());
    if (w.question()) {
      ++questions;
      EXPECT_EQ(restored.question()->input, w.question()->input);
      restored.start_at_base();
      w = restored;
      continue;
    }
    w = restored;
    if (w.step() == Step::done) break;
    w.complete(bench.memory(w.op()));
  }
  EXPECT_EQ(questions, 5U);
  EXPECT_EQ(w.result().output, Stage2Bench::offset + 0x20123);
}

TEST(WalkQuestion, DamagedArchiveIsRefusedOrLeavesAWalkThatEnds) {
  NestedBench bench;
  Walk w(bench.config, request_of(0));
  for (unsigned point = 0; point < 12; ++point) {
    const std::vector<std::uint8_t> good = saved(w);
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const unsigned value : {0x00U, 0x01U, 0x02U, 0x03U, 0x04U, 0x40U, 0x7fU, 0xffU}) {
        std::vector<std::uint8_t> bad = good;
        bad[i] = static_cast<std::uint8_t>(value);
        ArchiveReader reader(bad);
        Walk restored{Config(), WalkRequest()};
        restored.visit(reader);
        unsigned operations = 0;
        while (restored.step() == Step::need && operations < 100) {
          ++operations;
          EXPECT_EQ(restored.op().address & 7, 0U);
          restored.complete({MemoryStatus::ok, 0x7ff});
          (void)restored.found_table();
          (void)restored.found_stage2();
          (void)restored.question();
        }
        EXPECT_LE(operations, Walk::max_operations);
      }
    }
    if (w.question() && point % 2 == 0) {
      w.start_at_base();  // the next point is behind the question
      continue;
    }
    if (w.step() == Step::need) w.complete(bench.memory(w.op()));
  }
}

TEST(WalkQuestion, WhatCachesKeepIsSavedAndRestored) {
  NestedBench bench;
  Found found = found_by(bench, Stage::stage1);
  TablePointer table;
  ArchiveReader table_reader(saved(found.table));
  visit(table_reader, table);
  EXPECT_TRUE(table_reader.complete());
  EXPECT_EQ(saved(table), saved(found.table));
  EXPECT_EQ(table.address, 0x12000U);
  Stage2Translation translation;
  ArchiveReader translation_reader(saved(found.translation));
  visit(translation_reader, translation);
  EXPECT_TRUE(translation_reader.complete());
  EXPECT_EQ(saved(translation), saved(found.translation));
  EXPECT_EQ(translation.output, Stage2Bench::offset + 0x20000);
}

TEST(WalkResult, TellsTheRightsOfBothStagesApart) {
  NestedBench nested;
  nested.memory[NestedBench::leaf] |= AP2;
  nested.memory[Stage2Bench::page_of(0x20000)] &= ~S2R;
  const Result r = nested.translate(0, AccessType::none);
  ASSERT_TRUE(r.ok());
  EXPECT_TRUE(r.stage1_rights.has(Rights::privileged_read));
  EXPECT_FALSE(r.stage1_rights.has(Rights::privileged_write));
  EXPECT_FALSE(r.stage2_rights.has(Rights::privileged_read));
  EXPECT_TRUE(r.stage2_rights.has(Rights::privileged_write));
  EXPECT_EQ(r.rights, combine(r.stage1_rights, r.stage2_rights));
  Stage1Bench stage1;
  EXPECT_EQ(stage1.translate(0).stage2_rights.bits, Rights::all);
  EXPECT_EQ(stage1.translate(0).stage1_rights, stage1.translate(0).rights);
  Stage2Bench stage2;
  EXPECT_EQ(stage2.translate(0).stage1_rights.bits, Rights::all);
  EXPECT_EQ(stage2.translate(0).stage2_rights, stage2.translate(0).rights);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
