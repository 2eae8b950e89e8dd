// What differs from element to element of an array, and views of other registers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "smmuvp/base/registers.h"

namespace smmuvp {
namespace {

constexpr auto NS = AccessSecurity::NonSecure;
constexpr auto S = AccessSecurity::Secure;
constexpr std::uint32_t page = 0x1000;
constexpr std::uint32_t banks = 0x80000;

// As SMMUv2 has it: a banked global register with a Secure view of its Non-secure copy, and banks of a page
// each.
enum Reg : std::uint16_t {
  CR0,
  NSCR0,
  CR0_again,
  PAIR,
  LAST_PAIR,
  SCTLR,
  TTBR0,
  FSR,
  OLD_FSR,
  SCTLR_view,
  SECRET
};

std::vector<RegisterInfo> table() {
  std::vector<RegisterInfo> t = {
      {CR0, "CR0", 0x0, 4, Access::RW, 0x10, 0xff, "c", SecurityBank::Banked},
      {NSCR0, "NSCR0", 0x400, 4, Access::RW, 0, 0x0f, "c", SecurityBank::SecureOnly},
      {CR0_again, "CR0_again", 0x800, 4, Access::RO, 0, 0, "c"},
      {PAIR, "PAIRn", 0x40, 8, Access::RW, 0, ~0ULL, "c", SecurityBank::Common, 4},
      {LAST_PAIR, "LAST_PAIR", 0x80, 8, Access::RW, 0, ~0ULL, "c"},
      {SECRET, "SECRET", 0x90, 4, Access::RW, 7, 0xff, "c", SecurityBank::SecureOnly},
      {SCTLR, "CBn_SCTLR", banks, 4, Access::RW, 0x100, 0xffff, "c", SecurityBank::Common, 128, page},
      {TTBR0, "CBn_TTBR0", banks + 0x20, 8, Access::RW, 0, ~0ULL, "c", SecurityBank::Common, 128, page},
      {FSR, "CBn_FSR", banks + 0x58, 4, Access::W1C, 0, 0xf, "c", SecurityBank::Common, 128, page},
      {OLD_FSR, "CBn_OLD_FSR", banks + 0x5c, 4, Access::RO, 0, 0, "c", SecurityBank::Common, 128, page},
      {SCTLR_view, "SCTLR_viewn", 0x200, 4, Access::RW, 0, 0xff, "c", SecurityBank::Common, 2},
  };
  const auto alias = [&](Reg of, Reg to, std::uint32_t index = 0, AliasCopy copy = AliasCopy::AsAccessed) {
    for (RegisterInfo& info : t) {
      if (info.id != of) continue;
      info.alias_of = to;
      info.alias_index = index;
      info.alias_copy = copy;
    }
  };
  alias(NSCR0, CR0, 0, AliasCopy::NonSecure);
  alias(CR0_again, CR0);
  alias(LAST_PAIR, PAIR, 3);
  alias(OLD_FSR, FSR);
  alias(SCTLR_view, SCTLR, 126);
  return t;
}

struct Device : RegisterObserver {
  RegisterFile file{table(), *this};
  std::vector<std::string> log;
  static std::string call(char what, std::uint16_t id, std::uint32_t index) {
    return what + std::to_string(id) + "." + std::to_string(index);
  }
  std::uint64_t register_read(std::uint16_t id, std::uint32_t index, AccessSecurity s,
                              std::uint64_t stored) override {
    log.push_back(call('r', id, index) + (s == S ? "s" : "n"));
    return stored;
  }
  void register_written(std::uint16_t id, std::uint32_t index, AccessSecurity s, std::uint64_t, std::uint64_t,
                        std::uint64_t, std::uint64_t) override {
    log.push_back(call('w', id, index) + (s == S ? "s" : "n"));
    // Writing bank 0's SCTLR gives bank 1 to Secure software.
    if (id == SCTLR && index == 0) hide(SCTLR, 1, NS);
  }
  void register_write_ignored(std::uint16_t id, std::uint32_t index) override {
    log.push_back(call('i', id, index));
  }
  void hide(std::uint16_t id, std::uint32_t index, AccessSecurity s) {
    RegisterPolicy p = file.policy(id, index, s);
    p.visible = false;
    file.set_policy(id, index, s, p);
  }
  std::uint64_t read(std::uint32_t offset, AccessSecurity s = NS, unsigned n = 4) {
    std::uint64_t v = 0;
    file.read(offset, n, s, v);
    return v;
  }
  RegisterHit write(std::uint32_t offset, std::uint64_t v, AccessSecurity s = NS, unsigned n = 4) {
    return file.write(offset, n, s, v);
  }
};

std::uint32_t sctlr(std::uint32_t bank) { return banks + bank * page; }

// ---- by index

TEST(RegisterPolicy, AnElementHasAWriteMaskOfItsOwn) {
  Device d;
  d.file.set_policy(SCTLR, 5, NS, {Access::RW, 0x3, true});
  for (std::uint32_t bank : {4U, 5U, 6U}) {
    d.write(sctlr(bank), ~0ULL);
    EXPECT_EQ(d.read(sctlr(bank)), bank == 5 ? 0x103U : 0xffffU);
  }
}

TEST(RegisterPolicy, AnElementHasAnAccessOfItsOwn) {
  Device d;
  d.file.set(FSR, 0xf, 1);
  d.file.set(FSR, 0xf, 2);
  d.file.set_policy(FSR, 1, NS, {Access::RO, 0, true});
  d.write(banks + page + 0x58, 0x5);
  d.write(banks + 2 * page + 0x58, 0x5);
  EXPECT_EQ(d.read(banks + page + 0x58), 0xfU);
  EXPECT_EQ(d.read(banks + 2 * page + 0x58), 0xaU);
}

TEST(RegisterPolicy, EachSecurityStateHasItsOwn) {
  Device d;
  d.file.set_policy(CR0, 0, S, {Access::RW, 0xf00, true});
  d.write(0, ~0ULL, NS);
  d.write(0, ~0ULL, S);
  EXPECT_EQ(d.read(0, NS), 0xffU);
  EXPECT_EQ(d.read(0, S), 0xf10U);
}

TEST(RegisterPolicy, AnElementThatBecomesSecureOwnedIsRazWiToNonSecureAndKeepsItsValue) {
  Device d;
  d.write(sctlr(7), 0x12);
  d.hide(SCTLR, 7, NS);
  EXPECT_EQ(d.read(sctlr(7), NS), 0U);
  EXPECT_EQ(d.write(sctlr(7), 0x34, NS), RegisterHit::Hit) << "somebody has a register there";
  EXPECT_EQ(d.read(sctlr(7), S), 0x12U);
  d.file.set_policy(SCTLR, 7, NS, {Access::RW, 0xffff, true});
  EXPECT_EQ(d.read(sctlr(7), NS), 0x12U);
}

TEST(RegisterPolicy, WhatNobodySeesIsNotThere) {
  Device d;
  d.hide(TTBR0, 9, NS);
  d.hide(TTBR0, 9, S);
  const std::uint32_t at = sctlr(9) + 0x20;
  d.log.clear();
  for (AccessSecurity s : {NS, S}) {
    EXPECT_EQ(d.write(at, 1, s, 8), RegisterHit::Unmapped);
    EXPECT_EQ(d.write(at + 4, 1, s), RegisterHit::Unmapped);
    EXPECT_EQ(d.read(at, s, 8), 0U);
  }
  EXPECT_TRUE(d.log.empty());
  EXPECT_FALSE(d.file.locate(at));
  EXPECT_FALSE(d.file.locate(at + 7));
  EXPECT_EQ(d.file.name_at(at), "");
  EXPECT_TRUE(d.file.locate(sctlr(8) + 0x20));
  d.file.set(TTBR0, 5, 9);  // the device still has it
  d.file.set_policy(TTBR0, 9, S, {Access::RW, ~0ULL, true});
  EXPECT_EQ(d.read(at, S, 8), 5U);
  EXPECT_EQ(d.read(at, NS, 8), 0U);
}

TEST(RegisterPolicy, AnObserverMayChangeItDuringAnAccess) {
  Device d;
  d.write(sctlr(1), 1, NS);
  d.write(sctlr(0), 1, NS);
  EXPECT_EQ(d.read(sctlr(1), NS), 0U);
  EXPECT_EQ(d.read(sctlr(1), S), 1U);
}

TEST(RegisterPolicy, IsWhatWasSetAndTheTablesOneElsewhere) {
  Device d;
  d.file.set_policy(SCTLR, 3, S, {Access::WO, 0x7, false});
  const RegisterPolicy set = d.file.policy(SCTLR, 3, S);
  EXPECT_EQ(set.access, Access::WO);
  EXPECT_EQ(set.write_mask, 0x7U);
  EXPECT_FALSE(set.visible);
  EXPECT_EQ(d.file.policy(SCTLR, 3, NS).access, Access::RW);
  EXPECT_FALSE(d.file.policy(SECRET, 0, NS).visible);
  EXPECT_TRUE(d.file.policy(SECRET, 0, S).visible);
}

TEST(RegisterPolicy, AWriteMaskForTheRowReachesAllElements) {
  Device d;
  d.file.set_write_mask(SCTLR, 0xf);
  for (std::uint32_t bank : {0U, 127U}) {
    d.write(sctlr(bank), ~0ULL, bank == 0 ? NS : S);
    EXPECT_EQ(d.file.get(SCTLR, bank), 0x10fU);
  }
  EXPECT_EQ(d.file.info(SCTLR).write_mask, 0xfU);
}

TEST(RegisterReset, AnElementHasAResetOfItsOwn) {
  Device d;
  d.file.set_reset(SCTLR, 0x55, 3, NS);
  EXPECT_EQ(d.read(sctlr(3)), 0x55U) << "at once";
  d.write(sctlr(3), 0);
  d.file.reset();
  EXPECT_EQ(d.read(sctlr(3)), 0x55U);
  EXPECT_EQ(d.read(sctlr(4)), 0x100U);
  EXPECT_EQ(d.file.reset_value(SCTLR, 3), 0x55U);
}

TEST(RegisterReset, TheCopiesOfABankedRegisterMayDiffer) {
  Device d;
  d.file.set_reset(CR0, 0x20, 0, S);
  d.write(0, 0, NS);
  d.write(0, 0, S);
  d.file.reset();
  EXPECT_EQ(d.read(0, NS), 0x10U);
  EXPECT_EQ(d.read(0, S), 0x20U);
}

TEST(RegisterReset, OfTheRowIsThatOfAllElementsAndBothCopies) {
  Device d;
  d.file.set_reset(CR0, 0x20, 0, S);
  d.file.set_reset(CR0, 0x3);
  EXPECT_EQ(d.read(0, NS), 0x3U);
  EXPECT_EQ(d.read(0, S), 0x3U);
  EXPECT_EQ(d.file.info(CR0).reset, 0x3U);
}

TEST(RegisterReset, LeavesPoliciesAsTheyAre) {
  Device d;
  d.hide(SCTLR, 7, NS);
  d.file.reset();
  EXPECT_FALSE(d.file.policy(SCTLR, 7, NS).visible);
}

TEST(RegisterReset, AnAliasHasNone) {
  Device d;
  EXPECT_EQ(d.file.reset_value(NSCR0), 0x10U) << "what it shows has";
  try {
    d.file.set_reset(NSCR0, 1);
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), "register NSCR0 is an alias of CR0: set the reset value of that");
  }
  EXPECT_THROW(d.file.set_reset(NSCR0, 1, 0, NS), ConfigError);
}

