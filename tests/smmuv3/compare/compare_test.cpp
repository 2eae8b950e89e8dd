// Random programs on our SMMUv3 and on the naive one: whatever software and devices do, both say the same.
//
//   SMMUVP_SEED=n          chooses the programs; the ordinary run's is 1
//   SMMUVP_FIRST=n         the first machine: a combination of features, with 100 programs of its own
//   SMMUVP_MACHINES=n      how many
//   SMMUVP_SECONDS=n       as many as fit into this time instead
//   SMMUVP_SEED_FILE=path  the first machine is read from there, and the next one left there
//   SMMUVP_DIFFERENCES=n   ends after so many
//   SMMUVP_LINES=n         how many lines of the log come before a difference
//   SMMUVP_STREAM=n        whose STE is shown, instead of that of the last access
//   SMMUVP_EACH_STEP=1     compares all of memory after each step
#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "program.h"
#include "smmuvp/test/course.h"

namespace smmuvp::compare {
namespace {

using test::number;

/// Machines, and how many programs each runs.
struct Course : test::Course {
  Course() : test::Course(number("SMMUVP_FIRST", 0), number("SMMUVP_MACHINES", 1800)) {}
  std::uint64_t programs = 100;
};

std::string describe(Pair& pair, Programs& programs) {
  const smmuv3::IdRegisters id = smmuv3::id_registers(pair.features());
  char ids[120];
  std::snprintf(ids, sizeof ids, "IDR0 %08x IDR1 %08x IDR3 %08x IDR5 %08x AIDR %x GBPA %x\n", id.IDR0,
                id.IDR1, id.IDR3, id.IDR5, id.AIDR, static_cast<unsigned>(pair.read(0x44)));
  std::string text = ids;
  const std::vector<std::string>& log = pair.log();
  const std::uint64_t lines = number("SMMUVP_LINES", 30);
  for (std::size_t i = log.size() > lines ? log.size() - lines : 0; i < log.size(); ++i)
    text += log[i] + "\n";
  text += pair.difference() + "\n";
  text += programs.show_structures(
      static_cast<std::uint32_t>(number("SMMUVP_STREAM", pair.last_request().stream_id)));
  return text + "\nOurs, of the last access:\n" + pair.explain_last();
}

// A program is named by two numbers: that of its machine, which draws the features, and its own.
void run(const Course& course, Pair::Caches caches, bool (Programs::*program)(std::uint64_t), Tally& tally) {
  const std::uint64_t seed = number("SMMUVP_SEED", 1);
  std::uint64_t differences = 0;
  for (std::uint64_t machine = course.first;
       course.goes_on(machine) && differences < number("SMMUVP_DIFFERENCES", 3); ++machine) {
    Random random(seed * 1'000'003 + machine);
    Pair pair(draw_features(random), tally, caches);
    Programs programs(pair, random.any(), tally);
    for (std::uint64_t i = 0; i < course.programs; ++i) {
      if ((programs.*program)(random.any())) continue;
      ++differences;
      ADD_FAILURE() << "machine " << machine << ", program " << i << ", " << describe(pair, programs);
      break;  // tables are no longer the same
    }
    course.leave(machine + 1);
  }
}

TEST(Compare, RandomPrograms) {
  Course course;
  Tally tally;
  run(course, Pair::Caches::small, &Programs::run, tally);
  print(tally);
  if (tally.programs < 100'000) return;  // a part of them
  EXPECT_GT(tally.translated * 100, tally.accesses * 28);
  for (const Row& row : rows_of(tally)) {
    EXPECT_GE(row.count, row.least) << row.name;
    if (row.never != nullptr) {
      EXPECT_EQ(row.count, 0U) << row.name << ": " << row.never;
    }
  }
}

TEST(Compare, WhatACommandDoesNotNameStaysCached) {
  Course course;
  course.programs = 5;
  course.seconds /= 5;  // of a long run
  course.file.clear();
  Tally tally;
  run(course, Pair::Caches::large, &Programs::run_survivors, tally);
  std::printf("%llu programs: %llu translations stayed, %llu leaves were changed\n",
              static_cast<unsigned long long>(tally.programs),
              static_cast<unsigned long long>(tally.survived),
              static_cast<unsigned long long>(tally.renewed));
  EXPECT_GT(tally.survived, tally.programs * 5);
  EXPECT_GT(tally.renewed, tally.programs / 10);
}

}  // namespace
}  // namespace smmuvp::compare
