// How Translation Requests and Translated transactions end, for each STE.Config, STE.EATS and CR0.ATSCHK: the
// tables of IHI 0070 3.9.1.2, 3.9.1.3 and 5.2.2.
#include <optional>

#include "ats_world.h"

namespace smmuvp::smmuv3 {
namespace {

using smmu::Outcome;

constexpr std::uint64_t va = 0x40'0000;
constexpr std::uint64_t ipa = 0x3000'0000;
constexpr std::uint64_t pa = 0x8000'0000;

/// Stream 1 by an STE of that Config, with `va` at `ipa` where stage 1 translates, and `ipa`, or `va`, at
/// `pa` where stage 2 does.
struct Stream {
  Stream(unsigned Config, unsigned EATS, bool ATSCHK, std::uint32_t CR2) {
    w.set_cr2(CR2);
    w.write(0x20, AtsWorld::enabled & ~(ATSCHK ? 0U : CR0_ATSCHK));
    w.put_ste(1, with_ats(ste_of(Config), EATS));
  }
  Structure ste_of(unsigned Config) {
    if (Config < 4) return ste_abort().set(1, 3, Config);
    if (Config == 4) return ste_bypass();
    if (Config == 5) {
      EXPECT_TRUE(w.stream(1).map(va, ipa, 0x1000));
      return ste_stage1(World::cd_address(1));
    }
    pgtable::Builder& ipas = w.guest();
    EXPECT_TRUE(ipas.map(Config == 6 ? va : ipa, pa, 0x1000));
    if (Config == 6) return ste_stage2(ipas.config().stage2);
    EXPECT_TRUE(w.nested_stream(1, ipas).map(va, ipa, 0x1000));
    return ste_nested(Stage2World::ipa_of(World::cd_address(1)), ipas.config().stage2);
  }
  std::optional<std::uint64_t> event() {
    const auto e = w.pop_event();
    return e ? std::optional((*e)[0] & 0xff) : std::nullopt;
  }
  AtsWorld w;
};

/// The effective STE.EATS, or none where the STE is ILLEGAL (5.2, 5.2.2).
std::optional<unsigned> effective(unsigned Config, unsigned EATS, bool ATSCHK) {
  if (Config <= 4) return 0U;  // IGNORED
  if (EATS == 2 && Config != 7) return std::nullopt;
  if (EATS == 3) return 0U;  // no DPT
  return EATS == 2 && !ATSCHK ? 0U : EATS;
}

template <class Check>
void for_each_case(const Check& check) {
  for (unsigned Config = 0; Config < 8; ++Config) {
    for (unsigned EATS = 0; EATS < 4; ++EATS) {
      for (const bool ATSCHK : {false, true}) {
        for (const std::uint32_t CR2 : {0U, CR2_RECINVSID, CR2_RECINVSID | CR2_REC_CFG_ATS}) {
          SCOPED_TRACE(::testing::Message() << "Config " << Config << ", EATS " << EATS << ", ATSCHK "
                                            << ATSCHK << ", CR2 " << CR2);
          check(Config, EATS, ATSCHK, CR2);
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(AtsMatrix, ATranslationRequestIsAnsweredAsConfigEatsAndAtschkSay) {
  for_each_case([](unsigned Config, unsigned EATS, bool ATSCHK, std::uint32_t CR2) {
    Stream s(Config, EATS, ATSCHK, CR2);
    const AtsAnswer a = s.w.ask(1, va);
    const auto event = s.event();
    const auto ats = effective(Config, EATS, ATSCHK);
    if (Config < 4) {  // UR, and no event
      ASSERT_EQ(a.status, AtsStatus::unsupported_request);
      ASSERT_FALSE(event);
    } else if (!ats) {  // C_BAD_STE
      ASSERT_EQ(a.status, AtsStatus::completer_abort);
      ASSERT_EQ(event.value_or(0), (CR2 & CR2_REC_CFG_ATS) != 0 ? 0x04U : 0U);
    } else if (*ats == 0) {  // F_BAD_ATS_TREQ, whatever CR2 says
      ASSERT_EQ(a.status, AtsStatus::unsupported_request);
      ASSERT_EQ(event.value_or(0), 0x05U);
    } else {
      ASSERT_EQ(a.status, AtsStatus::success);
      ASSERT_FALSE(event);
      ASSERT_TRUE(a.read && a.write);
      const bool to_ipa = Config == 5 || *ats == split_stage;
      ASSERT_EQ(a.translated_address, to_ipa ? ipa : pa);
    }
  });
}

TEST(AtsMatrix, ATranslatedTransactionEndsAsConfigEatsAndAtschkSay) {
  for_each_case([](unsigned Config, unsigned EATS, bool ATSCHK, std::uint32_t CR2) {
    Stream s(Config, EATS, ATSCHK, CR2);
    const smmu::AccessAnswer a = s.w.access(AtsWorld::translated(1, ipa));
    const auto event = s.event();
    const auto ats = effective(Config, EATS, ATSCHK);
    if (!ATSCHK) {  // no STE is looked at
      ASSERT_EQ(a.outcome, Outcome::forward);
      ASSERT_EQ(a.output, ipa);
      ASSERT_FALSE(event);
    } else if (ats && *ats != 0) {
      ASSERT_EQ(a.outcome, Outcome::forward);
      ASSERT_EQ(a.output, *ats == split_stage ? pa : ipa);
      ASSERT_FALSE(event);
    } else {
      ASSERT_EQ(a.outcome, Outcome::abort);
      const unsigned forbidden = Config < 4 ? 0 : 0x07;
      const unsigned ill = (CR2 & CR2_REC_CFG_ATS) != 0 ? 0x04 : 0;
      ASSERT_EQ(event.value_or(0), ats ? forbidden : ill);
    }
  });
}

}  // namespace
}  // namespace smmuvp::smmuv3
