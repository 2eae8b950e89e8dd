// Addresses of 52 bits, and small tables (IHI 0070 3.4, 5.2, 5.4, 6.3.6: OAS, VAX, DS; 6.3.4: STT).
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using pgtable::Granule;
using smmu::AccessKind;
using smmu::Outcome;

constexpr Granule granules[] = {Granule::size_4k, Granule::size_16k, Granule::size_64k};
constexpr unsigned shift_of(Granule g) { return static_cast<unsigned>(g); }
constexpr std::uint64_t bytes(unsigned shift) { return 1ULL << shift; }
constexpr std::uint64_t high = 0xf'5aa0'0000'0000;  // bits [51:48] and some more

Features wide() {
  Features f;
  f.OAS = 52;
  f.VAX = 1;
  f.DS = f.GRAN16K = f.GRAN64K = true;
  return f;
}

class WideAddresses : public ::testing::Test {
 protected:
  explicit WideAddresses(const Features& f = wide()) : w(f) {}

  static pgtable::Config stage1(Granule g, unsigned TxSZ, bool DS = true) {
    pgtable::Config c = Stage2World::stage1_config();
    c.stage1.output_size = 52;
    c.stage1.LPA = true;
    c.stage1.DS = DS && g != Granule::size_64k;
    for (auto& t : c.stage1.tables) {
      t.granule = g;
      t.TxSZ = static_cast<std::uint8_t>(TxSZ);
    }
    return c;
  }
  static pgtable::Config stage2(Granule g, unsigned T0SZ, int level, bool DS = true) {
    pgtable::Config c = stage2_config(static_cast<std::int8_t>(T0SZ), static_cast<std::int8_t>(level));
    c.stage2.granule = g;
    c.stage2.output_size = 52;
    c.stage2.LPA = true;
    c.stage2.DS = DS && g != Granule::size_64k;
    return c;
  }
  /// Tables themselves lie beyond 48 bits.
  pgtable::Builder& builder(const pgtable::Config& c) {
    w.builders.emplace_back(
        c, [this](const pgtable::MemoryOp& op) { return w.memory.carry_out(op); },
        [this](std::uint64_t size) -> std::optional<std::uint64_t> { return high + w.allocate(size); });
    return w.builders.back();
  }
  void stream(std::uint32_t sid, const pgtable::Builder& b) {
    w.put(World::cd_address(sid), cd_for(b.config(), static_cast<std::uint16_t>(sid), 6));
    w.put_ste(sid, ste_stage1(World::cd_address(sid)));
  }
  Stage2World w;
};

