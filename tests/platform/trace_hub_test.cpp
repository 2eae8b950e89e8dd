// The order of traces.
#include "trace_hub.h"

#include <gtest/gtest.h>

namespace smmuvp::platform {
namespace {

constexpr TracePoint<std::uint32_t> point{"test.point", "a point", {"n"}};

struct Lines {
  static void take(void* to, std::string_view line) { static_cast<std::string*>(to)->append(line); }
  std::string text;
};

TEST(TraceOrder, LinesOfTimesToComeAreHeldBackAndComeInTheirOrder) {
  Lines lines;
  TraceHub hub;
  hub.add_text({}, Lines::take, &lines.text);
  Tracer tracer(&hub, "t");
  tracer.emit(30, point, 1u);
  tracer.emit(10, point, 2u);
  tracer.emit(10, point, 3u);
  EXPECT_EQ(lines.text, "") << "simulated time is 0";
  hub.flush();
  EXPECT_EQ(lines.text, "10 t test.point n=0x2\n10 t test.point n=0x3\n30 t test.point n=0x1\n");
}

TEST(TraceOrder, ALineOfNowIsNotHeldBack) {
  Lines lines;
  TraceHub hub;
  hub.add_text({}, Lines::take, &lines.text);
  Tracer tracer(&hub, "t");
  tracer.emit(0, point, 1u);
  EXPECT_EQ(lines.text, "0 t test.point n=0x1\n");
}

}  // namespace
}  // namespace smmuvp::platform
