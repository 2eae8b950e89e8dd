#include "smmuvp/smmu/attributes.h"

#include <gtest/gtest.h>

namespace smmuvp::smmu {
namespace {

TEST(MemAttr, IsEncodedAsInStage2Descriptors) {
  const std::uint8_t expected[16] = {0x00, 0x04, 0x08, 0x0c, 0x00, 0x44, 0x4b, 0x4f,
                                     0x00, 0xb4, 0xbb, 0xbf, 0x00, 0xf4, 0xfb, 0xff};
  for (std::uint8_t i = 0; i < 16; ++i) EXPECT_EQ(mair_of_mem_attr(i), expected[i]) << int{i};
}

TEST(Hints, AreThoseOfTheOuterLevel) {
  EXPECT_EQ(allocation_hints(0xff), hint_read_allocate | hint_write_allocate);
  EXPECT_EQ(allocation_hints(0xe4), hint_read_allocate);
  EXPECT_EQ(allocation_hints(0xd4), hint_write_allocate);
  EXPECT_EQ(allocation_hints(0x5f), hint_write_allocate | hint_transient);
  EXPECT_EQ(allocation_hints(0x4f), 0) << "Non-cacheable";
  EXPECT_EQ(allocation_hints(0x04), 0) << "Device";
}

TEST(Hints, ReplaceThoseOfCacheableLevelsOnly) {
  EXPECT_EQ(with_hints(0xff, 0), 0xccU);
  EXPECT_EQ(with_hints(0xbb, hint_read_allocate), 0xaaU);
  EXPECT_EQ(with_hints(0x4f, hint_write_allocate), 0x4dU);
  EXPECT_EQ(with_hints(0xff, hint_read_allocate | hint_transient), 0x66U);
  EXPECT_EQ(with_hints(0xff, hint_transient), 0xccU) << "no-allocate is not transient (13.1.7)";
  EXPECT_EQ(with_hints(0x08, hint_read_allocate), 0x08U);
  EXPECT_EQ(with_hints(0x66, hint_read_allocate), 0xeeU) << "transient Write-Back stays Write-Back";
}

}  // namespace
}  // namespace smmuvp::smmu
