// How many random cases a comparison makes: SMMUVP_ORACLE_SCALE times those of a normal run.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace smmuvp::pgtable::test {

/// SMMUVP_ORACLE_SCALE, 1 where it is not set. What is no number from 1 to 100000 counts as 1.
inline std::uint64_t oracle_scale() {
  const char* const text = std::getenv("SMMUVP_ORACLE_SCALE");
  if (text == nullptr) return 1;
  char* end = nullptr;
  const unsigned long value = std::strtoul(text, &end, 10);
  return *end == '\0' && value >= 1 && value <= 100000 ? value : 1;
}

}  // namespace smmuvp::pgtable::test
