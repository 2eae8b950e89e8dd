// Which of a test's numbered random cases a run takes, by the environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

namespace smmuvp::test {

/// An environment variable that is a number, in any of C's bases.
inline std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

///   SMMUVP_SECONDS=n       as many cases as fit into this time, instead of count
///   SMMUVP_SEED_FILE=path  the first case is read from there, and the next one left there
struct Course {
  std::uint64_t first;
  std::uint64_t count;
  std::uint64_t seconds = number("SMMUVP_SECONDS", 0);
  std::string file;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();

  Course(std::uint64_t first_case, std::uint64_t cases) : first(first_case), count(cases) {
    if (const char* path = std::getenv("SMMUVP_SEED_FILE")) {
      file = path;
      std::ifstream(file) >> first;
    }
  }
  bool goes_on(std::uint64_t next) const {
    if (seconds == 0) return next - first < count;
    return std::chrono::steady_clock::now() - begin < std::chrono::seconds(seconds);
  }
  /// After each case, so that a run that is ended goes on where it was.
  void leave(std::uint64_t next) const {
    if (!file.empty()) std::ofstream(file) << next << "\n";
  }
  /// Calls one(case) for each, until it returns false. @return whether it never did
  template <class One>
  bool run(One one) const {
    std::uint64_t next = first;
    for (; goes_on(next); ++next) {
      if (!one(next)) return false;
      if (next % 64 == 63) leave(next + 1);
    }
    leave(next);
    return true;
  }
};

}  // namespace smmuvp::test
