// Granules of 16 and 64 KiB at both stages (IHI 0070 5.2, 5.4, 6.3.6).
#include <vector>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Granule;
using smmu::Outcome;

constexpr Granule granules[] = {Granule::size_4k, Granule::size_16k, Granule::size_64k};
constexpr unsigned shift_of(Granule g) { return static_cast<unsigned>(g); }
constexpr unsigned stride_of(Granule g) { return shift_of(g) - 3; }
/// What one block at level 2 covers: 2 MiB, 32 MiB, 512 MiB.
constexpr unsigned block_shift_of(Granule g) { return shift_of(g) + stride_of(g); }
constexpr std::uint64_t bytes(unsigned shift) { return 1ULL << shift; }

Features all_granules() {
  Features f;
  f.GRAN16K = f.GRAN64K = true;
  return f;
}

/// TTB0's tables of granule `low`, TTB1's of granule `high`.
pgtable::Config stage1(Granule low, Granule high, unsigned TxSZ = 25) {
  pgtable::Config c = Stage2World::stage1_config();
  c.stage1.tables[0].granule = low;
  c.stage1.tables[1].granule = high;
  for (auto& t : c.stage1.tables) t.TxSZ = static_cast<std::uint8_t>(TxSZ);
  return c;
}
pgtable::Config stage2(Granule granule, unsigned T0SZ, int level) {
  pgtable::Config c = stage2_config(static_cast<std::int8_t>(T0SZ), static_cast<std::int8_t>(level));
  c.stage2.granule = granule;
  return c;
}
/// Inputs of 40 bits, from level 2 with 16 KiB (two tables) and from level 2 with 64 KiB (one).
pgtable::Config stage2(Granule granule) { return stage2(granule, 24, granule == Granule::size_4k ? 1 : 2); }

class Granules : public ::testing::Test {
 protected:
  Granules() : w(all_granules()) {}
  void put_cd(std::uint32_t sid, const pgtable::Builder& b, std::uint16_t asid = 1) {
    w.put(World::cd_address(sid), cd_for(b.config(), asid));
    w.put_ste(sid, ste_stage1(World::cd_address(sid)));
  }
  Stage2World w;
};

