// Trace points of the SMMUv3 core.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "smmuvp/base/trace.h"
#include "smmuvp/smmu/trace_points.h"

namespace smmuvp::smmuv3 {

constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint64_t, std::string_view, bool> trace_translate{
    "smmu.translate", "an access was let through", {"sid", "address", "output", "kind", "tlb_hit"}};
// `record` is "recorded", or what keeps software from being told.
constexpr TracePoint<std::uint32_t, std::uint64_t, std::string_view, std::string_view, std::string_view>
    trace_fault{"smmu.fault", "an access was terminated", {"sid", "address", "event", "outcome", "record"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::string_view> trace_stall{
    "smmu.stall", "an access waits for software", {"sid", "address", "event"}};
constexpr TracePoint<std::string_view, std::uint32_t, std::uint64_t, std::uint32_t, bool> trace_fetch{
    "smmu.fetch", "memory was read for an access", {"what", "sid", "address", "bytes", "ok"}};
// RnW is 0 in records that have no such field, as it is in the queue.
constexpr TracePoint<std::string_view, std::uint32_t, std::uint64_t, bool, std::uint64_t> trace_event{
    "smmu.event", "an event record was written", {"event", "sid", "address", "RnW", "prod"}};
constexpr TracePoint<std::string_view, std::uint64_t, std::uint64_t, std::uint32_t> trace_command{
    "smmu.command", "a command was executed", {"command", "word0", "word1", "cons"}};
constexpr TracePoint<std::string_view, std::uint32_t> trace_command_error{
    "smmu.command_error", "command processing stopped", {"error", "cons"}};
constexpr TracePoint<std::string_view, std::uint64_t, std::uint64_t, bool> trace_msi{
    "smmu.msi", "a message signalled interrupt was written", {"source", "address", "data", "ok"}};
constexpr TracePoint<std::uint32_t, std::uint64_t, std::uint64_t> trace_atos{
    "smmu.atos", "an address translation operation ended", {"sid", "address", "PAR"}};
constexpr TracePoint<std::string_view, std::uint64_t> trace_register_write{
    "smmu.register_write", "software wrote a register", {"register", "value"}};
constexpr TracePoint<std::string_view, std::uint64_t> trace_register_read{
    "smmu.register_read", "software read a register", {"register", "value"}};
/// All that an SMMUv3 emits, the engine included.
inline std::vector<TracePointInfo> trace_points() {
  return {trace_translate,
          trace_fault,
          trace_stall,
          trace_fetch,
          trace_event,
          trace_command,
          trace_command_error,
          trace_msi,
          trace_atos,
          trace_register_write,
          trace_register_read,
          smmu::trace_tlb_fill,
          smmu::trace_tlb_invalidate};
}

}  // namespace smmuvp::smmuv3
