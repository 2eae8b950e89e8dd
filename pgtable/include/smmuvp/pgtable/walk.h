// A translation-table walk as an object that can wait at each memory operation.
#pragma once

#include <cstdint>
#include <type_traits>

#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/result.h"
#include "smmuvp/pgtable/setup.h"

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

/// What Walk::step() found.
enum class Step : std::uint8_t {
  done,  ///< result() holds the answer
  need,  ///< op() has to be carried out and answered by complete()
};

/// One walk. Fixed size, no allocation, no recursion, no throw; copies are independent walks. For any Config
/// and any memory it ends after at most DescriptorTrace::capacity reads and max_operations operations.
///
///     Walk walk(config, request);
///     while (walk.step() == Step::need) walk.complete(access(walk.op()));
///     use(walk.result());
///
/// A descriptor that changes between its read and its hardware update is looked at afresh, as often as
/// max_retries in one walk; then the walk ends with FaultKind::unsupported_atomic.
class Walk {
 public:
  static constexpr unsigned max_retries = 15;
  static constexpr unsigned max_operations =
      DescriptorTrace::capacity + DescriptorUpdates::capacity + max_retries;

  /// Takes over from `setup` what it needs: it may go away.
  Walk(const WalkSetup& setup, const WalkRequest& request);
  /// As Walk(WalkSetup(config), request).
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
  /// The IPA that stage 2 is translating. Meaningful while op() is of stage 2.
  std::uint64_t stage2_input() const { return m_ipa; }

  /// Saves or restores the walk, a waiting one included; defined in walk_visit.h. A walk is restored over any
  /// other.
  template <class Archive>
  void visit(Archive& archive);

 private:
  enum class Phase : std::uint8_t { stage1_read, stage1_update, stage2_read, stage2_update };
  // What stage 2 translates
  enum class Stage2Use : std::uint8_t { input, table_read, table_update };

  void start(const WalkSetup& setup);
  void start_long(const WalkSetup& setup);
  void start_v7s(const WalkSetup& setup);

  // Stage 1: a descriptor's address, its value, the value's meaning
  void need_stage1(std::uint64_t address);
  void read_stage1(std::uint64_t address);
  void take_stage1(std::uint64_t descriptor);
  void take_stage1_table(std::uint64_t descriptor);
  void take_stage1_leaf(std::uint64_t descriptor);
  void take_v7s(std::uint32_t descriptor);
  void need_stage1_update(std::uint64_t descriptor, std::uint64_t desired);
  void finish_stage1();

  // Stage 2, for the input or for the address of a stage 1 descriptor
  void start_stage2(std::uint64_t ipa, Stage2Use use);
  void need_stage2(unsigned index_bits);
  void take_stage2(std::uint64_t descriptor);
  void take_stage2_leaf(std::uint64_t descriptor);
  void finish_stage2(std::uint64_t descriptor, Rights rights, std::uint64_t output);

  void compare_and_swap(Phase phase, std::uint64_t address, std::uint64_t expected, std::uint64_t desired);
  void take_update(std::uint64_t before);
  void take_abort(MemoryStatus status);
  void end_with(Stage stage, FaultKind kind, int level);
  bool is_consistent() const;

  WalkRequest m_request;
  bool m_done = false;
  bool m_asked = false;  // step() has answered `need` for m_op
  Phase m_phase = Phase::stage1_read;
  Stages m_stages = Stages::stage1;

  // What is needed of the Config; of stage 1, the chosen range's
  detail::Lookup m_stage1;
  detail::Lookup m_stage2;
  bool m_unprivileged = true;
  bool m_wxn = false;
  bool m_uwxn = false;
  bool m_pan = false;
  AddressSpace m_space = AddressSpace::non_secure;
  std::uint64_t m_mair = 0;
  V7sConfig m_v7s;

  // Where stage 1 is
  std::int8_t m_level = 0;               // of the descriptor at hand
  std::uint8_t m_table_permissions = 0;  // descriptor bits [62:59] of all tables so far, ORed
  AddressSpace m_table_space = AddressSpace::non_secure;
  std::uint32_t m_v7s_table = 0;        // v7s: the level 1 descriptor that a level 2 table was found by
  Attributes m_table_memory;            // of accesses to stage 1 tables
  std::uint64_t m_table = 0;            // address of the table at hand
  std::uint64_t m_descriptor_ipa = 0;   // nested: address of the descriptor at hand
  std::uint64_t m_update_expected = 0;  // nested: the update that waits for stage 2
  std::uint64_t m_update_desired = 0;
  bool m_update_translated = false;  // nested: stage 2 has let m_op.address be written

  // Where stage 2 is
  Stage2Use m_use = Stage2Use::input;
  std::int8_t m_stage2_level = 0;
  std::uint64_t m_ipa = 0;
  std::uint64_t m_stage2_table = 0;

  std::uint8_t m_retries = 0;
  MemoryOp m_op;
  Result m_result;
};

/// Runs a whole walk on `memory`, called as MemoryResponse(const MemoryOp&). `setup` is a WalkSetup or a
/// Config.
template <class Setup, class Memory>
Result walk(const Setup& setup, const WalkRequest& request, Memory&& memory) {
  static_assert(std::is_invocable_r_v<MemoryResponse, Memory&, const MemoryOp&>);
  Walk w(setup, request);
  while (w.step() == Step::need) w.complete(memory(w.op()));
  return w.result();
}

}  // namespace smmuvp::pgtable
