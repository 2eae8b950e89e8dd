// The instances that are compared.
#pragma once

#include <string>

#include "smmuvp/smmuv2/features.h"
#include "smmuvp/test/core.h"

namespace smmuvp::smmuv2::compare {

/// An instance, chosen by `random` among those that go together.
Features draw_features(test::Random& random);
/// What decides most of what it does.
std::string text_of(const Features& features);

}  // namespace smmuvp::smmuv2::compare
