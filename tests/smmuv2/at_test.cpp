// Non-blocking transactions of an SMMUv2: what passes and what is terminated, synchronisation, merged walks;
// and the program of their tests.
#include <sstream>
#include <string>
#include <vector>

#include "../smmu/at/agreement.h"

namespace smmuvp::at {

Bench& bench() {
  static Bench b("bench");
  return b;
}

namespace {

// ---- what passes, and what is terminated, in both styles (IHI 0062 2.1.1)

TEST_F(Agreement, AStreamThatS2crLetsPassTakesTheSameTimeInBothStyles) {  // 2.3.4
  const Result r = agree([this] { b.regs.map_stream(0, 7, S2CR_bypass); }, 0x8000'0000, 16, true);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.downstream, std::vector<std::uint64_t>{0x8000'0000});
  EXPECT_TRUE(r.fetched.empty());
}

TEST_F(Agreement, WhatWrapsAroundTheEndOfAddressesPassesInNeitherStyle) {
  const Result r = agree([this] { b.regs.map_stream(0, 7, S2CR_bypass); }, ~0ULL - 1);
  EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
  EXPECT_NE(b.regs.reg(sGFSR) & 1U << 8, 0U) << "UUT";
}

TEST_F(Agreement, AnUnmatchedStreamPassesInBothStylesUnlessUsfcfgIs1) {  // 2.3.1
  Result r = agree([this] { b.regs.set(sCR0, CR0_GFRE); }, 0x8000'0000);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.downstream, std::vector<std::uint64_t>{0x8000'0000});
  r = agree([] {}, 0x8000'0000);
  EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
  EXPECT_TRUE(b.gfsr.read());
}

TEST_F(Agreement, AllPassesInBothStylesWhileClientsAreDisabled) {  // 9.6.3 CLIENTPD
  const Result r = agree(
      [this] {
        map(7, 0x10000, 0x8000'0000);
        b.regs.set(sCR0, CR0_CLIENTPD);
      },
      0x8000'0000);
  EXPECT_EQ(r.downstream, std::vector<std::uint64_t>{0x8000'0000});
}

TEST_F(Agreement, AContextFaultIsRazWiInBothStylesWhereItIsNotReported) {  // 3.7.4
  const Result r = agree(
      [this] {
        map(7, 0x10000, 0x8000'0000);
        b.regs.set(b.of(7, SCTLR), SCTLR_M | SCTLR_TRE | SCTLR_AFE);
      },
      0x90000);
  EXPECT_EQ(r.status, tlm::TLM_OK_RESPONSE);
  EXPECT_EQ(r.data, std::vector<std::uint8_t>(4, 0));
}

TEST_F(Agreement, BehindAFaultTheBankTerminatesInBothStyles) {  // 3.7.3, HUPCF 0
  const Result r = agree(
      [this] {
        map(7, 0x10000, 0x8000'0000);
        warm(0x10000);
        b.regs.set(b.of(7, SCTLR), SCTLR_M | SCTLR_TRE | SCTLR_AFE | SCTLR_CFRE);
        b.regs.set(b.of(7, FSRRESTORE), TF);
      },
      0x10000);
  EXPECT_EQ(r.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
  EXPECT_TRUE(r.downstream.empty());
}

TEST_F(At, TheLineOfABankIsHighWhenTheAnswerOfItsFaultComes) {  // 3.6.3
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.in_simulation([&] {
    const Operation& op = b.master.read(0x90000, 9);
    while (!op.done) wait(b.master.finished);
    EXPECT_EQ(op.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    wait(ns(1));
    EXPECT_TRUE(b.context[1].read());
    EXPECT_FALSE(b.context[0].read());
    EXPECT_FALSE(b.gfsr.read());
    EXPECT_EQ(b.regs.reg(b.of(9, FAR), 8), 0x90000U);
    b.regs.set(b.of(9, FSR), TF);
    wait(ns(1));
    EXPECT_FALSE(b.context[1].read());
  });
}

// ---- synchronisation (5.4.2)

/// Both ways to synchronise: of the bank of stream 7, and of all of the Security state.
struct Sync {
  const char* name;
  bool global;
};
std::ostream& operator<<(std::ostream& out, const Sync& s) { return out << s.name; }

class Synchronised : public At, public ::testing::WithParamInterface<Sync> {
 protected:
  void invalidate() { b.regs.set(GetParam().global ? TLBIALLNSNH : b.of(7, TLBIALL), 0); }
  void synchronise() { b.regs.set(GetParam().global ? sTLBGSYNC : b.of(7, TLBSYNC), 0); }
  bool busy() { return b.regs.reg(GetParam().global ? sTLBGSTATUS : b.of(7, TLBSTATUS)) != 0; }
};

TEST_P(Synchronised, ItIsBusyWhileATransactionThatUsedADroppedEntryIsOutstandingUntilItsEndResp) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  b.master.end = Master::End::later;
  b.master.end_delay = ns(500);
  b.in_simulation([&] {
    warm(0x10000);
    const Operation& op = b.master.read(0x10000);
    wait(ns(100));
    invalidate();
    synchronise();
    wait(ns(2000));
    EXPECT_TRUE(busy());
    b.target.release();
    wait(ns(400));
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(busy()) << "END_RESP is still to come";
    wait(ns(200));
    EXPECT_FALSE(busy());
  });
}

TEST_P(Synchronised, ItDoesNotWaitForWhatCameAfterTheMaintenance) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  b.in_simulation([&] {
    warm(0x10000);
    invalidate();
    const Operation& op = b.master.read(0x10000);
    wait(ns(500));
    synchronise();
    wait(ns(500));
    EXPECT_FALSE(busy());
    EXPECT_FALSE(op.done);
    b.target.release();
    wait(ns(500));
  });
}

TEST_P(Synchronised, AWalkThatMaintenanceOvertakesHoldsItAndFillsNothing) {
  pgtable::Builder& tables = map(7, 0x10000, 0x8000'0000);
  b.in_simulation([&] {
    b.tables.held = [](std::uint64_t) { return true; };
    const Operation& op = b.master.read(0x10000);
    wait(ns(100));
    EXPECT_EQ(b.walks.open(), 1U);
    invalidate();
    synchronise();
    wait(ns(1000));
    EXPECT_TRUE(busy());
    b.tables.release();
    wait(ns(1000));
    EXPECT_TRUE(op.done);
    EXPECT_FALSE(busy());
    tables.unmap(0x10000, 0x1000);
    const Operation& next = b.master.read(0x10000);
    wait(ns(1000));
    EXPECT_EQ(next.status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << "what the walk found is in no cache";
  });
}

TEST_P(Synchronised, AStalledTransactionAndThoseBehindItHoldNone) {
  b.stream(7, SCTLR_CFCFG);
  b.in_simulation([&] {
    b.master.read(0x50000);
    b.master.read(0x50010);
    wait(ns(1000));
    EXPECT_NE(b.regs.reg(b.of(7, FSR)) & SS, 0U);
    invalidate();
    synchronise();
    wait(ns(1000));
    EXPECT_FALSE(busy());
    b.regs.set(b.of(7, SCTLR), SCTLR_M | SCTLR_TRE | SCTLR_AFE | SCTLR_CFRE);
    b.regs.set(b.of(7, FSR), ~0U);
    b.regs.set(b.of(7, RESUME), 1);
    wait(ns(1000));
    EXPECT_TRUE(b.master.all_done());
  });
}

INSTANTIATE_TEST_SUITE_P(Scopes, Synchronised, ::testing::Values(Sync{"Bank", false}, Sync{"Global", true}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(At, SynchronisationOfAnotherBankWaitsForNoTransaction) {
  map(7, 0x10000, 0x8000'0000);
  map(9, 0x10000, 0x9000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  b.in_simulation([&] {
    warm(0x10000);
    b.master.read(0x10000);
    wait(ns(100));
    b.regs.set(b.of(7, TLBIALL), 0);
    b.regs.set(b.of(9, TLBSYNC), 0);
    wait(ns(1000));
    EXPECT_EQ(b.regs.reg(b.of(9, TLBSTATUS)), 0U);
    b.target.release();
    wait(ns(1000));
  });
}

// ---- what configuration changes while a transaction is under way

TEST_F(At, ATransactionThatIsDownstreamEndsAsItWasTranslatedAndTheNextGoesByTheRegister) {
  map(7, 0x10000, 0x8000'0000);
  b.target.held = [](std::uint64_t) { return true; };
  b.in_simulation([&] {
    warm(0x10000);
    const Operation& first = b.master.read(0x10000);
    wait(ns(100));
    b.regs.set(S2CR0, S2CR_fault);
    b.target.release();
    wait(ns(500));
    EXPECT_EQ(first.status, tlm::TLM_OK_RESPONSE);
    const Operation& next = b.master.read(0x10000);
    wait(ns(500));
    EXPECT_EQ(next.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.target.seen.size(), 1U);
  });
}

// ---- what ends while a bank holds or ends what comes (3.7.3)

/// Stream 7's bank has the descriptors of 0x10000 and 0x11000 in one table, which is known.
class Behind : public At {
 protected:
  void prepare(std::uint32_t SCTLR_bits) {
    pgtable::Builder& tables = b.stream(7, SCTLR_bits);
    for (const std::uint64_t at : {0x10000, 0x1f000}) ASSERT_TRUE(tables.map(at, 0x8000'0000 + at, 0x1000));
  }
  /// In the simulation: a read of 0x10000 that waits for its descriptor.
  const Operation& walking() {
    warm(0x1f000);
    b.tables.held = [](std::uint64_t at) { return (at & 0xfff) == 8 * 0x10; };
    const Operation& op = b.master.read(0x10000);
    wait(ns(500));
    EXPECT_FALSE(op.done);
    return op;
  }
  void release(const Operation& op) {
    b.tables.release();
    wait(ns(500));
    EXPECT_EQ(op.status, tlm::TLM_OK_RESPONSE) << "a success is not looked at again";
  }
};

TEST_F(Behind, ATransactionThatEndsBehindAFaultOfItsBankLeavesNoAnswerAtItsTbu) {
  prepare(0);
  b.in_simulation([&] {
    const Operation& op = walking();
    const Operation& faults = b.master1.read(0x11000);
    wait(ns(500));
    EXPECT_EQ(faults.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    release(op);
    const Operation& next = b.master.read(0x10000);
    wait(ns(500));
    EXPECT_EQ(next.status, tlm::TLM_ADDRESS_ERROR_RESPONSE) << "HUPCF is 0";
    b.regs.set(b.of(7, FSR), ~0U);
    warm(0x10000);
  });
}

TEST_F(Behind, ATransactionThatEndsWhileAnotherBankStallsGloballyLeavesNoAnswerAtItsTbu) {  // 3.7.5
  prepare(SCTLR_HUPCF);
  b.stream(9, SCTLR_CFCFG | SCTLR_HUPCF);
  b.in_simulation([&] {
    b.regs.start(CR0_GSE);
    const Operation& op = walking();
    const Operation& stalls = b.master1.read(0x50000, 9);
    wait(ns(500));
    EXPECT_NE(b.regs.reg(b.of(9, FSR)) & SS, 0U);
    release(op);
    const Operation& next = b.master.read(0x10000);
    wait(ns(500));
    EXPECT_FALSE(next.done);
    b.regs.set(b.of(9, FSR), ~0U);
    b.regs.set(b.of(9, RESUME), 1);
    wait(ns(1000));
    EXPECT_EQ(next.status, tlm::TLM_OK_RESPONSE);
    EXPECT_TRUE(stalls.done);
  });
}

// ---- merged walks

TEST_F(At, NonBlockingAccessesOfOnePageWalkOnceAndFaultByThemselves) {
  map(7, 0x1f000, 0x9000'0000).map(0x10000, 0x8000'0000, 0x1000);
  b.in_simulation([&] {
    warm(0x1f000);
    const std::uint64_t walks = b.statistic("walks");
    for (unsigned i = 0; i < 4; ++i) b.master.read(0x10000 + 0x40 * i);
    wait(ns(1000));
    EXPECT_TRUE(b.master.all_done());
    EXPECT_EQ(b.statistic("walks") - walks, 1U);
    const Operation& first = b.master.read(0x50000);
    const Operation& second = b.master1.read(0x50008);
    wait(ns(1000));
    EXPECT_EQ(first.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(second.status, tlm::TLM_ADDRESS_ERROR_RESPONSE);
    EXPECT_EQ(b.regs.reg(b.of(7, FAR), 8), 0x50000U) << "of the first alone (3.7.3)";
  });
}

TEST_F(At, MaintenanceMakesWhoWaitsForAWalkWalkByItself) {
  pgtable::Builder& tables = map(7, 0x1f000, 0x9000'0000);
  ASSERT_TRUE(tables.map(0x10000, 0x8000'0000, 0x1000));
  b.in_simulation([&] {
    warm(0x1f000);
    const std::uint64_t walks = b.statistic("walks");
    b.tables.held = [](std::uint64_t) { return true; };
    b.master.read(0x10000);
    const Operation& second = b.master1.read(0x10000);
    wait(ns(100));
    tables.unmap(0x10000, 0x1000);  // the first has read the descriptor
    ASSERT_TRUE(tables.map(0x10000, 0x8800'0000, 0x1000));
    b.regs.set(b.of(7, TLBIALL), 0);
    wait(ns(100));
    EXPECT_FALSE(second.done);
    b.tables.release();
    wait(ns(1000));
    EXPECT_TRUE(second.done);
    EXPECT_EQ(b.statistic("walks") - walks, 2U);
    EXPECT_EQ(b.target1.seen.back().address, 0x8800'0000U);
  });
}

// ---- what is told of them

TEST_F(At, AStateIsNeitherSavedNorLoadedWhileABlockingTransactionIsStalled) {
  b.stream(7, SCTLR_CFCFG);
  b.in_simulation([&] {
    std::stringstream idle;
    EXPECT_FALSE(b.smmu.save(idle));
    bool done = false;
    sc_core::sc_spawn([&] {
      Operation op;
      op.address = 0x50000;
      op.data.resize(4);
      b.blocking(b.master, op);
      done = true;
    });
    wait(ns(1000));
    std::ostringstream busy;
    EXPECT_TRUE(b.smmu.save(busy));
    EXPECT_TRUE(b.smmu.load(idle));
    EXPECT_FALSE(done);
    b.regs.set(b.of(7, FSR), ~0U);
    b.regs.set(b.of(7, RESUME), 1);
    wait(ns(1000));
    EXPECT_TRUE(done);
    std::ostringstream after;
    EXPECT_FALSE(b.smmu.save(after));
  });
}

TEST_F(At, ADumpShowsWhatIsStalledAndChangesNothing) {
  b.stream(7, SCTLR_CFCFG);
  b.in_simulation([&] {
    b.master.read(0x50000);
    b.master1.read(0x50010, 7);
    wait(ns(1000));
    std::ostringstream before, text, after;
    EXPECT_FALSE(b.smmu.save(before));
    b.smmu.dump(text);
    EXPECT_FALSE(b.smmu.save(after));
    EXPECT_NE(text.str().find("in FSR"), std::string::npos);
    EXPECT_NE(text.str().find("behind another"), std::string::npos);
    EXPECT_NE(text.str().find("0x50010"), std::string::npos) << text.str();
    EXPECT_EQ(before.str(), after.str());
    b.pulse_reset();
    wait(ns(1000));
  });
}

}  // namespace
}  // namespace smmuvp::at

int sc_main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  smmuvp::at::bench();
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  return RUN_ALL_TESTS();
}
int main(int argc, char** argv) { return sc_core::sc_elab_and_sim(argc, argv); }
