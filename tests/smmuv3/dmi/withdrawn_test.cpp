// Direct memory pointers through an SMMUv3: what takes them back, and what comes back while it does.
#include <sstream>

#include "fixture.h"

namespace smmuvp::dmi {
namespace {

TEST_F(Dmi, TlbInvalidationsOfStageOneWithdrawWhatTheyMatch) {  // IHI 0070 4.4
  map();
  EXPECT_TRUE(withdraws(0x10)) << "NH_ALL";
  EXPECT_FALSE(withdraws(0x10 | of_vmid)) << "NH_ALL of another VMID";
  EXPECT_TRUE(withdraws(0x11 | of_asid)) << "NH_ASID";
  EXPECT_FALSE(withdraws(0x11 | 2 * of_asid)) << "NH_ASID of another ASID";
  EXPECT_TRUE(withdraws(0x12 | of_asid, va)) << "NH_VA";
  EXPECT_TRUE(withdraws(0x12 | of_asid, va | 1)) << "NH_VA, Leaf";
  EXPECT_FALSE(withdraws(0x12 | of_asid, va + 0x1000)) << "NH_VA of another page";
  EXPECT_FALSE(withdraws(0x12 | 2 * of_asid, va)) << "NH_VA of another ASID";
  EXPECT_TRUE(withdraws(0x13, va)) << "NH_VAA";
  EXPECT_FALSE(withdraws(0x13, va - 0x1000)) << "NH_VAA of another page";
  EXPECT_TRUE(withdraws(0x28)) << "S12_VMALL";
  EXPECT_FALSE(withdraws(0x28 | of_vmid)) << "S12_VMALL of another VMID";
  EXPECT_TRUE(withdraws(0x30)) << "NSNH_ALL";
  EXPECT_FALSE(withdraws(0x2a, va)) << "S2_IPA";
}

TEST_F(Dmi, AGlobalPageOutlivesTheInvalidationOfItsAsid) {
  pgtable::Mapping mapping;
  mapping.nG = false;
  map(va, pa, 0x1000, mapping);
  EXPECT_FALSE(withdraws(0x11 | of_asid));
  EXPECT_TRUE(withdraws(0x12 | 2 * of_asid, va)) << "by address it goes, whatever the ASID";
}

TEST_F(Dmi, AnyAddressOfABlockWithdrawsIt) {
  pgtable::Builder& ipas = s.world.guest();
  pgtable::Builder& vas = s.world.nested_stream(stream_id, ipas, vmid);
  ASSERT_TRUE(vas.map(0x4000'0000, 0x6000'0000, 0x20'0000));
  ASSERT_TRUE(ipas.map(0x6000'0000, pa, 0x1000)) << "a part of the block alone has an output";
  ASSERT_TRUE(grant(0x4000'0000));
  EXPECT_EQ(s.client.held.front(), (Range{0x4000'0000, 0x4000'0fff}));
  s.command(0x12 | of_vmid | of_asid, 0x401f'f000);
  EXPECT_EQ(s.client.withdrawn.size(), 1U);
}

TEST_F(Dmi, ACombinedTranslationGoesWithStageOneAndNotByItsIpa) {  // IHI 0070 4.4.3.1
  pgtable::Builder& ipas = s.world.guest();
  ASSERT_TRUE(s.world.nested_stream(stream_id, ipas, vmid).map(va, 0x7000'0000, 0x1000));
  ASSERT_TRUE(ipas.map(0x7000'0000, pa, 0x1000));
  EXPECT_FALSE(withdraws(0x2a | of_vmid, 0x7000'0000));
  EXPECT_TRUE(withdraws(0x10 | of_vmid));
  EXPECT_TRUE(withdraws(0x28 | of_vmid));
}

TEST_F(Dmi, StageTwoAloneGoesByItsIpa) {
  pgtable::Builder& ipas = s.world.ipa_space();
  ASSERT_TRUE(ipas.map(va, pa, 0x1000));
  s.world.stage2_stream(stream_id, ipas, vmid);
  EXPECT_TRUE(withdraws(0x2a | of_vmid, va));
  EXPECT_FALSE(withdraws(0x2a | of_vmid, va + 0x1000));
  EXPECT_FALSE(withdraws(0x2a, va)) << "of another VMID";
  EXPECT_FALSE(withdraws(0x10 | of_vmid)) << "NH_ALL is of stage 1";
  EXPECT_TRUE(withdraws(0x28 | of_vmid));
}

TEST_F(Dmi, ConfigurationInvalidationsOfTheStreamWithdraw) {  // IHI 0070 4.3
  map();
  EXPECT_TRUE(withdraws(0x3 | of_stream, 1)) << "CFGI_STE";
  EXPECT_FALSE(withdraws(0x3 | (of_stream + (1ULL << 32)), 1)) << "CFGI_STE of another stream";
  EXPECT_TRUE(withdraws(0x4 | of_stream, 2)) << "CFGI_STE_RANGE of 0 to 7";
  EXPECT_FALSE(withdraws(0x4 | 8ULL << 32, 2)) << "CFGI_STE_RANGE of 8 to 15";
  EXPECT_TRUE(withdraws(0x4, 31)) << "CFGI_ALL";
  EXPECT_TRUE(withdraws(0x5 | of_stream, 1)) << "CFGI_CD";
  EXPECT_TRUE(withdraws(0x6 | of_stream)) << "CFGI_CD_ALL";
  EXPECT_FALSE(withdraws(0x6 | (of_stream + (1ULL << 32)))) << "CFGI_CD_ALL of another stream";
}

TEST_F(Dmi, DisablingTheSmmuWithdrawsWithinTheRegisterWrite) {
  map();
  ASSERT_TRUE(grant());
  const std::uint64_t withdrawals = s.counted("dmi_withdrawals");
  s.cpu.put(0x20, smmuv3::CR0_CMDQEN);
  EXPECT_EQ(s.client.withdrawn, (std::vector<Range>{page}));
  EXPECT_EQ(s.counted("dmi_withdrawals"), withdrawals + 1);
}

TEST_F(Dmi, AChangeOfGbpaWithdrawsWhatPassesByIt) {
  s.cpu.put(0x20, 0);
  ASSERT_TRUE(grant(pa));
  s.cpu.put(0x44, smmuv3::GBPA_Update | smmuv3::GBPA_ABORT);
  EXPECT_EQ(s.client.withdrawn.size(), 1U);
  EXPECT_FALSE(grant(pa));
}

TEST_F(Dmi, AChangeOfGbpaWhileTheSmmuIsEnabledWithdrawsNothing) {
  map();
  ASSERT_TRUE(grant());
  s.cpu.put(0x44, smmuv3::GBPA_Update | smmuv3::GBPA_ABORT);
  EXPECT_TRUE(s.client.withdrawn.empty());
}

TEST_F(Dmi, AResetWithdraws) {
  map();
  ASSERT_TRUE(grant());
  s.pulse_reset();
  EXPECT_EQ(s.client.withdrawn, (std::vector<Range>{page}));
}

TEST_F(Dmi, NothingIsGivenAsLongAsTheSmmuIsHeldInReset) {
  System& held = systems().of_levels;
  held.restart();
  held.cpu.put(0x20, 0);  // everything passes
  EXPECT_TRUE(held.client.access(pa, 4, false).dmi_allowed);
  ASSERT_TRUE(held.client.ask(pa, false));
  held.reset.write(true);
  test::advance();
  EXPECT_EQ(held.client.withdrawn.size(), 1U);
  EXPECT_FALSE(held.client.access(pa, 4, false).dmi_allowed);
  EXPECT_FALSE(held.client.ask(pa, false));
  held.reset.write(false);
  test::advance();
  EXPECT_TRUE(held.client.ask(pa, false));
}

TEST_F(Dmi, LoadingAStateWithdraws) {
  map();
  ASSERT_TRUE(grant());
  std::stringstream state;
  ASSERT_FALSE(s.smmu.save(state));
  EXPECT_TRUE(s.client.withdrawn.empty()) << "saving changes nothing";
  ASSERT_FALSE(s.smmu.load(state));
  EXPECT_EQ(s.client.withdrawn, (std::vector<Range>{page}));
  EXPECT_TRUE(s.client.ask(va, false)) << "the TBU's answer is loaded, and a pointer may be asked for anew";
}

TEST_F(Dmi, WhatDownstreamInvalidatesIsWithdrawnAsTheClientKnowsIt) {
  pgtable::Builder& tables = map();
  ASSERT_TRUE(tables.map(va + 0x1000, pa + 0x3000, 0x1000));
  ASSERT_TRUE(tables.map(va + 0x5000, pa, 0x1000)) << "another name of the first page";
  for (const std::uint64_t at : {va, va + 0x1000, va + 0x5000}) ASSERT_TRUE(grant(at));
  const std::uint64_t excess = s.counted("dmi_excess");
  s.ram.socket->invalidate_direct_mem_ptr(pa + 0x1000, pa + 0x2fff);
  EXPECT_TRUE(s.client.withdrawn.empty()) << "nothing was granted there";
  s.ram.socket->invalidate_direct_mem_ptr(pa + 0x3fff, pa + 0x3fff);
  EXPECT_EQ(s.client.withdrawn, (std::vector<Range>{{va + 0x1000, va + 0x1fff}}));
  EXPECT_EQ(s.counted("dmi_excess"), excess + 1) << "the pointer was for more than that byte";
  s.client.withdrawn.clear();
  s.ram.socket->invalidate_direct_mem_ptr(0, ~0ULL);
  EXPECT_EQ(s.client.withdrawn.size(), 2U);
  EXPECT_EQ(s.counted("dmi_excess"), excess + 1);
}

TEST_F(Dmi, WithdrawnBytesAreNoLongerWhereThePointerLed) {
  map();
  s.client.uses_pointers = true;
  EXPECT_EQ(s.client.access(va, 4, true, 0x1234).status, tlm::TLM_OK_RESPONSE);
  EXPECT_TRUE(s.client.access(va, 4, true, 0x5678).by_pointer);
  s.ram.swap(pa, pa + 0xfff);
  const Client::Outcome o = s.client.access(va, 4, false);
  EXPECT_FALSE(o.by_pointer);
  EXPECT_EQ(o.data, 0U);
}

TEST_F(Dmi, NothingIsWithdrawnWhereNothingWasGranted) {
  map();
  s.client.access(va, 4, false);
  for (const std::uint64_t command : {0x10, 0x30, 0x28}) s.command(command);
  s.command(0x12 | of_asid, va);
  s.command(0x4, 31);
  s.ram.socket->invalidate_direct_mem_ptr(0, ~0ULL);
  s.cpu.put(0x20, 0);
  s.cpu.put(0x44, smmuv3::GBPA_Update | smmuv3::GBPA_ABORT);
  s.pulse_reset();
  EXPECT_TRUE(s.client.withdrawn.empty());
}

TEST_F(Dmi, AWithdrawnPointerIsNotWithdrawnAgain) {
  map();
  ASSERT_TRUE(grant());
  s.command(0x30);
  s.command(0x30);
  EXPECT_EQ(s.client.withdrawn.size(), 1U);
}

// ---- what comes back while something is under way

TEST_F(Dmi, WhatDownstreamInvalidatesWithinAnAccessIsWithdrawnWithinIt) {
  ASSERT_TRUE(map().map(va + 0x5000, pa, 0x1000));
  for (const char* access : {"a miss", "a hit"}) {
    ASSERT_TRUE(grant(va + 0x5000)) << "another name of the page";
    s.ram.on_access = [this] {
      s.ram.swap(pa, pa + 0xfff);
      EXPECT_TRUE(s.client.held.empty());
    };
    EXPECT_TRUE(s.client.access(va, 4, false).dmi_allowed) << access;
    s.ram.on_access = nullptr;
    ASSERT_TRUE(s.client.ask(va, false)) << access;
    EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa)) << "of the bank that is there now";
  }
}

TEST_F(Dmi, AMasterThatAsksAgainWhileItIsToldIsGivenNothingUntilAllHasBeenTold) {
  ASSERT_TRUE(map().map(va + 0x1000, pa + 0x1000, 0x1000));
  const std::array<std::uint64_t, 2> pages{va, va + 0x1000};
  s.client.on_withdrawal = [&] {
    for (const std::uint64_t at : pages) {
      EXPECT_FALSE(s.client.access(at, 4, false).dmi_allowed);
      EXPECT_FALSE(s.client.ask(at, false));
    }
  };
  const std::pair<const char*, std::function<void()>> withdrawals[] = {
      {"downstream", [this] { s.ram.swap(pa, pa + 0x1fff); }},
      {"NH_ALL", [this] { s.command(0x10); }},
      {"CFGI_STE", [this] { s.command(0x3 | of_stream, 1); }},
      {"CR0", [this] { s.cpu.put(0x20, smmuv3::CR0_CMDQEN); }},
      {"a reset", [this] { s.pulse_reset(); }},
  };
  for (const auto& [what, withdraw] : withdrawals) {
    SCOPED_TRACE(what);
    s.client.withdrawn.clear();
    for (const std::uint64_t at : pages) ASSERT_TRUE(grant(at));
    withdraw();
    EXPECT_EQ(s.client.withdrawn.size(), 2U);
    EXPECT_TRUE(s.client.held.empty());
    s.start();
    for (const std::uint64_t at : pages) ASSERT_TRUE(grant(at));
    for (const std::uint64_t at : pages) {
      ASSERT_TRUE(s.client.ask(at, false)) << "then it is";
      EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa + (at - va)));
    }
    s.ram.socket->invalidate_direct_mem_ptr(0, ~0ULL);
  }
}

TEST_F(Dmi, AnAccessOfAMasterThatIsToldSeesWhatTheCommandAnnounces) {
  pgtable::Builder& tables = map();
  tlm::tlm_response_status status = tlm::TLM_INCOMPLETE_RESPONSE;
  const auto after = [&](std::uint64_t word0, std::uint64_t word1) {
    status = tlm::TLM_INCOMPLETE_RESPONSE;
    s.client.on_withdrawal = [&] { status = s.client.access(va, 4, false).status; };
    s.command(word0, word1);
    s.client.on_withdrawal = nullptr;
    return status;
  };
  ASSERT_TRUE(grant());
  ASSERT_TRUE(tables.unmap(va, 0x1000));
  EXPECT_EQ(after(0x12 | of_asid, va), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "NH_VA";
  ASSERT_TRUE(tables.map(va, pa, 0x1000));
  ASSERT_TRUE(grant());
  s.world.put_ste(stream_id, smmuv3::ste_abort());
  EXPECT_EQ(after(0x3 | of_stream, 1), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "CFGI_STE";
}

TEST_F(Dmi, WhatIsWithdrawnWhileDownstreamAnswersIsNotGiven) {
  map();
  for (const std::uint32_t abort : {std::uint32_t{0}, smmuv3::GBPA_ABORT}) {
    s.cpu.put(0x44, smmuv3::GBPA_Update | abort);
    s.client.access(va, 4, false);
    s.ram.on_ask = [this] { s.cpu.put(0x20, smmuv3::CR0_CMDQEN); };
    EXPECT_FALSE(s.client.ask(va, false));
    s.ram.on_ask = nullptr;
    EXPECT_TRUE(s.client.held.empty());
    s.cpu.put(0x20, smmuv3::CR0_implemented);
  }
}

TEST_F(Dmi, ThePointerOfAnOlderTranslationOfAPageIsNotMixedWithANewerOne) {
  pgtable::Builder& tables = map();
  ASSERT_TRUE(grant());
  // Software moves the page and does not say so; then the caches of the SMMU lose the older translation.
  for (std::uint64_t i = 1; i < 5000; ++i) ASSERT_TRUE(tables.map(va + i * 0x1000, pa, 0x1000));
  ASSERT_TRUE(tables.unmap(va, 0x1000));
  ASSERT_TRUE(tables.map(va, pa + 0x1000, 0x1000));
  for (std::uint64_t i = 1; i < 5000; ++i) {
    s.client.access(va + i * 0x1000, 4, false);
    test::advance(1'000'000);
  }
  s.client.access(va, 4, false);
  EXPECT_FALSE(s.client.ask(va, false)) << "the older one is still out";
  s.command(0x12 | of_asid, va);
  EXPECT_EQ(s.client.withdrawn.size(), 1U);
  EXPECT_TRUE(grant());
  EXPECT_EQ(s.client.given.get_dmi_ptr(), s.ram.at(pa + 0x1000));
}

}  // namespace
}  // namespace smmuvp::dmi
