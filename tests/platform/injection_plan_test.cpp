#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "injection_plan.h"

namespace smmuvp::platform {
namespace {

std::vector<InjectionRule> read(const std::string& text) { return read_injection_plan_text(text, "p.toml"); }

// One [[inject]] with these lines besides its name and place.
std::string with(const std::string& lines) {
  return "[[inject]]\nname = \"a\"\nat = \"STE\"\n" + lines + "\n";
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

void expect_refused(const std::string& text, const std::string& message) {
  EXPECT_NE(refusal(text).find(message), std::string::npos) << text << "\n gave: " << refusal(text);
}

bool holds(const InjectionRule& rule, const InjectionSite& site) {
  for (const InjectionCondition& c : rule.conditions) {
    if (!c.holds(site)) return false;
  }
  return true;
}

TEST(InjectionPlan, EveryKeyIsRead) {
  const auto rules = read(R"(
[[inject]]
name = "descriptor"
smmu = "smmu0"
at = "TTD"
do = "flip"
flip = ["0x1", 0, "0x8000000000000000"]
stage = 2
level = 3
stream = 0x100
substream = 5
access = "write"
iova = ["0x1000", "0x1fff"]
address = "0x40000008"
from = "1us"
until = "2us"
nth = 4
every = 3
count = 2
[[inject]]
name = "late"
at = "interrupt"
of = "eventq_irq"
do = "delay"
time = "2.5ms"
)");
  ASSERT_EQ(rules.size(), 2u);
  const InjectionRule& r = rules[0];
  EXPECT_EQ(r.name, "descriptor");
  EXPECT_EQ(r.smmu, "smmu0");
  EXPECT_EQ(r.at, "TTD");
  EXPECT_EQ(r.what.kind, InjectionKind::flip);
  EXPECT_EQ(r.what.flip[0], 1u);
  EXPECT_EQ(r.what.flip[2], 0x8000000000000000u);
  EXPECT_EQ(r.nth, 4u);
  EXPECT_EQ(r.every, 3u);
  EXPECT_EQ(r.most, 2u);
  EXPECT_EQ(r.required, 2u);
  InjectionSite site;
  site.stage = 2;
  site.level = 3;
  site.stream = 0x100;
  site.substream = 5;
  site.access = InjectionAccess::write;
  site.iova = 0x1fff;
  site.address = 0x40000008;
  site.time_ps = 1'000'000;
  EXPECT_TRUE(holds(r, site));
  const auto without = [&](auto change) {
    InjectionSite other = site;
    change(other);
    return holds(r, other);
  };
  EXPECT_FALSE(without([](InjectionSite& s) { s.stage = 1; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.level = 2; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.stream = 0x101; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.stream.reset(); }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.substream = 6; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.access = InjectionAccess::read; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.iova = 0xfff; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.iova = 0x2000; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.address = 0x40000000; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.address.reset(); }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.time_ps = 999'999; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.time_ps = 2'000'000; }));
  EXPECT_FALSE(without([](InjectionSite& s) { s.updates = true; }));
  EXPECT_EQ(rules[1].what.kind, InjectionKind::delay);
  EXPECT_EQ(rules[1].what.delay_ps, 2'500'000'000u);
  EXPECT_EQ(rules[1].of, "eventq_irq");
}

TEST(InjectionPlan, OneFaultIsInjectedUnlessSomethingElseIsSaid) {
  const InjectionRule once = read(with("do = \"abort\""))[0];
  EXPECT_EQ(once.nth, 1u);
  EXPECT_EQ(once.every, 1u);
  EXPECT_EQ(once.most, 1u);
  EXPECT_EQ(once.required, 1u);
  const InjectionRule third = read(with("do = \"abort\"\nevery = 3"))[0];
  EXPECT_EQ(third.nth, 3u);
  EXPECT_EQ(third.every, 3u);
  EXPECT_FALSE(third.most);
  EXPECT_EQ(third.required, 1u);
  EXPECT_EQ(read(with("do = \"flip\"\nflip = 6"))[0].what.flip[0], 6u);
  EXPECT_TRUE(read(with("do = \"abort\"\nlevel = -1"))[0].conditions[0].holds([] {
    InjectionSite s;
    s.level = -1;
    return s;
  }()));
}

TEST(InjectionPlan, MistakesAreToldWithTheirPlace) {
  expect_refused("", "p.toml: the plan has no [[inject]]");
  expect_refused("inject = []", "p.toml:1:10: the plan has no [[inject]]");
  expect_refused("inject = 1", "p.toml:1:10: 'inject' must be a list of tables");
  expect_refused("[inject]\nname = \"a\"", "'inject' must be a list of tables: write [[inject]]");
  expect_refused("inject = [1]", "'inject' must be a list of tables");
  expect_refused("[[injekt]]\nname = \"a\"", "unknown key 'injekt' in the plan; did you mean 'inject'?");
  expect_refused("[[inject]]\nat = \"STE\"\ndo = \"abort\"", "[[inject]] 1 has no 'name'");
  expect_refused("[[inject]]\nname = \"\"\nat = \"STE\"\ndo = \"abort\"",
                 "p.toml:2:8: [[inject]] 1: name must have 1 to 64 characters");
  expect_refused("[[inject]]\nname = 1\nat = \"STE\"\ndo = \"abort\"", "name must be a text, not a number");
  expect_refused("[[inject]]\nname = \"a\"\ndo = \"abort\"", "[[inject]] 1 has no 'at'");
  expect_refused(with(""), "[[inject]] 1 has no 'do'");
  expect_refused(with("do = \"abort\"") + with("do = \"abort\""), "two [[inject]] have the name 'a'");
  expect_refused(
      with("do = \"abrot\""),
      "p.toml:4:6: [[inject]] 1: do: 'abrot' is none of abort, flip, drop, delay, conflict, full; did "
      "you mean 'abort'?");
  expect_refused(with("do = \"abort\"\nstreem = 1"),
                 "p.toml:5:1: unknown key 'streem' in [[inject]] 1; did you mean 'stream'?");
  expect_refused(with("do = \"abort\"\nstream = 0x100000000"), "is above 0xffffffff");
  expect_refused(with("do = \"abort\"\nstream = -1"), "stream must not be negative");
  expect_refused(with("do = \"abort\"\nsubstream = 0x100000"), "is above 0xfffff");
  expect_refused(with("do = \"abort\"\nstage = 0"), "stage must be at least 1");
  expect_refused(with("do = \"abort\"\nstage = 3"), "3 is above 2");
  expect_refused(with("do = \"abort\"\nlevel = 4"), "4 is above 3");
  expect_refused(with("do = \"abort\"\nlevel = -2"), "level must not be negative");
  expect_refused(with("do = \"abort\"\naccess = \"raed\""),
                 "access: 'raed' is none of read, write, atomic; did you mean 'read'?");
  expect_refused(with("do = \"abort\"\niova = [1]"), "iova must be an address, or [first, last]");
  expect_refused(with("do = \"abort\"\niova = [2, 1]"), "iova: the first, 0x2, is behind the last, 0x1");
  expect_refused(with("do = \"abort\"\naddress = \"here\""), "address: 'here' is no number");
  expect_refused(with("do = \"abort\"\nfrom = 1"), "from must be a text, not a number");
  expect_refused(with("do = \"abort\"\nfrom = \"soon\""), "from: 'soon' is no time");
  expect_refused(with("do = \"abort\"\nfrom = \"2ms\"\nuntil = \"1ms\""), "until must be after from");
  expect_refused(with("do = \"abort\"\nuntil = \"0ms\""), "until must be after 0");
  expect_refused(with("do = \"abort\"\nnth = 0"), "nth must be at least 1");
  expect_refused(with("do = \"abort\"\nevery = 0"), "every must be at least 1");
  expect_refused(with("do = \"abort\"\ncount = 0"), "count must be at least 1");
  expect_refused(with("do = \"abort\"\ncount = 1.5"), "count must be a number");
  expect_refused(with("do = \"delay\""),
                 "p.toml:4:6: [[inject]] 1: do = \"delay\" needs a time of more than 0");
  expect_refused(with("do = \"delay\"\ntime = \"0s\""), "needs a time of more than 0");
  expect_refused(with("do = \"delay\"\ntime = \"9000000s\""), "time is too long");
  expect_refused(with("do = \"abort\"\ntime = \"1us\""), "time goes with do = \"delay\" alone");
  expect_refused(with("do = \"flip\""), "do = \"flip\" needs the bits to invert");
  expect_refused(with("do = \"flip\"\nflip = 0"), "flip inverts no bit");
  expect_refused(with("do = \"flip\"\nflip = []"), "flip has 0 words, and must have 1 to 8");
  expect_refused(with("do = \"flip\"\nflip = [1,1,1,1,1,1,1,1,1]"), "flip has 9 words");
  expect_refused(with("do = \"flip\"\nflip = \"x\""), "flip: 'x' is no number");
  expect_refused(with("do = \"abort\"\nflip = 1"), "flip goes with do = \"flip\" alone");
}

// Each text is a plan, or refused with a place; nothing else comes out.
TEST(InjectionPlan, DamagedPlansAreRefusedOrRead) {
  const std::string plan =
      with("do = \"flip\"\nflip = [\"0x1\", 2]\nstream = 0x100\niova = [1, 2]\nfrom = \"1us\"");
  std::mt19937 random(1);
  const std::string letters = "[]\"=\n0x1a#.,{}-\\ \t\xff";
  unsigned refused = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    std::string text = plan;
    for (unsigned n = 1 + random() % 4; n != 0 && !text.empty(); --n) {
      const std::size_t at = random() % text.size();
      const char letter = letters[random() % letters.size()];
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 5);
          break;
        case 1:
          text.insert(at, 1, letter);
          break;
        case 2:
          text[at] = letter;
          break;
        default:
          text.resize(at);
          break;
      }
    }
    try {
      read(text);
    } catch (const ConfigError& e) {
      ++refused;
      EXPECT_NE(std::string(e.what()).find("p.toml"), std::string::npos) << e.what();
    }
  }
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace smmuvp::platform
