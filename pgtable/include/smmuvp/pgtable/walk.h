// A translation-table walk as an object that can wait at each memory operation.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include "smmuvp/pgtable/access.h"
#include "smmuvp/pgtable/config.h"
#include "smmuvp/pgtable/memory_op.h"
#include "smmuvp/pgtable/result.h"
#include "smmuvp/pgtable/setup.h"
#include "smmuvp/pgtable/walk_question.h"

namespace smmuvp::pgtable {

/// One walk. Fixed size, no allocation, no recursion, no throw; copies are independent walks. For any Config
/// and any memory it ends after at most DescriptorTrace::capacity reads and max_operations operations.
///
///     Walk walk(config, request);
///     while (walk.step() == Step::need) walk.complete(access(walk.op()));
///     use(walk.result());
///
/// Whoever has caches answers questions before each step, and keeps what each step found:
///
///     for (;;) {
///       while (const auto question = walk.question()) {
///         if (!answer(walk, *question)) walk.start_at_base();  // answer: calls use() or start_at()
///       }
///       if (walk.step() == Step::done) break;
///       walk.complete(access(walk.op()));
///       if (const auto table = walk.found_table()) keep(*table);
///       if (const auto translation = walk.found_stage2()) keep(*translation);
///     }
///
/// What is found belongs to the input, and in nested walks the IPA, that was asked for last: see question()
/// and stage2_input(). A question can be pending at once after complete(): what was found stays until it is
/// answered.
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

  /// Goes on until memory is needed or the walk is over, from the first table where a question is pending.
  /// Without a complete() in between it repeats its answer.
  Step step() {
    if (m_state == State::done) return Step::done;
    if (m_state != State::memory) return step_from_base();
    m_asked = true;
    return Step::need;
  }
  /// The operation to carry out. Meaningful after step() answered `need`.
  const MemoryOp& op() const { return m_op; }
  /// Answers op(). Ignored unless step() has asked for it.
  void complete(const MemoryResponse& response);
  /// The answer. Meaningful after step() answered `done`.
  const Result& result() const { return m_result; }

  /// The lookup that is about to begin, if one is: of stage 1 once, where the input address can be looked up
  /// at all; of stage 2 for each IPA inside its input range.
  std::optional<WalkQuestion> question() const;
  /// Answers the question: the lookup begins at `table`. False, and the question stays pending, where none is
  /// pending or `table` cannot be of such a lookup: it is of the other stage, or holds what no walk finds.
  bool start_at(const TablePointer& table);
  /// Answers a question of stage 2: its walk would end as `translation` says. False, and the question stays
  /// pending, where none is pending, `translation` holds what no walk finds, or a fault or an update of the
  /// descriptor is due: then stage 2 has to be walked, so that its fault is the walker's.
  bool use(const Stage2Translation& translation);
  /// Answers the question, if one is pending: nothing is known, the lookup begins at the first table.
  void start_at_base();

  /// The table that the last complete() found and caches may keep, until the next answer or complete().
  /// Nested: no table of stage 1 after a page without its Access flag, which a walk with side effects has to
  /// set.
  std::optional<TablePointer> found_table() const;
  /// The stage 2 translation that the last complete() finished, likewise. None whose Access flag is still to
  /// be set (a walk without side effects has gone on without).
  std::optional<Stage2Translation> found_stage2() const;

  const WalkRequest& request() const { return m_request; }
  /// Of the descriptors of a stage that the walk goes through.
  Format format(Stage stage) const { return stage == Stage::stage1 ? m_stage1.format : ipa_tables().format; }
  /// The IPA that stage 2 is, or was last, translating.
  std::uint64_t stage2_input() const { return m_ipa; }
  /// The space of that IPA.
  AddressSpace stage2_space() const { return m_ipa_space; }

  /// Saves or restores the walk, a waiting one included; defined in walk_visit.h. A walk is restored over any
  /// other.
  template <class Archive>
  void visit(Archive& archive);

 private:
  enum class Phase : std::uint8_t { stage1_read, stage1_update, stage2_read, stage2_update };
  // What the walk waits for: memory, an answer to a question of a stage, nothing any more
  enum class State : std::uint8_t { memory, stage1_question, stage2_question, done };
  enum class Found : std::uint8_t { nothing, stage1_table, stage2_table, stage2 };

