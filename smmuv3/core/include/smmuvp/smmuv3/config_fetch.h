// The configuration of a stream: its STE, CD and VMS, from caches or memory (IHI 0070 3.3, 5.6, 15).
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

/// What an address translation operation asks about: ATOS_ADDR.TYPE, and an access (IHI 0070 9.1.3).
enum class AtosType : std::uint8_t { none = 0, stage1 = 1, stage2 = 2, both = 3 };

struct ConfigRequest {
  std::uint32_t stream_id = 0;
  std::uint32_t substream_id = 0;
  bool substream_valid = false;
  bool debug = false;    ///< no statistics, no time, no cache changes
  bool foresee = false;  ///< as AccessRequest::foresee
  AtosType atos = AtosType::none;
  /// Of an operation by VATOS: the STE has to tag translations with this VMID, else it is a bad one (9.1.6).
  std::optional<std::uint16_t> vmid;
  smmu::AtsPhase ats = smmu::AtsPhase::none;  ///< of a Translated one a CD serves for MPAM only
  bool ATSCHK = false;                        ///< CR0.ATSCHK, with `ats`
  bool ste_alone = false;                     ///< no CD is looked for
  bool inhibit_updates = false;  ///< by stage 2, where it translates the address of an L1CD or CD
  bool of_access = false;        ///< of a client, for monitors
  bool speculative = false;      ///< nobody is told what is wrong with what it finds
  smmu::TimePs time = 0;
};

/// Why there is no configuration.
struct ConfigFault {
  EventType type = EventType::C_BAD_STE;
  std::uint64_t FetchAddr = 0;  ///< F_STE_FETCH, F_CD_FETCH, F_VMS_FETCH
  /// Of stage 2, on the address of an L1CD or CD: then that is the reason.
  std::optional<pgtable::Fault> stage2;
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
  /// The STE does not enable the stages that AtosType names: there is neither a fault nor a CD.
  bool lacks_stage() const { return m_lacks_stage; }
  /// Whether stage 1 translates. Else it bypasses, unless there is a fault, the STE aborts or lacks a stage,
  /// or AtosType::stage2 asks for none.
  bool stage1() const { return m_choice.kind == ContextChoice::Kind::cd; }
  /// Index of the CD. Valid where stage1().
  std::uint32_t cd_index() const { return m_choice.index; }
  /// What STE.EATS comes to for its request. 0: the request is refused, and no CD has been looked for.
  std::uint8_t ats() const { return m_ste.ats(m_request.ATSCHK); }
  /// Valid where there is no fault, and stage1().
  const Cd& cd() const { return m_cd; }
  /// What accesses of the stream, and those to its tables, are labelled with (IHI 0070 17.2, 17.4). Valid
  /// where there is no fault, and the STE does not abort.
  const smmu::MpamLabels& mpam() const { return m_mpam; }
  smmu::TimePs time() const { return m_time; }

  /// Saves it wherever it is, or restores it over any other of the same Parts. After the engine's.
  void visit(Archive& archive);

 private:
  enum class State : std::uint8_t { start, level1, ste, l1cd_address, l1cd, cd_address, cd, vms, done };

  void find_ste();
  void tell_impossible_stream_id();
  void got_level1();
  void got_ste();
  void fetch_ste(std::uint64_t address);
  void use_ste();
  void find_cd();
  void reach(State structure, std::uint64_t address);
  void got_address();
  void fetch_reached(State structure, std::uint64_t address, const pgtable::Attributes& attributes,
                     smmu::AddressSpace space);
  void got_l1cd();
  void got_cd();
  void use_cd();
  void find_vms();
  void got_vms();
  void use_vms(const Vms& vms);
  void tell_beyond(const char* structure, std::uint16_t PARTID, std::uint8_t PMG);
  void need(const char* what, std::uint64_t address, std::uint8_t size, const pgtable::Attributes& attributes,
            smmu::AddressSpace space, const smmu::MpamLabel& mpam);
  void fail(EventType type, std::uint64_t address = 0);
  void count_lookup(bool hit);
  void tell(smmu::MonitoredEvent event);
  void trace_read(unsigned words);
  void restored(Archive& archive);
  bool overtaken() const { return m_generation != m_parts.engine.generation(); }

  Parts m_parts;
  const ProgrammingInterface* m_interface;
  ConfigRequest m_request;
  bool m_secure;  // of which Security state the stream is
  StreamTable m_table;
  pgtable::Attributes m_table_attributes;
  Origin m_origin;
  smmu::AddressSpace m_space;  // of the Stream table
  std::uint8_t m_table_bits;   // log2 of the STEs of the linear table, or of the level 2 table
  std::uint64_t m_generation;
  State m_state = State::start;
  bool m_waiting = false;
  bool m_lacks_stage = false;
  bool m_missed = false;  // a lookup
  smmu::TimePs m_time;
  smmu::MemoryOp m_op;
  smmu::MemoryAnswer m_memory;
  Ste m_ste;
  ContextChoice m_choice;
  Cd m_cd;
  smmu::MpamLabels m_mpam;
  std::optional<smmu::Translation> m_translation;  // of an L1CD's or CD's address, while that lasts
  std::optional<ConfigFault> m_fault;
  std::optional<std::uint64_t> m_fetched;  // where the structure at hand was read, for diagnostics; not saved
};

}  // namespace smmuvp::smmuv3
