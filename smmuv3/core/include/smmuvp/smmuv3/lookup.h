// What the SMMU looks up by itself, beside accesses: a configuration, then a translation by it.
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/config_fetch.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// A worker that goes by the configuration, tables and caches that accesses go by. Records no event, stalls
/// never, and counts as under way like an access until it ends: a CMD_SYNC waits for it (4.7.3).
class Lookup : public smmu::Worker {
 public:
  bool running() const { return m_state != State::idle; }

  std::optional<smmu::TimePs> due() const override;
  smmu::Step step(smmu::TimePs now) override;
  const smmu::MemoryOp& op() const override { return m_config ? m_config->op() : m_translation->op(); }
  bool waiting() const override { return m_waiting; }
  void complete(const smmu::MemoryAnswer& answer) override;

  virtual void reset();
  /// After Engine::visit(), and InFlight::abandon(). What is refused is as after reset().
  void visit(Archive& archive);

 protected:
  /// What ConfigFetch found.
  struct Configuration {
    Ste ste;
    std::optional<ConfigFault> fault;
    bool lacks_stage = false;
    bool stage1 = false;
    smmu::MpamLabels mpam;
    smmu::TranslationContext context;  // of the CD where stage 1 translates, else of the STE
  };

  /// @param section  its name in saved states
  /// @param what     what it is, for people
  Lookup(const Parts& parts, ProgrammingInterface& interface, const char* section, const char* what)
      : m_parts(parts), m_interface(interface), m_section(section), m_what(what) {}

  /// Something is to be looked up, not before `time`: begin() says what.
  void enter(smmu::TimePs time);

  // Each of these three ends begin(), configured() or translated().
  void look_up(ConfigRequest request);
  void translate(const smmu::TranslationContext& context, smmu::TranslationRequest request);
  void end();
  /// Likewise: there is something more to look up, from its configuration on.
  void again() { m_state = State::begin; }

  virtual void begin() = 0;
  virtual void configured(const Configuration& found) = 0;
  virtual void translated(const smmu::Translation& translation) = 0;
  virtual void finish() {}
  /// Whether what is under way is of no use any more.
  virtual bool abandoned() const { return false; }
  virtual std::uint32_t stream_id() const = 0;
  /// The interface whose streams it looks up.
  virtual ProgrammingInterface& stream_interface() const { return m_interface; }
  virtual void visit_own(Archive& archive) = 0;
  /// Whether what visit_own() has loaded can be.
  virtual bool sane() const = 0;

  smmu::TimePs time() const { return m_time; }

  Parts m_parts;
  ProgrammingInterface& m_interface;

 private:
  enum class State : std::uint8_t { idle, begin, config, translation, finish };

  bool consistent();

  const char* m_section;
  const char* m_what;
  State m_state = State::idle;
  bool m_waiting = false;
  smmu::TimePs m_time = 0;
  smmu::FlightToken m_token;
  std::uint64_t m_generation = 0;  // of what is being looked up
  smmu::MpamLabels m_mpam;         // of what configured() has been told; translate() follows at once
  std::optional<ConfigFetch> m_config;
  std::optional<smmu::Translation> m_translation;
};

}  // namespace smmuvp::smmuv3
