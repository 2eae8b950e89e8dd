// Page-Based Hardware Attributes: which bits of descriptors go on with an access (IHI 0070 3.3.5, 5.2, 5.4,
// 6.3.4).
#include <string>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/dump.h"
#include "smmuvp/smmuv3/explain_access.h"
#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

constexpr unsigned first_bit = 59;  // of descriptors: PBHA[3:0] is bits [62:59]
constexpr std::uint64_t low = 0x4000;
constexpr std::uint64_t high = 0xffff'ffff'ffc0'0000ULL;
constexpr std::uint64_t page = 0x9000'0000;

Features features(bool PBHA = true) {
  Features f;
  f.PBHA = PBHA;
  return f;
}

/// CD.HWU059 to HWU062, or HWU159 to HWU162.
Structure& set_HWU(Structure& cd, unsigned range, unsigned value) {
  return cd.set(range == 0 ? 124 : 188, 4, value);
}
Structure& set_HAD(Structure& cd, unsigned range, bool value) {
  return cd.set(range == 0 ? 65 : 129, 1, value ? 1 : 0);
}
/// STE.S2HWU59 to S2HWU62.
Structure& set_S2HWU(Structure& ste, unsigned value) { return ste.set(72, 4, value); }

/// Writes PBHA of the page that `builder` maps at `address`.
void set_PBHA(World& w, pgtable::Builder& builder, std::uint64_t address, std::uint64_t PBHA,
              std::uint64_t beside = 0) {
  const auto at = builder.descriptor_address(address, 3);
  ASSERT_TRUE(at.has_value());
  const std::uint64_t of_memory = *at - beside;
  w.memory.write(of_memory, (w.memory.read(of_memory, 8) & ~(15ULL << first_bit)) | PBHA << first_bit);
}

/// From the tables, from the TLB by an access as an object, and from the micro TLB.
void expect_PBHA(World& w, std::uint32_t sid, std::uint64_t address, unsigned PBHA) {
  for (unsigned n = 0; n < 3; ++n) {
    const smmu::AccessAnswer a = w.access(sid, address);
    ASSERT_EQ(a.outcome, Outcome::forward);
    EXPECT_EQ(a.pbha, PBHA) << (n == 0 ? "walked" : "hit") << ", stream " << sid << std::hex << ", "
                            << address;
  }
  smmu::AccessRequest r = World::request(sid, address);
  r.attributes.memory = 0xbb;  // no finished answer serves it
  Access object(w.smmu, r);
  w.finish(object);
  EXPECT_EQ(object.answer().pbha, PBHA) << "by the main TLB";
  EXPECT_TRUE(object.answer().tlb_hit);
}

struct Stage1 {
  explicit Stage1(const Features& f = features()) : w(f) { w.start(); }
  /// A stream of its own for each HWU and HAD: TLB entries hold what they were made with.
  void expect(unsigned range, unsigned PBHA, unsigned HWU, bool HAD, unsigned expected) {
    const std::uint64_t address = range == 0 ? low : high;
    ++sid;
    pgtable::Builder& b = w.space();
    ASSERT_TRUE(b.map(address, page, 0x1000));
    set_PBHA(w, b, address, PBHA);
    Structure cd = cd_for(b.config(), static_cast<std::uint16_t>(sid));
    set_HAD(set_HWU(cd, range, HWU), range, HAD);
    w.put(World::cd_address(sid), cd);
    w.put_ste(sid, ste_stage1(World::cd_address(sid)));
    expect_PBHA(w, sid, address, expected);
  }
  World w;
  std::uint32_t sid = 0;
};

TEST(Pbha, OfStage1GoesOnWhereItsBitOfTheRangeIsEnabled) {
  for (const unsigned range : {0U, 1U}) {
    Stage1 s;
    for (unsigned bit = 0; bit < 4; ++bit) {
      s.expect(range, 15, 1U << bit, true, 1U << bit);
      s.expect(range, 1U << bit, 15, true, 1U << bit);
      s.expect(range, 15U ^ 1U << bit, 1U << bit, true, 0);
    }
    s.expect(range, 15, 15, true, 15);
    s.expect(range, 15, 0, true, 0);
  }
}

