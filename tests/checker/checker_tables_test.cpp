// Changes of translation tables: what has to follow them, and what must not.
#include "script.h"

namespace smmuvp::checker {
namespace {

constexpr std::uint64_t page = Script::page;
constexpr std::uint64_t other = 0xa000'0f03;
constexpr std::uint64_t leaf_hint = 1;
constexpr std::uint64_t of_4k = 1ULL << 10;  // TG

std::uint64_t level_hint(unsigned level) { return of_4k | std::uint64_t{level} << 8; }

TEST(Tables, BreakBeforeMakeIsWhatIsAskedFor) {
  Script s;
  s.use(page);
  s.store(Script::level3, page, 0);
  s.tlbi(Script::iova, leaf_hint);
  s.sync();
  s.store(Script::level3, 0, other);
  s.use(other);
  s.end();
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, PagesOfWhatIsUsedAreWatched) {
  Script s;
  s.use(page);
  EXPECT_EQ(s.watched, (std::set<std::uint64_t>{0x1000, 0x2000, 0x3000, 0x4000}));
}

TEST(Tables, WhatNobodyHasUsedMayBeChangedAtWill) {
  Script s;
  s.store(Script::level3, page, other);
  s.use(other);
  s.store(Script::level3 + 8, page, other);  // a neighbour
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, AMappingThatIsReplacedNeedsItsInvalidation) {
  struct Case {
    const char* rule;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {"tlbi.missing", [](Script&) {}},
      {"tlbi.missing", [](Script& s) { s.tlbi(0x4000'0000), s.sync(); }},
      {"tlbi.asid", [](Script& s) { s.tlbi(Script::iova, 0, 1, 3), s.sync(); }},
      {"tlbi.vmid", [](Script& s) { s.tlbi(Script::iova, 0, 2, 2), s.sync(); }},
      {"tlbi.range", [](Script& s) { s.tlbi(Script::iova + 0x1000), s.sync(); }},
      {"tlbi.level", [](Script& s) { s.tlbi(Script::iova, level_hint(2)), s.sync(); }},
      {"tlbi.stage", [](Script& s) { s.command(0x22 | 2ULL << 48, Script::iova), s.sync(); }},  // EL2_VA
      {"tlbi.stage", [](Script& s) { s.command(0x2a | 1ULL << 32, Script::iova), s.sync(); }},  // S2_IPA
      {"tlbi.missing", [](Script& s) { s.command(0x11 | 1ULL << 32 | 3ULL << 48), s.sync(); }},
      {"sync.missing", [](Script& s) { s.tlbi(); }},
      {"sync.not-awaited", [](Script& s) { s.tlbi(), s.command(0x46); }},
      {nullptr, [](Script& s) { s.tlbi(Script::iova, level_hint(3)), s.sync(); }},
      {nullptr, [](Script& s) { s.tlbi(Script::iova, leaf_hint), s.sync(); }},
      {nullptr, [](Script& s) { s.command(0x13 | 1ULL << 32, Script::iova), s.sync(); }},  // NH_VAA
      {nullptr, [](Script& s) { s.command(0x11 | 1ULL << 32 | 2ULL << 48), s.sync(); }},   // NH_ASID
      {nullptr, [](Script& s) { s.command(0x10 | 1ULL << 32), s.sync(); }},                // NH_ALL
      {nullptr, [](Script& s) { s.command(0x28 | 1ULL << 32), s.sync(); }},                // S12_VMALL
      {nullptr, [](Script& s) { s.command(0x30), s.sync(); }},                             // NSNH_ALL
      {nullptr, [](Script& s) { s.tlbi(Script::iova - 0x1000, of_4k | 0x300), s.tlbi(), s.sync(); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(&c - cases);
    Script s;
    s.use(page);
    s.store(Script::level3, page, 0);
    c.software(s);
    s.store(Script::level3, 0, other);
    ASSERT_EQ(s.told(), c.rule == nullptr ? Told{} : Told{c.rule});
    if (c.rule == nullptr) continue;
    const Finding& f = s.findings[0];
    EXPECT_EQ(f.smmu, "smmu0");
    EXPECT_EQ(f.stream_id, 5U);
    EXPECT_EQ(f.iova, Script::iova);
    EXPECT_EQ(f.address, Script::level3);
    EXPECT_EQ(f.writer->pc, 0xffff'8000U);
  }
}

TEST(Tables, OneThatIsPutBackAsItWasNeedsNone) {
  Script s;
  s.use(page);
  s.store(Script::level3, page, 0);
  s.store(Script::level3, 0, page);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, AChangeOfRightsNeedsItsInvalidationAndNothingElse) {
  const std::uint64_t read_only = page | 1U << 7;
  for (const bool invalidated : {false, true}) {
    Script s;
    s.use(page);
    s.store(Script::level3, page, read_only);
    if (invalidated) {
      s.tlbi();
      s.sync();
      s.use(read_only);
      s.store(Script::level3, read_only, other);  // of what is live now
      EXPECT_EQ(s.told(), Told{"bbm.address"});
      continue;
    }
    s.use_stale(read_only);
    EXPECT_EQ(s.told(), Told{"tlbi.missing"});
  }
}

TEST(Tables, OneThatIsPutBackIsLiveAsBefore) {
  Script s;
  s.use(page);
  s.store(Script::level3, page, 0);
  s.store(Script::level3, 0, page);
  s.store(Script::level3, page, other);
  EXPECT_EQ(s.told(), Told{"bbm.address"});
}

TEST(Tables, InvalidationsThatTheCheckerHasForgottenCountAsDone) {
  Script s;
  s.use(page);
  s.store(Script::level3, page, 0);
  s.tlbi();
  s.sync();
  for (unsigned i = 0; i < 10'000; ++i) s.tlbi(0x4000'0000);
  s.store(Script::level3, 0, other);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, TheTopByteOfAnAddressDoesNotCount) {
  for (const std::uint64_t tag : {0ULL, 0xabULL << 56}) {
    Script s;
    Look look = s.look(page);
    look.iova |= tag;
    for (Look::Step& step : look.steps) step.input |= tag;
    s.checker.accessed(s.smmu, look);
    s.store(Script::level3, page, 0);
    s.tlbi();
    s.sync();
    s.store(Script::level3, 0, other);
    EXPECT_EQ(s.told(), Told{});
  }
}

TEST(Tables, ARangeEndsWithTheAddressSpace) {
  Script s;
  Look look = s.look(page);
  look.iova = 0xffff'ffff'ffff'f000;
  for (Look::Step& step : look.steps) step.input = look.iova;
  s.checker.accessed(s.smmu, look);
  s.store(Script::level3, page, 0);
  s.tlbi(0xffff'ffff'ffff'f000, of_4k | 0x300 | 1, 1, 2);
  s.sync();
  s.store(Script::level3, 0, other);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, TheSizeOfALiveMappingMayChangeWhereBbmlSaysSo) {
  for (const unsigned bbml : {0U, 1U, 2U}) {
    smmuv3::Features f = Script::features();
    f.BBML = static_cast<std::uint8_t>(bbml);
    Script s(f);
    s.use(page);
    s.store(Script::level3, page, page | 1ULL << 52);
    s.store(Script::level2, Script::pointer, 0x9020'0f01);
    EXPECT_EQ(s.told(), bbml == 0 ? (Told{"bbm.contiguous", "bbm.size"}) : Told{});
  }
}

TEST(Tables, AGlobalEntryIsNotReachedByAsid) {
  Script s;
  const std::uint64_t global = page & ~0x800ULL;
  s.use(global);
  s.store(Script::level3, global, 0);
  s.command(0x11 | 1ULL << 32 | 2ULL << 48);
  s.sync();
  s.store(Script::level3, 0, other);
  EXPECT_EQ(s.told(), Told{"tlbi.missing"});
  s.use(other & ~0x800ULL);
  s.store(Script::level3, other & ~0x800ULL, 0);
  s.tlbi(Script::iova, 0, 1, 7);  // by address whatever the ASID
  s.sync();
  s.store(Script::level3, 0, page);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, ALiveDescriptorIsBrokenBeforeItIsMade) {
  struct Case {
    const char* rule;
    std::uint64_t address, before, after;
  };
  constexpr std::uint64_t contiguous = 1ULL << 52;
  const Case cases[] = {{"bbm.address", Script::level3, page, other},
                        {"bbm.contiguous", Script::level3, page, page | contiguous},
                        {"bbm.attributes", Script::level3, page, page ^ 1U << 2},
                        {"bbm.attributes", Script::level3, page, page ^ 1U << 8},
                        {"bbm.size", Script::level2, Script::pointer, 0x9020'0f01},
                        {"bbm.address", Script::level2, Script::pointer, 0x5003},
                        {nullptr, Script::level3, page, page ^ 1U << 7},      // AP: rights
                        {nullptr, Script::level3, page, page ^ 1U << 10},     // AF
                        {nullptr, Script::level3, page, page ^ 1ULL << 55}};  // software's
  for (const Case& c : cases) {
    SCOPED_TRACE(&c - cases);
    Script s;
    s.use(page);
    s.store(c.address, c.before, c.after);
    EXPECT_EQ(s.told(), c.rule == nullptr ? Told{} : Told{c.rule});
  }
}

TEST(Tables, ATableThatIsTakenAwayNeedsAnInvalidationOfTables) {
  for (const bool leaf : {false, true}) {
    Script s;
    s.use(page);
    s.store(Script::level2, Script::pointer, 0);
    s.tlbi(Script::iova, leaf ? leaf_hint : 0);
    s.sync();
    s.store(Script::level2, 0, 0x9020'0f01);
    EXPECT_EQ(s.told(), leaf ? Told{"tlbi.leaf"} : Told{});
  }
}

TEST(Tables, ATableThatMayStillBeWalkedIsNotWrittenTo) {
  for (const bool invalidated : {false, true}) {
    Script s;
    s.use(page);
    s.store(Script::level2, Script::pointer, 0);
    if (invalidated) {
      s.tlbi();
      s.sync();
    }
    s.store(Script::table + 0x800, 0, 0x1234'5678);
    s.store(Script::table + 0x808, 0, 0x1234'5678);
    EXPECT_EQ(s.told(), invalidated ? Told{} : Told{"table.reused"});
    EXPECT_EQ(s.watched.count(Script::table), invalidated ? 0U : 1U);
  }
}

TEST(Tables, ATableThatIsFreedIsMemoryLikeAnyOther) {
  Script s;
  s.use(page);
  s.store(Script::level2, Script::pointer, 0);
  s.tlbi();
  s.sync();
  s.store(Script::table + 0x800, 0, 0x1234'5678);
  s.store(Script::level3, page, other);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, AUseBetweenUnmapAndInvalidationIsNotedAndNoErrorIfThatComes) {
  for (const bool comes : {false, true}) {
    Script s;
    s.use(page);
    s.store(Script::level3, page, 0);
    s.use_stale(0);
    s.use_stale(0);
    EXPECT_EQ(s.told(), Told{"tlbi.lazy"});
    if (comes) {
      s.command(0x11 | 1ULL << 32 | 2ULL << 48);
      s.sync();
    }
    s.end();
    EXPECT_EQ(s.told(), comes ? Told{} : Told{"tlbi.missing"});
  }
}

TEST(Tables, AUseAfterAnInvalidationThatMissesIsNamedByWhatMissesIt) {
  Script s;
  s.use(page);
  s.store(Script::level3, page, 0);
  s.tlbi(Script::iova, 0, 1, 9);
  s.sync();
  s.use_stale(0);
  EXPECT_EQ(s.told(), Told{"tlbi.asid"});
  EXPECT_NE(s.findings[0].text.find("CMD_TLBI_NH_VA VMID 0x1 ASID 0x9 Address 0x202000 does not reach it"),
            std::string::npos)
      << s.findings[0].text;
}

TEST(Tables, AnAccessThatNeedsNoLookIsAUseAllTheSame) {
  Script s;
  s.use(page);
  s.tlbi();
  s.sync();
  EXPECT_FALSE(s.checker.access(s.smmu, 5, {}, Script::iova, 0));
  s.store(Script::level3, page, other);
  EXPECT_EQ(s.told(), Told{"bbm.address"});
}

TEST(Tables, WhatWasInvalidatedSinceItWasUsedIsNotLive) {
  Script s;
  s.use(page);
  s.tlbi();
  s.sync();
  s.store(Script::level3, page, other);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Tables, OfAGuestThatUsesEverythingNoMoreIsKeptThanThereIsRoomFor) {
  Script s;
  Look look = s.look(page);
  for (std::uint64_t i = 0; i < 1'200'000; ++i) {
    look.iova = i << 12;
    look.steps[1].input = look.iova;
    look.steps[1].address = 0x10'0000 + 8 * i;
    s.checker.accessed(s.smmu, look);
  }
  s.use(page);
  s.store(Script::level3, page, other);
  EXPECT_EQ(s.told(), Told{"bbm.address"}) << "and it goes on";
}

TEST(Tables, ALookIsWantedWhenSomethingHasChanged) {
  Script s;
  const auto wants = [&s](std::uint64_t at) { return s.checker.access(s.smmu, 5, {}, at, 0); };
  EXPECT_TRUE(wants(Script::iova));
  s.use(page);
  EXPECT_FALSE(wants(Script::iova + 8));
  EXPECT_TRUE(wants(Script::iova + 0x1000));
  EXPECT_TRUE(s.checker.access(s.smmu, 5, 0U, Script::iova, 0)) << "with a SubstreamID";
  s.store(Script::level3 + 8, 0, page);
  EXPECT_FALSE(wants(Script::iova)) << "a descriptor that no access has used";
  s.store(Script::level3, page, 0);
  EXPECT_TRUE(wants(Script::iova));
  s.use_stale(0);
  EXPECT_FALSE(wants(Script::iova));
  s.tlbi();
  EXPECT_TRUE(wants(Script::iova)) << "it was stale";
  s.use(0);
  s.tlbi();
  EXPECT_FALSE(wants(Script::iova));
}

}  // namespace
}  // namespace smmuvp::checker
