// SPDX-License-Identifier: MIT
//
// The Stall fault model of the naive SMMUv2: IHI 0062 3.7.3, 3.7.5, 16.5.28.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveStallsV2 : public NaiveSmmuv2 {
 protected:
  NaiveStallsV2() { SCTLR = M | CFRE | CFIE | CFCFG; }
  uint64_t stalled(uint64_t address, AccessType type = AccessType::read) {
    const Outcome outcome = access(address, type);
    EXPECT_EQ(outcome.kind, Kind::stalled);
    return outcome.id;
  }
  void fsr_clear(unsigned bank = 4) { write(cb(bank, 0x58), ~0u); }
  void resume(uint32_t TnR, unsigned bank = 4) { write(cb(bank, 0x08), TnR); }
  uint32_t fsr(unsigned bank = 4) { return uint32_t(read(cb(bank, 0x58))); }
  void map() { memory.put64(STAGE1 + 16, block(2 * GIB, AF | USER)); }
  std::vector<std::pair<uint64_t, Kind>> finished() {
    std::vector<std::pair<uint64_t, Kind>> result;
    for (const auto& [id, outcome] : smmu->take_finished()) result.emplace_back(id, outcome.kind);
    return result;
  }
  using Finished = std::vector<std::pair<uint64_t, Kind>>;
};

TEST_F(NaiveStallsV2, AStalledTransactionIsRetried) {
  const uint64_t id = stalled(2 * GIB + 4);
  expect_fault(4, 0x40000402, 0x1, 2 * GIB + 4);
  EXPECT_TRUE(smmu->interrupts().context[4]);
  map();
  fsr_clear();
  EXPECT_EQ(fsr(), 0x40000400u);
  EXPECT_FALSE(smmu->interrupts().context[4]);  // SS alone
  resume(0);
  EXPECT_EQ(fsr(), 0x400u);
  const auto done = smmu->take_finished();
  ASSERT_EQ(done.size(), 1u);
  EXPECT_EQ(done[0].first, id);
  EXPECT_EQ(done[0].second.forwarded.address, 2 * GIB + 4);
}

TEST_F(NaiveStallsV2, AStalledTransactionIsTerminated) {
  const uint64_t id = stalled(2 * GIB);
  fsr_clear();
  resume(1);
  EXPECT_EQ(finished(), (Finished{{id, Kind::aborted}}));
  EXPECT_EQ(fsr(), 0x400u);  // nothing is recorded again
}

TEST_F(NaiveStallsV2, LaterTransactionsWaitWithoutHUPCF) {
  const uint64_t first = stalled(2 * GIB);
  const uint64_t second = stalled(0x40);
  ASSERT_EQ(smmu->waiting().size(), 2u);
  EXPECT_TRUE(smmu->waiting()[0].recorded);
  EXPECT_FALSE(smmu->waiting()[1].recorded);
  EXPECT_EQ(fsr(), 0x40000402u);
  fsr_clear();
  resume(1);
  EXPECT_EQ(finished(), (Finished{{first, Kind::aborted}, {second, Kind::forwarded}}));
}

TEST_F(NaiveStallsV2, WithHUPCFOnlyThoseThatFaultWait) {
  SCTLR |= HUPCF;
  const uint64_t first = stalled(2 * GIB);
  EXPECT_EQ(access(0x40).kind, Kind::forwarded);
  const uint64_t second = stalled(3 * GIB);
  EXPECT_EQ(fsr(), 0x40000402u);  // no MULTI
  fsr_clear();
  resume(1);
  EXPECT_EQ(finished(), (Finished{{first, Kind::aborted}}));
  expect_fault(4, 0x40000402, 0x1, 3 * GIB);  // the second one was retried, and stalled
  EXPECT_EQ(smmu->waiting().at(0).id, second);
}

TEST_F(NaiveStallsV2, ARetryWithFSRStillSetKillsOrSetsMULTI) {
  const uint64_t first = stalled(2 * GIB);
  resume(0);
  EXPECT_EQ(finished(), (Finished{{first, Kind::aborted}}));
  EXPECT_EQ(fsr(), 0x402u);
  fsr_clear();
  write(cb(4, 0), SCTLR | HUPCF);
  const uint64_t second = stalled(2 * GIB);
  resume(0);
  EXPECT_EQ(finished(), (Finished{{second, Kind::aborted}}));
  EXPECT_EQ(fsr(), 0x80000402u);
}