TEST(Pbha, OfStage1IsIgnoredWhereHadIs0) {
  for (const unsigned range : {0U, 1U}) Stage1().expect(range, 15, 15, false, 0);
}

// Each range has bits of its own.
TEST(Pbha, OfOneRangeIsNotEnabledByTheBitsOfTheOther) {
  World w(features());
  w.start();
  pgtable::Builder& b = w.space();
  for (const std::uint64_t address : {low, high}) {
    ASSERT_TRUE(b.map(address, page, 0x1000));
    set_PBHA(w, b, address, 15);
  }
  Structure cd = cd_for(b.config(), 1);
  for (const unsigned range : {0U, 1U}) set_HAD(cd, range, true);
  w.put(World::cd_address(1), set_HWU(set_HWU(cd, 0, 5), 1, 10));
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  expect_PBHA(w, 1, low, 5);
  expect_PBHA(w, 1, high, 10);
}

TEST(Pbha, IsIgnoredWithoutIdr3Pbha) {
  Stage1(features(false)).expect(0, 15, 15, true, 0);
  EXPECT_EQ(id_registers(features(false)).IDR3 >> 3 & 1, 0U);
  EXPECT_EQ(id_registers(features()).IDR3 >> 3 & 1, 1U);
  Stage2World w(features(false));
  pgtable::Builder& ipas = w.ipa_space();
  ASSERT_TRUE(ipas.map(low, page, 0x1000));
  set_PBHA(w, ipas, low, 15);
  Structure ste = ste_stage2(ipas.config().stage2);
  w.put_ste(1, set_S2HWU(ste, 15));
  expect_PBHA(w, 1, low, 0);
}

TEST(Pbha, OfStage2GoesOnWhereItsBitOfTheSteIsEnabled) {
  Stage2World w(features());
  std::uint32_t sid = 0;
  for (unsigned HWU = 0; HWU < 16; ++HWU) {
    pgtable::Builder& ipas = w.ipa_space();
    ASSERT_TRUE(ipas.map(low, page, 0x1000));
    set_PBHA(w, ipas, low, 0b1011);
    Structure ste = ste_stage2(ipas.config().stage2, static_cast<std::uint16_t>(++sid));
    w.put_ste(sid, set_S2HWU(ste, HWU));
    expect_PBHA(w, sid, low, 0b1011 & HWU);
  }
}

// No architecture says how: as Arm's processors do (Cortex-A76 TRM, 100798 A5.7).
TEST(Pbha, OfBothStagesIsBitByBitThatOfStage2WhereItIsEnabledThere) {
  const std::uint64_t ipa = 0x7000'0000;
  for (unsigned HWU = 0; HWU < 16; ++HWU) {
    Stage2World w(features());
    std::uint32_t sid = 0;
    for (const unsigned S2HWU : {0U, 3U, 6U, 15U}) {
      const auto vmid = static_cast<std::uint16_t>(++sid);
      pgtable::Builder& ipas = w.guest();
      ASSERT_TRUE(ipas.map(ipa, page, 0x1000));
      set_PBHA(w, ipas, ipa, 0b0101);
      pgtable::Builder& vas = w.nested_stream(sid, ipas, vmid);
      ASSERT_TRUE(vas.map(low, ipa, 0x1000));
      set_PBHA(w, vas, low, 0b0011, Stage2World::offset);
      Structure cd = cd_for(vas.config(), 1);
      w.put(World::cd_address(sid), set_HAD(set_HWU(cd, 0, HWU), 0, true));
      Structure ste = ste_nested(Stage2World::ipa_of(World::cd_address(sid)), ipas.config().stage2, vmid);
      w.put_ste(sid, set_S2HWU(ste, S2HWU));
      expect_PBHA(w, sid, low, (0b0101 & S2HWU) | (0b0011 & HWU & ~S2HWU));
    }
  }
}

TEST(Pbha, OfABypassIs0) {
  World w(features());
  w.start();
  Structure ste = ste_bypass();
  w.put_ste(1, set_S2HWU(ste, 15));
  EXPECT_EQ(w.access(1, low).pbha, 0U);
}

