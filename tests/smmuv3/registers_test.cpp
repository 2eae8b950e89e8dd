// Registers: the table, and what each does beyond storing a value.
#include <gtest/gtest.h>

#include "smmuvp/base/error.h"
#include "world.h"

namespace smmuvp::smmuv3 {
namespace {

struct Row {
  std::size_t entry;
};

class EveryRegister : public ::testing::TestWithParam<std::size_t> {
 protected:
  World w;
  const RegisterInfo& info() const { return w.smmu.interface().registers().table()[GetParam()]; }
  std::uint64_t read(unsigned bytes) {
    std::uint64_t v = 0;
    w.smmu.interface().read(info().offset, bytes, AccessSecurity::NonSecure, 0, v);
    return v;
  }
  void write(std::uint64_t value) {
    w.smmu.interface().write(info().offset, info().bytes, AccessSecurity::NonSecure, 0, value);
  }
  bool acts() const {  // its writes have effects of their own, tested by name below
    return info().id == SMMU_GBPA || info().id == SMMU_GERRORN;
  }
};

TEST_P(EveryRegister, ReadsItsResetValueAfterReset) {
  w.smmu.reset();
  const std::uint64_t v = read(info().bytes);
  const bool index = info().id == SMMU_CMDQ_PROD || info().id == SMMU_EVENTQ_PROD;
  EXPECT_EQ(v, index ? 0 : info().reset) << info().name;
}

TEST_P(EveryRegister, KeepsWhatIsWrittenToItsFieldsAndNothingElse) {
  if (acts() || info().access != smmuvp::Access::RW) return;
  if (info().id == SMMU_CMDQ_PROD || info().id == SMMU_CMDQ_CONS || info().id == SMMU_EVENTQ_PROD ||
      info().id == SMMU_EVENTQ_CONS) {
    w.write(0x90, 19, 8);  // the largest queues: all index bits exist
    w.write(0xa0, 19, 8);
  }
  write(~0ULL);
  const std::uint64_t wide = 0x000f'ffffULL;
  const std::uint64_t limit =
      info().id == SMMU_CMDQ_PROD || info().id == SMMU_CMDQ_CONS       ? wide & ((2U << 16) - 1)
      : info().id == SMMU_EVENTQ_PROD || info().id == SMMU_EVENTQ_CONS ? ((2U << 16) - 1) | EVENTQ_OVFLG
                                                                       : ~0ULL;
  EXPECT_EQ(read(info().bytes), info().write_mask & limit) << info().name;
}

TEST_P(EveryRegister, IgnoresWritesWhereItIsReadOnly) {
  if (info().access == smmuvp::Access::RW) return;
  const std::uint64_t before = read(info().bytes);
  write(~before);
  EXPECT_EQ(read(info().bytes), before) << info().name;
}

TEST_P(EveryRegister, IsReachedByItsHalvesIfItHas64Bits) {
  if (info().bytes != 8) return;
  w.smmu.interface().write(info().offset + 4, 4, AccessSecurity::NonSecure, 0, ~0ULL);
  const std::uint64_t high = info().access == smmuvp::Access::RW ? info().write_mask >> 32 : 0;
  EXPECT_EQ(read(8) >> 32, high) << info().name;
  EXPECT_EQ(read(4), 0U) << info().name;
}

TEST_P(EveryRegister, IsRazWiForBytesAndHalfWords) {
  for (unsigned bytes : {1U, 2U}) {
    std::uint64_t v = 1;
    w.smmu.interface().read(info().offset, bytes, AccessSecurity::NonSecure, 0, v);
    EXPECT_EQ(v, 0U);
    const std::uint64_t before = read(info().bytes);
    w.smmu.interface().write(info().offset, bytes, AccessSecurity::NonSecure, 0, ~0ULL);
    EXPECT_EQ(read(info().bytes), before);
  }
  EXPECT_FALSE(w.diag.all.empty());
}

TEST_P(EveryRegister, OfTheSecureBankIsRes0ForBothSecurityStates) {
  if (info().id < SMMU_S_first) return;
  EXPECT_EQ(info().bank, SecurityBank::SecureOnly);
  for (AccessSecurity s : {AccessSecurity::NonSecure, AccessSecurity::Secure}) {
    std::uint64_t v = 1;
    w.smmu.interface().write(info().offset, info().bytes, s, 0, ~0ULL);
    w.smmu.interface().read(info().offset, info().bytes, s, 0, v);
    EXPECT_EQ(v, 0U) << info().name;
  }
}

TEST_P(EveryRegister, NamesItsClause) {
  EXPECT_EQ(std::string(info().clause).rfind("IHI 0070 6.", 0), 0U) << info().name;
  EXPECT_EQ(std::string(info().name).rfind("SMMU_", 0), 0U);
}

INSTANTIATE_TEST_SUITE_P(AllBanks, EveryRegister,
                         ::testing::Range<std::size_t>(0, register_table(Features{}).size()));

TEST(IdRegisters, AdvertiseOnlyWhatIsBuilt) {
  World w;
  const std::uint32_t idr0 = w.read(0);
  EXPECT_EQ(idr0 & 3, 3U) << "S1P and S2P";
  EXPECT_EQ(idr0 >> 2 & 3, 2U) << "TTF: VMSAv8-64";
  EXPECT_EQ(idr0 >> 4 & 1, 1U) << "COHACC";
  EXPECT_EQ(idr0 >> 12 & 1, 1U) << "ASID16";
  EXPECT_EQ(idr0 >> 14 & 1, 1U) << "SEV";
  EXPECT_EQ(idr0 >> 18 & 1, 1U) << "VMID16";
  EXPECT_EQ(idr0 >> 24 & 3, 1U) << "STALL_MODEL: no stalls";
  EXPECT_EQ(idr0 >> 27 & 3, 1U) << "ST_LEVEL";
  // BTM, HTTU, DORMHINT, Hyp, ATS, NS1ATS, MSI, ATOS, PRI, VMW, CD2L, VATOS, ATSRECERR, RME_IMPL
  EXPECT_EQ(idr0 & 0xe09b'afe0U, 0U);
  EXPECT_EQ(w.read(4), 0x0c00'0000U | 16U << 21 | 16U << 16 | 16U);
  EXPECT_EQ(w.read(8), 0U);
  EXPECT_EQ(w.read(0xc), 0x14U) << "HAD and, with stage 2, XNX: mandatory from SMMUv3.1";
  EXPECT_EQ(w.read(0x10), 0U);
  EXPECT_EQ(w.read(0x14), 0x14U) << "GRAN4K, OAS of 44 bits";
  EXPECT_EQ(w.read(0x1c), 1U) << "SMMUv3.1";
  EXPECT_EQ(w.read(0x8004), 0U) << "SECURE_IMPL";
}

TEST(IdRegisters, FollowTheFeatures) {
  Features f;
  f.SIDSIZE = 6;
  f.ST_LEVEL = 0;
  f.CMDQS = 8;
  f.EVENTQS = 7;
  f.OAS = 48;
  f.TTENDIAN = 2;
  f.S2P = f.VMID16 = false;
  f.COHACC = f.ASID16 = f.SEV = f.HAD = f.ATTR_PERMS_OVR = f.ATTR_TYPES_OVR = false;
  f.TERM_MODEL = true;
  f.IIDR = 0x43b;
  World w(f);
  EXPECT_EQ(w.read(0), 1U << 26 | 1U << 24 | 2U << 21 | 2U << 2 | 2U);
  EXPECT_EQ(w.read(4), 8U << 21 | 7U << 16 | 6U);
  EXPECT_EQ(w.read(0xc), 0U);
  EXPECT_EQ(w.read(0x14), 0x15U);
  EXPECT_EQ(w.read(0x18), 0x43bU);
  EXPECT_EQ(w.read(0x1c), 0U) << "without HAD it is SMMUv3.0";
}

std::string refused_key(const Features& features, const Structures& structures) {
  try {
    World w(features, structures);
  } catch (const ConfigError& e) {
    return e.key();
  }
  return "nothing is refused";
}

TEST(Sizes, ThatNoSmmuCanHaveAreRefusedByTheNameOfTheParameter) {
  const auto with = [](auto change) {
    Structures s = World::untimed();
    change(s);
    return refused_key({}, s);
  };
  EXPECT_EQ(with([](Structures& s) { s.tlb_sets = 3; }), "tlb_sets");
  EXPECT_EQ(with([](Structures& s) { s.tlb_ways = 0; }), "tlb_ways");
  EXPECT_EQ(with([](Structures& s) { s.ste_sets = 0; }), "config_sets");
  EXPECT_EQ(with([](Structures& s) { s.cd_ways = 0; }), "config_ways");
  EXPECT_EQ(with([](Structures& s) { s.event_buffer = 0; }), "event_buffer");
  EXPECT_EQ(with([](Structures& s) { s.ports = 0; }), "ports");
  Features f;
  f.GRAN4K = f.GRAN16K = f.GRAN64K = false;
  EXPECT_EQ(refused_key(f, World::untimed()), "GRAN4K");
}

TEST(IdRegisters, ASidsizeOf7OrMoreNeedsTwoLevelTables) {
  Features f;
  f.ST_LEVEL = 0;
  f.SIDSIZE = 7;
  EXPECT_THROW(World w(f), ConfigError);
  f.SIDSIZE = 6;
  EXPECT_NO_THROW(World w(f));
}

TEST(CR2, HasE2hWithHypAndNeitherPtmNorRecCfgAts) {
  for (const bool Hyp : {false, true}) {
    Features f;
    f.Hyp = Hyp;
    for (const RegisterInfo& info : register_table(f)) {
      if (info.id == SMMU_CR2) {
        EXPECT_EQ(info.write_mask, Hyp ? 3U : 2U);
      }
    }
  }
}

TEST(CR0ACK, AcknowledgesImplementedBitsOnly) {
  World w;
  w.write(0x20, 0xffff'ffff);
  EXPECT_EQ(w.read(0x20), 0xdU);
  EXPECT_EQ(w.read(0x24), 0xdU);
  w.write(0x24, 0);
  EXPECT_EQ(w.read(0x24), 0xdU);
  w.write(0x20, 0);
  EXPECT_EQ(w.read(0x24), 0U);
}

TEST(CR0ACK, ShowsEventqenOffOnlyWhenCommittedRecordsAreVisible) {
  World w;
  w.start();
  {
    Access a(w.smmu, World::request(1, 0x1000));
    w.finish(a);
  }
  w.write(0x20, CR0_SMMUEN | CR0_CMDQEN);
  EXPECT_EQ(w.read(0x24), 0xdU);
  w.work();
  EXPECT_EQ(w.read(0x24), 0x9U);
  EXPECT_EQ(w.read(0x100a8), 1U);
}

TEST(CR0ACK, ShowsCmdqenOffOnlyWhenTheCommandReadIsComplete) {
  World w;
  w.start();
  w.push(0x30);
  ASSERT_EQ(w.commands().step(0), smmu::Step::need);
  w.write(0x20, CR0_SMMUEN | CR0_EVENTQEN);
  EXPECT_EQ(w.read(0x24), 0xdU);
  w.commands().complete(w.memory.carry_out(w.commands().op()));
  EXPECT_EQ(w.read(0x24), 0x5U);
  EXPECT_EQ(w.read(0x9c), 0U) << "what was fetched is discarded";
  w.write(0x20, CR0_implemented);
  w.work();
  EXPECT_EQ(w.read(0x9c), 1U);
}

struct Guard {
  std::uint32_t offset;
  unsigned bytes;
  std::uint32_t enable;
  std::uint64_t value;
};
class Guarded : public ::testing::TestWithParam<Guard> {};

TEST_P(Guarded, WritesAreIgnoredWhileEnabled) {
  World w;
  w.write(0x20, GetParam().enable);
  w.write(GetParam().offset, GetParam().value, GetParam().bytes);
  std::uint64_t v = 0;
  w.smmu.interface().read(GetParam().offset, GetParam().bytes, AccessSecurity::NonSecure, 0, v);
  EXPECT_EQ(v, 0U);
  EXPECT_EQ(w.diag.all.size(), 1U);
  w.write(0x20, CR0_implemented & ~GetParam().enable);
  w.write(GetParam().offset, GetParam().value, GetParam().bytes);
  w.smmu.interface().read(GetParam().offset, GetParam().bytes, AccessSecurity::NonSecure, 0, v);
  EXPECT_EQ(v, GetParam().value);
}
INSTANTIATE_TEST_SUITE_P(Registers, Guarded,
                         ::testing::Values(Guard{0x80, 8, CR0_SMMUEN, 0x1000}, Guard{0x88, 4, CR0_SMMUEN, 8},
                                           Guard{0x2c, 4, CR0_SMMUEN, 2}, Guard{0x90, 8, CR0_CMDQEN, 0x2005},
                                           Guard{0x9c, 4, CR0_CMDQEN, 1},
                                           Guard{0xa0, 8, CR0_EVENTQEN, 0x3005},
                                           Guard{0x100a8, 4, CR0_EVENTQEN, 1}));

TEST(CR1, TableAttributesAreGuardedBySmmuenAndQueueAttributesByTheQueues) {
  World w;
  w.write(0x28, 0xfff);
  w.write(0x20, CR0_SMMUEN);
  w.write(0x28, 0);
  EXPECT_EQ(w.read(0x28), 0xfc0U);
  w.write(0x28, 0x3f);
  w.write(0x20, CR0_EVENTQEN);
  w.write(0x28, 0);
  EXPECT_EQ(w.read(0x28), 0x03fU);
  w.write(0x20, CR0_CMDQEN);
  w.write(0x28, 0xfc0);
  EXPECT_EQ(w.read(0x28), 0xfffU);
}

TEST(GBPA, TakesAWriteOnlyWithUpdateWhichThenReadsAsZero) {
  World w;
  w.write(0x44, GBPA_ABORT);
  EXPECT_EQ(w.read(0x44), 0x1000U);
  EXPECT_EQ(w.diag.all.size(), 1U);
  w.write(0x44, GBPA_Update | GBPA_ABORT | 0x1000);
  EXPECT_EQ(w.read(0x44), GBPA_ABORT | 0x1000U);
}

TEST(GBPA, AbortsOrBypassesWhileSmmuenIs0) {
  World w;
  w.put_ste(1, ste_abort());
  EXPECT_EQ(w.access(1, 0x1234).outcome, smmu::Outcome::forward);
  EXPECT_EQ(w.access(1, 0x1234).output, 0x1234U);
  w.write(0x44, GBPA_Update | GBPA_ABORT);
  EXPECT_EQ(w.access(1, 0x1234).outcome, smmu::Outcome::abort);
  w.put_ste(1, ste_bypass());
  w.start();
  EXPECT_EQ(w.access(1, 0x1234).outcome, smmu::Outcome::forward) << "GBPA has no say while SMMUEN is 1";
}

TEST(GBPA, BypassesWithASubstreamIDToo) {
  World w;
  auto r = World::request(1, 0x1000);
  r.substream_valid = true;
  EXPECT_EQ(w.access(r).outcome, smmu::Outcome::forward);
}

TEST(GBPA, OverridesAttributes) {
  World w;
  w.write(0x44, GBPA_Update | 3U << 18 | 3U << 16 | 2U << 12 | 0xcU << 8 | 1U << 4 | 0xa);
  const auto read = w.access(1, 0);
  EXPECT_TRUE(read.privileged);
  EXPECT_TRUE(read.instruction);
  EXPECT_EQ(read.attributes.SH, smmu::Shareability::outer);
  EXPECT_EQ(read.attributes.memory, 0xaaU) << "Write-Through, Read-Allocate only";
  EXPECT_FALSE(w.access(1, 0, smmu::AccessKind::write).instruction);
}

TEST(GBPA, ReservedOverridesOfPrivilegeAndInstructionUseWhatComesIn) {
  World w;
  w.write(0x44, GBPA_Update | 1U << 18 | 1U << 16 | 0x1000);
  EXPECT_EQ(w.read(0x44), 1U << 18 | 1U << 16 | 0x1000U);
  for (const bool incoming : {false, true}) {
    auto r = World::request(1, 0);
    r.privileged = r.instruction = incoming;
    const auto a = w.access(r);
    EXPECT_EQ(a.privileged, incoming);
    EXPECT_EQ(a.instruction, incoming);
  }
}

TEST(GBPA, EachShareabilityAndAllocationIsThatOfItsEncoding) {
  using smmu::Shareability;
  const Shareability of[4] = {Shareability::non_shareable, Shareability::inner, Shareability::outer,
                              Shareability::inner};
  for (std::uint32_t SHCFG = 0; SHCFG < 4; ++SHCFG) {
    World w;
    w.write(0x44, GBPA_Update | SHCFG << 12);
    auto r = World::request(1, 0);
    r.attributes.SH = Shareability::inner;  // what 1, use incoming, gives
    EXPECT_EQ(w.access(r).attributes.SH, of[SHCFG]) << SHCFG;
  }
  for (std::uint32_t ALLOCCFG = 0; ALLOCCFG < 16; ++ALLOCCFG) {
    World w;
    w.write(0x44, GBPA_Update | 0x1000 | ALLOCCFG << 8);
    const std::uint8_t memory = w.access(1, 0).attributes.memory;
    const bool R = (ALLOCCFG & 4) != 0, W = (ALLOCCFG & 2) != 0;
    const bool transient = (ALLOCCFG & 1) != 0 && (R || W);  // else there is no such type (13.1.7)
    const unsigned nibble = (transient ? 4U : 12U) | (R ? 2U : 0U) | (W ? 1U : 0U);
    EXPECT_EQ(memory, ALLOCCFG < 8 ? 0xffU : nibble << 4 | nibble) << ALLOCCFG;
  }
}

TEST(GERROR, HasTheBitsOfMsisWithMsisOnly) {
  for (const bool MSI : {false, true}) {
    Features f;
    f.MSI = MSI;
    World w(f);
    w.write(0x64, ~0U);
    EXPECT_EQ(w.read(0x64), MSI ? 0x1b5U : 0x105U);
  }
}

TEST(GERROR, ABitTogglesOnceUntilItIsAcknowledged) {
  World w;
  w.start();
  w.command(0x00);
  EXPECT_EQ(w.read(0x60), 1U);
  EXPECT_EQ(w.irqs.gerror, 1);
  w.command(0x00);
  EXPECT_EQ(w.read(0x60), 1U);
  w.write(0x64, 1);
  w.work();
  EXPECT_EQ(w.read(0x60), 0U) << "the same command fails again: the bit toggles back";
  EXPECT_EQ(w.irqs.gerror, 2);
}

TEST(GERROR, RaisesNoInterruptWhereItIsDisabled) {
  World w;
  w.start();
  w.write(0x50, IRQ_CTRL_EVENTQ_IRQEN);
  EXPECT_EQ(w.read(0x54), IRQ_CTRL_EVENTQ_IRQEN);
  w.command(0x00);
  EXPECT_EQ(w.irqs.gerror, 0);
}

TEST(GERRORN, TogglingAnInactiveErrorIsDiagnosed) {
  World w;
  w.write(0x64, 4);
  EXPECT_EQ(w.diag.all.size(), 1U);
}

TEST(IRQ_CTRL, AcknowledgesImplementedBitsOnly) {
  World w;
  w.write(0x50, 0xffff'ffff);
  EXPECT_EQ(w.read(0x50), 5U);
  EXPECT_EQ(w.read(0x54), 5U);
}

TEST(IRQ_CTRL, ADisabledSourceSignalsNothingThatHappenedBefore) {
  World w;
  w.start();
  {
    Access a(w.smmu, World::request(1, 0x1000));
    w.finish(a);
  }
  w.push(0);  // CERROR_ILL
  while (w.work_on(w.events()) || w.work_on(w.commands())) {
  }
  w.write(0x50, IRQ_CTRL_GERROR_IRQEN);
  w.write(0x50, IRQ_CTRL_implemented);
  Signals s = w.smmu.take_signals();
  EXPECT_FALSE(s.eventq);
  EXPECT_TRUE(s.gerror);
}

TEST(QueueIndexes, ADebuggerSeesWhatSoftwareReads) {
  World w;
  w.write(0x90, 5, 8);
  w.write(0xa0, 3, 8);
  for (std::uint32_t offset : {0x98U, 0x9cU, 0x100a8U, 0x100acU}) {
    w.write(offset, 0xffff'ffff);
    std::uint64_t whole = 0;
    w.smmu.interface().peek(offset, 4, whole);
    EXPECT_EQ(whole, w.read(offset)) << std::hex << offset;
    std::uint64_t pair = 0;
    w.smmu.interface().peek(offset & ~7U, 8, pair);
    EXPECT_EQ(pair >> (8 * (offset & 4)) & 0xffff'ffff, whole);
    std::uint64_t bytes = 0;
    for (unsigned i = 0; i < 4; ++i) {
      std::uint64_t byte = 0;
      w.smmu.interface().peek(offset + i, 1, byte);
      bytes |= byte << (8 * i);
    }
    EXPECT_EQ(bytes, whole);
  }
}

TEST(QueueIndexes, BitsAboveTheWrapBitAreRaz) {
  World w;
  w.write(0x90, 3, 8);
  w.write(0x98, 0xfffff);
  EXPECT_EQ(w.read(0x98), 0xfU);
  w.write(0xa0, 0, 8);
  w.write(0x100ac, 0xffff'ffff);
  EXPECT_EQ(w.read(0x100ac), 0x8000'0001U);
}

TEST(QueueIndexes, ASizeBeyondTheImplementedOneIsCappedButReadsBack) {
  Features f;
  f.CMDQS = 4;
  World w(f);
  w.write(0x90, 0x1f, 8);
  std::uint64_t v = 0;
  w.smmu.interface().read(0x90, 8, AccessSecurity::NonSecure, 0, v);
  EXPECT_EQ(v & 0x1f, 0x1fU);
  w.write(0x98, 0xfffff);
  EXPECT_EQ(w.read(0x98), 0x1fU);
}

TEST(RegisterAccess, A64BitAccessToTwo32BitRegistersIsRazWi) {
  World w;
  w.write(0x98, 0x0000'0001'0000'0001, 8);
  EXPECT_EQ(w.read(0x98), 0U);
  EXPECT_EQ(w.diag.all.size(), 1U);
}

TEST(RegisterAccess, A64BitAccessToARegisterAndAReservedLocationIsRazWi) {
  for (const std::uint32_t offset : {0x48U, 0x8038U}) {  // SMMU_AGBPA before one, SMMU_S_INIT after one
    World w;
    w.write(offset, 1, 8);
    ASSERT_EQ(w.diag.all.size(), 1U);
    EXPECT_EQ(w.diag.all[0].site, "register.pair");
  }
}

TEST(RegisterAccess, AWriteToAReservedLocationIsDiagnosedOnce) {
  for (const unsigned bytes : {4U, 8U}) {
    World w;
    w.write(0x38, 0, bytes);
    EXPECT_TRUE(w.diag.all.empty());
    w.write(0x38, 1, bytes);
    ASSERT_EQ(w.diag.all.size(), 1U);
    EXPECT_EQ(w.diag.all[0].site, "register.reserved");
  }
}

/// What each byte of both pages belongs to.
struct Places {
  Places() : at(window_size, nullptr) {
    for (const RegisterInfo& info : table) {
      for (std::uint32_t i = 0; i < info.bytes; ++i) at[info.offset + i] = &info;
    }
  }
  /// Whether this access is of a register or its half, as 6.2 has them.
  bool legal(std::uint32_t offset, unsigned bytes) const {
    if ((bytes != 4 && bytes != 8) || offset % bytes != 0 || at[offset] == nullptr) return false;
    return bytes == 4 || (at[offset]->bytes == 8 && at[offset]->offset == offset);
  }
  std::vector<RegisterInfo> table = register_table(Features{});
  std::vector<const RegisterInfo*> at;
};

TEST(RegisterAccess, EveryOtherSizeAndAlignmentOfEveryOffsetIsRazWi) {
  const Places places;
  World w;
  const auto values = [&w, &places] {
    std::vector<std::uint64_t> all;
    for (const RegisterInfo& info : places.table) {
      all.push_back(0);
      w.smmu.interface().peek(info.offset, info.bytes, all.back());
    }
    return all;
  };
  w.start(8, 0);
  const auto before = values();
  for (const AccessSecurity security : {AccessSecurity::NonSecure, AccessSecurity::Secure}) {
    for (const unsigned bytes : {1U, 2U, 4U, 8U, 3U, 16U}) {
      for (std::uint32_t offset = 0; offset + bytes <= window_size; ++offset) {
        if (places.legal(offset, bytes)) continue;
        std::uint64_t v = 1;
        w.smmu.interface().read(offset, bytes, security, 0, v);
        ASSERT_EQ(v, 0U) << bytes << " bytes at " << std::hex << offset;
        w.smmu.interface().write(offset, bytes, security, 0, ~0ULL);
      }
      ASSERT_EQ(values(), before) << "writes of " << bytes << " bytes";
    }
  }
}

TEST(RegisterAccess, EveryRegisterIsReadWholeAndByItsHalves) {
  const Places places;
  World w;
  w.start(8, 0);
  for (const RegisterInfo& info : places.table) {
    std::uint64_t whole = 0;
    w.smmu.interface().peek(info.offset, info.bytes, whole);
    std::uint64_t v = ~whole;
    w.smmu.interface().read(info.offset, info.bytes, AccessSecurity::NonSecure, 0, v);
    EXPECT_EQ(v, whole) << info.name;
    std::uint64_t halves = w.read(info.offset);
    if (info.bytes == 8) halves |= std::uint64_t{w.read(info.offset + 4)} << 32;
    EXPECT_EQ(halves, whole) << info.name;
  }
}

TEST(RegisterAccess, Page1IsNoAliasOfPage0) {
  World w;
  w.write(0xa0, 5, 8);
  w.write(0x100ac, 3);
  EXPECT_EQ(w.read(0xac), 0U);
  EXPECT_EQ(w.read(0x10000), 0U);
}

}  // namespace
}  // namespace smmuvp::smmuv3
