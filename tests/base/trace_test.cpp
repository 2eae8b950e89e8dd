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

TEST(Trace, NoSinkNoWork) {
  Tracer tracer(nullptr, "x");
  EXPECT_FALSE(tracer.on());
  tracer.emit(0, point_b, 1U);
}

}  // namespace
}  // namespace smmuvp
