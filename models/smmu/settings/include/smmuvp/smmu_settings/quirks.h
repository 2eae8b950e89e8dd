// The parameter `quirks`: a list of names.
#pragma once

#include <vector>

#include "smmuvp/base/params.h"
#include "smmuvp/base/quirks.h"

namespace smmuvp::smmu {

/// @param infos  all that the SMMU has
ParamInfo quirks_param(const std::vector<QuirkInfo>& infos);

/// Indexes into `infos` of those that the parameter names. @throws ConfigError for a name that is not there
std::vector<unsigned> quirk_numbers(const Params& params, const std::vector<QuirkInfo>& infos);

/// @param infos  in the order of Quirk's enumerators
template <class Quirk>
QuirkSet<Quirk> read_quirks(const Params& params, const std::vector<QuirkInfo>& infos) {
  QuirkSet<Quirk> set;
  for (const unsigned number : quirk_numbers(params, infos)) set.add(static_cast<Quirk>(number));
  return set;
}

}  // namespace smmuvp::smmu
