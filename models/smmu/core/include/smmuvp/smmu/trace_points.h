// Trace points of both SMMUs.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "smmuvp/base/trace.h"

namespace smmuvp::smmu {

// took_ps: from the arrival of an access, the issue of a fetch, … to the time of the record.

constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint64_t, std::string_view, bool> trace_translate{
    "smmu.translate", "an access was let through", {"sid", "address", "output", "kind", "tlb_hit"}};
// `record` is "recorded", or what keeps software from being told. `walk` is where in a walk it arose, "stage
// 1 level 3", "stage 2 level 1, of a table", or "none". From ssv on, what came in: substream is without
// meaning where ssv is 0, ats is "none", "request" or "translated". A Translation Request that is refused
// counts: its outcome is "UR" or "CA".
constexpr TracePoint<std::uint32_t, std::uint64_t, std::string_view, std::string_view, std::string_view,
                     std::string_view, bool, std::uint32_t, std::string_view, bool, bool, std::uint32_t,
                     std::string_view>
    trace_fault{"smmu.fault",
                "an access was terminated",
                {"sid", "address", "event", "outcome", "record", "walk", "ssv", "ssid", "kind", "privileged",
                 "secure", "tbu", "ats"}};
// With whose it is: substream is without meaning where ssv is 0.
constexpr TracePoint<std::uint32_t, bool, std::uint32_t, std::uint64_t, std::string_view, bool, bool,
                     std::uint32_t, std::uint64_t>
    trace_access{"smmu.access",
                 "an access was let through or terminated",
                 {"sid", "ssv", "ssid", "address", "kind", "privileged", "secure", "tbu", "took_ps"}};
// From walk on as in smmu.fault.
constexpr TracePoint<std::uint32_t, std::uint64_t, std::string_view, std::string_view, bool, std::uint32_t,
                     std::string_view, bool, bool, std::uint32_t, std::string_view>
    trace_stall{
        "smmu.stall",
        "an access waits for software",
        {"sid", "address", "event", "walk", "ssv", "ssid", "kind", "privileged", "secure", "tbu", "ats"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::string_view, std::uint64_t> trace_resume{
    "smmu.resume",
    "a stalled access goes on: answer is retry, abort or RAZ/WI",
    {"sid", "address", "answer", "took_ps"}};
constexpr TracePoint<std::string_view, std::uint32_t, std::uint64_t, std::uint32_t, bool, std::uint64_t>
    trace_fetch{
        "smmu.fetch", "memory was read for an access", {"what", "sid", "address", "bytes", "ok", "took_ps"}};
// At the time at which it has a walker, and at which it gives it back.
constexpr TracePoint<std::uint32_t, std::uint64_t> trace_walk_begin{
    "smmu.walk_begin", "a walk of translation tables has a walker", {"sid", "address"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, bool, std::uint64_t> trace_walk{
    "smmu.walk", "a walk of translation tables has ended", {"sid", "address", "ok", "took_ps"}};
constexpr TracePoint<std::uint32_t, std::uint32_t, std::uint64_t, bool> trace_transaction{
    "smmu.transaction",
    "a transaction takes a slot of its TBU, or gives it back",
    {"tbu", "sid", "address", "begins"}};
constexpr TracePoint<std::string_view, std::uint64_t> trace_register_write{
    "smmu.register_write", "software wrote a register", {"register", "value"}};
constexpr TracePoint<std::string_view, std::uint64_t> trace_register_read{
    "smmu.register_read", "software read a register", {"register", "value"}};
constexpr TracePoint<std::uint64_t, std::uint64_t, std::uint32_t, std::uint32_t> trace_tlb_fill{
    "smmu.tlb_fill", "a translation was cached", {"input", "output", "shift", "asid"}};
// Of a nested walk one for each stage. stages: "stage1", "stage2" or "nested", what the walk goes through.
constexpr TracePoint<std::string_view, std::uint32_t, std::string_view, std::uint32_t, std::uint32_t, bool>
    trace_leaf{"smmu.leaf",
               "a walk has ended with a translation: the last descriptor of a stage; granule is a logarithm",
               {"stages", "stage", "format", "granule", "level", "contiguous"}};
constexpr TracePoint<std::string_view, std::uint64_t> trace_tlb_invalidate{
    "smmu.tlb_invalidate", "TLB entries were taken away", {"command", "entries"}};

/// With what the TBUs around a core emit.
inline std::vector<TracePointInfo> with_transactions(std::vector<TracePointInfo> points) {
  points.emplace_back(trace_transaction);
  return points;
}

}  // namespace smmuvp::smmu
