// What pointers a TBU may give, and which of them an invalidation takes back, without any SMMU around it.
#include "smmuvp/smmu/grants.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "cache_archive.h"
#include "smmuvp/smmu/engine.h"

namespace smmuvp::smmu {
namespace {

using pgtable::Rights;

constexpr std::uint32_t stream_id = 7;
constexpr std::uint8_t regime = 1;
constexpr std::uint16_t vmid = 3;
constexpr std::uint16_t asid = 5;

/// An engine with one TBU, whose client may hold pointers.
struct Bench {
  Bench() {
    grants = &engine.allow_grants(0, stream_id, [this](const AddressRange& range) {
      withdrawn.push_back(range.first);
      last = range.last;
      if (on_withdrawal) on_withdrawal();
    });
    engine.open_tbus();
  }
  static AccessRequest request(std::uint64_t address) {
    AccessRequest r;
    r.stream_id = stream_id;
    r.address = address;
    return r;
  }
  static CacheKey key(std::uint64_t input, unsigned shift = 12) {
    CacheKey k;
    k.tag.regime = regime;
    k.tag.vmid = vmid;
    k.tag.asid = asid;
    k.shift = static_cast<std::uint8_t>(shift);
    k.input = input;
    return k;
  }
  void translate(const CacheKey& name, std::uint64_t output, Rights rights = Rights{Rights::all}) {
    FinishedAnswer answer;
    answer.output = output;
    answer.rights = rights;
    engine.finish_at_tbu(request(name.input), name, answer);
  }
  std::optional<DirectRegion> region(std::uint64_t address) {
    AccessAnswer answer;
    return engine.direct_region(request(address), answer);
  }
  bool grant(std::uint64_t address) {
    const auto r = region(address);
    return r && grants->add(*r);
  }
  static Invalidation of_page(std::uint64_t address, std::uint16_t of_asid = asid) {
    Invalidation what;
    what.regime = regime;
    what.vmid = vmid;
    what.asid = of_asid;
    what.range = {address, address};
    return what;
  }

  Tracer tracer{nullptr, "engine"};
  Engine engine{EngineStructures{}, tracer};
  Grants* grants = nullptr;
  std::vector<std::uint64_t> withdrawn;  // first addresses
  std::uint64_t last = 0;                // of the last of them
  std::function<void()> on_withdrawal;
};

// ---- what is given

TEST(Grants, APageWhoseFirstWriteHasYetToBeMarkedIsForReadsAlone) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000, Rights{Rights::all | Rights::write_needs_update});
  ASSERT_TRUE(b.region(0x1000));
  EXPECT_TRUE(b.region(0x1000)->read);
  EXPECT_FALSE(b.region(0x1000)->write);
}

TEST(Grants, AMarkThatEitherStageHasYetToMakeKeepsWritesFromAPointer) {
  const Rights all{Rights::all};
  const Rights clean{Rights::all | Rights::write_needs_update};
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000, pgtable::combine(clean, all));
  b.translate(Bench::key(0x2000), 0x9000, pgtable::combine(all, clean));
  b.translate(Bench::key(0x3000), 0xa000, pgtable::combine(all, all));
  EXPECT_FALSE(b.region(0x1000)->write);
  EXPECT_FALSE(b.region(0x2000)->write);
  EXPECT_TRUE(b.region(0x3000)->write);
}

TEST(Grants, APointerHasTheRightsThatBothStagesGive) {
  const Rights reads{Rights::privileged_read | Rights::unprivileged_read};
  const Rights writes{Rights::privileged_write | Rights::unprivileged_write};
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000, pgtable::combine(reads, Rights{Rights::all}));
  b.translate(Bench::key(0x2000), 0x9000, pgtable::combine(Rights{Rights::all}, writes));
  b.translate(Bench::key(0x3000), 0xa000, pgtable::combine(reads, writes));
  EXPECT_TRUE(b.region(0x1000)->read && !b.region(0x1000)->write);
  EXPECT_TRUE(!b.region(0x2000)->read && b.region(0x2000)->write);
  EXPECT_FALSE(b.region(0x3000)->read || b.region(0x3000)->write);
}

TEST(Grants, WhatIsForPrivilegedAccessesIsForClientsThatAreMadePrivileged) {
  FinishedAnswer answer;
  answer.output = 0x8000;
  answer.rights = Rights{Rights::privileged_read};
  Bench b;
  b.engine.finish_at_tbu(Bench::request(0x1000), Bench::key(0x1000), answer);
  EXPECT_FALSE(b.region(0x1000)->read);
  answer.privileged = AttributeRule::forced(true);
  b.engine.finish_at_tbu(Bench::request(0x1000), Bench::key(0x1000), answer);
  EXPECT_TRUE(b.region(0x1000)->read);
}

