#include "smmuvp/base/trace.h"

#include <gtest/gtest.h>

namespace smmuvp {
namespace {

constexpr TracePoint<std::uint32_t, std::string_view> point_a{"smmu.a", "doc", {"sid", "kind"}};
constexpr TracePoint<std::uint64_t> point_b{"smmu.b", "doc", {"address"}};
constexpr TracePoint<std::uint64_t> point_c{"cpu.c", "doc", {"pc"}};

std::string run(std::vector<std::string> filters) {
  std::string out;
  TextTraceSink sink(
      std::move(filters),
      [](void* context, std::string_view line) { static_cast<std::string*>(context)->append(line); }, &out);
  Tracer tracer(&sink, "smmu0");
  tracer.emit(5, point_a, 0x100U, "read");
  tracer.emit(6, point_b, 0x4000U);
  tracer.emit(7, point_c, 1U);
  return out;
}

TEST(Trace, PrintsTypedValuesWithTheirNames) {
  EXPECT_EQ(run({}),
            "5 smmu0 smmu.a sid=0x100 kind=read\n6 smmu0 smmu.b address=0x4000\n7 smmu0 cpu.c pc=0x1\n");
}

TEST(Trace, FiltersByNameAndPrefix) {
  EXPECT_EQ(run({"smmu.b"}), "6 smmu0 smmu.b address=0x4000\n");
  EXPECT_EQ(run({"cpu.*"}), "7 smmu0 cpu.c pc=0x1\n");
}

void append(void* context, std::string_view line) { static_cast<std::string*>(context)->append(line); }

TEST(Trace, PointsAreSwitchedWhileTheComponentRuns) {
  std::string out;
  TextTraceSink sink({"smmu.a"}, append, &out);
  Tracer tracer(&sink, "smmu0");
  tracer.emit(1, point_b, 1U);
  EXPECT_EQ(out, "");
  sink.set_filters({"smmu.b"});
  tracer.emit(2, point_b, 2U);
  tracer.emit(2, point_a, 2U, "read");
  sink.set_on(false);
  tracer.emit(3, point_b, 3U);
  sink.set_on(true);
  tracer.emit(4, point_b, 4U);
  EXPECT_EQ(out, "2 smmu0 smmu.b address=0x2\n4 smmu0 smmu.b address=0x4\n");
}

TEST(Trace, ASinkIsAskedOnceAPointUntilItSaysThatItsAnswersChanged) {
  struct Asked : TraceSink {
    bool wants(std::string_view, std::string_view) override {
      ++questions;
      return false;
    }
    void record(std::uint64_t, std::string_view, std::string_view, const TraceValue*, std::size_t) override {}
    int questions = 0;
  } sink;
  Tracer tracer(&sink, "smmu0");
  for (int i = 0; i < 3; ++i) tracer.emit(1, point_b, 1U);
  EXPECT_EQ(sink.questions, 1);
  sink.wants_changed();
  for (int i = 0; i < 3; ++i) tracer.emit(1, point_b, 1U);
  EXPECT_EQ(sink.questions, 2);
}

TEST(Trace, ASinkBeforeAnotherOneFollowsItsChanges) {
  struct Tee : TraceSink {
    explicit Tee(TraceSink& next) : TraceSink(Before{next}), to(next) {}
    bool wants(std::string_view source, std::string_view point) override { return to.wants(source, point); }
    void record(std::uint64_t time_ps, std::string_view source, std::string_view point,
                const TraceValue* values, std::size_t count) override {
      to.record(time_ps, source, point, values, count);
    }
    TraceSink& to;
  };
  std::string out;
  TextTraceSink sink({"smmu.a"}, append, &out);
  Tee tee(sink);
  Tracer tracer(&tee, "smmu0");
  tracer.emit(1, point_b, 1U);
  sink.set_filters({});
  tracer.emit(2, point_b, 2U);
  EXPECT_EQ(out, "2 smmu0 smmu.b address=0x2\n");
}

TEST(Trace, NoSinkNoWork) {
  Tracer tracer(nullptr, "x");
  EXPECT_FALSE(tracer.on());
  tracer.emit(0, point_b, 1U);
}

}  // namespace
}  // namespace smmuvp
