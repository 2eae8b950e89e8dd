// What an SMMU may do to drivers and does not have to: times that vary, effects that come late, translations
// that nobody has asked for (docs/adverse.md).
#pragma once

#include <cstdint>
#include <string_view>

#include "smmuvp/base/archive.h"
#include "smmuvp/base/random.h"
#include "smmuvp/smmu/access.h"

namespace smmuvp::smmu {

/// All 0: nothing of it. Times are the most that is drawn, in picoseconds.
struct Adversity {
  std::uint64_t seed = 0;
  TimePs command_delay = 0;         ///< before a command is executed
  std::uint32_t command_burst = 0;  ///< commands without such a delay before each with one, at most
  TimePs consumption_delay = 0;     ///< from a command's execution until software sees that it is consumed
  TimePs invalidation_delay = 0;  ///< from there until what it invalidates goes: at a synchronisation at last
  TimePs event_delay = 0;         ///< before the record of an event is written
  TimePs interrupt_delay = 0;     ///< before an interrupt leaves
  TimePs walk_delay = 0;          ///< of each access that the SMMU makes by itself
  std::uint32_t speculation = 0;  ///< translations that nobody has asked for after one that was, at most
};

/// Times drawn from 0 to the most: half of them below a sixteenth of it, an eighth of them anywhere.
class Delays {
 public:
  Delays() = default;
  /// @param name  whose they are: each has numbers of its own
  Delays(const Adversity& adversity, std::string_view name, TimePs most)
      : m_most(most), m_random(adversity.seed, name) {}

  bool any() const { return m_most != 0; }
  /// 0 where there are none, without drawing.
  TimePs draw() {
    if (m_most == 0) return 0;
    const std::uint64_t range = m_random.below(8);
    const TimePs most = range < 4 ? m_most >> 4U : range < 7 ? m_most >> 2U : m_most;
    return m_random.below(most + 1);
  }
  /// Saves nothing where there are none, so that states without are as they were.
  void visit(Archive& archive) {
    if (any()) m_random.visit(archive);
  }

 private:
  TimePs m_most = 0;
  Random m_random;
};

}  // namespace smmuvp::smmu
