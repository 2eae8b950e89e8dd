// What silicon and its integration do other than IHI 0062 says, as drivers know it: one row each in
// quirks.cpp, one hook each in the model. docs/quirks.md tells of all.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/quirks.h"

namespace smmuvp::smmuv2 {

enum class Quirk : std::uint8_t {
  calxeda_secure_access,
  marvell_582743,
  qcom_last_bank,
  qcom_s2cr_bypass_faults,
  qcom_tlbival_base_page,
};

using Quirks = QuirkSet<Quirk>;

/// All, in the order of Quirk.
const std::vector<QuirkInfo>& quirk_infos();

}  // namespace smmuvp::smmuv2
