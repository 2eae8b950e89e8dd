#include "course.h"

#include <chrono>
#include <cstdlib>
#include <fstream>

namespace smmuvp::smmu::invalidation {
namespace {

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

Course::Course(std::uint64_t ordinary)
    : m_first(number("SMMUVP_SEED", 1)),
      m_count(number("SMMUVP_SCHEDULES", ordinary)),
      m_seconds(number("SMMUVP_SECONDS", 0)) {
  if (const char* path = std::getenv("SMMUVP_SEED_FILE")) {
    m_file = path;
    std::ifstream(m_file) >> m_first;
  }
}

bool Course::run(const std::function<bool(std::uint64_t)>& run) const {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t seed = m_first;
  for (;; ++seed) {
    if (m_seconds == 0 && seed - m_first >= m_count) break;
    if (m_seconds != 0 && (seed - m_first) % 64 == 0 &&
        std::chrono::steady_clock::now() - begin >= std::chrono::seconds(m_seconds)) {
      break;
    }
    if (!run(seed)) return false;
  }
  if (!m_file.empty()) std::ofstream(m_file) << seed << "\n";
  return true;
}

}  // namespace smmuvp::smmu::invalidation
