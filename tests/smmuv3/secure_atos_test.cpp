// Address translation operations of Secure software: SMMU_S_GATOS_* and SMMU_S_VATOS_* (IHI 0070 6.3.83 to
// 6.3.86, 6.3.90, 6.3.103 to 6.3.106, chapter 9).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "atos_world.h"
#include "secure_stage2_world.h"

namespace smmuvp::smmuv3 {
namespace {

constexpr std::uint64_t SSEC = 1ULL << 53, ADDR_NS = 1 << 4;
constexpr std::uint64_t PAR_NS_1 = 1 << 10, NSIPA = 1 << 3;
constexpr std::uint64_t s_out = SecureStage2World::s_page, ns_out = SecureStage2World::ns_page;
constexpr std::uint32_t s_page_at = 0x40000, ns_page_at = 0x50000;

Features secure_atos(const Features& with = with_sel2()) {
  Features f = with;
  f.ATOS = true;
  return f;
}
Features secure_vatos() {
  Features f = secure_atos();
  f.VATOS = true;
  f.BA_VATOS = 3;
  f.BA_S_VATOS = 2;
  return f;
}

/// Both states have stream 1: the Secure one nested, by SecureStage2World's tables, where 0x5000 leads to the
/// Secure IPA 0x1000 and 0x6000 to the Non-secure one; the Non-secure one by stage 1 alone.
class SecureAtosWorld : public SecureStage2World {
 public:
  explicit SecureAtosWorld(const Features& f = secure_atos(), unsigned with_controls = 0)
      : SecureStage2World(with_controls, f) {
    vas = &tables_in(output_space(S), s_config());
    pgtable::Mapping m;
    m.privileged_execute = m.unprivileged_execute = true;
    m.writable = false;
    EXPECT_TRUE(vas->map(0x5000, 0x1000, 0x1000, m));
    m.NS = true;
    EXPECT_TRUE(vas->map(0x6000, 0x1000, 0x1000, m));
    put(in(output_space(S), cd_address(1)), cd_for(vas->config(), 1));
    s_put_ste(1, ste(7));
    // Not at the address of the Secure stream's, which stage 2 may lead to Non-secure memory.
    pgtable::Builder& non_secure = space();
    EXPECT_TRUE(non_secure.map(va, pa, 0x1000));
    put(cd_address(9), cd_for(non_secure.config(), 1));
    put_ste(1, ste_stage1(cd_address(9)));
  }
  AtosRegisterGroup gatos{*this, S_GATOS_at, AccessSecurity::Secure};
  AtosRegisterGroup vatos{*this, s_page_at + 0xa00, AccessSecurity::Secure};
  std::uint64_t ask(std::uint64_t sid, std::uint64_t addr) { return gatos.ask(sid, addr); }
  Atos& operation() { return s_interface().atos(); }
  pgtable::Builder* vas = nullptr;
};

constexpr std::uint64_t ok(std::uint64_t address, std::uint64_t NS_1 = 0) {
  return success(address, 0xff, 3) | NS_1;
}

// ---- registers

TEST(SecureAtosRegisters, AreRes0WithoutIdr0Atos) {
  SecureWorld w(with_sel2());
  w.s_start();
  AtosRegisterGroup gatos(w, S_GATOS_at, AccessSecurity::Secure);
  for (const std::uint32_t offset : {of_SID, of_ADDR, of_PAR}) {
    gatos.write(offset, ~0ULL);
    EXPECT_EQ(gatos.read(offset), 0U);
  }
  gatos.write(of_CTRL, 1, 4);
  EXPECT_FALSE(gatos.runs());
  EXPECT_FALSE(w.s_interface().atos().running());
}

TEST(SecureAtosRegisters, HaveTheBitsOfTheirFields) {
  for (const bool SEL2 : {false, true}) {
    Features f = secure_atos(SEL2 ? with_sel2() : with_secure());
    f.SIDSIZE = 8;
    f.SSIDSIZE = 4;
    SecureWorld w(f);
    AtosRegisterGroup gatos(w, S_GATOS_at, AccessSecurity::Secure);
    gatos.write(of_SID, ~0ULL);
    EXPECT_EQ(gatos.read(of_SID), 0x0030'000f'0000'ffffU) << "6.3.84: the larger of SIDSIZE and S_SIDSIZE";
    gatos.write(of_ADDR, ~0ULL);
    EXPECT_EQ(gatos.read(of_ADDR), SEL2 ? ~0x2fULL : ~0x3fULL) << "6.3.85: NS with SEL2";
    AtosRegisterGroup as_seen(w, S_GATOS_at);
    EXPECT_EQ(as_seen.read(of_SID), 0U) << "RAZ/WI to Non-secure accesses";
    as_seen.write(of_SID, 0);
    EXPECT_EQ(gatos.read(of_SID), 0x0030'000f'0000'ffffU);
    AtosRegisterGroup non_secure(w, GATOS_at);
    non_secure.write(of_SID, ~0ULL);
    EXPECT_EQ(non_secure.read(of_SID), 0x0010'000f'0000'00ffU);
    non_secure.write(of_ADDR, ~0ULL);
    EXPECT_EQ(non_secure.read(of_ADDR), ~0x3fULL);
  }
}

TEST(SecureAtosRegisters, RunIsGuardedBySmmuenOfTheirOwnInterface) {
  SecureAtosWorld w;
  w.s_write(0x8020, CR0_CMDQEN | CR0_EVENTQEN);
  w.gatos.begin(1 | SSEC, 0x5000 | TYPE_both | RnW);
  EXPECT_FALSE(w.gatos.runs());
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "S_GATOS_CTRL.SMMUEN");
  EXPECT_NE(w.diag.all[0].text.find("S_CR0.SMMUEN"), std::string::npos);
  AtosRegisterGroup non_secure(w, GATOS_at);
  EXPECT_EQ(non_secure.ask(1, va | TYPE_stage1 | RnW), success(pa, 0xff, 3)) << "that has its own";
}

TEST(SecureAtosRegisters, AreGuardedByTheirRun) {
  SecureAtosWorld w;
  w.gatos.begin(1 | SSEC, 0x5000 | TYPE_both | RnW);
  w.gatos.write(of_SID, 7);
  w.gatos.write(of_ADDR, 0x9000);
  w.gatos.write(of_CTRL, 0, 4);
  EXPECT_EQ(w.gatos.read(of_SID), 1U | SSEC);
  EXPECT_TRUE(w.gatos.runs());
  EXPECT_EQ(w.diag.all.size(), 3U);
  AtosRegisterGroup non_secure(w, GATOS_at);
  EXPECT_EQ(non_secure.ask(1, va | TYPE_stage1 | RnW), success(pa, 0xff, 3)) << "beside it";
  EXPECT_EQ(w.gatos.read(of_PAR), ok(s_out));
}

// ---- streams of both states

TEST(SecureAtos, SsecChoosesTheStreamTable) {
  SecureAtosWorld w;
  EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_both | RnW), ok(s_out));
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), ok(pa, PAR_NS_1))
      << "what a Non-secure stream gets is Non-secure";
  EXPECT_EQ(w.ask(1, 0x5000 | TYPE_stage1 | RnW), fault(0x10));
  EXPECT_EQ(w.ask(1, va | TYPE_both | RnW), fault(0xfe)) << "INV_STAGE: the Non-secure STE counts";
  w.s_put_ste(2, ste_bypass());
  EXPECT_EQ(w.ask(2, va | TYPE_stage1 | RnW), fault(0x04));
  EXPECT_EQ(w.ask(2 | SSEC, va | TYPE_stage1 | RnW), fault(0xfe));
  EXPECT_FALSE(w.pop_event());
  EXPECT_FALSE(w.s_pop_event());
}

