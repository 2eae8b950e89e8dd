// Two Security states: registers, groups and banks (IHI 0062 2.2, 2.3.9, 7, 9.3, 13.1).
#include <gtest/gtest.h>

#include "two_states.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AccessKind;
using smmu::Outcome;

constexpr std::uint32_t CAF = 1U << 5, UCBF = 1U << 3, ICF = 1U;
constexpr std::uint32_t GASRAE = 1U << 24, NSCAFRO = 1U << 28;

// 7.2
TEST(OneSecurityState, ASecureTransactionBypassesAllProcessing) {
  World w;
  w.write(sGFSR, ~0U);
  w.map_stream(0, 9, S2CR_fault);
  w.start();
  auto r = World::request(9, 0x1000);
  EXPECT_EQ(w.access(r).outcome, Outcome::abort);
  r.space = AddressSpace::secure;
  const auto a = w.access(r);
  EXPECT_EQ(a.outcome, Outcome::forward);
  EXPECT_EQ(a.output, 0x1000U);
  EXPECT_EQ(a.space, AddressSpace::secure);
}

// 7.2: there is one set of registers, whoever accesses
TEST(OneSecurityState, SynchronisesOperationsWhoeverIssuesThem) {
  for (const bool issuer : {false, true}) {
    for (const bool waiter : {false, true}) {
      for (const bool of_a_bank : {false, true}) {
        World w;
        const auto token = w.smmu.engine().in_flight().enter(0);
        if (of_a_bank) {
          w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
          w.write(w.cb(3, TLBIALL), 0, 4, issuer);
        } else {
          w.write(TLBIALLNSNH, 0, 4, issuer);
        }
        w.write(sTLBGSYNC, 0, 4, waiter);
        for (const bool reader : {false, true}) EXPECT_EQ(w.read(sTLBGSTATUS, 4, reader), 1U);
        w.smmu.engine().in_flight().leave(token, 0);
        for (const bool reader : {false, true}) EXPECT_EQ(w.read(sTLBGSTATUS, 4, reader), 0U);
      }
    }
  }
}

TEST(OneSecurityState, HasNoSecureCopiesAliasesOrSCR1) {
  World w;
  w.write(sCR0, CR0_GFRE, 4, secure);
  EXPECT_EQ(w.read(sCR0), CR0_GFRE);
  for (const std::uint32_t offset : {SCR1, 0x400U, 0x448U, 0x454U, STLBIALL, STLBIALLM}) {
    w.write(offset, ~0U, 4, secure);
    EXPECT_TRUE(w.ok);
    EXPECT_EQ(w.read(offset, 4, secure), 0U) << offset;
  }
  EXPECT_EQ(w.read(sCR0), CR0_GFRE);
}

// 9.1
TEST(BankedRegister, HasACopyForEachSecurityState) {
  TwoStates w;
  w.write(sCR0, CR0_GFRE);
  w.write(sCR0, CR0_GFIE, 4, secure);
  EXPECT_EQ(w.read(sCR0), CR0_GFRE);
  EXPECT_EQ(w.read(sCR0, 4, secure), CR0_GFIE);
  w.write(sGFAR, 0x1000, 8);
  w.write(sGFAR, 0x2000, 8, secure);
  EXPECT_EQ(w.read(sGFAR, 8), 0x1000U);
  EXPECT_EQ(w.read(sGFAR, 8, secure), 0x2000U);
  w.write(sGFSRRESTORE, 1U << 1);
  w.write(sGFSRRESTORE, 1U << 2, 4, secure);
  EXPECT_EQ(w.read(sGFSR), 1U << 1);
  EXPECT_EQ(w.read(sGFSR, 4, secure), 1U << 2);
  w.write(sGFSYNR0, 1U << 1);
  w.write(sGFSYNR0, 1U << 2, 4, secure);
  EXPECT_EQ(w.read(sGFSYNR0), 1U << 1);
  EXPECT_EQ(w.read(sGFSYNR0, 4, secure), 1U << 2);
  w.write(sGPAR, 0x3000, 8);
  w.write(sGPAR, 0x4000, 8, secure);
  EXPECT_EQ(w.read(sGPAR, 8), 0x3000U);
  EXPECT_EQ(w.read(sGPAR, 8, secure), 0x4000U);
}

