// Direct memory pointers through an SMMUv3: what they are given for.
#include "fixture.h"

namespace smmuvp::dmi {
namespace {

TEST_F(Dmi, APointerLeadsToTheTranslatedBytesOfThePageAndNoFurther) {
  map();
  const std::uint64_t grants = s.counted("dmi_grants");
  ASSERT_TRUE(grant(va + 0x10));
  EXPECT_EQ(s.client.given.get_start_address(), va);
  EXPECT_EQ(s.client.given.get_end_address(), va + 0xfff);
  EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa));
  EXPECT_TRUE(s.client.given.is_read_write_allowed());
  EXPECT_EQ(s.counted("dmi_grants"), grants + 1);
}

TEST_F(Dmi, APointerForABlockLeadsToAllOfIt) {
  map(0x4000'0000, pa, 0x20'0000);
  ASSERT_TRUE(grant(0x4012'3450));
  EXPECT_EQ(s.client.held.front(), (Range{0x4000'0000, 0x401f'ffff}));
  EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa));
}

TEST_F(Dmi, APointerReachesOnlyAsFarAsTheOneFromDownstream) {
  map();
  s.ram.limits = {pa + 0x100, pa + 0x1ff};
  ASSERT_TRUE(grant(va + 0x180));
  EXPECT_EQ(s.client.held.front(), (Range{va + 0x100, va + 0x1ff}));
  EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa + 0x100));
}

TEST_F(Dmi, TwoPartsOfOnePageHaveAPointerEachAndBothGoWithIt) {
  map();
  s.ram.limits = {pa, pa + 0x7ff};
  ASSERT_TRUE(grant(va));
  s.ram.limits = {pa + 0x800, pa + 0xfff};
  ASSERT_TRUE(grant(va + 0x800));
  s.command(0x12 | of_asid, va);
  EXPECT_EQ(s.client.withdrawn.size(), 2U);
  EXPECT_TRUE(s.client.held.empty());
}

TEST_F(Dmi, AGrantFromDownstreamThatDoesNotHoldTheAddressIsNone) {
  map();
  s.ram.limits = {pa + 0x100, pa + 0x1ff};
  EXPECT_FALSE(grant(va + 0x200));
  EXPECT_TRUE(s.client.held.empty());
}

TEST_F(Dmi, PointersAreGivenForHighAddressesToo) {
  const std::uint64_t high = 0xffff'ffff'ffff'f000;
  map(high, pa);
  ASSERT_TRUE(grant(high + 8));
  EXPECT_EQ(s.client.held.front(), (Range{high, ~0ULL}));
}

TEST_F(Dmi, ASecureStreamIsGivenNoPointerByANonSecureTranslation) {
  map();
  ASSERT_TRUE(grant());
  AccessExtension e;
  e.stream_id = stream_id;
  e.stream_valid = true;
  EXPECT_TRUE(s.client.ask(va, false, &e));
  e.secure_stream = true;  // and asks for Non-secure space (IHI 0070 3.10.1)
  EXPECT_FALSE(s.client.ask(va, false, &e));
}

TEST_F(Dmi, NoPointerIsGivenForWhatTheTbuHasNotTranslatedAndNothingIsWalkedForIt) {
  map();
  const std::uint64_t walks = s.counted("walks"), accesses = s.counted("accesses");
  EXPECT_FALSE(s.client.ask(va, false));
  EXPECT_EQ(s.counted("walks"), walks);
  EXPECT_EQ(s.counted("accesses"), accesses);
  EXPECT_EQ(s.ram.asked, 0);
  EXPECT_EQ(s.client.given.get_start_address(), va) << "a refusal is of this address alone";
  EXPECT_EQ(s.client.given.get_end_address(), va);
}

TEST_F(Dmi, AskingIsNoAccessAndRecordsNothing) {
  map();
  ASSERT_TRUE(grant());
  const std::uint64_t accesses = s.counted("accesses"), hits = s.counted("micro_tlb_hits");
  EXPECT_TRUE(s.client.ask(va, false));
  EXPECT_FALSE(s.client.ask(va + 0x1000, false)) << "not mapped";
  EXPECT_EQ(s.counted("accesses"), accesses);
  EXPECT_EQ(s.counted("micro_tlb_hits"), hits);
  EXPECT_EQ(s.cpu.get(0x100a8), 0U) << "no event";
}

