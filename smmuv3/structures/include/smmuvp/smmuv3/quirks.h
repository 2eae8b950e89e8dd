// What silicon does other than IHI 0070 says, as drivers know it: one row each in quirks.cpp, one hook each
// in the model. docs/quirks.md tells of all.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/quirks.h"

namespace smmuvp::smmuv3 {

struct Features;

enum class Quirk : std::uint8_t {
  arm_1076982,
  cavium_74,
  cavium_126,
  hisilicon_161010701,
  hisilicon_162001800,
  hisilicon_162001900,
  hisilicon_msi_64bit,
  nvidia_invalidation_race,
};

using Quirks = QuirkSet<Quirk>;

/// All, in the order of Quirk.
const std::vector<QuirkInfo>& quirk_infos();
/// As Features::problem(): a quirk of something that the SMMU does not have.
const char* quirk_problem(const Features& features);

}  // namespace smmuvp::smmuv3
