// The saved state of one component in a stream: whose it is, and all that visit() names.
#pragma once
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/export.h"
#include "smmuvp/base/params.h"

namespace smmuvp {

/// The component that is saved or loaded. Type, parameters and the version of smmu-vp are part of its state:
/// a component of another kind would take wrong values for its own. Path parameters say where the host keeps
/// something, so they may differ. The name of the instance may differ as well.
struct StateOwner {
  std::string where;  ///< for messages, for example "top.smmu0 (smmuv3)"
  std::string type;   ///< for example "smmuv3"
  const Params& params;
};

using VisitState = std::function<void(Archive&)>;

/// Writes what `visit` names. Times are kept relative to `now_ps`. @return what went wrong; throws nothing.
SMMUVP_EXPORT std::optional<ArchiveError> save_state(std::ostream& out, const StateOwner& owner,
                                                     std::uint64_t now_ps, const VisitState& visit);

/// Reads one saved state, no byte more: several may follow each other in a stream. What is truncated,
/// damaged, or belongs to another version, type or configuration is refused before `visit` is called. A value
/// that the component refuses itself leaves it in part as loaded: reset it before it is used again.
/// @return what went wrong; throws nothing.
SMMUVP_EXPORT std::optional<ArchiveError> load_state(std::istream& in, const StateOwner& owner,
                                                     std::uint64_t now_ps, const VisitState& visit);

}  // namespace smmuvp
