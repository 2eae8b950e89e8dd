// Dumps as text.
#include "smmuvp/base/dump.h"

#include <gtest/gtest.h>

namespace smmuvp {
namespace {

TEST(DumpText, TablesLineUpBelowTheirTitles) {
  DumpSection s;
  s.title = "smmu0";
  s.add("registers", {"register", "value"}).rows = {{"SMMU_CR0", "0x1"}, {"SMMU_STRTAB_BASE", "0x40000000"}};
  s.add("queue").notes = {"2 entries"};
  EXPECT_EQ(to_text(s),
            "smmu0\n"
            "  registers\n"
            "    register          value\n"
            "    SMMU_CR0          0x1\n"
            "    SMMU_STRTAB_BASE  0x40000000\n"
            "  queue\n"
            "    2 entries\n");
}

TEST(DumpText, AnEmptyTableHasNoHeadings) {
  DumpSection s;
  s.title = "TLB";
  s.columns = {"input"};
  s.notes = {"0 of 4 entries"};
  EXPECT_EQ(to_text(s), "TLB\n  0 of 4 entries\n");
}

TEST(DumpText, WhatATerminalWouldObeyIsShown) {
  DumpSection s;
  s.title = "a\033[2J";
  EXPECT_EQ(to_text(s), "a\\x1b[2J\n");
}

}  // namespace
}  // namespace smmuvp
