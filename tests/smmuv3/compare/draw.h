// Features of a comparison, for both models.
#pragma once

#include "choices.h"
#include "id_registers.h"
#include "random.h"
#include "smmuvp/smmuv3/features.h"

namespace smmuvp::compare {

/// A combination that our model can be, by chance.
smmuv3::Features draw_features(Random& random);
naive_smmuv3::Features naive_features(const smmuv3::Features& features);
/// What our model has chosen where the architecture leaves a choice.
naive_smmuv3::Choices our_choices(const smmuv3::Features& features);

}  // namespace smmuvp::compare