// 9.3: at + 0x400, what the Non-secure copy is
TEST(SecureAlias, IsTheNonSecureCopy) {
  TwoStates w;
  for (const std::uint32_t offset : {sCR0, sGFSYNR0, sGFSYNR1}) {
    w.write(offset, 0x3);
    w.write(offset, 0x0, 4, secure);
    EXPECT_EQ(w.read(0x400 + offset, 4, secure), w.read(offset)) << offset;
    w.write(0x400 + offset, 0x2, 4, secure);
    EXPECT_EQ(w.read(offset), 0x2U) << offset;
    EXPECT_EQ(w.read(offset, 4, secure), 0U) << offset;
  }
  w.write(0x400 + sGFAR, 0x1234'5000, 8, secure);
  EXPECT_EQ(w.read(sGFAR, 8), 0x1234'5000U);
  w.write(0x400 + sGFSRRESTORE, 1U << 1, 4, secure);
  EXPECT_EQ(w.read(sGFSR), 1U << 1);
  EXPECT_EQ(w.read(0x400 + sGFSR, 4, secure), 1U << 1);
  w.write(0x400 + sGFSR, 1U << 1, 4, secure);
  EXPECT_EQ(w.read(sGFSR), 0U);
  w.write(0x400 + sGPAR, 0x5000, 8, secure);
  EXPECT_EQ(w.read(sGPAR, 8), 0x5000U);
}

TEST(SecureAlias, WritesOnlyFieldsOfTheNonSecureCopy) {
  TwoStates w;
  w.write(0x400 + sCR0, 3U << 28 | 1U << 31, 4, secure);  // NSCFG is SCR0's, VMID16EN CR0's
  EXPECT_EQ(w.read(sCR0), 1U << 31);
}

TEST(SecureAlias, StartsNonSecureAddressTranslationOperations) {
  TwoStates w;
  w.stream64(9, 3).map(0x1000, 0x7000, 0x1000);
  w.write(0x400 + sGATS1PR, 0x1000 | 3, 8, secure);
  EXPECT_EQ(w.read(0x400 + sGATSR, 4, secure), 1U);
  EXPECT_EQ(w.read(sGATSR), 1U);
  EXPECT_EQ(w.read(sGATSR, 4, secure), 0U);
  w.work();
  EXPECT_EQ(w.read(sGPAR, 8) >> 12 & 0xfff, 7U);
  EXPECT_EQ(w.read(0x400 + sGPAR, 8, secure), w.read(sGPAR, 8));
}

// 9.3, Table 9-1: none of the TLB operations but for the synchronisation
TEST(SecureAlias, IsNoneOfTlbOperations) {
  TwoStates w;
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);
  b.map(0x3000, 0x4000, 0x1000);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  b.unmap(0x1000, 0x1000);
  b.map(0x1000, 0x7000, 0x1000);
  w.write(0x400 + TLBIALLNSNH, ~0U, 4, secure);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x2000U);
  w.write(TLBIALLNSNH, ~0U, 4, secure);
  EXPECT_EQ(w.access(9, 0x1000).output, 0x7000U);
}

TEST(SecureAlias, SynchronisesNonSecureOperations) {
  TwoStates w;
  const auto token = w.smmu.engine().in_flight().enter(0);
  w.write(TLBIALLNSNH, 0);
  w.write(0x400 + sTLBGSYNC, 0, 4, secure);
  EXPECT_EQ(w.read(0x400 + sTLBGSTATUS, 4, secure), 1U);
  EXPECT_EQ(w.read(sTLBGSTATUS), 1U);
  EXPECT_EQ(w.read(sTLBGSTATUS, 4, secure), 0U);
  w.smmu.engine().in_flight().leave(token, 0);
  EXPECT_EQ(w.read(0x400 + sTLBGSTATUS, 4, secure), 0U);
}

