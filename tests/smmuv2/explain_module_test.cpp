// Explanations as users of the module get them.
#include <sstream>
#include <string>
#include <vector>

#include "shell_bench.h"

namespace smmuvp::shell {
namespace {

using Outcome = Explanation::End::Outcome;

std::uint64_t field(const Explanation& e, const std::string& reg, const std::string& name) {
  for (const Explanation::Register& r : e.registers) {
    if (r.name != reg) continue;
    for (const Explanation::Field& f : r.fields) {
      if (f.name == name) return f.value;
    }
  }
  ADD_FAILURE() << "no " << reg << "." << name;
  return 0;
}

std::uint64_t fault_field(const Explanation::End& end, const std::string& name) {
  for (const auto& [key, value] : end.fault_fields) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

/// Every counter of the SMMU and of its parts.
class AllCounters : public StatVisitor {
 public:
  explicit AllCounters(const Component& component) { component.statistics(*this); }
  void stat(std::string_view, std::uint64_t value, std::string_view, std::string_view) override {
    values.push_back(value);
  }
  StatVisitor* part(std::string_view, std::string_view) override { return this; }
  std::vector<std::uint64_t> values;
};

using ExplainModule = Shell;

TEST_F(ExplainModule, RegistersDescriptorsAndFaultsAreData) {
  Bench& b = bench();
  b.in_simulation([&] { EXPECT_TRUE(b.stream(7, 2).map(0x1'0000, 0x8000'0000, 0x1000)); });
  const Explanation e = b.smmu.explain(7, 0x1'0010);
  EXPECT_EQ(field(e, "SMMU_S2CR2", "CBNDX"), 2U);
  EXPECT_EQ(field(e, "SMMU_CB2_TCR", "T0SZ"), 25U);
  ASSERT_EQ(e.steps.size(), 3U);
  EXPECT_EQ(e.steps[2].descriptor, b.memory.read(e.steps[2].address, 8));
  EXPECT_EQ(e.now.outcome, Outcome::forward);
  EXPECT_EQ(e.now.output, 0x8000'0010U);
  EXPECT_FALSE(e.stale);

  AccessQuestion q;
  q.stream_id = 7;
  q.address = 0x1'1000;
  q.kind = AccessQuestion::Kind::write;
  const Explanation denied = b.smmu.explain(q);
  EXPECT_EQ(denied.now.outcome, Outcome::abort);
  EXPECT_EQ(denied.now.fault, "SMMU_CB2_FSR.TF");
  EXPECT_TRUE(denied.now.recorded);
  EXPECT_EQ(fault_field(denied.now, "SMMU_CB2_FAR"), 0x1'1000U);
  EXPECT_EQ(fault_field(denied.now, "SMMU_CB2_FSYNR0"), 3U | 1U << 4) << "level 3, a write";
  EXPECT_FALSE(b.context[2].read()) << "no interrupt of a question";
}

TEST_F(ExplainModule, AStallIsAnOutcome) {
  Bench& b = bench();
  b.in_simulation([&] { b.stream(7, 2, SCTLR_CFCFG); });
  EXPECT_EQ(b.smmu.explain(7, 0x1'0000).now.outcome, Outcome::stall);
}

// 2.3: what no SMMUv2 knows is an unsupported transaction, and a question about it no mistake of the
// platform.
TEST_F(ExplainModule, AnIdentityThatThereIsNoneOfIsAnUnsupportedTransaction) {
  Bench& b = bench();
  AccessQuestion q;
  q.stream_id = 7;
  q.substream_id = 1;
  EXPECT_EQ(b.smmu.explain(q).now.fault, "SMMU_GFSR.UUT");
  EXPECT_EQ(b.smmu.explain(0x1'0007, 0).now.fault, "SMMU_GFSR.UUT");
  q = {};
  q.stream_id = 7;
  q.tbu = 1;
  EXPECT_EQ(b.smmu.explain(q).now.fault, "SMMU_GFSR.UUT") << "TBU 1 is of StreamID 5 alone";
  EXPECT_TRUE(b.host.sink.all.empty());
}

TEST_F(ExplainModule, ASecureQuestionIsOfTheSecureCopies) {
  Bench& b = bench();
  AccessQuestion q;
  q.stream_id = 7;
  q.secure = true;
  b.in_simulation([&] { b.set(sCR0, CR0_GFRE | CR0_USFCFG, 4, true); });
  EXPECT_EQ(b.smmu.explain(q).now.fault, "SMMU_SGFSR.USF");
}

TEST_F(ExplainModule, AskingReadsMemoryByTransportDbgAloneAndChangesNothing) {
  Bench& b = bench();
  std::uint64_t leaf = 0;
  b.in_simulation([&] {
    pgtable::Builder& pages = b.stream(7, 2);
    EXPECT_TRUE(pages.map(0x1'0000, 0x8000'0000, 0x1000));
    leaf = pages.descriptor_address(0x1'0000, 3).value_or(0);
    b.read(0x1'0000);
  });
  b.memory.write(leaf, 0);
  b.seen.clear();
  b.walk_reads = 0;
  std::ostringstream before;
  EXPECT_FALSE(b.smmu.save(before));
  const AllCounters counters(b.smmu);
  const auto deltas = sc_core::sc_delta_count();
  for (const std::uint64_t address : {0x1'0000ULL, 0x2'0000ULL, ~0ULL}) {
    for (const std::uint32_t sid : {7U, 8U, ~0U}) EXPECT_FALSE(b.smmu.explain(sid, address).text.empty());
  }
  EXPECT_NE(b.smmu.explain(7, 0x1'0000).text.find("micro TLB of TBU 0: STALE"), std::string::npos);
  std::ostringstream after;
  EXPECT_FALSE(b.smmu.save(after));
  EXPECT_EQ(after.str(), before.str());
  EXPECT_EQ(AllCounters(b.smmu).values, counters.values);
  EXPECT_TRUE(b.seen.empty());
  EXPECT_EQ(b.walk_reads, 0);
  EXPECT_TRUE(b.host.sink.all.empty());
  EXPECT_EQ(sc_core::sc_delta_count(), deltas);
  EXPECT_FALSE(sc_core::sc_pending_activity_at_current_time());
}

}  // namespace
}  // namespace smmuvp::shell
