// explain(): every bit in one field, and what the specification's tables of fields say (DDI 0487 D8.3, G5.4,
// G5.5). Its kinds, addresses and sizes are held against the walker's, which reads descriptors on its own.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "smmuvp/pgtable/explain.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {
namespace {

using F = DescriptorFormat;
using K = DescriptorKind;

std::vector<ExplainSettings> many_settings() {
  std::vector<ExplainSettings> all;
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    for (unsigned i = 0; i < 128; ++i) {
      ExplainSettings s;
      s.granule = granule;
      (granule == Granule::size_64k ? s.LPA : s.DS) = (i & 1) != 0;
      s.regime = (i & 2) != 0 ? Regime::el2 : Regime::el1_0;
      s.secure = (i & 4) != 0;
      s.HPD = s.HD = s.FWB = (i & 8) != 0;
      s.XNX = s.AFE = (i & 16) != 0;
      s.TRE = (i & 32) != 0;
      if ((i & 64) != 0) {
        s.MAIR = 0x00440c0444f0ffbbU;
        s.PRRR = 0x98aa1234;
        s.NMRR = 0x44e048e0;
        s.DACR = 0x1b1b1b1b;
      }
      all.push_back(s);
    }
  }
  return all;
}

void expect_each_bit_once(F format, int level, std::uint64_t d, const ExplainSettings& s) {
  const auto e = explain(format, level, d, s);
  ASSERT_TRUE(e) << to_string(format) << " level " << level;
  const unsigned width = descriptor_bits(format);
  std::uint64_t whole = 0;
  unsigned next = width;  // one above the highest bit that is still to come
  for (const Field& f : e->fields) {
    ASSERT_EQ(f.high + 1U, next) << f.name << " of " << to_string(format) << " level " << level << ", " << d;
    ASSERT_LE(f.low, f.high) << f.name;
    ASSERT_FALSE(f.name.empty());
    ASSERT_EQ(f.value >> (f.high - f.low) >> 1U, 0U) << f.name;
    whole |= f.value << f.low;
    next = f.low;
  }
  ASSERT_EQ(next, 0U) << to_string(format) << " level " << level << ", " << d;
  ASSERT_EQ(whole, width == 32 ? d & 0xffffffffU : d);
  ASSERT_FALSE(e->title.empty());
  ASSERT_EQ(e->address.has_value(), e->kind >= K::table);
}

