// What an SMMUv2 may do to software and does not have to: translations that nobody has asked for, and
// maintenance that takes effect late (docs/adverse.md).
#include <gtest/gtest.h>

#include "smmuvp/base/archive.h"
#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;

Structures adverse(std::uint32_t speculation, std::uint64_t invalidation_delay) {
  Structures s = World::untimed();
  s.adversity.seed = 1;
  s.adversity.speculation = speculation;
  s.adversity.invalidation_delay = invalidation_delay;
  return s;
}

/// Stream 9, bank 3: 16 pages from 0x10000 on.
class AdverseWorld : public World {
 public:
  AdverseWorld(std::uint32_t speculation, std::uint64_t invalidation_delay)
      : World({}, adverse(speculation, invalidation_delay)), space(stream64(9, 3, 5)) {
    space.map(0x10000, 0x80000, 0x10000);
    start();
  }
  unsigned cached() const {
    unsigned n = 0;
    for (std::uint64_t at = 0x10000; at < 0x20000; at += 0x1000) {
      smmu::Invalidation what;
      what.range = smmu::AddressRange{at, at};
      n += smmu.engine().caches_translation(what) ? 1 : 0;
    }
    return n;
  }

  pgtable::Builder& space;
};

TEST(Speculation, FillsTheTlbAroundAnAccessAndRecordsNothing) {
  AdverseWorld w(64, 0);
  EXPECT_EQ(w.access(9, 0x14000).output, 0x84000U);
  EXPECT_EQ(w.cached(), 1U);
  w.work();
  EXPECT_GT(w.cached(), 2U);
  EXPECT_EQ(w.read_cb(3, FSR) & 0xc00001ffU, 0U);
  EXPECT_EQ(w.read(sGFSR), 0U);
  EXPECT_TRUE(w.diag.all.empty());
  for (std::uint64_t at = 0; at < 0x10000; at += 0x1000) {
    EXPECT_EQ(w.access(9, 0x10000 + at).output, 0x80000 + at);
  }
}

// IHI 0062 5.4.2: complete when the synchronisation is
TEST(LateMaintenance, TakesEffectBeforeItsSynchronisationIsComplete) {
  AdverseWorld w(0, 1'000'000'000);
  EXPECT_EQ(w.access(9, 0x14000).outcome, Outcome::forward);
  ASSERT_TRUE(w.space.unmap(0x14000, 0x1000));
  w.write_cb(3, TLBIALL, 0);
  EXPECT_EQ(w.cached(), 1U) << "it has no effect yet";
  w.write_cb(3, TLBSYNC, 0);
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 1U);
  w.now += 1'000'000'000;
  EXPECT_EQ(w.read_cb(3, TLBSTATUS), 0U);
  EXPECT_EQ(w.cached(), 0U);
}

TEST(LateMaintenance, TakesEffectByItselfAfterAWhileAndIsSaved) {
  AdverseWorld w(0, 1'000'000'000);
  w.access(9, 0x14000);
  w.write_cb(3, TLBIALL, 0);
  ArchiveWriter out;
  out.set_now(w.now);
  w.smmu.visit(out);
  AdverseWorld other(0, 1'000'000'000);
  ArchiveReader in(out.data());
  in.set_now(other.now);
  other.smmu.visit(in);
  ASSERT_TRUE(in.complete()) << in.error();
  for (AdverseWorld* each : {&w, &other}) {
    EXPECT_EQ(each->cached(), 1U);
    each->work();
    EXPECT_EQ(each->cached(), 0U);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
