// Attributes of the SMMU's own accesses by CR1, and what the overrides of an STE and of GBPA do to an access
// (IHI 0070 5.2, 6.3.11, 6.3.14, 6.3.24, 13.1).
#include <gtest/gtest.h>

#include <utility>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::AccessKind;
using smmu::Outcome;
using smmu::Shareability;
using smmu::Step;

// ---- CR1 (6.3.11)

constexpr std::uint64_t RA_or_WA = 1ULL << 62;

/// What a value of {SH, OC, IC} says. Non-cacheable without either level is Outer Shareable.
pgtable::Attributes of_fields(unsigned SH, unsigned OC, unsigned IC, bool hint) {
  const auto level = [hint](unsigned field) {
    if (field != 1 && field != 2) return 4U;  // Non-cacheable; 0b11 is Reserved, and treated as it
    return (field == 1 ? 0xcU : 0x8U) | (hint ? 3U : 0U);
  };
  const unsigned memory = level(OC) << 4 | level(IC);
  if (memory == 0x44) return {0x44, Shareability::outer};
  return {static_cast<std::uint8_t>(memory), static_cast<Shareability>(SH == 1 ? 0 : SH)};
}

TEST(CR1, TableFieldsAreTheAttributesOfStesAndOfLevel1DescriptorsAlone) {
  Features f;
  f.SIDSIZE = 16;
  World w(f);
  w.start();
  for (const bool hint : {false, true}) {
    for (unsigned fields = 0; fields < 64; ++fields) {
      w.write(0x20, CR0_CMDQEN);
      w.command(0x04, 31);
      w.write(0x20, 0);
      w.write(0x28, fields << 6 | (~fields & 63));
      w.write(0x80, World::strtab | (hint ? RA_or_WA : 0), 8);
      w.write(0x88, 1U << 16 | 6U << 6 | 12);
      w.write(0x20, CR0_implemented);
      w.memory.write(World::strtab, 0x6000'0000 | 7);
      const auto expected = of_fields(fields >> 4, fields >> 2 & 3, fields & 3, hint);
      Access a(w.smmu, World::request(1, 0x1000));
      for (const char* purpose : {"L1STD", "STE"}) {
        ASSERT_EQ(a.step(), Step::need);
        EXPECT_STREQ(a.op().purpose, purpose);
        EXPECT_EQ(a.op().attributes, expected) << purpose << " with " << fields << ", RA " << hint;
        a.complete(w.memory.carry_out(a.op()));
      }
      w.finish(a);
      w.work();
      w.pop_event();
    }
  }
}

TEST(CR1, QueueFieldsAreTheAttributesOfCommandsAndOfRecordsAlone) {
  World w;
  w.start();
  for (const bool hint : {false, true}) {
    for (unsigned fields = 0; fields < 64; ++fields) {
      w.write(0x20, 0);
      w.write(0x28, fields | (~fields & 63) << 6);
      w.write(0x90, World::cmdq | World::log2_cmds | (hint ? RA_or_WA : 0), 8);
      w.write(0xa0, World::eventq | World::log2_events | (hint ? RA_or_WA : 0), 8);
      w.write(0x20, CR0_implemented);
      const auto expected = of_fields(fields >> 4, fields >> 2 & 3, fields & 3, hint);
      w.push(0x04, 31);
      ASSERT_EQ(w.commands().step(w.now), Step::need);
      EXPECT_EQ(w.commands().op().attributes, expected) << fields << ", RA " << hint;
      w.work();
      Access a(w.smmu, World::request(1, 0x1000));  // its STE is invalid
      w.finish(a);
      ASSERT_EQ(w.events().step(w.now), Step::need);
      EXPECT_EQ(w.events().op().attributes, expected) << fields << ", WA " << hint;
      w.work();
      ASSERT_TRUE(w.pop_event());
    }
  }
}

// ---- STE.{S1CSH, S1COR, S1CIR} and CD.{SHx, ORx, IRx} (5.2, 5.4)

/// What the two cacheability fields say: nibbles for their four values, with Read-Allocate where there is a
/// hint.
pgtable::Attributes of_levels(const unsigned (&nibbles)[4], unsigned fields) {
  const unsigned memory = nibbles[fields >> 2 & 3] << 4 | nibbles[fields & 3];
  if (memory == 0x44) return {0x44, Shareability::outer};
  const unsigned SH = fields >> 4;
  return {static_cast<std::uint8_t>(memory), static_cast<Shareability>(SH == 1 ? 0 : SH)};
}

TEST(StructureFields, AreTheAttributesOfCdsAndOfTheTablesOfEachHalf) {
  // The Write-Allocate hint of a CD is IMPLEMENTATION DEFINED (5.2).
  constexpr unsigned of_a_cd[] = {0x4, 0xf, 0xa, 0xd};
  constexpr unsigned of_a_table[] = {0x4, 0xf, 0xa, 0xe};
  World w;
  w.start();
  pgtable::Builder& b = w.stream(1);
  const Structure cd = cd_for(b.config(), 1);
  for (unsigned fields = 0; fields < 64; ++fields) {
    for (const bool upper : {false, true}) {
      const unsigned low = upper ? 24 : 8;  // IRx, ORx, SHx
      w.put(World::cd_address(1), Structure(cd)
                                      .set(8, 6, ~fields)
                                      .set(24, 6, ~fields)
                                      .set(low, 2, fields & 3)
                                      .set(low + 2, 2, fields >> 2 & 3)
                                      .set(low + 4, 2, fields >> 4));
      w.put_ste(1, ste_stage1(World::cd_address(1)).set(66, 6, fields));
      w.command(0x04, 31);
      Access a(w.smmu, World::request(1, upper ? 0xffff'ffff'ffff'f000 : 0x1000));
      ASSERT_EQ(a.step(), Step::need);
      a.complete(w.memory.carry_out(a.op()));
      ASSERT_EQ(a.step(), Step::need);
      EXPECT_STREQ(a.op().purpose, "CD");
      EXPECT_EQ(a.op().attributes, of_levels(of_a_cd, fields)) << fields;
      a.complete(w.memory.carry_out(a.op()));
      ASSERT_EQ(a.step(), Step::need);
      EXPECT_STREQ(a.op().purpose, "TTD");
      EXPECT_EQ(a.op().attributes, of_levels(of_a_table, fields))
          << fields << (upper ? " of TTB1" : " of TTB0");
      w.finish(a);
      w.work();
      w.pop_event();
    }
  }
}

// ---- overrides without their features (5.2, 6.3.2, 6.3.14)

constexpr pgtable::Attributes incoming_attributes = {0xbb, Shareability::inner};

/// An access that brings what no override here asks for.
smmu::AccessRequest bringing(std::uint32_t sid, std::uint64_t address, bool privileged, bool instruction) {
  auto q = World::request(sid, address);
  q.attributes = incoming_attributes;
  q.privileged = privileged;
  q.instruction = instruction;
  return q;
}

class OverridesOfFeatures : public ::testing::TestWithParam<std::pair<bool, bool>> {
 protected:
  static Features features() {
    Features f;
    f.ATTR_TYPES_OVR = GetParam().first;
    f.ATTR_PERMS_OVR = GetParam().second;
    return f;
  }
  /// The override is to Device-nGnRE and to what is not brought.
  static void expect(const smmu::AccessAnswer& a, bool privileged, bool instruction) {
    const auto [types, permissions] = GetParam();
    EXPECT_EQ(a.attributes, types ? (pgtable::Attributes{0x04, Shareability::outer}) : incoming_attributes);
    EXPECT_EQ(a.privileged, privileged != permissions);
    EXPECT_EQ(a.instruction, instruction != permissions);
  }
};

TEST_P(OverridesOfFeatures, OfAnSteHaveNoEffectWithoutThem) {
  World w(features());
  w.start();
  for (const bool brings : {false, true}) {
    const std::uint64_t other = brings ? 2 : 3;
    w.put_ste(brings ? 1 : 0, ste_bypass()
                                  .set(96, 4, 1)
                                  .set(100, 1, 1)
                                  .set(101, 4, 0xf)
                                  .set(108, 2, 2)
                                  .set(112, 2, other)
                                  .set(114, 2, other));
    expect(w.access(bringing(brings ? 1 : 0, 0x1000, brings, brings)), brings, brings);
  }
}

TEST_P(OverridesOfFeatures, OfGbpaHaveNoEffectWithoutThem) {
  World w(features());
  for (const bool brings : {false, true}) {
    const std::uint32_t other = brings ? 2 : 3;
    w.write(0x44, GBPA_Update | other << 18 | other << 16 | 2U << 12 | 0xfU << 8 | 1U << 4 | 1);
    expect(w.access(bringing(1, 0x1000, brings, brings)), brings, brings);
  }
}

TEST_P(OverridesOfFeatures, OfAnSteDecideNoRightsWithoutThem) {
  World w(features());
  w.start();
  pgtable::Builder& b = w.stream(1);
  pgtable::Mapping m;
  m.unprivileged = false;
  ASSERT_TRUE(b.map(0x1000, 0x8000'0000, 0x1000, m));
  w.put_ste(1, ste_stage1(World::cd_address(1)).set(112, 2, 3));
  EXPECT_EQ(w.access(1, 0x1000).outcome, GetParam().second ? Outcome::forward : Outcome::abort);
}

INSTANTIATE_TEST_SUITE_P(All, OverridesOfFeatures,
                         ::testing::Values(std::pair{true, true}, std::pair{true, false},
                                           std::pair{false, true}, std::pair{false, false}),
                         [](const auto& i) {
                           return std::string(i.param.first ? "Types" : "NoTypes") +
                                  (i.param.second ? "Permissions" : "NoPermissions");
                         });

// ---- overrides and rights (5.2, 13.1.1, 13.1.2)

/// One page of stream 1, by stage 1 or by stage 2.
class OverridesAndRights : public ::testing::TestWithParam<bool> {
 protected:
  static constexpr std::uint64_t va = 0x1000;
  enum : unsigned { use_incoming = 0, reserved = 1, off = 2, on = 3 };
  OverridesAndRights() {
    Structure s;
    if (stage2()) {
      pages = &w.ipa_space();
      s = ste_stage2(pages->config().stage2);
    } else {
      pages = &w.stream(1);
      s = ste_stage1(World::cd_address(1));
    }
    m_ste = s;
  }
  static bool stage2() { return GetParam(); }
  void set(unsigned PRIVCFG, unsigned INSTCFG) {
    Structure s = m_ste;
    w.put_ste(1, s.set(112, 2, PRIVCFG).set(114, 2, INSTCFG));
    w.command(0x03 | 1ULL << 32);
  }
  bool passes(AccessKind kind, bool privileged, bool instruction) {
    auto q = World::request(1, va, kind);
    q.privileged = privileged;
    q.instruction = instruction;
    if (w.access(q).outcome == Outcome::forward) return true;
    // PnU and InD of the record are those after the overrides.
    const Record r = w.event();
    EXPECT_EQ(bits(r, 7, 0), 0x13U);
    last_PnU = bits(r, 97, 97) != 0;
    last_InD = bits(r, 98, 98) != 0;
    return false;
  }
  Stage2World w;
  pgtable::Builder* pages = nullptr;
  bool last_PnU = false, last_InD = false;

 private:
  Structure m_ste;
};

TEST_P(OverridesAndRights, InstcfgMakesReadsExecutionOrTakesItFromThem) {
  pgtable::Mapping data;  // no execution
  ASSERT_TRUE(pages->map(va, 0x8000'0000, 0x1000, data));
  for (int warm = 0; warm < 2; ++warm) {
    for (const bool instruction : {false, true}) {
      for (unsigned INSTCFG = 0; INSTCFG < 4; ++INSTCFG) {
        set(use_incoming, INSTCFG);
        if (warm != 0) w.access(World::request(1, va, AccessKind::write));
        const bool executes = INSTCFG == on || (INSTCFG != off && instruction);
        EXPECT_EQ(passes(AccessKind::read, false, instruction), !executes) << INSTCFG;
        EXPECT_TRUE(last_InD || !executes);
        EXPECT_TRUE(passes(AccessKind::write, false, instruction)) << "writes are Data";
        EXPECT_TRUE(passes(AccessKind::atomic, false, instruction)) << "and so are atomics";
      }
    }
  }
}

TEST_P(OverridesAndRights, PrivcfgDecidesWhoseRightsCount) {
  pgtable::Mapping code;
  if (stage2()) {
    code.privileged_execute = true;  // XN[1:0] 0b01..0b11: execution at one level of privilege alone
    code.unprivileged_execute = false;
  } else {
    code.unprivileged = false;  // no unprivileged access at all
  }
  ASSERT_TRUE(pages->map(va, 0x8000'0000, 0x1000, code));
  for (const bool privileged : {false, true}) {
    for (unsigned PRIVCFG = 0; PRIVCFG < 4; ++PRIVCFG) {
      set(PRIVCFG, use_incoming);
      const bool counts = PRIVCFG == on || (PRIVCFG != off && privileged);
      EXPECT_EQ(passes(AccessKind::read, privileged, stage2()), counts) << PRIVCFG;
      EXPECT_FALSE(last_PnU && !counts);
      if (stage2()) continue;
      EXPECT_EQ(passes(AccessKind::write, privileged, false), counts) << PRIVCFG;
    }
  }
}

TEST_P(OverridesAndRights, ExecutionOfDeviceMemoryIsPermitted) {
  pgtable::Mapping device;
  device.AttrIndx = 1;  // 0x00 of MAIR: Device-nGnRnE
  device.MemAttr = 0;
  device.privileged_execute = device.unprivileged_execute = true;
  ASSERT_TRUE(pages->map(va, 0x8000'0000, 0x1000, device));
  set(use_incoming, use_incoming);
  auto q = World::request(1, va);
  q.instruction = true;
  const auto a = w.access(q);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.attributes, (pgtable::Attributes{0x00, Shareability::outer})) << "and it stays Device";
}

INSTANTIATE_TEST_SUITE_P(Stage, OverridesAndRights, ::testing::Bool(),
                         [](const auto& i) { return i.param ? "2" : "1"; });

// ---- what leaves the SMMU (13.1.2)

TEST(OutputAttributes, AreDataAndPrivilegedFromSMMUv34On) {
  Features f;
  f.S2P = f.VMID16 = f.Hyp = false;
  f.RIL = f.FWB = f.E0PD = true;
  f.BBML = 1;
  for (const bool EPAN : {false, true}) {
    f.EPAN = EPAN;
    ASSERT_EQ(f.version(), EPAN ? 4U : 3U);
    World w(f);
    const auto expect = [&w, &f](std::uint32_t sid, bool privileged, bool instruction, int times) {
      auto q = World::request(sid, 0x1000);
      q.privileged = privileged;
      q.instruction = instruction;
      for (int i = 0; i < times; ++i) {
        const auto a = w.access(q);
        EXPECT_EQ(a.outcome, Outcome::forward);
        EXPECT_EQ(a.privileged, f.EPAN || privileged) << "stream " << sid << ", access " << i;
        EXPECT_EQ(a.instruction, !f.EPAN && instruction) << "stream " << sid << ", access " << i;
      }
    };
    w.write(0x44, GBPA_Update | 0x1000);
    for (const bool own : {false, true}) expect(0, own, own, 3);
    w.start();
    w.put_ste(1, ste_bypass());
    for (const bool own : {false, true}) expect(1, own, own, 3);
    pgtable::Mapping m;
    m.unprivileged_execute = true;
    ASSERT_TRUE(w.stream(2).map(0x1000, 0x8000'0000, 0x1000, m));
    w.put_ste(2, ste_stage1(World::cd_address(2)));
    expect(2, false, false, 3);
    expect(2, false, true, 3);
    // What it is judged as is another matter: privileged code may execute nothing that others can write.
    auto q = World::request(2, 0x1000);
    q.privileged = q.instruction = true;
    EXPECT_EQ(w.access(q).outcome, Outcome::abort);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
