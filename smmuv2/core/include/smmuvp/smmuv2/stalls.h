// Accesses that wait for a write of SMMU_CBn_RESUME (IHI 0062 3.7.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/stall_table.h"
#include "smmuvp/smmuv2/parts.h"

namespace smmuvp::smmuv2 {

/// How a stalled access goes on, and when.
struct StallOutcome {
  smmu::StallAnswer what = smmu::StallAnswer::retry;
  smmu::TimePs time = 0;
};

/// Of each bank one access at most has its fault in the registers; others of the bank wait behind it, or,
/// with GSE, of any bank. RESUME names no access: it is about the one that is recorded, and all others are
/// looked at afresh.
class Stalls {
 public:
  /// Stands for one access. Never 0, never given out twice.
  using Id = std::uint64_t;

  explicit Stalls(const Parts& parts) : m_parts(parts) {}

  /// @param recorded  FSR.SS tells of it
  Id enter(unsigned bank, bool recorded);
  /// How the access goes on, once; nothing while it has to wait.
  std::optional<StallOutcome> answer(Id id);
  /// The access has gone without an answer. Unknown ones are ignored: a reset forgets all.
  void forget(Id id);
  bool known(Id id) const { return m_entries.count(id) != 0; }
  /// Whether accesses have answers that they have not asked for yet.
  bool has_answers() const { return m_answers != 0; }
  /// Whether this one has.
  bool has_answer(Id id) const {
    const auto at = m_entries.find(id);
    return at != m_entries.end() && at->second.answer.has_value();
  }
  /// Accesses that wait.
  std::size_t waiting() const { return m_entries.size() - m_answers; }

  /// RESUME of a bank.
  void resume(unsigned bank, smmu::StallAnswer recorded, smmu::TimePs now);

  /// Calls visit(bank, recorded) for each access that waits, in the order in which they came.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const auto& [id, e] : m_entries) {
      if (!e.answer) visit(e.bank, e.recorded);
    }
  }
  void reset();
  /// As new: Ids are given out again, so nobody must hold one.
  void renew() {
    reset();
    m_next = 1;
  }
  void visit(Archive& archive);

 private:
  struct Entry {
    std::uint32_t bank = 0;
    bool recorded = false;
    std::optional<StallOutcome> answer;
  };

  Parts m_parts;
  std::map<Id, Entry> m_entries;
  Id m_next = 1;
  std::size_t m_answers = 0;
};

}  // namespace smmuvp::smmuv2
