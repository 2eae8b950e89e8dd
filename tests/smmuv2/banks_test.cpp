// Which banks a transaction goes through, and what TLB entries are tagged with (IHI 0062 2.5, 2.6, 10.2).
#include "formats_world.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;
using namespace fsr_bit;

Features two_states() {
  Features f;
  f.SES = true;
  return f;
}

// ---- the four combinations of SCTLR.M (2.1.1, Figure 2-5)

enum class First { v7s, v7l, v8l };

void make_first(FormatsWorld& w, First format, pgtable::Builder& b) {
  switch (format) {
    case First::v7s:
      w.bank_short(6, b.config(), 1, 7, 0, CBAR_nested | 5U << 8);
      break;
    case First::v7l:
      w.bank_long(6, b.config(), 1, 7, 0, CBAR_nested | 5U << 8);
      break;
    case First::v8l:
      w.bank64(6, b.config(), 1, 7, 0, CBAR_nested | 5U << 8);
  }
}

TEST(BothStages, TranslateInTheFourCombinationsOfTheirMBits) {
  for (const First format : {First::v7s, First::v7l, First::v8l}) {
    for (const bool stage2_64 : {true, false}) {
      if (format == First::v8l && !stage2_64) continue;
      for (unsigned M = 0; M < 4; ++M) {
        SCOPED_TRACE(::testing::Message() << int(format) << " " << stage2_64 << " " << M);
        FormatsWorld w;
        auto& s2 = w.builder(stage2_64 ? World::config_stage2() : FormatsWorld::config_stage2_32());
        auto& s1 = w.builder(format == First::v7s   ? FormatsWorld::config_short()
                             : format == First::v7l ? FormatsWorld::config_long()
                                                    : World::config64());
        pgtable::Mapping m;
        m.AttrIndx = format == First::v7s ? 3 : 0;
        ASSERT_TRUE(s1.map(0x1000, 0x40'0000, 0x1000, m));
        ASSERT_TRUE(s2.map(World::tables, World::tables, 0x20'0000));
        ASSERT_TRUE(s2.map(0x40'0000, 0x9000'0000, 0x1000));
        ASSERT_TRUE(s2.map(0x1000, 0xa000'0000, 0x1000));
        if (stage2_64) {
          w.bank_stage2(5, s2.config(), 7);
        } else {
          w.bank_stage2_32(5, s2.config(), 7);
        }
        make_first(w, format, s1);
        w.change_cb(6, SCTLR, SCTLR_M, M & 1);
        w.change_cb(5, SCTLR, SCTLR_M, M >> 1);
        w.map_stream(0, 9, S2CR_translate | 6);
        w.start();
        const std::uint64_t expected[] = {0x1abc, 0x40'0abc, 0xa000'0abc, 0x9000'0abc};
        EXPECT_EQ(w.output_of(9, 0x1abc), expected[M]);
        EXPECT_EQ(w.output_of(9, 0x1abc), expected[M]) << "again";
      }
    }
  }
}

// 2.1: "this applies both to addresses held in TTBR and those obtained from table entries"
TEST(BothStages, TranslateTheAddressesOfStage1Tables) {
  FormatsWorld w;
  auto& s2 = w.builder(World::config_stage2());
  constexpr std::uint64_t moved = 0x10'0000'0000;
  ASSERT_TRUE(s2.map(moved + World::tables, World::tables, 0x20'0000));
  ASSERT_TRUE(s2.map(0x40'0000, 0x9000'0000, 0x1000));
  w.builders.emplace_back(
      World::config64(),
      [&w](pgtable::MemoryOp op) {
        op.address -= moved;
        return w.memory.carry_out(op);
      },
      [&w](std::uint64_t size) -> std::optional<std::uint64_t> { return moved + w.allocate(size); });
  auto& s1 = w.builders.back();
  ASSERT_TRUE(s1.map(0x1000, 0x40'0000, 0x1000));
  w.bank_stage2(5, s2.config(), 7);
  w.bank64(6, s1.config(), 1, 7, 0, CBAR_nested | 5U << 8);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1abc), 0x9000'0abcU);
}

// 4.2.3, 16.5.14: the size that PAR tells is that of stage 1
TEST(BothStages, OperationsOnASupersectionBehindPagesTellASupersection) {
  FormatsWorld w;
  auto& s2 = w.builder(World::config_stage2());
  auto& s1 = w.builder(FormatsWorld::config_short());
  pgtable::Mapping m;
  m.AttrIndx = 3;
  m.contiguous = true;
  ASSERT_TRUE(s1.map(0x1000'0000, 0x12'2200'0000, 0x100'0000, m));
  ASSERT_TRUE(s2.map(World::tables, World::tables, 0x20'0000));
  ASSERT_TRUE(s2.map(0x12'2212'3000, 0x9000'0000, 0x1000));
  w.bank_stage2(5, s2.config(), 7);
  w.bank_short(6, s1.config(), 1, 7, 0, CBAR_nested | 5U << 8);
  w.map_stream(0, 9, S2CR_translate | 6);
  w.start();
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(w.output_of(9, 0x1012'3abc), 0x9000'0abcU);
    w.write_cb(6, ATS1PR, 0x1012'3000, 8);
    w.work();
    EXPECT_EQ(w.read_cb(6, PAR, 8) & 0xffff'f003U, 0x2200'0000U | 0x12U << 16 | 2U) << i;
    w.write(sGATS1PR, 0x1012'3006, 8);
    w.work();
    EXPECT_EQ(w.read(sGPAR, 8) & 0xffff'f003U, 0x2200'0000U | 0x12U << 16 | 2U) << i;
  }
}

// 17.3.3
TEST(ProtectedTableWalk, RefusesStage1TablesInDeviceMemory) {
  for (const bool PTW : {false, true}) {
    SCOPED_TRACE(PTW);
    FormatsWorld w;
    auto& s2 = w.builder(World::config_stage2());
    pgtable::Mapping device;
    device.MemAttr = 1;
    ASSERT_TRUE(s2.map(World::tables, World::tables, 0x20'0000, device));
    ASSERT_TRUE(s2.map(0x40'0000, 0x9000'0000, 0x1000));
    auto& s1 = w.builder(World::config64());
    ASSERT_TRUE(s1.map(0x1000, 0x40'0000, 0x1000));
    w.bank_stage2(5, s2.config(), 7, PTW ? 1U << 13 : 0);
    w.bank64(6, s1.config(), 1, 7, 0, CBAR_nested | 5U << 8);
    w.map_stream(0, 9, S2CR_translate | 6);
    w.start();
    EXPECT_EQ(w.access(9, 0x1abc).outcome, PTW ? Outcome::abort : Outcome::forward);
    if (!PTW) continue;
    w.expect_no_fault(6);
    EXPECT_EQ(w.read_cb(5, FSR), PF | Format_64);
    EXPECT_EQ(w.read_cb(5, FAR, 8), 0x1abcU);
    // tables are a region of 2 MiB: level 2
    EXPECT_EQ(w.read_cb(5, FSYNR0),
              2U | fsynr_bit::NESTED | fsynr_bit::S1PTWF | fsynr_bit::NSATTR | 6U << 16);
    // 17.3.2: valid of a Permission fault of a table walk; the first descriptor is that of VA 0x1000, level 1
    EXPECT_EQ(w.read_cb(5, IPAFAR, 8) & ~0xfffULL, s1.config().stage1.tables[0].base);
  }
}

// 16.5.29: "any transaction that arrives after the write is guaranteed to use the new value"
TEST(MmuEnable, CountsFromTheNextTransactionOn) {
  FormatsWorld w;
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000));
  w.start();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0004U);
    w.change_cb(3, SCTLR, SCTLR_M, 0);
    EXPECT_EQ(w.output_of(9, 0x1004), 0x1004U);
    w.change_cb(3, SCTLR, 0, SCTLR_M);
  }
}

// ---- schemes (Tables 2-6 and 2-7)

TEST(TranslationScheme, Va64AndEaeChooseTheFormatOfABank) {
  FormatsWorld w;
  auto& bs = w.builder(FormatsWorld::config_short());
  auto& bl = w.builder(FormatsWorld::config_long());
  auto& b64 = w.builder(World::config64());
  pgtable::Mapping m;
  m.AttrIndx = 3;
  ASSERT_TRUE(bs.map(0x1000, 0x8000'0000, 0x1000, m));
  ASSERT_TRUE(bl.map(0x1000, 0x9000'0000, 0x1000));
  ASSERT_TRUE(b64.map(0x1000, 0xa000'0000, 0x1000));
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  w.bank_short(3, bs.config());
  EXPECT_EQ(w.read_cb(3, FSR) & Format, Format_short);
  EXPECT_EQ(w.output_of(9, 0x1004), 0x8000'0004U);
  w.write_cb(3, TLBIALL, 0);
  w.bank_long(3, bl.config());
  EXPECT_EQ(w.read_cb(3, FSR) & Format, Format_long);
  EXPECT_EQ(w.output_of(9, 0x1004), 0x9000'0004U);
  w.write_cb(3, TLBIALL, 0);
  w.bank64(3, b64.config());
  EXPECT_EQ(w.read_cb(3, FSR) & Format, Format_64);
  EXPECT_EQ(w.output_of(9, 0x1004), 0xa000'0004U);
}

// 9.6.1: without short descriptors EAE counts as 1
TEST(TranslationScheme, WithoutShortDescriptorsIsTheLongOneOfAarch32) {
  Features f;
  f.PTFS = 1;
  FormatsWorld w(f);
  auto& b = w.builder(FormatsWorld::config_long());
  ASSERT_TRUE(b.map(0x1000, 0x9000'0000, 0x1000));
  w.bank_long(3, b.config());
  w.change_cb(3, TCR, 1U << 31, 0);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1004), 0x9000'0004U);
  EXPECT_EQ(w.read_cb(3, FSR) & Format, Format_long);
}

// 10.2.2
TEST(TranslationScheme, WithoutAarch32IsAarch64WhateverIsWrittenToVa64) {
  Features f;
  f.PTFS = 2;
  FormatsWorld w(f);
  auto& b = w.stream64(9, 3);
  ASSERT_TRUE(b.map(0x1000, 0x9000'0000, 0x1000));
  w.write(w.gr1(CBA2R0 + 4 * 3), 0);
  w.start();
  EXPECT_EQ(w.read(w.gr1(CBA2R0 + 4 * 3)) & 1, 1U);
  EXPECT_EQ(w.output_of(9, 0x1004), 0x9000'0004U);
}

// 17.3.8: EAE "always reads as the value 1. Writes are ignored", and "Writes to bit[4] are ignored"
TEST(TranslationScheme, OfStage2KeepsWhatStage1HasInEaeAndBit4OfTcr) {
  for (const std::uint32_t bits : {0U, 1U << 31 | 1U << 4}) {
    FormatsWorld w;
    w.write(w.gr1(CBA2R0 + 4 * 3), 0);
    w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
    w.write_cb(3, TCR, bits);
    w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage2);
    EXPECT_EQ(w.read_cb(3, TCR), bits | 1U << 31);
    w.write_cb(3, TCR, ~bits);
    EXPECT_EQ(w.read_cb(3, TCR) & (1U << 31 | 1U << 6), 1U << 31 | 1U << 6);
    w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
    EXPECT_EQ(w.read_cb(3, TCR) & (1U << 31 | 1U << 4 | 1U << 6), bits | 1U << 6);
  }
}

// ---- tags (Table 2-5)

// Two banks with tables of their own. @return whether the second got an entry of the first
class Tags {
 public:
  explicit Tags(const Features& features = {}) : w(features) {
    pgtable::Mapping m;
    m.nG = true;
    for (auto* b : {&first, &second}) {
      *b = &w.builder(World::config64());
      EXPECT_TRUE((*b)->map(0x1000, *b == first ? 0x8000'0000 : 0x9000'0000, 0x1000, m));
      m.nG = false;
      EXPECT_TRUE((*b)->map(0x2000, *b == first ? 0xa000'0000 : 0xb000'0000, 0x1000, m));
      m.nG = true;
    }
  }
  void banks(std::uint16_t asid1, std::uint8_t vmid1, std::uint16_t asid2, std::uint8_t vmid2,
             unsigned bank1 = 3, unsigned bank2 = 4, std::uint32_t CBAR = CBAR_stage1) {
    w.bank64(bank1, first->config(), asid1, vmid1, 0, CBAR);
    w.bank64(bank2, second->config(), asid2, vmid2, 0, CBAR);
    w.map_stream(0, 9, S2CR_translate | bank1);
    w.map_stream(1, 10, S2CR_translate | bank2);
    w.start();
  }
  bool shares_nonglobal() {
    EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
    return w.output_of(10, 0x1000) == 0x8000'0000U;
  }
  bool shares_global() {
    EXPECT_EQ(w.output_of(9, 0x2000), 0xa000'0000U);
    return w.output_of(10, 0x2000) == 0xa000'0000U;
  }
  pgtable::Builder* first = nullptr;
  pgtable::Builder* second = nullptr;
  FormatsWorld w;
};

TEST(TlbTags, OfNonSecureStage1AreVmidAndAsidOfNonGlobalEntries) {
  {
    Tags t;
    t.banks(1, 0, 2, 0);
    EXPECT_FALSE(t.shares_nonglobal());
    EXPECT_TRUE(t.shares_global());
  }
  {
    Tags t;
    t.banks(1, 0, 1, 3);
    EXPECT_FALSE(t.shares_nonglobal());
    EXPECT_FALSE(t.shares_global());
  }
  {
    Tags t;
    t.banks(1, 3, 1, 3);
    EXPECT_TRUE(t.shares_nonglobal());
    EXPECT_TRUE(t.shares_global());
  }
}

// 16.5.39, AS: of eight bits the upper half does not count, and is read back
TEST(TlbTags, HaveAnAsidOf8Or16Bits) {
  for (const bool AS : {false, true}) {
    SCOPED_TRACE(AS);
    Tags t;
    t.banks(0x101, 0, 0x201, 0);
    for (const unsigned bank : {3U, 4U}) t.w.change_cb(bank, TCR2, 1U << 4, AS ? 1U << 4 : 0);
    EXPECT_EQ(t.shares_nonglobal(), !AS);
    EXPECT_EQ(t.w.read_cb(4, TTBR0, 8) >> 48, 0x201U);
  }
}

// 16.5.38, A1
TEST(TlbTags, HaveTheAsidOfTheTtbrThatA1Names) {
  Tags t;
  t.banks(1, 0, 2, 0);
  for (const unsigned bank : {3U, 4U}) {
    t.w.change_cb(bank, TCR, 0, 1U << 22);
    t.w.write_cb(bank, TTBR1, t.w.read_cb(bank, TTBR1, 8) | std::uint64_t{7} << 48, 8);
  }
  EXPECT_TRUE(t.shares_nonglobal());
}

// 16.5.7: of short descriptors the ASID is CONTEXTIDR's, and has eight bits
TEST(TlbTags, HaveTheAsidOfContextidrWithShortDescriptors) {
  FormatsWorld w;
  pgtable::Mapping m;
  m.AttrIndx = 3;
  auto& b1 = w.builder(FormatsWorld::config_short());
  auto& b2 = w.builder(FormatsWorld::config_short());
  ASSERT_TRUE(b1.map(0x1000, 0x8000'0000, 0x1000, m));
  ASSERT_TRUE(b2.map(0x1000, 0x9000'0000, 0x1000, m));
  w.bank_short(3, b1.config(), 1);
  w.bank_short(4, b2.config(), 2);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.map_stream(1, 10, S2CR_translate | 4);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x9000'0000U);
  w.write_cb(4, CONTEXTIDR, 0x1234'5601);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x8000'0000U);
  w.write_cb(4, CONTEXTIDR, 0x1234'5602);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x9000'0000U);
}

// 16.5.40: of AArch32 Long descriptors the ASID is TTBR's, of bits [55:48], whatever AS says
TEST(TlbTags, HaveAnAsidOf8BitsWithAarch32LongDescriptors) {
  FormatsWorld w;
  pgtable::Mapping m;
  m.nG = true;
  auto& b1 = w.builder(FormatsWorld::config_long());
  auto& b2 = w.builder(FormatsWorld::config_long());
  ASSERT_TRUE(b1.map(0x1000, 0x8000'0000, 0x1000, m));
  ASSERT_TRUE(b2.map(0x1000, 0x9000'0000, 0x1000, m));
  w.bank_long(3, b1.config(), 1);
  w.bank_long(4, b2.config(), 2);
  for (const unsigned bank : {3U, 4U}) w.write_cb(bank, TCR2, 1U << 4);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.map_stream(1, 10, S2CR_translate | 4);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x9000'0000U);
  w.write_cb(4, TTBR0, b2.config().stage1.tables[0].base | std::uint64_t{0x3301} << 48, 8);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x8000'0000U) << "bits [63:56] are no part of it";
}

TEST(TlbTags, OfStage2IsTheVmid) {
  FormatsWorld w;
  auto& b1 = w.builder(World::config_stage2());
  auto& b2 = w.builder(World::config_stage2());
  ASSERT_TRUE(b1.map(0x1000, 0x8000'0000, 0x1000));
  ASSERT_TRUE(b2.map(0x1000, 0x9000'0000, 0x1000));
  w.bank_stage2(3, b1.config(), 1);
  w.bank_stage2(4, b2.config(), 2);
  w.map_stream(0, 9, S2CR_translate | 3);
  w.map_stream(1, 10, S2CR_translate | 4);
  w.start();
  EXPECT_EQ(w.output_of(9, 0x1000), 0x8000'0000U);
  EXPECT_EQ(w.output_of(10, 0x1000), 0x9000'0000U);
}

// 1.6.6: a Secure bank's VMID takes no part, and its entries are not those of Non-secure banks
TEST(TlbTags, OfSecureStage1AreTheAsidAndNoVmid) {
  {
    Tags t(two_states());
    t.w.write(SCR1, (t.w.read(SCR1, 4, true) & ~0xffffULL) | 30U | 62U << 8, 4, true);
    t.w.bank64(30, t.first->config(), 1, 3);
    t.w.bank64(31, t.second->config(), 1, 4);
    for (const unsigned group : {62U, 63U}) {
      t.w.write(S2CR0 + 4 * group, S2CR_translate | (group - 32), 4, true);
      t.w.write(SMR0 + 4 * group, SMR_VALID | (group - 53), 4, true);
    }
    t.w.write(sCR0, CR0_GFRE | CR0_USFCFG, 4, true);
    const auto of = [&](std::uint32_t sid) {
      auto r = World::request(sid, 0x1000);
      r.space = pgtable::AddressSpace::secure;
      return t.w.access(r).output;
    };
    EXPECT_EQ(of(9), 0x8000'0000U);
    EXPECT_EQ(of(10), 0x8000'0000U);
  }
  Tags t(two_states());
  t.w.write(SCR1, (t.w.read(SCR1, 4, true) & ~0xffffULL) | 30U | 62U << 8, 4, true);
  t.w.bank64(30, t.first->config(), 1, 0);
  t.w.bank64(3, t.second->config(), 1, 0);
  t.w.write(S2CR0 + 4 * 62, S2CR_translate | 30, 4, true);
  t.w.write(SMR0 + 4 * 62, SMR_VALID | 9, 4, true);
  t.w.write(sCR0, CR0_GFRE | CR0_USFCFG, 4, true);
  t.w.map_stream(1, 10, S2CR_translate | 3);
  t.w.start();
  auto r = World::request(9, 0x2000);
  r.space = pgtable::AddressSpace::secure;
  EXPECT_EQ(t.w.access(r).output, 0xa000'0000U);
  EXPECT_EQ(t.w.output_of(10, 0x2000), 0xb000'0000U);
}

// ---- VMIDs (1.6.6, 10.2)

TEST(Vmid, Has16BitsWithVmid16enWhateverTheFormat) {
  for (const bool wide : {false, true}) {
    for (const bool aarch64 : {false, true}) {
      SCOPED_TRACE(::testing::Message() << wide << aarch64);
      Tags t;
      auto& w = t.w;
      pgtable::Builder* b[2] = {t.first, t.second};
      for (unsigned i = 0; i < 2; ++i) {
        if (aarch64) {
          w.bank64(3 + i, b[i]->config(), 1, 5);
        } else {
          b[i] = &w.builder(FormatsWorld::config_long());
          ASSERT_TRUE(b[i]->map(0x1000, i == 0 ? 0x8000'0000 : 0x9000'0000, 0x1000));
          w.bank_long(3 + i, b[i]->config(), 1, 5);
        }
        w.write(w.gr1(CBA2R0 + 4 * (3 + i)), (aarch64 ? 1U : 0U) | (0x100U + i) << 16);
        w.map_stream(i, 9 + i, S2CR_translate | (3 + i));
      }
      w.start(wide ? CR0_VMID16EN : 0);
      EXPECT_EQ(t.shares_nonglobal(), !wide);
    }
  }
}

TEST(Vmid, HasEightBitsWithoutVmid16s) {
  Features f;
  f.VMID16S = false;
  Tags t(f);
  t.banks(1, 5, 1, 5);
  for (unsigned i = 0; i < 2; ++i) t.w.write(t.w.gr1(CBA2R0 + 4 * (3 + i)), 1U | (0x100U + i) << 16);
  t.w.start(CR0_VMID16EN);
  EXPECT_EQ(t.w.read(sCR0) >> 31, 0U);
  EXPECT_EQ(t.w.read(t.w.gr1(CBA2R0 + 4 * 4)), 1U);
  EXPECT_TRUE(t.shares_nonglobal());
}

// 2.7.4: what a descriptor of Non-secure memory says of nG does not count
TEST(SecureTranslations, OfNonSecureTablesAreNotGlobal) {
  for (const bool NSCFG0 : {false, true}) {
    SCOPED_TRACE(NSCFG0);
    Tags t(two_states());
    t.w.write(SCR1, (t.w.read(SCR1, 4, true) & ~0xffffULL) | 30U | 62U << 8, 4, true);
    t.w.bank64(30, t.first->config(), 1, 0);
    t.w.bank64(31, t.second->config(), 2, 0);
    for (const unsigned bank : {30U, 31U}) t.w.change_cb(bank, TCR2, 0, NSCFG0 ? 1U << 14 : 0);
    for (const unsigned group : {62U, 63U}) {
      t.w.write(S2CR0 + 4 * group, S2CR_translate | (group - 32), 4, true);
      t.w.write(SMR0 + 4 * group, SMR_VALID | (group - 53), 4, true);
    }
    t.w.write(sCR0, CR0_GFRE | CR0_USFCFG, 4, true);
    const auto of = [&](std::uint32_t sid) {
      auto r = World::request(sid, 0x2000);
      r.space = pgtable::AddressSpace::secure;
      Access a(t.w.smmu, r);
      if (a.step() == smmu::Step::need) {
        EXPECT_EQ(a.op().space, NSCFG0 ? pgtable::AddressSpace::non_secure : pgtable::AddressSpace::secure);
      }
      t.w.run(a);
      return a.answer().output;
    };
    EXPECT_EQ(of(9), 0xa000'0000U);
    EXPECT_EQ(of(10), NSCFG0 ? 0xb000'0000U : 0xa000'0000U);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
