// What a component that shows what it holds can do.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/dump.h"
#include "smmuvp/base/export.h"

namespace smmuvp {

/// A component that can be looked into. May be asked between two sc_start() and whenever transport_dbg may be
/// called. Nothing changes by it: no state, statistics, time or trace; memory is read by transport_dbg.
class SMMUVP_EXPORT DumpControl {
 public:
  virtual ~DumpControl() = default;
  /// All that it holds now. Depends on nothing else, so that two runs can be compared.
  virtual DumpSection contents() const = 0;
  /// Registers by the specification's names, as a debugger reads them: what software has set up, for tools
  /// that look at a memory image afterwards.
  virtual std::vector<std::pair<std::string, std::uint64_t>> register_values() const = 0;
};

}  // namespace smmuvp
