// Random programs on our SMMUv2 and on the naive one.
//
//   SMMUVP_SEED=n         chooses the programs; the ordinary run's is 1
//   SMMUVP_FIRST=n        the first machine: a combination of features, with 20 programs of its own
//   SMMUVP_MACHINES=n     how many
//   SMMUVP_SECONDS=n, SMMUVP_SEED_FILE=path: course.h
//   SMMUVP_DIFFERENCES=n  ends after so many
//   SMMUVP_LINES=n        how many lines of the log come with a difference
#include <gtest/gtest.h>

#include <iostream>

#include "machine.h"
#include "program.h"
#include "smmuvp/test/course.h"

namespace smmuvp::smmuv2::compare {
namespace {

using test::number;

void add(Tally& sum, const Tally& t) {
  static_assert(sizeof(Tally) % sizeof(std::uint64_t) == 0);
  auto* to = reinterpret_cast<std::uint64_t*>(&sum);
  const auto* from = reinterpret_cast<const std::uint64_t*>(&t);
  for (std::size_t i = 0; i < sizeof(Tally) / sizeof(std::uint64_t); ++i) to[i] += from[i];
}

TEST(Compare, BothModelsDoTheSame) {
  const test::Course course(number("SMMUVP_FIRST", 0), number("SMMUVP_MACHINES", 1000));
  const std::uint64_t seed = number("SMMUVP_SEED", 1);
  const std::uint64_t most = number("SMMUVP_DIFFERENCES", 10);
  Tally sum;
  std::uint64_t differences = 0;
  for (std::uint64_t m = course.first; course.goes_on(m) && differences < most; ++m) {
    test::Random random(seed * 1'000'003 + m);
    const Features features = draw_features(random);
    Pair pair(features, m % 2 == 0);
    std::vector<std::string> log;
    for (unsigned p = 0; p < 20 && !pair.left(); ++p) {
      log.clear();
      Program program(pair, random, &log);
      if (program.run()) continue;
      ++differences;
      std::string text;
      const std::size_t lines = number("SMMUVP_LINES", 0);
      for (std::size_t i = log.size() > lines ? log.size() - lines : 0; i < log.size(); ++i)
        text += "\n  " + log[i];
      ADD_FAILURE() << "machine " << m << ", program " << p << " of " << text_of(features) << ": "
                    << pair.difference() << text;
      break;  // what follows would tell of the same
    }
    add(sum, pair.tally);
    course.leave(m + 1);
  }
  std::cout << sum.accesses << " accesses: " << sum.translated << " translated, " << sum.bypassed
            << " bypassed, " << sum.aborted << " aborted, " << sum.razwi << " RAZ/WI, " << sum.stalled
            << " stalled, " << sum.resumed << " resumed\n";
  for (unsigned b = 0; b < 32; ++b) {
    if (sum.GFSR[b] + sum.FSR[b] != 0)
      std::cout << "bit " << b << ": GFSR " << sum.GFSR[b] << ", FSR " << sum.FSR[b] << "\n";
  }
  std::cout << sum.table_updates << " descriptors updated; " << sum.overlapped
            << " machines ended with one that was read for both stages, " << sum.unordered
            << " with accesses and operations that waited together\n"
            << sum.operations << " address translation operations, " << sum.fast
            << " accesses that caches answered, " << sum.translated_by_SMMUv1 << " translated by SMMUv1s, "
            << sum.refused << " register accesses refused, " << sum.shared << " banks that share tags, "
            << sum.overflows << " programs with overflows\n";
  if (course.seconds == 0 && course.count < 1000) return;  // a part of them
  // It would say little otherwise.
  EXPECT_GE(sum.translated * 100, sum.accesses * 14);
  for (const std::uint64_t n : {sum.bypassed, sum.aborted, sum.razwi, sum.stalled, sum.resumed}) {
    EXPECT_GE(n, 10'000U);
  }
  for (const unsigned bit : {0U, 1U, 2U, 3U, 4U, 5U, 31U})
    EXPECT_GE(sum.GFSR[bit], 1000U) << "GFSR bit " << bit;
  for (const unsigned bit : {1U, 3U, 7U, 30U, 31U}) EXPECT_GE(sum.FSR[bit], 1000U) << "FSR bit " << bit;
  for (const unsigned bit : {2U, 4U}) EXPECT_GE(sum.FSR[bit], 100U) << "FSR bit " << bit;
  for (const std::uint64_t n : sum.HUPCF_CFCFG) EXPECT_GE(n, 1000U);
  EXPECT_GE(sum.table_updates, 1000U);
  EXPECT_GE(sum.operations, 10'000U);
  EXPECT_GE(sum.fast, 10'000U);
  EXPECT_GE(sum.translated_by_SMMUv1, 5000U);
  for (const std::uint64_t n : {sum.refused, sum.shared, sum.overflows}) EXPECT_GE(n, 1000U);
  EXPECT_LE((sum.overlapped + sum.unordered) * 5, course.count);
}

}  // namespace
}  // namespace smmuvp::smmuv2::compare
