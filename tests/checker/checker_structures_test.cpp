// Changes of structures.
#include "script.h"

namespace smmuvp::checker {
namespace {

constexpr std::uint64_t page = Script::page;

void other_software(Script& s) {  // goes through a change of another CD, which no SubstreamID of ours is in
  s.command(0x07 | 9ULL << 32);
  s.sync();
}

TEST(Structures, AChangeIsFollowedByItsInvalidation) {
  struct Case {
    const char* rule;
    Look::Kind kind;
    void (*software)(Script&);
  };
  using Kind = Look::Kind;
  const Case cases[] = {
      {"cfgi.missing", Kind::STE, other_software},
      {"cfgi.stream", Kind::STE, [](Script& s) { s.command(0x03 | 6ULL << 32, 1), s.sync(); }},
      {nullptr, Kind::STE, [](Script& s) { s.command(0x03 | 5ULL << 32, 1), s.sync(); }},
      {nullptr, Kind::STE, [](Script& s) { s.command(0x04, 31), s.sync(); }},
      {nullptr, Kind::STE, [](Script& s) { s.command(0x04 | 4ULL << 32, 0), s.sync(); }},
      {"cfgi.stream", Kind::STE, [](Script& s) { s.command(0x04 | 6ULL << 32, 0), s.sync(); }},
      {"cfgi.missing", Kind::CD, other_software},
      {"cfgi.stream", Kind::CD, [](Script& s) { s.command(0x05 | 6ULL << 32, 1), s.sync(); }},
      {"cfgi.stream", Kind::CD, [](Script& s) { s.command(0x05 | 5ULL << 32 | 3ULL << 12, 1), s.sync(); }},
      {nullptr, Kind::CD, [](Script& s) { s.command(0x05 | 5ULL << 32, 1), s.sync(); }},
      {nullptr, Kind::CD, [](Script& s) { s.command(0x06 | 5ULL << 32), s.sync(); }},
      {nullptr, Kind::CD, [](Script& s) { s.command(0x03 | 5ULL << 32, 1), s.sync(); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(&c - cases);
    Script s;
    s.use(page);
    s.store((c.kind == Kind::STE ? Script::ste : Script::cd) + 8, 1, 2);
    c.software(s);
    s.use_stale_structure(c.kind);
    ASSERT_EQ(s.told(), c.rule == nullptr ? Told{} : Told{c.rule});
    if (c.rule == nullptr) continue;
    EXPECT_EQ(s.findings[0].address, c.kind == Kind::STE ? Script::ste : Script::cd);
    EXPECT_EQ(s.findings[0].stream_id, 5U);
    s.use_stale_structure(c.kind);
    EXPECT_EQ(s.told(), Told{}) << "once";
  }
}

TEST(Structures, SoftwareMayBeAmidAChange) {
  Script s;
  s.use(page);
  s.store(Script::ste, 1, 2);
  s.use_stale_structure(Look::Kind::STE);
  EXPECT_EQ(s.told(), Told{});
  s.end();
  EXPECT_EQ(s.told(), Told{"cfgi.missing"}) << "but not until the end";
}

TEST(Structures, WhatWasInvalidatedIsMemoryLikeAnyOther) {
  Script s;
  s.use(page);
  s.store(Script::cd, 1, 0);
  s.command(0x05 | 5ULL << 32, 1);
  s.sync();
  s.store(Script::cd + 8, 1, 0x1234);
  s.end();
  EXPECT_EQ(s.told(), Told{});
}

TEST(Structures, APageThatHeldATableBeforeHoldsNoDescriptors) {
  Script s;
  s.use(page);
  Look look = s.look(page);  // a CD where the leaf was
  look.structures[1].address = Script::level3 & ~0x3fULL;
  look.steps[1].address = 0x5010;
  s.checker.accessed(s.smmu, look);
  EXPECT_FALSE(s.checker.access(s.smmu, 5, {}, Script::iova, 0));
  s.store(Script::level3, page, 0x1234'5003);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Structures, AnotherProcessorsTlbInvalidationSaysNothingOfThisChange) {
  Script s;
  s.use(page);
  s.store(Script::ste, 1, 2);
  s.command(0x10 | 9ULL << 32);
  s.sync();
  s.use_stale_structure(Look::Kind::STE);
  EXPECT_EQ(s.told(), Told{});
}

TEST(Structures, AChangeThatIsForgottenIsToldAtTheEnd) {
  for (const bool forgotten : {false, true}) {
    Script s;
    s.use(page);
    s.store(Script::ste, 1, 0);  // a detach
    if (!forgotten) {
      s.command(0x03 | 5ULL << 32, 1);
      s.sync();
    }
    s.end();
    EXPECT_EQ(s.told(), forgotten ? Told{"cfgi.missing"} : Told{});
  }
}

// V, and Config: stage 1 with a CD.
constexpr std::uint64_t valid = Script::cd | 0xb;
constexpr std::uint64_t incoming = 1ULL << 44;  // SHCFG, in word 1

void invalidate(Script& s) { s.command(0x03 | 5ULL << 32, 1), s.sync(); }

TEST(Structures, AValidOneIsChangedByOneStoreOrMadeInvalidFirst) {
  struct Case {
    const char* what;
    Told told;
    void (*software)(Script&);
  };
  const Case cases[] = {
      {"one word", {}, [](Script& s) { s.store(Script::ste + 8, incoming, 0), invalidate(s); }},
      {"two words",
       {"structure.live"},
       [](Script& s) {
         s.store(Script::ste + 8, incoming, 0), s.store(Script::ste + 16, 1, 2), invalidate(s);
       }},
      {"one word twice",
       {},
       [](Script& s) {
         s.store(Script::ste + 8, incoming, 0), s.store(Script::ste + 8, 0, incoming), invalidate(s);
       }},
      {"one, its invalidation, and the other",
       {},
       [](Script& s) {
         s.store(Script::ste + 8, incoming, 0), invalidate(s);
         s.use(page);
         s.store(Script::ste + 16, 1, 2), invalidate(s);
       }},
      {"one, the invalidation of something else, and the other",
       {"cfgi.missing"},
       [](Script& s) {
         s.store(Script::ste + 8, incoming, 0), other_software(s);
         s.store(Script::ste + 16, 1, 2), invalidate(s);
       }},
      {"a word that this Config does not use",
       {},
       [](Script& s) {
         s.store(Script::ste + 8, incoming, 0), s.store(Script::ste + 24, 0, 0x5000), invalidate(s);
       }},
      {"while it is not valid",
       {},
       [](Script& s) {
         s.store(Script::ste, valid, valid & ~1ULL), invalidate(s);
         s.store(Script::ste + 8, incoming, 0), s.store(Script::ste + 16, 1, 2), invalidate(s);
         s.store(Script::ste, valid & ~1ULL, valid), invalidate(s);
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s;
    s.ste_words = {valid, incoming, 1};
    s.use(page);
    c.software(s);
    s.end();
    EXPECT_EQ(s.told(), c.told);
  }
}

TEST(Structures, AFieldOfOneThatIsNotValidIsInvalidatedBeforeItIsMadeValid) {
  for (const bool invalidated : {false, true}) {
    Script s;
    s.ste_words = {valid, incoming};
    s.use(page);
    s.store(Script::ste, valid, 0);
    invalidate(s);
    s.store(Script::ste + 8, incoming, incoming | 1);
    if (invalidated) invalidate(s);
    s.store(Script::ste, 0, valid);
    invalidate(s);
    s.ste_words = {valid, incoming | 1};
    s.use(page);
    EXPECT_EQ(s.told(), invalidated ? Told{} : Told{"structure.valid"});
    s.use(page);
    EXPECT_EQ(s.told(), Told{}) << "once";
  }
}

TEST(Structures, BitsOfNoFieldAreZeroAndABypassKeepsItsShareability) {
  constexpr std::uint64_t bypass = 9;  // V, Config
  struct Case {
    const char* what;
    Told told;
    std::array<std::uint64_t, 8> words;
  };
  const Case cases[] = {
      {"fields alone", {}, {valid, incoming}},
      {"bits of software", {}, {valid, incoming | 15U << 20}},
      {"a bit of no field", {"structure.reserved"}, {valid, incoming, 0, 0, 0, 0, 1ULL << 63}},
      {"which is not valid", {}, {valid & ~1ULL, incoming, 0, 0, 0, 0, 1ULL << 63}},
      {"a bypass with that of the access", {}, {bypass, incoming}},
      {"a bypass without", {"structure.shareability"}, {bypass}},
      {"translation without", {}, {valid}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s;
    s.ste_words = c.words;
    s.use(page);
    EXPECT_EQ(s.told(), c.told);
    s.use(page);
    EXPECT_EQ(s.told(), Told{}) << "once";
  }
}

}  // namespace
}  // namespace smmuvp::checker
