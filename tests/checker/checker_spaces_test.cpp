// What entries of a TLB are told apart by: ASIDs and VMIDs that are used anew, and global translations.
#include "script.h"

namespace smmuvp::checker {
namespace {

constexpr std::uint64_t page = Script::page;
constexpr std::uint64_t other = 0xa000'0f03;
constexpr std::uint64_t nG = 1U << 11;

// The tables of the script, and those of another stream with others.
Look first(const Script& s, unsigned stage = 1) {
  Look l = s.look(page);
  l.translates = {stage == 1, stage == 2};
  l.roots[stage - 1] = 0x10'0000;
  for (Look::Step& step : l.steps) step.stage = stage;
  return l;
}
Look second(const Script& s, unsigned stage = 1) {
  Look l = first(s, stage);
  l.context.stream_id = 6;
  l.structures.clear();
  l.roots[stage - 1] = 0x20'0000;
  l.steps[0].address = 0x6008;
  l.steps[1].address = 0x7010;
  l.steps[1].descriptor = other;
  return l;
}

TEST(Spaces, AnAsidIsUsedForOtherTablesWhenNothingOfItIsCached) {
  struct Case {
    const char* what;
    Told told;
    void (*software)(Script&, Look&);
  };
  const Case cases[] = {
      {"at once", {"asid.reused"}, [](Script&, Look&) {}},
      {"after its invalidation",
       {},
       [](Script& s, Look&) { s.command(0x11 | 1ULL << 32 | 2ULL << 48), s.sync(); }},
      {"without waiting for that",
       {"asid.reused"},
       [](Script& s, Look&) { s.command(0x11 | 1ULL << 32 | 2ULL << 48); }},
      {"after that of another",
       {"asid.reused"},
       [](Script& s, Look&) { s.command(0x11 | 1ULL << 32 | 3ULL << 48), s.sync(); }},
      {"with another ASID", {}, [](Script&, Look& l) { l.context.asid = 3; }},
      {"with another VMID", {}, [](Script&, Look& l) { l.context.vmid = 2; }},
      {"in the other half of the addresses",
       {},
       [](Script&, Look& l) {
         l.iova |= 0xffffULL << 48;
         for (Look::Step& step : l.steps) step.input = l.iova;
       }},
      {"with the same tables", {}, [](Script&, Look& l) { l.roots[0] = 0x10'0000; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s;
    s.checker.accessed(s.smmu, first(s));
    Look look = second(s);
    c.software(s, look);
    s.checker.accessed(s.smmu, look);
    EXPECT_EQ(s.told(), c.told);
    s.checker.accessed(s.smmu, look);
    EXPECT_EQ(s.told(), Told{}) << "once";
  }
}

// What another address space has cached is no reason.
TEST(Spaces, AnAsidIsNotReusedByWhatAnotherHasCached) {
  struct Case {
    std::uint16_t vmid, asid;
    std::uint64_t iova;
  };
  for (const Case& c :
       {Case{1, 3, Script::iova}, Case{2, 2, Script::iova}, Case{1, 2, 0xffff'0000'0020'2000}}) {
    Script s;
    s.checker.accessed(s.smmu, first(s));
    Look beside = second(s);
    beside.context.vmid = c.vmid;
    beside.context.asid = c.asid;
    beside.iova = c.iova;
    for (Look::Step& step : beside.steps) step.input = c.iova;
    s.checker.accessed(s.smmu, beside);
    s.tlbi();
    s.sync();
    Look look = first(s);
    look.roots[0] = 0x30'0000;
    look.steps[0].address = 0x8008;
    look.steps[1].address = 0x9010;
    s.checker.accessed(s.smmu, look);
    EXPECT_EQ(s.told(), Told{});
  }
}

TEST(Spaces, AVmidIsUsedForOtherTablesWhenNothingOfItIsCached) {
  for (const bool invalidated : {false, true}) {
    Script s;
    s.checker.accessed(s.smmu, first(s, 2));
    if (invalidated) {
      s.command(0x28 | 1ULL << 32);  // S12_VMALL
      s.sync();
    }
    s.checker.accessed(s.smmu, second(s, 2));
    EXPECT_EQ(s.told(), invalidated ? Told{} : Told{"vmid.reused"});
  }
}

TEST(Spaces, AGlobalTranslationIsThatOfAllAddressSpaces) {
  struct Case {
    const char* what;
    Told told;
    std::uint64_t first, second;
    void (*software)(Script&, Look&);
  };
  const auto nothing = [](Script&, Look&) {};
  const Case cases[] = {
      {"another address", {"asid.global"}, page & ~nG, other & ~nG, nothing},
      {"of this address space alone", {"asid.global"}, page & ~nG, other, nothing},
      {"the same address", {}, page & ~nG, page & ~nG, nothing},
      {"not global", {}, page, other, nothing},
      {"of another VMID", {}, page & ~nG, other & ~nG, [](Script&, Look& l) { l.context.vmid = 2; }},
      {"invalidated", {}, page & ~nG, other & ~nG, [](Script& s, Look&) { s.tlbi(), s.sync(); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Script s;
    Look look = first(s);
    look.steps[1].descriptor = c.first;
    s.checker.accessed(s.smmu, look);
    look = second(s);
    look.context.asid = 3;
    look.steps[1].descriptor = c.second;
    c.software(s, look);
    s.checker.accessed(s.smmu, look);
    EXPECT_EQ(s.told(), c.told);
  }
}

}  // namespace
}  // namespace smmuvp::checker
