// What whoever walks asks of memory, and what memory answers.
#pragma once

#include <cstdint>

#include "smmuvp/pgtable/attributes.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/walk_question.h"

namespace smmuvp::pgtable {

enum class MemoryOpKind : std::uint8_t { read, write, compare_and_swap };

/// A memory operation that a walk waits for. Addresses are physical, aligned to `size`; values are numbers:
/// the memory side applies `big_endian`.
struct MemoryOp {
  MemoryOpKind kind = MemoryOpKind::read;
  std::uint8_t size = 8;  ///< bytes: 8, or 4 with v7s
  bool big_endian = false;
  AddressSpace space = AddressSpace::non_secure;
  WalkAttributes attributes;  ///< of the stage that the descriptor is of, as configured
  /// Memory attributes of the access. Nested stage 1 accesses: `attributes` combined with those that stage 2
  /// gives the table's page (DDI 0487 D8.6; IHI 0070 5.2, STE.S2PTW).
  Attributes memory;
  Stage stage = Stage::stage1;  ///< the stage whose descriptor this is
  std::int8_t level = 0;        ///< the level of that descriptor
  std::uint64_t address = 0;
  std::uint64_t expected = 0;  ///< compare_and_swap: swap only if memory holds this
  std::uint64_t desired = 0;   ///< compare_and_swap and write: the value to store
};

enum class MemoryStatus : std::uint8_t {
  ok,
  external_abort,      ///< bus error: nothing there, or it refused
  unsupported_atomic,  ///< compare_and_swap only: the memory cannot do it
};

struct MemoryResponse {
  MemoryStatus status = MemoryStatus::ok;
  /// read: the value. compare_and_swap: the value before (equal to `expected` if the swap was made).
  std::uint64_t data = 0;
};

/// What a resumable object answers to step(): a walk, and whatever else asks memory as one does.
enum class Step : std::uint8_t {
  done,  ///< finished: of a walk, result() holds the answer
  need,  ///< op() has to be carried out and answered by complete()
  // A Walk answers neither of:
  stalled,  ///< waits for something that is not memory; step() again later
  waits,    ///< waits for the walk of another, which gets on without it; step() again when that has ended
};

}  // namespace smmuvp::pgtable
