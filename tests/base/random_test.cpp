// Numbers that depend on a seed and a name, and on nothing else.
#include "smmuvp/base/random.h"

#include <gtest/gtest.h>

namespace smmuvp {
namespace {

TEST(Random, IsSplitMix64) {
  Random r(1234567);
  EXPECT_EQ(r.next(), 6457827717110365317U);
  EXPECT_EQ(r.next(), 3203168211198807973U);
}

TEST(Random, OfAnotherNameOrSeedIsAnotherStream) {
  Random a(1, "cmdq0");
  Random same(1, "cmdq0");
  Random named(1, "cmdq1");
  Random seeded(2, "cmdq0");
  const std::uint64_t first = a.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, named.next());
  EXPECT_NE(first, seeded.next());
}

TEST(Random, StaysBelowItsBound) {
  Random r(7);
  EXPECT_EQ(r.below(0), 0U);
  for (unsigned bound = 1; bound < 50; ++bound) EXPECT_LT(r.below(bound), bound);
}

TEST(Random, GoesOnWhereItWasSaved) {
  Random a(3);
  a.next();
  ArchiveWriter out;
  a.visit(out);
  Random b;
  ArchiveReader in(out.data());
  b.visit(in);
  EXPECT_TRUE(in.complete());
  EXPECT_EQ(a.next(), b.next());
}

}  // namespace
}  // namespace smmuvp
