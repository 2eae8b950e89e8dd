// Explanations as users of the module get them.
#include <algorithm>
#include <sstream>

#include "at_bench.h"

namespace smmuvp::at {
namespace {

using Outcome = Explanation::End::Outcome;

template <class Fields>
std::uint64_t field(const Fields& fields, const std::string& name) {
  for (const auto& f : fields) {
    if (f.name == name) return f.value;
  }
  ADD_FAILURE() << "no field " << name;
  return 0;
}

std::uint64_t fault_field(const Explanation::End& end, const std::string& name) {
  for (const auto& [key, value] : end.fault_fields) {
    if (key == name) return value;
  }
  ADD_FAILURE() << "no field " << name;
  return 0;
}

/// Every counter of the SMMU and of its parts, by name.
class AllCounters : public StatVisitor {
 public:
  explicit AllCounters(const Component& component) { component.statistics(*this); }
  void stat(std::string_view name, std::uint64_t value, std::string_view, std::string_view) override {
    values.emplace_back(m_part + std::string(name), value);
  }
  StatVisitor* part(std::string_view kind, std::string_view name) override {
    m_part = std::string(kind) + " " + std::string(name) + " ";
    return this;
  }
  std::vector<std::pair<std::string, std::uint64_t>> values;

 private:
  std::string m_part;
};

std::string saved(Bench& b) {
  std::ostringstream out;
  EXPECT_FALSE(b.smmu.save(out));
  return out.str();
}

using ExplainModule = At;

TEST_F(ExplainModule, StructuresAndDescriptorsAreToldWithTheirFields) {
  map(7, 0x10000, 0x8000'0000);
  const Explanation e = b.smmu.explain(7, std::nullopt, 0x10010);
  ASSERT_EQ(e.structures.size(), 2U);
  EXPECT_EQ(e.structures[0].name, "STE");
  EXPECT_EQ(e.structures[0].address, smmuv3::World::strtab + 7 * 64);
  EXPECT_EQ(field(e.structures[0].fields, "Config"), 5U);
  EXPECT_EQ(field(e.structures[0].fields, "S1ContextPtr"), smmuv3::World::cd_address(7) >> 6);
  EXPECT_EQ(e.structures[1].name, "CD");
  EXPECT_EQ(field(e.structures[1].fields, "T0SZ"), 25U);
  EXPECT_EQ(field(e.structures[1].fields, "ASID"), 7U);
  EXPECT_TRUE(e.structures[1].legal);
  ASSERT_EQ(e.steps.size(), 3U);
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(e.steps[i].stage, 1U);
    EXPECT_EQ(e.steps[i].level, static_cast<int>(i + 1));
    EXPECT_EQ(e.steps[i].input, 0x10010U);
    EXPECT_EQ(e.steps[i].descriptor, b.world.memory.read(e.steps[i].address, 8));
  }
  EXPECT_EQ(field(e.steps[2].fields, "AF"), 1U);
  EXPECT_EQ(e.now.outcome, Outcome::forward);
  EXPECT_EQ(e.now.output, 0x8000'0010U);
  EXPECT_FALSE(e.stale);
}

TEST_F(ExplainModule, AFaultIsToldAsItsEventRecord) {
  map(7, 0x10000, 0x8000'0000);
  AccessQuestion q;
  q.stream_id = 7;
  q.address = 0x11000;
  q.kind = AccessQuestion::Kind::write;
  const Explanation e = b.smmu.explain(q);
  EXPECT_EQ(e.now.outcome, Outcome::abort);
  EXPECT_EQ(e.now.fault, "F_TRANSLATION");
  EXPECT_TRUE(e.now.recorded);
  EXPECT_EQ(fault_field(e.now, "InputAddr"), 0x11000U);
  EXPECT_EQ(fault_field(e.now, "S2"), 0U);
  EXPECT_EQ(fault_field(e.now, "RnW"), 0U);
  ASSERT_EQ(e.steps.size(), 3U);
  EXPECT_EQ(e.steps[2].descriptor, 0U);
  EXPECT_EQ(e.steps[2].meaning, "invalid: Translation fault, level 3");
}

// 7.3.2: an SMMU without ATS takes nothing of it.
TEST_F(ExplainModule, WhatNeedsAtsIsUnsupportedWithoutIt) {
  map(7, 0x10000, 0x8000'0000);
  AccessQuestion q;
  q.stream_id = 7;
  q.address = 0x10000;
  for (const AccessQuestion::Ats ats :
       {AccessQuestion::Ats::translation_request, AccessQuestion::Ats::translated}) {
    q.ats = ats;
    const Explanation e = b.smmu.explain(q);
    EXPECT_EQ(e.now.outcome, Outcome::abort);
    EXPECT_EQ(e.now.fault, "F_UUT");
    EXPECT_EQ(fault_field(e.now, "Reason"), 2U);
  }
}

TEST_F(ExplainModule, AskingReadsMemoryByTransportDbgAloneAndChangesNothing) {
  pgtable::Builder& pages = map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] { warm(0x10000); });
  b.world.memory.write(pages.descriptor_address(0x10000, 3).value_or(0), 0);
  b.tables.seen.clear();
  const std::string before = saved(b);
  const AllCounters counters(b.smmu);
  const sc_time now = sc_time_stamp();
  const auto deltas = sc_core::sc_delta_count();
  for (const std::uint64_t address : {0x10000ULL, 0x20000ULL, ~0ULL}) {
    for (const std::uint32_t sid : {7U, 8U, ~0U}) {
      EXPECT_FALSE(b.smmu.explain(sid, std::nullopt, address).text.empty());
      EXPECT_FALSE(b.smmu.explain(sid, 3, address).text.empty());
    }
  }
  EXPECT_EQ(saved(b), before);
  EXPECT_EQ(AllCounters(b.smmu).values, counters.values);
  EXPECT_TRUE(b.tables.seen.empty());
  EXPECT_TRUE(b.target.seen.empty());
  EXPECT_TRUE(b.host.sink.all.empty());
  EXPECT_EQ(sc_time_stamp(), now);
  EXPECT_EQ(sc_core::sc_delta_count(), deltas);
  EXPECT_FALSE(sc_core::sc_pending_activity_at_current_time());
}

TEST_F(ExplainModule, AskingWhileAWalkIsUnderWayDelaysNothing) {
  map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    const Operation& op = b.master.read(0x10000);
    for (int i = 0; i < 20; ++i) {
      wait(ns(7));
      EXPECT_EQ(b.smmu.explain(7, std::nullopt, 0x10000).now.output, 0x8000'0000U);
    }
    wait(ns(1000));
    EXPECT_EQ(op.answered - op.begun, miss_time());
  });
}

TEST_F(ExplainModule, EachTbuAnswersByItsOwnMicroTlb) {
  pgtable::Builder& pages = map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] { warm(0x10000); });
  b.world.memory.write(pages.descriptor_address(0x10000, 3).value_or(0), 0);
  AccessQuestion q;
  q.stream_id = 7;
  q.address = 0x10000;
  EXPECT_NE(b.smmu.explain(q).text.find("micro TLB of TBU 0: STALE"), std::string::npos);
  q.tbu = 1;
  EXPECT_EQ(b.smmu.explain(q).text.find("micro TLB"), std::string::npos);
  q.tbu = 99;
  EXPECT_NE(b.smmu.explain(q).text.find("micro TLB of TBU 0: STALE"), std::string::npos)
      << "there is no TBU 99";
}

}  // namespace
}  // namespace smmuvp::at
