// Address translation operations of one VM: SMMU_VATOS_* (IHI 0070 6.3.44, 6.3.99 to 6.3.102, 9.1.6).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "atos_world.h"
#include "params.h"
#include "personalities.h"
#include "presets.h"
#include "smmuvp/base/error.h"
#include "smmuvp/smmuv3/dump.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint16_t BA = 3;
constexpr std::uint32_t page = 0x20000 + BA * 0x10000;
constexpr std::uint32_t VATOS_at = page + 0xa00;
constexpr std::uint32_t SEL = 0x180;
constexpr std::uint16_t vmid = 7;  // of what Stage2World makes

Features with_vatos() {
  Features f = with_atos();
  f.VATOS = true;
  f.BA_VATOS = BA;
  f.Hyp = true;
  return f;
}

class VatosWorld : public AtosWorld {
 public:
  explicit VatosWorld(const Features& features = with_vatos(), const Structures& structures = untimed())
      : AtosWorld(features, structures) {
    write(SEL, vmid);
  }
  AtosRegisterGroup vatos{*this, VATOS_at};
  AtosRegisterGroup gatos{*this, GATOS_at};
  Atos& operation() { return *smmu.interface().vatos(); }
  std::uint64_t ask(std::uint64_t sid, std::uint64_t addr) { return vatos.ask(sid, addr); }
};

// ---- registers

TEST(VatosRegisters, AreRes0WithoutIdr0Vatos) {
  AtosWorld w;
  EXPECT_EQ(w.read(0) >> 20 & 1, 0U);
  EXPECT_EQ(w.read(8), 0U) << "IDR2";
  w.write(SEL, ~0U);
  EXPECT_EQ(w.read(SEL), 0U);
  EXPECT_EQ(w.smmu.window().size(), 0x20000U);
  EXPECT_EQ(w.smmu.interface().vatos(), nullptr);
}

TEST(VatosRegisters, AreInAPageOfTheirOwnWhereIdr2Says) {
  VatosWorld w;
  EXPECT_EQ(w.read(0) >> 20 & 1, 1U);
  EXPECT_EQ(w.read(8), BA);
  EXPECT_EQ(w.smmu.window().size(), page + 0x10000U);
  w.vatos.write(of_SID, 0x1234);
  EXPECT_EQ(w.vatos.read(of_SID), 0x1234U);
  EXPECT_EQ(w.gatos.read(of_SID), 0U) << "9: another group";
  AtosRegisterGroup rest(w, page);
  for (const std::uint32_t offset : {0x0U, 0x100U, 0x9f8U, 0xa20U, 0xe00U, 0xfff8U}) {
    rest.write(offset, ~0U, 4);
    EXPECT_EQ(rest.read(offset, 4), 0U) << std::hex << offset;
  }
  AtosRegisterGroup of_secure(w, VATOS_at, AccessSecurity::Secure);
  EXPECT_EQ(of_secure.read(of_SID), 0x1234U) << "Secure software sees them as well";
}

