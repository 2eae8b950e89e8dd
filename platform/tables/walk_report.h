// A walk as text and as JSON.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "smmuvp/pgtable/explain_walk.h"

namespace smmuvp::tables {

using WalkStep = pgtable::ExplainedStep;
using WalkRecord = pgtable::ExplainedWalk;

std::string walk_text(const WalkRecord& record, bool colour);
nlohmann::ordered_json walk_json(const WalkRecord& record);
/// All fields of a Config, as config_fields() names them.
nlohmann::ordered_json config_json(const pgtable::Config& config);

}  // namespace smmuvp::tables
