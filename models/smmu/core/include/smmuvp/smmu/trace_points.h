// Trace points of the engine.
#pragma once

#include <cstdint>
#include <string_view>

#include "smmuvp/base/trace.h"

namespace smmuvp::smmu {

constexpr TracePoint<std::uint64_t, std::uint64_t, std::uint32_t, std::uint32_t> trace_tlb_fill{
    "smmu.tlb_fill", "a translation was cached", {"input", "output", "shift", "asid"}};
constexpr TracePoint<std::string_view, std::uint64_t> trace_tlb_invalidate{
    "smmu.tlb_invalidate", "TLB entries were taken away", {"command", "entries"}};

}  // namespace smmuvp::smmu
