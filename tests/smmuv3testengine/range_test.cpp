#include "smmuvp/smmuv3testengine/range.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "smmuvp/smmuv3testengine/attributes.h"
#include "smmuvp/test/core.h"

namespace smmuvp {
namespace {

/// The generator of docs/smmuv3testengine.md on top of the C library's, which has the same constants.
class LibcRandom {
 public:
  explicit LibcRandom(std::uint32_t seed)
      : m_x{0x330e, static_cast<unsigned short>(seed), static_cast<unsigned short>(seed >> 16)} {}
  std::uint32_t next() {
    const auto low = static_cast<std::uint32_t>(nrand48(m_x));
    nrand48(m_x);
    return low | (std::uint32_t{m_x[1]} << 16 & 0x80000000);
  }

 private:
  unsigned short m_x[3];
};

TEST(TestEngineRandom, GivesTheNumbersOfTheSheet) {
  TestEngineRandom random(1);
  const std::uint32_t numbers[] = {0x855424a4, 0x6adb4a65, 0xc861f4ef, 0x1802eeec};
  for (const std::uint32_t n : numbers) EXPECT_EQ(random.next(), n);
}

TEST(TestEngineRandom, AgreesWithTheCLibrary) {
  for (const std::uint32_t seed : {0U, 1U, 0x8000U, 0x12345678U, 0xffffffffU}) {
    TestEngineRandom random(seed);
    LibcRandom libc(seed);
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(random.next(), libc.next()) << seed << " " << i;
  }
}

TEST(TestEngineRandom, FillsEachPageFromAStreamOfItsOwn) {
  const std::uint64_t start = 0x1'0001'ff80;
  const std::uint32_t seed = 0xcafe;
  std::vector<std::uint8_t> data(0x1100);
  fill_rand48(data.data(), start, static_cast<std::uint32_t>(data.size()), start, seed);
  std::uint64_t at = start;
  for (const std::uint64_t end :
       {std::uint64_t{0x1'0002'0000}, std::uint64_t{0x1'0002'1000}, start + 0x1100}) {
    LibcRandom libc(seed ^ static_cast<std::uint32_t>(at >> 32) ^ static_cast<std::uint32_t>(at));
    for (; at < end; ++at)
      ASSERT_EQ(data[at - start], static_cast<std::uint8_t>(libc.next())) << std::hex << at;
  }
  const std::uint8_t first[] = {0x30, 0xd1, 0x3b, 0x18, 0x4d, 0x5e, 0x46, 0xe8};
  std::uint8_t got[8];
  fill_rand48(got, 0x1'0002'0000, 8, 0x1'0002'0000, 0x12345678);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(got[i], first[i]) << i;
}

TEST(TestEngineRandom, FillsAPieceAsItFillsThatPartOfTheWhole) {
  const std::uint64_t start = 0x5123;
  std::vector<std::uint8_t> whole(0x3000);
  fill_rand48(whole.data(), start, 0x3000, start, 9);
  for (const std::uint64_t offset : {0x1U, 0x7ffU, 0xeddU, 0x1000U, 0x2fffU}) {
    std::uint8_t byte = 0;
    fill_rand48(&byte, start + offset, 1, start, 9);
    EXPECT_EQ(byte, whole[offset]) << offset;
  }
}

/// Takes all pieces. Checks that they cover each unit of the range once, and no other byte.
std::vector<TestEnginePiece> take_all(TestEngineRange range, std::uint64_t other, std::uint64_t stride) {
  std::vector<TestEnginePiece> pieces;
  std::set<std::uint64_t> units;
  std::uint64_t bytes = 0;
  while (!range.done() && pieces.size() < 1'000'000) {
    const TestEnginePiece p = range.take(other);
    EXPECT_GE(p.bytes, 1U);
    EXPECT_LE(p.bytes, 4096U);
    EXPECT_EQ((range.base() + p.offset) / 4096, (range.base() + p.offset + p.bytes - 1) / 4096);
    EXPECT_EQ((other + p.offset) / 4096, (other + p.offset + p.bytes - 1) / 4096);
    if (stride != 1) {
      EXPECT_EQ(p.bytes, 8U);
      EXPECT_EQ(p.offset % stride, 0U);
    }
    for (std::uint32_t i = 0; i < p.bytes; ++i) units.insert(p.offset + i);
    bytes += p.bytes;
    pieces.push_back(p);
  }
  EXPECT_EQ(units.size(), bytes) << "no byte twice";
  EXPECT_EQ(units.empty() ? 0 : *units.rbegin(), range.last());
  if (stride == 1) {
    EXPECT_EQ(bytes, range.last() + 1);
  }
  return pieces;
}

TEST(TestEngineRange, ASeedOfZeroGoesUpAndOneOfAllOnesGoesDown) {
  const auto up = take_all({0x1f00, 0x40ff, 1, 0}, 0x1f00, 1);
  ASSERT_EQ(up.size(), 4U);
  EXPECT_EQ(up[0].offset, 0U);
  EXPECT_EQ(up[0].bytes, 0x100U);
  EXPECT_EQ(up[1].bytes, 0x1000U);
  EXPECT_EQ(up[3].offset, 0x2100U);
  const auto down = take_all({0x1f00, 0x40ff, 1, ~0U}, 0x1f00, 1);
  ASSERT_EQ(down.size(), 4U);
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(down[i].offset, up[3 - i].offset);
    EXPECT_EQ(down[i].bytes, up[3 - i].bytes);
  }
}

TEST(TestEngineRange, APieceOfACopyStaysInOnePageOfEachSide) {
  for (const std::uint32_t seed : {0U, ~0U, 5U, 0x80000001U}) take_all({0x1234, 0x4567, 1, seed}, 0x77ffe, 1);
}

TEST(TestEngineRange, AnyOtherSeedTakesPiecesOffBothEndsInARepeatableOrder) {
  const auto pieces = take_all({0x1000, 0x8fff, 1, 77}, 0x1000, 1);
  LibcRandom order(77);
  std::uint64_t front = 0;
  std::uint64_t back = 0x8000;
  unsigned from_back = 0;
  for (const TestEnginePiece& p : pieces) {
    const bool expected_back = (order.next() & 1) != 0;
    if (expected_back) {
      back -= p.bytes;
      ++from_back;
    }
    ASSERT_EQ(p.offset, expected_back ? back : front);
    if (!expected_back) front += p.bytes;
    EXPECT_LE(p.bytes, 512U);
  }
  EXPECT_GT(from_back, pieces.size() / 4);
  EXPECT_LT(from_back, pieces.size() * 3 / 4);
}

TEST(TestEngineRange, AStrideOfEightsMakesSingle64BitElements) {
  const auto pieces = take_all({0x1003, 0x1044, 24, 0}, 0x1000, 24);
  ASSERT_EQ(pieces.size(), 3U) << "0x1000, 0x1018, 0x1030; 0x1048 is beyond 0x1044 | 7";
  EXPECT_EQ(pieces[2].offset, 0x30U);
  EXPECT_EQ(take_all({0x1000, 0x1048, 24, 0}, 0x1000, 24).size(), 4U) << "the last byte is 0x1048 | 7";
  EXPECT_EQ(take_all({0x1000, 0x1fff, 8, 3}, 0x1000, 8).size(), 512U);
  EXPECT_EQ(take_all({0x1000, 0x1007, 1ULL << 63, ~0U}, 0x1000, 1ULL << 63).size(), 1U);
  EXPECT_EQ(take_all({0x1000, 0x1000, ~7ULL, 9}, 0x1000, ~7ULL).size(), 1U);
}

TEST(TestEngineRange, TheTopOfTheAddressSpaceIsReachedAndNotPassed) {
  const auto bytes = take_all({~0ULL - 0x1fff, ~0ULL, 1, 0}, ~0ULL - 0x1fff, 1);
  EXPECT_EQ(bytes.size(), 2U);
  const auto elements = take_all({~0ULL - 0x3f, ~0ULL, 16, ~0U}, ~0ULL - 0x3f, 16);
  EXPECT_EQ(elements.size(), 4U);
  TestEngineRange largest(8, ~0ULL, 1, ~0U);
  EXPECT_EQ(largest.last(), ~0ULL - 8);
  EXPECT_EQ(largest.take(8).offset, ~0ULL - 0xfff - 8);
}

TEST(TestEngineRange, WhatNoFrameMayAskForIsNamed) {
  EXPECT_EQ(TestEngineRange::wrong(0x1000, 0x1fff, 1), nullptr);
  EXPECT_EQ(TestEngineRange::wrong(0x1000, 0x1000, ~7ULL), nullptr);
  EXPECT_EQ(TestEngineRange::wrong(8, ~0ULL, 1), nullptr);
  EXPECT_EQ(TestEngineRange::wrong(0, ~0ULL - 8, 1), nullptr);
  EXPECT_NE(TestEngineRange::wrong(7, ~0ULL - 7, 8), nullptr) << "widened, it is the whole address space";
  EXPECT_NE(TestEngineRange::wrong(0, ~0ULL, 1), nullptr);
  EXPECT_NE(TestEngineRange::wrong(0x1000, 0xfff, 1), nullptr);
  for (const std::uint64_t stride : {0ULL, 2ULL, 4ULL, 7ULL, 9ULL, 12ULL, ~0ULL}) {
    EXPECT_NE(TestEngineRange::wrong(0x1000, 0x1fff, stride), nullptr) << stride;
  }
}

// ---- attributes

std::uint8_t memory_type(std::uint16_t half_word) {
  const auto a = decode_test_engine_attributes(half_word);
  return a ? a->memory_type : 0xee;
}

TEST(TestEngineAttributes, ThoseOfKnownDriversAreNormalWriteBack) {
  // 0xff, 0x2ff and 0x42ff are what Arm's tests write.
  const auto secure = decode_test_engine_attributes(0xff);
  ASSERT_TRUE(secure);
  EXPECT_EQ(*secure, (TestEngineAttributes{false, false, false, 0xff, 0}));
  EXPECT_EQ(*decode_test_engine_attributes(0x2ff), (TestEngineAttributes{false, true, false, 0xff, 0}));
  EXPECT_EQ(*decode_test_engine_attributes(0x42ff), (TestEngineAttributes{false, true, false, 0xff, 3}));
}

TEST(TestEngineAttributes, EachAcacheValueIsItsMemoryTypeOrNone) {
  const int none = -1;
  const int nibbles[16] = {none, none, 4, 4, none, none, 0xa, 0xe, none, none, 9, 0xd, none, none, 0xb, 0xf};
  for (unsigned outer = 2; outer < 16; ++outer) {
    for (unsigned inner = 0; inner < 16; ++inner) {
      const bool legal = nibbles[outer] != none && nibbles[inner] != none;
      const int expected = legal ? nibbles[outer] << 4 | nibbles[inner] : 0xee;
      EXPECT_EQ(memory_type(static_cast<std::uint16_t>(outer << 4 | inner)), expected)
          << outer << " " << inner;
    }
  }
}

TEST(TestEngineAttributes, TransientCountsForCacheableLevelsAlone) {
  EXPECT_EQ(memory_type(0x20ff), 0x7f);
  EXPECT_EQ(memory_type(0x10ff), 0xf7);
  EXPECT_EQ(memory_type(0x30ee), 0x33) << "Write-Through";
  EXPECT_EQ(memory_type(0x3033), 0x44);
}

TEST(TestEngineAttributes, DeviceMemoryIsOneOfTheFourTypes) {
  EXPECT_EQ(memory_type(0x00), 0x00);
  EXPECT_EQ(memory_type(0x0f), 0x00) << "nGnRnE whatever bits 3:0 say";
  EXPECT_EQ(memory_type(0x10), 0x04) << "nGnRE";
  EXPECT_EQ(memory_type(0x14), 0x08) << "nGRE";
  EXPECT_EQ(memory_type(0x1c), 0x0c) << "GRE";
  EXPECT_EQ(memory_type(0x18), 0x04) << "no type gathers without reordering";
  EXPECT_EQ(decode_test_engine_attributes(0xc010)->shareability, 2) << "bits 15:14 are ignored";
}

TEST(TestEngineAttributes, ShareabilityIsTheEncodingOfAce) {
  EXPECT_EQ(decode_test_engine_attributes(0x00ff)->shareability, 0);
  EXPECT_EQ(decode_test_engine_attributes(0x40ff)->shareability, 3);
  EXPECT_EQ(decode_test_engine_attributes(0x80ff)->shareability, 2);
  EXPECT_FALSE(decode_test_engine_attributes(0xc0ff));
}

TEST(TestEngineAttributes, ProtectionBitsAreInstructionNonSecureAndPrivileged) {
  EXPECT_EQ(*decode_test_engine_attributes(0x4ff), (TestEngineAttributes{true, false, false, 0xff, 0}));
  EXPECT_EQ(*decode_test_engine_attributes(0x1ff), (TestEngineAttributes{false, false, true, 0xff, 0}));
}

}  // namespace
}  // namespace smmuvp
