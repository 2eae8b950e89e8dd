// The fields of registers: what decoding, dumps and tools read.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "smmuvp/base/field_text.h"
#include "smmuvp/smmuv2/explain_register.h"
#include "smmuvp/smmuv2/register_fields.h"

namespace smmuvp::smmuv2 {
namespace {

TEST(Structures, EveryFieldLiesWithinItsRegister) {
  for (const StructureInfo* s : register_formats()) {
    EXPECT_TRUE(s->bytes == 4 || s->bytes == 8) << s->title;
    EXPECT_GT(s->fields.size(), 0U) << s->title;
    for (const Field* f : s->fields) {
      EXPECT_LE(f->low, f->high) << s->title << ", " << f->name;
      EXPECT_LT(f->high, s->bytes * 8U) << s->title << ", " << f->name;
    }
  }
}

TEST(Structures, FieldsOfAFormatShareNoBits) {
  for (const StructureInfo* s : register_formats()) {
    std::uint64_t taken = 0;
    for (const Field* f : s->fields) {
      EXPECT_EQ(taken & f->in_word(), 0U) << s->title << ", " << f->name;
      taken |= f->in_word();
    }
  }
}

TEST(Structures, FieldsOfAFormatHaveNamesOfTheirOwnAndEachHasItsClause) {
  for (const StructureInfo* s : register_formats()) {
    std::set<std::string> names;
    for (const Field* f : s->fields) {
      EXPECT_TRUE(names.insert(f->name).second) << s->title << ", " << f->name;
      EXPECT_EQ(std::string(f->clause).rfind("IHI 0062 ", 0), 0U) << s->title << ", " << f->name;
    }
    EXPECT_EQ(std::string(s->clause).rfind("IHI 0062 ", 0), 0U) << s->title;
  }
}

TEST(Structures, EveryFormatHasATitleOfItsOwn) {
  std::set<std::string> titles;
  for (const StructureInfo* s : register_formats()) {
    EXPECT_TRUE(titles.insert(std::string(s->name) + " " + s->title).second) << s->title;
  }
}

/// All bits with a field.
std::uint64_t bits_of(const StructureInfo& s) {
  std::uint64_t all = 0;
  for (const Field* f : s.fields) all |= f->in_word();
  return all;
}

// What the clauses leave reserved, bit by bit.
TEST(Structures, BitsWithoutAFieldAreTheReservedOnes) {
  const struct {
    const StructureInfo& format;
    std::uint64_t reserved;
  } known[] = {
      {SCR0_format, 0xc0000800},                 // 9.6.3: 31:30, 11
      {CR0_format, 0x30000000},                  // 9.6.3: 29:28
      {SCR1_format, 0xc0000000},                 // 9.6.24: 31:30
      {IDR0_format, 0},                          // 9.6.1
      {IDR1_format, 0x0c004000},                 // 9.6.1: 27:26, 14
      {IDR2_format, 0x80000000},                 // 9.6.1: 31
      {SGFSR_format, 0x7ffffe00},                // 9.6.15: 30:9
      {GFSR_format, 0x7ffffe80},                 // and 7
      {SGFSYNR0_format, 0xffff0081},             // 9.6.17: 31:16, 7, 0
      {GFSYNR0_format, 0xffff00b0},              // 31:16, 7, 5:4
      {sGPAR_long_format, 0x00ff00000000007e},   // 9.6.20: 55:48, 6:1
      {sGPAR_fault_format, 0xfffffff49ffffc00},  // 63:36, 34, 31, 28:10
      {PAR_fault_format, 0xfffffff45ffffc00},    // 16.5.14: 63:36, 34, 30, 28:10
      {PAR_short_format, 0xffffffff00000800},    // 63:32, 11
      {SMR_format, 0x00008000},                  // 9.6.25: 15
      {SMR_extended_format, 0},                  // 9.6.25
      {S2CR_translation_format, 0},              // 9.6.23
      {S2CR_bypass_format, 0x08000000},          // 9.6.23: 27
      {S2CR_fault_format, 0x0ffcfbff},           // 9.6.23: 27:18, 15:11, 9:0
      {CBAR_stage2_format, 0x00fcff00},          // 10.2.1: 23:18, 15:8
      {CBAR_stage1_format, 0},                   // 10.2.1
      {CBAR_stage1_fault_format, 0x00fcffff},
      {CBAR_nested_format, 0x00fc0000},
      {CBA2R_format, 0x0000fffc},              // 10.2.2: 15:2
      {SCTLR_stage1_format, 0x80202800},       // 16.5.29: 31, 21, 13, 11
      {SCTLR_stage2_format, 0xf0101e00},       // 17.3.3: 31:28, 20, 12, 11:9
      {TCR_short_format, 0x3fffbfc8},          // 16.5.38: 29:15, 13:6, 3
      {TCR_long_format, 0x00388078},           // 21:19, 15, 6:3
      {TCR_64_format, 0x00000040},             // 6
      {TCR_stage2_32_format, 0x7fffc030},      // 17.3.8: 30:14, 5:4
      {TCR_stage2_64_format, 0xff980000},      // 31:23, 20:19
      {TCR2_format, 0xbffc3088},               // 16.5.39: 31, 29:18, 13:12, 7, 3
      {PRRR_format, 0x00f00000},               // 16.5.27: 23:20
      {NMRR_format, 0},                        // 16.5.13
      {FSR_format, 0x3ffff801},                // 16.5.9: 29:11, 0
      {FSYNR0_stage1_format, 0xfffff28c},      // 16.5.11: 31:12, 9, 7, 3:2
      {FSYNR0_stage2_format, 0xff00f080},      // 17.3.1: 31:24, 15:12, 7
      {TLBIVA_64_format, 0x0000f00000000000},  // 16.5.32: 47:44
      {TLBIIPAS2_format, 0xfffffff000000000},  // 17.3.4: 63:36
      {PMCGCR_format, 0xf080e000},             // 12.2.5: 31:28, 23, 15:13
      {PMCFGR_format, 0x00f60000},             // 12.2.4: 23:20, 18:17
  };
  for (const auto& k : known) {
    const std::uint64_t all = low_bits(k.format.bytes * 8U);
    EXPECT_EQ(all & ~bits_of(k.format), k.reserved) << k.format.title;
  }
}

TEST(Structures, EveryNamedValueFitsItsField) {
  for (const StructureInfo* s : register_formats()) {
    for (const Field* f : s->fields) {
      for (unsigned i = 0; i < f->value_count; ++i) {
        EXPECT_LE(f->values[i].value, low_bits(f->width() / f->elements)) << s->title << ", " << f->name;
      }
    }
  }
}

TEST(Structures, ReservedCodesSayWhatTheyBehaveAs) {
  bool wrong = false;
  EXPECT_EQ(meaning_text(S2CR_TYPE, 3, wrong), "Reserved, behaves as 0b10");  // 9.6.23
  EXPECT_TRUE(wrong);
  wrong = false;
  EXPECT_EQ(meaning_text(TCR2_SEP, 6, wrong), "Reserved, behaves as 0b111");  // 16.5.39
  EXPECT_TRUE(wrong);
  wrong = false;
  EXPECT_EQ(meaning_text(S2CR_TYPE, 1, wrong), "bypass mode");
  EXPECT_FALSE(wrong);
  EXPECT_EQ(meaning_text(IDR0_PTFS, 3, wrong), "Reserved");
  EXPECT_TRUE(wrong);
}

TEST(Structures, ReservedBitsThatAreSetAreExplainedAsWrong) {
  const std::vector<ExplainedField> fields =
      explain_register(PRRR_format, 0x00f0'0000);  // 16.5.26: [23:20] RES0
  unsigned wrong = 0;
  for (const ExplainedField& f : fields) {
    if (f.name != "RES0") continue;
    ++wrong;
    EXPECT_EQ(f.value, 0xfU);
    EXPECT_TRUE(f.wrong);
    EXPECT_EQ(f.meaning, "must be 0");
  }
  EXPECT_EQ(wrong, 1U);
}

TEST(Structures, ArgumentsOfOperationsAreAddressesInTheirOwnBits) {
  // 16.5.32: bits [55:12] at [43:0]; AArch32 in place
  EXPECT_EQ(get_address(std::uint64_t{0x12345}, TLBIVA_Address), 0x12345000U);
  EXPECT_EQ(get_address(std::uint64_t{0x12345678}, TLBIVA_VA), 0x12345000U);
  EXPECT_EQ(get(std::uint64_t{0x12345678}, TLBIVA_ASID_32), 0x78U);
  EXPECT_EQ(get(std::uint64_t{0xabcd} << 48, TLBIVA_ASID), 0xabcdU);
  EXPECT_EQ(get_address(std::uint64_t{0xfffffffff}, TLBIIPAS2_Address), 0xfffffffff000U);
  EXPECT_EQ(get_address(std::uint64_t{0x1234500f}, sGATS_Addr), 0x12345000U);
}

}  // namespace
}  // namespace smmuvp::smmuv2
