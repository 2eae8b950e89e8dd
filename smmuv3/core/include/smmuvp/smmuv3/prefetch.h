// CMD_PREFETCH_CONFIG and CMD_PREFETCH_ADDR: caches are filled before accesses come (IHI 0070 4.2).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/commands.h"
#include "smmuvp/smmuv3/config_fetch.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// Carries out one command at a time, after it is consumed: address by address, by the configuration and
/// tables that accesses go by, as a read that asks for no right. What fails, fails silently. Counts as under
/// way like an access until it ends: a CMD_SYNC waits for it (4.7.3).
class Prefetch : public smmu::Worker {
 public:
  Prefetch(const Parts& parts, ProgrammingInterface& interface) : m_parts(parts), m_interface(interface) {}

  /// Whether a command is a prefetch.
  static bool is_prefetch(const Command& command);
  /// A prefetch is being consumed. Not while another is running().
  void start(const Command& command, smmu::TimePs time);
  bool running() const { return m_state != State::idle; }

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_config ? m_config->op() : m_translation->op(); }
  bool waiting() const override { return m_waiting; }
  void complete(const smmu::MemoryAnswer& answer) override;

  void reset();
  /// After Engine::visit(), and InFlight::abandon().
  void visit(Archive& archive);

 private:
  enum class State : std::uint8_t { idle, next, config, translation };

  std::uint64_t translations() const;
  void begin();
  void configured();
  void translate(const smmu::TranslationContext& context);
  void finish();
  void restored(Archive& archive);

  Parts m_parts;
  ProgrammingInterface& m_interface;
  State m_state = State::idle;
  bool m_waiting = false;
  smmu::TimePs m_time = 0;
  smmu::FlightToken m_token;
  std::uint64_t m_generation = 0;  // of the address at hand
  Command m_command;
  std::uint64_t m_done = 0;  // so many addresses, of translations()
  std::optional<ConfigFetch> m_config;
  std::optional<smmu::Translation> m_translation;
};

}  // namespace smmuvp::smmuv3
