// Stage 2 and nested translation.
#include <gtest/gtest.h>

#include "world.h"

namespace smmuvp::v3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using Record = std::array<std::uint64_t, 4>;

/// Stage 2 fields as a driver writes them: 40-bit IPAs from level 1, two concatenated tables.
Structure& add_stage2(Structure& s, const pgtable::Config& config, std::uint16_t vmid) {
  const pgtable::Stage2Config& c = config.stage2;
  s.set(128, 16, vmid).set(160, 6, static_cast<std::uint64_t>(c.T0SZ)).set(166, 2, 2U - c.start_level);
  s.set(168, 2, 1).set(170, 2, 1).set(172, 2, 3).set(176, 3, 4).set(179, 1, 1).set(186, 1, 1);
  s.words[3] |= c.base;
  return s;
}

class Stage2 : public ::testing::Test {
 protected:
  Stage2() { w.start(); }
  /// Empty stage 2 tables.
  pgtable::Builder& ipa_space() {
    pgtable::Config c;
    c.stages = pgtable::Stages::stage2;
    c.stage2.T0SZ = 24;
    c.stage2.start_level = 1;
    c.stage2.output_size = 44;
    return w.builder(c);
  }
  Record event() {
    const auto e = w.pop_event();
    EXPECT_TRUE(e.has_value());
    return e.value_or(Record{});
  }
  /// Stream 1: stage 2 alone.
  pgtable::Builder& stage2_stream(std::uint16_t vmid = 7) {
    pgtable::Builder& b = ipa_space();
    Structure s = ste_bypass().set(1, 3, 6);
    w.put_ste(1, add_stage2(s, b.config(), vmid));
    return b;
  }
  World w;
};

TEST_F(Stage2, TranslatesIpas) {
  pgtable::Builder& b = stage2_stream();
  ASSERT_TRUE(b.map(0x12'3456'7000, 0x8000'0000, 0x1000));
  const auto a = w.access(1, 0x12'3456'7123);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x8000'0123U);
  EXPECT_TRUE(w.access(1, 0x12'3456'7456).tlb_hit);
}

TEST_F(Stage2, AFaultTellsItsIpa) {
  stage2_stream();
  EXPECT_EQ(w.access(1, 0x1234'5678).outcome, Outcome::abort);
  const Record e = event();
  EXPECT_EQ(bits(e, 7, 0), 0x10U);
  EXPECT_EQ(bits(e, 103, 103), 1U) << "S2";
  EXPECT_EQ(bits(e, 105, 104), 2U) << "CLASS IN";
  EXPECT_EQ(e[2], 0x1234'5678U);
  EXPECT_EQ(e[3], 0x1234'5000U) << "IPA";
}

/// Stream 2, nested: its CD and tables lie in IPA space, one to one but for `offset`.
class Nested : public Stage2 {
 protected:
  static constexpr std::uint64_t offset = 0x1'0000'0000;
  Nested() : ipas(ipa_space()) {
    // Structures and tables of World, seen at the same IPAs.
    EXPECT_TRUE(ipas.map(World::cds, World::cds, 0x1000));
    EXPECT_TRUE(ipas.map(World::tables, World::tables, 0x10'0000));
    Structure s = ste_stage1(World::cd_address(2));
    s.set(1, 3, 7);
    w.put_ste(2, add_stage2(s, ipas.config(), 7));
    pgtable::Builder& b = w.space();
    vas = &b;
    w.put(World::cd_address(2), cd_for(b.config(), 1));
  }
  pgtable::Builder& ipas;
  pgtable::Builder* vas = nullptr;
};

TEST_F(Nested, BothStagesTranslate) {
  ASSERT_TRUE(vas->map(0x1000, 0x7000'0000, 0x1000));
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x7000'0000 + offset, 0x1000));
  const auto a = w.access(2, 0x1234);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x7000'0234U + offset);
  EXPECT_TRUE(w.access(2, 0x1004).tlb_hit);
}

TEST_F(Nested, AFaultOfStage2OnTheOutputIsOfClassIn) {
  ASSERT_TRUE(vas->map(0x1000, 0x7000'0000, 0x1000));
  EXPECT_EQ(w.access(2, 0x1234).outcome, Outcome::abort);
  const Record e = event();
  EXPECT_EQ(bits(e, 7, 0), 0x10U);
  EXPECT_EQ(bits(e, 103, 103), 1U);
  EXPECT_EQ(bits(e, 105, 104), 2U);
  EXPECT_EQ(e[2], 0x1234U);
  EXPECT_EQ(e[3], 0x7000'0000U);
}

}  // namespace
}  // namespace smmuvp::v3
