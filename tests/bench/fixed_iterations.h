// A run of a benchmark whose length does not depend on the host, for counting instructions by the difference
// of two.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace smmuvp::bench {

/// Takes --iterations=N out of a command line. @return N, or 0 where it is not given: the library then
/// decides.
inline std::int64_t take_iterations(int& argc, char** argv) {
  const std::string option = "--iterations=";
  std::int64_t n = 0;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]).rfind(option, 0) == 0) {
      n = std::strtoll(argv[i] + option.size(), nullptr, 10);
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return n;
}

/// @param n  of take_iterations()
inline void limit(benchmark::internal::Benchmark& b, std::int64_t n) {
  if (n > 0) {
    b.Iterations(n);
  } else {
    b.MinTime(0.05);
  }
}

}  // namespace smmuvp::bench