// ---- aliases

TEST(RegisterAlias, ShowsTheNonSecureCopyToSecureSoftware) {
  Device d;
  d.write(0, 0x21, NS);
  d.write(0, 0x42, S);
  EXPECT_EQ(d.read(0x400, S), 0x21U);
  d.write(0x400, 0x3, S);
  EXPECT_EQ(d.read(0, NS), 0x23U);
  EXPECT_EQ(d.read(0, S), 0x42U);
}

TEST(RegisterAlias, HasAPolicyOfItsOwn) {
  Device d;
  d.write(0x400, 0xff, S);
  EXPECT_EQ(d.read(0, NS), 0x1fU) << "its write mask is 0x0f";
  EXPECT_EQ(d.read(0x400, NS), 0U) << "it is Secure only";
  d.write(0x800, 0, NS);
  EXPECT_EQ(d.read(0x800, NS), 0x1fU) << "it is read-only";
  d.file.set_policy(CR0, 0, NS, {Access::RO, 0, false});
  EXPECT_EQ(d.read(0x800, NS), 0x1fU) << "what it shows being hidden hides it not";
}

TEST(RegisterAlias, TheObserverHearsWhatItShows) {
  Device d;
  d.read(0x400, S);
  d.write(0x400, 1, S);
  d.read(0x800, S);
  d.read(sctlr(3) + 0x5c);
  d.write(0x204, 1);
  EXPECT_EQ(d.log, (std::vector<std::string>{"r0.0n", "w0.0n", "r0.0s", "r7.3n", "w5.127n"}));
}