TEST(Pbha, IsInASavedStateOfTheTlbs) {
  const auto prepare = [](World& w) {
    w.start();
    pgtable::Builder& b = w.space();
    ASSERT_TRUE(b.map(low, page, 0x1000));
    set_PBHA(w, b, low, 9);
    Structure cd = cd_for(b.config(), 1);
    w.put(World::cd_address(1), set_HAD(set_HWU(cd, 0, 15), 0, true));
    w.put_ste(1, ste_stage1(World::cd_address(1)));
  };
  World w(features());
  prepare(w);
  EXPECT_EQ(w.access(1, low).pbha, 9U);
  ArchiveWriter writer;
  w.smmu.visit(writer);
  ASSERT_TRUE(writer.ok()) << writer.error();
  World v(features());
  ArchiveReader reader(writer.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  // It has no memory: what it knows is all that there is.
  expect_PBHA(v, 1, low, 9);
}

// 6.3.4
smmu::DebugMemory memory_of(World& w) {
  return [&w](const smmu::MemoryOp& op) { return w.memory.carry_out(op); };
}

TEST(Pbha, IsInDumpsOfTlbsWithIdr3Pbha) {
  for (const bool PBHA : {false, true}) {
    Stage1 s(features(PBHA));
    s.expect(0, 15, 5, true, PBHA ? 5 : 0);
    for (const DumpSection& part : dump(s.w.smmu, "smmu0", memory_of(s.w)).sections) {
      if (part.title != "TLB" && part.title != "micro TLB of TBU 0") continue;
      ASSERT_EQ(part.rows.size(), 1U);
      ASSERT_EQ(part.rows[0].size(), part.columns.size());
      EXPECT_EQ(part.columns.back(), PBHA ? "PBHA" : "shareability");
      if (PBHA) {
        EXPECT_EQ(part.rows[0].back(), "0x5") << part.title;
      }
    }
  }
}

TEST(Pbha, IsExplainedAndAnEntryWithOtherBitsThanMemoryIsStale) {
  World w(features());
  w.start();
  pgtable::Builder& b = w.space();
  ASSERT_TRUE(b.map(low, page, 0x1000));
  set_PBHA(w, b, low, 15);
  Structure cd = cd_for(b.config(), 1);
  w.put(World::cd_address(1), set_HAD(set_HWU(cd, 0, 5), 0, true));
  w.put_ste(1, ste_stage1(World::cd_address(1)));
  expect_PBHA(w, 1, low, 5);
  AccessExplanation e = explain(w.smmu, World::request(1, low), memory_of(w));
  EXPECT_FALSE(e.stale()) << to_text(e);
  std::string text = to_text(e);
  EXPECT_NE(text.find("HWU059 = 1"), std::string::npos) << text;
  EXPECT_EQ(text.find("HWU060"), std::string::npos) << text;
  EXPECT_NE(text.find("unprivileged, PBHA 0x5 ("), std::string::npos) << text;
  set_PBHA(w, b, low, 14);
  e = explain(w.smmu, World::request(1, low), memory_of(w));
  EXPECT_TRUE(e.translation->tlb_stale);
  EXPECT_EQ(e.now.answer.pbha, 5);
  EXPECT_EQ(e.memory.answer.pbha, 4);
  text = to_text(e);
  EXPECT_NE(text.find("TLB: STALE: cached: "), std::string::npos) << text;
  EXPECT_NE(text.find("micro TLB of TBU 0: STALE: cached: "), std::string::npos) << text;
  set_PBHA(w, b, low, 7);  // another bit that is not enabled
  EXPECT_FALSE(explain(w.smmu, World::request(1, low), memory_of(w)).stale());
}

TEST(Pbha, NeedsHadAndSmmuv31) {
  Features f = features();
  EXPECT_EQ(f.problem(), nullptr);
  f.HAD = false;
  ASSERT_NE(f.problem(), nullptr);
  EXPECT_EQ(std::string(f.problem()).rfind("PBHA needs HAD", 0), 0U) << f.problem();
  f = features();
  f.S1P = false;
  EXPECT_NE(f.problem(), nullptr);
  f = features();
  f.XNX = false;
  EXPECT_NE(f.problem(), nullptr) << "SMMUv3.0";
}

}  // namespace
}  // namespace smmuvp::smmuv3