TEST(SecureAtos, UsesAndFillsTheCachesOfTheStreamsState) {
  SecureAtosWorld w;
  w.ask(1, va | TYPE_stage1 | RnW);
  EXPECT_EQ(w.smmu.parts().configs.stes.size(), 1U);
  EXPECT_EQ(w.s_interface().parts().configs.stes.size(), 0U);
  const auto walks = w.smmu.engine_statistics().walks;
  w.access(1, va);
  EXPECT_EQ(w.smmu.engine_statistics().walks, walks);
  w.ask(1 | SSEC, 0x5000 | TYPE_both | RnW);
  EXPECT_EQ(w.s_interface().parts().configs.stes.size(), 1U);
  EXPECT_EQ(w.s_access(1, 0x5000).output, s_out);
}

// 9: of a Non-secure stream it requires CR0.SMMUEN as well.
TEST(SecureAtos, OfANonSecureStreamIsAnInternalErrorWhileItsInterfaceIsDisabled) {
  SecureAtosWorld w;
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.memory.make_abort(World::strtab);
  EXPECT_EQ(w.ask(1, va | TYPE_stage1 | RnW), fault(0xfd));
  EXPECT_EQ(w.ask(1, va | RnW), fault(0xff)) << "INV_REQ comes first";
  EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_both | RnW), ok(s_out));
}

