// What the checker asks of its surroundings.
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/checker/finding.h"

namespace smmuvp::checker {

class Surroundings {
 public:
  virtual ~Surroundings() = default;
  /// Stores to the 4 KiB around a physical address are to be told by Checker::stored() from now on.
  virtual void watch(std::uint64_t physical) = 0;
  /// No longer.
  virtual void unwatch(std::uint64_t physical) = 0;
  /// An aligned word of 64 bits; none: there is no memory.
  virtual std::optional<std::uint64_t> read(std::uint64_t physical) = 0;
  virtual void tell(const Finding& finding) = 0;
};

}  // namespace smmuvp::checker