TEST_F(NaiveStallsV2, AChangeToTerminateLeavesStalledOnesWaiting) {
  const uint64_t first = stalled(2 * GIB);
  write(cb(4, 0), SCTLR & ~CFCFG);
  const uint64_t second = stalled(3 * GIB);
  EXPECT_EQ(fsr(), 0x40000402u);
  fsr_clear();
  resume(1);
  EXPECT_EQ(finished(), (Finished{{first, Kind::aborted}, {second, Kind::aborted}}));
  EXPECT_EQ(fsr(), 0x402u);
}

TEST_F(NaiveStallsV2, AChangeToStallWaitsForAnOldFaultToBeCleared) {
  SCTLR = M | CFRE;
  EXPECT_EQ(access(2 * GIB).kind, Kind::aborted);
  write(cb(4, 0), SCTLR | CFCFG);
  EXPECT_EQ(access(0x40).kind, Kind::aborted);
  fsr_clear();
  stalled(2 * GIB);
}

TEST_F(NaiveStallsV2, STALLDTerminates) {
  start();
  write(CR0, GFRE | STALLD);
  EXPECT_EQ(access(2 * GIB).kind, Kind::aborted);
  EXPECT_EQ(fsr(), 0x402u);
  fsr_clear();
  write(CR0, GFRE);
  write(CR0, STALLD | CLIENTPD, 4, true);  // Secure software's binds Non-secure banks too
  EXPECT_EQ(access(2 * GIB).kind, Kind::aborted);
}

TEST_F(NaiveStallsV2, ResumeIsIgnoredWithoutAStall) {
  start();
  write(cb(4, 0x5C), 2);
  resume(1);
  EXPECT_EQ(fsr(), 0x402u);
  write(cb(4, 0x5C), 0x40000000);
  EXPECT_EQ(fsr(), 0x400u);  // SS cannot be restored
}

TEST_F(NaiveStallsV2, GSEHoldsOtherBanksToo) {
  start();
  stream(1, 6, 5);
  write(cbar(5), CBAR);
  write(cb(5, 0), CFRE);
  write(CR0, GSE);
  const uint64_t first = stalled(2 * GIB);
  request.StreamID = 6;
  const uint64_t second = stalled(0x40);
  fsr_clear();
  resume(1);
  EXPECT_EQ(finished(), (Finished{{first, Kind::aborted}, {second, Kind::forwarded}}));
}

TEST_F(NaiveStallsV2, AStage2StallIsRetriedFromStage1) {
  SCTLR = M | CFRE;
  SCTLR2 = M | CFRE | CFCFG;
  memory.put64(STAGE1, block(2 * GIB, AF | USER));
  nest();
  const uint64_t id = stalled(0x40);
  expect_fault(3, 0x40000402, 0x00040105, 0x40);
  const uint64_t other = stalled(2 * GIB);  // would fault in stage 1
  memory.put64(STAGE1, block(GIB, AF | USER));
  fsr_clear(3);
  resume(0, 3);
  EXPECT_EQ(finished(), (Finished{{id, Kind::forwarded}, {other, Kind::aborted}}));
  EXPECT_EQ(fsr(4), 0x402u);
}

TEST_F(NaiveStallsV2, ARetryMayUseTheStreamMappingAnew) {
  const uint64_t id = stalled(2 * GIB);
  write(0xC00, 1u << 16);
  resume(0);
  EXPECT_EQ(finished(), (Finished{{id, Kind::forwarded}}));
  choices.retries_from_stream_mapping = false;
  smmu.reset();
  const uint64_t second = stalled(2 * GIB);
  write(0xC00, 1u << 16);
  fsr_clear();
  resume(0);
  EXPECT_EQ(finished(), Finished{});
  EXPECT_EQ(smmu->waiting().at(0).id, second);
}

TEST_F(NaiveStallsV2, ResetTerminatesWhatWaits) {
  const uint64_t id = stalled(2 * GIB);
  smmu->reset();
  EXPECT_EQ(finished(), (Finished{{id, Kind::razwi}}));
  EXPECT_TRUE(smmu->waiting().empty());
  EXPECT_EQ(fsr() & 0x40000000, 0u);
}

TEST_F(NaiveStallsV2, WithoutTheStallModelEveryFaultTerminates) {
  parameters.stall = false;
  EXPECT_EQ(access(2 * GIB).kind, Kind::aborted);
  EXPECT_EQ(read(cb(4, 0)) & CFCFG, 0u);
}

}  // namespace
