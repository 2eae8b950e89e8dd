// An SMMU that is held in reset (IHI 0070 3.11): it ends what arrives, and begins nothing.
#include <gtest/gtest.h>

#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/explain_access.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

class Held : public testing::Test {
 protected:
  Held() {
    w.start();
    EXPECT_TRUE(w.stream(1).map(page, 0x8000'0000, 0x1000));
  }
  static constexpr std::uint64_t page = 0x1000;
  World w;
};

TEST_F(Held, AbortsAccessesWithoutARecord) {
  w.smmu.hold(true);
  EXPECT_EQ(w.access(1, page).outcome, smmu::Outcome::abort);
  w.smmu.hold(false);
  EXPECT_EQ(w.access(1, page).outcome, smmu::Outcome::forward);
  EXPECT_FALSE(w.pop_event());
}

TEST_F(Held, AbortsAnAccessThatHasBegunBefore) {
  Access a(w.smmu, World::request(1, page));
  w.smmu.hold(true);
  w.finish(a);
  EXPECT_EQ(a.answer().outcome, smmu::Outcome::abort);
  w.smmu.hold(false);
  w.work();
  EXPECT_FALSE(w.pop_event());
}

TEST_F(Held, CarriesOutNoCommandAndWritesNoRecord) {
  {
    Access a(w.smmu, World::request(9, page));  // STE 9 is all zero: C_BAD_STE
    w.finish(a);
  }
  w.push(0x46);
  w.smmu.hold(true);
  EXPECT_FALSE(w.commands().due());
  EXPECT_FALSE(w.events().due());
  w.smmu.hold(false);
  w.work();
  EXPECT_TRUE(w.commands_done());
  EXPECT_TRUE(w.pop_event());
}

TEST_F(Held, IsToldByDumpsAndExplanations) {
  w.smmu.hold(true);
  const auto memory = [this](const smmu::MemoryOp& op) { return w.memory.carry_out(op); };
  EXPECT_NE(to_text(dump(w.smmu, "smmu0", memory)).find("the SMMU is held in reset"), std::string::npos);
  const AccessExplanation e = explain(w.smmu, World::request(1, page), memory);
  EXPECT_NE(to_text(e).find("the SMMU is held in reset: everything is aborted"), std::string::npos)
      << to_text(e);
  EXPECT_EQ(e.now.answer.outcome, smmu::Outcome::abort);
}

}  // namespace
}  // namespace smmuvp::smmuv3
