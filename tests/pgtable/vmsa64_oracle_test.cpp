// The walker against Unicorn's AArch64 MMU, on random registers and random tables, regime by regime.
#include <gtest/gtest.h>

#include <cstdint>

#include "oracle_compare.h"
#include "oracle_scale.h"
#include "oracle_scenario.h"
#include "unicorn_oracle.h"

namespace smmuvp::pgtable::test {
namespace {

// Both sides see the same memory.
Scenario current;
std::uint64_t current_memory(std::uint64_t address) { return current.memory(address); }

// Each case of each outcome has to be met often enough for the comparison to be worth something.
struct Expected {
  unsigned translated_once_in;
  bool stage1_faults;
  bool stage2_faults;
};

void expect_variety(const OracleCounts& counts, const Expected& expected) {
  EXPECT_GT(counts.translated, counts.cases / expected.translated_once_in);
  for (const unsigned stage : {1U, 2U}) {
    if (!(stage == 1 ? expected.stage1_faults : expected.stage2_faults)) continue;
    for (const FaultKind kind :
         {FaultKind::translation, FaultKind::address_size, FaultKind::access_flag, FaultKind::permission}) {
      EXPECT_GT(counts.faults[stage][static_cast<unsigned>(kind)], counts.cases / 1000)
          << "stage " << stage << " " << to_string(kind);
    }
  }
}

void compare_data(const char* what, Stages stages, Regime regime, std::uint64_t seed, std::uint64_t cases,
                  const Expected& expected) {
  ScenarioSequence sequence(scenarios(stages, regime), seed);
  Translator oracle(current_memory);
  OracleCounts counts;
  const bool two_levels = regime == Regime::el1_0;
  while (counts.cases < cases * oracle_scale()) {
    current = sequence.next();
    ASSERT_TRUE(is_walkable(current.config)) << describe(current);
    oracle.set_registers(current.config, current.normal_input);
    OracleComparison comparison(current, counts);
    Random random(current.seed);
    for (unsigned i = 0; i < 24; ++i) {
      WalkRequest request;
      request.va = current.address(random);
      for (const AccessType access : {AccessType::read, AccessType::write}) {
        request.access = access;
        request.privileged = true;
        ASSERT_EQ(comparison.data(oracle, request, false), "");
        if (!two_levels) continue;
        if (stages == Stages::stage1) {
          ASSERT_EQ(comparison.data(oracle, request, true), "");
        }
        request.privileged = false;
        ASSERT_EQ(comparison.data(oracle, request, false), "");
      }
    }
  }
  counts.print(what);
  expect_variety(counts, expected);
}

TEST(Vmsa64Oracle, Stage1OfEL1And0TranslatesAsAnIndependentMmuDoes) {
  compare_data("stage 1, EL1&0", Stages::stage1, Regime::el1_0, 1, 600000, {8, true, false});
}

TEST(Vmsa64Oracle, Stage1OfEL2TranslatesAsAnIndependentMmuDoes) {
  compare_data("stage 1, EL2", Stages::stage1, Regime::el2, 2, 200000, {8, true, false});
}

TEST(Vmsa64Oracle, Stage1OfEL3TranslatesAsAnIndependentMmuDoes) {
  compare_data("stage 1, EL3", Stages::stage1, Regime::el3, 3, 150000, {8, true, false});
}

TEST(Vmsa64Oracle, Stage2AloneTranslatesAsAnIndependentMmuDoes) {
  compare_data("stage 2", Stages::stage2, Regime::el1_0, 4, 450000, {8, false, true});
}

TEST(Vmsa64Oracle, NestedStagesTranslateAsAnIndependentMmuDoes) {
  compare_data("nested", Stages::nested, Regime::el1_0, 5, 800000, {20, true, true});
}

void compare_fetches(const char* what, Stages stages, Regime regime, std::uint64_t seed,
                     std::uint64_t cases) {
  ScenarioSequence sequence(scenarios(stages, regime, /*big_endian=*/false), seed);
  const unsigned highest = regime == Regime::el1_0 ? 1 : (regime == Regime::el2 ? 2 : 3);
  Fetcher privileged(current_memory, highest);
  Fetcher unprivileged(current_memory, 0);
  OracleCounts counts;
  while (counts.cases < cases * oracle_scale()) {
    current = sequence.next();
    privileged.set_registers(current.config, current.normal_input);
    unprivileged.set_registers(current.config, current.normal_input);
    OracleComparison comparison(current, counts);
    Random random(current.seed);
    for (unsigned i = 0; i < 24; ++i) {
      // Untagged only: the engine strips tags from the program counter before the MMU sees it.
      std::uint64_t va = current.address(random) & ~std::uint64_t{3};
      const bool high = highest == 1 && ((va >> 55) & 1) != 0;
      va = high ? va | std::uint64_t{0xff} << 56 : va & ~(std::uint64_t{0xff} << 56);
      ASSERT_EQ(comparison.fetch(privileged, va), "");
      if (highest == 1) {
        ASSERT_EQ(comparison.fetch(unprivileged, va), "");
      }
    }
  }
  counts.print(what);
  EXPECT_GT(counts.translated, counts.cases / 40);
  const unsigned stage = stages == Stages::stage2 ? 2 : 1;
  EXPECT_GT(counts.faults[stage][static_cast<unsigned>(FaultKind::permission)], counts.cases / 50);
}

TEST(Vmsa64Oracle, FetchesAtEL1And0ArePermittedAsByAnIndependentMmu) {
  compare_fetches("fetch, EL1&0", Stages::stage1, Regime::el1_0, 6, 80000);
}

TEST(Vmsa64Oracle, FetchesAtEL2ArePermittedAsByAnIndependentMmu) {
  compare_fetches("fetch, EL2", Stages::stage1, Regime::el2, 7, 20000);
}

TEST(Vmsa64Oracle, FetchesAtEL3ArePermittedAsByAnIndependentMmu) {
  compare_fetches("fetch, EL3", Stages::stage1, Regime::el3, 8, 20000);
}

TEST(Vmsa64Oracle, FetchesThroughStage2AloneArePermittedAsByAnIndependentMmu) {
  compare_fetches("fetch, stage 2", Stages::stage2, Regime::el1_0, 9, 40000);
}

TEST(Vmsa64Oracle, FetchesThroughBothStagesArePermittedAsByAnIndependentMmu) {
  compare_fetches("fetch, nested", Stages::nested, Regime::el1_0, 10, 60000);
}

}  // namespace
}  // namespace smmuvp::pgtable::test
