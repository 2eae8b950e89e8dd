// Statistics: named counters that a component reports at the end of a run.
#pragma once
#include <cstdint>
#include <string_view>

#include "smmuvp/base/export.h"

namespace smmuvp {

/// Receives a component's counters, always in the same order. Names are lower_case and stable: they are
/// the keys of the JSON report.
class SMMUVP_EXPORT StatVisitor {
 public:
  virtual ~StatVisitor() = default;
  /// Whose counters follow. @param name  full hierarchical name. @param type  for example "smmuv3"
  virtual void component(std::string_view name, std::string_view type) {
    (void)name;
    (void)type;
  }
  /// @param unit  "1" for a plain count, else "ps", "bytes", …
  virtual void stat(std::string_view name, std::uint64_t value, std::string_view unit,
                    std::string_view doc) = 0;
  /// A component counts for each of its parts too: `kind` is for example "tbu" or "stream", `name` which of
  /// them. They are reported after the component's own counters, those that have anything to report, in a
  /// fixed order. @return where its counters go; nullptr: they are not wanted
  virtual StatVisitor* part(std::string_view kind, std::string_view name) {
    (void)kind;
    (void)name;
    return nullptr;
  }
};

}  // namespace smmuvp
