// Which invalidations software has asked for, and what of a change they reach.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "smmuvp/checker/finding.h"
#include "smmuvp/checker/invalidation.h"

namespace smmuvp::checker {

/// When something happened, among all that the checker is told.
using Sequence = std::uint64_t;

/// Who asked for something; one for all that was asked for at once.
using Issuer = std::shared_ptr<const Writer>;

/// What software has done about a change.
struct Answer {
  enum class Kind : std::uint8_t {
    nothing,
    near,      ///< an invalidation that `rule` says what is wrong with
    unsynced,  ///< one that reaches it, and no CMD_SYNC behind it
    syncing,   ///< one that reaches it, and a CMD_SYNC that software has not seen complete
    done,
  } kind = Kind::nothing;
  RuleId rule{};
  Invalidation invalidation;  ///< which, but for `nothing`
  Issuer issuer;
};

/// Of one SMMU. Each of its queues is synchronised by itself; an SMMUv2 has one a context bank, and one for
/// all that is global.
class CommandLog {
 public:
  void asked(Invalidation invalidation, unsigned queue, Sequence now, Issuer issuer);
  /// All of the queue until now is to be synchronised: a CMD_SYNC is executed, or TLBSYNC written.
  void sync(unsigned queue, Sequence now);
  /// Of all queues: TLBGSYNC.
  void sync_all(Sequence now);
  /// The last of those is complete. @param known  and software knows, by an interrupt for example
  void synchronised(unsigned queue, Sequence now, bool known);
  void synchronised_all(Sequence now);
  /// Software has looked which are complete.
  void looked(unsigned queue, Sequence now);
  /// The SMMU was reset: nothing is cached.
  void reset(Sequence now) { m_reset = now; }

  Answer about(const TranslationChange& change, Sequence since) const;
  Answer about(const ConfigurationChange& change, Sequence since) const;
  /// Whether all configuration, or all translations of EL1, were invalidated since the last reset, and
  /// software knows.
  bool all_configuration() const { return m_all_configuration > m_reset; }
  bool all_translations() const { return m_all_translations > m_reset; }
  /// Whether an invalidation of configuration that was executed after `since` is complete: software has gone
  /// through a change of something.
  bool any_configuration(Sequence since) const;
  /// Whether anything that was asked for after `since` is complete.
  bool any(Sequence since) const;
  /// An invalidation that no CMD_SYNC follows; the first.
  struct Unsynchronised {
    Invalidation invalidation;
    Issuer issuer;
  };
  std::optional<Unsynchronised> unsynchronised() const;

 private:
  struct Entry {
    Invalidation invalidation;
    unsigned queue = 0;
    Sequence at = 0;
    Issuer issuer;
    Sequence sync_at = 0;    // when it was to be synchronised; 0: never
    bool complete = false;   // that
    Sequence synced_at = 0;  // when software knew
  };
  void known(Entry& entry, Sequence now);
  template <class Change>
  Answer judge(Sequence since, const Change& change) const;

  static constexpr std::size_t most = 8192;

  std::deque<Entry> m_entries;
  Sequence m_forgotten = 0;  // entries up to this one are no longer known
  Sequence m_reset = 0;
  Sequence m_all_configuration = 0;
  Sequence m_all_translations = 0;
};

}  // namespace smmuvp::checker
