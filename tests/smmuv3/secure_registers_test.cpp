// The registers of the Secure programming interface (IHI 0070 6.2, 6.3.52 to 6.3.91).
#include <gtest/gtest.h>

#include <string>

#include "secure_world.h"
#include "smmuvp/base/error.h"

namespace smmuvp::smmuv3 {
namespace {

class EverySecureRegister : public ::testing::TestWithParam<std::size_t> {
 protected:
  EverySecureRegister() : w(with_sel2()) {}
  SecureWorld w;
  const RegisterInfo& info() const { return w.smmu.secure_interface()->registers().table()[GetParam()]; }
  std::uint64_t read(AccessSecurity s = AccessSecurity::Secure) {
    return w.read_as(s, info().offset, info().bytes);
  }
  void write(std::uint64_t value, AccessSecurity s = AccessSecurity::Secure) {
    w.write_as(s, info().offset, value, info().bytes);
  }
};

TEST_P(EverySecureRegister, ReadsItsResetValueAfterReset) {
  write(~0ULL);
  w.smmu.reset();
  EXPECT_EQ(read(), info().reset) << info().name;
}

TEST_P(EverySecureRegister, IsRazWiToNonSecureAccesses) {
  const std::uint64_t before = read();
  EXPECT_EQ(read(AccessSecurity::NonSecure), 0U) << info().name;
  write(~0ULL, AccessSecurity::NonSecure);
  EXPECT_EQ(read(), before) << info().name;
}

TEST_P(EverySecureRegister, KeepsWhatIsWrittenToItsFieldsAndNothingElse) {
  const bool acts = info().id == SMMU_GBPA || info().id == SMMU_GERRORN || info().id == SMMU_S_INIT;
  if (acts) return;
  if (info().access != smmuvp::Access::RW) {
    const std::uint64_t before = read();
    write(~before);
    EXPECT_EQ(read(), before) << info().name;
    return;
  }
  w.s_write(0x8090, 19, 8);  // the largest queues
  w.s_write(0x80a0, 19, 8);
  const bool cmdq = info().id == SMMU_CMDQ_PROD || info().id == SMMU_CMDQ_CONS;
  const bool eventq = info().id == SMMU_EVENTQ_PROD || info().id == SMMU_EVENTQ_CONS;
  const std::uint64_t index = (2U << 16) - 1;
  write(~0ULL);
  EXPECT_EQ(read(), info().write_mask & (cmdq     ? index
                                         : eventq ? index | EVENTQ_OVFLG
                                                  : ~0ULL))
      << info().name;
}

TEST_P(EverySecureRegister, IsNamedAndHasAClause) {
  EXPECT_EQ(std::string(info().name).rfind("SMMU_S_", 0), 0U);
  EXPECT_EQ(std::string(info().clause).rfind("IHI 0070 6.3.", 0), 0U) << info().name;
  EXPECT_EQ(info().bank, SecurityBank::SecureOnly);
}

INSTANTIATE_TEST_SUITE_P(SecureBank, EverySecureRegister,
                         ::testing::Range<std::size_t>(0,
                                                       register_table(with_sel2(), SecSid::secure).size()));

TEST(SecureRegisters, OffsetsAreThoseOfTheSpecification) {
  struct Place {
    const char* name;
    std::uint32_t offset;
  };
  constexpr Place places[] = {
      {"SMMU_S_IDR0", 0x8000},        {"SMMU_S_IDR1", 0x8004},       {"SMMU_S_CR0", 0x8020},
      {"SMMU_S_CR0ACK", 0x8024},      {"SMMU_S_CR2", 0x802c},        {"SMMU_S_INIT", 0x803c},
      {"SMMU_S_GBPA", 0x8044},        {"SMMU_S_IRQ_CTRL", 0x8050},   {"SMMU_S_GERROR", 0x8060},
      {"SMMU_S_STRTAB_BASE", 0x8080}, {"SMMU_S_CMDQ_BASE", 0x8090},  {"SMMU_S_EVENTQ_BASE", 0x80a0},
      {"SMMU_S_EVENTQ_PROD", 0x80a8}, {"SMMU_S_EVENTQ_CONS", 0x80ac}};
  const auto table = register_table(with_secure(), SecSid::secure);
  for (const Place& p : places) {
    bool found = false;
    for (const RegisterInfo& info : table) {
      if (std::string(info.name) != p.name) continue;
      found = true;
      EXPECT_EQ(info.offset, p.offset) << p.name;
    }
    EXPECT_TRUE(found) << p.name;
  }
}

TEST(SecureRegisters, TheSecureStateSeesTheNonSecureOnesAsWell) {
  SecureWorld w;
  w.write_as(AccessSecurity::Secure, 0x2c, CR2_RECINVSID);
  EXPECT_EQ(w.read(0x2c), CR2_RECINVSID);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0x0), w.read(0x0));
  EXPECT_EQ(w.s_read(0x802c), 0U) << "each has its own";
}

