// Memory attributes: reserved MAIR bytes, and the combination of both stages (DDI 0487 D8.6, IHI 0070 5.4).
#include "smmuvp/pgtable/attributes.h"

#include <gtest/gtest.h>

#include "hand_tables.h"

namespace smmuvp::pgtable::test {
namespace {

constexpr Shareability NSH = Shareability::non_shareable;
constexpr Shareability OSH = Shareability::outer;
constexpr Shareability ISH = Shareability::inner;

// Columns of the tables below: what stage 1 says.
constexpr std::uint8_t stage1_bytes[] = {
    0x00,  // Device-nGnRnE
    0x04,  // Device-nGnRE
    0x08,  // Device-nGRE
    0x0c,  // Device-GRE
    0x44,  // Normal, Non-cacheable
    0xbb,  // Write-Through, read and write allocate
    0xff,  // Write-Back, read and write allocate
    0x77,  // Write-Back transient
    0x4f,  // outer Non-cacheable, inner Write-Back
    0xa4,  // outer Write-Through read allocate, inner Non-cacheable
};

struct Row {
  unsigned MemAttr;
  std::uint8_t combined[10];
};

// Device is stronger than Normal, the lower Device type than the higher; of Normal memory the weaker
// cacheability, with the allocation hints and transience of stage 1. MemAttr[1:0] = 0b00 with Normal memory
// is reserved: taken as Non-cacheable.
constexpr Row without_FWB[] = {
    {0b0000, {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {0b0001, {0x00, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {0b0010, {0x00, 0x04, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08}},
    {0b0011, {0x00, 0x04, 0x08, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c}},
    {0b0100, {0x00, 0x04, 0x08, 0x0c, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44}},
    {0b0101, {0x00, 0x04, 0x08, 0x0c, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44}},
    {0b0110, {0x00, 0x04, 0x08, 0x0c, 0x44, 0x4b, 0x4b, 0x43, 0x4b, 0x44}},
    {0b0111, {0x00, 0x04, 0x08, 0x0c, 0x44, 0x4b, 0x4f, 0x47, 0x4f, 0x44}},
    {0b1000, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xb4, 0xb4, 0x34, 0x44, 0xa4}},
    {0b1001, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xb4, 0xb4, 0x34, 0x44, 0xa4}},
    {0b1010, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xbb, 0xbb, 0x33, 0x4b, 0xa4}},
    {0b1011, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xbb, 0xbf, 0x37, 0x4f, 0xa4}},
    {0b1100, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xb4, 0xf4, 0x74, 0x44, 0xa4}},
    {0b1101, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xb4, 0xf4, 0x74, 0x44, 0xa4}},
    {0b1110, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xbb, 0xfb, 0x73, 0x4b, 0xa4}},
    {0b1111, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xbb, 0xff, 0x77, 0x4f, 0xa4}},
};