// 9.3, note: what Secure software issues is managed by STLBGSYNC
TEST(SecureTlbResources, CompleteNonSecureOperationsThatSecureSoftwareIssues) {
  for (const std::uint32_t operation : {TLBIALLNSNH, TLBIALLH, STLBIALL, STLBIALLM}) {
    TwoStates w;
    const auto token = w.smmu.engine().in_flight().enter(0);
    w.write(operation, 0, 4, secure);
    w.write(sTLBGSYNC, 0, 4, secure);
    w.write(sTLBGSYNC, 0);
    EXPECT_EQ(w.read(sTLBGSTATUS, 4, secure), 1U) << operation;
    EXPECT_EQ(w.read(sTLBGSTATUS), 0U) << operation;
    w.smmu.engine().in_flight().leave(token, 0);
    EXPECT_EQ(w.read(sTLBGSTATUS, 4, secure), 0U) << operation;
  }
}

// 2.2: without a table the marking says it
TEST(SecurityStateDetermination, EachSideHasItsOwnClientpd) {
  TwoStates w;
  w.write(sCR0, CR0_CLIENTPD | CR0_GFRE | CR0_USFCFG, 4, secure);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 9, 0x1000)).outcome, Outcome::forward);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::non_secure, 9, 0x1000)).outcome, Outcome::abort);
  EXPECT_EQ(w.read(sGFSR), 1U << 1);
  EXPECT_EQ(w.read(sGFSR, 4, secure), 0U);
}

// 13.1: the SSD_Index here is the StreamID
TEST(SecurityStateDetermination, FollowsTheTableAndNotTheMarking) {
  TwoStates w(with_table());
  w.write(4 * 0x1000 + 4, ~(1U << 8), 4, secure);  // SSD_Index 40
  w.map_stream(0, 40, S2CR_bypass);
  w.map_secure(40, 41, S2CR_bypass);
  // 40 is Secure and matches no Secure group; 41 is Non-secure and matches no Non-secure one.
  for (const AddressSpace space : {AddressSpace::secure, AddressSpace::non_secure}) {
    EXPECT_EQ(w.access(TwoStates::from(space, 40, 0)).outcome, Outcome::abort);
    EXPECT_EQ(w.access(TwoStates::from(space, 41, 0)).outcome, Outcome::abort);
  }
  EXPECT_EQ(w.read(sGFSR, 4, secure), 1U << 31 | 1U << 1);
  EXPECT_EQ(w.read(sGFSYNR1, 4, secure), 40U << 16 | 40U);
  EXPECT_EQ(w.read(sGFSYNR1), 41U);
  EXPECT_EQ(w.read(0x400 + sGFSYNR1, 4, secure), 41U << 16 | 41U);  // 9.6.18
}

// 2.2
TEST(SecurityStateDetermination, ANonSecureAccessNeverLeavesSecure) {
  TwoStates w(with_table());
  w.map_stream(0, 3, S2CR_bypass | 2U << 18);  // NSCFG is reserved in a Non-secure group
  w.map_stream(1, 4, S2CR_bypass);
  for (const std::uint32_t id : {3U, 4U}) {
    EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, id, 0)).space, AddressSpace::non_secure);
  }
  w.write(sCR0, CR0_CLIENTPD | 2U << 28);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 7, 0)).space, AddressSpace::non_secure);
  w.write(sCR0, CR0_GFRE);
  auto& b = w.stream64(9, 3);
  b.map(0x1000, 0x2000, 0x1000);  // NS = 0 in the descriptor
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 9, 0x1000)).space, AddressSpace::non_secure);
  w.write_cb(3, SCTLR, 2U << 28);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 9, 0x1000)).space, AddressSpace::non_secure);
}

