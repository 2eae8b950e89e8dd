// What a component that explains accesses can do.
#pragma once

#include "smmuvp/base/export.h"
#include "smmuvp/tlm/explanation.h"

namespace smmuvp {

/// An SMMU that says what becomes of an access and why.
class SMMUVP_EXPORT ExplainControl {
 public:
  virtual ~ExplainControl() = default;
  /// Registers, structures, each descriptor of both stages, what caches hold of it and memory does not, and
  /// the verdict. Changes nothing: no cache, counter, time, event or trace; memory is read by transport_dbg.
  /// May be called whenever transport_dbg may, also while an access or a command is under way. A TBU that is
  /// not there counts as TBU 0.
  virtual Explanation explain(const AccessQuestion& question) const = 0;
};

}  // namespace smmuvp