TEST(VatosRegisters, HaveTheBitsOfTheirFields) {
  Features f = with_vatos();
  f.SSIDSIZE = 4;
  VatosWorld w(f);
  w.write(SEL, ~0U);
  EXPECT_EQ(w.read(SEL), 0xffffU);
  w.vatos.write(of_SID, ~0ULL);
  EXPECT_EQ(w.vatos.read(of_SID), 0x0010'000f'0000'ffffU) << "there is no SSEC";
  w.vatos.write(of_ADDR, ~0ULL);
  EXPECT_EQ(w.vatos.read(of_ADDR), ~0x3fULL);
  w.vatos.write(of_PAR, ~0ULL);
  EXPECT_EQ(w.vatos.read(of_PAR), 0U) << "read-only";
  w.vatos.write(of_CTRL, ~1U, 4);
  EXPECT_FALSE(w.vatos.runs());
  f.VMID16 = false;
  VatosWorld narrow(f);
  narrow.write(SEL, ~0U);
  EXPECT_EQ(narrow.read(SEL), 0xffU);
}

std::string refused(const Features& f, unsigned ports = 1) {
  Structures s;
  s.ports = static_cast<decltype(s.ports)>(ports);
  try {
    Smmu::check(f, s);
  } catch (const ConfigError& e) {
    return e.key();
  }
  return "";
}

TEST(VatosRegisters, FeaturesAndPlacesThatCannotBeAreRefused) {
  EXPECT_EQ(refused(with_vatos()), "");
  Features f = with_vatos();
  f.ATOS = false;
  EXPECT_EQ(refused(f), "VATOS") << "6.3.1";
  f = with_vatos();
  f.S2P = f.VMID16 = f.Hyp = false;
  EXPECT_EQ(refused(f), "VATOS");
  f = with_vatos();
  f.BA_VATOS = 0x400;
  EXPECT_EQ(refused(f), "BA_VATOS") << "6.3.3: ten bits";
  f = with_vatos();
  f.BA_S_VATOS = 0x400;
  EXPECT_EQ(refused(f), "BA_S_VATOS");
  f = with_vatos();
  f.pmcg.counters = 4;
  EXPECT_EQ(refused(f), "BA_VATOS") << "Page 1 of TBU 0's counter group";
  EXPECT_EQ(f.window_problem(2),
            "BA_VATOS: the VATOS page (0x50000 to 0x5ffff) and Page 1 of the performance monitors of TBU 0 "
            "(0x50000 to 0x50fff) overlap");
  f.BA_VATOS = 4;
  EXPECT_EQ(refused(f), "");
  EXPECT_EQ(refused(f, 2), "BA_VATOS") << "Page 0 of TBU 1's";
}

TEST(VatosParameters, GiveTheFeaturesAndAreOffByDefaultAndInEachPersonality) {
  for (const char* personality : {"none", "maximal", "arm-mmu-600"}) {
    Params p(smmuv3_params(), "smmu0");
    p.set("personality", personality);
    EXPECT_FALSE(settings_of(with_preset(with_personality(p))).features.VATOS) << personality;
  }
  Params p(smmuv3_params(), "smmu0");
  p.set("VATOS", true);
  EXPECT_THROW(settings_of(with_preset(p)), ConfigError) << "it needs ATOS";
  p.set("ATOS", true);
  p.set("BA_VATOS", 9);
  p.set("BA_S_VATOS", 11);
  const Features f = settings_of(with_preset(p)).features;
  EXPECT_TRUE(f.VATOS);
  EXPECT_EQ(f.vatos_page(SecSid::non_secure), 0xb0000U);
  EXPECT_EQ(f.vatos_page(SecSid::secure), 0xd0000U);
}

TEST(VatosRegisters, AreGuardedByTheirRunAndNotByThatOfGatos) {
  VatosWorld w;
  w.three_streams();
  w.vatos.begin(3, va | TYPE_stage1 | RnW);
  w.write(SEL, 9);
  w.vatos.write(of_SID, 7);
  w.vatos.write(of_ADDR, 0x5000);
  w.vatos.write(of_CTRL, 0, 4);
  EXPECT_EQ(w.read(SEL), vmid);
  EXPECT_EQ(w.vatos.read(of_SID), 3U);
  EXPECT_EQ(w.vatos.read(of_ADDR), va | TYPE_stage1 | RnW);
  EXPECT_TRUE(w.vatos.runs());
  ASSERT_EQ(w.diag.all.size(), 4U);
  EXPECT_EQ(w.diag.all[0].site, "SMMU_VATOS_SEL.guard");
  EXPECT_NE(w.diag.all[0].text.find("VATOS_CTRL.RUN is 1"), std::string::npos) << w.diag.all[0].text;
  w.gatos.write(of_SID, 5);
  EXPECT_EQ(w.gatos.read(of_SID), 5U);
  w.work();
  EXPECT_EQ(w.vatos.read(of_PAR), success(ipa, 0xff, 3));
  w.write(SEL, 9);
  EXPECT_EQ(w.read(SEL), 9U);
}

TEST(VatosRegisters, IgnoreRunWhileSmmuenIs0) {
  VatosWorld w;
  w.three_streams();
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.vatos.begin(3, va | TYPE_stage1 | RnW);
  EXPECT_FALSE(w.vatos.runs());
  w.work();
  EXPECT_EQ(w.vatos.read(of_PAR), 0U);
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "VATOS_CTRL.SMMUEN");
}

