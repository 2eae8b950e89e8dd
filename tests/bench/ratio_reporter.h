// A table of medians, each beside the baseline that it is measured against in the same run.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace smmuvp::bench {

/// One line of the table: a benchmark, the one that it is compared with, and what the ratio should not
/// exceed.
struct Comparison {
  const char* name;
  const char* baseline;
  double goal = 0;  ///< 0: no goal
};

/// Why a run ended without a measurement, or empty. The library renamed both members in version 1.8.
template <class Run>
std::string error_of(const Run& run) {
  if constexpr (requires { run.error_occurred; }) {
    return run.error_occurred ? run.error_message : std::string();
  } else {
    return run.skipped ? run.skip_message : std::string();
  }
}

/// Collects medians, and prints the comparisons once all benchmarks have run.
class RatioReporter : public benchmark::BenchmarkReporter {
 public:
  explicit RatioReporter(std::vector<Comparison> comparisons) : m_comparisons(std::move(comparisons)) {}

  bool ReportContext(const Context& /*context*/) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (const std::string error = error_of(run); !error.empty()) {
        std::fprintf(stderr, "%s: %s\n", run.run_name.function_name.c_str(), error.c_str());
        m_failed = true;
      }
      // Per iteration, in nanoseconds, processor time
      if (run.run_type == Run::RT_Aggregate && run.aggregate_name == "median") {
        m_median[run.run_name.function_name] = run.GetAdjustedCPUTime();
      }
    }
  }

  void Finalize() override {
    std::printf("%-34s %9s  %-34s %9s %7s  %s\n", "benchmark", "ns", "compared with", "ns", "ratio", "goal");
    for (const Comparison& c : m_comparisons) {
      const auto mine = m_median.find(c.name);
      const auto other = m_median.find(c.baseline);
      if (mine == m_median.end() || other == m_median.end()) continue;  // filtered out
      const double ratio = mine->second / other->second;
      std::printf("%-34s %9.2f  %-34s %9.2f %6.2fx", c.name, mine->second, c.baseline, other->second, ratio);
      if (c.goal > 0) std::printf("  at most %gx: %s", c.goal, ratio <= c.goal ? "met" : "missed");
      std::printf("\n");
    }
  }

  bool failed() const { return m_failed; }

 private:
  std::vector<Comparison> m_comparisons;
  std::map<std::string, double> m_median;
  bool m_failed = false;
};

}  // namespace smmuvp::bench