TEST(SecureRegisters, IdRegistersSayWhatThereIs) {
  Features f = with_secure();
  f.S_SIDSIZE = 5;
  EXPECT_EQ(id_registers(f).S_IDR1, 0x8000'0005U);
  EXPECT_EQ(id_registers(f).S_IDR0, 1U << 24);
  f = with_sel2();
  f.MSI = true;
  f.STALL_MODEL = 0;
  f.STALL_MAX = 4;
  EXPECT_EQ(id_registers(f).S_IDR1, 0xa000'0010U);
  EXPECT_EQ(id_registers(f).S_IDR0, 1U << 13);
  EXPECT_EQ(id_registers(Features{}).S_IDR1, 0U);
  EXPECT_EQ(id_registers(Features{}).S_IDR0, 0U);
}

TEST(SecureRegisters, CombinationsThatCannotBeAreRefused) {
  const auto refused = [](auto change) {
    Features f = with_sel2();
    change(f);
    return f.problem() != nullptr;
  };
  EXPECT_FALSE(refused([](Features&) {}));
  EXPECT_TRUE(refused([](Features& f) { f.SECURE_IMPL = false; })) << "6.3.53: SEL2";
  EXPECT_TRUE(refused([](Features& f) { f.RIL = false; })) << "SEL2 from SMMUv3.2 on";
  EXPECT_TRUE(refused([](Features& f) { f.S2P = f.Hyp = f.VMID16 = false; })) << "SEL2 needs stage 2";
  EXPECT_TRUE(refused([](Features& f) { f.S_SIDSIZE = 33; }));
  EXPECT_TRUE(refused([](Features& f) {
    f.ST_LEVEL = 0;
    f.SIDSIZE = 6;
  })) << "S_SIDSIZE of 16";
  EXPECT_FALSE(refused([](Features& f) {
    f.ST_LEVEL = 0;
    f.SIDSIZE = f.S_SIDSIZE = 6;
  }));
  Features f = with_secure();
  f.S1P = false;
  EXPECT_NE(f.problem(), nullptr) << "6.3.53: SECURE_IMPL needs stage 1";
}

TEST(SecureRegisters, FieldsOfFeaturesThatAreNotThereAreRes0) {
  SecureWorld w;
  w.s_write(0x802c, 7);
  EXPECT_EQ(w.s_read(0x802c), CR2_RECINVSID) << "6.3.60: E2H without SEL2";
  w.s_write(0x8020, ~0U);
  EXPECT_EQ(w.s_read(0x8020), CR0_implemented | CR0_SIF) << "6.3.57: NSSTALLD without both models, VMW";
  EXPECT_EQ(w.s_read(0x8024), CR0_implemented | CR0_SIF);
  Features f = with_secure();
  f.ATTR_PERMS_OVR = f.ATTR_TYPES_OVR = false;
  SecureWorld fixed(f);
  fixed.s_write(0x8044, ~0U);
  EXPECT_EQ(fixed.s_read(0x8044), GBPA_ABORT) << "6.3.63";
  fixed.write(0x44, 1U << 31 | 3U << 14);
  EXPECT_EQ(fixed.read(0x44), 0U) << "6.3.14: GBPA has no NSCFG";
  w.write(0x20, CR0_SIF | CR0_NSSTALLD);
  EXPECT_EQ(w.read(0x20), 0U) << "6.3.9";
}

TEST(SecureRegisters, AreGuardedByTheEnablesOfTheirOwnInterface) {
  SecureWorld w;
  w.start();  // the Non-secure one is enabled
  w.s_write(0x8080, 0x1000, 8);
  EXPECT_EQ(w.read_as(AccessSecurity::Secure, 0x8080, 8), 0x1000U);
  w.s_start();
  struct Case {
    std::uint32_t offset;
    unsigned bytes;
  };
  for (const Case& c : {Case{0x8080, 8}, Case{0x8088, 4}, Case{0x8090, 8}, Case{0x809c, 4}, Case{0x80a0, 8},
                        Case{0x80a8, 4}, Case{0x802c, 4}}) {
    const std::uint64_t before = w.read_as(AccessSecurity::Secure, c.offset, c.bytes);
    w.s_write(c.offset, ~before, c.bytes);
    EXPECT_EQ(w.read_as(AccessSecurity::Secure, c.offset, c.bytes), before) << std::hex << c.offset;
  }
  w.write(0x20, 0);
  w.work();
  w.write(0x80, 0x2000, 8);
  std::uint64_t v = 0;
  w.smmu.interface().read(0x80, 8, AccessSecurity::NonSecure, 0, v);
  EXPECT_EQ(v, 0x2000U) << "and the Non-secure ones by theirs";
}

TEST(SecureRegisters, InterfacesAreEnabledEachByItself) {
  SecureWorld w;
  w.s_start();
  EXPECT_EQ(w.read(0x24), 0U);
  w.s_put_ste(1, ste_bypass());
  EXPECT_EQ(w.s_access(1, 0x1000).outcome, smmu::Outcome::forward);
  w.write(0x44, GBPA_Update | GBPA_ABORT);
  EXPECT_EQ(w.access(1, 0x1000).outcome, smmu::Outcome::abort);
  EXPECT_EQ(w.s_access(1, 0x1000).outcome, smmu::Outcome::forward);
  w.s_write(0x8020, 0);
  w.work();
  EXPECT_EQ(w.s_read(0x8024), 0U);
}

TEST(SecureRegisters, GbpaOfEachStateIsForItsStreams) {
  SecureWorld w;
  w.s_write(0x8044, GBPA_Update | GBPA_ABORT);
  EXPECT_EQ(w.s_access(1, 0x1000).outcome, smmu::Outcome::abort);
  EXPECT_EQ(w.access(1, 0x1000).outcome, smmu::Outcome::forward);
  w.s_write(0x8044, 0);
  EXPECT_EQ(w.s_read(0x8044), GBPA_ABORT) << "without Update";
}

// 6.3.63: 0b00 and 0b01 use the incoming NS, 0b10 is Secure, 0b11 Non-secure.
TEST(SecureRegisters, NscfgOfGbpaSaysTheSpaceOfABypass) {
  SecureWorld w;
  for (unsigned NSCFG = 0; NSCFG < 4; ++NSCFG) {
    w.s_write(0x8044, GBPA_Update | NSCFG << 14 | 1U << 12);
    for (const AddressSpace asked : {AddressSpace::non_secure, AddressSpace::secure}) {
      const AddressSpace expected = NSCFG == 2   ? AddressSpace::secure
                                    : NSCFG == 3 ? AddressSpace::non_secure
                                                 : asked;
      EXPECT_EQ(w.s_access(1, 0x1000, asked).space, expected) << NSCFG;
    }
  }
  // Of a Non-secure stream everything is Non-secure.
  smmu::AccessRequest r = World::request(1, 0x1000);
  r.space = AddressSpace::secure;
  EXPECT_EQ(w.access(r).space, AddressSpace::non_secure);
}

// ---- S_INIT (6.3.62)

TEST(SInit, InvAllEmptiesTheCachesOfBothSecurityStates) {
  SecureWorld w(with_sel2());
  w.start();
  w.s_start();
  ASSERT_TRUE(w.stream(1).map(0x1000, 0x8000'1000, 0x1000));
  ASSERT_TRUE(w.s_stream(1).map(0x1000, 0x9000'1000, 0x1000));
  w.access(1, 0x1000);
  w.s_access(1, 0x1000);
  w.write(0x20, CR0_CMDQEN | CR0_EVENTQEN);
  w.s_write(0x8020, CR0_CMDQEN | CR0_EVENTQEN);
  w.work();
  ASSERT_EQ(w.smmu.engine().tlb().size(), 2U);
  ASSERT_EQ(w.smmu.parts().configs.cds.size(), 1U);
  ASSERT_EQ(w.s_interface().parts().configs.stes.size(), 1U);
  w.write_as(AccessSecurity::NonSecure, 0x803c, 1);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 2U);
  w.s_write(0x803c, 0);
  EXPECT_EQ(w.smmu.engine().tlb().size(), 2U) << "INV_ALL 0 is ignored";
  w.s_write(0x803c, 1);
  EXPECT_EQ(w.s_read(0x803c), 0U) << "complete";
  EXPECT_EQ(w.smmu.engine().tlb().size(), 0U);
  EXPECT_EQ(w.smmu.engine().walk_cache().size(), 0U);
  EXPECT_EQ(w.smmu.engine().tbus()[0].answers.size(), 0U);
  for (const Parts* parts : {&w.smmu.parts(), &w.s_interface().parts()}) {
    EXPECT_EQ(parts->configs.stes.size(), 0U);
    EXPECT_EQ(parts->configs.cds.size(), 0U);
  }
  EXPECT_TRUE(w.diag.all.empty());
}

TEST(SInit, InvAllWhileAnSmmuenIs1IsDoneAndDiagnosed) {
  for (const bool secure : {false, true}) {
    SecureWorld w;
    w.start(8, secure ? 0U : CR0_SMMUEN);
    w.s_start(8, secure ? CR0_SMMUEN : 0U);
    w.s_put_ste(1, ste_bypass());
    w.put_ste(1, ste_bypass());
    secure ? w.s_access(1, 0) : w.access(1, 0);
    w.s_write(0x803c, 1);
    EXPECT_EQ((secure ? w.s_interface() : w.smmu.interface()).parts().configs.stes.size(), 0U);
    ASSERT_EQ(w.diag.all.size(), 1U);
    EXPECT_EQ(w.diag.all[0].site, "S_INIT.SMMUEN");
  }
}

// ---- NSSTALLD (6.3.57.1, 3.12)

Features with_both_models() {
  Features f = with_secure();
  f.STALL_MODEL = 0;
  f.STALL_MAX = 2;
  return f;
}

TEST(Nsstalld, TakesTheStallModelFromNonSecureStreamsAndIdr0SaysSo) {
  SecureWorld w(with_both_models());
  w.start();
  w.s_start();
  EXPECT_EQ(w.read(0) >> 24 & 3, 0U);
  w.s_write(0x8020, CR0_implemented | CR0_NSSTALLD);
  EXPECT_EQ(w.s_read(0x8024), CR0_implemented | CR0_NSSTALLD);
  EXPECT_EQ(w.read(0) >> 24 & 3, 1U);
  EXPECT_EQ(w.s_read(0x8000) >> 24 & 3, 0U) << "S_IDR0";
  // CD.S and S1STALLD are ILLEGAL in Non-secure structures, and legal in Secure ones.
  const auto stalling = [](Structure cd) { return cd.set(44, 1, 1); };
  w.stream(1);
  w.put(World::cd_address(1), stalling(cd_for(w.builders.back().config(), 1)));
  w.s_stream(1);
  w.s_put(World::cd_address(1), stalling(cd_for(w.builders.back().config(), 1)));
  w.access(1, 0x1000);
  EXPECT_EQ(w.pop_event().value()[0] & 0xff, 0x0aU) << "C_BAD_CD";
  Access stalled(w.smmu, SecureWorld::s_request(1, 0x1000));
  while (stalled.step() == smmu::Step::need) stalled.complete(w.memory.carry_out(stalled.op()));
  EXPECT_EQ(stalled.step(), smmu::Step::stalled);
  // CMD_RESUME and CMD_STALL_TERM are not there for the Non-secure state (4.7.1, 4.7.2).
  w.s_command(0x45 | of_stream(1));
  EXPECT_TRUE(w.s_commands_done());
  EXPECT_EQ(w.s_read(0x8060), 0U);
  w.command(0x45 | of_stream(1));
  EXPECT_FALSE(w.commands_done());
  w.s_command(0x45 | of_stream(1) | SSec);
  EXPECT_EQ(stalled.step(), smmu::Step::done);
  w.s_write(0x8020, CR0_implemented);
  EXPECT_EQ(w.read(0) >> 24 & 3, 0U);
}

// 5.2.2: STE.S2S is judged by IDR0.STALL_MODEL in every Security state.
TEST(Nsstalld, IsWhatStesAndCdsAreJudgedBy) {
  Features f = with_sel2();
  f.STALL_MODEL = 0;
  f.STALL_MAX = 1;
  Structure s2s = ste_stage2(stage2_config().stage2).set(185, 1, 1);
  const Origin free{SecSid::non_secure, false, false, false};
  const Origin bound{SecSid::non_secure, false, false, true};
  EXPECT_TRUE(Ste::decode(s2s.words, f, free).valid);
  EXPECT_FALSE(Ste::decode(s2s.words, f, bound).valid);
  const Structure stalld = ste_stage1(0x1000).set(91, 1, 1);
  EXPECT_FALSE(Ste::decode(stalld.words, f, bound).valid) << "S1STALLD";
  EXPECT_TRUE(Ste::decode(stalld.words, f, {SecSid::secure, false, false, true}).valid);
  f.STALL_MODEL = 2;
  EXPECT_EQ(bound.stall_model(f), 2U) << "3.12: there is nothing else";
}

TEST(Nsstalld, IsInASavedStateAndGoesWithAReset) {
  SecureWorld w(with_both_models());
  w.s_start(8, CR0_implemented | CR0_NSSTALLD);
  ArchiveWriter saved;
  w.smmu.visit(saved);
  SecureWorld other(with_both_models());
  ArchiveReader loaded(saved.data());
  other.smmu.visit(loaded);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(other.read(0) >> 24 & 3, 1U);
  EXPECT_TRUE(other.smmu.interface().origin().NSSTALLD);
  other.smmu.reset();
  EXPECT_EQ(other.read(0) >> 24 & 3, 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
