// The SystemC module, on one elaborated bench.
#include <algorithm>
#include <optional>
#include <sstream>

#include "shell_bench.h"
#include "smmuvp/tlm/device_tree.h"

namespace smmuvp::shell {
namespace {

constexpr std::uint32_t TF = 1U << 1, SS = 1U << 30;
constexpr std::uint32_t GFSR_USF = 1U << 1, GFSR_CAF = 1U << 5, GFSR_UUT = 1U << 8;

TEST_F(Shell, ATransactionIsTranslatedByTheDefaultStreamIDOfItsTbu) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x10000, 0x8000'0000, 0x1000));
    std::uint32_t v = 0x12345678;
    EXPECT_EQ(b.transport(0x10010, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.memory.read(0x8000'0010, 4), 0x12345678U);
  ASSERT_EQ(b.seen.size(), 1U);
  EXPECT_EQ(b.seen[0].extension.memory_type, 0xffU);
  EXPECT_EQ(b.seen[0].extension.address_space, AddressSpace::non_secure);
  EXPECT_TRUE(b.host.sink.all.empty());
}

TEST_F(Shell, TheExtensionCarriesTheStreamID) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x20000, 0x8000'0000, 0x1000));
    ASSERT_TRUE(b.stream(9, 1).map(0x20000, 0x8100'0000, 0x1000));
    AccessExtension e = Bench::of_stream(9);
    std::uint64_t v = 1;
    EXPECT_EQ(b.transport(0x20ff8, &v, 8, true, &e), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.memory.read(0x8100'0ff8, 8), 1U);
}

// 2.2: without a table, the transaction itself says which side its device is on.
TEST_F(Shell, ASecureTransactionIsNoneOfTheNonSecureStreams) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x20000, 0x8000'0000, 0x1000));
    AccessExtension e = Bench::of_stream(7);
    e.address_space = AddressSpace::secure;
    EXPECT_EQ(b.read(0x20000, &e), tlm::TLM_OK_RESPONSE) << "SCR0.CLIENTPD is 1: bypass";
    ASSERT_EQ(b.seen.size(), 1U);
    EXPECT_EQ(b.seen[0].address, 0x20000U);
    EXPECT_EQ(b.seen[0].extension.address_space, AddressSpace::secure);
    b.set(sCR0, CR0_GFRE | CR0_GFIE | CR0_USFCFG, 4, true);
    EXPECT_EQ(b.read(0x20000, &e), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.reg(sGFSR, 4, true), GFSR_USF);
    EXPECT_EQ(b.reg(sGFSR), 0U);
    wait(ns(1000));
    EXPECT_TRUE(b.sgfsr.read());
    EXPECT_FALSE(b.gfsr.read());
    b.set(sGFSR, GFSR_USF, 4, true);
    wait(ns(10));
    EXPECT_FALSE(b.sgfsr.read());
  });
}

// 3.6.2, 3.6.3
TEST_F(Shell, TheInterruptOfABankIsHighFromTheFaultUntilSoftwareHasCleared) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.stream(7, 2);
    sc_time delay;
    std::uint32_t v = 0;
    EXPECT_EQ(b.transport(0x12'3456'7890, &v, 4, false, nullptr, &delay), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_GT(delay, ns(20)) << "of walking";
    wait(ns(20));
    EXPECT_FALSE(b.context[2].read()) << "the access has not got there yet";
    wait(delay);
    EXPECT_TRUE(b.context[2].read());
    EXPECT_FALSE(b.context[0].read());
    EXPECT_FALSE(b.gfsr.read());
    EXPECT_EQ(b.reg(b.cb(2, FSR)) & TF, TF);
    EXPECT_EQ(b.reg(b.cb(2, FAR), 8), 0x12'3456'7890U);
    b.set(b.cb(2, FSR), TF);
    wait(ns(10));
    EXPECT_FALSE(b.context[2].read());
  });
}

TEST_F(Shell, AnInterruptFollowsItsEnableAndARestoredFault) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.stream(7, 2);
    b.set(b.cb(2, FSRRESTORE), TF);
    wait(ns(10));
    EXPECT_TRUE(b.context[2].read());
    b.set(b.cb(2, SCTLR), SCTLR_M | SCTLR_CFRE);
    wait(ns(10));
    EXPECT_FALSE(b.context[2].read());
  });
}

