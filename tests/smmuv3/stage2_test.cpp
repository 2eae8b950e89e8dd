// Translation by stage 2 alone and by both stages: addresses, sizes, attributes, caches, state.
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using smmu::Shareability;

class Stage2 : public ::testing::Test {
 protected:
  Stage2World w;
};

TEST_F(Stage2, TranslatesIpas) {
  pgtable::Builder& b = w.ipa_space();
  ASSERT_TRUE(b.map(0x12'3456'7000, 0x8000'0000, 0x1000));
  w.stage2_stream(1, b);
  const auto a = w.access(1, 0x12'3456'7123);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x8000'0123U);
  EXPECT_FALSE(a.tlb_hit);
  const auto hit = w.access(1, 0x12'3456'7456);
  EXPECT_EQ(hit.output, 0x8000'0456U) << "the offset is that of each access";
  EXPECT_TRUE(hit.tlb_hit);
  EXPECT_EQ(hit.region_shift, 12);
}

TEST_F(Stage2, EveryStartLevelAndInputSizeReachesTheEndsOfItsTables) {
  for (const unsigned OAS : {36U, 44U, 48U}) {
    for (unsigned bits = 64 - 39; bits <= OAS; ++bits) {
      for (int level = 0; level <= 2; ++level) {
        const unsigned below = 12 + 9 * static_cast<unsigned>(3 - level);
        if (bits <= below || bits > below + 13 || (level == 0 && OAS < 44)) continue;
        Features f;
        f.OAS = static_cast<std::uint8_t>(OAS);
        Stage2World v(f);
        pgtable::Config c =
            stage2_config(static_cast<std::int8_t>(64 - bits), static_cast<std::int8_t>(level));
        c.stage2.output_size = f.OAS;
        pgtable::Builder& b = v.builder(c);
        const std::uint64_t last = (1ULL << bits) - 0x1000;
        ASSERT_TRUE(b.map(0, 0x8000'0000, 0x1000));
        ASSERT_TRUE(b.map(last, 0x8000'1000, 0x1000));
        v.put_ste(1, ste_stage2(b.config().stage2).set(176, 3, 5));
        EXPECT_EQ(v.access(1, 0).output, 0x8000'0000U);
        EXPECT_EQ(v.access(1, last).output, 0x8000'1000U) << bits << " bits from level " << level;
        EXPECT_EQ(v.access(1, 1ULL << bits).outcome, Outcome::abort);
        Expected e{0x10, 1};
        e.InputAddr = e.IPA = 1ULL << bits;
        if (bits == OAS) e = {0x11, 1, false, false, true, false, 2, false, 1ULL << bits};
        EXPECT_EQ(v.event(), e.record()) << bits << " bits, OAS " << OAS;
      }
    }
  }
}

TEST_F(Stage2, AnAddressBeyondTheIasIsAnAddressSizeFaultOfStage1ThatDoesNotTranslate) {
  // 7.3.14: CLASS IN and S2 == 0; the IAS is the OAS (3.4). Neither STE.S2R nor a TLB entry has a say.
  pgtable::Builder& b = w.ipa_space();
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.put_ste(1, ste_stage2(b.config().stage2).set(186, 1, 0));
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
  for (const std::uint64_t address : {1ULL << 44 | 0x1000, 1ULL << 63 | 0x1000, ~0ULL << 44}) {
    EXPECT_EQ(w.access(1, address, AccessKind::write).outcome, Outcome::abort);
    Expected e{0x11, 1};
    e.S2 = e.RnW = false;
    e.InputAddr = address;
    EXPECT_EQ(w.event(), e.record());
  }
}

TEST_F(Stage2, BigEndianTablesAreReadAtEachStage) {
  for (const bool big1 : {false, true}) {
    for (const bool big2 : {false, true}) {
      Stage2World v;
      pgtable::Config c2 = stage2_config();
      c2.stage2.big_endian = big2;
      pgtable::Builder& ipas = v.guest(c2);
      ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000));
      pgtable::Config c1 = Stage2World::stage1_config();
      c1.stage1.big_endian = big1;
      pgtable::Builder& vas = v.nested_space(c1);
      ASSERT_TRUE(vas.map(0x1000, 0x7000'0000, 0x1000));
      v.put(World::cd_address(2), cd_for(vas.config(), 1));
      v.put_ste(2, ste_nested(Stage2World::ipa_of(World::cd_address(2)), ipas.config().stage2));
      EXPECT_EQ(v.access(2, 0x1008).output, 0x8000'0008U) << big1 << big2;
    }
  }
}

TEST_F(Stage2, S2affdSparesTheAccessFlagFault) {
  pgtable::Config c = stage2_config();
  c.stage2.AFFD = true;
  pgtable::Builder& b = w.ipa_space(c);
  pgtable::Mapping m;
  m.accessed = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.stage2_stream(1, b);
  EXPECT_EQ(w.access(1, 0x1000).outcome, Outcome::forward);
}

TEST_F(Stage2, TablesAreReadWithTheAttributesOfTheSte) {
  pgtable::Builder& b = w.ipa_space();
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  struct Case {
    unsigned S2IR0, S2OR0, S2SH0;
    std::uint8_t memory;
    Shareability SH;
  };
  for (const Case& c :
       {Case{1, 1, 3, 0xff, Shareability::inner}, Case{0, 0, 0, 0x44, Shareability::outer},
        Case{2, 3, 2, 0xea, Shareability::outer}, Case{3, 1, 1, 0xfe, Shareability::non_shareable}}) {
    w.put_ste(1,
              ste_stage2(b.config().stage2).set(168, 2, c.S2IR0).set(170, 2, c.S2OR0).set(172, 2, c.S2SH0));
    w.command(0x30);
    w.command(0x03 | 1ULL << 32);
    Access a(w.smmu, World::request(1, 0x1000));
    ASSERT_EQ(a.step(), smmu::Step::need);
    a.complete(w.memory.carry_out(a.op()));  // the STE
    ASSERT_EQ(a.step(), smmu::Step::need);
    EXPECT_STREQ(a.op().purpose, "TTD");
    EXPECT_EQ(a.op().attributes.memory, c.memory);
    EXPECT_EQ(a.op().attributes.SH, c.SH);
    EXPECT_EQ(a.op().size, 8);
  }
}

// ---- attributes (13.1.4, 13.1.5)

// Strengths of memory types: Device types by their letters, then Non-cacheable, Write-Through, Write-Back,
// each level by itself. Hints are those of the input: stage 2 has none of its own.
std::uint8_t stronger(std::uint8_t input, unsigned MemAttr) {
  const auto is_device = [](unsigned m) { return m < 0x10; };
  const unsigned type2 = MemAttr < 4 ? MemAttr << 2 : 0xff;
  if (is_device(input) || type2 != 0xff) {
    return static_cast<std::uint8_t>(std::min<unsigned>(is_device(input) ? input : 0xff, type2));
  }
  const auto level = [](unsigned nibble, unsigned s2) {
    const unsigned own = nibble == 4 ? 1 : (nibble & 4) == 0 ? 2 : 3;
    const unsigned result = std::min(own, s2);
    if (result == 1) return 4U;
    return result == own ? nibble : nibble & ~4U;  // a Write-Back one becomes Write-Through
  };
  return static_cast<std::uint8_t>(level(input >> 4U, MemAttr >> 2) << 4U | level(input & 15U, MemAttr & 3));
}

TEST_F(Stage2, ItsAttributesWeakenIncomingOnes) {
  pgtable::Builder& b = w.ipa_space();
  for (unsigned MemAttr = 0; MemAttr < 16; ++MemAttr) {
    if (MemAttr >= 4 && (MemAttr & 3) == 0) continue;  // Reserved
    for (unsigned SH = 0; SH < 4; ++SH) {
      if (SH == 1) continue;
      pgtable::Mapping m;
      m.MemAttr = static_cast<std::uint8_t>(MemAttr);
      m.SH = static_cast<Shareability>(SH);
      ASSERT_TRUE(b.map((MemAttr << 4 | SH) << 12, 0x8000'0000, 0x1000, m));
    }
  }
  w.stage2_stream(1, b);
  for (int warm = 0; warm < 2; ++warm) {
    for (unsigned MemAttr = 0; MemAttr < 16; ++MemAttr) {
      if (MemAttr >= 4 && (MemAttr & 3) == 0) continue;
      for (unsigned SH = 0; SH < 4; ++SH) {
        if (SH == 1) continue;
        for (const unsigned memory : {0x00U, 0x04U, 0x08U, 0x0cU, 0x44U, 0xffU, 0xbbU, 0x4fU, 0xf4U, 0x7aU}) {
          for (const unsigned incoming_SH : {0U, 2U, 3U}) {
            auto q = World::request(1, (MemAttr << 4 | SH) << 12);
            q.attributes = {static_cast<std::uint8_t>(memory), static_cast<Shareability>(incoming_SH)};
            const auto a = w.access(q);
            const std::uint8_t expected = stronger(q.attributes.memory, MemAttr);
            EXPECT_EQ(a.attributes.memory, expected) << std::hex << memory << " with " << MemAttr;
            // Of shareabilities the wider; Device and Non-cacheable memory is Outer Shareable (13.1.7).
            unsigned in = memory < 0x10 || memory == 0x44 ? 2 : incoming_SH;
            unsigned wider = in == 2 || SH == 2 ? 2 : in == 3 || SH == 3 ? 3 : 0;
            if (expected < 0x10 || expected == 0x44) wider = 2;
            EXPECT_EQ(static_cast<unsigned>(a.attributes.SH), wider) << memory << " with " << MemAttr;
          }
        }
      }
    }
  }
}

TEST_F(Stage2, IncomingAttributesAreOverriddenBeforeTheyAreCombined) {
  pgtable::Builder& b = w.ipa_space();
  pgtable::Mapping m;
  m.MemAttr = 0b1010;  // Write-Through
  m.SH = Shareability::non_shareable;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  auto q = World::request(1, 0x1000);
  q.attributes = {0x04, Shareability::outer};  // Device-nGnRE
  // MTCFG, MemAttr Write-Back, SHCFG Inner Shareable, ALLOCCFG Read-Allocate
  w.put_ste(1, ste_stage2(b.config().stage2).set(96, 4, 15).set(100, 1, 1).set(101, 4, 12).set(108, 2, 3));
  EXPECT_EQ(w.access(q).attributes, (pgtable::Attributes{0xaa, Shareability::inner}));
  EXPECT_EQ(w.access(q).attributes, (pgtable::Attributes{0xaa, Shareability::inner})) << "and of a hit";
}

TEST_F(Stage2, AHitTakesTheAttributesOfItsOwnAccess) {
  pgtable::Builder& b = w.ipa_space();
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.stage2_stream(1, b);
  auto q = World::request(1, 0x1000);
  q.attributes = {0x04, Shareability::outer};
  EXPECT_EQ(w.access(q).attributes.memory, 0x04U);
  q.attributes = {0xff, Shareability::non_shareable};
  const auto a = w.access(q);
  EXPECT_TRUE(a.tlb_hit);
  EXPECT_EQ(a.attributes, (pgtable::Attributes{0xff, Shareability::inner}));
}

// Stream 2, nested; stream 1, of the same IPAs.
class Nested : public Stage2 {
 protected:
  static constexpr std::uint64_t va = 0x1000, ipa = 0x7000'0000, pa = 0x8000'0000;
  Nested() : ipas(w.guest()), vas(w.nested_stream(2, ipas)) { w.stage2_stream(1, ipas); }
  pgtable::Builder& ipas;
  pgtable::Builder& vas;
};

TEST_F(Nested, BothStagesTranslate) {
  ASSERT_TRUE(vas.map(va, ipa, 0x1000));
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  const auto a = w.access(2, va + 0x234);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, pa + 0x234);
  EXPECT_TRUE(w.access(2, va + 4).tlb_hit);
  EXPECT_EQ(w.access(2, va + 8).output, pa + 8);
  EXPECT_FALSE(w.access(1, ipa).tlb_hit) << "an entry of a VA is none of an IPA";
  EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
}

TEST_F(Nested, BothRangesTranslate) {
  ASSERT_TRUE(vas.map(0xffff'ffff'ffff'f000, ipa, 0x1000));
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  EXPECT_EQ(w.access(2, 0xffff'ffff'ffff'f008).output, pa + 8);
}

TEST_F(Nested, AnEntryCoversTheSmallerOfBothBlocks) {
  struct Case {
    std::uint64_t size1, size2;
    unsigned shift;
  };
  for (const Case& c :
       {Case{0x4000'0000, 0x1000, 12}, Case{0x1000, 0x4000'0000, 12}, Case{0x20'0000, 0x4000'0000, 21},
        Case{0x4000'0000, 0x20'0000, 21}, Case{0x4000'0000, 0x4000'0000, 30}, Case{0x20'0000, 0x1000, 12}}) {
    Stage2World v;
    pgtable::Builder& s2 = v.guest();
    pgtable::Builder& s1 = v.nested_stream(2, s2);
    constexpr std::uint64_t at = 0x1'0000'0000, middle = 0x2'0000'0000, end = 0x3'0000'0000;
    constexpr std::uint64_t within = 0x20'1000;
    const auto part = [&](std::uint64_t size) { return within & ~(size - 1); };
    ASSERT_TRUE(s1.map(at + part(c.size1), middle + part(c.size1), c.size1));
    ASSERT_TRUE(s2.map(middle + part(c.size2), end + part(c.size2), c.size2));
    const auto a = v.access(2, at + within + 0x123);
    EXPECT_EQ(a.output, end + within + 0x123);
    EXPECT_EQ(a.region_shift, c.shift);
    // What lies within is hit, with its own address; what lies beyond is not.
    const std::uint64_t size = 1ULL << c.shift;
    const std::uint64_t first = at + (within & ~(size - 1));
    for (const std::uint64_t address : {first, first + size - 1}) {
      const auto hit = v.access(2, address);
      EXPECT_TRUE(hit.tlb_hit);
      EXPECT_EQ(hit.output, end - at + address);
    }
    EXPECT_FALSE(v.access(2, first + size).tlb_hit);
    EXPECT_FALSE(v.access(2, first - 1).tlb_hit);
  }
}

TEST_F(Nested, AttributesOfStage1ReplaceIncomingOnesAndCombineWithThoseOfStage2) {
  const std::uint8_t mair[8] = {0xff, 0x44, 0x04, 0xbb, 0x0c, 0x00, 0xf4, 0x7a};
  std::uint64_t MAIR = 0;
  for (unsigned i = 0; i < 8; ++i) MAIR |= std::uint64_t{mair[i]} << (8 * i);
  w.put(World::cd_address(2), cd_for(vas.config(), 1).set(192, 64, MAIR));
  const std::uint8_t types[] = {0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15};
  for (unsigned i = 0; i < 8; ++i) {
    for (const std::uint8_t MemAttr : types) {
      const std::uint64_t page = (i << 4U | MemAttr) << 12U;
      pgtable::Mapping one, two;
      one.AttrIndx = static_cast<std::uint8_t>(i);
      one.SH = Shareability::non_shareable;
      two.MemAttr = MemAttr;
      two.SH = Shareability::inner;
      ASSERT_TRUE(vas.map(page, ipa + page, 0x1000, one));
      ASSERT_TRUE(ipas.map(ipa + page, pa + page, 0x1000, two));
      for (int hit = 0; hit < 2; ++hit) {
        auto q = World::request(2, page);
        q.attributes = {0x00, Shareability::outer};
        const auto a = w.access(q);
        const std::uint8_t expected = stronger(mair[i], MemAttr);
        EXPECT_EQ(a.tlb_hit, hit == 1);
        EXPECT_EQ(a.attributes.memory, expected) << i << " with " << int{MemAttr};
        const bool outer = expected < 0x10 || expected == 0x44;
        EXPECT_EQ(a.attributes.SH, outer ? Shareability::outer : Shareability::inner);
      }
    }
  }
}

TEST_F(Nested, CdsAndTablesAreReadWithTheAttributesOfBothStages) {
  // S1CIR, S1COR, S1CSH: Write-Back, Inner Shareable. Stage 2: Write-Through; Device with S2PTW == 0.
  ASSERT_TRUE(vas.map(va, ipa, 0x1000));
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  w.put_ste(2, ste_nested(Stage2World::ipa_of(World::cd_address(2)), ipas.config().stage2)
                   .set(66, 2, 1)
                   .set(68, 2, 1)
                   .set(70, 2, 3));
  struct Case {
    std::uint64_t MemAttr;
    std::uint8_t memory;
    Shareability SH;
  };
  const std::uint64_t root = vas.config().stage1.tables[0].base;
  for (const Case& c : {Case{15, 0xff, Shareability::inner}, Case{10, 0xbb, Shareability::inner},
                        Case{5, 0x44, Shareability::outer}, Case{1, 0x04, Shareability::outer}}) {
    for (const std::uint64_t at : {Stage2World::ipa_of(World::cd_address(2)), root}) {
      w.change(w.descriptor(ipas, at), c.MemAttr << 2, 15 << 2 & ~(c.MemAttr << 2));
    }
    w.command(0x30);
    w.command(0x04, 31);
    Access a(w.smmu, World::request(2, va));
    unsigned seen = 0;
    while (a.step() == smmu::Step::need) {
      const bool cd = a.op().address == World::cd_address(2);
      if (cd || a.op().address == root - Stage2World::offset) {
        EXPECT_STREQ(a.op().purpose, cd ? "CD" : "TTD");
        EXPECT_EQ(a.op().attributes.memory, c.memory);
        EXPECT_EQ(a.op().attributes.SH, c.SH);
        ++seen;
      }
      a.complete(w.memory.carry_out(a.op()));
    }
    EXPECT_EQ(a.answer().outcome, Outcome::forward);
    EXPECT_EQ(seen, 2U);
  }
}

// ---- hits that cannot serve

TEST_F(Nested, AHitThatLacksARightOfEitherStageIsWalkedAgainAndTheWalkersFaultIsReported) {
  pgtable::Mapping read_only;
  read_only.writable = false;
  ASSERT_TRUE(vas.map(0x1000, ipa, 0x1000));
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000, read_only));
  ASSERT_TRUE(vas.map(0x2000, ipa + 0x1000, 0x1000, read_only));
  ASSERT_TRUE(ipas.map(ipa + 0x1000, pa + 0x1000, 0x1000));
  for (const std::uint64_t page : {0x1000U, 0x2000U}) {
    EXPECT_EQ(w.access(2, page).outcome, Outcome::forward);
    const auto rewalks = w.smmu.engine_statistics().tlb_rewalks;
    EXPECT_EQ(w.access(2, page, AccessKind::write).outcome, Outcome::abort);
    EXPECT_EQ(w.smmu.engine_statistics().tlb_rewalks, rewalks + 1);
    Expected e{0x13, 2};
    e.RnW = false;
    e.S2 = page == 0x1000;
    e.InputAddr = page;
    e.IPA = e.S2 ? ipa : 0;
    EXPECT_EQ(w.event(), e.record());
    EXPECT_TRUE(w.access(2, page).tlb_hit) << "what may be read still may";
  }
  // The tables have changed without an invalidation: what the walker finds holds.
  ASSERT_TRUE(ipas.unmap(ipa, 0x1000));
  EXPECT_EQ(w.access(2, 0x1000, AccessKind::write).outcome, Outcome::abort);
  EXPECT_EQ(bits(w.event(), 7, 0), 0x10U);
}

TEST_F(Nested, AnIpaThatIsKnownButLacksTheRightIsWalkedAgain) {
  // The IPA cache knows the page for reading from stream 1's access.
  ASSERT_TRUE(vas.map(va, ipa, 0x1000));
  pgtable::Mapping read_only;
  read_only.writable = false;
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000, read_only));
  EXPECT_EQ(w.access(1, ipa).outcome, Outcome::forward);
  w.change(w.descriptor(ipas, ipa), 1 << 7, 0);  // S2AP: written, too
  EXPECT_EQ(w.access(2, va, AccessKind::write).outcome, Outcome::forward);
}

// ---- no trace, and all of the state

TEST_F(Nested, DebugAccessesGoThroughBothStagesAndLeaveNoTrace) {
  ASSERT_TRUE(vas.map(va, ipa, 0x1000));
  pgtable::Mapping none;
  none.readable = none.writable = false;
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000, none));
  ASSERT_TRUE(vas.map(0x2000, ipa + 0x1000, 0x1000));  // faults at stage 2
  const auto state = [this] {
    ArchiveWriter a;
    w.smmu.visit(a);
    return a.data();
  };
  for (int warm = 0; warm < 2; ++warm) {
    const auto before = state();
    for (const auto& [stream, address, outcome] :
         {std::tuple{2U, va + 0x10, Outcome::forward}, std::tuple{2U, va + 0x1000, Outcome::abort},
          std::tuple{2U, va + 0x2000, Outcome::abort}, std::tuple{1U, ipa + 0x10, Outcome::forward},
          std::tuple{1U, ipa + 0x1000, Outcome::abort}}) {
      auto q = World::request(stream, address, AccessKind::translate);
      q.debug = true;
      const auto a = w.access(q);
      EXPECT_EQ(a.outcome, outcome) << stream << " " << address;
      if (outcome == Outcome::forward) {
        EXPECT_EQ(a.output, pa + 0x10) << "no right is needed";
      }
    }
    EXPECT_EQ(state(), before);
    EXPECT_FALSE(w.pop_event().has_value());
    EXPECT_TRUE(w.diag.all.empty());
    // Warm: every cache knows something of the addresses.
    w.change(w.descriptor(ipas, ipa), 3 << 6, 0);
    w.access(2, va);
    w.access(1, ipa);
  }
}

TEST_F(Nested, EntriesOfBothStagesAreSavedAndRestored) {
  ASSERT_TRUE(vas.map(va, ipa, 0x2000));
  ASSERT_TRUE(ipas.map(ipa, pa, 0x2000));
  w.access(2, va);
  w.access(1, ipa);
  ArchiveWriter saved;
  w.smmu.visit(saved);
  ASSERT_TRUE(saved.ok()) << saved.error();
  World v;
  v.memory = w.memory;
  ArchiveReader reader(saved.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  ArchiveWriter again;
  v.smmu.visit(again);
  EXPECT_EQ(again.data(), saved.data());
  // The same answers as before, from TLB and configuration caches, and for the page beside from tables.
  for (const std::uint64_t page : {0U, 0x1000U}) {
    for (const std::uint32_t stream : {2U, 1U}) {
      const auto a = v.access(stream, (stream == 2 ? va : ipa) + page);
      const auto b = w.access(stream, (stream == 2 ? va : ipa) + page);
      EXPECT_EQ(a.outcome, Outcome::forward);
      EXPECT_EQ(a.output, pa + page);
      EXPECT_EQ(a.tlb_hit, b.tlb_hit);
      EXPECT_EQ(a.attributes, b.attributes);
    }
  }
  EXPECT_EQ(v.smmu.statistics().config_misses, w.smmu.statistics().config_misses);
  EXPECT_EQ(v.smmu.engine_statistics().walk_reads, w.smmu.engine_statistics().walk_reads);
  EXPECT_EQ(v.smmu.engine_statistics().ipa_hits, w.smmu.engine_statistics().ipa_hits);
}

TEST_F(Nested, ResetForgetsWhatBothStagesHadCached) {
  ASSERT_TRUE(vas.map(va, ipa, 0x1000));
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  w.access(2, va);
  w.access(1, ipa);
  w.smmu.reset();
  w.start();
  ASSERT_TRUE(ipas.unmap(ipa, 0x1000));
  EXPECT_EQ(w.access(2, va).outcome, Outcome::abort);
  EXPECT_EQ(w.access(1, ipa).outcome, Outcome::abort);
}

}  // namespace
}  // namespace smmuvp::smmuv3