// 6.3.9.6: all groups that the SMMUEN affects are idle when it is acknowledged off.
TEST(SecureAtos, OfANonSecureStreamIsWaitedForByTheDisablingOfItsInterface) {
  SecureAtosWorld w;
  w.gatos.begin(1, va | TYPE_stage1 | RnW);
  ASSERT_EQ(w.operation().step(w.now), Step::need);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_implemented);
  w.work();
  EXPECT_EQ(w.gatos.read(of_PAR), ok(pa, PAR_NS_1)) << "it has completed normally";
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
  w.write(0x20, CR0_implemented);
  w.gatos.begin(1 | SSEC, 0x5000 | TYPE_both | RnW);
  ASSERT_EQ(w.operation().step(w.now), Step::need);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN) << "a Secure stream is none of its business";
  w.s_write(0x8020, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.s_read(0x8024), CR0_implemented);
  w.work();
  EXPECT_EQ(w.s_read(0x8024), CR0_CMDQEN | CR0_EVENTQEN);
}

TEST(SecureAtos, ThatHasNotBegunWhenItsStreamsInterfaceIsBeingDisabledIsAnInternalError) {
  SecureAtosWorld w;
  w.gatos.begin(1, va | TYPE_stage1 | RnW);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), CR0_implemented);
  w.work();
  EXPECT_EQ(w.gatos.read(of_PAR), fault(0xfd));
  EXPECT_EQ(w.read(0x24), CR0_CMDQEN | CR0_EVENTQEN);
}

// ---- stages and spaces

TEST(SecureAtos, NsOfTheAnswerIsTheSpaceOfTheOutput) {
  for (unsigned controls = 0; controls < 16; ++controls) {
    SecureAtosWorld w(secure_atos(), controls);
    const auto NS_of = [&w](AddressSpace space) {
      return w.output_space(space) == NS ? PAR_NS_1 : std::uint64_t{0};
    };
    EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_both | RnW), ok(s_out, NS_of(S))) << controls;
    EXPECT_EQ(w.ask(1 | SSEC, 0x6000 | TYPE_both | RnW), ok(ns_out, NS_of(NS))) << controls;
    EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_stage1 | RnW), ok(0x1000)) << "a Secure IPA";
    EXPECT_EQ(w.ask(1 | SSEC, 0x6000 | TYPE_stage1 | RnW), ok(0x1000, PAR_NS_1)) << "a Non-secure IPA";
  }
}

TEST(SecureAtos, NsOfAddrChoosesTheIpaSpaceOfStage2AloneAndNscfgDoesNot) {
  SecureAtosWorld w;
  for (const unsigned Config : {6U, 7U}) {
    for (unsigned NSCFG = 0; NSCFG < 4; ++NSCFG) {
      w.s_put_ste(1, w.ste(Config).set(110, 2, NSCFG));
      w.s_command(0x04 | SSec, 31);
      EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_stage2 | RnW), ok(s_out));
      EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_stage2 | RnW | ADDR_NS), ok(ns_out));
    }
  }
  EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_both | RnW | ADDR_NS), ok(s_out)) << "stage 1 says it";
}

TEST(SecureAtos, NsOfAddrCountsWhereS1dssLetsStage1Bypass) {
  Features f = secure_atos();
  f.SSIDSIZE = 4;
  SecureAtosWorld w(f);
  w.s_put_ste(1, w.ste(7).set(59, 5, 1).set(64, 2, 1));
  EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_both | RnW), ok(s_out));
  EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_both | RnW | ADDR_NS), ok(ns_out));
  EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_stage1 | RnW | ADDR_NS), success(0x1000, 0xff, 0))
      << "6.3.85: not where stage 2 does not translate";
  EXPECT_EQ(w.ask(1 | SSEC, 0x7000 | TYPE_both | RnW | ADDR_NS), fault(0x10, 3, 0x7000) | NSIPA);
}

