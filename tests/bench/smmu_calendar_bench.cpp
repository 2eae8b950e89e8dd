// Bookings of masters that run ahead of each other by a quantum, beside the same with a quantum of 1 us.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ratio_reporter.h"
#include "smmuvp/smmu/calendar.h"

namespace {

using smmuvp::smmu::Calendar;
using smmuvp::smmu::StructureTiming;
using smmuvp::smmu::TimePs;

constexpr TimePs us = 1000 * 1000;

// How a master asks: every 10 ns, so that a quantum of 1 us is 100 bookings, one of 100 ms 10 million.
struct Pattern {
  const char* name;
  StructureTiming timing;
  unsigned masters = 2;
  bool random = false;     // each up to 10 ns later than that
  bool scattered = false;  // anywhere in the quantum, instead of one after the other
};

constexpr TimePs period = 10000;

const Pattern patterns[] = {
    {"one master", {3000, 3000, 1}, 1},
    {"one master, saturated", {3000, period, 1}, 1, true},
    {"one master, 1024 lanes", {3000, 100 * period, 1024}, 1},
    {"two masters", {3000, 3000, 1}},
    {"two masters, random", {3000, 3000, 1}, 2, true},
    {"two masters, more than it takes", {3000, 5500, 1}, 2, true},
    {"three masters, half of it lost", {3000, 5500, 1}, 3, true},
    {"eight masters, 3 lanes", {3000, 3000, 3}, 8, true},
    {"two masters, 16 lanes", {3000, 50000, 16}, 2, true},
    {"two masters, 1024 lanes", {3000, 3000, 1024}, 2, true},
    {"two masters, scattered", {3000, 3000, 1}, 2, true, true},
};

std::uint64_t next(std::uint64_t& x) { return x = x * 6364136223846793005ULL + 1442695040888963407ULL; }

void bookings(benchmark::State& state, const Pattern& pattern, TimePs quantum) {
  Calendar calendar(pattern.timing);
  std::uint64_t x = 1;
  TimePs now = 0;
  const std::uint64_t in_quantum = quantum / period;
  const std::uint64_t quanta = (1000 * period + quantum - 1) / quantum;
  const auto batch = static_cast<std::int64_t>(quanta * in_quantum * pattern.masters);
  while (state.KeepRunningBatch(batch)) {
    for (std::uint64_t q = 0; q < quanta; ++q) {
      TimePs sum = 0;
      for (unsigned m = 0; m < pattern.masters; ++m) {
        for (std::uint64_t i = 0; i < in_quantum; ++i) {
          TimePs at = now + i * period;
          if (pattern.scattered) {
            at = now + ((next(x) >> 38) * quantum >> 26);
          } else if (pattern.random) {
            at += (next(x) >> 32) * period >> 32;
          }
          sum += calendar.book(at);
        }
      }
      benchmark::DoNotOptimize(sum);
      now += quantum;
      calendar.prune(now);
    }
  }
}

struct Quantum {
  const char* name;
  TimePs length;
};
const Quantum quanta[] = {{"1 us", us}, {"100 us", 100 * us}, {"10 ms", 10000 * us}, {"100 ms", 100000 * us}};

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> names;
  names.reserve(std::size(patterns) * std::size(quanta));
  std::vector<smmuvp::bench::Comparison> comparisons;
  for (const Pattern& p : patterns) {
    const std::size_t first = names.size();
    for (const Quantum& q : quanta) {
      names.push_back(std::string(p.name) + ", " + q.name);
      benchmark::RegisterBenchmark(names.back().c_str(), bookings, p, q.length)->Repetitions(3)->MinTime(0.1);
      // No working set that outgrows the host's caches is reached at random in the time of one that does not.
      const double goal = p.scattered ? 0 : 1.5;
      if (names.size() > first + 1) comparisons.push_back({names.back().c_str(), names[first].c_str(), goal});
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  smmuvp::bench::RatioReporter reporter(std::move(comparisons));
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.failed() ? 1 : 0;
}