TEST(RegisterAlias, OfARowShowsElementByElementFromItsFirst) {
  Device d;
  d.write(0x200, 0x1);
  d.write(0x204, 0x2);
  EXPECT_EQ(d.read(sctlr(126)), 0x101U);
  EXPECT_EQ(d.read(sctlr(127)), 0x102U);
  d.write(0x58, 0x1122334455667788, NS, 8);  // PAIR3
  EXPECT_EQ(d.read(0x84), 0x11223344U);
}

TEST(RegisterAlias, TheDeviceReachesWhatItShows) {
  Device d;
  d.file.set(NSCR0, 0x77, 0, S);
  EXPECT_EQ(d.file.get(CR0, 0, NS), 0x77U);
  EXPECT_EQ(d.file.get(CR0, 0, S), 0x10U);
  EXPECT_EQ(d.file.get(SCTLR_view, 1), 0x100U);
}

TEST(RegisterAlias, HasItsOwnNameAndPlace) {
  Device d;
  EXPECT_EQ(d.file.name_at(0x204), "SCTLR_view1");
  EXPECT_EQ(d.file.locate(0x204)->id, SCTLR_view);
  EXPECT_EQ(d.file.locate(0x204)->index, 1U);
}

TEST(RegisterAlias, OfAnAliasShowsWhatThatOneShows) {
  Device d;
  auto t = table();
  RegisterInfo more{SECRET + 1, "MORE", 0xc00, 4, Access::RW, 0, 0xff, "c"};
  more.alias_of = NSCR0;
  t.insert(t.begin(), more);
  RegisterFile file(t, d);
  EXPECT_EQ(file.write(0xc00, 4, S, 0x99), RegisterHit::Hit);
  EXPECT_EQ(file.get(CR0, 0, NS), 0x99U);
  EXPECT_EQ(file.get(CR0, 0, S), 0x10U);
  EXPECT_EQ(d.log, std::vector<std::string>{"w0.0n"});
}

