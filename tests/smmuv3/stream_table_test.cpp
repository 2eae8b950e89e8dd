// Where the STE of a StreamID lies, by the registers and level 1 descriptors (IHI 0070 3.4.3, 5.1, 6.3.24,
// 6.3.25, 7.3.3).
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;
using smmu::Step;

constexpr std::uint64_t size_of_STE = 64;

std::uint64_t zeros(std::uint64_t address, unsigned bits) { return address >> bits << bits; }

class StreamTables : public ::testing::Test {
 protected:
  static Features features(std::uint8_t SIDSIZE = 16, std::uint8_t ST_LEVEL = 1) {
    Features f;
    f.SIDSIZE = SIDSIZE;
    f.ST_LEVEL = ST_LEVEL;
    return f;
  }
  /// Enabled anew, with nothing in its caches.
  static void set(World& w, std::uint64_t BASE, std::uint32_t CFG) {
    w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
    w.write(0x80, BASE, 8);
    w.write(0x88, CFG);
    w.command(0x04, 31);
    w.write(0x20, CR0_implemented);
  }
  static constexpr std::uint32_t cfg(std::uint32_t LOG2SIZE, std::uint32_t SPLIT = 0, std::uint32_t FMT = 0) {
    return FMT << 16 | SPLIT << 6 | LOG2SIZE;
  }
  /// Where the first read of an access goes, if it reads anything.
  static std::optional<smmu::MemoryOp> first_read(World& w, std::uint32_t sid) {
    Access a(w.smmu, World::request(sid, 0x1000));
    if (a.step() == Step::done) return std::nullopt;
    return a.op();
  }
  static std::uint64_t type_of_event(World& w) {
    const auto e = w.pop_event();
    return e ? bits(*e, 7, 0) : 0;
  }
};

TEST_F(StreamTables, AreReadWhereFmtSplitAndLog2sizeSay) {
  constexpr std::uint64_t BASE = 0xabc'dfff'ffc0;
  for (const std::uint8_t ST_LEVEL : {std::uint8_t{1}, std::uint8_t{0}}) {
    const std::uint8_t SIDSIZE = ST_LEVEL != 0 ? 16 : 6;
    World w(features(SIDSIZE, ST_LEVEL));
    w.start();
    for (std::uint32_t FMT = 0; FMT < 4; ++FMT) {
      for (std::uint32_t SPLIT = 0; SPLIT < 32; ++SPLIT) {
        for (const std::uint32_t LOG2SIZE : {0U, 5U, 6U, 8U, 9U, 11U, 16U, 20U, 32U}) {
          if (FMT != 1 && SPLIT % 8 != 0) continue;  // IGNORED with a linear table
          SCOPED_TRACE(::testing::Message() << "ST_LEVEL " << int{ST_LEVEL} << ", FMT " << FMT << ", SPLIT "
                                            << SPLIT << ", LOG2SIZE " << LOG2SIZE);
          set(w, BASE, cfg(LOG2SIZE, SPLIT, FMT));
          // 6.3.25: other values of FMT are linear, other values of SPLIT are 6.
          const bool two_level = ST_LEVEL != 0 && FMT == 1;
          const unsigned split = SPLIT == 8 || SPLIT == 10 ? SPLIT : 6;
          const unsigned level1 = LOG2SIZE > split ? LOG2SIZE - split + 3 : 0;
          const std::uint64_t base = zeros(BASE, two_level ? std::max(6U, level1) : LOG2SIZE + 6);
          const unsigned in_range = std::min<unsigned>(LOG2SIZE, SIDSIZE);
          for (const unsigned long long sid :
               {0ULL, (1ULL << in_range) - 1, (1ULL << in_range) >> 1, 1ULL << in_range}) {
            const auto read = first_read(w, static_cast<std::uint32_t>(sid));
            if (sid >> in_range != 0) {
              EXPECT_FALSE(read) << sid << " is beyond the table, or SIDSIZE";
              continue;
            }
            ASSERT_TRUE(read);
            EXPECT_EQ(read->address, two_level ? base + 8 * (sid >> split) : base + size_of_STE * sid) << sid;
            EXPECT_EQ(read->size, two_level ? 8U : 64U);
          }
        }
      }
    }
  }
}

