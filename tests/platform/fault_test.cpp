// Why an access was denied: remedies, stories, and what is kept of many faults.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fault_json.h"
#include "fault_record.h"
#include "fault_remedy.h"
#include "smmu_monitor.h"
#include "story_text.h"

namespace smmuvp::platform {
namespace {

using Cause = Explanation::WalkFault::Cause;

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Explanation::Structure structure(const char* name, std::uint64_t address,
                                 std::vector<Explanation::Field> fields = {}) {
  Explanation::Structure s;
  s.name = name;
  s.address = address;
  s.memory = {1};
  s.legal = true;
  s.fields = std::move(fields);
  return s;
}

Explanation::Field field(const char* name, std::uint64_t value, bool decides = false) {
  return {name, 0, 0, value, "", false, decides};
}

Explanation with_walk(const char* kind, Cause cause, std::vector<Explanation::Field> fields = {},
                      unsigned stage = 1) {
  Explanation e;
  e.structures = {structure("STE", 0x1000), structure("CD", 0x2000, {field("T0SZ", 16), field("TBI0", 0)})};
  Explanation::Step s;
  s.stage = stage;
  s.level = 3;
  s.address = 0x3008;
  s.meaning = "invalid: Translation fault, level 3";
  s.fields = std::move(fields);
  s.decides = cause == Cause::descriptor || cause == Cause::memory;
  e.steps = {s};
  e.walk_fault = Explanation::WalkFault{kind, stage, 3, false, 0x5000, "stage 1 level 3", cause, "a reason"};
  return e;
}

std::string remedy(const char* event, const Explanation& e, const AccessQuestion& q) {
  return remedy_for(event, decided_by(event, q, e), q, e).text;
}

// IHI 0070 7.3; IHI 0062 16.5.9, 9.6.15
TEST(Remedy, EachEventAndEachBitOfAFaultStatusRegisterHasOneWithItsClause) {
  const AccessQuestion q;
  for (const char* event : {"F_UUT",
                            "C_BAD_STREAMID",
                            "F_STE_FETCH",
                            "C_BAD_STE",
                            "F_BAD_ATS_TREQ",
                            "F_STREAM_DISABLED",
                            "F_TRANSL_FORBIDDEN",
                            "C_BAD_SUBSTREAMID",
                            "F_CD_FETCH",
                            "C_BAD_CD",
                            "F_WALK_EABT",
                            "F_TRANSLATION",
                            "F_ADDR_SIZE",
                            "F_ACCESS",
                            "F_PERMISSION",
                            "F_TLB_CONFLICT",
                            "F_CFG_CONFLICT",
                            "E_PAGE_REQUEST",
                            "F_VMS_FETCH",
                            "FSR.TF",
                            "FSR.AFF",
                            "FSR.PF",
                            "FSR.EF",
                            "FSR.TLBMCF",
                            "FSR.TLBLKF",
                            "FSR.ASF",
                            "FSR.UUT",
                            "FSR.SS",
                            "FSR.MULTI",
                            "GFSR.ICF",
                            "GFSR.USF",
                            "GFSR.SMCF",
                            "GFSR.UCBF",
                            "GFSR.UCIF",
                            "GFSR.CAF",
                            "GFSR.EF",
                            "GFSR.PF",
                            "GFSR.UUT",
                            "GFSR.MULTI"}) {
    const Explanation nothing;
    const Remedy of_nothing = remedy_for(event, decided_by(event, q, nothing), q, nothing);
    EXPECT_GT(of_nothing.text.size(), 10U) << event;
    EXPECT_EQ(of_nothing.clause.substr(0, 4), "IHI ") << event;
    for (const Cause cause : {Cause::descriptor, Cause::memory, Cause::input_size, Cause::range_off,
                              Cause::E0PD, Cause::first_table, Cause::other}) {
      EXPECT_GT(remedy(event, with_walk("x", cause), q).size(), 10U) << event;
    }
  }
}

TEST(Remedy, NamesTheStructureItsAddressAndTheCommand) {
  AccessQuestion q;
  q.stream_id = 0x42;
  Explanation e;
  e.structures = {structure("STE", 0x1000, {field("V", 0)})};
  EXPECT_TRUE(holds(remedy("C_BAD_STE", e, q), "STE.V is 0 at 0x1000")) << remedy("C_BAD_STE", e, q);
  EXPECT_TRUE(holds(remedy("C_BAD_STE", e, q), "CMD_CFGI_STE of StreamID 0x42"));
  e.structures = {structure("STE", 0x1000, {field("V", 1)})};
  e.structures[0].legal = false;
  e.structures[0].why = "STE.Config is Reserved";
  EXPECT_TRUE(holds(remedy("C_BAD_STE", e, q), "STE.Config is Reserved: ")) << remedy("C_BAD_STE", e, q);
  e.structures = {structure("STE", 0x1000), structure("CD", 0x2000, {field("V", 0)})};
  EXPECT_TRUE(holds(remedy("C_BAD_CD", e, q), "CD.V is 0 at 0x2000")) << remedy("C_BAD_CD", e, q);
  e.structures[1].aborted = true;
  EXPECT_TRUE(holds(remedy("F_CD_FETCH", e, q), "does not answer at 0x2000: STE.S1ContextPtr"));
  e.structures = {structure("L1STD", 0x800, {field("Span", 0)})};
  EXPECT_TRUE(holds(remedy("C_BAD_STREAMID", e, q), "L1STD at 0x800 has Span 0"));
  e.structures.clear();
  e.registers = {{"SMMU_STRTAB_BASE_CFG", 6, "", {}}};
  EXPECT_TRUE(holds(remedy("C_BAD_STREAMID", e, q), "2^6 entries, and StreamID 0x42"));
}

TEST(Remedy, AnAddressOutOfRangeIsToldWithTheBitThatIsTooMuch) {
  AccessQuestion q;
  q.address = std::uint64_t{1} << 50;
  const std::string text = remedy("F_TRANSLATION", with_walk("translation", Cause::input_size), q);
  EXPECT_TRUE(holds(text, "CD.T0SZ 16 allows 48-bit addresses, and bit 50 of 0x4000000000000 is set"))
      << text;
  EXPECT_FALSE(holds(text, "TBI0")) << text;
  q.address = std::uint64_t{0xa5} << 56 | 0x1000;
  const std::string tag = remedy("F_TRANSLATION", with_walk("translation", Cause::input_size), q);
  EXPECT_TRUE(holds(tag, "TBI0 = 1 if the top byte is a tag")) << tag;
}

// DDI 0487 D8.4
TEST(Remedy, RightsAreToldByTheBitThatTakesTheOneAwayThatIsWanted) {
  AccessQuestion q;
  q.kind = AccessQuestion::Kind::write;
  const Explanation read_only =
      with_walk("permission", Cause::descriptor, {field("AP[2:1]", 3, true), field("UXN", 1)});
  EXPECT_TRUE(holds(remedy("F_PERMISSION", read_only, q),
                    "AP[2] = 1 makes it read only: a write needs AP[2] = 0 in the descriptor at 0x3008"));
  EXPECT_FALSE(holds(remedy("F_PERMISSION", read_only, q), "UXN"));
  const Explanation privileged = with_walk("permission", Cause::descriptor, {field("AP[2:1]", 0, true)});
  EXPECT_TRUE(holds(remedy("F_PERMISSION", privileged, q), "AP[1] = 0 keeps unprivileged accesses out"));
  q.kind = AccessQuestion::Kind::execute;
  const Explanation code =
      with_walk("permission", Cause::descriptor,
                {field("UXN", 1, true), field("PXN", 1, true), field("AP[2:1]", 3, true)});
  EXPECT_TRUE(holds(remedy("FSR.PF", code, q), "UXN = 0 in"));
  EXPECT_FALSE(holds(remedy("FSR.PF", code, q), "PXN"));
  q.privileged = true;
  EXPECT_TRUE(holds(remedy("FSR.PF", code, q), "PXN = 0 in"));
  q.kind = AccessQuestion::Kind::write;
  const Explanation stage2 = with_walk("permission", Cause::descriptor, {field("S2AP[1:0]", 1, true)}, 2);
  EXPECT_TRUE(holds(remedy("F_PERMISSION", stage2, q), "S2AP[1] = 0 forbids writing"));
  EXPECT_TRUE(holds(remedy("F_PERMISSION", with_walk("permission", Cause::descriptor), q), "a reason"));
}

// ---- stories

struct FakeSmmu : ExplainControl {
  Explanation explain(const AccessQuestion& question) const override {
    ++asked;
    last = question;
    return answer;
  }
  mutable unsigned asked = 0;
  mutable AccessQuestion last;
  Explanation answer;
};

struct Writers : WriterSource {
  std::optional<LastWriter> last_writer(std::uint64_t physical) const override {
    if (physical != 0x3008) return std::nullopt;
    return LastWriter{"cpu0", 0xffff000000001234, "arm_smmu_v3+0x1234 (write_ste)", 7};
  }
};

FaultTrace translation_fault() { return {"F_TRANSLATION", "abort", "recorded", "stage 1 level 3", {}}; }

Explanation translation_explanation() {
  Explanation e = with_walk("translation", Cause::descriptor);
  e.now.fault = e.memory.fault = "F_TRANSLATION";
  return e;
}

TEST(FaultStory, TellsWhatDecidedAndWhoWroteIt) {
  const Writers writers;
  const Story story = story_of(translation_fault(), translation_explanation(), &writers);
  EXPECT_TRUE(story.agrees);
  ASSERT_EQ(story.steps.size(), 3U);
  EXPECT_TRUE(story.steps[2].decides);
  EXPECT_FALSE(story.steps[0].decides);
  ASSERT_TRUE(story.steps[2].writer);
  EXPECT_EQ(story.steps[2].writer->symbol, "arm_smmu_v3+0x1234 (write_ste)");
  EXPECT_FALSE(story.steps[0].writer);
  EXPECT_TRUE(holds(story.would_be_legal, "0x3008"));
}

TEST(FaultStory, AnExplanationThatComesToAnotherEndGivesNoReason) {
  for (const bool other_event : {true, false}) {
    Explanation e = translation_explanation();
    FaultTrace trace = translation_fault();
    if (other_event) {
      e.now.fault = e.memory.fault = "F_ACCESS";
    } else {
      trace.walk = "stage 2 level 1";
    }
    const Story story = story_of(trace, e, nullptr);
    EXPECT_FALSE(story.agrees);
    EXPECT_FALSE(story.disagrees.empty());
    EXPECT_EQ(story.would_be_legal, "");
    for (const StoryStep& step : story.steps) EXPECT_FALSE(step.decides);
  }
}

TEST(FaultStory, WhatOnlyACacheSaysIsToldAsStale) {
  Explanation e = translation_explanation();
  e.stale = true;
  e.memory = {};
  e.memory.outcome = Explanation::End::Outcome::forward;
  const Story story = story_of(translation_fault(), e, nullptr);
  EXPECT_TRUE(story.stale);
  EXPECT_TRUE(holds(story.disagrees, "what caches hold decided"));
  EXPECT_TRUE(holds(story.would_be_legal, "an invalidation"));
  for (const StoryStep& step : story.steps) EXPECT_FALSE(step.decides);
}

// ---- what is kept

class Recording : public ::testing::Test {
 protected:
  Recording() {
    smmu.answer = translation_explanation();
    recorder.add("smmu0", smmu);
  }
  void fault(std::uint64_t time, std::uint32_t sid, std::uint64_t address, const char* point = "smmu.fault",
             const char* source = "smmu0") {
    const TraceValue values[] = {{"sid", sid},
                                 {"address", address},
                                 {"event", 0, "F_TRANSLATION", true},
                                 {"outcome", 0, "abort", true},
                                 {"record", 0, "recorded", true},
                                 {"walk", 0, "stage 1 level 3", true},
                                 {"ssv", 1},
                                 {"ssid", 5},
                                 {"kind", 0, "write", true},
                                 {"privileged", 1},
                                 {"secure", 0},
                                 {"tbu", 2},
                                 {"ats", 0, "none", true}};
    recorder.record(time, source, point, values, std::size(values));
  }
  void event(std::uint32_t sid, std::uint64_t address) {
    const TraceValue values[] = {{"event", 0, "F_TRANSLATION", true}, {"sid", sid}, {"address", address}};
    recorder.record(99, "smmu0", "smmu.event", values, std::size(values));
  }
  FakeSmmu smmu;
  FaultRecorder recorder{{2, 4}};
};

TEST_F(Recording, AsksWhatTheAccessWas) {
  fault(1, 0x100, 0x1234);
  EXPECT_EQ(smmu.last.stream_id, 0x100U);
  EXPECT_EQ(smmu.last.substream_id, 5U);
  EXPECT_EQ(smmu.last.address, 0x1234U);
  EXPECT_EQ(smmu.last.kind, AccessQuestion::Kind::write);
  EXPECT_TRUE(smmu.last.privileged);
  EXPECT_EQ(smmu.last.tbu, 2U);
  EXPECT_TRUE(smmu.last.afresh) << "an SMMUv2 has recorded it by now";
  fault(1, 0x100, 0x1234, "smmu.fault", "another");
  EXPECT_EQ(recorder.count(), 1U);
}

TEST_F(Recording, AStormIsCountedAndAskedAboutNoMore) {
  for (unsigned i = 0; i < 1000; ++i) fault(i, 0x100, 0x1000 + i);
  EXPECT_EQ(recorder.count(), 1000U);
  ASSERT_EQ(recorder.faults().size(), 2U);
  EXPECT_EQ(recorder.faults()[1].more, 998U);
  EXPECT_EQ(recorder.faults()[1].last_time_ps, 999U);
  EXPECT_EQ(recorder.last(), 1U);
  for (unsigned i = 0; i < 1000; ++i) fault(i, i, std::uint64_t{i} << 12);
  EXPECT_EQ(recorder.faults().size(), 4U);
  EXPECT_EQ(smmu.asked, 4U);
  EXPECT_EQ(recorder.count(), 2000U);
  EXPECT_FALSE(recorder.last());
}

TEST_F(Recording, AnEventBelongsToItsFault) {
  event(1, 0x1000);
  fault(1, 0x100, 0x1000);
  fault(2, 0x100, 0x2000);
  event(0x100, 0x2000);
  event(0x100, 0x1000);
  EXPECT_EQ(recorder.faults()[0].event, 2U);
  EXPECT_EQ(recorder.faults()[1].event, 1U);
  EXPECT_EQ(why_no_event(recorder.faults()[0]), "");
  fault(3, 0x101, 0x1000);
  EXPECT_TRUE(holds(why_no_event(recorder.faults()[2]), "not written"));
}

TEST_F(Recording, AStallThatIsTerminatedIsOneFault) {
  fault(1, 0x100, 0x1000, "smmu.stall");
  EXPECT_FALSE(recorder.faults()[0].ended);
  fault(2, 0x100, 0x1000);
  EXPECT_EQ(recorder.count(), 1U);
  EXPECT_TRUE(recorder.faults()[0].ended);
  fault(3, 0x100, 0x1000);
  EXPECT_EQ(recorder.count(), 2U) << "it did not stall";
}

TEST_F(Recording, TheReportHasItWithTheEventsThatItKeeps) {
  fault(1, 0x100, 0x1000);
  event(0x100, 0x1000);
  const auto json = json_of(recorder.faults(), 1);
  EXPECT_EQ(json[0]["event"], 0);
  EXPECT_EQ(json[0]["sid"], "0x100");
  EXPECT_TRUE(json_of(recorder.faults(), 0)[0]["event"].is_string());
  EXPECT_TRUE(holds(story_text(json[0], 0, false), "=> stage 1 level 3, VA 0x0 at 0x3008"));
}

// ---- GDB

TEST_F(Recording, TheMonitorAnswersAndSaysWhatItExpected) {
  smmu.answer.text = "the text";
  const SmmuMonitor one({{"smmu0", true, &smmu, nullptr}}, &recorder);
  EXPECT_TRUE(holds(one.run(" why"), "no access was denied"));
  fault(1, 0x100, 0x1000);
  EXPECT_TRUE(holds(one.run(" why"), "would be legal"));
  EXPECT_EQ(one.run(" why last"), one.run(" why 0"));
  EXPECT_TRUE(holds(one.run(" why 1"), "expected 0 to 0, or last"));
  EXPECT_EQ(one.run(" walk 0x100:3 0x1000 write privileged"), "the text");
  EXPECT_EQ(smmu.last.substream_id, 3U);
  EXPECT_EQ(smmu.last.kind, AccessQuestion::Kind::write);
  EXPECT_EQ(one.run(" walk smmu0 1 2"), "the text");
  EXPECT_TRUE(holds(one.run(" walk 0x1ffffffff 2"), "no StreamID"));
  EXPECT_TRUE(holds(one.run(" walk 1 2 sideways"), "none of read"));
  EXPECT_TRUE(holds(one.run(" ste 1"), "STE at 0x1000"));
  EXPECT_TRUE(holds(one.run(" cd 1"), "CD at 0x2000"));
  EXPECT_TRUE(holds(one.run(" tlb"), "does not tell"));
  EXPECT_TRUE(holds(one.run(" fly"), "'smmu fly' is no command"));
  EXPECT_TRUE(holds(one.run(""), "smmu queues"));
  const SmmuMonitor two({{"a", true, &smmu, nullptr}, {"b", true, &smmu, nullptr}}, nullptr);
  EXPECT_TRUE(holds(two.run(" ste 1"), "say first which: a, b"));
  EXPECT_TRUE(holds(two.run(" ste b 1"), "STE at"));
  EXPECT_TRUE(holds(two.run(" why"), "no faults are recorded"));
  EXPECT_TRUE(holds(SmmuMonitor({}, nullptr).run(" stalls"), "no SMMU"));
}

}  // namespace
}  // namespace smmuvp::platform
