// The configuration of a stream: its STE and CD, from caches or memory (IHI 0070 3.3, 15).
#pragma once

#include <cstdint>
#include <optional>

#include "smmuvp/smmu/memory_op.h"
#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmuv3/events.h"
#include "smmuvp/smmuv3/parts.h"
#include "smmuvp/smmuv3/ste.h"

namespace smmuvp::smmuv3 {

class ProgrammingInterface;

struct ConfigRequest {
  std::uint32_t stream_id = 0;
  std::uint32_t substream_id = 0;
  bool substream_valid = false;
  bool debug = false;  ///< no statistics, no time, no cache changes
  smmu::TimePs time = 0;
};

/// Why there is no configuration.
struct ConfigFault {
  EventType type = EventType::C_BAD_STE;
  std::uint64_t FetchAddr = 0;           ///< F_STE_FETCH, F_CD_FETCH
  std::optional<pgtable::Fault> stage2;  ///< of stage 2, on the address of a CD: then that is the reason
};

/// Looks up a stream's configuration, and fetches what caches do not have. Every access begins so; commands
/// that prefetch, and address translation operations, can do it by themselves.
class ConfigFetch {
 public:
  /// The Stream table is used as it is now: SMMUEN guards it.
  ConfigFetch(const Parts& parts, const ProgrammingInterface& interface, const ConfigRequest& request);

  /// Goes on until memory is needed or the configuration is known: `need` or `done`.
  smmu::Step step();
  const smmu::MemoryOp& op() const { return m_translation ? m_translation->op() : m_op; }
  void complete(const smmu::MemoryAnswer& answer);

  // Meaningful after step() answered `done`:
  const std::optional<ConfigFault>& fault() const { return m_fault; }
  /// Valid where there is no fault, or one of stage 2.
  const Ste& ste() const { return m_ste; }
  /// Valid where there is no fault, and the STE enables stage 1.
  const Cd& cd() const { return m_cd; }
  smmu::TimePs time() const { return m_time; }

  /// Saves it wherever it is, or restores it over any other of the same Parts. After the engine's.
  void visit(Archive& archive);

 private:
  enum class State : std::uint8_t { start, level1, ste, cd_address, cd, done };

  void find_ste();
  void tell_impossible_stream_id();
  void got_level1();
  void got_ste();
  void fetch_ste(std::uint64_t address);
  void use_ste();
  void translate_cd_address();
  void got_cd_address();
  void fetch_cd(std::uint64_t address, const pgtable::Attributes& attributes);
  void got_cd();
  void use_cd();
  void need(const char* what, std::uint64_t address, std::uint8_t size,
            const pgtable::Attributes& attributes);
  void fail(EventType type, std::uint64_t address = 0);
  void restored(Archive& archive);
  bool overtaken() const { return m_generation != m_parts.engine.generation(); }

  Parts m_parts;
  ConfigRequest m_request;
  StreamTable m_table;
  pgtable::Attributes m_table_attributes;
  std::uint64_t m_generation;
  State m_state = State::start;
  bool m_waiting = false;
  smmu::TimePs m_time;
  smmu::MemoryOp m_op;
  smmu::MemoryAnswer m_memory;
  Ste m_ste;
  Cd m_cd;
  std::optional<smmu::Translation> m_translation;  // of the CD's address, while that lasts
  std::optional<ConfigFault> m_fault;
};

}  // namespace smmuvp::smmuv3
