// Sums over simulated time, in memory that does not grow with the run.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace smmuvp::platform {

/// Buckets of one width for any number of series. When a time lies beyond the last bucket, the width doubles
/// and each two buckets become one, as often as it takes: what is kept depends on the times and counts alone.
class Timeline {
 public:
  static constexpr std::size_t most_buckets = 400;
  /// Of a bucket at the beginning, in picoseconds.
  static constexpr std::uint64_t first_width_ps = 8'000'000;

  /// Another series. @return its number
  std::size_t add();
  /// Adds to the bucket of a time.
  void count(std::size_t series, std::uint64_t time_ps, std::uint64_t n = 1);
  std::uint64_t width_ps() const { return m_width_ps; }
  /// Where the bucket of a time ends, with the width that it takes to have the time in one.
  std::uint64_t bucket_end(std::uint64_t time_ps);
  /// By bucket, from time 0 on; those behind the last are 0.
  const std::vector<std::uint64_t>& values(std::size_t series) const { return m_series[series]; }
  std::size_t series() const { return m_series.size(); }

 private:
  void reach(std::uint64_t time_ps);

  std::uint64_t m_width_ps = first_width_ps;
  std::vector<std::vector<std::uint64_t>> m_series;
};

}  // namespace smmuvp::platform
