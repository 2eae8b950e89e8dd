// Random programs on our SMMUv2 and on the naive one.
//
//   SMMUVP_SEED=n      the first machine; the ordinary run begins with 1
//   SMMUVP_MACHINES=n  how many, of 20 programs each. Of machines beyond the ordinary ones, about one in 50
//   still
//                      differs: open.md lists how
//   SMMUVP_OPERATIONS=1  address translation operations, too, which differ more often
//   SMMUVP_DIFFERENCES=n  end after so many
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "program.h"

namespace smmuvp::smmuv2::compare {
namespace {

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

void add(Tally& sum, const Tally& t) {
  static_assert(sizeof(Tally) % sizeof(std::uint64_t) == 0);
  auto* to = reinterpret_cast<std::uint64_t*>(&sum);
  const auto* from = reinterpret_cast<const std::uint64_t*>(&t);
  for (std::size_t i = 0; i < sizeof(Tally) / sizeof(std::uint64_t); ++i) to[i] += from[i];
}

TEST(Compare, BothModelsDoTheSame) {
  const std::uint64_t first = number("SMMUVP_SEED", 1);
  const std::uint64_t machines = number("SMMUVP_MACHINES", 110);
  const std::uint64_t most = number("SMMUVP_DIFFERENCES", 10);
  const bool operations = number("SMMUVP_OPERATIONS", 0) != 0;
  Tally sum;
  std::uint64_t differences = 0;
  for (std::uint64_t m = first; m < first + machines && differences < most; ++m) {
    test::Random random(m * 2 + 1);
    const Features features = draw_features(random);
    Pair pair(features, m % 2 == 0);
    std::vector<std::string> log;
    for (unsigned p = 0; p < 20; ++p) {
      log.clear();
      Program program(pair, random, operations, &log);
      if (program.run()) continue;
      ++differences;
      std::string text;
      const std::size_t lines = number("SMMUVP_LINES", 0);
      for (std::size_t i = log.size() > lines ? log.size() - lines : 0; i < log.size(); ++i)
        text += "\n  " + log[i];
      ADD_FAILURE() << "machine " << m << ", program " << p << ": " << pair.difference() << text;
      break;  // what follows would tell of the same
    }
    add(sum, pair.tally);
  }
  std::cout << sum.accesses << " accesses: " << sum.translated << " translated, " << sum.bypassed
            << " bypassed, " << sum.aborted << " aborted, " << sum.razwi << " RAZ/WI, " << sum.stalled
            << " stalled, " << sum.resumed << " resumed\n";
  for (unsigned b = 0; b < 32; ++b) {
    if (sum.GFSR[b] + sum.FSR[b] != 0)
      std::cout << "bit " << b << ": GFSR " << sum.GFSR[b] << ", FSR " << sum.FSR[b] << "\n";
  }
  if (machines < 100) return;
  // It would say little otherwise.
  for (const std::uint64_t n :
       {sum.translated, sum.bypassed, sum.aborted, sum.razwi, sum.stalled, sum.resumed}) {
    EXPECT_GE(n, 1000U);
  }
  for (const unsigned bit : {0U, 1U, 2U, 3U, 4U, 31U}) EXPECT_GE(sum.GFSR[bit], 10U) << "GFSR bit " << bit;
  for (const unsigned bit : {1U, 2U, 3U, 4U, 7U, 30U, 31U}) EXPECT_GE(sum.FSR[bit], 5U) << "FSR bit " << bit;
  for (const std::uint64_t n : sum.HUPCF_CFCFG) EXPECT_GE(n, 100U);
  EXPECT_GE(sum.table_updates, 10U);
}

}  // namespace
}  // namespace smmuvp::smmuv2::compare
