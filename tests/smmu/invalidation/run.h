// What runs of schedules have in common, whichever SMMU they run on: accesses in slots, and what is said of
// their answers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "history.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/access_object.h"
#include "smmuvp/smmu/in_flight.h"
#include "translations.h"

namespace smmuvp::smmu::invalidation {

/// What answers were, over any number of schedules.
struct Tallies {
  std::uint64_t schedules = 0;
  std::uint64_t operations = 0;
  std::uint64_t answers_new = 0;  ///< outputs as memory has them at the end
  std::uint64_t answers_old = 0;  ///< other outputs that are allowed
  std::uint64_t faults = 0;
  std::uint64_t hits = 0;           ///< of the TLB
  std::uint64_t hits_required = 0;  ///< that nothing had named
  std::uint64_t merged = 0;         ///< accesses that went by the walk of another
  std::uint64_t syncs_waited = 0;   ///< synchronisations that an access kept from completing
  std::uint64_t peak = 0;           ///< accesses under way at the same time
};

struct Disagreement {
  std::size_t operation = 0;  ///< index; the number of operations: while all was brought to its end
  std::string what;
  std::string clause;
};

/// A slot for one access after the other.
template <class Object>
struct SlotOf {
  bool used = false;
  bool fast = false;  ///< answered without an object, and still on its way downstream
  FlightToken token;
  std::unique_ptr<Object> object;
  Step step = Step::done;
  AccessAnswer answer;  ///< of `fast`
  AccessId id;
  Tick begin = 0;
  bool overtaken = false;  ///< by an invalidation
  bool waited = false;     ///< for the walk of another, until just now

  const AccessAnswer& result() const { return fast ? answer : object->answer(); }
};

class RunBase {
 protected:
  /// @param text  an answer in the SMMU's words
  RunBase(Tallies& tallies, std::vector<std::string>* log, std::string (*text)(const Answer&))
      : m_counts(tallies), m_log(log), m_text(text) {}

  template <class Text>
  void say(Text text) {
    if (m_log != nullptr) m_log->push_back(text());
  }
  void disagree(const std::string& what, const char* clause) {
    if (!m_disagreement) m_disagreement = Disagreement{m_at, what, clause};
  }

  template <class Slots>
  void count_open(const Slots& slots) {
    const auto open = std::count_if(slots.begin(), slots.end(), [](const auto& s) { return s.used; });
    m_counts.peak = std::max(m_counts.peak, static_cast<std::uint64_t>(open));
  }
  /// Caches know the whole translation of an access that has just begun.
  template <class Slot>
  void expect_hit(const Slot& slot, const char* clause) {
    ++m_counts.hits_required;
    if (!slot.fast && slot.step == Step::done && !slot.object->answer().tlb_hit) {
      disagree("it is no hit", clause);
    }
  }
  /// Goes on with an access until it is done. @param step  of one slot
  template <class Slots, class Slot, class Go>
  void finish(Slots& slots, Slot& slot, Go go) {
    while (!slot.fast && slot.step != Step::done) {
      // What it waits for is in another slot, and goes on.
      const bool waits = slot.step == Step::waits;
      for (Slot& s : slots) {
        if (waits && &s != &slot && s.step == Step::need) go(s);
      }
      go(slot);
      ++m_now;
    }
  }
  /// Counts an answer. @param allowed  gives all that may be answered, asked where it is not the current one
  template <class Allowed>
  void judge(const AccessId& id, const Answer& given, bool hit, const Answer& current, Allowed allowed,
             const char* clause) {
    const std::string stream = "stream " + std::to_string(id.sid);
    say([&] {
      return "  " + stream + ", " + hex(id.address) + ": " + m_text(given) + (hit ? ", a hit" : "");
    });
    m_counts.hits += hit ? 1 : 0;
    ++(!given.forward ? m_counts.faults : given == current ? m_counts.answers_new : m_counts.answers_old);
    if (given == current) return;
    const std::vector<Answer> all = allowed();
    if (std::find(all.begin(), all.end(), given) != all.end()) return;
    std::string what =
        stream + ", address " + hex(id.address) + " ends with " + m_text(given) + "; allowed: ";
    for (const Answer& a : all) what += m_text(a) + "; ";
    disagree(what + "now: " + m_text(current), clause);
  }

  Tallies& m_counts;
  std::vector<std::string>* m_log;
  std::string (*m_text)(const Answer&);
  Tick m_now = 0;
  std::size_t m_at = 0;
  std::optional<Disagreement> m_disagreement;
};

/// What happens in a schedule, a line each, and what is wrong with it.
inline std::string text_of(const std::vector<std::string>& log, const std::optional<Disagreement>& d) {
  std::string text;
  for (const std::string& line : log) text += "  " + line + "\n";
  if (d) text += d->what + "\n" + d->clause + "\n";
  return text;
}

}  // namespace smmuvp::smmu::invalidation
