// Direct memory pointers through an SMMUv2: what takes them back, and what comes back while it does.
#include <sstream>

#include "fixture.h"

namespace smmuvp::dmi {
namespace {

// ---- TLB maintenance

TEST_F(Dmi, MaintenanceThroughABankOfStageOneWithdrawsWhatItMatches) {  // IHI 0062 16.5.30 to 16.5.35
  map();
  const auto through_bank = [this](std::uint32_t offset, std::uint64_t value) {
    return withdraws(r.cb(0, offset), value, 8);
  };
  EXPECT_TRUE(withdraws(r.cb(0, TLBIALL), 0));
  EXPECT_TRUE(withdraws(r.cb(0, TLBIASID), asid));
  EXPECT_FALSE(withdraws(r.cb(0, TLBIASID), asid + 1)) << "of another ASID";
  EXPECT_TRUE(through_bank(TLBIVA, by_va(va)));
  EXPECT_FALSE(through_bank(TLBIVA, by_va(va + 0x1000))) << "of another page";
  EXPECT_FALSE(through_bank(TLBIVA, by_va(va, asid + 1))) << "of another ASID";
  EXPECT_TRUE(through_bank(TLBIVAL, by_va(va))) << "a last level";
  EXPECT_TRUE(through_bank(TLBIVAA, by_va(va, 0)));
  EXPECT_FALSE(through_bank(TLBIVAA, by_va(va - 0x1000, 0)));
  EXPECT_TRUE(through_bank(TLBIVAAL, by_va(va, 0)));
  EXPECT_FALSE(through_bank(TLBIIPAS2, va >> 12)) << "not a register of this format (17.1)";
}

TEST_F(Dmi, MaintenanceThroughAnotherBankWithdrawsWhatIsOfItsVmid) {  // 16.5.30
  map();
  const pgtable::Config c = smmuv2::Driver::config64();
  r.bank64(4, c, asid, 0);
  r.bank64(5, c, asid, vmid);
  EXPECT_TRUE(withdraws(r.cb(4, TLBIALL), 0));
  EXPECT_FALSE(withdraws(r.cb(5, TLBIALL), 0)) << "another VMID";
  EXPECT_FALSE(withdraws(r.cb(5, TLBIVAA), by_va(va, 0), 8));
}

TEST_F(Dmi, GlobalMaintenanceWithdrawsWhatIsOfItsRegime) {  // 9.6.26 to 9.6.37
  map();
  EXPECT_TRUE(withdraws(TLBIALLNSNH, 0));
  EXPECT_TRUE(withdraws(TLBIVMID, 0));
  EXPECT_FALSE(withdraws(TLBIVMID, vmid));
  EXPECT_TRUE(withdraws(TLBIVMIDS1, 0));
  EXPECT_FALSE(withdraws(TLBIVMIDS1, vmid));
  EXPECT_FALSE(withdraws(TLBIALLH, 0)) << "of Hyp";
  EXPECT_FALSE(withdraws(TLBIVAH, va));
  EXPECT_FALSE(withdraws(TLBIVAH64, va >> 12, 8));
  EXPECT_FALSE(withdraws(STLBIALL, 0, 4, true)) << "of the Secure state";
  EXPECT_FALSE(withdraws(STLBIALLM, 0, 4, true)) << "of Monitor";
  EXPECT_FALSE(withdraws(sTLBGSYNC, 0));
}

TEST_F(Dmi, APageOfHypGoesWithMaintenanceOfHyp) {  // 2.8.5, 9.6.27, 9.6.32 to 9.6.34
  pgtable::Config c = smmuv2::Driver::config64();
  c.stage1.tables[1].EPD = true;
  pgtable::Builder& tables = r.builder(c);
  ASSERT_TRUE(tables.map(va, pa, 0x1000));
  r.bank64(2, tables.config(), asid, 0, 0, CBAR_stage1 | CBAR_HYPC);
  r.map_stream(stream_id, stream_id, S2CR_translate | 2);
  EXPECT_TRUE(withdraws(TLBIALLH, 0));
  EXPECT_TRUE(withdraws(TLBIVAH, va));
  EXPECT_TRUE(withdraws(TLBIVAH64, va >> 12, 8));
  EXPECT_TRUE(withdraws(TLBIVALH64, va >> 12, 8));
  EXPECT_FALSE(withdraws(TLBIVAH64, (va >> 12) + 1, 8));
  EXPECT_FALSE(withdraws(TLBIALLNSNH, 0));
  EXPECT_FALSE(withdraws(TLBIVMID, 0));
}

TEST_F(Dmi, AGlobalPageOutlivesTheMaintenanceOfItsAsid) {  // 16.5.31
  pgtable::Mapping mapping;
  mapping.nG = false;
  map(va, pa, 0x1000, mapping);
  EXPECT_FALSE(withdraws(r.cb(0, TLBIASID), asid));
  EXPECT_TRUE(withdraws(r.cb(0, TLBIVA), by_va(va, asid + 1), 8)) << "by address it goes, whatever the ASID";
}

TEST_F(Dmi, StageTwoAloneGoesByItsIpaAndVmid) {  // 17.3.4, 17.3.5
  map_stage2();
  EXPECT_TRUE(withdraws(r.cb(1, TLBIIPAS2), va >> 12, 8));
  EXPECT_TRUE(withdraws(r.cb(1, TLBIIPAS2L), va >> 12, 8));
  EXPECT_FALSE(withdraws(r.cb(1, TLBIIPAS2), (va >> 12) + 1, 8));
  EXPECT_TRUE(withdraws(TLBIVMID, vmid));
  EXPECT_FALSE(withdraws(TLBIVMID, 0));
  EXPECT_TRUE(withdraws(TLBIALLNSNH, 0));
  EXPECT_FALSE(withdraws(r.cb(1, TLBIALL), 0)) << "not a register of this format (17.1)";
}

TEST_F(Dmi, ATranslationOfBothStagesGoesWithStageOneAndWithItsVmid) {
  map_nested();
  EXPECT_TRUE(withdraws(r.cb(0, TLBIALL), 0));
  EXPECT_TRUE(withdraws(r.cb(0, TLBIVA), by_va(va), 8));
  EXPECT_TRUE(withdraws(r.cb(0, TLBIASID), asid));
  EXPECT_TRUE(withdraws(TLBIVMID, vmid));
  EXPECT_TRUE(withdraws(TLBIVMIDS1, vmid));
  EXPECT_FALSE(withdraws(TLBIVMID, 0));
}

TEST_F(Dmi, AnyAddressOfABlockWithdrawsIt) {
  map(0x4000'0000, pa, 0x20'0000);
  ASSERT_TRUE(grant(0x4000'0000));
  r.set(r.cb(0, TLBIVA), by_va(0x401f'f000), 8);
  EXPECT_TRUE(s.client.held.empty());
}

// ---- registers

TEST_F(Dmi, WhateverRegisterTellsHowAStreamIsTranslatedWithdrawsWithinTheWrite) {
  const struct {
    const char* name;
    std::uint32_t offset;
    std::uint64_t value;
    unsigned bytes = 4;
  } writes[] = {
      {"SCTLR.M", r.cb(0, SCTLR), SCTLR_CFRE | SCTLR_CFIE},
      {"TCR", r.cb(0, TCR), 26},
      {"TCR2", r.cb(0, TCR2), 0},
      {"TTBR0", r.cb(0, TTBR0), 0x6000'0000, 8},
      {"TTBR0's ASID", r.cb(0, TTBR0) + 4, 2U << 16},
      {"TTBR1", r.cb(0, TTBR1), 0x6000'0000, 8},
      {"MAIR0", r.cb(0, MAIR0), 0x44},
      {"MAIR1", r.cb(0, MAIR1), 0x44},
      {"CBAR's VMID", r.gr1(CBAR0), CBAR_stage1 | vmid},
      {"CBAR.TYPE", r.gr1(CBAR0), CBAR_stage2},
      {"CBA2R.VA64", r.gr1(CBA2R0), 0},
      {"S2CR to another bank", S2CR0 + 4 * stream_id, S2CR_translate | 4},
      {"S2CR to a fault", S2CR0 + 4 * stream_id, S2CR_fault},
      {"SMR's ID", SMR0 + 4 * stream_id, SMR_VALID | 8},
      {"SMR's mask", SMR0 + 4 * stream_id, SMR_VALID | 1U << 16 | 8},
      {"SMR.VALID", SMR0 + 4 * stream_id, stream_id},
      {"another SMR that conflicts", SMR0 + 4 * 9, SMR_VALID | stream_id},
      {"sCR0.CLIENTPD", sCR0, CR0_CLIENTPD},
      {"FSRRESTORE: a fault, behind which all is terminated (3.7.3)", r.cb(0, FSRRESTORE), 1U << 1},
  };
  for (const auto& w : writes) {
    SCOPED_TRACE(w.name);
    s.restart();
    for (unsigned i = 0; i < 16; ++i) r.set(SMR0 + 4 * i, 0);
    r.set(r.gr1(CBA2R0), CBA2R_VA64);
    map();
    EXPECT_TRUE(withdraws(w.offset, w.value, w.bytes));
  }
}

TEST_F(Dmi, RegistersOfTheSecondStagesBankWithdraw) {
  const std::pair<std::uint32_t, std::uint64_t> writes[] = {
      {r.cb(1, SCTLR), SCTLR_CFRE},
      {r.cb(1, TCR), 25},
      {r.gr1(CBAR0 + 4), CBAR_stage2 | 5},
      {r.cb(1, FSRRESTORE), 1U << 1},
  };
  for (const auto& [offset, value] : writes) {
    s.restart();
    map_nested();
    EXPECT_TRUE(withdraws(offset, value)) << std::hex << offset;
  }
}

TEST_F(Dmi, SecureSoftwareThatTakesTheBankOrTheGroupWithdraws) {  // 9.6.24 NSNUMCBO, NSNUMSMRGO
  for (const std::uint32_t taken : {8U << 8, 2U | 8U << 8}) {
    s.restart();
    r.set(SCR1, 8U | 16U << 8 | 8U << 16, 4, true);
    r.bank64(3, smmuv2::Driver::config64());
    pgtable::Builder& tables = r.stream64(stream_id, 3, asid);
    ASSERT_TRUE(tables.map(va, pa, 0x1000));
    r.map_stream(stream_id, stream_id, S2CR_translate | 3);
    ASSERT_TRUE(grant());
    r.set(SCR1, taken, 4, true);
    EXPECT_TRUE(s.client.held.empty());
  }
  r.set(SCR1, 8U | 16U << 8 | 8U << 16, 4, true);
}

TEST_F(Dmi, WhatChangesNoTranslationWithdrawsNothing) {
  map();
  EXPECT_FALSE(withdraws(r.cb(0, FAR), 0x1234, 8));
  EXPECT_FALSE(withdraws(r.cb(0, FSR), ~0U));
  EXPECT_FALSE(withdraws(r.cb(0, RESUME), 0)) << "nothing is stalled";
  EXPECT_FALSE(withdraws(r.cb(0, TLBSYNC), 0));
  EXPECT_FALSE(withdraws(r.cb(0, ATS1PR), va));
  EXPECT_FALSE(withdraws(sGFSR, ~0U));
}

TEST_F(Dmi, AnAccessThatFollowsAWithdrawalSeesWhatTheRegisterSays) {
  map();
  tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
  ASSERT_TRUE(grant());
  s.client.on_withdrawal = [&] { status = s.client.access(va, 4, false).status; };
  r.set(S2CR0 + 4 * stream_id, S2CR_fault);
  EXPECT_EQ(status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << "within the withdrawal";
  s.client.on_withdrawal = nullptr;
  EXPECT_EQ(s.client.access(va, 4, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(Dmi, AnAccessThatFollowsAWithdrawalSeesWhatMaintenanceAnnounces) {
  pgtable::Builder& tables = map();
  tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
  ASSERT_TRUE(grant());
  ASSERT_TRUE(tables.unmap(va, 0x1000));
  s.client.on_withdrawal = [&] { status = s.client.access(va, 4, false).status; };
  r.set(r.cb(0, TLBIVA), by_va(va), 8);
  s.client.on_withdrawal = nullptr;
  EXPECT_EQ(status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

// ---- faults (3.7.3): behind one that stands in FSR the bank terminates what comes, unless HUPCF is 1

class Behind : public Dmi {
 protected:
  /// Another master's stream of the same bank, or of bank 4, whose access at 0x5000 is a fault.
  void another(unsigned bank) {
    if (bank != 0) {
      r.stream64(stream_id + 1, bank, 2);
    } else {
      r.map_stream(stream_id + 1, stream_id + 1, S2CR_translate | 0);
    }
  }
  void fault() {
    AccessExtension e;
    e.stream_id = stream_id + 1;
    e.stream_valid = true;
    s.other.access(0x5000, 4, false, 0, &e);
  }
  /// The same, of an access that stalls: in a process of its own, which waits.
  void stall() {
    sc_core::sc_spawn([this] { fault(); });
    test::advance(10'000'000);
  }
  void bits_of_SCTLR(unsigned bank, std::uint32_t bits) {
    r.write_cb(bank, SCTLR, SCTLR_M | SCTLR_TRE | SCTLR_AFE | SCTLR_CFRE | SCTLR_CFIE | bits);
  }
  void expect_nothing_is_given() {
    EXPECT_TRUE(s.client.held.empty());
    EXPECT_FALSE(s.client.ask(va, false));
  }
  void resume(unsigned bank) {
    r.write_cb(bank, FSR, ~0U);
    r.write_cb(bank, RESUME, 1);
    test::advance(10'000'000);
  }
};

TEST_F(Behind, AFaultOfAnotherMasterInTheBankWithdrawsAndNothingIsGivenUntilItIsCleared) {
  map();
  another(0);
  ASSERT_TRUE(grant());
  fault();
  expect_nothing_is_given();
  EXPECT_EQ(s.client.access(va, 4, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  expect_nothing_is_given();
  r.set(r.cb(0, FSR), ~0U);
  EXPECT_TRUE(grant());
}

TEST_F(Behind, WithHupcfAFaultWithdrawsNothing) {
  map();
  another(0);
  bits_of_SCTLR(0, SCTLR_HUPCF);
  ASSERT_TRUE(grant());
  fault();
  EXPECT_EQ(s.client.held.size(), 1U);
  EXPECT_EQ(s.client.access(va, 4, false).status, tlm::TLM_OK_RESPONSE);
  r.set(r.cb(0, SCTLR), r.reg(r.cb(0, SCTLR)) & ~SCTLR_HUPCF);
  expect_nothing_is_given();
}

TEST_F(Behind, AStallInTheBankWithdrawsAndThePointerIsThereAgainBehindIt) {
  map();
  another(0);
  bits_of_SCTLR(0, SCTLR_CFCFG);
  ASSERT_TRUE(grant());
  stall();
  expect_nothing_is_given();
  resume(0);
  EXPECT_TRUE(grant());
}

TEST_F(Behind, WhereStallsAreGlobalAStallInAnyBankWithdraws) {  // 9.6.3 GSE
  for (const std::uint32_t HUPCF : {std::uint32_t{0}, SCTLR_HUPCF}) {
    SCOPED_TRACE(HUPCF);
    s.restart();
    map();
    another(4);
    bits_of_SCTLR(4, SCTLR_CFCFG | HUPCF);
    r.start(CR0_GSE);
    ASSERT_TRUE(grant());
    stall();
    expect_nothing_is_given();
    resume(4);
    EXPECT_TRUE(grant());
  }
}

TEST_F(Behind, AStallOfASecureBankWithdrawsWhereNonSecureSoftwareMadeStallsGlobal) {  // 3.7.5
  r.set(SCR1, 7U | 8U << 8 | 7U << 16, 4, true);  // bank 7 and groups from 8 on are Secure
  r.first_secure_bank = 7;
  pgtable::Config c = smmuv2::Driver::config64();
  c.space = AddressSpace::secure;
  pgtable::Builder& tables = r.builder(c);
  r.bank64(7, tables.config());
  bits_of_SCTLR(7, SCTLR_CFCFG | SCTLR_HUPCF);
  r.set(S2CR0 + 4 * 8, S2CR_translate | 7, 4, true);
  r.set(SMR0 + 4 * 8, SMR_VALID | stream_id, 4, true);
  r.set(sCR0, CR0_GFRE, 4, true);
  map();
  r.start(CR0_GSE);
  ASSERT_TRUE(grant());
  sc_core::sc_spawn([this] {
    AccessExtension e = secure_access();
    s.other.access(0x5000, 4, false, 0, &e);
  });
  test::advance(10'000'000);
  EXPECT_NE(r.reg(r.cb(7, FSR), 4, true) & 1U << 30, 0U) << "it is stalled";
  expect_nothing_is_given();
  resume(7);
  EXPECT_TRUE(grant());
  r.first_secure_bank = ~0U;
}

TEST_F(Behind, AStallThatBecomesGlobalWithdraws) {
  map();
  another(4);
  bits_of_SCTLR(4, SCTLR_CFCFG);
  stall();
  ASSERT_TRUE(grant()) << "another bank's";
  r.start(CR0_GSE);
  expect_nothing_is_given();
  r.start();
  resume(4);
}

// ---- reset, states, downstream

TEST_F(Dmi, AResetWithdraws) {
  map();
  ASSERT_TRUE(grant());
  s.pulse_reset();
  EXPECT_EQ(s.client.withdrawn, (std::vector<Range>{page}));
}

TEST_F(Dmi, NothingIsGivenAsLongAsTheSmmuIsHeldInReset) {
  System& held = systems().of_levels;
  held.restart();
  held.regs.set(sCR0, CR0_CLIENTPD);
  EXPECT_TRUE(held.client.access(pa, 4, false).dmi_allowed);
  ASSERT_TRUE(held.client.ask(pa, false));
  held.reset.write(true);
  test::advance();
  EXPECT_TRUE(held.client.held.empty());
  EXPECT_FALSE(held.client.access(pa, 4, false).dmi_allowed);
  EXPECT_FALSE(held.client.ask(pa, false));
  held.reset.write(false);
  test::advance();
  EXPECT_TRUE(held.client.access(pa, 4, false).dmi_allowed) << "all passes (9.6.3)";
}

TEST_F(Dmi, LoadingAStateWithdrawsAndItsAnswersGoWithTheNextChangeAsIfTheyWereGivenHere) {
  map();
  ASSERT_TRUE(grant());
  std::stringstream state;
  ASSERT_FALSE(s.smmu.save(state));
  EXPECT_TRUE(s.client.withdrawn.empty()) << "saving changes nothing";
  ASSERT_FALSE(s.smmu.load(state));
  EXPECT_EQ(s.client.withdrawn, (std::vector<Range>{page}));
  EXPECT_TRUE(s.client.ask(va, false)) << "the TBU's answer is loaded";
  r.set(S2CR0 + 4 * stream_id, S2CR_fault);
  EXPECT_TRUE(s.client.held.empty());
  EXPECT_EQ(s.client.access(va, 4, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(Dmi, WhatDownstreamInvalidatesIsWithdrawnAsTheClientKnowsIt) {
  pgtable::Builder& tables = map();
  ASSERT_TRUE(tables.map(va + 0x5000, pa, 0x1000)) << "another name of the page";
  for (const std::uint64_t at : {va, va + 0x5000}) ASSERT_TRUE(grant(at));
  s.ram.socket->invalidate_direct_mem_ptr(pa + 0x1000, pa + 0x2fff);
  EXPECT_TRUE(s.client.withdrawn.empty()) << "nothing was granted there";
  s.ram.socket->invalidate_direct_mem_ptr(pa + 0xfff, pa + 0xfff);
  EXPECT_EQ(s.client.withdrawn.size(), 2U);
}

// ---- what comes back while something is under way

TEST_F(Dmi, AMasterThatAsksAgainWhileItIsToldIsGivenNothingUntilAllHasBeenTold) {
  ASSERT_TRUE(map().map(va + 0x1000, pa + 0x1000, 0x1000));
  const std::array<std::uint64_t, 2> pages{va, va + 0x1000};
  const std::pair<const char*, std::function<void()>> withdrawals[] = {
      {"downstream", [this] { s.ram.swap(pa, pa + 0x1fff); }},
      {"TLBIALL", [this] { r.set(r.cb(0, TLBIALL), 0); }},
      {"S2CR", [this] { r.set(S2CR0 + 4 * stream_id, S2CR_translate | 0); }},
      {"sCR0", [this] { r.start(); }},
  };
  s.client.on_withdrawal = [&] {
    for (const std::uint64_t at : pages) {
      EXPECT_FALSE(s.client.access(at, 4, false).dmi_allowed);
      EXPECT_FALSE(s.client.ask(at, false));
    }
  };
  for (const auto& [what, withdraw] : withdrawals) {
    SCOPED_TRACE(what);
    s.client.withdrawn.clear();
    for (const std::uint64_t at : pages) ASSERT_TRUE(grant(at));
    withdraw();
    EXPECT_EQ(s.client.withdrawn.size(), 2U);
    EXPECT_TRUE(s.client.held.empty());
    for (const std::uint64_t at : pages) {
      ASSERT_TRUE(grant(at)) << "then it is";
      EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa + (at - va)));
    }
    s.ram.socket->invalidate_direct_mem_ptr(0, ~0ULL);
  }
}

TEST_F(Dmi, WhatIsWithdrawnWhileDownstreamAnswersIsNotGiven) {
  map();
  s.client.access(va, 4, false);
  s.ram.on_ask = [this] { r.set(S2CR0 + 4 * stream_id, S2CR_fault); };
  EXPECT_FALSE(s.client.ask(va, false));
  EXPECT_TRUE(s.client.held.empty());
}

TEST_F(Dmi, TheHintIsOfWhatIsThereAfterTheAccess) {
  map();
  EXPECT_TRUE(grant());
  s.ram.on_access = [this] { r.set(S2CR0 + 4 * stream_id, S2CR_fault); };
  EXPECT_FALSE(s.client.access(va, 4, false).dmi_allowed);
  EXPECT_EQ(s.client.withdrawn.size(), 1U) << "within the b_transport";
}

TEST_F(Dmi, WhoAccessesWhileACounterOfAccessesWithdrawsIsCounted) {  // 6.3
  System& one = systems().of_one_state;
  one.restart();
  ASSERT_TRUE(one.regs.stream64(stream_id, 0, asid).map(va, pa, 0x1000));
  const auto pm = [](std::uint32_t offset) { return 3 * WithDriver::page + offset; };
  one.regs.set(pm(PMEVTYPER0), accessed);
  one.regs.set(pm(PMCGCR0), PMCGCR_all | PMCGCR_E);
  one.regs.set(pm(PMCNTENSET0), 1);
  one.client.access(va, 4, false);
  ASSERT_TRUE(one.client.ask(va, false));
  one.client.on_withdrawal = [&] { one.client.access(va, 4, false); };
  one.regs.set(pm(PMCR), PMCR_E);
  one.client.on_withdrawal = nullptr;
  EXPECT_TRUE(one.client.held.empty());
  EXPECT_EQ(one.regs.reg(pm(PMEVCNTR0)), 1U);
  EXPECT_FALSE(one.client.ask(va, false)) << "each access is to be seen";
  one.client.access(va, 4, false);
  EXPECT_EQ(one.regs.reg(pm(PMEVCNTR0)), 2U);
  one.regs.set(pm(PMCR), 0);
  one.client.access(va, 4, false);
  EXPECT_TRUE(one.client.ask(va, false));
}

TEST_F(Dmi, WhoAccessesWhileAResetWithdrawsFindsTheSmmuReset) {
  map(va, pa + 0x5000);
  ASSERT_TRUE(grant());
  *s.ram.at(pa + 0x5000) = 0x11;
  Client::Outcome inside;
  s.client.on_withdrawal = [&] { inside = s.client.access(va, 1, false); };
  s.pulse_reset();
  s.client.on_withdrawal = nullptr;
  EXPECT_NE(inside.data, 0x11U) << "translated by what was reset";
}

TEST_F(Dmi, WhoAccessesWhileLoadingWithdrawsLeavesNothingThatTheLoadedStateHasNot) {
  map(va, pa + 0x5000);
  std::stringstream state;
  ASSERT_FALSE(s.smmu.save(state));
  r.set(S2CR0 + 4 * stream_id, S2CR_bypass);
  ASSERT_TRUE(grant(pa));
  s.client.on_withdrawal = [&] { s.client.access(pa, 1, false); };
  ASSERT_FALSE(s.smmu.load(state));
  s.client.on_withdrawal = nullptr;
  EXPECT_EQ(r.reg(r.cb(0, FSR)) & 0xffU, 0U) << "it went by the registers that were there before";
  EXPECT_EQ(s.client.access(pa, 1, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE)
      << "bypassed by the S2CR that was there before";
}

}  // namespace
}  // namespace smmuvp::dmi
