// SMMUs of real parts: what their ID registers read as.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "smmuvp/smmuv2/id_fields.h"
#include "smmuvp/smmuv2/registers.h"

namespace smmuvp::smmuv2 {
namespace {

const Personality& named(const char* name) {
  const Personality* p = find_personality(name);
  if (p == nullptr) throw std::runtime_error(name);
  return *p;
}

// There are no broadcasts of TLB maintenance to take part in (9.6.1, IDR0.BTM).
TEST(Personalities, EachIsBuiltAsItsSourceShowsItButForBroadcastTlbMaintenance) {
  for (const Personality& p : personalities()) {
    const Features f = features_of(p);
    EXPECT_STREQ(f.problem(), nullptr) << p.name;
    const bool broadcasts = (p.id.IDR0 >> 13 & 1U) != 0;
    EXPECT_EQ(to_text(id_differences(p.id, id_registers(f))), broadcasts ? "IDR0.BTM 0 instead of 1" : "")
        << p.name;
    EXPECT_EQ(id_registers(f).IDR0 >> 13 & 1U, 0U) << p.name;
    RegisterObserver observer;
    RegisterFile registers(register_table(f), observer);
    prepare(registers, f);
  }
}

TEST(Personalities, EachSaysWhereItIsFromAndHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const Personality& p : personalities()) {
    EXPECT_TRUE(names.insert(p.name).second) << p.name;
    EXPECT_NE(std::string(p.source), "") << p.name;
    EXPECT_NE(std::string(p.compatible).find(','), std::string::npos) << p.name;
  }
  EXPECT_EQ(find_personality("no-such-part"), nullptr);
}

TEST(Personalities, Stratix10ReadsAsItsRegisterMapShows) {
  const Features f = features_of(named("intel-stratix10"));
  const IdRegisters id = id_registers(f);
  EXPECT_EQ(id.IDR0, 0xfc011e40U);  // without BTM
  EXPECT_EQ(id.IDR1, 0x40001f20U);
  EXPECT_EQ(id.IDR2, 0x5555U);
  EXPECT_EQ(id.IDR7, 0x21U);
  RegisterObserver observer;
  RegisterFile registers(register_table(f), observer);
  prepare(registers, f);
  EXPECT_EQ(registers.get(SMMU_sCR0, 0, AccessSecurity::Secure), 0x00200001U);
  EXPECT_EQ(registers.get(SMMU_sCR0), 0x00200001U);
  EXPECT_EQ(registers.get(SMMU_SCR1), 0x02014020U);
  EXPECT_EQ(registers.get(SMMU_sACR, 0, AccessSecurity::Secure), 0x04000004U);
  EXPECT_EQ(registers.get(SMMU_sACR), 0x0400001cU);
}

TEST(Personalities, ZynqUltraScaleReadsAsItsRegisterReferenceShows) {
  const Features f = features_of(named("xilinx-zynqmp"));
  RegisterObserver observer;
  RegisterFile registers(register_table(f), observer);
  prepare(registers, f);
  const auto read = [&](std::uint32_t offset) {
    std::uint64_t value = 0;
    registers.read(offset, 4, AccessSecurity::Secure, value);
    return static_cast<std::uint32_t>(value);
  };
  const struct {
    std::uint32_t offset, value;
  } known[] = {{0x000, 0x00200001}, {0x004, 0x02013010}, {0x010, 0x04000004}, {0x020, 0xfc011e30},
               {0x024, 0x30000f10}, {0x028, 0x00005555}, {0x03c, 0x21},       {0x400, 0x00200001},
               {0x410, 0x0400001c}, {0xfd0, 0x04},       {0xfe0, 0x81},       {0xfe4, 0xb4},
               {0xfe8, 0x1b},       {0xfec, 0x00},       {0xff0, 0x0d},       {0xff4, 0xf0},
               {0xff8, 0x05},       {0xffc, 0xb1},       {0x1000, 0x20000},   {0x10000, 0x100},
               {0x10004, 0x3}};
  for (const auto& k : known) EXPECT_EQ(read(k.offset), k.value) << std::hex << k.offset;
  // What is read-only there
  const auto write = [&](std::uint32_t offset) {
    registers.write(offset, 4, AccessSecurity::Secure, 0xffffffff);
    return read(offset);
  };
  EXPECT_EQ(write(0x0) & 0x00200330U, 0x00200000U);
  EXPECT_EQ(write(0x400) & 0x00200330U, 0x00200000U);
  EXPECT_EQ(write(0x4) & 0x10ff0000U, 0x00010000U);
  EXPECT_EQ(write(0x1000) & 0xff000000U, 0U);
}

TEST(Personalities, Agilex7HasTheFieldsThatItsRegisterMapShows) {
  const Features f = features_of(named("intel-agilex7"));
  EXPECT_TRUE(f.SES && f.S1TS && f.S2TS && f.NTS && f.SMS && f.ATOSNS && !f.CTTW);
  EXPECT_EQ(f.NUMIRPT, 1);
  EXPECT_EQ(f.NUMSIDB, 15);
  EXPECT_EQ(f.NUMSMRG, 64);
  EXPECT_TRUE(f.PTFSv8_4kB && f.PTFSv8_64kB && !f.PTFSv8_16kB);
  EXPECT_EQ(f.UBS, 49);
  EXPECT_EQ(f.OAS, 48);
  EXPECT_EQ(f.IAS, 48);
}

TEST(Personalities, Mmu400And401AreSmmuv1WithStage2AloneAndOnlyThe401HasAarch64Contexts) {
  for (const char* name : {"arm-mmu-400", "arm-mmu-401"}) {
    const Features f = features_of(named(name));
    EXPECT_EQ(f.version, 1) << name;
    EXPECT_TRUE(!f.S1TS && f.S2TS && !f.NTS) << name;
    EXPECT_EQ(f.NUMS2CB, f.NUMCB) << name;
    EXPECT_EQ(id_registers(f).IDR2, 0x22U) << name;
  }
  EXPECT_FALSE(features_of(named("arm-mmu-400")).aarch64());
  EXPECT_TRUE(features_of(named("arm-mmu-401")).PTFSv8_64kB);
}

TEST(Personalities, TheAdrenoSmmuHasStage1AloneWithAllFormatsAndTranslationOperations) {
  const Features f = features_of(named("qcom-adreno-smmu"));
  EXPECT_TRUE(f.S1TS && !f.S2TS && f.address_translation_operations());
  EXPECT_EQ(f.NUMSMRG, 5);
  EXPECT_EQ(f.NUMCB, 5);
  EXPECT_EQ(f.IAS, 36);
  EXPECT_EQ(f.window_bytes(), 0x10000U);
  EXPECT_TRUE(f.stalls);
}

TEST(Personalities, DifferencesAreToldFieldByField) {
  Features f;
  f.SES = true;
  f.NUMCB = 3;
  EXPECT_EQ(to_text(id_differences(id_registers(Features{}), id_registers(f))),
            "IDR0.SES 1 instead of 0, IDR1.NUMCB 3 instead of 32");
}

}  // namespace
}  // namespace smmuvp::smmuv2