TEST(SecurityStateDetermination, ASecureAccessLeavesEitherWay) {
  TwoStates w;
  const auto leaves = [&](std::uint32_t id, AddressSpace in) {
    return w.access(TwoStates::from(in, id, 0x1000)).space;
  };
  w.map_secure(40, 1, S2CR_bypass);
  w.map_secure(41, 2, S2CR_bypass | 3U << 18);
  w.map_secure(42, 3, S2CR_bypass | 1U << 18);  // Table 2-4: as 0b11
  EXPECT_EQ(leaves(1, AddressSpace::secure), AddressSpace::secure);
  EXPECT_EQ(leaves(2, AddressSpace::secure), AddressSpace::non_secure);
  EXPECT_EQ(leaves(3, AddressSpace::secure), AddressSpace::non_secure);
  pgtable::Mapping NS;
  NS.NS = true;
  auto& b = w.secure_stream(43, 4, 20);
  b.map(0x1000, 0x2000, 0x1000);
  EXPECT_EQ(leaves(4, AddressSpace::secure), AddressSpace::secure);
  auto& other = w.secure_stream(44, 5, 21);
  other.map(0x1000, 0x2000, 0x1000, NS);
  EXPECT_EQ(leaves(5, AddressSpace::secure), AddressSpace::non_secure);
}

// 9.6.18, 10.2.3: Non-secure accesses have SSD_Index RAZ/WI
TEST(SecurityStateDetermination, ItsIndexInSyndromesIsOutOfNonSecureSoftwaresReach) {
  TwoStates w(with_table(8));
  const std::uint32_t CBFRSYNRA = w.gr1(CBFRSYNRA0 + 4 * 3);
  w.write(CBFRSYNRA, 0x0012'0034, 4, secure);
  w.write(CBFRSYNRA, 0xffff'0078);
  EXPECT_EQ(w.read(CBFRSYNRA), 0x78U);
  EXPECT_EQ(w.read(CBFRSYNRA, 4, secure), 0x0012'0078U);
  w.write(0x400 + sGFSYNR1, 0x0012'0034, 4, secure);
  w.write(sGFSYNR1, 0xffff'0078);
  EXPECT_EQ(w.read(sGFSYNR1), 0x78U);
  EXPECT_EQ(w.read(0x400 + sGFSYNR1, 4, secure), 0x0012'0078U);
}

TEST(SecurityStateDetermination, TheTableHasOnlySecureAccessAndNothingAboveItsWidth) {
  TwoStates w(with_table(6));
  const std::uint32_t SSDR = 4 * 0x1000;
  w.write(SSDR, 0x1234'5678, 4, secure);
  EXPECT_EQ(w.read(SSDR, 4, secure), 0x1234'5678U);
  w.write(SSDR, 0xffff'ffff);
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.read(SSDR), 0U);
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.read(sGFSR, 4, secure), 0U) << "they are ignored, and no faults (13.1)";
  EXPECT_EQ(w.read(SSDR, 4, secure), 0x1234'5678U);
  w.write(SSDR + 8, ~0U, 4, secure);  // SSD_Index 64 and up
  EXPECT_EQ(w.read(SSDR + 8, 4, secure), 0U);
}

// 13.1, Table 13-1: contiguous from page 4 on, whatever PAGESIZE is
TEST(SecurityStateDetermination, TheTableOf16BitsHas2048Words) {
  for (const bool PAGESIZE : {false, true}) {
    Features f = two_states();
    f.PAGESIZE = PAGESIZE;
    f.SSDTP = 3;
    f.NUMSSDNDXB = 15;
    TwoStates w(f);
    const std::uint32_t SSDR = 4 * (PAGESIZE ? 0x10000 : 0x1000);
    w.write(SSDR + 4 * 2047, ~(1U << 31), 4, secure);
    EXPECT_EQ(w.read(SSDR + 4 * 2047, 4, secure), ~(1U << 31) & 0xffff'ffffU);
    w.write(SSDR + 4 * 2048, ~0U, 4, secure);
    EXPECT_EQ(w.read(SSDR + 4 * 2048, 4, secure), 0U);
    w.access(TwoStates::from(AddressSpace::non_secure, 0xffff, 0));
    EXPECT_EQ(w.read(sGFSYNR1, 4, secure), 0xffff'ffffU);
  }
}

// 2.3.9
TEST(SecureGroups, EachSideMatchesOnlyItsOwn) {
  TwoStates w;
  w.map_stream(0, 9, S2CR_bypass);
  w.map_secure(32, 8, S2CR_bypass);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::non_secure, 9, 0)).outcome, Outcome::forward);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 9, 0)).outcome, Outcome::abort);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::non_secure, 8, 0)).outcome, Outcome::abort);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 8, 0)).outcome, Outcome::forward);
  // The same StreamID in a group of each is no conflict.
  w.map_secure(33, 9, S2CR_bypass);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 9, 0)).outcome, Outcome::forward);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::non_secure, 9, 0)).outcome, Outcome::forward);
}

