// Dumps as users of the module get them.
#include <sstream>

#include "at_bench.h"

namespace smmuvp::at {
namespace {

std::string dumped(const Bench& b) {
  std::ostringstream out;
  b.smmu.dump(out);
  return out.str();
}

std::string saved(Bench& b) {
  std::ostringstream out;
  EXPECT_FALSE(b.smmu.save(out));
  return out.str();
}

using DumpModule = At;

TEST_F(DumpModule, TheTextHasRegistersStructuresAndCaches) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] { warm(0x10000); });
  const std::string text = dumped(b);
  for (const char* part : {"smmu0 (smmuv3)\n  registers\n", "\n  Stream table\n", "\n    stream 0x7\n",
                           "\n      CD at ", "\n  Command queue\n", "\n  Event queue\n", "\n  TLB\n    1 of ",
                           "\n  micro TLB of TBU 0\n    1 of "}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
  }
}

TEST_F(DumpModule, LookingReadsMemoryByTransportDbgAloneAndChangesNothing) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] { warm(0x10000); });
  b.tables.seen.clear();
  const std::string before = saved(b);
  const sc_time now = sc_time_stamp();
  const auto deltas = sc_core::sc_delta_count();
  EXPECT_EQ(dumped(b), dumped(b));
  EXPECT_FALSE(b.smmu.register_values().empty());
  EXPECT_EQ(saved(b), before);
  EXPECT_TRUE(b.tables.seen.empty());
  EXPECT_TRUE(b.target.seen.empty());
  EXPECT_TRUE(b.host.sink.all.empty());
  EXPECT_EQ(sc_time_stamp(), now);
  EXPECT_EQ(sc_core::sc_delta_count(), deltas);
  EXPECT_FALSE(sc_core::sc_pending_activity_at_current_time());
}

TEST_F(DumpModule, ATransactionThatWaitsForMemoryIsShownAndNotDelayed) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    const Operation& op = b.master.read(0x10000);
    wait(ns(100));
    const std::string text = dumped(b);
    EXPECT_NE(text.find("    1 walks open\n"), std::string::npos) << text;
    EXPECT_NE(text.find("0    0x7     -          0x10000  read  waits for memory"), std::string::npos)
        << text;
    wait(ns(1000));
    EXPECT_EQ(op.answered - op.begun, miss_time());
  });
}

TEST_F(DumpModule, RegisterValuesAreThoseThatSoftwareReads) {
  for (const auto& [name, value] : b.smmu.register_values()) {
    std::uint64_t expected = value;
    if (name == "SMMU_STRTAB_BASE") expected = smmuv3::World::strtab;
    if (name == "SMMU_CR0ACK") expected = smmuv3::CR0_implemented;
    EXPECT_EQ(value, expected) << name;
  }
}

}  // namespace
}  // namespace smmuvp::at