TEST(RegisterAlias, AGuardOfItsOwnIsThatOfTheCopyItShows) {
  Device d;
  auto t = table();
  for (RegisterInfo& info : t) {
    if (info.id != NSCR0) continue;
    info.guard = CR0;
    info.guard_mask = 1;
  }
  RegisterFile file(t, d);
  file.set(CR0, 1, 0, S);
  file.write(0x400, 4, S, 1);
  file.write(0x400, 4, S, 2);
  EXPECT_EQ(d.log, (std::vector<std::string>{"w0.0n", "i0.0"}));
  file.write(0, 4, NS, 2);
  EXPECT_EQ(file.get(CR0, 0, NS), 2U) << "the register itself has no guard";
}

// ---- saved

TEST(RegisterPolicy, SurvivesSaveAndRestore) {
  Device a, b;
  a.hide(SCTLR, 7, NS);
  a.file.set_policy(NSCR0, 0, S, {Access::WO, 0x1, true});
  a.hide(TTBR0, 9, NS);
  a.hide(TTBR0, 9, S);
  a.file.set_reset(SCTLR, 0x55, 3, NS);
  a.file.set_reset(CR0, 0x20, 0, S);
  b.hide(SCTLR, 8, S);  // goes: the saved one had it not
  b.file.set_reset(SCTLR, 0x66, 4, NS);
  ArchiveWriter w;
  a.file.visit(w);
  ArchiveReader r(w.data());
  b.file.visit(r);
  ASSERT_TRUE(r.complete()) << r.error();
  EXPECT_FALSE(b.file.policy(SCTLR, 7, NS).visible);
  EXPECT_TRUE(b.file.policy(SCTLR, 8, S).visible);
  EXPECT_EQ(b.file.policy(NSCR0, 0, S).access, Access::WO);
  EXPECT_EQ(b.file.policy(NSCR0, 0, S).write_mask, 0x1U);
  EXPECT_FALSE(b.file.locate(sctlr(9) + 0x20));
  b.file.reset();
  EXPECT_EQ(b.file.get(SCTLR, 3), 0x55U);
  EXPECT_EQ(b.file.get(SCTLR, 4), 0x100U);
  EXPECT_EQ(b.file.get(CR0, 0, NS), 0x10U);
  EXPECT_EQ(b.file.get(CR0, 0, S), 0x20U);
}

