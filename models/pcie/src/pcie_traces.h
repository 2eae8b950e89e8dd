// Trace points of what an SMMU and a function tell each other.
#pragma once
#include <cstdint>
#include <string_view>

#include "smmuvp/base/trace.h"

namespace smmuvp {

inline constexpr TracePoint<std::string_view, std::string_view, std::uint64_t> trace_type{
    "pcie.address_type",
    "the request of the same time has an address type of its own, or asks for a page",
    {"function", "type", "address"}};
inline constexpr TracePoint<std::string_view, std::uint64_t, std::uint32_t, std::uint64_t, std::uint8_t, bool,
                            bool>
    trace_translation{"pcie.translation",
                      "a Translation Request has ended",
                      {"function", "address", "status", "translated", "size_shift", "read", "write"}};
inline constexpr TracePoint<std::uint32_t, std::string_view, std::uint64_t, std::uint8_t, std::uint16_t,
                            std::uint32_t, bool>
    trace_message{"pcie.ats",
                  "a message of the SMMU to a function has ended",
                  {"sid", "message", "address", "size_shift", "PRGI", "code", "ok"}};

}  // namespace smmuvp