TEST(VatosRegisters, SmmuenIsAcknowledgedOffWhenTheOperationIsOver) {
  VatosWorld w;
  w.three_streams();
  w.vatos.begin(3, va | TYPE_stage1 | RnW);
  ASSERT_EQ(w.operation().step(w.now), Step::need);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_implemented);
  w.work();
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.vatos.read(of_PAR), success(ipa, 0xff, 3));
}

// 9: each group looks up by itself.
TEST(VatosRegisters, AnswerBesideAnOperationOfGatos) {
  VatosWorld w;
  w.three_streams();
  w.vatos.begin(3, va | TYPE_stage1 | RnW);
  w.gatos.begin(3, va | TYPE_both | RnW);
  ASSERT_EQ(w.operation().step(w.now), Step::need);
  ASSERT_EQ(w.atos().step(w.now), Step::need);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  while (w.work_on(w.operation())) {
  }
  EXPECT_EQ(w.read(0x24), CR0_implemented) << "the other one is under way";
  EXPECT_EQ(w.vatos.read(of_PAR), success(ipa, 0xff, 3));
  EXPECT_TRUE(w.gatos.runs());
  w.work();
  EXPECT_EQ(w.gatos.read(of_PAR), success(pa, 0xff, 3));
  EXPECT_EQ(w.vatos.read(of_PAR), success(ipa, 0xff, 3));
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
}

// ---- requests

TEST(VatosRequest, OfAnotherTypeThanStage1IsInvReqBeforeTheStreamIsLookedAt) {
  VatosWorld w;
  w.three_streams();
  for (const std::uint64_t type : {std::uint64_t{0}, TYPE_stage2, TYPE_both}) {
    EXPECT_EQ(w.ask(0xffff, va | type | RnW), fault(0xff)) << (type >> 10);
    EXPECT_EQ(w.ask(3, va | type | RnW), fault(0xff));
  }
  EXPECT_EQ(w.ask(0xffff, va | TYPE_stage1 | RnW), fault(0x02)) << "C_BAD_STREAMID";
}

TEST(VatosRequest, OfAStreamOfAnotherVmIsCBadSte) {
  VatosWorld w;
  w.three_streams();
  for (const std::uint32_t other : {0U, 6U, 0x107U, 0x8007U}) {
    w.write(SEL, other);
    EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x04)) << other;
    w.write(SEL, vmid);
    EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), success(ipa, 0xff, 3)) << "the STE is cached";
  }
  EXPECT_FALSE(w.pop_event());
}

// 3.17.6: of invalidations alone.
TEST(VatosRequest, IsComparedWithAllBitsOfTheVmidWhateverVmwIs) {
  Features f = with_vatos();
  f.VMW = true;
  VatosWorld w(f);
  w.three_streams();
  w.write(0x20, CR0_implemented | 1U << CR0_VMW_shift);
  w.write(SEL, vmid ^ 1U);
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x04));
}