TEST(Grants, ReadsThatAreMadeFetchesNeedTheRightToExecute) {
  FinishedAnswer answer;
  answer.rights = Rights{Rights::unprivileged_read};
  answer.instruction = AttributeRule::forced(true);
  Bench b;
  b.engine.finish_at_tbu(Bench::request(0x1000), Bench::key(0x1000), answer);
  EXPECT_FALSE(b.region(0x1000)->read);
  answer.rights = Rights{Rights::unprivileged_execute};
  b.engine.finish_at_tbu(Bench::request(0x1000), Bench::key(0x1000), answer);
  EXPECT_TRUE(b.region(0x1000)->read);
}

TEST(Grants, APointerIsForThePartThatDownstreamGivesToo) {
  DirectRegion region;
  region.input = {0x10000, 0x10fff};
  region.output = {0x8000, 0x8fff};
  EXPECT_FALSE(region.clip({0x8200, 0x82ff}, 0x10100)) << "not where it was asked for";
  EXPECT_FALSE(region.clip({0x0, 0x80ff}, 0x10100));
  ASSERT_TRUE(region.clip({0x8100, 0x81ff}, 0x10100));
  EXPECT_EQ(region.input.first, 0x10100U);
  EXPECT_EQ(region.input.last, 0x101ffU);
  EXPECT_EQ(region.output.first, 0x8100U);
  EXPECT_EQ(region.output.last, 0x81ffU);
  ASSERT_TRUE(region.clip({0x0, ~0ULL}, 0x10100)) << "a larger one adds nothing";
  EXPECT_EQ(region.input.last, 0x101ffU);
}

// ---- what goes

TEST(Grants, AnInvalidationTakesThePointersOfItsPageAndAsid) {
  Bench b;
  for (const std::uint64_t at : {0x1000U, 0x2000U}) {
    b.translate(Bench::key(at), 0x8000 + at);
    ASSERT_TRUE(b.grant(at));
  }
  b.engine.invalidate(Bench::of_page(0x3000), "", 0);
  b.engine.invalidate(Bench::of_page(0x1000, asid + 1), "", 0);
  EXPECT_TRUE(b.withdrawn.empty());
  b.engine.invalidate(Bench::of_page(0x1000), "", 0);
  EXPECT_EQ(b.withdrawn, std::vector<std::uint64_t>{0x1000});
  EXPECT_EQ(b.engine.statistics().dmi_withdrawals, 1U);
  EXPECT_EQ(b.grants->size(), 1U);
}

TEST(Grants, APointerOutlivesTheMicroTlbEntryItWasMadeOfAndIsStillFound) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  ASSERT_TRUE(b.grant(0x1000));
  for (std::uint64_t at = 0x10000; at < 0x80000; at += 0x1000) b.translate(Bench::key(at), at);
  EXPECT_FALSE(b.region(0x1000)) << "the TBU has forgotten it";
  b.engine.invalidate(Bench::of_page(0x1000), "", 0);
  EXPECT_EQ(b.withdrawn.size(), 1U);
}

TEST(Grants, ABypassIsNoTranslationThatAnInvalidationCouldName) {
  Bench b;
  FinishedAnswer bypass;
  bypass.rights = Rights{Rights::all};
  bypass.translated = false;
  b.engine.close_tbus(bypass, 40);
  ASSERT_TRUE(b.grant(0x1000));
  Invalidation what;
  what.regime = regime;
  b.engine.invalidate(what, "", 0);
  EXPECT_TRUE(b.withdrawn.empty());
  b.engine.close_tbus();
  EXPECT_EQ(b.withdrawn.size(), 1U);
}

TEST(Grants, ConfigurationOfOtherStreamsLeavesThem) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  ASSERT_TRUE(b.grant(0x1000));
  b.engine.forget_answers(stream_id + 1);
  b.engine.forget_answers(0, ~std::uint64_t{3});
  EXPECT_TRUE(b.withdrawn.empty());
  b.engine.forget_answers(4, ~std::uint64_t{3});
  EXPECT_EQ(b.withdrawn.size(), 1U);
}

TEST(Grants, AreNotGivenTwiceForDifferentOutputs) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  ASSERT_TRUE(b.grant(0x1000));
  ASSERT_TRUE(b.grant(0x1000)) << "the same again";
  EXPECT_EQ(b.grants->size(), 1U);
  b.translate(Bench::key(0x1000), 0x9000);
  EXPECT_FALSE(b.grant(0x1000)) << "the client may still use the older one";
}

