// What an SMMU tells a trace sink whose user changes its mind.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "smmuvp/smmuv3/trace_points.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t page = 0x1234'5000;

struct Traced : testing::Test {
  Traced() {
    w.start();
    EXPECT_TRUE(w.stream(1).map(page, 0x8000'0000, 0x1000));
  }
  /// The points of the records since the last call, in order.
  std::string points() {
    std::string found;
    for (std::size_t line = 0; line < out.size(); line = out.find('\n', line) + 1) {
      const std::size_t begin = out.find("smmu0 ", line) + 6;
      found += out.substr(begin, out.find(' ', begin) - begin) + " ";
    }
    out.clear();
    return found;
  }
  std::string out;
  TextTraceSink sink{{"smmu.translate"},
                     [](void* to, std::string_view line) { static_cast<std::string*>(to)->append(line); },
                     &out};
  World w{{}, World::untimed(), &sink};
};

TEST_F(Traced, PointsAreSwitchedBetweenAccesses) {
  w.access(1, page);
  EXPECT_EQ(points(), "smmu.translate ");
  sink.set_filters({"smmu.fetch"});
  w.access(1, page);
  EXPECT_EQ(points(), "") << "a hit fetches nothing";
  w.command(0x04, 31);  // CMD_CFGI_ALL
  w.access(1, page);
  EXPECT_EQ(points(), "smmu.fetch smmu.fetch ") << "STE and CD";
}

TEST_F(Traced, HitsAreTracedFromTheMomentOfSwitchingOn) {
  sink.set_on(false);
  w.access(1, page);
  w.access(1, page);
  EXPECT_EQ(points(), "");
  sink.set_on(true);
  w.access(1, page);
  EXPECT_EQ(points(), "smmu.translate ");
  sink.set_on(false);
  w.access(1, page);
  EXPECT_EQ(points(), "");
}

TEST_F(Traced, APointIsSwitchedInTheMiddleOfAnAccess) {
  sink.set_filters({"smmu.fetch"});
  Access access(w.smmu, World::request(1, page));
  ASSERT_EQ(access.step(), smmu::Step::need);
  access.complete(w.memory.carry_out(access.op()));
  sink.set_filters({"smmu.translate"});
  w.finish(access);
  EXPECT_EQ(points(), "smmu.fetch smmu.translate ");
}

TEST_F(Traced, AnAccessThatIsTerminatedTellsWhatKeepsItsRecordFromSoftware) {
  sink.set_filters({"smmu.fault"});
  const auto told = [this] {
    const std::size_t first = out.find("event=");
    const std::string last = out.substr(first, out.find(" walk=") - first) + "\n";
    out.clear();
    return last;
  };
  w.access(1, 0x5000);
  EXPECT_EQ(told(), "event=F_TRANSLATION outcome=abort record=recorded\n");
  w.put_ste(2, ste_abort());
  w.access(2, page);
  EXPECT_EQ(told(),
            "event=none outcome=abort record=STE.Config is 0b0xx: accesses are aborted without an event\n");
  w.put(World::cd_address(3), cd_for(w.space().config(), 3).set(45, 1, 0));
  w.put_ste(3, ste_stage1(World::cd_address(3)));
  w.access(3, page);
  EXPECT_EQ(told(), "event=F_TRANSLATION outcome=abort record=CD.R is 0\n");
  w.write(0x20, 0);
  w.work();
  w.write(0x44, GBPA_Update | GBPA_ABORT);
  w.access(1, page);
  EXPECT_EQ(told(), "event=none outcome=abort record=CR0.SMMUEN is 0, and GBPA.ABORT is 1\n");
}

TEST_F(Traced, StructuresRecordsAndLeavesAreToldWithWhatTheyHold) {
  sink.set_filters({"smmu.structure", "smmu.leaf"});
  w.access(1, page);
  EXPECT_EQ(points(), "smmu.structure smmu.structure smmu.leaf ");
  w.access(1, page);
  EXPECT_EQ(points(), "") << "a hit reads nothing";
  w.command(0x04, 31);  // CMD_CFGI_ALL
  w.command(0x30, 0);   // CMD_TLBI_NSNH_ALL
  sink.set_filters({"smmu.structure"});
  w.put_ste(2, ste_abort());
  w.access(2, page);
  EXPECT_NE(out.find("structure=STE sid=0x2 secure=0x0 word0=0x1 word1="), std::string::npos) << out;
  out.clear();
  sink.set_filters({"smmu.leaf"});
  w.access(1, page);
  EXPECT_NE(out.find("stages=stage1 stage=0x1 format=vmsa64 granule=0xc level=0x3 contiguous=0x0"),
            std::string::npos)
      << out;
  out.clear();
  sink.set_filters({"smmu.structure"});
  w.access(1, 0x5000);
  w.work();
  // F_TRANSLATION of StreamID 1.
  EXPECT_NE(out.find("structure=event sid=0x1 secure=0x0 word0=0x100000010 "), std::string::npos) << out;
}

TEST(Trace, EachPointIsListedOnceAndDescribed) {
  std::set<std::string> names;
  for (const TracePointInfo& point : trace_points()) {
    EXPECT_TRUE(names.insert(point.name).second) << point.name;
    const bool of_injection = std::string(point.name) == "inject.fired";
    EXPECT_TRUE(of_injection || std::string(point.name).rfind("smmu.", 0) == 0) << point.name;
    EXPECT_NE(std::string(point.doc), "") << point.name;
  }
  EXPECT_EQ(names.count("smmu.translate") + names.count("smmu.tlb_fill"), 2U) << "the engine's, too";
}

}  // namespace
}  // namespace smmuvp::smmuv3
