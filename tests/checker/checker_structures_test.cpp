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

}  // namespace
}  // namespace smmuvp::checker
