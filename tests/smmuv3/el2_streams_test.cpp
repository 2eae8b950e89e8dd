// Streams of EL2: STRW and CR2.E2H, what their CDs mean, and what tags their translations (IHI 0070 3.3.3,
// 3.17, 5.2, 5.4.1).
#include <gtest/gtest.h>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmuv3/explain_access.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

enum class By { EL1, EL2, E2H };

Features with_hyp() {
  Features f;
  f.Hyp = true;
  return f;
}

class El2Streams : public ::testing::Test {
 protected:
  static constexpr std::uint64_t va = 0x1000;

  El2Streams() { w.start(); }
  void set_e2h(bool E2H, bool invalidate = true) {
    w.write(0x20, CR0_implemented & ~CR0_SMMUEN);
    w.write(0x2c, CR2_RECINVSID | (E2H ? CR2_E2H : 0));
    w.write(0x20, CR0_implemented);
    if (invalidate) w.command(0x4, 31);
  }
  static Structure ste(By world, std::uint64_t cd, std::uint16_t vmid = 0) {
    return ste_stage1(cd).set(94, 2, world == By::EL1 ? 0 : 2).set(128, 16, vmid);
  }
  /// A stream with tables of its own whose page `va` has the output address `output`.
  pgtable::Builder& stream(std::uint32_t sid, By world, std::uint64_t output, std::uint16_t asid = 1,
                           std::uint16_t vmid = 0) {
    pgtable::Builder& b = w.space();
    EXPECT_TRUE(b.map(va, output, 0x1000));
    w.put(World::cd_address(sid), cd_for(b.config(), asid));
    w.put_ste(sid, ste(world, World::cd_address(sid), vmid));
    return b;
  }
  Structure cd(std::uint32_t sid, By world) {
    Structure s;
    pgtable::Builder& b = stream(sid, world, 0x8000'0000);
    return s = cd_for(b.config(), 1);
  }
  std::uint64_t type_of_event() {
    const auto e = w.pop_event();
    return e ? bits(*e, 7, 0) : 0;
  }
  World w{with_hyp()};
};

TEST(StreamWorlds, FollowFromStrwAndE2hWhereStage1AloneTranslates) {
  for (const bool Hyp : {false, true}) {
    Features f;
    f.Hyp = Hyp;
    for (const bool E2H : {false, true}) {
      for (const unsigned Config : {0U, 4U, 5U, 6U, 7U}) {
        for (unsigned STRW = 0; STRW < 4; ++STRW) {
          Structure s = ste_stage1(World::cds).set(1, 3, Config).set(94, 2, STRW);
          s.set(160, 6, 24).set(166, 2, 1).set(176, 3, 4).set(179, 1, 1);  // a stage 2
          const Ste ste = Ste::decode(s.words, f, E2H);
          const bool used = Hyp && Config == 5;
          EXPECT_EQ(ste.valid, !used || STRW == 0 || STRW == 2) << Hyp << Config << STRW;
          if (!ste.valid) continue;
          const StreamWorld el2 = E2H ? StreamWorld::NS_EL2_E2H : StreamWorld::NS_EL2;
          EXPECT_EQ(ste.world, used && STRW == 2 ? el2 : StreamWorld::NS_EL1) << Hyp << Config << STRW;
        }
      }
    }
  }
}

TEST(StreamWorlds, OfEl2NeedBothStages) {
  Features f = with_hyp();
  EXPECT_EQ(f.problem(), nullptr);
  EXPECT_EQ(id_registers(f).IDR0 >> 9 & 1, 1U) << "Hyp";
  f.S2P = f.VMID16 = false;
  EXPECT_NE(f.problem(), nullptr);
  EXPECT_EQ(id_registers(Features{}).IDR0 >> 9 & 1, 0U);
}

TEST(StreamWorlds, E2hIsRes0WithoutHypAndGuardedBySmmuen) {
  World without;
  without.write(0x2c, CR2_E2H);
  EXPECT_EQ(without.read(0x2c), 0U);
  World with(with_hyp());
  with.write(0x2c, CR2_E2H);
  EXPECT_EQ(with.read(0x2c), CR2_E2H);
  with.write(0x20, CR0_SMMUEN);
  with.write(0x2c, 0);
  EXPECT_EQ(with.read(0x2c), CR2_E2H);
}

// ---- what a CD means

TEST_F(El2Streams, HaveTtb0AloneWhichNothingDisables) {
  Structure s = cd(1, By::EL2);
  // EPD0 and EPD1; T1SZ, TG1 and TTB1 that EL1 would refuse, TBI1
  s.set(14, 1, 1).set(30, 1, 0).set(16, 6, 0).set(22, 2, 0).set(39, 1, 1);
  s.words[2] = ~0ULL;
  w.put(World::cd_address(1), s);
  EXPECT_EQ(w.access(1, va).output, 0x8000'0000U);
  for (const std::uint64_t high : {0xffff'ffff'ffff'f000ULL, 0x0080'0000'0000'0000ULL, 1ULL << 39}) {
    EXPECT_EQ(w.access(1, high).outcome, Outcome::abort);
    EXPECT_EQ(type_of_event(), 0x10U) << "F_TRANSLATION";
  }
  w.put_ste(1, ste(By::EL1, World::cd_address(1)));
  w.command(0x3 | 1ULL << 32);
  EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
  EXPECT_EQ(type_of_event(), 0x0aU) << "EL1 has TTB1, too";
}

TEST_F(El2Streams, HaveBothRangesWithE2h) {
  set_e2h(true);
  pgtable::Builder& b = stream(1, By::E2H, 0x8000'0000);
  ASSERT_TRUE(b.map(0xffff'ffff'ffff'f000, 0x9000'0000, 0x1000));
  w.put(World::cd_address(1), cd_for(b.config(), 1));
  EXPECT_EQ(w.access(1, va).output, 0x8000'0000U);
  EXPECT_EQ(w.access(1, 0xffff'ffff'ffff'f000).output, 0x9000'0000U);
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(14, 1, 1));
  w.command(0x5 | 1ULL << 32);
  w.command(0x30);
  EXPECT_EQ(w.access(1, 0x2000).outcome, Outcome::abort);
  EXPECT_EQ(type_of_event(), 0x10U) << "EPD0";
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(16, 6, 0));
  w.command(0x5 | 1ULL << 32);
  EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
  EXPECT_EQ(type_of_event(), 0x0aU) << "T1SZ";
}

TEST_F(El2Streams, CheckNoPrivilegeAndKnowNoPan) {
  struct Case {
    By world;
    bool E2H;
    bool unprivileged_may, pan_bites;
  };
  for (const Case c : {Case{By::EL1, false, false, true}, Case{By::EL2, false, true, false},
                       Case{By::E2H, true, false, true}}) {
    SCOPED_TRACE(static_cast<int>(c.world));
    w.clear();
    set_e2h(c.E2H);
    w.command(0x30);
    w.smmu.engine().tlb().clear();
    pgtable::Builder& b = stream(1, c.world, 0x8000'0000);
    ASSERT_TRUE(b.map(va + 0x1000, 0x8000'1000, 0x1000));
    w.put(World::cd_address(1), cd_for(b.config(), 1).set(40, 1, 1));  // PAN
    const std::uint64_t leaf = b.descriptor_address(va, 3).value_or(0);
    w.memory.write(leaf, w.memory.read(leaf, 8) & ~(1ULL << 6));  // AP[1]: privileged only
    w.memory.write(leaf + 8, w.memory.read(leaf + 8, 8) | 1ULL << 6);
    EXPECT_EQ(w.access(1, va).outcome == Outcome::forward, c.unprivileged_may);
    auto q = World::request(1, va + 0x1000);
    q.privileged = true;
    const auto a = w.access(q);
    EXPECT_EQ(a.outcome == Outcome::abort, c.pan_bites);
    if (!c.pan_bites) {
      EXPECT_TRUE(a.privileged) << "13.4.1: what goes on is as it came";
    }
    while (w.pop_event()) {
    }
  }
}

TEST_F(El2Streams, IgnoreTheTopByteAsTbi0Says) {
  w.put(World::cd_address(1), cd(1, By::EL2).set(38, 1, 1));
  EXPECT_EQ(w.access(1, 0xab00'0000'0000'0000 | va).output, 0x8000'0000U);
  EXPECT_EQ(w.access(1, 0x0080'0000'0000'0000 | va).outcome, Outcome::abort) << "VA[55] is no tag";
}

TEST_F(El2Streams, IgnoreWideVmidsAndAsidsButForAsidsWithE2h) {
  Features f = with_hyp();
  f.VMID16 = f.ASID16 = false;
  const Structure wide = cd(1, By::EL2).set(48, 16, 0x100);
  for (const bool E2H : {false, true}) {
    const Ste el2 = Ste::decode(ste(By::EL2, World::cds, 0x100).words, f, E2H);
    EXPECT_TRUE(el2.valid) << el2.why;
    EXPECT_EQ(el2.vmid, 0U);
    EXPECT_EQ(Cd::decode(wide.words, f, el2).valid, !E2H);
  }
  EXPECT_FALSE(Ste::decode(ste(By::EL1, World::cds, 0x100).words, f).valid);
}

TEST_F(El2Streams, WithE2hHaveNoVmsav8_32Tables) {
  Features f = with_hyp();
  f.TTF = 3;
  const Structure lpae = cd(1, By::EL2).set(41, 1, 0).set(0, 6, 0).set(16, 6, 0);
  const Cd e2h = Cd::decode(lpae.words, f, Ste::decode(ste(By::E2H, World::cds).words, f, true));
  EXPECT_FALSE(e2h.valid);
  EXPECT_STREQ(e2h.why, "CD.AA64 is 0, and the StreamWorld is EL2-E2H");
}

TEST_F(El2Streams, AreExplainedByTheRulesOfTheirStreamWorld) {
  w.put(World::cd_address(1), cd(1, By::EL2).set(16, 6, 0));  // T1SZ: ILLEGAL by EL1
  const auto read = [this](const smmu::MemoryOp& op) { return w.memory.carry_out(op); };
  for (const bool cached : {false, true}) {
    const AccessExplanation e = explain(w.smmu, World::request(1, va), read);
    ASSERT_EQ(e.structures.size(), 2U);
    EXPECT_TRUE(e.structures[1].memory_explanation.verdict->legal);
    if (cached) {
      EXPECT_TRUE(e.structures[1].cached_explanation.verdict->legal);
    }
    w.access(1, va);
  }
}

// ---- tags

TEST_F(El2Streams, ShareOneAddressSpaceWhateverTheirAsidsAndVmids) {
  stream(1, By::EL2, 0x8000'0000, 1, 1);
  stream(2, By::EL2, 0x9000'0000, 2, 2);
  EXPECT_EQ(w.access(1, va).output, 0x8000'0000U);
  EXPECT_EQ(w.access(2, va).output, 0x8000'0000U) << "3.17: EL2 has neither ASIDs nor VMIDs";
}

TEST_F(El2Streams, AreToldApartByAsidAndNotByVmidWithE2h) {
  set_e2h(true);
  stream(1, By::E2H, 0x8000'0000, 1, 1);
  stream(2, By::E2H, 0x9000'0000, 2, 1);
  stream(3, By::E2H, 0xa000'0000, 1, 2);
  for (const std::uint32_t s : {1U, 2U}) {  // nG
    const std::uint64_t leaf = w.builders[s - 1].descriptor_address(va, 3).value_or(0);
    w.memory.write(leaf, w.memory.read(leaf, 8) | 1ULL << 11);
  }
  EXPECT_EQ(w.access(1, va).output, 0x8000'0000U);
  EXPECT_EQ(w.access(2, va).output, 0x9000'0000U);
  EXPECT_EQ(w.access(3, va).output, 0x8000'0000U);
}

TEST_F(El2Streams, ShareNoTranslationWithEl1) {
  stream(1, By::EL1, 0x8000'0000);
  stream(2, By::EL2, 0x9000'0000);
  EXPECT_EQ(w.access(1, va).output, 0x8000'0000U);
  EXPECT_EQ(w.access(2, va).output, 0x9000'0000U);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 2U);
  set_e2h(true);
  stream(3, By::E2H, 0xa000'0000);
  EXPECT_EQ(w.access(3, va).output, 0xa000'0000U);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 3U) << "EL2 and EL2-E2H are told apart";
  w.command(0x30);  // CMD_TLBI_NSNH_ALL
  EXPECT_EQ(w.smmu.engine().tlb().size(), 2U) << "4.4.4.1: not those of EL2";
}

TEST_F(El2Streams, E2hIsCachedWithTheConfiguration) {
  pgtable::Builder& b = stream(1, By::EL2, 0x8000'0000);
  w.put(World::cd_address(1), cd_for(b.config(), 1).set(30, 1, 0).set(16, 6, 0));  // T1SZ is RES0 by EL2
  EXPECT_EQ(w.access(1, va).outcome, Outcome::forward);
  set_e2h(true, false);
  EXPECT_EQ(w.access(1, va).outcome, Outcome::forward) << "6.3.12: software has invalidated nothing";
  w.command(0x3 | 1ULL << 32);
  EXPECT_EQ(w.access(1, va).outcome, Outcome::abort);
  EXPECT_EQ(type_of_event(), 0x0aU);
}

TEST_F(El2Streams, ASavedStateKeepsTheirStreamWorld) {
  set_e2h(true);
  stream(1, By::E2H, 0x8000'0000);
  EXPECT_EQ(w.access(1, va).outcome, Outcome::forward);
  ArchiveWriter writer;
  w.smmu.visit(writer);
  World v(with_hyp());
  v.memory = w.memory;
  ArchiveReader reader(writer.data());
  v.smmu.visit(reader);
  ASSERT_TRUE(reader.complete()) << reader.error();
  const Cd* cd = v.smmu.parts().configs.cds.probe(1, 0);
  ASSERT_NE(cd, nullptr);
  EXPECT_EQ(cd->translation.tag.regime, static_cast<std::uint8_t>(StreamWorld::NS_EL2_E2H));
  EXPECT_EQ(v.smmu.parts().configs.stes.probe(1, 0)->world, StreamWorld::NS_EL2_E2H);
}

}  // namespace
}  // namespace smmuvp::smmuv3
