// The SystemC module, on one elaborated bench.
#include <optional>

#include "shell_bench.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp::shell {
namespace {

TEST_F(Shell, ATransactionIsTranslatedByTheDefaultStreamIDOfItsTbu) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0x12345678;
    EXPECT_EQ(b.transport(0x10010, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.world.memory.read(0x8000'0010, 4), 0x12345678U);
  ASSERT_EQ(b.seen.size(), 1U);
  EXPECT_EQ(b.seen[0].extension.memory_type, 0xffU);
}

TEST_F(Shell, WhatIsDownstreamTellsNoMasterWhoItIs) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  ASSERT_TRUE(b.world.stream(9, 9).map(0x10000, 0x8100'0000, 0x1000));
  b.on_extension = [](AccessExtension& e) {
    e.stream_id = 9;
    e.stream_valid = true;
    e.privileged = true;
  };
  b.in_simulation([&] {
    AccessExtension of_another;
    of_another.stream_id = 9;
    of_another.stream_valid = true;
    std::uint32_t first = 0;
    EXPECT_EQ(b.transport(0x10000, &first, 4, true, &of_another), tlm::TLM_OK_RESPONSE);
    for (std::uint32_t v = 1; v <= 4; ++v) {
      EXPECT_EQ(b.transport(0x10000 + 4 * v, &v, 4, true), tlm::TLM_OK_RESPONSE);
    }
  });
  for (std::uint32_t v = 1; v <= 4; ++v) {
    EXPECT_EQ(b.world.memory.read(0x8000'0000 + 4 * v, 4), v) << "of StreamID 7, as the port says";
  }
  for (const Seen& s : b.seen) EXPECT_FALSE(s.extension.privileged);
}

TEST_F(Shell, TheExtensionCarriesTheStreamID) {
  Bench& b = bench();
  map(9, 0x20000, 0x8100'0000, 0x1000);
  b.in_simulation([&] {
    AccessExtension e;
    e.stream_id = 9;
    e.stream_valid = true;
    std::uint64_t v = 1;
    EXPECT_EQ(b.transport(0x20ff8, &v, 8, true, &e), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(e.stream_id, 9U);
  });
  EXPECT_EQ(b.world.memory.read(0x8100'0ff8, 8), 1U);
}

TEST_F(Shell, ANestedTransactionGoesThroughBothStagesOfItsTables) {
  Bench& b = bench();
  pgtable::Builder& ipas = b.world.guest();
  pgtable::Builder& vas = b.world.nested_stream(7, ipas, 3);
  ASSERT_TRUE(vas.map(0x10000, 0x7000'0000, 0x2000));
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x8000'0000, 0x1000));
  std::uint32_t v = 0x12345678;
  b.in_simulation([&] {
    EXPECT_EQ(b.transport(0x10010, &v, 4, true), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.transport(0x11010, &v, 4, true), tlm::TLM_ADDRESS_ERROR_RESPONSE)
        << "stage 2 has no such page";
  });
  EXPECT_EQ(b.world.memory.read(0x8000'0010, 4), 0x12345678U);
  ASSERT_EQ(b.seen.size(), 1U);
  EXPECT_EQ(b.seen[0].address, 0x8000'0010U);
  EXPECT_EQ(b.eventq_edges, 1);
  smmuv3::Expected e{0x10, 7};
  e.RnW = false;
  e.InputAddr = 0x11010;
  e.IPA = 0x7000'1000;
  for (unsigned i = 0; i < 4; ++i) {
    EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq + 8 * i, 8), e.record()[i]) << "word " << i;
  }
  // The hypervisor moves the page, and says so.
  ASSERT_TRUE(ipas.unmap(0x7000'0000, 0x1000));
  ASSERT_TRUE(ipas.map(0x7000'0000, 0x9000'0000, 0x1000));
  b.in_simulation([&] {
    b.push(0x2a | 3ULL << 32, 0x7000'0000);  // CMD_TLBI_S2_IPA
    b.push(0x10 | 3ULL << 32);               // CMD_TLBI_NH_ALL
    b.push(0x46);
    while (b.reg(0x9c) != b.reg(0x98)) wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.transport(0x10010, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.world.memory.read(0x9000'0010, 4), 0x12345678U);
  EXPECT_TRUE(b.host.sink.all.empty());
}

TEST_F(Shell, AHitTakesItsTimeAndAMissTakesThatOfItsFetchesToo) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0;
    sc_time miss;
    sc_time hit;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false, nullptr, &miss), tlm::TLM_OK_RESPONSE);
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(b.transport(0x10800, &v, 4, false, nullptr, &hit), tlm::TLM_OK_RESPONSE);
    // port 1 clock, micro TLB 1; memory 5 ns
    EXPECT_EQ(hit, sc_time(1 + 1 + 5, sc_core::SC_NS));
    // besides: the link 8 each way, configuration 3, TLB 3, walk cache 4, and five fetches of 1 + 20
    EXPECT_EQ(miss, sc_time(7 + 8 + 3 + 3 + 4 + 5 * 21 + 8, sc_core::SC_NS));
  });
}

TEST_F(Shell, AnAbortFromDownstreamReachesTheMaster) {
  Bench& b = bench();
  map(7, 0x10000, 0xbad0'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_GENERIC_ERROR_RESPONSE);
  });
}

TEST_F(Shell, RazWiTerminationReadsZeroWithoutAnError) {
  Bench& b = bench();
  pgtable::Builder& t = b.world.stream(7);
  smmuv3::Structure cd = smmuv3::cd_for(t.config(), 1);
  b.world.put(smmuv3::World::cd_address(7), cd.set(46, 1, 0));
  b.in_simulation([&] {
    std::uint32_t v = 0xffffffff;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(v, 0U);
    EXPECT_EQ(b.transport(0x10000, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_TRUE(b.seen.empty());
}

TEST_F(Shell, AnAtsRequestIsRefusedAsUnsupported) {
  Bench& b = bench();
  b.in_simulation([&] {
    AccessExtension e;
    e.ats = AtsPhase::Translated;
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false, &e), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
  EXPECT_EQ(b.world.memory.read(smmuv3::World::eventq, 1), 0x01U);
}

TEST_F(Shell, DmiIsNotGranted) {
  Bench& b = bench();
  tlm::tlm_generic_payload p;
  tlm::tlm_dmi dmi;
  p.set_address(0x10000);
  EXPECT_FALSE(b.master->get_direct_mem_ptr(p, dmi));
}

TEST_F(Shell, ResetDisablesTranslationAndForgetsTheQueues) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.reset.write(true);
    wait(sc_time(1, sc_core::SC_NS));
    b.reset.write(false);
    EXPECT_EQ(b.reg(0x20), 0U);
    EXPECT_EQ(b.reg(0x24), 0U);
    std::uint32_t v = 3;
    EXPECT_EQ(b.transport(0x8000'0000, &v, 4, true), tlm::TLM_OK_RESPONSE) << "GBPA: bypass";
  });
  EXPECT_EQ(b.world.memory.read(0x8000'0000, 4), 3U);
}

TEST_F(Shell, AHitThatAResetOvertakesDownstreamEndsWithAnError) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  sc_core::sc_event release;
  b.in_simulation([&] {
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x10000, &v, 4, false), tlm::TLM_OK_RESPONSE) << "fills the TLBs";
    b.hold = &release;
    std::optional<tlm::tlm_response_status> end;
    sc_core::sc_spawn([&] {
      std::uint32_t w = 0;
      end = b.transport(0x10000, &w, 4, false);
    });
    wait(sc_time(1, sc_core::SC_US));
    b.reset.write(true);
    wait(sc_time(1, sc_core::SC_US));
    b.reset.write(false);
    release.notify();
    wait(sc_time(1, sc_core::SC_US));
    EXPECT_EQ(end, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    b.hold = nullptr;
  });
}

TEST_F(Shell, DiagnosticsNameTheInstanceInItsHierarchy) {
  Bench& b = bench();
  b.in_simulation([&] { b.reg(0x28, false, 0, 2); });
  ASSERT_EQ(b.host.sink.all.size(), 1U);
  EXPECT_EQ(b.host.sink.all[0].source, "bench.smmu0");
}

TEST_F(Shell, AnAccessThatIsNotNonSecureIsToldOnce) {
  Bench& b = bench();
  map(9, 0x20000, 0x8100'0000, 0x1000);
  b.in_simulation([&] {
    AccessExtension e;
    e.stream_id = 9;
    e.stream_valid = true;
    std::uint64_t v = 1;
    EXPECT_EQ(b.transport(0x20000, &v, 8, true, &e), tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(b.host.sink.all.empty());
    e.address_space = AddressSpace::secure;
    for (int i = 0; i < 3; ++i) EXPECT_EQ(b.transport(0x20000, &v, 8, true, &e), tlm::TLM_OK_RESPONSE);
  });
  ASSERT_EQ(b.host.sink.all.size(), 1U);
  EXPECT_EQ(b.host.sink.all[0].kind, DiagKind::Unimplemented);
  EXPECT_EQ(b.host.sink.all[0].site, "SEC_SID");
  EXPECT_EQ(b.host.sink.all[0].stream_id, 9U);
}

TEST_F(Shell, ADescriptionForTheDeviceTreeFollowsTheBinding) {
  DtNode node("device");
  bench().smmu.describe(node);
  EXPECT_EQ(node.name(), "iommu");
  ASSERT_EQ(node.properties().size(), 4U);
  EXPECT_EQ(node.properties()[0].name, "compatible");
  EXPECT_EQ(node.properties()[1].name, "#iommu-cells");
  EXPECT_EQ(node.properties()[2].name, "dma-coherent");
  EXPECT_EQ(node.properties()[3].name, "msi-parent") << "this one has MSI";
}

TEST_F(Shell, ACorrectDriverGetsNoDiagnostics) {
  Bench& b = bench();
  map(7, 0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    std::uint32_t v = 0;
    b.transport(0x10000, &v, 4, false);
    b.transport(0x90000, &v, 4, false);
    b.push(0x03 | 7ULL << 32, 1);
    b.push(0x12, 0x10000);
    b.push(0x46 | 2 << 12);
    wait(sc_time(1, sc_core::SC_US));
  });
  EXPECT_TRUE(b.host.sink.all.empty()) << to_text(b.host.sink.all.front());
}

}  // namespace
}  // namespace smmuvp::shell

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::shell::bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
