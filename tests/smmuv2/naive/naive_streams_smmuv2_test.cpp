// SPDX-License-Identifier: MIT
//
// Stream mapping, bypass, attributes and global faults of the naive SMMUv2: IHI 0062 2.3, 2.4, 3.8.
#include "test_smmu.h"

using namespace naive_smmuv2_test;

namespace {

class NaiveStreamsV2 : public NaiveSmmuv2 {
 protected:
  static constexpr bool SECURE = true;
  static constexpr uint32_t BYPASS = 1u << 16;
};

TEST_F(NaiveStreamsV2, CLIENTPDComesFirstAndTruncatesToTheOutputSize) {
  parameters.OAS = 2;  // 40 bits
  build();
  const Forwarded out = forwarded(0x1234567890123);
  EXPECT_EQ(out.address, 0x67890123u | (uint64_t{0x45} << 32));
  EXPECT_EQ(out.attributes, 0xFF);
  EXPECT_TRUE(out.NS);
  EXPECT_EQ(read(0x48), 0u);
}

TEST_F(NaiveStreamsV2, AnUnidentifiedStreamPassesOrFaultsAsUSFCFGSays) {
  start();
  request.StreamID = 6;
  request.privileged = true;
  request.instruction = true;
  const Outcome outcome = access(0x1000000123456, AccessType::write);
  EXPECT_EQ(outcome.kind, Kind::aborted);
  expect_global_fault(0x2, 0xE, 6, 0x1000000123456);  // IND, PNU, WNR as they came in
  EXPECT_TRUE(smmu->interrupts().NSgIrpt);
  EXPECT_EQ(access(0).kind, Kind::aborted);
  EXPECT_EQ(read(0x48), 0x80000002u);  // MULTI
  write(CR0, 0);
  const Forwarded out = forwarded(0x123);
  EXPECT_EQ(out.address, 0x123u);
  EXPECT_TRUE(out.instruction);
}

TEST_F(NaiveStreamsV2, AGlobalFaultIsReportedOnlyWithGFRE) {
  start();
  write(CR0, USFCFG);
  request.StreamID = 6;
  EXPECT_EQ(access(0).kind, Kind::razwi);
  EXPECT_EQ(read(0x48), 2u);
}

TEST_F(NaiveStreamsV2, SeveralMatchesConflict) {
  start();
  write(0x804, 0x80000000 | (0xFu << 16));  // IDs 0 to 15
  EXPECT_EQ(access(0x40).kind, Kind::aborted);
  expect_global_fault(0x4, 0, 5, 0x40);
  write(CR0, 0);
  EXPECT_EQ(forwarded(0x40).address, 0x40u);
  write(0x800, 5);  // not VALID: no conflict
  write(0xC04, 2u << 16);
  write(0x48, 4);
  EXPECT_EQ(access(0x40).kind, Kind::razwi);
  EXPECT_EQ(read(0x48), 1u);
}

TEST_F(NaiveStreamsV2, ExtendedIdsAreValidByS2CR) {
  parameters.EXIDS = true;
  start();
  write(CR0, (1u << 3) | USFCFG | GFRE);
  request.StreamID = 0xC005;
  write(0x800, 0x4000'8005);  // EXMASK 0x4000, EXID 0x8005
  EXPECT_EQ(access(0).kind, Kind::aborted);
  EXPECT_EQ(read(0x54), 0xC005u);
  write(0xC00, 4 | (1u << 10));
  EXPECT_EQ(forwarded(0x1000).address, GIB + 0x1000);
}

TEST_F(NaiveStreamsV2, IndexingTakesTheStreamAsTheGroup) {
  parameters.SMS = false;
  parameters.NUMSIDB = 6;
  start();
  EXPECT_EQ(read(0x800), 0u);
  write(0xC00 + 4 * 5, 4);
  EXPECT_EQ(forwarded(0x1000).address, GIB + 0x1000);
  request.StreamID = 40;
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  EXPECT_EQ(read(0x48), 2u);
}

TEST_F(NaiveStreamsV2, FaultAndReservedTypesOfS2CRAreInvalidContexts) {
  start();
  for (uint32_t type : {2u, 3u}) {
    write(0xC00, type << 16);
    EXPECT_EQ(access(0x1000).kind, Kind::aborted);
    expect_global_fault(0x1, 0, 5, 0x1000);
    write(0x48, 1);
  }
}

TEST_F(NaiveStreamsV2, ABankThatIsNotThereIsUnimplementedContextBank) {
  start();
  write(0xC00, 16);
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  expect_global_fault(0x8, 0, 5, 0x1000);
}

TEST_F(NaiveStreamsV2, ABankWithStage2FaultOrAnUnsupportedTypeIsAnInvalidContext) {
  parameters.NUMS2CB = 2;
  start();
  write(cbar(4), 0x00020000);
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  expect_global_fault(0x1, 0x1, 5, 0x1000);  // Nested
  write(0x48, 1);
  write(cbar(1), 0x0001F300);  // a stage 2 only bank
  write(0xC00, 1);
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  expect_global_fault(0x1, 0x1, 5, 0x1000);
}

TEST_F(NaiveStreamsV2, TheSecondBankMustExistAndBeOfStage2) {
  nest();
  write(cbar(4), 0x00031000);
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  expect_global_fault(0x8, 0x1, 5, 0x1000);
  write(0x48, 8);
  write(cbar(4), 0x00030300);
  write(cbar(3), 0x00010000);
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  expect_global_fault(0x1, 0x1, 5, 0x1000);
  write(0x48, 1);
  write(cbar(3), 0);
  write(cba2r(3), 0);  // AArch64 over AArch32
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  expect_global_fault(0x1, 0x1, 5, 0x1000);
}

TEST_F(NaiveStreamsV2, SecureTransactionsMatchSecureGroupsAndNeedSecureBanks) {
  start();
  write(4, 0x0001100C, 4, SECURE);  // groups 16 and up, banks 12 and up
  write(CR0, USFCFG | GFRE, 4, SECURE);
  request.secure = true;
  request.NS = false;
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  EXPECT_EQ(read(0x48, 4, SECURE), 2u);
  EXPECT_EQ(read(0x50, 4, SECURE), 0u);
  EXPECT_EQ(read(0x48), 0u);
  write(0x48, 2, 4, SECURE);
  stream(16, 5, 4, SECURE);  // a Non-secure bank
  request.NS = true;
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  EXPECT_EQ(read(0x48, 4, SECURE), 8u);
  EXPECT_EQ(read(0x50, 4, SECURE), 0x20u);  // NSATTR
  write(0x48, 8, 4, SECURE);
  stream(16, 5, 12, SECURE);
  write(cbar(12), 0x00030300, 4, SECURE);
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  EXPECT_EQ(read(0x48, 4, SECURE), 1u);
  EXPECT_EQ(read(0x50, 4, SECURE), 0x20u);  // Nested is reserved
}

TEST_F(NaiveStreamsV2, TheSSDTableDecidesTheSecurityState) {
  parameters.SSDTP = 1;
  start();
  write(4 * page(), 0x00000002, 4, SECURE);
  request.SSD_Index = 1;
  request.NS = false;
  EXPECT_TRUE(forwarded(0x1000).NS);  // a Non-secure device never leaves Secure
  request.SSD_Index = 0;
  EXPECT_FALSE(forwarded(0x1000).NS);  // SCR0.CLIENTPD
  EXPECT_EQ(smmu->access(request).forwarded.address, 0x1000u);
}

TEST_F(NaiveStreamsV2, WithoutTwoStatesASecureTransactionBypasses) {
  parameters.SES = false;
  start();
  request.secure = true;
  request.NS = false;
  request.StreamID = 77;
  const Forwarded out = forwarded(0x1000);
  EXPECT_EQ(out.address, 0x1000u);
  EXPECT_FALSE(out.NS);
}

TEST_F(NaiveStreamsV2, SecureInstructionFetchesMustNotLeaveNonSecure) {
  start();
  write(CR0, CLIENTPD | GFRE, 4, SECURE);
  request.secure = true;
  request.instruction = true;
  EXPECT_TRUE(forwarded(0x1000).instruction);
  write(4, 0x04011010, 4, SECURE);  // SIF
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  EXPECT_EQ(read(0x48, 4, SECURE), 0x80u);                             // PF
  EXPECT_EQ(read(0x50, 4, SECURE), 0x28u);                             // NSATTR, IND
  EXPECT_EQ(access(0x1000, AccessType::write).kind, Kind::forwarded);  // leaves as data
  request.instruction = true;
  write(CR0, CLIENTPD | (2u << 28), 4, SECURE);  // NSCFG: Secure
  EXPECT_FALSE(forwarded(0x1000).NS);
}

// ---- attributes (2.4, 9.4)

TEST_F(NaiveStreamsV2, S2CRBypassOverridesAttributes) {
  start();
  // RACFG 11, WACFG 10, SHCFG 01: hints and shareability of a Write-Back input
  write(0xC00, BYPASS | (3u << 20) | (2u << 22) | (1u << 8));
  Forwarded out = forwarded(0x1000);
  EXPECT_EQ(out.attributes, 0xDD);
  EXPECT_EQ(out.shareability, Shareability::outer_shareable);
  // MTCFG with MemAttr 0x6: Outer Non-cacheable, Inner Write-Through; hints of a cacheable input stay
  write(0xC00, BYPASS | (1u << 11) | (0x6u << 12));
  out = forwarded(0x1000);
  EXPECT_EQ(out.attributes, 0x4B);
  EXPECT_EQ(out.shareability, Shareability::non_shareable);
  // Non-cacheable to cacheable gets no hints, unless overridden
  request.attributes = 0x44;
  write(0xC00, BYPASS | (1u << 11) | (0xFu << 12));
  EXPECT_EQ(forwarded(0x1000).attributes, 0xCC);
  write(0xC00, BYPASS | (1u << 11) | (0xFu << 12) | (2u << 20));
  EXPECT_EQ(forwarded(0x1000).attributes, 0xEE);
}

TEST_F(NaiveStreamsV2, ReservedMemAttrIsDevicenGnRnE) {
  start();
  for (uint32_t MemAttr : {4u, 8u, 12u}) {
    write(0xC00, BYPASS | (1u << 11) | (MemAttr << 12) | (3u << 8));
    EXPECT_EQ(read(0xC00) >> 12 & 0xF, MemAttr);
    const Forwarded out = forwarded(0x1000);
    EXPECT_EQ(out.attributes, 0x00);
    EXPECT_EQ(out.shareability, Shareability::outer_shareable);
  }
  write(0xC00, BYPASS | (1u << 11) | (3u << 12));
  EXPECT_EQ(forwarded(0x1000).attributes, 0x0C);  // GRE
}

TEST_F(NaiveStreamsV2, BypassHasNoInstructionOrPrivilegeOverride) {
  start();
  write(0xC00, BYPASS | (0xFu << 24));
  const Forwarded out = forwarded(0x1000);
  EXPECT_FALSE(out.instruction);
  EXPECT_FALSE(out.privileged);
}

TEST_F(NaiveStreamsV2, WritesLeaveAsData) {
  start();
  request.instruction = true;
  EXPECT_FALSE(forwarded(0x1000, AccessType::write).instruction);
  EXPECT_FALSE(forwarded(0x1000, AccessType::atomic).instruction);
}

TEST_F(NaiveStreamsV2, CBARAttributesAreCombinedWithStage1) {
  start();
  EXPECT_EQ(forwarded(0x1000).attributes, 0xFF);
  EXPECT_EQ(forwarded(0x1000).shareability, Shareability::inner_shareable);
  write(cbar(4), 0x0001A300);  // MemAttr 0xA: Write-Through
  EXPECT_EQ(forwarded(0x1000).attributes, 0xBB);
  write(cbar(4), 0x0001F000);  // BPSHCFG 00 is reserved: Outer Shareable
  EXPECT_EQ(forwarded(0x1000).shareability, Shareability::outer_shareable);
  write(cbar(4), 0x00F1F300);  // WACFG and RACFG 11
  EXPECT_EQ(forwarded(0x1000).attributes, 0xCC);
  write(cbar(4), 0x00010300);  // MemAttr 0
  EXPECT_EQ(forwarded(0x1000).attributes, 0x00);
  EXPECT_EQ(forwarded(0x1000).shareability, Shareability::outer_shareable);
}

TEST_F(NaiveStreamsV2, CBARAttributesApplyToTableWalksToo) {
  start();
  Outcome outcome = access(0x1000);
  ASSERT_EQ(outcome.fetches.size(), 1u);
  EXPECT_EQ(outcome.fetches[0].address, STAGE1);
  EXPECT_EQ(outcome.fetches[0].attributes, 0xFF);
  EXPECT_EQ(outcome.fetches[0].shareability, Shareability::inner_shareable);
  write(cbar(4), 0x00010300);
  outcome = access(0x1000);
  EXPECT_EQ(outcome.fetches[0].attributes, 0x00);
  EXPECT_EQ(outcome.fetches[0].shareability, Shareability::outer_shareable);
}

TEST_F(NaiveStreamsV2, ADisabledBankPassesWithItsOwnAttributes) {
  start();
  // M 0, MTCFG with MemAttr 5: Non-cacheable
  write(cb(4, 0), (1u << 20) | (5u << 16));
  request.privileged = true;
  const Forwarded out = forwarded(0x1234);
  EXPECT_EQ(out.address, 0x1234u);
  EXPECT_EQ(out.attributes, 0x44);
  EXPECT_EQ(out.shareability, Shareability::outer_shareable);
  EXPECT_TRUE(out.privileged);
}

TEST_F(NaiveStreamsV2, UnsupportedTransactionsAreGlobalBeforeTheContextIsKnown) {
  start();
  request.unsupported = Unsupported::before_context;
  EXPECT_EQ(access(0x1000).kind, Kind::razwi);
  expect_global_fault(0x100, 0, 5, 0x1000);
  write(0x48, 0x100);
  request.unsupported = Unsupported::in_context;
  EXPECT_EQ(access(0x1000).kind, Kind::aborted);
  expect_fault(4, 0x500, 0, 0x1000);
  EXPECT_EQ(read(0x48), 0u);
}

}  // namespace
