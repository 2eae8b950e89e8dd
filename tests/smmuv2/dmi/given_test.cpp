// Direct memory pointers through an SMMUv2: what they are given for.
#include "fixture.h"

namespace smmuvp::dmi {
namespace {

TEST_F(Dmi, APointerLeadsToTheTranslatedBytesOfThePageAndNoFurther) {
  map();
  const std::uint64_t grants = s.counted("dmi_grants");
  ASSERT_TRUE(grant(va + 0x10));
  EXPECT_EQ(s.client.held.front(), page);
  EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa));
  EXPECT_TRUE(s.client.given.is_read_write_allowed());
  EXPECT_EQ(s.counted("dmi_grants"), grants + 1);
}

TEST_F(Dmi, APointerForABlockLeadsToAllOfIt) {
  map(0x4000'0000, pa, 0x20'0000);
  ASSERT_TRUE(grant(0x4012'3450));
  EXPECT_EQ(s.client.held.front(), (Range{0x4000'0000, 0x401f'ffff}));
}

TEST_F(Dmi, NothingIsGivenForWhatTheTbuHasNotTranslatedAndAskingRecordsNothing) {
  map();
  const std::uint64_t walks = s.counted("walks");
  EXPECT_FALSE(s.client.ask(va, false));
  EXPECT_FALSE(s.client.ask(va + 0x1000, false)) << "not mapped";
  EXPECT_EQ(s.counted("walks"), walks);
  EXPECT_EQ(r.reg(r.cb(0, FSR)) & 0xffU, 0U);
}

TEST_F(Dmi, APageThatMayNotBeWrittenIsGivenForReadsAlone) {
  pgtable::Mapping mapping;
  mapping.writable = false;
  map(va, pa, 0x1000, mapping);
  ASSERT_TRUE(grant(va, false));
  EXPECT_FALSE(s.client.given.is_write_allowed());
  EXPECT_FALSE(s.client.ask(va, true));
}

TEST_F(Dmi, APageOfStageTwoThatMayNotBeReadIsGivenForWritesAlone) {
  pgtable::Mapping mapping;
  mapping.readable = false;
  map_stage2(mapping);
  ASSERT_TRUE(grant(va, true));
  EXPECT_FALSE(s.client.given.is_read_allowed());
  EXPECT_FALSE(s.client.ask(va, false));
}

TEST_F(Dmi, StageTwoTakesRightsFromAPointer) {
  pgtable::Mapping mapping;
  mapping.writable = false;
  map_nested({}, mapping);
  ASSERT_TRUE(grant());
  EXPECT_FALSE(s.client.given.is_write_allowed());
  EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa));
}

TEST_F(Dmi, APageThatPrivilegedAccessesAloneMayUseIsNotGiven) {
  pgtable::Mapping mapping;
  mapping.unprivileged = false;
  map(va, pa, 0x1000, mapping);
  EXPECT_FALSE(grant());
  EXPECT_EQ(s.ram.asked, 0);
}

TEST_F(Dmi, AStreamThatS2crMakesPrivilegedHasItsPagesGiven) {  // IHI 0062 9.6.23, PRIVCFG
  pgtable::Mapping mapping;
  mapping.unprivileged = false;
  map(va, pa, 0x1000, mapping);
  r.set(S2CR0 + 4 * stream_id, S2CR_translate | 3U << 24);
  ASSERT_TRUE(grant());
  EXPECT_TRUE(s.ram.seen.privileged) << "downstream is asked as it is accessed";
}

TEST_F(Dmi, ThePointersLatencyIsThatOfAHitAndOfDownstream) {
  map();
  ASSERT_TRUE(grant());
  // port and micro TLB: a clock each
  EXPECT_EQ(s.client.given.get_read_latency(), sc_core::sc_time(2 + 5, sc_core::SC_NS));
}

// 1.6.4, 16.5.48 SEP: the client knows an address of TTBR1 by its lower bits, and TLB maintenance by all.
TEST_F(Dmi, APointerForTheUpperRangeIsWithdrawnByTheAddressThatSoftwareNames) {
  const std::uint64_t upper = 0xffff'ffff'ffff'f000;
  pgtable::Builder& tables = r.builder(smmuv2::Driver::config64());
  ASSERT_TRUE(tables.map(upper, pa, 0x1000));
  r.bank64(0, tables.config(), asid);
  r.map_stream(stream_id, stream_id, S2CR_translate | 0);
  for (const std::uint64_t at : {upper, upper & 0x1ffff'ffff'ffff}) {
    EXPECT_EQ(s.client.access(at, 4, false).status, tlm::TLM_OK_RESPONSE) << std::hex << at;
    const bool given = s.client.ask(at, false);
    EXPECT_TRUE(given || at != upper);
    r.set(r.cb(0, TLBIVA), by_va(upper & ((1ULL << 56) - 1)), 8);
    EXPECT_TRUE(s.client.held.empty());
  }
}

// ---- what passes