TEST_F(WideAddresses, AreTranslatedToAndFromByStage1) {
  std::uint32_t sid = 1;
  for (const Granule g : granules) {
    const std::uint64_t page = bytes(shift_of(g));
    pgtable::Builder& b = builder(stage1(g, 12));
    ASSERT_TRUE(b.map(bytes(52) - page, high, page));
    ASSERT_TRUE(b.map(~0ULL << 52, high + 0x10'0000, page));
    stream(sid, b);
    EXPECT_EQ(w.access(sid, bytes(52) - 1).output, high + page - 1) << shift_of(g);
    EXPECT_EQ(w.access(sid, (~0ULL << 52) + 5).output, high + 0x10'0005) << shift_of(g);
    EXPECT_TRUE(w.access(sid, bytes(52) - 8).tlb_hit);
    EXPECT_EQ(w.access(sid, bytes(52)).outcome, Outcome::abort);
    Expected e{0x10, sid};
    e.S2 = false;
    e.InputAddr = bytes(52);
    EXPECT_EQ(w.event(), e.record());
    ++sid;
  }
}

TEST_F(WideAddresses, AreTranslatedToAndFromByStage2) {
  struct Case {
    Granule g;
    int level;
  };
  std::uint32_t sid = 1;
  for (const Case& c : {Case{Granule::size_4k, -1}, Case{Granule::size_4k, 0}, Case{Granule::size_16k, 0},
                        Case{Granule::size_16k, 1}, Case{Granule::size_64k, 1}}) {
    const std::uint64_t page = bytes(shift_of(c.g));
    const unsigned T0SZ = c.level == 1 && c.g == Granule::size_16k ? 13 : 12;
    pgtable::Builder& b = builder(stage2(c.g, T0SZ, c.level));
    const std::uint64_t last = bytes(64 - T0SZ) - page;
    ASSERT_TRUE(b.map(last, high, page));
    w.put_ste(sid, ste_stage2(b.config().stage2, static_cast<std::uint16_t>(sid)).set(176, 3, 6));
    EXPECT_EQ(w.access(sid, last + 0x123).output, high + 0x123) << shift_of(c.g) << " level " << c.level;
    EXPECT_EQ(w.access(sid, 0x1000).outcome, Outcome::abort);
    Expected e{0x10, sid};
    e.InputAddr = e.IPA = 0x1000;
    EXPECT_EQ(w.event(), e.record());
    ++sid;
  }
}

TEST_F(WideAddresses, OfIpasAndDescriptorsAreInRecordsWhole) {
  pgtable::Builder& b = builder(stage2(Granule::size_4k, 12, 0));
  ASSERT_TRUE(b.map(high, 0x8000'0000, 0x1000));
  w.put_ste(1, ste_stage2(b.config().stage2).set(176, 3, 6));
  EXPECT_EQ(w.access(1, high + 0x1000).outcome, Outcome::abort);
  Expected e{0x10, 1};
  e.InputAddr = e.IPA = high + 0x1000;
  EXPECT_EQ(w.event(), e.record());
  w.memory.make_abort(w.descriptor(b, high));
  w.command(0x30);
  EXPECT_EQ(w.access(1, high).outcome, Outcome::abort);
  e = {0x0b, 1};
  e.InputAddr = high;
  e.FetchAddr = w.descriptor(b, high);
  EXPECT_GT(e.FetchAddr, bytes(48));
  EXPECT_EQ(w.event(), e.record());
}

TEST_F(WideAddresses, OfStructuresAndQueuesAreThoseOfTheRegisters) {
  Stage2World v(wide());
  v.write(0x20, 0);
  v.write(0x80, high | World::strtab, 8);
  v.write(0x90, high | World::cmdq | World::log2_cmds, 8);
  v.write(0xa0, high | World::eventq | World::log2_events, 8);
  EXPECT_EQ(v.read(0x84), (high | World::strtab) >> 32);
  v.write(0x20, CR0_implemented);
  pgtable::Builder& b = v.space();
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  v.put(high | World::cds, cd_for(b.config(), 1));
  v.put((high | World::strtab) + 64, ste_stage1(high | World::cds));
  EXPECT_EQ(v.access(1, 0x1000).output, 0x8000'0000U);
  // A command, and a record.
  v.memory.write(high | World::cmdq, 0x46 | 1ULL << 12);
  v.write(0x98, 1);
  v.work();
  EXPECT_EQ(v.irqs.cmdq_sync, 1);
  EXPECT_EQ(v.access(1, 0x2000).outcome, Outcome::abort);
  EXPECT_EQ(v.memory.read(high | World::eventq, 8), 0x10 | 1ULL << 32);
  // Fetches that abort are named whole.
  v.memory.make_abort(high | World::strtab);
  EXPECT_EQ(v.access(2, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(v.memory.read((high | World::eventq) + 32 + 24, 8), (high | World::strtab) + 128);
  v.memory.make_ok(high | World::strtab);
  v.put((high | World::strtab) + 192, ste_stage1(high | 0x6000'0000));
  v.memory.make_abort(high | 0x6000'0000);
  EXPECT_EQ(v.access(3, 0x1000).outcome, Outcome::abort);
  EXPECT_EQ(v.memory.read((high | World::eventq) + 64 + 24, 8), high | 0x6000'0000);
}

TEST_F(WideAddresses, BeyondTheOutputSizeAreAddressSizeFaults) {
  // IPS 48 bits: the bits stand in the descriptors all the same.
  for (const Granule g : granules) {
    pgtable::Builder& b = w.builder(stage1(g, 25));
    const std::uint64_t page = bytes(shift_of(g));
    ASSERT_TRUE(b.map(page, bytes(48), page));
    w.put(World::cd_address(1), cd_for(b.config(), 1, 5));
    w.put_ste(1, ste_stage1(World::cd_address(1)));
    w.command(0x04, 31);
    w.command(0x30);
    EXPECT_EQ(w.access(1, page).outcome, Outcome::abort);
    Expected e{0x11, 1};
    e.S2 = false;
    e.InputAddr = page;
    EXPECT_EQ(w.event(), e.record()) << shift_of(g);
  }
  w.put_ste(2, ste_bypass());
  EXPECT_EQ(w.access(2, high).output, high);
  EXPECT_EQ(w.access(2, bytes(52)).outcome, Outcome::abort);
}

TEST_F(WideAddresses, LargestBlocksAreOneEntry) {
  struct Case {
    Granule g;
    unsigned shift;
  };
  for (const Case& c :
       {Case{Granule::size_4k, 39}, Case{Granule::size_16k, 36}, Case{Granule::size_64k, 42}}) {
    w.command(0x30);
    w.command(0x04, 31);
    pgtable::Builder& b = builder(stage1(c.g, 12));
    ASSERT_TRUE(b.map(bytes(c.shift), 8 * bytes(c.shift), bytes(c.shift)));
    stream(1, b);
    const auto a = w.access(1, bytes(c.shift) + 0x1234);
    EXPECT_EQ(a.output, 8 * bytes(c.shift) + 0x1234);
    EXPECT_EQ(a.region_shift, c.shift);
    EXPECT_TRUE(w.access(1, 2 * bytes(c.shift) - 1).tlb_hit);
    // CMD_TLBI_NH_VA of any of its addresses takes it.
    w.command(0x12 | 1ULL << 48, bytes(c.shift) + bytes(c.shift - 1));
    EXPECT_FALSE(w.access(1, bytes(c.shift)).tlb_hit);
  }
}

TEST_F(WideAddresses, ShareabilityIsThatOfTheConfigurationWithDS) {
  for (const Granule g : {Granule::size_4k, Granule::size_16k}) {
    for (const unsigned SH : {0U, 2U, 3U}) {
      w.command(0x30);
      w.command(0x04, 31);
      pgtable::Builder& b = builder(stage1(g, 20));
      pgtable::Mapping m;
      ASSERT_TRUE(b.map(0x4000, 0x8000'0000, 0x4000, m));
      w.put(World::cd_address(1), cd_for(b.config(), 1, 6).set(12, 2, SH));
      w.put_ste(1, ste_stage1(World::cd_address(1)));
      EXPECT_EQ(static_cast<unsigned>(w.access(1, 0x4000).attributes.SH), SH) << shift_of(g);
      pgtable::Builder& ipas = builder(stage2(g, 20, g == Granule::size_4k ? 0 : 1));
      ASSERT_TRUE(ipas.map(0x4000, 0x8000'0000, 0x4000, m));
      w.put_ste(2, ste_stage2(ipas.config().stage2).set(176, 3, 6).set(172, 2, SH));
      EXPECT_EQ(static_cast<unsigned>(w.access(2, 0x4000).attributes.SH), SH) << shift_of(g);
    }
  }
}

TEST_F(WideAddresses, ATtbBeyond48BitsNeedsTablesThatHave52) {
  for (const Granule g : granules) {
    for (const bool DS : {false, true}) {
      Structure cd = cd_for(stage1(g, 25), 1, 6).set(186, 1, DS);
      Structure ste = ste_stage2(stage2(g, 24, g == Granule::size_4k ? 1 : 2).stage2).set(176, 3, 6);
      ste.set(195, 1, DS);
      EXPECT_TRUE(Cd::decode(cd.words, wide()).valid);
      EXPECT_TRUE(Ste::decode(ste.words, wide()).valid);
      const bool legal = DS || g == Granule::size_64k;
      ste.set(192 + 51, 1, 1);
      EXPECT_EQ(Ste::decode(ste.words, wide()).valid, legal) << shift_of(g) << " S2DS " << DS;
      Structure low = cd;
      EXPECT_EQ(Cd::decode(low.set(64 + 48, 1, 1).words, wide()).valid, legal) << shift_of(g) << " DS " << DS;
      EXPECT_EQ(Cd::decode(cd.set(128 + 51, 1, 1).words, wide()).valid, legal) << shift_of(g) << " DS " << DS;
    }
  }
}

TEST_F(WideAddresses, ATtbIsAlignedTo64BytesAtLeastWith52OutputBits) {
  pgtable::Builder& b = builder(stage1(Granule::size_64k, 34));  // 30 bits: a table of 2 entries
  ASSERT_TRUE(b.map(0, 0x8000'0000, 0x1'0000));
  Structure cd = cd_for(b.config(), 1, 6);
  cd.words[1] |= 0x30;
  w.put(World::cd_address(1), cd);
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  EXPECT_EQ(w.access(1, 0).output, 0x8000'0000U);
}

TEST_F(WideAddresses, DsIsRes0WithoutIdr5Ds) {
  Features f = wide();
  f.DS = false;
  pgtable::Config c = stage1(Granule::size_4k, 16, false);
  Structure cd = cd_for(c, 1, 6).set(186, 1, 1);
  EXPECT_TRUE(Cd::decode(cd.words, f).valid);
  EXPECT_FALSE(Cd::decode(cd.words, f).config.stage1.DS);
  EXPECT_FALSE(Cd::decode(cd.set(0, 6, 15).words, f).valid);
  Structure ste = ste_stage2(stage2(Granule::size_4k, 16, 0, false).stage2).set(194, 2, 3);
  EXPECT_TRUE(Ste::decode(ste.words, f).valid) << "S2SL0_2 as well";
  EXPECT_FALSE(Ste::decode(ste.words, f).stage2.DS);
}

// ---- sizes (5.4.2, CDTxSZInvalid; 5.2.2, STES2T0SZInvalid)

TEST(TableSizes, TxSZIsLegalAsGranuleDsVaxAndSttSay) {
  for (const bool STT : {false, true}) {
    for (const unsigned VAX : {0U, 1U}) {
      for (const bool DS : {false, true}) {
        for (const Granule g : granules) {
          Features f = wide();
          f.STT = STT;
          f.VAX = static_cast<std::uint8_t>(VAX);
          const unsigned least = VAX == 1 && (DS || g == Granule::size_64k) ? 12 : 16;
          const unsigned most = !STT ? 39 : g == Granule::size_64k ? 47 : 48;
          Structure cd = cd_for(Stage2World::stage1_config(), 1, 6).set(186, 1, DS);
          cd.set(6, 2, TG0_of(g)).set(22, 2, TG1_of(g));
          for (unsigned TxSZ = 0; TxSZ < 64; ++TxSZ) {
            const bool legal = TxSZ >= least && TxSZ <= most;
            Structure low = cd, up = cd;
            EXPECT_EQ(Cd::decode(low.set(0, 6, TxSZ).words, f).valid, legal)
                << shift_of(g) << " T0SZ " << TxSZ << " DS " << DS << " VAX " << VAX << " STT " << STT;
            EXPECT_EQ(Cd::decode(up.set(16, 6, TxSZ).words, f).valid, legal);
          }
        }
      }
    }
  }
}

TEST(TableSizes, EachStage2StartLevelGoesWithItsInputSizesOnly) {
  for (const unsigned OAS : {44U, 48U, 52U}) {
    for (const bool STT : {false, true}) {
      for (const bool DS : {false, true}) {
        for (const Granule g : granules) {
          Features f = wide();
          f.OAS = static_cast<std::uint8_t>(OAS);
          f.STT = STT;
          const unsigned shift = shift_of(g);
          const unsigned stride = shift - 3;
          const bool wide_input = DS || g == Granule::size_64k;
          const unsigned least = std::max(wide_input ? 12U : 16U, 64 - OAS);
          const unsigned most = !STT ? 39 : g == Granule::size_64k ? 47 : 48;
          for (unsigned SL = 0; SL < 8; ++SL) {
            // S2SL0_2 counts with a 4 KiB granule and S2DS only.
            const unsigned effective = DS && g == Granule::size_4k ? SL : SL & 3;
            int level = 0;
            bool reserved = false;
            if (g == Granule::size_4k) {
              static constexpr int levels[] = {2, 1, 0, 3, -1, 9, 9, 9};
              level = levels[effective];
              reserved = level == 9 || (level == 3 && !STT) || (level < 0 && OAS < 52);
            } else {
              level = 3 - static_cast<int>(effective);
              if (level == 0) reserved = g == Granule::size_64k || !DS || OAS < 52;
            }
            for (unsigned T0SZ = 8; T0SZ < 50; ++T0SZ) {
              const unsigned bits = 64 - T0SZ;
              const unsigned below = shift + stride * static_cast<unsigned>(3 - level);
              bool legal = !reserved && T0SZ >= least && T0SZ <= most && bits > below;
              legal = legal && bits <= below + stride + (level < 0 ? 0 : 4);
              Structure s = ste_stage2(stage2_config().stage2).set(174, 2, TG0_of(g)).set(195, 1, DS);
              s.set(160, 6, T0SZ).set(166, 2, SL & 3).set(194, 1, SL >> 2);
              EXPECT_EQ(Ste::decode(s.words, f).valid, legal)
                  << shift << " OAS " << OAS << " T0SZ " << T0SZ << " SL " << SL << " S2DS " << DS << " STT "
                  << STT;
            }
          }
        }
      }
    }
  }
}

TEST(TableSizes, SmallTablesTranslateAtBothStages) {
  for (const Granule g : granules) {
    for (unsigned TxSZ = 40; TxSZ <= (g == Granule::size_64k ? 47U : 48U); ++TxSZ) {
      Features f = wide();
      f.STT = true;
      Stage2World w(f);
      const std::uint64_t page = bytes(shift_of(g));
      const std::uint64_t last = bytes(64 - TxSZ) - page;
      pgtable::Config c = Stage2World::stage1_config();
      for (auto& t : c.stage1.tables) {
        t.granule = g;
        t.TxSZ = static_cast<std::uint8_t>(TxSZ);
      }
      pgtable::Builder& b = w.builder(c);
      ASSERT_TRUE(b.map(last, 0x8000'0000, page));
      w.put(World::cd_address(1), cd_for(b.config(), 1));
      w.put_ste(1, ste_stage1(World::cd_address(1)));
      EXPECT_EQ(w.access(1, last + 1).output, 0x8000'0001U) << shift_of(g) << " TxSZ " << TxSZ;
      EXPECT_EQ(w.access(1, bytes(64 - TxSZ)).outcome, Outcome::abort);
      pgtable::Config two = stage2_config(static_cast<std::int8_t>(TxSZ), 3);
      two.stage2.granule = g;
      pgtable::Builder& ipas = w.builder(two);
      ASSERT_TRUE(ipas.map(last, 0x8000'0000, page));
      w.put_ste(2, ste_stage2(ipas.config().stage2));
      EXPECT_EQ(w.access(2, last + 1).output, 0x8000'0001U) << shift_of(g) << " S2T0SZ " << TxSZ;
    }
  }
}

TEST(TableSizes, FeaturesThatCannotBeTogetherAreRefusedByName) {
  struct Case {
    const char* name;
    void (*change)(Features&);
  };
  for (const Case& c : {Case{"VAX", [](Features& f) { f.VAX = 2; }},
                        Case{"VAX", [](Features& f) { f.VAX = 1, f.DS = f.GRAN64K = false; }},
                        Case{"DS", [](Features& f) { f.VAX = 0; }},
                        Case{"DS", [](Features& f) { f.GRAN4K = f.GRAN16K = false; }},
                        Case{"OAS", [](Features& f) { f.VAX = 0, f.DS = f.GRAN64K = false; }},
                        Case{"OAS", [](Features& f) { f.HAD = false; }}}) {
    Features f = wide();
    EXPECT_EQ(f.problem(), nullptr);
    c.change(f);
    ASSERT_NE(f.problem(), nullptr) << c.name;
    EXPECT_EQ(std::string(f.problem()).substr(0, std::string(c.name).size()), c.name);
  }
}

TEST(TableSizes, AreInTheIdRegisters) {
  const Features f = wide();
  EXPECT_EQ(id_registers(f).IDR5 & 7, 6U) << "OAS";
  EXPECT_EQ(id_registers(f).IDR5 >> 10 & 3, 1U) << "VAX";
  EXPECT_EQ(id_registers(f).IDR5 >> 7 & 1, 1U) << "DS";
  EXPECT_EQ(id_registers(f).IDR3 >> 9 & 1, 0U);
  Features small = f;
  small.STT = true;
  EXPECT_EQ(id_registers(small).IDR3 >> 9 & 1, 1U) << "STT";
}

}  // namespace
}  // namespace smmuvp::smmuv3