TEST(RegisterReset, OfTheRowFollowsParametersAndIsNotRestored) {
  Device a, b;
  a.file.set_reset(SCTLR, 0x1);
  a.file.set_write_mask(SCTLR, 0x1);
  b.file.set_reset(SCTLR, 0x2);
  b.file.set_write_mask(SCTLR, 0x2);
  ArchiveWriter w;
  a.file.visit(w);
  ArchiveReader r(w.data());
  b.file.visit(r);
  ASSERT_TRUE(r.complete()) << r.error();
  EXPECT_EQ(b.file.get(SCTLR), 0x1U);
  b.file.reset();
  EXPECT_EQ(b.file.get(SCTLR), 0x2U);
  EXPECT_EQ(b.file.policy(SCTLR, 0, NS).write_mask, 0x2U);
}

// Any byte of an archive may be wrong: it is refused, or it says another state that a device could be in.
TEST(RegisterPolicy, ADamagedArchiveIsRefusedOrLeavesAFileThatWorks) {
  Device a;
  a.hide(SCTLR, 127, NS);
  ArchiveWriter w;
  a.file.visit(w);
  unsigned refused = 0;
  const std::size_t n = w.data().size();
  for (std::size_t at = n - 220; at < n; ++at) {  // the changes stand at the end
    for (const unsigned flip : {0x01U, 0x04U, 0x80U, 0xffU}) {
      auto bytes = w.data();
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ flip);
      Device b;
      ArchiveReader r(bytes);
      b.file.visit(r);
      refused += r.complete() ? 0 : 1;
      EXPECT_TRUE(r.ok() || b.file.policy(SCTLR, 127, NS).visible) << at;
      for (const RegisterInfo& info : b.file.table()) {
        for (AccessSecurity s : {NS, S}) b.write(info.offset, ~0ULL, s, info.bytes);
      }
    }
  }
  EXPECT_GT(refused, 400U);
}

struct SavedChange {
  std::uint16_t id;
  std::uint32_t index;
  std::uint8_t security;
  std::uint8_t access;
  bool good;
};
class ASavedChange : public ::testing::TestWithParam<SavedChange> {};

