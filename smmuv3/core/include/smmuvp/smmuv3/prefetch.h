// CMD_PREFETCH_CONFIG and CMD_PREFETCH_ADDR: caches are filled before accesses come (IHI 0070 4.2).
#pragma once

#include <cstdint>

#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/lookup.h"

namespace smmuvp::smmuv3 {

/// Carries out one command at a time, after it is consumed: address by address, as a read that asks for no
/// right. What fails, fails silently.
class Prefetch : public Lookup {
 public:
  Prefetch(const Parts& parts, ProgrammingInterface& interface)
      : Lookup(parts, interface, "prefetch", "prefetch") {}

  /// Whether a command is a prefetch.
  static bool is_prefetch(const Command& command);
  /// A prefetch is being consumed. Not while another is running().
  void start(const Command& command, smmu::TimePs time);
  void reset() override;

 private:
  std::uint64_t translations() const;
  void begin() override;
  void configured(const Configuration& found) override;
  void translated(const smmu::Translation& translation) override;
  bool abandoned() const override;
  std::uint32_t stream_id() const override { return m_command.StreamID; }
  void visit_own(Archive& archive) override;
  bool sane() const override;

  Command m_command;
  std::uint64_t m_done = 0;  // so many addresses, of translations()
};

}  // namespace smmuvp::smmuv3