TEST_F(StreamTables, Of32BitStreamIDsEndWithTheLastOne) {
  World w(features(32));
  w.start();
  set(w, 0x5c0'0000'0000, cfg(32));
  const auto last = first_read(w, 0xffff'ffff);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->address, 0x5c0'0000'0000 + size_of_STE * 0xffff'ffffULL);
  set(w, 0x5c0'0000'0000, cfg(32, 10, 1));
  w.memory.write(0x5c0'0000'0000 + 8 * 0x3f'ffffULL, 0x7'1000'0000 | 11);
  w.put(0x7'1000'0000 + size_of_STE * 0x3ff, ste_bypass());
  EXPECT_EQ(w.access(0xffff'ffff, 0x1000).outcome, Outcome::forward);
}

TEST_F(StreamTables, OfOneLevelAreUsedAgainAfterThoseOfTwo) {
  World w;
  w.start();
  w.put_ste(3, ste_bypass());
  EXPECT_EQ(w.access(3, 0x1000).outcome, Outcome::forward);
  set(w, 0x6000'0000, cfg(12, 8, 1));
  EXPECT_EQ(w.access(3, 0x1000).outcome, Outcome::abort) << "L1STD.Span is 0";
  EXPECT_EQ(type_of_event(w), 0x02U);
  set(w, World::strtab, cfg(8));
  EXPECT_EQ(w.access(3, 0x1000).outcome, Outcome::forward);
}

TEST_F(StreamTables, OfLevel2HaveTheStreamIDsOfTheirSpan) {
  constexpr std::uint64_t level2 = 0x7'1001'0000;
  for (const std::uint32_t SPLIT : {6U, 8U, 10U}) {
    World w;
    w.start();
    set(w, World::strtab, cfg(14, SPLIT, 1));
    const std::uint32_t first = 5U << SPLIT;
    for (std::uint32_t Span = 0; Span < 32; ++Span) {
      SCOPED_TRACE(::testing::Message() << "SPLIT " << SPLIT << ", Span " << Span);
      w.memory.write(World::strtab + 8 * 5, level2 | Span);
      const bool valid = Span != 0 && Span <= SPLIT + 1;
      const std::uint32_t entries = valid ? 1U << (Span - 1) : 0;
      for (const std::uint32_t index : {0U, entries / 2, entries - 1, entries, (1U << SPLIT) - 1}) {
        if (index >= 1U << SPLIT) continue;
        w.put(level2 + size_of_STE * index, ste_bypass());
        w.command(0x04, 31);
        const bool in = index < entries;
        EXPECT_EQ(w.access(first + index, 0x1000).outcome, in ? Outcome::forward : Outcome::abort) << index;
        EXPECT_EQ(type_of_event(w), in ? 0U : 0x02U) << "C_BAD_STREAMID, not C_BAD_STE";
      }
    }
  }
}

TEST_F(StreamTables, OfLevel2AreAlignedToTheirSpan) {
  World w;
  w.start();
  set(w, World::strtab, cfg(14, 8, 1));
  for (std::uint32_t Span = 1; Span <= 9; ++Span) {
    w.memory.write(World::strtab, 0x7'1fff'ffc0 | Span);
    const std::uint64_t at = zeros(0x7'1fff'ffc0, 5 + Span);
    const std::uint32_t sid = (1U << (Span - 1)) - 1;
    w.put(at + size_of_STE * sid, ste_bypass());
    w.command(0x04, 31);
    EXPECT_EQ(w.access(sid, 0x1000).outcome, Outcome::forward) << Span;
  }
}

// 7.3.3: all StreamIDs are out of range that STRTAB_BASE_CFG.LOG2SIZE does not have, though SPLIT has them.
TEST_F(StreamTables, OfFewerStreamIDsThanSplitHaveOneDescriptor) {
  World w;
  w.start();
  set(w, World::strtab, cfg(4, 8, 1));
  w.memory.write(World::strtab, 0x7'1000'0000 | 9);
  for (const std::uint32_t sid : {15U, 16U}) {
    w.put(0x7'1000'0000 + size_of_STE * sid, ste_bypass());
    EXPECT_EQ(w.access(sid, 0x1000).outcome, sid < 16 ? Outcome::forward : Outcome::abort);
  }
  EXPECT_EQ(type_of_event(w), 0x02U);
}

// No address is special.
TEST_F(StreamTables, MayLieAtAddress0AsAllTheRestMay) {
  World w;
  w.start();
  set(w, 0, cfg(8));
  w.put(size_of_STE, ste_bypass());
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
  w.clear();

  Stage2World v;  // a CD and a table of stage 1 at address 0, and at IPA 0
  pgtable::Config c = Stage2World::stage1_config();
  const std::uint64_t leaf = 0x8000'0000 | 0x400 | 0x40 | 0x300 | 3;
  v.memory.write(0, World::tables | 3);  // level 1
  v.memory.write(World::tables, (World::tables + 0x1000) | 3);
  v.memory.write(World::tables + 0x1008, leaf);
  v.put(0xfc0, cd_for(c, 1));
  v.put_ste(1, ste_stage1(0xfc0));
  EXPECT_EQ(v.access(1, 0x1234).output, 0x8000'0234U);
  Structure cd = cd_for(c, 2);
  cd.words[1] = cd.words[2] = World::tables + 0x10'0000;
  v.memory.write(World::tables + 0x10'0000, World::tables | 3);
  v.put(0, cd);
  v.put_ste(2, ste_stage1(0));
  EXPECT_EQ(v.access(2, 0x1234).output, 0x8000'0234U);
  EXPECT_FALSE(v.pop_event());
}

// ---- what a driver is told

TEST_F(StreamTables, ThatAreNotAlignedToTheirSizeAreToldWhenTheyAreEnabled) {
  struct Row {
    std::uint64_t BASE;
    std::uint32_t CFG;
    const char* site;
  };
  for (const Row& row :
       {Row{0x1040'0000, cfg(16), nullptr}, Row{0x1000'0040, cfg(16), "STRTAB_BASE.ADDR"},
        Row{0x1020'0000, cfg(16), "STRTAB_BASE.ADDR"}, Row{0x1000'0040, cfg(9, 8, 1), nullptr},
        Row{0x1000'0040, cfg(12, 8, 1), "STRTAB_BASE.ADDR"}, Row{0x1000'0080, cfg(12, 8, 1), nullptr},
        Row{0x1000'0000, cfg(8, 0, 0), nullptr}, Row{0x1000'0000, cfg(8, 8, 2), "STRTAB_BASE_CFG.FMT"},
        Row{0x1000'0000, cfg(8, 7, 1), "STRTAB_BASE_CFG.SPLIT"}}) {
    World w;
    w.write(0x80, row.BASE | BASE_hint, 8);
    w.write(0x88, row.CFG);
    EXPECT_TRUE(w.diag.all.empty());
    w.write(0x20, CR0_SMMUEN);
    w.write(0x20, CR0_SMMUEN | CR0_EVENTQEN);
    ASSERT_EQ(w.diag.all.size(), row.site != nullptr ? 1U : 0U) << std::hex << row.BASE << " " << row.CFG;
    if (row.site != nullptr) {
      EXPECT_EQ(w.diag.all[0].site, row.site);
    }
  }
}

TEST_F(StreamTables, OfTwoLevelsAreToldToBeNoneWithoutStLevel) {
  World w(features(6, 0));
  w.write(0x88, cfg(6, 6, 1));
  EXPECT_EQ(w.read(0x88), 6U) << "FMT and SPLIT are RES0";
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "STRTAB_BASE_CFG.FMT");
}

}  // namespace
}  // namespace smmuvp::smmuv3