// 9.6.24: 0, 1, all, too many
TEST(SecureGroups, BeginAtNsnumsmrgo) {
  for (const unsigned count : {0U, 1U, 64U, 200U}) {
    TwoStates w;
    w.SCR1_is(0, count);
    EXPECT_EQ(w.read(offsets::IDR0) & 0xffU, count);
    EXPECT_EQ(w.read(offsets::IDR0, 4, secure) & 0xffU, 64U);
    for (const unsigned n : {0U, 1U, 63U}) {
      w.map_secure(n, n, S2CR_bypass);
      const auto side = n < count ? AddressSpace::non_secure : AddressSpace::secure;
      const auto other = n < count ? AddressSpace::secure : AddressSpace::non_secure;
      EXPECT_EQ(w.access(TwoStates::from(side, n, 0)).outcome, Outcome::forward) << count << ' ' << n;
      EXPECT_EQ(w.access(TwoStates::from(other, n, 0)).outcome, Outcome::abort) << count << ' ' << n;
      EXPECT_EQ(w.read(SMR0 + 4 * n, 4, secure), SMR_VALID | n);  // Secure software sees all
      if (n < count) {
        EXPECT_EQ(w.read(SMR0 + 4 * n), SMR_VALID | n);
      }
    }
    w.read(SMR0 + 4 * 64);
    EXPECT_TRUE(w.ok);  // not there: RAZ/WI
  }
}

// 2.3.3, 3.9: with configuration access faults, or RAZ/WI without
TEST(SecureGroups, AreNoneOfNonSecureSoftwaresBusiness) {
  for (const bool CAFs : {true, false}) {
    Features f = two_states();
    f.CAF = CAFs;
    TwoStates w(f);
    w.map_secure(40, 9, S2CR_bypass);
    w.write(S2CR0 + 4 * 40, S2CR_fault);
    EXPECT_EQ(w.ok, !CAFs);
    EXPECT_EQ(w.read(S2CR0 + 4 * 40), 0U);
    EXPECT_EQ(w.read(S2CR0 + 4 * 40, 4, secure), S2CR_bypass);
    EXPECT_EQ(w.read(sGFSR, 4, secure), CAFs ? CAF | 1U << 31 : 0U);
  }
}

// 2.6.1, 7.3.2
TEST(SecureBanks, BeginAtNsnumcboWithTheirAttributeRegisters) {
  TwoStates w;
  EXPECT_EQ(w.read(offsets::IDR1) & 0xffU, 16U);
  EXPECT_EQ(w.read(offsets::IDR1, 4, secure) & 0xffU, 32U);
  for (const unsigned bank : {15U, 16U, 31U}) {
    const bool is_secure = bank >= 16;
    w.write(w.cb(bank, TCR), 0x45, 4, secure);
    w.write(w.cb(bank, TCR), 0x2a);
    EXPECT_TRUE(w.ok);  // 3.9: no fault inside a bank
    EXPECT_EQ(w.read(w.cb(bank, TCR), 4, secure) & ~(1U << 31), is_secure ? 0x45U : 0x2aU);
    if (is_secure) {
      EXPECT_EQ(w.read(w.cb(bank, TCR)), 0U);
    }
    for (const std::uint32_t offset : {CBAR0, CBA2R0, CBFRSYNRA0}) {
      w.write(sGFSR, ~0U, 4, secure);
      w.read(w.gr1(offset + 4 * bank));
      EXPECT_EQ(w.ok, !is_secure);
      EXPECT_EQ(w.read(sGFSR, 4, secure), is_secure ? CAF : 0U);
    }
  }
}

