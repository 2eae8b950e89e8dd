// The walker against Unicorn's ARM MMU, on random registers and random tables of the AArch32 formats.
#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>

#include "aarch32_compare.h"
#include "aarch32_scenario.h"
#include "oracle_scale.h"
#include "unicorn_aarch32.h"

namespace smmuvp::pgtable::test {
namespace {

using Mode = UnicornAArch32::Mode;

// Both sides see the same memory.
RecordedMemory memory;
std::uint32_t memory_word(std::uint64_t address) { return memory.word(address); }

// Each outcome has to be met often enough for the comparison to be worth something.
void expect_variety(const AArch32Counts& counts, unsigned stage, std::initializer_list<FaultKind> kinds) {
  EXPECT_GT(counts.translated, counts.cases / 40);
  for (const FaultKind kind : kinds) {
    EXPECT_GT(counts.faults[stage][static_cast<unsigned>(kind)], counts.cases / 1000)
        << "stage " << stage << " " << to_string(kind);
  }
}

AArch32Counts compare_data(const char* what, AArch32Kind kind, Mode mode, std::uint64_t seed,
                           std::uint64_t cases) {
  AArch32Sequence sequence(aarch32_scenarios(kind), seed);
  UnicornAArch32 oracle(memory_word, mode);
  AArch32Counts counts;
  while (counts.cases < cases * oracle_scale()) {
    const AArch32Scenario scenario = sequence.next();
    oracle.set_registers(scenario.config);
    AArch32Comparison comparison(scenario, memory, counts);
    Random random(scenario.seed);
    for (unsigned i = 0; i < 24; ++i) {
      WalkRequest request;
      request.va = scenario.address(random);
      for (const AccessType access : {AccessType::read, AccessType::write}) {
        request.access = access;
        for (const bool privileged : {true, false}) {
          if (!privileged && scenario.config.regime == Regime::el2) continue;
          request.privileged = privileged;
          const std::string problem = comparison.data(oracle, request);
          EXPECT_EQ(problem, "");
          if (!problem.empty()) return counts;
        }
      }
    }
  }
  counts.print(what);
  return counts;
}

AArch32Counts compare_fetches(const char* what, AArch32Kind kind, std::uint64_t seed, std::uint64_t cases) {
  // Data endianness is part of the engine's cached state: little-endian tables only.
  AArch32Sequence sequence(aarch32_scenarios(kind, false), seed);
  UnicornAArch32 oracle(memory_word, Mode::system);
  AArch32Counts counts;
  while (counts.cases < cases * oracle_scale()) {
    const AArch32Scenario scenario = sequence.next();
    oracle.set_registers(scenario.config);
    AArch32Comparison comparison(scenario, memory, counts);
    Random random(scenario.seed);
    for (unsigned i = 0; i < 24; ++i) {
      WalkRequest request;
      request.va = scenario.address(random) & ~std::uint64_t{3};
      request.access = AccessType::execute;
      for (const bool privileged : {true, false}) {
        request.privileged = privileged;
        const std::string problem = comparison.fetch(oracle, request);
        EXPECT_EQ(problem, "");
        if (!problem.empty()) return counts;
      }
    }
  }
  counts.print(what);
  return counts;
}

TEST(AArch32Oracle, ShortDescriptorsTranslateAsAnIndependentMmuDoes) {
  const AArch32Counts counts =
      compare_data("short descriptors", AArch32Kind::short_stage1, Mode::system, 1, 180000);
  expect_variety(counts, 1,
                 {FaultKind::translation, FaultKind::access_flag, FaultKind::domain, FaultKind::permission});
}

TEST(AArch32Oracle, LongDescriptorsTranslateAsAnIndependentMmuDoes) {
  const AArch32Counts counts =
      compare_data("long descriptors", AArch32Kind::long_stage1, Mode::system, 2, 100000);
  expect_variety(
      counts, 1,
      {FaultKind::translation, FaultKind::address_size, FaultKind::access_flag, FaultKind::permission});
}

TEST(AArch32Oracle, LongDescriptorsOfPL2TranslateAsAnIndependentMmuDoes) {
  const AArch32Counts counts =
      compare_data("long descriptors, PL2", AArch32Kind::long_pl2, Mode::hyp, 3, 40000);
  expect_variety(
      counts, 1,
      {FaultKind::translation, FaultKind::address_size, FaultKind::access_flag, FaultKind::permission});
}

TEST(AArch32Oracle, Stage2AloneTranslatesAsAnIndependentMmuDoes) {
  const AArch32Counts counts = compare_data("stage 2", AArch32Kind::stage2, Mode::hyp, 4, 40000);
  expect_variety(
      counts, 2,
      {FaultKind::translation, FaultKind::address_size, FaultKind::access_flag, FaultKind::permission});
}

TEST(AArch32Oracle, ShortDescriptorsBeforeStage2TranslateAsAnIndependentMmuDoes) {
  const AArch32Counts counts =
      compare_data("short descriptors, nested", AArch32Kind::short_nested, Mode::hyp, 5, 40000);
  expect_variety(counts, 1, {FaultKind::translation, FaultKind::access_flag, FaultKind::permission});
  expect_variety(
      counts, 2,
      {FaultKind::translation, FaultKind::address_size, FaultKind::access_flag, FaultKind::permission});
}

TEST(AArch32Oracle, LongDescriptorsBeforeStage2TranslateAsAnIndependentMmuDoes) {
  const AArch32Counts counts =
      compare_data("long descriptors, nested", AArch32Kind::long_nested, Mode::hyp, 6, 40000);
  for (const unsigned stage : {1U, 2U}) {
    expect_variety(
        counts, stage,
        {FaultKind::translation, FaultKind::address_size, FaultKind::access_flag, FaultKind::permission});
  }
}

TEST(AArch32Oracle, FetchesThroughShortDescriptorsArePermittedAsByAnIndependentMmu) {
  const AArch32Counts counts =
      compare_fetches("fetch, short descriptors", AArch32Kind::short_stage1, 7, 40000);
  expect_variety(counts, 1, {FaultKind::permission});
}

TEST(AArch32Oracle, FetchesThroughLongDescriptorsArePermittedAsByAnIndependentMmu) {
  const AArch32Counts counts = compare_fetches("fetch, long descriptors", AArch32Kind::long_stage1, 8, 40000);
  expect_variety(counts, 1, {FaultKind::permission});
}

TEST(AArch32Oracle, FetchesThroughBothStagesArePermittedAsByAnIndependentMmu) {
  AArch32Counts counts =
      compare_fetches("fetch, long descriptors, nested", AArch32Kind::long_nested, 9, 15000);
  expect_variety(counts, 2, {FaultKind::permission});
  counts = compare_fetches("fetch, short descriptors, nested", AArch32Kind::short_nested, 10, 15000);
  expect_variety(counts, 2, {FaultKind::permission});
}

}  // namespace
}  // namespace smmuvp::pgtable::test
