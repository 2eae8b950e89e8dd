// Faults with their stories, as reports have them.
#pragma once
#include <nlohmann/json_fwd.hpp>

#include "fault_record.h"

namespace smmuvp::platform {

/// The array `faults` of docs/report.md. @param kept_events  how many events the report's `events` has
nlohmann::ordered_json json_of(const std::vector<FaultRecord>& faults, std::uint64_t kept_events);

}  // namespace smmuvp::platform
