// One transaction on its way through the SMMU (IHI 0070 chapter 15).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "smmuvp/pgtable/walk.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/v3/events.h"
#include "smmuvp/v3/smmu.h"

namespace smmuvp::v3 {

/// Looks up configuration and translation, or faults. Counts as under way from construction to destruction.
///
///     Access access(smmu, request);
///     while (access.step() == Step::need) access.complete(memory(access.op()));
///     use(access.answer());
class Access {
 public:
  Access(Smmu& smmu, const smmu::AccessRequest& request);
  ~Access();
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;

  /// Goes on until memory is needed or the access is over. Without a complete() in between it repeats its
  /// answer.
  smmu::Step step();
  /// The operation to carry out; meaningful after step() answered `need`.
  const smmu::MemoryOp& op() const { return m_op; }
  /// Answers op(). Ignored when none is waiting.
  void complete(const smmu::MemoryAnswer& answer);
  /// Meaningful after step() answered `done`.
  const smmu::AccessAnswer& answer() const { return m_answer; }
  /// The event that the access caused, recorded or not; CD.R suppresses recording only.
  const std::optional<Event>& event() const { return m_event; }

 private:
  enum class State : std::uint8_t { start, level1, ste, cd, walk, done };

  void start();
  void find_ste();
  void got_level1();
  void got_ste();
  void fetch_ste(std::uint64_t address);
  void use_ste();
  void got_cd();
  void use_cd();
  void translate();
  void walk();
  void walked(const pgtable::Result& result);
  void bypass(const Overrides& overrides);
  void finish(std::uint64_t output, std::uint8_t region_shift, const smmu::MemoryAttributes& attributes);
  void terminate(bool razwi = false);
  void fail(Event event);
  void fail_fetch(EventType type, std::uint64_t address);
  void permission_fault(pgtable::Rights rights);
  void translation_fault(const pgtable::Fault& fault);
  Event event_of(EventType type) const;
  void need(smmu::MemoryPurpose purpose, std::uint64_t address, std::uint8_t size,
            const smmu::MemoryAttributes& attributes);
  void take_time(smmu::Calendar& calendar);
  bool overtaken() const { return m_epoch != m_smmu.m_epoch; }
  bool counts() const { return !m_request.debug; }
  smmu::TlbContext tlb_context() const;

  Smmu& m_smmu;
  smmu::AccessRequest m_request;
  smmu::FlightToken m_token;
  std::uint64_t m_epoch;
  std::uint64_t m_reset_count;
  State m_state = State::start;
  bool m_waiting = false;
  smmu::TimePs m_time;
  smmu::TimePs m_walk_begin = 0;
  smmu::MemoryOp m_op;
  smmu::MemoryAnswer m_memory;
  smmu::AccessAnswer m_answer;
  std::optional<Event> m_event;

  StreamTable m_table;  // as it was when the access began: SMMUEN guards it
  Ste m_ste;
  Cd m_cd;
  bool m_privileged = false;   // after the overrides of the STE
  bool m_instruction = false;  // likewise
  bool m_bypassed = false;
  bool m_walk_started = false;
  std::optional<pgtable::Walk> m_walk;
};

/// pgtable's view of an access.
pgtable::AccessType access_type(smmu::AccessKind kind, bool instruction);
/// An access's kind in traces: "read", "write", "atomic" or "execute".
std::string_view kind_name(smmu::AccessKind kind, bool instruction);

}  // namespace smmuvp::v3