// 2.3.9, 3.8.4
/// What groups of both states make of a bank: group 0 is Non-secure, group 40 Secure.
struct Borders : TwoStates {
  explicit Borders(std::uint8_t NUMS2CB = 0) : TwoStates(features(NUMS2CB)) {}
  static Features features(std::uint8_t NUMS2CB) {
    Features f = two_states();
    f.NUMS2CB = NUMS2CB;
    return f;
  }
  /// @return bits of sGFSR; 0: it has translated, or passed
  std::uint32_t fault_of(bool of_secure, unsigned bank) {
    const std::uint32_t S2CR = S2CR_translate | bank;
    of_secure ? map_secure(40, 9, S2CR) : map_stream(0, 9, S2CR);
    write(sGFSR, ~0U, 4, of_secure);
    const auto space = of_secure ? AddressSpace::secure : AddressSpace::non_secure;
    const Outcome outcome = access(from(space, 9, 0x1000)).outcome;
    const auto fault = static_cast<std::uint32_t>(read(sGFSR, 4, of_secure));
    EXPECT_EQ(outcome, fault == 0 ? Outcome::forward : Outcome::abort);
    return fault;
  }
  /// A bank of stage 1 whose MMU is off.
  void pass_by(unsigned bank) {
    write(gr1(CBAR0 + 4 * bank), CBAR_stage1, 4, secure_of(bank));
    write_cb(bank, SCTLR, 0);
  }
};

// 9.6.24, 2.3.9: at each border, and where all banks or none are Secure
TEST(SecureBanks, BeginExactlyAtNsnumcbo) {
  for (const unsigned NSNUMCBO : {0U, 1U, 31U, 32U}) {
    SCOPED_TRACE(NSNUMCBO);
    Borders w;
    w.SCR1_is(0, 32, NSNUMCBO);
    EXPECT_EQ(w.read(offsets::IDR1) & 0xffU, NSNUMCBO);
    EXPECT_EQ(w.read(offsets::IDR1, 4, secure) & 0xffU, 32U);
    for (const unsigned bank : {NSNUMCBO - 1, NSNUMCBO}) {
      if (bank >= 32) continue;
      SCOPED_TRACE(bank);
      w.pass_by(bank);
      const bool is_secure = bank == NSNUMCBO;
      EXPECT_EQ(w.fault_of(false, bank), is_secure ? UCBF : 0U);
      EXPECT_EQ(w.fault_of(true, bank), is_secure ? 0U : UCBF);
    }
  }
}

TEST(SecureBanks, AreNoneWhereNsnumcboIsMoreThanThereAre) {
  for (const unsigned NSNUMCBO : {33U, 128U, 255U}) {
    SCOPED_TRACE(NSNUMCBO);
    Borders w;
    w.SCR1_is(0, 32, NSNUMCBO);
    w.pass_by(31);
    EXPECT_EQ(w.fault_of(false, 31), 0U);
    EXPECT_EQ(w.fault_of(true, 31), UCBF);
    for (const bool side : {false, true}) EXPECT_EQ(w.fault_of(side, 32), UCBF) << "there is none";
  }
}