TEST(VatosRequest, OfAStreamWhoseTranslationsHaveNoVmidIsCBadSte) {
  VatosWorld w;
  w.three_streams();
  const std::uint64_t cd = World::cd_address(1);
  w.put_ste(4, ste_bypass().set(128, 16, vmid));
  w.put_ste(5, ste_abort().set(128, 16, vmid));
  w.put_ste(6, ste_stage1(cd).set(94, 2, 2).set(128, 16, vmid));
  for (const std::uint32_t selected : {0U, unsigned{vmid}}) {
    w.write(SEL, selected);
    EXPECT_EQ(w.ask(4, va | TYPE_stage1 | RnW), fault(0x04)) << "Config 0b100";
    EXPECT_EQ(w.ask(5, va | TYPE_stage1 | RnW), fault(0x04)) << "Config 0b000";
    EXPECT_EQ(w.ask(6, va | TYPE_stage1 | RnW), fault(0x04)) << "StreamWorld NS-EL2";
  }
  EXPECT_EQ(w.gatos.ask(4, va | TYPE_stage1 | RnW), fault(0xfe)) << "GATOS: INV_STAGE";
}

TEST(VatosRequest, OfAStreamThatStage1AloneTranslatesGoesByItsS2vmid) {
  VatosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0x04)) << "S2VMID 0";
  w.put_ste(1, ste_stage1(World::cd_address(1)).set(128, 16, vmid));
  w.command(0x04, 31);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), success(pa, 0xff, 3));
}

TEST(VatosRequest, OfAStreamThatStage2AloneTranslatesIsInvStageToItsVmAlone) {
  VatosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(2, va | TYPE_stage1 | RnW), fault(0xfe));
  w.write(SEL, 6);
  EXPECT_EQ(w.ask(2, va | TYPE_stage1 | RnW), fault(0x04));
}

TEST(VatosRequest, OfAnotherVmFailsBehindTheStreamTableAndBeforeCds) {
  VatosWorld w;
  w.three_streams();
  w.write(SEL, 6);
  w.memory.make_abort(World::cds);
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x04)) << "no CD is fetched";
  w.command(0x04, 31);
  w.memory.make_abort(World::strtab);
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x03)) << "F_STE_FETCH";
  EXPECT_EQ(w.ask(0x100, va | TYPE_stage1 | RnW), fault(0x02)) << "C_BAD_STREAMID";
}

// ---- answers