TEST_F(Granules, EachRangeIsWalkedByItsOwn) {
  for (const Granule low : granules) {
    for (const Granule high : granules) {
      Stage2World v(all_granules());
      pgtable::Builder& b = v.builder(stage1(low, high));
      const std::uint64_t top = ~0ULL << shift_of(high);
      ASSERT_TRUE(b.map(bytes(shift_of(low)), 0x8000'0000, bytes(shift_of(low))));
      ASSERT_TRUE(b.map(top, 0x9000'0000, bytes(shift_of(high))));
      v.put(World::cd_address(1), cd_for(b.config(), 1));
      v.put_ste(1, ste_stage1(World::cd_address(1)));
      const auto a = v.access(1, bytes(shift_of(low)) + 0xabc);
      EXPECT_EQ(a.output, 0x8000'0abcU) << shift_of(low);
      EXPECT_EQ(a.region_shift, shift_of(low));
      EXPECT_EQ(v.access(1, ~0ULL).output, 0x9000'0000U + bytes(shift_of(high)) - 1) << shift_of(high);
      EXPECT_TRUE(v.access(1, top).tlb_hit) << "one entry of the whole page";
    }
  }
}

TEST_F(Granules, EveryTxSZReachesTheEndsOfBothRanges) {
  for (const Granule g : granules) {
    for (unsigned TxSZ = 16; TxSZ <= 39; ++TxSZ) {
      Stage2World v(all_granules());
      pgtable::Builder& b = v.builder(stage1(g, g, TxSZ));
      const std::uint64_t page = bytes(shift_of(g));
      const std::uint64_t end = bytes(64 - TxSZ);
      ASSERT_TRUE(b.map(0, 0x8000'0000, page));
      ASSERT_TRUE(b.map(end - page, 0x8100'0000, page));
      ASSERT_TRUE(b.map(~0ULL << (64 - TxSZ), 0x8200'0000, page));
      v.put(World::cd_address(1), cd_for(b.config(), 1));
      v.put_ste(1, ste_stage1(World::cd_address(1)));
      EXPECT_EQ(v.access(1, 0).output, 0x8000'0000U);
      EXPECT_EQ(v.access(1, end - 1).output, 0x8100'0000U + page - 1) << shift_of(g) << " TxSZ " << TxSZ;
      EXPECT_EQ(v.access(1, ~0ULL << (64 - TxSZ)).output, 0x8200'0000U);
      EXPECT_EQ(v.access(1, end).outcome, Outcome::abort);
      Expected e{0x10, 1};
      e.S2 = false;
      e.InputAddr = end;
      EXPECT_EQ(v.event(), e.record());
    }
  }
}

TEST_F(Granules, EveryStage2StartLevelAndInputSizeReachesTheEndsOfItsTables) {
  for (const Granule g : granules) {
    for (unsigned bits = 64 - 39; bits <= 48; ++bits) {
      for (int level = 0; level <= 3; ++level) {
        const unsigned below = shift_of(g) + stride_of(g) * static_cast<unsigned>(3 - level);
        if (bits <= below || bits > below + stride_of(g) + 4) continue;
        if (g == Granule::size_4k ? level == 3 : level == 0) continue;
        Features f = all_granules();
        f.OAS = 48;
        Stage2World v(f);
        pgtable::Config c = stage2(g, 64 - bits, level);
        c.stage2.output_size = 48;
        pgtable::Builder& b = v.builder(c);
        const std::uint64_t page = bytes(shift_of(g));
        ASSERT_TRUE(b.map(0, 0x8000'0000, page));
        ASSERT_TRUE(b.map(bytes(bits) - page, 0x8100'0000, page));
        v.put_ste(1, ste_stage2(b.config().stage2).set(176, 3, 5));
        EXPECT_EQ(v.access(1, 0x123).output, 0x8000'0123U);
        EXPECT_EQ(v.access(1, bytes(bits) - 1).output, 0x8100'0000U + page - 1)
            << shift_of(g) << ": " << bits << " bits from level " << level;
      }
    }
  }
}

TEST_F(Granules, BlocksAreOneEntryOfTheirSize) {
  for (const Granule g : granules) {
    Stage2World v(all_granules());
    const std::uint64_t block = bytes(block_shift_of(g));
    pgtable::Builder& b = v.builder(stage1(g, g));
    ASSERT_TRUE(b.map(block, 4 * block, block));
    v.put(World::cd_address(1), cd_for(b.config(), 1));
    v.put_ste(1, ste_stage1(World::cd_address(1)));
    pgtable::Builder& ipas = v.ipa_space(stage2(g));
    ASSERT_TRUE(ipas.map(block, 4 * block, block));
    v.stage2_stream(2, ipas);
    for (const std::uint32_t sid : {1U, 2U}) {
      const auto a = v.access(sid, block + 0x1234);
      EXPECT_EQ(a.output, 4 * block + 0x1234);
      EXPECT_EQ(a.region_shift, block_shift_of(g));
      const auto last = v.access(sid, 2 * block - 1);
      EXPECT_TRUE(last.tlb_hit);
      EXPECT_EQ(last.output, 5 * block - 1);
      EXPECT_EQ(v.access(sid, 2 * block).outcome, Outcome::abort);
    }
  }
}

TEST_F(Granules, OfBothStagesMayDiffer) {
  for (const Granule first : granules) {
    for (const Granule second : granules) {
      Stage2World v(all_granules());
      pgtable::Builder& ipas = v.ipa_space(stage2(second));
      const std::uint64_t page = bytes(16);  // a multiple of each granule
      ASSERT_TRUE(ipas.map(Stage2World::ipa_of(World::cds), World::cds, page));
      ASSERT_TRUE(ipas.map(Stage2World::ipa_of(World::tables), World::tables, 0x20'0000));
      ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, page));
      pgtable::Builder& b = v.nested_space(stage1(first, first));
      ASSERT_TRUE(b.map(page, 0x7000'0000, page));
      v.put(World::cd_address(1), cd_for(b.config(), 1));
      v.put_ste(1, ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2));
      const auto a = v.access(1, page + 0xfff);
      EXPECT_EQ(a.output, 0x8000'0fffU) << shift_of(first) << " over " << shift_of(second);
      EXPECT_EQ(a.region_shift, std::min(shift_of(first), shift_of(second)));
      EXPECT_EQ(v.access(1, page + 0x8123).output, 0x8000'8123U);
    }
  }
}

TEST_F(Granules, BitsOfABaseBelowTheSizeOfItsTableAreIgnored) {
  // 39 bits of input: a first table of 8 entries with 16 KiB (level 1), of 1024 with 64 KiB (level 2).
  for (const auto& [g, size] : {std::pair{Granule::size_16k, 64U}, std::pair{Granule::size_64k, 0x2000U}}) {
    Stage2World v(all_granules());
    pgtable::Builder& b = v.builder(stage1(g, g));
    const std::uint64_t page = bytes(shift_of(g));
    ASSERT_TRUE(b.map(page, 0x8000'0000, page));
    ASSERT_TRUE(b.map(~0ULL << shift_of(g), 0x9000'0000, page));
    Structure cd = cd_for(b.config(), 1);
    cd.words[1] |= size - 16;
    cd.words[2] |= size - 16;
    v.put(World::cd_address(1), cd);
    v.put_ste(1, ste_stage1(World::cd_address(1)));
    EXPECT_EQ(v.access(1, page).output, 0x8000'0000U);
    EXPECT_EQ(v.access(1, ~0ULL).output, 0x9000'0000U + page - 1);
  }
  pgtable::Builder& ipas = w.ipa_space(stage2(Granule::size_16k));  // two concatenated tables of 16 KiB
  ASSERT_TRUE(ipas.map(0xff'0000'0000, 0x8000'0000, 0x4000));
  Structure ste = ste_stage2(ipas.config().stage2);
  ste.words[3] |= 0x7ff0;
  w.put_ste(2, ste);
  EXPECT_EQ(w.access(2, 0xff'0000'0000).output, 0x8000'0000U);
}

TEST_F(Granules, ThatIdr5DoesNotHaveAreIllegal) {
  for (unsigned has = 1; has < 8; ++has) {
    Features f;
    f.GRAN4K = (has & 1U) != 0;
    f.GRAN16K = (has & 2U) != 0;
    f.GRAN64K = (has & 4U) != 0;
    World v;
    const Structure cd = cd_for(v.space().config(), 1).set(0, 6, 25).set(16, 6, 25);
    const auto legal = [&](unsigned TG0, unsigned TG1, unsigned EPD0, unsigned EPD1) {
      Structure c = cd;
      c.set(6, 2, TG0).set(22, 2, TG1).set(14, 1, EPD0).set(30, 1, EPD1);
      return Cd::decode(c.words, f).valid;
    };
    const bool by_TG0[4] = {f.GRAN4K, f.GRAN64K, f.GRAN16K, false};
    const bool by_TG1[4] = {false, f.GRAN16K, f.GRAN4K, f.GRAN64K};
    for (unsigned TG = 0; TG < 4; ++TG) {
      EXPECT_EQ(legal(TG, 0, 0, 1), by_TG0[TG]) << "TG0 " << TG << " of " << has;
      EXPECT_EQ(legal(3, TG, 1, 0), by_TG1[TG]) << "TG1 " << TG << " of " << has;
      EXPECT_TRUE(legal(TG, TG, 1, 1)) << "IGNORED with EPDx";
      const Granule g = TG == 1 ? Granule::size_64k : TG == 2 ? Granule::size_16k : Granule::size_4k;
      Structure ste = ste_stage2(stage2(g).stage2).set(174, 2, TG);
      EXPECT_EQ(Ste::decode(ste.words, f).valid, by_TG0[TG]) << "S2TG " << TG << " of " << has;
    }
  }
  Features none;
  none.GRAN4K = false;
  EXPECT_STREQ(none.problem(), "GRAN4K, GRAN16K or GRAN64K has to be 1");
}

TEST_F(Granules, OfTheOtherEncodingAreCBadCdAndCBadSteWhereTheyAreNotThere) {
  Features f;
  f.GRAN4K = false;
  f.GRAN64K = true;
  Stage2World v(f);
  v.put(World::cd_address(1), cd_for(v.space().config(), 1));
  v.put_ste(1, ste_stage1(World::cd_address(1)));
  v.put_ste(2, ste_stage2(stage2_config().stage2));
  EXPECT_EQ(v.access(1, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(v.event(), (Record{0x0a | 1ULL << 32, 0, 0, 0}));
  EXPECT_EQ(v.access(2, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(v.event(), (Record{0x04 | 2ULL << 32, 0, 0, 0}));
  pgtable::Builder& b = v.builder(stage1(Granule::size_64k, Granule::size_64k));
  ASSERT_TRUE(b.map(0x1'0000, 0x8000'0000, 0x1'0000));
  v.put(World::cd_address(3), cd_for(b.config(), 1));
  v.put_ste(3, ste_stage1(World::cd_address(3)));
  EXPECT_EQ(v.access(3, 0x1'2345).output, 0x8000'2345U);
}

TEST_F(Granules, EachStage2StartLevelGoesWithItsInputSizesOnly) {
  // DDI 0487 D8.2: level 3 resolves up to 11 or 13 bits and 4 more by concatenation, and so on; 3 is
  // Reserved, and so is level 1 where physical addresses have less than 42 bits (16 KiB) or 44 (64 KiB).
  for (const unsigned OAS : {32U, 36U, 40U, 42U, 44U, 48U}) {
    Features f = all_granules();
    f.OAS = static_cast<std::uint8_t>(OAS);
    for (const Granule g : {Granule::size_16k, Granule::size_64k}) {
      for (unsigned T0SZ = 0; T0SZ < 64; ++T0SZ) {
        for (unsigned SL0 = 0; SL0 < 4; ++SL0) {
          const unsigned bits = 64 - T0SZ;
          const unsigned below = shift_of(g) + SL0 * stride_of(g);
          bool legal = T0SZ >= std::max(16U, 64 - OAS) && T0SZ <= 39;
          legal = legal && bits > below && bits <= below + stride_of(g) + 4 && SL0 < 3;
          if (SL0 == 2) legal = legal && OAS >= (g == Granule::size_16k ? 42 : 44);
          Structure s = ste_stage2(stage2(g).stage2).set(160, 6, T0SZ).set(166, 2, SL0).set(176, 3, 0);
          EXPECT_EQ(Ste::decode(s.words, f).valid, legal)
              << shift_of(g) << " OAS " << OAS << " T0SZ " << T0SZ << " SL0 " << SL0;
        }
      }
    }
  }
}

// ---- scopes of invalidations (4.4)

TEST_F(Granules, AnyAddressOfAPageOrBlockInvalidatesItAndNoneBeside) {
  for (const Granule g : granules) {
    for (const unsigned shift : {shift_of(g), block_shift_of(g)}) {
      Stage2World v(all_granules());
      const std::uint64_t size = bytes(shift);
      pgtable::Builder& b = v.builder(stage1(g, g));
      ASSERT_TRUE(b.map(size, 4 * size, size));
      ASSERT_TRUE(b.map(3 * size, 6 * size, size));
      v.put(World::cd_address(1), cd_for(b.config(), 1));
      v.put_ste(1, ste_stage1(World::cd_address(1)));
      pgtable::Builder& ipas = v.ipa_space(stage2(g));
      ASSERT_TRUE(ipas.map(size, 4 * size, size));
      ASSERT_TRUE(ipas.map(3 * size, 6 * size, size));
      v.stage2_stream(2, ipas);
      for (const std::uint32_t sid : {1U, 2U}) {
        const auto command = [&](std::uint64_t address) {
          const std::uint64_t names = sid == 1 ? 0x12 | 1ULL << 48 : 0x2a | 7ULL << 32;
          v.command(names, address | 1);  // CMD_TLBI_NH_VA, CMD_TLBI_S2_IPA; Leaf
        };
        for (const std::uint64_t inside : {size, size + size / 2, 2 * size - 0x1000}) {
          v.access(sid, size);
          v.access(sid, 3 * size);
          command(inside);
          EXPECT_FALSE(v.access(sid, size).tlb_hit) << shift << " of " << sid;
          EXPECT_TRUE(v.access(sid, 3 * size).tlb_hit);
        }
        for (const std::uint64_t beside : {size - 0x1000, 2 * size}) {
          command(beside);
          EXPECT_TRUE(v.access(sid, size).tlb_hit) << shift << " of " << sid;
        }
      }
    }
  }
}

TEST_F(Granules, AnyAddressOfABlockInvalidatesItsPartsOfBothStages) {
  // 32 MiB at stage 1 over pages of 16 KiB at stage 2.
  Stage2World v(all_granules());
  pgtable::Builder& ipas = v.ipa_space(stage2(Granule::size_16k));
  ASSERT_TRUE(ipas.map(Stage2World::ipa_of(World::cds), World::cds, 0x4000));
  ASSERT_TRUE(ipas.map(Stage2World::ipa_of(World::tables), World::tables, 0x20'0000));
  for (const std::uint64_t offset : {0ULL, 0x100'0000ULL}) {
    ASSERT_TRUE(ipas.map(0x7000'0000 + offset, 0x8000'0000 + offset, 0x4000));
  }
  pgtable::Builder& b = v.nested_space(stage1(Granule::size_16k, Granule::size_16k));
  ASSERT_TRUE(b.map(0x200'0000, 0x7000'0000, 0x200'0000));
  v.put(World::cd_address(1), cd_for(b.config(), 1));
  v.put_ste(1, ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2));
  for (const std::uint64_t offset : {0ULL, 0x100'0000ULL}) {
    EXPECT_EQ(v.access(1, 0x200'0000 + offset).region_shift, 14);
    EXPECT_TRUE(v.access(1, 0x200'0000 + offset).tlb_hit);
  }
  v.command(0x12 | 1ULL << 48 | 7ULL << 32, 0x3ff'f000);
  for (const std::uint64_t offset : {0ULL, 0x100'0000ULL}) {
    EXPECT_FALSE(v.access(1, 0x200'0000 + offset).tlb_hit);
  }
}

TEST_F(Granules, ContiguousLeavesAreEntriesOfTheirOwn) {
  for (const Granule g : granules) {
    Stage2World v(all_granules());
    const std::uint64_t page = bytes(shift_of(g));
    pgtable::Builder& b = v.builder(stage1(g, g));
    pgtable::Mapping m;
    m.contiguous = true;
    ASSERT_TRUE(b.map(256 * page, 512 * page, 256 * page, m));
    v.put(World::cd_address(1), cd_for(b.config(), 1));
    v.put_ste(1, ste_stage1(World::cd_address(1)));
    for (const std::uint64_t i : {0U, 1U}) {
      const auto a = v.access(1, (256 + i) * page);
      EXPECT_EQ(a.output, (512 + i) * page);
      EXPECT_EQ(a.region_shift, shift_of(g));
    }
    v.command(0x12 | 1ULL << 48, 256 * page | 1);
    EXPECT_FALSE(v.access(1, 256 * page).tlb_hit);
    EXPECT_TRUE(v.access(1, 257 * page).tlb_hit);
  }
}

TEST_F(Granules, AreInTheIdRegisters) {
  Features f = all_granules();
  EXPECT_EQ(id_registers(f).IDR5 >> 4 & 7, 7U);
  f.GRAN4K = false;
  EXPECT_EQ(id_registers(f).IDR5 >> 4 & 7, 6U);
  f.GRAN16K = false;
  EXPECT_EQ(id_registers(f).IDR5 >> 4 & 7, 4U);
  EXPECT_EQ(f.problem(), nullptr);
}

}  // namespace
}  // namespace smmuvp::smmuv3
