// "smmu-vp why": the faults that a JSON report has, step by step.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace smmuvp::platform {

/// @param arguments  the command line after "why". @param print  takes the text that was asked for
/// @param colour  marks what decided
/// @throws ConfigError for a command line, file or fault that is none
void why(const std::vector<std::string>& arguments, const std::function<void(std::string_view)>& print,
         bool colour);

}  // namespace smmuvp::platform