TEST(SecureAtos, WithoutSel2Stage2OfASecureStreamIsInvStage) {
  SecureWorld w(secure_atos(with_secure()));
  w.start();
  w.s_start();
  ASSERT_TRUE(w.s_stream(1).map(va, pa, 0x1000));
  pgtable::Builder& ipas = w.builder(stage2_config());
  ASSERT_TRUE(ipas.map(ipa, pa, 0x1000));
  w.put_ste(1, ste_stage2(ipas.config().stage2));
  AtosRegisterGroup gatos(w, S_GATOS_at, AccessSecurity::Secure);
  EXPECT_EQ(gatos.ask(1 | SSEC, va | TYPE_stage1 | RnW), ok(pa));
  EXPECT_EQ(gatos.ask(1 | SSEC, va | TYPE_stage2 | RnW), fault(0xfe));
  EXPECT_EQ(gatos.ask(1 | SSEC, va | TYPE_both | RnW), fault(0xfe));
  EXPECT_EQ(gatos.ask(1, ipa | TYPE_stage2 | RnW), ok(pa, PAR_NS_1)) << "of a Non-secure stream";
}

TEST(SecureAtos, NsipaTellsTheSpaceOfAnIpaThatIsReported) {
  SecureAtosWorld w;
  pgtable::Mapping m;
  ASSERT_TRUE(w.vas->map(0x8000, 0x7000, 0x1000));
  m.NS = true;
  ASSERT_TRUE(w.vas->map(0x9000, 0x7000, 0x1000, m));
  EXPECT_EQ(w.ask(1 | SSEC, 0x8000 | TYPE_both | RnW), fault(0x10, 3, 0x7000));
  EXPECT_EQ(w.ask(1 | SSEC, 0x9000 | TYPE_both | RnW), fault(0x10, 3, 0x7000) | NSIPA);
  EXPECT_EQ(w.ask(1 | SSEC, 0x7000 | TYPE_stage2 | RnW | ADDR_NS), fault(0x10, 3)) << "no FADDR, no NSIPA";
  // A table of stage 1 at a Non-secure IPA that is not mapped.
  const std::uint64_t level1 = SecureWorld::secure(*w.vas->descriptor_address(0x5000, 1));
  w.memory.write(level1, 0x7000 | 3 | 1ULL << 63);
  w.s_command(0x58 | 7ULL << 32);
  EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_both | RnW), fault(0x10, 2, 0x7000) | NSIPA);
  EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_stage1 | RnW), fault(0x0b)) << "of stage 1 alone";
  w.s_put_ste(1, w.ste(7).set(6, 50, 0x7000 >> 6));  // S1ContextPtr
  w.s_command(0x04 | SSec, 31);
  EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_both | RnW), fault(0x10, 1, 0x7000)) << "CDs have Secure IPAs";
}

TEST(SecureAtos, NsipaOfANonSecureStreamIs0) {
  SecureAtosWorld w;
  pgtable::Builder& ipas = w.builder(stage2_config());
  ASSERT_TRUE(ipas.map(World::tables, World::tables, 0x10'0000));
  w.put_ste(1, ste_nested(0x7000, ipas.config().stage2));
  EXPECT_EQ(w.ask(1, va | TYPE_both | RnW), fault(0x10, 1, 0x7000));
}

TEST(SecureAtos, SifIsAPermissionFaultOfStage1) {
  Features f = secure_atos();
  f.SSIDSIZE = 4;
  SecureAtosWorld w(f);
  w.s_write(0x8020, CR0_implemented | CR0_SIF);
  w.work();
  for (pgtable::Builder* b : {w.sipa, w.nsipa}) {
    w.memory.write(
        SecureWorld::secure(*b->descriptor_address(0x1000, 3)),
        w.memory.read(SecureWorld::secure(*b->descriptor_address(0x1000, 3)), 8) & ~(3ULL << 53));  // XN
  }
  const std::uint64_t fetch = RnW | InD;
  EXPECT_EQ(w.ask(1 | SSEC, 0x5000 | TYPE_both | fetch), ok(s_out));
  EXPECT_EQ(w.ask(1 | SSEC, 0x6000 | TYPE_both | fetch), fault(0x13));
  EXPECT_EQ(w.ask(1 | SSEC, 0x6000 | TYPE_stage1 | fetch), fault(0x13));
  EXPECT_EQ(w.ask(1 | SSEC, 0x6000 | TYPE_both | RnW), ok(ns_out)) << "a read";
  EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_stage2 | fetch | ADDR_NS), ok(ns_out))
      << "9: the rights of stage 2 alone";
  w.s_put_ste(1, w.ste(7).set(59, 5, 1).set(64, 2, 1));  // S1DSS: bypass
  w.s_command(0x04 | SSec, 31);
  EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_both | fetch | ADDR_NS), fault(0x13));
  EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_both | fetch), ok(s_out));
  EXPECT_EQ(w.ask(1 | SSEC, 0x1000 | TYPE_both | ADDR_NS | InD), ok(ns_out)) << "a write";
}

