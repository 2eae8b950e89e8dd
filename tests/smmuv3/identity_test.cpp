// ID registers: which combinations are legal, versions, and the identities of known SMMUs (IHI 0070 2.2
// to 2.8, 6.3.1 to 6.3.8).
#include "smmuvp/smmuv3/id_fields.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace smmuvp::smmuv3 {
namespace {

/// All that SMMUv3.3 asks for.
Features version_3_3() {
  Features f;
  f.RIL = f.FWB = f.Hyp = f.E0PD = f.PTWNNC = true;
  f.BBML = 1;
  return f;
}

TEST(Version, IsTheHighestWhoseMandatoryFeaturesAreAllThere) {
  Features f = version_3_3();
  EXPECT_EQ(f.version(), 3U);
  EXPECT_EQ(id_registers(f).AIDR, 3U);
  EXPECT_EQ(Features{}.version(), 1U);
  f.EPAN = true;
  EXPECT_EQ(f.version(), 3U) << "SMMUv3.4 asks for MTEPERM with stage 2";
  f.S2P = f.VMID16 = f.Hyp = false;
  EXPECT_EQ(f.version(), 4U);
  f.EPAN = false;
  EXPECT_EQ(f.version(), 3U);
}

TEST(Version, FallsWithEachMandatoryFeature) {
  struct Row {
    const char* what;
    void (*take)(Features&);
    unsigned version;
  };
  for (const Row& row :
       {Row{"HAD", [](Features& f) { f.HAD = false; }, 0}, Row{"XNX", [](Features& f) { f.XNX = false; }, 0},
        Row{"RIL", [](Features& f) { f.RIL = false; }, 1}, Row{"BBML", [](Features& f) { f.BBML = 0; }, 1},
        Row{"FWB", [](Features& f) { f.FWB = false; }, 1}, Row{"Hyp", [](Features& f) { f.Hyp = false; }, 1},
        Row{"E0PD", [](Features& f) { f.E0PD = false; }, 2},
        Row{"PTWNNC", [](Features& f) { f.PTWNNC = false; }, 2}}) {
    Features f = version_3_3();
    row.take(f);
    EXPECT_EQ(f.version(), row.version) << row.what;
  }
}

TEST(Version, AsksOfAStageThatIsNotThereForNothing) {
  Features f = version_3_3();
  f.S2P = f.VMID16 = f.Hyp = f.XNX = f.PTWNNC = false;
  EXPECT_EQ(f.version(), 3U);
  f = version_3_3();
  f.S1P = f.HAD = f.Hyp = false;
  EXPECT_EQ(f.version(), 3U);
}

TEST(IdFields, OfAStageThatIsNotThereAreRes0) {
  Features f = version_3_3();
  f.S1P = false;
  EXPECT_EQ(id_registers(f).IDR3 >> 2 & 1, 0U) << "HAD";
  f = version_3_3();
  f.S2P = false;
  EXPECT_EQ(id_registers(f).IDR3 >> 4 & 1, 0U) << "XNX";
  EXPECT_EQ(id_registers(f).IDR3 >> 14 & 1, 0U) << "PTWNNC";
}

TEST(IdFields, ThatCannotGoTogetherAreRefusedByName) {
  struct Row {
    const char* parameter;
    void (*make)(Features&);
  };
  for (const Row& row :
       {Row{"SIDSIZE", [](Features& f) { f.SIDSIZE = 33; }},
        Row{"CMDQS", [](Features& f) { f.CMDQS = 20; }},
        Row{"CMDQS", [](Features& f) { f.EVENTQS = 20; }},
        Row{"OAS", [](Features& f) { f.OAS = 47; }},
        Row{"STALL_MODEL", [](Features& f) { f.STALL_MODEL = 3; }},
        Row{"S1P", [](Features& f) { f.S1P = f.S2P = f.VMID16 = false; }},
        Row{"TTF", [](Features& f) { f.TTF = 0; }},
        Row{"HTTU", [](Features& f) { f.HTTU = 3; }},
        Row{"Hyp", [](Features& f) { f.Hyp = true, f.S2P = f.VMID16 = false; }},
        Row{"SSIDSIZE", [](Features& f) { f.SSIDSIZE = 21; }},
        Row{"BBML", [](Features& f) { f.BBML = 3; }},
        Row{"GRAN4K", [](Features& f) { f.GRAN4K = false; }},
        Row{"TTF", [](Features& f) { f.TTF = 3, f.GRAN4K = false, f.GRAN64K = true; }},
        Row{"DS", [](Features& f) { f.DS = true, f.VAX = 1, f.GRAN4K = false, f.GRAN64K = true; }},
        Row{"DS", [](Features& f) { f.DS = true; }},
        Row{"VAX", [](Features& f) { f.VAX = 1; }},
        Row{"VAX", [](Features& f) { f.VAX = 2; }},
        Row{"OAS", [](Features& f) { f.OAS = 52; }},
        Row{"OAS", [](Features& f) { f.OAS = 52, f.GRAN64K = true, f.HAD = false; }},
        Row{"OAS", [](Features& f) { f.VAX = 1, f.GRAN64K = true, f.XNX = false; }},
        Row{"VMID16", [](Features& f) { f.S2P = false; }},
        Row{"PBHA", [](Features& f) { f.PBHA = true, f.HAD = false; }},
        Row{"PBHA", [](Features& f) { f.PBHA = true, f.XNX = false; }},
        Row{"TTENDIAN", [](Features& f) { f.TTENDIAN = 1; }},
        Row{"ST_LEVEL", [](Features& f) { f.ST_LEVEL = 2; }},
        Row{"SIDSIZE", [](Features& f) { f.ST_LEVEL = 0; }},
        Row{"STALL_MAX", [](Features& f) { f.STALL_MAX = 1; }}}) {
    Features f;
    row.make(f);
    ASSERT_NE(f.problem(), nullptr) << row.parameter;
    EXPECT_EQ(std::string(f.problem()).rfind(std::string(row.parameter) + " ", 0) == 0 ||
                  std::string(f.problem()).rfind(std::string(row.parameter) + ",", 0) == 0,
              true)
        << f.problem();
  }
}

TEST(IdFields, DoNotOverlapAndLeadToTheBitsOfTheirRegisters) {
  std::set<std::string> names;
  std::uint32_t IdRegisters::*reg = nullptr;
  std::uint32_t seen = 0;
  for (const IdField& field : id_fields()) {
    if (field.reg != reg) seen = 0;
    reg = field.reg;
    const std::uint32_t bits = ((std::uint32_t{2} << (field.high - field.low)) - 1) << field.low;
    EXPECT_EQ(seen & bits, 0U) << field.name;
    seen |= bits;
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    if (field.set == nullptr) {
      EXPECT_EQ(field.get(id_registers(Features{})), 0U) << field.name;
      continue;
    }
    for (std::uint32_t value = 0; value <= field.most; value += field.most > 64 ? 97 : 1) {
      Features f;
      f.SECURE_IMPL = true;  // the other fields of S_IDR1 are RES0 without it
      field.set(f, value);
      EXPECT_EQ(field.get(id_registers(f)), value) << field.name;
    }
  }
}

class OfPersonality : public ::testing::TestWithParam<std::size_t> {
 protected:
  const Personality& personality() const { return personalities()[GetParam()]; }
};

TEST_P(OfPersonality, TheFeaturesAreLegalAndBuilt) {
  EXPECT_EQ(features_of(personality()).problem(), nullptr);
}

// Whatever bit differs from the source is a field that cannot have its value yet, told by name.
TEST_P(OfPersonality, EveryBitIsThatOfTheSourceOrToldByTheNameOfItsField) {
  if (!personality().with_all) return;
  const IdRegisters& wanted = personality().id;
  IdRegisters is = id_registers(features_of(personality()));
  for (const IdDifference& d : id_differences(wanted, is)) {
    SCOPED_TRACE(d.field->name);
    EXPECT_NE(built_value(*d.field, d.wanted), d.wanted) << "it is built";
    is.*d.field->reg ^= (d.wanted ^ d.is) << d.field->low;
  }
  EXPECT_EQ(is.IDR0, wanted.IDR0);
  EXPECT_EQ(is.IDR1, wanted.IDR1);
  EXPECT_EQ(is.IDR2, wanted.IDR2);
  EXPECT_EQ(is.IDR3, wanted.IDR3);
  EXPECT_EQ(is.IDR5, wanted.IDR5);
  EXPECT_EQ(is.IIDR, wanted.IIDR);
}
INSTANTIATE_TEST_SUITE_P(Known, OfPersonality, ::testing::Range<std::size_t>(0, personalities().size()),
                         [](const auto& info) {
                           std::string name = personalities()[info.param].name;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

// IDR1.SIDSIZE of 7 or more with IDR0.ST_LEVEL 0 (6.3.2), and no granule (6.3.6).
TEST(Personality, WhatCannotGoTogetherInItGoesBackToItsDefault) {
  Personality p{"made_up", "nowhere", id_registers(Features{})};
  p.id.IDR0 &= ~(3U << 27);
  p.id.IDR5 &= ~0x70U;
  const Features f = features_of(p);
  EXPECT_EQ(f.problem(), nullptr);
  EXPECT_TRUE(f.GRAN4K);
  EXPECT_EQ(f.SIDSIZE, Features{}.SIDSIZE);
  EXPECT_EQ(f.ST_LEVEL, 1U);
}

TEST(Personality, OfAnMmu600ReadsAsTheRegisterMapOfAgilex5) {
  const Personality* p = find_personality("arm-mmu-600");
  ASSERT_NE(p, nullptr);
  EXPECT_EQ(p->id.IDR0, 0x080f7e3fU);
  EXPECT_EQ(p->id.IDR1, 0x0e739d18U);
  EXPECT_EQ(p->id.IDR3, 0x3cU);
  EXPECT_EQ(p->id.IDR5, 0x00400075U);
  EXPECT_EQ(p->id.IIDR, 0x4832243bU);
  EXPECT_EQ(p->id.AIDR, id_registers(features_of(*p)).AIDR) << "SMMUv3.1";
  EXPECT_EQ(to_text(id_differences(p->id, id_registers(features_of(*p)))), "") << "all of it is built";
}

TEST(Personality, ThatIsMinimalIsAllThere) {
  const Personality* p = find_personality("minimal");
  ASSERT_NE(p, nullptr);
  const IdRegisters is = id_registers(features_of(*p));
  EXPECT_TRUE(id_differences(p->id, is).empty()) << to_text(id_differences(p->id, is));
  EXPECT_EQ(is.IDR1, 0U);
  EXPECT_EQ(is.AIDR, 0U);
}

TEST(Personality, ThatIsMaximalHasTheMostOfEachFieldThatIsBuiltOrTheMostThatGoesWithTheOthers) {
  const Personality* p = find_personality("maximal");
  ASSERT_NE(p, nullptr);
  const Features features = features_of(*p);
  for (const IdField& field : id_fields()) {
    if (field.set == nullptr) continue;
    const auto most = built_value(field, field.get(p->id));
    if (!most || field.get(id_registers(features)) == *most) continue;
    Features more = features;
    field.set(more, *most);
    EXPECT_NE(more.problem(), nullptr) << field.name << " could be " << *most;
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