TEST_F(Shell, AGlobalFaultHasItsOwnLine) {
  Bench& b = bench();
  b.in_simulation([&] {
    EXPECT_EQ(b.read(0x5000), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "no stream matches";
    EXPECT_EQ(b.reg(sGFSR), GFSR_USF);
    EXPECT_EQ(b.reg(sGFSYNR1) & 0xffff, 7U);
    wait(ns(1000));
    EXPECT_TRUE(b.gfsr.read());
    EXPECT_FALSE(b.cfg.read());
    EXPECT_FALSE(b.sgfsr.read());
    b.set(sGFSR, ~0U);
    wait(ns(10));
    EXPECT_FALSE(b.gfsr.read());
  });
}

// 6.8; registers of chapter 12
TEST_F(Shell, AnOverflowOfACounterIsHighFromItsCycleUntilSoftwareHasCleared) {
  Bench& b = bench();
  b.in_simulation([&] {
    constexpr std::uint32_t monitors = 3 * Bench::page;
    b.set(monitors, 0xffff'ff00);       // PMEVCNTR0: 256 cycles of 1 ns
    b.set(monitors + 0x400, 0);         // PMEVTYPER0: cycles
    b.set(monitors + 0x800, 1U << 11);  // PMCGCR0.E
    b.set(monitors + 0xc40, 1);         // PMINTENSET0
    b.set(monitors + 0xc00, 1);         // PMCNTENSET0
    b.set(monitors + 0xe04, 1);         // PMCR.E
    wait(ns(200));
    EXPECT_FALSE(b.pm.read());
    wait(ns(100));
    EXPECT_TRUE(b.pm.read());
    EXPECT_FALSE(b.gfsr.read());
    b.set(monitors + 0xc80, 1);  // PMOVSCLR0
    wait(ns(10));
    EXPECT_FALSE(b.pm.read());
    b.set(monitors + 0xe04, 0);
  });
}

// 3.9: a Non-secure access to what is Secure software's alone.
TEST_F(Shell, AConfigurationAccessFaultIsAnErrorResponseWhereItIsReported) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.set(SCR1, (b.reg(SCR1, 4, true) & ~0xffU) | 2, 4, true);  // NSNUMCBO 2: banks 2 and 3 are Secure
    const std::uint32_t CBAR3 = Bench::page + CBAR0 + 4 * 3;
    const auto access = [&](std::uint64_t v) { return b.access(CBAR3, true, v, 4, false); };
    const std::uint64_t before = b.reg(CBAR3, 4, true);
    b.set(sCR0, CR0_GCFGFRE | CR0_GCFGFIE, 4, true);
    EXPECT_EQ(access(~before), tlm::TLM_GENERIC_ERROR_RESPONSE);
    EXPECT_EQ(b.reg(sGFSR, 4, true) & GFSR_CAF, GFSR_CAF);
    wait(ns(10));
    EXPECT_FALSE(b.cfg.read()) << "Secure software is told";
    EXPECT_TRUE(b.scfg.read());
    b.set(sGFSR, ~0U, 4, true);
    wait(ns(10));
    EXPECT_FALSE(b.scfg.read());
    b.set(sCR0, 0, 4, true);
    EXPECT_EQ(access(~before), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.reg(CBAR3, 4, true), before) << "RAZ/WI";
  });
}

