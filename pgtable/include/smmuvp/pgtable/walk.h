// A translation-table walk as an object that can wait at each memory operation.
#pragma once

#include <cstdint>
#include <type_traits>

#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/result.h"

namespace smmuvp::pgtable {

enum class MemoryOpKind : std::uint8_t { read, write, compare_and_swap };

/// A memory operation that a walk waits for. Addresses are physical, aligned to `size`; values are numbers:
/// the memory side applies `big_endian`.
struct MemoryOp {
  MemoryOpKind kind = MemoryOpKind::read;
  std::uint8_t size = 8;  ///< bytes: 8, or 4 with v7s
  bool big_endian = false;
  AddressSpace space = AddressSpace::non_secure;
  WalkAttributes attributes;
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

/// What Walk::step() found.
enum class Step : std::uint8_t {
  done,  ///< result() holds the answer
  need,  ///< op() has to be carried out and answered by complete()
};

/// One walk. Fixed size, no allocation, no recursion, no throw; copies are independent walks. For any Config
/// and any memory it ends after at most DescriptorTrace::capacity reads.
///
///     Walk walk(config, request);
///     while (walk.step() == Step::need) walk.complete(access(walk.op()));
///     use(walk.result());
class Walk {
 public:
  /// Takes over from `config` what it needs: later changes have no effect.
  Walk(const Config& config, const WalkRequest& request);

  /// Goes on until memory is needed or the walk is over. Without a complete() in between it repeats its
  /// answer.
  Step step() {
    if (m_done) return Step::done;
    m_asked = true;
    return Step::need;
  }
  /// The operation to carry out. Meaningful after step() answered `need`.
  const MemoryOp& op() const { return m_op; }
  /// Answers op(). Ignored unless step() has asked for it.
  void complete(const MemoryResponse& response);
  /// The answer. Meaningful after step() answered `done`.
  const Result& result() const { return m_result; }

  const WalkRequest& request() const { return m_request; }

  /// Saves or restores the walk, a waiting one included; defined in walk_visit.h. A walk is restored over any
  /// other.
  template <class Archive>
  void visit(Archive& archive);

 private:
  void start(const Config& config);
  void need_descriptor(unsigned index_bits);
  void take_table(std::uint64_t descriptor);
  void take_leaf(std::uint64_t descriptor);
  void end_with(FaultKind kind);
  bool is_consistent() const;

  WalkRequest m_request;
  bool m_done = false;
  bool m_asked = false;  // step() has answered `need` for m_op

  // What is needed of the Config and of the chosen range, once the first table is known
  bool m_hpd = false;
  bool m_wxn = false;
  bool m_pan = false;
  bool m_affd = false;
  std::uint8_t m_output_size = 0;
  std::uint8_t m_ia_bits = 0;
  AddressSpace m_space = AddressSpace::non_secure;
  std::uint64_t m_mair = 0;

  // Where the walk is
  std::int8_t m_level = 0;               // of the descriptor at hand
  std::uint8_t m_table_permissions = 0;  // descriptor bits [62:59] of all tables so far, ORed
  AddressSpace m_table_space = AddressSpace::non_secure;
  std::uint64_t m_table = 0;  // address of the table at hand
  MemoryOp m_op;
  Result m_result;
};

/// Runs a whole walk on `memory`, called as MemoryResponse(const MemoryOp&).
template <class Memory>
Result walk(const Config& config, const WalkRequest& request, Memory&& memory) {
  static_assert(std::is_invocable_r_v<MemoryResponse, Memory&, const MemoryOp&>);
  Walk w(config, request);
  while (w.step() == Step::need) w.complete(memory(w.op()));
  return w.result();
}

}  // namespace smmuvp::pgtable
