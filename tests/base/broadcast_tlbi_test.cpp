// What TLBI instructions say of the entries that are to go (DDI 0487 C5.5).
#include "smmuvp/base/broadcast_tlbi.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace smmuvp {
namespace {

using Regime = BroadcastTlbi::Regime;
using Scope = BroadcastTlbi::Scope;

BroadcastTlbi decoded(unsigned op1, unsigned crm, unsigned op2, std::uint64_t operand = 0,
                      const TlbiContext& context = {}) {
  const auto t = decode_tlbi(op1, 8, crm, op2, operand, context);
  EXPECT_TRUE(t) << op1 << " " << crm << " " << op2;
  return t.value_or(BroadcastTlbi{});
}

TEST(BroadcastTlbi, ByVaNamesAPageAndAnAsid) {
  const BroadcastTlbi t = decoded(0, 3, 1, 0x0abc'0000'0123'4567);
  EXPECT_STREQ(t.instruction, "VAE1IS");
  EXPECT_EQ(t.regime, Regime::el1);
  EXPECT_EQ(t.scope, Scope::va);
  EXPECT_EQ(t.asid, 0x0abc);
  EXPECT_EQ(t.first, 0x12'3456'7000U);
  EXPECT_EQ(t.last, 0x12'3456'7fffU);
  EXPECT_FALSE(t.leaf);
  EXPECT_EQ(t.granule, 0);
  EXPECT_TRUE(decoded(0, 3, 5).leaf);
}

TEST(BroadcastTlbi, AVaIsSignExtendedFromBit55AndAnIpaIsNot) {
  EXPECT_EQ(decoded(0, 3, 1, 0x0000'0800'0000'0000).first, 0xff80'0000'0000'0000U);
  EXPECT_EQ(decoded(0, 3, 1, 0x0000'07ff'ffff'ffff).first, 0x007f'ffff'ffff'f000U);
  EXPECT_EQ(decoded(4, 0, 1, 0x0000'00ff'ffff'ffff).first, 0x000f'ffff'ffff'f000U);
  EXPECT_EQ(decoded(4, 0, 1, 0xffff'ff00'0000'0001).first, 0x1000U);
  EXPECT_EQ(decoded(0, 2, 1, 0x0000'5000'0000'0000 | (std::uint64_t{1} << 36U)).first,
            0xffff'0000'0000'0000U);
}

TEST(BroadcastTlbi, ATtlCountsOnlyWhereTheProcessorHasIt) {
  TlbiContext context;
  const std::uint64_t operand = std::uint64_t{0b0110} << 44U | 1;
  EXPECT_EQ(decoded(0, 3, 1, operand, context).level, 0);
  context.has_ttl = true;
  EXPECT_EQ(decoded(0, 3, 1, operand, context).level, 2);
  EXPECT_EQ(decoded(0, 3, 1, operand, context).granule, 12);
  EXPECT_EQ(decoded(0, 3, 1, std::uint64_t{0b0011} << 44U, context).level, 0);
}

TEST(BroadcastTlbi, OfARangeIsFromItsBaseOnByNumScaleAndTg) {
  // TG 64 KiB, SCALE 1, NUM 2, TTL 3, base 5 granules
  const std::uint64_t operand = std::uint64_t{7} << 48U | std::uint64_t{3} << 46U | std::uint64_t{1} << 44U |
                                std::uint64_t{2} << 39U | std::uint64_t{3} << 37U | 5;
  const BroadcastTlbi t = decoded(0, 2, 7, operand);
  EXPECT_STREQ(t.instruction, "RVAALE1IS");
  EXPECT_EQ(t.scope, Scope::va_any_asid);
  EXPECT_EQ(t.asid, 0);
  EXPECT_EQ(t.first, 5U << 16U);
  EXPECT_EQ(t.last, (5U << 16U) + (std::uint64_t{3} << 6U << 16U) - 1);
  EXPECT_EQ(t.granule, 16);
  EXPECT_EQ(t.level, 3);
}

TEST(BroadcastTlbi, OfARangeEndsAtTheLastAddressAndOfAReservedGranuleIsNone) {
  const std::uint64_t last = std::uint64_t{1} << 46U | ((std::uint64_t{1} << 37U) - 1);
  EXPECT_EQ(decoded(0, 2, 1, last).last, ~std::uint64_t{0});
  EXPECT_FALSE(decode_tlbi(0, 8, 2, 1, 0, {}));
}

TEST(BroadcastTlbi, OfEl1HasTheVmidAndOfOthersHasNone) {
  TlbiContext context;
  context.vmid = 9;
  EXPECT_EQ(decoded(0, 3, 0, 0, context).vmid, 9);
  EXPECT_EQ(decoded(4, 3, 6, 0, context).vmid, 9);
  EXPECT_EQ(decoded(4, 3, 4, 0, context).vmid, 0);
  EXPECT_EQ(decoded(4, 3, 1, 0, context).vmid, 0);
}

TEST(BroadcastTlbi, OfEl2FollowsE2hAndTge) {
  TlbiContext context;
  const std::uint64_t operand = std::uint64_t{4} << 48U;
  EXPECT_EQ(decoded(4, 3, 1, operand, context).regime, Regime::el2);
  EXPECT_EQ(decoded(4, 3, 1, operand, context).asid, 0);
  context.e2h = true;
  EXPECT_EQ(decoded(4, 3, 1, operand, context).regime, Regime::el2_e2h);
  EXPECT_EQ(decoded(4, 3, 1, operand, context).asid, 4);
  EXPECT_EQ(decoded(0, 3, 2, operand, context).regime, Regime::el1);
  context.el2_and_tge = true;
  EXPECT_EQ(decoded(0, 3, 2, operand, context).regime, Regime::el2_e2h);
  EXPECT_EQ(decoded(0, 3, 0, operand, context).scope, Scope::all);
  EXPECT_EQ(decoded(4, 3, 6, operand, context).regime, Regime::el1);
}

TEST(BroadcastTlbi, OfEl3IsOfSecureState) { EXPECT_TRUE(decoded(6, 3, 0).secure); }

// DDI 0487 C5.5, TLBI IPAS2E1 and RIPAS2E1: NS is there in Secure state
TEST(BroadcastTlbi, OfAnIpaOfSecureStateHasItsSpace) {
  constexpr std::uint64_t NS = std::uint64_t{1} << 63U;
  TlbiContext context;
  for (const unsigned op2 : {1U, 5U}) EXPECT_FALSE(decoded(4, 0, op2, NS | 7, context).non_secure_ipa);
  context.secure = true;
  for (const unsigned op2 : {1U, 5U}) {
    EXPECT_TRUE(decoded(4, 0, op2, NS | 7, context).non_secure_ipa);
    EXPECT_EQ(decoded(4, 0, op2, NS | 7, context).first, 7U << 12U);
    EXPECT_FALSE(decoded(4, 0, op2, 7, context).non_secure_ipa);
  }
  EXPECT_TRUE(decoded(4, 0, 2, NS | std::uint64_t{1} << 46U, context).non_secure_ipa);
  EXPECT_FALSE(decoded(0, 3, 1, NS, context).non_secure_ipa) << "an ASID";
}

// All others are of the processor alone, or no TLBI: CRm 6 and 7, IPAS2E1 at CRm 4, and what is not
// allocated.
TEST(BroadcastTlbi, LocalOnesAndOthersAreNone) {
  std::set<std::string> names;
  unsigned number = 0;
  for (unsigned op1 = 0; op1 < 8; ++op1) {
    for (unsigned crm = 0; crm < 16; ++crm) {
      for (unsigned op2 = 0; op2 < 8; ++op2) {
        const std::uint64_t operand = std::uint64_t{1} << 46U;  // a granule, for ranges
        const auto t = decode_tlbi(op1, 8, crm, op2, operand, {});
        const auto nxs = decode_tlbi(op1, 9, crm, op2, operand, {});
        EXPECT_EQ(t.has_value(), nxs.has_value());
        EXPECT_FALSE(decode_tlbi(op1, 7, crm, op2, operand, {}));
        if (!t) continue;
        ++number;
        const std::string name = t->instruction;
        names.insert(name);
        EXPECT_TRUE(name.substr(name.size() - 2) == "IS" || name.substr(name.size() - 2) == "OS") << name;
        EXPECT_TRUE(crm != 6 && crm != 7) << name;
      }
    }
  }
  EXPECT_EQ(number, 52U);
  EXPECT_EQ(names.size(), number);
  EXPECT_FALSE(decode_tlbi(4, 8, 4, 1, 0, {}));
}

}  // namespace
}  // namespace smmuvp
