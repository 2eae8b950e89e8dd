// Interrupt lines of an SMMUv2 as a program wires them, and what a hook tells of Security states.
#include <string>

#include "user_bench.h"

namespace smmuvp::user {
namespace {

constexpr std::uint32_t TF = 1U << 1, USF = 1U << 1, UCIF = 1U << 4;

// ---- lines of banks, where software assigns them (IHI 0062 3.6.2, 10.2.1)

class Assigned : public User {
 protected:
  /// The line of a bank's faults.
  void assign(unsigned bank, std::uint32_t IRPTNDX) {
    b.level.regs.set(WithDriver::page + CBAR0 + 4 * bank, CBAR_stage1 | IRPTNDX << 24);
    b.level.regs.set(b.level.regs.cb(bank, SCTLR), SCTLR_CFIE | SCTLR_CFRE);
  }
  void fault(unsigned bank) { b.level.regs.set(b.level.regs.cb(bank, FSRRESTORE), TF); }
  void clear(unsigned bank) { b.level.regs.set(b.level.regs.cb(bank, FSR), TF); }
  /// In the simulation.
  void expect_lines(bool first, bool second) {
    wait(ns(10));
    EXPECT_EQ(b.context[0].read(), first);
    EXPECT_EQ(b.context[1].read(), second);
  }
};

TEST_F(Assigned, ALineIsHighWhileAnyBankHasAFaultThatCbarAssignsToIt) {
  b.run([&] {
    for (const unsigned bank : {0U, 5U}) assign(bank, 1);
    assign(3, 0);
    expect_lines(false, false);
    fault(5);
    expect_lines(false, true);
    fault(0);
    fault(3);
    expect_lines(true, true);
    clear(5);
    expect_lines(true, true);
    clear(0);
    expect_lines(true, false);
    clear(3);
    expect_lines(false, false);
  });
}

TEST_F(Assigned, AFaultGoesToAnotherLineWithItsBank) {
  b.run([&] {
    assign(4, 0);
    fault(4);
    expect_lines(true, false);
    assign(4, 1);
    expect_lines(false, true);
    assign(4, 2);
    expect_lines(false, false);
    EXPECT_EQ(b.level.regs.reg(sGFSR), 0U) << "line 2 is there, and tied off";
  });
}

TEST_F(Assigned, AFaultWhoseLineIsNotThereIsToldGlobally) {
  b.map(7, 0x10000, 0x8000'0000);
  b.run([&] {
    b.level.regs.set(WithDriver::page + CBAR0, CBAR_stage1 | 3U << 24);
    EXPECT_EQ(read(b.level_client, 0x90000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    wait(ns(1000));
    expect_lines(false, false);
    EXPECT_EQ(b.level.regs.reg(sGFSR), UCIF);
    EXPECT_TRUE(b.gfsr.read());
  });
}

TEST_F(Assigned, AResetLowersAllLinesAndTheyStayLowWhileItIsHeld) {
  b.run([&] {
    assign(0, 0);
    assign(1, 1);
    fault(0);
    fault(1);
    EXPECT_EQ(read(b.level_client, 0x90000), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "no stream matches";
    wait(ns(1000));
    expect_lines(true, true);
    EXPECT_TRUE(b.gfsr.read());
    b.level_nreset.write(false);
    expect_lines(false, false);
    EXPECT_FALSE(b.gfsr.read());
    EXPECT_EQ(read(b.level_client, 0x90000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    wait(ns(1000));
    EXPECT_FALSE(b.gfsr.read());
    b.level_nreset.write(true);
    expect_lines(false, false);
  });
}

// ---- lines of counter groups (6.8)

TEST_F(User, EachCounterGroupHasItsLine) {
  b.run([&] {
    constexpr std::uint32_t monitors = 3 * WithDriver::page;
    auto& r = b.level.regs;
    for (const std::uint32_t group : {0U, 1U}) {
      r.set(monitors + PMEVCNTR0 + 4 * group, ~0U - 100 * (2 - group));  // the second overflows first
      r.set(monitors + PMEVTYPER0 + 4 * group, cycles);
      r.set(monitors + PMCGCR0 + 4 * group, PMCGCR_all | PMCGCR_E);
    }
    r.set(monitors + PMINTENSET0, 3);
    r.set(monitors + PMCNTENSET0, 3);
    r.set(monitors + PMCR, PMCR_E);
    wait(ns(150));
    EXPECT_FALSE(b.pm[0].read());
    EXPECT_TRUE(b.pm[1].read());
    wait(ns(100));
    EXPECT_TRUE(b.pm[0].read());
    r.set(monitors + PMOVSCLR0, 2);
    wait(ns(10));
    EXPECT_TRUE(b.pm[0].read());
    EXPECT_FALSE(b.pm[1].read());
    r.set(monitors + PMCR, 0);
    wait(ns(10));
    EXPECT_FALSE(b.pm[0].read()) << "interrupts are enabled where the counters are";
  });
}

// ---- what is not bound

TEST_F(User, FaultsOfAnSmmuWhoseLinesNothingIsBoundToAreInItsRegisters) {
  b.run([&] {
    EXPECT_EQ(read(b.free_client, 0x90000), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    b.free.regs.set(b.free.regs.cb(7, SCTLR), SCTLR_CFIE);
    b.free.regs.set(b.free.regs.cb(7, FSRRESTORE), TF);
    wait(ns(1000));
    EXPECT_EQ(b.free.regs.reg(sGFSR), USF);
  });
}

TEST_F(User, PortsTellWhichLinesThereAre) {
  const auto lines = [](const SmmuV2<>& smmu) {
    std::string names;
    for (const Port& p : smmu.ports()) {
      if (std::holds_alternative<LineOut*>(p.object)) names += p.name + " ";
      EXPECT_FALSE(p.edge && std::holds_alternative<LineOut*>(p.object)) << p.name << " is a level (3.6.3)";
    }
    return names;
  };
  EXPECT_EQ(lines(b.level.smmu),
            "gfsr_irq cfg_irq sgfsr_irq scfg_irq context_irq0 context_irq1 context_irq2 pm_irq0 pm_irq1 ");
  EXPECT_EQ(lines(b.free.smmu).substr(0, 29), "gfsr_irq cfg_irq context_irq0") << "one Security state";
}

TEST_F(User, ADumpOfOneSecurityStateHasNoRegistersOfSecureSoftware) {
  std::string names;
  for (const auto& [name, value] : b.free.smmu.register_values()) names += name + " ";
  EXPECT_NE(names.find("SMMU_sCR0 "), std::string::npos);
  EXPECT_NE(names.find("SMMU_TLBIALLNSNH "), std::string::npos);
  EXPECT_EQ(names.find("SMMU_SCR1 "), std::string::npos);
  EXPECT_EQ(names.find("SMMU_STLBI"), std::string::npos);
}

// ---- hooks

TEST_F(User, AnIdentityHookTellsTheSecurityState) {  // 2.2: SCR0.CLIENTPD resets to 1
  b.run([&] {
    Transfer t(7, 0x8000'0000);
    EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_ADDRESS_ERROR_RESPONSE) << "no stream matches";
    b.edge.smmu.set_identity_hook(
        0, [](const Payload&, Identity& identity) { identity.address_space = AddressSpace::secure; });
    for (const bool blocking : {true, false}) {
      EXPECT_EQ(b.wide.send(t.payload, blocking), tlm::TLM_OK_RESPONSE);
      EXPECT_EQ(b.edge.arrived.back().output_space, AddressSpace::secure);
    }
  });
}

TEST_F(User, WhatAHookSaysThatNoSmmuV2KnowsIsToldOnceAndUnsupported) {
  b.map(7, 0x20000, 0x8100'0000);
  b.run([&] {
    Transfer t(7, 0x20010);
    const IdentityHook hooks[] = {
        [](const Payload&, Identity& identity) { identity.stream_id = 0x1'0007; },
        [](const Payload&, Identity& identity) { identity.substream_valid = true; },
        [](const Payload&, Identity& identity) { identity.address_space = AddressSpace::realm; },
        [](const Payload&, Identity& identity) { identity.address_space = AddressSpace::root; },
    };
    for (const IdentityHook& hook : hooks) {
      b.edge.smmu.set_identity_hook(0, hook);
      EXPECT_EQ(b.wide.send(t.payload, true), tlm::TLM_ADDRESS_ERROR_RESPONSE);
      EXPECT_NE(b.edge.regs.reg(sGFSR) & 1U << 8, 0U) << "UUT";
      b.edge.regs.set(sGFSR, ~0U);
    }
  });
  EXPECT_TRUE(b.edge.arrived.empty());
  EXPECT_EQ(b.host.diagnostics.size(), 1U);
}

}  // namespace
}  // namespace smmuvp::user