// 9.6.24: NSNUMCBO must not be below NUMS2CB, since Secure banks have no stage 2. Where it is (a choice),
// such banks are Secure software's like others, and of no use to it.
TEST(SecureBanks, OfStage2AloneAreInvalidContexts) {
  constexpr unsigned NUMS2CB = 8;
  Borders w(NUMS2CB);
  pgtable::Builder& tables = w.builder(Driver::config_stage2());
  ASSERT_TRUE(tables.map(0x1000, 0x2000, 0x1000));
  const auto program = [&] { w.bank_stage2(NUMS2CB - 1, tables.config(), 3); };
  w.SCR1_is(0, 32, NUMS2CB);
  program();
  w.pass_by(NUMS2CB);
  EXPECT_EQ(w.fault_of(false, NUMS2CB - 1), 0U);
  EXPECT_EQ(w.fault_of(true, NUMS2CB - 1), UCBF);
  EXPECT_EQ(w.fault_of(true, NUMS2CB), 0U);

  w.SCR1_is(0, 32, NUMS2CB - 1);
  EXPECT_EQ(w.read(offsets::IDR1) & 0xffU, NUMS2CB - 1);
  EXPECT_EQ(w.read(offsets::IDR1) >> 16 & 0xffU, NUMS2CB) << "no field of SCR1 hides those";
  EXPECT_EQ(w.fault_of(false, NUMS2CB - 1), UCBF);
  EXPECT_EQ(w.fault_of(true, NUMS2CB - 1), ICF);
  w.write(w.gr1(CBAR0 + 4 * (NUMS2CB - 1)), CBAR_stage1, 4, secure);
  EXPECT_EQ(w.fault_of(true, NUMS2CB - 1), ICF) << "a TYPE that it cannot have";

  w.SCR1_is(0, 32, NUMS2CB);
  program();
  EXPECT_EQ(w.fault_of(false, NUMS2CB - 1), 0U);
}

TEST(SecureBanks, AreUnimplementedToNonSecureGroups) {
  TwoStates w;
  w.secure_stream(40, 8, 20);
  w.map_stream(0, 9, S2CR_translate | 20);
  EXPECT_EQ(w.access(9, 0).outcome, Outcome::abort);
  EXPECT_EQ(w.read(sGFSR), UCBF);
  EXPECT_EQ(w.read(sGFSYNR0) & 1U, 0U);
}

// 2.3.9 UNPREDICTABLE, 3.8.4 UCBF: as the pseudocode has it
TEST(SecureBanks, ANonSecureBankIsUnimplementedToSecureGroups) {
  TwoStates w;
  w.stream64(9, 3).map(0x1000, 0x2000, 0x1000);
  w.map_secure(40, 8, S2CR_translate | 3);
  EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 8, 0x1000)).outcome, Outcome::abort);
  EXPECT_EQ(w.read(sGFSR, 4, secure), UCBF);
  EXPECT_EQ(w.read(sGFSR), 0U);
}

// 2.6.2, 10.2.1
TEST(SecureBanks, HaveTypeOneOnly) {
  for (const std::uint32_t type : {0U, 2U, 3U}) {
    TwoStates w;
    w.secure_stream(40, 8, 20).map(0x1000, 0x2000, 0x1000);
    EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 8, 0x1000)).outcome, Outcome::forward);
    w.write(w.gr1(CBAR0 + 4 * 20), type << 16, 4, secure);
    EXPECT_EQ(w.access(TwoStates::from(AddressSpace::secure, 8, 0x1000)).outcome, Outcome::abort);
    EXPECT_EQ(w.read(sGFSR, 4, secure), ICF) << type;
  }
}

