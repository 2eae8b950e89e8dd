// Dumps as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "smmuvp/base/dump.h"

namespace smmuvp::tables {

/// "title", and as far as there are any "notes", "rows" (an object each, by column) and "sections".
nlohmann::ordered_json json_of(const DumpSection& section);

}  // namespace smmuvp::tables