  void start(const WalkSetup& setup);
  void start_long(const WalkSetup& setup);
  void start_v7s(const WalkSetup& setup);

  Step step_from_base();
  bool asks() const { return m_state == State::stage1_question || m_state == State::stage2_question; }

  // Stage 1: a descriptor's address, its value, the value's meaning
  inline void prepare_stage1_op(Attributes memory);
  void need_stage1(std::uint64_t address);
  // Of the accesses to the stage 1 table at hand: of its IPA, or of what stage 2 has made of that
  AddressSpace descriptor_space() const {
    return m_stages == Stages::nested ? m_table_output_space : m_table_space;
  }
  void read_stage1(std::uint64_t address);
  inline void read_next_stage1(std::uint64_t address);
  void take_stage1(std::uint64_t descriptor);
  void take_stage1_table(std::uint64_t descriptor);
  void take_stage1_leaf(std::uint64_t descriptor);
  void take_v7s(std::uint32_t descriptor);
  void need_stage1_update(std::uint64_t descriptor, std::uint64_t desired);
  void finish_stage1();

  // Stage 2, for the input or for the address of a stage 1 descriptor
  void start_stage2(std::uint64_t ipa, AddressSpace space, LookupUse use);
  const detail::Lookup& ipa_tables() const {
    return m_ipa_space == AddressSpace::secure ? m_secure_stage2 : m_stage2;
  }
  void need_stage2(unsigned index_bits);
  inline void need_next_stage2(unsigned index_bits);
  void take_stage2(std::uint64_t descriptor);
  void take_stage2_leaf(std::uint64_t descriptor);
  // What the IPA at hand is looked up for, as PTW sees it.
  LookupUse table_use() const {
    return m_request.table && m_stages == Stages::stage2 ? LookupUse::table_read : m_use;
  }
  bool is_possible(const TablePointer& table) const;
  bool is_possible(const Stage2Translation& translation) const;
  void finish_stage2(std::uint64_t descriptor, Rights rights, std::uint64_t output);

  void compare_and_swap(Phase phase, std::uint64_t address, std::uint64_t expected, std::uint64_t desired);
  void take_update(std::uint64_t before);
  void take_abort(MemoryStatus status);
  void end_with(Stage stage, FaultKind kind, int level);
  bool is_consistent() const;

  WalkRequest m_request;
  State m_state = State::memory;   // m_op is made when it is `memory`
  bool m_asked = false;            // step() has answered `need` for m_op
  Found m_found = Found::nothing;  // by the last complete(); what it is stands in the members below
  Phase m_phase = Phase::stage1_read;
  Stages m_stages = Stages::stage1;

  // What is needed of the Config; of stage 1, the chosen range's
  detail::Lookup m_stage1;
  detail::Lookup m_stage2;         // of Non-secure IPAs
  detail::Lookup m_secure_stage2;  // of Secure IPAs
  detail::Stage1Rules m_rules;
  V7sConfig m_v7s;

  // Where stage 1 is
  std::int8_t m_level = 0;               // of the descriptor at hand
  std::uint8_t m_table_permissions = 0;  // descriptor bits [62:59] of all tables so far, ORed
  AddressSpace m_table_space = AddressSpace::non_secure;
  std::uint32_t m_v7s_table = 0;  // v7s: the level 1 descriptor that a level 2 table was found by
  Attributes m_table_memory;      // nested: of accesses to the stage 1 table at hand
  AddressSpace m_table_output_space = AddressSpace::non_secure;  // nested: likewise
  std::uint64_t m_table = 0;                                     // address of the table at hand
  std::uint64_t m_descriptor_ipa = 0;                            // nested: address of the descriptor at hand
  std::uint64_t m_update_expected = 0;                           // nested: the update that waits for stage 2
  std::uint64_t m_update_desired = 0;
  bool m_update_translated = false;  // nested: stage 2 has let m_op.address be written

  // Where stage 2 is
  LookupUse m_use = LookupUse::input;
  std::int8_t m_stage2_level = 0;
  std::uint64_t m_ipa = 0;
  AddressSpace m_ipa_space = AddressSpace::non_secure;
  std::uint64_t m_stage2_table = 0;
  std::uint64_t m_stage2_leaf = 0;  // the last one that was read or known, and its rights
  Rights m_stage2_rights;
  bool m_unaccessed = false;  // a translation has gone on without setting the Access flag

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
