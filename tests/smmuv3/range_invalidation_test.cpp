// What TLB invalidations by address take where NUM, SCALE, TG and TTL count (IHI 0070 4.4.1.1), of everything
// that holds translations: entries are put there as walks put them, and looked for afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cache_bench.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Stages;

/// Whether 4.4 and 4.4.1.1 ask for an entry to go, and this model takes no more. Written from there, by
/// arithmetic of 128 bits that cannot overflow.
bool goes(const Tlbi& c, const CacheKey& e, bool table) {
  if (c.leaf && table) return false;
  const bool el2 = c.opcode == 0x22 || c.opcode == 0x23;  // CR2.E2H is 0
  if (e.tag.regime != static_cast<unsigned>(el2 ? StreamWorld::NS_EL2 : StreamWorld::NS_EL1)) return false;
  if (!el2 && e.tag.vmid != c.vmid) return false;
  if (c.opcode == 0x2a ? e.tag.stages != Stages::stage2 : e.tag.stages == Stages::stage2) return false;
  if (c.opcode == 0x12 && !e.global && e.tag.asid != c.asid) return false;
  const unsigned span = std::max(e.span, e.shift);
  __extension__ using Wide = unsigned __int128;
  const Wide first = e.input >> span << span;
  const Wide last = first + ((Wide{1} << span) - 1);
  if (c.TG == 0) return first <= c.address && c.address <= last;
  const Wide end = Wide{c.address} + (Wide{c.NUM + 1} << (c.SCALE + c.granule()));
  if (last < c.address || first >= end) return false;
  if (c.opcode != 0x2a && (c.address >> 55U & 1U) == 0 && (e.input >> 55U & 1U) != 0) return false;
  if (e.granule != c.granule()) return false;
  const unsigned TTL = c.TG == 2 && c.TTL == 1 ? 0 : c.TTL;
  if (TTL == 0) return true;
  return table ? e.level <= static_cast<int>(TTL) : e.level == static_cast<int>(TTL);
}

// CMD_TLBI_NH_VA, NH_VAA, EL2_VA, EL2_VAA, S2_IPA
constexpr std::uint8_t by_address[] = {0x12, 0x13, 0x22, 0x23, 0x2a};

class Range : public ::testing::Test, protected CacheBench {
 protected:
  explicit Range(const Features& f = with_range_invalidation()) : CacheBench(f) {}
  static Features with_range_invalidation() {
    Features f;
    f.RIL = f.Hyp = true;
    return f;
  }

  /// Everything is as goes() says, and nothing is left.
  void expect(const Tlbi& c) {
    const std::uint32_t CONS = w.read(0x9c);
    w.command(c.word0(), c.word1());
    ASSERT_NE(w.read(0x9c), CONS);
    ASSERT_TRUE(w.commands_done());
    for (const Put& p : all) {
      const bool is_table = p.cache == Cache::walk_cache;
      ASSERT_EQ(is_there(p), !goes(c, p.key, is_table))
          << opcode_name(c.opcode) << " of " << std::hex << c.address << std::dec << ", TG " << c.TG
          << ", TTL " << c.TTL << ", NUM " << c.NUM << ", SCALE " << c.SCALE << ", Leaf " << c.leaf << ": "
          << cache_names[static_cast<unsigned>(p.cache)] << ", input " << std::hex << p.key.input << std::dec
          << ", 2^" << unsigned{p.key.shift} << ", level " << int{p.key.level} << ", granule "
          << unsigned{p.key.granule};
    }
    forget();
  }
};

constexpr std::uint64_t lower_end = 0x80'0000'0000'0000;  // of what TTB0 can translate at the most

