// Random programs on our SMMUv3 and on the naive one: whatever software and devices do, both say the same.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "program.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/events.h"

namespace smmuvp::compare {
namespace {

std::uint64_t number(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

void print(const Tally& t) {
  std::printf(
      "%llu programs, %llu accesses: %llu forwarded, %llu of them translated, %llu TLB hits; %llu aborted, "
      "%llu RAZ/WI, %llu stalled; %llu address translation operations; %llu abandoned\n",
      (unsigned long long)t.programs, (unsigned long long)t.accesses, (unsigned long long)t.forwarded,
      (unsigned long long)t.translated, (unsigned long long)t.tlb_hits, (unsigned long long)t.aborted,
      (unsigned long long)t.razwi, (unsigned long long)t.stalled, (unsigned long long)t.atos,
      (unsigned long long)t.abandoned);
  std::printf("STE.Config:");
  for (unsigned i = 0; i < 8; ++i) std::printf(" %u: %llu", i, (unsigned long long)t.configs[i]);
  std::printf("\n");
  for (unsigned i = 0; i < 256; ++i) {
    if (const auto* info = smmuv3::find_event(static_cast<std::uint8_t>(i))) {
      std::printf("%-20s %10llu\n", info->name, (unsigned long long)t.events[i]);
    }
  }
  std::uint64_t least = ~0ULL;
  for (unsigned i = 0; i < 256; ++i) least = std::min(least, t.opcodes[i]);
  std::printf("every opcode at least %llu times\n", (unsigned long long)least);
}

// A program is named by two numbers: that of its machine, which draws the features, and its own.
TEST(Compare, RandomPrograms) {
  constexpr std::uint64_t per_machine = 100;
  const std::uint64_t seed = number("SMMUVP_SEED", 1);
  const std::uint64_t machines = number("SMMUVP_MACHINES", 2000);
  const std::uint64_t first = number("SMMUVP_FIRST", 0);
  Tally tally;
  unsigned differences = 0;
  for (std::uint64_t machine = first;
       machine < first + machines && differences < number("SMMUVP_DIFFERENCES", 3); ++machine) {
    Random random(seed * 1'000'003 + machine);
    Pair pair(draw_features(random), tally);
    Programs programs(pair, random.any(), tally);
    for (std::uint64_t i = 0; i < per_machine; ++i) {
      if (programs.run(random.any())) continue;
      ++differences;
      std::string log;
      const auto& lines = pair.log();
      for (std::size_t k =
               lines.size() > number("SMMUVP_LINES", 30) ? lines.size() - number("SMMUVP_LINES", 30) : 0;
           k < lines.size(); ++k)
        log += lines[k] + "\n";
      const smmuv3::IdRegisters id = smmuv3::id_registers(pair.features());
      char ids[120];
      std::snprintf(ids, sizeof ids, "IDR0 %08x IDR1 %08x IDR3 %08x IDR5 %08x AIDR %x", id.IDR0, id.IDR1,
                    id.IDR3, id.IDR5, id.AIDR);
      ADD_FAILURE() << "machine " << machine << ", program " << i << ", " << ids << "\n"
                    << log << pair.difference() << "\n"
                    << programs.show_structures(pair.last_stream()) << "\nGBPA " << std::hex
                    << pair.read(0x44);
      break;  // tables are no longer the same
    }
  }
  print(tally);
  if (tally.programs < 100'000) return;  // a part of them
  EXPECT_GT(tally.forwarded * 100, tally.accesses * 15);
  for (unsigned i = 0; i < 256; ++i) EXPECT_GE(tally.opcodes[i], 100U) << "opcode " << i;
  for (unsigned i = 0; i < 8; ++i) EXPECT_GE(tally.configs[i], 1000U) << "STE.Config " << i;
}

}  // namespace
}  // namespace smmuvp::compare