TEST_P(ASavedChange, IsTakenOnlyIfItNamesAnElementAndAnAccessThatExist) {
  SavedChange c = GetParam();
  std::uint64_t count = 1, zero = 0;
  bool visible = false;
  ArchiveWriter w;
  w.begin("registers");
  for (int k = 0; k < 2; ++k) w.value("Rn", zero);
  w.begin("changes");
  w.value("count", count);
  w.value("id", c.id);
  w.value("index", c.index);
  w.value("security", c.security);
  w.value("access", c.access);
  w.value("write_mask", zero);
  w.value("visible", visible);
  w.value("reset", zero);
  w.end();
  w.end();
  Device d;
  RegisterFile file({{1, "Rn", 0x0, 4, Access::RW, 0, 0xff, "c", SecurityBank::Common, 2}}, d);
  ArchiveReader r(w.data());
  file.visit(r);
  EXPECT_EQ(r.complete(), c.good) << r.error();
  EXPECT_EQ(file.policy(1, 1, S).visible, !c.good);
}
INSTANTIATE_TEST_SUITE_P(Archives, ASavedChange,
                         ::testing::Values(SavedChange{1, 1, 1, 4, true}, SavedChange{0, 1, 1, 4, false},
                                           SavedChange{2, 1, 1, 4, false},
                                           SavedChange{0xffff, 1, 1, 4, false},
                                           SavedChange{1, 2, 1, 4, false},
                                           SavedChange{1, 0xffff'ffff, 1, 4, false},
                                           SavedChange{1, 1, 2, 4, false}, SavedChange{1, 1, 1, 5, false}));

// ---- errors of a table

struct BadAlias {
  const char* text;
  void (*change)(RegisterInfo& row);
};
class AnAliasThat : public ::testing::TestWithParam<BadAlias> {};

TEST_P(AnAliasThat, CannotBeIsRefusedWithBothNames) {
  Device d;
  auto t = table();
  RegisterInfo row{SECRET + 1, "VIEWn", 0x600, 4, Access::RW, 0, 0xff, "c"};
  row.alias_of = SCTLR;
  GetParam().change(row);
  t.push_back(row);
  try {
    RegisterFile file(t, d);
    FAIL() << GetParam().text;
  } catch (const ConfigError& e) {
    EXPECT_STREQ(e.what(), GetParam().text);
    EXPECT_EQ(e.key(), "VIEWn");
  }
}
INSTANTIATE_TEST_SUITE_P(
    Tables, AnAliasThat,
    ::testing::Values(
        BadAlias{
            "register VIEWn at 0x600 is an alias of VIEWn at 0x600, which is an alias that leads back to it; "
            "one of them must store the value",
            [](RegisterInfo& r) { r.alias_of = r.id; }},
        BadAlias{"register VIEWn at 0x600 is an alias of id 77, which no row of the table has",
                 [](RegisterInfo& r) { r.alias_of = 77; }},
        BadAlias{
            "register VIEWn at 0x600 is an alias of CBn_TTBR0 at 0x80020, which is 8 bytes wide; give both "
            "the same width",
            [](RegisterInfo& r) { r.alias_of = TTBR0; }},
        BadAlias{
            "register VIEWn at 0x600 is an alias of CBn_SCTLR at 0x80000, which has 128 elements; elements "
            "126 to 128 are asked for",
            [](RegisterInfo& r) { r.alias_index = 126, r.count = 3; }},
        BadAlias{
            "register VIEWn at 0x600 is an alias of CBn_SCTLR at 0x80000, which has 128 elements; elements "
            "4294967295 to 4294967295 are asked for",
            [](RegisterInfo& r) { r.alias_index = 0xffff'ffff; }},
        BadAlias{
            "register VIEWn at 0x600 is an alias of CBn_SCTLR at 0x80000, whose reset value counts; write 0 "
            "as its own",
            [](RegisterInfo& r) { r.reset = 1; }},
        BadAlias{
            "register VIEWn at 0x600 is an alias of CBn_SCTLR at 0x80000, of which there is one copy; write "
            "AliasCopy::AsAccessed and SecurityBank::Common or SecureOnly",
            [](RegisterInfo& r) { r.alias_copy = AliasCopy::NonSecure; }},
        BadAlias{
            "register VIEWn at 0x600 is an alias of CBn_SCTLR at 0x80000, of which there is one copy; write "
            "AliasCopy::AsAccessed and SecurityBank::Common or SecureOnly",
            [](RegisterInfo& r) { r.bank = SecurityBank::Banked; }}));

TEST(RegisterAlias, ACycleIsRefusedWithBothNames) {
  Device d;
  auto t = table();
  RegisterInfo first{SECRET + 1, "FIRST", 0x600, 4, Access::RW, 0, 0xff, "c"};
  RegisterInfo second{SECRET + 2, "SECOND", 0x604, 4, Access::RW, 0, 0xff, "c"};
  first.alias_of = second.id;
  second.alias_of = first.id;
  t.push_back(first);
  t.push_back(second);
  try {
    RegisterFile file(t, d);
    FAIL();
  } catch (const ConfigError& e) {
    EXPECT_STREQ(
        e.what(),
        "register SECOND at 0x604 is an alias of FIRST at 0x600, which is an alias that leads back to it; "
        "one of them must store the value");
  }
}

}  // namespace
}  // namespace smmuvp