// FWB: MemAttr[2] = 0 is a Device type, combined as above; 0b0101 is Non-cacheable unless stage 1 is Device
// (0b0100 is reserved, and taken likewise); 0b0110 is Write-Back; 0b0111 leaves stage 1 as it is.
constexpr Row with_FWB[] = {
    {0b0000, {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {0b0001, {0x00, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {0b0010, {0x00, 0x04, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08}},
    {0b0011, {0x00, 0x04, 0x08, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c, 0x0c}},
    {0b0100, {0x00, 0x04, 0x08, 0x0c, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44}},
    {0b0101, {0x00, 0x04, 0x08, 0x0c, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44}},
    {0b0110, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x77, 0xff, 0xef}},
    {0b0111, {0x00, 0x04, 0x08, 0x0c, 0x44, 0xbb, 0xff, 0x77, 0x4f, 0xa4}},
};

void expect_row(const Row& row, unsigned MemAttr, bool FWB) {
  for (unsigned i = 0; i < std::size(stage1_bytes); ++i) {
    Stage2Attributes stage2;
    stage2.MemAttr = static_cast<std::uint8_t>(MemAttr);
    const Attributes combined = combine({stage1_bytes[i], NSH}, stage2, FWB);
    EXPECT_EQ(unsigned{combined.memory}, unsigned{row.combined[i]})
        << "FWB " << FWB << " MemAttr " << MemAttr << " stage 1 " << unsigned{stage1_bytes[i]};
    const bool device_or_NC = row.combined[i] < 0x10 || row.combined[i] == 0x44;
    EXPECT_EQ(combined.SH, device_or_NC ? OSH : NSH);
  }
}

TEST(Attributes, WeakerOfBothStagesTakesEffectWithoutFWB) {
  for (const Row& row : without_FWB) expect_row(row, row.MemAttr, false);
}

TEST(Attributes, Stage2DecidesWithFWB) {
  for (const Row& row : with_FWB) {
    expect_row(row, row.MemAttr, true);
    expect_row(row, row.MemAttr | 0b1000, true);  // MemAttr[3] is RES0
  }
}

TEST(Attributes, WiderShareabilityOfBothStagesTakesEffect) {
  const struct {
    Shareability stage1, stage2, combined;
  } rows[] = {{NSH, NSH, NSH},
              {NSH, ISH, ISH},
              {NSH, OSH, OSH},
              {ISH, NSH, ISH},
              {ISH, ISH, ISH},
              {ISH, OSH, OSH},
              {OSH, NSH, OSH},
              {OSH, ISH, OSH},
              {OSH, OSH, OSH},
              {Shareability::reserved, NSH, NSH},
              {NSH, Shareability::reserved, NSH}};
  for (const auto& row : rows) {
    EXPECT_EQ(combine({0xff, row.stage1}, {0b1111, row.stage2}, false).SH, row.combined);
    EXPECT_EQ(combine({0xff, row.stage1}, {0b0111, row.stage2}, true).SH, row.combined);
    EXPECT_EQ(combine({0xff, row.stage1}, {0b0001, row.stage2}, false).SH, OSH);
    EXPECT_EQ(combine({0x44, row.stage1}, {0b1111, row.stage2}, false).SH, OSH);
  }
}

TEST(Attributes, NestedWalkCombinesWhatItsLeavesSay) {
  for (const bool FWB : {false, true}) {
    for (unsigned MemAttr = 0; MemAttr < 16; ++MemAttr) {
      for (const std::uint8_t byte : stage1_bytes) {
        NestedBench bench;
        bench.config.stage2.FWB = FWB;
        bench.config.stage1.MAIR = std::uint64_t{byte} << 24;
        bench.memory[NestedBench::leaf] |= 3 << 2 | 3 << 8;  // AttrIndx 3, Inner Shareable
        std::uint64_t& d = bench.memory[Stage2Bench::page_of(0x20000)];
        d = (d & ~normal_MemAttr) | std::uint64_t{MemAttr} << 2 | 2 << 8;
        const Result r = bench.translate(0);
        ASSERT_TRUE(r.ok());
        Stage2Attributes stage2{static_cast<std::uint8_t>(MemAttr), OSH};
        EXPECT_EQ(r.attributes.memory, combine({byte, ISH}, stage2, FWB).memory);
        EXPECT_EQ(r.attributes.SH, OSH);
        EXPECT_EQ(unsigned{r.stage2_attributes.MemAttr}, MemAttr);
        EXPECT_EQ(r.stage2_attributes.SH, OSH);
      }
    }
  }
}

// IHI 0070 13.1.7
TEST(Attributes, DeviceAndNonCacheableMemoryIsOuterShareable) {
  EXPECT_EQ(effective({0x04, Shareability::inner}).SH, Shareability::outer);
  EXPECT_EQ(effective({0x44, Shareability::non_shareable}).SH, Shareability::outer);
  EXPECT_EQ(effective({0xff, Shareability::inner}), (Attributes{0xff, Shareability::inner}));
  EXPECT_EQ(effective({0xff, Shareability::reserved}).SH, Shareability::non_shareable);
}

TEST(Attributes, StructuresFollowTheirCacheabilityFields) {
  EXPECT_EQ(structure_attributes({0, 0, Shareability::inner}), (Attributes{0x44, Shareability::outer}));
  EXPECT_EQ(structure_attributes({1, 2, Shareability::inner}), (Attributes{0xaf, Shareability::inner}));
  EXPECT_EQ(structure_attributes({3, 3, Shareability::reserved}),
            (Attributes{0xee, Shareability::non_shareable}));
  EXPECT_EQ(structure_attributes({3, 1, Shareability::inner}, 0b1101).memory, 0xfdU) << "an STE's code 3";
}

TEST(Attributes, ReservedMAIRBytesMeanWhatTheSMMUSays) {
  Stage1Bench bench;
  for (unsigned byte = 0; byte < 256; ++byte) {
    bench.config.stage1.MAIR = byte;
    unsigned expected = byte;
    if (byte < 0x10) {
      expected = byte & 0x0c;  // Device
    } else if ((byte & 0xf) == 0) {
      expected = byte | 3;  // inner Write-Through Transient, read and write allocate
    }
    EXPECT_EQ(unsigned{bench.translate(0).attributes.memory}, expected) << byte;
  }
}

// IHI 0062 2.4.2: RACFG in bits [1:0], WACFG in bits [3:2], of each level that is cacheable
TEST(Attributes, AllocationHintsAreOverriddenBy0b10And0b11) {
  for (unsigned field = 0; field < 4; ++field) {
    const unsigned read = field == 3 ? 0U : 0b0010U;
    const unsigned write = field == 3 ? 0U : 0b0001U;
    const auto both = [](unsigned level) { return static_cast<std::uint8_t>(level << 4 | level); };
    const auto of = [](std::uint8_t memory, unsigned allocation) {
      return with_allocation({memory, ISH}, static_cast<std::uint8_t>(allocation)).memory;
    };
    EXPECT_EQ(of(0xff, field), both(0b1101U | read));
    EXPECT_EQ(of(0xff, field << 2), both(0b1110U | write));
    EXPECT_EQ(of(0x33, field << 2), both(0b0010U | write)) << "transient";
    EXPECT_EQ(of(0xcc, field), both(field == 2 ? 0b1110U : 0b1100U));
    EXPECT_EQ(of(0x4f, field), 0x4d | read);
    EXPECT_EQ(of(0x77, field | field << 2), both(field == 3 ? 0b1100U : 0b0111U)) << "no hint, no transience";
    for (const unsigned none : {0x00U, 0x04U, 0x0cU, 0x44U})
      EXPECT_EQ(of(static_cast<std::uint8_t>(none), field | field << 2), none);
  }
}

}  // namespace
}  // namespace smmuvp::pgtable::test
