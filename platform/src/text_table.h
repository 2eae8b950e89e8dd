// Tables for people.
#pragma once
#include <string>
#include <vector>

namespace smmuvp::platform {

using TableRow = std::vector<std::string>;

/// Columns as wide as their content; the last one is not padded.
std::string text_table(const std::vector<TableRow>& rows);

}  // namespace smmuvp::platform