// 8.2, 9.6.24
TEST(RestrictedAccess, ClosesTheGlobalAddressSpaceAndStage2Banks) {
  TwoStates w;
  w.bank_stage2(2, World::config_stage2());
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage1);
  w.write_cb(2, TCR, 0x11);
  w.write_cb(3, TCR, 0x22);
  w.SCR1_is(GASRAE);
  for (const std::uint32_t offset : {sCR0, offsets::IDR0, SMR0, S2CR0, sTLBGSYNC, 0xfe0U, 0x1000U + CBAR0,
                                     0x2000U, 0x3000U, 0x4000U, 0xf000U}) {
    w.write(sGFSR, ~0U, 4, secure);
    EXPECT_EQ(w.read(offset), 0U) << offset;
    EXPECT_FALSE(w.ok) << offset;
    EXPECT_EQ(w.read(sGFSR, 4, secure), CAF) << offset;
    EXPECT_EQ(w.read(sGFAR, 8, secure), offset);
  }
  EXPECT_EQ(w.read(w.cb(2, TCR)), 0U);
  EXPECT_TRUE(w.ok);
  EXPECT_EQ(w.read(w.cb(2, TCR), 4, secure), 0x11U);
  EXPECT_EQ(w.read(w.cb(3, TCR)), 0x22U);
  w.write(w.gr1(CBAR0 + 4 * 3), CBAR_stage2, 4, secure);  // its TYPE becomes 0b00
  EXPECT_EQ(w.read(w.cb(3, TCR)), 0U);
  // The aliases are there for it.
  EXPECT_EQ(w.read(0x400, 4, secure) & CR0_USFCFG, CR0_USFCFG);
}

// 3.9, 9.6.17, 9.6.24
TEST(ConfigurationAccessFault, IsToldToTheSecureSideUnlessNscafro) {
  for (const bool Non_secure : {false, true}) {
    TwoStates w;
    w.SCR1_is(Non_secure ? NSCAFRO : 0);
    const bool side = !Non_secure;
    w.write(SCR1, 0);
    EXPECT_FALSE(w.ok);
    EXPECT_EQ(w.read(sGFSR, 4, side), CAF);
    EXPECT_EQ(w.read(sGFSR, 4, !side), 0U);
    EXPECT_EQ(w.read(sGFAR, 8, side), SCR1);
    EXPECT_EQ(w.read(sGFSYNR0, 4, side) & ~(1U << 5), 1U << 1 | (side ? 1U << 4 : 0U));  // WNR, NSSTATE
    EXPECT_EQ(w.smmu.levels().gCfgIrpt, side);
    EXPECT_EQ(w.smmu.levels().NSgCfgIrpt, !side);
    EXPECT_FALSE(w.smmu.levels().gIrpt);
    EXPECT_EQ(w.read(SCR1, 4, secure) & 0xffffU, 32U << 8 | 16U);
    // 3.8.3, note: MULTI because of another one is told as any other global fault.
    w.read(SCR1);
    EXPECT_EQ(w.read(sGFSR, 4, side), CAF | 1U << 31);
    EXPECT_EQ(w.smmu.levels().gIrpt, side);
    EXPECT_EQ(w.smmu.levels().NSgIrpt, !side);
    // 3.8.3: an abort only with GCFGFRE of that side
    w.write(side ? sCR0 : 0x400 + sCR0, 0, 4, secure);
    EXPECT_EQ(w.read(SCR1), 0U);
    EXPECT_TRUE(w.ok);
  }
}

// 3.8.1: all of the syndrome but Nested
TEST(ConfigurationAccessFault, IsToldWithThePrivilegeOfTheAccess) {
  for (const bool privileged : {false, true}) {
    for (const bool instruction : {false, true}) {
      TwoStates w;
      w.SCR1_is(0);
      std::uint64_t value = 0;
      auto& interface = w.smmu.interface();
      EXPECT_FALSE(interface.read(SCR1, 4, AccessSecurity::NonSecure, 0, value, {privileged, instruction}));
      EXPECT_EQ(w.read(sGFSYNR0, 4, secure),
                (privileged ? 1U << 2 : 0U) | (instruction ? 1U << 3 : 0U) | 1U << 4 | 1U << 5);
      w.write(sGFSR, ~0U, 4, secure);
      EXPECT_FALSE(interface.write(SCR1, 4, AccessSecurity::NonSecure, 0, 0, {privileged, instruction}));
      EXPECT_EQ(w.read(sGFSYNR0, 4, secure), 1U << 1 | (privileged ? 1U << 2 : 0U) | 1U << 4 | 1U << 5);
    }
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