TEST_F(Dmi, WhatPassesWhileClientsAreDisabledIsGivenAndWithdrawnWhenTheyAreEnabled) {  // 2.1.1, 9.6.3
  r.set(sCR0, CR0_CLIENTPD);
  ASSERT_TRUE(grant(pa + 0x2340));
  EXPECT_EQ(s.client.held.front(), (Range{pa, pa + Ram::size - 1})) << "all that downstream gives";
  EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa));
  r.start();
  EXPECT_TRUE(s.client.held.empty());
  EXPECT_EQ(s.client.access(pa, 4, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << "no stream matches";
  EXPECT_FALSE(s.client.ask(pa, false));
}

TEST_F(Dmi, AnUnmatchedStreamThatPassesIsGivenAndWithdrawnByTheMatchOfIt) {  // 2.3.1, 9.6.3 USFCFG
  r.set(sCR0, CR0_GFRE);
  ASSERT_TRUE(grant(pa));
  r.map_stream(0, stream_id, S2CR_fault);
  EXPECT_TRUE(s.client.held.empty());
  EXPECT_EQ(s.client.access(pa, 4, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  r.set(SMR0, 0);
  ASSERT_TRUE(grant(pa));
  r.set(sCR0, CR0_GFRE | CR0_USFCFG);
  EXPECT_TRUE(s.client.held.empty());
  EXPECT_FALSE(grant(pa));
}

TEST_F(Dmi, AStreamThatS2crLetsPassIsGivenAndWithdrawnWhenItIsTranslated) {  // 2.3.4
  map();
  r.set(S2CR0 + 4 * stream_id, S2CR_bypass);
  ASSERT_TRUE(grant(pa));
  r.set(S2CR0 + 4 * stream_id, S2CR_translate | 0);
  EXPECT_TRUE(s.client.held.empty());
  ASSERT_TRUE(grant());
  EXPECT_EQ(s.client.held.front(), page);
}

TEST_F(Dmi, ABankWhoseMmuIsOffIsGivenAsItPasses) {  // 16.5.29 SCTLR.M
  map();
  r.set(r.cb(0, SCTLR), SCTLR_CFRE);
  ASSERT_TRUE(grant(pa));
  r.set(r.cb(0, SCTLR), SCTLR_M | SCTLR_CFRE);
  EXPECT_TRUE(s.client.held.empty());
}

// ---- Security states

TEST_F(Dmi, ASecureAccessAtAFixedPortIsTerminatedAndGivenNothing) {  // 2.2
  map();
  ASSERT_TRUE(grant());
  AccessExtension e = secure_access();
  EXPECT_FALSE(s.client.ask(va, false, &e));
  EXPECT_EQ(s.client.access(va, 4, false, 0, &e).status, tlm::TLM_OK_RESPONSE) << "SCR0.GFRE is 0: RAZ/WI";
  EXPECT_EQ(r.reg(sGFSR, 4, true) & 1U << 8, 1U << 8) << "UUT, told to Secure software";
  EXPECT_EQ(r.reg(sGFSR), 0U);
  EXPECT_EQ(s.host.count("TBU.identity"), 1U);
  EXPECT_FALSE(s.client.ask(va, false, &e)) << "while the Non-secure client has its own";
  EXPECT_EQ(s.client.held.size(), 1U);
}

TEST_F(Dmi, ASecureAccessThatPassesLeavesNothingForANonSecureClient) {  // 9.6.3: SCR0.CLIENTPD resets to 1
  AccessExtension e = secure_access();
  EXPECT_EQ(s.other.access(pa, 4, false, 0, &e).status, tlm::TLM_OK_RESPONSE);
  EXPECT_FALSE(s.other.access(pa, 4, false, 0, &e).dmi_allowed);
  EXPECT_FALSE(s.client.ask(pa, false));
  EXPECT_EQ(s.client.access(pa, 4, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

TEST_F(Dmi, WhereATableSaysOfWhichStateADeviceIsAChangeOfItWithdraws) {  // 2.2, 13.1
  System& t = systems().of_table;
  t.restart();
  const std::uint32_t SSDR0 = 4 * WithDriver::page;
  const std::uint32_t all = (1U << 16) - 1;
  t.regs.set(SSDR0, all, 4, true);
  ASSERT_TRUE(t.regs.stream64(stream_id, 0, asid).map(va, pa, 0x1000));
  EXPECT_TRUE(t.client.access(va, 4, false).dmi_allowed);
  ASSERT_TRUE(t.client.ask(va, false));
  EXPECT_EQ(t.ram.seen.output_space, AddressSpace::non_secure);
  t.regs.set(SSDR0, all & ~(1U << stream_id), 4, true);
  EXPECT_TRUE(t.client.held.empty());
  EXPECT_FALSE(t.client.ask(va, false));
  // As a Secure device it passes, since SCR0.CLIENTPD is 1, and what it gets is as downstream knows it then.
  EXPECT_EQ(t.client.access(pa, 4, false).status, tlm::TLM_OK_RESPONSE);
  EXPECT_TRUE(t.client.ask(pa, false));
  t.regs.set(SSDR0, all, 4, true);
  EXPECT_TRUE(t.client.held.empty());
}

TEST_F(Dmi, APortWhoseMastersMixStreamsGetsNone) {
  map();
  EXPECT_FALSE(s.other.access(va, 4, false).dmi_allowed);
  EXPECT_FALSE(s.other.ask(va, false));
}

TEST_F(Dmi, AnotherIdentityAtAFixedPortIsRecordedAsUnsupported) {  // 3.8, sGFSR.UUT
  map();
  const std::function<void(AccessExtension&)> others[] = {
      [](AccessExtension& e) { e.stream_id = stream_id + 1; },
      [](AccessExtension& e) { e.privileged = true; },
      [](AccessExtension& e) { e.instruction = true; },
  };
  std::size_t told = 0;
  for (const auto& change : others) {
    AccessExtension e = secure_access();
    e.address_space = AddressSpace::non_secure;
    EXPECT_EQ(s.client.access(va, 4, false, 0, &e).status, tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(s.client.ask(va, false, &e));
    change(e);
    EXPECT_FALSE(s.client.ask(va, false, &e));
    EXPECT_EQ(s.client.access(va, 4, false, 0, &e).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(r.reg(sGFSR) & 1U << 8, 1U << 8);
    r.set(sGFSR, ~0U);
    EXPECT_EQ(s.host.count("TBU.identity"), ++told);
  }
}

}  // namespace
}  // namespace smmuvp::dmi
