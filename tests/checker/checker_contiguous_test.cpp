// Descriptors of a Contiguous run.
#include "script.h"

namespace smmuvp::checker {
namespace {

constexpr std::uint64_t contiguous = 1ULL << 52;
// The third of sixteen descriptors, which map 64 KiB from 0x90000000 on.
constexpr std::uint64_t third = 0x9000'2f03 | contiguous;

void fill(Script& s, std::uint64_t first = 0x9000'0f03 | contiguous) {
  for (std::uint64_t i = 0; i < 16; ++i) s.memory[Script::table + 8 * i] = first + (i << 12);
}

TEST(Contiguous, DescriptorsOfARunAreAlikeAndFollowEachOther) {
  struct Case {
    const char* what;
    bool right;
    unsigned entry;
    std::uint64_t changed;  // bits of the entry
  };
  const Case cases[] = {
      {"nothing", true, 9, 0},
      {"AP[2], by hardware", true, 9, 1U << 7},
      {"AF, by hardware", true, 9, 1U << 10},
      {"bits of software", true, 9, 1ULL << 55},
      {"the address", false, 9, 1ULL << 20},
      {"validity", false, 9, 1},
      {"Contiguous", false, 15, contiguous},
      {"SH", false, 0, 1U << 8},
      {"nG", false, 1, 1U << 11},
      {"AP[1]", false, 3, 1U << 6},
      {"XN", false, 4, 1ULL << 54},
      {"AttrIndx", false, 5, 1U << 2},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s;
    fill(s);
    s.memory[Script::table + 8 * c.entry] ^= c.changed;
    s.use(third);
    EXPECT_EQ(s.told(), c.right ? Told{} : Told{"contiguous.run"});
    s.use(third);
    EXPECT_EQ(s.told(), Told{}) << "once";
  }
}

TEST(Contiguous, ARunBeginsAtAMultipleOfItsSize) {
  Script s;
  fill(s, 0x9000'4f03 | contiguous);
  s.use(0x9000'6f03 | contiguous);
  EXPECT_EQ(s.told(), Told{"contiguous.run"});
}

TEST(Contiguous, ADescriptorWithoutTheBitStandsForItself) {
  Script s;
  fill(s);
  s.memory[Script::table] = 0;
  s.use(third & ~contiguous);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Contiguous, ARunHasAsManyDescriptorsAsItsGranuleSays) {
  struct Case {
    unsigned granule;
    std::uint64_t count;
  };
  for (const Case& c : {Case{12, 16}, Case{14, 128}, Case{16, 32}}) {
    for (const bool last_is_missing : {false, true}) {
      SCOPED_TRACE(c.granule);
      Script s;
      const std::uint64_t run = 0x8'0000;
      for (std::uint64_t i = 0; i < c.count; ++i)
        s.memory[run + 8 * i] = (0x8000'0f03 | contiguous) + (i << c.granule);
      if (last_is_missing) s.memory[run + 8 * (c.count - 1)] = 0;
      Look look = s.look(0x8000'0f03 | contiguous);
      for (Look::Step& step : look.steps) step.granule = c.granule;
      look.steps[1].address = run;
      s.checker.accessed(s.smmu, look);
      EXPECT_EQ(s.told(), last_is_missing ? Told{"contiguous.run"} : Told{});
    }
  }
}

}  // namespace
}  // namespace smmuvp::checker
