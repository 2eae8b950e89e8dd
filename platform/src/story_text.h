// The story of a fault in lines, from the JSON of a report.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace smmuvp::platform {

/// @param fault  an entry of `faults` of docs/report.md. What it lacks, or has in another form, is left out.
std::string story_text(const nlohmann::ordered_json& fault, std::size_t number, bool colour);

/// The value of a key that is a text; "" where there is none. A terminal obeys none of it.
std::string text_of(const nlohmann::ordered_json& object, const char* key);
/// Likewise of a whole number; 0.
std::uint64_t number_of(const nlohmann::ordered_json& object, const char* key);
/// The SMMU, StreamID, SubstreamID, address and what was done there.
std::string access_text(const nlohmann::ordered_json& fault);

}  // namespace smmuvp::platform
