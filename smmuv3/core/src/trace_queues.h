// How the levels of queues are traced.
#pragma once

#include "smmuvp/base/trace.h"
#include "smmuvp/smmuv3/command_queue_registers.h"
#include "smmuvp/smmuv3/queue.h"
#include "smmuvp/smmuv3/trace_points.h"

namespace smmuvp::smmuv3 {

/// @param prod,cons  as their registers hold them
inline void trace_level(Tracer& tracer, smmu::TimePs time, std::string_view name, unsigned number,
                        bool secure, const Queue& queue, std::uint32_t prod, std::uint32_t cons) {
  const std::uint32_t mask = queue.index_mask();
  tracer.emit(time, trace_queue, name, number, secure, prod & mask, cons & mask, queue.used(prod, cons));
}

inline void trace_level(Tracer& tracer, smmu::TimePs time, bool secure, const CommandQueueRegisters& q) {
  const unsigned number = q.number();
  trace_level(tracer, time, number == 0 ? "CMDQ" : "ECMDQ", number == 0 ? 0 : number - 1, secure, q.queue(),
              q.prod(), q.cons());
}

}  // namespace smmuvp::smmuv3
