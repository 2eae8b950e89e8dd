// What an SMMUv2 tells of itself: statistics, trace points, and what it cannot be made of.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "smmuvp/base/error.h"
#include "smmuvp/smmuv2/trace_points.h"
#include "world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;

struct Report final : StatVisitor {
  void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
    values[std::string(name)] = value;
  }
  std::map<std::string, std::uint64_t> values;
};

TEST(Statistics, CountWhatSoftwareAndDevicesDid) {
  World w;
  w.start();
  w.stream64(3, 3, 1, SCTLR_CFCFG).map(0x1000, 0x8000, 0x1000);
  w.access(3, 0x1000);
  w.access(8, 0x1000);  // no such stream
  {
    Access stalled(w.smmu, World::request(3, 0x2000));
    EXPECT_FALSE(w.run(stalled));
    w.access(8, 0x1000);
    w.write_cb(3, FSR, ~0U);
    w.write_cb(3, RESUME, 1);
    EXPECT_TRUE(w.run(stalled));
  }
  w.write(w.cb(3, ATS1PR), 0x1000, 8);
  w.write(TLBIALLNSNH, 0);
  w.write(sTLBGSYNC, 0);
  w.work();
  Report r;
  w.smmu.statistics().report(r);
  const std::map<std::string, std::uint64_t> expected{
      {"context_faults", 1}, {"global_faults", 1},       {"faults_unrecorded", 1},
      {"stalls", 1},         {"stalls_retried", 0},      {"tlbi", 1},
      {"syncs", 1},          {"address_translations", 1}};
  EXPECT_EQ(r.values, expected);
}

TEST(Trace, HasARecordOfEachPointThatIsListed) {
  std::string out;
  TextTraceSink sink{
      {}, [](void* to, std::string_view line) { static_cast<std::string*>(to)->append(line); }, &out};
  World w({}, World::untimed(), &sink);
  w.start();
  w.stream64(3, 3, 1, SCTLR_CFCFG).map(0x1000, 0x8000, 0x1000);
  w.access(3, 0x1000);
  Access stalled(w.smmu, World::request(3, 0x2000));
  EXPECT_FALSE(w.run(stalled));
  w.write_cb(3, RESUME, 1);
  EXPECT_TRUE(w.run(stalled));
  EXPECT_NE(out.find("smmu.resume sid=0x3 address=0x2000 answer=RAZ/WI took_ps="), std::string::npos) << out;
  w.access(8, 0x1000);  // no such stream
  w.read_cb(3, FSR);
  w.write(TLBIALLNSNH, 0);
  for (const TracePointInfo& point : trace_points()) {
    if (std::string(point.name) == "inject.fired") continue;  // by an Injector alone: faults_injected_test
    EXPECT_NE(out.find("smmu0 " + std::string(point.name) + " "), std::string::npos) << point.name;
  }
}

TEST(Smmu, OfFeaturesThatNoSmmuHasIsRefusedByTheParametersName) {
  Features f;
  f.NUMCB = 129;
  try {
    World w(f);
    FAIL() << "it was made";
  } catch (const ConfigError& e) {
    EXPECT_EQ(e.key(), "NUMCB");
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
