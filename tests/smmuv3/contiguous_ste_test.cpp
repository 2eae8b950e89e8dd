// STE.CONT: one cached STE stands for a span of streams (IHI 0070 5.2, 3.20.2).
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

class ContiguousStes : public ::testing::Test {
 protected:
  ContiguousStes() { w.start(); }
  /// The STE bypasses as Device-nGnRE or as Normal memory, so that one can see which it was.
  static Structure ste(unsigned CONT, bool device) {
    return ste_bypass().set(77, 4, CONT).set(96, 4, device ? 1 : 0xf).set(100, 1, 1);
  }
  void put(std::uint32_t first, std::uint32_t count, unsigned CONT, bool device) {
    for (std::uint32_t s = first; s < first + count; ++s) w.put_ste(s, ste(CONT, device));
  }
  bool is_device(std::uint32_t sid) { return w.access(sid, 0x1000).attributes.memory == 0x04; }
  void cfgi_ste(std::uint32_t sid) { w.command(0x3 | std::uint64_t{sid} << 32, 1); }
  World w;
};

TEST_F(ContiguousStes, ServeAllStreamsOfTheirAlignedSpanAndNoOthers) {
  for (const unsigned CONT : {0U, 1U, 3U, 8U, 15U}) {
    SCOPED_TRACE(CONT);
    const std::uint32_t span = CONT >= 8 ? 256 : 1U << CONT;  // the table has 2^8 STEs
    const std::uint32_t first = 0x50 & ~(span - 1);
    put(0, 256, CONT, true);
    w.command(0x4, 31);
    EXPECT_TRUE(is_device(0x50));
    put(0, 256, CONT, false);
    for (std::uint32_t s = 0; s < 256; ++s) {
      const bool inside = s >= first && s < first + span;
      if (!inside && s != first + span && s + 1 != first) continue;
      EXPECT_EQ(is_device(s), inside) << s;
    }
  }
  EXPECT_EQ(w.access(256, 0x1000).outcome, Outcome::abort) << "no span reaches beyond the table";
}

TEST_F(ContiguousStes, AreDroppedByTheInvalidationOfAnyOfTheirStreams) {
  for (const std::uint32_t named : {8U, 11U, 15U}) {
    put(8, 8, 3, true);
    w.command(0x4, 31);
    EXPECT_TRUE(is_device(9));
    put(8, 8, 3, false);
    cfgi_ste(named);
    EXPECT_FALSE(is_device(10)) << named;
  }
}

TEST_F(ContiguousStes, AreDroppedByARangeThatTouchesThem) {
  put(8, 8, 3, true);
  EXPECT_TRUE(is_device(9));
  put(8, 8, 3, false);
  w.command(0x4 | 6ULL << 32, 0);  // CMD_CFGI_STE_RANGE: 6 and 7
  EXPECT_TRUE(is_device(12));
  w.command(0x4 | 14ULL << 32, 0);  // 14 and 15
  EXPECT_FALSE(is_device(11));
}

TEST_F(ContiguousStes, HaveNoSpanWhereTheyAreInvalid) {
  put(8, 8, 3, true);
  w.put_ste(9, ste(3, true).set(0, 1, 0));
  EXPECT_EQ(w.access(9, 0).outcome, Outcome::abort);
  EXPECT_TRUE(is_device(10)) << "with V 0 the other fields are IGNORED";
}

TEST_F(ContiguousStes, EndWithTheLevel2TableThatLocatesThem) {
  constexpr std::uint64_t level2 = 0x6000'0000;
  w.write(0x20, 0);
  w.write(0x88, 12 | 8 << 6 | 1 << 16);
  w.write(0x20, CR0_implemented);
  w.memory.write(World::strtab, level2 | 4);                 // 8 STEs
  w.memory.write(World::strtab + 8, (level2 + 0x4000) | 9);  // 256 STEs
  for (std::uint32_t s = 0; s < 8; ++s) w.put(level2 + 64ULL * s, ste(15, true));
  for (std::uint32_t s = 0; s < 256; ++s) w.put(level2 + 0x4000 + 64ULL * s, ste(15, false));
  EXPECT_TRUE(is_device(3));
  EXPECT_EQ(w.access(8, 0).outcome, Outcome::abort) << "beyond Span: C_BAD_STREAMID";
  EXPECT_FALSE(is_device(0x100));
  EXPECT_FALSE(is_device(0x1ff));
  w.memory.write(World::strtab + 8, 0);
  EXPECT_FALSE(is_device(0x180)) << "served by the span of 0x100";
}

TEST_F(ContiguousStes, HaveCdsOfEachStreamOfTheirOwn) {
  pgtable::Builder& b = w.space();
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.put(World::cds, cd_for(b.config(), 1));
  for (std::uint32_t s = 8; s < 12; ++s) w.put_ste(s, ste_stage1(World::cds).set(77, 4, 2));
  EXPECT_EQ(w.access(8, 0x1000).outcome, Outcome::forward);
  w.put(World::cds, cd_for(b.config(), 1).set(31, 1, 0));
  EXPECT_EQ(w.access(8, 0x1008).outcome, Outcome::forward) << "cached";
  EXPECT_EQ(w.access(9, 0x1008).outcome, Outcome::abort) << "5.4.1: by {StreamID, SubstreamID}";
}

TEST_F(ContiguousStes, OfDifferentSpansAreFoundSmallestFirst) {
  put(8, 8, 3, true);
  EXPECT_TRUE(is_device(8));
  put(8, 8, 0, true);  // the hint is taken away, the rest stays (5.2): both kinds may be cached
  cfgi_ste(8);
  EXPECT_TRUE(is_device(9));
  EXPECT_TRUE(is_device(8));
  put(8, 8, 0, false);
  cfgi_ste(9);
  EXPECT_FALSE(is_device(9));
  EXPECT_TRUE(is_device(8)) << "single ones again: of the other nothing was said";
}

}  // namespace
}  // namespace smmuvp::smmuv3