TEST_F(Dmi, APageThatMayNotBeWrittenIsGivenForReadsAlone) {
  pgtable::Mapping mapping;
  mapping.writable = false;
  map(va, pa, 0x1000, mapping);
  EXPECT_FALSE(grant(va, true));
  ASSERT_TRUE(grant(va, false));
  EXPECT_TRUE(s.client.given.is_read_allowed());
  EXPECT_FALSE(s.client.given.is_write_allowed());
}

TEST_F(Dmi, APageThatMayNotBeReadIsGivenForWritesAlone) {  // IHI 0070 13.1.2: S2AP has such a value
  pgtable::Mapping mapping;
  mapping.readable = false;
  pgtable::Builder& ipas = s.world.ipa_space();
  ASSERT_TRUE(ipas.map(va, pa, 0x1000, mapping));
  s.world.stage2_stream(stream_id, ipas, vmid);
  ASSERT_TRUE(grant(va, true));
  EXPECT_TRUE(s.client.given.is_write_allowed());
  EXPECT_FALSE(s.client.given.is_read_allowed());
  EXPECT_FALSE(s.client.ask(va, false));
}

TEST_F(Dmi, StageTwoTakesRightsFromAPointer) {
  pgtable::Mapping mapping;
  pgtable::Builder& ipas = s.world.guest();
  ASSERT_TRUE(s.world.nested_stream(stream_id, ipas, vmid).map(va, 0x7000'0000, 0x1000, mapping));
  mapping.writable = false;
  ASSERT_TRUE(ipas.map(0x7000'0000, pa, 0x1000, mapping));
  ASSERT_TRUE(grant(va, false));
  EXPECT_FALSE(s.client.given.is_write_allowed());
  EXPECT_FALSE(s.client.ask(va, true));
}

TEST_F(Dmi, DownstreamTakesRightsFromAPointer) {
  map();
  s.ram.access = tlm::tlm_dmi::DMI_ACCESS_WRITE;
  EXPECT_FALSE(grant(va, false));
  ASSERT_TRUE(grant(va, true));
  EXPECT_FALSE(s.client.given.is_read_allowed());
  EXPECT_TRUE(s.client.given.is_write_allowed());
  s.ram.access = tlm::tlm_dmi::DMI_ACCESS_READ;
  EXPECT_FALSE(grant(va, true));
  ASSERT_TRUE(grant(va, false));
  EXPECT_TRUE(s.client.given.is_read_allowed());
  EXPECT_FALSE(s.client.given.is_write_allowed());
}

TEST_F(Dmi, APagePrivilegedCodeAloneMayUseIsNotGiven) {
  pgtable::Mapping mapping;
  mapping.unprivileged = false;
  map(va, pa, 0x1000, mapping);
  EXPECT_FALSE(grant());
  EXPECT_EQ(s.ram.asked, 0);
}

TEST_F(Dmi, AStreamThatIsMadePrivilegedHasItsPagesGiven) {  // IHI 0070 5.2, STE.PRIVCFG
  pgtable::Mapping mapping;
  mapping.unprivileged = false;
  map(va, pa, 0x1000, mapping);
  s.world.put_ste(stream_id, smmuv3::ste_stage1(World::cd_address(stream_id)).set(112, 2, 3));
  ASSERT_TRUE(grant());
  EXPECT_TRUE(s.ram.seen.privileged) << "downstream is asked as it is accessed";
}

TEST_F(Dmi, NothingIsGivenIfDownstreamGivesNothing) {
  map();
  s.ram.gives = false;
  EXPECT_FALSE(grant());
  EXPECT_EQ(s.ram.asked, 1);
  s.command(0x30);
  EXPECT_TRUE(s.client.withdrawn.empty());
}

TEST_F(Dmi, DownstreamIsAskedWithTheOutputAttributes) {
  map();
  ASSERT_TRUE(grant());
  EXPECT_EQ(s.ram.seen.memory_type, 0xff);
  EXPECT_EQ(s.ram.seen.output_space, AddressSpace::non_secure);
}

TEST_F(Dmi, ThePointersLatencyIsThatOfAHitAndOfDownstream) {
  map();
  ASSERT_TRUE(grant());
  // port and micro TLB: a clock each
  EXPECT_EQ(s.client.given.get_read_latency(), sc_core::sc_time(2 + 5, sc_core::SC_NS));
  EXPECT_EQ(s.client.given.get_write_latency(), sc_core::sc_time(2 + 6, sc_core::SC_NS));
}

TEST_F(Dmi, StageTwoAloneAndBypassAreGivenToo) {
  pgtable::Builder& ipas = s.world.ipa_space();
  ASSERT_TRUE(ipas.map(va, pa, 0x1000));
  s.world.stage2_stream(stream_id, ipas, vmid);
  ASSERT_TRUE(grant());
  EXPECT_EQ(s.client.held.front(), page);
  s.world.put_ste(stream_id, smmuv3::ste_bypass());
  s.command(0x3 | of_stream, 1);
  ASSERT_TRUE(grant(pa + 0x2340));
  EXPECT_EQ(s.client.held.front(), (Range{pa, pa + Ram::size - 1})) << "all that downstream gives";
}

TEST_F(Dmi, WhatPassesADisabledSmmuIsGivenAndWithdrawnWhenItIsEnabled) {  // IHI 0070 6.3.9.6
  s.cpu.put(0x20, 0);
  ASSERT_TRUE(grant(pa));
  EXPECT_EQ(s.client.given.get_read_latency(), sc_core::sc_time(1 + 5, sc_core::SC_NS)) << "no lookup";
  s.cpu.put(0x20, smmuv3::CR0_implemented);
  EXPECT_EQ(s.client.withdrawn.size(), 1U);
  EXPECT_TRUE(s.client.held.empty());
}

TEST_F(Dmi, AtMost4096PointersAreOutAtATime) {
  pgtable::Builder& tables = s.world.stream(stream_id);
  for (std::uint64_t i = 0; i <= 4096; ++i) ASSERT_TRUE(tables.map(va + i * 0x1000, pa, 0x1000));
  for (std::uint64_t i = 0; i < 4096; ++i) {
    ASSERT_TRUE(grant(va + i * 0x1000)) << i;
    test::advance(1'000'000);
  }
  EXPECT_FALSE(grant(va + 4096 * 0x1000));
  EXPECT_FALSE(s.client.access(va + 4096 * 0x1000, 4, false).dmi_allowed);
  s.command(0x12 | of_asid, va + 5 * 0x1000);
  EXPECT_EQ(s.client.withdrawn.size(), 1U);
  EXPECT_TRUE(grant(va + 4096 * 0x1000)) << "there is room again";
}

// ---- one identity

TEST_F(Dmi, APortWhoseMastersMixStreamsGetsNone) {
  map();
  EXPECT_FALSE(s.other.access(va, 4, false).dmi_allowed);
  EXPECT_FALSE(s.other.ask(va, false));
  EXPECT_EQ(s.other.given.get_start_address(), 0U) << "for all addresses";
  EXPECT_EQ(s.other.given.get_end_address(), ~0ULL);
}

TEST_F(Dmi, AnotherIdentityAtAFixedPortIsTerminatedAndReportedByName) {  // IHI 0070 7.3.2
  map();
  ASSERT_TRUE(grant());
  const std::function<void(AccessExtension&)> others[] = {
      [](AccessExtension& e) { e.stream_id = 8; },
      [](AccessExtension& e) { e.substream_valid = true; },
      [](AccessExtension& e) { e.privileged = true; },
      [](AccessExtension& e) { e.instruction = true; },
      [](AccessExtension& e) { e.address_space = AddressSpace::secure; },
  };
  std::size_t told = 0;
  for (const auto& change : others) {
    AccessExtension e;
    e.stream_id = stream_id;
    e.stream_valid = true;
    EXPECT_EQ(s.client.access(va + 0x1000, 4, false, 0, &e).status, tlm::TLM_ADDRESS_ERROR_RESPONSE)
        << "not mapped";
    test::advance(1'000'000);
    EXPECT_EQ(s.pop_event()[0] & 0xff, 0x10U);
    EXPECT_TRUE(s.client.ask(va, false, &e));
    s.client.pointers.clear();
    EXPECT_EQ(s.client.access(va, 4, false, 0, &e).status, tlm::TLM_OK_RESPONSE);
    change(e);
    EXPECT_FALSE(s.client.ask(va, false, &e));
    EXPECT_EQ(s.client.access(va, 4, false, 0, &e).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    test::advance(1'000'000);
    const smmuv3::Record record = s.pop_event();
    EXPECT_EQ(record[0] & 0xff, 0x01U) << "F_UUT";
    EXPECT_EQ(s.host.count("TBU.identity"), ++told);
  }
  EXPECT_TRUE(s.client.withdrawn.empty());
}

TEST_F(Dmi, WhomAHookTellsHasToBeTheIdentityThatThePortIsFixedTo) {
  map();
  std::uint32_t told = stream_id;
  s.smmu.set_identity_hook(0, [&](const tlm::tlm_generic_payload&, Identity& who) { who.stream_id = told; });
  EXPECT_TRUE(grant());
  told = stream_id + 1;
  EXPECT_EQ(s.client.access(va, 4, false).status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_FALSE(s.client.ask(va, false));
  EXPECT_EQ(s.host.count("TBU.identity"), 1U);
  s.smmu.set_identity_hook(0, {});
}

TEST_F(Dmi, ADebugAccessOfAnotherIdentityAtAFixedPortReachesNothing) {
  map();
  AccessExtension e;
  e.stream_id = 8;
  e.stream_valid = true;
  std::uint32_t word = 0;
  tlm::tlm_generic_payload p;
  test::Master::fill(p, tlm::TLM_READ_COMMAND, va, &word, 4);
  p.set_extension(&e);
  EXPECT_EQ(s.client.socket->transport_dbg(p), 0U);
  e.stream_id = stream_id;
  EXPECT_EQ(s.client.socket->transport_dbg(p), 4U);
  p.clear_extension(&e);
  EXPECT_TRUE(s.host.diagnostics.empty());
}

// ---- the hint

TEST_F(Dmi, TheHintSaysWhetherAPointerWouldBeGiven) {
  pgtable::Mapping mapping;
  mapping.writable = false;
  map(va, pa, 0x1000, mapping);
  EXPECT_TRUE(s.client.access(va, 4, false).dmi_allowed) << "a miss";
  EXPECT_TRUE(s.client.access(va, 4, false).dmi_allowed) << "a hit";
  EXPECT_FALSE(s.client.access(va, 4, true).dmi_allowed) << "terminated";
  s.ram.hints = false;
  EXPECT_FALSE(s.client.access(va, 4, false).dmi_allowed);
}

TEST_F(Dmi, AHintThatThePayloadCameWithIsNotGivenBack) {
  map();
  s.ram.hints = false;
  for (const char* access : {"a miss", "a hit"}) {
    std::uint32_t word = 0;
    tlm::tlm_generic_payload p;
    test::Master::fill(p, tlm::TLM_READ_COMMAND, va, &word, 4);
    p.set_dmi_allowed(true);
    sc_core::sc_time delay;
    s.client.socket->b_transport(p, delay);
    EXPECT_FALSE(p.is_dmi_allowed()) << access;
  }
}

TEST_F(Dmi, TheHintOfAnAccessThatIsCutIsOfItsFirstByte) {
  pgtable::Builder& tables = map();
  ASSERT_TRUE(tables.map(va + 0x1000, pa + 0x3000, 0x1000));
  s.client.uses_pointers = true;
  EXPECT_TRUE(s.client.access(va + 0xffc, 8, false).dmi_allowed);
  ASSERT_EQ(s.client.held.size(), 1U);
  EXPECT_EQ(s.client.held.front(), page);
}

TEST_F(Dmi, DownstreamsHintForALaterPartIsNoneForTheFirst) {
  pgtable::Builder& tables = map();
  ASSERT_TRUE(tables.map(va + 0x1000, pa + 0x3000, 0x1000));
  for (const bool first : {false, true}) {
    s.ram.hints = !first;
    s.ram.on_access = [this] { s.ram.hints = !s.ram.hints; };
    EXPECT_EQ(s.client.access(va + 0xffc, 8, false).dmi_allowed, first);
  }
}

TEST_F(Dmi, TheHintIsOfWhatIsThereAfterTheAccess) {
  map();
  EXPECT_TRUE(grant());
  s.ram.on_access = [this] { s.cpu.put(0x20, smmuv3::CR0_implemented & ~smmuv3::CR0_SMMUEN); };
  s.cpu.put(0x44, smmuv3::GBPA_Update | smmuv3::GBPA_ABORT);
  EXPECT_FALSE(s.client.access(va, 4, false).dmi_allowed) << "the SMMU is disabled meanwhile, and aborts";
  EXPECT_EQ(s.client.withdrawn.size(), 1U) << "within the b_transport";
}

}  // namespace
}  // namespace smmuvp::dmi
