// Accesses that wait for CMD_RESUME or CMD_STALL_TERM, and the records that tell software of them (IHI 0070
// 3.12.2, 4.7.1, 4.7.2, 7.2.1).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/adversity.h"
#include "smmuvp/smmu/stall_table.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

/// How a stalled access goes on, and when. Outside the class that has one as an optional: inside, clang takes
/// it for something that cannot be made without arguments.
struct StallOutcome {
  smmu::StallAnswer what = smmu::StallAnswer::abort;
  smmu::TimePs time = 0;
};

/// An access that stalls enters, asks answer() until there is one, and goes on by it. At most IDR5.STALL_MAX
/// of them have a STAG; others wait for one, unrecorded, in the order in which they stalled.
///
/// Records of stalled accesses are never discarded (7.2.1): they wait here, by time, until the Event queue is
/// writable. One that an invalidation has overtaken meanwhile is not written any more; its access is
/// translated afresh, as it must be after a CMD_SYNC and may be before (4.7.3).
class Stalls {
 public:
  /// Stands for one stalled access. Never 0, never given out twice.
  using Id = std::uint64_t;
  using Answer = StallOutcome;

  explicit Stalls(const Parts& parts);
  /// STAGs are some of the pool's from now on, and so are those of `other` (6.3.6). Both outlive it.
  void share(smmu::StallPool& pool, Stalls& other) {
    m_table.share(pool);
    m_other = &other;
  }

  // ---- accesses

  /// @param event       what is recorded of it, but for STAG; its time is that of the fault
  /// @param generation  Engine::generation() under which the access was translated
  Id enter(const Event& event, std::uint64_t generation);
  /// How the access goes on, once; nothing while it has to wait.
  std::optional<Answer> answer(Id id);
  /// The access has gone without an answer. Unknown ones are ignored: a reset forgets all.
  void forget(Id id);
  /// Whether accesses have answers that they have not asked for yet.
  bool has_answers() const { return m_answers != 0; }
  /// Of an access that waits with one.
  std::optional<std::uint16_t> stag(Id id) const {
    const auto at = m_entries.find(id);
    if (at == m_entries.end() || !at->second.tagged) return std::nullopt;
    return at->second.event.STAG;
  }
  bool known(Id id) const { return m_entries.count(id) != 0; }

  // ---- commands

  /// @return whether such an access waits, with its record visible; else nothing has happened (4.7.1).
  bool resume(std::uint32_t StreamID, std::uint16_t STAG, smmu::StallAnswer answer, smmu::TimePs now);
  /// All of a stream that wait now, recorded or not, are aborted (4.7.2). @return how many
  std::size_t terminate(std::uint32_t StreamID, smmu::TimePs now);
  /// Of all streams (6.3.9.6).
  std::size_t terminate_all(smmu::TimePs now);

  // ---- the Event queue

  /// The first record that waits; nullptr if none does.
  const Event* first_record() const;
  /// Numbers events of all kinds as they come.
  std::uint64_t next_order() { return m_order++; }
  /// The first record, to be written at `now`, STAG included; recorded() tells the end. Nothing: what waited
  /// until now was overtaken, and its accesses are retried.
  std::optional<Event> take_record(smmu::TimePs now);
  /// The record that was taken last is visible, or has been lost (7.2.2).
  void recorded(bool visible);

  /// Accesses that wait with a STAG.
  std::size_t size() const { return m_table.size(); }
  /// Calls visit(Event, visible) for each access that waits, those with a STAG in its order first.
  template <class Visitor>
  void for_each(Visitor visit) const {
    for (const auto& [id, e] : m_entries) {
      if (!e.answer && !e.gone) visit(e.event, e.visible);
    }
  }

  void reset();
  /// As new: Ids are given out again, so nobody must hold one.
  void renew() {
    reset();
    m_next = 1;
    m_order = 0;
  }
  void visit(Archive& archive);

 private:
  using Tag = std::uint32_t;
  struct Entry {
    Event event;
    std::uint64_t generation = 0;
    bool tagged = false;   // event.STAG counts
    bool visible = false;  // software can have read the record
    bool gone = false;     // the access has been forgotten, and waits for a tag no more
    std::optional<Answer> answer;
  };
  struct Name {  // what the table keeps of an access
    Id id = 0;
    void visit(Archive& archive) { archive.value("id", id); }
  };

  void admit(smmu::TimePs now);
  void admitted(Tag tag, smmu::TimePs now);
  void collect(smmu::TimePs now);
  bool sane() const;

  Parts m_parts;
  smmu::StallTable<Name> m_table;
  Stalls* m_other = nullptr;  // of the other Security state, if there is one
  std::map<Id, Entry> m_entries;
  std::deque<Id> m_records;  // by time; waiting to be written
  smmu::Delays m_delays;
  Id m_next = 1;
  std::uint64_t m_order = 0;
  std::size_t m_answers = 0;  // entries with an answer
  Id m_taken = 0;             // whose record is being written
};

}  // namespace smmuvp::smmuv3
