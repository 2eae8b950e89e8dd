// What the SMMU does with each quirk, and without it. docs/quirks.md tells of the silicon.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "secure_world.h"
#include "smmuv2_settings.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::Outcome;

Features with(Quirk quirk, bool on = true, Features f = {}) {
  if (on) f.quirks.add(quirk);
  return f;
}

std::string refusal(const std::string& quirks) {
  Params p(smmuv2_params(), "smmuv2");
  p.set("quirks", quirks);
  try {
    settings_of(with_defaults(p));
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

TEST(Quirks, AreOffUnlessTheyAreAskedFor) {
  EXPECT_FALSE(settings_of(with_defaults(Params(smmuv2_params()))).features.quirks.any());
  for (const ParamInfo& info : smmuv2_params()) EXPECT_NE(info.name.substr(0, 6), "quirk_") << "one list";
}

TEST(Quirks, AnUnknownNameIsRefusedWithThoseThatThereAre) {
  const std::string text = refusal("marvell_582743 qcom_last_bnk");
  EXPECT_NE(text.find("did you mean 'qcom_last_bank'"), std::string::npos) << text;
  for (const QuirkInfo& info : quirk_infos()) EXPECT_NE(text.find(info.name), std::string::npos) << text;
}

TEST(Quirks, OneOfWhatTheSmmuDoesNotHaveIsRefused) {
  Params p(smmuv2_params(), "smmuv2");
  p.set("quirks", "calxeda_secure_access");
  p.set("SES", false);
  EXPECT_THROW(settings_of(with_defaults(p)), ConfigError);
  p.set("SES", true);
  EXPECT_TRUE(settings_of(with_defaults(p)).features.quirks.has(Quirk::calxeda_secure_access));
}

TEST(Quirks, EachHasASectionInTheirPage) {
  std::ifstream page(SMMUVP_QUIRKS_PAGE);
  const std::string text((std::istreambuf_iterator<char>(page)), {});
  for (const QuirkInfo& info : quirk_infos()) {
    EXPECT_NE(text.find("| `" + std::string(info.name) + "` |"), std::string::npos) << info.name;
  }
}

// Software that is not Secure has to use the Non-secure aliases, which stand 0x400 further on.
TEST(QuirkCalxedaSecureAccess, ANonSecureAccessReachesTheSecureCopy) {
  for (const bool quirk : {false, true}) {
    SecureWorld w(with(Quirk::calxeda_secure_access, quirk, SecureWorld::features()));
    w.write(sCR0, CR0_GFRE);
    EXPECT_EQ((w.read(sCR0, 4, true) & CR0_GFRE) != 0, quirk);
    EXPECT_EQ((w.read(sCR0 + 0x400, 4, true) & CR0_GFRE) != 0, !quirk);
    w.write(sCR0 + 0x400, CR0_GFRE | CR0_GFIE);
    EXPECT_EQ(w.read(sCR0 + 0x400, 4, true) & (CR0_GFRE | CR0_GFIE), quirk ? CR0_GFRE | CR0_GFIE : CR0_GFRE)
        << "the alias is one of Secure software";
  }
}

TEST(QuirkMarvell582743, SixtyFourBitAccessesDoNothingAndTheirHalvesWork) {
  for (const bool quirk : {false, true}) {
    World w(with(Quirk::marvell_582743, quirk));
    w.write_cb(3, TTBR0, 0x1234'5678'9000, 8);
    EXPECT_EQ(w.read_cb(3, TTBR0), quirk ? 0U : 0x5678'9000U);
    EXPECT_EQ(w.diag.all.empty(), !quirk);
    w.write_cb(3, TTBR0 + 4, 0x1234);
    w.write_cb(3, TTBR0, 0x5678'9000);
    EXPECT_EQ(w.read_cb(3, TTBR0 + 4), 0x1234U);
    EXPECT_EQ(w.read_cb(3, TTBR0), 0x5678'9000U);
    EXPECT_EQ(w.read_cb(3, TTBR0, 8), quirk ? 0U : 0x1234'5678'9000U);
  }
}

TEST(QuirkQcomLastBank, TheLastBankAnswersABusErrorAndTheOthersDoNot) {
  for (const bool quirk : {false, true}) {
    World w(with(Quirk::qcom_last_bank, quirk));
    const unsigned last = Features{}.NUMCB - 1;
    EXPECT_EQ(w.read(offsets::IDR1) & 0xffU, last + 1) << "it is counted";
    w.read_cb(last, FSR);
    EXPECT_EQ(w.ok, !quirk);
    w.write_cb(last, FSR, 0);
    EXPECT_EQ(w.ok, !quirk);
    w.read_cb(last - 1, FSR);
    EXPECT_TRUE(w.ok);
  }
}

TEST(QuirkQcomS2crBypassFaults, ABypassReadsBackAsAFaultContextAndIsOne) {
  for (const bool quirk : {false, true}) {
    World w(with(Quirk::qcom_s2cr_bypass_faults, quirk));
    w.write(sGFSR, ~0U);
    w.map_stream(0, 9, S2CR_bypass);
    w.start();
    EXPECT_EQ(w.read(S2CR0) >> 16 & 3U, quirk ? 2U : 1U);
    EXPECT_EQ(w.access(9, 0).outcome, quirk ? Outcome::abort : Outcome::forward);
    EXPECT_EQ(w.read(sGFSR), quirk ? 1U : 0U);
  }
}

TEST(QuirkQcomTlbivalBasePage, NothingButTheLastLevelsPageIsDropped) {
  for (const bool quirk : {false, true}) {
    World w(with(Quirk::qcom_tlbival_base_page, quirk));
    auto& b = w.stream64(9, 3, 5);
    b.map(0x20'0000, 0x40'0000, 0x20'0000);
    b.map(0x1000, 0x2000, 0x2000);
    w.start();
    for (const std::uint64_t va : {0x20'0000, 0x1000}) w.access(9, va);
    w.write_cb(3, TLBIVAL, 0x200 | std::uint64_t{5} << 48, 8);
    w.write_cb(3, TLBIVAL, 0x1 | std::uint64_t{5} << 48, 8);
    EXPECT_EQ(w.access(9, 0x20'0000).tlb_hit, quirk);
    EXPECT_FALSE(w.access(9, 0x1000).tlb_hit);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