// ---- S_VATOS

TEST(SecureVatosRegisters, ArePresentWithVatosAndSel2) {
  SecureAtosWorld w(secure_vatos());
  EXPECT_EQ(w.s_read(0x8008), 2U) << "S_IDR2";
  EXPECT_EQ(w.read(8), 3U) << "IDR2";
  EXPECT_EQ(w.smmu.window().size(), 0x60000U);
  w.s_write(0x8180, ~0U);
  EXPECT_EQ(w.s_read(0x8180), 0xffffU);
  EXPECT_EQ(w.read(0x180), 0U) << "that of the Non-secure one";
  EXPECT_EQ(w.vatos.read(of_SID), SSEC) << "RES1";
  w.vatos.write(of_SID, ~SSEC);
  EXPECT_EQ(w.vatos.read(of_SID), 0xffffU | SSEC);
  w.vatos.write(of_ADDR, ~0ULL);
  EXPECT_EQ(w.vatos.read(of_ADDR), ~0x3fULL) << "6.3.105: bit 4 is RES0";
  AtosRegisterGroup as_seen(w, s_page_at + 0xa00);
  EXPECT_EQ(as_seen.read(of_SID), 0U) << "RAZ/WI to Non-secure accesses";
  as_seen.write(of_SID, 0);
  EXPECT_EQ(w.vatos.read(of_SID), 0xffffU | SSEC);

  Features f = secure_vatos();
  f.SEL2 = false;
  SecureWorld without(f);
  EXPECT_EQ(without.s_read(0x8008), 0U);
  without.s_write(0x8180, ~0U);
  EXPECT_EQ(without.s_read(0x8180), 0U);
  EXPECT_EQ(without.s_interface().vatos(), nullptr);
  AtosRegisterGroup nothing(without, s_page_at + 0xa00, AccessSecurity::Secure);
  nothing.write(of_SID, ~0ULL);
  EXPECT_EQ(nothing.read(of_SID), 0U);
}

TEST(SecureVatosRegisters, HaveAPlaceOfTheirOwn) {
  Features f = secure_vatos();
  f.BA_S_VATOS = f.BA_VATOS;
  EXPECT_EQ(
      f.window_problem(2),
      "BA_S_VATOS: the S_VATOS page (0x50000 to 0x5ffff) and the VATOS page (0x50000 to 0x5ffff) overlap");
  f.SEL2 = false;
  EXPECT_EQ(f.window_problem(2), "") << "there is no S_VATOS page";
}

TEST(SecureVatos, AsksOfSecureStreamsWhoseVmidIsSelected) {
  SecureAtosWorld w(secure_vatos());
  w.s_write(0x8180, 7);
  EXPECT_EQ(w.vatos.ask(1, 0x5000 | TYPE_stage1 | RnW), ok(0x1000));
  EXPECT_EQ(w.vatos.ask(1, 0x6000 | TYPE_stage1 | RnW), ok(0x1000, PAR_NS_1));
  EXPECT_EQ(w.vatos.ask(1, 0x5000 | TYPE_both | RnW), fault(0xff));
  EXPECT_EQ(w.vatos.ask(2, 0x5000 | TYPE_stage1 | RnW), fault(0x04)) << "no Secure STE";
  w.s_write(0x8180, 6);
  EXPECT_EQ(w.vatos.ask(1, 0x5000 | TYPE_stage1 | RnW), fault(0x04));
  w.write(0x180, 7);
  AtosRegisterGroup non_secure(w, ns_page_at + 0xa00);
  EXPECT_EQ(non_secure.ask(1, va | TYPE_stage1 | RnW), fault(0x04)) << "S2VMID of the Non-secure stream is 0";
  w.write(0x180, 0);
  EXPECT_EQ(non_secure.ask(1, va | TYPE_stage1 | RnW), success(pa, 0xff, 3)) << "there is no NS in PAR";
}

