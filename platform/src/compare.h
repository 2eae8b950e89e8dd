// The command "compare": the statistics of two JSON reports.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace smmuvp::platform {

/// @param arguments  what follows the command
/// @param print  takes the table
/// @return true if every key is in both reports with the same value, or one within its tolerance
/// @throws ConfigError for what is wrong with the command line or a file
bool compare(const std::vector<std::string>& arguments, const std::function<void(std::string_view)>& print);

}  // namespace smmuvp::platform
