// Tables of quirks.
#include "smmuvp/base/quirks.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace smmuvp {
namespace {

enum class Quirk : std::uint8_t { first, second, third };
struct Row {
  Quirk quirk;
  QuirkInfo info;
};
constexpr Row ordered[] = {{Quirk::first, {"first", "does one thing", "somebody"}},
                           {Quirk::second, {"second", "does another", "somebody", "a,property"}},
                           {Quirk::third, {"third", "does a third", "somebody"}}};
constexpr Row swapped[] = {ordered[0], ordered[2], ordered[1]};
constexpr Row without_the_second[] = {ordered[0], ordered[2]};

TEST(QuirkTable, IsInOrderWhereEachRowStandsAtItsEnumerator) {
  EXPECT_TRUE(quirks_in_order(ordered));
  EXPECT_FALSE(quirks_in_order(swapped));
  EXPECT_FALSE(quirks_in_order(without_the_second));
}

TEST(QuirkTable, GivesTheInfosOfItsRows) {
  const std::vector<QuirkInfo> infos = quirk_infos_of(ordered);
  ASSERT_EQ(infos.size(), 3U);
  EXPECT_EQ(infos[1].name, std::string("second"));
  EXPECT_EQ(infos[1].property, std::string("a,property"));
}

}  // namespace
}  // namespace smmuvp
