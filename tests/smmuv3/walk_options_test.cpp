// What configurations and ID registers say of rights, attributes and changes of size (IHI
// 0070 3.21.1, 5.2, 5.4, 6.3.4: FWB, PTWNNC, E0PD, EPAN, BBML, HAD).
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using smmu::Shareability;
using smmu::Step;

constexpr std::uint64_t nT = 1 << 16;

smmu::AccessRequest by(std::uint32_t sid, std::uint64_t address, bool privileged,
                       AccessKind kind = AccessKind::read, bool instruction = false) {
  auto q = World::request(sid, address, kind);
  q.privileged = privileged;
  q.instruction = instruction;
  return q;
}

// ---- S2FWB (5.2)

class ForcedWriteBack : public ::testing::Test {
 protected:
  static Features features() {
    Features f;
    f.FWB = true;
    return f;
  }
  ForcedWriteBack() : w(features()) {}
  pgtable::Config fwb() const {
    pgtable::Config c = stage2_config();
    c.stage2.FWB = true;
    return c;
  }
  Stage2World w;
};

// DDI 0487 D8.6: 0b0xxx is Device, 0b101 Non-cacheable, 0b110 Write-Back, 0b111 what stage 1 says.
TEST_F(ForcedWriteBack, Stage2DecidesTheTypeOfIncomingAndOfStage1s) {
  struct Case {
    std::uint8_t MemAttr, incoming, expected;
  };
  constexpr Case cases[] = {{0b0001, 0xff, 0x04}, {0b0101, 0xff, 0x44}, {0b0110, 0x44, 0xff},
                            {0b0110, 0x04, 0xff}, {0b0111, 0x44, 0x44}, {0b0111, 0xbb, 0xbb},
                            {0b0111, 0x04, 0x04}};
  pgtable::Builder& ipas = w.guest(fwb());
  pgtable::Config one = Stage2World::stage1_config();
  one.stage1.MAIR = 0xbb0444ff;
  pgtable::Builder& vas = w.nested_space(one);
  std::uint64_t page = 0x7000'0000;
  for (const Case& c : cases) {
    pgtable::Mapping two, stage1;
    two.MemAttr = c.MemAttr;
    stage1.AttrIndx = c.incoming == 0xff ? 0 : c.incoming == 0x44 ? 1 : c.incoming == 0x04 ? 2 : 3;
    ASSERT_TRUE(ipas.map(page, 0x8000'0000, 0x1000, two));
    ASSERT_TRUE(vas.map(page, page, 0x1000, stage1));
    page += 0x1000;
  }
  w.stage2_stream(1, ipas);
  w.put(World::cd_address(2), cd_for(vas.config(), 1));
  w.put_ste(2, ste_nested(Stage2World::ipa_of(World::cd_address(2)), ipas.config().stage2));
  for (int warm = 0; warm < 2; ++warm) {
    page = 0x7000'0000;
    for (const Case& c : cases) {
      auto q = World::request(1, page);
      q.attributes.memory = c.incoming;
      EXPECT_EQ(w.access(q).attributes.memory, c.expected) << std::hex << page;
      EXPECT_EQ(w.access(2, page).attributes.memory, c.expected) << std::hex << page;
      page += 0x1000;
    }
  }
}

TEST_F(ForcedWriteBack, IsRes0WithoutIdr3Fwb) {
  const pgtable::Config c = fwb();
  const Structure s = ste_stage2(c.stage2);
  EXPECT_TRUE(Ste::decode(s.words, features()).stage2.FWB);
  EXPECT_TRUE(Ste::decode(s.words, Features{}).valid);
  EXPECT_FALSE(Ste::decode(s.words, Features{}).stage2.FWB);
  EXPECT_EQ(id_registers(features()).IDR3 >> 8 & 1, 1U);
}

// ---- S2PTW and PTWNNC (5.2)

TEST(ProtectedWalk, DeviceTablesAreReadAsNonCacheableWithPtwnncUnlessS2ptwRefusesThem) {
  for (const bool PTWNNC : {false, true}) {
    for (const bool PTW : {false, true}) {
      Features f;
      f.PTWNNC = PTWNNC;
      Stage2World w(f);
      pgtable::Config c = stage2_config();
      c.stage2.PTW = PTW;
      pgtable::Builder& ipas = w.ipa_space(c);
      pgtable::Mapping device;
      device.MemAttr = 1;  // Device-nGnRE
      ASSERT_TRUE(ipas.map(Stage2World::ipa_of(World::cds), World::cds, 0x1000, device));
      ASSERT_TRUE(ipas.map(Stage2World::ipa_of(World::tables), World::tables, 0x10'0000, device));
      ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000, device));
      ASSERT_TRUE(w.nested_stream(1, ipas).map(0x1000, 0x7000'0000, 0x1000));
      const smmu::Attributes expected =
          PTWNNC ? smmu::Attributes{0x44, Shareability::outer} : smmu::Attributes{0x04, Shareability::outer};
      Access a(w.smmu, World::request(1, 0x1000));
      unsigned cds = 0, tables = 0;
      while (a.step() == Step::need) {
        const std::uint64_t at = a.op().address;
        if (at == World::cd_address(1)) ++cds;
        if (at >= World::tables && a.op().purpose == std::string("TTD") && at != World::cd_address(1)) {
          // Stage 1's: stage 2's own tables have the attributes of the STE.
          if (a.op().attributes != smmu::Attributes{0xff, Shareability::inner}) {
            ++tables;
            EXPECT_EQ(a.op().attributes, expected);
          }
        }
        if (at == World::cd_address(1)) {
          EXPECT_EQ(a.op().attributes, expected);
        }
        a.complete(w.memory.carry_out(a.op()));
      }
      if (PTW) {
        EXPECT_EQ(a.answer().outcome, Outcome::abort);
        continue;
      }
      EXPECT_EQ(cds, 1U);
      EXPECT_EQ(tables, 3U);
      EXPECT_EQ(a.answer().output, 0x8000'0000U);
      EXPECT_EQ(a.answer().attributes.memory, 0x04) << "data goes as it is mapped";
    }
  }
  Features f;
  f.PTWNNC = true;
  EXPECT_EQ(id_registers(f).IDR3 >> 14 & 1, 1U);
  f.S2P = f.VMID16 = false;
  EXPECT_NE(f.problem(), nullptr);
}

// ---- E0PD (5.4)

class E0pd : public ::testing::Test {
 protected:
  static Features features() {
    Features f;
    f.E0PD = true;
    return f;
  }
  E0pd() : w(features()) { w.start(); }
  void stream(bool low, bool up) {
    pgtable::Config c = Stage2World::stage1_config();
    c.stage1.tables[0].E0PD = low;
    c.stage1.tables[1].E0PD = up;
    pgtable::Builder& b = w.builder(c);
    pgtable::Mapping m;
    m.unprivileged = m.unprivileged_execute = true;
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
    ASSERT_TRUE(b.map(top, 0x9000'0000, 0x1000, m));
    w.put(World::cd_address(1), cd_for(b.config(), 1));
    w.put_ste(1, ste_stage1(World::cd_address(1)));
  }
  void expect_refused(std::uint64_t va, AccessKind kind, bool instruction) {
    EXPECT_EQ(w.access(by(1, va, false, kind, instruction)).outcome, Outcome::abort);
    Expected e{0x10, 1};
    e.S2 = false;
    e.RnW = kind == AccessKind::read;
    e.InD = instruction;
    e.InputAddr = va;
    const auto r = w.pop_event();
    ASSERT_TRUE(r);
    EXPECT_EQ(*r, e.record()) << "a Translation fault";
  }
  static constexpr std::uint64_t top = ~0ULL << 12;
  World w;
};

TEST_F(E0pd, RefusesUnprivilegedAccessesOfItsRangeWhateverCachesHold) {
  for (const bool up : {false, true}) {
    w.command(0x04, 31);
    w.command(0x30);
    stream(!up, up);
    const std::uint64_t refused = up ? top : 0x1000;
    const std::uint64_t open = up ? 0x1000 : top;
    for (int warm = 0; warm < 2; ++warm) {
      expect_refused(refused, AccessKind::read, false);
      expect_refused(refused, AccessKind::write, false);
      expect_refused(refused, AccessKind::read, true);
      EXPECT_EQ(w.access(by(1, open, false)).outcome, Outcome::forward);
      // Fills the TLBs.
      EXPECT_EQ(w.access(by(1, refused, true)).outcome, Outcome::forward);
      EXPECT_TRUE(w.access(by(1, refused + 8, true)).tlb_hit);
    }
  }
}

TEST_F(E0pd, IsRes0WithoutIdr3E0pd) {
  pgtable::Config c = Stage2World::stage1_config();
  c.stage1.tables[0].E0PD = c.stage1.tables[1].E0PD = true;
  const Structure cd = cd_for(c, 1);
  EXPECT_TRUE(Cd::decode(cd.words, features()).config.stage1.tables[1].E0PD);
  EXPECT_FALSE(Cd::decode(cd.words, Features{}).config.stage1.tables[0].E0PD);
  EXPECT_EQ(id_registers(features()).IDR3 >> 13 & 1, 1U);
}

// ---- PAN and EPAN (5.4)

TEST(EnhancedPan, RefusesPrivilegedDataOfWhatUnprivilegedCodeMayExecute) {
  for (const bool EPAN : {false, true}) {
    for (const bool PAN : {false, true}) {
      Features f;
      f.EPAN = true;
      World w(f);
      w.start();
      pgtable::Config c = Stage2World::stage1_config();
      c.stage1.PAN = PAN;
      c.stage1.EPAN = EPAN;
      pgtable::Builder& b = w.builder(c);
      pgtable::Mapping execute_only;  // to unprivileged code
      execute_only.unprivileged = false;
      execute_only.unprivileged_execute = true;
      pgtable::Mapping own;
      own.unprivileged = own.unprivileged_execute = false;
      ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, execute_only));
      ASSERT_TRUE(b.map(0x2000, 0x8000'0000, 0x1000, own));
      w.put(World::cd_address(1), cd_for(b.config(), 1));
      w.put_ste(1, ste_stage1(World::cd_address(1)));
      for (const AccessKind kind : {AccessKind::read, AccessKind::write}) {
        EXPECT_EQ(w.access(by(1, 0x1000, true, kind)).outcome == Outcome::abort, PAN && EPAN);
        EXPECT_EQ(w.access(by(1, 0x2000, true, kind)).outcome, Outcome::forward);
      }
      EXPECT_EQ(w.access(by(1, 0x1000, false, AccessKind::read, true)).outcome, Outcome::forward);
      if (PAN && EPAN) {
        const auto r = w.pop_event();
        ASSERT_TRUE(r);
        EXPECT_EQ((*r)[0] & 0xff, 0x13U);
      }
    }
  }
}

TEST(EnhancedPan, IsRes0WithoutIdr3Epan) {
  pgtable::Config c = Stage2World::stage1_config();
  c.stage1.EPAN = true;
  Features f;
  EXPECT_FALSE(Cd::decode(cd_for(c, 1).words, f).config.stage1.EPAN);
  f.EPAN = true;
  EXPECT_TRUE(Cd::decode(cd_for(c, 1).words, f).config.stage1.EPAN);
  EXPECT_EQ(id_registers(f).IDR3 >> 17 & 1, 1U);
}

// ---- HAD (6.3.4)

TEST(HierarchicalAttributes, CanBeDisabledInSMMUv30Too) {
  Features f;
  f.XNX = false;
  EXPECT_EQ(f.version(), 0U);
  World w(f);
  w.start();
  for (const bool HAD : {false, true}) {
    w.command(0x04, 31);
    w.command(0x30);
    pgtable::Config c = Stage2World::stage1_config();
    c.stage1.tables[0].HPD = HAD;
    pgtable::Builder& b = w.builder(c);
    ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
    const auto table = b.descriptor_address(0x1000, 2);
    ASSERT_TRUE(table);
    w.memory.write(*table, w.memory.read(*table, 8) | 1ULL << 62);  // APTable: read-only
    w.put(World::cd_address(1), cd_for(b.config(), 1));
    w.put_ste(1, ste_stage1(World::cd_address(1)));
    EXPECT_EQ(w.access(by(1, 0x1000, true, AccessKind::write)).outcome == Outcome::forward, HAD);
  }
}

// ---- break-before-make (3.21.1.1 to 3.21.1.3)

class ChangeOfSize : public ::testing::TestWithParam<unsigned> {
 protected:
  static Features features() {
    Features f;
    f.BBML = static_cast<std::uint8_t>(GetParam());
    return f;
  }
  static constexpr std::uint64_t block = 0x4020'0000, pa = 0x8020'0000;

  /// The walk cache has one entry, which each walk takes from the one before.
  static Structures structures() {
    Structures s = World::untimed();
    s.walk_cache_sets = s.walk_cache_ways = 1;
    return s;
  }
  ChangeOfSize() : w(features(), structures()) {
    w.start();
    b = &w.space();
    EXPECT_TRUE(b->map(block, pa, 0x20'0000));
    EXPECT_TRUE(b->map(0x1000, 0x9000'0000, 0x1000));
    w.put(World::cd_address(1), cd_for(b->config(), 1));
    w.put_ste(1, ste_stage1(World::cd_address(1)));
    at = b->descriptor_address(block, 2).value_or(0);
    old = w.memory.read(at, 8);
    table = w.allocate(0x1000);
    for (unsigned i = 0; i < 512; ++i) w.memory.write(table + 8 * i, ((old & ~3ULL) + 0x1000 * i) | 3);
  }
  void expect_goes_on(bool everywhere = true) {
    for (const std::uint64_t offset : {0x0ULL, 0x5123ULL, 0x1f'f000ULL}) {
      if (!everywhere && offset != 0) continue;
      EXPECT_EQ(w.access(1, block + offset).output, pa + offset);
    }
    EXPECT_FALSE(w.pop_event().has_value());
  }
  void invalidate(std::uint64_t va) { w.command(0x12 | 1ULL << 48, va); }
  World w;
  pgtable::Builder* b = nullptr;
  std::uint64_t at = 0, old = 0, table = 0;
};

TEST_P(ChangeOfSize, FromABlockToItsPagesGoesOnWithoutAFault) {
  expect_goes_on();
  w.memory.write(at, old | nT);
  invalidate(block);
  expect_goes_on();
  w.memory.write(at, table | 3);
  expect_goes_on();
  // One of the pages is in the TLB beside the block, where another is asked for first.
  w.command(0x11 | 1ULL << 48);
  expect_goes_on(false);
  w.access(1, 0x1000);
  w.memory.write(at, old);
  expect_goes_on();
  EXPECT_EQ(w.access(1, block).region_shift, 12) << "one entry is used, whichever";
  EXPECT_EQ(w.access(1, block + 0x5000).region_shift, 21);
  // An invalidation takes all that overlap (3.21.1.3).
  w.memory.write(at, 0);
  invalidate(block);
  for (const std::uint64_t offset : {0x0ULL, 0x5000ULL}) {
    EXPECT_EQ(w.access(1, block + offset).outcome, Outcome::abort);
    ASSERT_TRUE(w.pop_event().has_value());
  }
}

TEST_P(ChangeOfSize, FromPagesToTheirBlockGoesOnWithoutAFault) {
  w.memory.write(at, table | 3);
  expect_goes_on();
  w.memory.write(at, old | nT);
  expect_goes_on();
  for (std::uint64_t offset = 0; offset < 0x20'0000; offset += 0x1000) invalidate(block + offset);
  expect_goes_on();
  w.memory.write(at, old);
  invalidate(block);
  expect_goes_on();
  EXPECT_EQ(w.access(1, block).region_shift, 21);
}

TEST_P(ChangeOfSize, OfTheContiguousBitGoesOnWithoutAFault) {
  w.memory.write(at, table | 3);
  expect_goes_on();
  for (unsigned i = 0; i < 16; ++i) {
    w.memory.write(table + 8 * i, w.memory.read(table + 8 * i, 8) | 1ULL << 52);
    expect_goes_on();
  }
  invalidate(block);
  expect_goes_on();
}

TEST_P(ChangeOfSize, IsAsTheIdRegisterSays) {
  EXPECT_EQ(id_registers(features()).IDR3 >> 11 & 3, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Levels, ChangeOfSize, ::testing::Values(0U, 1U, 2U));

}  // namespace
}  // namespace smmuvp::smmuv3