// 9.1.6: stage 1 alone is tagged with 0, whatever S2VMID is.
TEST(SecureVatos, OfStage1AloneGoesByVmid0) {
  SecureAtosWorld w(secure_vatos());
  ASSERT_TRUE(w.s_stream(2).map(va, pa, 0x1000));
  w.s_put_ste(2, ste_stage1(World::cd_address(2)).set(128, 16, 7));
  w.s_write(0x8180, 7);
  EXPECT_EQ(w.vatos.ask(2, va | TYPE_stage1 | RnW), fault(0x04));
  w.s_write(0x8180, 0);
  EXPECT_EQ(w.vatos.ask(2, va | TYPE_stage1 | RnW), ok(pa));
  for (const unsigned STRW : {1U, 2U}) {
    w.s_put_ste(2, ste_stage1(World::cd_address(2)).set(94, 2, STRW));
    w.s_command(0x04 | SSec, 31);
    EXPECT_EQ(w.vatos.ask(2, va | TYPE_stage1 | RnW), fault(0x04)) << "EL3, S-EL2: no VMID";
  }
}

TEST(SecureVatos, RunsByS_cr0AndHoldsUpItsDisabling) {
  SecureAtosWorld w(secure_vatos());
  w.s_write(0x8180, 7);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.vatos.begin(1, 0x5000 | TYPE_stage1 | RnW);
  ASSERT_EQ(w.s_interface().vatos()->step(w.now), Step::need);
  w.s_write(0x8020, CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.s_read(0x8024), CR0_implemented);
  w.work();
  EXPECT_EQ(w.s_read(0x8024), CR0_CMDQEN | CR0_EVENTQEN);
  EXPECT_EQ(w.vatos.read(of_PAR), ok(0x1000));
  w.vatos.begin(1, 0x5000 | TYPE_stage1 | RnW);
  EXPECT_FALSE(w.vatos.runs());
  ASSERT_EQ(w.diag.all.size(), 1U);
  EXPECT_EQ(w.diag.all[0].site, "S_VATOS_CTRL.SMMUEN");
}

// ---- saved states

TEST(SecureAtosArchive, AllFourGroupsGoOnFromEachMoment) {
  for (unsigned steps = 0; steps < 12; ++steps) {
    for (const std::uint64_t of_secure : {SSEC, std::uint64_t{0}}) {
      SCOPED_TRACE(std::to_string(steps) + (of_secure != 0 ? " Secure" : " Non-secure"));
      const auto groups = [](SecureAtosWorld& w) {
        return std::vector<AtosRegisterGroup>{w.gatos, w.vatos, AtosRegisterGroup(w, GATOS_at),
                                              AtosRegisterGroup(w, ns_page_at + 0xa00)};
      };
      SecureAtosWorld w(secure_vatos());
      w.s_write(0x8180, 7);
      const std::uint64_t at = of_secure != 0 ? 0x5000 | TYPE_both : va | TYPE_stage1;
      groups(w)[0].begin(1 | of_secure, at | RnW);
      groups(w)[1].begin(1, 0x5000 | TYPE_stage1 | RnW);
      groups(w)[2].begin(1, va | TYPE_stage1 | RnW);
      groups(w)[3].begin(1, va | TYPE_stage1 | RnW);
      for (unsigned i = 0; i < steps; ++i) {
        for (smmu::Worker* worker : w.smmu.workers()) w.work_on(*worker);
      }
      SecureAtosWorld v(secure_vatos());
      v.memory = w.memory;
      ArchiveReader reader(saved(w.smmu));
      v.smmu.visit(reader);
      ASSERT_TRUE(reader.complete()) << reader.error();
      EXPECT_EQ(saved(v.smmu), saved(w.smmu));
      w.work();
      v.work();
      EXPECT_EQ(groups(v)[0].read(of_PAR), of_secure != 0 ? ok(s_out) : ok(pa, PAR_NS_1));
      EXPECT_EQ(groups(v)[1].read(of_PAR), ok(0x1000));
      EXPECT_EQ(groups(v)[2].read(of_PAR), ok(pa));
      EXPECT_EQ(groups(v)[3].read(of_PAR), ok(pa));
      EXPECT_EQ(saved(v.smmu), saved(w.smmu));
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv3