TEST_F(Shell, AStalledTransactionWaitsForResume) {
  Bench& b = bench();
  b.in_simulation([&] {
    pgtable::Builder& tables = b.stream(7, 1, SCTLR_CFCFG);
    std::optional<tlm::tlm_response_status> end;
    sc_core::sc_spawn([&] { end = b.read(0x5000); });
    wait(ns(1000));
    EXPECT_FALSE(end);
    EXPECT_TRUE(b.context[1].read());
    EXPECT_EQ(b.reg(b.cb(1, FSR)) & (SS | TF), SS | TF);
    ASSERT_TRUE(tables.map(0x5000, 0x8000'0000, 0x1000));
    b.set(b.cb(1, FSR), ~0U);
    b.set(b.cb(1, RESUME), 0);
    wait(ns(1000));
    EXPECT_EQ(end, tlm::TLM_OK_RESPONSE);
    EXPECT_FALSE(b.context[1].read());
  });
  ASSERT_EQ(b.seen.size(), 1U);
  EXPECT_EQ(b.seen[0].address, 0x8000'0000U);
}

TEST_F(Shell, AStalledTransactionThatIsTerminatedEndsWithAnError) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.stream(7, 1, SCTLR_CFCFG);
    std::optional<tlm::tlm_response_status> end;
    sc_core::sc_spawn([&] { end = b.read(0x5000); });
    wait(ns(1000));
    b.set(b.cb(1, FSR), ~0U);
    b.set(b.cb(1, RESUME), 1);
    wait(ns(1000));
    EXPECT_EQ(end, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
}

// 5.4.2
TEST_F(Shell, ASynchronisationWaitsForATransactionThatIsDownstream) {
  Bench& b = bench();
  sc_core::sc_event release;
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x10000, 0x8000'0000, 0x1000));
    b.hold = &release;
    sc_core::sc_spawn([&] { b.read(0x10000); });
    wait(ns(1000));
    b.set(b.cb(0, TLBIALL), 0);
    b.set(b.cb(0, TLBSYNC), 0);
    wait(ns(10000));
    EXPECT_EQ(b.reg(b.cb(0, TLBSTATUS)), 1U);
    release.notify();
    wait(ns(1000));
    EXPECT_EQ(b.reg(b.cb(0, TLBSTATUS)), 0U);
    b.hold = nullptr;
  });
}

TEST_F(Shell, AResetForgetsFaultsAndEndsWhatIsStalled) {
  Bench& b = bench();
  b.in_simulation([&] {
    b.stream(7, 1, SCTLR_CFCFG);
    std::optional<tlm::tlm_response_status> end;
    sc_core::sc_spawn([&] { end = b.read(0x5000); });
    wait(ns(1000));
    EXPECT_TRUE(b.context[1].read());
    b.reset.write(true);
    wait(ns(10));
    EXPECT_EQ(end, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_FALSE(b.context[1].read());
    b.reset.write(false);
    EXPECT_EQ(b.reg(sCR0) & 1, 1U) << "CLIENTPD";
    EXPECT_EQ(b.read(0x8000'0000), tlm::TLM_OK_RESPONSE) << "bypass";
  });
}

TEST_F(Shell, AStateThatIsLoadedHasItsInterruptsAndItsTranslations) {
  Bench& b = bench();
  std::stringstream state;
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 2).map(0x10000, 0x8000'0000, 0x1000));
    EXPECT_EQ(b.read(0x5000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    wait(ns(1000));
    EXPECT_TRUE(b.context[2].read());
    const auto refused = b.smmu.save(state);
    ASSERT_FALSE(refused) << to_text(*refused);
    b.reset.write(true);
    wait(ns(10));
    b.reset.write(false);
    wait(ns(10));
    EXPECT_FALSE(b.context[2].read());
    const auto error = b.smmu.load(state);
    ASSERT_FALSE(error) << to_text(*error);
    wait(ns(10));
    EXPECT_TRUE(b.context[2].read());
    b.set(b.cb(2, FSR), ~0U);
    wait(ns(10));
    EXPECT_FALSE(b.context[2].read());
    std::uint32_t v = 3;
    EXPECT_EQ(b.transport(0x10000, &v, 4, true), tlm::TLM_OK_RESPONSE);
  });
  EXPECT_EQ(b.memory.read(0x8000'0000, 4), 3U);
}

TEST_F(Shell, AnIdentityThatNoSmmuV2KnowsIsToldOnceAndUnsupported) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x10000, 0x8000'0000, 0x1000));
    AccessExtension wide = Bench::of_stream(0x1'0007);
    AccessExtension with_substream = Bench::of_stream(7);
    with_substream.substream_valid = true;
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(b.read(0x10000, &wide), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_EQ(b.read(0x10000, &with_substream), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }
    EXPECT_EQ(b.reg(sGFSR) & GFSR_UUT, GFSR_UUT);
  });
  EXPECT_TRUE(b.seen.empty());
  ASSERT_EQ(b.host.sink.all.size(), 1U);
  EXPECT_EQ(b.host.sink.all[0].kind, DiagKind::HostError);
}

TEST_F(Shell, ADirectMemoryPointerIsTakenBackByWhateverMayChangeItsTranslation) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(5, 3).map(0x10000, 0x8000'0000, 0x1000));
    std::uint32_t v = 0;
    const auto pointer = [&] {
      EXPECT_EQ(b.transport(b.fixed, 0x10000, &v, 4, false), tlm::TLM_OK_RESPONSE);
      EXPECT_TRUE(b.dmi_allowed);
      tlm::tlm_generic_payload p;
      tlm::tlm_dmi dmi;
      p.set_address(0x10000);
      p.set_read();
      EXPECT_TRUE(b.fixed->get_direct_mem_ptr(p, dmi));
      EXPECT_EQ(dmi.get_start_address(), 0x10000U);
      EXPECT_EQ(dmi.get_end_address(), 0x10fffU);
      b.withdrawn.clear();
    };
    const auto taken_back = [&] {
      return std::any_of(b.withdrawn.begin(), b.withdrawn.end(),
                         [](const auto& range) { return range.first <= 0x10000 && range.second >= 0x10fff; });
    };
    pointer();
    b.set(b.cb(3, TLBIALL), 0);
    EXPECT_TRUE(taken_back()) << "by TLB maintenance";
    pointer();
    b.set(S2CR0 + 4 * 3, S2CR_fault);
    EXPECT_TRUE(taken_back()) << "by another S2CR";
    b.set(S2CR0 + 4 * 3, S2CR_translate | 3);
    pointer();
    EXPECT_EQ(b.transport(b.fixed, 0x5000, &v, 4, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_TRUE(taken_back()) << "by a fault, behind which the bank terminates all (HUPCF is 0, 3.7.3)";
  });
}

TEST_F(Shell, ADebugAccessTranslatesAndRecordsNothing) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x10000, 0x8000'0000, 0x1000));
    b.memory.write(0x8000'0010, 0x1234, 4);
    std::uint32_t v = 0;
    tlm::tlm_generic_payload p;
    p.set_read();
    p.set_data_ptr(reinterpret_cast<unsigned char*>(&v));
    p.set_data_length(4);
    p.set_streaming_width(4);
    p.set_address(0x10010);
    EXPECT_EQ(b.master->transport_dbg(p), 4U);
    EXPECT_EQ(v, 0x1234U);
    p.set_address(0x5000);
    EXPECT_EQ(b.master->transport_dbg(p), 0U);
    EXPECT_EQ(b.reg(b.cb(0, FSR)) & TF, 0U);
    wait(ns(10));
    EXPECT_FALSE(b.context[0].read());
  });
}

TEST_F(Shell, AnAccessBeyondTheWindowIsAnAddressError) {
  Bench& b = bench();
  b.in_simulation([&] {
    std::uint64_t v = 0;
    EXPECT_EQ(b.access(2 * Bench::half - 4, false, v, 4, false), tlm::TLM_OK_RESPONSE);
    EXPECT_EQ(b.access(2 * Bench::half, false, v, 4, false), tlm::TLM_ADDRESS_ERROR_RESPONSE);
  });
}

TEST_F(Shell, ADescriptionForTheDeviceTreeFollowsTheBinding) {
  DtNode node("device");
  bench().smmu.describe(node);
  EXPECT_EQ(node.name(), "iommu");
  ASSERT_EQ(node.properties().size(), 4U);
  EXPECT_EQ(node.properties()[0].name, "compatible");
  EXPECT_EQ(std::get<DtNode::Strings>(node.properties()[0].value), DtNode::Strings{"arm,smmu-v2"});
  EXPECT_EQ(node.properties()[1].name, "#iommu-cells");
  EXPECT_EQ(node.properties()[2].name, "#global-interrupts");
  EXPECT_EQ(node.properties()[3].name, "dma-coherent");
}

TEST_F(Shell, ItsInterruptsStandInTheOrderOfTheBindingAndHaveNoNames) {
  std::vector<std::string> lines;
  for (const Port& p : bench().smmu.ports()) {
    if (!std::holds_alternative<LineOut*>(p.object)) continue;
    lines.push_back(p.name);
    EXPECT_TRUE(p.dt_name.empty());
    EXPECT_FALSE(p.edge);
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"gfsr_irq", "cfg_irq", "sgfsr_irq", "scfg_irq", "context_irq0",
                                             "context_irq1", "context_irq2", "context_irq3", "pm_irq0"}));
}

// IHI 0062 8.1, SMMU_BASE; what a device tree lists by place has no gap.
TEST_F(Shell, TellsAPlatformHowItMayBeWired) {
  const SmmuV2<64>& smmu = bench().smmu;
  const std::uint64_t size = 2 * Bench::half;
  EXPECT_EQ(smmu.refused_base("registers", 5 * size), "");
  for (const std::uint64_t odd : {size / 2, std::uint64_t{Bench::page}})
    EXPECT_NE(smmu.refused_base("registers", 5 * size + odd).find("multiple of 64KiB"), std::string::npos)
        << odd;
  EXPECT_EQ(smmu.refused_base("tbu0_in", 1), "") << "nobody's address";
  EXPECT_NE(smmu.missing_port("context_irq4").find("NUMCB is 4"), std::string::npos);
  EXPECT_NE(smmu.missing_port("pm_irq1").find("counter_groups is 1"), std::string::npos);
  EXPECT_EQ(smmu.missing_port("context"), "");
  EXPECT_TRUE(smmu.check_interrupts({}).empty());
  std::vector<std::string> wired = {"gfsr_irq",     "cfg_irq",      "context_irq0", "context_irq1",
                                    "context_irq2", "context_irq3", "pm_irq0"};
  EXPECT_TRUE(smmu.check_interrupts(wired).empty()) << "those of Secure software may be missing";
  for (std::size_t i = 0; i + 1 < wired.size(); ++i) {
    std::vector<std::string> some = wired;
    some.erase(some.begin() + static_cast<std::ptrdiff_t>(i));
    const auto found = smmu.check_interrupts(some);
    ASSERT_EQ(found.size(), 1U) << wired[i];
    EXPECT_TRUE(found[0].refused);
    EXPECT_EQ(found[0].port, i < 2 ? "context_irq0" : wired[i + 1]);
    EXPECT_NE(found[0].text.find("but " + wired[i] + " is not"), std::string::npos);
  }
  wired.resize(4);
  const auto told = smmu.check_interrupts(wired);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_FALSE(told[0].refused);
  EXPECT_NE(told[0].text.find("banks 2 to 3 of NUMCB 4"), std::string::npos) << told[0].text;
}

TEST_F(Shell, ADumpShowsRegistersByName) {
  Bench& b = bench();
  b.in_simulation([&] { b.stream(7, 2); });
  const auto values = b.smmu.register_values();
  const auto value_of = [&](const std::string& name) -> std::optional<std::uint64_t> {
    const auto found =
        std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
  EXPECT_EQ(value_of("SMMU_SMR2"), SMR_VALID | 7U);
  EXPECT_EQ(value_of("SMMU_CB2_TTBR0"), b.builders.back().config().stage1.tables[0].base | 1ULL << 48);
  EXPECT_EQ(value_of("SMMU_CB1_TTBR0"), std::nullopt) << "of arrays, what is not 0";
  std::ostringstream text;
  b.smmu.dump(text);
  EXPECT_NE(text.str().find("SMMU_CB2_TTBR0"), std::string::npos);
}

TEST_F(Shell, ACorrectDriverGetsNoDiagnostics) {
  Bench& b = bench();
  b.in_simulation([&] {
    ASSERT_TRUE(b.stream(7, 0).map(0x10000, 0x8000'0000, 0x1000));
    b.read(0x10000);
    b.read(0x90000);
    b.set(b.cb(0, FSR), ~0U);
    b.set(b.cb(0, TLBIVA), 1ULL << 48 | 0x10, 8);
    b.set(b.cb(0, TLBSYNC), 0);
    wait(ns(1000));
    EXPECT_EQ(b.reg(b.cb(0, TLBSTATUS)), 0U);
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
