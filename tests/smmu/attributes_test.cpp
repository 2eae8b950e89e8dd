#include "smmuvp/smmu/attributes.h"

#include <gtest/gtest.h>

namespace smmuvp::smmu {
namespace {

TEST(Mair, ReservedEncodingsBehaveAsTheArchitectureSays) {
  // IHI 0070 5.4, MAIR0
  for (unsigned low = 0; low < 16; ++low) {
    EXPECT_EQ(normalised_mair(static_cast<std::uint8_t>(low)), low & 0xcU) << "Device";
  }
  EXPECT_EQ(normalised_mair(0xf0), 0xf3U) << "inner Write-Through transient, RW 0b11";
  for (unsigned same : {0xffU, 0x44U, 0xbbU, 0x77U, 0x4fU}) {
    EXPECT_EQ(normalised_mair(static_cast<std::uint8_t>(same)), same);
  }
}

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

TEST(Consistency, DeviceAndNonCacheableAreOuterShareable) {
  EXPECT_EQ(consistent({0x04, Shareability::inner}).shareability, Shareability::outer);
  EXPECT_EQ(consistent({0x44, Shareability::non_shareable}).shareability, Shareability::outer);
  EXPECT_EQ(consistent({0xff, Shareability::inner}).shareability, Shareability::inner);
  EXPECT_EQ(consistent({0xff, Shareability::reserved}).shareability, Shareability::non_shareable);
}

TEST(StructureAttributes, FollowTheCacheabilityFields) {
  EXPECT_EQ(structure_attributes(0, 0, 3).memory, 0x44U);
  EXPECT_EQ(structure_attributes(0, 0, 3).shareability, Shareability::outer);
  EXPECT_EQ(structure_attributes(1, 2, 3).memory, 0xafU);
  EXPECT_EQ(structure_attributes(3, 3, 3, 0xe).memory, 0xeeU);
}

}  // namespace
}  // namespace smmuvp::smmu
