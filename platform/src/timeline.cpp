#include "timeline.h"

namespace smmuvp::platform {

std::size_t Timeline::add() {
  m_series.emplace_back();
  return m_series.size() - 1;
}

void Timeline::reach(std::uint64_t time_ps) {
  while (time_ps / m_width_ps >= most_buckets) {
    m_width_ps *= 2;
    for (auto& values : m_series) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint64_t value = values[i];
        values[i] = 0;
        values[i / 2] += value;
      }
      values.resize((values.size() + 1) / 2);
    }
  }
}

void Timeline::count(std::size_t series, std::uint64_t time_ps, std::uint64_t n) {
  if (n == 0) return;
  reach(time_ps);
  auto& values = m_series[series];
  const std::size_t bucket = time_ps / m_width_ps;
  if (bucket >= values.size()) values.resize(bucket + 1);
  values[bucket] += n;
}

std::uint64_t Timeline::bucket_end(std::uint64_t time_ps) {
  reach(time_ps);
  const std::uint64_t begin = time_ps - time_ps % m_width_ps;
  return begin > ~m_width_ps ? ~std::uint64_t{0} : begin + m_width_ps;
}

}  // namespace smmuvp::platform
