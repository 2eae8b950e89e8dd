// A walk step by step, with what each descriptor says and why it ended so: for tools and messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/pgtable/explain.h"
#include "smmuvp/pgtable/walk.h"

namespace smmuvp::pgtable {

/// One memory operation of a walk, and its answer.
struct ExplainedStep {
  MemoryOp op;
  MemoryResponse response;
  std::uint64_t input = 0;  ///< stage 1: the request's address; stage 2: the IPA at hand
  AddressSpace space = AddressSpace::non_secure;  ///< stage 2: of the IPA at hand
  std::optional<Explanation> explanation;         ///< of what a read found

  bool is_read() const { return op.kind == MemoryOpKind::read; }
  bool is_update() const {
    return !is_read() && response.status == MemoryStatus::ok && response.data == op.expected;
  }
};

struct ExplainedWalk {
  Config config;
  WalkRequest request;
  Result result;
  std::vector<ExplainedStep> steps;
};

/// How descriptors of a stage of a Config are explained.
DescriptorFormat descriptor_format(const Config& config, Stage stage);
/// @param range  stage 1: Result::range
/// @param space  stage 2: of the IPA
ExplainSettings explain_settings(const Config& config, Stage stage, unsigned range,
                                 AddressSpace space = AddressSpace::non_secure);
/// Explains what the steps of a walk that is over have read.
void explain_steps(ExplainedWalk& walk);

/// Runs a whole walk on `memory`, called as MemoryResponse(const MemoryOp&), and explains it.
/// @param in_words  false: without what each step says
template <class Memory>
ExplainedWalk explain_walk(const Config& config, const WalkRequest& request, Memory&& memory,
                           bool in_words = true) {
  ExplainedWalk record{config, request, {}, {}};
  Walk w(config, request);
  while (w.step() == Step::need) {
    ExplainedStep step;
    step.op = w.op();
    step.input = step.op.stage == Stage::stage2 ? w.stage2_input() : request.va;
    step.space = w.stage2_space();
    step.response = memory(step.op);
    w.complete(step.response);
    record.steps.push_back(std::move(step));
  }
  record.result = w.result();
  if (in_words) explain_steps(record);
  return record;
}

// ---- in words

/// What about a walk that has ended in a fault made it one.
enum class FaultCause : std::uint8_t {
  none,         ///< there is no fault
  descriptor,   ///< the last one that was read
  memory,       ///< it does not answer the address of a descriptor
  input_size,   ///< the address is in no range: TxSZ, or T0SZ of stage 2
  range_off,    ///< EPD: the range is not walked
  E0PD,         ///< the range is not for unprivileged accesses
  first_table,  ///< the address in TTBR or VTTBR
  other,
};
FaultCause fault_cause(const ExplainedWalk& walk);
/// A field that takes the right away that the access needs, or one of those that decide about it together.
struct DecidingField {
  std::size_t step = 0;       ///< index in ExplainedWalk::steps
  const Field* of = nullptr;  ///< of that step's explanation
};
/// Of a Permission fault: those of the leaf, then those of tables of stage 1 that take rights away.
std::vector<DecidingField> deciding_fields(const ExplainedWalk& walk);

/// "read", "write", "read-write", "execute", "none".
const char* access_words(AccessType access);
/// "Non-secure", ...
const char* space_words(AddressSpace space);
/// "read write", "none". @param privileged  of which accesses
std::string rights_words(Rights rights, bool privileged);
/// "all: read", or "privileged: read write; unprivileged: none".
std::string rights_words(Rights rights);
/// "Translation fault, stage 1, level 3".
std::string fault_words(const Fault& fault);
/// Whether the address was not looked up because its range is switched off (EPD).
bool is_range_disabled(const ExplainedWalk& walk);
/// What about the last descriptor, or the address, made it a fault; empty where there is no more to say.
std::string fault_reason(const ExplainedWalk& walk);

}  // namespace smmuvp::pgtable
