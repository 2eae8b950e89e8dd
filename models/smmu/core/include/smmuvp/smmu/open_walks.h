// Walks for the main TLB that are under way, for others that miss the same page.
#pragma once

#include <cstdint>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/pgtable/setup.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/cache_tag.h"

namespace smmuvp::smmu {

/// What a walk is of. Two of one name read the same descriptors, and fill the same entry.
struct WalkName {
  Tag tag;
  std::uint64_t page = 0;        ///< of the address that tags the entry, by 4 KiB
  std::uint64_t generation = 0;  ///< Engine::generation() when its configuration began to be read
};

/// An access that can wait and misses what another is walking for need not walk: it waits for that walk's end
/// and looks again. A walk keeps its place until it has ended and all who wait for it have seen that.
class OpenWalks {
 public:
  using Number = std::uint64_t;
  static constexpr Number none = 0;

  Number begin(const WalkName& name, const pgtable::WalkSetup& setup);
  /// The walk is over at `at`, whatever it found. Ignored for `none`, and after clear().
  void end(Number walk, TimePs at);
  /// Begins to wait for an open walk of that name and configuration. @return it, or `none`
  Number join(const WalkName& name, const pgtable::WalkSetup& setup);
  bool is_open(Number walk) const;
  /// Waits no longer. @return when the walk ended; 0 while it is open, or has gone with a clear()
  TimePs leave(Number walk);
  void clear() { m_walks.clear(); }
  /// Calls f(const WalkName&, accesses that wait for it) for each walk that is open, in the order in which
  /// they began.
  template <class F>
  void for_each(F f) const {
    for (const Walk& w : m_walks) {
      if (w.open) f(w.name, w.waiting);
    }
  }
  /// Saves or restores the numbers that it has given; a walk is saved by whoever makes it, or waits for it.
  void visit(Archive& archive);
  /// What an access has here, while it is saved.
  struct Saved {
    Number own = none;
    pgtable::WalkSetup setup;  ///< of the own one
    Number awaited = none;
    bool ended = false;  ///< the awaited one, at `end`
    TimePs end = 0;
    void visit(Archive& archive);
  };
  Saved saved(Number awaited, Number own) const;
  /// After visit(), in any order. What is awaited counts as ended unless whoever makes it is restored too.
  /// @return false: no such walks can have been
  bool restore(const Saved& saved, const WalkName& name);
  /// Whether a walk has ended, since the last call, that somebody waits for.
  bool take_awaited_end() {
    const bool ended = m_awaited_end;
    m_awaited_end = false;
    return ended;
  }

 private:
  struct Walk {
    Number number = none;
    WalkName name;
    pgtable::WalkSetup setup;
    std::uint32_t waiting = 0;
    bool open = true;
    TimePs end = 0;
  };
  std::vector<Walk>::iterator find(Number walk);
  Walk& find_or_make(Number walk);

  std::vector<Walk> m_walks;  // no more than accesses under way
  Number m_last = none;
  bool m_awaited_end = false;
};

}  // namespace smmuvp::smmu
