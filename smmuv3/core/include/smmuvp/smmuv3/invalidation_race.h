// The quirk nvidia_invalidation_race: an entry that traffic uses while it is invalidated may stay.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/base/archive.h"
#include "smmuvp/smmu/in_flight.h"
#include "smmuvp/smmuv3/commands.h"

namespace smmuvp::smmuv3 {

/// What the hardware does by chance happens each time here, so that each run finds a driver that does not
/// know of it: a CMD_CFGI_* or CMD_TLBI_* takes nothing if transactions have come since the last CMD_SYNC of
/// its queue was complete, unless it repeats one that was lost: one to eight CMD_SYNCs were complete since,
/// those of other threads of a driver among them.
class InvalidationRace {
 public:
  explicit InvalidationRace(smmu::InFlight& in_flight) : m_in_flight(in_flight) {}

  /// A command is about to be carried out. @return whether it takes nothing
  bool loses(const Command& command);
  /// A CMD_SYNC is complete.
  void synchronised();
  void reset();
  void visit(Archive& archive);

 private:
  struct Lost {
    std::array<std::uint64_t, 2> words{};
    std::uint8_t syncs = 0;  // that were complete after it
  };
  static constexpr std::uint8_t most_syncs = 8;
  // As many as two batches of a driver, and more. The oldest one is forgotten.
  static constexpr std::size_t most_lost = 256;

  smmu::InFlight& m_in_flight;
  // Of the last CMD_SYNC: another one says that there was traffic since. None: there was no CMD_SYNC.
  std::optional<smmu::InFlight::Barrier> m_quiet;
  bool m_traffic = false;  // since that
  std::vector<Lost> m_lost;
};

}  // namespace smmuvp::smmuv3
