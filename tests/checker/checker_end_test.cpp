// What is still open when a run ends.
#include <fstream>
#include <iterator>

#include "script.h"

namespace smmuvp::checker {
namespace {

TEST(End, NothingIsOpenAfterAReset) {
  Script s;
  s.end();
  EXPECT_EQ(s.told(), Told{});
}

TEST(End, AnInvalidationWithoutSyncIsOpen) {
  Script s;
  s.sync();
  s.tlbi();
  Checker::Registers enabled;
  enabled.CR0 = 8;
  s.end(enabled);
  EXPECT_EQ(s.told(), Told{"sync.missing"});
  EXPECT_NE(s.findings[0].text.find("CMD_TLBI_NH_VA"), std::string::npos);
}

TEST(End, WhatRegistersShowIsOpen) {
  struct Case {
    const char* rule;
    Checker::Registers registers;
  };
  Checker::Registers commands, disabled, events, overflow, error, stalls;
  commands.CR0 = disabled.CR0 = 8;
  commands.CMDQ_PROD = disabled.CMDQ_PROD = 3;
  disabled.CR0 = 0;
  events.EVENTQ_PROD = 2;
  overflow.EVENTQ_PROD = 0x8000'0000;
  error.GERROR = 4;
  stalls.stalled = 1;
  for (const Case& c :
       {Case{"end.cmdq", commands}, Case{"end.eventq", events}, Case{"end.overflow", overflow},
        Case{"end.gerror", error}, Case{"end.stalls", stalls}}) {
    Script s;
    s.end(c.registers);
    EXPECT_EQ(s.told(), Told{c.rule});
  }
  Script s;
  s.end(disabled);
  EXPECT_EQ(s.told(), Told{}) << "a queue that is disabled consumes nothing";
}

TEST(Rules, AreFoundByTheirNames) {
  for (const Rule& r : rules) {
    EXPECT_EQ(find_rule(r.id), &r);
    EXPECT_NE(std::string(r.title), "");
  }
  EXPECT_EQ(find_rule("nothing"), nullptr);
}

// docs/rules.md has a section for each, with its severity and clause, and a row of its table.
TEST(Rules, AreDocumented) {
  std::ifstream file(SMMUVP_SOURCE_DIR "/docs/rules.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  ASSERT_NE(text, "");
  for (const Rule& r : rules) {
    const std::string severity(to_string(r.severity));
    const std::string section = std::string("\n## ") + r.id + "\n\n" + severity + "; " + r.clause + "\n";
    EXPECT_NE(text.find(section), std::string::npos) << section;
    const std::string row = ") | " + severity + " | " + r.title + " |\n";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace smmuvp::checker