TEST(Grants, OfTwoThatBeginAtOnePlaceTheLongerIsNamedInWhateverOrderTheyCame) {
  for (const bool longer_first : {false, true}) {
    Bench b;
    b.translate(Bench::key(0x1000), 0x8000);
    DirectRegion longer = *b.region(0x1000);
    DirectRegion shorter = longer;
    ASSERT_TRUE(shorter.clip({0x8000, 0x80ff}, 0x1000));
    ASSERT_TRUE(b.grants->add(longer_first ? longer : shorter));
    ASSERT_TRUE(b.grants->add(longer_first ? shorter : longer));
    b.engine.invalidate(Bench::of_page(0x1000), "", 0);
    EXPECT_EQ(b.withdrawn.size(), 1U);
    EXPECT_EQ(b.last, 0x1fffU);
  }
}

TEST(Grants, WhatIsWithdrawnIsGoneFromEveryCacheBeforeTheClientIsTold) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  b.translate(Bench::key(0x2000), 0x9000);
  ASSERT_TRUE(b.grant(0x1000));
  ASSERT_TRUE(b.grant(0x2000));
  unsigned told = 0;
  b.on_withdrawal = [&] {
    ++told;
    EXPECT_FALSE(b.grant(0x1000));
    EXPECT_FALSE(b.grant(0x2000));
    EXPECT_EQ(b.grants->size(), 0U);
  };
  Invalidation what;
  what.regime = regime;
  b.engine.invalidate(what, "", 0);
  EXPECT_EQ(told, 2U);
  EXPECT_EQ(b.engine.statistics().dmi_withdrawals, 2U);
}

TEST(Grants, NoneIsGivenUntilEveryWithdrawalHasBeenTold) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  b.translate(Bench::key(0x2000), 0x9000);
  ASSERT_TRUE(b.grant(0x1000));
  ASSERT_TRUE(b.grant(0x2000));
  b.on_withdrawal = [&] {
    EXPECT_TRUE(b.region(0x1000)) << "the TBU has it still";
    EXPECT_FALSE(b.grants->has_room());
    EXPECT_FALSE(b.grant(0x1000));
    EXPECT_FALSE(b.grant(0x2000));
  };
  b.engine.withdraw_output(0, {0x0, 0xffff});
  EXPECT_EQ(b.withdrawn.size(), 2U);
  EXPECT_TRUE(b.grants->has_room());
  EXPECT_TRUE(b.grant(0x2000));
}

TEST(Grants, AResetTakesAll) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  ASSERT_TRUE(b.grant(0x1000));
  b.on_withdrawal = [&] { EXPECT_FALSE(b.region(0x1000)); };
  b.engine.reset();
  EXPECT_EQ(b.withdrawn.size(), 1U);
}

TEST(Grants, BeforeAStateIsLoadedAllAreTakenAndTheirCountIsThatOfTheState) {
  Bench past;
  past.translate(Bench::key(0x1000), 0x9000);
  const std::vector<std::uint8_t> state = saved(past.engine);
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  ASSERT_TRUE(b.grant(0x1000));
  b.engine.withdraw_grants();
  EXPECT_EQ(b.region(0x1000)->output.first, 0x8000U) << "of the answers nothing has changed";
  ASSERT_EQ(load_error(b.engine, state), "");
  EXPECT_EQ(b.withdrawn.size(), 1U);
  EXPECT_EQ(saved(b.engine), state) << "counters too are those that were saved";
}

TEST(Grants, WhatDownstreamTakesGoesAsAWholeAndTheExcessIsCounted) {
  Bench b;
  b.translate(Bench::key(0x1000), 0x8000);
  b.translate(Bench::key(0x2000), 0x9000);
  ASSERT_TRUE(b.grant(0x1000));
  ASSERT_TRUE(b.grant(0x2000));
  b.engine.withdraw_output(0, {0x7000, 0x7fff});
  b.engine.withdraw_output(0, {0x1000, 0x2fff});
  EXPECT_TRUE(b.withdrawn.empty());
  b.engine.withdraw_output(0, {0x7000, 0x8000});
  EXPECT_EQ(b.withdrawn, std::vector<std::uint64_t>{0x1000});
  EXPECT_EQ(b.engine.statistics().dmi_excess, 1U);
  b.engine.withdraw_output(0, {0x9000, 0x9fff});
  EXPECT_EQ(b.withdrawn.size(), 2U);
  EXPECT_EQ(b.engine.statistics().dmi_excess, 1U);
}

}  // namespace
}  // namespace smmuvp::smmu
