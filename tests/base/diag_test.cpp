#include "smmuvp/base/diag.h"

#include <gtest/gtest.h>

#include <vector>

namespace smmuvp {
namespace {

struct Sink : DiagSink {
  std::vector<Diagnostic> seen;
  void report(const Diagnostic& d) override { seen.push_back(d); }
};

TEST(Diag, GuestErrorsAreLimitedPerSiteAndAllCounted) {
  Sink sink;
  Diag diag(&sink, "smmu0");
  for (int i = 0; i < 25; ++i) diag.guest_error("a", "text", "clause");
  diag.guest_error("b", "text", "clause");
  EXPECT_EQ(sink.seen.size(), Diag::limit + 1);
  EXPECT_EQ(diag.counts().at("a"), 25U);
  EXPECT_EQ(diag.guest_errors(), 26U);
}

TEST(Diag, UnimplementedIsToldOnceASiteAndIsNoGuestError) {
  Sink sink;
  Diag diag(&sink, "smmu0");
  for (int i = 0; i < 3; ++i) diag.unimplemented("ats", "text", "clause");
  EXPECT_EQ(sink.seen.size(), 1U);
  EXPECT_EQ(diag.guest_errors(), 0U);
}

TEST(Diag, TheTextHasSourceClauseStreamAndAddress) {
  Sink sink;
  Diag diag(&sink, "smmu0");
  diag.guest_error("a", "STE is wrong", "IHI 0070 5.2", 0x100, 0x4000);
  EXPECT_EQ(to_text(sink.seen.at(0)),
            "smmu0: guest error: STE is wrong [IHI 0070 5.2] (StreamID 0x100, address 0x4000)");
}

TEST(Diag, AnErrorOfTheHostIsNoGuestError) {
  Sink sink;
  Diag diag(&sink, "disk0");
  for (int i = 0; i < 25; ++i) diag.host_error("storage", "the image has shrunk");
  EXPECT_EQ(sink.seen.size(), Diag::limit);
  EXPECT_EQ(diag.guest_errors(), 0U);
  EXPECT_EQ(to_text(sink.seen.at(0)), "disk0: host error: the image has shrunk");
}

TEST(Diag, WorksWithoutASink) {
  Diag diag(nullptr, "x");
  diag.guest_error("a", "text", "clause");
  EXPECT_EQ(diag.guest_errors(), 1U);
}

}  // namespace
}  // namespace smmuvp
