// Address translation operations: software asks what becomes of an address (IHI 0070 chapter 9).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmu/worker.h"
#include "smmuvp/smmuv3/config_fetch.h"
#include "smmuvp/smmuv3/parts.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

/// The registers SMMU_GATOS_*: one operation at a time, by the configuration and tables that accesses go by,
/// caches included. Records no event, stalls never, and counts as under way like an access: a CMD_SYNC waits
/// for it (4.7.3).
class Atos : public smmu::Worker {
 public:
  Atos(const Parts& parts, ProgrammingInterface& interface) : m_parts(parts), m_interface(interface) {}

  /// Software has set RUN. SID and ADDR are guarded by it until the answer is in PAR.
  void start(smmu::TimePs time);
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
  enum class State : std::uint8_t { idle, begin, config, translation, finish };

  AtosType type() const;
  std::uint64_t address() const;
  bool is_write() const;
  bool inhibits_updates() const;
  void begin();
  void configured();
  void translate(const smmu::TranslationContext& context);
  void translated();
  void fail(std::uint8_t FAULTCODE, unsigned REASON = 0, std::uint64_t FADDR = 0);
  void fail(const pgtable::Fault& fault, bool cd);
  void finish();
  void restored(Archive& archive);

  Parts m_parts;
  ProgrammingInterface& m_interface;
  State m_state = State::idle;
  bool m_waiting = false;
  smmu::TimePs m_time = 0;
  smmu::FlightToken m_token;
  std::uint64_t m_generation = 0;
  bool m_force_write_back = false;  // STE.S2FWB
  bool m_stage1 = false;            // it translates, and stage 2 perhaps
  std::uint64_t m_answer = 0;       // of State::finish
  std::optional<ConfigFetch> m_config;
  std::optional<smmu::Translation> m_translation;
};

}  // namespace smmuvp::smmuv3