TEST(VatosAnswer, IsTheIpaOfANestedStreamWhateverStage2MakesOfIt) {
  VatosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), success(ipa, 0xff, 3));
  ASSERT_TRUE(w.both->map(va + 0x1000, 0x60'0000, 0x1000));
  EXPECT_EQ(w.ask(3, (va + 0x1000) | TYPE_stage1 | RnW), success(0x60'0000, 0xff, 3));
}

TEST(VatosAnswer, ChecksTheRightsOfStage1ForTheAccessThatAddrNames) {
  VatosWorld w;
  w.three_streams();
  pgtable::Mapping m;
  m.writable = m.unprivileged = false;
  ASSERT_TRUE(w.both->map(va + 0x1000, ipa, 0x1000, m));
  const std::uint64_t at = (va + 0x1000) | TYPE_stage1;
  EXPECT_EQ(w.ask(3, at | PnU | RnW), success(ipa, 0xff, 3));
  EXPECT_EQ(w.ask(3, at | RnW), fault(0x13));
  EXPECT_EQ(w.ask(3, at | PnU), fault(0x13));
  w.change(w.descriptor(*w.ipas, ipa), 0, 0x80);  // S2AP: read only
  EXPECT_EQ(w.ask(3, va | TYPE_stage1), success(ipa, 0xff, 3)) << "a write, by stage 1";
}

TEST(VatosAnswer, OfAFaultHasNeitherReasonNorAddress) {
  VatosWorld w;
  w.three_streams();
  EXPECT_EQ(w.ask(3, 0x9000 | TYPE_stage1 | RnW), fault(0x10)) << "F_TRANSLATION";
  const auto table = w.both->descriptor_address(va, 3);
  ASSERT_TRUE(table);
  const std::uint64_t stage2 = w.descriptor(*w.ipas, *table & ~0xfffULL);
  w.change(stage2, 0, 1);
  w.command(0x30);
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x0b)) << "as a walk that was aborted";
  w.change(w.descriptor(*w.ipas, Stage2World::ipa_of(World::cds)), 0, 1);
  w.command(0x30);
  w.command(0x04, 31);
  EXPECT_EQ(w.ask(3, va | TYPE_stage1 | RnW), fault(0x09)) << "as a CD whose fetch was aborted";
  EXPECT_FALSE(w.pop_event());
}

// ---- the rest

TEST(VatosCaches, ACmdSyncWaitsForTheOperation) {
  VatosWorld w;
  w.three_streams();
  w.vatos.begin(3, va | TYPE_stage1 | RnW);
  ASSERT_EQ(w.operation().step(w.now), Step::need);
  w.push(0x46);
  while (w.work_on(w.commands())) {
  }
  EXPECT_EQ(w.read(0x9c), 0U) << "4.7.3";
  w.work();
  EXPECT_EQ(w.read(0x9c), 1U);
}

TEST(VatosReset, EndsAnOperation) {
  VatosWorld w;
  w.three_streams();
  w.vatos.begin(3, va | TYPE_stage1 | RnW);
  ASSERT_EQ(w.operation().step(w.now), Step::need);
  w.smmu.reset();
  EXPECT_FALSE(w.vatos.runs());
  EXPECT_FALSE(w.operation().running());
  EXPECT_EQ(w.read(SEL), 0U);
  EXPECT_EQ(w.smmu.engine().in_flight().all(), 0U);
}

TEST(VatosArchive, GoesOnFromEachOfItsFetchesBesideAnOperationOfGatos) {
  for (unsigned fetches = 0;; ++fetches) {
    SCOPED_TRACE(std::to_string(fetches));
    VatosWorld w;
    w.three_streams();
    w.write(SEL, fetches % 2 == 0 ? vmid : 6);
    w.vatos.begin(3, va | TYPE_stage1 | RnW);
    w.gatos.begin(3, va | TYPE_both | RnW);
    for (unsigned i = 0; i < fetches && w.work_on(w.operation()); ++i) {
    }
    if (!w.operation().running()) {
      EXPECT_GT(fetches, 2U);
      break;
    }
    VatosWorld v;
    v.memory = w.memory;
    ArchiveReader reader(saved(w.smmu));
    v.smmu.visit(reader);
    ASSERT_TRUE(reader.complete()) << reader.error();
    EXPECT_EQ(saved(v.smmu), saved(w.smmu));
    w.work();
    v.work();
    EXPECT_EQ(v.vatos.read(of_PAR), fetches % 2 == 0 ? success(ipa, 0xff, 3) : fault(0x04));
    EXPECT_EQ(v.gatos.read(of_PAR), success(pa, 0xff, 3));
    EXPECT_EQ(saved(v.smmu), saved(w.smmu));
  }
}

// What a state that nobody has saved says of them: RUN without an operation, and the other way round.
TEST(VatosArchive, AStateThatCannotBeRunsNothing) {
  VatosWorld w;
  w.three_streams();
  w.smmu.interface().set(SMMU_VATOS_CTRL, 1);
  VatosWorld v;
  ArchiveReader reader(saved(w.smmu));
  v.smmu.visit(reader);
  EXPECT_FALSE(reader.complete());
  EXPECT_FALSE(v.vatos.runs());
  EXPECT_FALSE(v.operation().running());
}

TEST(VatosDump, ShowsTheRegistersAtTheirPlaces) {
  VatosWorld w;
  bool shown = false;
  const DumpSection dumped =
      dump(w.smmu, "smmu0", [&w](const smmu::MemoryOp& op) { return w.memory.carry_out(op); });
  for (const auto& row : dumped.sections.at(0).rows) {
    shown = shown || (row.at(0) == "SMMU_VATOS_PAR" && row.at(1) == "0x50a18");
  }
  EXPECT_TRUE(shown);
}

}  // namespace
}  // namespace smmuvp::smmuv3
