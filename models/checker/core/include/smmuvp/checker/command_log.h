// Which invalidations software has asked for, and what of a change they reach.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "smmuvp/checker/rules.h"
#include "smmuvp/smmuv3/commands.h"

namespace smmuvp::checker {

/// When something happened, among all that the checker is told.
using Sequence = std::uint64_t;

enum class Regime : std::uint8_t { EL1, EL2 };

/// By what entries of a TLB are told apart, and configuration of streams.
struct Context {
  std::uint32_t stream_id = 0;
  std::optional<std::uint32_t> substream_id;
  Regime regime = Regime::EL1;
  bool e2h = false;  ///< EL2 with ASIDs
  std::uint16_t vmid = 0;
  std::uint16_t asid = 0;

  friend bool operator==(const Context& a, const Context& b) {
    return a.stream_id == b.stream_id && a.substream_id == b.substream_id && a.regime == b.regime &&
           a.e2h == b.e2h && a.vmid == b.vmid && a.asid == b.asid;
  }
};

/// What a TLB invalidation has to reach after a descriptor has changed.
struct TranslationChange {
  Context context;
  unsigned stage = 1;
  unsigned level = 3;
  unsigned granule = 12;    ///< log2
  std::uint64_t input = 0;  ///< first address that the descriptor is about
  unsigned shift = 12;      ///< log2 of how much it is about
  bool table = false;       ///< the descriptor led to a table
  bool global = false;      ///< nG was 0
};

/// What a configuration invalidation has to reach.
struct ConfigurationChange {
  Context context;
  bool of_cd = false;     ///< a CD or L1CD; else an STE or L1STD
  bool of_table = false;  ///< an L1STD or L1CD
};

/// What software has done about a change.
struct Answer {
  enum class Kind : std::uint8_t {
    nothing,
    near,      ///< an invalidation that `rule` says what is wrong with
    unsynced,  ///< one that reaches it, and no CMD_SYNC behind it
    syncing,   ///< one that reaches it, and a CMD_SYNC that is not complete
    done,
  } kind = Kind::nothing;
  RuleId rule{};
  smmuv3::Command command;  ///< which, but for `nothing`
};

class CommandLog {
 public:
  explicit CommandLog(const smmuv3::Features& features) : m_features(features) {}

  void executed(const smmuv3::Command& command, unsigned queue, Sequence now);
  /// The last CMD_SYNC of a queue is complete.
  void synchronised(unsigned queue, Sequence now);

  Answer about(const TranslationChange& change, Sequence since) const;
  Answer about(const ConfigurationChange& change, Sequence since) const;
  /// Whether an invalidation of configuration that was executed after `since` is complete: software has gone
  /// through a change of something.
  bool any_configuration(Sequence since) const;
  /// Invalidations that no CMD_SYNC follows.
  std::optional<smmuv3::Command> unsynchronised() const;

 private:
  struct Entry {
    smmuv3::Command command;
    unsigned queue = 0;
    Sequence at = 0;
    Sequence sync_at = 0;    // when a CMD_SYNC behind it was executed; 0: none was
    Sequence synced_at = 0;  // when that was complete
  };
  template <class Match>
  Answer judge(Sequence since, Match match) const;

  static constexpr std::size_t most = 8192;

  smmuv3::Features m_features;
  std::deque<Entry> m_entries;
  Sequence m_forgotten = 0;  // entries up to this one are no longer known
};

}  // namespace smmuvp::checker
