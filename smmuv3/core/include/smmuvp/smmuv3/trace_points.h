// Trace points of the SMMUv3 core.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "smmuvp/base/injection.h"
#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmuv3 {

// secure: of the programming interface of the Secure state (SMMU_S_*), whose StreamIDs are others.

// RnW is 0 in records that have no such field, as it is in the queue.
constexpr TracePoint<std::string_view, std::uint32_t, std::uint64_t, bool, std::uint64_t, bool> trace_event{
    "smmu.event", "an event record was written", {"event", "sid", "address", "RnW", "prod", "secure"}};
// queue is 0 for SMMU_CMDQ_*, n + 1 for SMMU_ECMDQ_*n.
constexpr TracePoint<std::string_view, std::uint64_t, std::uint64_t, std::uint32_t, std::uint32_t, bool,
                     std::uint64_t>
    trace_command{"smmu.command",
                  "a command was executed; took_ps: since it began to be fetched",
                  {"command", "word0", "word1", "cons", "queue", "secure", "took_ps"}};
constexpr TracePoint<std::uint32_t, std::uint32_t, bool> trace_sync{
    "smmu.sync", "a CMD_SYNC is complete", {"cons", "queue", "secure"}};
constexpr TracePoint<std::string_view, std::uint32_t, std::uint32_t, bool> trace_command_error{
    "smmu.command_error", "command processing stopped", {"error", "cons", "queue", "secure"}};
constexpr TracePoint<std::string_view, std::uint64_t, std::uint64_t, bool, bool> trace_msi{
    "smmu.msi", "a message signalled interrupt was written", {"source", "address", "data", "ok", "secure"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint64_t, std::string_view> trace_atos{
    "smmu.atos", "an address translation operation ended", {"sid", "address", "PAR", "register"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::string_view, std::uint64_t, std::uint32_t,
                     std::uint32_t>
    trace_ats_request{"smmu.ats_request",
                      "a Translation Request was answered; rights: 1 read, 2 write, 4 execute",
                      {"sid", "address", "answer", "translated", "log2size", "rights"}};
constexpr TracePoint<std::string_view, std::uint32_t, std::uint64_t, bool, bool> trace_atc_message{
    "smmu.atc_message",
    "a message to a device with an ATC has ended",
    {"message", "sid", "address", "ok", "secure"}};
constexpr TracePoint<std::string_view, std::uint32_t, std::uint64_t, std::uint32_t, bool> trace_page_request{
    "smmu.page_request",
    "a page request was recorded, or discarded",
    {"outcome", "sid", "address", "PRGIndex", "Last"}};
// structure: "L1STD", "STE", "L1CD", "CD", "VMS" or "event"; words that it has not are 0.
constexpr TracePoint<std::string_view, std::uint32_t, bool, std::uint64_t, std::uint64_t, std::uint64_t,
                     std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t>
    trace_structure{"smmu.structure",
                    "a structure was read, or an event record written: its words",
                    {"structure", "sid", "secure", "word0", "word1", "word2", "word3", "word4", "word5",
                     "word6", "word7"}};
constexpr TracePoint<std::uint32_t, std::uint32_t, std::uint32_t, bool, bool> trace_pmcg_overflow{
    "smmu.pmcg_overflow",
    "a performance monitor counter overflowed",
    {"group", "counter", "event", "captured", "interrupt"}};
// queue is CMDQ, ECMDQ (number n of SMMU_ECMDQ_*n), EVENTQ or PRIQ. Resets are not told.
constexpr TracePoint<std::string_view, std::uint32_t, bool, std::uint32_t, std::uint32_t, std::uint32_t>
    trace_queue{"smmu.queue",
                "an index of a queue has moved: PROD, CONS, and the entries between them",
                {"queue", "number", "secure", "prod", "cons", "used"}};

/// All that the core of an SMMUv3 emits, the engine included.
inline std::vector<TracePointInfo> trace_points() {
  return {smmu::trace_translate,
          smmu::trace_access,
          smmu::trace_fault,
          smmu::trace_stall,
          smmu::trace_resume,
          smmu::trace_fetch,
          smmu::trace_walk_begin,
          smmu::trace_walk,
          trace_event,
          trace_command,
          trace_sync,
          trace_command_error,
          trace_msi,
          trace_atos,
          trace_ats_request,
          trace_atc_message,
          trace_page_request,
          trace_structure,
          trace_pmcg_overflow,
          trace_queue,
          smmu::trace_register_write,
          smmu::trace_register_read,
          smmu::trace_tlb_fill,
          smmu::trace_leaf,
          smmu::trace_tlb_invalidate,
          trace_injected};
}

}  // namespace smmuvp::smmuv3