TEST_F(Range, TakesTheGranulesThatItNamesAndNoNeighbour) {
  test::Random random(0x411);
  for (const std::uint8_t opcode : by_address) {
    for (unsigned TG = 1; TG <= 3; ++TG) {
      for (unsigned NUM = 0; NUM < 32; ++NUM) {
        for (unsigned SCALE = 0; SCALE < 32; ++SCALE) {
          Tlbi c;
          c.opcode = opcode;
          c.TG = TG;
          c.NUM = NUM;
          c.SCALE = SCALE;
          c.TTL = NUM == 0 && SCALE == 0 ? 3 : 0;
          const unsigned granule = c.granule();
          const std::uint64_t one = std::uint64_t{1} << granule;
          const std::uint64_t bytes = (NUM + std::uint64_t{1}) << SCALE << granule;
          const bool upper = opcode != 0x2a && random.below(2) != 0;
          c.address = (random.below(std::uint64_t{1} << 40U) + 1) << granule & 0xf'ffff'ffff'ffff;
          if (c.address == 0) c.address = one;
          if (upper) c.address |= ~(lower_end - 1);
          const std::uint64_t at[] = {c.address - one, c.address, c.address + bytes - one, c.address + bytes,
                                      c.address + (bytes >> 1U)};
          for (std::uint64_t input : at) {
            input = input >> granule << granule;
            const bool beyond = upper ? input < c.address - one : input >= lower_end;
            if (opcode != 0x2a && beyond) continue;  // no address of that half
            const auto same = [&](const Put& p) { return p.key.input == input; };
            if (std::any_of(all.begin(), all.end(), same)) continue;
            put_everywhere(page(input, granule, 3, opcode));
            put(Cache::walk_cache, table(input, granule, 3, opcode));
          }
          expect(c);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_F(Range, OfAnyAddressesTakesWhatItTouches) {
  test::Random random(0x412);
  for (unsigned n = 0; n < 20'000; ++n) {
    Tlbi c;
    c.opcode = by_address[random.below(5)];
    c.TG = static_cast<unsigned>(random.below(4));
    c.NUM = static_cast<unsigned>(random.below(32));
    c.SCALE = static_cast<unsigned>(random.below(random.below(2) != 0 ? 8 : 32));
    c.TTL = static_cast<unsigned>(random.below(4));
    if (c.TG == 0) c.NUM = c.SCALE = c.TTL = 0;
    if (c.TG == 2 && c.TTL == 1) c.TTL = 0;
    if (c.NUM == 0 && c.SCALE == 0 && c.TTL == 0) c.NUM = 1;
    if (c.TG == 0) c.NUM = 0;
    c.leaf = random.below(3) == 0;
    c.vmid = static_cast<std::uint16_t>(1 + random.below(5) / 4);
    c.asid = static_cast<std::uint16_t>(1 + random.below(5) / 4);
    const bool ipa = c.opcode == 0x2a;
    const std::uint64_t upper = ipa ? 0 : random.below(2) * 0xffff'8000'0000'0000;
    // Few bits, so that ranges and entries meet: unaligned ones are named from the address on.
    const auto address = [&] {
      return (random.below(16) << 36U | random.below(4) << 29U | random.below(4) << 21U |
              random.below(16) << 12U) |
             upper;
    };
    c.address = address();
    for (unsigned e = 0; e < 12; ++e) {
      const Stages stages = random.below(3) == 0   ? Stages::stage2
                            : random.below(2) != 0 ? Stages::nested
                                                   : Stages::stage1;
      const unsigned granule = 10 + 2 * static_cast<unsigned>(1 + random.below(3));
      const int level = static_cast<int>(1 + random.below(3));
      std::uint64_t input = address();
      if (stages == Stages::stage2) input &= 0xffff'ffff'ffff;
      CacheKey k = page(input, granule, level, stages == Stages::stage2 ? 0x2a : 0x12);
      k.tag.stages = stages;
      k.tag.vmid = static_cast<std::uint16_t>(1 + random.below(5) / 4);
      if (stages != Stages::stage2) {
        k.global = random.below(4) == 0;
        if (!k.global) k.tag.asid = static_cast<std::uint16_t>(1 + random.below(5) / 4);
        if (k.global) k.tag.asid = 0;
      }
      if (stages == Stages::nested && level < 3) {  // of a block, a page of stage 2
        k.span = k.shift;
        k.shift = 12;
        k.input = input >> 12U << 12U;
      }
      if (stages == Stages::stage1 && random.below(2) == 0) {
        k.tag = tag_for(0x22);
        k.global = true;
      }
      const Cache cache = caches[random.below(5)];
      if (cache == Cache::ipa_cache && stages != Stages::stage2) continue;
      if (cache == Cache::walk_cache) {
        const CacheKey t = k;
        k = table(input, granule, level);
        k.tag = t.tag;
        k.global = false;
        if (t.global && t.tag.vmid != 0) k.tag.asid = 1;
      }
      const auto same = [&](const Put& p) {  // it would take the other's place
        return p.cache == cache && p.key.input == k.input;
      };
      if (std::any_of(all.begin(), all.end(), same)) continue;
      put(cache, k);
    }
    expect(c);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Range, DoesNotGoOnFromTheEndOfTheAddressesTo0) {
  Tlbi c;
  c.TG = 3;
  c.NUM = c.SCALE = 31;
  c.address = 0xffff'ffff'ffff'0000;
  for (const std::uint64_t input : {0xffff'ffff'ffff'0000ULL, 0xffff'ffff'fffe'0000ULL, 0ULL, 0x1'0000ULL}) {
    put_everywhere(page(input, 16));
  }
  expect(c);
}

TEST_F(Range, DoesNotGoOnFromAddressesOfTtb0ToThoseOfTtb1) {
  Tlbi c;
  c.opcode = 0x13;
  c.TG = 3;
  c.NUM = c.SCALE = 31;
  c.address = 0x7f'ffff'fffe'0000;
  for (const std::uint64_t input : {0x7f'ffff'fffd'0000ULL, 0x7f'ffff'fffe'0000ULL, 0x7f'ffff'ffff'0000ULL,
                                    0xff80'0000'0000'0000ULL, 0xffff'ffff'ffff'0000ULL}) {
    put_everywhere(page(input, 16));
  }
  expect(c);
}

TEST_F(Range, TakesOfAnotherLevelThanTtlNothing) {
  for (const std::uint8_t opcode : by_address) {
    for (unsigned TG = 1; TG <= 3; ++TG) {
      for (unsigned TTL = 0; TTL <= 3; ++TTL) {
        for (const bool leaf : {false, true}) {
          for (unsigned NUM = TTL == 0 || (TTL == 1 && TG == 2) ? 1 : 0; NUM < 2; ++NUM) {
            Tlbi c;
            c.opcode = opcode;
            c.TG = TG;
            c.TTL = TTL;
            c.NUM = NUM;
            c.leaf = leaf;
            for (const unsigned granule : {12U, 14U, 16U}) {
              for (int level = 1; level <= 3; ++level) {
                // Each at an address of its own that the region around 0 holds
                put(Cache::tlb, page(0, granule, level, opcode));
                put(Cache::micro_tlb, page(0, granule, level, opcode));
                if (opcode == 0x2a) put(Cache::ipa_cache, page(0, granule, level, opcode));
                put(Cache::walk_cache, table(0, granule, level, opcode));
              }
            }
            expect(c);
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

TEST_F(Range, OfNothingButAGranuleIsIllegal) {
  struct Case {
    unsigned TG;
    unsigned TTL;
    unsigned NUM;
    unsigned SCALE;
    bool legal;
  };
  constexpr Case cases[] = {
      {1, 0, 0, 0, false}, {2, 0, 0, 0, false}, {3, 0, 0, 0, false}, {1, 0, 1, 0, true},   {1, 0, 0, 1, true},
      {1, 1, 0, 0, true},  {1, 3, 0, 0, true},  {2, 1, 0, 0, false}, {2, 1, 1, 0, true},   {2, 2, 0, 0, true},
      {3, 1, 0, 0, true},  {0, 0, 0, 0, true},  {0, 3, 0, 0, true},  {0, 0, 31, 31, true},
  };
  for (const std::uint8_t opcode : by_address) {
    for (const Case& k : cases) {
      Tlbi c;
      c.opcode = opcode;
      c.TG = k.TG;
      c.TTL = k.TTL;
      c.NUM = k.NUM;
      c.SCALE = k.SCALE;
      const char* why = "";
      const auto error =
          check_command(Command::decode({c.word0(), c.word1()}), with_range_invalidation(), why);
      EXPECT_EQ(error == CommandError::CERROR_NONE, k.legal)
          << opcode_name(opcode) << ", TG " << k.TG << ", TTL " << k.TTL << ", NUM " << k.NUM << ", SCALE "
          << k.SCALE;
      Features with_DS = with_range_invalidation();
      with_DS.DS = true;
      const bool of_level_1 = k.TG == 2 && k.TTL == 1;
      EXPECT_EQ(
          check_command(Command::decode({c.word0(), c.word1()}), with_DS, why) == CommandError::CERROR_NONE,
          k.legal || of_level_1);
      Features without = with_range_invalidation();
      without.RIL = false;
      EXPECT_EQ(check_command(Command::decode({c.word0(), c.word1()}), without, why),
                CommandError::CERROR_NONE);
    }
  }
}

TEST_F(Range, HasASixthBitOfScaleWithDsOnly) {
  Features f = with_range_invalidation();
  Tlbi c;
  c.TG = 1;
  c.NUM = 0;
  const auto bytes = [&](unsigned SCALE) {
    c.SCALE = SCALE;
    return range_of(Command::decode({c.word0(), c.word1()}), f)->bytes;
  };
  EXPECT_EQ(bytes(31), std::uint64_t{1} << 43U);
  EXPECT_EQ(bytes(33), std::uint64_t{2} << 12U) << "bit 25 is RES0";
  f.DS = true;
  EXPECT_EQ(bytes(33), std::uint64_t{1} << 45U);
  EXPECT_EQ(bytes(39), std::uint64_t{1} << 51U);
  EXPECT_EQ(bytes(40), std::uint64_t{1} << 51U) << "as 39";
  EXPECT_EQ(bytes(63), std::uint64_t{1} << 51U) << "as 39";
}

TEST_F(Range, FieldsCountForNothingWhereTgIs0) {
  Tlbi c;
  c.NUM = c.SCALE = 31;
  c.TTL = 2;
  put_everywhere(page(0));
  put_everywhere(page(0x1000));
  put_everywhere(page(0x20'0000, 12, 2));
  put_everywhere(page(0x4'0000, 16));
  expect(c);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "CMD_TLBI_NH_VA.reserved");
}

class NoRange : public Range {
 protected:
  NoRange() : Range(Features()) {}
};

TEST_F(NoRange, FieldsAreRes0WithoutIdr3Ril) {
  Tlbi c;
  c.NUM = c.SCALE = 31;
  c.TG = 3;
  c.TTL = 2;
  put_everywhere(page(0));
  put_everywhere(page(0x1000));
  put(Cache::walk_cache, table(0, 12, 3));
  const std::vector<Put> before = all;
  w.command(c.word0(), c.word1());
  EXPECT_TRUE(w.commands_done());
  for (const Put& p : before) EXPECT_EQ(is_there(p), p.key.input != 0);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "CMD_TLBI_NH_VA.reserved");
}

TEST_F(Range, OfAnAddressThatIsNotAlignedToItsEntriesIsDiagnosed) {
  struct Case {
    unsigned TG;
    unsigned TTL;
    unsigned bits;  // below which the address has to be 0
  };
  constexpr Case cases[] = {{1, 0, 12}, {1, 1, 30}, {1, 2, 21}, {1, 3, 12}, {2, 0, 14}, {2, 1, 14},
                            {2, 2, 25}, {2, 3, 14}, {3, 0, 16}, {3, 1, 42}, {3, 2, 29}, {3, 3, 16}};
  Tlbi c;
  c.NUM = 1;
  for (const Case& k : cases) {
    c.TG = k.TG;
    c.TTL = k.TTL;
    const Command command = Command::decode({c.word0(), c.word1()});
    EXPECT_EQ(range_of(command, with_range_invalidation())->alignment(), k.bits)
        << "TG " << k.TG << ", TTL " << k.TTL;
  }
  for (const std::uint8_t opcode : by_address) {
    w.diag.all.clear();
    c = {};
    c.opcode = opcode;
    c.asid = opcode == 0x12 || opcode == 0x22 ? 1 : 0;
    if (opcode == 0x22 || opcode == 0x23) c.vmid = 0;
    c.TG = 1;
    c.TTL = 2;
    c.address = 0x20'0000;
    w.command(c.word0(), c.word1());
    EXPECT_TRUE(w.diag.all.empty()) << w.diag.all[0].site;
    c.address = 0x20'1000;
    w.command(c.word0(), c.word1());
    ASSERT_EQ(w.diag.all.size(), 1U);
    EXPECT_EQ(w.diag.all[0].site, std::string(opcode_name(opcode)) + ".Address");
    EXPECT_TRUE(w.commands_done()) << "UNPREDICTABLE is which range";
  }
}

// A range of 2^52 bytes takes no longer than what the caches hold: page by page it would take for ever.
TEST_F(Range, TakesTheTimeOfWhatIsThereAndNotOfWhatItNames) {
  for (unsigned n = 0; n < 64; ++n) {
    put_everywhere(page(std::uint64_t{n} << 40U, 16));
    put(Cache::walk_cache, table(std::uint64_t{n} << 40U, 16, 3));
    put_everywhere(page(std::uint64_t{n} << 40U | 0x1'0000, 16, 3, 0x2a));
  }
  Tlbi c;
  c.TG = 3;
  c.NUM = c.SCALE = 31;
  for (unsigned n = 0; n < 20'000; ++n) {
    c.opcode = by_address[n % 5];
    c.vmid = 2;  // whose entries there are none of
    if (n % 2 == 0) c.vmid = 1, c.TTL = 2;
    w.command(c.word0(), c.word1());
  }
  EXPECT_TRUE(w.commands_done());
}

}  // namespace
}  // namespace smmuvp::smmuv3