TEST(Explain, EveryBitIsInExactlyOneFieldOfEveryFormatLevelAndType) {
  std::mt19937_64 random(1);
  const std::vector<ExplainSettings> settings = many_settings();
  for (unsigned f = 0; f < descriptor_format_count; ++f) {
    const F format = static_cast<F>(f);
    for (const ExplainSettings& s : settings) {
      for (const int level : descriptor_levels(format, s)) {
        for (std::uint64_t type = 0; type < 4; ++type) {
          expect_each_bit_once(format, level, type, s);
          expect_each_bit_once(format, level, type | ~std::uint64_t{3}, s);
          for (int i = 0; i < 8; ++i) {
            expect_each_bit_once(format, level, (random() & ~std::uint64_t{3}) | type, s);
          }
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(Explain, LevelsAreThoseOfTheFormatAndGranule) {
  ExplainSettings s;
  EXPECT_EQ(descriptor_levels(F::lpae64_s1, s), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(descriptor_levels(F::lpae32_s1, s), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(descriptor_levels(F::v7s, s), (std::vector<int>{1, 2}));
  s.DS = true;
  EXPECT_EQ(descriptor_levels(F::lpae64_s2, s), (std::vector<int>{-1, 0, 1, 2, 3}));
  s.granule = Granule::size_64k;
  EXPECT_TRUE(descriptor_levels(F::lpae64_s1, s).empty()) << "DS is of the other granules";
  EXPECT_FALSE(explain(F::lpae64_s1, 3, 0, s));
  s.DS = false;
  EXPECT_EQ(descriptor_levels(F::lpae64_s1, s), (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(explain(F::v7s, 0, 0));
}

const Field& field(const Explanation& e, const std::string& name) {
  for (const Field& f : e.fields) {
    if (f.name == name) return f;
  }
  ADD_FAILURE() << "no field " << name;
  static const Field none;
  return none;
}

TEST(Explain, PageOfALinuxKernelIsExplained) {
  ExplainSettings s;
  s.MAIR = 0x00000004ff440c04ULL;
  const auto e = explain(F::lpae64_s1, 3, 0x00e0000041203713ULL | 3, s);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->title, "page, 4 KiB at 0x41203000");
  EXPECT_FALSE(e->wrong());
  EXPECT_EQ(field(*e, "UXN").meaning, "no unprivileged execution");
  EXPECT_EQ(field(*e, "PXN").meaning, "no privileged execution");
  EXPECT_EQ(field(*e, "software use").value, 0U);
  EXPECT_EQ(field(*e, "AF").meaning, "accessed");
  EXPECT_EQ(field(*e, "SH[1:0]").meaning, "Inner Shareable");
  EXPECT_EQ(field(*e, "AP[2:1]").meaning, "privileged read and write, unprivileged none");
  EXPECT_EQ(field(*e, "AttrIndx[2:0]").meaning, "MAIR Attr4: Device-nGnRE");
}

TEST(Explain, BitsThatNoWalkLooksAtAreNamed) {
  const std::uint64_t block = 0x40000401ULL | 1ULL << 16 | 1ULL << 50 | 0xfULL << 59 | 3ULL << 55;
  const auto e = explain(F::lpae64_s1, 1, block);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->title, "block, 1 GiB at 0x40000000");
  EXPECT_FALSE(e->wrong());
  EXPECT_EQ(field(*e, "nT").value, 1U);
  EXPECT_EQ(field(*e, "GP").value, 1U);
  EXPECT_EQ(field(*e, "PBHA[3:0]").value, 15U);
  EXPECT_EQ(field(*e, "PBHA[3:0]").use, FieldUse::hardware);
}

TEST(Explain, RES0BitsThatAreSetAreWrong) {
  for (const unsigned bit : {5U, 12U, 15U, 17U, 29U, 48U, 49U}) {
    const auto e = explain(F::lpae64_s1, 1, 0x40000401ULL | std::uint64_t{1} << bit);
    ASSERT_TRUE(e);
    EXPECT_TRUE(e->wrong()) << "bit " << bit;
  }
  EXPECT_TRUE(explain(F::lpae64_s2, 2, 1ULL << 59 | 3)->wrong()) << "no hierarchical bits at stage 2";
  EXPECT_FALSE(explain(F::lpae64_s1, 2, 1ULL << 59 | 3)->wrong());
  EXPECT_TRUE(explain(F::lpae32_s1, 2, 1ULL << 40 | 0x403)->wrong());
}

TEST(Explain, ReservedValuesAreWrong) {
  EXPECT_TRUE(field(*explain(F::lpae64_s1, 3, 0x503), "SH[1:0]").wrong);
  EXPECT_TRUE(field(*explain(F::lpae64_s2, 3, 0x4ULL << 2 | 0x403), "MemAttr[3:0]").wrong);
  EXPECT_TRUE(field(*explain(F::v7s, 2, 1U << 9 | 2), "AP[1:0]").wrong);
  EXPECT_TRUE(field(*explain(F::v7s, 1, 3U << 12 | 2), "TEX[2:0]").wrong);
  ExplainSettings el2;
  el2.regime = Regime::el2;
  EXPECT_TRUE(field(*explain(F::lpae64_s1, 3, 0x403, el2), "RES1").wrong) << "AP[1]";
}

TEST(Explain, AddressesAbove48BitsArePutTogether) {
  ExplainSettings s;
  s.DS = true;
  EXPECT_EQ(*explain(F::lpae64_s1, 3, 0x0003'8123'4567'8703ULL, s)->address, 0xf'8123'4567'8000ULL);
  s = {};
  s.granule = Granule::size_64k;
  s.LPA = true;
  EXPECT_EQ(*explain(F::lpae64_s2, 3, 0x0000'8123'4567'a703ULL, s)->address, 0xa'8123'4567'0000ULL);
  // PA[35:32] are bits [23:20], PA[39:36] are bits [8:5]
  EXPECT_EQ(*explain(F::v7s, 1, 0x12340000U | 0xa << 5 | 2)->address, 0xa3'1200'0000ULL);
}

TEST(Explain, ShortDescriptorsHaveTheirTypes) {
  EXPECT_EQ(explain(F::v7s, 1, 0)->kind, K::invalid);
  EXPECT_EQ(explain(F::v7s, 1, 0x80000401)->title, "table of level 2 at 0x80000400");
  EXPECT_EQ(explain(F::v7s, 1, 0x80100002)->title, "section, 1 MiB at 0x80100000");
  EXPECT_EQ(explain(F::v7s, 1, 0x80100003)->kind, K::section) << "bit 0 is PXN";
  EXPECT_EQ(explain(F::v7s, 1, 0x80040002)->title, "supersection, 16 MiB at 0x80000000");
  EXPECT_EQ(explain(F::v7s, 2, 0x80010001)->title, "large page, 64 KiB at 0x80010000");
  EXPECT_EQ(explain(F::v7s, 2, 0x80011003)->title, "small page, 4 KiB at 0x80011000");
}

TEST(Explain, TEXRemapLooksAtPRRRAndNMRR) {
  ExplainSettings s;
  s.TRE = true;
  s.PRRR = 2U << 10;             // TR5 Normal
  s.NMRR = 1U << 26 | 2U << 10;  // OR5, IR5
  const auto e = explain(F::v7s, 2, 1U << 6 | 1U << 2 | 2, s);
  EXPECT_EQ(field(*e, "TEX[0]").meaning,
            "with C and B 5: Normal, Outer Write-Back W-allocate, Inner Write-Through no W-allocate");
}

TEST(Explain, MaliPagesHaveType0b01) {
  EXPECT_EQ(explain(F::mali, 3, 0x800000c1)->kind, K::page);
  EXPECT_EQ(explain(F::mali, 3, 0x800000c3)->kind, K::reserved);
  EXPECT_EQ(explain(F::lpae64_s1, 3, 0x800000c1)->kind, K::reserved);
  EXPECT_EQ(field(*explain(F::mali, 3, 0x800000c1), "access").meaning, "read and write");
}

TEST(Explain, MAIRBytesInWords) {
  EXPECT_EQ(memory_words(0x00), "Device-nGnRnE");
  EXPECT_EQ(memory_words(0x0c), "Device-GRE");
  EXPECT_EQ(memory_words(0x44), "Normal, Outer and Inner Non-cacheable");
  EXPECT_EQ(memory_words(0xff), "Normal, Outer and Inner Write-Back RW-allocate");
  EXPECT_EQ(memory_words(0xbb), "Normal, Outer and Inner Write-Through RW-allocate");
  EXPECT_EQ(memory_words(0xf4), "Normal, Outer Write-Back RW-allocate, Inner Non-cacheable");
  EXPECT_EQ(memory_words(0x02), "reserved MAIR encoding 0x2");
  EXPECT_EQ(memory_words(0x50), "reserved MAIR encoding 0x50");
}

// One descriptor, read by both: a walk that meets it at `level`. A Mali's walk comes there by tables.
TEST(Explain, KindAddressAndSizeAgreeWithTheWalker) {
  std::mt19937_64 random(7);
  unsigned leaves = 0;
  unsigned tables = 0;
  const auto check = [&](F format, const Config& config, int level, const ExplainSettings& s) {
    for (int i = 0; i < 3000; ++i) {
      const std::uint64_t d = (random() & ~std::uint64_t{3}) | (i & 3) | 1U << 10;
      unsigned reads = 0;
      std::uint64_t second = 0;
      WalkRequest request;
      request.access = AccessType::none;
      request.side_effects = false;
      const Result r = walk(config, request, [&](const MemoryOp& op) {
        if (op.level < level) return MemoryResponse{MemoryStatus::ok, 0x1003};
        if (reads++ == 0) {
          EXPECT_EQ(op.level, level);
          return MemoryResponse{MemoryStatus::ok, d};
        }
        second = op.address;
        return MemoryResponse{MemoryStatus::external_abort, 0};
      });
      const auto e = explain(format, level, d, s);
      ASSERT_TRUE(e);
      if (r.fault.kind == FaultKind::address_size) continue;
      if (r.ok()) {
        ASSERT_TRUE(e->is_leaf()) << to_string(format) << ' ' << level << ' ' << e->title;
        ASSERT_EQ(r.output, *e->address);
        ASSERT_EQ(r.block_shift, e->size_shift);
        ++leaves;
      } else if (reads == 2) {
        ASSERT_EQ(e->kind, K::table);
        ASSERT_EQ(second, *e->address);
        ++tables;
      } else {
        ASSERT_EQ(r.fault.kind, FaultKind::translation);
        ASSERT_TRUE(e->kind == K::invalid || e->kind == K::reserved) << e->title;
      }
    }
  };
  for (const Granule granule : {Granule::size_4k, Granule::size_16k, Granule::size_64k}) {
    for (const bool wide : {false, true}) {
      ExplainSettings s;
      s.granule = granule;
      (granule == Granule::size_64k ? s.LPA : s.DS) = wide;
      const int shift = static_cast<int>(granule);
      for (const int level : descriptor_levels(F::lpae64_s1, s)) {
        const int bits = shift + (shift - 3) * (3 - level) + 1;  // one index bit at `level`
        Config config;
        config.stage1.DS = config.stage2.DS = s.DS;
        config.stage1.LPA = config.stage2.LPA = s.LPA;
        config.stage1.output_size = config.stage2.output_size = wide ? 52 : 48;
        config.stage1.tables[0].EPD = false;
        config.stage1.tables[0].granule = config.stage2.granule = granule;
        config.stage1.tables[0].TxSZ = static_cast<std::uint8_t>(64 - bits);
        config.stage2.T0SZ = static_cast<std::int8_t>(64 - bits);
        config.stage2.start_level = static_cast<std::int8_t>(level);
        if (is_walkable(config)) check(F::lpae64_s1, config, level, s);
        config.stages = Stages::stage2;
        if (is_walkable(config)) check(F::lpae64_s2, config, level, s);
      }
    }
  }
  Config config;
  config.stage1.format = Format::mali_lpae;
  config.stage1.output_size = 40;
  config.stage1.tables[0].EPD = false;
  for (const int level : {0, 1, 2, 3}) check(F::mali, config, level, {});
  config.stage1.format = Format::lpae32;
  config.stage1.tables[0].TxSZ = 0;
  check(F::lpae32_s1, config, 1, {});
  config.stage1.tables[0].TxSZ = 7;
  check(F::lpae32_s1, config, 2, {});
  EXPECT_GT(leaves, 10000U);
  EXPECT_GT(tables, 1000U);
}

}  // namespace
}  // namespace smmuvp::pgtable
